"""The catalogue of mistakes that real students make, row by row: what was written, and what the check calls it.

Each wrong function is written out anew, as a student would write it, so that the check is not asked for a name
it gave itself.
"""

import numpy as np
import pytest

from bpkit.exercises import every
from tests.checking.rounds import Round

ROWS = range(1, 67)
WRONG: list[tuple[int, str, str, object]] = []
NOT_APPLICABLE = {
    42: "the checker's own fault: no draw comes near the kink of the hinge",
    43: "the course has no multi-class hinge",
    54: "a wrong name for a right formula; giving the other formula is row 53",
}


def wrong(row, name, mistake):
    """Register a wrong function under its row of the catalogue and the id it should be called by."""

    def register(fn):
        WRONG.append((row, name, mistake, fn))
        return fn

    return register


def sigma(z):
    return 1 / (1 + np.exp(-z))


@wrong(1, "central_difference", "uneven-steps")
def f01(f, x, h=1e-5):
    return (f(x + h) - f(x - 2 * h)) / (2 * h)


@wrong(2, "central_difference", "one-sided")
def f02(f, x, h=1e-5):
    return (f(x + h) - f(x)) / h


@wrong(3, "numerical_gradient", "integer-array")
def f03(f, x, h=1e-5):
    grad = np.zeros_like(x)
    x = x.copy()
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        grad[i] = (up - f(x)) / (2 * h)
        x[i] = old
    return grad


@wrong(4, "numerical_gradient", "not-restored")
def f04(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        grad[i] = (up - f(x)) / (2 * h)
    return grad


@wrong(5, "central_difference", "step-too-small")
def f05(f, x, h=1e-5):
    return (f(x + 1e-12) - f(x - 1e-12)) / 2e-12


@wrong(6, "bce", "missing-minus")
def f06(y, a):
    return np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


@wrong(7, "bce", "minus-on-first-term-only")
def f07(y, a):
    return np.mean(-y * np.log(a) + (1 - y) * np.log(1 - a))


@wrong(8, "bce", "outer-product")
def f08(y, a):
    y, a = y.reshape(1, -1), a.reshape(1, -1)
    return -np.sum(np.dot(y.T, np.log(a)) + np.dot((1 - y).T, np.log(1 - a))) / y.size


@wrong(9, "bce", "log-of-zero")
def f09(y, a):
    cost = -(y * np.log(a) + (1 - y) * np.log(1 - a))
    return cost.sum() / cost.size


@wrong(10, "bce", "eps-inside-the-log")
def f10(y, a):
    eps = 1e-5
    return -(y * np.log(a + eps) + (1 - y) * np.log(1 - a + eps)).mean()


@wrong(11, "bce_backward", "second-term-sign")
def f11(y, a):
    return -(y / a + (1 - y) / (1 - a)) / y.size


@wrong(12, "sigmoid_backward", "z-for-a")
def f12(da, a):
    z = np.log(a / (1 - a))
    return da * z * (1 - z)


@wrong(13, "sigmoid_backward", "sigmoid-twice")
def f13(da, a):
    s = sigma(a)
    return da * s * (1 - s)


@wrong(14, "sigmoid_backward", "plus-for-minus")
def f14(da, a):
    return da * (a * (1 + a))


@wrong(14, "sigmoid_backward", "difference-for-product")
def f14b(da, a):
    return (a - (1 - a)) * da


@wrong(15, "two_layer_backward", "W2-updated-too-early")
def f15(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dW2, db2 = cache["a1"].T @ dz2, dz2.sum(axis=0)
    W2 = params["W2"] - 0.1 * dW2
    dz1 = (dz2 @ W2.T) * (cache["z1"] > 0)
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": dW2, "b2": db2}


@wrong(16, "two_layer_backward", "weights-not-transposed")
def f16(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    da1 = dz2 @ params["W2"]
    dz1 = da1 * (cache["z1"] > 0)
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(17, "two_layer_backward", "product-of-shapes-that-do-not-fit")
def f17(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dz1 = np.dot(np.dot(dz2, params["W2"].T), cache["z1"] > 0)
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(18, "gradient_norms", "tanh-slope-of-z")
def f18(dA, activations, weights, activation):
    norms = [np.linalg.norm(dA)]
    for l in range(len(weights) - 1, -1, -1):
        a, z = activations[l + 1], activations[l] @ weights[l]
        slope = {"sigmoid": a * (1 - a), "tanh": 1 - np.power(z, 2), "relu": (z > 0) * 1.0}[activation]
        dA = (dA * slope) @ weights[l].T
        norms.insert(0, np.linalg.norm(dA))
    return norms


@wrong(19, "two_layer_backward", "relu-slope-missing")
def f19(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dz1 = dz2 @ params["W2"].T
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(20, "relu_backward", "changes-the-input")
def f20(da, z):
    z[z > 0] = 1
    z[z <= 0] = 0
    return da * z


@wrong(21, "relu_backward", "cast-for-question")
def f21(da, z):
    return np.multiply(da, np.int64(z))


@wrong(22, "relu_backward", "gradient-clipped")
def f22(da, z):
    return np.maximum(0, da)


@wrong(23, "relu", "max-for-maximum")
def f23(z):
    return np.max(0, z)


@wrong(24, "tanh_backward", "tanh-twice")
def f24(da, a):
    return da * (1 - np.tanh(a) ** 2)


@wrong(24, "tanh_backward", "not-squared")
def f24b(da, a):
    return da * (1 - a)


@wrong(25, "two_layer_backward", "wrong-input-to-dW1")
def f25(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dz1 = (dz2 @ params["W2"].T) * (cache["z1"] > 0)
    return {"W1": cache["a1"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(26, "mse_backward", "forgot-the-mean")
def f26(y, a):
    return 2 * (a - y)


@wrong(27, "mse_backward", "halved")
def f27(y, a):
    return (a - y) / y.size


@wrong(28, "mse_backward", "divided-by-rows-only")
def f28(y, a):
    return 2 * (a - y) / y.shape[0]


@wrong(29, "mse_backward", "sign-flipped")
def f29(y, a):
    return 2 * (y - a) / a.size


@wrong(30, "mse", "broadcast-to-square")
def f30(y, a):
    return np.mean((a.reshape(-1, 1) - y.ravel()) ** 2)


@wrong(31, "huber_backward", "sign-without-delta")
def f31(y, p, delta=1.0):
    r = p - y
    return np.where(abs(r) <= delta, r, np.sign(r)) / r.size


@wrong(31, "huber_backward", "delta-without-sign")
def f31b(y, p, delta=1.0):
    r = p - y
    return np.where(abs(r) <= delta, r, delta) / r.size


@wrong(31, "huber_backward", "border-without-abs")
def f31c(y, p, delta=1.0):
    r = p - y
    return np.where(r <= delta, r, delta * np.sign(r)) / r.size


@wrong(31, "huber_backward", "doubled-inside")
def f31d(y, p, delta=1.0):
    r = p - y
    return np.where(abs(r) <= delta, 2 * r, delta * np.sign(r)) / r.size


@wrong(31, "huber", "delta-fixed-at-1")
def f31e(y, p, delta=1.0):
    r = np.abs(p - y)
    return np.mean(np.where(r <= 1, r**2 / 2, r - 0.5))


@wrong(31, "huber", "line-without-offset")
def f31f(y, p, delta=1.0):
    r = np.abs(p - y)
    return np.mean(np.where(r <= delta, r**2 / 2, delta * r))


@wrong(32, "softmax", "no-max-subtracted")
def f32(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


@wrong(33, "softmax", "one-max-for-all-rows")
def f33(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=-1, keepdims=True)


@wrong(34, "softmax", "sum-over-examples")
def f34(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=0)


@wrong(34, "softmax", "keepdims-forgotten")
def f34b(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


@wrong(35, "softmax", "integer-result")
def f35(z):
    p = np.zeros_like(z)
    for i in np.ndindex(z.shape[:-1]):
        e = np.exp(z[i] - z[i].max())
        p[i] = e / e.sum()
    return p


@wrong(36, "softmax_backward", "diagonal-only")
def f36(dp, p):
    return dp * p * (1 - p)


@wrong(37, "cce_with_logits_backward", "softmax-slope-again")
def f37(y, z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (p - y) * p * (1 - p) / len(y)


@wrong(38, "cce_with_logits_backward", "forgot-the-mean")
def f38(y, z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - y


@wrong(38, "cce", "divided-by-all-entries")
def f38b(y, p):
    return -np.mean(y * np.log(p))


@wrong(38, "cce_backward", "mean-taken-twice")
def f38c(y, p):
    return -y / p / len(y) / len(y)


@wrong(39, "sparse_cce_with_logits_backward", "every-row-with-every-label")
def f39(labels, z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[:, labels] -= 1
    return p / len(z)


@wrong(40, "hinge", "labels-0-and-1")
def f40(y, s):
    y = (y + 1) / 2
    return np.mean(np.maximum(0, 1 - y * s))


@wrong(41, "hinge_backward", "margin-missing")
def f41(y, s):
    return np.where(y * s < 0, -y, 0) / y.size


@wrong(44, "triplet", "summed-before-max")
def f44(a, p, n, margin=1.0):
    return max(np.sum((a - p) ** 2) - np.sum((a - n) ** 2) + margin, 0.0)


def springs(a, p, n, margin):
    active = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + margin > 0
    return active[:, None] * 2 / len(a)


@wrong(45, "triplet_backward", "not-masked")
def f45(a, p, n, margin=1.0):
    return 2 * (n - p) / len(a), 2 * (p - a) / len(a), 2 * (a - n) / len(a)


@wrong(45, "triplet_backward", "negative-left-out-of-anchor")
def f45b(a, p, n, margin=1.0):
    w = springs(a, p, n, margin)
    return w * (a - p), w * (p - a), w * (a - n)


@wrong(45, "triplet_backward", "sign-of-negative")
def f45c(a, p, n, margin=1.0):
    w = springs(a, p, n, margin)
    return w * (n - p), w * (p - a), w * (n - a)


@wrong(45, "triplet_backward", "halved")
def f45d(a, p, n, margin=1.0):
    w = springs(a, p, n, margin) / 2
    return w * (n - p), w * (p - a), w * (a - n)


@wrong(46, "gradient_step", "uphill")
def f46(params, grads, lr):
    return {key: value + lr * grads[key] for key, value in params.items()}


@wrong(47, "gradient_step", "nothing-returned")
def f47(params, grads, lr):
    for key in params:
        W = params[key]
        W = W - lr * grads[key]


@wrong(47, "gradient_step", "unchanged")
def f47b(params, grads, lr):
    for key in params:
        W = params[key]
        W = W - lr * grads[key]
    return params


@wrong(48, "gradient_step", "biases-frozen")
def f48(params, grads, lr):
    new = dict(params)
    new["W"] = params["W"] - lr * grads["W"]
    return new


@wrong(49, "gradient_step", "in-place")
def f49(params, grads, lr):
    for key in params:
        params[key] -= lr * grads[key]
    return params


@wrong(50, "minibatches", "shuffled-apart")
def f50(X, y, size, rng):
    X, y = X[rng.permutation(len(X))], y[rng.permutation(len(y))]
    return [(X[i : i + size], y[i : i + size]) for i in range(0, len(X), size)]


@wrong(51, "minibatches", "tail-dropped")
def f51(X, y, size, rng):
    order = rng.permutation(len(X))
    return [(X[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(X) - size + 1, size)]


@wrong(52, "train_classifier", "last-batch-miscounted")
def f52(X, labels, hidden, lr, epochs, size, rng):
    return adam(X, labels, hidden, lr, epochs, size, rng, rows_of=lambda batch: size)


def adam(X, labels, hidden, lr, epochs, size, rng, rows_of=len, spread=lambda i: np.sqrt(2 / i)):
    k = labels.max() + 1
    p = {
        "W1": spread(X.shape[1]) * rng.standard_normal((X.shape[1], hidden)),
        "b1": np.zeros(hidden),
        "W2": spread(hidden) * rng.standard_normal((hidden, k)),
        "b2": np.zeros(k),
    }
    m, v, t, losses = dict.fromkeys(p, 0.0), dict.fromkeys(p, 0.0), 0, []
    for _ in range(epochs):
        order, total = rng.permutation(len(X)), 0.0
        for i in range(0, len(X), size):
            x, y = X[order[i : i + size]], labels[order[i : i + size]]
            a1 = np.maximum(x @ p["W1"] + p["b1"], 0)
            z = a1 @ p["W2"] + p["b2"]
            z = z - z.max(axis=1, keepdims=True)
            q = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            each = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]
            total += each.sum() / rows_of(y) * len(y)
            dz = (q - np.eye(k)[y]) / rows_of(y)
            d1 = (dz @ p["W2"].T) * (a1 > 0)
            t += 1
            for key, g in {"W1": x.T @ d1, "b1": d1.sum(0), "W2": a1.T @ dz, "b2": dz.sum(0)}.items():
                m[key] = 0.9 * m[key] + 0.1 * g
                v[key] = 0.999 * v[key] + 0.001 * g**2
                p[key] = p[key] - lr * m[key] / (1 - 0.9**t) / (np.sqrt(v[key] / (1 - 0.999**t)) + 1e-8)
        losses.append(total / len(X))
    return p, losses


@wrong(53, "exponential_decay", "inverse-time")
def f53(lr0, step, rate):
    return lr0 / (1 + rate * step)


@wrong(53, "step_decay", "brackets")
def f53b(lr0, step, drop, every):
    return lr0 * drop**step // every


@wrong(55, "momentum_step", "velocity-not-kept")
def f55(params, grads, velocity, lr, beta=0.9):
    velocity = {key: np.zeros_like(value) for key, value in params.items()}
    velocity = {key: beta * velocity[key] + grads[key] for key in params}
    return {key: params[key] - lr * velocity[key] for key in params}, velocity


@wrong(56, "train_classifier", "zero-start")
def f56(*args):
    return adam(*args, spread=lambda i: 0.0)


@wrong(57, "he_std", "variance-for-std")
def f57(fan_in):
    return 2.0 / fan_in


@wrong(57, "xavier_std", "only-outputs")
def f57b(fan_in, fan_out):
    return np.sqrt(1 / fan_out)


@wrong(58, "train_classifier", "fixed-start")
def f58(*args):
    return adam(*args, spread=lambda i: 0.01)


@wrong(59, "dense_backward", "db-not-summed")
def f59(dZ, X, W):
    return dZ.dot(W.T), X.T.dot(dZ), dZ


@wrong(60, "dense_backward", "db-summed-over-outputs")
def f60(dZ, X, W):
    return dZ.dot(W.T), X.T.dot(dZ), np.sum(dZ, axis=1)


@wrong(60, "dense_backward", "db-summed-over-all")
def f60b(dZ, X, W):
    return dZ.dot(W.T), X.T.dot(dZ), dZ.sum()


@wrong(60, "dense_backward", "db-averaged")
def f60c(dZ, X, W):
    return dZ.dot(W.T), X.T.dot(dZ), np.mean(dZ, axis=0)


@wrong(61, "neuron_backward", "elementwise-product")
def f61(X, y, a):
    return X * (a - y)[:, None] / len(y), np.mean(a - y)


@wrong(62, "two_layer_backward", "mean-again-in-layer-1")
def f62(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dz1 = (dz2 @ params["W2"].T) * (cache["z1"] > 0) / len(y)
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(63, "batch_norm_backward", "statistics-held-constant")
def f63(dout, cache):
    dx_hat = dout * cache["gamma"]
    return dx_hat * cache["inv_std"], (dout * cache["x_hat"]).sum(axis=0), dout.sum(axis=0)


@wrong(63, "batch_norm_forward", "unbiased-variance")
def f63b(X, gamma, beta, eps=1e-5):
    inv_std = 1 / np.sqrt(X.var(axis=0, ddof=1) + eps)
    x_hat = (X - X.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


@wrong(64, "clip_by_global_norm", "by-value")
def f64(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {key: np.clip(g, -max_norm, max_norm) for key, g in grads.items()}, norm


@wrong(64, "clip_by_global_norm", "stretched-when-short")
def f64b(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {key: g * max_norm / norm for key, g in grads.items()}, norm


@wrong(64, "clip_by_global_norm", "each-array-by-itself")
def f64c(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {key: g * min(1, max_norm / np.linalg.norm(g)) for key, g in grads.items()}, norm


@wrong(65, "two_layer_backward", "activations-sent-back")
def f65(y, cache, params):
    dz2 = (cache["a2"] - y) / y.size
    dz1 = (cache["a2"] @ params["W2"].T) * (cache["z1"] > 0)
    return {"W1": cache["X"].T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}


@wrong(66, "hinge", "total-before-max")
def f66(y, s):
    return max(np.sum(1 - y * s), 0)


@pytest.mark.parametrize(("row", "name", "mistake", "fn"), WRONG, ids=[f"{row}-{id}" for row, _, id, _ in WRONG])
def test_row_is_rejected_and_called_by_its_name(row, name, mistake, fn):
    for seed in range(10):
        verdict = Round(every()[name], seed).verdict(fn)
        assert verdict.outcome not in ("right", "not_attempted")
        assert verdict.mistake == mistake, (seed, verdict)


def test_no_row_is_left_out():
    covered = {row for row, *_ in WRONG}
    assert covered | NOT_APPLICABLE.keys() == set(ROWS)
    assert not covered & NOT_APPLICABLE.keys()
