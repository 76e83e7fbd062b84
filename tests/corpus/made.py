"""Files as people have them, made by the libraries that write such files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import docx
import pptx
from fpdf import FPDF
from PIL import Image

PARAGRAPH = (
    "The filter of the pump is called Alba. It is changed twice a year by the workshop in Bergen, which keeps a "
    "record of each change. Dr. Smith wrote the inter-\nnational rules for it."
)
ROWS = (("Model", "Weight", "Price"), ("AX-1", "12 kg", "40 EUR"), ("AX-2", "15 kg", "50 EUR"))


def picture() -> io.BytesIO:
    found = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(found, "PNG")
    found.seek(0)
    return found


def pdf(path: Path, pages: Sequence[str], password: str | None = None) -> Path:
    """Each page is `chapter` (a title on the first, headings, text, a table; a running head and foot), `scan` (a
    picture), or `blank`."""
    made = FPDF()
    below = {"new_x": "LMARGIN", "new_y": "NEXT"}
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    for n, kind in enumerate(pages, 1):
        made.add_page()
        if kind == "scan":
            made.image(picture(), w=100)
        if kind != "chapter":
            continue
        made.set_font("helvetica", size=8)
        made.text(15, 10, "Acme, for internal use")
        made.text(15, 290, f"Page {n} of {len(pages)}")
        made.set_y(20)
        if n == 1:
            made.set_font("helvetica", "B", 22)
            made.multi_cell(0, 10, "Pump handbook\nfor the workshop", **below)
        made.set_font("helvetica", "B", 15)
        made.multi_cell(0, 12, f"{n} Care of part {'ABCDEFG'[n]}", **below)
        made.set_font("helvetica", size=11)
        made.multi_cell(0, 6, PARAGRAPH, **below)
        made.ln(4)
        made.multi_cell(0, 6, f"Part {'ABCDEFG'[n]} is round.", **below)
        with made.table() as table:
            for cells in ROWS:
                row = table.row()
                for cell in cells:
                    row.cell(cell)
    made.output(str(path))
    return path


def word(path: Path, title: str | None = "Travel policy") -> Path:
    made = docx.Document()
    if title:
        made.add_heading(title, 0)
    made.add_heading("Trains", 1)
    made.add_paragraph("Trains are booked by ").add_run("Ann Lee").bold = True
    made.add_paragraph("Buy a ticket.", style="List Bullet")
    made.add_paragraph("Keep the ticket.", style="List Bullet")
    made.add_heading("Night trains", 2)
    table = made.add_table(2, 2)
    for row, cells in zip(table.rows, (("Line", "Hours"), ("Oslo", "8")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    made.add_picture(picture())
    made.sections[0].header.paragraphs[0].text = "Acme"
    made.save(str(path))
    return path


def slides(path: Path) -> Path:
    """A slide with text, a table and notes; one with a picture only; an empty one."""
    made = pptx.Presentation()
    one = made.slides.add_slide(made.slide_layouts[1])
    one.shapes.title.text = "Goals"
    one.placeholders[1].text = "Sell pumps.\nBuy filters."
    table = one.shapes.add_table(2, 2, 0, 0, 10**6, 10**6).table
    for at, text in {(0, 0): "Year", (0, 1): "Pumps", (1, 0): "2030", (1, 1): "70"}.items():
        table.cell(*at).text = text
    one.notes_slide.notes_text_frame.text = "Say it slowly."
    made.slides.add_slide(made.slide_layouts[6]).shapes.add_picture(picture(), 0, 0)
    made.slides.add_slide(made.slide_layouts[6])
    made.save(str(path))
    return path
