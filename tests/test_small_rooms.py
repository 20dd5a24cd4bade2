"""Metrics, initialisers and data sets, against scikit-learn and closed forms."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

import bpkit
from bpkit import datasets


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_confusion_matrix_against_scikit_learn(pairs):
    labels, predicted = map(list, zip(*pairs, strict=True))
    ours = bpkit.confusion_matrix(labels, predicted, 5)
    np.testing.assert_array_equal(ours, sklearn.metrics.confusion_matrix(labels, predicted, labels=range(5)))
    scores = bpkit.one_hot(predicted, 5)
    assert bpkit.accuracy(labels, scores) == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))


def test_one_hot():
    T = bpkit.one_hot([2, 0], 4)
    np.testing.assert_array_equal(T, [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert T.dtype == np.float64


def test_a_row_with_nan_counts_as_wrong():
    assert bpkit.accuracy([0, 0], [[np.nan, 0.0], [1.0, 0.0]]) == 0.5


def test_initial_spreads():
    assert bpkit.xavier_std(300, 100) == pytest.approx(np.sqrt(2 / 400))
    assert bpkit.he_std(50) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("load", "shape", "classes"),
    [
        (datasets.breast_cancer, (569, 30), 2),
        (datasets.digits, (1797, 64), 10),
        (datasets.iris, (150, 4), 3),
        (datasets.moons, (200, 2), 2),
        (datasets.xor, (4, 2), 2),
    ],
)
def test_classification_data(load, shape, classes):
    data = load()
    assert data.X.shape == shape
    assert data.X.dtype == np.float64
    assert len(np.unique(data.y)) == classes == len(data.classes)
    assert len(data.features) == shape[1]


def test_regression_data_and_a_split_without_classes():
    data = datasets.diabetes()
    parts = datasets.split(data.X, data.y, 0.2, seed=3)
    assert len(parts.X_train) + len(parts.X_test) == len(data.X)
    assert len(parts.y_test) == len(parts.X_test)


def test_a_split_keeps_the_classes_in_proportion():
    data = datasets.digits()
    parts = datasets.split(data.X, data.y)
    assert (len(parts.X_train), len(parts.X_test)) == (1347, 450)
    shares = [np.bincount(y, minlength=10) / len(y) for y in (parts.y_train, parts.y_test)]
    assert np.abs(shares[0] - shares[1]).max() < 0.01


def test_standardise_uses_the_training_rows_only():
    train, test = datasets.standardise([[1.0, 5.0], [3.0, 5.0]], [[5.0, 6.0]])
    np.testing.assert_array_equal(train, [[-1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(test, [[3.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.one_hot([3], 3), "labels must lie in 0 … 2"),
        (lambda: bpkit.one_hot([0], 0), "k must be at least 1"),
        (lambda: bpkit.accuracy([0, 1], [[1.0, 2.0]]), r"labels has shape \(2,\), but z has 1 rows"),
        (lambda: bpkit.confusion_matrix([0], [0, 1], 2), "predicted has shape"),
        (lambda: bpkit.he_std(0), "fan_in must be at least 1, got 0"),
        (lambda: bpkit.xavier_std(2.5, 1), "fan_in must be a whole number, got 2.5"),
        (lambda: datasets.split(np.ones((3, 2)), [1, 2]), r"y must have shape \(3,\)"),
        (lambda: datasets.split(np.ones((3, 2)), [1, 2, 3], 1.5), "test_share must lie between 0 and 1"),
        (lambda: datasets.standardise(np.ones((3, 2)), np.ones((3, 1))), "must have the same columns"),
        (lambda: datasets.moons(1), "n must be at least 2"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
