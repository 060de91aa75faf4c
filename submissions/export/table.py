"""The whole ledger as one table: a row a result, full precision, with everything needed to rank it again."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from submissions.ledger import LedgerError, path_of
from submissions.schema import METRICS, Result
from submissions.verification import read_verification


def ledger_row(result: Result, results: Path) -> dict[str, Any]:
    """One result as a flat row; ``per_scenario`` alone is nested (list of structs)."""
    path = path_of(results, result)
    verification = read_verification(path)
    row: dict[str, Any] = {"path": path.relative_to(results).as_posix()}
    row |= result.model.model_dump()
    row |= {f"benchmark_{name}": value for name, value in result.benchmark.model_dump().items()}
    row |= {
        "protocol": result.protocol.name,
        "protocol_version": result.protocol.version,
        "do_sample": result.protocol.generation.do_sample,
        "temperature": result.protocol.generation.temperature,
    }
    for metric in METRICS:
        row |= {f"{metric}_{name}": value for name, value in getattr(result.scores, metric).model_dump().items()}
    latency = result.latency
    row |= {
        "latency_machine": latency.machine.profile if latency else None,
        "latency_p50_s": latency.end_to_end_s.p50 if latency else None,
        "latency_p95_s": latency.end_to_end_s.p95 if latency else None,
        "tier": verification.tier if verification else "unchecked",
        "flags": [flag.name for flag in verification.flags] if verification else [],
        "created_at": result.provenance.created_at.isoformat(),
        "limit_scenarios": result.provenance.limit_scenarios,
        "items_sha256": result.provenance.items_sha256,
        "per_scenario": [sums.model_dump() for sums in result.per_scenario],
    }
    return row


def ledger_parquet(found: Sequence[Result], results: Path) -> bytes:
    """The ledger as Parquet, rows in path order.

    Raises:
        LedgerError: no result.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not found:
        raise LedgerError(f"{results} holds no result. Measure one with `deescalwild evaluate`.")
    rows = sorted((ledger_row(result, results) for result in found), key=lambda row: row["path"])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, compression="zstd")
    return buffer.getvalue()
