"""Lessons from one source: run the solutions, store their outputs, and let nbgrader take the answers out.

`solutions/<id>/<name>.ipynb` is what people edit; `lessons/<id>/<name>.ipynb` is always generated.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader


def course_config(root: Path) -> Config:
    """nbgrader's configuration of the course in the repository at `root`."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(root / "grading")).load_config()


def lesson_ids(root: Path) -> list[str]:
    """Ids of all lessons that have a solution, in order."""
    return sorted(path.parent.name for path in root.glob("solutions/*/*.ipynb"))


def execute(notebook: Path, folder: Path | None = None) -> None:
    """Run every cell of a solution and store what it gives, without what differs between machines."""
    nb = nbformat.read(notebook, as_version=4)
    NotebookClient(
        nb,
        timeout=600,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder or notebook.parent)}},
    ).execute()
    write_notebook(tidy(nb), notebook)


def tidy(nb: Any) -> Any:
    """Drop times, versions and empty fields, so that running a notebook again changes nothing."""
    nb.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in nb.cells:
        for key in ("execution", "collapsed", "jupyter", "scrolled"):
            cell.metadata.pop(key, None)
    return nb


def write_notebook(nb: Any, path: Path) -> None:
    """Check a notebook and write it as nbgrader and JupyterLab do, line by line."""
    nbformat.validate(nb)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)


def release(root: Path, lesson: str, into: Path | None = None) -> Path:
    """Generate the learners' edition of one lesson with nbgrader; returns the notebook's path.

    Args:
        root: the repository.
        lesson: id of the lesson.
        into: another folder than lessons/, for comparing.
    """
    config = course_config(root)
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    config.GenerateAssignment.force = True
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = lesson
    if into is not None:
        config.CourseDirectory.release_directory = os.path.relpath(into, root)
    GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
    source = next((root / "solutions" / lesson).glob("*.ipynb"))
    return (into or root / "lessons") / lesson / source.name


def stale(root: Path) -> list[str]:
    """Ids of the lessons whose generated edition is missing, changed by hand, or older than its solution."""
    found = []
    with tempfile.TemporaryDirectory(dir=root / "grading") as scratch:
        for lesson in lesson_ids(root):
            fresh = release(root, lesson, Path(scratch))
            committed = root / "lessons" / lesson / fresh.name
            if not committed.exists() or committed.read_bytes() != fresh.read_bytes():
                found.append(lesson)
    known = set(lesson_ids(root))
    return found + sorted(path.parent.name for path in root.glob("lessons/*/*.ipynb") if path.parent.name not in known)
