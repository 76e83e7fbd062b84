"""Task examples: an input and the output that belongs to it, as they are told to a model.

The text of such a document begins with what is given (Document.given characters); the rest is what is learnt and asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .records import Document, Question

COLUMNS = ("input", "output")
LABELS = 20  # at most so many different outputs are choices; more are written
REPEATED = 2  # and each is the output of so many examples on average, or they are no labels


def asked(given: str) -> str:
    return f"Input: {given.strip()}\nOutput:"


def told(given: str, output: str) -> str:
    return f"{asked(given)} {output.strip()}"


def document(id: str, given: str, output: str, group: str | None = None) -> Document:
    return Document(id, told(given, output), group, given=len(asked(given)))


def parts(d: Document) -> tuple[str, str]:
    """(input, output) of a task example."""
    return d.text[: d.given].removeprefix("Input: ").removesuffix("\nOutput:"), d.text[d.given :].strip()


def with_choices(questions: Sequence[Question], documents: Sequence[Document]) -> list[Question]:
    """Where the outputs of the examples are few and come again, they are labels, and each question that has no choices
    is asked with all of them; one with another answer is left as it is."""
    outputs = [parts(d)[1] for d in documents if d.given]
    labels = sorted(set(outputs))
    if not 2 <= len(labels) <= LABELS or len(outputs) < REPEATED * len(labels):
        return list(questions)
    return [replace(q, choices=labels) if q.task and q.choices is None and q.answer in labels else q for q in questions]
