from __future__ import annotations

import numpy as np
import pytest

from augtune.config import Prices, Verdict
from augtune.records import Prediction, Question, Usage
from augtune.report.costs import Cost, break_even, cost, money
from augtune.report.statistics import comparisons, holm, interval, sign_flip, tabulate
from augtune.report.verdict import verdict


def answered(
    arm: str, right: list[bool], split: str = "all", groups: int | None = None, seed: int = 0
) -> list[Prediction]:
    return [
        Prediction(arm, seed, f"q{i}", split, f"g{i % (groups or len(right))}", None, None, None, None, "", "", ok)
        for i, ok in enumerate(right)
    ]


def test_table_counts_questions_once_and_averages_seeds() -> None:
    rows = answered("a", [True, False], seed=0) + answered("a", [True, True], seed=1)
    table = tabulate(rows)["all"]
    assert table.questions == 2
    assert table.accuracy("a") == 0.75


def test_a_question_without_a_group_is_its_own() -> None:
    rows = [Prediction("a", 0, str(i), "s", None, None, None, None, None, "", "", True) for i in range(3)]
    assert len(tabulate(rows)["s"].groups) == 3


def test_interval_of_equal_groups_is_a_point_and_of_one_group_none() -> None:
    assert interval(np.array([2.0, 2.0, 2.0]), np.array([4.0, 4.0, 4.0])) == [0.5, 0.5]
    assert interval(np.array([1.0]), np.array([2.0])) is None


def test_interval_covers_a_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = interval(rng.binomial(1, 0.4, 60).astype(float), np.ones(60))
        assert found is not None
        covered += found[0] <= 0.4 <= found[1]
    assert 180 <= covered <= 198


def test_questions_on_one_fact_are_not_independent() -> None:
    right = [i % 4 < 2 for i in range(80)]  # group i % 4 decides
    few, many = (tabulate(answered("a", right, groups=g))["all"] for g in (4, 80))
    wide, narrow = (interval(t.correct["a"], t.n) for t in (few, many))
    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_sign_flip_and_holm() -> None:
    assert sign_flip(np.ones(12)) == pytest.approx(2 / 2**12, abs=5e-4)
    assert sign_flip(np.array([1.0, -1.0, 1.0, -1.0])) == 1.0
    assert sign_flip(np.ones(1)) is None
    assert holm([0.01, 0.04, 0.03, None]) == [pytest.approx(0.03), pytest.approx(0.06), pytest.approx(0.06), None]


def test_comparisons_are_paired() -> None:
    rows = answered("base", [False, True] * 10) + answered("tuned", [True, True] * 10)
    (row,) = comparisons(tabulate(rows))
    assert (row["a"], row["b"], row["difference"]) == ("tuned", "base", 0.5)
    assert row["ci95"][0] > 0


COSTS = {"icl": Cost(0, 10, 10), "finetune": Cost(1000, 1, 1), "augmented": Cost(5000, 1, 1)}


def judge(icl: int, finetune: int, augmented: int, **settings: float) -> dict[str, object]:
    rows = []
    for arm, right in (("icl", icl), ("finetune", finetune), ("augmented", augmented)):
        rows += answered(arm, [i < right for i in range(100)])
    return verdict(tabulate(rows), COSTS, Verdict(**settings))  # type: ignore[arg-type]


def test_the_best_is_recommended_and_the_cheapest_of_equals() -> None:
    assert judge(20, 30, 95)["arm"] == "augmented"
    assert judge(95, 95, 95, queries=1000)["arm"] == "finetune"
    assert judge(95, 95, 95, queries=10)["arm"] == "icl"


def test_what_cannot_be_told_is_said() -> None:
    rows = answered("icl", [i < 50 for i in range(100)]) + answered("augmented", [i >= 47 for i in range(100)])
    close = verdict(tabulate(rows), COSTS, Verdict(margin=0.0))
    assert close["status"] == "cannot_tell"
    assert close["arm"] is None
    one = verdict(tabulate(answered("icl", [True] * 9, groups=1)), COSTS, Verdict())
    assert one["status"] == "cannot_tell"


def test_break_even() -> None:
    rows = {(r["arm"], r["case"]): r["queries"] for r in break_even(COSTS)}
    assert rows["augmented", "isolated queries, no cache"] == round(5000 / 9)
    never = break_even({"icl": Cost(0, 1, 1), "finetune": Cost(10, 1, 1)})
    assert {r["queries"] for r in never} == {None}


def test_a_query_alone_pays_for_what_a_batch_reuses() -> None:
    question = Question("q", "p", "a", ["a", "b"])
    used = Usage(tokens_in=120, tokens_in_reused=80, flops=1200.0)
    found = cost(Usage(flops=5.0), Usage(flops=7.0), used, [question], 1)
    assert (found.once, found.query, found.query_batched) == (12.0, 1000.0, 1200.0)


def test_money() -> None:
    used = Usage(tokens_in=10**6, tokens_in_reused=10**6, tokens_out=10**6)
    assert money(used, Prices(input=1, cached=0.1, output=4)).money == pytest.approx(5.1)
    assert money(used, None).money is None
