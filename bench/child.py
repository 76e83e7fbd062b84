"""One side of one row, in a process of its own, so that its peak memory is its own:
python bench/child.py ROW SIDE WORK.json OUT.json"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path


def main(row: str, side: str, work_file: str, out: str) -> None:
    work = json.loads(Path(work_file).read_text(encoding="utf-8"))
    import torch
    from transformers.utils import logging

    torch.set_num_threads(work["threads"])
    logging.set_verbosity_error()
    go = importlib.import_module(row).SIDES[side](work)  # loads and imports: not timed
    load, wall, cpu = os.getloadavg()[0], time.perf_counter(), time.process_time()
    result = go()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = result.pop("after", None)  # what is checked, and not timed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    factor = result.pop("extended", 1.0)
    found = {
        "seconds": wall * factor, "cpu_seconds": cpu * factor, "extended": factor, "peak_bytes": peak,
        "load": [load, os.getloadavg()[0]], **result, **(after() if after else {}),
    }  # fmt: skip
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
