"""A user's options → the candidate and its engine, before anything heavy is loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from eval_harness.engines import Engine, EngineName
from eval_harness.engines.adapter import Adapter, find_adapter
from eval_harness.engines.gguf_file import read_header
from eval_harness.engines.hf import HF, QUANTISED, LoadIn
from eval_harness.engines.llama_cpp import LlamaCpp
from eval_harness.engines.openai import OpenAI
from eval_harness.engines.vllm import Vllm
from eval_harness.errors import EvaluationError
from eval_harness.models import Candidate, hub_errors, ledger_model, resolve
from submissions.schema import BASELINE_ORG

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
    threads: int | None = None
    dtype: str | None = None
    load_in: LoadIn | None = None
    adapter: str | None = None
    tensor_parallel: int | None = None
    data_parallel: int | None = None
    max_model_len: int | None = None


_GOES_WITH: dict[str, tuple[EngineName, ...]] = {
    "device": (_HF,),
    "concurrency": (_OPENAI, _LLAMA_CPP),
    "threads": (_LLAMA_CPP,),
    "dtype": (_HF, _VLLM),
    "load_in": (_HF,),
    "adapter": (_HF, _VLLM),
    **dict.fromkeys(("tensor_parallel", "data_parallel", "max_model_len"), (_VLLM,)),
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
    if name.startswith(f"{BASELINE_ORG}/"):
        return resolve(name, **known)
    choices = {_HF: _weights, _VLLM: _weights, _OPENAI: _endpoint, _LLAMA_CPP: _gguf}
    return choices[options.backend](name, options, known)


def _weights(name: str, options: Options, known: Mapping[str, Any]) -> Candidate:
    """Safetensors, with an adapter where one is named."""
    if options.load_in and options.dtype:
        raise EvaluationError("--load-in and --dtype exclude each other. Give one.")
    loading: dict[str, Any] = {"precision": options.dtype or "float32"}
    if options.load_in:
        precision, how = QUANTISED[options.load_in]
        loading = {"precision": precision, "quantisation": known.get("quantisation") or how}
    if not options.adapter:
        found = resolve(name, **{**known, **loading})
        return Candidate(found.model, found.folder, _engine_of_weights(options, None))
    base = resolve(name, **{**known, **loading, "ledger_name": None})
    adapter = find_adapter(options.adapter)
    if adapter.base.count("/") == 1 and not Path(adapter.base).is_absolute() and adapter.base != name:
        raise EvaluationError(
            f"{options.adapter} was trained on {adapter.base[:120]}, not on {name}. Name that as MODEL."
        )
    model = ledger_model(
        **base.model.model_dump(exclude={"id", "revision", "source", "kind", "base_model", "base_revision", "weights"}),
        id=known.get("ledger_name") or adapter.id,
        revision=adapter.revision,
        source=adapter.source,
        kind="fine-tuned",
        base_model=base.model.id,
        base_revision=base.model.revision,
        weights="adapter",
    )
    return Candidate(model, base.folder, _engine_of_weights(options, adapter))


def _engine_of_weights(options: Options, adapter: Adapter | None) -> Engine:
    folder = adapter.folder if adapter else None
    if options.backend == _HF:
        return HF(options.device, options.load_in, folder)
    return Vllm(
        options.tensor_parallel or 1,
        options.data_parallel or 1,
        options.max_model_len,
        folder,
        adapter.rank if adapter else 16,
    )


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
    model = ledger_model(
        id=known.get("ledger_name") or name,
        revision=engine.revision,
        source="api",
        kind="api",
        precision="none",
        licence=known.get("licence"),
    )
    return Candidate(model, None, engine)


def _gguf(name: str, options: Options, known: Mapping[str, Any]) -> Candidate:
    """A GGUF file: ``file.gguf`` here, or ``ORG/REPO:file.gguf`` on the Hub."""
    repo, _, inside = name.partition(":")
    if Path(name).is_file():
        file, revision, source, usual_id = Path(name), None, "local", f"local/{Path(name).stem}"
    elif inside:
        file, revision = _from_hub(repo, inside, known.get("revision"))
        source, usual_id = "hub", repo
    else:
        raise EvaluationError(f"{name}: no such file. --backend llama.cpp takes FILE.gguf or ORG/REPO:FILE.gguf.")
    header = read_header(file)
    model = ledger_model(
        id=known.get("ledger_name") or usual_id,
        revision=revision or header.sha256[:40],
        source=source,
        kind=known.get("kind", "base"),
        base_model=known.get("base_model"),
        weights=known.get("weights", "full"),
        architecture=header.architecture,
        parameters=header.parameters,
        precision=header.quantisation.lower(),
        quantisation=known.get("quantisation") or f"GGUF {header.quantisation}",
        licence=known.get("licence"),
    )
    given = {"concurrency": options.concurrency, "threads": options.threads}
    return Candidate(model, file, LlamaCpp(**{key: value for key, value in given.items() if value is not None}))


def _from_hub(repo: str, inside: str, revision: str | None) -> tuple[Path, str]:
    """(file in the cache, commit)."""
    from huggingface_hub import hf_hub_download

    with hub_errors(f"{repo}:{inside}", revision):
        file = Path(hf_hub_download(repo, inside, revision=revision))
    return file, file.parents[len(Path(inside).parts) - 1].name


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
