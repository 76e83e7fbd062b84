"""`augtune run --dry-run`: what a run will take, before anything starts: tokens, FLOPs, time and money of each stage.

The flow of study.py is walked in a folder that is thrown away, with a backend that counts instead of computing, so that
prompts, sharing and batches are those of a run. What a model alone knows is sampled: a few documents are augmented, for
the length of its texts and the share that is accepted, and this machine is timed for some seconds.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from . import augment
from . import study as flows
from .augment import decomposed, documents, preflight
from .backends import Models, on_server
from .backends.base import Request
from .backends.store import Store
from .config import EPOCHS, Study
from .errors import UserError
from .names import is_augmented, is_trained
from .progress import bar, say
from .records import Augmentation, Usage, write_jsonl
from .report import costs
from .runs import Run

SAMPLED = 12  # documents that are augmented for real
ENOUGH = 8  # texts from which on a sample stands for a strategy
# Where there is no sample: the share of a request's limit that is written, and of texts that is accepted. From runs of
# worlds 100: 8,500 texts; acceptance differs by kind of text from 0.02 to 0.4.
WRITTEN, ACCEPTED = 0.6, 0.25
PADDING = 1.1  # batches are padded to a multiple of 8


@dataclass(frozen=True)
class Sampled:
    """What a strategy did with a few documents: texts, the share written of what requests allow, the share accepted."""

    texts: int
    written: float
    accepted: float


def estimate(study: Study, folder: Path, models: Models | None = None) -> dict[str, Any]:
    """The rows of a run that is not made: {"rows": [{"stage", "arm", "seed", **Usage}], "total", "sampled", ...}.
    Raises UserError for what keeps the run from being made, and for models on servers, whose speed and tokens are
    theirs."""
    models = models or Models(study.dtype, study.server)
    corpus, faults = flows.check(study, folder, models)
    model = study.augment.model or study.model
    if on_server(model) or on_server(study.model):
        faults.append("--dry-run: models on servers are not predicted: their tokens and their speed are theirs")
    if faults:
        raise UserError(*faults)
    from .backends import counting
    from .backends.local import LocalModel
    from .train import trainer

    with tempfile.TemporaryDirectory() as scratch:
        real = models.open(model)
        assert isinstance(real, LocalModel)
        say("dry run: timing this machine, and augmenting a few documents")
        rates, exact = counting.probe(real), real.exact
        augmented = any(map(is_augmented, study.arms))
        verdicts = _verdicts(study, folder) if augmented else []
        sampled = {v.strategy: _sample(v, study, real, Path(scratch), corpus.documents) for v in verdicts}
        per_token, per_step = 0.0, 0.0
        if any(is_trained(arm) for arm in study.arms):
            if study.model != model:
                del real
                models.close()
                real = models.open(study.model)
                assert isinstance(real, LocalModel)
            per_token, per_step = trainer.probe(real.model, study.train)
        del real
        models.close()

        share = {"written": WRITTEN}

        def length(request: Request) -> int:
            return round(share["written"] * request.max_tokens)

        made = counting.CountingModels(
            lambda name: counting.Counting(name, rates, exact, _pretended, length), models.identity
        )
        run = Run(Path(scratch) / "run", study.name)
        run.folder.mkdir()
        flow = flows.Flow(study, run, corpus, made, force=True)  # type: ignore[arg-type]
        rows: list[dict[str, Any]] = []

        def add(stage: str, usage: Usage, arm: str | None = None, seed: int | None = None) -> None:
            priced = costs.money(usage, study.prices, training=stage == "train")
            rows.append({"stage": stage, "arm": arm, "seed": seed, **priced.row()})

        settings = study.augment
        if verdicts:
            measured = preflight.preflight(
                made.open(model), flow.store, settings.strategies, settings.samples, settings.style, True, flows.bar_of
            )
            add("preflight", measured[2])
        taught: list[Augmentation] = []
        spent = Usage()
        for v in verdicts:
            share["written"] = sampled[v.strategy].written
            each = augment.apply(
                v.strategy, v.style, made.open(model), flow.store, corpus.documents, settings.samples,
                settings.temperature, study.seeds[0], flows.bar_of, v.comparisons,
            )  # fmt: skip
            spent += each.usage
            asked = [a for a in each.found if a.text]
            taught += asked[: round(sampled[v.strategy].accepted * len(asked))]
        if verdicts:
            add("augment", spent)
            write_jsonl(run.folder / "augmentations.jsonl", taught)
        share["written"] = WRITTEN
        for seed, arm in flows._each(study):
            if is_trained(arm):
                add("train", _training(flow, arm, per_token, per_step), arm, seed)
                if study.train.match == "validation":
                    for n in range(1, -(-int(study.train.epochs or EPOCHS) // 1) + 1):
                        (flows.model_folder(flow, arm, seed) / f"{trainer.PASS}{n}").mkdir(parents=True)
        for seed, arm in flows._each(study):
            flows.ask(flow, arm, seed)
            manifest = json.loads((run.folder / "stages" / f"evaluate-{arm}-{seed}.json").read_text(encoding="utf-8"))
            if manifest["validation"]["calls"]:
                add("validate", Usage.of(manifest["validation"]), arm, seed)
            add("evaluate", Usage.of(manifest["usage"]), arm, seed)
    total = Usage.total(Usage.of(row) for row in rows)
    return {
        "schema": 1, "study": study.name, "rows": rows, "total": total.row(),
        "sampled": {name: asdict(s) for name, s in sampled.items()},
        "rates": {**asdict(rates), "trained_token": per_token, "optimizer_step": per_step},
    }  # fmt: skip


def _verdicts(study: Study, folder: Path) -> list[augment.Verdict]:
    """What preflight found in the run's folder, if it was there; else every strategy is taken to be used, by worked
    examples, and comparisons to be left to `converse` where that is asked for."""
    if (folder / "preflight.json").exists():
        found = json.loads((folder / "preflight.json").read_text(encoding="utf-8"))["verdicts"]
        verdicts = [augment.Verdict(**row) for row in found]
        if {v.strategy for v in verdicts} == set(study.augment.strategies):
            return [v for v in verdicts if v.use]
    style = "chat" if study.augment.style == "chat" else "examples"
    alone = "converse" not in study.augment.strategies
    return [augment.Verdict(s, style, True, alone, "not measured yet") for s in study.augment.strategies]


def _sample(v: augment.Verdict, study: Study, model: Any, scratch: Path, texts: Any) -> Sampled:
    """The strategy, for real, on a few documents. Drawn, since those of a benchmark, or of a form, lie in a pattern."""
    few = random.Random("dry run").sample(list(texts), min(SAMPLED, len(texts)))
    limits: list[int] = []

    class Noting(Store):
        def generate(self, backend: Any, requests: Any, tick: Callable[[int], None]) -> Any:
            limits.extend(r.max_tokens for r in requests)
            return super().generate(backend, requests, tick)

    store = Noting(scratch / f"sample-{v.strategy}.sqlite")
    made = augment.apply(
        v.strategy, v.style, model, store, few, study.augment.samples, study.augment.temperature, study.seeds[0],
        lambda what, total: bar(f"dry run: {what}", total, "texts"), v.comparisons,
    )  # fmt: skip
    asked = [a for a in made.found if a.text]
    if len(asked) < ENOUGH:
        return Sampled(len(asked), WRITTEN, ACCEPTED)
    accepted = sum(a.reason is None for a in asked) / len(asked)
    return Sampled(len(asked), made.usage.tokens_out / sum(limits) if limits else WRITTEN, accepted)


def _pretended(request: Request) -> str:
    """A text in place of what a model would write, such that steps that build on it go on."""
    own = request.prompt.strip()
    given = own.rpartition("\n")[0].partition(": ")[2] or own
    if own.endswith(decomposed.OPPOSITE.form.format(text="").strip()):
        return own.split()[0].lower()[::-1] + "."  # and the opposite of that is the word again
    if own.endswith(documents.NAME.form.rpartition("\n")[2]):
        return "; ".join(given.split()[:4])
    return given


def _training(flow: flows.Flow, arm: str, per_token: float, per_step: float) -> Usage:
    from .backends.counting import Counting
    from .train.trainer import plan

    settings, matched = flow.study.train, flows._matched(flow)
    planned = plan(flow.study.model, flows.texts_of(flow, arm), settings)
    steps, tokens = planned.steps, planned.tokens
    if "tokens" in matched:
        steps, tokens = round(steps * matched["tokens"] / tokens), matched["tokens"]
    elif "steps" in matched:
        steps, tokens = matched["steps"], round(tokens * matched["steps"] / steps)
    backend = flow.models.open(flow.study.model)
    assert isinstance(backend, Counting)
    seconds = PADDING * tokens * per_token + steps * per_step
    return Usage(tokens_in=tokens, flops=6.0 * backend.parameters * tokens, seconds=seconds)


def table(found: dict[str, Any]) -> Table:
    """For people."""
    shown = Table(title=f"{found['study']}: what a run will take", title_justify="left")
    for name in ("stage", "arm", "seed"):
        shown.add_column(name)
    for name in ("tokens read", "reused", "written", "TFLOP", "seconds", "money"):
        shown.add_column(name, justify="right")
    for row in [*found["rows"], {"stage": "total", "arm": None, "seed": None, **found["total"]}]:
        money = "-" if row["money"] is None else f"{row['money']:.2f}"
        shown.add_row(
            row["stage"], row["arm"] or "", "" if row["seed"] is None else str(row["seed"]), f"{row['tokens_in']:,}",
            f"{row['tokens_in_reused']:,}", f"{row['tokens_out']:,}", f"{row['flops'] / 1e12:,.1f}",
            f"{row['seconds']:,.0f}", money,
        )  # fmt: skip
    return shown
