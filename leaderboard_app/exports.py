"""Rows of a board as CSV, JSON or Parquet: what a view shows, or everything; full precision, numbers as numbers."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from leaderboard_app.columns import CHOICES, Entry, family_of
from leaderboard_app.snapshot import Board, Snapshot, Withheld
from submissions.decisions import Decision
from submissions.schema import METRICS
from submissions.verification import Flag

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json", "parquet": "application/vnd.apache.parquet"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def records(entries: Sequence[Entry], columns: Sequence[str] = CHOICES) -> list[dict[str, Any]]:
    """One flat record an entry: rank and model always, then the columns asked for, scores with their intervals and places."""
    return [_record(entry, columns) for entry in entries]


def _record(entry: Entry, columns: Sequence[str]) -> dict[str, Any]:
    row, model = entry.row, entry.row.model
    record: dict[str, Any] = {
        "rank": entry.place.rank,
        "rank_low": entry.place.rank_low,
        "rank_high": entry.place.rank_high,
        "tie_group": row.standing.group,
        "model": model.id,
        "revision": model.revision,
    }
    for metric in METRICS:
        if metric in columns:
            own = row.score(metric)
            record |= {metric: own.value, f"{metric}_low": own.low, f"{metric}_high": own.high}
            record |= {f"{metric}_gain": own.gain, f"{metric}_rank": own.rank, f"{metric}_tied_with_best": own.tied}
    latency = row.latency
    others: dict[str, dict[str, Any]] = {
        "key": {"order_key": entry.key, "mean_rank": row.standing.mean_rank, "borda": row.borda.points},
        "size": {"parameters": model.parameters},
        "latency": {
            "latency_p50_s": latency.end_to_end_s.p50 if latency else None,
            "latency_p95_s": latency.end_to_end_s.p95 if latency else None,
            "latency_machine": latency.machine.profile if latency else None,
            "latency_engine": latency.engine if latency else None,
        },
        "held_out": {f"{metric}_held_out": (row.held_out or {}).get(metric) for metric in METRICS},
        "tier": {"tier": row.tier, "flags": _flags(row.flags), "decisions": _decisions(row.decisions)},
        "kind": {"kind": model.kind, "base_model": model.base_model},
        "family": {"family": family_of(row)},
        "licence": {"licence": model.licence},
        "precision": {"precision": model.precision, "quantisation": model.quantisation},
        "date": {"measured_at": row.created_at.isoformat()},
    }
    for name, values in others.items():
        if name in columns:
            record |= values
    return record | {"file": row.path}


def withheld_records(withheld: Sequence[Withheld], like: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Withheld results as records with the same keys as those of ranked rows, without ranks; the reason is among the decisions."""
    return [_withheld_record(own, list(like[0]) if like else None) for own in withheld]


def _withheld_record(own: Withheld, keys: Sequence[str] | None) -> dict[str, Any]:
    model = own.model
    known: dict[str, Any] = {
        "model": model.id,
        "revision": model.revision,
        "parameters": model.parameters,
        "tier": own.tier,
        "flags": _flags(own.flags),
        "decisions": _decisions([own.decision]),
        "kind": model.kind,
        "base_model": model.base_model,
        "licence": model.licence,
        "precision": model.precision,
        "quantisation": model.quantisation,
        "file": own.path,
    }
    for metric, (value, low, high) in own.scores.items():
        known |= {metric: value, f"{metric}_low": low, f"{metric}_high": high}
    return {key: known.get(key) for key in keys or known}


def _flags(flags: Iterable[Flag]) -> str:
    return "; ".join(f"{flag.name}: {flag.evidence}" for flag in flags)


def _decisions(decisions: Iterable[Decision]) -> str:
    return "; ".join(f"{own.action}: {own.reason}" for own in decisions)


def source_of(snapshot: Snapshot, board: Board) -> dict[str, Any]:
    """Where the rows come from, so that a file alone can be cited."""
    return {
        "benchmark": f"{board.benchmark.name} v{board.benchmark.version}",
        "split": board.benchmark.split,
        "is_sample": board.benchmark.is_sample,
        "data_digest": board.benchmark.digest,
        "protocol": f"{board.protocol.name} v{board.protocol.version}",
        "signatures": board.signatures,
        "board": board.key,
        "ledger_digest": snapshot.digest,
        "ledger_commit": snapshot.commit,
    }


def guarded(value: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula: such a text is led by an apostrophe. Numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def to_csv(rows: Sequence[dict[str, Any]], source: dict[str, Any]) -> bytes:
    """RFC 4180 with a header; the source's board and ledger are its last columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    pinned = {name: source[name] for name in ("board", "ledger_digest")}
    if rows:
        writer.writerow([*rows[0], *pinned])
    writer.writerows([[guarded(value) for value in (row | pinned).values()] for row in rows])
    return text.getvalue().encode()


def to_json(rows: Sequence[dict[str, Any]], source: dict[str, Any]) -> bytes:
    """``{"source": …, "rows": […]}``."""
    return json.dumps({"source": source, "rows": list(rows)}, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _type(column: str) -> Any:
    import pyarrow as pa

    if column == "parameters" or ("rank" in column and column != "mean_rank"):
        return pa.int64()
    is_number = column.startswith(METRICS) or column in ("latency_p50_s", "latency_p95_s")
    return pa.float64() if is_number else pa.string()


def to_parquet(rows: Sequence[dict[str, Any]], source: dict[str, Any]) -> bytes:
    """A table with the source in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # A column without any value has no type of its own; files of several views must fit together.
    found = pa.Table.from_pylist(list(rows)).schema
    fields = [pa.field(own.name, _type(own.name)) if pa.types.is_null(own.type) else own for own in found]
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(fields, {"deescalwild": json.dumps(source)}))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


WRITERS = {"csv": to_csv, "json": to_json, "parquet": to_parquet}
