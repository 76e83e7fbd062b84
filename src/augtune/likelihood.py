"""Choosing by likelihood: what a choice's log-likelihood is divided by, and which choice wins."""

from __future__ import annotations

from collections.abc import Sequence

NORMALIZATIONS = ("none", "token", "byte", "char")


def divisors(normalization: str, choices: Sequence[str], tokens: Sequence[int]) -> list[float]:
    """What each choice's log-likelihood (nats, summed over its tokens) is divided by. Bytes and characters are the
    choice's own, without the space at the seam."""
    return {
        "none": [1.0] * len(choices),
        "token": [float(n) for n in tokens],
        "byte": [float(len(c.encode())) for c in choices],
        "char": [float(len(c)) for c in choices],
    }[normalization]


def choose(loglikelihoods: Sequence[float], divided_by: Sequence[float]) -> int:
    """The likeliest choice; the first of equals."""
    values = [v / n for v, n in zip(loglikelihoods, divided_by, strict=True)]
    return max(range(len(values)), key=values.__getitem__)
