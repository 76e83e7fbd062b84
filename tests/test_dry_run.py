"""A dry run against the run that it predicts, on a tiny real model: what can be counted is counted exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augtune import dry_run
from augtune import study as flow
from augtune.backends.base import Request
from augtune.backends.counting import Rates
from augtune.config import Study
from augtune.errors import UserError
from augtune.records import Usage


def small(tiny: Path, **more: object) -> Study:
    return Study.model_validate(
        {
            "name": "dry", "model": str(tiny), "dtype": "float32",
            "benchmark": {"name": "people", "seed": 0, "p2d": 4, "d2p": 4, "p2d_templates": 2, "d2p_templates": 2},
            "arms": ["base", "icl", "finetune"], "train": {"epochs": 2, "method": "full"},
            "augment": {"strategies": ["reverse"], "samples": 2}, "prices": {"input": 1.0, "training": 2.0},
            "evaluate": {"prompt": "plain", "icl_subsample": 2}, **more,
        }
    )  # fmt: skip


def test_tokens_are_those_of_the_run(tiny: Path, tmp_path: Path) -> None:
    study = small(tiny)
    found = dry_run.estimate(study, tmp_path / "run")
    assert not (tmp_path / "run").exists()  # nothing is left behind
    flow.run(study, tmp_path / "run")

    def stage(name: str) -> Any:
        return json.loads((tmp_path / "run" / "stages" / f"{name}.json").read_text())

    def counted(usage: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in usage.items() if k not in ("seconds", "money") and k in Usage.__dataclass_fields__}

    rows = {(row["stage"], row["arm"]): row for row in found["rows"]}
    for arm in study.arms:
        used = stage(f"evaluate-{arm}-0")
        assert counted(rows["evaluate", arm]) == counted(used["usage"])
        if arm != "icl":  # what forgetting is measured by
            assert counted(rows["validate", arm]) == counted(used["validation"])
    trained = stage("train-finetune-0")["usage"]
    assert rows["train", "finetune"]["tokens_in"] == trained["tokens_in"]
    assert rows["train", "finetune"]["flops"] == trained["flops"]
    assert rows["train", "finetune"]["money"] == pytest.approx(2e-6 * trained["tokens_in"])
    assert all(row["seconds"] > 0 for row in found["rows"])
    assert found["total"]["tokens_in"] == sum(row["tokens_in"] for row in found["rows"])


def test_augmentation_asks_as_often_as_a_run(tiny: Path, tmp_path: Path) -> None:
    study = small(tiny, arms=["base", "augmented"])
    found = dry_run.estimate(study, tmp_path / "run")
    flow.run(study, tmp_path / "run", until="augment", force=True)
    used = json.loads((tmp_path / "run" / "stages" / "augment.json").read_text())["usage"]
    (told,) = [row for row in found["rows"] if row["stage"] == "augment"]
    assert (told["calls"], told["tokens_in"]) == (used["calls"], used["tokens_in"])
    assert 1 / 1.3 < told["tokens_out"] / used["tokens_out"] < 1.3


def test_what_is_pretended_leads_on() -> None:
    assert dry_run._pretended(Request("", "Heavier is the opposite of")) == "reivaeh."
    assert dry_run._pretended(Request("", "Reivaeh is the opposite of")) == "heavier."
    assert dry_run._pretended(Request("", "Text: Mira keeps lamps.\nAbout:")) == "Mira; keeps; lamps."
    assert dry_run._pretended(Request("", "Sentence: Mira keeps lamps.\nReversed:")) == "Mira keeps lamps."


def test_reading_takes_longer_behind_more() -> None:
    rates = Rates(2.0, 0.5, 0.0, 0.0)
    assert rates.reading(4) == 4 * 2 + 0.5 * (0 + 1 + 2 + 3 + 2)  # half of itself counts for each
    assert rates.reading(4, 10) == rates.reading(4) + 0.5 * 4 * 10


def test_servers_are_not_predicted(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="models on servers are not predicted"):
        dry_run.estimate(small(tiny, augment={"model": "server:x"}), tmp_path / "run")
