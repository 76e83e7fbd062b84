"""A look at what augmentation would do: some documents, with what the model is asked, what it writes, and what becomes
of it. The same steps, prompts and checks as the whole augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from ..backends.base import Ask, Backend, Generated, Request, Scored
from ..backends.store import Store, Tick
from ..records import Augmentation, Document, Usage
from . import STRATEGIES, Made, Verdict, apply
from .writing import Bar


class _Watched:
    """A store that also keeps what was asked and what came back."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.wrote: list[tuple[Request, str]] = []
        self.scored: list[tuple[Ask, list[float]]] = []

    def generate(self, backend: Backend, requests: Sequence[Request], tick: Tick) -> Generated:
        made = self.store.generate(backend, requests, tick)
        self.wrote += zip(requests, made.texts, strict=True)
        return made

    def score(self, backend: Backend, asks: Sequence[Ask], tick: Tick) -> Scored:
        made = self.store.score(backend, asks, tick)
        self.scored += zip(asks, made.loglikelihoods, strict=True)
        return made


def chosen(documents: Sequence[Document], count: int) -> list[Document]:
    """So many documents, spread evenly over the corpus."""
    return [documents[i * len(documents) // count] for i in range(min(count, len(documents)))]


def show(
    verdicts: Sequence[Verdict], backend: Backend, store: Store, documents: Sequence[Document], samples: int,
    temperature: float, seed: int, bar: Bar, console: Console,
) -> Usage:  # fmt: skip
    """Apply each strategy that preflight allows to the documents, one by one (global strategies to all of them
    together), and print what happens. Returns what it used."""
    used = Usage()
    for v in verdicts:
        console.rule(Text(f"{v.strategy} ({v.style})"))
        told: set[str] = set()
        together = STRATEGIES[v.strategy].family == "global"
        for part in [list(documents)] if together else [[d] for d in documents]:
            watched = _Watched(store)
            as_store = cast(Store, watched)  # it answers as one
            made = apply(v.strategy, v.style, backend, as_store, part, samples, temperature, seed, bar, v.comparisons)
            used += made.usage
            _show(part, watched, made, told, console)
    return used


def _show(part: Sequence[Document], watched: _Watched, made: Made, told: set[str], console: Console) -> None:
    for d in part:
        console.print(Text(f"\n{d.id}: ", style="bold").append(Text(d.text, style="not bold")))
    for request, text in watched.wrote:
        if request.prefix and request.prefix not in told:
            told.add(request.prefix)
            console.print(
                Panel(Text(request.prefix.rstrip("\n")), title="prompt, the part that texts share", title_align="left")
            )
        console.print(Text("asked     ", style="dim").append(Text(request.prompt, style="not dim")))
        console.print(Text("raw       ", style="dim").append(Text(repr(text), style="not dim")))
    for ask, values in watched.scored:
        given = ", ".join(f"{c.strip()} {v:.2f}" for c, v in zip(ask.choices, values, strict=True))
        console.print(
            Text("judged    ", style="dim").append(Text(f"{ask.prompt.splitlines()[-1]} {given}", style="not dim"))
        )
    for a in made.found:
        console.print(_verdict(a))
    if not made.found:
        console.print(Text("nothing   no text came of it", style="yellow"))


def _verdict(a: Augmentation) -> Text:
    if a.reason is None:
        return Text("accepted  ", style="green").append(Text(a.text, style="default"))
    return Text("rejected  ", style="red").append(Text(f"{a.text!r}: {a.reason}", style="default"))
