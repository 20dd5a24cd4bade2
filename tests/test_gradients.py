"""Finite differences against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpkit


@given(x=st.floats(-3, 3), h=st.sampled_from([1e-3, 1e-4, 1e-5]))
def test_central_difference_of_a_cubic(x, h):
    # For x³ the difference is 3x² + h² exactly, but for rounding.
    assert bpkit.central_difference(lambda t: t**3, x, h) == pytest.approx(3 * x**2 + h**2, rel=1e-6, abs=1e-9)


@given(x=st.floats(-3, 3), h=st.floats(0.01, 2.0))
def test_central_difference_of_a_parabola_is_exact_for_every_step(x, h):
    assert bpkit.central_difference(lambda t: 2 * t**2 - t, x, h) == pytest.approx(4 * x - 1, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 2)])
def test_numerical_gradient_of_a_quadratic(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    before = x.copy()
    grad = bpkit.numerical_gradient(lambda t: float(np.sum(t**2) + np.sum(t) ** 2), x)
    np.testing.assert_allclose(grad, 2 * x + 2 * x.sum(), rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(x, before)
    assert grad.dtype == np.float64


def test_numerical_gradient_of_whole_numbers():
    x = np.array([2, 4])
    np.testing.assert_allclose(bpkit.numerical_gradient(lambda t: t[0] * t[1], x), [4.0, 2.0], rtol=1e-9)
    np.testing.assert_array_equal(x, [2, 4])


def test_relative_error():
    assert bpkit.relative_error([0.0, 0.0], [0.0, 0.0]) == 0.0
    assert bpkit.relative_error([2.0], [-2.0]) == 2.0
    assert bpkit.relative_error([0.0, 4.0], [1.0, 4.0]) == 0.25
    assert np.isnan(bpkit.relative_error([np.nan], [1.0]))
    assert np.isnan(bpkit.relative_error([1.0], [np.nan]))


@given(x=st.floats(-2, 2))
def test_chain_rule_of_sin_of_a_square(x):
    ours = bpkit.chain_rule(np.cos, lambda t: t**2, lambda t: 2 * t, x)
    assert ours == pytest.approx(np.cos(x**2) * 2 * x, rel=1e-12, abs=1e-300)


def test_chain_rule_works_entry_by_entry():
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(bpkit.chain_rule(lambda u: 2 * u, lambda t: 3 * t, lambda t: 3.0 + 0 * t, x), 18 * x)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.central_difference(np.sin, 1.0, h=0.0), "h must be above 0"),
        (lambda: bpkit.central_difference(np.sin, [1.0, 2.0]), r"x must be one number, got an array of shape \(2,\)"),
        (lambda: bpkit.numerical_gradient(np.sum, []), "x is empty"),
        (lambda: bpkit.numerical_gradient(np.sum, ["a"]), "x must hold real numbers"),
        (lambda: bpkit.relative_error([1.0], [1.0, 2.0]), "a and b must have the same shape"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
