"""AdamW over float32 master copies of bfloat16 weights: compute in bfloat16 at full speed, lose no small update.

torch.optim.AdamW on bfloat16 weights drops any update smaller than 1/256 of a weight, and autocast over float32 weights
casts all of them in every step (half the speed on a CPU). Mixed-precision training with master weights: Micikevicius et
al. 2018, arXiv 1710.03740.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

BUNCH = 4_000_000  # parameters whose float32 gradients are held at a time
Piece = tuple[torch.nn.Parameter, slice, torch.Tensor]  # a weight, a part of it laid out flat, and its master


class MasterAdamW(torch.optim.Optimizer):  # type: ignore[misc]
    """torch's fused AdamW on float32 copies of the parameters, copied back after each step.

    The learning-rate schedule acts on this optimizer's `param_groups`, as transformers' Trainer expects; master weights
    and moments are in `state_dict`, so that a resumed run is the same run. Parameters are cut in pieces and stepped in
    bunches whose float32 gradients share one buffer: to allocate all of them anew in each step takes a third of its
    time on a CPU, and to keep all of them as much memory as the masters. Weights must be contiguous.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(list(params), {"lr": lr, "weight_decay": weight_decay})
        self.weights = [p for group in self.param_groups for p in group["params"]]
        self.bunches = _bunches([piece for weight in self.weights for piece in _pieces(weight)])
        self.masters = [master for bunch in self.bunches for _, _, master in bunch]
        self.inner = torch.optim.AdamW(self.masters, lr=lr, weight_decay=weight_decay, betas=(0.9, 0.99), fused=True)
        largest = max(sum(master.numel() for _, _, master in bunch) for bunch in self.bunches)
        self.buffer = torch.empty(largest, device=self.masters[0].device)
        self.scale: torch.Tensor | None = None

    @torch.no_grad()
    def clip(self, limit: float) -> torch.Tensor:
        """The norm of all gradients together. The next step scales them down to `limit`, as clip_grad_norm_ does, but
        in float32 and without a pass of its own over them."""
        norm: torch.Tensor = torch.nn.utils.get_total_norm([w.grad for w in self.weights if w.grad is not None])
        self.scale = (limit / (norm.float() + 1e-6)).clamp(max=1.0)
        return norm

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        self.inner.param_groups[0]["lr"] = self.param_groups[0]["lr"]
        for bunch in self.bunches:
            used = 0
            for weight, part, master in bunch:
                if weight.grad is not None:
                    master.grad = self.buffer[used : used + master.numel()].copy_(weight.grad.reshape(-1)[part])
                    used += master.numel()
            if self.scale is not None:
                self.buffer[:used].mul_(self.scale)
            self.inner.step()  # masters without a gradient, those of other bunches among them, are left alone
            for weight, part, master in bunch:
                weight.view(-1)[part].copy_(master)
                master.grad = None
        self.scale = None

    def state_dict(self) -> dict[str, Any]:
        return {"groups": super().state_dict(), "masters": self.masters, "inner": self.inner.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state["groups"])
        for master, saved in zip(self.masters, state["masters"], strict=True):
            master.copy_(saved)
        self.inner.load_state_dict(state["inner"])


def _pieces(weight: torch.nn.Parameter) -> Iterator[Piece]:
    flat = weight.detach().view(-1)
    for start in range(0, flat.numel(), BUNCH):
        part = slice(start, min(start + BUNCH, flat.numel()))
        yield weight, part, flat[part].to(torch.float32, copy=True)


def _bunches(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces in bunches of at most BUNCH parameters."""
    bunches: list[list[Piece]] = []
    room = 0
    for piece in pieces:
        size = piece[2].numel()
        if size > room:
            bunches.append([])
            room = BUNCH
        bunches[-1].append(piece)
        room -= size
    return bunches
