"""What lesson 12 claims: its numbers, and where each interview question of the cheatsheet is asked."""

import math
from functools import cache

import numpy as np

import bpkit
from bpkit.exercises import of_lesson

EXERCISES = of_lesson("12_interview")
WRITTEN = 4 * 4  # points


def _round(first, last):
    return float(sum(exercise.points for exercise in EXERCISES[first:last]))


@cache
def _left_after_forty_layers(activation, std):
    """Gradient norm at the input over that at the output: forty layers of 128 units, the geometric mean of five starts."""
    logs = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        weights = [rng.normal(0, std, (128, 128)) for _ in range(40)]
        activations = bpkit.deep_forward(rng.standard_normal((64, 128)), weights, activation)
        norms = bpkit.gradient_norms(rng.standard_normal(activations[-1].shape), activations, weights, activation)
        logs.append(math.log10(norms[0] / norms[-1]))
    return float(np.mean(logs))


def _power(activation, std):
    return 10.0 ** round(_left_after_forty_layers(activation, std))


def _first_ones():
    """Up to where the sigmoid of a float is not yet 1."""
    z = np.arange(0.0, 50.0, 0.1)
    return float(z[bpkit.sigmoid(z) == 1.0][0])


def _rounding_of_a_tiny_step():
    """The error of a gradient check of cross-entropy with h = 1e-12, as one in so many: a power of ten."""
    rng = np.random.default_rng(0)
    z, labels = rng.standard_normal((5, 10)), rng.integers(0, 10, 5)
    measured = bpkit.numerical_gradient(lambda scores: bpkit.sparse_cce_with_logits(labels, scores), z, 1e-12)
    error = bpkit.relative_error(measured, bpkit.sparse_cce_with_logits_backward(labels, z))
    return 10.0 ** -round(math.log10(error))


P = np.array([0.7, 0.2, 0.1])
J = bpkit.softmax_jacobian(P)
Z = math.log(4.0)  # sigmoid(Z) is 0.8

FORMULAS: dict[str, object] = {}
NUMBERS = {
    "24": lambda: _round(0, 24),
    "21": lambda: _round(24, 45),
    "26": lambda: _round(45, 55) + WRITTEN,
    "37": lambda: _round(0, 37),
    "71": lambda: _round(0, 55) + WRITTEN,
    "35": "minutes that the first sitting takes",
    "40": "minutes that the second sitting takes, and forty layers",
    "45": "minutes that the third sitting takes",
    "64": "rows of the batch that the question is about",
    "1e-12": "the step that the question is about",
    "1,000": _rounding_of_a_tiny_step,
    "0.001": "the probability and the rate that the questions are about",
    "6.9": lambda: bpkit.bce([1.0], [0.001]),
    "400": "examples of the question",
    "36.8": _first_ones,
    "0.7": lambda: P[0],
    "0.2": lambda: P[1],
    "0.14": lambda: -J[1, 0],
    "0.16": lambda: J[1, 1],
    "0.21": lambda: J[0, 0],
    "0.4": "the score and the loss that the questions are about",
    "0.6": lambda: bpkit.hinge([1.0], [0.4]),
    "100": "one payment in a hundred is fraud in the question",
    "99": lambda: 100 * (1 - 1 / 100),
    "0.8": lambda: bpkit.sigmoid(Z),
    "0.25": lambda: bpkit.sigmoid_backward(1.0, bpkit.sigmoid(0.0)),
    "0.54": lambda: abs(Z * (1 - Z)),
    "1.386": lambda: Z,
    "1e-25": lambda: _power("sigmoid", bpkit.xavier_std(128, 128)),
    "50": "a gradient and a share that the questions are about",
    "0.02": "a gradient that the question is about",
    "0.05": lambda: 0.001 * 50,
    "0.00002": lambda: 0.001 * 0.02,
    "0.0001": lambda: 0.1 * 0.001,
    "0.007": lambda: 0.001 * math.sqrt(50),
    "0.00014": lambda: 0.001 * math.sqrt(0.02),
    "120": "words that an answer may have",
    "0.01": "the start that the written question is about",
    "1e-44": lambda: _power("relu", 0.01),
    "128": "units of a layer",
    "2.3": lambda: math.log(10),
    "1e-5": "the step of a gradient check",
    "98": lambda: 100 * (1 - 1 / 50),
}
TRANSCRIPTIONS = ()
MAXIMS = ()

# The cheatsheet's interview questions, by their beginnings, and the cells that ask them.
CHEATSHEET = {
    "Explain the concept of backpropagation": ("q-what-backpropagation-computes", "q-written-backpropagation"),
    "What is the chain rule": ("q-two-routes-to-the-loss",),
    "What are vanishing gradients": (
        "q-why-gradients-vanish",
        "q-what-helps-a-deep-network",
        "q-written-four-cures",
    ),
    "How does the learning rate affect": ("q-twice-the-learning-rate",),
    "What is the difference between batch gradient descent": ("q-three-sizes-of-batch",),
    "What is a loss function": ("q-what-a-loss-can-do",),
    "Explain the difference between MSE, BCE, and CCE": ("q-which-loss-for-which-task",),
    "What is the difference between Categorical Crossentropy": ("q-what-sparse-means",),
    "Why is cross-entropy often preferred": ("q-why-cross-entropy",),
    "How does the choice of loss function affect": ("q-ten-typing-errors", "q-written-hospital"),
}
