"""The shipped sample is what the README says: enough, varied, in the released form, and fiction."""

import json
import re
from collections import Counter

import pytest

from dataset_script.build import SAMPLE, read_manifest
from dataset_script.sidecar import read_sidecar
from dataset_script.transcripts import read_transcript

FILES = sorted((SAMPLE / "transcripts").glob("*.csv"))
SIDECAR = read_sidecar(SAMPLE)
LABELS = [row.speaker for path in FILES for row in {r.speaker: r for r in read_transcript(path).rows}.values()]


def test_enough_encounters_of_enough_kinds():
    categories = Counter(row.category for row in SIDECAR.values())
    assert len(FILES) >= 80
    assert len(categories) >= 10
    wanted = {
        "traffic stop", "welfare check", "domestic dispute", "mental-health crisis", "suicidal person", "trespass",
        "theft", "intoxication", "juvenile", "veteran", "neighbour dispute", "eviction",
    }  # fmt: skip
    assert wanted <= set(categories)


def test_outcomes_range_from_resolution_to_escalation():
    outcomes = Counter(row.outcome for row in SIDECAR.values())
    assert {"resolved", "escalated", "arrest", "unresolved", "taken to care"} <= set(outcomes)
    assert outcomes["resolved"] < len(SIDECAR) / 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_encounter(path):
    transcript = read_transcript(path)
    assert path.read_bytes().startswith(b"start_time,speaker_label,transcript\r\n")
    assert not transcript.problems
    assert 14 <= len(transcript.rows) <= 60
    assert 2 <= len({row.speaker for row in transcript.rows}) <= 5
    times = [row.start_s for row in transcript.rows]
    assert times == sorted(times)
    row = SIDECAR[path.stem]
    assert row.context and row.civilian_profile and row.source == "sample"


@pytest.mark.parametrize(
    "pattern",
    [
        r"\[Police Officer\]", r"Officer 2", r"Deputy \w+", r"Sgt\. \w+", r"\[Driver\]", r"Dispatcher", r"\[Bystander\]",
        r"\[Paramedic\]", r"[A-Z][a-z]+", r"\[Narrator\]",
    ],
)  # fmt: skip
def test_labels_of_a_real_release_occur(pattern):
    assert any(re.fullmatch(pattern, label) for label in LABELS)


def test_telephone_numbers_are_from_the_range_kept_for_fiction():
    texts = [row.text for path in FILES for row in read_transcript(path).rows]
    numbers = [n for text in texts for n in re.findall(r"\b\d{3}[- ]\d{4}\b", text)]
    assert all(re.fullmatch(r"555[- ]01\d\d", number) for number in numbers)


def test_every_split_of_the_sample_is_usable_and_no_encounter_is_gated(built_sample):
    manifest = read_manifest(built_sample)
    counts = manifest.counts
    assert (
        counts["test"]["scenarios"] >= 10
        and counts["validation"]["scenarios"] >= 8
        and counts["train"]["scenarios"] >= 50
    )
    assert counts["test"]["items_clean"] >= 100
    assert manifest.files == {"kept": len(FILES)}


def test_ids_in_the_sidecar_name_their_files():
    for line in (SAMPLE / "scenarios.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        assert row["scenario_id"] == f"sample-{row['transcript']}"
        assert (SAMPLE / "transcripts" / f"{row['transcript']}.csv").exists()
