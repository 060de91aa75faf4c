"""``deescalwild submissions export``: a thin command over ``submissions/export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """Forms that results can be written in."""

    eval_results = "eval-results"
    model_index = "model-index"
    every_eval_ever = "every-eval-ever"
    parquet = "parquet"


def export(
    form: Annotated[Form, typer.Argument(help="parquet: the whole ledger; the others: one file a result.")],
    out: Annotated[Path, typer.Option(help="Folder to write into; for parquet the file.")],
    results: Annotated[
        list[Path] | None, typer.Option("--result", help="A result file; all of the ledger unless given.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Results folder; the one that ships with the code unless given.")
    ] = None,
    dataset: Annotated[
        str, typer.Option(envvar="DEESCALWILD_DATASET", help="Dataset repository on the Hub.")
    ] = "deescalwild/deescalwild",
    organisation: Annotated[str, typer.Option(help="Who measured.")] = "DeEscalWild maintainers",
    source_url: Annotated[str | None, typer.Option(help="Where the result can be read.")] = None,
    push: Annotated[bool, typer.Option("--push", help="Open a pull request on each model's own repository.")] = False,
) -> None:
    """Write results in the forms that the Hub, Every Eval Ever and pandas read.

    Example: deescalwild submissions export every-eval-ever --out records
    """
    import json

    import yaml

    from submissions.export import every_eval_ever, hub, table
    from submissions.export.push import push as open_pull_request
    from submissions.ledger import LEDGER, read_ledger, read_result, write_whole

    folder = (ledger or LEDGER / "results").resolve()
    found = [read_result(path.resolve(), folder) for path in results] if results else list(read_ledger(folder).results)
    files: dict[Path, bytes] = {}
    if form is Form.parquet:
        files[out] = table.ledger_parquet(found, folder)
    for result in found:
        place = out.joinpath(*result.model.id.split("/"), f"{result.model.revision[:12]}-{result.protocol.name}")
        if form is Form.eval_results:
            files[place / hub.EVAL_RESULTS_FILE] = hub.eval_results_yaml(result, dataset, source_url)
        elif form is Form.model_index:
            metadata = hub.model_index(result, dataset, source_url)
            files[place / "README.metadata.yaml"] = yaml.safe_dump(
                metadata, sort_keys=False, allow_unicode=True
            ).encode()
        elif form is Form.every_eval_ever:
            row = every_eval_ever.record(result, dataset=dataset, organisation=organisation)
            files[out / every_eval_ever.record_path(result)] = json.dumps(row, indent=1, ensure_ascii=False).encode()
    for path, content in files.items():
        write_whole(path, content)
    typer.echo(f"{out}: {len(files)} file(s) of {len(found)} result(s)")
    if push:
        for result in found:
            typer.echo(f"{result.model.id}: {open_pull_request(result, dataset, source_url=source_url)}")
