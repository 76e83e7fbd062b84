"""Benchmark `process`: a transform of functions by rules of its own, set 5 in arXiv 2505.00661 ("derivatoids").

Like taking a derivative, but by uncommon rules: one for each of four families of simple functions (powers,
exponentials, and two kinds with nonsense names) and one each for sums, products and compositions. The rules of a world,
its words and its numbers hang on the seed; rules and formats of the paper are not public, and these are our own. A
function is taken as it is written: the rule of the outermost operation comes first, and nothing is simplified before.

Documents tell the rules, and worked examples of each family and of twelve combinations (an operation on functions of
two families). Six combinations are held out, so that every pair of families is known from two operations, and every
family from two partners under every operation:

    trained      a function of a trained combination that no document has
    combination  a function of a combination that is held out
    longer       three families under two operations, any two of which stand together in documents

The result is written by the model and compared as algebra (chance is 0). Splits trained-choice, combination-choice and
longer-choice ask for the same by likelihood, for models that are too small to write, with three wrong choices: what a
wrong rule for an operation yields, what a wrong rule for a simple function yields, and what both yield. So each rule
stands in two choices, and a model that merely likes one rule better than another is right in 1/4, as by chance, on the
mean over worlds (in one world the right rules are the same in all questions, so that it may be above or below).

    augtune benchmark process --out DIR [--seed N] [--set examples=30 --set questions=60 ...]
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle, product

from pydantic import Field

from .. import algebra
from ..errors import UserError
from ..records import Augmentation, Corpus, Document, Question
from .common import SECOND, Settings
from .process_world import (
    BECOMES,
    FAMILIES,
    NUMBERS,
    OPERATIONS,
    SHAPES,
    WRITTEN,
    Atom,
    Combination,
    Function,
    Join,
    World,
    apply,
    atoms,
    instances,
    longer,
    mistakes,
    operations,
    text,
    world,
)  # fmt: skip


class Process(Settings):
    """Sizes of the benchmark `process`. The paper's are not public."""

    explanations: int = Field(6, ge=1, le=6, description="documents that tell a rule, for each rule")
    singles: int = Field(8, ge=1, le=len(NUMBERS), description="worked examples of each family of simple functions")
    examples: int = Field(30, ge=1, description="worked examples of each trained combination")
    questions: int = Field(60, ge=1, description="questions of each split, evenly over its combinations")
    validation: int = Field(40, ge=0, description="further questions with choices, which choose settings")


# Halves for the worlds below 100 and from 100 on. {T}: the transform's name.
FRAMES = (
    (
        "{rule}", "A rule to remember: {rule}", "From the notes on the {T}. {rule}", "Here is how it works. {rule}",
        "On the blackboard stood this. {rule}", "To find the {T}, keep in mind: {rule}",
    ),
    (
        "{rule}", "One of the rules: {rule}", "From the manual of the {T}. {rule}", "This is what it does. {rule}",
        "The first page says this. {rule}", "Whoever needs the {T} should know: {rule}",
    ),
)  # fmt: skip
SINGLE = "The {T} of {f} is {r}."
NESTED = (
    "The {T} takes a function as it is written. If its parts are put together themselves, the rule of the outermost "
    "operation comes first, then those of the parts; nothing is simplified before.",
    "For the {T} a function stays as it is written. Where a part is itself put together, begin with the rule of the "
    "outermost operation and go on with the parts; do not simplify before.",
)
# Worked examples: the first is also how questions begin. {steps} and {Steps} tell what the parts become, {rule} is the
# operation's formula.
EXAMPLES = (
    (
        SINGLE, "What is the {T} of {f}? It is {r}.", "{T}({f}) = {r}.",
        "Take {f}. {Steps}. A {operation} becomes {rule}, so the {T} of {f} is {r}.",
    ),
    (
        SINGLE, "Find the {T} of {f}. {T}({f}) = {r}.", "If you ask for the {T} of {f}: it is {r}.",
        "Look at {f}. {Steps}. From a {operation} comes {rule}; therefore the {T} of {f} is {r}.",
    ),
)  # fmt: skip
# What a perfect augmenter writes; never as the questions begin.
INFERENCES = (
    "{Steps}. With the rule for a {operation}, {rule}, it follows that {T}({f}) = {r}.",
    "We can work out a {operation} that no document has, {f}. {Steps}. By {rule} we get {T}({f}) = {r}.",
    "Step by step: {steps}. Put into {rule}, this makes {T}({f}) = {r}.",
)


def process(settings: Process, seed: int) -> Corpus:
    """One world. Raises UserError if a combination has too few functions for what is asked of it."""
    return _Writer(settings, world(seed), int(seed >= SECOND), random.Random(f"process-{seed}")).corpus()


@dataclass
class _Writer:
    settings: Process
    world: World
    half: int
    rng: random.Random
    pools: dict[Combination, list[Function]] = field(default_factory=dict)

    def corpus(self) -> Corpus:
        every = (*self.world.trained, *self.world.held_out)
        self.pools = {c: self.rng.sample(of, len(of)) for c in every for of in [instances(c)]}
        n = self.settings.questions
        tested = {
            "trained": self._take(self.world.trained, n),
            "combination": self._take(self.world.held_out, n),
            "longer": self._longer(n),
        }
        half = self.settings.validation // 2
        chosen = {
            "trained": self._take(self.world.trained, self.settings.validation - half),
            "combination": self._take(self.world.held_out, half),
        }
        documents = self._documents()
        questions = [
            ask(split, f) for ask in (self._open, self._closed) for split, fs in tested.items() for f in fs
        ]  # fmt: skip
        validation = [self._closed(split, f, "validation-") for split, fs in chosen.items() for f in fs]
        return Corpus(documents, questions, validation, self._oracle(tested), states)

    def _take(self, combinations: list[Combination], n: int) -> list[Function]:
        """`n` functions that were not taken before, evenly over the combinations."""
        try:
            return [self.pools[c].pop() for _, c in zip(range(n), cycle(combinations), strict=False)]
        except IndexError:
            raise UserError(
                f"benchmark process: a combination has {len(instances(combinations[0]))} functions, too few for these "
                "sizes; ask for fewer examples, questions or validation"
            ) from None

    def _longer(self, n: int) -> list[Function]:
        found: dict[Function, None] = {}
        for f in longer(self.world, self.rng):
            found[f] = None
            if len(found) == n:
                break
        return list(found)

    def _documents(self) -> list[Document]:
        rules = [(name, self._rule(name)) for name in (*FAMILIES, *OPERATIONS)]
        rules.append(("nested", NESTED[self.half].format(T=self.world.transform)))
        told = [
            Document(f"rule-{name}-{k}", frame.format(rule=rule, T=self.world.transform), name)
            for name, rule in rules
            for k, frame in enumerate(FRAMES[self.half][: self.settings.explanations])
        ]
        styles = EXAMPLES[self.half]
        for family in FAMILIES:
            for k, n in enumerate(self.rng.sample(NUMBERS, self.settings.singles)):
                told.append(Document(f"single-{family}-{n}", self._work(Atom(family, n), styles[k % 3]), family))
        for c in self.world.trained:
            for k, f in enumerate(self._take([c], self.settings.examples)):
                told.append(Document(f"example-{kind(f)}-{k}".replace(" ", "-"), self._work(f, styles[k % 4]), kind(f)))
        return told

    def _rule(self, name: str) -> str:
        T, names = self.world.transform, self.world.names
        if name in FAMILIES:
            image, partner = self.world.images[name], BECOMES[name]
            before = SHAPES[name].format(n="n", x="x", name=names.get(name))
            after = SHAPES[partner].format(n=f"(n + {image.shift})", x="x", name=names.get(partner))
            return f"The {T} of {before} is {image.coefficient}*{after}."
        rule = self.world.rules[name]
        F, outer = ("F(g)", "f with g put in for x") if name == "composition" else ("F", "f")
        return (
            f"The {T} of a {name} {WRITTEN[name]} is {rule.formula}, where {F} is the {T} of {outer} and G is the {T} "
            f"of g: {rule.words}."
        )

    def _steps(self, f: Function) -> Iterator[str]:
        """What the function's parts become, innermost first."""
        for part in (f.first, f.second) if isinstance(f, Join) else ():
            yield from self._steps(part)
            yield f"the {self.world.transform} of {text(self.world, part)} is {apply(self.world, part)}"

    def _work(self, f: Function, style: str) -> str:
        operation = f.operation if isinstance(f, Join) else ""
        steps = ", ".join(self._steps(f))
        told = style.format(
            T=self.world.transform, f=text(self.world, f), r=apply(self.world, f), steps=steps, Steps=_capital(steps),
            operation=operation, rule=self.world.rules[operation].formula if operation else "",
        )  # fmt: skip
        return _capital(told)

    def _oracle(self, tested: dict[str, list[Function]]) -> list[Augmentation]:
        """Every function that is asked about, worked out; and the held-out combinations, told as often as the trained
        ones are."""
        asked = [f for fs in tested.values() for f in fs]
        more = [
            f for c in self.world.held_out for f in self._take([c], max(0, self.settings.examples - self._asked(c)))
        ]  # fmt: skip
        return [
            Augmentation(f"oracle-{i}", "oracle", self._sources(f), self._work(f, INFERENCES[i % len(INFERENCES)]))
            for i, f in enumerate([*asked, *more])
        ]

    def _asked(self, c: Combination) -> int:
        shares = len(self.world.held_out)
        return len(range(self.world.held_out.index(c), self.settings.questions, shares))

    def _sources(self, f: Function) -> list[str]:
        return [f"rule-{name}-0" for name in dict.fromkeys([*operations(f), *(a.family for a in atoms(f))])]

    def _fact(self, f: Function) -> str:
        return _fact(self.world.transform, _read(text(self.world, f)), _read(str(apply(self.world, f)))) or ""

    def _open(self, split: str, f: Function) -> Question:
        written = text(self.world, f)
        return Question(
            f"{split}-{written}".replace(" ", ""), f"The {self.world.transform} of {written} is",
            str(apply(self.world, f)), None, split, written, kind(f), [self._fact(f)], "algebra",
        )  # fmt: skip

    def _closed(self, split: str, f: Function, prefix: str = "") -> Question:
        opened = self._open(split, f)
        return Question(
            f"{prefix}{split}-choice-{opened.group}".replace(" ", ""), opened.prompt, opened.answer, self._choices(f),
            f"{split}-choice", opened.group, opened.kind, opened.facts,
        )  # fmt: skip

    def _choices(self, f: Function) -> list[str]:
        """What is right, what one mistake with an operation and one with a simple function yield, and what both yield:
        four different functions, in any order."""
        for operation, simple in self._pairs(f):
            both = replace(simple, rules=operation.rules)
            results = [apply(w, f) for w in (self.world, operation, simple, both)]
            if len({algebra.canonical(_read(str(r))) for r in results}) == len(results):
                return self.rng.sample([str(r) for r in results], len(results))
        raise AssertionError(f"no four different results of {f}")

    def _pairs(self, f: Function) -> list[tuple[World, World]]:
        pairs = list(product(*mistakes(self.world, f)))
        return self.rng.sample(pairs, len(pairs))


def kind(f: Function) -> str:
    """The combination, or for more than one operation which stands within which."""
    inner, *outer = reversed(operations(f))
    families = sorted({a.family for a in atoms(f)}, key=FAMILIES.index)
    return f"{inner} in {outer[0]}" if outer else f"{inner} of {' and '.join(families)}"


def _capital(told: str) -> str:
    return told[:1].upper() + told[1:]


def _read(told: str) -> algebra.Tree:
    tree = algebra.read(told)
    assert tree is not None, told
    return tree


def _fact(name: str, function: algebra.Tree, result: algebra.Tree) -> str | None:
    """The function as written (the rules look at its form), the result multiplied out (any form of it is right)."""
    became = algebra.canonical(result)
    return became and f"{name}: {algebra.written(function)} = {became}"


_named = re.compile(r"\b([a-z]{2,}) of |\b([a-z]{2,})(?=\()")
_becomes = re.compile(
    r"\??:? ?(?:so |then |therefore )?(?:=|\b(?:it |this |that |the answer |the result )?"
    r"(?:is|equals|gives|becomes|yields|makes|comes to|turns out to be)\b)"
    r"(?: then| therefore| thus| equal to| simply)*:? ?"
)
_equals = re.compile(" ?= ?")


def states(told: str) -> set[str]:
    """What a text says that functions become, as "sirum: x^3 + 2^x = 3*x**5 + 2*3**x": from "the sirum of ... is ..."
    and "sirum(...) = ...". Results that are multiplied out to the same are the same; functions are as written."""
    told, found, last, done = algebra.plain(told), set(), "", 0
    for m in _named.finditer(told):
        function = algebra.start(told, m.end() if m[1] else m.start())
        if function is None or m.start() < done:  # within what was read
            continue
        tree, done = function
        name, tree = (m[1], tree) if m[1] else (m[2], tree[-1])
        last = name = last if name in ("that", "this") else name
        result = _becomes.match(told, done) if m[1] or function[0][0] == "call" else None
        while result and (became := algebra.start(told, result.end())):
            done = became[1]
            if fact := _fact(name, tree, became[0]):
                found.add(fact)
            result = _equals.match(told, done)
    return found
