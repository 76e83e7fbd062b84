"""AdamW for bfloat16 weights with float32 precision: compute in bfloat16 at full speed, lose no small update.

torch.optim.AdamW on bfloat16 weights drops any update smaller than 1/256 of a weight, and autocast over float32 weights
casts all of them in every step (half the speed on a CPU). Mixed-precision training with master weights: Micikevicius et
al. 2018, arXiv 1710.03740. A bfloat16 is the upper half of a float32, so that the lower half is all that a master has
beyond the weight: Split-SGD, Kalamkar et al. 2020, arXiv 2005.04680.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim.adamw import adamw

BETAS, EPSILON = (0.9, 0.99), 1e-8
HELD = ("rests", "moments", "steps")  # what a resumed run needs beside the weights
# Parameters that are stepped at a time: on a CPU, as many as stay in its cache.
BUNCH = {"cpu": 1 << 18, "cuda": 1 << 24}


@dataclass(frozen=True)
class _Piece:
    """A part of a weight laid out flat, and what is held of it."""

    weight: torch.nn.Parameter
    part: slice
    rest: torch.Tensor | None  # int16, what the master's bits are beyond a bfloat16's; a float32 is its own master
    mean: torch.Tensor
    square: torch.Tensor
    step: torch.Tensor

    def master(self, room: torch.Tensor) -> torch.Tensor:
        """The float32 weight, in `room` where it has to be put together."""
        flat = self.weight.view(-1)[self.part]
        if self.rest is None:
            return flat
        master = room.copy_(flat)
        master.view(torch.int32).add_(self.rest.to(torch.int32))
        return master

    def gradient(self, room: torch.Tensor) -> torch.Tensor:
        assert self.weight.grad is not None
        flat = self.weight.grad.reshape(-1)[self.part]
        return flat if self.rest is None else room.copy_(flat)

    def keep(self, master: torch.Tensor) -> None:
        """Take a stepped master apart, into the nearest bfloat16 and the rest."""
        if self.rest is not None:
            flat = self.weight.view(-1)[self.part].copy_(master)
            rest = master.view(torch.int32).sub_(flat.float().view(torch.int32))
            self.rest.copy_(rest.clamp_(max=2**15 - 1))  # one half exactly, rounded down, loses its last bit


class MasterAdamW(torch.optim.Optimizer):  # type: ignore[misc]
    """torch's fused AdamW without weight decay, with float32 masters of bfloat16 weights: 10 bytes a parameter beside
    weight and gradient.

    The learning-rate schedule acts on this optimizer's `param_groups`, as transformers' Trainer expects; all that is
    held is in `state_dict`, so that a resumed run is the same run. Weights are bfloat16 or float32, and contiguous.
    Cut in pieces, they are stepped in bunches whose masters and float32 gradients share a buffer.

    What is held is allocated at once. Made one by one in the first step, moments come to lie between its activations,
    and into what those leave free the activations of later steps do not fit.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float) -> None:
        super().__init__(list(params), {"lr": lr})
        self.weights = [p for group in self.param_groups for p in group["params"]]
        device = self.weights[0].device
        bunch = BUNCH.get(device.type, BUNCH["cuda"])
        halves = sum(weight.numel() for weight in self.weights if weight.dtype == torch.bfloat16)
        self.rests = torch.zeros(halves, dtype=torch.int16, device=device)
        self.moments = torch.zeros(2, sum(weight.numel() for weight in self.weights), device=device)
        parts = [(w, slice(i, min(i + bunch, w.numel()))) for w in self.weights for i in range(0, w.numel(), bunch)]
        self.steps = torch.zeros(len(parts), device=device)
        self.bunches = list(_bunches(self._pieces(parts), bunch))
        self.room = torch.empty(2, min(bunch, self.moments.shape[1]), device=device)
        self.scale: torch.Tensor | None = None

    def _pieces(self, parts: Iterable[tuple[torch.nn.Parameter, slice]]) -> Iterator[_Piece]:
        halves = used = 0
        for (weight, part), step in zip(parts, self.steps, strict=True):
            size = part.stop - part.start
            rest = None
            if weight.dtype == torch.bfloat16:
                rest = self.rests[halves : halves + size]
                halves += size
            mean, square = self.moments[:, used : used + size]
            yield _Piece(weight, part, rest, mean, square, step)
            used += size

    @torch.no_grad()
    def clip(self, limit: float) -> torch.Tensor:
        """The norm of all gradients together. The next step scales them down to `limit`, as clip_grad_norm_ does, but
        in float32 and without a pass of its own over them."""
        norm: torch.Tensor = torch.nn.utils.get_total_norm([w.grad for w in self.weights if w.grad is not None])
        self.scale = ((norm.float() + 1e-6) / limit).clamp(min=1.0)
        return norm

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        for bunch in self.bunches:
            learnt = [piece for piece in bunch if piece.weight.grad is not None]
            sizes = [piece.mean.numel() for piece in learnt]
            rooms = [room[: sum(sizes)].split(sizes) for room in self.room]
            masters = [piece.master(room) for piece, room in zip(learnt, rooms[0], strict=True)]
            adamw(
                masters,
                [piece.gradient(room) for piece, room in zip(learnt, rooms[1], strict=True)],
                [piece.mean for piece in learnt],
                [piece.square for piece in learnt],
                [],
                [piece.step for piece in learnt],
                fused=True, grad_scale=self.scale, lr=self.param_groups[0]["lr"], beta1=BETAS[0], beta2=BETAS[1],
                eps=EPSILON, weight_decay=0.0, amsgrad=False, maximize=False,
            )  # fmt: skip
            for piece, master in zip(learnt, masters, strict=True):
                piece.keep(master)
        self.scale = None

    def state_dict(self) -> dict[str, Any]:
        return {"groups": super().state_dict(), **{name: getattr(self, name) for name in HELD}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state["groups"])
        for name in HELD:
            getattr(self, name).copy_(state[name])


def _bunches(pieces: Iterable[_Piece], size: int) -> Iterator[list[_Piece]]:
    """Pieces in bunches of at most so many parameters."""
    bunch: list[_Piece] = []
    room = size
    for piece in pieces:
        if piece.mean.numel() > room:
            yield bunch
            bunch, room = [], size
        bunch.append(piece)
        room -= piece.mean.numel()
    yield bunch
