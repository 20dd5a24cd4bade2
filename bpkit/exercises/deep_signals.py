"""Lesson 08: signals and gradients in deep stacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, away, normal, sigmoid_slope_mistakes
from bpkit.initializers import he_std, xavier_std
from bpkit.networks import deep_forward, gradient_norms
from bpkit.optimizers import clip_by_global_norm

LESSON = "08_deep_signals"


def _fans(rng: Rng, sizes: Sizes) -> Inputs:
    return {"fan_in": int(rng.integers(20, 40)) * sizes.d, "fan_out": int(rng.integers(50, 90)) * sizes.h + 7}


XAVIER_STD = Exercise(
    reference=xavier_std,
    lesson=LESSON,
    asks="Return the standard deviation sqrt(2 / (fan_in + fan_out)).",
    returns="std",
    draw=_fans,
    one_row=False,
    mistakes=(
        Mistake(
            "variance-for-std",
            lambda i, o: 2 / (i + o),
            "this is the variance.",
            "Which of the two does a random generator ask for: spread or squared spread?",
        ),
        Mistake(
            "he-for-xavier",
            lambda i, o: math.sqrt(2 / i),
            "this is He's formula.",
            "Which side does Xavier look at: the inputs, the outputs, or both?",
        ),
        Mistake(
            "only-inputs",
            lambda i, o: math.sqrt(1 / i),
            "only the inputs count.",
            "Gradients flow the other way: which fan matters for them?",
        ),
        Mistake(
            "only-outputs",
            (lambda i, o: math.sqrt(2 / o), lambda i, o: math.sqrt(1 / o)),
            "only the outputs count.",
            "Signals flow forward: which fan matters for them?",
        ),
        Mistake(
            "two-forgotten",
            lambda i, o: math.sqrt(1 / (i + o)),
            "the 2 is missing.",
            "The mean of the two fans is (fan_in + fan_out) / 2: where did the 2 go?",
        ),
        Mistake(
            "limit-of-uniform",
            lambda i, o: math.sqrt(6 / (i + o)),
            "this is the limit of a uniform distribution.",
            "A uniform distribution on ±limit has which standard deviation?",
        ),
        Mistake(
            "product-for-sum",
            lambda i, o: math.sqrt(2 / (i * o)),
            "the fans are multiplied.",
            "Are the fans averaged or multiplied?",
        ),
        Mistake(
            "upside-down",
            lambda i, o: math.sqrt((i + o) / 2),
            "the fraction is upside down.",
            "Should a wider layer have larger or smaller weights?",
        ),
        Mistake(
            "fixed",
            (lambda i, o: 0.01, lambda i, o: 0.1, lambda i, o: 1.0, lambda i, o: 0.0),
            "the spread does not depend on the layer.",
            "Multiply 20 small numbers: what is left of the signal?",
        ),
    ),
    hints=(
        "A sum of fan_in terms grows with fan_in, a gradient with fan_out: both want a spread that makes up for it.",
        "Use the mean of the two fans: variance 1 over (fan_in + fan_out) / 2.",
        "math.sqrt(2 / (fan_in + fan_out))",
    ),
    why="A compromise: forward it should be 1/fan_in, backward 1/fan_out; the mean of the fans serves both.",
)

HE_STD = Exercise(
    reference=he_std,
    lesson=LESSON,
    asks="Return the standard deviation sqrt(2 / fan_in).",
    returns="std",
    draw=lambda rng, s: {"fan_in": _fans(rng, s)["fan_in"]},
    one_row=False,
    mistakes=(
        Mistake(
            "variance-for-std",
            lambda i: 2 / i,
            "this is the variance.",
            "Which of the two does a random generator ask for: spread or squared spread?",
        ),
        Mistake(
            "two-forgotten",
            lambda i: math.sqrt(1 / i),
            "the 2 is missing.",
            "ReLU switches half of the units off: what makes up for it?",
        ),
        Mistake(
            "root-of-two-outside",
            lambda i: 2 / math.sqrt(i),
            "the 2 stands outside the root.",
            "What does the root apply to?",
        ),
        Mistake(
            "upside-down",
            lambda i: math.sqrt(i / 2),
            "the fraction is upside down.",
            "Should a wider layer have larger or smaller weights?",
        ),
        Mistake(
            "two-in-denominator",
            (lambda i: math.sqrt(1 / (2 * i)),),
            "the 2 stands below the line.",
            "ReLU halves the signal: should the weights be larger or smaller for it?",
        ),
        Mistake(
            "limit-of-uniform",
            lambda i: math.sqrt(6 / i),
            "this is the limit of a uniform distribution.",
            "A uniform distribution on ±limit has which standard deviation?",
        ),
        Mistake(
            "linear",
            lambda i: 1 / i,
            "the root is missing, and the 2.",
            "The variance is 2 / fan_in: and the standard deviation?",
        ),
        Mistake(
            "fixed",
            (lambda i: 0.01, lambda i: 0.1, lambda i: 1.0, lambda i: 0.0),
            "the spread does not depend on the layer.",
            "Multiply 20 small numbers: what is left of the signal?",
        ),
    ),
    hints=(
        "Xavier keeps a signal that passes whole. ReLU lets half of it pass.",
        "Variance 2 / fan_in.",
        "math.sqrt(2 / fan_in)",
    ),
    why="The 2 makes up for the half of the units that ReLU switches off, so the signal keeps its size layer after layer.",
)

_ACTIVATION = {7: "relu", 11: "tanh", 5: "sigmoid"}
_APPLY = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
_SLOPE = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a**2, "relu": lambda a: (a > 0) * 1.0}


def _stack(rng: Rng, sizes: Sizes) -> Inputs:
    """Three layers of different widths, with scores away from ReLU's kink."""
    n, d, h, k = sizes
    weights = [0.8 * normal(rng, *shape) for shape in ((d, h), (h, k), (k, d + 1))]
    rows: list[Any] = []
    while len(rows) < n:
        a = X = normal(rng, 32, d)
        keep = np.ones(len(X), bool)
        for W in weights:
            z = a @ W
            keep &= (np.abs(z) > 0.01).all(axis=1)
            a = np.maximum(z, 0)
        rows.extend(X[keep & (a > 0).any(axis=1)])
    return {"X": np.array(rows[:n]), "weights": weights, "activation": _ACTIVATION.get(n, "relu")}


def _each(name: str) -> Any:
    return lambda rng, s: _stack(rng, s) | {"activation": name}


_EACH = {f"the activation {name}": _each(name) for name in ("sigmoid", "tanh", "relu")}


def _walk(act: Any = None, keep: Any = None, start: bool = True, last: bool = True) -> Any:
    """The forward pass with another activation, or with other arrays kept."""

    def wrong(X: Any, weights: Any, activation: str) -> Any:
        a, kept = X, [X] if start else []
        for i, W in enumerate(weights):
            z = a @ W
            a = act(z, activation, i, len(weights)) if act else _APPLY[activation](z)
            kept.append(keep(z, a) if keep else a)
        return kept if last else kept[:-1]

    return wrong


def _walk_transposed(X: Any, weights: Any, activation: str) -> Any:
    return _walk()(X, [W.T for W in weights], activation)


DEEP_FORWARD = Exercise(
    reference=deep_forward,
    lesson=LESSON,
    asks="Return [X, a1, …, aL]: in every layer a = activation(a_before @ W), without biases.",
    returns="activations",
    draw=_stack,
    edges=_EACH,
    mistakes=(
        Mistake("input-left-out", _walk(start=False), "X is missing from the list.", "What is activation number 0?"),
        Mistake(
            "last-left-out",
            _walk(last=False),
            "the last activation is missing from the list.",
            "Three layers and the input: how many arrays are that?",
        ),
        Mistake(
            "scores-kept",
            _walk(keep=lambda z, a: z),
            "the scores z are kept, not the activations.",
            "Which array goes into the next layer?",
        ),
        Mistake(
            "only-last-returned",
            lambda X, weights, activation: deep_forward(X, weights, activation)[-1],
            "only the last activation comes back.",
            "What will the backward pass need?",
        ),
        Mistake(
            "no-activation-at-the-end",
            _walk(lambda z, name, i, L: z if i == L - 1 else _APPLY[name](z)),
            "the last layer has no activation.",
            "Does the last layer differ from the others here?",
        ),
        Mistake(
            "no-activation",
            _walk(lambda z, name, i, L: z),
            "no layer has an activation.",
            "Without a bend, how many layers is a stack worth?",
        ),
        Mistake(
            "always-relu",
            _walk(lambda z, name, i, L: np.maximum(z, 0)),
            "it is ReLU whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "always-tanh",
            _walk(lambda z, name, i, L: np.tanh(z)),
            "it is tanh whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "always-sigmoid",
            _walk(lambda z, name, i, L: 1 / (1 + np.exp(-z))),
            "it is the sigmoid whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "weights-transposed",
            (lambda X, weights, activation: _walk_transposed(X, weights, activation),),
            "the weights are transposed.",
            "W is (inputs, outputs): which axes touch in a @ W?",
        ),
    ),
    hints=(
        "Start the list with X. What is appended after each layer?",
        "a = activation(a @ W), with the activation looked up by its name.",
        "for W in weights: a = f(a @ W); activations.append(a)",
    ),
    why="Every activation is kept because backward needs it: depth costs memory, not only time.",
)


def _stack_back(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = _stack(rng, sizes)
    activations = deep_forward(**inputs)
    return {
        "dA_last": away(rng, *activations[-1].shape),
        "activations": activations,
        "weights": inputs["weights"],
        "activation": inputs["activation"],
    }


def _back(*, slope: Any = None, norm: Any = np.linalg.norm, carry: Any = None, arrange: Any = None) -> Any:
    """The backward pass with one thing changed."""

    def wrong(dA: Any, activations: Any, weights: Any, activation: str) -> Any:
        norms = [float(norm(dA))]
        for i in range(len(weights) - 1, -1, -1):
            a = activations[i + 1]
            dz = dA * (slope(a, activation) if slope else _SLOPE[activation](a))
            dA = carry(dz, weights[i]) if carry else dz @ weights[i].T
            norms.append(float(norm(dA)))
        return arrange(norms) if arrange else norms[::-1]

    return wrong


def _clipping(masked: bool) -> Any:
    def wrong(dA: Any, activations: Any, weights: Any, activation: str) -> Any:
        norms = [float(np.linalg.norm(dA))]
        for a, W in zip(activations[:0:-1], weights[::-1], strict=True):
            dz = np.maximum(dA, 0) * (a > 0 if masked else 1.0) if activation == "relu" else dA * _SLOPE[activation](a)
            dA = dz @ W.T
            norms.append(float(np.linalg.norm(dA)))
        return norms[::-1]

    return wrong


def _missing_once(layer: int) -> Any:
    def wrong(dA: Any, activations: Any, weights: Any, activation: str) -> Any:
        norms, count = [float(np.linalg.norm(dA))], len(weights)
        for i in range(count - 1, -1, -1):
            dz = dA if i == layer % count else dA * _SLOPE[activation](activations[i + 1])
            dA = dz @ weights[i].T
            norms.append(float(np.linalg.norm(dA)))
        return norms[::-1]

    return wrong


def _sending_back(dA: Any, activations: Any, weights: Any, activation: str) -> Any:
    norms = [float(np.linalg.norm(dA))]
    for a, W in zip(activations[:0:-1], weights[::-1], strict=True):
        norms.append(float(np.linalg.norm(a @ W.T)))
    return norms[::-1]


GRADIENT_NORMS = Exercise(
    reference=gradient_norms,
    lesson=LESSON,
    asks="Return [‖dLoss/da_0‖, …, ‖dLoss/da_L‖], carrying dA_last back through every layer.",
    returns="norms",
    draw=_stack_back,
    edges={
        f"the activation {name}": (lambda rng, s, name=name: _with_activation(rng, s, name))
        for name in ("sigmoid", "tanh", "relu")
    },
    mistakes=(
        Mistake(
            "slope-missing",
            _back(slope=lambda a, name: 1.0),
            "the activation's slope is missing.",
            "What lies between a and z?",
        ),
        Mistake(
            "order-reversed",
            _back(arrange=lambda n: n),
            "the list starts at the last layer.",
            "Which layer's norm should come first?",
        ),
        Mistake(
            "squared-norms",
            _back(norm=lambda x: np.sum(x * x)),
            "the norms are squared.",
            "Which root turns a sum of squares into a length?",
        ),
        Mistake(
            "last-left-out",
            _back(arrange=lambda n: n[:0:-1]),
            "the norm at the input, or at the end, is missing.",
            "Layers 0 … L: how many norms is that?",
        ),
        Mistake(
            "weights-not-transposed",
            _back(carry=lambda dz, W: dz @ W),
            "the weights are not transposed on the way back.",
            "da must look like a: which shape does dz need on its right?",
        ),
        Mistake(
            "weights-forgotten",
            _back(carry=lambda dz, W: np.resize(dz, (len(dz), len(W)))),
            "the weights are not used on the way back.",
            "What did W multiply on the way there?",
        ),
        Mistake(
            "always-relu",
            _back(slope=lambda a, name: (a > 0) * 1.0),
            "ReLU's slope is used whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "always-sigmoid",
            _back(slope=lambda a, name: a * (1 - a)),
            "the sigmoid's slope is used whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "always-tanh",
            _back(slope=lambda a, name: 1 - a**2),
            "the slope of tanh is used whatever is asked for.",
            "Where is the argument activation used?",
        ),
        Mistake(
            "activation-for-slope",
            _back(slope=lambda a, name: a),
            "it multiplies by the activation, not by its slope.",
            "How steep is the activation there?",
        ),
        Mistake(
            "largest-for-length",
            (
                _back(norm=lambda x: np.max(np.abs(x))),
                _back(norm=lambda x: np.linalg.norm(x, 2)),
                _back(norm=lambda x: np.sum(np.abs(x))),
            ),
            "this is another norm.",
            "The Frobenius norm is the root of the sum of all squares: which call gives it?",
        ),
        Mistake(
            "mean-for-length",
            (_back(norm=lambda x: np.mean(np.abs(x))), _back(norm=lambda x: np.sqrt(np.mean(x * x)))),
            "this is a mean, not a length.",
            "The Frobenius norm is the root of the sum of all squares: is anything averaged?",
        ),
        *(
            mistake
            for mistake in sigmoid_slope_mistakes(
                lambda slope: _back(slope=lambda a, name: slope(a) if name == "sigmoid" else _SLOPE[name](a))
            )
            if mistake.id != "tanh-slope"
        ),
        Mistake(
            "tanh-slope-of-z",
            _back(
                slope=lambda a, name: (
                    1 - np.arctanh(np.clip(a, -1 + 1e-12, 1 - 1e-12)) ** 2 if name == "tanh" else _SLOPE[name](a)
                )
            ),
            "for tanh, 1 - z² stands where 1 - a² belongs.",
            "Can the slope of a rising curve be negative? Is your argument z or tanh(z)?",
        ),
        Mistake(
            "tanh-slope-not-squared",
            _back(slope=lambda a, name: 1 - a if name == "tanh" else _SLOPE[name](a)),
            "for tanh, it is 1 - a, not 1 - a².",
            "The slope is the same at a and at -a: is yours?",
        ),
        Mistake(
            "tanh-twice",
            _back(slope=lambda a, name: 1 - np.tanh(a) ** 2 if name == "tanh" else _SLOPE[name](a)),
            "tanh is applied to a once more.",
            "a went through tanh already: do you need it again?",
        ),
        Mistake(
            "cast-for-question",
            _back(slope=lambda a, name: np.int64(a) if name == "relu" else _SLOPE[name](a)),
            "for ReLU, the mask holds numbers other than 0 and 1.",
            "A question (a > 0) gives 0 and 1; a cast of a does not. Which one do you want?",
        ),
        Mistake(
            "relu-for-its-slope",
            _back(slope=lambda a, name: a if name == "relu" else _SLOPE[name](a)),
            "for ReLU, the gradient is multiplied by the activation.",
            "How steep is ReLU at z = 3? And at z = 5?",
        ),
        Mistake(
            "gradient-clipped",
            (_clipping(masked=False), _clipping(masked=True)),
            "for ReLU, negative gradients are cut off.",
            "Mask by the activation, not by the gradient: which array decides?",
        ),
        Mistake(
            "last-slope-missing",
            (_missing_once(-1), _missing_once(0)),
            "one layer's slope is missing.",
            "Does the last, or the first, layer have an activation too?",
        ),
        Mistake(
            "activations-sent-back",
            (_sending_back,),
            "activations are sent back, not gradients.",
            "What flows backwards: outputs or errors? Do the norms change when dA_last changes?",
        ),
        Mistake(
            "averaged-in-every-layer",
            (_back(carry=lambda dz, W: dz @ W.T / len(dz)),),
            "every layer divides by the number of rows.",
            "The 1/n of a mean is already in dA_last. Where did it enter?",
        ),
    ),
    hints=(
        "From the end: what happens to dA on its way to z, and from z to the layer before?",
        "dz = dA · slope(a), which back(dA, a) does; then dA = dz @ W.T. Append np.linalg.norm(dA) each time.",
        "norms begins with the last layer: go through activations and weights backwards, and reverse norms at the end.",
    ),
    why="Every layer multiplies the gradient by its slope and its weights: a factor a little below 1, forty times, is nothing.",
)


def _with_activation(rng: Rng, sizes: Sizes, name: str) -> Inputs:
    inputs = _stack(rng, sizes) | {"activation": name}
    activations = deep_forward(**inputs)
    return {
        "dA_last": away(rng, *activations[-1].shape),
        "activations": activations,
        "weights": inputs["weights"],
        "activation": name,
    }


def _long_gradients(rng: Rng, sizes: Sizes) -> Inputs:
    # For one of the sizes the limit lies above the global norm and below none of the parts: nothing to clip.
    grads = {"W": away(rng, sizes.d, sizes.h, least=0.5), "b": 2.0 * away(rng, sizes.h)}
    grads["W"][0, 0] = 6.0  # an entry that is too large by itself, so that clipping by value shows
    norm = math.sqrt(sum(float(np.sum(g * g)) for g in grads.values()))
    return {"grads": grads, "max_norm": norm * (1.7 if sizes.n == 11 else 0.4)}


def _norm(grads: Any) -> float:
    return math.sqrt(sum(float(np.sum(np.square(g))) for g in grads.values()))


def _clip_in_place(grads: Any, max_norm: float) -> Any:
    norm = _norm(grads)
    if norm > max_norm:
        for k in grads:
            grads[k] *= max_norm / norm
    return grads, norm


def _clipped(factor: Any, norm: Any = None) -> Any:
    return lambda grads, max_norm: (
        {k: g * factor(grads, g, max_norm) for k, g in grads.items()},
        norm(grads, max_norm) if norm else _norm(grads),
    )


CLIP_BY_GLOBAL_NORM = Exercise(
    reference=clip_by_global_norm,
    lesson=LESSON,
    asks="Return (grads, norm): all gradients times min(1, max_norm / norm), and the global norm before that.",
    returns=("grads", "norm"),
    draw=_long_gradients,
    one_row=False,
    edges={
        "much too long": lambda rng, s: {"grads": {"W": 100.0 * away(rng, s.d, s.h)}, "max_norm": 1.0},
        "all zeros": lambda rng, s: {"grads": {"W": np.zeros((2, 3)), "b": np.zeros(3)}, "max_norm": 1.0},
    },
    mistakes=(
        Mistake(
            "by-value",
            lambda grads, m: ({k: np.clip(g, -m, m) for k, g in grads.items()}, _norm(grads)),
            "every entry is clipped by itself: the direction turns.",
            "May the direction change?",
        ),
        Mistake(
            "each-array-by-itself",
            (
                lambda grads, m: (
                    {k: g * min(1.0, m / max(np.linalg.norm(g), 1e-300)) for k, g in grads.items()},
                    _norm(grads),
                ),
            ),
            "each array is clipped by its own norm: the direction turns.",
            "Global means one factor for all. Which norm is it made from?",
        ),
        Mistake(
            "stretched-when-short",
            _clipped(lambda grads, g, m: m / max(_norm(grads), 1e-300)),
            "gradients below the limit are made longer.",
            "What should happen to a gradient that is short enough?",
        ),
        Mistake(
            "root-forgotten",
            (
                _clipped(
                    lambda grads, g, m: min(1.0, m / max(_norm(grads) ** 2, 1e-300)), lambda grads, m: _norm(grads) ** 2
                ),
            ),
            "the norm is squared.",
            "Which root turns a sum of squares into a length?",
        ),
        Mistake(
            "norms-added",
            (
                _clipped(
                    lambda grads, g, m: min(1.0, m / max(sum(np.linalg.norm(x) for x in grads.values()), 1e-300)),
                    lambda grads, m: sum(np.linalg.norm(x) for x in grads.values()),
                ),
            ),
            "the norms of the arrays are added.",
            "The length of (3, 4) is 5, not 7: what is added, and when is the root taken?",
        ),
        Mistake(
            "longest-array",
            (
                _clipped(
                    lambda grads, g, m: min(1.0, m / max(*(np.linalg.norm(x) for x in grads.values()), 1e-300)),
                    lambda grads, m: max(np.linalg.norm(x) for x in grads.values()),
                ),
            ),
            "the norm of the longest array stands for all.",
            "(3, 4) and (12): is the length of all together 12 or 13?",
        ),
        Mistake(
            "norm-after-clipping",
            lambda grads, m: (clip_by_global_norm(grads, m)[0], min(_norm(grads), m)),
            "the norm that comes back is the one after clipping.",
            "Which norm tells you how wild the gradient was?",
        ),
        Mistake(
            "changes-its-argument",
            _clip_in_place,
            "the caller's gradients were changed as well.",
            "Did you change what you were given? Build a new dict.",
        ),
        Mistake(
            "never-clipped",
            lambda grads, m: (dict(grads), _norm(grads)),
            "nothing is clipped.",
            "What should the new norm be if the old one was too large?",
        ),
        Mistake(
            "factor-upside-down",
            _clipped(lambda grads, g, m: max(1.0, _norm(grads) / m)),
            "long gradients are made even longer.",
            "Which fraction is below 1 when the norm is too large?",
        ),
        Mistake(
            "norm-subtracted",
            lambda grads, m: ({k: g - max(0.0, _norm(grads) - m) * np.sign(g) for k, g in grads.items()}, _norm(grads)),
            "something is subtracted from every entry: the direction turns.",
            "Which operation changes the length and keeps the direction?",
        ),
        Mistake(
            "zero-over-zero",
            (
                lambda grads, m: (
                    {
                        k: g * np.minimum(1.0, m / np.float64(_norm(grads))) if _norm(grads) else g * np.float64(np.nan)
                        for k, g in grads.items()
                    },
                    _norm(grads),
                ),
            ),
            "gradients of all zeros give 0/0.",
            "What is max_norm / norm when the norm is 0?",
        ),
        Mistake(
            "each-row-by-itself",
            (
                lambda grads, m: (
                    {
                        k: g * np.minimum(1.0, m / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), 1e-300))
                        for k, g in grads.items()
                    },
                    _norm(grads),
                ),
            ),
            "each row is clipped by its own norm: the direction turns.",
            "Global means one factor for all. Which norm is it made from?",
        ),
    ),
    hints=(
        "What is the length of all gradients together, as if they were one long vector?",
        "norm = sqrt(sum of all squares); if it exceeds max_norm, one factor for all.",
        "factor = max_norm / norm if norm > max_norm else 1.0",
    ),
    why="One factor for all keeps the direction: the step is shorter, and still points downhill.",
)

EXERCISES = (DEEP_FORWARD, GRADIENT_NORMS, XAVIER_STD, HE_STD, CLIP_BY_GLOBAL_NORM)
