"""The gradebook: nbgrader's own database, written one hand-in at a time, each as a whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
from alembic.script import ScriptDirectory
from nbgrader.api import Assignment as Lesson
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    Notebook,
    SourceCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import SaveCells
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bpgrade import feedback
from bpgrade.records import BY_HAND, SCHEMA, Record

COURSE = "bpkit"


class BookError(RuntimeError):
    """The gradebook, or the folder it is in, cannot be read or written; nothing was half done."""


class Book:
    """One output folder: gradebook.db, autograded/, feedback/.

    Args:
        out: the folder; made if missing.
    Raises:
        BookError: it cannot be written to.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        with clearly(out):
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=out):
                pass
            self.url = f"sqlite:///{out.resolve() / 'gradebook.db'}"
            self._whole()
            self._book = Gradebook(self.url, COURSE)
            for statement in SCHEMA.strip().split(";")[:-1]:
                self._book.db.execute(text(statement))
            self._book.db.commit()
        self._cells: dict[str, tuple[str, str, dict[str, str], list[str]]] = {}

    def _whole(self) -> None:
        """Make a new database beside its place and move it there, so that a kill leaves a whole one or none."""
        path = self.out / "gradebook.db"
        for left in self.out.glob(".new-*"):
            shutil.rmtree(left)
        if path.exists():
            return
        with tempfile.TemporaryDirectory(dir=self.out, prefix=".new-") as folder:
            new = Path(folder).resolve() / "gradebook.db"
            # Of a database that has a table nbgrader believes that the version is in it. To find the version out it
            # would start another Python, with the program alembic, which has to be on the PATH.
            with contextlib.closing(sqlite3.connect(new)) as db, db:
                db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
                db.execute("INSERT INTO alembic_version VALUES (?)", [ScriptDirectory(ALEMBIC_DIR).get_current_head()])
            Gradebook(f"sqlite:///{new}", COURSE).close()
            new.replace(path)

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()

    def enter_lesson(self, release: Path) -> None:
        """Enter a released lesson, its cells and points, as `nbgrader generate_assignment` does, if it is not there."""
        lesson, notebook = release.parent.name, nbformat.read(release, as_version=4)
        with clearly(self.out):
            if not self._is_entered(lesson, release.stem, notebook):
                self._book.update_or_create_assignment(lesson)
                marks = {"notebook": release.stem, "assignment": lesson, "db_url": self.url}
                SaveCells().preprocess(notebook, {"nbgrader": marks})
            self._book.db.expire_all()
            row = self._book.db.query(Notebook).join(Lesson).filter(Lesson.name == lesson).one()
            graded = {cell.name: cell.id for cell in row.grade_cells}
            commented = [cell.id for cell in row.solution_cells]
            self._cells[lesson] = (row.assignment.id, row.id, graded, commented)

    def _is_entered(self, lesson: str, name: str, notebook: Any) -> bool:
        cells = self._book.db.query(SourceCell).join(Notebook).join(Lesson)
        known = {cell.name: cell.checksum for cell in cells.filter(Lesson.name == lesson, Notebook.name == name)}
        marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
        return known == {mark["grade_id"]: mark.get("checksum") for mark in marks if mark.get("grade_id")}

    def enter_students(self, roster: Path) -> int:
        """Enter everybody on a roster, so that the report can say who has not handed in; returns how many there are.

        Args:
            roster: CSV with a column id, and if known first_name, last_name, email, lms_user_id, as for
                `nbgrader db student import`.
        Raises:
            ValueError: it cannot be read, or has no column id.
        """
        try:
            with roster.open(newline="", encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"The roster {roster} cannot be read: {error}") from error
        if not rows or "id" not in rows[0]:
            raise ValueError(f"The roster {roster} has no column id.")
        with clearly(self.out):
            for row in rows:
                facts = {key: row.get(key) or None for key in ("first_name", "last_name", "email", "lms_user_id")}
                self._book.update_or_create_student(row["id"], **facts)
        return len(rows)

    def run(self, fresh: bool = False) -> tuple[str, int]:
        """Begin a run, or go on with one that was interrupted: its id, and the seed of its hidden inputs.

        Args:
            fresh: begin a new one in any case.
        """
        with clearly(self.out):
            rows = self._book.db.execute(
                text("SELECT id, seed FROM bpgrade_run WHERE finished IS NULL ORDER BY started")
            )
            open_runs = [] if fresh else list(rows)
            if open_runs:
                return open_runs[-1][0], int(open_runs[-1][1])
            new = {"id": secrets.token_hex(8), "seed": str(secrets.randbits(120)), "started": _now()}
            self._book.db.execute(text("INSERT INTO bpgrade_run VALUES (:id, :seed, :started, NULL)"), new)
            self._book.db.commit()
        return new["id"], int(new["seed"])

    def finish(self, run: str) -> None:
        """Note that a run is complete."""
        with clearly(self.out):
            order = text("UPDATE bpgrade_run SET finished = :now WHERE id = :id OR finished IS NULL")
            self._book.db.execute(order, {"now": _now(), "id": run})
            self._book.db.commit()

    def digests(self) -> dict[tuple[str, str], str]:
        """What has been graded: (student, assignment) -> the digest of what was graded."""
        with clearly(self.out):
            rows = self._book.db.execute(text("SELECT student, assignment, digest FROM bpgrade_record"))
            return {(student, assignment): digest for student, assignment, digest in rows}

    def write(self, record: Record, run: str, notebook: str | None = None, stamp: Path | None = None) -> None:
        """Record one hand-in: files first, then every row in one transaction.

        Args:
            record: what was found.
            run: id of the run.
            notebook: text of the graded notebook, or None if it is broken.
            stamp: the hand-in's timestamp.txt, if there is one.
        Raises:
            BookError: it could not be written; what was recorded before stays as it was.
        """
        with clearly(self.out):
            folder = self.out / "autograded" / record.student / record.assignment
            if notebook is not None:
                replace_file(folder / f"{record.notebook}.ipynb", notebook.encode("utf-8", "replace"), 0o444)
                if stamp is not None and stamp.is_file():
                    replace_file(folder / "timestamp.txt", stamp.read_bytes(), 0o444)
            elif folder.exists():
                shutil.rmtree(folder)
            feedback.write(record, self.out / "feedback")
            try:
                self._rows(record, run)
                self._book.db.commit()
            except BaseException:
                self._book.db.rollback()
                raise
            finally:
                self._book.db.expunge_all()

    def _rows(self, record: Record, run: str) -> None:
        db, (lesson, notebook, graded, commented) = self._book.db, self._cells[record.assignment]
        if db.get(Student, record.student) is None:
            db.add(Student(id=record.student))
        submission = self._submission(record, lesson, notebook, graded, commented)
        scores = {outcome.cell: outcome.points for outcome in record.outcomes if outcome.verdict != BY_HAND}
        for grade in db.query(Grade).filter(Grade.notebook_id == submission.id):
            name = next(name for name, id in graded.items() if id == grade.cell_id)
            grade.auto_score = scores.get(name, 0.0 if record.status == "broken" else None)
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        values = {"student": record.student, "assignment": record.assignment, "digest": record.digest, "run": run}
        order = "INSERT OR REPLACE INTO bpgrade_record VALUES (:student, :assignment, :digest, :run, :record)"
        db.execute(text(order), values | {"record": record.to_json()})

    def _submission(
        self, record: Record, lesson: str, notebook: str, graded: dict[str, str], commented: list[str]
    ) -> SubmittedNotebook:
        """nbgrader's rows for a hand-in, made as `Gradebook.add_submission` makes them where they are missing."""
        db = self._book.db
        when = datetime.fromisoformat(record.submitted) if record.submitted else None
        found = db.query(SubmittedAssignment).filter_by(assignment_id=lesson, student_id=record.student).one_or_none()
        if found is None:
            found = SubmittedAssignment(assignment_id=lesson, student_id=record.student)
            db.add(found)
        found.timestamp = when
        db.flush()
        row = db.query(SubmittedNotebook).filter_by(assignment_id=found.id, notebook_id=notebook).one_or_none()
        if row is None:
            row = SubmittedNotebook(assignment_id=found.id, notebook_id=notebook, late_submission_penalty=None)
            db.add(row)
            db.flush()
            db.add_all(Grade(cell_id=cell, notebook_id=row.id) for cell in graded.values())
            db.add_all(Comment(cell_id=cell, notebook_id=row.id) for cell in commented)
            db.flush()
        return row


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file beside its place and move it there, so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")  # always the same name: what a kill leaves, the next run takes away
    try:
        part.unlink(missing_ok=True)
        part.write_bytes(content)
        part.chmod(mode)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _now() -> str:
    return datetime.now(UTC).isoformat()


@contextlib.contextmanager
def clearly(out: Path) -> Iterator[None]:
    """Turn what can go wrong with a disk into one sentence."""
    try:
        yield
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        says = getattr(cause, "strerror", None) or str(cause)
        raise BookError(
            f"{out} cannot be written: {says}. What was recorded is safe; mend this and run the same command again."
        ) from error
