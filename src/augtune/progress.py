"""Progress bars with a rate and an estimate; on a terminal one moving line, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

EVERY = 10.0  # seconds between lines where there is no terminal
console = Console(stderr=True, width=None if sys.stderr.isatty() else 120)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g} {task.fields['unit']}/s" if speed else "", style="progress.data.speed")


@contextmanager
def bar(what: str, total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """Yields a function to be told how much more is done. Shows nothing for work that is over at once."""
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
