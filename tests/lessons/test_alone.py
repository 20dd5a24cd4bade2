"""Each solution runs where only earlier lessons' functions are there, and every picture it draws says what its axes are."""

import json
import os
import subprocess
import sys

import pytest
from bpgrade.wall.sealed import seal

from tests.lessons.reading import HELD, cells
from tests.notebooks import source

# Runs the code cells of a notebook one after the other; prints which axes have no label.
RUNNER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import bpkit
from bpkit import plots
assert bpkit.__file__.startswith(sys.argv[1]), bpkit.__file__
bare = []

def show(alt):
    assert plt.get_fignums(), "nothing was drawn"
    for number in plt.get_fignums():
        for ax in plt.figure(number).axes:
            named = ax.get_xlabel() and ax.get_ylabel()
            if ax.axison and not (named or ax.get_label() == "<colorbar>" or ax.get_shared_x_axes().get_siblings(ax)[1:]):
                bare.append(alt)
    plt.close("all")

plots.show = bpkit.plots.drawing.show = show
space = {"__name__": "__main__"}
for name, code in json.load(sys.stdin):
    exec(compile(code, f"<{name}>", "exec"), space)
print("bare:", json.dumps(bare))
"""


@pytest.mark.parametrize("lesson", HELD)
def test_it_needs_no_later_lesson_and_labels_its_axes(lesson, tmp_path):
    seal(lesson, tmp_path)
    code = [(cell["id"], source(cell)) for cell in cells(lesson, "code") if not source(cell).startswith("%")]
    ran = subprocess.run(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        input=json.dumps(code),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert json.loads(ran.stdout.rpartition("bare: ")[2]) == []
