"""Arms: which weights and which context a model gets. One table; every arm goes through the same scoring."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ..backends.base import Backend
from ..names import ARMS
from ..records import Document
from .prompts import listing


@dataclass(frozen=True)
class Arm:
    """`trained`: has weights of its own, trained on the documents and what texts_of (study.py) adds; `context`: what
    stands in the prompt: None for nothing, else "documents", "unrelated" (other texts) or "nothing" (the instruction to
    use documents, and none)."""

    trained: bool = False
    context: str | None = None


TABLE = {
    "base": Arm(),
    "control-instruction": Arm(context="nothing"),
    "control-unrelated": Arm(context="unrelated"),
    "icl": Arm(context="documents"),
    "finetune": Arm(trained=True),
    "augmented": Arm(trained=True),
    "local": Arm(trained=True),
    "global": Arm(trained=True),
    "oracle": Arm(trained=True),
}
assert set(TABLE) == set(ARMS)


def arm_of(name: str) -> Arm:
    """The arm of a name in the table, or of only-STRATEGY."""
    return TABLE.get(name) or Arm(trained=True)


def in_order(names: Sequence[str]) -> list[str]:
    """Arms that share weights follow each other: untrained ones first; ablations last."""
    order = list(TABLE)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def subsample(documents: Sequence[Document], factor: int, shuffled: bool = True) -> list[Document]:
    """One in `factor` documents, as evenly over groups as that goes: each group's documents are shuffled, then taken in
    rounds (with one document a group as the last round of thinning). They stand in a seeded random order, or in the
    corpus's own."""
    rng = random.Random("icl")
    chosen = list(documents)
    if factor > 1:
        groups: dict[str, list[Document]] = defaultdict(list)
        for d in documents:
            groups[d.group or d.id].append(d)
        for members in groups.values():
            rng.shuffle(members)
        rounds = [
            [members[k] for members in groups.values() if k < len(members)]
            for k in range(max(map(len, groups.values())))
        ]
        for each in rounds:
            rng.shuffle(each)
        chosen = list(chain(*rounds))[: max(1, round(len(documents) / factor))]
    if shuffled:
        rng.shuffle(chosen)
        return chosen
    kept = {d.id for d in chosen}
    return [d for d in documents if d.id in kept]


def fitting_factors(backend: Backend, documents: Sequence[Document], fixed: int | str) -> list[int]:
    """Subsampling factors to try: powers of two whose documents fill at most half of the window, down to about one
    document a group; the one that the study fixes; or the least that fits, if even one a group is too much."""
    if isinstance(fixed, int):
        return [fixed]
    tokens = sum(backend.count_tokens(d.text) + 1 for d in documents)
    groups = len({d.group or d.id for d in documents})
    least = 1
    while tokens / least > backend.window / 2:
        least *= 2
    factors = [least]
    while len(factors) < 4 and len(documents) / (factors[-1] * 2) >= groups:
        factors.append(factors[-1] * 2)
    return factors


def context_of(arm: Arm, documents: Sequence[Document], unrelated: Sequence[Document]) -> str | None:
    """What stands in the prompt before a question: None for no instruction either."""
    if arm.context is None:
        return None
    return listing({"documents": documents, "unrelated": unrelated, "nothing": []}[arm.context])
