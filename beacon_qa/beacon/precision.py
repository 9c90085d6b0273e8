"""The type of number a model runs in, where nobody names one.

Knows devices and what a processor can multiply; knows nothing of models but the type that their
weights are stored in.
"""

from __future__ import annotations

import torch


def fastest_dtype(device: str | torch.device, stored: torch.dtype | None) -> torch.dtype:
    """bfloat16 on a GPU, and on a CPU that multiplies it itself if the weights are stored so.

    Reading a long book is attention over ever more keys, and such a CPU takes a third of the time
    for it in bfloat16 as in float32; any other CPU takes longer. Weights stored in float32 are not
    rounded on a CPU.
    """
    if str(device) != "cpu":
        return torch.bfloat16
    if stored != torch.bfloat16 or not multiplies_bfloat16():
        return torch.float32
    return torch.bfloat16


def multiplies_bfloat16() -> bool:
    """Whether this machine's processor has instructions that multiply in bfloat16."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
