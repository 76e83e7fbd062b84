from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from augtune.records import Corpus, Document, Prediction, Question
from augtune.report import explorer

DOCUMENTS = [Document("d0", "Ada is the drawer of maps.", "Ada"), Document("d1", "Jon is the baker of rye.", "Jon")]
QUESTIONS = [
    Question("q0", "The drawer of maps is", "Ada", ["Ada", "Jon"], "reversal", "Ada", "names"),
    Question("q1", "The baker of rye is", "Jon", None, "open", "Jon"),
]
WRITTEN: list[dict[str, Any]] = [
    {"id": "a", "strategy": "reverse", "sources": ["d0"], "text": "The drawer of maps is Ada."},
    {"id": "b", "strategy": "link", "sources": ["d0", "d1"], "text": "Both.", "reason": "copy"},
]


def predictions() -> list[Prediction]:
    return [
        Prediction("augmented", 0, "q0", "reversal", "Ada", ["Ada", "Jon"], [-1.23456, float("-inf")], [1, 1], [3, 3],
                   "Ada", "Ada", True),
        Prediction("augmented", 0, "q1", "open", "Jon", None, None, None, None, "the baker", "Jon", False, False),
    ]  # fmt: skip


def test_columns() -> None:
    taught = {"augmented": [WRITTEN[0]["text"]], "finetune": []}
    found = explorer.items(Corpus(DOCUMENTS, QUESTIONS), predictions(), WRITTEN, taught)
    assert found["written"]["sources"] == [[0], [0, 1]]
    assert (found["reasons"], found["written"]["reason"]) == (["copy"], [-1, 0])
    assert (found["kinds"], found["questions"]["kind"]) == (["names"], [0, -1])
    (answers,) = found["answers"]
    assert answers["chosen"] == [0, "the baker"]
    assert answers["correct"] == [1, 0]
    assert answers["loglikelihoods"] == [[-1.235, None], None]
    assert found["coverage"] == {
        "arms": {"augmented": [1, 0], "finetune": [0, 0]}, "documents": [0, 0], "by": [[0], []],
    }  # fmt: skip
    assert explorer.items(Corpus(DOCUMENTS, QUESTIONS), predictions(), WRITTEN)["coverage"] is None


def test_packed_is_the_same_each_time_and_reads_back() -> None:
    found = explorer.items(Corpus(DOCUMENTS, QUESTIONS), predictions(), WRITTEN)
    packed = explorer.packed(found)
    assert packed == explorer.packed(found)
    assert json.loads(gzip.decompress(base64.b64decode(packed))) == found


def test_what_a_page_cannot_hold_is_left_out_evenly_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document(f"d{i}", "x" * 100, f"g{i}") for i in range(10)]
    questions = [Question(f"q{i}", "p", "a", None, "s", f"g{i}") for i in range(9)]
    written = [{"id": f"w{i}", "strategy": "reverse", "sources": [f"d{i}"], "text": "t"} for i in range(10)]
    monkeypatch.setattr(explorer, "LIMIT", 400)
    monkeypatch.setattr(explorer, "QUESTIONS", 5)
    monkeypatch.setattr(explorer, "LONG", 10)
    found = explorer.items(Corpus(documents, questions), [], written)
    assert found["left_out"] == {"documents": 6, "texts": 6, "questions": 4}
    assert found["documents"]["id"] == ["d0", "d3", "d6", "d9"]
    assert found["documents"]["text"][0] == "x" * 10 + "… (90 more characters)"
    assert found["questions"]["id"] == ["q0", "q2", "q4", "q6", "q8"]
