"""``croissant.json``: the built folder described for machines (mlcommons.org/croissant, format 1.0), by ``mlcroissant``.

The fields follow from ``card.features``: one record set a config, with the split read off the file's name. To read records from a local copy, map
the file object ``repo`` to it: ``mlcroissant.Dataset("croissant.json", mapping={"repo": FOLDER})``.
"""

import json
from typing import Any

from dataset_script import card
from dataset_script.manifest import Manifest
from dataset_script.publishing.folder import CONFIGS
from dataset_script.splits import SPLITS

REPO = "repo"
_DESCRIPTIONS = {
    "scenarios": "One row an encounter, with its turns.",
    "chat": "One row an encounter, as chat messages for fine-tuning.",
    "items": "The fixed list of evaluation points.",
}
_RAI = {
    "rai:dataCollection": "Transcripts of public videos of police-civilian encounters, made by a multimodal model and filtered by people "
    "and by a language model.",
    "rai:dataBiases": "Videos are online because they were dramatic, funny or damning; almost all are from the United States.",
    "rai:personalSensitiveInformation": "Speech of identifiable people in crisis. Names, numbers and addresses are replaced by placeholders; no "
    "redaction finds everything.",
    "rai:dataUseCases": "Research on dialogue; training of officers with an instructor. Not for predictive policing, profiling or identification.",
}


def _data_type(dtype: str) -> str:
    if dtype.startswith("int"):
        return "sc:Integer"
    return {"float32": "sc:Float", "bool": "sc:Boolean"}.get(dtype, "sc:Text")


class _Fields:
    """Features of one config → Croissant fields."""

    def __init__(self, config: str) -> None:
        self._config = config

    def _source(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Where the values are: a column, and below it a JSON path into its structs."""
        inner = {"transform": {"jsonPath": ".".join(path[1:])}} if len(path) > 1 else {}
        return {"fileSet": {"@id": f"{self._config}-files"}, "extract": {"column": path[0]}, **inner}

    def field(self, path: tuple[str, ...], feature: Any) -> dict[str, Any]:
        """The field of a feature, with its fields inside where it is a struct or a list of structs."""
        from datasets import List

        name = "/".join((self._config, *path))
        made: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
        if isinstance(feature, List):
            made["repeated"] = True
            feature = feature.feature
        if isinstance(feature, dict):
            return made | {"subField": [self.field((*path, key), part) for key, part in feature.items()]}
        return made | {"dataType": _data_type(feature.dtype), "source": self._source(path)}

    def split(self) -> dict[str, Any]:
        """The split, which only the file's name tells."""
        name = f"{self._config}/split"
        pattern = rf"{self._config}/({'|'.join(SPLITS)})-[^/]*\.parquet$"
        return {
            "@type": "cr:Field",
            "@id": name,
            "name": name,
            "dataType": "sc:Text",
            "source": {
                "fileSet": {"@id": f"{self._config}-files"},
                "extract": {"fileProperty": "fullpath"},
                "transform": {"regex": pattern},
            },
        }


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "description": f"Parquet files of {config}.",
        "containedIn": {"@id": REPO},
        "encodingFormat": "application/x-parquet",
        "includes": f"{config}/*.parquet",
    }


def _record_set(config: str) -> dict[str, Any]:
    fields = _Fields(config)
    columns = [fields.field((name,), feature) for name, feature in card.features(config).items()]
    key = {"@id": f"{config}/{'item_id' if config == 'items' else 'scenario_id'}"}
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": _DESCRIPTIONS[config],
        "key": key,
        "field": [fields.split(), *columns],
    }


def croissant(manifest: Manifest, url: str) -> bytes:
    """``croissant.json`` of a folder that is published at ``url``."""
    from mlcroissant import Rdf

    described = {
        "@context": Rdf().context,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": "Police-civilian encounters as dialogue, for models that play the civilian in de-escalation training."
        + (" This is the fictional sample, not the corpus." if manifest.is_sample else ""),
        "url": url,
        "version": manifest.version,
        "license": "https://creativecommons.org/publicdomain/zero/1.0/"
        if manifest.is_sample
        else "https://doi.org/10.7910/DVN/CWMCZI",
        "citeAs": "DeEscalWild, arXiv:2604.13075, doi:10.7910/DVN/CWMCZI",
        "keywords": ["de-escalation", "dialogue", "role-play", manifest.canary],
        **({} if manifest.is_sample else _RAI),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": REPO,
                "name": REPO,
                "description": "The repository.",
                "contentUrl": url,
                "encodingFormat": "git+https",
                # A git repository has no sha256; this is what the format's own examples put here.
                "sha256": "https://github.com/mlcommons/croissant/issues/80",
            },
            *(_file_set(config) for config in CONFIGS),
        ],
        "recordSet": [_record_set(config) for config in CONFIGS],
    }
    return (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode()
