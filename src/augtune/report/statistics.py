"""Intervals and tests. Questions on one fact are not independent, and neither are facts of one world or answers of one
training: worlds, groups and seeds are what is resampled, and arms are compared within the same resampled study.

Resampling is by random weights (the Bayesian bootstrap, Rubin 1981), level by level: each world, each group within its
world, and each seed within its arm and world gets a standard exponential weight, scaled to sum 1. Drawing with
replacement leaves groups out; a weight is never 0, so that a split with few groups is defined in every draw. With few
groups such draws spread too little, by a factor that is known for normal means: with G groups each draw's deviation is
stretched by sqrt((G + 1) / chi2(G - 1)), which makes the interval of a mean Student's. docs/verdict.md has figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Prediction

DRAWS = 20_000  # resolves p after correction for some 200 comparisons
CELLS = 10**8  # draws x groups at most: with more than 5,000 groups there are fewer draws
CHUNK = 4 * 10**6  # of them at once
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Table:
    """One split of one world: how many questions each group has, and how many of them each arm gets right with each
    seed."""

    groups: list[str]
    n: Array  # (groups,)
    correct: dict[str, Array]  # arm -> (seeds, groups)

    @property
    def questions(self) -> int:
        return int(self.n.sum())

    def accuracy(self, arm: str) -> float:
        """The mean over seeds."""
        return float(self.correct[arm].mean(axis=0).sum() / self.n.sum())


World = dict[str, Table]  # split -> its table


def tabulate(predictions: Sequence[Prediction]) -> World:
    """A table for each split, in the order of first sight. A question without a group is a group of its own. All arms
    have answered the same questions."""
    group_of: dict[str, dict[str, str]] = {}  # split -> question -> group
    right: dict[str, dict[str, dict[int, dict[str, float]]]] = {}  # split -> arm -> seed -> group -> how many
    for p in predictions:
        group = p.group or f"question {p.id}"
        group_of.setdefault(p.split, {})[p.id] = group
        cell = right.setdefault(p.split, {}).setdefault(p.arm, {}).setdefault(p.seed, {})
        cell[group] = cell.get(group, 0.0) + p.correct
    tables = {}
    for split, arms in right.items():
        groups = sorted(set(group_of[split].values()))
        count = dict.fromkeys(groups, 0.0)
        for group in group_of[split].values():
            count[group] += 1
        correct = {
            arm: np.array([[cell.get(g, 0.0) for g in groups] for cell in seeds.values()])
            for arm, seeds in arms.items()
        }
        tables[split] = Table(groups, np.array(list(count.values())), correct)
    return tables


@dataclass(frozen=True)
class Draws:
    """Accuracy of each split and arm, a mean over worlds and seeds: [0] as measured, [1:] in each resampled study.
    `flipped` is what remains of it if each group's correct answers are counted with a random sign, the same one for all
    arms; `groups` is how many a split has in the world where it has fewest."""

    accuracy: dict[str, dict[str, Array]]  # split -> arm -> (1 + draws,)
    flipped: dict[str, dict[str, Array]]  # split -> arm -> (draws,)
    groups: dict[str, int]

    @property
    def arms(self) -> list[str]:
        return list(next(iter(self.accuracy.values())))

    def interval(self, split: str, arm: str, against: str | None = None) -> list[float] | None:
        """95 % interval of an arm's accuracy, or of its difference to another's; None where there is none (see
        `undefined`)."""
        if self.undefined(split):
            return None
        values = self.accuracy[split][arm]
        if against is not None:
            values = values - self.accuracy[split][against]
        return [round(float(q), 4) for q in np.quantile(values[1:], [0.025, 0.975])]

    def difference(self, split: str, arm: str, against: str) -> float:
        return float(self.accuracy[split][arm][0] - self.accuracy[split][against][0])

    def undefined(self, split: str) -> str | None:
        """Why the split has no interval, if it has none."""
        if self.groups[split] > 1:
            return None
        return f"all questions of split {split} are about one group: no interval is defined; ask about more groups"

    def p(self, split: str, arm: str, against: str) -> float | None:
        """Two-sided p of "no difference", uncorrected: the larger of two. Sign flips are exact in the groups, however
        few; the share of resampled studies on the other side of 0 counts worlds and seeds too."""
        if self.undefined(split):
            return None
        here, flipped = self.accuracy[split], self.flipped[split]
        values = here[arm] - here[against]
        flips = np.abs(flipped[arm] - flipped[against]) >= abs(values[0]) - 1e-9
        sides = min(np.sum(values[1:] <= 0), np.sum(values[1:] >= 0))
        draws = len(flips)
        return float(max((1 + flips.sum()) / (draws + 1), min(1.0, 2 * (1 + sides) / (draws + 1))))


def resample(worlds: Sequence[World], draws: int = DRAWS, seed: int = 0) -> Draws:
    """Resampled studies of one world or several; all have the same splits and arms."""
    rng = np.random.default_rng(seed)
    most = max(len({g for t in world.values() for g in t.groups}) for world in worlds)
    draws = max(1000, min(draws, CELLS // most))
    shares = _simplex(rng, draws, len(worlds))
    splits = {split: list(table.correct) for split, table in worlds[0].items()}
    accuracy = {split: {arm: np.zeros(1 + draws) for arm in arms} for split, arms in splits.items()}
    flipped = {split: {arm: np.zeros(draws) for arm in arms} for split, arms in splits.items()}
    for share, world in zip(shares.T, worlds, strict=True):
        drawn, signed = _one_world(world, rng, draws)
        for split, arms in splits.items():
            for arm in arms:
                accuracy[split][arm][0] += world[split].accuracy(arm) / len(worlds)
                accuracy[split][arm][1:] += share * drawn[split, arm]
                flipped[split][arm] += signed[split, arm] / len(worlds)
    return Draws(accuracy, flipped, {split: min(len(w[split].groups) for w in worlds) for split in splits})


def _simplex(rng: np.random.Generator, draws: int, n: int) -> Array:
    """(draws, n) weights that sum to 1."""
    drawn: Array = rng.standard_exponential((draws, n))
    drawn /= drawn.sum(axis=1, keepdims=True)
    return drawn


def _seeds(rng: np.random.Generator, draws: int, n: int) -> Array:
    """(draws, n) weights of seeds, so far from 1 / n that the variance of a mean over few seeds is not too small."""
    far = np.sqrt((n + 1) / (n - 1)) if n > 1 else 1.0
    return 1 / n + far * (_simplex(rng, draws, n) - 1 / n)


Cells = dict[tuple[str, str], Array]  # (split, arm) -> (draws,)


def _one_world(world: World, rng: np.random.Generator, draws: int) -> tuple[Cells, Cells]:
    """Accuracy under random weights, and under random signs. A group that stands in several splits has one weight, and
    a seed has one weight on all splits."""
    groups = sorted({g for table in world.values() for g in table.groups})
    place = {g: i for i, g in enumerate(groups)}
    columns: list[Array] = []

    def column(table: Table, values: Array) -> int:
        full = np.zeros(len(groups))
        full[[place[g] for g in table.groups]] = values
        columns.append(full)
        return len(columns) - 1

    sizes = {split: column(table, table.n) for split, table in world.items()}
    right = {
        (split, arm): [column(table, row) for row in rows]
        for split, table in world.items() for arm, rows in table.correct.items()
    }  # fmt: skip
    matrix = np.stack(columns, axis=1)
    weighted, signed = np.empty((draws, len(columns))), np.empty((draws, len(columns)))
    step = max(1, CHUNK // len(groups))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        weighted[start : start + rows] = rng.standard_exponential((rows, len(groups))) @ matrix
        signs = rng.integers(0, 2, (rows, len(groups)), dtype=np.int8) * 2.0 - 1.0
        signed[start : start + rows] = signs @ matrix
    stretch = {
        n: np.sqrt((n + 1) / rng.chisquare(max(1, n - 1), draws)) for n in {len(t.groups) for t in world.values()}
    }
    luck = {arm: _seeds(rng, draws, len(rows)) for arm, rows in next(iter(world.values())).correct.items()}
    drawn, flipped = {}, {}
    for (split, arm), found in right.items():
        measured = world[split].accuracy(arm)
        values = (weighted[:, found] * luck[arm]).sum(axis=1) / weighted[:, sizes[split]]
        drawn[split, arm] = np.clip(measured + stretch[len(world[split].groups)] * (values - measured), 0.0, 1.0)
        flipped[split, arm] = signed[:, found].mean(axis=1) / world[split].questions
    return drawn, flipped


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's correction (1979) for all that are tested; None stays None."""
    order = sorted((i for i, v in enumerate(p) if v is not None), key=lambda i: p[i] or 0.0)
    corrected: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (p[i] or 0.0) * (len(order) - rank)))
        corrected[i] = highest
    return corrected


def comparisons(draws: Draws) -> list[dict[str, Any]]:
    """Every pair of arms on every split: difference a - b, its paired interval, p corrected over all of them; where
    there is no interval, the reason."""
    found: list[dict[str, Any]] = []
    for split in draws.accuracy:
        for i, b in enumerate(draws.arms):
            for a in draws.arms[i + 1 :]:
                row = {
                    "a": a,
                    "b": b,
                    "split": split,
                    "difference": round(draws.difference(split, a, b), 4),
                    "ci95": draws.interval(split, a, b),
                    "p": draws.p(split, a, b),
                }
                found.append(row | ({"undefined": why} if (why := draws.undefined(split)) else {}))
    for row, p in zip(found, holm([row["p"] for row in found]), strict=True):
        row["p"] = None if p is None else round(p, 5)
    return found


def macro(draws: Draws, weights: dict[str, float]) -> dict[str, Array]:
    """For each arm (1 + draws,): the weighted mean of accuracy over splits."""
    counted = {split: weights.get(split, 1.0) for split in draws.accuracy}
    total = sum(counted.values())
    return {
        arm: np.sum([counted[split] / total * cell[arm] for split, cell in draws.accuracy.items()], axis=0)
        for arm in draws.arms
    }
