"""Texts side by side in one row are what they are one below the other: in loss and in every gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig, GPT2Config, LlamaConfig, MistralConfig, Qwen3Config

from augtune.backends.prefix import NAME
from augtune.train import unpadded as tested
from augtune.train.texts import Example, collate

TINY = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}  # fmt: skip
GPT2 = GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=64, attn_pdrop=0, resid_pdrop=0,
                  embd_pdrop=0)  # fmt: skip


def network(config: Any, dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=NAME).train()


def test_where_tokens_stand() -> None:
    layout = tested.Layout(torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]]))
    assert layout.count == 6
    assert layout.length == tested.ROUND
    assert layout.tokens[:6].tolist() == [0, 1, 2, 3, 6, 7]
    last = tested.ROUND - 1
    assert layout.places.tolist() == [0, 1, 2, 3, last, last, 4, 5, last]
    row = layout.side_by_side(torch.tensor([[11, 12, 13], [21, 0, 0], [31, 32, 0]]), -1)
    assert row[0, :8].tolist() == [11, 12, 13, 21, 31, 32, -1, -1]
    assert row.shape == (1, tested.ROUND)


@pytest.mark.parametrize("lengths", [(11, 7, 7, 1), (32, 31), (8,)])
@pytest.mark.parametrize("short", [4, 64])
@pytest.mark.parametrize("config", [LlamaConfig(**TINY), Qwen3Config(**TINY), Gemma3TextConfig(**TINY), GPT2])
def test_loss_and_gradients_are_those_of_padded_rows(
    config: Any, short: int, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tested, "SHORT", short)
    model = network(config)
    assert tested.can_be_unpadded(model, 64)
    some = torch.randint(1, 90, (len(lengths), 40), generator=torch.Generator().manual_seed(1)).tolist()
    batch = collate([Example(ids[:n], n // 4) for ids, n in zip(some, lengths, strict=True)], 0)
    model(**batch, use_cache=False).loss.backward()
    expected = {name: p.grad for name, p in model.named_parameters()}
    model.zero_grad()
    plain = model(**batch, use_cache=False).loss.item()
    row, attention = tested.unpadded(batch)
    with attention:
        mine = model(**row, use_cache=False).loss
        mine.backward()
    assert mine.item() == pytest.approx(plain, rel=1e-5)
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.grad, expected[name], atol=1e-6, rtol=1e-4)


def test_gradients_in_bfloat16_are_those_of_float32_to_what_the_format_holds() -> None:
    some = torch.randint(1, 90, (3, 40), generator=torch.Generator().manual_seed(1)).tolist()
    batch = collate([Example(ids[:n]) for ids, n in zip(some, (40, 25, 9), strict=True)], 0)
    exact, half = network(LlamaConfig(**TINY)), network(LlamaConfig(**TINY), torch.bfloat16)
    half.load_state_dict(exact.state_dict())
    exact.load_state_dict(half.state_dict())  # the same weights to the bit
    exact(**batch, use_cache=False).loss.backward()
    row, attention = tested.unpadded(batch)
    with attention:
        half(**row, use_cache=False).loss.backward()
    for (name, a), b in zip(exact.named_parameters(), half.parameters(), strict=True):
        assert (a.grad - b.grad).norm() <= 3e-2 * a.grad.norm(), name


def test_dropout_of_attention_is_random_in_training_alone() -> None:
    model = network(GPT2Config(**{**GPT2.to_dict(), "attn_pdrop": 0.5}))
    batch = collate([Example(list(range(1, n))) for n in (12, 7)], 0)

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        row, attention = tested.unpadded(batch)
        with attention:
            return float(model(**row, use_cache=False).loss.item())

    assert loss(0) == loss(0) != loss(1)
    model.eval()
    assert loss(0) == loss(1)


def test_positions_that_are_not_looked_at_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tested.unpadded

    def wrong(part: dict[str, torch.Tensor]) -> Any:
        row, attention = right(part)
        row["position_ids"] = torch.arange(row["input_ids"].shape[1])[None] ** 2
        return row, attention

    model = network(LlamaConfig(**TINY))
    assert tested.can_be_unpadded(model, 16)
    monkeypatch.setattr(tested, "unpadded", wrong)
    assert not tested.can_be_unpadded(model, 16)


def test_it_is_left_alone_where_it_is_not_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    window = MistralConfig(**TINY, sliding_window=16)
    assert tested.can_be_unpadded(network(window), 16)
    assert not tested.can_be_unpadded(network(window), 17)
    plain = AutoModelForCausalLM.from_config(LlamaConfig(**TINY), attn_implementation="sdpa")
    assert not tested.can_be_unpadded(plain, 16)
    assert tested.can_be_unpadded(network(LlamaConfig(**TINY), torch.bfloat16), 16)
    monkeypatch.setattr(tested.Layout, "attend", lambda self, q, k, v, scale, drop: q.transpose(1, 2))
    assert not tested.can_be_unpadded(network(LlamaConfig(**TINY)), 16)
    assert not tested.can_be_unpadded(network(LlamaConfig(**TINY), torch.bfloat16), 16)
