"""What lesson 04 claims."""

from functools import cache

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

RNG = np.random.default_rng(4)
Z = 2 * RNG.standard_normal((5, 4))
LABELS = RNG.integers(0, 4, 5)
Y = RNG.dirichlet(np.ones(4), 5)  # soft rows
Q = RNG.uniform(0.2, 0.8, (5, 4))  # a logarithm's slope is measured well where p is not tiny
P, DP = bpkit.softmax(Z), RNG.standard_normal((5, 4))
COINS, LOGITS = RNG.integers(0, 2, 7).astype(float), 3 * RNG.standard_normal(7)
PHOTO = np.log([5.0, 4.0, 1.0])


def _softmax():
    for row in Z:
        p = [np.exp(row[i]) / sum(np.exp(z) for z in row) for i in range(4)]
        assert np.allclose(p, bpkit.softmax(row))


def _shifted():
    for row in Z:
        for c in (-3.0, row.max(), 5.0):
            one = np.exp(row - c) / np.sum(np.exp(row - c))
            two = np.exp(-c) * np.exp(row) / (np.exp(-c) * np.sum(np.exp(row)))
            assert np.allclose(one, bpkit.softmax(row))
            assert np.allclose(two, bpkit.softmax(row))


def _cce():
    n = len(P)
    assert np.isclose(-1 / n * sum(Y[i, j] * np.log(P[i, j]) for i in range(n) for j in range(4)), bpkit.cce(Y, P))


def _first_slope():
    slope = bpkit.central_difference(lambda x: bpkit.softmax(np.array([x, *Z[0, 1:]]))[0], Z[0, 0])
    p = bpkit.softmax(Z[0])[0]
    assert np.isclose(1 / p * slope, 1 - p)
    assert np.isclose(slope, p * (1 - p))


def _jacobian():
    p = bpkit.softmax(Z[0])
    for i in range(4):
        row = [p[i] * (1 - p[i]) if i == j else -p[i] * p[j] for j in range(4)]
        same_gradient(row, lambda z, i=i: bpkit.softmax(z)[i], Z[0])


def _all_routes():
    dz = [
        [dp[j] * p[j] * (1 - p[j]) - sum(dp[i] * p[i] * p[j] for i in range(4) if i != j) for j in range(4)]
        for dp, p in zip(DP, P, strict=True)
    ]
    assert np.allclose(dz, bpkit.softmax_backward(DP, P))


def _cancels():
    dp = -Y / P
    assert np.allclose((dp * P).sum(axis=1), -Y.sum(axis=1))
    assert np.allclose(-Y.sum(axis=1), -1)
    dz = P * (-Y / P + 1)
    assert np.allclose(dz, P - Y)
    same_gradient(dz / len(Z), lambda z: bpkit.cce_with_logits(Y, z), Z)


def _sparse():
    n = len(P)
    assert np.isclose(-1 / n * sum(np.log(P[i, LABELS[i]]) for i in range(n)), bpkit.sparse_cce(LABELS, P))


def _label_one():
    for z in LOGITS:
        three = -np.log(bpkit.sigmoid(z)), np.log(1 + np.exp(-z)), np.log(np.exp(0) + np.exp(-z))
        assert np.allclose(three, bpkit.bce_with_logits([1.0], [z]))


def _softmax_code():
    m = Z.max(axis=1, keepdims=True)
    assert np.allclose(np.exp(Z - m) / np.sum(np.exp(Z - m), axis=1, keepdims=True), bpkit.softmax(Z))


def _log_softmax_code():
    m = Z.max(axis=1, keepdims=True)
    assert np.allclose((Z - m) - np.log(np.sum(np.exp(Z - m), axis=1, keepdims=True)), bpkit.log_softmax(Z))


def _two_classes_code():
    loss = np.mean(COINS * np.logaddexp(0, -LOGITS) + (1 - COINS) * np.logaddexp(0, LOGITS))
    assert np.isclose(loss, bpkit.bce_with_logits(COINS, LOGITS))


def _through_softmax_code():
    dz = P * (DP - np.sum(DP * P, axis=1, keepdims=True))
    same_gradient(dz, lambda z: np.sum(DP * bpkit.softmax(z)), Z)


FORMULAS = {
    r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}": _softmax,
    r"\frac{e^{z_i - c}}{\sum_j e^{z_j - c}} = \frac{e^{-c}\, e^{z_i}}{e^{-c} \sum_j e^{z_j}} = p_i": _shifted,
    r"L = -\frac{1}{n} \sum_i \sum_j y_{ij} \log p_{ij}": _cce,
    r"\begin{aligned} \frac{1}{p_1} \cdot \frac{dp_1}{dz_1} &= 1 - p_1 \\ "
    r"\frac{dp_1}{dz_1} &= p_1\,(1 - p_1) \end{aligned}": _first_slope,
    r"\frac{dp_i}{dz_j} = \begin{cases} p_i\,(1 - p_i) & i = j \\ -\,p_i\, p_j & i \ne j \end{cases}": _jacobian,
    r"dz_j = dp_j\, p_j\,(1 - p_j) - \sum_{i \ne j} dp_i\, p_i\, p_j": _all_routes,
    r"\begin{aligned} \textstyle\sum_i dp_i\, p_i &= -\textstyle\sum_i y_i = -1 \\ "
    r"dz_j &= p_j \Bigl( -\frac{y_j}{p_j} + 1 \Bigr) \\ &= p_j - y_j \end{aligned}": _cancels,
    r"L = -\frac{1}{n} \sum_i \log p_{i,\,c_i}": _sparse,
    r"\begin{aligned} -\log \sigma(z) &= \log\bigl(1 + e^{-z}\bigr) \\ "
    r"&= \log\bigl(e^0 + e^{-z}\bigr) \end{aligned}": _label_one,
    "p = exp(z - m) / sum(exp(z - m))": _softmax_code,
    "log p = (z - m) - log(sum(exp(z - m)))": _log_softmax_code,
    "L = -sum(y * log p) / n": lambda: _close(-np.sum(Y * np.log(P)) / len(P), bpkit.cce(Y, P)),
    "L = -mean(log p[rows, labels])": lambda: _close(
        -np.mean(np.log(P)[np.arange(5), LABELS]), bpkit.sparse_cce(LABELS, P)
    ),
    "dp = -y / p / n": lambda: same_gradient(-Y / Q / len(Q), lambda p: -np.sum(Y * np.log(p)) / len(p), Q),
    "dz = p * (dp - sum(dp * p))": _through_softmax_code,
    "dz = (p - y) / n": lambda: same_gradient((P - Y) / len(P), lambda z: bpkit.cce_with_logits(Y, z), Z),
    "L = mean(y * logaddexp(0, -z) + (1 - y) * logaddexp(0, z))": _two_classes_code,
    "dz = (sigmoid(z) - y) / size": lambda: same_gradient(
        (bpkit.sigmoid(LOGITS) - COINS) / LOGITS.size, lambda z: bpkit.bce_with_logits(COINS, z), LOGITS
    ),
}


def _close(one, other):
    assert np.isclose(one, other)


def _train(X, targets, gradient, lr, steps, W=0.0, b=0.0):
    W, b = W + np.zeros((X.shape[1], targets.shape[1])), b + np.zeros(targets.shape[1])
    for _ in range(steps):
        dz = gradient(targets, X @ W + b)
        W, b = W - lr * X.T @ dz, b - lr * dz.sum(axis=0)
    return W, b


def _squared_error(targets, z):
    p = bpkit.softmax(z)
    return bpkit.softmax_backward(2 * (p - targets) / len(z), p)


def _long_chain(targets, z, eps=1e-12):
    p = bpkit.softmax(z)
    return bpkit.softmax_backward(-targets / np.maximum(p, eps) / len(z), p)


@cache
def _ceiling_of_the_squared_error():
    """After a wrong start: no rate from 2 to 15 comes above 85 % within 150 steps, on any of five splits."""
    data, best = datasets.digits(), 0.0
    for seed in range(5):
        parts = datasets.split(data.X, data.y, seed=seed)
        right, wrong = np.eye(10)[parts.y_train], np.eye(10)[(parts.y_train + 1) % 10]
        start = _train(parts.X_train, wrong, bpkit.cce_with_logits_backward, 2.0, 150)
        for lr in (2.0, 3.0, 5.0, 7.0, 10.0, 15.0):
            W, b = _train(parts.X_train, right, _squared_error, lr, 150, *start)
            best = max(best, np.mean((parts.X_test @ W + b).argmax(axis=1) == parts.y_test))
    assert 0.5 < best < 0.85
    return 85


@cache
def _iris(gradient, sure, steps):
    flowers = datasets.iris()
    parts = datasets.split(flowers.X, flowers.y)
    X, X_test = datasets.standardise(parts.X_train, parts.X_test)
    right, wrong = np.eye(3)[parts.y_train], np.eye(3)[(parts.y_train + 1) % 3]
    W, b = _train(X, wrong, bpkit.cce_with_logits_backward, 0.5, 200)
    W, b = _train(X, right, gradient, 0.5, steps, sure * W, sure * b)
    return 100 * np.mean((X_test @ W + b).argmax(axis=1) == parts.y_test)


def _without_the_clip():
    """A clip at 1e-300: the long chain does as well as the short form, for each value of the knob."""
    for sure in (1, 3, 10, 30, 100):
        tiny = _iris(lambda y, z: _long_chain(y, z, 1e-300), sure, 500)
        assert tiny == _iris(bpkit.cce_with_logits_backward, sure, 500)
    return -np.log(1e-300)


def _still_lost():
    assert round(_iris(_long_chain, 100, 2000)) == 3
    return _iris(bpkit.cce_with_logits_backward, 100, 2000)


def _twice():
    sure = 1000 * np.eye(10)[[3]]
    return bpkit.cce_with_logits(np.eye(10)[[3]], bpkit.softmax(sure))


def _first_gap_where(broken):
    return next(gap for gap in range(700, 760) if broken(np.exp(-float(gap))))


def _one_over_p_overflows():
    with np.errstate(over="ignore"):
        return _first_gap_where(lambda p: np.isinf(1 / p))


NUMBERS = {
    "55": "minutes",
    "2017": "year of the report",
    "98": "per cent, as the report has it",
    "2018": "year of the pull request",
    "43": "number of the pull request",
    "71": "number of the issue",
    "2019": "year of the issue",
    "0.916": lambda: bpkit.cce([[0.0, 1.0, 0.0]], bpkit.softmax(PHOTO)[None]),
    "2.303": lambda: np.log(10),
    "0.693": lambda: bpkit.cce([[0.5, 0.5, 0.0]], [[0.5, 0.5, 0.0]]),
    "2.5": lambda: -bpkit.cce_backward([[0.0, 1.0, 0.0]], bpkit.softmax(PHOTO)[None])[0, 1],
    "1.25": lambda: -bpkit.cce_backward([[0.5, 0.5, 0.0]], bpkit.softmax(PHOTO)[None])[0, 1],
    "710": _one_over_p_overflows,
    "746": lambda: _first_gap_where(lambda p: p == 0),
    "250": lambda: round(0.999 / -bpkit.softmax_backward([[1.996, -1.998, 0.002]], [[0.998, 0.001, 0.001]])[0, 1], -1),
    "85": _ceiling_of_the_squared_error,
    "38": lambda: len(datasets.split(*datasets.iris()[:2]).X_test),
    "1,500": lambda: 2000 - 500,
    "76": _still_lost,
    "80": lambda: 10_000 * 1_000 * 8 / 1e6,
    "999": lambda: 1000 - 1,
    "1.461": _twice,
    "1.46": _twice,
    "0.90": lambda: bpkit.softmax(PHOTO / 0.1)[0],
    "0.35": lambda: max(bpkit.softmax(PHOTO / 10)[:2], key=lambda p: abs(p - 0.35)),
    "0.30": lambda: bpkit.softmax(PHOTO / 10)[2],
    "691": _without_the_clip,
    "0.74": lambda: np.log(1 + 3 / np.e),
    "2021": "year of the issue",
}
TRANSCRIPTIONS = ("softmax", "cce", "cce_with_logits_backward", "sparse_cce")
MAXIMS = (
    "Multiply along a route, add over the routes.",
    "Cross-entropy is steep exactly where softmax is flat.",
)
