"""What lesson 00 claims."""

from functools import cache

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

H = 0.3


def _rise_over_run():
    assert np.isclose(((3 + H) ** 2 - 3**2) / H, 6 + H)
    lines = [((3 + h) ** 2 - 9) / h for h in (2.0, 1.0, 0.1)]
    np.testing.assert_allclose(lines, [8, 7, 6.1])
    for x in (-2.0, 0.5, 3.0):
        assert np.isclose(((x + 1e-7) ** 2 - x**2) / 1e-7, 2 * x, atol=1e-6)


def _both_sides():
    for h in (H, 2.0):
        assert np.isclose(((3 + h) ** 2 - (3 - h) ** 2) / (2 * h), 6)
        assert np.isclose(9 + 6 * h + h**2 - 9 + 6 * h - h**2, 12 * h)


def _two_entries():
    x = np.array([1.0, 2.0])
    assert x[0] ** 2 + 3 * x[0] * x[1] == 7
    same_gradient(np.array([8.0, 3.0]), lambda x: x[0] ** 2 + 3 * x[0] * x[1], x)


def bowl(x):
    return (x[0] - 2) ** 2 + 2 * (x[1] + 1) ** 2


def _bowl():
    same_gradient(np.array([-4.0, 4.0]), bowl, np.zeros(2))
    np.testing.assert_allclose(bpkit.numerical_gradient(bowl, [2.0, -1.0]), 0, atol=1e-9)
    x, _ = bpkit.descend(bowl, [0.0, 0.0], 0.6, 20)
    assert abs(x[0] - 2) < 1e-5 < 100 < abs(x[1])
    places = [bpkit.descend(bowl, [0.0, 0.0], 0.5, steps)[0][1] for steps in range(4)]
    np.testing.assert_allclose(places, [0, -2, 0, -2], atol=1e-8)


def _relative_error():
    a, b = np.random.default_rng(0).standard_normal((2, 9))
    wanted = max(abs(a - b)) / max(max(abs(x), abs(y)) for x, y in zip(a, b, strict=True))
    assert bpkit.relative_error(a, b) == wanted
    assert abs(a - b).max() / max(abs(a).max(), abs(b).max()) == wanted


def _chain_rule():
    by_formula = bpkit.chain_rule(np.cos, lambda x: x**2, lambda x: 2 * x, 0.7)
    assert by_formula == np.cos(0.7**2) * (2 * 0.7)
    same_gradient(np.array([by_formula]), lambda x: np.sin(x[0] ** 2), [0.7])


def _one_weight_of_a_neuron():
    x, y, w, b = np.array([[1.0, 2.0]]), np.array([1.0]), np.array([0.2, -0.4]), -0.2473
    output = bpkit.neuron_forward(x, w, b)
    weighted_sum = x @ w + b
    links = [
        bpkit.bce_backward(y, output)[0],
        bpkit.central_difference(lambda z: float(bpkit.sigmoid(z)), float(weighted_sum[0])),
        bpkit.central_difference(lambda v: float((x @ np.array([w[0], v]))[0] + b), w[1]),
    ]
    assert np.isclose(np.prod(links), bpkit.neuron_backward(x, y, output)[0][1])


def _fork(x=2.0):
    u, v = 3 * x, x + 1
    assert (v * 3, u * 1) == (9, 6)
    same_gradient(np.array([v * 3 + u * 1]), lambda x: 3 * x[0] * (x[0] + 1), [x])


def _descend():
    x = np.array([1.5, -0.5])
    moved, heights = bpkit.descend(bowl, x, 0.1, 1)
    np.testing.assert_array_equal(moved, x - 0.1 * bpkit.numerical_gradient(bowl, x))
    assert heights == [bowl(x)]


FORMULAS = {
    r"\frac{f(x + h) - f(x)}{h}.": _rise_over_run,
    r"\begin{aligned} \frac{(3 + h)^2 - 3^2}{h} &= \frac{9 + 6h + h^2 - 9}{h} \\ &= 6 + h. \end{aligned}": _rise_over_run,
    r"\begin{aligned} &\frac{(3 + h)^2 - (3 - h)^2}{2h} \\ &= \frac{9 + 6h + h^2 - 9 + 6h - h^2}{2h} \\ &= \frac{12h}{2h} = 6. \end{aligned}": _both_sides,
    r"f(x) = x_0^2 + 3\,x_0 x_1 .": _two_entries,
    r"(x_0 - 2)^2 + 2\,(x_1 + 1)^2": _bowl,
    r"\text{relative error} = \frac{\max_i |a_i - b_i|}{\max_i \max(|a_i|, |b_i|)}": _relative_error,
    r"\frac{d}{dx} f(g(x)) = f'(g(x)) \cdot g'(x)": _chain_rule,
    r"\begin{aligned} \frac{d\,\text{loss}}{d\,\text{weight}} = {} & \frac{d\,\text{loss}}{d\,\text{output}} \cdot \frac{d\,\text{output}}{d\,\text{weighted sum}} \\ & \cdot \frac{d\,\text{weighted sum}}{d\,\text{weight}} \end{aligned}": _one_weight_of_a_neuron,
    r"\frac{df}{dx} = \underbrace{v \cdot 3}_{\text{through } u} + \underbrace{u \cdot 1}_{\text{through } v} = 9 + 6": _fork,
    r"w \leftarrow w - \text{lr} \cdot \text{gradient}": _descend,
    "slope = (f(x + h) - f(x - h)) / (2 * h)": lambda: same_gradient(
        np.array([(np.exp(0.7 + 1e-4) - np.exp(0.7 - 1e-4)) / (2 * 1e-4)]), lambda x: np.exp(x[0]), [0.7]
    ),
    "error = abs(a - b).max() / max(abs(a).max(), abs(b).max())": _relative_error,
    "slope = df(g(x)) * dg(x)": _chain_rule,
    "slope = df_du * du_dx + df_dv * dv_dx": _fork,
    "x = x - lr * gradient": _descend,
}


@cache
def _patients():
    patients = datasets.diabetes()
    columns = [patients.X[:, patients.features.index(name)] for name in ("bmi", "bp")]
    return [(column - column.mean()) / column.std() for column in columns], patients.y


def _best_dial():
    (bmi, _), progression = _patients()
    return np.polyfit(bmi, progression, 1)[0]


def _with_blood_pressure():
    (bmi, bp), y = _patients()
    w, _ = bpkit.descend(lambda w: np.mean((w[0] + w[1] * bmi + w[2] * bp - y) ** 2), np.zeros(3), 0.3, 60)
    assert np.allclose(w, np.linalg.lstsq(np.column_stack([bmi**0, bmi, bp]), y)[0])
    return np.mean((w[0] + w[1] * bmi + w[2] * bp - y) ** 2)


def _third_of_the_loss():
    (bmi, _), y = _patients()
    assert 0.32 < np.corrcoef(bmi, y)[0, 1] ** 2 < 0.35
    return np.var(y)


NUMBERS = {
    "45": _best_dial,
    "5930": _third_of_the_loss,
    "55": "minutes",
    "3582": _with_blood_pressure,
    "80": lambda: (29074.0 - 3890.5) * 1.2**120 / 1e12,
    "2,410": lambda: 64 * 32 + 32 + 32 * 10 + 10,
    "4,820": lambda: 2 * 2410,
    "0.00001": "the step h as it stands in the function's first line",
    "1.5": lambda: 3 / 2,
    "0.4": "a rate to try",
    "0.001": "a difference to think about",
    "2024": "the year of commit dfa50bc",
    "2025": "the year of the last commit of the copy that was read",
}
TRANSCRIPTIONS = ("relative_error",)
MAXIMS = (
    "Rates multiply.",
    "Test the ruler before you trust it",
    "Multiply along a route, add over the routes.",
)
