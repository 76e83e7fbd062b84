"""Multiple choice over one context, against lm-evaluation-harness (its Hugging Face backend). Ten whole questions of
the harness's are timed, more take as much longer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import flops

PEERS = {"lm-eval, batch 1": (60, 100), "lm-eval, batch 4": (60, 100), "lm-eval, batch 8": (60, 100)}  # asked, aim
WHAT = "score {questions} questions of 4 choices over {context} tokens"


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    from augtune import benchmarks
    from augtune.backends.local import load_tokenizer
    from augtune.evaluate.prompts import PLAIN_CONTEXT, listing

    tokenizer = load_tokenizer(model)
    size, asked = (300, 4) if quick else (2000, 200)
    corpus = benchmarks.make("people", 0, {})
    shown, read = [], 0
    for d in corpus.documents:
        read += len(tokenizer(d.text).input_ids) + 1
        if read > size:
            break
        shown.append(d)
    context = PLAIN_CONTEXT.format(documents=listing(shown))
    ids = tokenizer(context).input_ids
    questions = []
    for q in corpus.questions:
        choices = [f" {c}" for c in q.choices or []]
        if len(choices) == 4 and all(len(tokenizer(c).input_ids) > 1 for c in choices):
            questions.append({"prompt": q.prompt, "choices": choices})
    questions = questions[:asked]
    tokens = [
        (len(tokenizer(q["prompt"]).input_ids), [len(tokenizer(c).input_ids) for c in q["choices"]]) for q in questions
    ]
    shape = flops.Shape.of(model)
    alone, alone_tokens = flops.scoring_alone(shape, len(ids), tokens)
    shared, shared_tokens = flops.scoring_shared(shape, len(ids), tokens)
    return {
        "context": context, "questions": questions, "timed": 2 if quick else 10,
        "what": WHAT.format(questions=len(questions), context=len(ids)),
        "bounds": {
            name: {"flops": alone / shared, "peer_tokens": alone_tokens, "tokens": shared_tokens} for name in PEERS
        },
    }  # fmt: skip


def ours(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    from augtune.backends.base import Ask
    from augtune.backends.local import LocalModel

    model = LocalModel(work["model"], dtype=work["dtype"])
    asks = [Ask(work["context"], q["prompt"], tuple(q["choices"])) for q in work["questions"]]

    def go() -> dict[str, Any]:
        scored = model.score(asks)
        best = [max(range(len(v)), key=v.__getitem__) for v in scored.loglikelihoods]
        return {"chosen": best, "computed": scored.usage.tokens_in, "values": scored.loglikelihoods}

    return go


@lru_cache
def _loaded(model: str, dtype: str, batch: int) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=model, dtype=dtype, batch_size=batch, device="cpu")


def harness(batch: int) -> Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]:
    def prepare(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        from lm_eval.api.instance import Instance

        model = _loaded(work["model"], work["dtype"], batch)
        timed = work["questions"][: work["timed"]]
        pairs = [(work["context"] + q["prompt"], c) for q in timed for c in q["choices"]]
        asked = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]

        def go() -> dict[str, Any]:
            values = [value for value, _ in model.loglikelihood(asked, disable_tqdm=True)]
            rows, at = [], 0
            for q in timed:
                rows.append(values[at : at + len(q["choices"])])
                at += len(q["choices"])
            best = [max(range(len(v)), key=v.__getitem__) for v in rows]
            return {"chosen": best, "values": rows, "extended": len(work["questions"]) / len(timed)}

        return go

    return prepare


SIDES = {"augtune": ours, **{f"lm-eval, batch {n}": harness(n) for n in (1, 4, 8)}}


def compared(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """How far both agree, on the questions that both scored."""
    n = len(theirs["chosen"])
    pairs = [(a, b) for x, y in zip(mine["values"], theirs["values"], strict=False) for a, b in zip(x, y, strict=True)]
    return {
        "same_choices": f"{sum(a == b for a, b in zip(mine['chosen'], theirs['chosen'], strict=False))} of {n}",
        "largest_difference_nats": round(max(abs(a - b) for a, b in pairs), 4),
    }
