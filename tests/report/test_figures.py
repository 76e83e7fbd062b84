from __future__ import annotations

import csv
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from augtune.report import charts, figures
from report.made import full


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, full(folder, hostile=True)


def test_figures_are_well_formed_and_hold_no_colour_of_the_page(
    run: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    files, lacking = figures.write(*run, tmp_path)
    names = {f.stem for f in files if f.suffix == ".svg"}
    assert names == {
        "accuracy", "cost", "break-even-none", "break-even-prefix", "break-even-batch", "ablation", "accuracy-by-split",
        "accuracy-by-kind", "differences", "coverage", "seeds", "forgetting", "training",
    }  # fmt: skip
    for file in files:
        if file.suffix == ".svg":
            root = ElementTree.parse(file).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert "var(" not in file.read_text(encoding="utf-8")
        if file.suffix == ".png":
            assert file.read_bytes().startswith(b"\x89PNG")
    pngs = {f.stem for f in files if f.suffix == ".png"}
    assert (pngs == names) if lacking is None else (lacking in (figures.NO_PNG, figures.NO_FONT) and not pngs)


def test_csv_has_every_accuracy_with_its_interval(run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, found = run
    figures.write(folder, found, tmp_path)
    with (tmp_path / "accuracy.csv").open(encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    for arm, row in found["arms"].items():
        for split, cell in row["splits"].items():
            mine = [r for r in rows if (r["arm"], r["split"]) == (arm, split)]
            (whole,) = [r for r in mine if not r["kind"] and not r["seed"]]
            assert float(whole["accuracy"]) == cell["accuracy"]
            assert [float(whole["low"]), float(whole["high"])] == cell["ci95"]
            assert len([r for r in mine if r["kind"]]) == 2
            assert len([r for r in mine if r["seed"]]) == (2 if len(cell["seeds"]) > 1 else 0)


def test_marks_stand_where_their_values_are() -> None:
    chart = charts.panel("x", "x", [charts.Line("a", "red", [charts.Mark(0.5, [0.25, 1.0])], "0.5")], width=300)
    text = chart.svg()
    ticks = [float(x) for x in re.findall(r'<line x1="([\d.]+)" y1="34"', text)]
    (dot,) = re.findall(r'<circle[^>]*cx="([\d.]+)"', text)
    (band,) = re.findall(r'<line x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)"[^>]*class="interval"', text)
    assert float(dot) == pytest.approx(ticks[1], abs=0.1)
    assert float(band[0]) == pytest.approx((ticks[0] + ticks[1]) / 2, abs=0.1)
    assert float(band[1]) == pytest.approx(ticks[2], abs=0.1)


def test_labels_that_end_at_one_place_are_spread() -> None:
    spread = charts._spread({"a": 100.0, "b": 100.0, "c": 101.0, "d": 20.0}, 14, 0, 110)
    places = sorted(spread.values())
    assert all(b - a >= 14 for a, b in pairwise(places))
    assert places[-1] <= 110
    assert spread["d"] == 20.0


def test_colours_are_the_arms_own() -> None:
    assert charts.colour("only-reverse") == "var(--only)"
    assert charts.colour("control-unrelated") == "var(--control)"
    assert charts.colour("augmented-seed-1") == "var(--augmented)"
    assert charts.colour("unheard") == "var(--control)"
