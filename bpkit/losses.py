"""Loss functions, each beside its gradient.

Arguments come as (y_true, y_pred). A loss returns one float. mse, mae, huber, bce and hinge are means over
all entries; the cross-entropies and the triplet loss sum over classes or coordinates and take the mean
over rows. `x_backward` is the exact gradient of that one number, so the 1/n of the mean is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import EPSILON, at_least, is_positive, labels_of, pair, same_length, same_shape, with_ndim, within
from bpkit.activations import log_softmax, sigmoid, softmax

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


def mse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean squared error: the average squared distance from the targets.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
    Returns:
        The loss, in squared units of y.
    Formula:
        L = Σ (y_pred - y_true)² / size, size = the number of entries. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ (they are never broadcast), or there are no entries.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 1.2.5.
    Example:
        >>> mse([1.0, 2.0], [1.0, 4.0])
        2.0
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    return float(np.mean(_mse_each(y_true, y_pred)))


def mse_backward(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Gradient of the mean squared error with respect to the predictions.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
    Returns:
        dL/dy_pred with the same shape.
    Formula:
        dL/dy_pred = 2 (y_pred - y_true) / size. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, or there are no entries.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 1.2.5.
    Example:
        >>> mse_backward([1.0, 2.0], [1.0, 4.0])
        array([0., 2.])
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    return (y_pred - y_true) * (2.0 / y_pred.size)


def mae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute error: the average distance from the targets.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
    Returns:
        The loss, in units of y.
    Formula:
        L = Σ |y_pred - y_true| / size. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, or there are no entries.
    Source:
        Boscovich's method of situation (1757), after Stigler, "The History of Statistics" (1986).
    Example:
        >>> mae([1.0, 2.0], [1.0, 4.0])
        1.0
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    return float(np.mean(_mae_each(y_true, y_pred)))


def mae_backward(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Gradient of the mean absolute error with respect to the predictions.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
    Returns:
        dL/dy_pred with the same shape.
    Formula:
        dL/dy_pred = sign(y_pred - y_true) / size; 0 where they are equal. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, or there are no entries.
    Source:
        Boyd and Vandenberghe, "Convex Optimization" (2004), section 6.1.
    Example:
        >>> mae_backward([1.0, 2.0, 9.0, 3.0], [1.0, 4.0, 3.0, 5.0])
        array([ 0.  ,  0.25, -0.25,  0.25])
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    return np.sign(y_pred - y_true) / y_pred.size


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> float:
    """Huber loss: squared for small errors, straight for large ones, so an outlier pulls with bounded force.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
        delta: where the square turns into a straight line, in units of y, above 0.
    Returns:
        The mean loss, in squared units of y.
    Formula:
        with r = y_pred - y_true: r²/2 where |r| <= delta, else delta (|r| - delta/2); mean over all
        entries. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or delta <= 0.
    Source:
        Huber, "Robust estimation of a location parameter" (1964).
    Example:
        >>> huber([0.0, 0.0], [1.0, 5.0], delta=2.0)
        4.25
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    delta = at_least("delta", delta, 0.0, strict=True)
    return float(np.mean(_huber_each(y_true, y_pred, delta)))


def huber_backward(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """Gradient of the Huber loss with respect to the predictions: the residual, clipped.

    Args:
        y_true, y_pred: targets and predictions, any one shape.
        delta: as in `huber`.
    Returns:
        dL/dy_pred with the same shape; no entry exceeds delta / size.
    Formula:
        dL/dy_pred = clip(y_pred - y_true, -delta, delta) / size. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or delta <= 0.
    Source:
        Huber, "Robust estimation of a location parameter" (1964).
    Example:
        >>> huber_backward([0.0, 0.0], [1.0, -5.0], delta=2.0)
        array([ 0.5, -1. ])
    """
    y_true, y_pred = pair("y_true", y_true, "y_pred", y_pred)
    delta = at_least("delta", delta, 0.0, strict=True)
    return np.clip(y_pred - y_true, -delta, delta) / y_pred.size


def bce(y_true: ArrayLike, a: ArrayLike) -> float:
    """Binary cross-entropy of probabilities: the average surprise, in nats.

    Args:
        y_true: labels, 0 or 1 (or a probability between them), any shape.
        a: predicted probabilities of label 1, same shape.
    Returns:
        The mean loss, >= 0.
    Formula:
        L = -mean( y log a + (1 - y) log(1 - a) ), with a clipped to [eps, 1 - eps], eps = 2.2e-16,
        so that a confident wrong answer costs about 36 and not infinity. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or y_true or a leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.90.
    Example:
        >>> round(bce([1.0], [0.3]), 4)
        1.204
    """
    y_true, a = _probabilities(y_true, a)
    return -float(np.mean(y_true * np.log(a) + (1.0 - y_true) * np.log1p(-a)))


def bce_backward(y_true: ArrayLike, a: ArrayLike) -> Array:
    """Gradient of the binary cross-entropy with respect to the probabilities.

    Args:
        y_true: labels in [0, 1], any shape.
        a: predicted probabilities, same shape.
    Returns:
        da with the same shape.
    Formula:
        da = ( -y/a + (1 - y)/(1 - a) ) / size, with a clipped to [eps, 1 - eps] as in `bce`, which
        keeps it finite. At a clipped entry this is the slope just inside the clip. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or y_true or a leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.2.
    Example:
        >>> bce_backward([1.0, 0.0], [0.5, 0.75])
        array([-1.,  2.])
    """
    y_true, a = _probabilities(y_true, a)
    return ((1.0 - y_true) / (1.0 - a) - y_true / a) / a.size


def bce_with_logits(y_true: ArrayLike, z: ArrayLike) -> float:
    """Binary cross-entropy computed from the logit z, stable for any size of z.

    Args:
        y_true: labels in [0, 1], any shape.
        z: logits, same shape; the probability would be sigmoid(z).
    Returns:
        The mean loss, >= 0.
    Formula:
        L = mean( max(z, 0) - z y + log(1 + exp(-|z|)) ). NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or y_true leaves [0, 1].
    Source:
        Mächler, "Accurately computing log(1 - exp(-|a|))" (2012), for log1p(exp(x)).
    Example:
        >>> bce_with_logits([0.0, 1.0], [1000.0, 1000.0])
        500.0
    """
    y_true, z = pair("y_true", y_true, "z", z)
    within("y_true", y_true, 0.0, 1.0)
    return float(np.mean(_bce_with_logits_each(y_true, z)))


def bce_with_logits_backward(y_true: ArrayLike, z: ArrayLike) -> Array:
    """Gradient of the binary cross-entropy with respect to the logits: prediction minus label.

    Args:
        y_true: labels in [0, 1], any shape.
        z: logits, same shape.
    Returns:
        dz with the same shape.
    Formula:
        dz = (sigmoid(z) - y) / size. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or y_true leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.91.
    Example:
        >>> bce_with_logits_backward([0.0, 1.0], [0.0, 0.0])
        array([ 0.25, -0.25])
    """
    y_true, z = pair("y_true", y_true, "z", z)
    within("y_true", y_true, 0.0, 1.0)
    return (sigmoid(z) - y_true) / z.size


def cce(y_true: ArrayLike, p: ArrayLike) -> float:
    """Categorical cross-entropy of probabilities: the surprise at the true class, in nats.

    Args:
        y_true: one-hot or soft rows (n, k), each summing to 1.
        p: predicted probabilities (n, k).
    Returns:
        The loss, summed over classes, averaged over rows.
    Formula:
        L = -Σ_rows Σ_classes y log p / n, with p kept at eps = 2.2e-16 or above. At uniform p it is
        log k. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, a row of y_true does not sum to 1, or p leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.108.
    Example:
        >>> round(cce([[0, 1, 0]], [[0.25, 0.5, 0.25]]), 4)
        0.6931
    """
    y_true, p = _rows(y_true, p, "p")
    within("p", p, 0.0, 1.0)
    return -float(np.sum(y_true * np.log(np.maximum(p, EPSILON)))) / len(p)


def cce_backward(y_true: ArrayLike, p: ArrayLike) -> Array:
    """Gradient of the categorical cross-entropy with respect to the probabilities.

    Args:
        y_true: one-hot or soft rows (n, k).
        p: predicted probabilities (n, k).
    Returns:
        dp (n, k).
    Formula:
        dp = -y / p / n, with p kept at eps = 2.2e-16 or above. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, a row of y_true does not sum to 1, or p leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
    Example:
        >>> cce_backward([[0, 1], [1, 0]], [[0.75, 0.25], [0.5, 0.5]])
        array([[-0., -2.],
               [-1., -0.]])
    """
    y_true, p = _rows(y_true, p, "p")
    within("p", p, 0.0, 1.0)
    return -y_true / np.maximum(p, EPSILON) / len(p)


def cce_with_logits(y_true: ArrayLike, z: ArrayLike) -> float:
    """Categorical cross-entropy computed from the scores z, stable for any size of z.

    Args:
        y_true: one-hot or soft rows (n, k).
        z: scores before softmax (n, k).
    Returns:
        The loss, summed over classes, averaged over rows.
    Formula:
        L = -Σ_rows Σ_classes y log_softmax(z) / n. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, or a row of y_true does not sum to 1.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.108.
    Example:
        >>> cce_with_logits([[0, 1]], [[1000.0, 0.0]])
        1000.0
    """
    y_true, z = _rows(y_true, z, "z")
    return float(np.mean(_cce_with_logits_each(y_true, z)))


def cce_with_logits_backward(y_true: ArrayLike, z: ArrayLike) -> Array:
    """Gradient of softmax and cross-entropy in one step: probabilities minus targets.

    Args:
        y_true: one-hot or soft rows (n, k).
        z: scores before softmax (n, k).
    Returns:
        dz (n, k); each row sums to 0.
    Formula:
        dz = (softmax(z) - y) / n. NaN spreads over its row.
    Raises:
        ValueError: the shapes differ, or a row of y_true does not sum to 1.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.109.
    Example:
        >>> cce_with_logits_backward([[0, 1]], [[0.0, 0.0]])
        array([[ 0.5, -0.5]])
    """
    y_true, z = _rows(y_true, z, "z")
    return (softmax(z) - y_true) / len(z)


def sparse_cce(labels: ArrayLike, p: ArrayLike) -> float:
    """Categorical cross-entropy with labels given as class numbers instead of one-hot rows.

    Args:
        labels: class numbers (n,), each in 0 … k - 1.
        p: predicted probabilities (n, k).
    Returns:
        The mean loss over rows.
    Formula:
        L = -Σ_i log p[i, labels_i] / n, with p kept at eps = 2.2e-16 or above. NaN there gives NaN.
    Raises:
        ValueError: labels are not whole numbers in range, the lengths differ, or p leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.108.
    Example:
        >>> round(sparse_cce([1], [[0.25, 0.5, 0.25]]), 4)
        0.6931
    """
    labels, p = _labelled(labels, p, "p")
    within("p", p, 0.0, 1.0)
    return -float(np.mean(np.log(np.maximum(p[np.arange(len(p)), labels], EPSILON))))


def sparse_cce_backward(labels: ArrayLike, p: ArrayLike) -> Array:
    """Gradient of the sparse cross-entropy with respect to the probabilities.

    Args:
        labels: class numbers (n,).
        p: predicted probabilities (n, k).
    Returns:
        dp (n, k), zero except at each row's true class.
    Formula:
        dp[i, labels_i] = -1 / p[i, labels_i] / n, with p kept at eps = 2.2e-16 or above. NaN stays NaN.
    Raises:
        ValueError: labels are not whole numbers in range, the lengths differ, or p leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
    Example:
        >>> sparse_cce_backward([1, 0], [[0.75, 0.25], [0.5, 0.5]])
        array([[ 0., -2.],
               [-1.,  0.]])
    """
    labels, p = _labelled(labels, p, "p")
    within("p", p, 0.0, 1.0)
    rows = np.arange(len(p))
    dp = np.zeros_like(p)
    dp[rows, labels] = -1.0 / np.maximum(p[rows, labels], EPSILON) / len(p)
    return dp


def sparse_cce_with_logits(labels: ArrayLike, z: ArrayLike) -> float:
    """Sparse cross-entropy computed from the scores z, stable for any size of z.

    Args:
        labels: class numbers (n,).
        z: scores before softmax (n, k).
    Returns:
        The mean loss over rows.
    Formula:
        L = -Σ_i log_softmax(z)[i, labels_i] / n. NaN in a row gives NaN.
    Raises:
        ValueError: labels are not whole numbers in range, or the lengths differ.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.108.
    Example:
        >>> sparse_cce_with_logits([1], [[1000.0, 0.0]])
        1000.0
    """
    labels, z = _labelled(labels, z, "z")
    return float(np.mean(_sparse_cce_with_logits_each(labels, z)))


def sparse_cce_with_logits_backward(labels: ArrayLike, z: ArrayLike) -> Array:
    """Gradient of softmax and sparse cross-entropy in one step.

    Args:
        labels: class numbers (n,).
        z: scores before softmax (n, k).
    Returns:
        dz (n, k); each row sums to 0.
    Formula:
        dz = (softmax(z), minus 1 at each row's true class) / n. NaN spreads over its row.
    Raises:
        ValueError: labels are not whole numbers in range, or the lengths differ.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.109.
    Example:
        >>> sparse_cce_with_logits_backward([1], [[0.0, 0.0]])
        array([[ 0.5, -0.5]])
    """
    labels, z = _labelled(labels, z, "z")
    dz = softmax(z)
    dz[np.arange(len(z)), labels] -= 1.0
    return dz / len(z)


def hinge(y_true: ArrayLike, score: ArrayLike) -> float:
    """Hinge loss: no cost once an example is right by a margin of 1, a straight cost before that.

    Args:
        y_true: labels -1 or +1, any shape.
        score: raw scores (not probabilities), same shape.
    Returns:
        The mean loss.
    Formula:
        L = mean( max(0, 1 - y score) ). NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or a label is neither -1 nor +1.
    Source:
        Cortes and Vapnik, "Support-vector networks" (1995).
    Example:
        >>> hinge([1, -1], [0.5, -3.0])
        0.25
    """
    y_true, score = _signs(y_true, score)
    return float(np.mean(_hinge_each(y_true, score)))


def hinge_backward(y_true: ArrayLike, score: ArrayLike) -> Array:
    """Gradient of the hinge loss with respect to the scores.

    Args:
        y_true: labels -1 or +1, any shape.
        score: raw scores, same shape.
    Returns:
        dL/dscore with the same shape; 0 for every example right by at least the margin.
    Formula:
        dL/dscore = -y / size where y score < 1, else 0. NaN stays NaN.
    Raises:
        ValueError: the shapes differ, there are no entries, or a label is neither -1 nor +1.
    Source:
        Cortes and Vapnik, "Support-vector networks" (1995).
    Example:
        >>> hinge_backward([1, -1], [0.5, -3.0])
        array([-0.5,  0. ])
    """
    y_true, score = _signs(y_true, score)
    return is_positive(1.0 - y_true * score) * -y_true / score.size + 0.0


def triplet(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, margin: float = 1.0) -> float:
    """Triplet loss: the anchor should be closer to the positive than to the negative, by a margin.

    Args:
        anchor, positive, negative: embeddings (n, d); row i of each forms one triplet.
        margin: the wanted gap between squared distances, >= 0.
    Returns:
        The mean loss over triplets.
    Formula:
        L = Σ_i max( |a_i - p_i|² - |a_i - n_i|² + margin, 0 ) / n. NaN anywhere gives NaN.
    Raises:
        ValueError: the shapes differ or are not (n, d), or margin < 0.
    Source:
        Schroff, Kalenichenko and Philbin, "FaceNet" (2015).
    Example:
        >>> triplet([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]], margin=0.5)
        0.5
    """
    a, p, n = _embeddings(anchor, positive, negative)
    return float(np.mean(np.maximum(_gap(a, p, n, margin), 0.0)))


def triplet_backward(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, margin: float = 1.0
) -> tuple[Array, Array, Array]:
    """Gradients of the triplet loss with respect to the three embeddings.

    Args:
        anchor, positive, negative: embeddings (n, d).
        margin: as in `triplet`.
    Returns:
        (da, dp, dn), each (n, d); the rows of satisfied triplets are 0.
    Formula:
        for a triplet that still costs something: da = 2 (n - p) / rows, dp = 2 (p - a) / rows,
        dn = 2 (a - n) / rows. NaN spreads over its row.
    Raises:
        ValueError: the shapes differ or are not (n, d), or margin < 0.
    Source:
        Schroff, Kalenichenko and Philbin, "FaceNet" (2015).
    Example:
        >>> da, dp, dn = triplet_backward([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]])
        >>> da
        array([[-2.,  2.]])
    """
    a, p, n = _embeddings(anchor, positive, negative)
    pull = is_positive(_gap(a, p, n, margin))[:, np.newaxis] * (2.0 / len(a))
    return pull * (n - p), pull * (p - a), pull * (a - n)


def _huber_each(y_true: Array, y_pred: Array, delta: float = 1.0) -> Array:
    size = np.abs(y_pred - y_true)
    near = np.minimum(size, delta)
    return near * (size - 0.5 * near)


def _mse_each(y_true: Array, y_pred: Array) -> Array:
    return (y_pred - y_true) ** 2


def _mae_each(y_true: Array, y_pred: Array) -> Array:
    return np.abs(y_pred - y_true)


def _bce_with_logits_each(y_true: Array, z: Array) -> Array:
    return np.maximum(z, 0.0) - z * y_true + np.log1p(np.exp(-np.abs(z)))


def _hinge_each(y_true: Array, score: Array) -> Array:
    return np.maximum(1.0 - y_true * score, 0.0)


def _cce_with_logits_each(y_true: Array, z: Array) -> Array:
    return -np.sum(y_true * log_softmax(z), axis=-1)


def _sparse_cce_with_logits_each(labels: NDArray[np.intp], z: Array) -> Array:
    return -log_softmax(z)[..., np.arange(len(labels)), labels]


# Losses of raw outputs before the mean is taken, one number for each entry or row. The outputs may have further
# axes in front: many candidate outputs for the same targets.
EACH: dict[str, Callable[..., Array]] = {
    "mse": _mse_each,
    "mae": _mae_each,
    "huber": _huber_each,
    "bce_with_logits": _bce_with_logits_each,
    "hinge": _hinge_each,
    "cce_with_logits": _cce_with_logits_each,
    "sparse_cce_with_logits": _sparse_cce_with_logits_each,
}


def _probabilities(y_true: ArrayLike, a: ArrayLike) -> tuple[Array, Array]:
    y_true, a = pair("y_true", y_true, "a", a)
    within("y_true", y_true, 0.0, 1.0)
    within("a", a, 0.0, 1.0)
    return y_true, np.clip(a, EPSILON, 1.0 - EPSILON)


def _rows(y_true: ArrayLike, scores: ArrayLike, name: str) -> tuple[Array, Array]:
    y_true, scores = with_ndim("y_true", y_true, "n k"), with_ndim(name, scores, "n k")
    same_shape(**{"y_true": y_true, name: scores})
    within("y_true", y_true, 0.0, 1.0)
    totals = y_true.sum(axis=1)
    if (np.abs(totals - 1.0) > 1e-6).any():
        raise ValueError(
            f"each row of y_true must sum to 1, got sums from {np.nanmin(totals):g} to {np.nanmax(totals):g}"
        )
    return y_true, scores


def _labelled(labels: ArrayLike, scores: ArrayLike, name: str) -> tuple[NDArray[np.intp], Array]:
    scores = with_ndim(name, scores, "n k")
    indices = labels_of("labels", labels, scores.shape[1])
    same_length("labels", indices, 0, name, len(scores), "rows")
    return indices, scores


def _signs(y_true: ArrayLike, score: ArrayLike) -> tuple[Array, Array]:
    y_true, score = pair("y_true", y_true, "score", score)
    if (np.abs(np.abs(y_true) - 1.0) > 0).any():
        raise ValueError(
            f"y_true must hold only -1 and +1, got values from {np.nanmin(y_true):g} to {np.nanmax(y_true):g}"
        )
    return y_true, score


def _embeddings(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike) -> tuple[Array, Array, Array]:
    a = with_ndim("anchor", anchor, "n d")
    p = with_ndim("positive", positive, "n d")
    n = with_ndim("negative", negative, "n d")
    same_shape(anchor=a, positive=p, negative=n)
    return a, p, n


def _gap(a: Array, p: Array, n: Array, margin: float) -> Array:
    near, far = np.sum((a - p) ** 2, axis=1), np.sum((a - n) ** 2, axis=1)
    return near - far + at_least("margin", margin, 0.0)
