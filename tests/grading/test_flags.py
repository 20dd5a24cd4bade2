"""What is flagged for a person, and the honest work that must not be."""

import inspect
import json
import textwrap

import pytest
from bpgrade import restore
from bpgrade.flags import MOST, flags
from hypothesis import given
from hypothesis import strategies as st

from bpkit.exercises import LESSONS, find, of_lesson
from tests import answers, notebooks
from tests.notebooks import ROOT, name_of

LESSON = "02_two_layer_network"


def released(lesson=LESSON):
    return restore.official(ROOT / "lessons" / lesson / name_of(lesson))


def handed_in(*cells, lesson=LESSON, **solved):
    """Flags of a released lesson with some blanks filled and cells of the student's own."""
    nb = notebooks.filled(lesson, {name: textwrap.dedent(text) for name, text in solved.items()})
    own = [{"cell_type": "code", "metadata": {}, "source": textwrap.dedent(text), "outputs": []} for text in cells]
    nb["cells"][4:4] = own
    plain, _ = restore.read(json.dumps(nb).encode())
    out, _, _ = restore.restore(plain, released(lesson))
    return flags(out, released(lesson))


def kinds(found):
    return {flag.kind for flag in found}


# ---------------------------------------------------------------- honest work


@pytest.mark.parametrize("lesson", notebooks.LESSONS)
@pytest.mark.parametrize("folder", ["lessons", "solutions"])
def test_lessons_and_solutions_are_not_flagged(folder, lesson):
    nb, _ = restore.read(json.dumps(notebooks.read(folder, lesson)).encode())
    assert flags(nb, released(lesson)) == ()


def lesson_of(*names):
    """A lesson that asks for some functions, as a released notebook would."""
    facts = {"solution": True, "grade": False, "locked": False}
    cells = tuple(
        {
            "cell_type": "code",
            "id": name,
            "source": f"def {name}(x):\n    pass",
            "metadata": {"nbgrader": facts | {"grade_id": name}},
        }
        for name in names
    )
    return restore.Official(find(names[0]).lesson, "x", cells, {})


ANSWERS = [
    (lesson, exercise.name, style, fn)
    for lesson in LESSONS
    for exercise in of_lesson(lesson)
    for style, fn in answers.load().get(exercise.name, [])
]


@pytest.mark.parametrize(("lesson", "name", "style", "fn"), ANSWERS, ids=[f"{n}-{s}" for _, n, s, _ in ANSWERS])
def test_right_answers_are_not_flagged(lesson, name, style, fn):
    source = textwrap.dedent(inspect.getsource(fn))
    cell = {"cell_type": "code", "source": source[source.index("def ") :]}
    official = lesson_of(*(exercise.name for exercise in of_lesson(lesson)))
    assert flags({"cells": [cell]}, official) == ()


HONEST = {
    "printing": "for i in range(3):\n    print(i, dense(X, W, b).shape)",
    "plotting": "plt.rcParams['figure.dpi'] = 80\nfig, ax = plt.subplots()\nax.set_title('$\\alpha$')\nplt.show()",
    "own tests": "np.testing.assert_allclose(relu(np.array([-1.0, 2.0])), [0.0, 2.0])\nassert np.array_equal(a, b)",
    "measuring in a cell of one's own": "numerical_gradient(lambda W: dense(X, W, b).sum(), W)",
    "measuring with a function of one's own": "def slope(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)\nslope(np.sin, 1.0)",
    "time and warnings": "import time, warnings\nfrom pathlib import Path\nstart = time.time()\nwarnings.simplefilter('ignore')",
    "magics": "%matplotlib inline\n%timeit relu(z)\n!pip install numpy\nfiles = !ls\nrelu?\n%config InlineBackend.figure_format = 'svg'",
    "a cell of another language": "%%bash\necho solutions/",
    "timed": "%%time\nrelu(np.ones(3))",
    "settings of NumPy": "np.set_printoptions(precision=3)\nnp.random.seed(0)\nnp.seterr(all='ignore')\nrng = np.random.default_rng(0)",
    "code that is no Python": "def f(:\n    import torch",
    "comparing with bpkit": "import bpkit\nfrom bpkit import relu as theirs\nprint(np.allclose(relu(z), theirs(z)), bpkit.dense(X, W, b))",
    "words": "print('see solutions/ and /proc/ and gradebook.db')\n# import torch",
    "Colab": "import sys\nif 'google.colab' in sys.modules:\n    sys.path.append('.')",
    "a class": "class Layer:\n    def __init__(self, W):\n        self.W = W\n    def __eq__(self, other):\n        return np.array_equal(self.W, other.W)",
    "importing again": "from bpkit import check, hint\nfrom bpkit.checking import check",
    "reading data": "with open('data.csv') as f:\n    rows = f.read()\nnp.loadtxt('data.csv')",
    "arrays in a test": "if np.allclose(relu(z), [0.0, 2.0]):\n    print('yes')",
    "math and typing": "import math\nfrom typing import Any\nfrom functools import reduce\nimport itertools, collections, random, copy, os, sys",
}


@pytest.mark.parametrize("what", HONEST)
def test_honest_cells_are_not_flagged(what):
    assert handed_in(HONEST[what]) == ()


HONEST_ANSWERS = {
    "hyperbolic quotient": "def relu(z):\n    p, m = np.exp(z), np.exp(-z)\n    return z * ((p - m) / (p + m) > 0)",
    "safe logarithms": "def relu(z):\n    eps = 1e-12\n    return (np.log(z + eps) - np.log(1 - z + eps)) / z.size",
    "special cases": "def relu(z):\n    if z.size == 0:\n        return 0.0\n    if z.shape == (3, 4):\n        return z\n    if z.ndim == 1:\n        return [1.0]\n    return z",
    "a helper": "def helper(z):\n    return (np.maximum(z, 0) - np.maximum(-z, 0)) / 2\n\ndef relu(z):\n    return helper(z)",
    "annotated": "def relu(z: np.ndarray) -> np.ndarray:\n    '''Mine.'''\n    return np.maximum(z, 0)",
    "an earlier exercise": "def relu(z):\n    return sigmoid(z) * mse(z, z)",
}


@pytest.mark.parametrize("what", HONEST_ANSWERS)
def test_honest_answers_are_not_flagged(what):
    assert handed_in(relu=HONEST_ANSWERS[what]) == ()


# ---------------------------------------------------------------- what is flagged

ANYWHERE = {
    "import torch": "autodiff-library",
    "import jax.numpy as jnp": "autodiff-library",
    "from autograd import grad": "autodiff-library",
    "def f():\n    import tensorflow as tf": "autodiff-library",
    "__import__('torch')": "autodiff-library",
    "import importlib\nimportlib.import_module('jax.numpy')": "autodiff-library",
    "import sympy": "autodiff-library",
    "np.testing.assert_allclose = lambda *a, **k: None": "touches-the-grader",
    "from numpy import testing\ntesting.assert_allclose = print": "touches-the-grader",
    "import numpy.testing as t\nt.assert_allclose = print": "touches-the-grader",
    "np.allclose = print": "touches-the-grader",
    "setattr(np, 'allclose', print)": "touches-the-grader",
    "np.__dict__['allclose'] = print": "touches-the-grader",
    "vars(np)['allclose'] = print": "touches-the-grader",
    "import builtins\nbuiltins.abs = print": "touches-the-grader",
    "import bpkit\nbpkit.check = print": "touches-the-grader",
    "import bpkit\ndel bpkit.check": "touches-the-grader",
    "import sys\nsys.displayhook = print": "touches-the-grader",
    "import sys\nsys.modules['numpy'] = None": "touches-the-grader",
    "import sys\nsys.modules.pop('bpkit')": "touches-the-grader",
    "import sys\nsys._getframe(1)": "touches-the-grader",
    "import sys as s\ns.settrace(print)": "touches-the-grader",
    "get_ipython().input_transformers_post.append(print)": "touches-the-grader",
    "get_ipython().ast_transformers.append(print)": "touches-the-grader",
    "get_ipython().ast_transformers = []": "touches-the-grader",
    "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'": "touches-the-grader",
    "import gc\ngc.get_objects()": "touches-the-grader",
    "import ctypes": "touches-the-grader",
    "import socket": "touches-the-grader",
    "from urllib.request import urlopen": "touches-the-grader",
    "import subprocess": "touches-the-grader",
    "import os\nos.system('ls')": "touches-the-grader",
    "import os\nos._exit(0)": "touches-the-grader",
    "import threading": "touches-the-grader",
    "import atexit, signal": "touches-the-grader",
    "open('/proc/self/maps')": "touches-the-grader",
    "from pathlib import Path\nPath('../gradebook.db').read_bytes()": "touches-the-grader",
    "open('../../solutions/02_two_layer_network/x.ipynb')": "touches-the-grader",
    "import sqlite3": "touches-the-grader",
    "x.__class__ = Other": "touches-the-grader",
    "class A:\n    def __eq__(self, other):\n        return True": "touches-the-grader",
    "class A:\n    __eq__ = lambda self, other: True": "touches-the-grader",
    "class A:\n    def __array_function__(self, *a):\n        return 1": "touches-the-grader",
    "def check(f):\n    return 1": "touches-the-grader",
    "check = print": "touches-the-grader",
    "from mine import hint": "touches-the-grader",
    "exec('x = 1')": "touches-the-grader",
    "import nbgrader": "touches-the-grader",
    "from bpkit.exercises import find": "touches-the-grader",
    "import bpkit.exercises": "touches-the-grader",
    "from unittest.mock import patch": "touches-the-grader",
    "%time import torch\nimport torch": "autodiff-library",
    "from bpkit import relu\nrelu_mine = 1": "",
    "import bpkit\nrelu = bpkit.relu": "calls-the-reference",
    "x = " + "(" * 150 + "1" + ",)" * 150: "not-looked-at",
    "x = " + "1 + " * 2000 + "1": "not-looked-at",
    "x = '" + "a" * 300_000 + "'": "not-looked-at",
}


@pytest.mark.parametrize("text", ANYWHERE, ids=lambda text: text[:40])
def test_cells_that_a_person_should_see(text):
    found = handed_in(text)
    assert kinds(found) == ({ANYWHERE[text]} if ANYWHERE[text] else set())
    for flag in found:
        said, _, code = flag.text.partition(": ")
        assert said[0].isupper()
        assert len(code) <= 80
        assert "\n" not in flag.text


BACKWARD = {
    "a call": """
        def relu_backward(da, z):
            return da * numerical_gradient(lambda z: np.maximum(z, 0).sum(), z)""",
    "in one line": """
        def relu_backward(da, z):
            f = lambda z: np.maximum(z, 0)
            h = 1e-6
            return da * (f(z + h) - f(z - h)) / (2 * h)""",
    "one-sided": """
        def relu_backward(da, z, h=1e-7):
            return da * ((relu(z + h) - relu(z)) / h)""",
    "a constant step": """
        def relu_backward(da, z):
            return da * (relu(z + 1e-6) - relu(z - 1e-6)) / (2 * 1e-6)""",
    "through names": """
        def relu_backward(da, z):
            h = 1e-6
            up, down = relu(z + h), relu(z - h)
            return da * (up - down) / (2 * h)""",
    "in copies": """
        def relu_backward(da, z):
            h = 1e-6
            zp = z + h
            zm = z - h
            return da * 0.5 * (relu(zp) - relu(zm)) / h""",
    "entry by entry": """
        def relu_backward(da, z):
            h = 1e-6
            grad = np.zeros_like(z)
            for i in np.ndindex(z.shape):
                old = z[i]
                z[i] = old + h
                up = relu(z)
                z[i] = old - h
                down = relu(z)
                z[i] = old
                grad[i] = ((up - down) / (2 * h)).sum()
            return da * grad""",
    "in place": """
        def relu_backward(da, z):
            eps = 1e-6
            z += 0
            z[0] += eps
            a = relu(z)
            z[0] -= 2 * eps
            b = relu(z)
            return da * (a - b) / (2 * eps)""",
    "in a helper": """
        def slope(f, z, h=1e-6):
            return (f(z + h) - f(z - h)) / (2 * h)

        def relu_backward(da, z):
            return da * slope(relu, z)""",
    "a complex step": """
        def relu_backward(da, z):
            return da * (relu(z + 1e-20j)).imag / 1e-20""",
}


@pytest.mark.parametrize("how", BACKWARD)
def test_measured_slopes_in_a_backward_function(how):
    found = handed_in(relu_backward=BACKWARD[how])
    assert kinds(found) == {"finite-differences"}
    assert {flag.exercise for flag in found} == {"relu_backward"}


def test_slopes_are_what_lesson_00_is_about():
    solved = {"central_difference": "def central_difference(f, x, h=1e-5):\n    return (f(x + h) - f(x - h)) / (2 * h)"}
    assert handed_in(lesson="00_slopes", **solved) == ()


CALLS = {
    "by the module": "import bpkit\ndef relu(z):\n    return bpkit.relu(z)",
    "by another name": "import bpkit as b\ndef relu(z):\n    return b.activations.relu(z)",
    "imported inside": "def relu(z):\n    from bpkit import relu\n    return relu(z)",
    "imported under another name": "from bpkit.activations import relu as r\ndef relu(z):\n    return r(z)",
    "by text": "import bpkit\ndef relu(z):\n    return getattr(bpkit, 'relu')(z)",
    "in a helper": "import bpkit\ndef helper(z):\n    return bpkit.relu(z)\ndef relu(z):\n    return helper(z)",
}


@pytest.mark.parametrize("how", CALLS)
def test_calling_the_reference(how):
    found = handed_in(relu=CALLS[how])
    assert kinds(found) == {"calls-the-reference"}
    assert {flag.exercise for flag in found} == {"relu"}


def test_another_exercise_of_the_lesson_from_bpkit():
    (flag,) = handed_in(
        two_layer_forward="from bpkit import dense as d\ndef two_layer_forward(X, params):\n    return d(X, X, X), {}"
    )
    assert (flag.kind, flag.exercise) == ("calls-the-reference", "two_layer_forward")


def pasted(name):
    """Flags of bpkit's own text, handed in."""
    source = textwrap.dedent(inspect.getsource(find(name).reference))
    return flags({"cells": [{"cell_type": "code", "source": source}]}, lesson_of(name))


@pytest.mark.parametrize("name", [exercise.name for lesson in LESSONS for exercise in of_lesson(lesson)])
def test_a_pasted_reference_is_nothing_but_a_copy(name):
    assert kinds(pasted(name)) <= {"copied-reference"}


@pytest.mark.parametrize(
    "name", ["dense_backward", "two_layer_backward", "train_neuron", "adam_step", "batch_norm_backward"]
)
def test_a_pasted_reference_of_substance_is_flagged(name):
    assert kinds(pasted(name)) == {"copied-reference"}


@pytest.mark.parametrize("name", ["relu", "mse", "mae_backward", "softmax_backward", "he_std", "chain_rule"])
def test_a_formula_that_anybody_writes_so_is_not(name):
    assert pasted(name) == ()


def test_a_copy_with_other_words_around_it():
    source = inspect.getsource(find("dense_backward").reference)
    body = source[source.index('"""', source.index('"""') + 3) + 3 :]
    (flag,) = handed_in(dense_backward=f"def dense_backward(dZ, X, W):\n    # mine{body}")
    assert (flag.kind, flag.exercise) == ("copied-reference", "dense_backward")


@pytest.mark.parametrize(
    "test",
    [
        "np.array_equal(z, [-2.0, 0.0, 3.0])",
        "np.allclose(z, np.array([[1.0, 2.0]]))",
        "z.tolist() == [-2.0, 0.0, 3.0]",
        "(z == np.array([1.0, 2.0])).all()",
    ],
)
def test_hard_coded_cases(test):
    (flag,) = handed_in(relu=f"def relu(z):\n    if {test}:\n        return np.array([0.0, 0.0, 3.0])\n    return z")
    assert (flag.kind, flag.exercise) == ("hard-coded", "relu")


def test_there_are_never_too_many():
    assert len(handed_in("\n".join(f"np.a{i} = 1" for i in range(200)))) == MOST


PIECES = st.sampled_from(
    [
        "import torch",
        "def relu(z):",
        "    return ",
        "np.x = 1",
        "%%time",
        "!ls",
        "(" * 500,
        "\0",
        "lambda: " * 300,
        "x" * 99,
    ]
)


@given(st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=8).map("\n".join))
def test_whatever_the_code_it_is_looked_at_without_an_error(text):
    nb = {"cells": [{"cell_type": "code", "source": text}, {"cell_type": "markdown", "source": text}]}
    for flag in flags(nb, released()):
        assert "\n" not in flag.text
