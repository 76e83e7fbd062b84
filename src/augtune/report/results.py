"""results.json: what other programs rely on (schema 1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..config import Study
from ..likelihood import NORMALIZATIONS, choose, divisors
from ..records import Corpus, Prediction, Question, Usage
from . import costs, statistics
from .verdict import verdict

AUGMENTED = ("augmented",)  # arms that pay for augmentation
Manifests = Mapping[str, dict[str, Any]]


def results(study: Study, corpus: Corpus, predictions: Sequence[Prediction], manifests: Manifests) -> dict[str, Any]:
    """Everything that the report says, as JSON: accuracy by arm and split, usage, comparisons, costs, verdict."""
    tables = statistics.tabulate(predictions)
    arms = list(dict.fromkeys(p.arm for p in predictions))
    usage = {arm: _usage(study, arm, manifests) for arm in arms}
    runs = {arm: len({p.seed for p in predictions if p.arm == arm}) for arm in arms}
    per_arm = {
        arm: costs.cost(usage[arm]["augment"], _mean(usage[arm]["train"], runs[arm]), usage[arm]["query"],
                        corpus.questions, runs[arm])
        for arm in arms
    }  # fmt: skip
    return {
        "schema": 1,
        "study": json.loads(study.model_dump_json()),
        "data": {
            "documents": len(corpus.documents),
            "questions": len(corpus.questions),
            "validation": len(corpus.validation),
            "groups": len({q.group for q in corpus.questions if q.group is not None}),
        },
        "arms": {arm: _arm(study, arm, predictions, tables, usage[arm], per_arm[arm], manifests) for arm in arms},
        "chance": {split: _chance([q for q in corpus.questions if q.split == split]) for split in tables},
        "comparisons": statistics.comparisons(tables),
        "coverage": {},
        "break_even": costs.break_even(per_arm),
        "augmentation": {k: v for k, v in manifests.get("augment", {}).items() if k in ("accepted", "made")},
        "other_normalizations": _other_normalizations(study, predictions),
        "verdict": verdict(tables, per_arm, study.verdict),
    }


def _arm(
    study: Study, arm: str, predictions: Sequence[Prediction], tables: dict[str, statistics.Table],
    usage: dict[str, Usage], cost: costs.Cost, manifests: Manifests,
) -> dict[str, Any]:  # fmt: skip
    mine = [p for p in predictions if p.arm == arm]
    splits = {}
    for split, table in tables.items():
        here = [p for p in mine if p.split == split]
        seeds = {s: [p for p in here if p.seed == s] for s in dict.fromkeys(p.seed for p in here)}
        splits[split] = {
            "n": table.questions,
            "correct": round(float(table.correct[arm].sum()), 3),
            "accuracy": round(table.accuracy(arm), 4),
            "ci95": statistics.interval(table.correct[arm], table.n),
            "seeds": {str(s): round(sum(p.correct for p in ps) / len(ps), 4) for s, ps in seeds.items()},
        }
        opened = [p for p in here if p.contained is not None]
        if opened:
            splits[split]["contained"] = round(sum(bool(p.contained) for p in opened) / len(opened), 4)
    first = manifests[f"evaluate-{arm}-{mine[0].seed}"]
    trained = manifests.get(f"train-{arm}-{study.seeds[0]}", {}) if usage["train"].tokens_in else {}
    return {
        "splits": splits,
        "usage": {stage: u.row() for stage, u in usage.items()},
        "cost": {"once_flops": cost.once, "query_flops": cost.query, "query_flops_batched": cost.query_batched},
        "settings": {k: first[k] for k in ("form", "factor", "tried", "shown")},
        "training": {k: v for k, v in trained.items() if k not in ("fingerprint", "usage")},
    }


def _usage(study: Study, arm: str, manifests: Manifests) -> dict[str, Usage]:
    """What the arm used by stage, over all seeds; augmenting includes preflight."""

    def of(*stages: str) -> Usage:
        return Usage.total(Usage.of(manifests[s]["usage"]) for s in stages if s in manifests)

    augmenting = of("preflight", "augment") if arm in AUGMENTED else Usage()
    training = of(*(f"train-{arm}-{seed}" for seed in study.seeds))
    asking = [f"evaluate-{arm}-{seed}" for seed in study.seeds]
    validation = Usage.total(Usage.of(manifests[s]["validation"]) for s in asking if s in manifests)
    return {
        "augment": costs.money(augmenting, study.prices),
        "train": costs.money(training, study.prices, training=True),
        "query": costs.money(of(*asking), study.prices),
        "validation": costs.money(validation, study.prices),
    }


def _mean(usage: Usage, runs: int) -> Usage:
    return Usage(tokens_in=usage.tokens_in // runs, flops=usage.flops / runs, seconds=usage.seconds / runs)


def _chance(questions: Sequence[Question]) -> float | None:
    closed = [1 / len(q.choices) for q in questions if q.choices]
    return round(sum(closed) / len(questions), 4) if closed else None


def _other_normalizations(study: Study, predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Accuracy of each arm under every normalization and on every split, and whether it orders the arms as the study's
    own does."""
    right: dict[tuple[str, str], dict[str, list[bool]]] = {}
    for p in predictions:
        if p.choices and p.loglikelihoods and p.tokens:
            for normalization in NORMALIZATIONS:
                chosen = choose(p.loglikelihoods, divisors(normalization, p.choices, p.tokens))
                cell = right.setdefault((normalization, p.split), {}).setdefault(p.arm, [])
                cell.append(p.choices[chosen] == p.answer)
    accuracy = {
        key: {arm: round(sum(found) / len(found), 4) for arm, found in cell.items()} for key, cell in right.items()
    }
    return [
        {
            "normalization": normalization,
            "split": split,
            "accuracy": cell,
            "same_order": _ranking(cell) == _ranking(accuracy[study.evaluate.normalization, split]),
        }
        for (normalization, split), cell in accuracy.items()
    ]


def _ranking(accuracy: Mapping[str, float]) -> list[str]:
    return sorted(accuracy, key=lambda arm: -accuracy[arm])
