"""The class report: its tables are the data, its words the exercises' own, and nothing in it can act."""

import pytest
from bpgrade import pages, report
from bpgrade.records import TIME_LIMIT, Class, Flag
from hypothesis import given, settings
from hypothesis import strategies as st

from bpkit.exercises import find
from tests.grading.test_feedback import ATTACK_FREE, HOSTILE, LESSON, Reader, harmless, outcome, record

VERDICTS = ("right", "looks_like", "wrong", "raised", TIME_LIMIT, "not_attempted")


def hand_in(i, lesson=LESSON, exercises=("sigmoid", "bce", "bce_backward")):
    """The i-th student's: verdicts in turn, points for what is right, half for what is nearly so."""
    outcomes = []
    for k, name in enumerate(exercises):
        verdict = VERDICTS[(i * (k + 1)) % len(VERDICTS)]
        mistakes = find(name).mistakes
        mistake = mistakes[i % 2].id if verdict == "looks_like" else None
        points = {"right": 2.0, "looks_like": 1.0}.get(verdict, 0.0)
        outcomes.append(outcome(name, verdict, points, 2.0, mistake=mistake))
    return record(f"student{i:04}", outcomes, assignment=lesson)


def mixed_class(size=24):
    """A class with every verdict, one broken hand-in, one flag, one absent student, and hostile words in all."""
    records = [hand_in(i) for i in range(size)]
    records.append(record("zoe", status="broken", reason=f"Truncated: {HOSTILE}", isolation=""))
    flags = (Flag("finite-differences", f"It divides by h: {HOSTILE}", "bce_backward"),)
    records.append(record("yan", hand_in(0).outcomes, flags=flags, isolation="stock, not isolated"))
    students = tuple(sorted({*(r.student for r in records), "absent", HOSTILE}))
    return Class(tuple(records), students, (LESSON, "02_two_layer_network"), {"yan": f"Yan {HOSTILE}"})


def test_tables_hold_the_numbers_of_the_data():
    cls = mixed_class()
    readable = [r for r in cls.records if r.status == "graded"]
    reader = harmless(report.page(cls))
    for k, name in enumerate(("sigmoid", "bce", "bce_backward")):
        seen = [r.outcomes[k] for r in readable]
        right = sum(o.verdict == "right" for o in seen)
        share = sum(o.score for o in seen) / (2 * len(seen))
        assert reader.row(name) == [name, "", pages.percent(share), f"{right} of 25", "2"]
        counts = [str(sum(o.verdict == verdict for o in seen)) for verdict in VERDICTS]
        went = [row for row in reader.rows if row[0].strip() == name][1]
        assert [cell.strip() for cell in went[2:] if cell.strip() != "0"] == [c for c in counts if c != "0"]


def test_the_histogram_counts_every_score_once():
    cls = mixed_class()
    reader = Reader(report.page(cls))
    shares = [r.score / r.max_score for r in cls.records if r.status == "graded"]
    tenths = [min(int(round(share * 1e6) // 1e5), 9) for share in shares]
    for i in range(10):
        assert reader.row(f"{10 * i} to {10 * (i + 1)} %")[1] == str(tenths.count(i))
    labels = [attrs for tag, attrs in reader.tags if tag == "svg" and attrs.get("role") == "img"]
    assert labels == [dict(labels[0], **{"aria-labelledby": "lesson-0-scores-t lesson-0-scores-d"})]


def test_edges_of_the_bins():
    shares = [0.0, 0.1, 0.3, 0.1 + 0.2, 0.7, 0.99, 1.0, 1.2]
    assert [count for _, count in report._distribution(sorted(shares), "d")["rows"]] == [1, 1, 0, 2, 0, 0, 0, 1, 0, 3]


def test_misconceptions_in_the_exercise_s_words_most_common_first():
    first, second = find("bce").mistakes[:2]
    outcomes = [outcome("bce", "looks_like", mistake=m) for m in (first.id, second.id, second.id)]
    outcomes.append(
        outcome(
            "bce",
            "looks_like",
            mistake="factor-2",
            message="This looks like a known slip: `L` is the right answer times 2. (Tried with y (7,).)\nWhy?",
        )
    )
    cls = Class(tuple(record(f"s{i}", [o]) for i, o in enumerate(outcomes)), (), (LESSON,))
    page = report.page(cls)
    reader = Reader(page)
    says = second.says.replace("`", "")
    assert reader.row(says) == [f"{says} ({second.id})", "", "2 (50 %)"]
    assert reader.row("L is the right")[0] == "L is the right answer times 2. (factor-2)"
    assert page.index(f"({second.id})") < page.index(f"({first.id})")
    assert "In bce: 4 with a known misconception" in reader.text


def test_broken_flagged_and_absent_students_are_named_with_reasons():
    reader = harmless(report.page(mixed_class()))
    assert reader.row("zoe") == ["zoe", f"Truncated: {ATTACK_FREE}"]
    flagged = next(row for row in reader.rows if len(row) == 3 and row[1] == "finite differences")
    assert flagged[0] == f"Yan {ATTACK_FREE} (yan)"
    assert flagged[2] == f"bce_backward: It divides by h: {ATTACK_FREE}"
    assert "Not handed in" in reader.text
    assert "absent" in reader.text
    assert "No hand-ins yet: 02_two_layer_network." in reader.text


def test_the_level_is_said_at_the_top_unless_isolated():
    text = Reader(report.page(mixed_class())).text
    assert "Careful, 1 hand-in: Not isolated (level: “stock, not isolated”)" in text
    assert text.index("Careful") < text.index("Mean score")
    assert "Careful" not in report.page(Class((hand_in(0),), (), ()))


def test_a_person_s_scores_count():
    given = record(outcomes=[outcome("bce", "wrong", 0.0, 4.0, manual=3.0)])
    reader = Reader(report.page(Class((given,), ("jane",), (LESSON,))))
    assert reader.row("bce")[2] == "75 %"
    assert reader.row("jane") == ["jane", "3"]


@pytest.mark.parametrize(
    "cls", [Class((), (), ()), Class((), ("a",), (LESSON,)), Class((record(status="broken"),), (), ())]
)
def test_empty_classes_have_a_page(cls):
    assert "Class report" in harmless(report.page(cls)).text


def test_an_unknown_assignment_is_named():
    with pytest.raises(ValueError, match=r"assignment must be one of 01_single_neuron, .*got 'nope'"):
        report.page(mixed_class(), "nope")


def test_one_lesson_of_several():
    two = [hand_in(1), hand_in(1, "02_two_layer_network")]
    cls = Class(tuple(two), (), ())
    both, one = Reader(report.page(cls)), Reader(report.page(cls, LESSON))
    assert "All lessons" in both.text
    assert {attrs["href"] for tag, attrs in both.tags if tag == "a"} == {"#lesson-0", "#lesson-1", "#everyone"}
    assert "02_two_layer_network" not in one.text
    ids = [attrs["id"] for _, attrs in both.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_two_thousand_students_and_twelve_lessons_stay_small():
    lessons = [f"{i:02}_lesson" for i in range(12)]
    records = [hand_in(i, lesson) for lesson in lessons for i in range(2000)]
    students = tuple(f"student{i:04}" for i in range(2100))
    page = report.page(
        Class(tuple(records), students, tuple(lessons), {s: f"A rather long name of {s}" for s in students})
    )
    assert len(page.encode()) < 3_000_000
    assert Reader(page).row("A rather long name of student0000")[1:] == ["6"] * 12


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text())
def test_any_text_is_harmless(name, text):
    flags = (Flag(text, text, text),)
    bad = record(name, [outcome(text, "looks_like", mistake=text, message=text)], flags=flags, assignment=text)
    broken = record(text, status="broken", reason=text, assignment=text, isolation=name)
    harmless(report.page(Class((bad, broken), (name, text), (text,), {name: text})))
