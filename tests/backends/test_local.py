"""Shared prefixes change nothing: scores and texts are those of plain, separate computation."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from augtune.backends.base import Ask, Request
from augtune.backends.local import LocalModel
from augtune.errors import UserError

ASKS = [
    Ask("The sea is wide. The sky is high. ", "The sea is", (" wide", " very wide", " low")),
    Ask("The sea is wide. The sky is high. ", "The sky", (" is high", " is")),
    Ask("", "A keeper of lamps", (" sleeps", " is awake now")),
]


@pytest.fixture(scope="module")
def model(tiny: Path) -> LocalModel:
    return LocalModel(str(tiny), dtype="float32")


def plainly(model: LocalModel, before: str, choice: str) -> float:
    """A choice's log-likelihood by one full pass with transformers alone."""
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(model.identity.split("@")[0], dtype=torch.float32).eval()
    prompt, ids = model.encode(before), model.encode(before + choice)
    assert ids[: len(prompt)] == prompt
    with torch.inference_mode():
        logits = reference(torch.tensor([ids])).logits[0].log_softmax(-1)
    return float(sum(logits[i - 1, ids[i]] for i in range(len(prompt), len(ids))))


def test_scores_are_those_of_separate_full_passes(model: LocalModel) -> None:
    assert model.exact
    scored = model.score(ASKS)
    for ask, values in zip(ASKS, scored.loglikelihoods, strict=True):
        expected = [plainly(model, ask.context + ask.prompt, c) for c in ask.choices]
        assert values == pytest.approx(expected, abs=2e-4)
    assert scored.usage.tokens_in_reused > 0


def test_texts_are_those_of_transformers_generate(model: LocalModel, tiny: Path) -> None:
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32).eval()
    prefix, prompts = "The sea is wide and deep. ", ["The sky", "A keeper of many lamps is", "It"]
    made = model.generate([Request(prefix, p, max_tokens=12, stop=()) for p in prompts])
    for prompt, text in zip(prompts, made.texts, strict=True):
        ids = torch.tensor([model.encode(prefix + prompt)])
        out = reference.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
        assert text == model.tokenizer.decode(out, skip_special_tokens=True)


def test_a_sampled_text_depends_on_its_own_seed_not_on_its_neighbours(model: LocalModel) -> None:
    def ask(seed: int) -> Request:
        return Request("The sea. ", "It is", max_tokens=8, stop=(), temperature=1.0, seed=seed)

    alone, together = model.generate([ask(1)]).texts, model.generate([ask(0), ask(1), ask(2)]).texts
    assert together[1] == alone[0]
    assert len(set(together)) == 3


def test_a_context_beyond_the_window_is_an_error(model: LocalModel) -> None:
    with pytest.raises(UserError, match="the model's window is 512"):
        model.score([Ask("word " * 600, "a", (" b", " c"))])


def test_no_such_model() -> None:
    from augtune.backends import Models

    fault = Models().fault("no/such-model")
    assert fault is not None
    assert "no/such-model" in fault


LONG = "".join(f"Lamp {i} stands in the {'north' if i % 3 else 'far south'}, near pier {i * i}. " for i in range(30))


@pytest.mark.parametrize("context", ["", "The sea. ", LONG, LONG.strip(), LONG + "\n\n", "x" * 900, " " * 900])
@pytest.mark.parametrize("chat", [False, True])
def test_a_context_that_is_tokenized_once_has_the_ids_of_the_whole(model: LocalModel, context: str, chat: bool) -> None:
    endings = ["", "It", " is", "  ", "\nQ", "'s", "9"]
    assert model.encode_all(context, endings, chat) == [model.encode(context + e, chat) for e in endings]


def test_a_tokenizer_that_joins_across_the_cut_is_given_the_whole(tiny: Path) -> None:
    class Joining:
        """Gives the whole text's ids only if it sees the whole text."""

        eos_token_id = -1

        def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
            return SimpleNamespace(input_ids=[len(text), *map(ord, text)])

    model = LocalModel(str(tiny), dtype="float32")
    model.tokenizer = Joining()
    assert model.encode_all(LONG, ["a", "b"]) == [model.encode(LONG + "a"), model.encode(LONG + "b")]
