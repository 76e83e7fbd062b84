"""Task examples: read, shown, found, learnt by their outputs alone, varied with their outputs kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune import study as flow
from augtune import tasks
from augtune.backends.base import Ask, Request
from augtune.backends.scripted import Scripted
from augtune.config import load_study
from augtune.errors import UserError
from augtune.records import Augmentation, Document, Question, read_records
from augtune.train.texts import examples
from conftest import ScriptedModels

EXAMPLE = Path(__file__).parent.parent / "examples" / "tickets" / "tickets.yaml"
TICKETS = {"The parcel is late.": "delivery", "My box never came.": "delivery", "I was charged twice.": "billing",
           "The bill is wrong.": "billing"}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    asked = {"Where is my parcel?": "delivery", "Why this bill?": "billing"}
    for name, rows in (("t.jsonl", TICKETS), ("q.jsonl", asked)):
        lines = [json.dumps({"input": i, "output": o}) for i, o in rows.items()]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    (tmp_path / "s.yaml").write_text(
        "name: s\ndocuments: t.jsonl\nquestions: q.jsonl\narms: [base, icl, rag, augmented]\n"
        "augment: {strategies: [vary], samples: 1}\nevaluate: {forgetting: false, rag: {k: 1}}\n"
    )
    return tmp_path


def write(request: Request) -> str:
    """Says an input otherwise, and once loses what it is about."""
    said = request.prompt.split("Text: ")[-1].split("\n")[0]
    return "Well." if "bill" in said else f"I tell you: {said[0].lower()}{said[1:]}"


def begin(folder: Path, model: Scripted, *changes: str, until: str) -> flow.Flow:
    study = load_study(folder / "s.yaml", changes)
    return flow.run(study, folder / "run", until=until, force=True, models=ScriptedModels(model))  # type: ignore[arg-type]


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), st.text("ab", min_size=1))
def test_an_example_comes_apart_as_it_was_put_together(given: str, output: str) -> None:
    d = tasks.document("d", given, output)
    assert tasks.parts(d) == (given, output)
    assert d.text[: d.given] == tasks.asked(given)


def test_rows_are_read_as_examples_and_labels_are_choices(folder: Path) -> None:
    corpus, faults = flow.load(load_study(folder / "s.yaml"))
    assert faults == []
    assert {tasks.parts(d) for d in corpus.documents} == set(TICKETS.items())
    assert {tuple(q.choices or ()) for q in corpus.questions} == {("billing", "delivery")}
    assert all(q.task and q.prompt.endswith("\nOutput:") for q in corpus.questions)
    few = [tasks.document("a", "x", "y"), tasks.document("b", "x2", "z")]
    q = Question("q", "p", "y", task=True)
    assert tasks.with_choices([q], few) == [q]  # outputs that do not come again are no labels


def test_icl_shows_all_and_rag_the_nearest(folder: Path) -> None:
    model = Scripted(weigh=lambda before, choice: float(before.count(choice)))
    begin(folder, model, "arms=[base, icl, rag]", until="evaluate")
    before = [c.context + c.prompt for c in model.calls if isinstance(c, Ask) and "Where is my parcel?" in c.prompt]
    base, rag, icl = sorted(before, key=lambda b: b.count("Input:"))
    assert base == "Input: Where is my parcel?\nOutput:"
    assert rag == "Input: The parcel is late.\nOutput: delivery\n\nInput: Where is my parcel?\nOutput:"
    assert icl.count("Output: ") == len(TICKETS)


def test_inputs_are_varied_and_their_outputs_kept(folder: Path) -> None:
    run = begin(folder, Scripted(write=write), until="augment")
    made = read_records(folder / "run" / "augmentations.jsonl", Augmentation)
    assert {a.text for a in made} == {
        f"Input: I tell you: {i[0].lower()}{i[1:]}\nOutput: {o}" for i, o in TICKETS.items() if "bill" not in i
    }
    (lost,) = read_records(folder / "run" / "rejected.jsonl", Augmentation)
    assert lost.reason == "is not about its source"
    taught = flow.texts_of(run, "augmented")
    assert ("Input: The parcel is late.\nOutput:", "delivery") in taught
    assert ("Input: I tell you: the parcel is late.\nOutput:", "delivery") in taught
    assert len(taught) == 7


def test_only_the_output_is_learnt(tiny: Path) -> None:
    from augtune.backends.local import load_tokenizer

    tokenizer = load_tokenizer(str(tiny))
    (example,) = examples([("Input: The parcel is late.\nOutput:", "delivery")], "none", tokenizer, 512)
    assert tokenizer.decode(example.ids[example.context : -1]) == " delivery"
    assert tokenizer.decode(example.ids[: example.context]) == "Input: The parcel is late.\nOutput:"
    assert example.ids[-1] == tokenizer.eos_token_id


def test_other_strategies_leave_examples_alone(folder: Path) -> None:
    with pytest.raises(UserError, match="task examples, which `vary` alone augments"):
        begin(folder, Scripted(), "augment.strategies=[reverse]", until="augment")


def test_a_row_of_other_documents_is_as_it_was() -> None:
    """So that runs from before still stand."""
    assert Document("d", "x").row() == {"id": "d", "text": "x", "group": None}
    assert "task" not in Question("q", "p", "a").row()


def test_the_shipped_example_is_sound() -> None:
    study = load_study(EXAMPLE)
    corpus, faults = flow.load(study)
    assert faults == []
    assert (len(corpus.documents), len(corpus.questions) + len(corpus.validation)) == (48, 40)
    assert {len(q.choices or ()) for q in (*corpus.questions, *corpus.validation)} == {4}
    assert corpus.validation
    inputs = {tasks.parts(d)[0] for d in corpus.documents}
    assert not any(tasks.asked(i) == q.prompt for i in inputs for q in corpus.questions)


def test_training_on_examples_counts_what_is_read(tiny: Path, tmp_path: Path) -> None:
    from contextlib import nullcontext

    from augtune.config import Train
    from augtune.train.trainer import train

    texts = [("Input: The parcel is late.\nOutput:", "delivery"), ("Input: The bill is wrong.\nOutput:", "billing")]
    settings = Train(method="full", steps=2, batch_size=2)
    done = train(
        str(tiny), texts, settings, 0, "float32", tmp_path / "m", lambda n: nullcontext(lambda k: None), "mark"
    )
    assert done["examples"] == 2
    assert (tmp_path / "m" / "model.safetensors").exists()
