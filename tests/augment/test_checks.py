from __future__ import annotations

import pytest

from augtune.augment.checks import Candidate, judge, names

SOURCE = "Mira Tolen is the painter of a mural about tides."
GOOD = "The painter of a mural about tides is Mira Tolen."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, None),
        (SOURCE, "copy of its source"),
        ("", "malformed: unfinished or empty"),
        ("The painter of a mural about tides is Mira", "malformed: not a sentence"),
        ("Reversed: the painter of a mural about tides is Mira Tolen.", "malformed: repeats the prompt"),
        ("The painter of a mural, the painter of a mural about tides, is Mira Tolen.", "malformed: repeats itself"),
        ("The painter of a mural about tides is Mira Tolen of Paris.", "names what its source does not"),
        ("The painter of a mural about tides is Mira.", "loses a name of its source"),
        ("The one is Mira Tolen.", "loses content of its source"),
        ("A mural by Mira Tolen is the painter of tides.", "not reversed"),
        ("The mural about tides is the painter of Mira Tolen.", None),  # the surface is all that is judged
        ("Mira Tolen, who else, is the painter of a mural about tides.", "not reversed"),
    ],
)
def test_reasons_of_a_reversal(text: str, reason: str | None) -> None:
    assert judge(Candidate("reverse", SOURCE, text, True), []) == reason


def test_unfinished_and_repeated() -> None:
    assert judge(Candidate("reverse", SOURCE, GOOD, False), []) == "malformed: unfinished or empty"
    again = "near-duplicate of another augmentation of its source"
    assert judge(Candidate("reverse", SOURCE, GOOD, True), [GOOD]) == again
    assert judge(Candidate("rephrase", SOURCE, "Mira Tolen painted a mural about tides.", True), []) is None


def test_names() -> None:
    assert names("The tides of Tolen's bay in 1999.") == ["tolen", "1999"]
    assert names("Mira Tolen paints.") == ["mira", "tolen"]
    assert names("Painters paint.") == []
