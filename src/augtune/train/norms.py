"""Root mean square norms that keep nothing for the backward pass but what they are given.

As transformers writes them, outside a GPU's fused kernels, each keeps two float32 copies of the hidden states: a third
of what a small model holds between forward and backward. To compute them again costs a few hundredths of the time
(gradient checkpointing, Chen et al. 2016, arXiv 1604.06174, of the cheapest layers only).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch.utils.checkpoint import checkpoint


@contextmanager
def norms_computed_again(network: Any) -> Iterator[None]:
    """While this is open, a network on a CPU computes its norms a second time for their gradients, which are the same
    to the bit."""
    norms = [m for m in network.modules() if type(m).__name__.endswith("RMSNorm") and "forward" not in vars(m)]
    if network.device.type != "cpu":
        norms = []
    for norm in norms:
        norm.forward = partial(checkpoint, norm.forward, use_reentrant=False, preserve_rng_state=False)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward
