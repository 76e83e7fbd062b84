"""The world of the benchmark `process`: a transform of functions and its rules, and the solver that applies them.

A rule is written once, as a formula that holds for anything that can be added and multiplied: with Terms it gives the
text of a result, with sympy expressions (`solve`) the same result by another way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from .common import nonsense

# The simple functions: a family, and a number n from 2 to 9. A wave and an echo are functions with names of the world.
FAMILIES = ("power", "exponential", "wave", "echo")
SHAPES = {"power": "{x}^{n}", "exponential": "{n}^{x}", "wave": "{name}({n}*{x})", "echo": "{name}({n}*{x})"}
BECOMES = {"power": "power", "exponential": "exponential", "wave": "echo", "echo": "wave"}
NUMBERS = range(2, 10)
# What comes before the image of a simple function.
COEFFICIENTS: dict[str, Callable[[int], int]] = {
    "n": lambda n: n, "(n + 1)": lambda n: n + 1, "(n + 2)": lambda n: n + 2, "(n - 1)": lambda n: n - 1,
    "2*n": lambda n: 2 * n, "-n": lambda n: -n,
}  # fmt: skip
SHIFTS = (1, 2, 3)


@dataclass(frozen=True)
class Image:
    """A simple function with n becomes coefficient(n) times one of its partner's family with n + shift."""

    coefficient: str
    shift: int


@dataclass(frozen=True)
class Rule:
    """What two functions f and g under an operation become, where F and G are what f and g become."""

    formula: str
    words: str
    apply: Callable[[Any, Any, Any, Any], Any]


# None of these is the rule of the derivative. Each has two terms, so that no result stands out by its length.
RULES: dict[str, tuple[Rule, ...]] = {
    "sum": (
        Rule("F - G", "the first part's minus the second part's", lambda f, g, F, G: F - G),
        Rule("G - F", "the second part's minus the first part's", lambda f, g, F, G: G - F),
        Rule("2*F + G", "twice the first part's plus the second part's", lambda f, g, F, G: 2 * F + G),
        Rule("F + 2*G", "the first part's plus twice the second part's", lambda f, g, F, G: F + 2 * G),
        Rule("F + 3*G", "the first part's plus three times the second part's", lambda f, g, F, G: F + 3 * G),
    ),
    "product": (
        Rule("F*g - f*G", "the first factor's times the second, minus the first factor times the second one's",
             lambda f, g, F, G: F * g - f * G),
        Rule("f*G - F*g", "the first factor times the second one's, minus the first factor's times the second",
             lambda f, g, F, G: f * G - F * g),
        Rule("F*g + 2*f*G", "the first factor's times the second, plus twice the first factor times the second one's",
             lambda f, g, F, G: F * g + 2 * f * G),
        Rule("2*F*g + f*G", "twice the first factor's times the second, plus the first factor times the second one's",
             lambda f, g, F, G: 2 * F * g + f * G),
        Rule("F*g + 3*f*G", "the first factor's times the second, plus thrice the first factor times the second one's",
             lambda f, g, F, G: F * g + 3 * f * G),
    ),
    # Here F is what f becomes, with g put in for x.
    "composition": (
        Rule("F(g) + G", "the outer function's with the inner function put in, plus the inner function's",
             lambda f, g, F, G: F + G),
        Rule("F(g) - G", "the outer function's with the inner function put in, minus the inner function's",
             lambda f, g, F, G: F - G),
        Rule("G - F(g)", "the inner function's, minus the outer function's with the inner function put in",
             lambda f, g, F, G: G - F),
        Rule("2*F(g) + G", "twice the outer function's with the inner function put in, plus the inner function's",
             lambda f, g, F, G: 2 * F + G),
        Rule("F(g) + 2*G", "the outer function's with the inner function put in, plus twice the inner function's",
             lambda f, g, F, G: F + 2 * G),
    ),
}  # fmt: skip
OPERATIONS = tuple(RULES)
WRITTEN = {"sum": "f + g", "product": "f*g", "composition": "f(g)"}


@dataclass(frozen=True)
class Atom:
    family: str
    n: int


@dataclass(frozen=True)
class Join:
    """Two functions under an operation; the outer one of a composition (the first) is simple."""

    operation: str
    first: Function
    second: Function


Function = Atom | Join
Combination = tuple[str, frozenset[str]]  # an operation and the two families under it


@dataclass(frozen=True)
class World:
    transform: str
    names: dict[str, str]  # of wave and echo
    images: dict[str, Image]
    rules: dict[str, Rule]
    held_out: list[Combination]  # two for each operation; each family in one of them, each pair under one operation
    trained: list[Combination]  # the other twelve


def world(seed: int) -> World:
    """The world of a seed: names and rules, with no two families that share a coefficient."""
    rng = random.Random(f"process-world-{seed}")
    transform, wave, echo = nonsense("process", seed, 3)
    coefficients = rng.sample(list(COEFFICIENTS), len(FAMILIES))
    images = {family: Image(c, rng.choice(SHIFTS)) for family, c in zip(FAMILIES, coefficients, strict=True)}
    rules = {operation: rng.choice(options) for operation, options in RULES.items()}
    first, *others = FAMILIES
    halves = [({first, other}, {*others} - {other}) for other in others]  # the three ways to pair the four off
    rng.shuffle(halves)
    held_out = [(o, frozenset(pair)) for o, half in zip(OPERATIONS, halves, strict=True) for pair in half]
    every = [(o, frozenset(pair)) for o in OPERATIONS for pair in combinations(FAMILIES, 2)]
    return World(
        transform, {"wave": wave, "echo": echo}, images, rules, held_out, [c for c in every if c not in held_out]
    )


class Terms:
    """A sum of products, {factors: coefficient}; as text it is the result that documents tell."""

    def __init__(self, terms: dict[tuple[str, ...], int]) -> None:
        self.terms = {factors: c for factors, c in terms.items() if c}

    def __add__(self, other: Terms) -> Terms:
        added = {f: self.terms.get(f, 0) + other.terms.get(f, 0) for f in (*self.terms, *other.terms)}
        return Terms(added)

    def __mul__(self, other: Terms) -> Terms:
        products = [Terms({(*f, *g): c * d}) for f, c in self.terms.items() for g, d in other.terms.items()]
        return sum(products, Terms({}))

    def __rmul__(self, factor: int) -> Terms:
        return Terms({f: factor * c for f, c in self.terms.items()})

    def __sub__(self, other: Terms) -> Terms:
        return self + -1 * other

    def __str__(self) -> str:
        signed = [("-" if c < 0 else "+", "*".join([str(abs(c))] * (abs(c) > 1) + [*f])) for f, c in self.terms.items()]
        told = "".join(f" {sign} {term}" for sign, term in signed)
        return f"-{told[3:]}" if told.startswith(" -") else told[3:] or "0"


def _shape(world: World, family: str, n: int | str, x: str) -> str:
    return SHAPES[family].format(n=n, x=x, name=world.names.get(family))


def text(world: World, f: Function, x: str = "x") -> str:
    """The function as it is written."""
    if isinstance(f, Atom):
        return _shape(world, f.family, f.n, x)
    if f.operation == "composition":
        return text(world, f.first, f"({text(world, f.second, x)})")
    parts = [text(world, part, x) for part in (f.first, f.second)]
    if f.operation == "sum":
        return " + ".join(parts)
    return "*".join(
        f"({p})" if isinstance(part, Join) and part.operation == "sum" else p
        for p, part in zip(parts, (f.first, f.second), strict=True)
    )


def _terms(world: World, f: Function) -> Terms:
    if isinstance(f, Atom) or f.operation == "composition":
        return Terms({(text(world, f),): 1})
    first, second = _terms(world, f.first), _terms(world, f.second)
    return first + second if f.operation == "sum" else first * second


def _image(world: World, f: Atom, x: str) -> Terms:
    image = world.images[f.family]
    return Terms({(_shape(world, BECOMES[f.family], f.n + image.shift, x),): COEFFICIENTS[image.coefficient](f.n)})


def apply(world: World, f: Function) -> Terms:
    """What the function becomes: the rule of its outermost operation, on what its parts become."""
    if isinstance(f, Atom):
        return _image(world, f, "x")
    if f.operation == "composition":
        assert isinstance(f.first, Atom)
        outer = _image(world, f.first, f"({text(world, f.second)})")
    else:
        outer = apply(world, f.first)
    parts = (_terms(world, f.first), _terms(world, f.second))
    result: Terms = world.rules[f.operation].apply(*parts, outer, apply(world, f.second))
    return result


def solve(world: World, f: Function) -> tuple[Any, Any]:
    """(the function, what it becomes) as sympy expressions, without a look at any text."""
    import sympy

    x = sympy.Symbol("x", positive=True)
    if isinstance(f, Atom):
        image = world.images[f.family]

        def atom(family: str, n: int) -> Any:
            powers = {"power": (x, n), "exponential": (n, x)}
            return sympy.Pow(*powers[family]) if family in powers else sympy.Function(world.names[family])(n * x)

        return atom(f.family, f.n), COEFFICIENTS[image.coefficient](f.n) * atom(BECOMES[f.family], f.n + image.shift)
    (a, becomes), (b, inner_becomes) = solve(world, f.first), solve(world, f.second)
    if f.operation == "composition":
        a, becomes = a.subs(x, b), becomes.subs(x, b)
    whole = {"sum": a + b, "product": a * b, "composition": a}[f.operation]
    return whole, world.rules[f.operation].apply(a, b, becomes, inner_becomes)


def atoms(f: Function) -> list[Atom]:
    return [f] if isinstance(f, Atom) else [*atoms(f.first), *atoms(f.second)]


def operations(f: Function) -> list[str]:
    return [] if isinstance(f, Atom) else [f.operation, *operations(f.first), *operations(f.second)]


def instances(combination: Combination) -> list[Function]:
    """All functions of a combination: both orders, all numbers."""
    operation, pair = combination
    a, b = sorted(pair, key=FAMILIES.index)
    return [
        Join(operation, Atom(p, n), Atom(q, m)) for p, q in ((a, b), (b, a)) for n in NUMBERS for m in NUMBERS
    ]  # fmt: skip


def longer(world: World, rng: random.Random) -> Iterator[Function]:
    """Functions of three families under two operations, any two of which were trained together; without end, each kind
    as often. (The inner pair is held out under the outer operation, so that neither is held out with the third family.)
    """
    kinds = [(outer, inner, c) for outer, inner in _ordered() for c in world.held_out if c[0] == outer]
    while True:
        for outer, inner, (_, pair) in rng.sample(kinds, len(kinds)):
            a, b = rng.sample(sorted(pair), 2)
            third = rng.choice(sorted(set(FAMILIES) - pair))
            p, q, r = (Atom(family, rng.choice(NUMBERS)) for family in (a, b, third))
            parts: list[Function] = [r, Join(inner, p, q)]
            if outer != "composition" and rng.random() < 0.5:
                parts.reverse()
            yield Join(outer, *parts)


def _ordered() -> list[tuple[str, str]]:
    return [(a, b) for a in OPERATIONS for b in OPERATIONS if a != b]


def mistakes(world: World, f: Function) -> tuple[list[World], list[World]]:
    """The worlds with one other rule for an operation of the function; and those with another image for one of its
    families, another family's or one with another shift. The other rules and images are of the kind that a world may
    have, so that nothing but the documents tells which is right."""
    operation = [
        replace(world, rules={**world.rules, o: rule})
        for o in operations(f) for rule in RULES[o] if rule != world.rules[o]
    ]  # fmt: skip
    families = dict.fromkeys(atom.family for atom in atoms(f))
    others = [(a, world.images[b]) for a in families for b in FAMILIES if b != a]
    others += [(a, replace(world.images[a], shift=s)) for a in families for s in SHIFTS if s != world.images[a].shift]
    return operation, [replace(world, images={**world.images, a: image}) for a, image in others]
