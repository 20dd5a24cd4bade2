"""Lesson 04: softmax and the cross-entropies."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.activations import log_softmax, sigmoid, softmax, softmax_backward
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import (
    Rng,
    away,
    both_shapes,
    class_numbers,
    coins,
    normal,
    one_hot_rows,
    probability_rows,
    scaled,
    sign_flipped,
    spoilt_softmax,
    whole_numbers,
    with_inputs,
)
from bpkit.losses import (
    bce_with_logits,
    bce_with_logits_backward,
    cce,
    cce_backward,
    cce_with_logits,
    cce_with_logits_backward,
    sparse_cce,
    sparse_cce_backward,
    sparse_cce_with_logits,
    sparse_cce_with_logits_backward,
)

LESSON = "04_cross_entropy"


def _exp_rows(z: Any) -> Any:
    return np.exp(z - np.max(z, axis=-1, keepdims=True))


_SPOILT = spoilt_softmax()


def _made_of(id: str, make: Any) -> Any:
    """Wrong functions made of the wrong softmaxes of one kind."""
    return tuple(make(p) for p in _SPOILT[id])


def _naive(z: Any) -> Any:
    return np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)


def _over_examples(z: Any) -> Any:
    e = np.exp(z - np.max(z))
    return e / np.sum(e, axis=0)


def _scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, sizes.n, sizes.k, least=0.2, most=2.5)}


def _high_row(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": np.array([[1000.0, 999.0, 998.0], [999.5, 1000.0, 999.0]])}


def _far_levels(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -999.0]])}


def _both_ends(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": np.array([[1000.0, -1000.0, -1000.0], [-1000.0, -1000.0, 1000.0]])}


_STABLE = {
    "scores near 1000": _high_row,
    "rows at very different levels": _far_levels,
    "scores from -1000 to 1000 in one row": _both_ends,
}
_LEVELS = {"y_true": np.eye(3)[[0, 1]], "z": np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -999.0]])}
_LABELLED_LEVELS = {"labels": np.array([0, 1]), "z": _LEVELS["z"]}
_OTHER_AXES = {
    "a single row of scores": lambda rng, s: {"z": away(rng, s.k)},
    "a stack of tables": lambda rng, s: {"z": away(rng, s.d, s.n, s.k)},
}

_OVERFLOW = (
    "at scores near 1000 the exponential overflows, and inf / inf is nan.",
    "What may be subtracted from all scores of a row without changing the probabilities?",
)
_ONE_MAX = (
    "one maximum is subtracted from the whole table: rows far below it become 0/0.",
    "Each row has its own maximum: which arguments give you one for each row?",
)
_LONG_CHAIN = (
    "at scores of ±1000 the clip of the long chain, loss first and softmax second, loses the gradient.",
    "What was left when all the fractions had cancelled?",
)
_WRONG_AXIS = ("the sum runs over the examples.", "Which direction are the classes in: down the rows or along them?")


def _without_keepdims(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / e.sum(axis=1)


def _max_without_keepdims(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1))
    return e / e.sum(axis=1, keepdims=True)


def _into_zeros_like(z: Any) -> Any:
    p = np.zeros_like(z)
    p[...] = softmax(z)
    return p


SOFTMAX = Exercise(
    reference=softmax,
    lesson=LESSON,
    asks="Turn each row of scores z (n, k) into probabilities: exp(z) divided by the row's sum of exp(z).",
    returns="p",
    draw=_scores,
    edges={**_STABLE, **_OTHER_AXES, "whole numbers": with_inputs(_scores, z=whole_numbers)},
    mistakes=(
        Mistake("no-max-subtracted", _made_of("no-max-subtracted", lambda p: p), *_OVERFLOW),
        Mistake(
            "one-max-for-all-rows",
            _made_of("one-max-for-all-rows", lambda p: p),
            *_ONE_MAX,
        ),
        Mistake(
            "sum-over-examples",
            _made_of("sum-over-examples", lambda p: p),
            *_WRONG_AXIS,
        ),
        Mistake(
            "sum-over-everything",
            _made_of("sum-over-everything", lambda p: p),
            "one sum is taken over the whole table.",
            "What should each row add up to?",
        ),
        Mistake(
            "keepdims-forgotten",
            (_without_keepdims, _max_without_keepdims, lambda z: np.exp(z) / np.sum(np.exp(z), axis=1)),
            "the sum or the maximum of each row has lost its axis, so it does not line up with the rows.",
            "What is the shape of z.sum(axis=1), and which shape would divide each row?",
        ),
        Mistake(
            "integer-result",
            (_into_zeros_like,),
            "the result inherits the integer dtype of z, so everything is cut to 0.",
            "What type does the result inherit?",
        ),
        Mistake(
            "not-normalised",
            (lambda z: _exp_rows(z), lambda z: np.exp(z)),
            "the rows do not add up to 1.",
            "What turns positive numbers into shares?",
        ),
        Mistake(
            "without-exp",
            lambda z: z / np.sum(z, axis=-1, keepdims=True),
            "the scores themselves are divided by their sum.",
            "What makes negative scores positive first?",
        ),
        Mistake(
            "sigmoid-of-each",
            lambda z: sigmoid(z),
            "each score goes through a sigmoid by itself.",
            "What should each row add up to?",
        ),
        Mistake(
            "minus-in-the-exponent",
            lambda z: softmax(-np.asarray(z)),
            "the largest score gets the smallest probability.",
            "Should a higher score make a class more or less likely?",
        ),
        Mistake(
            "logarithm-returned",
            log_softmax,
            "these are the logarithms of the probabilities.",
            "Can a probability be negative?",
        ),
        Mistake(
            "hard-maximum",
            lambda z: np.eye(np.shape(z)[-1])[np.argmax(z, axis=-1)],
            "the winner takes everything.",
            "Softmax is soft: what does the second-best class get?",
        ),
    ),
    hints=(
        "Which c keeps exp(z - c) from overflowing, and leaves at least one exponential of each row at 1?",
        "Subtract each row's maximum first; axis=-1 and keepdims=True keep rows apart.",
        "e = np.exp(z - z.max(axis=-1, keepdims=True)), then e / e.sum(axis=-1, keepdims=True)",
    ),
    why="Subtracting the row's maximum changes nothing, because it divides above and below the line by the same number, and it cannot overflow.",
)


def _log_of(p: Any) -> Any:
    return lambda z: np.log(p(z))


LOG_SOFTMAX = Exercise(
    reference=log_softmax,
    lesson=LESSON,
    asks="Return the logarithm of softmax for each row, finite even where the probability would round to 0.",
    returns="log_p",
    draw=_scores,
    edges={
        "scores near 1000": _high_row,
        **_OTHER_AXES,
        "a class 2000 below the best": lambda rng, s: {"z": np.array([[1000.0, -1000.0, 999.0], [0.0, 1.0, -1500.0]])},
        "rows at very different levels": _far_levels,
        "whole numbers": with_inputs(_scores, z=whole_numbers),
    },
    mistakes=(
        Mistake(
            "log-of-rounded-zero",
            (_log_of(softmax), lambda z: np.log(_exp_rows(z)) - np.log(_exp_rows(z).sum(axis=-1, keepdims=True))),
            "the logarithm of a probability that has rounded to 0 is -inf.",
            "log(e^x / s) is x - log s: do you have to form e^x / s at all?",
        ),
        Mistake(
            "eps-or-clip",
            (
                *(lambda z, e=e: np.log(softmax(z) + 10.0**-e) for e in (5, 7, 8, 9, 10, 12, 15)),
                *(lambda z, e=e: np.log(np.maximum(softmax(z), 10.0**-e)) for e in (5, 7, 8, 9, 10, 12, 15)),
            ),
            "an epsilon or a clip inside the logarithm hides the true value.",
            "How small can log p become? And log(p + eps)? log(e^x / s) is x - log s: is there anything to hide?",
        ),
        Mistake(
            "no-max-subtracted",
            (lambda z: z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True)), lambda z: np.log(_naive(z))),
            *_OVERFLOW,
        ),
        Mistake(
            "one-max-for-all-rows",
            lambda z: z - np.max(z) - np.log(np.sum(np.exp(z - np.max(z)), axis=-1, keepdims=True)),
            *_ONE_MAX,
        ),
        Mistake(
            "sum-over-examples",
            (
                *_made_of("sum-over-examples", lambda p: lambda z: np.log(p(z))),
                *(
                    lambda z, m=m: z - m(z) - np.log(np.sum(np.exp(z - m(z)), axis=0))
                    for m in (
                        lambda z: 0.0,
                        np.max,
                        lambda z: np.max(z, axis=-1, keepdims=True),
                        lambda z: np.max(z, axis=0),
                    )
                ),
            ),
            *_WRONG_AXIS,
        ),
        Mistake(
            "max-put-back-once",
            (lambda z: z - np.log(np.sum(_exp_rows(z), axis=-1, keepdims=True)),),
            "the maximum is subtracted in the sum, but not from z.",
            "If every z is raised by 5, does log p change?",
        ),
        Mistake(
            "log-missing",
            lambda z: z - np.max(z, axis=-1, keepdims=True) - np.sum(_exp_rows(z), axis=-1, keepdims=True),
            "the sum is subtracted without its logarithm.",
            "log(a / b) is log a minus what?",
        ),
        Mistake(
            "probabilities-returned",
            softmax,
            "these are the probabilities, not their logarithms.",
            "Which numbers have a logarithm above 0?",
        ),
        Mistake(
            "sign-flipped",
            lambda z: -log_softmax(z),
            "the sign is the wrong way round.",
            "Is the logarithm of a probability positive or negative?",
        ),
        Mistake(
            "only-shifted",
            lambda z: z - np.max(z, axis=-1, keepdims=True),
            "only the maximum is subtracted.",
            "What does exp of a row of log-probabilities add up to?",
        ),
        Mistake(
            "sum-over-everything",
            (
                *_made_of("sum-over-everything", lambda p: lambda z: np.log(p(z))),
                lambda z: z - np.log(np.sum(np.exp(z))),
            ),
            "one sum is taken over the whole table.",
            "What should exp of each row add up to?",
        ),
    ),
    hints=(
        "log p = z - log Σ exp(z): what may be subtracted from a whole row of z first, without changing log p?",
        "With m the row's maximum: log p = (z - m) - log Σ exp(z - m).",
        "s = z - z.max(axis=-1, keepdims=True), then s - np.log(np.exp(s).sum(axis=-1, keepdims=True))",
    ),
    why="The tiny probability is never formed, so its logarithm cannot be lost.",
)


def _with_targets(rng: Rng, sizes: Sizes) -> Inputs:
    n, k = sizes.n, sizes.k
    targets = one_hot_rows(rng, n, k) if n == 7 else probability_rows(rng, n, k)
    return {"y_true": targets, "p": probability_rows(rng, n, k)}


def _whole_targets(rng: Rng, sizes: Sizes) -> Inputs:
    return {"y_true": one_hot_rows(rng, sizes.n, sizes.k).astype(int), "p": probability_rows(rng, sizes.n, sizes.k)}


def _confident(right: bool) -> Any:
    """Rows that are nearly sure of a class, the right one or a wrong one; labels, and one-hot targets for `cce`."""

    def draw(rng: Rng, sizes: Sizes) -> Inputs:
        n, k = sizes.n, sizes.k
        labels = class_numbers(rng, n, k)
        # An added epsilon of 1e-12 stays below the tolerance here, one of 1e-8 does not.
        rest = 10.0 ** rng.uniform(-4.6, -4.0, (n, k))
        sure = np.eye(k, dtype=bool)[labels if right else (labels + 1) % k]
        p = np.where(sure, 0.0, rest)
        return {"labels": labels, "p": np.where(sure, 1.0 - p.sum(axis=1, keepdims=True), p)}

    return draw


def _confident_targets(right: bool) -> Any:
    def draw(rng: Rng, sizes: Sizes) -> Inputs:
        inputs = _confident(right)(rng, sizes)
        return {"y_true": np.eye(sizes.k)[inputs["labels"]], "p": inputs["p"]}

    return draw


_SURE = {"confident right answers": _confident(True), "confident wrong answers": _confident(False)}
_SURE_TARGETS = {
    "confident right answers": _confident_targets(True),
    "confident wrong answers": _confident_targets(False),
}


def _nk(y: Any, *rest: Any) -> float:
    return float(np.size(y))


def _n(y: Any, *rest: Any) -> float:
    return float(len(y))


def _k(y: Any, p: Any) -> float:
    return float(np.shape(p)[1])


_SUMMED = ("the rows are summed, not averaged.", "Should the loss double when the same examples are shown twice?")
_ALL_ENTRIES = ("it is divided by rows times classes.", "The loss sums over the classes: over what is the mean taken?")
_NEGATIVE = ("the loss is negative.", "What is the sign of log p for p below 1?")

CCE = Exercise(
    reference=cce,
    lesson=LESSON,
    asks="Return one number: -Σ over classes of y log p, averaged over the rows.",
    returns="loss",
    draw=_with_targets,
    edges={"targets as whole numbers": _whole_targets, **_SURE_TARGETS},
    mistakes=(
        Mistake("sum-for-mean", lambda y, p: -np.sum(y * np.log(p)), *_SUMMED),
        Mistake("divided-by-all-entries", (lambda y, p: -np.mean(y * np.log(p)),), *_ALL_ENTRIES),
        Mistake("missing-minus", lambda y, p: np.sum(y * np.log(p)) / len(y), *_NEGATIVE),
        Mistake(
            "targets-and-predictions-swapped",
            (
                lambda y, p: -np.sum(p * np.log(y)) / len(y),
                lambda y, p: -np.sum(p * np.log(np.clip(y, 1e-12, 1))) / len(y),
            ),
            "the logarithm is taken of the targets.",
            "Which of the two can be exactly 0, and whose surprise is measured?",
        ),
        Mistake(
            "other-base",
            (lambda y, p: cce(y, p) / np.log(2), lambda y, p: cce(y, p) / np.log(10)),
            "the logarithm has another base.",
            "Which of np.log, np.log2 and np.log10 is the natural logarithm?",
        ),
        Mistake(
            "hard-targets",
            lambda y, p: -np.mean(np.log(p[np.arange(len(y)), np.argmax(y, axis=1)])),
            "only the likeliest class of each target row is used.",
            "What does a target of (0.6, 0.4) say about the second class?",
        ),
        Mistake(
            "binary-terms-added",
            lambda y, p: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(y),
            "the term (1 - y) log(1 - p) of the binary loss is added.",
            "With several classes, which probabilities enter the surprise?",
        ),
        Mistake(
            "log-left-out",
            lambda y, p: -np.sum(y * p) / len(y),
            "the logarithm is missing.",
            "What is the surprise at an event of probability p?",
        ),
        Mistake(
            "not-averaged",
            lambda y, p: -np.sum(y * np.log(p), axis=1),
            "one number for each row comes back.",
            "A loss is one number: how do the rows become one?",
        ),
        Mistake(
            "mean-squared",
            lambda y, p: np.mean((y - p) ** 2),
            "this is the mean squared error.",
            "Which loss asks for the logarithm of the probability of the truth?",
        ),
        Mistake(
            "eps-inside-the-log",
            tuple(
                lambda y, p, e=e: -np.sum(y * np.log(p + e)) / len(y)
                for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
            ),
            "an epsilon is added inside the logarithm, which shifts every answer.",
            "Is log(p + eps) still 0 at p = 1? Clip p instead.",
            slight=True,
        ),
        Mistake(
            "all-pairs",
            (
                lambda y, p: -np.sum(y.T @ np.log(p)) / len(y),
                lambda y, p: -np.mean(y.T @ np.log(p)),
                lambda y, p: -np.sum(y @ np.log(p).T) / len(y),
            ),
            "every target column meets every prediction column.",
            "A matrix product sums over more than you want: which product pairs entry with entry?",
        ),
    ),
    hints=(
        "Multiply entry by entry: y_true * np.log(p). Over what is it summed, and over what averaged?",
        "np.sum adds up the classes of all rows; divide by the number of rows, len(p), and put a minus in front.",
        "-np.sum(y_true * np.log(p)) / len(p)",
    ),
    why="For a one-hot row it is the surprise at the true class alone; log k for a blind guess among k classes.",
)

_DZ = (
    "p - y is the gradient at the scores, one step further back.",
    "The loss depends on log p: what is the slope of -y log p along p?",
)

CCE_BACKWARD = Exercise(
    reference=cce_backward,
    lesson=LESSON,
    asks="Return dp (n, k), the gradient of your cce for every probability.",
    returns="dp",
    draw=_with_targets,
    edges={"targets as whole numbers": _whole_targets, **_SURE_TARGETS},
    mistakes=(
        Mistake(
            "forgot-the-mean",
            scaled(cce_backward, _n),
            "the 1/n of the mean is missing.",
            "Your loss is a mean over the rows: where is it?",
        ),
        Mistake("divided-by-all-entries", scaled(cce_backward, lambda y, p: 1 / _k(y, p)), *_ALL_ENTRIES),
        Mistake(
            "mean-taken-twice",
            scaled(cce_backward, lambda y, p: 1 / len(y)),
            "it is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        sign_flipped(cce_backward),
        Mistake("dz-for-dp", (lambda y, p: (p - y) / len(y), lambda y, p: p - y), *_DZ),
        Mistake(
            "binary-terms-added",
            lambda y, p: (-y / p + (1 - y) / (1 - p)) / len(y),
            "the slope of the binary loss's second term is added.",
            "With several classes, which probabilities enter the loss?",
        ),
        Mistake(
            "multiplied-for-divided", lambda y, p: -y * p / len(y), "it multiplies by p.", "What is the slope of log p?"
        ),
        Mistake(
            "log-for-slope",
            lambda y, p: -y * np.log(p) / len(y),
            "these are the terms of the loss, not their slopes.",
            "What is the slope of log p?",
        ),
        Mistake(
            "targets-forgotten",
            lambda y, p: -1 / p / len(y),
            "the targets are not used.",
            "Which entries of p does the loss look at?",
        ),
        Mistake(
            "eps-in-the-denominator",
            tuple(lambda y, p, e=e: -y / (p + e) / len(y) for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)),
            "an epsilon in the denominator shifts every slope.",
            "What does 1/(p + eps) give at p = eps? Clip p instead.",
            slight=True,
        ),
    ),
    hints=(
        "One row gives -y / p. What does the mean over the rows do to each slope?",
        "Divide by the number of rows, len(p), and not by the number of entries.",
        "-y_true / p / len(p)",
    ),
    why="Only the true class is pushed, and the harder the less it was believed.",
)


def _back_through(rng: Rng, sizes: Sizes) -> Inputs:
    return {"dp": away(rng, sizes.n, sizes.k), "p": probability_rows(rng, sizes.n, sizes.k)}


SOFTMAX_BACKWARD = Exercise(
    reference=softmax_backward,
    lesson=LESSON,
    asks="Given dp (n, k) and the probabilities p, return dz (n, k), the gradient at the scores.",
    returns="dz",
    draw=_back_through,
    edges={"dp as whole numbers": with_inputs(_back_through, dp=whole_numbers)},
    mistakes=(
        Mistake(
            "diagonal-only",
            (lambda dp, p: dp * p * (1 - p),),
            "only the diagonal of the Jacobian is used: p(1 - p).",
            "Raise one score: do the other probabilities of the row stay as they are?",
        ),
        Mistake(
            "upstream-forgotten",
            (lambda dp, p: p * (1 - p),),
            "the incoming gradient dp is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake("sum-over-examples", lambda dp, p: p * (dp - (dp * p).sum(axis=0, keepdims=True)), *_WRONG_AXIS),
        Mistake(
            "sum-over-everything",
            lambda dp, p: p * (dp - np.sum(dp * p)),
            "one sum is taken over the whole table.",
            "Does one example's probability depend on another's scores?",
        ),
        Mistake(
            "keepdims-forgotten",
            (lambda dp, p: p * (dp - (dp * p).sum(axis=1)), lambda dp, p: p * (dp - np.sum(dp * p, axis=-1))),
            "the sum of each row has lost its axis, so it does not line up with the rows.",
            "What is the shape of (dp * p).sum(axis=1), and which shape would you need?",
        ),
        Mistake(
            "sum-left-out",
            lambda dp, p: dp * p,
            "the subtracted sum is missing.",
            "If all entries of dp are equal, can the scores change the loss at all?",
        ),
        Mistake(
            "plus-for-minus",
            lambda dp, p: p * (dp + (dp * p).sum(axis=-1, keepdims=True)),
            "the sum is added.",
            "If all entries of dp are equal, what should dz be?",
        ),
        Mistake(
            "unweighted-sum",
            (
                lambda dp, p: p * (dp - dp.sum(axis=-1, keepdims=True)),
                lambda dp, p: p * (dp - dp.mean(axis=-1, keepdims=True)),
            ),
            "the sum is not weighted with p.",
            "Each row of dz should add up to 0: does it?",
        ),
        Mistake(
            "outer-p-forgotten",
            lambda dp, p: dp - (dp * p).sum(axis=-1, keepdims=True),
            "the factor p in front is missing.",
            "How strongly can a class of probability nearly 0 react?",
        ),
        sign_flipped(softmax_backward),
        Mistake(
            "softmax-twice",
            (lambda dp, p: softmax_backward(dp, softmax(p)),),
            "softmax is applied to p once more.",
            "p went through softmax already: do you need it again?",
        ),
        Mistake(
            "slope-missing",
            lambda dp, p: dp + 0.0,
            "the gradient passes unchanged: softmax's own slope is missing.",
            "What lies between z and p?",
        ),
    ),
    hints=(
        "Take p_j out: dp_j - dp_j p_j - Σ dp_i p_i over i ≠ j is left. What do the last two terms make together?",
        "p_j (dp_j - S) with S = Σ dp_i p_i over the whole row: which axis does (dp * p).sum need, and keepdims?",
        "p * (dp - (dp * p).sum(axis=-1, keepdims=True))",
    ),
    why="Raising one score takes from all the others, so each row of dz sums to 0.",
)


def _targets_and_scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"y_true": _with_targets(rng, sizes)["y_true"], "z": normal(rng, sizes.n, sizes.k) * 1.5}


def _huge_scores(rng: Rng, sizes: Sizes) -> Inputs:
    z = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 0.0, 1000.0], [1000.0, 999.0, 0.0]])
    return {"y_true": np.eye(3)[[1, 1, 0]], "z": z}


def _sure_scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"y_true": np.eye(3)[[0, 1]], "z": np.array([[1000.0, 999.0, 998.0], [999.5, 1000.0, 999.0]])}


_BIG = {
    "scores of ±1000": _huge_scores,
    "scores near 1000": _sure_scores,
    "rows at very different levels": lambda rng, s: _LEVELS,
    "scores as whole numbers": lambda rng, s: with_inputs(_targets_and_scores, z=whole_numbers)(rng, s),
}
_WHOLE_T = {
    "targets as whole numbers": with_inputs(
        _targets_and_scores, y_true=lambda rng, y: np.eye(y.shape[1], dtype=int)[rng.integers(0, y.shape[1], len(y))]
    )
}
_LOST = (
    "at scores of ±1000 the probability rounds to 0 and its logarithm is lost.",
    "Can you get log p without forming p? You have written a function for that.",
)
_HIDDEN = (
    "at scores of ±1000 an epsilon or a clip hides the true loss.",
    "Can you get log p without forming p? You have written a function for that.",
)

CCE_WITH_LOGITS = Exercise(
    reference=cce_with_logits,
    lesson=LESSON,
    asks="Return the categorical cross-entropy computed from the scores z, right even at z = ±1000.",
    returns="loss",
    draw=_targets_and_scores,
    edges=_BIG | _WHOLE_T,
    mistakes=(
        Mistake("log-of-rounded-zero", (lambda y, z: -np.sum(y * np.log(softmax(z))) / len(y),), *_LOST),
        Mistake(
            "clipped-probabilities",
            (
                lambda y, z: cce(y, softmax(z)),
                *(
                    lambda y, z, e=e: -np.sum(y * np.log(np.clip(softmax(z), 10.0**-e, 1))) / len(y)
                    for e in (7, 8, 10, 12, 15)
                ),
                *(lambda y, z, e=e: -np.sum(y * np.log(softmax(z) + 10.0**-e)) / len(y) for e in (7, 8, 9, 10, 12, 15)),
            ),
            *_HIDDEN,
        ),
        Mistake("sum-for-mean", lambda y, z: cce_with_logits(y, z) * len(y), *_SUMMED),
        Mistake("divided-by-all-entries", lambda y, z: cce_with_logits(y, z) / np.shape(z)[1], *_ALL_ENTRIES),
        Mistake("missing-minus", lambda y, z: -cce_with_logits(y, z), *_NEGATIVE),
        Mistake(
            "softmax-forgotten",
            (lambda y, z: -np.sum(y * z) / len(y),),
            "the scores are taken for log-probabilities.",
            "What has to be subtracted from z so that exp of a row adds up to 1?",
        ),
        Mistake(
            "log-forgotten",
            lambda y, z: -np.sum(y * softmax(z)) / len(y),
            "the logarithm is missing.",
            "What is the surprise at an event of probability p?",
        ),
        Mistake(
            "sum-over-examples",
            (
                *_made_of("sum-over-examples", lambda p: lambda y, z: -np.sum(y * np.log(p(z))) / len(y)),
                lambda y, z: -np.sum(y * (z - z.max(axis=0) - np.log(np.exp(z - z.max(axis=0)).sum(axis=0)))) / len(y),
                lambda y, z: -np.sum(y * (z - np.log(np.exp(z).sum(axis=0)))) / len(y),
                lambda y, z: (
                    -np.sum(
                        y
                        * (
                            z
                            - z.max(axis=1, keepdims=True)
                            - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=0))
                        )
                    )
                    / len(y)
                ),
            ),
            *_WRONG_AXIS,
        ),
        Mistake(
            "hard-targets",
            lambda y, z: -np.mean(log_softmax(z)[np.arange(len(y)), np.argmax(y, axis=1)]),
            "only the likeliest class of each target row is used.",
            "What does a target of (0.6, 0.4) say about the second class?",
        ),
        Mistake(
            "sigmoid-for-softmax",
            lambda y, z: np.mean(np.sum(y * np.logaddexp(0, -z), axis=1)),
            "each score goes through a sigmoid by itself.",
            "Are the classes one choice among k?",
        ),
        Mistake(
            "one-max-for-all-rows",
            (
                lambda y, z: (
                    -np.sum(y * (z - np.max(z) - np.log(np.sum(np.exp(z - np.max(z)), axis=1, keepdims=True)))) / len(y)
                ),
                *_made_of("one-max-for-all-rows", lambda p: lambda y, z: -np.sum(y * np.log(p(z))) / len(y)),
            ),
            *_ONE_MAX,
        ),
        Mistake(
            "no-max-subtracted",
            (
                lambda y, z: -np.sum(y * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)))) / len(y),
                lambda y, z: -np.sum(y * np.log(_naive(z))) / len(y),
            ),
            *_OVERFLOW,
        ),
    ),
    hints=(
        "Where does cce use p? Only inside a logarithm: do you need p for that?",
        "log_softmax(z) gives log p directly, for any size of z.",
        "-np.sum(y_true * log_softmax(z)) / len(z)",
    ),
    why="Logarithm and softmax are done in one: nothing rounds to 0 in between, so a loss of 2000 is a loss of 2000.",
)

_SLOPE_AGAIN = ("p - y is multiplied by p(1 - p) once more.", "Did p - y already contain the slope of softmax?")
_SCORES_RAW = ("the scores are used without softmax.", "What turns z into probabilities?")

CCE_WITH_LOGITS_BACKWARD = Exercise(
    reference=cce_with_logits_backward,
    lesson=LESSON,
    asks="Return dz (n, k), the gradient of softmax and cross-entropy together.",
    returns="dz",
    draw=_targets_and_scores,
    edges=_BIG | _WHOLE_T,
    mistakes=(
        Mistake(
            "forgot-the-mean",
            lambda y, z: softmax(z) - y,
            "the 1/n of the mean is missing.",
            "Your loss is a mean over the rows: where is it?",
        ),
        Mistake("divided-by-all-entries", (lambda y, z: (softmax(z) - y) / np.size(z),), *_ALL_ENTRIES),
        Mistake(
            "mean-taken-twice",
            lambda y, z: (softmax(z) - y) / len(y) ** 2,
            "it is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        sign_flipped(cce_with_logits_backward),
        Mistake(
            "softmax-slope-again",
            (
                lambda y, z: (softmax(z) - y) * softmax(z) * (1 - softmax(z)) / len(y),
                lambda y, z: (softmax(z) - y) * softmax(z) * (1 - softmax(z)),
                lambda y, z: softmax_backward(softmax(z) - y, softmax(z)) / len(y),
            ),
            *_SLOPE_AGAIN,
        ),
        Mistake("softmax-forgotten", lambda y, z: (z - y) / len(y), *_SCORES_RAW),
        Mistake(
            "sigmoid-for-softmax",
            lambda y, z: (sigmoid(z) - y) / len(y),
            "each score goes through a sigmoid by itself.",
            "Are the classes one choice among k?",
        ),
        Mistake(
            "sum-over-examples", _made_of("sum-over-examples", lambda p: lambda y, z: (p(z) - y) / len(y)), *_WRONG_AXIS
        ),
        Mistake(
            "no-max-subtracted", _made_of("no-max-subtracted", lambda p: lambda y, z: (p(z) - y) / len(y)), *_OVERFLOW
        ),
        Mistake(
            "targets-forgotten",
            lambda y, z: softmax(z) / len(y),
            "the targets are not used.",
            "What should the gradient be when the prediction is perfect?",
        ),
        Mistake(
            "dp-for-dz",
            (lambda y, z: -y / softmax(z) / len(y),),
            "this is the gradient at the probabilities, before softmax's own slope.",
            "What lies between z and p?",
        ),
        Mistake("long-chain", lambda y, z: softmax_backward(cce_backward(y, softmax(z)), softmax(z)), *_LONG_CHAIN),
        Mistake(
            "one-max-for-all-rows",
            _made_of("one-max-for-all-rows", lambda p: lambda y, z: (p(z) - y) / len(y)),
            *_ONE_MAX,
        ),
        Mistake(
            "diagonal-only",
            (lambda y, z: -y * (1 - softmax(z)) / len(y), lambda y, z: -y * (1 - softmax(z))),
            "only the diagonal of softmax's Jacobian is used.",
            "Raise one score: do the other probabilities of the row stay as they are?",
        ),
    ),
    hints=(
        "p - y for every row: which of your functions makes p from z?",
        "The loss is a mean over the rows: by what is every slope divided?",
        "(softmax(z) - y_true) / len(z)",
    ),
    why="Probabilities minus targets: the error itself flows back, never shrunk by a flat softmax.",
)


def _labelled(rng: Rng, sizes: Sizes) -> Inputs:
    return {"labels": class_numbers(rng, sizes.n, sizes.k), "p": probability_rows(rng, sizes.n, sizes.k)}


def _sparse_all_pairs(reduce: Any) -> Any:
    return lambda labels, p: reduce(np.log(p[:, labels]))


SPARSE_CCE = Exercise(
    reference=sparse_cce,
    lesson=LESSON,
    asks="Return the cross-entropy for labels given as class numbers (n,): the mean of -log p at the true classes.",
    returns="loss",
    draw=_labelled,
    edges=_SURE,
    mistakes=(
        Mistake(
            "every-row-with-every-label",
            (
                lambda labels, p: -np.mean(np.log(p[:, labels])),
                lambda labels, p: -np.sum(np.log(p[:, labels])) / len(p),
            ),
            "p[:, labels] picks every label in every row.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "labels-as-rows",
            (lambda labels, p: -np.mean(np.log(p[labels])), lambda labels, p: -np.sum(np.log(p[labels])) / len(p)),
            "p[labels] picks rows, not classes.",
            "Which axis of p are the classes on?",
        ),
        Mistake(
            "indices-swapped",
            lambda labels, p: -np.mean(np.log(p[labels, np.arange(len(p))])),
            "rows and classes have changed places in the index.",
            "Which of the two index lists counts rows?",
        ),
        Mistake("sum-for-mean", lambda labels, p: sparse_cce(labels, p) * len(p), *_SUMMED),
        Mistake("divided-by-all-entries", lambda labels, p: sparse_cce(labels, p) / p.shape[1], *_ALL_ENTRIES),
        Mistake("missing-minus", lambda labels, p: -sparse_cce(labels, p), *_NEGATIVE),
        Mistake(
            "best-guess-for-truth",
            lambda labels, p: -np.mean(np.log(p.max(axis=1))),
            "the surprise is taken at the likeliest class, not at the true one.",
            "Does your loss change when the labels change?",
        ),
        Mistake(
            "log-forgotten",
            (
                lambda labels, p: -np.mean(p[np.arange(len(p)), labels]),
                lambda labels, p: np.mean(1 - p[np.arange(len(p)), labels]),
            ),
            "the logarithm is missing.",
            "What is the surprise at an event of probability p?",
        ),
        Mistake(
            "other-base",
            lambda labels, p: sparse_cce(labels, p) / np.log(2),
            "the logarithm has another base.",
            "Which of np.log and np.log2 is the natural logarithm?",
        ),
        Mistake(
            "one-class-off",
            (lambda labels, p: -np.mean(np.log(p[np.arange(len(p)), labels - 1])),),
            "the class before the true one is looked up.",
            "Is the first class number 0 or 1?",
        ),
        Mistake(
            "eps-inside-the-log",
            tuple(
                lambda labels, p, e=e: -np.mean(np.log(p[np.arange(len(p)), labels] + e))
                for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
            ),
            "an epsilon is added inside the logarithm, which shifts every answer.",
            "Is log(p + eps) still 0 at p = 1? Clip p instead.",
            slight=True,
        ),
    ),
    hints=(
        "For row i the loss is -log p[i, labels[i]]. How do you get all of these entries at once?",
        "Two index lists of length n: rows for the rows and labels for the columns. Then the mean surprise.",
        "-np.mean(np.log(p[rows, labels])), with rows = np.arange(len(p))",
    ),
    why="It is the one-hot loss without the zeros: n look-ups in place of n·k products.",
)


def _filled_zeros(labels: Any, p: Any, value: Any) -> Any:
    dp = np.zeros(np.shape(p))
    dp[np.arange(len(p)), labels] = value
    return dp


def _minus_one(index: Any) -> Any:
    """p with 1 subtracted at some index, by n."""

    def wrong(labels: Any, p: Any) -> Any:
        d = np.array(p)
        d[index(labels, p)] -= 1
        return d / len(p)

    return wrong


SPARSE_CCE_BACKWARD = Exercise(
    reference=sparse_cce_backward,
    lesson=LESSON,
    asks="Return dp (n, k): zero except at each row's true class.",
    returns="dp",
    draw=_labelled,
    edges=_SURE,
    mistakes=(
        Mistake(
            "forgot-the-mean",
            scaled(sparse_cce_backward, _n),
            "the 1/n of the mean is missing.",
            "Your loss is a mean over the rows: where is it?",
        ),
        Mistake("divided-by-all-entries", scaled(sparse_cce_backward, lambda labels, p: 1 / p.shape[1]), *_ALL_ENTRIES),
        Mistake(
            "mean-taken-twice",
            scaled(sparse_cce_backward, lambda labels, p: 1 / len(p)),
            "it is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        sign_flipped(sparse_cce_backward),
        Mistake(
            "everywhere",
            lambda labels, p: -1 / p / len(p),
            "every class gets a gradient, not only the true one.",
            "Which entries of p does the loss look at?",
        ),
        Mistake(
            "dz-for-dp",
            (
                _minus_one(lambda labels, p: (np.arange(len(p)), labels)),
                lambda labels, p: len(p) * _minus_one(lambda labels, p: (np.arange(len(p)), labels))(labels, p),
            ),
            *_DZ,
        ),
        Mistake(
            "every-row-with-every-label",
            (lambda labels, p: _columns(labels, p),),
            "every label's column is filled in every row.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "minus-one-only",
            lambda labels, p: _filled_zeros(labels, p, -1.0) / len(p),
            "the slope of the logarithm is missing.",
            "What is the slope of -log p at p = 0.1, and at p = 0.9?",
        ),
        Mistake(
            "multiplied-for-divided",
            lambda labels, p: _filled_zeros(labels, p, -p[np.arange(len(p)), labels] / len(p)),
            "it multiplies by p.",
            "What is the slope of log p?",
        ),
        Mistake(
            "eps-in-the-denominator",
            tuple(
                lambda labels, p, e=e: _filled_zeros(labels, p, -1 / (p[np.arange(len(p)), labels] + e) / len(p))
                for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
            ),
            "an epsilon in the denominator shifts every slope.",
            "What does 1/(p + eps) give at p = eps? Clip p instead.",
            slight=True,
        ),
    ),
    hints=(
        "At which one place of each row does the loss look, and what is its slope there?",
        "Everywhere else dp stays 0. At [rows, labels] put -1/p, divided by the number of rows.",
        "dp[rows, labels] = -1 / p[rows, labels] / len(p), then return dp",
    ),
    why="What the loss never looks at has gradient 0: only one entry of each row.",
)


def _columns(labels: Any, p: Any) -> Any:
    dp = np.zeros(np.shape(p))
    dp[:, labels] = -1 / p[:, labels] / len(p)
    return dp


def _labels_and_scores(rng: Rng, sizes: Sizes) -> Inputs:
    return {"labels": class_numbers(rng, sizes.n, sizes.k), "z": normal(rng, sizes.n, sizes.k) * 1.5}


def _huge_labelled(rng: Rng, sizes: Sizes) -> Inputs:
    return {"labels": np.array([1, 1, 0]), "z": _huge_scores(rng, sizes)["z"]}


def _sure_labelled(rng: Rng, sizes: Sizes) -> Inputs:
    return {"labels": np.array([0, 1]), "z": _sure_scores(rng, sizes)["z"]}


_BIG_LABELLED = {
    "scores of ±1000": _huge_labelled,
    "scores near 1000": _sure_labelled,
    "rows at very different levels": lambda rng, s: _LABELLED_LEVELS,
    "scores as whole numbers": with_inputs(_labels_and_scores, z=whole_numbers),
}

SPARSE_CCE_WITH_LOGITS = Exercise(
    reference=sparse_cce_with_logits,
    lesson=LESSON,
    asks="Return the sparse cross-entropy computed from the scores z, right even at z = ±1000.",
    returns="loss",
    draw=_labels_and_scores,
    edges=_BIG_LABELLED,
    mistakes=(
        Mistake(
            "log-of-rounded-zero",
            (lambda labels, z: -np.mean(np.log(softmax(z)[np.arange(len(z)), labels])),),
            *_LOST,
        ),
        Mistake(
            "clipped-probabilities",
            (
                lambda labels, z: sparse_cce(labels, softmax(z)),
                *(
                    lambda labels, z, e=e: -np.mean(np.log(np.clip(softmax(z)[np.arange(len(z)), labels], 10.0**-e, 1)))
                    for e in (7, 8, 10, 12, 15)
                ),
                *(
                    lambda labels, z, e=e: -np.mean(np.log(softmax(z)[np.arange(len(z)), labels] + 10.0**-e))
                    for e in (7, 8, 9, 10, 12, 15)
                ),
            ),
            *_HIDDEN,
        ),
        Mistake(
            "every-row-with-every-label",
            lambda labels, z: -np.mean(log_softmax(z)[:, labels]),
            "[:, labels] picks every label in every row.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "labels-as-rows",
            lambda labels, z: -np.mean(log_softmax(z)[labels]),
            "[labels] picks rows, not classes.",
            "Which axis are the classes on?",
        ),
        Mistake("sum-for-mean", lambda labels, z: sparse_cce_with_logits(labels, z) * len(z), *_SUMMED),
        Mistake(
            "divided-by-all-entries", lambda labels, z: sparse_cce_with_logits(labels, z) / z.shape[1], *_ALL_ENTRIES
        ),
        Mistake("missing-minus", lambda labels, z: -sparse_cce_with_logits(labels, z), *_NEGATIVE),
        Mistake(
            "softmax-forgotten",
            lambda labels, z: -np.mean(z[np.arange(len(z)), labels]),
            "the scores are taken for log-probabilities.",
            "What has to be subtracted from z so that exp of a row adds up to 1?",
        ),
        Mistake(
            "best-guess-for-truth",
            lambda labels, z: -np.mean(log_softmax(z).max(axis=1)),
            "the surprise is taken at the likeliest class, not at the true one.",
            "Does your loss change when the labels change?",
        ),
        Mistake(
            "no-max-subtracted",
            (
                lambda labels, z: np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]),
                lambda labels, z: -np.mean(np.log(_naive(z)[np.arange(len(z)), labels])),
            ),
            *_OVERFLOW,
        ),
        Mistake(
            "sum-over-examples",
            (
                *_made_of(
                    "sum-over-examples", lambda p: lambda labels, z: -np.mean(np.log(p(z)[np.arange(len(z)), labels]))
                ),
                lambda labels, z: -np.mean((z - np.log(np.exp(z).sum(axis=0)))[np.arange(len(z)), labels]),
                lambda labels, z: (
                    -np.mean(
                        (
                            z
                            - z.max(axis=1, keepdims=True)
                            - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=0))
                        )[np.arange(len(z)), labels]
                    )
                ),
            ),
            *_WRONG_AXIS,
        ),
        Mistake(
            "one-max-for-all-rows",
            (
                lambda labels, z: (
                    -np.mean(
                        (z - np.max(z) - np.log(np.sum(np.exp(z - np.max(z)), axis=1, keepdims=True)))[
                            np.arange(len(z)), labels
                        ]
                    )
                ),
                *_made_of(
                    "one-max-for-all-rows",
                    lambda p: lambda labels, z: -np.mean(np.log(p(z)[np.arange(len(z)), labels])),
                ),
            ),
            *_ONE_MAX,
        ),
    ),
    hints=(
        "You have log_softmax. Which entries of it does the loss need?",
        "Row i, column labels[i]: two index lists.",
        "-np.mean(log_softmax(z)[rows, labels]), with rows = np.arange(len(z))",
    ),
    why="Look-up and logarithm, without ever forming a probability: this is the form that libraries use.",
)


def _spoilt_rows(index: Any, by: Any = _n) -> Any:
    """Softmax with 1 subtracted at some index, divided by something."""

    def wrong(labels: Any, z: Any) -> Any:
        dz = softmax(z)
        dz[index(labels, z)] -= 1
        return dz / by(labels)

    return wrong


def _right_index(labels: Any, z: Any) -> Any:
    return np.arange(len(z)), labels


def _in_place_on_z(labels: Any, z: Any) -> Any:
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    z[np.arange(len(z)), labels] -= 1
    return z / len(z)


SPARSE_CCE_WITH_LOGITS_BACKWARD = Exercise(
    reference=sparse_cce_with_logits_backward,
    lesson=LESSON,
    asks="Return dz (n, k): probabilities, minus 1 at each row's true class, averaged over the rows.",
    returns="dz",
    draw=_labels_and_scores,
    edges=_BIG_LABELLED,
    mistakes=(
        Mistake(
            "every-row-with-every-label",
            (
                _spoilt_rows(lambda labels, z: (slice(None), labels)),
                _spoilt_rows(lambda labels, z: (slice(None), labels), by=lambda labels: 1.0),
            ),
            "p[:, labels] -= 1 subtracts in every row at every label.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "labels-as-rows",
            (_spoilt_rows(lambda labels, z: labels), _spoilt_rows(lambda labels, z: labels, by=lambda labels: 1.0)),
            "p[labels] -= 1 subtracts in whole rows.",
            "Which axis are the classes on?",
        ),
        Mistake(
            "forgot-the-mean",
            _spoilt_rows(_right_index, by=lambda labels: 1.0),
            "the 1/n of the mean is missing.",
            "Your loss is a mean over the rows: where is it?",
        ),
        Mistake(
            "divided-by-all-entries",
            lambda labels, z: _spoilt_rows(_right_index)(labels, z) / z.shape[1],
            *_ALL_ENTRIES,
        ),
        Mistake(
            "mean-taken-twice",
            _spoilt_rows(_right_index, by=lambda labels: len(labels) ** 2),
            "it is divided by n twice.",
            "Where did the 1/n already enter?",
        ),
        sign_flipped(sparse_cce_with_logits_backward),
        Mistake(
            "long-chain",
            lambda labels, z: softmax_backward(sparse_cce_backward(labels, softmax(z)), softmax(z)),
            *_LONG_CHAIN,
        ),
        Mistake(
            "softmax-slope-again",
            (lambda labels, z: _spoilt_rows(_right_index)(labels, z) * softmax(z) * (1 - softmax(z)),),
            *_SLOPE_AGAIN,
        ),
        Mistake("softmax-forgotten", lambda labels, z: (z - np.eye(z.shape[1])[labels]) / len(z), *_SCORES_RAW),
        Mistake(
            "changes-the-scores",
            (_in_place_on_z,),
            "the caller's scores were overwritten.",
            "Did you change what you were given? Somebody may still need z.",
        ),
        Mistake(
            "truth-not-subtracted",
            lambda labels, z: softmax(z) / len(z),
            "the 1 at the true class is not subtracted.",
            "What should the gradient be when the prediction is perfect?",
        ),
        Mistake(
            "no-max-subtracted",
            _made_of("no-max-subtracted", lambda p: lambda labels, z: (p(z) - np.eye(z.shape[1])[labels]) / len(z)),
            *_OVERFLOW,
        ),
        Mistake(
            "sum-over-examples",
            _made_of("sum-over-examples", lambda p: lambda labels, z: (p(z) - np.eye(z.shape[1])[labels]) / len(z)),
            *_WRONG_AXIS,
        ),
        Mistake(
            "one-max-for-all-rows",
            _made_of("one-max-for-all-rows", lambda p: lambda labels, z: (p(z) - np.eye(z.shape[1])[labels]) / len(z)),
            *_ONE_MAX,
        ),
        Mistake(
            "diagonal-only",
            (
                lambda labels, z: -np.eye(z.shape[1])[labels] * (1 - softmax(z)) / len(z),
                lambda labels, z: -np.eye(z.shape[1])[labels] * (1 - softmax(z)),
            ),
            "only the diagonal of softmax's Jacobian is used.",
            "Raise one score: do the other probabilities of the row stay as they are?",
        ),
        Mistake(
            "one-added",
            (lambda labels, z: (softmax(z) + np.eye(z.shape[1])[labels]) / len(z),),
            "1 is added at the true class.",
            "What should the gradient be when the prediction is perfect?",
        ),
        Mistake(
            "averaged-in-one-place",
            (
                lambda labels, z: softmax(z) - np.eye(z.shape[1])[labels] / len(z),
                lambda labels, z: softmax(z) / len(z) - np.eye(z.shape[1])[labels],
            ),
            "only one of the two terms is divided by n.",
            "What should each row of dz add up to?",
        ),
    ),
    hints=(
        "With one-hot targets it was (p - y) / n. Where is y not 0?",
        "Take softmax(z), subtract 1 at [rows, labels], divide by the number of rows.",
        "dz = softmax(z); dz[rows, labels] -= 1; return dz / len(z), with rows = np.arange(len(z))",
    ),
    why="Subtracting 1 at one place of each row is all that the labels do; every row sums to 0.",
)


def _logits(rng: Rng, sizes: Sizes) -> Inputs:
    shape = both_shapes(rng, sizes)
    return {"y_true": coins(rng, *shape), "z": away(rng, *shape, least=0.3, most=3.0)}


def _huge_logits(rng: Rng, sizes: Sizes) -> Inputs:
    return {
        "y_true": np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
        "z": np.array([1000.0, 1000.0, -1000.0, -1000.0, 40.0, 40.0]),
    }


_LOGIT_EDGES = {
    "logits as whole numbers": with_inputs(_logits, z=whole_numbers),
    "logits of ±1000": _huge_logits,
    "labels as whole numbers": with_inputs(_logits, y_true=lambda rng, y: y.astype(int)),
}
_BINARY_LOST = (
    "at logits of ±1000 the probability rounds to 0 or 1 and its logarithm is lost.",
    "log sigmoid(z) is -log(1 + exp(-z)): can you write the loss with z alone?",
)


def _all_pairs(y: Any, z: Any) -> Any:
    y, z = np.ravel(y)[:, None], np.ravel(z)[None, :]
    return np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


BCE_WITH_LOGITS = Exercise(
    reference=bce_with_logits,
    lesson=LESSON,
    asks="Return the binary cross-entropy computed from the logits z, right even at z = ±1000.",
    returns="loss",
    draw=_logits,
    edges=_LOGIT_EDGES,
    mistakes=(
        Mistake(
            "log-of-rounded-zero",
            (lambda y, z: -np.mean(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z))),),
            *_BINARY_LOST,
        ),
        Mistake(
            "clipped-probabilities",
            tuple(
                lambda y, z, e=e: (
                    -np.mean(
                        y * np.log(np.clip(sigmoid(z), e, 1 - e)) + (1 - y) * np.log(1 - np.clip(sigmoid(z), e, 1 - e))
                    )
                )
                for e in (1e-7, 1e-8, 1e-10, 1e-12, 1e-15, 2.0**-52)
            ),
            "at logits of ±1000 a clip hides the true loss.",
            "log sigmoid(z) is -log(1 + exp(-z)): can you write the loss with z alone?",
        ),
        Mistake(
            "overflow",
            (
                lambda y, z: np.mean(np.log(1 + np.exp(z)) - y * z),
                lambda y, z: np.mean(z - y * z + np.log(1 + np.exp(-z))),
                lambda y, z: np.mean(np.log(1 + np.exp(-z)) + (1 - y) * z),
            ),
            "exp overflows on one side, so the loss is infinite there.",
            "Which of exp(z) and exp(-z) stays small? What about exp(-|z|)?",
        ),
        Mistake("sum-for-mean", lambda y, z: bce_with_logits(y, z) * np.size(z), *_SUMMED),
        Mistake(
            "divided-by-rows-only",
            scaled(bce_with_logits, lambda y, z: np.size(z) / len(z)),
            "it is divided by the number of rows only.",
            "The loss is a mean over all entries: how many are there?",
        ),
        Mistake("missing-minus", lambda y, z: -bce_with_logits(y, z), *_NEGATIVE),
        Mistake(
            "labels-swapped",
            lambda y, z: bce_with_logits(1 - y, z),
            "the two labels have changed places.",
            "For y = 1, should a large z be cheap or expensive?",
        ),
        Mistake(
            "label-term-missing",
            lambda y, z: np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))),
            "the term with the label is missing.",
            "Does your loss change when y changes?",
        ),
        Mistake(
            "log-term-missing",
            lambda y, z: np.mean(np.maximum(z, 0) - z * y),
            "the term log(1 + exp(-|z|)) is missing.",
            "What should the loss be at z = 0?",
        ),
        Mistake(
            "abs-forgotten",
            (
                lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-z))),
                lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(z))),
            ),
            "the exponent should hold -|z|.",
            "The term log(1 + exp(…)) must be small on both sides: at z = 5 and at z = -5. Is it?",
        ),
        Mistake(
            "logits-taken-for-probabilities",
            (
                lambda y, z: (
                    -np.mean(
                        y * np.log(np.clip(z, 1e-12, 1 - 1e-12)) + (1 - y) * np.log(1 - np.clip(z, 1e-12, 1 - 1e-12))
                    )
                ),
            ),
            "z is treated as if it were a probability.",
            "What turns z into a probability?",
        ),
        Mistake(
            "minus-on-first-term-only",
            (
                lambda y, z: np.mean(-y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z))),
                lambda y, z: np.mean(y * np.logaddexp(0, -z) - (1 - y) * np.logaddexp(0, z)),
                lambda y, z: np.mean(
                    -y * np.log(np.clip(sigmoid(z), 1e-15, 1)) + (1 - y) * np.log(np.clip(1 - sigmoid(z), 1e-15, 1))
                ),
            ),
            "the minus reaches the first term only.",
            "Which terms does the bracket hold?",
        ),
        Mistake(
            "outer-product",
            (lambda y, z: _all_pairs(y, z) / np.size(z) ** 2, lambda y, z: _all_pairs(y, z) / np.size(z)),
            "every label meets every logit.",
            "Print the shape of the product: how many entries should it have?",
        ),
        Mistake(
            "mean-taken-twice",
            (scaled(bce_with_logits, lambda y, z: 1 / np.size(z)), scaled(bce_with_logits, lambda y, z: 1 / len(z))),
            "it is divided by the count twice.",
            "np.mean divides already: does anything divide again?",
        ),
    ),
    hints=(
        "1 - sigmoid(z) is 1 / (1 + exp(z)). What is -log of that, and which two numbers is it the log-sum-exp of?",
        "np.logaddexp(0, z) is log(1 + exp(z)) for any size of z. y_true says which of the two terms counts.",
        "np.mean(y_true * np.logaddexp(0, -z) + (1 - y_true) * np.logaddexp(0, z))",
    ),
    why="No probability is ever formed, so nothing overflows, and nothing rounds to 0 or 1 either.",
)

BCE_WITH_LOGITS_BACKWARD = Exercise(
    reference=bce_with_logits_backward,
    lesson=LESSON,
    asks="Return dz, the gradient of the binary cross-entropy for every logit.",
    returns="dz",
    draw=_logits,
    edges=_LOGIT_EDGES,
    mistakes=(
        Mistake(
            "forgot-the-mean",
            lambda y, z: sigmoid(z) - y,
            "the 1/size of the mean is missing.",
            "Your loss is a mean over all entries: where is it?",
        ),
        Mistake(
            "divided-by-rows-only",
            (scaled(bce_with_logits_backward, lambda y, z: np.size(z) / len(z)),),
            "it is divided by the number of rows only.",
            "The loss is a mean over all entries: how many are there?",
        ),
        sign_flipped(bce_with_logits_backward),
        Mistake(
            "sigmoid-slope-again",
            lambda y, z: (sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z)) / np.size(z),
            "a - y is multiplied by a(1 - a) once more.",
            "Is the sigmoid's slope still missing from a - y?",
        ),
        Mistake(
            "sigmoid-forgotten",
            lambda y, z: (z - y) / np.size(z),
            "the logits are used without the sigmoid.",
            "What turns z into a probability?",
        ),
        Mistake(
            "da-for-dz",
            (
                lambda y, z: (
                    (-y / np.clip(sigmoid(z), 1e-12, 1) + (1 - y) / np.clip(1 - sigmoid(z), 1e-12, 1)) / np.size(z)
                ),
                lambda y, z: (-y / sigmoid(z) + (1 - y) / (1 - sigmoid(z))) / np.size(z),
            ),
            "this is the gradient at the probability, before the sigmoid's own slope.",
            "What lies between z and a?",
        ),
        Mistake(
            "long-chain-breaks",
            (
                lambda y, z: _long(y, z, 1e-12),
                lambda y, z: _long(y, z, 2.0**-52),
                lambda y, z: _long(y, z, 0.0),
                lambda y, z: _long(y, z, 1e-15),
                lambda y, z: _long(y, z, 1e-7),
                lambda y, z: _long(y, z, 1e-8),
                lambda y, z: _long(y, z, 1e-10),
            ),
            "at large logits the long chain loses the gradient: a(1 - a) has rounded to 0.",
            "What is a - y for a confident wrong answer, without the detour?",
        ),
        Mistake(
            "labels-swapped",
            lambda y, z: bce_with_logits_backward(1 - y, z),
            "the two labels have changed places.",
            "For y = 1, should a larger z make the loss rise or fall?",
        ),
        Mistake(
            "tanh-for-sigmoid",
            lambda y, z: (np.tanh(z) - y) / np.size(z),
            "the squashing function is tanh.",
            "Which function turns z into a probability between 0 and 1?",
        ),
        Mistake(
            "overflow",
            (lambda y, z: (np.exp(z) / (1 + np.exp(z)) - y) / np.size(z),),
            "exp(z) / (1 + exp(z)) becomes inf / inf for a large z.",
            "Which of exp(z) and exp(-z) stays small when z is large?",
        ),
        Mistake(
            "sigmoid-twice",
            (lambda y, z: (sigmoid(sigmoid(z)) - y) / np.size(z),),
            "the sigmoid is applied twice.",
            "How often does z go through the sigmoid on its way to a?",
        ),
        Mistake(
            "mean-taken-twice",
            (
                scaled(bce_with_logits_backward, lambda y, z: 1 / np.size(z)),
                scaled(bce_with_logits_backward, lambda y, z: 1 / len(z)),
            ),
            "it is divided by the count twice.",
            "Where did the 1/size already enter?",
        ),
        Mistake(
            "second-term-sign",
            (
                lambda y, z: (
                    -(y / sigmoid(z) + (1 - y) / (1 - sigmoid(z))) * sigmoid(z) * (1 - sigmoid(z)) / np.size(z)
                ),
                lambda y, z: -(y * (1 - sigmoid(z)) + (1 - y) * sigmoid(z)) / np.size(z),
            ),
            "it is right where y = 1 and has the wrong sign where y = 0.",
            "What is the derivative of log(1 - a) with respect to a? Mind the inner derivative.",
        ),
    ),
    hints=(
        "a - y for every entry: which function makes a from z?",
        "The loss is a mean over all entries: how many are there?",
        "(sigmoid(z) - y_true) / z.size",
    ),
    why="It never divides, so a confident wrong logit still gets the full error of nearly 1.",
)


def _long(y: Any, z: Any, eps: float) -> Any:
    a = sigmoid(z)
    c = np.clip(a, eps, 1 - eps)
    return (-y / c + (1 - y) / (1 - c)) * a * (1 - a) / np.size(z)


EXERCISES = (
    SOFTMAX,
    CCE,
    CCE_BACKWARD,
    SOFTMAX_BACKWARD,
    CCE_WITH_LOGITS_BACKWARD,
    LOG_SOFTMAX,
    CCE_WITH_LOGITS,
    SPARSE_CCE,
    SPARSE_CCE_BACKWARD,
    SPARSE_CCE_WITH_LOGITS,
    SPARSE_CCE_WITH_LOGITS_BACKWARD,
    BCE_WITH_LOGITS,
    BCE_WITH_LOGITS_BACKWARD,
)
