# ruff: noqa: F811
"""Right answers to lesson 05 (margin losses), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- hinge


@answer("vectorised")
def hinge(y_true, score):
    return np.mean(np.maximum(0, 1 - y_true * np.asarray(score, dtype=float)))


@answer("loops")
def hinge(y_true, score):
    y_true, score = np.asarray(y_true), np.asarray(score)
    total = 0.0
    for i in np.ndindex(score.shape):
        gap = 1.0 - float(y_true[i]) * float(score[i])
        if gap > 0:
            total += gap
    return total / score.size


@answer("sum of the active gaps")
def hinge(y_true, score):
    gap = 1 - np.multiply(y_true, score, dtype=float)
    return gap[gap > 0].sum() / gap.size


@answer("half of gap plus |gap|")
def hinge(y_true, score):
    gap = 1.0 - np.ravel(y_true) * np.ravel(score)
    return float((gap.sum() + np.abs(gap).sum()) / (2 * gap.size))


# ---------------------------------------------------------------- hinge_backward


@answer("where")
def hinge_backward(y_true, score):
    y = np.asarray(y_true, dtype=float)
    return np.where(y * score < 1, -y, 0.0) / y.size


@answer("loops")
def hinge_backward(y_true, score):
    y_true, score = np.asarray(y_true), np.asarray(score)
    ds = np.zeros(score.shape)
    for i in np.ndindex(score.shape):
        if y_true[i] * score[i] < 1:
            ds[i] = -float(y_true[i]) / score.size
    return ds


@answer("long chain")
def hinge_backward(y_true, score):
    y = np.asarray(y_true, dtype=float)
    gap = 1.0 - y * score
    dL_dloss = 1.0 / gap.size
    dloss_dgap = np.heaviside(gap, 0.0)
    dgap_dscore = -y
    return dL_dloss * dloss_dgap * dgap_dscore


# ---------------------------------------------------------------- triplet


@answer("vectorised")
def triplet(anchor, positive, negative, margin=1.0):
    near = ((anchor - positive) ** 2).sum(axis=1)
    far = ((anchor - negative) ** 2).sum(axis=1)
    return np.maximum(near - far + margin, 0).mean()


@answer("loops")
def triplet(anchor, positive, negative, margin=1.0):
    n, d = anchor.shape
    total = 0.0
    for i in range(n):
        gap = float(margin)
        for j in range(d):
            gap += (anchor[i, j] - positive[i, j]) ** 2
            gap -= (anchor[i, j] - negative[i, j]) ** 2
        total += max(gap, 0.0)
    return float(total / n)


@answer("einsum")
def triplet(anchor, positive, negative, margin=1.0):
    u, v = anchor - positive, anchor - negative
    gap = np.einsum("nd,nd->n", u, u) - np.einsum("nd,nd->n", v, v) + margin
    return np.sum(gap * (gap > 0)) / len(gap)


@answer("difference of squares")
def triplet(anchor, positive, negative, margin=1.0):
    # |a-p|^2 - |a-n|^2 = (n - p) . (2a - p - n)
    gap = np.sum((negative - positive) * (2 * anchor - positive - negative), axis=-1) + margin
    return np.mean(np.where(gap > 0, gap, 0.0))


# ---------------------------------------------------------------- triplet_backward


@answer("vectorised")
def triplet_backward(anchor, positive, negative, margin=1.0):
    gap = ((anchor - positive) ** 2).sum(axis=1) - ((anchor - negative) ** 2).sum(axis=1) + margin
    share = (gap > 0)[:, None] * 2.0 / len(anchor)
    return share * (negative - positive), share * (positive - anchor), share * (anchor - negative)


@answer("loops")
def triplet_backward(anchor, positive, negative, margin=1.0):
    n, d = anchor.shape
    da, dp, dn = np.zeros((n, d)), np.zeros((n, d)), np.zeros((n, d))
    for i in range(n):
        near = sum((anchor[i, j] - positive[i, j]) ** 2 for j in range(d))
        far = sum((anchor[i, j] - negative[i, j]) ** 2 for j in range(d))
        if near - far + margin <= 0:
            continue
        for j in range(d):
            da[i, j] = 2 * (anchor[i, j] - positive[i, j]) / n - 2 * (anchor[i, j] - negative[i, j]) / n
            dp[i, j] = -2 * (anchor[i, j] - positive[i, j]) / n
            dn[i, j] = 2 * (anchor[i, j] - negative[i, j]) / n
    return da, dp, dn


@answer("long chain")
def triplet_backward(anchor, positive, negative, margin=1.0):
    u, v = anchor - positive, anchor - negative
    gap = np.sum(u * u, axis=1) - np.sum(v * v, axis=1) + margin
    dL_dgap = np.heaviside(gap, 0.0) / gap.size
    dL_dnear, dL_dfar = dL_dgap, -dL_dgap
    du = dL_dnear[:, None] * 2 * u
    dv = dL_dfar[:, None] * 2 * v
    return du + dv, -du, -dv


@answer("only the active rows")
def triplet_backward(anchor, positive, negative, margin=1.0):
    near = np.linalg.norm(anchor - positive, axis=1) ** 2
    far = np.linalg.norm(anchor - negative, axis=1) ** 2
    active = np.flatnonzero(near + margin > far)
    grads = np.zeros((3, *anchor.shape))
    grads[1, active] = 2 / len(anchor) * (positive - anchor)[active]
    grads[2, active] = 2 / len(anchor) * (anchor - negative)[active]
    grads[0] = -grads[1] - grads[2]  # moving all three together changes nothing
    return grads[0], grads[1], grads[2]
