"""The mixin that makes a stock Hugging Face decoder read with beacons.

Given a Memory as `past_key_values` the model streams its input in windows, places beacons and
condenses full windows; given anything else it is the plain model, bit for bit. Nothing of the
stock model is copied or changed: beacons have projections of their own beside the model's, and
hooks on the untouched Linear layers fill in their rows (spec sections 4, 6, 14).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import CausalLMOutputWithPast

from beacon_qa.beacon.config import BeaconConfig, check_ratios, read_config
from beacon_qa.beacon.heads import evidence_contrast, evidence_heads, evidence_narrow
from beacon_qa.beacon.identity import ModelIdentity
from beacon_qa.beacon.inputs import Targets, checked, refuse_padding, still_wanted
from beacon_qa.beacon.layers import MemoryLayer
from beacon_qa.beacon.layout import Abreast, Layout, lay_abreast, lay_alone
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.placing import device_of
from beacon_qa.beacon.plugin import Reading, add_projection, reading, route
from beacon_qa.beacon.recompute import Recomputing
from beacon_qa.beacon.rows import Rows, step
from beacon_qa.beacon.windows import PASS, Chunk, Clock
from beacon_qa.errors import ModelError


@dataclass
class BeaconOutput(CausalLMOutputWithPast):  # type: ignore[misc]
    """What a call with a memory returns; `batch_loss` (batch,) is the loss of each row."""

    batch_loss: Tensor | None = None


class BeaconMixin:
    """Beacons for a causal language model of the library; mixed in before the stock class."""

    def __init__(self, config: Any, *args: Any, **kwargs: Any) -> None:
        self.beacon: BeaconConfig = read_config(config)
        super().__init__(config, *args, **kwargs)  # type: ignore[call-arg]
        self.identity: ModelIdentity | None = None
        self.evidence_heads = evidence_heads(config)
        self.evidence_contrast = evidence_contrast(config)
        self.evidence_narrow = evidence_narrow(config)
        self.model: Any
        self.model.beacon_embed_tokens = nn.Embedding(1, config.hidden_size)
        for layer in self.model.layers:
            for name in self.beacon.params:
                add_projection(layer.self_attn, name)

    def complete(self, identity: ModelIdentity) -> None:
        """Make a loaded model ready to read: route its beacons and say who it is.

        Raises ModelError when called twice.
        """
        if self.identity is not None:
            raise ModelError("This model is complete; its beacons are routed already.")
        for layer in self.model.layers:
            for name in self.beacon.params:
                route(layer.self_attn, name)
        self.identity = identity

    def with_beacons(self, embeds: Tensor, layout: Layout) -> Tensor:
        """The embeddings of a pass: its raw tokens', (batch, tokens, hidden), and its beacons'."""
        if layout.beacons is None:
            return embeds
        rows, _, hidden = embeds.shape
        full = embeds.new_empty(rows, len(layout.positions), hidden)
        full = full.index_copy(1, layout.raw, embeds)
        beacon = self.beacon_row(embeds).expand(rows, len(layout.beacons), -1)
        return full.index_copy(1, layout.beacons, beacon)

    @property
    def bytes_per_key(self) -> int:
        """Bytes of one cache entry over all layers, keys and values."""
        attention = self.model.layers[0].self_attn
        heads = self.model.config.num_key_value_heads
        size = self.model.embed_tokens.weight.element_size()
        return int(2 * len(self.model.layers) * heads * attention.head_dim * size)

    def new_memory(self, ratio: int | Sequence[int] | None = None, *, seed: int = 42) -> Memory:
        """An empty memory for this model.

        `ratio` None is the checkpoint's own mix, a number that ratio for every window, a sequence
        a schedule cycled window by window. Raises ConfigError if one does not divide the window.
        """
        schedule = None
        if ratio is not None:
            ratios = (ratio,) if isinstance(ratio, int) else tuple(ratio)
            schedule = check_ratios(ratios, self.beacon.window)
        if self.identity is None:
            raise ModelError("This model is not complete; load it with load_model().")
        return Memory(
            Clock(self.beacon, schedule, seed),
            [MemoryLayer() for _ in self.model.layers],
            identity=self.identity,
            frequencies=self.model.rotary_emb.inv_freq,
        )

    @property
    def entrance(self) -> torch.device:
        """The device that token ids are given to."""
        return device_of(self.model.embed_tokens)

    def beacon_row(self, like: Tensor) -> Tensor:
        """The embedding of a beacon, (1, hidden), with the dtype and on the device of `like`."""
        # Asked for by its place, not taken from the weight, which may be on disk.
        first = torch.zeros(1, dtype=torch.long, device=device_of(self.model.beacon_embed_tokens))
        row: Tensor = self.model.beacon_embed_tokens(first).to(like)
        return row

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        labels: Tensor | None = None,
        logits_to_keep: int | Tensor | None = None,
        label_weights: Tensor | None = None,
        only_read: bool = False,
        recompute: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Run the model; with a Memory as `past_key_values`, read on into it.

        With a memory: `input_ids` (batch, tokens) are the new tokens only; logits
        (batch, rows, vocabulary) are those of the raw tokens of the last step, of the last n with
        `logits_to_keep=n`, of all with 0. `labels` are unshifted, -100 ignored; the loss is the
        mean over all labelled tokens of all windows, each counted `label_weights` times where
        given (spec sections 10 and 13). `only_read` fills the memory, gives no logits, and leaves
        out all that only they need. `recompute` keeps no activations of full windows, which are
        run once more for the gradients; logits are then those of the last step.

        Raises ModelError, and leaves the memory as it was, for embeddings instead of ids, no ids,
        another number of rows than the memory holds, and padding elsewhere than on the right.
        With Rows: one token of each text, see `rows.step`.
        """
        if isinstance(past_key_values, Rows) and input_ids is not None:
            return step(self, input_ids, past_key_values)
        if not isinstance(past_key_values, Memory):
            return super().forward(  # type: ignore[misc]
                input_ids=input_ids,
                attention_mask=attention_mask,
                past_key_values=past_key_values,
                labels=labels,
                logits_to_keep=0 if logits_to_keep is None else logits_to_keep,
                **kwargs,
            )
        ids, keep = checked(input_ids, attention_mask, past_key_values, labels, logits_to_keep)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.training):
            targets = None if labels is None else Targets.of(labels, label_weights)
            if recompute and targets is not None and torch.is_grad_enabled():
                again = Recomputing(self, past_key_values)
                return self._read(ids, past_key_values, targets, None, again=again)
            return self._read(ids, past_key_values, targets, keep, only_read=only_read)

    training: bool

    def _read(
        self,
        ids: Tensor,
        memory: Memory,
        targets: Targets | None,
        keep: int | None,
        *,
        only_read: bool = False,
        again: Recomputing | None = None,
    ) -> BeaconOutput:
        rows: list[Tensor] = []
        losses: list[Tensor] = []
        start, done, count = memory.tokens, 0, ids.shape[1]
        # Each window's pass by itself keeps the least for the gradients.
        most = 0 if torch.is_grad_enabled() else PASS
        while done < count:
            chunks, after = memory.clock.next_pass(start + count, most=most, training=self.training)
            step = slice(done, done + sum(chunk.raw for chunk in chunks))
            done = step.stop
            if again is not None and targets is not None:
                if chunks[0].closes:
                    targeted = targets.ids[:, step], targets.weights[:, step]
                    losses.append(again.losses(ids[:, step], chunks[0], *targeted))
                    continue
                again.finish()
            wanted = targets is not None or keep == 0 or count - done < (keep or 1)
            wanted = wanted and not only_read
            hidden = self._pass(ids[:, step], chunks, after, memory, wanted=wanted)
            if hidden is None:
                continue
            if targets is not None:
                losses.append(self.losses(hidden, targets.ids[:, step], targets.weights[:, step]))
            if keep is None:
                hidden = hidden[:, -chunks[-1].raw :]
            rows = still_wanted(rows, hidden, keep, count - done)
        logits = self.lm_head(torch.cat(rows, dim=1)).float() if rows else None
        loss, batch_loss = (None, None) if targets is None else targets.mean(losses)
        return BeaconOutput(loss=loss, batch_loss=batch_loss, logits=logits, past_key_values=memory)

    def _pass(
        self, ids: Tensor, chunks: list[Chunk], after: Clock, memory: Memory, *, wanted: bool
    ) -> Tensor | None:
        """Read the chunks of one pass, which then count; their hidden states if wanted."""
        if len(chunks) == 1:
            with memory.reading(chunks[0], after):
                return self.step(ids, chunks[0], memory, wanted=wanted)
        layout = lay_abreast(chunks, memory.held, memory.frequencies, ids.device)
        with memory.reading_abreast(layout, after):
            return self._run(ids, layout, memory, wanted=wanted)

    def step(self, ids: Tensor, chunk: Chunk, memory: Memory, *, wanted: bool) -> Tensor | None:
        """One forward pass over a chunk; the hidden states of its raw tokens if they are wanted."""
        return self._run(ids, lay_alone(chunk, memory.kept, ids.device), memory, wanted=wanted)

    def _run(self, ids: Tensor, layout: Layout, memory: Memory, *, wanted: bool) -> Tensor | None:
        embeds = self.with_beacons(self.model.embed_tokens(ids), layout)
        watch = memory.watch
        now = Reading(
            layout.beacons,
            None if wanted else len(self.model.layers) - 1,
            memory.layers,
            watch=watch,
            looking=watch.rows(memory.tokens, layout.raw.tolist()) if watch else (),
            abreast=layout if isinstance(layout, Abreast) else None,
        )
        hidden: Tensor | None = None
        with reading(now):
            hidden = self.model(
                inputs_embeds=embeds,
                position_ids=layout.positions[None],
                past_key_values=memory,
                use_cache=True,
            ).last_hidden_state
        if hidden is None or layout.beacons is None:
            return hidden
        return hidden.index_select(1, layout.raw.to(hidden.device))

    def losses(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Summed cross-entropy of each row, (batch,); the head runs on labelled tokens only."""
        row, column = (targets.to(hidden.device) != -100).nonzero(as_tuple=True)
        logits = self.lm_head(hidden[row, column]).float()
        row, column = row.to(logits.device), column.to(logits.device)
        wanted = targets.to(logits.device)[row, column]
        losses = nn.functional.cross_entropy(logits, wanted, reduction="none")
        losses = losses * weights.to(logits.device)[row, column]
        return losses.new_zeros(hidden.shape[0]).index_add(0, row, losses)

    lm_head: Callable[[Tensor], Tensor]

    def prepare_inputs_for_generation(
        self, input_ids: Tensor, *args: Any, past_key_values: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """What `generate` runs next: with a memory, the ids it has not seen yet.

        The library tells the prompt from the past by a mask of the whole text; a memory knows how
        much it has seen, so that no mask of the text's length is built for each token.
        """
        if not isinstance(past_key_values, Memory):
            prepared: dict[str, Any] = super().prepare_inputs_for_generation(  # type: ignore[misc]
                input_ids, *args, past_key_values=past_key_values, **kwargs
            )
            return prepared
        first = kwargs.get("is_first_iteration", False)
        if first:
            refuse_padding(kwargs.get("attention_mask"))
        return {
            "input_ids": input_ids if first else input_ids[:, -1:],
            "past_key_values": past_key_values,
            "logits_to_keep": kwargs.get("logits_to_keep", 1),
        }


def beacon_class(stock: type) -> type:
    """The class of `stock` models with beacons."""
    return type("Beacon" + stock.__name__, (BeaconMixin, stock), {})
