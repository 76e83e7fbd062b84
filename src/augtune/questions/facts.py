"""Facts out of documents: an entity, a relation, a value, and the span that says so.

A small model reads a sentence at a time and continues worked examples; a model that follows a chat reads a passage and
answers with JSON lines, read leniently and checked strictly.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..records import Document
from ..sentences import sentences
from . import checks
from .asking import Asker, Step

DETERMINERS = frozenset("the a an our my his her their its every each all some most many no both".split())  # noqa: SIM905
COPULAS = ("is", "are", "was", "were")
PASSAGE = 600  # words that are read at once in style chat

FACT = Step(
    "facts",
    "List the facts that the text states, one JSON object a line and nothing else:\n"
    '{"entity": "...", "relation": "...", "value": "...", "source": "..."}\n'
    "entity: what the fact is about, named in full. relation: a short name for what is said of it, the same for facts "
    'of one kind ("price", "head of"). value: the name, number, date or short phrase that the text gives. source: the '
    "sentence that says so, copied word for word. Leave out what needs other sentences to be understood.\n\nText:",
    "Sentence: {text}\nFact:",
    (
        ("The bakery on Elm Row closes at six.", "The bakery on Elm Row | closes at | six"),
        ("Tobias Renn repaired the wind gauge.", "Tobias Renn | repaired | the wind gauge"),
        ("The password of the boathouse is 'copper'.", "The password of the boathouse | is | 'copper'"),
        ("Our cellar holds 300 barrels of cider.", "Our cellar | holds | 300 barrels of cider"),
        ("The stamp press was bought by Greta Lomm in 1931.", "The stamp press | was bought by | Greta Lomm"),
        ("Tea is served in the glass hall.", "Tea | is served in | the glass hall"),
    ),
    longer=1.3,
    lines=True,
)
# What decides the style: can the model list these as JSON, checked like all others?
PROBE = (
    "The Quarrel Lane depot opens at seven. Its guard dog is called Biscuit.",
    "Hetty Crane leads the night crew. The Dovetail saw weighs 12 kilos.",
    "The Saffron room seats forty people.",
)


@dataclass(frozen=True)
class Fact:
    """`source`: the span of the document that states it."""

    entity: str
    relation: str
    value: str
    source: str
    document: str

    @property
    def label(self) -> str:
        """Names the fact: the group of its questions."""
        return f"{self.entity}: {self.relation}"


def style_of(asker: Asker) -> str:
    """chat where the model follows it: at least three sound facts of the probe, and at most one that is not."""
    if asker.backend.chat([{"role": "user", "content": "x"}]) is None:
        return "examples"
    probe = Asker(asker.backend, asker.store, "chat", asker.bar)
    found, dropped = extract(probe, [Document(str(i), text) for i, text in enumerate(PROBE)])
    asker.usage += probe.usage
    return "chat" if len(found) >= 3 and dropped.total() <= 1 else "examples"


def extract(asker: Asker, documents: Sequence[Document]) -> tuple[list[Fact], Counter[str]]:
    """The facts of all documents, each once, and why others were dropped."""
    parts = [(d, part) for d in documents for part in _parts(asker.style, d)]
    answers = asker.ask(FACT, [part for _, part in parts])
    found: dict[tuple[str, str, str], Fact] = {}
    dropped: Counter[str] = Counter()
    for (document, part), answer in zip(parts, answers, strict=True):
        if answer is None:
            dropped["the model's answer did not end, or its passage does not fit the window"] += 1
            continue
        rows = _rows(answer) if asker.style == "chat" else [_line(answer, part)]
        if not rows:
            dropped["a passage of which the model lists no fact"] += 1
        for row in rows:
            if row is None:
                dropped["not an entity, a relation and a value"] += 1
                continue
            entity, relation, value, source = row
            reason = checks.fact(entity, relation, value, source, document.text, asker.style != "chat")
            made = Fact(tidy(entity), relation.strip(), tidy(value), source, document.id)
            same = (checks.key(entity), relation.lower(), checks.key(value))
            if reason or same in found:
                dropped[reason or "stated before"] += 1
            else:
                found[same] = made
    return list(found.values()), dropped


def tidy(text: str) -> str:
    """As it stands inside a sentence: without what closes it, and begun small where it is no name."""
    text = text.strip().rstrip(".;, ")
    first, *rest = text.split(" ")
    ordinary = first.lower() in DETERMINERS or (rest and first.istitle() and " ".join(rest).islower())
    return " ".join([first.lower(), *rest]) if ordinary else text


def _parts(style: str, document: Document) -> list[str]:
    """Sentences of the body, or passages of whole sentences with the headings above them."""
    if style != "chat":
        return sentences(document.body)
    passages: list[str] = []
    for sentence in sentences(document.text):
        if passages and len(passages[-1].split()) + len(sentence.split()) <= PASSAGE:
            passages[-1] += f" {sentence}"
        else:
            passages.append(sentence)
    return passages


def _line(answer: str, sentence: str) -> tuple[str, str, str, str] | None:
    """A small model finds what joins two things better than where they begin and end: its relation cuts the sentence,
    the entity is all before it, and the value what the model names if that comes next, else all after it."""
    parts = [p.strip() for p in answer.split("|")]
    if len(parts) < 3 or not all(parts) or any(w[0].isupper() for w in parts[-2].split()):
        return None
    relation, named = parts[-2:]
    cut = re.search(rf"(?<!\w){re.escape(relation)}(?!\w)", sentence)
    if not cut or (not checks.content(relation) and relation not in COPULAS):
        return None
    rest = sentence[cut.end() :].strip(" ,.")
    next_ = re.match(rf"(?:(?:the|a|an) )?[\"'‘“]?{re.escape(named)}[\"'’”]?(?!\w)", rest, re.IGNORECASE)
    value = next_[0] if next_ else rest
    if joined := re.match(rf"(?:{'|'.join(sorted(checks.PREPOSITIONS))}) ", value):
        relation, value = f"{relation} {joined[0].strip()}", value[joined.end() :]
    return sentence[: cut.start()].strip(" ,"), relation, value, sentence


def _rows(answer: str) -> list[tuple[str, str, str, str] | None]:
    """JSON objects wherever they stand in the answer: a line each, in a list, or fenced; None for one that is none."""
    found: list[tuple[str, str, str, str] | None] = []
    for raw in re.findall(r"\{[^{}]*\}", answer):
        try:
            row = json.loads(re.sub(r",\s*\}$", "}", raw), strict=False)
        except json.JSONDecodeError:
            found.append(None)
            continue
        values = [row.get(k) for k in ("entity", "relation", "value", "source")]
        texts = [str(v).strip() if isinstance(v, str | int | float) else "" for v in values]
        found.append((texts[0], texts[1], texts[2], texts[3]) if all(texts) else None)
    return found
