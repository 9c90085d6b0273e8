"""One measurement in a process of its own, so that its peak of memory is its own.

`measure` is called by the run; the process it starts runs `main` here. They exchange two JSON
files in a temporary folder. A GPU counts its own memory: there `measure_here` takes them one after
the other, with a model that is loaded once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from beacon_qa.allocator import keep_freed_memory

ROOT = Path(__file__).parents[1]


class CaseFailed(RuntimeError):
    """A measurement ended without a result, for want of memory say; the message is its last."""


@dataclass(frozen=True)
class Case:
    """What to measure: a function of a room beside this, on a checkpoint, with settings."""

    name: str
    checkpoint: str
    device: str = "cpu"
    bits: int = 16
    threads: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


def measure(case: Case) -> dict[str, Any]:
    """Run a case in a fresh process and return what it found; CaseFailed if it could not."""
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "case.json", Path(folder) / "result.json"
        asked.write_text(json.dumps(asdict(case)))
        command = [sys.executable, "-m", "benchmarks.case", str(asked), str(told)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode or not told.exists():
            last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            raise CaseFailed(f"{case.name}: {last[0]}")
        found: dict[str, Any] = json.loads(told.read_text())
        return found


def main(asked: str, told: str) -> None:
    """Measure the case in the file `asked` and write the result to the file `told`."""
    keep_freed_memory()  # as the program does, for all that is compared
    case = Case(**json.loads(Path(asked).read_text()))
    Path(told).write_text(json.dumps(measure_here(case)))


def measure_here(case: Case) -> dict[str, Any]:
    """Run a case in this process: on a CPU its peak of memory is then not its own."""
    # Imported here: the run itself stays small, and needs no torch.
    import torch

    from benchmarks import answering, looking, reading, shapes, together

    if case.threads:
        torch.set_num_threads(case.threads)
    if case.name == "write_checkpoint":
        # The last shape's model would stay beside this one's, until that is loaded.
        _loaded.cache_clear()
        folder = shapes.write_checkpoint(case.settings["shape"], Path(case.checkpoint))
        return {"checkpoint": str(folder)}
    measures: dict[str, Callable[..., dict[str, Any]]] = {
        "describe": describe,
        "with_beacons": reading.with_beacons,
        "with_full_attention": reading.with_full_attention,
        "sampled": reading.sampled,
        "bytes_per_token": reading.bytes_per_token,
        "decoding": answering.decoding,
        "reopening": answering.reopening,
        "looking": looking.looking,
        "together": together.together,
    }
    model = _loaded(case.checkpoint, case.device, case.bits)
    torch.manual_seed(0)
    try:
        return measures[case.name](model, case.device, **case.settings)
    except torch.OutOfMemoryError as error:
        raise CaseFailed(f"{case.name}: {str(error).splitlines()[0]}") from error


@lru_cache(maxsize=1)
def _loaded(checkpoint: str, device: str, bits: int) -> Any:
    from beacon_qa.beacon import load_model

    return load_model(checkpoint, device=device, bits=bits)


def describe(model: Any, device: str) -> dict[str, Any]:
    """The model's sizes, and the kind of machine: nothing that names this one."""
    import os

    import torch
    import transformers

    from benchmarks.formulas import Dimensions

    sizes = Dimensions.of(model.config)
    beacons = sum(p.numel() for n, p in model.named_parameters() if "beacon" in n)
    chip = torch.cuda.get_device_name(0) if device.startswith("cuda") else "CPU"
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "beacon_parameters": beacons,
        "window": model.beacon.window,
        "sizes": asdict(sizes),
        "dtype": str(model.model.norm.weight.dtype).removeprefix("torch."),
        "machine": {
            "device": chip,
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
