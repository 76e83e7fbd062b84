from __future__ import annotations

from dataclasses import replace

import pytest

from augtune import benchmarks
from augtune.records import Corpus, Document, Prediction, Question
from augtune.report.coverage import coverage

REVERSE = Question("r", "The keeper of the lamp is", "Mira Tolen", None, "reversal", "Mira Tolen")
FORWARD = Question("f", "Mira Tolen works as", "the keeper of the lamp", None, "forward", "Mira Tolen")


def answer(q: Question, arm: str, right: bool, seed: int = 0) -> Prediction:
    return Prediction(arm, seed, q.id, q.split, q.group, None, None, None, None, "", q.answer, right)


def covered(question: Question, *texts: str) -> bool:
    corpus = Corpus([Document("d", "Mira Tolen is the keeper of the lamp.")], [question])
    found = coverage(corpus, [answer(question, "augmented", True)], {"augmented": list(texts)})
    assert found["method"] == "approximate"
    return bool(found["augmented"][question.split]["covered"])


def test_approximate_coverage_reads_the_order() -> None:
    forward, reverse = "Mira Tolen is the keeper of the lamp.", "The KEEPER of the lamp is Mira Tolen."
    assert covered(FORWARD, forward)
    assert not covered(FORWARD, reverse)
    assert covered(REVERSE, reverse)
    assert not covered(REVERSE, forward)


def test_approximate_coverage_wants_the_answer_the_group_and_what_is_asked() -> None:
    assert not covered(REVERSE)
    assert not covered(REVERSE, "The keeper of the lamp is Jon Veddel.")
    assert not covered(REVERSE, "The baker of rye is Mira Tolen.")
    assert not covered(FORWARD, "Jon Veddel is the keeper of the lamp.")
    assert not covered(REVERSE, "The keeper of the lamp is Tolen Mira.")


def test_a_group_that_is_a_mere_label_is_not_looked_for() -> None:
    assert covered(replace(REVERSE, group="fact 17"), "The keeper of the lamp is Mira Tolen.")


def test_accuracy_with_and_without() -> None:
    questions = [replace(REVERSE, id=str(i), answer=name) for i, name in enumerate(("Mira Tolen", "Jon Veddel"))]
    corpus = Corpus([Document("d", "Mira Tolen is the keeper of the lamp.")], questions)
    predictions = [answer(questions[0], "augmented", s == 0, s) for s in (0, 1)]
    predictions += [answer(questions[1], "augmented", False, s) for s in (0, 1)]
    predictions += [answer(q, "finetune", True) for q in questions]
    taught = {"augmented": ["The keeper of the lamp is Mira Tolen."], "finetune": []}
    found = coverage(corpus, predictions, taught)
    assert found["augmented"]["reversal"] == {
        "n": 2, "covered": 1, "accuracy_covered": 0.5, "accuracy_uncovered": 0.0, "ci95_covered": None,
        "ci95_uncovered": None,
    }  # fmt: skip
    assert found["finetune"]["reversal"] == {
        "n": 2, "covered": 0, "accuracy_covered": None, "accuracy_uncovered": 1.0, "ci95_covered": None,
        "ci95_uncovered": None,
    }  # fmt: skip
    assert found["in_documents"] == {"reversal": 0}


@pytest.fixture(scope="module")
def world() -> Corpus:
    return benchmarks.make("reversals", 100, {"facts": 12, "articles": 2})


def test_the_solver_decides_where_there_is_one(world: Corpus) -> None:
    true = [a.text for a in world.oracle]
    false = [t.replace(" more ", " @ ").replace(" less ", " more ").replace(" @ ", " less ") for t in true]
    found = coverage(world, [], {"oracle": true, "wrong": false, "finetune": []})
    assert found["method"] == "solver"
    assert found["in_documents"] == {"forward": 12, "reversal": 0}
    assert [found[arm]["reversal"]["covered"] for arm in ("oracle", "wrong", "finetune")] == [12, 0, 0]


def test_the_approximation_agrees_with_the_solver_on_simple_reversals(world: Corpus) -> None:
    texts = [a.text for a in world.oracle[::3]] + [d.text for d in world.documents[::4]]
    exact = coverage(world, [], {"augmented": texts})["augmented"]
    near = coverage(replace(world, states=None), [], {"augmented": texts})["augmented"]
    assert {s: c["covered"] for s, c in near.items()} == {s: c["covered"] for s, c in exact.items()}
    assert 0 < exact["reversal"]["covered"] < 12
