"""What the page's explorer shows: documents, what was written from them, questions, answers, coverage.

In columns, with places instead of ids, and compressed: 10,000 questions and 50,000 augmentations are some megabytes.
Where a run is larger than LIMIT, an even share of its documents is taken, and the page says so.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, isfinite
from typing import Any

from ..records import Corpus, Prediction, Question
from .coverage import witnesses

LIMIT = 40_000_000  # characters of documents and augmentations that a page holds
LONG = 20_000  # characters of one text that it holds
QUESTIONS = 50_000  # that it holds


def items(
    corpus: Corpus, predictions: Sequence[Prediction], written: Sequence[Mapping[str, Any]],
    taught: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`written`: rows of augmentations.jsonl and rejected.jsonl; `taught`: as for results, without it coverage is not
    shown. Every list under a name has an entry for each document, text or question, in one order."""
    size = sum(len(d.text) for d in corpus.documents) + sum(len(w["text"]) for w in written)
    documents = corpus.documents[:: max(1, ceil(size / LIMIT))]
    place = {d.id: i for i, d in enumerate(documents)}
    texts = [w for w in written if any(s in place for s in w["sources"])]
    questions = corpus.questions[:: max(1, ceil(len(corpus.questions) / QUESTIONS))]
    strategies, reasons = _names(w["strategy"] for w in texts), _names(w.get("reason") for w in texts)
    splits, kinds = _names(q.split for q in questions), _names(q.kind for q in questions)
    return {
        "documents": {
            "id": [d.id for d in documents],
            "text": [_cut(d.text) for d in documents],
            "group": [d.group for d in documents],
        },
        "strategies": list(strategies),
        "reasons": list(reasons),
        "written": {
            "id": [w["id"] for w in texts],
            "strategy": [strategies[w["strategy"]] for w in texts],
            "sources": [[place[s] for s in w["sources"] if s in place] for w in texts],
            "text": [_cut(w["text"]) for w in texts],
            "reason": [reasons[w["reason"]] if w.get("reason") is not None else -1 for w in texts],
        },
        "splits": list(splits),
        "kinds": list(kinds),
        "questions": {
            "id": [q.id for q in questions],
            "prompt": [_cut(q.prompt) for q in questions],
            "answer": [q.answer for q in questions],
            "choices": [q.choices for q in questions],
            "split": [splits[q.split] for q in questions],
            "kind": [kinds[q.kind] if q.kind is not None else -1 for q in questions],
            "group": [q.group for q in questions],
            "tokens": _tokens(questions, predictions),
        },
        "answers": _answers(questions, predictions),
        "coverage": _coverage(corpus, questions, texts, taught) if taught else None,
        "left_out": {
            "documents": len(corpus.documents) - len(documents), "texts": len(written) - len(texts),
            "questions": len(corpus.questions) - len(questions),
        },
    }  # fmt: skip


def packed(found: Mapping[str, Any]) -> str:
    """As the page holds it: JSON, compressed, in base64; the same for the same run."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode()


def _names(found: Iterable[str | None]) -> dict[str, int]:
    return {name: i for i, name in enumerate(dict.fromkeys(n for n in found if n is not None))}


def _cut(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}… ({len(text) - LONG:,} more characters)"


def _tokens(questions: Sequence[Question], predictions: Sequence[Prediction]) -> list[list[int] | None]:
    first: dict[str, list[int] | None] = {}
    for p in predictions:
        first.setdefault(p.id, p.tokens)
    return [first.get(q.id) for q in questions]


def _answers(questions: Sequence[Question], predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """For each arm and seed: what was chosen (a choice's place, or the text that was written), whether it is right, and
    every choice's log-likelihood."""
    place = {q.id: i for i, q in enumerate(questions)}
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for p in predictions:
        if p.id not in place:
            continue
        columns = found.setdefault(
            (p.arm, p.seed),
            {"chosen": [None] * len(place), "correct": [None] * len(place), "loglikelihoods": [None] * len(place)},
        )
        i = place[p.id]
        columns["chosen"][i] = p.choices.index(p.chosen) if p.choices and p.chosen in p.choices else _cut(p.chosen)
        columns["correct"][i] = int(p.correct)
        if p.loglikelihoods is not None:
            columns["loglikelihoods"][i] = [round(v, 3) if isfinite(v) else None for v in p.loglikelihoods]
    return [{"arm": arm, "seed": seed, **columns} for (arm, seed), columns in found.items()]


def _coverage(
    corpus: Corpus, questions: Sequence[Question], texts: Sequence[Mapping[str, Any]],
    taught: Mapping[str, Sequence[str]],
) -> dict[str, Any]:  # fmt: skip
    """`arms`: which questions each arm's texts state; `documents`: which the documents themselves do; `by`: accepted
    texts that do, by place in `written`."""
    accepted = [i for i, w in enumerate(texts) if w.get("reason") is None]
    shown = witnesses(corpus, [texts[i]["text"] for i in accepted])
    stated = witnesses(corpus, [d.text for d in corpus.documents])
    arms = {arm: witnesses(corpus, learnt) if learnt else {} for arm, learnt in taught.items()}
    return {
        "arms": {arm: [int(q.id in covered) for q in questions] for arm, covered in arms.items()},
        "documents": [int(q.id in stated) for q in questions],
        "by": [[accepted[i] for i in shown.get(q.id, ())] for q in questions],
    }
