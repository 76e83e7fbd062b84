"""results.json: what other programs rely on (schema 1)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from ..config import Study
from ..likelihood import NORMALIZATIONS, choose, divisors
from ..names import is_candidate, strategies_of
from ..records import Corpus, Prediction, Question, Usage
from . import costs, statistics
from .coverage import coverage
from .decision import decision
from .verdict import shortfalls, verdict

Manifests = Mapping[str, dict[str, Any]]
FEW_STEPS = (
    100  # the paper takes 200 to 1000; with 38 the embedded model does not learn its documents (docs/lab-notes.md)
)
SETTINGS = ("form", "factor", "order", "passed", "tried", "shown", "note", "k", "chunk", "by", "passages", "hits")


def results(
    study: Study, corpus: Corpus, predictions: Sequence[Prediction], manifests: Manifests,
    taught: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything that the report says, as JSON: accuracy by arm, split and kind, usage, comparisons, coverage, costs,
    verdict. `taught`: the texts that each trained arm learnt beside the documents."""
    of_arm: dict[str, list[Prediction]] = defaultdict(list)
    for p in predictions:
        of_arm[p.arm].append(p)
    world = statistics.tabulate(predictions)
    draws = statistics.resample([world])
    usage = {arm: _usage(study, arm, manifests) for arm in of_arm}
    seeds = {arm: len({p.seed for p in mine}) for arm, mine in of_arm.items()}
    of_unit = costs.costs(usage, corpus.questions, seeds, study.prices)
    ratio, assumed = costs.cached_ratio(study.prices)
    candidates = {arm: c for arm, c in of_unit.items() if is_candidate(arm)}
    short = shortfalls(draws, study.verdict.margin)
    of_kinds = _draws_of_kinds(corpus, predictions)
    return {
        "schema": 1,
        "study": json.loads(study.model_dump_json()),
        "data": {
            "documents": len(corpus.documents),
            "questions": len(corpus.questions),
            "validation": len(corpus.validation),
            "groups": len({q.group for q in corpus.questions if q.group is not None}),
        },
        "arms": {
            arm: {
                "splits": _splits(arm, mine, world, draws, of_kinds, corpus),
                "usage": {stage: u.row() for stage, u in usage[arm].items()},
                "cost": _cost(of_unit[arm]),
                **_what_was_done(study, arm, manifests),
            }
            for arm, mine in of_arm.items()
        },
        "chance": {split: _chance([q for q in corpus.questions if q.split == split]) for split in world},
        "comparisons": statistics.comparisons(draws),
        "coverage": coverage(corpus, predictions, taught) if taught else {},
        "break_even": costs.break_even(candidates, study.verdict),
        "cached_prefix": {"ratio": round(ratio, 4), "assumed": assumed},
        "augmentation": _augmentation(manifests.get("augment", {})),
        "other_normalizations": _other_normalizations(study, predictions),
        "shortfalls": short,
        "decision": decision(draws, of_unit, study.verdict),
        "verdict": {
            **_with_shortfalls(verdict(draws, of_unit, study.verdict), [row["split"] for row in short]),
            "provisional": _provisional(corpus.questions),
        },
        "notes": [
            *_notes(study, corpus, world, draws, any(u["train"].tokens_in for u in usage.values())),
            *(f"{arm}: {note}" for arm in of_arm if (note := _first(study, arm, manifests).get("note"))),
            *_few_steps(study, manifests),
        ],
    }


def _splits(
    arm: str, mine: Sequence[Prediction], world: statistics.World, draws: statistics.Draws,
    of_kinds: statistics.Draws | None, corpus: Corpus,
) -> dict[str, Any]:  # fmt: skip
    kind_of = {q.id: q.kind for q in corpus.questions}
    found: dict[str, dict[str, Any]] = {}
    for split, table in world.items():
        here = [p for p in mine if p.split == split]
        seeds: dict[int, list[bool]] = defaultdict(list)
        kinds: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
        for p in here:
            seeds[p.seed].append(p.correct)
            if (kind := p.kind or kind_of.get(p.id)) is not None:
                kinds[kind][p.id].append(p.correct)
        found[split] = {
            "n": table.questions,
            "correct": round(float(table.correct[arm].mean(axis=0).sum()), 3),
            "accuracy": round(table.accuracy(arm), 4),
            "ci95": draws.interval(split, arm),
            "seeds": {str(s): round(fmean(right), 4) for s, right in seeds.items()},
        }
        if why := draws.undefined(split):
            found[split]["undefined"] = why
        if kinds:
            found[split] |= _kinds(kinds)
            for kind, cell in found[split]["kinds"].items():
                cell["ci95"] = of_kinds.interval(_place(split, kind), arm) if of_kinds else None
        opened = [p for p in here if p.contained is not None]
        if opened:
            found[split]["contained"] = round(sum(bool(p.contained) for p in opened) / len(opened), 4)
    return found


DRAWS_OF_KINDS = 4_000  # there are many kinds, and nothing is decided by them


def _draws_of_kinds(corpus: Corpus, predictions: Sequence[Prediction]) -> statistics.Draws | None:
    """As of splits, for each kind within its split."""
    kind_of = {q.id: q.kind for q in corpus.questions}
    named = [(p, kind) for p in predictions if (kind := p.kind or kind_of.get(p.id)) is not None]
    if not named:
        return None
    return statistics.resample(
        [statistics.tabulate([replace(p, split=_place(p.split, kind)) for p, kind in named])], DRAWS_OF_KINDS
    )


def _place(split: str, kind: str) -> str:
    return json.dumps([split, kind])


def _kinds(kinds: Mapping[str, Mapping[str, Sequence[bool]]]) -> dict[str, Any]:
    """Accuracy by sub-type of inference, and their mean with its standard error over sub-types (the paper's error
    bars)."""
    accuracy = {kind: fmean(r for answers in asked.values() for r in answers) for kind, asked in kinds.items()}
    values = list(accuracy.values())
    return {
        "kinds": {kind: {"n": len(asked), "accuracy": round(accuracy[kind], 4)} for kind, asked in kinds.items()},
        "over_kinds": {
            "mean": round(fmean(values), 4),
            "standard_error": round(stdev(values) / len(values) ** 0.5, 4) if len(values) > 1 else None,
        },
    }


def _cost(of_unit: costs.Costs) -> dict[str, Any]:
    flops = of_unit["flops"]
    return {
        "once_flops": flops.once,
        "query_flops": flops.query["none"],
        "query_flops_batched": flops.query["batch"],
        "units": {unit: {"once": c.once, "query": c.query} for unit, c in of_unit.items()},
    }


def _first(study: Study, arm: str, manifests: Manifests) -> dict[str, Any]:
    """What the evaluation with the first seed left."""
    return manifests.get(f"evaluate-{arm}-{study.seeds[0]}", {})


def _what_was_done(study: Study, arm: str, manifests: Manifests) -> dict[str, Any]:
    """From the manifests: how the arm was asked and trained, and what it forgot."""
    first = _first(study, arm, manifests)
    trained = manifests.get(f"train-{arm}-{study.seeds[0]}", {})
    evaluated = [manifests.get(f"evaluate-{arm}-{s}", {}) for s in study.seeds]
    found = {
        "settings": {k: first[k] for k in SETTINGS if k in first},
        "training": {k: v for k, v in trained.items() if k not in ("fingerprint", "usage")},
    }
    forgetting = [m["forgetting"] for m in evaluated if m.get("forgetting")]
    if forgetting:
        found["forgetting"] = {
            "nats_per_byte": round(fmean(f["nats_per_byte"] for f in forgetting), 5),
            "knowledge": {
                "n": forgetting[0]["knowledge"]["n"],
                "correct": round(fmean(f["knowledge"]["correct"] for f in forgetting), 3),
            },
        }
    return found


def _usage(study: Study, arm: str, manifests: Manifests) -> dict[str, Usage]:
    """What the arm used by stage, over all seeds; augmenting includes preflight and the strategies that it uses."""

    def of(*stages: str) -> Usage:
        return Usage.total(Usage.of(manifests[s]["usage"]) for s in stages if s in manifests)

    training = of(*(f"train-{arm}-{seed}" for seed in study.seeds))
    asking = [f"evaluate-{arm}-{seed}" for seed in study.seeds]
    validation = Usage.total(Usage.of(manifests[s].get("validation", {})) for s in asking if s in manifests)
    strategies = manifests.get("augment", {}).get("strategies", {})
    augmenting = Usage()
    if arm == "augmented":
        augmenting = of("preflight", "augment")
    elif used := strategies_of(arm, {name: s["family"] for name, s in strategies.items()}):
        augmenting = of("preflight") + Usage.total(Usage.of(strategies[name].get("usage", {})) for name in used)
    indexed = [Usage.of(manifests[s]["index"]) for s in asking if "index" in manifests.get(s, {})]
    return {
        "augment": costs.money(augmenting, study.prices),
        "train": costs.money(training, study.prices, training=True),
        "query": costs.money(of(*asking), study.prices),
        "validation": costs.money(validation, study.prices),
        **({"index": Usage.total(indexed)} if arm == "rag" else {}),
    }


def _augmentation(manifest: Mapping[str, Any]) -> dict[str, Any]:
    found = {k: manifest[k] for k in ("accepted", "made", "leaks", "overlap", "links") if k in manifest}
    if "strategies" in manifest:
        found["strategies"] = {
            name: {k: s.get(k) for k in ("family", "accepted", "made")} for name, s in manifest["strategies"].items()
        }
    return found


def _with_shortfalls(found: dict[str, Any], short: Sequence[str]) -> dict[str, Any]:
    if short:
        found["reason"] += f" Plain fine-tuning falls short on {', '.join(short)}."
    return found


def _notes(study: Study, corpus: Corpus, world: statistics.World, draws: statistics.Draws, trained: bool) -> list[str]:
    """What limits the intervals, in words: nothing of it may pass in silence."""
    found = [why for split in world if (why := draws.undefined(split))]
    if loose := sum(q.group is None for q in corpus.questions):
        found.append(
            f"{loose} of {len(corpus.questions)} questions name no group: each counts as a fact of its own; where "
            "several ask about one fact, the intervals are too narrow"
        )
    single = [s for s, t in world.items() if len(t.groups) > 1 and t.n.max() == 1]
    if single and loose < len(corpus.questions):
        found.append(f"each group has one question in {', '.join(single)}: there, questions count as independent")
    few = [f"{s} ({len(t.groups)})" for s, t in world.items() if 1 < len(t.groups) < 10]
    if few:
        found.append(f"few groups: {', '.join(few)}; intervals are wide, and rest on the groups being alike")
    if trained and len(study.seeds) == 1:
        found.append("one seed: each arm was trained once, so that the intervals leave out the luck of training")
    unknown = [split for split in study.verdict.weights if split not in world]
    if unknown:
        found.append(f"verdict.weights names splits without questions: {', '.join(unknown)}; known: {', '.join(world)}")
    return found


def _few_steps(study: Study, manifests: Manifests) -> list[str]:
    """Which arms were trained too little for what the paper found to show, and what gives more."""
    trained = [(arm, manifests.get(f"train-{arm}-{study.seeds[0]}", {}).get("steps")) for arm in study.arms]
    few = [f"{arm} {steps}" for arm, steps in trained if steps and steps < FEW_STEPS]
    how = ["a smaller train.batch_size", "more train.epochs"]
    if study.train.splitting == "none":
        how.append("train.splitting: independent, where documents have many sentences")
    said = f"few optimizer steps ({', '.join(few)}): an arm may not have learnt what its texts say; more come from "
    return [said + ", ".join(how)] if few else []


def _provisional(questions: Sequence[Question]) -> str | None:
    """Why the verdict is not final, if it is not: questions that a model wrote and nobody read."""
    n = sum(q.reviewed is False for q in questions)
    return f"provisional: {n} of {len(questions)} questions are not reviewed" if n else None


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
