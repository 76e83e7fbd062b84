"""Progress bars with a rate and an estimate; on a terminal one moving line, elsewhere a line every few seconds."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

EVERY = 10.0  # seconds between lines where there is no terminal
console = Console(stderr=True, width=None if sys.stderr.isatty() else 120)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g} {task.fields['unit']}/s" if speed else "", style="progress.data.speed")


_record: Path | None = None  # where bars leave how far they are, for `augtune report --serve`


@contextmanager
def recorded(file: Path) -> Iterator[None]:
    """Within, every bar leaves {"what", "done", "total", "unit", "rate"} in the file while it runs, if its folder is
    there."""
    global _record
    _record = file
    try:
        yield
    finally:
        _record = None


class _Note:
    """A bar's file, written once a second and gone when the bar is."""

    def __init__(self, what: str, total: float, unit: str) -> None:
        self.row: dict[str, Any] = {"what": what, "done": 0.0, "total": total, "unit": unit, "rate": None}
        self.start = self.written = time.monotonic()

    def tick(self, n: float) -> None:
        self.row["done"] += n
        now = time.monotonic()
        if _record and now - self.written >= 1.0 and _record.parent.is_dir():
            self.written = now
            _record.write_text(json.dumps({**self.row, "rate": self.row["done"] / (now - self.start)}))

    def close(self) -> None:
        if _record:
            _record.unlink(missing_ok=True)


@contextmanager
def bar(what: str, total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """Yields a function to be told how much more is done. Shows nothing for work that is over at once."""
    note = _Note(what, total, unit)

    def both(n: float) -> None:
        tick(n)
        note.tick(n)

    try:
        with _shown(what, total, unit) as tick:
            yield both
    finally:
        note.close()


@contextmanager
def _shown(what: str, total: float, unit: str) -> Iterator[Callable[[float], None]]:
    if console.is_terminal:
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with Progress(*columns, console=console, speed_estimate_period=60) as progress:
            task = progress.add_task(what, total=total, unit=unit)
            yield lambda n: progress.advance(task, n)
        return
    start = shown = time.monotonic()
    done = 0.0

    def tick(n: float) -> None:
        nonlocal done, shown
        done += n
        now = time.monotonic()
        if now - shown >= EVERY:
            shown = now
            rate = done / (now - start)
            print(f"{what}: {done:g}/{total:g}, {rate:.3g} {unit}/s, {(total - done) / rate:.0f} s left"
                  if rate else f"{what}: 0/{total:g}", file=sys.stderr, flush=True)  # fmt: skip

    yield tick
    if shown > start:
        print(f"{what}: {done:g} done in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def say(line: str) -> None:
    """One line about what happens, on standard error."""
    console.print(line, highlight=False, soft_wrap=True)
