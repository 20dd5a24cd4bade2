# ruff: noqa: F811
"""Right answers to lesson 06 (activations), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- tanh


@answer("library")
def tanh(z):
    return np.tanh(np.asarray(z, dtype=float))


@answer("stable exponentials")
def tanh(z):
    z = np.asarray(z, dtype=float)
    e = np.exp(-2 * np.abs(z))
    return np.sign(z) * (1 - e) / (1 + e)


@answer("expm1")
def tanh(z):
    z = np.asarray(z, dtype=float)
    e = np.expm1(-2.0 * np.abs(z))
    return np.copysign(e / (e + 2.0), z)


@answer("two sigmoids minus one")
def tanh(z):
    return 2 * np.exp(-np.logaddexp(0.0, -2 * np.asarray(z, dtype=float))) - 1


@answer("loops")
def tanh(z):
    z = np.asarray(z, dtype=float)
    a = np.empty(z.shape)
    for i in np.ndindex(z.shape):
        if z[i] >= 0:
            e = np.exp(-2 * z[i])
            a[i] = (1 - e) / (1 + e)
        else:
            e = np.exp(2 * z[i])
            a[i] = (e - 1) / (e + 1)
    return a


# ---------------------------------------------------------------- tanh_backward


@answer("vectorised")
def tanh_backward(da, a):
    return da * (1 - np.asarray(a, dtype=float) ** 2)


@answer("loops")
def tanh_backward(da, a):
    da, a = np.asarray(da), np.asarray(a)
    dz = np.zeros(a.shape)
    for i in np.ndindex(a.shape):
        dz[i] = float(da[i]) * (1.0 - float(a[i]) * float(a[i]))
    return dz


@answer("einsum")
def tanh_backward(da, a):
    da, a = np.asarray(da, dtype=float), np.asarray(a, dtype=float)
    return np.einsum("...,...,...->...", da, 1 - a, 1 + a)


@answer("subtract the lost part")
def tanh_backward(da, a):
    da = np.asarray(da, dtype=float)
    return da - da * np.square(a)


# ---------------------------------------------------------------- leaky_relu


@answer("where")
def leaky_relu(z, slope=0.01):
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, slope * z)


@answer("two halves")
def leaky_relu(z, slope=0.01):
    return np.maximum(z, 0.0) + slope * np.minimum(z, 0.0)


@answer("loops")
def leaky_relu(z, slope=0.01):
    z = np.asarray(z, dtype=float)
    a = np.empty(z.shape)
    for i in np.ndindex(z.shape):
        a[i] = z[i] if z[i] > 0 else slope * z[i]
    return a


@answer("times its own slope")
def leaky_relu(z, slope=0.01):
    z = np.asarray(z, dtype=float)
    return z * (slope + (1 - slope) * (z > 0))


@answer("straight line plus kink")
def leaky_relu(z, slope=0.01):
    return (1 + slope) / 2 * np.asarray(z, dtype=float) + (1 - slope) / 2 * np.abs(z)


# ---------------------------------------------------------------- leaky_relu_backward


@answer("where")
def leaky_relu_backward(da, z, slope=0.01):
    return da * np.where(np.asarray(z) > 0, 1.0, slope)


@answer("loops")
def leaky_relu_backward(da, z, slope=0.01):
    da, z = np.asarray(da), np.asarray(z)
    dz = np.zeros(z.shape)
    for i in np.ndindex(z.shape):
        if z[i] > 0:
            dz[i] = da[i]
        else:
            dz[i] = slope * da[i]
    return dz


@answer("masked copy")
def leaky_relu_backward(da, z, slope=0.01):
    dz = np.array(da, dtype=float)
    negative = np.asarray(z) <= 0
    dz[negative] = dz[negative] * slope
    return dz


@answer("two masks")
def leaky_relu_backward(da, z, slope=0.01):
    on = np.heaviside(z, 0.0)
    return np.multiply(da, on) + slope * np.multiply(da, 1.0 - on)


# ---------------------------------------------------------------- softmax_jacobian


@answer("diag minus outer")
def softmax_jacobian(p):
    return np.diag(p) - np.outer(p, p)


@answer("loops")
def softmax_jacobian(p):
    k = len(p)
    J = np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            J[i, j] = p[i] * (1 - p[i]) if i == j else -p[i] * p[j]
    return J


@answer("einsum")
def softmax_jacobian(p):
    p = np.asarray(p, dtype=float)
    eye = np.eye(p.size)
    return np.einsum("i,ij->ij", p, eye) - np.einsum("i,j->ij", p, p)


@answer("broadcasting")
def softmax_jacobian(p):
    p = np.asarray(p, dtype=float)
    return p[:, None] * (np.eye(len(p)) - p[None, :])


# ---------------------------------------------------------------- saturated_fraction


@answer("mean of a mask")
def saturated_fraction(a, low=0.05, high=0.95):
    a = np.asarray(a)
    return float(np.mean((a < low) | (a > high)))


@answer("loops")
def saturated_fraction(a, low=0.05, high=0.95):
    count = 0
    values = np.ravel(a)
    for v in values:
        if v < low or v > high:
            count += 1
    return count / len(values)


@answer("two counts")
def saturated_fraction(a, low=0.05, high=0.95):
    return (np.count_nonzero(np.less(a, low)) + np.count_nonzero(np.greater(a, high))) / np.size(a)


@answer("what a clip would change")
def saturated_fraction(a, low=0.05, high=0.95):
    a = np.asarray(a, dtype=float)
    return float(np.sum(np.clip(a, low, high) != a) / a.size)


# ---------------------------------------------------------------- dead_units


@answer("not any")
def dead_units(A):
    return ~np.any(A > 0, axis=0)


@answer("loops")
def dead_units(A):
    n, h = A.shape
    dead = np.ones(h, dtype=bool)
    for j in range(h):
        for i in range(n):
            if A[i, j] > 0:
                dead[j] = False
                break
    return dead


@answer("column maximum")
def dead_units(A):
    return np.max(A, axis=0) <= 0


@answer("count per column")
def dead_units(A):
    return np.sum(A > 0, axis=0) == 0
