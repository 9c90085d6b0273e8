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

DeviceMap = str | Mapping[str, int | str | torch.device]
"""`auto`, `balanced`, `sequential`, or a device for each part by its name: a GPU, cpu or disk."""


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
