"""A loaded model and its prompts: reading into memory and answering from it, in the lane.

Knows token ids, memories and the model; knows nothing of books, files or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from beacon_qa.answer import Answer, Coverage
from beacon_qa.beacon import (
    Memory,
    Progress,
    Sampling,
    condense,
    decode,
    load_tokenizer,
    open_memory,
)
from beacon_qa.beacon import load_model as load_checkpoint
from beacon_qa.errors import ModelError
from beacon_qa.lane import MODEL_LANE, Lane
from beacon_qa.prompts import Prompts
from beacon_qa.textstream import TextStream

BUILTIN = Path(__file__).parent / "builtin" / "weights"
"""The built-in model's folder."""


@dataclass(frozen=True)
class Engine:
    """A model, its prompts and the lane they are used in."""

    model: Any
    prompts: Prompts
    lane: Lane = field(default=MODEL_LANE)

    @classmethod
    def load(
        cls, model: str | Path | None = None, *, bits: int | None = None, device: str | None = None
    ) -> Engine:
        """Load a checkpoint (None: the built-in model) and its tokenizer.

        Raises ModelError or ConfigError when it cannot be used.
        """
        if model is None and not (BUILTIN / "model.safetensors").exists():
            raise ModelError(
                "This installation has no built-in model; name one with --model, or make one "
                "with `beacon-qa train`."
            )
        path = BUILTIN if model is None else model
        prompts = Prompts(load_tokenizer(path))
        loaded = load_checkpoint(path, bits=bits, device=device)
        MODEL_LANE.attach(loaded)
        return cls(loaded, prompts)

    @property
    def name(self) -> str:
        """What the model is called: its id, or the name of its folder."""
        name = str(self.model.identity.name)
        if Path(name) == BUILTIN:
            return "built-in"
        return Path(name).name if Path(name).is_dir() else name

    @property
    def key(self) -> str:
        """The digest that memories of this model carry."""
        return str(self.model.identity.key)

    @property
    def window(self) -> int:
        """Raw tokens a window."""
        return int(self.model.beacon.window)

    def open(self, path: Path) -> Memory:
        """Open a memory file; raises MemoryFileError, or MemoryMismatch for another model's."""
        return open_memory(path, self.model)

    def read(
        self,
        ids: Sequence[int],
        memory: Memory,
        *,
        should_stop: Callable[[], bool] | None = None,
        checkpoint: Path | None = None,
        save_every: float = 30.0,
    ) -> Generator[Progress, None, Memory]:
        """Read ids into a memory, a window a step; with `checkpoint` it goes on from there."""
        return condense(
            self.model,
            ids,
            memory=memory,
            should_stop=should_stop,
            checkpoint=checkpoint,
            save_every=save_every,
        )

    def read_on(self, ids: Sequence[int], memory: Memory) -> Memory:
        """Read a few ids into a fork of the memory, and return that."""
        job = self.read(ids, self.fork(memory))
        while True:
            try:
                next(job)
            except StopIteration as end:
                grown: Memory = end.value
                return grown

    def fork(self, memory: Memory) -> Memory:
        """A fork, taken between two steps of whatever reads into the memory."""
        with self.lane.turn():
            return memory.fork()

    def answer(
        self,
        question: str,
        ids: Sequence[int],
        memory: Callable[[], Memory],
        *,
        cached: int,
        coverage: Coverage,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        on_end: Callable[[list[int]], None] | None = None,
    ) -> Answer:
        """The answer that follows `ids` after `memory`, which is asked for when it begins."""
        wanted = sampling or Sampling()
        stops = {*wanted.stop_ids, *self._stop_ids()}
        wanted = replace(wanted, stop_ids=tuple(sorted(stops)))

        def tokens() -> Generator[int, None, None]:
            yield from decode(self.model, memory(), ids, wanted)

        return Answer(
            question,
            tokens(),
            TextStream(self.prompts.text, (*stop, *self.prompts.layout.stop_strings)),
            prompt=(cached, len(ids)),
            limit=wanted.max_new_tokens,
            coverage=coverage,
            on_end=on_end,
        )

    def _stop_ids(self) -> set[int]:
        """The template's ends of an answer, and those of the checkpoint's generation settings."""
        ends = getattr(getattr(self.model, "generation_config", None), "eos_token_id", None)
        more = [ends] if isinstance(ends, int) else list(ends or ())
        return {*self.prompts.layout.stop_ids, *more}
