"""The page's one lane to the model: answers and summaries wait here for their turn.

Knows gradio's queue settings and how errors are told; knows nothing of what the jobs do. Readings
do not wait here: the desk has its own thread, and the model takes turns pass by pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from beacon_qa.errors import BeaconError
from ui.talk import UNEXPECTED

_LOG = logging.getLogger(__name__)

LANE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
"""Settings of every event that runs the model: one at a time, first come, first served."""

QUICK: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""Settings of events that take a moment and wait for nobody.

They go through the queue all the same (`queue=False` is wrong for them): a State that is set beside
the queue tells nobody of its change, and panels listen to `states.book.change`.
"""

P = ParamSpec("P")
R = TypeVar("R")


def politely(handler: Callable[P, R]) -> Callable[P, R]:
    """A quick handler whose errors are shown as a sentence; what the page shows stays as it is."""

    @wraps(handler)
    def handled(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            raise shown(error) from error

    return handled


def in_lane(job: Callable[P, Generator[R, None, None]]) -> Callable[P, Generator[R, None, None]]:
    """A job of the model, told step by step, whose errors are shown as a sentence."""

    @wraps(job)
    def told(*args: P.args, **kwargs: P.kwargs) -> Generator[R, None, None]:
        try:
            yield from job(*args, **kwargs)
        except Exception as error:
            raise shown(error) from error

    return told


def cancelling(event: Any, jobs: list[Any]) -> Any:
    """The event, made to cancel these jobs before anything else that is bound to it happens.

    A cancelled job's generator is closed: what it must keep or free is in its `finally`.
    """
    event(None, cancels=jobs, api_visibility="private")
    return event


def shown(error: Exception) -> gr.Error:
    """The error as a person sees it; one that is not ours is logged and told without details."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, BeaconError):
        return gr.Error(str(error), title="Not possible", print_exception=False)
    _LOG.error("A job of the page failed.", exc_info=error)
    return gr.Error(UNEXPECTED, print_exception=False)
