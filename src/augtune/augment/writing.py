"""What strategies share: a step that a model is asked to do, the writer that asks, and the drafts that come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ..backends.base import Ask, Backend, Request
from ..backends.store import Store, Tick
from ..progress import say
from ..records import Augmentation, Usage, digest

STYLES = ("examples", "chat")
Bar = Callable[[str, float], AbstractContextManager[Tick]]  # (what, how many texts) -> told how many are done


@dataclass(frozen=True)
class Step:
    """One thing that a model is asked to do.

    `form` holds "{text}", what is given, and ends where the answer begins. `examples` are sets of (given, answer):
    sample i uses set i, modulo their number, which gives variety. `instruction` is for style chat; `gap` separates
    examples and ends an answer; `most` is the limit of an answer in tokens, beside `longer` times what is given.
    """

    name: str
    instruction: str
    form: str
    examples: tuple[tuple[tuple[str, str], ...], ...]
    gap: str = "\n\n"
    stop: tuple[str, ...] = ("\n",)
    longer: float = 1.4  # a rewritten sentence is about as long as its source; more means that the model rambles
    most: int = 12

    def prompt(self, style: str, text: str, sample: int, context: str = "") -> tuple[str, str]:
        """(what all texts share, what is this text's own). What is longest and most shared comes first, so that a
        server or a cache can reuse it: context, instruction, worked examples."""
        chosen = self.examples[sample % len(self.examples)]
        worked = "".join(f"{self.form.format(text=given)} {answer}{self.gap}" for given, answer in chosen)
        own = self.form.format(text=text)
        return (context + worked, own) if style == "examples" else (f"{context}{self.instruction}\n\n{worked}", own)


@dataclass(frozen=True)
class Written:
    """A text that a model wrote, and whether it ended by itself."""

    text: str
    finished: bool


TOO_LONG = Written("", False)  # what does not fit the model's window is not asked; the checks reject it


@dataclass(frozen=True)
class Draft:
    """A text before it is judged. `key` makes its id; `sources` are ids of documents; `source` is what it must keep to
    and `other` a second fact that it links to; `reason` is set where a strategy rejects it by itself;
    `output`: what belongs to the text, which is then the input of a task example."""

    key: str
    sources: list[str]
    source: str
    text: str
    finished: bool = True
    other: str = ""
    reason: str | None = None
    output: str | None = None


@dataclass
class Writer:
    """Asks a model to do steps for one strategy, through the store; counts what was used.

    `comparisons`: does the model invert them in one step? `accepted`: what the strategy has already, for those that
    build on it; `asked`: what was linked before (linked.py); `prompts`: all that the model was asked about, so that it
    can be shown that no question was among it."""

    backend: Backend
    store: Store
    style: str
    temperature: float
    seed: int
    bar: Bar
    strategy: str
    comparisons: bool = True
    usage: Usage = field(default_factory=Usage)
    accepted: list[Augmentation] = field(default_factory=list)
    asked: set[tuple[frozenset[str], frozenset[str]]] = field(default_factory=set)
    prompts: list[str] = field(default_factory=list)
    answers: dict[Request, Written] = field(default_factory=dict)  # what was asked is counted once
    _counted: tuple[str, int] = ("", 0)

    def ask(self, step: Step, texts: Sequence[str], sample: int = 0, context: str = "") -> list[Written]:
        """An answer for each text, in their order; a text that stands several times is asked once. Each is seeded by
        what it asks, so that no neighbour changes what it draws."""
        requests = {text: self._request(step, text, sample, context) for text in dict.fromkeys(texts)}
        asked = [r for r in dict.fromkeys(requests.values()) if r and r not in self.answers]
        if asked:
            with self.bar(f"augment: {self.strategy}, {step.name}", len(asked)) as tick:
                wrote = self.store.generate(self.backend, asked, tick)
            self.usage += wrote.usage
            if refused := list(filter(None, wrote.refused)):
                say(f"augment: {self.strategy}: {len(refused)} prompts are beyond the model's window ({refused[0]})")
            self.prompts += [context, *requests]
            self.answers |= zip(asked, map(Written, (t.strip() for t in wrote.texts), wrote.finished), strict=True)
        return [self.answers[r] if (r := requests[text]) else TOO_LONG for text in texts]

    def choose(self, what: str, asks: Sequence[Ask]) -> list[int | None]:
        """The likeliest choice of each ask; of a model that tells no likelihoods, the one that its answer begins with.
        None where there is no such one."""
        with self.bar(f"augment: {self.strategy}, {what}", len(asks)) as tick:
            if self.backend.scores():
                scored = self.store.score(self.backend, asks, tick)
                self.usage += scored.usage
                return [v.index(max(v)) if v.count(max(v)) == 1 else None for v in scored.loglikelihoods]
            wrote = self.store.generate(self.backend, [Request(a.context, a.prompt, 8) for a in asks], tick)
        self.usage += wrote.usage
        return [
            next((i for i, choice in enumerate(a.choices) if text.strip().startswith(choice.strip())), None)
            for a, text in zip(asks, wrote.texts, strict=True)
        ]

    def _request(self, step: Step, text: str, sample: int, context: str) -> Request | None:
        """None where the prompt leaves no room for an answer in the model's window."""
        shared, own = step.prompt(self.style, text, sample, context)
        chat = self.style == "chat"
        if chat:
            rendered = self.backend.chat([{"role": "user", "content": shared + own}]) or ""
            cut = rendered.index(shared) + len(shared) if shared in rendered else 0
            shared, own = rendered[:cut], rendered[cut:]
        length = self.backend.count_tokens(text)
        room = self.backend.window - self._shared_tokens(shared) - self.backend.count_tokens(own) - 8
        if room < step.most:
            return None
        limit = min(int(step.longer * length) + step.most, room)
        drawn = int(digest(self.seed, sample, step.name, text), 16) % (1 << 32)
        return Request(shared, own, limit, step.stop, self.temperature, drawn, chat)

    def _shared_tokens(self, shared: str) -> int:
        """Tokens of a prompt's shared part, counted once: it may be a whole corpus."""
        if self._counted[0] != shared:
            self._counted = (shared, self.backend.count_tokens(shared))
        return self._counted[1]
