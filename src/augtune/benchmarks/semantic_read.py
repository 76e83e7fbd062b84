"""What a text says in the world of benchmark `semantic`: a reader of simple English about nonsense words.

It goes through a sentence once, from left to right, with a subject and a verb in hand, and takes in kinds, properties
and relations that the verb fits. It is cautious: what it does not understand it leaves out, as it does questions,
denials, conditions and what is said of some only. It resolves "they" and "which"; it does not know what is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .semantic_world import Fact, key

# Kinds of words, most specific first. What fits none of them is unknown, and ends what the verb before it may take.
PHRASES = (
    ("NOISE", r"no doubt|no wonder|without (?:exception|fail|help|doubt)|for (?:example|instance)|as well|of course|"
              r"as a rule|by (?:nature|definition)|in fact|not only"),
    ("NEG CAN", r"cannot|can ?not|can['’]t|(?:is|are) unable to"),
    ("NEG BE", r"isn['’]t|aren['’]t"),
    ("NEG", r"not|never|no|none|nobody|neither|nor|hardly|rarely|seldom|scarcely|false|untrue|wrong|without|"
            r"(?:don|doesn|haven|hasn)['’]t|(?:refuse|fail)s? to"),
    ("IF", r"if|whether|unless|suppose|imagine"),
    ("PART", r"what|whatever|whose|only|few|most|some of|many of"),
    ("CAN", r"can|could|able to|capable of|(?:good|skilled) at|ability to|knows? how to|manages? to"),
    ("SUCH", r",? ?(?:such as|including)"),
    ("LINK", r"(?:kind|type|sort|form|variet|example|instance|member|class|group|famil|categor|heading|list|species)"
             r"(?:s|es|y|ies)? of(?: the)?(?: (?:class|group|family|category|list) of)?|among|amongst"),
    ("ISA", r"belongs? (?:to|with|among)|falls? under|counts? (?:as|among)|one of|"
            r"(?:counted|classed|classified|listed|filed|grouped|regarded|seen|known) (?:as|among|under|with)"),
    ("INCLUDE", r"includes?|comprises?|embraces?|takes? in"),
    ("HAS", r"(?:(?:equipped|fitted|endowed|comes?) )?with|have|has|had|having|possess(?:es)?|owns?|bears?|features?"),
    ("BE", r"is|are|be|being|was|were|remains?"),
    ("FIND", r"finds?"), ("BY", r"by"), ("THEN", r"then"), ("OF", r"of"), ("WHICH", r"which|who"), ("THAT", r"that"),
    ("SOME", r"some|many|several"), ("PRO", r"they|it|these|those|he|she"), ("AND", r"and|or"),
    ("BUT", r"but|while|whereas|because|since|so|therefore|hence|thus|yet|whenever|when"),
    ("PREP", r"like|unlike|as|near|from|than|about|in|on|at|under|over|behind|beside|before|after|against|for"),
    ("NOISE", r"an?|the|all|each|every|any|also|too|both|always|often|usually|generally|normally|truly|really|indeed|"
              r"certainly|surely|naturally|clearly|quite|very|well|said|known|thought|bound|sure|to|do|does|will|would|"
              r"must|may|one|just|simply|again|even|still|ever|there|easily|things?"),
)  # fmt: skip
_pieces = re.compile(
    "|".join(rf"(?P<p{i}>(?<!\w)(?:{pattern})\b)" for i, (_, pattern) in enumerate(PHRASES))
    + r"|(?P<word>[a-z]+(?:['’][a-z]+)?)|(?P<q>\?)|(?P<end>[.!\n])|(?P<but>;)|(?P<comma>[,:()—–])"
)
_kinds = {f"p{i}": kind for i, (kind, _) in enumerate(PHRASES)} | {"but": "BUT", "comma": "COMMA"}
_tells = re.compile(r"\W*(?:\w+: )?(?:(?:and|but|so),? )?(?:did you know|have you heard|do you know) that\b")
_VERBS = {"BE", "ISA", "CAN", "HAS", "INCLUDE", "SUCH", "FIND", "WHICH", "rel", "can"}
_KINDS = ("is", "isa")  # verbs that lead from a category to its kind
Token = tuple[str, str, str]  # the kind of word; for a word of the world its role (a verb's is rel), itself, its form


def forms(word: str) -> dict[str, str]:
    """A nonsense word as a noun and as a verb; no word in nonsense.txt is a form of another."""
    return {"base": word, "s": f"{word}es" if word[-1] in "sxz" else f"{word}s", "ed": f"{word}ed", "ing": f"{word}ing"}


@dataclass
class Reader:
    """Reads texts about the words of a world, given as word -> role (World.roles). Called, it is Corpus.states."""

    roles: dict[str, str]
    forms: dict[str, Token] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.forms = {
            text: ("rel" if role == "verb" else role, word, form)
            for word, role in self.roles.items()
            for form, text in forms(word).items()
        }

    def __call__(self, text: str) -> set[str]:
        return {key(fact) for fact in self.facts(text)}

    def facts(self, text: str) -> set[Fact]:
        """Every fact that a text states, in the direction in which it states it."""
        found: set[Fact] = set()
        subjects: list[str] = []
        for tells, tokens in self._sentences(text.lower()):
            sentence = _Sentence(tokens, subjects)
            sentence.read()
            subjects = sentence.subjects or sentence.mentioned or subjects
            if tells:
                found |= sentence.found
        return found

    def _sentences(self, text: str) -> Iterator[tuple[bool, list[Token]]]:
        """Whether a sentence tells or only asks, and its tokens without noise."""
        tokens: list[Token] = []
        start = 0
        for match in _pieces.finditer(text):
            group = match.lastgroup or ""
            if group in ("end", "q"):
                yield group == "end" or bool(_tells.match(text[start:])), tokens
                tokens, start = [], match.end()
            elif group == "word":
                tokens.append(self.forms.get(match[0], ("?", "", "")))
            elif _kinds[group] != "NOISE":
                tokens += [(kind, "", "") for kind in _kinds[group].split()]
        yield True, tokens


class _Sentence:
    """One sentence being read: the subjects and the verb in hand, and how what comes next is to be taken."""

    def __init__(self, tokens: list[Token], before: list[str]) -> None:
        self.tokens: list[Token] = [*tokens, ("END", "", ""), ("END", "", "")]
        self.before = before  # whom "they" means if this sentence has named nobody
        self.found: set[Fact] = set()
        self.subjects: list[str] = []
        self.mentioned: list[str] = []
        self.mode = ""  # what the verb makes of words after it: is, isa, includes, can, has, rel, passive, by
        self.verb = ""  # the verb of the world, in mode rel, passive or by
        self.fresh = False  # the verb has taken nothing yet
        self.partly = False  # "some" or "kinds of" was read: what it is said of comes next
        self.part = False  # it is the subject: BE leads from a kind to its members, other verbs say nothing
        self.negated = self.denied = False  # of the verb in hand; of the one to come
        self.dead = ""  # "if" until the condition ends, "all" to the end of the sentence
        self.aside = ""  # PREP or OF: the next category is no subject

    def read(self) -> None:
        i = 0
        while self.tokens[i][0] != "END":
            i = self._category(i) if self.tokens[i][0] == "category" else self._word(i)

    def _category(self, i: int) -> int:
        """Takes the category at i, or the list that begins there, as subject or as object; returns what comes next."""
        listed, after = self._list(i)
        takes = self.mode in (*_KINDS, "includes", "rel", "by")
        verb = self.tokens[after][0] in _VERBS or (self.tokens[after][0], self.tokens[after + 1][0]) in _DENIED
        self.mentioned = listed[:1]
        if self.partly or (verb and not self.aside and not (takes and self.fresh)):
            self._start(listed)
            return after
        if takes and (self.fresh or not self.aside):
            self._say({"is": "isa", "rel": self.verb, "by": f"{self.verb}-by"}.get(self.mode, self.mode), listed[0])
        elif self.tokens[i + 1][0] == "THAT" and not self.subjects:
            self.dead = "all"  # "gruds that can vilt": some of them
        elif not self.subjects and self.aside != "OF":
            self._start(listed[:1])
        self.aside = ""
        return i + 1

    def _list(self, i: int) -> tuple[list[str], int]:
        """The categories from i on with commas and "and" between them, and where they end."""
        found, i = [self.tokens[i][1]], i + 1
        while self.tokens[i][0] in ("AND", "COMMA") and self.tokens[i + 1][0] == "category":
            found.append(self.tokens[i + 1][1])
            i += 2
        return found, i

    def _start(self, subjects: list[str]) -> None:
        self.subjects, self.mode, self.aside, self.negated = subjects, "", "", False
        self.part, self.partly, self.fresh = self.partly, False, False

    def _take(self, mode: str) -> None:
        self.mode, self.fresh, self.aside = mode, True, ""
        self.negated, self.denied = self.denied, False

    def _say(self, relation: str, b: str, fresh: bool = False) -> None:
        self.fresh = fresh
        if not (self.dead or self.negated or self.denied or (self.part and relation != "includes")):
            self.found |= {(a, relation, b) for a in self.subjects if a != b}

    def _word(self, i: int) -> int:
        """Takes any other word at i; returns what comes next."""
        kind, word, form = self.tokens[i]
        before, after = self.tokens[i - 1][0] if i else "", self.tokens[i + 1][0]
        match kind:
            case "is" if self.mode in _KINDS:
                self._say("is", word, fresh=after == "category")  # "are rony abmes": a kind may follow
            case "can" | "has" if self.mode == kind:
                self._say(kind, word)
            case "can" if before in ("category", "PRO") and form in ("base", "s"):  # "gruds vilt"
                self._take("can")
                self._say("can", word)
            case "rel":
                self._take("passive" if form == "ed" and (after == "BY" or self.mode == "is") else "rel")
                self.verb = word
            case "BY" if self.mode == "passive":
                self.mode = "by"
            case "BE" | "FIND" if self.part:
                self._take("includes")
            case "BE":
                self._take("is")
            case "INCLUDE":
                self._take("includes")
            case "CAN" | "HAS" | "ISA":
                self._take(kind.lower())
            case "LINK" if self.mode in _KINDS and self.fresh:
                self.mode = "isa"
            case "LINK" | "SOME" if not self.fresh:
                self.partly = True
            case "SUCH" if after == "category":
                return self._such(i + 1)
            case _:
                self._function_word(i, kind, before, after)
        return i + 1

    def _such(self, i: int) -> int:
        """ "abmes such as gruds": said of what was just named, wherever that stands; subject and verb stay in hand."""
        members, after = self._list(i)
        subjects, mode, fresh = self.subjects, self.mode, self.fresh
        self.subjects = self.mentioned
        for b in members:
            self._say("includes", b)
        self.subjects, self.mode, self.fresh = subjects or self.mentioned, mode, fresh
        return after

    def _function_word(self, i: int, kind: str, before: str, after: str) -> None:
        match kind:
            case "PRO" if after in _VERBS or after == "NEG":
                self._start(self.subjects or self.mentioned or self.before)
            case "WHICH":
                self._start(self.mentioned)
            case "THAT" if before != "category" and not (self.subjects and self.fresh):  # "it is said that"
                self._start([])
            case "NEG" if not self.subjects:
                self.dead = self.dead or ("" if after == "COMMA" else "all")  # "No, gruds are rony"
            case "NEG" if self.mode and self.fresh:
                self.negated = True
            case "NEG":
                self.denied = True
            case "IF" | "PART":
                self.dead = "if" if kind == "IF" else "all"
            case "THEN" | "COMMA" if self.dead == "if":
                self.dead, self.mentioned = "", self.subjects or self.mentioned
                self._start([])
            case "COMMA" | "AND":
                self.denied = False
            case "BUT":
                self.denied = False
                self.dead = self.mode = ""
            case "PREP" if self.mode in _KINDS and self.fresh:  # "are known as", "are in the class of"
                pass
            case "PREP" | "OF":
                self.aside = kind
            case "THAT" | "FIND" | "SUCH" | "?":
                self.mode = self.aside = ""
                self.fresh = False


_DENIED = {("NEG", verb) for verb in _VERBS}
