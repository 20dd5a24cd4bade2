"""What `bpgrade grade` records is nbgrader's own gradebook, and `nbgrader autograde` has the same wall and the same judge."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from bpgrade import sample
from bpgrade.records import load

from bpkit.exercises import of_lesson
from tests.grading import course as courses
from tests.grading.course import LESSON, bpgrade, nbgrader, rows, scores
from tests.grading.test_stock import WRONG
from tests.notebooks import answers, filled, grade_id, name_of, write

FULL = {exercise.name: float(exercise.points) for exercise in of_lesson(LESSON)}
KEYS = ["student", "assignment", "exercise", "points", "max_points", "verdict", "mistake", "message", "isolation"]


def copied(nb):
    """A notebook one of whose checks stands there twice."""
    at, cell = next((i, cell) for i, cell in enumerate(nb["cells"]) if grade_id(cell) == "check_relu")
    nb["cells"].insert(at, json.loads(json.dumps(cell)) | {"id": "copied"})
    return nb


def strange(nb):
    """A notebook from an nbgrader that is yet to be written."""
    for cell in nb["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99
    return nb


def hand_in(course: Path, into: Path) -> None:
    """The honest of a class, and two who did something to their cells."""
    solved = answers(LESSON)
    sample.write_honest(course, into, LESSON, 3, seed=19, figures=False)
    works = {
        "right": filled(LESSON, solved, whole=False),
        "partly": filled(LESSON, solved | WRONG, whole=False),
        "untouched": filled(LESSON, {}, whole=False),
        "copied": copied(filled(LESSON, solved, whole=False)),
        "strange": strange(filled(LESSON, solved, whole=False)),
    }
    for student, notebook in works.items():
        write(notebook, into / student / LESSON / name_of(LESSON))


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> Path:
    """The class graded by `nbgrader autograde`."""
    course = courses.make(tmp_path_factory.mktemp("stock") / "course")
    hand_in(course, course / "grading/submitted")
    graded = nbgrader(course, "autograde", LESSON)
    assert graded.returncode == 0, graded.stderr
    return course


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """The class, and one whose file is cut off, graded by `bpgrade grade`."""
    course = courses.make(tmp_path_factory.mktemp("bpgrade") / "course")
    hand_in(course, course / "hand-ins")
    path = course / "hand-ins/cut" / LESSON / name_of(LESSON)
    write({}, path)
    path.write_text((course / "lessons" / LESSON / path.name).read_text(encoding="utf-8")[:9000], encoding="utf-8")
    done = bpgrade(course, "grade", course / "hand-ins", "--out", ".", "--json", course / "rows.json")
    assert done.returncode == 0, done.stderr
    return course


@pytest.fixture
def fresh(graded, tmp_path) -> Path:
    """A copy of the graded course, to be changed."""
    return Path(shutil.copytree(graded, tmp_path / "course"))


def again(course: Path, *options: str) -> dict[str, str]:
    """Grade once more; returns whose records were made by this run."""
    before = dict(rows(course, "SELECT student, run || record FROM bpgrade_record"))
    done = bpgrade(course, "grade", course / "hand-ins", "--out", ".", *options)
    assert done.returncode == 0, done.stderr
    after = dict(rows(course, "SELECT student, run || record FROM bpgrade_record"))
    return {student: text for student, text in after.items() if before.get(student) != text}


def test_the_same_scores_as_through_nbgrader(graded, stock):
    ours, theirs = scores(graded), scores(stock)
    assert set(ours.pop("cut").values()) == {0}
    assert ours == theirs
    assert len({tuple(sorted(each.items())) for each in ours.values()}) > 3, "the class is not all alike"


@pytest.mark.parametrize("student", ["right", "copied", "strange"])
def test_all_right_gets_every_point(graded, student):
    assert scores(graded)[student] == FULL


def test_untouched_gets_none(graded):
    assert set(scores(graded)["untouched"].values()) == {0}


def test_partly_right_gets_the_points_of_what_is_right(graded):
    expected = FULL | {"dense_backward": 2.0, "relu_backward": 0.0, "two_layer_backward": 0.0}
    assert scores(graded)["partly"] == expected | {"cheatsheet_gradients": 2.0}


@pytest.mark.parametrize("by", ["graded", "stock"])
def test_everyone_was_behind_the_wall(by, request):
    records = load(request.getfixturevalue(by) / "grading").records
    assert {record.isolation for record in records if record.status == "graded"} == {"isolated"}
    assert sum(record.status == "graded" for record in records) == 8


def test_the_plugin_keeps_what_it_had_to_repair(stock):
    record = next(record for record in load(stock / "grading").records if record.student == "copied")
    assert record.repairs
    assert record.source.endswith(f"copied/{LESSON}/{name_of(LESSON)}")


def test_every_graded_notebook_and_timestamp_is_where_nbgrader_looks(graded):
    for student in ("right", "partly", "copied"):
        folder = graded / "grading/autograded" / student / LESSON
        assert (folder / name_of(LESSON)).is_file()
    assert not (graded / "grading/autograded/cut" / LESSON).exists()


def test_rows_hold_what_is_promised(graded):
    written = json.loads((graded / "rows.json").read_text(encoding="utf-8"))
    assert all(list(row) == KEYS for row in written)
    unreadable = [row for row in written if row["exercise"] is None]
    assert [(row["student"], row["verdict"], row["points"]) for row in unreadable] == [("cut", "unreadable", 0.0)]
    assert "cut off" in unreadable[0]["message"]
    assert len(written) == 8 * len(FULL) + 1
    partly = {row["exercise"]: row for row in written if row["student"] == "partly"}
    assert partly["dense_backward"]["points"] == 2.0
    assert partly["dense_backward"]["max_points"] == 3.0


def test_nbgrader_makes_feedback_of_what_was_recorded(fresh):
    made = nbgrader(fresh, "generate_feedback", LESSON, "--force", "--student=partly")
    assert made.returncode == 0, made.stderr
    (page,) = (fresh / "grading/feedback/partly" / LESSON).glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "db has one row for each example" in text
    assert f"Score: {sum(scores(fresh)['partly'].values())}" in text


def test_nbgrader_exports_what_was_recorded(fresh):
    made = nbgrader(fresh, "export", "--to=grades.csv")
    assert made.returncode == 0, made.stderr
    text = (fresh / "grading/grades.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1 + 9
    assert f"{sum(FULL.values())},{sum(FULL.values())}" in text, "somebody has every point"


def test_a_new_gradebook_is_laid_out_as_nbgrader_lays_it_out(tmp_path, monkeypatch):
    from bpgrade.book import Book
    from nbgrader.api import Gradebook

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # where it looks for alembic
    for folder in ("stock", "ours"):
        (tmp_path / folder / "grading").mkdir(parents=True)
    Gradebook(f"sqlite:///{tmp_path / 'stock/grading/gradebook.db'}").close()
    with Book(tmp_path / "ours/grading"):
        pass
    stock, ours = (
        (rows(folder, "SELECT name, sql FROM sqlite_master"), rows(folder, "SELECT * FROM alembic_version"))
        for folder in (tmp_path / "stock", tmp_path / "ours")
    )
    assert {name: sql for name, sql in ours[0] if "bpgrade" not in name} == dict(stock[0])
    assert ours[1] == stock[1] != []


def test_nbgrader_upgrades_the_database(fresh):
    before = scores(fresh)
    upgraded = nbgrader(fresh, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    assert scores(fresh) == before
    assert len(load(fresh / "grading").records) == 9


def by_hand(course: Path, student: str, exercise: str, points: float, comment: str) -> None:
    """What formgrader writes when a person gives points and leaves a comment."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'grading/gradebook.db'}") as book:
        stem = Path(name_of(LESSON)).stem
        grade = book.find_grade(f"check_{exercise}", stem, LESSON, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment(exercise, stem, LESSON, student).manual_comment = comment
        book.db.commit()


def test_a_score_given_by_hand_outlives_a_forced_run(fresh):
    by_hand(fresh, "partly", "relu_backward", 0.5, "the idea is <b>right</b>")
    before = scores(fresh)
    assert len(again(fresh, "--force")) == 9, "all are graded again"
    assert scores(fresh) == before
    seeds = rows(fresh, "SELECT seed FROM bpgrade_run")
    assert len(set(seeds)) == 2, "on new inputs, and the old seed is kept"
    found = rows(fresh, courses.SCORES + "WHERE sa.student_id = 'partly' AND bc.name = 'check_relu_backward'")
    assert [row[2:] for row in found] == [(0.0, 0.5, 1)], "kept, and marked for another look"
    record = next(record for record in load(fresh / "grading").records if record.student == "partly")
    outcome = next(outcome for outcome in record.outcomes if outcome.exercise == "relu_backward")
    assert (outcome.score, outcome.comment) == (0.5, "the idea is <b>right</b>")

    assert bpgrade(fresh, "feedback", "--out", ".").returncode == 0
    (page,) = (fresh / "grading/feedback/partly" / LESSON).glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "the idea is &lt;b&gt;right&lt;/b&gt;" in text
    assert bpgrade(fresh, "export", "--out", ".", "--format", "csv", "--to", fresh / "out.csv").returncode == 0
    row = next(line for line in (fresh / "out.csv").read_text(encoding="utf-8").splitlines() if "partly" in line)
    assert f"{record.score:g}" in row


def test_only_what_changed_is_graded_again(fresh):
    before = scores(fresh)
    assert again(fresh) == {}
    path = fresh / "hand-ins/untouched" / LESSON / name_of(LESSON)
    write(filled(LESSON, {"relu": answers(LESSON)["relu"]}, whole=False), path)
    assert set(again(fresh)) == {"untouched"}
    assert scores(fresh) == before | {"untouched": before["untouched"] | {"relu": FULL["relu"]}}


def test_a_source_that_is_not_there(tmp_path, graded):
    done = bpgrade(graded, "grade", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert_one_sentence(done)
    assert "nowhere" in done.stderr


def test_a_file_where_the_folder_should_be(tmp_path, graded):
    (tmp_path / "out").write_text("")
    assert_one_sentence(bpgrade(graded, "grade", graded / "hand-ins", "--out", tmp_path / "out"))


def assert_one_sentence(done: courses.Done) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("bpgrade: ")
    assert "Traceback" not in done.stderr


def on_disk(course: Path, out: Path, mount: str) -> courses.Done:
    """Grade into a folder on a file system that only this command sees; what is left there is copied to `out`."""
    disk = out.with_name("disk")
    disk.mkdir()
    command = [str(Path(sys.executable).parent / "bpgrade"), "grade", str(course / "hand-ins"), "--out", str(disk)]
    script = f'{mount.format(disk=disk)} || exit 99\n"$@"\ncode=$?\ncp -r "{disk}" "{out}"\nexit $code'
    apart = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return subprocess.run(
        [*apart, "sh", "-c", script, "sh", *command],
        env=courses.environment(course),
        capture_output=True,
        text=True,
        timeout=600,
    )


def assert_no_half_grade(out: Path) -> int:
    """Every hand-in is in the database with all its rows or not at all; returns how many are."""
    if not (out / "gradebook.db").exists():
        return 0
    with closing(sqlite3.connect(out / "gradebook.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        known = dict(db.execute("SELECT student, record FROM bpgrade_record")) if "bpgrade_record" in tables else {}
        found: dict[str, dict[str, float]] = {}
        for student, cell, score, *_ in db.execute(courses.SCORES):
            found.setdefault(student, {})[cell] = score
    expected = {
        student: {outcome["cell"]: outcome["points"] for outcome in json.loads(text)["outcomes"]}
        for student, text in known.items()
    }
    assert found == expected
    return len(found)


def test_a_disk_that_cannot_be_written(tmp_path, graded):
    done = on_disk(graded, tmp_path / "out", 'mount -t tmpfs -o ro none "{disk}"')
    assert_one_sentence(done)
    assert assert_no_half_grade(tmp_path / "out") == 0


@pytest.mark.parametrize("size", ["64k", "400k", "800k"])
def test_a_disk_that_is_full(tmp_path, graded, size):
    done = on_disk(graded, tmp_path / "out", f'mount -t tmpfs -o size={size} none "{{disk}}"')
    assert_one_sentence(done)
    assert "No space left" in done.stderr or "full" in done.stderr
    assert assert_no_half_grade(tmp_path / "out") < 9
