"""Local augmentation: the model rewrites each sentence on its own (arXiv 2505.00661, sentence-level augmentation).

Two strategies, `rephrase` and `reverse`, each in two prompt styles: `examples` (worked examples that any language model
continues) and `chat` (an instruction, for instruct models). Preflight measures which style a model can follow. Several
sets of examples give variety: sample i of a strategy uses set i, modulo their number.

The examples share no template, name or rare word with any benchmark, so that nothing tested is given away. They come in
the shapes in which facts about the world are told: as an apposition, a question, a clause, after a preamble.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..backends.base import Backend, Request
from ..records import Document, digest

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

EXAMPLES = {"reverse": REVERSE_EXAMPLES, "rephrase": REPHRASE_EXAMPLES}
LABELS = {"reverse": "Reversed", "rephrase": "In other words"}
INSTRUCTIONS = {
    "reverse": (
        "Rewrite the sentence so that the fact is told from its other end: what came last comes first, and what came "
        "first comes last. Keep every name and every detail of the fact, add nothing, and answer with one sentence."
    ),
    "rephrase": (
        "Say the sentence in other words. Keep every name and every detail of the fact, in the same order, add "
        "nothing, and answer with one sentence."
    ),
}
STYLES = ("examples", "chat")


def prompt(strategy: str, style: str, text: str, sample: int) -> tuple[str, str]:
    """(what all sources share, what is this source's own). In style `chat` both are one user turn's text, the shared
    part first, so that a server or a cache can reuse it."""
    chosen = EXAMPLES[strategy][sample % len(EXAMPLES[strategy])]
    label = LABELS[strategy]
    worked = "".join(f"Sentence: {source}\n{label}: {rewritten}\n\n" for source, rewritten in chosen)
    own = f"Sentence: {text}\n{label}:"
    return (worked, own) if style == "examples" else (f"{INSTRUCTIONS[strategy]}\n\n{worked}", own)


def max_tokens(source_tokens: int) -> int:
    """A rewritten sentence is about as long as its source; more means that the model rambles."""
    return int(1.4 * source_tokens) + 12


def requests(
    strategy: str,
    backend: Backend,
    style: str,
    documents: Sequence[Document],
    sample: int,
    temperature: float,
    seed: int,
) -> list[Request]:
    """One request for each document. Each is seeded by what it asks, so that no neighbour changes what it draws."""
    found = []
    for document in documents:
        shared, own = prompt(strategy, style, document.text, sample)
        chat = style == "chat"
        if chat:
            rendered = backend.chat([{"role": "user", "content": shared + own}]) or ""
            cut = rendered.index(shared) + len(shared) if shared in rendered else 0
            shared, own = rendered[:cut], rendered[cut:]
        limit = max_tokens(backend.count_tokens(document.text))
        drawn = int(digest(seed, sample, document.id, document.text), 16) % (1 << 32)
        found.append(Request(shared, own, limit, ("\n",), temperature, drawn, chat))
    return found
