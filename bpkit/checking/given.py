"""What a check hands to a function besides arrays: curves to differentiate and random generators.

A check may run beside the student's function or on the far side of a wall, so everything it hands over
is described by plain data and brought to life by `hand_out` just before the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A smooth function known by name and numbers: `Curve("cubic", (1.0, 2.0, 3.0))`.

    Called with a number or an array it returns the value; the names are the keys of `CURVES`.
    """

    kind: str
    numbers: tuple[Any, ...]

    def __call__(self, x: Any) -> Any:
        return CURVES[self.kind](x, *self.numbers)


@dataclass(frozen=True)
class Seeded:
    """A `numpy.random.Generator` in its first state, made anew for every call."""

    seed: int


CURVES: dict[str, Callable[..., Any]] = {
    "quadratic": lambda x, a, b, c: a * x**2 + b * x + c,
    "quadratic slope": lambda x, a, b, c: 2 * a * x + b,
    "cubic": lambda x, a, b, c: a * x**3 + b * x**2 + c * x,
    "cubic slope": lambda x, a, b, c: 3 * a * x**2 + 2 * b * x + c,
    "wave": lambda x, a, b, c: a * np.sin(b * x + c),
    "wave slope": lambda x, a, b, c: a * b * np.cos(b * x + c),
    "growth": lambda x, a, b: a * np.exp(b * x),
    "growth slope": lambda x, a, b: a * b * np.exp(b * x),
    # The entries of x meet in the last term: a slope measured at a slightly wrong place shows.
    "bowl": lambda x, a, b: float(np.sum(a * np.asarray(x) ** 2 + b * np.asarray(x)) + 0.5 * np.sum(x) ** 2),
    "ripples": lambda x, a, b: float(np.sum(a * np.sin(b * np.asarray(x))) + 0.5 * np.sum(x) ** 2),
}


def hand_out(value: Any) -> Any:
    """Return a fresh copy of `value` for one call; nothing the callee does can reach the original."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: hand_out(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(hand_out(entry) for entry in value)
    if isinstance(value, Seeded):
        return np.random.default_rng(value.seed)
    return value
