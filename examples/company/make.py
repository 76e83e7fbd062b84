"""Writes documents/ and questions.csv from facts.py: python examples/company/make.py (needs the extras dev, documents).

Every fact stands in two papers, in other words, the named one always first. So a reversal asks what no paper says in
that order, and a two-step question joins facts from two papers. The questions were read and corrected in their wording
here; the choices are things of the same kind.
"""

from __future__ import annotations

import csv
import io
import random
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from facts import PEOPLE, PROCEDURES, PRODUCTS, SITES, SUPPLIERS  # noqa: E402

WHEN = datetime(2030, 1, 2, tzinfo=UTC)  # in every file, so that the same facts make the same bytes


def people() -> str:
    """Who is who, a page of the intranet."""
    parts = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8"><title>Who is who</title></head><body>',
             "<nav><a href='/'>Intranet</a></nav>", "<h1>Who is who at Brackwater Instruments</h1>",
             "<p>This page tells who heads which department. Please tell us what is wrong.</p>"]  # fmt: skip
    for name, department, pronoun, year, room, habit in PEOPLE:
        first = name.split()[0]
        parts += [f"<h2>{name}</h2>", f"<p>{name} heads {department}. {first} joined Brackwater in {year}. "
                  f"{pronoun} works in {room}. {pronoun} {habit}.</p>"]  # fmt: skip
    parts += ["<h2>Telephone numbers</h2>", "<table><tr><th>Name</th><th>Extension</th></tr>"]
    parts += [f"<tr><td>{p[0]}</td><td>{200 + n}</td></tr>" for n, p in enumerate(PEOPLE)]
    return "\n".join([*parts, "</table></body></html>", ""])


def sites() -> str:
    """The works, and who manages them."""
    parts = [
        "# The works of Brackwater Instruments",
        "Brackwater has eight works. Each assembles some of our instruments.",
    ]
    for town, manager, pronoun, landmark, known in SITES:
        parts += [f"## {town}", f"The works in {town} is managed by {manager}. {pronoun} visits the head office once "
                  f"a month. Beside the works in {town} stands {landmark}. The works in {town} is known for "
                  f"{known}."]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def newsletter() -> str:
    """The year in short: departments, works and suppliers once more, in other words."""
    parts = [
        "---",
        "title: Brackwater news",
        "---",
        "# People",
        "We asked all departments for a line about themselves.",
    ]
    text = "\n".join(parts) + "\n"
    for k, (name, department, *_) in enumerate(PEOPLE):
        ending = ("is responsible for", "is in charge of")[k % 2]
        text += f"\n{name} {ending} {department}.\n"
    text += "\n# Works\n"
    for town, manager, *_ in SITES:
        text += f"\nIn {town}, {manager} is the manager of the works. {town} had no accident this year.\n"
    text += "\n# Suppliers\n"
    for supplier, goods, day, _ in SUPPLIERS:
        text += f"\n{supplier} supplies us with {goods}. The lorry of {supplier} comes on {day}.\n"
    return text


def suppliers() -> str:
    """A row for each supplier."""
    found = io.StringIO()
    writer = csv.writer(found, lineterminator="\n")
    writer.writerow(["id", "text"])
    for supplier, goods, day, contract in SUPPLIERS:
        writer.writerow([supplier.lower().replace(" ", "-"),
                         f"{supplier} delivers {goods}. {supplier} has {contract}. "
                         f"Goods from {supplier} arrive on {day}."])  # fmt: skip
    return found.getvalue()


def handbook(path: Path) -> None:
    """The product handbook: a page for each instrument, with running lines."""
    from fpdf import FPDF

    class Handbook(FPDF):
        """A running line at the head and at the foot of each page."""

        def header(self) -> None:
            self.set_font("helvetica", size=8)
            self.text(15, 10, "Brackwater Instruments - product handbook")

        def footer(self) -> None:
            self.set_font("helvetica", size=8)
            self.text(15, 203, f"Page {self.page_no()}")

    made = Handbook(format=(148, 210))
    made.set_creation_date(WHEN)
    below: dict[str, Any] = {"new_x": "LMARGIN", "new_y": "NEXT"}

    def write(size: int, text: str, height: float) -> None:
        made.set_font("helvetica", "B" if size > 11 else "", size)
        made.multi_cell(0, height, text, align="L", **below)
        made.ln(3)

    made.add_page()
    write(24, "Product handbook", 12)
    write(11, "This handbook describes the twenty instruments of Brackwater. Each has a page of its own. All "
              "instruments are named after birds. All of them send their readings by radio.", 6)  # fmt: skip
    for name, measures, town, weight, case, colour, years in PRODUCTS:
        made.add_page()
        write(16, f"The {name}", 9)
        write(11, f"The {name} measures {measures}. The {name} is assembled in {town}. The case of the {name} is made "
                  f"of {case}. The {name} is painted {colour}.", 6)  # fmt: skip
        write(11, f"The battery of the {name} lasts for {years} year{'s' if years > 1 else ''}. The {name} weighs "
                  f"{weight} kg. A strap and a printed manual come with the {name}.", 6)  # fmt: skip
        made.set_font("helvetica", size=11)
        with made.table(width=100) as table:
            for cells in (("Property", "Value"), ("Weight", f"{weight} kg"), ("Case", case), ("Colour", colour)):
                row = table.row()
                for cell in cells:
                    row.cell(cell)
    made.output(str(path))


def procedures(path: Path) -> None:
    """The procedures, as a Word file."""
    import docx

    made = docx.Document()
    made.core_properties.created = made.core_properties.modified = WHEN
    made.add_heading("Procedures", 0)
    made.add_paragraph(
        "A procedure tells how a piece of work is done. Each procedure has a name that is easy to remember."
    )
    for name, covers, keeper, step, form, season in PROCEDURES:
        made.add_heading(f"{name} procedure", 1)
        made.add_paragraph(
            f"The {name} procedure covers {covers}. The {name} procedure is kept up to date by {keeper}."
        )
        made.add_paragraph(f"{step}.", style="List Number")
        made.add_paragraph(f"Fill in the {form} form.", style="List Number")
        made.add_paragraph("Hand the form to the head of the department.", style="List Number")
        made.add_paragraph(f"The {name} procedure is read again every {season}.")
    made.save(str(path))
    _same_bytes(path)


def welcome(path: Path) -> None:
    """Slides for new colleagues: instruments and procedures once more, in other words."""
    from pptx import Presentation

    made = Presentation()
    made.core_properties.created = made.core_properties.modified = WHEN

    def slide(title: str, lines: Sequence[str], notes: str = "") -> None:
        page = made.slides.add_slide(made.slide_layouts[1])
        page.shapes.title.text = title
        page.placeholders[1].text = "\n".join(lines)
        if notes:
            page.notes_slide.notes_text_frame.text = notes

    slide("Welcome to Brackwater", ["We make instruments for water.", "Please ask when something is not clear."],
          "The colleagues of the training centre hold this talk.")  # fmt: skip
    for k in range(0, len(PRODUCTS), 4):
        slide("Our instruments", [f"The {name} shows {measures}. The home of the {name} is the works in {town}."
                                  for name, measures, town, *_ in PRODUCTS[k : k + 4]])  # fmt: skip
    for k in range(0, len(PROCEDURES), 4):
        slide("Our procedures", [f"The {name} procedure is about {covers}. The {name} procedure belongs to {keeper}."
                                 for name, covers, keeper, *_ in PROCEDURES[k : k + 4]])  # fmt: skip
    made.save(str(path))
    _same_bytes(path)


def _same_bytes(path: Path) -> None:
    """A zip file again, without the time of writing."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, WHEN.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)


def questions() -> list[dict[str, str]]:
    rng = random.Random("brackwater")
    rows: list[dict[str, str]] = []

    def ask(split: str, group: str, prompt: str, answer: str, kind: Sequence[str]) -> None:
        others = rng.sample([other for other in dict.fromkeys(kind) if other != answer], 3)
        choices = rng.sample([answer, *others], 4)
        numbered = {f"choice_{k}": choice for k, choice in enumerate(choices, 1)}
        rows.append({"split": split, "group": group, "prompt": prompt, "answer": answer, **numbered})

    heads = {department: name for name, department, *_ in PEOPLE}
    managers = {town: manager for town, manager, *_ in SITES}
    for name, department, *_ in PEOPLE:
        ask("rephrase", name, f"The part of Brackwater that {name} runs is", department, list(heads))
        ask("reversal", name, f"The head of {department} at Brackwater is", name, list(heads.values()))
    for name, measures, town, *_ in PRODUCTS:
        ask("rephrase", name, f"People buy the {name} from Brackwater to find out", measures, [p[1] for p in PRODUCTS])
        ask("rephrase", name, f"The town where the {name} is put together is", town, list(managers))
        ask("reversal", name, f"To measure {measures}, Brackwater offers the", name, [p[0] for p in PRODUCTS])
        ask("two-step", name, f"The manager of the works that assembles the {name} is", managers[town],
            list(managers.values()))  # fmt: skip
    for town, manager, *_ in SITES:
        ask("rephrase", town, f"The person at the top of the works in {town} is", manager, list(managers.values()))
        ask("reversal", town, f"{manager} manages the Brackwater works in", town, list(managers))
    for name, covers, keeper, *_ in PROCEDURES:
        ask("rephrase", name, f"You follow the {name} procedure when you are busy with", covers,
            [p[1] for p in PROCEDURES])  # fmt: skip
        ask("rephrase", name, f"The department that looks after the {name} procedure is", keeper, list(heads))
        ask("reversal", name, f"When you are {covers}, the Brackwater procedure to follow is called", name,
            [p[0] for p in PROCEDURES])  # fmt: skip
        ask("two-step", name, f"The head of the department that keeps the {name} procedure up to date is",
            heads[keeper], list(heads.values()))  # fmt: skip
    for supplier, goods, *_ in SUPPLIERS:
        ask("rephrase", supplier, f"What Brackwater buys from {supplier} is", goods, [s[1] for s in SUPPLIERS])
        ask("reversal", supplier, f"The firm that sells {goods} to Brackwater is", supplier, [s[0] for s in SUPPLIERS])
    return rows


def main(folder: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for name, text in {"who-is-who.html": people(), "works.md": sites(), "news.md": newsletter(),
                       "suppliers.csv": suppliers()}.items():  # fmt: skip
        (documents / name).write_text(text, encoding="utf-8", newline="\n")
    handbook(documents / "handbook.pdf")
    procedures(documents / "procedures.docx")
    welcome(documents / "welcome.pptx")
    rows = questions()
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(HERE)
