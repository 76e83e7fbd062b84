"""Retrieval for arm rag: which passages of the documents stand before a question.

A passage is a document, or a piece of a long one. The nearest are found by the question's prompt alone: neither its
answer nor its choices are looked at. They stand in the corpus's order, so that questions with the same passages share
their computation, and pieces of one document are read as they were written.

INDEXES names what can find them: bm25, and everything else is an embedding model for sentence-transformers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np

from ..backends.base import Backend
from ..config import Rag
from ..errors import UserError
from ..records import Document, Question, Usage

KS = (4, 1, 2, 8, 16)  # how many passages are tried; the first is taken where no validation question decides
CHUNKS = (256, 64)  # longest passages that are tried, in tokens, where documents are long
SHARE = 1 / 8  # of the window for passages at most: more is what icl does
WORD = r"(?u)\b\w+\b"


class Words:
    """BM25 (Robertson et al. 1994; bm25s) over word stems. Frequent words count little, so that no list of stop words
    is needed."""

    note = None
    flops = 0.0

    def __init__(self, settings: Rag, texts: Sequence[str]) -> None:
        import bm25s
        import Stemmer

        self.stemmer = None if settings.language == "none" else Stemmer.Stemmer(settings.language)
        self.tokenize = bm25s.tokenize
        self.index = bm25s.BM25()
        self.index.index(self._words(texts), show_progress=False)

    def _words(self, texts: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = self.tokenize(
            list(texts), token_pattern=WORD, stopwords=[], stemmer=self.stemmer, return_ids=False, show_progress=False
        )
        return found

    def nearness(self, queries: Sequence[str]) -> tuple[list[np.ndarray], float]:
        """For each query how near each passage is (more is nearer), and the FLOPs that a model took for it."""
        nothing = np.zeros(self.index.scores["num_docs"])
        return [self.index.get_scores(words) if words else nothing for words in self._words(queries)], 0.0


class Meaning:
    """Similarity of embeddings, as the model defines it, with its own prompts for queries and documents."""

    def __init__(self, settings: Rag, texts: Sequence[str]) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self.model = SentenceTransformer(settings.by)
        except (OSError, ValueError) as e:
            raise UserError(
                f"evaluate.rag.by: {settings.by!r} cannot be loaded: {str(e).strip().splitlines()[0][:200]}; "
                "name bm25, a folder with an embedding model, or a hub id that this machine can reach"
            ) from e
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.flops, longest = self._flops(texts)
        limit = self.model.max_seq_length
        cut = sum(n >= limit for n in longest) if limit else 0
        self.note = (
            f"{cut} of {len(texts)} passages are longer than the {limit} tokens that {settings.by} reads, and are "
            "found by their beginnings only; evaluate.rag.chunk makes them shorter"
            if cut
            else None
        )
        self.passages = self.model.encode_document(list(texts), show_progress_bar=False)

    def _flops(self, texts: Sequence[str]) -> tuple[float, list[int]]:
        lengths = [int(self.model.tokenize([text])["input_ids"].numel()) for text in texts]
        return 2.0 * self.parameters * sum(lengths), lengths

    def nearness(self, queries: Sequence[str]) -> tuple[list[np.ndarray], float]:
        asked = self.model.encode_query(list(queries), show_progress_bar=False)
        return list(self.model.similarity(asked, self.passages).numpy()), self._flops(queries)[0]


INDEXES: dict[str, Callable[[Rag, Sequence[str]], Words | Meaning]] = {"bm25": Words}


class Retriever:
    """The passages of a corpus, indexed once; `indexing` is what that took: seconds, and an embedding model's FLOPs.
    `note`: what a user should know of it, if anything."""

    def __init__(self, settings: Rag, documents: Sequence[Document], chunk: int, backend: Backend) -> None:
        start = time.perf_counter()
        self.passages = passages(documents, chunk, backend)
        self.index = INDEXES.get(settings.by, Meaning)(settings, [p.text for p in self.passages])
        self.note = self.index.note
        self.indexing = Usage(flops=self.index.flops, seconds=time.perf_counter() - start)

    def find(self, queries: Sequence[str], k: int) -> tuple[list[list[Document]], Usage]:
        """The k nearest passages of each query, in the corpus's order (of equally near ones the first), and what
        finding them took."""
        start = time.perf_counter()
        nearness, flops = self.index.nearness(queries)
        places = [sorted(np.argsort(-near, kind="stable")[:k].tolist()) for near in nearness]
        found = [[self.passages[i] for i in each] for each in places]
        return found, Usage(flops=flops, seconds=time.perf_counter() - start)


def passages(documents: Sequence[Document], chunk: int, backend: Backend) -> list[Document]:
    """The documents, cut into pieces of at most `chunk` tokens where they are longer (0: whole), at the best place that
    there is: between paragraphs, sentences, words. Each keeps the headings above it, which count beside `chunk`."""
    if not chunk:
        return list(documents)
    from semantic_text_splitter import TextSplitter

    splitter = TextSplitter.from_callback(backend.count_tokens, chunk)
    return [
        Document(f"{d.id}#{i}", f"{d.context}\n\n{piece}" if d.context else piece, d.group, d.context)
        for d in documents
        for i, piece in enumerate(splitter.chunks(d.body))
    ]


def tried(settings: Rag, documents: Sequence[Document], backend: Backend) -> dict[int, list[int]]:
    """Chunk size -> numbers of passages, both in order of preference: what the study fixes, or what fills at most an
    eighth of the window."""
    lengths = sorted((backend.count_tokens(d.text) for d in documents), reverse=True)
    room = int(SHARE * backend.window)
    chunks = [settings.chunk] if settings.chunk != "auto" else _chunks(lengths, room)
    found = {}
    for chunk in chunks:
        longest = [min(n, chunk or n) for n in lengths] if lengths[0] <= (chunk or lengths[0]) else [chunk] * max(KS)
        fitting = [k for k in KS if k <= len(longest) and sum(longest[:k]) <= room]
        found[chunk] = [settings.k] if settings.k != "auto" else fitting or [1]
    return found


def _chunks(lengths: Sequence[int], room: int) -> list[int]:
    """Documents stay whole if none is much longer than a passage."""
    if lengths[0] <= 2 * max(CHUNKS):
        return [0] if lengths[0] <= room else [min(min(CHUNKS), room)]
    return [c for c in CHUNKS if c <= room] or [room]


def hits(
    questions: Sequence[Question], found: Sequence[Sequence[Document]], among: Sequence[Document]
) -> dict[str, int]:
    """Of the questions whose group some passage has: for how many a passage of that group was found."""
    known = {p.group for p in among} - {None}
    pairs = [(q.group, {p.group for p in each}) for q, each in zip(questions, found, strict=True) if q.group in known]
    return {"asked": len(pairs), "found": sum(group in groups for group, groups in pairs)}


def fault(settings: Rag) -> str | None:
    """None if passages can be found in this way, else what is wrong: a check before anything expensive."""
    if settings.by != "bm25":
        missing = "needs the package sentence-transformers: pip install 'augtune[embeddings]'"
        return None if find_spec("sentence_transformers") else f"evaluate.rag.by: {settings.by!r} {missing}"
    import Stemmer

    known = ["none", *Stemmer.algorithms()]
    if settings.language not in known:
        return f"evaluate.rag.language: {settings.language!r} is not known; known: {', '.join(known)}"
    return None
