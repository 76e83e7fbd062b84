from __future__ import annotations

import pytest

from augtune.benchmarks import make
from augtune.errors import UserError


def test_the_standard_size() -> None:
    corpus = make("people", 0, {})
    assert len(corpus.documents) == 30 * 30 + 30 * 10
    assert {q.split for q in corpus.questions} == {"forward", "reversal", "reversal-untrained"}
    assert len(corpus.questions) == 3 * 150
    assert len(corpus.oracle) == len(corpus.documents)


def test_a_world_is_fixed_by_its_seed() -> None:
    assert make("people", 3, {"p2d": 4, "d2p": 4}) == make("people", 3, {"p2d": 4, "d2p": 4})
    assert make("people", 3, {"p2d": 4, "d2p": 4}) != make("people", 4, {"p2d": 4, "d2p": 4})


@pytest.mark.parametrize("seed", [0, 100])
def test_questions_give_nothing_away(seed: int) -> None:
    corpus = make("people", seed, {})
    ids = [d.id for d in corpus.documents]
    names = {kind: {d.group for d in corpus.documents if d.id.startswith(kind)} for kind in ("p2d", "d2p")}
    assert len(set(ids)) == len(ids)
    assert names["p2d"].isdisjoint(names["d2p"])
    trained = {d.text for d in corpus.documents}
    for q in corpus.questions:
        assert q.choices is not None
        assert len(set(q.choices)) == 4
        assert q.answer in q.choices
        assert q.group in names["p2d"]
        wrong = set(q.choices) - {q.answer}
        assert f"{q.prompt} {q.answer}." not in trained
        if q.split == "reversal":
            assert wrong <= names["d2p"]
        if q.split == "reversal-untrained":
            assert wrong <= names["p2d"]
    assert {q.group for q in corpus.validation} <= names["d2p"]


def test_documents_hold_both_ends_in_their_order() -> None:
    corpus = make("people", 5, {"both": 2})
    description = {q.group: q.answer for q in corpus.questions if q.split == "forward"}
    for d in corpus.documents:
        assert d.group is not None
        if d.id.startswith("p2d-") and d.group in description:
            assert d.text.index(d.group) < d.text.lower().index(description[d.group].lower())
        if d.id.startswith("d2p-"):
            assert d.group in d.text[len(d.text) // 3 :]


def test_tuning_worlds_and_reported_worlds_share_no_name_or_description() -> None:
    def words(seed: int) -> set[str]:
        corpus = make("people", seed, {})
        found = {q.answer for q in corpus.questions}
        return found | {part for answer in found for part in answer.split() if answer.istitle()}

    assert words(0).isdisjoint(words(100))


@pytest.mark.parametrize("options", [{"p2d": 900}, {"p2d": 3}, {"unknown": 1}, {"questions": 11}])
def test_sizes_that_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(UserError):
        make("people", 0, options)
