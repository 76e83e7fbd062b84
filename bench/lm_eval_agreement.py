"""Does lm-evaluation-harness choose as augtune does, on a model that augtune exported?

    python -m venv ~/lm-eval && ~/lm-eval/bin/pip install torch==2.13.0 'lm_eval[hf]==0.4.13'
    python bench/lm_eval_agreement.py runs/people --arm augmented --lm-eval ~/lm-eval/bin/lm_eval

Exports the arm, lets lm-eval score the exported task in float32, scores the same questions by augtune in float32 from
the run folder, and compares question by question, for each normalization that both have. Exit code 1 below 0.99.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from augtune import export, finished
from augtune.backends import Models
from augtune.backends.base import Ask
from augtune.evaluate import prompts
from augtune.evaluate.prompts import FORMS
from augtune.export import cards, task
from augtune.likelihood import choose, divisors
from augtune.records import Question

METRICS = {"acc": "none", "acc_norm": "char", "acc_bytes": "byte"}
WANTED = 0.99
Likelihoods = dict[str, list[float]]  # by the question's id, one for each choice


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--arm", default="augmented")
    parser.add_argument("--lm-eval", default="lm_eval", help="its command")
    parser.add_argument("--merge", action=argparse.BooleanOptionalAction)
    parser.add_argument("--dtype", default="float32", help="what merged weights are stored in")
    parser.add_argument("--form", choices=FORMS, help="instead of the prompt form that validation chose")
    parser.add_argument("--limit", type=int, help="so many questions, spread over all")
    given = parser.parse_args()
    flow = finished.reopen(given.run)
    bundle = finished.bundle(flow, given.arm)
    assert bundle.weights is not None
    form, asked = given.form or bundle.weights.form, bundle.weights.asked
    step = max(1, len(asked) // given.limit) if given.limit else 1
    backend = flow.models.open(flow.study.model, bundle.weights.folder)
    asked = [(q, prompts.ask(backend, form, None, q)) for q, _ in asked[::step][: given.limit]]
    bundle = replace(bundle, weights=replace(bundle.weights, form=form, asked=asked))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "export"
        export.write(bundle, out, given.merge, given.dtype)
        adapter = (out / "model" / "adapter_config.json").exists()
        kind = {"kind": "adapter" if adapter else "merged"}
        name = task.name(bundle.study.name, given.arm)
        theirs, told = by_lm_eval(given.lm_eval, out, name, cards.arguments(bundle, kind))
    ours = by_augtune(flow.study.model, bundle.weights.folder, asked)
    return compare(asked, ours, theirs, told)


def by_lm_eval(command: str, out: Path, name: str, arguments: str) -> tuple[Likelihoods, dict[str, float]]:
    """What lm-eval scored, and what it tells of the group of tasks."""
    call = [
        command, "--model", "hf", "--model_args", arguments, "--device", "cpu", "--batch_size", "16",
        "--include_path", "lm_eval", "--tasks", name, "--log_samples", "--output_path", "scored",
    ]  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    subprocess.run(call, cwd=out, env=os.environ | offline, check=True, stdout=sys.stderr)
    found = {}
    for file in (out / "scored").rglob("samples_*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found[row["doc"]["id"]] = [float(value) for value, _ in row["filtered_resps"]]
    results = json.loads(next((out / "scored").rglob("results_*.json")).read_text(encoding="utf-8"))
    group = (results.get("groups") or results["results"])[name]
    return found, {metric: group[f"{metric},none"] for metric in METRICS}


def by_augtune(model: str, trained: Path, asked: list[tuple[Question, Ask]]) -> Likelihoods:
    """augtune's own scoring of the run's weights, in float32 instead of what the run was computed in."""
    scored = Models("float32").open(model, trained).score([ask for _, ask in asked])
    return {q.id: values for (q, _), values in zip(asked, scored.loglikelihoods, strict=True)}


def compare(asked: list[tuple[Question, Ask]], ours: Likelihoods, theirs: Likelihoods, told: dict[str, float]) -> int:
    assert set(ours) == set(theirs), "each question is scored by both"
    worst = 1.0
    print("| metric | normalization | questions | same choice | augtune's accuracy | lm-eval's |")
    print("|---|---|---|---|---|---|")
    for metric, normalization in METRICS.items():
        same, right = 0, 0
        for q, _ in asked:
            choices = q.choices or []
            by = divisors(normalization, choices, [])
            mine, other = choose(ours[q.id], by), choose(theirs[q.id], by)
            same += mine == other
            right += choices[mine] == q.answer
        n = len(asked)
        worst = min(worst, same / n)
        print(f"| {metric} | {normalization} | {n} | {same} ({same / n:.4f}) | {right / n:.4f} | {told[metric]:.4f} |")
    apart = max(abs(a - b) for i in ours for a, b in zip(ours[i], theirs[i], strict=True))
    print(f"\nlargest difference of a log-likelihood: {apart:.2g} nats")
    return 0 if worst >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
