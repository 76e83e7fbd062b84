"""Documents to held-out questions: facts with their sources, then questions on them from both ends and over two facts.

Whatever is dropped is counted with its reason. No arm is asked: a question is kept for what it says, never for how
anything answers it; a checker, if there is one, is a model that is no arm, and reads the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..backends.base import Backend, Request
from ..backends.store import Store
from ..errors import UserError
from ..records import Document, Usage, digest
from . import checks, facts, wording
from .asking import Asker, Bar
from .facts import Fact
from .wording import Draft

CHECK = "Text: {text}\n\nAnswer the question by the text, as shortly as you can.\nQuestion: {question}\nAnswer:"


@dataclass
class Made:
    """`rows`: the questions as they are written to a file; `dropped`: (what, reason) -> how many; `style`: how the
    model was asked."""

    rows: list[dict[str, Any]]
    facts: list[Fact]
    dropped: Counter[tuple[str, str]]
    style: str
    usage: Usage = field(default_factory=Usage)


def make(
    documents: Sequence[Document],
    backend: Backend,
    store: Store,
    bar: Bar,
    style: str = "auto",
    validation: float = 0.2,
) -> Made:
    """Questions on the documents' facts. `validation`: the share of facts whose questions choose settings; no question
    of one part rests on a fact of the other. Raises UserError if the model has no chat template and is to be asked so,
    or if no fact was found."""
    asker = Asker(backend, store, "examples", bar)
    if style == "chat" and backend.chat([{"role": "user", "content": "x"}]) is None:
        raise UserError("--style chat: the model has no chat template; use examples or auto")
    asker.style = facts.style_of(asker) if style == "auto" else style
    found, why = facts.extract(asker, documents)
    dropped = Counter({("fact", reason): n for reason, n in why.items()})
    if not found:
        told = "; ".join(f"{reason}: {n}" for (_, reason), n in dropped.most_common())
        raise UserError(f"no fact was found in {len(documents)} documents ({told}); name a stronger model with --model")
    part = parts(found, validation)
    texts = {d.id: d.text for d in documents}
    people = wording.persons(asker, found) if asker.style == "examples" else set()
    drafts = wording.single(asker, found, texts, people)
    drafts += wording.double(asker, found, drafts, part, people)
    choices = wording.Choices(found, people)
    drafts = [_ambiguous(d, choices) for d in drafts]
    rows: dict[str, dict[str, Any]] = {}
    for d in drafts:
        if reason := d.reason or ("asked before" if checks.key(d.prompt) in rows else None):
            dropped[d.form, reason] += 1
        else:
            rows[checks.key(d.prompt)] = _row(d, choices, part)
    return Made(list(rows.values()), found, dropped, asker.style, asker.usage)


def parts(found: Sequence[Fact], validation: float) -> dict[str, str]:
    """Label of a fact -> validation or test, by a hash of the label."""
    labels = sorted({f.label for f in found}, key=digest)
    aside = set(labels[: round(validation * len(labels))])
    return {label: "validation" if label in aside else "test" for label in labels}


def _ambiguous(d: Draft, choices: wording.Choices) -> Draft:
    """What has several answers can be asked with choices, which hold one of them; without, it is dropped."""
    if d.reason or choices.of(d)[0] or not choices.several(d):
        return d
    return replace(d, reason="has several answers, and no choices to tell them apart")


def check(made: Made, checker: Backend, store: Store, bar: Bar) -> Made:
    """What the checker, which reads the sources, answers with the question's own answer; the rest is counted."""
    requests = []
    for row in made.rows:
        prompt = CHECK.format(text=row["source"], question=row["prompt"])
        rendered = checker.chat([{"role": "user", "content": prompt.removesuffix("Answer:").rstrip()}])
        requests.append(Request("", rendered or prompt, 40, ("\n",), chat=rendered is not None))
    with bar("questions: checked", len(requests)) as tick:
        wrote = store.generate(checker, requests, tick)
    kept, dropped = [], made.dropped.copy()
    for row, said in zip(made.rows, wrote.texts, strict=True):
        if checks.holds(said, re.sub(r"^(?:the|a|an) ", "", row["answer"])):
            kept.append(row)
        else:
            dropped[row.get("kind", row["split"]), "the checker, which reads its source, answers otherwise"] += 1
    return replace(made, rows=kept, dropped=dropped, usage=made.usage + wrote.usage)


def _row(d: Draft, choices: wording.Choices, part: dict[str, str]) -> dict[str, Any]:
    """A line of the file. Those of the validation part have split `validation`, and their form as kind."""
    chosen, whence = choices.of(d)
    aside = part[d.asks.label] == "validation"
    return {
        "id": f"{d.form}-{digest(d.prompt, d.answer)[:8]}",
        "reviewed": "",
        "prompt": d.prompt,
        "answer": d.answer,
        **({"choices": chosen} if chosen else {}),
        **({"split": "validation", "kind": d.form} if aside else {"split": d.form}),
        "group": d.asks.label,
        "source": " ".join(dict.fromkeys(f.source for f in d.facts)),
        "documents": list(dict.fromkeys(f.document for f in d.facts)),
        "distractors": whence,
        "worded_by": d.by,
    }
