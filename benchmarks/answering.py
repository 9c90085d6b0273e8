"""Time what follows a reading: tokens of an answer, a fork, and a book opened from disk.

Each function is one case for a process of its own; it returns plain values for the report.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache

from beacon_qa.beacon import Memory, Sampling, decode, open_memory, save_memory
from benchmarks.shapes import memory_of, random_ids
from benchmarks.timing import now


def decoding(model: Any, device: str, *, tokens: int, ratio: int, rounds: int, answer: int) -> Any:
    """Milliseconds a token of an answer after `tokens` of text, against a plain model.

    The plain model holds as many keys in the library's own cache. The three take turns, round by
    round: the loop over the model, `decode`, and the plain model.
    """
    memory = memory_of(model, tokens, ratio)
    first: list[float] = []
    loop: list[float] = []
    streamed: list[float] = []
    plain: list[float] = []
    for turn in range(rounds + 1):
        begun = now(device)
        spent = _steps(model, device, memory.fork(), answer, begun)
        through = _stream(model, device, memory, answer)
        stock = _steps(model, device, _plain_cache(model, memory.kept), answer, now(device))
        if turn:  # the first round warms up
            first.append(spent[0])
            loop += spent[1:]
            streamed += through[1:]
            plain += stock[1:]
    by = {"loop": loop, "decode": streamed, "plain": plain, "first": first}
    found = {f"{name}_ms": 1000 * statistics.median(times) for name, times in by.items()}
    return {
        **found,
        "kept": memory.kept,
        "loop_ratio": found["loop_ms"] / found["plain_ms"],
        "decode_ratio": found["decode_ms"] / found["plain_ms"],
    }


def reopening(model: Any, device: str, *, tokens: int, ratio: int, repeats: int) -> Any:
    """Seconds to open a memory of `tokens` from disk, and to its first token; the file is cached.

    Opening may map the file without reading it; the first token reads it all.
    """
    opened, started = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.memory"
        save_memory(memory_of(model, tokens, ratio), path)
        size = path.stat().st_size
        for _ in range(repeats + 1):
            begun = now(device)
            memory = open_memory(path, model)
            opened.append(now(device) - begun)
            _steps(model, device, memory, 1, now(device))
            started.append(now(device) - begun)
    return {
        "open_seconds": statistics.median(opened[1:]),
        "first_token_seconds": statistics.median(started[1:]),
        "file_bytes": size,
    }


def _steps(model: Any, device: str, cache: Any, count: int, begun: float) -> list[float]:
    """Seconds of each of `count` greedy steps; the first counts from `begun`."""
    token = random_ids(model, 1)[None].to(device)
    spent = []
    for _ in range(count):
        with torch.no_grad():
            logits = model(input_ids=token, past_key_values=cache, logits_to_keep=1).logits
        token = logits[:, -1:].argmax(dim=-1)
        ended = now(device)
        spent.append(ended - begun)
        begun = ended
    return spent


def _stream(model: Any, device: str, memory: Memory, count: int) -> list[float]:
    spent = []
    begun = now(device)
    for _ in decode(model, memory, random_ids(model, 1), Sampling(max_new_tokens=count)):
        ended = now(device)
        spent.append(ended - begun)
        begun = ended
    return spent


def _plain_cache(model: Any, kept: int) -> DynamicCache:
    cache = DynamicCache(config=model.config)
    dtype = model.model.norm.weight.dtype
    for index, layer in enumerate(model.model.layers):
        size = (1, model.config.num_key_value_heads, kept, layer.self_attn.head_dim)
        device = layer.self_attn.k_proj.weight.device
        keys, values = (torch.randn(size, device=device, dtype=dtype) for _ in range(2))
        cache.update(keys, values, index)
    return cache
