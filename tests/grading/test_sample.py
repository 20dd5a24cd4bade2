"""Sample classes and the catalogue of hostile hand-ins: what is generated, never what it does.

No hostile cell is run here. Cells are compiled, and only functions marked harmless are tried.
"""

import contextlib
import io
import json
import random
import re
import warnings
import zipfile
from collections import Counter

import numpy as np
import pytest
from bpgrade import sample
from IPython.core.inputtransformer2 import TransformerManager

import bpkit
from bpkit.checking import OUTCOMES, evaluate
from bpkit.exercises import of_lesson
from tests.grading import hostile
from tests.grading.hostile import KINDS, LAYERS, LINES, NEURON, POINTS
from tests.notebooks import LESSONS, ROOT

FROM_GRADING = {"time_limit", "crashed", "no_record", "unreadable"}
AIM = hostile.Target("/srv/canary", 4711)
# What no parser takes: that is their point.
NO_PYTHON = {"odd_characters", "syntax_error"}


RELEASED = {sample.source(cell) for lesson in (NEURON, LAYERS) for cell in sample.released(ROOT, lesson)["cells"]}


def tree(folder):
    """Every file below a folder with its content, links as where they lead."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def namespace(cells):
    """The functions of some cells, beside what the lessons' notebooks import."""
    names = ("bce", "gradient_step", "hint", "mse", "neuron_forward", "numerical_gradient", "relative_error", "sigmoid")
    space = {"np": np, "train_neuron": bpkit.train_neuron, **{name: getattr(bpkit, name) for name in names}}
    for text in cells:
        exec(text, space)
    return space


def codes(files):
    """The code cells of the notebook among some files, if it can be read."""
    for content in files.values():
        with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError, RecursionError):
            nb = json.loads(content)
            yield from (sample.source(cell) for cell in nb["cells"] if cell["cell_type"] == "code")


# ---------------------------------------------------------------------------------------------- sample classes


@pytest.mark.parametrize("lesson", ["00_slopes", NEURON, LAYERS])
def test_mistakes_are_those_the_checks_name_and_styles_are_right(lesson):
    right = sample.answers(ROOT, lesson)
    for name, cell in sample.blanks(sample.released(ROOT, lesson)).items():
        assert sample.MISTAKES[name], name
        for id, body in sample.MISTAKES[name].items():
            space = namespace([*right.values(), sample.complete(sample.source(cell), body)])
            assert (id, evaluate(space[name], seed=3).mistake) == (id, id), name
        for body in sample.STYLES.get(name, ()):
            space = namespace([*right.values(), sample.complete(sample.source(cell), body)])
            assert evaluate(space[name], seed=3).outcome == "right", body


def test_a_class_is_deterministic_and_another_seed_makes_another(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        sample.write_class(ROOT, tmp_path / name / "submitted", LAYERS, seed)
    assert tree(tmp_path / "a") == tree(tmp_path / "b") != tree(tmp_path / "c")


def test_a_class_has_24_students_one_of_whom_is_only_in_the_roster(tmp_path):
    ids = sample.write_class(ROOT, tmp_path / "submitted")
    assert ids == [f"student_{number:02d}" for number in range(1, 25)]
    rows = (tmp_path / "roster.csv").read_text().splitlines()
    assert rows[0].startswith("id,")
    assert [row.split(",")[0] for row in rows[1:]] == ids
    handed_in = {path.name for path in (tmp_path / "submitted").iterdir()}
    assert set(ids) - handed_in == {"student_14"}
    for lesson in LESSONS:
        folders = list((tmp_path / "submitted").glob(f"*/{lesson}"))
        assert len(folders) == 23
        for folder in folders:
            assert (folder / "timestamp.txt").read_text().endswith(" UTC")
            assert len(list(folder.glob("*.ipynb"))) == 1


def test_the_right_ones_of_a_class_are_right_and_each_kind_of_student_is_there(tmp_path):
    sample.write_class(ROOT, tmp_path / "submitted", NEURON)
    full = 0
    for path in sorted((tmp_path / "submitted").glob("*/*/*.ipynb")):
        try:
            nb = json.loads(path.read_text())
            cells = {name: sample.source(cell) for name, cell in sample.blanks(nb).items()}
        except (ValueError, KeyError):
            continue
        if len(cells) < 8 or any(
            word in text for text in cells.values() for word in ("os._exit", "while True", "Same")
        ):
            continue
        space = namespace(cells.values())
        full += all(evaluate(space[name], seed=2).outcome == "right" for name in cells)
    assert full == 8, "six right ones, the renamed one, and the one that prints 40 MB"
    assert Counter(student.hand_in is None for student in sample.STUDENTS) == {False: 23, True: 1}


def test_honest_hand_ins_are_many_different_and_mostly_right():
    made = dict(sample.honest(ROOT, LAYERS, 60, seed=5))
    assert len(made) == len(set(made.values())) == 60
    assert list(sample.honest(ROOT, LAYERS, 20, seed=5)) == list(made.items())[:20], "a larger class starts alike"
    scores = []
    for content in made.values():
        cells = {name: sample.source(cell) for name, cell in sample.blanks(json.loads(content)).items()}
        space = namespace(cells.values())
        scores.append(sum(evaluate(space[name], seed=2).outcome == "right" for name in cells))
    assert 0.5 < scores.count(7) / 60 < 1
    assert min(scores) < 7


def test_honest_hand_ins_come_with_and_without_figures_and_outputs(tmp_path):
    (_, with_all), (_, bare) = (
        next(sample.honest(ROOT, "00_slopes", 1)),
        next(sample.honest(ROOT, "00_slopes", 1, outputs=False, figures=False)),
    )
    assert b"image/png" in with_all
    assert b"plots.show(" in with_all
    assert b"image/png" not in bare
    assert b"plots.show(" not in bare
    assert sample.checks(json.loads(bare)).keys() == sample.checks(json.loads(with_all)).keys()
    assert sample.write_honest(ROOT, tmp_path, LAYERS, 3) == ["h0000", "h0001", "h0002"]
    assert len(list(tmp_path.glob("h*/*/two_layer_network.ipynb"))) == 3


def test_a_blank_is_completed_at_its_own_indentation():
    cell = f"def f(x):\n    for i in x:\n        {sample.BLANK}\n        raise NotImplementedError()\n    return x"
    assert sample.complete(cell, "\na = 1\nif a:\n    b = 2\n") == (
        "def f(x):\n    for i in x:\n        a = 1\n        if a:\n            b = 2\n    return x"
    )


def test_filling_leaves_the_release_alone():
    nb = sample.released(ROOT, LAYERS)
    before = json.dumps(nb)
    sample.fill(nb, {"dense": "x"})
    assert json.dumps(nb) == before


# ------------------------------------------------------------------------------------------------ the catalogue


def test_points_and_exercises_are_the_lessons():
    for lesson, points in POINTS.items():
        assert points == {exercise.name: exercise.points for exercise in of_lesson(lesson)}
        assert list(hostile.WRONG[lesson]) == list(points)


def test_every_line_of_the_specification_has_a_kind_and_every_kind_a_line():
    counts = Counter(kind.group for kind in KINDS.values())
    assert counts.keys() == LINES.keys()
    assert len(KINDS) >= 70


def test_honest_kinds_are_among_them():
    assert len([name for name in hostile.HONEST if KINDS[name].lesson == LAYERS and KINDS[name].work == "right"]) >= 10


def test_a_representative_class_is_small_and_has_every_group_of_attacks():
    names = hostile.representative()
    assert len(names) >= 60
    assert len([name for name in names if name in hostile.HONEST]) >= 10
    for group in LINES:
        in_group = {name for name, kind in KINDS.items() if kind.group == group and kind.lesson == LAYERS}
        assert in_group & set(names) or in_group <= set(hostile.HONEST), group


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_well_formed(kind):
    expected = kind.expected
    assert kind.name.replace("_", "").isalnum()
    assert kind.name.isascii()
    assert kind.name == kind.name.lower()
    assert "/" not in kind.id
    assert "\0" not in kind.id
    assert kind.id not in (".", "..")
    assert expected.why
    assert expected.flagged in ("yes", "no", "any")
    assert set(expected.status) <= {"graded", "broken"}
    assert expected.status
    full = POINTS[kind.lesson]
    assert expected.least.keys() == expected.most.keys() == full.keys()
    assert all(0 <= expected.least[name] <= expected.most[name] <= full[name] for name in full)
    for name, verdicts in expected.verdicts.items():
        assert name in full
        assert verdicts
        assert set(verdicts) <= {*OUTCOMES, *FROM_GRADING}
        assert verdicts != ("right",) or expected.least[name] == full[name]
        assert "right" in verdicts or expected.most[name] < full[name]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_made_alike_twice_and_its_cells_compile(kind):
    files = kind.files(AIM)
    assert files == kind.files(AIM)
    assert all(name and "/" not in name and name not in (".", "..") for name in files)
    cells = list(codes(files))
    assert cells or kind.expected.status != ("graded",), "what has to be graded can be read"
    if kind.name in NO_PYTHON:
        return
    for text in set(cells) - RELEASED:
        assert "CANARY" not in text
        code = TransformerManager().transform_cell(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, kind.name, "exec", flags=0x2000, dont_inherit=True)  # top-level await


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.harmless], ids=lambda k: k.name)
def test_expected_points_of_harmless_functions_are_what_the_checks_say(kind):
    nb = json.loads(kind.files(AIM)[f"{sample.stem_of(ROOT, kind.lesson)}.ipynb"])
    own = [sample.source(cell) for cell in nb["cells"] if str(cell["id"]).startswith("new-")]
    blanks = {name: sample.source(cell) for name, cell in sample.blanks(nb).items()}
    space = namespace([*blanks.values(), *(text for text in own if text.startswith("def "))])
    for exercise in of_lesson(kind.lesson):
        with contextlib.redirect_stdout(io.StringIO()):
            verdict = evaluate(
                space[exercise.name], seed=random.Random(kind.name).randrange(1, 10**6), exercise=exercise.name
            )
        points = verdict.score * exercise.points
        least, most = kind.expected.least[exercise.name], kind.expected.most[exercise.name]
        assert least - 1e-9 <= points <= most + 1e-9, (exercise.name, points, verdict.says)
        allowed = kind.expected.verdicts.get(exercise.name)
        assert allowed is None or verdict.outcome in allowed, (exercise.name, verdict.says)


def test_attackers_functions_earn_nothing_by_themselves():
    for lesson, wrong in hostile.WRONG.items():
        space = namespace(wrong.values())
        for name in wrong:
            verdict = evaluate(space[name], seed=4)
            assert (verdict.score, verdict.outcome != "raised") == (0, True), (lesson, name, verdict)


def test_a_hostile_class_is_written_as_submitted(tmp_path):
    names = [*hostile.representative(), "id_with_formula", "symlink_to_canary", "numpy_beside", "honest_lesson_01"]
    written = hostile.write_class(tmp_path, LAYERS, names, canary="/srv/canary", port=4711)
    assert len(written) == len(set(names)) - 1, "the one of lesson 01 is left out"
    assert {path.name for path in tmp_path.iterdir()} == set(written)
    for id in written:
        assert (tmp_path / id / LAYERS / "timestamp.txt").exists()
    assert (tmp_path / "symlink_to_canary" / LAYERS / "two_layer_network.ipynb").readlink().name == "canary"
    assert b"/srv/canary" in (tmp_path / "numpy_beside" / LAYERS / "numpy.py").read_bytes()


def test_network_attacks_aim_at_the_loopback_port_only():
    for kind in KINDS.values():
        for text in codes(kind.files(AIM)):
            for line in text.splitlines():
                if "http://" in line or "create_connection(" in line:
                    assert {"127.0.0.1", "4711"} <= set(re.findall(r"127\.0\.0\.1|4711", line)), (kind.name, line)


def test_archives_are_those_of_an_lms_with_one_honest_hand_in():
    made = hostile.archives()
    assert {archive.group for archive in made.values()} >= {"dotdot", "symlink", "bomb", "truncated", "empty"}
    for name, archive in made.items():
        assert len(archive.content) < 3_000_000, name
        if archive.readable:
            with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
                assert any(member.startswith("honest_1001_") for member in opened.namelist()), name
        else:
            with pytest.raises(zipfile.BadZipFile):
                zipfile.ZipFile(io.BytesIO(archive.content))
