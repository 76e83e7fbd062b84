"""What an arm was taught against what it generalized: is a question's inference among the texts that it learnt beside
the documents?

Benchmarks have a solver (Corpus.states): a question is covered if all its facts are among those that the texts state.
Without one it is approximate: some text holds the question's group and its answer, in the asked order; see `_Index`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..records import Corpus, Prediction, Question
from .statistics import Draws, resample, tabulate

DRAWS = 4_000  # nothing is decided by these intervals
ENOUGH = 0.5  # share of a prompt's content words that must stand before the answer


def words(text: str) -> list[str]:
    """Lower case, a plural's s left out."""
    return [w[:-1] if len(w) > 3 and w[-1] == "s" != w[-2] else w for w in re.findall(r"\w+", text.lower())]


# Words that say nothing about what is asked.
EMPTY = """
    a an the and or but of to in on at by for from with as is are was were be been being am do does did has have had
    that this these those it its he she they them his her their who whom whose which what when where why how there
    than then so not no if into about you your i we our can may will would should could
"""
NOTHING = frozenset(words(EMPTY))


def coverage(corpus: Corpus, predictions: Sequence[Prediction], taught: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """For each trained arm and split: n questions, how many are covered by the texts that the arm learnt beside the
    documents, and its accuracy (a mean over seeds) on those and on the others with intervals, None if there are none or
    no interval is defined. Beside the arms:
    `method`, and `in_documents`: how many questions of each split the documents themselves state."""
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for p in predictions:
        right[p.arm, p.id].append(p.correct)
    splits: dict[str, list[Question]] = defaultdict(list)
    for q in corpus.questions:
        splits[q.split].append(q)
    found: dict[str, Any] = {}
    for arm, texts in taught.items():
        covered = witnesses(corpus, texts)
        mine = [replace(p, split=f"{p.id in covered} {p.split}") for p in predictions if p.arm == arm]
        draws = resample([tabulate(mine)], DRAWS) if mine else None

        def interval(split: str, known: bool, arm: str = arm, draws: Draws | None = draws) -> list[float] | None:
            place = f"{known} {split}"
            return draws.interval(place, arm) if draws and place in draws.accuracy else None

        found[arm] = {
            split: {
                "n": len(questions),
                "covered": sum(q.id in covered for q in questions),
                "accuracy_covered": _mean([right[arm, q.id] for q in questions if q.id in covered]),
                "accuracy_uncovered": _mean([right[arm, q.id] for q in questions if q.id not in covered]),
                "ci95_covered": interval(split, True),
                "ci95_uncovered": interval(split, False),
            }
            for split, questions in splits.items()
        }
    stated = witnesses(corpus, [d.text for d in corpus.documents])
    found["in_documents"] = {split: sum(q.id in stated for q in questions) for split, questions in splits.items()}
    found["method"] = "solver" if _exact(corpus) else "approximate"
    return found


def _mean(answers: Sequence[Sequence[bool]]) -> float | None:
    found = [right for each in answers for right in each]
    return round(sum(found) / len(found), 4) if found else None


def witnesses(corpus: Corpus, texts: Sequence[str]) -> dict[str, list[int]]:
    """For each question that the texts cover, by id: places in `texts` that show it, one for each of its facts."""
    if _exact(corpus) and corpus.states is not None:
        place: dict[str, int] = {}
        for i, text in enumerate(texts):
            for fact in corpus.states(text):
                place.setdefault(fact, i)
        told = [q for q in corpus.questions if all(fact in place for fact in q.facts or ())]
        return {q.id: sorted({place[fact] for fact in q.facts or ()}) for q in told}
    index, documents = _Index(texts), _Index([d.text for d in corpus.documents])
    names = {q.group for q in corpus.questions if q.group is not None and documents.holding_all(words(q.group))}
    first = {q.id: index.first(q, words(q.group) if q.group in names else []) for q in corpus.questions}
    return {q: [i] for q, i in first.items() if i is not None}


def _exact(corpus: Corpus) -> bool:
    return corpus.states is not None and all(q.facts for q in corpus.questions)


class _Index:
    """Texts by word. A text covers a question if it holds the answer's words in a row; if the group's words stand in it
    too, where there is a group and it is a name that documents hold, not a mere label; and if what the prompt asks
    about stands before the answer: the group if the prompt names it, else half of the prompt's content words (which the
    answer may repeat)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [words(t) for t in texts]
        self.with_word: dict[str, set[int]] = defaultdict(set)
        for i, text in enumerate(self.texts):
            for word in text:
                self.with_word[word].add(i)

    def holding_all(self, found: Sequence[str]) -> set[int]:
        """The texts that hold all these words, in whatever order."""
        return set.intersection(*sorted((self.with_word.get(w, set()) for w in found), key=len)) if found else set()

    def first(self, question: Question, group: Sequence[str]) -> int | None:
        """The place of the first text that covers the question."""
        answer, prompt = words(question.answer), words(question.prompt)
        named = bool(group) and set(group) <= set(prompt)
        asked = set(group) if named else set(prompt) - NOTHING
        need = len(asked) if named else ENOUGH * len(asked)
        for i in sorted(self.holding_all([*answer, *group])) if answer else ():
            place = _last(self.texts[i], answer)
            if place is not None and len(asked.intersection([*self.texts[i][:place], *answer])) >= need:
                return i
        return None


def _last(text: Sequence[str], found: Sequence[str]) -> int | None:
    """Where the words stand in a row for the last time."""
    n = len(found)
    return next((i for i in range(len(text) - n, -1, -1) if text[i : i + n] == found), None)
