"""What the arithmetic is, whoever does it: floating-point operations from a model's configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama kind, by its config.json."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head: int
    words: int

    @staticmethod
    def of(model: str) -> Shape:
        c = json.loads((Path(model) / "config.json").read_text(encoding="utf-8"))
        heads = c["num_attention_heads"]
        return Shape(
            c["num_hidden_layers"], c["hidden_size"], c["intermediate_size"], heads,
            c.get("num_key_value_heads") or heads, c.get("head_dim") or c["hidden_size"] // heads, c["vocab_size"],
        )  # fmt: skip

    def forward(self, tokens: int, before: int = 0, logits: int = 0) -> float:
        """`tokens` of one sequence, each after those of its own before it and `before` others that are computed
        already; the vocabulary's scores for `logits` of them."""
        attended = 2 * self.width * self.head * (self.heads + self.kv_heads)
        linear = 2 * (attended + 3 * self.width * self.inner) * self.layers
        seen = tokens * before + tokens * (tokens + 1) / 2
        scores = 4 * self.heads * self.head * self.layers * seen
        return tokens * linear + scores + 2 * logits * self.width * self.words


def scoring_alone(shape: Shape, context: int, questions: Sequence[tuple[int, Sequence[int]]]) -> tuple[float, int]:
    """(FLOPs, tokens) where each choice is a sequence of its own with all its scores, as a harness does it.
    `questions`: tokens of the prompt, and of each choice."""
    lengths = [context + prompt + choice for prompt, choices in questions for choice in choices]
    return sum(shape.forward(n, 0, n) for n in lengths), sum(lengths)


def scoring_shared(shape: Shape, context: int, questions: Sequence[tuple[int, Sequence[int]]]) -> tuple[float, int]:
    """The bound: the context once, each prompt once, each choice once, and only scores that are looked at."""
    flops = shape.forward(context)
    for prompt, choices in questions:
        flops += shape.forward(prompt, context, 1)
        flops += sum(shape.forward(n, context + prompt, n - 1) for n in choices)
    return flops, context + sum(prompt + sum(choices) for prompt, choices in questions)


def writing_alone(shape: Shape, prefix: int, prompts: Sequence[int], wrote: Sequence[int]) -> tuple[float, int]:
    """Texts written one by one, each with the whole prompt."""
    flops = sum(
        shape.forward(prefix + p, 0, 1) + shape.forward(n - 1, prefix + p, n - 1)
        for p, n in zip(prompts, wrote, strict=True)
    )
    return flops, sum(prefix + p + n - 1 for p, n in zip(prompts, wrote, strict=True))


def writing_shared(shape: Shape, prefix: int, prompts: Sequence[int], wrote: Sequence[int]) -> tuple[float, int]:
    """The bound: the prefix once."""
    flops = shape.forward(prefix) + sum(
        shape.forward(p, prefix, 1) + shape.forward(n - 1, prefix + p, n - 1)
        for p, n in zip(prompts, wrote, strict=True)
    )
    return flops, prefix + sum(p + n - 1 for p, n in zip(prompts, wrote, strict=True))


def training(shape: Shape, lengths: Sequence[int], passes: float = 3.0) -> tuple[float, int]:
    """Forward and backward (`passes` 3; 4 where activations are computed again) over texts without padding."""
    return passes * sum(shape.forward(n, 0, n - 1) for n in lengths), sum(lengths)
