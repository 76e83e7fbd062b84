"""Every model call is stored under a hash of model, weights, prompt and sampling as soon as it returns: nothing is lost
or paid twice, and a changed study reuses what still applies.

On this machine batches are cut from the full list before the store is consulted, and a batch is the unit that is paid
and stored. So a resumed run makes the same batches as one that was never stopped, and gets the same numbers (in
bfloat16 a batch's composition shows in the last digits). Of a server each call is such a unit; several run at a time,
and what is in flight when something goes wrong is waited for and stored, since it is paid.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from functools import partial
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Any

from ..errors import BudgetReached
from ..progress import say
from ..records import Usage, digest
from .base import Ask, Backend, Call, CallFailed, Generated, Remote, Request, Scored, nothing

Tick = Callable[[int], None]
ASKS = 64  # questions of one context in a stored batch
TABLES = """
create table if not exists paid (key text primary key, result text not null);
create table if not exists failed (key text primary key, calls integer not null);
"""


class Store:
    """The paid calls of a run. Raises BudgetReached before a call that would start beyond the budget: of `calls`
    answered by models, of `tokens` that they read and wrote, or of `money` that servers cost by `price`. Calls never go
    beyond: those in flight count. Tokens and money may, by what is in flight when the limit is reached, since nobody
    knows beforehand what a call takes."""

    def __init__(
        self, path: Path, calls: int | None = None, tokens: int | None = None, money: float | None = None,
        price: Callable[[Usage], float] = lambda usage: 0.0,
    ) -> None:  # fmt: skip
        self.path, self.price = path, price
        self.limits: dict[str, float | None] = {"calls": calls, "tokens": tokens, "money": money}
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)  # each statement is on disk when it returns
        self.db.executescript(TABLES)
        self.used = Usage()  # by all calls that were ever made for this run
        self.bought = Usage()  # by those of servers
        self.estimated = 0  # calls whose tokens the server did not count
        for usage, server, estimated in self.db.execute(
            "select result ->> '$.usage', result ->> '$.server', result ->> '$.estimated' from paid"
        ):
            self._count(Usage.of(json.loads(usage)), bool(server), bool(estimated))
        for (failed,) in self.db.execute("select calls from failed"):
            self._count(Usage(failed_calls=failed), True)

    @property
    def spent(self) -> dict[str, float]:
        """What counts towards the budget."""
        return {"calls": self.used.calls, "tokens": _tokens(self.used), "money": self.price(self.bought)}

    def generate(self, backend: Backend, requests: Sequence[Request], tick: Tick) -> Generated:
        """A text for each request, in their order. Requests of one prefix are batched, alike in length."""
        if isinstance(backend, Remote):
            backend.pay = self.pay
            return backend.generate(requests, tick)
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
        if isinstance(backend, Remote):
            backend.pay = self.pay
            return backend.score(asks, tick)
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

    def pay(self, calls: Sequence[Call], at_once: int, tick: Tick = nothing) -> list[dict[str, Any]]:
        """What each call brought, in their order: looked up, or made, at most so many at a time. Each is stored when it
        returns; a refusal is not, since it costs nothing and another setting may lift it. Raises what the first call
        that fails raises, after those in flight have ended."""
        found: dict[str, dict[str, Any]] = {}
        waiting = deque({call.key: call for call in calls}.values())
        running: dict[Future[dict[str, Any]], Call] = {}
        give_up, since = Event(), time.monotonic()

        def ended(futures: Sequence[Future[dict[str, Any]]]) -> None:
            nonlocal since
            errors: list[CallFailed] = []
            done: list[Call] = []
            self.db.execute("begin")  # one writing to disk for all that ended by now: slow disks, fast servers
            try:
                for future in futures:
                    call, now = running[future], time.monotonic()
                    try:
                        result = future.result()
                    except CallFailed as e:
                        self._keep_failed(call.key, e.failed)
                        errors.append(e)
                    else:
                        # Seconds of the wall, once, however many calls share them.
                        result["usage"]["seconds"], since = now - since, now
                        found[call.key] = self._keep_call(call.key, result)
                        done.append(call)
                    del running[future]  # last: what a Ctrl-C interrupts here is still to be stored
            finally:
                self.db.execute("commit")
            for call in done:
                tick(call.items)
            if errors:
                raise errors[0]

        with ThreadPoolExecutor(at_once) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < at_once:
                        call = waiting[0]
                        if (stored := self._stored(call.key)) is not None:
                            found[call.key] = stored
                            tick(call.items)
                        elif fault := self._over(len(running)):
                            if not running:
                                raise BudgetReached(fault)
                            break  # what is in flight may fail, and leave room
                        else:
                            running[pool.submit(call.make, give_up)] = call
                        waiting.popleft()
                    ended(list(wait(running, return_when=FIRST_COMPLETED).done) if running else [])
            except BaseException as e:
                give_up.set()
                if running and isinstance(e, KeyboardInterrupt):
                    say(f"stopping: {len(running)} calls in flight are waited for, since they are paid")
                while running:
                    try:
                        ended(list(wait(running, return_when=FIRST_COMPLETED).done))
                    except CallFailed:
                        continue  # counted; what is told is what came first
                raise
        return [found[call.key] for call in calls]

    def told(self) -> str | None:
        """One line on what servers were asked, in this run and those that it goes on from; None if nothing."""
        if not self.bought.calls + self.bought.failed_calls:
            return None
        u = self.bought
        money = f", {self.price(u):.4g} in money" if self.price(u) else ""
        guessed = f"; {self.estimated} calls came without sound counts, which were estimated" if self.estimated else ""
        return (
            f"server: {u.calls} calls answered, {u.failed_calls} attempts failed; tokens read {u.tokens_in}, cached "
            f"{u.tokens_in_reused}, written {u.tokens_out}{money}{guessed}"
        )

    def _once(
        self, backend: Backend, asked: Sequence[Request | Ask], call: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        key = digest(backend.identity, type(asked[0]).__name__, [asdict(a) for a in asked])
        if (stored := self._stored(key)) is not None:
            return stored
        if fault := self._over():
            raise BudgetReached(fault)
        result = call()
        self.db.execute("insert or replace into paid values (?, ?)", (key, json.dumps(result)))
        self._count(Usage.of(result["usage"]))
        return result

    def _stored(self, key: str) -> dict[str, Any] | None:
        row = self.db.execute("select result from paid where key = ?", (key,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def _over(self, in_flight: int = 0) -> str | None:
        """What to say where no further call may start."""
        spent = self.spent
        for what, limit in self.limits.items():
            if limit is not None and spent[what] + (in_flight if what == "calls" else 0) >= limit:
                return (
                    f"the budget of {limit} {what} is used up ({round(spent[what], 6)} used); what was paid for is "
                    f"kept: raise budget.{what} and run the same command again to go on"
                )
        return None

    def _keep_call(self, key: str, result: dict[str, Any]) -> dict[str, Any]:
        """Store what a server's call brought, with the attempts that failed before, in this run or an earlier one."""
        usage = Usage.of(result["usage"])
        if "refused" in result:
            self._keep_failed(key, usage.failed_calls)
            return result
        self._count(usage, True, bool(result.get("estimated")))
        (before,) = self.db.execute("select coalesce(sum(calls), 0) from failed where key = ?", (key,)).fetchone()
        result = {**result, "usage": (usage + Usage(failed_calls=before)).row(), "server": True}
        self.db.execute("insert or replace into paid values (?, ?)", (key, json.dumps(result)))
        self.db.execute("delete from failed where key = ?", (key,))
        return result

    def _keep_failed(self, key: str, calls: int) -> None:
        self._count(Usage(failed_calls=calls), True)
        self.db.execute(
            "insert into failed values (?, ?) on conflict (key) do update set calls = calls + excluded.calls",
            (key, calls),
        )

    def _count(self, usage: Usage, server: bool = False, estimated: bool = False) -> None:
        self.used += usage
        if server:
            self.bought += usage
            self.estimated += estimated


def _tokens(usage: Usage) -> int:
    return usage.tokens_in + usage.tokens_in_reused + usage.tokens_out


def _generate(backend: Backend, asked: Sequence[Request]) -> dict[str, Any]:
    return asdict(backend.generate(asked))


def _score(backend: Backend, asked: Sequence[Ask], tick: Tick) -> dict[str, Any]:
    return asdict(backend.score(asked, tick))


def _cut(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
