from __future__ import annotations

import pytest
import torch

from augtune.train import optimizer
from augtune.train.optimizer import MasterAdamW


def test_small_steps_add_up_that_bfloat16_alone_would_lose() -> None:
    weight = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    optimizer = MasterAdamW([weight], lr=1e-4)
    for _ in range(100):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        optimizer.zero_grad()
    # 100 steps of Adam with a constant gradient move by about 100 x lr; one of them is below bfloat16's spacing at 1.
    torch.testing.assert_close(weight.float(), torch.full((4,), 0.99), atol=4e-3, rtol=0)
    torch.testing.assert_close(optimizer.masters[0], torch.full((4,), 0.99), atol=1e-5, rtol=0)


def test_in_float32_it_is_adamw() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(8), torch.randn(5, 8)
    mine, plain = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    ours = MasterAdamW([mine], lr=1e-2)
    theirs = torch.optim.AdamW([plain], lr=1e-2, weight_decay=0.0, betas=(0.9, 0.99))
    for g in gradients:
        mine.grad, plain.grad = g.clone(), g.clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(mine, plain)


def test_a_loaded_state_goes_on_as_if_never_stopped() -> None:
    torch.manual_seed(0)
    gradients = torch.randn(6, 8).bfloat16()

    def steps(optimizer: MasterAdamW, weight: torch.nn.Parameter, some: torch.Tensor) -> None:
        for g in some:
            weight.grad = g.clone()
            optimizer.step()

    whole = torch.nn.Parameter(torch.ones(8, dtype=torch.bfloat16))
    steps(MasterAdamW([whole], lr=1e-2), whole, gradients)
    first = torch.nn.Parameter(torch.ones(8, dtype=torch.bfloat16))
    before = MasterAdamW([first], lr=1e-2)
    steps(before, first, gradients[:3])
    second = torch.nn.Parameter(first.detach().clone())
    after = MasterAdamW([second], lr=1e-2)
    after.load_state_dict(before.state_dict())
    steps(after, second, gradients[3:])
    assert torch.equal(whole, second)


@pytest.mark.parametrize("bunch", [1, 10, 1000])
def test_bunches_and_clipping_are_adamw_after_clip_grad_norm(bunch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer, "BUNCH", bunch)
    torch.manual_seed(0)
    start = [torch.randn(*n) for n in ((3,), (2, 4), (1,), (5,), (4, 5))]
    mine, plain = ([torch.nn.Parameter(t.clone()) for t in start] for _ in range(2))
    ours, theirs = MasterAdamW(mine, lr=1e-2), torch.optim.AdamW(plain, lr=1e-2, weight_decay=0.0, betas=(0.9, 0.99))
    norms = []
    for size in (0.01, 1.0, 5.0):
        for a, b in zip(mine[:-1], plain, strict=False):  # the last one has no gradient
            a.grad = torch.randn_like(a) * size
            b.grad = a.grad.clone()
        norms.append(float(ours.clip(1.0)))
        assert norms[-1] == pytest.approx(float(torch.nn.utils.clip_grad_norm_(plain, 1.0)))
        ours.step()
        theirs.step()
    assert norms[0] < 1 < norms[-1]
    for a, b in zip(mine, plain, strict=True):
        torch.testing.assert_close(a, b)
    assert torch.equal(mine[-1], start[-1])
