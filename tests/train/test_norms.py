from __future__ import annotations

from pathlib import Path

import torch

from augtune.backends.local import load_weights
from augtune.train.norms import norms_computed_again


def test_gradients_are_the_same_and_less_is_kept(tiny: Path) -> None:
    network = load_weights(str(tiny), torch.bfloat16)
    ids = torch.arange(1, 25).view(2, 12)

    def gradients() -> tuple[list[torch.Tensor], int]:
        kept = 0

        def count(saved: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += saved.nbytes
            return saved

        network.zero_grad()
        with torch.autograd.graph.saved_tensors_hooks(count, lambda saved: saved):
            network(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        return [p.grad for p in network.parameters() if p.grad is not None], kept

    plain, before = gradients()
    with norms_computed_again(network):
        again, after = gradients()
    assert after < before
    assert len(plain) == len(list(network.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
    assert not any("forward" in vars(module) for module in network.modules())
