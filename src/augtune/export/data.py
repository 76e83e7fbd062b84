"""The texts that an arm learns, in the formats of other tools.

augtune trains on plain text, every token of it: the second half of a reversed sentence is as much to be learnt as the
first. So `text` and `prompt-completion` (with an empty prompt, since trainers leave prompts out of the loss) hold what
was trained on. Formats of turns need somebody who asks: a text that holds a question with its answer (strategy
`questions`) becomes these two, a document with a heading is asked for by it, and any other text is the answer to
INSTRUCTION. docs/export.md tells users the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..records import Augmentation, Document, write_jsonl

INSTRUCTION = "State something that is true."
UNDER = "State what is written under this heading: {heading}"
_asked = re.compile(r"(?P<question>[^?]+\?) (?P<answer>.+)", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A text that an arm learns. `strategy` is None for a document; `sources` are the documents it was derived from.
    `heading`: with what it begins, if that is a title or headings, and `body` the rest."""

    id: str
    text: str
    strategy: str | None
    sources: list[str]
    heading: str | None = None
    body: str = ""

    @property
    def turns(self) -> tuple[str, str]:
        """(what is asked, the answer)."""
        if self.heading:
            return UNDER.format(heading=self.heading), self.body
        match = _asked.fullmatch(self.text) if self.strategy == "questions" else None
        return (match["question"], match["answer"]) if match else (INSTRUCTION, self.text)

    @property
    def origin(self) -> dict[str, Any]:
        return {"id": self.id, "strategy": self.strategy, "sources": self.sources}


def texts(documents: Sequence[Document], augmentations: Sequence[Augmentation]) -> list[Text]:
    """Documents first, in the order in which an arm is given them."""
    own = [Text(d.id, d.text, None, [], d.context, d.body) for d in documents]
    return own + [Text(a.id, a.text, a.strategy, a.sources) for a in augmentations]


def _messages(t: Text) -> list[dict[str, str]]:
    asked, answer = t.turns
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def _alpaca(t: Text) -> dict[str, Any]:
    asked, answer = t.turns
    return {"instruction": asked, "input": "", "output": answer}


def _sharegpt(t: Text) -> dict[str, Any]:
    asked, answer = t.turns
    return {"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": answer}]}


# Format -> a row. Each is a file FORMAT.jsonl. OpenAI's fine-tuning takes rows of messages and nothing else.
FORMATS: dict[str, Callable[[Text], dict[str, Any]]] = {
    "text": lambda t: {"text": t.text, **t.origin},
    "prompt-completion": lambda t: {"prompt": "", "completion": t.text, **t.origin},
    "messages": lambda t: {"messages": _messages(t), **t.origin},
    "alpaca": lambda t: {**_alpaca(t), **t.origin},
    "sharegpt": lambda t: {**_sharegpt(t), **t.origin},
    "openai": lambda t: {"messages": _messages(t)},
}


def write(folder: Path, found: Sequence[Text], formats: Sequence[str]) -> list[str]:
    """A file for each format, `text` always among them. Returns the formats, in the order of the table."""
    wanted = [name for name in FORMATS if not formats or name in formats or name == "text"]
    for name in wanted:
        write_jsonl(folder / f"{name}.jsonl", map(FORMATS[name], found))
    return wanted
