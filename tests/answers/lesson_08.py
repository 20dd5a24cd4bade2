# ruff: noqa: F811
"""Right answers to lesson 08 (deep signals), in several styles."""

import numpy as np

from tests.answers import answer


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


# ---------------------------------------------------------------- xavier_std


@answer("square root")
def xavier_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))


@answer("mean fan")
def xavier_std(fan_in, fan_out):
    mean_fan = (fan_in + fan_out) / 2
    return mean_fan**-0.5


@answer("from the uniform limit")
def xavier_std(fan_in, fan_out):
    limit = np.sqrt(6.0 / (fan_in + fan_out))  # a uniform variable on [-limit, limit]
    return limit / np.sqrt(3.0)


# ---------------------------------------------------------------- he_std


@answer("square root")
def he_std(fan_in):
    return np.sqrt(2.0 / fan_in)


@answer("power")
def he_std(fan_in):
    return (fan_in / 2) ** -0.5


@answer("keep the second moment")
def he_std(fan_in):
    # fan_in * variance * (half of the units pass) = 1
    variance = 1.0 / (fan_in * 0.5)
    return float(np.exp(0.5 * np.log(variance)))


# ---------------------------------------------------------------- deep_forward


@answer("table of functions")
def deep_forward(X, weights, activation):
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0.0),
    }
    f = functions[activation]
    activations = [X]
    for W in weights:
        activations.append(f(activations[-1] @ W))
    return activations


@answer("loops")
def deep_forward(X, weights, activation):
    activations = [np.array(X, dtype=float)]
    for W in weights:
        below = activations[-1]
        a = np.empty((below.shape[0], W.shape[1]))
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                z = np.dot(below[i], W[:, j])
                if activation == "sigmoid":
                    a[i, j] = 1 / (1 + np.exp(-z)) if z > 0 else np.exp(z) / (1 + np.exp(z))
                elif activation == "tanh":
                    a[i, j] = np.tanh(z)
                else:
                    a[i, j] = z if z > 0 else 0.0
        activations.append(a)
    return activations


@answer("einsum and recursion")
def deep_forward(X, weights, activation):
    def act(z):
        if activation == "relu":
            return z * (z > 0)
        if activation == "tanh":
            return np.tanh(z)
        return 0.5 * (1 + np.tanh(0.5 * z))

    def rest(a, remaining):
        if not remaining:
            return [a]
        return [a, *rest(act(np.einsum("nd,dh->nh", a, remaining[0])), remaining[1:])]

    return rest(np.asarray(X, dtype=float), list(weights))


# ---------------------------------------------------------------- gradient_norms


@answer("vectorised")
def gradient_norms(dA_last, activations, weights, activation):
    slopes = {
        "sigmoid": lambda a: a * (1 - a),
        "tanh": lambda a: 1 - a**2,
        "relu": lambda a: (a > 0).astype(float),
    }
    dA = dA_last
    norms = [np.linalg.norm(dA)]
    for a, W in zip(reversed(activations[1:]), reversed(weights), strict=True):
        dA = (dA * slopes[activation](a)) @ W.T
        norms.append(np.linalg.norm(dA))
    return norms[::-1]


@answer("long chain from the pre-activations")
def gradient_norms(dA_last, activations, weights, activation):
    depth = len(weights)
    norms = [0.0] * (depth + 1)
    da = np.array(dA_last, dtype=float)
    norms[depth] = float(np.sqrt((da**2).sum()))
    for layer in range(depth, 0, -1):
        z = activations[layer - 1] @ weights[layer - 1]
        if activation == "relu":
            da_dz = np.where(z > 0, 1.0, 0.0)
        elif activation == "tanh":
            da_dz = 1.0 - np.tanh(z) ** 2
        else:
            da_dz = _sigmoid(z) * _sigmoid(-z)
        dz = da * da_dz
        da = np.dot(dz, weights[layer - 1].T)
        norms[layer - 1] = float(np.sqrt((da**2).sum()))
    return norms


@answer("loops")
def gradient_norms(dA_last, activations, weights, activation):
    layers = len(weights)
    g = np.array(dA_last, dtype=float)
    squares = [0.0] * layers + [sum(float(v) * float(v) for v in g.ravel())]
    for layer in reversed(range(layers)):
        W, a = weights[layer], activations[layer + 1]
        below = np.zeros((a.shape[0], W.shape[0]))
        for i in range(a.shape[0]):
            dz = np.zeros(a.shape[1])
            for j in range(a.shape[1]):
                v = float(a[i, j])
                if activation == "sigmoid":
                    dz[j] = g[i, j] * v * (1 - v)
                elif activation == "tanh":
                    dz[j] = g[i, j] * (1 - v) * (1 + v)
                elif v > 0:
                    dz[j] = g[i, j]
            for c in range(W.shape[0]):
                below[i, c] = np.dot(W[c], dz)
                squares[layer] += float(below[i, c]) ** 2
        g = below
    return [s**0.5 for s in squares]


@answer("einsum and recursion")
def gradient_norms(dA_last, activations, weights, activation):
    def slope(a):
        if activation == "relu":
            return np.heaviside(a, 0.0)
        return a - a * a if activation == "sigmoid" else 1 - a * a

    def down(dA, layer):
        norm = np.sqrt(np.einsum("nh,nh->", dA, dA))
        if layer == 0:
            return [norm]
        below = np.einsum("nh,nh,dh->nd", dA, slope(activations[layer]), weights[layer - 1])
        return [*down(below, layer - 1), norm]

    return down(np.asarray(dA_last, dtype=float), len(weights))


# ---------------------------------------------------------------- clip_by_global_norm


@answer("vectorised")
def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum(np.sum(np.asarray(g, dtype=float) ** 2) for g in grads.values()))
    if norm > max_norm:
        return {k: g * (max_norm / norm) for k, g in grads.items()}, norm
    return {k: np.array(g, dtype=float) for k, g in grads.items()}, norm


@answer("one flat vector")
def clip_by_global_norm(grads, max_norm):
    flat = np.concatenate([np.ravel(g) for g in grads.values()]).astype(float)
    norm = float(np.linalg.norm(flat))
    factor = 1.0 if norm <= max_norm else max_norm / norm
    return {name: factor * np.asarray(g, dtype=float) for name, g in grads.items()}, norm


@answer("loops")
def clip_by_global_norm(grads, max_norm):
    total = 0.0
    for g in grads.values():
        for v in np.ravel(g):
            total += float(v) * float(v)
    norm = total**0.5
    clipped = {}
    for name, g in grads.items():
        g = np.asarray(g)
        out = np.empty(g.shape)
        for i in np.ndindex(g.shape):
            out[i] = g[i] * max_norm / norm if norm > max_norm else g[i]
        clipped[name] = out
    return clipped, norm


@answer("norm of the norms, divided by the larger one")
def clip_by_global_norm(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(np.ravel(g)) for g in grads.values()])
    scale = max_norm / max(norm, max_norm)
    return {name: np.multiply(g, scale) for name, g in grads.items()}, norm
