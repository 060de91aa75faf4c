"""``deescalwild judge``: a thin command over ``eval_harness/judging``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dataset_script.judge.options import ApiKeyEnv, Concurrency, MaxCost, MaxRequests, PriceIn, PriceOut

if TYPE_CHECKING:
    from dataset_script.judge.budget import Budget
    from dataset_script.judge.client import Endpoint
    from eval_harness.judging.run import Plan
    from eval_harness.judging.sources import Judged
    from submissions.judgement import Judgement


def judge(
    result: Annotated[Path, typer.Argument(help="A result, or predictions as JSON lines (item_id, prediction).")],
    model: Annotated[str, typer.Option(help="Name of the judge, as its endpoint knows it.")],
    base_url: Annotated[str, typer.Option(help="OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1.")],
    rubric: Annotated[
        Literal["realism", "de-escalation", "both"], typer.Option(help="What is judged of each reply.")
    ] = "both",
    items: Annotated[
        int | None, typer.Option(min=1, help="Only so many items, spread over all scenarios; all unless given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the sample, the positions and, where taken, the judge.")] = 0,
    both_orders: Annotated[
        bool, typer.Option("--both-orders", help="Each item twice, the model's reply first and second.")
    ] = False,
    repeats: Annotated[int, typer.Option(min=0, max=20, help="Ask a part again so many times, for agreement.")] = 1,
    repeat_items: Annotated[int, typer.Option(min=1, help="Items that are repeated.")] = 20,
    history_words: Annotated[int, typer.Option(min=1, max=100_000, help="Words of the dialogue shown.")] = 1500,
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    split: Annotated[str, typer.Option(help="Of predictions; a result names its own.")] = "test",
    judged_model: Annotated[str | None, typer.Option(help="ORG/NAME of predictions' model.")] = None,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    concurrency: Concurrency = 4,
    api_key_env: ApiKeyEnv = "OPENAI_API_KEY",
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Of the judge.")] = 0.0,
    max_tokens: Annotated[int, typer.Option(min=64, help="Limit of one answer, thoughts included.")] = 2048,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for one answer.")] = 300.0,
    max_retries: Annotated[int, typer.Option(min=0, help="Retries of a request that was not answered.")] = 5,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again where there was no valid answer.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before requests are sent.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rubric instead of a table.")] = False,
) -> None:
    """Have a language model judge stored predictions, beside what people said. Dialogues are sent as they are: mind who runs the endpoint.

    Example: deescalwild judge results/acme__civilian-3b/0123456789ab-bfloat16-deescalwild-89abcdef.json --model qwen3-32b --base-url http://127.0.0.1:8000/v1 --items 100
    """
    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from dataset_script.judge.budget import Budget, Prices
    from dataset_script.judge.client import Decoding, Endpoint, api_key_from
    from eval_harness.benchmark import find_data
    from eval_harness.judging.rubrics import CURRENT
    from eval_harness.judging.run import Settings, make_plan
    from eval_harness.judging.sources import read_judged

    judged = read_judged(result.resolve(), find_data(data), split=split, model_id=judged_model)
    endpoint = Endpoint(base_url, model, api_key_from(api_key_env, base_url), timeout, max_retries)
    budget = Budget(Prices(price_in, price_out), max_requests=max_requests, max_cost=max_cost)
    decoding = Decoding(temperature, max_tokens, seed)
    plans = [
        make_plan(
            judged,
            Settings(name, items, seed, both_orders, repeats, repeat_items, history_words, concurrency, retry_failed),
            model,
            decoding,
        )
        for name in (CURRENT if rubric == "both" else [rubric])
    ]
    _confirm(plans, judged, budget, yes=yes)
    for plan in plans:
        _judge(plan, judged, endpoint, budget, as_json=as_json)


def _journal(judged: "Judged", plan: "Plan") -> Path:
    """Beside what is judged, in a hidden folder, and kept: a larger sample asks only for what is new."""
    from submissions.judgement import judgement_path

    path = judgement_path(judged.path, plan.judge, plan.rubric.name)
    return path.parent / ".work" / f"{path.stem}.jsonl"


def _confirm(plans: "list[Plan]", judged: "Judged", budget: "Budget", *, yes: bool) -> None:
    """Say what is about to be sent, and wait for a yes. Silent where all is answered already.

    Raises:
        EvaluationError: there is nobody to ask.
        typer.Abort: the answer is no.
    """
    import sys

    from eval_harness.errors import EvaluationError
    from eval_harness.judging.run import estimate, open_jobs
    from eval_harness.judging.verdicts import read_verdicts

    jobs = [job for plan in plans for job in open_jobs(plan, read_verdicts(_journal(judged, plan)))]
    if not jobs:
        return
    usage = estimate(jobs)
    prices = budget.prices
    cost = f"about {prices.cost(usage):.2f}" if prices.prompt or prices.completion else "unknown: no prices given"
    typer.echo(
        f"{len(jobs)} requests, about {usage.prompt_tokens:,} prompt and {usage.completion_tokens:,} answer tokens; cost {cost}",
        err=True,
    )
    if yes:
        return
    if not sys.stdin.isatty():
        raise EvaluationError("nobody is there to confirm. Give --yes, or fewer --items.")
    typer.confirm("Send them?", abort=True, err=True)


def _judge(plan: "Plan", judged: "Judged", endpoint: "Endpoint", budget: "Budget", *, as_json: bool) -> None:
    from eval_harness.judging.outcome import make_judgement, write_judgement
    from eval_harness.judging.run import ask
    from eval_harness.judging.verdicts import read_verdicts
    from eval_harness.progress import progress_bar

    journal = _journal(judged, plan)
    with progress_bar(f"{plan.rubric.id} by {plan.judge}") as on_progress:
        pending = ask(plan, journal, endpoint, budget=budget, on_progress=on_progress)
    if pending.remaining:
        typer.echo(
            f"{plan.rubric.id}: stopped, {pending.stopped}; {pending.remaining} requests are left, and nothing is written yet. "
            "Run the same command again to go on.",
            err=True,
        )
        return
    found, verdicts = make_judgement(judged, plan, read_verdicts(journal), endpoint.host)
    _print(found, write_judgement(judged, found, verdicts), as_json=as_json)


def _print(found: "Judgement", path: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json())
        return
    from rich.console import Console

    from eval_harness.judging.report import as_notes, as_table

    console = Console()
    console.print(as_table(found))
    for note in as_notes(found):
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    console.print(str(path), markup=False, highlight=False, soft_wrap=True)
