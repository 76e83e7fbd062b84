"""How fast a large report opens: a made-up run of 10,000 questions and 50,000 augmentations, in Chromium.

    python tools/report_speed.py [--questions 10000] [--texts 50000] [--keep DIR]

Prints the page's size; the seconds until the explorer can be used (the fastest of three openings), and what the whole
browser took of the processor for it, which does not depend on what else runs; the seconds of a search and of opening an
item. Needs what tools/report_png.py needs.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from report_png import launch

from augtune.config import Study
from augtune.records import Corpus, Document, Prediction, Question, write_jsonl
from augtune.report import pages, results

ARMS = ("base", "icl", "finetune", "augmented")
WORDS = "arbor basin cedar delta ember fjord grove haven inlet jetty knoll lagoon meadow north orchard".split()


def make(folder: Path, questions: int, texts: int) -> None:
    rng = random.Random(0)

    def sentence(n: int) -> str:
        return " ".join(rng.choice(WORDS) + str(rng.randrange(100)) for _ in range(n))

    groups = max(1, questions // 5)
    documents = [Document(f"d{i}", sentence(25), f"g{i % groups}") for i in range(texts // 10)]
    asked = []
    for i in range(questions):
        choices = [sentence(3) for _ in range(4)]
        asked.append(
            Question(f"q{i}", sentence(8), choices[0], choices, ("forward", "reversal")[i % 2], f"g{i % groups}")
        )
    predictions = []
    for arm in ARMS:
        for q in asked:
            scores = [round(rng.gauss(-12, 3), 5) for _ in range(4)]
            chosen = (q.choices or [])[scores.index(max(scores))]
            predictions.append(
                Prediction(arm, 0, q.id, q.split, q.group, q.choices, scores, [6] * 4, [20] * 4, chosen, q.answer,
                           chosen == q.answer)
            )  # fmt: skip
    rows = [
        {"id": f"t{i}", "strategy": ("reverse", "link")[i % 2], "sources": [f"d{i % len(documents)}"],
         "text": sentence(12)}
        for i in range(texts)
    ]  # fmt: skip
    write_jsonl(folder / "augmentations.jsonl", rows[: texts // 2])
    write_jsonl(folder / "rejected.jsonl", [{**row, "reason": "copy"} for row in rows[texts // 2 :]])
    usage = {"usage": {"tokens_in": 100, "flops": 1e9}, "form": "plain"}
    left = {f"evaluate-{arm}-0": usage for arm in ARMS} | {f"train-{arm}-0": usage for arm in ARMS[2:]}
    study = Study.model_validate({"name": "large", "benchmark": {"name": "people"}})
    corpus, taught = (
        Corpus(documents, asked),
        {"finetune": [], "augmented": [row["text"] for row in rows[: texts // 2]]},
    )
    pages.write(folder, results.results(study, corpus, predictions, left, taught), corpus, predictions, taught)


def measure(page_file: Path) -> None:
    with sync_playwright() as p:
        browser = launch(p)
        system = browser.new_browser_cdp_session()

        def processor() -> float:
            """Seconds that all of the browser's processes took of the processor."""
            return sum(process["cpuTime"] for process in system.send("SystemInfo.getProcessInfo")["processInfo"])

        seconds = []
        for _ in range(3):
            page = browser.new_page()
            start, before = time.monotonic(), processor()
            page.goto(page_file.resolve().as_uri())
            page.wait_for_selector("html[data-ready]")
            seconds.append((time.monotonic() - start, processor() - before))
        opened, worked = min(seconds)
        search = page.evaluate(
            """() => { location.hash = "#texts"; return new Promise((done) => setTimeout(() => {
              const input = document.querySelector("[type=search]"), start = performance.now();
              input.value = "arbor7 "; input.dispatchEvent(new Event("input"));
              done((performance.now() - start) / 1000); }, 500)); }"""
        )  # fmt: skip
        item = page.evaluate(
            """() => { const start = performance.now(); location.hash = "#document/d7"; return new Promise((done) =>
              setTimeout(() => done((performance.now() - start) / 1000), 0)); }"""
        )  # fmt: skip
        print(f"{page_file.stat().st_size / 1e6:.1f} MB; opens in {opened:.2f} s ({worked:.2f} s of the processor); "
              f"a search takes {search:.2f} s, an item {item:.2f} s")  # fmt: skip
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        if not (folder / "report.html").exists():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder, given.questions, given.texts)
        measure(folder / "report.html")


if __name__ == "__main__":
    main()
