"""Intervals and tests. Questions on one fact are not independent, so that groups are what is resampled, and arms are
compared on the same resampled groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Prediction

DRAWS = 4000
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Table:
    """How many questions each group has, and how many each arm gets right (a mean over seeds), for one split."""

    groups: list[str]
    n: Array  # (groups,)
    correct: dict[str, Array]  # arm -> (groups,)

    @property
    def questions(self) -> int:
        return int(self.n.sum())

    def accuracy(self, arm: str) -> float:
        return float(self.correct[arm].sum() / self.n.sum())


def tabulate(predictions: Sequence[Prediction]) -> dict[str, Table]:
    """A table for each split, in the order of first sight. A question without a group is a group of its own."""
    tables = {}
    for split in dict.fromkeys(p.split for p in predictions):
        here = [p for p in predictions if p.split == split]
        group_of = {p.id: p.group or f"question {p.id}" for p in here}
        groups = sorted(set(group_of.values()))
        place = {g: i for i, g in enumerate(groups)}
        n = np.zeros(len(groups))
        for group in group_of.values():
            n[place[group]] += 1
        correct = {}
        for arm in dict.fromkeys(p.arm for p in here):
            mine = [p for p in here if p.arm == arm]
            seeds = len({p.seed for p in mine})
            right = np.zeros(len(groups))
            for p in mine:
                right[place[group_of[p.id]]] += p.correct / seeds
            correct[arm] = right
        tables[split] = Table(groups, n, correct)
    return tables


def weights(groups: int, draws: int = DRAWS, seed: int = 0) -> Array:
    """(draws, groups): how often each group is drawn, with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=draws).astype(float)


def interval(values: Array, n: Array) -> list[float] | None:
    """95 % percentile interval of sum(values) / sum(n) under resampling of groups; None with fewer than two groups."""
    if len(n) < 2:
        return None
    drawn = weights(len(n))
    ratios = (drawn @ values) / (drawn @ n)
    return [round(float(q), 4) for q in np.quantile(ratios, [0.025, 0.975])]


def sign_flip(differences: Array, draws: int = 10_000, seed: int = 0) -> float | None:
    """Two-sided p of "no difference": how often randomly turning round each group's difference gives one as large."""
    if len(differences) < 2:
        return None
    rng = np.random.default_rng(seed)
    seen = abs(differences.sum())
    flips = rng.choice([-1.0, 1.0], size=(draws, len(differences)))
    return float((1 + np.sum(np.abs(flips @ differences) >= seen - 1e-12)) / (draws + 1))


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's correction (1979) for all that are tested; None stays None."""
    order = sorted((i for i, v in enumerate(p) if v is not None), key=lambda i: p[i] or 0.0)
    corrected: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (p[i] or 0.0) * (len(order) - rank)))
        corrected[i] = highest
    return corrected


def comparisons(tables: dict[str, Table]) -> list[dict[str, Any]]:
    """Every pair of arms on every split: difference a - b, its paired interval, p corrected over all of them."""
    found: list[dict[str, Any]] = []
    for split, table in tables.items():
        arms = list(table.correct)
        for i, b in enumerate(arms):
            for a in arms[i + 1 :]:
                difference = table.correct[a] - table.correct[b]
                found.append(
                    {
                        "a": a,
                        "b": b,
                        "split": split,
                        "difference": round(float(difference.sum() / table.n.sum()), 4),
                        "ci95": interval(difference, table.n),
                        "p": sign_flip(difference),
                    }
                )
    for row, p in zip(found, holm([row["p"] for row in found]), strict=True):
        row["p"] = None if p is None else round(p, 5)
    return found


def macro_draws(tables: dict[str, Table], split_weights: dict[str, float], draws: int = DRAWS) -> dict[str, Array]:
    """For each arm (draws + 1,) weighted means over splits of accuracy: first as measured, then resampled. A group that
    stands in several splits is drawn for all of them together."""
    groups = sorted({g for t in tables.values() for g in t.groups})
    place = {g: i for i, g in enumerate(groups)}
    drawn = np.vstack([np.ones(len(groups)), weights(len(groups), draws)])
    arms = list(next(iter(tables.values())).correct)
    total = {arm: np.zeros(len(drawn)) for arm in arms}
    weight_sum = np.zeros(len(drawn))
    for split, table in tables.items():
        mine = drawn[:, [place[g] for g in table.groups]]
        n = mine @ table.n
        there = n > 0
        weight_sum += split_weights.get(split, 1.0) * there
        for arm in arms:
            accuracy = np.divide(mine @ table.correct[arm], n, out=np.zeros_like(n), where=there)
            total[arm] += split_weights.get(split, 1.0) * accuracy
    return {arm: np.divide(t, weight_sum, out=np.zeros_like(t), where=weight_sum > 0) for arm, t in total.items()}
