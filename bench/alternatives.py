"""What else could write many texts over one corpus: the work of corpus_writing by transformers' continuous batching,
and with prompt lookup. Not part of `make bench`: python bench/run.py --rounds 1 alternatives"""

from __future__ import annotations

from typing import Any

import corpus_writing
import writing

PEERS = {"generate, the prefix's cache reused": (None, None), "with prompt lookup as well": (None, None),
         "continuous batching": (None, None)}  # fmt: skip
compared = writing.compared
work = corpus_writing.work


def continuous_batching(work: dict[str, Any]) -> Any:
    tokenizer, model, ends = writing._loaded(work)
    from transformers import ContinuousBatchingConfig, GenerationConfig

    prompts = [tokenizer(work["prefix"] + p).input_ids for p in work["prompts"]]
    how = GenerationConfig(
        max_new_tokens=max(work["most"]), do_sample=False, eos_token_id=ends, pad_token_id=tokenizer.eos_token_id
    )
    model.set_attn_implementation("sdpa")

    def go() -> dict[str, Any]:
        found = model.generate_batch(prompts, how, ContinuousBatchingConfig(), warmup=False)
        rows = [found[key] for key in sorted(found, key=lambda k: int(k.rpartition("_")[2]))]
        return {"texts": [tokenizer.decode(r.generated_tokens, skip_special_tokens=True) for r in rows]}

    return go


SIDES = {
    "augtune": writing.ours,
    "generate, the prefix's cache reused": writing.prefix_reused,
    "with prompt lookup as well": lambda work: writing.prefix_reused(work, prompt_lookup_num_tokens=10),
    "continuous batching": continuous_batching,
}
