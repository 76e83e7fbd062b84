"""The words that mean nothing."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from english_words import get_english_words_set

from augtune.benchmarks.common import nonsense
from augtune.errors import UserError


def test_none_is_an_english_word_nor_is_its_plural() -> None:
    words = (files("augtune.benchmarks") / "nonsense.txt").read_text(encoding="utf-8").split()
    real = get_english_words_set(["web2", "gcide"], lower=True)
    assert len(set(words)) == len(words) == 1600
    assert {w for w in words if {w, f"{w}s", f"{w}es"} & real} == set()
    assert all(re.fullmatch("[a-z]{4,5}", w) for w in words)


def test_worlds_for_tuning_and_for_reporting_share_no_word() -> None:
    tuned = {w for seed in range(10) for w in nonsense("x", seed, 400)}
    assert not tuned & {w for seed in range(100, 103) for w in nonsense("x", seed, 400)}
    assert nonsense("x", 3, 20) == nonsense("x", 3, 20) != nonsense("x", 4, 20)


def test_a_world_that_is_too_large_says_so() -> None:
    with pytest.raises(UserError, match="needs 801 nonsense words, the list reaches for 800"):
        nonsense("x", 0, 801)
