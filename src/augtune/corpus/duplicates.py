"""Texts that say the same twice: letter by letter (but for case and white space), or nearly so."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = 5  # in a row: what two texts share is counted in these
LONG = 40  # words from which on texts are compared so: in shorter ones a name that differs makes another fact
NEAR = 0.8  # share of all rows of words of two texts that both have (Jaccard)


@dataclass(frozen=True)
class Duplicate:
    """The text at place `index` says what the one at place `of` says, which comes first and is no duplicate itself."""

    index: int
    of: int
    exact: bool
    similarity: float  # share of rows of words that both have


def duplicates(texts: Sequence[str], long: int = LONG) -> list[Duplicate]:
    """Every text that repeats an earlier one, with the earlier one that it is likest.

    Exact, not a sketch: of two sets that share enough, the rarest few elements of each have one in common (the prefix
    filter of Bayardo et al. 2007, Scaling up all pairs similarity search), so that only texts with such a one in common
    are compared."""
    words = [re.findall(r"\w+", text.casefold()) for text in texts]
    rows = [
        {hash(tuple(w[k : k + WORDS])) for k in range(max(1, len(w) - WORDS + 1))} if len(w) >= long else set()
        for w in words
    ]
    often = Counter(row for each in rows for row in each)
    same: dict[str, int] = {}
    holders: dict[int, list[int]] = defaultdict(list)
    found = []
    for i, each in enumerate(rows):
        key = " ".join(texts[i].casefold().split())
        if key in same:
            found.append(Duplicate(i, same[key], True, 1.0))
            continue
        rarest = sorted(each, key=lambda row: (often[row], row))[: len(each) - math.ceil(NEAR * len(each)) + 1]
        close = [(len(each & rows[j]) / len(each | rows[j]), -j) for j in {j for row in rarest for j in holders[row]}]
        likest, j = max(close, default=(0.0, 0))
        if likest >= NEAR:
            found.append(Duplicate(i, -j, False, likest))
            continue
        same[key] = i
        for row in rarest:
            holders[row].append(i)
    return found
