"""Lesson 00: slopes measured with finite differences, the chain rule, and a walk downhill."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.checking.given import Curve
from bpkit.exercises._common import Rng, away, normal, with_inputs
from bpkit.gradients import central_difference, chain_rule, descend, numerical_gradient, relative_error

LESSON = "00_slopes"


def _parabola(rng: Rng, sizes: Sizes) -> Inputs:
    # On a parabola a symmetric difference is exact for any step, so a step can be large enough to tell
    # one-sided differences apart without rejecting anybody who halves it.
    a, b, c, x = away(rng, 4, least=0.5)
    return {"f": Curve("quadratic", (a, b, c)), "x": float(x), "h": float(rng.uniform(0.2, 0.4))}


def _wave(rng: Rng, sizes: Sizes) -> Inputs:
    return {"f": Curve("wave", (1.5, 1.2, 0.3)), "x": float(rng.uniform(-0.5, 0.5)), "h": 1e-4}


def _difference(plus: int, minus: int, over: float) -> Any:
    return lambda f, x, h=1e-5: (f(x + plus * h) - f(x - minus * h)) / (over * h)


CENTRAL_DIFFERENCE = Exercise(
    reference=central_difference,
    lesson=LESSON,
    asks="Measure the slope of f at x from one point a step h to the right and one a step h to the left.",
    returns="slope",
    draw=_parabola,
    one_row=False,
    edges={
        "a small step on a wave": _wave,
        "the default step": lambda rng, s: {key: value for key, value in _wave(rng, s).items() if key != "h"},
        "a whole number x": lambda rng, s: _parabola(rng, s) | {"x": 2},
        # Far above 0, rounding shows up as soon as a step is much smaller than asked for.
        "a parabola far above 0": lambda rng, s: {
            "f": Curve("quadratic", (0.5, 1.3, 4e6)),
            "x": float(rng.uniform(0.0, 0.3)),
            "h": 0.25,
        },
    },
    mistakes=(
        Mistake(
            "uneven-steps",
            (_difference(1, 2, 2), _difference(2, 1, 2)),
            "the two points are 3h apart, but the difference is divided by 2h.",
            "How far apart are your two points?",
        ),
        Mistake(
            "one-sided",
            (_difference(1, 0, 1), _difference(0, 1, 1)),
            "the difference is taken to one side only.",
            "Step to both sides: why would that cancel the error of the curve's bend?",
        ),
        Mistake(
            "forgot-the-2",
            _difference(1, 1, 1),
            "the distance between the points is taken as h.",
            "From x - h to x + h: how far is that?",
        ),
        Mistake(
            "one-sided-over-2h",
            (_difference(1, 0, 2), _difference(0, 1, 2)),
            "one step to one side, divided by two steps.",
            "How far apart are your two points?",
        ),
        Mistake(
            "division-then-product",
            lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / 2 * h,
            "`/ 2 * h` divides by 2 and then multiplies by h.",
            "In which order does Python work through a / b * c?",
        ),
        Mistake(
            "only-last-term-divided",
            lambda f, x, h=1e-5: f(x + h) - f(x - h) / (2 * h),
            "only the second value is divided.",
            "What does the division apply to without brackets around the difference?",
        ),
        Mistake(
            "sum-for-difference",
            lambda f, x, h=1e-5: (f(x + h) + f(x - h)) / (2 * h),
            "the two values are added.",
            "A slope compares two heights: how?",
        ),
        Mistake(
            "sign-flipped",
            lambda f, x, h=1e-5: (f(x - h) - f(x + h)) / (2 * h),
            "the slope has the wrong sign.",
            "For a rising line, which of the two values is larger, and which comes first?",
        ),
        Mistake(
            "not-divided",
            lambda f, x, h=1e-5: f(x + h) - f(x - h),
            "this is the rise, not the slope.",
            "Rise over run: what is the run here?",
        ),
        Mistake(
            "step-too-small",
            (
                *(
                    lambda f, x, h=1e-05, t=t: (f(x + t) - f(x - t)) / (2 * t)
                    for t in (1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15)
                ),
            ),
            "the step is so small that the difference is mostly rounding.",
            "How many digits do f(x + h) and f(x - h) share? What is left after subtracting?",
            slight=True,
        ),
        Mistake(
            "low-precision",
            (
                lambda f, x, h=1e-5: (
                    (f(np.float32(x) + np.float32(h)) - f(np.float32(x) - np.float32(h))) / (2 * np.float32(h))
                ),
                lambda f, x, h=1e-5: np.float32((np.float32(f(x + h)) - np.float32(f(x - h))) / (2 * h)),
                lambda f, x, h=1e-5: (np.float32(f(x + h)) - np.float32(f(x - h))) / np.float32(2 * h),
                lambda f, x, h=1e-5: float((np.float32(f(x + h)) - np.float32(f(x - h))) / (2 * h)),
            ),
            "the work is done in float32.",
            "How many digits has a float32, and how many of them do the two heights share?",
            slight=True,
        ),
    ),
    hints=(
        "A slope is rise over run. The two heights are there: what is the rise? How far is the run from x - h to x + h?",
        "The rise is the height at x + h minus the height at x - h. The run is the whole way between them: 2 * h.",
        "(f(x + h) - f(x - h)) / (2 * h). Mind both pairs of brackets.",
    ),
    why="Stepping to both sides cancels the curve's bend, so the error shrinks with h², not with h.",
)


def _bowl(rng: Rng, sizes: Sizes) -> Inputs:
    shape = (sizes.n,) if sizes.n == 7 else (sizes.d, sizes.h)
    return {
        "f": Curve("bowl", (away(rng, *shape, least=0.5), away(rng, *shape))),
        "x": away(rng, *shape),
        "h": float(rng.uniform(0.2, 0.4)),
    }


def _ripples(rng: Rng, sizes: Sizes) -> Inputs:
    return {
        "f": Curve("ripples", (away(rng, sizes.d), away(rng, sizes.d))),
        "x": rng.uniform(-0.5, 0.5, sizes.d),
        "h": 1e-4,
    }


def _entrywise(difference: Any, *, restore: bool = True, copy: bool = True, like_x: bool = False) -> Any:
    """A numerical gradient that moves entries of one array in place, with the usual things left out."""

    def wrong(f: Any, x: Any, h: float = 1e-5) -> Any:
        x = np.array(x) if copy else x
        slopes = np.zeros_like(x) if like_x else np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            here = x[i]
            slopes[i] = difference(f, x, i, here, h)
            if restore:
                x[i] = here
        return slopes

    return wrong


def _at(f: Any, x: Any, i: Any, value: Any) -> Any:
    x[i] = value
    return f(x)


def _moves(plus: int, minus: int, over: float) -> Any:
    return lambda f, x, i, here, h: (_at(f, x, i, here + plus * h) - _at(f, x, i, here - minus * h)) / (over * h)


def _whole_rows(f: Any, x: Any, h: float = 1e-5) -> Any:
    x = np.array(x, dtype=float)
    slopes = np.zeros(x.shape)
    for i in range(len(x)):
        here = np.copy(x[i])
        slopes[i] = (_at(f, x, i, here + h) - _at(f, x, i, here - h)) / (2 * h)
        x[i] = here
    return slopes


NUMERICAL_GRADIENT = Exercise(
    reference=numerical_gradient,
    moves_inputs=True,
    lesson=LESSON,
    asks="Measure the slope of f along every entry of the array x, one entry at a time.",
    returns="grad",
    draw=_bowl,
    one_row=False,
    edges={
        "whole numbers in x": with_inputs(_bowl, x=lambda rng, x: rng.integers(2, 6, x.shape)),
        "a small step on a rippled surface": _ripples,
        "a surface far above 0": lambda rng, s: (
            _ripples(rng, s) | {"f": Curve("raised ripples", (away(rng, s.d), away(rng, s.d), 2000.0))}
        ),
        "the default step": lambda rng, s: {key: value for key, value in _ripples(rng, s).items() if key != "h"},
    },
    mistakes=(
        Mistake(
            "uneven-steps",
            (_entrywise(_moves(1, 2, 2)), _entrywise(_moves(2, 1, 2))),
            "the two points are 3h apart, but the difference is divided by 2h.",
            "How far apart are your two points?",
        ),
        Mistake(
            "one-sided",
            (_entrywise(_moves(1, 0, 1)), _entrywise(_moves(0, 1, 1))),
            "each difference is taken to one side only.",
            "Step to both sides: what cancels then?",
        ),
        Mistake(
            "forgot-the-2",
            _entrywise(_moves(1, 1, 1)),
            "the distance between the points is taken as h.",
            "From -h to +h: how far is that?",
        ),
        Mistake(
            "not-divided",
            _entrywise(lambda f, x, i, here, h: _at(f, x, i, here + h) - _at(f, x, i, here - h)),
            "these are the rises, not the slopes.",
            "Rise over run: what is the run here?",
        ),
        Mistake(
            "sign-flipped",
            _entrywise(_moves(-1, -1, 2)),
            "the slopes have the wrong sign.",
            "For a rising line, which of the two values comes first?",
        ),
        Mistake(
            "not-restored",
            (
                _entrywise(_moves(1, 1, 2), restore=False),
                _entrywise(_moves(1, 1, 2), restore=False, copy=False),
                _entrywise(
                    lambda f, x, i, here, h: (_at(f, x, i, here + h) - _at(f, x, i, x[i] - h)) / (2 * h), restore=False
                ),
            ),
            "an entry is moved and not put back, so the later slopes are measured somewhere else.",
            "When you turn to entry 1, is entry 0 as you found it?",
        ),
        Mistake(
            "whole-rows-moved",
            _whole_rows,
            "whole rows of the array are moved at once.",
            "An array can have two axes: does your loop reach every single entry?",
        ),
        Mistake(
            "all-entries-moved",
            lambda f, x, h=1e-5: np.full(np.shape(x), (f(x + h) - f(x - h)) / (2 * h)),
            "all entries are moved at once, so every slope is the sum of all.",
            "Which one entry should differ between your two points?",
        ),
        Mistake(
            "integer-array",
            (
                _entrywise(_moves(1, 1, 2), like_x=True),
                _entrywise(_moves(1, 1, 2)),
                lambda f, x, h=1e-5: numerical_gradient(f, x, h).astype(np.asarray(x).dtype),
            ),
            "the work is done in an integer array, which cannot hold a step of h.",
            "Can 1 + 0.0001 be stored in an array of whole numbers?",
        ),
        Mistake(
            "step-too-small",
            tuple(
                lambda f, x, h=1e-5, t=t: numerical_gradient(f, x, t)
                for t in (1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15)
            ),
            "the step is so small that the difference is mostly rounding.",
            "How many digits do f(x + h) and f(x - h) share? What is left after subtracting?",
            slight=True,
        ),
    ),
    hints=(
        "For entry i only x[i] moves. Which two values should it take, one after the other, before you ask f?",
        "Set x[i] to here + h and call f(x); set it to here - h and call f(x) again. What must x[i] be before the next entry's turn?",
        "x[i] = here + h; right = f(x); x[i] = here - h; left = f(x); x[i] = here; grad[i] = (right - left) / (2 * h)",
    ),
    why="One entry moves, all others stand still: that is what a partial derivative means. It costs two evaluations an entry, which is why we need backpropagation.",
)


def _near_pair(rng: Rng, sizes: Sizes) -> Inputs:
    """Arrays whose largest difference is positive for most sizes and negative for one."""
    a = away(rng, sizes.n, sizes.d)
    b = a * rng.uniform(1.3, 1.6) + 0.2 * normal(rng, sizes.n, sizes.d)
    difference = (a - b).ravel()
    sign = np.sign(difference[np.argmax(np.abs(difference))]) * (-1.0 if sizes.n == 11 else 1.0)
    return {"a": sign * a, "b": sign * b}


def _small_pair(rng: Rng, sizes: Sizes) -> Inputs:
    """Numbers beside which a floor of 1e-9 shows, and one of 1e-12 does not; no difference reaches 1e-5."""
    a = np.append(away(rng, sizes.n), 2.0) * 6e-6
    return {"a": a, "b": a * rng.uniform(1.3, 1.6)}


RELATIVE_ERROR = Exercise(
    reference=relative_error,
    lesson=LESSON,
    asks="Return the largest absolute difference between a and b, divided by the largest absolute value in either.",
    returns="error",
    draw=_near_pair,
    edges={
        "two arrays of zeros": lambda rng, s: {"a": np.zeros(s.n), "b": np.zeros(s.n)},
        "one array of zeros": lambda rng, s: {"a": np.append(away(rng, s.n), 3.0), "b": np.zeros(s.n + 1)},
        "a larger first array": lambda rng, s: (lambda b: {"a": 1.5 * b, "b": b})(np.append(away(rng, s.n), -3.0)),
        "the other array of zeros": lambda rng, s: {"a": np.zeros(s.n), "b": away(rng, s.n)},
        "whole numbers": lambda rng, s: {"a": np.array([1, -5, 2]), "b": np.array([1, 3, -4])},
        "very small numbers": _small_pair,
    },
    mistakes=(
        Mistake(
            "absolute-error",
            lambda a, b: np.max(np.abs(a - b)),
            "this is the absolute error; nothing is divided.",
            "Is 0.001 a large error? What would you have to know to tell?",
        ),
        Mistake(
            "without-abs",
            (
                lambda a, b: np.max(a - b) / max(np.max(a), np.max(b)),
                lambda a, b: np.max(a - b) / max(np.max(np.abs(a)), np.max(np.abs(b))),
                lambda a, b: np.max(np.abs(a - b)) / max(np.max(a), np.max(b)),
            ),
            "an absolute value is missing.",
            "What happens when the largest number is negative?",
        ),
        Mistake(
            "divided-by-one-side",
            (
                lambda a, b: np.max(np.abs(a - b)) / np.max(np.abs(a)),
                lambda a, b: np.max(np.abs(a - b)) / np.max(np.abs(b)),
            ),
            "it is divided by the size of one array only.",
            "Should the answer change when a and b change places?",
        ),
        Mistake(
            "entry-by-entry",
            lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))),
            "the division is done entry by entry.",
            "If one entry is nearly 0 in both arrays, should it decide the whole error?",
        ),
        Mistake(
            "zero-over-zero",
            (
                lambda a, b: np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b))),
                lambda a, b: np.divide(np.max(np.abs(a - b)), np.maximum(np.max(np.abs(a)), np.max(np.abs(b)))),
            ),
            "two arrays of zeros give 0/0.",
            "How far apart are two arrays of zeros?",
        ),
        Mistake(
            "sum-of-sizes",
            lambda a, b: np.max(np.abs(a - b)) / (np.max(np.abs(a)) + np.max(np.abs(b)) + 1e-300),
            "it is divided by the sum of the two sizes.",
            "The definition asks for the larger of the two sizes: which function picks it?",
        ),
        Mistake(
            "mean-for-max",
            (
                lambda a, b: np.mean(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b))),
                lambda a, b: np.mean(np.abs(a - b)) / max(np.mean(np.abs(a)), np.mean(np.abs(b))),
            ),
            "means are taken where the definition asks for maxima.",
            "Could one badly wrong entry hide in a mean?",
        ),
        Mistake(
            "norms-for-maxima",
            (
                lambda a, b: np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b)),
                lambda a, b: np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)),
            ),
            "these are norms; the definition here uses the largest entry.",
            "Which single number does 'max |a - b|' pick?",
        ),
        Mistake(
            "absolute-floor",
            tuple(
                lambda a, b, e=e: np.max(np.abs(a - b)) / (max(np.max(np.abs(a)), np.max(np.abs(b))) + e)
                for e in (1e-6, 1e-7, 1e-8, 1e-9)
            )
            + tuple(
                lambda a, b, e=e: np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b)), e)
                for e in (1.0, 1e-3, 1e-4)
            )
            + tuple(
                lambda a, b, e=e: 0.0 if np.max(np.abs(a - b)) < e else relative_error(a, b) for e in (1e-3, 1e-4, 1e-5)
            ),
            "small arrays are compared with a fixed number.",
            "Multiply both arrays by a millionth: should the relative error change?",
            slight=True,
        ),
    ),
    hints=(
        "An error only means something beside the size of the numbers. How large are they?",
        "Above the line: the largest entry of np.abs(a - b). Below it: the larger of np.abs(a).max() and np.abs(b).max(). And if that is 0?",
        "size = max(np.abs(a).max(), np.abs(b).max()); return 0.0 if size is 0, and np.abs(a - b).max() / size otherwise.",
    ),
    why="Dividing by the larger array makes the number a count of shared digits: 1e-7 means about seven.",
)


def _composition(rng: Rng, sizes: Sizes) -> Inputs:
    outer = tuple(away(rng, 3, least=0.6, most=1.4))
    inner = tuple(away(rng, 3, least=0.6, most=1.4))
    x = away(rng, least=0.4, most=1.2).item() if sizes.n == 7 else away(rng, sizes.d, least=0.4, most=1.2)
    return {
        "df": Curve("cubic slope", outer),
        "g": Curve("quadratic", inner),
        "dg": Curve("quadratic slope", inner),
        "x": x,
    }


CHAIN_RULE = Exercise(
    reference=chain_rule,
    lesson=LESSON,
    asks="Return the derivative of f(g(x)), given df (the slope of f), g, and dg (the slope of g).",
    returns="slope",
    draw=_composition,
    one_row=False,
    edges={
        "a wave inside": lambda rng, s: {
            "df": Curve("growth slope", (1.0, 0.5)),
            "g": Curve("wave", (1.0, 2.0, 0.5)),
            "dg": Curve("wave slope", (1.0, 2.0, 0.5)),
            "x": 0.4,
        }
    },
    mistakes=(
        Mistake(
            "outer-slope-at-x",
            lambda df, g, dg, x: df(x) * dg(x),
            "the outer slope is taken at x.",
            "f never sees x. What number does f receive?",
        ),
        Mistake(
            "inner-slope-forgotten",
            lambda df, g, dg, x: df(g(x)),
            "the inner slope is missing.",
            "If x moves by 1, by how much does g(x) move?",
        ),
        Mistake(
            "outer-slope-forgotten",
            lambda df, g, dg, x: dg(x),
            "the outer slope is missing.",
            "If g(x) moves by 1, by how much does f move?",
        ),
        Mistake(
            "slopes-added",
            lambda df, g, dg, x: df(g(x)) + dg(x),
            "the slopes are added.",
            "One gear turns the next: do their ratios add or multiply?",
        ),
        Mistake(
            "slope-of-slope",
            lambda df, g, dg, x: df(dg(x)),
            "df receives the slope of g, not its value.",
            "What number does f receive: where g arrived, or how steep g was?",
        ),
        Mistake(
            "value-for-slope",
            lambda df, g, dg, x: df(g(x)) * g(x),
            "it multiplies by g(x), not by its slope.",
            "Which of g and dg says how fast the inner function moves?",
        ),
    ),
    hints=(
        "Which number does the outer function receive in the example: 2, or 7? At that number its slope is taken.",
        "The outer slope is df, taken where g has arrived; the inner one is dg, taken at x. Do the two rates add or multiply?",
        "df(g(x)) * dg(x)",
    ),
    why="Each stage multiplies by its own slope, taken at its own input: backpropagation is this line, repeated.",
)


def _walk(rng: Rng, sizes: Sizes) -> Inputs:
    """A bowl that is nowhere flat, and few steps: the walk is still under way when it ends."""
    return {
        "f": Curve("bowl", (rng.uniform(0.5, 1.5, sizes.d), away(rng, sizes.d))),
        "x": away(rng, sizes.d, least=0.5),
        "lr": float(rng.uniform(0.05, 0.1)),
        "steps": 3 + sizes.n % 2,
    }


def _walked(move: Any, *, rounds: int = 0, after: bool = False, heights: Any = None) -> Any:
    """The walk with another move, which takes (f, x, lr, start), or with other heights noted."""

    def wrong(f: Any, x: Any, lr: float, steps: int) -> Any:
        start = x = np.array(x, dtype=float)
        noted = []
        for _ in range(steps + rounds):
            before, x = x, move(f, x, lr, start)
            noted.append(f(x if after else before))
        return x, heights(noted) if heights else noted

    return wrong


def _step(f: Any, x: Any, lr: float, start: Any) -> Any:
    return x - lr * numerical_gradient(f, x)


def _in_turn(f: Any, x: Any, lr: float, start: Any) -> Any:
    x = x.copy()
    for i in np.ndindex(x.shape):
        x[i] -= lr * numerical_gradient(f, x)[i]
    return x


def _moves_the_callers_array(f: Any, x: Any, lr: float, steps: int) -> Any:
    heights = []
    for _ in range(steps):
        heights.append(f(x))
        x -= lr * numerical_gradient(f, x)
    return x, heights


DESCEND = Exercise(
    reference=descend,
    lesson=LESSON,
    asks="Take `steps` steps against the measured gradient; return the last place and the height before each step.",
    returns=("x", "heights"),
    draw=_walk,
    one_row=False,
    edges={
        "a single step": lambda rng, s: _walk(rng, s) | {"steps": 1},
        "a table of numbers": lambda rng, s: (
            _walk(rng, s)
            | {
                "f": Curve("bowl", (rng.uniform(0.5, 1.5, (2, s.d)), away(rng, 2, s.d))),
                "x": away(rng, 2, s.d, least=0.5),
            }
        ),
        "whole numbers in x": with_inputs(_walk, x=lambda rng, x: rng.integers(1, 4, x.shape)),
    },
    mistakes=(
        Mistake(
            "uphill",
            _walked(lambda f, x, lr, start: x + lr * numerical_gradient(f, x)),
            "it steps with the gradient: the heights climb.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "learning-rate-forgotten",
            _walked(lambda f, x, lr, start: x - numerical_gradient(f, x)),
            "the learning rate is not used.",
            "How long is a step when lr is halved?",
        ),
        Mistake(
            "divided-by-lr",
            _walked(lambda f, x, lr, start: x - numerical_gradient(f, x) / lr),
            "the gradient is divided by the learning rate.",
            "Should a larger learning rate give a longer or a shorter step?",
        ),
        Mistake(
            "step-for-position",
            _walked(lambda f, x, lr, start: -lr * numerical_gradient(f, x)),
            "x becomes the step alone, without the place it starts from.",
            "From where does the step lead?",
        ),
        Mistake(
            "gradient-of-the-start",
            _walked(lambda f, x, lr, start: x - lr * numerical_gradient(f, start)),
            "every step uses the gradient of the starting place.",
            "After one step you stand somewhere else. Where is the next gradient measured?",
        ),
        Mistake(
            "every-step-from-the-start",
            _walked(lambda f, x, lr, start: start - lr * numerical_gradient(f, x)),
            "every step sets out from the starting place.",
            "Where do you stand when the second step begins?",
        ),
        Mistake(
            "direction-only",
            _walked(lambda f, x, lr, start: x - lr * np.sign(numerical_gradient(f, x))),
            "only the signs of the slopes are used.",
            "Should a step be as long on a gentle slope as on a steep one?",
        ),
        Mistake(
            "entries-in-turn",
            _walked(_in_turn),
            "one entry has moved already when the slope along the next one is measured.",
            "Where should all entries of the gradient be measured: at one place, or at several?",
        ),
        Mistake(
            "height-after-the-step",
            _walked(_step, after=True),
            "each height is taken after its step.",
            "What is the height before anything has moved, and where in the list does it belong?",
        ),
        Mistake(
            "only-last-height",
            _walked(_step, heights=lambda noted: noted[-1:]),
            "only one height is kept.",
            "One height for each step: where does the list begin?",
        ),
        Mistake(
            "same-height",
            _walked(_step, heights=lambda noted: [noted[0]] * len(noted)),
            "every height is that of the start.",
            "At which place is the height taken: the current one, or the first?",
        ),
        Mistake(
            "one-step-short",
            (
                _walked(_step, rounds=-1),
                lambda f, x, lr, steps: (descend(f, x, lr, steps - 1)[0], descend(f, x, lr, steps)[1]),
            ),
            "it stops one step early.",
            "How often does the loop go round, and does its last round take a step?",
        ),
        Mistake(
            "one-step-more",
            _walked(_step, rounds=1),
            "it makes one step too many.",
            "How often does the loop go round?",
        ),
        Mistake(
            "never-moves",
            _walked(lambda f, x, lr, start: x),
            "x never moves.",
            "Who receives the new place?",
        ),
        Mistake(
            "in-place",
            _moves_the_callers_array,
            "the caller's array was moved as well.",
            "`x -= …` changes the array itself, `x = x - …` makes a new one. Which one may the caller still need?",
        ),
    ),
    hints=(
        "Two things happen in each round: a height is noted, and x moves. Which one comes first?",
        "heights.append(…) takes the height where x is now. Then x moves against numerical_gradient(f, x): how far?",
        "heights.append(f(x)); then x = x - lr * numerical_gradient(f, x)",
    ),
    why="Measure, step against the gradient, repeat. Every network is trained by this loop; only the measuring will be replaced.",
)

EXERCISES = (CENTRAL_DIFFERENCE, NUMERICAL_GRADIENT, RELATIVE_ERROR, CHAIN_RULE, DESCEND)
