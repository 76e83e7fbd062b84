from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from augtune.report import terminal
from report.made import HOSTILE, full


def shown(folder: Path, hostile: bool = False, encoding: str = "utf-8") -> str:
    found = full(folder, hostile)
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    terminal.show(folder, found, Console(file=out, width=80))
    out.flush()
    raw = out.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode(encoding)


def test_eighty_columns_without_colour_hold_verdict_coverage_and_notes(tmp_path: Path) -> None:
    text = shown(tmp_path)
    assert all(len(line) <= 80 for line in text.splitlines() if not line.startswith("report: "))
    assert "\x1b" not in text
    assert "reversal 1 (20 questions, chance 0.33)" in text
    assert "augmented ahead of finetune: +0.5" in text.replace("\n", " ")
    assert "taught to augmented (approximate): forward 0 10 of 20" in text
    assert "note: each group" not in text
    assert "Verdict: augmented" in text
    rows = [line for line in text.splitlines() if line.startswith("  augmented") and "●" in line]
    assert len(rows) == 2


def test_texts_of_others_are_no_markup_and_a_plain_terminal_gets_plain_signs(tmp_path: Path) -> None:
    assert HOSTILE[1][:20] in shown(tmp_path / "a", hostile=True)
    ascii_only = shown(tmp_path / "b", encoding="ascii")
    assert "O" in next(line for line in ascii_only.splitlines() if line.startswith("  augmented"))


@pytest.mark.parametrize(
    ("accuracy", "ci95", "chance", "drawn"),
    [
        (0.0, None, None, "O" + "." * 32),
        (1.0, [0.5, 1.0], 0.25, "." * 8 + ":" + "." * 7 + "=" * 16 + "O"),
        (0.25, [0.0, 2.0], 0.25, "=" * 8 + "O" + "=" * 24),
    ],
)
def test_bar(accuracy: float, ci95: list[float] | None, chance: float | None, drawn: str) -> None:
    assert terminal.bar(accuracy, ci95, chance, terminal.PLAIN) == drawn
