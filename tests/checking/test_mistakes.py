"""Every known mistake, fed to its own check: rejected, named, and never taken for another."""

import itertools

import numpy as np
import pytest

from bpkit.checking import evaluate, run
from bpkit.checking.compare import Misfit, changed, structure
from bpkit.checking.recognise import signature
from bpkit.exercises import every

SEEDS = 50
EXERCISES = every()
MISTAKES = [(exercise, mistake) for exercise in EXERCISES.values() for mistake in exercise.mistakes]


@pytest.mark.parametrize(
    ("exercise", "mistake"), MISTAKES, ids=lambda value: getattr(value, "name", getattr(value, "id", ""))
)
@pytest.mark.filterwarnings("ignore")
def test_mistake_is_rejected_and_named(exercise, mistake):
    for wrong, seed in itertools.product(mistake.wrong, range(SEEDS)):
        verdict = evaluate(wrong, seed=seed, exercise=exercise.name)
        assert verdict.outcome not in ("right", "not_attempted"), verdict
        assert verdict.mistake == mistake.id, (seed, verdict)
        assert verdict.score < 1
        assert mistake.hint in verdict.message


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
@pytest.mark.filterwarnings("ignore")
def test_no_two_mistakes_look_alike(exercise):
    """On every draw any two mistakes, and the truth, differ by more than a thousandth in some result."""
    candidates = [("right", exercise.reference)] + [(m.id, wrong) for m in exercise.mistakes for wrong in m.wrong]
    for seed in range(SEEDS):
        cases = exercise.cases(seed)
        seen = [[described(exercise, case, run(fn, case)) for case in cases] for _, fn in candidates]
        for (i, (id_a, _)), (j, (id_b, _)) in itertools.combinations(enumerate(candidates), 2):
            if id_a != id_b:
                assert any(apart(a, b) for a, b in zip(seen[i], seen[j], strict=True)), (seed, id_a, id_b)


def described(exercise, case, observation):
    """What a judge can see of one call: an error, changed arguments, a wrong structure, or labelled parts."""
    if observation.failure:
        return signature(observation.failure), {}
    touched = tuple(name for name in case.inputs if changed(case.inputs[name], observation.after.get(name)))
    try:
        if exercise.view is None:
            structure(run(exercise.reference, case).value, observation.value, exercise.returns)
        return touched, exercise.parts(case, observation)
    except Misfit:
        return "structure", {}


def apart(a, b):
    if a[0] != b[0]:
        return True
    return any(differ(a[1][label], b[1][label]) for label in a[1])


def differ(a, b):
    if np.shape(a) != np.shape(b) or np.asarray(a).dtype.kind != np.asarray(b).dtype.kind:
        return True
    a, b = np.asarray(a, float), np.asarray(b, float)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return True
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return size > 0 and np.abs(a - b).max() > 1e-3 * size


def test_ids_are_unique_and_hints_ask():
    for exercise in EXERCISES.values():
        ids = [mistake.id for mistake in exercise.mistakes]
        assert len(ids) == len(set(ids)), exercise.name
        for mistake in exercise.mistakes:
            assert "?" in mistake.hint, (exercise.name, mistake.id, "a hint asks a question")
            assert mistake.says.endswith("."), (exercise.name, mistake.id)


def test_messages_hold_no_expected_value():
    for exercise, mistake in MISTAKES:
        case = exercise.cases(0)[0]
        truth = exercise.parts(case, run(exercise.reference, case))
        expected = {
            f"{abs(number):.4g}"
            for leaf in truth.values()
            for number in np.asarray(leaf, float).ravel()
            if number != round(number, 2)
        }
        with np.errstate(all="ignore"):
            message = evaluate(mistake.wrong[0], exercise=exercise.name).message
        assert not [number for number in expected if number in message], (exercise.name, mistake.id, message)
