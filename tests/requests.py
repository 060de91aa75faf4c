"""Requests made of whole cloth, for tests that need many or odd ones."""

import hashlib
from typing import Any

from submissions.request import Request


def make_request(model: str = "acme/civilian", **changes: Any) -> Request:
    """A valid request for a base model; its revision follows from its name unless given."""
    values = {
        "model": model,
        "revision": hashlib.sha256(model.encode()).hexdigest()[:40],
        "precision": "bfloat16",
        "kind": "base",
        "licence": "apache-2.0",
        "contact": "alice",
        "trained_on_corpus": "no",
    }
    return Request(**{**values, **changes})
