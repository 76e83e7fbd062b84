"""Benchmark `semantic`: a real hierarchy of animals and objects under nonsense words, set 4 in arXiv 2505.00661.

Categories have properties (is, can, has) and relations (who eats whom, what joins what), true of them and of all kinds
below them (semantic.json). Every noun, adjective and verb is a nonsense word, so that the structure is real and no word
is known. Documents tell each category's kind and its own properties and relations, in many wordings and styles. Asked,
each time with wrong answers that fit the same relation of something else:

    rephrase    what is told, in a held-out wording                                   kinds: isa, is, can, has, relation
    reversal    what is told, from the other end: kinds that include others, what is done to whom (kinds: isa, relation)
    syllogism   what follows from two facts                                           kinds: isa, is, can, has, relation
    deduction   what follows from three facts or more                                 kinds: the number of facts
    holdout     all that follows about a category of which only its kind is told      the first kinds, and reversal

Of some categories, which are not asked about, both directions and something of what they inherit are told, so that the
forms themselves can be learnt. Validation asks the same of further categories.

    augtune benchmark semantic --out DIR [--seed N] [--set categories=110 --set documents=2200 ...]
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import chain

from pydantic import Field

from ..errors import UserError
from ..records import Augmentation, Corpus, Document
from .common import Settings
from .semantic_ask import SPLITS, Asker, Plan
from .semantic_read import Reader
from .semantic_text import LEAST, STYLES, Style, compose, put, reason, sentence
from .semantic_world import Fact, World, closure, converse, make_world

SHOWN = 3  # of what a shown category inherits, so much is told
SPARED = 3  # a verb that stands in so many relations that are asked from the other end can spare one to be told so
PORTION = 3  # facts at a time about what stands beside a document's own category
SMALL = 50  # worlds of fewer categories have short documents, for small models
ABOUT = 0.6  # of a document's facts, so many are about its own category


class Semantic(Settings):
    """Sizes of the benchmark `semantic`; the paper's by default."""

    categories: int = Field(110, ge=2, description="of the hierarchy, a connected part that is drawn for each world")
    documents: int = Field(2200, ge=1, description="shared evenly among the categories")
    longest: int | None = Field(None, ge=6, le=40, description="sentences of a document, at most; by default 20, and 8 "
                                "in worlds of fewer than 50 categories")  # fmt: skip
    holdout: int | None = Field(None, ge=1, description="categories of which only the kind is told; by default one in "
                                "nine, or 10 where there are so many")  # fmt: skip
    questions: int = Field(120, ge=1, description="questions of each split, at most")
    validation: int = Field(30, ge=0, description="validation questions of each split, at most")
    choices: int = Field(4, ge=2, description="candidates of a question, the right one among them")
    inferences: int = Field(4, ge=1, description="true inferences of each document for the arm oracle")


def semantic(settings: Semantic, seed: int) -> Corpus:
    """One world. Raises UserError if it is too large for the hierarchy or too small for what is to be asked."""
    rng = random.Random(f"semantic-{seed}")
    whole = make_world(settings.categories, seed)
    plan = _plan(settings, whole, rng)
    world = whole.without([*plan.held, *plan.held_validation])
    told = _told(world, plan, rng)
    documents, stated = _documents(settings, world, told, rng)
    ask = Asker(settings.choices, world, plan, set(chain(*told.values())), _together(documents, stated), rng)
    questions = [q for s in SPLITS for q in ask.split(s, plan.test, plan.held, settings.questions)]
    aside = {**dict.fromkeys(SPLITS, plan.validation), "rephrase": plan.validation + plan.shown}
    validation = [q for s in SPLITS for q in ask.split(s, aside[s], plan.held_validation, settings.validation)]
    if missing := set(SPLITS) - {q.split for q in questions}:
        raise UserError(
            f"benchmark semantic: {settings.categories} categories with {len(plan.held)} held out are too few for "
            f"questions of split {', '.join(sorted(missing))}; ask for more categories"
        )
    oracle = _oracle(settings.inferences, world, told, documents, stated, rng)
    corpus = Corpus(documents, questions, validation, oracle, Reader(world.roles))
    check(corpus, told)
    return corpus


def check(corpus: Corpus, told: dict[str, list[Fact]]) -> None:
    """The solver's word on a world, from the texts alone: documents state what they should and no more; of each
    question exactly one choice follows from them, and only rephrase asks what is stated."""
    assert isinstance(corpus.states, Reader)
    stated = {f for d in corpus.documents for f in corpus.states.facts(d.text)}
    assert stated == set(chain(*told.values()))
    follows = closure(stated)
    for q in (*corpus.questions, *corpus.validation):
        facts = [corpus.states.facts(f"{q.prompt} {choice}.") for choice in q.choices or ()]
        assert [f <= follows for f in facts] == [choice == q.answer for choice in q.choices or ()], q
        assert (q.split == "rephrase") == ({tuple(f.split()) for f in q.facts or ()} <= stated), q


def _plan(settings: Semantic, world: World, rng: random.Random) -> Plan:
    leaves = [x for x in world.parent if x not in world.parent.values()]
    spare = len(leaves) * 6 // 7  # some leaves stay in
    held = settings.holdout or min(max(10, settings.categories // 9), spare - 1)
    aside = max(1, held // 6)
    if held < 1 or held + aside >= len(leaves):
        raise UserError(
            f"benchmark semantic: of {settings.categories} categories {len(leaves)} have nothing below them, too few "
            f"to hold out {max(1, held)} (and {aside} for validation); ask for more categories or a smaller holdout"
        )
    involved = Counter(x for facts in world.own.values() for a, _, b in facts for x in {a, b} if (a, b) != (x, x))
    chosen: list[str] = []
    siblings: Counter[str | None] = Counter()
    rng.shuffle(leaves)
    for _ in range(held + aside):  # from all over the hierarchy, and those that others say least about
        leaf = min((x for x in leaves if x not in chosen), key=lambda x: (siblings[world.parent[x]], involved[x]))
        chosen.append(leaf)
        siblings[world.parent[leaf]] += 1
    rng.shuffle(chosen)
    rest = [x for x in world.parent if x not in chosen and x != world.root]
    rng.shuffle(rest)
    rest.sort(key=lambda x: len(world.above(x)) > 1)  # the uppermost have no deductions: shown first
    told = max(2, round(0.15 * len(rest)))
    shown, rest = rest[:told], rest[told:]
    rest.sort(key=lambda x: -min(3, len(world.above(x))))
    validation = max(1, len(rest) // 10)
    return Plan(rest[validation:], rest[:validation], shown, chosen[aside:], chosen[:aside])


def _told(world: World, plan: Plan, rng: random.Random) -> dict[str, list[Fact]]:
    """What the documents tell of each category. Of shown ones also the other direction, and some of what they inherit;
    of each verb, where it can be spared, one other direction."""
    told = {x: world.told(x) for x in world.parent}
    reversed_verbs = {relation for x in plan.shown for _, relation, _ in world.own[x]}
    for x in plan.shown:
        inherited = [f for f, proof in world.derived(x).items() if len(proof) == 2]
        told[x] += [c for f in told[x] if (c := converse(f))] + rng.sample(inherited, min(SHOWN, len(inherited)))
    relations = [f for x in plan.test for f in world.own[x] if converse(f)]
    for verb, count in Counter(relation for _, relation, _ in relations).items():
        if count >= SPARED and verb not in reversed_verbs:
            fact = rng.choice([f for f in relations if f[1] == verb])
            told[fact[0]].append(converse(fact) or fact)
    return told


def _documents(
    settings: Semantic, world: World, told: dict[str, list[Fact]], rng: random.Random
) -> tuple[list[Document], list[list[Fact]]]:
    """Documents in rounds, one for each category, and the facts of each. Beside its own category a document tells of
    the kind above it, of a neighbour (always the same), or of both, and then of others. What was told least comes
    first, so that no fact is told much oftener than another."""
    longest = settings.longest or (8 if settings.categories < SMALL else 20)
    neighbours = {x: _neighbour(world, told, x, rng) for x in told}
    times: Counter[Fact] = Counter()
    styles: list[Style] = []
    documents: list[Document] = []
    stated: list[list[Fact]] = []

    def rarest(x: str, n: int) -> list[Fact]:
        return heapq.nsmallest(n, told[x], key=lambda f: (times[f], rng.random()))

    def deal(x: str, turn: int, k: int) -> list[Fact]:
        facts = rarest(x, round(ABOUT * k))
        up, by = world.parent[x], neighbours[x]
        beside = [y for y in ([up], [by], [up, by])[turn % 3] if y and y != world.root]
        others = sorted((y for y in told if y != x), key=lambda y: (min(times[f] for f in told[y]), rng.random()))
        for y in dict.fromkeys(beside + others):
            facts += rarest(y, min(PORTION, k - len(facts)))
        return rng.sample(facts, len(facts)) if turn % 2 else facts

    for i in range(settings.documents):
        x, turn = [*told][i % len(told)], i // len(told)
        styles = styles or rng.sample(STYLES, len(STYLES))
        text, facts = compose(styles.pop(), x, partial(deal, x, turn), rng.randint(LEAST, longest), rng)
        times.update(facts)
        documents.append(Document(f"{x}-{turn}", text, x))
        stated.append(facts)
    if missing := {f for facts in told.values() for f in facts} - {*times}:
        raise UserError(
            f"benchmark semantic: {settings.documents} documents leave {len(missing)} facts untold; ask for more "
            "documents or fewer categories"
        )
    return documents, stated


def _neighbour(world: World, told: dict[str, list[Fact]], x: str, rng: random.Random) -> str:
    """Something unrelated of about the same place in the hierarchy, of which more is told than its kind."""
    others = [y for y in told if y not in world.kin[x] and len(told[y]) > 1]
    rng.shuffle(others)
    return min(others, key=lambda y: abs(len(world.above(y)) - len(world.above(x))), default=world.root)


def _together(documents: Sequence[Document], stated: Sequence[list[Fact]]) -> dict[str, set[str]]:
    """Words that stand in documents about a category."""
    found: dict[str, set[str]] = defaultdict(set)
    for d, facts in zip(documents, stated, strict=True):
        found[d.group or ""] |= {word for a, _, b in facts for word in (a, b)}
    return found


def _oracle(
    n: int,
    world: World,
    told: dict[str, list[Fact]],
    documents: Sequence[Document],
    stated: Sequence[list[Fact]],
    rng: random.Random,
) -> list[Augmentation]:
    """For each document n inferences that its facts take part in, those first that were written least; and each that
    was written for none, once. Half of them give their reasons."""
    known = set(chain(*told.values()))
    proofs = {f: proof for x in told for f, proof in world.proofs(x).items() if f not in known}
    uses: dict[Fact, list[Fact]] = defaultdict(list)  # fact -> what follows with its help
    for inference, proof in proofs.items():
        for premise in proof:
            uses[premise].append(inference)
    written: Counter[Fact] = Counter()
    found: list[Augmentation] = []

    def write(d: Document, inference: Fact) -> None:
        text = rng.choice((lambda: sentence(put(inference, rng)), lambda: reason(proofs[inference], inference, rng)))()
        found.append(Augmentation(f"oracle-{d.id}-{len(found)}", "oracle", [d.id], text))
        written[inference] += 1

    for d, facts in zip(documents, stated, strict=True):
        possible = list(dict.fromkeys(f for premise in facts for f in uses[premise]))
        for inference in heapq.nsmallest(n, possible, key=lambda f: (written[f], rng.random())):
            write(d, inference)
    first = {f: d for d, facts in zip(reversed(documents), reversed(stated), strict=True) for f in facts}
    for inference in proofs:
        if not written[inference]:
            write(first[proofs[inference][0]], inference)
    return found
