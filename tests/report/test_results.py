from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from augtune.records import Prediction
from augtune.report.results import results
from report.made import answered, corpus, manifests, study


def found(arms: dict[str, list[bool]], seeds: int = 1, **more: Any) -> dict[str, Any]:
    predictions: list[Prediction] = []
    for arm, right in arms.items():
        for seed in range(seeds if arm not in ("base", "icl") else 1):
            predictions += answered(arm, right, groups=6, seed=seed)
    left = manifests(*arms, seeds=range(seeds), **more.pop("manifests", {}))
    return results(study(seeds=list(range(seeds))), more.pop("corpus", corpus()), predictions, left, **more)


RIGHT = {"base": [i < 2 for i in range(12)], "finetune": [i < 4 for i in range(12)], "augmented": [True] * 12}


def test_the_contract() -> None:
    got = found(RIGHT, seeds=2, taught={"finetune": [], "augmented": ["a"]})
    assert got["schema"] == 1
    assert {"study", "arms", "comparisons", "coverage", "break_even", "verdict"} <= got.keys()
    cell = got["arms"]["finetune"]["splits"]["all"]
    assert (cell["n"], cell["correct"], cell["seeds"]) == (12, 4.0, {"0": 0.3333, "1": 0.3333})
    assert len(cell["ci95"]) == 2
    assert {"a", "b", "split", "difference", "ci95", "p"} <= got["comparisons"][0].keys()
    assert got["coverage"]["augmented"]["all"].keys() >= {"n", "covered", "accuracy_covered", "accuracy_uncovered"}
    assert got["verdict"].keys() >= {"status", "arm", "reason", "probability"}
    assert got["arms"]["base"]["cost"].keys() >= {"once_flops", "query_flops", "query_flops_batched"}
    assert [row["split"] for row in got["shortfalls"]] == ["all"]
    assert "Plain fine-tuning falls short on all." in got["verdict"]["reason"]


def test_accuracy_by_kind_with_the_error_over_kinds() -> None:
    kinds = found(RIGHT, corpus=corpus(kinds=("is a", "has")))["arms"]["base"]["splits"]["all"]
    for kind in ("is a", "has"):
        cell = kinds["kinds"][kind]
        assert (cell["n"], cell["accuracy"]) == (6, 0.1667)
        assert 0 <= cell["ci95"][0] <= 0.1667 <= cell["ci95"][1] <= 1
    assert kinds["over_kinds"] == {"mean": 0.1667, "standard_error": 0.0}
    alone = found(RIGHT, corpus=corpus(kinds=("is a",)))["arms"]["base"]["splits"]["all"]
    assert alone["over_kinds"]["standard_error"] is None
    assert "kinds" not in found(RIGHT)["arms"]["base"]["splits"]["all"]


def test_an_arm_pays_for_the_strategies_that_it_uses() -> None:
    strategies = {
        name: {"family": family, "accepted": 1, "made": 2, "usage": {"flops": flops}}
        for name, family, flops in (("reverse", "local", 10.0), ("link", "global", 200.0), ("rephrase", "local", 5.0))
    }
    augment = {"usage": {"flops": 215.0}, "accepted": 3, "made": 6, "strategies": strategies}
    arms = dict.fromkeys(("base", "finetune", "augmented", "local", "global", "only-reverse", "oracle"), RIGHT["base"])
    got = found(arms, manifests={"augment": augment, "preflight": {"usage": {"flops": 1000.0}}})
    paid = {arm: row["usage"]["augment"]["flops"] for arm, row in got["arms"].items()}
    assert paid == {
        "base": 0, "finetune": 0, "augmented": 1215, "local": 1015, "global": 1200, "only-reverse": 1010, "oracle": 0,
    }  # fmt: skip
    assert got["augmentation"]["strategies"]["link"] == {"family": "global", "accepted": 1, "made": 2}


def test_an_older_manifest_without_strategies_is_read() -> None:
    got = found(RIGHT, manifests={"augment": {"usage": {"flops": 7.0}, "accepted": 1, "made": 2}})
    assert got["arms"]["augmented"]["usage"]["augment"]["flops"] == 7
    assert got["augmentation"] == {"accepted": 1, "made": 2}
    assert got["coverage"] == {}


def test_forgetting_is_a_mean_over_seeds() -> None:
    forgot = {
        f"evaluate_augmented_{s}": manifests("augmented")["evaluate-augmented-0"]
        | {"forgetting": {"nats_per_byte": nats, "knowledge": {"n": 20, "correct": right}}}
        for s, nats, right in ((0, 0.6, 10), (1, 0.8, 14))
    }
    got = found(RIGHT, seeds=2, manifests=forgot)
    assert got["arms"]["augmented"]["forgetting"] == {"nats_per_byte": 0.7, "knowledge": {"n": 20, "correct": 12}}
    assert "forgetting" not in got["arms"]["base"]


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (1, "all questions of split all are about one group"),
        (12, "each group has one question in all"),
        (6, "few groups"),
    ],
)
def test_what_limits_the_intervals_is_said(groups: int, told: str) -> None:
    predictions = [p for arm, right in RIGHT.items() for p in answered(arm, right, groups=groups)]
    got = results(study(), corpus(groups=groups), predictions, manifests(*RIGHT))
    assert any(told in note for note in got["notes"])
    assert any("one seed" in note for note in got["notes"])
    cell = got["arms"]["base"]["splits"]["all"]
    assert (cell["ci95"] is None) == (groups == 1)
    assert ("undefined" in cell) == (groups == 1)


@pytest.mark.parametrize(("steps", "told"), [(99, True), (100, False)])
def test_too_little_training_is_said(steps: int, told: bool) -> None:
    done = {"train-finetune-0": {"usage": {}, "steps": steps}}
    predictions = [p for arm, right in RIGHT.items() for p in answered(arm, right, groups=6)]
    got = results(study(arms=["base", "finetune"]), corpus(), predictions, {**manifests(*RIGHT), **done})
    assert any(f"few optimizer steps (finetune {steps})" in note for note in got["notes"]) == told


def test_a_weight_of_no_split_is_said() -> None:
    predictions = [p for arm, right in RIGHT.items() for p in answered(arm, right, groups=6)]
    got = results(study(verdict={"weights": {"revesal": 2}}), corpus(), predictions, manifests(*RIGHT))
    assert any("revesal" in note and "known: all" in note for note in got["notes"])


def test_a_verdict_on_questions_that_nobody_read_is_provisional() -> None:
    asked = [replace(q, reviewed=i > 2) for i, q in enumerate(corpus().questions)]
    got = found(RIGHT, corpus=replace(corpus(), questions=asked))
    assert got["verdict"]["provisional"] == "provisional: 3 of 12 questions are not reviewed"
    read = [replace(q, reviewed=True) for q in asked]
    assert found(RIGHT, corpus=replace(corpus(), questions=read))["verdict"]["provisional"] is None
    assert found(RIGHT)["verdict"]["provisional"] is None  # a user's own file asks for no review
