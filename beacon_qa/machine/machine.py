"""What this machine is and can do: device, memory, disk, quantization, speed.

Knows torch's view of the hardware and a short measurement; knows nothing of books.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

_PROBE_SECONDS = 0.5
_SIDE = 1024


@dataclass(frozen=True)
class Machine:
    """The device a model would run on; sizes in bytes, `operations` in floating-point ones a
    second, measured with matrix products. `quantization` says whether 4 and 8 bits can be had.
    """

    device: str
    name: str
    cores: int
    memory: int
    free_memory: int
    free_disk: int
    quantization: bool
    operations: float
    torch: str


def look_around(folder: Path) -> Machine:
    """Describe this machine; `folder` is where books would be kept."""
    cuda = torch.cuda.is_available()
    free, total = torch.cuda.mem_get_info() if cuda else _main_memory()
    while not folder.exists():
        folder = folder.parent
    return Machine(
        device="cuda:0" if cuda else "cpu",
        name=torch.cuda.get_device_name(0) if cuda else _processor(),
        cores=os.cpu_count() or 1,
        memory=total,
        free_memory=free,
        free_disk=shutil.disk_usage(folder).free,
        quantization=importlib.util.find_spec("bitsandbytes") is not None,
        operations=_matrix_speed("cuda:0" if cuda else "cpu"),
        torch=str(torch.__version__),
    )


def window_seconds(model: Any, ratio: int, held: int, seconds: float = 2.0) -> float:
    """Seconds a window takes to be read behind a memory of `held` keys, measured for `seconds`."""
    window = int(model.beacon.window)
    device = model.entrance
    ids = torch.randint(0, int(model.config.vocab_size), (1, window), device=device)
    memory = model.new_memory(ratio)
    with torch.no_grad():
        model(input_ids=ids, past_key_values=memory, only_read=True)
        # What the keys are makes no difference to the time, only how many there are.
        for layer in memory.layers:
            shape = (1, layer.keys.shape[1], max(held, 1), layer.keys.shape[3])
            layer.adopt(torch.randn(shape).to(layer.keys), torch.randn(shape).to(layer.keys))
        memory.held = memory.kept
        windows, begun = 0, time.monotonic()
        while (spent := time.monotonic() - begun) < seconds:
            model(input_ids=ids, past_key_values=memory, only_read=True)
            windows += 1
    return spent / windows


def _matrix_speed(device: str) -> float:
    """Operations a second of square matrix products, in the type a model would run in."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    side = _SIDE if device == "cpu" else 8 * _SIDE
    left = torch.randn(side, side, device=device, dtype=dtype)
    products = 0
    (left @ left).sum().item()
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < _PROBE_SECONDS:
        (left @ left)[0, 0].item()
        products += 1
    return 2.0 * side**3 * products / spent


def _main_memory() -> tuple[int, int]:
    """(free, total) bytes; zeros where the system does not say."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return os.sysconf("SC_AVPHYS_PAGES") * page, os.sysconf("SC_PHYS_PAGES") * page
    except (AttributeError, OSError, ValueError):
        return 0, 0


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return "CPU"
    return "CPU"
