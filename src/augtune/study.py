"""The whole flow, top to bottom: documents, preflight, augmentations, training, evaluation, report.

Each stage reads records and writes records into the run folder, and is done once: its manifest, written last, carries a
fingerprint of all that it depends on. Killed at any point, the same call goes on where it stopped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from . import augment, benchmarks, questions, tasks
from .augment import linked, preflight
from .augment import preview as previewed
from .backends import Models, on_server
from .backends.store import Store
from .config import EPOCHS, Budget, Ingest, Prices, Study
from .corpus.ingest import ingest, summary
from .corpus.read import read_questions
from .errors import UserError
from .evaluate import arms, forgetting, retrieval, score
from .evaluate.score import Setting
from .names import is_augmented, is_trained, strategies_of
from .progress import bar, console, say
from .questions import files
from .records import (
    Augmentation,
    Corpus,
    Document,
    Prediction,
    Question,
    Usage,
    digest,
    read_records,
    write_json,
    write_jsonl,
)
from .report import pages, results, terminal
from .runs import Run

STAGES = ("preflight", "augment", "train", "evaluate", "report")
VALIDATION_SHARE = 5  # of own questions, the groups of one in five choose settings, if there are enough
VALIDATION_GROUPS = 20  # enough: so many groups
VALIDATION_QUESTIONS = 60  # at most so many are asked to choose a setting


@dataclass
class Flow:
    """A run in progress: what every stage needs."""

    study: Study
    run: Run
    corpus: Corpus
    models: Models
    force: bool = False
    matched: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)  # what is said once
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = _store(self.run.folder / "calls.sqlite", self.study.budget, self.study.prices)
        self.models.pay = self.store.pay


def _store(path: Path, budget: Budget, prices: Prices | None) -> Store:
    return Store(path, budget.calls, budget.tokens, budget.money, prices.of if prices else lambda usage: 0.0)


def run(study: Study, folder: Path, until: str = "report", force: bool = False, models: Models | None = None) -> Flow:
    """Do every stage up to `until` that is not done yet. Raises UserError with all faults before anything expensive."""
    flow = _begin(study, folder, force, models)
    study = flow.study
    wanted = STAGES[: STAGES.index(until) + 1]
    if any(map(is_augmented, study.arms)) or until in ("preflight", "augment"):
        verdicts = measure(flow)
        if "augment" in wanted:
            infer(flow, verdicts)
    if "train" in wanted:
        for seed, arm in _each(study):
            if is_trained(arm):
                tune(flow, arm, seed)
    if "evaluate" in wanted:
        for seed, arm in _each(study):
            ask(flow, arm, seed)
    if "report" in wanted:
        report(flow)
    if line := flow.store.told():
        say(line)
    return flow


def _begin(study: Study, folder: Path, force: bool, models: Models | None) -> Flow:
    """The run's folder, after everything was checked."""
    study = settled(study, folder)
    models = models or Models(study.dtype, study.server)
    corpus, faults = check(study, folder, models)
    if faults:
        raise UserError(*faults)
    the_run = Run(folder, study.name)
    the_run.begin(study.model_dump(mode="json"))
    if corpus.ingest:
        write_json(folder / "ingest.json", corpus.ingest)
        for line in summary(corpus.ingest):
            say(line)
    return Flow(study, the_run, corpus, models, force)


def preview(
    study: Study, folder: Path, count: int, shown: Console, force: bool = False, models: Models | None = None
) -> None:
    """Some documents' augmentations with all that leads to them, printed; nothing is written but the calls, which count
    against the budget."""
    flow = _begin(study, folder, force, models)
    settings, documents = study.augment, previewed.chosen(flow.corpus.documents, count)
    used = [v for v in measure(flow) if v.use]
    backend = flow.models.open(settings.model or study.model)
    usage = previewed.show(
        used, backend, flow.store, documents, settings.samples, settings.temperature, study.seeds[0], bar_of, shown
    )
    told = f"{usage.calls} calls, {usage.tokens_in + usage.tokens_out} tokens, {usage.seconds:.1f} s"
    if line := flow.store.told():
        say(line)
    say(f"preview: {len(documents)} of {len(flow.corpus.documents)} documents, {told}; `augtune augment` does them all")


def render(study: Study, folder: Path, models: Models | None = None) -> None:
    """The report alone, from what was evaluated. Raises UserError if nothing was run in the folder."""
    if not (folder / "study.json").exists():
        raise UserError(f"{folder}: holds no run; `augtune run` makes one, --out names another folder")
    corpus, faults = load(study)
    if faults:
        raise UserError(*faults)
    study = settled(study, folder)
    report(Flow(study, Run(folder, study.name), corpus, models or Models(study.dtype, study.server)))


def settled(study: Study, folder: Path) -> Study:
    """The study with `dtype: auto` decided, for a run folder once and for all: it is timed, and another look might see
    otherwise, so that everything would be done again."""
    if study.dtype != "auto" or on_server(study.model):
        return study
    dtype = Run(folder, study.name).before().get("dtype", "auto")
    if dtype == "auto":
        from .backends.local import fast_dtype

        dtype = str(fast_dtype()).removeprefix("torch.")
    return study.model_copy(update={"dtype": dtype})


def check(study: Study, folder: Path, models: Models) -> tuple[Corpus, list[str]]:
    """What the study is about, and everything that is wrong with it, found before anything expensive starts."""
    corpus, faults = load(study)
    for key, model in (("model", study.model), ("augment.model", study.augment.model)):
        if model and (fault := models.fault(model)):
            faults.append(f"{key}: {fault}")
    trained = [arm for _, arm in _each(study) if is_trained(arm)]
    if trained and on_server(study.model):
        faults.append(
            f"arms: {', '.join(dict.fromkeys(trained))} are trained, which needs weights on this machine, and model "
            f"{study.model} is on a server: name a hub id, a folder or `embedded` as model and {study.model} as "
            "augment.model, or leave these arms out"
        )
    examples = bool(corpus.documents) and all(d.given for d in corpus.documents)
    if examples and any(map(is_augmented, study.arms)) and "vary" not in study.augment.strategies:
        faults.append("augment.strategies: the documents are task examples, which `vary` alone augments: name it")
    if study.train.match == "validation" and not corpus.validation and not faults:
        faults.append(
            "train.match: validation: there are no validation questions: name some with split `validation`, ask about "
            f"{VALIDATION_GROUPS} groups or more, or set benchmark.validation above 0; or use none, steps or tokens"
        )
    if "rag" in study.arms and (fault := retrieval.fault(study.evaluate.rag)):
        faults.append(fault)
    passes = math.ceil(study.train.epochs or EPOCHS) if study.train.match == "validation" else 1
    faults += Run(folder, study.name).faults(_disk(study.model, len(trained) * passes))
    return corpus, faults


def load(study: Study) -> tuple[Corpus, list[str]]:
    """The study's documents and questions, with what is wrong with them."""
    if study.benchmark:
        options = study.benchmark.model_extra or {}
        try:
            return benchmarks.make(study.benchmark.name, study.benchmark.seed, options), []
        except UserError as e:
            return Corpus([], []), list(e.faults)
    assert study.documents is not None
    assert study.questions is not None
    found = ingest(study.documents, study.ingest, [study.questions], bar)
    questions, faults = read_questions(study.questions)
    questions = tasks.with_choices(questions, found.documents)
    return replace(_held_out(found.documents, questions), ingest=found.manifest), found.faults + faults


def _held_out(documents: list[Document], questions: list[Question]) -> Corpus:
    """Questions of split `validation` choose settings. If the file names none and has groups enough, a share of the
    groups is set aside for that; else nothing is chosen and defaults stand."""
    named = [q for q in questions if q.split == "validation"]
    groups = sorted({q.group for q in questions if q.group is not None}, key=digest)
    if named or len(groups) < VALIDATION_GROUPS:
        return Corpus(documents, [q for q in questions if q.split != "validation"], named)
    aside = set(groups[::VALIDATION_SHARE])
    return Corpus(documents, [q for q in questions if q.group not in aside], [q for q in questions if q.group in aside])


def write_questions(
    documents: Path, out: Path, model: str, checker: str | None = None, style: str = "auto", validation: float = 0.2,
    study: Study | None = None, models: Models | None = None,
) -> tuple[questions.Made, int]:  # fmt: skip
    """Held-out questions on documents, written to `out` by a model; and of how many documents. What was paid stands
    beside the file, so that a run that was stopped goes on. A study gives server, budget and prices. Raises UserError
    with every fault."""
    models = models or (Models(study.dtype, study.server) if study else Models())
    read = ingest(documents, study.ingest if study else Ingest(), [out], bar)
    faults = list(read.faults)
    for option, asked in (("--model", model), ("--checker", checker)):
        if asked and (wrong := models.fault(asked)):
            faults.append(f"{option}: {wrong}")
    if taken := files.fault(out):
        faults.append(taken)
    if faults:
        raise UserError(*faults)
    paid = out.with_name(f"{out.name}.calls.sqlite")
    store = _store(paid, study.budget if study else Budget(), study.prices if study else None)
    models.pay = store.pay

    def count(what: str, total: float) -> AbstractContextManager[Callable[[float], None]]:
        return bar(what, total, "answers")

    for line in summary(read.manifest):
        say(line)
    made = questions.make(read.documents, models.open(model), store, count, style, validation)
    if checker:
        made = questions.check(made, models.open(checker), store, count)
    files.write(out, made)
    if spent := store.told():
        say(spent)
    return made, len(read.documents)


def measure(flow: Flow) -> list[augment.Verdict]:
    """Preflight: what the augmenting model can infer in context, and which strategies are therefore used."""
    settings, path = flow.study.augment, flow.run.folder / "preflight.json"
    model = settings.model or flow.study.model
    mark = digest(
        "preflight", flow.models.identity(model), settings.strategies, settings.samples, settings.style, flow.force
    )
    manifest = flow.run.manifest("preflight", mark)
    if manifest is None:
        measured, verdicts, usage = preflight.preflight(
            flow.models.open(model),
            flow.store,
            settings.strategies,
            settings.samples,
            settings.style,
            flow.force,
            bar_of,
        )
        write_json(path, preflight.rows(measured, verdicts))
        manifest = flow.run.finish("preflight", mark, usage, verdicts=preflight.rows([], verdicts)["verdicts"])
    terminal.show_preflight(flow.run.folder, console)
    verdicts = [augment.Verdict(**row) for row in manifest["verdicts"]]
    for v in verdicts:
        say(f"preflight: {v.strategy}: {v.why}")
    if not any(v.use for v in verdicts):
        raise UserError(
            f"preflight: {model} fails at every strategy of the study, so that its augmentations would teach errors; "
            "name a stronger augment.model, other strategies, or override with --force"
        )
    return verdicts


def infer(flow: Flow, verdicts: Sequence[augment.Verdict]) -> None:
    """Augmentation: accepted texts to augmentations.jsonl, rejected ones with their reasons to rejected.jsonl."""
    settings, folder, corpus = flow.study.augment, flow.run.folder, flow.corpus
    used = [v for v in verdicts if v.use]
    model = settings.model or flow.study.model
    mark = digest(
        "augment", flow.models.identity(model), preflight.rows([], used), settings.samples, settings.temperature,
        flow.study.seeds[0], digest([d.row() for d in corpus.documents]), [q.row() for q in corpus.questions],
    )  # fmt: skip
    families = {v.strategy: augment.STRATEGIES[v.strategy].family for v in used}
    empty = [arm for arm in flow.study.arms if is_augmented(arm) and not strategies_of(arm, families)]
    if empty:
        raise UserError(
            f"arms: {', '.join(empty)}: preflight switched off every strategy of theirs, or the study names none, so "
            "that they would be trained on the documents alone; take them out, add strategies, or override with --force"
        )
    if flow.run.manifest("augment", mark) is not None:
        return
    backend = flow.models.open(model)
    made = {
        v.strategy: augment.apply(
            v.strategy, v.style, backend, flow.store, corpus.documents, settings.samples, settings.temperature,
            flow.study.seeds[0], bar_of, v.comparisons,
        )
        for v in used
    }  # fmt: skip
    found = [a for each in made.values() for a in each.found]
    accepted = [a for a in found if a.reason is None]
    write_jsonl(folder / "augmentations.jsonl", [{k: v for k, v in a.row().items() if k != "reason"} for a in accepted])
    write_jsonl(folder / "rejected.jsonl", [a for a in found if a.reason is not None])
    flow.run.finish(
        "augment", mark, Usage.total(each.usage for each in made.values()), accepted=len(accepted), made=len(found),
        strategies={name: augment.summary(name, each) for name, each in made.items()},
        leaks=augment.leaks(corpus.questions, [p for each in made.values() for p in each.prompts], corpus.documents),
        overlap=augment.overlap(corpus.questions, accepted),
        links=linked.coverage(corpus.documents, made["link"].found) if "link" in made else None,
    )  # fmt: skip
    for name, each in made.items():
        say(f"augment: {name}: {sum(a.reason is None for a in each.found)} of {len(each.found)} texts accepted")
    say("augment: what was not accepted stands in rejected.jsonl with reasons")


def augmentations_of(flow: Flow, arm: str) -> list[Augmentation]:
    """What a trained arm learns beside the documents."""
    if arm == "oracle":
        return flow.corpus.oracle
    if not is_augmented(arm):
        return []
    families = {name: strategy.family for name, strategy in augment.STRATEGIES.items()}
    mine = set(strategies_of(arm, families))
    path = flow.run.folder / "augmentations.jsonl"
    found = read_records(path, Augmentation) if path.exists() else []  # a report may be asked for before a run
    return [a for a in found if a.strategy in mine]


def taught(flow: Flow, arm: str) -> list[str]:
    """The texts of these."""
    return [a.text for a in augmentations_of(flow, arm)]


def texts_of(flow: Flow, arm: str) -> list[str | tuple[str, str]]:
    """What an arm is trained on: texts; of task examples (input, output), of which the output is learnt."""
    records: list[Document | Augmentation] = [*flow.corpus.documents, *augmentations_of(flow, arm)]
    return [(r.text[: r.given], r.text[r.given :].strip()) if r.given else r.text for r in records]


def model_folder(flow: Flow, arm: str, seed: int) -> Path:
    """models/ARM for the first seed, models/ARM-seed-S for the others."""
    return flow.run.folder / "models" / (arm if seed == flow.study.seeds[0] else f"{arm}-seed-{seed}")


def _matched(flow: Flow) -> dict[str, int]:
    """With matched budgets the steps or the tokens of the arm that takes most: what every arm then takes."""
    match = flow.study.train.match
    if match not in ("steps", "tokens"):
        return {}
    if not flow.matched:
        trained = [arm for arm in flow.study.arms if is_trained(arm)]
        texts = [texts_of(flow, arm) for arm in trained]
        identity = flow.models.identity(flow.study.model)
        mark = digest("budgets", identity, texts, flow.study.train.model_dump(mode="json"))
        manifest = flow.run.manifest("budgets", mark)
        if manifest is None:
            from .train.trainer import plan

            plans = [plan(flow.study.model, each, flow.study.train) for each in texts]
            most = max(getattr(p, match) for p in plans)
            manifest = flow.run.finish("budgets", mark, Usage(), matched={match: most})
        flow.matched = manifest["matched"]
    return flow.matched


def _training_mark(flow: Flow, arm: str, seed: int) -> str:
    identity = flow.models.identity(flow.study.model)
    settings = flow.study.train.model_dump(mode="json")
    # A pass that was chosen stands for the settings and questions that chose it.
    chosen_by = [
        flow.study.evaluate.model_dump(mode="json", exclude={"rag"}),
        [q.row() for q in flow.corpus.validation],
    ]
    by = chosen_by if flow.study.train.match == "validation" else []
    return digest("train", identity, texts_of(flow, arm), settings, seed, _matched(flow), by)


def tune(flow: Flow, arm: str, seed: int) -> None:
    """Training of one arm with one seed."""
    mark, stage = _training_mark(flow, arm, seed), f"train-{arm}-{seed}"
    folder = model_folder(flow, arm, seed)
    if flow.run.manifest(stage, mark) and folder.exists():
        return
    from .train.trainer import train

    flow.models.close()
    what = f"train: {arm}" + (f", seed {seed}" if len(flow.study.seeds) > 1 else "")
    done = train(
        flow.study.model, texts_of(flow, arm), flow.study.train, seed, flow.study.dtype, folder,
        lambda total: bar(what, total, "tokens"), mark, **_matched(flow),
    )  # fmt: skip
    flow.run.finish(stage, mark, done.pop("usage"), **done)


def training_is_current(flow: Flow, arm: str, seed: int) -> bool:
    """Would the arm be trained on the same texts in the same way now?"""
    return flow.run.manifest(f"train-{arm}-{seed}", _training_mark(flow, arm, seed)) is not None


def _evaluation_mark(flow: Flow, arm: str, seed: int) -> str:
    study, corpus, spec = flow.study, flow.corpus, arms.arm_of(arm)
    return digest(
        "evaluate", flow.models.identity(study.model), _training_mark(flow, arm, seed) if spec.trained else "",
        study.evaluate.model_dump(mode="json", exclude=set() if spec.context == "retrieved" else {"rag"}),
        [q.row() for q in (*corpus.questions, *corpus.validation)],
        [d.row() for d in corpus.documents] if spec.context in ("documents", "retrieved") else [],
        [forgetting.passages(), [q.row() for q in forgetting.knowledge()]] if study.evaluate.forgetting else [],
    )  # fmt: skip


def ask(flow: Flow, arm: str, seed: int) -> None:
    """Evaluation of one arm with one seed: settings by validation questions, then every question."""
    study, corpus, spec = flow.study, flow.corpus, arms.arm_of(arm)
    trained = model_folder(flow, arm, seed) if spec.trained else None
    mark, stage = _evaluation_mark(flow, arm, seed), f"evaluate-{arm}-{seed}"
    if flow.run.manifest(stage, mark):
        return

    contexts = arms.Contexts(spec, corpus.documents, study.evaluate.rag)

    def answers(setting: Setting, questions: Sequence[Question], what: str) -> tuple[list[Prediction], Usage]:
        backend = flow.models.open(study.model, _weights(trained, setting.passed))
        before, looked = contexts.before(backend, setting, questions)
        with bar(what, len(questions), "questions") as tick:
            predictions, usage = score.answer(
                backend, flow.store, arm, seed, setting.form, before, questions, study.evaluate.normalization,
                study.evaluate.max_tokens, tick,
            )  # fmt: skip
        return predictions, usage + looked

    setting, tried, spent = _choose(flow, arm, trained, answers)
    if trained and setting.passed:
        from .train.trainer import keep

        flow.models.close()
        keep(trained, setting.passed, {"setting": asdict(setting), "tried": tried, "spent": spent.row()})
    predictions, usage = answers(setting, corpus.questions, f"evaluate: {arm}")
    index, others = contexts.indexing(setting)
    spent += others
    backend = flow.models.open(study.model, trained)
    if (note := getattr(backend, "note", None)) and note not in flow.told:
        say(f"evaluate: {note}")
        flow.told.add(note)
    if unread := score.unread(corpus.questions, predictions):
        say(f"evaluate: {arm}: {unread} of {len(predictions)} answers in words could not be read; they count as wrong")
    remembered = None
    if study.evaluate.forgetting and (trained or arm == "base") and not on_server(study.model):
        with bar(f"forgetting: {arm}", forgetting.size(), "texts") as tick:
            remembered, used = forgetting.measure(backend, flow.store, tick)
        spent += used
    write_jsonl(flow.run.folder / "stages" / f"{stage}.jsonl", predictions)
    told = contexts.told(backend, setting, corpus.questions)
    if note := told.get("note"):
        say(f"evaluate: {arm}: {note}")
    flow.run.finish(
        stage, mark, usage, validation=spent.row(), index=index.row(), form=setting.form, factor=setting.factor,
        passed=setting.passed, tried=tried, order="shuffled" if setting.shuffled else "as given",
        forgetting=remembered, unread=unread, **told,
    )  # fmt: skip


Answers = Callable[[Setting, Sequence[Question], str], tuple[list[Prediction], Usage]]


def _choose(
    flow: Flow, arm: str, trained: Path | None, answers: Answers
) -> tuple[Setting, list[dict[str, Any]], Usage]:
    """The prompt form, icl's subsampling factor and order, rag's passages, and a trained arm's pass that do best on
    validation questions; the first of equals. icl's order and the size of rag's passages are tried last, with what is
    best so far. A pass that was chosen before stays chosen: the others are gone."""
    if trained:
        from .train.trainer import kept

        if before := kept(trained):
            return Setting(**before["setting"]), before["tried"], Usage.of(before["spent"])
    options, further = _options(flow, arm, trained)
    step = -(-len(flow.corpus.validation) // VALIDATION_QUESTIONS) or 1
    questions = flow.corpus.validation[::step]
    if not questions or (len(options) == 1 and not further(options[0])):
        return options[0], [], Usage()
    tried: list[tuple[Setting, float]] = []
    spent = Usage()

    def best_with(more: Sequence[Setting]) -> Setting:
        nonlocal spent
        for option in more:
            predictions, usage = answers(option, questions, f"validate: {arm}, {option.told}")
            spent += usage
            tried.append((option, score.accuracy(predictions)))
        return max(tried, key=lambda pair: pair[1])[0]

    best = best_with(options)
    best = best_with(further(best))
    return best, [{**asdict(option), "accuracy": accuracy} for option, accuracy in tried], spent


def _weights(trained: Path | None, passed: int) -> Path | None:
    """The weights of an arm, after one of its passes where they are still kept; None for the model as it is."""
    if trained is None:
        return None
    from .train.trainer import weights_of

    return weights_of(trained, passed)


def _options(flow: Flow, arm: str, trained: Path | None) -> tuple[list[Setting], Callable[[Setting], list[Setting]]]:
    """What is tried for an arm, in order of preference, and what is then tried with the best of it."""
    settings = flow.study.evaluate
    passes: list[int] = []
    if trained:
        from .train.trainer import passes_of

        passes = passes_of(trained)
    backend = flow.models.open(flow.study.model, _weights(trained, max(passes, default=0)))
    forms: tuple[str, ...] = ("plain", "chat") if settings.prompt == "auto" else (settings.prompt,)
    if backend.chat([{"role": "user", "content": "x"}]) is None:
        if settings.prompt == "chat":
            raise UserError(f"evaluate.prompt: chat: {flow.study.model} has no chat template; use plain or auto")
        forms = ("plain",)
    elif settings.prompt == "auto" and any(q.choices for q in flow.corpus.questions):
        weighed = tuple(form for form in forms if backend.scores(form == "chat"))
        forms = weighed or forms  # where likelihoods are told in one form only, every arm is asked in that
    documents, context = flow.corpus.documents, arms.arm_of(arm).context
    if context == "documents":
        factors = arms.fitting_factors(backend, documents, settings.icl_subsample)
        options = [Setting(form, factor, shuffled=factor > 1) for form in forms for factor in factors]
        reorder = settings.icl_subsample == "auto"
        return options, lambda best: [replace(best, shuffled=not best.shuffled)] if reorder else []
    if context == "retrieved":
        first, *others = retrieval.tried(settings.rag, documents, backend).items()
        options = [Setting(form, k=k, chunk=first[0]) for form in forms for k in first[1]]
        return options, lambda best: [replace(best, k=k, chunk=chunk) for chunk, ks in others for k in ks]
    return [Setting(form, passed=n) for n in passes[::-1] or [0] for form in forms], lambda best: []


def report(flow: Flow) -> dict[str, Any]:
    """Everything that the stages left, as predictions.jsonl, results.json, report.md and report.html. Raises UserError
    if an arm is not evaluated under the study's present settings."""
    folder = flow.run.folder
    evaluated = {
        (arm, seed): flow.run.manifest(f"evaluate-{arm}-{seed}", _evaluation_mark(flow, arm, seed))
        for seed, arm in _each(flow.study)
    }
    missing = [f"{arm} with seed {seed}" for (arm, seed), manifest in evaluated.items() if manifest is None]
    if missing:
        raise UserError(f"{folder}: not evaluated under these settings: {', '.join(missing)}; `augtune run` does that")
    predictions = [
        p for arm, seed in evaluated
        for p in read_records(folder / "stages" / f"evaluate-{arm}-{seed}.jsonl", Prediction)
    ]  # fmt: skip
    manifests = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "stages").glob("*.json")}
    write_jsonl(folder / "predictions.jsonl", predictions)
    learnt = {arm: taught(flow, arm) for arm in flow.study.arms if is_trained(arm)}
    found = results.results(flow.study, flow.corpus, predictions, manifests, learnt)
    write_json(folder / "results.json", found)
    pages.write(folder, found, flow.corpus, predictions, learnt)
    return found


def _each(study: Study) -> list[tuple[int, str]]:
    """(seed, arm): what has no training is the same with every seed, and is done with the first."""
    return [
        (seed, arm)
        for arm in arms.in_order(study.arms)
        for seed in (study.seeds if is_trained(arm) else study.seeds[:1])
    ]


def bar_of(what: str, total: float) -> AbstractContextManager[Callable[[float], None]]:
    """A progress bar that counts texts."""
    return bar(what, total, "texts")


def _disk(model: str, trained: int) -> int:
    """Bytes that a run may need: the weights of each trained arm (and pass, where passes are kept), one checkpoint
    (weights, masters, two moments)."""
    folder = Path(model)
    weights = sum(f.stat().st_size for f in folder.glob("*.safetensors")) if folder.is_dir() else 0
    weights = weights or 270_000_000
    return weights * (trained + 8) if trained else 50_000_000
