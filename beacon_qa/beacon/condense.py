"""Read a text into memory, a few windows a pass: resumable, and stopped within one pass.

Knows token ids and memories; knows nothing of documents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.memory_file import open_memory, read_header
from beacon_qa.beacon.saving import Saving
from beacon_qa.beacon.windows import PASS
from beacon_qa.errors import MemoryFileError, ModelError


@dataclass(frozen=True)
class Progress:
    """Where a reading stands: tokens and windows of this text, size of the memory, time spent.

    `resumed` of the tokens were found read, in a checkpoint. `memory` is the memory itself; fork it
    to ask something while the reading goes on.
    """

    tokens: int
    resumed: int
    total_tokens: int
    windows: int
    total_windows: int
    kept: int
    nbytes: int
    seconds: float
    memory: Memory


def condense(
    model: Any,
    ids: Sequence[int] | Tensor,
    *,
    memory: Memory | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    busy: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
    save_every: float = 30.0,
) -> Generator[Progress, None, Memory]:
    """Read `ids` into `memory` (or a new one), yield after each pass, and return the memory.

    A pass reads as many windows as 1,024 tokens hold, but one at least, and one only while the
    model is `busy` with others: then they need not wait for more. Both that and
    `should_stop` are asked before each pass; stopped, the memory holds what was read. With
    `checkpoint` the memory is saved there after a second, then at pauses that double up to
    `save_every` seconds (more where a save takes over 5 % of that), and when stopped; and a
    reading of the same text found there is carried on with. A damaged checkpoint, or one of
    another text or model, is not used. Raises ModelError for ids the model does not know.
    """
    tokens = torch.as_tensor(ids, dtype=torch.long).reshape(1, -1)
    vocabulary = model.config.vocab_size
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < vocabulary:
        raise ModelError(f"The text holds ids outside the model's vocabulary of {vocabulary}.")
    memory = model.new_memory() if memory is None else memory
    first = memory.tokens
    note = {"text": _digest(tokens), "first": str(first)}
    memory = _resumed(checkpoint, model, note) or memory
    device, resumed = model.entrance, memory.tokens - first
    total = tokens.shape[1]
    memory.reserve(total - resumed, min(memory.clock.schedule or (8,)) or 1)
    started = time.monotonic()
    saving = None if checkpoint is None else Saving(checkpoint, note, save_every)
    while (done := memory.tokens - first) < total:
        if should_stop is not None and should_stop():
            break
        window = memory.config.window
        alone = memory.clock.in_window > 0 or (busy is not None and busy())
        size = window if alone else max(1, PASS // window) * window
        step = tokens[:, done : done + size - memory.clock.in_window]
        with torch.inference_mode():
            model(input_ids=step.to(device), past_key_values=memory, only_read=True)
        progress = _progress(memory, first, resumed, total, time.monotonic() - started)
        if on_progress is not None:
            on_progress(progress)
        yield progress
        if saving is not None:
            saving.save_if_due(memory)
    if saving is not None:
        saving.save(memory)
    return memory


def _resumed(checkpoint: Path | None, model: Any, note: dict[str, str]) -> Memory | None:
    if checkpoint is None or not checkpoint.exists():
        return None
    try:
        if read_header(checkpoint)["note"] != note:
            return None
        return open_memory(checkpoint, model)
    except MemoryFileError:
        # The text is still there to be read: a bad checkpoint costs time, not the reading.
        return None


def _progress(memory: Memory, first: int, resumed: int, total: int, seconds: float) -> Progress:
    window = memory.config.window
    return Progress(
        tokens=memory.tokens - first,
        resumed=resumed,
        total_tokens=total,
        windows=memory.windows - first // window,
        total_windows=(first + total) // window - first // window,
        kept=memory.kept,
        nbytes=memory.nbytes,
        seconds=seconds,
        memory=memory,
    )


def _digest(tokens: Tensor) -> str:
    return sha256(tokens.numpy().tobytes()).hexdigest()
