"""What a reader finds in a file, whatever its kind; and bytes to text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

BOMS = (  # the longer ones first: UTF-16's begins UTF-32's
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
FALLBACKS = (("cp1252", "Windows-1252"), ("latin-1", "Latin-1"))
MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office file"),
    (b"\xd0\xcf\x11\xe0", "an old or protected Office file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "a program"),
)
NEEDS_EXTRA = "needs the extra `{0}`: pip install 'augtune[{0}]'"
CONTROLS = 0.02  # of the letters of a text in a guessed encoding at most
_controls = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


class Unreadable(Exception):
    """A file that holds no text, or none that can be had: why, and what to do, as one clause."""


@dataclass
class Text:
    """Markdown, or plain text; the file's title, where it has one; pages (or slides) counted from 1; `encoding` where
    it is not plain UTF-8; notes: what was left out, and what was guessed."""

    text: str
    markdown: bool = True
    title: str | None = None
    encoding: str | None = None
    pages: int | None = None
    empty: list[int] = field(default_factory=list)  # pages without text
    scanned: list[int] = field(default_factory=list)  # those of them that hold pictures
    notes: list[str] = field(default_factory=list)


def decode(raw: bytes) -> tuple[str, str | None]:
    """The text and its encoding, None for plain UTF-8. Raises Unreadable for what is no text."""
    for mark, codec, name in BOMS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(codec), name
            except UnicodeDecodeError as e:
                raise Unreadable(f"begins as {name} and does not go on so; save it as UTF-8") from e
    for start, what in MAGIC:
        if raw.startswith(start):
            raise Unreadable(f"is {what}, not text; give it the right suffix, or leave it out")
    if b"\0" in raw:
        for codec, nulls in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
            if nulls.count(0) > len(raw) / 4 and len(raw) % 2 == 0:
                return _sound(raw.decode(codec, "replace")), "UTF-16 (guessed: it has no byte order mark)"
        raise Unreadable("holds binary data, not text")
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        for codec, name in FALLBACKS:
            try:
                return _sound(raw.decode(codec)), f"{name} (guessed: it is not UTF-8)"
            except UnicodeDecodeError:
                continue
        raise AssertionError("Latin-1 reads any bytes") from None


def _sound(text: str) -> str:
    if len(_controls.findall(text)) > CONTROLS * len(text) or "\ufffd" in text:
        raise Unreadable("holds binary data, not text")
    return text
