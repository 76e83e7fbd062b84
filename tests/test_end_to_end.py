"""The whole flow with the embedded model, killed without warning and run again: the same result as without the kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FACTS = {
    "Mira Tolen": "the keeper of the north lamp", "Jon Veddel": "the baker of the black rye",
    "Ada Quill": "the drawer of the river maps", "Rufus Amber": "the winder of the tower clock",
}  # fmt: skip
ARMS = ["base", "icl", "finetune", "augmented"]


@pytest.fixture
def command(tmp_path: Path, embedded: Path) -> list[str]:
    forms = ("{n} is {d}.", "People know {n} as {d}.")
    documents = [{"text": f.format(n=n, d=d), "group": n} for n, d in FACTS.items() for f in forms]
    questions = [
        {"prompt": f"{d[0].upper()}{d[1:]} is", "answer": n, "choices": list(FACTS), "split": "reversal", "group": n}
        for n, d in FACTS.items()
    ] + [{"prompt": f"{n} is", "answer": d, "split": "open", "group": n} for n, d in FACTS.items()]
    for name, rows in (("documents", documents), ("questions", questions)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return [
        sys.executable, "-m", "augtune", "run", "--documents", str(tmp_path / "documents.jsonl"),
        "--questions", str(tmp_path / "questions.jsonl"), "--set", "train.epochs=6", "--set", "train.batch_size=4",
    ]  # fmt: skip


def finish(command: list[str], out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=True, timeout=500)


def comparable(out: Path) -> dict[str, bytes]:
    names = ("preflight.json", "augmentations.jsonl", "rejected.jsonl", "predictions.jsonl",
             "models/finetune/loss.jsonl", "models/augmented/model.safetensors")  # fmt: skip
    return {name: (out / name).read_bytes() for name in names}


def test_killed_and_resumed_is_the_same_run(command: list[str], tmp_path: Path) -> None:
    whole = finish(command, tmp_path / "whole")
    assert "Verdict" in whole.stdout
    told = json.loads((tmp_path / "whole" / "results.json").read_text())
    assert list(told["arms"]) == ARMS
    assert told["arms"]["finetune"]["splits"]["open"]["contained"] >= 0.75  # it did learn what it read
    page = (tmp_path / "whole" / "report.html").read_text()
    assert all(f">{arm}<" in page for arm in ARMS)

    out = tmp_path / "killed"
    marks = ("calls.sqlite", "stages/augment.json", "stages/train-finetune-0.json", "stages/evaluate-base-0.json")
    for mark in marks:  # each time a little further: in preflight, in training, in training, in evaluation
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([*command, "--out", str(out)], start_new_session=True, **quiet) as process:
            while not (out / mark).exists() and process.poll() is None:
                time.sleep(0.1)
            time.sleep(1.0)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    finish(command, out)
    assert comparable(out) == comparable(tmp_path / "whole")

    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (out / "models").rglob("*.safetensors")}
    results = (out / "results.json").read_bytes()
    finish(command, out)
    assert (out / "results.json").read_bytes() == results
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before  # nothing was trained again
