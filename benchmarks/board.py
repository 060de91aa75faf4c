"""How fast the board is: python benchmarks/board.py [N_RESULTS] [N_SCENARIOS]

Fills a made-up ledger, prints a table and, last, one JSON line. Times are wall seconds of this machine, best of three where a process is
started. What a limit of issue 7 stands beside is meant for a quiet machine with two cores; ``cpu_s`` is the processor's time for the same,
and ratios are to work of the same minute on the same machine.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
PORT = 7898
LIMITS = {"first_table_s": 3.0, "snapshot_s": 10.0, "slowest_view_ms": 200.0, "first_page_kib": 1024.0}
VIEWS = (
    "", "q=model-7", "q=model-1;model-2", "size=phone", "size=headset&sort=-rouge_l", "kind=base&licence=apache-2.0", "sort=size", "sort=-latency",
    "sort=model", "below=gain", "order=borda", "order=weights&weights=1,0,2,1", "tier=unchecked&family=llama&precision=bfloat16", "flags=hide",
)  # fmt: skip


def fill(folder: Path, n_results: int, n_scenarios: int) -> None:
    """A ledger of made-up results, of several sizes, kinds, families and licences."""
    from submissions.ledger import write_result
    from tests.results import make_result

    write_result(folder, make_result("baseline/constant", 1.0, n_scenarios=n_scenarios), b"")
    for number in range(n_results - 1):
        own = make_result(
            f"acme/model-{number}",
            0.5 + number / n_results,
            n_scenarios=n_scenarios,
            latency_s=0.2 + number / 500,
            kind=("base", "fine-tuned")[number % 2],
        )
        facts = {
            "parameters": 10**8 * (1 + number % 90),
            "licence": ("apache-2.0", "mit", "llama3.2")[number % 3],
            "architecture": ("qwen2", "llama", "gemma3")[number % 3],
        }
        write_result(folder, own.model_copy(update={"model": own.model.model_copy(update=facts)}), b"")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of a piece of work in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def seconds_of(code: str) -> float:
    """A fresh Python that runs ``code``, best of three."""
    own = [timed(lambda: subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT))[0] for _ in range(3)]
    return min(own)


def cold_start(folder: Path) -> tuple[float, float, int, int]:
    """From starting the command: seconds to the first table, seconds to every page; bytes of the first page before and after."""
    command = [sys.executable, "-m", "deescalwild_cli", "leaderboard", "--results", str(folder), "--port", str(PORT)]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first = _answer("/", started)
        table_s = time.monotonic() - started
        assert b"acme/" in first, "the first page has no table"
        _answer("/ready", started)
        ready_s = time.monotonic() - started
        page = len(_answer("/", started)) + len(_answer("/view", started))
        return table_s, ready_s, len(first), page
    finally:
        process.terminate()
        process.wait()


def _answer(path: str, started: float) -> bytes:
    while time.monotonic() - started < 120:
        try:
            with urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"{path} did not answer within 120 s")


def measure(folder: Path) -> dict[str, float]:
    """All figures, over a filled ledger."""
    from leaderboard_app.board_page import open_view, render_part
    from leaderboard_app.site import Site
    from submissions.ledger import write_result
    from tests.results import make_result

    figures: dict[str, float] = {}
    figures["import_gradio_s"] = seconds_of("import gradio")
    quick = "from leaderboard_app.quick_gradio import import_gradio; import_gradio()"
    figures["import_without_stubs_s"] = seconds_of(quick)
    site = Site.over(folder)
    figures["snapshot_s"], figures["snapshot_cpu_s"] = timed(lambda: site.snapshot)
    again = Site.over(folder)
    figures["snapshot_kept_s"], _ = timed(lambda: again.snapshot)
    starts = [cold_start(folder) for _ in range(3)]
    figures["first_table_s"], figures["every_page_s"] = min(own[0] for own in starts), min(own[1] for own in starts)
    figures["first_page_kib"] = max(starts[0][2], starts[0][3]) / 1024

    def draw(view: str) -> None:
        render_part(open_view(site, view))

    views = {view: min(timed(partial(draw, view)) for _ in range(5)) for view in VIEWS}
    slowest = max(views, key=lambda view: views[view])
    print(f"slowest view: {slowest or '(plain)'}")
    figures["median_view_ms"] = 1000 * sorted(wall for wall, _ in views.values())[len(views) // 2]
    figures["slowest_view_ms"], figures["slowest_view_cpu_ms"] = (1000 * own for own in views[slowest])
    figures["show_all_ms"] = 1000 * min(timed(lambda: render_part(open_view(site, "rows=all"))) for _ in range(3))[0]
    n_scenarios = site.snapshot.boards[0].benchmark.n_scenarios
    write_result(folder, make_result("acme/new", 1.2, n_scenarios=n_scenarios), b"")
    figures["stale_answer_s"], _ = timed(lambda: site.snapshot)
    wall, _ = timed(lambda: _wait_for(site, "acme/new"))
    figures["new_result_shown_s"] = figures["stale_answer_s"] + wall
    figures["first_table_ratio"] = figures["first_table_s"] / figures["import_gradio_s"]
    figures["stubs_ratio"] = figures["import_without_stubs_s"] / figures["import_gradio_s"]
    return figures


def _wait_for(site: object, model: str) -> None:
    while all(row.model.id != model for row in site.snapshot.boards[0].rows):  # type: ignore[attr-defined]
        time.sleep(0.05)


def main() -> None:
    sys.path.insert(0, str(ROOT))
    n_results = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    n_scenarios = int(sys.argv[2]) if len(sys.argv) > 2 else 75
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DEESCALWILD_CACHE"] = f"{temporary}/cache"
        folder = Path(temporary) / "results"
        print(f"filling a ledger of {n_results} results × {n_scenarios} scenarios", flush=True)
        fill(folder, n_results, n_scenarios)
        figures = measure(folder)
    figures["load_average"] = os.getloadavg()[0]
    for name, value in figures.items():
        limit = f"   limit {LIMITS[name]:g}{'' if value <= LIMITS[name] else '   OVER'}" if name in LIMITS else ""
        print(f"{name:<24}{value:10.2f}{limit}")
    rounded = {name: round(value, 3) for name, value in figures.items()}
    over = {f"{name}_of_limit": round(figures[name] / limit, 3) for name, limit in LIMITS.items()}
    print(json.dumps({"results": n_results, "scenarios": n_scenarios, **rounded, **over}))


if __name__ == "__main__":
    main()
