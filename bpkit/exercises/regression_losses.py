"""Lesson 03: losses for predicting numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, away, both_shapes, normal, scaled, sign_flipped, with_inputs
from bpkit.losses import huber, huber_backward, mae, mae_backward, mse, mse_backward

LESSON = "03_regression_losses"


def _predicted(rng: Rng, sizes: Sizes) -> Inputs:
    shape = both_shapes(rng, sizes)
    y_true = normal(rng, *shape) + 1.0
    return {"y_true": y_true, "y_pred": y_true + away(rng, *shape, least=0.3)}


def _whole(rng: Rng, sizes: Sizes) -> Inputs:
    y_true = rng.integers(-4, 5, (sizes.n, sizes.k))
    return {"y_true": y_true, "y_pred": y_true + np.where(away(rng, sizes.n, sizes.k) > 0, 3, -2)}


def _outer(residual: Any) -> Any:
    """A loss or slope of residuals between every target and every prediction: (n, 1) met (n,)."""
    return lambda y, p, *rest: residual(np.ravel(p)[None, :] - np.ravel(y)[:, None], *rest)


_ROWS_ONLY = "it is divided by the number of rows only."
_COUNT = "How many numbers are averaged?"
_BROADCAST = (
    "every target meets every prediction: a column (n, 1) was broadcast against a row (n,).",
    "Print both shapes: are they equal?",
)
_FORGOT = (
    "the 1/size of the mean is missing.",
    "The loss is a mean over all entries: what happens to a single one's slope?",
)

MSE = Exercise(
    reference=mse,
    lesson=LESSON,
    asks="Return one number: the mean of (y_pred - y_true)² over all entries.",
    returns="loss",
    draw=_predicted,
    edges={"whole numbers": _whole},
    mistakes=(
        Mistake(
            "sum-for-mean",
            lambda y, p: np.sum((p - y) ** 2),
            "the squares are summed, not averaged.",
            "Should the loss double when the same examples are shown twice?",
        ),
        Mistake("divided-by-rows-only", (scaled(mse, lambda y, p: np.size(y) / len(y)),), _ROWS_ONLY, _COUNT),
        Mistake(
            "halved",
            lambda y, p: 0.5 * np.mean((p - y) ** 2),
            "there is a factor 1/2.",
            "Some books put a 1/2 in front so that the slope looks nicer. Does this definition have it?",
        ),
        Mistake(
            "root-taken",
            lambda y, p: np.sqrt(np.mean((p - y) ** 2)),
            "this is the root of the mean squared error.",
            "Which unit should the loss have: that of y, or its square?",
        ),
        Mistake(
            "absolute-for-square",
            lambda y, p: np.mean(np.abs(p - y)),
            "this is the mean absolute error.",
            "Which loss makes an error of 10 cost a hundred times an error of 1?",
        ),
        Mistake(
            "square-of-mean",
            lambda y, p: np.mean(p - y) ** 2,
            "the residuals are averaged before they are squared.",
            "May an error of +1 and one of -1 cancel each other?",
        ),
        Mistake(
            "not-squared",
            lambda y, p: np.mean(p - y),
            "the residuals are not squared.",
            "May an error of +1 and one of -1 cancel each other?",
        ),
        Mistake(
            "not-averaged",
            lambda y, p: (p - y) ** 2,
            "one number for each entry comes back.",
            "A loss is one number: how do the entries become one?",
        ),
        Mistake(
            "difference-of-squares",
            (lambda y, p: np.mean(p**2 - y**2), lambda y, p: np.mean(y**2 - p**2)),
            "the squares are subtracted, not the numbers.",
            "Is (a - b)² the same as a² - b²?",
        ),
        Mistake("broadcast-to-square", _outer(lambda r: np.mean(r**2)), *_BROADCAST),
    ),
    hints=(
        "What is the error of a single prediction, and what does it cost?",
        "Subtract, square, and take the mean over all entries.",
        "np.mean((y_pred - y_true) ** 2)",
    ),
    why="Squaring makes large errors dear: one error of 10 costs as much as a hundred errors of 1.",
)

MSE_BACKWARD = Exercise(
    reference=mse_backward,
    lesson=LESSON,
    asks="Return the gradient of the mean squared error for every prediction, the shape of y_pred.",
    returns="dy_pred",
    draw=_predicted,
    edges={"whole numbers": _whole},
    mistakes=(
        Mistake("forgot-the-mean", (lambda y, p: 2 * (p - y),), *_FORGOT),
        Mistake(
            "halved",
            lambda y, p: (p - y) / np.size(y),
            "the factor 2 of the square is missing.",
            "Which factor does the power bring down?",
        ),
        Mistake("divided-by-rows-only", lambda y, p: 2 * (p - y) / len(y), _ROWS_ONLY, _COUNT),
        sign_flipped(mse_backward),
        Mistake(
            "forgot-both-factors",
            lambda y, p: p - y,
            "both the 2 of the square and the 1/size of the mean are missing.",
            "Write the loss out for a single entry: which two factors does its slope have?",
        ),
        Mistake(
            "still-squared",
            lambda y, p: 2 * (p - y) ** 2 / np.size(y),
            "the residual is still squared.",
            "The derivative of r² is 2r: which power is left?",
        ),
        Mistake(
            "averaged-over-entries",
            (lambda y, p: np.mean(2 * (p - y)), lambda y, p: 2 * np.mean(p - y)),
            "the gradient is averaged to one number.",
            "Each prediction has a slope of its own: what shape has the gradient?",
        ),
        Mistake(
            "sign-only",
            lambda y, p: np.sign(p - y) / np.size(y),
            "this is the gradient of the mean absolute error.",
            "Should a larger error pull harder?",
        ),
        Mistake("broadcast-to-square", _outer(lambda r: 2 * r / r.size), *_BROADCAST),
    ),
    hints=(
        "What is the slope of (p - y)² for a single entry?",
        "2 (p - y); and the mean over all entries divides by how many?",
        "2 * (y_pred - y_true) / y_pred.size",
    ),
    why="The pull grows with the error, without limit: that is why a single outlier can drag a fit along.",
)

MAE = Exercise(
    reference=mae,
    lesson=LESSON,
    asks="Return one number: the mean of |y_pred - y_true| over all entries.",
    returns="loss",
    draw=_predicted,
    edges={"whole numbers": _whole},
    mistakes=(
        Mistake(
            "sum-for-mean",
            lambda y, p: np.sum(np.abs(p - y)),
            "the distances are summed, not averaged.",
            "Should the loss double when the same examples are shown twice?",
        ),
        Mistake("divided-by-rows-only", scaled(mae, lambda y, p: np.size(y) / len(y)), _ROWS_ONLY, _COUNT),
        Mistake(
            "without-abs",
            (lambda y, p: np.mean(p - y), lambda y, p: np.mean(y - p), lambda y, p: np.abs(np.mean(p - y))),
            "errors of opposite sign cancel: the absolute value is missing, or comes after the mean.",
            "May an error of +1 and one of -1 cancel each other?",
        ),
        Mistake(
            "squared",
            lambda y, p: np.mean((p - y) ** 2),
            "this is the mean squared error.",
            "Should an error of 10 cost ten times or a hundred times an error of 1?",
        ),
        Mistake(
            "median-for-mean",
            lambda y, p: np.median(np.abs(p - y)),
            "this is the median, not the mean.",
            "Which of the two does the definition ask for?",
        ),
        Mistake(
            "not-averaged",
            lambda y, p: np.abs(p - y),
            "one number for each entry comes back.",
            "A loss is one number: how do the entries become one?",
        ),
        Mistake(
            "difference-of-sizes",
            (lambda y, p: np.mean(np.abs(p) - np.abs(y)),),
            "the absolute values are subtracted, not the numbers.",
            "Is |a - b| the same as |a| - |b|?",
        ),
    ),
    hints=(
        "How far is a single prediction from its target?",
        "Subtract, take the absolute value, and the mean over all entries.",
        "np.mean(np.abs(y_pred - y_true))",
    ),
    why="The price grows in proportion to the error, so outliers count for what they are and no more.",
)

MAE_BACKWARD = Exercise(
    reference=mae_backward,
    lesson=LESSON,
    asks="Return the gradient of the mean absolute error for every prediction, the shape of y_pred.",
    returns="dy_pred",
    draw=_predicted,
    edges={"whole numbers": _whole},
    mistakes=(
        Mistake("forgot-the-mean", lambda y, p: np.sign(p - y), *_FORGOT),
        Mistake("divided-by-rows-only", scaled(mae_backward, lambda y, p: np.size(y) / len(y)), _ROWS_ONLY, _COUNT),
        sign_flipped(mae_backward),
        Mistake(
            "residual-for-sign",
            (lambda y, p: (p - y) / np.size(y), lambda y, p: 2 * (p - y) / np.size(y)),
            "the pull still grows with the error.",
            "How steep is |r| at r = 3, and at r = 5?",
        ),
        Mistake(
            "always-positive",
            (lambda y, p: np.ones(np.shape(y)) / np.size(y), lambda y, p: np.abs(np.sign(p - y)) / np.size(y)),
            "the slope is positive everywhere.",
            "If the prediction is too small and rises a little, does the loss rise or fall?",
        ),
        Mistake(
            "absolute-residual",
            lambda y, p: np.abs(p - y) / np.size(y),
            "this is the loss of each entry, not its slope.",
            "How steep is |r| at r = 3, and at r = -3?",
        ),
        Mistake(
            "sign-of-prediction",
            (lambda y, p: np.sign(p) / np.size(y),),
            "the sign is that of the prediction.",
            "Which difference decides whether the prediction is too high?",
        ),
        Mistake(
            "averaged-over-entries",
            lambda y, p: np.mean(np.sign(p - y)),
            "the gradient is averaged to one number.",
            "Each prediction has a slope of its own: what shape has the gradient?",
        ),
    ),
    hints=(
        "How steep is |r| to the right of 0, and to the left?",
        "np.sign gives +1 and -1. And the mean?",
        "np.sign(y_pred - y_true) / y_pred.size",
    ),
    why="Every prediction is pulled equally hard, however wrong it is: half of them must lie on each side, which makes a median.",
)


def _bent(rng: Rng, sizes: Sizes) -> Inputs:
    """Residuals of both signs on both sides of delta, none near it or near 0; delta is not 1."""
    shape, delta = both_shapes(rng, sizes), float(rng.uniform(1.4, 1.8))
    sign = np.sign(away(rng, *shape))
    near = np.resize([True, True, False, False, True], shape) if sizes.n > 1 else rng.random(shape) < 0.5
    sign = np.resize([1.0, -1.0, 1.0, -1.0], shape) if sizes.n > 1 else sign
    near.ravel()[0] = True
    size = np.where(near, rng.uniform(0.3, 0.8, shape) * delta, rng.uniform(1.3, 2.5, shape) * delta)
    size.ravel()[0] = 0.86 * delta  # inside, though its square is not
    y_true = normal(rng, *shape)
    return {"y_true": y_true, "y_pred": y_true + sign * size, "delta": delta}


def _default_delta(rng: Rng, sizes: Sizes) -> Inputs:
    return {name: value for name, value in _bent(rng, sizes).items() if name != "delta"}


def _branches(near: Any, far: Any, inside: Any = None) -> Any:
    """The Huber loss of each entry, with other branches or another border between them."""
    return lambda y, p, delta=1.0: np.mean(
        np.where(inside(p - y, delta) if inside else np.abs(p - y) <= delta, near(p - y, delta), far(p - y, delta))
    )


def _half_square(r: Any, delta: float) -> Any:
    return 0.5 * r**2


def _line(r: Any, delta: float) -> Any:
    return delta * (np.abs(r) - 0.5 * delta)


HUBER = Exercise(
    reference=huber,
    lesson=LESSON,
    asks="Return one number: the mean of r²/2 where |r| <= delta, else delta (|r| - delta/2).",
    returns="loss",
    draw=_bent,
    edges={
        "the default delta": _default_delta,
        "whole numbers": with_inputs(
            _default_delta,
            y_true=lambda rng, y: rng.integers(-9, 10, y.shape),
            y_pred=lambda rng, y: rng.integers(-9, 10, y.shape),
        ),
    },
    mistakes=(
        Mistake(
            "delta-fixed-at-1",
            lambda y, p, delta=1.0: huber(y, p, 1.0),
            "delta is taken as 1 whatever is asked for.",
            "What changes in your function when delta is 2?",
        ),
        Mistake(
            "line-without-offset",
            _branches(_half_square, lambda r, d: d * np.abs(r)),
            "the straight branch is delta |r|: the loss jumps at delta.",
            "Evaluate both branches at r = delta: do they meet?",
        ),
        Mistake(
            "square-not-halved",
            _branches(lambda r, d: r**2, _line),
            "the square has no 1/2: the loss jumps at delta.",
            "Evaluate both branches at r = delta: do they meet?",
        ),
        Mistake(
            "slope-of-line-is-1",
            (
                _branches(_half_square, lambda r, d: np.abs(r) - 0.5 * d),
                _branches(_half_square, lambda r, d: np.abs(r) - 0.5),
            ),
            "the straight branch has slope 1, not delta.",
            "How steep is the square at delta? The line should go on as steeply.",
        ),
        Mistake(
            "border-without-abs",
            (
                _branches(_half_square, _line, lambda r, d: r <= d),
                _branches(_half_square, lambda r, d: d * (r - 0.5 * d), lambda r, d: r <= d),
            ),
            "the border is tested without the absolute value.",
            "On which branch should a residual of -10 be?",
        ),
        Mistake(
            "line-without-abs",
            _branches(_half_square, lambda r, d: d * (r - 0.5 * d)),
            "the straight branch takes r and not |r|.",
            "What does a residual of -10 cost?",
        ),
        Mistake(
            "branches-swapped",
            _branches(_line, _half_square),
            "the two branches have changed places.",
            "Which errors should be squared, the small ones or the large ones?",
        ),
        Mistake(
            "sum-for-mean",
            lambda y, p, delta=1.0: huber(y, p, delta) * np.size(y),
            "the entries are summed, not averaged.",
            "Should the loss double when the same examples are shown twice?",
        ),
        Mistake(
            "divided-by-rows-only", lambda y, p, delta=1.0: huber(y, p, delta) * np.size(y) / len(y), _ROWS_ONLY, _COUNT
        ),
        Mistake(
            "only-squared",
            (lambda y, p, delta=1.0: 0.5 * np.mean((p - y) ** 2), lambda y, p, delta=1.0: np.mean((p - y) ** 2)),
            "large errors are squared too.",
            "What should happen beyond delta?",
        ),
        Mistake(
            "delta-fixed-in-one-place",
            (
                _branches(_half_square, _line, lambda r, d: np.abs(r) <= 1),
                _branches(_half_square, lambda r, d: d * np.abs(r) - 0.5),
                _branches(_half_square, lambda r, d: d * (np.abs(r) - 0.5)),
            ),
            "somewhere delta is taken as 1.",
            "How often does delta occur in the formula? Count yours.",
        ),
        Mistake(
            "offset-not-halved",
            (
                _branches(_half_square, lambda r, d: d * (np.abs(r) - d)),
                _branches(_half_square, lambda r, d: d * np.abs(r) - d**2),
            ),
            "the offset of the line is delta², not half of it.",
            "Evaluate both branches at r = delta: do they meet?",
        ),
        Mistake(
            "border-on-square",
            _branches(_half_square, _line, lambda r, d: r**2 <= d),
            "the border is tested on r², not on |r|.",
            "Which residuals are small: those with |r| <= delta, or with r² <= delta?",
        ),
    ),
    hints=(
        "Which errors are small, and what do they cost?",
        "np.where(np.abs(r) <= delta, …, …) picks a branch for each entry.",
        "np.mean(np.where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2)))",
    ),
    why="The line starts where the square ends, at the same height and as steep: small errors are treated gently, outliers cannot shout.",
)


def _huber_slope(inside: Any = None, near: Any = None, far: Any = None) -> Any:
    """The slope of each entry, with one piece changed."""

    def wrong(y: Any, p: Any, delta: float = 1.0) -> Any:
        r = p - y
        chosen = inside(r, delta) if inside else np.abs(r) <= delta
        return np.where(chosen, near(r, delta) if near else r, far(r, delta) if far else delta * np.sign(r)) / np.size(
            y
        )

    return wrong


def _clipped_in_integers(y: Any, p: Any, delta: float = 1.0) -> Any:
    r = np.array(p - y)
    r[r > delta] = delta
    r[r < -delta] = -delta
    return r / np.size(y)


HUBER_BACKWARD = Exercise(
    reference=huber_backward,
    lesson=LESSON,
    asks="Return the gradient of the Huber loss for every prediction, the shape of y_pred.",
    returns="dy_pred",
    draw=_bent,
    edges={
        "whole numbers and a fractional delta": lambda rng, s: {
            "y_true": np.array([0, 0, 3, -2]),
            "y_pred": np.array([1, -5, 9, -1]),
            "delta": 2.5,
        },
        "the default delta": _default_delta,
        "whole numbers": with_inputs(
            _default_delta,
            y_true=lambda rng, y: rng.integers(-7, 8, y.shape) * 4,
            y_pred=lambda rng, y: rng.integers(-7, 8, y.shape) * 4 + 2,
        ),
    },
    mistakes=(
        Mistake(
            "sign-without-delta",
            _huber_slope(far=lambda r, d: np.sign(r)),
            "beyond delta the slope is ±1, not ±delta.",
            "How steep is the square at delta? The line goes on as steeply.",
        ),
        Mistake(
            "delta-without-sign",
            _huber_slope(far=lambda r, d: d + 0 * r),
            "beyond delta the slope is always +delta.",
            "Which way should a prediction be pulled that is far too low?",
        ),
        Mistake(
            "doubled-inside",
            _huber_slope(near=lambda r, d: 2 * r),
            "inside delta the slope is 2r.",
            "The square has a 1/2 in front: what is left of the 2?",
        ),
        Mistake(
            "border-without-abs",
            _huber_slope(inside=lambda r, d: r <= d),
            "the border is tested without the absolute value.",
            "On which branch should a residual of -10 be?",
        ),
        Mistake(
            "delta-fixed-at-1",
            lambda y, p, delta=1.0: huber_backward(y, p, 1.0),
            "delta is taken as 1 whatever is asked for.",
            "What changes in your function when delta is 2?",
        ),
        Mistake("forgot-the-mean", lambda y, p, delta=1.0: huber_backward(y, p, delta) * np.size(y), *_FORGOT),
        Mistake(
            "divided-by-rows-only",
            lambda y, p, delta=1.0: huber_backward(y, p, delta) * np.size(y) / len(y),
            _ROWS_ONLY,
            _COUNT,
        ),
        sign_flipped(huber_backward),
        Mistake(
            "residual-for-slope-outside",
            (_huber_slope(far=lambda r, d: d * r), _huber_slope(far=lambda r, d: r)),
            "beyond delta the pull still grows with the error.",
            "The line is straight: how steep is it at r = 3, and at r = 30?",
        ),
        Mistake(
            "zero-outside",
            _huber_slope(far=lambda r, d: 0 * r),
            "beyond delta nothing is pulled at all.",
            "Is the straight branch flat?",
        ),
        Mistake(
            "clipped-from-below-at-0",
            lambda y, p, delta=1.0: np.clip(p - y, 0, delta) / np.size(y),
            "only one side is limited.",
            "What is the slope at r = -10?",
        ),
        Mistake(
            "delta-fixed-in-one-place",
            (_huber_slope(inside=lambda r, d: np.abs(r) <= 1), _huber_slope(inside=lambda r, d: np.abs(r) < 1)),
            "the border is tested against 1, not against delta.",
            "How often does delta occur in the formula? Count yours.",
        ),
        Mistake(
            "border-on-square",
            _huber_slope(inside=lambda r, d: r**2 <= d),
            "the border is tested on r², not on |r|.",
            "Which residuals are small: those with |r| <= delta, or with r² <= delta?",
        ),
        Mistake(
            "integer-result",
            (_clipped_in_integers,),
            "the border is written into an array of whole numbers, which cuts it off.",
            "What type does the result inherit?",
        ),
    ),
    hints=(
        "What is the slope of each of the two branches?",
        "Inside it is r, outside +delta or -delta. Which NumPy function limits a number to a range?",
        "np.clip(y_pred - y_true, -delta, delta) / y_pred.size",
    ),
    why="It is the residual, clipped: every example has its say, none more than delta.",
)

EXERCISES = (MSE, MSE_BACKWARD, MAE, MAE_BACKWARD, HUBER, HUBER_BACKWARD)
