"""Predictions and runs for the tests of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from augtune.config import Study
from augtune.records import Corpus, Document, Prediction, Question

USAGE = {"tokens_in": 100, "tokens_in_reused": 100, "flops": 1000.0, "seconds": 1.0}


def answered(
    arm: str, right: Sequence[bool], split: str = "all", groups: int | None = None, seed: int = 0
) -> list[Prediction]:
    """One prediction for each of `right`; question i belongs to group i modulo `groups`, or to one of its own."""
    return [
        Prediction(
            arm, seed, f"{split}-{i}", split, f"g{i % (groups or len(right))}", None, None, None, None, "", "", ok
        )
        for i, ok in enumerate(right)
    ]


def study(**more: Any) -> Study:
    return Study.model_validate({"name": "x", "benchmark": {"name": "reversals", "seed": 100}, **more})


def corpus(n: int = 12, groups: int = 6, kinds: Sequence[str | None] = (None,), **more: Any) -> Corpus:
    """`n` questions of split `all`."""
    asked = [
        Question(f"all-{i}", "p", "a", ["a", "b"], "all", f"g{i % groups}", kinds[i % len(kinds)]) for i in range(n)
    ]
    return Corpus([Document("d", "A document.", "g0")], asked, **more)


def manifests(*arms: str, seeds: Sequence[int] = (0,), **more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the stages leave: every arm evaluated, those with weights of their own trained; `more` by stage name, with _
    for -."""
    found: dict[str, dict[str, Any]] = {}
    for arm in arms:
        trained = arm not in ("base", "icl") and not arm.startswith("control")
        for seed in seeds if trained else seeds[:1]:
            found[f"evaluate-{arm}-{seed}"] = {
                "usage": USAGE, "validation": {}, "form": "plain", "factor": 1, "shown": 0, "tried": [],
            }  # fmt: skip
            if trained:
                done = {"steps": 7, "tokens": 500, "examples": 3}
                found[f"train-{arm}-{seed}"] = {"usage": {"tokens_in": 500, "flops": 9e3}, **done}
    return found | {name.replace("_", "-"): manifest for name, manifest in more.items()}
