"""What lesson 06 claims."""

from functools import cache

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

Z = np.array([-3.0, -0.7, 0.4, 2.5])
DA = np.array([1.0, -2.0, 0.5, 3.0])


def _through(dz, forward):
    """A backward step is the gradient of the upstream-weighted sum of what the forward step gives."""
    same_gradient(dz, lambda z: float(DA @ forward(z)), Z)


def _one_unit():
    """Three examples, one step of learning rate 2: the unit is off for all of them."""
    x, w, b = np.array([1.0, 2.0, 3.0]), 1.0, 0.5
    dz = bpkit.relu_backward(np.full(3, 1 / 3), w * x + b)
    w, b = w - 2 * (x @ dz), b - 2 * dz.sum()
    assert np.isclose(w, -3)
    assert np.isclose(b, -1.5)
    np.testing.assert_allclose(w * x + b, [-4.5, -7.5, -10.5])
    assert not bpkit.relu_backward(np.ones(3), w * x + b).any()


def _jacobian():
    p = bpkit.softmax([Z])[0]
    measured = np.array([bpkit.numerical_gradient(lambda z, i=i: bpkit.softmax([z])[0, i], Z) for i in range(4)])
    np.testing.assert_allclose(np.diag(p) - np.outer(p, p), measured, atol=1e-9)


FORMULAS = {
    r"\tanh(z) = \frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}": lambda: np.testing.assert_allclose(
        (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z)), bpkit.tanh(Z)
    ),
    r"\tanh(z) = 2\,\sigma(2z) - 1": lambda: np.testing.assert_allclose(2 * bpkit.sigmoid(2 * Z) - 1, bpkit.tanh(Z)),
    r"\begin{aligned} w &= 1 - 2 \cdot 2 = -3 \\ b &= 0.5 - 2 \cdot 1 = -1.5 \end{aligned}": _one_unit,
    r"a = \begin{cases} z & z > 0 \\ \text{slope} \cdot z & z \le 0 \end{cases}": lambda: np.testing.assert_allclose(
        [z if z > 0 else 0.1 * z for z in Z], bpkit.leaky_relu(Z, 0.1)
    ),
    "a = 1 / (1 + exp(-z))": lambda: np.testing.assert_allclose(1 / (1 + np.exp(-Z)), bpkit.sigmoid(Z)),
    "dz = da * a * (1 - a)": lambda: _through(DA * bpkit.sigmoid(Z) * (1 - bpkit.sigmoid(Z)), bpkit.sigmoid),
    "a = tanh(z)": lambda: np.testing.assert_allclose(np.tanh(Z), bpkit.tanh(Z)),
    "dz = da * (1 - a**2)": lambda: _through(DA * (1 - np.tanh(Z) ** 2), bpkit.tanh),
    "a = maximum(0, z)": lambda: np.testing.assert_allclose(np.maximum(0, Z), bpkit.relu(Z)),
    "dz = da * (z > 0)": lambda: _through(DA * (Z > 0), bpkit.relu),
    "a = where(z > 0, z, slope * z)": lambda: np.testing.assert_allclose(
        np.where(Z > 0, Z, 0.1 * Z), bpkit.leaky_relu(Z, 0.1)
    ),
    "dz = where(z > 0, da, slope * da)": lambda: _through(
        np.where(Z > 0, DA, 0.1 * DA), lambda z: bpkit.leaky_relu(z, 0.1)
    ),
    "p = exp(z) / sum(exp(z))": lambda: np.testing.assert_allclose(np.exp(Z) / np.exp(Z).sum(), bpkit.softmax([Z])[0]),
    "J = diag(p) - outer(p, p)": _jacobian,
}


@cache
def _trained(name, lr, scale=1.0):
    """Shares of unseen digits read right and dead units of 24, from five starts, as in the lesson's table."""
    forward, backward = {
        "sigmoid": (bpkit.sigmoid, lambda da, z, a: bpkit.sigmoid_backward(da, a)),
        "tanh": (bpkit.tanh, lambda da, z, a: bpkit.tanh_backward(da, a)),
        "relu": (bpkit.relu, lambda da, z, a: bpkit.relu_backward(da, z)),
        "leaky": (bpkit.leaky_relu, lambda da, z, a: bpkit.leaky_relu_backward(da, z)),
    }[name]
    data = datasets.digits()
    parts = datasets.split(scale * data.X, data.y)
    X, labels = parts.X_train[:300], parts.y_train[:300]
    right, dead = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        W1, b1 = np.sqrt(2 / 64) * rng.standard_normal((64, 24)), np.zeros(24)
        W2, b2 = np.sqrt(2 / 24) * rng.standard_normal((24, 10)), np.zeros(10)
        for _ in range(100):
            z1 = X @ W1 + b1
            a1 = forward(z1)
            dz2 = bpkit.sparse_cce_with_logits_backward(labels, a1 @ W2 + b2)
            dz1 = backward(dz2 @ W2.T, z1, a1)
            W1, b1 = W1 - lr * X.T @ dz1, b1 - lr * dz1.sum(axis=0)
            W2, b2 = W2 - lr * a1.T @ dz2, b2 - lr * dz2.sum(axis=0)
        right.append(np.mean((forward(parts.X_test @ W1 + b1) @ W2 + b2).argmax(axis=1) == parts.y_test))
        dead.append(int(bpkit.dead_units(forward(X @ W1 + b1)).sum()))
    return right, dead


def test_the_table_of_four_functions_says_what_the_text_says():
    for name in ("sigmoid", "tanh", "relu", "leaky"):
        assert min(_trained(name, 1.0)[0]) > 0.9, name
    assert _trained("relu", 3.0)[1] == [24] * 5
    assert min(_trained("sigmoid", 3.0)[0]) > 0.9
    assert 0.12 < min(_trained("leaky", 3.0)[0]) < max(_trained("leaky", 3.0)[0]) < 0.7
    assert max(_trained("tanh", 3.0)[0]) < 0.4


def test_what_the_variations_are_said_to_show():
    assert _trained("relu", 0.3, scale=16.0)[1] == [24] * 5
    assert np.ptp(_trained("sigmoid", 10.0)[0]) > 0.1
    assert max(_trained("sigmoid", 20.0)[0]) < 0.15


NUMBERS = {
    "55": "minutes",
    "31965": "number of the thread",
    "90": "a bound that test_the_table_of_four_functions_says_what_the_text_says holds",
    "99": "per cent, an example in a question",
    "1.5": "a number of the example by hand, in FORMULAS",
    "4.5": lambda: 3 + 1.5,
    "7.5": lambda: 3 * 2 + 1.5,
    "10.5": lambda: 3 * 3 + 1.5,
    "1,000": "an example of a number of classes",
}
TRANSCRIPTIONS = ("leaky_relu",)
MAXIMS = (
    "a leak is a way back, and no protection against the step.",
    "unscaled data is a learning rate in disguise.",
)
