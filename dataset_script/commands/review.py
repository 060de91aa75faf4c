"""``deescalwild data review``."""

from pathlib import Path
from typing import Annotated

import typer


def _report(decisions: Path, judgements: Path | None, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from dataset_script.judge.judgements import read_judgements
    from dataset_script.review import agreement
    from dataset_script.review.decisions import read_review
    from dataset_script.review.settlement import settle

    review = read_review(decisions)
    found = [agreement.agreement(question, units) for question, units in agreement.ratings_of(review.decisions).items()]
    if judgements:
        ratings = agreement.judge_ratings(review.decisions, read_judgements(judgements))
        found.append(agreement.agreement("verdict, the judge among the people", ratings))
    conflicts = settle(review.decisions).conflicts
    if as_json:
        rows = [{**asdict(each), "kappas": [[*pair, kappa] for pair, kappa in each.kappas.items()]} for each in found]
        typer.echo(
            json.dumps({"agreement": rows, "conflicts": len(conflicts), "torn_lines": review.torn_lines}, indent=1)
        )
        return
    typer.echo(agreement.as_text(found), nl=False)
    typer.echo(f"{len(conflicts)} conflicts wait for adjudication (--adjudicate)")
    if review.torn_lines:
        typer.echo(f"{decisions}: lines {', '.join(map(str, review.torn_lines))} are torn and were left out", err=True)


def review(
    source: Annotated[Path, typer.Argument(help="Folder or archive of transcripts, as for `data build`.")],
    reviewer: Annotated[str, typer.Option(help="Your name in the decisions file.")] = "",
    decisions: Annotated[Path, typer.Option(help="File to append to; several reviewers may share it.")] = Path(
        "decisions.jsonl"
    ),
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="Settle conflicts: your word holds.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print agreement and conflicts, and stop.")] = False,
    judgements: Annotated[Path | None, typer.Option(help="With --report: compare people with `data judge`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --report: JSON.")] = False,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 7870,
) -> None:
    """Verify scenarios in the browser; the decisions are an input of `data build --decisions`.

    Example: deescalwild data review my_transcripts --reviewer ada
    """
    if report:
        _report(decisions, judgements, as_json=as_json)
        return
    import re

    from dataset_script.commands.progress import progress
    from dataset_script.download import open_source
    from dataset_script.errors import DataError

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,39}", reviewer):
        raise DataError("give your name with --reviewer (letters, digits, spaces, at most 40).")
    from dataset_script.review.page import ReviewDesk, launch
    from dataset_script.review.view import load_scenarios

    refused: list[str] = []
    with progress("reading") as on_progress:
        scenarios = load_scenarios(open_source(source), on_progress=on_progress, on_refused=refused.append)
    for sentence in refused:
        typer.echo(f"refused: {sentence}", err=True)
    typer.echo(
        f"{len(scenarios)} scenarios on http://127.0.0.1:{port}, decisions in {decisions}. They are not redacted: this page is for this machine only."
    )
    launch(ReviewDesk(scenarios, decisions, reviewer, adjudicates=adjudicate), port)
