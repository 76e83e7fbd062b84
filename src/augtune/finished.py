"""What is done with a run afterwards: ask its arms, take one home. Beside study.py the only file that joins stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import export as home
from .backends import Models
from .backends.store import Store
from .config import Study
from .errors import UserError
from .evaluate import arms, prompts, score
from .evaluate.score import Setting
from .export.ask import Answer
from .names import is_augmented, is_trained
from .progress import console, say
from .records import Corpus, Question, read_json
from .runs import Run
from .study import Flow, augmentations_of, load, model_folder, training_is_current


def reopen(folder: Path, models: Models | None = None, data: bool = True) -> Flow:
    """A run that was made before, with the study that stands in its folder; without `data` its corpus is left empty.
    Raises UserError if there is none, or if its data cannot be read any more."""
    file = folder / "study.json"
    if not file.is_file():
        raise UserError(f"{folder}: holds no run (there is no study.json); `augtune run` makes one")
    try:
        study = Study.model_validate(json.loads(file.read_text(encoding="utf-8"))["study"])
    except (ValueError, KeyError, TypeError) as e:
        said = str(e).splitlines()[0]
        raise UserError(f"{file}: is not readable as a study of this version of augtune ({said})") from e
    corpus, faults = load(study) if data else (Corpus([], []), [])
    if faults:
        raise UserError(*faults, f"{folder}: relative paths of its study are read from the folder where it was run")
    return Flow(study, Run(folder, study.name), corpus, models or Models(study.dtype, study.server))


def ask(
    folder: Path, question: str, wanted: Sequence[str], choices: list[str] | None, max_tokens: int | None = None,
    models: Models | None = None,
) -> tuple[str, list[Answer]]:  # fmt: skip
    """The study's normalization, and what each arm answers, in the prompt form and with the documents that validation
    chose for it; all arms that were evaluated if none is named. Nothing is written to the run. Raises UserError."""
    flow = reopen(folder, models, data=False)
    study, seed = flow.study, flow.study.seeds[0]
    if not question.strip():
        raise UserError("the question is empty")
    if unknown := [arm for arm in wanted if arm not in study.arms]:
        raise UserError(f"--arm {unknown[0]}: not in this run, which has: {', '.join(study.arms)}")
    found = {arm: flow.run.left(f"evaluate-{arm}-{seed}") for arm in arms.in_order(wanted or study.arms)}
    missing = [arm for arm, manifest in found.items() if manifest is None]
    if missing and (wanted or len(missing) == len(found)):
        raise UserError(f"{folder}: not evaluated yet: {', '.join(missing)}; `augtune run` with the same study goes on")
    if missing:
        say(f"not evaluated yet, left out: {', '.join(missing)}")
    reading = [
        arm for arm, manifest in found.items() if manifest and arms.arm_of(arm).context in ("documents", "retrieved")
    ]
    if reading:
        flow.corpus, faults = load(study)
        if faults:
            raise UserError(*faults, f"{folder}: {reading[0]} needs the documents; name other arms with --arm")
    store = Store(Path(":memory:"))  # a question on the side is no part of the run
    flow.models.pay = store.pay
    asked = Question("asked", question.strip(), (choices or [""])[0], choices)
    answers = []
    for arm, manifest in found.items():
        if manifest is None:
            continue
        spec, shown = arms.arm_of(arm), manifest.get("k") or manifest.get("shown", 0)
        setting = Setting(manifest["form"], manifest["factor"], manifest["order"] == "shuffled", k=manifest.get("k", 0),
                          chunk=manifest.get("chunk", 0))  # fmt: skip
        trained = model_folder(flow, arm, seed) if spec.trained else None
        with console.status(f"{arm}: loading"):
            backend = flow.models.open(study.model, trained)
        with console.status(f"{arm}: answering"):
            before, _ = arms.Contexts(spec, flow.corpus.documents, study.evaluate.rag).before(backend, setting, [asked])
            (told,), _ = score.answer(
                backend, store, arm, seed, setting.form, before, [asked], study.evaluate.normalization,
                max_tokens or study.evaluate.max_tokens, lambda _: None,
            )  # fmt: skip
        answers.append(Answer(arm, setting.form, shown, told))
    return study.evaluate.normalization, answers


def export(
    folder: Path, out: Path, arm: str = "augmented", merge: bool | None = None, dtype: str = "float32",
    formats: Sequence[str] = (), force: bool = False, data_only: bool = False, models: Models | None = None,
) -> None:  # fmt: skip
    """An arm's weights and data, as export/__init__.py lays them out. Raises UserError with all faults."""
    faults = home.check(out, dtype, formats, force)
    try:
        flow = reopen(folder, models)
        faults += _unready(flow, arm, data_only)
    except UserError as e:
        faults += e.faults
    if faults:
        raise UserError(*faults)
    with console.status(f"{arm}: exporting"):
        home.write(bundle(flow, arm, data_only), out, merge, dtype, formats, force)


def _unready(flow: Flow, arm: str, data_only: bool) -> list[str]:
    """What keeps an arm from being exported."""
    folder, study, seed = flow.run.folder, flow.study, flow.study.seeds[0]
    trained = [name for name in study.arms if is_trained(name)]
    if arm not in trained:
        why = "has no weights of its own" if arm in study.arms else "is not in this run"
        return [f"--arm {arm}: {why}; can be exported: {', '.join(trained) or 'none of its arms'}"]
    if is_augmented(arm) and not (folder / "augmentations.jsonl").exists():
        return [f"{folder}: holds no augmentations yet; `augtune run` with the same study goes on"]
    if data_only:
        return []
    if flow.run.left(f"train-{arm}-{seed}") is None or not model_folder(flow, arm, seed).is_dir():
        return [
            f"{folder}: {arm} is not trained yet; `augtune run` with the same study goes on, --data-only leaves it out"
        ]
    results = read_json(folder / "results.json")
    # As both were written: a later version of augtune may know more keys.
    told = results and results["study"] == read_json(folder / "study.json")["study"] and arm in results["arms"]
    if not told or flow.run.left(f"evaluate-{arm}-{seed}") is None:
        return [f"{folder}: not finished: no results for {arm} under the run's settings; `augtune run` with the same "
                "study goes on, --data-only leaves model and results out"]  # fmt: skip
    return []


def bundle(flow: Flow, arm: str, data_only: bool = False) -> home.Bundle:
    """What a run holds about a trained arm."""
    study, seed, notes = flow.study, flow.study.seeds[0], []
    weights = None
    if not data_only:
        folder = model_folder(flow, arm, seed)
        form = (flow.run.left(f"evaluate-{arm}-{seed}") or {})["form"]
        if not training_is_current(flow, arm, seed):
            notes.append(
                "documents, settings, base model or augtune itself changed after this arm was trained: this data is "
                "what it would be trained on today"
            )
        # Only a chat template needs the model.
        backend: Any = flow.models.open(study.model, folder) if form == "chat" else None
        closed = [q for q in flow.corpus.questions if q.choices]
        asked = [(q, prompts.ask(backend, form, None, q)) for q in closed]
        done = flow.run.left(f"train-{arm}-{seed}") or {}
        opened = len(flow.corpus.questions) - len(closed)
        weights = home.Weights(folder, seed, done, form, asked, opened, read_json(flow.run.folder / "results.json"))
        flow.models.close()
    for note in notes:
        say(f"note: {note}")
    return home.Bundle(study, arm, flow.corpus.documents, augmentations_of(flow, arm), weights, notes)
