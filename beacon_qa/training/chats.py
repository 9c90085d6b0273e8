"""Questions about texts with their answers, from anybody's file, of which only answers are learnt.

    opening  DOCUMENT  closing  question  ask  ANSWER  turn  question  ask  ANSWER
                                               ~~~~~~                       ~~~~~~  predicted

Knows lines of JSON, a model's prompts and lengths; knows nothing of models or losses.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from beacon_qa.chat.dialogue import dialogue
from beacon_qa.chat.messages import Message, message
from beacon_qa.errors import MessageError, TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.batches import Batch
from beacon_qa.training.drafts import Sample

log = logging.getLogger(__name__)

TEXT_SHARE = 5 / 33
"""Steps on running text among those on chats, where there is both, as the paper mixed them."""


@dataclass(frozen=True)
class Chats:
    """Chats by their number of windows; a batch holds rows of one number, padded on the right.

    Rows in step have the same windows, in one process or in several.
    """

    groups: tuple[tuple[Sample, ...], ...]
    rows: int
    seed: int

    def batch(self, step: int) -> Batch:
        """Batch number `step`, whenever it is made."""
        rng = np.random.default_rng((self.seed, step))
        sizes = np.cumsum([len(group) for group in self.groups])
        group = self.groups[int(np.searchsorted(sizes, rng.integers(sizes[-1]), "right"))]
        drawn = rng.choice(len(group), self.rows, replace=len(group) < self.rows)
        samples = [group[index] for index in drawn]
        length = max(len(sample.ids) for sample in samples)
        ids = np.zeros((self.rows, length), np.int64)
        weights = np.zeros((self.rows, length), np.float32)
        for row, sample in enumerate(samples):
            ids[row, : len(sample.ids)] = sample.ids
            weights[row, : len(sample.ids)] = sample.weights
        return Batch(ids, weights)


def read_chats(
    path: Path, prompts: Prompts, *, rows: int, window: int, tokens: int, seed: int
) -> Chats:
    """The chats of a file, a JSON object a line, of more than a window and at most `tokens`.

    Each is {"document", "question", "answer"}, or {"messages": [{"role", "content"}, ...]} with
    or without a "document". Others in length are left out. Raises TrainingError for a line that
    is neither, and when none is left.
    """
    groups: dict[int, list[Sample]] = {}
    lengths = []
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            sample = _sample(f"{path.name}, line {number}", line, prompts)
            lengths.append(len(sample.ids))
            if window < len(sample.ids) <= tokens:
                groups.setdefault(-(-len(sample.ids) // window), []).append(sample)
    kept = sum(map(len, groups.values()))
    if not kept:
        raise TrainingError(
            f"None of the {len(lengths)} chats of {path} has more than a window of {window} and at "
            f"most {tokens} tokens; give longer documents, or more --tokens."
        )
    if kept < len(lengths):
        log.warning("left out: %d of %d chats, for their length", len(lengths) - kept, len(lengths))
    return Chats(tuple(tuple(groups[count]) for count in sorted(groups)), rows, seed)


def mixed(
    chats: Callable[[int], Batch], texts: Callable[[int], Batch] | None, seed: int
) -> Callable[[int], Iterator[Batch]]:
    """All batches from a step on: of chats, and of texts for their share, where there are any."""

    def from_step(first: int) -> Iterator[Batch]:
        step = first
        while True:
            draw = np.random.default_rng((seed, step, 1)).random()
            yield chats(step) if texts is None or draw >= TEXT_SHARE else texts(step)
            step += 1

    return from_step


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise TrainingError(f"The chats of {path} cannot be read: {why}.") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path} is not UTF-8 text; give lines of JSON in UTF-8.") from error


def _sample(place: str, line: str, prompts: Prompts) -> Sample:
    try:
        return _encoded(*_told(json.loads(line)), prompts)
    except (MessageError, ValueError) as error:
        raise TrainingError(f"{place}: {error}") from error


def _told(value: Any) -> tuple[str | None, list[Message]]:
    """The document, if there is one, and the messages of a line; ValueError for anything else."""
    if not isinstance(value, Mapping):
        raise ValueError("a line is one JSON object.")
    document, messages = value.get("document"), value.get("messages")
    if messages is None:
        parts = [value.get(key) for key in ("document", "question", "answer")]
        if not all(isinstance(part, str) and part for part in parts):
            raise ValueError('give "document", "question" and "answer", or "messages".')
        messages = [
            {"role": "user", "content": parts[1]},
            {"role": "assistant", "content": parts[2]},
        ]
    if not isinstance(messages, list) or not all(isinstance(one, Mapping) for one in messages):
        raise ValueError('"messages" is a list of {"role", "content"}.')
    told = [message(one) for one in messages]
    if not any(one.role == "assistant" and one.text for one in told):
        raise ValueError("there is no answer of the assistant to learn.")
    return document, told


def _encoded(document: str | None, messages: Sequence[Message], prompts: Prompts) -> Sample:
    ids = _text(document, prompts)
    begun, weights = len(ids), [0.0] * len(ids)
    for place, one in enumerate(messages):
        if one.role != "assistant":
            continue
        talk = dialogue(prompts, messages[:place], document=document is not None)
        before = [*ids[:begun], *talk.history, *talk.question]
        # A template may write an answer otherwise once it is past: then only the last is learnt.
        known = len(ids) if before[: len(ids)] == ids else 0
        answer = [*prompts.answer(one.text), _end(prompts)]
        weights = [*weights[:known], *[0.0] * (len(before) - known), *[1.0] * len(answer)]
        ids = [*before, *answer]
    return Sample(np.array(ids, np.int64), np.array(weights, np.float32))


def _text(document: str | None, prompts: Prompts) -> list[int]:
    return [] if document is None else [*prompts.layout.opening, *prompts.document(document).ids]


def _end(prompts: Prompts) -> int:
    """The token that ends an answer: the template's own, or the end of a text."""
    layout = prompts.layout
    after = layout.turn[:1]
    return after[0] if after and after[0] in layout.stop_ids else layout.stop_ids[0]
