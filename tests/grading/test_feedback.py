"""The student's page: what it says, what it must never say, and that nothing in it can act."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from bpgrade import feedback, pages
from bpgrade.records import CRASHED, NO_RECORD, TIME_LIMIT, Flag, Outcome, Record
from hypothesis import given, settings
from hypothesis import strategies as st

from bpkit.checking import OUTCOMES
from tests import browser

HOSTILE = (
    "<script>alert(1)</script>\x1b[31mred\x1b[0m \x1b]0;title\x07=cmd|' /C calc'!A0 \x00\u202e<img src=x onerror=y>"
)
ATTACK_FREE = "<script>alert(1)</script>red =cmd|' /C calc'!A0 <img src=x onerror=y>"
LESSON = "01_single_neuron"


def outcome(exercise="sigmoid", verdict="right", points=1.0, max_points=1.0, **more):
    """One exercise's outcome; the message has a last line that asks."""
    message = more.pop("message", "Because exp(-z) is positive." if verdict == "right" else f"Seen: {verdict}.\nWhy?")
    return Outcome(
        exercise, f"check_{exercise}", points, max_points, verdict, more.pop("mistake", None), message, **more
    )


def record(student="jane", outcomes=(), **more):
    """A hand-in of lesson 1, isolated unless said otherwise."""
    settings = {"assignment": LESSON, "notebook": "single_neuron", "isolation": "isolated"} | more
    return Record(student, outcomes=tuple(outcomes), **settings)


class Reader(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.rows, self._cell = [], [], [], None
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data):
        if self.lasttag != "style":
            self.words.append(data)
        if self._cell:
            self.rows[-1][-1] += data

    def row(self, start):
        """The cells of the first table row whose first cell starts so, tidied."""
        tidy = ([" ".join(cell.split()) for cell in row] for row in self.rows)
        return next(row for row in tidy if row and row[0].startswith(start))


def harmless(page):
    """Read a page and assert that nothing in it can act, load or mislead."""
    reader = Reader(page)
    names = {tag for tag, _ in reader.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    for tag, attrs in reader.tags:
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        assert attrs.get("href", "#").startswith("#")
    assert not set(page) & set(map(chr, [*range(9), 11, 12, *range(14, 32), 127, 0x202E]))
    return reader


def test_a_page_says_verdict_question_and_points():
    given = record(
        outcomes=[
            outcome(points=1),
            outcome("bce", "looks_like", 0.5, 2, message="This looks like a known slip: no `mean`.\nOver how many?"),
            outcome("bce_backward", "not_attempted", 0, 2, message="`bce_backward` is still a blank.\nFind the slope."),
        ]
    )
    page = feedback.page(given, "Jane Doe")
    reader = harmless(page)
    assert ("html", {"lang": "en"}) in reader.tags
    assert "Feedback: single_neuron, Jane Doe" in reader.text
    assert "1.5 of 5 points" in reader.text
    assert "✓ Right. 1 of 1 point" in reader.text
    assert "✗ Not yet. 0.5 of 2 points" in reader.text
    assert "no <code>mean</code>" in page
    assert "To think about Over how many?" in reader.text
    assert "○ Not attempted yet. 0 of 2 points" in reader.text
    assert "What it should do Find the slope." in reader.text
    assert [tag for tag, _ in reader.tags if tag in ("h1", "h2", "h3")] == ["h1", "h2", "h3", "h3", "h3"]


@pytest.mark.parametrize("verdict", [*OUTCOMES, TIME_LIMIT, CRASHED, NO_RECORD])
def test_every_verdict_has_a_mark_and_words_of_its_own(verdict):
    mark, words = pages.VERDICTS[verdict]
    assert f"{mark} {words}. 1 of 1 point" in Reader(feedback.page(record(outcomes=[outcome(verdict=verdict)]))).text
    same = {name for name, entry in pages.VERDICTS.items() if entry[1] == words}
    assert same == ({"looks_like", "wrong"} if verdict in ("looks_like", "wrong") else {verdict})


def test_a_person_s_score_and_comment_count_and_show():
    reader = Reader(
        feedback.page(record(outcomes=[outcome(points=0, max_points=3, manual=2.5, comment="Nice\nidea.")]))
    )
    assert "2.5 of 3 points (given by a person; the automatic result was 0)" in reader.text
    assert "Your instructor writes Nice idea." in reader.text


def test_flags_are_for_the_instructor_alone():
    flagged = record(
        outcomes=[outcome()], flags=[Flag("copied-reference", "It is the text of the reference.", "sigmoid")]
    )
    assert feedback.page(flagged) == feedback.page(replace(flagged, flags=()))


def test_hostile_text_is_shown_and_never_acts():
    given = record(
        HOSTILE,
        [outcome(HOSTILE, "raised", message=HOSTILE + "\n" + HOSTILE, manual=1.0, comment=HOSTILE)],
        repairs=(HOSTILE,),
        notebook=HOSTILE,
        assignment=HOSTILE,
        isolation=HOSTILE,
        submitted=HOSTILE,
    )
    for page in (
        feedback.page(given),
        feedback.page(given, HOSTILE),
        feedback.page(replace(given, status="broken", reason=HOSTILE)),
    ):
        assert harmless(page).text.count(ATTACK_FREE) >= 5


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(alphabet=st.sampled_from("<>&\"'`\x1b[]0;m\x07\x9b\n a")))
def test_any_text_comes_back_as_text(name, message):
    page = feedback.page(record("s", [outcome(verdict="raised", message=message)], repairs=(name,)), name)
    reader = harmless(page)
    calm = Reader(feedback.page(record("s", [outcome(verdict="raised", message="a\nb")], repairs=("a",)), "a"))
    extra = {"code", "p", "b"}
    assert [tag for tag, _ in reader.tags if tag not in extra] == [tag for tag, _ in calm.tags if tag not in extra]


@pytest.mark.parametrize("level", ["warm, not isolated", "stock, not isolated", ""])
def test_below_isolated_the_page_says_what_that_means(level):
    text = Reader(feedback.page(record(outcomes=[outcome()], isolation=level))).text
    assert "the submitted code ran without the wall" in text
    assert "could have been influenced by the hand-in" in text
    assert level in text


def test_isolated_pages_carry_no_warning():
    assert "without the wall" not in feedback.page(record(outcomes=[outcome()]))


def test_a_broken_hand_in_says_why_and_what_next():
    broken = record(
        status="broken",
        reason="The file ends in the middle.",
        outcomes=[outcome(verdict="unreadable", points=0)],
        isolation="",
    )
    text = Reader(feedback.page(broken)).text
    assert "0 of 1 points" in text
    assert "The file ends in the middle." in text
    assert "What to do next" in text
    assert "without the wall" not in text, "nothing of it ran"


def test_repairs_and_time_are_neutral_notes():
    text = Reader(
        feedback.page(record(repairs=("A check cell was put back.",), submitted="2026-10-02 14:00", late=7500))
    ).text
    assert "It cost no points: A check cell was put back." in text
    assert "Handed in 2026-10-02 14:00, 2 h 5 min late." in text


def test_written_where_nbgrader_writes_and_without_traces(tmp_path):
    path = feedback.write(record(outcomes=[outcome()]), tmp_path, "Jane")
    assert path == tmp_path / "jane" / LESSON / "single_neuron.html"
    assert path.read_text("utf-8") == feedback.page(record(outcomes=[outcome()]), "Jane")
    assert [entry.name for entry in path.parent.iterdir()] == ["single_neuron.html"]


def test_a_write_that_fails_leaves_the_old_page(tmp_path, monkeypatch):
    path = feedback.write(record(outcomes=[outcome()]), tmp_path)
    before = path.read_bytes()

    def full(self, data):
        self.open("wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        feedback.write(record(), tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["single_neuron.html"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_names_of_files_are_plain_and_stay_apart(one, other):
    for name in (one, other):
        safe = feedback.safe(name)
        assert safe
        assert safe not in (".", "..")
        assert not set(safe) & set('/\\:\x00\n"<>|?*')
        assert len(safe.encode()) < 200
    assert (feedback.safe(one) == feedback.safe(other)) == (one == other)


@pytest.mark.skipif(browser.CHROMIUM is None, reason=browser.NO_CHROMIUM)
def test_no_sideways_scrolling_on_a_phone():
    from bpgrade import report

    from tests.grading.test_report import mixed_class

    long = outcome("two_layer_network_backward", "raised", message=f"`{'x' * 300}`\n{'y' * 300}?")
    with browser.page(390, 844) as page:
        for content in (feedback.page(record("z" * 100, [long])), report.page(mixed_class())):
            page.set_content(content)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
