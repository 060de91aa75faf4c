"""The processes of an ``accelerate launch``: which one this is, and what they tell each other."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lm_eval.api.model import LM


def process_rank() -> int:
    """Which process this is; 0 where there is one."""
    return int(os.environ.get("RANK", "0"))


def gathered(lm: "LM", own: dict) -> dict:
    """The dictionaries of all processes as one, in the first process; in the others their own."""
    if getattr(lm, "world_size", 1) == 1:
        return own
    return {key: value for part in lm.gather_object(own) or [own] for key, value in part.items()}


def wait_for_others(lm: "LM") -> None:
    """Return when every process has come here."""
    if getattr(lm, "world_size", 1) > 1:
        lm.barrier()
