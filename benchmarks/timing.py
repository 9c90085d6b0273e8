"""Seconds and bytes of a piece of work, on a CPU or a GPU.

Knows clocks and the resident set; knows nothing of models.
"""

from __future__ import annotations

import re
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch


def now(device: str) -> float:
    """Seconds on a steady clock, when all work given to the device is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def seconds_of(work: Callable[[], object], device: str, repeats: int = 5) -> float:
    """The median seconds of `work`, after one run that is not counted."""
    work()
    spent = []
    for _ in range(repeats):
        begun = now(device)
        work()
        spent.append(now(device) - begun)
    return statistics.median(spent)


class Peak:
    """The most memory held since this was made, beyond what was held then; bytes.

    On a CPU the resident set of the process, so one process measures one piece of work: what an
    earlier piece freed would hide what a later one takes.
    """

    def __init__(self, device: str) -> None:
        self.cuda = device.startswith("cuda")
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
            self.before = torch.cuda.memory_allocated()
            return
        _forget_peak()
        self.before = _resident_peak()

    def growth(self) -> int:
        """Bytes at the highest point since, less those at the start."""
        peak = torch.cuda.max_memory_allocated() if self.cuda else _resident_peak()
        return max(peak - self.before, 0)


def _forget_peak() -> None:
    # Loading a model touches more than it keeps; Linux lets a process start its peak anew.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _resident_peak() -> int:
    try:
        status = Path("/proc/self/status").read_text()
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            return int(found[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
