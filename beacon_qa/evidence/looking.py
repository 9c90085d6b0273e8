"""How one answer looks at the text: where its attention falls, and what it reads again.

    off     the condensed memory alone
    narrow  the condensed memory of those windows alone that the question's attention finds
    on      the question is read over the memory first; of the passages its attention finds, those
            that the question is about are read again, raw, behind the memory, and the answer is
            told with both in view
    auto    the same, when the find stands out as finds do

Where a model does better so, its memory is narrowed to their windows for passages read again too.
No index and no chunks: the model's own attention over the whole condensed text finds the passages.
Knows memories, the ground under them and prompts as ids; knows nothing of books or wording.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal, Protocol, get_args

import numpy as np

from beacon_qa.beacon import Memory
from beacon_qa.beacon.entries import entry_spans
from beacon_qa.beacon.generate import attend
from beacon_qa.beacon.likelihood import likelihoods
from beacon_qa.beacon.watch import Watch
from beacon_qa.errors import ModelError
from beacon_qa.evidence.checking import CANDIDATES, LONGEST, likely
from beacon_qa.evidence.evidence import Curve, Evidence, Ground, Passage

LookBack = Literal["auto", "on", "narrow", "off"]

PASSAGES = 3
"""How many passages are read again at most."""

ROOM = 96
"""The tokens of the window that there are for each passage read again and what stands around it."""

NARROW = 1
"""How many of the passages found, the best, say which windows a memory is narrowed to."""


def longest_passage(window: int) -> int:
    """The most tokens of a passage that is found: PASSAGES of them would have room in a window."""
    return min(LONGEST, window // PASSAGES)


def most_passages(window: int) -> int:
    """How many passages are read again at most: one in a small window, which has room for no more.

    A sentence without those around it says less than a second find would add.
    """
    return max(1, min(PASSAGES, window // ROOM))


class Prompt(Protocol):
    """Writes a prompt with passages (token ids) and notes put in view before the question."""

    def __call__(
        self, *, again: Sequence[Sequence[int]] = (), notes: Sequence[str] = ()
    ) -> Sequence[int]: ...


@dataclass(frozen=True)
class Asked:
    """A question as it is put: its prompt, which ends with `words` tokens of it and `after` more.

    `tell` tells what a prompt leads to from a memory, for what is answered on the way, and
    `ended` says that the answer is not wanted any more.
    """

    prompt: Prompt
    words: int
    after: int
    tell: Callable[[Memory, Sequence[int]], Iterable[str]]
    ended: Callable[[], bool]


@dataclass(frozen=True)
class Round:
    """One of several rounds of looking back: what was read again, and what was told from it."""

    passages: tuple[Passage, ...]
    text: str = ""


def check_look_back(value: str) -> LookBack:
    """The value, if it is a way of looking back; raises ModelError for another."""
    for known in get_args(LookBack):
        if value == known:
            way: LookBack = known
            return way
    raise ModelError(f"look_back is {value!r}; it must be one of {', '.join(get_args(LookBack))}.")


@dataclass
class Looking:
    """One answer's look at the text under its memory; filled in while the answer is told.

    `read_again` are the passages that were read again, raw, `tokens` what was read for that beyond
    the plain prompt. `rounds` are those of a question that took several, which told `told` tokens.
    """

    model: Any
    ground: Ground
    look_back: LookBack = "off"
    read_again: tuple[Passage, ...] = ()
    tokens: int = 0
    rounds: tuple[Round, ...] = ()
    told: int = 0
    _watch: Watch | None = None
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _weights: Curve = field(default_factory=lambda: np.zeros(0))
    _found: tuple[int, Evidence] = (0, Evidence())

    def begin(self, memory: Memory, asked: Asked) -> tuple[Memory, Sequence[int], Watch]:
        """Where to tell the answer from, the ids that lead to it, and what to watch it with."""
        ids = asked.prompt()
        watch = self._watched(memory, len(ids), asked.words, asked.after)
        if self.look_back != "off":
            found = self._found_by(watch, memory, ids, self.most)
            if self.look_back == "narrow":
                memory = self._narrowed(memory, found.passages[:NARROW])
            elif self.look_back == "on" or found.contrast >= self.model.evidence_contrast:
                ids = self.read(found.passages, memory, asked)
                memory = self.behind(memory, self.read_again)
            self.tokens += len(ids)
            # The question has been counted; what is read again would only point to itself.
            watch.counted = [(memory.tokens + len(ids), sys.maxsize)]
        return memory, ids, watch

    @property
    def most(self) -> int:
        """How many passages are looked for."""
        return CANDIDATES

    def read(self, found: Sequence[Passage], memory: Memory, asked: Asked) -> Sequence[int]:
        """Choose of the passages found, best first, what is read again; the ids to answer from."""
        self.read_again, ids = self.in_view(self._checked(found, asked), memory, asked.prompt)
        return ids

    def _checked(self, found: Sequence[Passage], asked: Asked) -> Sequence[Passage]:
        """Those of the passages that the question is about, best first, with what is around them.

        A window is shared among them: few passages are read with more of what stands around, one
        alone with what three quarters of a window hold.
        """
        window = self.ground.window
        if len(found) > 1:
            prompts = [asked.prompt(again=[self.ground.ids(passage)]) for passage in found]
            self.tokens += sum(map(len, prompts))
            told = likelihoods(self.model, prompts, asked.words, asked.after)
            shares = [passage.score for passage in found]
            found = [found[place] for place in likely(told, shares, most_passages(window))]
        longest = min(3 * window // 4, window // max(1, len(found)))
        kept = list(found)
        for place, passage in enumerate(found):
            wider = self.ground.wider(passage, longest)
            others = kept[:place] + kept[place + 1 :]
            if all(wider.end <= other.start or other.end <= wider.start for other in others):
                kept[place] = wider
        return kept

    def in_view(
        self, found: Sequence[Passage], memory: Memory, prompt: Prompt
    ) -> tuple[tuple[Passage, ...], Sequence[int]]:
        """The best passages that have room behind the memory, in the text's order, and the ids."""
        for count in range(len(found), 0, -1):
            passages = tuple(sorted(found[:count], key=lambda passage: passage.start))
            ids = prompt(again=[self.ground.ids(passage) for passage in passages])
            if len(ids) <= self.room(memory, passages):
                return passages, ids
        return (), prompt()

    def behind(self, memory: Memory, passages: Sequence[Passage]) -> Memory:
        """The memory that these passages are read again behind; itself for none."""
        if not passages:
            return memory
        if self.model.evidence_narrow:
            memory = self._narrowed(memory, passages)
        return memory.sealed()

    def _narrowed(self, memory: Memory, passages: Sequence[Passage]) -> Memory:
        """The memory of the windows of these passages, and of all that was said after the text.

        The whole memory for none.
        """
        if not passages:
            return memory
        windows = self._windows(memory, passages)
        entries = memory.entries_of(windows)
        if self._watch is not None:
            self._watch.narrow(entries[entries < len(self._spans)])
        return memory.narrowed(windows)

    def _windows(self, memory: Memory, passages: Sequence[Passage]) -> set[int]:
        """The full windows in which these passages stand, and all that follow the text."""
        found = {window for passage in passages for window in self.ground.windows(passage)}
        after = range(self.ground.end // self.ground.window, memory.windows)
        return {window for window in found if window < memory.windows} | {*after}

    def room(self, memory: Memory, passages: Sequence[Passage] = ()) -> int:
        """How many tokens the model can read raw behind the memory, narrowed for these passages.

        A window's worth of positions is left for the answer, which is not condensed either.
        """
        kept = memory.kept
        if passages and self.model.evidence_narrow:
            kept += len(memory.entries_of(self._windows(memory, passages))) - memory.held
        return int(self.model.beacon.positions) - kept - self.ground.window

    def find(
        self, memory: Memory, ids: Sequence[int], question: int, after: int, most: int
    ) -> Evidence:
        """Where the question's attention falls, without an answer."""
        watch = self._watched(memory, len(ids), question, after)
        return self._found_by(watch, memory, ids, most)

    @property
    def evidence(self) -> Evidence:
        """What the attention of the question, and of the answer as far as told, points to."""
        watch = self._watch
        if watch is None:
            return Evidence()
        if self._found[0] != watch.tokens:
            found = self.ground.evidence(np.asarray(watch.scores) * self._weights, self._spans)
            self._found = watch.tokens, found
        return self._found[1]

    def _found_by(self, watch: Watch, memory: Memory, ids: Sequence[int], most: int) -> Evidence:
        attend(self.model, memory, ids, watch)
        longest = longest_passage(self.ground.window)
        # What is held raw in the memory needs not be read again.
        scores = np.asarray(watch.scores) * self._weights * (self._weights > 1)
        return self.ground.evidence(scores, self._spans, most=most, longest=longest)

    def _watched(self, memory: Memory, length: int, question: int, after: int) -> Watch:
        # What was said after the text stands behind it in memory: only the text's entries count.
        before = takewhile(lambda span: span[0] < self.ground.end, entry_spans(memory.clock))
        # The open window is in view raw, and its keys outshine those of beacons, found or not.
        self._spans = list(before)[: memory.held or None]
        self._weights = _weights(memory, self._spans)
        self._watch = Watch(self.model.evidence_heads, len(self._spans))
        end = memory.tokens + length
        self._watch.counted = [(end - after - question, end - after), (end, sys.maxsize)]
        return self._watch


def _weights(memory: Memory, spans: Sequence[tuple[int, int]]) -> Curve:
    """For how much each entry of a memory counts: for the tokens it alone stands for.

    Attention is shared among entries: a raw token draws as much by chance as a beacon that stands
    for many. Sinks draw most of all, whatever is asked; they say nothing of the text.
    """
    sink, condensed, _ = memory.sizes
    weights = np.array([end - first for first, end in spans], np.float64)
    weights[:sink] = 0
    weights[sink + condensed :] = 1
    return weights
