"""Files for the LMS: their columns and rows are what it reads, and no cell of them is a formula."""

import csv
import io
import zipfile

import pytest
from bpgrade import export, feedback, pages
from bpgrade.records import Class
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grading.test_feedback import HOSTILE, LESSON, outcome, record

TWO = "02_two_layer_network"
MOODLE = "Jane Doe_1234567_assignsubmission_file_/single_neuron.ipynb"
CANVAS = "doejane_LATE_12345_67890_single_neuron-2.ipynb"


def graded(student="jane", score=1.5, **more):
    return record(student, [outcome("sigmoid", points=1.0), outcome("bce", "wrong", score - 1.0, 2.0)], **more)


def broken(student="bob", **more):
    unread = [outcome(name, "unreadable", 0.0, points) for name, points in (("sigmoid", 1.0), ("bce", 2.0))]
    return record(student, unread, status="broken", reason="The file is empty.", isolation="", **more)


def a_class(*records, names=None, others=()):
    return Class(tuple(records), tuple(sorted({*(r.student for r in records), *others})), (LESSON,), names or {})


def rows(path, delimiter=","):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=delimiter))


def tables(path, **more):
    header, *body = rows(path, **more)
    return [dict(zip(header, row, strict=True)) for row in body]


def harmless(path):
    for row in rows(path):
        for text in row:
            if text != "-" and not export._NUMBER.fullmatch(text):
                assert not text.lstrip().startswith(tuple("=+-@＝＋－＠")), text
                assert not text.startswith(("\t", "\r", "\n"))


def test_plain_csv_has_a_row_for_everyone(tmp_path):
    cls = a_class(graded(), broken(), names={"jane": "Doe, Jane"}, others=("zoe",))
    exported = export.write(cls, "csv", tmp_path / "scores.csv")
    assert exported.path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8"
    bob, jane, zoe = tables(exported.path)
    assert jane == {
        "student": "jane",
        "name": "Doe, Jane",
        f"{LESSON} score": "1.5",
        f"{LESSON} max": "3",
        f"{LESSON} status": "graded",
        f"{LESSON} comment": "",
        f"{LESSON} sigmoid": "right",
        f"{LESSON} bce": "wrong",
    }
    assert list(bob.values())[2:] == ["0", "3", "broken", "The file is empty.", "unreadable", "unreadable"]
    assert list(zoe.values())[2:] == ["", "3", "not handed in", "", "", ""]
    assert exported.graded == 2


def test_comments_carry_what_a_person_wrote_and_the_level(tmp_path):
    given = record(outcomes=[outcome(manual=0.5, comment="Half.")], isolation="stock, not isolated")
    (jane,) = tables(export.write(a_class(given), "csv", tmp_path / "s.csv").path)
    assert jane[f"{LESSON} score"] == "0.5"
    assert jane[f"{LESSON} comment"] == "sigmoid: Half. " + pages.not_isolated("stock, not isolated")


def test_canvas_without_a_roster(tmp_path):
    cls = a_class(graded(source=CANVAS), broken(), names={"jane": "Jane Doe"})
    exported = export.write(cls, "canvas", tmp_path / "canvas.csv")
    assert rows(exported.path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LESSON],
        ["    Points Possible", "", "", "", "", "3"],
        ["bob", "", "", "bob", "", "0"],
        ["Jane Doe", "12345", "", "", "", "1.5"],
    ]
    assert exported.path.read_bytes().startswith(b"Student,"), "no byte order mark"


CANVAS_ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section,Single neuron (991),Final Score\r
,,,,,Manual Posting,\r
    Points Possible,,,,,3,(read only)\r
"Zander, Zoe",5,u5,zoe@x.edu,A,2,66\r
"Doe, Jane",4,u4,jane,A,,\r
"Roe, Bob",3,u3,login3,A,,\r
"=cmd, Eve",2,u2,eve,A,-1.5,-\r
"""


def test_a_canvas_roster_keeps_its_rows_and_gets_its_scores(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_bytes(CANVAS_ROSTER.encode())
    second = graded("jane", assignment=TWO, notebook="two_layer_network")
    cls = a_class(graded(), broken("b.roe"), graded("stranger"), second, names={"b.roe": "Bob Roe"})
    exported = export.write(cls, "canvas", tmp_path / "out.csv", roster=roster)
    header, posting, possible, zoe, jane, bob, eve = rows(exported.path)
    assert header[5:] == ["Single neuron (991)", "Final Score", TWO]
    assert (posting[5], possible[5:]) == ("Manual Posting", ["3", "(read only)", "3"])
    assert possible[0] == "    Points Possible"
    assert (zoe[5], zoe[7]) == ("2", ""), "no hand-in: the roster's own grade stays"
    assert (jane[0], jane[5], jane[7]) == ("Doe, Jane", "1.5", "1.5")
    assert bob[5] == "0", "found by name; broken is 0, not empty"
    assert (eve[0], eve[5], eve[6]) == ("'=cmd, Eve", "-1.5", "-"), "a negative number stays a number"
    assert exported.unmatched == ["stranger"]
    assert exported.notes == []


def test_other_points_in_the_lms_are_noted(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text(CANVAS_ROSTER.replace("Possible,,,,,3", "Possible,,,,,100"))
    exported = export.write(a_class(graded()), "canvas", tmp_path / "out.csv", roster=roster)
    assert exported.notes == [f"{LESSON} has 3 points, the roster says 100: change it in the LMS first."]


def test_namesakes_are_never_guessed(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text('Student,ID,SIS Login ID,Section\nJane Doe,1,a,X\n"Doe, Jane",2,b,X\n')
    cls = a_class(graded("j"), names={"j": "Jane Doe"})
    assert export.write(cls, "canvas", tmp_path / "o.csv", roster=roster).unmatched == ["j"]
    known = a_class(graded("j", source="doejane_2_77_x.ipynb"), names={"j": "Jane Doe"})
    assert export.write(known, "canvas", tmp_path / "o.csv", roster=roster).unmatched == []
    assert [row[-1] for row in rows(tmp_path / "o.csv")] == [LESSON, "", "1.5"]


def test_a_moodle_download_becomes_a_worksheet(tmp_path):
    cls = a_class(graded(source=MOODLE), broken(source="Bob_77_assignsubmission_file/x.ipynb"), graded("no-number"))
    exported = export.write(cls, "moodle", tmp_path / "moodle.csv")
    bob, jane = tables(exported.path)
    assert list(jane) == list(export.WORKSHEET)
    assert jane | {"Grade": "1.5", "Maximum Grade": "3", "Identifier": "Participant 1234567"} == jane
    assert bob | {"Grade": "0", "Feedback comments": "The file is empty.", "Identifier": "Participant 77"} == bob
    assert exported.unmatched == ["no-number"]


def test_a_moodle_worksheet_as_roster(tmp_path):
    roster = tmp_path / "worksheet.csv"
    lines = ["Identifier,Full name,Grade,Maximum Grade,Last modified (grade)", "Participant 1234567,X,,3.00,-"]
    roster.write_text("\n".join([*lines, "Participant 8,Bob,,3.00,-"]))
    cls = a_class(graded(source=MOODLE), broken(), graded("zoe"))
    exported = export.write(cls, "moodle", tmp_path / "out.csv", roster=roster)
    jane, bob = tables(exported.path)
    assert (jane["Grade"], bob["Grade"], bob["Feedback comments"]) == ("1.5", "0", "The file is empty.")
    assert (exported.unmatched, exported.notes) == (["zoe"], [])
    with pytest.raises(ValueError, match="for one assignment, choose one of 01_single_neuron, 02_two"):
        export.write(a_class(graded(), graded(assignment=TWO)), "moodle", tmp_path / "o.csv", roster=roster)


def test_a_moodle_gradebook_as_roster(tmp_path):
    title = "Assignment: Single neuron"
    roster = tmp_path / "gradebook.csv"
    heads = f"First name;Surname;Email address;{title} (Real);{title} (Percentage)"
    roster.write_text(f"\ufeff{heads}\nJane;Doe;jane@x.edu;-;-\nBob;Roe;b@x.edu;-;-\n")
    cls = a_class(graded(), broken("r"), names={"r": "Bob Roe"})
    exported = export.write(cls, "moodle", tmp_path / "out.csv", roster=roster)
    jane, bob = tables(exported.path, delimiter=";")
    assert (jane[f"{title} (Real)"], jane[f"{title} (Percentage)"]) == ("1.5", "-")
    assert (bob[f"{title} (Real)"], bob[f"{LESSON} (Feedback)"]) == ("0", "The file is empty.")
    assert exported.unmatched == []


def test_moodle_without_anything_is_a_list_for_the_gradebook(tmp_path):
    cls = a_class(graded(), graded("a@x.edu", assignment=TWO))
    header, a, jane = rows(export.write(cls, "moodle", tmp_path / "out.csv").path)
    assert header == [*export.GRADEBOOK, LESSON, f"{LESSON} (Feedback)", TWO, f"{TWO} (Feedback)"]
    assert (a[2], a[3], a[5]) == ("a@x.edu", "", "1.5")
    assert (jane[0], jane[3]) == ("jane", "1.5")


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"a,b\n1,2\n", "these columns: a, b"), (b"", "these columns: none")],
)
def test_a_roster_that_is_none_is_refused(tmp_path, content, why):
    roster = tmp_path / "roster.csv"
    roster.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        export.write(a_class(graded()), "canvas", tmp_path / "out.csv", roster=roster)
    assert not (tmp_path / "out.csv").exists()


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="format must be canvas, moodle or csv, got 'xlsx'"):
        export.write(a_class(graded()), "xlsx", tmp_path / "o")
    with pytest.raises(ValueError, match="nobody has handed in 'nope'"):
        export.write(a_class(graded()), "csv", tmp_path / "o", "nope")
    with pytest.raises(ValueError, match="left out for csv"):
        export.write(a_class(graded()), "csv", tmp_path / "o", roster=tmp_path)


@pytest.mark.parametrize("format", export.FORMATS)
@pytest.mark.parametrize("name", [HOSTILE, "=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", 'a",=1', "a;=1", "\ufeff=1"])
def test_hostile_names_are_text(tmp_path, format, name):
    bad = record(name, [outcome(name, comment=name)], source=name)
    worse = record("w", status="broken", reason=name, source=f"{name}_9_assignsubmission_file_/n.ipynb")
    exported = export.write(a_class(bad, worse, names={"w": name}), format, tmp_path / "o.csv")
    harmless(exported.path)
    assert ";=" not in exported.path.read_text("utf-8")


@settings(max_examples=50, deadline=None)
@given(st.text(), st.text(alphabet=st.sampled_from(" \t\r\n=+-@;,'\"\x00ä1\ud800\ufeff")))
def test_any_text_round_trips_as_text(tmp_path_factory, one, other):
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    cls = a_class(graded(one, source=other), broken("x" + other), names={one: other, "x" + other: one})
    for format in export.FORMATS:
        export.write(cls, format, path)
        harmless(path)
        assert len({len(row) for row in rows(path)}) == 1
    assert export.cell(export.cell(one)) == export.cell(one)


def entries(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info).decode() for info in archive.infolist()}


def test_feedback_goes_back_under_the_names_it_came_with(tmp_path):
    records = [
        graded(source=f"submissions/{CANVAS}"),
        graded("moo", source=MOODLE),
        graded("new", source="New One_5_assignsubmission_file/single_neuron.ipynb"),
        graded("old", source="Old One_7_assignsubmission_file_single_neuron.ipynb"),
        graded("arc", source="arc_8_9_work.zip/inner/single_neuron.ipynb"),
        graded("anon", source="anon_x1y2z_67890_single_neuron.ipynb"),
        graded("tree", source=f"tree/{LESSON}/single_neuron.ipynb"),
        broken("../../x", source="../../evil.ipynb"),
        graded("never-written"),
    ]
    for entry in records[:-1]:
        feedback.write(entry, tmp_path / "feedback")
    exported = export.feedback_zip(a_class(*records), tmp_path / "feedback", tmp_path / "f.zip")
    found = entries(exported.path)
    evil = f"{feedback.safe('../../x')}/{LESSON}/single_neuron.html"
    assert set(found) == {
        "doejane_LATE_12345_67890_single_neuron-2.html",
        "Jane Doe_1234567_assignsubmission_file_/single_neuron.html",
        "New One_5_assignsubmission_file/single_neuron.html",
        "Old One_7_assignsubmission_file_single_neuron.html",
        "arc_8_9_work.html",
        "anon_x1y2z_67890_single_neuron.html",
        f"tree/{LESSON}/single_neuron.html",
        evil,
    }
    assert found[f"tree/{LESSON}/single_neuron.html"] == feedback.page(records[6])
    assert (exported.graded, exported.unmatched) == (8, ["never-written"])
    assert ".." not in evil.split("/")


def test_the_same_pages_give_the_same_bytes(tmp_path):
    one, other = graded(source=CANVAS), graded("b")
    for entry in (one, other):
        feedback.write(entry, tmp_path)
    first = export.feedback_zip(a_class(one, other), tmp_path, tmp_path / "1.zip").path.read_bytes()
    (tmp_path / "b").touch()
    assert export.feedback_zip(a_class(other, one), tmp_path, tmp_path / "2.zip").path.read_bytes() == first


def test_no_page_is_lost_when_two_have_one_name(tmp_path):
    pair = [graded(source=CANVAS), graded(source=CANVAS, assignment=TWO)]
    for entry in pair:
        feedback.write(entry, tmp_path)
    exported = export.feedback_zip(a_class(*pair), tmp_path, tmp_path / "f.zip")
    assert len(entries(exported.path)) == exported.graded == 2
    assert len(entries(export.feedback_zip(a_class(*pair), tmp_path, tmp_path / "g.zip", TWO).path)) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text())
def test_no_source_makes_an_unsafe_name(student, source):
    for text in (source, f"{source}_1_assignsubmission_file_/{student}.ipynb", f"{source}_1_2_{student}.ipynb"):
        name = export._name_in_zip(graded(student, source=text))
        assert not name.startswith("/")
        assert not set(name.split("/")) & {"", ".", ".."}
        assert not set(name) & set('\\:\x00\n"<>|?*')
