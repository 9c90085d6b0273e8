"""All that the requests to one server share, from its start to its end.

Knows the library, the desk and the line; knows nothing of routes or sockets.
"""

from __future__ import annotations

from threading import Thread, Timer

from beacon_qa.desk import Desk
from beacon_qa.errors import AccountError
from beacon_qa.keys import Keys
from beacon_qa.reader import Reader
from beacon_qa.server.library import Library
from beacon_qa.server.limits import Limits
from beacon_qa.server.line import Line
from beacon_qa.server.metrics import Metrics


class Service:
    """A reader's books for many programs; raises AccountError for a file of keys without any.

    What was unfinished is taken up again. `close` has to be called at the end.
    """

    def __init__(
        self, reader: Reader, keys: Keys | None = None, limits: Limits | None = None
    ) -> None:
        if keys is not None and not keys.names():
            raise AccountError(f"No key is in {keys.path}; make one with --new-key NAME.")
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.desk = Desk()
        self.line = Line(self.limits, self.metrics)
        self.library = Library(reader, self.desk, keys)
        self._closing: Thread | None = None
        self._cut: Timer | None = None
        self._tell_gauges()
        for patron in self.library.everybody():
            patron.files.resume()

    def end(self) -> None:
        """Begin to end: readings stop within a pass, answers are cut when `drain` is over.

        Returns at once; what was read is kept.
        """
        if self._closing is not None:
            return
        self._closing = Thread(target=self.desk.close, name="closing")
        self._closing.start()
        self._cut = Timer(self.limits.drain, self.line.cut, args=("ending",))
        self._cut.daemon = True
        self._cut.start()

    def close(self) -> None:
        """End now, and wait for it."""
        self.end()
        if self._cut is not None:
            self._cut.cancel()
        self.line.close()
        if self._closing is not None:
            self._closing.join()

    def _tell_gauges(self) -> None:
        line, gauge = self.line, self.metrics.gauge
        gauge(
            "beacon_answers_running",
            "Answers being told now.",
            lambda: line.here - line.waiting,
        )
        gauge("beacon_answers_waiting", "Questions that wait.", lambda: line.waiting)
        gauge("beacon_readings", "Books being read or waiting for it.", self._readings)

    def _readings(self) -> float:
        patrons = self.library.everybody()
        jobs = [job for patron in patrons for job in self.desk.jobs(patron.reader)]
        return sum(job.active for job in jobs)
