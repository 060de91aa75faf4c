"""The Submit form: what it writes, what it says is to be mended, and the pull request in the submitter's name."""

import json
import shlex

import gradio as gr
import pytest
from huggingface_hub import HfApi, constants

from leaderboard_app.pages.submit import FIELDS, field_of, sent, shown
from leaderboard_app.signed_submission import SignIn, sign_in
from leaderboard_app.submission_form import draft
from submissions.checking import check_file
from submissions.hub import HubAnswer, HubUnreachable, ModelNotFound
from submissions.ledger import write_new
from submissions.request import Request
from submissions.request_file import parse_request
from tests.loopback_hub import loopback_hub
from tests.rich_ledger import add_request, make_request

LEDGER = "acme/ledger"
VALID = {name: value for name, value in make_request("acme/civilian-3b").model_dump().items() if isinstance(value, str)}


def test_a_valid_form_gives_the_file_its_place_and_two_commands():
    found = draft({**VALID, "comment": "", "base_model": None})
    assert not found.report.faults and found.report.status == "incomplete"  # nobody has asked the Hub
    assert parse_request(found.text.encode()) == make_request("acme/civilian-3b")
    assert found.path.startswith("requests/acme__civilian-3b/")
    login, submit = found.commands.split("\n", 1)
    assert login == "hf auth login"
    words = shlex.split(submit.replace("\\\n", ""))
    assert words[:4] == ["deescalwild", "submit", "acme/civilian-3b", "--revision"] and words[-1] == "--create-pr"


def test_what_was_typed_is_quoted_in_the_command():
    found = draft({**VALID, "contact": "ada; rm -rf ~"})
    assert "'ada; rm -rf ~'" in found.commands


def test_an_empty_form_has_nothing_to_mend():
    found = draft(dict.fromkeys(FIELDS))
    assert found.report is None and found.text == found.commands == found.path == ""


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("revision", "main", "revision"), ("model", "no-organisation", "model"), ("model", "baseline/constant", "reserved"),
        ("precision", "gguf", "gguf_file"), ("kind", "fine-tuned", "base_model"), ("contact", "<b>me</b>", "contact"),
        ("comment", "a\u202eb", "202E"), ("weights", "adapter", "base"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field(field, value, said):
    found = draft({**VALID, field: value})
    assert any(said in fault for fault in found.report.faults)
    assert found.text == ""


def test_all_that_is_wrong_is_said_at_once():
    assert len(draft({"model": "acme/x", "revision": "main", "kind": "base"}).report.faults) >= 4


def test_what_waits_already_is_said(tmp_path):
    add_request(tmp_path, "acme/civilian-3b")
    found = draft(VALID, tmp_path)
    assert "submitted already" in found.report.faults[0] and found.text == ""


def test_the_form_says_what_the_command_says(tmp_path):
    wrong = {**VALID, "revision": "main", "contact": "<b>me</b>"}
    path = tmp_path / "requests" / "acme__civilian-3b" / "x.yaml"
    write_new(path, "".join(f"{name}: {json.dumps(value)}\n" for name, value in wrong.items()).encode())
    told = check_file(path, None, tmp_path)
    assert [each.lines for each in draft(wrong).outcomes if each.check == "content"] == [
        each.lines for each in told.outcomes if each.check == "content"
    ]


def test_the_hub_is_asked_on_request_and_its_answer_is_checked(tmp_path):
    answer = HubAnswer(ModelNotFound("model", "model: acme/civilian-3b is not on the Hub, or private"), None)
    assert "not on the Hub" in shown(draft(VALID, tmp_path, lambda request: answer), asked=True)


def test_a_hub_that_does_not_answer_leaves_the_file_valid_and_says_so(tmp_path):
    def unreachable(request):
        raise HubUnreachable("the Hub cannot be reached (ConnectError). Try again.")

    found = draft(VALID, tmp_path, unreachable)
    html = shown(found, asked=True)
    assert found.text and "Valid so far" in html and "the Hub cannot be reached" in html


def test_the_form_has_every_field_of_a_request_with_its_choices():
    assert set(FIELDS) == set(Request.model_fields) - {"schema_version"}
    assert [value for _, value in field_of("kind").choices] == ["base", "fine-tuned", "api"]


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with loopback_hub() as running:
        HfApi(endpoint=running.url, token="hf_alice").create_repo(LEDGER, repo_type="dataset")
        yield running


def token(value):
    return gr.OAuthToken(token=value, scope="write-discussions", expires_at=2**33)


def test_the_pull_request_is_the_submitters_own(hub):
    login = SignIn(LEDGER, hub.url)
    html = sent(login, draft(VALID).text, token("hf_bob"))
    (opened,) = HfApi(endpoint=hub.url, token="hf_alice").get_repo_discussions(LEDGER, repo_type="dataset")
    assert opened.author == "bob" and "acme/civilian-3b" in opened.title
    assert "Opened" in html and "hf_bob" not in html


def test_sending_twice_opens_one_pull_request(hub):
    login = SignIn(LEDGER, hub.url)
    sent(login, draft(VALID).text, token("hf_bob"))
    assert "open already" in sent(login, draft(VALID).text, token("hf_bob"))


@pytest.mark.parametrize(
    ("text", "own", "said"),
    [
        ("", "hf_bob", "no valid file"),
        ("model: x\n", "hf_bob", "Nothing was sent"),
        (draft(VALID).text, None, "sign in first"),
    ],
)
def test_nothing_is_sent_without_a_valid_file_and_a_login(hub, text, own, said):
    html = sent(SignIn(LEDGER, hub.url), text, token(own) if own else None)
    assert said in html
    assert list(HfApi(endpoint=hub.url, token="hf_alice").get_repo_discussions(LEDGER, repo_type="dataset")) == []


def test_a_refused_login_says_so_and_shows_no_token(hub):
    html = sent(SignIn(LEDGER, hub.url), draft(VALID).text, token("hf_nobody"))
    assert "Nothing was sent" in html and "hf_nobody" not in html


@pytest.mark.parametrize(
    ("client", "ledger", "offered"), [(None, LEDGER, False), ("id", None, False), ("id", LEDGER, True)]
)
def test_signing_in_is_offered_where_both_login_and_ledger_are_configured(monkeypatch, client, ledger, offered):
    for name, value in (("OAUTH_CLIENT_ID", client), ("DEESCALWILD_LEDGER", ledger)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    assert (sign_in() is not None) == offered
