"""The benchmark of grading runs and says of each target whether it holds; no time is asserted."""

import subprocess
import sys

import pytest

from tests.notebooks import ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="what processes cost is read in /proc")
def test_every_line_is_measured():
    command = [sys.executable, "-m", "benchmarks.bench_grading", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, *rows = done.stdout.splitlines()
    assert "isolated kernels" in first
    for what in ("class of 2: CPU", "class of 2: peak memory", "wall", "CPU : floor"):
        (row,) = (row for row in rows if row.startswith(f"00 without figures: {what}"))
        assert "floor" in what or "holds" in row or "MISSED" in row
    assert len(rows) == 8
    assert "nan" not in done.stdout
