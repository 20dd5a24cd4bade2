"""What lesson 03 claims."""

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(3)
Y, P = RNG.standard_normal((2, 7, 2))
DELTA = 0.7
R = P - Y


def _mse():
    assert np.isclose(sum((p - y) ** 2 for y, p in zip(Y.ravel(), P.ravel(), strict=True)) / Y.size, bpkit.mse(Y, P))


def _huber():
    each = np.where(np.abs(R) <= DELTA, R**2 / 2, DELTA * (np.abs(R) - DELTA / 2))
    assert np.isclose(np.mean(each), bpkit.huber(Y, P, DELTA))


def _half_square_inside():
    for r in (-0.6, 0.1, 0.7):
        assert np.isclose(r**2 / 2, bpkit.huber([0.0], [r], DELTA))


FORMULAS = {
    r"L = \frac{1}{m} \sum_i (p_i - y_i)^2": _mse,
    r"\frac{\partial L}{\partial p_i} = \frac{2\,(p_i - y_i)}{m}": lambda: same_gradient(
        2 * R / Y.size, lambda p: bpkit.mse(Y, p), P
    ),
    r"\ell(r) = \frac{r^2}{2} \quad \text{where } |r| \le \delta": _half_square_inside,
    "L = mean((p - y)**2)": _mse,
    "dp = 2 * (p - y) / size": lambda: same_gradient(2 * R / R.size, lambda p: bpkit.mse(Y, p), P),
    "L = mean(abs(p - y))": lambda: np.testing.assert_allclose(np.mean(np.abs(R)), bpkit.mae(Y, P)),
    "dp = sign(p - y) / size": lambda: same_gradient(np.sign(R) / R.size, lambda p: bpkit.mae(Y, p), P),
    "L = mean(where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2)))": _huber,
    "dp = clip(r, -delta, delta) / size": lambda: same_gradient(
        np.clip(R, -DELTA, DELTA) / R.size, lambda p: bpkit.huber(Y, p, DELTA), P
    ),
}


def _slope(backward, typed, patient, lr, steps=4000):
    """Slope of the line of the lesson, where one target is typed as a multiple of itself."""
    data = datasets.diabetes()
    bmi = data.X[:, data.features.index("bmi")]
    x, y = (bmi - bmi.mean()) / bmi.std(), data.y.copy()
    y[patient(x)] *= typed
    w = b = 0.0
    for _ in range(steps):
        dp = backward(y, w * x + b)
        w, b = w - lr * (dp @ x), b - lr * dp.sum()
    return w


def _falling_pull(y, p):
    r = p - y
    return r / (1 + r**2 / 50**2) / r.size


def test_what_the_variations_are_said_to_show():
    assert 49 < _slope(lambda y, p: bpkit.huber_backward(y, p, 50.0), 10, np.argmax, 1.0) < 51.5


NUMBERS = {
    "45": lambda: _slope(bpkit.mse_backward, 1, np.argmin, 0.4),
    "53": lambda: _slope(bpkit.mae_backward, 1, np.argmin, 2.0),
    "50": "minutes, and a border that the cells use",
    "94": lambda: datasets.diabetes().y[np.argmin(datasets.diabetes().X[:, 2])],
    "442": lambda: len(datasets.diabetes().y),
    "0.001": "an example of a small residual",
    "100": "an example of a large residual",
    "1964": "year of the paper",
    "62.8": lambda: _slope(bpkit.mse_backward, 10, np.argmax, 0.4),
    "54.8": lambda: _slope(bpkit.mae_backward, 10, np.argmax, 2.0),
    "52.9": lambda: _slope(_falling_pull, 100, np.argmin, 1.0),
}
TRANSCRIPTIONS = ("mse", "mse_backward")
MAXIMS = (
    "A loss and its gradient belong together.",
    "A loss is a question, and you choose which.",
)
