from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augtune import progress
from augtune.errors import UserError
from augtune.records import write_json, write_jsonl
from augtune.report.live import HOST, Watch, serve

STUDY = {"study": {"name": "made", "arms": ["base", "finetune", "augmented"], "seeds": [0, 1]}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has augmented, trained an arm, asked one, and trains another."""
    write_json(tmp_path / "study.json", STUDY)
    write_json(tmp_path / "stages" / "preflight.json", {"usage": {"seconds": 3}})
    write_json(tmp_path / "stages" / "augment.json", {"usage": {"seconds": 90}, "accepted": 8, "made": 9})
    write_json(tmp_path / "stages" / "train-finetune-0.json", {"usage": {"seconds": 7}, "steps": 5, "tokens": 60})
    rows = [{"arm": "base", "split": "<b>all</b>", "correct": i % 2 == 0} for i in range(4)]
    write_jsonl(tmp_path / "stages" / "evaluate-base-0.jsonl", rows)
    write_jsonl(tmp_path / "models" / "augmented.training" / "loss.jsonl", [{"step": 5, "loss": 2.5}])
    with (tmp_path / "models" / "augmented.training" / "loss.jsonl").open("a") as f:
        f.write('{"step": 10, "lo')  # just being written
    write_json(tmp_path / "progress.json", {"what": "train: augmented", "done": 30, "total": 120, "unit": "tokens",
                                            "rate": 1.5})  # fmt: skip
    return tmp_path


@pytest.fixture
def server(run: Path) -> Iterator[Any]:
    server = serve(run, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server: Any, path: str, method: str = "GET", host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_what_a_folder_tells(run: Path) -> None:
    state = Watch(run).state()
    assert state["now"] == "train: augmented: 30 of 120 tokens, 1.5 tokens/s, 60 s left"
    assert state["share"] == 0.25
    assert [(s["name"], s["done"], s["told"]) for s in state["stages"]][:4] == [
        ("preflight", True, "3 s"), ("augment", True, "90 s; 8 of 9 texts accepted"),
        ("train-finetune-0", True, "7 s; 5 steps, 60 tokens"), ("train-augmented-0", False, ""),
    ]  # fmt: skip
    names = [s["name"] for s in state["stages"]]
    assert names[4:] == ["train-finetune-1", "train-augmented-1", "evaluate-base-0", "evaluate-finetune-0",
                         "evaluate-finetune-1", "evaluate-augmented-0", "evaluate-augmented-1"]  # fmt: skip
    accuracy, loss = state["charts"]
    assert 'data-value="0.5"' in accuracy
    assert "&lt;b&gt;all&lt;/b&gt;" in accuracy
    assert "augmented ends at 2.5" in loss
    assert not state["finished"]


def test_a_folder_in_which_nothing_stands_yet(tmp_path: Path) -> None:
    state = Watch(tmp_path / "none").state()
    assert (state["name"], state["now"], state["stages"], state["charts"]) == ("none", None, [], [])


def test_the_server_gives_out_the_page_its_state_and_the_report_alone(server: Any, run: Path) -> None:
    assert server.server_address[0] == HOST
    status, page = get(server, "/")
    assert status == 200
    assert b"connect-src &#39;self&#39;" in page
    assert json.loads(get(server, "/state.json")[1]) == Watch(run).state()
    assert get(server, "/report.html")[0] == 404
    (run / "report.html").write_text("done")
    assert get(server, "/report.html") == (200, b"done")
    for path in ("/study.json", "/../study.json", "/%2e%2e/study.json"):
        assert get(server, path)[0] == 404
    assert get(server, "/state.json", host="evil.example:80")[0] == 403
    assert get(server, "/", "POST")[0] == 501


def test_a_port_that_is_taken_is_said(server: Any, run: Path) -> None:
    with pytest.raises(UserError, match=f"--port {server.server_port}"):
        serve(run, server.server_port)


def test_bars_leave_how_far_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    file = tmp_path / "progress.json"
    with progress.recorded(file):
        with progress.bar("train: x", 10, "tokens") as tick:
            now[0] = 2.0
            tick(4)
            assert json.loads(file.read_text()) == {
                "what": "train: x", "done": 4.0, "total": 10, "unit": "tokens", "rate": 2.0,
            }  # fmt: skip
        assert not file.exists()
        with progress.recorded(tmp_path / "none" / "progress.json"), progress.bar("x", 1, "texts") as tick:
            now[0] = 9.0
            tick(1)
    with progress.bar("x", 1, "texts") as tick:
        now[0] = 20.0
        tick(1)
    assert not file.exists()
