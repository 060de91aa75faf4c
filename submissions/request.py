"""The request file as a type: what a model author writes, one YAML a submission.

Its place follows from its content: ``requests/<org>__<model>/<revision12>-<precision>-<protocol>.yaml``, the same stem
as the result it asks for. Published as JSON Schema in ``request.schema.json``. ``request_file.py`` reads and writes it.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict, JsonValue

from submissions.plain_text import fault_of
from submissions.schema import BASELINE_ORG, Line, ModelId, Sha40, Strict

MAX_REQUEST_BYTES = 64 * 2**10

Precision = Literal["float32", "bfloat16", "float16", "int8", "int4", "gguf", "none"]
QUANTISED = ("int8", "int4")


def _whole(value: object) -> object:
    """``true`` and ``1.0`` equal 1 in Python; here they are faults."""
    if type(value) is not int:
        raise ValueError("is not the whole number 1. Write 1")
    return value


def _plain_line(text: str) -> str:
    if fault := fault_of(text):
        raise ValueError(fault)
    return text


def _plain_text(text: str) -> str:
    if fault := fault_of(text, allowed="\n"):
        raise ValueError(fault)
    return text


def _hub_name(name: str) -> str:
    """The Hub's own rules for names, and one of ours: ``__`` joins organisation and model in a path."""
    org = name.partition("/")[0]
    if "--" in name or ".." in name or name.endswith((".git", ".ipynb")):
        raise ValueError(
            "is no name that the Hub allows: '--', '..' and the ending .git are reserved. Write it as the Hub does"
        )
    if "__" in org:
        raise ValueError("has '__' in its organisation, so its path could be another model's. Use one without")
    return name


PlainLine = Annotated[Line, AfterValidator(_plain_line)]
PlainText = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_plain_text),
]
HubName = Annotated[ModelId, AfterValidator(_hub_name)]
LicenceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{1,63}$")]
GgufFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.gguf$")]


def _if(field: str, values: list[JsonValue], **then: JsonValue) -> JsonDict:
    """A rule between fields for editors: where ``field`` has one of these values, ``then`` holds."""
    return {"if": {"properties": {field: {"enum": values}}, "required": [field]}, "then": then}


_RULES: list[JsonValue] = [
    _if("kind", ["fine-tuned"], required=["base_model"]),
    _if("kind", ["base", "api"], properties={"weights": {"const": "full"}}),
    _if("kind", ["api"], properties={"precision": {"const": "none"}}),
    _if("precision", ["none"], properties={"kind": {"const": "api"}}),
    _if("precision", ["gguf"], required=["gguf_file"]),
    _if("precision", list(QUANTISED), required=["quantisation"]),
    _if("weights", ["adapter"], required=["base_revision"]),
]
"""``contradictions`` as far as JSON Schema can say it, so that an editor shows them."""


class Request(Strict):
    """A submission that waits to be measured."""

    model_config = ConfigDict(json_schema_extra={"allOf": _RULES})

    schema_version: Annotated[Literal[1], BeforeValidator(_whole)] = 1
    model: HubName = Field(description="ORG/MODEL on the Hub, spelt as the Hub spells it.")
    revision: Sha40 = Field(description="The commit to measure: 40 lower-case hex digits, no branch, no tag.")
    precision: Precision = Field(description="What the weights are loaded in; none for an API.")
    protocol: Literal["deescalwild", "deescalwild_paper"] = Field(
        "deescalwild", description="deescalwild is ranked; deescalwild_paper compares with the paper's table."
    )
    kind: Literal["base", "fine-tuned", "api"] = Field(description="fine-tuned names its base_model.")
    weights: Literal["full", "adapter", "merged"] = Field(
        "full", description="adapter: loaded on base_model; merged: an adapter that was merged into it."
    )
    base_model: HubName | None = Field(None, description="ORG/MODEL that this one was made from.")
    base_revision: Sha40 | None = Field(None, description="Commit of base_model; an adapter needs it.")
    quantisation: PlainLine | None = Field(
        None, min_length=2, description="How int8 or int4 weights were made, such as GPTQ, group size 128."
    )
    gguf_file: GgufFile | None = Field(None, description="File of the repository for precision gguf.")
    chat_template: PlainLine | None = Field(
        None, min_length=2, description="Note on the chat template, if it is not the repository's own."
    )
    licence: LicenceId = Field(description="The Hub's id of the licence, such as apache-2.0; other for any other.")
    contact: PlainLine = Field(
        min_length=2, description="Whom to ask: a Hub user name or an address that may be public."
    )
    trained_on_corpus: Literal["no", "train", "train+validation", "test", "unknown"] = Field(
        description="What of DeEscalWild was in the training data. A model that saw test is shown with a flag."
    )
    comment: PlainText | None = Field(None, min_length=1, description="Anything a reader should know. Plain text.")

    @model_validator(mode="after")
    def _consistent(self) -> "Request":
        if found := list(contradictions(self.model_dump())):
            raise ValueError("; ".join(found))
        return self


def contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Rules between the fields of a request that ``values`` breaks, each as ``field: what to do``."""
    model, precision, weights = values.get("model"), values.get("precision"), values.get("weights", "full")
    kind, base = values.get("kind"), values.get("base_model")
    if str(model).partition("/")[0].casefold() == BASELINE_ORG:
        yield f"model: the organisation {BASELINE_ORG} is reserved for the trivial baselines. Write your own"
    if kind == "base" and weights != "full":
        yield f"kind: a model with {weights} weights is fine-tuned, not base"
    if kind == "api" and weights != "full":
        yield "weights: an API has no weights of its own. Leave it out"
    if base is None and (kind == "fine-tuned" or weights in ("adapter", "merged")):
        yield "base_model: is missing. Say what the model was made from"
    if base is not None and base == model:
        yield "base_model: is the model itself. Name the one it was made from, or leave it out"
    if base is None and values.get("base_revision") is not None:
        yield "base_revision: belongs to base_model. Name that too"
    if weights == "adapter" and values.get("base_revision") is None:
        yield "base_revision: is missing. An adapter is measured on one commit of its base"
    if (precision == "gguf") != (values.get("gguf_file") is not None):
        yield "gguf_file: goes with precision gguf, and only with it"
    if precision in QUANTISED and values.get("quantisation") is None:
        yield f"quantisation: is missing. Say how the {precision} weights were made"
    if (kind == "api") != (precision == "none"):
        yield "precision: is none for kind api, and only for it"


def request_path(request: Request) -> PurePosixPath:
    """Place of a request below ``submissions/``, from its content alone."""
    stem = f"{request.revision[:12]}-{request.precision}-{request.protocol}"
    return PurePosixPath("requests", request.model.replace("/", "__"), f"{stem}.yaml")
