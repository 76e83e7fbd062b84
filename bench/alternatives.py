"""What else could write many texts over one corpus: the work of corpus_writing with prompt lookup, by transformers'
continuous batching, by llama.cpp and by OpenVINO GenAI. Not part of `make bench`:
.venv-bench/bin/pip install -r bench/requirements-more.txt && python bench/run.py --rounds 1 alternatives"""

from __future__ import annotations

from typing import Any

import corpus_writing
import llamacpp
import writing

PEERS = {"generate, the prefix's cache reused": (None, None), "with prompt lookup as well": (None, None),
         "continuous batching": (None, None), "llama.cpp": (None, None), "OpenVINO GenAI": (None, None)}  # fmt: skip
compared = writing.compared


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    from augtune.backends.embedded import source

    found = corpus_writing.work(quick, model, dtype)
    return {**found, "gguf": str(source()), "room": 512 * (2 if quick else 24)}


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


def openvino(work: dict[str, Any]) -> Any:
    """Its continuous batching with a cache of prefixes. The first text is written alone: what is asked for at the same
    time shares nothing."""
    import openvino_genai

    how = openvino_genai.SchedulerConfig()
    how.enable_prefix_caching, how.cache_size, how.max_num_batched_tokens = True, 1, 512
    model = openvino_genai.LLMPipeline(
        llamacpp.in_dtype(work["gguf"], "F16"), "CPU", scheduler_config=how, INFERENCE_PRECISION_HINT="bf16",
        INFERENCE_NUM_THREADS=work["threads"],
    )  # fmt: skip
    given = openvino_genai.GenerationConfig()
    given.do_sample, given.apply_chat_template, given.max_new_tokens = False, False, max(work["most"])
    if work["stop"]:
        given.stop_strings = set(work["stop"])
    first, *others = [work["prefix"] + p for p in work["prompts"]]

    def go() -> dict[str, Any]:
        return {"texts": [t for part in ([first], others) for t in model.generate(part, given).texts]}

    return go


SIDES = {
    "augtune": writing.ours,
    "generate, the prefix's cache reused": writing.prefix_reused,
    "with prompt lookup as well": lambda work: writing.prefix_reused(work, prompt_lookup_num_tokens=10),
    "continuous batching": continuous_batching,
    "llama.cpp": llamacpp.prefix_shared,
    "OpenVINO GenAI": openvino,
}
