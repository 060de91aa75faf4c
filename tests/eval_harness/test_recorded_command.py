"""The command line that a result records for everybody to see."""

import pytest

from eval_harness.commands.printing import recorded_command


@pytest.mark.parametrize(
    ("words", "recorded"),
    [
        (["evaluate", "some/model", "--limit", "3"], "deescalwild evaluate some/model --limit 3"),
        (["--data=/home/alex/release/deescalwild"], "deescalwild --data=deescalwild"),
        (["--data", "/home/alex/release/deescalwild"], "deescalwild --data deescalwild"),
        (["--encoder=/home/alex/models/MiniLM:6"], "deescalwild --encoder=MiniLM:6"),
        (["score", "/home/alex/my replies.jsonl"], "deescalwild score 'my replies.jsonl'"),
        (["--base-url=http://127.0.0.1:8000/v1"], "deescalwild --base-url=http://127.0.0.1:8000/v1"),
        (["--extra-body", '{"top_k": 1}'], "deescalwild --extra-body '{\"top_k\": 1}'"),
    ],
)
def test_a_recorded_command_names_no_folder_of_the_machine(words, recorded):
    assert recorded_command(words) == recorded


def test_a_path_below_the_working_directory_is_recorded_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert recorded_command([f"--output={tmp_path}/results/mine"]) == "deescalwild --output=results/mine"
