"""A step that a model is asked to do, and the asker, which asks it through the store.

The worked examples share no sentence, name or rare word with an augmentation's prompts or with a benchmark, so that no
question is worded as what an arm was trained on (tests/questions holds this).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ..backends.base import Backend, Request
from ..backends.store import Store, Tick
from ..records import Usage

STYLES = ("examples", "chat")
Bar = Callable[[str, float], AbstractContextManager[Tick]]  # (what, how many) -> told how many are done


@dataclass(frozen=True)
class Step:
    """One thing that a model is asked to do: in style examples it continues worked examples of (given, answer) in
    `form`; in style chat it follows `instruction`, which stands before what is given. An answer has at most `most`
    tokens and `longer` times those of what is given; in style examples it is one line, in chat too unless `lines`."""

    name: str
    instruction: str
    form: str
    examples: tuple[tuple[str, str], ...]
    longer: float = 1.5
    most: int = 24
    lines: bool = False

    def prompt(self, style: str, text: str) -> tuple[str, str]:
        """(what all texts share, what is this text's own)."""
        if style == "chat":
            return f"{self.instruction}\n\n", text
        worked = "".join(f"{self.form.format(text=given)} {answer}\n\n" for given, answer in self.examples)
        return worked, self.form.format(text=text)


@dataclass
class Asker:
    """Asks one model in one style, and counts what that used."""

    backend: Backend
    store: Store
    style: str
    bar: Bar
    usage: Usage = field(default_factory=Usage)

    def ask(self, step: Step, texts: Sequence[str]) -> list[str | None]:
        """An answer for each text, in their order; None where the prompt does not fit the model's window or the answer
        did not end."""
        requests = {text: self._request(step, text) for text in dict.fromkeys(texts)}
        asked = [r for r in requests.values() if r]
        with self.bar(f"questions: {step.name}", len(asked)) as tick:
            wrote = self.store.generate(self.backend, asked, tick)
        self.usage += wrote.usage
        answers = dict(zip(asked, zip(wrote.texts, wrote.finished, strict=True), strict=True))
        found: list[str | None] = []
        for text in texts:
            answer, ended = answers[r] if (r := requests[text]) else ("", False)
            # Of several lines those that were written stand, whether or not the last one ended.
            found.append(answer.strip() if ended or (self.style == "chat" and step.lines) else None)
        return found

    def _request(self, step: Step, text: str) -> Request | None:
        shared, own = step.prompt(self.style, text)
        chat = self.style == "chat"
        if chat:
            rendered = self.backend.chat([{"role": "user", "content": shared + own}]) or ""
            cut = rendered.index(shared) + len(shared) if shared in rendered else 0
            shared, own = rendered[:cut], rendered[cut:]
        limit = int(step.longer * self.backend.count_tokens(text)) + step.most
        if self.backend.count_tokens(shared) + self.backend.count_tokens(own) + limit > self.backend.window:
            return None
        return Request(shared, own, limit, () if chat and step.lines else ("\n",), chat=chat)
