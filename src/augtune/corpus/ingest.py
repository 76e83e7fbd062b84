"""A user's files to Documents: a file, a folder with all that is in it, or a pattern such as docs/**/*.pdf. What became
of each file is told, so that nothing is dropped silently: read, skipped (not a kind that is read), or failed.

A row of a table (.jsonl, .csv, .parquet) is a document. Any other file is cut into chunks called PATH#1, PATH#2 ...
"""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..config import Ingest
from ..records import Document
from .chunks import chunks
from .duplicates import Duplicate, duplicates
from .formats import HINTS, READERS
from .read import TABLES, read_rows
from .text import NEEDS_EXTRA, Text, Unreadable, decode

KINDS = (*TABLES, *READERS)
Bar = Callable[[str, float, str], AbstractContextManager[Callable[[float], None]]]
MB = 1_000_000
SHOWN = 20  # lines of a summary, and faults of one table, that are told; the others are counted


@dataclass
class Source:
    """What became of a file. Pages (or slides) are counted from 1; `faults` are rows that were left out."""

    path: str
    status: str = "read"  # or skipped, failed
    reason: str | None = None
    bytes: int = 0
    encoding: str | None = None
    pages: int | None = None
    pages_without_text: list[int] = field(default_factory=list)
    pages_with_pictures_only: list[int] = field(default_factory=list)
    documents: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Ingested:
    """Documents in the order of their files; what is wrong, so that the study must not go on; and the manifest, which
    ingest.json holds."""

    documents: list[Document]
    faults: list[str]
    manifest: dict[str, Any]


@dataclass
class _File:
    path: Path
    name: str  # as ids and the manifest have it
    skip: str | None = None  # why it is not read


def ingest(where: Path, settings: Ingest, leave_out: Collection[Path] = (), bar: Bar | None = None) -> Ingested:
    """The documents of a file, folder or pattern. `leave_out`: files that are no documents, such as the questions."""
    files = _find(where, {path.resolve() for path in leave_out})
    wanted = [file for file in files if file.skip is None]
    stems = Counter(_stem(file.name) for file in wanted)
    sources, documents, homes, taken = list[Source](), list[Document](), list[Source](), dict[str, str]()
    with bar("documents", len(wanted), "files") if bar else nullcontext(lambda n: None) as tick:
        for file in files:
            source = Source(file.name)
            sources.append(source)
            if file.skip is not None:
                source.status, source.reason = "skipped", file.skip
                continue
            source.bytes = file.path.stat().st_size if file.path.exists() else 0
            stem = _stem(file.name)
            for line, row in _read(file, source, settings, stem if stems[stem] == 1 else file.name):
                place = f"{file.path}:{line}" if line else str(file.path)
                if isinstance(row, str):
                    source.faults.append(f"{place}: {row}")
                elif row.id in taken:
                    source.faults.append(f"{place}: id {row.id!r} is taken by {taken[row.id]}; give each its own")
                else:
                    taken[row.id] = place
                    documents.append(row)
                    homes.append(source)
                    source.documents += 1
            if not source.documents:
                source.faults = source.faults or [f"{file.path}: holds no documents"]
                source.status, source.reason = (
                    "failed",
                    re.sub(r"^(\d+): ", r"line \1: ", source.faults[0][len(str(file.path)) + 1 :].strip()),
                )
            tick(1)
    repeats = duplicates([d.text for d in documents])
    for each in repeats:
        homes[each.index].duplicates += each.exact
        homes[each.index].near_duplicates += not each.exact
    manifest = _manifest(where, settings, sources, documents, repeats)
    gone = {each.index for each in repeats} if settings.dedupe else set[int]()
    kept = [d for i, d in enumerate(documents) if i not in gone]
    return Ingested(kept, _faults(where, sources, settings, kept), manifest)


def _stem(name: str) -> str:
    return name.removesuffix(Path(name).suffix)


def _faults(where: Path, sources: Sequence[Source], settings: Ingest, documents: Sequence[Document]) -> list[str]:
    """Why the study must not go on: any fault, unless it may be skipped, or no document at all."""
    faulty = [source for source in sources if source.faults]
    if documents and (settings.skip_unreadable or not faulty):
        return []
    if not faulty:
        return [f"{where}: holds no file of the kinds that can be read: {', '.join(KINDS)}"]
    faults = []
    for source in faulty:
        faults += source.faults[:SHOWN]
        if more := len(source.faults) - SHOWN:
            faults += [f"{source.path}: {more} more faults of this kind or another"] if more > 0 else []
    if documents and len(sources) > 1 and not settings.skip_unreadable:
        what = f"{_counted(len(faulty), 'file')} of {len(sources)} cannot be read in full"
        faults.append(f"{where}: {what}; mend them, or leave out what is wrong with ingest.skip_unreadable: true")
    return faults


def _read(file: _File, source: Source, settings: Ingest, stem: str) -> Iterator[tuple[int, Document | str]]:
    """(line, document or what is wrong); line 0 where a file has none. Tells in `source` what there is to tell."""
    if source.bytes > settings.max_megabytes * MB:
        size = f"{source.bytes / MB:,.0f} MB, more than {settings.max_megabytes:g}"
        yield 0, f"has {size}; cut it, or raise ingest.max_megabytes, which keeps memory bounded"
        return
    if file.path.suffix.lower() in TABLES:

        def decoded(raw: bytes) -> str:
            text, source.encoding = decode(raw)
            return text

        yield from read_rows(file.path, stem, settings.text, decoded)
        return
    try:
        text = _text(file.path)
    except Unreadable as e:
        yield 0, str(e)
        return
    source.encoding, source.pages, source.notes = text.encoding, text.pages, text.notes
    source.pages_without_text, source.pages_with_pictures_only = text.empty, text.scanned
    parts = chunks(text, settings.chunk)
    if not parts:
        yield 0, "holds no text"
    for k, (context, body) in enumerate(parts, 1):
        name = f"{file.name}#{k}" if settings.chunk else file.name
        yield 0, Document(name, f"{context}\n\n{body}" if context else body, context=context)


def _text(path: Path) -> Text:
    """Raises Unreadable with a reason, whatever it is: a damaged file makes a reader raise anything."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise Unreadable(_unknown(path))
    try:
        return reader(path)
    except Unreadable:
        raise
    except ImportError as e:
        raise Unreadable(NEEDS_EXTRA.format("documents")) from e
    except OSError as e:
        raise Unreadable(f"cannot be read ({e.strerror or e})") from e
    except Exception as e:
        raise Unreadable(f"cannot be read as {path.suffix} ({type(e).__name__}: {e}); save it again") from e


def _unknown(path: Path) -> str:
    kind, hint = path.suffix.lower(), HINTS.get(path.suffix.lower())
    what = f"files of kind {kind}" if kind else "files without a suffix"
    return f"{what} are not read; {hint or 'can be: ' + ', '.join(KINDS)}"


# -- which files


def _find(where: Path, leave_out: Collection[Path]) -> list[_File]:
    """Every file in order, those that are not read with the reason. A file that is named is read or is a fault."""
    if where.is_dir():
        return [_checked(file, leave_out) for file in _walk(where, where)]
    if where.exists() or not glob.has_magic(str(where)):
        return [_File(where, where.name)]
    fixed = [*takewhile(lambda part: not glob.has_magic(part), where.parts)]
    root = Path(*fixed)
    found = (Path(path) for path in sorted(glob.glob(str(where), recursive=True)))
    return [_checked(_File(p, p.relative_to(root).as_posix()), leave_out) for p in found if not p.is_dir()]


def _walk(folder: Path, root: Path) -> Iterator[_File]:
    for path in sorted(folder.iterdir()):
        file = _File(path, path.relative_to(root).as_posix())
        if path.is_dir() and not path.name.startswith("."):
            if path.is_symlink():
                file.skip = "a link to a folder"
                yield file
            elif (path / "study.json").exists() and (path / "stages").is_dir():
                file.skip = "a run folder of augtune"
                yield file
            else:
                yield from _walk(path, root)
        else:
            yield file


def _checked(file: _File, leave_out: Collection[Path]) -> _File:
    if file.skip is None and file.path.name.startswith("."):
        file.skip = "hidden"
    elif file.path.name.startswith("~$"):
        file.skip = "a lock of an Office program"
    elif file.skip is None and file.path.suffix.lower() not in KINDS:
        file.skip = _unknown(file.path)
    if file.path.resolve() in leave_out:
        file.skip = "named elsewhere in the study, so no document"
    return file


# -- what is told


def _manifest(
    where: Path,
    settings: Ingest,
    sources: Sequence[Source],
    documents: Sequence[Document],
    repeats: Sequence[Duplicate],
) -> dict[str, Any]:
    statuses = Counter(source.status for source in sources)
    return {
        "documents": str(where),
        "settings": settings.model_dump(mode="json"),
        "counts": {
            **{status: statuses[status] for status in ("read", "skipped", "failed")},
            "documents": len(documents),
            "rows_left_out": sum(len(s.faults) for s in sources if s.documents),
            "duplicates": sum(each.exact for each in repeats),
            "near_duplicates": sum(not each.exact for each in repeats),
        },
        "files": [asdict(source) for source in sources],
        "duplicates": [
            {"id": documents[each.index].id, "of": documents[each.of].id, "exact": each.exact,
             "similarity": round(each.similarity, 3)}
            for each in repeats
        ],
    }  # fmt: skip


def summary(manifest: dict[str, Any]) -> list[str]:
    """The manifest in some lines: the counts, then each file of which there is something to tell."""
    counts, settings = manifest["counts"], manifest["settings"]
    files = [f"{_counted(counts['read'], 'file')} read"]
    files += [f"{counts[status]} {status}" for status in ("skipped", "failed") if counts[status]]
    lines = [f"documents: {manifest['documents']}: {', '.join(files)}; {_counted(counts['documents'], 'document')}"]
    if repeats := counts["duplicates"] + counts["near_duplicates"]:
        fate = "left out" if settings["dedupe"] else "kept; ingest.dedupe: true leaves them out"
        near = f", {counts['near_duplicates']} of them nearly so" if counts["near_duplicates"] else ""
        verb = "repeats an earlier one" if repeats == 1 else "repeat earlier ones"
        lines.append(f"documents: {repeats} {verb}{near} ({fate})")
    told = [f"{file['path']}: {words}" for file in manifest["files"] if (words := "; ".join(_told(file)))]
    lines += [f"documents: {line}" for line in told[:SHOWN]]
    if len(told) > SHOWN:
        lines.append(f"documents: {len(told) - SHOWN} more files with something to tell stand in ingest.json")
    return lines


def _told(file: dict[str, Any]) -> list[str]:
    words = [f"{file['status']}: {file['reason']}"] if file["reason"] else []
    if file["encoding"]:
        words.append(f"read as {file['encoding']}")
    if empty := file["pages_without_text"]:
        pictures = file["pages_with_pictures_only"]
        words.append(f"{len(empty)} of {file['pages']} pages without text ({_listed(empty)})"
                     + (f", pictures on {_listed(pictures)}" if pictures else ""))  # fmt: skip
    if file["documents"] and file["faults"]:
        words.append(f"{_counted(len(file['faults']), 'row')} left out, such as {file['faults'][0]}")
    return [*words, *file["notes"]]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
