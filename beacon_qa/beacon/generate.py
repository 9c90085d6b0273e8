"""Go on from a memory: prompt ids in, new ids out, one by one.

Knows token ids; knows nothing of text. The work is done in the thread that takes the tokens: OpenMP
gives each thread a team of its own, and two teams on the same processors keep each other waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from beacon_qa.beacon.choosing import Chooser, Sampling
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.watch import Watch


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

    The tokens are those of the library's `generate`; nothing is computed before it is asked for.
    `memory` does not change. `should_stop` ends the work within one token. A `watch` counts where
    the attention of prompt and answer falls. Errors of the model are raised here.
    """
    prompt = torch.as_tensor(ids, dtype=torch.long).reshape(1, -1)
    chooser = chooser_of(model, prompt[0].tolist(), sampling)
    fork = memory.fork()
    fork.watch = watch
    step = prompt.to(model.entrance)
    while not chooser.ended and not (should_stop is not None and should_stop()):
        with torch.no_grad():
            logits = model(input_ids=step, past_key_values=fork, logits_to_keep=1).logits[0, -1]
        token = chooser.choose(logits, int(logits.argmax()))
        if token is not None:
            yield token
        step = torch.tensor([[chooser.last]], device=step.device)


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


def chooser_of(model: Any, prompt: list[int], sampling: Sampling) -> Chooser:
    """Chooses the tokens after `prompt`, up to the sampling's stops or else the model's own."""
    return Chooser(prompt, sampling, sampling.stop_ids or own_stops(model))


def own_stops(model: Any) -> tuple[int, ...]:
    """The ids at which the model's own settings end a text."""
    own = model.generation_config.eos_token_id
    return tuple(own) if isinstance(own, list) else () if own is None else (own,)
