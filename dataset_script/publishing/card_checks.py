"""README.md: its YAML names what is there, its text is complete, current and free of dead links."""

import re
from collections.abc import Iterator
from pathlib import Path

from dataset_script import card
from dataset_script.manifest import Manifest
from dataset_script.publishing.file_checks import CARD_FILES
from dataset_script.publishing.folder import BuiltFolder
from dataset_script.publishing.problems import Problem
from dataset_script.publishing.statistics import measure

README = "README.md"
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s#]+)")
_GATE = ("extra_gated_prompt", "extra_gated_fields")


def check_card(folder: BuiltFolder, manifest: Manifest) -> Iterator[Problem]:
    """All of the card. Needs readable tables and reports."""
    import yaml
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCard

    path = folder.root / README
    if not path.is_file():
        return
    try:
        found = DatasetCard(path.read_text("utf-8"), ignore_metadata_errors=False)
        MetadataConfigs.from_dataset_card_data(found.data)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        yield Problem(README, f"its YAML cannot be read: {str(error).splitlines()[0]}")
        return
    yield from _check_configs(found.data.to_dict().get("configs") or [], card.configs(manifest, folder))
    yield from _check_tags(found.data.to_dict(), manifest)
    yield from _check_counts(found.data.to_dict(), manifest)
    yield from _check_text(found.text, folder, manifest)


def _check_configs(stated: list[dict], expected: list[dict]) -> Iterator[Problem]:
    if [config.get("config_name") for config in stated] != [config["config_name"] for config in expected]:
        yield Problem(
            README, f"its YAML must name the configs {', '.join(config['config_name'] for config in expected)}"
        )
        return
    for found, right in zip(stated, expected, strict=True):
        for key in sorted(found.keys() | right.keys()):
            if found.get(key) != right.get(key):
                yield Problem(README, f"config {right['config_name']}: {key} is not that of the manifest and the files")


def _check_tags(data: dict, manifest: Manifest) -> Iterator[Problem]:
    tags = data.get("tags")
    if not isinstance(tags, list) or "not-for-all-audiences" not in tags:
        yield Problem(README, "lacks the tag not-for-all-audiences")
    if not data.get("license"):
        yield Problem(README, "names no licence")
    for name in _GATE:
        if not manifest.is_sample and not data.get(name):
            yield Problem(README, f"lacks {name}: people must see the conditions before they get access")


def _check_counts(data: dict, manifest: Manifest) -> Iterator[Problem]:
    right = [card.size_category(sum(own["scenarios"] for own in manifest.counts.values()))]
    if data.get("size_categories") != right:
        yield Problem(README, f"size_categories must be {right[0]}")
    if "dataset_info" in data:
        yield Problem(README, "has a dataset_info, which `datasets` would believe more than the files. Take it out.")


def _check_text(text: str, folder: BuiltFolder, manifest: Manifest) -> Iterator[Problem]:
    if "More Information Needed" in text:
        yield Problem(README, "says More Information Needed")
    if not manifest.is_sample and "Content warning" not in text:
        yield Problem(README, "lacks the content warning")
    if manifest.canary not in text:
        yield Problem(README, "lacks the canary")
    if manifest.is_sample and "fictional sample, not the corpus" not in text:
        yield Problem(README, "does not say that this is the fictional sample")
    if card.statistics_text(manifest, measure(folder)) not in text:
        yield Problem(README, "its statistics are not those of this folder. Build again.")
    for target in sorted(set(_LINK.findall(text))):
        if target not in CARD_FILES and not _is_inside(folder.root, target):
            yield Problem(README, f"links to {target}, which is not in the folder")


def _is_inside(root: Path, target: str) -> bool:
    path = (root / target).resolve()
    return path.is_relative_to(root.resolve()) and path.exists()
