# ruff: noqa: F811
"""Right answers to lesson 07 (gradient descent), in several styles."""

import numpy as np

from tests.answers import answer

# ---------------------------------------------------------------- minibatches


@answer("slices of a permutation")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    batches = []
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        batches.append((X[rows], y[rows]))
    return batches


@answer("split")
def minibatches(X, y, batch_size, rng):
    order = rng.permutation(X.shape[0])
    cuts = np.arange(batch_size, X.shape[0], batch_size)
    Xs, ys = np.split(X[order], cuts), np.split(y[order], cuts)
    return list(zip(Xs, ys, strict=True))


@answer("row by row")
def minibatches(X, y, batch_size, rng):
    batches = []
    xs, ts = [], []
    for i in rng.permutation(len(X)):
        xs.append(X[i])
        ts.append(y[i])
        if len(xs) == batch_size:
            batches.append((np.array(xs), np.array(ts)))
            xs, ts = [], []
    if xs:
        batches.append((np.array(xs), np.array(ts)))
    return batches


@answer("shuffled list of indices")
def minibatches(X, y, batch_size, rng):
    indices = list(range(len(X)))
    rng.shuffle(indices)
    count = -(-len(indices) // batch_size)
    chunks = [indices[b * batch_size : (b + 1) * batch_size] for b in range(count)]
    return [(np.take(X, c, axis=0), np.take(y, c, axis=0)) for c in chunks]


@answer("sorted random keys")
def minibatches(X, y, batch_size, rng):
    order = np.argsort(rng.random(len(X)))
    batches = []
    while order.size:
        now, order = order[:batch_size], order[batch_size:]
        batches.append((X[now].copy(), y[now].copy()))
    return batches


# ---------------------------------------------------------------- sgd_epoch


@answer("slices of a permutation")
def sgd_epoch(params, X, y, lr, batch_size, rng, loss_and_grads):
    order = rng.permutation(len(X))
    losses = []
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        loss, grads = loss_and_grads(params, X[rows], y[rows])
        params = {name: params[name] - lr * grads[name] for name in params}
        losses.append(loss)
    return params, losses


@answer("list of batches first")
def sgd_epoch(params, X, y, lr, batch_size, rng, loss_and_grads):
    def cut(a, order):
        return np.split(a[order], range(batch_size, len(a), batch_size))

    order = rng.permutation(len(X))
    batches = list(zip(cut(X, order), cut(y, order), strict=True))
    current = {name: np.array(value, dtype=float) for name, value in params.items()}
    losses = []
    for X_batch, y_batch in batches:
        loss, grads = loss_and_grads(current, X_batch, y_batch)
        losses.append(float(loss))
        for name in current:
            current[name] = current[name] - lr * np.asarray(grads[name])
    return current, losses


@answer("loops")
def sgd_epoch(params, X, y, lr, batch_size, rng, loss_and_grads):
    new = {name: np.array(value, dtype=float) for name, value in params.items()}
    losses = []
    waiting = [int(i) for i in rng.permutation(len(X))]
    while waiting:
        batch, waiting = waiting[:batch_size], waiting[batch_size:]
        X_batch = np.stack([X[i] for i in batch])
        y_batch = np.stack([y[i] for i in batch])
        loss, grads = loss_and_grads(new, X_batch, y_batch)
        losses.append(loss)
        moved = {}
        for name, value in new.items():
            g = np.asarray(grads[name])
            out = np.empty(value.shape)
            for index in np.ndindex(value.shape):
                out[index] = value[index] - lr * g[index]
            moved[name] = out
        new = moved
    return new, losses


@answer("recursion, order from sorted random keys")
def sgd_epoch(params, X, y, lr, batch_size, rng, loss_and_grads):
    order = np.argsort(rng.random(len(X)))
    count = int(np.ceil(len(X) / batch_size))

    def after(b):
        """Parameters and losses after the first b batches."""
        if b == 0:
            return dict(params), []
        now, losses = after(b - 1)
        rows = order[(b - 1) * batch_size : b * batch_size]
        loss, grads = loss_and_grads(now, X[rows], y[rows])
        return {k: np.subtract(now[k], np.multiply(lr, grads[k])) for k in now}, [*losses, loss]

    if count <= 200:
        return after(count)
    now, losses = dict(params), []
    for b in range(count):  # too many batches for recursion
        rows = order[b * batch_size : (b + 1) * batch_size]
        loss, grads = loss_and_grads(now, X[rows], y[rows])
        now = {k: np.subtract(now[k], np.multiply(lr, grads[k])) for k in now}
        losses.append(loss)
    return now, losses


# ---------------------------------------------------------------- step_decay


@answer("floor division")
def step_decay(lr0, step, drop, every):
    return lr0 * drop ** (step // every)


@answer("loops")
def step_decay(lr0, step, drop, every):
    lr = lr0
    passed = every
    while passed <= step:
        lr = lr * drop
        passed += every
    return lr


@answer("floor and power")
def step_decay(lr0, step, drop, every):
    return lr0 * np.power(float(drop), np.floor(step / every))


@answer("remainder first")
def step_decay(lr0, step, drop, every):
    drops = (step - step % every) / every
    return lr0 * drop**drops


# ---------------------------------------------------------------- exponential_decay


@answer("one line")
def exponential_decay(lr0, step, rate):
    return lr0 * np.exp(-rate * step)


@answer("power of the per-step factor")
def exponential_decay(lr0, step, rate):
    return lr0 * np.exp(-rate) ** step


@answer("division")
def exponential_decay(lr0, step, rate):
    growth = np.exp(step * rate)
    return lr0 / growth


@answer("loops")
def exponential_decay(lr0, step, rate):
    lr = float(lr0)
    whole = int(step)
    for _ in range(whole):
        lr *= np.exp(-rate)
    return lr * np.exp(-rate * (step - whole))


# ---------------------------------------------------------------- cosine_decay


@answer("one line")
def cosine_decay(lr0, step, total):
    return 0.5 * lr0 * (1 + np.cos(np.pi * step / total))


@answer("half angle")
def cosine_decay(lr0, step, total):
    return lr0 * np.cos(np.pi * step / (2 * total)) ** 2


@answer("one minus sine squared")
def cosine_decay(lr0, step, total):
    lost = np.sin(0.5 * np.pi * step / total) ** 2
    return lr0 * (1 - lost)


@answer("complex exponential")
def cosine_decay(lr0, step, total):
    turn = np.exp(1j * np.pi * step / total)
    return lr0 * (1 + turn.real) / 2


# ---------------------------------------------------------------- momentum_step


@answer("dict comprehension")
def momentum_step(params, grads, velocity, lr, beta=0.9):
    velocity = {k: beta * velocity[k] + grads[k] for k in params}
    params = {k: params[k] - lr * velocity[k] for k in params}
    return params, velocity


@answer("loops")
def momentum_step(params, grads, velocity, lr, beta=0.9):
    new_params, new_velocity = {}, {}
    for name in params:
        p, g, v = (np.asarray(d[name]) for d in (params, grads, velocity))
        q, u = np.empty(p.shape), np.empty(p.shape)
        for i in np.ndindex(p.shape):
            u[i] = beta * v[i] + g[i]
            q[i] = p[i] - lr * u[i]
        new_params[name], new_velocity[name] = q, u
    return new_params, new_velocity


@answer("copies, then in-place on the copies")
def momentum_step(params, grads, velocity, lr, beta=0.9):
    p = {k: np.array(v, dtype=float) for k, v in params.items()}
    u = {k: np.array(v, dtype=float) for k, v in velocity.items()}
    for k in p:
        u[k] *= beta
        u[k] += grads[k]
        p[k] -= lr * u[k]
    return p, u


@answer("matrix")
def momentum_step(params, grads, velocity, lr, beta=0.9):
    # (p, v) -> M (p, v, g) for every entry
    M = np.array([[1.0, -lr * beta, -lr], [0.0, beta, 1.0]])
    moved = {
        k: np.tensordot(M, np.stack([np.asarray(d[k], dtype=float) for d in (params, velocity, grads)]), axes=1)
        for k in params
    }
    return {k: both[0] for k, both in moved.items()}, {k: both[1] for k, both in moved.items()}


# ---------------------------------------------------------------- adam_step


@answer("textbook")
def adam_step(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    m = {k: beta1 * state["m"][k] + (1 - beta1) * grads[k] for k in params}
    v = {k: beta2 * state["v"][k] + (1 - beta2) * grads[k] ** 2 for k in params}
    new = {}
    for k in params:
        m_hat = m[k] / (1 - beta1**t)
        v_hat = v[k] / (1 - beta2**t)
        new[k] = params[k] - lr * m_hat / (np.sqrt(v_hat) + eps)
    return new, {"t": t, "m": m, "v": v}


@answer("loops")
def adam_step(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    new, m, v = {}, {}, {}
    for name in params:
        p, g = np.asarray(params[name]), np.asarray(grads[name], dtype=float)
        m_old, v_old = np.asarray(state["m"][name]), np.asarray(state["v"][name])
        q, mm, vv = np.empty(p.shape), np.empty(p.shape), np.empty(p.shape)
        for i in np.ndindex(p.shape):
            mm[i] = beta1 * m_old[i] + (1 - beta1) * g[i]
            vv[i] = beta2 * v_old[i] + (1 - beta2) * g[i] * g[i]
            m_hat = mm[i] / (1 - beta1**t)
            v_hat = vv[i] / (1 - beta2**t)
            q[i] = p[i] - lr * m_hat / (v_hat**0.5 + eps)
        new[name], m[name], v[name] = q, mm, vv
    return new, {"t": t, "m": m, "v": v}


@answer("corrections folded into the step")
def adam_step(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    root = np.sqrt(1 - beta2**t)
    step = lr * root / (1 - beta1**t)
    new, m, v = {}, {}, {}
    for k, p in params.items():
        g = np.asarray(grads[k], dtype=float)
        m[k] = state["m"][k] + (1 - beta1) * (g - state["m"][k])
        v[k] = state["v"][k] + (1 - beta2) * (np.square(g) - state["v"][k])
        new[k] = p - step * m[k] / (np.sqrt(v[k]) + eps * root)
    return new, {"t": t, "m": m, "v": v}


@answer("one flat vector")
def adam_step(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    names = list(params)

    def flatten(d):
        return np.concatenate([np.ravel(d[k]).astype(float) for k in names])

    def unflatten(vector):
        out, start = {}, 0
        for k in names:
            size = np.size(params[k])
            out[k] = vector[start : start + size].reshape(np.shape(params[k]))
            start += size
        return out

    t = state["t"] + 1
    p, g, m, v = flatten(params), flatten(grads), flatten(state["m"]), flatten(state["v"])
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    p = p - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return unflatten(p), {"t": t, "m": unflatten(m), "v": unflatten(v)}
