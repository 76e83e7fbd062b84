"""The loss from hidden states, against transformers' own: in value and in every gradient, in float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, GPT2Config, LlamaConfig, Qwen3Config

from augtune.train import loss as tested
from augtune.train.texts import IGNORED

TINY = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}  # fmt: skip


def network(config: Any) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).train()


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Three rows; the first row's beginning, the second's end and the whole third are read and not learnt."""
    ids = torch.randint(1, 90, (3, 11), generator=torch.Generator().manual_seed(1))
    labels = ids.clone()
    labels[0, :4] = labels[1, 7:] = labels[2] = IGNORED
    return ids, labels


def gradients(model: Any) -> dict[str, torch.Tensor]:
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**TINY),
        LlamaConfig(**TINY, tie_word_embeddings=True),
        Qwen3Config(**TINY),
        GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_positions=64, attn_pdrop=0, resid_pdrop=0,
                   embd_pdrop=0),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("held", "rows"), [(1024, 32), (5, 2)])
@pytest.mark.parametrize(("count", "scale"), [(None, 1.0), (40, 1.0), (None, 3.0)])
def test_value_and_gradients_are_those_of_transformers(
    config: Any, held: int, rows: int, count: int | None, scale: float, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tested, "HELD", held)
    monkeypatch.setitem(tested.ROWS, "cpu", rows)
    ids, labels = batch
    model = network(config)
    more = {} if count is None else {"num_items_in_batch": count}
    plain = model(input_ids=ids, labels=labels, use_cache=False, **more).loss
    (scale * plain).backward()
    expected = gradients(model)
    with tested.from_hidden(model) as loss:
        assert loss is not None
        mine = loss(model(input_ids=ids, use_cache=False), labels, count)
        (scale * mine).backward()
    assert mine.item() == pytest.approx(plain.item(), rel=1e-5)
    found = gradients(model)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6 * scale, rtol=1e-4)


def test_a_batch_from_which_nothing_is_learnt_changes_nothing(batch: Any) -> None:
    model = network(LlamaConfig(**TINY))
    ids, labels = batch
    with tested.from_hidden(model) as loss:
        assert loss is not None
        value = loss(model(input_ids=ids, use_cache=False), torch.full_like(labels, IGNORED), 7)
        value.backward()
    assert value.item() == 0.0
    assert not model.lm_head.weight.grad.any()


def test_frozen_words_get_no_gradient(batch: Any) -> None:
    model = network(LlamaConfig(**TINY))
    model.lm_head.weight.requires_grad_(False)
    ids, labels = batch
    with tested.from_hidden(model) as loss:
        assert loss is not None
        loss(model(input_ids=ids, use_cache=False), labels).backward()
    assert model.lm_head.weight.grad is None
    assert model.model.layers[0].mlp.up_proj.weight.grad.abs().sum() > 0


def test_scores_that_are_capped_are_left_to_the_model() -> None:
    model = network(Gemma2Config(**TINY, final_logit_softcapping=30.0))
    with tested.from_hidden(model) as loss:
        assert loss is None


def test_an_output_layer_that_is_hooked_is_left_alone() -> None:
    """As accelerate does it where layers lie on several devices."""
    model = network(LlamaConfig(**TINY))
    hooked = model.lm_head.forward = model.lm_head.forward
    with tested.from_hidden(model) as loss:
        assert loss is None
        assert model.lm_head.forward is hooked


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_of_two_portions_add_up(tied: bool, dtype: torch.dtype, batch: Any) -> None:
    model = network(LlamaConfig(**TINY, tie_word_embeddings=tied)).to(dtype)
    ids, labels = batch
    for rows in (slice(0, 1), slice(1, 3)):
        model(input_ids=ids[rows], labels=labels[rows], use_cache=False, num_items_in_batch=40).loss.backward()
    expected = gradients(model)
    with tested.from_hidden(model) as loss:
        assert loss is not None
        for rows in (slice(0, 1), slice(1, 3)):
            loss(model(input_ids=ids[rows], use_cache=False), labels[rows], 40).backward()
    found = gradients(model)
    near = 1e-5 if dtype == torch.float32 else 3e-2
    for name, gradient in expected.items():
        assert not found[name].is_sparse
        assert (found[name] - gradient).float().norm() <= near * gradient.float().norm(), name


@pytest.mark.parametrize("tied", [False, True])
def test_the_model_is_as_before_afterwards(tied: bool, batch: Any) -> None:
    model = network(LlamaConfig(**TINY, tie_word_embeddings=tied))
    before = model(input_ids=batch[0]).logits
    with tested.from_hidden(model):
        assert model(input_ids=batch[0]).logits.shape[-1] == 32
    torch.testing.assert_close(model(input_ids=batch[0]).logits, before)
    assert model.training
    model(input_ids=batch[0], labels=batch[0]).loss.backward()
    assert not any(gradient.is_sparse for gradient in gradients(model).values())
