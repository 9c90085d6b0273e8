"""One softmax over one stretch of keys, with the log of its sum, so that stretches can be joined.

    attention over A and B  =  out_A x (1 - share) + out_B x share,
                               share = exp(norm_B) / (exp(norm_A) + exp(norm_B))

Knows the library's kernels that give both; knows nothing of chunks or memories.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Part = tuple[Tensor, Tensor]
"""Attention over some of the keys (rows, heads, queries, head_dim), and the log-sum-exp of its
scores (rows, heads, queries)."""

_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_cpu_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
_cuda = torch.ops.aten._scaled_dot_product_flash_attention


def joined(one: Part, other: Part) -> Tensor:
    """Attention over the keys of both parts, of the same queries."""
    share = torch.sigmoid(other[1] - one[1])[..., None].to(one[0].dtype)
    return one[0].lerp(other[0], share)


def over_all(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scaling: float | None,
    hidden: Tensor | None = None,
) -> Part:
    """Every query over all keys but those `hidden`; the keys are read once, and not repeated.

    query (rows, heads, queries, head_dim), key and value (rows, kv_heads, keys, head_dim).
    """
    out, norm = fused(folded(query, key.shape[1]), key, value, scaling, hidden=hidden)
    return out.reshape(query.shape), norm.reshape(query.shape[:3])


def folded(query: Tensor, kv_heads: int) -> Tensor:
    """The queries of one key/value head as rows of one product, so that no key is repeated."""
    batch, heads, rows, size = query.shape
    return query.reshape(batch, kv_heads, heads // kv_heads * rows, size)


def fused(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scaling: float | None,
    *,
    causal: bool = False,
    hidden: Tensor | None = None,
) -> Part:
    """Attention by the library's fused kernel where the device has one that gives the sums.

    All (rows, heads, tokens, head_dim); `causal` for as many queries as keys; `hidden` is added to
    the scores.
    """
    if query.device.type == "cpu":
        part: Part = _cpu(query, key, value, 0.0, causal, attn_mask=hidden, scale=scaling)
        return part
    if query.is_cuda and query.element_size() == 2 and hidden is None:
        out, norm, *_ = _cuda(query, key, value, 0.0, causal, scale=scaling)
        return out, norm
    return multiplied_out(query, key, value, scaling, causal=causal, hidden=hidden)


def multiplied_out(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scaling: float | None,
    *,
    causal: bool = False,
    hidden: Tensor | None = None,
) -> Part:
    """The same by plain products in float32, for any device."""
    size = query.shape[-1]
    scores = query.float() @ key.float().transpose(2, 3) * (scaling or size**-0.5)
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    if hidden is not None:
        scores = scores + hidden
    norm = scores.logsumexp(dim=-1)
    weights = (scores - norm[..., None]).exp()
    return (weights @ value.float()).to(query.dtype), norm


def fused_gradients(
    gradient: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    whole: Part,
    scaling: float,
    *,
    causal: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of query, key and value for one stretch of the keys of a longer softmax.

    `gradient` is that of the attention over all keys, and `whole` that attention with the
    log-sum-exp of all scores. Shapes as in `fused`.
    """
    if query.device.type == "cpu" and key.shape[2] >= _KERNEL_PAYS:
        found: tuple[Tensor, Tensor, Tensor] = _cpu_backward(
            gradient, query, key, value, *whole, 0.0, causal, scale=scaling
        )
        return found
    tensors = (gradient, query, key, value, *whole)
    scores = query.shape[1] * query.shape[2] * key.shape[2]
    # Scores that fit a core's cache are worked on there.
    rows = max(1, _CACHED // scores) if query.device.type == "cpu" else query.shape[0]
    parts = [
        _products([tensor[first : first + rows] for tensor in tensors], scaling, causal)
        for first in range(0, query.shape[0], rows)
    ]
    of_query, of_key, of_value = (torch.cat(pieces) for pieces in zip(*parts, strict=True))
    return of_query, of_key, of_value


_KERNEL_PAYS = 256
"""Keys from which on the library's backward kernel is faster than products on a CPU: it works in
blocks of that size (measured: 64 keys 5.3 ms against 1.8 ms, 512 keys 9.7 against 11.3)."""
_CACHED = 1 << 20


def _products(
    tensors: Sequence[Tensor], scaling: float, causal: bool
) -> tuple[Tensor, Tensor, Tensor]:
    gradient, query, key, value, out, norm = tensors
    scores = (query * scaling) @ key.transpose(2, 3)
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).triu_(1)
        scores.masked_fill_(later, -torch.inf)
    shares = scores.sub_(norm[..., None]).exp_()
    # What all shares of a query lose together, since they sum to one.
    common = (gradient.float() * out.float()).sum(dim=-1, keepdim=True).to(query.dtype)
    of_value = shares.transpose(2, 3) @ gradient
    of_scores = (gradient @ value.transpose(2, 3)).sub_(common).mul_(shares)
    of_key = of_scores.transpose(2, 3) @ query
    return (of_scores @ key).mul_(scaling), of_key.mul_(scaling), of_value
