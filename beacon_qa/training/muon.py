"""Muon (Jordan et al., 2024), all matrices of one shape in one product.

The steps are those of the library's Muon, which takes one matrix after the other: 40 kernels for
each, and a small model has dozens of matrices that a GPU is through with before the next kernel
comes. Knows matrices and their gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = 3.4445, -4.7750, 2.0315
_ROUNDS = 5
_LEAST = 1e-7


class Muon(torch.optim.Optimizer):
    """Moves matrices by orthogonal steps as large as AdamW's would be, with Nesterov's momentum."""

    def __init__(self, groups: Iterable[dict[str, Any]], *, momentum: float = 0.95) -> None:
        super().__init__(groups, {"lr": 1e-3, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move the matrices that have a gradient."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for shape, matrices in alike.items():
                self._move(matrices, group["lr"] * 0.2 * max(shape) ** 0.5, group["momentum"])

    def _move(self, matrices: list[nn.Parameter], rate: float, momentum: float) -> None:
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        buffers = [self._buffer(matrix) for matrix in matrices]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, buffers, momentum)
        moves = orthogonal(torch.stack(list(ahead)))
        torch._foreach_add_(list[Tensor](matrices), list(moves.to(matrices[0].dtype)), alpha=-rate)

    def _buffer(self, matrix: nn.Parameter) -> Tensor:
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        buffer: Tensor = state["momentum_buffer"]
        return buffer


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (count, rows, columns) with singular values all near 1, in bfloat16.

    Five rounds of Newton and Schulz.
    """
    a, b, c = _COEFFICIENTS
    found = matrices.bfloat16()
    tall = found.shape[1] > found.shape[2]
    if tall:
        found = found.mT
    found = found / found.norm(dim=(1, 2), keepdim=True).clamp(min=_LEAST)
    for _ in range(_ROUNDS):
        gram = found @ found.mT
        found = torch.baddbmm(
            found, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), found, beta=a
        )
    return found.mT if tall else found
