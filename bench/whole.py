"""A whole study, against the peers glued together: every text that augtune's run asked for by generate in batches of
32, every training by a tuned SFTTrainer, every scored choice by lm-evaluation-harness (ten questions of each context
timed). The calls are recorded in augtune's run of the same bench, so that both sides do the same work."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scoring
import training
import writing

PEERS = {"generate, SFTTrainer tuned and lm-eval": (4, 8)}  # asked, aim
TIMED = 10  # questions of one context, or texts in a batch of writing that are timed before extending


def work(quick: bool, model: str, dtype: str) -> dict[str, Any]:
    size = {"p2d": 4, "d2p": 4, "p2d_templates": 3, "d2p_templates": 2} if quick else {}
    return {"study": "src/augtune/demo.yaml", "quick": quick, "size": size, "what": "the whole study people, small"}


def ours(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    import augtune.study as flow
    from augtune.backends.local import LocalModel
    from augtune.config import read_study
    from augtune.train import trainer

    written: list[dict[str, Any]] = []
    asked: dict[str, dict[str, Any]] = {}
    trained: list[list[str]] = []

    class Recording(LocalModel):
        def generate(self, requests: Any) -> Any:
            first = requests[0]
            written.append({
                "prefix": first.prefix, "prompts": [r.prompt for r in requests],
                "most": [r.max_tokens for r in requests],
                "stop": list(first.stop), "timed": len(requests),
            })  # fmt: skip
            return super().generate(requests)

        def score(self, asks: Any, *rest: Any) -> Any:
            for ask in asks if self.exact else ():  # not the probe's second half
                asked.setdefault(ask.context, {"context": ask.context, "questions": []})["questions"].append(
                    {"prompt": ask.prompt, "choices": list(ask.choices)}
                )
            return super().score(asks, *rest)

    import augtune.backends.local as local

    local.LocalModel = Recording  # type: ignore[misc]
    train = trainer.train

    def recorded(model: str, texts: Any, *rest: Any, **more: Any) -> Any:
        trained.append(list(texts))
        return train(model, texts, *rest, **more)

    trainer.train = recorded
    sets = [f"benchmark.{k}={v}" for k, v in work["size"].items()] + [
        f"model={work['model']}",
        f"dtype={work['dtype']}",
    ]
    read = read_study(Path(work["study"]), sets)
    assert read.study is not None, read.faults
    study, out = read.study, Path(tempfile.mkdtemp())

    def go() -> dict[str, Any]:
        flow.run(study, out / "run", force=work["quick"])
        shutil.rmtree(out)
        return {"hand_on": {"written": written, "asked": list(asked.values()), "trained": trained,
                            "epochs": study.train.epochs or 3}}  # fmt: skip

    return go


def glued(work: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    base = {key: work[key] for key in ("model", "dtype")}
    parts: list[Callable[[], dict[str, Any]]] = []
    parts += [writing.batches(32)({**base, **w}) for w in _merged(work["written"])]
    tuned = training.theirs(
        per_device_train_batch_size=training.BATCH, gradient_checkpointing=False, num_train_epochs=work["epochs"],
        **training.SCHEDULE,
    )  # fmt: skip
    parts += [tuned({**base, "texts": texts, "row": 0}) for texts in work["trained"]]
    for a in work["asked"]:  # one by one over a long context, by eights without: the harness's best there
        parts.append(scoring.harness(1 if len(a["context"]) > 400 else 8)({**base, **a, "timed": TIMED}))

    def go() -> dict[str, Any]:
        extra = 0.0
        start = time.process_time()
        for part in parts:
            began = time.process_time()
            found = part()
            extra += (time.process_time() - began) * (found.get("extended", 1.0) - 1)
        whole = time.process_time() - start
        return {"extended": (whole + extra) / whole}

    return go


def _merged(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests of one prefix together, so that batches of 32 are cut from all of them."""
    by_prefix: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
    for w in written:
        mine = by_prefix.setdefault((w["prefix"], tuple(w["stop"])), {**w, "prompts": [], "most": [], "timed": 0})
        mine["prompts"] += w["prompts"]
        mine["most"] += w["most"]
        mine["timed"] += w["timed"]
    return list(by_prefix.values())


SIDES = {"augtune": ours, "generate, SFTTrainer tuned and lm-eval": glued}


def compared(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {}
