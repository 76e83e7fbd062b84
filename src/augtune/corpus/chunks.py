"""Text to chunks: never across a heading, never within a sentence that fits. Each knows what stands above it, the title
and the headings, without which "It weighs 3 kg." says nothing."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

from ..sentences import sentences
from .text import Text

BETWEEN = " > "  # title > heading > heading within it
BY_LINE = ("table", "list", "fence", "code")  # blocks whose lines stand each for itself
_parser = MarkdownIt("commonmark").enable("table")
_names = re.compile(r"(table|fence|code|list|heading)")


@dataclass(frozen=True)
class Block:
    kind: str  # heading, table, list, fence, code, or text
    text: str
    level: int = 0  # of a heading, from 1


def chunks(text: Text, size: int) -> list[tuple[str | None, str]]:
    """(title and headings above it, body) of each chunk of at most `size` letters; all as one if size is 0. Nothing is
    lost: a heading without text under it is itself text, and a word longer than `size` is cut."""
    if not size:
        return [(None, text.text.strip())] if text.text.strip() else []
    found = []
    for path, blocks in _sections(text):
        context = BETWEEN.join(dict.fromkeys(path)) or None
        pieces = [piece for block in blocks for piece in _split(block, size)]
        found += [(context, body) for body in _packed(pieces, size, "\n\n")]
    return found


def _sections(text: Text) -> Iterator[tuple[list[str], list[Block]]]:
    root = [text.title] if text.title else []
    above: list[tuple[int, str]] = []
    body: list[Block] = []
    blocks = _blocks(text)
    for k, block in enumerate(blocks):
        if block.kind != "heading":
            body.append(block)
            continue
        if body:
            yield [*root, *(title for _, title in above)], body
            body = []
        above = [(level, title) for level, title in above if level < block.level]
        after = blocks[k + 1] if k + 1 < len(blocks) else None
        if after is None or (after.kind == "heading" and after.level <= block.level):
            body = [Block("text", block.text)]
        else:
            above.append((block.level, block.text))
    if body or not blocks:
        yield [*root, *(title for _, title in above)], body or [Block("text", t) for t in root]


def _blocks(text: Text) -> list[Block]:
    """The paragraphs, tables, lists and headings, as they stand in the source."""
    if not text.markdown:
        return [Block("text", part.strip()) for part in re.split(r"\n\s*\n", text.text) if part.strip()]
    source = re.sub(r"\r\n?", "\n", text.text)  # the parser counts lines so
    lines, tokens = source.split("\n"), _parser.parse(source)
    found: list[Block] = []
    done = 0
    for token, within in zip(tokens, [*tokens[1:], None], strict=False):
        if token.level or token.map is None or token.map[0] < done:
            continue
        start, end = token.map
        found += _rest(lines[done:start])
        done = end
        raw = "\n".join(lines[start:end]).strip()
        named = _names.search(token.type)
        kind = named[1] if named else "text"
        if kind == "heading":
            title = " ".join(within.content.split()) if within else ""
            found += [Block(kind, title, int(token.tag[1]))] if title else []
        elif raw and token.type != "hr":
            found.append(Block(kind, raw))
    return found + _rest(lines[done:])


def _rest(lines: Sequence[str]) -> list[Block]:
    """What the parser takes for no block, such as the definition of a link, is text all the same."""
    raw = "\n".join(lines).strip()
    return [Block("text", raw)] if raw else []


def _split(block: Block, size: int) -> list[str]:
    if len(block.text) <= size:
        return [block.text]
    if block.kind not in BY_LINE:
        return _packed(sentences(block.text), size, " ")
    lines = block.text.split("\n")
    head = "\n".join(lines[:2])
    if block.kind == "table" and len(head) < size / 2:  # each part of a table has its columns' names
        return [f"{head}\n{part}" for part in _packed(lines[2:], size - len(head) - 1, "\n")]
    return _packed(lines, size, "\n")


def _packed(parts: Sequence[str], size: int, joiner: str) -> list[str]:
    """As many parts together as `size` letters hold, in order."""
    found: list[str] = []
    for part in parts:
        for piece in _fitting(part, size):
            if found and len(found[-1]) + len(joiner) + len(piece) <= size:
                found[-1] += joiner + piece
            else:
                found.append(piece)
    return found


def _fitting(part: str, size: int) -> list[str]:
    """The part; if it is too long its sentences, and the words of a sentence that is."""
    if len(part) <= size:
        return [part]
    several = sentences(part)
    return _packed(several, size, " ") if len(several) > 1 else textwrap.wrap(part, size, break_on_hyphens=False)
