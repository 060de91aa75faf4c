"""``deescalwild data …``: thin commands over the package."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Transcripts → dataset.")


@app.callback()
def _data() -> None:
    """Keep `build` a sub-command while it is the only one."""


@app.command()
def build(
    source: Annotated[
        str, typer.Option(help="'sample' (fictional, ships with the code) or a folder of transcripts.")
    ] = "sample",
    out: Annotated[Path, typer.Option(help="Folder to write. `load_dataset` opens it by its path.")] = Path(
        "deescalwild"
    ),
) -> None:
    """Read transcripts, resolve roles, split by incident and write the dataset folder.

    Example: deescalwild data build --source my_transcripts --out deescalwild
    """
    from dataset_script.build import SAMPLE, build_dataset

    is_sample = source == "sample"
    manifest, made = build_dataset(SAMPLE if is_sample else Path(source), out, is_sample=is_sample)
    typer.echo(
        f"{out}: version {manifest.version}, digest {manifest.digest[:8]}" + (" (up to date)" if made is None else "")
    )
    for split, count in manifest.counts.items():
        typer.echo(
            f"  {split:<10} {count['scenarios']:>5} scenarios {count['turns']:>7} turns "
            f"{count['items_clean']:>6} clean items of {count['items_as_released']}"
        )
    if made is not None and made.decisions:
        refused = [line for line in made.decisions if line.action == "file refused"]
        for line in refused:
            typer.echo(f"refused: {line.reason}", err=True)
        typer.echo(f"  {len(made.decisions)} decisions in {out / 'report' / 'decisions.jsonl'}")
