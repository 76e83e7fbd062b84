"""What an arm costs: once (augmenting, training) and at every query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..config import Prices
from ..records import Question, Usage


@dataclass(frozen=True)
class Cost:
    """In FLOPs: once, a query on its own with nothing cached, and a query of the batch as measured."""

    once: float
    query: float
    query_batched: float

    def at(self, queries: int) -> float:
        return self.once + queries * self.query


def cost(augment: Usage, train: Usage, query: Usage, questions: Sequence[Question], runs: int) -> Cost:
    """`query` is what all questions used over `runs` seeds. A query on its own reads its context and prompt once: what
    the questions read, reused tokens included, over the sequences that were read."""
    computed = query.tokens_in + query.tokens_out
    per_token = query.flops / computed if computed else 0.0
    sequences = runs * sum(len(q.choices or [q.answer]) for q in questions) or 1
    alone = (query.tokens_in + query.tokens_in_reused + query.tokens_out) / sequences
    return Cost((augment.flops + train.flops), alone * per_token, query.flops / (runs * len(questions) or 1))


def break_even(costs: dict[str, Cost]) -> list[dict[str, object]]:
    """From how many queries on each trained arm costs less than icl, in FLOPs; None where it never does."""
    if "icl" not in costs:
        return []
    found: list[dict[str, object]] = []
    for arm, mine in costs.items():
        if mine.once == 0:
            continue
        for case, a, b in (
            ("isolated queries, no cache", mine.query, costs["icl"].query),
            ("one batch, as measured", mine.query_batched, costs["icl"].query_batched),
        ):
            queries = None if b <= a else round(mine.once / (b - a))
            found.append({"arm": arm, "against": "icl", "case": case, "unit": "flops", "queries": queries})
    return found


def money(usage: Usage, prices: Prices | None, training: bool = False) -> Usage:
    """The usage with its price, if prices are known."""
    if prices is None:
        return usage
    if training:
        total = usage.tokens_in * prices.training
    else:
        total = (
            usage.tokens_in * prices.input + usage.tokens_in_reused * prices.cached + usage.tokens_out * prices.output
        )
    return Usage(**{**usage.row(), "money": total / 1e6})
