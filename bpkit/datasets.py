"""Small real data sets that come with scikit-learn, ready for the lessons; nothing is downloaded.

scikit-learn is imported on first use. Inputs are float64, one example a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bpkit._arrays import at_least, whole, with_ndim

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


class Dataset(NamedTuple):
    """Inputs X (n, d), targets y (n,), and what the columns and classes are called."""

    X: Array
    y: NDArray[Any]
    features: list[str]
    classes: list[str]


class Split(NamedTuple):
    """The rows of a data set, shared out between training and testing."""

    X_train: Array
    X_test: Array
    y_train: NDArray[Any]
    y_test: NDArray[Any]


def breast_cancer() -> Dataset:
    """569 tumours described by 30 measurements of their cell nuclei; label 1.0 is benign, 0.0 malignant.

    Source:
        Wolberg, Street and Mangasarian, Breast Cancer Wisconsin (Diagnostic), 1993, through scikit-learn.
    Example:
        >>> breast_cancer().X.shape
        (569, 30)
    """
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    return Dataset(
        raw.data, raw.target.astype(float), list(map(str, raw.feature_names)), list(map(str, raw.target_names))
    )


def diabetes() -> Dataset:
    """442 patients, 10 measurements each, in their original units; the target is disease progression after a year.

    Source:
        Efron, Hastie, Johnstone and Tibshirani, "Least angle regression" (2004), through scikit-learn.
    Example:
        >>> diabetes().features[:3]
        ['age', 'sex', 'bmi']
    """
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    return Dataset(raw.data, raw.target, list(map(str, raw.feature_names)), [])


def digits() -> Dataset:
    """1,797 handwritten digits as 8 by 8 grey images, each a row of 64 numbers scaled to 0 … 1.

    Source:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998, through scikit-learn.
    Example:
        >>> digits().X.shape, float(digits().X.max())
        ((1797, 64), 1.0)
    """
    from sklearn.datasets import load_digits

    raw = load_digits()
    return Dataset(
        raw.data / 16.0, raw.target, list(map(str, raw.feature_names)), [str(name) for name in raw.target_names]
    )


def iris() -> Dataset:
    """150 iris flowers of three species, four lengths in centimetres each.

    Source:
        Fisher, "The use of multiple measurements in taxonomic problems" (1936), through scikit-learn.
    Example:
        >>> iris().classes
        ['setosa', 'versicolor', 'virginica']
    """
    from sklearn.datasets import load_iris

    raw = load_iris()
    return Dataset(raw.data, raw.target, list(map(str, raw.feature_names)), list(map(str, raw.target_names)))


def moons(n: int = 200, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two interlocking half circles in the plane: made, not measured, and not separable by a straight line.

    Args:
        n: number of points.
        noise: standard deviation of the scatter around the half circles.
        seed: which scatter.
    Source:
        scikit-learn's `make_moons`.
    Example:
        >>> moons(100).X.shape
        (100, 2)
    """
    from sklearn.datasets import make_moons

    X, y = make_moons(whole("n", n, 2), noise=at_least("noise", noise, 0.0), random_state=seed)
    return Dataset(X, y.astype(float), ["x1", "x2"], ["upper", "lower"])


def xor() -> Dataset:
    """The four points of exclusive or, the smallest problem that no single neuron can solve.

    Source:
        Minsky and Papert, "Perceptrons" (1969).
    Example:
        >>> xor().y
        array([0., 1., 1., 0.])
    """
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return Dataset(X, np.array([0.0, 1.0, 1.0, 0.0]), ["x1", "x2"], ["same", "different"])


def split(X: ArrayLike, y: ArrayLike, test_share: float = 0.25, seed: int = 0) -> Split:
    """Share out the rows for training and testing; every class keeps its proportion.

    Args:
        X: examples (n, d).
        y: targets (n,); classes are kept in proportion, real-valued targets are shared out at random.
        test_share: share of the rows that goes to the test set.
        seed: which rows.
    Returns:
        Split(X_train, X_test, y_train, y_test).
    Example:
        >>> parts = split(*digits()[:2])
        >>> len(parts.X_train), len(parts.X_test)
        (1347, 450)
    """
    from sklearn.model_selection import train_test_split

    X, targets = with_ndim("X", X, "n d"), np.asarray(y)
    if targets.shape != (len(X),):
        raise ValueError(f"y must have shape ({len(X)},) to go with X {X.shape}, got {targets.shape}")
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, got {test_share:g}")
    classes = targets if len(np.unique(targets)) <= 20 else None
    return Split(*train_test_split(X, targets, test_size=test_share, random_state=seed, stratify=classes))


def standardise(X_train: ArrayLike, X_test: ArrayLike) -> tuple[Array, Array]:
    """Shift and scale every column by the training rows' mean and standard deviation.

    The test rows are treated with the training rows' numbers: in use, a network meets one example at a time.

    Args:
        X_train, X_test: examples (n, d) and (m, d).
    Returns:
        Both, so that each training column has mean 0 and standard deviation 1; a constant column becomes 0.
    Example:
        >>> standardise([[0.0], [2.0]], [[3.0]])
        (array([[-1.],
               [ 1.]]), array([[2.]]))
    """
    X_train, X_test = with_ndim("X_train", X_train, "n d"), with_ndim("X_test", X_test, "n d")
    if X_train.shape[1] != X_test.shape[1]:
        raise ValueError(f"X_train {X_train.shape} and X_test {X_test.shape} must have the same columns")
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    return (X_train - mean) / std, (X_test - mean) / std
