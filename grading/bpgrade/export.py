"""Scores and feedback in the forms in which Canvas and Moodle take them back, and as a plain table.

An LMS knows people by ids that a gradebook may not have. So the best way is to give it back its own file: with a
`roster`, the CSV file that the LMS exported, its rows are kept in their order and only our columns are filled in.

What each one reads (canvas-lms `gradebook_importer.rb`, Moodle `importgradeslib.php` and `importziplib.php`):

- Canvas, gradebook import: `Student, ID, SIS User ID, SIS Login ID, Section`, then one column for each assignment;
  a row "Points Possible" first. It finds people by ID, then SIS ids, then name. It has no column for comments.
- Moodle, grading worksheet of one assignment: `Identifier` ("Participant 123"), `Grade`,
  `Last modified (grade)`, `Feedback comments`. The number stands in the folder names of its downloads.
- Moodle, gradebook import: any columns, matched by hand on its page; grade and feedback must come together.

Without a hand-in there is no grade: the cell keeps what the roster said, or stays empty for the LMS's own rule.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from bpgrade import feedback, pages
from bpgrade.records import Class, Record

Format = Literal["canvas", "moodle", "csv"]
FORMATS: tuple[Format, ...] = ("canvas", "moodle", "csv")

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
WORKSHEET = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"),
    *("Last modified (submission)", "Last modified (grade)", "Feedback comments"),
)
GRADEBOOK = ("Username", "Full name", "Email address")
POINTS_POSSIBLE = "    Points Possible"

# Columns of a roster by which a person is known, and those that make up the name.
IDS = {"id", "sis user id", "sis login id", "username", "id number", "email address", "identifier"}
FIRST, LAST = {"first name", "firstname"}, {"surname", "last name", "lastname"}
WHOLE = {"student", "full name", "name"}

# Canvas's "doejane_LATE_12345_67890_neuron.ipynb", and of an anonymous assignment "anon_x1y2z_67890_neuron.ipynb".
_CANVAS_FILE = re.compile(
    r"(?:late_)?anon_[a-z0-9]+_\d+_.+\.\w+"
    r"|.+?_(?:late_)?(?P<number>\d+)_(?:\d+_.+\.\w+|(?:text|link)\.html)",
    re.IGNORECASE,
)
# Moodle's "Jane Doe_123_assignsubmission_file_", before version 3.1 with the file's name behind it.
_MOODLE_PART = re.compile(r".+?_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?")

_FORMULA = re.compile(r"(^\s*|;)(?=[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?\s?%?")


@dataclass
class Table:
    """A CSV file in memory: how it was written, its header, its rows."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    bom: bool = True

    def column(self, name: str) -> int:
        """The position of the first column of that name, written in any case; -1 if there is none."""
        return next((i for i, title in enumerate(self.header) if title.strip().casefold() == name), -1)

    def add(self, name: str) -> int:
        """A new, empty last column; returns its position."""
        self.header.append(name)
        for row in self.rows:
            row += [""] * (len(self.header) - len(row))
        return len(self.header) - 1


@dataclass
class Exported:
    """What was written, and what a person has to know about it.

    Attributes:
        path: the file.
        graded: how many scores, or pages, it holds.
        unmatched: students with a hand-in who are not in the roster, or whose page does not exist.
        notes: sentences for the instructor.
    """

    path: Path
    graded: int = 0
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write(
    cls: Class, format: Format, path: Path, assignment: str | None = None, roster: Path | None = None
) -> Exported:
    """Write the scores of a class as a CSV file.

    Args:
        cls: the class.
        format: "canvas", "moodle" or "csv": one row for each student, and for each lesson its score, the
            points to be had, a status, a comment, and the verdict of each exercise.
        path: the file to write, as a whole or not at all.
        assignment: id of one lesson; all with hand-ins if None.
        roster: the CSV file that the LMS exported; not for "csv".

    Raises:
        ValueError: an unknown format, an assignment without hand-ins, or a roster that cannot be understood.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be canvas, moodle or csv, got {format!r}")
    if roster and format == "csv":
        raise ValueError("roster must be left out for csv: it is a table of our own")
    by_lesson = _by_lesson(cls, assignment)
    exported = Exported(path)
    if format == "csv":
        table = _plain(cls, by_lesson, exported)
    else:
        table = (_canvas if format == "canvas" else _moodle)(cls, by_lesson, roster, exported)
    pages.save(path, _text(table).encode("utf-8-sig" if table.bom else "utf-8"))
    return exported


def feedback_zip(cls: Class, feedback_folder: Path, path: Path, assignment: str | None = None) -> Exported:
    """Pack the pages of `feedback_folder` under the names by which the LMS gives each to its student.

    Canvas's "doejane_12345_67890_neuron.ipynb" comes back as "doejane_12345_67890_neuron.html", Moodle's
    "Jane Doe_123_assignsubmission_file_/neuron.ipynb" in the folder it came from, any other as
    student/assignment/notebook.html. The same pages give the same bytes.

    Raises:
        ValueError: an assignment without hand-ins.
    """
    exported = Exported(path)
    entries: dict[str, bytes] = {}
    records = [record for records in _by_lesson(cls, assignment).values() for record in records]
    for record in sorted(records, key=lambda r: (r.assignment, r.student)):
        page = feedback.place(record, feedback_folder)
        if not page.is_file():
            exported.unmatched.append(record.student)
            continue
        name = _name_in_zip(record)
        if name in entries:  # two lessons of one download; a name of our own is better than a lost page
            name = _own_name(record)
        entries[name] = page.read_bytes()
    exported.graded = len(entries)
    pages.save(path, _zip(entries))
    return exported


def cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line; a leading apostrophe shows it is text.

    Example:
        >>> cell("=cmd|' /C calc'!A0"), cell("O'Neill, Jane"), cell("a;=b")
        ("'=cmd|' /C calc'!A0", "O'Neill, Jane", "a;'=b")
    """
    mark = "'" if text.startswith(("\t", "\r", "\n")) else ""
    line = " ".join(pages.clean(text).split())
    # After a semicolon too: where that is the list separator, a spreadsheet begins a new cell there.
    guarded = _FORMULA.sub(r"\1'", line)
    return guarded if guarded.startswith("'") else mark + guarded


def number(value: float) -> str:
    """A score as a number cell; a negative one stays a number.

    Example:
        >>> number(2.0), number(1 / 3), number(-1.5)
        ('2', '0.3333', '-1.5')
    """
    return f"{round(value, 4) + 0.0:.12g}"


def _by_lesson(cls: Class, assignment: str | None) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in cls.records:
        if assignment in (None, record.assignment):
            found[record.assignment].append(record)
    if assignment is not None and not found:
        raise ValueError(f"assignment must have hand-ins, but nobody has handed in {assignment!r}")
    return dict(sorted(found.items()))


def _comment(record: Record) -> str:
    """What belongs beside the score: why it is 0, what a person wrote, what the isolation level means."""
    texts = [record.reason] if record.status == "broken" else []
    texts += [f"{outcome.exercise}: {outcome.comment}" for outcome in record.outcomes if outcome.comment]
    if record.isolation or record.status != "broken":
        texts.append(pages.not_isolated(record.isolation))
    return cell(" ".join(text for text in texts if text))


def _points(records: Iterable[Record]) -> float:
    """The points of a lesson; a broken hand-in may not know them."""
    return max((record.max_score for record in records), default=0.0)


# --- plain CSV


def _plain(cls: Class, by_lesson: dict[str, list[Record]], exported: Exported) -> Table:
    students = sorted({*cls.students, *(record.student for record in cls.records)})
    table = Table(["student", "name"], [[cell(student), cell(cls.names.get(student, ""))] for student in students])
    for lesson, records in by_lesson.items():
        exercises = list(dict.fromkeys(outcome.exercise for record in records for outcome in record.outcomes))
        heads = ["score", "max", "status", "comment", *exercises]
        table.header += [cell(f"{lesson} {head}") for head in heads]
        of, top = {record.student: record for record in records}, _points(records)
        for student, row in zip(students, table.rows, strict=True):
            row += _plain_cells(of.get(student), top, exercises)
        exported.graded += len(records)
    return table


def _plain_cells(record: Record | None, top: float, exercises: list[str]) -> list[str]:
    if record is None:
        return ["", number(top), "not handed in", "", *([""] * len(exercises))]
    verdicts = {outcome.exercise: outcome.verdict for outcome in record.outcomes}
    if record.status == "broken":
        verdicts = dict.fromkeys(exercises, "unreadable")
    words = [cell(verdicts.get(exercise, "")) for exercise in exercises]
    return [number(record.score), number(top), record.status, _comment(record), *words]


# --- Canvas and Moodle: a roster, read or made, whose columns are filled in


def _canvas(cls: Class, by_lesson: dict[str, list[Record]], roster: Path | None, exported: Exported) -> Table:
    numbers = _numbers(by_lesson, _CANVAS_FILE)
    if roster:
        table = _read(roster, {"student"})
    else:
        # An id that is not Canvas's own is most likely the login. No byte order mark: in some of Canvas's forms
        # the first heading is compared letter by letter.
        rows = [[_name(cls, s), numbers.get(s, ""), "", "" if s in numbers else s, ""] for s in _students(by_lesson)]
        table = Table(list(CANVAS), [[POINTS_POSSIBLE, "", "", "", ""], *rows], bom=False)
    possible = next((row for row in table.rows if row[0].strip().startswith("Points Possible")), None)
    targets = {}
    for lesson, records in by_lesson.items():
        score, is_new = _column_of(table, records[0])
        if is_new and possible:
            possible[score] = number(_points(records))
        elif not is_new:
            _compare(exported, lesson, _points(records), possible[score] if possible else "")
        targets[lesson] = (score, -1)
    _fill(cls, table, by_lesson, targets, numbers, exported)
    return table


def _moodle(cls: Class, by_lesson: dict[str, list[Record]], roster: Path | None, exported: Exported) -> Table:
    numbers = _numbers(by_lesson, _MOODLE_PART)
    table = _read(roster, IDS) if roster else _moodle_roster(cls, by_lesson, numbers)
    targets = {}
    worksheet = table.column("identifier") >= 0 and table.column("grade") >= 0
    if worksheet and len(by_lesson) > 1:
        raise ValueError(f"a Moodle worksheet is for one assignment, choose one of {', '.join(by_lesson)}")
    for lesson, records in by_lesson.items():
        if worksheet:
            comment = table.column("feedback comments")
            targets[lesson] = table.column("grade"), comment if comment >= 0 else table.add("Feedback comments")
            top = table.column("maximum grade")
            _compare(exported, lesson, _points(records), table.rows[0][top] if top >= 0 and table.rows else "")
        else:
            score, _ = _column_of(table, records[0])
            comment, _ = _column_of(table, records[0], feedback=True)
            targets[lesson] = score, comment
    _fill(cls, table, by_lesson, targets, numbers, exported)
    return table


def _moodle_roster(cls: Class, by_lesson: dict[str, list[Record]], numbers: dict[str, str]) -> Table:
    """A grading worksheet if this is one assignment downloaded from Moodle, a list for the gradebook if not."""
    students = _students(by_lesson)
    if not numbers or len(by_lesson) > 1:
        return Table(list(GRADEBOOK), [[s, _name(cls, s), s if "@" in s else ""] for s in students])
    top = number(max(_points(records) for records in by_lesson.values()))
    known = {"Maximum Grade": top, "Grade can be changed": "Yes", "Last modified (grade)": "-"}
    filled = [known.get(title, "") for title in WORKSHEET[2:]]
    rows = [[f"Participant {numbers[s]}", _name(cls, s), *filled] for s in students if s in numbers]
    return Table(list(WORKSHEET), rows)


def _students(by_lesson: dict[str, list[Record]]) -> list[str]:
    return sorted({record.student for records in by_lesson.values() for record in records})


def _name(cls: Class, student: str) -> str:
    return cls.names.get(student) or student


def _fill(
    cls: Class,
    table: Table,
    by_lesson: dict[str, list[Record]],
    targets: dict[str, tuple[int, int]],
    numbers: dict[str, str],
    exported: Exported,
) -> None:
    """Write scores and comments into the rows of their students, at the columns `targets` gives for a lesson."""
    index = _Index(table)
    for lesson, records in by_lesson.items():
        score, comment = targets[lesson]
        taken: set[int] = set()
        for record in records:
            row = index.row(record.student, _name(cls, record.student), numbers.get(record.student))
            if row is None or row in taken:
                exported.unmatched.append(record.student)
                continue
            taken.add(row)
            table.rows[row][score] = number(record.score)
            if comment >= 0:  # Moodle reads it as HTML
                table.rows[row][comment] = _comment(record).replace("<", "‹").replace(">", "›")
            exported.graded += 1
    exported.unmatched = sorted(set(exported.unmatched))
    for cells in table.rows:
        cells[:] = map(_guarded, cells)


def _guarded(text: str) -> str:
    """A cell of a roster made formula-safe; numbers, empty grades ("-") and harmless text stay as they are."""
    if text == "-" or _NUMBER.fullmatch(text):
        return text
    safe = cell(text)
    return safe if safe != " ".join(text.split()) or text.startswith(("\t", "\r", "\n")) else text


def _column_of(table: Table, record: Record, feedback: bool = False) -> tuple[int, bool]:
    """The roster's column for a lesson, by its id or its notebook's name; True beside it if it had to be added."""
    names = {_key(record.assignment), _key(record.notebook)}
    for i, title in enumerate(table.header):
        match = _TITLE.fullmatch(title.strip())
        if match and _key(match["name"]) in names and (match["kind"] == "Feedback") == feedback:
            return i, False
    return table.add(cell(f"{record.assignment} (Feedback)" if feedback else record.assignment)), True


# "Single neuron (12345)" is Canvas's, "Assignment: Single neuron (Real)" Moodle's; a percentage is not a score.
_TITLE = re.compile(r"(?:\w+: )?(?P<name>.+?)(?: \((?:\d+|Real|(?P<kind>Feedback))\))?")


def _compare(exported: Exported, lesson: str, top: float, said: str) -> None:
    """Note that the LMS counts another number of points: it would take 8 of 8 for 8 of 100."""
    if _NUMBER.fullmatch(said) and float(said.replace(",", ".").rstrip(" %")) != top:
        exported.notes.append(f"{lesson} has {number(top)} points, the roster says {said}: change it in the LMS first.")


def _key(text: str) -> str:
    """A name without what people write differently: case, blanks, punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


class _Index:
    """Finds the row of a student: by the LMS's number, by any id, by name; never one of two namesakes."""

    def __init__(self, table: Table) -> None:
        self.numbers, self.ids, self.names = (defaultdict[str, set[int]](set) for _ in range(3))
        titles = [title.strip().casefold() for title in table.header]
        for i, row in enumerate(table.rows):
            cells = [(title, text.strip()) for title, text in zip(titles, row, strict=True) if text.strip()]
            for title, text in cells:
                if title in ("id", "identifier"):
                    self.numbers[text.split()[-1]].add(i)
                if title in IDS:
                    self.ids[text.casefold()].add(i)
                    self.ids[text.casefold().partition("@")[0]].add(i)
                if title in WHOLE:
                    self._named(i, *text.split(",")[::-1])
            self._named(i, *(text for wanted in (FIRST, LAST) for title, text in cells if title in wanted))

    def _named(self, row: int, *parts: str) -> None:
        """Remember a name, given first, in both orders: "Jane Doe" and "Doe, Jane"."""
        words = " ".join(parts).split()
        if words:
            self.names[_key("".join(words))].add(row)
            self.names[_key("".join([words[-1], *words[:-1]]))].add(row)

    def row(self, student: str, name: str, number: str | None) -> int | None:
        """The only row that fits, looked for from the surest sign to the least sure one."""
        signs = [
            (self.numbers, number or ""),
            (self.ids, student.casefold()),
            (self.names, _key(name)),
            (self.names, _key(student)),
        ]
        for index, sign in signs:
            if sign and len(index.get(sign, ())) == 1:
                return next(iter(index[sign]))
        return None


# --- files


def _read(path: Path, needed: set[str]) -> Table:
    """Read a roster, whatever its delimiter.

    Raises:
        ValueError: not UTF-8, not CSV, or without a column by which to know people.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"roster must be a CSV file in UTF-8, but {path.name} is not ({error})") from error
    header = rows[0] if rows else []
    if not needed & {title.strip().casefold() for title in header}:
        listed = ", ".join(header[:8]) or "none"
        raise ValueError(f"roster must be the file that the LMS exported, but {path.name} has these columns: {listed}")
    width = max(map(len, rows))
    padded = [row + [""] * (width - len(row)) for row in rows]
    return Table(padded[0], padded[1:], delimiter, raw.startswith(codecs.BOM_UTF8))


def _text(table: Table) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter)
    writer.writerow(table.header)
    writer.writerows(table.rows)
    return out.getvalue()


def _numbers(by_lesson: dict[str, list[Record]], pattern: re.Pattern[str]) -> dict[str, str]:
    """The LMS's own number of each student, as far as the names of the downloaded files hold one."""
    records = [record for records in by_lesson.values() for record in records]
    found = {record.student: match["number"] for record in records if (match := _match(record, pattern))}
    return {student: number for student, number in found.items() if number}


def _match(record: Record, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """The part of the source in the LMS's naming: Moodle's folder, Canvas's file, also if that is an archive."""
    parts = PurePosixPath(record.source).parts
    return next((match for part in parts if (match := pattern.fullmatch(part))), None)


def _name_in_zip(record: Record) -> str:
    if folder := _match(record, _MOODLE_PART):
        if folder["file"]:
            return f"{feedback.safe(PurePosixPath(folder[0]).stem)}.html"
        return f"{feedback.safe(folder[0])}/{feedback.safe(PurePosixPath(record.source).stem)}.html"
    if file := _match(record, _CANVAS_FILE):
        return f"{feedback.safe(PurePosixPath(file[0]).stem)}.html"
    return _own_name(record)


def _own_name(record: Record) -> str:
    return feedback.place(record, Path()).as_posix()


def _zip(entries: dict[str, bytes]) -> bytes:
    """A zip of files, the same bytes for the same files: sorted, without times or modes of this machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, entries[name])
    return out.getvalue()
