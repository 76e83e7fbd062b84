"""Charts as SVG: the page shows them, and `--figures` writes them as files. Every interval that is known is drawn,
every value stands beside its mark as a number, and every chart says in words what it shows (for screen readers).

Colours are CSS variables, so that one drawing is right in light and dark; a file of its own gets the light ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import ceil, floor, log10
from typing import Any

from . import decision
from .costs import CASES
from .sections import quantity, splits_of

Found = Mapping[str, Any]
Interval = Sequence[float] | None

# Told apart by colour-blind readers too (after Okabe and Ito): (light, dark).
COLOURS = {
    "ink": ("#1c1f23", "#e7e9ec"), "dim": ("#5f6875", "#a0a8b4"), "line": ("#e3e6ea", "#2f363f"),
    "paper": ("#ffffff", "#14171b"), "wash": ("#f6f7f8", "#1c2127"), "link": ("#0b62a3", "#7ec0f2"),
    "good": ("#00795a", "#40d3a4"), "bad": ("#b8420a", "#ff9d6b"),
    "base": ("#667080", "#9aa4b2"), "icl": ("#0069a8", "#56b4e9"), "rag": ("#4b55a8", "#aab3ff"),
    "finetune": ("#bd4b00", "#ff8f4f"), "augmented": ("#007d5b", "#2fcf9e"), "local": ("#ad3f80", "#e5a3c8"),
    "global": ("#7d4d94", "#c39bd3"), "only": ("#8f4569", "#d69bb8"), "oracle": ("#3a3f46", "#d5dae0"),
    "control": ("#6b7280", "#8d97a4"),
}  # fmt: skip
ROW, TOP = 25, 42  # pixels: a row of a panel, what stands above the first
CHARACTER = 7.0  # pixels of a character, about
FONTS = "Helvetica, Arial, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', 'Noto Sans', sans-serif"
LONGEST = 22  # characters of a label


def colour(arm: str) -> str:
    name = arm.split("-")[0]
    return f"var(--{name if name in COLOURS else 'control'})"


def clean(text: str) -> str:
    """Text that XML can hold: control characters as their pictures."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda m: chr(0x2400 + ord(m.group())), text)


def short(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass(frozen=True)
class Chart:
    """`name` becomes the file's; `told` is the chart in words; `data` are attributes that the page's script reads."""

    name: str
    title: str
    told: str
    width: int
    height: int
    parts: tuple[str, ...]
    data: Mapping[str, str]

    def svg(self) -> str:
        """For the page."""
        more = "".join(f' data-{k}="{escape(v)}"' for k, v in self.data.items())
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}" '
            f'role="img" aria-label="{escape(clean(f"{self.title}. {self.told}"))}"{more}>{"".join(self.parts)}</svg>'
        )

    def file(self) -> str:
        """As a file of its own, with light colours and white ground."""
        body = re.sub(r"var\(--(\w+)\)", lambda m: COLOURS[m.group(1)][0], "".join(self.parts))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" font-family="{FONTS}" font-size="12">'
            f"<title>{escape(clean(self.title))}</title><desc>{escape(clean(self.told))}</desc>"
            f'<rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
        )


def _tag(name: str, inner: str | None = None, **attributes: Any) -> str:
    told = "".join(
        f' {k.rstrip("_").replace("_", "-")}="{escape(f"{v:.4g}" if isinstance(v, float) else str(v))}"'
        for k, v in attributes.items() if v is not None
    )  # fmt: skip
    return f"<{name}{told}/>" if inner is None else f"<{name}{told}>{inner}</{name}>"


def _text(x: float, y: float, text: str, fill: str = "var(--ink)", size: int = 12, **more: Any) -> str:
    return _tag("text", escape(clean(text)), x=float(x), y=float(y), fill=fill, font_size=size, **more)


def _line(
    x1: float, y1: float, x2: float, y2: float, stroke: str = "var(--line)", width: float = 1, **more: Any
) -> str:
    return _tag(
        "line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), stroke=stroke, stroke_width=width, **more
    )


def _dot(x: float, y: float, fill: str, hollow: bool = False, title: str = "", r: float = 4.5, **more: Any) -> str:
    paint = {"fill": "var(--paper)" if hollow else fill, "stroke": fill, "stroke_width": 2 if hollow else 0}
    hint = _tag("title", escape(clean(title)))
    return _tag("circle", hint, cx=float(x), cy=float(y), r=r, **paint, **more)


# -- rows of dots with intervals


@dataclass(frozen=True)
class Mark:
    value: float | None
    ci95: Interval = None
    hollow: bool = False


@dataclass(frozen=True)
class Line:
    """A row of a panel; `value` stands at its right end."""

    label: str
    colour: str
    marks: Sequence[Mark]
    value: str
    bold: bool = False


def panel(
    name: str, title: str, rows: Sequence[Line], low: float = 0.0, high: float = 1.0, reference: float | None = None,
    reference_label: str = "", ticks: Sequence[float] = (0.0, 0.5, 1.0), width: int = 320, tick: str = "{:g}",
) -> Chart:  # fmt: skip
    """Rows of dots on one axis, each with its interval and its value; a dashed line at `reference`."""
    longest = max([len(short(r.label)) for r in rows] or [0])
    left = min(150.0, longest * CHARACTER + 12)
    right = width - max([len(r.value) for r in rows] or [0]) * CHARACTER - 14
    bottom = TOP + ROW * len(rows)

    def x(value: float) -> float:
        return left + (right - left) * (min(max(value, low), high) - low) / (high - low)

    parts = [_text(0, 13, short(title, width // 7), size=13, font_weight=600)]
    for at in ticks:
        parts.append(_line(x(at), TOP - 8, x(at), bottom))
        parts.append(
            _text(
                x(at),
                bottom + 15,
                tick.format(at).replace("-", "−") if at else "0",
                "var(--dim)",
                11,
                text_anchor="middle",
            )
        )
    if reference is not None:
        parts.append(_line(x(reference), TOP - 8, x(reference), bottom, "var(--dim)", 1.2, stroke_dasharray="3 3"))
        if reference_label:
            parts.append(_text(x(reference), TOP - 11, reference_label, "var(--dim)", 10, text_anchor="middle"))
    for i, row in enumerate(rows):
        y = TOP + ROW * (i + 0.5)
        label = _tag("title", escape(clean(row.label))) if len(row.label) > LONGEST else ""
        parts.append(_tag("g", _text(0, y + 4, short(row.label)) + label))
        known = [m for m in row.marks if m.value is not None]
        if len(known) > 1:
            places = [x(m.value or 0.0) for m in known]
            parts.append(_line(min(places), y, max(places), y, row.colour, 1, opacity=0.5))
        for m in known:
            if m.ci95:
                parts.append(_line(x(m.ci95[0]), y, x(m.ci95[1]), y, row.colour, 5, opacity=0.32, class_="interval"))
        for m in known:
            hint = f"{row.label}: {m.value:.3f}" + (f" [{m.ci95[0]:.3f}, {m.ci95[1]:.3f}]" if m.ci95 else "")
            parts.append(
                _dot(x(m.value or 0.0), y, row.colour, m.hollow, hint, data_value=f"{m.value}", data_row=row.label)
            )
        parts.append(
            _text(
                width - 2, y + 4, row.value.replace("-", "−"), text_anchor="end", font_weight=600 if row.bold else None
            )
        )
    told = "; ".join(f"{r.label} {_told(r)}" for r in rows)
    if reference_label and reference is not None:
        told += f"; {reference_label} {reference:.2f}"
    return Chart(name, title, told, width, bottom + 22, tuple(parts), {"chart": name})


def _told(row: Line) -> str:
    intervals = [m.ci95 for m in row.marks if m.ci95]
    return row.value + (f" (95 % {intervals[0][0]:.2f} to {intervals[0][1]:.2f})" if len(intervals) == 1 else "")


def _accuracies(cells: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    return [
        Line(arm, colour(arm), [Mark(c["accuracy"], c.get("ci95"), c.get("ci95") is None)], f"{c['accuracy']:.2f}")
        for arm, c in cells.items()
    ]


def _accuracy(name: str, title: str, cells: Mapping[str, Any], chance: float | None, width: int = 280) -> Chart:
    return panel(
        name, title, _accuracies(cells), reference=chance, reference_label="chance" if chance else "", width=width
    )


def accuracy(found: Found) -> list[Chart]:
    """The first chart: accuracy by arm, a mean over splits."""
    means = found["decision"]["means"]
    if not means:
        return []
    weights = found["study"]["verdict"]["weights"]
    counted = {s: weights.get(s, 1.0) for s in splits_of(found) if weights.get(s, 1.0) > 0}
    known = [found["chance"][s] for s in counted]
    chance = None
    if None not in known:
        chance = sum(w * found["chance"][s] for s, w in counted.items()) / sum(counted.values())
    title = "Accuracy" + (f", mean of {len(counted)} splits" if len(counted) > 1 else "")
    return [_accuracy("accuracy", title, means, chance, 320)]


def by_split(found: Found) -> list[Chart]:
    return [
        _accuracy(
            f"accuracy-{i}", f"{split} ({_n(found, split)})",
            {arm: row["splits"][split] for arm, row in found["arms"].items()}, found["chance"][split],
        )
        for i, split in enumerate(splits_of(found), 1)
    ]  # fmt: skip


def _n(found: Found, split: str) -> int:
    return int(next(iter(found["arms"].values()))["splits"][split]["n"])


def by_kind(found: Found) -> list[Chart]:
    """A panel for each kind of inference of the splits that have several."""
    charts: list[Chart] = []
    for split in splits_of(found):
        cells = {arm: row["splits"][split].get("kinds", {}) for arm, row in found["arms"].items()}
        kinds = list(next(iter(cells.values())))
        for kind in kinds if len(kinds) > 1 else ():
            each = {arm: cell[kind] for arm, cell in cells.items() if kind in cell}
            n = next(iter(each.values()))["n"]
            charts.append(
                _accuracy(f"kind-{len(charts) + 1}", f"{split}: {kind} ({n})", each, found["chance"][split], 250)
            )
    return charts


def differences(found: Found) -> list[Chart]:
    """Paired differences: augmented against the others, or every pair where there is no augmented."""
    rows = [c for c in found["comparisons"] if "augmented" in (c["a"], c["b"])] or found["comparisons"]
    turned = [turn(c, "augmented") for c in rows]
    reach = max([0.1, *(abs(v) for c in turned for v in [c["difference"], *(c["ci95"] or [])])])
    edge = ceil(reach * 10) / 10
    charts = []
    for i, split in enumerate(splits_of(found), 1):
        lines = [_difference(c) for c in turned if c["split"] == split]
        if lines:
            title = f"{split}: augmented" if turned[0]["a"] == "augmented" else split
            charts.append(
                panel(f"difference-{i}", title, lines, -edge, edge, 0.0, "", (-edge, 0.0, edge), 280, "{:+g}")
            )
    return charts


def _difference(c: Mapping[str, Any]) -> Line:
    label, other = (f"− {c['b']}", c["b"]) if c["a"] == "augmented" else (f"{c['a']} − {c['b']}", c["a"])
    ahead = bool(c["ci95"]) and c["ci95"][0] * c["ci95"][1] > 0
    return Line(
        label, colour(other), [Mark(c["difference"], c["ci95"], not c["ci95"])], f"{c['difference']:+.2f}", ahead
    )


def turn(comparison: Mapping[str, Any], first: str) -> dict[str, Any]:
    """The comparison with `first` as its first arm, if it is the second."""
    c = dict(comparison)
    if c["b"] == first:
        c["a"], c["b"], c["difference"] = c["b"], c["a"], -c["difference"] + 0.0
        c["ci95"] = c["ci95"] and [-c["ci95"][1] + 0.0, -c["ci95"][0] + 0.0]
    return c


def coverage(found: Found) -> list[Chart]:
    """Accuracy where what a question asks was taught (full) and where it was not (hollow)."""
    charts = []
    for i, split in enumerate(splits_of(found), 1):
        lines = []
        for arm, cells in found["coverage"].items():
            cell = cells.get(split) if arm in found["arms"] else None
            if cell and cell["covered"]:
                marks = [
                    Mark(cell["accuracy_uncovered"], cell.get("ci95_uncovered"), True),
                    Mark(cell["accuracy_covered"], cell.get("ci95_covered")),
                ]
                lines.append(Line(arm, colour(arm), marks, f"{cell['covered']} of {cell['n']}"))
        if lines:
            charts.append(panel(f"coverage-{i}", split, lines, width=280))
    return charts


def seeds(found: Found) -> list[Chart]:
    """Each training on its own."""
    charts = []
    for i, split in enumerate(splits_of(found), 1):
        lines = []
        for arm, row in found["arms"].items():
            each = row["splits"][split]["seeds"]
            if len(each) > 1:
                told = f"{min(each.values()):.2f} to {max(each.values()):.2f}"
                lines.append(Line(arm, colour(arm), [Mark(v) for v in each.values()], told))
        if lines:
            charts.append(panel(f"seeds-{i}", split, lines, width=280))
    return charts


def forgetting(found: Found) -> list[Chart]:
    measured = {arm: row["forgetting"] for arm, row in found["arms"].items() if "forgetting" in row}
    if not measured:
        return []
    top = ceil(max(f["nats_per_byte"] for f in measured.values()) * 5) / 5
    text = [
        Line(arm, colour(arm), [Mark(f["nats_per_byte"])], f"{f['nats_per_byte']:.3f}") for arm, f in measured.items()
    ]
    known = [
        Line(arm, colour(arm), [Mark(f["knowledge"]["correct"] / f["knowledge"]["n"])],
             f"{f['knowledge']['correct']:g} of {f['knowledge']['n']}")
        for arm, f in measured.items()
    ]  # fmt: skip
    base = measured.get("base")
    return [
        panel("forgetting-text", "General text, nats per byte (less is better)", text, 0, top,
              base and base["nats_per_byte"], "base" if base else "", (0, top / 2, top), 340),
        panel("forgetting-knowledge", "General questions answered right", known, width=340,
              reference=base and base["knowledge"]["correct"] / base["knowledge"]["n"],
              reference_label="base" if base else ""),
    ]  # fmt: skip


def ablation(found: Found) -> list[Chart]:
    """Which strategies carry it: arms that learn a part of the augmentations, beside those that learn none and all."""
    means = found["decision"]["means"]
    parts = [arm for arm in means if arm in ("local", "global") or arm.startswith("only-")]
    if not parts:
        return []
    shown = [arm for arm in ("finetune", *parts, "augmented", "oracle") if arm in means]
    return [_accuracy("ablation", "Mean accuracy by what was taught", {a: means[a] for a in shown}, None, 400)]


# -- costs


def costs(found: Found) -> list[Chart]:
    """What a thousand queries cost, and what is paid once, on a logarithmic axis."""
    unit, case = found["decision"]["unit"], found["study"]["verdict"]["caching"]
    rows = {arm: row["cost"]["units"][unit] for arm, row in found["arms"].items()}
    each = {arm: (1000 * c["query"][case], c["once"]) for arm, c in rows.items()}
    known = [v for pair in each.values() for v in pair if v > 0]
    if not known:
        return []
    low, high = floor(log10(min(known))), ceil(log10(max(known)) + 1e-9)
    high = max(high, low + 1)
    width, label = 340, max(len(short(arm)) for arm in rows) * CHARACTER + 8
    right, bottom = width - 100, TOP + ROW * len(rows) + 6

    def x(value: float) -> float:
        return label + (right - label) * (log10(max(value, 10.0**low)) - low) / (high - low)

    parts = [_text(0, 13, f"Cost, {named(unit)}", size=13, font_weight=600)]
    parts += [_text(right + 48, 24, "1,000 queries", "var(--dim)", 10, text_anchor="end"),
              _text(width - 2, 24, "once", "var(--dim)", 10, text_anchor="end")]  # fmt: skip
    for decade in range(low, high + 1, max(1, (high - low) // 3)):
        parts.append(_line(x(10.0**decade), TOP - 2, x(10.0**decade), bottom))
        parts.append(
            _text(x(10.0**decade), bottom + 15, amount(10.0**decade, unit), "var(--dim)", 11, text_anchor="middle")
        )
    for i, (arm, (thousand, once)) in enumerate(each.items()):
        y = TOP + 6 + ROW * (i + 0.5)
        parts.append(_text(0, y + 4, short(arm)))
        if once > 0:
            parts.append(_dot(x(once), y, colour(arm), True, f"{arm}, once: {amount(once, unit)}", data_once=f"{once}"))
        hint = f"{arm}, 1,000 queries: {amount(thousand, unit)}"
        parts.append(_dot(x(thousand), y, colour(arm), False, hint, data_value=f"{thousand}", data_row=arm))
        parts.append(_text(right + 48, y + 4, amount(thousand, unit), size=11, text_anchor="end"))
        parts.append(_text(width - 2, y + 4, amount(once, unit) if once else "–", "var(--dim)", 11, text_anchor="end"))
    told = "; ".join(f"{arm} {amount(q, unit)}, once {amount(o, unit)}" for arm, (q, o) in each.items())
    parts.append(_text(label, bottom + 32, "● a thousand queries   ○ paid once", "var(--dim)", 11))
    return [
        Chart(
            "cost", f"Cost of 1,000 queries, {named(unit)}", told, width, bottom + 38, tuple(parts), {"chart": "cost"}
        )
    ]


def named(unit: str) -> str:
    return "FLOPs" if unit == "flops" else unit


def amount(value: float, unit: str) -> str:
    if unit == "money":
        return f"{value:,.2f}" if value >= 0.01 or not value else f"{value:.1g}"
    return quantity(value)


def decades(found: Found) -> int:
    """How far the chart's queries go: a power of ten beyond every crossing."""
    queries = [b["queries"] for b in found["break_even"] if b["queries"]]
    return min(12, max(5, ceil(log10(max([1.0, found["study"]["verdict"]["queries"], *queries])) + 0.5)))


def break_even(found: Found) -> list[Chart]:
    """Cost in all against the number of queries, one chart a case; under it, what is recommended over which queries."""
    return [chart for case in CASES if (chart := _break_even(found, case))]


def _break_even(found: Found, case: str) -> Chart | None:
    arms, most = found["decision"]["arms"], decades(found)
    if not arms:
        return None
    unit = found["decision"]["unit"]
    steps = [most * i / 80 for i in range(81)]
    lines = {arm: [decision.total(found, arm, 10**s, case) for s in steps] for arm in arms}
    positive = [v for line in lines.values() for v in line if v > 0]
    if not positive:
        return None
    low, high = floor(log10(min(positive))), max(ceil(log10(max(positive))), floor(log10(min(positive))) + 1)
    width, left, right, top, bottom = 440, 46, 352, 30, 232

    def x(exponent: float) -> float:
        return left + (right - left) * exponent / most

    def y(value: float) -> float:
        return bottom - (bottom - top) * (log10(max(value, 10.0**low)) - low) / (high - low)

    parts = [_text(0, 13, f"Cost in all by number of queries, {named(unit)}", size=13, font_weight=600)]
    for decade in range(low, high + 1, max(1, ceil((high - low) / 5))):
        parts.append(_line(left, y(10.0**decade), right, y(10.0**decade)))
        parts.append(
            _text(left - 6, y(10.0**decade) + 4, amount(10.0**decade, unit), "var(--dim)", 11, text_anchor="end")
        )
    for decade in range(0, most + 1, max(1, ceil(most / 6))):
        parts.append(
            _text(
                x(decade), bottom + 34, quantity(10.0**decade).replace(" ", ""), "var(--dim)", 11, text_anchor="middle"
            )
        )
    for arm, line in lines.items():
        path = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(steps, line, strict=True))
        parts.append(_tag("polyline", points=path, fill="none", stroke=colour(arm), stroke_width=2.2, data_row=arm))
    for arm, place in _spread({arm: y(line[-1]) for arm, line in lines.items()}, 14, top, bottom).items():
        parts.append(_line(right + 1, y(lines[arm][-1]), right + 8, place, colour(arm)))
        parts.append(_text(right + 11, place + 4, short(arm, 11), colour(arm), font_weight=600))
    parts += _strip(found, case, most, x, bottom + 8)
    parts.append(
        _tag("g", _line(0, top - 6, 0, bottom + 20, "var(--ink)", 1.5), class_="now", transform=f"translate({left} 0)")
    )
    told = "Recommended: " + "; ".join(
        f"{arm if sure else f'cannot tell ({arm} first)'} from {ceil(low):,} to {floor(high):,} queries"
        for low, high, arm, sure in decision.stretches(found, 10.0**most, case)
    )
    parts.append(_text(left, bottom + 50, "expected queries", "var(--dim)", 11))
    data = {"chart": "break-even", "case": case, "left": f"{left}", "right": f"{right}", "decades": f"{most}"}
    return Chart(f"break-even-{case}", f"Break-even: {CASES[case]}", told, width, bottom + 54, tuple(parts), data)


def _strip(found: Found, case: str, most: int, x: Callable[[float], float], y: float) -> list[str]:
    parts = []
    for low, high, arm, sure in decision.stretches(found, 10.0**most, case):
        left, right = x(log10(low)), x(log10(high))
        said = arm if sure else "cannot tell"
        parts.append(
            _tag("rect", _tag("title", escape(said)), x=left, y=float(y), width=max(right - left - 1, 0.5), height=13,
                 fill=colour(arm), opacity=0.85 if sure else 0.25, data_row=arm)
        )  # fmt: skip
        if right - left > len(said) * 6 + 8:
            ink = "var(--paper)" if sure else "var(--ink)"
            parts.append(_text((left + right) / 2, y + 10, said, ink, 10, text_anchor="middle"))
    return parts


def _spread(places: Mapping[str, float], gap: float, low: float, high: float) -> dict[str, float]:
    """Places at least `gap` apart, in their order, near where they were."""
    order = sorted(places, key=lambda k: places[k])
    spread: dict[str, float] = {}
    last = low - gap
    for k in order:
        last = spread[k] = max(places[k], last + gap)
    over = last - high
    for k in reversed(order):
        if over <= 0:
            break
        spread[k] = min(spread[k], high)
        high -= gap
    return spread


# -- training


def curves(history: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Chart]:
    """Loss by step of each trained model."""
    shown = {name: points for name, points in history.items() if points}
    if not shown:
        return []
    most = max(p["step"] for points in shown.values() for p in points)
    top = max(p["loss"] for points in shown.values() for p in points)
    width, left, right, above, bottom = 460, 40, 360, 30, 210

    def at(point: Mapping[str, float]) -> tuple[float, float]:
        return left + (right - left) * point["step"] / most, bottom - (bottom - above) * point["loss"] / top

    parts = [_text(0, 13, "Training loss, nats per token", size=13, font_weight=600)]
    for share in (0, 0.5, 1):
        y = bottom - (bottom - above) * share
        parts += [
            _line(left, y, right, y),
            _text(left - 6, y + 4, f"{top * share:.3g}", "var(--dim)", 11, text_anchor="end"),
        ]
    parts.append(_text(left, bottom + 16, "0", "var(--dim)", 11))
    parts.append(_text(right, bottom + 16, f"{most:g} steps", "var(--dim)", 11, text_anchor="end"))
    for name, points in shown.items():
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, points))
        parts.append(_tag("polyline", points=path, fill="none", stroke=colour(name), stroke_width=2, data_row=name))
    for name, place in _spread({name: at(points[-1])[1] for name, points in shown.items()}, 14, above, bottom).items():
        x, y = at(shown[name][-1])
        parts.append(_line(x + 2, y, right + 8, place, colour(name), 1, opacity=0.5))
        parts.append(_text(right + 11, place + 4, short(name, 15), colour(name), font_weight=600))
    told = "; ".join(f"{name} ends at {points[-1]['loss']:.3g}" for name, points in shown.items())
    return [Chart("training", "Training loss", told, width, bottom + 22, tuple(parts), {"chart": "training"})]


def grid(name: str, title: str, charts: Sequence[Chart], columns: int = 3) -> Chart:
    """Several charts as one figure."""
    columns = min(columns, len(charts))
    wide = max(c.width for c in charts) + 24
    rows = [charts[i : i + columns] for i in range(0, len(charts), columns)]
    parts, y = [], 12
    for row in rows:
        for i, c in enumerate(row):
            parts.append(_tag("svg", "".join(c.parts), x=12 + i * wide, y=y, width=c.width, height=c.height))
        y += max(c.height for c in row) + 16
    told = ". ".join(f"{c.title}: {c.told}" for c in charts)
    return replace(charts[0], name=name, title=title, told=told, width=columns * wide, height=y, parts=tuple(parts))
