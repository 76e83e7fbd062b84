"""Data families of the paper, generated or loaded. BENCHMARKS: name -> (settings, function of settings and seed)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..errors import UserError
from ..names import BENCHMARKS as NAMES
from ..records import Corpus
from .common import Settings
from .people import People, people
from .process import Process, process
from .reversal_curse import ReversalCurse, reversal_curse
from .reversals import Reversals, reversals
from .semantic import Semantic, semantic
from .syllogisms import Syllogisms, syllogisms

BENCHMARKS: dict[str, tuple[type[Settings], Callable[[Any, int], Corpus]]] = {
    "people": (People, people),
    "process": (Process, process),
    "reversal-curse": (ReversalCurse, reversal_curse),
    "reversals": (Reversals, reversals),
    "semantic": (Semantic, semantic),
    "syllogisms": (Syllogisms, syllogisms),
}
assert set(BENCHMARKS) == set(NAMES)


def make(name: str, seed: int, options: dict[str, Any]) -> Corpus:
    """One world of a benchmark. Raises UserError for options that it does not have or that do not fit."""
    kind, generate = BENCHMARKS[name]
    try:
        settings = kind.model_validate(options)
    except ValidationError as e:
        known = ", ".join(kind.model_fields)
        raise UserError(
            *(f"benchmark.{'.'.join(map(str, x['loc']))}: {x['msg']}; known: {known}" for x in e.errors())
        ) from e
    return generate(settings, seed)
