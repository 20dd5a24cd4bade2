"""What lesson 10 claims."""

import io
import re
from contextlib import redirect_stdout
from functools import cache

import autograd.numpy as anp
import numpy as np
import pytest

import bpkit
from tests import outsiders
from tests.lessons.reading import cells
from tests.lessons.slopes import same_gradient
from tests.notebooks import source

LESSON = "10_autodiff"
BLANKS = ("add", "mul", "matmul", "sum", "exp", "log")
ENGINE = ("topological-order", "backward", "unbroadcast", *(f"{name}-vjp" for name in BLANKS), "traced")

RNG = np.random.default_rng(0)
WIDE, ROW = RNG.standard_normal((3, 4)), RNG.standard_normal(4)
A, B = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2))
G, GZ, POSITIVE = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 2)), RNG.uniform(0.5, 2.0, (3, 4))


@cache
def _lesson():
    """The names that the lesson's own cells define, as far as the network without a derivation."""
    wanted = ("setup", "half", "hand-on", *ENGINE, "again", "famous", "invented")
    space = {}
    with redirect_stdout(io.StringIO()):
        for cell in cells(LESSON, "code"):
            if cell["id"] in wanted:
                exec(compile(source(cell), cell["id"], "exec"), space)
    return space


def _broadcast(gradient, combine, x):
    same_gradient(gradient, lambda x: float(np.sum(G * combine(x))), x)


def _diamond():
    def e(a):
        return float((2 * a + 1) * (5 * (2 * a)))

    assert e(1.0) == (2 * 1 + 1) * 10 * 1
    assert bpkit.central_difference(e, 1.0) == pytest.approx(40 * 1 + 10)
    assert 40 * 1 + 10 == 50


def _brackets():
    J1, J2, J3 = RNG.standard_normal((5, 7)), RNG.standard_normal((4, 5)), RNG.standard_normal((1, 4))
    np.testing.assert_allclose((J3 @ J2) @ J1, J3 @ (J2 @ J1))


FORMULAS = {
    r"e = (2a + 1) \cdot 10a, \qquad \frac{de}{da} = 40a + 10 = 50": _diamond,
    r"\sigma(z) = e^{-\log(1 + e^{-z})}": lambda: np.testing.assert_allclose(
        np.exp(-np.log(1 + np.exp(-WIDE))), bpkit.sigmoid(WIDE)
    ),
    r"(J_3\, J_2)\, J_1 = J_3\, (J_2\, J_1)": _brackets,
    "da = unbroadcast(g, a.shape)": lambda: _broadcast(bpkit.unbroadcast(G, ROW.shape), lambda a: a + WIDE, ROW),
    "db = unbroadcast(g, b.shape)": lambda: _broadcast(bpkit.unbroadcast(G, ROW.shape), lambda b: WIDE + b, ROW),
    "da = unbroadcast(g * b, a.shape)": lambda: _broadcast(
        bpkit.unbroadcast(G * WIDE, ROW.shape), lambda a: a * WIDE, ROW
    ),
    "db = unbroadcast(g * a, b.shape)": lambda: _broadcast(
        bpkit.unbroadcast(G * WIDE, ROW.shape), lambda b: WIDE * b, ROW
    ),
    "dA = g @ B.T": lambda: same_gradient(GZ @ B.T, lambda A: float(np.sum(GZ * (A @ B))), A),
    "dB = A.T @ g": lambda: same_gradient(A.T @ GZ, lambda B: float(np.sum(GZ * (A @ B))), B),
    "dx = full(x.shape, g)": lambda: same_gradient(np.full(WIDE.shape, 2.5), lambda x: float(2.5 * np.sum(x)), WIDE),
    "dx = g * exp(x)": lambda: _broadcast(G * np.exp(WIDE), np.exp, WIDE),
    "dx = g / x": lambda: _broadcast(G / POSITIVE, np.log, POSITIVE),
}


def test_the_engine_has_about_sixty_lines():
    lines = 0
    for cell in cells(LESSON, "code"):
        if cell["id"] in ENGINE:
            code = re.sub(r'"""(.*?)"""', "", source(cell), flags=re.DOTALL).partition("\na = Traced(3.0)")[0]
            lines += sum(bool(line.strip()) and not line.strip().startswith("#") for line in code.splitlines())
    assert 55 <= lines <= 70, lines


def _invented_loss(images, targets, W_in, W, b, W_out):
    """The network without a derivation, in HIPS autograd's words."""
    h = anp.maximum(images @ W_in, 0)
    for _ in range(3):
        h = h + anp.maximum(h @ W + b, 0)
    z = h @ W_out
    return (anp.sum(anp.log(anp.sum(anp.exp(z), axis=1))) - anp.sum(z * targets)) / len(targets)


def test_the_lessons_engine_agrees_with_autograd():
    lesson = _lesson()
    params, images, targets = lesson["start"](3), lesson["images"][:50], lesson["targets"][:50]
    nodes = lesson["traced"](params)
    lesson["backward"](lesson["invented_loss"](nodes, images, targets))
    names = ("W_in", "W", "b", "W_out")
    expected = outsiders.gradients(
        lambda *weights: _invented_loss(images, targets, *weights), *(params[name] for name in names)
    )
    for name, theirs in zip(names, expected, strict=True):
        assert bpkit.relative_error(nodes[name].grad, theirs) < 1e-12, name


def test_ten_thousand_steps_of_the_famous_example_begin_as_the_course_says():
    lesson = _lesson()
    assert float(lesson["loss"].value) == pytest.approx(0.298371108760, abs=1e-12)
    assert float(lesson["famous_loss"](lesson["traced"](lesson["stepped"])).value) == pytest.approx(
        0.291027773694, abs=1e-12
    )


def test_what_the_variations_are_said_to_show():
    lesson = _lesson()
    chain = lesson["Node"](0.0)
    for _ in range(4000):
        chain = lesson["double"](chain)
    with pytest.raises(RecursionError):
        lesson["topological_order"](chain)
    assert len(bpkit.topological_order(chain)) == 4001

    z = lesson["Traced"](WIDE)
    s = lesson["traced_sigmoid"](z + z)
    lesson["backward"]((s + s - 1.0).sum())
    np.testing.assert_allclose((s + s - 1.0).value, np.tanh(WIDE))
    np.testing.assert_allclose(z.grad, 1 - np.tanh(WIDE) ** 2)

    (backward,) = (source(cell) for cell in cells(LESSON, "code") if cell["id"] == "backward")
    space = dict(lesson)
    exec(backward.replace("n.grad = np.zeros_like(n.value)", "pass"), space)
    a = lesson["Node"](3.0)
    b = lesson["double"](a)
    for _ in range(2):
        space["backward"](b)
    assert float(a.grad) == 4.0


def test_tanh_in_place_of_the_relu_trains_as_well():
    space = dict(_lesson())
    exec("def traced_relu(z):\n    s = traced_sigmoid(z + z)\n    return s + s - 1.0", space)
    for name in ("scores", "invented_loss"):
        code = next(source(cell) for cell in cells(LESSON, "code") if cell["id"] == "invented")
        exec(re.search(rf"(?ms)^def {name}\(.*?(?=^\S)", code)[0], space)
    params = space["start"](0)
    before = float(space["invented_loss"](space["traced"](params), space["images"], space["targets"]).value)
    for _ in range(60):
        nodes = space["traced"](params)
        loss = space["invented_loss"](nodes, space["images"], space["targets"])
        space["backward"](loss)
        params = bpkit.gradient_step(params, {name: nodes[name].grad for name in params}, 0.1)
    assert float(loss.value) < 0.5 * before


def _per_round(r):
    lesson = _lesson()
    nodes = lesson["traced"](lesson["start"](0))
    order = bpkit.topological_order(lesson["invented_loss"](nodes, lesson["images"], lesson["targets"], r))
    return sum(node.value.nbytes for node in order)


def _doublings(depth):
    lesson = _lesson()
    first = node = lesson["Node"](1.0)
    for _ in range(depth):
        node = lesson["double"](node)
    node.grad = np.array(1.0)
    lesson["hand_on"](node)
    return float(first.grad) / 2**depth


NUMBERS = {
    "55": "minutes",
    "0.291027924": "the loss that the famous page gives; lesson 2 makes it",
    "77": lambda: _doublings(12) / 1e12,
    "40": lambda: 2 * 2 * 10,
    "25": lambda: 10 * 1 + 3 * 5,
    "70": lambda: 2 * 10 + 2 * (10 + 15),
    "64": "a width in an example, and in the cell below it",
    "200": lambda: len(bpkit.datasets.moons().y),
    "288,000": lambda: _per_round(4) - _per_round(3),
    "63": lambda: 9884160 / 156160,
    "4,000": "a depth to try, in test_what_the_variations_are_said_to_show",
}
TRANSCRIPTIONS = ()
MAXIMS = ("training remembers every intermediate value, for every example of the batch",)
