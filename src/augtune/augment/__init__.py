"""Documents to augmentations: what the model infers in context about them. It never sees a question.

STRATEGIES is the table: a strategy's name, its family, and the function that makes its drafts for one sample. A new
strategy is a function in one of this folder's files, a line here, and its checks in checks.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process

from .. import tasks
from ..backends.base import Backend
from ..backends.store import Store
from ..names import STRATEGIES as NAMES
from ..records import Augmentation, Document, Question, Usage
from . import decomposed, documents, examples, linked, local
from .checks import Candidate, judge, words
from .writing import Bar, Draft, Writer

NEAR = 90  # rapidfuzz ratio (0 to 100) from which on a question is nearly a text that was taught


@dataclass(frozen=True)
class Strategy:
    """`family`: local (each sentence on its own), global (over several documents) or document (a whole one)."""

    family: str
    drafts: Callable[[Writer, Sequence[Document], int], list[Draft]]


STRATEGIES = {
    "rephrase": Strategy("local", local.rephrase),
    "reverse": Strategy("local", local.reverse),
    "converse": Strategy("local", decomposed.converse),
    "link": Strategy("global", linked.link),
    "pairs": Strategy("document", documents.pairs),
    "study": Strategy("document", documents.study),
    "implications": Strategy("document", documents.implications),
    "questions": Strategy("document", documents.questions),
    "permute": Strategy("document", documents.permute),
    "vary": Strategy("document", examples.vary),
}
assert set(STRATEGIES) == set(NAMES)


@dataclass(frozen=True)
class Verdict:
    """Whether a strategy is used, in which style, and whether on comparisons; with what preflight measured."""

    strategy: str
    style: str
    use: bool
    comparisons: bool
    why: str


@dataclass(frozen=True)
class Made:
    """What one strategy made: accepted and rejected texts, what was used, and what the model was asked about."""

    found: list[Augmentation]
    usage: Usage
    prompts: list[str]


def apply(
    strategy: str, style: str, backend: Backend, store: Store, texts: Sequence[Document], samples: int,
    temperature: float, seed: int, bar: Bar, comparisons: bool = True,
) -> Made:  # fmt: skip
    """One strategy on all documents: every draft judged, accepted or rejected with a reason. Without `comparisons`
    `reverse` passes over sentences that compare. Task examples are for `vary` alone, and it is for them alone."""
    texts = [d for d in texts if bool(d.given) == (strategy == "vary")]
    writer = Writer(backend, store, style, temperature, seed, bar, strategy, comparisons)
    found: list[Augmentation] = []
    same: dict[str, list[str]] = defaultdict(list)  # accepted texts of one source
    for sample in range(samples):
        for draft in STRATEGIES[strategy].drafts(writer, texts, sample):
            reason = draft.reason or judge(_candidate(strategy, draft), same[draft.sources[0]])
            made = _augmentation(strategy, draft, reason)
            found.append(made)
            if reason is None:
                same[draft.sources[0]].append(draft.text)
                writer.accepted.append(made)
    return Made(found, writer.usage, writer.prompts)


def _augmentation(strategy: str, draft: Draft, reason: str | None) -> Augmentation:
    key = f"{strategy}-{draft.key}"
    if draft.output is None:
        return Augmentation(key, strategy, draft.sources, draft.text, reason)
    example = tasks.document(key, draft.text, draft.output)
    return Augmentation(key, strategy, draft.sources, example.text, reason, example.given)


def _candidate(strategy: str, draft: Draft) -> Candidate:
    return Candidate(strategy, draft.source, draft.text, draft.finished, draft.other)


def summary(strategy: str, made: Made) -> dict[str, Any]:
    """What a report says about a strategy."""
    accepted = sum(a.reason is None for a in made.found)
    return {
        "family": STRATEGIES[strategy].family,
        "accepted": accepted,
        "made": len(made.found),
        "usage": made.usage.row(),
    }


def leaks(questions: Sequence[Question], prompts: Iterable[str], texts: Sequence[Document]) -> dict[str, int]:
    """How many questions, stated with their answer, stand word for word in what the augmenter was asked about, and how
    many in the documents themselves. The first can only come from the second: the augmenter is given documents."""

    def told(parts: Iterable[str]) -> int:
        whole = "\n".join(f" {' '.join(words(part))} " for part in dict.fromkeys(parts))
        return sum(f" {' '.join(words(f'{q.prompt} {q.answer}'))} " in whole for q in questions)

    return {"questions": told(prompts), "in_documents": told(d.text for d in texts)}


def overlap(questions: Sequence[Question], accepted: Sequence[Augmentation]) -> dict[str, int]:
    """How many questions, stated with their answer, are an accepted text word for word, and how many nearly one. Such a
    text was derived from documents alone; but what a question asks was then taught as it is asked."""
    asked = [" ".join(words(f"{q.prompt} {q.answer}")) for q in questions]
    texts = list(dict.fromkeys(" ".join(words(a.text)) for a in accepted))
    known = set(texts)
    same = sum(a in known for a in asked)
    near = sum(
        a in known or process.extractOne(a, texts, scorer=fuzz.ratio, score_cutoff=NEAR) is not None for a in asked
    )
    return {"questions": len(asked), "same": same, "near": near}
