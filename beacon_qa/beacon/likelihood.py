"""How likely the plain model finds a question after a text, for several texts side by side.

    text 1  question?
    text 2  question?      one pass, padded behind; of the question's words alone
    text 3  question?

Knows token ids and the plain model; knows nothing of memories or passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


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
