"""Running a function once and writing down, as plain data, everything that is judged about it.

An `Observation` holds only built-in types and base NumPy arrays: whatever class a function returned, the
judge never calls a method of it.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import sys
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.checking.given import Living, hand_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

PRINTED_LIMIT = 2_000
NESTING_LIMIT = 4


@dataclass(frozen=True)
class Foreign:
    """Stands for a returned object that is neither number, array, text, dict, list nor tuple."""

    kind: str


@dataclass(frozen=True)
class Failure:
    """An exception, as text: its type, its message, and where in the student's code it came up."""

    kind: str
    text: str
    function: str = ""
    line: str = ""


@dataclass(frozen=True)
class Observation:
    """One call, seen from outside: what came back or went wrong, and the arguments as they were left.

    `before` is what was seen of the call that the case asked to be made first, if it did.
    """

    value: Any = None
    failure: Failure | None = None
    after: dict[str, Any] = field(default_factory=dict)
    warned: tuple[str, ...] = ()
    printed: str = ""
    before: Observation | None = None


class Capped(io.StringIO):
    """Text that stops growing: a function that prints in a loop costs no memory."""

    def write(self, text: str) -> int:
        room = PRINTED_LIMIT - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


def observe(fn: Callable[..., Any], inputs: Mapping[str, Any]) -> Observation:
    """Call `fn` on fresh copies of the inputs, in their order, and return what was seen; only Ctrl-C gets through."""
    given = {name: hand_out(value) for name, value in inputs.items()}
    printed, value, failure = Capped(), None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                value = plain(fn(*given.values()))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a SystemExit in a student's function is his failure, not ours
                failure = describe(error)
    warned = tuple(dict.fromkeys(str(entry.message)[:200] for entry in caught))
    return Observation(value, failure, _left(given), warned, printed.getvalue())


def _left(given: dict[str, Any]) -> dict[str, Any]:
    try:
        return {name: plain(value) for name, value in given.items()}
    except Exception:  # an argument filled with objects that cannot even be read has certainly been changed
        return {}


def plain(value: Any, depth: int = 0) -> Any:
    """Reduce a value to base arrays, numbers, text, None, dicts, lists and tuples; the rest becomes `Foreign`."""
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return value.copy()
    if isinstance(value, np.ndarray):
        return np.array(value, subok=False) if value.dtype.kind in "biufc" else Foreign(f"array of dtype {value.dtype}")
    if isinstance(value, np.generic):
        return np.array(value)[()] if value.dtype.kind in "biufc" else Foreign(f"scalar of dtype {value.dtype}")
    if value is None or type(value) in (bool, int, float, complex, str):
        return value
    if isinstance(value, Living):
        return {"calls": [plain(call) for call in value.calls]}
    if hasattr(value, "number") and hasattr(value, "vjp"):
        return _node(value)
    if depth < NESTING_LIMIT:
        if isinstance(value, dict):
            return {str(key): plain(dict.__getitem__(value, key), depth + 1) for key in dict.keys(value)}
        if isinstance(value, (list, tuple)):
            entries = [plain(entry, depth + 1) for entry in value]
            return tuple(entries) if isinstance(value, tuple) else entries
    return Foreign(type(value).__name__)


def _node(node: Any) -> dict[str, Any]:
    """A node of a graph that was handed out: its number, and from the last one the gradients of all."""
    seen: dict[str, Any] = {"node": int(node.number)}
    if hasattr(node, "all_nodes"):
        seen["grads"] = [plain(each.grad) for each in node.all_nodes]
    return seen


def describe(error: BaseException) -> Failure:
    """Turn an exception into text that names the innermost line of the code outside this package and NumPy."""
    function, line = _place(error.__traceback__)
    try:
        text = str(error)
    except Exception:
        text = "(the exception could not be shown)"
    return Failure(type(error).__name__, text[:500], function, line)


def _place(traceback: TracebackType | None) -> tuple[str, str]:
    function = line = ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not _is_library(code.co_filename):
            function = code.co_name
            line = linecache.getline(code.co_filename, traceback.tb_lineno).strip()[:200]
        traceback = traceback.tb_next
    return function, line


def _is_library(filename: str) -> bool:
    return "site-packages" in filename or filename.startswith((_HERE, sys.base_prefix, "<__array_function__"))


_HERE = __file__.rsplit("checking", 1)[0]
