"""Comparing one result with the truth: structure, type, shape, dtype, finiteness, and at last the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bpkit.checking.exercise import is_nested_list
from bpkit.checking.observe import Foreign

RTOL, ATOL = 1e-7, 1e-12
UNTOUCHED = 1e-12


@dataclass(frozen=True)
class Finding:
    """What is wrong with one result or one part of it: an outcome of `Verdict` and a sentence for the learner.

    Most findings are only compared, so a sentence that is work to write is written when it is read.
    """

    outcome: str
    words: str | Callable[[], str]

    @property
    def text(self) -> str:
        return self.words if isinstance(self.words, str) else self.words()


class Misfit(Exception):
    """The result does not have the structure asked for, so its parts cannot be told apart."""

    def __init__(self, text: str, outcome: str = "wrong_type") -> None:
        super().__init__(text)
        self.finding = Finding(outcome, text)


def structure(truth: Any, got: Any, name: str | tuple[str, ...]) -> None:
    """Raise Misfit unless `got` nests like `truth`: tuples as long, dicts with the keys, lists as long."""
    title = "the result" if isinstance(name, tuple) else name
    if got is None:
        raise Misfit(f"{_subject(title)} is None. Does every path through the function end in a `return`?")
    if isinstance(truth, tuple):
        wanted = name if isinstance(name, tuple) else tuple(f"{name}[{i}]" for i in range(len(truth)))
        if not isinstance(got, (tuple, list)):
            raise Misfit(f"Return {len(truth)} things, ({', '.join(wanted)}); you returned {kind_of(got)}.")
        if len(got) != len(truth):
            raise Misfit(f"Return {len(truth)} things, ({', '.join(wanted)}); you returned {len(got)}.")
        for inner, entry, label in zip(truth, got, wanted, strict=True):
            structure(inner, entry, label)
    elif isinstance(truth, dict):
        if not isinstance(got, dict):
            raise Misfit(f"{_subject(title)} should be a dict with the keys {_listed(truth)}; it is {kind_of(got)}.")
        missing = [key for key in truth if key not in got]
        if missing:
            raise Misfit(
                f"{_subject(title)} should have the keys {_listed(truth)}; it lacks {_listed(missing)} and has {_listed(got)}."
            )
        for key, inner in truth.items():
            structure(inner, got[key], f"{title}[{key!r}]")
    elif is_nested_list(truth):
        if not isinstance(got, (list, tuple)):
            raise Misfit(f"{_subject(title)} should be a list of {len(truth)} entries; it is {kind_of(got)}.")
        if len(got) != len(truth):
            raise Misfit(f"{_subject(title)} should have {len(truth)} entries; it has {len(got)}.", "wrong_shape")
        for i, (inner, entry) in enumerate(zip(truth, got, strict=True)):
            structure(inner, entry, f"{title}[{i}]")
    elif isinstance(got, dict) or is_nested_list(got):
        raise Misfit(f"{_subject(title)} should be {_wanted(truth)}; it is {kind_of(got)}.")


def leaf(truth: Any, got: Any, label: str, exact_dtype: bool = False, finite_only: bool = False) -> Finding | None:
    """Compare one array, number or list of numbers with the truth; None means equal (or finite, if that is enough)."""
    for problem in (_kind, _shape, _dtype, _finite):
        finding = problem(truth, got, label)
        if finding is not None or (finite_only and problem is _finite):
            return finding
    dtype = np.asarray(got).dtype
    if exact_dtype and dtype != np.asarray(truth).dtype:
        return Finding("wrong_dtype", f"`{label}` should have dtype {np.asarray(truth).dtype}; it has {dtype}.")
    return _values(truth, got, label)


def _kind(truth: Any, got: Any, label: str) -> Finding | None:
    if isinstance(got, (bool, int, float, complex, np.generic)):
        return None  # the wrong number of axes, if any, is a matter of shape
    if isinstance(got, np.ndarray):
        return None
    if isinstance(truth, list) and isinstance(got, (list, tuple)) and all(is_number(entry) for entry in got):
        return None
    if got is None:
        return Finding("wrong_type", f"`{label}` is None. Does every path through the function end in a `return`?")
    return Finding("wrong_type", f"`{label}` should be {_wanted(truth)}; it is {kind_of(got)}.")


def _shape(truth: Any, got: Any, label: str) -> Finding | None:
    wanted, shape = np.shape(truth), np.shape(got)
    if wanted == shape:
        return None
    if wanted == ():
        return Finding("wrong_shape", f"`{label}` should be one number; it is an array of shape {shape}.")
    if isinstance(truth, list):
        return Finding("wrong_shape", f"`{label}` should hold {len(truth)} numbers; its shape is {shape}.")
    return Finding(
        "wrong_shape", f"`{label}` should have shape {wanted}; it has {shape if shape else 'none: it is one number'}."
    )


def _dtype(truth: Any, got: Any, label: str) -> Finding | None:
    wanted, dtype = np.asarray(truth).dtype, np.asarray(got).dtype
    if wanted.kind == "b":
        if dtype.kind != "b":
            return Finding("wrong_dtype", f"`{label}` should hold True and False; its dtype is {dtype}.")
    elif dtype.kind == "c":
        return Finding("wrong_dtype", f"`{label}` should hold real numbers; its dtype is {dtype}.")
    elif wanted.kind == "f" and dtype.kind == "f" and dtype.itemsize < 8:
        return Finding(
            "wrong_dtype", f"`{label}` has dtype {dtype}, about {np.finfo(dtype).precision} digits; work in float64."
        )
    return None


def _finite(truth: Any, got: Any, label: str) -> Finding | None:
    numbers = np.asarray(got, float)
    finite = np.isfinite(numbers)
    if finite.all():
        return None
    lost = np.isfinite(np.asarray(truth, float)) & ~finite
    if not lost.any():
        return None
    what = "nan" if np.isnan(numbers[lost]).any() else "inf"
    where = "" if lost.ndim == 0 else f" at index {position(lost)}"
    return Finding("not_finite", f"`{label}` is {what}{where}, where it should be an ordinary number.")


def _values(truth: Any, got: Any, label: str) -> Finding | None:
    return None if close(truth, got) else Finding("wrong", partial(_how_wrong, truth, got, label))


def _how_wrong(truth: Any, got: Any, label: str) -> str:
    t, g = np.asarray(truth, float), np.asarray(got, float)
    error = np.abs(g - t)
    size = max(float(np.abs(t).max(initial=0.0)), float(np.abs(g).max(initial=0.0)))
    share = np.count_nonzero(error > RTOL * np.abs(t).max(initial=0.0) + ATOL)
    where = (
        "" if t.ndim == 0 else f" The largest error is at index {position(error)}; {share} of {t.size} entries are off."
    )
    return f"`{label}` has other values (relative error {error.max() / size:.0e}).{where}"


def close(truth: Any, got: Any, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Norm-wise: no entry further from the truth than rtol times the largest entry of the truth, plus atol."""
    t, g = np.asarray(truth, float), np.asarray(got, float)
    if t.shape != g.shape:
        return False
    if t.size == 0:
        return True
    with np.errstate(invalid="ignore"):
        furthest = np.abs(g - t).max()
    if np.isfinite(furthest):  # then every number is finite
        return bool(furthest <= rtol * np.abs(t).max() + atol)
    odd = ~np.isfinite(t)
    if not np.array_equal(t[odd], g[odd], equal_nan=True):
        return False
    t, g = t[~odd], g[~odd]
    return t.size == 0 or bool(np.abs(g - t).max() <= rtol * np.abs(t).max() + atol)


def changed(before: Any, after: Any, slack: bool = False) -> bool:
    """Whether an argument was modified; with slack, rounding left by moving numbers and putting them back is none."""
    if isinstance(before, dict):
        if not isinstance(after, dict) or before.keys() != after.keys():
            return True
        return any(changed(before[key], after[key], slack) for key in before)
    if isinstance(before, (list, tuple)):
        if not isinstance(after, (list, tuple)) or len(before) != len(after):
            return True
        return any(changed(b, a, slack) for b, a in zip(before, after, strict=True))
    if isinstance(before, np.ndarray):
        if not isinstance(after, np.ndarray) or before.shape != after.shape or before.dtype != after.dtype:
            return True
        if slack:
            return not close(before, after, UNTOUCHED, UNTOUCHED)
        return not (before.tobytes() == after.tobytes() or np.array_equal(before, after, equal_nan=True))
    return type(before) in (bool, int, float, str) and before != after


def equal(a: Any, b: Any) -> bool:
    """Whether two plain values are the same to the last digit, nan included."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc")
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and (a == b or a != a)


def position(array: np.ndarray) -> str:
    """Index of the largest entry, written as Python writes it."""
    index = np.unravel_index(int(np.argmax(array)), array.shape)
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def numeric(value: Any) -> np.ndarray | None:
    """The value as real numbers, or None if it is anything else."""
    if isinstance(value, list) and all(is_number(entry) for entry in value):
        value = np.asarray(value)
    if not (isinstance(value, np.ndarray) or is_number(value)) or np.asarray(value).dtype.kind == "c":
        return None
    return np.asarray(value, float)


def is_number(value: Any) -> bool:
    """A Python or NumPy number, or an array of no axes."""
    return isinstance(value, (bool, int, float, complex, np.generic)) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def kind_of(value: Any) -> str:
    """Say in words what a value is."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, Foreign):
        return f"an object of type {value.kind}"
    if is_number(value):
        return "one number"
    return {"str": "text", "dict": "a dict", "list": "a list", "tuple": "a tuple", "NoneType": "None"}.get(
        type(value).__name__, "something else"
    )


def _wanted(truth: Any) -> str:
    return "a list of numbers" if isinstance(truth, list) else "a NumPy array" if np.ndim(truth) else "one number"


def _listed(keys: Any) -> str:
    return ", ".join(str(key)[:40] for key in list(keys)[:12]) or "none"


def _subject(title: str) -> str:
    return "The result" if title == "the result" else f"`{title}`"
