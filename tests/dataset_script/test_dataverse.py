"""Downloading from a Dataverse: a real client against a real server on loopback."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataset_script.build import SAMPLE
from dataset_script.cli import app
from dataset_script.download import fetch
from dataset_script.download.client import Client
from dataset_script.download.refusals import DownloadError
from dataset_script.errors import DataError
from tests.loopback_dataverse import BLOCK_PAGE, DOI, TOKEN, Cut, Dataverse, Fault, StoredFile, says, serve_dataverse

CSV = b"start_time,speaker_label,transcript\n00:01,[Man],No.\n"
LONG = CSV + b"00:02,[Man],Well.\n" * 20_000
CHUNK = 2**16  # what the client writes at a time


@pytest.fixture(autouse=True)
def _no_token(monkeypatch):
    monkeypatch.delenv("DATAVERSE_API_TOKEN", raising=False)


def get(server: Dataverse, tmp_path: Path, **changes) -> Path:
    options = {"base_url": server.base_url, "cache": tmp_path / "cache", "lock": tmp_path / "sources.lock.json"}
    return fetch(DOI, **{**options, "backoff_s": 0.0, "show_progress": False, **changes})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def pins(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "sources.lock.json").read_text())


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return file.getvalue()


def test_a_dataset_comes_whole_with_its_folders_tables_as_uploaded_and_archives_unpacked(tmp_path):
    files = [
        StoredFile("a.csv", CSV, "YouTube"),
        StoredFile("a.csv", b"other\n", "TikTok"),
        StoredFile("t.csv", CSV, "YouTube", tabular=True),
        StoredFile("all.zip", packed(b=CSV)),
        StoredFile("empty.txt", b""),
    ]
    with serve_dataverse(v1_0=files) as server:
        folder = get(server, tmp_path)
    assert contents(folder) == {
        "TikTok/a.csv": b"other\n",
        "YouTube/a.csv": CSV,
        "YouTube/t.csv": CSV,
        "all.zip/b.csv": CSV,
        "empty.txt": b"",
    }


def test_every_file_is_pinned_and_a_second_fetch_needs_no_network(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("t.csv", CSV, "d", tabular=True)], v1_1=[StoredFile("b.csv", CSV)]) as server:
        first = get(server, tmp_path, version="1.0")
    (pinned,) = pins(tmp_path)["datasets"]
    assert (pinned["doi"], pinned["version"], list(pinned["files"])) == (DOI, "1.0", ["d/t.csv"])
    assert pinned["files"]["d/t.csv"]["size"] == len(CSV)
    assert get(server, tmp_path) == first  # the server is gone; the version is the pinned one


def test_without_a_pin_the_latest_version_is_taken_and_stated(tmp_path, capsys):
    with serve_dataverse(v1_0=[], v2_1=[StoredFile("b.csv", CSV)]) as server:
        folder = get(server, tmp_path, show_progress=True)
    assert folder.parent.name == "2.1" and "version 2.1" in capsys.readouterr().err


def test_an_older_pin_stays_when_a_newer_version_is_asked_for(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)], v1_1=[StoredFile("b.csv", CSV)]) as server:
        get(server, tmp_path, version="1.0")
        assert get(server, tmp_path).parent.name == "1.0"
        assert get(server, tmp_path, version=":latest-published").parent.name == "1.1"
    assert [each["version"] for each in pins(tmp_path)["datasets"]] == ["1.0", "1.1"]


def test_a_table_whose_upload_has_no_stated_size_is_still_had(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("t.csv", LONG, tabular=True, states_size=False)]) as server:
        server.faults["1"].append(Cut(after=1000))
        assert contents(get(server, tmp_path)) == {"t.csv": LONG}
    assert "Range" not in server.requests[-1].headers


def test_a_cut_body_goes_on_where_it_ended(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].extend([Cut(after=2 * CHUNK), Cut(after=CHUNK)])
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}
    ranges = [request.headers.get("Range") for request in server.requests[1:]]
    assert ranges == [None, f"bytes={2 * CHUNK}-", f"bytes={3 * CHUNK}-"]


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(tmp_path):
    whole = Fault(200, LONG, "text/csv", {"Content-Disposition": "attachment"})
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].extend([Cut(after=CHUNK), whole])
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}


def test_a_range_that_the_server_refuses_is_dropped(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].extend([Cut(after=CHUNK), Fault(416)])
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}
    assert "Range" not in server.requests[-1].headers


def test_a_body_that_is_always_cut_ends_in_one_sentence_and_keeps_what_came(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].extend([Cut(after=CHUNK), *[Cut(after=0)] * 20])
        with pytest.raises(DownloadError, match=r"a\.csv could not be downloaded.*what has come is kept"):
            get(server, tmp_path)
        server.faults["1"].clear()
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}
    assert server.requests[-1].headers["Range"] == f"bytes={CHUNK}-"


def test_a_refusal_in_the_middle_keeps_what_came(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].extend([Cut(after=CHUNK), *[says(503, "maintenance")] * 6])
        with pytest.raises(DownloadError, match="finished files are kept"):
            get(server, tmp_path)
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}
    assert server.requests[-1].headers["Range"] == f"bytes={CHUNK}-"


def test_a_killed_download_asks_again_only_for_what_is_missing(tmp_path):
    files = [StoredFile("a.csv", CSV), StoredFile("b.csv", LONG)]
    code = (
        "import sys; from pathlib import Path; from dataset_script.download import fetch; d = Path(sys.argv[2]); "
        f"fetch({DOI!r}, base_url=sys.argv[1], cache=d / 'cache', lock=d / 'sources.lock.json', show_progress=False)"
    )
    with serve_dataverse(v1_0=files) as server:
        server.faults["2"].append(Cut(after=2 * CHUNK, hang=True))
        process = subprocess.Popen([sys.executable, "-c", code, server.base_url, str(tmp_path)])
        assert server.reached.wait(timeout=60)
        part = next((tmp_path / "cache").glob("*/1.0/parts")) / "2"
        while not (part.exists() and part.stat().st_size == 2 * CHUNK):
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "sources.lock.json").exists()
        server.requests.clear()
        assert contents(get(server, tmp_path)) == {"a.csv": CSV, "b.csv": LONG}
    assert server.downloads() == ["2"] and server.requests[-1].headers["Range"] == f"bytes={2 * CHUNK}-"


def test_a_wrong_checksum_is_refused_and_no_file_is_left(tmp_path):
    wrong, says = StoredFile("a.csv", CSV, checksum="0" * 40), r"a\.csv came twice with another checksum"
    with serve_dataverse(v1_0=[wrong]) as server, pytest.raises(DownloadError, match=says):
        get(server, tmp_path)
    assert server.downloads() == ["1", "1"] and not list((tmp_path / "cache").rglob("*.csv"))


def test_a_file_that_changed_behind_its_pin_is_refused(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        folder = get(server, tmp_path)
        server.versions["1.0"] = [StoredFile("a.csv", CSV.replace(b"No.", b"Ja."))]
        (folder / "a.csv").unlink()
        with pytest.raises(
            DataError, match=r"a\.csv of doi.* 1\.0 is no longer the file that .*sources\.lock\.json pins"
        ):
            get(server, tmp_path)


def test_a_cached_file_that_was_changed_is_downloaded_again(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV), StoredFile("b.csv", CSV)]) as server:
        folder = get(server, tmp_path)
        (folder / "b.csv").write_bytes(CSV.replace(b"No.", b"Ja."))
        assert contents(get(server, tmp_path))["b.csv"] == CSV
    assert server.downloads() == ["1", "2", "2"]


def test_a_cached_archive_that_was_changed_is_downloaded_and_unpacked_again(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("all.zip", packed(a=CSV))]) as server:
        folder = get(server, tmp_path)
        (folder.parent / "archives" / "all.zip").write_bytes(b"")
        (folder / "all.zip" / "a.csv").write_bytes(b"")
        assert contents(get(server, tmp_path)) == {"all.zip/a.csv": CSV}
        assert server.downloads() == ["1", "1"]
        (folder / "all.zip" / "a.csv").unlink()
        assert contents(get(server, tmp_path)) == {"all.zip/a.csv": CSV}
        assert server.downloads() == ["1", "1"]


def test_a_lock_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "sources.lock.json").write_text('{"format": 7}')
    with serve_dataverse(v1_0=[]) as server, pytest.raises(DataError, match="not a lock file"):
        get(server, tmp_path)


def test_a_lock_file_cannot_lead_out_of_the_cache(tmp_path):
    pinned = {"file_id": 1, "size": len(CSV), "sha256": "0" * 64}
    dataset = {"doi": DOI, "version": "1.0", "files": {"../../a.csv": pinned}}
    (tmp_path / "sources.lock.json").write_text(json.dumps({"datasets": [dataset]}))
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server, pytest.raises(DataError, match="points outside"):
        get(server, tmp_path)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (StoredFile("a.csv", CSV, "../.."), "points outside"),
        (StoredFile("/etc/a.csv", CSV), "absolute"),
        (StoredFile("A.csv", CSV), "differs from another name only by case"),
    ],
)
def test_a_name_that_must_not_be_written_is_refused_before_any_download(tmp_path, file, says):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV), file]) as server, pytest.raises(DataError, match=says):
        get(server, tmp_path)
    assert server.downloads() == []


def test_restricted_files_come_with_a_token_only(tmp_path, monkeypatch):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV, restricted=True)]) as server:
        with pytest.raises(DownloadError, match="restricted or under embargo, and no token was given"):
            get(server, tmp_path)
        monkeypatch.setenv("DATAVERSE_API_TOKEN", "another-token")
        with pytest.raises(DownloadError, match="your token has no access") as refused:
            get(server, tmp_path)
        monkeypatch.setenv("DATAVERSE_API_TOKEN", TOKEN)
        assert contents(get(server, tmp_path)) == {"a.csv": CSV}
    assert "another-token" not in str(refused.value) and "--source PATH" in str(refused.value)


def test_the_token_stays_with_the_dataverse_when_it_redirects_to_storage(tmp_path, monkeypatch):
    monkeypatch.setenv("DATAVERSE_API_TOKEN", TOKEN)
    with (
        serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server,
        serve_dataverse(v1_0=server.versions["1.0"]) as storage,
    ):
        there = Fault(303, headers={"Location": f"{storage.base_url}/bucket/1"})
        server.faults["1"].extend([there, there])
        storage.faults["1"].append(Cut(after=CHUNK))
        assert contents(get(server, tmp_path)) == {"a.csv": LONG}
    assert all(request.headers["X-Dataverse-key"] == TOKEN for request in server.requests)
    assert not any("X-Dataverse-key" in request.headers for request in storage.requests)
    assert storage.requests[-1].headers["Range"] == f"bytes={CHUNK}-"


@pytest.mark.parametrize(
    "address",
    ["http://dataverse.example.org", "ftp://dataverse.example.org", "http://[", "https://me:secret@host", "dataverse"],
)
def test_a_token_travels_encrypted_or_not_at_all(address):
    with pytest.raises(DataError, match=r"unencrypted|not the address"):
        Client(address, TOKEN)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (says(400, "You may not download this file without the required Guestbook response for guestbookID 3."),
         "guestbook, which only a person can make. Sign it at http://.*persistentId=doi:.*--source PATH"),
        (Fault(202, headers={"x-amzn-waf-action": "challenge"}), "a page for browsers"),
        (Fault(200, BLOCK_PAGE, "text/html; charset=utf-8"), "a page for browsers"),
        (Fault(403, BLOCK_PAGE, "text/html"), "a page for browsers.*download it by hand"),
        (Fault(403, b"<Error/>", "application/xml"), "answered HTTP 403"),
        (says(401, "Bad api key"), "does not accept DATAVERSE_API_TOKEN"),
        (says(404, "File not found"), r"HTTP 404 for a\.csv \(it says: File not found\)"),
        (says(418, "\x1b[2Jgone"), r"it says: \[2Jgone"),
        (Fault(400, b"{", "application/json"), "HTTP 400"),
        (Fault(200, LONG + LONG, "text/csv"), "larger than"),
    ],
)  # fmt: skip
def test_refusals_say_how_to_go_on(tmp_path, fault, says):
    with serve_dataverse(v1_0=[StoredFile("a.csv", LONG)]) as server:
        server.faults["1"].append(fault)
        with pytest.raises(DownloadError, match=says):
            get(server, tmp_path)
    assert not list((tmp_path / "cache").rglob("*.csv"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_waited_out(tmp_path, status):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        server.faults["versions"].append(says(status, "busy"))
        server.faults["1"].extend([says(status, "busy", **{"Retry-After": "0"})] * 2)
        assert contents(get(server, tmp_path)) == {"a.csv": CSV}


def test_retry_after_is_honoured(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        server.faults["1"].append(says(429, "slow down", **{"Retry-After": "1"}))
        begin = time.monotonic()
        get(server, tmp_path)
    assert time.monotonic() - begin >= 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_an_hour_is_not_asked_again(tmp_path, status):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        server.faults["1"].append(says(status, "busy", **{"Retry-After": "3600"}))
        with pytest.raises(DownloadError, match="finished files are kept"):
            get(server, tmp_path)
        assert server.downloads() == ["1"]
        assert contents(get(server, tmp_path)) == {"a.csv": CSV}


def test_a_pause_that_cannot_be_read_is_our_own(tmp_path):
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        server.faults["1"].extend([says(429, "busy", **{"Retry-After": "soon"})] * 2)
        assert contents(get(server, tmp_path)) == {"a.csv": CSV}


@pytest.mark.parametrize(
    ("status", "says"), [(429, "asks to wait: too many requests"), (503, r"HTTP 503 \(it says: no\).*finished files")]
)
def test_failures_that_last_end_in_one_sentence(tmp_path, status, says):
    busy = Fault(status, b'{"message": "no"}')
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        server.faults["1"].extend([busy] * 20)
        with pytest.raises(DownloadError, match=says):
            get(server, tmp_path)
    assert len(server.downloads()) == 6


@pytest.mark.parametrize(
    ("doi", "version", "says"),
    [
        (DOI, "9.0", "no published version 9.0"),
        ("doi:10.5072/FK2/OTHER", None, "no published version :latest-published of doi:10.5072/FK2/OTHER"),
        (DOI, ":draft", "not a published version"),
        ("doi:../../etc", None, "not a DOI"),
    ],
)
def test_unknown_datasets_and_versions(tmp_path, doi, version, says):
    with serve_dataverse(v1_0=[]) as server, pytest.raises(DataError, match=says):
        fetch(
            doi, version=version, base_url=server.base_url, cache=tmp_path, lock=tmp_path / "lock", show_progress=False
        )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not JSON"),
        (b'{"data": {"files": 3}}', r"not known \(versionNumber\)"),
    ],
)
def test_a_list_of_files_that_is_none(tmp_path, body, says):
    with serve_dataverse(v1_0=[]) as server:
        server.faults["versions"].append(Fault(200, body))
        with pytest.raises(DownloadError, match=says):
            get(server, tmp_path)


def test_the_command_takes_a_doi_as_its_web_address_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    sound = next((SAMPLE / "transcripts").glob("*.csv")).read_bytes()
    with serve_dataverse(v1_0=[StoredFile("a.csv", sound)], v1_1=[]) as server:
        monkeypatch.setenv("DEESCALWILD_DATAVERSE", server.base_url)
        address = DOI.replace("doi:", "https://doi.org/")
        outcome = CliRunner().invoke(app, ["build", "--source", address, "--version", "1.0", "--out", "out"])
    assert outcome.exit_code == 0 and "files: 1 kept" in outcome.output


def test_no_server_is_an_error_of_the_environment(tmp_path):
    with serve_dataverse(v1_0=[]) as server:
        pass
    with pytest.raises(OSError, match="cannot be reached") as error:
        get(server, tmp_path)
    assert error.value.exit_code == 2


def test_the_address_and_the_cache_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    with serve_dataverse(v1_0=[StoredFile("a.csv", CSV)]) as server:
        monkeypatch.setenv("DEESCALWILD_DATAVERSE", server.base_url + "/")
        folder = fetch(DOI, show_progress=False)
    assert folder == tmp_path / "xdg" / "deescalwild" / "doi-10.5072-FK2-FICTION" / "1.0" / "files"
    assert (tmp_path / "sources.lock.json").exists()


def test_an_unsafe_archive_among_the_files_is_refused(tmp_path):
    unsafe = StoredFile("all.zip", packed(a=b"x").replace(b"a.csv", b"../xx"))
    with serve_dataverse(v1_0=[unsafe]) as server, pytest.raises(DataError, match=r"all\.zip.*points outside"):
        get(server, tmp_path)
