"""Hand-ins as they come: LMS downloads, folders and trees, and what no one should hand in."""

import io
import os
import stat
import zipfile
from datetime import datetime
from pathlib import PurePosixPath

import pytest
from bpgrade.collect import MAX_FILE, CollectError, collect, safe_id
from bpgrade.restore import official, recogniser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbgrader.utils import parse_utc

from tests.notebooks import LESSONS, ROOT, name_of

TAUGHT = {"01_single_neuron": "single_neuron", "02_two_layer_network": "two_layer_network"}
ONE, TWO = TAUGHT


def packed(members, path=None):
    """A zip archive from names (or ZipInfo) and contents; its bytes, or written to `path`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    if path is None:
        return buffer.getvalue()
    path.write_bytes(buffer.getvalue())
    return path


def laid_out(members, folder):
    """A folder from names and contents; a name that ends in "/" is a folder."""
    for name, content in members:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return folder


@pytest.fixture
def gathered(tmp_path):
    """Collect members from a zip; returns the result and the folder collected into."""

    def gather(*names, taught=TAUGHT, **more):
        members = [name if isinstance(name, tuple) else (name, name.encode()) for name in names]
        source = packed(members, tmp_path / "download.zip")
        return collect(source, tmp_path / "submitted", taught, **more)

    return gather


def told(result):
    """(student, lesson) -> the name it came from, or what is wrong."""
    return {(h.student, h.assignment): h.problem or h.source for h in result.hand_ins}


def only(result):
    (hand_in,) = result.hand_ins
    return hand_in


# ---------------------------------------------------------------- layouts

# names of the files -> what (student, lesson) is read from which of them
LAYOUTS = {
    "Canvas": {
        "doejane_12345_67890_single_neuron.ipynb": ("doejane_12345", ONE),
        "roerichard_LATE_12346_67891_two_layer_network-2.ipynb": ("roerichard_12346", TWO),
    },
    "Canvas, anonymous": {
        "anon_a1B2c_67890_single_neuron.ipynb": ("anon_a1B2c", ONE),
        "LATE_anon_Zz9_67891_single_neuron.ipynb": ("anon_Zz9", ONE),
    },
    "Canvas, two lessons of one student": {
        "doejane_12345_1_single_neuron.ipynb": ("doejane_12345", ONE),
        "doejane_12345_2_two_layer_network.ipynb": ("doejane_12345", TWO),
    },
    "Moodle, folders": {
        "Jane Doe_1234567_assignsubmission_file_/single_neuron.ipynb": ("Jane Doe", ONE),
        "Zoë Li_1234568_assignsubmission_file/sub/single_neuron.ipynb": ("Zoë Li", ONE),
    },
    "Moodle, one student": {"Jane Doe_1_assignsubmission_file_/single_neuron.ipynb": ("Jane Doe", ONE)},
    "Moodle, no folders": {"Jane Doe_1234567_assignsubmission_file_single_neuron.ipynb": ("Jane Doe", ONE)},
    "nbgrader": {
        "jane/01_single_neuron/single_neuron.ipynb": ("jane", ONE),
        "jane/02_two_layer_network/two_layer_network.ipynb": ("jane", TWO),
        "bob/01_single_neuron/single_neuron.ipynb": ("bob", ONE),
    },
    "nbgrader, in a folder": {
        "course/submitted/jane/01_single_neuron/single_neuron.ipynb": ("jane", ONE),
        "course/submitted/bob/01_single_neuron/single_neuron.ipynb": ("bob", ONE),
    },
    "nbgrader, one student": {"jane/01_single_neuron/single_neuron.ipynb": ("jane", ONE)},
    "a folder for each student": {
        "jane/single_neuron.ipynb": ("jane", ONE),
        "bob/work/two_layer_network.ipynb": ("bob", TWO),
    },
    "a folder for each student, in a folder": {
        "class/jane/single_neuron.ipynb": ("jane", ONE),
        "class/bob/single_neuron.ipynb": ("bob", ONE),
    },
    "one student's folder": {"jane/single_neuron.ipynb": ("jane", ONE)},
    "a folder for each lesson": {
        "01_single_neuron/jane.ipynb": ("jane", ONE),
        "02_two_layer_network/jane.ipynb": ("jane", TWO),
        "02_two_layer_network/bob/x.ipynb": ("bob", TWO),
    },
    "flat": {
        "jane_single_neuron.ipynb": ("jane", ONE),
        "j.doe-single_neuron-2.ipynb": ("j.doe", ONE),
        "01_single_neuron_bob.ipynb": ("bob", ONE),
        "group-1 single neuron.ipynb": ("group-1", ONE),
        "group-2 single neuron.ipynb": ("group-2", ONE),
    },
    "flat, in a folder": {
        "class/jane_single_neuron.ipynb": ("jane", ONE),
        "class/bob_single_neuron.ipynb": ("bob", ONE),
    },
    "endings that browsers add": {
        "jane_single_neuron.ipynb.txt": ("jane", ONE),
        "bob_single_neuron.ipynb.json": ("bob", ONE),
        "eva_single_neuron.IPYNB": ("eva", ONE),
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "folder"])
def test_layout(layout, as_zip, tmp_path):
    names = LAYOUTS[layout]
    members = [(name, name.encode()) for name in names]
    into = tmp_path / "submitted"
    source = packed(members, tmp_path / "a.zip") if as_zip else laid_out(members, tmp_path / "a")
    result = collect(source, into, TAUGHT)
    assert told(result) == {whose: name for name, whose in names.items()}
    assert result.ignored == ()
    for hand_in in result.hand_ins:
        assert hand_in.path == into / hand_in.student / hand_in.assignment / f"{hand_in.notebook}.ipynb"
        assert hand_in.path.read_bytes() == hand_in.source.encode()
        assert hand_in.notebook == TAUGHT[hand_in.assignment]
        assert hand_in.submitted is None, "no member's date tells when it was handed in"


def test_a_tree_that_is_already_in_place_is_only_read(tmp_path):
    into = laid_out(
        [("jane/01_single_neuron/mine.ipynb", b"1"), ("bob/01_single_neuron/", b"")], tmp_path / "submitted"
    )
    before = sorted(into.rglob("*"))
    jane, bob = sorted(collect(into, into, TAUGHT).hand_ins, key=lambda h: -len(h.student))
    assert jane.path == into / "jane/01_single_neuron/mine.ipynb"
    assert jane.notes == ("The notebook was named mine.ipynb.",)
    assert (bob.path, bob.problem) == (None, "No notebook was handed in.")
    assert sorted(into.rglob("*")) == before


def test_the_target_inside_the_source_is_not_collected_again(tmp_path):
    source = laid_out([("jane_single_neuron.ipynb", b"1")], tmp_path)
    for _ in range(2):
        assert told(collect(source, tmp_path / "submitted", TAUGHT)) == {("jane", ONE): "jane_single_neuron.ipynb"}


def test_archives_of_students_are_opened_one_level_deep(gathered):
    inner = packed([("work/single_neuron.ipynb", b"mine"), ("numpy.py", b"evil"), ("deep.zip", packed([]))])
    result = gathered(("doejane_12345_1_work.zip", inner), ("roe_2_3_hw.zip", packed([("x.txt", b"")])))
    jane, roe = result.hand_ins
    assert (jane.student, jane.path.read_bytes()) == ("doejane_12345", b"mine")
    assert jane.source == "doejane_12345_1_work.zip/work/single_neuron.ipynb"
    assert jane.notes == ("Also handed in, not used: numpy.py, deep.zip.",)
    assert roe.problem == "No notebook was handed in, only x.txt."


def test_archives_in_a_folder_are_opened(tmp_path):
    source = laid_out([("class/jane.zip", packed([("single_neuron.ipynb", b"1")]))], tmp_path / "a")
    laid_out([("class/bob.zip", packed([("b/single_neuron.ipynb", b"2")]))], source)
    assert {h.student: h.path.read_bytes() for h in collect(source, tmp_path / "s", TAUGHT).hand_ins} == {
        "jane": b"1",
        "bob": b"2",
    }


# ---------------------------------------------------------------- which lesson, which attempt, whose


def test_a_renamed_notebook_is_recognised_by_its_content(gathered):
    taught = {lesson: name_of(lesson).removesuffix(".ipynb") for lesson in LESSONS}
    recognise = recogniser(official(ROOT / "lessons" / lesson / name_of(lesson)) for lesson in LESSONS)
    members = [
        (f"s{i}/homework.ipynb", (ROOT / "lessons" / lesson / name_of(lesson)).read_bytes())
        for i, lesson in enumerate(LESSONS)
    ]
    result = gathered(*members, ("s9/other.ipynb", b"{}"), taught=taught, recognise=recognise)
    assert told(result) == {(f"s{i}", lesson): f"s{i}/homework.ipynb" for i, lesson in enumerate(LESSONS)}
    assert all(h.notes == ("The notebook was named homework.ipynb.",) for h in result.hand_ins)
    assert result.ignored == (("s9/other.ipynb", "neither its name nor its content says which lesson it is of"),)


def test_what_does_not_tell_is_of_the_lesson_asked_for_or_of_the_only_one_there(gathered):
    assert told(gathered("jane.ipynb", assignment=TWO)) == {("jane", TWO): "jane.ipynb"}
    assert told(gathered("jane.ipynb", "bob_single_neuron.ipynb"))["jane", ONE] == "jane.ipynb"
    assert told(gathered("jane.ipynb", taught={TWO: "two_layer_network"})) == {("jane", TWO): "jane.ipynb"}
    assert gathered("jane.ipynb").hand_ins == ()


def test_a_lesson_that_is_not_there(gathered):
    with pytest.raises(CollectError, match="no lesson 99_x"):
        gathered("jane.ipynb", assignment="99_x")


@pytest.mark.parametrize(
    ("names", "kept", "words"),
    [
        (
            ["d_1_70_single_neuron.ipynb", "d_1_72_single_neuron-2.ipynb", "d_1_71_single_neuron-1.ipynb"],
            1,
            "Attempt 3 of 3",
        ),
        (["d_1_9_single_neuron.ipynb", "d_1_10_single_neuron.ipynb"], 1, "Attempt 2 of 2"),
        (["d/single_neuron.ipynb", "d/single_neuron (1).ipynb"], 0, "Of 2 notebooks, single_neuron.ipynb"),
        (["d/single_neuron-Copy1.ipynb"], 0, "named single_neuron-Copy1.ipynb"),
        (["d/Copy of single_neuron.ipynb"], 0, "named Copy of single_neuron.ipynb"),
    ],
)
def test_the_last_attempt_counts(gathered, names, kept, words):
    result = gathered(*names)
    assert only(result).source == names[kept]
    assert words in " ".join(only(result).notes)
    assert len(result.ignored) == len(names) - 1


def test_several_notebooks_without_an_order_are_not_guessed_at(gathered):
    result = gathered("d/draft single_neuron.ipynb", "d/final single_neuron.ipynb", "b/")
    assert "Several notebooks" in told(result)["d", ONE]
    assert "final single_neuron.ipynb" in told(result)["d", ONE]
    same = gathered(("e/a single_neuron.ipynb", b"1"), ("e/b single_neuron.ipynb", b"1"), "b/")
    assert told(same)["e", ONE] == "e/a single_neuron.ipynb"


def test_lateness_that_canvas_marks_is_told(gathered):
    assert only(gathered("d_LATE_1_2_single_neuron.ipynb")).notes == ("Canvas marked it as late.",)


@pytest.mark.parametrize(
    "names",
    [
        [
            "Jane Doe_1_assignsubmission_file_/single_neuron.ipynb",
            "Jane Doe_2_assignsubmission_file_/single_neuron.ipynb",
        ],
        ["Jane/single_neuron.ipynb", "jane/single_neuron.ipynb"],
        [
            "aa?b/single_neuron.ipynb",
            "aa:b/single_neuron.ipynb",
            "aa_b/single_neuron.ipynb",
            "aa_b_2/single_neuron.ipynb",
        ],
        ["x" * 200 + "1/single_neuron.ipynb", "x" * 200 + "2/single_neuron.ipynb"],
    ],
)
def test_students_of_one_name_do_not_overwrite_each_other(gathered, names):
    result = gathered(*names)
    assert sorted(h.path.read_bytes().decode() for h in result.hand_ins) == sorted(names)
    assert len({h.student.casefold() for h in result.hand_ins}) == len(names)
    assert any("Several students are called" in note for h in result.hand_ins for note in h.notes)


# ---------------------------------------------------------------- what is not a notebook


def test_every_file_gets_an_outcome(gathered):
    result = gathered(
        "jane/single_neuron.ipynb",
        "jane/numpy.py",
        "jane/.ipynb_checkpoints/single_neuron-checkpoint.ipynb",
        "__MACOSX/jane/._single_neuron.ipynb",
        ".DS_Store",
        "bob/report.pdf",
        "eva/",
    )
    assert told(result) == {
        ("jane", ONE): "jane/single_neuron.ipynb",
        ("bob", ONE): "No notebook was handed in, only report.pdf.",
        ("eva", ONE): "No notebook was handed in.",
    }
    assert {name for name, _ in result.ignored} == {
        "jane/numpy.py",
        "jane/.ipynb_checkpoints/single_neuron-checkpoint.ipynb",
        "__MACOSX/jane/._single_neuron.ipynb",
        ".DS_Store",
        "bob/report.pdf",
    }
    assert next(h for h in result.hand_ins if h.student == "jane").notes == ("Also handed in, not used: numpy.py.",)


def test_nothing_but_notebooks_and_times_is_copied(gathered, tmp_path):
    gathered("jane/single_neuron.ipynb", "jane/numpy.py", "jane/data/x.csv")
    assert [path.name for path in (tmp_path / "submitted").rglob("*") if path.is_file()] == ["single_neuron.ipynb"]


def test_a_folder_named_like_a_notebook(gathered):
    result = gathered("jane/single_neuron.ipynb/", "bob/single_neuron.ipynb")
    assert told(result)["jane", ONE] == "No notebook was handed in."


def test_a_notebook_without_an_owner_is_ignored_with_a_reason(gathered):
    assert gathered("single_neuron.ipynb").ignored == (("single_neuron.ipynb", "its name does not say whose it is"),)


# ---------------------------------------------------------------- hostile archives


def member(name, mode=stat.S_IFREG | 0o644, size=None):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.create_system = 3
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@pytest.mark.parametrize(
    "name",
    [
        "../jane_single_neuron.ipynb",
        "/etc/jane_single_neuron.ipynb",
        "C:\\jane_single_neuron.ipynb",
        "a/../../jane_single_neuron.ipynb",
    ],
)
def test_names_that_point_outside(gathered, tmp_path, name):
    result = gathered((name, b"evil"))
    assert all("points outside" in h.problem for h in result.hand_ins)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / "download.zip"]
    assert [n for n, _ in result.ignored] == [name]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFLNK | 0o777, "symbolic link"),
        (stat.S_IFCHR, "not an ordinary file"),
        (stat.S_IFIFO, "not an ordinary file"),
    ],
)
def test_links_and_devices_in_an_archive(gathered, mode, words):
    result = gathered((member("jane/single_neuron.ipynb", mode), b"/etc/passwd"), "bob/single_neuron.ipynb")
    assert words in told(result)["jane", ONE]
    assert told(result)["bob", ONE] == "bob/single_neuron.ipynb"


def test_a_bomb_hurts_its_owner_alone(tmp_path):
    honest = tmp_path / "a.zip"
    bomb = b"\0" * (MAX_FILE + 1)
    packed([("jane/single_neuron.ipynb", bomb), ("bob/single_neuron.ipynb", b"fine")], honest)
    result = collect(honest, tmp_path / "s", TAUGHT)
    assert "larger than 64 MB" in told(result)["jane", ONE]
    assert told(result)["bob", ONE] == "bob/single_neuron.ipynb"


def test_a_bomb_that_declares_to_be_small_is_cut_off(tmp_path):
    data = bytearray(packed([("jane/single_neuron.ipynb", b"\0" * (MAX_FILE + 1))]))
    for at in (22, data.index(b"PK\x01\x02") + 24):  # the uncompressed size, in both headers
        data[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    result = collect(tmp_path / "a.zip", tmp_path / "s", TAUGHT)
    assert only(result).path is None
    assert only(result).problem
    assert not list((tmp_path / "s").rglob("*.*"))


def test_a_bomb_inside_an_inner_archive(gathered):
    inner = packed([("single_neuron.ipynb", b"\0" * (MAX_FILE + 1))])
    many = packed([(f"{i}.txt", b"") for i in range(1001)])
    notebooks = packed([(f"{i}.ipynb", b"") for i in range(51)])
    large = packed([(f"{i}.csv", b"\0" * (60 << 20)) for i in range(5)])
    result = gathered(
        ("jane.zip", inner), ("bob.zip", many), ("ann.zip", notebooks), ("tom.zip", large), "eva_single_neuron.ipynb"
    )
    assert "larger than 64 MB" in told(result)["jane", ONE]
    assert "1001 files" in told(result)["bob", ONE]
    assert "51 notebooks" in told(result)["ann", ONE]
    assert "more than 256 MB" in told(result)["tom", ONE]
    assert told(result)["eva", ONE] == "eva_single_neuron.ipynb"


def test_an_endless_name(gathered):
    result = gathered("jane/" + "(1)" * 20_000 + ".ipynb", "bob/single_neuron.ipynb")
    assert len(result.hand_ins) == 2
    assert all(len(text) <= 1000 for h in result.hand_ins for text in (h.student, h.source, h.problem))


def test_a_member_with_a_password(tmp_path):
    data = bytearray(packed([("jane/single_neuron.ipynb", b"x")]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert "password" in only(collect(tmp_path / "a.zip", tmp_path / "s", TAUGHT)).problem


def test_a_damaged_member_hurts_its_owner_alone(tmp_path):
    data = packed([(zipfile.ZipInfo("jane/single_neuron.ipynb"), b"A" * 50), ("bob/single_neuron.ipynb", b"fine")])
    (tmp_path / "a.zip").write_bytes(data.replace(b"A" * 50, b"B" * 50))
    result = collect(tmp_path / "a.zip", tmp_path / "s", TAUGHT)
    assert told(result) == {
        ("jane", ONE): "The file is damaged in the archive.",
        ("bob", ONE): "bob/single_neuron.ipynb",
    }


def test_of_two_members_of_one_name_the_later_counts(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed([("jane/single_neuron.ipynb", b"old"), ("jane/single_neuron.ipynb", b"new")], tmp_path / "a.zip")
    result = collect(tmp_path / "a.zip", tmp_path / "s", TAUGHT)
    assert only(result).path.read_bytes() == b"new"
    assert result.ignored == (("jane/single_neuron.ipynb", "it is in the archive twice; the later one counts"),)


def test_names_in_utf8_that_do_not_say_so(tmp_path):
    data = packed([("J..rg/single_neuron.ipynb", b"x")])
    (tmp_path / "a.zip").write_bytes(data.replace(b"J..rg", "Jörg".encode()))
    assert only(collect(tmp_path / "a.zip", tmp_path / "s", TAUGHT)).student == "Jörg"


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 not really", packed([("jane/single_neuron.ipynb", b"x" * 999)])[:-40]]
)
def test_a_damaged_download_says_so(tmp_path, content):
    (tmp_path / "class.zip").write_bytes(content)
    with pytest.raises(CollectError, match=r"class\.zip cannot be read"):
        collect(tmp_path / "class.zip", tmp_path / "s", TAUGHT)
    assert (tmp_path / "class.zip").read_bytes() == content
    with pytest.raises(CollectError, match="does not exist"):
        collect(tmp_path / "other.zip", tmp_path / "s", TAUGHT)


def test_a_damaged_archive_of_a_student(gathered):
    result = gathered(("jane.zip", b"PK nonsense"), "bob_single_neuron.ipynb")
    assert told(result)["jane", ONE] == "jane.zip cannot be read: the zip archive is damaged."


# ---------------------------------------------------------------- folders


def test_links_pipes_and_devices_in_a_folder(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text("secret")
    source = laid_out([("bob/single_neuron.ipynb", b"fine"), ("jane/", b""), ("eva/", b"")], tmp_path / "a")
    (source / "jane/single_neuron.ipynb").symlink_to(secret)
    (source / "zoe").symlink_to(tmp_path)
    os.mkfifo(source / "eva/single_neuron.ipynb")
    result = collect(source, tmp_path / "s", TAUGHT)
    assert told(result) == {
        ("bob", ONE): "bob/single_neuron.ipynb",
        ("jane", ONE): "single_neuron.ipynb is a symbolic link, which is not followed.",
        ("eva", ONE): "single_neuron.ipynb is not an ordinary file.",
        ("zoe", ONE): "No notebook was handed in, only zoe.",
    }
    assert not any("secret" in path.read_text() for path in (tmp_path / "s").rglob("*.ipynb"))


def test_a_large_file_in_a_folder_is_not_read(tmp_path):
    source = laid_out([("jane/single_neuron.ipynb", b"")], tmp_path / "a")
    with (source / "jane/single_neuron.ipynb").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert "larger than 64 MB" in only(collect(source, tmp_path / "s", TAUGHT)).problem


# ---------------------------------------------------------------- times, and doing it again


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-02 15:58:23.948203 America/Los_Angeles",
        "2026-02-02 15:58:23.948203 UTC",
        "2026-02-02 15:58",
        "2026-02-02T15:58:00+02:00",
    ],
)
def test_times_are_nbgraders(tmp_path, text):
    folder = "jane/01_single_neuron"
    source = laid_out(
        [(f"{folder}/single_neuron.ipynb", b"1"), (f"{folder}/timestamp.txt", text.encode())], tmp_path / "a"
    )
    hand_in = only(collect(source, tmp_path / "s", TAUGHT))
    assert hand_in.submitted == parse_utc(text)
    assert parse_utc((tmp_path / "s" / folder / "timestamp.txt").read_text().strip()) == hand_in.submitted
    assert isinstance(hand_in.submitted, datetime)
    assert hand_in.submitted.tzinfo is None


@pytest.mark.parametrize("text", [b"yesterday", b"\xff\xfe", b"9" * 1000])
def test_a_time_that_makes_no_sense_is_noted(tmp_path, text):
    folder = "jane/01_single_neuron"
    source = laid_out([(f"{folder}/single_neuron.ipynb", b"1"), (f"{folder}/timestamp.txt", text)], tmp_path / "a")
    hand_in = only(collect(source, tmp_path / "s", TAUGHT))
    assert hand_in.submitted is None
    assert "could not be read" in hand_in.notes[0]
    assert not hand_in.problem


def test_collecting_again_writes_what_has_changed_and_nothing_else(tmp_path):
    folder = "jane/01_single_neuron"
    tree = [(f"{folder}/single_neuron.ipynb", b"1"), (f"{folder}/timestamp.txt", b"2026-01-01 10:00 UTC")]
    source = laid_out([*tree, ("bob/01_single_neuron/single_neuron.ipynb", b"1")], tmp_path / "a")
    first = collect(source, tmp_path / "s", TAUGHT)
    before = {path: path.stat().st_ino for path in (tmp_path / "s").rglob("*")}
    assert collect(source, tmp_path / "s", TAUGHT) == first
    assert {path: path.stat().st_ino for path in (tmp_path / "s").rglob("*")} == before
    (source / "bob/01_single_neuron/single_neuron.ipynb").write_bytes(b"2")
    collect(source, tmp_path / "s", TAUGHT)
    changed = [path for path in (tmp_path / "s").rglob("*") if before[path] != path.stat().st_ino]
    assert changed == [tmp_path / "s/bob/01_single_neuron/single_neuron.ipynb"]


def test_an_interrupted_copy_leaves_the_old_file_whole(tmp_path, monkeypatch):
    source = laid_out([("jane_single_neuron.ipynb", b"old")], tmp_path / "a")
    hand_in = only(collect(source, tmp_path / "s", TAUGHT))
    (source / "jane_single_neuron.ipynb").write_bytes(b"new")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bpgrade.collect._copy", stopped)
    with pytest.raises(KeyboardInterrupt):
        collect(source, tmp_path / "s", TAUGHT)
    assert hand_in.path.read_bytes() == b"old"
    assert [path.name for path in hand_in.path.parent.iterdir()] == ["single_neuron.ipynb"]


# ---------------------------------------------------------------- any name at all

PART = st.one_of(
    st.sampled_from(
        [
            "..",
            ".",
            "",
            "C:",
            "jane",
            "01_single_neuron",
            "single_neuron.ipynb",
            "__MACOSX",
            "x.zip",
            "-rf",
            "CON",
            "timestamp.txt",
        ]
    ),
    st.sampled_from(["doejane_1_2_single_neuron.ipynb", "J D_3_assignsubmission_file_", "jane_single_neuron-3.ipynb"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(max_size=300)
    .map(lambda text: text + ".ipynb")
    .filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
)
NAME = st.tuples(st.lists(PART, min_size=1, max_size=4), st.sampled_from(["/", "\\"])).map(lambda n: n[1].join(n[0]))


@given(names=st.lists(NAME, max_size=6, unique=True), content=st.binary(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_names_nothing_leaves_its_place(names, content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    packed([(zipfile.ZipInfo(name), content) for name in names if name], folder / "a.zip")
    into = folder / "deep" / "submitted"
    result = collect(folder / "a.zip", into, TAUGHT)
    written = [path for path in folder.rglob("*") if path.is_file() and path != folder / "a.zip"]
    assert sorted(written) == sorted(h.path for h in result.hand_ins if h.path)
    for hand_in in result.hand_ins:
        assert is_safe(hand_in.student)
        assert hand_in.assignment in TAUGHT
        assert (hand_in.path is None) == bool(hand_in.problem)
        assert (
            hand_in.path is None
            or hand_in.path == into / hand_in.student / hand_in.assignment / f"{hand_in.notebook}.ipynb"
        )
        " ".join([hand_in.source, hand_in.problem, *hand_in.notes]).encode()
    ids = [(h.student.casefold(), h.assignment) for h in result.hand_ins]
    assert len(set(ids)) == len(ids)


def is_safe(student):
    return (
        student.isprintable()
        and 0 < len(student) <= 128
        and len(student.encode()) < 256
        and not student.startswith(("-", "."))
        and len(PurePosixPath(student).parts) == 1
        and not set(student) & set('/\\:*?"<>|\0')
    )


@given(st.text(st.characters(), max_size=300))
@example("\ud800")
@example("x" * 127 + ".y")
@example("😀" * 128)
def test_ids_are_safe_and_stay_as_they_are(name):
    assert is_safe(safe_id(name))
    assert safe_id(safe_id(name)) == safe_id(name)


@pytest.mark.parametrize("name", ["jane", "jane.doe@uni.edu", "Jane Doe", "Zoë", "李", "o'neil", "a_1"])
def test_ordinary_names_are_kept(name):
    assert safe_id(name) == name


@given(drawn=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_class_of_any_names_is_complete(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    names = {"".join(c for c in name if c not in "/\\:") for name in drawn} - {"", ".", "..", *TAUGHT}
    names = {name for name in names if not name.startswith((".", "~$")) and not name.endswith(".zip")}
    packed(
        [(f"class/{name}/single_neuron.ipynb", name.encode()) for name in sorted(names)] + [("class/zz/", b"")],
        folder / "a.zip",
    )
    result = collect(folder / "a.zip", folder / "s", TAUGHT, assignment=ONE)
    assert sorted(h.path.read_text() for h in result.hand_ins if h.path) == sorted(names)
