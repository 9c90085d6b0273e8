"""A conversation about a text: follow-up questions that know what was said before.

Knows a memory and the turns since; knows nothing of books or of keeping conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from beacon_qa.answer import Answer, Coverage
from beacon_qa.beacon import Memory, Sampling
from beacon_qa.engine import Engine
from beacon_qa.evidence.looking import LookBack, Looking


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


class Chat:
    """One conversation; the memory it starts from is not changed.

    What was said is read into a fork of it when the next question comes, and is condensed like
    the text itself when it fills a window.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        coverage: Coverage,
        history: Iterable[Turn] = (),
        *,
        looking: Callable[[LookBack | None, str, int | None], Looking] | None = None,
        asked: Callable[[str], str] = str,
    ) -> None:
        """`looking` makes each answer's look at the text that the memory begins with.

        `asked` makes of a question what the model is asked.
        """
        self._engine = engine
        self._asked = asked
        self._looking = looking
        self._memory = memory
        self._coverage = coverage
        self._unread: list[int] = []
        self._turns: list[Turn] = []
        self._current: tuple[Answer, list[int], list[int]] | None = None
        for turn in history:
            self._unread += engine.prompts.question(asked(turn.question), first=not self._turns)
            self._unread += engine.prompts.answer(turn.answer)
            self._turns.append(turn)

    @property
    def turns(self) -> list[Turn]:
        """What has been said, the answers as far as they have been told."""
        if self._current is None:
            return list(self._turns)
        answer = self._current[0]
        return [*self._turns, Turn(answer.question, answer.so_far)]

    def ask(
        self,
        question: str,
        *,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        look_back: LookBack | None = None,
        rounds: int | None = None,
    ) -> Answer:
        """The answer to the next question; an earlier answer still being told ends here.

        `look_back` and `rounds` are as in `Book.ask`; what was read again for one answer is not
        there for the next.
        """
        # First, so that a `look_back` that is none does not end the answer being told.
        looking = self._looking(look_back, question, rounds) if self._looking else None
        self._settle()
        asked, first = self._asked(question), not self._turns
        prompt = partial(self._engine.prompts.question, asked, first=first)

        # The answer must not know the chat: a pair that know each other is collected at any time,
        # also inside a step of the model, which its end would wait for.
        told: list[int] = []
        memory = self._memory
        answer = self._engine.answer(
            question,
            prompt,
            lambda: memory,
            cached=memory.tokens,
            coverage=self._coverage,
            sampling=sampling,
            stop=stop,
            looking=looking,
            asked=asked,
            on_end=told.extend,
        )
        self._current = answer, prompt(), told
        return answer

    def _settle(self) -> None:
        """Close the last answer, and read what has been said into the memory."""
        if self._current is not None:
            answer, ids, told = self._current
            answer.cancel()
            self._current = None
            # A question that got no answer was not asked, as far as the next one knows.
            if told:
                self._unread += [*ids, *told]
                self._turns.append(Turn(answer.question, answer.so_far))
        if self._unread:
            self._memory = self._engine.read_on(self._unread, self._memory)
            self._unread = []
