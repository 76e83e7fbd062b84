"""The real flow with a scripted model: what is stored, what is redone, what a stop costs. (Training: test_trainer.py
and test_end_to_end.py.)"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augtune import study as flow
from augtune.backends.base import Request
from augtune.backends.scripted import Scripted
from augtune.config import Study, load_study
from augtune.errors import BudgetReached, UserError
from conftest import ScriptedModels

FACTS = {"Mira Tolen": "the keeper of the lamp", "Jon Veddel": "the baker of rye", "Ada Quill": "the drawer of maps"}


def own_prompt(request: Request) -> str:
    """The sentence that is to be rewritten: the last one given."""
    return [line for line in request.prompt.splitlines() if line.startswith("Sentence:")][-1].split(": ", 1)[1]


def write(request: Request) -> str:
    """Reverses "X is Y." rightly, and so passes preflight; answers a question with what it was told."""
    if "Sentence:" not in request.prompt:
        return "Mira Tolen"
    subject, _, rest = own_prompt(request).rstrip(".").partition(" is ")
    return f"{rest[:1].upper()}{rest[1:]} is {subject}."


def weigh(before: str, choice: str) -> float:
    return 0.0 if any(n in choice and d in before for n, d in FACTS.items()) else -5.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "facts.jsonl").write_text(
        "".join(json.dumps({"id": n, "text": f"{n} is {d}.", "group": n}) + "\n" for n, d in FACTS.items())
    )
    rows = [{"prompt": f"{d} is", "answer": n, "choices": list(FACTS), "group": n, "split": "reversal"}
            for n, d in FACTS.items()]  # fmt: skip
    rows.append({"prompt": "Who keeps the lamp?", "answer": "mira tolen", "group": "Mira Tolen", "split": "open"})
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "s.yaml").write_text(
        "name: s\ndocuments: facts.jsonl\nquestions: questions.jsonl\narms: [base, icl]\naugment: {samples: 1}\n"
        "evaluate: {forgetting: false}\n"
    )
    return tmp_path


def backend() -> Scripted:
    return Scripted(write=write, weigh=weigh, batch_size=2)


def go(folder: Path, model: Scripted, *changes: str, until: str = "report", force: bool = True) -> Path:
    out = folder / "run"
    study: Study = load_study(folder / "s.yaml", changes)
    flow.run(study, out, until=until, force=force, models=ScriptedModels(model))  # type: ignore[arg-type]
    return out


def test_files_and_results_of_the_contract(folder: Path) -> None:
    out = go(folder, backend())
    results = json.loads((out / "results.json").read_text())
    assert results["schema"] == 1
    assert {"study", "arms", "comparisons", "coverage", "break_even", "verdict"} <= results.keys()
    cell = results["arms"]["base"]["splits"]["reversal"]
    assert (cell["n"], cell["correct"], cell["accuracy"], cell["seeds"]) == (3, 3, 1.0, {"0": 1.0})
    opened = results["arms"]["icl"]["splits"]["open"]
    assert (opened["accuracy"], opened["contained"]) == (1.0, 1.0)
    usage = results["arms"]["icl"]["usage"]
    assert {"augment", "train", "query"} <= set(usage)
    assert set(usage["query"]) == {
        "tokens_in", "tokens_in_reused", "tokens_out", "flops", "seconds", "calls", "failed_calls", "money",
    }  # fmt: skip
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * 4
    assert {"arm", "seed", "id", "split", "group", "choices", "loglikelihoods", "tokens", "bytes", "chosen", "answer",
            "correct"} <= rows[0].keys()  # fmt: skip
    assert (out / "report.html").exists()
    assert (out / "report.md").exists()


def test_augment_writes_accepted_and_rejected(folder: Path) -> None:
    with (folder / "facts.jsonl").open("a") as f:
        f.write(json.dumps({"id": "hum", "text": "Nobody hums."}) + "\n")
    out = go(folder, backend(), until="augment")
    accepted = [json.loads(line) for line in (out / "augmentations.jsonl").read_text().splitlines()]
    assert [set(a) for a in accepted] == [{"id", "strategy", "sources", "text"}] * 3
    assert {a["text"] for a in accepted} >= {"The keeper of the lamp is Mira Tolen."}
    (rejected,) = [json.loads(line) for line in (out / "rejected.jsonl").read_text().splitlines()]
    assert rejected["sources"] == ["hum"]
    assert rejected["reason"]


def test_done_work_is_not_done_again(folder: Path) -> None:
    first, second = backend(), backend()
    out = go(folder, first)
    before = (out / "results.json").read_bytes()
    go(folder, second)
    assert second.calls == []
    assert (out / "results.json").read_bytes() == before


def test_a_changed_setting_redoes_what_depends_on_it_and_nothing_else(folder: Path) -> None:
    go(folder, backend(), until="augment")
    go(folder, backend())
    model = backend()
    out = go(folder, model, "evaluate.normalization=token")
    assert model.calls == []  # the same likelihoods, divided otherwise
    assert json.loads((out / "results.json").read_text())["study"]["evaluate"]["normalization"] == "token"
    model = backend()
    go(folder, model, "augment.temperature=0.7", until="augment")
    assert len(model.calls) == 3  # one for each document; preflight stands
    model = backend()
    go(folder, model, "arms=[base]")
    assert model.calls == []


def test_a_stopped_run_goes_on_to_the_same_result(folder: Path) -> None:
    whole = (go(folder, backend()) / "predictions.jsonl").read_bytes()
    (folder / "run").rename(folder / "whole")
    count = 0

    def dies(before: str, choice: str) -> float:
        nonlocal count
        count += 1
        if count > 12:
            raise KeyboardInterrupt
        return weigh(before, choice)

    with pytest.raises(KeyboardInterrupt):
        go(folder, Scripted(write=write, weigh=dies, batch_size=2))
    model = backend()
    out = go(folder, model)
    assert (out / "predictions.jsonl").read_bytes() == whole
    assert 0 < len(model.calls) < 8


def test_the_budget_is_hard_and_a_higher_one_goes_on(folder: Path) -> None:
    with pytest.raises(BudgetReached):
        go(folder, backend(), "budget.calls=4")
    model = backend()
    go(folder, model, "budget.calls=100")
    assert len(model.calls) == 4


def test_a_model_that_infers_nothing_stops_before_it_teaches_errors(folder: Path) -> None:
    useless = Scripted(write=lambda r: "Maybe.")
    with pytest.raises(UserError, match="fails at every strategy"):
        go(folder, useless, until="augment", force=False)
    assert not (folder / "run" / "augmentations.jsonl").exists()


def test_every_fault_at_once(folder: Path) -> None:
    (folder / "facts.jsonl").write_text('{"text": ""}\n{\n')
    (folder / "run").write_text("")
    with pytest.raises(UserError) as e:
        go(folder, backend())
    assert len(e.value.faults) == 3


def test_a_report_of_other_settings_is_refused(folder: Path) -> None:
    out = go(folder, backend())
    study = load_study(folder / "s.yaml", ["arms=[base, icl]", "evaluate.max_tokens=7"])
    with pytest.raises(UserError, match="not evaluated under these settings"):
        flow.render(study, out, ScriptedModels(backend()))  # type: ignore[arg-type]


def test_a_report_before_the_run_says_what_is_missing(folder: Path) -> None:
    study = load_study(folder / "s.yaml", ["arms=[base, augmented]"])
    with pytest.raises(UserError, match="holds no run"):
        flow.render(study, folder / "none", ScriptedModels(backend()))  # type: ignore[arg-type]
    assert not (folder / "none").exists()
    out = go(folder, backend(), until="preflight")
    with pytest.raises(UserError, match="not evaluated under these settings: base with seed 0, augmented with seed 0"):
        flow.render(study, out, ScriptedModels(backend()))  # type: ignore[arg-type]


def test_an_arm_whose_strategies_are_off_is_no_second_finetune(folder: Path) -> None:
    with pytest.raises(UserError, match="arms: only-link: preflight switched off"):
        go(
            folder,
            backend(),
            "arms=[augmented, only-link]",
            "augment.strategies=[reverse, link]",
            until="augment",
            force=False,
        )


def test_validation_groups_are_never_asked_as_test_questions(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("Something.")
    rows = [{"prompt": f"q {i} is", "answer": "a", "group": str(i % 25)} for i in range(100)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    study = Study(name="x", documents=tmp_path / "d.txt", questions=tmp_path / "q.jsonl")
    corpus, faults = flow.load(study)
    assert faults == []
    assert len(corpus.questions) + len(corpus.validation) == 100
    assert {q.group for q in corpus.validation}.isdisjoint({q.group for q in corpus.questions})
    assert len(corpus.validation) == 20


def test_what_is_computed_in_is_decided_once_for_a_run_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from augtune.backends import local

    decided = iter([torch.bfloat16, torch.float32])
    monkeypatch.setattr(local, "fast_dtype", lambda: next(decided))
    go(folder, backend())
    out = go(folder, backend())  # would be float32 now
    flow.render(load_study(folder / "s.yaml"), out, ScriptedModels(backend()))  # type: ignore[arg-type]
    for file in ("study.json", "results.json"):
        assert json.loads((out / file).read_text())["study"]["dtype"] == "bfloat16"
    assert flow.settled(load_study(folder / "s.yaml", ["dtype=float32"]), out).dtype == "float32"
