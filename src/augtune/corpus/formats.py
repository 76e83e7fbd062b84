"""One reader for each kind of file: a path in, Markdown and what is to be told out. The readers' libraries are the
extra `documents`; they are imported where they are used, so that plain text needs none."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from . import pdf
from .text import Text, Unreadable, decode

INVISIBLE = ("script", "style", "template", "noscript", "svg", "head", "title")
PLAIN = ("a", "b", "strong", "em", "i", "u", "s", "code", "kbd", "samp", "sub", "sup")  # their text without the marks
UNPACKED = 500_000_000  # bytes at most in an Office file, unpacked
_front = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def plain(path: Path) -> Text:
    text, encoding = decode(path.read_bytes())
    return Text(text, markdown=False, encoding=encoding)


def markdown(path: Path) -> Text:
    """With the title from its front matter, if it has one."""
    text, encoding = decode(path.read_bytes())
    text = text.replace("\r\n", "\n")
    if not (front := _front.match(text)):
        return Text(text, encoding=encoding)
    try:
        keys = yaml.safe_load(front[1])
    except yaml.YAMLError:
        keys = None
    if not isinstance(keys, dict):
        return Text(text, encoding=encoding)
    title = keys.get("title")
    return Text(
        text[front.end() :], title=str(title) if title else None, encoding=encoding,
        notes=[f"front matter left out, but for its title: {', '.join(map(str, keys))}"],
    )  # fmt: skip


def html(path: Path) -> Text:
    from bs4 import BeautifulSoup

    raw = path.read_bytes()
    soup = BeautifulSoup(raw, "html.parser")  # it knows a page's own word on its encoding
    declared = soup.declared_html_encoding
    encoding = None
    if not declared:
        text, encoding = decode(raw)
        soup = BeautifulSoup(text, "html.parser")
    notes = []
    title = soup.title.get_text(" ", strip=True) if soup.title and not soup.find("h1") else None
    for tag in soup(INVISIBLE):
        tag.decompose()
    if menus := soup("nav"):
        notes.append(f"{_counted(len(menus), 'menu')} (nav) left out")
        for tag in menus:
            tag.decompose()
    used = declared.upper() if declared and declared.lower() not in ("utf-8", "utf8") else encoding
    return Text(_markdown_of(soup), title=title, encoding=used, notes=notes)


def _markdown_of(soup: Any) -> str:
    """Headings, lists and tables as Markdown, everything else as its text; a picture as its description."""
    from markdownify import MarkdownConverter

    for image in soup("img"):
        image.replace_with(image.get("alt") or "")
    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", strip=list(PLAIN), table_infer_header=True,
        escape_asterisks=False, escape_underscores=False,
    )  # fmt: skip
    text: str = converter.convert_soup(soup)
    return "\n".join(line.rstrip() for line in text.replace("\xa0", " ").splitlines())


def docx(path: Path) -> Text:
    import mammoth
    from bs4 import BeautifulSoup

    parts = _parts(path, "word/document.xml")
    pictures = 0

    def picture(image: Any) -> dict[str, str]:
        nonlocal pictures
        pictures += 1
        return {"src": ""}

    with path.open("rb") as f:
        styles = "p[style-name='Title'] => p.title:fresh"
        made = mammoth.convert_to_html(f, style_map=styles, convert_image=mammoth.images.img_element(picture))
    soup = BeautifulSoup(made.value, "html.parser")
    titles = soup.select("p.title")
    title = " ".join(tag.extract().get_text(" ", strip=True) for tag in titles) or None
    notes = list(dict.fromkeys(m.message for m in made.messages if "style" not in m.message))
    if pictures:
        notes.append(f"{_counted(pictures, 'picture')}: what is written in them is not read")
    if any(re.fullmatch(r"word/(header|footer)\d*\.xml", part) for part in parts):
        notes.append("heads and feet of pages left out")
    return Text(_markdown_of(soup), title=title, notes=notes)


def pptx(path: Path) -> Text:
    """Each slide under its title, with its tables and the speaker's notes."""
    from pptx import Presentation

    _parts(path, "ppt/presentation.xml")
    slides = list(Presentation(str(path)).slides)
    blocks: list[str] = []
    empty, scanned, charts = [], [], 0
    for n, slide in enumerate(slides, 1):
        shapes = list(_flat(slide.shapes))
        head = slide.shapes.title
        title = " ".join(head.text_frame.text.split()) if head is not None else ""
        charts += sum(getattr(shape, "has_chart", False) for shape in shapes)
        body = [t for shape in shapes if head is None or shape.shape_id != head.shape_id for t in _shown(shape)]
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) and frame.text.strip():
            body += ["## Notes", *_paragraphs(frame)]
        if not title and not body:
            empty.append(n)
            scanned += [n] if any(hasattr(shape, "image") for shape in shapes) else []
            continue
        blocks += [f"# {title or f'Slide {n}'}", *body]
    notes = [f"{_counted(charts, 'chart')}: what is written in them is not read"] if charts else []
    first = slides[0].shapes.title if slides else None
    title = " ".join(first.text_frame.text.split()) if first is not None else ""
    return Text("\n\n".join(blocks), True, title or None, None, len(slides), empty, scanned, notes)


def _flat(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _flat(shape.shapes)
        else:
            yield shape


def _shown(shape: Any) -> list[str]:
    if shape.has_text_frame:
        return _paragraphs(shape.text_frame)
    if getattr(shape, "has_table", False):
        rows = ["| " + " | ".join(" ".join(cell.text.split()) for cell in row.cells) + " |" for row in shape.table.rows]
        return ["\n".join([rows[0], "|" + " --- |" * len(shape.table.columns), *rows[1:]])]
    return []


def _paragraphs(frame: Any) -> list[str]:
    return [text for p in frame.paragraphs if (text := " ".join(p.text.split()))]


def _parts(path: Path, needed: str) -> list[str]:
    """The names of what an Office file holds. Raises Unreadable if it is none, or would fill the memory."""
    if path.open("rb").read(4) == b"\xd0\xcf\x11\xe0":
        raise Unreadable("is protected by a password, or of an old kind; save it without one, as .docx or .pptx")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as e:
        raise Unreadable("is no whole Office file; save or download it again") from e
    names = [info.filename for info in infos]
    if needed not in names:
        raise Unreadable(f"is no {path.suffix} file: it holds no {needed}")
    if sum(info.file_size for info in infos) > UNPACKED:
        raise Unreadable(f"unpacks to more than {UNPACKED / 1e6:.0f} MB")
    return names


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


READERS: dict[str, Callable[[Path], Text]] = {
    ".txt": plain,
    ".md": markdown,
    ".html": html,
    ".htm": html,
    ".pdf": pdf.read,
    ".docx": docx,
    ".pptx": pptx,
}
# What people have beside these, and what to do with it.
HINTS = {
    ".doc": "save it as .docx",
    ".ppt": "save it as .pptx",
    ".odt": "save it as .docx",
    ".odp": "save it as .pptx",
    ".rtf": "save it as .docx",
    ".xls": "save it as .csv",
    ".xlsx": "save it as .csv",
    ".tsv": "save it as .csv",
    ".json": "save it as .jsonl, one object a line",
}
