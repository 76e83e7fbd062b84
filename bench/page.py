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
- FLOP bound: what the peer's arithmetic is of what is needed at least (shared beginnings once, no padding, only logits
  that are looked at). A ratio beyond it is overhead saved. Tokens: what the peer computes, the least that is
  needed, and what augtune computed. Texts written count at their longest in both.
- Agreement: bfloat16 flips near-ties; tests/backends show equality in float32.
"""


def write() -> None:
    """The page, from what is measured at full size."""
    results = [json.loads(p.read_text(encoding="utf-8")) for row in ROWS if (p := RESULTS / f"{row}.json").exists()]
    conditions = [
        f"- {r['row']}: {r['date']}, {r['dtype']}, {r['threads']} thread(s), {r['rounds']} round(s), "
        f"{r['unit'].replace('_', ' ')}; "
        f"load of the machine ({r['cores']} cores) {r['load'][0]:.1f} to {r['load'][1]:.1f}"
        for r in results
    ]
    seconds = [
        f"- {r['what']}: augtune {r['augtune'][r['unit']]:,.1f} s; "
        + "; ".join(f"{side} {p[r['unit']]:,.1f} s" for side, p in r["against"].items())
        for r in results
    ]
    parts = [HEAD, table(results), "## Seconds", "\n".join(seconds), "## Measured when", "\n".join(conditions)]
    for extra in ("growth", "prediction"):
        if (path := RESULTS / f"{extra}.md").exists():
            parts.append(path.read_text(encoding="utf-8").strip())
    PAGE.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
