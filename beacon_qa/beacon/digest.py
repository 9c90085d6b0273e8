"""A digest of a model's weights, by which a memory knows the model that made it.

Knows tensors; knows nothing of checkpoints.
"""

from __future__ import annotations

from hashlib import sha256

import torch
from torch import nn

from beacon_qa.beacon.placing import first_numbers

_SAMPLE = 64


def weights_digest(model: nn.Module) -> str:
    """A digest over the first numbers of every tensor: cheap, and no two trainings agree on it."""
    digest = sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)}".encode())
        sample = first_numbers(model, key, tensor, _SAMPLE)
        digest.update(sample.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
