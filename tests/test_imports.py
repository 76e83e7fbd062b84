"""The rules of the house, read from the imports: only study.py, finished.py, dry_run.py and cli.py import stages;
backends import no stage; nothing imports study.py but the others of these; the command line starts without torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "augtune"
STAGES = {"corpus", "augment", "train", "evaluate", "report", "export"}
JOIN = ("study.py", "finished.py", "dry_run.py")  # beside the command line
# Benchmarks read the files that users bring with the same reader.
ALLOWED = {("benchmarks", "corpus")}


def imported(file: Path) -> set[str]:
    """The first-level modules of augtune that a file imports."""
    package = ["augtune", *file.relative_to(SOURCE).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            for name in node.names:
                path = [*full, name.name]
                if path[0] == "augtune" and len(path) > 1:
                    found.add(path[1])
        elif isinstance(node, ast.Import):
            found |= {n.name.split(".")[1] for n in node.names if n.name.startswith("augtune.")}
    return found


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda f: str(f.relative_to(SOURCE)))
def test_who_imports_whom(file: Path) -> None:
    where = file.relative_to(SOURCE).parts
    home, modules = where[0], imported(file)
    if len(where) == 1 and home in (*JOIN, "cli.py", "__main__.py"):
        assert home not in JOIN or "cli" not in modules
        assert home != "study.py" or not {"finished", "dry_run"} & modules
        return
    assert not {"study", "finished", "dry_run"} & modules
    assert "cli" not in modules
    assert not {s for s in STAGES & modules if s != home and (home, s) not in ALLOWED}


def test_the_rule_sees_what_it_forbids(tmp_path: Path) -> None:
    assert "report" in imported(SOURCE / "study.py")
    assert "records" in imported(SOURCE / "report" / "results.py")


def test_command_line_starts_without_torch() -> None:
    code = "import sys, augtune.cli; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
