"""Right answers in independent styles (loops, einsum, long chains): none may be rejected."""

import pytest

from tests import answers
from tests.checking.rounds import FUNCTIONS, SEEDS, Round

WRITTEN = answers.load()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_answers_pass(name):
    exercise = FUNCTIONS[name]
    for seed in range(SEEDS):
        at = Round(exercise, seed)
        for style, fn in [("the reference", exercise.reference), *WRITTEN[name]]:
            verdict = at.verdict(fn)
            assert (verdict.outcome, verdict.mistake, verdict.score) == ("right", None, 1.0), (style, seed, verdict)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_exercise_is_answered_in_three_styles(name):
    assert len({style for style, _ in WRITTEN[name]}) >= 3
