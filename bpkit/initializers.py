"""How large the random weights of a layer should be at the start."""

from __future__ import annotations

import math

from bpkit._arrays import whole


def xavier_std(fan_in: int, fan_out: int) -> float:
    """Standard deviation of the weights of a tanh or sigmoid layer, after Glorot.

    Args:
        fan_in, fan_out: number of inputs and outputs of the layer, at least 1.
    Returns:
        The standard deviation; draw the weights with mean 0.
    Formula:
        sqrt(2 / (fan_in + fan_out)): a compromise that keeps the size of both activations and gradients.
        Whole numbers in, so NaN cannot come in.
    Raises:
        ValueError: a fan is not a whole number of at least 1.
    Source:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    Example:
        >>> xavier_std(6, 2)
        0.5
    """
    return math.sqrt(2.0 / (whole("fan_in", fan_in, 1) + whole("fan_out", fan_out, 1)))


def he_std(fan_in: int) -> float:
    """Standard deviation of the weights of a ReLU layer, after He.

    Args:
        fan_in: number of inputs of the layer, at least 1.
    Returns:
        The standard deviation; draw the weights with mean 0.
    Formula:
        sqrt(2 / fan_in): the 2 makes up for the half of the units that ReLU switches off.
        A whole number in, so NaN cannot come in.
    Raises:
        ValueError: fan_in is not a whole number of at least 1.
    Source:
        He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).
    Example:
        >>> he_std(8)
        0.5
    """
    return math.sqrt(2.0 / whole("fan_in", fan_in, 1))
