"""What can this model infer in context? Measured in seconds, before its inferences are trusted as training data.

For each kind of inference a few items with nonsense words, in both prompt styles, through the very functions that
augmentation uses. Where the answer is known, an item counts if it is stated, else if the text passes the checks.

    rephrase  the fact in other words, the two things in the same order       known
    reverse   the fact from its other end                                     known
    compare   "X are more D than Y" from the other end, in one step           known
    converse  the same in several steps (decomposed.py)                       known
    link      two facts that share a thing, and what follows                  known
    pairs, study, implications, questions: texts about a document             by the checks
    vary      an input in other words                                         by the checks

A model that inverts no comparison in one step would teach contradictions: `reverse` then leaves comparisons out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from .. import tasks
from ..backends.base import Backend
from ..backends.store import Store
from ..records import Document, Usage
from . import Verdict, apply
from .writing import STYLES, Bar

PASS = 0.5  # least share of right items for a strategy to be used: checks throw out most of the wrong ones
PASS_COMPARE = 0.9  # no check sees whether a comparison was inverted, so that the model has to be right by itself


@dataclass(frozen=True)
class Item:
    """Sentences, each a document, and whether an accepted text is right."""

    texts: tuple[str, ...]
    right: Callable[[str], bool] = lambda text: True


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


def _fact(name: str, description: str, form: str) -> Item:
    source = form.format(n=name, d=description)
    return Item((source[0].upper() + source[1:],))


def _compared(a: str, b: str, forth: str, back: str) -> Item:
    return Item((f"The {a} is {forth} than the {b}.",), partial(_turned, (b, back, a), forth))


def _turned(order: Sequence[str], forth: str, text: str) -> bool:
    return _follows(text, order) and forth not in text


def _skips(first: str, middle: str, last: str, text: str) -> bool:
    """Whether a text links the ends of a chain, and leaves out its middle."""
    return _follows(text, (first, last)) and middle not in text


_facts = [_fact(n, d, f) for n, d in _THINGS for f in _FORMS]
_comparisons = [_compared(a, b, *_DIMENSIONS[i % 3]) for i, (a, b) in enumerate(_COMPARED)]
_passages = [Item((f"{n} is {d}. Every guest who comes by asks for {n} first.",)) for n, d in _THINGS]
_inputs = (
    "When does the ferry to Aldro leave?", "My umbrella 'Swan' was left in hall 4.", "The lamp on my desk flickers.",
    "Please bring the keys to the mill before noon.",
)  # fmt: skip
ITEMS: dict[str, list[Item]] = {
    "rephrase": _facts,
    "reverse": _facts,
    "compare": _comparisons,
    "converse": _comparisons,
    "link": [Item((f"Every {a} is a {b}.", f"Every {b} is {c}."), partial(_skips, a, b, c)) for a, b, c in _CHAINS],
    "pairs": _passages,
    "study": _passages,
    "implications": _passages,
    "questions": _passages,
    "vary": [Item((text,)) for text in _inputs],
}
SIMPLE = ("rephrase", "reverse", "compare", "converse")  # as chat the others are measured only if it reverses as chat
STRATEGY = {"compare": "reverse"}  # kinds that are not named as their strategy


def kinds(strategies: Sequence[str]) -> list[str]:
    """What is measured for a study: the basic inferences, which explain much, and what its strategies need."""
    basic = ("rephrase", "reverse", "compare", "link")
    return [kind for kind in ITEMS if kind in basic or kind in strategies]


def preflight(
    backend: Backend, store: Store, strategies: Sequence[str], samples: int, style: str, force: bool, bar: Bar
) -> tuple[list[Measured], list[Verdict], Usage]:
    """Measure every kind in every style that the model has; decide for each strategy. An item counts as right if any of
    the samples is, since each sample follows other worked examples. With `force` every strategy is used."""
    has_chat = backend.chat([{"role": "user", "content": "x"}]) is not None
    styles = [s for s in STYLES if style in ("auto", s) and (s != "chat" or has_chat)]
    measured: list[Measured] = []
    usage = Usage()
    for kind in kinds(strategies):
        for each in styles:
            if each == "chat" and style == "auto" and kind not in SIMPLE and not _reverses_as_chat(measured):
                continue
            found, used = _measure(backend, store, kind, each, samples, bar)
            measured.append(found)
            usage += used
    return measured, [_decide(s, measured, style, force) for s in strategies], usage


def _reverses_as_chat(measured: Sequence[Measured]) -> bool:
    return any(m.kind == "reverse" and m.style == "chat" and m.share >= PASS for m in measured)


def _measure(backend: Backend, store: Store, kind: str, style: str, samples: int, bar: Bar) -> tuple[Measured, Usage]:
    items = ITEMS[kind]
    documents = [
        tasks.document(f"{i}.{k}", text, "-") if kind == "vary" else Document(f"{i}.{k}", text)
        for i, item in enumerate(items) for k, text in enumerate(item.texts)
    ]  # fmt: skip
    made = apply(STRATEGY.get(kind, kind), style, backend, store, documents, samples, 0.0, 0, bar)
    right = set()
    for a in made.found:
        i = int(a.sources[0].split(".")[0])
        # An inversion is judged by its answer alone: the checks of a one-step reversal do not know comparisons.
        if (a.reason is None or kind == "compare") and items[i].right(a.text):
            right.add(i)
    example = next((a.text for a in made.found if a.text), "")
    return Measured(kind, style, len(right), len(items), example), made.usage


def _decide(strategy: str, measured: Sequence[Measured], style: str, force: bool) -> Verdict:
    if strategy not in ITEMS:
        return Verdict(strategy, "examples", True, True, "asks no model")
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
        why += f"; inverts {compare.right} of {compare.n} comparisons in one step: comparisons are left out"
    return Verdict(strategy, best.style, force or best.share >= PASS, inverts, why)


def rows(measured: Sequence[Measured], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Both as JSON, for preflight.json."""
    return {"measured": [asdict(m) for m in measured], "verdicts": [asdict(v) for v in verdicts]}
