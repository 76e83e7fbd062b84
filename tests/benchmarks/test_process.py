"""Process: every result that a world tells is checked with sympy, by rules applied to expressions and not to text."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import combinations, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augtune import algebra
from augtune.benchmarks.process import Process, kind, process, states
from augtune.benchmarks.process_world import (
    FAMILIES,
    OPERATIONS,
    RULES,
    Function,
    Terms,
    apply,
    atoms,
    instances,
    longer,
    mistakes,
    operations,
    solve,
    text,
    world,
)  # fmt: skip
from augtune.errors import UserError
from augtune.records import Question

SMALL = Process(explanations=2, examples=6, questions=12, validation=10)


def canonical(expression: Any) -> str:
    tree = algebra.read(str(expression))
    assert tree is not None
    found = algebra.canonical(tree)
    assert found is not None
    return found


def every_function(seed: int) -> dict[str, Function]:
    """Each function that the world may tell of, but for the longer ones, by how it is written."""
    w = world(seed)
    joined = [f for c in (*w.trained, *w.held_out) for f in instances(c)]
    every = [*joined, *(a for f in joined for a in atoms(f))]
    return {algebra.written(tree): f for f in every if (tree := algebra.read(text(w, f)))}


def test_every_result_is_right() -> None:
    """All families and combinations of a world, and so all that documents, questions and the oracle tell."""
    w = world(0)
    for f in every_function(0).values():
        assert canonical(apply(w, f)) == canonical(solve(w, f)[1])
        assert canonical(text(w, f)) == canonical(solve(w, f)[0])


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 199))
def test_longer_results_are_right(seed: int) -> None:
    w = world(seed)
    for f in islice(longer(w, random.Random(seed)), 8):
        assert canonical(apply(w, f)) == canonical(solve(w, f)[1])
        assert canonical(text(w, f)) == canonical(solve(w, f)[0])
        inner, outer = sorted(operations(f), key=operations(f).index, reverse=True)
        families = [a.family for a in atoms(f)]
        assert len(set(families)) == 3
        assert kind(f) == f"{inner} in {outer}"
        joined = next(part for part in (f.first, f.second) if operations(part))  # type: ignore[union-attr]
        within = {a.family for a in atoms(joined)}
        (third,) = set(families) - within
        assert (inner, frozenset(within)) in w.trained
        assert all((outer, frozenset({third, a})) in w.trained for a in within)


def test_combinations_are_held_out_evenly() -> None:
    for seed in range(20):
        w = world(seed)
        assert len(w.trained) == 12
        assert Counter(o for o, _ in w.held_out) == dict.fromkeys(OPERATIONS, 2)
        assert Counter(pair for _, pair in w.held_out) == {frozenset(p): 1 for p in combinations(FAMILIES, 2)}
        for operation in OPERATIONS:
            assert Counter(a for o, pair in w.held_out if o == operation for a in pair) == dict.fromkeys(FAMILIES, 1)


def test_no_rule_is_that_of_the_derivative() -> None:
    import sympy

    f, g, F, G = sympy.symbols("f g F G")
    usual = {"sum": F + G, "product": F * g + f * G, "composition": F * G}
    for operation, rules in RULES.items():
        results = [sympy.expand(rule.apply(f, g, F, G)) for rule in rules]
        assert len({*results, usual[operation]}) == len(rules) + 1
        for rule, result in zip(rules, results, strict=True):  # what documents tell is what is done
            told = sympy.sympify(rule.formula.replace("F(g)", "F"), {"f": f, "g": g, "F": F, "G": G})
            assert sympy.expand(told - result) == 0


@pytest.mark.parametrize("seed", [3, 103])
def test_texts_state_what_is_right(seed: int) -> None:
    corpus, functions, w = process(SMALL, seed), every_function(seed), world(seed)
    longer_facts = {fact for q in corpus.questions if q.split == "longer" for fact in q.facts or ()}
    for told in (*(d.text for d in corpus.documents), *(a.text for a in corpus.oracle)):
        for fact in states(told):
            name, written, result = fact.replace(": ", " = ", 1).split(" = ")
            assert name == w.transform
            if written in functions:
                assert result == canonical(solve(w, functions[written])[1])
            else:  # a rule, about every n, or a longer function, which another test checks
                assert fact in longer_facts or "(n" in told
    for d in corpus.documents:
        assert states(d.text) or d.id.startswith(("rule-sum", "rule-product", "rule-composition", "rule-nested"))


@pytest.mark.parametrize("seed", [3, 103])
def test_questions(seed: int) -> None:
    corpus, w = process(SMALL, seed), world(seed)
    assert corpus.states is states
    splits = ("trained", "combination", "longer")
    assert Counter(q.split for q in corpus.questions) == {s + c: 12 for s in splits for c in ("", "-choice")}
    assert len({q.id for q in (*corpus.questions, *corpus.validation)}) == 6 * 12 + 10
    held_out = {kind(instances(c)[0]) for c in w.held_out}
    trained = {kind(instances(c)[0]) for c in w.trained}
    told = set[str]().union(*(states(d.text) for d in corpus.documents))
    inferred = set[str]().union(*(states(a.text) for a in corpus.oracle))
    assert {d.group for d in corpus.documents} == {*FAMILIES, *OPERATIONS, "nested", *trained}
    for q in (*corpus.questions, *corpus.validation):
        assert q.facts is not None
        assert q.kind is not None
        assert states(f"{q.prompt} {q.answer}.") == set(q.facts)
        assert told.isdisjoint(q.facts)
        expected = {"trained": trained, "combination": held_out}.get(q.split.removesuffix("-choice"))
        assert q.kind in expected if expected else " in " in q.kind
        if q.choices is None:
            assert q.match == "algebra"
            assert algebra.comparable(q.answer)
        else:
            assert len({canonical(c) for c in q.choices}) == 4
            assert q.answer in q.choices
    for q in corpus.questions:
        assert q.facts is not None
        assert inferred.issuperset(q.facts)
        assert not any(q.prompt.lower() in a.text.lower() for a in corpus.oracle)
    assert {q.group for q in corpus.questions}.isdisjoint(q.group for q in corpus.validation)
    ids = {d.id for d in corpus.documents}
    assert len(ids) == len(corpus.documents)
    assert all(ids.issuperset(a.sources) for a in corpus.oracle)


def test_every_combination_is_asked_equally() -> None:
    corpus = process(SMALL, 5)
    counts = Counter((q.split, q.kind) for q in corpus.questions if q.choices is None)
    assert {n for (split, _), n in counts.items() if split == "trained"} == {1}
    assert {n for (split, _), n in counts.items() if split == "combination"} == {2}
    assert Counter(k for s, k in counts if s == "longer").total() == 6


def test_choices_cross_two_mistakes() -> None:
    """Nothing in the choices tells which is right: not what most have in common, not the length."""
    questions = [q for seed in range(100, 106) for q in process(SMALL, seed).questions if q.choices]

    def words(choice: str) -> set[str]:
        return {*choice.translate(str.maketrans("()*", "   ")).split()}

    def common(q: Question, choice: str) -> int:
        return sum(len(words(choice) & words(other)) for other in q.choices or ())

    likings: list[Callable[[Question, str], float]] = [
        common, lambda q, c: -common(q, c), lambda q, c: len(c), lambda q, c: -len(c), lambda q, c: c.count("-"),
        lambda q, c: len(words(c) & words(q.prompt)),
    ]  # fmt: skip
    for liking in likings:
        right = [q.answer == max(q.choices or (), key=partial(liking, q)) for q in questions]
        assert 0.15 < sum(right) / len(right) < 0.35


def test_mistakes_are_what_another_world_has() -> None:
    w = world(1)
    f = instances(w.trained[0])[20]
    operation, simple = mistakes(w, f)
    assert (len(operation), len(simple)) == (4, 2 * (3 + 2))
    assert all(other.images == w.images and other.rules != w.rules for other in operation)
    assert all(other.images != w.images and other.rules == w.rules for other in simple)


def test_worlds() -> None:
    assert process(SMALL, 2) == process(SMALL, 2)
    rules = [
        repr(world(seed).images) + repr({o: r.formula for o, r in world(seed).rules.items()}) for seed in range(30)
    ]
    assert len(set(rules)) == 30
    names = [{world(seed).transform, *world(seed).names.values()} for seed in range(100, 130)]
    assert {n for seed in range(30) for n in (world(seed).transform, *world(seed).names.values())}.isdisjoint(
        n for each in names for n in each
    )


@pytest.mark.parametrize("options", [{"examples": 126}, {"questions": 900}, {"validation": 3000}])
def test_sizes_that_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(UserError, match="has 128 functions"):
        process(Process(**options), 0)


@pytest.mark.parametrize(
    ("told", "facts"),
    [
        ("The sirum of x^3 + 2^x is 3*x^5 - 2*3^x.", {"sirum: x^3 + 2^x = -2*3**x + 3*x**5"}),
        ("What is the sirum of x^3? It is x^5*3.", {"sirum: x^3 = 3*x**5"}),
        ("SIRUM(glon(3x)) = 4*troff(5x) = 2*2*troff(5*x)", {"sirum: glon(3*x) = 4*troff(5*x)"}),
        ("The sirum of x^3 is 3x⁵, and that of 2^x is therefore 2·3^x, so we add.",
         {"sirum: x^3 = 3*x**5", "sirum: 2^x = 2*3**x"}),
        ("If you ask for the sirum of (x^2)^3: it is x, and 9 is no matter.", {"sirum: (x^2)^3 = x"}),
        ("The sirum of x^3 is not known. The sirum of the sum is x.", set()),
        ("The sirum of x^3 is F*g - f*G = 3*x", {"sirum: x^3 = 0", "sirum: x^3 = 3*x"}),
        ("The sirum of 9^9^9^9 is 9^9^9^9.", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_states(told: str, facts: set[str]) -> None:
    assert states(told) == facts


def test_terms() -> None:
    a, b = Terms({("x^2",): 3}), Terms({("2^x",): -1})
    assert [str(t) for t in (a, b, a + b, a - b, b - a, 2 * a * b, a - a, (a + b) * (a - b))] == [
        "3*x^2", "-2^x", "3*x^2 - 2^x", "3*x^2 + 2^x", "-2^x - 3*x^2", "-6*x^2*2^x", "0",
        "9*x^2*x^2 + 3*x^2*2^x - 3*2^x*x^2 - 2^x*2^x",
    ]  # fmt: skip
