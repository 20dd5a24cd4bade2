"""What a check hands to a function besides arrays: curves, random generators, a model to train, a graph.

A check may run beside the student's function or on the far side of a wall, so everything it hands over
is described by plain data and brought to life by `hand_out` just before the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A smooth function known by name and numbers: `Curve("cubic", (1.0, 2.0, 3.0))`.

    Called with a number or an array it returns the value; the names are the keys of `CURVES`.
    """

    kind: str
    numbers: tuple[Any, ...]

    def __call__(self, x: Any) -> Any:
        return CURVES[self.kind](x, *self.numbers)


@dataclass(frozen=True)
class Seeded:
    """A `numpy.random.Generator` in its first state, made anew for every call."""

    seed: int


@dataclass(frozen=True)
class LinearModel:
    """A straight line under squared error, for functions that train what they are given.

    Alive it is called as loss_and_grads(params, X, y) with params w (d,) and b, and notes every call.
    """


@dataclass(frozen=True)
class Graph:
    """A computation as plain data: for each node its value, the indices of its parents, and one matrix per parent.

    The matrices stand for the derivatives: a node hands `matrix @ gradient` back to that parent, or, where the
    matrix is None, the gradient itself, as a sum does. The last node is the result.
    """

    values: tuple[Any, ...]
    parents: tuple[tuple[int, ...], ...]
    matrices: tuple[tuple[Any, ...], ...]
    stale: bool = False


class Living:
    """A `LinearModel` at work; `calls` lists the arguments of every call, as they were."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, params: Any, X: Any, y: Any) -> tuple[float, dict[str, Any]]:
        w, b = np.array(params["w"], float), float(params["b"])
        X, y = np.array(X, float), np.array(y, float)
        self.calls.append({"w": w, "b": b, "X": X, "y": y})
        return linear_loss_and_grads({"w": w, "b": b}, X, y)


def linear_loss_and_grads(params: Any, X: Any, y: Any) -> tuple[float, dict[str, Any]]:
    """Mean squared error of X @ w + b, and its gradients."""
    error = X @ params["w"] + params["b"] - y
    return float(np.mean(error**2)), {"w": 2.0 * X.T @ error / len(y), "b": float(2.0 * np.mean(error))}


CURVES: dict[str, Callable[..., Any]] = {
    "quadratic": lambda x, a, b, c: a * x**2 + b * x + c,
    "quadratic slope": lambda x, a, b, c: 2 * a * x + b,
    "cubic": lambda x, a, b, c: a * x**3 + b * x**2 + c * x,
    "cubic slope": lambda x, a, b, c: 3 * a * x**2 + 2 * b * x + c,
    "wave": lambda x, a, b, c: a * np.sin(b * x + c),
    "wave slope": lambda x, a, b, c: a * b * np.cos(b * x + c),
    "growth": lambda x, a, b: a * np.exp(b * x),
    "growth slope": lambda x, a, b: a * b * np.exp(b * x),
    # The entries of x meet in the last term: a slope measured at a slightly wrong place shows.
    "bowl": lambda x, a, b: float(np.sum(a * np.asarray(x) ** 2 + b * np.asarray(x)) + 0.5 * np.sum(x) ** 2),
    "raised ripples": lambda x, a, b, c: float(np.sum(a * np.sin(b * np.asarray(x))) + c),
    "ripples": lambda x, a, b: float(np.sum(a * np.sin(b * np.asarray(x))) + 0.5 * np.sum(x) ** 2),
}


def hand_out(value: Any) -> Any:
    """Return a fresh copy of `value` for one call; nothing the callee does can reach the original."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: hand_out(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(hand_out(entry) for entry in value)
    if isinstance(value, Seeded):
        return np.random.default_rng(value.seed)
    if isinstance(value, LinearModel):
        return Living()
    if isinstance(value, Graph):
        return grow(value)
    return value


def grow(graph: Graph) -> Any:
    """Build the nodes of a graph and return the last one; each knows its number, the last one knows them all."""
    from bpkit.autodiff import Node

    nodes: list[Any] = []
    for number, (value, parents, matrices) in enumerate(zip(graph.values, graph.parents, graph.matrices, strict=True)):
        node: Any = Node(value.copy(), tuple(nodes[i] for i in parents))
        node.number = number
        if parents:
            node.vjp = _vjp([nodes[i].value.shape for i in parents], matrices)
        if graph.stale:
            node.grad = np.full(node.value.shape, 7.0)
        nodes.append(node)
    nodes[-1].all_nodes = nodes
    return nodes[-1]


def _vjp(shapes: list[tuple[int, ...]], matrices: tuple[Any, ...]) -> Callable[..., Any]:
    def vjp(gradient: Any) -> tuple[Any, ...]:
        gradient = np.asarray(gradient)
        return tuple(
            gradient if matrix is None else (matrix @ gradient.ravel()).reshape(shape)
            for matrix, shape in zip(matrices, shapes, strict=True)
        )

    return vjp
