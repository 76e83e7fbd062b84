"""Training on transformers' Trainer: full or LoRA, checkpoints by the clock, a resumed run is the same run."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from ..backends.local import as_dtype, load_tokenizer, load_weights, load_window
from ..config import EPOCHS, Train
from ..errors import UserError
from ..records import Usage, read_json, write_json, write_jsonl
from .loss import Loss, from_hidden
from .norms import lean_norms
from .optimizer import HELD, MasterAdamW
from .texts import Example, Text, collate, examples, order, pass_ends, portions, with_replay
from .unpadded import SHORT, can_be_unpadded, unpadded

SMALL = 1_000_000_000  # parameters up to which method `auto` trains all of them
LEARNING_RATES = {"full": 2e-4, "lora": 1e-3}
WARM_UP = 0.05  # share of the steps
PASS = "pass-"  # folders of what training had reached after each pass
CHECKPOINT_EVERY = 120.0  # seconds: what a kill can cost
# Tokens of a batch, padding included, that are computed at a time.
AT_ONCE = {"cpu": 1024, "cuda": 8192}

Tick = Callable[[float], None]
Bar = Callable[[float], Any]  # total tokens -> context manager that yields a Tick


@dataclass(frozen=True)
class Plan:
    """What an arm takes by its own epochs, so that others can be given as much."""

    steps: int
    tokens: int


def plan(model: str, texts: Sequence[Text], settings: Train) -> Plan:
    """Optimizer steps and training tokens of these texts under these settings, without loading weights."""
    found = _examples(model, texts, settings, seed=0)[1]
    lengths = [len(e.ids) for e in found]
    epochs = None if settings.steps else settings.epochs or EPOCHS
    sequence = order(lengths, epochs, settings.steps, settings.batch_size, 0)
    return Plan(-(-len(sequence) // settings.batch_size), sum(lengths[i] for i in sequence))


def train(
    model: str, texts: Sequence[Text], settings: Train, seed: int, dtype: str, folder: Path, bar: Bar, mark: str,
    steps: int | None = None, tokens: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train on the texts and write the result to `folder`: a PEFT adapter, or full weights in safetensors, beside
    loss.jsonl. Returns what was done: method, parameters, trained, examples, steps, tokens, usage. `steps` or `tokens`,
    if given, stand instead of the settings' own length.

    With `match: validation` the folder holds pass-1, pass-2, ... instead, what training had reached after each pass
    over the texts; `keep` makes one of them the result.

    Stopped at any point, the next call with the same arguments goes on from the last checkpoint, at most
    CHECKPOINT_EVERY seconds before, with optimizer, data order and random state; `mark` tells whether they
    are the same. Raises UserError where the loss is no number any longer.
    """
    work = folder.with_name(f"{folder.name}.training")
    mark = f"{mark} {' '.join(HELD)}"  # an optimizer that held other things cannot go on
    if not (work / "mark").exists() or (work / "mark").read_text() != mark:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / "mark").write_text(mark)
    set_seed(seed)
    tokenizer, found = _examples(model, texts, settings, seed)
    network = load_weights(model, as_dtype(dtype))
    parameters = network.num_parameters()
    method = method_of(parameters, settings)
    if method == "lora":
        network = _with_adapter(network, settings.rank)
    steps = steps or settings.steps
    epochs = None if steps else settings.epochs or EPOCHS
    each_pass = settings.match == "validation"
    sequence = order([len(e.ids) for e in found], epochs, steps, settings.batch_size, seed, tokens)
    data = [found[i] for i in sequence]
    read = sum(len(e.ids) for e in data)
    rate = settings.learning_rate or LEARNING_RATES[method]
    with bar(read) as tick:
        clock = _Clock(work, [len(e.ids) for e in data], settings.batch_size, tick)
        callbacks: list[TrainerCallback] = [clock]
        if each_pass:
            ends = pass_ends(len(data), len(found), settings.batch_size)
            callbacks.append(_Passes(work, network, tokenizer, ends))
        with lean_norms(network), from_hidden(network) as loss:
            trainer = _trainer(network, tokenizer, data, settings.batch_size, rate, seed, work, callbacks, loss)
            trainer.train(resume_from_checkpoint=_last_whole(work))
    history = [h for h in trainer.state.log_history if "loss" in h]
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    if passes := passes_of(work):
        for n in passes:
            _link(work / f"{PASS}{n}", part / f"{PASS}{n}")
    else:
        _save(network, tokenizer, part)
    write_jsonl(part / "loss.jsonl", [{k: h[k] for k in ("step", "loss", "learning_rate")} for h in history])
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    shutil.rmtree(work)
    usage = Usage(tokens_in=read, flops=6.0 * parameters * read, seconds=round(clock.seconds(), 1))
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return {
        "method": method,
        "learning_rate": rate,
        "parameters": parameters,
        "trained": trained,
        "examples": len(found),
        "steps": trainer.state.global_step,
        "tokens": read,
        "usage": usage,
    }


def probe(network: Any, settings: Train) -> tuple[float, float]:
    """Seconds that a token of short texts takes to train on this machine, and an optimizer step beside it. The network
    is not what it was afterwards: throw it away."""
    if method_of(network.num_parameters(), settings) == "lora":
        network = _with_adapter(network, settings.rank)
    network.train()
    optimizer = MasterAdamW([p for p in network.parameters() if p.requires_grad], 1e-6)
    ids = torch.arange(1, 16 * 32 + 1, device=network.device).view(16, 32) % 1000 + 1
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    times: list[tuple[float, float]] = []
    with lean_norms(network), from_hidden(network) as loss:
        side_by_side = can_be_unpadded(network, ids.shape[1])
        for _ in range(2):
            start = time.perf_counter()
            part, attention = unpadded(batch) if side_by_side else (dict(batch), _attention(network, ids.shape[1]))
            labels = part.pop("labels") if loss else None
            with attention:
                out = network(**part, use_cache=False)
            (loss(out, labels) if loss else out.loss).backward()
            middle = time.perf_counter()
            optimizer.clip(1.0)
            optimizer.step()
            optimizer.zero_grad()
            times.append((middle - start, time.perf_counter() - middle))
    return min(t for t, _ in times) / ids.numel(), min(t for _, t in times)


def method_of(parameters: int, settings: Train) -> str:
    """full or lora, where the settings leave it open."""
    return settings.method if settings.method != "auto" else "full" if parameters <= SMALL else "lora"


def passes_of(folder: Path) -> list[int]:
    """The passes over the texts whose weights a folder keeps, in order; none once one was chosen."""
    if (folder / "kept.json").exists():
        return []
    return sorted(int(p.name.removeprefix(PASS)) for p in folder.glob(f"{PASS}*") if p.name[len(PASS) :].isdigit())


def weights_of(folder: Path, passed: int = 0) -> Path:
    """Where a pass's weights are while passes are kept; else, and for 0, the folder of the result."""
    return folder / f"{PASS}{passed}" if passed in passes_of(folder) else folder


def keep(folder: Path, chosen: int, why: dict[str, Any]) -> None:
    """Make a pass the result, and delete all passes. Until kept.json stands, a kill leaves every pass where it was;
    from then on the folder is the result, and `kept` tells why."""
    if passes_of(folder):
        _link(folder / f"{PASS}{chosen}", folder)
        write_json(folder / "kept.json", why)
    for each in folder.glob(f"{PASS}*"):
        shutil.rmtree(each)


def kept(folder: Path) -> dict[str, Any] | None:
    """Why a pass was made the result, as it was given to `keep`; None if none was."""
    found: dict[str, Any] | None = read_json(folder / "kept.json")
    return found


def _link(source: Path, target: Path) -> None:
    """A folder's files in another one too: without copying them, where the file system has hard links."""

    def one(here: str, there: str) -> None:
        Path(there).unlink(missing_ok=True)
        try:
            os.link(here, there)
        except OSError:
            shutil.copy2(here, there)

    shutil.copytree(source, target, copy_function=one, dirs_exist_ok=True)


def _examples(model: str, texts: Sequence[Text], settings: Train, seed: int) -> tuple[Any, list[Example]]:
    """The tokenizer, and what is trained on in one pass."""
    tokenizer = load_tokenizer(model)
    window = load_window(model)
    found = examples(texts, settings.splitting, tokenizer, window)
    return tokenizer, with_replay(found, settings.replay, tokenizer, window, seed)


def _save(network: Any, tokenizer: Any, folder: Path) -> None:
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _last_whole(work: Path) -> str | None:
    """The newest checkpoint that was written to its end; what a kill left half written is deleted. Trainer writes
    trainer_state.json last."""
    for checkpoint in sorted(work.glob("checkpoint-*"), key=lambda p: -int(p.name.split("-")[-1])):
        try:
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)
        else:
            return str(checkpoint)
    return None


def _with_adapter(network: Any, rank: int) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    # Adapters in the weights' own dtype: the optimizer's master copies hold the precision.
    return get_peft_model(network, config, autocast_adapter_dtype=False)


def _attention(model: Any, width: int) -> AbstractContextManager[None]:
    """The kernel that is faster for texts of so many tokens."""
    plain = model.device.type == "cpu" and width <= SHORT and model.dtype == torch.bfloat16
    return sdpa_kernel(SDPBackend.MATH) if plain else nullcontext()


class _Trainer(Trainer):  # type: ignore[misc]
    """Trainer that computes a batch in portions, without padding where it can be left out, and leaves clipping to the
    optimizer."""

    side_by_side = False

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """As Trainer's, but for adapters: PEFT would put float32 ones where the optimizer holds those in bfloat16."""
        if hasattr(self.model, "peft_config"):
            name = self.model.active_adapter
            self.model.load_adapter(resume_from_checkpoint, name, is_trainable=True, autocast_adapter_dtype=False)
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def training_step(
        self, model: Any, inputs: dict[str, torch.Tensor], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Gradients of a batch and its loss: summed over all tokens that are learnt and divided by their number, so
        that it does not matter how many rows are computed at a time."""
        device = self.args.device.type
        at_once = AT_ONCE.get(device, AT_ONCE["cuda"])
        if num_items_in_batch is None:  # then the model takes means, and those do not add up
            at_once = inputs["input_ids"].numel()
        losses = []
        for part in portions(inputs, at_once):
            width = part["labels"].shape[1]
            part, attention = unpadded(part) if self.side_by_side else (part, _attention(model, width))
            with attention:
                losses.append(super().training_step(model, part, num_items_in_batch))
        return torch.stack(losses).sum()

    def _clip_grad_norm(self, model: Any) -> torch.Tensor:
        norm: torch.Tensor = self.optimizer.optimizer.clip(self.args.max_grad_norm)  # below accelerate's wrapper
        return norm


def _trainer(
    network: Any, tokenizer: Any, data: list[Example], batch: int, rate: float, seed: int, work: Path,
    callbacks: list[TrainerCallback], loss: Loss | None,
) -> Trainer:  # fmt: skip
    arguments = TrainingArguments(
        output_dir=str(work),
        per_device_train_batch_size=batch,
        num_train_epochs=1,  # the order of `data` holds all passes already
        train_sampling_strategy="sequential",
        learning_rate=rate,
        lr_scheduler_type="linear",
        warmup_steps=max(1, round(WARM_UP * len(data) / batch)),
        max_grad_norm=1.0,
        logging_steps=5,
        logging_nan_inf_filter=False,  # else a loss that is no number is logged as another one
        save_strategy="no",  # by the clock instead
        save_total_limit=1,
        seed=seed,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=network.device.type == "cpu",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # with more, Trainer would multiply the batch by their number
    learnt = [p for p in network.parameters() if p.requires_grad]
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    trainer = _Trainer(
        model=network,
        args=arguments,
        train_dataset=data,
        data_collator=lambda rows: collate(rows, padding),
        compute_loss_func=loss,
        optimizers=(MasterAdamW(learnt, rate), None),
        callbacks=callbacks,
    )
    trainer.side_by_side = can_be_unpadded(network, max(len(e.ids) for e in data))
    trainer.remove_callback(
        next(c for c in trainer.callback_handler.callbacks if type(c).__name__ == "PrinterCallback")
    )
    return trainer


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Progress, checkpoints by the clock, and the seconds that training took, summed over restarts."""

    def __init__(self, work: Path, lengths: list[int], batch: int, tick: Tick) -> None:
        self.file, self.tick = work / "clock.json", tick
        self.tokens = [sum(lengths[i : i + batch]) for i in range(0, len(lengths), batch)]
        self.before = json.loads(self.file.read_text())["seconds"] if self.file.exists() else 0.0
        self.start = self.saved = time.monotonic()
        self.told = 0

    def seconds(self) -> float:
        return float(self.before) + time.monotonic() - self.start

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        self.tick(sum(self.tokens[self.told : state.global_step]))
        self.told = state.global_step
        if time.monotonic() - self.saved >= CHECKPOINT_EVERY and state.global_step < len(self.tokens):
            control.should_save = True
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        if not math.isfinite(logs.get("loss", 0.0)):
            raise UserError(
                f"train: the loss at step {state.global_step} is {logs['loss']}, from where nothing can be learnt; "
                f"lower train.learning_rate (it is {args.learning_rate:g})"
            )
        losses = [{"step": h["step"], "loss": h["loss"]} for h in state.log_history if "loss" in h]
        write_jsonl(self.file.with_name("loss.jsonl"), losses)  # for `augtune report --serve`

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.saved = time.monotonic()
        write_json(self.file, {"seconds": self.seconds()})


class _Passes(TrainerCallback):  # type: ignore[misc]
    """Keeps the weights after each whole pass over the texts, in the work folder, written whole or not at all."""

    def __init__(self, work: Path, network: Any, tokenizer: Any, ends: dict[int, int]) -> None:
        self.work, self.network, self.tokenizer, self.ends = work, network, tokenizer, ends

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if n := self.ends.get(state.global_step):
            part = self.work / f"{PASS}{n}.part"
            shutil.rmtree(part, ignore_errors=True)
            _save(self.network, self.tokenizer, part)
            shutil.rmtree(self.work / f"{PASS}{n}", ignore_errors=True)
            part.replace(self.work / f"{PASS}{n}")
