"""`evaluate`, `check` and `hint` on functions of every sort."""

import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpkit
from bpkit.checking import OUTCOMES, CheckFailed, check, evaluate, hint
from bpkit.exercises import every

EXERCISES = every()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_is_right(name):
    reference = EXERCISES[name].reference
    assert EXERCISES[name].lesson == "12_interview" or reference is getattr(bpkit, name)
    verdict = evaluate(reference)
    assert verdict.outcome == "right", verdict.message
    assert (verdict.exercise, verdict.mistake, verdict.score) == (name, None, 1.0)


def test_a_blank_by_its_own_name_is_not_attempted():
    def sigmoid(z):
        raise NotImplementedError

    verdict = evaluate(sigmoid)
    assert verdict.outcome == "not_attempted"
    assert "sigmoid" in verdict.message


def test_a_blank_that_it_calls_is_pointed_out():
    def dense(X, W, b):
        raise NotImplementedError

    def two_layer_forward(X, params):
        return dense(X, params["W1"], params["b1"]), {}

    verdict = evaluate(two_layer_forward)
    assert verdict.outcome == "raised"
    assert "`dense`, which your function calls, is still a blank" in verdict.message


class AlwaysEqual:
    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")


class Liar(np.ndarray):
    def __eq__(self, other):
        return np.True_

    def __sub__(self, other):
        return np.zeros(self.shape)

    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(self.shape)


def loops_for_ever(z):
    return loops_for_ever(z)


STRANGE = {
    "None": (lambda z: None, "wrong_type"),
    "text": (lambda z: "0.5", "wrong_type"),
    "dict": (lambda z: {"a": z}, "wrong_type"),
    "list": (lambda z: [0.5] * len(z), "wrong_type"),
    "generator": (lambda z: (x for x in z), "wrong_type"),
    "always equal": (lambda z: AlwaysEqual(), "wrong_type"),
    "lying subclass": (lambda z: np.zeros(z.shape).view(Liar), "wrong"),
    "object array": (lambda z: np.array([object(), None]), "wrong_type"),
    "text array": (lambda z: np.full(z.shape, "0.5"), "wrong_type"),
    "complex": (lambda z: bpkit.sigmoid(z) + 0j, "wrong_dtype"),
    "float32": (lambda z: bpkit.sigmoid(z).astype(np.float32), "wrong_dtype"),
    "half": (lambda z: bpkit.sigmoid(z).astype(np.float16), "wrong_dtype"),
    "scalar": (lambda z: 0.5, "wrong_shape"),
    "flat": (lambda z: bpkit.sigmoid(z).ravel(), "wrong_shape"),
    "nan": (lambda z: np.full(z.shape, np.nan), "not_finite"),
    "inf": (lambda z: np.full(z.shape, np.inf), "not_finite"),
    "zeros": (lambda z: np.zeros(z.shape), "wrong"),
    "exit": (lambda z: sys.exit(0), "raised"),
    "recursion": (loops_for_ever, "raised"),
    "no arguments": (lambda: 1.0, "raised"),
    "in place": (lambda z: np.copyto(z, bpkit.sigmoid(z)) or z, "mutated"),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.filterwarnings("ignore")
def test_evaluate_never_raises_and_says_what_it_saw(what):
    fn, outcome = STRANGE[what]
    verdict = evaluate(fn, exercise="sigmoid")
    assert verdict.outcome == outcome, verdict
    assert verdict.outcome in OUTCOMES
    assert verdict.score == 0
    assert verdict.message
    assert "could not be read" not in verdict.message


@pytest.mark.parametrize("thing", [None, 3, "sigmoid", print, object(), AlwaysEqual(), np.sin])
def test_what_is_no_exercise_gets_a_verdict_too(thing):
    verdict = evaluate(thing)
    assert verdict.outcome == "wrong_type"
    assert verdict.score == 0
    assert verdict.message


def test_a_misspelt_name_is_recognised():
    def sigmoidd(z):
        return z

    assert "did you mean sigmoid?" in evaluate(sigmoidd).message


def test_state_between_calls_is_found():
    calls = []

    def sigmoid(z):
        calls.append(1)
        return bpkit.sigmoid(z) + (0.001 if len(calls) > 3 else 0.0)

    verdict = evaluate(sigmoid)
    assert verdict.mistake == "not-repeatable"
    assert "called twice with the same inputs" in verdict.message


def test_hard_coded_visible_cases_are_wrong():
    def sigmoid(z):
        return np.array([0.5, 0.7311])

    assert evaluate(sigmoid).outcome in ("wrong", "wrong_shape")


def test_a_warning_is_a_remark_and_never_a_lost_point():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = evaluate(sigmoid)
    assert verdict.outcome == "right"
    assert "overflow" in verdict.message


def test_partial_marks_count_right_outputs():
    def dense_backward(dZ, X, W):
        return dZ @ W.T, X.T @ dZ, dZ

    verdict = evaluate(dense_backward)
    assert verdict.score == pytest.approx(2 / 3)
    assert "Already right: `dX`, `dW`" in verdict.message


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=3), st.just(object()),
    hnp.arrays(st.sampled_from([bool, int, float, complex, "U2", object]), hnp.array_shapes(min_dims=0, max_side=3)),
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["W1", "b1", "W2", "X"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(value=ANYTHING | ANYTHING.map(lambda value: (value, value)) | ANYTHING.map(lambda value: (value,) * 3))
@pytest.mark.filterwarnings("ignore")
def test_whatever_comes_back_is_read(value):
    for name in ("relu", "bce", "dense_backward", "two_layer_forward", "two_layer_backward", "train_neuron"):
        verdict = evaluate(lambda *args: value, exercise=name)
        assert verdict.outcome not in ("right", "not_attempted")
        assert "could not be read" not in verdict.message
        assert verdict.score == 0


def zeros_like_the_first(first, *rest):
    return {key: np.zeros(np.shape(value)) for key, value in first.items()} if isinstance(first, dict) else 0 * first


def test_trivial_answers_earn_nothing():
    for name, exercise in EXERCISES.items():
        for trivial in (lambda *args: 0.0, lambda *args: args[0], zeros_like_the_first, lambda *args: args):
            assert evaluate(trivial, exercise=name).score == 0, (name, exercise.asks)

    def two_layer_forward(X, params):
        return 0.0, {"X": X, "z1": 0.0, "a1": 0.0, "z2": 0.0, "a2": 0.0}

    assert evaluate(two_layer_forward).score == 0, "handing X through is worth nothing"


def test_check_prints_and_raises_outside_jupyter(capsys):
    def relu(z):
        return np.abs(z)

    with pytest.raises(CheckFailed, match="relu: Not yet") as caught:
        check(relu)
    shown = capsys.readouterr().out
    assert "✗ relu" in shown
    assert "folded up" in shown
    assert caught.value.verdict.mistake == "absolute-value"
    check(bpkit.relu)
    assert "✓ relu: Right." in capsys.readouterr().out


def test_what_the_function_printed_is_kept_short_and_shown(capsys):
    def relu(z):
        print("shape", z.shape, "x" * 100_000)
        return z

    with pytest.raises(CheckFailed):
        check(relu)
    shown = capsys.readouterr().out
    assert "Your function printed:" in shown
    assert len(shown) < 5_000


def test_hints_start_with_the_mistake_and_then_climb(capsys):
    def central_difference(f, x, h=1e-5):
        return (f(x + h) - f(x)) / h

    for expected in ("Step to both sides", "Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"):
        hint(central_difference)
        assert expected in capsys.readouterr().out
    hint(bpkit.central_difference)
    assert "right already" in capsys.readouterr().out
    with pytest.raises(ValueError, match="did you mean relu"):
        hint("relo")


def test_html_escapes_what_comes_from_the_student():
    from bpkit.checking.show import as_html

    def relu(z):
        print("<script>alert(1)</script>")
        raise ValueError("<img src=x onerror=alert(1)>")

    page = as_html(evaluate(relu))
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;img" in page


def test_general_habits_are_recognised_where_no_mistake_is_listed():
    def dense(X, W, b):
        return -3 * (X @ W + b) + (X @ W + b)

    assert evaluate(dense).mistake == "doubled-and-sign-flipped"

    def bce_backward(y, a):
        return bpkit.bce_backward(y, a) / len(a)

    assert evaluate(bce_backward).mistake == "divided-by-n"

    def dense_backward(dZ, X, W):
        return (dZ @ W.T)[:, :, None] * np.ones(len(X)), X.T @ dZ, dZ.sum(axis=0)

    assert evaluate(dense_backward).outcome == "wrong_shape"
