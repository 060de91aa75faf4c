"""The request file as a type: what a model author writes, one YAML a submission.

Its place follows from its content: ``requests/<org>__<model>/<revision12>-<precision>-<protocol>.yaml``, the same stem
as the result it asks for. Published as JSON Schema in ``request.schema.json``.
"""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from submissions.schema import BASELINE_ORG, Line, ModelId, Sha40, Strict

MAX_REQUEST_BYTES = 64 * 2**10

Precision = Literal["float32", "bfloat16", "float16", "int8", "int4", "gguf", "none"]
Text = Annotated[
    str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$")
]


class Request(Strict):
    """A submission that waits to be measured.

    ``gguf_file``: file of the repository for ``precision: gguf``. ``trained_on_corpus``: whether any split of DeEscalWild
    was in its training data; ``test`` in training makes it a flagged row.
    """

    schema_version: Literal[1] = 1
    model: ModelId
    revision: Sha40
    precision: Precision
    protocol: Literal["deescalwild", "deescalwild_paper"] = "deescalwild"
    kind: Literal["base", "fine-tuned", "api"]
    weights: Literal["full", "adapter", "merged"] = "full"
    base_model: ModelId | None = None
    base_revision: Sha40 | None = None
    quantisation: Line | None = None
    gguf_file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.gguf$")] | None = None
    chat_template: Line | None = Field(
        None, description="Note on the chat template, if it is not the repository's own."
    )
    licence: Line
    contact: Line
    trained_on_corpus: Literal["no", "train", "train+validation", "test", "unknown"]
    comment: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Request":
        if self.model.startswith(f"{BASELINE_ORG}/"):
            raise ValueError(f"the organisation {BASELINE_ORG!r} is reserved for the trivial baselines")
        if self.weights != "full" and self.base_model is None:
            raise ValueError("an adapter or merged model needs base_model")
        if (self.precision == "gguf") != (self.gguf_file is not None):
            raise ValueError("precision 'gguf' and gguf_file belong together")
        return self


def request_path(request: Request) -> PurePosixPath:
    """Place of a request below ``submissions/``, from its content alone."""
    stem = f"{request.revision[:12]}-{request.precision}-{request.protocol}"
    return PurePosixPath("requests", request.model.replace("/", "__"), f"{stem}.yaml")
