"""``deescalwild submissions verify``: a thin command over ``verify.py``."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    results: Annotated[list[Path] | None, typer.Argument(help="Result files; all of the ledger unless given.")] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Results folder; the one that ships with the code unless given.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the outcome beside each result. For maintainers.")
    ] = False,
    ours: Annotated[
        bool, typer.Option("--ours", help="We ran these models: the tier is verified, and latency counts.")
    ] = False,
    held_out: Annotated[
        Path | None, typer.Option(help="The same model's result on the private split; aggregates only are kept.")
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="BERTScore encoder as MODEL:LAYER.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a result.")] = False,
) -> None:
    """Recompute every number of a result from its predictions, on a CPU, and look for signs of test data in training.

    Example: deescalwild submissions verify submissions/results/acme__civilian-3b/*.json
    """
    import json

    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from eval_harness import verify as checking
    from eval_harness.benchmark import find_data
    from eval_harness.scoring import use_encoder
    from submissions.ledger import LEDGER, LedgerError, parse_result, result_files, verification_path, write_whole
    from submissions.verification import read_verification

    if encoder:
        use_encoder(encoder)
    folder = (ledger or LEDGER / "results").resolve()
    paths = [path.resolve() for path in results] if results else result_files(folder)
    if held_out and len(paths) != 1:
        raise LedgerError("--held-out belongs to one result. Give one RESULT with it.")
    private = parse_result(held_out.read_bytes()) if held_out else None
    failed = 0
    for path in paths:
        try:
            # Who only looks recomputes a result as what the maintainers recorded it to be.
            recorded = None if record else read_verification(path)
            tier = "verified" if ours else recorded.tier if recorded else "recomputed"
            report = checking.verify(path, folder, find_data(data), tier=tier, held_out=private)
            problems, flags = report.problems, report.verification.flags if report.verification else []
        except LedgerError as error:
            report, problems, flags = None, (str(error),), []
        failed += bool(problems)
        if as_json:
            largest = dict(report.largest) if report else {}
            row = {"result": str(path), "valid": not problems, "problems": problems, "largest_difference": largest}
            typer.echo(json.dumps(row | {"flags": [flag.model_dump() for flag in flags]}, ensure_ascii=False))
        else:
            _print(path, problems, flags, dict(report.largest) if report else {})
        if record and report and report.verification:
            write_whole(verification_path(path), f"{report.verification.model_dump_json(indent=1)}\n".encode())
    if failed:
        raise LedgerError(f"{failed} of {len(paths)} results do not follow from their predictions.")


def _print(path: Path, problems, flags, largest: dict[str, float]) -> None:
    worst = max(largest.values(), default=0.0)
    typer.echo(
        f"{path.parent.name}/{path.name}: "
        + ("wrong" if problems else f"every number recomputed (largest difference {worst:.1e})")
    )
    for problem in problems:
        typer.echo(f"  {problem}")
    for flag in flags:
        typer.echo(f"  flag {flag.name}: {flag.evidence}")
