"""What of the questions was taught as it is asked."""

from __future__ import annotations

from augtune.augment import overlap
from augtune.records import Augmentation, Question


def test_overlap_counts_questions_that_are_texts_and_nearly_texts() -> None:
    taught = [
        Augmentation("1", "reverse", ["d"], "The keeper of the lamp is Mira Tolen."),
        Augmentation("2", "questions", ["d"], "Who bakes the black rye bread? Jon Veddel does."),
    ]
    asked = [
        Question("1", "the keeper of the lamp is", "Mira Tolen"),
        Question("2", "Who bakes the black rye bread?", "Jon Veddel"),
        Question("3", "Who draws the river maps?", "Ada Quill"),
    ]
    assert overlap(asked, taught) == {"questions": 3, "same": 1, "near": 2}
    assert overlap(asked, []) == {"questions": 3, "same": 0, "near": 0}
