"""Lesson 12: an interview. Questions with one right answer, numbers at the whiteboard, ten runs with a bug each."""

from __future__ import annotations

from bpkit.checking.exercise import Exercise
from bpkit.exercises.interview import backprop, curves, losses, numbers, opening, optimisation, signals

EXERCISES: tuple[Exercise, ...] = (
    *opening.EXERCISES,
    *backprop.EXERCISES,
    *losses.EXERCISES,
    *signals.EXERCISES,
    *optimisation.EXERCISES,
    *numbers.EXERCISES,
    *curves.EXERCISES,
)
