"""AdamW over float32 master copies of bfloat16 weights: compute in bfloat16 at full speed, lose no small update.

torch.optim.AdamW on bfloat16 weights drops any update smaller than 1/256 of a weight, and autocast over float32 weights
casts all of them in every step (half the speed on a CPU). Mixed-precision training with master weights: Micikevicius et
al. 2018, arXiv 1710.03740.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


class MasterAdamW(torch.optim.Optimizer):  # type: ignore[misc]
    """torch's fused AdamW on float32 copies of the parameters, copied back after each step.

    The learning-rate schedule acts on this optimizer's `param_groups`, as transformers' Trainer expects; master weights
    and moments are in `state_dict`, so that a resumed run is the same run.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(list(params), {"lr": lr, "weight_decay": weight_decay})
        self.weights = [p for group in self.param_groups for p in group["params"]]
        self.masters = [p.detach().float().clone() for p in self.weights]
        self.inner = torch.optim.AdamW(self.masters, lr=lr, weight_decay=weight_decay, betas=(0.9, 0.99), fused=True)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        self.inner.param_groups[0]["lr"] = self.param_groups[0]["lr"]
        for weight, master in zip(self.weights, self.masters, strict=True):
            master.grad = None if weight.grad is None else weight.grad.float()
        self.inner.step()
        for weight, master in zip(self.weights, self.masters, strict=True):
            weight.copy_(master)
            master.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"groups": super().state_dict(), "masters": self.masters, "inner": self.inner.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state["groups"])
        for master, saved in zip(self.masters, state["masters"], strict=True):
            master.copy_(saved)
        self.inner.load_state_dict(state["inner"])
