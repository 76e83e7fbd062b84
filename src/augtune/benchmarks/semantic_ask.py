"""Questions of benchmark `semantic`: which facts each split asks for, in held-out wordings, among wrong answers that
fit the same relation of something else."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..records import Question
from .semantic_text import WORDINGS, asked, form
from .semantic_world import PROPERTIES, Fact, World, converse, key

SPLITS = ("rephrase", "reversal", "syllogism", "deduction", "holdout")


@dataclass(frozen=True)
class Plan:
    """Who is asked about: `test` and `validation` in all splits but holdout, `held` and `held_validation` in that one.
    Of `shown` both directions are told, and some of what they inherit."""

    test: list[str]
    validation: list[str]
    shown: list[str]
    held: list[str]
    held_validation: list[str]


@dataclass(frozen=True)
class _Item:
    """What is asked: about which category, which kind of inference, the fact, for the how many-th time (from 0), and in
    which wording."""

    about: str
    kind: str
    fact: Fact
    turn: int
    wording: int


@dataclass(frozen=True)
class Asker:
    """`told`: what the documents state; `together`: category -> words that stand in documents about it."""

    choices: int
    world: World
    plan: Plan
    told: set[Fact]
    together: dict[str, set[str]]
    rng: random.Random

    def split(self, split: str, asked: Sequence[str], held: Sequence[str], most: int) -> list[Question]:
        """Questions of a split: in each round one about each category, until there are `most` or nothing is left."""
        lines = [line for x in (held if split == "holdout" else asked) if (line := self._line(split, x))]
        right, kinds, items = Counter[str](), Counter[str](), list[_Item]()
        while any(lines) and len(items) < most:
            for line in lines[: most - len(items)]:
                item = min(line, key=lambda i: (i.turn, kinds[i.kind], right[i.fact[2]]))  # rare kinds, rare answers
                line.remove(item)
                items.append(item)
                kinds[item.kind] += 1
                right[item.fact[2]] += 1
            lines = [line for line in lines if line]
        offered = Counter[str]()
        return [self._ask(split, item, right, offered) for item in items]

    def _line(self, split: str, x: str) -> list[_Item]:
        """All that can be asked about a category: each fact once, then each again in another wording."""
        facts = [(kind, f) for kind, f in self._facts(split, x) if len(self._pool(f)) >= self.choices - 1]
        self.rng.shuffle(facts)
        return [
            _Item(x, kind, fact, turn, (i + turn) % WORDINGS)
            for turn in range(WORDINGS)
            for i, (kind, fact) in enumerate(facts)
            if not turn or fact[1:] not in self._everywhere
        ]

    def _facts(self, split: str, x: str) -> list[tuple[str, Fact]]:
        """What a split asks about a category, each with its kind. What is so of everything is never a wrong answer: it
        is asked only of a category that has nothing else to be asked, and once."""
        forward, derived = {f: [f] for f in self.world.told(x)}, self.world.derived(x)
        if split == "reversal":
            found = [(_kind(f), c) for f in forward if (c := converse(f)) and c not in self.told]
        elif split == "holdout":
            found = [(_kind(f), f) for f in derived]
            found += [("reversal", c) for f in (*forward, *derived) if (c := converse(f))]
        elif split == "deduction":
            found = [(f"{len(proof)} facts", f) for f, proof in derived.items() if len(proof) > 2]
        else:
            facts = forward if split == "rephrase" else {f: proof for f, proof in derived.items() if len(proof) == 2}
            found = [(_kind(f), f) for f in facts]
        found = [(kind, f) for kind, f in found if self.world.root not in f]
        return [(kind, f) for kind, f in found if f[1:] not in self._everywhere] or found

    def _ask(self, split: str, item: _Item, right: Counter[str], offered: Counter[str]) -> Question:
        """A word that is often right in a split is offered as often where it is wrong, as far as it is wrong at all:
        what is right in general gives little away. One wrong answer stands, if any does, in documents about the
        subject. Of what is left the nearest come first."""
        (a, relation, _), rng = item.fact, self.rng
        pool = rng.sample(pool := self._pool(item.fact), len(pool))
        pool.sort(key=lambda c: (offered[c] / right[c] if right[c] else math.inf, self._distance(item.fact, c)))
        beside = [c for c in pool if c in self.together[a]][:1]
        wrong = [*beside, *(c for c in pool if c not in beside)][: self.choices - 1]
        offered.update(wrong)
        prompt, answer = asked(item.fact, item.wording)
        choices = [answer, *(asked((a, relation, c), item.wording)[1] for c in wrong)]
        rng.shuffle(choices)
        return Question(f"{split}-{'-'.join(item.fact)}-{item.wording}", prompt, answer, choices, split, item.about,
                        item.kind, [key(item.fact)])  # fmt: skip

    def _pool(self, fact: Fact) -> list[str]:
        """The wrong answers: words of the same role of which nobody can say that they are right."""
        a, relation, b = fact
        return [c for c in self._slots[form(fact)] if c != b and self.world.clearly_false((a, relation, c))]

    def _distance(self, fact: Fact, c: str) -> int:
        """Steps between the levels of the hierarchy at which the right word and another one stand; one more if nothing
        stands in the fact's relation to the other."""
        _, relation, b = fact
        levels = min(abs(i - j) for i in self._levels[b] for j in self._levels[c])
        return levels + ((relation, c) not in self._filled)

    @cached_property
    def _everywhere(self) -> set[tuple[str, str]]:
        return {(relation, b) for _, relation, b in self.world.own[self.world.root]}

    @cached_property
    def _filled(self) -> set[tuple[str, str]]:
        return {(relation, b) for _, relation, b in self.world.true}

    @cached_property
    def _slots(self) -> dict[str, list[str]]:
        """The words that can stand last, for each form of fact."""
        categories = [x for x in self.world.parent if x != self.world.root]
        kinds = [x for x in categories if x in self.world.parent.values()]
        own = [f for facts in self.world.own.values() for f in facts]
        words = {r: sorted({b for _, relation, b in own if relation == r}) for r in PROPERTIES}
        return {**words, "isa": kinds, "includes": categories, "verb": categories, "by": categories}

    @cached_property
    def _levels(self) -> dict[str, set[int]]:
        """A category's level below the root; a property's are those of the categories that have it as their own."""
        found: dict[str, set[int]] = defaultdict(set)
        for x, facts in self.world.own.items():
            level = len(self.world.above(x))
            found[x].add(level)
            for _, relation, b in facts:
                if relation in PROPERTIES:
                    found[b].add(level)
        return found


def _kind(fact: Fact) -> str:
    return "relation" if form(fact) == "verb" else form(fact)
