"""PDF to Markdown, page by page. A PDF holds letters with places, and neither lines nor headings: lines that are set
clearly larger than most are headings, letters far apart in a line are cells of a table row, and lines that stand at the
head or foot of most pages are left out, and said so.

"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from .text import Text, Unreadable

LARGER = 1.15  # a heading's height over that of the body
HEADING = 200  # letters at most in a heading
APART = 1.2  # a gap between letters, in heights of the line, that parts cells
LOOSER = 0.4  # more than the usual gap between lines by so many heights: a new paragraph
EDGE = 2  # lines at the head and at the foot of a page that may be running ones
ENOUGH = 3  # pages on which a line must stand to count as running
OFTEN = 0.4  # and the share of the pages, unless a number in it counts with the pages
PASSWORD = 4  # pdfium's error code
BULLET = re.compile(r"^[•▪◦‣·●○–—*-]\s+(?=\S)")
POINT = re.compile(r"- |\(?(\d{1,3}|[a-z])[.)] ")
Box = tuple[float, float, float, float]  # left, bottom, right, top
NOWHERE = (0.0, 0.0, 0.0, 0.0)
COUNTS = "\0"  # stands in the key of a running line for a number that counts with the pages
_leaders = re.compile(r"(?:\s?\.){4,}")  # of a table of contents
_ended = re.compile(r"[.!?:;。！？][\"'”’)\]]*$")


@dataclass
class Line:
    """A line of a page: its cells (one, if it is no row of a table), place, and height of letters."""

    cells: list[str]
    left: float
    bottom: float
    top: float
    height: float

    @property
    def text(self) -> str:
        return " ".join(self.cells)

    def running(self, page: int) -> set[str]:
        """What a line at the same place of another page shares with this one, if they are one running line: all of its
        text, or all but a number that counts with the pages."""
        place, text = f"{self.top:.0f} ", self.text
        numbers = re.finditer(r"\d{1,5}", text)
        counting = {f"{place}{text[: n.start()]}{COUNTS}{int(n[0]) - page}{text[n.end() :]}" for n in numbers}
        return {place + text, *counting}


@dataclass
class Page:
    lines: list[Line] = field(default_factory=list)
    pictures: bool = False


def read(path: Path) -> Text:
    """Raises Unreadable where no text can be had."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as document:
            pages = [_page(document[n]) for n in range(len(document))]
    except pypdfium2.PdfiumError as e:
        if getattr(e, "err_code", None) == PASSWORD:
            raise Unreadable("is protected by a password; save it without one") from e
        raise Unreadable("is no whole PDF; save or download it again") from e
    sizes = _sizes(pages)
    body = max(sizes, key=sizes.__getitem__, default=0.0)
    notes = _without_running(pages, LARGER * body)
    empty = [n for n, page in enumerate(pages, 1) if not page.lines]
    scanned = [n for n in empty if pages[n - 1].pictures]
    if len(empty) == len(pages):
        what = "holds only pictures of text" if scanned else "holds no text"
        raise Unreadable(f"{what} ({len(pages)} pages); make the text readable with an OCR program such as ocrmypdf")
    return Text(_markdown(pages, body), pages=len(pages), empty=empty, scanned=scanned, notes=notes)


def _page(page: Any) -> Page:
    from pypdfium2 import raw

    letters = page.get_textpage()
    lines: list[Line] = []
    run: list[tuple[str, Box]] = []
    rect = raw.FS_RECTF()
    for i in range(letters.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(letters, i))
        if letter in "\r\n":
            lines += _line(run)
            run = []
        elif letter.isspace():
            run.append((letter, NOWHERE))
        elif letter.isprintable():  # \x02 stands for a hyphen within a word, at the end of a line
            raw.FPDFText_GetLooseCharBox(letters, i, rect)
            run.append((letter, (rect.left, rect.bottom, rect.right, rect.top)))
    lines += _line(run)
    return Page(lines, any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)))


def _line(run: Sequence[tuple[str, Box]]) -> list[Line]:
    solid = [(letter, box) for letter, box in run if not letter.isspace()]
    if not solid:
        return []
    height = median(top - bottom for _, (_, bottom, _, top) in solid)
    cells, end = [""], solid[0][1][0]
    for letter, (left, _, right, _) in run:
        if letter.isspace():
            cells[-1] += " "
            continue
        if left - end > APART * height and cells[-1].strip():
            cells.append("")
        cells[-1] += letter
        end = right
    boxes = [box for _, box in solid]
    cells = [" ".join(_leaders.sub(" ...", cell).split()) for cell in cells]
    return [Line(cells, boxes[0][0], min(b[1] for b in boxes), max(b[3] for b in boxes), height)]


def _sizes(pages: Sequence[Page]) -> Counter[float]:
    """How many letters are of which height."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.height, 1)] += len(line.text)
    return sizes


def _without_running(pages: Sequence[Page], largest: float) -> list[str]:
    """Takes running heads and feet out of the pages, and tells which."""
    edges = [
        [line for k, line in enumerate(page.lines) if min(k, len(page.lines) - 1 - k) < EDGE and line.height <= largest]
        for page in pages
    ]
    seen = Counter(chain.from_iterable(line.running(n) for n, edge in enumerate(edges) for line in edge))
    enough, taken = max(ENOUGH, OFTEN * len(pages)), dict[str, str]()
    for n, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        for line in edge:
            keys = [key for key in line.running(n) if seen[key] >= (ENOUGH if COUNTS in key else enough)]
            if keys:
                key = max(keys, key=lambda key: (seen[key], key))
                taken.setdefault(key, f"line at the head or foot of {seen[key]} pages left out: {line.text}")
                page.lines = [x for x in page.lines if x is not line]
    return list(taken.values())


def _markdown(pages: Sequence[Page], body: float) -> str:
    lines = [line for page in pages for line in page.lines]
    large = sorted({round(line.height, 1) for line in lines if line.height > LARGER * body}, reverse=True)
    gaps = [a.bottom - b.top for a, b in pairwise(lines) if a.height == b.height and a.bottom >= b.top]
    usual = median(gaps) if gaps else 0.0

    def level(line: Line) -> int:
        """1 to 6 for a heading, 0 for anything else."""
        size = round(line.height, 1)
        heading = size in large and len(line.text) <= HEADING and re.search(r"[^\W\d_]", line.text)
        return min(6, 1 + large.index(size)) if heading else 0

    blocks: list[str] = []
    open_paragraph = False
    for page in pages:
        before: Line | None = None
        for kind, group in groupby(page.lines, lambda line: (level(line), len(line.cells) > 1)):
            members = list(group)
            if kind[0]:
                blocks += [f"{'#' * kind[0]} {text}" for text in _joined(members, usual)]
            elif kind[1]:
                blocks.append(_table(members))
            else:
                follows = open_paragraph and (before is None or not _parted(before, members[0], usual))
                for text in _joined(members, usual):
                    if follows and blocks and not POINT.match(text):
                        blocks[-1] = _hyphenated(blocks[-1], text)
                    else:
                        blocks.append(text)
                    follows = False
            before = members[-1]
            open_paragraph = not any(kind) and not _ended.search(blocks[-1])
    return "\n\n".join(blocks)


def _joined(lines: Sequence[Line], usual: float) -> Iterator[str]:
    """Lines as paragraphs."""
    text = ""
    for before, line in zip([None, *lines], lines, strict=False):
        if text and before and (_parted(before, line, usual) or POINT.match(BULLET.sub("- ", line.text))):
            yield text
            text = ""
        text = _hyphenated(text, line.text) if text else BULLET.sub("- ", line.text)
    yield text


def _parted(before: Line, line: Line, usual: float) -> bool:
    """Does a paragraph begin with `line`: further down than usual, indented, or elsewhere on the page?"""
    gap = before.bottom - line.top
    elsewhere = line.left - before.left > line.height or line.bottom >= before.top
    return gap > usual + LOOSER * line.height or (elsewhere and bool(_ended.search(before.text)))


def _hyphenated(text: str, more: str) -> str:
    """A hyphen at a line's end that pdfium did not take for one of a split word stays."""
    return text + more if text.endswith("-") else f"{text} {more}"


def _table(rows: Sequence[Line]) -> str:
    """Rows of as many cells as the first one as a Markdown table, its first row on top; else a line for each row."""
    widths = {len(row.cells) for row in rows}
    lines = ["| " + " | ".join(row.cells) + " |" for row in rows]
    if len(rows) > 1 and len(widths) == 1:
        lines.insert(1, "|" + " --- |" * widths.pop())
    return "\n".join(lines)
