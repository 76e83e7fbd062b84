"""AdamW for bfloat16 weights with float32 precision: compute in bfloat16 at full speed, lose no small update.

torch.optim.AdamW on bfloat16 weights drops any update smaller than 1/256 of a weight, and autocast over float32 weights
casts all of them in every step (half the speed on a CPU). Mixed-precision training with master weights: Micikevicius et
al. 2018, arXiv 1710.03740. A bfloat16 is the upper half of a float32, so that the lower half is all that a master has
beyond the weight: Split-SGD, Kalamkar et al. 2020, arXiv 2005.04680.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch.optim.adamw import adamw

BETAS, EPSILON = (0.9, 0.99), 1e-8
HELD = ("rests", "moments", "count")  # what a resumed run needs beside the weights
# Parameters that are stepped at a time: on a CPU, as many as stay in its cache.
BUNCH = {"cpu": 1 << 16, "cuda": 1 << 24}


@dataclass(frozen=True)
class _Part:
    """A part of a weight, laid out flat, and its place among others."""

    weight: torch.nn.Parameter
    here: slice
    place: slice
    flat: torch.Tensor


@dataclass(frozen=True)
class _Bunch:
    """Parts of weights of one dtype, laid out one behind the other, what is held of them, and room that all share."""

    parts: list[_Part]
    rest: torch.Tensor | None  # int16, what a master's bits are beyond a bfloat16's; a float32 is its own master
    mean: torch.Tensor
    square: torch.Tensor
    master: torch.Tensor
    gradient: torch.Tensor

    def join(self) -> None:
        """Put masters and their gradients together, in float32."""
        for part in self.parts:
            self.master[part.place].copy_(part.flat)
        if self.rest is not None:
            self.master.view(torch.int32).add_(self.gradient.view(torch.int32).copy_(self.rest))
        for part in self.parts:
            if part.weight.grad is None:
                self.gradient[part.place].zero_()
            else:
                self.gradient[part.place].copy_(part.weight.grad.reshape(-1)[part.here])

    def split(self) -> None:
        """Take masters apart: into the nearest that the weights can hold, and the rest. The room is used up."""
        for part in self.parts:
            part.flat.copy_(self.master[part.place])
            if self.rest is not None:
                self.gradient[part.place].copy_(part.flat)
        if self.rest is not None:
            beyond = self.master.view(torch.int32).sub_(self.gradient.view(torch.int32))
            self.rest.copy_(beyond.clamp_(max=2**15 - 1))  # a half exactly, rounded down, loses its last bit


class MasterAdamW(torch.optim.Optimizer):  # type: ignore[misc]
    """torch's fused AdamW without weight decay, with float32 masters of bfloat16 weights: 10 bytes a parameter beside
    weight and gradient.

    The learning-rate schedule acts on this optimizer's `param_groups`, as transformers' Trainer expects; all that is
    held is in `state_dict`, so that a resumed run is the same run. Weights are bfloat16 or float32, and contiguous; one
    without a gradient is stepped as with a gradient of zeros. They are stepped in bunches that share a buffer.

    What is held is allocated at once. Made one by one in the first step, moments come to lie between its activations,
    and into what those leave free the activations of later steps do not fit.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float) -> None:
        super().__init__(list(params), {"lr": lr})
        self.weights = [p for group in self.param_groups for p in group["params"]]
        device = self.weights[0].device
        size = BUNCH.get(device.type, BUNCH["cuda"])
        halves = [w for w in self.weights if w.dtype == torch.bfloat16]
        groups = [_parts(halves, size), _parts([w for w in self.weights if w.dtype != torch.bfloat16], size)]
        self.rests = torch.zeros(sum(w.numel() for w in halves), dtype=torch.int16, device=device)
        self.moments = torch.zeros(2, sum(w.numel() for w in self.weights), device=device)
        self.count = torch.zeros((), device=device)  # of steps
        room = torch.empty(2, min(size, self.moments.shape[1]), device=device)
        self.bunches: list[_Bunch] = []
        used = 0
        for parts in chain(*groups):
            count = parts[-1].place.stop
            here = slice(used, used + count)
            rest = self.rests[here] if here.stop <= len(self.rests) else None
            mean, square = self.moments[:, here]
            master, gradient = room[:, :count]
            self.bunches.append(_Bunch(parts, rest, mean, square, master, gradient))
            used = here.stop
        self.scale: torch.Tensor | None = None

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
            bunch.join()
            adamw(
                [bunch.master], [bunch.gradient], [bunch.mean], [bunch.square], [], [self.count.clone()],
                fused=True, grad_scale=self.scale, lr=self.param_groups[0]["lr"], beta1=BETAS[0], beta2=BETAS[1],
                eps=EPSILON, weight_decay=0.0, amsgrad=False, maximize=False,
            )  # fmt: skip
            bunch.split()
        self.count += 1
        self.scale = None

    def state_dict(self) -> dict[str, Any]:
        return {"groups": super().state_dict(), **{name: getattr(self, name) for name in HELD}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state["groups"])
        for name in HELD:
            getattr(self, name).copy_(state[name])


def _parts(weights: list[torch.nn.Parameter], size: int) -> list[list[_Part]]:
    """The weights laid out one behind the other and cut at every `size` parameters."""
    bunches: list[list[_Part]] = []
    used = size
    for weight in weights:
        flat, start = weight.detach().view(-1), 0
        while start < weight.numel():
            if used == size:
                bunches.append([])
                used = 0
            stop = min(weight.numel(), start + size - used)
            bunches[-1].append(_Part(weight, slice(start, stop), slice(used, used + stop - start), flat[start:stop]))
            used += stop - start
            start = stop
    return bunches
