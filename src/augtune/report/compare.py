"""Several runs in one table or page; and runs of one study on several worlds pooled, with intervals over worlds, groups
and seeds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..records import Prediction, read_records
from . import charts, pages, statistics
from .charts import Chart, Line, Mark
from .sections import Section

FEW_WORLDS = 5  # with fewer, each world's value stands beside the pooled one
# What two runs of one study may differ in and still be pooled: these change no accuracy.
FREE = ("name", "benchmark.seed", "verdict", "prices", "budget")

Found = dict[str, Any]


def data(folders: Sequence[Path]) -> Found:
    """{"runs": [{"folder", "name", "model", "world", "verdict"}], "arms", "splits", "accuracy": {ARM: {SPLIT: {"mean",
    "runs"}}}, "pooled": {"worlds", "accuracy": {ARM: {SPLIT: {"accuracy", "ci95", "worlds"}}}, "comparisons": as in
    results.json, with "worlds"} or None, "not_pooled": why, or None}. Raises UserError for a folder without readable
    results, and if no arm or no split is in all of them."""
    results = _read(folders)
    arms = [a for a in results[0]["arms"] if all(a in r["arms"] for r in results)]
    if not arms:
        raise UserError("these runs have no arm in common: " + "; ".join(", ".join(r["arms"]) for r in results))
    splits = [s for s in _splits(results[0]) if all(s in _splits(r) for r in results)]
    if not splits:
        raise UserError("these runs have no split in common: " + "; ".join(", ".join(_splits(r)) for r in results))
    accuracy: Found = {}
    for arm in arms:
        cells = {s: [float(r["arms"][arm]["splits"][s]["accuracy"]) for r in results] for s in splits}
        accuracy[arm] = {s: {"mean": round(sum(c) / len(c), 4), "runs": c} for s, c in cells.items()}
    why = _cannot_be_pooled(folders, results)
    return {
        "runs": [
            {
                "folder": str(folder), "name": r["study"]["name"], "model": r["study"]["model"], "world": _world(r),
                "verdict": r["verdict"]["arm"],
            }
            for folder, r in zip(folders, results, strict=True)
        ],
        "arms": arms,
        "splits": splits,
        "accuracy": accuracy,
        "pooled": None if why else _pooled(folders, [str(_world(r)) for r in results]),
        "not_pooled": why,
    }  # fmt: skip


def _read(folders: Sequence[Path]) -> list[Found]:
    faults, found = [], []
    for folder in folders:
        path = folder / "results.json"
        if not path.exists():
            faults.append(f"{folder}: holds no results.json; `augtune run` writes it")
            continue
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as e:
            faults.append(f"{path}: is not valid JSON ({e}); `augtune report` writes it again")
    if faults:
        raise UserError(*faults)
    return found


def _splits(result: Found) -> list[str]:
    return list(next(iter(result["arms"].values()))["splits"])


def _world(result: Found) -> int | None:
    benchmark = result["study"].get("benchmark")
    return benchmark["seed"] if benchmark else None


def _cannot_be_pooled(folders: Sequence[Path], results: Sequence[Found]) -> str | None:
    """Only runs of one study on different worlds are pooled."""
    if len(results) < 2:
        return "one run only"
    worlds = [_world(r) for r in results]
    if None in worlds:
        return "a run on own documents has no worlds (benchmark.seed)"
    settings = [flat(r["study"], FREE) for r in results]
    differing = sorted({key for other in settings[1:] for key in settings[0].keys() & other.keys()
                        if settings[0][key] != other[key]})  # fmt: skip
    if differing:
        return f"the runs differ in {', '.join(differing)}"
    if any(set(r["arms"]) != set(results[0]["arms"]) or set(_splits(r)) != set(_splits(results[0])) for r in results):
        return "the runs differ in their arms or splits"
    if len(set(worlds)) < len(worlds):
        return f"a world was given twice (benchmark.seed {', '.join(map(str, worlds))})"
    lacking = [str(f) for f in folders if not (f / "predictions.jsonl").exists()]
    return f"no predictions.jsonl in {', '.join(lacking)}" if lacking else None


def flat(settings: Mapping[str, Any], without: Collection[str], prefix: str = "") -> dict[str, Any]:
    """key.key -> value of all settings but some keys or sections."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        path = f"{prefix}{key}"
        if path in without:
            continue
        found |= flat(value, without, f"{path}.") if isinstance(value, dict) else {path: value}
    return found


def _pooled(folders: Sequence[Path], names: Sequence[str]) -> Found:
    worlds = [statistics.tabulate(read_records(folder / "predictions.jsonl", Prediction)) for folder in folders]
    draws = statistics.resample(worlds)

    def each(split: str, arm: str) -> dict[str, float]:
        return {name: world[split].accuracy(arm) for name, world in zip(names, worlds, strict=True)}

    rows = statistics.comparisons(draws)
    for row in rows:
        a, b = (each(row["split"], row[side]) for side in ("a", "b"))
        row["worlds"] = {name: round(a[name] - b[name], 4) for name in names}
    return {
        "worlds": list(names),
        "accuracy": {
            arm: {
                split: {
                    "accuracy": round(float(draws.accuracy[split][arm][0]), 4),
                    "ci95": draws.interval(split, arm),
                    "worlds": {name: round(value, 4) for name, value in each(split, arm).items()},
                }
                for split in draws.accuracy
            }
            for arm in draws.arms
        },
        "comparisons": rows,
    }


def compare(folders: Sequence[Path], markdown: bool = False) -> str:
    """As text: a row for each arm, and for each split the mean over runs and each run's accuracy; if the runs are
    worlds of one study, pooled intervals and paired differences too. Raises UserError as `data`."""
    found = data(folders)
    parts = [_table(_accuracy(found), markdown)]
    if found["pooled"]:
        worlds = found["pooled"]["worlds"]
        parts.append(
            f"Worlds {', '.join(worlds)} pooled: 95 % intervals over worlds, groups and seeds"
            + (
                f"; fewer than {FEW_WORLDS} worlds, so that each one's value is shown."
                if len(worlds) < FEW_WORLDS
                else "."
            )
        )
        parts.append(_table(_differences(found), markdown))
    elif len(folders) > 1:
        parts.append(f"Not pooled: {found['not_pooled']}.")
    return "\n\n".join(parts)


def page(folders: Sequence[Path], out: Path) -> None:
    """The same as one page without network: pooled charts where runs are worlds of one study, and each run's own.
    Raises UserError as `data`, and where the page cannot be written."""
    found, results = data(folders), _read(folders)
    if old := [str(folder) for folder, r in zip(folders, results, strict=True) if "decision" not in r]:
        raise UserError(f"{', '.join(old)}: of an earlier version; `augtune report` writes results.json again")
    keys = ("folder", "name", "model", "world")
    rows = [["" if run[k] is None else str(run[k]) for k in keys] for run in found["runs"]]
    told = [_verdict(r) for r in results]
    head = ["", "run", "study", "model", "world", "verdict"]
    content = {
        "found": found,
        "sections": {
            "runs": Section("Runs", head, [[f"{n}", *row, told[n - 1]] for n, row in enumerate(rows, 1)]),
            "accuracy": Section("Accuracy", _accuracy(found)[0], _accuracy(found)[1:]),
            "differences": Section("Paired differences", *_split_head(_differences(found)))
            if found["pooled"]
            else None,
        },
        "charts": {
            "first": panels(found, results),
            "differences": _pooled_differences(found),
        },
        "runs": [
            {"name": str(folder), "told": verdict, "charts": [*charts.by_split(r), *charts.costs(r)]}
            for folder, r, verdict in zip(folders, results, told, strict=True)
        ],
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        pages.render_html("compare.html", out, content, ())
    except OSError as e:
        raise UserError(f"{out}: cannot be written ({e.strerror})") from e


def _verdict(result: Found) -> str:
    verdict = result["verdict"]
    if verdict["status"] == "recommended":
        return f"{verdict['arm']} (probability {verdict['probability']:.2f})"
    return "cannot tell"


def _split_head(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    return rows[0], rows[1:]


def panels(found: Found, results: Sequence[Found]) -> list[Chart]:
    """Accuracy, a panel for each split: pooled where that is possible, else run by run."""
    return _pooled_charts(found) or _side_by_side(found, results)


def _pooled_charts(found: Found) -> list[Chart]:
    if not (pooled := found["pooled"]):
        return []
    return [
        charts.panel(
            f"pooled-{i}", split,
            [_line(arm, cells[split], f"{cells[split]['accuracy']:.2f}") for arm, cells in pooled["accuracy"].items()],
            width=320,
        )
        for i, split in enumerate(found["splits"], 1)
    ]  # fmt: skip


def _side_by_side(found: Found, results: Sequence[Found]) -> list[Chart]:
    """Runs that are not pooled: under each arm a row for each run, by its number in the table."""
    return [
        charts.panel(
            f"side-{i}", split,
            [
                Line(f"{arm}, {n}", charts.colour(arm), [Mark(cell["accuracy"], cell["ci95"], not cell["ci95"])],
                     f"{cell['accuracy']:.2f}")
                for arm in found["arms"]
                for n, cell in enumerate((r["arms"][arm]["splits"][split] for r in results), 1)
            ],
            reference=results[0]["chance"][split], reference_label="chance", width=320,
        )
        for i, split in enumerate(found["splits"], 1)
    ]  # fmt: skip


def _line(arm: str, cell: Found, value: str) -> Line:
    each = [Mark(v, None, True) for v in cell["worlds"].values()]
    return Line(arm, charts.colour(arm), [*each, Mark(cell["accuracy"], cell["ci95"])], value)


def _pooled_differences(found: Found) -> list[Chart]:
    if not (pooled := found["pooled"]):
        return []
    arms = {"all": {"splits": dict.fromkeys(found["splits"])}}
    return charts.differences({"arms": arms, "comparisons": pooled["comparisons"]})


def _accuracy(found: Found) -> list[list[str]]:
    rows = [["arm", *found["splits"]]]
    for arm in found["arms"]:
        cells = []
        for split in found["splits"]:
            cell = found["accuracy"][arm][split]
            text = f"{cell['mean']:.3f}"
            pooled = found["pooled"] and found["pooled"]["accuracy"][arm][split]["ci95"]
            if pooled:
                text += f" [{pooled[0]:.3f}, {pooled[1]:.3f}]"
            if not pooled or len(cell["runs"]) < FEW_WORLDS:
                text += f" ({', '.join(f'{x:.3f}' for x in cell['runs'])})"
            cells.append(text)
        rows.append([arm, *cells])
    return rows


def _differences(found: Found) -> list[list[str]]:
    """Augmented against the others, or every pair where there is no augmented; the data has all."""
    comparisons = found["pooled"]["comparisons"]
    shown = [c for c in comparisons if "augmented" in (c["a"], c["b"])] or comparisons
    rows = [["split", "arm", "against", "difference", "95 %", "p (Holm)", "each world"]]
    for c in shown:
        interval = f"[{c['ci95'][0]:+.3f}, {c['ci95'][1]:+.3f}]" if c["ci95"] else "not defined"
        each = ", ".join(f"{d:+.3f}" for d in c["worlds"].values())
        p = "not defined" if c["p"] is None else f"{c['p']:.4f}"
        rows.append([c["split"], c["a"], c["b"], f"{c['difference']:+.3f}", interval, p,
                     each if len(c["worlds"]) < FEW_WORLDS else ""])  # fmt: skip
    return rows


def _table(rows: list[list[str]], markdown: bool) -> str:
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
