"""One pass over short sentences, all weights, against TRL's SFTTrainer: as it comes, tuned, and packed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flops

PEERS = {"SFTTrainer as it comes": (2, 3), "SFTTrainer tuned": (1.5, 2.5), "SFTTrainer packed": (None, None)}
BATCH, RATE = 16, 2e-4
SCHEDULE = {"warmup_steps": 3, "adam_beta2": 0.99}  # as augtune's, so that what is learnt can be compared


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    from augtune import benchmarks
    from augtune.backends.local import load_tokenizer

    tokenizer = load_tokenizer(model)
    texts = [d.text for d in benchmarks.make("people", 0, {}).documents]
    learnt = texts[:32] if quick else texts[:900]
    lengths = [len(tokenizer(t).input_ids) + 1 for t in learnt]
    shape = flops.Shape.of(model)
    once, tokens = flops.training(shape, lengths)
    again, _ = flops.training(shape, lengths, 4.0)
    first, *others = PEERS
    return {
        "texts": learnt, "held_out": [d.text for d in benchmarks.make("people", 1, {}).documents][:40],
        "what": f"train on {len(learnt)} sentences of {sum(lengths) / len(lengths):.0f} tokens, all weights",
        "row": round(sum(lengths) / len(lengths) * BATCH),
        "bounds": {
            first: {"flops": again / once, "peer_tokens": tokens, "tokens": tokens},
            **{name: {"flops": 1.0, "peer_tokens": tokens, "tokens": tokens} for name in others},
        },
    }  # fmt: skip


def held_out_loss(model: Any, tokenizer: Any, texts: list[str]) -> float:
    """Nats a token of texts that were not trained on, in float32."""
    import torch

    model = model.float().eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer(text, return_tensors="pt").input_ids
            total += float(model(ids, labels=ids).loss) * (ids.shape[1] - 1)
            count += ids.shape[1] - 1
    return total / count


def ours(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    from augtune.backends.local import load_tokenizer, load_weights
    from augtune.config import Train
    from augtune.train import trainer

    @contextmanager
    def quiet(total: float) -> Any:
        yield lambda n: None

    out = Path(tempfile.mkdtemp())
    settings = Train(method="full", epochs=1, batch_size=BATCH, learning_rate=RATE)

    def go() -> dict[str, Any]:
        done = trainer.train(work["model"], work["texts"], settings, 0, work["dtype"], out / "m", quiet, "bench")

        def after() -> dict[str, Any]:
            import torch

            network = load_weights(str(out / "m"), torch.float32)
            loss = held_out_loss(network, load_tokenizer(work["model"]), work["held_out"])
            shutil.rmtree(out)
            return {"held_out_loss": loss}

        return {"computed": done["tokens"], "steps": done["steps"], "after": after}

    return go


def theirs(**settings: Any) -> Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]:
    """Each side loads, trains and writes its weights, as augtune's train does."""

    def prepare(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        from datasets import Dataset
        from transformers import AutoTokenizer
        from trl import SFTConfig, SFTTrainer

        out = Path(tempfile.mkdtemp())
        given = {k: work["row"] if v == "row" else v for k, v in {"num_train_epochs": 1, **settings}.items()}
        half = work["dtype"] == "bfloat16"

        def go() -> dict[str, Any]:
            arguments = SFTConfig(
                str(out), learning_rate=RATE, report_to=[], save_strategy="no", use_cpu=True,
                bf16=half, disable_tqdm=True, **given,
            )  # fmt: skip
            data = Dataset.from_list([{"text": t} for t in work["texts"]])
            trainer = SFTTrainer(work["model"], args=arguments, train_dataset=data)
            trainer.train()
            trainer.save_model(str(out / "m"))

            def after() -> dict[str, Any]:
                tokenizer = AutoTokenizer.from_pretrained(work["model"])
                loss = held_out_loss(trainer.model, tokenizer, work["held_out"])
                shutil.rmtree(out)
                return {"held_out_loss": loss}

            return {"steps": trainer.state.global_step, "after": after}

        return go

    return prepare


SIDES = {
    "augtune": ours,
    "SFTTrainer as it comes": theirs(),
    "SFTTrainer tuned": theirs(per_device_train_batch_size=BATCH, gradient_checkpointing=False, **SCHEDULE),
    "SFTTrainer packed": theirs(
        per_device_train_batch_size=1, gradient_checkpointing=False, packing=True, max_length="row", **SCHEDULE
    ),
}


def compared(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {
        "held_out_loss": [round(mine["held_out_loss"], 4), round(theirs["held_out_loss"], 4)],
        "steps": [mine["steps"], theirs["steps"]],
    }
