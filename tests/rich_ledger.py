"""A ledger with what a grown one has: families, fine-tuned pairs, two machines, predictions, a queue. All of it fiction."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from submissions import schema
from submissions.decisions import decide
from submissions.judgement import Judgement, judgement_path, verdicts_path
from submissions.ledger import items_path, pack_items, path_of, verification_path, write_new, write_result
from submissions.request import Request, request_path
from submissions.request_file import request_bytes
from submissions.schema import MEAN_METRICS
from submissions.states import Attempt, QueueEntry
from submissions.statistics import ScenarioStatistics, intervals
from submissions.verification import Flag, Verification
from tests.results import SIGNATURES, make_result, make_sums

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
N_SCENARIOS = 24
# Officer, what the civilian said, and replies from far off to close.
EXCHANGES = (
    ("Evening. Is this your mower on the pavement?", "It's my brother's. He said he'd fetch it.",
     ("I don't know.", "What mower?", "It belongs to my brother.", "My brother's. He said he'd come and fetch it.")),
    ("Can you come down from the wall for me?", "I like it up here.",
     ("Okay, officer, thank you.", "Why should I?", "No. I can see the whole street.", "I like it better up here.")),
    ("Nobody is in trouble. What happened with the cake?", "He sat on it!",
     ("It is a cake.", "Ask him.", "Somebody sat on it and nobody will say who.", "He sat on it! On purpose!")),
    ("How long have you been waiting out here?", "Since the buses stopped.",
     ("I am waiting.", "A while.", "I don't know. Since the last bus.", "Since the buses stopped running.")),
    ("Would it help if we moved out of the wind?", "Maybe.",
     ("The wind is moving air.", "I'm fine.", "Yeah, okay. Over there by the shed.", "Maybe. If you like.")),
    ("Who else is in the house tonight?", "Just me and the parrot.",
     ("Yes, in the house tonight.", "Nobody.", "Only me and my parrot.", "Just me. Me and the parrot.")),
    ("Your neighbour says you have his ladder.", "Borrowed. I borrowed it.",
     ("A ladder has steps.", "He's lying.", "I borrowed it, he knows that.", "Borrowed! I only borrowed it.")),
    ("Take your time. What would make this easier?", "If he'd just say sorry.",
     ("I cannot help with that.", "Nothing.", "He could say sorry, for a start.", "If he'd just say he's sorry.")),
)  # fmt: skip

GADGET = schema.Machine(
    profile="jetson-orin-nano", processor="Cortex-A78AE", n_cores=6, memory_gib=8.0, gpu="Orin", system="Linux aarch64"
)
LAPTOP = schema.Machine(
    profile="laptop-8-core", processor="Test CPU", n_cores=8, memory_gib=16.0, system="Linux x86_64"
)

# (id, quality, kind, base model, parameters, (machine, engine, median seconds) or None)
MODELS = (
    ("baseline/constant", 1.0, None, None, None, None),
    ("baseline/salad", 0.8, None, None, None, None),
    ("baseline/copy-officer", 0.9, None, None, None, None),
    ("acme/pico-0.5b", 1.1, "base", None, 494_000_000, (LAPTOP, "llama-cpp", 0.21)),
    ("acme/pico-0.5b-civilian", 1.7, "fine-tuned", "acme/pico-0.5b", 494_000_000, (LAPTOP, "llama-cpp", 0.24)),
    ("globex/nano-1b", 1.5, "base", None, 1_240_000_000, (LAPTOP, "llama-cpp", 0.52)),
    ("globex/nano-1b-chat-tuned", 1.52, "fine-tuned", "globex/nano-1b", 1_240_000_000, (LAPTOP, "llama-cpp", 0.49)),
    ("initech/mid-3b", 1.9, "base", None, 3_090_000_000, (LAPTOP, "llama-cpp", 1.3)),
    ("initech/mid-3b-scenarios", 2.6, "fine-tuned", "initech/mid-3b", 3_090_000_000, (GADGET, "hf", 0.9)),
    ("initech/mid-3b-overtrained", 1.2, "fine-tuned", "initech/mid-3b", 3_090_000_000, (GADGET, "hf", 0.95)),
    ("umbra/large-8b", 2.3, "base", None, 8_030_000_000, (GADGET, "hf", 2.4)),
    ("hooli/orphan-2b-tuned", 2.0, "fine-tuned", "hooli/never-measured-2b", 2_100_000_000, None),
    ("hooli/cloud-xl", 2.5, "api", None, None, None),
)  # fmt: skip


def uneven(sums: list[schema.ScenarioSums], quality: float, seed: int) -> list[schema.ScenarioSums]:
    """Sums whose BLEU and BERTScore differ between scenarios too."""
    rng = np.random.default_rng(seed)

    def one(row: schema.ScenarioSums) -> schema.ScenarioSums:
        correct = tuple(
            int(count) for count in rng.binomial((60, 50, 40, 30), np.array([0.3, 0.1, 0.05, 0.02]) * quality / 2)
        )
        level = 0.2 + 0.03 * quality + rng.normal(0, 0.02)
        return row.model_copy(
            update={"bertscore": level * row.n_items, "bleu_4": row.bleu_4.model_copy(update={"correct": correct})}
        )

    return [one(row) for row in sums]


def make_items(model_id: str, sums: list[schema.ScenarioSums]) -> bytes:
    """A predictions file whose scores add up to these sums: the higher an item's, the closer its reply."""
    rng = np.random.default_rng(len(model_id))
    rows = []
    for scenario in sums:
        shares = rng.dirichlet(np.full(scenario.n_items, 3.0))
        for number in range(scenario.n_items):
            officer, reference, replies = EXCHANGES[(number + int(scenario.scenario_id[-3:])) % len(EXCHANGES)]
            means = {metric: float(getattr(scenario, metric) * shares[number]) for metric in MEAN_METRICS}
            level = int(np.searchsorted((8, 20, 40), means["rouge_l"]))
            rows.append(
                {
                    "item_id": f"{scenario.scenario_id}:{number:03d}",
                    "scenario_id": scenario.scenario_id,
                    "subset": "clean",
                    "officer_text": officer,
                    "reference": reference,
                    "prediction": "" if means["rouge_l"] < 0.5 else replies[level],
                    "dropped_tokens": 0,
                    "had_thoughts": False,
                    "scores": {**means, "bertscore": min(means["bertscore"], 1.0)},
                }
            )
    return pack_items(rows)


def make_slices(quality: float, n_items: int) -> schema.Slices:
    """Scores by category, depth and length around a quality."""

    def part(name: str, share: float, level: float) -> schema.Slice:
        value = 10 * quality * level
        return schema.Slice(
            name=name, n_items=max(1, round(n_items * share)), rouge_l=value, bleu_4=value / 6, meteor=1.1 * value,
            bertscore=0.2 + value / 200,
        )  # fmt: skip

    return schema.Slices(
        category=[
            part("noise complaint", 0.4, 1.1),
            part("welfare check", 0.35, 0.9),
            part("lost property", 0.25, 1.0),
        ],
        depth=[part("0–4", 0.3, 1.2), part("5–14", 0.4, 1.0), part("15 and later", 0.3, 0.8)],
        reference_length=[part("1 word", 0.3, 0.7), part("2–5 words", 0.4, 1.0), part("6 words and more", 0.3, 1.2)],
    )


def add_model(
    results: Path,
    model_id: str,
    quality: float,
    kind: str | None = None,
    base: str | None = None,
    parameters: int | None = None,
    measured: tuple[schema.Machine, str, float] | None = None,
    items: bytes | None = None,
    **model_changes,
) -> schema.Result:
    """Write one result with its predictions; returns the result."""
    plain = make_result(
        model_id, quality, kind=kind, n_scenarios=N_SCENARIOS, latency_s=measured[2] if measured else None
    )
    seed = int(plain.model.revision[:8], 16)
    sums = uneven(make_sums(quality, N_SCENARIOS, seed), quality, seed)
    packed = items if items is not None else make_items(model_id, sums)
    latency = plain.latency.model_copy(update={"machine": measured[0], "engine": measured[1]}) if measured else None
    found = intervals(ScenarioStatistics.from_rows(sums))
    scored = schema.Scores(**{m: schema.Score(**vars(own), signature=SIGNATURES[m]) for m, own in found.items()})
    diagnostics = plain.diagnostics.model_copy(
        update={
            "faults": {"empty": 1, "speaks_as_officer": 4, "loops": 12, "refuses": 0, "copies_officer": 2},
            "slices": make_slices(quality, plain.benchmark.n_items_clean),
        }
    )
    model = plain.model.model_copy(
        update={"base_model": base, "parameters": parameters, "licence": "apache-2.0", **model_changes}
    )
    result = plain.model_copy(
        update={
            "model": model,
            "latency": latency,
            "per_scenario": sums,
            "scores_as_released": scored,
            "diagnostics": diagnostics,
            "scores": scored,
        }
    )
    provenance = result.provenance.model_copy(
        update={
            "items_file": items_path(path_of(results, result)).name,
            "items_sha256": hashlib.sha256(packed).hexdigest(),
        }
    )
    result = result.model_copy(update={"provenance": provenance})
    write_result(results, result, packed)
    return result


def make_request(model: str, **changes) -> Request:
    """A valid request."""
    values = {
        "model": model,
        "revision": hashlib.sha256(model.encode()).hexdigest()[:40],
        "precision": "bfloat16",
        "kind": "base",
        "licence": "apache-2.0",
        "contact": "ada",
        "trained_on_corpus": "no",
    }
    return Request(**{**values, **changes})


def add_request(ledger: Path, model: str, **changes) -> tuple[Request, str, bytes]:
    """Write a request; returns it, its path below the ledger and its bytes."""
    request = make_request(model, **changes)
    place, content = str(request_path(request)), request_bytes(request)
    write_new(ledger / place, content)
    return request, place, content


def add_entry(
    ledger: Path, model: str, state: str, *attempts: Attempt, hours_ago: float = 1, now: datetime = NOW, **changes
) -> QueueEntry:
    """Write a request and its state."""
    _, place, content = add_request(ledger, model)
    entry = QueueEntry(
        request=place,
        request_sha256=hashlib.sha256(content).hexdigest(),
        state=state,
        submitted_at=now - timedelta(hours=hours_ago),
        updated_at=now - timedelta(hours=hours_ago / 3),
        attempts=list(attempts),
        **changes,
    )
    path = ledger / place.replace("requests/", "queue/", 1).replace(".yaml", ".json")
    write_new(path, (entry.model_dump_json(indent=1) + "\n").encode())
    return entry


def attempt(number: int = 1, lease_hours: float = 1, now: datetime = NOW, **changes) -> Attempt:
    """One try of a worker: still running, or with ``outcome`` ended."""
    if "outcome" in changes:
        changes = {"ended_at": now, **changes}
    started, lease = now - timedelta(minutes=30), now + timedelta(hours=lease_hours)
    return Attempt(number=number, worker="worker-1", started_at=started, lease_until=lease, **changes)


def fill_queue(ledger: Path, now: datetime = NOW) -> None:
    """Submissions in every state."""
    tail = "Loading checkpoint shards: 100%\ntorch.OutOfMemoryError: tried to allocate 2.4 GiB, 1.1 GiB free"
    failed = attempt(now=now, outcome="failed", reason="The model needs 18 GiB; the worker has 16.", log_tail=tail)
    lost = attempt(now=now, outcome="interrupted", reason="Worker worker-1 gave no sign of life since its lease began.")
    done = attempt(now=now, outcome="finished")
    add_request(ledger, "acme/newcomer-1b")
    add_entry(ledger, "acme/waits-first", "pending", hours_ago=9, now=now)
    add_entry(ledger, "acme/waits-second", "pending", lost, hours_ago=3, now=now, reason=lost.reason)
    add_entry(ledger, "globex/in-work-3b", "running", attempt(now=now), now=now)
    add_entry(ledger, "globex/lost-worker", "running", attempt(lease_hours=-1, now=now), hours_ago=7, now=now)
    add_entry(ledger, "umbra/too-large-9b", "failed", failed, hours_ago=30, now=now)
    add_entry(ledger, "initech/mid-3b", "finished", done, hours_ago=50, now=now, result="results/x.json")
    add_entry(ledger, "hooli/thought-better-1b", "withdrawn", now=now, reason="Withdrawn: a newer revision follows.")
    broken = ledger / "requests" / "evil__broken" / "000000000000-none-deescalwild.yaml"
    write_new(broken, b"model: [not, a, name]\n")


def add_verification(results: Path, result: schema.Result, tier: str, *flags: Flag) -> None:
    """What maintainers found out about a result, beside it."""
    path = path_of(results, result)
    checked = Verification(
        result_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        items_sha256=result.provenance.items_sha256,
        tier=tier,
        checked_at=NOW,
        code_version="1.0.0",
        flags=list(flags),
    )
    write_new(verification_path(path), checked.model_dump_json(indent=1).encode())


def add_judgement(results: Path, result: schema.Result, judge: str, score: float, relation: str = "different") -> None:
    """What a language model judged of a result, beside it."""
    path = path_of(results, result)

    def near(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 4, "high": value + 4}

    def side(value: float) -> dict:
        passing = {"value": value / 100, "low": value / 120, "high": min(value / 80, 1)}
        return {"score": near(value), "passing": passing, "first": value, "second": value, "points": {}, "labels": {}}

    place = judgement_path(path, judge, "realism.v1")
    found = Judgement.model_validate(
        {
            "judged_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "model_id": result.model.id,
            "benchmark_digest": result.benchmark.digest,
            "rubric": {"id": "realism", "version": "v1", "sha256": "d" * 64, "threshold": 85, "threshold_name": "looks_real"},
            "judge": {
                "model": judge, "endpoint": "127.0.0.1:8000", "temperature": 0, "seed": 0, "max_tokens": 2048,
                "structures": ["json_schema"],
            },
            "self_preference": {
                "relation": relation, "judge_families": [], "model_families": [], "flagged": relation != "different"
            },
            "sample": {
                "n_items": 60, "n_available": 156, "n_scenarios": 24, "seed": 0, "both_orders": True, "history_words": 1500
            },
            "counts": {
                "requests": 120, "valid": 119, "failures": {"form": 1}, "empty": 0, "unjudged": 0, "addresses_judge": 0
            },
            "model": side(score), "human": side(74.0), "gap": near(74.0 - score),
            "human_preferred": {"value": 0.71, "low": 0.62, "high": 0.8}, "same_labels": {}, "position": None,
            "repeats": {"n_units": 40, "n_scores": 80, "exact": 0.6, "mean_difference": 3.1, "alpha": 0.81},
            "work": {
                "http_requests": 120, "prompt_tokens": 90_000, "completion_tokens": 9_000, "uncounted": 0, "cost": 0,
                "seconds": 300,
            },
            "judged_at": NOW, "verdicts_file": verdicts_path(place).name, "verdicts_sha256": "e" * 64,
        }
    )  # fmt: skip
    write_new(place, found.model_dump_json(indent=1).encode())


SUSPICION = Flag(
    name="contamination", evidence="31 replies repeat twelve words or more of the test references.", value=31, threshold=3
)  # fmt: skip


def write_rich_ledger(ledger: Path, now: datetime = NOW) -> Path:
    """Fill a ledger's folder; returns its ``results``."""
    results = ledger / "results"
    found = {row[0]: add_model(results, *row) for row in MODELS}
    for name in ("acme/pico-0.5b", "acme/pico-0.5b-civilian", "globex/nano-1b"):
        add_verification(results, found[name], "verified")
    add_verification(results, found["initech/mid-3b-overtrained"], "recomputed", SUSPICION)
    add_judgement(results, found["initech/mid-3b-scenarios"], "umbra/judge-32b", 63.0)
    add_judgement(results, found["initech/mid-3b-overtrained"], "initech/judge-70b", 41.0, "same maker")
    flagged = path_of(results, found["initech/mid-3b-overtrained"])
    decide(ledger, flagged, "note", "Asked the authors what they trained on; no answer yet.", decided_by="ada")
    fill_queue(ledger, now)
    return results
