"""Lesson 05: losses that ask for a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, both_shapes, normal, scaled, sign_flipped, with_inputs
from bpkit.losses import hinge, hinge_backward, triplet, triplet_backward

LESSON = "05_margin_losses"


def _scored(rng: Rng, sizes: Sizes) -> Inputs:
    """Labels ±1 and scores with y·s wrong, right but unsure, and right by the margin; none near a kink.

    In some batches most are wrong, in others most are right by far: then one easy example could pay for the rest.
    """
    shape = both_shapes(rng, sizes)
    kinds = [0, 1, 2, 0] if sizes.n == 7 else [0, 1, 2, 2]
    kind = rng.permutation(np.resize(kinds, shape).ravel()).reshape(shape)
    wrong, unsure, right = rng.uniform(-2.0, -1.0, shape), rng.uniform(0.2, 0.8, shape), rng.uniform(1.2, 1.6, shape)
    ys = np.choose(kind, [wrong, unsure, right if sizes.n == 7 else 4.0 * right])
    y = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    y.ravel()[:2] = [1.0, -1.0][: y.size]
    return {"y_true": y, "score": ys * y}


def _zero_one(y: Any) -> Any:
    return (np.asarray(y) + 1) / 2


_LABELS = ("the labels are treated as 0 and 1.", "What is y · s when y is 0? Which labels does this loss have?")
_MARGIN_MISSING = ("examples that are right but unsure cost nothing.", "Right is not enough: by how much?")
_WHOLE_LABELS = {
    "labels as whole numbers": with_inputs(_scored, y_true=lambda rng, y: y.astype(int)),
    "scores as whole numbers": lambda rng, s: {
        "y_true": np.array([1, -1, 1, -1, 1]),
        "score": np.array([-1, 2, 3, -2, 0]),
    },
}

HINGE = Exercise(
    reference=hinge,
    lesson=LESSON,
    asks="Return one number: the mean of max(0, 1 - y·score) over all entries; labels are -1 and +1.",
    returns="loss",
    draw=_scored,
    edges=_WHOLE_LABELS,
    mistakes=(
        Mistake("labels-0-and-1", lambda y, s: np.mean(np.maximum(0, 1 - _zero_one(y) * s)), *_LABELS),
        Mistake("margin-missing", lambda y, s: np.mean(np.maximum(0, -y * s)), *_MARGIN_MISSING),
        Mistake(
            "max-missing",
            lambda y, s: np.mean(1 - y * s),
            "examples that are right by far make the loss smaller.",
            "Should being right by 10 pay for another example's mistake?",
        ),
        Mistake(
            "summed-before-max",
            (lambda y, s: max(0.0, float(np.mean(1 - y * s))), lambda y, s: max(0.0, float(1 - np.mean(y * s)))),
            "the batch is averaged before the maximum is taken.",
            "Does one easy example pay for a hard one?",
        ),
        Mistake(
            "total-before-max",
            (
                lambda y, s: max(0.0, float(1 - np.sum(y * s))),
                lambda y, s: max(0.0, float(np.sum(1 - y * s))),
                lambda y, s: np.maximum(1 - np.ravel(y) @ np.ravel(s), 0),
            ),
            "the whole batch is summed before the maximum is taken.",
            "Does one easy example pay for a hard one?",
        ),
        Mistake(
            "sum-for-mean",
            lambda y, s: hinge(y, s) * np.size(s),
            "the entries are summed, not averaged.",
            "Should the loss double when the same examples are shown twice?",
        ),
        Mistake(
            "divided-by-rows-only",
            scaled(hinge, lambda y, s: np.size(s) / len(s)),
            "it is divided by the number of rows only.",
            "How many numbers are averaged?",
        ),
        Mistake(
            "squared",
            lambda y, s: np.mean(np.maximum(0, 1 - y * s) ** 2),
            "the hinge is squared.",
            "Is the cost a straight line or a parabola?",
        ),
        Mistake(
            "sign-of-product",
            lambda y, s: np.mean(np.maximum(0, 1 + y * s)),
            "right answers cost and wrong ones do not.",
            "When label and score have the same sign, is y·s positive or negative?",
        ),
        Mistake(
            "without-labels",
            lambda y, s: np.mean(np.maximum(0, 1 - s)),
            "the labels are not used.",
            "What should a score of -3 cost if the label is -1?",
        ),
        Mistake(
            "absolute-margin",
            lambda y, s: np.mean(np.abs(1 - y * s)),
            "being right by too much costs as well.",
            "What should an example cost that is right by far more than the margin?",
        ),
        Mistake(
            "labels-converted-again",
            lambda y, s: np.mean(np.maximum(0, 1 - (2 * y - 1) * s)),
            "the labels are turned from 0/1 into -1/+1, though they are -1 and +1 already.",
            "What does 2y - 1 make of y = -1?",
        ),
        Mistake(
            "only-positive-examples",
            (
                lambda y, s: np.mean(np.where(y == 1, np.maximum(0, 1 - s), 0.0)),
                lambda y, s: np.mean(np.maximum(0, 1 - s)[y == 1]),
            ),
            "examples with label -1 cost nothing.",
            "What should a score of +3 cost if the label is -1?",
        ),
        Mistake(
            "margin-after-test",
            (lambda y, s: np.mean(np.where(y * s < 0, 1 - y * s, 0.0)),),
            "the margin is in the cost but not in the test which examples cost something.",
            "Right is not enough: by how much? Where does the cost begin?",
        ),
    ),
    hints=(
        "When is y·score positive, and what does it say if it is larger than 1?",
        "The cost of one example is 1 - y·score, but never below 0.",
        "np.mean(np.maximum(0, 1 - y_true * score))",
    ),
    why="What is right by the margin is left alone: only the examples near the border, or beyond it, shape the result.",
)


def _hinge_slope(mask: Any, slope: Any = None) -> Any:
    return lambda y, s: np.where(mask(y * s), slope(y, s) if slope else -y, 0.0) / np.size(s)


HINGE_BACKWARD = Exercise(
    reference=hinge_backward,
    lesson=LESSON,
    asks="Return the gradient of the hinge loss for every score.",
    returns="dscore",
    draw=_scored,
    edges=_WHOLE_LABELS,
    mistakes=(
        Mistake(
            "forgot-the-mean",
            scaled(hinge_backward, lambda y, s: float(np.size(s))),
            "the 1/size of the mean is missing.",
            "The loss is a mean over all entries: what happens to a single one's slope?",
        ),
        Mistake(
            "divided-by-rows-only",
            scaled(hinge_backward, lambda y, s: np.size(s) / len(s)),
            "it is divided by the number of rows only.",
            "How many numbers are averaged?",
        ),
        sign_flipped(hinge_backward),
        Mistake("margin-missing", _hinge_slope(lambda ys: ys < 0), *_MARGIN_MISSING),
        Mistake(
            "not-masked",
            lambda y, s: -y / np.size(s),
            "examples that are right by the margin are pulled too.",
            "What is the slope of the flat part of the hinge?",
        ),
        Mistake(
            "mask-inverted",
            _hinge_slope(lambda ys: ys > 1),
            "only the examples that are right by the margin are pulled.",
            "Which part of the hinge is flat?",
        ),
        Mistake(
            "label-missing",
            _hinge_slope(lambda ys: ys < 1, lambda y, s: -np.ones(np.shape(s))),
            "the label is missing from the slope.",
            "Which way should a score move if its label is -1?",
        ),
        Mistake(
            "score-for-label",
            _hinge_slope(lambda ys: ys < 1, lambda y, s: -s),
            "the slope is taken along the label.",
            "The loss is 1 - y·s: what is its slope along s?",
        ),
        Mistake(
            "squared",
            _hinge_slope(lambda ys: ys < 1, lambda y, s: -2 * y * (1 - y * s)),
            "this is the slope of the squared hinge.",
            "Is the cost a straight line or a parabola?",
        ),
        Mistake(
            "labels-0-and-1", (lambda y, s: np.where(_zero_one(y) * s < 1, -_zero_one(y), 0.0) / np.size(s),), *_LABELS
        ),
        Mistake(
            "margin-on-score",
            lambda y, s: np.where(s < 1, -y, 0.0) / np.size(s),
            "the margin is tested on the score without its label.",
            "A score of -3 with label -1: is it inside the margin?",
        ),
        Mistake(
            "labels-converted-again",
            (lambda y, s: np.where((2 * y - 1) * s < 1, -(2 * y - 1), 0.0) / np.size(s),),
            "the labels are turned from 0/1 into -1/+1, though they are -1 and +1 already.",
            "What does 2y - 1 make of y = -1?",
        ),
        Mistake(
            "one-mask-for-all",
            (
                lambda y, s: (-y / np.size(s)) * (np.sum(1 - y * s) > 0),
                lambda y, s: (-y / np.size(s)) * (1 - np.sum(y * s) > 0),
            ),
            "one test decides for the whole batch.",
            "Does one easy example pay for a hard one?",
        ),
    ),
    hints=(
        "How steep is the hinge where it costs something, and where it does not?",
        "-y where y·score < 1, else 0. And the mean?",
        "np.where(y_true * score < 1, -y_true, 0) / score.size",
    ),
    why="Every violator is pulled with the same force, whatever its size; the others are not touched.",
)


def _triplets(rng: Rng, sizes: Sizes) -> Inputs:
    """Triplets of which some cost something and some do not, none near the border; the margin is not 1.

    One costs something because of the margin alone, one because it is larger than 1. In some batches the
    satisfied triplets outweigh the others, so that they could pay for them.
    """
    n, d, margin = sizes.n, sizes.d, float(rng.uniform(1.5, 1.9))
    heavy = 0.5 if n == 7 else 4.0
    gaps = np.where(np.arange(n) % 2 == 0, rng.uniform(2.5, 4.0, n), -margin - heavy * rng.uniform(0.8, 2.0, n))
    gaps[0] = -0.5 * margin
    gaps[2 : 2 + (n > 3)] = -1.0 - 0.5 * (margin - 1.0)
    a, to_p, to_n = normal(rng, n, d), normal(rng, n, d), normal(rng, n, d)
    near = np.maximum(gaps, 0.0) + rng.uniform(0.3, 0.8, n)
    length = np.sqrt(near)[:, None], np.sqrt(near - gaps)[:, None]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (to_p, to_n)]
    return {"anchor": a, "positive": a + length[0] * unit[0], "negative": a + length[1] * unit[1], "margin": margin}


def _default_margin(rng: Rng, sizes: Sizes) -> Inputs:
    a = normal(rng, 6, 4)
    step = normal(rng, 6, 4)
    far = np.resize([0.5, 3.0], 6)[:, None] * step
    return {"anchor": a, "positive": a + 0.7 * step, "negative": a - far}


def _borderline(rng: Rng, sizes: Sizes) -> Inputs:
    """Two triplets that fall on the other side of the margin if a difference is not squared, or taken to another power."""
    a, jitter = normal(rng, 2, 3), rng.uniform(0.99, 1.01)
    to_p = np.array([[2.0, 0.0, 0.0], [0.0, -2.0, 0.0]])
    to_n = np.array([[-1.4, 1.4, 1.4], [1.5, 0.0, 1.5]])
    return {"anchor": a, "positive": a + jitter * to_p, "negative": a + jitter * to_n, "margin": 1.5}


def _sq(u: Any, v: Any) -> Any:
    return np.sum((u - v) ** 2, axis=1)


def _cost(gap: Any = None, reduce: Any = np.mean) -> Any:
    return lambda a, p, n, m=1.0: reduce(np.maximum(gap(a, p, n, m), 0))


TRIPLET = Exercise(
    reference=triplet,
    lesson=LESSON,
    asks="Return one number: the mean over triplets of max(|a - p|² - |a - n|² + margin, 0).",
    returns="loss",
    draw=_triplets,
    edges={
        "the default margin": _default_margin,
        "whole numbers": lambda rng, s: {
            "anchor": np.array([[0, 1], [2, 0], [1, 1]]),
            "positive": np.array([[2, 1], [2, 1], [1, 0]]),
            "negative": np.array([[0, 2], [-3, 0], [3, 3]]),
            "margin": 1.5,
        },
    },
    mistakes=(
        Mistake(
            "summed-before-max",
            (
                lambda a, p, n, m=1.0: max(float(np.sum(_sq(a, p) - _sq(a, n) + m)), 0.0),
                lambda a, p, n, m=1.0: max(float(np.mean(_sq(a, p) - _sq(a, n) + m)), 0.0),
                lambda a, p, n, m=1.0: max(float(np.sum((a - p) ** 2) - np.sum((a - n) ** 2) + m), 0.0),
            ),
            "the triplets are summed before the maximum is taken.",
            "Which triplets may cancel which?",
        ),
        Mistake(
            "distances-not-squared",
            _cost(lambda a, p, n, m: np.sqrt(_sq(a, p)) - np.sqrt(_sq(a, n)) + m),
            "the distances are not squared.",
            "Does the definition here take distances or their squares?",
        ),
        Mistake(
            "sum-for-mean",
            _cost(lambda a, p, n, m: _sq(a, p) - _sq(a, n) + m, np.sum),
            "the triplets are summed, not averaged.",
            "Should the loss double when the same triplets are shown twice?",
        ),
        Mistake(
            "margin-forgotten",
            _cost(lambda a, p, n, m: _sq(a, p) - _sq(a, n)),
            "the margin is missing.",
            "By how much should the negative be farther away?",
        ),
        Mistake(
            "margin-fixed-at-1",
            _cost(lambda a, p, n, m: _sq(a, p) - _sq(a, n) + 1.0),
            "the margin is taken as 1 whatever is asked for.",
            "What changes in your function when margin is 2?",
        ),
        Mistake(
            "margin-subtracted",
            _cost(lambda a, p, n, m: _sq(a, p) - _sq(a, n) - m),
            "the margin is subtracted.",
            "Should a larger margin make the task easier or harder?",
        ),
        Mistake(
            "positive-and-negative-swapped",
            _cost(lambda a, p, n, m: _sq(a, n) - _sq(a, p) + m),
            "positive and negative have changed places.",
            "Which of the two should be close to the anchor?",
        ),
        Mistake(
            "max-missing",
            lambda a, p, n, m=1.0: np.mean(_sq(a, p) - _sq(a, n) + m),
            "satisfied triplets make the loss smaller.",
            "What does a triplet cost whose margin holds?",
        ),
        Mistake(
            "coordinates-averaged",
            (_cost(lambda a, p, n, m: np.mean((a - p) ** 2, axis=1) - np.mean((a - n) ** 2, axis=1) + m),),
            "the coordinates are averaged, not summed.",
            "Is a squared distance a sum or a mean over the coordinates?",
        ),
        Mistake(
            "max-per-coordinate",
            (
                lambda a, p, n, m=1.0: np.mean(np.sum(np.maximum((a - p) ** 2 - (a - n) ** 2 + m, 0), axis=1)),
                lambda a, p, n, m=1.0: np.mean(np.maximum((a - p) ** 2 - (a - n) ** 2 + m, 0)),
            ),
            "the maximum is taken coordinate by coordinate.",
            "Is the margin between distances or between single coordinates?",
        ),
        Mistake(
            "wrong-pair",
            _cost(lambda a, p, n, m: _sq(a, p) - _sq(p, n) + m),
            "the negative is compared with the positive, not with the anchor.",
            "Whose distance to the negative counts?",
        ),
        Mistake(
            "max-for-maximum",
            (
                lambda a, p, n, m=1.0: np.max(_sq(a, p) - _sq(a, n) + m, 0),
                lambda a, p, n, m=1.0: np.max(_sq(a, p) - _sq(a, n) + m),
                lambda a, p, n, m=1.0: np.max(0, _sq(a, p) - _sq(a, n) + m),
            ),
            "np.max looks for the largest entry of one array.",
            "The max of an array, or the maximum of two? NumPy has one function for each.",
        ),
        Mistake(
            "distances-added",
            _cost(lambda a, p, n, m: _sq(a, p) + _sq(a, n) + m),
            "the distance to the negative is added.",
            "Should a far negative make the loss smaller or larger?",
        ),
        Mistake(
            "over-examples",
            (
                lambda a, p, n, m=1.0: np.mean(
                    np.maximum(np.sum((a - p) ** 2, axis=0) - np.sum((a - n) ** 2, axis=0) + m, 0)
                ),
            ),
            "the squares are summed over the triplets, one number for each coordinate.",
            "Which axis do the coordinates of one embedding lie on?",
        ),
    ),
    hints=(
        "For one triplet: two squared distances, a margin, and never below 0.",
        "np.sum((u - v)**2, axis=1) gives one squared distance for each row.",
        "np.mean(np.maximum(near - far + margin, 0)) with near = |a - p|² and far = |a - n|²",
    ),
    why="A triplet whose margin holds costs nothing, so training spends itself on those that are still confused.",
)


def _pull(a: Any, p: Any, n: Any, m: float) -> Any:
    return (_sq(a, p) - _sq(a, n) + m > 0)[:, None] * (2 / len(a))


def _pulled(mask: Any = _pull, da: Any = None, dp: Any = None, dn: Any = None) -> Any:
    """The three gradients with another mask or another direction."""

    def wrong(a: Any, p: Any, n: Any, margin: float = 1.0) -> Any:
        w = mask(a, p, n, margin)
        return (
            w * (da(a, p, n) if da else n - p),
            w * (dp(a, p, n) if dp else p - a),
            w * (dn(a, p, n) if dn else a - n),
        )

    return wrong


TRIPLET_BACKWARD = Exercise(
    reference=triplet_backward,
    lesson=LESSON,
    asks="Return (da, dp, dn), the gradients of the triplet loss for anchor, positive and negative.",
    returns=("da", "dp", "dn"),
    draw=_triplets,
    edges={
        "the default margin": _default_margin,
        "differences of several sizes": _borderline,
        "whole numbers": lambda rng, s: {
            "anchor": np.array([[0, 1], [2, 0], [1, 1]]),
            "positive": np.array([[2, 1], [2, 1], [1, 0]]),
            "negative": np.array([[0, 2], [-3, 0], [3, 3]]),
            "margin": 1.5,
        },
    },
    mistakes=(
        Mistake(
            "not-masked",
            _pulled(lambda a, p, n, m: 2 / len(a)),
            "satisfied triplets are pulled too.",
            "What moves when the margin holds?",
        ),
        Mistake(
            "negative-left-out-of-anchor",
            _pulled(da=lambda a, p, n: a - p),
            "the anchor feels the positive only.",
            "The anchor has two springs: which is the other one?",
        ),
        Mistake(
            "positive-left-out-of-anchor",
            (_pulled(da=lambda a, p, n: n - a), _pulled(da=lambda a, p, n: a - n)),
            "the anchor feels the negative only.",
            "The anchor has two springs: which is the other one?",
        ),
        Mistake(
            "sign-of-negative",
            (_pulled(dn=lambda a, p, n: n - a),),
            "the negative is pushed the wrong way.",
            "The term is -|a - n|²: which way does its minus turn the slope?",
        ),
        Mistake(
            "sign-of-positive",
            _pulled(dp=lambda a, p, n: a - p),
            "the positive is pulled the wrong way.",
            "If p moves away from a, does the loss rise or fall?",
        ),
        Mistake(
            "sign-of-anchor",
            _pulled(da=lambda a, p, n: p - n),
            "the anchor is pulled the wrong way.",
            "Write the anchor's slope as 2(a - p) - 2(a - n): what is left?",
        ),
        Mistake(
            "anchor-springs-added",
            _pulled(da=lambda a, p, n: 2 * a - p - n),
            "the anchor's second spring has the wrong sign.",
            "The term with the negative has a minus: what does 2(a - p) - 2(a - n) give?",
        ),
        Mistake(
            "halved",
            scaled(triplet_backward, lambda a, p, n, m=1.0: 0.5),
            "the 2 of the squares is missing.",
            "Which factor does the power bring down?",
        ),
        Mistake(
            "forgot-the-mean",
            scaled(triplet_backward, lambda a, p, n, m=1.0: float(len(a))),
            "the 1/n of the mean is missing.",
            "The loss is a mean over triplets: where is it?",
        ),
        sign_flipped(triplet_backward, "all three have the opposite sign."),
        Mistake(
            "margin-forgotten",
            _pulled(lambda a, p, n, m: _pull(a, p, n, 0.0)),
            "the margin is missing from the test which triplets cost something.",
            "When does a triplet stop costing: when the distances are equal, or later?",
        ),
        Mistake(
            "margin-fixed-at-1",
            _pulled(lambda a, p, n, m: _pull(a, p, n, 1.0)),
            "the margin is taken as 1 whatever is asked for.",
            "What changes in your function when margin is 2?",
        ),
        Mistake(
            "positive-and-negative-swapped",
            lambda a, p, n, m=1.0: (lambda g: (g[0], g[2], g[1]))(triplet_backward(a, p, n, m)),
            "dp and dn have changed places.",
            "In which order should the three be returned?",
        ),
        Mistake(
            "coordinates-averaged",
            scaled(triplet_backward, lambda a, p, n, m=1.0: 1 / a.shape[1]),
            "it is divided by the number of coordinates.",
            "Is a squared distance a sum or a mean over the coordinates?",
        ),
        Mistake(
            "one-mask-for-all",
            (
                _pulled(lambda a, p, n, m: float(np.sum(_sq(a, p) - _sq(a, n) + m) > 0) * 2 / len(a)),
                _pulled(lambda a, p, n, m: float(np.mean(_sq(a, p) - _sq(a, n)) + m > 0) * 2 / len(a)),
            ),
            "one test decides for the whole batch.",
            "Which triplets may cancel which?",
        ),
    ),
    hints=(
        "Take one triplet that costs something, and move a, p and n in turn. Which terms change?",
        "2(a - p) - 2(a - n) for the anchor, -2(a - p) for the positive, +2(a - n) for the negative; 0 for satisfied triplets; divided by n.",
        "active = (near - far + margin > 0)[:, None]; da = active * 2 * (n - p) / len(a), and so on.",
    ),
    why="Two springs act on the anchor; a satisfied triplet has none, and the three gradients of each row add up to zero.",
)

EXERCISES = (HINGE, HINGE_BACKWARD, TRIPLET, TRIPLET_BACKWARD)
