from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from augtune.errors import UserError
from augtune.records import write_json, write_jsonl
from augtune.report.compare import compare, data, page
from augtune.report.results import results
from report.made import answered, corpus, manifests, study


def run(folder: Path, world: int, arms: tuple[str, ...] = ("base", "augmented"), **more: Any) -> Path:
    rng = random.Random(world)
    predictions = []
    for arm in arms:
        likely = 0.9 if arm == "augmented" else 0.4
        predictions += answered(arm, [rng.random() < likely for _ in range(40)], groups=20)
    settings = study(benchmark={"name": "reversals", "seed": world}, name=f"x-{world}", **more)
    write_jsonl(folder / "predictions.jsonl", predictions)
    write_json(folder / "results.json", results(settings, corpus(40, 20), predictions, manifests(*arms)))
    return folder


def test_worlds_of_one_study_are_pooled(tmp_path: Path) -> None:
    runs = [run(tmp_path / str(w), w) for w in (100, 101, 102)]
    found = data(runs)
    pooled = found["pooled"]
    assert pooled["worlds"] == ["100", "101", "102"]
    (row,) = pooled["comparisons"]
    assert (row["a"], row["b"]) == ("augmented", "base")
    assert row["difference"] == pytest.approx(sum(row["worlds"].values()) / 3, abs=1e-3)
    assert row["ci95"][0] > 0.2
    assert row["p"] < 0.01
    single = json.loads((runs[0] / "results.json").read_text())["comparisons"][0]["ci95"]
    assert row["ci95"][1] - row["ci95"][0] < single[1] - single[0]  # three worlds tell more than one
    text = compare(runs)
    assert "Worlds 100, 101, 102 pooled" in text
    assert "each one's value is shown" in text
    each = found["accuracy"]["augmented"]["all"]["runs"]
    assert f"({', '.join(f'{x:.3f}' for x in each)})" in text
    assert json.loads(json.dumps(found)) == found


def test_with_five_worlds_the_values_of_each_are_left_out(tmp_path: Path) -> None:
    text = compare([run(tmp_path / str(w), w) for w in range(5)])
    assert "each one's value" not in text
    assert "(" not in text.split("\n\n")[0]


def test_markdown(tmp_path: Path) -> None:
    lines = compare([run(tmp_path / str(w), w) for w in (100, 101)], markdown=True).splitlines()
    assert lines[0] == "| arm | all |"
    assert lines[1] == "|---|---|"
    assert any(line.startswith("| all | augmented | base | +") for line in lines)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"train": {"epochs": 2}}, "differ in train.epochs"),
        ({"model": "other"}, "differ in model"),
        ({"world": 100}, "world was given twice"),
        ({"arms": ("base", "augmented", "icl")}, "differ in their arms"),
        ({"verdict": {"queries": 5}}, None),
    ],
)
def test_only_worlds_of_one_study_are_pooled(tmp_path: Path, changes: dict[str, Any], why: str | None) -> None:
    found = data([run(tmp_path / "a", 100), run(tmp_path / "b", **{"world": 101, **changes})])
    assert (found["pooled"] is None) == (why is not None)
    assert why is None or why in found["not_pooled"]
    assert found["accuracy"].keys() == {"base", "augmented"}


def test_runs_on_own_documents_and_runs_without_predictions_are_told_apart(tmp_path: Path) -> None:
    runs = [run(tmp_path / str(w), w) for w in (100, 101)]
    (runs[1] / "predictions.jsonl").unlink()
    assert "no predictions.jsonl" in compare(runs)
    results = json.loads((runs[0] / "results.json").read_text())
    results["study"]["benchmark"] = None
    write_json(runs[0] / "results.json", results)
    assert "no worlds" in data(runs)["not_pooled"]


def test_what_cannot_be_compared_is_an_error(tmp_path: Path) -> None:
    one, other = run(tmp_path / "a", 100, ("base",)), run(tmp_path / "b", 101, ("icl",))
    with pytest.raises(UserError, match="no arm in common: base; icl"):
        compare([one, other])
    (other / "results.json").write_text("{")
    with pytest.raises(UserError) as e:
        compare([one, other, tmp_path / "none"])
    assert len(e.value.faults) == 2


def test_a_page_of_runs(tmp_path: Path) -> None:
    runs = [run(tmp_path / str(w), w) for w in (100, 101)]
    page(runs, tmp_path / "new" / "pooled.html")
    html = (tmp_path / "new" / "pooled.html").read_text(encoding="utf-8")
    found = data(runs)["pooled"]
    for cell in (found["accuracy"]["augmented"]["all"], found["comparisons"][0]):
        value = cell.get("accuracy", cell.get("difference"))
        assert f'data-value="{value}"' in html
    assert html.count('data-value="') >= 2 * 3 + 1 + 4 * 2
    other = run(tmp_path / "c", 102, train={"epochs": 2})
    page([runs[0], other], tmp_path / "side.html")
    html = (tmp_path / "side.html").read_text(encoding="utf-8")
    assert "Not pooled: the runs differ in train.epochs" in html
    for n, folder in enumerate((runs[0], other), 1):
        each = json.loads((folder / "results.json").read_text())["arms"]["augmented"]["splits"]["all"]["accuracy"]
        assert f'data-value="{each}" data-row="augmented, {n}"' in html


def test_results_of_an_earlier_version_are_told(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", 100)
    results = json.loads((folder / "results.json").read_text())
    del results["decision"]
    write_json(folder / "results.json", results)
    with pytest.raises(UserError, match="earlier version"):
        page([folder], tmp_path / "x.html")
