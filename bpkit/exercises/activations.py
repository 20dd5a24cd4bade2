"""Lesson 06: activations, saturation and dead units."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.activations import (
    dead_units,
    leaky_relu,
    leaky_relu_backward,
    saturated_fraction,
    sigmoid,
    softmax_jacobian,
    tanh,
    tanh_backward,
)
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, away, probability_rows, sign_flipped, whole_numbers, with_inputs

LESSON = "06_activations"


def _shape(sizes: Sizes) -> tuple[int, ...]:
    return (sizes.n,) if sizes.n == 11 else (sizes.n, sizes.d)


def _scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, *_shape(sizes), least=0.3, most=2.0)}


def _steep(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": np.array([-1000.0, -20.0, -1.5, 0.5, 20.0, 1000.0])}


def _like(z: Any, values: Any) -> Any:
    result = np.zeros_like(z)
    result[...] = values
    return result


TANH = Exercise(
    reference=tanh,
    lesson=LESSON,
    asks="Squash every number of z into (-1, 1) with the hyperbolic tangent, right even at z = ±1000.",
    returns="a",
    draw=_scores,
    edges={"whole numbers": with_inputs(_scores, z=whole_numbers), "very large |z|": _steep},
    tips={"one plain Python number": lambda rng, s: {"z": 0.3}},
    mistakes=(
        Mistake(
            "inf-over-inf",
            (lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), lambda z: np.sinh(z) / np.cosh(z)),
            "the exponentials overflow, and inf / inf is nan.",
            "Which exponential stays small when |z| is large? NumPy also has the function itself.",
        ),
        Mistake(
            "one-sided-overflow",
            (
                lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
                lambda z: (1 - np.exp(-2 * z)) / (1 + np.exp(-2 * z)),
            ),
            "the exponential overflows on one side, and inf / inf is nan.",
            "At z = 1000, is exp(2z) or exp(-2z) the one to use? And at z = -1000?",
        ),
        Mistake(
            "sigmoid-for-tanh",
            sigmoid,
            "the results stay above 0: this is the sigmoid.",
            "Which range should the results have?",
        ),
        Mistake(
            "not-stretched",
            (lambda z: 2 * sigmoid(z) - 1,),
            "the sigmoid is stretched to (-1, 1), but its input is not.",
            "tanh(z) is 2 sigmoid(…) - 1 of what?",
        ),
        Mistake(
            "upside-down",
            (lambda z: (np.exp(z) + np.exp(-z)) / (np.exp(z) - np.exp(-z)),),
            "numerator and denominator have changed places.",
            "What should come out near z = 0?",
        ),
        Mistake(
            "ordinary-tangent", np.tan, "this is the ordinary tangent.", "Which NumPy function has an h at its end?"
        ),
        Mistake(
            "slope-for-value",
            lambda z: 1 - np.tanh(z) ** 2,
            "this is the slope of tanh, not its value.",
            "What should come out at z = 0?",
        ),
        Mistake(
            "sign-flipped",
            lambda z: -np.tanh(z),
            "the sign is the wrong way round.",
            "Should a larger z give a larger or a smaller answer?",
        ),
        Mistake(
            "integer-result",
            lambda z: _like(z, np.tanh(z)),
            "the result inherits the integer dtype of z, so everything is cut to 0.",
            "What type does the result inherit?",
        ),
    ),
    hints=(
        "NumPy has this function.",
        "If you want to write it yourself: 2 sigmoid(2z) - 1, with a sigmoid that cannot overflow.",
        "np.tanh(z)",
    ),
    why="It is a sigmoid stretched to (-1, 1): centred on 0, with a slope of 1 in the middle, four times the sigmoid's.",
)


def _through_tanh(rng: Rng, sizes: Sizes) -> Inputs:
    shape = _shape(sizes)
    return {"da": away(rng, *shape), "a": np.tanh(away(rng, *shape, least=0.3, most=1.5))}


TANH_BACKWARD = Exercise(
    reference=tanh_backward,
    lesson=LESSON,
    asks="Given da = dL/da and tanh's output a, return dz = dL/dz.",
    returns="dz",
    draw=_through_tanh,
    edges={"da as whole numbers": with_inputs(_through_tanh, da=whole_numbers)},
    tips={"one plain Python number": lambda rng, s: {"da": 2.0, "a": 0.25}},
    mistakes=(
        Mistake(
            "tanh-twice",
            lambda da, a: da * (1 - np.tanh(a) ** 2),
            "tanh is applied to a once more.",
            "a went through tanh already: do you need it again?",
        ),
        Mistake(
            "not-squared",
            lambda da, a: da * (1 - a),
            "it is 1 - a, not 1 - a².",
            "The slope is the same at a and at -a: is yours?",
        ),
        Mistake(
            "z-for-a",
            lambda da, a: da * (1 - np.arctanh(a) ** 2),
            "1 - z² stands where 1 - a² belongs.",
            "Can the slope of a rising curve be negative? Is your argument z or tanh(z)?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda da, a: 1 - a**2,
            "the incoming gradient da is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "sigmoid-slope",
            lambda da, a: da * a * (1 - a),
            "a(1 - a) is the slope of the sigmoid.",
            "At z = 0 tanh has slope 1: what does yours give?",
        ),
        Mistake(
            "plus-for-minus",
            lambda da, a: da * (1 + a**2),
            "it is 1 + a².",
            "What should the slope be where a is nearly 1?",
        ),
        Mistake(
            "square-of-difference",
            lambda da, a: da * (1 - a) ** 2,
            "the difference is squared, not a.",
            "Is (1 - a)² the same as 1 - a²?",
        ),
        sign_flipped(tanh_backward),
        Mistake(
            "divided-by-slope",
            lambda da, a: da / (1 - a**2),
            "it is divided by the slope.",
            "dL/dz = dL/da · da/dz: is anything divided?",
        ),
        Mistake(
            "one-left-out",
            (lambda da, a: -da * a**2, lambda da, a: da * a**2),
            "only a² is left of the slope.",
            "At z = 0 tanh has slope 1: what does yours give?",
        ),
        Mistake(
            "slope-missing",
            lambda da, a: da + 0.0,
            "the gradient passes unchanged: the slope is missing.",
            "How steep is tanh far out?",
        ),
    ),
    hints=(
        "The slope of tanh can be written with its output alone. How?",
        "da/dz = 1 - a². And the chain rule?",
        "da * (1 - a**2)",
    ),
    why="The slope is 1 in the middle and 0 at both ends: tanh passes four times as much as the sigmoid, and saturates like it.",
)


def _sloped(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, *_shape(sizes)), "slope": float(rng.uniform(0.15, 0.3))}


def _default_slope(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, sizes.n, sizes.d)}


LEAKY_RELU = Exercise(
    reference=leaky_relu,
    lesson=LESSON,
    asks="Keep what is positive, multiply the rest by slope.",
    returns="a",
    draw=_sloped,
    edges={"the default slope": _default_slope, "whole numbers": with_inputs(_sloped, z=whole_numbers)},
    tips={"one plain Python number": lambda rng, s: {"z": -0.3, "slope": 0.1}},
    mistakes=(
        Mistake(
            "slope-fixed",
            lambda z, slope=0.01: np.where(z > 0, z, 0.01 * z),
            "the slope is taken as 0.01 whatever is asked for.",
            "What changes in your function when slope is 0.2?",
        ),
        Mistake(
            "not-leaky",
            lambda z, slope=0.01: np.maximum(z, 0),
            "nothing leaks: this is ReLU.",
            "What should come out for z = -2 with slope 0.1?",
        ),
        Mistake(
            "sides-swapped",
            (lambda z, slope=0.01: np.where(z > 0, slope * z, z), lambda z, slope=0.01: np.minimum(z, slope * z)),
            "the positive side is shrunk.",
            "Which side should pass unchanged?",
        ),
        Mistake(
            "sign-of-leak",
            lambda z, slope=0.01: np.where(z > 0, z, -slope * z),
            "negative inputs come out positive.",
            "What should come out for z = -2 with slope 0.1?",
        ),
        Mistake(
            "slope-for-value",
            lambda z, slope=0.01: np.where(z > 0, z, slope),
            "the slope itself stands on the negative side, not slope · z.",
            "Should z = -1 and z = -5 give the same?",
        ),
        Mistake(
            "derivative-for-value",
            lambda z, slope=0.01: np.where(z > 0, 1.0, slope),
            "this is the slope of leaky ReLU, not its value.",
            "What should come out for z = 3?",
        ),
        Mistake(
            "divided-by-slope",
            lambda z, slope=0.01: np.where(z > 0, z, z / slope),
            "the negative side is divided by the slope.",
            "Should the negative side be shrunk or stretched?",
        ),
        Mistake(
            "exponential",
            lambda z, slope=0.01: np.where(z > 0, z, slope * (np.exp(z) - 1)),
            "the negative side is bent: this is ELU.",
            "Is the negative side a straight line?",
        ),
        Mistake(
            "integer-result",
            lambda z, slope=0.01: _like(z, np.where(z > 0, z, slope * z)),
            "the result inherits the integer dtype of z, so the leak is cut to 0.",
            "What type does the result inherit?",
        ),
    ),
    hints=(
        "What should come out for z = 3, and for z = -3?",
        "np.where picks one of two values for each entry.",
        "np.where(z > 0, z, slope * z)",
    ),
    why="A little gradient always leaks through, so no unit can be switched off for good.",
)


def _leaky_back(rng: Rng, sizes: Sizes) -> Inputs:
    z = away(rng, *_shape(sizes))
    return {"da": away(rng, *z.shape), "z": z, "slope": float(rng.uniform(0.15, 0.3))}


LEAKY_RELU_BACKWARD = Exercise(
    reference=leaky_relu_backward,
    lesson=LESSON,
    asks="Given da and leaky ReLU's input z, return dz: da where z > 0, slope · da elsewhere.",
    returns="dz",
    draw=_leaky_back,
    edges={
        "the default slope": lambda rng, s: {k: v for k, v in _leaky_back(rng, s).items() if k != "slope"},
        "da as whole numbers": with_inputs(_leaky_back, da=whole_numbers),
        "z as whole numbers": with_inputs(_leaky_back, z=whole_numbers),
    },
    tips={"one plain Python number": lambda rng, s: {"da": 2.0, "z": -0.3}},
    mistakes=(
        Mistake(
            "slope-fixed",
            lambda da, z, slope=0.01: np.where(z > 0, da, 0.01 * da),
            "the slope is taken as 0.01 whatever is asked for.",
            "What changes in your function when slope is 0.2?",
        ),
        Mistake(
            "not-leaky",
            lambda da, z, slope=0.01: da * (z > 0),
            "nothing leaks: this is ReLU's gradient.",
            "How steep is leaky ReLU at z = -2?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda da, z, slope=0.01: np.where(z > 0, 1.0, slope),
            "the incoming gradient da is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "sides-swapped",
            lambda da, z, slope=0.01: np.where(z > 0, slope * da, da),
            "the positive side is shrunk.",
            "Which side should pass unchanged?",
        ),
        Mistake(
            "masked-by-gradient",
            (lambda da, z, slope=0.01: np.where(da > 0, da, slope * da),),
            "the mask is made from da.",
            "Which array decides whether the unit was on?",
        ),
        Mistake(
            "value-for-slope",
            lambda da, z, slope=0.01: da * np.where(z > 0, z, slope * z),
            "da is multiplied by the activation's value, not by its slope.",
            "How steep is leaky ReLU at z = 3? And at z = 5?",
        ),
        Mistake(
            "sign-of-leak",
            lambda da, z, slope=0.01: np.where(z > 0, da, -slope * da),
            "the leak has the wrong sign.",
            "Does leaky ReLU rise or fall to the left of 0?",
        ),
        Mistake(
            "leak-times-z",
            lambda da, z, slope=0.01: np.where(z > 0, da, slope * z * da),
            "on the negative side z is multiplied in.",
            "The slope of slope · z is what?",
        ),
        Mistake(
            "slope-for-gradient",
            lambda da, z, slope=0.01: np.where(z > 0, da, slope),
            "on the negative side the incoming gradient is lost.",
            "What multiplies the slope there?",
        ),
        sign_flipped(leaky_relu_backward),
        Mistake(
            "slope-missing",
            lambda da, z, slope=0.01: da + 0.0,
            "the gradient passes unchanged: the slope is missing.",
            "How steep is leaky ReLU to the left of 0?",
        ),
        Mistake(
            "cast-for-question",
            (
                lambda da, z, slope=0.01: np.where(z > 0, da * np.int64(z), slope * da),
                lambda da, z, slope=0.01: da * np.where(z > 0, np.int64(z), slope),
            ),
            "the mask holds numbers other than 0 and 1.",
            "A question (z > 0) gives 0 and 1; a cast of z does not. Which one do you want?",
        ),
        Mistake(
            "integer-slopes",
            (
                lambda da, z, slope=0.01: (
                    da * np.where(z > 0, 1.0, float(int(slope)) if np.asarray(z).dtype.kind in "iu" else slope)
                ),
            ),
            "the slopes are written into an array of whole numbers, which makes the leak 0.",
            "What type does the result inherit?",
        ),
    ),
    hints=(
        "How steep is leaky ReLU on either side of 0?",
        "The input z decides; da is multiplied by 1 or by slope.",
        "np.where(z > 0, da, slope * da)",
    ),
    why="No unit ever passes exactly nothing: a unit that was off can still learn its way back.",
)


def _row(rng: Rng, sizes: Sizes) -> Inputs:
    return {"p": probability_rows(rng, 1, sizes.k)[0]}


SOFTMAX_JACOBIAN = Exercise(
    reference=softmax_jacobian,
    lesson=LESSON,
    asks="Return J (k, k) with J[i, j] = dp_i/dz_j for one row of probabilities p (k,).",
    returns="J",
    draw=_row,
    one_row=False,
    mistakes=(
        Mistake(
            "diagonal-only",
            lambda p: np.diag(p * (1 - p)),
            "everything off the diagonal is 0.",
            "Raise one score: do the other probabilities stay as they are?",
        ),
        Mistake(
            "vector-for-matrix",
            (lambda p: p * (1 - p),),
            "only the diagonal comes back, as a row.",
            "How many derivatives are there, with k probabilities and k scores?",
        ),
        Mistake(
            "outer-product-missing",
            lambda p: np.diag(p),
            "the outer product is not subtracted.",
            "What does each row of J add up to?",
        ),
        Mistake(
            "diagonal-missing",
            lambda p: -np.outer(p, p),
            "the diagonal p is missing.",
            "What does each row of J add up to?",
        ),
        Mistake(
            "plus-for-minus",
            lambda p: np.diag(p) + np.outer(p, p),
            "the outer product is added.",
            "If one score rises, do the other probabilities rise or fall?",
        ),
        Mistake(
            "sign-flipped",
            lambda p: np.outer(p, p) - np.diag(p),
            "the sign is the wrong way round.",
            "If a score rises, does its own probability rise or fall?",
        ),
        Mistake(
            "identity-for-diagonal",
            lambda p: np.eye(len(p)) - np.outer(p, p),
            "the diagonal holds 1, not p.",
            "dp_i/dz_i = p_i (1 - p_i): what is the part without the square?",
        ),
        Mistake(
            "off-diagonal-positive",
            lambda p: np.outer(p, p) + np.diag(p * (1 - p) - p * p),
            "the entries off the diagonal have the wrong sign.",
            "If one score rises, do the other probabilities rise or fall?",
        ),
        Mistake(
            "one-minus-p-off-diagonal",
            (lambda p: np.outer(p, 1 - p),),
            "every entry is p_i (1 - p_j).",
            "Which entries have the factor 1 - p?",
        ),
        Mistake(
            "diagonal-squared",
            lambda p: np.diag(p * p) - np.outer(p, p),
            "the diagonal holds p², so it becomes 0.",
            "What is dp_i/dz_i?",
        ),
        Mistake(
            "softmax-twice",
            (lambda p: softmax_jacobian(np.exp(p) / np.sum(np.exp(p))),),
            "softmax is applied to p once more.",
            "p went through softmax already: do you need it again?",
        ),
    ),
    hints=(
        "dp_i/dz_i and dp_i/dz_j differ: what is each?",
        "p_i (1 - p_i) on the diagonal, -p_i p_j elsewhere.",
        "np.diag(p) - np.outer(p, p)",
    ),
    why="Each row sums to 0: what one class wins, the others lose.",
)


def _answers(rng: Rng, sizes: Sizes) -> Inputs:
    low, high = float(rng.uniform(0.15, 0.2)), float(rng.uniform(0.6, 0.7))
    a = rng.uniform(0.3, 0.5, _shape(sizes))
    # 4 entries below, 5 above, 3 beyond the usual borders: each forgotten side or argument gives another count.
    a.ravel()[:9] = [0.02, 0.01, 0.1, 0.12, 0.97, 0.8, 0.85, 0.9, 0.75]
    a = rng.permutation(a.ravel()).reshape(a.shape)
    return {"a": a, "low": low, "high": high}


SATURATED_FRACTION = Exercise(
    reference=saturated_fraction,
    lesson=LESSON,
    asks="Return the share of entries with a < low or a > high.",
    returns="share",
    draw=_answers,
    one_row=False,
    edges={
        "entries exactly at the borders": lambda rng, s: {
            "a": np.array([0.25, 0.75, 0.5, 0.1, 0.9, 0.25, 0.6]),
            "low": 0.25,
            "high": 0.75,
        },
        "the default borders": lambda rng, s: {"a": np.array([0.01, 0.04, 0.06, 0.5, 0.94, 0.96, 0.2])},
        "both borders negative or positive": lambda rng, s: {
            "a": np.array([-2.0, -1.0, 0.0, 1.0, 3.0, 0.5]),
            "low": -1.5,
            "high": 2.0,
        },
    },
    mistakes=(
        Mistake(
            "count-for-share",
            lambda a, low=0.05, high=0.95: np.sum((a < low) | (a > high)),
            "this is a count, not a share.",
            "What should come out if all entries are saturated, however many there are?",
        ),
        Mistake(
            "only-high",
            lambda a, low=0.05, high=0.95: np.mean(a > high),
            "only the upper end is counted.",
            "A sigmoid is flat at both ends: where is the other one?",
        ),
        Mistake(
            "only-low",
            lambda a, low=0.05, high=0.95: np.mean(a < low),
            "only the lower end is counted.",
            "A sigmoid is flat at both ends: where is the other one?",
        ),
        Mistake(
            "and-for-or",
            lambda a, low=0.05, high=0.95: np.mean((a < low) & (a > high)),
            "an entry would have to be at both ends at once.",
            "Can a number be below low and above high? Which word joins the two questions?",
        ),
        Mistake(
            "complement",
            (
                lambda a, low=0.05, high=0.95: np.mean((a >= low) & (a <= high)),
                lambda a, low=0.05, high=0.95: np.mean((a > low) & (a < high)),
            ),
            "this is the share that is not saturated.",
            "What should come out if every entry is 0.5?",
        ),
        Mistake(
            "borders-included",
            lambda a, low=0.05, high=0.95: np.mean((a <= low) | (a >= high)),
            "entries exactly at a border are counted.",
            "Is the test strict: < or <=?",
        ),
        Mistake(
            "borders-fixed",
            lambda a, low=0.05, high=0.95: np.mean((a < 0.05) | (a > 0.95)),
            "the borders are taken as 0.05 and 0.95 whatever is asked for.",
            "Where are low and high used in your function?",
        ),
        Mistake(
            "percent-for-share",
            lambda a, low=0.05, high=0.95: 100 * np.mean((a < low) | (a > high)),
            "this is in percent.",
            "Between which two numbers does a share lie?",
        ),
        Mistake(
            "per-column",
            (lambda a, low=0.05, high=0.95: np.mean((a < low) | (a > high), axis=0),),
            "one share for each column comes back.",
            "How many numbers should come back?",
        ),
    ),
    hints=(
        "Which entries are saturated? Two questions joined by which word?",
        "(a < low) | (a > high) is an array of True and False. What is its mean?",
        "np.mean((a < low) | (a > high))",
    ),
    why="The mean of True and False is a share; a layer with a share near 1 passes hardly any gradient.",
)


def _relu_outputs(rng: Rng, sizes: Sizes) -> Inputs:
    n, h = sizes.n, max(sizes.h, 5)
    A = np.maximum(away(rng, n, h), 0.0)
    A[0, A.argmin(axis=1)[0]] = 0.0
    A[:, 1] = 0.0
    A[:, 3] = 0.0
    A[0, 2] = 0.7
    A[0, 0], A[min(1, n - 1), 0] = 0.9, 0.9 if n == 1 else 0.0
    A[0, 4] = 0.3
    return {"A": A}


DEAD_UNITS = Exercise(
    reference=dead_units,
    lesson=LESSON,
    asks="Return a bool array (h,): True for each unit (column) that is above 0 for no example.",
    returns="dead",
    draw=_relu_outputs,
    one_row=False,
    edges={
        "small activations": lambda rng, s: {
            "A": np.array([[0.0, 2.0, 0.0, 0.0, 1e-6], [1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0, 0.0]])
        },
    },
    # A ReLU layer has no outputs below 0, so an answer that is wrong for them is still right.
    tips={
        "entries below 0, as of a leaky layer": lambda rng, s: {
            "A": np.array([[-1.0, 2.0, 0.0, -3.0, 0.05], [1.0, -2.0, 0.0, -0.5, -4.0], [0.0, -1.0, 0.0, -0.2, -1.0]])
        },
    },
    mistakes=(
        Mistake(
            "per-example",
            lambda A: ~(A > 0).any(axis=1),
            "one answer for each example comes back.",
            "Units are columns: over which axis do you look?",
        ),
        Mistake(
            "any-zero",
            (lambda A: (A == 0).any(axis=0), lambda A: (A <= 0).any(axis=0), lambda A: ~(A > 0).all(axis=0)),
            "a unit counts as dead if it is off for a single example.",
            "When is a unit dead: off once, or off for every example?",
        ),
        Mistake(
            "alive-for-dead",
            (lambda A: (A > 0).any(axis=0), lambda A: A.sum(axis=0) > 0),
            "True marks the units that are alive.",
            "Which answer should a column of zeros get?",
        ),
        Mistake(
            "count-for-mask",
            (lambda A: np.sum(~(A > 0).any(axis=0)), lambda A: int(np.sum(A.max(axis=0) <= 0))),
            "the number of dead units comes back.",
            "Which of the units are dead? One answer for each is wanted.",
        ),
        Mistake(
            "indices-for-mask",
            (lambda A: np.where(~(A > 0).any(axis=0))[0], lambda A: np.flatnonzero(A.max(axis=0) <= 0)),
            "the indices of the dead units come back.",
            "One True or False for each unit is wanted: what shape is that?",
        ),
        Mistake(
            "numbers-for-answers",
            (lambda A: (~(A > 0).any(axis=0)).astype(float), lambda A: (A.max(axis=0) <= 0).astype(int)),
            "the answers are numbers, not True and False.",
            "Which dtype can be used to pick columns, as in W[:, ~dead]?",
        ),
        Mistake(
            "share-off",
            (lambda A: (A == 0).mean(axis=0), lambda A: (A > 0).mean(axis=0)),
            "a share for each unit comes back.",
            "A unit is dead or it is not: which share means dead?",
        ),
        Mistake(
            "every-entry",
            (lambda A: A == 0, lambda A: A <= 0, lambda A: ~(A > 0)),
            "one answer for each entry comes back.",
            "A unit is a whole column: how do its entries become one answer?",
        ),
        Mistake(
            "whole-layer",
            (lambda A: not (A > 0).any(), lambda A: bool((A == 0).all())),
            "one answer for the whole layer comes back.",
            "How many units are there, and how many answers?",
        ),
        Mistake(
            "threshold",
            tuple(lambda A, e=e: ~(e < A).any(axis=0) for e in (0.1, 0.2, 0.5)),
            "small activations count as none.",
            "Is 0.05 above 0?",
        ),
    ),
    hints=(
        "A unit is a column of A. What does a dead one look like?",
        "A > 0 asks each entry; any(axis=0) asks whether there was one in each column.",
        "~(A > 0).any(axis=0)",
    ),
    why="No entry above 0 means slope 0 for every example: no gradient reaches its weights, and it can never come back.",
)

EXERCISES = (TANH, TANH_BACKWARD, SATURATED_FRACTION, DEAD_UNITS, LEAKY_RELU, LEAKY_RELU_BACKWARD, SOFTMAX_JACOBIAN)
