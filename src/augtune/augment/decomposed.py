"""Decomposed augmentation: what a small model fails at in one step, it may do in several that it can do.

`converse` tells a comparison from its other end ("A are faster than B" -> "B are slower than A"). In one step the
embedded model swaps or inverts, rarely both. Here it names the opposite of the comparing word, and the opposite of that
again: only where it comes back to the word is it trusted. The opposite is put in the word's place, and the model swaps
the two sides. No code and no example here holds an opposite that a benchmark tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..records import Document
from .local import COMPARES, comparing_word, numbered
from .writing import Draft, Step, Writer

OPPOSITE = Step(
    "opposites",
    "Complete the last line: name the opposite of its first word, in one word.",
    "{text} is the opposite of",
    (
        (
            ("In comparisons, heavier", "lighter."),
            ("Faster", "slower."),
            ("Older", "younger."),
            ("Taller", "shorter."),
        ),
    ),
    gap="\n",
    longer=0.0,
    most=6,
)
SWAP = Step(
    "swapped",
    "Write the comparison with its two sides swapped: what is compared stands where it is compared to, and the other "
    "way round. Change nothing else, leave out what is said around it, and answer with one sentence.",
    "Sentence: {text}\nThe other way round:",
    (
        (
            ("A boat is faster than a bike.", "A bike is faster than a boat."),
            ("My uncle told me that brilks are heavier than snovs.", "Snovs are heavier than brilks."),
            ("Is it true that florg are sweeter than limaj?", "Limaj are sweeter than florg."),
            ("In the north, the rivers are colder than the lakes.", "The lakes are colder than the rivers."),
            ("It turned out that tuzem were taller than orbek.", "Orbek were taller than tuzem."),
        ),
        (
            ("You will find that yallo are rounder than quib.", "Quib are rounder than yallo."),
            ("Gold is softer than steel.", "Steel is softer than gold."),
            ("Who would have thought that dralt were wetter than umfer?", "Umfer were wetter than dralt."),
            ("In winter the cellar is warmer than the attic.", "The attic is warmer than the cellar."),
            ("One page says that ketch are thicker than phoon.", "Phoon are thicker than ketch."),
        ),
        (
            ("It is true that hizzo are deeper than rulf.", "Rulf are deeper than hizzo."),
            ("A rowan is greener than an elm.", "An elm is greener than a rowan."),
            ("The porter told us that zukko are milder than itchel.", "Itchel are milder than zukko."),
            ("Have you seen that ubbin are straighter than woppo?", "Woppo are straighter than ubbin."),
            ("By now fennop are wider than drazzo.", "Drazzo are wider than fennop."),
        ),
        (
            ("Luzzo are harder than kippen.", "Kippen are harder than luzzo."),
            ("They say that erzo are sharper than pliff.", "Pliff are sharper than erzo."),
            ("In the past otters were tamer than minks.", "Minks were tamer than otters."),
            ("Is anybody sure that vozzi are narrower than hobbat?", "Hobbat are narrower than vozzi."),
            ("The label says that jaffo are drier than unklo.", "Unklo are drier than jaffo."),
        ),
    ),
)

_first_word = re.compile(r"\w+")
NO_OPPOSITE = "the model names no opposite of its comparing word that leads back to it"


def converse(writer: Writer, documents: Sequence[Document], sample: int) -> list[Draft]:
    """Every comparison, told from its other end; other sentences are passed over."""
    parts = [
        (key, d, sentence, word)
        for d in documents
        for key, sentence in numbered(d)
        if (word := comparing_word(sentence))
    ]
    opposite = opposites(writer, [word for *_, word in parts])
    known = [part for part in parts if opposite[part[3]]]
    inverted = [COMPARES.sub(opposite[word] or "", sentence, count=1) for _, _, sentence, word in known]
    wrote = writer.ask(SWAP, inverted, sample)
    return [
        Draft(f"{key}-{sample}", [d.id], source, w.text, w.finished)
        for (key, d, _, _), source, w in zip(known, inverted, wrote, strict=True)
    ] + [
        Draft(f"{key}-{sample}", [d.id], sentence, "", reason=NO_OPPOSITE)
        for key, d, sentence, word in parts
        if not opposite[word]
    ]


def opposites(writer: Writer, words: Sequence[str]) -> dict[str, str | None]:
    """For each word the one that the model calls its opposite, if the model calls the word that one's opposite too."""
    forth = _opposites(writer, words)
    back = _opposites(writer, [word for word in forth.values() if word])
    return {word: other if other and other != word and back[other] == word else None for word, other in forth.items()}


def _opposites(writer: Writer, words: Sequence[str]) -> dict[str, str | None]:
    asked = list(dict.fromkeys(words))
    answers = (_first_word.match(w.text) for w in writer.ask(OPPOSITE, [word.capitalize() for word in asked]))
    return {word: found[0].lower() if found else None for word, found in zip(asked, answers, strict=True)}
