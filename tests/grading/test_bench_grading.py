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
    for what in ("02: class of 4: CPU", "02: class of 4: peak memory", "02: wall", "00 without figures: wall"):
        (row,) = (row for row in rows if row.startswith(what))
        assert "holds" in row or "MISSED" in row
    assert len(rows) == 12
    assert "nan" not in done.stdout
