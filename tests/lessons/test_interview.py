"""The interview: its notebook shows what the exercises hold, and says nothing that gives an answer away."""

import itertools
import json
import re

import numpy as np
import pytest

from bpkit.checking import Choice
from bpkit.exercises import of_lesson
from bpkit.plots import runs
from tests.lessons.lesson_12 import CHEATSHEET
from tests.lessons.reading import cells, tagged
from tests.notebooks import ROOT, grade_id, read, source

LESSON = "12_interview"
EXERCISES = of_lesson(LESSON)
QUESTIONS = [exercise for exercise in EXERCISES if isinstance(exercise, Choice)]
CELLS = {cell["id"]: cell for cell in cells(LESSON)}
WRITTEN = [cell for cell in cells(LESSON, "markdown") if cell["metadata"].get("nbgrader")]


def asked(name):
    return source(CELLS[f"q-{name.replace('_', '-')}"])


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_notebook_asks_what_the_exercise_holds(question):
    text = asked(question.name)
    assert question.asks in text
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    wanted = [
        f"- **{letter})** {option.text}" for letter, option in zip(question.letters, question.options, strict=True)
    ]
    assert lines == wanted


def test_every_question_of_the_cheatsheet_is_asked_and_many_more():
    assert len(CHEATSHEET) == 10
    found = {id for ids in CHEATSHEET.values() for id in ids}
    assert found == {cell["id"] for cell in tagged(LESSON, "cheatsheet")}
    by_letter = {id.removeprefix("q-").replace("-", "_") for id in found} & {question.name for question in QUESTIONS}
    assert len(QUESTIONS) - 10 - len(by_letter) >= 25, "the ten curves not counted"


def test_points_are_stated_and_add_up():
    checks = [
        cell["metadata"]["nbgrader"]["points"]
        for cell in cells(LESSON, "code")
        if (grade_id(cell) or "").startswith("check_")
    ]
    assert sum(checks) == len(EXERCISES) == 55
    table = source(CELLS["close"])
    for row in ("37 questions | 37", "8 numbers | 8", "10 curves | 10", "4 written answers | 16", "all | 71"):
        assert row in table
    assert [int(points) for points in re.findall(r"(\d+) points", source(CELLS["goal"]))] == [24, 21, 26]


def test_written_answers_have_a_marking_scheme_that_is_not_handed_out():
    assert len(WRITTEN) == 4
    scheme = (ROOT / "grading/marking_interview.md").read_text(encoding="utf-8")
    released = json.dumps(read("lessons", LESSON))
    for cell in WRITTEN:
        facts = cell["metadata"]["nbgrader"]
        assert (facts["grade"], facts["solution"], facts["locked"], facts["points"]) == (True, True, False, 4)
        answer, _, marks = source(cell).partition("**Marks, one point each**")
        rows = re.findall(r"(?m)^\d\. (.+)$", marks)
        assert len(rows) == facts["points"]
        for row in rows:
            assert row in scheme, "the instructor's page says the same"
            assert row not in released
        assert answer.splitlines()[0] not in released
        (handed_out,) = (each for each in read("lessons", LESSON)["cells"] if grade_id(each) == facts["grade_id"])
        assert source(handed_out) == "YOUR ANSWER HERE"


@pytest.mark.parametrize("number", range(1, 11))
def test_a_curve_does_not_tell_its_bug(number):
    cell = CELLS[f"draw-run-{number}"]
    question = next(exercise for exercise in QUESTIONS if exercise.name == f"run_{number}")
    assert source(cell).splitlines()[0] == f"plots.faulty_run({number})"
    words = source(cell).lower()
    for option in question.options:
        assert option.text.lower() not in words
    assert not re.search(r"shuffl|sorted|added|rate grows|minus|reset|thrown|bracket|logarithm|broadcast", words)


def trained(number):
    run, _ = runs._RUNS[number - 1]
    this, sound = run(False), run(True)
    return (np.array(values) for values in (this.losses, this.second, sound.losses, sound.second))


# What the alternative texts, and the reasons given with the right answers, say of each run.
def _run_1():
    loss, right, sound, best = trained(1)
    assert np.all(np.diff(loss) > 0)
    assert (round(loss[0]), round(loss[-1]), len(loss), round(sound[-1], 1)) == (1, 30, 40, 0.3)
    assert (round(100 * right[0]), round(100 * right[-1]), round(100 * best[-1])) == (31, 8, 91) or right[-1] < 0.1


def _run_2():
    loss, right, sound, best = trained(2)
    assert len(set(loss)) == len(set(right)) == 1
    assert (round(loss[0], 2), len(loss), round(sound[-1], 2)) == (0.98, 60, 0.09)
    assert (round(right[0], 1), round(best[-1], 2)) == (0.4, 0.96)


def _run_3():
    loss, right, _, best = trained(3)
    assert abs(loss[30:].mean() - np.log(10)) < 0.02
    assert right[30:].max() < 0.2
    assert best[-1] > 0.94


def _run_4():
    loss, right, sound, best = trained(4)
    np.testing.assert_array_equal(loss, -sound)
    np.testing.assert_array_equal(right, best)
    assert (round(loss[0]), round(right[0], 1), round(right[-1], 2)) == (-1, 0.7, 0.96)


def _run_5():
    loss, right, _, best = trained(5)
    peaks = np.flatnonzero((loss[1:-1] > 2) & (loss[1:-1] > loss[:-2]) & (loss[1:-1] > loss[2:])) + 1
    assert 15 <= len(peaks) <= 22
    assert 8 <= np.median(np.diff(peaks)) <= 12
    assert min(loss[a:b].min() for a, b in itertools.pairwise(peaks)) < 0.1
    assert right.max() < 0.35
    assert best[-1] > 0.9


def _run_6():
    loss, largest, sound, same = trained(6)
    first = np.flatnonzero(~np.isfinite(loss))[0]
    assert 85 <= first <= 97
    np.testing.assert_allclose(loss[:first], sound[:first], rtol=1e-6)
    np.testing.assert_array_equal(largest, same)
    assert sound[first] < 0.01
    assert largest[first - 1] < 36.8 < largest[first] + 0.1


def _run_7():
    loss, right, _, best = trained(7)
    assert right[40:70].max() > 0.85
    assert right[-20:].max() < 0.2
    assert abs(loss[-20:].mean() - np.log(10)) < 0.2
    assert best[-1] > 0.9


def _run_8():
    loss, spread, sound, theirs = trained(8)
    assert np.all(np.diff(loss) < 0)
    assert (round(loss[0], 1), round(loss[-1], 1), round(sound[-1], 2)) == (1.4, 1.0, 0.47)
    assert (round(spread[0], 2), round(spread[-1], 2), round(theirs[-1], 2)) == (0.57, 0.08, 0.73)


def _run_9():
    loss, length, sound, theirs = trained(9)
    assert loss[10:20].min() < 0.65 < sound[10:20].min()
    assert (round(loss[30:].min(), 2), round(loss[30:].max(), 2)) == (0.5, 0.74)
    assert loss[100:].max() - loss[100:].min() > 0.08, "it does not settle"
    assert 6.8 < length[30:].min() < length.max() < 9
    assert theirs[-1] < 0.2


def _run_10():
    loss, share, sound, theirs = trained(10)
    stop = int(np.argmax(loss == 0))
    assert 5 <= stop <= 8
    assert np.all(loss[stop:] == 0)
    np.testing.assert_allclose(np.diff(loss[:stop]), loss[1] - loss[0], rtol=1e-9)
    assert (round(share[-1], 2), round(sound[-1], 2), round(theirs[-1], 2)) == (0.52, 0.14, 0.25)
    assert len(set(share[stop:])) == 1


RUNS = (_run_1, _run_2, _run_3, _run_4, _run_5, _run_6, _run_7, _run_8, _run_9, _run_10)


@pytest.mark.parametrize("number", range(1, 11))
def test_what_is_said_of_a_run_is_so(number):
    RUNS[number - 1]()


def test_the_sheet_differs_from_name_to_name_and_the_solution_fits_it():
    sheets = set()
    for name in ("Ada", "Grace", "Emmy", "Sofia", "Mary"):
        space = {"np": np, "print": lambda *words: None}
        exec(source(CELLS["your-sheet"]).replace('"Ada"', repr(name)), space)
        assert list(space["sheet"]) == [exercise.name for exercise in EXERCISES if exercise not in QUESTIONS]
        for exercise in EXERCISES:
            if exercise.name in space["sheet"]:
                assert np.isfinite(exercise.reference(**space["sheet"][exercise.name]))
        sheets.add(repr(space["sheet"]))
    assert len(sheets) == 5
