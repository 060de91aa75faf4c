"""Building a corpus: defects before and after, time, memory, and growth with size.

    python -m benchmarks.corpus [--files 1500] [--workers 2] [--growth 375,1500,6000]

Generates a synthetic corpus with every defect of CORPUS.md at its measured rate (tests/synthetic_corpus.py), audits it, builds it twice, audits
what was built, then builds corpora of several sizes. Prints tables and, last, one JSON line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from dataset_script.audit.reading import audit
from dataset_script.audit.summary import Audit
from dataset_script.manifest import read_manifest
from tests.synthetic_corpus import generate


@dataclass(frozen=True)
class Run:
    """One build: wall seconds, peak memory of the process and its workers in MiB, digest."""

    seconds: float
    peak_mib: float
    digest: str


def build(source: Path, out: Path, workers: int) -> Run:
    """Run the command in a process of its own and watch its memory (unique set size of all its processes)."""
    command = [sys.executable, "-m", "deescalwild_cli", "data", "build"]
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [*command, "--source", str(source), "--out", str(out), "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = process.stderr
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.append(told.read()), daemon=True)
    reader.start()
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            used = sum(child.memory_full_info().uss for child in [tree, *tree.children(recursive=True)])
            peak = max(peak, used / 2**20)
        except psutil.Error:
            pass
        time.sleep(0.2)
    reader.join()
    if process.returncode:
        sys.exit(f"build failed: {errors[0]}")
    manifest = read_manifest(out)
    assert manifest is not None
    return Run(time.perf_counter() - start, peak, manifest.digest)


def lines_of(found: Audit) -> dict[str, tuple[float, float | None]]:
    """Measure → value and share."""
    return {line.name: (line.value, line.share) for section in found.sections for line in section.lines}


def compare(before: Audit, after: Audit, console: Console) -> None:
    """The audit of the transcripts beside that of what was built from them."""
    table = Table("measure", "before", "after", title="Audit before and after the build")
    second = lines_of(after)

    def shown(cell: tuple[float, float | None] | None) -> str:
        if cell is None:
            return "–"
        value, share = cell
        return f"{value:,}" + ("" if share is None else f" ({share:.1%})")

    for name, cell in lines_of(before).items():
        if cell[0]:
            table.add_row(name, shown(cell), shown(second.get(name, (0, None))))
    console.print(table)


def main() -> None:
    """Print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--growth", default="375,1500,6000", help="sizes in files, comma-separated; empty for none")
    parser.add_argument("--html", type=Path, help="write the audit page of the transcripts here")
    arguments = parser.parse_args()
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        truth = generate(root / "corpus", arguments.files)
        first = build(root / "corpus", root / "one" / "deescalwild", arguments.workers)
        second = build(root / "corpus", root / "two" / "deescalwild", arguments.workers)
        before = audit(root / "corpus", workers=arguments.workers)
        after = audit(root / "one" / "deescalwild", workers=arguments.workers)
        compare(before, after, console)
        if arguments.html:
            from dataset_script.audit.rendering import as_html

            arguments.html.write_text(as_html(before), "utf-8")
        rows = [json.loads(line) for line in (root / "one" / "deescalwild" / "report" / "files.jsonl").open()]
        reasons = Counter(reason for row in rows for reason in row["reasons"])
        table = Table("reason", "files", title="Files that were left out")
        for reason, count in reasons.most_common():
            table.add_row(reason, str(count))
        console.print(table)
        console.print(
            "put in:", json.dumps({**truth["defects"], "cuts": len(truth["cuts"]), "series": truth["series"]})
        )
        manifest = read_manifest(root / "one" / "deescalwild")
        assert manifest is not None
        console.print("splits:", json.dumps(manifest.counts))
        growth = {}
        for files in [int(size) for size in arguments.growth.split(",") if size]:
            generate(root / f"corpus{files}", files, seed=2)
            run = build(root / f"corpus{files}", root / f"built{files}" / "deescalwild", arguments.workers)
            growth[files] = round(run.seconds, 1)
            console.print(
                f"{files} files: {run.seconds:.1f} s, {run.seconds / files * 1000:.1f} ms a file, {run.peak_mib:.0f} MiB"
            )
    print(
        json.dumps(
            {
                "files": arguments.files,
                "turns": truth["turns"],
                "workers": arguments.workers,
                "seconds": round(first.seconds, 1),
                "peak_mib": round(first.peak_mib),
                "same_digest_twice": first.digest == second.digest,
                "growth_s": growth,
            }
        )
    )


if __name__ == "__main__":
    main()
