"""One softmax over one stretch of keys, with the log of its sum, so that stretches can be joined.

    attention over A and B  =  out_A x (1 - share) + out_B x share,
                               share = exp(norm_B) / (exp(norm_A) + exp(norm_B))

Knows the library's kernels that give both; knows nothing of chunks or memories.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import scaled_dot_product_attention

Part = tuple[Tensor, Tensor]
"""Attention over some of the keys (rows, heads, queries, head_dim), and the log-sum-exp of its
scores (rows, heads, queries)."""

_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_cuda = torch.ops.aten._scaled_dot_product_flash_attention


def joined(one: Part, other: Part) -> Tensor:
    """Attention over the keys of both parts, of the same queries."""
    share = torch.sigmoid(other[1] - one[1])[..., None].to(one[0].dtype)
    return one[0].lerp(other[0], share)


def merged(one: Part, other: Part) -> Part:
    """The same as a part, to be joined with more."""
    return joined(one, other), torch.logaddexp(one[1], other[1])


def causal(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Part:
    """Every query over the keys up to its own; as many queries as keys.

    query (rows, heads, tokens, head_dim), key and value (rows, kv_heads, tokens, head_dim).
    """
    groups = query.shape[1] // key.shape[1]
    return fused(query, _repeat(key, groups), _repeat(value, groups), scaling, causal=True)


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


def causal_behind(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    """Attention of queries whose own keys are the last: each sees all keys up to its own.

    query (rows, heads, queries, head_dim), key and value (rows, kv_heads, keys, head_dim). The
    library's kernel, with gradients.
    """
    queries, keys = query.shape[2], key.shape[2]
    bias = None if queries == keys else causal_lower_right(queries, keys)
    out: Tensor = scaled_dot_product_attention(
        query, key, value, bias, scale=scaling, is_causal=bias is None, enable_gqa=True
    )
    return out


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


def _repeat(heads: Tensor, groups: int) -> Tensor:
    if groups == 1:
        return heads
    batch, count, tokens, size = heads.shape
    wide = heads[:, :, None].expand(batch, count, groups, tokens, size)
    return wide.reshape(batch, count * groups, tokens, size)
