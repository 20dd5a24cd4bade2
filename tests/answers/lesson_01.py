# ruff: noqa: F811
"""Right answers to lesson 01 (single neuron), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- sigmoid


@answer("textbook")
def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, dtype=float)))


@answer("loops")
def sigmoid(z):
    z = np.asarray(z, dtype=float)
    a = np.zeros(z.shape)
    for i in np.ndindex(z.shape):
        if z[i] >= 0:
            a[i] = 1.0 / (1.0 + np.exp(-z[i]))
        else:
            e = np.exp(z[i])
            a[i] = e / (1.0 + e)
    return a


@answer("where on one stable exponential")
def sigmoid(z):
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


@answer("through tanh")
def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(z, dtype=np.float64)))


@answer("through logaddexp")
def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -np.asarray(z, dtype=float)))


@answer("boolean masks")
def sigmoid(z):
    z = np.asarray(z, dtype=float)
    out = np.empty(z.shape)
    positive = z > 0
    out[positive] = 1 / (1 + np.exp(-z[positive]))
    grown = np.exp(z[~positive])
    out[~positive] = grown / (grown + 1)
    return out


# ---------------------------------------------------------------- neuron_forward


@answer("vectorised")
def neuron_forward(X, w, b):
    return 1.0 / (1.0 + np.exp(-(X @ w + b)))


@answer("loops")
def neuron_forward(X, w, b):
    n, d = np.shape(X)
    a = np.zeros(n)
    for i in range(n):
        z = float(b)
        for j in range(d):
            z += X[i, j] * w[j]
        a[i] = 1 / (1 + np.exp(-z)) if z > 0 else np.exp(z) / (1 + np.exp(z))
    return a


@answer("einsum")
def neuron_forward(X, w, b):
    z = np.einsum("nd,d->n", np.asarray(X, dtype=float), np.asarray(w, dtype=float)) + b
    return np.exp(-np.logaddexp(0, -z))


@answer("bias as an extra column of ones")
def neuron_forward(X, w, b):
    Xb = np.column_stack([X, np.ones(len(X))])
    wb = np.append(w, b)
    z = Xb.dot(wb)
    return (np.tanh(z / 2) + 1) / 2


# ---------------------------------------------------------------- bce


@answer("vectorised")
def bce(y_true, a):
    eps = np.finfo(float).eps
    y = np.asarray(y_true, dtype=float)
    a = np.clip(a, eps, 1 - eps)
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


@answer("loops")
def bce(y_true, a):
    eps = np.finfo(float).eps
    y_true, a = np.asarray(y_true), np.asarray(a)
    total = 0.0
    for i in np.ndindex(a.shape):
        p = min(max(float(a[i]), eps), 1.0 - eps)
        total -= y_true[i] * np.log(p) + (1 - y_true[i]) * np.log(1.0 - p)
    return float(total / a.size)


@answer("dot products, clip 1e-12")
def bce(y_true, a):
    y = np.ravel(y_true).astype(float)
    p = np.clip(np.ravel(a), 1e-12, 1 - 1e-12)
    return -(y @ np.log(p) + (1 - y) @ np.log1p(-p)) / p.size


@answer("two-outcome table, clip 1e-15")
def bce(y_true, a):
    y = np.asarray(y_true, dtype=float)
    a = np.asarray(a, dtype=float)
    outcome = np.stack([1 - a, a], axis=-1)
    truth = np.stack([1 - y, y], axis=-1)
    surprise = -np.log(np.maximum(outcome, 1e-15))
    return (truth * surprise).sum(axis=-1).mean()


# ---------------------------------------------------------------- bce_backward


@answer("cheatsheet form")
def bce_backward(y_true, a):
    eps = np.finfo(float).eps
    y = np.asarray(y_true, dtype=float)
    a = np.clip(np.asarray(a, dtype=float), eps, 1 - eps)
    return (-(y / a) + (1 - y) / (1 - a)) / a.size


@answer("one fraction, clip 1e-12")
def bce_backward(y_true, a):
    a = np.clip(np.asarray(a, dtype=float), 1e-12, 1 - 1e-12)
    return (a - y_true) / (a * (1 - a)) / a.size


@answer("loops")
def bce_backward(y_true, a):
    y_true = np.asarray(y_true)
    a = np.asarray(a)
    eps = 2.0**-52
    da = np.empty(a.shape)
    for i in np.ndindex(a.shape):
        p = min(max(float(a[i]), eps), 1 - eps)
        da[i] = (-y_true[i] / p + (1 - y_true[i]) / (1 - p)) / a.size
    return da


# ---------------------------------------------------------------- sigmoid_backward


@answer("vectorised")
def sigmoid_backward(da, a):
    a = np.asarray(a, dtype=float)
    return da * a * (1 - a)


@answer("loops")
def sigmoid_backward(da, a):
    da, a = np.asarray(da), np.asarray(a)
    dz = np.empty(a.shape, dtype=np.float64)
    for i in np.ndindex(a.shape):
        slope = float(a[i]) * (1.0 - float(a[i]))
        dz[i] = float(da[i]) * slope
    return dz


@answer("einsum")
def sigmoid_backward(da, a):
    da = np.asarray(da, dtype=float)
    a = np.asarray(a, dtype=float)
    return np.einsum("...,...,...->...", da, a, 1.0 - a)


@answer("completed square")
def sigmoid_backward(da, a):
    # a (1 - a) = (1/2 - (a - 1/2)) (1/2 + (a - 1/2))
    m = np.asarray(a, dtype=float) - 0.5
    return np.multiply(da, (0.5 - m) * (0.5 + m))


# ---------------------------------------------------------------- neuron_backward


@answer("fused")
def neuron_backward(X, y_true, a):
    dz = (a - y_true) / len(a)
    return X.T @ dz, dz.sum()


@answer("long chain")
def neuron_backward(X, y_true, a):
    eps = np.finfo(float).eps
    y = np.asarray(y_true, dtype=float)
    a = np.clip(a, eps, 1 - eps)
    dL_da = (-y / a + (1 - y) / (1 - a)) / a.shape[0]
    da_dz = a * (1 - a)
    dL_dz = dL_da * da_dz
    dz_dw = X
    dz_db = np.ones(a.shape[0])
    return dz_dw.T @ dL_dz, dz_db @ dL_dz


@answer("loops")
def neuron_backward(X, y_true, a):
    n, d = X.shape
    dw = np.zeros(d)
    db = 0.0
    for i in range(n):
        error = float(a[i]) - float(y_true[i])
        for j in range(d):
            dw[j] += error * X[i, j] / n
        db += error / n
    return dw, db


@answer("einsum")
def neuron_backward(X, y_true, a):
    dz = np.subtract(a, y_true, dtype=float)
    return np.einsum("nd,n->d", np.asarray(X, dtype=float), dz) / dz.size, np.einsum("n->", dz) / dz.size


@answer("mean of the gradients of the examples")
def neuron_backward(X, y_true, a):
    per_example = (a - y_true)[:, None] * np.hstack([X, np.ones((len(X), 1))])
    grad = per_example.mean(axis=0)
    return grad[:-1], grad[-1]


# ---------------------------------------------------------------- gradient_step


@answer("dict comprehension")
def gradient_step(params, grads, lr):
    return {name: params[name] - lr * grads[name] for name in params}


@answer("copy, then update")
def gradient_step(params, grads, lr):
    new = {}
    for name, value in params.items():
        fresh = np.array(value, dtype=float)
        fresh -= lr * np.asarray(grads[name], dtype=float)
        new[name] = fresh
    return new


@answer("loops")
def gradient_step(params, grads, lr):
    new = {}
    for name in params:
        p = np.asarray(params[name])
        g = np.asarray(grads[name])
        q = np.empty(p.shape)
        for i in np.ndindex(p.shape):
            q[i] = p[i] - lr * g[i]
        new[name] = q
    return new


@answer("zip of names and values")
def gradient_step(params, grads, lr):
    names = list(params)
    moved = [np.add(params[k], np.multiply(-lr, grads[k])) for k in names]
    return dict(zip(names, moved, strict=True))


# ---------------------------------------------------------------- train_neuron


@answer("vectorised")
def train_neuron(X, y_true, lr, steps):
    n, d = X.shape
    w, b = np.zeros(d), 0.0
    eps = np.finfo(float).eps
    losses = []
    for _ in range(steps):
        a = 1 / (1 + np.exp(-(X @ w + b)))
        p = np.clip(a, eps, 1 - eps)
        losses.append(float(-np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))))
        dz = (a - y_true) / n
        w = w - lr * (X.T @ dz)
        b = b - lr * dz.sum()
    return w, b, losses


@answer("loops")
def train_neuron(X, y_true, lr, steps):
    rows = [[float(v) for v in row] for row in X]
    targets = [float(t) for t in y_true]
    n, d = len(rows), len(X[0])
    eps = float(np.finfo(float).eps)
    w = [0.0] * d
    b = 0.0
    losses = []
    for _ in range(steps):
        loss = 0.0
        dw = [0.0] * d
        db = 0.0
        for row, t in zip(rows, targets, strict=True):
            z = b + sum(wj * xj for wj, xj in zip(w, row, strict=True))
            a = 1.0 / (1.0 + float(np.exp(-z))) if z >= 0 else float(np.exp(z)) / (1.0 + float(np.exp(z)))
            p = min(max(a, eps), 1.0 - eps)
            loss -= (t * float(np.log(p)) + (1.0 - t) * float(np.log(1.0 - p))) / n
            for j in range(d):
                dw[j] += (a - t) * row[j] / n
            db += (a - t) / n
        losses.append(loss)
        for j in range(d):
            w[j] -= lr * dw[j]
        b -= lr * db
    return np.array(w), b, losses


@answer("long chain")
def train_neuron(X, y_true, lr, steps):
    X = np.asarray(X, dtype=float)
    y = np.asarray(y_true, dtype=float)
    eps = np.finfo(float).eps
    params = {"w": np.zeros(X.shape[1]), "b": 0.0}
    losses = []
    for _ in range(steps):
        # forward
        z = X @ params["w"] + params["b"]
        e = np.exp(-np.abs(z))
        a = np.clip(np.where(z >= 0, 1.0, e) / (1.0 + e), eps, 1 - eps)
        losses.append(-(y * np.log(a) + (1 - y) * np.log(1 - a)).mean())
        # backward, link by link
        da = (-y / a + (1 - y) / (1 - a)) / y.size
        dz = da * a * (1 - a)
        grads = {"w": X.T @ dz, "b": np.sum(dz)}
        # update
        params = {k: params[k] - lr * grads[k] for k in params}
    return params["w"], params["b"], losses


@answer("one vector of parameters, loss from the logits")
def train_neuron(X, y_true, lr, steps):
    ones = np.ones((len(X), 1))
    design = np.concatenate([X, ones], axis=1)
    theta = np.zeros(design.shape[1])
    losses = []
    for _ in range(steps):
        z = design @ theta
        losses.append(np.mean(np.logaddexp(0, z) - y_true * z))
        a = np.exp(-np.logaddexp(0, -z))
        theta = theta - lr * np.einsum("nd,n->d", design, a - y_true) / len(design)
    return theta[:-1], theta[-1], losses
