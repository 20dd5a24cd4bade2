"""What people ask of a classifier: how often it is right, and what it mistakes for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import labels_of, same_length, whole, with_ndim

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


def one_hot(labels: ArrayLike, k: int) -> Array:
    """Turn class numbers into rows with a single 1.

    Args:
        labels: class numbers (n,), each in 0 … k - 1.
        k: number of classes, at least 1.
    Returns:
        float64 (n, k).
    Formula:
        T[i, j] = 1 where j = labels_i, else 0. Labels are whole numbers, so NaN cannot come in.
    Raises:
        ValueError: labels are not whole numbers in range.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.1.
    Example:
        >>> one_hot([2, 0], 3)
        array([[0., 0., 1.],
               [1., 0., 0.]])
    """
    k = whole("k", k, 1)
    return np.eye(k)[labels_of("labels", labels, k)]


def accuracy(labels: ArrayLike, z: ArrayLike) -> float:
    """Share of the examples whose highest score is at the true class.

    Args:
        labels: class numbers (n,).
        z: scores or probabilities (n, k); of equal scores the first counts.
    Returns:
        A share between 0 and 1.
    Formula:
        mean of (argmax z_i = labels_i). A row with a NaN counts as wrong.
    Raises:
        ValueError: labels are not whole numbers in range, or the lengths differ.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 1.5.1.
    Example:
        >>> accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        0.5
    """
    z = with_ndim("z", z, "n k")
    indices = labels_of("labels", labels, z.shape[1])
    same_length("labels", indices, 0, "z", len(z), "rows")
    return float(np.mean((z.argmax(axis=1) == indices) & ~np.isnan(z).any(axis=1)))


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, k: int) -> NDArray[np.intp]:
    """Count how often each true class was taken for each predicted class.

    Args:
        labels: true class numbers (n,).
        predicted: predicted class numbers (n,).
        k: number of classes, at least 1.
    Returns:
        Counts (k, k), whole numbers: rows are the truth, columns the prediction; they sum to n.
    Formula:
        C[i, j] = how many examples have label i and prediction j. Labels are whole numbers, so NaN cannot come in.
    Raises:
        ValueError: class numbers are not whole numbers in range, or the lengths differ.
    Source:
        Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning" (2009), section 9.2.5.
    Example:
        >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2)
        array([[1, 1],
               [0, 1]])
    """
    k = whole("k", k, 1)
    truth, guess = labels_of("labels", labels, k), labels_of("predicted", predicted, k)
    same_length("predicted", guess, 0, "labels", len(truth), "entries")
    return np.bincount(truth * k + guess, minlength=k * k).reshape(k, k)
