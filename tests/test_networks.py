"""Whole networks against HIPS autograd, scikit-learn and closed forms."""

import autograd.numpy as anp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import bpkit
from bpkit import datasets
from tests import outsiders

SHAPES = [(1, 1, 1, 1), (1, 2, 3, 1), (5, 1, 4, 2), (7, 3, 5, 11)]


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 4), (9, 2)])
def test_neuron_gradients_against_autograd_and_the_long_chain(n, d):
    rng = np.random.default_rng(0)
    X, w, b, y = rng.standard_normal((n, d)), rng.standard_normal(d), 0.3, rng.integers(0, 2, n).astype(float)
    a = bpkit.neuron_forward(X, w, b)
    dw, db = bpkit.neuron_backward(X, y, a)
    expected = outsiders.gradients(lambda w, b: outsiders.bce(y, outsiders.sigmoid(X @ w + b)), w, b)
    assert outsiders.same(dw, expected[0])
    assert outsiders.same(db, expected[1])
    dz = bpkit.sigmoid_backward(bpkit.bce_backward(y, a), a)
    assert outsiders.same(X.T @ dz, dw)


def test_trained_neuron_is_scikit_learns_logistic_regression():
    data = datasets.breast_cancer()
    X = data.X[:, [data.features.index("mean radius"), data.features.index("mean concave points")]]
    X, _ = datasets.standardise(X, X)
    w, b, losses = bpkit.train_neuron(X, data.y, lr=1.0, steps=3000)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(X, data.y)
    np.testing.assert_allclose(w, other.coef_[0], rtol=1e-3)
    assert b == pytest.approx(other.intercept_[0], rel=1e-3)
    assert losses[0] == pytest.approx(np.log(2))
    assert len(losses) == 3000
    assert np.all(np.diff(losses) <= 1e-12), "the loss of one neuron under cross-entropy is convex"


def test_one_neuron_has_no_local_minima():
    data = datasets.breast_cancer()
    X, _ = datasets.standardise(data.X[:, :2], data.X[:, :2])
    ends = []
    for start in ([9.0, -9.0], [-9.0, 9.0], [6.0, 6.0]):
        params = {"w": np.array(start), "b": 0.0}
        for _ in range(4000):
            a = bpkit.neuron_forward(X, params["w"], params["b"])
            dw, db = bpkit.neuron_backward(X, data.y, a)
            params = bpkit.gradient_step(params, {"w": dw, "b": db}, 1.0)
        ends.append(params["w"])
    np.testing.assert_allclose(ends, [ends[0]] * 3, rtol=1e-3)


def test_no_steps_leave_the_neuron_at_zero():
    w, b, losses = bpkit.train_neuron([[1.0, 2.0]], [1.0], lr=1.0, steps=0)
    assert not w.any()
    assert (b, losses) == (0.0, [])


def two_layer_loss(y, X, W1, b1, W2, b2):
    return outsiders.bce(y, outsiders.sigmoid(outsiders.relu(X @ W1 + b1) @ W2 + b2))


@pytest.mark.parametrize(("n", "d", "h", "k"), SHAPES)
def test_two_layer_gradients_against_autograd(n, d, h, k):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((n, d)), rng.integers(0, 2, (n, k)).astype(float)
    params = {
        "W1": rng.standard_normal((d, h)),
        "b1": rng.standard_normal(h),
        "W2": rng.standard_normal((h, k)),
        "b2": rng.standard_normal(k),
    }
    a2, cache = bpkit.two_layer_forward(X, params)
    assert bpkit.bce(y, a2) == pytest.approx(two_layer_loss(y, X, **params), rel=1e-12)
    grads = bpkit.two_layer_backward(y, cache, params)
    expected = outsiders.gradients(lambda *p: two_layer_loss(y, X, *p), *params.values())
    for key, theirs in zip(params, expected, strict=True):
        assert outsiders.same(grads[key], theirs)


@pytest.mark.parametrize(("n", "d", "h", "k"), SHAPES)
def test_cheatsheet_gradients_against_autograd(n, d, h, k):
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((n, d)), rng.standard_normal((n, k))
    params = [rng.standard_normal(shape) for shape in ((d, h), (h,), (h, k), (k,))]

    def loss(W1, b1, W2, b2):
        return anp.mean((outsiders.sigmoid(outsiders.sigmoid(X @ W1 + b1) @ W2 + b2) - y) ** 2)

    grads = bpkit.cheatsheet_gradients(X, y, *params)
    for ours, theirs in zip(grads.values(), outsiders.gradients(loss, *params), strict=True):
        assert outsiders.same(ours, theirs)


def test_gradient_step_leaves_its_arguments_alone():
    params, grads = {"w": np.array([1.0, 2.0]), "b": 3.0}, {"w": np.array([1.0, -1.0]), "b": 10.0}
    new = bpkit.gradient_step(params, grads, 0.1)
    np.testing.assert_allclose(new["w"], [0.9, 2.1])
    assert float(new["b"]) == 2.0
    np.testing.assert_array_equal(params["w"], [1.0, 2.0])


def test_nan_passes_through():
    a = bpkit.neuron_forward([[np.nan], [1.0]], [1.0], 0.0)
    np.testing.assert_array_equal(np.isnan(a), [True, False])
    assert np.isnan(bpkit.neuron_backward([[1.0], [1.0]], [1.0, 0.0], a)[1])
    assert np.isnan(bpkit.gradient_step({"w": np.nan}, {"w": 1.0}, 0.1)["w"])


W = {"W1": np.ones((3, 4)), "b1": np.ones(4), "W2": np.ones((4, 2)), "b2": np.ones(2)}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.neuron_forward(np.ones((4, 3)), np.ones(2), 0.0), r"w has shape \(2,\), but X \(4, 3\) has 3"),
        (lambda: bpkit.neuron_forward(np.ones((4, 3)), np.ones(3), [0.0]), "b must be one number"),
        (lambda: bpkit.neuron_forward(np.ones(3), np.ones(3), 0.0), r"X must have shape \(n, d\), got \(3,\)"),
        (
            lambda: bpkit.neuron_backward(np.ones((4, 3)), np.ones(4), np.ones(5)),
            "y_true and a must have the same shape",
        ),
        (lambda: bpkit.neuron_backward(np.ones((4, 3)), np.ones(5), np.ones(5)), r"y_true has shape \(5,\), but X"),
        (lambda: bpkit.train_neuron(np.ones((4, 3)), [2, 0, 0, 0], 1.0, 1), r"y_true must lie in \[0, 1\]"),
        (
            lambda: bpkit.train_neuron(np.ones((4, 3)), np.ones(5), 1.0, 1),
            r"y_true has shape \(5,\), but X \(4, 3\) has 4",
        ),
        (lambda: bpkit.train_neuron(np.ones((4, 3)), np.ones(4), 0.0, 1), "lr must be above 0"),
        (lambda: bpkit.train_neuron(np.ones((4, 3)), np.ones(4), 1.0, 1.5), "steps must be a whole number"),
        (lambda: bpkit.train_neuron(np.ones((4, 3)), np.ones(4), 1.0, -1), "steps must be at least 0"),
        (lambda: bpkit.two_layer_forward(np.ones((1, 3)), {"W1": 1}), r"params must hold W1, b1, W2 and b2; it lacks"),
        (lambda: bpkit.two_layer_forward(np.ones((1, 2)), W), r"params\['W1'\] has 3 rows .* X has 2 columns \(1, 2\)"),
        (lambda: bpkit.two_layer_forward(np.ones((1, 3)), W | {"b2": np.ones(4)}), r"params\['b2'\] has shape \(4,\)"),
        (lambda: bpkit.two_layer_forward(np.ones((1, 3)), W | {"W2": np.ones((2, 2))}), r"params\['W2'\] has 2 rows"),
        (lambda: bpkit.two_layer_forward(np.ones((1, 3)), None), "params must be a dict .* got NoneType"),
        (lambda: bpkit.two_layer_backward(np.ones((1, 2)), None, W), "cache must be a dict"),
        (
            lambda: bpkit.cheatsheet_gradients([[1.0]], [[1.0]], [[1.0]], [1.0], [[1.0]], None),
            "b2 must hold real numbers",
        ),
        (
            lambda: bpkit.cheatsheet_gradients([[1.0]], [[1.0]], [[1.0]], [1.0, 2.0], [[1.0]], [1.0]),
            r"b1 has shape \(2,\)",
        ),
        (lambda: bpkit.two_layer_backward(np.ones((1, 2)), {}, W), "cache must be the dict of two_layer_forward"),
        (
            lambda: bpkit.two_layer_backward(np.ones((1, 1)), bpkit.two_layer_forward(np.ones((1, 3)), W)[1], W),
            r"y_true and a2 must have the same shape",
        ),
        (lambda: bpkit.cheatsheet_gradients([[1.0]], [[1.0, 2.0]], [[1.0]], [1.0], [[1.0]], [1.0]), "y_true and a2"),
        (lambda: bpkit.gradient_step({"w": 1.0}, None, 0.1), "grads must be a dict"),
        (lambda: bpkit.gradient_step({"w": 1.0}, {"dw": 1.0}, 0.1), r"grads must have the keys of params: \['w'\]"),
        (lambda: bpkit.gradient_step({"w": np.ones(2)}, {"w": np.ones(3)}, 0.1), r"grads\['w'\] has shape \(3,\)"),
        (lambda: bpkit.gradient_step({"w": 1.0}, {"w": 1.0}, -0.1), "lr must be above 0"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
