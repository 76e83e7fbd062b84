"""The report's charts as files for papers and slides (SVG, and PNG where resvg is installed), its numbers as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import charts
from .pages import history
from .sections import splits_of

Found = Mapping[str, Any]
SCALE = 3  # pixels of a PNG for each of the SVG
NO_PNG = "no PNG: `pip install 'augtune[figures]'` brings what draws them"
NO_FONT = "no PNG: no font is installed here that could write their labels (on Debian: apt install fonts-dejavu-core)"


def write(run: Path, found: Found, folder: Path) -> tuple[list[Path], str | None]:
    """Every figure and table of the run into the folder. Returns the files, and why there are no PNG, if there are
    none."""
    folder.mkdir(parents=True, exist_ok=True)
    render, why = _renderer()
    files = []
    for figure in figures(run, found):
        files.append(folder / f"{figure.name}.svg")
        files[-1].write_text(figure.file(), encoding="utf-8", errors="replace")
        if render:
            files.append(folder / f"{figure.name}.png")
            files[-1].write_bytes(render(figure.file()))
    for name, (head, rows) in tables(found).items():
        files.append(folder / f"{name}.csv")
        with files[-1].open("w", encoding="utf-8", errors="replace", newline="") as f:
            csv.writer(f).writerows([head, *rows])
    return files, why


def figures(run: Path, found: Found) -> list[charts.Chart]:
    single = [*charts.accuracy(found), *charts.costs(found), *charts.break_even(found), *charts.ablation(found)]
    several = {
        "accuracy-by-split": charts.by_split(found), "accuracy-by-kind": charts.by_kind(found),
        "differences": charts.differences(found), "coverage": charts.coverage(found), "seeds": charts.seeds(found),
        "forgetting": charts.forgetting(found),
    }  # fmt: skip
    joined = [charts.grid(name, name.replace("-", " "), panels) for name, panels in several.items() if panels]
    return [*single, *joined, *charts.curves(history(run))]


def _renderer() -> tuple[Any, str | None]:
    """SVG text to PNG bytes, or None and the reason."""
    try:
        import resvg_py
    except ImportError:
        return None, NO_PNG

    def render(svg: str) -> bytes:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=SCALE))

    probe = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" font-family="{charts.FONTS}">{{}}</svg>'
    if render(probe.format('<text y="8">M</text>')) == render(probe.format("")):
        return None, NO_FONT  # resvg leaves out what it has no font for, without a word
    return render, None


Table = tuple[list[str], list[list[Any]]]


def tables(found: Found) -> dict[str, Table]:
    """Accuracy, paired differences and costs as rows with one number in a cell; an empty cell is not defined."""
    return {
        "accuracy": (["arm", "split", "kind", "seed", "n", "accuracy", "low", "high"], list(_accuracy(found))),
        "differences": (
            ["split", "arm", "against", "difference", "low", "high", "p_holm"],
            [
                [c["split"], c["a"], c["b"], c["difference"], *(c["ci95"] or ["", ""]), c["p"]]
                for c in found["comparisons"]
            ],
        ),
        "costs": (["arm", "unit", "case", "once", "query"], list(_costs(found))),
    }  # fmt: skip


def _accuracy(found: Found) -> Iterable[list[Any]]:
    for arm, row in found["arms"].items():
        for split in splits_of(found):
            cell = row["splits"][split]
            yield [arm, split, "", "", cell["n"], cell["accuracy"], *(cell["ci95"] or ["", ""])]
            for kind, k in cell.get("kinds", {}).items():
                yield [arm, split, kind, "", k["n"], k["accuracy"], *(k.get("ci95") or ["", ""])]
            if len(cell["seeds"]) > 1:
                yield from ([arm, split, "", seed, cell["n"], v, "", ""] for seed, v in cell["seeds"].items())


def _costs(found: Found) -> Iterable[list[Any]]:
    for arm, row in found["arms"].items():
        for unit, cost in row["cost"]["units"].items():
            yield from ([arm, unit, case, cost["once"], each] for case, each in cost["query"].items())
