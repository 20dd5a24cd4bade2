"""Reading and filling notebooks the way students do, and a course in which nbgrader grades as it comes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bpgrade import sample
from bpgrade.sample import blanks, fill, source

__all__ = [
    "LESSONS",
    "ROOT",
    "answers",
    "blanks",
    "brief",
    "filled",
    "grade_id",
    "name_of",
    "nbgrader",
    "read",
    "source",
    "stock_course",
    "write",
]

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.parent.name for path in ROOT.glob("solutions/*/*.ipynb"))


def read(folder, lesson):
    """The notebook of a lesson from solutions/ or lessons/, as plain data."""
    path = next((ROOT / folder / lesson).glob("*.ipynb"))
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(lesson):
    """File name of a lesson's notebook."""
    return f"{sample.stem_of(ROOT, lesson)}.ipynb"


def grade_id(cell):
    """nbgrader's name of a cell, or None."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def answers(lesson):
    """The solved cells of a lesson, by exercise."""
    return sample.answers(ROOT, lesson)


def filled(lesson, replace, whole=True):
    """The released lesson with the cells of some blanks replaced: a dict from exercise to source.

    Without `whole` the ungraded code cells are left out, as a student may: training and figures take seconds, and no
    check needs them. Two cells that draw stand for them at the end.
    """
    nb = read("lessons", lesson)
    done = fill(nb if whole else brief(nb), replace)
    if not whole:
        done["cells"] += [sample.code('plots.panels().plot([0, 1])\nplots.show("A line.")') for _ in range(2)]
    return done


def brief(nb):
    """The notebook without its ungraded code cells."""
    return nb | {"cells": [cell for cell in nb["cells"] if cell["cell_type"] != "code" or grade_id(cell)]}


def write(nb, path):
    """Save a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb), encoding="utf-8")


# Ends a copy of the course's settings: what is left grades as nbgrader comes, without the wall.
_STOCK = """
del c.Autograde["sanitize_preprocessors"], c.Autograde["autograde_preprocessors"]
"""


def stock_course(root, lessons):
    """Make a course root of its own, with some lessons and the real settings but for the wall; returns it."""
    (root / "grading").mkdir(parents=True)
    settings = (ROOT / "grading/nbgrader_config.py").read_text(encoding="utf-8")
    (root / "grading/nbgrader_config.py").write_text(settings + _STOCK, encoding="utf-8")
    for lesson in lessons:
        shutil.copytree(ROOT / "solutions" / lesson, root / "solutions" / lesson)
        made = nbgrader(root, "generate_assignment", lesson)
        assert made.returncode == 0, made.stderr
    return root


def nbgrader(course, *words):
    """Run an nbgrader command as an instructor does: inside grading/, with the environment's bin on the PATH."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words], cwd=course / "grading", env=env, capture_output=True, text=True
    )
