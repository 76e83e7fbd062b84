"""What tests share: a scripted model in the real pipeline, a tiny real model, and the embedded one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # hermetic: no test asks a hub

from augtune.backends.scripted import Scripted


@pytest.fixture(scope="session")
def embedded() -> Path:
    """The folder of the embedded model, converted once."""
    from augtune.backends.embedded import embedded_model

    return embedded_model()


@pytest.fixture(scope="session")
def tiny(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers and width 16 with the embedded model's tokenizer, saved as a folder."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(embedded)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, eos_token_id=tokenizer.eos_token_id, initializer_range=0.5,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "tiny"
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class ScriptedModels:
    """Stands for augtune.backends.Models: every model is the scripted one, all else is real."""

    def __init__(self, backend: Scripted) -> None:
        self.backend, self.opened = backend, 0

    def identity(self, model: str) -> str:
        return f"{model} scripted"

    def open(self, model: str, trained: Path | None = None) -> Scripted:
        self.opened += 1
        return self.backend

    def close(self) -> None: ...

    def fault(self, model: str) -> str | None:
        return None


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of lines: objects as JSON, strings as they are."""

    def write(name: str, *rows: Any) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows) + "\n", encoding="utf-8")
        return path

    return write
