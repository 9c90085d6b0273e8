"""Several processes that train one model, a GPU each: who is who, and what they tell each other.

    process 0    rows 0, 1    gradients ─┐
    process 1    rows 2, 3    gradients ─┴─ added up: each makes the same step

Their places come from whoever started them: `beacon-qa train --processes`, accelerate or torchrun.
Knows numbers and tensors; knows nothing of models.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch


@dataclass(frozen=True)
class Processes:
    """This process among `count`; `rank` 0 writes and tells, and `device` is its own."""

    rank: int = 0
    count: int = 1
    device: str | None = None

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    def own(self, batch: Batch) -> Batch:
        """This process's rows of a batch; TrainingError if they cannot be shared out evenly."""
        rows, rest = divmod(len(batch.ids), self.count)
        if rest:
            raise TrainingError(
                f"A batch of {len(batch.ids)} rows cannot be shared out evenly to {self.count} "
                "processes; start as many as divide it."
            )
        mine = slice(self.rank * rows, (self.rank + 1) * rows)
        return batch._replace(
            ids=batch.ids[mine], weights=batch.weights[mine], points=batch.points[mine]
        )

    def total(self, value: float) -> float:
        """The sum of a number over all processes; each must ask at the same place.

        Raises TrainingError when one of them has ended.
        """
        if self.count == 1:
            return value
        number = torch.tensor(value, dtype=torch.float64, device=self.device or "cpu")
        self._add_up(number)
        return float(number)

    def share(self, weight: float) -> float:
        """This process's part of a mean over all of them, by the weight of its own rows."""
        return 1.0 if self.count == 1 else weight / self.total(weight)

    def agreed(self, wish: bool) -> bool:
        """Whether any of the processes wishes so, so that all do the same."""
        return self.total(float(wish)) > 0

    def add_up(self, tensors: Iterable[Tensor | None]) -> None:
        """Replace each tensor by its sum over all processes; None is passed over, as in each.

        Raises TrainingError when one of them has ended.
        """
        if self.count > 1:
            for tensor in tensors:
                if tensor is not None:
                    self._add_up(tensor)

    def _add_up(self, tensor: Tensor) -> None:
        try:
            distributed.all_reduce(tensor)
        except RuntimeError as error:
            raise TrainingError(
                f"Another of the {self.count} processes has ended; the same command carries on "
                "from what was saved last."
            ) from error


ALONE = Processes()


def is_one_of_several() -> bool:
    """Whether this process was started as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def started(device: str | None) -> Iterator[Processes]:
    """The processes this one was started among, by its environment, until the end of the block."""
    if not is_one_of_several():
        yield Processes(device=device)
        return
    from accelerate import PartialState

    state = PartialState(cpu=device == "cpu" or not torch.cuda.is_available())
    try:
        # It numbers the CPU too, as if each process had its own.
        own = "cpu" if state.device.type == "cpu" else str(state.device)
        yield Processes(state.process_index, state.num_processes, own)
    finally:
        state.destroy_process_group()
