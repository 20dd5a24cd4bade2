"""The wall by itself: what is sealed, what crosses, what a kernel can reach, and what happens where none can be built."""

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bpgrade import customs, work
from bpgrade.restore import official
from bpgrade.wall import host, sealed, wire
from hypothesis import given
from hypothesis import strategies as st

import bpkit
from bpkit.checking import judge, run
from bpkit.exercises import LESSONS, every, of_lesson
from tests.notebooks import ROOT

EDITIONS = list(LESSONS)
TAUGHT = [lesson for lesson in LESSONS if lesson != sealed.LATEST]  # the interview's answers are nowhere in bpkit
LIBRARY = [exercise.name for lesson in TAUGHT for exercise in of_lesson(lesson)]
RELEASES = {path.parent.name: path for path in sorted(ROOT.glob("lessons/*/*.ipynb"))}


# ---------------------------------------------------------------- the sealed edition


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editions")
    for lesson in EDITIONS:
        (folder / lesson).mkdir()
        notebook = json.loads(RELEASES[lesson].read_text()) if lesson in RELEASES else {"cells": []}
        sealed.seal(lesson, folder / lesson, sealed.imported_names(notebook))
    return folder


TRY = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
import bpkit
assert bpkit.__file__.startswith(sys.argv[1]), bpkit.__file__
found = {}
for name in json.loads(sys.argv[2]):
    try:
        getattr(bpkit, name)()
    except NotImplementedError:
        found[name] = "sealed"
    except TypeError:
        found[name] = "open"
for module in ("bpkit.exercises", "bpkit.checking.judge", "bpkit.checking.recognise", "bpkit.lab"):
    try:
        importlib.import_module(module)
        found[module] = "open"
    except ImportError:
        pass
bpkit.plots, bpkit.datasets.digits(), bpkit.check(None), bpkit.hint(None)
print(json.dumps(found))
"""


@pytest.mark.parametrize("lesson", EDITIONS)
def test_an_edition_holds_earlier_lessons_and_no_answer(lesson, editions):
    names = [*LIBRARY, "MLP"]
    command = [sys.executable, "-I", "-c", TRY, str(editions / lesson), json.dumps(names)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    here = {exercise.name for exercise in of_lesson(lesson)} & set(LIBRARY)
    assert {name for name in here if found[name] != "sealed"} == set()
    assert not [name for name in found if name.startswith("bpkit.")]
    if lesson in ("02_two_layer_network", "11_digits"):
        assert found["MLP"] == "sealed"
    earlier = {exercise.name for each in LESSONS if each < lesson for exercise in of_lesson(each)}
    # The cheatsheet's program needs mse_backward, which lesson 03 asks for.
    excused = {"cheatsheet_gradients"} if lesson == "03_regression_losses" else set()
    assert {name for name in earlier if found[name] != "open"} == excused


@pytest.mark.parametrize("lesson", TAUGHT)
def test_an_edition_holds_no_text_of_an_answer(lesson, editions):
    text = "\n".join(path.read_text() for path in (editions / lesson).rglob("*.py"))
    for exercise in of_lesson(lesson):
        (function,) = ast.parse(Path(sys.modules[exercise.reference.__module__].__file__).read_text()).body and [
            node
            for node in ast.parse(Path(sys.modules[exercise.reference.__module__].__file__).read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name == exercise.name
        ]
        assert ast.unparse(function.body[-1]) not in text, exercise.name
        assert f"def {exercise.name}(*args, **kwargs)" in text


def test_no_edition_knows_the_interview(editions):
    """Neither a question's name, nor an option, nor a reply, nor a number's formula is in any edition."""
    for lesson in EDITIONS:
        text = "\n".join(path.read_text() for path in (editions / lesson).rglob("*.py"))
        for exercise in of_lesson(sealed.LATEST):
            replies = [mistake.says for mistake in exercise.mistakes]
            found = [word for word in (f"def {exercise.name}", exercise.asks, exercise.why, *replies) if word in text]
            assert found == [], (lesson, exercise.name)


def test_every_public_name_is_an_exercise_or_thought_about():
    others = set(bpkit.__all__) - set(LIBRARY) - {"check", "hint", "evaluate", "CheckFailed"}
    assert others == set(sealed.EXTRAS) | set(sealed.ALWAYS) | {name for _, name in sealed.GIVEN if name in others}


# ---------------------------------------------------------------- what crosses


@pytest.mark.parametrize("name", every())
def test_cases_and_observations_cross_the_wall(name):
    """The verdict on a reference is the same when inputs and results have crossed as frames."""
    exercise = every()[name]
    cases = exercise.cases(5)
    inputs = wire.decode(*through([{"inputs": case.inputs, "before": case.before} for case in cases]))
    for case, crossed in zip(cases, inputs, strict=True):
        assert crossed["inputs"].keys() == case.inputs.keys()
    seen = wire.observations(*through([run(exercise.reference, case) for case in cases]), len(cases))
    assert judge(exercise, cases, seen).outcome == "right"


def through(value):
    message, raw = wire.encode(value)
    return json.loads(json.dumps(message)), raw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from("sagdltcxFOCRMG"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(message=JSON, raw=st.binary(max_size=40))
def test_what_no_kernel_can_have_meant_is_refused(message, raw):
    try:
        seen = wire.observations(message, raw, 3)
    except wire.WireError:
        return
    assert len(seen) == 3


@pytest.mark.parametrize(
    "message",
    [
        ["a", "|O", [1], 8],
        ["a", "<f8", [1 << 40], 8],
        ["a", "<f8", [-1], 8],
        ["a", "<f8", [2], 8],
        ["a", "V8", [1], 8],
        ["a", "<f8(,", [1], 8],
        ["a", "<f8", {"1": 1}, 8],
        ["g", "<M8[s]", [], 8],
        ["x"],
        ["O", 1, 2],
        ["d", [1]],
        [["l"] * 50],
        ["s", 3],
        {"l": 1},
    ],
)
def test_forged_values_are_refused(message):
    with pytest.raises(wire.WireError):
        wire.decode(message, bytes(8))


def test_deep_and_endless_messages_are_refused():
    deep = [None]
    for _ in range(100):
        deep = ["l", deep]
    with pytest.raises(wire.WireError):
        wire.decode(deep, b"")
    with pytest.raises(wire.WireError):
        wire.decode(["l", *[None] * (wire.MOST_ENTRIES + 1)], b"")


def test_arrays_keep_dtype_order_and_shape():
    for array in (np.arange(6.0).reshape(2, 3).T, np.array(3.0), np.zeros((0, 2)), np.arange(3, dtype=">i2")):
        back = wire.decode(*through(array))
        assert back.dtype == array.dtype
        assert np.array_equal(back, array)


# ---------------------------------------------------------------- kernels


@pytest.fixture(scope="module")
def lesson():
    return official(RELEASES["00_slopes"])


@pytest.fixture(scope="module")
def zygote(lesson):
    work.choose_level(lesson, allow_any=False)
    yield work.workshop.zygote(lesson, work.Rules(0))
    work.workshop.close()


def cell(kernel, source, seconds=20.0):
    reply, data = kernel.request({"op": "cell", "source": source}, b"", seconds)
    return reply | {"outputs": customs.outputs(reply, data, customs.Room())}


def test_nothing_can_be_reached(zygote):
    assert zygote.level == "isolated"
    assert work.probe(zygote) == []


def test_the_probe_finds_holes_where_there_is_no_wall(lesson):
    open_zygote = work.workshop.zygote(lesson, work.Rules(0, host.WARM))
    holes = work.probe(open_zygote)
    assert {"files", "the home folder", "the network", "local sockets", "other processes"} <= set(holes)


def test_a_kernel_has_no_rights_and_few_limits(zygote):
    facts = "import os; print(os.getpid(), os.environ.get('HOME'), *sorted(os.listdir('/')))"
    pythons = {Path(prefix).parts[1] for prefix in (sys.prefix, sys.base_prefix)}  # wherever the checkout lies
    tree = {"bin", "course", "dev", "etc", "lib", "lib64", "proc", "root", "sbin", "tmp", "usr"}
    with zygote.kernel() as kernel:
        assert "\nCapEff:\t0000000000000000\n" in printed(kernel, "print(open('/proc/self/status').read())")
        number, home, *names = printed(kernel, facts).split()
        assert (number, home) == ("1", "/tmp")
        assert {"course", "dev", "proc"} < set(names) <= tree | pythons
        assert cell(kernel, "open('/tmp/a', 'wb').write(bytes(90 << 20))")["status"] == "error"
        assert cell(kernel, "bytearray(4 << 30)")["status"] == "error"
        assert cell(kernel, "open('/dev/shm/a', 'wb').write(bytes(20 << 20))")["status"] == "error"
        assert printed(kernel, "print('still here')") == "still here\n"


def printed(kernel, source):
    return "".join(item["text"] for item in cell(kernel, source)["outputs"])


def test_a_cell_imports_next_to_nothing(zygote):
    cells = [
        "import sys; before = set(sys.modules)",
        "import matplotlib.pyplot as plt, numpy as np, warnings\nfrom bpkit import datasets, plots",
        "datasets.digits(), datasets.breast_cancer(), datasets.diabetes(), datasets.moons(20);",
        "fig, (left, right) = plt.subplots(1, 2, layout='constrained')\n"
        "left.loglog([1, 10], [1, 100], label='a'); left.legend(); right.contourf(np.outer([1, 2, 3], [1, 2, 4]))\n"
        "right.imshow(np.eye(3)); right.set_title('$x^2$'); right.annotate('b', (0, 0), (1, 1), arrowprops={})\n"
        "plt.show()",
        "warnings.warn('text')",
        "1 / 0",
    ]
    with zygote.kernel() as kernel:
        for source in cells:
            cell(kernel, source)
        late = printed(kernel, "print(*(name for name in sys.modules if name not in before))").split()
    assert late == []


def test_kernels_share_nothing(zygote):
    with zygote.kernel() as one, zygote.kernel() as other:
        cell(one, "x = 1; open('/tmp/note', 'w').write('hello'); import bpkit; bpkit.mine = 1")
        check = "import os, bpkit; print('x' in globals(), os.path.exists('/tmp/note'), hasattr(bpkit, 'mine'))"
        assert printed(other, check) == "False False False\n"


def test_time_is_up_and_the_kernel_goes_on(zygote):
    with zygote.kernel() as kernel:
        with pytest.raises(host.Late) as late:
            cell(kernel, "print('begun')\nwhile True: pass", 0.5)
        assert late.value.alive
        assert customs.outputs(late.value.reply, late.value.data, customs.Room())[0]["text"] == "begun\n"
        assert printed(kernel, "print('on')") == "on\n"


def test_who_does_not_listen_is_ended(zygote):
    with zygote.kernel() as kernel:
        with pytest.raises(host.Late) as late:
            cell(kernel, "while True:\n  try:\n    import time; time.sleep(99)\n  except KeyboardInterrupt: pass", 2.0)
        assert not late.value.alive
    with zygote.kernel() as kernel, pytest.raises(host.Died):
        cell(kernel, "import os; os._exit(0)")


def test_what_a_kernel_started_dies_with_it(zygote):
    with zygote.kernel() as kernel:
        start = "import subprocess\nfor _ in range(20): subprocess.Popen(['sleep', '4711'], start_new_session=True)"
        assert cell(kernel, start)["status"] == "ok"
        assert eventually(20)
    assert eventually(0)


def eventually(count):
    """Whether so many sleepers are there before long."""
    for _ in range(100):
        if sleepers() == count:
            return True
        time.sleep(0.05)
    return False


def sleepers():
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found += (entry / "cmdline").read_bytes() == b"sleep\x004711\x00"
            except OSError:
                continue
    return found


# ---------------------------------------------------------------- without namespaces

DENY = """
import os, sys
from bpgrade.wall import sandbox
sandbox.deny_system_calls({"unshare": sandbox._number("unshare")})
os.execv(sys.executable, [sys.executable, "-m", "bpgrade.cli", *sys.argv[1:]])
"""


def bpgrade_without_namespaces(*words):
    """The command on a machine that has no namespaces to give: the call that makes them is denied for good."""
    return subprocess.run([sys.executable, "-c", DENY, *map(str, words)], capture_output=True, text=True, cwd=ROOT)


def test_without_namespaces_it_refuses_in_one_sentence(tmp_path):
    from bpgrade import sample

    sample.write_honest(ROOT, tmp_path / "submitted", "00_slopes", 2)
    words = ("grade", tmp_path / "submitted", "--out", tmp_path / "out", "--workers", "1")
    refused = bpgrade_without_namespaces(*words)
    assert refused.returncode == 1
    assert "cannot keep students' code apart from your files" in refused.stderr
    assert "Traceback" not in refused.stderr
    allowed = bpgrade_without_namespaces(*words, "--no-isolation")
    assert allowed.returncode == 0, allowed.stderr
    assert "WITHOUT ISOLATION" in allowed.stdout
    pages = list((tmp_path / "out/feedback").rglob("*.html"))
    assert len(pages) == 2
    assert all("without" in page.read_text().lower() for page in pages)
    report = subprocess.run(
        [sys.executable, "-m", "bpgrade.cli", "report", "--out", tmp_path / "out"], capture_output=True, text=True
    )
    assert report.returncode == 0, report.stderr
    assert "isol" in (tmp_path / "out/report.html").read_text()


def test_the_cold_kernel_gives_the_same_answers(lesson):
    zygote = host.Zygote("00_slopes", set(), host.COLD)
    try:
        with zygote.kernel() as kernel:
            assert printed(kernel, "print(6 * 7)") == "42\n"
            assert cell(kernel, "import bpkit; bpkit.central_difference(1, 2)")["status"] == "error"
    finally:
        zygote.close()
    assert not zygote.folder.exists()
