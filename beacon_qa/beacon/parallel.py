"""The loss of a text whose windows are all read in one pass, as training on a GPU reads.

Products then have as many rows as the text has tokens instead of a window's (see layout). Knows
models and windows; gives the loss and gradients of reading window by window, up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from beacon_qa.beacon.config import check_ratios
from beacon_qa.beacon.inputs import Targets
from beacon_qa.beacon.layout import Abreast, lay_abreast
from beacon_qa.beacon.plugin import Reading, reading
from beacon_qa.beacon.windows import Clock
from beacon_qa.errors import ModelError


def loss_abreast(
    model: Any, ids: Tensor, ratios: Sequence[int], weights: Tensor | None = None
) -> Tensor:
    """The mean loss over all tokens of `ids` (rows, tokens), all windows read in one pass.

    `ratios` are cycled window by window, or all 0 for the plain model; `weights` (rows, tokens) is
    how often each token counts as a target. Equal to what the model's `forward` gives in training,
    with gradients through all windows (spec section 13). Raises ModelError for a model with sinks
    and for 0 among other ratios, ConfigError for ratios that do not divide the window.
    """
    schedule = check_ratios(tuple(ratios), model.beacon.window)
    targets = Targets.of(ids, weights)
    if not any(schedule):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    elif model.beacon.sink or not all(schedule):
        raise ModelError(
            "Windows are read in one pass only without sinks and at ratios of 1 or more; this "
            f"model has {model.beacon.sink} sinks and the ratios are {list(schedule)}."
        )
    else:
        tokens = ids.shape[1]
        clock = Clock(model.beacon, schedule)
        chunks, _ = clock.next_pass(tokens, most=tokens, training=True)
        frequencies = model.model.rotary_emb.inv_freq
        hidden = _hidden(model, ids, lay_abreast(chunks, 0, frequencies, ids.device))
    return targets.mean([model.losses(hidden, targets.ids, targets.weights)])[0]


def _hidden(model: Any, ids: Tensor, layout: Abreast) -> Tensor:
    """The hidden states of the raw tokens, (rows, tokens, hidden)."""
    embeds = model.with_beacons(model.model.embed_tokens(ids), layout)
    with reading(Reading(layout.beacons, abreast=layout)):
        out = model.model(
            inputs_embeds=embeds, position_ids=layout.positions[None], use_cache=False
        )
    hidden: Tensor = out.last_hidden_state.index_select(1, layout.raw)
    return hidden
