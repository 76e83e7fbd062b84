"""docs/speed.md from bench/results/*.json: python bench/page.py"""

from __future__ import annotations

import json
from pathlib import Path

from run import RESULTS, ROWS, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "speed.md"
HEAD = """# Speed

Written by `make bench` from bench/results/*.json. The same work by augtune and by what one would otherwise use, on
the same weights, in the same dtype and with the same number of threads, alternating; medians of rounds, each side a
process of its own, loading not timed. With one thread the ratio is of CPU seconds, with more of wall seconds.

- `lm-eval` is lm-evaluation-harness with its Hugging Face backend. Ten whole questions are timed and extended linearly:
  it computes each choice as a request of its own, so that more questions take as much longer.
- `generate` is transformers'. One call a document is timed for ten documents and extended linearly; stop strings are
  given to it as tokens that end a text.
- `SFTTrainer` is TRL's, with learning rate and number of passes as augtune's; "as it comes" is otherwise untouched.
- The glued pipeline does what augtune's own run of that study asked for: texts by generate, training by the tuned
  SFTTrainer, choices by lm-eval (one by one over a long context, else by eights), ten questions of each context timed.
- FLOP bound: what the peer's arithmetic is of what is needed at least (shared beginnings once, no padding, only logits
  that are looked at). A ratio beyond it is overhead saved. Tokens: what the peer computes, the least that is
  needed without looking into choices, and what augtune computed (it shares what choices begin with, too).
- Agreement: bfloat16 flips near-ties; tests/backends show equality in float32.
"""


def write() -> None:
    """The page: each row at full size if that was measured, else at the tiny sizes of --quick, which is said."""
    options = [(RESULTS / f"{row}.json", RESULTS / f"{row}-quick.json") for row in ROWS]
    found = [next((p for p in both if p.exists()), None) for both in options]
    results = [json.loads(p.read_text(encoding="utf-8")) for p in found if p]
    missing = [row for row, p in zip(ROWS, found, strict=True) if p is None]
    conditions = []
    for r in results:
        small = ", TINY SIZES (whether it works, not how fast)" if r["quick"] else ""
        what = f"{r['date']}, {r['dtype']}, {r['threads']} thread(s), {r['rounds']} round(s)"
        load = f"load of the machine ({r['cores']} cores) {r['load'][0]:.1f} to {r['load'][1]:.1f}"
        conditions.append(f"- {r['row']}{small}: {what}, {r['unit'].replace('_', ' ')}; {load}")
    seconds = [
        f"- {r['what']}: augtune {r['augtune'][r['unit']]:,.1f} s; "
        + "; ".join(f"{side} {p[r['unit']]:,.1f} s" for side, p in r["against"].items())
        for r in results
    ]
    conditions += [f"- {', '.join(missing)}: not measured yet"] if missing else []
    parts = [HEAD, table(results), "## Seconds", "\n".join(seconds), "## Measured when", "\n".join(conditions)]
    for extra in ("growth", "prediction"):
        if (path := RESULTS / f"{extra}.md").exists():
            parts.append(path.read_text(encoding="utf-8").strip())
    PAGE.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
