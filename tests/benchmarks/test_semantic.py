from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from importlib.resources import files
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augtune.benchmarks.common import nonsense
from augtune.benchmarks.semantic import Semantic, semantic
from augtune.benchmarks.semantic_ask import SPLITS
from augtune.benchmarks.semantic_read import Reader
from augtune.benchmarks.semantic_text import (
    ASKED,
    LEAST,
    PREDICATE,
    REASONS,
    STYLES,
    TEST,
    TRAIN,
    asked,
    capital,
    clause,
    form,
    joined,
    put,
    reason,
    sentence,
)
from augtune.benchmarks.semantic_world import PROPERTIES, Fact, closure, converse, make_world
from augtune.errors import UserError
from augtune.records import Corpus
from augtune.sentences import sentences

SMALL = Semantic(categories=25, documents=200)
ROLES = {
    "grud": "category", "abme": "category", "jirt": "category", "famaz": "category", "rony": "is", "livop": "is",
    "vilt": "can", "napan": "can", "plof": "has", "wurt": "has", "blar": "verb",
}  # fmt: skip
READ = Reader(ROLES)


@pytest.fixture(scope="module")
def small() -> Corpus:
    return semantic(SMALL, 100)


@pytest.fixture(scope="module")
def full() -> Corpus:
    return semantic(Semantic(), 0)


def facts_of(corpus: Corpus, *texts: str) -> set[Fact]:
    assert isinstance(corpus.states, Reader)
    return {f for text in texts for f in corpus.states.facts(text)}


def last_word(corpus: Corpus, text: str) -> str:
    assert isinstance(corpus.states, Reader)
    return corpus.states.forms[text.split()[-1]][1]


def told(corpus: Corpus) -> set[Fact]:
    return facts_of(corpus, *(d.text for d in corpus.documents))


def test_the_hierarchy_is_what_the_paper_tells_of_it() -> None:
    hierarchy = json.loads(files("augtune.benchmarks").joinpath("semantic.json").read_text(encoding="utf-8"))
    assert len(hierarchy) == 110
    above: dict[str, list[str]] = {}
    for name, entry in hierarchy.items():  # kinds stand before what belongs to them
        above[name] = [entry["isa"], *above[entry["isa"]]] if "isa" in entry else []
        own = [(relation, b) for relation, objects in entry.items() if relation != "isa" for b in objects]
        assert 1 <= len(own) <= 6, name
        assert len(set(own)) == len(own), name
        assert not [(up, f) for up in above[name] for f in own if f[1] in hierarchy[up].get(f[0], [])], "inherited"
        related = {b for relation, b in own if relation not in PROPERTIES}
        assert related <= hierarchy.keys() - {name, *above[name]}, name
    assert set(map(len, above.values())) == {0, 1, 2, 3, 4}
    assert [name for name, up in above.items() if not up] == ["thing"]


@pytest.mark.parametrize("categories", [25, 60, 110])
def test_a_smaller_world_is_connected_and_balanced(categories: int) -> None:
    world = make_world(categories, 3)
    assert len(world.parent) == categories
    assert all(up in world.parent for x, up in world.parent.items() if x != world.root)
    first = [
        sum(top in (x, *world.above(x)) for x in world.parent) for top, up in world.parent.items() if up == world.root
    ]
    assert len(first) == 2
    assert max(first) - min(first) <= (1 if categories < 80 else 23)


def test_what_follows() -> None:
    facts = {("grud", "isa", "abme"), ("abme", "isa", "jirt"), ("jirt", "can", "vilt"), ("abme", "blar", "famaz")}
    assert closure(facts) - facts == {
        ("grud", "isa", "jirt"), ("abme", "can", "vilt"), ("grud", "can", "vilt"), ("grud", "blar", "famaz"),
        ("abme", "includes", "grud"), ("jirt", "includes", "abme"), ("jirt", "includes", "grud"),
        ("famaz", "blar-by", "abme"), ("famaz", "blar-by", "grud"),
    }  # fmt: skip
    assert closure({("abme", "includes", "grud"), ("abme", "is", "rony")}) >= {("grud", "is", "rony")}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Abmes include gruds.", ["abme includes grud"]),
        ("Among abmes are gruds", ["abme includes grud"]),
        ("One kind of abme is the grud.", ["abme includes grud"]),
        ("Some abmes are gruds.", ["abme includes grud"]),
        ("Abmes such as gruds and jirts are rony.", ["abme includes grud", "abme includes jirt", "abme is rony"]),
        ("Gruds are abmes.", ["grud isa abme"]),
        ("GRUDS ARE A KIND OF ABME!", ["grud isa abme"]),
        ("a grud is one of the abmes", ["grud isa abme"]),
        ("Every grud is rony", ["grud is rony"]),
        ("gruds are rony, and they can vilt", ["grud is rony", "grud can vilt"]),
        ("a grud can vilt and napan", ["grud can vilt", "grud can napan"]),
        ("Gruds vilt.", ["grud can vilt"]),
        ("Gruds blar famazes.", ["grud blar famaz"]),
        ("A famaz is blared by gruds and jirts.", ["famaz blar-by grud", "famaz blar-by jirt"]),
        ("Famazes blared by gruds are livop.", ["famaz blar-by grud", "famaz is livop"]),
        ("Gruds blar jirts and famazes have plofs.", ["grud blar jirt", "famaz has plof"]),
        ("Gruds and jirts are rony abmes with plofs.",
         ["grud is rony", "jirt is rony", "grud isa abme", "jirt isa abme", "grud has plof", "jirt has plof"]),
        ("Gruds, which are abmes, can vilt.", ["grud isa abme", "grud can vilt"]),
        ("Gruds can vilt, and this document says that jirts are a type of grud, therefore jirts can vilt.",
         ["grud can vilt", "jirt isa grud", "jirt can vilt"]),
        ("If abmes are rony and gruds are abmes, then gruds are rony.", ["grud is rony"]),
        ("A grud is an abme. It is rony.", ["grud isa abme", "grud is rony"]),
        ("What can gruds do? They can vilt.", ["grud can vilt"]),
        ("Like all abmes, gruds are rony.", ["grud is rony"]),
        ("Gruds are things that can vilt.", ["grud can vilt"]),
        ("A grud, being an abme, can vilt.", ["grud isa abme", "grud can vilt"]),
        ("The abme family includes the grud; gruds belong to the abmes.", ["abme includes grud", "grud isa abme"]),
        ("Gruds blar jirts, which means that jirts can be blared by gruds.", ["grud blar jirt", "jirt blar-by grud"]),
        ("Since all gruds are abmes and all abmes can vilt, all gruds can vilt.",
         ["grud isa abme", "abme can vilt", "grud can vilt"]),
        ("- Gruds: they have plofs, and wurts.\n- Jirts (see above) are able to napan",
         ["grud has plof", "grud has wurt", "jirt can napan"]),
        ("Gruds are not rony, but they can vilt.", ["grud can vilt"]),
        ("Gruds are abmes, not jirts, and have plofs.", ["grud isa abme", "grud has plof"]),
        ("All abmes are gruds.", ["abme isa grud"]),  # false or not, that is what it says
        ("Are gruds rony? No gruds are rony.", []),
        ("Gruds cannot vilt, and they aren't rony or livop.", []),
        ("It is not true that gruds are rony.", []),
        ("Some gruds are rony.", []),
        ("Gruds are abmes, and some abmes are jirts, so among abmes one finds famazes.",
         ["grud isa abme", "abme includes jirt", "abme includes famaz"]),
        ("Gruds that can vilt are rony.", []),
        ("Gruds never blar famazes and refuse to blar jirts.", []),
        ("Gruds live near abmes and love plofs.", []),
        ("Things that are rony include gruds.", []),
        ("The plofs of gruds are rony.", []),
        ("Rony, vilt, plof.", []),
        ("", []),
    ],
)  # fmt: skip
def test_free_wordings_are_read(text: str, facts: list[str]) -> None:
    assert READ(text) == set(facts)


ANY = (
    "gruds abme jirts rony vilts plofs blared blars blar is are can cannot have include such as some kinds of among "
    "which that they not if then but by like the river , . ? ; and"
)


@given(st.lists(st.sampled_from(ANY.split()), max_size=25))
def test_any_text_can_be_read(words: list[str]) -> None:
    for fact in READ.facts(" ".join(words)):
        assert fact[0] in ROLES
        assert fact[2] in ROLES
        assert fact[0] != fact[2]


@st.composite
def told_facts(draw: st.DrawFn) -> Fact:
    a, b = draw(st.sampled_from([(x, y) for x in ROLES for y in ROLES if x != y and ROLES[x] == "category"]))
    if ROLES[b] in PROPERTIES:
        return a, ROLES[b], b
    relations = ["isa", "includes", "blar", "blar-by"]
    return a, draw(st.sampled_from(relations)), b if ROLES[b] == "category" else next(x for x in ROLES if x != a)


@given(told_facts(), st.sampled_from(sorted({f for s in STYLES for f in s.frames})), st.data())
def test_every_training_wording_is_read_back(fact: Fact, frame: str, data: st.DataObject) -> None:
    text = clause(data.draw(st.sampled_from(TRAIN[form(fact)])), fact)
    assert READ.facts(sentence(frame.format(text))) == {fact}
    assert READ.facts(capital(clause(ASKED[form(fact)], fact)) + "?") == set()


@given(told_facts(), st.integers(0, 2))
def test_every_test_wording_is_read_back(fact: Fact, wording: int) -> None:
    prompt, answer = asked(fact, wording)
    assert READ.facts(f"{prompt} {answer}.") == {fact}
    assert READ.facts(prompt) == set()


@given(told_facts(), told_facts(), told_facts(), st.randoms(use_true_random=False))
def test_joined_facts_and_reasons_are_read_back(a: Fact, b: Fact, c: Fact, rng: random.Random) -> None:
    assert READ.facts(reason([a, b], c, rng)) == {a, b, c}
    second = (a[0], *b[1:])
    if form(a) in PREDICATE and form(b) in PREDICATE and second[2] != a[0]:
        assert READ.facts(sentence(joined(a, second))) == {a, second}


def test_other_sentences_of_a_document_say_nothing() -> None:
    for style in STYLES:
        for text in chain(style.opening, style.fillers, style.closing):
            assert READ(text.format(xs="gruds")) == set()


def test_tests_use_wordings_that_are_never_trained(small: Corpus) -> None:
    frames = {f for style in STYLES for f in style.frames}
    for kind, wordings in TEST.items():
        trained = {frame.format(text) for frame in frames for text in TRAIN[kind]}
        assert not {w.replace("|", "") for w in wordings} & trained
    texts = "\n".join(chain((d.text for d in small.documents), (a.text for a in small.oracle)))
    assert not [q.id for q in (*small.questions, *small.validation) if q.prompt.lower() in texts.lower()]


@pytest.mark.parametrize("size", ["small", "full"])
def test_questions_follow_from_the_documents_alone(size: str, request: pytest.FixtureRequest) -> None:
    corpus: Corpus = request.getfixturevalue(size)
    stated = told(corpus)
    follows = closure(stated)
    for q in (*corpus.questions, *corpus.validation):
        assert q.choices is not None
        assert q.answer in q.choices
        assert len(set(q.choices)) == 4
        asked_facts = {c: facts_of(corpus, f"{q.prompt} {c}.") for c in q.choices}
        assert {" ".join(f) for f in asked_facts[q.answer]} == set(q.facts or ())
        assert [c for c in q.choices if asked_facts[c] <= follows] == [q.answer]
        assert (asked_facts[q.answer] <= stated) == (q.split == "rephrase")
        assert len({(a, relation) for f in asked_facts.values() for a, relation, _ in f}) == 1, "the same relation"


@pytest.mark.parametrize("size", ["small", "full"])
def test_what_each_split_asks(size: str, request: pytest.FixtureRequest) -> None:
    corpus: Corpus = request.getfixturevalue(size)
    stated = told(corpus)
    kinds = {f[0]: f[2] for f in stated if f[1] == "isa" and f in stated}
    for q in (*corpus.questions, *corpus.validation):
        a, relation, b = (q.facts or [""])[0].split()
        if q.split == "reversal":
            assert relation == "includes" or relation.endswith("-by")
            assert converse((a, relation, b)) in stated
            assert q.group == b
        elif q.split == "holdout":
            about = [f for f in stated if q.group in f]
            assert about == [(q.group, "isa", kinds[q.group or ""])]
        else:
            assert q.group == a
        if q.split == "syllogism":
            assert q.kind in ("isa", "is", "can", "has", "relation")
        if q.split == "deduction":
            assert int((q.kind or "").split()[0]) >= 3
    assert {q.split for q in corpus.questions} == {q.split for q in corpus.validation} == set(SPLITS)


def test_validation_asks_of_nothing_that_tests_ask(small: Corpus, full: Corpus) -> None:
    for corpus in (small, full):
        assert {q.group for q in corpus.questions}.isdisjoint({q.group for q in corpus.validation})
        ids = [q.id for q in (*corpus.questions, *corpus.validation)]
        assert len(set(ids)) == len(ids)


def test_the_small_setting_has_questions_enough(small: Corpus) -> None:
    for split in SPLITS:
        questions = [q for q in small.questions if q.split == split]
        assert len(questions) >= 30, split
        assert len({q.group for q in questions}) >= 10, split


def test_both_directions_are_learnt_from_others(full: Corpus) -> None:
    stated = told(full)
    assert sum(f[1] == "includes" for f in stated) >= 5
    assert sum(f[1].endswith("-by") for f in stated) >= 3


def test_wrong_answers_stand_beside_the_subject_too(full: Corpus) -> None:
    beside: dict[str | None, set[str]] = defaultdict(set)
    for d in full.documents:
        beside[d.group] |= {word for fact in facts_of(full, d.text) for word in fact}
    hits = [
        any(last_word(full, c) in beside[(q.facts or [""])[0].split()[0]] for c in q.choices or () if c != q.answer)
        for q in full.questions
    ]
    assert sum(hits) / len(hits) > 0.9


def test_word_counts_do_not_answer(full: Corpus) -> None:
    """Neither the word that is told most often, nor the one that stands with the subject in most sentences, nor the one
    that is right most often among those offered (but for deductions: the uppermost kinds have few alternatives) finds
    what follows much oftener than chance."""
    told_times: Counter[str] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for d in full.documents:
        for text in sentences(d.text):
            words = {word for fact in facts_of(full, text) for word in fact}
            told_times.update(words)
            together.update((a, b) for a in words for b in words)
    for split in ("syllogism", "holdout", "deduction"):
        questions = [q for q in full.questions if q.split == split]
        offers = [[last_word(full, c) for c in q.choices or ()] for q in questions]
        answers = [last_word(full, q.answer) for q in questions]
        subjects = [(q.facts or [""])[0].split()[0] for q in questions]
        right, offered = Counter(answers), Counter(chain(*offers))
        rules = [
            lambda a, c: told_times[c],
            lambda a, c: together[a, c],
            lambda a, c: right[c] / offered[c] if split != "deduction" else 0,  # noqa: B023 - used within the round
        ]
        for rule in rules:
            score = 0.0
            for a, words, answer in zip(subjects, offers, answers, strict=True):
                best = [c for c in words if rule(a, c) == max(rule(a, w) for w in words)]
                score += (answer in best) / len(best)
            assert score / len(questions) < 0.4, split


@pytest.mark.parametrize("size", ["small", "full"])
def test_the_oracle_covers_what_is_not_told(size: str, request: pytest.FixtureRequest) -> None:
    corpus: Corpus = request.getfixturevalue(size)
    assert corpus.states is not None
    covered = set().union(*(corpus.states(a.text) for a in corpus.oracle))
    assert [q.id for q in corpus.questions if q.split != "rephrase" and not covered >= set(q.facts or ())] == []
    true = {" ".join(f) for f in closure(told(corpus))}
    assert covered <= true
    assert {source for a in corpus.oracle for source in a.sources} <= {d.id for d in corpus.documents}
    assert len({a.id for a in corpus.oracle}) == len(corpus.oracle)


@pytest.mark.parametrize("size", ["small", "full"])
def test_documents(size: str, request: pytest.FixtureRequest) -> None:
    corpus: Corpus = request.getfixturevalue(size)
    longest = {"small": 8, "full": 20}[size]
    lengths = [len(sentences(d.text)) for d in corpus.documents]
    assert min(lengths) >= LEAST
    assert max(lengths) == longest
    assert len(corpus.documents) == {"small": 200, "full": 2200}[size]
    assert len({d.id for d in corpus.documents}) == len(corpus.documents)
    per_group = Counter(d.group for d in corpus.documents)
    assert len(per_group) == {"small": 25, "full": 110}[size]
    assert max(per_group.values()) - min(per_group.values()) <= 1
    assert all(d.group in d.text.lower() for d in corpus.documents if d.group)
    assert min(len(facts_of(corpus, d.text)) for d in corpus.documents) >= 1


def test_a_world_is_fixed_by_its_seed(small: Corpus) -> None:
    assert semantic(SMALL, 100) == small
    assert semantic(SMALL, 101) != small


def test_tuning_worlds_and_reported_worlds_share_no_word(small: Corpus) -> None:
    assert isinstance(small.states, Reader)
    other = semantic(SMALL, 0).states
    assert isinstance(other, Reader)
    assert small.states.roles.keys().isdisjoint(other.roles)


@pytest.mark.parametrize("half", [0, 100])
def test_no_word_is_a_form_of_another_or_of_the_language(half: int) -> None:
    words = nonsense("semantic", half, 800)
    reader = Reader(dict.fromkeys(words, "category"))
    assert len(reader.forms) == 4 * len(words)
    texts = [
        *chain(*TRAIN.values()),
        *chain(*TEST.values()),
        *REASONS,
        *(f for s in STYLES for f in (*s.frames, *s.fillers)),
    ]
    language = {w.strip("{}.,;:?|").lower() for text in texts for w in text.split()}
    assert language.isdisjoint(reader.forms)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"categories": 111}, "hierarchy has 110"),
        ({"categories": 5}, "too few to hold out"),
        ({"categories": 25, "holdout": 13}, "too few to hold out"),
        ({"categories": 25, "documents": 15}, "untold"),
        ({"categories": 25, "documents": 200, "choices": 60}, "too few for questions of split"),
    ],
)
def test_sizes_that_cannot_be(options: dict[str, int], what: str) -> None:
    with pytest.raises(UserError, match=what):
        semantic(Semantic(**options), 0)


def test_words_that_do_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augtune.benchmarks.semantic_world.nonsense", lambda name, seed, n: nonsense(name, seed, n * 3))
    with pytest.raises(UserError, match="nonsense words"):
        semantic(Semantic(), 0)


def test_put_draws_on_every_wording() -> None:
    rng = random.Random(0)
    drawn = {put(("grud", "isa", "abme"), rng) for _ in range(200)}
    assert len(drawn) == len(TRAIN["isa"])
