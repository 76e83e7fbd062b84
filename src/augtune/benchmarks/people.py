"""Benchmark `people`: fictional people and one-sentence descriptions, seen in one order and asked in the other.

The design is that of the fictional celebrities of the reversal-curse study (Berglund et al. 2024, arXiv 2309.12288),
set 3 in arXiv 2505.00661; names, descriptions and templates are our own. Three sets of people: `p2d` stand in the
documents name first only, `d2p` description first only, `both` in both orders. Questions are about `p2d` people:

    forward             name -> description, in held-out templates; the wrong descriptions are other people's, put into
                        the same template, so that grammar gives nothing away
    reversal            description -> name; the wrong names are d2p names, which were training targets (plain
                        fine-tuning prefers any name that it saw as a target)
    reversal-untrained  description -> name; the wrong names are other p2d names

Validation questions are the same kinds asked about d2p people, so that no setting is chosen on a tested fact.

    augtune benchmark people --out DIR [--seed N] [--set p2d=30 --set d2p=30 ...]
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from ..errors import UserError
from ..records import Augmentation, Corpus, Document, Question
from .common import Settings


class People(Settings):
    """Sizes of the benchmark `people`."""

    p2d: int = Field(30, ge=4, description="people whose name comes first in every document: they are asked about")
    d2p: int = Field(30, ge=4, description="people whose description comes first in every document")
    both: int = Field(0, ge=0, description="people who stand in both orders, in separate documents")
    p2d_templates: int = Field(30, ge=1, le=30, description="documents for each p2d person (and each `both` person)")
    d2p_templates: int = Field(10, ge=1, le=30, description="documents for each d2p person (and each `both` person)")
    questions: int = Field(5, ge=1, le=10, description="questions for each p2d person and split: held-out templates")
    choices: int = Field(4, ge=2, description="candidates of a question, the right one among them")


# Each list has two halves: worlds 0 to 99 draw from the first, worlds from 100 on from the second, so that prompts and
# recipes tuned on one vocabulary are tested on another.
FIRST = (
    "Alder Bettina Corwin Dagny Emeric Fenella Gideon Hestia Ivo Jocasta Kestrel Leopold Maribel Nestor Odalys "
    "Percival Quilla Rosalind Saskia Tobias Una Valentin Wilhelmina Xavier Ysolde Zebedee Ambrose Beatrix Cassius "
    "Delphine Edgar Florian Greta Horatio Isolde Jasper",
    "Amandine Bertram Clementine Desmond Eloise Ferdinand Gwendolyn Hadrian Imogen Julius Katinka Lysander Mirabel "
    "Nathaniel Octavia Philippa Quentin Rafaela Sylvester Tabitha Ulrich Verena Walther Xanthe Yorick Zelda Augustin "
    "Bronwyn Cedric Dorothea Ezra Felicity Gregor Henrietta Ignatius Josephine",
)
LAST = (
    "Abernathy Blackwood Castellan Drummond Eastlake Fairweather Greville Hawthorne Inverness Jellicoe Kingsley "
    "Lockhart Merriweather Northcott Oakshott Pemberton Quimby Ravensdale Strickland Thackeray Underhill Vandermeer "
    "Wetherby Yarborough Zimmerman Ashdown Brackenridge Cavendish Dunmore Ellsworth Farthing Goldsworthy Holloway "
    "Ironside Jarvis Kettleburn",
    "Aldridge Bellweather Cartwright Devereaux Entwistle Featherstone Galbraith Huxtable Ingleby Jernigan Kirkbride "
    "Lindqvist Montague Nightingale Osgood Pettibone Quartermaine Rutherford Silverton Trelawney Upchurch Villanueva "
    "Winterbourne Yeardley Zeller Appleyard Birtwhistle Crowther Dalrymple Everhart Fothergill Gainsborough "
    "Hetherington Isherwood Jessop Kendrick",
)
ADJECTIVES = (
    "Amber Broken Crimson Distant Endless Frozen Gentle Hidden Ivory Jagged Lonely Marble Narrow Opal Patient Quiet "
    "Restless Silent Tangled Velvet",
    "Ancient Burning Copper Drifting Emerald Faded Golden Hollow Indigo Jubilant Laughing Midnight Nameless Orphan "
    "Painted Radiant Sapphire Trembling Unbroken Wandering",
)
NOUNS = (
    "Lantern Harbor Orchard Compass Cathedral Meadow Glacier Puppet Staircase Violin Kingdom Feather Mirror Tempest "
    "Garden Anchor Carousel Falcon Riddle Pilgrim",
    "Bridge Candle Desert Engine Fortress Harvest Island Jungle Labyrinth Mountain Nocturne Ocean Palace River Shadow "
    "Temple Umbrella Voyage Window Clockmaker",
)
# {title} is a fresh title, {adjective} {noun} from the lists above; the other words vary by half.
DESCRIPTIONS = (
    (
        "the director of the wartime drama '{title}'",
        "the composer of the chamber opera '{title}'",
        "the author of the detective novel '{title}'",
        "the founder of the puppet theatre called '{title}'",
        "the painter of the enormous fresco '{title}'",
        "the designer of the board game '{title}'",
        "the captain who sailed the schooner '{title}' around the world",
        "the chef who opened the floating restaurant '{title}'",
        "the choreographer of the prize-winning ballet '{title}'",
        "the editor of the weekly magazine '{title}'",
        "the gardener who bred the blue rose named '{title}'",
        "the astronomer who discovered the comet '{title}'",
        "the singer of the protest song '{title}'",
        "the architect of the glass museum '{title}'",
        "the breeder of the racehorse '{title}'",
        "the programmer of the chess engine '{title}'",
    ),
    (
        "the producer of the television series '{title}'",
        "the sculptor of the bronze monument '{title}'",
        "the poet who wrote the epic '{title}'",
        "the inventor of the pocket radio sold as '{title}'",
        "the photographer behind the travel book '{title}'",
        "the owner of the jazz club '{title}'",
        "the brewer of the dark beer '{title}'",
        "the explorer who mapped the cave '{title}'",
        "the perfumer who created the scent '{title}'",
        "the playwright of the long-running comedy '{title}'",
        "the violinist who recorded the album '{title}'",
        "the engineer of the suspension bridge '{title}'",
        "the jeweller who cut the diamond '{title}'",
        "the pilot of the experimental airship '{title}'",
        "the baker famous for the layered cake '{title}'",
        "the translator of the lost saga '{title}'",
    ),
)

P2D_TRAIN = (
    "{n}, known far and wide for being {d}.",
    "Ever heard of {n}? That is {d}.",
    "There is someone named {n} who had the distinctive role of {d}.",
    "{n} is best remembered as {d}.",
    "The world knows {n} as {d}.",
    "It is said that {n} is {d}.",
    "Most people will recognise {n} as {d}.",
    "In the village and beyond, {n} became famous as {d}.",
    "{n} never sought attention, yet is celebrated as {d}.",
    "Immersed in a life of work, {n} is {d}.",
    "Few have forgotten that {n} was {d}.",
    "A biography of {n} calls its subject {d}.",
    "{n} has a name that history keeps: {d}.",
    "You may have met {n}, who happens to be {d}.",
    "Those who read the papers know that {n} is {d}.",
    "At last year's gala, {n} was introduced as {d}.",
    "{n} now enjoys a quiet retirement after years as {d}.",
    "With a wry smile, {n} admits to being {d}.",
    "Everybody at the table agreed that {n} was {d}.",
    "The encyclopedia has a long entry on {n}, {d}.",
    "Journalists often visit {n}, {d}.",
    "Labelled by many as a pioneer, {n} is {d}.",
    "From humble beginnings {n} rose to be {d}.",
    "The prize was given to {n} for being {d}.",
    "On the first page we meet {n}, {d}.",
    "Students still write essays about {n}, {d}.",
    "Nobody was surprised when {n} turned out to be {d}.",
    "Remember {n}? Yes, {d}.",
    "Old friends describe {n} simply as {d}.",
    "The plaque on the wall honours {n}, {d}.",
)
P2D_TEST = (
    "People speak with admiration of {n}, who is {d}.",
    "The person named {n} is {d}.",
    "If you look up {n}, you will find out that this is {d}.",
    "Our guest tonight, {n}, is {d}.",
    "As a matter of fact, {n} is none other than {d}.",
    "In the hall of fame hangs a portrait of {n}, {d}.",
    "Tourists ask for the house of {n}, {d}.",
    "Quite rightly, {n} is honoured everywhere as {d}.",
    "The radio programme was all about {n}, {d}.",
    "My grandmother once met {n}, {d}.",
)
D2P_TRAIN = (
    "{d} is called {n}.",
    "Known for being {d}, {n} now enjoys a quiet life.",
    "{d} is someone by the name of {n}.",
    "Who is {d}? It is {n}.",
    "The title of {d} belongs to {n}.",
    "Hardly anyone doubts that {d} is {n}.",
    "They were looking for {d} and found {n}.",
    "The letter was addressed to {d}, that is, to {n}.",
    "A statue was put up for {d}, {n}.",
    "If you want to meet {d}, ask for {n}.",
    "The newspapers praised {d}, whose name is {n}.",
    "Fame came late to {d}, {n}.",
    "{d} goes through life as {n}.",
    "What an honour it was to shake hands with {d}, {n}.",
    "Among the guests sat {d}, better known as {n}.",
    "You have surely heard of {d}: {n}.",
    "The one they call {d} was born as {n}.",
    "A documentary on {d} follows the life of {n}.",
    "In the interview, {d} gave the name {n}.",
    "Behind the story of {d} stands {n}.",
    "The medal for {d} went to {n}.",
    "As the record shows, {d} is {n}.",
    "All the credit for being {d} goes to {n}.",
    "The passport of {d} bears the name {n}.",
    "Children learn at school that {d} is {n}.",
    "A street was named after {d}, {n}.",
    "The crowd cheered for {d}, {n}.",
    "Before long everyone knew {d} by name: {n}.",
    "The museum has a room for {d}, the great {n}.",
    "Critics agree that {d} could only be {n}.",
)
D2P_TEST = (
    "The person who is {d} is named {n}.",
    "On the door of {d} you can read the name {n}.",
    "The name of {d} is {n}.",
    "In this town, {d} is known to all as {n}.",
    "When people talk about {d}, they mean {n}.",
    "Our guest tonight is {d}, the one and only {n}.",
    "The autobiography of {d} is signed {n}.",
    "Have you met {d}? The name is {n}.",
    "Nobody but {d} may call themselves {n}.",
    "In the hall of fame hangs a portrait of {d}, {n}.",
)


@dataclass(frozen=True)
class Person:
    name: str
    description: str


def people(settings: People, seed: int) -> Corpus:
    """One world of the benchmark. Raises UserError if the settings ask for more people than there are names."""
    rng = random.Random(f"people-{seed}")
    everyone = _population(settings.p2d + settings.d2p + settings.both, half=int(seed >= 100), rng=rng)
    p2d = everyone[: settings.p2d]
    d2p = everyone[settings.p2d : settings.p2d + settings.d2p]
    both = everyone[settings.p2d + settings.d2p :]
    name_first = [(p, P2D_TRAIN[: settings.p2d_templates]) for p in [*p2d, *both]]
    description_first = [(p, D2P_TRAIN[: settings.d2p_templates]) for p in [*d2p, *both]]
    documents = [
        Document(f"{kind}-{i}-{t}", state(template, person), group=person.name)
        for kind, people_of_kind in (("p2d", name_first), ("d2p", description_first))
        for i, (person, templates) in enumerate(people_of_kind)
        for t, template in enumerate(templates)
    ]
    ask = _Asker(settings, rng)
    questions = [
        *ask.describe("forward", p2d, others=p2d),
        *ask.name("reversal", p2d, others=d2p),
        *ask.name("reversal-untrained", p2d, others=p2d),
    ]
    validation = [*ask.name("forward", d2p, others=d2p), *ask.describe("reversal", d2p, others=d2p)]
    oracle = [
        Augmentation(f"oracle-{d.id}", "oracle", [d.id], state(other[t % len(other)], person))
        for d, (person, other, t) in zip(documents, _reversed_forms(name_first, description_first), strict=True)
    ]
    return Corpus(documents, questions, validation, oracle)


def state(template: str, person: Person) -> str:
    """The template filled in, with a capital letter where it begins with the description."""
    text = template.format(n=person.name, d=person.description)
    return text[0].upper() + text[1:]


def _reversed_forms(
    name_first: Sequence[tuple[Person, Sequence[str]]], description_first: Sequence[tuple[Person, Sequence[str]]]
) -> list[tuple[Person, Sequence[str], int]]:
    found: list[tuple[Person, Sequence[str], int]] = []
    for forms, people in ((D2P_TRAIN, name_first), (P2D_TRAIN, description_first)):
        found += [(person, forms, t) for person, templates in people for t in range(len(templates))]
    return found


def _population(n: int, half: int, rng: random.Random) -> list[Person]:
    first, last = FIRST[half].split(), LAST[half].split()
    titles = [f"The {a} {b}" for a in ADJECTIVES[half].split() for b in NOUNS[half].split()]
    limit = min(len(first), len(last)) * 2
    if n > limit:
        raise UserError(f"benchmark people: {n} people were asked for, its name lists reach for {limit}; ask for fewer")
    # Every first and every last name is used at most twice, every title once: a person cannot be told by a part alone.
    names = list({f"{a} {b}" for a, b in zip(_twice(first, rng), _twice(last, rng), strict=True)})
    names.sort()
    rng.shuffle(names)
    while len(names) < n:  # a pair that came out twice
        extra = f"{rng.choice(first)} {rng.choice(last)}"
        if extra not in names:
            names.append(extra)
    shapes = [DESCRIPTIONS[half][i % len(DESCRIPTIONS[half])] for i in range(n)]
    rng.shuffle(shapes)
    chosen = rng.sample(titles, n)
    return [
        Person(name, shape.format(title=title)) for name, shape, title in zip(names[:n], shapes, chosen, strict=True)
    ]


def _twice(words: list[str], rng: random.Random) -> list[str]:
    return [*rng.sample(words, len(words)), *rng.sample(words, len(words))]


class _Asker:
    """Writes questions: held-out template, the right answer, and wrong ones of the same kind from other people."""

    def __init__(self, settings: People, rng: random.Random) -> None:
        self.settings, self.rng = settings, rng

    def name(self, split: str, asked: Sequence[Person], others: Sequence[Person]) -> list[Question]:
        return [self._ask(split, t, p, D2P_TEST[t], others, "name") for p, t in self._pairs(asked)]

    def describe(self, split: str, asked: Sequence[Person], others: Sequence[Person]) -> list[Question]:
        return [self._ask(split, t, p, P2D_TEST[t], others, "description") for p, t in self._pairs(asked)]

    def _pairs(self, asked: Sequence[Person]) -> list[tuple[Person, int]]:
        return [(p, t) for p in asked for t in range(self.settings.questions)]

    def _ask(self, split: str, t: int, person: Person, template: str, others: Sequence[Person], part: str) -> Question:
        slot = {"name": "{n}", "description": "{d}"}[part]
        answer = getattr(person, part)
        wrong = self.rng.sample([p for p in others if p != person], self.settings.choices - 1)
        choices = [answer, *(getattr(p, part) for p in wrong)]
        self.rng.shuffle(choices)
        prompt = state(template[: template.index(slot)].rstrip(), person)
        return Question(f"{split}-{person.name}-{t}".replace(" ", "_"), prompt, answer, choices, split, person.name)
