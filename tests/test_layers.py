"""Layers against HIPS autograd and closed forms."""

import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpkit
from tests import outsiders, strategies

SHAPES = [(1, 1, 1), (1, 3, 2), (4, 1, 5), (7, 3, 5)]


@given(X=strategies.tables(), h=st.integers(1, 5), data=st.data())
def test_dense_entry_by_entry(X, h, data):
    W, b = data.draw(strategies.arrays(X.shape[1], h)), data.draw(strategies.arrays(h))
    Z = bpkit.dense(X, W, b)
    for i, j in np.ndindex(Z.shape):
        expected = sum(X[i, m] * W[m, j] for m in range(X.shape[1])) + b[j]
        assert Z[i, j] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("n", "d", "h"), SHAPES)
def test_dense_backward_against_autograd(n, d, h):
    rng = np.random.default_rng(0)
    X, W, b, dZ = (rng.standard_normal(shape) for shape in ((n, d), (d, h), (h,), (n, h)))
    expected = outsiders.gradients(lambda X, W, b: anp.sum(dZ * (X @ W + b)), X, W, b)
    for ours, theirs in zip(bpkit.dense_backward(dZ, X, W), expected, strict=True):
        assert outsiders.same(ours, theirs)


def plain_batch_norm(X, gamma, beta, eps=1e-5):
    mean, var = anp.mean(X, axis=0), anp.var(X, axis=0)
    return gamma * (X - mean) / anp.sqrt(var + eps) + beta


@pytest.mark.parametrize(("n", "d"), [(2, 1), (2, 5), (7, 3), (64, 4)])
def test_batch_norm_against_autograd(n, d):
    rng = np.random.default_rng(1)
    X, gamma, beta, dout = (rng.standard_normal(shape) for shape in ((n, d), (d,), (d,), (n, d)))
    out, cache = bpkit.batch_norm_forward(X, gamma, beta)
    assert outsiders.same(out, plain_batch_norm(X, gamma, beta))
    expected = outsiders.gradients(lambda *args: anp.sum(dout * plain_batch_norm(*args)), X, gamma, beta)
    for ours, theirs in zip(bpkit.batch_norm_backward(dout, cache), expected, strict=True):
        assert outsiders.same(ours, theirs, rtol=1e-7)


def test_batch_norm_gives_every_column_mean_zero_and_variance_one():
    X = np.random.default_rng(2).normal(5.0, 3.0, (50, 4))
    out, _ = bpkit.batch_norm_forward(X, np.ones(4), np.zeros(4), eps=1e-12)
    np.testing.assert_allclose(out.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=0), 1.0, rtol=1e-9)


def test_adding_a_constant_to_a_column_changes_nothing_so_its_gradient_sums_to_zero():
    rng = np.random.default_rng(3)
    X, dout = rng.standard_normal((7, 3)), rng.standard_normal((7, 3))
    _, cache = bpkit.batch_norm_forward(X, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(bpkit.batch_norm_backward(dout, cache)[0].sum(axis=0), 0.0, atol=1e-12)


def test_inference_with_the_batch_statistics_is_the_forward_pass():
    X = np.random.default_rng(4).standard_normal((9, 2))
    gamma, beta = np.array([2.0, -1.0]), np.array([0.5, 1.0])
    out, _ = bpkit.batch_norm_forward(X, gamma, beta)
    assert outsiders.same(bpkit.batch_norm_inference(X, gamma, beta, X.mean(axis=0), X.var(axis=0)), out)
    one = bpkit.batch_norm_inference(X[:1], gamma, beta, X.mean(axis=0), X.var(axis=0))
    assert outsiders.same(one, out[:1])


def test_nan_passes_through():
    X = np.array([[np.nan, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(np.isnan(bpkit.dense(X, np.eye(2), np.zeros(2))), [[True, True], [False, False]])
    assert np.isnan(bpkit.dense_backward(X, np.ones((2, 2)), np.eye(2))[2][0])
    out, cache = bpkit.batch_norm_forward(X, np.ones(2), np.zeros(2))
    assert np.isnan(out[:, 0]).all()
    assert np.isfinite(out[:, 1]).all()
    assert np.isnan(bpkit.batch_norm_backward(np.ones((2, 2)), cache)[0][:, 0]).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.dense(np.ones((4, 3)), np.ones((2, 5)), np.ones(5)), r"X \(4, 3\) and W \(2, 5\) do not fit"),
        (lambda: bpkit.dense(np.ones(3), np.ones((3, 5)), np.ones(5)), r"X must have shape \(n, d\), got \(3,\)"),
        (
            lambda: bpkit.dense(np.ones((4, 3)), np.ones((3, 5)), np.ones((1, 5))),
            r"b must have shape \(h,\), got \(1, 5\)",
        ),
        (
            lambda: bpkit.dense(np.ones((4, 3)), np.ones((3, 5)), np.ones(4)),
            r"b has shape \(4,\), but W \(3, 5\) has 5",
        ),
        (lambda: bpkit.dense(np.ones((0, 3)), np.ones((3, 5)), np.ones(5)), r"X is empty: its shape is \(0, 3\)"),
        (
            lambda: bpkit.dense_backward(np.ones((4, 2)), np.ones((4, 3)), np.ones((3, 5))),
            r"dZ has shape \(4, 2\), but X \(4, 3\) @ W \(3, 5\) has shape \(4, 5\)",
        ),
        (lambda: bpkit.batch_norm_forward(np.ones((4, 3)), np.ones(2), np.ones(3)), r"gamma has shape \(2,\), but X"),
        (lambda: bpkit.batch_norm_forward(np.ones((4, 3)), np.ones(3), np.ones(3), eps=0), "eps must be above 0"),
        (lambda: bpkit.batch_norm_backward(np.ones((4, 3)), {"x_hat": 1}), r"lacks \['gamma', 'inv_std'\]"),
        (
            lambda: bpkit.batch_norm_inference(np.ones((1, 2)), np.ones(2), np.ones(2), np.ones(2), [-1.0, 1.0]),
            "var must not be negative, got -1",
        ),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_whole_numbers_are_computed_in_float64():
    Z = bpkit.dense([[1, 2]], [[1, 0], [0, 10]], [0, 1])
    assert Z.dtype == np.float64
    np.testing.assert_array_equal(Z, [[1, 21]])
