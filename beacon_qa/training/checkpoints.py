"""Keep a training run on disk, so that it can be carried on with: weights, optimiser, step.

All is one safetensors file, replaced as a whole.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from beacon_qa.errors import TrainingError
from beacon_qa.training.optimizer import Steps

_NAME = "checkpoint.safetensors"


def save(
    folder: Path,
    steps: Steps,
    trained: dict[str, nn.Parameter],
    step: int,
) -> None:
    """Write the run's state to `folder`, replacing the last one only when whole."""
    tensors = {f"weights.{name}": p.detach().contiguous() for name, p in trained.items()}
    for name, parameter in trained.items():
        for key, value in steps.state(parameter).items():
            tensors[f"{key}.{name}"] = torch.as_tensor(value).detach().contiguous()
    written = folder / (_NAME + ".new")
    save_file(tensors, written, metadata={"step": str(step)})
    os.replace(written, folder / _NAME)


def resume(
    folder: Path,
    steps: Steps,
    trained: dict[str, nn.Parameter],
) -> int:
    """Take up the run kept in `folder`, if there is one, and return the steps it has done.

    Raises TrainingError if it was made for other parameters, or its file is damaged.
    """
    path = folder / _NAME
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            done = int(file.metadata()["step"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"The checkpoint {path} is damaged ({error}); delete it.") from error
    wanted = {f"weights.{name}": p.shape for name, p in trained.items()}
    found = {key: t.shape for key, t in tensors.items() if key.startswith("weights.")}
    if wanted != found:
        raise TrainingError(
            f"{folder} holds a run of another model ({len(found)} trained tensors, here "
            f"{len(wanted)}); give another folder, or the same model and settings."
        )
    for name, parameter in trained.items():
        _take(steps, parameter, tensors, name)
    return done


def _take(
    steps: Steps,
    parameter: nn.Parameter,
    tensors: dict[str, torch.Tensor],
    name: str,
) -> None:
    with torch.no_grad():
        parameter.copy_(tensors[f"weights.{name}"])
    for key in ("exp_avg", "exp_avg_sq", "momentum_buffer"):
        if f"{key}.{name}" in tensors:
            steps.state(parameter)[key] = tensors[f"{key}.{name}"].to(parameter.device)
    if f"step.{name}" in tensors:
        steps.state(parameter)["step"] = tensors[f"step.{name}"]
