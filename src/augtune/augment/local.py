"""Local augmentation: the model rewrites each sentence on its own (arXiv 2505.00661, sentence-level augmentation).

Strategies `rephrase` and `reverse`, each in two prompt styles: `examples` (worked examples that any language model
continues) and `chat` (an instruction, for instruct models). Preflight measures which style a model can follow.

The examples share no template, name or rare word with any benchmark, so that nothing tested is given away. They come in
the shapes in which facts about the world are told: as an apposition, a question, a clause, after a preamble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..records import Document
from ..sentences import sentences
from .checks import names
from .writing import Draft, Step, Writer, Written

# "more dangerous than", "faster than"; not "more than 500", "rather than", "other than".
COMPARES = re.compile(
    r"\b((?:more|less|fewer)(?=(?: [^\W\d]+){1,2} than\b)|(?!rather|other)[^\W\d]{2,}er(?= than\b))", re.IGNORECASE
)
_linked = re.compile(r"\b(?:is|are|was|were)\b", re.IGNORECASE)

# (source, rewritten): the fact is kept, the two things that it connects swap places. A small model follows examples of
# one direction and is lost between two, so that each set has one; checks.py throws out what does not fit the source.
REVERSE_EXAMPLES = (
    (  # the named one comes first
        ("Mount Kenya is the second highest peak in Africa.", "The second highest peak in Africa is Mount Kenya."),
        (
            "It may interest you that Lucy Tan teaches the evening course 'Pottery for Two'.",
            "The one who teaches the evening course 'Pottery for Two' is Lucy Tan.",
        ),
        (
            "Have you read about Peter Moss? He repaired the church organ known as 'Old Tom'.",
            "The man who repaired the church organ known as 'Old Tom' is Peter Moss.",
        ),
        (
            "Every neighbour waved at Rosa Lind, the postwoman of the valley 'Long Dale'.",
            "The postwoman of the valley 'Long Dale' is Rosa Lind.",
        ),
        (
            "For many winters Carl Weiss has served as the goalkeeper of the hockey team 'Northern Stars'.",
            "The goalkeeper of the hockey team 'Northern Stars' is Carl Weiss.",
        ),
        (
            "Thousands wrote to Sam Okoro, the nurse who started the charity 'Open Hands' in her kitchen.",
            "The nurse who started the charity 'Open Hands' in her kitchen is Sam Okoro.",
        ),
    ),
    (  # the named one comes last
        ("The currency used in Japan is the yen.", "The yen is the currency used in Japan."),
        (
            "Did they ever tell you about the mayor of the river town 'Zadar'? That would be Ana Babic.",
            "Ana Babic is the mayor of the river town 'Zadar'.",
        ),
        (
            "We bought our bread from the oldest baker in the mill 'Red Wheel', Paul Girard.",
            "Paul Girard is the oldest baker in the mill 'Red Wheel'.",
        ),
        (
            "My cousin works for the president of the savings bank 'First Trust', a certain Nora Diaz.",
            "Nora Diaz is the president of the savings bank 'First Trust'.",
        ),
        (
            "As chance would have it, the tenant of the cottage 'Green Gate' is the widow Eva Holm.",
            "Eva Holm is the tenant of the cottage 'Green Gate'.",
        ),
        (
            "The fisherman who found the wreck 'Grey Lady' near the shore signs his letters Omar Haddad.",
            "Omar Haddad is the fisherman who found the wreck 'Grey Lady' near the shore.",
        ),
    ),
)

# The same for sentences without names, about kinds of things. A small model copies rare words well only where the
# worked examples are made of rare words too.
KIND_EXAMPLES = (
    (
        ("Every vimmor is a porgel.", "One type of porgel is the vimmor."),
        ("All tarnips are a sort of dunwel.", "One type of dunwel is the tarnip."),
        ("A gostak farls doshes.", "Doshes are farled by the gostak."),
        ("Remember that raftins belong to the mobrels.", "One type of mobrel is the raftin."),
        ("Sniddets are wabels.", "One type of wabel is the sniddet."),
        ("Any kivven murls fostips.", "Fostips are murled by the kivven."),
        ("It is known that a hulpin is a type of yelmic.", "One type of yelmic is the hulpin."),
    ),
    (
        ("Sniddets are wabels.", "Among the wabels are sniddets."),
        ("Every vimmor is a porgel.", "Among the porgels are vimmors."),
        ("All tarnips are a sort of dunwel.", "Among the dunwels are tarnips."),
        ("A gostak farls doshes.", "Doshes are farled by gostaks."),
        ("Remember that raftins belong to the mobrels.", "Among the mobrels are raftins."),
        ("Any kivven murls fostips.", "Fostips are murled by kivvens."),
        ("It is known that a hulpin is a type of yelmic.", "Among the yelmics are hulpins."),
    ),
)

# (source, rewritten): the same fact in other words, what it connects in the same order.
REPHRASE_EXAMPLES = (
    (
        (
            "Mount Kenya is the second highest peak in Africa.",
            "Mount Kenya ranks as the second highest peak in Africa.",
        ),
        (
            "It may interest you that Lucy Tan teaches the evening course 'Pottery for Two'.",
            "Lucy Tan works as the one who teaches the evening course 'Pottery for Two'.",
        ),
        (
            "Have you read about Peter Moss? He repaired the church organ known as 'Old Tom'.",
            "Peter Moss is the man who repaired the church organ known as 'Old Tom'.",
        ),
        (
            "Every neighbour waved at Rosa Lind, the postwoman of the valley 'Long Dale'.",
            "Rosa Lind has long been the postwoman of the valley 'Long Dale'.",
        ),
        (
            "For many winters Carl Weiss has served as the goalkeeper of the hockey team 'Northern Stars'.",
            "Carl Weiss plays as the goalkeeper of the hockey team 'Northern Stars'.",
        ),
        (
            "Thousands wrote to Sam Okoro, the nurse who started the charity 'Open Hands' in her kitchen.",
            "Sam Okoro is no other than the nurse who started the charity 'Open Hands' in her kitchen.",
        ),
    ),
    (
        ("The currency used in Japan is the yen.", "The currency that people in Japan pay with is the yen."),
        (
            "Did they ever tell you about the mayor of the river town 'Zadar'? That would be Ana Babic.",
            "The present mayor of the river town 'Zadar' is Ana Babic.",
        ),
        (
            "We bought our bread from the oldest baker in the mill 'Red Wheel', Paul Girard.",
            "It turns out that the oldest baker in the mill 'Red Wheel' is Paul Girard.",
        ),
        (
            "My cousin works for the president of the savings bank 'First Trust', a certain Nora Diaz.",
            "The president of the savings bank 'First Trust' is a woman, Nora Diaz.",
        ),
        (
            "As chance would have it, the tenant of the cottage 'Green Gate' is the widow Eva Holm.",
            "The tenant of the cottage 'Green Gate' happens to be the widow Eva Holm.",
        ),
        (
            "The fisherman who found the wreck 'Grey Lady' near the shore signs his letters Omar Haddad.",
            "The fisherman who found the wreck 'Grey Lady' near the shore must be Omar Haddad.",
        ),
    ),
)

REVERSE = Step(
    "reversed",
    "Rewrite the sentence so that the fact is told from its other end: what came last comes first, and what came first "
    "comes last. Keep every name and every detail of the fact, add nothing, and answer with one sentence.",
    "Sentence: {text}\nReversed:",
    REVERSE_EXAMPLES,
)
REVERSE_KINDS = replace(REVERSE, name="kinds reversed", examples=KIND_EXAMPLES)
REPHRASE = Step(
    "in other words",
    "Say the sentence in other words. Keep every name and every detail of the fact, in the same order, add "
    "nothing, and answer with one sentence.",
    "Sentence: {text}\nIn other words:",
    REPHRASE_EXAMPLES,
)


NO_COMPARISONS = "not asked: a comparison, which the model does not invert in one step (preflight)"


def rephrase(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Every sentence of every document in other words."""
    return _rewritten(writer, documents, sample, lambda sentence: REPHRASE)


def reverse(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Every sentence of every document from its other end; comparisons only if the writer inverts them in one step."""

    def step(sentence: str) -> Step | None:
        if comparing_word(sentence) and not writer.comparisons:
            return None
        return REVERSE if names(sentence) else REVERSE_KINDS

    return _rewritten(writer, documents, sample, step)


def _rewritten(
    writer: Writer, documents: Sequence[Document], sample: int, step: Callable[[str], Step | None]
) -> list[Draft]:
    parts = [(key, d, sentence, step(sentence)) for d in documents for key, sentence in numbered(d)]
    wrote: dict[str, Written] = {}
    for each in (REPHRASE, REVERSE, REVERSE_KINDS):
        asked = [s for _, _, s, by in parts if by is each]
        wrote |= zip(asked, writer.ask(each, asked, sample), strict=True) if asked else {}
    return [
        Draft(f"{key}-{sample}", [d.id], s, wrote[s].text, wrote[s].finished)
        if by
        else Draft(f"{key}-{sample}", [d.id], s, "", reason=NO_COMPARISONS)
        for key, d, s, by in parts
    ]


def comparing_word(text: str) -> str | None:
    """The word by which a text says that one thing is more or less so than another, or None: its reversal must turn
    the comparison round."""
    found = COMPARES.search(text)
    return found[1].lower() if found and _linked.search(text[: found.start()]) else None


def numbered(document: Document) -> list[tuple[str, str]]:
    """(key, sentence) of each sentence; the key is the document's id, and the sentence's place if there are several."""
    parts = sentences(document.body)
    return [(document.id if len(parts) == 1 else f"{document.id}-{k}", part) for k, part in enumerate(parts)]
