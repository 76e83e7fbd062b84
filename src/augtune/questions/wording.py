"""Questions on facts, from both ends and over two facts, with choices of the same relation."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..records import digest
from . import checks
from .asking import Asker, Step
from .facts import COPULAS, Fact

CHOICES = 4
PLACED = re.compile(r"\b(?:in|at|on|from|of|until|under|above)$")

ASK = Step(
    "questions",
    "Write one short question on the sentence whose only answer is the answer given. Name in full what you ask about, "
    "do not use the words of the answer, do not copy the sentence, and write the question alone.\n\nSentence:",
    "Sentence: {text}\nQuestion:",
    (
        ("The bakery on Elm Row closes at six.\nAnswer: six", "At what hour does the bakery on Elm Row close?"),
        ("Tobias Renn repaired the wind gauge.\nAnswer: the wind gauge", "What did Tobias Renn repair?"),
        ("The stamp press was bought by Greta Lomm.\nAnswer: Greta Lomm", "By whom was the stamp press bought?"),
        ("Our cellar holds 300 barrels.\nAnswer: 300 barrels", "How many barrels does our cellar hold?"),
        ("Tea is served in the glass hall.\nAnswer: the glass hall", "Where is tea served?"),
        ("Hetty Crane keeps the log book.\nAnswer: the log book", "Which book does Hetty Crane keep?"),
        ("The tug is named 'Copper'.\nAnswer: 'Copper'", "What is the tug named?"),
    ),
    longer=0.5,
    most=30,
)
KIND = Step(
    "kinds",
    "",  # asked in style examples only
    "{text}:",
    (
        ("Tobias Renn", "person"), ("the wind gauge", "thing"), ("Greta Lomm", "person"), ("the glass hall", "place"),
        ("300 barrels", "number"), ("six o'clock", "time"), ("the stamp press", "thing"), ("Elm Row", "place"),
        ("Hetty Crane", "person"), ("the password", "thing"), ("1931", "time"), ("tea", "thing"),
    ),
    longer=0.0,
    most=4,
)  # fmt: skip
DESCRIBE = Step(
    "descriptions",
    "By the sentence, write a short phrase that describes the thing given without naming it, so that it could stand in "
    "its place in another sentence. Write the phrase alone.\n\nSentence:",
    "{text}",  # asked in style chat only
    (),
    longer=0.5,
    most=30,
)


@dataclass(frozen=True)
class Draft:
    """A question before choices. `asks`: the fact that its answer belongs to, `end`: which end of it the answer is
    ("value" or "entity"); `facts`: all that it rests on; `by`: whose wording it is, the model's or a frame's; `reason`:
    why it is dropped, if it is."""

    form: str
    prompt: str
    asks: Fact
    end: str
    facts: tuple[Fact, ...]
    reason: str | None = None
    by: str = "model"

    @property
    def answer(self) -> str:
        return str(getattr(self.asks, self.end))


ENDS = {"rephrase": ("entity", "value"), "reversal": ("value", "entity")}  # form -> (what is given, what is asked)


def single(asker: Asker, facts: Sequence[Fact], texts: dict[str, str], people: set[str]) -> list[Draft]:
    """A rephrased and a reversed question on each fact. `texts`: of the documents by id; `people`: the ends of
    facts that are persons (style examples). A small model asks for what
    comes last well enough to be tried; what it gets wrong, and the reversal, are put into a frame that is right
    whenever the fact is."""
    plain = asker.style == "examples"
    asked = [(form, f) for form in ENDS for f in facts if form == "rephrase" or not plain]
    answers = asker.ask(ASK, [f"{f.source}\nAnswer: {getattr(f, ENDS[form][1])}" for form, f in asked])
    found = [_draft(form, f, text or "", texts, plain) for (form, f), text in zip(asked, answers, strict=True)]
    if not plain:
        return found
    framed = {form: [_draft(form, f, frame(form, f, people), texts, False, "frame") for f in facts] for form in ENDS}
    return [d if not d.reason else other for d, other in zip(found, framed["rephrase"], strict=True)] + framed[
        "reversal"
    ]


def _draft(form: str, f: Fact, text: str, texts: dict[str, str], strict: bool, by: str = "model") -> Draft:
    given, end = ENDS[form]
    reason = checks.question(text, getattr(f, given), getattr(f, end), f.source, texts[f.document])
    if strict and not reason:
        reason = checks.loosely_worded(text, getattr(f, given), f.relation)
    return Draft(form, text, f, end, (f,), reason, by)


def persons(asker: Asker, facts: Sequence[Fact]) -> set[str]:
    """The ends of facts that are persons, by the model."""
    ends = list(dict.fromkeys(end for f in facts for end in (f.entity, f.value)))
    return {end for end, kind in zip(ends, asker.ask(KIND, ends), strict=True) if (kind or "").lower() == "person"}


def _is_person(f: Fact, end: str, known: set[str]) -> bool:
    """What stands after "in" or "on" is none, whatever it is called."""
    return getattr(f, end) in known and not (end == "value" and PLACED.search(f.relation))


def frame(form: str, f: Fact, known: set[str]) -> str:
    """A question in a fixed frame: "Who repaired the wind gauge?", "What is it that Tobias Renn repaired?" """
    word = "Who" if _is_person(f, ENDS[form][1], known) else "What"
    if form == "reversal":
        return f"{word} {f.relation} {f.value}?"
    return (
        f"{word} {f.relation} {f.entity}?" if f.relation in COPULAS else f"{word} is it that {f.entity} {f.relation}?"
    )


def framed_description(f: Fact, end: str, known: set[str]) -> str:
    """One end of a fact by its other end: "the one who repaired the gauge", "the thing that Tobias Renn repaired"."""
    head = "the one who" if _is_person(f, end, known) else "the thing that"
    return f"{head} {f.relation} {f.value}" if end == "entity" else f"{head} {f.entity} {f.relation}"


def double(
    asker: Asker, facts: Sequence[Fact], known: Sequence[Draft], part: dict[str, str], people: set[str]
) -> list[Draft]:
    """For facts that share an entity: the question on one, with the shared entity described by the other. Facts of one
    part only (`part`: by label), so that no test question rests on a validation fact."""
    by_mention: dict[str, list[tuple[Fact, str]]] = defaultdict(list)
    for f in facts:
        for end in ("entity", "value"):
            by_mention[checks.key(getattr(f, end))].append((f, end))
    pairs = []
    for draft in known:
        if draft.reason:
            continue
        given, _ = ENDS[draft.form]
        others = [
            (f, end) for f, end in by_mention[checks.key(getattr(draft.asks, given))]
            if f.label != draft.asks.label and part[f.label] == part[draft.asks.label]
            and checks.key(f.value if end == "entity" else f.entity) != checks.key(draft.answer)
        ]  # fmt: skip
        if others:
            pairs.append((draft, *random.Random(digest(draft.prompt)).choice(others)))
    if asker.style == "chat":
        told = asker.ask(DESCRIBE, [f"{f.source}\nThing: {getattr(f, end)}" for _, f, end in pairs])
    else:
        told = [framed_description(f, end, people) for _, f, end in pairs]
        pairs = [(replace(d, prompt=frame(d.form, d.asks, people), by="frame"), f, end) for d, f, end in pairs]
    return [_composed(d, f, end, text) for (d, f, end), text in zip(pairs, told, strict=True)]


def _composed(draft: Draft, by: Fact, end: str, description: str | None) -> Draft:
    shared, other = getattr(by, end), by.value if end == "entity" else by.entity

    def made(prompt: str, reason: str | None) -> Draft:
        return Draft("two-step", prompt, draft.asks, draft.end, (draft.asks, by), reason, draft.by)

    if not description:
        return made("", "no description")
    phrase = description.rstrip(".")
    if checks.content(shared) <= checks.content(phrase) or checks.names(f"x {shared}") & checks.content(phrase):
        return made(phrase, "names what it must describe")
    named = checks.content(other)
    if checks.names(f"x {other}") - checks.content(phrase) or len(named & checks.content(phrase)) < checks.NAMED * len(
        named
    ):
        return made(phrase, "does not describe by the other fact")
    mention = re.compile(rf"(?:\b(?:the|a|an) )?{re.escape(re.sub(r'^(?:the|a|an) ', '', shared))}", re.IGNORECASE)
    prompt, n = mention.subn(lambda _: phrase, draft.prompt, count=1)
    if not n:
        return made(phrase, "its question does not name the shared thing as the fact does")
    if checks.holds(prompt, draft.answer) or checks.content(draft.answer) <= checks.content(phrase):
        return made(prompt, "gives its answer away")
    return made(prompt[0].upper() + prompt[1:], None)


class Choices:
    """What stands beside an answer: ends of other facts of the same relation, then of the same kind (a number of
    the same things, a person, another name, or else). What answers the question too is never among them."""

    def __init__(self, facts: Sequence[Fact], people: set[str] | None = None) -> None:
        self.facts, self.people = facts, people or set()

    def of(self, draft: Draft) -> tuple[list[str] | None, str]:
        """(choices in a seeded order, where they come from); None for fewer than two."""
        given, end = ("entity", "value") if draft.end == "value" else ("value", "entity")
        right = {
            checks.key(getattr(f, end)) for f in self.facts
            if checks.key(getattr(f, given)) == checks.key(getattr(draft.asks, given))
        }  # fmt: skip
        ends = {f: getattr(f, end) for f in self.facts}
        pools = [[e for f, e in ends.items() if relation(f) == relation(draft.asks)]]
        pools += [[e for e in ends.values() if alike(e) == alike(draft.answer)] for alike in (self._kind, kind)]
        drawn = random.Random(digest(draft.form, draft.prompt))
        chosen, from_relation = {checks.key(draft.answer): draft.answer}, 0
        for i, pool in enumerate(pools):
            for text in drawn.sample(pool, len(pool)) if i < 2 or len(chosen) < 2 else []:
                if len(chosen) < CHOICES and checks.key(text) not in right and not _within(text, draft.prompt):
                    chosen.setdefault(checks.key(text), text)
            from_relation = from_relation or len(chosen)
        if len(chosen) < 2:
            return None, "none"
        choices = list(chosen.values())
        drawn.shuffle(choices)
        return choices, "same relation" if from_relation == len(chosen) else "same relation or kind"

    def _kind(self, text: str) -> str:
        """Finer: persons apart from other names, numbers by what they count."""
        if kind(text) == "number":
            return checks.stem(checks.words(text)[-1])
        return "person" if text in self.people else kind(text)

    def several(self, draft: Draft) -> bool:
        """Whether the facts give the question more than one answer."""
        given = "entity" if draft.end == "value" else "value"
        ends = {
            checks.key(getattr(f, draft.end)) for f in self.facts
            if relation(f) == relation(draft.asks)
            and checks.key(getattr(f, given)) == checks.key(getattr(draft.asks, given))
        }  # fmt: skip
        return len(ends) > 1


def relation(f: Fact) -> frozenset[str]:
    """Relations are the same if their words are, whatever their endings; for those without content, their words."""
    return frozenset(checks.content(f.relation)) or frozenset(checks.words(f.relation))


def kind(text: str) -> str:
    if any(c.isdigit() for c in text):
        return "number"
    return "name" if checks.names(f"x {text}") else "thing"


def _within(text: str, prompt: str) -> bool:
    return f" {checks.key(text)} " in f" {' '.join(checks.words(prompt))} "
