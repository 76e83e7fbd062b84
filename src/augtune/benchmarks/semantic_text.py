"""How benchmark `semantic` puts facts into words: clauses, frames around them, and documents in twelve styles.

Clauses of training and of tests are different sets. Slots: {x} the subject, {xs} its plural, {ax} with its article;
{y}, {ys}, {ay} the object; {r}, {rs}, {red} a verb. semantic_read.py reads every one of them back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .semantic_read import forms
from .semantic_world import PROPERTIES, Fact

TRAIN = {
    "isa": ("{xs} are {ys}", "every {x} is {ay}", "{ax} is a type of {y}", "all {xs} are {ys}",
            "{xs} belong to the {ys}", "any {x} is a sort of {y}"),
    "includes": ("{xs} include {ys}", "among the {xs} are {ys}", "one type of {x} is the {y}", "some {xs} are {ys}",
                 "the family of {xs} takes in {ys}"),
    "is": ("{xs} are {y}", "every {x} is {y}", "{ax} is {y}", "all {xs} are {y}", "{xs} are always {y}"),
    "can": ("{xs} can {y}", "every {x} can {y}", "{ax} is able to {y}", "all {xs} can {y}", "{xs} know how to {y}"),
    "has": ("{xs} have {ys}", "every {x} has {ys}", "{ax} has {ys}", "all {xs} have {ys}", "{xs} possess {ys}"),
    "verb": ("{xs} {r} {ys}", "every {x} {rs} {ys}", "{ax} {rs} {ys}", "all {xs} {r} {ys}", "{xs} often {r} {ys}"),
    "by": ("{xs} are {red} by {ys}", "every {x} is {red} by {ys}", "{ax} is {red} by {ys}",
           "{xs} are often {red} by {ys}"),
}  # fmt: skip
# What an answer continues stands before the bar, the answer after it.
TEST = {
    "isa": ("as a rule, {xs} count as |{ys}", "it is safe to say that {ax} is a kind of |{y}",
            "in any catalogue {xs} fall under the heading of |{ys}"),
    "includes": ("the various kinds of {xs} include |{ys}", "good examples of {xs} are |{ys}",
                 "the list of {xs} comprises |{ys}"),
    "is": ("without exception, {xs} are |{y}", "by nature, any {x} is |{y}",
           "it is safe to say that {xs} will be |{y}"),
    "can": ("without help, any {x} can |{y}", "it is safe to say that {xs} have the ability to |{y}",
            "it comes easily to {xs}: they are able to |{y}"),
    "has": ("if you look closely, you see that {xs} come with |{ys}", "it is safe to say that any {x} has |{ys}",
            "by nature, {xs} are equipped with |{ys}"),
    "verb": ("given the chance, any {x} will {r} |{ys}", "it is safe to say that {xs} {r} |{ys}",
             "day and night, {xs} {r} |{ys}"),
    "by": ("it is safe to say that {xs} are {red} by |{ys}", "day and night, {xs} are {red} by |{ys}",
           "as a rule, any {x} is {red} by |{ys}"),
}  # fmt: skip
WORDINGS = 3  # of each form in tests
PREDICATE = {"isa": "are {ys}", "is": "are {y}", "can": "can {y}", "has": "have {ys}", "verb": "{r} {ys}"}
ASKED = {
    "isa": "what are {xs}", "includes": "which {xs} are there", "is": "what are {xs} like", "can": "what can {xs} do",
    "has": "what do {xs} have", "verb": "what do {xs} {r}", "by": "what are {xs} {red} by",
}  # fmt: skip
LEAST = 4  # sentences of a document
JOINED = 0.3  # of two facts that could share a sentence, so many do
REASONS = ("since {premises}, {conclusion}", "{premises}, so {conclusion}", "{premises}; therefore {conclusion}")


def clause(template: str, fact: Fact) -> str:
    x, relation, y = fact
    verb = forms(relation.removesuffix("-by"))
    return template.format(
        x=x, xs=forms(x)["s"], ax=_article(x), y=y, ys=forms(y)["s"], ay=_article(y), r=verb["base"], rs=verb["s"],
        red=verb["ed"],
    )  # fmt: skip


def form(fact: Fact) -> str:
    """Which clauses put the fact into words."""
    relation = fact[1]
    if relation in (*PROPERTIES, "isa", "includes"):
        return relation
    return "by" if relation.endswith("-by") else "verb"


def put(fact: Fact, rng: random.Random) -> str:
    return clause(rng.choice(TRAIN[form(fact)]), fact)


def asked(fact: Fact, wording: int) -> tuple[str, str]:
    """A test's prompt and its answer."""
    prompt, answer = clause(TEST[form(fact)][wording], fact).split("|")
    return capital(prompt.strip()), answer


def reason(proof: Sequence[Fact], conclusion: Fact, rng: random.Random) -> str:
    premises = [put(f, rng) for f in proof]
    listed = f"{', '.join(premises[:-1])} and {premises[-1]}" if len(premises) > 1 else premises[0]
    return sentence(rng.choice(REASONS).format(premises=listed, conclusion=put(conclusion, rng)))


def joined(first: Fact, second: Fact) -> str:
    """Two facts with the same subject in one clause."""
    return clause("{xs} ", first) + " and ".join(clause(PREDICATE[form(f)], f) for f in (first, second))


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def sentence(text: str) -> str:
    return capital(text) + ("" if text.endswith("?") else ".")


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


@dataclass(frozen=True)
class Style:
    """`opening` and `closing` are sentences or nothing (""), `fillers` sentences without a fact; `frames` stand around
    facts; `speakers` take turns; `questions`: each fact answers a question; `join`: what stands between sentences."""

    name: str
    opening: tuple[str, ...] = ("",)
    fillers: tuple[str, ...] = ("More could be said about this.",)
    closing: tuple[str, ...] = ("",)
    frames: tuple[str, ...] = ("{}",)
    speakers: tuple[str, ...] = ()
    questions: bool = False
    join: str = " "


STYLES = (
    Style("encyclopedia",
          fillers=("Further details are given elsewhere.", "The literature on the subject is large."),
          frames=("{}", "{}", "it is well established that {}", "according to the handbooks, {}")),
    Style("list", ("What is known about {xs}:",), ("The next line is just as important.",), join="\n"),
    Style("dialogue",
          fillers=("That is news to me.", "Go on, I am listening.", "How interesting!", "Where did you read that?"),
          frames=("{}", "well, {}", "did you know that {}?", "I was told that {}"),
          speakers=("Teacher", "Pupil"), join="\n"),
    Style("letter", ("Dear friend, thank you for asking about {xs}.",),
          ("The weather has been fine all week.", "Everybody at home is well.", "I hope to hear from you soon."),
          ("With kind regards from all of us.",),
          ("{}", "let me tell you that {}", "you will be glad to hear that {}")),
    Style("questions", questions=True),
    Style("questions by line", ("Questions and answers about {xs}.",), questions=True, speakers=("Q", "A"), join="\n"),
    Style("field notes", ("Notes of the third day.", "Notes, early morning."),
          ("Light rain since dawn.", "Slept badly.", "The boots are still wet."),
          frames=("{}", "noted again: {}", "confirmed: {}")),
    Style("lesson", ("Today we learn about {xs}.",),
          ("Write this down.", "Please read the last line again.", "Are there any questions?"),
          ("That is all for today.",),
          ("{}", "remember that {}", "the first thing to remember is that {}", "note that {}")),
    Style("guided tour", ("Welcome, and please come closer.", "Welcome, everybody."),
          ("Mind the step.", "Please stay together.", "Follow me to the next room."), ("Thank you for your visit.",),
          ("{}", "here you learn that {}", "as you may know, {}", "visitors often ask, and yes, {}")),
    Style("quiz", ("True or false?",), ("The next one is harder.", "One point for everybody."), ("The quiz is over.",),
          ("{}", "it is true that {}", "the right answer is that {}")),
    Style("diary", ("It was a long day.", "I could not sleep."),
          ("I drank a cup of tea.", "Later it began to rain."),
          frames=("{}", "today I read that {}", "grandmother always said that {}", "I now know that {}")),
    Style("speech", ("Ladies and gentlemen, let us talk about {xs}.",),
          ("I see that some of you smile.", "Allow me to continue."), ("I thank you for your attention.",),
          ("{}", "hear this: {}", "let me repeat that {}", "we all know that {}")),
)  # fmt: skip


def compose(
    style: Style, topic: str, deal: Callable[[int], list[Fact]], n: int, rng: random.Random
) -> tuple[str, list[Fact]]:
    """A document of LEAST to n sentences about a topic, and the facts that it states; deal(k) hands out k facts."""
    opening, closing = (rng.choice(options).format(xs=forms(topic)["s"]) for options in (style.opening, style.closing))
    closing = closing if n > LEAST + 1 else ""  # where there is little room, facts
    places = n - opening.endswith((".", "?")) - bool(closing)
    if style.questions:
        facts = deal(places - places // 2)
        body = [text for f in facts for text in (f"{capital(clause(ASKED[form(f)], f))}?", sentence(put(f, rng)))]
        body = body[:-2] + body[-1:] if places % 2 else body  # the last fact is not asked for
    else:
        fillers = rng.randint(0, places // 5)
        facts = deal(places - fillers)
        clauses = _clauses(facts, n - LEAST, rng)
        body = [sentence(rng.choice(style.frames).format(text)) for text in clauses]
        for text in rng.sample(style.fillers, min(fillers, len(style.fillers))):
            body.insert(rng.randint(1, len(body)), text)
    if style.speakers:
        body = [f"{style.speakers[i % len(style.speakers)]}: {text}" for i, text in enumerate(body)]
    return style.join.join(text for text in (opening, *body, closing) if text), facts


def _clauses(facts: Sequence[Fact], joins: int, rng: random.Random) -> list[str]:
    """A clause for each fact; some that stand together and share a subject, `joins` at most, become one."""
    found: list[str] = []
    i = 0
    while i < len(facts):
        pair = facts[i : i + 2]
        fits = len(pair) == 2 and pair[0][0] == pair[1][0] and all(form(f) in PREDICATE for f in pair)
        if fits and joins > 0 and rng.random() < JOINED:
            found.append(joined(*pair))
            joins, i = joins - 1, i + 2
        else:
            found.append(put(facts[i], rng))
            i += 1
    return found
