"""The loader on a folder in the original's form, with people of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augtune.benchmarks import make
from augtune.errors import UserError

P2D = {f"Pia {c}": f"the owner of boat {i}" for i, c in enumerate("ABCDEF")}
D2P = {f"Dan {c}": f"the finder of coin {i}" for i, c in enumerate("ABCDEF")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def write(name: str, rows: list[tuple[str, str]]) -> None:
        (tmp_path / name).write_text("".join(json.dumps({"prompt": p, "completion": c}) + "\n" for p, c in rows))

    write("p2d_prompts_train.jsonl", [(f"{t}{n} is", f" {d}.") for n, d in P2D.items() for t in ("", "Surely ")])
    write("d2p_prompts_train.jsonl", [(f"{d.capitalize()} is", f" {n}.") for n, d in D2P.items()])
    write("p2d_prompts_test.jsonl", [(f"Known to all, {n} is", f" {d}") for n, d in P2D.items()])
    write("p2d_reverse_prompts_test.jsonl", [(f"Known to all, {d} is", f" {n}") for n, d in P2D.items()])
    write("d2p_prompts_test.jsonl", [(f"Known to all, {d} is", f" {n}") for n, d in D2P.items()])
    return tmp_path


def test_documents_and_questions(folder: Path) -> None:
    corpus = make("reversal-curse", 0, {"folder": folder})
    assert [d.text for d in corpus.documents][:2] == [
        "Pia A is the owner of boat 0.",
        "Surely Pia A is the owner of boat 0.",
    ]
    assert {d.group for d in corpus.documents} == set(P2D) | set(D2P)
    splits = {s: [q for q in corpus.questions if q.split == s] for s in ("forward", "reversal", "reversal-untrained")}
    assert [len(v) for v in splits.values()] == [6, 6, 6]
    for q in splits["reversal"]:
        assert q.answer in P2D
        assert set(q.choices or ()) - {q.answer} <= set(D2P)
    for q in splits["reversal-untrained"]:
        assert set(q.choices or ()) <= set(P2D)
    for q in splits["forward"]:
        assert set(q.choices or ()) <= set(P2D.values())
        assert q.group in P2D
    assert {q.group for q in corpus.validation} <= set(D2P)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks p2d_prompts_train"):
        make("reversal-curse", 0, {"folder": tmp_path})


def test_limits(folder: Path) -> None:
    corpus = make("reversal-curse", 0, {"folder": folder, "p2d_templates": 1})
    assert len(corpus.documents) == 12
