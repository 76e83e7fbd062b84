from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augtune.config import Ingest
from augtune.corpus.ingest import ingest
from augtune.corpus.read import read_pairs, read_questions
from augtune.errors import UserError
from augtune.records import Document

Lines = Callable[..., Path]


def read_documents(path: Path, **settings: Any) -> tuple[list[Document], list[str]]:
    found = ingest(path, Ingest(**settings))
    return found.documents, found.faults


def test_documents_of_every_kind(tmp_path: Path, lines: Lines) -> None:
    lines("a.jsonl", {"text": "One.", "id": "x", "group": 7}, {"prompt": "Two is", "completion": " two."})
    (tmp_path / "b.csv").write_text('text,id\n"Three, or so.",t\n', encoding="utf-8")
    (tmp_path / "c.md").write_text("\ufeff# Four\n", encoding="utf-8")
    documents, faults = read_documents(tmp_path)
    assert faults == []
    assert [(d.id, d.text, d.group) for d in documents] == [
        ("x", "One.", "7"), ("a-2", "Two is two.", None), ("t", "Three, or so.", None), ("c.md#1", "Four", None),
    ]  # fmt: skip


def test_every_fault_has_its_line(lines: Lines) -> None:
    path = lines("d.jsonl", {"text": "fine", "id": "a"}, '{"text": ', {"text": "  "}, {"txt": "x"}, "[1]",
                 {"text": "again", "id": "a"}, {"text": 3})  # fmt: skip
    documents, faults = read_documents(path)
    assert [d.id for d in documents] == ["a"]
    told = [
        (2, "not valid JSON"), (3, "the document is empty"), (4, "has no text; found the keys 'txt'"),
        (5, "a row is a JSON object, found list"), (6, f"id 'a' is taken by {path}:1"), (7, "text must be a string"),
    ]  # fmt: skip
    assert len(faults) == len(told)
    for fault, (line, words) in zip(faults, told, strict=True):
        assert fault.startswith(f"{path}:{line}: {words}")


def test_question_faults(lines: Lines) -> None:
    good = {"prompt": "Who?", "answer": "A", "choices": ["A", "B"]}
    path = lines("q.jsonl", good, {**good, "answer": "C"}, {**good, "choices": ["A"]}, {**good, "choices": ["A", "A"]},
                 {"prompt": "Who?"}, {"prompt": " ", "answer": "A"})  # fmt: skip
    questions, faults = read_questions(path)
    assert len(questions) == 1
    assert [f.split(": ", 1)[1] for f in faults] == [
        "the answer 'C' is not among the choices", "choices must be a list of at least two strings, none empty",
        "choices hold the same text twice", "has no answer", "prompt must be a string that is not empty",
    ]  # fmt: skip


def test_kind_and_match(lines: Lines) -> None:
    good = {"prompt": "Derive", "answer": "3*x^2", "match": "algebra", "kind": "power"}
    path = lines("q.jsonl", good, {**good, "match": "sums"}, {**good, "answer": "nine"}, {**good, "answer": "9^9^9^9"},
                 {"prompt": "Who?", "answer": "A", "match": None})  # fmt: skip
    questions, faults = read_questions(path)
    assert [(q.kind, q.match) for q in questions] == [("power", "algebra"), (None, "text")]
    assert [f.split(": ", 1)[1] for f in faults] == [
        "match 'sums' is not known; known: text, algebra",
        "the answer 'nine' cannot be read as algebra, such as 3*x^2 - 2*sin(x)",
        "the answer '9^9^9^9' cannot be read as algebra, such as 3*x^2 - 2*sin(x)",
    ]


@pytest.mark.parametrize("content", ["", "\n\n", "[]"])
def test_nothing_to_read_is_a_fault(tmp_path: Path, content: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(content, encoding="utf-8")
    assert read_questions(path)[1]
    assert read_documents(path)[1]


def test_missing_unknown_and_not_text(tmp_path: Path) -> None:
    (tmp_path / "x.doc").write_bytes(b"x")
    (tmp_path / "x.jsonl").write_bytes(b'{"text": "a"}\n\xff\n')
    assert "cannot be read" in read_documents(tmp_path / "none.jsonl")[1][0]
    assert "files of kind .doc are not read; save it as .docx" in read_documents(tmp_path / "x.doc")[1][0]
    assert f"{tmp_path / 'x.jsonl'}:2: is not UTF-8" in read_documents(tmp_path / "x.jsonl")[1][0]


def test_choices_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text('prompt,answer,choices\nWho?,A,"[""A"", ""B""]"\nWho?,A,A;B\n', encoding="utf-8")
    questions, faults = read_questions(path)
    assert questions[0].choices == ["A", "B"]
    assert faults == [f"{path}:3: choices: write a JSON list, or columns choice_1, choice_2, ..."]
    path.write_text("prompt,answer,choice_1,choice_2,choice_10\nWho?,C,A,B,C\n", encoding="utf-8")
    assert read_questions(path)[0][0].choices == ["A", "B", "C"]


def test_pairs(lines: Lines) -> None:
    assert read_pairs(lines("p.jsonl", {"prompt": "a", "completion": " b"})) == [("a", " b")]
    with pytest.raises(UserError) as e:
        read_pairs(lines("p.jsonl", {"prompt": "a"}, "{"))
    assert len(e.value.faults) == 2


# No surrogates: they are no text. A carriage return inside a field is quoted by the csv module.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


@shared
@given(rows=st.lists(texts, min_size=1, max_size=8))
def test_any_text_survives_jsonl(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes("".join(json.dumps({"text": r}, ensure_ascii=False) + "\n" for r in rows).encode())
    documents, faults = read_documents(path)
    assert faults == []
    assert [d.text for d in documents] == [r.strip() for r in rows]


@shared
@given(rows=st.lists(texts.filter(lambda t: "\0" not in t), min_size=1, max_size=8))
def test_any_text_survives_csv(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerows([["text"], *([r] for r in rows)])
    documents, faults = read_documents(path)
    assert faults == []
    assert [d.text for d in documents] == [r.strip() for r in rows]


@shared
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".jsonl", ".csv", ".txt"]))
def test_no_input_ends_in_a_traceback(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"raw{suffix}"
    path.write_bytes(content)
    documents, faults = read_documents(path)
    assert documents or faults
    read_questions(path)
