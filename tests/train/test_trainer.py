"""Training for real, on a tiny model: files, both methods, and a stopped run that ends as one that was not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from augtune.config import Train
from augtune.train import trainer

TEXTS = [f"Person {i} is the keeper of lamp number {i * i}." for i in range(24)]


class Stopped(Exception): ...


def run(
    model: Path, folder: Path, stop_after: int | None = None, given: dict[str, int] | None = None, **settings: Any
) -> dict[str, Any]:
    told = []

    @contextmanager
    def bar(total: float) -> Any:
        def tick(n: float) -> None:
            told.append(n)
            if len(told) == stop_after:
                raise Stopped

        yield tick

    full = Train(**{"method": "full", "steps": 8, "batch_size": 4, "learning_rate": 1e-2, **settings})
    return trainer.train(str(model), TEXTS, full, 0, "float32", folder, bar, "mark", **(given or {}))


def test_full_training_lowers_the_loss_and_leaves_exactly_these_files(tiny: Path, tmp_path: Path) -> None:
    done = run(tiny, tmp_path / "finetune", steps=40)
    assert {p.name for p in (tmp_path / "finetune").iterdir()} == {
        "chat_template.jinja", "config.json", "generation_config.json", "loss.jsonl", "model.safetensors",
        "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["finetune"]
    losses = [json.loads(line)["loss"] for line in (tmp_path / "finetune" / "loss.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0] - 0.5
    assert done["steps"] == 40
    assert done["trained"] == done["parameters"]


def test_lora_trains_and_saves_an_adapter_only(tiny: Path, tmp_path: Path) -> None:
    done = run(tiny, tmp_path / "a", method="lora", rank=2)
    assert (tmp_path / "a" / "adapter_model.safetensors").exists()
    assert not (tmp_path / "a" / "model.safetensors").exists()
    assert 0 < done["trained"] < done["parameters"] / 2
    weights = load_file(tmp_path / "a" / "adapter_model.safetensors")
    assert any(w.abs().max() > 0 for name, w in weights.items() if "lora_B" in name)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_stopped_training_goes_on_to_the_same_weights(
    tiny: Path, tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 0.0)
    run(tiny, tmp_path / "whole", method=method)
    with pytest.raises(Stopped):
        run(tiny, tmp_path / "stopped", method=method, stop_after=6)
    checkpoints = list((tmp_path / "stopped.training").glob("checkpoint-*"))
    assert [c.name for c in checkpoints] == ["checkpoint-5"]
    half = tmp_path / "stopped.training" / "checkpoint-7"  # as a kill in the middle of a save leaves it
    half.mkdir()
    (half / "trainer_state.json").write_text('{"glo')
    run(tiny, tmp_path / "stopped", method=method)
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    whole, resumed = load_file(tmp_path / "whole" / name), load_file(tmp_path / "stopped" / name)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert (tmp_path / "whole" / "loss.jsonl").read_text() == (tmp_path / "stopped" / "loss.jsonl").read_text()
