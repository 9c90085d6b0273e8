"""Answers asked for at any time, by any thread, that go on together.

No thread of its own: whoever needs a token takes a step for all whose answers are under way, and
those who join meanwhile are in the next one. Knows token ids and rows of answers; knows nothing
of text or books.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from threading import Event, Lock
from typing import Any

from beacon_qa.beacon import Memory, Sampling
from beacon_qa.beacon.together import Together
from beacon_qa.beacon.watch import Watch

Begin = Callable[[], tuple[Memory, Sequence[int], Watch | None]]
"""Says where an answer starts when it is to begin: its memory, its prompt, and who watches."""

Source = Callable[[Begin, Sampling, Event], Generator[int, None, None]]
"""Gives the tokens of an answer; the event is set when it is to end early."""

MOST = 32
"""Answers that go on together; more of them wait for a place."""


class Gathering:
    """The answers of one model that are under way; thread-safe.

    It gives sources of tokens: each is iterated by whoever wants that answer, and closing one, or
    setting its event, takes it out within a step.
    """

    def __init__(self, model: Any, most: int = MOST) -> None:
        self._together = Together(model)
        self._most = most
        # Held while a step is taken; rows come, are told and leave under it.
        self._lock = Lock()
        self._coming: deque[_Row] = deque()
        self._under_way: dict[int, _Row] = {}

    def source(self, begin: Begin, sampling: Sampling, halted: Event) -> Generator[int, None, None]:
        """The tokens of one answer, which joins the others when the first is asked for."""
        return self.company()(begin, sampling, halted)

    def company(self) -> Source:
        """A source of several answers that all join when the first token of any is asked for."""
        company = _Company(self)

        def source(begin: Begin, sampling: Sampling, halted: Event) -> Generator[int, None, None]:
            row = _Row(begin, sampling, halted)
            company.rows.append(row)
            return _Tokens(self, row, company)

        return source

    def welcome(self, row: _Row) -> None:
        """Find out where a row begins, and have it join with the next step."""
        try:
            row.start = row.begin()
        except Exception as error:  # told to whoever iterates that answer
            row.error, row.ended = error, True
            return
        with self._lock:
            self._coming.append(row)

    def advance(self, row: _Row) -> None:
        """Take a step for all, unless another thread has meanwhile brought `row` its token."""
        with self._lock:
            if row.told or row.ended:
                return
            self._drop_unwanted()
            self._admit()
            if not row.ended:
                self._step()

    def leave(self, row: _Row) -> None:
        """Take a row out now if no step is being taken, else before the next one."""
        row.left = True
        if self._lock.acquire(blocking=False):
            try:
                self._drop_unwanted()
            finally:
                self._lock.release()

    def _drop_unwanted(self) -> None:
        for number, row in list(self._under_way.items()):
            if row.unwanted:
                self._together.drop(number)
                self._end(number)
        for row in [row for row in self._coming if row.unwanted]:
            self._coming.remove(row)
            row.ended = True

    def _admit(self) -> None:
        while self._coming and len(self._under_way) < self._most:
            row = self._coming.popleft()
            memory, prompt, watch = row.start
            try:
                number = self._together.join(memory, prompt, row.sampling, watch)
            except Exception as error:
                row.error, row.ended = error, True
            else:
                self._under_way[number] = row

    def _step(self) -> None:
        alone = self._together.next_row
        try:
            told = self._together.step()
        except Exception as error:  # of one prompt, or of the pass that all have in common
            for number in list(self._under_way) if alone is None else [alone]:
                self._together.drop(number)
                self._under_way[number].error = error
                self._end(number)
            return
        for number, token in told:
            self._under_way[number].told.append(token)
        for number in set(self._under_way) - set(self._together.rows):
            self._under_way[number].error = self._together.failed.pop(number, None)
            self._end(number)

    def _end(self, number: int) -> None:
        self._under_way.pop(number).ended = True


class _Row:
    """One answer's place: where it begins, and the tokens nobody has taken yet."""

    start: tuple[Memory, Sequence[int], Watch | None]

    def __init__(self, begin: Begin, sampling: Sampling, halted: Event) -> None:
        self.begin = begin
        self.sampling = sampling
        self.halted = halted
        self.told: deque[int] = deque()
        self.ended = False
        self.left = False
        self.error: Exception | None = None

    @property
    def unwanted(self) -> bool:
        return self.left or self.halted.is_set()


class _Company:
    """Rows that join as soon as a token of one of them is asked for."""

    def __init__(self, gathering: Gathering) -> None:
        self.rows: list[_Row] = []
        self._gathering = gathering
        self._lock = Lock()

    def join(self) -> None:
        """Have all that are still wanted join, once."""
        with self._lock:
            while self.rows:
                if not self.rows[0].unwanted:
                    self._gathering.welcome(self.rows[0])
                del self.rows[0]


class _Tokens(Generator[int, None, None]):
    """What an answer iterates. The gathering knows the row alone: an answer that is forgotten
    leaves its company."""

    def __init__(self, gathering: Gathering, row: _Row, company: _Company) -> None:
        self._gathering = gathering
        self._row = row
        self._company = company

    def send(self, value: None) -> int:
        row = self._row
        if not row.unwanted:
            self._company.join()
        while not (row.told or row.ended or row.unwanted):
            self._gathering.advance(row)
        if row.told and not row.unwanted:
            return row.told.popleft()
        if row.error is not None:
            error, row.error = row.error, None
            raise error
        raise StopIteration

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> int:
        self._gathering.leave(self._row)
        return super().throw(typ, val, tb)

    def __del__(self) -> None:
        self._row.left = True
