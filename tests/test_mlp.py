"""Deep stacks, the MLP and the gradient check, against HIPS autograd and measured slopes."""

import autograd.numpy as anp
import numpy as np
import pytest

import bpkit
from bpkit import MLP, datasets
from tests import outsiders

SQUASH = {"relu": outsiders.relu, "tanh": anp.tanh, "sigmoid": outsiders.sigmoid}
TARGETS = {
    "mse": lambda rng, n, k: rng.standard_normal((n, k)),
    "mae": lambda rng, n, k: rng.standard_normal((n, k)),
    "huber": lambda rng, n, k: rng.standard_normal((n, k)),
    "bce_with_logits": lambda rng, n, k: rng.integers(0, 2, (n, k)).astype(float),
    "hinge": lambda rng, n, k: np.where(rng.random((n, k)) < 0.5, -1.0, 1.0),
    "cce_with_logits": lambda rng, n, k: np.eye(k)[rng.integers(0, k, n)],
    "sparse_cce_with_logits": lambda rng, n, k: rng.integers(0, k, n),
}


@pytest.mark.parametrize("activation", SQUASH)
@pytest.mark.parametrize("sizes", [[3, 2], [1, 1, 1], [4, 5, 3], [4, 6, 5, 3]])
def test_gradients_against_autograd(activation, sizes):
    rng = np.random.default_rng(0)
    net = MLP(sizes, activation, "cce_with_logits", seed=1)
    net.parameters = {key: value + 0.1 * rng.standard_normal(value.shape) for key, value in net.parameters.items()}
    X, T = rng.standard_normal((7, sizes[0])), TARGETS["cce_with_logits"](rng, 7, sizes[-1])

    def loss(*params):
        a = X
        for i in range(0, len(params), 2):
            z = a @ params[i] + params[i + 1]
            a = SQUASH[activation](z) if i + 2 < len(params) else z
        return -anp.sum(T * (a - anp.log(anp.sum(anp.exp(a), axis=1, keepdims=True)))) / 7

    value, grads = net.loss_and_grads(X, T)
    assert value == pytest.approx(loss(*net.parameters.values()), rel=1e-12, abs=1e-15)
    for key, theirs in zip(net.parameters, outsiders.gradients(loss, *net.parameters.values()), strict=True):
        assert outsiders.same(grads[key], theirs)


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("activation", SQUASH)
def test_the_fast_gradient_check_measures_what_the_slow_one_does(loss, activation):
    rng = np.random.default_rng(3)
    net = MLP([4, 5, 6, 3], activation, loss, seed=2)
    X, y = rng.standard_normal((5, 4)), TARGETS[loss](rng, 5, 3)
    fast = net.check_gradients(X, y)
    assert fast, str(fast)

    def with_parameters(p):
        net.parameters = dict(p)
        return net

    start = dict(net.parameters)
    slow = bpkit.check_gradients(
        lambda p: with_parameters(p).loss(X, y), lambda p: with_parameters(p).loss_and_grads(X, y)[1], start
    )
    assert slow, str(slow)
    assert [row[0] for row in fast.rows] == [row[0] for row in slow.rows]


@pytest.mark.parametrize("key", ["W1", "b1", "W2", "b2"])
def test_the_gradient_check_finds_a_wrong_gradient(key, monkeypatch):
    rng = np.random.default_rng(4)
    net = MLP([4, 5, 3], "tanh", seed=2)
    right = net.backward
    monkeypatch.setattr(net, "backward", lambda y: right(y) | {key: 1.001 * right(y)[key]})
    report = net.check_gradients(rng.standard_normal((5, 4)), rng.integers(0, 3, 5))
    assert not report
    assert [row[0] for row in report.rows if not row[-1]] == [key]
    assert f"{key} " in str(report)
    assert "DIFFERS" in str(report)


@pytest.mark.parametrize("h", [1e-4, 1e-5, 1e-6])
def test_the_verdict_rule_never_lies(h):
    """Right formulas pass and formulas off by 1e-4 fail, on functions of many sizes and scales."""
    for seed in range(150):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((4, 4)) * 10.0 ** rng.integers(-2, 3)
        x = rng.standard_normal(4)
        report = bpkit.check_gradients(
            lambda x, A=A: np.sum(np.sin(A @ x) / 2), lambda x, A=A: A.T @ np.cos(A @ x) / 2, x, h
        )
        if np.abs(A).max() < 20:  # beyond that the curve bends within a step of 1e-4
            assert report, (seed, str(report))
        off = bpkit.check_gradients(lambda x, A=A: np.sum(x**2), lambda x, A=A: 2.0001 * x, x, h)
        assert not off


def test_check_gradients_refuses_what_it_cannot_compare():
    with pytest.raises(ValueError, match=r"grad_f\(x\)\['x'\] has shape \(3,\)"):
        bpkit.check_gradients(np.sum, lambda x: np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"f\(x\) must be one number"):
        bpkit.check_gradients(lambda x: x, lambda x: x, np.ones(2))
    assert not bpkit.check_gradients(lambda x: float("nan"), lambda x: x, np.ones(2))


def test_seeds_and_initial_spread():
    one, two = MLP([200, 300, 10], seed=5), MLP([200, 300, 10], seed=np.random.default_rng(5))
    for key in one.parameters:
        np.testing.assert_array_equal(one.parameters[key], two.parameters[key])
    assert np.std(one.parameters["W1"]) == pytest.approx(np.sqrt(2 / 200), rel=0.02)
    assert np.std(MLP([200, 300], "tanh").parameters["W1"]) == pytest.approx(np.sqrt(2 / 500), rel=0.02)
    assert not one.parameters["b1"].any()


def test_a_step_lowers_the_loss_and_forward_leaves_the_examples_alone():
    data = datasets.digits()
    X, y = data.X[:64], data.y[:64]
    before = X.copy()
    net = MLP([64, 16, 10])
    first = net.loss(X, y)
    for _ in range(20):
        net.forward(X)
        net.step(net.backward(y), 0.1)
    assert net.loss(X, y) < 0.8 * first
    np.testing.assert_array_equal(X, before)


def test_deep_stack_gradient_norms_against_autograd():
    rng = np.random.default_rng(6)
    for name, squash in SQUASH.items():
        X = rng.standard_normal((4, 3))
        weights = [rng.standard_normal(shape) for shape in ((3, 5), (5, 2), (2, 6))]
        activations = bpkit.deep_forward(X, weights, name)
        dA = rng.standard_normal((4, 6))
        norms = bpkit.gradient_norms(dA, activations, weights, name)
        for layer in range(4):

            def rest(a, layer=layer, weights=weights, squash=squash, dA=dA):
                for W in weights[layer:]:
                    a = squash(a @ W)
                return anp.sum(dA * a)

            (expected,) = outsiders.gradients(rest, activations[layer])
            assert norms[layer] == pytest.approx(np.linalg.norm(expected), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: MLP([3]), "sizes must name at least inputs and outputs"),
        (lambda: MLP([3, 0]), "sizes must be at least 1, got 0"),
        (lambda: MLP([3, 2], "softsign"), "activation must be one of sigmoid, tanh, relu, got 'softsign'"),
        (lambda: MLP([3, 2], loss="bce"), "loss must be one of mse, mae"),
        (lambda: MLP([3, 2]).forward(np.ones((4, 5))), r"layer 1 has 3 inputs .*got \(4, 5\)"),
        (lambda: MLP([3, 2]).backward([0]), "call forward first"),
        (lambda: bpkit.deep_forward(np.ones((1, 2)), [np.ones((3, 2))], "relu"), "layer 1 has 3 inputs"),
        (lambda: bpkit.gradient_norms(np.ones((1, 2)), [np.ones((1, 2))], [np.ones((2, 2))], "relu"), "one array more"),
        (
            lambda: bpkit.train_classifier(np.ones((3, 2)), [0, 1], 4, 0.1, 1, 2, np.random.default_rng(0)),
            "labels has shape",
        ),
        (
            lambda: bpkit.train_classifier(np.ones((2, 2)), [0, -1], 4, 0.1, 1, 2, np.random.default_rng(0)),
            "labels must lie",
        ),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
