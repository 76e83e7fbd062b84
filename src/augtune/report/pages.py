"""results.json as pages: a table for the terminal, report.md, and report.html, which is one file without network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..records import Corpus, Prediction
from . import sections
from .sections import Section

EXAMPLES = 6  # documents shown with all that belongs to them


def write(folder: Path, found: dict[str, Any], corpus: Corpus, predictions: Sequence[Prediction]) -> None:
    """report.md and report.html in the run folder."""
    page = {
        "found": found,
        "arms": list(found["arms"]),
        "splits": sections.splits_of(found),
        "sections": [*sections.sections(found), *_of_the_folder(folder)],
        "examples": _examples(folder, corpus, predictions),
        "curves": _curves(folder),
        "environment": _read(folder / "study.json"),
        "settings": json.dumps(found["study"], indent=1, ensure_ascii=False),
    }
    for name, escape in (("report.html", True), ("report.md", False)):
        loader = jinja2.FileSystemLoader(Path(__file__).parent)
        environment = jinja2.Environment(loader=loader, autoescape=escape, trim_blocks=True, lstrip_blocks=True)
        environment.filters |= {"percent": sections.percent, "chosen": chosen, "cell": cell}
        environment.undefined = jinja2.StrictUndefined
        text = environment.get_template(name).render(page)
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)


def _of_the_folder(folder: Path) -> list[Section]:
    """Sections on what lies beside results.json."""
    found = []
    reasons = _reasons(folder / "rejected.jsonl")
    if reasons:
        rows = [[strategy, f"{n}", reason] for strategy, reason, n in reasons]
        found.append(Section("Rejected augmentations", ["strategy", "texts", "why"], rows))
    preflight = _read(folder / "preflight.json")
    if preflight:
        rows = [[m["kind"], m["style"], f"{m['right']} of {m['n']}", m["example"]] for m in preflight["measured"]]
        verdicts = [f"{v['strategy']}: {v['why']}" for v in preflight["verdicts"]]
        title = "Preflight: what the model can do in context"
        found.append(Section(title, ["inference", "style", "right", "an answer"], rows, "", verdicts))
    return found


def show(folder: Path, found: dict[str, Any], console: Console) -> None:
    """The table, the verdict, and where the report lies."""
    splits = sections.splits_of(found)
    table = Table(
        title=f"{found['study']['name']}: accuracy, with 95 % intervals by group and seed", title_justify="left"
    )
    for head in ("arm", *splits, "FLOPs once", "per query"):
        table.add_column(head, justify="left" if head == "arm" else "right")
    for arm, row in found["arms"].items():
        cells = [sections.percent(row["splits"][s]["accuracy"], row["splits"][s]["ci95"]) for s in splits]
        cost = [sections.quantity(row["cost"][key]) for key in ("once_flops", "query_flops")]
        table.add_row(arm, *cells, *cost)
    chance = [f"{found['chance'][s]:.3f}" if found["chance"][s] is not None else "" for s in splits]
    table.add_row("[dim]chance", *(f"[dim]{c}" for c in chance), "", "")
    console.print(table)
    say = partial(console.print, highlight=False, markup=False)
    for row in _key_comparisons(found):
        low, high = row["ci95"]
        word = "ahead of" if low > 0 else "behind" if high < 0 else "not told apart from"
        say(f"{row['split']}: {row['a']} {word} {row['b']}: {row['difference']:+.3f} {sections.signed(row['ci95'])}")
    covered = {arm: cells for arm, cells in found["coverage"].items() if arm in found["arms"] and arm != "finetune"}
    for arm, cells in covered.items():
        told = ", ".join(f"{split} {c['covered']} of {c['n']}" for split, c in cells.items())
        say(f"taught to {arm} ({found['coverage']['method']}): {told}")
    for note in found.get("notes", ()):
        say(f"note: {note}")
    verdict = found["verdict"]
    if verdict["status"] == "recommended":
        console.print(f"\n[bold]Verdict: {verdict['arm']}[/] (probability {verdict['probability']:.2f})")
    else:
        console.print("\n[bold]Verdict: cannot tell[/]")
    say(verdict["reason"])
    console.print(f"\nreport: {os.path.relpath(folder / 'report.html')}", highlight=False, soft_wrap=True, markup=False)


def _key_comparisons(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What the product is about: augmented against finetune and against icl."""
    pairs = [("augmented", "finetune"), ("augmented", "icl")]
    return [c for c in found["comparisons"] if (c["a"], c["b"]) in pairs and c["ci95"]]


def cell(text: str) -> str:
    """A cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def chosen(prediction: dict[str, Any]) -> str:
    return f"{'✓' if prediction['correct'] else '✗'} {prediction['chosen']}"


def show_preflight(folder: Path, console: Console) -> None:
    """What was measured, as a table."""
    found = _read(folder / "preflight.json")
    table = Table(title="preflight: what the model can do in context", title_justify="left")
    for head in ("inference", "style", "right", "an answer"):
        table.add_column(head)
    for m in found["measured"]:
        table.add_row(m["kind"], m["style"], f"{m['right']} of {m['n']}", Text(m["example"]))
    console.print(table)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def _reasons(path: Path) -> list[tuple[str, str, int]]:
    """(strategy, reason, how many), the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for row in _lines(path):
        key = (row["strategy"], row["reason"])
        counts[key] = counts.get(key, 0) + 1
    return sorted(((s, r, n) for (s, r), n in counts.items()), key=lambda row: -row[2])


def _examples(folder: Path, corpus: Corpus, predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Some documents, with their augmentations, accepted and rejected, and the questions on their group with each
    arm's answer; spread over the corpus, those that are asked about first."""
    groups = {q.group for q in corpus.questions}
    asked = [d for d in corpus.documents if d.group in groups] or corpus.documents
    spread = asked[:: max(1, len(asked) // EXAMPLES)][:EXAMPLES]
    written = [*_lines(folder / "augmentations.jsonl"), *_lines(folder / "rejected.jsonl")]
    answers: dict[str, list[dict[str, Any]]] = {}
    for p in predictions:
        answers.setdefault(p.id, []).append(p.row())
    return [
        {
            "document": d.row(),
            "augmentations": [a for a in written if d.id in a["sources"]],
            "questions": [
                {**q.row(), "answers": answers[q.id]}
                for q in _one_a_split([q for q in corpus.questions if d.group is not None and q.group == d.group])
            ],
        }
        for d in spread
    ]


def _one_a_split(questions: Sequence[Any]) -> list[Any]:
    first: dict[str, Any] = {}
    for q in questions:
        first.setdefault(q.split, q)
    return list(first.values())


def _curves(folder: Path) -> dict[str, list[dict[str, float]]]:
    """Loss by step of each trained model."""
    return {path.parent.name: _lines(path) for path in sorted((folder / "models").glob("*/loss.jsonl"))}
