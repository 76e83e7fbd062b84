"""The questions with choices as a task of lm-evaluation-harness, so that it scores what augtune scored.

Its acc is augtune's normalization `none`, acc_norm is `char`, acc_bytes is `byte`. Read in lm-eval 0.4.13: a choice is
scored after `target_delimiter`, which is empty here, and white space that ends a context is moved in front of the
choice. So a context that augtune continues with a space ends in that space: both then score the same tokens. (Where a
chat template opens the answer with a line feed, that one is scored too, the same for all choices.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..backends.base import Ask
from ..records import Question, write_jsonl

METRICS = ("acc", "acc_norm", "acc_bytes")
LOADER = '''"""Gives lm-evaluation-harness the questions of one split, wherever this folder lies."""

from pathlib import Path

import datasets


def load(part, **_):
    found = datasets.load_dataset("json", data_files=str(Path(__file__).with_name("questions.jsonl")), split="train")
    return {"test": found.filter(lambda row: row["split"] == part)}
'''


def name(*parts: str) -> str:
    """A task's name: letters, digits and _ only, since it stands in commands and file names."""
    return re.sub(r"\W+", "_", "augtune_" + "_".join(parts), flags=re.ASCII).strip("_")


def write(folder: Path, group: str, asked: Sequence[tuple[Question, Ask]]) -> None:
    """questions.jsonl, a task for each split, and a group of them; nothing if no question has choices."""
    if not asked:
        return
    write_jsonl(folder / "questions.jsonl", [_row(question, ask) for question, ask in asked])
    (folder / "questions.py").write_text(LOADER, encoding="utf-8")
    tasks = {}
    for split in dict.fromkeys(question.split for question, _ in asked):
        own = name(group.removeprefix("augtune_"), split)
        while own in tasks:  # two splits whose names differ in signs only
            own += "_"
        tasks[own] = split
    for own, split in tasks.items():
        _dump(folder / f"{own}.yaml", {
            "task": own,
            "dataset_kwargs": {"part": split},
            "test_split": "test",
            "output_type": "multiple_choice",
            "doc_to_text": "context",
            "doc_to_choice": "choices",
            "doc_to_target": "gold",
            "target_delimiter": "",
            "metric_list": [{"metric": m, "aggregation": "mean", "higher_is_better": True} for m in METRICS],
        }, "custom_dataset: !function questions.load\n")  # fmt: skip
    weighted = [{"metric": m, "aggregation": "mean", "weight_by_size": True} for m in METRICS]
    _dump(folder / f"{group}.yaml", {"group": group, "task": list(tasks), "aggregate_metric_list": weighted})


def _row(question: Question, ask: Ask) -> dict[str, Any]:
    seam = ask.choices[0].removesuffix((question.choices or [""])[0])
    return {
        "id": question.id,
        "split": question.split,
        "context": ask.context + ask.prompt + seam,
        "choices": question.choices,
        "gold": (question.choices or []).index(question.answer),
    }


def _dump(path: Path, settings: dict[str, Any], more: str = "") -> None:
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True) + more, encoding="utf-8")
