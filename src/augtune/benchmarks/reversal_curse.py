"""Benchmark `reversal-curse`: the original fictional celebrities of Berglund et al. 2024 (arXiv 2309.12288), from a
folder with their JSONL files of {"prompt", "completion"}; they are not shipped. On the Hugging Face hub they are
lberglund/reversal_curse.

    p2d_prompts_train.jsonl  d2p_prompts_train.jsonl  [both_prompts_train.jsonl]     documents
    p2d_prompts_test.jsonl   p2d_reverse_prompts_test.jsonl                          questions

Splits as in benchmark `people`: forward, reversal (wrong names are d2p names, which were training targets) and
reversal-untrained (wrong names are p2d names). Validation asks in the trained order about d2p people.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from ..corpus.read import read_pairs
from ..errors import UserError
from ..records import Corpus, Document, Question
from .common import Settings

TRAIN = ("p2d_prompts_train.jsonl", "d2p_prompts_train.jsonl", "both_prompts_train.jsonl")
TEST = ("p2d_prompts_test.jsonl", "p2d_reverse_prompts_test.jsonl")
VALIDATION = "d2p_prompts_test.jsonl"
Pair = tuple[str, str]


class ReversalCurse(Settings):
    """Where the files are, and how much of them to take."""

    folder: Path = Field(description="the folder that holds the original files")
    questions: int = Field(5, ge=1, description="questions for each person and split, at most")
    choices: int = Field(4, ge=2, description="candidates of a question, the right one among them")
    p2d_templates: int = Field(30, ge=1, description="documents for each p2d person, at most")
    d2p_templates: int = Field(30, ge=1, description="documents for each d2p person, at most")


def reversal_curse(settings: ReversalCurse, seed: int) -> Corpus:
    """The study of one folder; the seed chooses the wrong answers. Raises UserError for files that are missing or
    malformed."""
    folder = settings.folder
    missing = [name for name in (*TRAIN[:2], *TEST) if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"benchmark.folder {folder}: lacks {', '.join(missing)}; take them from lberglund/reversal_curse"
        )
    forward, reverse = (_stripped(folder / name) for name in TEST)
    # A description is told by its completion, a name too; the reverse prompts hold both and so tie one to the other.
    descriptions = sorted({description for _, description in forward})
    name_of = {d: name for prompt, name in reverse for d in descriptions if d.lower() in prompt.lower()}
    documents = []
    for file, limit in zip(TRAIN, (settings.p2d_templates, settings.d2p_templates, 30), strict=True):
        if (folder / file).is_file():
            documents += _documents(folder / file, limit, name_of)
    p2d = sorted({name for _, name in reverse})
    d2p = sorted({d.group or "" for d in documents if d.id.startswith("d2p-")})
    ask = _Asker(settings, random.Random(f"reversal-curse-{seed}"))
    questions = [
        *ask.about("forward", forward, descriptions, name_of),
        *ask.about("reversal", reverse, d2p, {}),
        *ask.about("reversal-untrained", reverse, p2d, {}),
    ]
    has_validation = (folder / VALIDATION).is_file()
    validation = ask.about("validation", _stripped(folder / VALIDATION), d2p, {}) if has_validation else []
    return Corpus(documents, questions, validation)


def _stripped(file: Path) -> list[Pair]:
    return [(prompt.rstrip(), completion.strip().rstrip(".")) for prompt, completion in read_pairs(file)]


def _documents(file: Path, limit: int, name_of: dict[str, str]) -> list[Document]:
    kind = file.name.split("_")[0]
    counts: Counter[str] = Counter()
    found = []
    for i, (prompt, completion) in enumerate(read_pairs(file)):
        completed = completion.strip().rstrip(".")
        counts[completed] += 1
        if counts[completed] <= limit:
            found.append(Document(f"{kind}-{i}", f"{prompt}{completion}".strip(), name_of.get(completed, completed)))
    return found


class _Asker:
    """Puts a right answer among wrong ones, with the same number of questions for each person."""

    def __init__(self, settings: ReversalCurse, rng: random.Random) -> None:
        self.settings, self.rng = settings, rng

    def about(self, split: str, pairs: Sequence[Pair], wrong: Sequence[str], name_of: dict[str, str]) -> list[Question]:
        counts: Counter[str] = Counter()
        found = []
        for prompt, answer in pairs:
            counts[answer] += 1
            others = [w for w in wrong if w != answer]
            if counts[answer] > self.settings.questions or not others:
                continue
            choices = [answer, *self.rng.sample(others, min(len(others), self.settings.choices - 1))]
            self.rng.shuffle(choices)
            group = name_of.get(answer, answer)
            key = f"{split}-{group}-{counts[answer]}".replace(" ", "_")
            found.append(Question(key, prompt, answer, choices, split, group))
        return found
