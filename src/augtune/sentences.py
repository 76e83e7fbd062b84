"""Sentences of a text, for splitting a document into training texts."""

from __future__ import annotations

import re

# A full stop after these does not end a sentence; nor does one after a single capital letter (an initial).
_ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Jr Sr vs etc e.g i.e cf al Inc Ltd Co No Vol Fig Jan Feb Mar Apr Aug Sept Oct Nov Dec"
)
_short = re.compile(rf"(?:^|[\s(])(?:{'|'.join(re.escape(a) for a in _ABBREVIATIONS.split())}|[A-Z])\.$")
_end = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-Z0-9])|[。！？]|\n\s*\n|\n(?=\s*(?:[-*•|]|\d+[.)])\s)")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, stripped; joined by white space they are the text again. A point of a list and
    a row of a table that begin a line count as one."""
    found, start = [], 0
    for match in _end.finditer(text):
        end = match.end()
        if match[0] == "." and _short.search(text[start:end]):
            continue
        found.append(text[start:end].strip())
        start = end
    return [s for s in [*found, text[start:].strip()] if s]
