"""Scoring: multiple choice by likelihood; generated answers by exact and contained match, of words or of algebra."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from .. import algebra
from ..backends.base import Backend
from ..backends.store import Store, Tick
from ..errors import UserError
from ..likelihood import choose, divisors
from ..names import MATCHES as NAMES
from ..records import Prediction, Question, Usage
from . import prompts

SAVES = 1000  # characters of context from which on sharing them is worth a pass of its own: 256 tokens fill a pass


@dataclass(frozen=True)
class Setting:
    """How an arm is asked, chosen by validation questions: the prompt form, the factor by which icl's documents are
    thinned and whether they are shuffled, after which pass of its training a trained arm is taken (0: the last), and
    for rag the number of passages and their longest in tokens (0: whole documents)."""

    form: str
    factor: int = 1
    shuffled: bool = False
    passed: int = 0
    k: int = 0
    chunk: int = 0

    @property
    def told(self) -> str:
        """For people: what is tried."""
        parts = [self.form, f"1 in {self.factor}" if self.factor > 1 else "", "shuffled" if self.shuffled else "",
                 f"pass {self.passed}" if self.passed else "", f"{self.k} passages" if self.k else "",
                 f"of {self.chunk} tokens" if self.chunk else ""]  # fmt: skip
        return ", ".join(filter(None, parts))


def normalized_text(text: str) -> str:
    """For matching answers: lower case, without punctuation, articles and doubled spaces, as SQuAD does (Rajpurkar et
    al. 2016)."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", text).split())


def _text(said: str, right: str) -> tuple[bool, bool]:
    said, right = normalized_text(said), normalized_text(right)
    return said == right, f" {right} " in f" {said} "


def _algebra(said: str, right: str) -> tuple[bool, bool]:
    """Correct: the text begins with an expression that is the same function as the right one, whatever its form. What
    cannot be read is wrong (`unread` counts it)."""
    expected = algebra.read(right)
    assert expected is not None, f"{right!r}: corpus/read.py lets no such answer through"
    first = algebra.leading(said)
    correct = first is not None and algebra.equal(first, expected)
    return correct, correct or any(algebra.equal(found, expected) for found in algebra.scan(said))


# Question.match -> function of (what was said, the right answer), which tells (correct, contained).
MATCHES: dict[str, Callable[[str, str], tuple[bool, bool]]] = {"text": _text, "algebra": _algebra}
assert set(MATCHES) == set(NAMES)


def answer(
    backend: Backend,
    store: Store,
    arm: str,
    seed: int,
    form: str,
    contexts: Sequence[str | None],
    questions: Sequence[Question],
    normalization: str,
    max_tokens: int,
    tick: Tick,
) -> tuple[list[Prediction], Usage]:
    """One prediction for each question, in their order, and what they used. `contexts`: what stands before each (None:
    no instruction to use documents either); what several questions have before them is computed once where that saves
    much, else such questions are computed side by side. A model that tells no likelihoods answers choices in words.
    Raises UserError if a question is longer than the model's window."""
    before = {q.id: context for q, context in zip(questions, contexts, strict=True)}
    alone = {context for context, n in Counter(contexts).items() if context and (n - 1) * len(context) < SAVES}
    weighed = backend.scores(form == "chat") if any(q.choices for q in questions) else True
    closed = [q for q in questions if q.choices and weighed]
    opened = [prompts.in_words(form, q) if q.choices else q for q in questions if not (q.choices and weighed)]
    asked = {q.id: q for q in questions}
    asks = [prompts.ask(backend, form, (c := before[q.id]), q, c in alone) for q in closed]
    requests = [prompts.request(backend, form, (c := before[q.id]), q, max_tokens, c in alone) for q in opened]
    # A letter may stand after an empty line.
    requests = [replace(r, stop=()) if asked[q.id].choices else r for q, r in zip(opened, requests, strict=True)]
    scored, wrote = store.score(backend, asks, tick), store.generate(backend, requests, tick)
    if refused := next(filter(None, wrote.refused), None):
        raise UserError(f"a question with its context is longer than the model's window ({refused})")
    found: dict[str, Prediction] = {}
    for q, values, tokens in zip(closed, scored.loglikelihoods, scored.tokens, strict=True):
        choices = q.choices or []
        chosen = choices[choose(values, divisors(normalization, choices, tokens))]
        sizes = [len(c.encode()) for c in choices]
        correct = chosen == q.answer
        found[q.id] = Prediction(
            arm, seed, q.id, q.split, q.group, choices, values, tokens, sizes, chosen, q.answer, correct, kind=q.kind
        )
    for q, text in zip(opened, wrote.texts, strict=True):
        if of := asked[q.id].choices:
            line = next(filter(str.strip, text.splitlines()), "").strip()
            chosen = read_choice(line, prompts.lettered(asked[q.id])) or line
            sizes, correct = [len(c.encode()) for c in of], chosen == q.answer
            found[q.id] = Prediction(
                arm, seed, q.id, q.split, q.group, of, None, None, sizes, chosen, q.answer, correct, kind=q.kind
            )
            continue
        correct, contained = MATCHES[q.match](text, q.answer)
        found[q.id] = Prediction(
            arm, seed, q.id, q.split, q.group, None, None, None, None, text.strip(), q.answer, correct, contained,
            kind=q.kind,
        )  # fmt: skip
    return [found[q.id] for q in questions], scored.usage + wrote.usage


def read_choice(said: str, choices: Mapping[str, str]) -> str | None:
    """The choice that an answer in words names, word for word or by its letter; None if it names none."""
    same = [choice for choice in choices.values() if normalized_text(choice) == normalized_text(said)]
    letter = re.match(r"\W*(\w+)\s*(?:$|[).:])", said)
    return same[0] if len(same) == 1 else choices.get(letter[1]) if letter else None


def accuracy(predictions: Sequence[Prediction]) -> float:
    return sum(p.correct for p in predictions) / len(predictions) if predictions else 0.0


def unread(questions: Sequence[Question], predictions: Sequence[Prediction]) -> int:
    """How many answers in words name none of the choices, or begin with no algebra where they should; they count as
    wrong. In the order of the questions."""
    pairs = zip(questions, predictions, strict=True)
    return sum(
        p.chosen not in q.choices if q.choices else q.match == "algebra" and algebra.leading(p.chosen) is None
        for q, p in pairs
    )
