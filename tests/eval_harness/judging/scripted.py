"""A judge of whole cloth behind a real HTTP endpoint: its verdicts are known, so the figures can be too."""

import json
import re
from collections.abc import Callable

from eval_harness.judging.rubrics import load_rubric
from tests.loopback_openai import Body, Step, says

Verdict = Callable[[str, str], dict]
"""(text of a reply, ``A`` or ``B``) → fields of its answer that are not the best possible."""

_REPLY = re.compile(r"^\[reply ([AB])\] (.*)$", re.M)


def replies_in(body: Body) -> dict[str, str]:
    """The two replies that a request shows, by name."""
    return dict(_REPLY.findall(body["messages"][1]["content"]))


def best(rubric_id: str) -> dict:
    """A reply's answer with all points."""
    fields = load_rubric(rubric_id).schema["$defs"]["reply"]["properties"]
    return {name: field.get("maximum", field.get("enum", ["-"])[0]) for name, field in fields.items()}


def rubric_of(body: Body) -> str:
    """Which rubric a request asks by."""
    return next(
        name for name in ("realism", "de-escalation") if body["messages"][0]["content"] == load_rubric(name).text
    )


def judging(verdict: Verdict) -> Callable[[Body], Step]:
    """A script that answers every request by ``verdict``."""

    def answer(body: Body) -> Step:
        rubric_id = rubric_of(body)
        head = {"officer": "asks"} if rubric_id == "de-escalation" else {}
        sides = {name: {**best(rubric_id), **verdict(text, name)} for name, text in replies_in(body).items()}
        return says(json.dumps(head | sides))

    return answer
