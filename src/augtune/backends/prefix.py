"""Attention over a prefix that is computed once and shared by every row, exact, for scoring and for generation.

transformers looks attention functions up by name; ours, `augtune`, is its own sdpa one until a prefix is active. Then
every query also attends to the prefix's keys and values, which are held once and never copied for each row. On a CPU
the fused kernel goes over the prefix and over the own tokens apart. Elsewhere it takes both joined for one row (packed
suffixes under a block mask); for many (decoding) the prefix's part is one matrix product over all rows' queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "augtune"
KeysValues = list[tuple[torch.Tensor, torch.Tensor]]  # per layer, each (1, key-value heads, prefix tokens, head size)
# (query, key, value, scale, dropout) -> output, all as in `attend`
Form = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float, float], torch.Tensor]
_form: ContextVar[Form | None] = ContextVar("form", default=None)
_active: ContextVar[KeysValues | None] = ContextVar("shared_prefix", default=None)


@contextmanager
def over(prefix: KeysValues | None) -> Iterator[None]:
    """While this is open, every forward pass attends to `prefix` before its own tokens. The caller gives positions that
    start after the prefix, and a 4-D boolean mask over the pass's own tokens."""
    token = _active.set(prefix)
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def attended_by(form: Form) -> Iterator[None]:
    """While this is open, every forward pass attends as `form` says."""
    token = _form.set(form)
    try:
        yield
    finally:
        _form.reset(token)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """query (rows, heads, queries, size); key, value (rows, key-value heads, own tokens, size); -> (rows, queries,
    heads, size), as transformers' attention functions."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if own := _form.get():
        return own(query, key, value, scale, dropout), None
    prefix = _active.get()
    if prefix is None:
        out: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **kwargs
        )
        return out
    shared_key, shared_value = prefix[module.layer_idx]
    assert attention_mask is not None, "a pass over a shared prefix gives its mask"
    if query.device.type == "cpu" and query.shape[-1] == value.shape[-1]:
        parts = _two_parts
    else:
        parts = _one_row if query.shape[0] == 1 else _many_rows
    return parts(query, key, value, attention_mask, shared_key, shared_value, scale), None


def _one_row(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    shared_key: torch.Tensor,
    shared_value: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    groups = query.shape[1] // key.shape[1]
    keys = torch.cat([shared_key, key], dim=2).repeat_interleave(groups, dim=1)
    values = torch.cat([shared_value, value], dim=2).repeat_interleave(groups, dim=1)
    seen = mask.new_ones(*mask.shape[:3], shared_key.shape[2])
    out = torch.nn.functional.scaled_dot_product_attention(
        query, keys, values, attn_mask=torch.cat([seen, mask], dim=-1), scale=scale
    )
    return out.transpose(1, 2).contiguous()


def _two_parts(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    shared_key: torch.Tensor,
    shared_value: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """The prefix, which all see, needs no mask, and all rows' queries of a key-value head go over it together; then
    each row's own tokens. No heads are copied, no scores written to memory; the two parts are joined by the logarithms
    of their sums (Dao et al. 2022, arXiv 2205.14135)."""
    rows, heads, queries, size = query.shape
    kv = key.shape[1]
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    grouped = query.reshape(rows, kv, -1, size)  # heads of one key-value head lie side by side
    flat = grouped.transpose(0, 1).reshape(1, kv, -1, size)
    prefix, prefix_sum = flash(flat, shared_key, shared_value, scale=scale)
    prefix = prefix.view(kv, rows, -1, size).transpose(0, 1)
    prefix_sum = prefix_sum.view(kv, rows, -1).transpose(0, 1)
    bias = torch.zeros(mask.shape, dtype=query.dtype).masked_fill_(~mask, float("-inf"))
    own, own_sum = flash(grouped, key, value, attn_mask=bias.repeat(1, 1, heads // kv, 1), scale=scale)
    share = torch.sigmoid(prefix_sum - own_sum)[..., None]
    out = torch.lerp(own.float(), prefix.float(), share).to(query.dtype)
    return out.reshape(rows, heads, queries, size).transpose(1, 2).contiguous()


def _many_rows(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    shared_key: torch.Tensor,
    shared_value: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    rows, heads, queries, size = query.shape
    kv, shared = key.shape[1], shared_key.shape[2]
    grouped = query.reshape(rows, kv, -1, size)  # heads of one key-value head lie side by side
    flat = grouped.transpose(0, 1).reshape(kv, -1, size)
    over_prefix = (flat @ shared_key[0].transpose(1, 2)).view(kv, rows, -1, shared).transpose(0, 1)
    over_own = (grouped @ key.transpose(2, 3)).view(rows, heads, queries, -1)
    over_own = over_own.float().masked_fill(~mask, float("-inf"))
    scores = torch.cat([over_prefix.reshape(rows, heads, queries, shared).float(), over_own], dim=-1) * scale
    weights = scores.softmax(dim=-1).to(query.dtype)
    on_prefix, on_own = weights[..., :shared], weights[..., shared:]
    from_prefix = on_prefix.reshape(rows, kv, -1, shared).transpose(0, 1).reshape(kv, -1, shared) @ shared_value[0]
    out = from_prefix.view(kv, rows, -1, size).transpose(0, 1) + on_own.reshape(rows, kv, -1, key.shape[2]) @ value
    return out.reshape(rows, heads, queries, size).transpose(1, 2).contiguous()


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
