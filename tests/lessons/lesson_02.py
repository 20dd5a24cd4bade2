"""What lesson 02 claims."""

from functools import cache

import numpy as np
import pytest

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(2)
X, W1, B1 = RNG.standard_normal((5, 2)), RNG.standard_normal((2, 3)), RNG.standard_normal(3)
W2, B2, Y = RNG.standard_normal((3, 4)), RNG.standard_normal(4), RNG.integers(0, 2, (5, 4)).astype(float)
DZ = RNG.standard_normal((5, 3))


def _loss_of_layer(X=X, W=W1, b=B1):
    """A loss whose gradient for Z is DZ."""
    return float((DZ * (X @ W + b)).sum())


def _two_dense_layers_are_one():
    np.testing.assert_allclose((X @ W1 + B1) @ W2 + B2, X @ (W1 @ W2) + (B1 @ W2 + B2))
    np.testing.assert_allclose(X @ (W1 @ W2) + (B1 @ W2 + B2), bpkit.dense(bpkit.dense(X, W1, B1), W2, B2))


def _one_entry():
    for i, j in np.ndindex(5, 3):
        assert np.isclose(sum(X[i, m] * W1[m, j] for m in range(2)) + B1[j], bpkit.dense(X, W1, B1)[i, j])


def _dW():
    sums = [[sum(X[i, m] * DZ[i, j] for i in range(5)) for j in range(3)] for m in range(2)]
    same_gradient(np.array(sums), lambda W: _loss_of_layer(W=W), W1)
    np.testing.assert_allclose(X.T @ DZ, sums)


def _relu_back():
    z = DZ + np.sign(DZ)
    same_gradient(X[:, :1] * (z > 0), lambda z: float((X[:, :1] * bpkit.relu(z)).sum()), z)


def _start_of_the_way_back():
    z2 = RNG.standard_normal((5, 4))
    same_gradient((bpkit.sigmoid(z2) - Y) / (5 * 4), lambda z: bpkit.bce(Y, bpkit.sigmoid(z)), z2)
    same_gradient((bpkit.sigmoid(z2) - Y) / Y.size, lambda z: bpkit.bce(Y, bpkit.sigmoid(z)), z2)


FORMULAS = {
    r"\begin{aligned} &(X W_1 + b_1)\, W_2 + b_2 \\ &\quad = X\,(W_1 W_2) + (b_1 W_2 + b_2) \end{aligned}": (
        _two_dense_layers_are_one
    ),
    r"\text{relu}(z) = \max(z, 0)": lambda: np.testing.assert_array_equal(
        [max(z, 0) for z in DZ.ravel()], bpkit.relu(DZ.ravel())
    ),
    r"Z_{ij} = \sum_m X_{im} W_{mj} + b_j ,": _one_entry,
    r"\begin{aligned} dW_{mj} &= \sum_i X_{im}\, dZ_{ij} \\ dW &= X^\mathsf{T} dZ \end{aligned}": _dW,
    r"dz_2 = \frac{a_2 - y}{n \cdot k} .": _start_of_the_way_back,
    "Z = X @ W + b": lambda: np.testing.assert_allclose(X @ W1 + B1, bpkit.dense(X, W1, B1)),
    "dX = dZ @ W.T": lambda: same_gradient(DZ @ W1.T, lambda X: _loss_of_layer(X=X), X),
    "dW = X.T @ dZ": _dW,
    "db = dZ.sum(axis=0)": lambda: same_gradient(DZ.sum(axis=0), lambda b: _loss_of_layer(b=b), B1),
    "a = maximum(z, 0)": lambda: np.testing.assert_array_equal(np.maximum(DZ, 0), bpkit.relu(DZ)),
    "dz = da * (z > 0)": _relu_back,
    "dz2 = (a2 - y) / y.size": _start_of_the_way_back,
}


def start_weights(d, h, k, seed):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.standard_normal((d, h)) * np.sqrt(2 / d), "b1": np.zeros(h)}
    return params | {"W2": rng.standard_normal((h, k)) * np.sqrt(2 / h), "b2": np.zeros(k)}


@cache
def _forty_starts(hidden, activation, steps=3000):
    """Of 40 starts on exclusive or: the step at which each was solved (or -1), its a1, answers and loss at the end."""
    bend, slope = {"relu": (bpkit.relu, lambda a: a > 0), "tanh": (np.tanh, lambda a: 1 - a * a)}[activation]
    corners, starts = datasets.xor(), [start_weights(2, hidden, 1, seed) for seed in range(40)]
    W1, W2 = (np.array([params[key] for params in starts]) for key in ("W1", "W2"))
    b1, b2 = np.zeros((40, 1, hidden)), np.zeros((40, 1, 1))
    y, solved = corners.y.reshape(1, 4, 1), np.full(40, -1)
    for step in range(steps):
        a1 = bend(corners.X @ W1 + b1)
        z2 = a1 @ W2 + b2
        losses = np.mean(np.maximum(z2, 0) - z2 * y + np.log1p(np.exp(-np.abs(z2))), axis=(1, 2))
        solved[(losses < 0.1) & (solved < 0)] = step
        if (solved >= 0).all():
            break
        dz2 = (bpkit.sigmoid(z2) - y) / 4
        dz1 = dz2 @ W2.transpose(0, 2, 1) * slope(a1)
        W1, b1 = W1 - 0.5 * corners.X.T @ dz1, b1 - 0.5 * dz1.sum(axis=1, keepdims=True)
        W2, b2 = W2 - 0.5 * a1.transpose(0, 2, 1) @ dz2, b2 - 0.5 * dz2.sum(axis=1, keepdims=True)
    return solved, a1, bpkit.sigmoid(z2)[..., 0], losses


@pytest.mark.parametrize(
    ("activation", "hidden", "count", "median"),
    [
        ("relu", 2, 9, 108),
        ("relu", 4, 32, 94),
        ("relu", 8, 40, 78),
        ("tanh", 2, 22, 178),
        ("tanh", 4, 40, 112),
        ("tanh", 8, 40, 92),
    ],
)
def test_exclusive_or_from_forty_starts(activation, hidden, count, median):
    solved = _forty_starts(hidden, activation)[0]
    assert np.sum(solved >= 0) == count
    assert abs(np.median(solved[solved >= 0]) - median) <= 1


def test_the_two_causes_of_failure_on_exclusive_or():
    solved, a1, answers, losses = _forty_starts(2, "relu")
    failed, dead = solved < 0, (a1 <= 0).all(axis=1).any(axis=1)
    assert (failed.sum(), (failed & dead).sum(), (failed & ~dead).sum()) == (31, 16, 15)
    stuck = np.round(losses[failed & ~dead], 3)
    assert (np.sum(stuck == 0.347), np.sum(stuck == 0.477)) == (12, 3)
    undecided = np.sum(np.abs(answers[failed & ~dead] - 0.5) < 0.01, axis=1)
    np.testing.assert_array_equal(undecided[stuck == 0.347], 2)


def test_nobody_arrives_later():
    assert np.sum(_forty_starts(2, "relu", 20_000)[0] >= 0) == 9


def _trained(X, y, params, lr, steps):
    for _ in range(steps):
        _, kept = bpkit.two_layer_forward(X, params)
        params = bpkit.gradient_step(params, bpkit.two_layer_backward(y.reshape(-1, 1), kept, params), lr)
    return params


def _share_right(answers, y):
    return np.mean((answers.ravel() > 0.5) == (y == 1))


def test_from_zero_weights_only_the_last_bias_could_learn():
    moons = datasets.split(*datasets.moons(300)[:2])
    zeros = {key: 0 * value for key, value in start_weights(2, 12, 1, 0).items()}
    params = _trained(moons.X_train, moons.y_train, zeros, 1.0, 50)
    assert not any(params[key].any() for key in ("W1", "b1", "W2"))
    answers = bpkit.two_layer_forward(moons.X_train, params)[0]
    assert abs(bpkit.bce(moons.y_train.reshape(-1, 1), answers) - np.log(2)) < 1e-3


@cache
def _tumours():
    """Shares of unseen tumours that a neuron and five networks of 8 hidden units get right."""
    parts = datasets.split(*datasets.breast_cancer()[:2])
    train, test = datasets.standardise(parts.X_train, parts.X_test)
    w, b, _ = bpkit.train_neuron(train, parts.y_train, 0.5, 1000)
    networks = (_trained(train, parts.y_train, start_weights(30, 8, 1, seed), 0.5, 1000) for seed in range(5))
    rights = [_share_right(bpkit.two_layer_forward(test, params)[0], parts.y_test) for params in networks]
    return _share_right(bpkit.neuron_forward(test, w, b), parts.y_test), rights


def test_on_all_tumour_measurements_a_network_is_not_better_than_a_neuron():
    neuron, networks = _tumours()
    assert 0.94 < min(neuron, *networks) < max(neuron, *networks) < 0.97
    assert max(networks) <= neuron


def _the_page_after(steps):
    """The page's loss after so many updates: W2 first as published, and in order."""
    x, y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    for first in (True, False):
        W1, W2 = np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([[0.40, 0.50], [0.45, 0.55]])
        for _ in range(steps):
            a1 = bpkit.sigmoid(x @ W1 + 0.35)
            a2 = bpkit.sigmoid(a1 @ W2 + 0.60)
            dz2 = (a2 - y) * a2 * (1 - a2)
            new_W2 = W2 - 0.5 * a1.T @ dz2
            W1 = W1 - 0.5 * x.T @ (dz2 @ (new_W2 if first else W2).T * a1 * (1 - a1))
            W2 = new_W2
        yield 0.5 * np.sum((bpkit.sigmoid(bpkit.sigmoid(x @ W1 + 0.35) @ W2 + 0.60) - y) ** 2)


def test_the_famous_example():
    assert [f"{loss:.12f}" for loss in _the_page_after(1)] == ["0.291027923905", "0.291027773694"]
    published, in_order = _the_page_after(10_000)
    assert published == pytest.approx(3.50847863e-05, rel=1e-7)
    assert in_order == pytest.approx(3.51018778e-05, rel=1e-7)
    assert round(100 * (in_order / published - 1), 2) == 0.05


def _pencil(key):
    params = {"W1": np.array([[1, -1], [0.5, 1]]), "b1": np.array([0.0, -2.0])}
    params |= {"W2": np.array([[0.5, -1], [1, 2]]), "b2": np.array([-1.0, 2.0])}
    _, kept = bpkit.two_layer_forward(np.array([[1.0, 2.0]]), params)
    dz2 = (kept["a2"] - np.array([[1, 0]])) / 2
    return {"dz2": dz2, "da1": dz2 @ params["W2"].T, "route": dz2[0] * params["W2"][0]}[key]


NUMBERS = {
    "60": "minutes",
    "94": "per cent, held by test_on_all_tumour_measurements_a_network_is_not_better_than_a_neuron",
    "97": "per cent, held by the same test",
    "1,000": lambda: 100 * 10,
    "20,000": "steps to try, held by test_nobody_arrives_later",
    "10,000": "updates, made in the cell",
    "1,797": lambda: len(datasets.digits().X),
    "30": lambda: datasets.breast_cancer().X.shape[1],
    "0.05": "per cent, held by test_the_famous_example",
    "2015": "the year of the page and of the commits",
}
TRANSCRIPTIONS = ("dense", "relu")
MAXIMS = (
    "Multiply along a route, add over the routes",
    "a falling loss proves nothing, and a measured slope proves a lot",
    "compute all gradients first, then update",
)


def test_the_pencil():
    np.testing.assert_allclose(_pencil("dz2"), [[-0.25, 0.25]])
    np.testing.assert_allclose(_pencil("route"), [-0.125, -0.25])
    np.testing.assert_allclose(_pencil("da1"), [[-0.375, 0.25]])
