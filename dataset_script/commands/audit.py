"""``deescalwild data audit``."""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    path: Annotated[Path, typer.Argument(help="Folder or archive of transcripts, or a built dataset.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the page with plots to this file.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """What is wrong with a folder of transcripts, in figures, before the build and after it.

    Example: deescalwild data audit my_transcripts --html audit.html
    """
    from dataset_script.atomic import replacing
    from dataset_script.audit import rendering
    from dataset_script.audit.reading import audit as audit_folder
    from dataset_script.download import open_source

    found = audit_folder(open_source(path), workers=workers, show_progress=True)
    typer.echo(rendering.as_json(found) if as_json else rendering.as_text(found), nl=False)
    if html is not None:
        with replacing(html) as file:
            file.write(rendering.as_html(found))
        typer.echo(f"wrote {html}", err=True)
