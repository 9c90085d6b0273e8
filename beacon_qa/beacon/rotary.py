"""Turn keys from one rotary position to another.

Rotations add up, so a key cached at position p becomes the key of position p + s by one more turn
of angle s. Knows tensors and frequencies; knows nothing of models. Spec section 7.
"""

from __future__ import annotations

import torch
from torch import Tensor


def turn(keys: Tensor, shift: Tensor, frequencies: Tensor) -> Tensor:
    """Rotate keys by `shift` positions each, in float32, and return them in their own dtype.

    keys (batch, kv_heads, tokens, head_dim), shift (tokens,) in positions, may be negative,
    frequencies (head_dim / 2,) in radians a position. Dimension i pairs with i + head_dim / 2.
    """
    angle = shift.to(torch.float32)[:, None] * frequencies.to(torch.float32)[None, :]
    cos, sin = angle.cos(), angle.sin()
    first, second = keys.to(torch.float32).chunk(2, dim=-1)
    turned = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
    return turned.to(keys.dtype)
