"""Prompts and their seams, the sample of documents in icl's context, matching of answers, and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from augtune.backends.base import Message, nothing
from augtune.backends.scripted import Scripted
from augtune.backends.store import Store
from augtune.config import Rag
from augtune.evaluate import arms, prompts, score
from augtune.likelihood import choose, divisors
from augtune.records import Document, Question
from augtune.sentences import sentences

DOCUMENTS = [Document(f"{g}-{i}", f"Fact {i} about {g}.", g) for g in "abcdef" for i in range(8)]


class Chatting(Scripted):
    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + ("" if continue_last else "<assistant>")


def test_a_choice_continues_the_prompt_after_one_space() -> None:
    q = Question("q", "The keeper is", "Mira", ["Mira", "Jon"])
    asked = prompts.ask(Scripted(), "plain", None, q)
    assert (asked.context, asked.prompt, asked.choices) == ("", "The keeper is", (" Mira", " Jon"))
    assert prompts.seam("It is\n", "so") == "so"


def test_what_questions_share_stands_first() -> None:
    backend = Chatting()
    first, second = (
        prompts.ask(backend, "chat", "A fact.", Question("q", p, "x", ["x", "y"])) for p in ("One is", "Two is")
    )
    assert first.context == second.context
    assert "A fact." in first.context
    assert first.prompt.endswith("<assistant>One is")
    assert first.chat


def test_a_question_is_the_users_and_its_answer_the_assistants() -> None:
    made = prompts.request(Chatting(), "chat", "", Question("q", "Who keeps it?", "Mira"), 9)
    assert made.prompt.endswith("Who keeps it?<assistant>")


@pytest.mark.parametrize("factor", [1, 2, 4, 8, 16])
def test_subsample_is_even_over_groups(factor: int) -> None:
    chosen = arms.subsample(DOCUMENTS, factor)
    assert len(chosen) == len(DOCUMENTS) // factor
    counts = Counter(d.group for d in chosen)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert chosen == arms.subsample(DOCUMENTS, factor)
    assert len({d.id for d in chosen}) == len(chosen)


def test_icl_fills_at_most_half_the_window() -> None:
    backend = Scripted(window=200)  # a token is a word: 48 documents of 4 words and a line break are 240
    assert arms.fitting_factors(backend, DOCUMENTS, "auto") == [4, 8]
    assert arms.fitting_factors(Scripted(window=10_000), DOCUMENTS, "auto") == [1, 2, 4, 8]
    assert arms.fitting_factors(backend, DOCUMENTS, 3) == [3]


def test_icl_shows_as_much_as_fits_and_says_so() -> None:
    long = Document("l", "The keeper lives here. " * 100 + "The end.", "x")  # 402 words
    backend, setting = Scripted(window=200), score.Setting("plain")
    contexts = arms.Contexts(arms.arm_of("icl"), [DOCUMENTS[0], long, DOCUMENTS[1]], Rag())
    (before,), _ = contexts.before(backend, setting, [Question("q", "p", "a")])
    assert before is not None
    assert before.endswith("The keeper lives here.")  # cut after a sentence
    assert 140 < backend.count_tokens(before) <= arms.ROOM * 200
    note = contexts.told(backend, setting, [])["note"]
    assert note == "the documents take 413 tokens, the model's window is 200: 2 of 3 are shown, the last of them cut"
    assert arms.fitted(Scripted(), DOCUMENTS) == DOCUMENTS
    whole = arms.Contexts(arms.arm_of("icl"), DOCUMENTS, Rag())
    assert whole.told(Scripted(), setting, [])["note"] is None


@pytest.mark.parametrize(
    ("said", "right", "exact", "contained"),
    [
        ("The Keeper.", "keeper", True, True),
        ("It is Mira Tolen, I think", "Mira Tolen", False, True),
        ("Miranda", "Mira", False, False),
    ],
)
def test_matching(tmp_path: Path, said: str, right: str, exact: bool, contained: bool) -> None:
    backend = Scripted(write=lambda _: said)
    store = Store(tmp_path / "c.sqlite")
    (found,), _ = score.answer(
        backend, store, "base", 0, "plain", [""], [Question("q", "Who?", right)], "none", 8, nothing
    )
    assert (found.correct, found.contained) == (exact, contained)


ALGEBRA = [
    ("-2*3^x + 3x^5. So", True, True), ("The answer is 3*x^5 - 2*3^x", False, True), ("3*x^5", False, False),
    ("3*x^5 - 2*3^", False, False), ("9^9^9^9^9", False, False), ("no idea", False, False), ("", False, False),
]  # fmt: skip


@pytest.mark.parametrize(("said", "correct", "contained"), ALGEBRA)
def test_matching_of_algebra(tmp_path: Path, said: str, correct: bool, contained: bool) -> None:
    asked = [Question("q", "The sirum of f is", "3*x^5 - 2*3^x", kind="sum", match="algebra")]
    backend = Scripted(write=lambda _: said)
    found, _ = score.answer(backend, Store(tmp_path / "c.sqlite"), "base", 0, "plain", [""], asked, "none", 8, nothing)
    assert [(p.correct, p.contained, p.kind) for p in found] == [(correct, contained, "sum")]
    assert score.unread(asked, found) == (said in ("no idea", "", "The answer is 3*x^5 - 2*3^x", "3*x^5 - 2*3^"))


def test_a_choice_keeps_its_questions_kind(tmp_path: Path) -> None:
    asked = [Question("q", "It is", "a", ["a", "b"], kind="rare")]
    found, _ = score.answer(
        Scripted(), Store(tmp_path / "c.sqlite"), "base", 0, "plain", [""], asked, "none", 8, nothing
    )
    assert found[0].kind == "rare"
    assert score.unread(asked, found) == 0


def test_normalization_decides_between_a_long_and_a_short_choice() -> None:
    choices, tokens, values = ["é", "bb bb"], [1, 4], [-2.0, -4.0]
    assert choose(values, divisors("none", choices, tokens)) == 0
    assert choose(values, divisors("token", choices, tokens)) == 1
    assert divisors("byte", choices, tokens) == [2, 5]
    assert divisors("char", choices, tokens) == [1, 5]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Tolen sleeps. She snores.", ["Dr. Tolen sleeps.", "She snores."]),
        ("It costs 3.50 today. Good.", ["It costs 3.50 today.", "Good."]),
        ("No end", ["No end"]),
        ("- One.\n- two\n1. three\n| a | b |", ["- One.", "- two", "1. three", "| a | b |"]),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found
