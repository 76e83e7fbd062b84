"""Texts of a batch side by side in one row, so that no layer computes padding; attention alone puts them one below the
other, where each sees itself alone.

This is what fused kernels for texts of several lengths do on a GPU (Dao 2023, arXiv 2307.08691); a mask over one row
would compute what it hides (`python bench/packing.py`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from ..backends.local import UNSUITED, reach
from ..backends.prefix import NAME, attended_by
from .loss import as_used
from .texts import IGNORED

ROUND = 32  # rows are as long as a multiple of this: few shapes, each of which costs a set-up when it is first met
SHORT = 64  # tokens up to which plain attention is faster than torch's fused one, in bfloat16 on a CPU


class Layout:
    """Where the tokens of padded rows stand in one row, and back. The one row ends with tokens of no text, at least
    one: padding is taken for it. They count for nothing, so that their gradient is zero."""

    def __init__(self, mask: torch.Tensor) -> None:
        """mask (texts, tokens): 1 where a token is, 0 after a text's end."""
        self.texts, self.width = mask.shape
        tokens = mask.flatten().nonzero()[:, 0]
        self.count = len(tokens)
        self.length = -(-(self.count + 1) // ROUND) * ROUND
        # Of each token its place among the padded, and any place for a token of no text.
        self.tokens = torch.nn.functional.pad(tokens, (0, self.length - self.count))
        self.places = torch.full((mask.numel(),), self.length - 1, device=mask.device)  # of each padded place its token
        self.places[tokens] = torch.arange(self.count, device=mask.device)

    def side_by_side(self, padded: torch.Tensor, filling: int) -> torch.Tensor:
        """(texts, tokens) -> (1, length)."""
        row = padded.flatten()[self.tokens]
        row[self.count :] = filling
        return row[None]

    def attend(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, drop: float
    ) -> torch.Tensor:
        """query (1, heads, length, size); key, value (1, key-value heads, length, size) -> (1, length, heads, size)."""
        heads, kv = query.shape[1], key.shape[1]
        query, key, value = (
            _Moved.apply(x[0].transpose(0, 1), self.places, self.tokens, self.count) for x in (query, key, value)
        )
        if self.width > SHORT or drop or query.dtype != torch.bfloat16:
            form = (self.texts, self.width, -1, query.shape[-1])
            out = scaled_dot_product_attention(
                query.view(form).transpose(1, 2), key.view(form).transpose(1, 2),
                value.view(*form[:3], value.shape[-1]).transpose(1, 2),
                is_causal=True, scale=scale, enable_gqa=heads != kv, dropout_p=drop,
            ).transpose(1, 2)  # fmt: skip
        else:
            out = self._plain(query, key, value, scale)
        out = out.reshape(self.texts * self.width, heads, -1)
        return _Moved.apply(out, self.tokens, self.places, len(out))[None]

    def _plain(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
        """Queries of all heads of a key-value head go over it together, so that no heads are copied. Scores are in
        float32, as in the fused kernel."""
        kv = key.shape[1]
        group = query.shape[1] // kv
        rows = (self.texts, self.width, kv)
        query = query.view(*rows, group, -1).permute(0, 2, 3, 1, 4).reshape(self.texts * kv, group * self.width, -1)
        key = key.view(*rows, -1).permute(0, 2, 3, 1).reshape(self.texts * kv, -1, self.width)
        value = value.view(*rows, -1).transpose(1, 2).reshape(self.texts * kv, self.width, -1)
        later = torch.ones(self.width, self.width, dtype=torch.bool, device=query.device).triu(1).repeat(group, 1)
        scores = (query.float() * scale) @ key.float()
        weights = scores.masked_fill_(later, float("-inf")).softmax(-1).to(value.dtype)
        return (weights @ value).view(self.texts, kv, group, self.width, -1).permute(0, 3, 1, 2, 4)


class _Moved(torch.autograd.Function):  # type: ignore[misc]
    """(rows, ...) -> (len(there), ...): rows `there`, of which the gradients are found at `back`, for the first `count`
    rows; others have none. index_select's own gradient would add up, where each row goes to one place."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, there: torch.Tensor, back: torch.Tensor, count: int) -> torch.Tensor:
        ctx.back, ctx.count = back, count
        return states.index_select(0, there)

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        out = given[0].index_select(0, ctx.back)
        out[ctx.count :] = 0.0
        return out, None, None, None


def unpadded(part: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], AbstractContextManager[None]]:
    """What `collate` made, in one row, and what to be in while it is computed."""
    mask = part["attention_mask"]
    layout = Layout(mask)
    labels = part["labels"].clone()
    labels[:, 0] = IGNORED  # or it would be learnt from the text before
    row = {
        "input_ids": layout.side_by_side(part["input_ids"], 0),
        "position_ids": layout.side_by_side(mask.cumsum(-1) - 1, 0),
        "labels": layout.side_by_side(labels, IGNORED),
        "attention_mask": mask.new_ones(1, 1, 1, 1, dtype=torch.bool),  # so that none is made
    }
    return row, attended_by(layout.attend)


def can_be_unpadded(network: Any, longest: int) -> bool:
    """Whether texts of so many tokens can be computed side by side in this network, on its device: found out with two
    of them, of which the first may not matter to the second, and the second is what it is alone."""
    if network.device.type != "cpu" or getattr(network.config, "_attn_implementation", "") != NAME:
        return False
    if longest > reach(network.config.get_text_config()):
        return False
    first, second = (torch.arange(1, 25) * 37 % network.config.get_text_config().vocab_size).split(12)
    found = []
    try:
        with as_used(network):
            for before in (first, first.flip(0)):
                ids = torch.stack([before, second])
                row, attention = unpadded({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids})
                del row["labels"]
                with attention:
                    found.append(network(**row, use_cache=False).logits[0, 12:24].float())
            alone = network(input_ids=second[None], use_cache=False).logits[0].float()
    except UNSUITED:
        return False  # an architecture that does more with its mask than to hand it to attention
    near = 1e-4 if network.dtype == torch.float32 else 0.1  # other positions make a difference of 0.4
    return torch.equal(*found) and bool((found[0] - alone).norm() <= near * alone.norm())
