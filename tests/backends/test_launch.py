"""A server that augtune starts: over real processes and real HTTP."""

from __future__ import annotations

import shlex
import socket
import sys
import time
from collections.abc import Iterator

import httpx2
import pytest

from augtune.backends import Models, launch
from augtune.config import Server
from augtune.errors import UserError

LISTS = """
import http.server, sys, time
class Lists(http.server.BaseHTTPRequestHandler):
    begun = time.monotonic()
    def do_GET(self):
        self.send_response(200 if time.monotonic() - self.begun > 0.6 else 503)
        self.end_headers()
        self.wfile.write(b'{"data": [{"id": "m"}]}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Lists).serve_forever()
"""


def command(code: str, *arguments: object) -> str:
    return shlex.join([sys.executable, "-c", code, *map(str, arguments)])


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        found = s.getsockname()[1]
    yield found
    launch.stop(f"http://127.0.0.1:{found}/v1")


def test_it_is_started_waited_for_used_and_ended(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"http://127.0.0.1:{port}/v1"
    settings = Server(base_url=address, start=command(LISTS, port))
    models = Models(server=settings)
    assert models.fault("server:m") is None
    assert "other" in (models.fault("server:other") or "")
    process = launch._started[address]
    models.open("server:m")
    assert launch._started[address] is process
    assert "answers after" in capsys.readouterr().err
    launch.stop(address)
    assert process.poll() is not None
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"{address}/models")


def test_one_that_answers_already_is_left_alone(port: int) -> None:
    address = f"http://127.0.0.1:{port}/v1"
    launch.ensure(Server(base_url=address, start=command(LISTS, port)))
    process = launch._started.pop(address)  # as if somebody else had started it
    launch.ensure(Server(base_url=address, start="this-would-fail"))
    assert address not in launch._started
    assert process.poll() is None
    process.terminate()
    process.wait()


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("no-such-program serve", "server.start: `no-such-program serve` cannot be run"),
        (command("import sys; sys.exit('no memory for that model')"), "exit code 1 before .* no memory for that model"),
        ("'unclosed", "cannot be run: No closing quotation"),
    ],
)
def test_what_cannot_start_is_told(port: int, start: str, told: str) -> None:
    begun = time.monotonic()
    with pytest.raises(UserError, match=told):
        launch.ensure(Server(base_url=f"http://127.0.0.1:{port}/v1", start=start))
    assert time.monotonic() - begun < 30
    assert not launch._started
