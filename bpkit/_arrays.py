"""Reading arguments: every public function turns what it is given into float64 here, or says what is wrong.

The messages name the argument and the shapes, because that is what the caller can change.
NaN is never an error: it passes through, so that a learner sees where it first appears.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Params = Mapping[str, ArrayLike]

FLOAT = np.dtype(np.float64)
EPSILON = float(np.finfo(np.float64).eps)


def an_array(name: str, value: Any) -> NDArray[Any]:
    """Return `value` as an array of whatever it holds."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array, but its rows have different lengths") from error


def floats(name: str, value: ArrayLike) -> Array:
    """Return `value` as a float64 array of its own shape; ints and float32 are converted."""
    if type(value) is np.ndarray and value.dtype == FLOAT:
        return value
    array = an_array(name, value)
    if array.dtype.kind not in "fiub":
        kind = "nothing (None)" if value is None else f"dtype {array.dtype}"
        raise ValueError(f"{name} must hold real numbers, got {kind}")
    return array.astype(np.float64, copy=False).view(np.ndarray)


def with_ndim(name: str, value: ArrayLike, layout: str) -> Array:
    """Return `value` as float64 if it has the axes that `layout` names, such as "n d"; none may be empty."""
    array = floats(name, value)
    axes = layout.split()
    if array.ndim != len(axes):
        raise ValueError(f"{name} must have shape ({', '.join(axes)}{',' * (len(axes) == 1)}), got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    return array


def nonempty(name: str, value: ArrayLike) -> Array:
    """Return `value` as float64 of any shape, refusing an array with nothing in it."""
    array = floats(name, value)
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    return array


def same_shape(**arrays: Array) -> None:
    """Raise ValueError unless all the named arrays have one shape."""
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1:
        listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same shape, got {listed}")


def same_length(name: str, array: NDArray[Any], axis: int, other: str, length: int, meaning: str) -> None:
    """Raise ValueError unless `array.shape[axis]` is `length`, the size that `other` sets."""
    if array.shape[axis] != length:
        raise ValueError(f"{name} has shape {array.shape}, but {other} has {length} {meaning}")


def pair(name_a: str, a: ArrayLike, name_b: str, b: ArrayLike) -> tuple[Array, Array]:
    """Return two non-empty float64 arrays of one shape."""
    first, second = nonempty(name_a, a), nonempty(name_b, b)
    if first.shape != second.shape:
        same_shape(**{name_a: first, name_b: second})
    return first, second


def within(name: str, array: Array, low: float, high: float) -> None:
    """Raise ValueError if any entry lies outside [low, high]; NaN passes."""
    if (array < low).any() or (array > high).any():
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}], got values from {np.nanmin(array):g} to {np.nanmax(array):g}"
        )


def scalar(name: str, value: ArrayLike) -> float:
    """Return one real number as a Python float."""
    array = floats(name, value)
    if array.ndim != 0:
        raise ValueError(f"{name} must be one number, got an array of shape {array.shape}")
    return float(array)


def at_least(name: str, value: ArrayLike, least: float, *, strict: bool = False) -> float:
    """Return one real number that is >= least (> least if strict); NaN passes."""
    number = scalar(name, value)
    if number < least or (strict and number == least):
        raise ValueError(f"{name} must be {'above' if strict else 'at least'} {least:g}, got {number:g}")
    return number


def whole(name: str, value: Any, least: int) -> int:
    """Return a whole number that is >= least."""
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from error
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def labels_of(name: str, labels: ArrayLike, classes: int | None = None) -> NDArray[np.intp]:
    """Return class labels (n,) as integers in [0, classes), if given; whole-valued floats are accepted."""
    array = an_array(name, labels)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have shape (n,) with n >= 1, got {array.shape}")
    if array.dtype.kind not in "fiub" or (array.dtype.kind == "f" and not np.array_equal(array, np.floor(array))):
        raise ValueError(f"{name} must hold whole numbers, got dtype {array.dtype}")
    if array.min() < 0 or (classes is not None and array.max() >= classes):
        allowed = "0, 1, 2, …" if classes is None else f"0 … {classes - 1}"
        raise ValueError(f"{name} must lie in {allowed}, got values from {array.min()} to {array.max()}")
    return array.astype(np.intp, copy=False)


def a_dict(name: str, value: Any) -> None:
    """Raise ValueError unless `value` maps names to arrays, as params, grads and caches do."""
    if not hasattr(value, "items"):
        raise ValueError(f"{name} must be a dict from names to arrays, got {type(value).__name__}")


def grads_like(params: Params, grads: Params, grads_name: str = "grads") -> tuple[dict[str, Array], dict[str, Array]]:
    """Return both dicts as float64 arrays if they have the same keys and, key by key, the same shapes."""
    a_dict("params", params)
    a_dict(grads_name, grads)
    if set(params) != set(grads):
        raise ValueError(f"{grads_name} must have the keys of params: {sorted(params)}, got {sorted(grads)}")
    p = {key: floats(f"params[{key!r}]", value) for key, value in params.items()}
    g = {key: floats(f"{grads_name}[{key!r}]", grads[key]) for key in params}
    for key in p:
        if p[key].shape != g[key].shape:
            raise ValueError(f"{grads_name}[{key!r}] has shape {g[key].shape}, but params[{key!r}] has {p[key].shape}")
    return p, g


def is_positive(z: Array) -> Array:
    """1.0 where z > 0, 0.0 where z <= 0, NaN where z is NaN (a plain comparison would lose the NaN)."""
    return np.sign(np.maximum(z, 0.0))
