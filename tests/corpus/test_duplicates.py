from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from augtune.corpus.duplicates import NEAR, WORDS, duplicates

LONG = " ".join(f"The workshop {n} in Bergen changes the filter of the pump {n} times a year" for n in range(4))


def test_exact_and_near() -> None:
    other = "Nothing of this kind stands anywhere else in these few documents"
    near = f"{LONG} there"
    found = duplicates([LONG, other, f"  {LONG.upper()} \n", near, LONG.replace("Bergen", "Oslo"), other])
    assert [(d.index, d.of, d.exact) for d in found] == [(2, 0, True), (3, 0, False), (5, 1, True)]
    assert found[1].similarity == 42 / 43


def test_short_facts_that_differ_in_a_word_are_no_duplicates() -> None:
    told = "The one who keeps all of the keys of the old house by the mill, so they say, is"
    assert duplicates([f"{told} Ann.", f"{told} Bo.", "Red.", "Blue."]) == []


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=16).map(" ".join), max_size=25))
def test_the_filter_misses_nothing(texts: list[str]) -> None:
    """Against comparing every text with every text that was kept."""

    def rows(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text)
        return {tuple(words[k : k + WORDS]) for k in range(max(1, len(words) - WORDS + 1))}

    texts = [text or "a" for text in texts]
    kept: list[int] = []
    repeats = set()
    for i, text in enumerate(texts):
        if any(len(rows(text) & rows(texts[j])) >= NEAR * len(rows(text) | rows(texts[j])) for j in kept):
            repeats.add(i)
        else:
            kept.append(i)
    found = duplicates(texts, long=0)
    assert {d.index for d in found} == repeats
    assert {d.of for d in found} <= set(kept)
