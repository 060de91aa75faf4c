"""A user's options → the candidate and its engine, before anything heavy is loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import ValidationError

from eval_harness.engines import EngineName
from eval_harness.engines.hf import HF
from eval_harness.engines.openai import OpenAI
from eval_harness.errors import EvaluationError
from eval_harness.models import Candidate, resolve
from submissions.schema import BASELINE_ORG, Model

_HF, _VLLM, _OPENAI, _LLAMA_CPP = EngineName.hf, EngineName.vllm, EngineName.openai, EngineName.llama_cpp


@dataclass(frozen=True)
class Options:
    """What was given on the command line beside the model's name; None where nothing was.

    ``extra_body``: a JSON object. Prices are US dollars for a million tokens.
    """

    backend: EngineName = _HF
    device: str | None = None
    base_url: str | None = None
    model_name: str | None = None
    api_key_env: str | None = None
    concurrency: int | None = None
    price_in: float | None = None
    price_out: float | None = None
    price_cached: float | None = None
    max_cost: float | None = None
    extra_body: str | None = None


_GOES_WITH: dict[str, tuple[EngineName, ...]] = {
    "device": (_HF,),
    "concurrency": (_OPENAI, _LLAMA_CPP),
    **dict.fromkeys(
        ("base_url", "model_name", "api_key_env", "price_in", "price_out", "price_cached", "max_cost", "extra_body"),
        (_OPENAI,),
    ),
}


def check(options: Options) -> None:
    """Refuse options of another engine than the chosen one: ignored, they would mislead.

    Raises:
        EvaluationError: the first of them.
    """
    for field in fields(options):
        allowed = _GOES_WITH.get(field.name, tuple(EngineName))
        if getattr(options, field.name) is not None and options.backend not in allowed:
            raise EvaluationError(
                f"--{field.name.replace('_', '-')} goes with --backend {' or '.join(allowed)}, not {options.backend}."
            )


def choose(name: str, options: Options, known: Mapping[str, Any]) -> Candidate:
    """The candidate that a user named.

    Args:
        name: as the engine takes it: Hub id or folder; for an endpoint the id that the ledger shall hold.
        known: arguments of :func:`eval_harness.models.resolve`.

    Raises:
        EvaluationError: the options contradict each other, or the model cannot be measured.
        MissingAsset: the Hub cannot be reached.
    """
    check(options)
    if options.backend == _HF or name.startswith(f"{BASELINE_ORG}/"):
        found = resolve(name, **known)
        return Candidate(found.model, found.folder, HF(options.device))
    return _endpoint(name, options, known)


def _endpoint(name: str, options: Options, known: Mapping[str, Any]) -> Candidate:
    if options.base_url is None:
        raise EvaluationError("--backend openai needs --base-url, such as http://127.0.0.1:8000/v1.")
    given = {
        "api_key_variable": options.api_key_env,
        "concurrency": options.concurrency,
        "fields": _extra_body(options.extra_body) if options.extra_body else None,
    }
    engine = OpenAI(
        options.base_url.rstrip("/"),
        options.model_name or name,
        price_in=options.price_in,
        price_out=options.price_out,
        price_cached=options.price_cached,
        max_cost=options.max_cost,
        **{key: value for key, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    engine.budget()  # a limit without prices is said now
    try:
        model = Model(
            id=known.get("ledger_name") or name,
            revision=engine.revision,
            source="api",
            kind="api",
            precision="none",
            licence=known.get("licence"),
        )
    except ValidationError:
        raise EvaluationError(
            f"{name[:80]!r} cannot stand in the ledger. Give the model's id there as ORG/NAME, "
            "and the endpoint's name for it with --model-name."
        ) from None
    return Candidate(model, None, engine)


def _extra_body(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EvaluationError(
            f'--extra-body {text[:80]!r} is no JSON object. Example: \'{{"reasoning_effort": "none"}}\'.'
        )
    return found
