"""Token sequences as a tree, packed in rows: what sequences share is computed once, below the shared prefix too.

A question's candidates share the question; the tree is found from the ids themselves, so that it is exact whatever the
tokenizer does at a seam. A row holds whole questions, each token sees its ancestors only, and positions are depths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np


def agree(a: Sequence[int], b: Sequence[int]) -> int:
    """How many ids two sequences begin with in common."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many ids all sequences begin with in common, at most all but the last of the shortest."""
    low, high = min(map(list, sequences)), max(map(list, sequences))  # the two that differ earliest
    return min(agree(low, high), min(map(len, sequences)) - 1)


@dataclass
class Row:
    """A packed row: per token its id, depth and parent (-1: the last token of the shared prefix)."""

    ids: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    # (sequence index, for each of its tokens the token's place in the row)
    paths: list[tuple[int, list[int]]] = field(default_factory=list)

    def add(self, index: int, sequence: Sequence[int], children: dict[tuple[int, int], int]) -> None:
        parent, path = -1, []
        for depth, token in enumerate(sequence):
            here = children.get((parent, token))
            if here is None:
                here = len(self.ids)
                self.ids.append(token)
                self.depths.append(depth)
                self.parents.append(parent)
                children[parent, token] = here
            path.append(here)
            parent = here
        self.paths.append((index, path))

    def mask(self) -> np.ndarray:
        """(tokens, tokens), True where the row's token may look at the column's: itself and its ancestors."""
        seen = np.eye(len(self.ids), dtype=bool)
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                seen[i] |= seen[parent]
        return seen


def rows(groups: Sequence[Sequence[tuple[int, Sequence[int]]]], limit: int) -> Iterator[Row]:
    """Pack groups of (index, ids) into rows of at most `limit` tokens; a group is never cut (a larger one has a row of
    its own). Sequences of different groups share nothing below the prefix: their roots are kept apart."""
    row, full = Row(), 0
    for group in groups:
        tree = Row()
        children: dict[tuple[int, int], int] = {}
        for index, ids in group:
            tree.add(index, ids, children)
        if full and full + len(tree.ids) > limit:
            yield row
            row, full = Row(), 0
        row.ids += tree.ids
        row.depths += tree.depths
        row.parents += [p + full if p >= 0 else -1 for p in tree.parents]
        row.paths += [(index, [i + full for i in path]) for index, path in tree.paths]
        full = len(row.ids)
    if full:
        yield row
