"""Slopes by measuring: finite differences, the chain rule, a descent, and the check that compares slopes with a formula."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import EPSILON, at_least, floats, grads_like, nonempty, pair, scalar, whole

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


def descend(f: Callable[[Any], float], x: ArrayLike, lr: float, steps: int) -> tuple[Array, list[float]]:
    """Walk downhill by gradient descent, with slopes that are measured.

    Args:
        f: takes an array shaped like x, returns a float.
        x: where to start, any shape, at least one entry; x itself is left alone.
        lr: learning rate, above 0.
        steps: how many steps, 0 or more.
    Returns:
        (x, heights): float64 with the shape of x, the place after the last step; and a list of `steps`
        floats, the height before each step.
    Formula:
        steps times: heights.append(f(x)), x = x - lr * numerical_gradient(f, x). NaN stays NaN.
    Raises:
        ValueError: x is empty or not numeric, lr <= 0 or steps < 0.
    Source:
        Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées" (1847).
    Example:
        >>> x, heights = descend(lambda x: x[0] ** 2, [1.0], lr=0.25, steps=2)
        >>> x.round(6), [round(height, 6) for height in heights]
        (array([0.25]), [1.0, 0.25])
    """
    place, lr, heights = nonempty("x", x).copy(), at_least("lr", lr, 0.0, strict=True), []
    for _ in range(whole("steps", steps, 0)):
        heights.append(float(f(place)))
        place = place - lr * numerical_gradient(f, place)
    return place, heights


class GradientReport:
    """A formula's gradients beside measured ones, array by array, with a verdict.

    Two gradients agree if no entries differ by more than 1e-6 of the largest entry in either, plus what
    rounding alone can do: 8 eps max(1, |loss|, |x|) / h. True where all arrays agree; printed, it is a table.

    Attributes:
        loss, h: the loss at the point, and the step of the measurement.
        rows: (name, relative error, allowed error, index of the largest difference, agrees) of each array.
    """

    def __init__(self, loss: float, h: float) -> None:
        self.loss, self.h = loss, h
        self.rows: list[tuple[str, float, float, tuple[int, ...], bool]] = []

    def compare(self, name: str, formula: Array, measured: Array, x: Array) -> None:
        """Add one array to the report; x is where the gradients were taken."""
        difference = np.abs(formula - measured)
        size = float(max(np.abs(formula).max(), np.abs(measured).max()))
        allowed = 1e-6 * size + 8.0 * EPSILON * max(1.0, abs(self.loss), float(np.abs(x).max())) / self.h
        worst = float(difference.max())
        index = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
        self.rows.append(
            (name, worst / size if size else 0.0, allowed / size if size else 0.0, index, worst <= allowed)
        )

    @property
    def error(self) -> float:
        """The largest relative error of any array."""
        return max(row[1] for row in self.rows)

    def __bool__(self) -> bool:
        return all(row[-1] for row in self.rows)

    def __str__(self) -> str:
        lines = [f"{'array':<10} {'relative error':>14} {'allowed':>9}  largest difference at"]
        for name, error, allowed, index, agrees in self.rows:
            where = list(index) if index else "the number"
            lines.append(f"{name:<10} {error:>14.1e} {allowed:>9.1e}  {where}{'' if agrees else '   DIFFERS'}")
        verdict = "The gradients agree." if self else "The gradients differ: look at the arrays marked above."
        return "\n".join([*lines, verdict])


def check_gradients(
    f: Callable[[Any], float],
    grad_f: Callable[[Any], Any],
    x: ArrayLike | Mapping[str, ArrayLike],
    h: float = 1e-5,
) -> GradientReport:
    """Compare a gradient's formula with measured slopes, entry by entry, and give a verdict.

    Args:
        f: takes an array like x (or a dict of arrays), returns the loss, a float.
        grad_f: takes the same, returns the gradient: an array like x (or a dict with the same keys).
        x: where to compare; an array or a dict of arrays, away from kinks.
        h: the step to each side, above 0; the verdict was tried for 1e-4 to 1e-6.
    Returns:
        A `GradientReport`: true if all agree, readable when printed.
    Formula:
        |formula - measured| <= 1e-6 max(|formula|, |measured|) + 8 eps max(1, |f(x)|, |x|) / h, the
        maxima over the entries of one array. A NaN anywhere makes the verdict false.
    Raises:
        ValueError: x is empty, h <= 0, f does not return one number, or grad_f's shapes are not those of x.
    Source:
        Gill, Murray and Wright, "Practical Optimization" (1981), section 8.6, for the two errors that are balanced.
    Example:
        >>> report = check_gradients(lambda x: (x**3).sum(), lambda x: 3 * x**2, [1.0, -2.0])
        >>> bool(report)
        True
        >>> bool(check_gradients(lambda x: (x**3).sum(), lambda x: 2 * x**2, [1.0, -2.0]))
        False
    """
    h = at_least("h", h, 0.0, strict=True)
    if not isinstance(x, Mapping):
        return check_gradients(lambda d: f(d["x"]), lambda d: {"x": grad_f(d["x"])}, {"x": x}, h)
    point = {key: nonempty(key, value).copy() for key, value in x.items()}
    _, formula = grads_like(point, grad_f({key: value.copy() for key, value in point.items()}), "grad_f(x)")
    report = GradientReport(scalar("f(x)", f(point)), h)
    for key, value in point.items():
        measured = numerical_gradient(functools.partial(_with, f, point, key), value, h)
        report.compare(key, formula[key], measured, value)
    return report


def _with(f: Callable[[Any], float], point: dict[str, Array], key: str, value: Array) -> float:
    return f({**point, key: value})
