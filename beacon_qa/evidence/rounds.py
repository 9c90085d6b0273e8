"""Looking back in several rounds, for questions that ask for all of something or how many.

One window holds three passages, and a long list stands in more places than that:

    look      the question's attention over the whole memory ranks the passages
    round     the next three are read again, raw, and answered from; never the same one twice
    fading    passages that drew far less attention than the best are left alone: no more rounds
    answer    told from the memory with what the rounds told in view, each finding once; where
              they told nothing, with the best passages in view

The model takes an answer a round, so that it costs as much more. Knows passages and findings;
knows nothing of books or of how an answer is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from beacon_qa.beacon import Memory
from beacon_qa.errors import ModelError
from beacon_qa.evidence.evidence import Passage
from beacon_qa.evidence.looking import PASSAGES, Asked, Looking, Round

ROUNDS = 4
"""The most rounds of a question that asks for all of something."""

FADED = 1 / 5
"""Of the best passage's attention: what drew less than this is no find of its own."""

ROUND_TOKENS = 96
"""The most tokens told in a round."""

_POLITE = r"(?:please,? |(?:can|could|would|will) you (?:please )?)*"
_ALL = re.compile(
    rf"\A\W*{_POLITE}(?:list|enumerate|count"
    r"|(?:name|find|give|tell|show)(?: me)? (?:all|every|each))\b"
    r"|\bhow (?:many|often)\b"
    r"|\bgive (?:me )?an? (?:full |complete )?list\b"
    r"|\b(?:who|what|which|where|when)\b.*\b(?:all|each|every one) (?:of )?"
    r"(?:the|these|those|his|her|its|their)\b"
    r"|\bwhat (?:are|were) the (?:names|titles)\b",
    re.IGNORECASE | re.DOTALL,
)
_SILENT = re.compile(
    r"\A\W*(?:the|this|these) (?:text|book|passages?) (?:does|do) not (?:say|tell|mention|state)\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"\A\W*(?:\d{1,3}[.)]\s+)?")


def asks_for_all(question: str) -> bool:
    """Whether a question asks for all of something, or how many: by a few English words.

    "Who are all the ...", "which of all the ...", "how many ...", "how often ...", and requests
    that begin with list, count, enumerate, or with name, find, give, tell or show and all, every or
    each. In other languages, and for other words, say how many rounds there are to be.
    """
    return _ALL.search(question) is not None


def rounds_for(question: str, rounds: int | None) -> int:
    """The most rounds for this question; raises ModelError for a number that is none."""
    if rounds is None:
        return ROUNDS if asks_for_all(question) else 1
    if rounds < 1:
        raise ModelError(f"rounds is {rounds}; it must be 1 or more.")
    return rounds


def in_rounds(found: Sequence[Passage]) -> list[tuple[Passage, ...]]:
    """The passages, best first, as they are shared out over rounds, up to where they fade."""
    strong = [passage for passage in found if passage.score >= FADED * found[0].score]
    return [tuple(strong[at : at + PASSAGES]) for at in range(0, len(strong), PASSAGES)]


def findings(texts: Iterable[str]) -> list[str]:
    """What the rounds told, each line only the first time; that there is nothing is left out."""
    seen, kept = {""}, []
    for text in texts:
        lines = []
        for line in text.splitlines():
            words = _words(line)
            if words not in seen and not _SILENT.match(line):
                seen.add(words)
                lines.append(line.strip())
        if lines:
            kept.append("\n".join(lines))
    return kept


@dataclass
class Rounds(Looking):
    """A look at the text in `limit` rounds at most; one round is an ordinary look."""

    limit: int = ROUNDS

    @property
    def most(self) -> int:
        """How many passages are looked for."""
        return PASSAGES * self.limit

    def read(self, found: Sequence[Passage], memory: Memory, asked: Asked) -> Sequence[int]:
        """Take the rounds; the ids lead to the answer with what they told in view."""
        rounds = in_rounds(found)
        if len(rounds) < 2:
            return super().read(found, memory, asked)
        for passages in rounds:
            if asked.ended():
                break
            self._take(passages, memory, asked)
        notes = findings(one.text for one in self.rounds)
        if not notes:
            return self.in_view(rounds[0], memory, asked.prompt)[1]
        return self._noted(notes, memory, asked)

    def _take(self, passages: Sequence[Passage], memory: Memory, asked: Asked) -> None:
        """One round; what it has told is known as it is told."""
        shown, ids = self.in_view(passages, memory, asked.prompt)
        if not shown:
            return
        self.read_again += shown
        self.tokens += len(ids)
        this, before = Round(shown), self.rounds
        self.rounds = (*before, this)
        for piece in asked.tell(self.behind(memory, shown), ids):
            this = replace(this, text=this.text + piece)
            self.rounds = (*before, this)

    def _noted(self, notes: Sequence[str], memory: Memory, asked: Asked) -> Sequence[int]:
        """The prompt with as many notes, the first first, as there is room for."""
        ids = asked.prompt(notes=notes)
        while notes and len(ids) > self.room(memory, self.read_again):
            notes = notes[:-1]
            ids = asked.prompt(notes=notes)
        return ids


def _words(line: str) -> str:
    """A line without what a list puts before it, its marks and its case."""
    return " ".join(re.findall(r"\w+", _MARK.sub("", line).casefold()))
