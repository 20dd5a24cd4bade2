"""What every reference does with odd input: lists and whole numbers are read as float64, anything else is named."""

import numpy as np
import pytest

import bpkit
from bpkit.exercises import every

INPUTS = {name: exercise.cases(0)[0].inputs for name, exercise in every().items()}
ARRAYS = [
    (name, argument)
    for name, inputs in INPUTS.items()
    for argument, value in inputs.items()
    if isinstance(value, np.ndarray)
]


@pytest.mark.parametrize(("name", "argument"), ARRAYS)
@pytest.mark.parametrize("wrong", [None, "text", np.array([1j]), [[1.0], [2.0, 3.0]]], ids=str)
def test_what_is_no_array_of_real_numbers_is_named(name, argument, wrong):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        getattr(bpkit, name)(**INPUTS[name] | {argument: wrong})


@pytest.mark.parametrize(("name", "argument"), [pair for pair in ARRAYS if pair[0] != "sgd_epoch"])
def test_a_list_is_as_good_as_an_array(name, argument):
    function, inputs = getattr(bpkit, name), INPUTS[name]
    if "rng" in inputs:
        expected = function(**inputs | {"rng": np.random.default_rng(1)})
        given = function(**inputs | {argument: inputs[argument].tolist(), "rng": np.random.default_rng(1)})
    else:
        expected, given = function(**inputs), function(**inputs | {argument: inputs[argument].tolist()})
    np.testing.assert_equal(given, expected)


@pytest.mark.parametrize(
    ("function", "whole"),
    [
        (bpkit.dense, ([[1, 2]], [[3], [4]], [5])),
        (bpkit.dense_backward, ([[1]], [[2, 3]], [[4], [5]])),
        (bpkit.relu, ([-1, 2],)),
        (bpkit.sigmoid, ([-1, 2],)),
        (bpkit.bce, ([1, 0], [1, 0])),
        (bpkit.bce_backward, ([1, 0], [1, 0])),
        (bpkit.neuron_backward, ([[1, 2], [3, 4]], [1, 0], [0, 0])),
        (bpkit.mse_backward, ([1, 2], [3, 5])),
        (bpkit.numerical_gradient, (lambda x: float(np.sum(x * x)), [1, 2])),
    ],
)
def test_whole_numbers_are_computed_in_float64(function, whole):
    given = function(*whole)
    assert all(np.asarray(part).dtype == np.float64 for part in (given if isinstance(given, tuple) else (given,)))
    np.testing.assert_equal(given, function(*(part if callable(part) else np.array(part, float) for part in whole)))
