"""Slopes by measuring: finite differences, the chain rule, and the check that compares both with a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import at_least, floats, nonempty, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from bpkit._arrays import Array


def central_difference(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """Slope of a function of one number, measured between one point on each side.

    Args:
        f: takes a float, returns a float.
        x: where to measure.
        h: how far to step to each side, above 0.
    Returns:
        An estimate of df/dx at x; its error shrinks like h² until rounding takes over near h = 1e-5.
    Formula:
        ( f(x + h) - f(x - h) ) / (2 h). NaN stays NaN.
    Raises:
        ValueError: x is not one real number, or h <= 0.
    Source:
        Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), formula 25.3.21.
    Example:
        >>> round(central_difference(lambda x: x**3, 2.0), 6)
        12.0
    """
    x, h = at_least("x", x, -np.inf), at_least("h", h, 0.0, strict=True)
    return float((f(x + h) - f(x - h)) / (2.0 * h))


def numerical_gradient(f: Callable[[Any], float], x: ArrayLike, h: float = 1e-5) -> Array:
    """Gradient of a function of an array, measured entry by entry.

    Args:
        f: takes an array shaped like x, returns a float.
        x: where to measure, any shape, at least one entry; ints are measured as float64.
        h: how far to move each entry to each side, above 0.
    Returns:
        float64 with the shape of x: entry i is the slope along entry i. x itself is left alone.
    Formula:
        ( f(x + h e_i) - f(x - h e_i) ) / (2 h), where e_i is 1 at entry i and 0 elsewhere. NaN stays NaN.
    Raises:
        ValueError: x is empty or not numeric, or h <= 0.
    Source:
        Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), formula 25.3.21.
    Example:
        >>> numerical_gradient(lambda x: (x**2).sum(), [1, 2, 3]).round(6)
        array([2., 4., 6.])
    """
    point, h = nonempty("x", x).copy(), at_least("h", h, 0.0, strict=True)
    slopes = np.empty_like(point)
    for index in np.ndindex(point.shape):
        here = point[index]
        point[index] = here + h
        above = f(point)
        point[index] = here - h
        slopes[index] = (above - f(point)) / (2.0 * h)
        point[index] = here
    return slopes


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    """How far two arrays are apart, measured against the larger of them.

    Args:
        a, b: any one shape.
    Returns:
        0.0 for equal arrays (two zeros included), 2.0 for a = -b; small means many common digits.
    Formula:
        max |a - b| / max(|a|, |b|), both maxima over all entries. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, or there are no entries.
    Source:
        Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 1.2.
    Example:
        >>> relative_error([1.0, 0.0], [1.0, 0.25])
        0.25
    """
    a, b = pair("a", a, "b", b)
    size = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / size) if size != 0 else 0.0


def chain_rule(
    df: Callable[[Any], Any], g: Callable[[Any], Any], dg: Callable[[Any], Any], x: ArrayLike
) -> Array | float:
    """Derivative of f(g(x)) from the derivatives of f and g.

    Args:
        df: derivative of the outer function.
        g: the inner function.
        dg: derivative of the inner function.
        x: a number, or an array if the three functions work entry by entry.
    Returns:
        The derivative at x, with the shape of x.
    Formula:
        df(g(x)) * dg(x): the outer slope is taken where the inner function has arrived. NaN stays NaN.
    Raises:
        ValueError: x does not hold real numbers.
    Source:
        Spivak, "Calculus" (2008), chapter 10.
    Example:
        >>> float(chain_rule(lambda u: 2 * u, lambda x: 3 * x, lambda x: 3.0, 5.0))  # of (3x)²
        90.0
    """
    x = floats("x", x)[()]
    return df(g(x)) * dg(x)
