"""Who is answered and who waits: answers told in threads, taken up by the event loop.

Knows threads, queues and time; knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from beacon_qa.errors import QueueFull
from beacon_qa.server.call import Call, Cut, End, Part
from beacon_qa.server.limits import Limits
from beacon_qa.server.metrics import Metrics


class Line:
    """At most `at_once` answers at a time, each in a thread, and `queue` more that wait."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits = limits
        self.metrics = metrics
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="answer")
        self._tellings: set[Telling] = set()
        self._guard = Lock()

    @property
    def here(self) -> int:
        """How many are answered or wait."""
        return len(self._tellings)

    @property
    def waiting(self) -> int:
        """How many wait for a thread."""
        return max(0, self.here - self._limits.at_once)

    def join(self, call: Call) -> Telling:
        """Have an answer told as soon as there is a place; raises QueueFull.

        To be called in the event loop that takes it up.
        """
        most = self._limits.at_once + self._limits.queue
        with self._guard:
            if self.here >= most:
                raise QueueFull(
                    f"The queue is full: {self.here} questions are being answered or wait for it; "
                    "ask again in a moment."
                )
            telling = Telling(call, self._limits.seconds, self.metrics)
            self._tellings.add(telling)
        telling.start(self._pool.submit(telling.work), self._left)
        return telling

    def cut(self, why: Cut) -> None:
        """End all answers, with what they have told."""
        with self._guard:
            tellings = list(self._tellings)
        for telling in tellings:
            telling.cut(why)

    def close(self) -> None:
        """End all answers and the threads."""
        self.cut("ending")
        self._pool.shutdown()

    def _left(self, telling: Telling) -> None:
        with self._guard:
            self._tellings.discard(telling)


class Telling:
    """One answer on its way from its thread to the event loop."""

    def __init__(self, call: Call, seconds: float, metrics: Metrics) -> None:
        self._call = call
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Part | End | Exception] = asyncio.Queue()
        self._begun = time.monotonic()
        self._deadline: float | None = self._loop.time() + seconds
        self._future: Future[None] | None = None

    def start(self, future: Future[None], left: Callable[[Telling], None]) -> None:
        """Know the work in its thread; `left` is called when it has ended."""
        self._future = future
        future.add_done_callback(lambda _: left(self))

    async def next(self) -> Part | End:
        """The next piece of the answer, or its end; raises what went wrong."""
        try:
            async with asyncio.timeout_at(self._deadline):
                item = await self._queue.get()
        except TimeoutError:
            self.cut("time")
            # The thread ends within a token, and tells so.
            item = await self._queue.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def all(self) -> tuple[list[Part], End]:
        """The whole answer."""
        parts: list[Part] = []
        while not isinstance(item := await self.next(), End):
            parts.append(item)
        return parts, item

    def cut(self, why: Cut) -> None:
        """End the answer, or give up its place; nothing happens when it has ended."""
        self._deadline = None
        self._call.cut(why)
        waiting = self._future is not None and not self._future.cancelled()
        if self._future is not None and waiting and self._future.cancel():
            self._metrics.answers.add(why)
            self._put(self._call.refusal)

    def work(self) -> None:
        """Tell the answer, in a thread of its own."""
        first = True
        try:
            for item in self._call.parts():
                if first:
                    self._metrics.first.observe(time.monotonic() - self._begun)
                    first = False
                if isinstance(item, End):
                    self._count(item)
                self._put(item)
        except Exception as error:  # told to whoever asked
            self._metrics.answers.add(self._call.cut_by or "refused")
            self._put(error)

    def _count(self, end: End) -> None:
        metrics, usage = self._metrics, end.usage
        metrics.whole.observe(time.monotonic() - self._begun)
        metrics.answers.add(end.beacon["cut"] or end.finish)
        metrics.input_tokens.add(by=usage.input_tokens)
        metrics.cached_tokens.add(by=usage.cached_tokens)
        metrics.output_tokens.add(by=usage.output_tokens)

    def _put(self, item: Part | End | Exception) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop has ended: nobody takes it up
            self._call.cut("gone")
