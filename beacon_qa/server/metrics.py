"""Counts of what the server does, as text that Prometheus reads.

Knows numbers and names; knows nothing of requests. No label holds what a user sent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from threading import Lock

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of the text."""


class Counter:
    """A number that grows, one for each combination of labels."""

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = ()) -> None:
        self.name, self.help, self.labels = name, help, labels
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}
        self._lock = Lock()

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count one more, or `by` more."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0.0) + by

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        yield from _head(self.name, self.help, "counter")
        with self._lock:
            values = sorted(self._values.items())
        for labels, value in values:
            named = dict(zip(self.labels, labels, strict=True))
            yield f"{self.name}{_labelled(named)} {_written(value)}"


class Gauge:
    """A number as it is when it is asked for."""

    def __init__(self, name: str, help: str, value: Callable[[], float]) -> None:
        self.name, self.help, self._value = name, help, value

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        yield from _head(self.name, self.help, "gauge")
        yield f"{self.name} {_written(self._value())}"


class Histogram:
    """How long something took, in seconds."""

    def __init__(self, name: str, help: str) -> None:
        self.name, self.help = name, help
        self._counts = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0
        self._lock = Lock()

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        with self._lock:
            self._counts[bisect_left(_SECONDS, seconds)] += 1
            self._sum += seconds

    def lines(self) -> Iterator[str]:
        """As Prometheus reads it."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        yield from _head(self.name, self.help, "histogram")
        below = 0
        for limit, count in zip((*map(str, _SECONDS), "+Inf"), counts, strict=True):
            below += count
            yield f"{self.name}_bucket{_labelled({'le': limit})} {below}"
        yield f"{self.name}_sum {_written(total)}"
        yield f"{self.name}_count {below}"


class Metrics:
    """All that is counted."""

    def __init__(self) -> None:
        self.requests = Counter(
            "beacon_requests_total", "Requests by route and status.", ("route", "status")
        )
        self.answers = Counter("beacon_answers_total", "Answers by how they ended.", ("finish",))
        self.input_tokens = Counter("beacon_input_tokens_total", "Tokens of the input.")
        self.cached_tokens = Counter(
            "beacon_cached_tokens_total", "Tokens of the input that came from memory."
        )
        self.output_tokens = Counter("beacon_output_tokens_total", "Tokens of answers.")
        self.first = Histogram(
            "beacon_first_piece_seconds", "Time to the first piece of an answer, waiting included."
        )
        self.whole = Histogram("beacon_answer_seconds", "Time of an answer, waiting included.")
        self._gauges: list[Gauge] = []

    def gauge(self, name: str, help: str, value: Callable[[], float]) -> None:
        """Tell a number, too, that is found out when it is asked for."""
        self._gauges.append(Gauge(name, help, value))

    @property
    def text(self) -> str:
        """All numbers as they are now."""
        counters = (self.requests, self.answers, self.input_tokens, self.cached_tokens)
        every: list[Counter | Histogram | Gauge] = [*counters, self.output_tokens]
        every += [self.first, self.whole, *self._gauges]
        return "".join(f"{line}\n" for each in every for line in each.lines())


def _head(name: str, help: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _labelled(labels: dict[str, str]) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, value in labels.items()
    }
    inside = ",".join(f'{name}="{value}"' for name, value in escaped.items())
    return f"{{{inside}}}" if inside else ""


def _written(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
