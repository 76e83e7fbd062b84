"""A run is asked and taken home: a small real run of a tiny model, and a scripted model for what arms are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from augtune import cli, finished
from augtune import study as flow
from augtune.backends.base import Request
from augtune.backends.scripted import Scripted
from augtune.config import Study
from augtune.errors import UserError
from augtune.records import write_jsonl
from conftest import ScriptedModels

FACTS = {"Mira Tolen": "the keeper of the lamp", "Jon Veddel": "the baker of rye", "Ada Quill": "the drawer of maps"}
Command = Callable[..., str]


def study(folder: Path, **more: object) -> Study:
    """A study of three facts, with questions with choices and one without."""
    write_jsonl(folder / "d.jsonl", [{"id": n, "text": f"{n} is {d}.", "group": n} for n, d in FACTS.items()])
    asked = [
        {"prompt": f"The name of {d} is", "answer": n, "choices": list(FACTS), "split": "reversal"}
        for n, d in FACTS.items()
    ]
    write_jsonl(
        folder / "q.jsonl", [*asked, {"prompt": "Who keeps the lamp?", "answer": "Mira Tolen", "split": "open"}]
    )
    given = {"documents": folder / "d.jsonl", "questions": folder / "q.jsonl", "evaluate": {"forgetting": False}}
    return Study.model_validate({"name": "s", **given, **more})


@pytest.fixture(scope="module")
def trained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with base, icl and finetune, by LoRA."""
    folder = tmp_path_factory.mktemp("run")
    made = study(
        folder, model=str(tiny), arms=["base", "icl", "finetune"], dtype="float32",
        train={"method": "lora", "rank": 2, "steps": 3, "batch_size": 2},
    )  # fmt: skip
    flow.run(made, folder / "run")
    return folder / "run"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line; returns what a call that must end with `code` printed, errors included."""

    def call(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["augtune", *map(str, arguments)])
        with pytest.raises(SystemExit) as e:
            cli.main()
        told = capsys.readouterr()
        assert e.value.code == code, told.err
        assert "Traceback" not in told.err
        return told.out + told.err

    return call


# -- ask


def scripted(folder: Path, *arms: str) -> tuple[Path, Scripted]:
    """A run of base and icl whose model tells how much it read."""
    model = Scripted(
        write=lambda r: f"I read {len((r.prefix + r.prompt).split())} words", weigh=lambda before, choice: -1.0
    )
    flow.run(study(folder, arms=arms or ["base", "icl"]), folder / "run", models=ScriptedModels(model))  # type: ignore[arg-type]
    model.calls.clear()
    return folder / "run", model


def test_each_arm_is_asked_as_validation_chose(tmp_path: Path) -> None:
    run, model = scripted(tmp_path, "base", "icl", "rag")
    before = sorted((p, p.stat().st_mtime_ns) for p in run.rglob("*"))
    models = ScriptedModels(model)
    normalization, (base, icl, rag) = finished.ask(run, "Who keeps the lamp?", [], None, models=models)  # type: ignore[arg-type]
    assert normalization == "none"
    assert (base.arm, base.form, base.documents, base.told.chosen) == ("base", "plain", 0, "I read 4 words")
    assert (icl.arm, icl.documents) == ("icl", 3)
    assert (rag.arm, rag.documents) == ("rag", 1)
    alone, all_three, nearest = [call.prefix + call.prompt for call in model.calls if isinstance(call, Request)]
    assert alone == "Who keeps the lamp?"
    assert [name in all_three for name in FACTS] == [True, True, True]
    assert [name in nearest for name in FACTS] == [True, False, False]
    assert all(text.endswith("Who keeps the lamp?") for text in (all_three, nearest))
    assert sorted((p, p.stat().st_mtime_ns) for p in run.rglob("*")) == before  # a question on the side


def test_choices_are_scored_and_one_arm_can_be_named(tmp_path: Path) -> None:
    run, model = scripted(tmp_path)
    models = ScriptedModels(model)
    _, (answer,) = finished.ask(run, "The keeper is", ["base"], ["Mira", "Jon"], models=models)  # type: ignore[arg-type]
    assert answer.told.choices == ["Mira", "Jon"]
    assert answer.told.loglikelihoods == [-1.0, -1.0]


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    run, _ = scripted(tmp_path)
    for wanted, question, words in (
        (["augmented"], "x", "--arm augmented: not in this run, which has: base, icl"),
        ([], " ", "the question is empty"),
    ):
        with pytest.raises(UserError, match=words):
            finished.ask(run, question, wanted, None)
    (tmp_path / "d.jsonl").unlink()
    with pytest.raises(UserError, match="icl needs the documents; name other arms"):
        finished.ask(run, "x", [], None)
    for file in (run / "stages").glob("evaluate-icl*"):
        file.unlink()
    with pytest.raises(UserError, match="not evaluated yet: icl"):
        finished.ask(run, "x", ["icl"], None)
    (run / "study.json").write_text("{}")
    with pytest.raises(UserError, match="not readable as a study"):
        finished.ask(run, "x", [], None)
    with pytest.raises(UserError, match="holds no run"):
        finished.ask(tmp_path, "x", [], None)


def test_the_command_ask(command: Command, trained: Path) -> None:
    told = command("ask", trained, "Mira Tolen is")
    assert [arm in told for arm in ("base", "icl", "finetune")] == [True] * 3
    found = json.loads(
        command("ask", trained, "Mira Tolen is", "--arm", "finetune", "--choices", "tall, kind", "--json")
    )
    assert list(found["arms"]) == ["finetune"]
    assert found["arms"]["finetune"]["choices"] == ["tall", "kind"]
    assert found["arms"]["finetune"]["answer"] in ("tall", "kind")
    assert "holds no run" in command("ask", trained.parent, "x", code=2)


# -- export


def test_an_export_holds_all_that_other_tools_need(command: Command, trained: Path, tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "home"
    assert "README.md" in command("export", trained, "--out", out, "--arm", "finetune")
    assert {p.name for p in out.iterdir()} == {"README.md", "model", "data", "training", "lm_eval", "Modelfile"}
    results = json.loads((trained / "results.json").read_text())
    card = (out / "model" / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert header["base_model"] == str(tiny.resolve())
    assert header["library_name"] == "peft"
    accuracy = results["arms"]["finetune"]["splits"]["reversal"]["accuracy"]
    assert f"| reversal | 3 | **{accuracy:.3f}**" in card
    assert "| 3 | documents |" in card
    assert "| steps | 3 of 2 texts |" in card
    config = yaml.safe_load((out / "data" / "README.md").read_text().split("---")[1])["configs"]
    assert all((out / "data" / each["data_files"]).exists() for each in config)
    rows = [json.loads(line) for line in (out / "lm_eval" / "questions.jsonl").read_text().splitlines()]
    assert [row["context"] for row in rows] == [f"The name of {d} is " for d in FACTS.values()]
    readme = (out / "README.md").read_text()
    assert f"pretrained={tiny.resolve()},peft=model,dtype=float32" in readme
    assert "1 question without choices is not among them" in readme
    assert [p for p in tmp_path.iterdir() if p != out] == []  # nothing half written beside it


def test_overwriting_is_exact(command: Command, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    (out / "lm_eval").mkdir()
    (out / "lm_eval" / "old.yaml").write_text("")
    told = command("export", trained, "--out", out, "--arm", "finetune", "--data-only", code=2)
    assert "is not empty; name a new folder with --out, or replace an export there with --force" in told
    assert not (out / "data").exists()
    command("export", trained, "--out", out, "--arm", "finetune", "--data-only", "--force", "--format", "alpaca")
    assert (out / "mine.txt").read_text() == "x"
    assert not (out / "lm_eval").exists()  # of an earlier export; this one has none
    assert sorted(p.name for p in (out / "data").glob("*.jsonl")) == ["alpaca.jsonl", "text.jsonl"]
    assert not (out / "model").exists()


def test_every_fault_of_a_call_together(command: Command, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = command(
        "export", trained, "--out", tmp_path / "file", "--arm", "icl", "--dtype", "int4", "--format", "csv", code=2
    ).splitlines()  # fmt: skip
    assert [line.split(": ")[1] for line in told] == [
        "--format csv",
        "--dtype int4",
        str(tmp_path / "file"),
        "--arm icl",
    ]
    assert "has no weights of its own; can be exported: finetune" in told[-1]
    assert "is a run folder" in command("export", trained, "--out", trained, "--arm", "finetune", "--force", code=2)
    assert "--arm augmented: is not in this run" in command("export", trained, "--out", tmp_path / "o", code=2)


def test_runs_that_are_not_finished(trained: Path, tmp_path: Path) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(trained, run)
    results = run / "results.json"
    told = json.loads(results.read_text())
    doubt = "provisional: 4 of 4 questions are not reviewed"
    results.write_text(json.dumps(told | {"verdict": {**told["verdict"], "provisional": doubt}}))
    finished.export(run, tmp_path / "early", "finetune")
    assert f"It is {doubt}." in (tmp_path / "early" / "model" / "README.md").read_text()
    results.write_text(json.dumps(told | {"study": {**told["study"], "seeds": [1]}}))
    with pytest.raises(UserError, match="not finished: no results for finetune under the run's settings"):
        finished.export(run, tmp_path / "home", "finetune")
    shutil.rmtree(run / "models")
    with pytest.raises(UserError, match="finetune is not trained yet"):
        finished.export(run, tmp_path / "home", "finetune")
    assert not (tmp_path / "home").exists()
    finished.export(run, tmp_path / "home", "finetune", data_only=True)
    assert (tmp_path / "home" / "data" / "text.jsonl").exists()


def test_data_that_changed_after_training_is_said(trained: Path, tmp_path: Path) -> None:
    documents = trained.parent / "d.jsonl"
    before = documents.read_text()
    try:
        documents.write_text(before + json.dumps({"text": "A new fact."}) + "\n")
        finished.export(trained, tmp_path / "home", "finetune")
    finally:
        documents.write_text(before)
    assert "changed after this arm was trained" in (tmp_path / "home" / "model" / "README.md").read_text()


# -- preview


def test_preview_shows_what_is_asked_written_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    def write(request: Request) -> str:
        """Reverses what it is given, but for Ada Quill, whom it forgets."""
        given = request.prompt.rsplit("Sentence: ", 1)[-1].splitlines()[0]
        subject, _, rest = given.rstrip(".").partition(" is ")
        return "Nobody." if subject == "Ada Quill" else f"{rest[:1].upper()}{rest[1:]} is {subject}."

    made = study(tmp_path, augment={"strategies": ["reverse"], "samples": 1})
    model = Scripted(write=write)
    with (tmp_path / "shown").open("w") as file:
        shown = Console(file=file, width=200)
        flow.preview(made, tmp_path / "run", 2, shown, force=True, models=ScriptedModels(model))  # type: ignore[arg-type]
    text = (tmp_path / "shown").read_text()
    assert "Mira Tolen: Mira Tolen is the keeper of the lamp." in text
    assert "raw       'The keeper of the lamp is Mira Tolen.'" in text
    assert "accepted  The keeper of the lamp is Mira Tolen." in text
    assert "Ada Quill" not in text  # of three documents the first and the second are shown
    assert "preview: 2 of 3 documents" in capsys.readouterr().err
    assert not (tmp_path / "run" / "augmentations.jsonl").exists()
    model.calls.clear()
    with (tmp_path / "shown").open("w") as file:
        shown = Console(file=file, width=200)
        flow.preview(made, tmp_path / "run", 3, shown, force=True, models=ScriptedModels(model))  # type: ignore[arg-type]
    assert "rejected  'Nobody.': " in (tmp_path / "shown").read_text()
    assert len(model.calls) == 1  # what was shown before was stored
