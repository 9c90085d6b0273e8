"""Where the parts of a model lie, when one device does not hold them all.

A map names a device for each part; what is kept in main memory or on disk meanwhile is fetched by
accelerate's hooks when it is run, and shows as tensors without data until then. Memory needs no
map: each layer's entries lie where the layer makes them. Knows modules and hooks; knows nothing of
memories or windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate.utils import align_module_device
from torch import Tensor, nn

from beacon_qa.errors import ModelError

DeviceMap = str | Mapping[str, int | str | torch.device]
"""`auto`, `balanced`, `sequential`, or a device for each part by its name: a GPU, cpu or disk."""


def chosen_map(device: str | torch.device | None) -> DeviceMap:
    """The map that puts all on one device, by default the GPU if there is one; "auto" is a map.

    Raises ModelError for a device that is not here.
    """
    if device is None:
        return {"": "cuda:0" if torch.cuda.is_available() else "cpu"}
    if str(device) == "auto":
        return "auto"
    try:
        asked = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"{str(device)!r} is no device; say cpu, cuda:0, or auto.") from error
    gpus = torch.cuda.device_count()
    if asked.type == "cuda" and (asked.index or 0) >= gpus:
        raise ModelError(
            f"There is no device {device} here, but {gpus} GPUs; leave it out, or say cpu."
        )
    return {"": device}


def on_gpu(device_map: DeviceMap) -> bool:
    """Whether any part of a model lies on a GPU."""
    if isinstance(device_map, str):
        return torch.cuda.is_available()
    return any(str(device) not in ("cpu", "disk") for device in device_map.values())


def device_of(module: Any) -> torch.device:
    """The device that a module with a `weight` runs on, also while its weight is elsewhere."""
    hook = getattr(module, "_hf_hook", None)
    for one in getattr(hook, "hooks", (hook,)):
        device = getattr(one, "execution_device", None)
        if device is not None:
            # accelerate numbers GPUs
            return torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
    found: torch.device = module.weight.device
    return found


def first_numbers(model: nn.Module, name: str, tensor: Tensor, count: int) -> Tensor:
    """The first `count` numbers of a tensor of a model's state, fetched if they are elsewhere."""
    if tensor.device.type != "meta":
        return tensor.detach().flatten()[:count].cpu()
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    with align_module_device(module, torch.device("cpu")):
        held: Tensor = getattr(module, leaf)
        return held.detach().flatten()[:count].clone()
