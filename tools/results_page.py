"""Writes docs/results.md and its figures from the run folders of the families that were run.

make results        runs the studies that are missing, then calls this
python tools/results_page.py --runs runs --docs docs
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from augtune.config import load_study
from augtune.report import charts, compare
from augtune.report.sections import percent, quantity

# What a family is, and the study that is reported. The paper's figures 2 to 4 show these families.
FAMILIES = {
    "people": "People and descriptions, small (the demo): told in one order, asked in the other",
    "people-full": "People and descriptions (the paper's set 3), standard size",
    "reversals": "Simple reversals (set 1): comparisons, told from one end, asked from the other",
    "syllogisms": "Simple syllogisms (set 2): two premises, and what follows",
    "semantic": "Semantic structure (set 4): kinds and their properties",
    "process": "Process knowledge (set 5): a transform with rules of its own",
    "ablation": "Ablation: each strategy alone, and controls (people, small; equal steps)",
    "ablation-more": "Ablation: the strategies beyond those, each alone (people, small; equal steps)",
    "ablation-links": "Ablation: reversals and links between documents (semantic, small; equal steps)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    given = parser.parse_args()
    parts = [HEAD]
    for name, title in FAMILIES.items():
        folders = sorted(f.parent for f in given.runs.glob(f"{name}-[0-9]*/results.json"))
        folders = folders or sorted(f.parent for f in given.runs.glob(f"{name}/results.json"))
        if not folders:
            parts.append(f"## {title}\n\nNo run folder was there: `augtune run studies/{name}.yaml`.")
            continue
        figure = given.docs / "figures" / f"{name}.svg"
        figure.parent.mkdir(exist_ok=True)
        results = [json.loads((f / "results.json").read_text(encoding="utf-8")) for f in folders]
        single = len(results) == 1
        panels = charts.by_split(results[0]) if single else compare.panels(compare.data(folders), results)
        figure.write_text(charts.grid(name, f"{title}: accuracy", panels).file(), encoding="utf-8")
        parts.append(family(name, title, folders, results))
    (given.docs / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


HEAD = """# Results

Written by `make results` (tools/results_page.py): every figure is read from the run folders. Worlds from 100 on, whose
words no prompt or recipe was tuned on. Accuracy with 95 % intervals in square brackets, each world's in round ones.
What the embedded model can and cannot do, and why, is in [the guide](guide.md) and [the lab notes](lab-notes.md); there
also stands which change of training came after which run."""


def family(name: str, title: str, folders: list[Path], results: list[dict[str, Any]]) -> str:
    worlds = ", ".join(str(r["study"]["benchmark"]["seed"]) for r in results)
    machine = json.loads((folders[0] / "study.json").read_text(encoding="utf-8"))
    parts = [
        f"## {title}",
        f"`augtune run studies/{name}.yaml --set benchmark.seed=WORLD`, worlds {worlds}, model "
        f"`{results[0]['study']['model']}`, {machine['cores']} cores. {_data(results[0])}",
        _other_settings(name, results),
        f"![Accuracy by arm and split](figures/{name}.svg)",
        compare.compare(folders, markdown=True) if len(folders) > 1 else _one_run(results[0]),
        _preflight(folders[0]),
        _augmentations(results),
        _coverage(results),
        f"What the arms took, and what they forgot (first world):\n\n{_budgets(results[0])}",
    ]
    return "\n\n".join(filter(None, parts))


def _other_settings(name: str, results: list[dict[str, Any]]) -> str:
    """Where the runs were made under other settings than the study file has now. Keys that came later are left out."""
    own = ("benchmark.seed", "dtype")  # a run has its own of both
    now = compare.flat(load_study(Path("studies") / f"{name}.yaml").model_dump(mode="json"), own)
    told = set()
    for ran in (compare.flat(r["study"], own) for r in results):
        told |= {f"`{k}` was {ran[k]!r}, is {now[k]!r}" for k in now if k in ran and ran[k] != now[k]}
    return f"**Run under other settings than the study file has now:** {'; '.join(sorted(told))}." if told else ""


def _one_run(result: dict[str, Any]) -> str:
    """Accuracy with its intervals by group, and augmented's differences, of a single run."""
    splits = list(result["chance"])
    rows = [f"| arm | {' | '.join(splits)} |", "|---" * (len(splits) + 1) + "|"]
    for arm, row in result["arms"].items():
        cells = (percent(row["splits"][s]["accuracy"], row["splits"][s]["ci95"]) for s in splits)
        rows.append(f"| {arm} | {' | '.join(cells)} |")
    told = [
        f"{c['split']} {c['difference']:+.3f} [{c['ci95'][0]:+.3f}, {c['ci95'][1]:+.3f}]"
        for c in result["comparisons"]
        if (c["a"], c["b"]) == ("augmented", "finetune") and c["ci95"]
    ]
    return "\n".join(rows) + (f"\n\naugmented against finetune: {'; '.join(told)}." if told else "")


def _data(result: dict[str, Any]) -> str:
    d = result["data"]
    chance = ", ".join(f"{s} {c:.3g}" for s, c in result["chance"].items() if c is not None)
    return f"{d['documents']} documents, {d['questions']} questions on {d['groups']} groups; chance: {chance}."


def _preflight(folder: Path) -> str:
    path = folder / "preflight.json"
    if not path.exists():
        return ""
    told = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    return "Preflight: " + "; ".join(f"`{v['strategy']}` {v['why']}" for v in told) + "."


def _augmentations(results: list[dict[str, Any]]) -> str:
    made: dict[str, list[str]] = {}
    for r in results:
        for name, s in r["augmentation"].get("strategies", {}).items():
            made.setdefault(name, []).append(f"{s['accepted']} of {s['made']}")
    return "Accepted: " + "; ".join(f"`{n}` {', '.join(m)}" for n, m in made.items()) + "." if made else ""


def _coverage(results: list[dict[str, Any]]) -> str:
    """Taught against generalized: how much of a split was among the accepted augmentations, and accuracy with and
    without."""
    rows = ["| world | split | taught to augmented | accuracy where taught | where not |", "|---|---|---|---|---|"]
    for r in results:
        for split, c in (r["coverage"].get("augmented") or {}).items():
            with_, without = ("" if c[k] is None else f"{c[k]:.3f}" for k in ("accuracy_covered", "accuracy_uncovered"))
            rows.append(
                f"| {r['study']['benchmark']['seed']} | {split} | {c['covered']} of {c['n']} | {with_} | {without} |"
            )
    return "\n".join(rows) if len(rows) > 2 else ""


def _budgets(result: dict[str, Any]) -> str:
    rows = ["| arm | steps | tokens trained | FLOPs augmenting | training | a query | general text, nats a byte |"]
    rows.append("|---|---|---|---|---|---|---|")
    for arm, row in result["arms"].items():
        f, u = row.get("forgetting") or {}, row["usage"]
        rows.append(
            f"| {arm} | {row['training'].get('steps', '')} | {quantity(u['train']['tokens_in'])} "
            f"| {quantity(u['augment']['flops'])} | {quantity(u['train']['flops'])} "
            f"| {quantity(row['cost']['query_flops'])} | {f.get('nats_per_byte', '')} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
