"""A server that augtune starts by itself, by `server.start`: vLLM, llama.cpp or any other on this machine."""

from __future__ import annotations

import atexit
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import httpx2

from ..config import Server
from ..errors import UserError
from ..progress import say

EVERY, TOLD = 0.5, 30.0  # seconds between two looks, and between two lines that say that it takes long
PATIENCE = 10.0  # seconds for it to end by itself when it is asked to
_started: dict[str, subprocess.Popen[bytes]] = {}  # by address


def ensure(settings: Server) -> None:
    """Where nothing answers at `base_url`, run `start`, and wait until something does. Such a server ends with augtune;
    one that is there already is used and left alone. Raises UserError if the command cannot be run, or ends."""
    if not settings.start or not settings.base_url or settings.base_url in _started or _answers(settings.base_url):
        return
    log = Path(tempfile.mkstemp(prefix="augtune-server-", suffix=".log")[1])
    say(f"server: starts `{settings.start}`; what it says is in {log}")
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                shlex.split(settings.start), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,  # Ctrl-C is for augtune, which still needs it to end in order
            )  # fmt: skip
        except (OSError, ValueError) as e:
            raise UserError(f"server.start: `{settings.start}` cannot be run: {e}") from e
    _started[settings.base_url] = process
    atexit.register(stop, settings.base_url)
    start = told = time.monotonic()
    while not _answers(settings.base_url):
        if (code := process.poll()) is not None:
            del _started[settings.base_url]
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise UserError(
                f"server.start: `{settings.start}` ended with exit code {code} before {settings.base_url} answered: "
                f"{last[0][:200]} (all of it: {log})"
            )
        if time.monotonic() - told >= TOLD:
            told = time.monotonic()
            say(f"server: nothing answers at {settings.base_url} yet, after {told - start:.0f} s")
        time.sleep(EVERY)
    say(f"server: answers after {time.monotonic() - start:.0f} s")


def stop(base_url: str) -> None:
    """End the server that was started for this address, if there is one."""
    if process := _started.pop(base_url, None):
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(base_url: str) -> bool:
    """Whether there is a server that has loaded: with whatever answer, if not that it is unable to give one."""
    try:
        return httpx2.get(f"{base_url.rstrip('/')}/models", timeout=10.0).status_code < 500
    except httpx2.HTTPError:
        return False
