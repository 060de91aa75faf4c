"""``deescalwild submissions run``: a thin command over ``worker.py``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Place(StrEnum):
    """Where models run."""

    local = "local"
    slurm = "slurm"
    ray = "ray"
    hf_jobs = "hf-jobs"


def run(
    ledger: Annotated[
        str | None,
        typer.Option(
            envvar="DEESCALWILD_LEDGER",
            help="Folder or dataset repository of the ledger; the one that ships unless given.",
        ),
    ] = None,
    on: Annotated[Place, typer.Option(help="Where models run.")] = Place.local,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when nothing is left to take, instead of waiting.")
    ] = False,
    max_hours: Annotated[float | None, typer.Option(min=0, help="Take nothing new after so many hours.")] = None,
    attempts: Annotated[int, typer.Option(min=1, max=20, help="Failures after which a request has failed.")] = 3,
    time_limit: Annotated[float, typer.Option(min=0.001, help="Hours that one evaluation may take.")] = 12.0,
    memory_limit: Annotated[
        float | None, typer.Option(min=0.1, help="GiB of memory that one evaluation may use; most of what there is.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    work: Annotated[Path | None, typer.Option(help="Folder for running attempts; shared, on a cluster.")] = None,
    encoder: Annotated[str | None, typer.Option(help="BERTScore encoder as MODEL:LAYER.")] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="ORG/MODEL=FOLDER: weights that are not on the Hub; may be repeated.")
    ] = None,
) -> None:
    """Evaluate what is queued: the model without any token, the scoring apart from it. Safe to kill, and to run many times.

    Example: deescalwild submissions run --once --ledger submissions
    """
    import signal

    from submissions.engines import Limits, open_engine
    from submissions.ledger import LEDGER, LedgerError
    from submissions.queue import Policy
    from submissions.scoring import held_out_folder
    from submissions.stores import open_store
    from submissions.worker import Setup, Worker, available_memory_gib, deadline, find_dataset, local_weights

    def stop(*_: object) -> None:
        raise KeyboardInterrupt  # what ends a job in a cluster gives its request back like Ctrl-C

    setup = Setup(
        data=find_dataset(data),
        work=work,
        held_out=held_out_folder(),
        encoder=encoder,
        weights=local_weights(weights or ()),
        limits=Limits(time_limit * 3600, memory_limit or available_memory_gib()),
        policy=Policy(attempts=attempts),
    )
    if work is not None and not work.is_dir():
        raise LedgerError(f"--work {work} is no folder. Create it.")
    signal.signal(signal.SIGTERM, stop)
    worker = Worker(open_store(ledger or str(LEDGER)), open_engine(on.value), setup, typer.echo)
    count = worker.run(once=once, until=deadline(max_hours))
    typer.echo(f"{count} attempt(s) made")
