"""The worked examples are what they say: their papers are read in full, and hold what the questions need."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

from augtune.config import Ingest, load_study
from augtune.corpus.ingest import Ingested, ingest
from augtune.corpus.read import read_questions
from augtune.sentences import sentences

COMPANY = Path(__file__).parent.parent / "examples" / "company"
KINDS = {".pdf", ".docx", ".pptx", ".html", ".md", ".csv"}


@pytest.fixture(scope="module")
def papers() -> Ingested:
    return ingest(COMPANY / "documents", Ingest())


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_company", COMPANY / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_company"] = module
    spec.loader.exec_module(module)
    return module


def test_the_study_is_valid_and_every_paper_is_read(papers: Ingested) -> None:
    study = load_study(COMPANY / "study.yaml")
    assert study.documents == COMPANY / "documents"
    assert papers.faults == []
    assert {file["status"] for file in papers.manifest["files"]} == {"read"}
    assert {Path(file["path"]).suffix for file in papers.manifest["files"]} == KINDS
    questions, faults = read_questions(COMPANY / "questions.csv")
    assert faults == []
    assert {q.split for q in questions} == {"rephrase", "reversal", "two-step"}
    assert all(q.choices and len(q.choices) == 4 for q in questions)
    assert len({q.prompt for q in questions}) == len(questions)


def test_the_papers_are_what_the_script_writes(papers: Ingested, make: ModuleType, tmp_path: Path) -> None:
    make.main(tmp_path)
    assert (tmp_path / "questions.csv").read_text() == (COMPANY / "questions.csv").read_text()
    assert ingest(tmp_path / "documents", Ingest()).documents == papers.documents
    shutil.rmtree(tmp_path / "documents")


def test_each_fact_stands_twice_and_always_from_the_same_end(papers: Ingested, make: ModuleType) -> None:
    told = list(chain.from_iterable(sentences(d.body) for d in papers.documents))
    pairs = [
        *((name, department) for name, department, *_ in make.PEOPLE),
        *((name, what) for name, *rest in make.PRODUCTS for what in rest[:2]),
        *((town, manager) for town, manager, *_ in make.SITES),
        *((name, what) for name, *rest in make.PROCEDURES for what in rest[:2]),
        *((name, goods) for name, goods, *_ in make.SUPPLIERS),
    ]
    for first, last in pairs:
        both = [sentence for sentence in told if first in sentence and last in sentence]
        assert len(both) == 2, (first, last, both)
        assert all(sentence.index(first) < sentence.index(last) for sentence in both)
