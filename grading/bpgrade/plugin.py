"""The wall inside nbgrader: preprocessors for `nbgrader autograde`, and so for formgrader's button.

`nbgrader_config.py` names them. `Repair` stands first when a hand-in is sanitised, `Run` takes the place of
nbgrader's `Execute`; everything else, the gradebook included, is nbgrader's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float

from bpgrade import flags, restore, work
from bpgrade.records import SCHEMA, Flag, Record
from bpgrade.run import Limits
from bpgrade.wall.host import ISOLATED

REPOSITORY = Path(os.environ.get("BPKIT_COURSE") or Path(__file__).resolve().parents[2])
AUTOGRADE = "nbgrader autograde"  # the id of the run that all such gradings belong to


class Repair(NbGraderPreprocessor):
    """Puts the official cells back before anything of nbgrader's can stumble over what a student left of them."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        lesson = _lesson(resources)
        notebook, repairs = restore.read(json.dumps(nb).encode())
        notebook, restored, found = restore.restore(notebook, lesson)
        for repair in repairs + restored:
            self.log.warning("%s", repair)
        _repaired[_whose(resources)] = (repairs + restored, found)
        return nbformat.from_dict(notebook), resources


# nbgrader makes two passes over a hand-in and carries nothing from the first to the second.
_repaired: dict[tuple[str, str], tuple[tuple[str, ...], tuple[Flag, ...]]] = {}


class Run(NbGraderPreprocessor):
    """Runs a hand-in behind the wall and leaves in its test cells what the judge found."""

    no_isolation = Bool(False, help="Grade even where students' code cannot be kept apart.").tag(config=True)
    cell_seconds = Float(30.0, help="Time limit of one cell.").tag(config=True)
    seconds = Float(240.0, help="Time limit of one hand-in.").tag(config=True)

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        lesson, marks = _lesson(resources), resources["nbgrader"]
        level = _level(lesson, self.no_isolation)
        if level != ISOLATED:
            self.log.warning("Run without isolation: %s", level)
        rules = work.Rules(_seed(marks["db_url"]), level, Limits(self.cell_seconds, self.seconds))
        notebook = json.loads(json.dumps(nb))
        repairs, found = _repaired.pop(_whose(resources), ((), ()))
        outcomes, odd = work.run(notebook, lesson, rules)
        record = Record(
            marks["student"],
            marks["assignment"],
            marks["notebook"],
            outcomes=outcomes,
            flags=found + flags.flags(notebook, lesson) + odd,
            repairs=repairs,
            isolation=level,
            digest=AUTOGRADE,
            source=f"{marks['student']}/{marks['assignment']}/{marks['notebook']}.ipynb",
        )
        _keep(marks["db_url"], record)
        return nbformat.from_dict(notebook), resources


_levels: dict[bool, str] = {}


def _level(lesson: restore.Official, allow_any: bool) -> str:
    """The isolation of this process's kernels, found out once."""
    if allow_any not in _levels:
        _levels[allow_any] = work.choose_level(lesson, allow_any)
    return _levels[allow_any]


def _lesson(resources: dict[str, Any]) -> restore.Official:
    """The official lesson of a hand-in: the released notebook of this course."""
    marks = resources["nbgrader"]
    path = _course(marks["db_url"]) / "lessons" / marks["assignment"] / f"{marks['notebook']}.ipynb"
    return work.official(marks["assignment"], marks["notebook"], path.read_text(encoding="utf-8"))


def _whose(resources: dict[str, Any]) -> tuple[str, str]:
    return resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]


def _database(url: str) -> Path:
    if not url.startswith("sqlite:///"):
        raise ValueError(f"db_url must be a file of SQLite, got {url.partition(':')[0]}")
    return Path(url.removeprefix("sqlite:///"))


def _course(url: str) -> Path:
    """The course that a gradebook lies in the grading/ folder of, or else the one that this package is part of."""
    beside = _database(url).parent.parent
    return beside if (beside / "lessons").is_dir() else REPOSITORY


def _seed(url: str) -> int:
    """A seed that no student knows and that a regrading uses again: drawn from the gradebook's own secret."""
    with closing(sqlite3.connect(_database(url))) as db:
        db.executescript(SCHEMA)
        new = "INSERT OR IGNORE INTO bpgrade_run VALUES (?, abs(random()) || abs(random()), datetime(), datetime())"
        db.execute(new, (AUTOGRADE,))
        db.commit()
        (seed,) = db.execute("SELECT seed FROM bpgrade_run WHERE id = ?", (AUTOGRADE,)).fetchone()
    return int(hashlib.sha256(seed.encode()).hexdigest()[:30], 16)


def _keep(url: str, record: Record) -> None:
    with closing(sqlite3.connect(_database(url))) as db:
        (when,) = db.execute(_SUBMITTED, (record.student, record.assignment)).fetchone() or (None,)
        record = replace(record, submitted=when and datetime.fromisoformat(when).isoformat())
        row = (record.student, record.assignment, record.digest, AUTOGRADE, record.to_json())
        db.execute("INSERT OR REPLACE INTO bpgrade_record VALUES (?, ?, ?, ?, ?)", row)
        db.commit()


_SUBMITTED = """
SELECT sa.timestamp FROM submitted_assignment sa JOIN assignment a ON a.id = sa.assignment_id
WHERE sa.student_id = ? AND a.name = ?
"""
