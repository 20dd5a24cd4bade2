"""All exercises of the course, one module per lesson. `find("sigmoid")` returns the record of one."""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpkit.checking.exercise import Exercise

LESSONS = {
    "00_slopes": "slopes",
    "01_single_neuron": "single_neuron",
    "02_two_layer_network": "two_layer_network",
    "03_regression_losses": "regression_losses",
    "04_cross_entropy": "cross_entropy",
    "05_margin_losses": "margin_losses",
    "06_activations": "activations",
    "07_gradient_descent": "gradient_descent",
    "08_deep_signals": "deep_signals",
    "09_batch_norm": "batch_norm",
    "10_autodiff": "autodiff",
    "11_digits": "digits",
    "12_interview": "interview",
}


@cache
def of_lesson(lesson: str) -> tuple[Exercise, ...]:
    """The exercises of one lesson, in the order in which the notebook asks for them."""
    module = importlib.import_module(f"bpkit.exercises.{LESSONS[lesson]}")
    exercises: tuple[Exercise, ...] = module.EXERCISES
    return exercises


@cache
def every() -> dict[str, Exercise]:
    """All exercises by name."""
    return {exercise.name: exercise for lesson in LESSONS for exercise in of_lesson(lesson)}


def find(name: str) -> Exercise | None:
    """The exercise of that name, or None."""
    return every().get(name)


def similar(name: str) -> str:
    """A sentence that points to the exercise the caller may have meant."""
    close = difflib.get_close_matches(name, every(), n=1)
    return f"did you mean {close[0]}?" if close else "the lessons ask for functions such as sigmoid or dense_backward."
