"""Scoring: multiple choice by likelihood, and generated answers by exact and contained match."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from ..backends.base import Backend
from ..backends.store import Store, Tick
from ..likelihood import choose, divisors
from ..records import Prediction, Question, Usage
from . import prompts


@dataclass(frozen=True)
class Setting:
    """How an arm is asked: prompt form, and the factor by which icl's documents are thinned."""

    form: str
    factor: int = 1


def normalized_text(text: str) -> str:
    """For matching answers: lower case, without punctuation, articles and doubled spaces, as SQuAD does (Rajpurkar et
    al. 2016)."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", text).split())


def answer(
    backend: Backend,
    store: Store,
    arm: str,
    seed: int,
    form: str,
    context: str,
    questions: Sequence[Question],
    normalization: str,
    max_tokens: int,
    tick: Tick,
) -> tuple[list[Prediction], Usage]:
    """One prediction for each question, in their order, and what they used."""
    closed = [q for q in questions if q.choices]
    opened = [q for q in questions if not q.choices]
    scored = store.score(backend, [prompts.ask(backend, form, context, q) for q in closed], tick)
    wrote = store.generate(backend, [prompts.request(backend, form, context, q, max_tokens) for q in opened], tick)
    found: dict[str, Prediction] = {}
    for q, values, tokens in zip(closed, scored.loglikelihoods, scored.tokens, strict=True):
        choices = q.choices or []
        chosen = choices[choose(values, divisors(normalization, choices, tokens))]
        sizes = [len(c.encode()) for c in choices]
        correct = chosen == q.answer
        found[q.id] = Prediction(
            arm, seed, q.id, q.split, q.group, choices, values, tokens, sizes, chosen, q.answer, correct
        )
    for q, text in zip(opened, wrote.texts, strict=True):
        said, right = normalized_text(text), normalized_text(q.answer)
        contained = f" {right} " in f" {said} "
        found[q.id] = Prediction(
            arm, seed, q.id, q.split, q.group, None, None, None, None, text.strip(), q.answer, said == right, contained
        )
    return [found[q.id] for q in questions], scored.usage + wrote.usage


def accuracy(predictions: Sequence[Prediction]) -> float:
    return sum(p.correct for p in predictions) / len(predictions) if predictions else 0.0
