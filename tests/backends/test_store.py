"""Calls are paid once, in batches that do not depend on what is stored already."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from augtune.backends.base import Ask, Request, nothing
from augtune.backends.scripted import Scripted
from augtune.backends.store import Store
from augtune.errors import BudgetReached


def requests(n: int) -> list[Request]:
    return [Request("shared ", f"number {i:02}") for i in range(n)]


def echo() -> Scripted:
    return Scripted(write=lambda r: r.prompt[-2:], batch_size=4)


def test_results_come_in_order_and_are_paid_once(tmp_path: Path) -> None:
    backend, store = echo(), Store(tmp_path / "c.sqlite")
    first = store.generate(backend, requests(10), nothing)
    assert first.texts == [f"{i:02}" for i in range(10)]
    assert len(backend.calls) == 10
    again = Store(tmp_path / "c.sqlite").generate(backend, requests(10), nothing)
    assert again == first
    assert len(backend.calls) == 10


def test_a_killed_run_makes_the_same_batches(tmp_path: Path) -> None:
    class Killed(Exception): ...

    whole, batches = echo(), []
    whole.write = lambda r: batches.append(r.prompt) or r.prompt
    Store(tmp_path / "whole.sqlite").generate(whole, requests(10), nothing)

    asked: list[str] = []

    def dies(r: Request) -> str:
        if len(asked) == 6:
            raise Killed
        asked.append(r.prompt)
        return r.prompt

    with pytest.raises(Killed):
        Store(tmp_path / "c.sqlite").generate(Scripted(write=dies, batch_size=4), requests(10), nothing)
    rest: list[str] = []
    after = Scripted(write=lambda r: rest.append(r.prompt) or r.prompt, batch_size=4)
    done = Store(tmp_path / "c.sqlite").generate(after, requests(10), nothing)
    assert done.texts == [r.prompt for r in requests(10)]
    assert rest == batches[4:]  # the first batch was paid; the one that broke off is asked as a whole


@pytest.mark.parametrize("changed", [{"max_tokens": 9}, {"temperature": 1.0}, {"seed": 1}, {"stop": ("x",)}])
def test_another_setting_or_model_is_another_call(tmp_path: Path, changed: dict[str, object]) -> None:
    backend, store = echo(), Store(tmp_path / "c.sqlite")
    store.generate(backend, [Request("a", "b")], nothing)
    store.generate(backend, [Request("a", "b", **changed)], nothing)  # type: ignore[arg-type]
    assert len(backend.calls) == 2
    backend.identity = "another"
    store.generate(backend, [Request("a", "b")], nothing)
    assert len(backend.calls) == 3


def test_budget_stops_before_the_call_and_counts_across_runs(tmp_path: Path) -> None:
    backend = echo()
    with pytest.raises(BudgetReached, match="the budget of 8 calls is used up"):
        Store(tmp_path / "c.sqlite", calls=8).generate(backend, requests(10), nothing)
    assert len(backend.calls) == 8
    with pytest.raises(BudgetReached):
        Store(tmp_path / "c.sqlite", calls=8).generate(backend, requests(10), nothing)
    assert len(backend.calls) == 8
    assert Store(tmp_path / "c.sqlite", calls=10).generate(backend, requests(10), nothing).texts[-1] == "09"
    assert len(backend.calls) == 10


def test_scores_and_ticks(tmp_path: Path) -> None:
    backend = Scripted(weigh=lambda before, choice: float(len(before) - len(choice)))
    asks = [Ask("c", "p" * i, ("a", "bb")) for i in range(70)]
    ticks: list[int] = []
    scored = Store(tmp_path / "c.sqlite").score(backend, asks, ticks.append)
    assert scored.loglikelihoods[3] == [3.0, 2.0]
    assert sum(ticks) == 70
    ticks.clear()
    assert Store(tmp_path / "c.sqlite").score(backend, asks, ticks.append).loglikelihoods == scored.loglikelihoods
    assert sum(ticks) == 70
    assert sqlite3.connect(tmp_path / "c.sqlite").execute("select count(*) from paid").fetchone() == (2,)
