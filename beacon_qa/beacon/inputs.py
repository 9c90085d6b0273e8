"""What a call of the model is given beside a memory, and which of its rows are given back.

Knows shapes and refusals; runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from beacon_qa.beacon.memory import Memory
from beacon_qa.errors import ModelError


@dataclass(frozen=True)
class Targets:
    """The ids to predict at each place, -100 ignored, and how much each counts."""

    ids: Tensor
    weights: Tensor

    @staticmethod
    def of(labels: Tensor, weights: Tensor | None) -> Targets:
        """Shift left once over the whole call: a window's last token predicts the next's first."""
        ids = nn.functional.pad(labels[:, 1:], (0, 1), value=-100)
        if weights is None:
            return Targets(ids, (ids != -100).float())
        weights = nn.functional.pad(weights[:, 1:], (0, 1)) * (ids != -100)
        return Targets(ids.masked_fill(weights == 0, -100), weights)

    def mean(self, losses: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The mean over all windows and rows, and that of each row."""
        total = torch.stack([loss.to(losses[0].device) for loss in losses]).sum(dim=0)
        counts = self.weights.sum(dim=1).to(total.device)
        return total.sum() / counts.sum(), total / counts


def checked(
    ids: Tensor | None,
    mask: Tensor | None,
    memory: Memory,
    labels: Tensor | None,
    keep: int | Tensor | None,
) -> tuple[Tensor, int | None]:
    """The ids and the number of logits to keep, as a memory can be read into with them.

    Raises ModelError for what cannot be read: see the model's `forward`.
    """
    if ids is None or ids.ndim != 2 or ids.shape[1] == 0:
        raise ModelError(
            "A memory is read into from input_ids of shape (rows, tokens) with at least one token; "
            f"got {'none' if ids is None else tuple(ids.shape)}."
        )
    if memory.rows not in (None, ids.shape[0]):
        raise ModelError(f"The memory holds {memory.rows} rows and the input {ids.shape[0]}.")
    if labels is not None and labels.shape != ids.shape:
        raise ModelError(f"Labels of shape {tuple(labels.shape)} for ids of {tuple(ids.shape)}.")
    if isinstance(keep, Tensor) or (keep is not None and keep < 0):
        raise ModelError(f"With a memory logits_to_keep must be 0 or more, not {keep}.")
    # Padding may only follow a row's tokens: windows and beacons would be laid over it elsewhere.
    if mask is not None and mask.ndim == 2 and bool((mask[:, 1:] > mask[:, :-1]).any()):
        raise ModelError(
            "Rows are padded on the left or inside; pad on the right, or read rows of different "
            "length one by one."
        )
    return ids, keep


def refuse_padding(mask: Tensor | None) -> None:
    """ModelError unless a prompt to be gone on from is all text."""
    if mask is not None and not bool(mask.all()):
        raise ModelError(
            "Rows padded on the left or right cannot be gone on from; generate from each row alone."
        )


def still_wanted(rows: list[Tensor], hidden: Tensor, keep: int | None, left: int) -> list[Tensor]:
    """The hidden states still wanted after a step: those that the output head will run on."""
    if keep is None:
        return [hidden]
    rows = [*rows, hidden]
    if keep == 0:
        return rows
    surplus = sum(r.shape[1] for r in rows) + left - keep
    while rows and surplus > 0:
        cut = min(surplus, rows[0].shape[1])
        rows = [rows[0][:, cut:], *rows[1:]] if cut < rows[0].shape[1] else rows[1:]
        surplus -= cut
    return rows
