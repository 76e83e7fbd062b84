from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from augtune.config import Verdict
from augtune.report.costs import CASES, Cost
from augtune.report.statistics import resample, tabulate
from augtune.report.verdict import shortfalls, verdict
from report.made import answered


def cost(once: float, query: float, **more: Cost) -> dict[str, Cost]:
    return {"flops": Cost(once, dict.fromkeys(CASES, query)), **more}


COSTS = {
    "base": cost(0, 1), "icl": cost(0, 10), "finetune": cost(1000, 1), "augmented": cost(5000, 1),
    "oracle": cost(1000, 1), "control-unrelated": cost(0, 1),
}  # fmt: skip


def judge(groups: int = 100, settings: Verdict | None = None, **right: int) -> dict[str, Any]:
    """The verdict on 100 questions, of which each arm answers the first so many."""
    rows = []
    for arm, n in right.items():
        rows += answered(arm.replace("_", "-"), [i < n for i in range(100)], groups=groups)
    return verdict(resample([tabulate(rows)], 2000), COSTS, settings or Verdict())


def test_the_best_is_recommended_and_the_cheapest_of_equals() -> None:
    assert judge(icl=20, finetune=30, augmented=95)["arm"] == "augmented"
    equal = judge(icl=95, finetune=95, augmented=95)
    assert equal["arm"] == "finetune"
    assert "Augmentation is not needed" in equal["reason"]
    assert judge(icl=95, finetune=95, augmented=95, settings=Verdict(queries=10))["arm"] == "icl"


def test_that_augmentation_is_not_needed_is_said_whichever_arm_is_cheapest() -> None:
    found = judge(icl=95, finetune=95, augmented=95, settings=Verdict(queries=10))
    assert found["arm"] == "icl"
    assert "Augmentation is not needed here: finetune" in found["reason"]
    assert "not needed" not in judge(icl=20, finetune=30, augmented=95)["reason"]


def test_redoing_it_at_each_change_can_turn_the_verdict() -> None:
    settings = Verdict(updates_per_month=4, months=12)
    assert judge(icl=95, finetune=95)["arm"] == "finetune"
    assert judge(icl=95, finetune=95, settings=settings)["arm"] == "icl"


def test_money_decides_where_prices_are_known() -> None:
    dear = dict.fromkeys(CASES, 1.0)
    free = dict.fromkeys(CASES, 0.0)
    costs = {"icl": cost(0, 10, money=Cost(0, free)), "finetune": cost(0, 1, money=Cost(0, dear))}
    rows = answered("icl", [True] * 50) + answered("finetune", [True] * 50)
    assert verdict(resample([tabulate(rows)], 1000), costs, Verdict())["arm"] == "icl"


def test_weights_count_splits() -> None:
    rows = answered("finetune", [True] * 50, "forward") + answered("finetune", [False] * 50, "reversal")
    rows += answered("augmented", [True] * 50, "forward") + answered("augmented", [True] * 50, "reversal")
    draws = resample([tabulate(rows)], 1000)
    assert verdict(draws, COSTS, Verdict())["arm"] == "augmented"
    assert verdict(draws, COSTS, Verdict(weights={"reversal": 0}))["arm"] == "finetune"
    nothing = verdict(draws, COSTS, Verdict(weights={"reversal": 0, "forward": 0}))
    assert nothing["status"] == "cannot_tell"
    assert "no split" in nothing["reason"]


def test_oracle_and_controls_are_never_recommended() -> None:
    found = judge(oracle=100, control_unrelated=100, finetune=60)
    assert found["arm"] == "finetune"
    assert set(found["means"]) == {"finetune"}
    assert judge(oracle=100)["status"] == "cannot_tell"


def test_what_cannot_be_told_is_said() -> None:
    rows = answered("icl", [i < 50 for i in range(100)]) + answered("augmented", [i >= 47 for i in range(100)])
    close = verdict(resample([tabulate(rows)], 2000), COSTS, Verdict(margin=0.0))
    assert (close["status"], close["arm"]) == ("cannot_tell", None)
    assert close["shares"].keys() == {"icl", "augmented"}
    assert sum(close["shares"].values()) == pytest.approx(1)


def test_one_group_and_few_groups_tell_nothing() -> None:
    one = judge(groups=1, icl=10, finetune=90)
    assert (one["status"], one["probability"]) == ("cannot_tell", None)
    assert "verdict.weights.all: 0" in one["reason"]
    few = judge(groups=4, icl=0, finetune=100)
    assert few["status"] == "cannot_tell"
    assert "all has 4" in few["reason"]
    assert judge(groups=5, icl=0, finetune=100)["arm"] == "finetune"


def test_where_plain_fine_tuning_falls_short() -> None:
    rows = answered("finetune", [True] * 40, "forward") + answered("finetune", [i < 10 for i in range(40)], "reversal")
    for arm, right in (("augmented", 38), ("icl", 11), ("oracle", 40)):
        rows += answered(arm, [True] * 40, "forward") + answered(arm, [i < right for i in range(40)], "reversal")
    (row,) = shortfalls(resample([tabulate(rows)], 1000), 0.02)
    assert (row["split"], row["accuracy"]) == ("reversal", 0.25)
    assert [a["arm"] for a in row["ahead"]] == ["augmented"]
    assert shortfalls(resample([tabulate(answered("icl", [True] * 4))], 1000), 0.02) == []


@pytest.fixture(scope="module")
def curve() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "verdict_curve.py"
    spec = importlib.util.spec_from_file_location("verdict_curve", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verdict_curve"] = module
    spec.loader.exec_module(module)
    return module


def test_two_thousand_studies_whose_best_arm_is_known(curve: ModuleType) -> None:
    """30 groups, 150 questions a split. Wrong: any arm but the cheapest of those that are truly within the margin."""
    found = list(curve.outcomes(2000))
    shares = curve.shares(found)
    assert sum(outcome in ("dearer", "worse") for _, outcome in found) / len(found) <= 0.05
    assert shares[0.0]["dearer"] + shares[0.0]["worse"] <= 0.05  # ties
    for gap in (0.15, 0.2, 0.3):
        assert shares[gap]["right"] >= 0.8
        assert shares[gap]["dearer"] + shares[gap]["worse"] <= 0.01


def test_the_simulation_is_what_it_says(curve: ModuleType) -> None:
    """True accuracies have the gap, and the answers have the true accuracies."""
    rng = curve.np.random.default_rng(0)
    accuracy = curve.true_accuracies(rng, 0.15, 3)
    best, second = sorted(accuracy.mean(axis=1))[:-3:-1]
    assert best - second == pytest.approx(0.15)
    made = [curve.answers(rng, accuracy, curve.Shape(groups=200)) for _ in range(100)]
    for a, arm in enumerate(curve.ARMS):
        for s in range(3):
            measured = sum(world[f"split {s}"].accuracy(arm) for world in made) / len(made)
            assert measured == pytest.approx(accuracy[a, s], abs=0.02)
