# ruff: noqa
import sys, types
from dataclasses import dataclass, field


def mod(n, **k):
    m = types.ModuleType(n)
    m.__dict__.update(k)
    sys.modules[n] = m
    return m


import importlib


def missing(n, name=None):
    try:
        m = importlib.import_module(n)
        if name and not hasattr(m, name):
            sys.modules.pop(n)
            return True
        return False
    except Exception:
        return True


if missing("dataset_script.judge.judgements"):
    missing("dataset_script.judge") and mod("dataset_script.judge")
    mod("dataset_script.judge.judgements", ScenarioJudgement=object, read_judgements=lambda p: {})
if missing("dataset_script.privacy", "redact"):

    @dataclass
    class Red:
        speakers: dict
        texts: list
        notes: tuple
        counts: dict
        minors: bool = False

    @dataclass
    class ST:
        speaker: str
        role: str
        text: str

    def redact(turns, notes=(), ner=None, marked=()):
        return Red({t.speaker: t.speaker for t in turns}, [t.text for t in turns], notes, {})

    mod("dataset_script.privacy", NameFinder=object, SpokenTurn=ST, redact=redact, load_ner=None)
if missing("dataset_script.review.settlement"):

    @dataclass
    class SS:
        status: str = "undecided"
        label_roles: dict = field(default_factory=dict)
        turn_roles: dict = field(default_factory=dict)
        texts: dict = field(default_factory=dict)
        personal_data: tuple = ()

    missing("dataset_script.review") and mod("dataset_script.review", read_decisions=None, settle=None)
    mod("dataset_script.review.settlement", SettledScenario=SS)
import dataset_script.privacy as _p

if not hasattr(_p, "find_personal_data"):
    _p.find_personal_data = lambda t: []

import inspect
import dataset_script.card as _c

if "rows" in inspect.signature(_c.render_readme).parameters:
    _old = _c.render_readme

    def _new(manifest, built):
        from pyarrow import parquet

        rows = {
            c: {
                sp: [r for f in sorted((built / c).glob(f"{sp}-*.parquet")) for r in parquet.read_table(f).to_pylist()]
                for sp in ("train", "validation", "test")
            }
            for c in ("scenarios", "chat", "items")
        }
        return _old(manifest, rows)

    _c.render_readme = _new
