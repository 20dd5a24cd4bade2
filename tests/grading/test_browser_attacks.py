"""What students wrote, in the browser of whoever looks at it: nothing runs, nothing is fetched, nothing is reached."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from bpgrade import formgrader, opened

from tests import browser
from tests.grading import course as courses
from tests.grading.attacks import Attacks, proof, taken_over, unescaped
from tests.grading.course import LESSON, bpgrade, rows
from tests.notebooks import answers, filled, name_of, write

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)

STEM = Path(name_of(LESSON)).stem
NAMED = "<img src=x onerror=window.taken=1>"  # a student of this name
NAMED_ID = "_img src=x onerror=window.taken=1_"  # as collecting makes a file name of it
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def heard():
    """The listener's address, and what was asked of it."""
    with browser.listener() as (address, asked):
        yield address, asked


@pytest.fixture(scope="module")
def attacks(heard) -> Attacks:
    return Attacks(heard[0])


@pytest.fixture(scope="module")
def course(tmp_path_factory, heard, attacks) -> Path:
    """A graded class of attackers, whose names attack as well; of one the graded notebook is spoilt afterwards."""
    root = courses.make(tmp_path_factory.mktemp("attacked") / "course")
    right = filled(LESSON, answers(LESSON), whole=False)
    taking = right | {"cells": [*right["cells"], proof(heard[0])]}
    for student, nb in {"mallory": attacks.hand_in(LESSON), "eve": taking, "spoilt": right, NAMED: right}.items():
        write(nb, root / "hand-ins" / student / LESSON / name_of(LESSON))
    bad = '"<img src=x onerror=window.taken=1>"'
    (root / "roster.csv").write_text(
        f"id,first_name,last_name\neve,{bad},{bad}\nmallory,{bad},{bad}\nspoilt,{bad},{bad}\n"
    )
    graded = bpgrade(root, "grade", root / "hand-ins", "--out", ".", "--roster", root / "roster.csv")
    assert graded.returncode == 0, graded.stderr
    path = root / "grading/autograded/spoilt" / LESSON / name_of(LESSON)
    nb = json.loads(path.read_text(encoding="utf-8"))
    attacks.spoil(nb)
    path.unlink()
    write(nb, path)
    return root


@pytest.fixture(scope="module")
def page():
    """A page of a browser that serves all tests."""
    with browser.page() as page:
        yield page


def serve(course: Path, folder: Path, *words: str):
    return browser.server([str(BIN / "bpgrade"), *words], folder, courses.environment(course))


@pytest.fixture(scope="module")
def grader(course, page, tmp_path_factory) -> str:
    """Formgrader with the page logged in; the server's address."""
    with serve(course, tmp_path_factory.mktemp("grader"), "formgrader", "--out", str(course / "grading")) as address:
        page.goto(address)
        page.locator("#main-table a").first.wait_for(timeout=60_000)
        yield re.match(r"http://[^/]+", address)[0]


ATTRIBUTES = """[...document.querySelectorAll("*")].flatMap(
    (tag) => [...tag.attributes].map((a) => [tag.localName, a.name, a.name === "nonce" ? "" : a.value])
)"""
KEPT_OUT = {
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "video",
    "audio",
    "template",
    "math",
    "animate",
    "image",
    "frame",
}


def harmless(page, heard, lab: bool = False) -> None:
    """Nothing ran, nothing was fetched, and nothing in the page could."""
    page.wait_for_timeout(300)
    assert page.evaluate("window.taken") is None
    assert heard[1] == []
    found = page.evaluate(ATTRIBUTES)
    assert [(tag, name) for tag, name, _ in found if name.lower().startswith("on")] == []
    acting = ("javascript:", "vbscript:", "data:text/html", "data:image/svg")
    assert [entry for entry in found if entry[2] and unescaped(entry[2]).startswith(acting)] == []
    assert [
        entry for entry in found if heard[0] in unescaped(entry[2]) and entry[1] in ("src", "srcset", "style")
    ] == []
    if not lab:
        assert not KEPT_OUT & {tag for tag, *_ in found}
        links = [value for tag, name, value in found if (tag, name) == ("a", "href")]
        # nbgrader's own script makes links below /tree/, where nothing is served.
        assert [link for link in links if not re.match(r"https?://[^/]|mailto:|#|/formgrader/|/tree/", link)] == []


def until(page, holds: str) -> None:
    """Wait for something to hold in the page, whose policy allows nobody to evaluate text again and again."""
    for _ in range(600):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it never held: {holds}")


def submission(course: Path, student: str) -> str:
    query = "SELECT sn.id FROM submitted_notebook sn JOIN submitted_assignment sa ON sa.id = sn.assignment_id"
    return rows(course, f"{query} WHERE sa.student_id = ?", student)[0][0]


def test_there_are_enough_attacks(attacks):
    assert len(attacks) >= 40


def by_hand(course: Path) -> list[tuple]:
    """Scores that a person gave, or a script in a person's name."""
    return rows(course, "SELECT * FROM grade WHERE manual_score IS NOT NULL")


@pytest.mark.parametrize("student", ["mallory", "eve", "spoilt", NAMED_ID])
def test_a_hand_in_in_formgrader(page, grader, course, heard, student):
    page.goto(f"{grader}/formgrader/submissions/{submission(course, student)}/")
    page.locator("#check_relu").wait_for(timeout=60_000)
    browser.until(page, "formgrader.loaded && document.querySelector('#check_relu').placeholder !== ''")
    page.wait_for_timeout(1000)
    harmless(page, heard)
    assert page.locator("#notebook #check_relu, #notebook #relu-comment").count() == 2, "no second box of that name"
    assert page.locator("#notebook-container .full-credit:not(button)").count() == 0
    assert not page.title().startswith("taken")
    assert by_hand(course) == []
    assert list(course.rglob("taken.txt")) == []


def test_what_is_honest_is_still_shown(page, grader, course):
    page.goto(f"{grader}/formgrader/submissions/{submission(course, 'mallory')}/")
    page.locator("#check_relu").wait_for(timeout=60_000)
    path = course / "grading/autograded/mallory" / LESSON / name_of(LESSON)
    outputs = [o for cell in json.loads(path.read_text())["cells"] for o in cell.get("outputs", ())]
    figures = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    shown = page.locator("img").evaluate_all("all => all.map((one) => one.src.split(',')[1])")
    assert len(figures) > 1
    assert [one for one in figures if one.replace("\n", "") not in shown] == []
    assert page.locator("[role=status]").count() > 0
    assert page.locator(".highlight .k").count() > 0, "code is coloured"
    assert page.locator("b", has_text="plain").count() > 0


def test_lists_of_names(page, grader, course, heard):
    for place in (
        f"manage_submissions/{LESSON}",
        f"gradebook/{LESSON}/{STEM}",
        "manage_students",
        "manage_students/mallory",
        f"manage_students/mallory/{LESSON}",
        "manage_assignments",
    ):
        page.goto(f"{grader}/formgrader/{place}")
        browser.until(page, "document.querySelectorAll('#main-table td').length > 1")
        harmless(page, heard)
    place = f"/formgrader/gradebook/%22;window.taken=1;%22/{STEM}"
    assert page.evaluate("async (place) => (await fetch(place)).status", place) == 404
    harmless(page, heard)


SERVED = re.compile(
    r"/formgrader/|favicon|/enter/|/login|/static/|/metrics|/\(robots|/\(favicon|/api$|\.\*/|\(\.\*\)|/\?$"
)


def test_formgrader_serves_nothing_else(page, grader, course, monkeypatch):
    monkeypatch.chdir(course)  # a server is at home where its course is, and so is what it starts
    monkeypatch.setattr(os, "environ", os.environ.copy())
    made = formgrader.server(course, course / "grading", ["--ServerApp.port=0"])
    routes = [rule.matcher.regex.pattern for group in made.web_app.default_router.rules for rule in group.target.rules]
    assert len(routes) > 30
    assert [route for route in routes if not SERVED.search(route.rstrip("$"))] == []
    asked = """async ([method, path, type]) => {
      const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
      const headers = {"X-XSRFToken": token, "Content-Type": "application/json"};
      return (await fetch(path, {method, headers, body: method === "GET" ? undefined : type})).status;
    }"""
    page.goto(f"{grader}/formgrader/gradebook")
    text = json.dumps({"type": "file", "format": "text", "content": "x"})
    for method, path, body in (
        ("PUT", "/api/contents/taken.txt", text),
        ("GET", "/api/contents", ""),
        ("POST", "/api/kernels", '{"name": "python3"}'),
        ("POST", "/api/sessions", '{"name": "x", "path": "x", "type": "notebook", "kernel": {"name": "python3"}}'),
        ("POST", "/api/terminals", "{}"),
        ("GET", "/files/grading/gradebook.db", ""),
        ("GET", "/nbconvert/html/x.ipynb", ""),
        ("GET", "/api/config/notebook", ""),
        ("POST", "/api/shutdown", ""),
        ("POST", f"/formgrader/api/assignment/{LESSON}/assign", ""),
        ("POST", f"/formgrader/api/assignment/{LESSON}/release", ""),
        ("GET", f"/formgrader/?path={course}", ""),
        ("GET", f"/formgrader/submissions/{submission(course, 'eve')}/timestamp.txt", ""),
        ("PUT", "/formgrader/api/assignment/..%2f..%2ftaken", "{}"),
        ("PUT", "/formgrader/api/assignment/taken", "{}"),
    ):
        status = page.evaluate(asked, [method, path, body])
        assert status in (403, 404, 405, 500), (method, path, status)
    assert not (course / "solutions/taken").exists()
    assert page.evaluate(asked, ["GET", "/formgrader/api/students", ""]) == 200


def test_no_token_is_where_a_page_can_read_it(page, grader):
    page.goto(f"{grader}/formgrader/gradebook")
    known = page.evaluate(
        "navigation.entries().map((e) => e.url).join() + document.referrer + JSON.stringify(localStorage)"
    )
    assert "enter" not in known
    assert "token" not in known
    assert re.fullmatch(r"_xsrf=[^;]+", page.evaluate("document.cookie")), "the login's cookie is not for scripts"
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(grader)}
    (login,) = (cookie for name, cookie in cookies.items() if name != "_xsrf")
    assert (login["httpOnly"], login["sameSite"], login["expires"]) == (True, "Strict", -1)


def test_the_address_works_once(page, course, tmp_path):
    with serve(course, tmp_path, "formgrader", "--out", str(course / "grading")) as address:
        first, other = page.context.browser.new_page(), page.context.browser.new_page()
        assert first.goto(address).status == 200
        first.locator("#main-table a").first.wait_for(timeout=60_000)
        assert other.goto(address).status == 403
        assert other.goto(re.sub("/enter/.*", "/formgrader/gradebook", address)).status == 403
        port = re.search(r":(\d+)/", address)[1]
        assert other.goto(f"http://127.0.0.1:{port}/formgrader/gradebook").status == 403
        assert other.goto(f"http://elsewhere.localhost:{port}/formgrader/gradebook").status == 403
        first.close()
        other.close()


# Everything that should keep a notebook's scripts out of the page is switched off; the policy is left.
UNSIEVED = """
import sys
from pathlib import Path
from bpgrade import formgrader, shown, sieve
sieve.markup = lambda text: text
shown.Clean.preprocess = lambda self, nb, resources: (nb, resources)
def whole(text, mark, nonce="", base_url=""):
    return text.replace(f'<script data-own="{mark}"', f'<script nonce="{nonce}"')
shown.whole = whole
formgrader.run(Path(sys.argv[1]), Path(sys.argv[1]) / "grading", [])
"""


def test_a_script_in_the_page_gains_nothing_by_the_policy_alone(page, course, heard, attacks, tmp_path):
    path = course / "grading/autograded/eve" / LESSON / name_of(LESSON)
    nb = json.loads(path.read_text(encoding="utf-8"))
    code = taken_over(heard[0])
    image = {"width": f"1 onerror=eval(String.fromCharCode({','.join(str(ord(c)) for c in code)}))"}
    attack = {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {"image/png": image}}
    script = {"output_type": "display_data", "data": {"text/html": f"<script>{code}</script>"}, "metadata": {}}
    # A page may always send itself elsewhere; that it was sent there shows that no sieve was there.
    left = [output for output, name in zip(attacks.stored(), attacks.displays, strict=False) if name != "meta"]
    nb["cells"][1]["outputs"] = [attack, script]
    nb["cells"][-1]["outputs"] = left
    path.unlink()
    write(nb, path)
    words = [sys.executable, "-c", UNSIEVED, str(course)]
    blocked = []
    page.on("console", lambda message: blocked.append(message.text))
    with browser.server(words, tmp_path, courses.environment(course)) as address:
        page.goto(address)
        page.goto(re.sub("/enter/.*", f"/formgrader/submissions/{submission(course, 'eve')}/", address))
        page.locator("#check_relu").wait_for(timeout=60_000)
        browser.until(page, "formgrader.loaded")
        page.wait_for_timeout(1500)
        assert page.locator("[onerror]").count() > 0, "nothing but the policy was in the way"
        assert page.locator("script:not([nonce])").count() > 0
        assert page.evaluate("window.taken") is None
        assert heard[1] == []
        assert by_hand(course) == []
        assert list(course.rglob("taken.txt")) == []
    assert any("Content Security Policy" in text for text in blocked)


def test_pages_that_are_files(page, course, heard):
    assert bpgrade(course, "report", "--out", ".").returncode == 0
    assert bpgrade(course, "feedback", "--out", ".").returncode == 0
    grading = course / "grading"
    pages = [grading / "report.html", *sorted(grading.glob(f"feedback/*/{LESSON}/*.html"))]
    assert len(pages) == 5
    for path in pages:
        page.goto(path.as_uri())
        assert page.locator("h1").count() == 1
        harmless(page, heard)
        assert page.locator("script").count() == 0


def test_nbgraders_own_feedback(page, course, heard):
    made = courses.nbgrader(course, "generate_feedback", LESSON, "--force")
    assert made.returncode == 0, made.stderr
    pages = sorted((course / "grading").glob(f"feedback/*/{LESSON}/*.html"))
    assert len(pages) == 4
    for path in pages:
        page.goto(path.as_uri())
        page.locator("#notebook-container").first.wait_for(timeout=60_000)
        page.wait_for_timeout(300)
        harmless(page, heard)
        assert page.locator("script").count() == 0
        assert page.locator("img[src^='data:image/png']").count() > 1


ASKED = """async ([method, path, body]) => {
  const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
  const headers = {"X-XSRFToken": token, "Content-Type": "application/json"};
  try {
    return (await fetch(path, {method, headers, body: body ? JSON.stringify(body) : undefined})).status;
  } catch { return 0 }
}"""


def test_a_hand_in_that_is_opened(page, course, heard, grader, tmp_path):
    """Its cells are run, and then a script that is in the page all the same tries what it can reach."""
    with serve(course, tmp_path, "open", "mallory", LESSON, "--out", str(course / "grading")) as address:
        page.goto(address)
        browser.cell(page, "# attacks").wait_for(timeout=120_000)
        page.locator("text=behind the wall | Idle").wait_for(timeout=60_000)
        harmless(page, heard, lab=True)
        assert "plain" in browser.run(page, "# attacks")
        for source in ("_render_traceback_", "f.__name__", "write_payload"):
            browser.run(page, source)
        page.wait_for_timeout(1000)
        harmless(page, heard, lab=True)
        shown = browser.run(page, "def relu(", f"# def relu(\nopen({str(course / 'roster.csv')!r})")
        assert "FileNotFoundError" in shown
        shown = browser.run(page, "def relu(", "# def relu(\nimport bpkit\nbpkit.relu(1.0)")
        assert "relu is yours to write" in shown, "the edition of the lesson"
        reach(page, heard, grader, course)


def reach(page, heard, grader: str, course: Path) -> None:
    """What a script of the page could reach: this server's one notebook and walled kernel, and nothing else."""
    place = f"{LESSON}/{name_of(LESSON)}"
    nb = {"type": "notebook", "content": {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}
    text = {"type": "file", "format": "text", "content": "x"}
    session = {"name": "x", "path": "x", "type": "notebook", "kernel": {"name": "python3"}}
    for method, path, body in (
        ("PUT", "/api/contents/taken.txt", text),
        ("PUT", f"/api/contents/{place}", text),
        ("PUT", f"/api/contents/{LESSON}/other.ipynb", nb),
        ("PUT", f"/api/contents/{LESSON}/folder", {"type": "directory"}),
        ("PUT", "/api/contents/..%2f..%2ftaken.ipynb", nb),
        ("GET", "/api/contents/..%2f..%2f..%2fetc%2fpasswd", None),
        ("POST", f"/api/contents/{LESSON}", {"type": "notebook"}),
        ("POST", f"/api/contents/{LESSON}", {"copy_from": place}),
        ("PATCH", f"/api/contents/{place}", {"path": "taken.ipynb"}),
        ("DELETE", f"/api/contents/{place}", None),
        ("POST", "/api/kernels", {"name": "python3"}),
        ("POST", "/api/sessions", session),
        ("POST", "/api/terminals", {}),
        ("GET", "/files/x", None),
        ("GET", "/nbconvert/html/x", None),
        ("PATCH", "/api/config/notebook", {}),
        ("POST", "/lab/api/extensions", {"cmd": "install", "extension_name": "x"}),
        ("POST", "/lab/api/build", {}),
        ("POST", "/api/shutdown", {}),
        ("GET", f"{grader}/formgrader/api/students", None),
        ("PUT", f"{grader}/formgrader/api/grade/x", {}),
        ("GET", heard[0], None),
    ):
        status = page.evaluate(ASKED, [method, path, body])
        assert status == 0 or status >= 400, (method, path, status)
    assert page.evaluate(ASKED, ["GET", f"/api/contents/{place}", None]) == 200
    started = [
        page.evaluate(ASKED, ["POST", "/api/kernels", {"name": "bpkit-wall"}]) for _ in range(opened.MOST_KERNELS)
    ]
    assert started.count(201) < opened.MOST_KERNELS, "this page's own kernel counts too"
    assert re.fullmatch(r"_xsrf=[^;]+", page.evaluate("document.cookie"))
    page.evaluate(f"new Image().src = '{heard[0]}/image'")
    page.wait_for_timeout(300)
    assert heard[1] == []
    assert list(course.rglob("taken*")) == []


def test_open_says_what_is_missing(course):
    for student in ("nobody", "../eve", ""):
        done = bpgrade(course, "open", student, LESSON, "--out", ".")
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert done.stderr.startswith("bpgrade: ")
