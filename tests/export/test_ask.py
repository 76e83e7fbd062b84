"""Answers side by side."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from augtune.errors import UserError
from augtune.export import ask
from augtune.export.ask import Answer
from augtune.records import Prediction


def scored(arm: str, values: list[float]) -> Answer:
    told = Prediction(arm, 0, "asked", "all", None, ["ab", "abcd"], values, [1, 2], [2, 4], "ab", "ab", True)
    return Answer(arm, "plain", 0, told)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a, b,c d", ["a", "b", "c d"]),
        ('["a, b", "c"]', ["a, b", "c"]),
    ],
)
def test_choices_as_they_are_given(given: str, found: list[str]) -> None:
    assert ask.choices_of(given) == found


@pytest.mark.parametrize(
    ("given", "words"),
    [("a", "at least two"), ("a,", "none empty"), ("a, a", "twice"), ('["a", 1]', "at least two"), ('["a"', "JSON")],
)
def test_choices_that_are_none(given: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask.choices_of(given)


def test_shares_follow_the_normalization() -> None:
    told = scored("base", [-2.0, -4.0]).told
    assert ask.shares(told, "none") == pytest.approx([0.8808, 0.1192], abs=1e-4)
    for even in ("byte", "char", "token"):
        assert ask.shares(told, even) == pytest.approx([0.5, 0.5])
    assert ask.shares(scored("base", [-2000.0, -4000.0]).told, "none") == [1.0, 0.0]


def test_table_and_json_tell_the_same() -> None:
    answers = [scored("base", [-2.0, -4.0]), scored("icl", [-1.0, -9.0])]
    shown = io.StringIO()
    ask.show("Who [is] it?", answers, "none", Console(file=shown, width=100))
    text = shown.getvalue()
    assert "Who [is] it?" in text
    assert "0.881 (-2.00)" in text
    told = ask.data("Who [is] it?", answers, "none")["arms"]
    assert list(told) == ["base", "icl"]  # type: ignore[call-overload]
    assert told["base"]["loglikelihoods"] == [-2.0, -4.0]  # type: ignore[index]
    assert told["base"]["shares"] == [0.880797, 0.119203]  # type: ignore[index]
