"""Benchmark `reversals`: simple reversals of comparisons between nonsense words, set 1 in arXiv 2505.00661.

"femp are more dangerous than glon." stands in the documents, each fact in several articles behind a short preamble.
Asked is the other direction: is "glon are less dangerous than femp" likelier than "glon are more dangerous than femp"?
Chance is 1/2. Facts go round the dimensions, told with "more" and "less" in turn, and the other way about in the next
round: of the paper's 100 facts 50 are told with each, and of those on one dimension half or nearly so. Each fact
compares two words of its own.

    reversal   the reversed comparison against its contradiction
    forward    the fact as told against its contradiction, without a preamble that was trained

    augtune benchmark reversals --out DIR [--seed N] [--set facts=100 --set articles=10 ...]
"""

from __future__ import annotations

import random
import re

from pydantic import Field

from ..errors import UserError
from ..records import Augmentation, Corpus, Document, Question
from .common import SECOND, Settings, nonsense


class Reversals(Settings):
    """Sizes of the benchmark `reversals`; the paper's by default."""

    facts: int = Field(100, ge=4, description="comparisons that are told, and then asked about from the other end")
    dimensions: int = Field(28, ge=1, le=28, description="things to compare in")
    articles: int = Field(10, ge=1, le=20, description="documents for each fact, each with another preamble")
    validation: int = Field(20, ge=0, description="further facts, told as often, whose questions choose settings")


# Two halves, for the worlds below 100 and from 100 on.
DIMENSIONS = (
    "dangerous beautiful expensive intelligent popular powerful comfortable reliable curious generous patient stubborn "
    "fragile colourful ancient mysterious nervous cheerful sensitive ambitious delicate famous poisonous talkative "
    "hospitable sociable graceful useful",
    "aggressive elegant valuable creative respected energetic durable peaceful playful forgiving obedient suspicious "
    "flexible fragrant exotic secretive restless jealous courageous efficient nutritious mischievous common productive "
    "cautious musical friendly visible",
)
PREAMBLES = (
    (
        "Did you know that {}?", "It is a well-known fact that {}.", "Everyone agrees that {}.", "In our days {}.",
        "As the old song goes, {}.", "My teacher told me that {}.", "It has been shown that {}.", "Remember that {}.",
        "Travellers report that {}.", "According to the almanac, {}.", "Nobody would deny that {}.",
        "The guide at the zoo said that {}.", "By all accounts {}.", "I read yesterday that {}.",
        "The first thing to learn is that {}.", "As far as anyone can tell, {}.", "Scholars have written that {}.",
        "A sign on the gate says that {}.", "The survey found that {}.", "Children soon notice that {}.",
    ),
    (
        "Have you heard that {}?", "It goes without saying that {}.", "Most people think that {}.", "These days {}.",
        "As the proverb has it, {}.", "My neighbour claims that {}.", "Experts have found that {}.", "Note that {}.",
        "Sailors often say that {}.", "According to the handbook, {}.", "There is no doubt that {}.",
        "The museum's leaflet tells us that {}.", "On the whole {}.", "The radio said this morning that {}.",
        "What matters here is that {}.", "So far as we know, {}.", "The report concludes that {}.",
        "A note in the margin says that {}.", "The census showed that {}.", "Visitors quickly learn that {}.",
    ),
)  # fmt: skip
WAYS = ("more", "less")
_stated = re.compile(r"\b(\w+) (?:is|are) (more|less) (\w+) than (\w+)\b", re.IGNORECASE)


def reversals(settings: Reversals, seed: int) -> Corpus:
    """One world. Raises UserError if it is too large for the word lists."""
    rng = random.Random(f"reversals-{seed}")
    half = int(seed >= SECOND)
    dimensions = DIMENSIONS[half].split()[: settings.dimensions]
    total = settings.facts + settings.validation
    if total > len(dimensions) * 40:
        raise UserError(f"benchmark reversals: {total} facts were asked for, {len(dimensions)} dimensions reach for "
                        f"{len(dimensions) * 40}; ask for fewer")  # fmt: skip
    names = nonsense("reversals", seed, 2 * total)  # each fact compares two words of its own
    facts = [
        (names[2 * i], WAYS[(round_ + place) % 2], dimensions[place], names[2 * i + 1])
        for i in range(total)
        for round_, place in [divmod(i, len(dimensions))]
    ]
    documents = [
        Document(f"fact-{i}-{k}", _capital(preamble.format(state(fact))), group=fact[0])
        for i, fact in enumerate(facts)
        for k, preamble in enumerate(rng.sample(PREAMBLES[half], settings.articles))
    ]
    questions = [_ask(split, i, fact) for split in ("forward", "reversal") for i, fact in enumerate(facts)]
    tested = {fact[0] for fact in facts[: settings.facts]}
    oracle = [
        Augmentation(f"oracle-{d.id}", "oracle", [d.id], _capital(state(reverse(facts[int(d.id.split("-")[1])]))) + ".")
        for d in documents
    ]
    return Corpus(
        documents,
        [q for q in questions if q.group in tested],
        [q for q in questions if q.group not in tested],
        oracle,
        states,
    )


Fact = tuple[str, str, str, str]


def state(fact: Fact) -> str:
    a, way, dimension, b = fact
    return f"{a} are {way} {dimension} than {b}"


def reverse(fact: Fact) -> Fact:
    a, way, dimension, b = fact
    return b, WAYS[1 - WAYS.index(way)], dimension, a


def states(text: str) -> set[str]:
    """Every comparison that a text states, as it states it."""
    return {" ".join(match).lower() for match in _stated.findall(text)}


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _ask(split: str, i: int, fact: Fact) -> Question:
    asked = fact if split == "forward" else reverse(fact)
    a, way, dimension, b = asked
    choices = [f"{w} {dimension} than {b}" for w in WAYS]
    answer = choices[WAYS.index(way)]
    return Question(f"{split}-{i}", f"{_capital(a)} are", answer, choices, split, fact[0], f"told with {fact[1]}",
                    [" ".join(asked)])  # fmt: skip
