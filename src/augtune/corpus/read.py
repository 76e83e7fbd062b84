"""Rows of tables to records. Every fault is found and told with its line; nothing is dropped silently.

documents   .jsonl, .csv, .parquet {"text", "id"?, "group"?}, {"prompt", "completion"} or, for task examples, {"input",
            "output"}; other kinds: formats.py
questions   the same kinds {"prompt", "answer", "choices"?, "split"?, "group"?, "kind"?, "match"?, "id"?, "reviewed"?}
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import algebra, tasks
from ..errors import UserError
from ..names import MATCHES
from ..records import Document, Question
from .text import NEEDS_EXTRA, Unreadable

Rows = Iterator[tuple[int, Any]]  # (line, the row or a fault as text)
TABLES = (".jsonl", ".csv", ".parquet")
PAIR = ("prompt", "completion")
csv.field_size_limit(2**31 - 1)  # a whole document may stand in a field
DELIMITERS = ";\t"  # of a CSV whose header holds no comma


def read_rows(path: Path, name: str, text: str, decode: Callable[[bytes], str]) -> Iterator[tuple[int, Document | str]]:
    """(line, document or what is wrong) of each row. `text` names the key that holds the text; ids that are not given
    begin with `name`."""
    for line, row in _table(path, [(text,), PAIR, tasks.COLUMNS], decode):
        yield line, _document(row, f"{name}-{line}", text)


def read_questions(path: Path) -> tuple[list[Question], list[str]]:
    """The questions of a file, each with an id of its own, and every fault with file and line."""
    questions: list[Question] = []
    faults: list[str] = []
    seen: dict[str, str] = {}
    for line, row in _table(path, [("prompt", "answer")]):
        place = f"{path}:{line}"
        found = _question(row, f"{path.stem}-{line}")
        if isinstance(found, str):
            faults.append(f"{place}: {found}")
        elif found.id in seen:
            faults.append(f"{place}: id {found.id!r} is taken by {seen[found.id]}; give every question its own")
        else:
            seen[found.id] = place
            questions.append(found)
    if not questions and not faults:
        faults.append(f"{path}: holds no questions")
    return questions, faults


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """(prompt, completion) of each row of a .jsonl. Raises UserError with every fault."""
    rows = list(_table(path))
    faults = [
        f"{path}:{line}: {row if isinstance(row, str) else 'has no prompt and completion'}"
        for line, row in rows
        if isinstance(row, str) or not row.keys() >= set(PAIR)
    ]
    if faults:
        raise UserError(*faults)
    return [(row["prompt"], row["completion"]) for _, row in rows]


def _table(path: Path, needs: Sequence[Sequence[str]] = (), decode: Callable[[bytes], str] | None = None) -> Rows:
    """`needs`: the columns, or one of the sets of columns, without which no row can be used."""
    kind = path.suffix.lower()
    if kind not in TABLES:
        known = ", ".join(TABLES)
        yield 1, f"files of kind {path.suffix or 'without a suffix'} cannot be read here; can be: {known}"
        return
    try:
        if kind == ".parquet":
            yield from _parquet(path, needs)
            return
        raw = path.read_bytes()
        text = decode(raw) if decode and kind == ".csv" else raw.decode("utf-8-sig")
    except OSError as e:
        yield 1, f"cannot be read ({e.strerror or e})"
    except Unreadable as e:
        yield 1, str(e)
    except UnicodeDecodeError as e:
        yield raw[: e.start].count(b"\n") + 1, "is not UTF-8 text; convert it, for example with iconv"
    else:
        yield from _jsonl(text) if kind == ".jsonl" else _csv(text, needs)


def _lacks(columns: Sequence[str], needs: Sequence[Sequence[str]]) -> str | None:
    if not needs or any(set(columns) >= set(each) for each in needs):
        return None
    found = ", ".join(map(repr, columns)) or "none"
    key = needs[0][0]
    return f"has no column {' and '.join(map(repr, needs[0]))}; found the columns {found}" + (
        f"; name the one that holds the text with ingest.text, or call it {key}" if len(needs) > 1 else ""
    )


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
        except RecursionError:
            yield line, "is nested too deeply to be read"
            continue
        yield line, row if isinstance(row, dict) else f"a row is a JSON object, found {type(row).__name__}"


def _parquet(path: Path, needs: Sequence[Sequence[str]]) -> Rows:
    """Rows count from 1, without a header."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as e:
        raise Unreadable(NEEDS_EXTRA.format("parquet")) from e
    try:
        with parquet.ParquetFile(path) as table:
            if fault := _lacks(table.schema_arrow.names, needs):
                yield 1, fault
                return
            rows = (row for batch in table.iter_batches(1000) for row in batch.to_pylist())
            for line, row in enumerate(rows, 1):
                yield line, {k: v for k, v in row.items() if v is not None}
    except ArrowException:
        yield 1, "is no whole Parquet file; write it again"


def _csv(text: str, needs: Sequence[Sequence[str]]) -> Rows:
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count) if "," not in header else ","
    reader = csv.DictReader(
        io.StringIO(text, newline=""), strict=True, delimiter=delimiter if delimiter in header else ","
    )
    try:
        if text.strip() and (fault := _lacks(reader.fieldnames or [], needs)):
            yield 1, fault
            return
        for row in reader:
            if None in row:
                yield reader.line_num, f"has more fields than the header, which has {len(reader.fieldnames or [])}"
                continue
            filled: dict[str, Any] = {k: v for k, v in row.items() if v or k == "reviewed"}
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


def _document(row: Any, default_id: str, key: str) -> Document | str:
    if isinstance(row, str):
        return row
    if key not in row and row.keys() >= set(PAIR):
        row = {**row, key: f"{row['prompt']}{row['completion']}"}
    if key not in row and row.keys() >= set(tasks.COLUMNS):
        given, output = (_plain(row[k]) for k in tasks.COLUMNS)
        if not given or not output:
            return "input and output must be texts that are not empty"
        return tasks.document(str(row.get("id", default_id)), given, output, _group(row))
    if key not in row:
        return f"has no {key}; found the keys {', '.join(map(repr, row)) or 'none'}"
    text = row[key]
    if not isinstance(text, str):
        return f"{key} must be a string, found {type(text).__name__}"
    if not text.strip():
        return "the document is empty"
    return Document(str(row.get("id", default_id)), text.strip(), _group(row))


def _group(row: dict[str, Any]) -> str | None:
    return None if row.get("group") is None else str(row["group"])


def _plain(value: Any) -> str | None:
    """A text or a number as text; None for what is neither."""
    return str(value).strip() if isinstance(value, str | int | float) else None


def _question(row: Any, default_id: str) -> Question | str:
    if isinstance(row, str):
        return row
    task = "prompt" not in row and row.keys() >= set(tasks.COLUMNS)
    if task:
        given, output = (_plain(row[k]) for k in tasks.COLUMNS)
        if not given or not output:
            return "input and output must be texts that are not empty"
        row = {"group": row.get("id", default_id), **row, "prompt": tasks.asked(given), "answer": output}
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
    reviewed = bool(str(row["reviewed"] or "").strip()) if "reviewed" in row else None
    return Question(
        str(row.get("id", default_id)),
        prompt,
        row["answer"],
        choices,
        split,
        group,
        kind,
        match=match,
        reviewed=reviewed,
        task=task,
    )
