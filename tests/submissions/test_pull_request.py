"""What a pull request may change, checked on real git repositories and through the command."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from submissions.checking import check_branch
from submissions.checks import LedgerFacts, check
from submissions.cli import app
from submissions.comment import as_markdown
from submissions.hub import HubAnswer, HubUnreachable, ModelFacts
from submissions.pull_request import Change, Earlier, GitError, Proposal, changes_in_git, commit_of, read_history
from submissions.request import MAX_REQUEST_BYTES, request_path
from submissions.request_file import request_bytes
from tests.requests import make_request

REQUEST = make_request()
PATH = f"submissions/{request_path(REQUEST)}"
OLD_RESULT = "submissions/results/acme__old/0123456789ab-float32-deescalwild-abcdef01.json"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def sound(request) -> HubAnswer:
    """A Hub that has every model."""
    facts = ModelFacts(request.model, request.revision, licence=request.licence, weights="full", has_chat_template=True)
    return HubAnswer(facts)


class Checkout:
    """A git repository with the project's ledger on ``main``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write(OLD_RESULT, b"{}\n")
        self.write("README.md", b"hello\n")
        self.commit()
        self.git("switch", "--quiet", "--create", "submit")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
        done = subprocess.run(
            ["git", "-C", self.root, *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, content: bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")

    def add(self, request=REQUEST) -> Path:
        return self.write(f"submissions/{request_path(request)}", request_bytes(request))

    def check(self, **options):
        self.commit()
        return check_branch(self.root, "main", "submit", sound, **options)


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "clone")


def test_one_new_request_in_its_place_is_valid(checkout):
    checkout.add()
    report = checkout.check()
    assert (report.status, report.faults, report.path) == ("valid", [], PATH)
    assert report.head == checkout.git("rev-parse", "submit")


def test_what_main_did_in_the_meantime_is_not_the_pull_requests(checkout):
    checkout.add()
    checkout.commit()
    checkout.git("switch", "--quiet", "main")
    checkout.write("README.md", b"news\n")
    checkout.commit()
    checkout.git("switch", "--quiet", "submit")
    assert checkout.check().status == "valid"


def edit_old_result(checkout):
    checkout.write(OLD_RESULT, b'{"better": 1}\n')


def remove_old_result(checkout):
    (checkout.root / OLD_RESULT).unlink()


def rename_old_result(checkout):
    (checkout.root / OLD_RESULT).rename((checkout.root / OLD_RESULT).with_name("new.json"))


def two_requests(checkout):
    checkout.add(make_request("acme/other"))


def code_too(checkout):
    checkout.write("submissions/checks.py", b"print('valid')\n")


def workflow_too(checkout):
    checkout.write(".github/workflows/submissions.yml", b"on: push\n")


def symbolic_link(checkout):
    place = checkout.root / PATH
    place.unlink()
    place.symlink_to("/etc/passwd")


def executable(checkout):
    (checkout.root / PATH).chmod(0o755)


def submodule(checkout):
    inner = Checkout(checkout.root / "submissions" / "requests" / "acme__sub")
    inner.commit()


def too_large(checkout):
    checkout.write(PATH, b"#" * (MAX_REQUEST_BYTES + 1))


def another_models_place(checkout):
    (checkout.root / PATH).unlink()
    checkout.write("submissions/requests/meta__llama/0123456789ab-bfloat16-deescalwild.yaml", request_bytes(REQUEST))


def another_ending(checkout):
    (checkout.root / PATH).rename((checkout.root / PATH).with_suffix(".yml"))


def queue_state(checkout):
    checkout.write("submissions/queue/acme__civilian/x.json", b"{}")


def a_result(checkout):
    checkout.write(OLD_RESULT.replace("old", "new"), b"{}")


def html_in_a_name(checkout):
    checkout.write("submissions/requests/<img src=x onerror=alert(1)>.yaml", b"x: 1\n")


def right_to_left_name(checkout):
    checkout.write("submissions/requests/\u202elmay.exe", b"x: 1\n")


FAULTS = {
    edit_old_result: "abcdef01.json: is modified. What is there is never edited",
    remove_old_result: "abcdef01.json: is deleted. What is there is never edited",
    rename_old_result: "new.json: is renamed. What is there is never edited",
    two_requests: "adds 2 files below submissions/requests/. Open one pull request for each",
    code_too: "submissions/checks.py: is no submissions/requests/….yaml",
    workflow_too: ".github/workflows/submissions.yml: is no submissions/requests/….yaml",
    symbolic_link: "deescalwild.yaml: is a symbolic link. Add the file itself",
    executable: "deescalwild.yaml: is executable. Run `chmod -x` on it",
    submodule: "submissions/requests/acme__sub: is no submissions/requests/….yaml",
    too_large: "is 65,537 bytes. A request has at most 64 KiB",
    another_models_place: f"its content belongs at {PATH}. Move it there",
    another_ending: "deescalwild.yml: is no submissions/requests/….yaml",
    queue_state: "submissions/queue/acme__civilian/x.json: is no submissions/requests/….yaml",
    a_result: "abcdef01.json: is no submissions/requests/….yaml",
    html_in_a_name: "adds 2 files",
    right_to_left_name: "submissions/requests/ lmay.exe: is no",
}


@pytest.mark.parametrize("change", FAULTS, ids=lambda change: change.__name__)
def test_anything_else_in_a_pull_request_is_refused(checkout, change):
    checkout.add()
    change(checkout)
    report = checkout.check()
    assert report.status == "invalid"
    assert any(FAULTS[change] in line for line in report.faults), report.faults
    assert all(line.isprintable() for line in report.faults)


def test_a_pull_request_that_changes_nothing_is_refused(checkout):
    assert checkout.check().faults == ["changes nothing. Add one file below submissions/requests/"]


def test_nothing_of_the_pull_request_runs_or_is_written(checkout, tmp_path):
    """Attributes and configuration in the branch could name filters, drivers and hooks."""
    checkout.add()
    checkout.write(".gitattributes", b"*.yaml diff=evil filter=evil\n")
    checkout.commit()
    for key in ("diff.evil.command", "diff.evil.textconv", "filter.evil.smudge", "filter.evil.clean"):
        checkout.git("config", key, f"touch {tmp_path / 'owned'}; cat")
    checkout.git("switch", "--quiet", "main")
    (tmp_path / "owned").unlink(missing_ok=True)  # the switch itself smudged
    before = sorted(path for path in checkout.root.rglob("*") if ".git" not in path.parts)
    assert check_branch(checkout.root, "main", "submit", sound).status == "invalid"
    assert not (tmp_path / "owned").exists()
    assert sorted(path for path in checkout.root.rglob("*") if ".git" not in path.parts) == before


@pytest.mark.timeout(20)
def test_a_flood_of_files_is_refused_at_once_in_a_comment_that_fits(checkout):
    for number in range(3000):
        checkout.write(f"submissions/requests/acme__m{number}/x.yaml", b"a: 1\n")
    report = checkout.check()
    assert report.status == "invalid" and "adds 3000 files" in report.faults[0]
    assert len(as_markdown(report)) < 65_536


@pytest.mark.parametrize("revision", ["gone", "--output=x", "main..submit", "", "a\nb"])
def test_a_revision_that_is_none_is_an_environment_fault(checkout, revision):
    with pytest.raises(GitError, match="is no commit"):
        commit_of(checkout.root, revision)


def test_branches_without_a_common_ancestor_are_an_environment_fault(checkout):
    checkout.git("switch", "--quiet", "--orphan", "alien")
    checkout.add()
    checkout.commit()
    with pytest.raises(GitError, match="no merge base"):
        changes_in_git(checkout.root, commit_of(checkout.root, "main"), commit_of(checkout.root, "alien"), "")


class TestPlace:
    """One request for each model, revision, precision and protocol."""

    def report(self, *, taken=(), earlier=None, number=7):
        change = Change("added", str(request_path(REQUEST)), content=request_bytes(REQUEST))
        ledger = LedgerFacts({path: f"submitted already ({path})" for path in taken}, earlier)
        return check(Proposal((change,), author="alice", number=number, created_at=NOW), ledger, sound)

    def test_merged(self):
        assert "is submitted already" in self.report(taken=[str(request_path(REQUEST))], earlier=[]).faults[0]

    def test_in_other_letters(self):
        """Two files that differ in case alone are one on macOS and Windows, and one repository on the Hub."""
        assert self.report(taken=[str(request_path(REQUEST)).replace("acme", "ACME")], earlier=[]).status == "invalid"

    def test_queued(self, checkout):
        queued = request_path(REQUEST)
        checkout.git("switch", "--quiet", "main")
        checkout.write(f"submissions/queue/{queued.parent.name}/{queued.stem}.json", b"{}")
        checkout.commit()
        checkout.git("switch", "--quiet", "submit")
        checkout.add()
        assert any("is queued already" in line for line in checkout.check().faults)

    def test_open_earlier(self):
        other = Earlier(3, "bob", NOW - timedelta(days=9), (str(request_path(REQUEST)),))
        assert "is asked for by pull request 3" in self.report(earlier=[other]).faults[0]

    def test_open_later(self):
        other = Earlier(8, "bob", NOW + timedelta(hours=1), (str(request_path(REQUEST)),))
        assert self.report(earlier=[other]).status == "valid"

    @pytest.mark.parametrize(
        "change", [{"revision": "1" * 40}, {"precision": "float32"}, {"protocol": "deescalwild_paper"}]
    )
    def test_another_revision_precision_or_protocol_has_its_own(self, change):
        taken = str(request_path(make_request(**change)))
        assert self.report(taken=[taken], earlier=[]).status == "valid"


class TestRate:
    """A number of pull requests of one account in 24 hours; the account is the pull request's, never what a file says."""

    def report(self, hours_ago: list[float], author="alice", per_day=3):
        change = Change("added", str(request_path(REQUEST)), content=request_bytes(REQUEST))
        earlier = [Earlier(number, author, NOW - timedelta(hours=ago)) for number, ago in enumerate(hours_ago, start=1)]
        proposal = Proposal((change,), author="alice", number=99, created_at=NOW)
        return check(proposal, LedgerFacts(earlier=earlier), sound, per_day=per_day)

    def test_up_to_the_limit(self):
        assert self.report([1, 2]).status == "valid"

    def test_beyond_it_the_time_to_come_back_is_named(self):
        assert self.report([1, 2, 23]).faults == [
            "alice has opened 3 others within 24 hours; 3 a day are read. Open it again after 2026-11-23 13:00 UTC"
        ]

    def test_older_ones_and_other_peoples_do_not_count(self):
        assert self.report([25, 30, 24, 24.5]).status == "valid"
        assert self.report([1, 1, 1, 1], author="bob").status == "valid"

    def test_an_account_in_other_letters_is_the_same(self):
        assert self.report([1, 1, 1], author="ALICE").status == "invalid"

    def test_the_submitter_is_shown_beside_the_models_owner(self):
        assert "submitted by alice; the model is acme's" in self.report([]).notes


class TestCommand:
    """Exit code 0 valid, 1 invalid, 2 not all could be checked."""

    @pytest.fixture(autouse=True)
    def here(self, checkout, monkeypatch):
        monkeypatch.chdir(checkout.root)
        monkeypatch.delenv("DEESCALWILD_LEDGER", raising=False)

    def run(self, *arguments: str):
        return CliRunner().invoke(app, ["check", *arguments])

    def test_offline_names_what_is_not_checked_and_never_says_valid(self, checkout):
        checkout.add()
        checkout.commit()
        done = self.run("--base", "main", "--offline")
        assert done.exit_code == 0
        assert "nothing wrong so far. Not checked: model, revision, access, code" in done.stdout
        assert not any(word in done.stdout.replace("invalid", "").split() for word in ("valid", "valid,"))

    def test_a_hub_out_of_reach_is_exit_code_2(self, checkout, monkeypatch):
        def unreachable(request):
            raise HubUnreachable("the Hub cannot be reached. Try again.")

        monkeypatch.setattr("submissions.hub.ask", unreachable)
        checkout.add()
        checkout.commit()
        done = self.run("--base", "main", "--json")
        assert done.exit_code == 2
        report = json.loads(done.stdout)["reports"][0]
        assert report["status"] == "incomplete"
        assert report["skipped"]["code"] == "the Hub cannot be reached. Try again."
        assert report["passed"] == ["files", "content", "place"]

    def test_valid_is_exit_code_0(self, checkout, monkeypatch):
        monkeypatch.setattr("submissions.hub.ask", sound)
        checkout.add()
        checkout.commit()
        done = self.run("--base", "main", "--json")
        assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "valid")

    def test_a_file_on_disk(self, checkout, monkeypatch):
        monkeypatch.setattr("submissions.hub.ask", sound)
        path = checkout.add()
        assert self.run(str(path)).exit_code == 0
        path.chmod(0o755)
        done = self.run(str(path))
        assert (done.exit_code, "is executable" in done.stderr) == (1, True)

    def test_all_files_of_the_ledger(self, checkout):
        checkout.add()
        checkout.add(make_request("acme/other"))
        checkout.write("submissions/requests/acme__bad/x.yaml", b"a: 1\n")
        done = self.run("--offline")
        assert done.exit_code == 1
        assert "acme__civilian" not in done.stderr and "requests/acme__bad/x.yaml: model: is missing" in done.stderr

    def test_the_author_and_the_time_come_from_githubs_history(self, checkout, monkeypatch):
        monkeypatch.setattr("submissions.hub.ask", sound)
        checkout.add()
        checkout.commit()
        listed = [
            {
                "number": n,
                "author": {"login": "eve"},
                "createdAt": f"2026-11-23T0{n}:00:00Z",
                "state": "CLOSED",
                "files": [],
            }
            for n in range(1, 4)
        ]
        history = checkout.root.parent / "history.json"
        history.write_text(json.dumps(listed))
        arguments = ["--base", "main", "--number", "3", "--history", str(history)]
        assert self.run(*arguments, "--per-day", "3").exit_code == 0
        done = self.run(*arguments, "--per-day", "2")
        assert (done.exit_code, "eve has opened 2 others" in done.stderr) == (1, True)

    @pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"number": "x"}]', b"\xff"])
    def test_a_history_that_is_none_is_an_environment_fault(self, content):
        with pytest.raises(GitError, match="not what gh writes"):
            read_history(content)
