# ruff: noqa: F811
"""Right answers to lesson 02 (two-layer network), in several styles."""

import numpy as np

from tests.answers import answer


def _stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


# ---------------------------------------------------------------- dense


@answer("vectorised")
def dense(X, W, b):
    return X @ W + b


@answer("loops")
def dense(X, W, b):
    n, d = X.shape
    h = W.shape[1]
    Z = np.zeros((n, h))
    for i in range(n):
        for k in range(h):
            Z[i, k] = b[k]
            for j in range(d):
                Z[i, k] += X[i, j] * W[j, k]
    return Z


@answer("einsum")
def dense(X, W, b):
    return np.einsum("nd,dh->nh", X, W) + b[np.newaxis, :]


@answer("sum of outer products")
def dense(X, W, b):
    Z = np.tile(np.asarray(b, dtype=float), (len(X), 1))
    for j in range(W.shape[0]):
        Z = Z + np.outer(X[:, j], W[j])
    return Z


# ---------------------------------------------------------------- dense_backward


@answer("vectorised")
def dense_backward(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)


@answer("loops")
def dense_backward(dZ, X, W):
    n, d = X.shape
    h = W.shape[1]
    dX, dW, db = np.zeros((n, d)), np.zeros((d, h)), np.zeros(h)
    for i in range(n):
        for k in range(h):
            db[k] += dZ[i, k]
            for j in range(d):
                dX[i, j] += dZ[i, k] * W[j, k]
                dW[j, k] += X[i, j] * dZ[i, k]
    return dX, dW, db


@answer("einsum")
def dense_backward(dZ, X, W):
    dX = np.einsum("nh,dh->nd", dZ, W)
    dW = np.einsum("nd,nh->dh", X, dZ)
    db = np.einsum("nh->h", dZ)
    return dX, dW, db


@answer("row by row")
def dense_backward(dZ, X, W):
    dX = np.stack([W @ dz for dz in dZ])
    dW = sum(np.outer(x, dz) for x, dz in zip(X, dZ, strict=True))
    db = np.ones(len(dZ)) @ dZ
    return dX, dW, db


# ---------------------------------------------------------------- relu


@answer("maximum")
def relu(z):
    return np.maximum(0.0, z)


@answer("mask product")
def relu(z):
    z = np.asarray(z, dtype=float)
    return z * (z > 0)


@answer("where")
def relu(z):
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, 0.0)


@answer("half of z plus |z|")
def relu(z):
    return (z + np.abs(z)) / 2


@answer("loops")
def relu(z):
    z = np.asarray(z)
    a = np.zeros(z.shape)
    for i in np.ndindex(z.shape):
        if z[i] > 0:
            a[i] = z[i]
    return a


@answer("copy and zero the rest")
def relu(z):
    a = np.array(z, dtype=np.float64)
    a[a < 0] = 0.0
    return a


# ---------------------------------------------------------------- relu_backward


@answer("mask product")
def relu_backward(da, z):
    return da * (np.asarray(z) > 0).astype(float)


@answer("where")
def relu_backward(da, z):
    return np.where(np.asarray(z) > 0, np.asarray(da, dtype=float), 0.0)


@answer("loops")
def relu_backward(da, z):
    da, z = np.asarray(da), np.asarray(z)
    dz = np.zeros(z.shape)
    for i in np.ndindex(z.shape):
        if z[i] > 0:
            dz[i] = da[i]
    return dz


@answer("heaviside")
def relu_backward(da, z):
    return np.multiply(da, np.heaviside(z, 0.0))


@answer("copy and zero the rest")
def relu_backward(da, z):
    dz = np.array(da, dtype=float)
    dz[np.asarray(z) <= 0] = 0.0
    return dz


# ---------------------------------------------------------------- two_layer_forward


@answer("vectorised")
def two_layer_forward(X, params):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ params["W2"] + params["b2"]
    a2 = 1 / (1 + np.exp(-z2))
    return a2, {"X": X, "z1": z1, "a1": a1, "z2": z2, "a2": a2}


@answer("loops")
def two_layer_forward(X, params):
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    n, d = X.shape
    h, k = W2.shape
    cache = {
        "X": X,
        "z1": np.zeros((n, h)),
        "a1": np.zeros((n, h)),
        "z2": np.zeros((n, k)),
        "a2": np.zeros((n, k)),
    }
    for i in range(n):
        for j in range(h):
            total = float(b1[j])
            for c in range(d):
                total += X[i, c] * W1[c, j]
            cache["z1"][i, j] = total
            cache["a1"][i, j] = total if total > 0 else 0.0
        for o in range(k):
            total = float(b2[o])
            for j in range(h):
                total += cache["a1"][i, j] * W2[j, o]
            cache["z2"][i, o] = total
            cache["a2"][i, o] = _stable_sigmoid(total)
    return cache["a2"], cache


@answer("einsum")
def two_layer_forward(X, params):
    cache = {"X": np.array(X, dtype=float)}
    cache["z1"] = np.einsum("nd,dh->nh", cache["X"], params["W1"]) + params["b1"]
    cache["a1"] = np.where(cache["z1"] > 0, cache["z1"], 0.0)
    cache["z2"] = np.einsum("nh,hk->nk", cache["a1"], params["W2"]) + params["b2"]
    cache["a2"] = np.exp(-np.logaddexp(0.0, -cache["z2"]))
    return cache["a2"], cache


@answer("loop over the two layers")
def two_layer_forward(X, params):
    cache = {"X": X}
    a = X
    for layer, activation in (("1", lambda z: z * (z > 0)), ("2", _stable_sigmoid)):
        z = np.dot(a, params["W" + layer]) + params["b" + layer]
        a = activation(z)
        cache["z" + layer], cache["a" + layer] = z, a
    return a, cache


# ---------------------------------------------------------------- two_layer_backward


@answer("fused")
def two_layer_backward(y_true, cache, params):
    dz2 = (cache["a2"] - y_true) / cache["a2"].size
    dz1 = (dz2 @ params["W2"].T) * (cache["z1"] > 0)
    return {
        "W1": cache["X"].T @ dz1,
        "b1": dz1.sum(axis=0),
        "W2": cache["a1"].T @ dz2,
        "b2": dz2.sum(axis=0),
    }


@answer("long chain")
def two_layer_backward(y_true, cache, params):
    eps = np.finfo(float).eps
    y = np.asarray(y_true, dtype=float)
    a2 = np.clip(cache["a2"], eps, 1 - eps)
    dL_da2 = (-(y / a2) + (1 - y) / (1 - a2)) / a2.size
    da2_dz2 = a2 * (1 - a2)
    dL_dz2 = dL_da2 * da2_dz2
    dL_dW2 = np.dot(cache["a1"].T, dL_dz2)
    dL_db2 = np.sum(dL_dz2, axis=0)
    dL_da1 = np.dot(dL_dz2, params["W2"].T)
    da1_dz1 = np.where(cache["z1"] > 0, 1.0, 0.0)
    dL_dz1 = dL_da1 * da1_dz1
    dL_dW1 = np.dot(cache["X"].T, dL_dz1)
    dL_db1 = np.sum(dL_dz1, axis=0)
    return {"W1": dL_dW1, "b1": dL_db1, "W2": dL_dW2, "b2": dL_db2}


@answer("einsum")
def two_layer_backward(y_true, cache, params):
    n, k = cache["a2"].shape
    dz2 = (cache["a2"] - y_true) / (n * k)
    alive = np.heaviside(cache["z1"], 0.0)
    grads = {"W2": np.einsum("nh,nk->hk", cache["a1"], dz2), "b2": np.einsum("nk->k", dz2)}
    grads["W1"] = np.einsum("nd,nk,hk,nh->dh", cache["X"], dz2, params["W2"], alive)
    grads["b1"] = np.einsum("nk,hk,nh->h", dz2, params["W2"], alive)
    return grads


@answer("loops")
def two_layer_backward(y_true, cache, params):
    X, z1, a1, a2 = cache["X"], cache["z1"], cache["a1"], cache["a2"]
    n, d = X.shape
    h, k = params["W2"].shape
    grads = {name: np.zeros(np.shape(params[name])) for name in ("W1", "b1", "W2", "b2")}
    for i in range(n):
        dz2 = [(a2[i, o] - y_true[i, o]) / (n * k) for o in range(k)]
        for o in range(k):
            grads["b2"][o] += dz2[o]
            for j in range(h):
                grads["W2"][j, o] += a1[i, j] * dz2[o]
        for j in range(h):
            if z1[i, j] <= 0:
                continue
            dz1 = sum(dz2[o] * params["W2"][j, o] for o in range(k))
            grads["b1"][j] += dz1
            for c in range(d):
                grads["W1"][c, j] += X[i, c] * dz1
    return grads


# ---------------------------------------------------------------- cheatsheet_gradients


@answer("cheatsheet, mended")
def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):
    A1 = 1 / (1 + np.exp(-(np.dot(X, W1) + b1)))
    A2 = 1 / (1 + np.exp(-(np.dot(A1, W2) + b2)))
    d_loss_A2 = 2 * (A2 - y_true) / A2.size  # the mean has a 1/size; the printed program lost it
    d_loss_Z2 = d_loss_A2 * A2 * (1 - A2)
    d_loss_A1 = np.dot(d_loss_Z2, W2.T)
    d_loss_Z1 = d_loss_A1 * A1 * (1 - A1)
    return {
        "W1": np.dot(X.T, d_loss_Z1),
        "b1": np.sum(d_loss_Z1, axis=0).reshape(np.shape(b1)),
        "W2": np.dot(A1.T, d_loss_Z2),
        "b2": np.sum(d_loss_Z2, axis=0).reshape(np.shape(b2)),
    }


@answer("einsum")
def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):
    A1 = _stable_sigmoid(np.einsum("nd,dh->nh", X, W1) + b1)
    A2 = _stable_sigmoid(np.einsum("nh,hk->nk", A1, W2) + b2)
    D2 = np.einsum("nk,nk,nk->nk", A2 - y_true, A2, 1 - A2) * (2.0 / (A2.shape[0] * A2.shape[1]))
    D1 = np.einsum("nk,hk,nh,nh->nh", D2, W2, A1, 1 - A1)
    return {
        "W1": np.einsum("nd,nh->dh", X, D1),
        "b1": np.einsum("nh->h", D1).reshape(np.shape(b1)),
        "W2": np.einsum("nh,nk->hk", A1, D2),
        "b2": np.einsum("nk->k", D2).reshape(np.shape(b2)),
    }


@answer("loops")
def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):
    n, d = X.shape
    h, k = W2.shape
    bias1, bias2 = np.ravel(b1), np.ravel(b2)
    gW1, gb1, gW2, gb2 = np.zeros((d, h)), np.zeros(h), np.zeros((h, k)), np.zeros(k)
    for i in range(n):
        a1 = np.zeros(h)
        for j in range(h):
            a1[j] = _stable_sigmoid(sum(X[i, c] * W1[c, j] for c in range(d)) + bias1[j])
        a2 = np.zeros(k)
        for o in range(k):
            a2[o] = _stable_sigmoid(sum(a1[j] * W2[j, o] for j in range(h)) + bias2[o])
        da1 = np.zeros(h)
        for o in range(k):
            dz2 = 2.0 / (n * k) * (a2[o] - y_true[i, o]) * a2[o] * (1 - a2[o])
            gb2[o] += dz2
            for j in range(h):
                gW2[j, o] += a1[j] * dz2
                da1[j] += W2[j, o] * dz2
        for j in range(h):
            dz1 = da1[j] * a1[j] * (1 - a1[j])
            gb1[j] += dz1
            for c in range(d):
                gW1[c, j] += X[i, c] * dz1
    return {"W1": gW1, "b1": gb1.reshape(np.shape(b1)), "W2": gW2, "b2": gb2.reshape(np.shape(b2))}


@answer("Jacobians, example by example")
def cheatsheet_gradients(X, y_true, W1, b1, W2, b2):
    grads = {
        "W1": np.zeros(W1.shape),
        "b1": np.zeros(np.shape(b1)),
        "W2": np.zeros(W2.shape),
        "b2": np.zeros(np.shape(b2)),
    }
    for x, t in zip(X, y_true, strict=True):
        a1 = _stable_sigmoid(x @ W1 + np.ravel(b1))
        a2 = _stable_sigmoid(a1 @ W2 + np.ravel(b2))
        J2 = np.diag(a2 * (1 - a2))  # da2/dz2
        J1 = np.diag(a1 * (1 - a1))  # da1/dz1
        delta2 = J2.T @ (2 * (a2 - t))
        delta1 = J1.T @ W2 @ delta2
        grads["W2"] += np.outer(a1, delta2)
        grads["b2"] += delta2.reshape(np.shape(b2))
        grads["W1"] += np.outer(x, delta1)
        grads["b1"] += delta1.reshape(np.shape(b1))
    return {name: g / np.size(y_true) for name, g in grads.items()}
