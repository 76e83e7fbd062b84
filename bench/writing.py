"""What both rows of generation share: the sides, and how far their texts agree."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from itertools import takewhile
from typing import Any

Work = dict[str, Any]
Go = Callable[[], dict[str, Any]]


def ours(work: Work) -> Go:
    from augtune.backends.base import Request
    from augtune.backends.local import LocalModel

    model = LocalModel(work["model"], dtype=work["dtype"])
    requests = [
        Request(work["prefix"], p, most, tuple(work["stop"]))
        for p, most in zip(work["prompts"], work["most"], strict=True)
    ]
    order = sorted(range(len(requests)), key=lambda i: len(requests[i].prompt))

    def go() -> dict[str, Any]:
        texts, computed, wrote = [""] * len(requests), 0, 0
        for k in range(0, len(order), model.batch_size):
            batch = order[k : k + model.batch_size]
            made = model.generate([requests[i] for i in batch])
            for i, text in zip(batch, made.texts, strict=True):
                texts[i] = text
            computed += made.usage.tokens_in + made.usage.tokens_out - len(batch)
            wrote += made.usage.tokens_out
        return {"texts": texts, "computed": computed, "wrote": wrote}

    return go


def _loaded(work: Work) -> tuple[Any, Any, list[int]]:
    """Tokenizer, model, and the words that end a text."""
    return _load(work["model"], work["dtype"], tuple(work["stop"]))


@lru_cache
def _load(name: str, dtype: str, stop: tuple[str, ...]) -> tuple[Any, Any, list[int]]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, dtype)).eval()
    ends = [tokenizer.eos_token_id]
    if stop:  # every word of the vocabulary that holds a stop string: cheaper than to look into the text
        ends += [i for i in range(len(tokenizer)) if any(s in tokenizer.decode([i]) for s in stop)]
    return tokenizer, model, ends


def _cut(text: str, stop: list[str]) -> str:
    return text[: min((k for s in stop if (k := text.find(s)) >= 0), default=len(text))]


def each_alone(work: Work) -> Go:
    """transformers generate, one call for each text, the whole prompt in each."""
    tokenizer, model, ends = _loaded(work)
    timed = work["prompts"][: work["timed"]]

    def go() -> dict[str, Any]:
        texts = []
        for p, most in zip(timed, work["most"], strict=False):
            ids = tokenizer(work["prefix"] + p, return_tensors="pt")
            out = model.generate(
                **ids, max_new_tokens=most, do_sample=False, eos_token_id=ends, pad_token_id=tokenizer.eos_token_id
            )
            texts.append(
                _cut(tokenizer.decode(out[0, ids.input_ids.shape[1] :], skip_special_tokens=True), work["stop"])
            )
        return {"texts": texts, "extended": len(work["prompts"]) / len(timed)}

    return go


def prefix_reused(work: Work, **how: Any) -> Go:
    """transformers generate, one call for each text, with a copy of the prefix's cache."""
    import torch
    from transformers import DynamicCache

    tokenizer, model, ends = _loaded(work)

    def go() -> dict[str, Any]:
        texts, prefix = [], DynamicCache()
        with torch.inference_mode():
            prompts = [tokenizer(work["prefix"] + p, return_tensors="pt") for p in work["prompts"]]
            # Where words merge across the seam, the prefix ends before it.
            parts = [tokenizer(work["prefix"]).input_ids, *(ids.input_ids[0].tolist() for ids in prompts)]
            same = takewhile(lambda column: len(set(column)) == 1, zip(*parts, strict=False))
            shared = torch.tensor([[column[0] for column in same]])
            model(shared, past_key_values=prefix, use_cache=True, logits_to_keep=1)
            for ids, most in zip(prompts, work["most"], strict=True):
                out = model.generate(
                    **ids, past_key_values=copy.deepcopy(prefix), max_new_tokens=most, do_sample=False,
                    eos_token_id=ends, pad_token_id=tokenizer.eos_token_id, **how,
                )  # fmt: skip
                new = out[0, ids.input_ids.shape[1] :]
                texts.append(_cut(tokenizer.decode(new, skip_special_tokens=True), work["stop"]))
        return {"texts": texts}

    return go


def batches(size: int) -> Callable[[Work], Go]:
    """transformers generate, `size` rows at a time, the whole prompt in each row."""

    def prepare(work: Work) -> Go:
        tokenizer, model, ends = _loaded(work)
        timed = work["prompts"][: work["timed"]]

        def go() -> dict[str, Any]:
            texts: list[str] = []
            for k in range(0, len(timed), size):
                ids = tokenizer([work["prefix"] + p for p in timed[k : k + size]], return_tensors="pt", padding=True)
                out = model.generate(
                    **ids, max_new_tokens=max(work["most"][k : k + size]), do_sample=False, eos_token_id=ends,
                    pad_token_id=tokenizer.eos_token_id,
                )  # fmt: skip
                for row in out[:, ids.input_ids.shape[1] :]:
                    texts.append(_cut(tokenizer.decode(row, skip_special_tokens=True), work["stop"]))
            return {"texts": texts, "extended": len(work["prompts"]) / len(timed)}

        return go

    return prepare


def compared(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    pairs = list(zip(mine["texts"], theirs["texts"], strict=False))
    return {"same_texts": f"{sum(a.strip() == b.strip() for a, b in pairs)} of {len(pairs)}"}
