"""Any OpenAI-compatible server (vLLM, SGLang, Ollama, commercial ones), for models that are named server:NAME.

Writing goes to /chat/completions where the request is a chat, whose template is then the server's, and to /completions
otherwise, or as a user's message where the server has none. Choices are scored by the log-probabilities of an echoed
prompt (echo.py). What the server can do is asked once, by calls of a few tokens that are paid like any other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Event
from typing import Any

from ..config import Server as Settings
from ..errors import UserError
from ..records import Usage, digest
from .base import Ask, Call, CallFailed, Generated, Message, Pay, Request, Scored, Tick, cut, nothing
from .echo import cuts, fair
from .http import Http, Refused
from .launch import ensure

PREFIX = "server:"
WINDOW = 8192  # where neither the study nor the server tells
WINDOW_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")  # in /models
BYTES = 3  # UTF-8 bytes of a token where lengths have to be guessed: few, so that texts rather fit
TEMPLATE = 4096  # tokens that a server may put around a prompt; a count beyond is none
TOO_LONG = ("context length", "context_length", "context window", "context size", "maximum context", "too long")
PROBE, SEAM = "One and one is two. Two and two is four.", 19
Body = dict[str, Any]
Result = dict[str, Any]  # of a call: what is stored


def directly(calls: Sequence[Call], at_once: int, tick: Tick = nothing) -> list[Result]:
    """Make calls without storing them: for a server that belongs to no run."""
    return [call.make(Event()) for call in calls]


def identify(model: str, settings: Settings) -> str:
    """Names the model by its server, which alone knows the weights, and by how it chooses."""
    return f"{model}@{settings.base_url} {settings.logprobs}"


def exists(model: str, settings: Settings) -> str | None:
    """None if the server is there, takes the key and has the model, else what is wrong. Asks for nothing that costs."""
    if settings.base_url is None:
        return f"{model}: its address is missing: give server.base_url, for example http://localhost:8000/v1"
    if settings.key_env and not os.environ.get(settings.key_env):
        return f"server.key_env: the environment variable {settings.key_env} is not set, or empty"
    try:
        ensure(settings)
        return _lacks(model.removeprefix(PREFIX), Http(settings))
    except UserError as e:
        return str(e)


class ServerModel:
    """A model on a server. `pay` makes its calls, or looks up what they brought; `note` is for the user."""

    batch_size = 1

    def __init__(self, model: str, settings: Settings, pay: Pay = directly) -> None:
        self.name, self.settings, self.pay = model.removeprefix(PREFIX), settings, pay
        ensure(settings)
        self.http = Http(settings)
        self.identity = identify(model, settings)
        self.note: str | None = None
        self._lacks: dict[str, str | None] = {}

    # -- what it can do

    @cached_property
    def window(self) -> int:
        told = [m.get(key) for m in _models(self.http) or [] if m.get("id") == self.name for key in WINDOW_KEYS]
        return self.settings.window or next((n for n in told if isinstance(n, int) and n > 0), WINDOW)

    def count_tokens(self, text: str) -> int:
        """A guess by length: the tokenizer is the server's."""
        return -(-len(text.encode()) // BYTES)

    def scores(self, chat: bool = False) -> bool:
        return not chat and self.settings.logprobs != "none" and self._can("echo")

    def chat(self, messages: Sequence[Message], *, continue_last: bool = False) -> str | None:
        """Messages as `_messages` reads them, their text as it is. The beginning of an assistant's turn, which most
        servers cannot continue, is not sent, but cut off an answer that repeats it."""
        return "".join(f"\x1e{m['role']}\x1f{m['content']}" for m in messages) if self._can("chat") else None

    def _can(self, what: str) -> bool:
        if what not in self._lacks:
            (result,) = self.pay([self._probe(what)], 1, nothing)
            self._lacks[what] = why = result.get("lacks")
            if what == "echo" and why is not None:
                self.note = (
                    f"{self.name} at {self.http.base} tells no log-probabilities of what it reads ({why}): choices are "
                    "answered in words, and what matches none of them counts as wrong"
                )
        return self._lacks[what] is None

    def _probe(self, what: str) -> Call:
        def lacks(e: Refused) -> Result:
            if what == "echo" and self.settings.logprobs == "echo":
                raise CallFailed(f"server.logprobs: echo: {self.http.base} has none ({e.said}); use auto", e.failed)
            return {"lacks": e.said}

        def echoed(answer: Body) -> Result:
            try:
                return {"cuts": cuts(answer, PROBE, SEAM)}
            except ValueError as e:
                return lacks(Refused(200, str(e), 0))

        if what == "echo":
            return self._call("/completions", self._echo(PROBE), echoed, lacks)
        one = {"max_tokens": 1, "temperature": 0}
        if what == "chat":
            messages = [{"role": "user", "content": PROBE}]
            return self._call("/chat/completions", {**one, "messages": messages}, _written, lacks)
        return self._call("/completions", {**one, "prompt": PROBE}, _written, lacks)

    # -- writing and scoring

    def generate(self, requests: Sequence[Request], tick: Tick = nothing) -> Generated:
        """A text for each request, each a call of its own, `concurrency` at a time."""
        calls = [self._writing(r) for r in requests]
        results = self.pay(calls, self.settings.concurrency, tick)
        texts, finished = [], []
        for request, result in zip(requests, results, strict=True):
            text = result.get("text", "")
            if request.chat:
                _, opened = _messages(request.prefix + request.prompt)
                text = text.lstrip().removeprefix(opened)
            text, stopped = cut(text, request.stop)
            texts.append(text)
            finished.append(stopped or result.get("finish") == "stop")
        return Generated(texts, finished, _used(calls, results), [result.get("refused") for result in results])

    def score(self, asks: Sequence[Ask], tick: Tick = nothing) -> Scored:
        """Log-likelihoods of all choices, each a call of its own. Raises UserError if the server tells none, if a
        question is longer than its window, or if no boundary of tokens is common to a question's choices."""
        if any(not self.scores(ask.chat) for ask in asks):
            raise UserError(f"{self.name} at {self.http.base} tells no log-probabilities of what it reads")
        per_ask = [[self._scoring(ask, choice, choice is ask.choices[-1]) for choice in ask.choices] for ask in asks]
        calls = [call for each in per_ask for call in each]
        results = self.pay(calls, self.settings.concurrency, tick)
        if refused := next((r["refused"] for r in results if "refused" in r), None):
            raise UserError(f"a question with its context is longer than the window of {self.name} ({refused})")
        by_key = {call.key: result for call, result in zip(calls, results, strict=True)}
        try:
            found = [fair([by_key[call.key]["cuts"] for call in each]) for each in per_ask]
        except ValueError as e:
            raise UserError(f"{self.name} at {self.http.base}: {e}; use server.logprobs: none") from e
        return Scored([values for values, _ in found], [tokens for _, tokens in found], _used(calls, results))

    def _writing(self, r: Request) -> Call:
        body: Body = {"max_tokens": r.max_tokens, "temperature": r.temperature}
        body |= {"stop": list(r.stop[:4])} if r.stop else {}  # more than four are refused by some
        body |= {"seed": r.seed} if r.temperature > 0 else {}
        text = r.prefix + r.prompt
        if not r.chat and self._can("completions"):
            return self._call("/completions", {**body, "prompt": text}, _written, self._too_long)
        messages = _messages(text)[0] if r.chat else [{"role": "user", "content": text}]
        if not self._can("chat"):
            raise UserError(
                f"server {self.http.base} has neither /completions nor /chat/completions for {self.name} (it says: "
                f"{'; '.join(filter(None, self._lacks.values()))}); mend server.base_url, which for most ends in /v1, "
                "or the model's name"
            )
        return self._call("/chat/completions", {**body, "messages": messages}, _written, self._too_long)

    def _scoring(self, ask: Ask, choice: str, last: bool) -> Call:
        seam = len(ask.context + ask.prompt)
        text = ask.context + ask.prompt + choice
        read = lambda answer: {"cuts": cuts(answer, text, seam)}  # noqa: E731
        return self._call("/completions", self._echo(text), read, self._too_long, seam, int(last))

    def _echo(self, text: str) -> Body:
        """One token is generated, since not every server takes none, and is left out."""
        return {"prompt": text, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}

    def _call(
        self, path: str, body: Body, read: Callable[[Body], Result], refused: Callable[[Refused], Result],
        seam: int | None = None, items: int = 1,
    ) -> Call:  # fmt: skip
        """`read` takes from an answer what is stored; `refused` tells what stands for an answer, or raises. Where a
        server wrote nothing, not even what ends a text, it is asked once more, and what it answered first failed."""
        sent = {k: v for k, v in {"model": self.name, **body, **self.settings.extra}.items() if v is not None}

        def taken(answer: Body) -> Result:
            result = read(answer)
            usage, sound = _counts(answer.get("usage"), sent, result.get("text", ""))
            return {**result, "usage": usage} if sound else {**result, "usage": usage, "estimated": True}

        def make(give_up: Event) -> Result:
            before = Usage()
            try:
                result, failed = self.http.post(path, sent, taken, give_up)
                if result.get("text") == "" and result["usage"].tokens_out == 0:
                    before = Usage(**{**result["usage"].row(), "calls": 0, "failed_calls": failed + 1})
                    result, failed = self.http.post(path, sent, taken, give_up)
            except Refused as e:
                result, failed = {**refused(e), "usage": Usage()}, e.failed
            usage = result["usage"] + Usage(failed_calls=failed) + before
            return {**result, "usage": usage.row()}

        return Call(digest(PREFIX, self.http.base, path, sent, seam), make, items)

    def _too_long(self, e: Refused) -> Result:
        """A prompt beyond the window stands for itself; any other refusal would meet every call."""
        if e.status in (400, 413, 422) and any(words in e.said.lower() for words in TOO_LONG):
            return {"refused": e.said}
        lacks = _lacks(self.name, self.http) if e.status == 404 else None
        hint = "server.extra adds fields to what is sent, or takes them out"
        raise CallFailed(lacks or f"server {self.http.base} answered {e.status} ({e.said}); {hint}", e.failed)


def _messages(text: str) -> tuple[list[Message], str]:
    """What `chat` rendered as messages, and how the assistant's turn begins ("" if it does not)."""
    parts = re.split("\x1e(system|user|assistant)\x1f", text)[1:]
    messages = [{"role": role, "content": content} for role, content in zip(parts[::2], parts[1::2], strict=True)]
    opened = messages.pop()["content"] if messages and messages[-1]["role"] == "assistant" else ""
    return messages, opened


def _written(answer: Body) -> Result:
    """The text of an answer, and why it ended. What a model thinks aloud apart from it is left out."""
    choice = answer["choices"][0]
    text = choice["message"]["content"] if "message" in choice else choice["text"]
    if not isinstance(text, str | None):
        raise ValueError("an answer without text")
    return {"text": text or "", "finish": choice.get("finish_reason")}


def _counts(told: Any, sent: Body, text: str) -> tuple[Usage, bool]:
    """What a call used by the server's own counts; a guess by length where they are missing or cannot be."""
    read = sent.get("prompt") or "".join(m["content"] for m in sent["messages"])
    told = told if isinstance(told, dict) else {}
    tokens, wrote = told.get("prompt_tokens"), told.get("completion_tokens") or 0
    details = told.get("prompt_tokens_details")
    cached = (details.get("cached_tokens") or 0) if isinstance(details, dict) else 0
    most = sent.get("max_tokens", wrote)
    sound = all(isinstance(n, int) for n in (tokens, wrote, cached)) and (
        0 < tokens <= len(read.encode()) + TEMPLATE and 0 <= cached <= tokens and bool(text) <= wrote <= most
    )
    if sound:
        return Usage(tokens - cached, cached, wrote, calls=1), True
    return Usage(-(-len(read.encode()) // BYTES), 0, -(-len(text.encode()) // BYTES), calls=1), False


def _used(calls: Sequence[Call], results: Sequence[Result]) -> Usage:
    """What different calls used: the same call twice is made once."""
    distinct = {call.key: result for call, result in zip(calls, results, strict=True)}
    return Usage.total(Usage.of(result["usage"]) for result in distinct.values())


def _models(http: Http) -> list[dict[str, Any]] | None:
    """What the server lists at /models; None if it cannot tell: not all can, though they answer."""
    try:
        found = http.get("/models")
    except Refused:
        return None
    rows = found.get("data") if isinstance(found, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


def _lacks(name: str, http: Http) -> str | None:
    """What to say where the server lists its models, and this is not one of them."""
    names = [str(m.get("id")) for m in _models(http) or []]
    if not names or name in names:
        return None
    shown = ", ".join(sorted(names)[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"server {http.base} has no model {name!r}; it has: {shown}"
