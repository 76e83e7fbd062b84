"""The run folder belongs to one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augtune.errors import UserError
from augtune.runs import Run

HOLDS = """
import sys, time
from pathlib import Path
from augtune.runs import Run
run = Run(Path(sys.argv[1]), "a")
run.begin({"name": "a"})
print("begun", flush=True)
time.sleep(60)
"""


def test_a_folder_in_use_is_refused_until_its_process_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"begun\n"
        with pytest.raises(UserError, match="another augtune is at work in it"):
            Run(folder, "a").begin({"name": "a"})
        other.kill()
    Run(folder, "a").begin({"name": "a"})
    Run(folder, "a").begin({"name": "a"})  # the same process may take it again
    assert Run(folder, "a").faults() == []
