"""Configurations for other trainers carry what the arm was trained with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from augtune.config import Study
from augtune.export import Bundle, Weights, data, training
from augtune.records import Document


def bundle(done: dict[str, Any] | None = None, form: str = "plain", **train: Any) -> Bundle:
    study = Study.model_validate(
        {"name": "S", "model": "some/model", "benchmark": {"name": "people"}, "train": train, "seeds": [4, 5]}
    )
    weights = Weights(Path("trained"), 4, done, form, [], 0, {}) if done else None
    return Bundle(study, "augmented", [Document(str(i), "A fact.") for i in range(40)], [], weights)


def written(folder: Path, given: Bundle) -> dict[str, dict[str, Any]]:
    training.write(folder, given, list(data.FORMATS))
    return {name: yaml.safe_load((folder / f"{name}.yaml").read_text()) for name in training.TOOLS}


LORA = {"method": "lora", "learning_rate": 0.001, "steps": 200}


def test_lora_as_it_was_trained(tmp_path: Path) -> None:
    found = written(tmp_path / "t", bundle(LORA, rank=8, epochs=6, batch_size=4))
    trl, axolotl, factory = found["trl"], found["axolotl"], found["llamafactory"]
    assert (trl["model_name_or_path"], axolotl["base_model"]) == ("some/model", "some/model")
    assert (trl["use_peft"], trl["lora_r"], trl["lora_alpha"]) == (True, 8, 16)
    assert (axolotl["adapter"], axolotl["lora_r"], axolotl["lora_alpha"]) == ("lora", 8, 16)
    assert (factory["finetuning_type"], factory["lora_rank"], factory["lora_alpha"]) == ("lora", 8, 16)
    assert trl["num_train_epochs"] == axolotl["num_epochs"] == factory["num_train_epochs"] == 6
    assert {each["learning_rate"] for each in found.values()} == {0.001}
    assert {each["warmup_steps"] for each in found.values()} == {10}
    assert {each["seed"] for each in found.values()} == {4}
    assert (trl["per_device_train_batch_size"], axolotl["micro_batch_size"]) == (4, 4)


def test_full_training_by_steps_of_a_study_without_weights(tmp_path: Path) -> None:
    found = written(tmp_path / "t", bundle(method="full", steps=60))
    assert not any(key.startswith("lora") or key in ("use_peft", "adapter") for each in found.values() for key in each)
    assert found["llamafactory"]["finetuning_type"] == "full"
    assert {each["max_steps"] for each in found.values()} == {60}
    assert {each["learning_rate"] for each in found.values()} == {2e-4}


def test_what_is_told_of_augtunes_training_is_so() -> None:
    from augtune.train import optimizer, trainer

    assert trainer.LEARNING_RATES == training.RATES
    assert trainer.WARM_UP == training.WARM_UP
    assert optimizer.BETAS == (0.9, training.BETA2)


def test_files_that_are_named_are_written(tmp_path: Path) -> None:
    given = bundle()
    data.write(tmp_path / "data", data.texts(given.documents, []), [])
    found = written(tmp_path / "training", given)
    known = json.loads((tmp_path / "training" / "dataset_info.json").read_text())
    assert found["llamafactory"]["dataset"] in known
    for each in known.values():
        file = tmp_path / "training" / each["file_name"]
        row = json.loads(file.read_text().splitlines()[0])
        assert set(each["columns"].values()) <= row.keys()
    assert (tmp_path / "training" / found["axolotl"]["datasets"][0]["path"]).exists()


def test_what_other_trainers_do_not_do_is_said(tmp_path: Path) -> None:
    written(tmp_path / "t", bundle(LORA, replay=0.25, match="tokens"))
    head = (tmp_path / "t" / "trl.yaml").read_text()
    assert "general text (train.replay: 0.25)" in head
    assert "train.match: tokens" in head
    assert "splitting" not in head


@pytest.mark.parametrize(
    ("kind", "form", "lines"),
    [
        ("merged", "plain", ["FROM ./model.gguf", "TEMPLATE {{ .Prompt }}"]),
        ("adapter", "chat", ["FROM ./base.gguf", "ADAPTER ./adapter.gguf"]),
    ],
)
def test_modelfile(tmp_path: Path, kind: str, form: str, lines: list[str]) -> None:
    training.modelfile(tmp_path, bundle(LORA, form), {"kind": kind})
    found = (tmp_path / "Modelfile").read_text().splitlines()
    assert [line for line in found if line in lines] == lines
    assert ("TEMPLATE {{ .Prompt }}" in found) == (form == "plain")
    assert any("ollama create s " in line for line in found)
