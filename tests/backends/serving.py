"""An OpenAI-compatible server for tests, over real HTTP: around a function that writes, or around a real model whose
prompts it echoes with log-probabilities; with faults on demand. Every request that arrives is kept in `log`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from augtune.backends.local import LocalModel

Body = dict[str, Any]
FAULTS = ("429", "500", "slow", "half", "not json", "no choices", "empty", "wrong counts", "dies")
MODEL = "the-model"


def words(text: str) -> int:
    return len(text.split())


class Serving:
    """`write` gives the text for what is asked; `fault` names what goes wrong with a request, of FAULTS, or is
    (status, message); `echo` tells the logprobs of an echoed prompt. `key` is asked for where it is set; `listed`
    is more of what /models tells of the model, or the status with which it fails."""

    def __init__(
        self,
        write: Callable[[str], str] = lambda asked: "Yes.",
        fault: Callable[[str, Body], str | tuple[int, str] | None] = lambda path, body: None,
        echo: Callable[[str], Body] | None = None,
        key: str | None = None,
        listed: Body | int | None = None,
        completions: bool = True,
    ) -> None:
        self.write, self.fault, self.echo, self.key, self.completions = write, fault, echo, key, completions
        self.listed = listed if isinstance(listed, int) else {"id": MODEL, **(listed or {})}
        self.log: list[tuple[str, Body, str]] = []  # path, body, what became of it: "ok" or the fault
        self.told = [0, 0, 0]  # tokens read, cached, written: what the server counted in answers that arrived
        self.released = threading.Event()
        self.lock = threading.Lock()

    def answers(self) -> int:
        return sum(what in ("ok", "wrong counts") for _, _, what in self.log)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """The server's base_url while it runs."""
        handler = type("Handler", (_Handler,), {"serving": self})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()

    def answer(self, path: str, body: Body, what: str | None) -> Body:
        chat = path == "/v1/chat/completions"
        asked = body["messages"][-1]["content"] if chat else body["prompt"]
        read = sum(words(m["content"]) for m in body["messages"]) if chat else words(asked)
        text = "" if what == "empty" else self.write(asked)
        cached, wrote = min(3, read - 1), words(text) + text.count("\n")
        choice: Body = {"index": 0, "finish_reason": "stop"}
        if body.get("echo"):
            assert self.echo is not None
            choice |= {"text": asked, "logprobs": self.echo(asked)}
            read, cached, wrote = len(choice["logprobs"]["tokens"]) - 1, 0, 1
        elif chat:
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        with self.lock:
            if what != "wrong counts":
                self.told = [a + b for a, b in zip(self.told, (read - cached, cached, wrote), strict=True)]
        if what == "wrong counts":
            read, wrote = -7, 10**9
        details = {"cached_tokens": cached}
        usage = {"prompt_tokens": read, "completion_tokens": wrote, "prompt_tokens_details": details}
        return {"object": "completion", "choices": [choice], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    serving: Serving
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def send(self, status: int, content: Any, headers: dict[str, str] | None = None, cut: bool = False) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def refused(self) -> bool:
        key = self.serving.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return False
        sent = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.send(401, {"error": {"message": f"Incorrect API key provided: {sent}", "code": "invalid_api_key"}})
        return True

    def do_GET(self) -> None:
        if isinstance(self.serving.listed, int):
            self.send(self.serving.listed, b"Internal Server Error")
        elif not self.refused():
            self.send(200, {"object": "list", "data": [self.serving.listed, {"id": "another"}]})

    def do_POST(self) -> None:
        s = self.serving
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refused():
            return
        what = s.fault(self.path, body)
        if self.path == "/v1/completions" and not s.completions:
            what = (404, "This is a chat model and not supported in the v1/completions endpoint.")
        elif body.get("echo") and s.echo is None:
            what = (400, "echo is not supported")
        with s.lock:
            s.log.append((self.path, body, what if isinstance(what, str) else str(what[0]) if what else "ok"))
        if isinstance(what, tuple):
            self.send(what[0], {"error": {"message": what[1]}})
        elif what in ("429", "429 for an hour"):
            wait = "0.01" if what == "429" else "3600"
            self.send(429, {"error": {"message": "slow down"}}, {"Retry-After": wait})
        elif what == "500":
            self.send(500, b"<html>Internal Server Error</html>")
        elif what == "slow":
            s.released.wait(30)
            self.close_connection = True
        elif what == "dies":
            self.close_connection = True
        elif what == "half":
            self.send(200, s.answer(self.path, body, "wrong counts"), cut=True)
        elif what == "not json":
            self.send(200, b'{"choices": [')
        elif what == "no choices":
            self.send(200, {"error": {"message": "overloaded"}})
        else:
            self.send(200, s.answer(self.path, body, what))


def echo_of(model: LocalModel, bos: str | None = None) -> Callable[[str], Body]:
    """Echoed log-probabilities as vLLM tells them, by one plain pass over a real model: tokens are decoded one by one,
    a generated one stands last, offsets add up the tokens' lengths; `bos` stands first where the server adds one."""
    import torch

    lock = threading.Lock()

    def echo(text: str) -> Body:
        ids = model.encode(text)
        with lock, torch.inference_mode():
            logits = model.model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        values = [None, *(float(logits[i - 1, ids[i]]) for i in range(1, len(ids))), float(logits[-1].max())]
        tokens = [model.tokenizer.decode([i]) for i in (*ids, int(logits[-1].argmax()))]
        if bos:
            tokens, values = [bos, *tokens], [None, -20.0, *values[1:]]
        offsets = [sum(map(len, tokens[:i])) for i in range(len(tokens))]
        return {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": None}

    return echo
