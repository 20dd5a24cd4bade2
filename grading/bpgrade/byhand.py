"""Written answers: cells that a person reads and gives points to, in formgrader; here they are only counted."""

from __future__ import annotations

from typing import Any

from bpgrade.records import BY_HAND, UNREADABLE, Outcome
from bpgrade.restore import Official

WAITS = "A person reads this answer and gives the points for it."
EMPTY = "Nothing has been written here."


def is_written(cell: dict[str, Any]) -> bool:
    """Whether a cell of a lesson is a written answer: nbgrader calls it a solution that is graded."""
    marks = cell["metadata"].get("nbgrader") or {}
    return bool(marks.get("grade") and marks.get("solution"))


def outcomes(notebook: dict[str, Any], lesson: Official) -> tuple[Outcome, ...]:
    """What can be said of a restored hand-in's written answers; one left as it was handed out has 0 points, as in nbgrader."""
    texts = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in notebook["cells"]}
    found = []
    for name, cell in lesson.fixed.items():
        if is_written(cell):
            empty = texts.get(name) == cell["source"]
            verdict, says = ("not_attempted", EMPTY) if empty else (BY_HAND, WAITS)
            found.append(Outcome(name, name, 0.0, _points(cell), verdict, None, says))
    return tuple(found)


def unreadable(lesson: Official, reason: str) -> tuple[Outcome, ...]:
    """The same where no notebook can be read."""
    written = ((name, cell) for name, cell in lesson.fixed.items() if is_written(cell))
    return tuple(Outcome(name, name, 0.0, _points(cell), UNREADABLE, None, reason) for name, cell in written)


def _points(cell: dict[str, Any]) -> float:
    return float(cell["metadata"]["nbgrader"]["points"])
