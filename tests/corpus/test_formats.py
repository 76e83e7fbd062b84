"""Headings, tables and titles survive as text, and what is left out is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from augtune.corpus import pdf
from augtune.corpus.formats import docx, html, markdown, plain, pptx
from augtune.corpus.text import Unreadable, decode
from corpus import made


def test_pdf_with_headings_tables_and_running_lines(tmp_path: Path) -> None:
    found = pdf.read(made.pdf(tmp_path / "a.pdf", ["chapter", "chapter", "scan", "blank", "chapter"]))
    lines = found.text.split("\n\n")
    assert lines[:4] == [
        "# Pump handbook for the workshop", "## 1 Care of part B", made.PARAGRAPH.replace("-\n", ""),
        "Part B is round.",
    ]  # fmt: skip
    assert (
        lines[4]
        == "| Model | Weight | Price |\n| --- | --- | --- |\n| AX-1 | 12 kg | 40 EUR |\n| AX-2 | 15 kg | 50 EUR |"
    )
    assert (found.pages, found.empty, found.scanned) == (5, [3, 4], [3])
    assert "internal use" not in found.text
    assert "Page" not in found.text
    assert found.notes == [
        "line at the head or foot of 3 pages left out: Acme, for internal use",
        "line at the head or foot of 3 pages left out: Page 1 of 5",
    ]


def test_pages_are_numbered_on_some_pages_only(tmp_path: Path) -> None:
    paper = FPDF()
    paper.set_font("helvetica", size=11)
    for n, letter in enumerate("abcdefghijklmnopqrst", 1):
        paper.add_page()
        paper.multi_cell(0, 6, f"Item {letter} . . . . . . 7\n42 is under {letter}.")
        if n % 5 == 0:
            paper.text(100, 290, str(n + 6))
    paper.output(str(tmp_path / "a.pdf"))
    found = pdf.read(tmp_path / "a.pdf")
    assert found.notes == ["line at the head or foot of 4 pages left out: 11"]
    assert found.text.startswith("Item a ... 7 42 is under a.\n\nItem b ... 7")


def test_pdf_that_cannot_be_read(tmp_path: Path) -> None:
    whole = made.pdf(tmp_path / "whole.pdf", ["chapter"])
    (tmp_path / "cut.pdf").write_bytes(whole.read_bytes()[:700])
    (tmp_path / "text.pdf").write_text("no PDF at all")
    faults = {
        "cut.pdf": "no whole PDF", "text.pdf": "no whole PDF",
        made.pdf(tmp_path / "locked.pdf", ["chapter"], "secret").name: "protected by a password",
        made.pdf(tmp_path / "scans.pdf", ["scan", "blank"]).name: r"only pictures of text \(2 pages\).*OCR",
        made.pdf(tmp_path / "blank.pdf", ["blank"]).name: "holds no text",
    }  # fmt: skip
    for name, words in faults.items():
        with pytest.raises(Unreadable, match=words):
            pdf.read(tmp_path / name)


def test_docx(tmp_path: Path) -> None:
    found = docx(made.word(tmp_path / "a.docx"))
    assert found.title == "Travel policy"
    assert found.text == (
        "# Trains\n\nTrains are booked by Ann Lee\n\n- Buy a ticket.\n- Keep the ticket.\n\n## Night trains\n\n"
        "| Line | Hours |\n| --- | --- |\n| Oslo | 8 |"
    )
    assert found.notes == ["1 picture: what is written in them is not read", "heads and feet of pages left out"]
    assert docx(made.word(tmp_path / "b.docx", title=None)).title is None


def test_office_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    (tmp_path / "cut.docx").write_bytes(made.word(tmp_path / "a.docx").read_bytes()[:2000])
    slides = made.slides(tmp_path / "a.pptx")
    (tmp_path / "slides.docx").write_bytes(slides.read_bytes())
    for name, words in {
        "old": "protected by a password",
        "cut": "no whole Office file",
        "slides": "is no .docx",
    }.items():
        with pytest.raises(Unreadable, match=words):
            docx(tmp_path / f"{name}.docx")


def test_pptx(tmp_path: Path) -> None:
    found = pptx(made.slides(tmp_path / "a.pptx"))
    assert found.text == (
        "# Goals\n\nSell pumps.\n\nBuy filters.\n\n| Year | Pumps |\n| --- | --- |\n| 2030 | 70 |\n\n"
        "## Notes\n\nSay it slowly."
    )
    assert (found.title, found.pages, found.empty, found.scanned) == ("Goals", 3, [2, 3], [2])


def test_html(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<title>Rules</title><style>p {}</style><nav><a href='/'>Home</a></nav><h2>Hours</h2><p>Work at <b>eight</b>,"
        " <a href='x'>always</a>_now_.</p><img alt='A clock.'><ol><li>Come.</li><li>Go.</li></ol>"
        "<table><tr><td>Site</td><td>Head</td></tr><tr><td>Bergen</td><td>Ann</td></tr></table><script>x</script>"
    )
    found = html(path)
    assert found.title == "Rules"
    assert found.text.strip() == (
        "## Hours\n\nWork at eight, always_now_.\n\nA clock.\n\n1. Come.\n2. Go.\n\n"
        "| Site | Head |\n| --- | --- |\n| Bergen | Ann |"
    )
    assert found.notes == ["1 menu (nav) left out"]
    path.write_bytes("<title>Rules</title><h1>Café</h1>".encode("cp1252"))
    found = html(path)
    assert (found.title, found.text.strip()) == (None, "# Café")
    assert found.encoding == "Windows-1252 (guessed: it is not UTF-8)"
    path.write_bytes('<meta charset="iso-8859-2"><p>Łódź'.encode("iso-8859-2"))
    assert (html(path).text.strip(), html(path).encoding) == ("Łódź", "ISO-8859-2")


def test_front_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"---\r\ntitle: Rules\r\nowner: Ann\r\n---\r\n# One\r\n")
    found = markdown(path)
    assert (found.title, found.text) == ("Rules", "# One\n")
    assert found.notes == ["front matter left out, but for its title: title, owner"]
    path.write_text("---\nno keys\n---\ntext")
    assert markdown(path).text == "---\nno keys\n---\ntext"


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        ("naïve".encode(), "naïve", None),
        ("naïve".encode("utf-8-sig"), "naïve", "UTF-8 with a byte order mark"),
        ("naïve €".encode("utf-16"), "naïve €", "UTF-16"),
        ("naïve".encode("utf-32"), "naïve", "UTF-32"),
        ("naive".encode("utf-16-le"), "naive", "UTF-16 (guessed: it has no byte order mark)"),
        ("naive".encode("utf-16-be"), "naive", "UTF-16 (guessed: it has no byte order mark)"),
        ("naïve – €".encode("cp1252"), "naïve – €", "Windows-1252 (guessed: it is not UTF-8)"),
        (b"caf\xe9 \x81", "café \x81", "Latin-1 (guessed: it is not UTF-8)"),
        (b"", "", None),
    ],
)
def test_encodings(raw: bytes, text: str, encoding: str | None) -> None:
    if encoding and encoding.startswith("Latin"):
        raw, text = raw + b" long enough" * 9, text + " long enough" * 9
    assert decode(raw) == (text, encoding)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"%PDF-1.4\n", "is a PDF, not text"), (b"PK\x03\x04..", "a zip archive or an Office file"),
        (b"a\0\0\0b\x01\0", "holds binary data"), (bytes(range(1, 256)), "holds binary data"),
        (b"\xff\xfea", "begins as UTF-16"),
    ],
)  # fmt: skip
def test_binary_data_is_no_text(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "x.txt").write_bytes(raw)
    with pytest.raises(Unreadable, match=words):
        plain(tmp_path / "x.txt")
