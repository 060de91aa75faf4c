"""Peak memory and energy over a stretch of work, as far as the platform tells. Nothing in; two figures out, each None where it is not told."""

import ctypes
import gc
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
"""Linux' counters of Intel's and AMD's RAPL. Readable by root alone on most machines."""
MIB = 2**20


@dataclass
class Reading:
    """What a stretch of work took; filled when it ends.

    ``peak_memory_mib``: resident memory of the process. Since the stretch began where the kernel lets the mark be reset (Linux), else since
    the process began. ``peak_gpu_memory_mib``: what torch had allocated on the GPU. ``energy_j``: of processor packages and GPU, all that ran on
    them meanwhile.
    """

    peak_memory_mib: float | None = None
    peak_gpu_memory_mib: float | None = None
    energy_j: float | None = None


@contextmanager
def metered() -> Iterator[Reading]:
    """Read peaks and energy of the block's work."""
    import torch

    has_gpu = torch.cuda.is_available()
    give_memory_back()
    was_reset = reset_peak()
    if has_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    counters = [*rapl_counters(POWERCAP), *(nvml_counters() if has_gpu else ())]
    before = [counter() for counter in counters]
    reading = Reading()
    yield reading
    after = [counter() for counter in counters]
    if counters:
        reading.energy_j = sum(end - start for start, end in zip(before, after, strict=True))
    reading.peak_memory_mib = (_status_mib("VmHWM") if was_reset else None) or lifetime_peak_mib()
    if has_gpu:
        reading.peak_gpu_memory_mib = torch.cuda.max_memory_allocated() / MIB


def give_memory_back() -> None:
    """Return freed memory to the system, or the next peak would count it."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none
        if trim:
            trim(0)


def reset_peak() -> bool:
    """Set the process's peak of resident memory to what it holds now; whether the kernel allowed it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status_mib(name: str) -> float | None:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return None


def lifetime_peak_mib() -> float:
    """Largest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024


def rapl_counters(root: Path) -> list[Callable[[], float]]:
    """A counter in joules for each processor package below a powercap folder; none where they cannot be read.

    Sub-zones (``intel-rapl:0:0``) are parts of their package and left out. A counter that has begun anew at its range goes on rising here.
    """
    found: list[Callable[[], float]] = []
    for zone in sorted(root.glob("*-rapl:*")):
        try:
            if zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package"):
                found.append(_Rapl(zone))
        except OSError:
            continue
    return found


class _Rapl:
    def __init__(self, zone: Path) -> None:
        self._file = zone / "energy_uj"
        self._range = int((zone / "max_energy_range_uj").read_text())
        self._last, self._turns = int(self._file.read_text()), 0

    def __call__(self) -> float:
        now = int(self._file.read_text())
        self._turns += now < self._last
        self._last = now
        return (now + self._turns * self._range) / 1e6


def nvml_counters() -> list[Callable[[], float]]:
    """A counter in joules of the current GPU; none without the package nvidia-ml-py, or for a GPU older than Volta."""
    import torch

    try:
        import pynvml
    except ImportError:
        return []
    uuid = f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        return []
    return [lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000]
