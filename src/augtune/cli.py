"""The command line. Parses, reads the study, calls one function; what is slow to import is imported when needed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from . import __version__
from .config import Study, field_help, load_study, read_study
from .errors import UserError
from .names import BENCHMARKS
from .progress import recorded, say

app = typer.Typer(
    help="Augmented fine-tuning, and the evidence that tells whether you need it: in the prompt, fine-tuned, or "
    "fine-tuned with the model's own in-context inferences, compared on your documents and your model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
STOPPED = 130  # what typer exits with after Ctrl-C
out = Console(width=None if sys.stdout.isatty() else 120)  # a file or a pipe has no width of its own

StudyFile = Annotated[Path | None, typer.Argument(metavar="STUDY.yaml", help="The study, one YAML file.")]
Out = Annotated[Path | None, typer.Option("--out", help="The run folder. [default: runs/NAME]", show_default=False)]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key, for example train.epochs=2.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, for example runs/people.")]
Force = Annotated[bool, typer.Option("--force", help="Use strategies that preflight finds the model fails at.")]
Documents = Annotated[Path | None, typer.Option(help="Instead of a study: a file, a folder, or a quoted pattern.")]
Questions = Annotated[Path | None, typer.Option(help="Instead of a study: a .jsonl or .csv.")]
Model = Annotated[
    str | None, typer.Option(help="A hub id, a folder, or `embedded`. [default: embedded]", show_default=False)
]


def _study(
    path: Path | None, overrides: list[str] | None, documents: Path | None = None, questions: Path | None = None,
    model: str | None = None, folder: Path | None = None,
) -> tuple[Study, Path]:  # fmt: skip
    """The study and its run folder. Raises UserError with all faults, those of its data and model included."""
    given: dict[str, Any] = {"documents": documents, "questions": questions, "model": model}
    if path is None and documents is None and questions is None:
        raise UserError("name a study file, or give --documents and --questions; `augtune demo` shows a study")
    if path is None:
        given["name"] = re.sub(r"[^\w.-]+", "-", (documents or questions or Path("study")).stem).strip("-.") or "study"
    read = read_study(path, overrides or (), **given)
    name = read.study.name if read.study else "study"
    folder = folder or Path("runs") / name
    if read.faults:
        from .backends import Models
        from .study import check

        more = check(read.study, folder, Models(read.study.dtype, read.study.server))[1] if read.study else []
        raise UserError(*read.faults, *more)
    assert read.study is not None
    return read.study, folder


@app.command()
def run(
    study: StudyFile = None, out_folder: Out = None, set_: Set = None, documents: Documents = None,
    questions: Questions = None, model: Model = None, force: Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Predict tokens, FLOPs, time, money; stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON.")] = False,
) -> None:  # fmt: skip
    """Do everything: preflight, augment, train, evaluate, report. Run again, it goes on where it stopped."""
    the_study, folder = _study(study, set_, documents, questions, model, out_folder)
    if not dry_run:
        return _run(the_study, folder, force)
    import json

    from . import dry_run as dry

    found = dry.estimate(the_study, folder)
    if as_json:
        return print(json.dumps(found, indent=1))
    out.print(dry.table(found))


def _run(study: Study, folder: Path, force: bool = False) -> None:
    import json

    from . import study as flow
    from .report.terminal import show

    with recorded(folder / "progress.json"):
        flow.run(study, folder, force=force)
    show(folder, json.loads((folder / "results.json").read_text(encoding="utf-8")), out)


def _stage(name: str, path: Path | None, folder: Path | None, set_: list[str] | None, force: bool) -> Path:
    from . import study as flow

    study, folder = _study(path, set_, folder=folder)
    with recorded(folder / "progress.json"):
        flow.run(study, folder, until=name, force=force)
    return folder


@app.command()
def preflight(study: StudyFile = None, out_folder: Out = None, set_: Set = None, force: Force = False) -> None:
    """Measure, in seconds, what the augmenting model can infer in context, and which strategies that allows."""
    folder = _stage("preflight", study, out_folder, set_, force)
    out.print(f"{folder / 'preflight.json'}", highlight=False, soft_wrap=True)


@app.command()
def augment(
    study: StudyFile = None, out_folder: Out = None, set_: Set = None, force: Force = False,
    preview: Annotated[int | None, typer.Option(
        "--preview", min=1, metavar="N", help="Show N documents with prompts, raw outputs, accepted and rejected "
        "texts, and stop. Calls are stored; but batches are cut from the full list: a local model writes them again.",
    )] = None,
) -> None:  # fmt: skip
    """Write augmentations.jsonl and rejected.jsonl."""
    if preview:
        from . import study as flow

        return flow.preview(*_study(study, set_, folder=out_folder), preview, out, force)
    folder = _stage("augment", study, out_folder, set_, force)
    out.print(f"{folder / 'augmentations.jsonl'}", highlight=False, soft_wrap=True)


@app.command()
def train(study: StudyFile = None, out_folder: Out = None, set_: Set = None, force: Force = False) -> None:
    """Train every arm that has weights of its own, into models/."""
    folder = _stage("train", study, out_folder, set_, force)
    out.print(f"{folder / 'models'}", highlight=False, soft_wrap=True)


@app.command()
def evaluate(study: StudyFile = None, out_folder: Out = None, set_: Set = None, force: Force = False) -> None:
    """Ask every arm every question, with what that needs."""
    _stage("evaluate", study, out_folder, set_, force)


@app.command()
def report(
    study: Annotated[
        Path | None, typer.Argument(metavar="STUDY.yaml|RUN", help="The study, or the folder of a run of it.")
    ] = None,
    out_folder: Out = None, set_: Set = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the charts as SVG and PNG too, and the numbers as CSV.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Follow a run in progress in a browser, on the loopback address.")
    ] = False,
    port: Annotated[int, typer.Option(help="For --serve; 0 takes a free one.")] = 8765,
) -> None:  # fmt: skip
    """Write results.json, report.md and report.html again, from what was evaluated."""
    import json

    from . import finished
    from . import study as flow
    from .report.figures import write
    from .report.terminal import show

    made = study is not None and study.is_dir()
    if made and (set_ or out_folder):
        raise UserError(f"{study}: a run has its settings; --set and --out go with a study file")
    if serve:
        return _serve(study if study and made else _study(study, set_, folder=out_folder)[1], port)
    if study is not None and made:
        folder = study
        flow.report(finished.reopen(folder))
    else:
        the_study, folder = _study(study, set_, folder=out_folder)
        flow.render(the_study, folder)
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if figures:
        files, lacking = write(folder, found, figures)
        say(f"{figures}: {len(files)} files{f'; {lacking}' if lacking else ''}")
    print(json.dumps(found, indent=1)) if as_json else show(folder, found, out)


def _serve(folder: Path, port: int) -> None:
    from .report.live import HOST, serve

    server = serve(folder, port)
    out.print(f"{folder}: http://{HOST}:{server.server_port}/ (Ctrl-C ends it; the run goes on)", highlight=False)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


@app.command()
def validate(
    study: StudyFile = None, out_folder: Out = None, set_: Set = None,
    help_keys: Annotated[bool, typer.Option("--help-keys", help="List every key of a study and stop.")] = False,
) -> None:  # fmt: skip
    """Check a study with its data, model and run folder, and say all that is wrong."""
    if help_keys:
        for key, default, text in field_help():
            out.print(f"{key}  ({default})\n    {text}", highlight=False, markup=False)
        return
    from .backends import Models
    from .corpus.ingest import summary
    from .study import check

    the_study, folder = _study(study, set_, folder=out_folder)
    corpus, faults = check(the_study, folder, Models(the_study.dtype, the_study.server))
    for line in summary(corpus.ingest) if corpus.ingest else ():
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if faults:
        raise UserError(*faults)
    out.print(f"{the_study.name}: valid; {len(corpus.documents)} documents, {len(corpus.questions)} questions")


@app.command()
def benchmark(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(BENCHMARKS)}.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Where documents.jsonl and questions.jsonl go.")],
    seed: Annotated[int, typer.Option(help="Which world.")] = 0,
    set_: Set = None,
) -> None:
    """Write a benchmark's documents and questions as plain files."""
    import yaml

    from . import benchmarks
    from .records import write_jsonl

    if name not in BENCHMARKS:
        raise UserError(f"benchmark {name!r} is not known; known: {', '.join(BENCHMARKS)}")
    options = {}
    for item in set_ or ():
        key, equals, value = item.partition("=")
        if not equals:
            raise UserError(f"--set {item}: write key=value, for example --set p2d=10")
        options[key] = yaml.safe_load(value)
    corpus = benchmarks.make(name, seed, options)
    try:
        write_jsonl(out_folder / "documents.jsonl", corpus.documents)
        write_jsonl(out_folder / "questions.jsonl", corpus.questions)
    except OSError as e:
        raise UserError(f"{out_folder}: cannot be written ({e.strerror})") from e
    out.print(f"{out_folder}: {len(corpus.documents)} documents, {len(corpus.questions)} questions", highlight=False)


@app.command()
def ask(
    run: RunFolder, question: Annotated[str, typer.Argument(help="A question, or the beginning of a statement.")],
    arm: Annotated[list[str] | None, typer.Option("--arm", help="Only this arm; may be repeated.")] = None,
    choices: Annotated[str | None, typer.Option(
        help="Score these instead of writing: texts with commas between them, or a JSON list.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Limit of an answer. [default: the study's]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """Ask the arms of a run, side by side, each in the prompt form that validation chose."""
    import json

    from . import finished
    from .export import ask as asked

    normalization, answers = finished.ask(
        run, question, arm or [], asked.choices_of(choices) if choices is not None else None, max_tokens
    )
    if as_json:
        print(json.dumps(asked.data(question, answers, normalization), indent=1, ensure_ascii=False))
    else:
        asked.show(question, answers, normalization, out)


@app.command()
def export(
    run: RunFolder, out_folder: Annotated[Path, typer.Option("--out", help="A new folder.")],
    arm: Annotated[str, typer.Option(help="An arm that has weights of its own.")] = "augmented",
    merge: Annotated[bool | None, typer.Option(
        "--merge/--no-merge", help="Merge LoRA weights into the base model. [default: only with `embedded`]")] = None,
    dtype: Annotated[str, typer.Option(help="What merged weights are stored in: float32 or bfloat16.")] = "float32",
    formats: Annotated[list[str] | None, typer.Option(
        "--format", help="Of the data, beside text: prompt-completion, messages, alpaca, sharegpt or openai; may be "
        "repeated. [default: all]")] = None,
    data_only: Annotated[bool, typer.Option("--data-only", help="Leave model and results out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in the folder.")] = False,
) -> None:  # fmt: skip
    """Take an arm home: weights with a model card, data in the formats of other tools, their configurations."""
    from . import finished

    finished.export(run, out_folder, arm, merge, dtype, formats or [], force, data_only)
    out.print(f"{out_folder / 'README.md'}", highlight=False, soft_wrap=True)


@app.command()
def questions(
    study: StudyFile = None,
    documents: Documents = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="A .jsonl or .csv file. [default: the study's]", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Writes them. [default: the study's augmenting model, else embedded]")
    ] = None,
    checker: Annotated[
        str | None, typer.Option(help="A model, no arm of the study: only what it answers from the source is kept.")
    ] = None,
    style: Annotated[str, typer.Option(help="examples, chat, or auto: chat if the model follows it.")] = "auto",
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Share of facts for choosing settings.")] = 0.2,
    set_: Set = None,
) -> None:
    """Write held-out questions from documents, for a person to review: rephrased, reversed, and over two facts."""
    from . import study as flow
    from .questions.asking import STYLES
    from .questions.files import show

    if style not in ("auto", *STYLES):
        raise UserError(f"--style {style}: is one of auto, {', '.join(STYLES)}")
    the_study = load_study(study, set_ or ()) if study else None
    if the_study:
        documents, out_file = documents or the_study.documents, out_file or the_study.questions
        model = model or the_study.augment.model or the_study.model
        if checker == the_study.model:
            raise UserError(f"--checker {checker}: is the model that the study's arms are made of; name another one")
    if documents is None or out_file is None:
        raise UserError("name a study file with documents and questions, or give --documents and --out")
    made, read_ = flow.write_questions(documents, out_file, model or "embedded", checker, style, validation, the_study)
    show(out_file, made, read_, out)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders with results.json.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with everything that the tables hold.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts too.")] = None,
) -> None:
    """Several runs side by side: accuracy by arm and split; worlds of one study are pooled, with paired differences."""
    import json

    from .report import compare as reported

    print(json.dumps(reported.data(runs), indent=1) if as_json else reported.compare(runs, markdown))
    if html:
        reported.page(runs, html)
        print(f"\n{html}", file=sys.stderr)


@app.command()
def demo(out_folder: Out = None) -> None:
    """The study people in small, on the embedded model: some minutes on two cores."""
    study, folder = _study(Path(__file__).with_name("demo.yaml"), None, folder=out_folder)
    _run(study, folder)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """The entry point: a user's mistake is one line for each fault, never a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except UserError as e:
        for fault in e.faults:
            print(f"error: {fault}", file=sys.stderr)
        sys.exit(e.exit_code)
    except SystemExit as e:
        if e.code == STOPPED:
            print("stopped; what was done is kept: the same command goes on from there", file=sys.stderr)
        raise
