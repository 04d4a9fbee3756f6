"""Every module that can be run says how, at once, and writes nothing while it does."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

GUARD = re.compile(r"^if __name__ == .__main__.:$", re.MULTILINE)


def runnable():
    """The names by which `python -m` knows the modules of this suite that can be run."""
    for folder in ("neural_style", "benchmarks", "docs", "."):
        for path in sorted((ROOT / folder).glob("*.py" if folder == "." else "**/*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] == "__main__":
                yield ".".join(parts[:-1])
            elif GUARD.search(path.read_text(encoding="utf-8")):
                yield ".".join(parts)


@pytest.mark.parametrize("module", list(runnable()))
def test_a_module_that_can_be_run_says_how(module, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path)}
    before = tables()
    command = [sys.executable, "-m", module, "-h"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and run.stdout.startswith("usage: ") and run.stderr == ""
    assert not list(tmp_path.iterdir()) and tables() == before


def tables():
    return {path: path.stat().st_mtime_ns for path in (ROOT / "benchmarks").rglob("*.*")}


def test_benchmarks_write_where_they_are_told(tmp_path):
    from benchmarks.tables import parser, publish

    before = tables()
    out = parser("Made.").parse_args(["--out", f"{tmp_path}/x/y"]).out
    publish("made", "A table", ["a", "b"], [[1, 22]], folder=out)
    assert "| 1 | 22 |" in (tmp_path / "x" / "y" / "made.md").read_text() and tables() == before
