"""Root mean square norms that keep nothing for the backward pass but what they are given.

As transformers writes them, outside a GPU's fused kernels, each keeps two float32 copies of the hidden states: a third
of what a small model holds between forward and backward. Those of the common form have their gradient written out here
(Zhang and Sennrich 2019, arXiv 1910.07467), in half the operations that it takes step by step; others are computed
again (gradient checkpointing, Chen et al. 2016, arXiv 1604.06174, of the cheapest layers only).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint


class _Norm(torch.autograd.Function):  # type: ignore[misc]
    """states (..., width), weight (width) -> states by the root of their mean square, times weight."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        exact = states.float()
        scale = torch.rsqrt(exact.pow(2).mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(states, weight, scale)
        return weight * (exact * scale).to(states.dtype)

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        states, weight, scale = ctx.saved_tensors
        normed, gradient = states.float() * scale, given[0].float()
        to_weight = None
        if ctx.needs_input_grad[1]:
            to_weight = (gradient * normed).flatten(0, -2).sum(0).to(weight.dtype)
        gradient = gradient * weight
        along = (gradient * normed).mean(-1, keepdim=True)
        return gradient.sub_(normed.mul_(along)).mul_(scale).to(states.dtype), to_weight, None


@contextmanager
def lean_norms(network: Any) -> Iterator[None]:
    """While this is open, the norms of a network on a CPU hold no float32 copies for their gradients. What they give is
    the same to the bit."""
    norms = [m for m in network.modules() if type(m).__name__.endswith("RMSNorm") and "forward" not in vars(m)]
    if network.device.type != "cpu":
        norms = []
    for norm in norms:
        norm.forward = _lean(norm, network.dtype)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def _lean(norm: Any, dtype: torch.dtype) -> Callable[..., torch.Tensor]:
    weight, epsilon = getattr(norm, "weight", None), getattr(norm, "variance_epsilon", None)
    if weight is not None and epsilon is not None:
        other = copy.deepcopy(norm)  # with weights that show where they are multiplied in
        some = torch.linspace(-2.0, 3.0, 4 * len(weight)).to(dtype).view(4, -1)
        with torch.no_grad():
            other.weight.copy_(torch.linspace(0.3, 1.7, len(weight)))
            if torch.equal(other(some), _Norm.apply(some, other.weight, epsilon)):
                return lambda states: _Norm.apply(states, weight, epsilon)
    return partial(checkpoint, norm.forward, use_reentrant=False, preserve_rng_state=False)
