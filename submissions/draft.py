"""A request from what its author said and what the Hub says. Plain facts in, fields out."""

import shlex
from collections.abc import Mapping
from typing import Any

from submissions.hub import ModelFacts
from submissions.hub_ledger import title_of
from submissions.request import Request

_PRECISIONS = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
"""The dtype of most weights → what they are loaded in."""


def fill(said: Mapping[str, str | None], facts: ModelFacts | None, user: str | None) -> dict[str, Any]:
    """Fields of a request, in its order.

    Args:
        said: field → value, or None where the author said nothing. It always wins.
        facts: of the model; None where the Hub was not reached.
        user: the author's account, the contact unless another is given.
    """
    given = {field: value for field, value in said.items() if value is not None}
    known = {**_from_hub(facts, given), "contact": user} if facts else {"contact": user}
    values = {**{field: value for field, value in known.items() if value is not None}, **given}
    return {field: values[field] for field in Request.model_fields if field in values}


def _from_hub(facts: ModelFacts, given: Mapping[str, str]) -> dict[str, str | None]:
    bases = (facts.adapter_base,) if facts.adapter_base else facts.base_models
    base = given.get("base_model") or (bases[0] if len(bases) == 1 else None)
    precision = given.get("precision") or ("gguf" if "gguf_file" in given else _precision(facts))
    return {
        "model": facts.id,
        "revision": facts.sha,
        "precision": precision,
        "kind": "fine-tuned" if base else "base",
        "weights": facts.weights or "full",
        "base_model": base,
        "quantisation": facts.quantisation,
        "gguf_file": facts.gguf_files[0] if precision == "gguf" and len(facts.gguf_files) == 1 else None,
        "licence": facts.licence,
    }


def _precision(facts: ModelFacts) -> str | None:
    if facts.weights is None and facts.gguf_files:
        return "gguf"
    for bits, name in (("4 bits", "int4"), ("8 bits", "int8")):
        if bits in (facts.quantisation or ""):
            return name
    return _PRECISIONS.get(facts.dtype or "")


def gh_commands(request: Request, path: str) -> list[str]:
    """Shell commands that open the pull request on GitHub, from a checkout that has the file."""
    branch = f"submit/{path.rpartition('requests/')[2].removesuffix('.yaml').replace('/', '-')}"
    commands = [
        ["git", "switch", "--create", branch],
        ["git", "add", path],
        ["git", "commit", "--message", title_of(request)],
        ["gh", "pr", "create", "--title", title_of(request), "--body", "Written by `deescalwild submit`."],
    ]
    return [shlex.join(command) for command in commands]
