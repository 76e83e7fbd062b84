"""Which arm, why, and how sure."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import Verdict
from .costs import Cost
from .statistics import Table, macro_draws

SURE = 0.9  # share of resampled studies that must give the same recommendation
NOT_FOR_USE = {"oracle"}  # what nobody has outside a benchmark


def verdict(tables: dict[str, Table], costs: dict[str, Cost], settings: Verdict) -> dict[str, Any]:
    """The rule: the weighted mean of accuracy over splits; among the arms within `margin` of the best, the cheapest at
    `queries`. Its probability is the share of resampled studies (by group) in which it gives the same arm."""
    means = macro_draws({s: t for s, t in tables.items() if settings.weights.get(s, 1.0) > 0}, settings.weights)
    arms = [arm for arm in means if arm not in NOT_FOR_USE]
    by_cost = sorted(arms, key=lambda arm: costs[arm].at(settings.queries))
    values = np.stack([means[arm] for arm in by_cost])  # (arms, 1 + draws), the cheapest first
    near = values >= values.max(axis=0) - settings.margin - 1e-12
    picked = near.argmax(axis=0)  # the first that is near: the cheapest
    arm = by_cost[int(picked[0])]
    groups = {g for t in tables.values() for g in t.groups}
    probability = float(np.mean(picked[1:] == picked[0])) if len(groups) > 1 else None
    best = max(arms, key=lambda a: means[a][0])
    told = ", ".join(f"{a} {means[a][0]:.3f}" for a in arms)
    if probability is None:
        reason = f"All questions are about one group, so that no interval is defined. Mean accuracy: {told}."
        return {"status": "cannot_tell", "arm": None, "reason": reason, "probability": None}
    if probability < SURE:
        reason = (
            f"{arm} comes out first, but only in {probability:.0%} of resampled studies. Mean accuracy over splits: "
            f"{told}. More questions, on more facts, would tell."
        )
        return {"status": "cannot_tell", "arm": None, "reason": reason, "probability": round(probability, 3)}
    return {
        "status": "recommended",
        "arm": arm,
        "reason": f"{_why(arm, best, float(means[arm][0]), float(means[best][0]), settings)} Mean accuracy: {told}.",
        "probability": round(probability, 3),
    }


def _why(arm: str, best: str, mine: float, top: float, settings: Verdict) -> str:
    if arm == best:
        why = f"{arm} is the most accurate ({top:.3f}), and no cheaper arm is within {settings.margin:g} of it."
    else:
        why = f"{arm} ({mine:.3f}) is within {settings.margin:g} of the best ({best}, {top:.3f}) and costs least"
        why += f" at {settings.queries} queries."
    if arm in ("base", "finetune"):
        why += " Augmentation is not needed here."
    return why
