"""Formulas: read from untrusted text without ever failing or hanging, written back, and compared."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augtune import algebra
from augtune.algebra import Tree, canonical, comparable, equal, leading, read, scan, written


def tree(text: str) -> Tree:
    found = read(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("3*x^5 - 2*3^x", "-2*3^x + 3x^5"),
        ("3 \\cdot x^{5}", "3·x⁵"),
        ("$2 \\times (x + 1)$", "2(x+1)"),
        ("x**2*x**3", "x^5"),
        ("6^x", "2^x*3^x"),
        ("8^x", "(2^x)^3"),
        ("2*2^x", "2^(x+1)"),
        ("-x^2", "-(x^2)"),
        ("2^x^2", "2^(x^2)"),
        ("1/2x", "x/2"),
        ("x − (y - z)", "x - y + z"),
        ("glon(2*x)*troff(3x)", "TROFF(3*x) glon(2*x)".replace(") g", ")*g")),
        ("glon(2*(x + 1))", "glon(2x + 2)"),
        ("(x^2 - 1)/(x + 1)", "x - 1"),
        ("(x + 1)^60*(x + glon(x) + 2^x + y)^60", "(x + glon(x) + y + 2^x)^60*(1 + x)^60"),
    ],
)
def test_equal(text: str, same: str) -> None:
    assert equal(tree(text), tree(same))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("x^63", "x^64"), ("3*x^5", "5*x^3"), ("-x^2", "(-x)^2"), ("2^x^2", "(2^x)^2"), ("glon(x)", "troff(x)"),
        ("glon(2*x)", "2*glon(x)"), ("2^x*3^x", "5^x"), ("x - (y - z)", "x - y - z"), ("x", "y"), ("2.5", "2.50001"),
        ("(x + 1)^60*(x + glon(x) + 2^x + y)^60", "(x + 1)^60*(x + glon(x) + 2^x + y)^59"),
    ],
)  # fmt: skip
def test_unequal(text: str, other: str) -> None:
    assert not equal(tree(text), tree(other))


NOTHING = [
    "", "x +", "the", "x y", "(x", "f()", "3*x^5 and", "x^", "*x", "1..2", "import os", "x=3", "1234567890123",
    "(" * 500 + "x" + ")" * 500, "-" * 500 + "x", "+".join("x" * 300),
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_expression_is_not_read(text: str) -> None:
    assert read(text) is None


HUGE = [
    "9^9^9^9", "2^(x+1000000000)", "(x+1)^(x+1000000)", "(((2^(x+1))^64)^64)^64", "2^(1000000000-x)*2^x", "f(9^9^9)",
    "(x+y+a+b+c)^(30+30)", "((x+1)^30+(y+1)^30)^30", "9^9^9^9^x", "9^(9^(9^(9^(9^x))))", "999999999999^64", "1/0",
    "0^0", "0^(-1)", "(x-x)^(-1)", "1/(x-x)", "(-2)^x", "(-2)^(1/2)", "x^0.00000001", "1^(9^99)", "((x^64)^64)^64",
    "(0*x)^x", "*".join(f"(x+{c})" for c in "abcdefghijklmnopqrs"), "2^((x^64)^64)", "(1/999999999999)^(1/3)^x",
]  # fmt: skip


@pytest.mark.parametrize("text", HUGE)
def test_nothing_is_computed_that_takes_long(text: str) -> None:
    canonical(tree("x^2"))  # imports sympy
    begun = time.process_time()
    assert not equal(tree(text), tree("x + 1"))
    assert time.process_time() - begun < 2


def test_answers_that_cannot_be_compared_are_told_beforehand() -> None:
    assert comparable("3*x^2 - sin(x)")
    assert not any(map(comparable, ["forty-two", "9^9^9^9", "1/0", ""]))


def test_an_answer_is_what_a_text_begins_with() -> None:
    for text in ("3*x^5", " = 3*x^5. The next one is 2.", "3*x^5, since", "3*x^5 and so on", "$3x^5$"):
        found = leading(text)
        assert found is not None
        assert written(found) == "3*x^5"
    for text in ("The answer is 3*x^5", "3*x^5 -", "3*x^5*2^", "3*x^5(", "3*x5", ""):
        assert leading(text) is None


def test_scan_finds_expressions_in_prose() -> None:
    text = "The sirum of x^3 is 3*x^5, and that of 2^x (see above) is 2*3^x - so -5. Sirum(2x) = glon(2x)"
    assert [written(t) for t in scan(text)] == ["x^3", "3*x^5", "2^x", "2*3^x", "-5", "sirum(2*x)", "glon(2*x)"]
    assert len(list(scan("x, " * 100, limit=7))) == 7


def test_canonical_is_the_same_for_the_same() -> None:
    assert canonical(tree("3*x^5*2^x - x^3*2*3^x")) == canonical(tree("-2*x^3*3^x + 2^x*x^5*3"))
    assert canonical(tree("9^9^9^9")) is None


def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.tuples(st.sampled_from("+-*/^"), inner, inner),
        st.tuples(st.just("neg"), inner),
        st.tuples(st.just("call"), st.sampled_from(["f", "glon"]), inner),
    )


leaves: Any = st.one_of(
    st.tuples(st.just("number"), st.integers(0, 99).map(str)), st.tuples(st.just("letter"), st.sampled_from("xyn"))
)
trees = st.recursive(leaves, grown, max_leaves=12)


@given(trees)
def test_what_is_written_is_read_as_the_same(made: Tree) -> None:
    assert read(written(made)) == made


@settings(deadline=None, max_examples=60)
@given(trees, trees)
def test_order_does_not_matter(a: Tree, b: Tree) -> None:
    """Whatever the sizes: sums and products commute, or cannot be compared; nothing raises."""
    for sign in "+*":
        assert equal((sign, a, b), (sign, b, a)) or not equal((sign, a, b), (sign, a, b))


@settings(deadline=None)
@given(st.text(st.sampled_from("0123x yfg()^*+-/.=,²·{}$\\ab\n"), max_size=80))
def test_no_text_raises(text: str) -> None:
    for found in (read(text), leading(text), *scan(text)):
        if found is not None:
            equal(found, found)


def test_limits_are_of_the_text_too() -> None:
    assert len(algebra.plain("x" * 10_000)) == algebra.LENGTH
