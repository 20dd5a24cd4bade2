"""Reading and filling notebooks the way students do."""

import copy
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.parent.name for path in ROOT.glob("solutions/*/*.ipynb"))


def read(folder, lesson):
    """The notebook of a lesson from solutions/ or lessons/, as plain data."""
    path = next((ROOT / folder / lesson).glob("*.ipynb"))
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(lesson):
    """File name of a lesson's notebook."""
    return next((ROOT / "solutions" / lesson).glob("*.ipynb")).name


def source(cell):
    """A cell's text."""
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def grade_id(cell):
    """nbgrader's name of a cell, or None."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def blanks(nb):
    """The solution cells of a notebook by the name of their exercise."""
    return {grade_id(cell): cell for cell in nb["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")}


def answers(lesson):
    """The solved cells of a lesson, by exercise."""
    return {name: source(cell) for name, cell in blanks(read("solutions", lesson)).items()}


def filled(lesson, replace):
    """The released lesson with the cells of some blanks replaced: a dict from exercise to source."""
    nb = copy.deepcopy(read("lessons", lesson))
    cells = blanks(nb)
    for name, text in replace.items():
        cells[name]["source"] = text
    return nb


def write(nb, path):
    """Save a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb), encoding="utf-8")
