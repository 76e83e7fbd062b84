from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from augtune.config import Study
from augtune.records import Corpus, Document, Prediction, Question, write_json, write_jsonl
from augtune.report import pages, results, sections
from report.made import answered, corpus, manifests, study

EVIL = "<script>alert('x')</script> & \"more\" | pipe"


def test_texts_are_escaped_and_nothing_is_fetched(tmp_path: Path) -> None:
    found_in = Corpus(
        [Document("d", EVIL, "g")], [Question(str(i), EVIL, "a", ["a", "b"], "s", f"g{i}", EVIL) for i in range(3)]
    )
    found_in.questions.append(Question("g", EVIL, "a", ["a", "b"], "s", "g"))
    predictions = [
        Prediction(arm, 0, q.id, q.split, q.group, q.choices, [-1.0, -2.0], [1, 1], [1, 1], EVIL, "a", arm == "icl")
        for arm in ("base", "icl") for q in found_in.questions
    ]  # fmt: skip
    own = Study(name="x", documents=Path("d"), questions=Path("q"), arms=["base", "icl"])
    manifest = {"usage": {}, "validation": {}, "form": "plain", "factor": 1, "shown": 0, "tried": []}
    found = results.results(own, found_in, predictions, {f"evaluate-{a}-0": manifest for a in ("base", "icl")})
    pages.write(tmp_path, found, found_in, predictions)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "src=" not in html
    assert "\\| pipe" in (tmp_path / "report.md").read_text(encoding="utf-8")


@pytest.fixture
def full(tmp_path: Path) -> dict[str, Any]:
    """Results in which every section has something to show, and the run folder beside them."""
    arms = ("base", "icl", "finetune", "augmented", "control-instruction", "control-unrelated")
    predictions = [
        p for arm in arms for seed in ((0, 1) if arm in ("finetune", "augmented") else (0,))
        for p in answered(arm, [arm == "augmented" or i < 3 for i in range(12)], groups=6, seed=seed)
    ]  # fmt: skip
    strategies = {"reverse": {"family": "local", "accepted": 3, "made": 4, "usage": {"flops": 10.0}}}
    augment = {
        "usage": {"flops": 10.0}, "accepted": 3, "made": 4, "strategies": strategies,
        "leaks": {"questions": 0, "in_documents": 2}, "links": {"pairs": 9, "together": 8, "stated": 5},
    }  # fmt: skip
    left = manifests(*arms, seeds=(0, 1), augment=augment)
    for name in ("base", "finetune", "augmented"):
        left[f"evaluate-{name}-0"]["forgetting"] = {"nats_per_byte": 0.7, "knowledge": {"n": 20, "correct": 11}}
    asked = corpus(kinds=("is a", "has"))
    taught = {"finetune": [], "augmented": ["Some text."]}
    settings = study(seeds=[0, 1], verdict={"updates_per_month": 2}, prices={"input": 1, "training": 1})
    found = results.results(settings, asked, predictions, left, taught)
    write_jsonl(tmp_path / "rejected.jsonl", [{"strategy": "reverse", "reason": "copy", "sources": ["d"], "text": "t"}])
    write_json(tmp_path / "preflight.json", {
        "measured": [{"kind": "reverse", "style": "chat", "right": 1, "n": 8, "example": "a"}],
        "verdicts": [{"strategy": "reverse", "why": "1 of 8"}],
    })  # fmt: skip
    pages.write(tmp_path, found, asked, predictions)
    return found


def test_every_section_stands_in_both_reports(full: dict[str, Any], tmp_path: Path) -> None:
    shown = sections.sections(full)
    assert [s.title for s in shown] == [
        "Accuracy", "Where plain fine-tuning falls short", "Paired differences", "Accuracy by kind of inference",
        "Accuracy by seed", "Coverage: what was taught, and what generalized", "Controls", "Forgetting",
        "Budgets side by side", "Costs", "Break-even", "Augmentations",
    ]  # fmt: skip
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        for section in shown:
            assert section.title in text
            assert all(len(row) == len(section.head) for row in section.rows)
        for told in ("Rejected augmentations", "Preflight", "11 of 20", "Leak check: 0 questions", "0.75",
                     "Documents change 2 times a month", "in money"):  # fmt: skip
            assert told in text, told


def test_the_terminal_shows_verdict_coverage_and_notes(full: dict[str, Any], tmp_path: Path) -> None:
    out = io.StringIO()
    pages.show(tmp_path, full, Console(file=out, width=160))
    text = out.getvalue()
    assert "all: augmented ahead of finetune: +0.750" in text
    assert "taught to augmented (approximate): all 0 of 12" in text
    assert "note: few groups: all (6)" in text
    assert "Verdict: augmented" in text


def test_controls_are_turned_the_right_way(full: dict[str, Any]) -> None:
    section = sections.controls(full)
    assert section is not None
    assert {(row[1], row[2], row[4]) for row in section.rows} == {
        ("control-instruction", "base", "+0.000"), ("icl", "control-instruction", "+0.000"),
        ("icl", "control-unrelated", "+0.000"),
    }  # fmt: skip
    changed = [{**c, "difference": 0.2, "ci95": [0.1, 0.3]} for c in full["comparisons"]]
    turned = sections.controls({**full, "comparisons": changed})
    assert turned is not None
    assert [row[4:] for row in turned.rows] == [
        ["+0.200", "[+0.100, +0.300]"], ["-0.200", "[-0.300, -0.100]"], ["-0.200", "[-0.300, -0.100]"],
    ]  # fmt: skip


def test_quantity() -> None:
    assert [sections.quantity(v) for v in (None, 0, 12, 1500, 2.34e15)] == ["0", "0", "12", "1.5 k", "2.34 P"]
