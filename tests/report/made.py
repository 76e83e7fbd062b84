"""Predictions and runs for the tests of the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augtune.config import Study
from augtune.records import Corpus, Document, Prediction, Question, write_json, write_jsonl
from augtune.report import pages
from augtune.report.results import results

USAGE = {"tokens_in": 100, "tokens_in_reused": 100, "flops": 1000.0, "seconds": 1.0}


def answered(
    arm: str, right: Sequence[bool], split: str = "all", groups: int | None = None, seed: int = 0
) -> list[Prediction]:
    """One prediction for each of `right`; question i belongs to group i modulo `groups`, or to one of its own."""
    return [
        Prediction(
            arm, seed, f"{split}-{i}", split, f"g{i % (groups or len(right))}", None, None, None, None, "", "", ok
        )
        for i, ok in enumerate(right)
    ]


def study(**more: Any) -> Study:
    return Study.model_validate({"name": "x", "benchmark": {"name": "reversals", "seed": 100}, **more})


def corpus(n: int = 12, groups: int = 6, kinds: Sequence[str | None] = (None,), **more: Any) -> Corpus:
    """`n` questions of split `all`."""
    asked = [
        Question(f"all-{i}", "p", "a", ["a", "b"], "all", f"g{i % groups}", kinds[i % len(kinds)]) for i in range(n)
    ]
    return Corpus([Document("d", "A document.", "g0")], asked, **more)


def manifests(*arms: str, seeds: Sequence[int] = (0,), **more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the stages leave: every arm evaluated, those with weights of their own trained; `more` by stage name, with _
    for -."""
    found: dict[str, dict[str, Any]] = {}
    for arm in arms:
        trained = arm not in ("base", "icl") and not arm.startswith("control")
        for seed in seeds if trained else seeds[:1]:
            found[f"evaluate-{arm}-{seed}"] = {
                "usage": USAGE, "validation": {}, "form": "plain", "factor": 1, "shown": 0, "tried": [],
            }  # fmt: skip
            if trained:
                done = {"steps": 7, "tokens": 500, "examples": 3}
                found[f"train-{arm}-{seed}"] = {"usage": {"tokens_in": 500, "flops": 9e3}, **done}
    return found | {name.replace("_", "-"): manifest for name, manifest in more.items()}


ARMS = ("base", "icl", "finetune", "augmented", "local", "control-instruction", "control-unrelated")
HOSTILE = (
    "<script>window.hacked = 1</script>", "</script><script>window.hacked = 2</script>", "W" * 3000,
    "<img src=x onerror='window.hacked = 3'>", "שלום עולם \u202eabc", "naïve 🦊 emoji",
    "null\x00byte & \"quotes\" | pipe", "{{ 7 * 7 }} ${window.hacked = 4}", "<!-- ", "a\nb",
)  # fmt: skip


def full(folder: Path, hostile: bool = False, groups: int = 10, seeds: Sequence[int] = (0, 1)) -> dict[str, Any]:
    """A run folder in which every part of the report has something to show. Returns its results, as they are read from
    results.json. `hostile`: with HOSTILE in documents, questions, splits, kinds, groups, ids and reasons."""
    evil = HOSTILE if hostile else ("",) * len(HOSTILE)

    def name(what: str, i: int) -> str:
        return f"{what} {i} {evil[i % len(evil)]}".strip()

    documents = [Document(name("d", i), f"Item {i} is the part {i} of a machine. {evil[i % 10]}", name("g", i))
                 for i in range(groups)]  # fmt: skip
    splits = [name("forward", 0), name("reversal", 1)]
    questions = [
        Question(f"{s}-{i}", f"Part {i} is {evil[i % 10]}", f"item {i}",
                 [f"item {i}", f"wrong {i}", evil[i % 10] or "x"], split, name("g", i % groups), name("kind", i % 2))
        for s, split in enumerate(splits) for i in range(2 * groups)
    ]  # fmt: skip
    predictions = []
    for arm in ARMS:
        for seed in seeds if arm in ("finetune", "augmented", "local") else seeds[:1]:
            for i, q in enumerate(questions):
                assert q.choices
                right = i % 7 != seed if arm == "augmented" else i % 3 == 0
                scores = [-1.0 - 0.1 * seed, -2.0, -3.5] if right else [-2.0, -1.0, -3.5]
                predictions.append(
                    Prediction(arm, seed, q.id, q.split, q.group, q.choices, scores, [2, 2, 1], [6, 7, 1],
                               q.choices[0 if right else 1], q.answer, right, None, q.kind)
                )  # fmt: skip
    written = [
        {"id": f"reverse-{i}", "strategy": "reverse", "sources": [d.id, documents[0].id][: 1 + i % 2],
         "text": f"The part {i} is item {i}. {evil[i % 10]}"}
        for i, d in enumerate(documents)
    ]  # fmt: skip
    rejected = [{**w, "id": f"no-{i}", "reason": name("copy", i % 3)} for i, w in enumerate(written)]
    write_jsonl(folder / "augmentations.jsonl", written)
    write_jsonl(folder / "rejected.jsonl", rejected)
    write_json(folder / "preflight.json", {
        "measured": [{"kind": "reverse", "style": "chat", "right": 1, "n": 8, "example": f"{evil[0]} | pipe"}],
        "verdicts": [{"strategy": "reverse", "why": "1 of 8"}],
    })  # fmt: skip
    for arm in ("finetune", "augmented"):
        losses = [{"step": s, "loss": 3.0 / s, "learning_rate": 1e-4} for s in range(1, 8)]
        write_jsonl(folder / "models" / arm / "loss.jsonl", losses)
    strategies = {"reverse": {"family": "local", "accepted": groups, "made": 2 * groups, "usage": {"flops": 1e6}}}
    augment = {
        "usage": {"flops": 1e6}, "accepted": groups, "made": 2 * groups, "strategies": strategies,
        "leaks": {"questions": 0, "in_documents": 2}, "links": {"pairs": 9, "together": 8, "stated": 5},
    }  # fmt: skip
    left = manifests(*ARMS, seeds=seeds, augment=augment)
    for arm in ("base", "finetune", "augmented"):
        left[f"evaluate-{arm}-0"]["forgetting"] = {"nats_per_byte": 0.7, "knowledge": {"n": 20, "correct": 11}}
    left["evaluate-icl-0"]["usage"] = {**USAGE, "tokens_in": 9000, "flops": 9e4}
    asked = Corpus(documents, questions)
    taught = {arm: [w["text"] for w in written] for arm in ("augmented", "local")} | {"finetune": []}
    settings = study(name="made", seeds=list(seeds), verdict={"updates_per_month": 2})
    found = results(settings, asked, predictions, left, taught)
    write_jsonl(folder / "predictions.jsonl", predictions)
    write_json(folder / "results.json", found)
    pages.write(folder, found, asked, predictions, taught)
    read: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return read
