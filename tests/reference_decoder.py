"""The plain decoder of Qwen2, Qwen3, Llama and Mistral, with projections of their own for beacons.

Beacons differ from tokens in two things: their embedding is one row more than the vocabulary has,
and their columns go through `beacon_q_proj` and its like, as far as the checkpoint has them.
This room knows config.json and model.safetensors; windows and ratios are `reference.py`'s.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import linear, silu


class Decoder:
    """The weights of a checkpoint folder; all arithmetic is in `dtype`."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        dtype: torch.dtype,
        start_beacons: bool,
        beacon_projections: bool,
    ) -> None:
        self.config = config
        self.weights = {k: w.to(dtype) for k, w in load_file(folder / "model.safetensors").items()}
        self.layers = int(config["num_hidden_layers"])
        self.heads = int(config["num_attention_heads"])
        self.kv_heads = int(config["num_key_value_heads"])
        self.head_size = config.get("head_dim") or config["hidden_size"] // self.heads
        theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        halves = torch.arange(0, self.head_size, 2, dtype=dtype) / self.head_size
        self.frequencies: Tensor = torch.tensor(theta, dtype=dtype) ** -halves
        self.own_projections = set(config["beacon_param"]) if beacon_projections else set()
        if start_beacons:
            self.copy_beacons_from_base()

    def copy_beacons_from_base(self) -> None:
        """Start as the plain model: each beacon weight a copy of the ordinary one beside it."""
        token = self.config[f"{self.config['beacon_embed_init']}_token_id"]
        first = token[0] if isinstance(token, list) else token
        row = self.weights["model.embed_tokens.weight"][first]
        self.weights["model.beacon_embed_tokens.weight"] = row[None].clone()
        for kind in self.config["beacon_param"]:
            for name in [n for n in self.weights if f".self_attn.{kind}_proj." in n]:
                copy = name.replace(f".{kind}_proj.", f".beacon_{kind}_proj.")
                self.weights[copy] = self.weights[name].clone()

    def nothing(self, batch_size: int) -> list[Tensor]:
        """Keys (or values) of no entries at all, for each layer."""
        shape = (batch_size, self.kv_heads, 0, self.head_size)
        return [self.frequencies.new_empty(shape) for _ in range(self.layers)]

    def __call__(
        self,
        ids: Tensor,
        keys: list[Tensor],
        values: list[Tensor],
        is_beacon: Tensor,
        positions: Tensor,
        visible: Tensor,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Logits (batch, columns, vocabulary) of a chunk; keys and values with the chunk's behind.

        ids (batch, columns); is_beacon (columns); positions (entries): those of the entries given
        and of the chunk; visible (columns, entries). Keys are taken and returned unrotated.
        """
        keys, values = list(keys), list(values)
        table = ("model.embed_tokens.weight", "model.beacon_embed_tokens.weight")
        x = torch.cat([self.weights[name] for name in table])[ids]
        for i in range(self.layers):
            h = self.norm(x, f"model.layers.{i}.input_layernorm")
            q = self.heads_of(h, i, "q", is_beacon)
            keys[i] = torch.cat([keys[i], self.heads_of(h, i, "k", is_beacon)], dim=2)
            values[i] = torch.cat([values[i], self.heads_of(h, i, "v", is_beacon)], dim=2)
            q = self.rotate(q, positions[-ids.shape[1] :])
            seen = self.attention(q, self.rotate(keys[i], positions), values[i], visible)
            x = x + self.routed(seen, i, "o", is_beacon)
            h = self.norm(x, f"model.layers.{i}.post_attention_layernorm")
            gate = silu(self.project(h, f"model.layers.{i}.mlp.gate_proj"))
            h = gate * self.project(h, f"model.layers.{i}.mlp.up_proj")
            x = x + self.project(h, f"model.layers.{i}.mlp.down_proj")
        head = "lm_head" if "lm_head.weight" in self.weights else "model.embed_tokens"
        return self.project(self.norm(x, "model.norm"), head), keys, values

    def heads_of(self, h: Tensor, i: int, kind: str, is_beacon: Tensor) -> Tensor:
        """Queries, keys or values (batch, heads, columns, head size)."""
        projected = self.routed(h, i, kind, is_beacon)
        split = projected.reshape(*h.shape[:2], -1, self.head_size)
        norm = f"model.layers.{i}.self_attn.{kind}_norm"  # Qwen3 has one for q and one for k
        normed = self.norm(split, norm) if f"{norm}.weight" in self.weights else split
        return normed.transpose(1, 2)

    def routed(self, h: Tensor, i: int, kind: str, is_beacon: Tensor) -> Tensor:
        """Tokens through the ordinary projection, beacons through theirs where they have one."""
        layer = f"model.layers.{i}.self_attn"
        ordinary = self.project(h, f"{layer}.{kind}_proj")
        if kind not in self.own_projections:
            return ordinary
        beacon = self.project(h, f"{layer}.beacon_{kind}_proj")
        return torch.where(is_beacon[:, None], beacon, ordinary)

    def attention(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        """What each column of q makes of the entries it sees: (batch, columns, heads x size)."""
        outputs = []
        for head in range(self.heads):
            shared = head * self.kv_heads // self.heads  # several heads ask the same keys
            scores = q[:, head] @ k[:, shared].mT / math.sqrt(self.head_size)
            weights = scores.masked_fill(~visible, -math.inf).softmax(dim=-1)
            outputs.append(weights @ v[:, shared])
        return torch.cat(outputs, dim=-1)

    def project(self, h: Tensor, name: str) -> Tensor:
        return linear(h, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean_square: Tensor = x.square().mean(-1, keepdim=True) + self.config["rms_norm_eps"]
        return x * mean_square.rsqrt() * self.weights[f"{name}.weight"]

    def rotate(self, x: Tensor, positions: Tensor) -> Tensor:
        """Turn dimensions j and j + d/2 against each other by position times frequency j."""
        angle = positions[:, None] * self.frequencies
        a, b = x.chunk(2, dim=-1)
        cos, sin = angle.cos(), angle.sin()
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
