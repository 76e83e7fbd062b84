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
    """`trained_on`: what it is fine-tuned on beside the documents, None if on nothing; `context`: are the documents in
    the prompt?"""

    trained_on: str | None = None
    context: bool = False


TABLE = {
    "base": Arm(),
    "icl": Arm(context=True),
    "finetune": Arm(trained_on="documents"),
    "augmented": Arm(trained_on="augmentations"),
    "oracle": Arm(trained_on="oracle"),
}
assert set(TABLE) == set(ARMS)


def subsample(documents: Sequence[Document], factor: int) -> list[Document]:
    """One in `factor` documents, as evenly over groups as that goes: each group's documents are shuffled, then taken in
    rounds (with one document a group as the last round of thinning). Document order is then shuffled, seeded."""
    if factor == 1:
        return list(documents)
    rng = random.Random("icl")
    groups: dict[str, list[Document]] = defaultdict(list)
    for d in documents:
        groups[d.group or d.id].append(d)
    for members in groups.values():
        rng.shuffle(members)
    rounds = [
        [members[k] for members in groups.values() if k < len(members)] for k in range(max(map(len, groups.values())))
    ]
    for each in rounds:
        rng.shuffle(each)
    chosen = list(chain(*rounds))[: max(1, round(len(documents) / factor))]
    rng.shuffle(chosen)
    return chosen


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


def context_of(arm: Arm, documents: Sequence[Document], factor: int) -> str:
    return listing(subsample(documents, factor)) if arm.context else ""
