from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune.records import Prediction
from augtune.report.statistics import Table, comparisons, holm, macro, resample, tabulate
from report.made import answered


def one(right: np.ndarray, n: np.ndarray | None = None, arm: str = "a") -> dict[str, Table]:  # type: ignore[type-arg]
    """A world of one split: right answers by (seeds, groups)."""
    right = np.atleast_2d(right).astype(float)
    groups = [f"g{i}" for i in range(right.shape[1])]
    return {"s": Table(groups, np.ones(right.shape[1]) if n is None else n, {arm: right})}


def test_table_counts_questions_once_and_averages_seeds() -> None:
    rows = answered("a", [True, False], seed=0) + answered("a", [True, True], seed=1)
    table = tabulate(rows)["all"]
    assert table.questions == 2
    assert table.accuracy("a") == 0.75
    assert table.correct["a"].tolist() == [[1, 0], [1, 1]]


def test_a_question_without_a_group_is_its_own() -> None:
    rows = [Prediction("a", 0, str(i), "s", None, None, None, None, None, "", "", True) for i in range(3)]
    assert len(tabulate(rows)["s"].groups) == 3


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_a_table_adds_up(asked: list[tuple[int, bool]]) -> None:
    rows = [
        Prediction("a", 0, str(i), "s", f"g{g}", None, None, None, None, "", "", ok) for i, (g, ok) in enumerate(asked)
    ]
    table = tabulate(rows)["s"]
    assert table.questions == len(asked)
    assert table.correct["a"].sum() == sum(ok for _, ok in asked)
    assert (table.correct["a"] <= table.n).all()


def test_ten_thousand_questions_and_six_arms_take_no_time() -> None:
    rows = [Prediction(arm, 0, f"{i}", f"s{i % 3}", f"g{i % 300}", None, None, None, None, "", "", True)
            for arm in "abcdef" for i in range(10_000)]  # fmt: skip
    start = time.perf_counter()
    tabulate(rows)
    assert time.perf_counter() - start < 1.0


def test_an_interval_of_equal_groups_is_a_point_and_of_one_group_there_is_none() -> None:
    equal = resample([one(np.full(3, 2.0), np.full(3, 4.0))], 1000)
    assert equal.interval("s", "a") == [0.5, 0.5]
    single = resample([one(np.array([1.0]), np.array([2.0]))], 1000)
    assert single.interval("s", "a") is None
    assert "about one group" in (single.undefined("s") or "")


@pytest.mark.parametrize(("groups", "least"), [(60, 0.92), (5, 0.9)])
def test_an_interval_covers_the_mean_as_often_as_it_says(groups: int, least: float) -> None:
    """Of groups whose accuracy is normal; with 5 of them, percentiles of drawing with replacement cover it in 84 %."""
    rng = np.random.default_rng(0)
    covered = 0
    for i in range(300):
        found = resample([one(np.clip(rng.normal(50, 12, groups), 0, 100), np.full(groups, 100.0))], 1000, seed=i)
        low, high = found.interval("s", "a") or [1.0, 0.0]
        covered += low <= 0.5 <= high
    assert least <= covered / 300 <= 0.99


def test_questions_on_one_fact_are_not_independent() -> None:
    right = [i % 4 < 2 for i in range(80)]  # group i % 4 decides
    few, many = (resample([tabulate(answered("a", right, groups=g))], 2000) for g in (4, 80))
    wide, narrow = (d.interval("all", "a") or [0, 0] for d in (few, many))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_the_luck_of_training_widens_an_interval() -> None:
    steady, lucky = np.full((3, 40), 0.6), np.repeat([[0.4], [0.6], [0.8]], 40, axis=1)
    for draws, wide in ((resample([one(steady)], 2000), False), (resample([one(lucky)], 2000), True)):
        low, high = draws.interval("s", "a") or [0, 0]
        assert (high - low > 0.2) == wide


def test_worlds_are_resampled_too() -> None:
    """Each world's groups are alike, so that all that an interval can hold is the difference between worlds."""
    worlds = [one(np.full(30, level)) for level in (0.3, 0.5, 0.7)]
    draws = resample(worlds, 4000)
    assert draws.accuracy["s"]["a"][0] == pytest.approx(0.5)
    low, high = draws.interval("s", "a") or [0, 0]
    assert low < 0.4 < 0.6 < high
    assert resample([worlds[1]], 4000).interval("s", "a") == [0.5, 0.5]


@pytest.mark.parametrize("between", [0.0, 0.05])
def test_a_pooled_interval_covers_the_mean_of_three_worlds(between: float) -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for i in range(200):
        worlds = [one(np.clip(rng.normal(0.5 + rng.normal(0, between), 0.2, 30), 0, 1)) for _ in range(3)]
        low, high = resample(worlds, 1000, seed=i).interval("s", "a") or [1.0, 0.0]
        covered += low <= 0.5 <= high
    assert covered / 200 >= 0.91


def test_comparisons_are_paired() -> None:
    rows = answered("base", [False, True] * 10) + answered("tuned", [True, True] * 10)
    draws = resample([tabulate(rows)])
    (row,) = comparisons(draws)
    assert (row["a"], row["b"], row["difference"]) == ("tuned", "base", 0.5)
    assert row["ci95"][0] > 0
    assert row["p"] == pytest.approx(2 / 2**10, abs=1e-3)


def test_p_of_few_groups_is_that_of_sign_flips() -> None:
    """Three groups that all speak for one arm: one in four arrangements of signs does as much."""
    rows = answered("a", [False] * 3) + answered("b", [True] * 3)
    (row,) = comparisons(resample([tabulate(rows)]))
    assert row["p"] == pytest.approx(0.25, abs=0.01)
    same = answered("a", [True, False] * 5) + answered("b", [False, True] * 5)
    assert comparisons(resample([tabulate(same)]))[0]["p"] == 1.0


def test_p_knows_of_seeds() -> None:
    """Two trainings that disagree tell nothing, however many groups agree in each."""
    rows = answered("a", [i % 2 == 0 for i in range(60)])
    rows += answered("b", [True] * 60, seed=0) + answered("b", [i % 4 == 0 for i in range(60)], seed=1)
    assert comparisons(resample([tabulate(rows)]))[0]["p"] > 0.1


def test_one_group_has_neither_interval_nor_p_but_a_reason() -> None:
    rows = answered("a", [True] * 4, groups=1) + answered("b", [False] * 4, groups=1)
    (row,) = comparisons(resample([tabulate(rows)]))
    assert (row["ci95"], row["p"]) == (None, None)
    assert "about one group" in row["undefined"]


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, None]) == [pytest.approx(0.03), pytest.approx(0.06), pytest.approx(0.06), None]


def test_macro_mean_weighs_splits_and_resamples_a_group_in_all_of_them_together() -> None:
    rows = answered("a", [True] * 10, "x") + answered("a", [False] * 10, "y")
    draws = resample([tabulate(rows)], 1000)
    assert macro(draws, {})["a"][0] == 0.5
    assert macro(draws, {"y": 0.0})["a"][0] == 1.0
    opposite = answered("a", [i < 5 for i in range(10)], "x") + answered("a", [i >= 5 for i in range(10)], "y")
    mean = macro(resample([tabulate(opposite)], 1000), {})["a"]
    assert np.allclose(mean, 0.5)  # what a group gains on x it loses on y


def test_many_groups_take_bounded_work() -> None:
    draws = resample([one(np.ones(20_000))])
    assert len(draws.accuracy["s"]["a"]) == 1 + 5_000
