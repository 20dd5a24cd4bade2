"""Lesson 12 graded: letters and numbers by the judge, written answers by a person; clever answers gain nothing."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from bpgrade import byhand, feedback, sample
from bpgrade.records import load

from bpkit.checking import Choice
from bpkit.exercises import of_lesson
from tests import browser
from tests.grading import course as courses
from tests.grading.course import bpgrade, rows
from tests.notebooks import answers, filled, name_of, read, write

needs_chromium = pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)
LESSON = "12_interview"
EXERCISES = of_lesson(LESSON)
QUESTIONS = [exercise for exercise in EXERCISES if isinstance(exercise, Choice)]
NUMBERS = [exercise for exercise in EXERCISES if exercise not in QUESTIONS]
WRITTEN = [cell["metadata"]["nbgrader"]["grade_id"] for cell in sample.written(read("lessons", LESSON))]
LETTERS = Counter(question.right for question in QUESTIONS)

SAME = """
class Same(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def strip(self, *ignored): return self
    def lower(self): return self
    def __len__(self): return 1
    def __contains__(self, other): return True
    def __float__(self): return 1.0
"""
PATCH = """
import bpkit, bpkit.checking
from types import SimpleNamespace
verdict = SimpleNamespace(outcome="right", score=1.0, mistake=None, message="Right.", exercise="all")
bpkit.checking.evaluate = evaluate = lambda *args, **kwargs: verdict
bpkit.check = bpkit.checking.check = check = lambda *args, **kwargs: print("Right.")
import bpkit.checking.observe as observe
observe.plain = lambda value, depth=0: value
"""


def each(body, *, args=False):
    """Every exercise answered by the same lines."""
    return {
        exercise.name: f"def {exercise.signature if args and exercise in NUMBERS else f'{exercise.name}(*args)'}:\n    {body}"
        for exercise in EXERCISES
    }


def hand_in(work, first="", words=None):
    """A notebook with some blanks filled, a cell before them, and something written."""
    nb = filled(LESSON, work)
    if work != answers(LESSON):  # the pictures take most of the time, and one student who draws them is enough
        nb["cells"] = [cell for cell in nb["cells"] if not cell["id"].startswith("draw-run")]
    for cell in sample.written(nb) if words else ():
        cell["source"] = words
    if first:
        at = next(i for i, cell in enumerate(nb["cells"]) if cell["cell_type"] == "code") + 1
        sample.insert(nb, at, sample.code(first))
    return nb


def letters(letter):
    return each(f"return {letter!r}")


CLASS = {
    "right": hand_in(answers(LESSON), words="The slope of the loss, handed back link by link."),
    "silent": hand_in(answers(LESSON)),
    "untouched": hand_in({}),
    "only_words": hand_in({}, words="I have only written."),
    "always_a": hand_in(letters("a")),
    "always_b": hand_in(letters("b")),
    "same": hand_in(each("return Same('a or b or c or d')"), SAME),
    "patched": hand_in(each("return verdict"), PATCH),
    "every_letter": hand_in(each("return 'abcd'")),
    "a_list": hand_in(each("return list('abcd')")),
    "another_each_time": hand_in(each("return next(turns)"), "import itertools\nturns = itertools.cycle('abcd')"),
    "asks_bpkit": hand_in(each("import bpkit.exercises as e\n    return e.find('why_cross_entropy').right")),
    "my_own_sheet": hand_in(
        {exercise.name: f"def {exercise.name}(*args):\n    return by_value[{exercise.name!r}]" for exercise in NUMBERS},
        f"by_value = { ({e.name: float(e.reference(**e.cases(0)[0].inputs)) for e in NUMBERS})!r}",
    ),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with the class graded."""
    root = courses.make(tmp_path_factory.mktemp("interview") / "course", LESSON)
    for student, notebook in CLASS.items():
        write(notebook, root / "hand-ins" / student / LESSON / name_of(LESSON))
    done = bpgrade(root, "grade", root / "hand-ins", "--out", ".")
    assert done.returncode == 0, done.stderr
    return root


def records(course):
    return {record.student: record for record in load(course / "grading").records}


def test_right_answers_get_their_points_and_the_total_counts_what_is_written(course):
    for student in ("right", "silent"):
        record = records(course)[student]
        assert (record.status, record.score, record.max_score) == ("graded", 55.0, 71.0)
        assert {outcome.verdict for outcome in record.outcomes if outcome.cell not in WRITTEN} == {"right"}
        assert record.flags == ()
        assert record.repairs == ()


def test_a_constant_letter_earns_what_chance_gives_and_no_number(course):
    for letter in "ab":
        record = records(course)[f"always_{letter}"]
        assert record.score == LETTERS[letter] < 0.3 * len(EXERCISES)
        wrong = [outcome for outcome in record.outcomes if outcome.verdict == "looks_like"]
        assert len(wrong) == len(QUESTIONS) - LETTERS[letter]
        assert all(outcome.message.startswith(f"You answer {letter}. ") for outcome in wrong)


@pytest.mark.parametrize(
    "student",
    ["same", "patched", "every_letter", "a_list", "another_each_time", "asks_bpkit", "my_own_sheet", "untouched"],
)
def test_being_clever_gains_nothing(course, student):
    record = records(course)[student]
    assert (record.status, record.score) == ("graded", 0.0)
    reasons = {question.why for question in QUESTIONS}
    assert not [outcome for outcome in record.outcomes if outcome.message in reasons]


def test_an_untouched_notebook_is_not_attempted(course):
    record = records(course)["untouched"]
    assert {outcome.verdict for outcome in record.outcomes} == {"not_attempted"}
    assert [outcome.message for outcome in record.outcomes[-4:]] == [byhand.EMPTY] * 4


def waiting(course, student):
    query = f"{courses.SCORES} WHERE sa.student_id = ?"
    return {cell: (auto, manual, bool(needs)) for _, cell, auto, manual, needs in rows(course, query, student)}


def test_written_answers_wait_for_a_person(course):
    assert len(WRITTEN) == 4
    for student, empty in (("right", False), ("only_words", False), ("silent", True), ("untouched", True)):
        found = waiting(course, student)
        for name in WRITTEN:
            assert found[name] == ((0.0, None, False) if empty else (None, None, True)), (student, name)
        assert not any(needs for cell, (_, _, needs) in found.items() if cell not in WRITTEN)
    page = feedback.place(records(course)["right"], course / "grading/feedback").read_text(encoding="utf-8")
    assert page.count("Not read yet") == 4
    (path,) = (course / "grading/autograded/right" / LESSON).glob("*.ipynb")
    kept = [cell for cell in json.loads(path.read_text())["cells"] if byhand.is_written(cell)]
    assert ["".join(cell["source"]) for cell in kept] == ["The slope of the loss, handed back link by link."] * 4


HAND_IN = "SELECT sn.id FROM submitted_notebook sn JOIN submitted_assignment sa ON sa.id = sn.assignment_id"
GIVE = """
UPDATE grade SET manual_score = ?, needs_manual_grade = 0 WHERE id IN (
    SELECT g.id FROM grade g JOIN base_cell bc ON bc.id = g.cell_id
    JOIN submitted_notebook sn ON sn.id = g.notebook_id JOIN submitted_assignment sa ON sa.id = sn.assignment_id
    WHERE sa.student_id = ? AND bc.name = ?)
"""
SAY = """
UPDATE comment SET manual_comment = ? WHERE id IN (
    SELECT c.id FROM comment c JOIN base_cell bc ON bc.id = c.cell_id
    JOIN submitted_notebook sn ON sn.id = c.notebook_id JOIN submitted_assignment sa ON sa.id = sn.assignment_id
    WHERE sa.student_id = ? AND bc.name = ?)
"""


def test_points_and_comments_of_a_person_come_back_and_stay(course):
    for points, name in zip((4.0, 2.5, 3.0, 0.0), WRITTEN, strict=True):
        rows(course, GIVE, points, "only_words", name)
    rows(course, SAY, "The second rule is missing.", "only_words", WRITTEN[1])
    record = records(course)["only_words"]
    assert (record.score, record.max_score) == (9.5, 71.0)
    assert [outcome.score for outcome in record.outcomes[-4:]] == [4.0, 2.5, 3.0, 0.0]
    assert bpgrade(course, "feedback", "--out", ".").returncode == 0
    page = feedback.place(record, course / "grading/feedback").read_text(encoding="utf-8")
    assert "The second rule is missing." in page
    assert page.count("Read by a person") == 4
    assert "<b>9.5</b> of 71 points" in page
    # The same class again: nothing has changed. Then the student hands in more, and a person has to look again.
    assert bpgrade(course, "grade", course / "hand-ins", "--out", ".").returncode == 0
    assert records(course)["only_words"].score == 9.5
    better = hand_in({"run_1": answers(LESSON)["run_1"]}, words="I have written more.")
    write(better, course / "hand-ins/only_words" / LESSON / name_of(LESSON))
    assert bpgrade(course, "grade", course / "hand-ins", "--out", ".").returncode == 0
    assert records(course)["only_words"].score == 10.5
    found = waiting(course, "only_words")
    assert [found[name] for name in WRITTEN] == [(None, points, True) for points in (4.0, 2.5, 3.0, 0.0)]


@needs_chromium
def test_formgrader_shows_what_was_written_and_takes_points_for_it(course, tmp_path):
    words = [str(Path(sys.executable).parent / "bpgrade"), "formgrader", "--out", str(course / "grading")]
    ((id,),) = rows(course, f"{HAND_IN} WHERE sa.student_id = 'right'")
    with browser.server(words, tmp_path, courses.environment(course)) as address, browser.page() as page:
        page.goto(address)
        page.locator("#main-table a").first.wait_for(timeout=60_000)
        page.goto(f"{re.match(r'http://[^/]+', address)[0]}/formgrader/submissions/{id}/")
        box = page.locator(f"#{WRITTEN[3]}")
        box.wait_for(timeout=60_000)
        assert page.get_by_text("The slope of the loss, handed back link by link.").count() == 4
        page.wait_for_load_state("networkidle")  # formgrader fills its boxes in once its scores have come
        box.fill("3.5")
        box.press("Tab")
        for _ in range(100):
            if waiting(course, "right")[WRITTEN[3]][1] is not None:
                break
            page.wait_for_timeout(200)
    assert waiting(course, "right")[WRITTEN[3]] == (None, 3.5, False)
    assert records(course)["right"].score == 58.5


def test_the_report_has_a_column_for_what_a_person_grades(course):
    assert bpgrade(course, "report", "--out", ".").returncode == 0
    (page,) = (course / "grading").glob("report*.html")
    text = page.read_text(encoding="utf-8")
    assert "graded by hand" in text
    assert WRITTEN[0].replace("_", "_<wbr>") in text or WRITTEN[0] in text
