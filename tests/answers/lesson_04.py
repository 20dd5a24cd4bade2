# ruff: noqa: F811
"""Right answers to lesson 04 (cross-entropy), in several styles."""

import numpy as np

from tests.answers import answer


def _softmax_rows(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _log_softmax_rows(z):
    s = z - np.max(z, axis=-1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


def _scalar_sigmoid(v):
    return 1.0 / (1.0 + np.exp(-v)) if v >= 0 else np.exp(v) / (1.0 + np.exp(v))


# ---------------------------------------------------------------- softmax


@answer("shifted")
def softmax(z):
    z = np.asarray(z, dtype=float)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@answer("loops")
def softmax(z):
    z = np.asarray(z, dtype=float)
    p = np.empty(z.shape)
    for row in np.ndindex(z.shape[:-1]):
        top = max(z[row])
        e = [np.exp(v - top) for v in z[row]]
        total = sum(e)
        for j in range(len(e)):
            p[(*row, j)] = e[j] / total
    return p


@answer("through log-sum-exp")
def softmax(z):
    z = np.asarray(z, dtype=float)
    return np.exp(z - np.logaddexp.reduce(z, axis=-1)[..., None])


@answer("pairwise differences")
def softmax(z):
    z = np.asarray(z, dtype=float)
    differences = z[..., None, :] - z[..., :, None]  # [i, j] = z_j - z_i
    with np.errstate(over="ignore"):
        return 1.0 / np.exp(differences).sum(axis=-1)


@answer("row by row")
def softmax(z):
    def one(row):
        e = np.exp(row - np.max(row))
        return e / np.sum(e)

    return np.apply_along_axis(one, -1, np.asarray(z, dtype=np.float64))


# ---------------------------------------------------------------- log_softmax


@answer("shifted")
def log_softmax(z):
    z = np.asarray(z, dtype=float)
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


@answer("logaddexp")
def log_softmax(z):
    z = np.asarray(z, dtype=float)
    return z - np.expand_dims(np.logaddexp.reduce(z, axis=-1), -1)


@answer("loops")
def log_softmax(z):
    z = np.asarray(z, dtype=float)
    out = np.empty(z.shape)
    for row in np.ndindex(z.shape[:-1]):
        top = max(z[row])
        total = 0.0
        for v in z[row]:
            total += np.exp(v - top)
        for j, v in enumerate(z[row]):
            out[(*row, j)] = v - top - np.log(total)
    return out


@answer("pairwise differences")
def log_softmax(z):
    z = np.asarray(z, dtype=float)
    return -np.logaddexp.reduce(z[..., None, :] - z[..., :, None], axis=-1)


# ---------------------------------------------------------------- cce


@answer("vectorised")
def cce(y_true, p):
    return -np.sum(y_true * np.log(p), axis=1).mean()


@answer("loops")
def cce(y_true, p):
    n, k = p.shape
    total = 0.0
    for i in range(n):
        for j in range(k):
            if y_true[i, j] != 0:
                total -= y_true[i, j] * np.log(p[i, j])
    return total / n


@answer("einsum")
def cce(y_true, p):
    return np.einsum("nk,nk->", np.asarray(y_true, dtype=float), -np.log(p)) / len(p)


@answer("trace of a matrix product")
def cce(y_true, p):
    return -np.trace(np.log(p) @ np.transpose(y_true)) / np.shape(p)[0]


# ---------------------------------------------------------------- cce_backward


@answer("vectorised")
def cce_backward(y_true, p):
    return -y_true / p / len(p)


@answer("loops")
def cce_backward(y_true, p):
    n, k = p.shape
    dp = np.zeros((n, k))
    for i in range(n):
        for j in range(k):
            dp[i, j] = -float(y_true[i, j]) / (n * float(p[i, j]))
    return dp


@answer("long chain")
def cce_backward(y_true, p):
    dL_drow = np.full(p.shape[0], 1.0 / p.shape[0])  # mean over the rows
    drow_dlog = -np.asarray(y_true, dtype=float)
    dlog_dp = np.reciprocal(np.asarray(p, dtype=float))
    return dL_drow[:, None] * drow_dlog * dlog_dp


# ---------------------------------------------------------------- softmax_backward


@answer("fused")
def softmax_backward(dp, p):
    return p * (dp - (dp * p).sum(axis=-1, keepdims=True))


@answer("explicit Jacobian")
def softmax_backward(dp, p):
    p = np.asarray(p, dtype=float)
    dp = np.asarray(dp, dtype=float)
    jacobian = p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :]
    return (jacobian @ dp[..., None])[..., 0]


@answer("loops")
def softmax_backward(dp, p):
    dp, p = np.asarray(dp), np.asarray(p)
    k = p.shape[-1]
    dz = np.zeros(p.shape)
    for row in np.ndindex(p.shape[:-1]):
        for i in range(k):
            for j in range(k):
                same = 1.0 if i == j else 0.0
                dz[(*row, i)] += dp[(*row, j)] * p[(*row, j)] * (same - p[(*row, i)])
    return dz


@answer("einsum")
def softmax_backward(dp, p):
    weighted = np.multiply(dp, p)
    return weighted - np.einsum("...i,...j->...i", p, weighted)


# ---------------------------------------------------------------- cce_with_logits


@answer("log-softmax")
def cce_with_logits(y_true, z):
    z = np.asarray(z, dtype=float)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -(y_true * log_p).sum(axis=1).mean()


@answer("log-sum-exp minus the score")
def cce_with_logits(y_true, z):
    z = np.asarray(z, dtype=float)
    t = np.asarray(y_true, dtype=float)
    lse = np.logaddexp.reduce(z, axis=1)
    return np.mean(np.sum(t * (lse[:, None] - z), axis=1))


@answer("loops")
def cce_with_logits(y_true, z):
    z = np.asarray(z, dtype=float)
    n, k = z.shape
    loss = 0.0
    for i in range(n):
        top = max(z[i, j] for j in range(k))
        rest = np.log(sum(np.exp(z[i, j] - top) for j in range(k)))
        for j in range(k):
            loss += y_true[i][j] * (top - z[i, j] + rest) / n
    return loss


@answer("einsum")
def cce_with_logits(y_true, z):
    return -np.einsum("nk,nk->", np.asarray(y_true, dtype=float), _log_softmax_rows(np.asarray(z, dtype=float))) / len(
        z
    )


# ---------------------------------------------------------------- cce_with_logits_backward


@answer("fused")
def cce_with_logits_backward(y_true, z):
    z = np.asarray(z, dtype=float)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (p - y_true) / len(z)


@answer("long chain through log-softmax")
def cce_with_logits_backward(y_true, z):
    p = _softmax_rows(np.asarray(z, dtype=float))
    dlog_p = -np.asarray(y_true, dtype=float) / p.shape[0]
    return dlog_p - p * dlog_p.sum(axis=1, keepdims=True)


@answer("explicit softmax Jacobian")
def cce_with_logits_backward(y_true, z):
    p = np.maximum(_softmax_rows(np.asarray(z, dtype=float)), 1e-300)  # t / p times p must stay t
    dp = -np.asarray(y_true, dtype=float) / p / len(p)
    jacobian = np.einsum("ni,ij->nij", p, np.eye(p.shape[1])) - np.einsum("ni,nj->nij", p, p)
    return np.einsum("nij,nj->ni", jacobian, dp)


@answer("loops")
def cce_with_logits_backward(y_true, z):
    z = np.asarray(z, dtype=float)
    n, k = z.shape
    dz = np.zeros((n, k))
    for i in range(n):
        top = max(z[i])
        total = sum(np.exp(v - top) for v in z[i])
        for j in range(k):
            dz[i, j] = (np.exp(z[i, j] - top) / total - y_true[i][j]) / n
    return dz


# ---------------------------------------------------------------- sparse_cce


@answer("fancy indexing")
def sparse_cce(labels, p):
    return -np.log(p[np.arange(len(labels)), labels]).mean()


@answer("loops")
def sparse_cce(labels, p):
    total = 0.0
    for i, label in enumerate(labels):
        total -= np.log(p[i][label])
    return total / len(labels)


@answer("one-hot")
def sparse_cce(labels, p):
    t = np.eye(p.shape[1])[labels]
    return -(t * np.log(p)).sum() / p.shape[0]


@answer("take along axis")
def sparse_cce(labels, p):
    chosen = np.take_along_axis(np.asarray(p, dtype=float), np.asarray(labels)[:, None], axis=1)
    return float(np.mean(-np.log(chosen)))


# ---------------------------------------------------------------- sparse_cce_backward


@answer("fancy indexing")
def sparse_cce_backward(labels, p):
    dp = np.zeros(p.shape)
    rows = np.arange(len(p))
    dp[rows, labels] = -1 / (p[rows, labels] * len(p))
    return dp


@answer("loops")
def sparse_cce_backward(labels, p):
    n, k = p.shape
    dp = np.zeros((n, k))
    for i in range(n):
        for j in range(k):
            if j == labels[i]:
                dp[i, j] = -1.0 / p[i, j] / n
    return dp


@answer("one-hot")
def sparse_cce_backward(labels, p):
    t = (np.arange(p.shape[1]) == np.asarray(labels)[:, None]).astype(float)
    return -t / p / p.shape[0]


# ---------------------------------------------------------------- sparse_cce_with_logits


@answer("fancy indexing")
def sparse_cce_with_logits(labels, z):
    z = np.asarray(z, dtype=float)
    s = z - z.max(axis=1, keepdims=True)
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


@answer("loops")
def sparse_cce_with_logits(labels, z):
    total = 0.0
    for row, label in zip(np.asarray(z, dtype=float), labels, strict=True):
        # log of a sum of exponentials of differences, biggest taken out
        gaps = row - row[label]
        top = max(gaps)
        total += top + np.log(sum(np.exp(g - top) for g in gaps))
    return total / len(labels)


@answer("log-sum-exp minus the score")
def sparse_cce_with_logits(labels, z):
    z = np.asarray(z, dtype=float)
    lse = np.logaddexp.reduce(z, axis=1)
    score = np.take_along_axis(z, np.asarray(labels)[:, None], axis=1)[:, 0]
    return np.mean(lse - score)


@answer("one-hot")
def sparse_cce_with_logits(labels, z):
    z = np.asarray(z, dtype=float)
    t = np.eye(z.shape[1])[labels]
    return -np.einsum("nk,nk->", t, _log_softmax_rows(z)) / z.shape[0]


# ---------------------------------------------------------------- sparse_cce_with_logits_backward


@answer("subtract one at the label")
def sparse_cce_with_logits_backward(labels, z):
    z = np.asarray(z, dtype=float)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    dz[np.arange(len(labels)), labels] -= 1.0
    return dz / len(labels)


@answer("loops")
def sparse_cce_with_logits_backward(labels, z):
    z = np.asarray(z, dtype=float)
    n, k = z.shape
    dz = np.zeros((n, k))
    for i in range(n):
        top = max(z[i])
        total = sum(np.exp(v - top) for v in z[i])
        for j in range(k):
            hit = 1.0 if labels[i] == j else 0.0
            dz[i, j] = (np.exp(z[i, j] - top) / total - hit) / n
    return dz


@answer("one-hot")
def sparse_cce_with_logits_backward(labels, z):
    p = np.exp(_log_softmax_rows(np.asarray(z, dtype=float)))
    return (p - np.eye(p.shape[1])[labels]) / p.shape[0]


@answer("long chain through log-softmax")
def sparse_cce_with_logits_backward(labels, z):
    p = _softmax_rows(np.asarray(z, dtype=float))
    n, k = p.shape
    dlog_p = np.zeros((n, k))
    dlog_p[np.arange(n), labels] = -1.0 / n
    # d log p_j / d z_i = [i = j] - p_i
    jacobian = np.eye(k)[None, :, :] - p[:, None, :]
    return np.einsum("nji,nj->ni", jacobian, dlog_p)


# ---------------------------------------------------------------- bce_with_logits


@answer("max form")
def bce_with_logits(y_true, z):
    z = np.asarray(z, dtype=float)
    return np.mean(np.maximum(z, 0) - y_true * z + np.log1p(np.exp(-np.abs(z))))


@answer("softplus")
def bce_with_logits(y_true, z):
    t = np.asarray(y_true, dtype=float)
    z = np.asarray(z, dtype=float)
    return (t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)).mean()


@answer("loops")
def bce_with_logits(y_true, z):
    y_true, z = np.asarray(y_true, dtype=float), np.asarray(z, dtype=float)
    total = 0.0
    for i in np.ndindex(z.shape):
        small = np.log1p(np.exp(-abs(z[i])))
        if z[i] > 0:
            total += (1 - y_true[i]) * z[i] + small
        else:
            total += small - y_true[i] * z[i]
    return total / z.size


@answer("two-class log-softmax")
def bce_with_logits(y_true, z):
    z = np.asarray(z, dtype=float)
    t = np.asarray(y_true, dtype=float)
    log_p = _log_softmax_rows(np.stack([np.zeros(z.shape), z], axis=-1))
    return -np.mean((1 - t) * log_p[..., 0] + t * log_p[..., 1])


# ---------------------------------------------------------------- bce_with_logits_backward


@answer("fused")
def bce_with_logits_backward(y_true, z):
    z = np.asarray(z, dtype=float)
    a = 0.5 * (1 + np.tanh(0.5 * z))
    return (a - y_true) / z.size


@answer("long chain")
def bce_with_logits_backward(y_true, z):
    eps = np.finfo(float).eps
    t = np.asarray(y_true, dtype=float)
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    a = np.clip(np.where(z > 0, 1 / (1 + e), e / (1 + e)), eps, 1 - eps)
    dL_da = (-t / a + (1 - t) / (1 - a)) / z.size
    da_dz = a * (1 - a)
    return dL_da * da_dz


@answer("slopes of the two softplus terms")
def bce_with_logits_backward(y_true, z):
    t = np.asarray(y_true, dtype=float)
    z = np.asarray(z, dtype=float)
    up = np.exp(-np.logaddexp(0, -z))  # slope of softplus(z)
    down = np.exp(-np.logaddexp(0, z))  # minus the slope of softplus(-z)
    return ((1 - t) * up - t * down) / np.size(z)


@answer("loops")
def bce_with_logits_backward(y_true, z):
    y_true, z = np.asarray(y_true, dtype=float), np.asarray(z, dtype=float)
    dz = np.empty(z.shape)
    for i in np.ndindex(z.shape):
        dz[i] = (_scalar_sigmoid(z[i]) - y_true[i]) / z.size
    return dz
