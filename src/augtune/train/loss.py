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
    """hidden (places, width), weight (words, width), labels (places) -> the sum of -log p(label) times `by`, float32.

    The weight's gradient goes straight to where it belongs: handed to autograd, it would be copied, and once more where
    the embedding of words is the same weight. So a loss is for one backward pass."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor, by: torch.Tensor
    ) -> torch.Tensor:
        to_hidden = torch.empty_like(hidden)
        made = torch.empty_like if len(hidden) else torch.zeros_like
        to_weight = made(weight) if ctx.needs_input_grad[1] else None
        total = torch.zeros((), device=hidden.device)
        for k in range(0, len(hidden), HELD):
            states, label = hidden[k : k + HELD], labels[k : k + HELD]
            scores = linear(states, weight)
            total += _become_gradient(scores, label, by)
            torch.mm(scores, weight, out=to_hidden[k : k + HELD])
            if to_weight is not None:
                torch.addmm(to_weight, scores.T, states, beta=1 if k else 0, out=to_weight)
        ctx.save_for_backward(to_hidden)
        ctx.weight, ctx.to_weight = weight, to_weight
        return total

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (to_hidden,) = ctx.saved_tensors
        to_weight = ctx.to_weight
        if given[0] != 1.0:  # the loss was scaled after it was made
            to_hidden = to_hidden * given[0].to(to_hidden.dtype)
            to_weight = None if to_weight is None else to_weight.mul_(given[0])
        if to_weight is not None:
            if ctx.weight.grad is None:
                ctx.weight.grad = to_weight
            else:
                ctx.weight.grad += to_weight
        return to_hidden, None, None, None


def _become_gradient(scores: torch.Tensor, labels: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """The sum of -log p(label), times `by`; the scores become p, less 1 at the label, times `by`."""
    total = torch.zeros((), device=scores.device)
    rows = ROWS.get(scores.device.type, HELD)
    room = scores.new_empty(min(rows, len(scores)), scores.shape[1], dtype=torch.float32)
    for part, label in zip(scores.split(rows), labels[:, None].split(rows), strict=True):
        exact = room[: len(part)].copy_(part)
        exact -= exact.amax(-1, keepdim=True)
        total -= exact.gather(1, label).sum()
        exact.exp_()
        sums = exact.sum(-1, keepdim=True)
        total += sums.log().sum()
        exact *= by / sums
        part.copy_(exact.scatter_add_(1, label, -by.expand_as(sums)))
    return total * by


@contextmanager
def from_hidden(network: Any) -> Iterator[Loss | None]:
    """While this is open, the network gives hidden states for scores; yields what makes a loss of them, for Trainer's
    `compute_loss_func`. Where the embedding of words is the output layer's weight, its own gradient is sparse, to be
    added to that of the loss. Yields None, and changes nothing, where scores are not just what the output layer gives
    (some architectures cap or scale them): a few tokens are computed both ways, and must be equal to the bit."""
    head = network.get_output_embeddings()
    simple = isinstance(head, torch.nn.Linear) and head.bias is None and "forward" not in vars(head)
    if not simple or not _plain(network, head):
        yield None
        return

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        """Mean over learnt tokens; of each row, token i is predicted by the state at i - 1."""
        nexts = labels[:, 1:]
        learnt = nexts != IGNORED
        count = torch.as_tensor(learnt.sum() if num_items_in_batch is None else num_items_in_batch)
        by = (1.0 / count.float()).to(labels.device)
        mean: torch.Tensor = _LinearCrossEntropy.apply(outputs.logits[:, :-1][learnt], head.weight, nexts[learnt], by)
        return mean

    words = network.get_input_embeddings()
    tied = isinstance(words, torch.nn.Embedding) and words.weight is head.weight and not words.sparse
    head.forward = _unchanged
    if tied:
        words.sparse = True  # a few words' gradients, to be added to those of all
    try:
        yield loss
    finally:
        del head.forward
        if tied:
            words.sparse = False


@contextmanager
def as_used(network: Any) -> Iterator[None]:
    """While this is open, the network computes as it does after training, without gradients."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)


def _plain(network: Any, head: torch.nn.Linear) -> bool:
    ids = torch.arange(1, 9, device=network.device)[None]
    with as_used(network):
        scores = network(input_ids=ids, use_cache=False).logits
        head.forward = _unchanged
        try:
            hidden = network(input_ids=ids, use_cache=False).logits
        finally:
            del head.forward
        given = hidden.dtype == head.weight.dtype and hidden.shape[-1] == head.in_features
        return bool(given and torch.equal(head(hidden), scores))


def _unchanged(hidden: torch.Tensor) -> torch.Tensor:
    return hidden
