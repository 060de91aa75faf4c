"""Options of every command that asks a judge."""

from typing import Annotated

import typer

MaxRequests = Annotated[int | None, typer.Option(min=1, help="Stop after N requests of this run, retries included.")]
MaxCost = Annotated[float | None, typer.Option(min=0, help="Stop before this run costs more; needs prices.")]
PriceIn = Annotated[float, typer.Option(min=0, help="Price of a million prompt tokens.")]
PriceOut = Annotated[float, typer.Option(min=0, help="Price of a million answer tokens.")]
Concurrency = Annotated[int, typer.Option(min=1, max=256, help="Requests at a time.")]
ApiKeyEnv = Annotated[str, typer.Option(help="Environment variable that holds the key; 'none' for a server without.")]
