"""Is an augmentation fit to be trained on? Each check is None, or a reason; the first reason found counts.

They look at the surface only: names (capitalized or quoted words, numbers), content words, order. None knows a
benchmark, and none knows what is true. Words are compared without case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

# Words that carry no fact. A source's other words must mostly come back, and few others may be added.
STOPWORDS = frozenset(
    """
    a an the this that these those it its he his him she her hers they them their i me my we us our you your who
    whom whose which what where when how why and or but nor so yet if of to in on at by for with from as into
    onto about over under after before than then is are was were be been being am has have had do does did will
    would shall should can could may might must not no yes there here also very just only more most such any
    some all each every both one ones other another same own s
    """.split()  # noqa: SIM905
)
KEPT = 0.55  # the least share of the source's content words that must come back
ADDED = 0.4  # the largest share of content words that the source does not have
SAME = 96  # rapidfuzz ratio (0 to 100) from which on two texts count as the same

_word = re.compile(r"\w+(?:[-’']\w+)*")
_sentence_start = re.compile(r"(?:^|[.!?:]\s+|[\"'“‘]\s*)$")


@dataclass(frozen=True)
class Candidate:
    """A text that a model wrote, with what is needed to judge it: the source that it keeps to, and for a link the other
    one."""

    strategy: str
    source: str
    text: str
    finished: bool = True
    other: str = ""


def words(text: str) -> list[str]:
    return [w.lower() for w in _word.findall(text)]


def content(text: str) -> set[str]:
    """The words that carry the fact, stemmed; a possessive counts as its noun."""
    return set(terms(text))


def stem(word: str) -> str:
    """Without a plural's or a verb's s, so that "birds" and "bird" are one term."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def terms(text: str) -> list[str]:
    """The stems of a text's content words, in order, each once."""
    found = (re.sub(r"[’']s$", "", w) for w in words(text))
    return list(dict.fromkeys(stem(w) for w in found if w not in STOPWORDS))


def names(text: str) -> list[str]:
    """The names in a text, in order: words with a capital letter or a digit, but for an ordinary word that has its
    capital only from the start of a sentence."""
    found = []
    for match in _word.finditer(text):
        word = re.sub(r"[’']s$", "", match[0])
        starts = bool(_sentence_start.search(text[: match.start()])) and not text[: match.start()].endswith(("'", '"'))
        follows_name = text[match.end() :].lstrip()[:1].isupper()
        marked = word[0].isupper() and (not starts or follows_name)
        if (marked and word.lower() not in STOPWORDS) or any(c.isdigit() for c in word):
            found.append(word.lower())
    return found


def malformed(c: Candidate) -> str | None:
    if not c.text or not c.finished:
        return "malformed: unfinished or empty"
    if not re.match(r"[\w\"'“‘(¿¡]", c.text) or not re.search(r"[.!?。！？][\"'”’)]?$", c.text):
        return "malformed: not a sentence"
    if re.match(r"(?:sentence|reversed|in other words)\b\s*:", c.text, re.IGNORECASE):
        return "malformed: repeats the prompt"
    return _repeats(c.text)


def incomplete(c: Candidate) -> str | None:
    """An input need be no sentence."""
    if not c.text or not c.finished:
        return "malformed: unfinished or empty"
    return _repeats(c.text)


def _repeats(text: str) -> str | None:
    stated = words(text)
    phrases = [tuple(stated[i : i + 4]) for i in range(len(stated) - 3)]
    return "malformed: repeats itself" if len(set(phrases)) < len(phrases) else None


def copied(c: Candidate) -> str | None:
    for source in filter(None, (c.source, c.other)):
        if fuzz.ratio(c.text.lower(), source.lower()) >= SAME or words(c.text) == words(source):
            return "copy of its source"
    return None


def invents(c: Candidate) -> str | None:
    known = set(words(f"{c.source} {c.other}"))
    unknown = [n for n in names(c.text) if n not in known]
    return "names what its source does not" if unknown else None


def loses(c: Candidate) -> str | None:
    here = set(words(c.text))
    return "loses a name of its source" if any(n not in here for n in names(c.source)) else None


def drifts(c: Candidate) -> str | None:
    source, text = content(c.source), content(c.text)
    if not source or not text:
        return "no content"
    if len(source & text) < KEPT * len(source):
        return "loses content of its source"
    return "adds content" if len(text - source) > ADDED * len(text) else None


def unreversed(c: Candidate) -> str | None:
    """A reversal ends with what its source begins with. The first name of the source must come after the last one
    (with one name in all, the source's first word that carries content must come after its last one that was kept)."""
    order, source = [stem(w) for w in words(c.text)], [stem(w) for w in words(c.source)]
    anchors = [stem(n) for n in names(c.source)]
    if " ".join(dict.fromkeys(names(c.source))) in c.source.lower():  # one name, of one or more words, or none
        anchors = [w for w in source if w not in STOPWORDS and w in order]
    if len(anchors) < 2 or anchors[0] not in order or anchors[-1] not in order:
        return "not reversed"
    return None if order.index(anchors[0]) > order.index(anchors[-1]) else "not reversed"


def unswapped(c: Candidate) -> str | None:
    """A swap says "B is wetter than A" of "... A is wetter than B": its words are two sides and what stands between
    them, that to the letter, and the sides have changed places. What the source says around them may be left out."""
    source, text = ([w for w in words(part) if w not in ("a", "an", "the")] for part in (c.source, c.text))
    around = next((i for i, (a, b) in enumerate(zip(source, text, strict=False)) if a != b), 0)
    for skip in range(around + 1):
        for begin in range(skip + 1, len(text)):
            for end in range(begin + 1, len(text)):
                first, relation, last = text[skip:begin], text[begin:end], text[end:]
                if relation[-1] != "than" or not {*first, *last}.isdisjoint(_NO_SIDE):
                    continue
                whole = [*last, *relation, *first]
                if any(source[i : i + len(whole)] == whole for i in range(len(source) - len(whole) + 1)):
                    return None
    return "not swapped"


def unlinked(c: Candidate) -> str | None:
    """A link says something of both its sources, and nothing else; what connects them stays out."""
    one, two, text = set(terms(c.source)), set(terms(c.other)), set(terms(c.text))
    if not (text & one) - two or not (text & two) - one:
        return "links nothing: lacks what one of its sources is about"
    if len(text - one - two) > ADDED * len(text):
        return "adds content"
    ends, begins = terms(c.source)[-1], terms(c.other)[0]
    return "names what connects its sources" if ends == begins and ends in text else None


def strays(c: Candidate) -> str | None:
    """A text about a document shares at least two of its content words, or the only one."""
    source, text = content(c.source), content(c.text)
    return None if len(source & text) >= min(2, len(source)) > 0 else "is not about its source"


Check = Callable[[Candidate], str | None]
_NO_SIDE = frozenset("that who which is are was were in our my as".split())  # noqa: SIM905 - no side has these
_rewritten: tuple[Check, ...] = (malformed, copied, invents, loses, drifts)
_about: tuple[Check, ...] = (malformed, copied, invents, strays)
CHECKS: dict[str, tuple[Check, ...]] = {
    "rephrase": _rewritten,
    "reverse": (*_rewritten, unreversed),
    "converse": (malformed, unswapped),
    "link": (malformed, copied, invents, unlinked),
    "pairs": _about,
    "study": _about,
    "implications": _about,
    "questions": (invents, strays),
    "permute": (copied,),
    "vary": (incomplete, copied, invents, loses, strays),
}


def judge(candidate: Candidate, accepted: Iterable[str]) -> str | None:
    """None if the candidate is accepted, else why not. `accepted`: what the same source and strategy has already."""
    for check in CHECKS[candidate.strategy]:
        if reason := check(candidate):
            return reason
    if any(fuzz.ratio(candidate.text.lower(), text.lower()) >= SAME for text in accepted):
        return "near-duplicate of another augmentation of its source"
    return None
