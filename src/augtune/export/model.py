"""Weights to take home: the adapter as it was trained, the merged model, or full weights as they were trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ..backends.local import as_dtype, load_tokenizer, load_weights
from ..errors import UserError
from ..records import write_json
from .names import base_of

ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
FULL = ("*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json")


def write(folder: Path, model: str, trained: Path, merge: bool | None, dtype: str) -> dict[str, Any]:
    """The weights in `trained`, with the tokenizer. Returns what they are: {"kind": adapter | merged | full, "dtype"}.

    An adapter belongs to the very weights that it was trained on. Those of the embedded model are read from a 4-bit
    file and stand in no hub, so that with it `merge` None means to merge; elsewhere it means the adapter. Merged
    weights are computed in float32, and stored so unless `dtype` says bfloat16, which halves the file and rounds.
    Raises UserError where there is no adapter to leave apart.
    """
    adapter = (trained / ADAPTER[0]).exists()
    if not adapter and merge is False:
        raise UserError("--no-merge: the arm was trained in full: there is no adapter, leave the option out")
    folder.mkdir(parents=True)
    if adapter and (merge or (merge is None and model == "embedded")):
        network = load_weights(model, as_dtype("float32"), device="cpu")
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, trained, autocast_adapter_dtype=False).merge_and_unload()
        network.to(as_dtype(dtype)).save_pretrained(folder)
        found = {"kind": "merged", "dtype": dtype}
    else:
        for pattern in ADAPTER if adapter else FULL:
            for file in sorted(trained.glob(pattern)):
                shutil.copyfile(file, folder / file.name)
        found = {"kind": "adapter" if adapter else "full", "dtype": _dtype(folder)}
    if found["kind"] == "adapter":
        config = json.loads((folder / ADAPTER[0]).read_text(encoding="utf-8"))
        write_json(folder / ADAPTER[0], {**config, "base_model_name_or_path": base_of(model)})
    load_tokenizer(str(trained)).save_pretrained(folder)
    return found


def _dtype(folder: Path) -> str:
    """What the tensors of a folder are stored in."""
    from safetensors import safe_open

    with safe_open(next(iter(sorted(folder.glob("*.safetensors")))), framework="pt") as f:
        first = f.get_slice(next(iter(f.keys()))).get_dtype()
    return {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}.get(first, str(first).lower())
