"""How often is the verdict right? Simulated studies whose best arm is known, judged by the real statistics and rule.

    python tools/verdict_curve.py [--studies 2000] [--groups 30] [--questions 5] [--splits 3] [--seeds 1] [--luck 0]
                                  [--svg FILE]

prints a table by gap; docs/verdict.md holds it. One simulated study:

- Arms base, finetune, augmented, icl, in this order of cost. The best has a true accuracy (mean over splits) between
  0.3 and 0.97; the second is lower by exactly the gap; the others lie anywhere below it. Where the gap is 0, two arms
  or more tie at the top. Which arm takes which place is random. Splits differ from an arm's mean by about 0.1.
- Questions come in groups. Right answers are drawn from a logistic model with normal group effects, whose standard
  deviation is between 0.5 and 3, in random parts common to all arms, the arm's own, and the arm's on this split; its
  intercept is such that the accuracy over all groups is the true one. The correlation of answers in a group is then
  0.29 on average; in the demo it is 0.29 too (a mean over arms and splits, from -0.06 to 0.74).
- `luck` is the standard deviation by which each training of an arm differs from the arm's true accuracy.

The right arm is what the verdict's rule gives on the true accuracies: the cheapest within the margin (0.02) of the
best. A study is judged

- right: this arm is recommended;
- wrong: another one is, for either reason: `worse`, its true accuracy is below the best by more than the margin; or
  `dearer`, it is as good, but a cheaper arm is too. So with ties, any but the cheapest of them is wrong.
- not told: the verdict says that it cannot tell.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augtune.config import Verdict
from augtune.report.costs import CASES, Cost
from augtune.report.statistics import Array, Table, resample
from augtune.report.verdict import pick, verdict

ONCE_AND_QUERY = {"base": (0, 1), "finetune": (1_000, 1), "augmented": (5_000, 1), "icl": (0, 10)}
COSTS = {arm: {"flops": Cost(once, dict.fromkeys(CASES, query))} for arm, (once, query) in ONCE_AND_QUERY.items()}
ARMS = list(COSTS)  # the cheapest first, at 1,000 queries
GAPS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
DRAWS = 2000
OUTCOMES = ("right", "not told", "dearer", "worse")


@dataclass(frozen=True)
class Shape:
    """Of every study: `questions` in each group and split."""

    groups: int = 30
    questions: int = 5
    splits: int = 3
    seeds: int = 1
    luck: float = 0.0


def outcomes(studies: int, shape: Shape = Shape(), seed: int = 0) -> Iterator[tuple[float, str]]:
    """(gap, outcome) of each study; the gaps take turns."""
    rng = np.random.default_rng(seed)
    settings = Verdict()
    for i in range(studies):
        gap = GAPS[i % len(GAPS)]
        accuracy = true_accuracies(rng, gap, shape.splits)
        means = accuracy.mean(axis=1)
        found = verdict(resample([answers(rng, accuracy, shape)], DRAWS, seed=i), COSTS, settings)
        right = ARMS[int(pick(means[:, None], settings.margin)[0])]
        if found["arm"] is None:
            yield gap, "not told"
        elif found["arm"] == right:
            yield gap, "right"
        else:
            equal = means[ARMS.index(found["arm"])] >= means.max() - settings.margin - 1e-9
            yield gap, "dearer" if equal else "worse"


def true_accuracies(rng: np.random.Generator, gap: float, splits: int) -> Array:
    """(arms, splits)"""
    best = rng.uniform(max(0.3, gap), 0.97)
    place = rng.permutation(len(ARMS))
    means = np.empty(len(ARMS))
    means[place[0]], means[place[1]] = best, best - gap
    for arm in place[2:]:
        means[arm] = best if gap == 0 and rng.random() < 0.5 else rng.uniform(0, best - gap)
    spread = rng.normal(0, 0.1, (len(ARMS), splits))
    spread -= spread.mean(axis=1, keepdims=True)
    room = np.minimum(means, 1 - means)  # no split leaves 0 to 1
    spread *= np.minimum(1.0, room / np.maximum(np.abs(spread).max(axis=1), 1e-9))[:, None]
    return np.asarray(means[:, None] + spread)


def answers(rng: np.random.Generator, accuracy: Array, shape: Shape) -> dict[str, Table]:
    """One study's tables."""
    deviation = rng.uniform(0.5, 3)
    common, own, split_own = np.sqrt(rng.dirichlet([1, 1, 1]))
    effects = deviation * (
        common * rng.normal(size=shape.groups)
        + own * rng.normal(size=(len(ARMS), 1, shape.groups))
        + split_own * rng.normal(size=(*accuracy.shape, shape.groups))
    )
    right = []
    for _ in range(shape.seeds):
        trained = np.clip(accuracy + rng.normal(0, shape.luck, (len(ARMS), 1)), 0.001, 0.999)
        chance = 1 / (1 + np.exp(-(intercepts(trained, deviation)[..., None] + effects)))
        right.append(rng.binomial(shape.questions, chance).astype(float))
    n = np.full(shape.groups, float(shape.questions))
    names = [f"{g}" for g in range(shape.groups)]
    return {
        f"split {s}": Table(names, n, {arm: np.array([r[a, s] for r in right]) for a, arm in enumerate(ARMS)})
        for s in range(shape.splits)
    }


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
GRID = np.linspace(-14, 14, 561)


def intercepts(accuracy: Array, deviation: float) -> Array:
    """With which intercept a logistic model with normal effects has this mean."""
    means = (1 / (1 + np.exp(-(GRID[:, None] + deviation * NODES)))) @ (WEIGHTS / WEIGHTS.sum())
    return np.interp(accuracy, means, GRID)


def shares(found: list[tuple[float, str]]) -> dict[float, dict[str, float]]:
    """gap -> outcome -> share of its studies."""
    return {
        gap: {o: sum(f == (gap, o) for f in found) / sum(f[0] == gap for f in found) for o in OUTCOMES} for gap in GAPS
    }


def svg(found: dict[float, dict[str, float]]) -> str:
    """The curve: the share right, and the share wrong, by gap."""

    def line(outcome: tuple[str, ...], colour: str, name: str) -> str:
        points = [(50 + 1500 * gap, 230 - 200 * sum(cell[o] for o in outcome)) for gap, cell in found.items()]
        joined = " ".join(f"{x:.0f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        x, y = points[-1]
        label = f'<text x="{x + 8:.0f}" y="{y + 4:.1f}" fill="{colour}">{name}</text>'
        return f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{label}'

    rules = "".join(
        f'<line x1="50" x2="500" y1="{230 - 200 * share:.0f}" y2="{230 - 200 * share:.0f}" stroke="#d8dee6"/>'
        f'<text x="42" y="{234 - 200 * share:.0f}" text-anchor="end">{share:g}</text>'
        for share in (0.05, 0.5, 0.8, 1)
    )
    ticks = "".join(
        f'<text x="{50 + 1500 * gap:.0f}" y="250" text-anchor="middle">{gap:g}</text>'
        for gap in (0, 0.05, 0.1, 0.15, 0.2, 0.3)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="580" height="280" font-family="sans-serif" font-size="12">'
        f'<rect width="580" height="280" fill="white"/>{rules}{ticks}'
        '<text x="275" y="272" text-anchor="middle">true gap between the best arm and the next</text>'
        f"{line(('right',), '#1f6feb', 'right')}{line(('dearer', 'worse'), '#c2410c', 'wrong')}</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=2000)
    for name, default in vars(Shape()).items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--svg", type=Path)
    given = vars(parser.parse_args())
    shape = Shape(**{name: given[name] for name in vars(Shape())})
    found = list(outcomes(given["studies"], shape))
    table = shares(found)
    print(f"| gap | {' | '.join(OUTCOMES)} |\n|{'---|' * (1 + len(OUTCOMES))}")
    for gap, cell in table.items():
        print(f"| {gap:g} | {' | '.join(f'{cell[o]:.3f}' for o in OUTCOMES)} |")
    overall = [sum(f[1] == o for f in found) / len(found) for o in OUTCOMES]
    print(f"| all | {' | '.join(f'{share:.3f}' for share in overall)} |")
    told = sum(f[1] != "not told" for f in found)
    print(
        f"\nof {told} recommendations, {sum(f[1] in ('dearer', 'worse') for f in found) / max(1, told):.3f} are wrong"
    )
    if given["svg"]:
        given["svg"].write_text(svg(table), encoding="utf-8")


if __name__ == "__main__":
    main()
