"""Training for real, on a tiny model: files, both methods, and a stopped run that ends as one that was not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from augtune.backends.local import load_tokenizer
from augtune.config import Train
from augtune.errors import UserError
from augtune.train import trainer
from augtune.train.texts import Example, examples, order

TEXTS = [f"Person {i} is the keeper of lamp number {i * i}." for i in range(24)]


class Stopped(Exception): ...


@contextmanager
def quiet(total: float) -> Any:
    yield lambda n: None


def run(
    model: Path, folder: Path, stop_after: int | None = None, given: dict[str, int] | None = None,
    texts: list[str] = TEXTS, dtype: str = "float32", **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    told = []

    @contextmanager
    def bar(total: float) -> Any:
        def tick(n: float) -> None:
            told.append(n)
            if len(told) == stop_after:
                raise Stopped

        yield tick

    full = Train(**{"method": "full", "steps": 8, "batch_size": 4, "learning_rate": 1e-2, **settings})
    return trainer.train(str(model), texts, full, 0, dtype, folder, bar, "mark", **(given or {}))


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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_stopped_training_goes_on_to_the_same_weights(
    tiny: Path, tmp_path: Path, method: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 0.0)
    run(tiny, tmp_path / "whole", method=method, dtype=dtype)
    with pytest.raises(Stopped):
        run(tiny, tmp_path / "stopped", method=method, dtype=dtype, stop_after=6)
    checkpoints = list((tmp_path / "stopped.training").glob("checkpoint-*"))
    assert [c.name for c in checkpoints] == ["checkpoint-5"]
    half = tmp_path / "stopped.training" / "checkpoint-7"  # as a kill in the middle of a save leaves it
    half.mkdir()
    (half / "trainer_state.json").write_text('{"glo')
    run(tiny, tmp_path / "stopped", method=method, dtype=dtype)
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    whole, resumed = load_file(tmp_path / "whole" / name), load_file(tmp_path / "stopped" / name)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert (tmp_path / "whole" / "loss.jsonl").read_text() == (tmp_path / "stopped" / "loss.jsonl").read_text()


def by_hand(model: Path, batch: list[Example]) -> float:
    """The mean negative log-likelihood of the tokens that are learnt, each row computed alone, without padding."""
    network = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)
    total, count = 0.0, 0
    for e in batch:
        ids = torch.tensor(e.ids)
        with torch.no_grad():
            logits = network(ids[None]).logits[0].log_softmax(-1)
        learnt = range(max(1, e.context), len(ids))  # nothing comes before the first token
        total -= sum(float(logits[i - 1, ids[i]]) for i in learnt)
        count += len(learnt)
    return total / count


@pytest.mark.parametrize("splitting", ["none", "cumulative"])
@pytest.mark.parametrize("at_once", [1024, 48])
def test_the_loss_is_the_mean_over_the_tokens_that_are_learnt(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, splitting: str, at_once: int
) -> None:
    """However rows are padded, and however many of them are computed at a time."""
    texts = ["One lamp.", "Two lamps are here. They are lit, and one of them is red. Nobody knows why."] * 2
    monkeypatch.setitem(trainer.AT_ONCE, "cpu", at_once)
    run(tiny, tmp_path / "a", texts=texts, splitting=splitting, steps=5, batch_size=8, learning_rate=1e-12)
    (logged,) = [json.loads(line)["loss"] for line in (tmp_path / "a" / "loss.jsonl").read_text().splitlines()]
    tokenizer = load_tokenizer(str(tiny))
    found = examples(texts, splitting, tokenizer, 512)
    sequence = order([len(e.ids) for e in found], None, 5, 8, 0)
    losses = [by_hand(tiny, [found[i] for i in sequence[k : k + 8]]) for k in range(0, 40, 8)]
    assert logged == pytest.approx(sum(losses) / 5, rel=1e-4)


def test_portions_of_a_batch_train_the_same_weights(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tiny, tmp_path / "whole", learning_rate=1e-3)
    monkeypatch.setitem(trainer.AT_ONCE, "cpu", 32)  # two rows of 16 tokens
    run(tiny, tmp_path / "portions", learning_rate=1e-3)
    whole, portions = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "portions"))
    for name, weights in whole.items():
        torch.testing.assert_close(portions[name], weights, atol=2e-4, rtol=0)


def test_plain_attention_is_what_fused_attention_is(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bfloat16 and padded rows, where it is used: the losses agree to what the format holds."""
    monkeypatch.setattr(trainer, "can_be_unpadded", lambda network, longest: False)
    losses = {}
    for short in (0, 64):
        monkeypatch.setattr(trainer, "SHORT", short)
        folder = tmp_path / str(short)
        trainer.train(str(tiny), TEXTS, Train(method="full", steps=5), 0, "bfloat16", folder, quiet, "mark")
        losses[short] = json.loads((folder / "loss.jsonl").read_text().splitlines()[-1])["loss"]
    assert losses[0] == pytest.approx(losses[64], rel=0.01)


def test_a_loss_that_is_no_number_stops_with_the_setting_to_change(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"step 5 is .*lower train\.learning_rate"):
        run(tiny, tmp_path / "a", learning_rate=1e38)


def test_losses_are_left_while_training(tmp_path: Path) -> None:
    clock = trainer._Clock(tmp_path, [1], 1, lambda n: None)
    logs = [{"step": 5, "loss": 2.0, "learning_rate": 0.1}, {"step": 5, "train_runtime": 1.0}]
    clock.on_log(
        SimpleNamespace(learning_rate=0.1), SimpleNamespace(log_history=logs, global_step=5), None, {"loss": 2.0}
    )
    assert json.loads((tmp_path / "loss.jsonl").read_text()) == {"step": 5, "loss": 2.0}
