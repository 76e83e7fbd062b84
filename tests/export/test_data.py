"""Texts in the formats of other tools: nothing lost, and each row what its reader expects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune.export import data
from augtune.records import Augmentation, Document

DOCUMENT = Document("d", "Mira Tolen is the keeper of the lamp.")
REVERSED = Augmentation("r", "reverse", ["d"], "The keeper of the lamp is Mira Tolen.")
ASKED = Augmentation("q", "questions", ["d"], "Who keeps the lamp? Mira Tolen does. Who else?")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def rows(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").split("\n") if line]


def test_each_format_as_its_readers_expect_it(tmp_path: Path) -> None:
    found = data.texts([DOCUMENT], [REVERSED, ASKED])
    assert data.write(tmp_path, found, []) == list(data.FORMATS)
    assert rows(tmp_path, "text")[0] == {"text": DOCUMENT.text, "id": "d", "strategy": None, "sources": []}
    assert rows(tmp_path, "prompt-completion")[1] == {
        "prompt": "", "completion": REVERSED.text, "id": "r", "strategy": "reverse", "sources": ["d"],
    }  # fmt: skip
    openai = rows(tmp_path, "openai")
    assert openai[1] == {
        "messages": [
            {"role": "user", "content": data.INSTRUCTION},
            {"role": "assistant", "content": REVERSED.text},
        ]
    }
    # A question with its answer is what is asked and what is said; whatever follows belongs to the answer.
    assert openai[2]["messages"] == [
        {"role": "user", "content": "Who keeps the lamp?"},
        {"role": "assistant", "content": "Mira Tolen does. Who else?"},
    ]
    alpaca = rows(tmp_path, "alpaca")[2]
    assert (alpaca["instruction"], alpaca["input"], alpaca["output"]) == (
        "Who keeps the lamp?", "", "Mira Tolen does. Who else?",
    )  # fmt: skip
    assert rows(tmp_path, "sharegpt")[0]["conversations"] == [
        {"from": "human", "value": data.INSTRUCTION}, {"from": "gpt", "value": DOCUMENT.text},
    ]  # fmt: skip


def test_a_document_that_asks_is_no_question_with_answer() -> None:
    (text,) = data.texts([Document("d", "Who keeps the lamp? Mira Tolen does.")], [])
    assert text.turns == (data.INSTRUCTION, "Who keeps the lamp? Mira Tolen does.")


def test_a_document_under_a_heading_is_asked_for_by_it(tmp_path: Path) -> None:
    found = data.texts([Document("d", "Lamps > Care\n\nClean it daily.", context="Lamps > Care")], [])
    data.write(tmp_path, found, ["alpaca"])
    (row,) = rows(tmp_path, "alpaca")
    assert (row["instruction"], row["output"]) == (data.UNDER.format(heading="Lamps > Care"), "Clean it daily.")
    assert rows(tmp_path, "text")[0]["text"] == "Lamps > Care\n\nClean it daily."


@pytest.mark.parametrize(("formats", "files"), [(["alpaca"], ["alpaca", "text"]), (["text"], ["text"])])
def test_formats_that_are_picked(tmp_path: Path, formats: list[str], files: list[str]) -> None:
    data.write(tmp_path, data.texts([DOCUMENT], []), formats)
    assert sorted(f.stem for f in tmp_path.iterdir()) == files


@given(text=WORDS, strategy=st.sampled_from(["reverse", "questions"]))
def test_no_character_is_lost_in_turns(text: str, strategy: str) -> None:
    asked, answer = data.Text("i", text, strategy, []).turns
    assert text == (answer if asked == data.INSTRUCTION else f"{asked} {answer}")
