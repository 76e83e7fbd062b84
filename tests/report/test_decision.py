"""The rule at another number of queries is the verdict's own."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from augtune.config import Verdict
from augtune.report import decision
from augtune.report.costs import Cost, Costs
from augtune.report.statistics import Draws, resample, tabulate
from augtune.report.verdict import verdict
from report.made import answered

GRID = (0, 1, 7, 50, 333, 999, 1000, 1001, 5_000, 40_000, 10**6, 10**9)
CACHING = ("none", "prefix", "batch")


def study_of(world: int) -> tuple[Draws, dict[str, Costs], dict[str, Any]]:
    """A random study: draws, costs, and what of results.json the rule reads, with its settings."""
    rng = random.Random(world)
    rows, costs = [], dict[str, Costs]()
    money = world % 2 == 0
    for arm in ("base", "icl", "finetune", "augmented", "local", "oracle"):
        likely = rng.choice((0.4, 0.6, 0.62, 0.7))
        for split in ("forward", "reversal"):
            rows += answered(arm, [rng.random() < likely for _ in range(60)], split, groups=rng.choice((4, 20)))
        once = 0.0 if arm in ("base", "icl") else rng.choice((1e3, 1e4, 1e5))
        cost = Cost(once, {case: rng.choice((1.0, 3.0, 40.0)) for case in CACHING})
        costs[arm] = {"flops": cost} | ({"money": Cost(once / 7, cost.query)} if money else {})
    settings = Verdict(margin=0.03, updates_per_month=world % 3, weights={"forward": 2.0})
    draws = resample([tabulate(rows)], 1000)
    units = {a: {"cost": {"units": {u: vars(c) for u, c in of.items()}}} for a, of in costs.items()}
    found = {"decision": decision.decision(draws, costs, settings), "arms": units,
             "study": {"verdict": settings.model_dump()}}  # fmt: skip
    return draws, costs, found


@pytest.mark.parametrize("world", range(6))
def test_the_same_answer_as_the_verdict_at_any_number_of_queries(world: int) -> None:
    draws, costs, found = study_of(world)
    for queries in GRID:
        for caching in CACHING:
            settings = Verdict.model_validate({**found["study"]["verdict"], "queries": queries, "caching": caching})
            expected = verdict(draws, costs, settings)
            got = decision.advise(found, queries, caching)
            assert got is not None
            assert (got.shares, got.sure) == (expected["shares"], expected["status"] == "recommended")
            assert got.probability == expected["probability"]
            assert expected["arm"] in (got.arm, None)


def test_stretches_tell_what_holds_within_them() -> None:
    for world in range(6):
        found = study_of(world)[2]
        stretches = decision.stretches(found, 1e6)
        assert (stretches[0][0], stretches[-1][1]) == (1.0, 1e6)
        assert all(a[1] == b[0] and a[2:] != b[2:] for a, b in pairwise(stretches))
        for low, high, arm, sure in stretches:
            for queries in (low * 1.0001, (low + high) / 2, high * 0.9999):
                advice = decision.advise(found, queries)
                assert advice is not None
                assert (advice.arm, advice.sure) == (arm, sure)


def test_where_nothing_can_be_told() -> None:
    one_group = resample([tabulate(answered("icl", [True] * 5, groups=1))], 1000)
    costs = {"icl": {"flops": Cost(0, dict.fromkeys(CACHING, 1.0))}}
    rule = decision.decision(one_group, costs, Verdict())
    assert rule["means"] == {"icl": {"accuracy": 1.0, "ci95": None}}
    found = {"decision": rule, "arms": {}, "study": {"verdict": {"caching": "none"}}}
    assert decision.advise(found, 10) is None
    assert decision.stretches(found, 1e6) == []
    assert decision.decision(one_group, costs, Verdict(weights={"all": 0}))["means"] == {}
