# ruff: noqa: F811
"""Right answers to lesson 09 (batch norm), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- batch_norm_forward


@answer("vectorised")
def batch_norm_forward(X, gamma, beta, eps=1e-5):
    inv_std = 1 / np.sqrt(X.var(axis=0) + eps)
    x_hat = (X - X.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}


@answer("loops")
def batch_norm_forward(X, gamma, beta, eps=1e-5):
    n, d = X.shape
    out, x_hat, inv_std = np.zeros((n, d)), np.zeros((n, d)), np.zeros(d)
    for j in range(d):
        mean = 0.0
        for i in range(n):
            mean += X[i, j] / n
        var = 0.0
        for i in range(n):
            var += (X[i, j] - mean) ** 2 / n
        inv_std[j] = (var + eps) ** -0.5
        for i in range(n):
            x_hat[i, j] = (X[i, j] - mean) * inv_std[j]
            out[i, j] = gamma[j] * x_hat[i, j] + beta[j]
    return out, {"x_hat": x_hat, "inv_std": inv_std, "gamma": np.array(gamma, dtype=float)}


@answer("matrix")
def batch_norm_forward(X, gamma, beta, eps=1e-5):
    n = X.shape[0]
    centre = np.eye(n) - np.ones((n, n)) / n
    centred = centre @ X
    var = np.einsum("nd,nd->d", centred, centred) / n
    inv_std = np.reciprocal(np.sqrt(var + eps))
    x_hat = centred @ np.diag(inv_std)
    return x_hat @ np.diag(gamma) + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": np.copy(gamma)}


@answer("column by column")
def batch_norm_forward(X, gamma, beta, eps=1e-5):
    columns, outs, scales = [], [], []
    for x, g, b in zip(np.transpose(X), gamma, beta, strict=True):
        centred = x - np.mean(x)
        scale = 1.0 / np.sqrt(centred @ centred / len(x) + eps)
        columns.append(centred * scale)
        outs.append(g * columns[-1] + b)
        scales.append(scale)
    return np.column_stack(outs), {"x_hat": np.column_stack(columns), "inv_std": np.array(scales), "gamma": gamma}


# ---------------------------------------------------------------- batch_norm_stages


@answer("vectorised")
def batch_norm_stages(dout, cache):
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
    dx_hat = dout * gamma
    return dx_hat, -inv_std * np.sum(dx_hat, axis=0), -0.5 * inv_std**2 * np.sum(dx_hat * x_hat, axis=0)


@answer("with the deviations, as in the paper")
def batch_norm_stages(dout, cache):
    inv_std = cache["inv_std"]
    deviation = cache["x_hat"] / inv_std
    n = len(dout)
    dx_hat = np.multiply(dout, cache["gamma"])
    dvar = (dx_hat * deviation * -0.5 * inv_std**3).sum(axis=0)
    dmean = (dx_hat * -inv_std).sum(axis=0) + dvar * (-2 * deviation).sum(axis=0) / n
    return dx_hat, dmean, dvar


@answer("loops")
def batch_norm_stages(dout, cache):
    n, d = dout.shape
    dx_hat, dmean, dvar = np.zeros((n, d)), np.zeros(d), np.zeros(d)
    for i in range(n):
        for j in range(d):
            dx_hat[i, j] = cache["gamma"][j] * dout[i, j]
            dmean[j] -= cache["inv_std"][j] * dx_hat[i, j]
            dvar[j] -= dx_hat[i, j] * cache["x_hat"][i, j] * cache["inv_std"][j] ** 2 / 2
    return dx_hat, dmean, dvar


@answer("einsum")
def batch_norm_stages(dout, cache):
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
    g = np.einsum("nd,d->nd", dout, gamma)
    return g, -np.einsum("nd,d->d", g, inv_std), np.einsum("nd,nd,d,d->d", g, x_hat, inv_std, inv_std) / -2


@answer("from the sums for beta and gamma")
def batch_norm_stages(dout, cache):
    scale = cache["gamma"] * cache["inv_std"]
    dbeta, dgamma = dout.sum(axis=0), (dout * cache["x_hat"]).sum(axis=0)
    return cache["gamma"] * dout, -scale * dbeta, -scale * cache["inv_std"] * dgamma / 2


# ---------------------------------------------------------------- batch_norm_backward


@answer("fused")
def batch_norm_backward(dout, cache):
    x_hat = cache["x_hat"]
    n = len(dout)
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dX = cache["gamma"] * cache["inv_std"] / n * (n * dout - dbeta - x_hat * dgamma)
    return dX, dgamma, dbeta


@answer("long chain")
def batch_norm_backward(dout, cache):
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"], cache["gamma"]
    n = dout.shape[0]
    # out = gamma * x_hat + beta
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    # x_hat = centred * inv_std
    centred = x_hat / inv_std
    dcentred = dx_hat * inv_std
    dinv_std = np.sum(dx_hat * centred, axis=0)
    # inv_std = (var + eps) ** -1/2
    dvar = dinv_std * (-0.5) * inv_std**3
    # var = mean of centred ** 2
    dcentred = dcentred + dvar * 2 * centred / n
    # centred = X - mean
    dmean = -np.sum(dcentred, axis=0)
    dX = dcentred + dmean / n
    return dX, dgamma, dbeta


@answer("explicit Jacobian per column")
def batch_norm_backward(dout, cache):
    n, d = dout.shape
    inv_std, gamma = np.ravel(cache["inv_std"]), np.ravel(cache["gamma"])
    dX = np.zeros((n, d))
    for j in range(d):
        h = cache["x_hat"][:, j]
        jacobian = inv_std[j] * (np.eye(n) - np.full((n, n), 1 / n) - np.outer(h, h) / n)
        dX[:, j] = jacobian.T @ (gamma[j] * dout[:, j])
    return dX, np.einsum("nd,nd->d", dout, cache["x_hat"]), np.ones(n) @ dout


@answer("loops")
def batch_norm_backward(dout, cache):
    x_hat, inv_std, gamma = cache["x_hat"], cache["inv_std"].ravel(), cache["gamma"].ravel()
    n, d = dout.shape
    dX, dgamma, dbeta = np.zeros((n, d)), np.zeros(d), np.zeros(d)
    for j in range(d):
        for i in range(n):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * x_hat[i, j]
        for i in range(n):
            own = dout[i, j]
            shared = dbeta[j] / n + x_hat[i, j] * dgamma[j] / n
            dX[i, j] = gamma[j] * inv_std[j] * (own - shared)
    return dX, dgamma, dbeta


@answer("projections")
def batch_norm_backward(dout, cache):
    g = dout * cache["gamma"]
    g = g - g.mean(axis=0) - cache["x_hat"] * np.mean(g * cache["x_hat"], axis=0)
    return g * cache["inv_std"], np.sum(cache["x_hat"] * dout, axis=0), np.add.reduce(dout, axis=0)


# ---------------------------------------------------------------- batch_norm_inference


@answer("vectorised")
def batch_norm_inference(X, gamma, beta, mean, var, eps=1e-5):
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@answer("loops")
def batch_norm_inference(X, gamma, beta, mean, var, eps=1e-5):
    n, d = X.shape
    out = np.empty((n, d))
    for i in range(n):
        for j in range(d):
            out[i, j] = gamma[j] * (X[i, j] - mean[j]) / (var[j] + eps) ** 0.5 + beta[j]
    return out


@answer("folded into one scale and one shift")
def batch_norm_inference(X, gamma, beta, mean, var, eps=1e-5):
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    return X * scale + shift


@answer("as a dense layer")
def batch_norm_inference(X, gamma, beta, mean, var, eps=1e-5):
    W = np.diag(gamma * (np.asarray(var) + eps) ** -0.5)
    return (X - mean) @ W + beta
