"""Whole networks: one neuron, two layers, deep stacks. Each is a few calls to the functions of the other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import at_least, floats, same_length, same_shape, scalar, whole, with_ndim, within
from bpkit.activations import relu, relu_backward, sigmoid, sigmoid_backward
from bpkit.layers import dense, dense_backward
from bpkit.losses import bce, mse_backward

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from bpkit._arrays import Array


def neuron_forward(X: ArrayLike, w: ArrayLike, b: ArrayLike) -> Array:
    """Answer of one sigmoid neuron for each example.

    Args:
        X: examples (n, d).
        w: weights (d,).
        b: bias, one number.
    Returns:
        a (n,): the predicted probability of label 1.
    Formula:
        a = sigmoid(X @ w + b). NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or X is empty.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.2.
    Example:
        >>> neuron_forward([[1.0, 2.0], [0.0, 0.0]], [2.0, -1.0], 0.0)
        array([0.5, 0.5])
    """
    X, w = with_ndim("X", X, "n d"), with_ndim("w", w, "d")
    same_length("w", w, 0, f"X {X.shape}", X.shape[1], "columns")
    return sigmoid(X @ w + scalar("b", b))


def neuron_backward(X: ArrayLike, y_true: ArrayLike, a: ArrayLike) -> tuple[Array, float]:
    """Gradients of one sigmoid neuron under binary cross-entropy.

    Args:
        X: examples (n, d).
        y_true: labels in [0, 1], (n,).
        a: the neuron's answers (n,), from `neuron_forward`.
    Returns:
        (dw, db): dw (d,), db one number.
    Formula:
        dz = (a - y) / n, dw = Xᵀ @ dz, db = Σ dz. It is bce_backward and sigmoid_backward multiplied
        out: a (1 - a) cancels. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, X is empty, or y_true or a leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.91.
    Example:
        >>> dw, db = neuron_backward([[1.0, 2.0], [3.0, 4.0]], [1.0, 0.0], [0.5, 0.5])
        >>> dw, db
        (array([0.5, 0.5]), 0.0)
    """
    X, y_true, a = with_ndim("X", X, "n d"), with_ndim("y_true", y_true, "n"), with_ndim("a", a, "n")
    same_shape(y_true=y_true, a=a)
    same_length("y_true", y_true, 0, f"X {X.shape}", len(X), "rows")
    within("y_true", y_true, 0.0, 1.0)
    within("a", a, 0.0, 1.0)
    dz = (a - y_true) / len(X)
    return X.T @ dz, float(dz.sum())


def train_neuron(X: ArrayLike, y_true: ArrayLike, lr: float, steps: int) -> tuple[Array, float, list[float]]:
    """Train one sigmoid neuron by gradient descent on the whole batch, starting from zeros.

    Args:
        X: examples (n, d).
        y_true: labels in [0, 1], (n,).
        lr: learning rate, above 0.
        steps: how many updates, 0 or more.
    Returns:
        (w, b, losses): w (d,), b one number, losses a list of `steps` floats, each taken before its update.
    Formula:
        steps times: a = forward, losses.append(bce), w -= lr dw, b -= lr db. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, X is empty, y_true leaves [0, 1], lr <= 0 or steps < 0.
    Source:
        Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées" (1847).
    Example:
        >>> w, b, losses = train_neuron([[-1.0], [1.0]], [0.0, 1.0], lr=1.0, steps=2)
        >>> w.round(4), [round(loss, 4) for loss in losses]
        (array([0.8775]), [0.6931, 0.4741])
    """
    X, lr = with_ndim("X", X, "n d"), at_least("lr", lr, 0.0, strict=True)
    w, b = np.zeros(X.shape[1]), 0.0
    losses = []
    for _ in range(whole("steps", steps, 0)):
        a = neuron_forward(X, w, b)
        losses.append(bce(y_true, a))
        dw, db = neuron_backward(X, y_true, a)
        w, b = w - lr * dw, b - lr * db
    return w, b, losses


def two_layer_forward(X: ArrayLike, params: Mapping[str, ArrayLike]) -> tuple[Array, dict[str, Array]]:
    """Run a network with one hidden ReLU layer and sigmoid outputs, and keep what backward needs.

    Args:
        X: examples (n, d).
        params: dict of W1 (d, h), b1 (h,), W2 (h, k), b2 (k,).
    Returns:
        (a2, cache): a2 (n, k) probabilities; cache is a dict of X, z1, a1, z2, a2.
    Formula:
        z1 = X @ W1 + b1, a1 = relu(z1), z2 = a1 @ W2 + b2, a2 = sigmoid(z2). NaN stays NaN.
    Raises:
        ValueError: params lacks a key, or the shapes do not fit.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> params = {"W1": [[1.0, -1.0]], "b1": [0.0, 0.0], "W2": [[2.0], [2.0]], "b2": [-2.0]}
        >>> a2, cache = two_layer_forward([[1.0]], params)
        >>> a2, cache["a1"]
        (array([[0.5]]), array([[1., 0.]]))
    """
    W1, b1, W2, b2 = _two_layer_params(params)
    X = with_ndim("X", X, "n d")
    z1 = dense(X, W1, b1)
    a1 = relu(z1)
    z2 = dense(a1, W2, b2)
    a2 = sigmoid(z2)
    return a2, {"X": X, "z1": z1, "a1": a1, "z2": z2, "a2": a2}


def two_layer_backward(
    y_true: ArrayLike, cache: Mapping[str, ArrayLike], params: Mapping[str, ArrayLike]
) -> dict[str, Array]:
    """Gradients of the two-layer network under binary cross-entropy.

    Args:
        y_true: labels in [0, 1], (n, k).
        cache: the dict that `two_layer_forward` returned.
        params: dict of W1, b1, W2, b2 as in the forward pass.
    Returns:
        grads: a dict with the keys and shapes of params.
    Formula:
        dz2 = (a2 - y) / (n k), dW2 = a1ᵀ @ dz2, db2 = Σ dz2, da1 = dz2 @ W2ᵀ, dz1 = da1 where z1 > 0,
        dW1 = Xᵀ @ dz1, db1 = Σ dz1. NaN stays NaN.
    Raises:
        ValueError: a key is missing, the shapes do not fit, or y_true leaves [0, 1].
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> params = {"W1": [[1.0, -1.0]], "b1": [0.0, 0.0], "W2": [[2.0], [2.0]], "b2": [-2.0]}
        >>> _, cache = two_layer_forward([[1.0]], params)
        >>> two_layer_backward([[1.0]], cache, params)["W1"]
        array([[-1.,  0.]])
    """
    W1, _, W2, _ = _two_layer_params(params)
    missing = {"X", "z1", "a1", "a2"} - set(cache)
    if missing:
        raise ValueError(f"cache must be the dict of two_layer_forward; it lacks {sorted(missing)}")
    y_true, a2 = with_ndim("y_true", y_true, "n k"), with_ndim("cache['a2']", cache["a2"], "n k")
    same_shape(y_true=y_true, a2=a2)
    within("y_true", y_true, 0.0, 1.0)
    dz2 = (a2 - y_true) / y_true.size
    da1, dW2, db2 = dense_backward(dz2, cache["a1"], W2)
    dz1 = relu_backward(da1, cache["z1"])
    _, dW1, db1 = dense_backward(dz1, cache["X"], W1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def cheatsheet_gradients(
    X: ArrayLike, y_true: ArrayLike, W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: ArrayLike
) -> dict[str, Array]:
    """Gradients of a sigmoid-sigmoid network under mean squared error, with the missing 1/size put back.

    Args:
        X: examples (n, d).
        y_true: targets (n, k).
        W1, b1, W2, b2: weights and biases (d, h), (h,), (h, k), (k,).
    Returns:
        grads: a dict of W1, b1, W2, b2 with their shapes.
    Formula:
        dz2 = 2 (a2 - y) / size * a2 (1 - a2), then as in any dense network. The program this mends
        left out 1/size, so it followed the sum of squares while it printed the mean. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or one is empty.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> grads = cheatsheet_gradients([[1.0]], [[1.0]], [[0.0]], [0.0], [[0.0]], [0.0])
        >>> grads["W2"]
        array([[-0.125]])
    """
    X, y_true, W1 = with_ndim("X", X, "n d"), with_ndim("y_true", y_true, "n k"), with_ndim("W1", W1, "d h")
    a1 = sigmoid(dense(X, W1, b1))
    a2 = sigmoid(dense(a1, W2, b2))
    same_shape(y_true=y_true, a2=a2)
    dz2 = sigmoid_backward(mse_backward(y_true, a2), a2)
    da1, dW2, db2 = dense_backward(dz2, a1, W2)
    _, dW1, db1 = dense_backward(sigmoid_backward(da1, a1), X, W1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def _two_layer_params(params: Mapping[str, ArrayLike]) -> list[Array]:
    missing = {"W1", "b1", "W2", "b2"} - set(params)
    if missing:
        raise ValueError(f"params must hold W1, b1, W2 and b2; it lacks {sorted(missing)}")
    return [floats(f"params[{key!r}]", params[key]) for key in ("W1", "b1", "W2", "b2")]
