"""The loss of a batch, straight from the last hidden states: scores over the vocabulary for learnt tokens only, and
their gradient in the same pass.

transformers computes the scores of every token, copies them in float32 (0.6 MB a token with its gradient and 49,152
words) and keeps those for the backward pass. Here the scores become their gradient in place, a few rows at a time in
float32, so that each stays in the processor's cache (after Hsu et al. 2024, Liger Kernel, arXiv 2410.10989, which needs
a GPU).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import linear

from .texts import IGNORED

HELD = 1024  # places whose scores are held
ROWS = {"cpu": 32, "cuda": HELD}  # of them, how many are in float32 at a time
Loss = Callable[..., torch.Tensor]  # (outputs, labels, num_items_in_batch) -> a number


class _LinearCrossEntropy(torch.autograd.Function):  # type: ignore[misc]
    """hidden (places, width), weight (words, width), labels (places) -> the sum of -log p(label), float32."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        to_hidden = torch.empty_like(hidden)
        to_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        total = torch.zeros((), device=hidden.device)
        for states, label, out in zip(hidden.split(HELD), labels.split(HELD), to_hidden.split(HELD), strict=True):
            scores = linear(states, weight)
            total += _become_gradient(scores, label)
            torch.mm(scores, weight, out=out)
            if to_weight is not None:
                to_weight.addmm_(scores.T, states)
        ctx.save_for_backward(to_hidden, to_weight)
        return total

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        to_hidden, to_weight = ctx.saved_tensors
        by = given[0].to(to_hidden.dtype)
        return to_hidden * by, None if to_weight is None else to_weight.mul_(by), None


def _become_gradient(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The sum of -log p(label); the scores become p, less 1 at the label."""
    total = torch.zeros((), device=scores.device)
    rows = ROWS.get(scores.device.type, HELD)
    for part, label in zip(scores.split(rows), labels[:, None].split(rows), strict=True):
        exact = part.float()
        exact -= exact.amax(-1, keepdim=True)
        total -= exact.gather(1, label).sum()
        exact.exp_()
        sums = exact.sum(-1, keepdim=True)
        total += sums.log().sum()
        exact /= sums
        part.copy_(exact.scatter_add_(1, label, torch.full_like(sums, -1.0)))
    return total


@contextmanager
def from_hidden(network: Any) -> Iterator[Loss | None]:
    """While this is open, the network gives hidden states for scores; yields what makes a loss of them, for Trainer's
    `compute_loss_func`. Yields None, and changes nothing, where scores are not just what the output layer gives (some
    architectures cap or scale them): a few tokens are computed both ways, and must be equal to the bit."""
    head = network.get_output_embeddings()
    simple = isinstance(head, torch.nn.Linear) and head.bias is None and "forward" not in vars(head)
    if not simple or not _plain(network, head):
        yield None
        return

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        """Mean over learnt tokens; of each row, token i is predicted by the state at i - 1."""
        nexts = labels[:, 1:]
        learnt = nexts != IGNORED
        total: torch.Tensor = _LinearCrossEntropy.apply(outputs.logits[:, :-1][learnt], head.weight, nexts[learnt])
        return total / (learnt.sum() if num_items_in_batch is None else num_items_in_batch)

    head.forward = _unchanged
    try:
        yield loss
    finally:
        del head.forward


def _plain(network: Any, head: torch.nn.Linear) -> bool:
    ids = torch.arange(1, 9, device=network.device)[None]
    training = network.training
    network.eval()
    with torch.no_grad():
        scores = network(input_ids=ids, use_cache=False).logits
        head.forward = _unchanged
        try:
            hidden = network(input_ids=ids, use_cache=False).logits
        finally:
            del head.forward
        network.train(training)
        given = hidden.dtype == head.weight.dtype and hidden.shape[-1] == head.in_features
        return bool(given and torch.equal(head(hidden), scores))


def _unchanged(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
