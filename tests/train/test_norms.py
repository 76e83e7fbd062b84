from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen3Config

from augtune.train.norms import lean_norms

TINY = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("config", [LlamaConfig(**TINY), Qwen3Config(**TINY), Gemma3TextConfig(**TINY)])
def test_values_are_the_same_and_gradients_too_and_less_is_kept(config: Any, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config, dtype=dtype).train()
    with torch.no_grad():
        for name, p in network.named_parameters():
            if "norm" in name:
                p += 0.2 * torch.randn_like(p)
    ids = torch.arange(1, 25).view(2, 12)

    def gradients() -> tuple[float, dict[str, torch.Tensor], int]:
        kept = 0

        def count(saved: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += saved.nbytes
            return saved

        network.zero_grad()
        with torch.autograd.graph.saved_tensors_hooks(count, lambda saved: saved):
            loss = network(input_ids=ids, labels=ids, use_cache=False).loss
            loss.backward()
        return loss.item(), {n: p.grad for n, p in network.named_parameters()}, kept

    value, plain, before = gradients()
    with lean_norms(network):
        again, lean, after = gradients()
    assert again == value
    assert after < before
    # What transformers rounds to bfloat16 between one operation and the next is not rounded here.
    near = 1e-5 if dtype == torch.float32 else 3e-2
    for name, gradient in plain.items():
        assert (lean[name] - gradient).float().norm() <= near * gradient.float().norm(), name
    assert not any("forward" in vars(module) for module in network.modules())


def test_a_frozen_norm_gets_no_gradient() -> None:
    network = AutoModelForCausalLM.from_config(LlamaConfig(**TINY), dtype=torch.float32)
    network.model.norm.weight.requires_grad_(False)
    ids = torch.arange(1, 25).view(2, 12)
    with lean_norms(network):
        network(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    assert network.model.norm.weight.grad is None
    assert network.model.layers[0].input_layernorm.weight.grad.abs().sum() > 0
