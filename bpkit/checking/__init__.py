"""Checks: `check(fn)` shows a verdict on a function, `hint(fn)` the next question, `evaluate(fn)` the verdict itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpkit.checking.choice import Choice, Option, choice
from bpkit.checking.exercise import Case, Exercise, Mistake, Sizes, run
from bpkit.checking.judge import OUTCOMES, Verdict, judge
from bpkit.checking.observe import Observation, observe
from bpkit.checking.show import CheckFailed, Marks, publish_marks, show
from bpkit.exercises import find, similar

__all__ = [
    "OUTCOMES",
    "Case",
    "CheckFailed",
    "Choice",
    "Exercise",
    "Mistake",
    "Observation",
    "Option",
    "Sizes",
    "Verdict",
    "check",
    "choice",
    "evaluate",
    "hint",
    "judge",
    "observe",
    "run",
]

_levels: dict[str, int] = {}
_told: set[tuple[str, str]] = set()


def evaluate(fn: Callable[..., Any], seed: int = 0, exercise: str | None = None) -> Verdict:
    """Judge a function without showing anything; never raises, whatever the function does.

    Args:
        fn: the function; its `__name__` says which exercise it answers.
        seed: which inputs to draw.
        exercise: name of the exercise, where the function is called something else.
    Returns:
        A `Verdict`.
    Example:
        >>> def relu(z):
        ...     return z
        >>> evaluate(relu).outcome
        'looks_like'
    """
    name = exercise or _name_of(fn)
    record = find(name)
    if record is None or not callable(fn):
        return _unknown(fn, name)
    cases = record.cases(seed)
    seen = [run(fn, case) for case in cases]
    try:
        return judge(record, cases, seen)
    except Exception as error:  # whatever strange thing came back, the learner gets a verdict
        says = f"The result could not be read ({type(error).__name__})."
        return Verdict(name, "wrong_type", None, 0.0, says, f"What should `{record.signature}` return?")


def check(fn: Callable[..., Any], exercise: str | None = None) -> None:
    """Judge a function, show the verdict, and raise `CheckFailed` unless it is right.

    In a locked cell of an nbgrader assignment this is the whole test: where only some parts of the
    result are right, the marks they earn are left as the cell's result before the error is raised.

    Args:
        fn: your function, under the name the lesson gives it.
        exercise: name of the exercise, where the function is called something else.
    Raises:
        CheckFailed: the function is not right yet; a short error, without a traceback through this library.
    Example:
        >>> def relu(z):
        ...     return z * (z > 0)
        >>> check(relu)
        ✓ relu: Right.
        The slope is 1 where z is positive and 0 elsewhere, so a gradient passes whole or not at all: it never shrinks.
    """
    verdict = evaluate(fn, exercise=exercise)
    show(verdict)
    if verdict.outcome == "right":
        return
    record = find(verdict.exercise)
    if record is not None and verdict.score > 0:
        publish_marks(Marks(round(verdict.score * record.points, 2), record.points))
    raise CheckFailed(verdict)


def hint(fn: Callable[..., Any] | str) -> None:
    """Print the next hint: first the question that fits what your function does, then the levels of the exercise.

    Args:
        fn: your function, or the name of an exercise.
    Raises:
        ValueError: there is no exercise of that name.
    Example:
        >>> hint("mse")
        Hint 1 of 3 for mse: What is the error of a single prediction, and what does it cost?
    """
    name = fn if isinstance(fn, str) else _name_of(fn)
    record = find(name)
    if record is None:
        raise ValueError(f"fn must be one of the course's functions or its name; {similar(name)}")
    if callable(fn):
        verdict = evaluate(fn)
        if verdict.outcome == "right":
            print(f"{name} is right already: {verdict.question}")
            return
        if verdict.mistake is not None and (name, verdict.mistake) not in _told:
            _told.add((name, verdict.mistake))
            print(f"For {name} as it is now: {verdict.question}")
            return
    level = min(_levels.get(name, 0) + 1, len(record.hints))
    _levels[name] = level
    print(f"Hint {level} of {len(record.hints)} for {name}: {record.hints[level - 1]}")


def _name_of(fn: Any) -> str:
    try:
        name = fn.__name__
    except Exception:  # an object whose attributes misbehave is no function of the course
        return ""
    return name if type(name) is str else ""


def _unknown(fn: Any, name: str) -> Verdict:
    if not callable(fn):
        says = f"This is not a function but an object of type {type(fn).__name__}."
    else:
        says = f"A check finds the exercise by the function's name, and none is called {name!r}: {similar(name)}"
    return Verdict(
        name[:60], "wrong_type", None, 0.0, says, "Define it with `def`, under the name the lesson gives it."
    )
