"""What becomes of each file of a folder."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from augtune.augment.local import numbered
from augtune.config import Ingest
from augtune.corpus.ingest import Ingested, ingest, summary
from corpus import made

Lines = Callable[..., Path]


def read(path: Path, leave_out: tuple[Path, ...] = (), **settings: Any) -> Ingested:
    return ingest(path, Ingest(**settings), leave_out)


def files(found: Ingested) -> dict[str, dict[str, Any]]:
    json.dumps(found.manifest)
    return {file["path"]: file for file in found.manifest["files"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have them: every kind of file, in folders, and some that are no documents."""
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    made.pdf(root / "pump.pdf", ["chapter", "scan"])
    made.word(root / "sub" / "travel.docx")
    made.slides(root / "goals.pptx")
    (root / "rules.html").write_text("<h1>Rules</h1><p>Be kind.</p>")
    (root / "notes.md").write_text("# Notes\n\nA note.")
    (root / "old.txt").write_bytes("Café.".encode("cp1252"))
    (root / "rows.csv").write_text("text\nA row.\n")
    (root / "sub" / "rows.csv").write_text("text\nAnother row.\n")
    (root / "rows.jsonl").write_text('{"text": "A row."}\n')
    parquet.write_table(pyarrow.table({"text": ["In parquet."], "id": ["p"]}), root / "table.parquet")
    (root / "questions.csv").write_text("prompt,answer\nWho?,Ann\n")
    (root / "photo.png").write_bytes(b"x")
    (root / "sheet.xlsx").write_bytes(b"x")
    (root / "~$travel.docx").write_bytes(b"x")
    (root / "run" / "stages").mkdir(parents=True)
    (root / "run" / "study.json").write_text("{}")
    return root


def test_a_folder_of_every_kind(folder: Path) -> None:
    found = read(folder, (folder / "questions.csv",))
    assert found.faults == []
    texts = {d.id: d.text for d in found.documents}
    assert len(texts) == len(found.documents)
    assert texts["notes.md#1"] == "Notes\n\nA note."
    assert texts["sub/travel.docx#1"].startswith("Travel policy > Trains\n\nTrains are booked by Ann Lee")
    assert texts["sub/travel.docx#2"].startswith("Travel policy > Trains > Night trains\n\n| Line | Hours |")
    assert texts["goals.pptx#2"] == "Goals > Notes\n\nSay it slowly."
    assert texts["old.txt#1"] == "Café."
    assert {"rows.csv-2", "rows.jsonl-1", "sub/rows-2", "p"} <= texts.keys()
    note = next(d for d in found.documents if d.id == "notes.md#1")
    assert (note.context, note.body) == ("Notes", "A note.")
    assert numbered(note) == [("notes.md#1", "A note.")]  # what stands above a sentence is no sentence
    told = files(found)
    assert {name for name, file in told.items() if file["status"] == "skipped"} == {
        ".git", "questions.csv", "photo.png", "sheet.xlsx", "~$travel.docx", "run",
    }  # fmt: skip
    assert "save it as .csv" in told["sheet.xlsx"]["reason"]
    assert told["pump.pdf"]["pages"] == 2
    assert told["pump.pdf"]["pages_with_pictures_only"] == [2]
    assert sum(file["documents"] for file in told.values()) == len(found.documents)
    words = "\n".join(summary(found.manifest))
    assert f"documents: {folder}: 10 files read, 6 skipped; {len(found.documents)} documents" in words
    assert "old.txt: read as Windows-1252" in words
    assert "pump.pdf: 1 of 2 pages without text (2), pictures on 2" in words


def test_ids_and_texts_are_the_same_again(folder: Path) -> None:
    first, second = (read(folder, skip_unreadable=True).documents for _ in range(2))
    assert first == second


def test_a_pattern(folder: Path) -> None:
    found = read(folder / "**" / "*.[pd][do][fc]*")
    assert found.faults == []
    assert {n: f["status"] for n, f in files(found).items()} == {
        "pump.pdf": "read", "sub/travel.docx": "read", "~$travel.docx": "skipped",
    }  # fmt: skip
    assert {d.id.partition("#")[0] for d in found.documents} == {"pump.pdf", "sub/travel.docx"}
    assert "holds no file of the kinds" in read(folder / "*.nothing").faults[0]
    (folder / "[odd].md").write_text("Odd.")
    assert [d.text for d in read(folder / "[odd].md").documents] == ["Odd."]


def test_a_faulty_file_stops_the_study_unless_it_may_be_skipped(folder: Path) -> None:
    (folder / "questions.csv").unlink()
    (folder / "cut.pdf").write_bytes((folder / "pump.pdf").read_bytes()[:600])
    (folder / "prices.csv").write_text("id,price\n1,2\n")
    (folder / "binary.txt").write_bytes(bytes(range(256)))
    (folder / "empty.md").write_text("")
    (folder / "mixed.jsonl").write_text('{"text": "Fine."}\n{"text": 3}\n')
    made.pdf(folder / "locked.pdf", ["chapter"], "secret")
    found = read(folder)
    assert found.faults == [
        f"{folder}/binary.txt: holds binary data, not text",
        f"{folder}/cut.pdf: is no whole PDF; save or download it again",
        f"{folder}/empty.md: holds no text",
        f"{folder}/locked.pdf: is protected by a password; save it without one",
        f"{folder}/mixed.jsonl:2: text must be a string, found int",
        f"{folder}/prices.csv:1: has no column 'text'; found the columns 'id', 'price'; name the one that holds "
        "the text with ingest.text, or call it text",
        f"{folder}: 6 files of 21 cannot be read in full; mend them, or leave out what is wrong with "
        "ingest.skip_unreadable: true",
    ]
    skipping = read(folder, skip_unreadable=True)
    assert skipping.faults == []
    assert [d.text for d in skipping.documents if d.id.startswith("mixed")] == ["Fine."]
    told = files(skipping)
    assert {name for name, file in told.items() if file["status"] == "failed"} == {
        "binary.txt", "cut.pdf", "empty.md", "locked.pdf", "prices.csv",
    }  # fmt: skip
    assert told["prices.csv"]["reason"].startswith("line 1: has no column")
    assert told["mixed.jsonl"]["status"] == "read"
    assert skipping.manifest["counts"]["rows_left_out"] == 1
    assert "mixed.jsonl: 1 row left out, such as" in "\n".join(summary(skipping.manifest))


def test_nothing_left_is_a_fault_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\0\0b")
    found = read(tmp_path, skip_unreadable=True)
    assert found.faults == [f"{tmp_path}/a.txt: holds binary data, not text"]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as f:
        f.truncate(200_000_000)
    tracemalloc.start()
    found = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.faults == [
        f"{path}: has 200 MB, more than 100; cut it, or raise ingest.max_megabytes, which keeps memory bounded"
    ]
    assert peak < 5_000_000


def test_duplicates_are_counted_and_kept_unless_asked(tmp_path: Path) -> None:
    text = " ".join(f"The workshop {n} in Bergen changes the filter of the pump {n} times a year." for n in range(4))
    for name, words in {"a": text, "b": text, "c": text + " Always.", "d": "Something else."}.items():
        (tmp_path / f"{name}.txt").write_text(words)
    found = read(tmp_path)
    assert len(found.documents) == 4
    assert found.manifest["duplicates"] == [
        {"id": "b.txt#1", "of": "a.txt#1", "exact": True, "similarity": 1.0},
        {"id": "c.txt#1", "of": "a.txt#1", "exact": False, "similarity": 0.977},
    ]
    assert "2 repeat earlier ones, 1 of them nearly so (kept; ingest.dedupe" in "\n".join(summary(found.manifest))
    assert (files(found)["b.txt"]["duplicates"], files(found)["c.txt"]["near_duplicates"]) == (1, 1)
    fewer = read(tmp_path, dedupe=True)
    assert [d.id for d in fewer.documents] == ["a.txt#1", "d.txt#1"]
    assert "(left out)" in "\n".join(summary(fewer.manifest))


def test_columns_and_chunks_as_the_study_says(tmp_path: Path, lines: Lines) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("body;id\nGrün, rot.;x\n".encode("cp1252"))
    found = read(path, text="body")
    assert [(d.id, d.text) for d in found.documents] == [("x", "Grün, rot.")]
    assert files(found)["t.csv"]["encoding"] == "Windows-1252 (guessed: it is not UTF-8)"
    row = lines("r.jsonl", {"text": "# One. Two. " * 500})
    assert [d.text for d in read(row, chunk=20).documents] == [("# One. Two. " * 500).strip()]
    (tmp_path / "w.md").write_text("# One\n\nTwo.")
    assert [(d.id, d.text) for d in read(tmp_path / "w.md", chunk=0).documents] == [("w.md", "# One\n\nTwo.")]
    assert [d.id for d in read(tmp_path / "w.md").documents] == ["w.md#1"]


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("a.pdf", "pypdfium2", "documents"),
        ("a.docx", "mammoth", "documents"),
        ("a.pptx", "pptx", "documents"),
        ("a.html", "bs4", "documents"),
        ("a.parquet", "pyarrow", "parquet"),
    ],
)
def test_a_missing_reader_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    path = {"a.docx": made.word, "a.pptx": made.slides}.get(name, lambda path: path)(tmp_path / name)
    path.touch()
    monkeypatch.setitem(sys.modules, module, None)
    assert f"pip install 'augtune[{extra}]'" in read(path).faults[0]


def test_parquet_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"title": ["x"], "n": [1]}), path)
    assert "has no column 'text'; found the columns 'title', 'n'" in read(path).faults[0]
    assert [d.text for d in read(path, text="title").documents] == ["x"]
    path.write_bytes(path.read_bytes()[:-20])
    assert "is no whole Parquet file" in read(path).faults[0]


def test_links_are_not_followed_round_and_round(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A.")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    found = read(tmp_path, skip_unreadable=True)
    assert [d.id for d in found.documents] == ["a.md#1"]
    assert files(found)["again"]["reason"] == "a link to a folder"
    assert files(found)["gone.md"]["status"] == "failed"


def test_long_fields_and_deep_rows(tmp_path: Path, lines: Lines) -> None:
    (tmp_path / "long.csv").write_text("text\n" + "word " * 50_000 + "\n")
    assert len(read(tmp_path / "long.csv").documents) == 1
    assert "nested too deeply" in read(lines("deep.jsonl", "[" * 100_000)).faults[0]


def test_many_faults_of_one_table_are_counted(lines: Lines) -> None:
    path = lines("many.jsonl", *[{"no": n} for n in range(50)])
    faults = read(path).faults
    assert len(faults) == 21
    assert faults[-1] == "many.jsonl: 30 more faults of this kind or another"
