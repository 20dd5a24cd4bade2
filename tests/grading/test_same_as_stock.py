"""An honest class in every lesson gets from bpgrade what stock nbgrader gives: the same scores, the same notebooks."""

import json
import re
import sqlite3
from contextlib import closing

import pytest
from bpgrade import sample
from bpgrade.grade import Options, Pool, grade_class
from bpgrade.sample import MISTAKES, STYLES, complete

from tests.notebooks import (
    LESSONS,
    ROOT,
    answers,
    blanks,
    filled,
    grade_id,
    name_of,
    nbgrader,
    read,
    source,
    stock_course,
    write,
)

WHOLE = ("00_slopes",)  # where all four hand in all cells, elsewhere the one whose work is right
FOUR = (*WHOLE, "12_interview")  # elsewhere one hand-in is both half empty and wrong in places


def hand_ins(lesson):
    """By student: the exercises that were filled in, each with its source."""
    solved, empty = answers(lesson), {name: source(cell) for name, cell in blanks(read("lessons", lesson)).items()}
    names = list(solved)
    wrong = {name: complete(empty[name], next(iter(MISTAKES.get(name, {"": "return 0.0"}).values()))) for name in names}
    other = {name: complete(empty[name], STYLES[name][-1]) for name in names if name in STYLES}
    head, quotes, body = solved[names[0]].rpartition('"""')
    warning = '    import warnings\n    warnings.warn("slow")\n'
    spoken = f"{head}{quotes}\n{warning}{body.lstrip(chr(10))}\nprint('defined')"
    slips = solved | {name: wrong[name] for name in names[1::2]}
    half = names[: len(names) // 2]
    full = {"right": solved, "otherwise": solved | other | {names[0]: spoken}}
    if lesson not in FOUR:
        return full | {"slips": {name: slips[name] for name in half}}
    return full | {"slips": slips, "half": {name: solved[name] for name in half}}


@pytest.fixture(scope="module")
def pool():
    """Processes that grade one lesson after another."""
    with Pool(Options(workers=1)) as pool:
        yield pool


@pytest.fixture(scope="module", params=LESSONS)
def graded(request, tmp_path_factory, pool):
    """The same hand-ins of one lesson, graded by both: the two folders with gradebook.db and autograded/."""
    root = stock_course(tmp_path_factory.mktemp("stock") / "course", [request.param])
    for student, work in hand_ins(request.param).items():
        place = root / "grading/submitted" / student / request.param
        nb = filled(request.param, work, whole=student == "right" or request.param in WHOLE)
        for cell in sample.written(nb) if student != "half" else ():
            cell["source"] = f"In my own words: {student}."
        write(nb, place / name_of(request.param))
    done = nbgrader(root, "autograde", request.param)
    assert done.returncode == 0, done.stderr
    ours = tmp_path_factory.mktemp("ours")
    grade_class(root / "grading/submitted", ours, ROOT, Options(workers=1), pool=pool)
    return request.param, root / "grading", ours


def scores(out):
    """What a gradebook holds, in points, by student and check."""
    query = """
        SELECT sa.student_id, bc.name, g.auto_score, g.needs_manual_grade FROM grade g
        JOIN base_cell bc ON bc.id = g.cell_id
        JOIN submitted_notebook sn ON sn.id = g.notebook_id
        JOIN submitted_assignment sa ON sa.id = sn.assignment_id
    """
    with closing(sqlite3.connect(out / "gradebook.db")) as db:
        return {(student, cell): rest for student, cell, *rest in db.execute(query)}


def test_every_score_is_the_same(graded):
    lesson, stock, ours = graded
    expected = scores(stock)
    written = len(sample.written(read("lessons", lesson)))
    students = {student for student, _ in expected}
    assert students == set(hand_ins(lesson))
    assert len(expected) == len(students) * (len(answers(lesson)) + written)
    points = [given for given, _ in expected.values() if given is not None]
    assert len(points) == len(expected) - 3 * written, "a written answer waits for a person, unless nothing was written"
    assert sum(points) > 0, "the class is graded at all"
    assert min(points) == 0, "and not all of it is right"
    assert scores(ours) == expected


def notebook(out, student, lesson):
    (path,) = (out / "autograded" / student / lesson).glob("*.ipynb")
    return json.loads(path.read_text(encoding="utf-8"))


def plain(output, masked):
    """An output without what depends on the process it was made in; in a check's, numbers depend on its inputs."""
    if output["output_type"] == "error":  # the library lies elsewhere behind the wall, and has fewer lines
        output = {**output, "traceback": [frame for frame in output["traceback"] if "/bpkit/" not in frame]}
    text = re.sub(r"ipykernel_\d+/\w+\.py", "ipykernel", json.dumps(output, sort_keys=True))
    text = re.sub(r" at 0x[0-9a-f]+", " at 0x", text)
    text = re.sub(r"[~/][^\s\"]*/site-packages/", "site-packages/", text)  # the home folder, written ~, is another
    return re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", text) if masked else text


def stream(cell, name):
    """All that a cell printed to one stream: how the two interleave depends on timing in nbgrader."""
    return "".join(source({"source": each["text"]}) for each in cell.get("outputs", []) if each.get("name") == name)


def unsteady(lesson):
    """The cells of a lesson whose numbers differ from run to run: measured times, and what rounding decides."""
    tagged = (
        cell for cell in read("lessons", lesson)["cells"] if "nbval-ignore-output" in cell["metadata"].get("tags", ())
    )
    return {source(cell) for cell in tagged}


def shown(cell, unsteady):
    """A cell's outputs, what it printed first."""
    loose = source(cell) in unsteady
    masked = loose or (grade_id(cell) or "").startswith("check_")
    others = [plain(each, masked) for each in cell.get("outputs", []) if each["output_type"] != "stream"]
    if loose:
        return [
            len(stream(cell, "stdout").splitlines()),
            *(re.sub(r"base(64|#),[^\"\\]+", "PICTURE", each) for each in others),
        ]
    return [stream(cell, "stdout"), *others]


def warnings(cells):
    """What was written to stderr anywhere: how often Python repeats a warning depends on who else changed filters."""
    lines = "".join(stream(cell, "stderr") for cell in cells).splitlines()
    return {re.sub(r"ipykernel_\d+/\w+\.py", "ipykernel", line) for line in lines}


@pytest.mark.parametrize("student", ["right", "otherwise", "slips"])
def test_the_notebooks_are_the_same_cell_by_cell(graded, student):
    lesson, stock, ours = graded
    expected, found = (notebook(out, student, lesson)["cells"] for out in (stock, ours))
    assert [source(cell) for cell in found] == [source(cell) for cell in expected]
    assert [cell.get("execution_count") for cell in found] == [cell.get("execution_count") for cell in expected]
    loose = unsteady(lesson)
    for mine, theirs in zip(found, expected, strict=True):
        assert shown(mine, loose) == shown(theirs, loose), source(theirs)
    assert warnings(found) == warnings(expected)


def test_figures_are_among_what_is_compared(graded):
    lesson, stock, _ = graded
    assert re.search("image/png|data:image/png;base64,", json.dumps(notebook(stock, "right", lesson)))
