"""``deescalwild evaluate``: a thin command over ``run.py``, ``latency_alone.py`` and ``validity.py``."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eval_harness.commands.printing import print_scores, recorded_command
from eval_harness.engines import EngineName
from eval_harness.engines.hf import LoadIn

if TYPE_CHECKING:
    from eval_harness.models import Candidate
    from eval_harness.run import Settings

WEIGHTS = "Weights (--backend hf or vllm)"
ENDPOINT = "An endpoint (--backend openai)"
DEVICE = "Your own device (--latency-only)"
GGUF = "A GGUF file (--backend llama.cpp)"


class Rules(StrEnum):
    """Which protocols a run follows, in the user's word."""

    ranked = "ranked"
    paper = "paper"
    both = "both"

    @property
    def protocols(self) -> tuple[str, ...]:
        """Their names in the ledger."""
        return {
            "ranked": ("deescalwild",),
            "paper": ("deescalwild_paper",),
            "both": ("deescalwild", "deescalwild_paper"),
        }[self.value]


def _print_latency(path: Path) -> None:
    from submissions.latency import read_latency

    found = read_latency(path).latency
    typer.echo(f"{found.machine.profile}, {found.engine}: {found.n_items} replies one at a time after {found.n_warmup}")
    for name in ("first_token_s", "output_token_s", "end_to_end_s"):
        own = getattr(found, name)
        typer.echo(f"{name:<15} p50 {own.p50:7.3f}   p95 {own.p95:7.3f}")
    told = {
        "MiB": found.peak_memory_mib,
        "MiB on the GPU": found.peak_gpu_memory_mib,
        "J a reply": found.energy_j_per_item,
    }
    typer.echo(
        "peak memory, energy: "
        + (", ".join(f"{value:.1f} {unit}" for unit, value in told.items() if value is not None) or "not told")
    )
    typer.echo(path)


def _seeds(text: str) -> tuple[int, ...]:
    """Distinct seeds from ``1,2,3``, in order."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < 2**32 for part in parts) or len(set(parts)) < len(parts):
        raise typer.BadParameter(f"--seeds {text!r}: give different whole numbers below 2³², for example 1,2,3.")
    return tuple(int(part) for part in parts)


def _print_validity(data: Path, results: Path, split: str) -> None:
    from eval_harness import validity

    typer.echo(validity.as_text(validity.assess(data, results, split)), nl=False)


def _measure(candidate: "Candidate", settings: "Settings") -> None:
    """One run, with its progress and its scores on the terminal."""
    from eval_harness.errors import full_disk_named
    from eval_harness.processes import process_rank
    from eval_harness.progress import progress_bar
    from eval_harness.run import evaluate as run_evaluation

    with full_disk_named(settings.results), progress_bar(candidate.model.id) as show:
        path = run_evaluation(candidate, settings, show)
    if process_rank() == 0:
        print_scores(path)


def evaluate(
    model: Annotated[str | None, typer.Argument(help="Hub id, local folder, or baseline/NAME.")] = None,
    split: Annotated[str, typer.Option(help="Split to score; the board ranks test.")] = "test",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N scenarios. Such runs are never ranked.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; the fastest unless given.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Replies generated at once.")] = 32,
    output: Annotated[Path, typer.Option(help="Results folder of a ledger.")] = Path("results"),
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit on the Hub.")] = None,
    name: Annotated[str | None, typer.Option(help="ORG/NAME for a local folder in the ledger.")] = None,
    kind: Annotated[Literal["base", "fine-tuned"], typer.Option(help="What it is in the ledger.")] = "base",
    base_model: Annotated[str | None, typer.Option(help="ORG/MODEL it was made from.")] = None,
    weights: Annotated[
        Literal["full", "merged"], typer.Option(help="merged: an adapter was merged into its base.")
    ] = "full",
    quantisation: Annotated[str | None, typer.Option(help="How its weights were quantised, if they were.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, as the Hub names it.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="BERTScore encoder as MODEL:LAYER, another signature than roberta-large:17."),
    ] = None,
    protocol: Annotated[
        Rules, typer.Option(help="The ranked one, the paper's script as published, or both: a result each.")
    ] = Rules.ranked,
    sampled: Annotated[
        bool,
        typer.Option(
            "--sampled",
            help="Sample with the paper's settings, once a seed; the paper's protocol always does. Never ranked with greedy.",
        ),
    ] = False,
    seeds: Annotated[str, typer.Option(help="Seeds of a sampled run.")] = "1,2,3",
    backend: Annotated[EngineName, typer.Option(help="What generates the replies.")] = EngineName.hf,
    base_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint, up to /v1.", rich_help_panel=ENDPOINT)
    ] = None,
    model_name: Annotated[
        str | None, typer.Option(help="The endpoint's name of the model; MODEL unless given.", rich_help_panel=ENDPOINT)
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Variable that holds the key, or none; OPENAI_API_KEY unless given.", rich_help_panel=ENDPOINT
        ),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=256, help="Requests at a time; 4 unless given.", rich_help_panel=ENDPOINT)
    ] = None,
    price_in: Annotated[
        float | None, typer.Option(min=0, help="US dollars for a million prompt tokens.", rich_help_panel=ENDPOINT)
    ] = None,
    price_out: Annotated[
        float | None, typer.Option(min=0, help="US dollars for a million new tokens.", rich_help_panel=ENDPOINT)
    ] = None,
    price_cached: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="US dollars for a million cached prompt tokens; --price-in unless given.",
            rich_help_panel=ENDPOINT,
        ),
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before more US dollars are spent.", rich_help_panel=ENDPOINT)
    ] = None,
    extra_body: Annotated[
        str | None,
        typer.Option(
            help='JSON object added to every request, such as {"reasoning_effort": "none"}.', rich_help_panel=ENDPOINT
        ),
    ] = None,
    latency_only: Annotated[
        bool,
        typer.Option(
            "--latency-only",
            help="Time replies on this machine and score nothing: a file to put beside the result.",
            rich_help_panel=DEVICE,
        ),
    ] = False,
    latency_items: Annotated[int, typer.Option(min=1, help="Replies to time.", rich_help_panel=DEVICE)] = 30,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Name of this machine, such as jetson-orin-nano; its processor's unless given.", rich_help_panel=DEVICE
        ),
    ] = None,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"] | None,
        typer.Option(help="What the weights are loaded in; float32 unless given.", rich_help_panel=WEIGHTS),
    ] = None,
    load_in: Annotated[
        LoadIn | None, typer.Option(help="Quantise on loading; needs a GPU and bitsandbytes.", rich_help_panel=WEIGHTS)
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(help="LoRA adapter on MODEL: ORG/NAME, ORG/NAME@REVISION or a folder.", rich_help_panel=WEIGHTS),
    ] = None,
    tensor_parallel: Annotated[
        int | None, typer.Option(min=1, help="vllm: GPUs that share one copy of the weights.", rich_help_panel=WEIGHTS)
    ] = None,
    data_parallel: Annotated[
        int | None, typer.Option(min=1, help="vllm: copies of the model, by Ray.", rich_help_panel=WEIGHTS)
    ] = None,
    max_model_len: Annotated[
        int | None, typer.Option(min=256, help="vllm: tokens of prompt and reply.", rich_help_panel=WEIGHTS)
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Processor threads; llama.cpp's choice unless given.", rich_help_panel=GGUF),
    ] = None,
    validity: Annotated[
        bool,
        typer.Option("--validity", help="No model: what baselines reach on the split, and what it can tell apart."),
    ] = False,
) -> None:
    """Score a model on held-out scenarios and write the result file.

    Example: deescalwild evaluate HuggingFaceTB/SmolLM2-135M-Instruct --output results
    Example: deescalwild evaluate HuggingFaceTB/SmolLM2-135M-Instruct --latency-only --profile jetson-orin-nano
    """
    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from eval_harness.benchmark import find_data, load_benchmark
    from eval_harness.engines.choose import Options, choose
    from eval_harness.run import Settings
    from eval_harness.scoring import use_encoder

    if encoder:
        use_encoder(encoder)
    folder = find_data(data)
    if validity:
        _print_validity(folder, output.resolve(), split)
        return
    if model is None:
        raise typer.BadParameter("give a MODEL, or --validity.")
    chosen_seeds = _seeds(seeds)
    digest = load_benchmark(folder, split).manifest.digest
    options = Options(
        backend=backend,
        device=device,
        base_url=base_url,
        model_name=model_name,
        api_key_env=api_key_env,
        concurrency=concurrency,
        price_in=price_in,
        price_out=price_out,
        price_cached=price_cached,
        max_cost=max_cost,
        extra_body=extra_body,
        threads=threads,
        dtype=dtype,
        load_in=load_in,
        adapter=adapter,
        tensor_parallel=tensor_parallel,
        data_parallel=data_parallel,
        max_model_len=max_model_len,
    )
    known = {
        "revision": revision,
        "ledger_name": name,
        "kind": kind,
        "base_model": base_model,
        "weights": weights,
        "quantisation": quantisation,
        "licence": licence,
        "train_digest": digest,
    }
    candidate = choose(model, options, known)
    settings = Settings(
        data=folder,
        results=output.resolve(),
        split=split,
        limit=limit,
        batch_size=batch_size,
        command=recorded_command(),
    )
    if latency_only:
        from eval_harness.latency_alone import measure_alone

        path = measure_alone(candidate, settings, profile=profile, n_items=latency_items)
        _print_latency(path)
        return
    for rules in protocol.protocols:
        is_sampled = sampled or rules != "deescalwild"
        _measure(candidate, replace(settings, protocol=rules, seeds=chosen_seeds if is_sampled else ()))
