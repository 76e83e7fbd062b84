"""Are a fact and a question fit to be asked? Each check is None, or a reason. They look at the surface: words, names,
where they stand; none knows what is true, and none knows an arm."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

LONGEST = 14  # words of an entity or a value: more is a clause, and no answer
NAMED = 0.6  # the least share of a given's content words that a question must name
ADDED = 0.5  # the largest share of a question's content words that its source does not have
SAME = 92  # rapidfuzz ratio (0 to 100) from which on a question is a sentence of the documents

EMPTY = frozenset(
    """
    a an the this that these those it its he his him she her they them their i my me we our us you your who whom whose
    which what where when why how and or but nor so if of to in on at by for with from as into onto about is are was
    were be been being am do does did has have had will would can could may might must not no there here also very much
    many long one
    """.split()  # noqa: SIM905
)
PRONOUNS = frozenset("i you he she it we they this that these those there who which him her them his its their".split())  # noqa: SIM905
WHEN = frozenset("today now currently then later here also still recently yesterday tomorrow once".split())  # noqa: SIM905
PREPOSITIONS = frozenset("in at on by of for from to with as under above after before until".split())  # noqa: SIM905
_word = re.compile(r"\w+(?:[-’'.,:]\w+)*")


def words(text: str) -> list[str]:
    return [w.lower() for w in _word.findall(text)]


def stem(word: str) -> str:
    """Without the endings that a question changes: "runs", "running" and "run" are one word."""
    word = re.sub(r"[’']s$", "", word)
    for ending in ("ing", "ed", "es", "s", "e"):
        if len(word) > len(ending) + 2 and word.endswith(ending) and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def content(text: str) -> set[str]:
    return {stem(w) for w in words(text) if w not in EMPTY}


def names(text: str) -> set[str]:
    """Words with a capital letter or a digit, but for an ordinary first word."""
    found = [m[0] for m in _word.finditer(text)]
    return {
        stem(w.lower()) for i, w in enumerate(found)
        if any(c.isdigit() for c in w) or (w[0].isupper() and w.lower() not in EMPTY and i > 0)
    }  # fmt: skip


def key(text: str) -> str:
    """What two mentions of one thing have in common: their words without a leading article."""
    found = words(text)
    return " ".join(found[1:] if found[:1] in (["the"], ["a"], ["an"]) and len(found) > 1 else found)


def holds(text: str, part: str) -> bool:
    """Whether the words of a part stand in the text, in a row."""
    return bool(words(part)) and f" {' '.join(words(part))} " in f" {' '.join(words(text))} "


def fact(entity: str, relation: str, value: str, source: str, document: str, quoted: bool) -> str | None:
    """`quoted`: the relation's words too must stand in the source, as where a small model wrote them."""
    if not (words(entity) and words(relation) and words(value)):
        return "not an entity, a relation and a value"
    if not holds(document, source):
        return "its source does not stand in the document"
    if not holds(source, value):
        return "its value does not stand in its source"
    if not holds(source, entity) and (quoted or not holds(document, entity)):
        return "its entity does not stand in the document"
    if words(entity)[0] in PRONOUNS or words(value)[0] in PRONOUNS:
        return "a pronoun, which says nothing outside its document"
    if words(entity)[0] in WHEN:
        return "holds at a time that only its document tells"
    if max(len(words(entity)), len(words(value))) > LONGEST:
        return "a clause rather than an entity or a value"
    if (
        not content(entity)
        or not content(value)
        or content(entity) <= content(value)
        or content(value) <= content(entity)
    ):
        return "its entity and its value are not two things"
    if quoted and not content(relation) <= content(source):
        return "its relation does not stand in its source"
    return None


def loosely_worded(text: str, given: str, relation: str) -> str | None:
    """What a small model must keep to: all that it asks about, and the word that joins it to the answer."""
    asked = content(text)
    if not content(given) <= asked:
        return "does not name what it asks about"
    last = words(text)[-1]
    if last in PREPOSITIONS and last not in words(relation):
        return "asks for something else"
    kept = {r for r in content(relation) if any(r[:4] == w[:4] for w in asked)}
    return None if kept == content(relation) else "asks for something else"


def question(text: str | None, given: str, answer: str, source: str, document: str) -> str | None:
    """`given`: what the question must name; `answer`: what it must not give away."""
    if not text or not text.endswith("?") or len(words(text)) < 3 or text.count("?") > 1:
        return "not a question"
    if words(text)[0] in ("is", "are", "was", "were", "do", "does", "did", "has", "have", "can", "will"):
        return "asks for yes or no"
    asked, told = content(text), content(answer)
    if told <= asked or names(f"x {answer}") & asked or holds(text, answer):
        return "gives its answer away"
    named = content(given)
    if names(f"x {given}") - asked or len(named & asked) < NAMED * len(named):
        return "does not name what it asks about"
    if names(text) - {stem(w) for w in words(source + " " + given)}:
        return "names what its source does not"
    if len(asked - content(f"{source} {given}")) > ADDED * len(asked):
        return "strays from its source"
    if holds(document, text) or any(fuzz.ratio(text.lower(), s.lower()) >= SAME for s in (source,)):
        return "stands in the documents word for word"
    return None
