"""A server is asked over real HTTP: its likelihoods are this machine's, no fault of its loses or invents a text, none
is paid twice, and the counts add up to what arrived at the server."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from threading import Event

import pytest

from augtune.backends import Models, http
from augtune.backends.base import Ask, CallFailed, Request, nothing
from augtune.backends.echo import cuts, fair
from augtune.backends.http import Http, Refused, _seconds
from augtune.backends.local import LocalModel
from augtune.backends.server import ServerModel
from augtune.backends.store import Store
from augtune.config import Prices, Server
from augtune.errors import BudgetReached, UserError
from augtune.records import Usage
from backends.serving import FAULTS, MODEL, Body, Serving, echo_of, words
from backends.test_golden import ASKS as QUESTIONS
from backends.test_golden import GOLDEN

NAME = f"server:{MODEL}"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def model(url: str, **settings: object) -> ServerModel:
    return ServerModel(NAME, Server(base_url=url, **settings))  # type: ignore[arg-type]


def requests(n: int) -> list[Request]:
    return [Request("shared words stand first ", f"number {i:02} is", max_tokens=8) for i in range(n)]


def said(asked: str) -> str:
    return f"said of {asked.split()[-2]}" if "number" in asked else "Yes."


# -- likelihoods


ASKS = [
    Ask("The sea is wide. The sky is high.\n", "The sea is", (" wide", " very wide and deep", " low")),
    Ask("", "A keeper of lamps", (" sleeps", " is awake now")),
    Ask("", "The keep", ("er of the lamp", " is old")),  # a token spans the seam, for one of them
    Ask("It is so.\n", "It ends in a space ", ("so", "a lamp", "9")),
    Ask("Ein Café über 中文 steht.\n", "Er sagt", (" 你好吗", " schön 🙂 dort", " nein")),  # parts of characters
]  # fmt: skip


@pytest.mark.parametrize("bos", [None, "<|begin_of_text|>"])
def test_echoed_log_probabilities_are_those_of_this_machine(tiny: Path, tmp_path: Path, bos: str | None) -> None:
    local = LocalModel(str(tiny), dtype="float32")
    here = local.score(ASKS)
    with Serving(echo=echo_of(local, bos)).running() as url:
        there = Store(tmp_path / "c.sqlite").score(model(url), ASKS, nothing)
    for ask, mine, theirs in zip(ASKS, here.loglikelihoods, there.loglikelihoods, strict=True):
        assert theirs == pytest.approx(mine, abs=1e-3), ask
    assert there.tokens == here.tokens


def test_the_embedded_models_likelihoods_over_http(embedded: Path, tmp_path: Path) -> None:
    """Those that are pinned for this machine."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[1:3]
    asks = [Ask(context, prompt, tuple(choices)) for context, prompt, choices in QUESTIONS[1:3]]
    with Serving(echo=echo_of(LocalModel("embedded", dtype="float32"))).running() as url:
        there = Store(tmp_path / "c.sqlite").score(model(url), asks, nothing)
    for pinned, theirs in zip(golden, there.loglikelihoods, strict=True):
        assert theirs == pytest.approx(pinned, abs=1e-3)


def echoed(tokens: list[str], told: int | None = None) -> Body:
    values = [None, *(-float(i) for i in range(1, len(tokens)))]
    choice = {"logprobs": {"tokens": tokens, "token_logprobs": values}}
    return {"choices": [choice], "usage": {"prompt_tokens": told}}


def test_the_generated_token_is_left_out_whatever_the_server_counts() -> None:
    tokens, text = ["It", " is", " so", " so", " so"], "It is so so"
    for told in (4, None, 900, -1):
        assert cuts(echoed(tokens, told), text, 5)[0] == (0, -5.0, 2)


def test_choices_are_scored_from_a_boundary_that_all_have() -> None:
    joined, apart = cuts(echoed(["The", " keeper", "!"], 2), "The keeper", 8), cuts(
        echoed(["The", " ke", "ep", " is", "!"], 4), "The keep is", 8
    )  # fmt: skip
    assert joined[0] == (-5, -1.0, 1)
    assert fair([joined, apart]) == ([-1.0, -6.0], [1, 3])
    with pytest.raises(ValueError, match="common"):
        fair([[(-5, -1.0, 1)], [(0, -1.0, 1)]])


def test_log_probabilities_of_the_generated_text_only_are_none() -> None:
    """As llama.cpp's server answers: taken for the choice's, every choice would weigh the same."""
    for answer in (echoed([" so"], 4), {"choices": [{"text": " so"}]}, {"choices": [{"logprobs": {"content": []}}]}):
        with pytest.raises(ValueError, match="log-probabilities"):
            cuts(answer, "It is so", 5)


# -- what the server can do


def test_a_server_without_echo_is_asked_once_and_says_so_once(tmp_path: Path) -> None:
    serving = Serving()
    store = Store(tmp_path / "c.sqlite")
    with serving.running() as url:
        for _ in range(2):  # the second stands for a resumed run
            backend = model(url)
            backend.pay = store.pay
            assert not backend.scores()
            assert backend.note is not None
            assert "echo is not supported" in backend.note
        with pytest.raises(UserError, match="tells no log-probabilities"):
            store.score(backend, ASKS[:1], nothing)
        with pytest.raises(UserError, match="logprobs: echo"):
            model(url, logprobs="echo").scores()
    assert [what for *_, what in serving.log] == ["400", "400"]
    assert (store.used.calls, store.used.failed_calls) == (0, 1)


def test_where_there_are_no_completions_a_prompt_is_a_users_message(tmp_path: Path) -> None:
    serving = Serving(said, completions=False)
    with serving.running() as url:
        made = Store(tmp_path / "c.sqlite").generate(model(url), requests(2), nothing)
    assert made.texts == ["said of 00", "said of 01"]
    assert {"role": "user", "content": "shared words stand first number 01 is"} in [
        message for _, body, _ in serving.log for message in body.get("messages", ())
    ]


def test_a_server_that_has_neither_is_told_with_what_it_says(tmp_path: Path) -> None:
    serving = Serving(fault=lambda path, body: (400, "pinned to another model"))
    with serving.running() as url, pytest.raises(UserError, match=r"has neither .*pinned to another model.*mend"):
        Store(tmp_path / "c.sqlite").generate(model(url), requests(3), nothing)
    assert len(serving.log) == 2


def test_a_chat_is_sent_as_messages_and_keeps_its_text(tmp_path: Path) -> None:
    told = {"role": "user", "content": 'It says: "no"\n\x1e and\ttabs'}
    serving = Serving(lambda asked: "  Mira is the keeper.\nAnd more.")
    with serving.running() as url:
        backend = model(url)
        rendered = backend.chat([told, {"role": "assistant", "content": "Mira is"}], continue_last=True) or ""
        assert told["content"] in rendered
        made = Store(tmp_path / "c.sqlite").generate(backend, [Request(rendered[:9], rendered[9:], chat=True)], nothing)
    assert made.texts == [" the keeper."]
    assert made.finished == [True]
    assert serving.log[-1][1]["messages"] == [told]


def test_what_is_sent_can_be_changed(tmp_path: Path) -> None:
    serving = Serving(said)
    with serving.running() as url:
        backend = model(url, extra={"max_tokens": None, "max_completion_tokens": 9, "top_k": 1})
        drawn = Request("", "number 07 is", temperature=0.5, seed=3, stop=("\n", "a", "b", "c", "d"))
        Store(tmp_path / "c.sqlite").generate(backend, [drawn], nothing)
    sent = serving.log[-1][1]
    assert "max_tokens" not in sent
    assert (sent["max_completion_tokens"], sent["top_k"], sent["seed"], sent["temperature"]) == (9, 1, 3, 0.5)
    assert sent["stop"] == ["\n", "a", "b", "c"]


def test_the_window_is_the_studys_or_the_servers(tmp_path: Path) -> None:
    with Serving(listed={"max_model_len": 777}).running() as url:
        assert model(url).window == 777
        assert model(url, window=100).window == 100
    with Serving().running() as url:
        assert model(url).window == 8192


# -- faults


class Faults:
    """Each prompt meets faults drawn for it, then none; the probes meet none."""

    def __init__(self, seed: int, kinds: tuple[str, ...] = FAULTS, most: int = 3) -> None:
        self.kinds, self.most, self.seed = [k for k in kinds if k != "slow"], most, seed
        self.tries: Counter[str] = Counter()
        self.slow, self.lock = "slow" in kinds, threading.Lock()

    def __call__(self, path: str, body: Body) -> str | None:
        asked = str(body.get("prompt") or body["messages"])
        if "number" not in asked:
            return None
        with self.lock:
            self.tries[asked] += 1
            if self.slow:  # once in all: a test waits for it
                self.slow = False
                return "slow"
            rng = random.Random(f"{self.seed} {asked}")
            mine = rng.sample(self.kinds, rng.randint(0, self.most))  # each once: what is empty twice is the answer
            n = self.tries[asked] - 1
            return mine[n] if n < len(mine) else None


def adds_up(store: Store, serving: Serving) -> None:
    """Every request that arrived is counted once, as what it was."""
    assert store.used.calls == serving.answers()
    assert store.used.calls + store.used.failed_calls == len(serving.log)
    again = Store(store.path)
    assert (again.used.calls, again.used.failed_calls) == (store.used.calls, store.used.failed_calls)
    assert again.spent == store.spent


def paid_once(serving: Serving) -> None:
    answered = Counter(str(body) for _, body, what in serving.log if what in ("ok", "wrong counts"))
    assert set(answered.values()) == {1}


@pytest.mark.parametrize("seed", [0, 1])
def test_no_fault_loses_or_invents_a_text_or_a_count(tmp_path: Path, seed: int) -> None:
    serving = Serving(said, Faults(seed))
    with serving.running() as url:
        store = Store(tmp_path / "c.sqlite")
        backend = model(url, timeout=2.0, concurrency=7, retries=20)
        ticks: list[int] = []
        made = store.generate(backend, requests(60), ticks.append)
    assert made.texts == [f"said of {i:02}" for i in range(60)]
    assert all(made.finished)
    assert sum(ticks) == 60
    assert {what for *_, what in serving.log} == {"ok", *FAULTS}
    paid_once(serving)
    adds_up(store, serving)
    # Tokens are the server's own counts, except where those cannot be: then they are guessed, and that is said.
    wrong = sum(what == "wrong counts" for *_, what in serving.log)
    assert store.estimated == wrong
    assert f"{wrong} calls came without sound counts" in (store.told() or "")
    guess = Usage(
        tokens_in=-(-len(b"shared words stand first number 00 is") // 3), tokens_out=-(-len("said of 00") // 3)
    )
    used = store.used
    assert used.tokens_in == serving.told[0] + wrong * guess.tokens_in
    assert used.tokens_in_reused == serving.told[1]
    assert used.tokens_out == serving.told[2] + wrong * guess.tokens_out
    assert made.usage.calls == 60


def test_a_model_that_says_nothing_says_nothing(tmp_path: Path) -> None:
    for said, failed in (("", 2), (" \n", 0)):  # no token at all is doubted once: the probe's, and the request's
        serving = Serving(lambda asked, said=said: said)
        with serving.running() as url:
            store = Store(tmp_path / f"{failed}.sqlite")
            made = store.generate(model(url), [Request("", "x y", stop=(" ",))], nothing)
        assert made.texts == [""]
        assert (store.used.calls, store.used.failed_calls) == (2, failed)
        assert len(serving.log) == 2 + failed


def test_a_server_that_dies_costs_nothing_twice(tmp_path: Path) -> None:
    alive = [25]

    def fault(path: str, body: Body) -> str | None:
        alive[0] -= 1
        return None if alive[0] >= 0 else "dies"

    serving = Serving(said, fault)
    with serving.running() as url:
        port = int(url.split(":")[2].split("/")[0])
        store = Store(tmp_path / "c.sqlite")
        with pytest.raises(CallFailed, match=r"broke off.*given up after 3 attempts. What was answered is kept"):
            store.generate(model(url, concurrency=4, retries=2), requests(40), nothing)
    assert store.used.calls == serving.answers() == 25
    with pytest.raises(CallFailed, match="cannot be reached"):
        Store(tmp_path / "c.sqlite").generate(model(url, retries=1), requests(40), nothing)
    alive[0] = 1000
    reached = len(serving.log)
    with serving.running(port) as url:
        store = Store(tmp_path / "c.sqlite")
        made = store.generate(model(url), requests(40), nothing)
    assert made.texts == [f"said of {i:02}" for i in range(40)]
    assert len(serving.log) - reached == 40 - 24  # the probe was one of the 25
    paid_once(serving)
    assert store.used.calls == serving.answers()
    assert made.usage.failed_calls == store.used.failed_calls > len(serving.log) - serving.answers()


def test_a_stop_keeps_what_is_in_flight(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite")
    serving = Serving(said)
    done: list[int] = []

    def stop(n: int) -> None:
        done.append(n)
        if len(done) == 5:
            raise KeyboardInterrupt

    with serving.running() as url:
        with pytest.raises(KeyboardInterrupt):
            store.generate(model(url, concurrency=6), requests(30), stop)
        assert 6 <= len(serving.log) < 30
        assert store.used.calls == serving.answers()
        store.generate(model(url), requests(30), nothing)
    paid_once(serving)
    adds_up(store, serving)


def test_waits_are_the_servers_or_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    class Waits(Event):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.seconds.append(timeout or 0.0)
            return False

    monkeypatch.setattr(http, "FIRST_WAIT", 1.0)
    faults = iter(["429", "500", "500", "500", None])
    with Serving(fault=lambda path, body: next(faults)).running() as url:
        waits = Waits()
        _, failed = Http(Server(base_url=url)).post("/completions", {"prompt": "x y"}, dict, waits)
    assert failed == 4
    assert waits.seconds[0] == 0.01
    for n, seconds in enumerate(waits.seconds[1:], 1):
        assert 2**n / 2 <= seconds <= 2**n


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None)]
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert _seconds(header) == seconds


@pytest.mark.parametrize("fault", ["429 for an hour", (429, "insufficient_quota: no credit is left")])
def test_what_does_not_pass_soon_is_told_at_once(fault: str | tuple[int, str]) -> None:
    serving = Serving(fault=lambda path, body: fault)
    with serving.running() as url, pytest.raises((CallFailed, Refused), match=r"to wait for 3600 s|no credit is left"):
        Http(Server(base_url=url)).post("/completions", {"prompt": "x"}, dict, Event())
    assert len(serving.log) == 1


def test_a_rate_limit_spaces_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(http.time, "monotonic", lambda: clock[0])

    class Turns(Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock[0] += timeout or 0.0
            return False

    with Serving().running() as url:
        server = Http(Server(base_url=url, per_minute=30))
        for expected in (100.0, 102.0, 104.0):
            server._wait_for_turn(Turns())
            assert clock[0] == expected


# -- budgets


def test_a_budget_of_calls_is_exact_beside_calls_in_flight_and_over_resumes(tmp_path: Path) -> None:
    serving = Serving(said, Faults(3, ("429", "500", "empty"), 2))
    with serving.running() as url:
        for limit in (10, 10, 25):
            with pytest.raises(BudgetReached, match=rf"budget of {limit} calls is used up \({limit} used\)"):
                Store(tmp_path / "c.sqlite", calls=limit).generate(model(url, concurrency=8), requests(40), nothing)
            assert serving.answers() == limit
        store = Store(tmp_path / "c.sqlite", calls=41)  # the probe is one
        assert store.generate(model(url), requests(40), nothing).texts[-1] == "said of 39"
    paid_once(serving)
    adds_up(store, serving)


@pytest.mark.parametrize("at_once", [1, 5])
def test_tokens_and_money_go_beyond_by_what_is_in_flight_at_most(tmp_path: Path, at_once: int) -> None:
    serving = Serving(said)
    each = words("shared words stand first number 00 is") + words("said of 00")
    prices = Prices(input=10.0, cached=1.0, output=100.0)
    cost = prices.of(
        Usage(tokens_in=words("shared words stand first number 00 is") - 3, tokens_in_reused=3, tokens_out=3)
    )
    with serving.running() as url:
        store = Store(tmp_path / "c.sqlite", tokens=100)
        with pytest.raises(BudgetReached, match="tokens"):
            store.generate(model(url, concurrency=at_once), requests(40), nothing)
        assert 100 <= store.spent["tokens"] < 100 + at_once * each
        store = Store(tmp_path / "c.sqlite", money=20 * cost, price=prices.of)
        with pytest.raises(BudgetReached, match=r"raise budget.money"):
            store.generate(model(url, concurrency=at_once), requests(40), nothing)
        assert 20 * cost <= store.spent["money"] < (20 + at_once) * cost
        assert f"{store.spent['money']:.4g} in money" in (store.told() or "")
    paid_once(serving)


def test_money_is_what_servers_cost(tmp_path: Path) -> None:
    from augtune.backends.scripted import Scripted

    store = Store(tmp_path / "c.sqlite", money=1e-9, price=Prices(input=1e6, output=1e6).of)
    assert store.generate(Scripted(), requests(20), nothing).usage.calls == 20
    assert store.spent["money"] == 0


# -- the user's mistakes


def test_what_a_check_says_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(name: str = MODEL, **settings: object) -> str | None:
        return Models(server=Server(**settings)).fault(f"server:{name}")  # type: ignore[arg-type]

    monkeypatch.setenv("A_KEY", "sk-wrong-key-1234")
    with Serving(key="sk-right-key-9876").running() as url:
        refused = fault(base_url=url, key_env="A_KEY")
        assert refused == f"server {url} answered 401: the key in the environment variable A_KEY is not accepted"
        assert "no key was sent: name the environment variable" in (fault(base_url=url) or "")
        assert "B_KEY is not set" in (fault(base_url=url, key_env="B_KEY") or "")
        monkeypatch.setenv("A_KEY", "sk-right-key-9876")
        assert fault(base_url=url, key_env="A_KEY") is None
        assert (
            fault("gpt", base_url=url, key_env="A_KEY") == f"server {url} has no model 'gpt'; it has: another, {MODEL}"
        )
    assert f"server {url} cannot be reached" in (fault(base_url=url) or "")
    for status in (404, 500):  # cannot tell what it has: as `transformers serve` without a cache
        with Serving(listed=status).running() as url:
            assert fault(base_url=url) is None
            assert model(url).window == 8192
    assert "give server.base_url" in (fault() or "")


def test_a_prompt_beyond_the_window_stands_for_itself(tmp_path: Path) -> None:
    def fault(path: str, body: Body) -> tuple[int, str] | None:
        said = "This model's maximum context length is 9 tokens. However, you requested 12."
        return (400, said) if "number 03" in str(body) else None

    serving = Serving(said, fault)
    with serving.running() as url:
        store = Store(tmp_path / "c.sqlite")
        made = store.generate(model(url), requests(6), nothing)
    assert [bool(r) for r in made.refused] == [i == 3 for i in range(6)]
    assert "maximum context length is 9" in (made.refused[3] or "")
    assert (made.texts[3], made.finished[3], made.texts[4]) == ("", False, "said of 04")
    adds_up(store, serving)
    rows = sqlite3.connect(tmp_path / "c.sqlite").execute("select count(*) from paid").fetchone()
    assert rows == (6,)  # five texts and the probe: a refusal may not stand tomorrow


def test_any_other_refusal_stops_at_once(tmp_path: Path) -> None:
    serving = Serving(fault=lambda path, body: (400, "unknown field: stop") if "stop" in body else None)
    with (
        serving.running() as url,
        pytest.raises(CallFailed, match=r"answered 400 \(unknown field: stop\); server.extra"),
    ):
        Store(tmp_path / "c.sqlite").generate(model(url, concurrency=1), requests(6), nothing)
    assert [what for *_, what in serving.log] == ["ok", "400"]
