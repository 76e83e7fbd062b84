"""Arms: which weights and which context a model gets. One table; every arm goes through the same scoring."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ..backends.base import Backend
from ..config import Rag
from ..names import ARMS, is_trained
from ..records import Document, Question, Usage
from ..sentences import sentences
from .forgetting import passages
from .prompts import listing
from .retrieval import Retriever, hits
from .score import Setting

ROOM = 0.75  # of the window for documents at most, whatever a study asks for: a question needs the rest


@dataclass(frozen=True)
class Arm:
    """`trained`: has weights of its own, trained on the documents and what texts_of (study.py) adds; `context`: what
    stands in the prompt: None for nothing, else "documents", "retrieved" (those nearest to the question), "unrelated"
    (other texts) or "nothing" (the instruction to use documents, and none)."""

    trained: bool
    context: str | None


# What stands in an arm's prompt; in the order in which arms are done.
CONTEXTS = {
    "base": None, "control-instruction": "nothing", "control-unrelated": "unrelated", "icl": "documents",
    "rag": "retrieved", "finetune": None, "augmented": None, "local": None, "global": None, "oracle": None,
}  # fmt: skip
assert set(CONTEXTS) == set(ARMS)


def arm_of(name: str) -> Arm:
    """The arm of a name in names.ARMS, or of only-STRATEGY."""
    return Arm(is_trained(name), CONTEXTS.get(name))


def in_order(names: Sequence[str]) -> list[str]:
    """Arms that share weights follow each other: untrained ones first; ablations last."""
    order = list(CONTEXTS)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def subsample(documents: Sequence[Document], factor: int, shuffled: bool = True) -> list[Document]:
    """One in `factor` documents, as evenly over groups as that goes: each group's documents are shuffled, then taken in
    rounds (with one document a group as the last round of thinning). They stand in a seeded random order, or in the
    corpus's own."""
    rng = random.Random("icl")
    chosen = list(documents)
    if factor > 1:
        groups: dict[str, list[Document]] = defaultdict(list)
        for d in documents:
            groups[d.group or d.id].append(d)
        for members in groups.values():
            rng.shuffle(members)
        rounds = [
            [members[k] for members in groups.values() if k < len(members)]
            for k in range(max(map(len, groups.values())))
        ]
        for each in rounds:
            rng.shuffle(each)
        chosen = list(chain(*rounds))[: max(1, round(len(documents) / factor))]
    if shuffled:
        rng.shuffle(chosen)
        return chosen
    kept = {d.id for d in chosen}
    return [d for d in documents if d.id in kept]


def fitting_factors(backend: Backend, documents: Sequence[Document], fixed: int | str) -> list[int]:
    """Subsampling factors to try: powers of two whose documents fill at most half of the window, down to about one
    document a group; the one that the study fixes; or the least that fits, if even one a group is too much."""
    if isinstance(fixed, int):
        return [fixed]
    tokens = sum(backend.count_tokens(d.text) + 1 for d in documents)
    groups = len({d.group or d.id for d in documents})
    least = 1
    while tokens / least > backend.window / 2:
        least *= 2
    factors = [least]
    while len(factors) < 4 and len(documents) / (factors[-1] * 2) >= groups:
        factors.append(factors[-1] * 2)
    return factors


def fitted(backend: Backend, documents: Sequence[Document]) -> list[Document]:
    """The documents as far as they fit the window; the first that does not is cut after a sentence, the rest is left
    out."""
    room, kept = int(ROOM * backend.window), list[Document]()
    for d in documents:
        room -= 1  # what separates it from the next
        parts: list[str] = []
        for part in [d.text] if backend.count_tokens(d.text) < room else sentences(d.text):
            room -= backend.count_tokens(part)
            if room < 0:
                break
            parts.append(part)
        if parts:
            kept.append(Document(d.id, " ".join(parts), d.group))
        if room < 0:
            break
    return kept


@dataclass
class Contexts:
    """What stands before an arm's questions, under one setting after the other."""

    arm: Arm
    documents: Sequence[Document]
    rag: Rag
    retrievers: dict[int, Retriever] = field(default_factory=dict)  # by the longest passage

    def before(
        self, backend: Backend, setting: Setting, questions: Sequence[Question]
    ) -> tuple[list[str | None], Usage]:
        """For each question the context, None for no instruction to use documents either; and what finding it took."""
        if self.arm.context == "retrieved":
            found, used = self._retriever(backend, setting).find([q.prompt for q in questions], setting.k)
            return [listing(each) for each in found], used
        return [self._same(backend, setting)] * len(questions), Usage()

    def _same(self, backend: Backend, setting: Setting) -> str | None:
        """What stands before every question."""
        if self.arm.context == "documents":
            return listing(self._shown(backend, setting))
        if self.arm.context == "unrelated":
            return listing([Document(str(i), text) for i, text in enumerate(passages())])
        return None if self.arm.context is None else listing([])

    def _shown(self, backend: Backend, setting: Setting) -> list[Document]:
        return fitted(backend, subsample(self.documents, setting.factor, setting.shuffled))

    def _retriever(self, backend: Backend, setting: Setting) -> Retriever:
        if setting.chunk not in self.retrievers:
            self.retrievers[setting.chunk] = Retriever(self.rag, self.documents, setting.chunk, backend)
        return self.retrievers[setting.chunk]

    def indexing(self, setting: Setting) -> tuple[Usage, Usage]:
        """What it took to index the passages of the setting, and those that were only tried."""
        used = {chunk: r.indexing for chunk, r in self.retrievers.items()}
        return used.pop(setting.chunk, Usage()), Usage.total(used.values())

    def told(self, backend: Backend, setting: Setting, questions: Sequence[Question]) -> dict[str, Any]:
        """What a report says of the contexts. `note`: what a user should know of them, if anything."""
        if self.arm.context == "retrieved":
            retriever = self._retriever(backend, setting)
            found, _ = retriever.find([q.prompt for q in questions], setting.k)
            return {
                "k": setting.k, "chunk": setting.chunk, "by": self.rag.by, "passages": len(retriever.passages),
                "hits": hits(questions, found, retriever.passages), "note": retriever.note,
            }  # fmt: skip
        if self.arm.context != "documents":
            return {"shown": 0}
        shown = self._shown(backend, setting)
        return {"shown": len(shown), "note": _unfit(backend, self.documents, shown)}


def _unfit(backend: Backend, documents: Sequence[Document], shown: Sequence[Document]) -> str | None:
    """What is said where not all documents fit."""
    tokens = sum(backend.count_tokens(d.text) + 1 for d in documents)
    if tokens <= backend.window / 2:
        return None
    whole = {d.text for d in documents}
    cut = "" if all(d.text in whole for d in shown) else ", the last of them cut"
    return (
        f"the documents take {tokens:,} tokens, the model's window is {backend.window:,}: "
        f"{len(shown)} of {len(documents)} are shown{cut}"
    )
