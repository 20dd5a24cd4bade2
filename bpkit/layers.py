"""Layers with parameters: the dense layer and batch normalisation, each forward beside backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import at_least, floats, same_length, same_shape, with_ndim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from bpkit._arrays import Array


def dense(X: ArrayLike, W: ArrayLike, b: ArrayLike) -> Array:
    """Apply a dense layer: every output is a weighted sum of all inputs plus a bias.

    Args:
        X: examples (n, d), one per row.
        W: weights (d, h), one column per output.
        b: biases (h,).
    Returns:
        Z (n, h).
    Formula:
        Z = X @ W + b, the same b added to every row. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or one is empty.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> dense([[1.0, 2.0]], [[1.0, 0.0], [0.0, 10.0]], [0.5, 0.5])
        array([[ 1.5, 20.5]])
    """
    X, W = _fitting(X, W)
    b = with_ndim("b", b, "h")
    same_length("b", b, 0, f"W {W.shape}", W.shape[1], "columns")
    return X @ W + b


def dense_backward(dZ: ArrayLike, X: ArrayLike, W: ArrayLike) -> tuple[Array, Array, Array]:
    """Carry a gradient back through a dense layer: to its input, its weights and its biases.

    Args:
        dZ: dLoss/dZ (n, h).
        X: the layer's input (n, d).
        W: the layer's weights (d, h).
    Returns:
        (dX, dW, db) with the shapes of X, W and b: (n, d), (d, h), (h,).
    Formula:
        dX = dZ @ Wᵀ, dW = Xᵀ @ dZ, db = Σ of dZ over examples. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or one is empty.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> dX, dW, db = dense_backward([[1.0, 2.0]], [[3.0]], [[4.0, 5.0]])
        >>> dX, dW, db
        (array([[14.]]), array([[3., 6.]]), array([1., 2.]))
    """
    X, W = _fitting(X, W)
    dZ = with_ndim("dZ", dZ, "n h")
    if dZ.shape != (len(X), W.shape[1]):
        raise ValueError(f"dZ has shape {dZ.shape}, but X {X.shape} @ W {W.shape} has shape {(len(X), W.shape[1])}")
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)


def batch_norm_forward(
    X: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5
) -> tuple[Array, dict[str, Array]]:
    """Give every column mean 0 and variance 1 over the batch, then scale and shift it.

    Args:
        X: a batch (n, d).
        gamma, beta: scale and shift of each column (d,).
        eps: added to the variance, so that a constant column divides by something; above 0.
    Returns:
        (out, cache): out (n, d); cache is a dict of x_hat (n, d), inv_std (d,) and gamma (d,).
    Formula:
        x_hat = (X - mean) / sqrt(var + eps), out = gamma x_hat + beta; mean and var of each column,
        var the biased one (divided by n). NaN spreads over its column.
    Raises:
        ValueError: the shapes do not fit, X is empty, or eps <= 0.
    Source:
        Ioffe and Szegedy, "Batch normalization" (2015), algorithm 1.
    Example:
        >>> out, cache = batch_norm_forward([[1.0], [3.0]], [2.0], [10.0], eps=1e-12)
        >>> out.round(6)
        array([[ 8.],
               [12.]])
    """
    X = with_ndim("X", X, "n d")
    gamma, beta = _per_column("gamma", gamma, "X", X), _per_column("beta", beta, "X", X)
    centred = X - X.mean(axis=0)
    inv_std = 1.0 / np.sqrt(np.mean(centred * centred, axis=0) + at_least("eps", eps, 0.0, strict=True))
    x_hat = centred * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma.copy()}


def batch_norm_stages(dout: ArrayLike, cache: Mapping[str, ArrayLike]) -> tuple[Array, Array, Array]:
    """Carry a gradient back to the three places where batch normalisation's routes meet.

    Args:
        dout: dLoss/dout (n, d).
        cache: the dict that `batch_norm_forward` returned.
    Returns:
        (dx_hat, dmean, dvar) with shapes (n, d), (d,), (d,): the gradient for x_hat, for the mean of each
        column (x_hat alone; the variance does not move to first order) and for its variance.
    Formula:
        dx_hat = dout gamma, dmean = -inv_std Σ dx_hat, dvar = -½ inv_std² Σ dx_hat x_hat (over the batch).
        NaN spreads over its column.
    Raises:
        ValueError: cache lacks a key, or the shapes do not fit.
    Source:
        Ioffe and Szegedy, "Batch normalization" (2015), section 3.
    Example:
        >>> cache = {"x_hat": [[-1.0], [1.0]], "inv_std": [1.0], "gamma": [2.0]}
        >>> batch_norm_stages([[1.0], [0.0]], cache)
        (array([[2.],
               [0.]]), array([-2.]), array([1.]))
    """
    dout, x_hat, inv_std, gamma = _arriving(dout, cache)
    dx_hat = dout * gamma
    return dx_hat, -inv_std * dx_hat.sum(axis=0), -0.5 * inv_std**2 * (dx_hat * x_hat).sum(axis=0)


def batch_norm_backward(dout: ArrayLike, cache: Mapping[str, ArrayLike]) -> tuple[Array, Array, Array]:
    """Carry a gradient back through batch normalisation, mean and variance included.

    Args:
        dout: dLoss/dout (n, d).
        cache: the dict that `batch_norm_forward` returned.
    Returns:
        (dX, dgamma, dbeta) with shapes (n, d), (d,), (d,). Every column of dX sums to 0: adding one
        number to a whole column changes nothing.
    Formula:
        dbeta = Σ dout, dgamma = Σ dout x_hat (over the batch),
        dX = gamma inv_std (dout - dbeta/n - x_hat dgamma/n). NaN spreads over its column.
    Raises:
        ValueError: cache lacks a key, or the shapes do not fit.
    Source:
        Ioffe and Szegedy, "Batch normalization" (2015), section 3.
    Example:
        >>> _, cache = batch_norm_forward([[1.0], [2.0], [3.0]], [1.0], [0.0])
        >>> dX, dgamma, dbeta = batch_norm_backward([[1.0], [1.0], [1.0]], cache)
        >>> dX.round(9) + 0.0, dbeta
        (array([[0.],
               [0.],
               [0.]]), array([3.]))
    """
    dout, x_hat, inv_std, gamma = _arriving(dout, cache)
    dbeta, dgamma = dout.sum(axis=0), (dout * x_hat).sum(axis=0)
    dX = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / len(dout))
    return dX, dgamma, dbeta


def batch_norm_inference(
    X: ArrayLike, gamma: ArrayLike, beta: ArrayLike, mean: ArrayLike, var: ArrayLike, eps: float = 1e-5
) -> Array:
    """Batch normalisation at prediction time: with stored statistics, so that each row stands alone.

    Args:
        X: examples (n, d).
        gamma, beta: scale and shift of each column (d,).
        mean, var: mean and variance of each column (d,), gathered in training; var >= 0.
        eps: as in training, above 0.
    Returns:
        out (n, d).
    Formula:
        out = gamma (X - mean) / sqrt(var + eps) + beta. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, X is empty, a variance is negative, or eps <= 0.
    Source:
        Ioffe and Szegedy, "Batch normalization" (2015), algorithm 2.
    Example:
        >>> batch_norm_inference([[3.0]], [2.0], [10.0], [1.0], [4.0], eps=1e-12).round(6)
        array([[12.]])
    """
    X = with_ndim("X", X, "n d")
    gamma, beta = _per_column("gamma", gamma, "X", X), _per_column("beta", beta, "X", X)
    mean, var = _per_column("mean", mean, "X", X), _per_column("var", var, "X", X)
    if (var < 0).any():
        raise ValueError(f"var must not be negative, got {np.nanmin(var):g}")
    return gamma * (X - mean) / np.sqrt(var + at_least("eps", eps, 0.0, strict=True)) + beta


def _arriving(dout: ArrayLike, cache: Mapping[str, ArrayLike]) -> tuple[Array, Array, Array, Array]:
    """The gradient and the cache's three arrays (dout, x_hat, inv_std, gamma), whose shapes fit."""
    missing = {"x_hat", "inv_std", "gamma"} - set(cache)
    if missing:
        raise ValueError(f"cache must be the dict of batch_norm_forward; it lacks {sorted(missing)}")
    dout = with_ndim("dout", dout, "n d")
    x_hat = floats("cache['x_hat']", cache["x_hat"])
    same_shape(dout=dout, x_hat=x_hat)
    inv_std = _per_column("cache['inv_std']", cache["inv_std"], "dout", dout)
    gamma = _per_column("cache['gamma']", cache["gamma"], "dout", dout)
    return dout, x_hat, inv_std, gamma


def _fitting(X: ArrayLike, W: ArrayLike) -> tuple[Array, Array]:
    X, W = with_ndim("X", X, "n d"), with_ndim("W", W, "d h")
    if X.shape[1] != W.shape[0]:
        raise ValueError(f"X {X.shape} and W {W.shape} do not fit: X has {X.shape[1]} columns, W has {W.shape[0]} rows")
    return X, W


def _per_column(name: str, value: ArrayLike, table_name: str, table: Array) -> Array:
    array = with_ndim(name, value, "d")
    same_length(name, array, 0, f"{table_name} {table.shape}", table.shape[1], "columns")
    return array
