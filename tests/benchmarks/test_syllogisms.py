"""Syllogisms: what follows (checked against a second, independent way to decide it), one answer to each question, and
texts read back into statements."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune.benchmarks import common
from augtune.benchmarks.syllogisms import (
    PHRASES,
    QUANTIFIERS,
    Statement,
    Syllogisms,
    candidates,
    entails,
    forms,
    state,
    states,
    strongest,
    syllogisms,
)  # fmt: skip
from augtune.errors import UserError

PAIRS = list(product(candidates(0, 1), candidates(1, 2)))
# The valid moods of the textbook whose conclusion is no "some are not", with their subalterns; conclusions (subject,
# predicate) are about the ends, the middle term is 1: Barbara, Barbari, Celarent, Cesare, Camestres, Camenes, Darii,
# Datisi, Disamis, Dimatis, Darapti, Bamalip.
TEXTBOOK = {
    (("all", 1, 2), ("all", 0, 1), ("all", 0, 2)), (("all", 1, 2), ("all", 0, 1), ("some", 0, 2)),
    (("no", 1, 2), ("all", 0, 1), ("no", 0, 2)), (("no", 2, 1), ("all", 0, 1), ("no", 0, 2)),
    (("all", 2, 1), ("no", 0, 1), ("no", 0, 2)), (("all", 2, 1), ("no", 1, 0), ("no", 0, 2)),
    (("all", 1, 2), ("some", 0, 1), ("some", 0, 2)), (("all", 1, 2), ("some", 1, 0), ("some", 0, 2)),
    (("some", 1, 2), ("all", 1, 0), ("some", 0, 2)), (("some", 2, 1), ("all", 1, 0), ("some", 0, 2)),
    (("all", 1, 2), ("all", 1, 0), ("some", 0, 2)), (("all", 2, 1), ("all", 1, 0), ("some", 0, 2)),
}  # fmt: skip


def test_what_follows_is_what_the_textbook_lists() -> None:
    found = {
        (major, minor, (q, 0, 2))
        for minor, major in PAIRS for q in QUANTIFIERS
        if entails((major, minor), (q, 0, 2))
    }  # fmt: skip
    assert found == TEXTBOOK


def sets(text: str) -> list[frozenset[int]]:
    return [frozenset(n for n in range(3) if int(c) >> n & 1) for c in text]


def test_what_follows_holds_in_every_world_of_three_things() -> None:
    """Three things are enough to refute what does not follow: each statement needs one witness at most."""

    def true(s: Statement, terms: list[frozenset[int]]) -> bool:
        q, x, y = s[0], terms[s[1]], terms[s[2]]
        return {"all": x <= y, "some": bool(x & y), "no": not x & y}[q]

    worlds = [sets(f"{a}{b}{c}") for a in range(1, 8) for b in range(1, 8) for c in range(1, 8)]
    for pair in PAIRS:
        possible = [w for w in worlds if all(true(p, w) for p in pair)]
        for s in candidates(0, 2):
            assert entails(pair, s) == all(true(s, w) for w in possible)


def test_forms() -> None:
    assert {q: len(found) for q, found in forms().items()} == {"all": 12, "some": 18, "no": 12}
    assert len({frozenset(f[:2]) for found in forms().values() for f in found}) == 11
    assert sum(strongest(pair, 0, 2) is not None for pair in PAIRS) == 11


def test_the_strongest_conclusion_is_as_asked() -> None:
    chain = (("all", 0, 1), ("all", 1, 2))
    assert strongest(chain, 0, 2) == strongest(chain, 2, 0) == ("all", 0, 2)
    assert strongest((("all", 0, 1), ("no", 1, 2)), 2, 0) == ("no", 2, 0)
    assert strongest((("all", 1, 0), ("all", 1, 2)), 0, 2) == ("some", 0, 2)  # by existential import
    assert strongest((("no", 0, 1), ("some", 1, 2)), 0, 2) is None  # only: some 2 are not 0
    assert strongest((("some", 0, 1), ("some", 1, 2)), 0, 2) is None


def test_the_standard_size() -> None:
    corpus = syllogisms(Syllogisms(), 0)
    assert len(corpus.documents) == 69 + 20
    assert Counter(q.split for q in corpus.questions) == {"syllogism": 138, "forward": 138}
    relations = Counter((q.answer.split()[0], q.answer.split()[1] == q.prompt.split()[3])
                        for q in corpus.questions if q.split == "syllogism")  # fmt: skip
    assert relations == {("All", True): 35, ("All", False): 35, ("Some", True): 34, ("No", True): 34}


@pytest.mark.parametrize("seed", [0, 7, 100])
def test_questions_have_one_answer_that_documents_imply_and_do_not_state(seed: int) -> None:
    corpus = syllogisms(Syllogisms(articles=3), seed)
    assert corpus.states is states
    of = {d.group: set[str]() for d in corpus.documents}
    for d in corpus.documents:
        assert d.group is not None
        of[d.group] |= states(d.text)
    inferred = {g: set[str]() for g in of}
    groups = {d.id: d.group for d in corpus.documents}
    for a in corpus.oracle:
        inferred[groups[a.sources[0]] or ""] |= states(a.text)
    for q in (*corpus.questions, *corpus.validation):
        assert q.choices is not None
        assert q.facts is not None
        assert q.group is not None
        assert len(set(q.choices)) == 6
        assert states(q.answer) == set(q.facts)
        terms = q.group.split()
        statements = [fact.split() for fact in of[q.group]]
        assert len(statements) == 2  # every article tells the two premises and nothing else
        premises = tuple((s[0], terms.index(s[1]), terms.index(s[2])) for s in statements)
        follow = []
        for choice in q.choices:
            (fact,) = states(choice)
            quantifier, x, y = fact.split()
            if entails(premises, (quantifier, terms.index(x), terms.index(y))):
                follow.append((quantifier, x, y))
        answer = tuple(q.facts[0].split())
        assert answer in follow
        if answer[0] == "all":
            assert {f[0] for f in follow} == {"all", "some"}
            assert [f for f in follow if f[0] == "all"] == [answer]
        else:  # and its mirror image, out of the heading's order
            assert sorted(follow) == sorted([answer, (answer[0], answer[2], answer[1])])
            assert q.prompt.endswith(f"between {answer[1]} and {answer[2]} are:")
        assert (set(q.facts) <= of[q.group]) == (q.split == "forward")
        assert set(q.facts) <= inferred[q.group]


def test_validation_shares_no_word_with_what_is_tested() -> None:
    corpus = syllogisms(Syllogisms(), 1)
    tested, validated = (
        {w for q in qs for w in (q.group or "").split()} for qs in (corpus.questions, corpus.validation)
    )
    assert len(tested) == 3 * 69
    assert len(validated) == 3 * 20
    assert tested.isdisjoint(validated)


def test_symmetric_statements_of_documents_name_words_in_the_order_of_the_heading() -> None:
    for d in syllogisms(Syllogisms(articles=10), 3).documents:
        for quantifier, x, y in (fact.split() for fact in states(d.text)):
            assert quantifier == "all" or d.text.index(x) < d.text.index(y)


def test_worlds() -> None:
    assert syllogisms(Syllogisms(), 4) == syllogisms(Syllogisms(), 4)
    first, other, second = ({d.group for d in syllogisms(Syllogisms(), s).documents} for s in (4, 5, 104))
    assert first != other
    assert {w for g in first for w in (g or "").split()}.isdisjoint(w for g in second for w in (g or "").split())
    with pytest.raises(UserError, match="nonsense words"):
        syllogisms(Syllogisms(examples=260), 0)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("All troff are yomp.", {"all troff yomp"}),
        ("Every single troff is an omp", {"all troff omp"}),
        ("So each and every troff is also a yomp.", {"all troff yomp"}),
        ("All of the troff are yomp!", {"all troff yomp"}),
        ("Therefore, troff are yomp.", {"all troff yomp"}),
        ("Troff are all yomp.", {"all troff yomp"}),
        ("Some yomp are troff; a few of the glon are dax.", {"some yomp troff", "some glon dax"}),
        ("There are yomp which are troff.", {"some yomp troff"}),
        ("No X are Y", {"no x y"}),
        ("None of the troff are yomp, and not one dax is a glon.", {"no troff yomp", "no dax glon"}),
        ("Troff are never yomp. Glon are not dax.", {"no troff yomp", "no glon dax"}),
        ("There are no troff that are yomp.", {"no troff yomp"}),
        ("Some troff are not yomp.", set()),
        ("Not all troff are yomp.", set()),
        ("It is not true that every troff is a yomp.", set()),
        ("It doesn't follow that some troff are yomp.", set()),
        ("It is not so, for no troff are yomp.", {"no troff yomp"}),
        ("The relationships between yomp and troff are: all unclear.", set()),
        ("If any glon is a yomp and some troff are glon,\nthen some troff are yomp.",
         {"all glon yomp", "some troff glon", "some troff yomp"}),
    ],
)  # fmt: skip
def test_states(text: str, facts: set[str]) -> None:
    assert states(text) == facts


def test_plurals_are_also_read_as_singulars() -> None:
    assert "no troff yomp" in states("No troffs are yomps.")
    words = [w for seed in (0, 100) for w in common.nonsense("syllogisms", seed, 800)]
    assert not any(w.endswith("s") for w in words)


words = st.sampled_from(common.nonsense("syllogisms", 0, 800))


@given(
    st.sampled_from(QUANTIFIERS), words, words, st.integers(0, 2), st.sampled_from(["{}.", "So {}.", "We see that {}"])
)
def test_every_phrasing_is_read_back(quantifier: str, x: str, y: str, way: int, frame: str) -> None:
    assert all(len(p) == 3 for p in PHRASES.values())
    assert states(frame.format(state((quantifier, x, y), way))) == {f"{quantifier} {x} {y}"}
