"""The records that stages hand to each other: the only currency between them. Each is one JSON object in a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record", bound="Base")


@dataclass(frozen=True)
class Base:
    def row(self) -> dict[str, Any]:
        """The record as the JSON object that is written to disk."""
        return asdict(self)

    @classmethod
    def of(cls: type[Record], row: dict[str, Any]) -> Record:
        """The record from such an object; keys that it does not know are left out."""
        return cls(**{f.name: row[f.name] for f in fields(cls) if f.name in row})


def _without_defaults(record: Base, *keys: str) -> dict[str, Any]:
    """The row without what most records lack, so that runs from before it was known still stand."""
    return {k: v for k, v in asdict(record).items() if v or k not in keys}


@dataclass(frozen=True)
class Document(Base):
    """Source text. `group` names the fact or entity that it is about, where that is known (icl subsamples by it).
    `context`: the title and headings above a part of a file; `text` begins with it, and `body` is the rest. `given`:
    of a task example, how many characters of `text` are read, not learnt (tasks.py)."""

    id: str
    text: str
    group: str | None = None
    context: str | None = None
    given: int = 0

    @property
    def body(self) -> str:
        return self.text[len(self.context) :].strip() if self.context else self.text

    def row(self) -> dict[str, Any]:
        return _without_defaults(self, "context", "given")


@dataclass(frozen=True)
class Augmentation(Base):
    """A text that a model derived from documents. `reason` is None if it was accepted, else why it was rejected;
    `given` as of a document."""

    id: str
    strategy: str
    sources: list[str]
    text: str
    reason: str | None = None
    given: int = 0

    def row(self) -> dict[str, Any]:
        return _without_defaults(self, "given")


@dataclass(frozen=True)
class Question(Base):
    """What a model is asked. A choice is scored as the continuation of the prompt; no space stands at the seam:
    augtune puts one there where the prompt does not end in white space (see evaluate/prompts.py).

    `kind` is the sub-type of inference within the split. `facts`, in a benchmark's own notation, is what the question
    tests: it is covered where texts that a model was trained on state all of them (Corpus.states). `match` names how a
    written answer is compared (evaluate/score.py). `reviewed`: whether a person has read it, where its file asks for
    that; it stands in no row, since nothing that is asked depends on it. `task`: it asks for the output of an input."""

    id: str
    prompt: str
    answer: str
    choices: list[str] | None = None
    split: str = "all"
    group: str | None = None
    kind: str | None = None
    facts: list[str] | None = None
    match: str = "text"
    reviewed: bool | None = None
    task: bool = False

    def row(self) -> dict[str, Any]:
        return {k: v for k, v in _without_defaults(self, "task").items() if k != "reviewed"}


@dataclass(frozen=True)
class Prediction(Base):
    """One arm's scored answer to one question. `loglikelihoods` are unnormalized sums over each choice's tokens;
    `tokens` and `bytes` are the choices' lengths, so that any normalization can be recomputed."""

    arm: str
    seed: int
    id: str
    split: str
    group: str | None
    choices: list[str] | None
    loglikelihoods: list[float] | None
    tokens: list[int] | None
    bytes: list[int] | None
    chosen: str
    answer: str
    correct: bool
    contained: bool | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Usage(Base):
    """What some work used; adds up. tokens_in counts computed tokens, tokens_in_reused those taken from a shared
    prefix; flops are 2 x parameters a token forward, 6 x with training; seconds are wall-clock; money is None where no
    price is known."""

    tokens_in: int = 0
    tokens_in_reused: int = 0
    tokens_out: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    calls: int = 0
    failed_calls: int = 0
    money: float | None = None

    def __add__(self, other: Usage) -> Usage:
        mine, yours = asdict(self), asdict(other)
        money = [m for m in (mine.pop("money"), yours.pop("money")) if m is not None]
        return Usage(**{k: v + yours[k] for k, v in mine.items()}, money=sum(money) if money else None)

    @staticmethod
    def total(parts: Iterable[Usage]) -> Usage:
        return sum(parts, Usage())


@dataclass(frozen=True)
class Corpus:
    """What a study is about: the documents; the questions that count; the questions by which settings are chosen (never
    the former); and, for benchmarks, the true inferences that a perfect augmenter would write, and the solver's reading
    of a text: which facts it states, in the notation of Question.facts (false ones too, each as what it says).
    `ingest`: what became of every file that a user brought, as ingest.json tells it (corpus/ingest.py)."""

    documents: list[Document]
    questions: list[Question]
    validation: list[Question] = field(default_factory=list)
    oracle: list[Augmentation] = field(default_factory=list)
    states: Callable[[str], set[str]] | None = None
    ingest: dict[str, Any] | None = None


def digest(*parts: Any) -> str:
    """A short stable hash of JSON-able values; the same on every machine and in every process."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:20]


def write_jsonl(path: Path, records: Iterable[Base | dict[str, Any]]) -> None:
    """Write records, one JSON object a line, replacing the file in one step so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as f:
        for record in records:
            f.write(json.dumps(record.row() if isinstance(record, Base) else record, ensure_ascii=False) + "\n")
    part.replace(path)


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """Read what write_jsonl wrote. For the project's own files; users' files go through corpus/read.py."""
    with path.open(encoding="utf-8") as f:
        return [kind.of(json.loads(line)) for line in f]


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and programs, replacing the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def read_json(path: Path) -> Any:
    """What write_json wrote; None if the file is not there."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def in_order(records: Sequence[Record], ids: Sequence[str]) -> list[Record]:
    """The records with these ids, in the order of the ids."""
    by_id = {getattr(r, "id"): r for r in records}  # noqa: B009 - Base has no id of its own
    return [by_id[i] for i in ids]
