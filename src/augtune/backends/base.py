"""What a backend is: a model that scores choices and writes text. Backends import no stage.

Two methods and a renderer. Whatever comes back is the model's text or an exception, never an error dressed as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, runtime_checkable

from ..errors import UserError
from ..records import Usage

Message = dict[str, str]
Tick = Callable[[int], None]  # told how many items were finished since it was last called


@dataclass(frozen=True)
class Request:
    """A text to write. The model reads prefix + prompt; the prefix is what requests share, and is computed once.

    `chat`: both are rendered by the model's chat template already, so that no special tokens are added. `stop`: the
    text ends before the first of these strings. `temperature` 0 is greedy; else sampling is seeded by `seed`.
    """

    prefix: str
    prompt: str
    max_tokens: int = 64
    stop: tuple[str, ...] = ("\n",)
    temperature: float = 0.0
    seed: int = 0
    chat: bool = False


@dataclass(frozen=True)
class Generated:
    """What became of a batch of requests: a text for each, whether it ended by itself, and what it used. `refused`: for
    each why there is no text (longer than the window, as a server found), or None; none of them where it is empty."""

    texts: list[str]
    finished: list[bool]
    usage: Usage
    refused: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class Ask:
    """Choices to score: the log-likelihood of each as the continuation of context + prompt. The caller puts the white
    space at the seam into the choice; context is what asks share, and is computed once. `chat` as in Request."""

    context: str
    prompt: str
    choices: tuple[str, ...]
    chat: bool = False


@dataclass(frozen=True)
class Scored:
    """For each ask: for each choice the sum of its tokens' log-likelihoods (nats) and their number."""

    loglikelihoods: list[list[float]]
    tokens: list[list[int]]
    usage: Usage = field(default_factory=Usage)


class Backend(Protocol):
    """A model to call. `identity` names model and weights: with a request it decides whether a call was paid before."""

    identity: str
    window: int  # tokens that fit in its context
    batch_size: int  # requests that generate takes at a time: the unit that is paid and stored

    def generate(self, requests: Sequence[Request]) -> Generated: ...

    def score(self, asks: Sequence[Ask], tick: Tick = ...) -> Scored: ...

    def count_tokens(self, text: str) -> int: ...

    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        """Render messages by the model's chat template; None if it has none. With continue_last, the last message is
        the beginning of the assistant's turn and stays open."""
        ...

    def scores(self, chat: bool = False) -> bool:
        """Whether `score` can tell likelihoods, in this form. Where it cannot, choices are answered in words."""
        ...


@dataclass(frozen=True)
class Call:
    """One call of a server: the key under which it is paid; how it is made, which is from another thread, gives up
    early when the event is set, and raises CallFailed; and how many items are done with it."""

    key: str
    make: Callable[[Event], dict[str, Any]]
    items: int = 1


class CallFailed(UserError):
    """A call that brought nothing, after so many attempts as `failed` counts."""

    def __init__(self, fault: str, failed: int = 1) -> None:
        super().__init__(fault)
        self.failed = failed


Pay = Callable[[Sequence[Call], int, Tick], list[dict[str, Any]]]  # calls, how many at a time -> their results


@runtime_checkable
class Remote(Protocol):
    """What a backend has whose calls are paid one by one: it hands them to `pay`, which is the store's."""

    pay: Pay

    def generate(self, requests: Sequence[Request], tick: Tick = ...) -> Generated: ...

    def score(self, asks: Sequence[Ask], tick: Tick = ...) -> Scored: ...


def nothing(_: int) -> None:
    """The tick for callers that show no progress."""


def cut(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text up to the first of the stop strings, and whether there is one."""
    at = min((k for s in stop if (k := text.find(s)) >= 0), default=-1)
    return (text, False) if at < 0 else (text[:at], True)
