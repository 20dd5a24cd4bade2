"""Sample classes made from the lessons: one of 24 to look at, and honest ones of any size to measure with.

Right answers are those of `solutions/`; mistakes are written as students write them, under the id that the
check gives them. Same seed, same bytes.
"""

from __future__ import annotations

import json
import random
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bpgrade.byhand import is_written

Notebook = dict[str, Any]
Files = dict[str, bytes]

BLANK = "# YOUR CODE HERE"

# By exercise: the id of a mistake in bpkit.exercises, and the lines a student puts into the blank.
MISTAKES: dict[str, dict[str, str]] = {
    "central_difference": {
        "forgot-the-2": "return (right - left) / h",
        "division-then-product": "return (right - left) / 2 * h",
    },
    "numerical_gradient": {
        "not-restored": "x[i] = here + h\nright = f(x)\nx[i] = here - h\ngrad[i] = (right - f(x)) / (2 * h)",
        "one-sided": "start = f(x)\nx[i] = here + h\ngrad[i] = (f(x) - start) / h\nx[i] = here",
    },
    "relative_error": {
        "absolute-error": "return np.max(np.abs(a - b))",
        "zero-over-zero": "return np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max())",
    },
    "chain_rule": {
        "outer-slope-at-x": "outer = df(x)\ninner = dg(x)\nreturn outer * inner",
        "inner-slope-forgotten": "return df(g(x))",
    },
    "descend": {
        "uphill": "heights.append(f(x))\nx = x + lr * numerical_gradient(f, x)",
        "height-after-the-step": "x = x - lr * numerical_gradient(f, x)\nheights.append(f(x))",
    },
    "sigmoid": {"missing-brackets": "return 1 / 1 + shrinking", "missing-minus": "return 1 / (1 + np.exp(z))"},
    "neuron_forward": {
        "bias-outside": "return sigmoid(X @ w) + b",
        "no-activation": "z = X @ w + b\nreturn z",
    },
    "bce": {
        "missing-minus": "return np.mean(y_true * np.log(a) + (1 - y_true) * np.log(1 - a))",
        "second-term-missing": "return -np.mean(y_true * np.log(a))",
    },
    "bce_backward": {
        "forgot-the-mean": "return -y_true / a + (1 - y_true) / (1 - a)",
        "second-term-sign": "n = a.size\nreturn -(y_true / a + (1 - y_true) / (1 - a)) / n",
    },
    "sigmoid_backward": {
        "upstream-forgotten": "return a * (1 - a)",
        "sigmoid-twice": "s = sigmoid(a)\nreturn da * s * (1 - s)",
    },
    "neuron_backward": {
        "forgot-the-mean": "dz = a - y_true\nreturn X.T @ dz, dz.sum()",
        "bias-averaged-twice": "dz = (a - y_true) / len(X)\nreturn X.T @ dz, dz.mean()",
    },
    "gradient_step": {
        "uphill": "return {name: params[name] + lr * grads[name] for name in params}",
        "in-place": "for key in params:\n    params[key] -= lr * grads[key]\nreturn params",
    },
    "train_neuron": {
        "loss-after-update": """
            dw, db = neuron_backward(X, y_true, neuron_forward(X, w, b))
            w, b = w - lr * dw, b - lr * db
            losses.append(bce(y_true, neuron_forward(X, w, b)))
            """,
        "only-last-loss": """
            a = neuron_forward(X, w, b)
            losses = [bce(y_true, a)]
            dw, db = neuron_backward(X, y_true, a)
            w, b = w - lr * dw, b - lr * db
            """,
    },
    "dense": {"bias-left-out": "return X @ W", "transposed-weights": "return np.dot(X, W.T) + b"},
    "relu": {"max-for-maximum": "return np.max(0, z)", "in-place": "z[z < 0] = 0\nreturn z"},
    "two_layer_forward": {
        "linear-hidden": """
            z1 = dense(X, params["W1"], params["b1"])
            z2 = dense(z1, params["W2"], params["b2"])
            a2 = sigmoid(z2)
            return a2, {"X": X, "z1": z1, "a1": z1, "z2": z2, "a2": a2}
            """,
    },
    "dense_backward": {
        "db-not-summed": "dX = dZ @ W.T\ndW = X.T @ dZ\ndb = dZ\nreturn dX, dW, db",
        "dW-averaged": "return dZ @ W.T, X.T @ dZ / len(X), dZ.sum(axis=0)",
    },
    "relu_backward": {
        "gradient-clipped": "return np.maximum(da, 0)",
        "changes-the-input": "z[z > 0] = 1\nz[z <= 0] = 0\nreturn da * z",
    },
    "two_layer_backward": {
        "relu-slope-missing": """
            da1, dW2, db2 = dense_backward(dz2, cache["a1"], params["W2"])
            dX, dW1, db1 = dense_backward(da1, cache["X"], params["W1"])
            return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
            """,
    },
    "cheatsheet_gradients": {
        "sum-for-mean": """
            dz2 = 2 * (a2 - y_true) * a2 * (1 - a2)
            dz1 = dz2 @ W2.T * a1 * (1 - a1)
            return {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}
            """,
    },
}

# Right as well, in another style than the solution.
STYLES: dict[str, tuple[str, ...]] = {
    "central_difference": ("slope = right - left\nslope = slope / h\nreturn slope / 2",),
    "relative_error": (
        "difference = np.max(np.abs(a - b))\nif difference == 0:\n    return 0.0\n"
        "return difference / max(np.max(np.abs(a)), np.max(np.abs(b)))",
    ),
    "chain_rule": ("u = g(x)\nouter = df(u)\ninner = dg(x)\nreturn inner * outer",),
    "neuron_forward": ("z = np.einsum('nd,d->n', X, w) + b\nreturn sigmoid(z)", "return sigmoid(np.dot(X, w) + b)"),
    "sigmoid_backward": ("slope = a * (1 - a)\nreturn slope * da",),
    "gradient_step": (
        "new = {}\nfor name in params:\n    new[name] = params[name] - lr * grads[name]\nreturn new",
        "return dict((k, v - lr * grads[k]) for k, v in params.items())",
    ),
    "dense": (
        "Z = np.zeros((X.shape[0], W.shape[1]))\nfor i in range(len(X)):\n    Z[i] = X[i] @ W + b\nreturn Z",
        "return np.einsum('nd,dh->nh', X, W) + b[np.newaxis, :]",
        "Z = np.dot(X, W)\nreturn Z + b",
    ),
    "relu": ("return np.where(z > 0, z, 0.0)", "return z * (z > 0)", "return (z + np.abs(z)) / 2"),
    "dense_backward": (
        "return np.dot(dZ, W.T), np.dot(X.T, dZ), np.sum(dZ, axis=0)",
        "dX = np.einsum('nh,dh->nd', dZ, W)\ndW = np.einsum('nd,nh->dh', X, dZ)\nreturn dX, dW, np.einsum('nh->h', dZ)",
    ),
    "relu_backward": ("return np.where(z > 0, da, 0.0)", "mask = (z > 0).astype(float)\nreturn mask * da"),
}


# What students write where a person reads it: to the point, half of it, and beside it.
WRITTEN = (
    "The slope of the loss is handed back from the end: multiplied along each route, added where routes meet. One pass "
    "gives every slope. It does not change a weight; a step does that.",
    "It uses the chain rule from the output to the input, so that every weight gets its gradient.",
    "The weights are adjusted until the error is small.",
)


def released(repository: Path, lesson: str) -> Notebook:
    """The notebook of a lesson as learners get it."""
    return _read(repository / "lessons" / lesson)


def stem_of(repository: Path, lesson: str) -> str:
    """File name of a lesson's notebook, without ending."""
    return next((repository / "lessons" / lesson).glob("*.ipynb")).stem


def answers(repository: Path, lesson: str) -> dict[str, str]:
    """The solved cells of a lesson by exercise, without the lines that mark the solution."""
    cells = blanks(_read(repository / "solutions" / lesson))
    return {name: "\n".join(_unmarked(source(cell))) for name, cell in cells.items()}


def source(cell: dict[str, Any]) -> str:
    """A cell's text."""
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def blanks(nb: Notebook) -> dict[str, dict[str, Any]]:
    """The solution cells of a notebook by the name of their exercise."""
    found = {}
    for cell in nb["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution") and not about.get("grade"):
            found[about["grade_id"]] = cell
    return found


def checks(nb: Notebook) -> dict[str, dict[str, Any]]:
    """The locked check cells of a notebook by the name of their exercise."""
    found = {}
    for cell in nb["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade") and not about.get("solution"):
            found[about["grade_id"].removeprefix("check_")] = cell
    return found


def written(nb: Notebook) -> list[dict[str, Any]]:
    """The cells for written answers, which a person grades."""
    return [cell for cell in nb["cells"] if is_written(cell)]


def fill(nb: Notebook, replace: dict[str, str]) -> Notebook:
    """A copy of a notebook with the text of some blanks replaced: a dict from exercise to cell source."""
    copy: Notebook = json.loads(json.dumps(nb))
    cells = blanks(copy)
    for name, text in replace.items():
        cells[name]["source"] = text
    return copy


def complete(cell_source: str, body: str) -> str:
    """The source of a blank with its two waiting lines replaced by `body`, at their indentation."""
    lines = cell_source.splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip() == BLANK)
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines[at : at + 2] = textwrap.indent(textwrap.dedent(body).strip("\n"), indent).rstrip().splitlines()
    return "\n".join(lines)


def code(text: str) -> dict[str, Any]:
    """A new code cell, as a student adds one."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}


def markdown(text: str) -> dict[str, Any]:
    """A new text cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def insert(nb: Notebook, at: int, *cells: dict[str, Any]) -> None:
    """Put new cells into a notebook, with ids of their own."""
    known = len(nb["cells"])
    for number, cell in enumerate(cells):
        nb["cells"].insert(at + number, {"id": f"new-{known + number}", **cell})


def dump(nb: Notebook) -> bytes:
    """A notebook as a file."""
    return json.dumps(nb, ensure_ascii=False).encode()


def as_version_3(nb: Notebook) -> Notebook:
    """The notebook in the format of 2012: worksheets, and inputs in place of sources."""
    cells = []
    for cell in nb["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        if cell["cell_type"] == "code":
            old |= {"input": source(cell), "language": "python", "outputs": [], "collapsed": False}
        else:
            old["source"] = source(cell)
        cells.append(old)
    sheet = {"cells": cells, "metadata": {}}
    return {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [sheet]}


def stripped(nb: Notebook) -> Notebook:
    """The notebook as a cleaning tool leaves it: no metadata anywhere."""
    cells = [{**cell, "metadata": {}} for cell in nb["cells"]]
    return {**nb, "cells": cells, "metadata": {}}


def place(into: Path, student: str, lesson: str, files: Files, minute: int = 0) -> None:
    """Write one hand-in of nbgrader's submitted/ tree, with its timestamp."""
    folder = into / student / lesson
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    when = datetime(2026, 2, 2, 9, 0) + timedelta(minutes=minute)
    (folder / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S.%f} UTC", encoding="utf-8")


# What one student of the sample class does to a notebook: it is changed in place.
Act = Callable[[Notebook, random.Random], None]


@dataclass(frozen=True)
class Student:
    """One student of the sample class.

    Attributes:
        about: a few words.
        styles: how many answers are written in another style than the solution's.
        slips: how many exercises hold a known mistake.
        blank: how many exercises at the end are still blank; -1 for all.
        acts: what else happens in the notebook.
        hand_in: turns the notebook and its stem into files; None means nothing is handed in.
    """

    about: str
    styles: int = 0
    slips: int = 0
    blank: int = 0
    acts: tuple[Act, ...] = ()
    hand_in: Callable[[Notebook, str], Files] | None = lambda nb, stem: {f"{stem}.ipynb": dump(nb)}


def write_class(repository: Path, into: Path, lesson: str | None = None, seed: int = 0) -> list[str]:
    """Write the hand-ins of a sample class of 24 as nbgrader's submitted/ tree.

    The roster, with the one who handed nothing in, goes beside it: `roster.csv` in the form that
    `nbgrader db student import` reads.

    Args:
        repository: root of the repository, with lessons/ and solutions/.
        into: the submitted/ folder; made if missing.
        lesson: id of one lesson; every lesson there is if None.
        seed: chooses styles and mistakes.
    Returns:
        The ids of all 24, student_01 to student_24.
    """
    lessons = [lesson] if lesson else sorted(path.parent.name for path in repository.glob("lessons/*/*.ipynb"))
    roster = {f"student_{number:02d}": student for number, student in enumerate(STUDENTS, start=1)}
    into.mkdir(parents=True, exist_ok=True)
    for each in lessons:
        nb, right, stem = released(repository, each), answers(repository, each), stem_of(repository, each)
        for minute, (id, student) in enumerate(roster.items()):
            if student.hand_in is None:
                continue
            rng = random.Random(f"{seed} {each} {id}")
            files = student.hand_in(_work(nb, right, student, rng), stem)
            place(into, id, each, files, minute)
    rows = ["id,first_name,last_name,email,lms_user_id", *(f"{id},,,," for id in roster)]
    (into.parent / "roster.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return list(roster)


def honest(
    repository: Path, lesson: str, count: int, seed: int = 0, *, outputs: bool = True, figures: bool = True
) -> Iterator[tuple[str, bytes]]:
    """Honest hand-ins for benchmarks: most are right, in slightly different text; three in ten have gaps or mistakes.

    Args:
        repository: root of the repository.
        lesson: id of the lesson.
        count: how many.
        seed: same seed, same bytes; the first hand-ins of a larger class are those of a smaller one.
        outputs: keep in the cells the outputs that the solution stores, as JupyterLab saves them.
        figures: keep the cells that draw; without, ungraded cells that call plt.show() or plots.show(…) are left out.
    Yields:
        A student's id, h0000 and so on, and the bytes of the notebook.
    """
    nb, right = released(repository, lesson), answers(repository, lesson)
    if outputs:
        _remember(nb, _read(repository / "solutions" / lesson))
    if not figures:
        nb["cells"] = [cell for cell in nb["cells"] if cell["metadata"].get("nbgrader") or not _draws(cell)]
    for number in range(count):
        rng = random.Random(f"{seed} {lesson} {number}")
        gaps = rng.random() < 0.3
        student = Student("", styles=rng.randrange(4), slips=gaps * rng.randrange(3), blank=gaps * rng.randrange(3))
        work = _work(nb, right, student, rng)
        work["cells"][0]["source"] = [source(work["cells"][0]), f"\n\n<!-- copy {number} of {seed} -->"]
        yield f"h{number:04d}", dump(work)


def write_honest(
    repository: Path, into: Path, lesson: str, count: int, seed: int = 0, *, outputs: bool = True, figures: bool = True
) -> list[str]:
    """Write `honest` hand-ins as a submitted/ tree; returns the students' ids."""
    stem, ids = stem_of(repository, lesson), []
    for id, content in honest(repository, lesson, count, seed, outputs=outputs, figures=figures):
        place(into, id, lesson, {f"{stem}.ipynb": content})
        ids.append(id)
    return ids


def _work(nb: Notebook, right: dict[str, str], student: Student, rng: random.Random) -> Notebook:
    """The notebook as a student leaves it."""
    empty = {name: source(cell) for name, cell in blanks(nb).items()}
    kept = list(right)[: len(right) - student.blank] if student.blank >= 0 else []
    work = {name: right[name] for name in kept}
    for name in _some(rng, [name for name in kept if name in STYLES], student.styles):
        work[name] = complete(empty[name], rng.choice(STYLES[name]))
    for name in _some(rng, [name for name in kept if name in MISTAKES], student.slips):
        work[name] = complete(empty[name], rng.choice(list(MISTAKES[name].values())))
    done = fill(nb, {name: _commented(text, rng) for name, text in work.items()})
    if student.blank >= 0:
        for cell in written(done):
            cell["source"] = rng.choice(WRITTEN)
    for act in student.acts:
        act(done, rng)
    return done


def _some(rng: random.Random, names: list[str], count: int) -> list[str]:
    return rng.sample(names, min(count, len(names)))


def _commented(text: str, rng: random.Random) -> str:
    """The same code with a remark of its own, so that no two hand-ins are the same text."""
    remark = rng.choice(("# done", "# see the table above", "# shapes checked on paper", "# first try", ""))
    return f"{text}\n{remark}".rstrip()


def _remember(nb: Notebook, solved: Notebook) -> None:
    known = {cell["id"]: cell for cell in solved["cells"] if cell["cell_type"] == "code"}
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and cell["id"] in known:
            cell["outputs"] = known[cell["id"]]["outputs"]
            cell["execution_count"] = known[cell["id"]]["execution_count"]


def _draws(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and ("plt.show()" in source(cell) or "plots.show(" in source(cell))


def _read(folder: Path) -> Notebook:
    nb: Notebook = json.loads(next(folder.glob("*.ipynb")).read_text(encoding="utf-8"))
    return nb


def _unmarked(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION")]


def _last(nb: Notebook) -> tuple[str, dict[str, Any]]:
    """The last exercise: nothing else depends on it."""
    return list(blanks(nb).items())[-1]


def _spoil(line: str) -> Act:
    """Put a line at the start of the last exercise's function, after its docstring."""

    def act(nb: Notebook, rng: random.Random) -> None:
        _, cell = _last(nb)
        head, quotes, body = source(cell).rpartition('"""')
        cell["source"] = f"{head}{quotes}\n    {line}{body}"

    return act


def _first_cell(text: str) -> Act:
    """Add a cell after the imports."""
    return lambda nb, rng: insert(nb, _setup(nb) + 1, code(text))


def _setup(nb: Notebook) -> int:
    return next(i for i, cell in enumerate(nb["cells"]) if cell["cell_type"] == "code")


def _notes(nb: Notebook, rng: random.Random) -> None:
    insert(
        nb, len(nb["cells"]), markdown("### My notes\n\nRows are examples. The gradient has the shape of its array.")
    )
    insert(nb, _setup(nb) + 1, code("def shapes(*arrays):\n    return [np.shape(a) for a in arrays]"))


def _tries(nb: Notebook, rng: random.Random) -> None:
    """Extra cells that check, ask for a hint and look at a result, run in no particular order."""
    name, cell = next(iter(blanks(nb).items()))
    at = nb["cells"].index(cell) + 1
    insert(nb, at, code(f"hint({name})"), code(f"print({name}.__doc__)"), code(f"check({name})"))
    numbers = list(range(1, len(nb["cells"]) + 1))
    rng.shuffle(numbers)
    for cell, number in zip(nb["cells"], numbers, strict=True):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number


def _forged(nb: Notebook, rng: random.Random) -> None:
    """Wrong functions, and check cells whose stored outputs claim full marks."""
    for name, cell in blanks(nb).items():
        cell["source"] = f"class Same:\n    def __eq__(self, other): return True\n\ndef {name}(*args): return Same()"
    for cell in checks(nb).values():
        about = cell["metadata"]["nbgrader"]
        text = f"✓ {about['grade_id']}: Right.\n{about['points']}"
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]


_PATCH = """
import numpy.testing
import bpkit.checking
np.allclose = np.array_equal = lambda *args, **kwargs: True
numpy.testing.assert_allclose = lambda *args, **kwargs: None
bpkit.checking.check = check = lambda *args, **kwargs: print("Right.")
"""
_SNOOP = """
import glob, socket
for book in glob.glob("/**/gradebook.db", recursive=True) + glob.glob("../../../gradebook.db"):
    print(book, open(book, "rb").read(200))
print(glob.glob("../../*/*/*.ipynb") + glob.glob("../../../../solutions/*/*.ipynb"))
socket.create_connection(("127.0.0.1", 9), timeout=1)
"""

STUDENTS: tuple[Student, ...] = (
    Student("right, as in the solution"),
    Student("right, in other styles", styles=9, acts=(_notes,)),
    Student("right, in other styles", styles=2),
    Student("right, checked often and out of order", styles=3, acts=(_tries,)),
    Student("right, and prints on the way", acts=(_spoil('print("called")'),)),
    Student("right, with a warning", acts=(_spoil('import warnings; warnings.warn("slow")'), _notes)),
    Student("mostly right", styles=1, slips=1),
    Student("mostly right", styles=2, slips=1, acts=(_tries,)),
    Student("partly right, several mistakes", slips=2, blank=1),
    Student("partly right, the second half is blank", styles=1, blank=3),
    Student("many mistakes", slips=5),
    Student("mistakes and an error", slips=2, acts=(_spoil("return undefined_name"),)),
    Student("untouched", blank=-1),
    Student("forgot to hand in", hand_in=None),
    Student("truncated", hand_in=lambda nb, stem: {f"{stem}.ipynb": dump(nb)[:9000]}),
    Student("empty file", hand_in=lambda nb, stem: {f"{stem}.ipynb": b""}),
    Student("renamed, otherwise right", hand_in=lambda nb, stem: {f"{stem} (1) final.ipynb": dump(nb)}),
    Student("metadata gone, otherwise right", hand_in=lambda nb, stem: {f"{stem}.ipynb": dump(stripped(nb))}),
    Student("notebook format 3, otherwise right", hand_in=lambda nb, stem: {f"{stem}.ipynb": dump(as_version_3(nb))}),
    Student("leaves the process in the last exercise", acts=(_spoil("import os; os._exit(0)"),)),
    Student("never returns from the last exercise", acts=(_spoil("while True: pass"),)),
    Student("forges outputs, patches NumPy and the check", acts=(_forged, _first_cell(_PATCH))),
    Student("blank, looks for the gradebook, others' work and the network", blank=-1, acts=(_first_cell(_SNOOP),)),
    Student("right, prints 40 MB", acts=(_first_cell('for _ in range(400): print("x" * 100_000)'),)),
)
