"""`make bench`: the same work by augtune and by what a user would otherwise use, in one run, alternating.

python bench/run.py [--quick] [--rounds N] [--threads N] [ROW ...]   writes bench/results/ROW.json and docs/speed.md

Each side is a process of its own, on the same weights, dtype and number of threads; loading is not timed. With one
thread the ratio is of CPU seconds, which hold still on a machine that does other things; with more, of wall seconds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
ROWS = ("scoring", "corpus_writing", "sentence_writing", "training", "whole")
MORE = ("alternatives",)  # measured where they are named
PEERS_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"


def child(python: str, row: str, side: str, work: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "work.json", Path(folder) / "out.json"
        given.write_text(json.dumps(work), encoding="utf-8")
        n = str(work["threads"])
        environment = {**os.environ, "OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n, "TOKENIZERS_PARALLELISM": "false",
                       "HF_HUB_OFFLINE": "1"}  # fmt: skip
        done = subprocess.run(
            [python, str(HERE / "child.py"), row, side, str(given), str(out)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{row}, {side}: failed\n{done.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def measure(row: str, given: argparse.Namespace, dtype: str, model: str) -> dict[str, Any]:
    module = importlib.import_module(row)
    quick, rounds, threads = given.quick, given.rounds, given.threads
    work = {**module.work(quick, model, dtype), "model": model, "dtype": dtype, "threads": threads}
    if given.timed and "timed" in work:
        work["timed"] = given.timed
    timed: dict[str, list[dict[str, Any]]] = {
        side: [] for side in module.SIDES if side == "augtune" or not given.against or side in given.against
    }
    for _ in range(rounds):
        for side in timed:
            python = sys.executable if side == "augtune" else str(PEERS_PYTHON)
            timed[side].append(child(python, row, side, work))
            work |= timed[side][-1].get("hand_on", {})  # what the next sides need of this one's work
            print(f"{row}: {side}: {timed[side][-1]['cpu_seconds']:.2f} s", file=sys.stderr, flush=True)
    unit = "cpu_seconds" if threads == 1 else "seconds"
    mine = timed["augtune"]
    found: dict[str, Any] = {
        "row": row, "what": work["what"], "quick": quick, "rounds": rounds, "threads": threads, "dtype": dtype,
        "unit": unit, "date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(),
        "load": [min(e["load"][0] for e in chain(*timed.values())), max(e["load"][1] for e in chain(*timed.values()))],
        "augtune": {**_medians(mine), "computed": mine[0].get("computed")},
        "against": {},
    }  # fmt: skip
    for side, results in timed.items():
        if side != "augtune":
            asked, aim = module.PEERS[side]
            ratio = statistics.median(b[unit] / a[unit] for a, b in zip(mine, results, strict=True))
            found["against"][side] = {
                **_medians(results), "ratio": round(ratio, 2), "asked": asked, "aim": aim,
                "bound": work.get("bounds", {}).get(side), **module.compared(mine[0], results[0]),
            }  # fmt: skip
    return found


def _medians(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **{k: round(statistics.median(r[k] for r in results), 3) for k in ("seconds", "cpu_seconds", "extended")},
        "peak_bytes": max(r["peak_bytes"] for r in results),
        "all": [[round(r["seconds"], 3), round(r["cpu_seconds"], 3)] for r in results],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=[], metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--timed", type=int, help="how many items of an extended side are timed, where time is short")
    parser.add_argument("--against", action="append", metavar="PEER", help="this peer alone; may be repeated")
    given = parser.parse_args()
    if unknown := [row for row in given.rows if row not in ROWS + MORE]:
        sys.exit(f"no rows: {', '.join(unknown)}; there are {', '.join(ROWS + MORE)}")
    if not PEERS_PYTHON.exists():
        sys.exit("the peers are not installed: `make bench` does it")
    os.environ["HF_HUB_OFFLINE"] = "1"
    from augtune.backends.embedded import embedded_model
    from augtune.backends.local import fast_dtype

    dtype, model = str(fast_dtype()).removeprefix("torch."), str(embedded_model())
    RESULTS.mkdir(exist_ok=True)
    for row in given.rows or ROWS:
        found = measure(row, given, dtype, model)
        name = f"{row}-quick.json" if given.quick else f"{row}.json"
        (RESULTS / name).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(table([found]))
    import page

    page.write()


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: a line for each peer."""
    lines = [
        "| work | against | ratio | asked, aim | FLOP bound | tokens: peer, bound, computed | peak GB: peer, augtune "
        "| agreement |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in results:
        for side, p in r["against"].items():
            bound = p["bound"]
            flops = f"{bound['flops']:.1f}x" if bound else "-"
            tokens = f"{bound['peer_tokens']:,}, {bound['tokens']:,}, {r['augtune']['computed']:,}" if bound else "-"
            agreement = "; ".join(
                f"{k.replace('_', ' ')} {p[k]}" for k in
                ("same_choices", "largest_difference_nats", "same_texts", "held_out_loss", "steps") if k in p
            )  # fmt: skip
            lines.append(
                f"| {r['what']} | {side} | {p['ratio']:.1f}x "
                f"| {p['asked'] or '-'}x, {p['aim'] or '-'}x | {flops} | {tokens} "
                f"| {p['peak_bytes'] / 1e9:.2f}, {r['augtune']['peak_bytes'] / 1e9:.2f} | {agreement} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
