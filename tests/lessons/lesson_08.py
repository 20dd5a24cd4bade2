"""What lesson 08 claims."""

import math
from functools import cache
from itertools import pairwise

import numpy as np

import bpkit
from bpkit import datasets
from tests.lessons.slopes import same_gradient

STARTS = ((("sigmoid", 128**-0.5)), ("relu", 0.01), ("relu", 128**-0.5), ("relu", 0.125), ("relu", 1.0))


def _normals(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def _near(one, other, share):
    assert abs(one / other - 1) < share, (one, other)


@cache
def _left(activation, std, width=128, rows=128, seeds=5):
    """What is left of a gradient behind 40 layers, from each seed."""
    ends = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X, dA = rng.standard_normal((2, rows, width))
        weights = [std * rng.standard_normal((width, width)) for _ in range(40)]
        norms = bpkit.gradient_norms(dA, bpkit.deep_forward(X, weights, activation), weights, activation)
        ends.append(norms[0] / norms[-1])
    return ends


def _one_step_back():
    """dz = da * f', da = dz W^T, against measured slopes of the whole layer."""
    A, W, dA = _normals(3, 4), _normals(4, 5, seed=1), _normals(3, 5, seed=2)
    dZ = bpkit.tanh_backward(dA, np.tanh(A @ W))
    same_gradient(dZ @ W.T, lambda a: float(np.sum(dA * np.tanh(a @ W))), A)


def _variance_of_a_sum():
    a, W = _normals(1000, 128), 0.1 * _normals(128, 2000, seed=1)
    _near(np.mean((a @ W) ** 2), 128 * 0.1**2 * np.mean(a**2), 0.02)


def _variance_on_the_way_back():
    dz, W = _normals(1000, 300), 0.1 * _normals(128, 300, seed=1)
    _near(np.mean((dz @ W.T) ** 2), 300 * 0.1**2 * np.mean(dz**2), 0.03)


def _factor():
    for std in (0.01, 128**-0.5, 0.125, 1.0):
        found = float(np.median(_left("relu", std)))
        assert 0.5 < found / (std * math.sqrt(128 / 2)) ** 40 < 2


def _starts_keep_the_size():
    assert math.isclose(bpkit.he_std(50) * math.sqrt(50 / 2), 1)
    for n_in, n_out in ((6, 2), (30, 70)):
        std = math.sqrt(2 / (n_in + n_out))
        assert math.isclose(std, bpkit.xavier_std(n_in, n_out))
        assert math.isclose((n_in * std**2 + n_out * std**2) / 2, 1)


def _clipping():
    grads = {"w": _normals(4, 5), "b": _normals(5, seed=1)}
    for max_norm in (1.0, 100.0):
        clipped, norm = bpkit.clip_by_global_norm(grads, max_norm)
        for key, g in grads.items():
            np.testing.assert_allclose(g * min(1, max_norm / norm), clipped[key])


def _bytes():
    rows, width, layers = 32, 128, 40
    kept = bpkit.deep_forward(_normals(rows, width), [np.eye(width)] * layers, "relu")
    assert 8 * rows * width * (layers + 1) == sum(a.nbytes for a in kept) == 1_343_488


FORMULAS = {
    r"\begin{aligned} dz_l &= da_l \cdot f'(z_l) \\ da_{l-1} &= dz_l \, W_l^{\top} \end{aligned}": _one_step_back,
    r"\overline{z^2} = n_{\text{in}} \, s^2 \, \overline{a^2}": _variance_of_a_sum,
    r"\overline{da^2} = n_{\text{out}} \, s^2 \, \overline{dz^2}": _variance_on_the_way_back,
    r"\text{factor} = s \sqrt{n / 2}": _factor,
    "mean(z**2) = fan_in * std**2 * mean(a**2)": _variance_of_a_sum,
    "factor = std * sqrt(width / 2)": _factor,
    "std = sqrt(2 / (fan_in + fan_out))": _starts_keep_the_size,
    "std = sqrt(2 / fan_in)": lambda: np.testing.assert_allclose(math.sqrt(2 / 50), bpkit.he_std(50)),
    "g = g * min(1, max_norm / norm)": _clipping,
    "bytes = 8 * rows * width * (layers + 1)": _bytes,
}


def test_the_verdict():
    low, high = zip(*((min(_left(*start)), max(_left(*start))) for start in STARTS), strict=True)
    assert 3e-26 < low[0] < high[0] < 2e-25
    assert 5e-45 < low[1] < high[1] < 5e-44
    assert 3e-7 < low[2] < high[2] < 5e-6
    assert 0.3 < low[3] < high[3] < 3
    assert 5e35 < low[4] < high[4] < 5e36


@cache
def _digits(scale, clipped=False):
    """Shares of unseen digits read right by ten hidden ReLU layers, from five starts, as in the lesson."""
    data = datasets.digits()
    parts = datasets.split(data.X, data.y)
    return [_one_run(parts, scale, seed, clipped) for seed in range(5)]


def _one_run(parts, scale, seed, clipped):
    rng, sizes, p = np.random.default_rng(seed), (64,) * 11 + (10,), {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        p[f"W{i}"] = (scale * bpkit.he_std(fan_in) if scale else 0.01) * rng.standard_normal((fan_in, fan_out))
        p[f"b{i}"] = np.zeros(fan_out)
    with np.errstate(all="ignore"):
        for epoch in range(10):
            for X, labels in bpkit.minibatches(parts.X_train, parts.y_train, 32, rng):
                g = _gradients(p, X, labels)
                g = bpkit.clip_by_global_norm(g, 1.0)[0] if clipped else g
                p = {key: p[key] - 0.05 * 0.8**epoch * g[key] for key in p}
            if not np.isfinite(p["W11"]).all():
                assert epoch == 0, "the text says: before the first epoch ends"
                return math.nan
    return np.mean(_layers(p, parts.X_test)[-1].argmax(axis=1) == parts.y_test)


def _layers(p, X):
    kept = [X]
    for i in range(1, 11):
        kept.append(np.maximum(kept[-1] @ p[f"W{i}"] + p[f"b{i}"], 0))
    return [*kept, kept[-1] @ p["W11"] + p["b11"]]


def _gradients(p, X, labels):
    *kept, z = _layers(p, X)
    d, g = bpkit.sparse_cce_with_logits_backward(labels, z), {}
    for i in range(11, 0, -1):
        g[f"W{i}"], g[f"b{i}"] = kept[i - 1].T @ d, d.sum(axis=0)
        d = (d @ p[f"W{i}"].T) * (kept[i - 1] > 0)
    return g


def test_he_reads_digits_and_the_other_starts_do_not():
    assert min(_digits(1.0)) > 0.8
    assert max(_digits(0)) < 0.15
    assert np.isnan(_digits(1.5)).all()


def test_clipping_rescues_but_does_not_replace_the_start():
    rescued = _digits(1.5, clipped=True)
    assert 0.5 < min(rescued) < max(rescued) < min(_digits(1.0))


def test_what_the_variations_are_said_to_show():
    assert 3e11 < np.median(_left("relu", 0.125, width=512, rows=16, seeds=2)) < 3e12
    assert 0.5 < np.median(_left("relu", bpkit.he_std(512), width=512, rows=16, seeds=2)) < 2
    assert 1e-16 < min(_left("relu", 384**-0.5)) < max(_left("relu", 384**-0.5)) < 1e-15
    assert 0.1 < min(_left("tanh", 128**-0.5)) < max(_left("tanh", 128**-0.5)) < 0.15


def test_ten_times_xavier_keeps_the_gradient_of_sigmoid_layers():
    """The text says "about ten times" and that most units are saturated then: below 0.05 or above 0.95."""
    assert max(_left("sigmoid", 128**-0.5)) < 1e-24
    kept = _left("sigmoid", 0.9)
    assert 0.3 < min(kept) < max(kept) < 2
    rng = np.random.default_rng(0)
    a = rng.standard_normal((128, 128))
    for _ in range(40):
        a = bpkit.sigmoid(a @ (0.9 * rng.standard_normal((128, 128))))
    assert 0.55 < np.mean((a < 0.05) | (a > 0.95)) < 0.75


NUMBERS = {
    "60": "minutes",
    "26": "exponent, held by test_the_verdict",
    "36": "exponent, held by test_the_verdict",
    "44": "exponent, held by test_the_verdict",
    "2010": "a year",
    "2015": "a year",
    "63286": "number of the thread",
    "40217": "number of the question",
    "450": lambda: len(datasets.split(*datasets.digits()[:2]).X_test),
    "1,347": lambda: len(datasets.split(*datasets.digits()[:2]).X_train),
    "80": "a bound that test_he_reads_digits_and_the_other_starts_do_not holds, and powers of ten",
    "3.4e38": lambda: float(np.finfo(np.float32).max),
    "0.0625": lambda: bpkit.he_std(512),
    "1.1e12": lambda: 2.0**40,
    "0.057": lambda: 0.01 * math.sqrt(64 / 2),
    "3.4e-13": lambda: (0.01 * math.sqrt(64 / 2)) ** 10,
    "0.41": lambda: math.sqrt(1 / 6),
    "2.7e-16": lambda: (1 / 6) ** 20,
}
TRANSCRIPTIONS = ()
MAXIMS = ("It is a brake, and vanishing gradients need an engine.",)
