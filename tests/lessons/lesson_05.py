"""What lesson 05 claims."""

from functools import cache

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(5)
Y, S = np.where(RNG.random(11) < 0.5, -1.0, 1.0), 2 * RNG.standard_normal(11)
A, P, N = RNG.standard_normal((3, 7, 3))


def _hinge_of_a_margin():
    for m in (-2.0, 0.5, 1.5):
        assert max(0, 1 - m) == bpkit.hinge([1.0], [m])


def _hinge():
    assert np.isclose(sum(max(0, 1 - y * s) for y, s in zip(Y, S, strict=True)) / len(Y), bpkit.hinge(Y, S))


def _triplet():
    gaps = [((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 1.0 for a, p, n in zip(A, P, N, strict=True)]
    assert np.isclose(sum(max(0, gap) for gap in gaps) / len(gaps), bpkit.triplet(A, P, N))


def _hinge_code():
    assert np.isclose(np.mean(np.maximum(0, 1 - Y * S)), bpkit.hinge(Y, S))


def _hinge_slope_code():
    same_gradient(-Y * (Y * S < 1) / S.size, lambda s: bpkit.hinge(Y, s), S)


def _near_and_far():
    return ((A - P) ** 2).sum(axis=1), ((A - N) ** 2).sum(axis=1)


def _triplet_code():
    near, far = _near_and_far()
    assert np.isclose(np.mean(np.maximum(0, near - far + 1.0)), bpkit.triplet(A, P, N))


def _springs():
    near, far = _near_and_far()
    pulls = (near - far + 1.0 > 0)[:, None]
    dp, dn = pulls * 2 * (P - A) / len(A), pulls * 2 * (A - N) / len(A)
    return -dp - dn, dp, dn


FORMULAS = {
    r"\ell(m) = \max(0,\; 1 - m)": _hinge_of_a_margin,
    r"L = \frac{1}{n} \sum_i \max(0,\; 1 - y_i s_i)": _hinge,
    r"\begin{aligned} \text{near}_i &= \lVert a_i - p_i \rVert^2 \\ \text{far}_i &= \lVert a_i - n_i \rVert^2 \\ "
    r"L &= \frac{1}{N} \sum_i \max(0,\; \text{near}_i - \text{far}_i + \text{margin}) \end{aligned}": _triplet,
    "L = mean(max(0, 1 - y*s))": _hinge_code,
    "ds = -y * (y*s < 1) / size": _hinge_slope_code,
    "L = mean(max(0, near - far + margin))": _triplet_code,
    "dp = 2 * (p - a) / n": lambda: same_gradient(_springs()[1], lambda p: bpkit.triplet(A, p, N), P),
    "dn = 2 * (a - n) / n": lambda: same_gradient(_springs()[2], lambda n: bpkit.triplet(A, P, n), N),
    "da = -dp - dn": lambda: same_gradient(_springs()[0], lambda a: bpkit.triplet(a, P, N), A),
}


@cache
def _tumours():
    data = datasets.breast_cancer()
    return datasets.split(data.X, data.y)


def _four_measurements(seed):
    """The loss of the hardest triplets with all four measurements of the iris."""
    flowers, rng = datasets.iris(), np.random.default_rng(seed)
    X, _ = datasets.standardise(flowers.X, flowers.X)
    same, W = flowers.y[:, None] == flowers.y[None, :], 0.3 * rng.standard_normal((4, 2))
    for _ in range(250):
        E = X @ W
        apart = np.sum((E[:, None] - E[None, :]) ** 2, axis=2)
        p, n = np.where(same, apart, -1).argmax(axis=1), np.where(same, np.inf, apart).argmin(axis=1)
        loss = bpkit.triplet(E, E[p], E[n])
        da, dp, dn = bpkit.triplet_backward(E, E[p], E[n])
        W = W - 0.02 * (X.T @ da + X[p].T @ dp + X[n].T @ dn)
    return loss


NUMBERS = {
    "55": "minutes",
    "4608": "number of the question on Cross Validation",
    "2010": "the year of that question",
    "0.049": lambda: np.log1p(np.exp(-3.0)),
    "2.1": lambda: 0.1 * 21,
    "1.1": lambda: 0.1 * 21 - 1,
    "37": lambda: 100 * np.mean(_tumours().y_train == 0),
    "0.09": lambda: 24 / (12 + np.sum(_tumours().y_train == 1)),
    "96": lambda: 100 * (1 - 12 / (12 + np.sum(_tumours().y_train == 1))),
    "24": lambda: 12 * bpkit.hinge([-1.0], [1.0]),
    "267": lambda: np.sum(_tumours().y_train == 1),
    "279": lambda: 12 + np.sum(_tumours().y_train == 1),
    "0.086": lambda: 24 / (12 + np.sum(_tumours().y_train == 1)),
    "2015": "year of the paper",
    "150": lambda: len(datasets.iris().X),
    "0.82": lambda: max((_four_measurements(seed) for seed in range(5)), key=lambda loss: abs(loss - 0.82)),
    "100": "a share of everything, in per cent",
}
TRANSCRIPTIONS = ("hinge", "triplet")
MAXIMS = (
    "Easy examples pay for hard ones.",
    "The number tells you without a picture.",
)
