"""Strategies through the real pipeline, with a scripted model that does each step rightly or wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from augtune.augment import STRATEGIES, apply, decomposed, documents, leaks, linked, local, preflight
from augtune.augment.checks import CHECKS, Candidate, judge
from augtune.augment.writing import Step
from augtune.backends.base import Message, Request, Tick
from augtune.backends.scripted import Scripted
from augtune.backends.store import Store
from augtune.benchmarks import common
from augtune.benchmarks.people import FIRST, LAST
from augtune.benchmarks.reversals import DIMENSIONS
from augtune.records import Document, Question
from augtune.sentences import sentences

OPPOSITES = {"Faster": "slower.", "Slower": "faster.", "Odd": "even.", "Even": "round."}


@contextmanager
def quiet(what: str, total: float) -> Iterator[Tick]:
    yield lambda n: None


def write(request: Request) -> str:
    """Does every step rightly: names opposites, swaps comparisons, chains facts."""
    asked = request.prompt.strip().splitlines()
    if asked[-1].endswith("is the opposite of"):
        return OPPOSITES.get(asked[-1].split()[0], "nothing")
    text = asked[-2].partition(": ")[2] if len(asked) > 1 else ""
    if asked[-1] == "The other way round:":
        a, verb, word, b = re.match(r"(.+) (is|are) (\w+) than (.+)\.", text).groups()  # type: ignore[union-attr]
        return f"{b[0].upper()}{b[1:]} {verb} {word} than {a[0].lower()}{a[1:]}."
    if asked[-1] == "So:":
        first, second = text.rstrip(".").split(". ")
        return f"{first.split(' is ')[0]} is {second.split(' is ')[1]}."
    return ""


def made(
    tmp_path: Path, strategy: str, *texts: str, samples: int = 1, model: Scripted | None = None, style: str = "examples"
) -> dict[str, str | None]:
    """The texts that a strategy made, each with why it was rejected."""
    given = [Document(str(i), text) for i, text in enumerate(texts)]
    store = Store(tmp_path / "calls.sqlite")
    found = apply(strategy, style, model or Scripted(write=write), store, given, samples, 0.0, 0, quiet).found
    return {a.text: a.reason for a in found}


def test_a_comparison_is_told_from_its_other_end(tmp_path: Path) -> None:
    assert made(tmp_path, "converse", "Trams are faster than carts.") == {"Carts are slower than trams.": None}


def test_an_opposite_that_does_not_lead_back_is_not_trusted(tmp_path: Path) -> None:
    OPPOSITES.update({"Odder": "evener.", "Evener": "rounder."})
    assert made(tmp_path, "converse", "Trams are odder than carts.") == {"": decomposed.NO_OPPOSITE}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Trams are faster than carts.", "faster"),
        ("The water is colder than the air.", "colder"),
        ("My teacher said that gond are less loud than vib.", "less"),
        ("Trams run at night.", None),
        ("Acme employs more than 500 people.", None),
        ("The hall holds more guests than the tent.", None),
        ("It is red rather than blue.", None),
    ],
)
def test_what_says_that_one_is_more_so_than_another(text: str, word: str | None) -> None:
    assert local.comparing_word(text) == word


def test_what_compares_nothing_is_passed_over(tmp_path: Path) -> None:
    assert made(tmp_path, "converse", "Trams run at night.") == {}


def test_a_step_that_is_asked_again_is_counted_once(tmp_path: Path) -> None:
    given = [Document("a", "Trams are faster than carts.")]
    store = Store(tmp_path / "c.sqlite")
    model = Scripted(write=write)
    usage = apply("converse", "examples", model, store, given, 3, 0.0, 0, quiet).usage
    assert usage.calls == len(model.calls) == store.spent["calls"]


def test_what_does_not_fit_the_window_is_not_asked(tmp_path: Path) -> None:
    text = "The lamp draws moths " * 200
    model = Scripted(write=lambda r: "The lamp draws moths at night.", window=600)
    found = made(tmp_path, "implications", text, model=model)
    assert set(found.values()) == {documents.NOT_ENTAILED} or "malformed: unfinished or empty" in found.values()
    assert [c for c in model.calls if isinstance(c, Request)] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Gond are less loud than vib.", None),
        ("The gond are less loud than the vib.", None),
        ("In our days gond are less loud than vib.", None),
        ("Vib are less loud than gond.", "not swapped"),
        ("Gond are more loud than vib.", "not swapped"),
        ("Gon are less loud than vib.", "not swapped"),
        ("Gond are less loud than in our days vib.", "not swapped"),
    ],
)
def test_a_swap_is_two_sides_and_the_words_between(text: str, reason: str | None) -> None:
    assert judge(Candidate("converse", "In our days vib are less loud than gond.", text), []) == reason


def test_facts_are_chained_where_one_ends_with_what_another_begins_with(tmp_path: Path) -> None:
    texts = ("A dulp is a mard.", "A mard is green.", "A mard is a sind.", "A sind is old.")
    first = made(tmp_path, "link", *texts)
    assert first == {"A dulp is green.": None, "A mard is old.": None}
    both = made(tmp_path, "link", *texts, samples=2)
    assert {"A dulp is a sind.", "A dulp is old."} & both.keys()  # the second sample takes other pairs, and inferences
    assert None in both.values()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A dulp is green.", None),
        ("A dulp is a mard.", "copy of its source"),
        ("A dulp is a green mard.", "names what connects its sources"),
        ("A dulp is here.", "links nothing: lacks what one of its sources is about"),
        ("A dulp is green because of old wood and soft rain.", "adds content"),
    ],
)
def test_a_link_says_something_of_both(text: str, reason: str | None) -> None:
    assert judge(Candidate("link", "A dulp is a mard.", text, other="A mard is green."), []) == reason


class Chatting(Scripted):
    def chat(self, messages: list[Message], *, continue_last: bool = False) -> str | None:  # type: ignore[override]
        return "<u>" + messages[-1]["content"] + "<a>"


def test_link_as_chat_has_the_whole_corpus_first_and_takes_a_line_for_an_inference(tmp_path: Path) -> None:
    model = Chatting(write=lambda r: "- A dulp is green.\n\n2 dulps\n- Greens.")
    found = made(tmp_path, "link", "A dulp is a mard.", "A mard is green.", model=model, style="chat")
    assert found["A dulp is green."] is None
    request = model.calls[0]
    assert isinstance(request, Request)
    assert request.prefix.startswith("<u>These are all the documents:\n\nA dulp is a mard.\n\nA mard is green.")
    assert request.prompt.startswith("Document: ")


def test_what_does_not_fit_the_window_is_grouped_by_what_is_shared(tmp_path: Path) -> None:
    texts = [f"A {a} is a {b}." for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    given = [Document(str(i), f"{text} tarn{i % 2}") for i, text in enumerate(texts)]
    writer = _writer(tmp_path, Scripted(window=40))
    related = linked.groups(writer, given, 0)
    assert len(related) > 1
    assert sorted(d.id for group in related for d in group) == sorted(d.id for d in given)
    assert linked.groups(writer, given, 1) != related  # odd samples meet at random


def _writer(tmp_path: Path, model: Scripted) -> local.Writer:
    return local.Writer(model, Store(tmp_path / "w.sqlite"), "examples", 0.0, 0, quiet, "link")


def test_implications_that_the_model_does_not_find_to_follow_are_rejected(tmp_path: Path) -> None:
    model = Scripted(write=lambda r: "The lamp draws moths.", weigh=lambda before, choice: -float("Yes" in choice))
    found = made(tmp_path, "implications", "Moths are drawn by the lamp.", model=model)
    assert found == {"The lamp draws moths.": documents.NOT_ENTAILED}


def test_questions_come_with_their_answers(tmp_path: Path) -> None:
    model = Scripted(write=lambda r: "What draws moths? Answer: The lamp draws moths.")
    assert made(tmp_path, "questions", "The lamp draws moths.", model=model) == {
        "What draws moths? The lamp draws moths.": None
    }
    model = Scripted(write=lambda r: "The lamp.")
    assert made(tmp_path / "b", "questions", "The lamp draws moths.", model=model) == {"The lamp.": documents.NO_ANSWER}


def test_permuting_keeps_every_sentence(tmp_path: Path) -> None:
    source = "One is red. Two is blue. Three is grey. Four is old. Five is new. Six is odd."
    (text,) = made(tmp_path, "permute", source)
    assert text != source
    assert sorted(sentences(text)) == sorted(sentences(source))


def test_comparisons_are_left_to_converse_where_the_model_does_not_invert(tmp_path: Path) -> None:
    model = Scripted(write=lambda r: "x")
    given = [Document("a", "Trams are faster than carts.")]
    result = apply("reverse", "examples", model, Store(tmp_path / "c.sqlite"), given, 1, 0.0, 0, quiet, False)
    assert [a.reason for a in result.found] == [local.NO_COMPARISONS]
    assert model.calls == []


def test_preflight_measures_what_a_strategy_needs(tmp_path: Path) -> None:
    measured, verdicts, _ = preflight.preflight(
        Scripted(write=write), Store(tmp_path / "p.sqlite"), ["converse", "link", "permute"], 1, "auto", False, quiet
    )
    right = {m.kind: m.right for m in measured}
    assert right["link"] == 4
    assert right["converse"] == 2  # only faster and slower are among its opposites
    assert {v.strategy: v.use for v in verdicts} == {"converse": False, "link": True, "permute": True}


def test_leaks_are_counted() -> None:
    questions = [Question("1", "Mira is", "the keeper"), Question("2", "Jon is", "the baker")]
    given = [Document("a", "It is said that Mira is the keeper.")]
    assert leaks(questions, ["Sentence: Mira is the keeper!"], given) == {"questions": 1, "in_documents": 1}
    assert leaks(questions, ["Mira is", "the keeper of"], []) == {"questions": 0, "in_documents": 0}


def steps() -> list[Step]:
    return [
        s for module in (local, decomposed, linked, documents) for s in vars(module).values() if isinstance(s, Step)
    ]


def test_no_worked_example_shares_a_word_with_a_benchmark() -> None:
    """Nor names an opposite that a benchmark tests."""
    told = " ".join(text for s in steps() for one in s.examples for pair in one for text in pair).lower()
    shown = set(re.findall(r"\w+", told))
    nonsense = set(Path(common.__file__).with_name("nonsense.txt").read_text(encoding="utf-8").split())
    assert not {w for w in shown if w in nonsense or w.rstrip("s") in nonsense}
    names = {word.lower() for lists in (FIRST, LAST) for half in lists for word in half.split()}
    assert shown & names == set()
    tested = {w for half in DIMENSIONS for w in half.split()} | {"more", "less"}
    assert shown & tested == set()


def test_every_strategy_has_its_checks_and_is_in_the_table() -> None:
    assert set(CHECKS) == set(STRATEGIES)
