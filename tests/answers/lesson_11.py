# ruff: noqa: F811
"""Right answers to lesson 11 (digits), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- one_hot


@answer("rows of the identity")
def one_hot(labels, k):
    return np.eye(k)[labels]


@answer("loops")
def one_hot(labels, k):
    out = np.zeros((len(labels), k))
    for i, label in enumerate(labels):
        out[i, label] = 1.0
    return out


@answer("comparison")
def one_hot(labels, k):
    return (np.asarray(labels)[:, None] == np.arange(k)[None, :]).astype(np.float64)


@answer("flat positions")
def one_hot(labels, k):
    labels = np.asarray(labels)
    flat = np.zeros(labels.size * k)
    flat[np.arange(labels.size) * k + labels] = 1
    return flat.reshape(labels.size, k)


# ---------------------------------------------------------------- accuracy


@answer("vectorised")
def accuracy(labels, z):
    return float(np.mean(np.argmax(z, axis=1) == labels))


@answer("loops")
def accuracy(labels, z):
    right = 0
    for label, row in zip(labels, z, strict=True):
        best = 0
        for j in range(1, len(row)):
            if row[j] > row[best]:
                best = j
        if best == label:
            right += 1
    return right / len(labels)


@answer("count of errors")
def accuracy(labels, z):
    wrong = np.count_nonzero(np.asarray(z).argmax(axis=-1) - np.asarray(labels))
    return 1.0 - wrong / np.size(labels)


# ---------------------------------------------------------------- confusion_matrix


@answer("loops")
def confusion_matrix(labels, predicted, k):
    table = np.zeros((k, k), dtype=int)
    for truth, guess in zip(labels, predicted, strict=True):
        table[truth, guess] += 1
    return table


@answer("add.at")
def confusion_matrix(labels, predicted, k):
    table = np.zeros((k, k), dtype=np.int64)
    np.add.at(table, (labels, predicted), 1)
    return table


@answer("bincount of pairs")
def confusion_matrix(labels, predicted, k):
    pairs = k * np.asarray(labels, dtype=int) + np.asarray(predicted)
    return np.bincount(pairs, minlength=k * k).reshape(k, k)


@answer("product of one-hot matrices, float64")
def confusion_matrix(labels, predicted, k):
    eye = np.eye(k)
    return eye[labels].T @ eye[predicted]


# ---------------------------------------------------------------- train_classifier


@answer("vectorised")
def train_classifier(X, labels, hidden, lr, epochs, batch_size, rng):
    n, d = X.shape
    k = int(labels.max()) + 1
    params = {
        "W1": rng.normal(0.0, np.sqrt(2 / d), (d, hidden)),
        "b1": np.zeros(hidden),
        "W2": rng.normal(0.0, np.sqrt(2 / hidden), (hidden, k)),
        "b2": np.zeros(k),
    }
    m = {name: np.zeros_like(p) for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    t = 0
    losses = []
    for _ in range(epochs):
        order = rng.permutation(n)
        total = 0.0
        for start in range(0, n, batch_size):
            rows = order[start : start + batch_size]
            x, y = X[rows], labels[rows]
            each = np.arange(len(rows))
            # forward
            z1 = x @ params["W1"] + params["b1"]
            a1 = np.maximum(z1, 0)
            z2 = a1 @ params["W2"] + params["b2"]
            s = z2 - z2.max(axis=1, keepdims=True)
            log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
            total -= log_p[each, y].sum()
            # backward
            dz2 = np.exp(log_p)
            dz2[each, y] -= 1
            dz2 /= len(rows)
            dz1 = (dz2 @ params["W2"].T) * (z1 > 0)
            grads = {"W1": x.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}
            # Adam
            t += 1
            for name, g in grads.items():
                m[name] = 0.9 * m[name] + 0.1 * g
                v[name] = 0.999 * v[name] + 0.001 * g**2
                m_hat = m[name] / (1 - 0.9**t)
                v_hat = v[name] / (1 - 0.999**t)
                params[name] = params[name] - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
        losses.append(float(total / n))
    return params, losses


@answer("einsum, long chain, one-hot")
def train_classifier(X, labels, hidden, lr, epochs, batch_size, rng):
    X = np.asarray(X, dtype=float)
    k = int(np.max(labels)) + 1
    T = np.eye(k)[labels]
    W1 = rng.standard_normal((X.shape[1], hidden)) * (2.0 / X.shape[1]) ** 0.5
    W2 = rng.standard_normal((hidden, k)) * (2.0 / hidden) ** 0.5
    params = {"W1": W1, "b1": np.zeros(hidden), "W2": W2, "b2": np.zeros(k)}
    moments = {name: (np.zeros(p.shape), np.zeros(p.shape)) for name, p in params.items()}
    beta1, beta2, eps, step = 0.9, 0.999, 1e-8, 0

    def loss_and_grads(P, x, target):
        z1 = np.einsum("nd,dh->nh", x, P["W1"]) + P["b1"]
        a1 = np.where(z1 > 0, z1, 0.0)
        z2 = np.einsum("nh,hk->nk", a1, P["W2"]) + P["b2"]
        log_p = z2 - np.logaddexp.reduce(z2, axis=1)[:, None]
        loss = -np.mean(np.sum(target * log_p, axis=1))
        dlog_p = -target / len(x)
        dz2 = dlog_p - np.exp(log_p) * np.sum(dlog_p, axis=1)[:, None]
        da1 = np.einsum("nk,hk->nh", dz2, P["W2"])
        dz1 = da1 * np.where(z1 > 0, 1.0, 0.0)
        return loss, {
            "W2": np.einsum("nh,nk->hk", a1, dz2),
            "b2": np.einsum("nk->k", dz2),
            "W1": np.einsum("nd,nh->dh", x, dz1),
            "b1": np.einsum("nh->h", dz1),
        }

    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(X))
        batches = np.split(order, range(batch_size, len(X), batch_size))
        batch_losses = []
        for rows in batches:
            loss, grads = loss_and_grads(params, X[rows], T[rows])
            batch_losses.append(loss)
            step += 1
            for name in params:
                m, v = moments[name]
                m = beta1 * m + (1 - beta1) * grads[name]
                v = beta2 * v + (1 - beta2) * np.square(grads[name])
                moments[name] = (m, v)
                root = np.sqrt(v / (1 - beta2**step))
                params[name] = params[name] - lr * (m / (1 - beta1**step)) / (root + eps)
        losses.append(float(np.average(batch_losses, weights=[len(rows) for rows in batches])))
    return params, losses


@answer("loop over the examples")
def train_classifier(X, labels, hidden, lr, epochs, batch_size, rng):
    n, d = X.shape
    k = int(max(labels)) + 1
    W1 = rng.normal(scale=np.sqrt(2.0 / d), size=(d, hidden))
    W2 = rng.normal(scale=np.sqrt(2.0 / hidden), size=(hidden, k))
    params = [W1, np.zeros(hidden), W2, np.zeros(k)]
    first = [np.zeros(p.shape) for p in params]
    second = [np.zeros(p.shape) for p in params]
    updates = 0
    history = []
    for _ in range(epochs):
        waiting = rng.permutation(n).tolist()
        seen_loss = 0.0
        while waiting:
            batch, waiting = waiting[:batch_size], waiting[batch_size:]
            W1, b1, W2, b2 = params
            grads = [np.zeros(p.shape) for p in params]
            for i in batch:
                x = X[i]
                z1 = x @ W1 + b1
                a1 = z1 * (z1 > 0)
                z2 = a1 @ W2 + b2
                e = np.exp(z2 - z2.max())
                p = e / e.sum()
                seen_loss += np.log(e.sum()) - (z2[labels[i]] - z2.max())
                p[labels[i]] -= 1.0
                dz1 = (W2 @ p) * (z1 > 0)
                grads[0] += np.outer(x, dz1)
                grads[1] += dz1
                grads[2] += np.outer(a1, p)
                grads[3] += p
            updates += 1
            for j in range(4):
                g = grads[j] / len(batch)
                first[j] = 0.9 * first[j] + (1 - 0.9) * g
                second[j] = 0.999 * second[j] + (1 - 0.999) * g * g
                numerator = first[j] / (1 - 0.9**updates)
                denominator = np.sqrt(second[j] / (1 - 0.999**updates)) + 1e-8
                params[j] = params[j] - lr * numerator / denominator
        history.append(seen_loss / n)
    return dict(zip(("W1", "b1", "W2", "b2"), params, strict=True)), history


@answer("one flat vector, random numbers drawn in another order")
def train_classifier(X, labels, hidden, lr, epochs, batch_size, rng):
    n, d = X.shape
    k = int(labels.max()) + 1
    theta = np.zeros(d * hidden + hidden + hidden * k + k)

    def views(vector):
        c1, c2, c3 = d * hidden, d * hidden + hidden, d * hidden + hidden + hidden * k
        return {
            "W1": vector[:c1].reshape(d, hidden),
            "b1": vector[c1:c2],
            "W2": vector[c2:c3].reshape(hidden, k),
            "b2": vector[c3:],
        }

    start = views(theta)
    start["W2"][...] = rng.standard_normal((hidden, k)) * np.sqrt(2 / hidden)
    start["W1"][...] = rng.standard_normal((d, hidden)) * np.sqrt(2 / d)
    m, v = np.zeros(theta.size), np.zeros(theta.size)
    t, losses = 0, []
    for _ in range(epochs):
        order = np.argsort(rng.random(n))
        per_row = np.zeros(n)
        for begin in range(0, n, batch_size):
            rows = order[begin : begin + batch_size]
            P = views(theta)
            a1 = np.maximum(X[rows] @ P["W1"] + P["b1"], 0)
            z2 = a1 @ P["W2"] + P["b2"]
            gaps = z2 - np.take_along_axis(z2, labels[rows][:, None], axis=1)
            lse = np.logaddexp.reduce(gaps, axis=1)
            per_row[rows] = lse
            dz2 = (np.exp(gaps - lse[:, None]) - (np.arange(k) == labels[rows][:, None])) / len(rows)
            dz1 = (dz2 @ P["W2"].T) * (a1 > 0)
            g = np.concatenate([(X[rows].T @ dz1).ravel(), dz1.sum(0), (a1.T @ dz2).ravel(), dz2.sum(0)])
            t += 1
            m = m + 0.1 * (g - m)
            v = v + 0.001 * (g * g - v)
            theta = theta - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        losses.append(float(per_row.mean()))
    return {name: np.array(p) for name, p in views(theta).items()}, losses
