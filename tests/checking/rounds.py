"""Judging many functions on the same inputs: what the truth and the known mistakes do on them is worked out once."""

import importlib
import warnings
from unittest import mock

from bpkit.checking import Choice, judge, run
from bpkit.exercises import every

# A choice has letters for answers; what is asked of it stands in test_choices.py.
CHOICES = {name: exercise for name, exercise in every().items() if isinstance(exercise, Choice)}
FUNCTIONS = {name: exercise for name, exercise in every().items() if name not in CHOICES}

SEEDS = 200
NAMED_SEEDS = 30  # naming compares with every other mistake, which takes ten times as long as rejecting

_judge = importlib.import_module("bpkit.checking.judge")  # the package has a function of that name
_recognise = importlib.import_module("bpkit.checking.recognise")
_effect_of = _recognise.effect_of


class Round:
    """One exercise on the inputs of one seed."""

    def __init__(self, exercise, seed):
        self.exercise, self.seed = exercise, seed
        self.cases = exercise.cases(seed)
        self._runs, self._effects = {}, {}

    def run(self, fn, case):
        """What a function does in one case; a function is expected to do the same every time."""
        key = id(fn), id(case)
        if key not in self._runs:
            self._runs[key] = run(fn, case)
            self._effects[id(self._runs[key])] = None
        return self._runs[key]

    def effect(self, trial, seen):
        """What an observation amounts to, kept for those that are kept themselves."""
        if id(seen) not in self._effects:
            return _effect_of(trial, seen)
        if self._effects[id(seen)] is None:
            self._effects[id(seen)] = _effect_of(trial, seen)
        return self._effects[id(seen)]

    def mistakes(self):
        """All wrong functions of the exercise, each with the mistake it makes."""
        return [(mistake, wrong) for mistake in self.exercise.mistakes for wrong in mistake.wrong]

    def verdict(self, fn, seen=None):
        """The judge's verdict on a function that is run here, or on what was seen of it elsewhere."""
        with (
            warnings.catch_warnings(),
            mock.patch.object(_judge, "run", self.run),
            mock.patch.object(_recognise, "run", self.run),
            mock.patch.object(_recognise, "effect_of", self.effect),
        ):
            warnings.simplefilter("ignore")
            return judge(self.exercise, self.cases, seen or [run(fn, case) for case in self.cases])

    def rejects(self, fn):
        """Whether the verdict would be anything but right, found with the first case that goes wrong."""
        with warnings.catch_warnings(), mock.patch.object(_judge, "run", self.run):
            warnings.simplefilter("ignore")
            graded = (case for case in self.cases if case.kind != "tip")
            return any(_judge._examine(self.exercise, case, run(fn, case)).findings for case in graded)

    def verdict_on_mistake(self, wrong):
        """The same for a function of the exercise's own list, which need not be run twice."""
        return self.verdict(wrong, [self.run(wrong, case) for case in self.cases])
