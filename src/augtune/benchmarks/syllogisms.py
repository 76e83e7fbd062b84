"""Benchmark `syllogisms`: two premises about three nonsense words, set 2 in arXiv 2505.00661.

"The relationships between glon, troff and yomp are: All glon are yomp. All troff are glon." stands in the documents.
Asked is what follows: "The relationships between yomp and troff are:", with six candidates, {all, some, no} in two
directions. Chance is 1/6.

What follows is decided by trying all models, that is, all ways in which the 2^3 regions of three overlapping sets can
be inhabited or empty; each word is taken to name something (existential import), so that "all" entails "some". The
answer is the strongest conclusion: the candidate that follows and that entails every other candidate that follows.
Premises from which no candidate follows (only "some are not", or nothing) are left out. "Some" and "no" say the same in
both directions; of the two the answer is the one that names the words in the order of the heading, as every such
statement in the documents does. So each question has one answer.

Eleven pairs of premises have such a conclusion; with the order of the premises and of the words in the heading, and
symmetric statements in the order of the heading, they come in 42 forms: 12 conclude with "all", 18 with "some", 12 with
"no". The paper tells of 69 training examples, and not of which forms. Here half of the 69 conclude with "all" (35) and
a quarter each with "some" and "no" (17), each running through its forms in turn, and each example is asked under both
orders of heading. So each of the four relations that two words can have here (all in one direction, all in the other,
some, no) is the answer equally often: a rule that has not read the documents is right in 1/4 at most.

    syllogism  the two words that no document relates
    forward    a premise as told, the two words under a heading of their own

    augtune benchmark syllogisms --out DIR [--seed N] [--set examples=69 --set articles=1 ...]
"""

from __future__ import annotations

import random
import re
from functools import cache
from itertools import permutations, product

from pydantic import Field

from ..records import Augmentation, Corpus, Document, Question
from .common import SECOND, Settings, nonsense


class Syllogisms(Settings):
    """Sizes of the benchmark `syllogisms`; the paper's by default."""

    examples: int = Field(69, ge=4, description="pairs of premises, each about three words of its own")
    articles: int = Field(1, ge=1, le=10, description="documents for each example, each in another wording")
    validation: int = Field(20, ge=0, description="further examples, told as often, whose questions choose settings")


QUANTIFIERS = ("all", "some", "no")
HEADING = "The relationships between {} are:"
# What stands before the premises in the second and further articles; halves for the worlds below 100 and from 100 on.
HEADINGS = (
    (
        "About {} we know the following:", "A note on {}:", "Here is how {} hang together:",
        "The textbook has this to say on {}:", "Two things were found out about {}.", "Facts on {}:",
        "For {} the rules are these:", "What the guide says of {}:", "The lesson today was on {}.",
    ),
    (
        "On {} the following is known:", "A remark on {}:", "This is how {} relate:",
        "The handbook describes {} like this:", "Two facts stand in the file on {}.", "Findings on {}:",
        "With {} it is like this:", "What the survey tells of {}:", "The talk was on {}.",
    ),
)  # fmt: skip
# The ways to state what a quantifier says of two words; {b} is the second word with its article.
PHRASES = {
    "all": ("all {x} are {y}", "every {x} is {b}", "each {x} is also {b}"),
    "some": ("some {x} are {y}", "at least one {x} is {b}", "there are {x} that are {y}"),
    "no": ("no {x} are {y}", "not a single {x} is {b}", "none of the {x} are {y}"),
}
INFERENCES = (
    "Since {p} and {q}, {c}.",
    "We know that {p}. We also know that {q}. Therefore {c}.",
    "If {p} and {q}, it follows that {c}.",
    "How about {x} and {y}? As {p}, and {q}, {c}.",
)

Statement = tuple[str, int, int]  # (quantifier, first term, second term)
Form = tuple[Statement, Statement, tuple[int, ...]]  # (premises in their order, terms in the order of the heading)
Fact = tuple[str, str, str]  # a statement with words for its terms

# A model is a set of inhabited regions, as bits; region r lies within term t if bit t of r is set. Import: each of the
# three terms has an inhabited region.
_within = [[r for r in range(8) if r >> t & 1] for t in range(3)]
_models = [m for m in range(2**8) if all(any(m >> r & 1 for r in regions) for regions in _within)]


def holds(model: int, statement: Statement) -> bool:
    quantifier, i, j = statement
    inhabited = [r for r in _within[i] if model >> r & 1]
    shared = [r for r in inhabited if r in _within[j]]
    return {"all": shared == inhabited, "some": bool(shared), "no": not shared}[quantifier]


def entails(premises: tuple[Statement, ...], statement: Statement) -> bool:
    return all(holds(m, statement) for m in _models if all(holds(m, p) for p in premises))


def candidates(i: int, j: int) -> list[Statement]:
    """All six, those in the order of the heading (i, j) first."""
    return [(quantifier, x, y) for x, y in ((i, j), (j, i)) for quantifier in QUANTIFIERS]


@cache
def strongest(premises: tuple[Statement, ...], i: int, j: int) -> Statement | None:
    """The answer under the heading (i, j): what follows and entails all else that follows; None if there is no such."""
    valid = [s for s in candidates(i, j) if entails(premises, s)]
    return next((s for s in valid if all(entails((s,), other) for other in valid)), None)


@cache
def forms() -> dict[str, list[Form]]:
    """The forms by the quantifier of their conclusion. Term 1 is the one that both premises are about; the premise that
    comes first is the one on terms 0 and 1."""
    found: dict[str, list[Form]] = {quantifier: [] for quantifier in QUANTIFIERS}
    for first, second, heading in product(candidates(0, 1), candidates(1, 2), permutations(range(3))):
        in_order = all(q == "all" or heading.index(i) < heading.index(j) for q, i, j in (first, second))
        conclusion = strongest((first, second), 0, 2)
        if in_order and conclusion:
            found[conclusion[0]].append((first, second, heading))
    return found


def syllogisms(settings: Syllogisms, seed: int) -> Corpus:
    """One world. Raises UserError if it is too large for the word list."""
    rng = random.Random(f"syllogisms-{seed}")
    chosen = _draw(settings.examples, rng) + _draw(settings.validation, rng)
    words = nonsense("syllogisms", seed, 3 * len(chosen))
    examples = [(form, words[3 * i : 3 * i + 3]) for i, form in enumerate(chosen)]
    documents: list[Document] = []
    oracle: list[Augmentation] = []
    asked: list[list[Question]] = []
    for i, (form, names) in enumerate(examples):
        group = " ".join(names)
        headings = (HEADING, *rng.sample(HEADINGS[seed >= SECOND], settings.articles - 1))
        for k, heading in enumerate(headings):
            document = Document(f"example-{i}-{k}", _tell(form, names, heading, k), group)
            documents.append(document)
            oracle += [
                Augmentation(f"oracle-{document.id}-{w}", "oracle", [document.id], _infer(form, names, k + w))
                for w in range(2)
            ]
        asked.append(_ask(i, form, names, group, rng))
    # One split after the other.
    tested, validation = (
        sorted((q for each in part for q in each), key=lambda q: q.split)
        for part in (asked[: settings.examples], asked[settings.examples :])
    )
    return Corpus(documents, tested, validation, oracle, states)


def _draw(n: int, rng: random.Random) -> list[Form]:
    """`n` forms: a quarter with each of the symmetric conclusions, the rest with "all"; each evenly over its forms."""
    shares = {"all": n - 2 * (n // 4), "some": n // 4, "no": n // 4}
    drawn: list[Form] = []
    for quantifier, share in shares.items():
        pool = rng.sample(forms()[quantifier], len(forms()[quantifier]))
        drawn += [pool[k % len(pool)] for k in range(share)]
    rng.shuffle(drawn)
    return drawn


def _named(statement: Statement, names: list[str]) -> Fact:
    quantifier, i, j = statement
    return quantifier, names[i], names[j]


def state(fact: Fact, way: int = 0) -> str:
    """The fact in one of its phrasings, without a capital letter and a full stop."""
    quantifier, x, y = fact
    phrases = PHRASES[quantifier]
    return phrases[way % len(phrases)].format(x=x, y=y, b=f"{'an' if y[0] in 'aeiou' else 'a'} {y}")


def _tell(form: Form, names: list[str], heading: str, way: int) -> str:
    *premises, order = form
    a, b, c = (names[t] for t in order)
    told = [_capital(state(_named(p, names), way)) + "." for p in premises]
    return " ".join([heading.format(f"{a}, {b} and {c}"), *told])


def _infer(form: Form, names: list[str], way: int) -> str:
    """The conclusion drawn in words, a symmetric one in both directions."""
    first, second, _ = form
    drawn = dict.fromkeys(strongest((first, second), *ends) for ends in ((0, 2), (2, 0)))
    p, q = (state(_named(s, names), way) for s in (first, second))
    c = ", and ".join(state(_named(s, names), way + k) for k, s in enumerate(drawn) if s)
    return _capital(INFERENCES[way % len(INFERENCES)].format(p=p, q=q, c=c, x=names[0], y=names[2]))


def _ask(i: int, form: Form, names: list[str], group: str, rng: random.Random) -> list[Question]:
    """The conclusion under both orders of heading; each premise, a symmetric one in the order in which it is told."""
    first, second, _ = form
    kind = ", ".join(sorted(p[0] for p in (first, second)))

    def ask(split: str, number: int, x: int, y: int) -> Question:
        answer = strongest((first, second), x, y)
        assert answer is not None
        choices = [_sentence(_named(s, names)) for s in candidates(x, y)]
        rng.shuffle(choices)
        fact = _named(answer, names)
        return Question(f"{split}-{i}-{number}", HEADING.format(f"{names[x]} and {names[y]}"), _sentence(fact), choices,
                        split, group, f"{kind}: {answer[0]}" if split == "syllogism" else answer[0],
                        [" ".join(fact)])  # fmt: skip

    premises = [(x, y) if q != "all" or rng.random() < 0.5 else (y, x) for q, x, y in (first, second)]
    return [
        *(ask("forward", k, *pair) for k, pair in enumerate(premises)),
        *(ask("syllogism", k, *pair) for k, pair in enumerate(((0, 2), (2, 0)))),
    ]


def _sentence(fact: Fact) -> str:
    return _capital(state(fact)) + "."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


# How statements are told, by documents and by models. Y may be no word that goes on to something else.
_x = r"(?:of )?(?:the )?(?P<x>\w+)"
_y = r"(?:also )?(?:an? )?(?P<y>(?!(?:not|never|all|also|some|no|none|the|an?)\b)\w+)"
_start = r"(?:^|[.;:,!?] |\b(?:so|therefore|thus|hence|then|that|because|since|as|if) )"  # of a clause
_told = {
    "all": (
        rf"\b(?:all|every|every single|each|each and every|any) {_x} (?:is|are) {_y}",
        rf"{_start}(?!there )(?P<x>\w+) are (?:all )?{_y}",
    ),
    "some": (
        rf"\b(?:some|at least one|a few|certain|several) {_x} (?:is|are) {_y}",
        rf"\bthere (?:is|are) (?:some |an? |at least one )?(?P<x>\w+) (?:that|which|who) (?:is|are) {_y}",
    ),
    "no": (
        rf"\b(?:no|none|not one|not a single|not any) {_x} (?:is|are) {_y}",
        rf"{_start}(?!there )(?P<x>\w+) are (?:not|never) {_y}",
        rf"\bthere (?:is|are) no (?P<x>\w+) (?:that|which|who) (?:is|are) {_y}",
    ),
}
_patterns = [(q, re.compile(p)) for q, patterns in _told.items() for p in patterns]
_denied = re.compile(r"(?:\b(?:not|cannot|never|false|untrue|wrong)\b|n't\b)[^.,;:!?]*$")


def states(text: str) -> set[str]:
    """The statements of a text as "all glon yomp", in the direction in which they stand; plurals in -s are also given
    as their singulars (no nonsense word ends in s). What stands behind a negation in its clause is not stated."""
    text = " ".join(text.lower().split())
    found = set()
    for quantifier, pattern in _patterns:
        for m in pattern.finditer(text):
            if not _denied.search(text[: m.start() + 1]):  # with the stop that a clause begins after
                pairs = product(*({m[t], m[t].removesuffix("s")} for t in "xy"))
                found |= {f"{quantifier} {x} {y}" for x, y in pairs}
    return found
