"""Files to records. Every fault of every file is found and told with its line; nothing is dropped silently.

documents   .jsonl {"text", "id"?, "group"?} or {"prompt", "completion"}; .csv with a column text; .txt or .md (one
            document each); or a folder of these
questions   .jsonl or .csv {"prompt", "answer", "choices"?, "split"?, "group"?, "kind"?, "match"?, "id"?}
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from .. import algebra
from ..errors import UserError
from ..names import MATCHES
from ..records import Document, Question

Rows = Iterator[tuple[int, Any]]  # (line, the row or a fault as text)
Found = TypeVar("Found", Document, Question)
TABLES = (".jsonl", ".csv")
TEXTS = (".txt", ".md")


def read_documents(path: Path) -> tuple[list[Document], list[str]]:
    """The documents of a file or folder, and what is wrong with it."""
    files = sorted(f for f in path.rglob("*") if f.suffix.lower() in TABLES + TEXTS) if path.is_dir() else [path]
    if not files:
        return [], [f"{path}: holds no file of the kinds that can be read: {', '.join(TABLES + TEXTS)}"]
    rows = (
        (file, line, row)
        for file in files
        for line, row in ([(1, _whole(file, path))] if file.suffix.lower() in TEXTS else _table(file))
    )
    return _collect(path, rows, _document, "document")


def read_questions(path: Path) -> tuple[list[Question], list[str]]:
    """The questions of a file, and what is wrong with it."""
    return _collect(path, ((path, line, row) for line, row in _table(path)), _question, "question")


def _collect(
    path: Path, rows: Iterable[tuple[Path, int, Any]], make: Callable[[Any, str], Found | str], noun: str
) -> tuple[list[Found], list[str]]:
    """The records that `make` finds, each with an id of its own, and every fault with file and line."""
    records: list[Found] = []
    faults: list[str] = []
    seen: dict[str, str] = {}
    for file, line, row in rows:
        place = f"{file}:{line}"
        found = make(row, f"{file.stem}-{line}")
        if isinstance(found, str):
            faults.append(f"{place}: {found}")
        elif found.id in seen:
            faults.append(f"{place}: id {found.id!r} is taken by {seen[found.id]}; give every {noun} its own")
        else:
            seen[found.id] = place
            records.append(found)
    if not records and not faults:
        faults.append(f"{path}: holds no {noun}s")
    return records, faults


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """(prompt, completion) of each row of a .jsonl. Raises UserError with every fault."""
    rows = list(_table(path))
    needed = {"prompt", "completion"}
    faults = [
        f"{path}:{line}: {row if isinstance(row, str) else 'has no prompt and completion'}"
        for line, row in rows
        if isinstance(row, str) or not needed <= row.keys()
    ]
    if faults:
        raise UserError(*faults)
    return [(row["prompt"], row["completion"]) for _, row in rows]


def _table(path: Path) -> Rows:
    readers: dict[str, Callable[[str], Rows]] = {".jsonl": _jsonl, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(readers)
        yield 1, f"files of kind {path.suffix or 'without a suffix'} cannot be read here; can be: {known}"
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as e:
        yield 1, f"cannot be read ({e.strerror})"
    except UnicodeDecodeError as e:
        yield path.read_bytes()[: e.start].count(b"\n") + 1, "is not UTF-8 text; convert it, for example with iconv"
    else:
        yield from reader(text)


def _jsonl(text: str) -> Rows:
    # Only line feeds separate: JSON strings may hold other line separators, at which splitlines would cut.
    for line, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
        except json.JSONDecodeError as e:
            yield line, f"not valid JSON: {e.msg} at column {e.colno}"
            continue
        yield line, row if isinstance(row, dict) else f"a row is a JSON object, found {type(row).__name__}"


def _csv(text: str) -> Rows:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                yield reader.line_num, f"has more fields than the header, which has {len(reader.fieldnames or [])}"
                continue
            filled: dict[str, Any] = {k: v for k, v in row.items() if v}
            if raw := filled.get("choices"):
                try:
                    filled["choices"] = json.loads(raw)
                except json.JSONDecodeError:
                    yield reader.line_num, "choices: write a JSON list, or columns choice_1, choice_2, ..."
                    continue
            numbered = sorted((k for k in filled if k.startswith("choice_")), key=lambda k: (len(k), k))
            if numbered:
                filled["choices"] = [filled.pop(k) for k in numbered]
            yield reader.line_num, filled
    except csv.Error as e:
        yield reader.line_num, f"not valid CSV: {e}"


def _whole(file: Path, root: Path) -> Any:
    try:
        text = file.read_bytes().decode("utf-8-sig").strip()
    except OSError as e:
        return f"cannot be read ({e.strerror})"
    except UnicodeDecodeError:
        return "is not UTF-8 text; convert it, for example with iconv"
    return {"id": str(file.relative_to(root)) if root.is_dir() else file.name, "text": text}


def _document(row: Any, default_id: str) -> Document | str:
    if isinstance(row, str):
        return row
    if "text" not in row and {"prompt", "completion"} <= row.keys():
        row = {**row, "text": f"{row['prompt']}{row['completion']}"}
    if "text" not in row:
        return f"has no text; found the keys {', '.join(map(repr, row)) or 'none'}"
    if not isinstance(row["text"], str):
        return f"text must be a string, found {type(row['text']).__name__}"
    if not row["text"].strip():
        return "the document is empty"
    group = row.get("group")
    return Document(str(row.get("id", default_id)), row["text"].strip(), None if group is None else str(group))


def _question(row: Any, default_id: str) -> Question | str:
    if isinstance(row, str):
        return row
    for key in ("prompt", "answer"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f"has no {key}" if key not in row else f"{key} must be a string that is not empty"
    choices = row.get("choices")
    if choices is not None:
        if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(c, str) and c for c in choices):
            return "choices must be a list of at least two strings, none empty"
        if len(set(choices)) < len(choices):
            return "choices hold the same text twice"
        if row["answer"] not in choices:
            return f"the answer {row['answer']!r} is not among the choices"
    match = row.get("match") or "text"
    if match not in MATCHES:
        return f"match {match!r} is not known; known: {', '.join(MATCHES)}"
    if match == "algebra" and choices is None and not algebra.comparable(row["answer"]):
        return f"the answer {row['answer']!r} cannot be read as algebra, such as 3*x^2 - 2*sin(x)"
    group, kind = (None if row.get(key) is None else str(row[key]) for key in ("group", "kind"))
    split, prompt = str(row.get("split") or "all"), row["prompt"].rstrip(" ")
    return Question(str(row.get("id", default_id)), prompt, row["answer"], choices, split, group, kind, match=match)
