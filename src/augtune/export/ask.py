"""What each arm of a run says to one question: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import UserError
from ..likelihood import divisors
from ..records import Prediction


@dataclass(frozen=True)
class Answer:
    """One arm's answer. `documents`: how many, or passages of them, stood in its prompt; `told`: what was scored or
    written."""

    arm: str
    form: str
    documents: int
    told: Prediction


def choices_of(given: str) -> list[str]:
    """--choices: texts with commas between them, or, where texts hold commas, a JSON list. Raises UserError."""
    found: list[str]
    if given.lstrip().startswith("["):
        try:
            found = json.loads(given)
        except json.JSONDecodeError as e:
            raise UserError(f"--choices: not a valid JSON list: {e.msg} at column {e.colno}") from e
    else:
        found = [part.strip() for part in given.split(",")]
    if len(found) < 2 or not all(isinstance(c, str) and c for c in found) or len(set(found)) < len(found):
        raise UserError(f"--choices: give at least two texts, none empty or twice, found {found!r}")
    return found


def shares(told: Prediction, normalization: str) -> list[float]:
    """The choices' probabilities among each other, by normalized log-likelihood."""
    assert told.choices
    assert told.loglikelihoods
    assert told.tokens
    divided_by = divisors(normalization, told.choices, told.tokens)
    values = [v / n for v, n in zip(told.loglikelihoods, divided_by, strict=True)]
    weights = [math.exp(v - max(values)) for v in values]
    return [w / sum(weights) for w in weights]


def show(question: str, answers: Sequence[Answer], normalization: str, console: Console) -> None:
    """Arms side by side, one a row."""
    choices = answers[0].told.choices if answers[0].told.loglikelihoods else None  # a server may tell no likelihoods
    table = Table(title=Text(question), title_justify="left")
    table.add_column("arm")
    for head in choices or ["answer"]:
        table.add_column(Text(head), justify="right" if choices else "left")
    for a in answers:
        context = f"{a.form}, {a.documents} documents" if a.documents else a.form
        cells = [Text(a.told.chosen)]
        if choices:
            pairs = zip(choices, shares(a.told, normalization), a.told.loglikelihoods or [], strict=True)
            cells = [
                Text(f"{share:.3f} ({value:.2f})", style="bold" if choice == a.told.chosen else "")
                for choice, share, value in pairs
            ]
        table.add_row(Text(a.arm).append(f"\n{context}", style="dim"), *cells)
    console.print(table)
    if choices:
        console.print(
            f"share among the choices (log-likelihood in nats), normalization {normalization}; bold is chosen",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def data(question: str, answers: Sequence[Answer], normalization: str) -> dict[str, object]:
    """{"question", "normalization", "arms": {ARM: {"answer", "form", "documents"; with choices "choices",
    "loglikelihoods", "tokens", "shares"}}}."""
    arms: dict[str, dict[str, object]] = {}
    for a in answers:
        row: dict[str, object] = {"answer": a.told.chosen, "form": a.form, "documents": a.documents}
        if a.told.choices:
            scored = asdict(a.told)
            row |= {key: scored[key] for key in ("choices", "loglikelihoods", "tokens")}
            row["shares"] = [round(s, 6) for s in shares(a.told, normalization)] if a.told.loglikelihoods else None
        arms[a.arm] = row
    return {"question": question, "normalization": normalization, "arms": arms}
