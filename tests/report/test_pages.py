from __future__ import annotations

from pathlib import Path

from augtune.config import Study
from augtune.records import Corpus, Document, Prediction, Question
from augtune.report import pages, results

EVIL = "<script>alert('x')</script> & \"more\""


def test_texts_are_escaped_and_nothing_is_fetched(tmp_path: Path) -> None:
    corpus = Corpus(
        [Document("d", EVIL, "g")], [Question(str(i), EVIL, "a", ["a", "b"], "s", f"g{i}") for i in range(3)]
    )
    corpus.questions.append(Question("g", EVIL, "a", ["a", "b"], "s", "g"))
    predictions = [
        Prediction(arm, 0, q.id, q.split, q.group, q.choices, [-1.0, -2.0], [1, 1], [1, 1], EVIL, "a", arm == "icl")
        for arm in ("base", "icl") for q in corpus.questions
    ]  # fmt: skip
    study = Study(name="x", documents=Path("d"), questions=Path("q"), arms=["base", "icl"])
    manifest = {"usage": {}, "validation": {}, "form": "plain", "factor": 1, "shown": 0, "tried": []}
    found = results.results(study, corpus, predictions, {f"evaluate-{a}-0": manifest for a in ("base", "icl")})
    pages.write(tmp_path, found, corpus, predictions)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "src=" not in html


def test_quantity() -> None:
    assert [pages.quantity(v) for v in (None, 0, 12, 1500, 2.34e15)] == ["0", "0", "12", "1.5 k", "2.34 P"]
