"""The world of benchmark `semantic`: real categories with their properties under nonsense words, and the solver.

A fact is (subject, relation, object), and in a question's `facts` those three words with spaces between them. Relations
have a direction, because what is told in one is not told in the other:

    grud isa abme       abme includes grud
    grud is rony        grud can vilt        grud has plof          (no other direction)
    grud blar jirt      jirt blar-by grud                           (blar: a verb between categories; universal in its
                                                                     subject only: who eats fish need not eat all fish)
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any

from ..errors import UserError
from .common import nonsense

Fact = tuple[str, str, str]
PROPERTIES = ("is", "can", "has")
DRAWS = 100  # of so many sub-trees of the wanted size, the one with the most relations is taken
FANOUT = 4  # below a category, one child for about so many categories that its sub-tree may have


def key(fact: Fact) -> str:
    return " ".join(fact)


def converse(fact: Fact) -> Fact | None:
    """The same told from the other end; None for a property."""
    a, relation, b = fact
    if relation in PROPERTIES:
        return None
    if relation in ("isa", "includes"):
        return b, "includes" if relation == "isa" else "isa", a
    return b, relation.removesuffix("-by") if relation.endswith("-by") else f"{relation}-by", a


def closure(facts: Iterable[Fact]) -> set[Fact]:
    """All that follows: kinds of kinds, what a kind inherits, and each thing told from the other end."""
    told = set(facts)
    told |= {c for f in told if (c := converse(f))}
    kinds: dict[str, set[str]] = defaultdict(set)  # category -> its direct kinds above
    own: dict[str, list[Fact]] = defaultdict(list)
    for a, relation, b in told:
        if relation == "isa":
            kinds[a].add(b)
        elif relation != "includes" and not relation.endswith("-by"):
            own[a].append((a, relation, b))
    found = set(told)
    for x in [*kinds]:
        above, fresh = set(kinds[x]), list(kinds[x])
        while fresh:
            more = kinds.get(fresh.pop(), set()) - above
            above |= more
            fresh += more
        found |= {(x, "isa", a) for a in above}
        found |= {(x, relation, b) for a in above for _, relation, b in own[a]}
    return found | {c for f in found if (c := converse(f))}


@dataclass(frozen=True)
class World:
    """`parent`: each category's kind, None for the root, which comes first; `own`: each category's properties and
    relations, without what it inherits; `roles`: each word is a category, is, can, has or a verb."""

    parent: dict[str, str | None]
    own: dict[str, list[Fact]]
    roles: dict[str, str]
    root: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", next(iter(self.parent)))

    def above(self, x: str) -> list[str]:
        """The kinds that x belongs to, nearest first."""
        found = []
        while (up := self.parent[x]) is not None:
            found.append(up)
            x = up
        return found

    @cached_property
    def kin(self) -> dict[str, set[str]]:
        """Each category with what is above and what is below it."""
        found = {x: {x, *self.above(x)} for x in self.parent}
        for x in self.parent:
            for up in self.above(x):
                found[up].add(x)
        return found

    def without(self, held: Sequence[str]) -> World:
        """The same world in which nothing is known of some categories but their kinds."""
        own = {x: [f for f in facts if x not in held and f[2] not in held] for x, facts in self.own.items()}
        return World(self.parent, own, self.roles)

    def told(self, x: str) -> list[Fact]:
        """Its kind, its properties, its relations."""
        up = self.parent[x]
        return [*([(x, "isa", up)] if up else []), *self.own[x]]

    @cached_property
    def true(self) -> set[Fact]:
        return closure(f for x in self.parent for f in self.told(x))

    def derived(self, x: str) -> dict[Fact, list[Fact]]:
        """What follows about x, in its own direction, from two facts or more: fact -> those that it follows from."""
        found: dict[Fact, list[Fact]] = {}
        chain: list[Fact] = []
        below = x
        for up in self.above(x):
            chain.append((below, "isa", up))
            if below != x:
                found[x, "isa", up] = [*chain]
            for _, relation, b in self.own[up]:
                found.setdefault((x, relation, b), [*chain, (up, relation, b)])
            below = up
        return found

    def proofs(self, x: str) -> dict[Fact, list[Fact]]:
        """All that follows about x and is not told: derived facts, and each thing from the other end."""
        forward = {**{f: [f] for f in self.told(x)}, **self.derived(x)}
        backward = {c: proof for f, proof in forward.items() if (c := converse(f))}
        return {**self.derived(x), **backward}

    def clearly_false(self, fact: Fact) -> bool:
        """False, and false too of what is above and below its categories: nobody can argue that it holds for some."""
        a, relation, b = fact
        if relation in ("isa", "includes"):
            return b not in self.kin[a]
        objects = self.kin[b] if self.roles[b] == "category" else {b}
        return a not in objects and not any((x, relation, y) in self.true for x in self.kin[a] for y in objects)


def make_world(categories: int, seed: int) -> World:
    """A connected part of the hierarchy, each noun, adjective and verb under a nonsense word. Raises UserError if the
    hierarchy or the list of words does not reach."""
    hierarchy = json.loads(files(__package__).joinpath("semantic.json").read_text(encoding="utf-8"))
    if categories > len(hierarchy):
        raise UserError(f"benchmark semantic: {categories} categories were asked for, the hierarchy has "
                        f"{len(hierarchy)}; ask for fewer")  # fmt: skip
    rng = random.Random(f"semantic-tree-{seed}")
    chosen = max((_part(hierarchy, categories, rng) for _ in range(DRAWS)), key=_relations)
    facts = _facts(chosen)
    roles = {("category", name): "category" for name in chosen}
    for _, relation, b in facts:
        if relation in PROPERTIES:
            roles[relation, b] = relation
        elif relation != "isa":
            roles["verb", relation] = "verb"
    word = dict(zip(roles, nonsense("semantic", seed, len(roles)), strict=True))
    parent: dict[str, str | None] = {word["category", name]: None for name in chosen}
    own: dict[str, list[Fact]] = {x: [] for x in parent}
    for name, relation, b in facts:
        x = word["category", name]
        if relation == "isa":
            parent[x] = word["category", b]
        elif relation in PROPERTIES:
            own[x].append((x, relation, word[relation, b]))
        else:
            own[x].append((x, word["verb", relation], word["category", b]))
    return World(parent, own, {word[name]: role for name, role in roles.items()})


def _facts(part: dict[str, Any]) -> list[Fact]:
    """What is true of these categories, without relations to others."""
    return [
        (name, relation, b)
        for name, entry in part.items()
        for relation, objects in entry.items()
        for b in ([objects] if isinstance(objects, str) else objects)
        if relation in PROPERTIES or b in part
    ]


def _relations(part: dict[str, Any]) -> int:
    return sum(relation not in ("isa", *PROPERTIES) for _, relation, _ in _facts(part))


def _part(hierarchy: dict[str, Any], n: int, rng: random.Random) -> dict[str, Any]:
    """n categories, connected and balanced: at each category the places below it are shared evenly among children drawn
    at random, as far as their own sub-trees reach."""
    children: dict[str, list[str]] = defaultdict(list)
    for name, entry in hierarchy.items():
        children[entry.get("isa", "")].append(name)

    def size(name: str) -> int:
        return 1 + sum(map(size, children[name]))

    def take(name: str, places: int) -> list[str]:
        places -= 1
        pool = rng.sample(children[name], len(children[name]))
        drawn = pool[: max(2, round(places / FANOUT))]
        while sum(map(size, drawn)) < places:
            drawn.append(pool[len(drawn)])
        shares = dict.fromkeys(drawn, 0)
        while places:
            for child in sorted(drawn, key=lambda c: shares[c]):
                if places and shares[child] < size(child):
                    shares[child] += 1
                    places -= 1
        return [name, *(y for child, share in shares.items() if share for y in take(child, share))]

    chosen = set(take(children[""][0], n))
    return {name: entry for name, entry in hierarchy.items() if name in chosen}
