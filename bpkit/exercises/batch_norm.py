"""Lesson 09: batch normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import Rng, altered_tuple, away, normal, whole_numbers, with_inputs
from bpkit.layers import batch_norm_backward, batch_norm_forward, batch_norm_inference, batch_norm_stages

LESSON = "09_batch_norm"


def _batch(rng: Rng, sizes: Sizes) -> Inputs:
    X = normal(rng, sizes.n, sizes.d) * rng.uniform(0.5, 2.0, sizes.d) + away(rng, sizes.d, least=0.5)
    # A large eps, so that where it stands shows in the numbers.
    return {"X": X, "gamma": away(rng, sizes.d, least=0.5), "beta": away(rng, sizes.d), "eps": 0.1}


def _normed(*, mean: Any = None, var: Any = None, inv: Any = None, out: Any = None, kept: Any = None) -> Any:
    """The forward pass with one formula changed."""

    def wrong(X: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
        m = mean(X) if mean else X.mean(axis=0)
        s = var(X) if var else X.var(axis=0)
        inv_std = inv(s, eps) if inv else 1 / np.sqrt(s + eps)
        x_hat = (X - m) * inv_std
        y = out(x_hat, gamma, beta) if out else gamma * x_hat + beta
        cache = {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}
        return y, cache | (kept(X, x_hat, inv_std, y) if kept else {})

    return wrong


def _std_ddof(X: Any) -> Any:
    return X.var(axis=0, ddof=1) if len(X) > 1 else X.var(axis=0)


BATCH_NORM_FORWARD = Exercise(
    reference=batch_norm_forward,
    lesson=LESSON,
    asks="Return (out, cache): each column with mean 0 and variance 1 over the batch, then times gamma plus beta.",
    returns=("out", "cache"),
    draw=_batch,
    edges={
        "the default eps": lambda rng, s: {k: v for k, v in _batch(rng, s).items() if k != "eps"},
        "whole numbers": with_inputs(_batch, X=whole_numbers),
    },
    mistakes=(
        Mistake(
            "unbiased-variance",
            (_normed(var=_std_ddof),),
            "the variance is divided by n - 1.",
            "Biased or unbiased: by what does the formula divide?",
        ),
        Mistake(
            "eps-outside-the-root",
            _normed(inv=lambda s, e: 1 / (np.sqrt(s) + e)),
            "eps is added to the standard deviation.",
            "Is it sqrt(var + eps) or sqrt(var) + eps?",
        ),
        Mistake(
            "eps-forgotten",
            _normed(inv=lambda s, e: 1 / np.sqrt(s)),
            "eps is missing.",
            "What happens to a column that is constant?",
        ),
        Mistake(
            "root-forgotten",
            _normed(inv=lambda s, e: 1 / (s + e)),
            "it divides by the variance, not by its root.",
            "Which unit has the variance, and which has X?",
        ),
        Mistake(
            "over-features",
            (_normed(mean=lambda X: X.mean(axis=1, keepdims=True), var=lambda X: X.var(axis=1, keepdims=True)),),
            "each row is normalised, not each column: that is layer normalisation.",
            "Over what does batch normalisation take its mean: over the examples or over the features?",
        ),
        Mistake(
            "over-everything",
            _normed(mean=lambda X: X.mean(), var=lambda X: X.var() + np.zeros(X.shape[1])),
            "one mean is taken over the whole table.",
            "Does each column get its own mean?",
        ),
        Mistake(
            "mean-not-subtracted",
            _normed(mean=lambda X: 0.0),
            "the mean is not subtracted.",
            "What should the mean of each column be afterwards?",
        ),
        Mistake(
            "not-scaled-and-shifted",
            _normed(out=lambda x, g, b: x),
            "gamma and beta are not used.",
            "How can the layer undo the normalisation if that is better?",
        ),
        Mistake(
            "shift-forgotten",
            _normed(out=lambda x, g, b: g * x),
            "beta is missing.",
            "Which of the two, gamma and beta, have you used?",
        ),
        Mistake(
            "scale-forgotten",
            _normed(out=lambda x, g, b: x + b),
            "gamma is missing.",
            "Which of the two, gamma and beta, have you used?",
        ),
        Mistake(
            "scale-and-shift-swapped",
            _normed(out=lambda x, g, b: b * x + g),
            "gamma and beta have changed places.",
            "Which of the two multiplies?",
        ),
        Mistake(
            "std-in-cache",
            (_normed(kept=lambda X, x, i, y: {"inv_std": 1 / i}),),
            "the cache holds the standard deviation, not 1 over it.",
            "What does inv_std stand for?",
        ),
        Mistake(
            "raw-in-cache",
            (_normed(kept=lambda X, x, i, y: {"x_hat": X}), _normed(kept=lambda X, x, i, y: {"x_hat": y})),
            "x_hat in the cache is not the normalised X.",
            "Which array has mean 0 and variance 1?",
        ),
        Mistake(
            "cache-missing",
            lambda X, gamma, beta, eps=1e-5: batch_norm_forward(X, gamma, beta, eps)[0],
            "the cache is not returned.",
            "What will the backward pass need to remember?",
        ),
    ),
    hints=(
        "For each column: its mean and its variance over the examples. Which axis is that?",
        "x_hat = (X - mean) * inv_std with inv_std = 1 / sqrt(var + eps); then gamma and beta.",
        "out = gamma * x_hat + beta; cache = {'x_hat': x_hat, 'inv_std': inv_std, 'gamma': gamma}",
    ),
    why="Each unit's scores keep a fixed mean and spread, whatever the layers before are doing; gamma and beta give back the freedom.",
)


def _batch_back(rng: Rng, sizes: Sizes) -> Inputs:
    _, cache = batch_norm_forward(**_batch(rng, sizes))
    return {"dout": away(rng, sizes.n, sizes.d), "cache": cache}


def _stages(part: int, formula: Any) -> Any:
    """The reference with one of its results computed by another formula."""
    return altered_tuple(
        batch_norm_stages, **{f"_{part}": lambda d, c: formula(d, d * c["gamma"], c["x_hat"], c["inv_std"])}
    )


def _both_stages(mean: Any, var: Any) -> Any:
    def wrong(dout: Any, cache: Any) -> Any:
        dx_hat = dout * cache["gamma"]
        args = dx_hat, cache["x_hat"], cache["inv_std"]
        return dx_hat, mean(*args), var(*args)

    return wrong


BATCH_NORM_STAGES = Exercise(
    reference=batch_norm_stages,
    lesson=LESSON,
    asks="Return (dx_hat, dmean, dvar): what arrives at x_hat, at the mean and at the variance.",
    returns=("dx_hat", "dmean", "dvar"),
    draw=_batch_back,
    mistakes=(
        Mistake(
            "gamma-forgotten",
            (
                lambda dout, cache: batch_norm_stages(dout, {**cache, "gamma": np.ones_like(cache["gamma"])}),
                _stages(0, lambda d, h, x, i: d),
            ),
            "gamma is missing from dx_hat.",
            "out = gamma · x_hat + beta: what is its slope along x_hat?",
        ),
        Mistake(
            "dout-in-the-sums",
            (
                lambda dout, cache: (
                    dout * cache["gamma"],
                    *batch_norm_stages(dout, {**cache, "gamma": np.ones_like(cache["gamma"])})[1:],
                ),
                _stages(1, lambda d, h, x, i: -i * d.sum(axis=0)),
                _stages(2, lambda d, h, x, i: -0.5 * i**2 * (d * x).sum(axis=0)),
            ),
            "a sum is taken over dout, where dx_hat arrives.",
            "Mean and variance stand in x_hat: which gradient has come as far as that?",
        ),
        Mistake(
            "not-summed",
            (
                _both_stages(lambda h, x, i: -i * h, lambda h, x, i: -0.5 * i**2 * h * x),
                _stages(1, lambda d, h, x, i: -i * h),
                _stages(2, lambda d, h, x, i: -0.5 * i**2 * h * x),
            ),
            "the contributions of the examples are not summed.",
            "Every example used the same mean and the same variance: what happens to their contributions?",
        ),
        Mistake(
            "averaged",
            (
                _both_stages(lambda h, x, i: -i * h.mean(axis=0), lambda h, x, i: -0.5 * i**2 * (h * x).mean(axis=0)),
                _stages(1, lambda d, h, x, i: -i * h.mean(axis=0)),
                _stages(2, lambda d, h, x, i: -0.5 * i**2 * (h * x).mean(axis=0)),
            ),
            "it is a mean over the examples where it should be a sum.",
            "The mean stands in all n results: are their contributions added or averaged?",
        ),
        Mistake(
            "over-features",
            (
                _both_stages(lambda h, x, i: -(i * h).sum(axis=1), lambda h, x, i: -0.5 * (i**2 * h * x).sum(axis=1)),
                _stages(1, lambda d, h, x, i: -(i * h).sum(axis=1)),
                _stages(2, lambda d, h, x, i: -0.5 * (i**2 * h * x).sum(axis=1)),
            ),
            "the sums run over the features.",
            "One mean and one variance for each column: over which axis does the sum run?",
        ),
        Mistake(
            "sign-of-the-mean",
            _stages(1, lambda d, h, x, i: i * h.sum(axis=0)),
            "the sign of dmean is turned.",
            "If the mean rises, do the numbers minus the mean rise or fall?",
        ),
        Mistake(
            "sign-of-the-variance",
            _stages(2, lambda d, h, x, i: 0.5 * i**2 * (h * x).sum(axis=0)),
            "the sign of dvar is turned.",
            "If the variance grows, does a positive x_hat grow or shrink?",
        ),
        Mistake(
            "half-forgotten",
            _stages(2, lambda d, h, x, i: -(i**2) * (h * x).sum(axis=0)),
            "dvar lacks the ½ of the root.",
            "What is the slope of v^(-1/2) along v?",
        ),
        Mistake(
            "spread-forgotten-in-dmean",
            _stages(1, lambda d, h, x, i: -h.sum(axis=0)),
            "dmean lacks inv_std.",
            "x_hat = (X - mean) · inv_std: what is its slope along the mean?",
        ),
        Mistake(
            "mean-divided-by-inv-std",
            _stages(1, lambda d, h, x, i: -h.sum(axis=0) / i),
            "dmean is divided by inv_std.",
            "x_hat = (X - mean) · inv_std: what is its slope along the mean?",
        ),
        Mistake(
            "power-of-the-spread",
            (
                _stages(2, lambda d, h, x, i: -0.5 * i**3 * (h * x).sum(axis=0)),
                _stages(2, lambda d, h, x, i: -0.5 * i * (h * x).sum(axis=0)),
                _stages(2, lambda d, h, x, i: -0.5 * (h * x).sum(axis=0)),
            ),
            "dvar has a wrong power of inv_std.",
            "The slope holds the deviation times inv_std to the third: how much of that is already in x_hat?",
        ),
        Mistake(
            "x-hat-forgotten",
            _stages(2, lambda d, h, x, i: -0.5 * i**2 * h.sum(axis=0)),
            "dvar lacks x_hat.",
            "A larger variance moves an x_hat of 2 more than one of 1: where is that in the sum?",
        ),
    ),
    hints=(
        "dx_hat is one multiplication. The other two are sums over the examples, one number for each column.",
        "The slope of x_hat along the mean is -inv_std; along the variance it is -0.5 * x_hat * inv_std ** 2.",
        "dmean = -inv_std * np.sum(dx_hat, axis=0); dvar = -0.5 * inv_std**2 * np.sum(dx_hat * x_hat, axis=0)",
    ),
    why="A route that forks is handled where it meets: every example's share arrives at one mean and one variance.",
)


def _dX(formula: Any) -> Any:
    return altered_tuple(
        batch_norm_backward, _0=lambda dout, c: formula(dout, c["x_hat"], c["inv_std"], c["gamma"], len(dout))
    )


BATCH_NORM_BACKWARD = Exercise(
    reference=batch_norm_backward,
    lesson=LESSON,
    asks="Return (dX, dgamma, dbeta), with the mean and the variance differentiated too.",
    returns=("dX", "dgamma", "dbeta"),
    draw=_batch_back,
    mistakes=(
        Mistake(
            "statistics-held-constant",
            _dX(lambda d, x, i, g, n: g * i * d),
            "mean and variance are treated as constants.",
            "Move one x: who else moves?",
        ),
        Mistake(
            "variance-path-dropped",
            _dX(lambda d, x, i, g, n: g * i * (d - d.mean(axis=0))),
            "the path through the variance is missing.",
            "Move one x far out: what happens to the spread of its column?",
        ),
        Mistake(
            "mean-path-dropped",
            _dX(lambda d, x, i, g, n: g * i * (d - x * (d * x).mean(axis=0))),
            "the path through the mean is missing.",
            "Add 1 to a whole column: should anything change? What does each column of dX add up to?",
        ),
        Mistake(
            "unbiased-in-backward",
            _dX(lambda d, x, i, g, n: g * i * (d - d.mean(axis=0) - x * (d * x).sum(axis=0) / max(n - 1, 1))),
            "the variance path divides by n - 1.",
            "By what did the forward pass divide?",
        ),
        Mistake(
            "gamma-forgotten",
            (_dX(lambda d, x, i, g, n: i * (d - d.mean(axis=0) - x * (d * x).mean(axis=0))),),
            "gamma is missing from dX.",
            "x_hat was multiplied by gamma: what happens to its gradient?",
        ),
        Mistake(
            "spread-forgotten",
            _dX(lambda d, x, i, g, n: g * (d - d.mean(axis=0) - x * (d * x).mean(axis=0))),
            "inv_std is missing from dX.",
            "X was multiplied by inv_std: what happens to its gradient?",
        ),
        Mistake(
            "spread-divided",
            _dX(lambda d, x, i, g, n: g / i * (d - d.mean(axis=0) - x * (d * x).mean(axis=0))),
            "it is divided by inv_std.",
            "X was multiplied by inv_std on the way there: and on the way back?",
        ),
        Mistake(
            "times-n",
            (_dX(lambda d, x, i, g, n: g * i * (n * d - d.sum(axis=0) - x * (d * x).sum(axis=0))),),
            "dX is n times too large.",
            "The published formula has a 1/n in front: where is it?",
        ),
        Mistake(
            "dgamma-without-x",
            (altered_tuple(batch_norm_backward, _1=lambda d, c: d.sum(axis=0)),),
            "dgamma is the sum of dout alone.",
            "out = gamma · x_hat + beta: what is its slope along gamma?",
        ),
        Mistake(
            "dgamma-averaged",
            altered_tuple(batch_norm_backward, _1=lambda d, c: (d * c["x_hat"]).mean(axis=0)),
            "dgamma is a mean over the examples.",
            "The 1/n of the loss is already in dout: sum or mean?",
        ),
        Mistake(
            "dbeta-averaged",
            (
                altered_tuple(batch_norm_backward, _2=lambda d, c: d.mean(axis=0)),
                altered_tuple(
                    batch_norm_backward, _1=lambda d, c: (d * c["x_hat"]).mean(axis=0), _2=lambda d, c: d.mean(axis=0)
                ),
            ),
            "dbeta is a mean over the examples.",
            "The 1/n of the loss is already in dout: sum or mean?",
        ),
        Mistake(
            "dbeta-not-summed",
            (
                altered_tuple(batch_norm_backward, _2=lambda d, c: d),
                altered_tuple(batch_norm_backward, _1=lambda d, c: d * c["x_hat"], _2=lambda d, c: d),
            ),
            "dbeta has one row for each example.",
            "Every example used the same beta: what happens to their contributions?",
        ),
        Mistake(
            "dgamma-not-summed",
            altered_tuple(batch_norm_backward, _1=lambda d, c: d * c["x_hat"]),
            "dgamma has one row for each example.",
            "Every example used the same gamma: what happens to their contributions?",
        ),
        Mistake(
            "over-features",
            (
                altered_tuple(
                    batch_norm_backward, _1=lambda d, c: (d * c["x_hat"]).sum(axis=1), _2=lambda d, c: d.sum(axis=1)
                ),
                altered_tuple(batch_norm_backward, _2=lambda d, c: d.sum(axis=1)),
                altered_tuple(batch_norm_backward, _1=lambda d, c: (d * c["x_hat"]).sum(axis=1)),
            ),
            "the sums run over the features.",
            "One gamma and one beta for each column: over which axis does the sum run?",
        ),
        Mistake(
            "signs-of-corrections",
            (
                _dX(lambda d, x, i, g, n: g * i * (d + d.mean(axis=0) + x * (d * x).mean(axis=0))),
                _dX(lambda d, x, i, g, n: g * i * (d - d.mean(axis=0) + x * (d * x).mean(axis=0))),
                _dX(lambda d, x, i, g, n: g * i * (d + d.mean(axis=0) - x * (d * x).mean(axis=0))),
            ),
            "a correction for mean or variance is added where it should be subtracted.",
            "What should each column of dX add up to, and each column of dX · x_hat?",
        ),
        Mistake(
            "sums-for-means",
            _dX(lambda d, x, i, g, n: g * i * (d - d.sum(axis=0) - x * (d * x).sum(axis=0))),
            "the corrections are sums, where they should be means.",
            "What should each column of dX add up to?",
        ),
    ),
    hints=(
        "dbeta and dgamma first: out = gamma · x_hat + beta.",
        "An x acts in three ways: directly, through the mean, and through the variance. Subtract from dout its mean, and x_hat times the mean of dout · x_hat.",
        "dX = gamma * inv_std * (dout - dbeta / n - x_hat * dgamma / n)",
    ),
    why="Every example moves the mean and the spread of its column, so each column of dX sums to 0 and has no part along x_hat.",
)


def _single(rng: Rng, sizes: Sizes) -> Inputs:
    return _batch(rng, sizes) | {"mean": away(rng, sizes.d), "var": rng.uniform(0.4, 2.5, sizes.d)}


def _in_use(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = _single(rng, sizes)
    return {key: inputs[key] for key in ("X", "gamma", "beta", "mean", "var", "eps")}


def _used(formula: Any) -> Any:
    return lambda X, gamma, beta, mean, var, eps=1e-5: formula(X, gamma, beta, mean, var, eps)


BATCH_NORM_INFERENCE = Exercise(
    reference=batch_norm_inference,
    lesson=LESSON,
    asks="Return out (n, d): normalised with the stored mean and variance, so that each row stands alone.",
    returns="out",
    draw=_in_use,
    edges={
        "the default eps": lambda rng, s: {k: v for k, v in _in_use(rng, s).items() if k != "eps"},
        "whole numbers in X": with_inputs(_in_use, X=whole_numbers),
    },
    mistakes=(
        Mistake(
            "batch-statistics",
            _used(lambda X, g, b, m, v, e: g * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + e) + b),
            "the statistics of this batch are used, not the stored ones.",
            "May the answer for one patient depend on who else is in the batch?",
        ),
        Mistake(
            "batch-mean",
            _used(lambda X, g, b, m, v, e: g * (X - X.mean(axis=0)) / np.sqrt(v + e) + b),
            "the mean of this batch is used, not the stored one.",
            "May the answer for one patient depend on who else is in the batch?",
        ),
        Mistake(
            "root-forgotten",
            _used(lambda X, g, b, m, v, e: g * (X - m) / (v + e) + b),
            "it divides by the variance, not by its root.",
            "Which unit has the variance, and which has X?",
        ),
        Mistake(
            "eps-outside-the-root",
            _used(lambda X, g, b, m, v, e: g * (X - m) / (np.sqrt(v) + e) + b),
            "eps is added to the standard deviation.",
            "Is it sqrt(var + eps) or sqrt(var) + eps?",
        ),
        Mistake(
            "eps-forgotten",
            _used(lambda X, g, b, m, v, e: g * (X - m) / np.sqrt(v) + b),
            "eps is missing.",
            "Training divided by sqrt(var + eps): should use differ?",
        ),
        Mistake(
            "shift-forgotten",
            _used(lambda X, g, b, m, v, e: g * (X - m) / np.sqrt(v + e)),
            "beta is missing.",
            "Which of the two, gamma and beta, have you used?",
        ),
        Mistake(
            "scale-forgotten",
            _used(lambda X, g, b, m, v, e: (X - m) / np.sqrt(v + e) + b),
            "gamma is missing.",
            "Which of the two, gamma and beta, have you used?",
        ),
        Mistake(
            "mean-added",
            _used(lambda X, g, b, m, v, e: g * (X + m) / np.sqrt(v + e) + b),
            "the mean is added.",
            "What should a row equal to the mean become before gamma and beta?",
        ),
        Mistake(
            "not-normalised",
            _used(lambda X, g, b, m, v, e: g * X + b),
            "mean and variance are not used.",
            "The network was trained on normalised columns: what does it receive now?",
        ),
        Mistake(
            "scaled-before-centring",
            _used(lambda X, g, b, m, v, e: (g * X - m) / np.sqrt(v + e) + b),
            "gamma multiplies before the mean is subtracted.",
            "In which order did training do it?",
        ),
        Mistake(
            "multiplied-by-spread",
            _used(lambda X, g, b, m, v, e: g * (X - m) * np.sqrt(v + e) + b),
            "it multiplies by the spread.",
            "A wide column should become narrower or wider?",
        ),
        Mistake(
            "unbiased-variance",
            (_used(lambda X, g, b, m, v, e: g * (X - m) / np.sqrt(v * len(X) / max(len(X) - 1, 1) + e) + b),),
            "the stored variance is multiplied by n / (n - 1).",
            "Does the answer for one row depend on how many rows come with it?",
        ),
    ),
    hints=(
        "It is the forward pass with a mean and a variance that are given.",
        "(X - mean) / sqrt(var + eps), then gamma and beta.",
        "gamma * (X - mean) / np.sqrt(var + eps) + beta",
    ),
    why="In use an example comes alone, and its answer must not depend on its neighbours: that is why statistics are stored.",
)

EXERCISES = (BATCH_NORM_FORWARD, BATCH_NORM_STAGES, BATCH_NORM_BACKWARD, BATCH_NORM_INFERENCE)
