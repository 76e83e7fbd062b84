"""Every model call is stored under a hash of model, weights, prompt and sampling as soon as it returns: nothing is lost
or paid twice, and a changed study reuses what still applies.

Batches are cut from the full list before the store is consulted, and a batch is the unit that is paid and stored. So a
resumed run makes the same batches as one that was never stopped, and gets the same numbers (in bfloat16 a batch's
composition shows in the last digits).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ..errors import BudgetReached
from ..records import Usage, digest
from .base import Ask, Backend, Generated, Request, Scored

Tick = Callable[[int], None]
ASKS = 64  # questions of one context in a stored batch


class Store:
    """The paid calls of a run. Raises BudgetReached before a call that would start beyond the budget."""

    def __init__(self, path: Path, calls: int | None = None, tokens: int | None = None) -> None:
        self.path, self.limits = path, {"calls": calls, "tokens": tokens}
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)  # each statement is on disk when it returns
        self.db.execute("create table if not exists paid (key text primary key, result text not null)")
        used = Usage.total(
            Usage.of(json.loads(row[0])) for row in self.db.execute("select result ->> '$.usage' from paid")
        )
        self.spent = {"calls": used.calls, "tokens": _tokens(used)}

    def generate(self, backend: Backend, requests: Sequence[Request], tick: Tick) -> Generated:
        """A text for each request, in their order. Requests of one prefix are batched, alike in length."""
        order = sorted(range(len(requests)), key=lambda i: (requests[i].prefix, len(requests[i].prompt), i))
        texts, finished, usage = [""] * len(requests), [False] * len(requests), Usage()
        for _, same in groupby(order, key=lambda i: (requests[i].prefix, requests[i].chat)):
            for batch in _cut(list(same), backend.batch_size):
                asked = [requests[i] for i in batch]
                result = self._once(backend, asked, partial(_generate, backend, asked))
                for i, text, ended in zip(batch, result["texts"], result["finished"], strict=True):
                    texts[i], finished[i] = text, ended
                usage += Usage.of(result["usage"])
                tick(len(batch))
        return Generated(texts, finished, usage)

    def score(self, backend: Backend, asks: Sequence[Ask], tick: Tick) -> Scored:
        """The choices' log-likelihoods for each ask, in their order."""
        values: list[list[float]] = [[] for _ in asks]
        tokens: list[list[int]] = [[] for _ in asks]
        usage = Usage()
        order = sorted(range(len(asks)), key=lambda i: (asks[i].context, asks[i].chat, i))
        for _, same in groupby(order, key=lambda i: (asks[i].context, asks[i].chat)):
            for batch in _cut(list(same), ASKS):
                asked = [asks[i] for i in batch]
                told = 0

                def inner(n: int) -> None:
                    nonlocal told
                    told += n
                    tick(n)

                result = self._once(backend, asked, partial(_score, backend, asked, inner))
                tick(len(batch) - told)
                for i, value, count in zip(batch, result["loglikelihoods"], result["tokens"], strict=True):
                    values[i], tokens[i] = value, count
                usage += Usage.of(result["usage"])
        return Scored(values, tokens, usage)

    def _once(
        self, backend: Backend, asked: Sequence[Request | Ask], call: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        key = digest(backend.identity, type(asked[0]).__name__, [asdict(a) for a in asked])
        row = self.db.execute("select result from paid where key = ?", (key,)).fetchone()
        if row:
            stored: dict[str, Any] = json.loads(row[0])
            return stored
        for what, limit in self.limits.items():
            if limit is not None and self.spent[what] >= limit:
                raise BudgetReached(
                    f"the budget of {limit} {what} is used up ({self.spent[what]} used); what was paid for is kept: "
                    f"raise budget.{what} and run the same command again to go on"
                )
        result = call()
        self.db.execute("insert or replace into paid values (?, ?)", (key, json.dumps(result)))
        used = Usage.of(result["usage"])
        self.spent["calls"] += used.calls
        self.spent["tokens"] += _tokens(used)
        return result


def _tokens(usage: Usage) -> int:
    return usage.tokens_in + usage.tokens_in_reused + usage.tokens_out


def _generate(backend: Backend, asked: Sequence[Request]) -> dict[str, Any]:
    return asdict(backend.generate(asked))


def _score(backend: Backend, asked: Sequence[Ask], tick: Tick) -> dict[str, Any]:
    return asdict(backend.score(asked, tick))


def _cut(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
