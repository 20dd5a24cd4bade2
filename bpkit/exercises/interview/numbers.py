"""Numbers at the whiteboard: worked out by hand for the reader's own numbers, then written down for any."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, away
from bpkit.exercises.interview._form import LESSON


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def _whole(rng: Rng, *ranges: tuple[int, int]) -> list[int]:
    return [int(rng.integers(low, high)) for low, high in ranges]


# ---------------------------------------------------------------- counting


def count_parameters(d: int, h: int, k: int) -> int:
    """Weights and biases of a network d-h-k."""
    return d * h + h + h * k + k


def _three_sizes(rng: Rng, sizes: Sizes) -> Inputs:
    d, h, k = _whole(rng, (2, 9), (10, 20), (21, 30))
    return {"d": d, "h": h, "k": k}


COUNT_PARAMETERS = Exercise(
    reference=count_parameters,
    lesson=LESSON,
    asks="Count the weights and biases of a dense network with d inputs, h hidden units and k outputs.",
    returns="count",
    draw=_three_sizes,
    one_row=False,
    mistakes=(
        Mistake(
            "biases-forgotten",
            lambda d, h, k: d * h + h * k,
            "the biases are missing.",
            "How many numbers has b in `X @ W + b`?",
        ),
        Mistake(
            "hidden-biases-only",
            lambda d, h, k: d * h + h + h * k,
            "the biases of the outputs are missing.",
            "Which units have a bias?",
        ),
        Mistake(
            "inputs-have-biases",
            lambda d, h, k: d * h + h * k + d + h + k,
            "the inputs are given biases as well.",
            "Is anything computed at an input?",
        ),
        Mistake(
            "counts-units",
            lambda d, h, k: d + h + k,
            "units are counted, not weights.",
            "How many lines lead from d inputs to h units?",
        ),
        Mistake(
            "one-long-product",
            lambda d, h, k: d * h * k,
            "the three sizes are multiplied into one product.",
            "Do the two layers share any weights?",
        ),
    ),
    hints=(
        "Draw d, h and k small: 2, 3 and 1. How many lines are there, and how many units have a bias?",
        "What shapes have W1, b1, W2 and b2?",
        "d·h and h for the first layer; what does the second one add?",
    ),
    why="Nearly all of it is the product of the two largest neighbours: memory and time follow it.",
)


def count_updates(n: int, batch_size: int, epochs: int) -> int:
    """Updates of mini-batch descent, the short last batch included."""
    return epochs * -(-n // batch_size)


def _training(rng: Rng, sizes: Sizes) -> Inputs:
    size, batches, rest, epochs = _whole(rng, (16, 40), (5, 20), (9, 15), (3, 12))
    return {"n": size * batches + rest, "batch_size": size, "epochs": epochs}


COUNT_UPDATES = Exercise(
    reference=count_updates,
    lesson=LESSON,
    asks="Count the updates when n examples are read in batches of batch_size for some epochs; a short last batch counts.",
    returns="count",
    draw=_training,
    one_row=False,
    edges={"batches without a rest": lambda rng, s: {"n": 96, "batch_size": 32, "epochs": int(rng.integers(2, 9))}},
    mistakes=(
        Mistake(
            "last-batch-dropped",
            lambda n, batch_size, epochs: epochs * (n // batch_size),
            "the short last batch of each epoch is left out.",
            "How many examples would never be seen?",
        ),
        Mistake(
            "rounded-once",
            lambda n, batch_size, epochs: -(-n * epochs // batch_size),
            "the epochs are joined before they are cut into batches.",
            "May a batch hold the end of one epoch and the start of the next?",
        ),
        Mistake(
            "always-one-more",
            lambda n, batch_size, epochs: epochs * (n // batch_size + 1),
            "a batch too many is counted where nothing is left over.",
            "What is left of 96 examples in batches of 32?",
        ),
        Mistake(
            "one-epoch",
            lambda n, batch_size, epochs: -(-n // batch_size),
            "only one epoch is counted.",
            "How often is the data read?",
        ),
        Mistake(
            "fractions",
            lambda n, batch_size, epochs: epochs * n / batch_size,
            "a share of a batch is counted as a share of an update.",
            "Can an update happen by halves?",
        ),
    ),
    hints=(
        "How many batches does one epoch have if 10 examples are read in fours?",
        "Which rounding of n / batch_size counts the short last batch?",
        "`-(-n // batch_size)` rounds up: why, and what does it still have to be multiplied by?",
    ),
    why="The short batch is an update like any other; drop it, and its examples wait for the next shuffle.",
)


# ---------------------------------------------------------------- losses and slopes


def loss_before_training(k: int) -> float:
    """Cross-entropy of k equal probabilities."""
    return math.log(k)


LOSS_BEFORE_TRAINING = Exercise(
    reference=loss_before_training,
    lesson=LESSON,
    asks="Give the cross-entropy of a classifier that finds all of its k classes equally likely.",
    returns="loss",
    draw=lambda rng, sizes: {"k": int(rng.integers(3, 12)) + 12 * (sizes.n == 11)},
    one_row=False,
    mistakes=(
        Mistake("missing-minus", lambda k: -math.log(k), "the sign is the wrong way round.", "Can −log p be negative?"),
        Mistake(
            "two-classes",
            lambda k: math.log(2),
            "it is ln 2 whatever k is.",
            "Is a guess among ten as good as one among two?",
        ),
        Mistake(
            "probability-for-loss",
            lambda k: 1 / k,
            "this is the probability, not its loss.",
            "What does cross-entropy do with p?",
        ),
        Mistake(
            "sum-over-classes",
            lambda k: k * math.log(k),
            "every class pays, though only one is true.",
            "How many ones are in a one-hot row?",
        ),
        Mistake(
            "logarithm-of-base-2",
            lambda k: math.log2(k),
            "the logarithm has base 2.",
            "Which logarithm is np.log?",
        ),
    ),
    hints=(
        "What probability does each of the k classes get?",
        "What is −log of that probability?",
        "−log(1/k): how is that written without a fraction?",
    ),
    why="A first loss far from ln k is a bug or a bad start: look before you wait.",
)


def slope_by_two_routes(w: float, x: float) -> float:
    """Slope of (w + x) * (w * x) with respect to w."""
    return w * x + (w + x) * x


def _two_numbers(rng: Rng, sizes: Sizes) -> Inputs:
    w, x = away(rng, 2, least=0.4)
    return {"w": float(w), "x": float(x)}


SLOPE_BY_TWO_ROUTES = Exercise(
    reference=slope_by_two_routes,
    lesson=LESSON,
    asks="Give dL/dw for u = w + x, v = w · x and L = u · v.",
    returns="slope",
    draw=_two_numbers,
    one_row=False,
    mistakes=(
        Mistake(
            "second-route-missing",
            lambda w, x: w * x,
            "only the route through u is there.",
            "Where else does w occur?",
        ),
        Mistake(
            "first-route-missing",
            lambda w, x: (w + x) * x,
            "only the route through v is there.",
            "Where else does w occur?",
        ),
        Mistake(
            "product-of-slopes",
            lambda w, x: 1 * x,
            "the slopes of u and v are multiplied.",
            "What is the derivative of a product?",
        ),
        Mistake(
            "routes-multiplied",
            lambda w, x: (w * x) * ((w + x) * x),
            "the two routes are multiplied.",
            "What do routes do?",
        ),
        Mistake(
            "factors-exchanged",
            lambda w, x: (w + x) + (w * x) * x,
            "each route carries its own value and not the other factor.",
            "If u moves, by what is its change multiplied on the way to L?",
        ),
        Mistake(
            "sign-flipped",
            lambda w, x: -(w * x) - (w + x) * x,
            "the sign is the wrong way round.",
            "With w and x positive, does L rise with w?",
        ),
    ),
    hints=(
        "Draw it: which two arrows leave w?",
        "dL/du is v. What is dL/dv, and what are du/dw and dv/dw?",
        "v·1 through u; what is it through v? Add them.",
    ),
    why="Two routes, two products, one sum.",
)


def slope_of_one_neuron(x: float, w: float, b: float, y: float) -> float:
    """dLoss/dw of one sigmoid neuron under binary cross-entropy."""
    return (_sigmoid(w * x + b) - y) * x


def _neuron(rng: Rng, sizes: Sizes) -> Inputs:
    x, w, b = away(rng, 3, least=0.4, most=1.6)
    return {"x": float(x), "w": float(w), "b": float(b), "y": float(sizes.n == 11)}


def _a(x: float, w: float, b: float) -> float:
    return _sigmoid(w * x + b)


SLOPE_OF_ONE_NEURON = Exercise(
    reference=slope_of_one_neuron,
    lesson=LESSON,
    asks="Give dLoss/dw for one example of a sigmoid neuron under binary cross-entropy.",
    returns="slope",
    draw=_neuron,
    one_row=False,
    mistakes=(
        Mistake(
            "sign-flipped",
            lambda x, w, b, y: (y - _a(x, w, b)) * x,
            "the sign is the wrong way round.",
            "If y is 1 and a grows, does the loss rise or fall?",
        ),
        Mistake(
            "input-forgotten",
            lambda x, w, b, y: _a(x, w, b) - y,
            "this is the slope of the bias.",
            "What does w meet on its way to z?",
        ),
        Mistake(
            "sigmoid-slope-again",
            lambda x, w, b, y: (_a(x, w, b) - y) * _a(x, w, b) * (1 - _a(x, w, b)) * x,
            "a(1 − a) stands beside a − y.",
            "What did a − y cancel?",
        ),
        Mistake(
            "sigmoid-missing",
            lambda x, w, b, y: (w * x + b - y) * x,
            "z stands for a.",
            "Is z a probability?",
        ),
        Mistake(
            "bias-missing",
            lambda x, w, b, y: (_sigmoid(w * x) - y) * x,
            "the bias is left out of z.",
            "What is z?",
        ),
        Mistake(
            "weight-for-input",
            lambda x, w, b, y: (_a(x, w, b) - y) * w,
            "this is the slope of the input x.",
            "What is dz/dw for z = w·x + b?",
        ),
    ),
    hints=(
        "Work from the loss back to z first: which short form has that slope?",
        "At z it is a − y. What is dz/dw?",
        "(a − y)·x, with a the sigmoid of what?",
    ),
    why="a − y, times what the weight was multiplied by.",
)


def slope_through_a_relu(x: float, w1: float, w2: float, y: float) -> float:
    """dLoss/dw1 for loss (w2 relu(w1 x) - y)^2."""
    z = w1 * x
    return 2 * (w2 * max(z, 0.0) - y) * w2 * (z > 0) * x


def _relu_net(rng: Rng, sizes: Sizes) -> Inputs:
    x, w2, y = away(rng, 3, least=0.4)
    w1 = float(np.sign(x) * rng.uniform(0.4, 2.0))
    return {"x": float(x), "w1": w1, "w2": float(w2), "y": float(y - 4 * w2)}


def _off(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = _relu_net(rng, sizes)
    return inputs | {"w1": -inputs["w1"]}


def _unit(x: float, w1: float) -> float:
    return max(w1 * x, 0.0)


SLOPE_THROUGH_A_RELU = Exercise(
    reference=slope_through_a_relu,
    lesson=LESSON,
    asks="Give dLoss/dw1 for one example of out = w2 · relu(w1 · x) under (out − y)².",
    returns="slope",
    draw=_relu_net,
    one_row=False,
    edges={"a unit that is off": _off},
    mistakes=(
        Mistake(
            "forgot-the-2",
            lambda x, w1, w2, y: (w2 * _unit(x, w1) - y) * w2 * (w1 * x > 0) * x,
            "the 2 of the square is missing.",
            "What is the slope of r²?",
        ),
        Mistake(
            "sign-flipped",
            lambda x, w1, w2, y: 2 * (y - w2 * _unit(x, w1)) * w2 * (w1 * x > 0) * x,
            "the sign is the wrong way round.",
            "If out is above y and grows, does the loss rise or fall?",
        ),
        Mistake(
            "mask-missing",
            lambda x, w1, w2, y: 2 * (w2 * _unit(x, w1) - y) * w2 * x,
            "a slope passes though the unit is off.",
            "What is relu's slope where w1 · x is negative?",
        ),
        Mistake(
            "slope-of-w2",
            lambda x, w1, w2, y: 2 * (w2 * _unit(x, w1) - y) * _unit(x, w1),
            "this is the slope of w2.",
            "Which links lie between out and w1?",
        ),
        Mistake(
            "w2-missing",
            lambda x, w1, w2, y: 2 * (w2 * _unit(x, w1) - y) * (w1 * x > 0) * x,
            "w2 is missing on the way back.",
            "By what was the unit's output multiplied on its way forward?",
        ),
        Mistake(
            "input-missing",
            lambda x, w1, w2, y: 2 * (w2 * _unit(x, w1) - y) * w2 * (w1 * x > 0),
            "x is missing at the end of the chain.",
            "What does w1 meet first?",
        ),
    ),
    hints=(
        "Go from the loss back: out, the unit's output, z, w1. Which slope has each link?",
        "2(out − y), then w2, then 1 or 0, then one factor more: which?",
        "2·(out − y)·w2·x where w1·x > 0. And where it is not?",
    ),
    why="Four links, four factors; one of them may be 0, and then the rest does not matter.",
)


# ---------------------------------------------------------------- steps


def momentum_in_the_long_run(lr: float, beta: float, g: float) -> float:
    """How far a weight moves in one step when momentum has met the same gradient for a long time."""
    return -lr * g / (1 - beta)


def _momentum(rng: Rng, sizes: Sizes) -> Inputs:
    return {
        "lr": float(rng.uniform(0.01, 0.2)),
        "beta": float(rng.uniform(0.6, 0.95)),
        "g": float(away(rng, least=0.5)),
    }


MOMENTUM_IN_THE_LONG_RUN = Exercise(
    reference=momentum_in_the_long_run,
    lesson=LESSON,
    asks="Give the change of a weight in one step of v = beta·v + g, w − lr·v, when g has been the same for very long.",
    returns="change",
    draw=_momentum,
    one_row=False,
    mistakes=(
        Mistake(
            "first-step",
            lambda lr, beta, g: -lr * g,
            "this is the first step, from v = 0.",
            "What is v in the second step, and in the third?",
        ),
        Mistake(
            "uphill",
            lambda lr, beta, g: lr * g / (1 - beta),
            "the weight moves uphill.",
            "What is done with lr·v?",
        ),
        Mistake(
            "over-beta",
            lambda lr, beta, g: -lr * g / beta,
            "it is divided by beta.",
            "Which v stays as it is under v = beta·v + g?",
        ),
        Mistake(
            "averaged",
            lambda lr, beta, g: -lr * g * (1 - beta),
            "it is multiplied by 1 − beta.",
            "Does remembering make the steps longer or shorter?",
        ),
        Mistake(
            "one-plus-beta",
            lambda lr, beta, g: -lr * g * (1 + beta),
            "this is the second step.",
            "What is v after a third step, and a fourth?",
        ),
    ),
    hints=(
        "After very long v does not change any more: which v is that?",
        "Solve v = beta·v + g for v.",
        "v is g/(1 − beta): what is subtracted from w?",
    ),
    why="beta = 0.9 means steps ten times as long: lower the rate when you add momentum.",
)


def factor_of_clipping(g1: float, g2: float, max_norm: float) -> float:
    """What two gradients are multiplied by when their global norm is clipped."""
    return min(1.0, max_norm / math.sqrt(g1 * g1 + g2 * g2))


def _long(rng: Rng, sizes: Sizes) -> Inputs:
    g1, g2 = away(rng, 2, least=2.0, most=6.0)
    return {"g1": float(g1), "g2": float(g2), "max_norm": float(rng.uniform(0.5, 1.8))}


def _short(rng: Rng, sizes: Sizes) -> Inputs:
    return _long(rng, sizes) | {"max_norm": float(rng.uniform(20.0, 30.0))}


FACTOR_OF_CLIPPING = Exercise(
    reference=factor_of_clipping,
    lesson=LESSON,
    asks="Give the factor by which clipping to max_norm multiplies the gradients g1 and g2, clipped together.",
    returns="factor",
    draw=_long,
    one_row=False,
    edges={"a gradient that is short enough": _short},
    mistakes=(
        Mistake(
            "stretched-when-short",
            lambda g1, g2, max_norm: max_norm / math.sqrt(g1 * g1 + g2 * g2),
            "a gradient that is short enough is stretched.",
            "What should happen below max_norm?",
        ),
        Mistake(
            "sum-for-norm",
            lambda g1, g2, max_norm: min(1.0, max_norm / (abs(g1) + abs(g2))),
            "the sizes are added; that is not the length.",
            "How long is the arrow (3, 4)?",
        ),
        Mistake(
            "root-forgotten",
            lambda g1, g2, max_norm: min(1.0, max_norm / (g1 * g1 + g2 * g2)),
            "the root is missing.",
            "How long is the arrow (3, 4)?",
        ),
        Mistake(
            "largest-for-norm",
            lambda g1, g2, max_norm: min(1.0, max_norm / max(abs(g1), abs(g2))),
            "the larger one stands for the whole length.",
            "How long is the arrow (3, 4)?",
        ),
        Mistake(
            "upside-down",
            lambda g1, g2, max_norm: max(1.0, math.sqrt(g1 * g1 + g2 * g2) / max_norm),
            "the factor is upside down.",
            "Should a gradient that is too long be multiplied by more or by less than 1?",
        ),
    ),
    hints=(
        "How long are g1 and g2 together, as one arrow?",
        "What must that length be multiplied by to become max_norm?",
        "max_norm over the length: and what if that is above 1?",
    ),
    why="One factor for all: shorter, never turned, and 1 when nothing is to be done.",
)

EXERCISES: tuple[Any, ...] = (
    COUNT_PARAMETERS,
    COUNT_UPDATES,
    LOSS_BEFORE_TRAINING,
    SLOPE_BY_TWO_ROUTES,
    SLOPE_OF_ONE_NEURON,
    SLOPE_THROUGH_A_RELU,
    MOMENTUM_IN_THE_LONG_RUN,
    FACTOR_OF_CLIPPING,
)
