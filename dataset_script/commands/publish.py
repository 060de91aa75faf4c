"""``deescalwild data publish``."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def publish(
    repo_id: Annotated[str, typer.Argument(help="ORG/NAME of the dataset on the Hub; made if it is not there.")],
    folder: Annotated[Path, typer.Option(help="Built dataset.")] = Path("deescalwild"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact tree and the tag; touch no network.")
    ] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead of writing.")] = False,
    gated: Annotated[
        Literal["auto", "manual", "none"] | None,
        typer.Option(help="Who gets access: all who agree, those you let in, everybody. manual; none for the sample."),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    allow_sample: Annotated[bool, typer.Option("--allow-sample", help="Publish the fictional sample.")] = False,
) -> None:
    """Check a built folder, then upload it in one commit and tag its version.

    Example: deescalwild data publish acme/deescalwild --dry-run
    """
    from dataset_script.publishing import publish as publishing

    manifest, warnings = publishing.guard(folder, repo_id, allow_sample=allow_sample, show_progress=True)
    for problem in warnings:
        typer.echo(problem, err=True)
    files = publishing.plan(folder, repo_id, manifest)
    tag = publishing.tag_of(manifest)
    gate = gated or ("none" if manifest.is_sample else "manual")
    if dry_run:
        for file in files:
            typer.echo(f"{file.sha256[:12]} {file.size:>12,} {file.path_in_repo}")
        size = sum(file.size for file in files)
        typer.echo(
            f"{publishing.dataset_url(repo_id)}: {len(files)} files, {size:,} bytes, tag {tag}, access: {gate}. Nothing was sent."
        )
        return
    outcome = publishing.publish(repo_id, manifest, files, gated=gate, private=private, create_pr=create_pr)
    if outcome.pr_url:
        state = "opened" if outcome.is_new else "is open already"
        typer.echo(f"{outcome.pr_url} {state}. When it is merged, run this again without --create-pr: it tags {tag}.")
    else:
        state = "" if outcome.is_new else " (nothing had changed)"
        typer.echo(f"{outcome.commit_url}{state}, {f'tagged {outcome.tag}' if outcome.tag else f'{tag} was there'}")
