"""How augtune's costs grow: with the corpus in the context, with the number of questions, with the number of documents.

python bench/growth.py [--quick]   writes bench/results/growth.json and growth.md (for docs/speed.md)

CPU seconds of one thread, the least of three; the exponent is the slope of logarithms between the last two points.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONTEXTS, QUESTIONS, DOCUMENTS = (250, 500, 1000, 2000, 4000), (10, 40, 160), (50, 200, 800)
QUICK = ((60, 120), (2, 4), (8, 16))


def least(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    found = []
    for _ in range(times):
        start = time.process_time()
        result = work()
        found.append(time.process_time() - start)
    return min(found), result


@contextmanager
def quiet(total: float) -> Any:
    yield lambda n: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    quick = parser.parse_args().quick
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    torch.set_num_threads(1)
    from augtune import benchmarks
    from augtune.augment.local import REVERSE
    from augtune.backends.base import Ask, Request
    from augtune.backends.local import LocalModel
    from augtune.config import Train
    from augtune.train import trainer

    contexts, questions, documents = QUICK if quick else (CONTEXTS, QUESTIONS, DOCUMENTS)
    times = 1 if quick else 3
    corpus = benchmarks.make("people", 0, {})
    model = LocalModel("embedded")
    whole = model.tokenizer(" ".join(d.text for d in corpus.documents)).input_ids
    asked = [(q.prompt, tuple(f" {c}" for c in q.choices or ())) for q in corpus.questions if q.choices]
    rows: list[dict[str, Any]] = []

    def add(
        what: str, by: str, size: int, work: Callable[[], Any], tokens: Callable[[Any], int], n: int = times
    ) -> None:
        seconds, result = least(work, n)
        rows.append({"what": what, "by": by, "size": size, "cpu_seconds": round(seconds, 3), "tokens": tokens(result)})
        print(rows[-1], flush=True)

    def score(context: int, count: int) -> Any:
        model._prefix = ((), [])
        text = model.tokenizer.decode(whole[:context])
        return model.score([Ask(text, prompt, choices) for prompt, choices in asked[:count]])

    for n in contexts:
        add(f"score {questions[1]} questions", "tokens of context", n, lambda n=n: score(n, questions[1]),
            lambda r: r.usage.tokens_in)  # fmt: skip
    for n in questions:
        add(f"score over {contexts[-2]} tokens", "questions", n, lambda n=n: score(contexts[-2], n),
            lambda r: r.usage.tokens_in)  # fmt: skip

    def write(count: int) -> int:
        prefix = REVERSE.prompt("examples", "", 0)[0]
        requests = [Request(prefix, REVERSE.form.format(text=d.text), 40) for d in corpus.documents[:count]]
        requests.sort(key=lambda r: len(r.prompt))
        size = model.batch_size
        made = [model.generate(requests[k : k + size]).usage for k in range(0, len(requests), size)]
        return sum(u.tokens_in + u.tokens_out for u in made)

    for n in documents:
        add("rewrite sentences by worked examples", "documents", n, lambda n=n: write(n), int, 1)
    identity = model.identity.partition("@")[0]
    settings = Train(method="full", epochs=1)
    for n in documents:
        with tempfile.TemporaryDirectory() as folder:
            texts = [d.text for d in corpus.documents[:n]]
            add("train on sentences, all weights", "documents", n,
                lambda texts=texts, folder=folder: trainer.train(
                    identity, texts, settings, 0, "auto", Path(folder) / "m", quiet, "growth"
                ), lambda r: r["tokens"], 1)  # fmt: skip
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    name = "growth-quick" if quick else "growth"
    found = {"rows": rows, "date": time.strftime("%Y-%m-%d"), "load": os.getloadavg()[0], "cores": os.cpu_count()}
    (results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (results / f"{name}.md").write_text(page(rows, found["load"]), encoding="utf-8")


def page(rows: list[dict[str, Any]], load: float) -> str:
    lines = [f"## How it grows\n\nCPU seconds of one thread, load of the machine {load:.1f}.\n",
             "| work | grows with | sizes | CPU seconds | exponent |", "|---|---|---|---|---|"]  # fmt: skip
    for what, by in dict.fromkeys((r["what"], r["by"]) for r in rows):
        mine = [r for r in rows if r["what"] == what]
        a, b = mine[-2:]
        slope = math.log(b["cpu_seconds"] / a["cpu_seconds"]) / math.log(b["size"] / a["size"])
        sizes, seconds = (", ".join(f"{r[key]:,}" for r in mine) for key in ("size", "cpu_seconds"))
        lines.append(f"| {what} | {by} | {sizes} | {seconds} | {slope:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
