"""The same training for other tools: plain text, the same learning rate, batches, length and adapter.

Key names as in TRL 1.16.0 (`trl sft`), axolotl 0.19.0 and LLaMA-Factory 0.9.5; Ollama's and llama.cpp's as documented
in November 2026. What is not the same: the order at random, and augtune keeps float32 copies of bfloat16 weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..config import EPOCHS
from ..records import write_json
from .names import base_of

if TYPE_CHECKING:
    from . import Bundle

WINDOW = 2048  # tokens of a text at most; texts of a study are sentences and short documents
RATES = {"full": 2e-4, "lora": 1e-3}  # as in train/trainer.py, where neither the study nor a training says
BETA2 = 0.99
WARM_UP = 0.05  # share of the steps


def write(folder: Path, bundle: Bundle, formats: Sequence[str]) -> None:
    """trl.yaml, axolotl.yaml, llamafactory.yaml and dataset_info.json; each says how it is run."""
    folder.mkdir(parents=True)
    settings = _settings(bundle)
    for name, (make, command) in TOOLS.items():
        lines = [
            f"# {command}",
            "# in this folder: trains on ../data/text.jsonl, plain text, every token of it.",
            *_unlike(bundle),
        ]
        text = yaml.safe_dump(make(settings), sort_keys=False, allow_unicode=True)
        (folder / f"{name}.yaml").write_text("\n".join([*lines, text]), encoding="utf-8")
    known = {f"augtune_{name}": _columns(name) for name in formats if name in COLUMNS}
    write_json(folder / "dataset_info.json", known)


def _unlike(bundle: Bundle) -> list[str]:
    """What augtune did in this study and another tool will not."""
    train = bundle.study.train
    return [
        f"# {told}"
        for told, is_so in (
            (f"augtune mixed in general text (train.replay: {train.replay:g}); that is left out here.", train.replay),
            (
                f"augtune trained on each document's sentences (train.splitting: {train.splitting}).",
                train.splitting != "none",
            ),
            (
                f"augtune's length was set by train.match: {train.match}; the length here is the study's own.",
                train.match != "none",
            ),
        )
        if is_so
    ]


def _settings(bundle: Bundle) -> dict[str, Any]:
    """What every tool is told, in augtune's words."""
    train, done = bundle.study.train, bundle.weights.done if bundle.weights else {}
    method = done.get("method") or ("lora" if train.method == "auto" else train.method)
    texts = len(bundle.documents) + len(bundle.augmentations)
    steps = done.get("steps") or train.steps or math.ceil((train.epochs or EPOCHS) * texts / train.batch_size)
    return {
        "model": base_of(bundle.study.model),
        "lora": method == "lora",
        "rank": train.rank,
        "rate": done.get("learning_rate") or train.learning_rate or RATES[method],
        "batch": train.batch_size,
        "steps": train.steps,
        "epochs": train.epochs or EPOCHS,
        "warm_up": max(1, round(WARM_UP * steps)),
        "seed": bundle.weights.seed if bundle.weights else bundle.study.seeds[0],
    }


def _length(s: Mapping[str, Any], epochs: str = "num_train_epochs") -> dict[str, Any]:
    return {"max_steps": s["steps"]} if s["steps"] else {epochs: s["epochs"]}


def _trl(s: Mapping[str, Any]) -> dict[str, Any]:
    adapter = {"use_peft": True, "lora_r": s["rank"], "lora_alpha": 2 * s["rank"], "lora_dropout": 0.0,
               "lora_target_modules": ["all-linear"]}  # fmt: skip
    return {
        "model_name_or_path": s["model"],
        "dataset_name": "../data",
        "dataset_config": "text",
        "dataset_text_field": "text",
        "max_length": WINDOW,
        "packing": False,
        **(adapter if s["lora"] else {}),
        "per_device_train_batch_size": s["batch"],
        "learning_rate": s["rate"],
        "lr_scheduler_type": "linear",
        "warmup_steps": s["warm_up"],
        "adam_beta2": BETA2,
        **_length(s),
        "seed": s["seed"],
        "report_to": "none",
        "output_dir": "trained-by-trl",
    }


def _axolotl(s: Mapping[str, Any]) -> dict[str, Any]:
    adapter = {"adapter": "lora", "lora_r": s["rank"], "lora_alpha": 2 * s["rank"], "lora_dropout": 0.0,
               "lora_target_linear": True}  # fmt: skip
    return {
        "base_model": s["model"],
        "datasets": [{"path": "../data/text.jsonl", "ds_type": "json", "type": "completion", "field": "text"}],
        "sequence_len": WINDOW,
        "sample_packing": False,
        **(adapter if s["lora"] else {}),
        "micro_batch_size": s["batch"],
        "gradient_accumulation_steps": 1,
        "learning_rate": s["rate"],
        "lr_scheduler": "linear",
        "warmup_steps": s["warm_up"],
        "optimizer": "adamw_torch_fused",
        "adam_beta2": BETA2,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        **_length(s, "num_epochs"),
        "bf16": "auto",
        "seed": s["seed"],
        "output_dir": "./trained-by-axolotl",
    }


def _llamafactory(s: Mapping[str, Any]) -> dict[str, Any]:
    adapter = {"lora_rank": s["rank"], "lora_alpha": 2 * s["rank"], "lora_dropout": 0.0, "lora_target": "all"}
    return {
        "model_name_or_path": s["model"],
        "stage": "pt",  # plain text
        "do_train": True,
        "finetuning_type": "lora" if s["lora"] else "full",
        **(adapter if s["lora"] else {}),
        "dataset_dir": ".",
        "dataset": "augtune_text",
        "cutoff_len": WINDOW,
        "packing": False,
        "per_device_train_batch_size": s["batch"],
        "learning_rate": s["rate"],
        "lr_scheduler_type": "linear",
        "warmup_steps": s["warm_up"],
        "adam_beta2": BETA2,
        **_length(s),
        "bf16": True,
        "seed": s["seed"],
        "report_to": "none",
        "output_dir": "trained-by-llamafactory",
    }


# File name -> (its content, the command that runs it)
TOOLS = {
    "trl": (_trl, "trl sft --config trl.yaml"),
    "axolotl": (_axolotl, "axolotl train axolotl.yaml"),
    "llamafactory": (_llamafactory, "llamafactory-cli train llamafactory.yaml"),
}

# What LLaMA-Factory is told about a format's columns. `text` is for its stage pt, the others for sft.
COLUMNS: dict[str, dict[str, Any]] = {
    "text": {"columns": {"prompt": "text"}},
    "alpaca": {"columns": {"prompt": "instruction", "query": "input", "response": "output"}},
    "sharegpt": {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
    "messages": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
    },
}


def _columns(name: str) -> dict[str, Any]:
    return {"file_name": f"../data/{name}.jsonl", **COLUMNS[name]}


def modelfile(folder: Path, bundle: Bundle, kind: Mapping[str, Any]) -> None:
    """A Modelfile over a GGUF that llama.cpp makes: no package on PyPI has its converter, and Ollama itself converts no
    safetensors to GGUF."""
    adapter, base = kind["kind"] == "adapter", base_of(bundle.study.model)
    convert = "python llama.cpp/convert_hf_to_gguf.py {source} --outfile {to} --outtype auto"
    lines = [
        "# Ollama reads GGUF, which llama.cpp's converter makes of safetensors. Once, in this folder:",
        "#   git clone --depth 1 https://github.com/ggml-org/llama.cpp",
        "#   pip install -r llama.cpp/requirements/requirements-convert_hf_to_gguf.txt",
    ]
    if adapter:
        lines += [
            f"#   hf download {base} --local-dir base",
            f"#   {convert.format(source='base', to='base.gguf')}",
            "#   python llama.cpp/convert_lora_to_gguf.py model --base base --outfile adapter.gguf",
        ]
    else:
        lines.append(f"#   {convert.format(source='model', to='model.gguf')}")
    lines += [f"#   ollama create {bundle.study.name.lower()} -f Modelfile",
              *(["FROM ./base.gguf", "ADAPTER ./adapter.gguf"] if adapter else ["FROM ./model.gguf"])]  # fmt: skip
    if bundle.weights and bundle.weights.form == "plain":
        lines += ["# The arm was measured as a continuation of plain text, so no chat template stands around a prompt.",
                  "TEMPLATE {{ .Prompt }}", 'PARAMETER stop "\\n"']  # fmt: skip
    lines.append("PARAMETER temperature 0")
    (folder / "Modelfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
