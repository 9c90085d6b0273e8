"""Go on from a memory: prompt ids in, new ids out, one by one.

The one place that calls the library's `generate`, with its samplers and stopping criteria. Knows
token ids; knows nothing of text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.watch import Watch
from beacon_qa.errors import ModelError


@dataclass(frozen=True)
class Sampling:
    """How the next tokens are chosen; temperature 0 is greedy decoding.

    `stop_ids` end the answer and are not part of it; none given means the model's own.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ModelError(f"max_new_tokens is {self.max_new_tokens}; it must be 1 or more.")
        if self.temperature < 0:
            raise ModelError(f"temperature is {self.temperature}; it must be 0 or more.")
        if not 0 < self.top_p <= 1:
            raise ModelError(f"top_p is {self.top_p}; it must be above 0 and at most 1.")


def decode(
    model: Any,
    memory: Memory,
    ids: Sequence[int] | Tensor,
    sampling: Sampling,
    *,
    should_stop: Callable[[], bool] | None = None,
    watch: Watch | None = None,
) -> Iterator[int]:
    """Read the prompt `ids` on a fork of `memory` and yield each new token id as it is chosen.

    `memory` does not change. Closing the iterator, or `should_stop`, ends the work within one
    token. A `watch` counts where the attention of prompt and answer falls. Errors of the model
    are raised here.
    """
    prompt = torch.as_tensor(ids, dtype=torch.long).reshape(1, -1)
    prompt = prompt.to(model.entrance)
    stops = sampling.stop_ids or own_stops(model)
    queue: SimpleQueue[int | BaseException | None] = SimpleQueue()
    halt = _Halt(should_stop)
    fork = memory.fork()
    fork.watch = watch
    worker = threading.Thread(
        target=_work,
        args=(model, fork, prompt, _settings(sampling, stops), sampling.seed, queue, halt),
        daemon=True,
    )
    worker.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            if item not in stops:
                yield item
    finally:
        halt.event.set()
        worker.join()


def attend(model: Any, memory: Memory, ids: Sequence[int], watch: Watch) -> None:
    """Read `ids` on a fork of `memory` only to see where their attention falls."""
    prompt = torch.as_tensor(ids, dtype=torch.long).reshape(1, -1)
    fork = memory.fork()
    fork.watch = watch
    with torch.no_grad():
        model(
            input_ids=prompt.to(model.entrance),
            past_key_values=fork,
            only_read=True,
        )


def _work(
    model: Any,
    memory: Memory,
    prompt: Tensor,
    settings: GenerationConfig,
    seed: int | None,
    queue: SimpleQueue[int | BaseException | None],
    halt: _Halt,
) -> None:
    try:
        if seed is not None:
            torch.manual_seed(seed)
        model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            past_key_values=memory,
            generation_config=settings,
            stopping_criteria=StoppingCriteriaList([halt]),
            streamer=_Tap(queue),
        )
    except BaseException as error:  # handed to the thread that reads the answer
        queue.put(error)
    finally:
        queue.put(None)


def own_stops(model: Any) -> tuple[int, ...]:
    """The ids at which the model's own settings end a text."""
    own = model.generation_config.eos_token_id
    return tuple(own) if isinstance(own, list) else () if own is None else (own,)


def _settings(sampling: Sampling, stops: tuple[int, ...]) -> GenerationConfig:
    settings: dict[str, Any] = {"do_sample": False}
    if sampling.temperature > 0:
        settings = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
        }
    return GenerationConfig(
        max_new_tokens=sampling.max_new_tokens,
        repetition_penalty=sampling.repetition_penalty,
        eos_token_id=list(stops) or None,
        pad_token_id=stops[0] if stops else 0,
        **settings,
    )


class _Halt(StoppingCriteria):  # type: ignore[misc]
    """Ends the generation when the reader of the answer goes away or asks for it."""

    def __init__(self, should_stop: Callable[[], bool] | None) -> None:
        self.event = threading.Event()
        self.should_stop = should_stop

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: Any) -> Tensor:
        asked = self.should_stop is not None and self.should_stop()
        stop = asked or self.event.is_set()
        return torch.full((input_ids.shape[0],), stop, dtype=torch.bool, device=input_ids.device)


class _Tap(BaseStreamer):  # type: ignore[misc]
    """Passes new ids on; the first `put` holds the prompt."""

    def __init__(self, queue: SimpleQueue[int | BaseException | None]) -> None:
        self.queue = queue
        self.prompt = True

    def put(self, value: Tensor) -> None:
        if self.prompt:
            self.prompt = False
            return
        for token in value.flatten().tolist():
            self.queue.put(token)

    def end(self) -> None:
        """Nothing to do: the worker ends the queue, also after an error."""
