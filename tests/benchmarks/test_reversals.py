"""The benchmark `reversals`: sizes, balance, and the solver's reading of what it wrote."""

from __future__ import annotations

from collections import Counter

import pytest

from augtune import benchmarks
from augtune.benchmarks.reversals import states
from augtune.errors import UserError


@pytest.mark.parametrize(("options", "facts"), [({}, 100), ({"facts": 28}, 28), ({"facts": 30, "dimensions": 5}, 30)])
def test_more_and_less_are_told_equally_often(options: dict[str, int], facts: int) -> None:
    corpus = benchmarks.make("reversals", 100, options)
    asked = [q for q in corpus.questions if q.split == "reversal"]
    assert len(asked) == facts
    assert Counter(q.kind for q in asked) == {"told with more": facts // 2, "told with less": facts // 2}
    by_dimension: dict[str, Counter[str]] = {}
    for q in asked:
        by_dimension.setdefault(q.answer.split()[1], Counter())[q.answer.split()[0]] += 1
    assert all(abs(c["more"] - c["less"]) <= 1 for c in by_dimension.values())


def test_documents_state_what_is_asked_forward_and_the_oracle_the_reverse() -> None:
    corpus = benchmarks.make("reversals", 100, {"facts": 8, "articles": 3, "validation": 2})
    told = {fact for d in corpus.documents for fact in states(d.text)}
    inferred = {fact for a in corpus.oracle for fact in states(a.text)}
    assert len(corpus.documents) == 10 * 3
    assert len(told) == len(inferred) == 10
    for q in corpus.questions:
        assert q.facts
        assert set(q.facts) <= (told if q.split == "forward" else inferred)
        assert states(f"{q.prompt} {q.answer}") == set(q.facts)
    assert {q.group for q in corpus.questions} & {q.group for q in corpus.validation} == set()


def test_a_world_too_large_for_the_word_lists() -> None:
    with pytest.raises(UserError, match="2 dimensions reach for 80"):
        benchmarks.make("reversals", 0, {"facts": 90, "dimensions": 2})
