"""`augtune report RUN --serve`: a run in progress, on the loopback address, read from its folder and nothing else.

The server looks at the folder at each request and changes nothing: manifests tell which stages are done, progress.json
(progress.py) what the run is at, loss.jsonl and the answers of finished arms the rest. It answers GET alone, for the
page, its state and, once it is there, the report.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import UserError
from ..names import is_augmented, is_trained
from . import charts, pages

HOST = "127.0.0.1"
SILENT = 120.0  # seconds after which it is said that nothing moves


class Watch:
    """What a run folder tells, look by look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self) -> dict[str, Any]:
        """{"name", "now": what the run is at, in words, or None; "share": of that, 0 to 1; "stages": [{"name", "done",
        "told"}], "charts": SVG texts, "finished": whether the report is there}. Raises nothing for a folder that is
        empty or half written: the next look sees more."""
        study = _json(self.folder / "study.json").get("study", {})
        manifests = {p.stem: _json(p) for p in sorted((self.folder / "stages").glob("*.json"))}
        now = _json(self.folder / "progress.json")
        losses = {p.parent.name.removesuffix(".training"): _lines(p)
                  for p in sorted((self.folder / "models").glob("*/loss.jsonl"))}  # fmt: skip
        return {
            "name": study.get("name", self.folder.name),
            "now": _words(now, self.folder / "progress.json") if now else None,
            "share": now["done"] / now["total"] if now and now["total"] else 0.0,
            "stages": [_stage(name, manifests.get(name)) for name in _expected(study, manifests)],
            "charts": [c.svg() for c in (*self._accuracy(), *charts.curves(losses))],
            "finished": (self.folder / "report.html").exists(),
        }

    def _accuracy(self) -> list[charts.Chart]:
        """First results: of the arms that have answered, without intervals."""
        right: dict[str, dict[str, list[bool]]] = {}
        for path in sorted((self.folder / "stages").glob("evaluate-*.jsonl")):
            for row in _lines(path):
                right.setdefault(row["split"], {}).setdefault(row["arm"], []).append(row["correct"])
        return [
            charts.panel(f"first-{i}", split, [_first(arm, r) for arm, r in arms.items()], width=280)
            for i, (split, arms) in enumerate(right.items(), 1)
        ]


def _first(arm: str, right: Sequence[bool]) -> charts.Line:
    accuracy = sum(right) / len(right)
    return charts.Line(arm, charts.colour(arm), [charts.Mark(accuracy, None, True)], f"{accuracy:.2f}")


def _expected(study: Mapping[str, Any], manifests: Mapping[str, Any]) -> list[str]:
    """The stages that the study will have, and any others that stand there."""
    seeds, arms = study.get("seeds") or [0], study.get("arms") or []
    trained = [arm for arm in arms if is_trained(arm)]
    names = ["preflight", "augment"] if any(map(is_augmented, arms)) else []
    names += [f"train-{arm}-{seed}" for seed in seeds for arm in trained]
    names += [f"evaluate-{arm}-{seed}" for arm in arms for seed in (seeds if arm in trained else seeds[:1])]
    return [*names, *(name for name in manifests if name not in names)]


def _stage(name: str, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    if manifest is None:
        return {"name": name, "done": False, "told": ""}
    told = {
        "accepted": f"{manifest.get('accepted')} of {manifest.get('made')} texts accepted",
        "steps": f"{manifest.get('steps')} steps, {manifest.get('tokens')} tokens",
    }
    seconds = manifest.get("usage", {}).get("seconds") or 0.0
    more = next((f"; {text}" for key, text in told.items() if key in manifest), "")
    return {"name": name, "done": True, "told": f"{seconds:,.0f} s{more}"}


def _words(now: Mapping[str, Any], file: Path) -> str:
    told = f"{now['what']}: {now['done']:,.0f} of {now['total']:,.0f} {now['unit']}"
    if now.get("rate"):
        left = (now["total"] - now["done"]) / now["rate"]
        told += f", {now['rate']:.3g} {now['unit']}/s, {left / 60:.0f} min left" if left >= 90 else (
            f", {now['rate']:.3g} {now['unit']}/s, {left:.0f} s left")  # fmt: skip
    silent = time.time() - file.stat().st_mtime if file.exists() else 0.0
    return told + (f"; nothing new for {silent / 60:.0f} minutes" if silent > SILENT else "")


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file that may be just being written."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def serve(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server on the loopback address, bound and not yet running; port 0 takes a free one. Raises UserError where the
    port is taken."""
    watch = Watch(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            path = urlsplit(self.path).path
            if host not in (HOST, "localhost"):  # another site's name that was made to point here
                self.answer(HTTPStatus.FORBIDDEN, "text/plain", b"only by the loopback address\n")
            elif path == "/":
                self.answer(HTTPStatus.OK, "text/html", pages.live_page(watch.state()["name"]).encode())
            elif path == "/state.json":
                self.answer(HTTPStatus.OK, "application/json", json.dumps(watch.state()).encode())
            elif path == "/report.html" and (folder / "report.html").is_file():
                self.answer(HTTPStatus.OK, "text/html", (folder / "report.html").read_bytes())
            else:
                self.answer(HTTPStatus.NOT_FOUND, "text/plain", b"not here\n")

        def answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """The terminal belongs to the run."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as e:
        raise UserError(f"--port {port}: cannot be used ({e.strerror}); name another, or 0 for any free one") from e
