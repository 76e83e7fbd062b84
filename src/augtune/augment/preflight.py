"""What can this model infer in context? Measured in seconds, before its inferences are trusted as training data.

For each kind of inference a few items with nonsense words and known answers, in both prompt styles:

    rephrase  the fact in other words, the two things in the same order     needed by strategy rephrase
    reverse   the fact from its other end                                   needed by strategy reverse
    compare   "X are more D than Y" from the other end                      needed to reverse comparisons
    link      two facts that share a thing, and what follows                needed by strategies over several documents

`rephrase`, `reverse` and `compare` go through the very prompts that augmentation uses, and an item counts if it states
the known answer. A model that inverts no comparison would teach contradictions: such documents are then left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from ..backends.base import Backend, Request
from ..backends.store import Store, Tick
from ..records import Document, Usage
from . import local
from .checks import Candidate, judge

PASS = 0.5  # least share of right items for a strategy to be used: checks throw out most of the wrong ones
PASS_COMPARE = 0.9  # no check sees whether a comparison was inverted, so that the model has to be right by itself


@dataclass(frozen=True)
class Item:
    """A text to rewrite, and whether an answer is right."""

    text: str
    right: Callable[[str], bool]


@dataclass(frozen=True)
class Verdict:
    """Whether a strategy is used, in which style, and whether on comparisons; with what was measured."""

    strategy: str
    style: str
    use: bool
    comparisons: bool
    why: str


@dataclass(frozen=True)
class Measured:
    """Right answers to one kind of inference in one style."""

    kind: str
    style: str
    right: int
    n: int
    example: str

    @property
    def share(self) -> float:
        return self.right / self.n


def comparison(text: str) -> bool:
    """Does the text compare two things, so that its reversal must turn the comparison round?"""
    return bool(re.search(r"\b(?:more|less|fewer|\w+er)\b[^.!?]*\bthan\b", text, re.IGNORECASE))


_THINGS = (
    ("Dorim Valk", "the keeper of the tarn 'Blue Sorrel'"),
    ("Tesla Umbry", "the painter of the mural 'Wren Hollow'"),
    ("Oskar Plim", "the owner of the ferry 'Gull Wing'"),
    ("Lisbet Quonn", "the founder of the school 'Birch Lane'"),
)
_FORMS = ("{n} is known around here as {d}.", "{d} goes by the name of {n}.")
_COMPARED = (
    ("blick", "dorn"),
    ("wug", "tarv"),
    ("zemp", "kolf"),
    ("prell", "snib"),
    ("gand", "motch"),
    ("fipp", "ralk"),
)
_DIMENSIONS = (("heavier", "lighter"), ("faster", "slower"), ("more costly", "less costly"))
_CHAINS = (("jalp", "bront", "soft"), ("kerm", "dosh", "green"), ("vint", "plaff", "loud"), ("smeg", "trock", "old"))


def _follows(text: str, order: Sequence[str]) -> bool:
    """Are these all there, in this order?"""
    place = [text.lower().find(part.lower()) for part in order]
    return all(p >= 0 for p in place) and place == sorted(place)


def _fact(strategy: str, name: str, description: str, form: str) -> Item:
    source = form.format(n=name, d=description)
    source = source[0].upper() + source[1:]
    return Item(source, lambda text: judge(Candidate(strategy, source, text, True), []) is None)


def _skips(first: str, middle: str, last: str, text: str) -> bool:
    """Whether a text links the ends of a chain, and leaves out its middle."""
    return _follows(text, (first, last)) and middle not in text


def _compared(a: str, b: str, forth: str, back: str) -> Item:
    source = f"The {a} is {forth} than the {b}."
    return Item(source, lambda text: _follows(text, (b, back, a)) and forth not in text)


ITEMS: dict[str, list[Item]] = {
    "rephrase": [_fact("rephrase", n, d, f) for n, d in _THINGS for f in _FORMS],
    "reverse": [_fact("reverse", n, d, f) for n, d in _THINGS for f in _FORMS],
    "compare": [_compared(a, b, *_DIMENSIONS[i % 3]) for i, (a, b) in enumerate(_COMPARED)],
    "link": [
        Item(
            f"Every {a} is a {b}. Every {b} is {c}.",
            partial(_skips, a, b, c),
        )
        for a, b, c in _CHAINS
    ],
}
_STRATEGY = {"rephrase": "rephrase", "reverse": "reverse", "compare": "reverse"}
_LINK_EXAMPLES = (
    "Facts: Every robin is a bird. Every bird is warm-blooded.\nSo: Every robin is warm-blooded.\n\n"
    "Facts: Every sedan is a car. Every car is driven.\nSo: Every sedan is driven.\n\n"
    "Facts: Every oak is a tree. Every tree is tall.\nSo: Every oak is tall.\n\n"
)
_LINK_INSTRUCTION = (
    "Write the one sentence that follows from both facts together and leaves out what connects them.\n\n"
)


def preflight(
    backend: Backend, store: Store, strategies: Sequence[str], samples: int, style: str, force: bool, tick: Tick
) -> tuple[list[Measured], list[Verdict], Usage]:
    """Measure every kind in every style that the model has; decide for each strategy. A fact counts as right if any of
    the samples states it, since each sample follows other worked examples. With `force` every strategy is used."""
    styles = [s for s in local.STYLES if s != "chat" or backend.chat([{"role": "user", "content": "x"}])]
    measured, usage = [], Usage()
    for kind, items in ITEMS.items():
        for each in styles:
            texts, used = _answers(backend, store, kind, each, items, samples, tick)
            usage += used
            right = [any(item.right(text) for text in tried) for item, tried in zip(items, texts, strict=True)]
            measured.append(Measured(kind, each, sum(right), len(items), texts[0][0]))
    return measured, [_decide(s, measured, style, force) for s in strategies], usage


def _answers(
    backend: Backend, store: Store, kind: str, style: str, items: list[Item], samples: int, tick: Tick
) -> tuple[list[list[str]], Usage]:
    documents = [Document(f"{kind}-{i}", item.text) for i, item in enumerate(items)]
    texts: list[list[str]] = [[] for _ in items]
    usage = Usage()
    for sample in range(samples if kind in _STRATEGY else 1):
        if kind in _STRATEGY:
            requests = local.requests(_STRATEGY[kind], backend, style, documents, sample, 0.0, 0)
        else:
            requests = [_link(backend, style, d.text) for d in documents]
        wrote = store.generate(backend, requests, tick)
        usage += wrote.usage
        for found, text in zip(texts, wrote.texts, strict=True):
            found.append(text.strip())
    return texts, usage


def _link(backend: Backend, style: str, text: str) -> Request:
    own = f"Facts: {text}\nSo:"
    if style == "examples":
        return Request(_LINK_EXAMPLES, own, 24)
    content = _LINK_INSTRUCTION + _LINK_EXAMPLES + own
    return Request("", backend.chat([{"role": "user", "content": content}]) or "", 24, chat=True)


def _decide(strategy: str, measured: Sequence[Measured], style: str, force: bool) -> Verdict:
    mine = [m for m in measured if m.kind == strategy and style in ("auto", m.style)]
    if not mine:
        return Verdict(strategy, "examples", force, force, f"style {style} is not one that the model has")
    best = max(mine, key=lambda m: m.right)  # of equals the first: worked examples
    compare = next((m for m in measured if m.kind == "compare" and m.style == best.style), None)
    inverts = strategy != "reverse" or force or (compare is not None and compare.share >= PASS_COMPARE)
    why = f"{best.right} of {best.n} right in style {best.style}"
    if best.share < PASS:
        why += f", under {PASS:.0%}: " + ("used all the same (--force)" if force else "switched off")
    elif strategy == "reverse" and not inverts and compare:
        why += f"; inverts {compare.right} of {compare.n} comparisons: comparisons are left out"
    return Verdict(strategy, best.style, force or best.share >= PASS, inverts, why)


def rows(measured: Sequence[Measured], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Both as JSON, for preflight.json."""
    return {"measured": [asdict(m) for m in measured], "verdicts": [asdict(v) for v in verdicts]}


def count(samples: int, styles: int = 2) -> int:
    """How many texts preflight asks for at most."""
    return styles * sum(len(items) * (samples if kind in _STRATEGY else 1) for kind, items in ITEMS.items())
