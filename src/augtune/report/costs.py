"""What an arm costs: once (augmenting, training) and at every query; in FLOPs, tokens, seconds and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from ..config import CACHED_RATIO, Prices, Verdict
from ..records import Question, Usage

CASES = {
    "none": "isolated queries, no cache",
    "prefix": "isolated queries, documents cached",
    "batch": "one batch, as measured",
}
SHARES_ITS_CONTEXT = ("icl",)  # its queries have the same documents before them: what a server can cache
HAS_CONTEXT = (*SHARES_ITS_CONTEXT, "rag")  # what a query reads beside them is told by the other arms


@dataclass(frozen=True)
class Cost:
    """In one unit: once, and a query in each of CASES."""

    once: float
    query: dict[str, float]

    def at(self, queries: float, case: str = "none", times: float = 1.0) -> float:
        """`times`: how often what is paid once is paid."""
        return times * self.once + queries * self.query[case]


Costs = dict[str, Cost]  # unit -> cost


def cached_ratio(prices: Prices | None) -> tuple[float, bool]:
    """What a cached token costs of a computed one, and whether that is assumed."""
    if prices is None or prices.input == 0 or prices.cached is None:
        return CACHED_RATIO, True
    return prices.cached / prices.input, False


def costs(
    usage: Mapping[str, Mapping[str, Usage]], questions: Sequence[Question], seeds: Mapping[str, int],
    prices: Prices | None,
) -> dict[str, Costs]:  # fmt: skip
    """Each arm's costs from its usage: arm -> augment, train, query (rag: index) -> over all its seeds. Augmenting and
    indexing are done once, one of the trainings would do. A query on its own reads its context and prompt and one
    answer: what the questions read, tokens that this run reused included, over the sequences that were read."""
    sequences = sum(len(q.choices or [q.answer]) for q in questions) or 1
    read = {
        arm: (u["query"].tokens_in + u["query"].tokens_in_reused) / (sequences * seeds[arm]) for arm, u in usage.items()
    }
    bare = min((n for arm, n in read.items() if arm not in HAS_CONTEXT), default=0.0)
    found = {}
    for arm, used in usage.items():
        prefix = max(0.0, read[arm] - bare) if arm in SHARES_ITS_CONTEXT else 0.0
        found[arm] = _costs(
            used, read[arm], prefix, sequences * seeds[arm], len(questions) * seeds[arm], seeds[arm], prices
        )
    return found


def _costs(
    used: Mapping[str, Usage], read: float, prefix: float, sequences: int, asked: int, seeds: int, prices: Prices | None
) -> Costs:
    """`read` tokens of a query on its own, the first `prefix` of them the same in all queries."""
    once, query = Usage.total([used["augment"], _share(used["train"], seeds)]), used["query"]
    once += used.get("index", Usage())
    wrote = query.tokens_out / sequences
    ratio, _ = cached_ratio(prices)
    tokens = {"none": read + wrote, "prefix": read - prefix + ratio * prefix + wrote}
    computed = query.tokens_in + query.tokens_out

    def priced(once: float, measured: float) -> Cost:
        """The unit's own price of a computed token, times tokens."""
        each = measured / computed if computed else 0.0
        return Cost(once, {**{case: n * each for case, n in tokens.items()}, "batch": measured / (asked or 1)})

    found = {
        "flops": priced(once.flops, query.flops),
        "tokens": priced(once.tokens_in + once.tokens_out, computed),
        "seconds": priced(once.seconds, query.seconds),
    }
    if prices:
        paid = money(used["augment"], prices), money(_share(used["train"], seeds), prices, training=True)
        alone = {"none": read * prices.input, "prefix": (read - prefix + ratio * prefix) * prices.input}
        each = {case: (n + wrote * prices.output) / 1e6 for case, n in alone.items()}
        batch = (money(query, prices).money or 0.0) / (asked or 1)
        found["money"] = Cost(sum(u.money or 0.0 for u in paid), {**each, "batch": batch})
    return found


def _share(usage: Usage, seeds: int) -> Usage:
    return Usage(
        usage.tokens_in // seeds, usage.tokens_in_reused // seeds, usage.tokens_out // seeds, usage.flops / seeds,
        usage.seconds / seeds,
    )  # fmt: skip


def times_paid(settings: Verdict) -> float:
    """How often what is paid once is paid: first, and at each change of the documents."""
    return 1.0 + settings.updates_per_month * settings.months


def break_even(found: Mapping[str, Costs], settings: Verdict) -> list[dict[str, Any]]:
    """From how many queries on each trained arm costs less than icl and than rag, in each case and unit; None where it
    never does. The queries of all the months count, and so does every redoing."""
    rows: list[dict[str, Any]] = []
    times = times_paid(settings)
    for arm, mine in found.items():
        for against in ("icl", "rag"):
            if against not in found or against == arm or mine["flops"].once == 0:
                continue
            for case, told in CASES.items():
                for unit in mine:
                    saved = found[against][unit].query[case] - mine[unit].query[case]
                    extra = times * (mine[unit].once - found[against][unit].once)
                    queries = max(0, floor(extra / saved) + 1) if saved > 0 else None
                    rows.append({"arm": arm, "against": against, "case": told, "unit": unit, "queries": queries})
    return rows


def money(usage: Usage, prices: Prices | None, training: bool = False) -> Usage:
    """The usage with its price, if prices are known."""
    if prices is None:
        return usage
    total = usage.tokens_in * prices.training / 1e6 if training else prices.of(usage)
    return Usage(**{**usage.row(), "money": total})
