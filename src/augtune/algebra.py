"""Expressions in one-line algebra, such as 3*x^5 - glon(2*x): read from texts that a model wrote, and compared.

What is read is not trusted: a parser of its own, bounded in length, depth and size of numbers, builds a tree; nothing
is ever evaluated as code. Single letters are variables, names before a bracket are functions of which nothing is known;
2x and 2(x + 1) are products; ** is ^. Trees become sympy expressions, of positive variables, for comparison.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from math import ceil, comb, exp, log, prod
from typing import Any

# ("number", text), ("letter", x), ("call", name, tree), ("neg", tree), or (one of + - * / ^, tree, tree)
Tree = tuple[Any, ...]

LENGTH = 2000  # characters that are looked at
NODES = 200  # of an expression
DEPTH = 40
DIGITS = 12
EXPONENT = 64  # the largest number in an exponent
DEGREE = 4096  # of all, multiplied out
BITS = 512  # of a power of numbers
TERMS = 1000  # of an expression that is multiplied out
POINTS = 5  # where two expressions must agree

_token = re.compile(r" *(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z]+)|(?P<sign>[-+*/^()]))")
_factor = re.compile(r"[a-z(]")  # without a space before it: 2x, 2(x + 1)
_unfinished = re.compile(r" *[-+*/^(]|[a-z0-9]|\.\d")
_beginning = re.compile(r"(?<![a-z0-9])[-a-z0-9(]")
_superscripts = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_signs = str.maketrans({**dict.fromkeys("·×⋅∙", "*"), **dict.fromkeys("−–", "-"), **dict.fromkeys("{[", "("),
                        **dict.fromkeys("}]", ")"), **dict.fromkeys("$`", None)})  # fmt: skip


class Unreadable(Exception):
    """The text is no expression, or one that is too large to be looked at. Never leaves this module."""


class _Reader:
    """Recursive descent. Reads the longest expression that starts at `at`, and stands behind it then."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at, self.nodes = text, at, 0

    def sum(self, depth: int = 0) -> Tree:
        return self._chain("+-", self.product, depth)

    def product(self, depth: int) -> Tree:
        return self._chain("*/", self.signed, depth)

    def _chain(self, signs: str, part: Any, depth: int) -> Tree:
        tree: Tree = part(depth)
        while True:
            before = self.at
            sign = self._take(signs)
            if sign is None and not ("*" in signs and _factor.match(self.text, self.at)):
                return tree
            try:
                tree = self._node(sign or "*", tree, part(depth))
            except _NoOperand:  # a dash of the prose, a bracket behind the expression
                self.at = before
                return tree

    def signed(self, depth: int) -> Tree:
        if depth > DEPTH:
            raise Unreadable
        if self._take("-"):
            return self._node("neg", self.signed(depth + 1))
        base = self.atom(depth)
        return self._node("^", base, self.signed(depth + 1)) if self._take("^") else base

    def atom(self, depth: int) -> Tree:
        found = _token.match(self.text, self.at)
        if not found:
            raise _NoOperand
        self.at = found.end()
        if number := found["number"]:
            if len(number) > DIGITS:
                raise Unreadable
            return self._node("number", number)
        if name := found["name"]:
            if self.text.startswith("(", self.at) and (len(name) > 1 or name in "fgh"):
                self.at += 1
                return self._node("call", name, self._closed(depth))
            if len(name) == 1:
                return self._node("letter", name)
        elif found["sign"] == "(":
            return self._closed(depth)
        raise _NoOperand

    def _closed(self, depth: int) -> Tree:
        inside = self.sum(depth + 1)
        if not self._take(")"):
            raise _NoOperand
        return inside

    def _take(self, signs: str) -> str | None:
        found = _token.match(self.text, self.at)
        if not found or not found["sign"] or found["sign"] not in signs:
            return None
        self.at = found.end()
        return found["sign"]

    def _node(self, *parts: Any) -> Tree:
        self.nodes += 1
        if self.nodes > NODES:
            raise Unreadable
        return parts


class _NoOperand(Unreadable):
    pass


def plain(text: str) -> str:
    """The text in lower case, with other ways to write the signs made one; what the functions below look at."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(_superscripts), text[:LENGTH].lower())
    text = re.sub(r"\\(?:cdot|times)\b", "*", text).replace("**", "^")
    return re.sub(r"\s+", " ", re.sub(r"\\(?:left|right|,|\(|\))", "", text).translate(_signs))


def start(text: str, at: int = 0) -> tuple[Tree, int] | None:
    """The longest expression from a place in a plain text on, and where it ends; None if none starts there."""
    reader = _Reader(text, at)
    try:
        return reader.sum(), reader.at
    except Unreadable:
        return None


def read(text: str) -> Tree | None:
    """The expression that the text is; None if it is none."""
    text = plain(text).strip()
    found = start(text)
    return found[0] if found and found[1] == len(text) else None


def leading(text: str) -> Tree | None:
    """The expression that the text begins with, as an answer does; None if there is none, or if it breaks off."""
    text = plain(text).lstrip(" =:")
    found = start(text)
    return found[0] if found and not _unfinished.match(text, found[1]) else None


def scan(text: str, limit: int = 20) -> Iterator[Tree]:
    """The expressions in a text, outermost ones, one after the other; at most `limit`."""
    text, at = plain(text), 0
    while limit and (beginning := _beginning.search(text, at)):
        found = start(text, beginning.start())
        at = found[1] if found else beginning.end()
        if found:
            limit -= 1
            yield found[0]


_strength = {"+": 1, "-": 1, "neg": 1, "*": 2, "/": 2, "^": 3}


def written(tree: Tree, least: int = 0) -> str:
    """The expression as it was written, but for spaces and needless brackets (needed: below strength `least`)."""
    kind, *parts = tree
    if kind in ("number", "letter"):
        return str(parts[0])
    if kind == "call":
        return f"{parts[0]}({written(parts[1])})"
    strength = _strength[kind]
    if kind == "neg":
        text = f"-{written(parts[0], 3)}"
    else:
        left, right = strength + (kind == "^"), strength + (kind != "^")
        space = " " if strength == 1 else ""
        text = f"{written(parts[0], left)}{space}{kind}{space}{written(parts[1], right)}"
    return f"({text})" if strength < least else text


def canonical(tree: Tree) -> str | None:
    """The expression multiplied out, in sympy's order; None if it is too large. Equal expressions nearly always have
    the same; `equal` decides."""
    import sympy

    try:
        _measure(tree)
        return str(sympy.expand(_symbolic(tree)))
    except Unreadable:
        return None


def equal(a: Tree, b: Tree) -> bool:
    """Are the expressions the same function? They are if sympy multiplies them out to the same, or if they agree to 20
    digits at 5 places that are drawn once (different ones of this size do not). What cannot be compared is unequal."""
    first = canonical(a)
    if first is not None and first == canonical(b):
        return True
    try:
        return all(_same(_value(a, place), _value(b, place)) for place in range(POINTS))
    except Unreadable:
        return False


def comparable(text: str) -> bool:
    """Is the text an expression that answers can be compared with?"""
    tree = read(text)
    return tree is not None and equal(tree, tree)


def _measure(tree: Tree) -> tuple[float, float, float]:
    """Upper bounds of what sympy will meet when it multiplies out: (sum of the coefficients, exponent, terms), a number
    below 1 counting as its inverse. Raises Unreadable if the expression, or a part of it, is too large."""
    kind, *parts = tree
    if kind == "number":
        number = float(parts[0]) or 1.0
        return max(number, 1 / number), 1, 1
    if kind == "letter":
        return 1, 1, 1
    measured = [_measure(p) for p in parts if isinstance(p, tuple)]
    (mass, degree, terms), (mass2, degree2, terms2) = measured[0], measured[-1]
    if kind == "call":
        return 1, 1, 1
    if kind in "+-":
        mass, degree, terms = mass + mass2, max(degree, degree2), terms + terms2
    elif kind in "*/":
        mass, degree, terms = mass * mass2, degree + degree2, terms * terms2
    elif kind == "^":
        if mass2 > EXPONENT:
            raise Unreadable
        power = ceil(mass2)
        terms = comb(int(terms) + power - 1, power)
        mass, degree = exp(min(log(mass) * mass2, 100)), degree * mass2
    if terms > TERMS or degree > DEGREE:
        raise Unreadable
    return mass, degree, terms


def _symbolic(tree: Tree) -> Any:
    """The sympy expression. Raises Unreadable where it would have to compute with huge numbers, or is undefined."""
    import sympy

    kind, *parts = tree
    if kind == "number":
        return sympy.Rational(parts[0])
    if kind == "letter":
        return sympy.Symbol(parts[0], positive=True)
    if kind == "call":
        return sympy.Function(parts[0])(_symbolic(parts[1]))
    a, b = _symbolic(parts[0]), _symbolic(parts[-1])
    if kind == "neg":
        return -a
    if kind == "/" and b == 0:
        raise Unreadable
    if kind == "^":
        return _power(a, b)
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[kind]()


def _power(a: Any, b: Any) -> Any:
    import sympy

    if b.is_Rational and abs(b) > EXPONENT:
        raise Unreadable
    if a.is_Rational:
        if b.is_Rational and max(a.p.bit_length(), a.q.bit_length()) * abs(b) > BITS:
            raise Unreadable
        if (a < 0 and not b.is_Integer) or (a == 0 and not b.is_positive):
            raise Unreadable
        if a.is_Integer and not b.is_Rational and 1 < a < 10**6:  # 4^x is 2^(2*x), 6^x is 2^x*3^x
            return prod(sympy.Integer(p) ** (k * b) for p, k in sympy.factorint(a).items())
    return a**b


def _value(tree: Tree, place: int) -> Any:
    """The expression's value at one of the places, to 50 digits. Unknown functions are waves of their own. Raises
    Unreadable where the value is undefined, or too large or too exact to compute."""
    import mpmath

    kind, *parts = tree
    with mpmath.workdps(50):
        if kind == "number":
            return mpmath.mpf(parts[0])
        if kind == "letter":
            return mpmath.mpf(_drawn(f"{parts[0]} {place}") + 0.3)
        if kind == "call":
            inner = _value(parts[1], place)
            if abs(inner) > 1e20:
                raise Unreadable
            return 2 + mpmath.sin(_drawn(f"{parts[0]} phase") + (1 + _drawn(f"{parts[0]} pace")) * inner)
        a, b = _value(parts[0], place), _value(parts[-1], place)
        if kind == "neg":
            return -a
        if kind == "/" and b == 0:
            raise Unreadable
        if kind == "^":
            whole = b == int(b) if abs(b) < 1e20 else False
            if (a == 0 and b <= 0) or (a < 0 and not whole) or (a and abs(b * mpmath.log(abs(a))) > 10 * log(10**100)):
                raise Unreadable
            return a ** (int(b) if whole else b)
        return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[kind]()


@cache
def _drawn(what: str) -> float:
    return random.Random(what).random()


def _same(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= 1e-20 * max(abs(a), abs(b)))
