"""General text and general knowledge: what is shipped, and what is measured with it."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import pytest

from augtune import benchmarks
from augtune.backends.base import Ask, nothing
from augtune.backends.local import LocalModel
from augtune.backends.scripted import Scripted
from augtune.backends.store import Store
from augtune.evaluate import forgetting
from augtune.names import BENCHMARKS

REPLAY = (Path(forgetting.__file__).parents[1] / "train" / "general.txt").read_text(encoding="utf-8")
ASKED = "\n".join(f"{q.prompt} {q.answer}" for q in forgetting.knowledge())


def runs(text: str, n: int) -> set[tuple[str, ...]]:
    """All runs of n words that follow each other in a line."""
    found = set()
    for line in text.splitlines():
        words = re.findall(r"[a-z']+", line.lower())
        found |= {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}
    return found


def test_likelihood_is_per_byte_of_what_is_scored(tmp_path: Path) -> None:
    ticks: list[int] = []
    model = Scripted(weigh=lambda before, choice: -0.5 * len(choice.encode()))
    found, usage = forgetting.measure(model, Store(tmp_path / "c.sqlite"), ticks.append)
    assert found["nats_per_byte"] == 0.5
    assert sum(ticks) == forgetting.size() == usage.calls
    passages = [a for a in model.calls if isinstance(a, Ask) and len(a.choices) == 1]
    assert [a.prompt + a.choices[0] for a in passages] == forgetting.passages()


@pytest.mark.parametrize(("knows", "correct"), [(True, 40), (False, 0)])
def test_knowledge_counts_right_answers(tmp_path: Path, knows: bool, correct: int) -> None:
    answers = {(q.prompt, f" {q.answer}") for q in forgetting.knowledge()}
    model = Scripted(weigh=lambda before, choice: float(((before, choice) in answers) is knows))
    found, _ = forgetting.measure(model, Store(tmp_path / "c.sqlite"), nothing)
    assert found["knowledge"] == {"n": 40, "correct": correct}


def test_who_knows_nothing_is_at_chance(tmp_path: Path) -> None:
    """The first of equals is chosen; the right answer stands first in one of four."""
    found, _ = forgetting.measure(Scripted(weigh=lambda *_: -1.0), Store(tmp_path / "c.sqlite"), nothing)
    assert found["knowledge"]["correct"] == 10


def test_questions_are_well_formed() -> None:
    questions = forgetting.knowledge()
    assert len({q.prompt for q in questions}) == len(questions) == 40
    for q in questions:
        assert len(set(q.choices or ())) == 4
        assert q.answer in (q.choices or ())
    assert set(Counter((q.choices or []).index(q.answer) for q in questions).values()) == {10}


def test_replayed_text_is_another_text() -> None:
    asked = "\n".join(forgetting.passages())
    assert runs(asked, 5) & runs(REPLAY, 5) == set()
    assert runs(ASKED, 4) & runs(REPLAY, 4) == set()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_nothing_is_shared_with_a_benchmark(name: str) -> None:
    """No run of five words of the general texts stands in a benchmark's documents, questions or true inferences."""
    if name == "reversal-curse":
        pytest.skip("read from the user's files")
    corpus = benchmarks.make(name, 100, {})
    texts = [d.text for d in corpus.documents] + [a.text for a in corpus.oracle]
    texts += [f"{q.prompt} {c}" for q in corpus.questions for c in q.choices or [q.answer]]
    theirs = runs("\n".join(texts), 5)
    assert not theirs & runs("\n".join([REPLAY, *forgetting.passages(), ASKED]), 5)


def test_the_embedded_model_knows_most_of_it(embedded: Path, tmp_path: Path) -> None:
    model = LocalModel("embedded", dtype="float32")
    found, usage = forgetting.measure(model, Store(tmp_path / "c.sqlite"), nothing)
    assert found["knowledge"]["correct"] == 37
    assert found["nats_per_byte"] == pytest.approx(0.68998, abs=2e-4)
    assert math.isfinite(usage.flops)
    again, _ = forgetting.measure(model, Store(tmp_path / "c.sqlite"), nothing)
    assert again == found
