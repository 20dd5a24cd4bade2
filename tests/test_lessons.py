"""Lessons and solutions: one source, every solution right, every blank a blank."""

import itertools
import re

import pytest
from bpgrade import lessons

from bpkit.checking import evaluate
from bpkit.exercises import LESSONS, of_lesson
from tests import notebooks
from tests.notebooks import ROOT, blanks, grade_id, read, source

EXERCISES = [(lesson, exercise.name) for lesson in notebooks.LESSONS for exercise in of_lesson(lesson)]


def test_lessons_are_fresh_from_solutions():
    assert lessons.stale(ROOT) == [], "run `make lessons` and commit what it changes"


def test_every_lesson_with_exercises_has_a_solution_and_the_other_way_round():
    assert set(notebooks.LESSONS) <= set(LESSONS)


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_blanks_checks_and_exercises_match(lesson):
    nb = read("solutions", lesson)
    names = [exercise.name for exercise in of_lesson(lesson)]
    assert list(blanks(nb)) == names, "one blank for each exercise, in order"
    for exercise in of_lesson(lesson):
        (cell,) = (cell for cell in nb["cells"] if grade_id(cell) == f"check_{exercise.name}")
        assert source(cell) == f"check({exercise.name})"
        facts = cell["metadata"]["nbgrader"]
        assert (facts["grade"], facts["locked"], facts["solution"]) == (True, True, False)
        assert facts["points"] == exercise.points


def function_of(folder, lesson, name):
    """The student's function after running the blanks of a notebook up to and including `name`."""
    nb, space = read(folder, lesson), {}
    exec(source(next(cell for cell in nb["cells"] if grade_id(cell) == "setup")), space)
    for blank, cell in blanks(nb).items():
        exec(compile(source(cell), f"<{blank}>", "exec"), space)
    return space[name]


@pytest.mark.parametrize(("lesson", "name"), EXERCISES)
@pytest.mark.filterwarnings("ignore:overflow")
def test_solution_passes_its_check(lesson, name):
    verdict = evaluate(function_of("solutions", lesson, name))
    assert verdict.outcome == "right", verdict.message


@pytest.mark.parametrize(("lesson", "name"), EXERCISES)
def test_unsolved_blank_is_not_attempted(lesson, name):
    assert "SOLUTION" not in source(blanks(read("lessons", lesson))[name])
    verdict = evaluate(function_of("lessons", lesson, name))
    assert verdict.outcome == "not_attempted", verdict.message
    assert verdict.score == 0


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_no_answer_is_left_in_the_released_lesson(lesson):
    released = read("lessons", lesson)
    given = "\n".join(source(cell) for cell in blanks(released).values())
    for cell in blanks(read("solutions", lesson)).values():
        solution = re.search(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source(cell), re.DOTALL)
        assert solution, grade_id(cell)
        for line in solution[1].splitlines():
            if len(line.strip()) > 12:
                assert line.strip() not in given, (grade_id(cell), line)
    assert not any(cell.get("outputs") for cell in released["cells"])


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
def test_formulas_can_be_set_and_links_lead_somewhere(lesson):
    for cell in read("solutions", lesson)["cells"]:
        if cell["cell_type"] == "markdown":
            for formula in re.findall(r"\$\$.*?\$\$|(?<!\$)\$[^$]+\$(?!\$)", source(cell), re.DOTALL):
                assert "`" not in formula, f"Markdown takes the backticks first, and the formula stays raw: {formula}"
                assert formula.count("{") == formula.count("}"), formula
            for link in re.findall(r"\]\((?!https?:)([^)]+)\)", source(cell)):
                assert (ROOT / "solutions" / lesson / link).exists(), link


def test_each_lesson_leads_to_the_next():
    for lesson, following in itertools.pairwise(LESSONS):
        if lesson in notebooks.LESSONS and following in notebooks.LESSONS:
            text = "\n".join(source(cell) for cell in read("solutions", lesson)["cells"])
            assert f"](../{following}/{notebooks.name_of(following)})" in text, lesson
