"""Arms made equal: steps, tokens, the best pass; and general text mixed in."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from augtune import study as flow
from augtune.backends.local import LocalModel, load_tokenizer
from augtune.config import Study, Train
from augtune.runs import Run
from augtune.train import trainer
from augtune.train.texts import Example, order, pass_ends, with_replay
from augtune.train.trainer import keep, kept, passes_of, plan, weights_of
from train.test_trainer import TEXTS, Stopped, run


def test_tokens_are_reached_with_the_first_whole_batch() -> None:
    lengths = [3, 5, 7, 9, 11]
    found = order(lengths, 1.0, None, 2, seed=0, tokens=50)
    read = sum(lengths[i] for i in found)
    assert len(found) % 2 == 0
    assert 50 <= read < 50 + 2 * 11
    assert sorted(set(found)) == [0, 1, 2, 3, 4]  # a whole pass first


def test_a_plan_is_what_training_takes(tiny: Path, tmp_path: Path) -> None:
    settings = Train(method="full", epochs=2, batch_size=5)
    planned = plan(str(tiny), TEXTS, settings)
    done = run(tiny, tmp_path / "a", steps=None, epochs=2, batch_size=5)
    assert (planned.steps, planned.tokens) == (done["steps"], done["tokens"])


@pytest.mark.parametrize("match", ["steps", "tokens"])
def test_arms_of_different_size_are_held_equal(tiny: Path, tmp_path: Path, match: str) -> None:
    more = plan(str(tiny), TEXTS * 2, Train(epochs=2, batch_size=4))
    given = {match: getattr(more, match)}
    less = run(tiny, tmp_path / "a", steps=None, epochs=2, given=given)
    assert less["steps"] == more.steps
    assert abs(less["tokens"] - more.tokens) <= 4 * 20  # within a batch


def test_each_pass_is_kept_and_one_becomes_the_result(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    settings: dict[str, Any] = {"steps": None, "epochs": 3, "batch_size": 5, "match": "validation"}
    run(tiny, folder, **settings)
    assert passes_of(folder) == [1, 2, 3]
    weights = load_file(folder / "pass-2" / "model.safetensors")
    assert not torch.equal(
        weights["lm_head.weight"], load_file(folder / "pass-3" / "model.safetensors")["lm_head.weight"]
    )
    with pytest.raises(Stopped):
        run(tiny, tmp_path / "b", stop_after=8, **settings)
    run(tiny, tmp_path / "b", **settings)
    assert (tmp_path / "b/pass-2/model.safetensors").read_bytes() == (folder / "pass-2/model.safetensors").read_bytes()
    assert weights_of(folder, 2) == folder / "pass-2"
    keep(folder, 2, {"tried": [1, 2]})
    assert kept(folder) == {"tried": [1, 2]}
    assert weights_of(folder, 2) == folder
    assert passes_of(folder) == []
    assert torch.equal(weights["lm_head.weight"], load_file(folder / "model.safetensors")["lm_head.weight"])
    assert (folder / "loss.jsonl").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    LocalModel(str(tiny), folder, "float32")


@given(each=st.integers(1, 70), passes=st.sampled_from([0.5, 1, 1.5, 2, 4]), batch=st.integers(1, 9))
def test_after_a_pass_every_example_was_seen_as_often(each: int, passes: float, batch: int) -> None:
    found = order([1 + i % 7 for i in range(each)], passes, None, batch, seed=0)
    ends = pass_ends(len(found), each, batch)
    assert max(ends) == -(-len(found) // batch)
    for step, number in ends.items():
        seen = Counter(found[: step * batch])
        if number <= passes:
            assert min(seen[i] for i in range(each)) >= number
            assert sum(seen.values()) < number * each + batch


def test_a_kill_while_a_pass_is_made_the_result_loses_nothing(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a"
    run(tiny, folder, steps=None, epochs=2, match="validation")
    chosen = (folder / "pass-1" / "model.safetensors").read_bytes()

    def killed(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as m:
        m.setattr(trainer, "write_json", killed)
        with pytest.raises(Stopped):
            keep(folder, 1, {})
    assert passes_of(folder) == [1, 2]
    with monkeypatch.context() as m:
        m.setattr(trainer.shutil, "rmtree", killed)
        with pytest.raises(Stopped):
            keep(folder, 1, {})
    assert passes_of(folder) == []
    keep(folder, 1, {})
    assert (folder / "model.safetensors").read_bytes() == chosen
    assert not list(folder.glob("pass-*"))


def test_replay_is_a_share_of_all_examples_and_the_same_for_a_seed(tiny: Path) -> None:
    tokenizer = load_tokenizer(str(tiny))
    found = [Example([1, 2, 3])] * 90
    mixed = with_replay(found, 0.1, tokenizer, 512, seed=1)
    assert (len(mixed), mixed[:90]) == (100, found)
    assert with_replay(found, 0.1, tokenizer, 512, seed=1) == mixed
    assert with_replay(found, 0.1, tokenizer, 512, seed=2) != mixed
    assert with_replay(found, 0.0, tokenizer, 512, seed=1) == found


@pytest.fixture
def study(tiny: Path, tmp_path: Path) -> Study:
    (tmp_path / "d.txt").write_text("The lamp is lit. The door is shut. The rye is baked. The maps are drawn.")
    rows = [{"prompt": "The lamp is", "answer": "lit", "choices": ["lit", "shut"], "split": s} for s in "ab"]
    rows.append({**rows[0], "split": "validation"})
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return Study.model_validate(
        {
            "name": "s", "model": str(tiny), "documents": tmp_path / "d.txt", "questions": tmp_path / "q.jsonl",
            "arms": ["base", "finetune"], "dtype": "float32",
            "train": {"splitting": "independent", "batch_size": 2, "epochs": 2, "learning_rate": 0.01},
            "evaluate": {"prompt": "plain", "forgetting": False},
        }
    )  # fmt: skip


def test_a_kill_after_a_pass_was_chosen_loses_nothing_of_why(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.train.match = "validation"
    flow.run(study, tmp_path / "whole")
    finish = Run.finish

    def killed(self: Run, stage: str, *given: Any, **more: Any) -> dict[str, Any]:
        if stage == "evaluate-finetune-0":
            raise Stopped
        return finish(self, stage, *given, **more)

    with monkeypatch.context() as m:
        m.setattr(Run, "finish", killed)
        with pytest.raises(Stopped):
            flow.run(study, tmp_path / "killed")
    assert passes_of(tmp_path / "killed/models/finetune") == []
    flow.run(study, tmp_path / "killed")
    for name in ("predictions.jsonl", "stages/evaluate-finetune-0.jsonl"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    settings = [json.loads((tmp_path / n / "results.json").read_text())["arms"]["finetune"]["settings"]
                for n in ("whole", "killed")]  # fmt: skip
    assert settings[0] == settings[1]
    assert [t["passed"] for t in settings[1]["tried"]] == [2, 1]
    assert settings[1]["passed"] in (1, 2)


def test_a_report_takes_matched_budgets_as_they_were_found(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.train.match = "steps"
    flow.run(study, tmp_path / "run")
    monkeypatch.setattr(trainer, "plan", lambda *_: pytest.fail("tokenized again"))
    flow.render(study, tmp_path / "run")
