"""A loaded model and its prompts: reading into memory and answering from it, in the lane.

Knows token ids, memories and the model; knows nothing of books, files or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
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
from beacon_qa.beacon.generate import own_stops
from beacon_qa.beacon.watch import Watch
from beacon_qa.errors import ModelError
from beacon_qa.evidence.looking import Asked, LookBack, Looking, Prompt, check_look_back
from beacon_qa.evidence.rounds import ROUND_TOKENS
from beacon_qa.gathering import Begin, Gathering, Source
from beacon_qa.lane import MODEL_LANE, Lane
from beacon_qa.prompts import Prompts
from beacon_qa.textstream import TextStream

BUILTIN = Path(__file__).parent / "builtin" / "weights"
"""The built-in model's folder."""


@dataclass(frozen=True)
class Engine:
    """A model, its prompts, the lane they are used in, and how answers look back."""

    model: Any
    prompts: Prompts
    lane: Lane = field(default=MODEL_LANE)
    look_back: LookBack = "auto"
    gathering: Gathering | None = None

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        *,
        bits: int | None = None,
        device: str | None = None,
        look_back: LookBack = "auto",
    ) -> Engine:
        """Load a checkpoint (None: the built-in model) and its tokenizer.

        Raises ModelError or ConfigError when it cannot be used.
        """
        if model is None and not (BUILTIN / "model.safetensors").exists():
            raise ModelError(
                "This installation has no built-in model; name one with --model, or make one "
                "with `beacon-qa train`."
            )
        way = check_look_back(look_back)
        path = BUILTIN if model is None else model
        prompts = Prompts(load_tokenizer(path))
        loaded = load_checkpoint(path, bits=bits, device=device)
        MODEL_LANE.attach(loaded)
        return cls(loaded, prompts, look_back=way)

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
        """Read ids into a memory, see `condense`; with `checkpoint` it goes on from there."""
        return condense(
            self.model,
            ids,
            memory=memory,
            should_stop=should_stop,
            busy=lambda: self.lane.taken,
            checkpoint=checkpoint,
            save_every=save_every,
        )

    def read_on(
        self,
        ids: Sequence[int],
        memory: Memory,
        *,
        should_stop: Callable[[], bool] | None = None,
    ) -> Memory:
        """Read ids into a fork of the memory, and return that; stopped, as far as it got."""
        job = self.read(ids, self.fork(memory), should_stop=should_stop)
        while True:
            try:
                next(job)
            except StopIteration as end:
                grown: Memory = end.value
                return grown

    def fork(self, memory: Memory, *, share: bool | None = None) -> Memory:
        """A fork, taken between two steps of whatever reads into the memory.

        With `share` False it holds all in one piece, as a memory opened from disk does.
        """
        with self.lane.turn():
            return memory.fork(share=share)

    def answer(
        self,
        question: str,
        prompt: Prompt,
        memory: Callable[[], Memory],
        *,
        cached: int,
        coverage: Coverage,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        fresh: int | None = None,
        halt: Event | None = None,
        looking: Looking | None = None,
        asked: str | None = None,
        after: int | None = None,
        source: Source | None = None,
        on_end: Callable[[list[int]], None] | None = None,
    ) -> Answer:
        """The answer that `prompt` leads to after `memory`, which is asked for when it begins.

        `fresh` is the number of input tokens besides those `cached`, where `memory` reads some of
        them when it is asked. `halt` is set when the answer is cancelled. `looking` finds what the
        answer rests on; for that `asked` is the question as it stands in the prompt, None as it is,
        and `after` the number of tokens behind it, None as in the template. `source` tells it
        together with others; None is the engine's own, or alone without one.
        """
        wanted = sampling or Sampling()
        stops = {*wanted.stop_ids, *self.stop_ids}
        wanted = replace(wanted, stop_ids=tuple(sorted(stops)))
        ids = prompt()
        halted = halt or Event()

        def on_the_way(memory: Memory, ids: Sequence[int]) -> Iterator[str]:
            return self._on_the_way(memory, ids, wanted, stop, halted, looking)

        def begin() -> tuple[Memory, Sequence[int], Watch | None]:
            start = memory()
            if looking is None or halted.is_set():
                return start, ids, None
            words = len(self.prompts.asked(question if asked is None else asked))
            behind = len(self.prompts.layout.ask) if after is None else after
            return looking.begin(start, Asked(prompt, words, behind, on_the_way, halted.is_set))

        told = source or (self.gathering.source if self.gathering else self._alone)
        return Answer(
            question,
            told(begin, wanted, halted),
            self._stream(stop),
            prompt=(cached, len(ids) if fresh is None else fresh),
            limit=wanted.max_new_tokens,
            coverage=coverage,
            halt=halted,
            looking=looking,
            on_end=on_end,
        )

    def _alone(self, begin: Begin, sampling: Sampling, halted: Event) -> Generator[int, None, None]:
        """The tokens of one answer by itself."""
        memory, ids, watch = begin()
        if not halted.is_set():
            yield from decode(
                self.model, memory, ids, sampling, should_stop=halted.is_set, watch=watch
            )

    def _on_the_way(
        self,
        memory: Memory,
        ids: Sequence[int],
        sampling: Sampling,
        stop: Sequence[str],
        halted: Event,
        looking: Looking | None,
    ) -> Iterator[str]:
        """A short answer, which is told for the sake of another one; its tokens are counted."""
        short = replace(sampling, max_new_tokens=min(sampling.max_new_tokens, ROUND_TOKENS))
        stream = self._stream(stop)
        for token in decode(self.model, memory, ids, short, should_stop=halted.is_set):
            if looking is not None:
                looking.told += 1
            yield stream.add(token)
            if stream.stopped:
                break
        yield stream.end()

    def _stream(self, stop: Sequence[str]) -> TextStream:
        # A string is a sequence of strings too, but nobody means its letters.
        stops = (stop,) if isinstance(stop, str) else stop
        return TextStream(self.prompts.text, (*stops, *self.prompts.layout.stop_strings))

    def gathered(self) -> Engine:
        """The same engine, whose answers go on together: for many who ask at the same time."""
        return replace(self, gathering=Gathering(self.model))

    def company(self) -> Source:
        """A source for several answers that are to be told together."""
        return (self.gathering or Gathering(self.model)).company()

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """The template's ends of an answer, and those of the checkpoint's generation settings."""
        return tuple(sorted({*self.prompts.layout.stop_ids, *own_stops(self.model)}))
