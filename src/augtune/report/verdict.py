"""Which arm, why, and how sure. docs/verdict.md has how often this is right, by simulation (tools/verdict_curve.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..config import Verdict
from ..names import is_candidate
from .costs import CASES, Costs, times_paid
from .statistics import Array, Draws, macro

SURE = 0.9  # share of resampled studies that must give the same recommendation: docs/verdict.md
FEWEST = 5  # groups in a split: with two, 18 % of recommendations would be wrong (docs/verdict.md)
PLAIN = ("base", "finetune")  # what needs no augmentation


def verdict(draws: Draws, costs: Mapping[str, Costs], settings: Verdict) -> dict[str, Any]:
    """The rule: the weighted mean of accuracy over splits; among the arms within `margin` of the best, the cheapest at
    `queries`, in money where prices are known, else in FLOPs. Its probability is the share of resampled studies in
    which it gives the same arm."""
    counted = [split for split in draws.accuracy if settings.weights.get(split, 1.0) > 0]
    arms = [arm for arm in draws.arms if is_candidate(arm)]
    if why := _cannot(draws, counted, arms):
        return {"status": "cannot_tell", "arm": None, "reason": why, "probability": None, "means": {}, "shares": {}}
    means = macro(draws, settings.weights)
    unit = "money" if all("money" in costs[arm] for arm in arms) else "flops"
    times = times_paid(settings)
    by_cost = sorted(arms, key=lambda arm: costs[arm][unit].at(settings.queries, settings.caching, times))
    picked = pick(np.stack([means[arm] for arm in by_cost]), settings.margin)
    arm = by_cost[int(picked[0])]
    shares = {a: round(float(np.mean(picked[1:] == i)), 3) for i, a in enumerate(by_cost)}
    measured = {a: round(float(means[a][0]), 4) for a in arms}
    few = {split: draws.groups[split] for split in counted if draws.groups[split] < FEWEST}
    sure = shares[arm] >= SURE and not few
    reason = _why(arm, measured, unit, settings) if sure else _why_not(arm, shares, few)
    told = ", ".join(f"{a} {measured[a]:.3f}" for a in arms)
    return {
        "status": "recommended" if sure else "cannot_tell",
        "arm": arm if sure else None,
        "reason": f"{reason} Mean accuracy over splits: {told}.",
        "probability": shares[arm],
        "means": measured,
        "shares": shares,
        "unit": unit,
        "case": CASES[settings.caching],
    }


def pick(accuracy: Array, margin: float) -> Array:
    """(arms, studies) of accuracy, the cheapest arm first -> (studies,): the first arm within `margin` of the best."""
    picked: Array = (accuracy >= accuracy.max(axis=0) - margin - 1e-9).argmax(axis=0)
    return picked


def _cannot(draws: Draws, counted: list[str], arms: list[str]) -> str | None:
    """Why there is nothing to be decided by, if there is nothing."""
    if not arms:
        return "The study has only arms that cannot be recommended (oracle, controls)."
    if not counted:
        return "verdict.weights leave no split that counts."
    undefined = [split for split in counted if draws.undefined(split)]
    if undefined:
        return (
            f"{'; '.join(str(draws.undefined(split)) for split in undefined)}, or leave the split out of the verdict: "
            f"verdict.weights.{undefined[0]}: 0."
        )
    return None


def _why(arm: str, means: Mapping[str, float], unit: str, settings: Verdict) -> str:
    best = max(means, key=lambda a: means[a])
    if arm == best:
        why = f"{arm} is the most accurate ({means[arm]:.3f}), and no cheaper arm is within {settings.margin:g} of it."
    else:
        why = (
            f"{arm} ({means[arm]:.3f}) is within {settings.margin:g} of the best ({best}, {means[best]:.3f}) and costs "
        )
        why += (
            f"least at {settings.queries} queries ({'FLOPs' if unit == 'flops' else unit}, {CASES[settings.caching]})."
        )
    enough = [a for a in PLAIN if a in means and means[a] >= means[best] - settings.margin - 1e-9]
    if enough:
        why += f" Augmentation is not needed here: {enough[0]} is within the margin."
    return why


def _why_not(arm: str, shares: Mapping[str, float], few: Mapping[str, int]) -> str:
    rivals = ", ".join(f"{a} {share:.0%}" for a, share in sorted(shares.items(), key=lambda s: -s[1]) if share >= 0.01)
    told = f"{arm} comes out first; of resampled studies the rule picks {rivals}. "
    if few:
        return told + (
            f"Too few groups to be relied on: {', '.join(f'{s} has {n}' for s, n in few.items())}; "
            f"{FEWEST} are asked for. Ask about more facts."
        )
    return told + f"{SURE:.0%} for one arm are asked for. More questions, on more facts, would tell."


def shortfalls(draws: Draws, margin: float) -> list[dict[str, Any]]:
    """The splits on which another arm is ahead of plain fine-tuning (the interval of the paired difference is above 0,
    and the difference above the margin): what fine-tuning on the documents alone does not teach."""
    found = []
    if "finetune" not in draws.arms:
        return []
    for split, cell in draws.accuracy.items():
        ahead = []
        for arm in draws.arms:
            interval = draws.interval(split, arm, "finetune") if is_candidate(arm) and arm != "finetune" else None
            difference = draws.difference(split, arm, "finetune")
            if interval and interval[0] > 0 and difference > margin:
                ahead.append({"arm": arm, "difference": round(difference, 4), "ci95": interval})
        if ahead:
            ahead.sort(key=lambda row: -float(str(row["difference"])))
            found.append({"split": split, "accuracy": round(float(cell["finetune"][0]), 4), "ahead": ahead})
    return found
