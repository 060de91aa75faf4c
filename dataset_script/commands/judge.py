"""``deescalwild data judge``."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from dataset_script.judge.options import ApiKeyEnv, Concurrency, MaxCost, MaxRequests, PriceIn, PriceOut


def judge(
    source: Annotated[Path, typer.Argument(help="Folder or archive of transcripts.")],
    model: Annotated[str, typer.Option(help="Name of the judge, as its endpoint knows it.")],
    base_url: Annotated[str, typer.Option(help="OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1.")],
    output: Annotated[Path, typer.Option(help="JSON lines to append to; what it holds is not asked for again.")] = Path(
        "judgements.jsonl"
    ),
    rubric: Annotated[
        Literal["scenario", "turn", "both"], typer.Option(help="Judge whole transcripts, turns, or both.")
    ] = "both",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N transcripts.")] = None,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    concurrency: Concurrency = 4,
    api_key_env: ApiKeyEnv = "OPENAI_API_KEY",
    window: Annotated[int, typer.Option(min=1, max=200, help="Turns judged in one request.")] = 40,
    context: Annotated[int, typer.Option(min=0, max=200, help="Turns shown before a window.")] = 8,
    max_words: Annotated[
        int, typer.Option(min=100, help="Words shown of a scenario; longer ones lose their middle.")
    ] = 24_000,
    max_evidence: Annotated[
        int, typer.Option(min=1, help="Quotes asked for of a scenario: most of what an answer costs.")
    ] = 30,
    max_tokens: Annotated[int, typer.Option(min=16, help="Limit of one answer.")] = 4096,
    seed: Annotated[int, typer.Option(help="Seed, where the endpoint takes one.")] = 0,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for one answer.")] = 300.0,
    max_retries: Annotated[int, typer.Option(min=0, help="Retries of a request that was not answered.")] = 5,
    repeat: Annotated[
        int, typer.Option(min=0, help="Ask a sample N more times: does the judge agree with itself?")
    ] = 0,
    repeat_sample: Annotated[int, typer.Option(min=1, help="Requests of each rubric that are repeated.")] = 20,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again where there was no valid answer.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Also write the report as JSON to this file.")] = None,
) -> None:
    """Have a language model judge turns and scenarios. Transcripts are sent as they are: mind who runs the endpoint.

    Example: deescalwild data judge my_transcripts --model qwen3-32b --base-url http://127.0.0.1:8000/v1 --limit 20
    """
    from dataset_script.atomic import replacing
    from dataset_script.commands.progress import progress
    from dataset_script.download import open_source
    from dataset_script.inputs import find_transcripts
    from dataset_script.judge.budget import Budget, Prices
    from dataset_script.judge.client import Decoding, Endpoint, api_key_from
    from dataset_script.judge.judgements import read_all
    from dataset_script.judge.report import as_text, make_report
    from dataset_script.judge.rubrics import KINDS
    from dataset_script.judge.run import Settings, read_sources
    from dataset_script.judge.run import judge as run_judge
    from dataset_script.transcripts import SUFFIXES

    offered = find_transcripts(open_source(source))
    paths = [path for path in offered if path.suffix.lower() in SUFFIXES][:limit]
    endpoint = Endpoint(base_url, model, api_key_from(api_key_env, base_url), timeout, max_retries)
    budget = Budget(Prices(price_in, price_out), max_requests=max_requests, max_cost=max_cost)
    settings = Settings(
        kinds=KINDS if rubric == "both" else (rubric,),
        window=window,
        context=context,
        max_words=max_words,
        max_evidence=max_evidence,
        concurrency=concurrency,
        repeats=repeat,
        sample=repeat_sample,
        retry_failed=retry_failed,
    )
    with progress(f"{model} judges") as on_progress:
        outcome = run_judge(
            paths,
            output,
            endpoint,
            settings=settings,
            decoding=Decoding(max_tokens=max_tokens, seed=seed),
            budget=budget,
            on_progress=on_progress,
        )
    for sentence in outcome.refused:
        typer.echo(f"refused: {sentence}", err=True)
    typer.echo(
        f"{output}: {outcome.answered} requests answered, {outcome.failed} failed, {outcome.cached} were there already; "
        f"{budget.requests} HTTP requests, cost {budget.cost:.4f}"
    )
    if outcome.stopped:
        typer.echo(f"stopped: {outcome.stopped}; {outcome.remaining} are left. Run the same command again to go on.")
    if output.exists():
        found = make_report(read_all(output), {transcript.name: transcript for transcript in read_sources(paths)[0]})
        typer.echo(as_text(found), nl=False)
        if report is not None:
            with replacing(report) as file:
                json.dump(found.as_dict(), file, indent=2, ensure_ascii=False)
