"""results.json as tables: what report.md and report.html show. SECTIONS lists them: a new section is one function, and
one line there. A function returns None where there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .costs import CASES

Found = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """`head` and `rows` are cells as they are read; `text` stands above the table, `below` under it."""

    title: str
    head: list[str]
    rows: list[list[str]]
    text: str = ""
    below: list[str] = field(default_factory=list)


def splits_of(found: Mapping[str, Any]) -> list[str]:
    return list(next(iter(found["arms"].values()))["splits"])


def accuracy(found: Found) -> Section:
    splits, rows = splits_of(found), []
    for arm, row in found["arms"].items():
        settings = row["settings"]
        form = settings["form"]
        if settings.get("shown"):
            form += f", {settings['shown']} documents (1 in {settings['factor']})"
        if settings.get("k"):
            form += f", {settings['k']} passages"
        cells = [percent(row["splits"][s]["accuracy"], row["splits"][s]["ci95"]) for s in splits]
        rows.append([arm, *cells, form])
    chance = found["chance"]
    rows.append(["chance", *("" if chance[s] is None else f"{chance[s]:.3f}" for s in splits), ""])
    changed = [c for c in found["other_normalizations"] if not c["same_order"]]
    places = ", ".join(f"{c['normalization']} on {c['split']}" for c in changed)
    below = [
        "Intervals: 95 %, resampled by group and seed. Normalization of likelihoods: "
        f"{found['study']['evaluate']['normalization']}, fixed before results. "
        + (
            f"Another order of arms would come from: {places}."
            if changed
            else "No other would order the arms differently."
        )
    ]
    return Section("Accuracy", ["arm", *splits, "prompt form"], rows, "", below + [f"{n}." for n in found["notes"]])


def seeds(found: Found) -> Section | None:
    """Each training on its own."""
    splits, rows = splits_of(found), []
    for arm, row in found["arms"].items():
        each = row["splits"][splits[0]]["seeds"]
        if len(each) > 1:
            rows += [[arm, seed, *(f"{row['splits'][s]['seeds'][seed]:.3f}" for s in splits)] for seed in each]
    return Section("Accuracy by seed", ["arm", "seed", *splits], rows) if rows else None


def kinds(found: Found) -> Section | None:
    arms, rows = list(found["arms"]), []
    for split in splits_of(found):
        cells = {arm: found["arms"][arm]["splits"][split] for arm in arms}
        named = list(cells[arms[0]].get("kinds", {}))
        for kind in named:
            each = {arm: cells[arm]["kinds"][kind] for arm in arms}
            rows.append([split, kind, f"{each[arms[0]]['n']}", *(f"{each[arm]['accuracy']:.3f}" for arm in arms)])
        if len(named) > 1:
            over = [cells[arm]["over_kinds"] for arm in arms]
            means = [f"{o['mean']:.3f} ± {o['standard_error']:.3f}" for o in over]
            rows.append([split, f"mean of {len(named)}", "", *means])
    text = "Means over sub-types stand with their standard error over sub-types."
    return Section("Accuracy by kind of inference", ["split", "kind", "n", *arms], rows, text) if rows else None


def differences(found: Found) -> Section:
    rows = [
        [c["split"], c["a"], c["b"], f"{c['difference']:+.3f}", signed(c["ci95"]), not_defined(c["p"])]
        for c in found["comparisons"]
    ]
    head = ["split", "arm", "against", "difference", "95 %", "p (Holm)"]
    text = "Paired, resampled by group and seed. Ahead means that the interval leaves out 0."
    return Section("Paired differences", head, rows, text)


def shortfalls(found: Found) -> Section | None:
    if "finetune" not in found["arms"]:
        return None
    rows = [
        [row["split"], f"{row['accuracy']:.3f}", a["arm"], f"{a['difference']:+.3f}", signed(a["ci95"])]
        for row in found["shortfalls"] for a in row["ahead"]
    ]  # fmt: skip
    text = "" if rows else "On no split is another arm ahead of plain fine-tuning."
    return Section("Where plain fine-tuning falls short", ["split", "finetune", "ahead", "by", "95 %"], rows, text)


# What a control tells: (the arm, what it is held against, what a difference would mean).
CONTROLS = (
    ("control-instruction", "base", "what the instruction alone does"),
    ("icl", "control-instruction", "what the documents do, beyond the instruction"),
    ("icl", "control-unrelated", "what these documents do, beyond a context of the same kind"),
)


def controls(found: Found) -> Section | None:
    rows = []
    for arm, against, told in CONTROLS:
        for c in found["comparisons"]:
            if {c["a"], c["b"]} == {arm, against}:
                turn = 1 if c["a"] == arm else -1
                difference = turn * c["difference"] + 0.0  # no -0
                interval = c["ci95"] and sorted(turn * x + 0.0 for x in c["ci95"])
                rows.append([told, arm, against, c["split"], f"{difference:+.3f}", signed(interval)])
    return Section("Controls", ["what", "arm", "against", "split", "difference", "95 %"], rows) if rows else None


def coverage(found: Found) -> Section | None:
    if not found["coverage"]:
        return None
    rows = [
        [arm, split, f"{c['covered']} of {c['n']}", *(not_defined(c[f"accuracy_{w}covered"]) for w in ("", "un"))]
        for arm, cells in found["coverage"].items() if arm in found["arms"]
        for split, c in cells.items()
    ]  # fmt: skip
    stated = ", ".join(f"{split} {n}" for split, n in found["coverage"]["in_documents"].items())
    how = {
        "solver": "Decided by the benchmark's solver.",
        "approximate": "Approximate: a text counts if it holds the question's group and answer, in the asked order.",
    }[found["coverage"]["method"]]
    return Section(
        "Coverage: what was taught, and what generalized",
        ["arm", "split", "covered", "accuracy where covered", "where not"],
        rows,
        f"A question is covered if the texts that the arm learnt beside the documents state what it asks. {how}",
        [f"Questions that the documents themselves state: {stated}."],
    )


def retrieval(found: Found) -> Section | None:
    """What rag found, since no answer is better than its passages."""
    settings = found["arms"].get("rag", {}).get("settings", {})
    if "k" not in settings:
        return None
    hits, chunk = settings["hits"], settings["chunk"]
    index = found["arms"]["rag"]["usage"]["index"]
    row = [
        settings["by"], f"{settings['k']} of {settings['passages']}", f"{chunk} tokens" if chunk else "whole documents",
        f"{hits['found']} of {hits['asked']}" if hits["asked"] else "no groups in common",
        quantity(index["flops"]), f"{index['seconds']:.2g}",
    ]  # fmt: skip
    head = ["by", "passages before a question", "longest", "of the question's group found", "index FLOPs", "index s"]
    return Section("Retrieval", head, [row], "Passages are found by the question's prompt alone, never by its answer.")


def forgetting(found: Found) -> Section | None:
    measured = {arm: row["forgetting"] for arm, row in found["arms"].items() if "forgetting" in row}
    if not measured:
        return None
    before = measured.get("base")
    rows = []
    for arm, f in measured.items():
        change = f"{f['nats_per_byte'] - before['nats_per_byte']:+.4f}" if before else ""
        rows.append(
            [arm, f"{f['nats_per_byte']:.4f}", change, f"{f['knowledge']['correct']:g} of {f['knowledge']['n']}"]
        )
    head = ["arm", "general text, nats per byte", "change", "general questions right"]
    return Section("Forgetting", head, rows, "Less is better for text that has nothing to do with the documents.")


def budgets(found: Found) -> Section | None:
    rows = []
    for arm, row in found["arms"].items():
        train, augment, done = row["usage"]["train"], row["usage"]["augment"], row["training"]
        if done:
            rows.append([
                arm, f"{done.get('examples', '')}", f"{done.get('steps', '')}", quantity(done.get("tokens")),
                quantity(train["flops"]), f"{train['seconds']:.0f}",
                quantity(augment["tokens_in"] + augment["tokens_out"]), quantity(augment["flops"]),
                f"{augment['seconds']:.0f}",
            ])  # fmt: skip
    head = [
        "arm",
        "texts",
        "steps",
        "tokens trained",
        "train FLOPs",
        "train s",
        "augment tokens",
        "augment FLOPs",
        "augment s",
    ]
    trained = len(found["study"]["seeds"])
    text = f"Arms are matched by: {found['study']['train'].get('match', 'none')}. "
    text += f"Texts, steps and tokens are of one training; FLOPs and seconds of all {trained}." if trained > 1 else ""
    return Section("Budgets side by side", head, rows, text.strip()) if rows else None


def costs(found: Found) -> Section:
    rows = []
    for arm, row in found["arms"].items():
        unit, query = row["cost"]["units"], row["usage"]["query"]
        flops = unit["flops"]
        rows.append([
            arm, quantity(flops["once"]), *(quantity(flops["query"][case]) for case in CASES),
            f"{unit['seconds']['query']['none']:.3g}", quantity(query["tokens_in"]),
            quantity(query["tokens_in_reused"]),
        ])  # fmt: skip
    head = ["arm", "once, FLOPs", *(f"a query, FLOPs: {told}" for told in CASES.values()), "a query alone, s",
            "tokens computed", "reused"]  # fmt: skip
    return Section("Costs", head, rows, _cached(found), ["Seconds of a query are from this run's tokens in a second."])


def break_even(found: Found) -> Section | None:
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for b in found["break_even"]:
        told = "never" if b["queries"] is None else f"{b['queries']:,}"
        cells.setdefault((b["arm"], b["against"], b["case"]), {})[b["unit"]] = told
    if not cells:
        return None
    units = list(next(iter(cells.values())))
    settings = found["study"]["verdict"]
    text = "From how many queries on the arm costs less in all. "
    if updates := settings.get("updates_per_month"):
        text += (
            f"Documents change {updates:g} times a month for {settings['months']:g} months; each time is paid again. "
        )
    rows = [[*key, *(row[unit] for unit in units)] for key, row in cells.items()]
    return Section("Break-even", ["arm", "against", "case", *(f"in {u}" for u in units)], rows, text + _cached(found))


def _cached(found: Found) -> str:
    cached = found["cached_prefix"]
    assumed = " (assumed: no prices tell)" if cached["assumed"] else ""
    return f"A cached token counts as {cached['ratio']:g} of a computed one{assumed}."


def augmentations(found: Found) -> Section | None:
    made = found["augmentation"]
    if not made:
        return None
    rows = [
        [
            name,
            s["family"] or "",
            f"{s['accepted']}",
            f"{s['made']}",
            f"{s['accepted'] / s['made']:.2f}" if s["made"] else "",
        ]
        for name, s in made.get("strategies", {}).items()
    ]
    below = []
    if links := made.get("links"):
        below.append(
            f"Linked pairs of documents: {links['pairs']}; together in a context: {links['together']}; their link "
            f"stated: {links['stated']}."
        )
    if leaks := made.get("leaks"):
        below.append(
            f"Leak check: {leaks['questions']} questions, stated with their answer, stand word for word in what the "
            f"augmenter was asked about; {leaks['in_documents']} in the documents themselves, whence alone they come."
        )
    if overlap := made.get("overlap"):
        below.append(
            f"Overlap: of {overlap['questions']} questions, stated with their answer, {overlap['same']} are an "
            f"accepted text word for word, and {overlap['near']} nearly (those included): taught as they are asked."
        )
    text = f"{made['accepted']} of {made['made']} texts were accepted."
    return Section("Augmentations", ["strategy", "family", "accepted", "made", "share"], rows, text, below)


SECTIONS: tuple[Callable[[Found], Section | None], ...] = (
    accuracy, shortfalls, differences, kinds, seeds, coverage, controls, retrieval, forgetting, budgets, costs,
    break_even, augmentations,
)  # fmt: skip


def sections(found: Found) -> list[Section]:
    return [section for make in SECTIONS if (section := make(found))]


# -- cells


def quantity(value: float | None) -> str:
    """1.2e15 as 1.2 P, and so on."""
    if not value:
        return "0"
    for unit, size in (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def percent(accuracy: float, ci95: Sequence[float] | None) -> str:
    return f"{accuracy:.3f}" + (f" [{ci95[0]:.2f}, {ci95[1]:.2f}]" if ci95 else " (no interval)")


def signed(ci95: Sequence[float] | None) -> str:
    return f"[{ci95[0]:+.3f}, {ci95[1]:+.3f}]" if ci95 else "not defined"


def not_defined(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
