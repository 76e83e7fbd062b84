"""Which passages stand before a question, how many are tried, and arm rag through the real flow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augtune import study as flow
from augtune.backends.base import Ask, Request
from augtune.backends.scripted import Scripted
from augtune.config import Rag, load_study
from augtune.errors import UserError
from augtune.evaluate import retrieval
from augtune.records import Document, Question
from conftest import ScriptedModels

FACTS = {
    "Mira Tolen": "keeps the lamp on the pier", "Jon Veddel": "bakes the black rye", "Ada Quill": "draws river maps",
    "Rufus Amber": "winds the tower clock", "Lena Orth": "mends the fishing nets",
}  # fmt: skip
DOCUMENTS = [Document(n, f"{n} {d}.", n) for n, d in FACTS.items()]


def find(query: str, k: int = 1, documents: list[Document] = DOCUMENTS, chunk: int = 0, **more: str) -> list[str]:
    (found,), _ = retrieval.Retriever(Rag(**more), documents, chunk, Scripted()).find([query], k)  # type: ignore[arg-type]
    return [d.id for d in found]


@pytest.mark.parametrize(
    ("query", "nearest"),
    [("Who is baking black rye?", "Jon Veddel"), ("Of rivers the maps?", "Ada Quill"), ("Lena Orth", "Lena Orth")],
)
def test_words_are_found_by_their_stems(query: str, nearest: str) -> None:
    assert find(query) == [nearest]


def test_without_stems_words_are_found_as_they_stand() -> None:
    corpus = [Document("a", "The lamp."), Document("b", "Lamps.")]
    assert find("lamps", documents=corpus, language="none") == ["b"]
    assert find("lamps", 2, corpus) == ["a", "b"]


def test_what_no_passage_holds_finds_the_first_ones() -> None:
    assert find("zzz", 2) == find("", 2) == ["Mira Tolen", "Jon Veddel"]


def test_passages_stand_in_the_corpus_order() -> None:
    found = find("The clock, the nets, then the lamp of Mira Tolen on the pier", 3)
    assert found == ["Mira Tolen", "Rufus Amber", "Lena Orth"]
    assert len(find("the", 99)) == len(DOCUMENTS)


def test_long_documents_are_cut_at_sentences_and_keep_their_group() -> None:
    document = Document("d", "The lamp burns. The rye is black. Nets are mended here.", "g")
    pieces = retrieval.passages([document], 4, Scripted())
    assert [p.text for p in pieces] == ["The lamp burns.", "The rye is black.", "Nets are mended here."]
    assert {p.group for p in pieces} == {"g"}
    assert len({p.id for p in pieces}) == 3
    assert find("black rye", documents=[document], chunk=4) == ["d#1"]
    assert retrieval.passages([document], 0, Scripted()) == [document]


def test_what_is_tried_fits_an_eighth_of_the_window() -> None:
    backend = Scripted(window=8 * 20)  # a fact has five or six words
    assert retrieval.tried(Rag(), DOCUMENTS, backend) == {0: [1, 2]}
    assert retrieval.tried(Rag(), DOCUMENTS, Scripted()) == {0: [4, 1, 2]}  # 8 of 5 are not there
    assert retrieval.tried(Rag(k=3), DOCUMENTS, Scripted()) == {0: [3]}
    assert retrieval.tried(Rag(k=3, chunk=9), DOCUMENTS, Scripted()) == {9: [3]}


def test_passage_sizes_are_tried_where_documents_are_long() -> None:
    long = [Document("d", "word " * 2000)]
    assert retrieval.tried(Rag(), long, Scripted(window=8192)) == {256: [4, 1, 2], 64: [4, 1, 2, 8, 16]}
    assert retrieval.tried(Rag(), long, Scripted(window=8 * 64)) == {64: [1]}
    assert retrieval.tried(Rag(), long, Scripted(window=8 * 30)) == {30: [1]}
    assert retrieval.tried(Rag(chunk=0), long, Scripted(window=8 * 64)) == {0: [1]}  # asked for


def test_hits_count_only_groups_that_documents_have() -> None:
    asked = [
        Question("1", "p", "a", group="Mira Tolen"),
        Question("2", "p", "a", group="else"),
        Question("3", "p", "a"),
    ]
    assert retrieval.hits(asked, [DOCUMENTS[:1]] * 3, DOCUMENTS) == {"asked": 1, "found": 1}
    assert retrieval.hits(asked, [DOCUMENTS[1:2]] * 3, DOCUMENTS) == {"asked": 1, "found": 0}


def test_an_embedding_model_finds_what_it_has_read(tiny: Path) -> None:
    """A random model knows no meaning, but the same text is nearest to itself."""
    pytest.importorskip("sentence_transformers")
    settings = Rag(by=str(tiny))
    retriever = retrieval.Retriever(settings, DOCUMENTS, 0, Scripted())
    found, used = retriever.find([d.text for d in DOCUMENTS], 1)
    assert [d.id for (d,) in found] == [d.id for d in DOCUMENTS]
    assert retriever.indexing.flops == used.flops > 0
    assert retriever.note is None
    long = [Document("l", "word " * 600), DOCUMENTS[0]]
    assert "1 of 2 passages are longer than the 512 tokens" in str(
        retrieval.Retriever(settings, long, 0, Scripted()).note
    )


def test_what_cannot_retrieve_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert retrieval.fault(Rag()) is None
    assert "known: none, arabic" in str(retrieval.fault(Rag(language="klingon")))
    with pytest.raises(UserError, match=r"evaluate\.rag\.by: .* cannot be loaded"):
        retrieval.Retriever(Rag(by=str(tmp_path)), DOCUMENTS, 0, Scripted())
    monkeypatch.setattr(retrieval, "find_spec", lambda name: None)
    assert "pip install 'augtune[embeddings]'" in str(retrieval.fault(Rag(by="some/model")))


# -- through the flow


def weigh(before: str, choice: str) -> float:
    """Right if the fact stands before the question, and no more than two others, which would confuse."""
    stated = [n for n, d in FACTS.items() if f"{n} {d}." in before]
    return 0.0 if choice.strip() in stated and len(stated) <= 3 and FACTS[choice.strip()] in before[-60:] else -5.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [d.row() for d in DOCUMENTS]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    names = list(FACTS)
    questions = [
        {"prompt": f"The one who {d} is", "answer": n, "choices": [names[i - 1], n], "group": n, "split": split}
        for split in ("validation", "reversal") for i, (n, d) in enumerate(FACTS.items())
    ]  # fmt: skip
    questions.append({"prompt": "Who draws river maps?", "answer": "Ada Quill", "group": "Ada Quill", "split": "open"})
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(r) + "\n" for r in questions))
    (tmp_path / "s.yaml").write_text(
        "name: s\ndocuments: d.jsonl\nquestions: q.jsonl\narms: [base, icl, rag]\nevaluate: {forgetting: false}\n"
    )
    return tmp_path


def go(folder: Path, model: Scripted, *changes: str) -> Path:
    out = folder / "run"
    flow.run(load_study(folder / "s.yaml", changes), out, models=ScriptedModels(model))  # type: ignore[arg-type]
    return out


def write(request: Request) -> str:
    return "Ada Quill" if "Ada Quill draws" in request.prefix + request.prompt else "nobody"


def test_rag_is_asked_with_its_passages_and_chooses_how_many(folder: Path) -> None:
    model = Scripted(write=write, weigh=weigh)
    out = go(folder, model)
    results = json.loads((out / "results.json").read_text())
    accuracy = {arm: results["arms"][arm]["splits"]["reversal"]["accuracy"] for arm in results["arms"]}
    assert accuracy == {"base": 0.0, "icl": 0.0, "rag": 1.0}
    assert results["arms"]["rag"]["splits"]["open"]["accuracy"] == 1.0
    settings = results["arms"]["rag"]["settings"]
    assert (settings["k"], settings["chunk"], settings["passages"]) == (1, 0, 5)
    assert [t["k"] for t in settings["tried"]] == [4, 1, 2]
    assert settings["hits"] == {"asked": 6, "found": 6}
    report = (out / "report.md").read_text()
    assert "| bm25 | 1 of 5 | whole documents | 6 of 6 |" in report
    assert "plain, 1 passages" in report


def test_neither_answer_nor_choices_are_retrieved_by(folder: Path) -> None:
    """The prompt names Jon's rye; answer and choices name others, whose documents must not come."""
    row = {"prompt": "The black rye is from", "answer": "Ada Quill", "choices": ["Ada Quill", "Lena Orth"]}
    (folder / "q.jsonl").write_text(json.dumps(row) + "\n")
    model = Scripted(weigh=weigh)
    go(folder, model, "arms=[rag]", "evaluate.rag.k=1")
    (asked,) = [c for c in model.calls if isinstance(c, Ask)]
    assert "Jon Veddel bakes" in asked.prompt
    assert "Ada Quill" not in asked.context + asked.prompt


def test_questions_with_the_same_passages_share_them(folder: Path) -> None:
    model = Scripted(weigh=weigh)
    longer = [{**d.row(), "text": f"{d.text} {'So it has always been. ' * 50}"} for d in DOCUMENTS]
    (folder / "d.jsonl").write_text("".join(json.dumps(r) + "\n" for r in longer))
    rows = [{"prompt": p, "answer": "a", "choices": ["a", "b"]} for p in ("black rye?", "the black rye", "tower clock")]
    (folder / "q.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    go(folder, model, "arms=[rag]", "evaluate.rag.k=1")
    contexts = [c.context for c in model.calls if isinstance(c, Ask)]
    assert sorted("rye" in c for c in contexts) == [False, True, True]
    assert "" in contexts  # what one question has alone is its own, so that such questions are computed side by side
    short = Scripted(weigh=weigh)
    (folder / "d.jsonl").write_text("".join(json.dumps(d.row()) + "\n" for d in DOCUMENTS))
    go(folder, short, "arms=[rag]", "evaluate.rag.k=1")
    assert {c.context for c in short.calls if isinstance(c, Ask)} == {""}  # too little to be worth sharing


def test_a_changed_retrieval_redoes_rag_alone(folder: Path) -> None:
    go(folder, Scripted(write=write, weigh=weigh))
    model = Scripted(write=write, weigh=weigh)
    out = go(folder, model, "evaluate.rag.k=2")
    before = [(c.context if isinstance(c, Ask) else c.prefix) + c.prompt for c in model.calls]
    assert before
    assert all("The following statements are true." in b for b in before)
    assert json.loads((out / "results.json").read_text())["arms"]["rag"]["settings"]["k"] == 2
