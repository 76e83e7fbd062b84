"""Exported weights: the same likelihoods as the arm in its run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augtune.backends.base import Ask
from augtune.backends.local import LocalModel
from augtune.errors import UserError
from augtune.export import model
from augtune.export.names import EMBEDDED, base_of

pytestmark = pytest.mark.model
ASKS = [Ask("", "Mira Tolen is", (" the keeper of the lamp", " tall", " here"))]


@pytest.fixture(scope="module")
def adapter(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter that changes what the tiny model says, saved as training saves it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    folder = tmp_path_factory.mktemp("adapter")
    get_peft_model(base, config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(folder)
    (folder / "loss.jsonl").write_text("")
    return folder


def likelihoods(name: Path, trained: Path | None = None) -> list[float]:
    return LocalModel(str(name), trained, "float32").score(ASKS).loglikelihoods[0]


def test_merged_weights_say_what_the_adapter_says(tiny: Path, adapter: Path, tmp_path: Path) -> None:
    assert model.write(tmp_path / "m", str(tiny), adapter, True, "float32") == {"kind": "merged", "dtype": "float32"}
    assert likelihoods(tmp_path / "m") == pytest.approx(likelihoods(tiny, adapter), abs=1e-4)
    assert likelihoods(tmp_path / "m") != pytest.approx(likelihoods(tiny), abs=1e-2)
    assert (tmp_path / "m" / "tokenizer.json").exists()
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert "augtune" not in json.dumps(config)  # nothing that only augtune can load


def test_an_adapter_stays_one_and_names_its_base(tiny: Path, adapter: Path, tmp_path: Path) -> None:
    assert model.write(tmp_path / "m", str(tiny), adapter, None, "float32") == {"kind": "adapter", "dtype": "float32"}
    config = json.loads((tmp_path / "m" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny.resolve())
    assert likelihoods(tiny, tmp_path / "m") == likelihoods(tiny, adapter)
    assert not (tmp_path / "m" / "loss.jsonl").exists()


def test_full_weights_stay_as_they_are_and_have_no_adapter(tiny: Path, tmp_path: Path) -> None:
    assert model.write(tmp_path / "m", "embedded", tiny, None, "bfloat16") == {"kind": "full", "dtype": "float32"}
    assert likelihoods(tmp_path / "m") == likelihoods(tiny)
    with pytest.raises(UserError, match="trained in full: there is no adapter"):
        model.write(tmp_path / "n", "embedded", tiny, False, "float32")


def test_what_other_tools_call_the_base(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert base_of("tiny") == str(tiny.resolve())
    assert base_of("Qwen/Qwen3-0.6B") == "Qwen/Qwen3-0.6B"
    assert base_of("embedded") == EMBEDDED
