# ruff: noqa: F811
"""Right answers to lesson 03 (regression losses), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- mse


@answer("vectorised")
def mse(y_true, y_pred):
    return np.mean((np.asarray(y_pred, dtype=float) - y_true) ** 2)


@answer("loops")
def mse(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    total = 0.0
    for i in np.ndindex(y_pred.shape):
        r = float(y_pred[i]) - float(y_true[i])
        total += r * r
    return total / y_pred.size


@answer("dot product")
def mse(y_true, y_pred):
    r = np.ravel(y_true).astype(float) - np.ravel(y_pred)
    return r @ r / r.size


@answer("norm")
def mse(y_true, y_pred):
    r = np.subtract(y_true, y_pred, dtype=float)
    return np.linalg.norm(r.reshape(-1)) ** 2 / np.size(r)


# ---------------------------------------------------------------- mse_backward


@answer("vectorised")
def mse_backward(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_pred)


@answer("loops")
def mse_backward(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    grad = np.zeros(y_pred.shape)
    for i in np.ndindex(y_pred.shape):
        grad[i] = 2.0 * (float(y_pred[i]) - float(y_true[i])) / y_pred.size
    return grad


@answer("long chain")
def mse_backward(y_true, y_pred):
    r = np.asarray(y_pred, dtype=float) - np.asarray(y_true, dtype=float)
    dL_dsquares = np.full(r.shape, 1.0 / r.size)  # the mean
    dL_dr = dL_dsquares * 2.0 * r  # the square
    return dL_dr * 1.0  # dr/dpred


# ---------------------------------------------------------------- mae


@answer("vectorised")
def mae(y_true, y_pred):
    return np.abs(np.subtract(y_true, y_pred, dtype=float)).mean()


@answer("loops")
def mae(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    distances = [abs(float(y_true[i]) - float(y_pred[i])) for i in np.ndindex(y_true.shape)]
    return sum(distances) / len(distances)


@answer("one-norm")
def mae(y_true, y_pred):
    r = np.ravel(y_true) - np.ravel(y_pred).astype(float)
    return np.linalg.norm(r, ord=1) / r.size


@answer("larger minus smaller")
def mae(y_true, y_pred):
    top, bottom = np.maximum(y_true, y_pred), np.minimum(y_true, y_pred)
    return float(np.sum(top - bottom)) / np.size(y_pred)


# ---------------------------------------------------------------- mae_backward


@answer("sign")
def mae_backward(y_true, y_pred):
    return np.sign(np.asarray(y_pred, dtype=float) - y_true) / np.size(y_pred)


@answer("loops")
def mae_backward(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    grad = np.zeros(y_pred.shape)
    for i in np.ndindex(y_pred.shape):
        if y_pred[i] > y_true[i]:
            grad[i] = 1 / y_pred.size
        elif y_pred[i] < y_true[i]:
            grad[i] = -1 / y_pred.size
    return grad


@answer("two comparisons")
def mae_backward(y_true, y_pred):
    above = np.greater(y_pred, y_true).astype(float)
    below = np.less(y_pred, y_true).astype(float)
    return (above - below) / np.size(y_true)


# ---------------------------------------------------------------- huber


@answer("where")
def huber(y_true, y_pred, delta=1.0):
    r = np.abs(np.asarray(y_pred, dtype=float) - y_true)
    return np.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)).mean()


@answer("loops")
def huber(y_true, y_pred, delta=1.0):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    total = 0.0
    for i in np.ndindex(y_pred.shape):
        r = abs(float(y_true[i]) - float(y_pred[i]))
        if r <= delta:
            total += r * r / 2
        else:
            total += delta * r - delta * delta / 2
    return total / y_pred.size


@answer("quadratic part plus linear part")
def huber(y_true, y_pred, delta=1.0):
    r = np.abs(np.subtract(y_true, y_pred, dtype=float))
    quadratic = np.minimum(r, delta)
    linear = r - quadratic
    return float(np.mean(quadratic**2 / 2 + delta * linear))


@answer("clip product")
def huber(y_true, y_pred, delta=1.0):
    r = np.ravel(y_pred).astype(float) - np.ravel(y_true)
    c = np.clip(r, -delta, delta)
    return (c @ r - c @ c / 2) / r.size


# ---------------------------------------------------------------- huber_backward


@answer("clip")
def huber_backward(y_true, y_pred, delta=1.0):
    r = np.asarray(y_pred, dtype=float) - y_true
    return np.clip(r, -delta, delta) / r.size


@answer("where")
def huber_backward(y_true, y_pred, delta=1.0):
    r = np.subtract(y_pred, y_true, dtype=float)
    return np.where(np.abs(r) <= delta, r, delta * np.sign(r)) / np.size(r)


@answer("loops")
def huber_backward(y_true, y_pred, delta=1.0):
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    grad = np.empty(y_pred.shape)
    for i in np.ndindex(y_pred.shape):
        r = float(y_pred[i]) - float(y_true[i])
        if r > delta:
            slope = delta
        elif r < -delta:
            slope = -delta
        else:
            slope = r
        grad[i] = slope / y_pred.size
    return grad


@answer("long chain through |r|")
def huber_backward(y_true, y_pred, delta=1.0):
    r = np.asarray(y_pred, dtype=float) - np.asarray(y_true, dtype=float)
    size = np.abs(r)
    dh_dsize = np.minimum(size, delta)
    dsize_dr = np.sign(r)
    return (1.0 / r.size) * dh_dsize * dsize_dr
