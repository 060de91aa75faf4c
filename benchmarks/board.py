"""How fast the board starts: python benchmarks/board.py [N_RESULTS] [N_SCENARIOS]

Prints a table and, last, one JSON line. Times are wall seconds of this machine; the ratio is to importing Gradio alone,
which no app of ours can beat.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
PORT = 7898
LIMIT_S = 5.0


def fill(folder: Path, n_results: int, n_scenarios: int) -> None:
    """A ledger of made-up results."""
    sys.path.insert(0, str(ROOT))
    from submissions.ledger import write_result
    from tests.results import make_result

    write_result(folder, make_result("baseline/constant", 1.0, n_scenarios=n_scenarios), b"")
    for number in range(n_results - 1):
        result = make_result(f"acme/model-{number}", 0.5 + number / n_results, n_scenarios=n_scenarios, latency_s=0.5)
        write_result(folder, result, b"")


def seconds_to_answer(folder: Path) -> float:
    """From starting the command to the first page's answer."""
    started = time.monotonic()
    command = [sys.executable, "-m", "deescalwild_cli", "leaderboard", "--results", str(folder), "--port", str(PORT)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.monotonic() - started < 60:
            try:
                with urlopen(f"http://127.0.0.1:{PORT}/", timeout=30):
                    return time.monotonic() - started
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("the board did not answer within 60 s")
    finally:
        process.terminate()
        process.wait()


def seconds_to_snapshot(folder: Path) -> float:
    """Reading, checking and ranking the whole ledger, in this process."""
    from leaderboard_app.store import SnapshotCache

    started = time.monotonic()
    SnapshotCache(folder).get()
    return time.monotonic() - started


def seconds_to_import_gradio() -> float:
    """A fresh Python that imports Gradio and nothing of ours."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import gradio"], check=True)
    return time.monotonic() - started


def main() -> None:
    n_results = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    n_scenarios = int(sys.argv[2]) if len(sys.argv) > 2 else 75
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "results"
        fill(folder, n_results, n_scenarios)
        figures = {
            "import_gradio_s": seconds_to_import_gradio(),
            "snapshot_s": seconds_to_snapshot(folder),
            "first_answer_s": min(seconds_to_answer(folder) for _ in range(3)),
        }
    figures["first_answer_ratio"] = figures["first_answer_s"] / figures["import_gradio_s"]
    figures["limit_s"] = LIMIT_S
    for name, value in figures.items():
        print(f"{name:<22}{value:8.2f}")
    print(json.dumps({"results": n_results, "scenarios": n_scenarios, **{k: round(v, 3) for k, v in figures.items()}}))


if __name__ == "__main__":
    main()
