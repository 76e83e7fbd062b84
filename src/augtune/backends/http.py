"""Calls of a server over HTTP, with what goes wrong: retries with growing waits or the server's own Retry-After, a
limit for the whole of an answer, a rate limit. What asking again cannot mend is told as one line, without the key."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Lock
from typing import Any, TypeVar

import httpx2

from ..config import Server
from ..errors import UserError
from .base import CallFailed

T = TypeVar("T")
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds; doubled each time, and shortened by chance, so that calls spread
LONGEST_ASKED = 600.0  # what a server may ask to wait by Retry-After; more is told to the user
PASSING = {408, 409, 425, 429, *range(500, 600)} - {501}  # what may succeed if asked again
SPENT = ("insufficient_quota", "billing")  # a 429 that does not pass
BROKEN = (ValueError, KeyError, IndexError, TypeError, AttributeError)  # of an answer that is not what it should be


class Refused(Exception):
    """The server understood and will not: 400, 404, 422 ... with what it says, and how many attempts failed."""

    def __init__(self, status: int, said: str, failed: int = 1) -> None:
        super().__init__(said)
        self.status, self.said, self.failed = status, said, failed


class _Passing(Exception):
    """A fault that may be gone next time; `status` of an answer that tells it, `wait`: the seconds that it asks for."""

    def __init__(self, what: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(what)
        self.status, self.wait = status, wait


class Http:
    """One server. The key is read from the environment and stays in this object."""

    def __init__(self, settings: Server) -> None:
        self.settings, self.base = settings, str(settings.base_url).rstrip("/")
        self._key = os.environ.get(settings.key_env or "", "").strip()
        most = settings.concurrency
        self._client = httpx2.Client(
            verify=self.base.startswith("https:"),  # else no certificates are loaded, which takes up to a second
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx2.Timeout(settings.timeout, connect=min(settings.timeout, 15.0), pool=None),
            # Connections are dropped before servers drop them (uvicorn: after 5 s), which would look like a failure.
            limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=2.0),
        )
        self._pace, self._next = Lock(), 0.0

    def get(self, path: str) -> Any:
        """One attempt. Raises UserError if the server is not there or refuses the key, Refused if it answers so."""
        try:
            return self._once("GET", path, None, lambda answer: answer)
        except _Passing as e:
            if e.status is not None:
                raise Refused(e.status, str(e)) from e
            raise UserError(f"server {self.base} {e}; start it, or mend server.base_url") from e

    def post(self, path: str, body: dict[str, Any], read: Callable[[Any], T], give_up: Event) -> tuple[T, int]:
        """What `read` makes of the answer, and how many attempts failed before. `read` raises one of BROKEN where the
        answer is not what it should be: that attempt failed. Raises CallFailed after the last one; Refused."""
        failed = 0
        while True:
            self._wait_for_turn(give_up)
            try:
                return self._once("POST", path, body, read), failed
            except Refused as e:
                e.failed += failed
                raise
            except CallFailed as e:
                e.failed += failed
                raise
            except _Passing as e:
                failed += 1
                backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failed - 1)) * random.uniform(0.5, 1.0)
                wait = backoff if e.wait is None else e.wait
                if failed > self.settings.retries or wait > LONGEST_ASKED or give_up.wait(wait):
                    asked = f", to wait for {wait:.0f} s" if wait > LONGEST_ASKED else ""
                    raise CallFailed(
                        f"server {self.base} {e}{asked}; given up after {failed} attempt{'s' * (failed > 1)}. What was "
                        "answered is kept: run the same command again to go on", failed,
                    ) from e  # fmt: skip

    def _once(self, method: str, path: str, body: dict[str, Any] | None, read: Callable[[Any], T]) -> T:
        deadline = time.monotonic() + self.settings.timeout
        content = b""
        try:
            with self._client.stream(method, self.base + path, json=body) as response:
                for part in response.iter_bytes():
                    content += part
                    if time.monotonic() > deadline:  # the client's own limit starts anew with each part
                        raise httpx2.ReadTimeout("")
        except httpx2.TimeoutException as e:
            raise _Passing(f"did not answer within {self.settings.timeout:g} s (server.timeout)") from e
        except httpx2.ConnectError as e:
            raise _Passing(f"cannot be reached ({e})") from e
        except httpx2.HTTPError as e:
            raise _Passing(f"broke off ({str(e) or type(e).__name__})") from e
        if response.is_success:
            try:
                return read(json.loads(content))
            except BROKEN as e:
                raise _Passing(f"answered what cannot be read ({self._clean(str(e))})", response.status_code) from e
        status, said = response.status_code, self._said(content)
        if status in (401, 403):
            raise CallFailed(self._key_refused(status))
        if status in PASSING and not any(word in said for word in SPENT):
            raise _Passing(f"answered {status} ({said})", status, _seconds(response.headers.get("retry-after")))
        raise Refused(status, said)

    def _wait_for_turn(self, give_up: Event) -> None:
        if self.settings.per_minute:
            with self._pace:
                turn = max(self._next, time.monotonic())
                self._next = turn + 60.0 / self.settings.per_minute
            give_up.wait(max(0.0, turn - time.monotonic()))

    def _key_refused(self, status: int) -> str:
        name = self.settings.key_env
        if name is None:
            why = "no key was sent: name the environment variable that holds it as server.key_env"
        else:
            why = f"the key in the environment variable {name} is not accepted" if self._key else f"{name} is not set"
        return f"server {self.base} answered {status}: {why}"

    def _said(self, content: bytes) -> str:
        """What a server says of an error, wherever it puts it."""
        try:
            found = json.loads(content)
            error = found.get("error", found)
            parts = [error.get(k) for k in ("code", "message", "detail")] if isinstance(error, dict) else [error]
            text = " ".join(str(p) for p in parts if p) or str(found)
        except BROKEN:
            text = content.decode(errors="replace")
        return self._clean(text)

    def _clean(self, text: str) -> str:
        text = " ".join(text.split())
        return (text.replace(self._key, "***") if self._key else text)[:300]


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds: a number, or a date."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
