"""The verdict as a function of the expected queries, from results.json alone: what the page's slider moves.

Which arms are within the margin of the best does not depend on costs, and which of them is cheapest does not depend on
accuracy. So the resampled studies are kept as sets of arms within the margin, each with how often it came; with an
order of costs that gives the same shares as `verdict.verdict`. assets/decide.js is the same rule in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..config import Verdict
from ..names import is_candidate
from .costs import Costs, times_paid
from .statistics import Draws, macro
from .verdict import FEWEST, SURE

Found = Mapping[str, Any]


def decision(draws: Draws, costs: Mapping[str, Costs], settings: Verdict) -> dict[str, Any]:
    """For results.json: `means` of each arm over splits with its interval (null if a split that counts has none);
    `arms`, those that may be recommended; `sets`: [[places in `arms`], in how many of `draws` resampled studies exactly
    these are within the margin]; `measured`: the set as measured; `few`: splits with too few groups to be relied on."""
    counted = [split for split in draws.accuracy if settings.weights.get(split, 1.0) > 0]
    arms = [arm for arm in draws.arms if is_candidate(arm)]
    unit = "money" if all("money" in costs[arm] for arm in arms or draws.arms) else "flops"
    found: dict[str, Any] = {
        "arms": arms, "unit": unit, "times": times_paid(settings), "sure": SURE, "means": {}, "sets": [],
        "measured": [], "draws": 0, "few": {},
    }  # fmt: skip
    if not counted:
        return found
    means = macro(draws, settings.weights)
    defined = not any(draws.undefined(split) for split in counted)
    for arm, values in means.items():
        low, high = np.quantile(values[1:], [0.025, 0.975])
        ci95 = [round(float(low), 4), round(float(high), 4)] if defined else None
        found["means"][arm] = {"accuracy": round(float(values[0]), 4), "ci95": ci95}
    if not arms or not defined:
        return found
    accuracy = np.stack([means[arm] for arm in arms])
    within = accuracy >= accuracy.max(axis=0) - settings.margin - 1e-9
    sets, count = np.unique(within[:, 1:], axis=1, return_counts=True)
    return found | {
        "sets": [[_places(s), int(n)] for s, n in zip(sets.T, count, strict=True)],
        "measured": _places(within[:, 0]),
        "draws": int(count.sum()),
        "few": {split: draws.groups[split] for split in counted if draws.groups[split] < FEWEST},
    }


def _places(row: Any) -> list[int]:
    return [int(i) for i in np.flatnonzero(row)]


@dataclass(frozen=True)
class Advice:
    """`arm` comes out first; `sure` tells whether it is recommended; `shares` of resampled studies by arm."""

    arm: str
    sure: bool
    shares: dict[str, float]

    @property
    def probability(self) -> float:
        return self.shares[self.arm]


def advise(found: Found, queries: float, caching: str | None = None) -> Advice | None:
    """The rule at so many queries; None where nothing can be told at any."""
    rule = found["decision"]
    if not rule["sets"]:
        return None
    arms = rule["arms"]
    cost = [total(found, arm, queries, caching) for arm in arms]
    order = sorted(range(len(arms)), key=lambda i: cost[i])
    counts = dict.fromkeys(order, 0)
    for places, n in rule["sets"]:
        counts[next(i for i in order if i in places)] += n
    first = next(i for i in order if i in rule["measured"])
    shares = {arms[i]: round(n / rule["draws"], 3) for i, n in counts.items()}
    return Advice(arms[first], shares[arms[first]] >= rule["sure"] and not rule["few"], shares)


def total(found: Found, arm: str, queries: float, caching: str | None = None) -> float:
    """What an arm costs in all, in the rule's unit: once, as often as that is paid, and every query."""
    cost = found["arms"][arm]["cost"]["units"][found["decision"]["unit"]]
    case = caching or found["study"]["verdict"]["caching"]
    return float(found["decision"]["times"] * cost["once"] + queries * cost["query"][case])


def stretches(found: Found, most: float, caching: str | None = None) -> list[tuple[float, float, str, bool]]:
    """(from, to, arm, sure): over which queries from 1 to `most` which arm comes out first."""
    case = caching or found["study"]["verdict"]["caching"]
    rule, ends = found["decision"], {1.0, most}
    units = [found["arms"][arm]["cost"]["units"][rule["unit"]] for arm in rule["arms"]] if rule["sets"] else []
    for a in units:
        for b in units:
            slower = a["query"][case] - b["query"][case]
            if slower > 0 and 1 < (crossing := rule["times"] * (b["once"] - a["once"]) / slower) < most:
                ends.add(crossing)
    places, merged = sorted(ends), list[tuple[float, float, str, bool]]()
    for low, high in pairwise(places):
        advice = advise(found, (low + high) / 2, case)
        if advice is None:
            return []
        if merged and merged[-1][2:] == (advice.arm, advice.sure):
            low = merged.pop()[0]
        merged.append((low, high, advice.arm, advice.sure))
    return merged
