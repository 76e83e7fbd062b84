"""Strategies on whole documents that later work added to local and global augmentation.

pairs         the model names what a document is about, then writes how two of those belong together (EntiGraph,
              arXiv 2409.07431)
study         the model proposes a way to study this document, then follows it (Active Reading, arXiv 2508.09494)
implications  what follows from a document, kept if the model finds that it does (deductive closure training,
              arXiv 2401.08574)
questions     a question with its answer
permute       the document's sentences in another order; no model is asked (arXiv 2309.14316)
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import combinations

from ..backends.base import Ask
from ..records import Document, digest
from ..sentences import sentences
from .writing import Draft, Step, Writer

_TEXT_1 = "Kofi Mensah runs the harbour ferry 'Sea Thrift'. It leaves from the old customs house at noon."
_TEXT_2 = "The Tarn Mill grinds spelt for Anja Berg. She bakes the round loaves that the school orders on Mondays."
_TEXT_3 = "Moths are drawn by lamps. The lamp on the pier burns all night."

NAME = Step(
    "what it is about",
    "List what the text is about: names of persons, places and things. Separate them by semicolons, on one line.",
    "Text: {text}\nAbout:",
    (
        (
            (_TEXT_1, "Kofi Mensah; the harbour ferry 'Sea Thrift'; the old customs house"),
            (_TEXT_2, "the Tarn Mill; spelt; Anja Berg; round loaves; the school"),
            (_TEXT_3, "moths; lamps; the pier"),
        ),
    ),
    longer=1.0,
)
RELATE = Step(
    "how they belong together",
    "Write in one or two full sentences how the two things named belong together, by the text alone; name both.",
    "Text: {text}:",
    (
        (
            (
                f"{_TEXT_1}\nKofi Mensah and the old customs house",
                "Kofi Mensah's ferry leaves from the old customs house at noon.",
            ),
            (
                f"{_TEXT_2}\nThe school and the Tarn Mill",
                "The school orders round loaves made of spelt from the Tarn Mill.",
            ),
            (f"{_TEXT_3}\nMoths and the pier", "Moths are drawn to the pier by the lamp that burns there."),
        ),
    ),
    most=40,
)
PROPOSE = Step(
    "how to study it",
    "Propose one way to study this text so that its facts are remembered and can be used. Answer with one short "
    "instruction on one line.",
    "Text: {text}\nA way to study it:",
    (
        (
            (_TEXT_1, "Explain to a traveller who runs the ferry and where it leaves."),
            (_TEXT_2, "Follow the grain from the mill to the table, step by step."),
            (_TEXT_3, "Say what follows for the lamp on the pier."),
        ),
        (
            (_TEXT_1, "Make notes that begin with the place."),
            (_TEXT_2, "Tell it from the school's side."),
            (_TEXT_3, "Compare the lamp on the pier with other lamps."),
        ),
    ),
    longer=0.0,
    most=40,
)
FOLLOW = Step(
    "studied",
    "Do what the task says, by the text alone, in a few full sentences on one line. Name everything in full.",
    "Text: {text}\nNotes:",
    (
        (
            (
                f"{_TEXT_1}\nTask: Explain to a traveller who runs the ferry and where it leaves.",
                "The harbour ferry 'Sea Thrift' is run by Kofi Mensah. Be at the old customs house at noon.",
            ),
            (
                f"{_TEXT_2}\nTask: Tell it from the school's side.",
                "On Mondays the school orders round loaves. Anja Berg bakes them, and the Tarn Mill grinds her spelt.",
            ),
            (
                f"{_TEXT_3}\nTask: Say what follows for the lamp on the pier.",
                "The lamp on the pier draws moths all night.",
            ),
        ),
    ),
    most=60,
)
IMPLY = Step(
    "what follows",
    "Write one sentence that follows from the text but does not stand in it. Name everything in full.",
    "Text: {text}\nIt follows that:",
    (
        (
            (_TEXT_1, "Whoever wants to take the ferry of Kofi Mensah must be at the customs house by noon."),
            (_TEXT_2, "The school eats bread made of spelt on Mondays."),
            (_TEXT_3, "Moths come to the pier at night."),
        ),
        (
            (_TEXT_1, "At noon the old customs house is where the ferry 'Sea Thrift' starts from."),
            (_TEXT_2, "Anja Berg works for the school on Mondays."),
            (_TEXT_3, "The lamp on the pier draws moths."),
        ),
    ),
    most=24,
)
ENTAILED = "{instruction}Text: {text}\nClaim: {claim}\nDoes the claim follow from the text? Answer:"
ENTAILED_EXAMPLES = (
    f"Text: {_TEXT_1}\nClaim: Kofi Mensah runs a ferry.\nDoes the claim follow from the text? Answer: Yes\n\n"
    f"Text: {_TEXT_2}\nClaim: Anja Berg grinds the spelt herself.\nDoes the claim follow from the text? Answer: No\n\n"
    f"Text: {_TEXT_3}\nClaim: The pier is dark at night.\nDoes the claim follow from the text? Answer: No\n\n"
    f"Text: {_TEXT_3}\nClaim: Something draws moths to the pier.\nDoes the claim follow from the text? Answer: Yes\n\n"
)
QUESTION = Step(
    "question and answer",
    "Write one question about the text that can be answered from it, and its answer as a full sentence, on one line.",
    "Text: {text}\nQuestion:",
    (
        (
            (
                _TEXT_1,
                "Who runs the harbour ferry 'Sea Thrift'? Answer: Kofi Mensah runs the harbour ferry 'Sea Thrift'.",
            ),
            (_TEXT_2, "For whom does the Tarn Mill grind spelt? Answer: The Tarn Mill grinds spelt for Anja Berg."),
            (_TEXT_3, "What are moths drawn by? Answer: Moths are drawn by lamps."),
        ),
        (
            (_TEXT_1, "Which ferry leaves at noon? Answer: It is the 'Sea Thrift', the ferry of Kofi Mensah."),
            (_TEXT_2, "What does the school order on Mondays? Answer: Round loaves, which Anja Berg bakes."),
            (_TEXT_3, "Which lamp burns all night? Answer: The lamp on the pier burns all night."),
        ),
    ),
    most=30,
)
NOT_ENTAILED = "the model does not find that it follows"
NO_ANSWER = "malformed: no question with an answer"


def pairs(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """How two things that a document names belong together; each sample takes the next pair."""
    named = writer.ask(NAME, [d.text for d in documents])
    chosen = []
    for document, w in zip(documents, named, strict=True):
        things = [t for t in dict.fromkeys(part.strip(" .") for part in w.text.split(";")) if t]
        known = [t for t in things if t.lower() in document.text.lower()]
        options = list(combinations(known, 2))
        if sample < len(options):
            a, b = options[sample]
            chosen.append((document, f"{document.text}\n{a[0].upper()}{a[1:]} and {b}"))
    wrote = writer.ask(RELATE, [text for _, text in chosen])
    return [Draft(f"{d.id}-{sample}", [d.id], d.text, w.text, w.finished)
            for (d, _), w in zip(chosen, wrote, strict=True)]  # fmt: skip


def study(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Notes made in a way that the model proposed for this document."""
    ways = writer.ask(PROPOSE, [d.text for d in documents], sample)
    tasks = [f"{d.text}\nTask: {way.text}" for d, way in zip(documents, ways, strict=True)]
    wrote = writer.ask(FOLLOW, tasks)
    return [Draft(f"{d.id}-{sample}", [d.id], d.text, w.text, w.finished)
            for d, w in zip(documents, wrote, strict=True)]  # fmt: skip


def implications(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """What follows from a document, with the model's own answer to whether it does."""
    wrote = writer.ask(IMPLY, [d.text for d in documents], sample)
    asks = [
        Ask("", ENTAILED.format(instruction=ENTAILED_EXAMPLES, text=d.text, claim=w.text), (" Yes", " No"))
        for d, w in zip(documents, wrote, strict=True)
    ]
    chosen = writer.choose("does it follow?", asks)
    return [
        Draft(f"{d.id}-{sample}", [d.id], d.text, w.text, w.finished, reason=None if yes == 0 else NOT_ENTAILED)
        for d, w, yes in zip(documents, wrote, chosen, strict=True)
    ]


def questions(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """A question and its answer in one text."""
    found = []
    for d, w in zip(documents, writer.ask(QUESTION, [d.text for d in documents], sample), strict=True):
        match = re.fullmatch(r"(?P<q>[^?]+\?) Answer: (?P<a>.+)", w.text)
        text = f"{match['q']} {match['a']}" if match else w.text
        found.append(Draft(f"{d.id}-{sample}", [d.id], d.text, text, w.finished, reason=None if match else NO_ANSWER))
    return found


def permute(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """The sentences in another order, seeded; a document of one sentence has no other order."""
    found = []
    for d in documents:
        parts = sentences(d.body)
        shuffled = random.Random(digest(writer.seed, sample, d.id)).sample(parts, len(parts))
        if len(parts) > 1:
            found.append(Draft(f"{d.id}-{sample}", [d.id], d.text, " ".join(shuffled)))
    return found
