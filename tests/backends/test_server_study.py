"""Studies whose model, or whose augmenter, is on a server: the real flow over real HTTP, and what a user is told."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from augtune import cli, finished
from augtune import study as flow
from augtune.backends import http
from augtune.config import load_study
from augtune.errors import BudgetReached, UserError
from augtune.export import ask
from augtune.progress import console
from backends.serving import MODEL, Body, Serving
from test_study import FACTS, write

KEY = "sk-secret-5f1d7c"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("A_KEY", KEY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d.jsonl").write_text(
        "".join(json.dumps({"id": n, "text": f"{n} is {d}.", "group": n}) + "\n" for n, d in FACTS.items())
    )
    rows = [{"prompt": f"{d} is", "answer": n, "choices": list(FACTS), "group": n} for n, d in FACTS.items()]
    rows.append({"prompt": "Who keeps the lamp?", "answer": "mira tolen", "group": "Mira Tolen", "split": "open"})
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path


def study(folder: Path, url: str, *more: str) -> Path:
    path = folder / "s.yaml"
    head = [f"model: server:{MODEL}", "documents: d.jsonl", "questions: q.jsonl", "arms: [base, icl, rag]"]
    path.write_text("\n".join([*head, f"server: {{base_url: '{url}', key_env: A_KEY}}", *more]) + "\n")
    return path


def run(folder: Path, url: str, *changes: str, until: str = "report", force: bool = False) -> Path:
    flow.run(load_study(study(folder, url), changes), folder / "run", until=until, force=force)
    return folder / "run"


def knows(text: str) -> Body:
    """Echo of a model that knows what it was told: a name that follows its description is likely."""
    tokens = re.findall(r"\s*\S+|\s+$", text)
    right = any(text.endswith(f"{d} is {n}") and f"{n} is {d}." in text for n, d in FACTS.items())
    values = [None, *(-1.0 for _ in tokens[1:])]
    values[-1] = -0.1 if right else -5.0
    return {"tokens": [*tokens, " x"], "token_logprobs": [*values, -1.0], "text_offset": [0] * (len(tokens) + 1)}


def answers(asked: str) -> str:
    """The letter of the right choice where documents are given, words where they are not; rewrites sentences."""
    if "Which letter" not in asked:
        return write(type("Asked", (), {"prompt": asked}))  # type: ignore[arg-type]
    described = asked.split("Therefore, it is also true: ")[-1].split("\n\n")[-1]
    right = next(n for n, d in FACTS.items() if f"{d} is ..." in described)
    letter = re.search(rf"^(\w)\) {right}$", asked, re.MULTILINE)
    assert letter is not None
    return f"{letter[1]}) as I was told" if f"{right} is {FACTS[right]}." in asked else "I would have to guess."


def predictions(out: Path) -> list[Body]:
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_base_icl_and_rag_by_likelihood(folder: Path) -> None:
    serving = Serving(answers, echo=knows, key=KEY)
    with serving.running() as url:
        out = run(folder, url)
        asked = len(serving.log)
        run(folder, url)
        assert len(serving.log) == asked
    results = json.loads((out / "results.json").read_text())
    assert results["arms"]["icl"]["splits"]["all"]["accuracy"] == 1.0
    assert results["arms"]["rag"]["splits"]["all"]["accuracy"] == 1.0
    assert results["arms"]["base"]["splits"]["all"]["accuracy"] < 1.0
    closed = [p for p in predictions(out) if p["choices"]]
    assert all(p["loglikelihoods"] and p["tokens"] == [2, 2, 2] for p in closed)
    assert results["arms"]["icl"]["usage"]["query"]["calls"] == 3 * 3 + 1
    with Serving(answers, echo=knows, key=KEY).running() as url, pytest.raises(UserError, match="not evaluated under"):
        flow.render(load_study(study(folder, url)), out)  # another server is another model


def test_without_likelihoods_choices_are_answered_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Serving(answers, key=KEY).running() as url:
        out = run(folder, url)
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("choices are answered in words") == 1
    assert "evaluate: base: 3 of 4 answers in words could not be read; they count as wrong" in told
    results = json.loads((out / "results.json").read_text())
    assert results["arms"]["icl"]["splits"]["all"]["accuracy"] == 1.0
    assert results["arms"]["base"]["splits"]["all"]["accuracy"] == 0.0
    by_arm = {(p["arm"], p["chosen"]) for p in predictions(out) if p["choices"]}
    assert by_arm == {("base", "I would have to guess."), *((arm, name) for arm in ("icl", "rag") for name in FACTS)}
    assert all(p["loglikelihoods"] is None and p["tokens"] is None for p in predictions(out))
    assert json.loads((out / "stages" / "evaluate-base-0.json").read_text())["unread"] == 3
    assert (out / "report.html").exists()


def test_a_server_augments_for_a_model_of_this_machine(folder: Path, tiny: Path) -> None:
    serving = Serving(answers, key=KEY)
    changes = (f"model={tiny}", f"augment.model=server:{MODEL}", "arms=[augmented]", "augment.strategies=[reverse]")
    with serving.running() as url:
        out = run(folder, url, *changes, until="augment")
    texts = {json.loads(line)["text"] for line in (out / "augmentations.jsonl").read_text().splitlines()}
    assert "The keeper of the lamp is Mira Tolen." in texts
    kinds = {row["kind"] for row in json.loads((out / "preflight.json").read_text())["measured"]}
    assert "reverse" in kinds


def test_a_server_writes_questions(folder: Path) -> None:
    from augtune.backends.base import Request
    from questions.test_questions import SENTENCES
    from questions.test_questions import write as made

    (folder / "t.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in SENTENCES))
    serving = Serving(lambda asked: made(Request("", asked.split("\n\n")[-1])), key=KEY)
    with serving.running() as url:
        by = load_study(study(folder, url))
        found, _ = flow.write_questions(
            folder / "t.jsonl", folder / "w.jsonl", f"server:{MODEL}", style="examples", study=by
        )
        asked = len(serving.log)
        flow.write_questions(folder / "t.jsonl", folder / "v.jsonl", f"server:{MODEL}", style="examples", study=by)
        assert len(serving.log) > asked  # another file, other calls
    assert {(f.entity, f.value) for f in found.facts} == {(e, v) for _, e, v in SENTENCES.values()}
    assert found.rows


def test_a_question_is_asked_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Serving(answers, key=KEY).running() as url:
        out = run(folder, url)
        _, told = finished.ask(out, "the keeper of the lamp is", ["icl"], list(FACTS))
    ask.show("the keeper of the lamp is", told, "none", console)
    assert "Mira Tolen" in capsys.readouterr().err
    assert ask.data("?", told, "none")["arms"]["icl"]["shares"] is None  # type: ignore[index]


def test_a_budget_stops_the_study_and_a_higher_one_ends_it(folder: Path) -> None:
    serving = Serving(answers, echo=knows, key=KEY)
    prices = "prices={input: 1000, output: 1000}"
    with serving.running() as url:
        with pytest.raises(BudgetReached, match=r"raise budget\.money"):
            run(folder, url, prices, "budget.money=0.05")
        stopped = len(serving.log)
        whole = predictions(run(folder, url, prices, "budget.money=50"))
        (folder / "run").rename(folder / "first")
        assert stopped < len(serving.log)
        first = len(serving.log)
        assert predictions(run(folder, url, prices)) == whole
        assert len(serving.log) == 2 * first  # nothing was paid twice
    with pytest.raises(UserError, match=r"budget\.money needs prices"):
        load_study(study(folder, "http://127.0.0.1:1"), ["budget.money=1"])


def test_no_key_in_any_file_or_message(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Serving(answers, echo=knows, key=KEY).running() as url:
        out = run(folder, url)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {"study.json", "calls.sqlite", "report.html"} <= {path.name for path in files}
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []
    # A server that quotes the key in what it says of an error.
    serving = Serving(fault=lambda path, body: (400, f"bad request of {KEY}"), key=KEY)
    with serving.running() as url, pytest.raises(UserError) as e:
        run(folder, url, "name=other", "server.concurrency=1")
    assert KEY not in str(e.value)
    assert KEY not in "".join(capsys.readouterr())
    with Serving(key="another").running() as url, pytest.raises(UserError, match="A_KEY is not accepted") as refused:
        run(folder, url)
    assert KEY not in str(refused.value)


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["augtune", *map(str, arguments)])
    code: object = 0
    try:
        cli.main()
    except SystemExit as e:
        code = e.code
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert isinstance(code, int)
    return code, told


def test_what_a_user_is_told(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with Serving(answers, echo=knows, key=KEY).running() as url:
        path = study(folder, url)
        assert call(monkeypatch, capsys, "validate", path) == (0, "")
        code, told = call(monkeypatch, capsys, "validate", path, "--set", "model=server:no-such")
        assert (code, told) == (2, f"error: model: server {url} has no model 'no-such'; it has: another, {MODEL}\n")
        code, told = call(monkeypatch, capsys, "validate", path, "--set", "arms=[base, finetune, augmented]")
        assert code == 2
        assert "arms: finetune, augmented are trained, which needs weights on this machine" in told
        monkeypatch.setenv("A_KEY", "sk-wrong")
        code, told = call(monkeypatch, capsys, "run", path)
        assert (code, told) == (
            2, f"error: model: server {url} answered 401: the key in the environment variable A_KEY is not accepted\n",
        )  # fmt: skip
        monkeypatch.delenv("A_KEY")
        assert "A_KEY is not set" in call(monkeypatch, capsys, "run", path)[1]
        monkeypatch.setenv("A_KEY", KEY)
    code, told = call(monkeypatch, capsys, "run", path)
    assert code == 2
    assert told.startswith(f"error: model: server {url} cannot be reached")
    assert len(told.splitlines()) == 1
    code, told = call(monkeypatch, capsys, "validate", path, "--set", "server.base_url=http://me:word@host/v1")
    assert code == 2
    assert "base_url may hold no user, password or key" in told
    assert "word@" not in told
    assert not (folder / "runs").exists()


def test_a_context_longer_than_the_window(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(path: str, body: Body) -> tuple[int, str] | None:
        long = "true.\n\n" in str(body.get("prompt"))
        return (400, "context_length_exceeded: 50 tokens where 40 fit") if long else None

    monkeypatch.chdir(folder)
    serving = Serving(answers, fault, echo=knows, key=KEY)
    with serving.running() as url:
        code, told = call(monkeypatch, capsys, "run", study(folder, url))
    assert code == 2
    assert f"longer than the window of {MODEL} (context_length_exceeded: 50 tokens where 40 fit)" in told
    assert (folder / "runs" / "s" / "stages" / "evaluate-base-0.json").exists()  # the other arm was asked
