"""The names that a study may use: what exists, without importing it."""

from __future__ import annotations

from collections.abc import Mapping

ARMS = (
    "base", "icl", "rag", "finetune", "augmented",
    "local", "global", "oracle",  # ablations
    "control-instruction", "control-unrelated",
)  # fmt: skip
ONLY = "only-"  # only-STRATEGY: the documents and that strategy's augmentations
BENCHMARKS = ("people", "process", "reversal-curse", "reversals", "semantic", "syllogisms")
MATCHES = ("text", "algebra")  # how a written answer is compared with the right one
STRATEGIES = (
    "rephrase", "reverse", "converse", "link", "pairs", "study", "implications", "questions", "permute", "vary",
)  # fmt: skip


def is_candidate(arm: str) -> bool:
    """Whether the verdict may recommend an arm: not what nobody has outside a benchmark, and no control."""
    return arm != "oracle" and not arm.startswith("control-")


def is_trained(arm: str) -> bool:
    """Whether an arm has weights of its own."""
    return arm not in ("base", "icl", "rag") and not arm.startswith("control-")


def is_augmented(arm: str) -> bool:
    """Whether an arm learns what the augmenter wrote."""
    return is_trained(arm) and arm not in ("finetune", "oracle")


def strategies_of(arm: str, families: Mapping[str, str]) -> list[str]:
    """The strategies whose texts an arm learns, of those that were used (`families`: strategy -> family): all for
    augmented, a family's for local and global (whole documents count as local), one for only-STRATEGY."""
    if arm == "augmented":
        return list(families)
    if arm in ("local", "global"):
        return [name for name, family in families.items() if (family == "global") == (arm == "global")]
    return [name for name in families if arm == f"{ONLY}{name}"]
