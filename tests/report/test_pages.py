from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from augtune.report import pages, sections
from report.made import HOSTILE, full


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    return full(tmp_path)


def test_every_section_stands_in_both_reports(made: dict[str, Any], tmp_path: Path) -> None:
    shown = sections.sections(made)
    assert [s.title for s in shown] == [
        "Accuracy", "Where plain fine-tuning falls short", "Paired differences", "Accuracy by kind of inference",
        "Accuracy by seed", "Coverage: what was taught, and what generalized", "Controls", "Forgetting",
        "Budgets side by side", "Costs", "Break-even", "Augmentations",
    ]  # fmt: skip
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        for section in shown:
            assert section.title in text
            assert all(len(row) == len(section.head) for row in section.rows)
        for told in ("Rejected augmentations", "11 of 20", "Leak check: 0 questions", "0.850",
                     "Documents change 2 times a month"):  # fmt: skip
            assert told in text, told


def test_the_page_is_one_file_that_allows_its_own_script_alone(tmp_path: Path) -> None:
    full(tmp_path, hostile=True)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    tags = re.findall(r"<script[^>]*>", html)
    assert tags == [*(f'<script type="application/json" id="{n}">' for n in ("results", "texts-of-advice", "items")),
                    "<script>"]  # fmt: skip
    assert html.count("</script>") == 4
    assert not re.search(r'\s(src|srcset|on\w+|style)="', html)
    assert "http" not in html.replace("http-equiv", "")
    assert HOSTILE[0].replace("<", "&lt;").replace(">", "&gt;") in html


def test_what_the_page_holds_is_results_json(made: dict[str, Any], tmp_path: Path) -> None:
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    held = re.search(r'id="results">(.*?)</script>', html, re.S)
    assert held is not None
    assert json.loads(held.group(1)) == made


def test_pipes_do_not_break_markdown(tmp_path: Path) -> None:
    full(tmp_path, hostile=True)
    lines = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()
    (head,) = [line for line in lines if line.startswith("| inference")]
    (row,) = [line for line in lines if line.startswith("| reverse | chat |")]
    assert row.replace("\\|", "").count("|") == head.count("|")


def test_numbers_that_json_does_not_know_are_null() -> None:
    assert pages.in_script({"a": [float("nan"), 1.5, "<b>"]}) == '{"a":[null,1.5,"\\u003cb>"]}'


def test_controls_are_turned_the_right_way(made: dict[str, Any]) -> None:
    section = sections.controls(made)
    assert section is not None
    assert {(row[1], row[2], row[4]) for row in section.rows} == {
        ("control-instruction", "base", "+0.000"), ("icl", "control-instruction", "+0.000"),
        ("icl", "control-unrelated", "+0.000"),
    }  # fmt: skip
    changed = [{**c, "difference": 0.2, "ci95": [0.1, 0.3]} for c in made["comparisons"]]
    turned = sections.controls({**made, "comparisons": changed})
    assert turned is not None
    assert [row[4:] for row in turned.rows[::2]] == [
        ["+0.200", "[+0.100, +0.300]"], ["-0.200", "[-0.300, -0.100]"], ["-0.200", "[-0.300, -0.100]"],
    ]  # fmt: skip


def test_quantity() -> None:
    assert [sections.quantity(v) for v in (None, 0, 12, 1500, 2.34e15)] == ["0", "0", "12", "1.5 k", "2.34 P"]
