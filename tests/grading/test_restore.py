"""Broken, old and tampered notebooks: what can be read, and what is put back; then nbgrader's own steps agree."""

import codecs
import copy
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bpgrade.restore import Broken, official, read, recogniser, restore, same_substance
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, OverwriteCells, OverwriteKernelspec, SaveCells
from traitlets.config import Config

from tests import notebooks
from tests.notebooks import LESSONS, ROOT, filled, grade_id, name_of, source

LESSON = "02_two_layer_network"
RELU = "def relu(z):\n    return np.where(z > 0, z, 0.0)"
BLANK = "### nothing here yet"


def released(lesson=LESSON):
    return official(ROOT / "lessons" / lesson / name_of(lesson))


def as_bytes(nb):
    return json.dumps(nb).encode()


def work(**answers):
    """A hand-in: the released lesson with some blanks filled."""
    return filled(LESSON, answers)


def find(nb, name):
    """The one cell that has this grade id."""
    (cell,) = (cell for cell in nb["cells"] if grade_id(cell) == name)
    return cell


def at(nb, name):
    return nb["cells"].index(find(nb, name))


def code(text, **more):
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None} | more


def restored(nb, lesson=LESSON):
    """What comes back, after the invariants that hold for every notebook."""
    lesson = released(lesson)
    plain, mended = read(as_bytes(nb))
    before = copy.deepcopy(plain)
    out, repairs, flags = restore(plain, lesson)
    assert plain == before, "the notebook that was passed in is left alone"
    nbformat.validate(nbformat.from_dict(out))
    assert (out["nbformat"], out["nbformat_minor"]) == (4, 5)
    assert out["metadata"]["kernelspec"]["name"] == "python3"
    assert sorted(filter(None, map(grade_id, out["cells"]))) == sorted(lesson.fixed)
    for name, fixed in lesson.fixed.items():
        cell = find(out, name)
        assert cell["metadata"] == fixed["metadata"]
        assert cell["cell_type"] == fixed["cell_type"]
        if fixed["metadata"]["nbgrader"]["locked"]:
            assert cell["source"] == fixed["source"]
    assert all(len(sentence) < 400 and sentence.endswith((".", "…")) for sentence in repairs)
    assert all(flag.kind in ("edited-test", "other-kernel") for flag in flags)
    again = restore(out, lesson)
    assert again == (out, (), ()), "restoring twice changes nothing more"
    return out, mended + repairs, flags


def run_order(out):
    """Sources of code cells in the order in which they run."""
    return [cell["source"] for cell in out["cells"] if cell["cell_type"] == "code"]


# ---------------------------------------------------------------- honest notebooks


@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("folder", ["lessons", "solutions"])
def test_an_honest_notebook_comes_back_as_it_was(folder, lesson):
    nb = notebooks.read(folder, lesson)
    out, repairs, flags = restored(nb, lesson)
    assert (repairs, flags) == ((), ())
    assert [cell["source"] for cell in out["cells"]] == [source(cell) for cell in nb["cells"]]
    assert [cell["id"] for cell in out["cells"]] == [cell["id"] for cell in nb["cells"]]


def test_what_a_student_added_and_reordered_is_kept():
    nb = work(relu=RELU)
    nb["cells"].insert(3, code("helper = 1", id="mine"))
    nb["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "my notes", "id": "notes"})
    # the second exercise before the first, as a block
    first, second = at(nb, "dense"), at(nb, "relu")
    nb["cells"][first : second + 2] = (
        nb["cells"][second : second + 2] + nb["cells"][first + 2 : second] + nb["cells"][first : first + 2]
    )
    out, repairs, flags = restored(nb)
    assert (repairs, flags) == ((), ())
    assert [cell["source"] for cell in out["cells"]] == [source(cell) for cell in nb["cells"]]


def test_tags_that_change_how_a_cell_is_run_are_gone():
    nb = work()
    find(nb, "check_relu")["metadata"]["tags"] = ["skip-execution"]
    out, _, _ = restored(nb)
    assert "tags" not in find(out, "check_relu")["metadata"]


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


def test_pictures_that_a_student_pasted_are_kept():
    nb = work()
    pasted = {"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:a.png)", "id": "pic"}
    nb["cells"].append(pasted | {"attachments": {"a.png": {"image/png": PNG}, "no.png": {"image/png": "AAAA"}, "b": 7}})
    out, _, _ = restored(nb)
    assert out["cells"][-1]["attachments"] == {"a.png": {"image/png": PNG}}


# ---------------------------------------------------------------- tampered notebooks


def edit(name, text):
    def change(nb):
        find(nb, name)["source"] = text

    return change


def facts(name, **new):
    def change(nb):
        find(nb, name)["metadata"]["nbgrader"] |= new

    return change


def delete(*names):
    def change(nb):
        nb["cells"] = [cell for cell in nb["cells"] if grade_id(cell) not in names]

    return change


def copied(name, **new):
    def change(nb):
        nb["cells"].append(copy.deepcopy(find(nb, name)) | new)

    return change


def move(name, to):
    def change(nb):
        cell = find(nb, name)
        nb["cells"].remove(cell)
        nb["cells"].insert(to, cell)

    return change


def split(name, *texts):
    def change(nb):
        here = at(nb, name)
        nb["cells"][here : here + 1] = [copy.deepcopy(nb["cells"][here]) | {"source": text} for text in texts]

    return change


def everywhere(**new):
    def change(nb):
        for cell in nb["cells"]:
            if "nbgrader" in cell["metadata"]:
                cell["metadata"]["nbgrader"] |= new

    return change


def stripped(nb):
    nb["metadata"] = {}
    for cell in nb["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    nb["nbformat_minor"] = 4


def kernel(nb):
    nb["metadata"]["kernelspec"] = {"name": "evil", "display_name": "Evil", "language": "python"}


def same_ids(nb):
    for cell in nb["cells"]:
        cell["id"] = "same"


def extra_marked_cell(nb):
    marks = find(nb, "check_relu")["metadata"]["nbgrader"] | {"grade_id": "bonus", "points": 100}
    nb["cells"].append(code("pass", metadata={"nbgrader": marks}))


def empty_marks(nb):
    nb["cells"][0]["metadata"]["nbgrader"] = {}


# what was done -> (how, words of a repair or "", whether a person should look)
KINDS = {
    "test deleted": (delete("check_relu"), "test of relu was missing", True),
    "two tests deleted": (delete("check_relu", "check_dense"), "test of dense was missing", True),
    "blank and test deleted": (delete("check_dense", "dense"), "cell dense was missing", True),
    "setup deleted": (delete("setup"), "cell setup was missing", False),
    "test edited": (edit("check_relu", "pass"), "test of relu was edited", True),
    "test emptied": (edit("check_relu", "  "), "spaces or comments", False),
    "test with a comment": (edit("check_relu", "# mine\ncheck( relu )"), "spaces or comments", False),
    "test for another function": (edit("check_relu", "check(dense)"), "test of relu was edited", True),
    "test copied": (copied("check_relu"), "2 times", True),
    "test copied with the same id": (copied("check_relu", id="check-relu"), "same id", True),
    "copy of a test edited": (copied("check_relu", source="1 + 1"), "2 times", True),
    "test split": (split("check_relu", "check(", "relu)"), "split in 2 cells", True),
    "test split in a whole and nothing": (split("check_relu", "check(relu)", ""), "2 times", True),
    "test above its blank": (move("check_relu", 2), "moved below", False),
    "test as text": (lambda nb: find(nb, "check_relu").update(cell_type="markdown"), "made code again", True),
    "blank as text": (lambda nb: find(nb, "relu").update(cell_type="markdown"), "made code again", False),
    "setup edited": (edit("setup", "import math"), "cell setup was edited", False),
    "setup moved down": (move("setup", 30), "moved up", False),
    "points=100": (facts("check_relu", points=100), "marks changed (points)", True),
    "points as text": (facts("check_relu", points="many"), "marks changed (points)", True),
    "unknown schema": (everywhere(schema_version=17), "schema_version", True),
    "old schema": (everywhere(schema_version=1), "schema_version", True),
    "invalid grade id": (facts("check_relu", grade_id="check relu!"), "does not have", True),
    "grade id gone": (facts("check_relu", grade_id=None), "marked for grading", True),
    "grade id of another": (facts("check_relu", grade_id="check_dense"), "2 times", True),
    "blank made a test": (facts("relu", grade=True, solution=False, points=9), "marks changed", True),
    "unlocked": (facts("check_relu", locked=False), "marks changed (locked)", True),
    "everything stripped": (stripped, "recognised by their text", False),
    "unknown kernel": (kernel, "kernel evil", True),
    "same cell ids": (same_ids, "same id", False),
    "a marked cell of their own": (extra_marked_cell, "bonus", True),
    "empty marks": (empty_marks, "", False),
    "attachments on a test": (lambda nb: find(nb, "check_relu").update(attachments={"a": 1}), "", False),
    "huge marks": (facts("check_relu", comment="x" * 10**6), "", False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind, overwritten):
    how, words, suspicious = KINDS[kind]
    nb = work(relu=RELU)
    how(nb)
    out, repairs, flags = restored(nb)
    assert words in " ".join(repairs)
    assert bool(repairs) == bool(words), repairs
    assert bool(flags) == suspicious
    assert at(out, "setup") < at(out, "check_dense")
    assert find(out, "relu")["source"] == RELU
    assert at(out, "relu") < at(out, "check_relu")
    overwritten(out)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A gradebook that knows the lesson, as after generate_assignment."""
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader runs alembic from the PATH when it makes a gradebook.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        return made_book(tmp_path_factory.mktemp("book"))


def made_book(folder):
    url = f"sqlite:///{folder / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        gradebook.update_or_create_assignment(LESSON)
    resources = {"nbgrader": {"notebook": released().notebook, "assignment": LESSON, "db_url": url}}
    lesson = nbformat.from_dict(notebooks.read("lessons", LESSON))
    for cell in lesson.cells:
        cell.source = source(cell)
    SaveCells().preprocess(lesson, resources)
    return resources


@pytest.fixture
def overwritten(book, caplog):
    """Pass a notebook through what stock nbgrader does before it runs one: nothing is left to do."""

    def sanitize(nb):
        before = nbformat.from_dict(copy.deepcopy(nb))
        after = copy.deepcopy(before)
        with caplog.at_level(logging.WARNING):
            for step in (DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata):
                config = Config({"OverwriteCells": {"add_missing_cells": True}})
                after, _ = step(config=config).preprocess(after, book)
        assert after.cells == before.cells
        assert caplog.messages == []

    return sanitize


# ---------------------------------------------------------------- where things go


def test_a_deleted_test_comes_after_the_helpers_of_its_function():
    nb = work(relu="def relu(z):\n    return helper(z)")
    nb["cells"].insert(at(nb, "relu") + 1, code("def helper(z):\n    return np.maximum(z, 0)", id="helper"))
    delete("check_relu")(nb)
    out, _, _ = restored(nb)
    here = at(out, "check_relu")
    assert [cell["id"] for cell in out["cells"][here - 2 : here]] == ["relu", "helper"]


def test_text_in_a_locked_cell_is_kept_beside_it():
    nb = work()
    setup = source(find(nb, "setup"))
    edit("setup", setup + "\nimport math")(nb)
    edit("check_relu", RELU + "\n\ncheck(relu)")(nb)
    out, _, flags = restored(nb)
    cells = run_order(out)
    assert cells[cells.index(setup) + 1] == setup + "\nimport math"
    assert cells[cells.index("check(relu)") - 1] == RELU + "\n\ncheck(relu)"
    assert [flag.exercise for flag in flags] == ["relu"]


def test_a_blank_left_blank_does_not_undo_a_definition_above_it():
    nb = work()
    nb["cells"].insert(2, code(RELU, id="mine"))
    out, repairs, flags = restored(nb)
    cells = run_order(out)
    assert cells.index(source(find(work(), "relu"))) < cells.index(RELU) < cells.index("check(relu)")
    assert len(repairs) == 1
    assert not flags


def test_a_definition_below_a_blank_left_blank_is_tested():
    nb = work()
    nb["cells"].append(code(RELU, id="mine"))
    out, repairs, _ = restored(nb)
    assert run_order(out)[-2:] == [RELU, "check(relu)"]
    assert "moved below" in " ".join(repairs)


def test_two_blanks_merged_in_one_cell():
    nb = work(dense="def dense(X, W, b):\n    return X @ W + b\n\n" + RELU)
    delete("relu", "check_relu")(nb)
    out, repairs, _ = restored(nb)
    cells = run_order(out)
    merged = next(i for i, text in enumerate(cells) if RELU in text)
    assert cells.index("check(relu)") > merged
    assert not any("raise NotImplementedError" in text and "def relu(" in text for text in cells)
    assert len(repairs) == 2


def test_a_blank_split_in_two_stays_where_the_function_is():
    nb = work()
    split("relu", "# my thoughts", RELU)(nb)
    out, _, _ = restored(nb)
    assert find(out, "relu")["source"] == RELU
    assert "# my thoughts" in run_order(out)


def test_a_return_above_the_forgotten_stub_counts_as_an_attempt():
    forgotten = source(find(work(), "relu")).replace("    # YOUR CODE HERE", "    return np.maximum(z, 0)")
    nb = work(relu=forgotten)
    nb["cells"].insert(2, code("def relu(z):\n    return 7", id="mine"))
    out, repairs, _ = restored(nb)
    assert repairs == ()
    assert at(out, "relu") > 2


def test_of_two_copies_of_a_test_the_last_counts():
    nb = work()
    nb["cells"].append(code(RELU, id="better"))
    copied("check_relu", id="copy")(nb)
    out, _, flags = restored(nb)
    assert out["cells"][-1]["id"] == "copy"
    assert out["cells"][-1]["metadata"]["nbgrader"]["grade_id"] == "check_relu"
    assert [flag.exercise for flag in flags] == ["relu"]


@pytest.mark.parametrize("cells", [[], [code("print(1)")], [{"cell_type": "markdown", "metadata": {}, "source": "x"}]])
def test_a_notebook_of_something_else_is_broken_and_not_zero_in_silence(cells):
    nb, _ = read(as_bytes({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    with pytest.raises(Broken, match="not the notebook of 02_two_layer_network"):
        restore(nb, released())


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_notebook_of_another_lesson_is_broken_too(lesson):
    nb, _ = read(as_bytes(notebooks.read("solutions", lesson)))
    for other in set(LESSONS) - {lesson}:
        with pytest.raises(Broken, match="not the notebook of"):
            restore(nb, released(other))


@given(data=st.data())
def test_any_subset_in_any_order_gives_every_official_cell_once(data):
    nb = work(relu=RELU)
    cells = data.draw(st.lists(st.sampled_from(nb["cells"]), min_size=1, max_size=25))
    nb["cells"] = [copy.deepcopy(cell) for cell in [*cells, find(nb, "dense_backward")]]
    for cell in nb["cells"][:-1]:
        if data.draw(st.integers(0, 5)) == 0:
            cell["metadata"].pop("nbgrader", None)
        if data.draw(st.integers(0, 9)) == 0:
            cell["source"] = data.draw(st.sampled_from(["", "check(dense)", RELU, "def dense(X, W, b): pass"]))
    out, _, _ = restored(nb)
    assert at(out, "setup") < min(at(out, name) for name in released().fixed if name.startswith("check_"))
    if any("def relu" in text and "NotImplementedError" not in text for text in run_order(out)):
        solved = next(
            i for i, c in enumerate(out["cells"]) if c["source"].startswith("def relu") and RELU in c["source"]
        )
        assert solved < at(out, "check_relu")


# ---------------------------------------------------------------- reading


def old(nb, major):
    """The notebook in an older format, as nbformat itself writes it."""
    node = nbformat.from_dict(copy.deepcopy(nb))
    for cell in node.cells:
        cell.source = source(cell)
    return as_bytes(nbformat.convert(node, major))


@pytest.mark.parametrize("major", [2, 3])
def test_an_old_format_is_converted(major):
    nb = work(relu=RELU)
    content = old(nb, 3)
    if major == 2:
        data = json.loads(content)
        for cell in data["worksheets"][0]["cells"]:
            cell.pop("metadata", None)
        data["worksheets"][0]["cells"] = [c for c in data["worksheets"][0]["cells"] if c["cell_type"] != "heading"]
        content = as_bytes(data | {"nbformat": 2, "nbformat_minor": 0})
    plain, repairs = read(content)
    assert f"old format {major}" in repairs[0]
    out, _, flags = restore(plain, released())
    nbformat.validate(nbformat.from_dict(out))
    assert find(out, "relu")["source"] == RELU
    assert not flags


@pytest.mark.parametrize(
    ("encoding", "mark", "words"),
    [
        ("utf-8", b"", ()),
        ("utf-8", codecs.BOM_UTF8, ("UTF-8 with",)),
        ("utf-16", b"", ("UTF-16",)),
        ("utf-32", b"", ("UTF-32",)),
        ("latin-1", b"", ("not saved as UTF-8",)),
        ("cp1252", b"", ("not saved as UTF-8",)),
    ],
)
def test_encodings(encoding, mark, words):
    nb = {"cells": [code("# é ü", id="a")], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    plain, repairs = read(mark + json.dumps(nb, ensure_ascii=False).encode(encoding))
    assert plain["cells"][0]["source"] == "# é ü"
    assert len(repairs) == len(words)
    assert all(word in repair for word, repair in zip(words, repairs, strict=True))


WHOLE = as_bytes(notebooks.read("lessons", LESSON))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\0\0", "empty"),
        (WHOLE[: len(WHOLE) // 2], "cut off"),
        (WHOLE[:-1], "cut off"),
        (b"%PDF-1.7 x", "a PDF"),
        (b"PK\x03\x04xx", "a zip"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"<<<<<<< HEAD\n{", "git merge"),
        (b"print('hello')", "not valid JSON"),
        (b"[]", "no cells"),
        (b"{}", "no cells"),
        (b"3", "no cells"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": 3}', "no list of cells"),
        (b'{"nbformat": 5, "cells": []}', "newer"),
        (b'{"nbformat": "x", "cells": []}', "unknown"),
        (b'{"nbformat": true, "cells": []}', "unknown"),
        (b'{"nbformat": 3, "worksheets": 3}', "cannot be converted"),
        (b'{"nbformat": 4, "cells": [3]}', "Cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "Cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "evil", "source": ""}]}', "evil"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [3]}]}', "Cell 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 9_000_000, "too many parts"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "JSON"),
        (b" " * ((64 << 20) + 1), "larger than 64 MB"),
        (as_bytes({"nbformat": 4, "cells": [code("")] * 2001}), "2001 cells"),
        (as_bytes({"nbformat": 4, "cells": [code("x" * (9 << 20))]}), "8 MB of text"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_broken_files_say_why(content, words):
    with pytest.raises(Broken) as caught:
        read(content)
    assert words in caught.value.reason
    assert caught.value.reason.endswith(".")
    assert len(caught.value.reason) < 300


def test_a_notebook_that_saved_much_output_is_read():
    nb = work()
    nb["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "[0 1]\n" * 1_000_000}]
    plain, repairs = read(as_bytes(nb))
    assert repairs == ()
    assert plain["cells"][3]["outputs"] == []


def test_half_a_surrogate_pair_can_be_written_afterwards():
    content = b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \'\\ud800\'", "metadata": {}}]}'
    plain, repairs = read(content)
    assert plain["cells"][0]["source"] == "x = '?'"
    assert len(repairs) == 1
    json.dumps(plain, ensure_ascii=False).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CELL_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | JSON,
        "source": st.text(st.characters(), max_size=20) | st.lists(st.text(max_size=5), max_size=3) | JSON,
        "input": JSON,
        "id": st.sampled_from(["a", "check-relu", "", "ä", "x" * 65]) | JSON,
        "metadata": JSON | st.fixed_dictionaries({"nbgrader": JSON | st.fixed_dictionaries({"grade_id": JSON})}),
        "attachments": JSON,
        "outputs": JSON,
    },
)
NOTEBOOK_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([1, 2, 3, 4, 4.0, 5, -1, "4"]) | JSON,
        "nbformat_minor": JSON,
        "metadata": JSON,
        "cells": st.lists(CELL_LIKE, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL_LIKE, max_size=3)}), max_size=2) | JSON,
    },
)


@given(
    content=st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | NOTEBOOK_LIKE.map(lambda value: json.dumps(value).encode())
    | st.integers(0, len(WHOLE)).map(lambda n: WHOLE[:n])
)
def test_whatever_the_bytes_it_is_a_valid_notebook_or_broken(content):
    try:
        nb, repairs = read(content)
    except Broken as broken:
        broken.reason.encode()  # it can be written
        return
    assert all(isinstance(sentence, str) for sentence in repairs)
    json.dumps(nb, ensure_ascii=False).encode()
    bare = copy.deepcopy(nb)
    for cell in bare["cells"]:
        cell["metadata"].pop("nbgrader", None)
    nbformat.validate(nbformat.from_dict(bare))
    nb["cells"].append(code("def relu(z): return z", id="one-of-the-lesson"))
    out, _, _ = restore(nb, released())
    nbformat.validate(nbformat.from_dict(out))
    json.dumps(out, ensure_ascii=False).encode()


# ---------------------------------------------------------------- which lesson


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_recognised_by_its_cells(lesson):
    recognise = recogniser(map(released, LESSONS))
    nb = notebooks.read("solutions", lesson)
    assert recognise(as_bytes(nb)) == lesson
    stripped(nb)
    nb["cells"] = [cell for cell in nb["cells"] if cell["cell_type"] == "code"]
    assert recognise(as_bytes(nb)) == lesson


@pytest.mark.parametrize("content", [b"", b"{}", as_bytes({"nbformat": 4, "cells": [code("setup = 1")]})])
def test_what_is_of_no_lesson_is_not_recognised(content):
    assert recogniser(map(released, LESSONS))(content) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("check(f)", "check( f )  # now", True),
        ("x = 'a'", 'x = "a"', True),
        ("check(f)", "check(g)", False),
        ("check(", " check( ", True),
        ("check(", "check)", False),
    ],
)
def test_same_substance(one, other, same):
    assert same_substance(one, other) is same


def test_a_healthy_notebook_needs_no_heavy_imports():
    program = f"""
import sys
from pathlib import Path
from bpgrade import collect, flags, restore
lesson = restore.official(Path({str(ROOT / "lessons" / LESSON / name_of(LESSON))!r}))
nb, _ = restore.read(Path({str(ROOT / "lessons" / LESSON / name_of(LESSON))!r}).read_bytes())
nb, _, _ = restore.restore(nb, lesson)
flags.flags(nb, lesson)
print([name for name in ("nbformat", "nbgrader", "IPython", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
