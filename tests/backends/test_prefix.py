"""Attention over a shared prefix in its three forms, against attention over everything joined."""

from __future__ import annotations

import pytest
import torch

from augtune.backends import prefix


def expected(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor, shared: prefix.KeysValues
) -> torch.Tensor:
    """Softmax of all scores, written out; each head has its own copy of keys and values."""
    groups, rows = query.shape[1] // key.shape[1], query.shape[0]
    keys, values = (
        torch.cat([a.expand(rows, -1, -1, -1), b], 2).repeat_interleave(groups, 1)
        for a, b in zip(shared[0], (key, value), strict=True)
    )
    scores = query @ keys.transpose(2, 3) * 0.3
    seen = torch.cat([mask.new_ones(*mask.shape[:3], shared[0][0].shape[2]), mask], -1)
    return (scores.masked_fill(~seen, -torch.inf).softmax(-1) @ values).transpose(1, 2)


@pytest.mark.parametrize(
    ("form", "rows"), [("_one_row", 1), ("_two_parts", 1), ("_two_parts", 3), ("_many_rows", 1), ("_many_rows", 3)]
)
@pytest.mark.parametrize(("heads", "groups"), [(3, 3), (4, 1), (1, 1)])
@pytest.mark.parametrize("tokens", [1, 7, 90])
def test_a_prefix_apart_is_a_prefix_joined(form: str, rows: int, heads: int, groups: int, tokens: int) -> None:
    torch.manual_seed(tokens)
    query = torch.randn(rows, heads * groups, tokens, 8) * 3
    key, value = torch.randn(2, rows, heads, tokens, 8)
    shared = [tuple(torch.randn(2, 1, heads, 33, 8))]
    mask = (torch.rand(rows, 1, tokens, tokens) < 0.3) | torch.eye(tokens, dtype=torch.bool)
    out = getattr(prefix, form)(query, key, value, mask, *shared[0], 0.3)
    torch.testing.assert_close(out, expected(query, key, value, mask, shared), atol=1e-5, rtol=1e-5)
