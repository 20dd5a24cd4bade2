"""Formulas held against slopes that are measured, not against another copy of the formula."""

import numpy as np

from bpkit import numerical_gradient, relative_error


def same_gradient(gradient, f, x):
    """The gradient that a formula gives equals the measured slopes of f at x, and is not 0 everywhere."""
    measured = numerical_gradient(f, np.asarray(x, dtype=float))
    assert np.any(measured != 0)
    assert np.shape(gradient) == measured.shape
    assert relative_error(gradient, measured) < 1e-6
