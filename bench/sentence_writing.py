"""Local augmentation: sentences rewritten by worked examples, against transformers generate in batches of 32."""

from __future__ import annotations

from typing import Any

import flops
import writing

PEERS = {"generate, batches of 32": (2.5, 5)}  # asked, aim
compared = writing.compared
SIDES = {"augtune": writing.ours, "generate, batches of 32": writing.batches(32)}
EXAMPLES = 4


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    from augtune import benchmarks
    from augtune.augment.local import REVERSE
    from augtune.backends.local import load_tokenizer

    tokenizer = load_tokenizer(model)
    asked = 12 if quick else 900
    texts = [d.text for d in benchmarks.make("people", 0, {}).documents][:asked]
    worked = [f"{REVERSE.form.format(text=a)} {b}{REVERSE.gap}" for a, b in REVERSE.examples[0][:EXAMPLES]]
    prefix, prompts = "".join(worked), [REVERSE.form.format(text=t) for t in texts]
    given, own = len(tokenizer(prefix).input_ids), [len(tokenizer(p).input_ids) for p in prompts]
    most = [int(REVERSE.longer * len(tokenizer(t).input_ids)) + REVERSE.most for t in texts]
    wrote = [len(tokenizer(t).input_ids) for t in texts]  # what comes back is about as long
    shape = flops.Shape.of(model)
    alone, alone_tokens = flops.writing_alone(shape, given, own, wrote)
    shared, tokens = flops.writing_shared(shape, given, own, wrote)
    return {
        "prefix": prefix, "prompts": prompts, "most": most, "stop": ["\n"], "timed": len(prompts),
        "what": f"rewrite {len(prompts)} sentences by {EXAMPLES} worked examples ({given} tokens)",
        "bounds": {name: {"flops": alone / shared, "peer_tokens": alone_tokens, "tokens": tokens} for name in PEERS},
    }  # fmt: skip
