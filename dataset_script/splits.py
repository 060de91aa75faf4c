"""Incident → split, by a seeded hash, so that adding scenarios later never moves an old one."""

import hashlib

SEED = "deescalwild-5"
SHARES = (("train", 0.7), ("validation", 0.15), ("test", 0.15))
SPLITS = tuple(name for name, _ in SHARES)


def assign_split(incident_id: str, seed: str = SEED) -> str:
    """Split of an incident. All its scenarios go there together."""
    digest = hashlib.sha256(f"{seed}\0{incident_id}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64
    bound = 0.0
    for name, share in SHARES:
        bound += share
        if position < bound:
            return name
    return SPLITS[-1]
