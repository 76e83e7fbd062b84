"""Global augmentation: what follows from a document together with the others (arXiv 2505.00661, document level).

`link` in style chat puts the whole corpus into the context, then one document, and asks for the inferences that link it
to the rest. If the corpus does not fit the window, groups take its place: of related documents, and in every second
sample a random grouping, so that pairs that no word joins meet too.

In style examples it goes by what a small base model can do: two given facts that stand side by side are linked well.
Sentences are chained where one ends with what another begins with; each sample puts other pairs side by side, and from
the second sample on also inferences that were accepted before, so that longer chains are closed step by step.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..records import Augmentation, Document, digest
from .checks import terms
from .local import numbered
from .writing import Draft, Step, Writer

LINK_EXAMPLES = (
    (
        ("Every robin is a bird. Birds are warm-blooded.", "Every robin is warm-blooded."),
        ("Sedans are a kind of car. A car can be driven.", "Sedans can be driven."),
        ("The oaks are trees. Trees have roots.", "The oaks have roots."),
        ("An uncle is a relative. We invite every relative.", "We invite every uncle."),
        ("Cats chase mice. Mice are grey.", "Cats chase something grey."),
    ),
    (
        ("Trouts are a sort of fish. Every fish has gills.", "Trouts have gills."),
        ("A hammer is a tool. Tools are handy.", "A hammer is handy."),
        ("Waiters are staff. The staff can eat here.", "Waiters can eat here."),
        ("Bees visit clover. Clover is sweet.", "Bees visit something sweet."),
        ("All poodles are dogs. Dogs bark.", "All poodles bark."),
    ),
)
LINK = Step(
    "two facts",
    "Write the one sentence that follows from both facts together and leaves out what connects them. If a fact only "
    "says what one thing does to another, keep to that.",
    "Facts: {text}\nSo:",
    LINK_EXAMPLES,
)
CONTEXT = "These are all the documents:\n\n{documents}\n\n"
TRACE = Step(
    "one document among all",
    "Below is one of these documents. Work out what follows from it together with the others: what its things are, "
    "have and do because of what other documents say about them, and what follows over several steps. Name everything "
    "in full, say nothing that the documents do not imply, and write each inference as one sentence on its own line.",
    "Document: {text}\nInferences:",
    ((),),
    stop=(),
    longer=4.0,
    most=200,
)
PRONOUNS = frozenset("it its he his him she her they them their this these those that there".split())  # noqa: SIM905


@dataclass(frozen=True)
class _Fact:
    """A sentence that can be linked: its documents, and the terms it begins and ends with."""

    key: str
    sources: tuple[str, ...]
    text: str
    terms: tuple[str, ...]


def link(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Inferences over several documents, in the way that the writer's style asks for."""
    return _among_all(writer, documents, sample) if writer.style == "chat" else _side_by_side(writer, documents, sample)


def _side_by_side(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    facts = [f for d in documents for key, s in numbered(d) if (f := _fact(key, (d.id,), s))]
    inferred = [f for a in writer.accepted if (f := _fact(a.id, tuple(a.sources), a.text))]
    pairs = list(chains(facts, facts + inferred, writer.asked))
    wrote = writer.ask(LINK, [f"{a.text} {b.text}" for a, b in pairs], sample)
    return [
        Draft(f"{a.key}-{sample}", list(dict.fromkeys(a.sources + b.sources)), a.text, w.text, w.finished, b.text)
        for (a, b), w in zip(pairs, wrote, strict=True)
    ]


def _fact(key: str, sources: tuple[str, ...], text: str) -> _Fact | None:
    """None for a sentence that cannot stand alone: a question, one that begins with a pronoun, one of a single term.
    What stands before a colon only introduces."""
    text = text.rpartition(": ")[2]
    text = text[:1].upper() + text[1:]
    first = text.split()[0].lower().strip("\"'“‘(")
    found = tuple(terms(text))
    return _Fact(key, sources, text, found) if len(found) > 1 and first not in PRONOUNS and "?" not in text else None


def chains(
    firsts: Sequence[_Fact], seconds: Sequence[_Fact], asked: set[tuple[frozenset[str], frozenset[str]]]
) -> Iterator[tuple[_Fact, _Fact]]:
    """For each first fact one that begins with what it ends with, and leads on to something else. Pairs of the same
    terms count as the same whatever their wording; those in `asked` are passed over, and what is found is added."""
    begins: dict[str, list[_Fact]] = defaultdict(list)
    for fact in seconds:
        begins[fact.terms[0]].append(fact)
    used: Counter[frozenset[str]] = Counter()
    for first in firsts:
        mine = frozenset(first.terms)
        options = [
            b for b in begins[first.terms[-1]]
            if first.terms[0] not in b.terms and set(b.terms) - mine and (mine, frozenset(b.terms)) not in asked
        ]  # fmt: skip
        if options:
            best = min(options, key=lambda b: used[frozenset(b.terms)])
            used[frozenset(best.terms)] += 1
            asked.add((mine, frozenset(best.terms)))
            yield first, best


def coverage(documents: Sequence[Document], found: Sequence[Augmentation]) -> dict[str, int]:
    """Linked-pair coverage: how many pairs of different facts can be linked (one ends with what the other begins with;
    wordings of the same terms count once), how many texts were asked for that link two documents or facts, and how many
    of them were accepted."""
    facts = {frozenset(f.terms): f for d in documents for key, s in numbered(d) if (f := _fact(key, (d.id,), s))}
    begins = Counter(f.terms[0] for f in facts.values())
    pairs = sum(begins[f.terms[-1]] for f in facts.values())
    return {"pairs": pairs, "together": len(found), "stated": sum(a.reason is None for a in found)}


def _among_all(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    found = []
    for group in groups(writer, documents, sample):
        context = CONTEXT.format(documents="\n\n".join(d.text for d in group))
        wrote = writer.ask(TRACE, [d.text for d in group], sample, context)
        for document, w in zip(group, wrote, strict=True):
            lines = [line.strip(" -*•\t") for line in w.text.splitlines() if line.strip(" -*•\t")]
            for k, line in enumerate(lines):
                ended = w.finished or k < len(lines) - 1
                others = _sources(line, document, group)
                other = " ".join(d.text for d in others)
                found.append(Draft(f"{document.id}-{sample}-{k}", [document.id, *(d.id for d in others)],
                                   document.text, line, ended, other))  # fmt: skip
    return found


def _sources(line: str, document: Document, group: Sequence[Document]) -> list[Document]:
    """The other documents that an inference draws on: for each of its terms that its own document lacks, the first one
    that has it."""
    missing = set(terms(line)) - set(terms(document.text))
    found: list[Document] = []
    for d in group:
        here = missing & set(terms(d.text))
        if here and d is not document:
            found.append(d)
            missing -= here
    return found


def groups(writer: Writer, documents: Sequence[Document], sample: int) -> list[list[Document]]:
    """The corpus as contexts that leave half of the window free: all of it if that fits, else groups, related ones in
    even samples and random ones in odd."""
    room = writer.backend.window // 2
    sizes = {d.id: writer.backend.count_tokens(d.text) + 2 for d in documents}
    if sum(sizes.values()) <= room:
        return [list(documents)]
    order = list(documents)
    if sample % 2:
        random.Random(digest(writer.seed, sample)).shuffle(order)
    else:
        order = _related(order)
    found: list[list[Document]] = [[]]
    filled = 0
    for d in order:
        if found[-1] and filled + sizes[d.id] > room:
            found.append([])
            filled = 0
        found[-1].append(d)
        filled += sizes[d.id]
    return found


def _related(documents: Sequence[Document]) -> list[Document]:
    """The documents in an order in which each is followed by the one that shares most of its rare terms with it."""
    holders: dict[str, list[int]] = defaultdict(list)
    for i, d in enumerate(documents):
        for term in set(terms(d.text)):
            holders[term].append(i)
    left = dict.fromkeys(range(len(documents)))
    order = []
    here: int | None = 0
    while here is not None:
        order.append(documents[here])
        del left[here]
        score: Counter[int] = Counter()
        for term in set(terms(documents[here].text)):
            near = [i for i in holders[term][:200] if i in left]
            for i in near:
                score[i] += 1000 // len(holders[term]) + 1
        here = max(score, key=lambda i: (score[i], -i)) if score else next(iter(left), None)
    return order
