"""A backend that counts instead of computing, for `augtune run --dry-run`: it is a local model in all but its weights,
so that tokens, sharing and batches are those of a run; its seconds are by rates that were probed on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from .base import Ask, Backend, Generated, Request, Scored, Tick, nothing
from .decoding import Decoding
from .local import LocalModel, load_tokenizer, load_window, reach, resolve
from .prefix import KeysValues, over
from .tree import Row


@dataclass(frozen=True)
class Rates:
    """Seconds: of a token that is read, and more for each token that stands before it; of a step of writing, and for
    each row in it."""

    token: float
    seen: float
    step: float
    row: float

    def reading(self, tokens: int, before: int = 0) -> float:
        return tokens * self.token + tokens * (before + tokens / 2) * self.seen


@torch.inference_mode()
def probe(model: LocalModel) -> Rates:
    """The rates of a loaded model on this machine, in seconds."""
    size, before = model.row_tokens // 2, 4 * model.row_tokens

    def least(work: Callable[[], Any]) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return min(times)

    ids = [1 + i % 1000 for i in range(size)]

    def prefill() -> KeysValues:
        model._prefix = ((), [])
        found: KeysValues = model.prefill(ids)
        return found

    alone = least(prefill)
    read = Rates(alone / size, 0.0, 0.0, 0.0)
    if model.exact:
        times = before // size
        long = [(k.repeat(1, 1, times, 1), v.repeat(1, 1, times, 1)) for k, v in prefill()]
        row = Row(ids, list(range(size)), list(range(-1, size - 1)))
        inputs = {
            "input_ids": torch.tensor([ids], device=model.device),
            "position_ids": torch.arange(size, device=model.device)[None],
            "attention_mask": torch.from_numpy(row.mask()).to(model.device)[None, None],
        }
        with over(long):
            behind = least(lambda: model.model(**inputs, use_cache=False, logits_to_keep=1))
        read = replace(read, seen=max(0.0, behind - alone) / (size * before))
    few, many = (_written(model, n) for n in (4, 32))
    row_time = max(0.0, many - few) / 28
    return replace(read, step=max(0.0, few - 4 * row_time), row=row_time)


def _written(model: LocalModel, rows: int, steps: int = 6) -> float:
    """Seconds of a step in which so many rows are written."""

    def seconds(length: int) -> float:
        asked = [Request("", f"word {i}", length, ()) for i in range(rows)]
        start = time.perf_counter()
        model.generate(asked)
        return time.perf_counter() - start

    seconds(1)
    return max(0.0, min(seconds(1 + steps) - seconds(1) for _ in range(2)) / steps)


class Counting(LocalModel):
    """`write` gives a text for a request, `length` the tokens that are taken to be written for it."""

    def __init__(
        self, model: str, rates: Rates, exact: bool, write: Callable[[Request], str], length: Callable[[Request], int]
    ) -> None:
        config = AutoConfig.from_pretrained(resolve(model))
        with torch.device("meta"):
            self.parameters = AutoModelForCausalLM.from_config(config).num_parameters()
        self.tokenizer, self.window = load_tokenizer(model), load_window(model)
        self.rates, self.write, self.length = rates, write, length
        self.identity, self.exact, self.note, self.ends = f"counting {model}", exact, None, set()
        self.reach = reach(config.get_text_config())
        self._place(torch.device("cuda" if torch.cuda.is_available() else "cpu"), config)
        self.clock = 0.0

    def score(self, asks: Sequence[Ask], tick: Tick = nothing) -> Scored:
        start = self.clock
        scored = super().score(asks, tick)
        return replace(scored, usage=replace(scored.usage, seconds=self.clock - start))

    def generate(self, requests: Sequence[Request]) -> Generated:
        start = self.clock
        made = super().generate(requests)
        return replace(made, usage=replace(made.usage, seconds=self.clock - start))

    def _score_row(
        self, row: Row, prefix: KeysValues, shared: int, begins: list[int], shares: bool
    ) -> dict[int, float]:
        self.clock += self.rates.reading(len(row.ids), shared)
        return {index: -float(index) for index, _ in row.paths}

    def prefill(self, ids: list[int]) -> KeysValues:
        if self._prefix[0] != tuple(ids):
            self.clock += self.rates.reading(len(ids))
            self._prefix = (tuple(ids), [])
        return []

    def _decode(self, requests: list[Request]) -> Iterator[Generated]:
        ids = [self.encode(r.prefix + r.prompt, r.chat) for r in requests]
        together = self._shares(max(len(own) + r.max_tokens for own, r in zip(ids, requests, strict=True)))
        whole = list(zip(requests, ids, strict=True))
        for part in [whole] if together else [[pair] for pair in whole]:
            decoding = Decoding(self, [r for r, _ in part], [own for _, own in part])
            wrote = [max(1, min(self.length(r), r.max_tokens)) for r, _ in part]
            self.prefill(decoding.ids[0][: decoding.shared])
            self.clock += sum(self.rates.reading(len(own) - decoding.shared, decoding.shared) for own in decoding.ids)
            self.clock += max(wrote) * self.rates.step + sum(wrote) * self.rates.row
            yield Generated([self.write(r) for r, _ in part], [True] * len(part), decoding.used(sum(wrote)))


class CountingModels:
    """Stands for Models in a dry run: no weights are opened, trained ones are taken to be there."""

    pay = None

    def __init__(self, make: Callable[[str], Backend], identity: Callable[[str], str]) -> None:
        self._make, self.identity = make, identity
        self._made: dict[str, Backend] = {}

    def open(self, model: str, trained: Path | None = None) -> Backend:
        if model not in self._made:
            self._made[model] = self._make(model)
        return self._made[model]

    def close(self) -> None: ...

    def fault(self, model: str) -> str | None:
        return None
