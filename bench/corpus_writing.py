"""Global augmentation: texts about each document with the whole corpus before it, against transformers generate."""

from __future__ import annotations

from typing import Any

import flops
import writing

PEERS = {"generate, one call a document": (8, 12), "generate, the prefix's cache reused": (2, 4)}  # asked, aim
compared = writing.compared
SIDES = {
    "augtune": writing.ours,
    "generate, one call a document": writing.each_alone,
    "generate, the prefix's cache reused": writing.prefix_reused,
}


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    from augtune import benchmarks
    from augtune.augment.linked import CONTEXT, TRACE
    from augtune.backends.local import load_tokenizer

    tokenizer = load_tokenizer(model)
    size, asked, most = (300, 6, 8) if quick else (2000, 60, 40)
    shown, read = [], 0
    for d in benchmarks.make("people", 0, {}).documents:
        read += len(tokenizer(d.text).input_ids) + 2
        if read > size:
            break
        shown.append(d)
    prefix = CONTEXT.format(documents="\n\n".join(d.text for d in shown))
    prompts = [TRACE.form.format(text=d.text) for d in shown[:asked]]
    given, own = len(tokenizer(prefix).input_ids), [len(tokenizer(p).input_ids) for p in prompts]
    shape, wrote = flops.Shape.of(model), [most] * len(prompts)
    alone, alone_tokens = flops.writing_alone(shape, given, own, wrote)
    shared, tokens = flops.writing_shared(shape, given, own, wrote)
    first, second = PEERS
    return {
        "prefix": prefix, "prompts": prompts, "most": wrote, "stop": [], "timed": 2 if quick else 10,
        "what": f"write {most} tokens about each of {len(prompts)} documents over a corpus of {given} tokens",
        "bounds": {
            first: {"flops": alone / shared, "peer_tokens": alone_tokens, "tokens": tokens},
            second: {"flops": 1.0, "peer_tokens": tokens, "tokens": tokens},
        },
    }  # fmt: skip
