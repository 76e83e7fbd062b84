"""Packing by hand-written token ids, and by a property: each path through the tree is its sequence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from augtune.backends.tree import common_prefix, rows


def test_a_shared_beginning_is_computed_once_and_seen_by_its_own_only() -> None:
    (row,) = rows([[(0, [1, 2, 3]), (1, [1, 2, 4, 5])], [(2, [1, 2])]], limit=16)
    assert row.ids == [1, 2, 3, 4, 5, 1, 2]
    assert row.depths == [0, 1, 2, 2, 3, 0, 1]
    assert row.paths == [(0, [0, 1, 2]), (1, [0, 1, 3, 4]), (2, [5, 6])]
    assert [[j for j, seen in enumerate(line) if seen] for line in row.mask()] == [
        [0], [0, 1], [0, 1, 2], [0, 1, 3], [0, 1, 3, 4], [5], [5, 6],
    ]  # fmt: skip


def test_common_prefix_leaves_each_sequence_a_token() -> None:
    assert common_prefix([[1, 2, 3], [1, 2, 4]]) == 2
    assert common_prefix([[1, 2], [1, 2, 3]]) == 1
    assert common_prefix([[1], [2]]) == 0


sequences = st.lists(st.integers(0, 3), min_size=1, max_size=6)


@given(groups=st.lists(st.lists(sequences, min_size=1, max_size=4), min_size=1, max_size=5), limit=st.integers(1, 20))
def test_every_sequence_is_a_path(groups: list[list[list[int]]], limit: int) -> None:
    flat = [s for group in groups for s in group]
    index = iter(range(len(flat)))
    packed = list(rows([[(next(index), s) for s in group] for group in groups], limit))
    seen = {}
    for row in packed:
        mask = row.mask()
        for i, path in row.paths:
            seen[i] = [row.ids[k] for k in path]
            assert [row.depths[k] for k in path] == list(range(len(path)))
            assert sorted(path) == [int(k) for k in mask[path[-1]].nonzero()[0]]
    assert [seen[i] for i in range(len(flat))] == flat
