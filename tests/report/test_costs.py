from __future__ import annotations

import pytest

from augtune.config import Prices, Verdict
from augtune.records import Question, Usage
from augtune.report.costs import CASES, Cost, break_even, cached_ratio, costs, money

QUESTION = Question("q", "p", "a", ["a", "b"])


def flops(once: float, query: float) -> dict[str, Cost]:
    return {"flops": Cost(once, dict.fromkeys(CASES, query))}


COSTS = {"icl": flops(0, 10), "rag": flops(0, 5), "finetune": flops(1000, 1), "augmented": flops(5000, 1)}


def queries(settings: Verdict, **more: dict[str, Cost]) -> dict[tuple[str, str], int | None]:
    rows = break_even(COSTS | more, settings)
    return {(r["arm"], r["against"]): r["queries"] for r in rows if r["case"] == CASES["none"]}


def test_break_even_is_the_first_number_of_queries_that_costs_less() -> None:
    found = queries(Verdict())
    assert set(found) == {(arm, against) for arm in ("finetune", "augmented") for against in ("icl", "rag")}
    first = found["augmented", "icl"]
    assert first == 556
    assert 5000 + first < 10 * first
    assert 5000 + (first - 1) >= 10 * (first - 1)
    assert found["augmented", "rag"] == 1251


def test_what_saves_nothing_at_a_query_never_pays() -> None:
    assert queries(Verdict(), finetune=flops(1, 10))["finetune", "icl"] is None


def test_each_change_of_the_documents_is_paid_again() -> None:
    assert queries(Verdict(updates_per_month=2, months=3))["augmented", "icl"] == 7 * 5000 // 9 + 1


def test_every_case_and_unit_has_a_row() -> None:
    usage = {
        "icl": {
            "augment": Usage(),
            "train": Usage(),
            "query": Usage(tokens_in=110, tokens_in_reused=1890, flops=110.0),
        },
        "finetune": {
            "augment": Usage(),
            "train": Usage(tokens_in=50, flops=600.0),
            "query": Usage(tokens_in=20, flops=20.0),
        },
    }
    found = costs(usage, [QUESTION], {"icl": 1, "finetune": 1}, Prices(input=1))
    rows = break_even(found, Verdict())
    assert {(r["case"], r["unit"]) for r in rows} == {
        (case, unit) for case in CASES.values() for unit in ("flops", "tokens", "seconds", "money")
    }


def test_a_query_alone_pays_for_what_a_batch_reuses_and_a_server_may_cache_the_documents() -> None:
    """Two sequences: icl reads 1000 tokens in each, a bare arm 10, so that 990 are documents."""
    usage = {
        "icl": {
            "augment": Usage(),
            "train": Usage(),
            "query": Usage(tokens_in=110, tokens_in_reused=1890, flops=220.0),
        },
        "base": {"augment": Usage(), "train": Usage(), "query": Usage(tokens_in=20, flops=40.0)},
    }
    found = costs(usage, [QUESTION], {"icl": 1, "base": 1}, None)
    assert found["icl"]["tokens"].query == {"none": 1000, "prefix": pytest.approx(10 + 99), "batch": 110}
    assert found["icl"]["flops"].query == {"none": 2000, "prefix": pytest.approx(218), "batch": 220}
    assert found["base"]["flops"].query == {"none": 20, "prefix": 20, "batch": 40}
    assert "money" not in found["icl"]


def test_one_training_of_several_would_do() -> None:
    used = {"augment": Usage(flops=5.0), "train": Usage(flops=21.0), "query": Usage(tokens_in=60, flops=60.0)}
    found = costs({"augmented": used}, [QUESTION], {"augmented": 3}, None)["augmented"]["flops"]
    assert found.once == 12
    assert found.query["none"] == 10
    assert found.at(100, "none", times=2) == 24 + 1000


def test_money() -> None:
    used = Usage(tokens_in=10**6, tokens_in_reused=10**6, tokens_out=10**6)
    assert money(used, Prices(input=1, cached=0.2, output=4)).money == pytest.approx(5.2)
    assert money(used, Prices(input=1, output=4)).money == pytest.approx(5.1)  # cached: a tenth of input
    assert money(used, Prices(training=3), training=True).money == 3
    assert money(used, None).money is None


def test_the_price_of_a_cached_token_is_the_servers_or_said_to_be_assumed() -> None:
    assert cached_ratio(Prices(input=2, cached=0.5)) == (0.25, False)
    assert cached_ratio(Prices(input=2)) == (0.1, True)
    assert cached_ratio(None) == (0.1, True)
