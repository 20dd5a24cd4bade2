"""What grading a hand-in gives, as data; and where it is kept.

A `Record` is written in the same transaction as nbgrader's own rows, into a table of its own in the same
gradebook.db, so the two can never disagree about what was graded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

# Verdicts that only grading gives, beside those of `bpkit.checking.OUTCOMES`.
TIME_LIMIT = "time_limit"
CRASHED = "crashed"
NO_RECORD = "no_record"
UNREADABLE = "unreadable"
BY_HAND = "by_hand"  # a written answer: its points come from a person

SCHEMA = """
CREATE TABLE IF NOT EXISTS bpgrade_record (
    student TEXT NOT NULL, assignment TEXT NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (student, assignment)
);
CREATE TABLE IF NOT EXISTS bpgrade_run (
    id TEXT PRIMARY KEY, seed TEXT NOT NULL, started TEXT NOT NULL, finished TEXT
);
"""


@dataclass(frozen=True)
class Outcome:
    """One exercise of one hand-in.

    Attributes:
        exercise: name of the exercise, such as "sigmoid_backward".
        cell: nbgrader's id of its check cell.
        points: points earned automatically.
        max_points: points to be had.
        verdict: one of `bpkit.checking.OUTCOMES`, or time_limit, crashed, no_record, unreadable, by_hand.
        mistake: id of the recognised mistake, or None.
        message: what the learner is told, plain text; it never holds an expected value.
        manual: points that a person gave in formgrader in place of `points`, or None.
        comment: what a person wrote in formgrader.
    """

    exercise: str
    cell: str
    points: float
    max_points: float
    verdict: str
    mistake: str | None
    message: str
    manual: float | None = None
    comment: str = ""

    @property
    def score(self) -> float:
        """The points that count."""
        return self.points if self.manual is None else self.manual


@dataclass(frozen=True)
class Flag:
    """Something a person should look at; it never costs a point by itself.

    Attributes:
        kind: "finite-differences", "autodiff-library", "copied-reference", "touches-the-grader", "edited-test", …
        text: one sentence for the instructor; it may quote the student's code, so escape it.
        exercise: the exercise it concerns, or "".
    """

    kind: str
    text: str
    exercise: str = ""


@dataclass(frozen=True)
class Record:
    """One hand-in, graded as a whole.

    Attributes:
        student, assignment, notebook: whose, of which lesson (id), and the notebook's name without ending.
        status: "graded", or "broken" if no notebook could be read from it.
        reason: for a broken one, a sentence that its author can read.
        outcomes: one for each exercise of the lesson, in its order.
        flags: what a person should look at.
        repairs: what had to be put back before it could be graded, a sentence each.
        isolation: "isolated", "warm, not isolated" or "stock, not isolated".
        digest: SHA-256 of the file, to know whether it has changed.
        submitted: when it was handed in, ISO 8601, if known.
        source: its path in the download or folder it came from: an LMS wants feedback under that name.
        late: seconds after the due date, 0 if on time or without one.
    """

    student: str
    assignment: str
    notebook: str
    status: str = "graded"
    reason: str = ""
    outcomes: tuple[Outcome, ...] = ()
    flags: tuple[Flag, ...] = ()
    repairs: tuple[str, ...] = ()
    isolation: str = ""
    digest: str = ""
    submitted: str | None = None
    source: str = ""
    late: float = 0.0

    @property
    def score(self) -> float:
        return sum(outcome.score for outcome in self.outcomes)

    @property
    def max_score(self) -> float:
        return sum(outcome.max_points for outcome in self.outcomes)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        data = json.loads(text)
        data["outcomes"] = tuple(Outcome(**entry) for entry in data["outcomes"])
        data["flags"] = tuple(Flag(**entry) for entry in data["flags"])
        data["repairs"] = tuple(data["repairs"])
        return cls(**data)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows for `bpgrade grade --json`: one for each exercise, or one for the whole if it is unreadable."""
        common = {"student": self.student, "assignment": self.assignment}
        if self.status == "broken":
            total = {"points": 0.0, "max_points": self.max_score}
            what = {"verdict": UNREADABLE, "mistake": None, "message": self.reason, "isolation": self.isolation}
            yield {**common, "exercise": None, **total, **what}
            return
        for outcome in self.outcomes:
            yield {
                **common,
                "exercise": outcome.exercise,
                "points": outcome.score,
                "max_points": outcome.max_points,
                "verdict": outcome.verdict,
                "mistake": outcome.mistake,
                "message": outcome.message,
                "isolation": self.isolation,
            }


@dataclass(frozen=True)
class Class:
    """Everything that is known about a class: its records, and who has not handed in what."""

    records: tuple[Record, ...]
    students: tuple[str, ...]
    assignments: tuple[str, ...]
    names: dict[str, str] = field(default_factory=dict)

    def missing(self, assignment: str) -> list[str]:
        """Students of the gradebook without a hand-in for an assignment."""
        handed_in = {record.student for record in self.records if record.assignment == assignment}
        return [student for student in self.students if student not in handed_in]


def load(out: Path) -> Class:
    """Read a class from `out`/gradebook.db, with the scores and comments given by hand in formgrader.

    Raises:
        FileNotFoundError: there is no gradebook in `out`.
    """
    path = out / "gradebook.db"
    if not path.exists():
        raise FileNotFoundError(f"{out} holds no gradebook.db: grade something into it first")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        rows = db.execute("SELECT record FROM bpgrade_record") if "bpgrade_record" in tables else ()
        records = sorted((Record.from_json(text) for (text,) in rows), key=lambda r: (r.assignment, r.student))
        by_hand = {tuple(row[:3]): row[3:] for row in db.execute(_BY_HAND)}
        people = list(db.execute("SELECT id, first_name, last_name FROM student ORDER BY id"))
        assignments = [name for (name,) in db.execute("SELECT name FROM assignment ORDER BY name")]
    names = {id: " ".join(part for part in (first, last) if part) for id, first, last in people}
    graded = tuple(_with_manual(record, by_hand) for record in records)
    return Class(graded, tuple(id for id, _, _ in people), tuple(assignments), names)


def _with_manual(record: Record, by_hand: dict[tuple[str, ...], tuple[Any, ...]]) -> Record:
    outcomes = []
    for outcome in record.outcomes:
        manual, comment = by_hand.get((record.student, record.assignment, outcome.cell), (None, None))
        outcomes.append(replace(outcome, manual=manual, comment=comment or ""))
    return replace(record, outcomes=tuple(outcomes))


# nbgrader keeps comments on solution cells only: those named like the check without its prefix, and written answers.
_BY_HAND = """
SELECT sa.student_id, a.name, bc.name, g.manual_score, (
    SELECT c.manual_comment FROM comment c JOIN base_cell sc ON sc.id = c.cell_id
    WHERE c.notebook_id = sn.id AND bc.name IN (sc.name, 'check_' || sc.name)
)
FROM grade g
JOIN base_cell bc ON bc.id = g.cell_id
JOIN submitted_notebook sn ON sn.id = g.notebook_id
JOIN submitted_assignment sa ON sa.id = sn.assignment_id
JOIN assignment a ON a.id = sa.assignment_id
"""
