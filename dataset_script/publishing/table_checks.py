"""The Parquet files: schema, metadata, row groups, and whether every page of them can be decoded. Nothing here looks at rows."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataset_script import card
from dataset_script.manifest import Manifest
from dataset_script.publishing.folder import CONFIGS, BuiltFolder, Shard
from dataset_script.publishing.problems import Problem

if TYPE_CHECKING:
    from datasets import Features
    from pyarrow import Schema
    from pyarrow.parquet import ParquetFile

MOST_BYTES_IN_ROW_GROUP = 300_000_000
"""Uncompressed. The Hub's viewer shows no row of a larger one (huggingface.co/docs/dataset-viewer/configure_viewer)."""


def check_tables(folder: BuiltFolder, manifest: Manifest) -> Iterator[Problem]:
    """Every shard is readable Parquet with the columns of ``card.features`` and the canary in its metadata."""
    for config in CONFIGS:
        for shard in folder.shards(config):
            yield from _check_shard(folder, shard, manifest)


def _check_shard(folder: BuiltFolder, shard: Shard, manifest: Manifest) -> Iterator[Problem]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    where = shard.path.relative_to(folder.root).as_posix()
    try:
        with ParquetFile(shard.path) as file:
            yield from _check_schema(file, where, shard.config, manifest)
            for group in range(file.num_row_groups):
                file.read_row_group(group).validate(full=True)
    except (ArrowException, OSError):
        yield Problem(where, "is not readable as Parquet: cut off or damaged")


def _check_schema(file: "ParquetFile", where: str, config: str, manifest: Manifest) -> Iterator[Problem]:
    expected = card.features(config)
    schema = file.schema_arrow
    if not schema.equals(expected.arrow_schema, check_metadata=False):
        yield Problem(
            where, f"its columns are not those of {config}: {_first_difference(schema, expected.arrow_schema)}"
        )
    elif _stated_features(schema) != expected:
        yield Problem(where, "its `huggingface` metadata gives other features than its columns have")
    stated = _own_metadata(schema.metadata or {})
    if stated.get("canary") != manifest.canary:
        yield Problem(where, "its metadata lacks the canary")
    if stated.get("version") != manifest.version:
        yield Problem(where, f"its metadata gives version {stated.get('version')}, the manifest {manifest.version}")
    groups = [file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups)]
    if max(groups, default=0) > MOST_BYTES_IN_ROW_GROUP:
        yield Problem(where, "has a row group above 300 MB, which the Hub's viewer does not show", "warning")


def _stated_features(schema: "Schema") -> "Features | None":
    from datasets import Features

    try:
        return Features.from_arrow_schema(schema)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _own_metadata(metadata: dict[bytes, bytes]) -> dict:
    try:
        stated = json.loads(metadata[b"deescalwild"])
    except (KeyError, ValueError):
        return {}
    return stated if isinstance(stated, dict) else {}


def _first_difference(schema, expected) -> str:
    for field in expected:
        if field.name not in schema.names:
            return f"{field.name} is missing"
        if schema.field(field.name).type != field.type:
            return f"{field.name} is of another type"
    more = [name for name in schema.names if name not in expected.names]
    return f"{more[0]} is unknown" if more else "another order"
