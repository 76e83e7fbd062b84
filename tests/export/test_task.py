"""The task of lm-evaluation-harness. That it then chooses as augtune does is measured by bench/lm_eval_agreement.py;
here is what that rests on: context and choice together are the text that augtune scores."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from augtune.backends.base import Ask
from augtune.export import task
from augtune.records import Question


def question(i: int, split: str = "all", prompt: str = "Mira Tolen is") -> Question:
    return Question(f"q{i}", prompt, "kind", ["tall", "kind"], split)


SPACED = (question(0), Ask("", "Mira Tolen is", (" tall", " kind")))
# A chat template has opened the answer: no space stands at the seam.
OPENED = (question(1, "who?"), Ask("<user>Who?", "\n<assistant>\n", ("tall", "kind"), chat=True))


def write(folder: Path, *asked: tuple[Question, Ask]) -> list[dict[str, object]]:
    task.write(folder, "augtune_s_augmented", asked)
    return [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_context_and_choice_are_what_augtune_scores(tmp_path: Path) -> None:
    rows = write(tmp_path, SPACED, OPENED)
    for row, (_, ask) in zip(rows, (SPACED, OPENED), strict=True):
        assert [f"{row['context']}{c}" for c in row["choices"]] == [  # type: ignore[attr-defined]
            f"{ask.context}{ask.prompt}{c}" for c in ask.choices
        ]
        assert row["choices"][row["gold"]] == "kind"  # type: ignore[index]
    assert rows[0]["context"] == "Mira Tolen is "
    assert rows[0]["choices"] == ["tall", "kind"]  # as long as augtune counts them: without the space


def test_a_task_for_each_split_and_a_group_of_them(tmp_path: Path) -> None:
    write(tmp_path, SPACED, OPENED, (question(2, "who!"), SPACED[1]))
    group = yaml.safe_load((tmp_path / "augtune_s_augmented.yaml").read_text())
    names = group["task"]
    assert names == ["augtune_s_augmented_all", "augtune_s_augmented_who", "augtune_s_augmented_who_"]
    assert [m["metric"] for m in group["aggregate_metric_list"]] == ["acc", "acc_norm", "acc_bytes"]
    parts = []
    for name in names:
        text = (tmp_path / f"{name}.yaml").read_text()
        assert text.endswith("custom_dataset: !function questions.load\n")
        settings = yaml.safe_load(text.replace("!function ", ""))
        assert settings["task"] == name
        assert settings["target_delimiter"] == ""
        parts.append(settings["dataset_kwargs"]["part"])
    assert parts == ["all", "who?", "who!"]


def test_without_choices_there_is_no_task(tmp_path: Path) -> None:
    task.write(tmp_path / "none", "augtune_s_augmented", [])
    assert not (tmp_path / "none").exists()


def test_names_fit_commands_and_files() -> None:
    assert task.name("my-study.v2", "only-reverse") == "augtune_my_study_v2_only_reverse"
