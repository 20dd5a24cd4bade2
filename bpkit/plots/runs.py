"""Ten training runs with one real bug in each, for lesson 12. Whoever reads this file reads the answers.

Every run is trained on the spot, beside a sound one of the same network on the same data.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bpkit import datasets
from bpkit._arrays import whole
from bpkit.activations import relu, relu_backward, sigmoid
from bpkit.initializers import he_std
from bpkit.layers import dense, dense_backward
from bpkit.losses import (
    bce_with_logits,
    bce_with_logits_backward,
    hinge,
    hinge_backward,
    mse,
    mse_backward,
    sparse_cce_with_logits,
    sparse_cce_with_logits_backward,
)
from bpkit.optimizers import gradient_step, momentum_step
from bpkit.plots.drawing import legend, panels

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

Params = dict[str, Any]


class Run(NamedTuple):
    """The losses of a run, one a step, and a second thing that was measured after each step."""

    losses: list[float]
    second: list[float]


def faulty_run(number: int) -> tuple[Axes, Axes]:
    """Train with a bug and without, and draw both: the training loss, and beside it what else was measured.

    Args:
        number: which of the ten runs, 1 to 10.
    Returns:
        The two axes.
    Raises:
        ValueError: there is no such run.
    """
    if whole("number", number, 1) > len(_RUNS):
        raise ValueError(f"number must be at most {len(_RUNS)}, got {number}")
    train, what = _RUNS[number - 1]
    left, right = panels(across=2, height=2.5)
    for sound, label, look in ((True, "a sound run", ("0.55", "--", 1.2)), (False, "this run", ("C0", "-", 1.8))):
        run, (colour, dash, width) = train(sound), look
        for ax, values in ((left, run.losses), (right, run.second)):
            ax.plot(values, color=colour, linestyle=dash, linewidth=width, label=label)
            ax.set_xlabel("step")
    left.set_ylabel("training loss")
    right.set_ylabel(what)
    _room(left, train(False).losses)
    legend(left)
    return left, right


def _room(ax: Axes, losses: list[float]) -> None:
    """Make losses that hardly move look flat, and mark where they stop being numbers."""
    values = np.asarray(losses)
    low, high = ax.get_ylim()
    if high - low < 0.02:
        ax.set_ylim(low - 0.5, high + 0.5)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        ax.axvline(bad[0], color="0.3", linestyle=":", label=f"nan from step {bad[0]}")


# ---------------------------------------------------------------- data and networks


class _Room(NamedTuple):
    X: Any
    y: Any
    X_new: Any
    y_new: Any


@cache
def _tumours() -> _Room:
    data = datasets.breast_cancer()
    X = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
    order = np.random.default_rng(0).permutation(len(X))
    a, b = order[:400], order[400:]
    return _Room(X[a], data.y[a, None], X[b], data.y[b, None])


@cache
def _images() -> _Room:
    data = datasets.digits()
    order = np.random.default_rng(0).permutation(len(data.X))
    a, b = order[:1200], order[1200:]
    return _Room(data.X[a], data.y[a], data.X[b], data.y[b])


def _start(d: int, h: int, k: int) -> Params:
    rng = np.random.default_rng(1)
    W1, W2 = rng.normal(0, he_std(d), (d, h)), rng.normal(0, he_std(h), (h, k))
    return {"W1": W1, "b1": np.zeros(h), "W2": W2, "b2": np.zeros(k)}


def _scores(X: Any, p: Params) -> Any:
    return dense(relu(dense(X, p["W1"], p["b1"])), p["W2"], p["b2"])


def _gradients(X: Any, p: Params, slope: Callable[[Any], Any]) -> Params:
    z1 = dense(X, p["W1"], p["b1"])
    a1 = relu(z1)
    da1, W2, b2 = dense_backward(slope(dense(a1, p["W2"], p["b2"])), a1, p["W2"])
    _, W1, b1 = dense_backward(relu_backward(da1, z1), X, p["W1"])
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def _right_on_tumours(p: Params) -> float:
    room = _tumours()
    return float(np.mean((_scores(room.X_new, p) > 0) == room.y_new))


def _right_on_images(p: Params) -> float:
    room = _images()
    return float(np.mean(_scores(room.X_new, p).argmax(axis=1) == room.y_new))


# ---------------------------------------------------------------- the runs


def _tumour_run(steps: int, step: Callable[[Params, Params, int], Params], sign: float = 1.0) -> Run:
    room, p, run = _tumours(), _start(30, 8, 1), Run([], [])
    for t in range(steps):
        run.losses.append(sign * bce_with_logits(room.y, _scores(room.X, p)))
        p = step(p, _gradients(room.X, p, lambda z: bce_with_logits_backward(room.y, z)), t)
        run.second.append(_right_on_tumours(p))
    return run


@cache
def _run_a(sound: bool) -> Run:
    way = 1.0 if sound else -1.0
    return _tumour_run(40, lambda p, g, t: gradient_step(p, {key: way * value for key, value in g.items()}, 0.03))


@cache
def _run_b(sound: bool) -> Run:
    def step(p: Params, g: Params, t: int) -> Params:
        new = gradient_step(p, g, 0.2)
        return new if sound else p

    return _tumour_run(60, step)


@cache
def _run_c(sound: bool) -> Run:
    return _tumour_run(60, lambda p, g, t: gradient_step(p, g, 0.2), 1.0 if sound else -1.0)


@cache
def _run_e(sound: bool) -> Run:
    room, p, run = _tumours(), _start(30, 8, 1), Run([], [])
    velocity = {key: np.zeros_like(value) for key, value in p.items()}
    for _ in range(120):
        z = _scores(room.X, p)
        with np.errstate(all="ignore"):
            a = sigmoid(z)
            loss = -np.mean(room.y * np.log(a) + (1 - room.y) * np.log(1 - a))
        run.losses.append(bce_with_logits(room.y, z) if sound else float(loss))
        g = _gradients(room.X, p, lambda z: bce_with_logits_backward(room.y, z))
        p, velocity = momentum_step(p, g, velocity, 0.4, 0.9)
        run.second.append(float(np.max(z)))
    return run


def _image_run(
    epochs: int, order: Callable[[Any, int], tuple[Any, Any]], lr: Callable[[int], float], size: int = 40
) -> Run:
    room, p, run, rng = _images(), _start(64, 32, 10), Run([], []), np.random.default_rng(2)
    for epoch in range(epochs):
        rows, labels = order(rng, epoch)
        for i in range(0, len(rows), size):
            X, y = room.X[rows[i : i + size]], room.y[labels[i : i + size]]
            run.losses.append(sparse_cce_with_logits(y, _scores(X, p)))
            slope = _gradients(X, p, lambda z, y=y: sparse_cce_with_logits_backward(y, z))  # type: ignore[misc]
            p = gradient_step(p, slope, lr(len(run.losses)))
            run.second.append(_right_on_images(p))
    return run


@cache
def _run_f(sound: bool) -> Run:
    def order(rng: Any, epoch: int) -> tuple[Any, Any]:
        rows = rng.permutation(1200)
        return rows, rows if sound else rng.permutation(1200)

    return _image_run(5, order, lambda t: 0.3)


@cache
def _run_g(sound: bool) -> Run:
    order_of_labels = np.argsort(_images().y, kind="stable")

    def order(rng: Any, epoch: int) -> tuple[Any, Any]:
        rows = rng.permutation(1200) if sound else order_of_labels
        return rows, rows

    return _image_run(2, order, lambda t: 0.1, 12)


@cache
def _run_h(sound: bool) -> Run:
    def order(rng: Any, epoch: int) -> tuple[Any, Any]:
        rows = rng.permutation(1200)
        return rows, rows

    return _image_run(8, order, lambda t: 0.3 / (1 + 0.05 * t) if sound else 0.3 / 1 + 0.05 * t * 0.3)


def _patients() -> tuple[Any, Any]:
    data = datasets.diabetes()
    return (data.X - data.X.mean(axis=0)) / data.X.std(axis=0), (data.y - data.y.mean()) / data.y.std()


@cache
def _run_i(sound: bool) -> Run:
    (X, target), p, run = _patients(), _start(10, 16, 1), Run([], [])
    y = target[:, None] if sound else np.broadcast_to(target, (len(target), len(target)))
    for _ in range(150):
        z = _scores(X, p)
        wide = z if sound else np.repeat(z, len(target), axis=1)
        run.losses.append(mse(y, wide))
        slope = mse_backward(y, wide).sum(axis=1, keepdims=True)
        p = gradient_step(p, _gradients(X, p, lambda z, slope=slope: slope), 0.05)  # type: ignore[misc]
        run.second.append(float(_scores(X, p).std()))
    return run


@cache
def _run_d(sound: bool) -> Run:
    (X, target), p, run = _patients(), _start(10, 16, 1), Run([], [])
    kept: Params = dict.fromkeys(p, 0.0)
    for _ in range(150):
        run.losses.append(mse(target[:, None], _scores(X, p)))
        g = _gradients(X, p, lambda z: mse_backward(target[:, None], z))
        for key, value in g.items():
            kept[key] = value + (0.0 if sound else kept[key])
        p = gradient_step(p, kept, 0.02)
        run.second.append(float(np.sqrt(sum(np.sum(value**2) for value in kept.values()))))
    return run


@cache
def _run_j(sound: bool) -> Run:
    room, w, run = _tumours(), np.zeros((30, 1)), Run([], [])
    y = 2 * room.y - 1
    for _ in range(60):
        s = room.X @ w
        together = float(np.mean(1 - y * s))
        run.losses.append(hinge(y, s) if sound else max(together, 0.0))
        slope = hinge_backward(y, s) if sound else -y / len(y) * (together > 0)
        w = w - 0.02 * room.X.T @ slope
        run.second.append(float(np.mean(y * (room.X @ w) < 1)))
    return run


_ACCURACY = "accuracy on unseen data"
_RUNS: tuple[tuple[Callable[[bool], Run], str], ...] = (
    (_run_a, _ACCURACY),
    (_run_b, _ACCURACY),
    (_run_f, _ACCURACY),
    (_run_c, _ACCURACY),
    (_run_g, _ACCURACY),
    (_run_e, "largest z before the sigmoid"),
    (_run_h, _ACCURACY),
    (_run_i, "spread of the predictions"),
    (_run_d, "length of lr's factor"),
    (_run_j, "share of examples with y·s < 1"),
)
