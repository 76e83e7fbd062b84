"""Shared prefixes against plain, separate passes of transformers, for tiny random models of many architectures: where
sharing is exact it is used, where it cannot be nothing is shared, and both give the same numbers, choices and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer

from augtune.backends.base import Ask, Request
from augtune.backends.local import LocalModel, reach

CONTEXT = "The sea is wide and the sky is high, and nobody who lives here knows why that is so. "
ASKS = [
    Ask(CONTEXT, "The sea is", (" wide", " very wide and deep", " low", " here")),
    Ask(CONTEXT, "The sky", (" is high", " is", " is not what anybody would call high")),
    Ask(CONTEXT, "Nobody who lives here", (" knows why", " is wide")),
]
PROMPTS = ["The sky", "A keeper of many lamps is", "It", "Nobody knows"]
WIDTH = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 512, "initializer_range": 0.5,
}  # fmt: skip
GROUPED = {**WIDTH, "num_key_value_heads": 2}
SHARING: dict[str, dict[str, Any]] = {
    "llama": GROUPED,
    "qwen2": GROUPED,
    "qwen3": {**GROUPED, "head_dim": 8},
    "gemma": {**GROUPED, "head_dim": 8},
    "gemma3_text": {**GROUPED, "head_dim": 8, "sliding_window": 64},  # longer than all that is asked
    "gpt2": {"n_positions": 512, "n_embd": 16, "n_layer": 2, "n_head": 4, "initializer_range": 0.5},
    "gpt_neox": WIDTH,
}
ALONE: dict[str, tuple[dict[str, Any], str]] = {  # with what `note` says
    "gemma3_text": ({**GROUPED, "head_dim": 8, "sliding_window": 16}, "sliding window"),
    "mistral": ({**GROUPED, "sliding_window": 16}, "sliding window"),
    "gemma2": ({**GROUPED, "head_dim": 8, "sliding_window": 64}, "changes likelihoods"),  # caps scores
    "gpt_oss": (
        {**GROUPED, "head_dim": 8, "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 64},
        "changes likelihoods",  # attends to sinks
    ),
    "bloom": ({"hidden_size": 16, "n_layer": 2, "n_head": 4, "initializer_range": 0.5}, "cannot be shared"),
    "mamba": ({"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4, "initializer_range": 0.5}, "cannot be"),
    "lfm2": ({**GROUPED, "layer_types": ["conv", "full_attention"]}, "cannot be shared"),
}


def made(kind: str, settings: dict[str, Any], embedded: Path, folder: Path) -> tuple[LocalModel, Any]:
    """A random model as the backend has it, and as transformers has it by itself."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(embedded)
    ends = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": 1, "pad_token_id": 0}
    config = CONFIG_MAPPING[kind](vocab_size=len(tokenizer), **ends, **settings)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return LocalModel(str(folder), dtype="float32"), reference


def equal_to_plain_computation(model: LocalModel, reference: Any) -> int:
    """Asserts it for scores, choices and texts; returns how many tokens scoring reused."""
    scored = model.score(ASKS)
    for ask, values in zip(ASKS, scored.loglikelihoods, strict=True):
        before, expected = model.encode(ask.context + ask.prompt), []
        for choice in ask.choices:
            ids = model.encode(ask.context + ask.prompt + choice)
            with torch.inference_mode():
                logits = reference(torch.tensor([ids])).logits[0].log_softmax(-1)
            expected.append(float(sum(logits[i - 1, ids[i]] for i in range(len(before), len(ids)))))
        assert values == pytest.approx(expected, abs=1e-4)
        assert values.index(max(values)) == expected.index(max(expected))
    wrote = model.generate([Request(CONTEXT, p, max_tokens=10, stop=()) for p in PROMPTS])
    for prompt, text in zip(PROMPTS, wrote.texts, strict=True):
        ids = torch.tensor([model.encode(CONTEXT + prompt)])
        out = reference.generate(ids, max_new_tokens=10, do_sample=False)[0, ids.shape[1] :]
        assert text == model.tokenizer.decode(out, skip_special_tokens=True)
    return scored.usage.tokens_in_reused


@pytest.mark.parametrize("kind", SHARING)
def test_sharing_is_exact(kind: str, embedded: Path, tmp_path: Path) -> None:
    model, reference = made(kind, SHARING[kind], embedded, tmp_path)
    assert equal_to_plain_computation(model, reference) > 100
    assert model.note is None


def test_rows_of_any_length_leave_when_they_end_and_change_no_other(embedded: Path, tmp_path: Path) -> None:
    """The longest fills a small window of learnt positions at once; the others write on, and end in turn."""
    model, reference = made("gpt2", {**SHARING["gpt2"], "n_positions": 64}, embedded, tmp_path)
    long = "It" + " is" * 61
    lengths = {long: 1, **{f"{'So ' * n}it is": 8 + 3 * n for n in range(1, 13)}}
    wrote = model.generate([Request("", prompt, most, ()) for prompt, most in lengths.items()])
    assert len(model.encode(long)) == 62
    for (prompt, most), text in zip(lengths.items(), wrote.texts, strict=True):
        ids = torch.tensor([model.encode(prompt)])
        out = reference.generate(ids, max_new_tokens=most, do_sample=False)[0, ids.shape[1] :]
        assert text == model.tokenizer.decode(out, skip_special_tokens=True)


@pytest.mark.parametrize("kind", ALONE)
def test_what_cannot_share_says_so_and_is_right(kind: str, embedded: Path, tmp_path: Path) -> None:
    settings, said = ALONE[kind]
    model, reference = made(kind, settings, embedded, tmp_path)
    assert equal_to_plain_computation(model, reference) == 0
    assert model.note is not None
    assert said in model.note


def test_without_sharing_texts_stop_and_are_seeded_all_the_same(embedded: Path, tmp_path: Path) -> None:
    model, _ = made("mamba", ALONE["mamba"][0], embedded, tmp_path)

    def write(*seeds: int, stop: tuple[str, ...] = ()) -> list[str]:
        return model.generate([Request(CONTEXT, "It", 8, stop, 1.0, seed) for seed in seeds]).texts

    one, two = write(1, 2)
    assert one != two
    assert write(2, 1) == [two, one]
    middle = one[len(one) // 2]
    assert write(1, stop=(middle,)) == [one[: one.index(middle)]]


class Config:
    max_position_embeddings = 4096

    def __init__(self, **given: Any) -> None:
        self.__dict__ |= given


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(), 1 << 30),
        (Config(sliding_window=512, layer_types=["full_attention"]), 1 << 30),
        (Config(sliding_window=512, layer_types=["full_attention", "sliding_attention"]), 512),
        (Config(sliding_window=512), 512),
        (Config(attention_chunk_size=256, sliding_window=512), 256),
        (Config(rope_parameters={"rope_type": "dynamic", "factor": 2.0}), 4096),
        (Config(rope_parameters={"rope_type": "longrope", "original_max_position_embeddings": 1024}), 1024),
        (Config(rope_parameters={"full_attention": {"rope_type": "dynamic"}, "x": {"rope_type": "default"}}), 4096),
        (Config(rope_parameters={"rope_type": "yarn", "original_max_position_embeddings": 1024}), 1 << 30),
    ],
)  # fmt: skip
def test_how_far_texts_may_share(config: Config, expected: int) -> None:
    assert reach(config) == expected
