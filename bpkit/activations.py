"""Activation functions, each beside its backward pass.

An activation is applied entry by entry (softmax: row by row). `x_backward(da, saved)` takes the
gradient of the loss with respect to the output and returns the gradient with respect to the input z.
`saved` is whichever of input and output makes the derivative cheapest: the output a for sigmoid,
tanh and softmax, the input z for relu and leaky_relu.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import at_least, floats, is_positive, pair, same_shape, scalar, with_ndim

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


def sigmoid(z: ArrayLike) -> Array:
    """Squash every number into (0, 1) with the logistic function.

    Args:
        z: any shape, a plain float included.
    Returns:
        a with the shape of z.
    Formula:
        a = 1 / (1 + exp(-z)), computed from exp(-|z|), which cannot overflow. In float64 it is
        exactly 1.0 from z = 36.8 on. NaN stays NaN.
    Raises:
        ValueError: z does not hold real numbers.
    Source:
        Cox, "The regression analysis of binary sequences" (1958).
    Example:
        >>> sigmoid([-1000.0, 0.0, 1000.0])
        array([0. , 0.5, 1. ])
    """
    z = floats("z", z)
    shrunk = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, shrunk) / (1.0 + shrunk)


def sigmoid_backward(da: ArrayLike, a: ArrayLike) -> Array:
    """Carry a gradient back through the sigmoid.

    Args:
        da: dLoss/da, any shape.
        a: the output of `sigmoid`, same shape.
    Returns:
        dz with the same shape.
    Formula:
        dz = da * a * (1 - a), since da/dz = a (1 - a). NaN stays NaN.
    Raises:
        ValueError: da and a differ in shape.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> sigmoid_backward([1.0, 1.0], [0.5, 0.9])
        array([0.25, 0.09])
    """
    da, a = floats("da", da), floats("a", a)
    same_shape(da=da, a=a)
    return da * a * (1.0 - a)


def tanh(z: ArrayLike) -> Array:
    """Squash every number into (-1, 1) with the hyperbolic tangent.

    Args:
        z: any shape, a plain float included.
    Returns:
        a with the shape of z.
    Formula:
        a = (exp(z) - exp(-z)) / (exp(z) + exp(-z)) = 2 sigmoid(2z) - 1. NaN stays NaN.
    Raises:
        ValueError: z does not hold real numbers.
    Source:
        LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.4.
    Example:
        >>> tanh([-1000.0, 0.0, 0.5]).round(4)
        array([-1.    ,  0.    ,  0.4621])
    """
    return np.tanh(floats("z", z))


def tanh_backward(da: ArrayLike, a: ArrayLike) -> Array:
    """Carry a gradient back through tanh.

    Args:
        da: dLoss/da, any shape.
        a: the output of `tanh`, same shape.
    Returns:
        dz with the same shape.
    Formula:
        dz = da * (1 - a²), since da/dz = 1 - tanh(z)². NaN stays NaN.
    Raises:
        ValueError: da and a differ in shape.
    Source:
        LeCun, Bottou, Orr and Müller, "Efficient BackProp" (1998), section 4.4.
    Example:
        >>> tanh_backward([1.0, 2.0], [0.0, 0.5])
        array([1. , 1.5])
    """
    da, a = floats("da", da), floats("a", a)
    same_shape(da=da, a=a)
    return da * (1.0 - a * a)


def relu(z: ArrayLike) -> Array:
    """Keep what is positive, replace the rest by 0: the rectified linear unit.

    Args:
        z: any shape, a plain float included.
    Returns:
        a with the shape of z.
    Formula:
        a = max(z, 0). NaN stays NaN.
    Raises:
        ValueError: z does not hold real numbers.
    Source:
        Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
    Example:
        >>> relu([-2.0, 0.0, 3.0])
        array([0., 0., 3.])
    """
    return np.maximum(floats("z", z), 0.0)


def relu_backward(da: ArrayLike, z: ArrayLike) -> Array:
    """Carry a gradient back through ReLU: it passes where the input was positive and stops elsewhere.

    Args:
        da: dLoss/da, any shape.
        z: the input of `relu`, same shape.
    Returns:
        dz with the same shape.
    Formula:
        dz = da where z > 0, else 0. At the kink z = 0 the slope is taken as 0. NaN stays NaN.
    Raises:
        ValueError: da and z differ in shape.
    Source:
        Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
    Example:
        >>> relu_backward([5.0, -6.0, 7.0], [-2.0, 1.0, 3.0])
        array([ 0., -6.,  7.])
    """
    da, z = floats("da", da), floats("z", z)
    same_shape(da=da, z=z)
    return da * is_positive(z)


def leaky_relu(z: ArrayLike, slope: float = 0.01) -> Array:
    """Keep what is positive, shrink the rest by `slope` instead of deleting it.

    Args:
        z: any shape, a plain float included.
        slope: the slope for z < 0, normally between 0 and 1.
    Returns:
        a with the shape of z.
    Formula:
        a = z where z > 0, else slope * z. NaN stays NaN.
    Raises:
        ValueError: z does not hold real numbers, or slope is not one number.
    Source:
        Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
    Example:
        >>> leaky_relu([-2.0, 3.0], slope=0.1)
        array([-0.2,  3. ])
    """
    z, slope = floats("z", z), scalar("slope", slope)
    return np.where(z > 0, z, slope * z)


def leaky_relu_backward(da: ArrayLike, z: ArrayLike, slope: float = 0.01) -> Array:
    """Carry a gradient back through leaky ReLU.

    Args:
        da: dLoss/da, any shape.
        z: the input of `leaky_relu`, same shape.
        slope: the slope that the forward pass used for z < 0.
    Returns:
        dz with the same shape.
    Formula:
        dz = da where z > 0, else slope * da. NaN stays NaN.
    Raises:
        ValueError: da and z differ in shape, or slope is not one number.
    Source:
        Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
    Example:
        >>> leaky_relu_backward([5.0, 5.0], [-2.0, 3.0], slope=0.1)
        array([0.5, 5. ])
    """
    da, z, slope = floats("da", da), floats("z", z), scalar("slope", slope)
    same_shape(da=da, z=z)
    return da * (slope + (1.0 - slope) * is_positive(z))


def softmax(z: ArrayLike) -> Array:
    """Turn scores into probabilities that sum to 1 over the last axis.

    Args:
        z: scores (..., k), one class per entry of the last axis.
    Returns:
        p with the shape of z, each row positive and summing to 1.
    Formula:
        p_i = exp(z_i - max z) / Σ_j exp(z_j - max z): subtracting the row's maximum changes nothing
        in exact arithmetic and cannot overflow. A row with a NaN becomes NaN.
    Raises:
        ValueError: z is a single number or its last axis is empty.
    Source:
        Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).
    Example:
        >>> softmax([[0.0, 0.0], [1000.0, 0.0]])
        array([[0.5, 0.5],
               [1. , 0. ]])
    """
    z = _scores(z)
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log_softmax(z: ArrayLike) -> Array:
    """Logarithm of softmax over the last axis, without ever forming the tiny probabilities.

    Args:
        z: scores (..., k).
    Returns:
        log p with the shape of z.
    Formula:
        log p_i = (z_i - m) - log Σ_j exp(z_j - m) with m = max z. A row with a NaN becomes NaN.
    Raises:
        ValueError: z is a single number or its last axis is empty.
    Source:
        Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions" (2021).
    Example:
        >>> log_softmax([1000.0, 0.0])
        array([    0., -1000.])
    """
    z = _scores(z)
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_backward(dp: ArrayLike, p: ArrayLike) -> Array:
    """Carry a gradient back through softmax; every score moves every probability of its row.

    Args:
        dp: dLoss/dp (..., k).
        p: the output of `softmax`, same shape.
    Returns:
        dz with the same shape; each row sums to 0.
    Formula:
        dz = p * (dp - Σ_j dp_j p_j), the sum over the last axis. NaN stays NaN.
    Raises:
        ValueError: dp and p differ in shape.
    Source:
        Bridle, "Training stochastic model recognition algorithms as networks" (1990).
    Example:
        >>> softmax_backward([1.0, 0.0], [0.5, 0.5])
        array([ 0.25, -0.25])
    """
    dp, p = pair("dp", dp, "p", p)
    return p * (dp - (dp * p).sum(axis=-1, keepdims=True))


def softmax_jacobian(p: ArrayLike) -> Array:
    """All derivatives of softmax at once: how probability i answers to score j.

    Args:
        p: one row of probabilities (k,), the output of `softmax`.
    Returns:
        J (k, k) with J[i, j] = dp_i/dz_j; symmetric, every row sums to 0.
    Formula:
        J = diag(p) - p pᵀ. NaN stays NaN.
    Raises:
        ValueError: p is not one row.
    Source:
        Bridle, "Training stochastic model recognition algorithms as networks" (1990).
    Example:
        >>> softmax_jacobian([0.5, 0.5])
        array([[ 0.25, -0.25],
               [-0.25,  0.25]])
    """
    p = with_ndim("p", p, "k")
    return np.diag(p) - np.outer(p, p)


def saturated_fraction(a: ArrayLike, low: float = 0.05, high: float = 0.95) -> float:
    """Share of activations so close to either end that hardly any gradient passes.

    Args:
        a: activations of any shape.
        low, high: the two ends; an entry is saturated if a < low or a > high, strictly.
    Returns:
        A share between 0 and 1.
    Formula:
        mean of (a < low or a > high). NaN anywhere gives NaN.
    Raises:
        ValueError: a is empty, or low > high.
    Source:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    Example:
        >>> saturated_fraction([0.01, 0.5, 0.99, 0.95])
        0.5
    """
    a = floats("a", a)
    if a.size == 0:
        raise ValueError(f"a is empty: its shape is {a.shape}")
    if at_least("low", low, -np.inf) > scalar("high", high):
        raise ValueError(f"low must not exceed high, got low={low:g} and high={high:g}")
    if np.isnan(a).any():
        return float("nan")
    return float(np.mean((a < low) | (a > high)))


def dead_units(A: ArrayLike) -> NDArray[np.bool_]:
    """Which ReLU units are off for every example, so that no gradient ever reaches their weights.

    Args:
        A: outputs of a ReLU layer (n, h), one column per unit.
    Returns:
        bool (h,): True for a unit with no entry above 0.
    Formula:
        dead_j = no i with A[i, j] > 0. A column with a NaN is not above 0, so it counts as dead
        unless another entry is positive.
    Raises:
        ValueError: A is not a table or is empty.
    Source:
        Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
    Example:
        >>> dead_units([[0.0, 1.0], [0.0, 0.0]])
        array([ True, False])
    """
    return np.logical_not(np.any(with_ndim("A", A, "n h") > 0, axis=0))


def _scores(z: ArrayLike) -> Array:
    z = floats("z", z)
    if z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(f"z must have shape (..., k) with k >= 1, got {z.shape}")
    return z
