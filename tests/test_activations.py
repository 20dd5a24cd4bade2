"""Activations against SciPy, closed forms and HIPS autograd."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import bpkit
from tests import outsiders, strategies

FORWARD = {
    "sigmoid": (bpkit.sigmoid, scipy.special.expit),
    "tanh": (bpkit.tanh, np.tanh),
    "relu": (bpkit.relu, lambda z: np.where(z > 0, z, 0.0)),
    "leaky_relu": (bpkit.leaky_relu, lambda z: np.where(z > 0, z, 0.01 * z)),
}


@pytest.mark.parametrize("name", FORWARD)
@given(z=strategies.values(-700, 700))
def test_forward_against_scipy_for_any_shape(name, z):
    ours, theirs = FORWARD[name]
    before = z.copy()
    np.testing.assert_allclose(ours(z), theirs(z), rtol=1e-13, atol=0)
    assert np.shape(ours(z)) == z.shape
    np.testing.assert_array_equal(z, before)


@given(z=strategies.tables(elements=st.floats(-800, 800)))
def test_softmax_against_scipy(z):
    np.testing.assert_allclose(bpkit.softmax(z), scipy.special.softmax(z, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(bpkit.log_softmax(z), scipy.special.log_softmax(z, axis=-1), rtol=1e-12, atol=1e-12)


BACKWARD = {
    "sigmoid": (outsiders.sigmoid, lambda da, z: bpkit.sigmoid_backward(da, bpkit.sigmoid(z))),
    "tanh": (anp.tanh, lambda da, z: bpkit.tanh_backward(da, bpkit.tanh(z))),
    "relu": (outsiders.relu, bpkit.relu_backward),
    "leaky_relu": (lambda z: anp.where(z > 0, z, 0.01 * z), bpkit.leaky_relu_backward),
    "softmax": (
        lambda z: anp.exp(z) / anp.sum(anp.exp(z), axis=-1, keepdims=True),
        lambda da, z: bpkit.softmax_backward(da, bpkit.softmax(z)),
    ),
}


@pytest.mark.parametrize("name", BACKWARD)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 1), (3, 5)])
def test_backward_against_autograd(name, shape):
    forward, backward = BACKWARD[name]
    rng = np.random.default_rng(0)
    z, da = rng.standard_normal(shape), rng.standard_normal(shape)
    (dz,) = outsiders.gradients(lambda z: anp.sum(da * forward(z)), z)
    assert outsiders.same(backward(da, z), dz)


def test_softmax_jacobian_is_what_softmax_backward_multiplies_with():
    p, dp = bpkit.softmax([0.3, -1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    assert outsiders.same(bpkit.softmax_jacobian(p) @ dp, bpkit.softmax_backward(dp, p))
    assert outsiders.same(bpkit.softmax_jacobian(p).sum(axis=0), np.zeros(3))


@pytest.mark.filterwarnings("error")
def test_extreme_inputs_stay_finite_and_silent():
    z = np.array([[-1000.0, 0.0, 1000.0], [1000.0, 1000.0, -1000.0]])
    for function in (bpkit.sigmoid, bpkit.tanh, bpkit.softmax, bpkit.log_softmax, bpkit.relu, bpkit.leaky_relu):
        assert np.isfinite(function(z)).all()
    np.testing.assert_array_equal(bpkit.sigmoid(z[0]), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(bpkit.softmax(z), [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]])


def test_sigmoid_is_exactly_one_from_36_point_8_on():
    assert bpkit.sigmoid(36.7) < 1.0
    assert bpkit.sigmoid(36.8) == 1.0


def test_kinks_have_slope_zero():
    assert bpkit.relu_backward(1.0, 0.0) == 0.0
    assert bpkit.leaky_relu_backward(1.0, 0.0, slope=0.1) == 0.1


@pytest.mark.parametrize(
    "call",
    [
        lambda nan: bpkit.sigmoid(nan),
        lambda nan: bpkit.tanh(nan),
        lambda nan: bpkit.relu(nan),
        lambda nan: bpkit.leaky_relu(nan),
        lambda nan: bpkit.sigmoid_backward(1.0, nan),
        lambda nan: bpkit.sigmoid_backward(nan, 0.5),
        lambda nan: bpkit.tanh_backward(1.0, nan),
        lambda nan: bpkit.relu_backward(1.0, nan),
        lambda nan: bpkit.relu_backward(nan, 1.0),
        lambda nan: bpkit.leaky_relu_backward(1.0, nan),
        lambda nan: bpkit.softmax([nan, 1.0])[1],
        lambda nan: bpkit.log_softmax([nan, 1.0])[1],
        lambda nan: bpkit.softmax_backward([nan, 1.0], [0.5, 0.5])[1],
        lambda nan: bpkit.saturated_fraction([nan, 0.5]),
    ],
)
def test_nan_passes_through(call):
    assert np.isnan(call(float("nan")))


@pytest.mark.parametrize("function", [bpkit.sigmoid, bpkit.tanh, bpkit.relu, bpkit.leaky_relu, bpkit.softmax])
def test_whole_numbers_are_computed_in_float64(function):
    z = np.array([[-2, 0, 3]])
    assert function(z).dtype == np.float64
    np.testing.assert_allclose(function(z), function(z.astype(float)), rtol=0)


def test_saturated_fraction_is_strict_at_both_ends():
    assert bpkit.saturated_fraction([0.05, 0.95, 0.04, 0.96]) == 0.5
    assert bpkit.saturated_fraction(np.array([-3.0, 0.0, 3.0]), low=-2, high=2) == pytest.approx(2 / 3)


def test_dead_units_are_those_with_no_row_above_zero():
    A = np.array([[0.0, 1.0, -1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(bpkit.dead_units(A), [True, False, True])
    assert bpkit.dead_units(A).dtype == bool


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.sigmoid("text"), "z must hold real numbers"),
        (lambda: bpkit.sigmoid(None), "z must hold real numbers, got nothing"),
        (lambda: bpkit.sigmoid([1j]), "z must hold real numbers"),
        (lambda: bpkit.sigmoid([[1.0], [1.0, 2.0]]), "rows have different lengths"),
        (lambda: bpkit.sigmoid_backward(np.ones(3), np.ones(4)), r"da and a must have the same shape.*\(3,\).*\(4,\)"),
        (lambda: bpkit.relu_backward(np.ones((2, 1)), np.ones(2)), r"da and z must have the same shape"),
        (lambda: bpkit.leaky_relu(1.0, slope=[1, 2]), "slope must be one number"),
        (lambda: bpkit.softmax(3.0), r"z must have shape \(..., k\)"),
        (lambda: bpkit.softmax(np.ones((3, 0))), r"z must have shape .*got \(3, 0\)"),
        (lambda: bpkit.softmax_backward(np.ones(3), np.ones(2)), "dp and p must have the same shape"),
        (lambda: bpkit.softmax_jacobian(np.ones((2, 2))), r"p must have shape \(k,\), got \(2, 2\)"),
        (lambda: bpkit.saturated_fraction([]), "a is empty"),
        (lambda: bpkit.saturated_fraction([1.0], low=1, high=0), "low must not exceed high"),
        (lambda: bpkit.dead_units(np.ones(3)), r"A must have shape \(n, h\), got \(3,\)"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
