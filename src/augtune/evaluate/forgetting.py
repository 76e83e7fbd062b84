"""Forgetting: what training on the documents did to the rest. How likely general text is, and simple questions of
general knowledge, asked before training and after. Both texts are augtune's own and share nothing with the benchmarks;
the general text for replay (train/general.txt) is another."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..backends.base import Ask, Backend
from ..backends.store import Store, Tick
from ..likelihood import choose, divisors
from ..records import Question, Usage
from . import prompts

GIVEN = 6  # words of a passage that are read and not scored: there is nothing to tell the first ones by


@lru_cache
def passages() -> list[str]:
    """General text, 20 passages of some 75 tokens."""
    text = Path(__file__).with_name("general.txt").read_text(encoding="utf-8")
    return [part.strip() for part in text.split("\n\n")]


@lru_cache
def knowledge() -> list[Question]:
    """40 questions of general knowledge with four choices each."""
    lines = Path(__file__).with_name("knowledge.jsonl").read_text(encoding="utf-8").splitlines()
    return [Question(id=f"general-{i}", **json.loads(line)) for i, line in enumerate(lines)]


def size() -> int:
    """How many items `measure` ticks off."""
    return len(passages()) + len(knowledge())


def measure(backend: Backend, store: Store, tick: Tick) -> tuple[dict[str, Any], Usage]:
    """What a model knows of the world at large, and what asking took. nats_per_byte: negative log-likelihood of the
    passages by their UTF-8 bytes, so that tokenizers compare (lower is better). knowledge: the answers chosen by
    unnormalized likelihood that are right. The plain form, whatever form an arm chose."""
    parts = [_cut(p) for p in passages()]
    read = store.score(backend, [Ask("", given, (rest,)) for given, rest in parts], tick)
    asked = store.score(backend, [prompts.ask(backend, "plain", None, q) for q in knowledge()], tick)
    nats = -sum(values[0] for values in read.loglikelihoods)
    correct = sum(
        (q.choices or [])[choose(values, divisors("none", q.choices or [], tokens))] == q.answer
        for q, values, tokens in zip(knowledge(), asked.loglikelihoods, asked.tokens, strict=True)
    )
    found = {
        "nats_per_byte": round(nats / sum(len(rest.encode()) for _, rest in parts), 5),
        "knowledge": {"n": len(knowledge()), "correct": correct},
    }
    return found, read.usage + asked.usage


def _cut(passage: str) -> tuple[str, str]:
    """The beginning that is read, and the rest, which is scored, with the space at the seam."""
    given = " ".join(passage.split(" ")[:GIVEN])
    return given, passage[len(given) :]
