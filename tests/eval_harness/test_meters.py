"""Peak memory is the work's own; energy counters add up over packages and over their own wrap; what is not told is None."""

import subprocess
import sys
from pathlib import Path

import pytest

from eval_harness.meters import metered, rapl_counters

ROOT = Path(__file__).parents[2]


def zone(root, name, label, energy, largest=1_000_000):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{largest}\n")
    return folder / "energy_uj"


def test_joules_of_each_package_with_a_counter_that_begins_anew(tmp_path):
    first = zone(tmp_path, "intel-rapl:0", "package-0", 900_000)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 100_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 5)
    zone(tmp_path, "intel-rapl:2", "psys", 5)
    counters = rapl_counters(tmp_path)
    before = [counter() for counter in counters]
    first.write_text("200000\n")
    second.write_text("350000\n")
    assert [counter() - start for counter, start in zip(counters, before, strict=True)] == pytest.approx([0.3, 0.25])


def test_a_machine_without_counters_has_none(tmp_path):
    assert rapl_counters(tmp_path / "powercap") == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the mark cannot be reset")
def test_the_peak_is_of_the_work_and_not_of_what_was_freed_before():
    code = """
import numpy as np
from eval_harness.meters import metered
before = np.ones(300 * 2**17)  # 300 MiB
del before
with metered() as small:
    pass
with metered() as large:
    np.ones(200 * 2**17).sum()
print(small.peak_memory_mib, large.peak_memory_mib, large.energy_j)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    small, large, energy = run.stdout.split()
    assert 195 < float(large) - float(small) < 230
    assert energy == "None" or float(energy) > 0


def test_without_a_gpu_nothing_is_said_of_one():
    import torch

    with metered() as reading:
        pass
    assert (reading.peak_gpu_memory_mib is None) == (not torch.cuda.is_available())
