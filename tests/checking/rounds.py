"""Judging many functions on the same inputs: what the truth and the known mistakes do on them is worked out once."""

import importlib
import warnings
from unittest import mock

from bpkit.checking import judge, run

SEEDS = 200

_judge = importlib.import_module("bpkit.checking.judge")  # the package has a function of that name
_recognise = importlib.import_module("bpkit.checking.recognise")


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
        return self._runs[key]

    def effect(self, trial, wrong):
        """What a known mistake amounts to in one case."""
        key = id(wrong), id(trial.case)
        if key not in self._effects:
            self._effects[key] = _recognise.effect_of(trial, self.run(wrong, trial.case))
        return self._effects[key]

    def mistakes(self):
        """All wrong functions of the exercise, each with the mistake it makes."""
        return [(mistake, wrong) for mistake in self.exercise.mistakes for wrong in mistake.wrong]

    def verdict(self, fn, seen=None):
        """The judge's verdict on a function that is run here, or on what was seen of it elsewhere."""
        with (
            warnings.catch_warnings(),
            mock.patch.object(_judge, "run", self.run),
            mock.patch.object(_recognise, "made", self.effect),
        ):
            warnings.simplefilter("ignore")
            return judge(self.exercise, self.cases, seen or [run(fn, case) for case in self.cases])

    def verdict_on_mistake(self, wrong):
        """The same for a function of the exercise's own list, which need not be run twice."""
        return self.verdict(wrong, [self.run(wrong, case) for case in self.cases])
