"""What a user sees of a mistake: one line a fault, all faults together, exit code 2, no traceback, nothing started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from augtune import cli
from augtune.config import field_help, load_study
from augtune.runs import Run

ROOT = Path(__file__).parent.parent
Lines = Callable[..., Path]
Go = Callable[..., list[str]]


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Go:
    """Runs the command line in this process; returns the lines on standard error of a call that must fail."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, code: int = 2) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["augtune", *map(str, arguments)])
        with pytest.raises(SystemExit) as e:
            cli.main()
        assert e.value.code == code
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return told.splitlines()

    return call


def study(lines: Lines, *rows: str) -> Path:
    lines("d.jsonl", {"text": "A fact.", "id": "a"})
    lines("q.jsonl", {"prompt": "A", "answer": "fact", "choices": ["fact", "lie"]})
    return lines("s.yaml", "documents: d.jsonl", "questions: q.jsonl", *rows)


def test_all_faults_of_study_data_and_model_together(go: Go, lines: Lines, tmp_path: Path) -> None:
    path = study(lines, "epochs: 3", "augment:", "  strategies: [invert]", "model: no/such-model")
    lines("d.jsonl", {"text": "A fact.", "id": "a"}, '{"text": "cut', {"text": " "}, {"text": "B.", "id": "a"})
    lines("q.jsonl", {"prompt": "A", "answer": "fact", "choices": ["lie", "truth"]})
    told = go("run", path)
    expected = [
        f"{path}:3: epochs: unknown key; known here: name, model,",
        f"{path}:5: augment.strategies.0: Input should be",
        f"{tmp_path / 'd.jsonl'}:2: not valid JSON",
        f"{tmp_path / 'd.jsonl'}:3: the document is empty",
        f"{tmp_path / 'd.jsonl'}:4: id 'a' is taken by",
        f"{tmp_path / 'q.jsonl'}:1: the answer 'fact' is not among the choices",
        "model: model 'no/such-model' cannot be loaded",
    ]
    assert len(told) == len(expected)
    for line, words in zip(told, expected, strict=True):
        assert line.startswith(f"error: {words}")
    assert not (tmp_path / "runs").exists()


def test_a_folder_of_another_study(go: Go, lines: Lines, tmp_path: Path, embedded: Path) -> None:
    Run(tmp_path / "out", "another").begin({"name": "another"})
    (told,) = go("run", study(lines, "name: mine"), "--out", tmp_path / "out")
    assert "holds the run of study 'another', not 'mine'; name another with --out" in told


def test_a_folder_of_other_files(go: Go, lines: Lines, tmp_path: Path, embedded: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("x")
    assert "holds other files and no run" in go("run", study(lines), "--out", tmp_path / "out")[0]


def test_no_permission(go: Go, lines: Lines, tmp_path: Path, embedded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, and tests may run as root: so the system's answer is given here.
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: mode != os.W_OK and real(p, mode))
    assert "no permission to write" in go("run", study(lines))[0]


def test_too_little_disk(go: Go, lines: Lines, embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    (told,) = go("run", study(lines))
    assert "0.0 GB free, this study needs about" in told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "not valid YAML"),
        ("- x", "a study is a mapping of keys, found list"),
        ("name: x", "give documents and questions, or benchmark"),
        ("benchmark: {name: people, p2d: 2}", "benchmark.p2d"),
        ("benchmark: {name: peeple}", "benchmark.name"),
        ("benchmark: {name: people}\ntrain: {epochs: 1, steps: 2}", "give epochs or steps, not both"),
        ("benchmark: {name: people}\nseeds: [0, 0]", "each named once"),
    ],
)
def test_studies_that_are_wrong(go: Go, lines: Lines, content: str, words: str, embedded: Path) -> None:
    path = lines("s.yaml", content)
    assert words in "\n".join(go("validate", path))


def test_wrong_calls(go: Go, tmp_path: Path) -> None:
    assert "no study" not in go("run", tmp_path / "none.yaml")[0]
    assert "cannot be read" in go("run", tmp_path / "none.yaml")[0]
    assert "name a study file" in go("run")[0]
    assert "write key=value" in go("benchmark", "people", "--out", tmp_path / "b", "--set", "p2d")[0]
    assert "holds no results.json" in go("compare", tmp_path)[0]
    assert "benchmark 'peeple' is not known" in go("benchmark", "peeple", "--out", tmp_path / "b")[0]


def test_benchmark_files_are_a_valid_study_of_own_data(
    go: Go, tmp_path: Path, capsys: pytest.CaptureFixture[str], embedded: Path
) -> None:
    go("benchmark", "people", "--out", tmp_path / "b", "--set", "p2d=4", "--set", "d2p=4", code=0)
    path = tmp_path / "s.yaml"
    path.write_text("documents: b/documents.jsonl\nquestions: b/questions.jsonl\n")
    go("validate", path, code=0)


def test_what_became_of_the_documents_is_told(go: Go, tmp_path: Path, lines: Lines, embedded: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Pumps\n\nThey are red.")
    (tmp_path / "docs" / "b.txt").write_bytes(b"a\0\0b")
    study = lines("s.yaml", "documents: docs", "questions: q.jsonl")
    lines("q.jsonl", {"prompt": "Pumps are", "answer": "red"})
    assert any("ingest.skip_unreadable: true" in line for line in go("validate", study))
    call = [sys.executable, "-m", "augtune", "validate", str(study), "--set", "ingest.skip_unreadable=true"]
    told = subprocess.run(call, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "1 file read, 1 failed; 1 document" in told.stdout
    assert "b.txt: failed: holds binary data, not text" in told.stdout
    go("validate", study, "--set", "documents=docs/*.md", code=0)


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_study_is_valid_and_names_its_command(path: Path) -> None:
    load_study(path)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"# augtune run studies/{path.name}")


def test_every_key_has_a_help_text() -> None:
    rows = field_help()
    assert {"name", "model", "train.epochs", "augment.samples"} <= {key for key, _, _ in rows}
    sections = {"prices"}
    assert [key for key, _, text in rows if not text and key not in sections] == []


def test_ctrl_c_says_that_nothing_is_lost(go: Go, monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", stopped)
    assert go("run", study(lines), code=130) == ["stopped; what was done is kept: the same command goes on from there"]


def test_help_of_every_command() -> None:
    run = subprocess.run([sys.executable, "-m", "augtune", "--help"], capture_output=True, text=True, check=True)
    for command in (
        "run",
        "augment",
        "train",
        "evaluate",
        "report",
        "preflight",
        "validate",
        "benchmark",
        "demo",
        "ask",
        "export",
    ):
        assert command in run.stdout
