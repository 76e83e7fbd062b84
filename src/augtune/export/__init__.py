"""Take it home: what an arm learnt and became, as files that other tools read.

    DIR/README.md    what is there, with the next commands
    DIR/model/       weights or adapter in safetensors, tokenizer, model card             (model.py, model_card.md)
    DIR/data/        the texts in each format of data.FORMATS, as a datasets folder       (data.py, data_card.md)
    DIR/training/    the same training for TRL, axolotl and LLaMA-Factory                 (training.py)
    DIR/lm_eval/     the questions as a task of lm-evaluation-harness                     (task.py)
    DIR/Modelfile    for Ollama, with the commands that make its GGUF

study.py gathers what a run holds into a Bundle; nothing here reads a run folder. Everything is written beside DIR first
and moved there when it is whole.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..backends.base import Ask
from ..config import Study
from ..errors import UserError
from ..records import Augmentation, Document, Question
from . import cards, data, task, training
from .data import FORMATS

DTYPES = ("float32", "bfloat16")
PARTS = ("README.md", "model", "data", "training", "lm_eval", "Modelfile")


@dataclass(frozen=True)
class Weights:
    """What one arm's training wrote. `done` is the training's manifest; `form` the prompt form in which the arm was
    asked; `asked` pairs each question that has choices with the text that stood before them."""

    folder: Path
    seed: int
    done: dict[str, Any]
    form: str
    asked: list[tuple[Question, Ask]]
    unasked: int  # questions without choices, which lm-evaluation-harness's task leaves out
    results: dict[str, Any]  # results.json


@dataclass(frozen=True)
class Bundle:
    """What a run holds about one arm. Without `weights`, only its data is exported. `notes`: what limits them."""

    study: Study
    arm: str
    documents: list[Document]
    augmentations: list[Augmentation]
    weights: Weights | None = None
    notes: list[str] = field(default_factory=list)


def check(out: Path, dtype: str, formats: Sequence[str], force: bool) -> list[str]:
    """What is wrong with the target, found before anything is loaded."""
    faults = [f"--format {name}: not known; known: {', '.join(FORMATS)}" for name in formats if name not in FORMATS]
    if dtype not in DTYPES:
        faults.append(f"--dtype {dtype}: not known; known: {', '.join(DTYPES)}")
    if out.exists() and not out.is_dir():
        faults.append(f"{out}: is a file; name a folder with --out")
    elif (out / "study.json").exists():
        faults.append(f"{out}: is a run folder; name another one with --out")
    elif out.is_dir() and any(out.iterdir()) and not force:
        faults.append(f"{out}: is not empty; name a new folder with --out, or replace an export there with --force")
    return faults


def write(
    bundle: Bundle, out: Path, merge: bool | None = None, dtype: str = "float32", formats: Sequence[str] = (),
    force: bool = False,
) -> None:  # fmt: skip
    """Write everything. `merge`: LoRA weights are merged into the base model (None: where the adapter alone would be of
    no use, see model.py); `formats`: of the data, beside `text`; all if none is named. With `force`, the parts of an
    earlier export in `out` are replaced, and other files there are left alone. Raises UserError."""
    if faults := check(out, dtype, formats, force):
        raise UserError(*faults)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as e:
        raise UserError(f"{out}: cannot be written ({e.strerror}); name another folder with --out") from e
    try:
        _fill(bundle, part, merge, dtype, formats)
        out.mkdir(exist_ok=True)
        for name in PARTS:
            _replace(part / name, out / name)
    except OSError as e:
        raise UserError(f"{out}: cannot be written ({e.strerror or e})") from e
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(bundle: Bundle, folder: Path, merge: bool | None, dtype: str, formats: Sequence[str]) -> None:
    texts = data.texts(bundle.documents, bundle.augmentations)
    written = data.write(folder / "data", texts, formats)
    cards.data_card(folder / "data", bundle, texts, written)
    training.write(folder / "training", bundle, written)
    kind = None
    if bundle.weights:
        from . import model  # torch

        kind = model.write(folder / "model", bundle.study.model, bundle.weights.folder, merge, dtype)
        cards.model_card(folder / "model", bundle, texts, kind)
        task.write(folder / "lm_eval", task.name(bundle.study.name, bundle.arm), bundle.weights.asked)
        training.modelfile(folder, bundle, kind)
    cards.readme(folder, bundle, texts, written, kind)


def _replace(new: Path, old: Path) -> None:
    """`new` instead of `old`; where there is no new one, an old one of an earlier export goes too."""
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)
    if new.exists():
        new.replace(old)
