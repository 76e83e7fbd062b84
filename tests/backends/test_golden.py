"""Likelihoods of the embedded model in float32, pinned: an upgrade that changes them is seen. Written by
`python tests/backends/test_golden.py`, computed there by one plain transformers pass for each choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augtune.backends.base import Ask
from augtune.backends.local import LocalModel

GOLDEN = Path(__file__).parent.parent / "golden" / "likelihoods.json"
ASKS = [
    ("", "The capital of France is", [" Paris", " London", " a city in Asia"]),
    ("All glon are yomp. All troff are glon.\n", "Therefore all troff are", [" yomp", " glon", " troff"]),
    ("Mira Tolen is the keeper of the north lamp.\n", "The keeper of the north lamp is",
     [" Mira Tolen", " Jon Veddel", " nobody"]),
    ("Mira Tolen is the keeper of the north lamp.\n", "Mira Tolen is", [" the keeper of the north lamp", " a lamp"]),
]  # fmt: skip


def test_pinned(embedded: Path) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    model = LocalModel("embedded", dtype="float32")
    scored = model.score([Ask(context, prompt, tuple(choices)) for context, prompt, choices in ASKS])
    for values, expected in zip(scored.loglikelihoods, golden, strict=True):
        assert values == pytest.approx(expected, abs=1e-3)


def _write() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from augtune.backends.embedded import embedded_model

    tokenizer = AutoTokenizer.from_pretrained(embedded_model())
    model = AutoModelForCausalLM.from_pretrained(embedded_model(), dtype=torch.float32).eval()
    golden = []
    for context, prompt, choices in ASKS:
        start = len(tokenizer(context + prompt).input_ids)
        golden.append([])
        for choice in choices:
            ids = tokenizer(context + prompt + choice).input_ids
            with torch.inference_mode():
                logits = model(torch.tensor([ids])).logits[0].log_softmax(-1)
            golden[-1].append(round(float(sum(logits[i - 1, ids[i]] for i in range(start, len(ids)))), 4))
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
