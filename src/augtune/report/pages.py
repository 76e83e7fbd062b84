"""results.json as pages: report.md, and report.html, which is one file without network.

The page's charts are drawn here (charts.py); its script moves the recommendation (assets/decide.js, first.js) and lists
documents, augmentations and questions (assets/explorer.js). A Content-Security-Policy allows this script and style by
their hashes and nothing else, so that no text that documents or models bring can run or fetch anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import jinja2

from ..records import Corpus, Prediction, read_json
from . import charts, decision, explorer, sections, verdict
from .costs import CASES
from .sections import Section

ASSETS = Path(__file__).parent / "assets"
ARMS = {
    "base": "the model as it is, without the documents",
    "icl": "the documents in the prompt",
    "rag": "retrieved documents in the prompt",
    "finetune": "fine-tuned on the documents",
    "augmented": "fine-tuned on the documents and on what the model itself infers from them in context",
    "local": "as augmented, with inferences from single documents alone",
    "global": "as augmented, with inferences across documents alone",
    "oracle": "as augmented, with the inferences of a perfect augmenter, which only benchmarks have",
    "control-instruction": "the prompt's instruction without documents",
    "control-unrelated": "other texts in the prompt",
}
TAKE = {
    "base": "Use the model as it is",
    "icl": "Put the documents in the prompt",
    "rag": "Retrieve documents into the prompt",
    "finetune": "Fine-tune on the documents",
    "augmented": "Fine-tune on the documents and the model's own inferences",
}
# Tables that stand beside their charts; the others stand under Method.
PLACED = (
    "accuracy", "kinds", "differences", "shortfalls", "controls", "coverage", "seeds", "forgetting", "preflight",
)  # fmt: skip
CANNOT = "These results cannot tell yet"
FIRST = "{arm} comes out first in {share} of resampled studies, at {queries}"
UNSURE = f"{FIRST}; a recommendation asks for {100 * verdict.SURE:.0f} % and enough groups"


def write(
    folder: Path, found: dict[str, Any], corpus: Corpus, predictions: Sequence[Prediction],
    taught: Mapping[str, Sequence[str]] | None = None,
) -> None:  # fmt: skip
    """report.md and report.html in the run folder; `taught` as for results.results."""
    page = {
        "found": found,
        "arms": list(found["arms"]),
        "sections": _sections(folder, found),
        "environment": read_json(folder / "study.json"),
        "settings": json.dumps(found["study"], indent=1, ensure_ascii=False),
    }
    _put(folder / "report.md", _render("report.md", page))
    written = [*_lines(folder / "augmentations.jsonl"), *_lines(folder / "rejected.jsonl")]
    advice = _advice(found)
    page |= {
        "charts": {
            "accuracy": charts.accuracy(found), "costs": charts.costs(found), "break_even": charts.break_even(found),
            "by_split": charts.by_split(found), "by_kind": charts.by_kind(found), "seeds": charts.seeds(found),
            "differences": charts.differences(found), "coverage": charts.coverage(found),
            "ablation": charts.ablation(found), "forgetting": charts.forgetting(found),
            "curves": charts.curves(history(folder)),
        },
        "placed": PLACED,
        "cases": CASES,
        "decades": charts.decades(found),
        "times": found["decision"]["times"],
        "seconds": _seconds(found),
        "advice": advice,
        "results_json": in_script(found),
        "advice_json": in_script({
            "take": {arm: take(arm) for arm in found["arms"]}, "cannot": f"{CANNOT}.", "sure": f"{FIRST}.",
            "unsure": f"{UNSURE}.",
        }),
        "items": explorer.packed(explorer.items(corpus, predictions, written, taught)),
    }  # fmt: skip
    render_html("report.html", folder / "report.html", page, ("decide.js", "first.js", "explorer.js"))


def take(arm: str) -> str:
    return f"{TAKE.get(arm, 'Take this arm')}: {arm}."


def gloss(arm: str) -> str:
    return ARMS.get(arm) or f"as augmented, with the texts of {arm.partition('-')[2]} alone"


def _advice(found: Mapping[str, Any]) -> dict[str, Any]:
    """The first sentences: as the page's script would write them at the study's queries."""
    queries = found["study"]["verdict"]["queries"]
    advice = decision.advise(found, queries)
    if advice is None:
        return {"sentence": f"{CANNOT}.", "confidence": found["verdict"]["reason"], "shares": {}}
    told = {
        "arm": advice.arm, "share": f"{100 * advice.probability:.3g} %", "queries": f"{queries:,} expected queries",
    }  # fmt: skip
    return {
        "sentence": take(advice.arm) if advice.sure else f"{CANNOT}.",
        "confidence": f"{(FIRST if advice.sure else UNSURE).format(**told)}.",
        "shares": {arm: advice.shares.get(arm, 0.0) for arm in found["arms"] if arm in advice.shares},
    }


def live_page(name: str) -> str:
    """The page that follows a run (live.py)."""
    return _html("live.html", {"name": name}, ("live.js",), {"connect-src": "'self'"})


def render_html(template: str, path: Path, page: Mapping[str, Any], scripts: Sequence[str]) -> None:
    _put(path, _html(template, page, scripts))


def _html(template: str, page: Mapping[str, Any], scripts: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """A page with its style and scripts inside, and a policy that allows these alone."""
    style, script = _style(), "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in scripts)
    allowed = {"script-src": _hash(script), "style-src": _hash(style), "img-src": "data:", **(more or {})}
    rest = "base-uri 'none'; form-action 'none'"
    policy = f"default-src 'none'; {'; '.join(f'{k} {v}' for k, v in allowed.items())}; {rest}"
    return _render(template, {**page, "style": style, "script": script, "policy": policy})


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _style() -> str:
    """page.css with the colours, for light and dark."""
    css = (ASSETS / "page.css").read_text(encoding="utf-8")
    for i, mode in enumerate(("light", "dark")):
        css = css.replace(
            f"{{{{ {mode} }}}}", " ".join(f"--{name}: {pair[i]};" for name, pair in charts.COLOURS.items())
        )
    return css.replace("{{ hues }}", " ".join(f".arm-{name} {{ color: var(--{name}); }}" for name in charts.COLOURS))


def _put(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8", errors="replace")
    part.replace(path)


def _render(template: str, page: Mapping[str, Any]) -> str:
    loader = jinja2.FileSystemLoader(ASSETS)
    environment = jinja2.Environment(
        loader=loader, autoescape=template.endswith(".html"), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"cell": cell, "clean": charts.clean, "gloss": gloss, "hue": hue, "is_number": is_number}
    environment.undefined = jinja2.StrictUndefined
    return environment.get_template(template).render(page)


def in_script(value: Any) -> str:
    """JSON that can stand in a script element: no `<` in it, and no number that JSON does not know."""
    return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def cell(text: str) -> str:
    """A cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def hue(arm: str) -> str:
    return charts.colour(arm)[6:-1]


def is_number(text: str) -> bool:
    return bool(re.match(r"[-+]?\d[\d.,]*( ?[kMGTPE])?$", text))


# -- what lies beside results.json


def _sections(folder: Path, found: dict[str, Any]) -> dict[str, Section | None]:
    named = {make.__name__: make(found) for make in sections.SECTIONS}
    return {
        **named,
        "rejected": _rejected(folder / "rejected.jsonl"),
        "preflight": _preflight(folder / "preflight.json"),
    }


def _rejected(path: Path) -> Section | None:
    counts: dict[tuple[str, str], int] = {}
    for row in _lines(path):
        key = (row["strategy"], row["reason"])
        counts[key] = counts.get(key, 0) + 1
    rows = [[strategy, f"{n}", reason] for (strategy, reason), n in sorted(counts.items(), key=lambda c: -c[1])]
    return Section("Rejected augmentations", ["strategy", "texts", "why"], rows) if rows else None


def _preflight(path: Path) -> Section | None:
    if not (found := read_json(path)):
        return None
    rows = [[m["kind"], m["style"], f"{m['right']} of {m['n']}", m["example"]] for m in found["measured"]]
    verdicts = [f"{v['strategy']}: {v['why']}" for v in found["verdicts"]]
    title = "Preflight: what the model can do in context"
    return Section(title, ["inference", "style", "right", "an answer"], rows, "", verdicts)


def history(folder: Path) -> dict[str, list[dict[str, float]]]:
    """Loss by step of each trained model."""
    return {path.parent.name: _lines(path) for path in sorted((folder / "models").glob("*/loss.jsonl"))}


def _seconds(found: Mapping[str, Any]) -> str:
    """All that models did: every arm's work, and augmenting once."""
    usage = [row["usage"] for row in found["arms"].values()]
    seconds = sum(u[stage]["seconds"] for u in usage for stage in u if stage != "augment")
    seconds += max(u["augment"]["seconds"] for u in usage)
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as f:
        return [json.loads(line) for line in f]
