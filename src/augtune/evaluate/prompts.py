"""How a question is put. The plain form is the prompt itself, which a choice continues; the chat form is a user's turn
with the assistant's turn opened by the prompt, so that a choice continues it all the same.

augtune owns the space at the seam: a choice is preceded by one space unless the prompt ends in white space.
"""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import replace

from ..backends.base import Ask, Backend, Request
from ..records import Document, Question, digest

FORMS = ("plain", "chat")
DOCUMENTS = "Read these statements carefully. They are true.\n\n{documents}\n\n"
PLAIN_CONTEXT = "The following statements are true.\n\n{documents}\n\nTherefore, it is also true: "
INSTRUCTION = "Complete the statement."
INSTRUCTION_WITH_DOCUMENTS = "Use the statements above to complete the statement."
# Of task examples: documents are examples, and a question is an input.
EXAMPLES = "Here are examples of a task.\n\n{documents}\n\n"
INSTRUCTION_TASK = "Give the output for the input."


IN_WORDS = "{prompt} ...\n{choices}\nWhich letter alone completes the statement?"
IN_WORDS_QUESTION = "{prompt}\n{choices}\nWhich letter alone is the answer?"


def listing(documents: Sequence[Document]) -> str:
    """Documents as they stand in a context; "" for none."""
    return ("\n\n" if any(d.given for d in documents) else "\n").join(d.text for d in documents)


def seam(prompt: str, continuation: str) -> str:
    return continuation if not prompt or prompt[-1].isspace() else f" {continuation}"


def _open(backend: Backend, form: str, context: str | None, question: Question, alone: bool) -> tuple[str, str]:
    """(what questions share, this question's own), up to where the answer begins. Context None: no instruction to use
    documents either. With `alone`, no other question has this context, and it is the question's own: questions that
    share nothing are computed side by side."""
    shared, own = _parts(backend, form, context, question)
    return ("", shared + own) if alone else (shared, own)


def _parts(backend: Backend, form: str, context: str | None, question: Question) -> tuple[str, str]:
    if form == "plain" and question.task:
        return (f"{context}\n\n" if context else ""), question.prompt
    if form == "plain":
        return ("" if context is None else PLAIN_CONTEXT.format(documents=context)), question.prompt
    instruction = INSTRUCTION if context is None else INSTRUCTION_WITH_DOCUMENTS
    user = ("" if context is None else DOCUMENTS.format(documents=context)) + instruction
    if question.task:
        user = (EXAMPLES.format(documents=context) if context else "") + INSTRUCTION_TASK
    # A prompt that is a question is the user's; one that an answer continues opens the assistant's turn.
    asks = question.prompt.rstrip().endswith("?")
    messages = [{"role": "user", "content": f"{user}\n\n{question.prompt}"}]
    if not asks:
        messages.append({"role": "assistant", "content": question.prompt})
    rendered = backend.chat(messages, continue_last=not asks)
    assert rendered is not None, "form chat is only for models with a chat template"
    cut = rendered.index(user) + len(user)
    return rendered[:cut], rendered[cut:]


def ask(backend: Backend, form: str, context: str | None, question: Question, alone: bool = False) -> Ask:
    """A question with choices, to be scored."""
    shared, own = _open(backend, form, context, question, alone)
    choices = tuple(seam(own, c) for c in question.choices or ())
    return Ask(shared, own, choices, chat=form == "chat")


def request(
    backend: Backend, form: str, context: str | None, question: Question, max_tokens: int, alone: bool = False
) -> Request:
    """A question without choices, to be answered."""
    shared, own = _open(backend, form, context, question, alone)
    return Request(shared, own, max_tokens, ("\n",), chat=form == "chat")


def lettered(question: Question) -> dict[str, str]:
    """Letter -> choice, where choices are answered in words: in an order by chance, since models like the first ones;
    the same for every arm."""
    choices = list(question.choices or ())
    random.Random(digest("letters", question.id)).shuffle(choices)
    labels = string.ascii_uppercase if len(choices) <= 26 else map(str, range(1, len(choices) + 1))
    return dict(zip(labels, choices, strict=False))


def in_words(form: str, question: Question) -> Question:
    """A question with choices as one without, whose answer is a letter."""
    asked = IN_WORDS_QUESTION if question.prompt.rstrip().endswith("?") else IN_WORDS
    listed = "\n".join(f"{label}) {choice}" for label, choice in lettered(question).items())
    prompt = asked.format(prompt=question.prompt.rstrip(), choices=listed)
    return replace(question, prompt=prompt if form == "chat" else f"{prompt} Answer:", choices=None)
