"""A backend without a model, for tests and demonstrations: two functions answer, everything else is real."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..records import Usage
from .base import Ask, Generated, Message, Request, Scored, Tick, nothing


@dataclass
class Scripted:
    """`write` gives the text for a request, `weigh` the log-likelihood of a choice after context + prompt. What was
    asked is kept in `calls`; a token is a word."""

    write: Callable[[Request], str] = lambda request: ""
    weigh: Callable[[str, str], float] = lambda before, choice: -float(len(choice))
    identity: str = "scripted"
    window: int = 8192
    batch_size: int = 8
    calls: list[Request | Ask] = field(default_factory=list)

    def generate(self, requests: Sequence[Request]) -> Generated:
        self.calls += requests
        texts = [self.write(r) for r in requests]
        read = sum(self.count_tokens(r.prefix + r.prompt) for r in requests)
        usage = Usage(tokens_in=read, tokens_out=sum(map(self.count_tokens, texts)), calls=len(requests))
        return Generated(texts, [True] * len(texts), usage)

    def score(self, asks: Sequence[Ask], tick: Tick = nothing) -> Scored:
        self.calls += asks
        tick(len(asks))
        values = [[self.weigh(a.context + a.prompt, c) for c in a.choices] for a in asks]
        tokens = [[self.count_tokens(c) for c in a.choices] for a in asks]
        return Scored(values, tokens, Usage(tokens_in=sum(map(sum, tokens)), calls=len(asks)))

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        return None

    def scores(self, chat: bool = False) -> bool:
        return True
