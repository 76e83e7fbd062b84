"""Facts, the questions on them, their choices and parts, and the file, with a scripted model through the real flow."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune import study as flow
from augtune.augment import decomposed, documents, linked, local
from augtune.augment.writing import Step as AugmentStep
from augtune.backends.base import Message, Request
from augtune.backends.scripted import Scripted
from augtune.benchmarks import common
from augtune.corpus.read import read_questions
from augtune.errors import UserError
from augtune.questions import CHECK, checks, facts, parts, wording
from augtune.questions.asking import Step
from augtune.questions.facts import Fact
from conftest import ScriptedModels

SENTENCES = {
    "The Lark pruner weighs 240 grams.": ("The Lark | pruner | weighs | 240 grams", "the Lark pruner", "240 grams"),
    "The Heron lopper weighs 1,100 grams.": ("The Heron | weighs | 1,100 grams", "the Heron lopper", "1,100 grams"),
    "The Swift saw weighs 600 grams.": ("The Swift saw | weighs | 600 grams", "the Swift saw", "600 grams"),
    "The Badger spade weighs 2 kilos.": ("The Badger spade | weighs | 2 kilos", "the Badger spade", "2 kilos"),
    "Dennis Pohl designed the Lark pruner.": ("Dennis Pohl | designed | Lark pruner", "Dennis Pohl", "the Lark pruner"),
    "Ines Marchetti designed the Heron lopper.": (
        "Ines Marchetti | designed | the Heron lopper", "Ines Marchetti", "the Heron lopper",
    ),
    "Nora Vance edits 'The Hedge'.": ("Nora Vance | edits | The Hedge", "Nora Vance", "'The Hedge'"),
}  # fmt: skip
BAD = {
    "He speaks Danish.": "He | speaks | Danish",
    "Tomas Eck came.": "Tomas | Eck | came",
    "The hotline opens at eight.": "The hotline | closes at | eight",
    "It rains.": "It rains",
}


def write(request: Request) -> str:
    """Cuts sentences as above, knows persons, and asks "What does X weigh?" rightly, all else wrongly."""
    last = request.prompt
    if last.startswith("Sentence:") and last.endswith("Fact:"):
        sentence = last.split(": ", 1)[1].split("\n")[0]
        return SENTENCES[sentence][0] if sentence in SENTENCES else BAD[sentence]
    if last.endswith("Question:"):
        found = re.match(r"Sentence: (.+) weighs .*", last)
        return f"How much does {found[1]} weigh?" if found else "What is the name of the company?"
    if "Answer the question by the text" in last:
        return "240 grams it is" if "the Lark pruner" in last else "I do not know"
    return "person" if last in ("Dennis Pohl:", "Ines Marchetti:", "Nora Vance:") else "thing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = [*SENTENCES, " ".join(BAD)]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    return tmp_path


def go(folder: Path, model: Scripted | None = None, name: str = "q.jsonl", **more: Any) -> Any:
    models = ScriptedModels(model or Scripted(write=write))
    return flow.write_questions(folder / "d.jsonl", folder / name, "m", models=models, **more)[0]  # type: ignore[arg-type]


def test_facts_are_whole_and_what_is_dropped_is_counted(folder: Path) -> None:
    made = go(folder)
    assert {(f.entity, f.value) for f in made.facts} == {(e, v) for _, e, v in SENTENCES.values()}
    why = {reason: n for (form, reason), n in made.dropped.items() if form == "fact"}
    assert why == {
        "not an entity, a relation and a value": 3, "a pronoun, which says nothing outside its document": 1,
    }  # fmt: skip


def test_questions_from_both_ends_and_over_two_facts(folder: Path) -> None:
    rows = {r["prompt"]: r for r in go(folder).rows}
    asked = {p: r["answer"] for p, r in rows.items()}
    assert asked["How much does The Lark pruner weigh?"] == "240 grams"
    assert asked["What weighs 240 grams?"] == "the Lark pruner"
    assert asked["Who designed the Heron lopper?"] == "Ines Marchetti"
    assert asked["What is it that Nora Vance edits?"] == "'The Hedge'"  # the model's question was about something else
    assert asked["What is it that the thing that Dennis Pohl designed weighs?"] == "240 grams"
    assert asked["Who designed the thing that weighs 1,100 grams?"] == "Ines Marchetti"
    assert rows["How much does The Lark pruner weigh?"]["worded_by"] == "model"
    assert rows["What weighs 240 grams?"]["worded_by"] == "frame"
    assert all(r["answer"] in r["source"] or r["answer"].replace("the", "The") in r["source"] for r in rows.values())
    assert all(r["reviewed"] == "" for r in rows.values())


def test_choices_are_of_the_same_relation_distinct_and_never_right_too(folder: Path) -> None:
    rows = {r["prompt"]: r for r in go(folder).rows}
    weight = rows["How much does The Lark pruner weigh?"]
    assert sorted(weight["choices"]) == ["1,100 grams", "2 kilos", "240 grams", "600 grams"]
    assert weight["distractors"] == "same relation"
    edited = rows["What is it that Nora Vance edits?"]
    assert edited["distractors"] != "same relation"
    for row in rows.values():
        assert len(set(map(checks.key, row["choices"]))) == len(row["choices"])
        assert row["answer"] in row["choices"]
    same = [Fact(e, "weighs", v, f"{e} weighs {v}.", "d") for e, v in (("A1", "5"), ("B2", "5"), ("C3", "6"))]
    (chosen, _) = wording.Choices(same).of(wording.Draft("reversal", "What weighs 5?", same[0], "entity", (same[0],)))
    assert set(chosen or []) == {"A1", "C3"}
    assert wording.Choices(same).several(wording.Draft("reversal", "What weighs 5?", same[0], "entity", (same[0],)))


def test_parts_are_split_by_fact_and_two_step_questions_stay_within(folder: Path) -> None:
    made = go(folder, validation=0.4)
    aside = {r["group"] for r in made.rows if r["split"] == "validation"}
    asked = {r["group"] for r in made.rows if r["split"] != "validation"}
    assert aside
    assert asked
    assert not aside & asked
    part = parts(made.facts, 0.4)
    label = {f.source: f.label for f in made.facts}
    for row in made.rows:
        sources = [label[s] for s in label if s in row["source"]]
        assert {part[s] for s in sources} == {"validation" if row["split"] == "validation" else "test"}
    assert {r["kind"] for r in made.rows if r["split"] == "validation"} <= {"rephrase", "reversal", "two-step"}


@given(st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=30), st.floats(0, 0.9))
def test_a_part_has_its_share_of_facts(labels: list[str], share: float) -> None:
    found = [Fact(name, "is", "x", "s", "d") for name in labels]
    part = parts(found, share)
    n = len(set(labels))
    assert sum(p == "validation" for p in part.values()) == round(share * n)
    assert set(part) == {f.label for f in found}


def test_a_file_that_is_reviewed_is_read_as_such(folder: Path) -> None:
    made = go(folder)
    go(folder, name="q.csv")
    for name in ("q.jsonl", "q.csv"):
        found, faults = read_questions(folder / name)
        assert faults == []
        assert [q.prompt for q in found] == [r["prompt"] for r in made.rows]
        assert [q.choices for q in found] == [r["choices"] for r in made.rows]
        assert {q.reviewed for q in found} == {False}
    with (folder / "q.csv").open(newline="") as f:
        rows = list(csv.DictReader(f))
    rows[0]["reviewed"] = "kl"
    with (folder / "q.csv").open("w", newline="") as f:
        writer = csv.DictWriter(f, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    again, _ = read_questions(folder / "q.csv")
    assert [q.reviewed for q in again].count(True) == 1
    assert again[0].row() == found[0].row()  # a review changes nothing that is asked


def test_what_was_written_is_never_overwritten(folder: Path) -> None:
    go(folder)
    with pytest.raises(UserError, match="may have been edited"):
        go(folder)


def test_a_stopped_run_goes_on(folder: Path) -> None:
    class Dies(Scripted):
        def generate(self, requests: Sequence[Request]) -> Any:
            if requests[0].prompt.endswith("Question:"):
                raise KeyboardInterrupt
            return super().generate(requests)

    with pytest.raises(KeyboardInterrupt):
        go(folder, Dies(write=write))
    assert not (folder / "q.jsonl").exists()
    model = Scripted(write=write)
    whole = go(folder, model)
    assert not any(isinstance(c, Request) and c.prompt.endswith("Fact:") for c in model.calls)
    assert whole.rows == go(folder, name="other.jsonl").rows


def test_a_checker_keeps_what_it_answers_from_the_source(folder: Path) -> None:
    made = go(folder, checker="judge")
    assert {r["answer"] for r in made.rows} == {"240 grams"}
    reason = "the checker, which reads its source, answers otherwise"
    assert sum(n for (_, r), n in made.dropped.items() if r == reason) > 5


def test_nothing_found_says_why(folder: Path) -> None:
    with pytest.raises(
        UserError, match=r"no fact was found in 8 documents \(not an entity, a relation and a value: 11"
    ):
        go(folder, Scripted(write=lambda r: "no idea"))


# -- a model that follows a chat

STATED = [
    {"entity": "Quarrel Lane depot", "relation": "opening hour", "value": "seven",
     "source": "The Quarrel Lane depot opens at seven."},
    {"entity": "guard dog", "relation": "name", "value": "Biscuit", "source": "Its guard dog is called Biscuit."},
    {"entity": "Hetty Crane", "relation": "leads", "value": "the night crew",
     "source": "Hetty Crane leads the night crew."},
]  # fmt: skip


class Chatting(Scripted):
    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>"


def chats(request: Request) -> str:
    if "JSON object" in request.prefix:
        rows = [r for r in STATED if r["source"] in request.prompt]
        made_up = {"entity": "The moon", "relation": "is", "value": "cheese", "source": "The moon is cheese."}
        rows += [made_up] if "Vance" in request.prompt else []
        return "Here you are:\n```json\n" + ",\n".join(json.dumps(r)[:-1] + ",}" for r in rows) + "\n```"
    return "At what time does the Quarrel Lane depot begin its day?" if "Answer: seven" in request.prompt else "Who?"


def test_json_is_read_leniently_and_checked_strictly(folder: Path) -> None:
    model = Chatting(write=chats)
    text = f"{' '.join(r['source'] for r in STATED)} Nora Vance sings."
    (folder / "d.jsonl").write_text(json.dumps({"text": text}) + "\n")
    made = go(folder, model, validation=0.0)
    assert made.style == "chat"  # the probe's facts came out right
    assert [f.value for f in made.facts] == ["seven", "Biscuit", "the night crew"]
    assert made.dropped["fact", "its source does not stand in the document"] == 1
    assert [(r["prompt"], r["answer"]) for r in made.rows] == [
        ("At what time does the Quarrel Lane depot begin its day?", "seven")
    ]
    assert made.dropped["reversal", "not a question"] == 3


def test_a_model_that_cannot_follow_a_chat_continues_examples(folder: Path) -> None:
    assert go(folder, Chatting(write=write)).style == "examples"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What does the Lark pruner weigh?", None),
        ("The Lark pruner weighs?", "stands in the documents word for word"),
        ("What does it weigh?", "does not name what it asks about"),
        ("Does the Lark pruner weigh 240 grams?", "asks for yes or no"),
        ("What of 240 grams is the Lark pruner?", "gives its answer away"),
        ("What does the Lark pruner of Oslo weigh?", "names what its source does not"),
        ("Tell me.", "not a question"),
    ],
)
def test_what_a_question_must_be(text: str, reason: str | None) -> None:
    source = "The Lark pruner weighs 240 grams."
    assert checks.question(text, "the Lark pruner", "240 grams", source, source) == reason


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("The Lark pruner", "the Lark pruner"), ("Every Heron lopper", "every Heron lopper"),
        ("Dennis Pohl", "Dennis Pohl"),
        ("Spare blades", "spare blades"), ("Grayling", "Grayling"), ("240 grams.", "240 grams"),
    ],
)  # fmt: skip
def test_an_answer_is_written_as_inside_a_sentence(text: str, inside: str) -> None:
    assert facts.tidy(text) == inside


def test_what_a_fact_must_be() -> None:
    text = "Today the firm employs 140 people. It began in a barn."
    source, rest = text.split(". ")[0] + ".", "It began in a barn."
    assert checks.fact("Today the firm", "employs", "140 people", source, text, True) is not None
    assert checks.fact("the firm", "employs", "140 people", source, text, True) is None
    assert (
        checks.fact("It", "began in", "a barn", rest, text, True)
        == "a pronoun, which says nothing outside its document"
    )
    assert (
        checks.fact("the firm", "employs", "150 people", source, text, True) == "its value does not stand in its source"
    )
    assert (
        checks.fact("the firm", "pays", "140 people", source, text, True) == "its relation does not stand in its source"
    )
    assert checks.fact("the firm", "head count", "140 people", source, text, False) is None


def test_a_small_models_question_keeps_what_joins_the_two() -> None:
    assert checks.loosely_worded("What is the pump made of?", "the pump", "is made by") == "asks for something else"
    assert checks.loosely_worded("What is the pump's weight?", "the pump", "weighs") is None
    assert checks.loosely_worded("Who owns the pump?", "the pump", "weighs") == "asks for something else"


# -- wording


def texts_of(steps: Sequence[Step]) -> list[str]:
    return [text for s in steps for pair in s.examples for text in pair]


def test_no_question_is_worded_as_an_augmentation_is_prompted() -> None:
    """Worked examples of the two share no four words in a row, and no name."""
    modules = (local, decomposed, linked, documents)
    theirs = [s for m in modules for s in vars(m).values() if isinstance(s, AugmentStep)]
    told = [t for s in theirs for one in s.examples for pair in one for t in pair]
    told += [s.instruction for s in theirs]
    mine = texts_of([facts.FACT, wording.ASK, wording.KIND]) + [
        s.instruction for s in (facts.FACT, wording.ASK, wording.DESCRIBE)
    ]
    mine += [CHECK, *facts.PROBE]

    def runs(parts: Sequence[str]) -> set[tuple[str, ...]]:
        return {tuple(w[i : i + 4]) for w in map(checks.words, parts) for i in range(len(w) - 3)}

    assert runs(mine) & runs(told) == set()
    assert {n for t in mine for n in checks.names(t)} & {n for t in told for n in checks.names(t)} <= {
        "json",
        "answer",
        "nam",
    }  # instructions'


def test_worked_examples_share_no_word_with_a_benchmark() -> None:
    shown = {w for t in texts_of([facts.FACT, wording.ASK, wording.KIND]) for w in re.findall(r"\w+", t.lower())}
    nonsense = set(Path(common.__file__).with_name("nonsense.txt").read_text(encoding="utf-8").split())
    assert not {w for w in shown if w in nonsense or w.rstrip("s") in nonsense}
