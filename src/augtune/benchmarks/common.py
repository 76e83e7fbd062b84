"""What every benchmark's settings share, and the words that mean nothing."""

from __future__ import annotations

import random
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from ..errors import UserError

SECOND = 100  # worlds from this seed on use the second half of every vocabulary: prompts are tuned on the first


class Settings(BaseModel):
    """A benchmark's options; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid")


def nonsense(benchmark: str, seed: int, n: int) -> list[str]:
    """`n` different pronounceable words of 4 or 5 letters that are no English (nonsense.txt, made by
    tools/nonsense.py), in an order of this world's own. Raises UserError if the list does not reach."""
    words = files(__package__).joinpath("nonsense.txt").read_text(encoding="utf-8").split()
    half = words[1::2] if seed >= SECOND else words[::2]
    if n > len(half):
        raise UserError(
            f"benchmark {benchmark}: this world needs {n} nonsense words, the list reaches for {len(half)}; make it "
            "smaller"
        )
    return random.Random(f"{benchmark}-words-{seed}").sample(half, n)
