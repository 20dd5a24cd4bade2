"""Right answers in independent styles (loops, einsum, long chains): none may be rejected."""

import pytest

from bpkit.checking import evaluate
from bpkit.exercises import every
from tests import answers

SEEDS = 50
WRITTEN = answers.load()
ANSWERS = [(name, style, fn) for name in every() for style, fn in WRITTEN[name]]


@pytest.mark.parametrize(("name", "style", "fn"), ANSWERS, ids=[f"{name}-{style}" for name, style, _ in ANSWERS])
@pytest.mark.filterwarnings("ignore")
def test_right_answer_passes(name, style, fn):
    for seed in range(SEEDS):
        verdict = evaluate(fn, seed=seed)
        assert verdict.outcome == "right", (style, seed, verdict.message)


@pytest.mark.parametrize("name", every())
def test_every_exercise_is_answered_in_three_styles(name):
    assert len({style for style, _ in WRITTEN[name]}) >= 3
