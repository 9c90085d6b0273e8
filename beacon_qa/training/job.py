"""What every training run is given: where texts and result are, who runs it, and who is told.

Knows folders, processes and callbacks; knows nothing of what is taught. A run keeps its state in
the folder `training` of its output and carries on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from beacon_qa.commands.interrupt import interruptible
from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch
from beacon_qa.training.processes import ALONE, Processes
from beacon_qa.training.trainer import Plan, train


@dataclass(frozen=True)
class Job:
    """Where texts and result are, and who is told; the same for all runs."""

    texts: Path | None
    out: Path
    device: str | None = None
    processes: Processes = ALONE
    on_step: Callable[[dict[str, Any]], None] = field(default=lambda row: None)

    @property
    def state(self) -> Path:
        """The folder of checkpoints and log."""
        return self.out / "training"

    def train(
        self, model: Any, made: Callable[[int], Iterator[Batch]], plan: Plan, run: str = ""
    ) -> int:
        """Train until the plan's end, or stopped; a later `run` has a folder of its own.

        Returns the steps done: fewer after Ctrl-C. Raises TrainingError when a step does not fit
        the GPU's memory.
        """
        try:
            with interruptible() as stopped:
                return train(
                    model,
                    made,
                    plan,
                    self.state / run,
                    should_stop=stopped,
                    on_step=self.on_step,
                    processes=self.processes,
                )
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                "A step does not fit the GPU's memory; train with --recompute, fewer --rows or "
                "fewer --tokens."
            ) from error
