# ruff: noqa: F811
"""Right answers to lesson 00 (slopes), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- central_difference


@answer("one line")
def central_difference(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


@answer("loop over the two sides")
def central_difference(f, x, h=1e-5):
    slope = 0.0
    for side in (+1.0, -1.0):
        slope = slope + side * f(x + side * h)
    return slope / (2.0 * h)


@answer("rise over run")
def central_difference(f, x, h=1e-5):
    left, right = x - h, x + h
    rise = np.diff([f(left), f(right)], axis=0)[0]
    run = 2 * h
    return rise / run


@answer("stencil weights")
def central_difference(f, x, h=1e-5):
    weights = np.array([-0.5, 0.5]) / h
    values = np.array([f(x - h), f(x + h)], dtype=float)
    return np.tensordot(weights, values, axes=1)


# ---------------------------------------------------------------- numerical_gradient


@answer("loops")
def numerical_gradient(f, x, h=1e-5):
    x = np.asarray(x)
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up = np.array(x, dtype=np.float64)
        down = np.array(x, dtype=np.float64)
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


@answer("basis vectors")
def numerical_gradient(f, x, h=1e-5):
    x = np.asarray(x, dtype=float)
    directions = np.eye(x.size).reshape((x.size, *x.shape))
    slopes = [(f(np.asarray(x + h * e)) - f(np.asarray(x - h * e))) / (2 * h) for e in directions]
    return np.array(slopes, dtype=float).reshape(x.shape)


@answer("nudge and restore")
def numerical_gradient(f, x, h=1e-5):
    work = np.array(x, dtype=np.float64, order="C")
    flat = work.reshape(-1)  # a view of our own copy, never of x
    grad = np.empty(flat.size)
    for i in range(flat.size):
        kept = flat[i]
        flat[i] = kept + h
        upper = float(f(work))
        flat[i] = kept - h
        lower = float(f(work))
        flat[i] = kept
        grad[i] = (upper - lower) / (2.0 * h)
    return grad.reshape(work.shape)


@answer("slice function per entry")
def numerical_gradient(f, x, h=1e-5):
    start = np.array(x, dtype=float)

    def along(index, t):
        point = start.copy()
        point[index] = t
        return float(f(point))

    grad = np.empty_like(start)
    for index, t in np.ndenumerate(start):
        grad[index] = (along(index, t + h) - along(index, t - h)) / h / 2
    return grad


# ---------------------------------------------------------------- relative_error


@answer("vectorised")
def relative_error(a, b):
    a = np.asarray(a, dtype=float)
    b = np.asarray(b, dtype=float)
    scale = max(np.abs(a).max(), np.abs(b).max())
    return 0.0 if scale == 0 else float(np.abs(a - b).max() / scale)


@answer("loops")
def relative_error(a, b):
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    worst = 0.0
    largest = 0.0
    for i in np.ndindex(a.shape):
        worst = max(worst, abs(float(a[i]) - float(b[i])))
        largest = max(largest, abs(float(a[i])), abs(float(b[i])))
    if largest == 0.0:
        return 0.0
    return worst / largest


@answer("infinity norms")
def relative_error(a, b):
    u = np.ravel(a).astype(np.float64)
    v = np.ravel(b).astype(np.float64)
    top = np.linalg.norm(u - v, ord=np.inf)
    bottom = np.maximum(np.linalg.norm(u, ord=np.inf), np.linalg.norm(v, ord=np.inf))
    return float(np.divide(top, bottom, out=np.zeros(()), where=bottom > 0))


# ---------------------------------------------------------------- chain_rule


@answer("one line")
def chain_rule(df, g, dg, x):
    return df(g(x)) * dg(x)


@answer("long chain")
def chain_rule(df, g, dg, x):
    u = g(x)
    dy_du = df(u)
    du_dx = dg(x)
    return dy_du * du_dx


@answer("einsum")
def chain_rule(df, g, dg, x):
    return np.einsum("...,...->...", np.asarray(df(g(x)), dtype=float), np.asarray(dg(x), dtype=float))


@answer("product of a list of links")
def chain_rule(df, g, dg, x):
    links = [dg(x), df(g(x))]
    total = 1.0
    for link in links:
        total = link * total
    return total


# ---------------------------------------------------------------- descend


def _slope(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        move = np.zeros(x.shape)
        move[i] = h
        grad[i] = (f(x + move) - f(x - move)) / (2 * h)
    return grad


@answer("a loop")
def descend(f, x, lr, steps):
    x, heights = np.array(x, dtype=float), []
    for _ in range(steps):
        heights.append(f(x))
        x = x - lr * _slope(f, x)
    return x, heights


@answer("all places, heights at the end")
def descend(f, x, lr, steps):
    places = [np.asarray(x, dtype=float)]
    while len(places) <= steps:
        places.append(places[-1] - lr * _slope(f, places[-1]))
    return places[-1], np.array([f(place) for place in places[:-1]])


@answer("in place on a copy")
def descend(f, x, lr, steps):
    place = np.array(x, dtype=np.float64)
    heights = np.zeros(steps)
    for t in range(steps):
        heights[t] = f(place)
        place -= lr * _slope(f, place, h=1e-4)
    return [place, heights.tolist()]


@answer("recursion")
def descend(f, x, lr, steps):
    x = np.array(x, dtype=float)
    if steps == 0:
        return x, []
    last, heights = descend_once_more(f, x - lr * _slope(f, x, h=1e-6), lr, steps - 1)
    return last, [float(f(x)), *heights]


descend_once_more = descend
