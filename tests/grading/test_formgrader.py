"""Formgrader as an instructor meets it: what bpgrade recorded is shown, corrected by hand, and graded anew by a button."""

import json
import re
import sys
import time
from pathlib import Path

import pytest
from bpgrade.records import load

from bpkit.exercises import of_lesson
from tests import browser
from tests.grading import course as courses
from tests.grading.course import LESSON, bpgrade, rows
from tests.grading.test_stock import WRONG
from tests.notebooks import answers, filled, name_of, write

STEM = Path(name_of(LESSON)).stem
MOST = sum(exercise.points for exercise in of_lesson(LESSON))
NASTY = """
from IPython.display import HTML, SVG, Javascript, Markdown, display
attack = "document.title = 'taken over'"
display(HTML(f"<b>plain</b><script>{attack}</script><img src=x onerror=\\"{attack}\\">"), Javascript(attack))
display(Markdown(f"<svg onload=\\"{attack}\\"></svg>"), SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload=\\"{attack}\\"/>"))
display({"image/png": f'x" onerror="{attack}'}, raw=True)
"""


def nasty():
    """A notebook whose outputs and text try to run a script in the page of whoever looks at them."""
    nb = filled(LESSON, answers(LESSON), whole=False)
    extra = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "nasty",
        "source": NASTY,
    }
    text = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"
    nb["cells"] += [extra, {"cell_type": "markdown", "metadata": {}, "id": "nasty-text", "source": text}]
    return nb


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course with a graded class."""
    root = courses.make(tmp_path_factory.mktemp("formgrader") / "course")
    solved = answers(LESSON)
    works = {
        "right": filled(LESSON, solved, whole=False),
        "partly": filled(LESSON, solved | WRONG, whole=False),
        "nasty": nasty(),
    }
    for student, notebook in works.items():
        write(notebook, root / "hand-ins" / student / LESSON / name_of(LESSON))
    stamp = root / "hand-ins/partly" / LESSON / "timestamp.txt"
    stamp.write_text("2030-01-02 03:04:05.678901 UTC\n")
    graded = bpgrade(root, "grade", root / "hand-ins", "--out", ".", "--json", root / "rows.json")
    assert graded.returncode == 0, graded.stderr
    return root


@pytest.fixture(scope="module")
def address(course, tmp_path_factory):
    """`bpgrade formgrader`, running."""
    words = [str(Path(sys.executable).parent / "bpgrade"), "formgrader", "--out", str(course / "grading")]
    with browser.server(words, tmp_path_factory.mktemp("server"), courses.environment(course)) as address:
        yield address


@pytest.fixture(scope="module")
def page(address):
    """A page of a browser that has come in by the address, which works once, and serves all tests."""
    with browser.page() as page:
        page.goto(address)
        page.locator("#main-table a").first.wait_for(timeout=60_000)
        yield page


def base(address: str) -> str:
    return re.match(r"http://[^/]+", address)[0]


def row(page, text: str) -> str:
    """The row of the page's table that holds a text, once it is loaded."""
    found = page.locator("#main-table tr").filter(has_text=text).first
    found.wait_for(timeout=60_000)
    return found.inner_text()


needs_chromium = pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)


@needs_chromium
def test_the_address_opens_the_gradebook(page, address, tmp_path):
    assert re.match(r"http://formgrader-\w+\.localhost:\d+/enter/", address)
    assert LESSON in row(page, LESSON)
    page.goto(f"{base(address)}/formgrader/gradebook/{LESSON}/{STEM}")
    page.locator("#main-table a").first.wait_for(timeout=60_000)
    assert page.locator("#main-table tr").count() == 3
    page.screenshot(path=tmp_path / "gradebook.png")


@needs_chromium
def test_hand_ins_are_shown_with_their_scores(page, address, course, tmp_path):
    page.goto(f"{base(address)}/formgrader/manage_submissions/{LESSON}")
    shown = row(page, "right")
    assert "graded" in shown
    assert f"{MOST} / {MOST}" in shown
    shown = row(page, "partly")
    assert "2030-01-02 03:04:05" in shown
    assert f"{sum(courses.scores(course)['partly'].values()):g} / {MOST}" in shown
    assert "needs autograding" not in page.locator("#main-table").inner_text()
    page.screenshot(path=tmp_path / "submissions.png")


def notebook_id(course: Path, student: str) -> str:
    """Formgrader's name of a hand-in."""
    query = "SELECT sn.id FROM submitted_notebook sn JOIN submitted_assignment sa ON sa.id = sn.assignment_id"
    return rows(course, f"{query} WHERE sa.student_id = ?", student)[0][0]


@needs_chromium
def test_points_and_a_comment_given_by_hand(page, address, course, tmp_path):
    page.goto(f"{base(address)}/formgrader/submissions/{notebook_id(course, 'partly')}/")
    score = page.locator("#check_relu_backward")
    score.wait_for(timeout=60_000)
    browser.until(page, "document.querySelector('#check_relu_backward').placeholder !== ''")
    assert score.get_attribute("placeholder") == "0"
    assert "relu_backward: " in page.locator("body").inner_text()
    assert page.locator("img[src^='data:image/png']").count() > 0, "figures are there"
    score.fill("0.5")
    score.press("Tab")
    comment = page.locator("#relu_backward-comment")
    comment.fill("The mask is right, the place is not.")
    comment.press("Tab")
    score.scroll_into_view_if_needed()
    wait_for(lambda: by_hand(course) == (0.5, "The mask is right, the place is not."))
    page.screenshot(path=tmp_path / "by-hand.png")

    outcome = next(o for r in load(course / "grading").records for o in r.outcomes if o.manual is not None)
    assert (outcome.exercise, outcome.score) == ("relu_backward", 0.5)
    assert bpgrade(course, "feedback", "--out", ".").returncode == 0
    text = (course / "grading/feedback/partly" / LESSON / f"{STEM}.html").read_text(encoding="utf-8")
    assert "The mask is right, the place is not." in text


def by_hand(course: Path) -> tuple[float, str] | None:
    found = [
        (outcome.manual, outcome.comment)
        for record in load(course / "grading").records
        for outcome in record.outcomes
        if record.student == "partly" and outcome.exercise == "relu_backward"
    ]
    return found[0] if found else None


def wait_for(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


@needs_chromium
def test_a_notebook_cannot_run_scripts_in_the_page(page, address, course, tmp_path):
    page.goto(f"{base(address)}/formgrader/submissions/{notebook_id(course, 'nasty')}/")
    page.locator("#check_relu").wait_for(timeout=60_000)
    page.locator("b", has_text="plain").wait_for()
    page.wait_for_timeout(500)
    assert page.title() != "taken over"
    assert page.locator("[onerror], [onload]").count() == 0
    assert page.locator("[role=status]").count() > 0, "verdicts are shown as they are"
    made = courses.nbgrader(course, "generate_feedback", LESSON, "--force", "--student=nasty")
    assert made.returncode == 0, made.stderr
    page.goto((course / "grading/feedback/nasty" / LESSON / f"{STEM}.html").as_uri())
    page.wait_for_timeout(500)
    assert page.title() != "taken over"


@needs_chromium
def test_the_autograde_button_grades_behind_the_wall(page, address, course, tmp_path):
    write(
        filled(LESSON, answers(LESSON) | WRONG, whole=False),
        course / "grading/submitted/new" / LESSON / name_of(LESSON),
    )
    page.goto(f"{base(address)}/formgrader/manage_submissions/{LESSON}")
    assert "needs autograding" in row(page, "new")
    page.locator("#main-table tr").filter(has_text="new").locator(".autograde a").click()
    page.locator("#success-modal").wait_for(timeout=180_000)
    page.screenshot(path=tmp_path / "autograded.png")
    assert courses.scores(course)["new"] == courses.scores(course)["partly"]
    ((text,),) = rows(course, "SELECT record FROM bpgrade_record WHERE student = 'new'")
    assert json.loads(text)["isolation"] == "isolated"


def test_formgrader_says_what_is_missing(course, tmp_path):
    done = bpgrade(course, "formgrader", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bpgrade: ")
    assert "holds no gradebook.db" in done.stderr
