"""The released lesson, filled by three students, graded by nbgrader as it comes."""

from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from bpkit.exercises import of_lesson
from tests.notebooks import answers, filled, name_of, nbgrader, stock_course, write

LESSON = "02_two_layer_network"

WRONG = {
    # one of three gradients wrong, with output on the way
    "dense_backward": """
def dense_backward(dZ, X, W):
    print("shapes", dZ.shape, X.shape, W.shape)
    return dZ @ W.T, X.T @ dZ, dZ
""",
    # right, with a warning, by another route, and over two definitions
    "relu": """
import warnings

def relu(z):
    warnings.warn("slow")
    return (z + abs(z)) / 2
""",
    "relu_backward": """
def relu_backward(da, z):
    z[z > 0] = 1
    z[z <= 0] = 0
    return da * z
""",
    "two_layer_backward": "def two_layer_backward(y_true, cache, params):\n    return undefined_name\n",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course root of its own, with the real configuration, and three hand-ins."""
    root = stock_course(tmp_path_factory.mktemp("course"), [LESSON])
    solved = answers(LESSON)
    for student, work in {"right": solved, "partly": solved | WRONG, "untouched": {}}.items():
        write(filled(LESSON, work, whole=False), root / "grading/submitted" / student / LESSON / name_of(LESSON))
    graded = nbgrader(root, "autograde", LESSON)
    assert graded.returncode == 0, graded.stderr
    return root


def scores(course: Path, student: str) -> dict[str, float]:
    """What the gradebook holds for each check."""
    with Gradebook(f"sqlite:///{course / 'grading/gradebook.db'}") as book:
        submission = book.find_submission(LESSON, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        assert not any(grade.needs_manual_grade for grade in grades)
        return {grade.name.removeprefix("check_"): grade.auto_score for grade in grades}


def test_all_right_gets_every_point(course):
    assert scores(course, "right") == {exercise.name: exercise.points for exercise in of_lesson(LESSON)}


def test_untouched_gets_none(course):
    assert set(scores(course, "untouched").values()) == {0}


def test_partly_right_gets_the_points_of_what_is_right(course):
    full = {exercise.name: float(exercise.points) for exercise in of_lesson(LESSON)}
    expected = full | {"dense_backward": 2.0, "relu_backward": 0.0, "two_layer_backward": 0.0}
    # The mended program calls the student's own dense_backward: three of its four gradients come out right,
    # but the one for b1 and b2 inherit the missing sum.
    got = scores(course, "partly")
    assert got.pop("cheatsheet_gradients") == pytest.approx(2.0)
    expected.pop("cheatsheet_gradients")
    assert got == expected


def test_feedback_is_made_and_names_the_mistake(course):
    made = nbgrader(course, "generate_feedback", LESSON, "--student=partly")
    assert made.returncode == 0, made.stderr
    (page,) = (course / "grading/feedback/partly" / LESSON).glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "db has one row for each example" in text
    assert "Every example used the same b" in text


def test_grades_are_exported(course):
    made = nbgrader(course, "export", "--to=grades.csv")
    assert made.returncode == 0, made.stderr
    rows = (course / "grading/grades.csv").read_text().splitlines()
    assert len(rows) == 4
