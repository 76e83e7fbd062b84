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
    master = weight.float().view(torch.int32).add_(optimizer.rests.int()).view(torch.float32)
    torch.testing.assert_close(master, torch.full((4,), 0.99), atol=1e-5, rtol=0)


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


@pytest.mark.parametrize("bunch", [7, 1000])
def test_in_bfloat16_it_is_adamw_on_float32_masters(bunch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(optimizer.BUNCH, "cpu", bunch)
    torch.manual_seed(0)
    start = [torch.randn(*n).bfloat16() for n in ((30, 10), (5,), (200,))]
    start.append(torch.randn(6))  # a weight in float32 among them
    mine = [torch.nn.Parameter(t.clone()) for t in start]
    masters = [torch.nn.Parameter(t.float()) for t in start]
    ours, theirs = MasterAdamW(mine, lr=1e-2), torch.optim.AdamW(masters, lr=1e-2, weight_decay=0.0, betas=(0.9, 0.99))
    for _ in range(20):
        for a, b in zip(mine, masters, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.float()
        ours.step()
        theirs.step()
    torch.testing.assert_close(mine[-1], masters[-1])
    rests = ours.rests.split([t.numel() for t in start[:-1]])
    for a, b, rest in zip(mine, masters, rests, strict=False):
        master = (a.detach().float().view(torch.int32).view(-1) + rest.int()).view(torch.float32)
        torch.testing.assert_close(master, b.detach().view(-1), rtol=1e-5, atol=1e-7)
        assert torch.equal(a.view(-1), master.bfloat16())


def test_a_half_exactly_is_put_together_again_but_for_its_last_bit() -> None:
    """Between two bfloat16, the nearest is the even one: above or below."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -1.0, 1.0078125]).bfloat16())
    (bunch,) = MasterAdamW([weight], lr=1e-2).bunches
    with torch.no_grad():
        for bits in (0x8000, 0x7FFF, 0x8001, 0, 1, 0xFFFF):
            exact = weight.detach().float().view(torch.int32).bitwise_and(-0x10000) + bits
            bunch.master.copy_(exact.view(torch.float32))
            bunch.split()
            bunch.join()
            lost = (exact - bunch.master.view(torch.int32)).tolist()
            assert lost == ([1, 1, 0] if bits == 0x8000 else [0, 0, 0])


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
    monkeypatch.setitem(optimizer.BUNCH, "cpu", bunch)
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
