"""What lesson 01 claims."""

from functools import cache

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(1)
Y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
A = RNG.uniform(0.1, 0.9, 5)
X, W, B = RNG.standard_normal((5, 3)), RNG.standard_normal(3), 0.3
CAT, CAT_W, CAT_B = np.array([[1.0, 2.0]]), np.array([0.2, -0.4]), -0.2473


def _weighted_sum():
    z = 0.2 * 1 - 0.4 * 2 - 0.2473
    assert np.isclose(z, -0.8473)
    assert np.isclose(z, (CAT @ CAT_W + CAT_B)[0])


def _sigmoid_of_the_cat():
    assert abs(np.exp(0.8473) - 2.333) < 5e-4
    assert abs(1 / (1 + 2.333) - 0.3) < 1e-3
    assert np.isclose(1 / (1 + np.exp(0.8473)), bpkit.sigmoid(-0.8473))


def _one_example():
    for y, a in zip(Y, A, strict=True):
        assert np.isclose(-(y * np.log(a) + (1 - y) * np.log(1 - a)), bpkit.bce([y], [a]))


def _chain():
    """dL/dw = dL/da · da/dz · dz/dw for one weight of the cat."""
    a = bpkit.sigmoid(-0.8473)
    product = (-1 / a) * (a * (1 - a)) * 2.0
    measured = bpkit.central_difference(
        lambda w2: bpkit.bce([1.0], bpkit.neuron_forward(CAT, np.array([0.2, w2]), CAT_B)), -0.4
    )
    assert np.isclose(product, measured)


def _loss_slope():
    inner = -(Y * (1 / A) + (1 - Y) * (-1 / (1 - A)))
    np.testing.assert_allclose(inner, -Y / A + (1 - Y) / (1 - A))
    same_gradient(inner / A.size, lambda a: bpkit.bce(Y, a), A)


def _sigmoid_slope():
    z = np.array([-2.0, 0.3, 1.7])
    u, a = 1 + np.exp(-z), bpkit.sigmoid(z)
    for line in (-1 / u**2 * -np.exp(-z), np.exp(-z) / (1 + np.exp(-z)) ** 2, a * (1 - a)):
        same_gradient(line, lambda z: float(bpkit.sigmoid(z).sum()), z)
    np.testing.assert_allclose(np.exp(-z) / (1 + np.exp(-z)), 1 - a)


def _fused():
    for y, a in zip(Y, A, strict=True):
        lines = [
            (-y / a + (1 - y) / (1 - a)) * a * (1 - a),
            -y * (1 - a) + (1 - y) * a,
            -y + y * a + a - y * a,
            a - y,
        ]
        np.testing.assert_allclose(lines, a - y)
        z = np.log(a / (1 - a))
        assert np.isclose(a - y, bpkit.central_difference(lambda z, y=y: bpkit.bce([y], [bpkit.sigmoid(z)]), z))


def _dz():
    return (bpkit.neuron_forward(X, W, B) - Y) / len(Y)


def _db():
    measured = bpkit.central_difference(lambda b: bpkit.bce(Y, bpkit.neuron_forward(X, W, b)), B)
    assert np.isclose(sum(_dz()), measured)


def _dw():
    same_gradient(X.T @ _dz(), lambda w: bpkit.bce(Y, bpkit.neuron_forward(X, w, B)), W)


def _first_update():
    a = bpkit.neuron_forward(CAT, CAT_W, CAT_B)
    dw, db = bpkit.neuron_backward(CAT, [1.0], a)
    np.testing.assert_allclose(dw, [-0.7, -1.4], atol=1e-3)
    np.testing.assert_allclose(CAT_W - 0.5 * dw, [0.55, 0.3], atol=1e-3)
    assert abs(CAT_B - 0.5 * db - 0.1027) < 1e-3


def _da():
    same_gradient((-Y / A + (1 - Y) / (1 - A)) / A.size, lambda a: bpkit.bce(Y, a), A)


FORMULAS = {
    r"\begin{aligned} z &= w_1 x_1 + w_2 x_2 + b \\ &= 0.2 \cdot 1 - 0.4 \cdot 2 - 0.2473 \\ &= -0.8473 \end{aligned}": _weighted_sum,
    r"\begin{aligned} a = \sigma(z) &= \frac{1}{1 + e^{-z}} = \frac{1}{1 + e^{0.8473}} \\ &= \frac{1}{1 + 2.333} = 0.3 \end{aligned}": _sigmoid_of_the_cat,
    r"L = -\bigl( y \log a + (1 - y) \log(1 - a) \bigr)": _one_example,
    r"\frac{dL}{dw} = \frac{dL}{da} \cdot \frac{da}{dz} \cdot \frac{dz}{dw}": _chain,
    r"\begin{aligned} \frac{dL}{da} &= -\Bigl( y \cdot \frac{1}{a} + (1 - y) \cdot \frac{-1}{1 - a} \Bigr) \\ &= -\frac{y}{a} + \frac{1 - y}{1 - a} \end{aligned}": _loss_slope,
    r"\begin{aligned} \frac{da}{dz} &= \frac{-1}{u^2} \cdot (-e^{-z}) = \frac{e^{-z}}{(1 + e^{-z})^2} \\ &= \underbrace{\frac{1}{1 + e^{-z}}}_{a} \cdot \underbrace{\frac{e^{-z}}{1 + e^{-z}}}_{1 - a} \\ &= a\,(1 - a) \end{aligned}": _sigmoid_slope,
    r"\begin{aligned} \frac{dL}{dz} &= \Bigl( -\frac{y}{a} + \frac{1 - y}{1 - a} \Bigr) \cdot a\,(1 - a) \\ &= -y\,(1 - a) + (1 - y)\,a \\ &= -y + y\,a + a - y\,a \\ &= a - y \end{aligned}": _fused,
    r"db = \sum_i dz_i": _db,
    r"\begin{aligned} w &\leftarrow (0.2, -0.4) - 0.5 \cdot (-0.7, -1.4) \\ &= (0.55, 0.3) \\ b &\leftarrow -0.2473 - 0.5 \cdot (-0.7) \\ &= 0.1027 \end{aligned}": _first_update,
    "z = X @ w + b": lambda: np.testing.assert_allclose(bpkit.sigmoid(X @ W + B), bpkit.neuron_forward(X, W, B)),
    "a = 1 / (1 + exp(-z))": lambda: np.testing.assert_allclose(1 / (1 + np.exp(-W)), bpkit.sigmoid(W)),
    "L = -mean(y * log(a) + (1 - y) * log(1 - a))": lambda: np.testing.assert_allclose(
        -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)), bpkit.bce(Y, A)
    ),
    "da = (-y / a + (1 - y) / (1 - a)) / n": _da,
    "dz = da * a * (1 - a)": lambda: np.testing.assert_allclose(
        bpkit.bce_backward(Y, A) * A * (1 - A), (A - Y) / len(Y)
    ),
    "dz = (a - y) / n": _dw,
    "dw = X.T @ dz": _dw,
    "db = sum(dz)": _db,
    "w = w - lr * dw": lambda: np.testing.assert_allclose(
        W - 0.1 * A[:3], bpkit.gradient_step({"w": W}, {"w": A[:3]}, 0.1)["w"]
    ),
    "b = b - lr * db": lambda: np.testing.assert_allclose(
        B - 0.1 * 2.0, bpkit.gradient_step({"b": B}, {"b": 2.0}, 0.1)["b"]
    ),
}


@cache
def _cat_after(steps, label=1.0):
    params = {"w": CAT_W, "b": CAT_B}
    for _ in range(steps):
        a = bpkit.neuron_forward(CAT, params["w"], params["b"])
        dw, db = bpkit.neuron_backward(CAT, np.array([label]), a) if label in (0.0, 1.0) else _soft(a, label)
        params = bpkit.gradient_step(params, {"w": dw, "b": db}, 0.5)
    return bpkit.neuron_forward(CAT, params["w"], params["b"])[0]


def _soft(a, label):
    return CAT.T @ (a - label), float((a - label)[0])


def _all_measurements():
    data = datasets.breast_cancer()
    parts = datasets.split(data.X, data.y)
    train, test = datasets.standardise(parts.X_train, parts.X_test)
    w, b, _ = bpkit.train_neuron(train, parts.y_train, 1.0, 1000)
    return 100 * np.mean((bpkit.neuron_forward(test, w, b) > 0.5) == parts.y_test)


NUMBERS = {
    "0.55": "held by _first_update in FORMULAS",
    "0.1027": "held by _first_update in FORMULAS",
    "95.8": _all_measurements,
    "60": "minutes",
    "3.5": lambda: 0.8**500 / 1e-49,
    "49": lambda: -np.floor(np.log10(0.8**500)),
    "500": "an example of a number of examples",
    "0.693": lambda: bpkit.bce([1.0], [0.5]),
    "0.01": "an example of a probability",
    "4.605": lambda: bpkit.bce([1.0], [0.01]),
    "28": lambda: -np.log(1e-12),
    "2.333": lambda: np.exp(0.8473),
    "0.21": lambda: 0.3 * 0.7,
    "569": lambda: len(datasets.breast_cancer().y),
    "0.222": lambda: 1 - _cat_after(1),
    "0.997": lambda: _cat_after(100),
    "0.9": lambda: _cat_after(400, 0.9),
    "192184": "number of the thread",
    "64": "a number in a question",
    "1.2527": lambda: 0.55 + 0.6 + 0.1027,
    "30": lambda: datasets.breast_cancer().X.shape[1],
}
TRANSCRIPTIONS = ("sigmoid", "bce", "bce_backward", "sigmoid_backward")
MAXIMS = ("A loss starts the chain and receives nothing.", "The nearer the truth, the smaller the step.")
