"""The card: complete, true of its folder, the same bytes for the same folder, and readable by the libraries that read cards."""

import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script import card
from dataset_script.manifest import read_manifest
from dataset_script.publishing import plots
from dataset_script.publishing.folder import BuiltFolder
from dataset_script.publishing.statistics import SplitStatistics, Statistics, measure, quantile
from tests.built_folders import build_small, rows_of

HEADINGS = (
    "Dataset Details", "Dataset Description", "Dataset Sources", "Uses", "Direct Use", "Out-of-Scope Use", "Dataset Structure",
    "Dataset Creation", "Curation Rationale", "Source Data", "Data Collection and Processing",
    "Who are the source data producers?", "Annotations", "Annotation process", "Who are the annotators?",
    "Personal and Sensitive Information", "Bias, Risks, and Limitations", "Recommendations", "Citation", "Glossary",
)  # fmt: skip
"""Of the Hub's own template (huggingface_hub/templates/datasetcard_template.md)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build_small(tmp_path_factory.mktemp("card"), is_sample=False)


@pytest.fixture(scope="module")
def text(folder) -> str:
    return (folder / "README.md").read_text()


def test_every_heading_of_the_hubs_template_is_there(text):
    assert [heading for heading in HEADINGS if not re.search(rf"^#+ {re.escape(heading)}$", text, re.M)] == []


def test_the_yaml_names_the_content_so_that_no_stale_cache_is_served(folder, text):
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCard

    manifest = read_manifest(folder)
    configs = MetadataConfigs.from_dataset_card_data(DatasetCard(text).data)
    assert list(configs) == ["scenarios", "chat", "items"]
    assert configs.get_default_config_name() == "scenarios"
    assert {config["description"] for config in configs.values()} == {f"content sha256 {manifest.digest}"}
    assert {config["version"] for config in configs.values()} == {manifest.version}


def test_the_corpus_asks_for_consent_and_the_sample_does_not(folder, text):
    from huggingface_hub import DatasetCard

    gated = DatasetCard(text).data.to_dict()
    assert {"extra_gated_prompt", "extra_gated_fields", "license_name"} <= gated.keys()
    sample = DatasetCard(card.render_readme(replace(read_manifest(folder), is_sample=True), folder))
    assert "fictional sample, not the corpus" in sample.text
    assert [name for name in sample.data.to_dict() if name.startswith(("extra_gated_", "license_"))] == []
    assert sample.data.license == "cc0-1.0"


def test_the_canary_stands_in_a_comment_line_that_harnesses_strip(folder, text):
    line = next(line for line in text.splitlines() if read_manifest(folder).canary in line)
    assert re.fullmatch(r"<!--.*canary.*-->", line)


def test_the_same_folder_gives_the_same_card_and_plots(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    before = {path.name: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    card.write_card(read_manifest(copy), copy)
    assert {path.name: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_statistics_count_what_is_in_the_folder(folder):
    found = measure(BuiltFolder(folder))
    for split, own in read_manifest(folder).counts.items():
        measured = found.splits[split]
        turns = [turn for row in rows_of(folder, "scenarios", split) for turn in row["turns"]]
        assert measured.scenarios == own["scenarios"]
        assert sum(value * count for value, count in measured.turns.items()) == own["turns"] == len(turns)
        assert (measured.items, measured.ranked) == (own["items_as_released"], own["items_clean"])
        assert measured.roles == Counter(turn["role"] for turn in turns)
    assert found.fates == Counter(kept=12)


def test_a_table_takes_no_mark_up_from_its_values(folder):
    split = SplitStatistics(turns=Counter({3: 1}), categories=Counter({"a|b`c\n# d": 1}))
    found = card.statistics_text(
        read_manifest(folder), Statistics({"train": split}, Counter(), Counter(), Counter(), Counter())
    )
    assert "| `a\\|b'c # d` | 1 | 100.0 % |" in found


def test_a_long_table_ends_with_the_rest(folder):
    split = SplitStatistics(turns=Counter({3: 1}), categories=Counter({f"kind {number:02}": 1 for number in range(25)}))
    found = card.statistics_text(
        read_manifest(folder), Statistics({"train": split}, Counter(), Counter(), Counter(), Counter())
    )
    assert "| 5 others | 5 | 20.0 % |" in found


def test_plots_have_an_opaque_background(folder):
    from PIL import Image

    for path in (folder / plots.FOLDER).glob("*.png"):
        with Image.open(path) as image:
            assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_template_that_lost_its_mark_is_refused(folder, tmp_path, monkeypatch):
    template = tmp_path / "card.md"
    template.write_text(card.TEMPLATE.read_text().replace(card.STATISTICS_MARK, ""))
    monkeypatch.setattr(card, "TEMPLATE", template)
    with pytest.raises(ValueError, match="has lost its line"):
        card.render_readme(read_manifest(folder), folder)


@given(st.lists(st.integers(0, 50), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(values, share):
    found = quantile(Counter(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9
