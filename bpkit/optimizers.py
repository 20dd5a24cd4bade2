"""Gradient descent and what grew out of it. Every step returns new arrays and leaves its arguments alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import a_dict, an_array, at_least, floats, grads_like, scalar, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


def gradient_step(params: Mapping[str, ArrayLike], grads: Mapping[str, ArrayLike], lr: float) -> dict[str, Array]:
    """One step of gradient descent for every parameter.

    Args:
        params: dict of arrays or numbers.
        grads: dict with the same keys and shapes.
        lr: learning rate, above 0.
    Returns:
        A new dict with the same keys and shapes; params is left as it was.
    Formula:
        p_new = p - lr * dp. NaN stays NaN.
    Raises:
        ValueError: the keys or shapes of params and grads differ, or lr <= 0.
    Source:
        Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées" (1847).
    Example:
        >>> gradient_step({"w": [1.0, 2.0]}, {"w": [10.0, -10.0]}, lr=0.1)
        {'w': array([0., 3.])}
    """
    lr = at_least("lr", lr, 0.0, strict=True)
    p, g = grads_like(params, grads)
    return {key: p[key] - lr * g[key] for key in p}


def minibatches(
    X: ArrayLike, y: ArrayLike, batch_size: int, rng: np.random.Generator
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Shuffle the rows once and cut them into batches; X and y stay paired.

    Args:
        X: examples (n, …), one per row.
        y: targets (n, …), row i belongs to row i of X; whole numbers stay whole numbers.
        batch_size: rows in a batch, at least 1.
        rng: a `numpy.random.Generator`; one permutation is drawn from it.
    Returns:
        A list of (X, y) batches, each row in exactly one; the last batch may be shorter.
    Formula:
        order = a permutation of 0 … n-1; batch j holds rows order[j b : (j + 1) b]. NaN stays NaN.
    Raises:
        ValueError: X and y differ in length or are empty, or batch_size < 1.
    Source:
        Bottou, "Stochastic gradient descent tricks" (2012).
    Example:
        >>> batches = minibatches([[1.0], [2.0], [3.0]], [1, 2, 3], 2, np.random.default_rng(0))
        >>> [len(X) for X, y in batches]
        [2, 1]
    """
    X, y = floats("X", X), an_array("y", y)
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y) or len(X) == 0:
        raise ValueError(f"X and y must have the same number of rows, at least 1, got X {X.shape}, y {y.shape}")
    size, order = whole("batch_size", batch_size, 1), rng.permutation(len(X))
    return [(X[rows], y[rows]) for rows in (order[i : i + size] for i in range(0, len(X), size))]


def sgd_epoch(
    params: Mapping[str, ArrayLike],
    X: ArrayLike,
    y: ArrayLike,
    lr: float,
    batch_size: int,
    rng: np.random.Generator,
    loss_and_grads: Callable[..., tuple[float, Mapping[str, ArrayLike]]],
) -> tuple[dict[str, Array], list[float]]:
    """Show every example once, in shuffled batches, with one step of gradient descent after each batch.

    Args:
        params: dict of arrays or numbers.
        X, y: examples and targets, row by row.
        lr: learning rate, above 0.
        batch_size: n gives batch gradient descent, 1 stochastic, anything between mini-batch.
        rng: a `numpy.random.Generator` for the shuffling.
        loss_and_grads: called as loss_and_grads(params, X_batch, y_batch), returns (loss, grads).
    Returns:
        (params, losses): a new dict, and one loss for each batch, taken before its update.
    Formula:
        for each batch: p = p - lr dp. NaN stays NaN.
    Raises:
        ValueError: as in `minibatches` and `gradient_step`.
    Source:
        Robbins and Monro, "A stochastic approximation method" (1951).
    Example:
        >>> def loss_and_grads(params, X, y):
        ...     error = X[:, 0] * params["w"] - y
        ...     return float(np.mean(error**2)), {"w": np.mean(2 * error * X[:, 0])}
        >>> params, losses = sgd_epoch(
        ...     {"w": 0.0}, [[1.0], [1.0]], [2.0, 2.0], 0.5, 1, np.random.default_rng(0), loss_and_grads
        ... )
        >>> float(params["w"]), losses
        (2.0, [4.0, 0.0])
    """
    losses = []
    current = {key: floats(f"params[{key!r}]", value) for key, value in params.items()}
    for X_batch, y_batch in minibatches(X, y, batch_size, rng):
        loss, grads = loss_and_grads(current, X_batch, y_batch)
        losses.append(float(loss))
        current = gradient_step(current, grads, lr)
    return current, losses


def step_decay(lr0: float, step: int, drop: float, every: int) -> float:
    """Learning rate that falls in stairs: after every `every` steps only the share `drop` is kept.

    Args:
        lr0: learning rate at step 0.
        step: which step, 0 or more.
        drop: the share that is kept at each stair, above 0 and at most 1.
        every: length of a stair in steps, at least 1.
    Returns:
        The learning rate at `step`.
    Formula:
        lr0 * drop^floor(step / every). NaN in lr0 gives NaN.
    Raises:
        ValueError: a number is out of its range.
    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 8.3.1.
    Example:
        >>> [round(step_decay(1.0, step, drop=0.7, every=10), 2) for step in (0, 9, 10, 25)]
        [1.0, 1.0, 0.7, 0.49]
    """
    lr0, drop = at_least("lr0", lr0, 0.0), at_least("drop", drop, 0.0, strict=True)
    if drop > 1:
        raise ValueError(f"drop is the share that is kept, so it must be at most 1, got {drop:g}")
    return lr0 * drop ** (math.floor(at_least("step", step, 0)) // whole("every", every, 1))


def exponential_decay(lr0: float, step: int, rate: float) -> float:
    """Learning rate that falls by the same factor at every step.

    Args:
        lr0: learning rate at step 0.
        step: which step, 0 or more.
        rate: how fast it falls, 0 or more, per step.
    Returns:
        The learning rate at `step`.
    Formula:
        lr0 * exp(-rate * step): the ratio of two successive rates is constant. (lr0 / (1 + k t) is
        inverse-time decay, another schedule.) NaN gives NaN.
    Raises:
        ValueError: a number is negative.
    Source:
        Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 8.3.1.
    Example:
        >>> [round(exponential_decay(1.0, step, 0.5), 3) for step in (0, 1, 2)]
        [1.0, 0.607, 0.368]
    """
    return at_least("lr0", lr0, 0.0) * math.exp(-at_least("rate", rate, 0.0) * at_least("step", step, 0.0))


def cosine_decay(lr0: float, step: int, total: int) -> float:
    """Learning rate that falls along half a cosine, slowly at both ends, to 0 at step `total`.

    Args:
        lr0: learning rate at step 0.
        step: which step, from 0 to total; after that the rate stays 0.
        total: number of steps, at least 1.
    Returns:
        The learning rate at `step`.
    Formula:
        lr0 * (1 + cos(π step / total)) / 2. NaN gives NaN.
    Raises:
        ValueError: a number is out of its range.
    Source:
        Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
    Example:
        >>> [round(cosine_decay(1.0, step, 100), 3) for step in (0, 25, 50, 100)]
        [1.0, 0.854, 0.5, 0.0]
    """
    share = min(at_least("step", step, 0.0) / whole("total", total, 1), 1.0)
    return 0.5 * at_least("lr0", lr0, 0.0) * (1.0 + math.cos(math.pi * share))


def momentum_step(
    params: Mapping[str, ArrayLike],
    grads: Mapping[str, ArrayLike],
    velocity: Mapping[str, ArrayLike],
    lr: float,
    beta: float = 0.9,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """One step of gradient descent with momentum: gradients gather in a velocity that carries on.

    Args:
        params, grads: dicts with the same keys and shapes.
        velocity: dict like params; zeros before the first step.
        lr: learning rate, above 0.
        beta: share of the velocity that is kept, 0 <= beta < 1.
    Returns:
        (params, velocity): two new dicts.
    Formula:
        v = beta v + g, p = p - lr v. NaN stays NaN.
    Raises:
        ValueError: keys or shapes differ, lr <= 0, or beta leaves [0, 1).
    Source:
        Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).
    Example:
        >>> params, velocity = {"w": 1.0}, {"w": 0.0}
        >>> for _ in range(2):
        ...     params, velocity = momentum_step(params, {"w": 1.0}, velocity, lr=0.1, beta=0.5)
        >>> float(params["w"]), float(velocity["w"])
        (0.75, 1.5)
    """
    lr, beta = at_least("lr", lr, 0.0, strict=True), _share("beta", beta)
    p, g = grads_like(params, grads)
    _, v = grads_like(params, velocity, "velocity")
    new_v = {key: beta * v[key] + g[key] for key in p}
    return {key: p[key] - lr * new_v[key] for key in p}, new_v


def adam_step(
    params: Mapping[str, ArrayLike],
    grads: Mapping[str, ArrayLike],
    state: Mapping[str, Any],
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[dict[str, Array], dict[str, Any]]:
    """One step of Adam: momentum, with every entry's step scaled by the size of its own gradients.

    Args:
        params, grads: dicts with the same keys and shapes.
        state: dict of t (steps made so far, 0 before the first), m and v (dicts like params, zeros at first).
        lr: learning rate, above 0.
        beta1, beta2: shares kept of the running means of g and g², each in [0, 1).
        eps: added to the root, so that nothing is divided by 0; above 0.
    Returns:
        (params, state): a new dict and a new state with t raised by 1.
    Formula:
        t = t + 1, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g²,
        p = p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps). NaN stays NaN.
    Raises:
        ValueError: keys or shapes differ, state lacks t, m or v, or a number is out of its range.
    Source:
        Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    Example:
        >>> state = {"t": 0, "m": {"w": 0.0}, "v": {"w": 0.0}}
        >>> params, state = adam_step({"w": 1.0}, {"w": 5.0}, state, lr=0.1)
        >>> round(float(params["w"]), 6), state["t"]
        (0.9, 1)
    """
    lr, eps = at_least("lr", lr, 0.0, strict=True), at_least("eps", eps, 0.0, strict=True)
    beta1, beta2 = _share("beta1", beta1), _share("beta2", beta2)
    a_dict("state", state)
    missing = {"t", "m", "v"} - set(state)
    if missing:
        raise ValueError(f"state must hold t, m and v; it lacks {sorted(missing)}")
    p, g = grads_like(params, grads)
    m, v = grads_like(params, state["m"], "state['m']")[1], grads_like(params, state["v"], "state['v']")[1]
    t = whole("state['t']", state["t"], 0) + 1
    m = {key: beta1 * m[key] + (1.0 - beta1) * g[key] for key in p}
    v = {key: beta2 * v[key] + (1.0 - beta2) * g[key] ** 2 for key in p}
    m_scale, v_scale = 1.0 / (1.0 - beta1**t), 1.0 / (1.0 - beta2**t)
    new = {key: p[key] - lr * (m[key] * m_scale) / (np.sqrt(v[key] * v_scale) + eps) for key in p}
    return new, {"t": t, "m": m, "v": v}


def clip_by_global_norm(grads: Mapping[str, ArrayLike], max_norm: float) -> tuple[dict[str, Array], float]:
    """Shorten all gradients by one common factor if together they are longer than `max_norm`.

    Args:
        grads: dict of arrays or numbers.
        max_norm: the greatest length allowed, above 0.
    Returns:
        (grads, norm): a new dict, and the global norm before clipping.
    Formula:
        norm = sqrt(Σ of all squared entries of all gradients); each gradient times
        min(1, max_norm / norm). One factor for all keeps the direction. NaN gives NaN.
    Raises:
        ValueError: grads is empty, or max_norm <= 0.
    Source:
        Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).
    Example:
        >>> clipped, norm = clip_by_global_norm({"w": [3.0], "b": [4.0]}, max_norm=1.0)
        >>> clipped["w"], clipped["b"], norm
        (array([0.6]), array([0.8]), 5.0)
    """
    max_norm = at_least("max_norm", max_norm, 0.0, strict=True)
    a_dict("grads", grads)
    if not grads:
        raise ValueError("grads is empty: it holds no arrays")
    g = {key: floats(f"grads[{key!r}]", value) for key, value in grads.items()}
    norm = math.sqrt(sum(float(np.sum(array * array)) for array in g.values()))
    factor = max_norm / norm if norm > max_norm or math.isnan(norm) else 1.0
    return {key: factor * array for key, array in g.items()}, norm


def _share(name: str, value: float) -> float:
    number = scalar(name, value)
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} must lie in [0, 1), got {number:g}")
    return number
