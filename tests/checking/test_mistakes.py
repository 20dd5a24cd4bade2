"""Every known mistake, fed to its own check: rejected, named, and never taken for another."""

import itertools

import numpy as np
import pytest

from bpkit.checking.compare import RTOL, Misfit, changed, structure
from bpkit.checking.recognise import signature
from tests.checking.rounds import FUNCTIONS, NAMED_SEEDS, SEEDS, Round

ALIKE_SEEDS = 10  # pairs grow with the square of the mistakes; each mistake is named on more draws
MISTAKES = [(exercise, mistake) for exercise in FUNCTIONS.values() for mistake in exercise.mistakes]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_mistake_is_rejected_and_named(name):
    for seed in range(NAMED_SEEDS):
        at = Round(FUNCTIONS[name], seed)
        for mistake, wrong in at.mistakes():
            verdict = at.verdict_on_mistake(wrong)
            assert verdict.outcome not in ("right", "not_attempted"), (seed, verdict)
            assert verdict.mistake == mistake.id, (seed, mistake.id, verdict)
            assert verdict.score < 1
            assert mistake.hint in verdict.message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_mistake_is_rejected_on_many_more_draws(name):
    for seed in range(NAMED_SEEDS, SEEDS):
        at = Round(FUNCTIONS[name], seed)
        for mistake, wrong in at.mistakes():
            assert at.rejects(wrong), (seed, mistake.id)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_two_mistakes_look_alike(name):
    """On every draw any two mistakes, and the truth, differ by more than a thousandth in some result.

    Where one of them is slight by nature, a hundred times the judge's tolerance is enough.
    """
    exercise = FUNCTIONS[name]
    for seed in range(ALIKE_SEEDS):
        at = Round(exercise, seed)
        candidates = [(None, exercise.reference), *at.mistakes()]
        seen = [[described(at, case, at.run(fn, case)) for case in at.cases] for _, fn in candidates]
        for (i, (a, _)), (j, (b, _)) in itertools.combinations(enumerate(candidates), 2):
            if a is not b:
                margin = 100 * RTOL if (a and a.slight) or (b and b.slight) else 1e-3
                alike = not any(apart(x, y, margin) for x, y in zip(seen[i], seen[j], strict=True))
                assert not alike, (seed, a and a.id, b and b.id)


def test_there_is_room_for_mistakes_and_it_is_used():
    assert len(MISTAKES) >= 220
    for exercise in FUNCTIONS.values():
        assert len(exercise.mistakes) >= 4, exercise.name


def described(at, case, observation):
    """What a judge can see of one call: an error, changed arguments, a wrong structure, or labelled parts."""
    if observation.failure:
        return signature(observation.failure), {}
    touched = tuple(name for name in case.inputs if changed(case.inputs[name], observation.after.get(name)))
    try:
        if at.exercise.view is None:
            structure(at.run(at.exercise.reference, case).value, observation.value, at.exercise.returns)
        return touched, at.exercise.parts(case, observation)
    except Misfit:
        return "structure", leaves(observation.value)


def leaves(value, name="value"):
    """Whatever was returned, piece by piece."""
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {name: value}
    return {label: leaf for key, entry in value.items() for label, leaf in leaves(entry, f"{name}[{key!r}]").items()}


def apart(a, b, margin):
    if a[0] != b[0] or a[1].keys() != b[1].keys():
        return True
    return any(differ(a[1][label], b[1][label], margin) for label in a[1])


def differ(a, b, margin):
    if np.shape(a) != np.shape(b) or np.asarray(a).dtype.kind != np.asarray(b).dtype.kind:
        return True
    if np.asarray(a).dtype.kind not in "biuf":
        return False
    a, b = np.asarray(a, float), np.asarray(b, float)
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return True
    a, b = a[finite], b[finite]
    size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return size > 0 and np.abs(a - b).max() > margin * size


def test_ids_are_unique_and_hints_ask():
    for exercise in FUNCTIONS.values():
        ids = [mistake.id for mistake in exercise.mistakes]
        assert len(ids) == len(set(ids)), exercise.name
        for mistake in exercise.mistakes:
            assert "?" in mistake.hint, (exercise.name, mistake.id, "a hint asks a question")
            assert mistake.says.endswith("."), (exercise.name, mistake.id)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_messages_hold_no_expected_value(name):
    at = Round(FUNCTIONS[name], 0)
    case = at.cases[0]
    truth = at.exercise.parts(case, at.run(at.exercise.reference, case))
    expected = {
        f"{abs(number):.4g}"
        for leaf in truth.values()
        for number in np.asarray(leaf, float).ravel()
        if number != round(number, 2)
    }
    for mistake, wrong in at.mistakes():
        message = at.verdict_on_mistake(wrong).message
        assert not [number for number in expected if number in message], (mistake.id, message)
