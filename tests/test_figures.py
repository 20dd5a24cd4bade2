"""The figures that lessons and syllabus state, computed here from scratch."""

import numpy as np
import pytest

import bpkit
from bpkit import datasets

X, Y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
START = {
    "W1": np.array([[0.15, 0.20], [0.25, 0.30]]),
    "b1": np.array([0.35, 0.35]),
    "W2": np.array([[0.40, 0.45], [0.50, 0.55]]),
    "b2": np.array([0.60, 0.60]),
}


def sigmoid_sigmoid_loss(p):
    return bpkit.mse(Y, bpkit.sigmoid(bpkit.dense(bpkit.sigmoid(bpkit.dense(X, p["W1"], p["b1"])), p["W2"], p["b2"])))


def test_cheatsheet_program_as_printed_and_mended():
    grads = bpkit.cheatsheet_gradients(X, Y, **START)
    printed = {key: Y.size * grad for key, grad in grads.items()}
    assert f"{sigmoid_sigmoid_loss(START):.12f}" == "0.303658313630"
    assert f"{sigmoid_sigmoid_loss(bpkit.gradient_step(START, printed, 0.5)):.12f}" == "0.267787672253"
    assert f"{sigmoid_sigmoid_loss(bpkit.gradient_step(START, grads, 0.5)):.12f}" == "0.285877390070"
    measured = bpkit.numerical_gradient(lambda W: sigmoid_sigmoid_loss({**START, "W1": W}), START["W1"])
    assert bpkit.relative_error(measured, grads["W1"]) < 1e-8


def worked_example(W1, W2, steps, update_first=False):
    """Half the sum of squares, weights as in the published example, biases fixed; the loss after `steps` updates."""

    def forward():
        a1 = bpkit.sigmoid(X @ W1 + START["b1"])
        return a1, bpkit.sigmoid(a1 @ W2 + START["b2"])

    for _ in range(steps):
        a1, a2 = forward()
        dz2 = (a2 - Y) * a2 * (1 - a2)
        new_W2 = W2 - 0.5 * a1.T @ dz2
        dz1 = dz2 @ (new_W2 if update_first else W2).T * a1 * (1 - a1)
        W1, W2 = W1 - 0.5 * X.T @ dz1, new_W2
    return 0.5 * np.sum((forward()[1] - Y) ** 2)


def test_famous_worked_example_and_its_bug():
    W1, W2 = START["W1"].T, START["W2"].T
    assert f"{worked_example(W1, W2, 0):.12f}" == "0.298371108760"
    assert f"{worked_example(W1, W2, 1):.12f}" == "0.291027773694"
    assert f"{worked_example(W1, W2, 1, update_first=True):.9f}" == "0.291027924"
    assert worked_example(W1, W2, 10_000) == pytest.approx(3.51018778e-05, rel=1e-7)
    assert worked_example(W1, W2, 10_000, update_first=True) == pytest.approx(3.50847863e-05, rel=1e-7)


def test_the_weights_of_the_famous_example_give_the_right_loss_not_the_published_one():
    printed = [0.149780716, 0.24975114], [0.19956143, 0.29950229]
    a1 = bpkit.sigmoid(X @ np.array(printed) + START["b1"])
    a2 = bpkit.sigmoid(a1 @ np.array([[0.35891648, 0.511301270], [0.408666186, 0.561370121]]) + START["b2"])
    assert f"{0.5 * np.sum((a2 - Y) ** 2):.9f}" == "0.291027774"


def test_where_the_slope_of_the_sigmoid_is_weak():
    low, high = bpkit.sigmoid_backward(np.ones(2), bpkit.sigmoid([2.85, 2.95]))
    assert low > 0.05 > high, "lesson 1 says about 2.9"


@pytest.mark.parametrize("seed", range(20))
def test_a_measured_slope_tells_a_right_formula_from_a_wrong_one(seed):
    """Lesson 0: a right formula agrees to 1e-9, and 1e-6 is the border."""
    rng = np.random.default_rng(seed)
    inputs, w, y = rng.standard_normal((6, 3)), rng.standard_normal(3), rng.integers(0, 2, 6)
    dw, _ = bpkit.neuron_backward(inputs, y, bpkit.neuron_forward(inputs, w, 0.5))
    measured = bpkit.numerical_gradient(lambda w: bpkit.bce(y, bpkit.neuron_forward(inputs, w, 0.5)), w)
    assert bpkit.relative_error(dw, measured) < 1e-9
    assert bpkit.relative_error(dw * [1, 1, 1.001], measured) > 1e-6


def xor_successes(hidden, activation, slope, spread):
    """Of 40 starts, the step at which each solved XOR (loss below 0.1 within 3,000 steps of lr 0.5), all at once."""
    data = datasets.xor()
    y = data.y.reshape(1, 4, 1)
    draws = [np.random.default_rng(seed) for seed in range(40)]
    W1 = np.array([rng.standard_normal((2, hidden)) for rng in draws]) * spread[0]
    W2 = np.array([rng.standard_normal((hidden, 1)) for rng in draws]) * spread[1]
    b1, b2 = np.zeros((40, 1, hidden)), np.zeros((40, 1, 1))
    solved = np.full(40, -1)
    for step in range(3_000):
        a1 = activation(data.X @ W1 + b1)
        z2 = a1 @ W2 + b2
        loss = np.mean(np.maximum(z2, 0) - z2 * y + np.log1p(np.exp(-np.abs(z2))), axis=(1, 2))
        solved[(loss < 0.1) & (solved < 0)] = step
        dz2 = (bpkit.sigmoid(z2) - y) / 4
        dz1 = dz2 @ W2.transpose(0, 2, 1) * slope(a1)
        W1, b1 = W1 - 0.5 * data.X.T @ dz1, b1 - 0.5 * dz1.sum(axis=1, keepdims=True)
        W2, b2 = W2 - 0.5 * a1.transpose(0, 2, 1) @ dz2, b2 - 0.5 * dz2.sum(axis=1, keepdims=True)
    return solved[solved >= 0]


def test_xor_from_40_starts():
    with_tanh = xor_successes(8, np.tanh, lambda a: 1 - a * a, (np.sqrt(2 / 10), np.sqrt(2 / 9)))
    assert len(with_tanh) == 40
    assert 120 <= np.median(with_tanh) <= 150, "lesson 2 says about 140 steps"
    two_relus = xor_successes(2, bpkit.relu, lambda a: (a > 0).astype(float), (1.0, 1.0))
    assert len(two_relus) == 9


def test_a_neuron_stays_a_coin_on_xor():
    data = datasets.xor()
    w, b, losses = bpkit.train_neuron(data.X, data.y, 0.5, 200)
    np.testing.assert_allclose(bpkit.neuron_forward(data.X, w, b), 0.5, atol=1e-12)
    assert losses[-1] == pytest.approx(np.log(2))


def test_cat_of_lesson_1():
    w, b, x, y = np.array([0.2, -0.4]), -0.2473, np.array([[1.0, 2.0]]), np.array([1.0])
    a = bpkit.neuron_forward(x, w, b)
    assert a[0] == pytest.approx(0.3, abs=1e-4)
    assert bpkit.bce(y, a) == pytest.approx(1.204, abs=1e-3)
    assert bpkit.bce_backward(y, a)[0] == pytest.approx(-3.333, abs=1e-3)
    dw, db = bpkit.neuron_backward(x, y, a)
    np.testing.assert_allclose([*dw, db], [-0.7, -1.4, -0.7], atol=1e-3)
    after = bpkit.neuron_forward(x, w - 0.5 * dw, b - 0.5 * db)
    assert after[0] == pytest.approx(0.778, abs=1e-3)
    assert bpkit.bce(y, after) == pytest.approx(0.251, abs=1e-3)


def test_on_all_tumour_measurements_one_neuron_is_as_good_as_a_network():
    """Lesson 2 says so; a quarter of the tumours is unseen."""
    data = datasets.breast_cancer()
    parts = datasets.split(data.X, data.y)
    train, test = datasets.standardise(parts.X_train, parts.X_test)
    w, b, _ = bpkit.train_neuron(train, parts.y_train, 0.5, 1000)
    neuron = np.mean((bpkit.neuron_forward(test, w, b) > 0.5) == parts.y_test)
    rng, y = np.random.default_rng(0), parts.y_train.reshape(-1, 1)
    params = {"W1": rng.standard_normal((30, 8)) * np.sqrt(2 / 30), "b1": np.zeros(8)}
    params |= {"W2": rng.standard_normal((8, 1)) / 2, "b2": np.zeros(1)}
    for _ in range(1000):
        _, cache = bpkit.two_layer_forward(train, params)
        params = bpkit.gradient_step(params, bpkit.two_layer_backward(y, cache, params), 0.5)
    network = np.mean((bpkit.two_layer_forward(test, params)[0].ravel() > 0.5) == parts.y_test)
    assert neuron >= network - 0.005
    assert neuron > 0.95


def test_even_digits_from_five_starts():
    """Lesson 2 shows three of them and says what others give: 16 hidden units, 600 steps."""
    data = datasets.digits()
    parts = datasets.split(data.X, (data.y % 2 == 0).astype(float))
    y_train, right = parts.y_train.reshape(-1, 1), []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        params = {"W1": rng.standard_normal((64, 16)) * np.sqrt(2 / 64), "b1": np.zeros(16)}
        params |= {"W2": rng.standard_normal((16, 1)) * np.sqrt(2 / 16), "b2": np.zeros(1)}
        for _ in range(600):
            _, cache = bpkit.two_layer_forward(parts.X_train, params)
            params = bpkit.gradient_step(params, bpkit.two_layer_backward(y_train, cache, params), 0.5)
        right.append(np.mean((bpkit.two_layer_forward(parts.X_test, params)[0].ravel() > 0.5) == parts.y_test))
    assert (round(min(right[:3]), 3), round(min(right), 3), round(max(right), 3)) == (0.982, 0.971, 0.987)
