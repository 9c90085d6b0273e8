"""Which of several passages a question is about: the model reads each of them raw, by itself.

    passage 1  question?      how likely are the question's words after it?
    passage 2  question?
    passage 3  question?

Beacons say where to look, and at high ratios not surely; raw words leave little doubt. A passage
that tells of what is asked makes the question's words likely, since it holds the same names. The
passages are read side by side, in one pass. Knows token ids and the plain model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

CANDIDATES = 9
"""How many passages are looked for, to be checked."""

DOUBT = 2.0
"""Natural logarithms: what is less likely than the best by more than this is left out."""


def likelihoods(
    model: Any, prompts: Sequence[Sequence[int]], words: int, after: int
) -> list[float]:
    """The log-probability of the question in each prompt, after all that stands before it.

    A prompt ends with the question's `words` tokens, or the last of them, and `after` more. Nothing
    is kept of the pass.
    """
    longest, shortest = max(map(len, prompts)), min(map(len, prompts))
    words = min(words, shortest - after - 1)
    # Padded behind, where no word looks.
    ids = torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts])
    ends = [len(prompt) - after for prompt in prompts]
    asked = torch.tensor([list(range(end - words, end)) for end in ends])
    rows = torch.arange(len(prompts))[:, None]
    with torch.inference_mode():
        hidden = model.model(input_ids=ids.to(model.entrance), use_cache=False).last_hidden_state
        wanted = hidden[rows.to(hidden.device), (asked - 1).to(hidden.device)]
        logits = model.lm_head(wanted).float().log_softmax(dim=-1)
        targets = ids[rows, asked].to(logits.device)
        told = logits.gather(2, targets[..., None]).sum(dim=(1, 2))
    return [float(one) for one in told.cpu()]


def likely(found: Sequence[float], most: int) -> list[int]:
    """Places of the most likely, best first: `most` at most, and none far behind the best."""
    order = sorted(range(len(found)), key=lambda place: -found[place])[:most]
    return [place for place in order if found[place] >= found[order[0]] - DOUBT]
