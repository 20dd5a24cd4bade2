"""Losses against scikit-learn, closed forms and HIPS autograd."""

import autograd.numpy as anp
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given

import bpkit
from tests import outsiders, strategies

LN2 = np.log(2.0)


@given(both=strategies.pairs())
def test_regression_losses_against_scikit_learn(both):
    y, p = both
    flat_y, flat_p = y.reshape(-1, 1), p.reshape(-1, 1)
    assert bpkit.mse(y, p) == pytest.approx(sklearn.metrics.mean_squared_error(flat_y, flat_p), rel=1e-12, abs=1e-300)
    assert bpkit.mae(y, p) == pytest.approx(sklearn.metrics.mean_absolute_error(flat_y, flat_p), rel=1e-12)


def test_huber_is_half_the_square_inside_and_a_line_outside():
    assert bpkit.huber(0.0, 0.8, delta=1.5) == pytest.approx(0.32)
    assert bpkit.huber(0.0, -4.0, delta=1.5) == pytest.approx(1.5 * (4.0 - 0.75))
    assert bpkit.huber([0.0, 0.0], [0.5, 0.5]) == pytest.approx(bpkit.mse([0.0], [0.5]) / 2)


def test_huber_has_no_jump_at_delta():
    for delta in (0.5, 1.0, 3.0):
        below, above = bpkit.huber(0.0, delta - 1e-9, delta), bpkit.huber(0.0, delta + 1e-9, delta)
        assert abs(above - below) < 1e-8


@pytest.mark.parametrize("n", [2, 5, 31])
def test_cross_entropies_against_scikit_learn(n):
    rng = np.random.default_rng(n)
    y, a = np.r_[0.0, 1.0, rng.integers(0, 2, n - 2)], rng.uniform(0.01, 0.99, n)
    assert bpkit.bce(y, a) == pytest.approx(sklearn.metrics.log_loss(y, a), rel=1e-12)
    labels, p = np.arange(n) % 3, bpkit.softmax(rng.standard_normal((n, 3)))
    expected = sklearn.metrics.log_loss(labels, p, labels=[0, 1, 2])
    assert bpkit.sparse_cce(labels, p) == pytest.approx(expected, rel=1e-12)
    assert bpkit.cce(np.eye(3)[labels], p) == pytest.approx(expected, rel=1e-12)


def test_hinge_against_scikit_learn():
    rng = np.random.default_rng(0)
    y, s = np.array([1.0, -1.0, 1.0, -1.0, 1.0]), rng.standard_normal(5) * 2
    assert bpkit.hinge(y, s) == pytest.approx(sklearn.metrics.hinge_loss(y, s), rel=1e-12)


def test_known_values():
    assert bpkit.bce([0.0, 1.0, 1.0], [0.5, 0.5, 0.5]) == pytest.approx(LN2, rel=1e-15)
    assert bpkit.bce_with_logits([0.0, 1.0], [0.0, 0.0]) == pytest.approx(LN2, rel=1e-15)
    for k in (2, 5, 10):
        uniform = np.full((3, k), 1 / k)
        assert bpkit.sparse_cce([0, 1, 0], uniform) == pytest.approx(np.log(k), rel=1e-14)
        assert bpkit.sparse_cce_with_logits([0, 1, 0], np.zeros((3, k))) == pytest.approx(np.log(k), rel=1e-14)
    assert bpkit.triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.0]], margin=1.0) == pytest.approx(1.0)


def soft_rows(rng, n, k):
    return bpkit.softmax(rng.standard_normal((n, k)))


PLAIN = {
    "mse": lambda y, p: anp.mean((p - y) ** 2),
    "mae": lambda y, p: anp.mean(anp.abs(p - y)),
    "huber": lambda y, p: anp.mean(anp.where(anp.abs(p - y) <= 1.0, (p - y) ** 2 / 2, anp.abs(p - y) - 0.5)),
    "bce": outsiders.bce,
    "bce_with_logits": lambda y, z: outsiders.bce(y, outsiders.sigmoid(z)),
    "hinge": lambda y, s: anp.mean(anp.maximum(0.0, 1.0 - y * s)),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", [(1,), (1, 1), (7,), (5, 3)])
def test_gradients_of_entrywise_losses_against_autograd(name, shape):
    rng = np.random.default_rng(1)
    prediction = rng.uniform(0.1, 0.9, shape) if name == "bce" else 2.0 * rng.standard_normal(shape)
    target = rng.integers(0, 2, shape).astype(float) if "bce" in name else rng.standard_normal(shape)
    target = np.where(target > 0, 1.0, -1.0) if name == "hinge" else target
    (expected,) = outsiders.gradients(lambda p: PLAIN[name](target, p), prediction)
    assert outsiders.same(getattr(bpkit, f"{name}_backward")(target, prediction), expected)
    assert getattr(bpkit, name)(target, prediction) == pytest.approx(PLAIN[name](target, prediction), rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (6, 3)])
def test_gradients_of_class_losses_against_autograd(shape):
    rng = np.random.default_rng(2)
    n, k = shape
    T, z, labels = soft_rows(rng, n, k), rng.standard_normal(shape), rng.integers(0, k, n)
    p, onehot = bpkit.softmax(z), np.eye(k)[labels]

    def from_scores(T, z):
        return -anp.sum(T * (z - anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True)))) / n

    def from_probabilities(T, p):
        return -anp.sum(T * anp.log(p)) / n

    assert outsiders.same(bpkit.cce_backward(T, p), outsiders.gradients(lambda p: from_probabilities(T, p), p)[0])
    assert outsiders.same(
        bpkit.sparse_cce_backward(labels, p), outsiders.gradients(lambda p: from_probabilities(onehot, p), p)[0]
    )
    assert outsiders.same(bpkit.cce_with_logits_backward(T, z), outsiders.gradients(lambda z: from_scores(T, z), z)[0])
    assert outsiders.same(
        bpkit.sparse_cce_with_logits_backward(labels, z), outsiders.gradients(lambda z: from_scores(onehot, z), z)[0]
    )
    assert bpkit.cce_with_logits(T, z) == pytest.approx(from_scores(T, z), rel=1e-12, abs=1e-15)
    assert bpkit.sparse_cce_with_logits(labels, z) == pytest.approx(from_scores(onehot, z), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("margin", [0.0, 1.0, 3.0])
def test_triplet_gradients_against_autograd(margin):
    rng = np.random.default_rng(3)
    triple = [rng.standard_normal((6, 4)) for _ in range(3)]

    def plain(a, p, n):
        gap = anp.sum((a - p) ** 2, axis=1) - anp.sum((a - n) ** 2, axis=1) + margin
        return anp.mean(anp.maximum(gap, 0.0))

    for ours, theirs in zip(bpkit.triplet_backward(*triple, margin), outsiders.gradients(plain, *triple), strict=True):
        assert outsiders.same(ours, theirs)
    assert bpkit.triplet(*triple, margin) == pytest.approx(plain(*triple), rel=1e-12)


@pytest.mark.filterwarnings("error")
def test_everything_stays_finite_and_silent_at_plus_minus_1000():
    z = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 1000.0]])
    binary, labels, T = np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]]), [1, 0], np.array([[0, 1.0, 0], [1.0, 0, 0]])
    signs = 2 * binary - 1
    for value in (
        bpkit.bce_with_logits(binary, z),
        bpkit.bce_with_logits_backward(binary, z),
        bpkit.cce_with_logits(T, z),
        bpkit.cce_with_logits_backward(T, z),
        bpkit.sparse_cce_with_logits(labels, z),
        bpkit.sparse_cce_with_logits_backward(labels, z),
        bpkit.bce(binary, bpkit.sigmoid(z)),
        bpkit.bce_backward(binary, bpkit.sigmoid(z)),
        bpkit.cce(T, bpkit.softmax(z)),
        bpkit.cce_backward(T, bpkit.softmax(z)),
        bpkit.sparse_cce(labels, bpkit.softmax(z)),
        bpkit.sparse_cce_backward(labels, bpkit.softmax(z)),
        *(loss(binary, z) for loss in (bpkit.mse, bpkit.mae, bpkit.huber)),
        *(slope(binary, z) for slope in (bpkit.mse_backward, bpkit.mae_backward, bpkit.huber_backward)),
        bpkit.hinge(signs, z),
        bpkit.hinge_backward(signs, z),
        bpkit.triplet(z, -z, z + 1),
        *bpkit.triplet_backward(z, -z, z + 1),
    ):
        assert np.isfinite(value).all()
    assert bpkit.cce_with_logits(T, z) == pytest.approx(2000.0 + LN2 / 2)


def test_clipping_keeps_certain_wrong_answers_finite():
    assert bpkit.bce([1.0, 0.0], [0.0, 1.0]) == pytest.approx(-np.log(np.finfo(float).eps))
    assert np.isfinite(bpkit.bce_backward([1.0, 0.0], [0.0, 1.0])).all()


def test_margins_are_inactive_exactly_at_the_border():
    np.testing.assert_array_equal(bpkit.hinge_backward([1.0, -1.0], [1.0, -1.0]), [0.0, 0.0])
    da, dp, dn = bpkit.triplet_backward([[0.0]], [[1.0]], [[np.sqrt(2.0)]], margin=np.sqrt(2.0) ** 2 - 1)
    assert not (da.any())
    assert not (dp.any())
    assert not (dn.any())
    assert bpkit.mae_backward([1.0], [1.0]) == 0.0


def test_nan_passes_through():
    nan = float("nan")
    for loss in (bpkit.mse, bpkit.mae, bpkit.huber, bpkit.bce, bpkit.bce_with_logits):
        assert np.isnan(loss([1.0, 0.0], [nan, 0.5]))
    for slope in (bpkit.mse_backward, bpkit.mae_backward, bpkit.huber_backward, bpkit.bce_backward):
        assert np.isnan(slope([1.0, 0.0], [nan, 0.5])[0])
    assert np.isnan(bpkit.hinge([1.0], [nan]))
    assert np.isnan(bpkit.hinge_backward([1.0], [nan])).all()
    assert np.isnan(bpkit.cce_with_logits([[0, 1]], [[nan, 1.0]]))
    assert np.isnan(bpkit.sparse_cce_with_logits_backward([1], [[nan, 1.0]])).all()
    assert np.isnan(bpkit.triplet([[nan]], [[1.0]], [[1.0]]))
    assert np.isnan(bpkit.triplet_backward([[nan]], [[1.0]], [[1.0]])[1]).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: bpkit.mse(np.ones((4, 1)), np.ones(4)),
            r"y_true and y_pred must have the same shape.*\(4, 1\).*\(4,\)",
        ),
        (lambda: bpkit.mse([], []), "y_true is empty"),
        (lambda: bpkit.huber([1.0], [1.0], delta=0), "delta must be above 0"),
        (lambda: bpkit.bce([2.0], [0.5]), r"y_true must lie in \[0, 1\], got values from 2 to 2"),
        (lambda: bpkit.bce([1.0], [1.5]), r"a must lie in \[0, 1\]"),
        (lambda: bpkit.bce_backward([1.0, 0.0], [0.5]), r"y_true \(2,\), a \(1,\)"),
        (lambda: bpkit.cce([1.0, 0.0], [0.5, 0.5]), r"y_true must have shape \(n, k\), got \(2,\)"),
        (lambda: bpkit.cce([[1.0, 1.0]], [[0.5, 0.5]]), "each row of y_true must sum to 1"),
        (lambda: bpkit.cce_with_logits([[1.0, 0.0]], [[0.5, 0.5, 0.1]]), r"same shape"),
        (lambda: bpkit.sparse_cce([3], [[0.5, 0.5]]), r"labels must lie in 0 … 1, got values from 3 to 3"),
        (
            lambda: bpkit.sparse_cce([[0], [0, 1]], [[0.5, 0.5]]),
            "labels must be an array, but its rows have different lengths",
        ),
        (lambda: bpkit.sparse_cce([-1], [[0.5, 0.5]]), "labels must lie in"),
        (lambda: bpkit.sparse_cce([0.5], [[0.5, 0.5]]), "labels must hold whole numbers"),
        (lambda: bpkit.sparse_cce([0, 1], [[0.5, 0.5]]), r"labels has shape \(2,\), but p has 1 rows"),
        (lambda: bpkit.sparse_cce_with_logits([[0]], [[0.5, 0.5]]), r"labels must have shape \(n,\)"),
        (lambda: bpkit.hinge([0.0, 1.0], [1.0, 1.0]), r"y_true must hold only -1 and \+1, got values from 0 to 1"),
        (lambda: bpkit.triplet(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 2))), "anchor and positive and negative"),
        (lambda: bpkit.triplet(np.ones(3), np.ones(3), np.ones(3)), r"anchor must have shape \(n, d\)"),
        (lambda: bpkit.triplet([[1.0]], [[1.0]], [[1.0]], margin=-1), "margin must be at least 0"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
