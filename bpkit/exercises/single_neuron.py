"""Lesson 01: one sigmoid neuron under binary cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.activations import sigmoid, sigmoid_backward
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import (
    Rng,
    altered_tuple,
    away,
    both_shapes,
    coins,
    normal,
    probabilities,
    scaled,
    sigmoid_slope_mistakes,
    sign_flipped,
    whole_numbers,
    with_inputs,
)
from bpkit.losses import bce, bce_backward
from bpkit.networks import neuron_backward, neuron_forward, train_neuron
from bpkit.optimizers import gradient_step

LESSON = "01_single_neuron"


def any_shape(rng: Rng, sizes: Sizes) -> tuple[int, ...]:
    """A shape for functions that work entry by entry: sometimes a table, sometimes a row."""
    return (sizes.n,) if sizes.n == 11 else (sizes.n, sizes.d)


def _scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, *any_shape(rng, sizes), least=0.3, most=3.0)}


def _steep(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": np.array([-1000.0, -40.0, -1.5, 0.5, 40.0, 1000.0])}


SIGMOID = Exercise(
    reference=sigmoid,
    lesson=LESSON,
    asks="Squash every number of z into (0, 1): a = 1 / (1 + exp(-z)).",
    returns="a",
    draw=_scores,
    edges={"whole numbers": with_inputs(_scores, z=whole_numbers), "very large |z|": _steep},
    tips={"one plain Python number": lambda rng, s: {"z": 0.3}},
    mistakes=(
        Mistake(
            "missing-minus",
            (lambda z: 1 / (1 + np.exp(z)), lambda z: 1 - sigmoid(z)),
            "it falls where it should rise: the minus sign of exp(-z) is missing.",
            "For a large positive z the answer should be near 1. What is exp(z) then?",
        ),
        Mistake(
            "missing-brackets",
            lambda z: 1 / 1 + np.exp(-z),
            "the sum 1 + exp(-z) has no brackets.",
            "What does Python divide first in 1 / 1 + exp(-z)?",
        ),
        Mistake(
            "minus-for-plus",
            lambda z: 1 / (1 - np.exp(-z)),
            "there is a minus where the 1 and the exponential should add.",
            "What is the answer at z = 0, where it should be 1/2?",
        ),
        Mistake(
            "derivative-for-value",
            lambda z: sigmoid(z) * (1 - sigmoid(z)),
            "this is the slope of the sigmoid, not its value.",
            "Which value should come out at z = 0?",
        ),
        Mistake(
            "tanh-for-sigmoid",
            np.tanh,
            "the results reach below 0: this is tanh.",
            "Which range should the results have?",
        ),
        Mistake(
            "unsquashed",
            (lambda z: np.exp(-z), lambda z: np.exp(z)),
            "this is only the exponential.",
            "What keeps the result below 1?",
        ),
        Mistake(
            "inf-over-inf",
            (lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: np.exp(z) / (np.exp(z) + 1)),
            "exp(z) / (1 + exp(z)) becomes inf / inf for a large z.",
            "Which of exp(z) and exp(-z) stays small when z is large?",
        ),
        Mistake(
            "integer-result",
            (lambda z: _filled(np.zeros_like(z), sigmoid(z)),),
            "the result inherits the integer dtype of z, so everything is cut to 0 or 1.",
            "What type does the result inherit?",
        ),
    ),
    hints=(
        "Which NumPy function raises e to every entry of an array at once?",
        "exp(-z) is large where z is very negative. What does 1 / (1 + exp(-z)) do there?",
        "1 / (1 + np.exp(-z)): mind the minus and the brackets.",
    ),
    why="Scores of any size become numbers that can be read as probabilities, and the slope is never 0 in exact arithmetic.",
)


def _filled(result: Any, values: Any) -> Any:
    result = np.asarray(result)
    result[...] = values
    return result


def _neuron(rng: Rng, sizes: Sizes) -> Inputs:
    return {"X": normal(rng, sizes.n, sizes.d), "w": away(rng, sizes.d), "b": float(away(rng, least=0.5))}


NEURON_FORWARD = Exercise(
    reference=neuron_forward,
    lesson=LESSON,
    asks="Return a (n,): the sigmoid of the weighted sum of each row of X, plus the bias.",
    returns="a",
    draw=_neuron,
    edges={"whole numbers": with_inputs(_neuron, X=whole_numbers, w=lambda rng, w: np.where(w > 0, 1, -1))},
    mistakes=(
        Mistake(
            "bias-left-out",
            lambda X, w, b: sigmoid(X @ w),
            "the bias is missing.",
            "What should the neuron answer for an example of zeros?",
        ),
        Mistake(
            "no-activation",
            lambda X, w, b: X @ w + b,
            "this is z, before the sigmoid.",
            "Can this number be read as a probability?",
        ),
        Mistake(
            "bias-outside",
            lambda X, w, b: sigmoid(X @ w) + b,
            "the bias is added after the sigmoid.",
            "Can a probability exceed 1? Where does the bias belong?",
        ),
        Mistake(
            "elementwise-product",
            (lambda X, w, b: sigmoid(X * w + b),),
            "each input is weighted, but they are never summed.",
            "One neuron, one number for each example: which product sums over the inputs?",
        ),
        Mistake(
            "bias-subtracted",
            lambda X, w, b: sigmoid(X @ w - b),
            "the bias is subtracted.",
            "z = w·x + b: with which sign?",
        ),
        Mistake(
            "tanh-for-sigmoid",
            lambda X, w, b: np.tanh(X @ w + b),
            "the activation is tanh.",
            "Which range should the answers have?",
        ),
        Mistake(
            "mean-for-sum",
            lambda X, w, b: sigmoid(np.mean(X * w, axis=1) + b),
            "the weighted inputs are averaged.",
            "z is the sum of the weighted inputs: is it divided by anything?",
        ),
        Mistake(
            "column-for-row",
            (lambda X, w, b: sigmoid(X @ np.reshape(w, (-1, 1)) + b),),
            "the answer is a column (n, 1).",
            "w has shape (d,): what shape does X @ w have without a reshape?",
        ),
    ),
    hints=(
        "One row of X, one number out. What is it for a single row?",
        "X @ w multiplies each row with w and sums: all examples at once.",
        "sigmoid(X @ w + b), with the sigmoid you wrote above.",
    ),
    why="X @ w takes every example's weighted sum in one product; the one bias is added to each.",
)


def _labelled(rng: Rng, sizes: Sizes) -> Inputs:
    shape = both_shapes(rng, sizes)
    return {"y_true": coins(rng, *shape), "a": probabilities(rng, *shape)}


def _confident(rng: Rng, sizes: Sizes) -> Inputs:
    y = coins(rng, sizes.n)
    small = 10.0 ** rng.uniform(-4.6, -4.0, sizes.n)  # an added 1e-12 stays below the tolerance, an added 1e-9 does not
    return {"y_true": y, "a": np.where(y == 1, 1 - small, small)}


def _very_confident_wrong(rng: Rng, sizes: Sizes) -> Inputs:
    y, small = coins(rng, sizes.n), 10.0 ** rng.uniform(-5.4, -5.1, sizes.n)
    return {"y_true": y, "a": np.where(y == 0, 1 - small, small)}


def _confident_wrong(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = _confident(rng, sizes)
    return inputs | {"y_true": 1 - inputs["y_true"]}


def _certain(rng: Rng, sizes: Sizes) -> Inputs:
    return {"y_true": np.array([0.0, 1.0, 0.0, 1.0, 1.0]), "a": np.array([0.0, 1.0, 1.0, 0.0, 0.3])}


def _certain_and_right(rng: Rng, sizes: Sizes) -> Inputs:
    return {"y_true": np.array([0.0, 1.0, 1.0]), "a": np.array([0.0, 1.0, 0.4])}


def _eps_inside(eps: float) -> Any:
    return lambda y, a: -np.mean(y * np.log(a + eps) + (1 - y) * np.log(1 - a + eps))


_LOG_ZERO = (
    lambda y, a: -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)),
    lambda y, a: -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / np.size(y),
    lambda y, a: np.mean(np.where(y == 1, -np.log(a), -np.log(1 - a))),
)

BCE = Exercise(
    reference=bce,
    lesson=LESSON,
    asks="Return one number: the mean of -(y log a + (1 - y) log(1 - a)) over all examples.",
    returns="loss",
    draw=_labelled,
    edges={
        "labels as whole numbers": with_inputs(_labelled, y_true=lambda rng, y: y.astype(int)),
        "confident right answers": _confident,
        "confident wrong answers": _very_confident_wrong,
    },
    finite={"an answer of exactly 0 or 1": _certain, "an answer of exactly 0 or 1 that is right": _certain_and_right},
    mistakes=(
        Mistake(
            "missing-minus",
            lambda y, a: np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)),
            "the loss is negative.",
            "Can a cost be below 0? What is the sign of log a for a between 0 and 1?",
        ),
        Mistake(
            "minus-on-first-term-only",
            lambda y, a: np.mean(-y * np.log(a) + (1 - y) * np.log(1 - a)),
            "the minus reaches the first term only.",
            "Which terms does the bracket hold?",
        ),
        Mistake(
            "sum-for-mean",
            lambda y, a: bce(y, a) * np.size(y),
            "the examples are summed, not averaged.",
            "Should the loss double when the same examples are shown twice?",
        ),
        Mistake(
            "second-term-missing",
            lambda y, a: -np.mean(y * np.log(a)),
            "examples with label 0 cost nothing.",
            "What does a wrong answer cost when y is 0?",
        ),
        Mistake(
            "first-term-missing",
            lambda y, a: -np.mean((1 - y) * np.log(1 - a)),
            "examples with label 1 cost nothing.",
            "What does a wrong answer cost when y is 1?",
        ),
        Mistake(
            "labels-swapped",
            lambda y, a: bce(1 - np.asarray(y), a),
            "the two labels have changed places.",
            "For y = 1, should a near 1 be cheap or expensive?",
        ),
        Mistake(
            "other-base",
            (lambda y, a: bce(y, a) / np.log(2), lambda y, a: bce(y, a) / np.log(10)),
            "the logarithm has another base.",
            "Which of np.log, np.log2 and np.log10 is the natural logarithm?",
        ),
        Mistake(
            "squared-error",
            lambda y, a: np.mean((y - a) ** 2),
            "this is the mean squared error.",
            "Which loss asks for the logarithm of the probability given to the truth?",
        ),
        Mistake(
            "not-averaged",
            (lambda y, a: -(y * np.log(np.clip(a, 1e-15, 1 - 1e-15)) + (1 - y) * np.log(np.clip(1 - a, 1e-15, 1))),),
            "one number for each example comes back.",
            "A loss is one number: how do the examples become one?",
        ),
        Mistake(
            "outer-product",
            (
                lambda y, a: -np.mean(np.outer(y, np.log(a)) + np.outer(1 - y, np.log(1 - a))),
                lambda y, a: -np.sum(np.outer(y, np.log(a)) + np.outer(1 - y, np.log(1 - a))) / np.size(y),
            ),
            "every label is multiplied with every answer.",
            "Print the shape of the product: how many entries should it have?",
        ),
        Mistake(
            "log-of-zero",
            _LOG_ZERO,
            "at an answer of exactly 0 or 1 the logarithm is infinite, and 0 · log 0 is nan.",
            "What is 0 * np.log(0)? Keep a a hair's breadth (about 1e-12) away from 0 and 1 first.",
        ),
        Mistake(
            "eps-inside-the-log",
            tuple(_eps_inside(10.0**-e) for e in range(4, 10)),
            "an epsilon is added inside the logarithm, which shifts every answer.",
            "Is log(a + eps) still 0 at a = 1? Clip a instead.",
            slight=True,
        ),
        Mistake(
            "divided-by-rows-only",
            scaled(bce, lambda y, a: np.size(a) / len(a)),
            "it is divided by the number of rows only.",
            "The loss is a mean over all entries: how many are there?",
        ),
        Mistake(
            "clipped-too-early",
            tuple(lambda y, a, e=e: bce(y, np.clip(a, e, 1 - e)) for e in (0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5)),
            "answers are clipped long before they reach 0 or 1.",
            "What should an answer of 0.00001 cost when the label is 1? A hair's breadth, such as 1e-12, is enough.",
        ),
        Mistake(
            "mean-taken-twice",
            (scaled(bce, lambda y, a: 1 / np.size(a)), scaled(bce, lambda y, a: 1 / len(a))),
            "it is divided by the count twice.",
            "np.mean divides already: does anything divide again?",
        ),
    ),
    hints=(
        "For a single example with y = 1 only one of the two terms is left. Which one, and what does it cost at a = 0.3?",
        "Clip a first: np.clip(a, eps, 1 - eps) with an eps such as 1e-12; then use it in both logarithms.",
        "-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)), on the clipped a.",
    ),
    why="It is the average surprise at the true label: ln 2 for a coin's guess, 0 for certainty that is right.",
)


def _bce_slope(y: Any, a: Any) -> Any:
    a = np.clip(a, 1e-12, 1 - 1e-12)
    return -y / a + (1 - y) / (1 - a)


BCE_BACKWARD = Exercise(
    reference=bce_backward,
    lesson=LESSON,
    asks="Return da (n,), the gradient of your bce with respect to each entry of a.",
    returns="da",
    draw=_labelled,
    edges={
        "labels as whole numbers": with_inputs(_labelled, y_true=lambda rng, y: y.astype(int)),
        "confident wrong answers": _confident_wrong,
    },
    finite={"an answer of exactly 0 or 1": _certain},
    mistakes=(
        Mistake(
            "forgot-the-mean",
            _bce_slope,
            "the 1/n of the mean is missing.",
            "Your loss is a mean over n examples: what happens to a single one's slope?",
        ),
        Mistake(
            "second-term-sign",
            lambda y, a: -(y / a + (1 - y) / (1 - a)) / np.size(a),
            "it is right where y = 1 and has the wrong sign where y = 0.",
            "What is the derivative of 1 - a with respect to a?",
        ),
        sign_flipped(bce_backward),
        Mistake(
            "second-term-missing",
            lambda y, a: -y / a / np.size(a),
            "examples with label 0 get no gradient.",
            "Which term of the loss is alive when y = 0?",
        ),
        Mistake(
            "first-term-missing",
            lambda y, a: (1 - y) / (1 - a) / np.size(a),
            "examples with label 1 get no gradient.",
            "Which term of the loss is alive when y = 1?",
        ),
        Mistake(
            "dz-for-da",
            (lambda y, a: (a - y) / np.size(a), lambda y, a: a - y),
            "a - y is the gradient at z, one step further back.",
            "The sigmoid's slope a(1 - a) is multiplied in later. Is it in here already?",
        ),
        Mistake(
            "squared-error-slope",
            lambda y, a: 2 * (a - y) / np.size(a),
            "this is the gradient of the mean squared error.",
            "Which loss are you differentiating?",
        ),
        Mistake(
            "labels-swapped",
            lambda y, a: bce_backward(1 - np.asarray(y), a),
            "the two labels have changed places.",
            "For y = 1, should a larger a make the loss rise or fall?",
        ),
        Mistake(
            "divided-by-zero",
            (
                lambda y, a: (-(y / a) + (1 - y) / (1 - a)) / np.size(a),
                lambda y, a: (a - y) / (a * (1 - a)) / np.size(a),
            ),
            "at an answer of exactly 0 or 1 it divides by 0.",
            "Clip a as the loss does: what is the largest slope then?",
        ),
        Mistake(
            "divided-by-rows-only",
            scaled(bce_backward, lambda y, a: np.size(a) / len(a)),
            "it is divided by the number of rows only.",
            "The loss is a mean over all entries: how many are there?",
        ),
        Mistake(
            "clipped-too-early",
            tuple(lambda y, a, e=e: bce_backward(y, np.clip(a, e, 1 - e)) for e in (0.1, 0.05, 0.01, 1e-3, 1e-4)),
            "answers are clipped long before they reach 0 or 1, so confident mistakes are let off.",
            "How steep is the loss at a = 0.0001 when the label is 1? A hair's breadth, such as 1e-12, is enough.",
        ),
        Mistake(
            "eps-in-the-denominators",
            tuple(
                lambda y, a, e=e: (-y / (a + e) + (1 - y) / (1 - a + e)) / np.size(a)
                for e in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
            ),
            "an epsilon in the denominators shifts every slope.",
            "What does 1/(a + eps) give at a = eps? Clip a instead.",
            slight=True,
        ),
    ),
    hints=(
        "Differentiate for one example first: what is the slope of -log a, and of -log(1 - a)?",
        "-y/a + (1 - y)/(1 - a) for each example. What does the mean in the loss do to it?",
        "Clip a as in bce, then (-y / a + (1 - y) / (1 - a)) / n with n = a.size.",
    ),
    why="A confident wrong answer has a huge slope: that is what makes cross-entropy learn from its worst mistakes.",
)


def _through_sigmoid(rng: Rng, sizes: Sizes) -> Inputs:
    shape = any_shape(rng, sizes)
    return {"da": away(rng, *shape), "a": sigmoid(away(rng, *shape, least=0.3))}


def _logit(a: Any) -> Any:
    return np.log(a) - np.log1p(-a)


SIGMOID_BACKWARD = Exercise(
    reference=sigmoid_backward,
    lesson=LESSON,
    asks="Given da = dL/da and the sigmoid's output a, return dz = dL/dz.",
    returns="dz",
    draw=_through_sigmoid,
    edges={"da as whole numbers": with_inputs(_through_sigmoid, da=whole_numbers)},
    tips={"one plain Python number": lambda rng, s: {"da": 2.0, "a": 0.25}},
    mistakes=(
        Mistake(
            "upstream-forgotten",
            lambda da, a: a * (1 - a),
            "the incoming gradient da is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "sigmoid-twice",
            (lambda da, a: da * sigmoid(a) * (1 - sigmoid(a)),),
            "the sigmoid is applied to a once more.",
            "a went through the sigmoid already: do you need it again?",
        ),
        Mistake(
            "z-for-a",
            (lambda da, a: da * _logit(a) * (1 - _logit(a)),),
            "z(1 - z) stands where a(1 - a) belongs.",
            "Can the slope of a rising curve be negative? Is your argument z or sigmoid(z)?",
        ),
        Mistake(
            "difference-for-product",
            lambda da, a: da * (a - (1 - a)),
            "the two factors are subtracted.",
            "What should the slope be where a is nearly 1?",
        ),
        Mistake(
            "plus-for-minus",
            lambda da, a: da * a * (1 + a),
            "it is a (1 + a).",
            "What should the slope be where a is nearly 1?",
        ),
        Mistake(
            "one-factor",
            (lambda da, a: da * a, lambda da, a: da * (1 - a)),
            "one of the two factors a and 1 - a is missing.",
            "The slope dies out at both ends, near 0 and near 1: which factor does each?",
        ),
        Mistake(
            "tanh-slope",
            lambda da, a: da * (1 - a**2),
            "1 - a² is the slope of tanh.",
            "At z = 0 the sigmoid has slope 1/4: what does yours give?",
        ),
        Mistake(
            "divided-by-slope",
            lambda da, a: da / (a * (1 - a)),
            "it is divided by the slope.",
            "dL/dz = dL/da · da/dz: is anything divided?",
        ),
        sign_flipped(sigmoid_backward),
        Mistake(
            "slope-missing",
            lambda da, a: da + 0.0,
            "the gradient passes unchanged: the slope is missing.",
            "How steep is the sigmoid at z = 0? And far out?",
        ),
    ),
    hints=(
        "The slope of the sigmoid can be written with its output alone. How?",
        "da/dz = a (1 - a). And the chain rule?",
        "da * a * (1 - a), entry by entry.",
    ),
    why="The slope is at most 1/4 and nearly 0 at both ends: a saturated sigmoid lets hardly any gradient through.",
)


def _answered(rng: Rng, sizes: Sizes) -> Inputs:
    X = normal(rng, sizes.n, sizes.d)
    a = neuron_forward(X, away(rng, sizes.d), float(away(rng)))
    return {"X": X, "y_true": coins(rng, sizes.n), "a": np.clip(a, 0.02, 0.98)}


def _long_chain(slope: Any, loss_slope: Any = None) -> Any:
    """The gradients by the long chain, with another slope in it."""

    def wrong(X: Any, y: Any, a: Any) -> Any:
        dz = (loss_slope(y, a) if loss_slope else -y / a + (1 - y) / (1 - a)) / len(a) * slope(a)
        return X.T @ dz, np.sum(dz)

    return wrong


NEURON_BACKWARD = Exercise(
    reference=neuron_backward,
    lesson=LESSON,
    asks="Return (dw, db), the gradients of the mean cross-entropy with respect to w (d,) and b.",
    returns=("dw", "db"),
    draw=_answered,
    edges={"labels as whole numbers": with_inputs(_answered, y_true=lambda rng, y: y.astype(int))},
    mistakes=(
        Mistake(
            "forgot-the-mean",
            (
                scaled(neuron_backward, lambda X, y, a: len(X)),
                altered_tuple(neuron_backward, _0=lambda X, y, a: X.T @ (a - y)),
                altered_tuple(neuron_backward, _1=lambda X, y, a: np.sum(a - y)),
            ),
            "the 1/n of the mean is missing.",
            "Your loss is a mean over n examples: where is it?",
        ),
        sign_flipped(neuron_backward),
        Mistake(
            "bias-averaged-twice",
            altered_tuple(neuron_backward, _1=lambda X, y, a: np.mean(a - y) / len(X)),
            "db is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        Mistake(
            "weights-averaged-twice",
            altered_tuple(neuron_backward, _0=lambda X, y, a: X.T @ (a - y) / len(X) ** 2),
            "dw is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        Mistake(
            "sigmoid-slope-again",
            (lambda X, y, a: (X.T @ ((a - y) * a * (1 - a)) / len(X), np.mean((a - y) * a * (1 - a))),),
            "a - y is multiplied by a(1 - a) once more.",
            "dL/da · a(1 - a) gives a - y: is the sigmoid's slope still missing from it?",
        ),
        Mistake(
            "sigmoid-slope-missing",
            (lambda X, y, a: (X.T @ bce_backward(y, a), np.sum(bce_backward(y, a))),),
            "the sigmoid's slope is missing from the chain.",
            "What lies between a and z?",
        ),
        Mistake(
            "bias-like-weights",
            altered_tuple(neuron_backward, _1=lambda X, y, a: np.sum(X.T @ (a - y) / len(X))),
            "db is computed from X.",
            "dz/db is 1 for every example: where would X come in?",
        ),
        Mistake(
            "bias-gradient-zero",
            altered_tuple(neuron_backward, _1=lambda X, y, a: 0.0),
            "db is always 0.",
            "If b rises a little, do the answers move?",
        ),
        Mistake(
            "answers-for-errors",
            (lambda X, y, a: (X.T @ a / len(X), np.mean(a)),),
            "the answers are sent back, not the errors: the labels are never used.",
            "Does your gradient change when y changes?",
        ),
        Mistake(
            "elementwise-product",
            (
                altered_tuple(neuron_backward, _0=lambda X, y, a: X.T * (a - y) / len(X)),
                altered_tuple(neuron_backward, _0=lambda X, y, a: X * (a - y)[:, None] / len(X)),
            ),
            "dw still has one entry for each example.",
            "A sum of products over the examples is a matrix product: which one?",
        ),
        Mistake(
            "bias-per-example",
            (
                altered_tuple(neuron_backward, _1=lambda X, y, a: (a - y) / len(X)),
                altered_tuple(neuron_backward, _1=lambda X, y, a: a - y),
            ),
            "db has one entry for each example.",
            "All examples share the one bias: what happens to their contributions?",
        ),
        Mistake(
            "second-term-sign",
            lambda X, y, a: _long_chain(lambda a: a * (1 - a), lambda y, a: -(y / a + (1 - y) / (1 - a)))(X, y, a),
            "it is right where y = 1 and has the wrong sign where y = 0.",
            "What is the derivative of log(1 - a) with respect to a? Mind the inner derivative.",
        ),
        *sigmoid_slope_mistakes(lambda slope: _long_chain(slope)),
    ),
    hints=(
        "One example first: dL/dw = dL/dz · dz/dw. What is dz/dw?",
        "dL/dz is a - y for each example. Every example contributes (a - y) x to dw and (a - y) to db; average them.",
        "With dz = (a - y_true) / n: dw = X.T @ dz and db = dz.sum().",
    ),
    why="a(1 - a) cancels the division in the loss's slope, so a confident mistake is not slowed down: the error a - y itself flows back.",
)


def _stepping(rng: Rng, sizes: Sizes) -> Inputs:
    shapes: dict[str, tuple[int, ...]] = {"W": (sizes.d, sizes.h), "b": (sizes.h,), "c": ()}
    params = {key: away(rng, *shape) for key, shape in shapes.items()}
    grads = {key: away(rng, *shape) for key, shape in shapes.items()}
    return {"params": params, "grads": grads, "lr": float(rng.uniform(0.1, 0.4))}


def _in_place(params: Any, grads: Any, lr: float) -> Any:
    for key in params:
        params[key] -= lr * grads[key]
    return params


def _in_place_on_copy_of_dict(params: Any, grads: Any, lr: float) -> Any:
    new = dict(params)
    for key in new:
        new[key] -= lr * grads[key]
    return new


GRADIENT_STEP = Exercise(
    reference=gradient_step,
    lesson=LESSON,
    asks="Return a new dict in which every parameter has moved against its gradient by lr times that gradient.",
    returns="params",
    draw=_stepping,
    one_row=False,
    edges={
        "plain Python numbers": lambda rng, s: {
            "params": {"w": 1.5, "b": -0.5},
            "grads": {"w": 0.5, "b": 2.0},
            "lr": 0.1,
        },
        "whole numbers in params": lambda rng, s: {
            "params": {"W": whole_numbers(rng, np.ones((2, 3))), "b": np.array([1, -2, 3])},
            "grads": {"W": away(rng, 2, 3), "b": away(rng, 3)},
            "lr": 0.1,
        },
    },
    mistakes=(
        Mistake(
            "uphill",
            lambda params, grads, lr: {k: params[k] + lr * grads[k] for k in params},
            "it steps with the gradient.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "learning-rate-forgotten",
            lambda params, grads, lr: {k: params[k] - grads[k] for k in params},
            "the learning rate is not used.",
            "How long is a step when lr is halved?",
        ),
        Mistake(
            "unchanged",
            (lambda params, grads, lr: {k: params[k] for k in params}, lambda params, grads, lr: dict(params)),
            "nothing has moved.",
            "Who receives the new values?",
        ),
        Mistake(
            "biases-frozen",
            lambda params, grads, lr: {
                k: params[k] - lr * grads[k] if np.ndim(params[k]) == 2 else params[k] for k in params
            },
            "only the weight matrices have moved.",
            "Which parameters does the gradient have entries for?",
        ),
        Mistake(
            "step-for-position",
            lambda params, grads, lr: {k: -lr * grads[k] for k in params},
            "this is the step alone, without the place it starts from.",
            "From where does the step lead?",
        ),
        Mistake(
            "in-place",
            (_in_place, _in_place_on_copy_of_dict),
            "the caller's arrays were moved as well.",
            "Call it twice with the same arguments: same answer? `p -= …` changes the array itself, `p - …` makes a new one.",
        ),
        Mistake(
            "divided-by-lr",
            lambda params, grads, lr: {k: params[k] - grads[k] / lr for k in params},
            "the gradient is divided by the learning rate.",
            "Should a larger learning rate give a longer or a shorter step?",
        ),
        Mistake(
            "shrunk-first",
            lambda params, grads, lr: {k: lr * (params[k] - grads[k]) for k in params},
            "the learning rate multiplies the parameter as well.",
            "Which of the two terms does lr belong to?",
        ),
        Mistake(
            "nothing-returned", lambda params, grads, lr: None, "nothing is returned.", "Who receives the new values?"
        ),
        Mistake(
            "one-gradient-for-all",
            (lambda params, grads, lr: {k: params[k] - lr * next(iter(grads.values())) for k in params},),
            "every parameter steps along the gradient of the first one.",
            "Which gradient belongs to the bias?",
        ),
    ),
    hints=(
        "For a single parameter: new = old minus what?",
        "Build a new dict with a comprehension over the keys of params.",
        "{key: params[key] - lr * grads[key] for key in params}",
    ),
    why="A new dict leaves the old one alone: you can compare before and after, and a second call cannot step twice.",
)


def _training(rng: Rng, sizes: Sizes) -> Inputs:
    X = normal(rng, sizes.n, sizes.d)
    y = coins(rng, sizes.n)
    return {"X": X + 0.5, "y_true": y, "lr": float(rng.uniform(0.4, 0.8)), "steps": sizes.d + 2}


def _trained(
    *,
    start: float = 0.0,
    factor: Any = None,
    loss_after: bool = False,
    move_b: bool = True,
    rounds: int = 0,
    backward: Any = neuron_backward,
) -> Any:
    """The training loop with one thing changed."""

    def wrong(X: Any, y: Any, lr: float, steps: int) -> Any:
        w, b, losses = np.full(X.shape[1], start), start, []
        for _ in range(steps + rounds):
            a = neuron_forward(X, w, b)
            dw, db = backward(X, y, a)
            scale = lr * (factor(X) if factor else 1.0)
            if not loss_after:
                losses.append(bce(y, a))
            w, b = w - scale * dw, (b - scale * db if move_b else b)
            if loss_after:
                losses.append(bce(y, neuron_forward(X, w, b)))
        return w, b, losses

    return wrong


def _bias_after_weights(X: Any, y: Any, lr: float, steps: int) -> Any:
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    for _ in range(steps):
        a = neuron_forward(X, w, b)
        losses.append(bce(y, a))
        w = w - lr * neuron_backward(X, y, a)[0]
        b = b - lr * neuron_backward(X, y, neuron_forward(X, w, b))[1]
    return w, b, losses


def _only_last_loss(X: Any, y: Any, lr: float, steps: int) -> Any:
    w, b, losses = train_neuron(X, y, lr, steps)
    return w, b, losses[-1:]


def _recorded(loss: Any) -> Any:
    """Right training, with another loss noted."""

    def wrong(X: Any, y: Any, lr: float, steps: int) -> Any:
        w, b, losses = np.zeros(X.shape[1]), 0.0, []
        for _ in range(steps):
            a = neuron_forward(X, w, b)
            losses.append(loss(y, a))
            dw, db = neuron_backward(X, y, a)
            w, b = w - lr * dw, b - lr * db
        return w, b, losses

    return wrong


def _saturating(rng: Rng, sizes: Sizes) -> Inputs:
    """Training in which some answers round to exactly 0 and 1."""
    inputs = _training(rng, sizes)
    return inputs | {"X": 40.0 * inputs["X"], "lr": 5.0}


TRAIN_NEURON = Exercise(
    reference=train_neuron,
    lesson=LESSON,
    asks="From zeros, repeat: forward, note the loss, backward, step. Return (w, b, losses).",
    returns=("w", "b", "losses"),
    draw=_training,
    one_row=False,
    finite={"answers that become certain": _saturating},
    edges={
        "a single step": lambda rng, s: _training(rng, s) | {"steps": 1},
        "labels as whole numbers": with_inputs(_training, y_true=lambda rng, y: y.astype(int)),
    },
    mistakes=(
        Mistake(
            "loss-after-update",
            _trained(loss_after=True),
            "each loss is taken after its update.",
            "What is the loss of the untrained neuron, and where in the list should it be?",
        ),
        Mistake(
            "one-step-short",
            (
                _trained(rounds=-1),
                lambda X, y, lr, steps: (*_trained(rounds=-1)(X, y, lr, steps)[:2], train_neuron(X, y, lr, steps)[2]),
            ),
            "it stops one step early.",
            "How often does `range(1, steps)` go round?",
        ),
        Mistake(
            "one-step-more", (_trained(rounds=1),), "it makes one step too many.", "How often does your loop go round?"
        ),
        Mistake(
            "uphill",
            _trained(factor=lambda X: -1.0),
            "it steps with the gradient: the loss climbs.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "sum-for-mean",
            (_trained(factor=len),),
            "the steps are n times too long: the gradient is that of a sum.",
            "Your loss is a mean over n examples. And your gradient?",
        ),
        Mistake("bias-frozen", _trained(move_b=False), "the bias stays where it was.", "Which parameters were moved?"),
        Mistake(
            "starts-at-one",
            _trained(start=1.0),
            "it does not start from zeros.",
            "What is the very first loss of a neuron that knows nothing? It should be ln 2.",
        ),
        Mistake(
            "bias-step-from-new-weights",
            _bias_after_weights,
            "the bias is moved by a gradient that was taken after the weights had moved.",
            "Which w and b made this answer? Take both gradients before either moves.",
        ),
        Mistake(
            "only-last-loss",
            _only_last_loss,
            "only the last loss is kept.",
            "One loss for each step: where does the list begin?",
        ),
        Mistake(
            "sigmoid-slope-again",
            _trained(backward=lambda X, y, a: (X.T @ ((a - y) * a * (1 - a)) / len(X), np.mean((a - y) * a * (1 - a)))),
            "the gradient is multiplied by a(1 - a) once more.",
            "Is the sigmoid's slope still missing from a - y?",
        ),
        Mistake(
            "weights-averaged-twice",
            (
                _trained(backward=lambda X, y, a: tuple(g / len(X) for g in neuron_backward(X, y, a))),
                _trained(backward=lambda X, y, a: (neuron_backward(X, y, a)[0] / len(X), neuron_backward(X, y, a)[1])),
            ),
            "the steps are n times too short: 1/n enters twice.",
            "Where did the 1/n already enter?",
        ),
        Mistake(
            "bias-averaged-twice",
            _trained(backward=lambda X, y, a: (neuron_backward(X, y, a)[0], neuron_backward(X, y, a)[1] / len(X))),
            "the bias moves n times too slowly.",
            "Where did the 1/n already enter?",
        ),
        Mistake(
            "second-term-sign",
            _trained(backward=_long_chain(lambda a: a * (1 - a), lambda y, a: -(y / a + (1 - y) / (1 - a)))),
            "the gradient has the wrong sign where y = 0.",
            "What is the derivative of log(1 - a) with respect to a? Mind the inner derivative.",
        ),
        Mistake(
            "sigmoid-slope-missing",
            _trained(backward=_long_chain(lambda a: 1.0)),
            "the sigmoid's slope is missing from the chain.",
            "What lies between a and z?",
        ),
        *(
            mistake
            for mistake in sigmoid_slope_mistakes(lambda slope: _trained(backward=_long_chain(slope)))
            if mistake.id in ("sigmoid-twice", "plus-for-minus", "tanh-slope")
        ),
        Mistake(
            "never-moves",
            (_trained(factor=lambda X: 0.0),),
            "neither w nor b ever moves.",
            "Who receives the new values?",
        ),
        Mistake(
            "weights-frozen",
            _trained(backward=lambda X, y, a: (0.0 * X[0], neuron_backward(X, y, a)[1])),
            "the weights stay where they were.",
            "Which parameters were moved?",
        ),
        Mistake(
            "weights-climb",
            _trained(backward=lambda X, y, a: (-neuron_backward(X, y, a)[0], neuron_backward(X, y, a)[1])),
            "the weights step with their gradient.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "bias-climbs",
            _trained(backward=lambda X, y, a: (neuron_backward(X, y, a)[0], -neuron_backward(X, y, a)[1])),
            "the bias steps with its gradient.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "wrong-loss-recorded",
            (
                _recorded(lambda y, a: np.mean(-y * np.log(a) + (1 - y) * np.log(1 - a))),
                _recorded(lambda y, a: np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))),
                _recorded(lambda y, a: bce(y, a) * len(y)),
                _recorded(lambda y, a: np.mean((y - a) ** 2)),
                _recorded(lambda y, a: -np.mean(y * np.log(a))),
                _recorded(lambda y, a: -np.mean(np.outer(y, np.log(a)) + np.outer(1 - y, np.log(1 - a)))),
                _recorded(lambda y, a: -np.sum(np.outer(y, np.log(a)) + np.outer(1 - y, np.log(1 - a))) / len(y)),
            ),
            "it trains well, but the losses it notes are not the cross-entropy.",
            "Is each noted loss what your own bce gives?",
        ),
    ),
    hints=(
        "You have written every piece. In which order does one step use them?",
        "w = zeros of shape (d,), b = 0.0, losses = []. In each round: forward, append the loss, backward, step.",
        "dw, db = neuron_backward(X, y_true, a); then w = w - lr * dw and b = b - lr * db.",
    ),
    why="Forward, loss, backward, update: every network in this course, and outside it, is trained by these four lines.",
)

EXERCISES = (SIGMOID, NEURON_FORWARD, BCE, BCE_BACKWARD, SIGMOID_BACKWARD, NEURON_BACKWARD, GRADIENT_STEP, TRAIN_NEURON)
