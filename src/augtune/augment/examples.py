"""Augmentation of task examples: `vary` says an input in other words, and its output is kept."""

from __future__ import annotations

from collections.abc import Sequence

from .. import tasks
from ..records import Document
from .writing import Draft, Step, Writer

VARY = Step(
    "inputs said otherwise",
    "Somebody else says the same in other words. Keep what is meant, every name and every number; add nothing, and "
    "answer with the new text alone.",
    "Text: {text}\nOtherwise:",
    (
        (
            ("Is the reading room open on Sundays?", "May we come to the reading room on a Sunday?"),
            ("I lost my gloves in tram 12.", "My gloves must still be in tram 12, where I left them."),
            ("Please send two more chairs to room 7.", "Room 7 needs two more chairs, could you bring them?"),
            ("The soup was cold again.", "Once more we were served cold soup."),
        ),
        (
            ("I lost my gloves in tram 12.", "Has anybody found a pair of gloves in tram 12? They are mine."),
            ("Is the reading room open on Sundays?", "I would like to know whether the reading room opens on Sundays."),
            ("The soup was cold again.", "Why is your soup always cold?"),
            ("Please send two more chairs to room 7.", "We are two chairs short in room 7."),
        ),
    ),
    longer=1.8,
    most=24,
)


def vary(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Every input in other words, with the output of its source."""
    pairs = [tasks.parts(d) for d in documents]
    inputs = [" ".join(given.split()) for given, _ in pairs]
    return [
        Draft(f"{d.id}-{sample}", [d.id], given, w.text, w.finished, output=output)
        for d, given, (_, output), w in zip(documents, inputs, pairs, writer.ask(VARY, inputs, sample), strict=True)
    ]
