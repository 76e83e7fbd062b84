"""What an arm was taught against what it generalized: is a question's inference among the texts that it learnt beside
the documents?

Benchmarks have a solver (Corpus.states): a question is covered if all its facts are among those that the texts state.
Without one it is approximate: some text holds the question's group and its answer, in the asked order; see `_Index`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import Corpus, Prediction, Question

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
    documents, and its accuracy (a mean over seeds) on those and on the others, None if there are none. Beside the arms:
    `method`, and `in_documents`: how many questions of each split the documents themselves state."""
    exact = corpus.states is not None and all(q.facts for q in corpus.questions)
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for p in predictions:
        right[p.arm, p.id].append(p.correct)
    splits: dict[str, list[Question]] = defaultdict(list)
    for q in corpus.questions:
        splits[q.split].append(q)
    found: dict[str, Any] = {}
    for arm, texts in taught.items():
        covered = _covered(corpus, texts, exact)
        found[arm] = {
            split: {
                "n": len(questions),
                "covered": sum(q.id in covered for q in questions),
                "accuracy_covered": _mean([right[arm, q.id] for q in questions if q.id in covered]),
                "accuracy_uncovered": _mean([right[arm, q.id] for q in questions if q.id not in covered]),
            }
            for split, questions in splits.items()
        }
    stated = _covered(corpus, [d.text for d in corpus.documents], exact)
    found["in_documents"] = {split: sum(q.id in stated for q in questions) for split, questions in splits.items()}
    found["method"] = "solver" if exact else "approximate"
    return found


def _mean(answers: Sequence[Sequence[bool]]) -> float | None:
    found = [right for each in answers for right in each]
    return round(sum(found) / len(found), 4) if found else None


def _covered(corpus: Corpus, texts: Sequence[str], exact: bool) -> set[str]:
    """The ids of the questions that the texts cover."""
    if exact and corpus.states is not None:
        facts = set().union(*map(corpus.states, texts)) if texts else set()
        return {q.id for q in corpus.questions if facts.issuperset(q.facts or ())}
    index, documents = _Index(texts), _Index([d.text for d in corpus.documents])
    names = {q.group for q in corpus.questions if q.group is not None and documents.holding_all(words(q.group))}
    return {q.id for q in corpus.questions if index.covers(q, words(q.group) if q.group in names else [])}


class _Index:
    """Texts by word. A text covers a question if it holds the answer's words in a row; if the group's words stand in it
    too, where there is a group and it is a name that documents hold, not a mere label; and if what the prompt asks
    about stands before the answer: the group if the prompt names it, else half of the prompt's content words (which the
    answer may repeat)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [words(t) for t in dict.fromkeys(texts)]
        self.with_word: dict[str, set[int]] = defaultdict(set)
        for i, text in enumerate(self.texts):
            for word in text:
                self.with_word[word].add(i)

    def holding_all(self, found: Sequence[str]) -> set[int]:
        """The texts that hold all these words, in whatever order."""
        return set.intersection(*sorted((self.with_word.get(w, set()) for w in found), key=len)) if found else set()

    def covers(self, question: Question, group: Sequence[str]) -> bool:
        answer, prompt = words(question.answer), words(question.prompt)
        named = bool(group) and set(group) <= set(prompt)
        asked = set(group) if named else set(prompt) - NOTHING
        need = len(asked) if named else ENOUGH * len(asked)
        for i in self.holding_all([*answer, *group]) if answer else ():
            place = _last(self.texts[i], answer)
            if place is not None and len(asked.intersection([*self.texts[i][:place], *answer])) >= need:
                return True
        return False


def _last(text: Sequence[str], found: Sequence[str]) -> int | None:
    """Where the words stand in a row for the last time."""
    n = len(found)
    return next((i for i in range(len(text) - n, -1, -1) if text[i : i + n] == found), None)
