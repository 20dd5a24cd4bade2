# ruff: noqa: F811
"""Right answers to lesson 12's numbers at the whiteboard, in several styles."""

import math

import numpy as np

import bpkit
from tests.answers import answer

# ---------------------------------------------------------------- counting


@answer("layer by layer")
def count_parameters(d, h, k):
    return (d + 1) * h + (h + 1) * k


@answer("sizes of arrays")
def count_parameters(d, h, k):
    arrays = [np.zeros((d, h)), np.zeros(h), np.zeros((h, k)), np.zeros(k)]
    return sum(array.size for array in arrays)


@answer("h factored out, as a float")
def count_parameters(d, h, k):
    return float(h * (d + k + 1) + k)


@answer("math.ceil")
def count_updates(n, batch_size, epochs):
    return math.ceil(n / batch_size) * epochs


@answer("whole batches and a rest")
def count_updates(n, batch_size, epochs):
    whole, rest = divmod(n, batch_size)
    return epochs * (whole + (rest > 0))


@answer("counted one by one")
def count_updates(n, batch_size, epochs):
    return sum(1 for _ in range(epochs) for _ in range(0, n, batch_size))


# ---------------------------------------------------------------- losses and slopes


@answer("NumPy")
def loss_before_training(k):
    return np.log(k)


@answer("minus the log of a share")
def loss_before_training(k):
    return -math.log(1 / k)


@answer("bpkit's loss of equal scores")
def loss_before_training(k):
    return bpkit.sparse_cce_with_logits([0], np.zeros((1, k)))


@answer("multiplied out")
def slope_by_two_routes(w, x):
    return 2 * w * x + x**2


@answer("route by route")
def slope_by_two_routes(w, x):
    u, v = w + x, w * x
    through_u = v * 1
    through_v = u * x
    return through_u + through_v


@answer("factored")
def slope_by_two_routes(w, x):
    return x * (w + w + x)


@answer("bpkit's sigmoid")
def slope_of_one_neuron(x, w, b, y):
    return x * (bpkit.sigmoid(w * x + b) - y)


@answer("long chain")
def slope_of_one_neuron(x, w, b, y):
    z = w * x + b
    a = 1 / (1 + np.exp(-z))
    da = -y / a + (1 - y) / (1 - a)
    return da * a * (1 - a) * x


@answer("by cases of the label")
def slope_of_one_neuron(x, w, b, y):
    z = x * w + b
    return -x / (1 + math.exp(z)) if y == 1 else x / (1 + math.exp(-z))


@answer("an if")
def slope_through_a_relu(x, w1, w2, y):
    if w1 * x <= 0:
        return 0.0
    return 2 * (w2 * w1 * x - y) * w2 * x


@answer("link by link")
def slope_through_a_relu(x, w1, w2, y):
    z = w1 * x
    a = np.maximum(z, 0)
    dout = 2 * (w2 * a - y)
    da = dout * w2
    dz = da * np.where(z > 0, 1.0, 0.0)
    return dz * x


@answer("mask first")
def slope_through_a_relu(x, w1, w2, y):
    on = float(w1 * x > 0)
    return on * x * w2 * (w2 * w1 * x * on - y) * 2


# ---------------------------------------------------------------- steps


@answer("v first")
def momentum_in_the_long_run(lr, beta, g):
    v = g / (1 - beta)
    return -lr * v


@answer("waiting for it")
def momentum_in_the_long_run(lr, beta, g):
    v = 0.0
    for _ in range(1000):
        v = beta * v + g
    return -(lr * v)


@answer("sign in the denominator")
def momentum_in_the_long_run(lr, beta, g):
    return lr * g / (beta - 1)


@answer("np.hypot")
def factor_of_clipping(g1, g2, max_norm):
    norm = np.hypot(g1, g2)
    return max_norm / norm if norm > max_norm else 1


@answer("np.linalg.norm")
def factor_of_clipping(g1, g2, max_norm):
    return np.minimum(1.0, max_norm / np.linalg.norm([g1, g2]))


@answer("over the larger of two")
def factor_of_clipping(g1, g2, max_norm):
    return max_norm / max(max_norm, (g1**2 + g2**2) ** 0.5)
