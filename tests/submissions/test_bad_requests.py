"""Every request of ``tests/data/bad_requests`` is refused with one line that tells its author what to do."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from submissions.cli import app
from submissions.ledger import printable
from submissions.request_file import RequestError, parse_request

FOLDER = Path(__file__).parents[1] / "data" / "bad_requests"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


def test_each_case_has_its_expectation():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == EXPECTED.keys()
    assert len(EXPECTED) >= 60


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_it_is_refused_with_a_line_that_helps(name):
    with pytest.raises(RequestError) as refused:
        parse_request((FOLDER / f"{name}.yaml").read_bytes())
    assert EXPECTED[name] in refused.value.problems[0]
    assert all(line == printable(line, 400) for line in refused.value.problems)


def test_the_command_names_them_all_and_writes_nothing(tmp_path, monkeypatch):
    place = tmp_path / "submissions" / "requests" / "acme__civilian"
    place.mkdir(parents=True)
    for path in FOLDER.glob("*.yaml"):
        (place / path.name).write_bytes(path.read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["check", "--offline"])
    assert done.exit_code == 1, done.output
    assert all(f"{name}.yaml: {EXPECTED[name]}" in done.stderr for name in EXPECTED)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
