"""Lesson 02: a hidden layer, and the gradients through it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.activations import relu, relu_backward, sigmoid
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.exercises._common import (
    Rng,
    altered,
    altered_tuple,
    away,
    coins,
    normal,
    sigmoid_slope_mistakes,
    sign_flipped,
    whole_numbers,
    with_inputs,
)
from bpkit.layers import dense, dense_backward
from bpkit.networks import cheatsheet_gradients, two_layer_backward, two_layer_forward

LESSON = "02_two_layer_network"


def _layer(rng: Rng, sizes: Sizes) -> Inputs:
    return {"X": normal(rng, sizes.n, sizes.d), "W": normal(rng, sizes.d, sizes.h), "b": away(rng, sizes.h)}


DENSE = Exercise(
    reference=dense,
    lesson=LESSON,
    asks="Return Z (n, h): each row of X times W, plus the biases b.",
    returns="Z",
    draw=_layer,
    edges={
        "whole numbers": with_inputs(_layer, X=whole_numbers, W=whole_numbers, b=whole_numbers),
        "whole numbers in X": with_inputs(_layer, X=whole_numbers),
    },
    mistakes=(
        Mistake(
            "bias-left-out",
            lambda X, W, b: X @ W,
            "the biases are missing.",
            "What should the layer answer for a row of zeros?",
        ),
        Mistake(
            "transposed-weights",
            (lambda X, W, b: X @ W.T + b, lambda X, W, b: np.dot(X, W.T) + b),
            "W is transposed where it should not be.",
            "X is (n, d), W is (d, h): which axes touch in X @ W?",
        ),
        Mistake(
            "factors-swapped",
            (
                lambda X, W, b: W @ X + b,
                lambda X, W, b: np.dot(W, X) + b,
                lambda X, W, b: W.T @ X + b,
                lambda X, W, b: np.dot(W.T, X) + b,
            ),
            "W stands before X, as in books that keep examples in columns.",
            "Here rows are examples: which factor comes first so that rows stay rows?",
        ),
        Mistake(
            "columns-for-rows",
            (lambda X, W, b: (W.T @ X.T).T + b[:, None] if len(b) == len(X) else W.T @ X.T + b[:, None],),
            "the examples have ended up in columns.",
            "What should one row of Z belong to?",
        ),
        Mistake(
            "bias-subtracted", lambda X, W, b: X @ W - b, "the biases are subtracted.", "Z = X W + b: with which sign?"
        ),
        Mistake(
            "elementwise-product",
            (lambda X, W, b: X * W + b,),
            "X and W are multiplied entry by entry.",
            "Each output sums over all inputs: which product does that?",
        ),
        Mistake(
            "activation-included",
            (lambda X, W, b: np.maximum(X @ W + b, 0), lambda X, W, b: sigmoid(X @ W + b)),
            "an activation is already applied.",
            "Z is what goes into the activation: is it squashed yet?",
        ),
        Mistake(
            "bias-weighted",
            (lambda X, W, b: (X.sum(axis=1, keepdims=True) * b) + X @ W,),
            "the bias is multiplied by the inputs.",
            "Does the bias depend on the example?",
        ),
        Mistake(
            "bias-summed",
            lambda X, W, b: X @ W + np.sum(b),
            "one number, the sum of all biases, is added everywhere.",
            "How many biases does each column of Z need?",
        ),
    ),
    hints=(
        "The last row of the table is the whole function. Which of the two products of NumPy is meant, * or @?",
        "X @ W is (n, h). NumPy adds b (h,) to each of its rows without any reshape.",
        "return X @ W + b",
    ),
    why="One matrix product is n·h weighted sums, and broadcasting gives each row the same biases.",
)


def _layer_back(rng: Rng, sizes: Sizes) -> Inputs:
    return {"dZ": normal(rng, sizes.n, sizes.h), "X": normal(rng, sizes.n, sizes.d), "W": normal(rng, sizes.d, sizes.h)}


DENSE_BACKWARD = Exercise(
    reference=dense_backward,
    lesson=LESSON,
    asks="Given dZ (n, h), X and W, return (dX, dW, db) with the shapes of X, W and b.",
    returns=("dX", "dW", "db"),
    draw=_layer_back,
    edges={
        "whole numbers": with_inputs(_layer_back, dZ=whole_numbers, X=whole_numbers, W=whole_numbers),
        "whole numbers in X and W": with_inputs(_layer_back, X=whole_numbers, W=whole_numbers),
    },
    mistakes=(
        Mistake(
            "weights-not-transposed",
            (
                altered_tuple(dense_backward, _0=lambda dZ, X, W: dZ @ W),
                altered_tuple(dense_backward, _0=lambda dZ, X, W: np.dot(dZ, W)),
            ),
            "dX is computed as dZ @ W.",
            "dX must look like X: which shape does dZ need on its right to get there?",
        ),
        Mistake(
            "dW-transposed",
            altered_tuple(dense_backward, _1=lambda dZ, X, W: dZ.T @ X),
            "dW is transposed.",
            "dW must look like W: what are its rows, inputs or outputs?",
        ),
        Mistake(
            "dX-transposed",
            (altered_tuple(dense_backward, _0=lambda dZ, X, W: W @ dZ.T),),
            "dX is transposed.",
            "dX must look like X: what are its rows?",
        ),
        Mistake(
            "inputs-not-transposed",
            (
                altered_tuple(dense_backward, _1=lambda dZ, X, W: X @ dZ),
                altered_tuple(dense_backward, _1=lambda dZ, X, W: np.dot(X, dZ)),
            ),
            "dW is computed as X @ dZ.",
            "dW sums over the examples: on which axis of X do they lie?",
        ),
        Mistake(
            "dW-averaged",
            (
                altered_tuple(dense_backward, _1=lambda dZ, X, W: X.T @ dZ / len(X)),
                altered_tuple(
                    dense_backward, _1=lambda dZ, X, W: X.T @ dZ / len(X), _2=lambda dZ, X, W: dZ.mean(axis=0)
                ),
            ),
            "dW is divided by n.",
            "The 1/n of a mean is already in dZ. Where did it enter?",
        ),
        Mistake(
            "db-averaged",
            altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ.mean(axis=0)),
            "db is a mean over the examples.",
            "The 1/n of a mean is already in dZ. Does db sum or average?",
        ),
        Mistake(
            "db-not-summed",
            altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ),
            "db has one row for each example.",
            "Every example used the same b: what happens to their contributions?",
        ),
        Mistake(
            "db-summed-over-outputs",
            (altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ.sum(axis=1)),),
            "db sums over the outputs.",
            "One bias for each output: over which axis does the sum run, then?",
        ),
        Mistake(
            "db-summed-over-all",
            altered_tuple(dense_backward, _2=lambda dZ, X, W: np.sum(dZ)),
            "db is a single number.",
            "Sum over the examples only: which axis is that?",
        ),
        Mistake(
            "db-kept-as-row",
            (altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ.sum(axis=0, keepdims=True)),),
            "db is a table with one row.",
            "b has shape (h,): where did the extra axis come from?",
        ),
        Mistake(
            "weights-for-inputs",
            (altered_tuple(dense_backward, _1=lambda dZ, X, W: W * dZ.sum(axis=0)),),
            "dW is computed from W.",
            "If one weight rises, its input decides by how much Z rises. Where is X?",
        ),
        sign_flipped(dense_backward, "all three have the opposite sign."),
        Mistake(
            "first-example-only",
            (
                altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ[0]),
                altered_tuple(dense_backward, _2=lambda dZ, X, W: dZ[-1]),
            ),
            "db is taken from a single example.",
            "Every example used the same b: what happens to their contributions?",
        ),
        Mistake(
            "values-sent-back",
            (
                altered_tuple(dense_backward, _0=lambda dZ, X, W: (X @ W) @ W.T),
                altered_tuple(dense_backward, _0=lambda dZ, X, W: X + 0.0),
                altered_tuple(dense_backward, _0=lambda dZ, X, W: np.tile(W.sum(axis=1), (len(X), 1))),
            ),
            "dX does not depend on dZ: values are sent back, not errors.",
            "What flows backwards: outputs or errors?",
        ),
    ),
    hints=(
        "X[i, m] has one route through each column of Z, so dX sums over the columns of dZ. Which product of dZ (n, h) and W (d, h) has the shape of X (n, d)?",
        "b[j] has one route through each row of Z: db sums dZ over its rows, which is axis 0. And dX multiplies dZ by W transposed.",
        "dX = dZ @ W.T, dW = X.T @ dZ, db = dZ.sum(axis=0); return them in this order.",
    ),
    why="Backward is the forward product with one factor transposed: where the forward pass added up, the backward pass hands out.",
)


def _any_sign(rng: Rng, sizes: Sizes) -> Inputs:
    return {"z": away(rng, *((sizes.n,) if sizes.n == 11 else (sizes.n, sizes.h)))}


def _zeroed(z: Any) -> Any:
    z[z < 0] = 0
    return z


RELU = Exercise(
    reference=relu,
    lesson=LESSON,
    asks="Keep every positive entry of z, replace the others by 0.",
    returns="a",
    draw=_any_sign,
    edges={"whole numbers": with_inputs(_any_sign, z=whole_numbers)},
    tips={"one plain Python number": lambda rng, s: {"z": -0.3}},
    mistakes=(
        Mistake(
            "max-for-maximum",
            (lambda z: np.max(0, z), lambda z: np.max(z, 0), lambda z: np.max(z)),
            "np.max looks for the largest entry of one array.",
            "The max of an array, or the maximum of two? NumPy has one function for each.",
        ),
        Mistake(
            "slope-for-value",
            (lambda z: (z > 0).astype(float), lambda z: z > 0, lambda z: np.where(z > 0, 1.0, 0.0)),
            "this is the slope of ReLU, not its value.",
            "What should come out for z = 3?",
        ),
        Mistake(
            "absolute-value", np.abs, "negative entries are folded up, not cut off.", "What should come out for z = -2?"
        ),
        Mistake(
            "sign-swapped",
            (lambda z: np.minimum(z, 0), lambda z: np.where(z > 0, 0.0, z)),
            "the negative entries are kept and the positive ones cut off.",
            "Which side of 0 should pass?",
        ),
        Mistake("identity", lambda z: z, "nothing is cut off.", "What should come out for z = -2?"),
        Mistake(
            "in-place",
            _zeroed,
            "the caller's array was changed as well.",
            "Backward needs z as it was. `z[z < 0] = 0` writes into the caller's array: what makes a new one?",
        ),
        Mistake(
            "leaky",
            (
                lambda z: np.where(z > 0, z, 0.01 * z),
                lambda z: np.maximum(z, 0.01 * z),
                lambda z: np.where(z > 0, z, 0.1 * z),
            ),
            "a little of the negative side leaks through.",
            "What should come out for z = -2, exactly?",
        ),
        Mistake(
            "capped",
            (lambda z: np.clip(z, 0, 1), lambda z: np.minimum(np.maximum(z, 0), 1)),
            "large entries are cut off at 1.",
            "What should come out for z = 3?",
        ),
    ),
    hints=(
        "NumPy has two functions of this name: one looks for the largest entry inside an array, one compares two arrays. Which do you need?",
        "np.maximum compares an array and a number entry by entry; np.max looks inside one array.",
        "return np.maximum(z, 0)",
    ),
    why="The slope is 1 where z is positive and 0 elsewhere, so a gradient passes whole or not at all: it never shrinks.",
)


def _through_relu(rng: Rng, sizes: Sizes) -> Inputs:
    z = _any_sign(rng, sizes)["z"]
    return {"da": away(rng, *z.shape), "z": z}


def _mask_in_place(da: Any, z: Any) -> Any:
    z[z > 0] = 1
    z[z <= 0] = 0
    return da * z


def _cut_in_place(da: Any, z: Any) -> Any:
    da[z <= 0] = 0
    return da


def _mask_returned(da: Any, z: Any) -> Any:
    z[z > 0] = 1
    z[z <= 0] = 0
    return z


RELU_BACKWARD = Exercise(
    reference=relu_backward,
    lesson=LESSON,
    asks="Given da = dL/da and ReLU's input z, return dz: da where z was positive, 0 elsewhere.",
    returns="dz",
    draw=_through_relu,
    edges={
        "da as whole numbers": with_inputs(_through_relu, da=whole_numbers),
        "z as whole numbers": with_inputs(_through_relu, z=whole_numbers),
    },
    tips={"one plain Python number": lambda rng, s: {"da": 2.0, "z": -0.3}},
    mistakes=(
        Mistake(
            "changes-the-input",
            (_mask_in_place, _cut_in_place, _mask_returned),
            "the caller's array was changed as well.",
            "Did you change what you were given? Somebody may still need z, or da.",
        ),
        Mistake(
            "gradient-clipped",
            (lambda da, z: np.maximum(da, 0), lambda da, z: np.maximum(da, 0) * (z > 0)),
            "negative gradients are cut off.",
            "Mask by the input, not by the gradient: which array decides?",
        ),
        Mistake(
            "masked-by-gradient",
            lambda da, z: np.where(da > 0, 1.0, 0.0),
            "the mask is made from da.",
            "Which array decides whether the unit was on?",
        ),
        Mistake(
            "upstream-forgotten",
            (lambda da, z: (z > 0).astype(float), lambda da, z: np.where(z > 0, 1.0, 0.0), lambda da, z: z > 0),
            "the incoming gradient da is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "cast-for-question",
            (lambda da, z: da * np.int64(z), lambda da, z: da * np.int64(np.maximum(z, 0)), lambda da, z: np.int64(z)),
            "the mask holds numbers other than 0 and 1.",
            "A question (z > 0) gives 0 and 1; a cast of z does not. Which one do you want?",
        ),
        Mistake(
            "value-for-slope",
            (lambda da, z: da * np.maximum(z, 0), lambda da, z: da * z),
            "da is multiplied by ReLU's value, not by its slope.",
            "How steep is ReLU at z = 3? And at z = 5?",
        ),
        Mistake(
            "not-masked",
            lambda da, z: da + 0,
            "everything passes.",
            "A unit that was off had no influence on the loss: what is its gradient?",
        ),
        Mistake(
            "mask-inverted",
            (lambda da, z: da * (z < 0), lambda da, z: da * (z <= 0)),
            "it passes where z was negative.",
            "Which units were on?",
        ),
        Mistake(
            "relu-of-product",
            (lambda da, z: np.maximum(da * z, 0),),
            "ReLU is applied to the gradient.",
            "Backward multiplies by a slope: is ReLU itself needed again?",
        ),
        Mistake(
            "leaky-slope",
            (lambda da, z: np.where(z > 0, da, 0.01 * da), lambda da, z: np.where(z > 0, da, 0.1 * da)),
            "a little leaks through where z was negative.",
            "How steep is ReLU at z = -2, exactly?",
        ),
    ),
    hints=(
        "The slope is 1 to the right of 0 and 0 to the left. What does each of the two do to an entry of da?",
        "z > 0 is an array of True and False; in a product they count as 1 and 0.",
        "return da * (z > 0)",
    ),
    why="An active unit hands its gradient on unchanged, a silent one stops it: the mask is all ReLU adds to the chain rule.",
)


def _network(rng: Rng, sizes: Sizes) -> Inputs:
    n, d, h, k = sizes
    params = {"W1": away(rng, d, h, least=0.3, most=1.2), "b1": away(rng, h, least=0.2, most=0.6)}
    params |= {"W2": away(rng, h, k, least=0.3, most=1.0), "b2": away(rng, k, least=0.2, most=0.6)}
    return {"X": _clear_of_kinks(rng, n, params), "params": params}


def _clear_of_kinks(rng: Rng, n: int, params: Any) -> Any:
    """Rows whose hidden scores all stay away from 0, and that switch some units on and some off."""
    rows: list[Any] = []
    while len(rows) < n:
        X = normal(rng, 64, len(params["W1"]))
        z1 = X @ params["W1"] + params["b1"]
        keep = (np.abs(z1) > 0.02).all(axis=1) & (z1 > 0).any(axis=1) & (z1 < 0).any(axis=1)
        rows.extend(X[keep])
    return np.array(rows[:n])


def _forward(hidden: Any, output: Any, *, b1: float = 1.0, b2: float = 1.0) -> Any:
    """The forward pass with other activations or without a bias."""

    def wrong(X: Any, params: Any) -> Any:
        z1 = X @ params["W1"] + b1 * params["b1"]
        a1 = hidden(z1)
        z2 = a1 @ params["W2"] + b2 * params["b2"]
        a2 = output(z2)
        return a2, {"X": X, "z1": z1, "a1": a1, "z2": z2, "a2": a2}

    return wrong


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _cached(**entries: Any) -> Any:
    """The right forward pass with wrong entries in its cache."""

    def wrong(X: Any, params: Any) -> Any:
        a2, cache = two_layer_forward(X, params)
        return a2, cache | {key: make(cache) for key, make in entries.items()}

    return wrong


TWO_LAYER_FORWARD = Exercise(
    reference=two_layer_forward,
    lesson=LESSON,
    asks="Return (a2, cache): ReLU hidden layer, sigmoid outputs, and a dict of X, z1, a1, z2, a2.",
    returns=("a2", "cache"),
    draw=_network,
    mistakes=(
        Mistake(
            "sigmoid-hidden",
            _forward(sigmoid, sigmoid),
            "the hidden layer has a sigmoid.",
            "Which activation belongs to which layer here?",
        ),
        Mistake(
            "relu-output",
            (_forward(relu, relu),),
            "the output layer has a ReLU.",
            "Can a probability be 7? Which activation belongs to the last layer?",
        ),
        Mistake(
            "activations-swapped",
            _forward(sigmoid, relu),
            "the two activations have changed places.",
            "Which activation belongs to which layer here?",
        ),
        Mistake(
            "linear-hidden",
            _forward(lambda z: z, sigmoid),
            "the hidden layer has no activation.",
            "Two linear layers in a row: could one layer do the same?",
        ),
        Mistake(
            "linear-output",
            (_forward(relu, lambda z: z),),
            "the output has no activation.",
            "Can the outputs be read as probabilities?",
        ),
        Mistake(
            "softmax-output",
            _forward(relu, _softmax),
            "the outputs go through a softmax.",
            "Are the k outputs one choice among k, or k separate yes-or-no answers?",
        ),
        Mistake(
            "tanh-hidden",
            _forward(np.tanh, sigmoid),
            "the hidden layer has a tanh.",
            "Which activation belongs to which layer here?",
        ),
        Mistake(
            "hidden-bias-left-out",
            _forward(relu, sigmoid, b1=0.0),
            "b1 is missing.",
            "Which of the four parameters have you used?",
        ),
        Mistake(
            "output-bias-left-out",
            _forward(relu, sigmoid, b2=0.0),
            "b2 is missing.",
            "Which of the four parameters have you used?",
        ),
        Mistake(
            "z1-overwritten",
            (_cached(z1=lambda c: c["a1"]), _cached(z1=lambda c: c["a1"], z2=lambda c: c["a2"])),
            "the cache holds the activation in place of z1.",
            "Backward asks where z1 was positive: is that the array before or after ReLU?",
        ),
        Mistake(
            "z2-overwritten",
            _cached(z2=lambda c: c["a2"]),
            "the cache holds the output in place of z2.",
            "Is z2 the array before or after the sigmoid?",
        ),
        Mistake(
            "cache-missing",
            (lambda X, params: two_layer_forward(X, params)[0],),
            "the cache is not returned.",
            "What will the backward pass need to remember?",
        ),
        Mistake(
            "first-layer-skipped",
            (
                lambda X, params: _forward(relu, sigmoid)(
                    X,
                    params
                    | {
                        "W2": params["W1"] @ params["W2"],
                        "W1": np.eye(len(params["W1"])),
                        "b1": np.zeros(len(params["W1"])),
                    },
                ),
            ),
            "W1 and W2 act without anything between them.",
            "What lies between the two products?",
        ),
        Mistake(
            "max-for-maximum",
            (
                _forward(lambda z: np.max(z, 0), sigmoid),
                _forward(lambda z: np.max(z, axis=0), sigmoid),
                _forward(lambda z: np.max(0, z), sigmoid),
            ),
            "np.max looks for the largest entry of one array.",
            "The max of an array, or the maximum of two? NumPy has one function for each.",
        ),
    ),
    hints=(
        "Four lines, one for each step. What does the second dense layer receive in place of X?",
        "z1 = dense(X, params['W1'], params['b1']) and a1 = relu(z1); then z2 from a1 in the same way, and a2 = sigmoid(z2).",
        "return a2, {'X': X, 'z1': z1, 'a1': a1, 'z2': z2, 'a2': a2}",
    ),
    why="Everything backward will need is made here anyway; keeping it costs memory and saves computing it twice.",
)


def _forward_passed(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = _network(rng, sizes)
    _, cache = two_layer_forward(**inputs)
    return {"y_true": coins(rng, sizes.n, sizes.k), "cache": cache, "params": inputs["params"]}


def _small_output_weights(rng: Rng, sizes: Sizes) -> Inputs:
    """Even a short step would change these output weights a lot: a W2 that has moved already shows."""
    params = _network(rng, sizes)["params"]
    params |= {"W1": 4.0 * params["W1"], "W2": 0.1 * params["W2"]}
    a2, cache = two_layer_forward(_clear_of_kinks(rng, sizes.n, params), params)
    return {"y_true": coins(rng, *a2.shape), "cache": cache, "params": params}


def _backward(*, dz2: Any = None, da1: Any = None, dz1: Any = None) -> Any:
    """The backward pass with one step computed differently; each step takes (y, cache, params, what arrived)."""

    def wrong(y: Any, cache: Any, params: Any) -> Any:
        c = cache
        e2 = dz2(y, c, params) if dz2 else (c["a2"] - y) / y.size
        e1 = da1(y, c, params, e2) if da1 else e2 @ params["W2"].T
        d1 = dz1(y, c, params, e1) if dz1 else e1 * (c["z1"] > 0)
        return {"W1": c["X"].T @ d1, "b1": d1.sum(axis=0), "W2": c["a1"].T @ e2, "b2": e2.sum(axis=0)}

    return wrong


def _renamed(y: Any, cache: Any, params: Any) -> Any:
    return {f"d{key}": value for key, value in two_layer_backward(y, cache, params).items()}


def _dz1_of(y: Any, c: Any, p: Any) -> Any:
    return (c["a2"] - y) / y.size @ p["W2"].T * (c["z1"] > 0)


TWO_LAYER_BACKWARD = Exercise(
    reference=two_layer_backward,
    lesson=LESSON,
    asks="Return a dict of the gradients of the mean cross-entropy for W1, b1, W2 and b2.",
    returns="grads",
    draw=_forward_passed,
    edges={
        "labels as whole numbers": with_inputs(_forward_passed, y_true=lambda rng, y: y.astype(int)),
        "large activations before small weights": _small_output_weights,
    },
    mistakes=(
        Mistake(
            "relu-slope-missing",
            _backward(dz1=lambda y, c, p, e: e),
            "the gradient passes the hidden layer unmasked.",
            "What lies between a1 and z1?",
        ),
        Mistake(
            "weights-not-transposed",
            (_backward(da1=lambda y, c, p, e: e @ p["W2"]), _backward(da1=lambda y, c, p, e: np.dot(e, p["W2"]))),
            "W2 is not transposed on the way back.",
            "da1 must look like a1: which shape does dz2 need on its right?",
        ),
        Mistake(
            "forgot-the-mean",
            _backward(dz2=lambda y, c, p: c["a2"] - y),
            "the mean's division is missing.",
            "Your loss is a mean over how many numbers?",
        ),
        Mistake(
            "divided-by-rows-only",
            _backward(dz2=lambda y, c, p: (c["a2"] - y) / len(y)),
            "it is divided by the number of rows only.",
            "The loss is a mean over all entries of y: how many are there?",
        ),
        Mistake(
            "mean-again-in-layer-1",
            (
                _backward(dz1=lambda y, c, p, e: e * (c["z1"] > 0) / y.size),
                _backward(dz1=lambda y, c, p, e: e * (c["z1"] > 0) / len(y)),
                altered(two_layer_backward, W1=lambda y, c, p: c["X"].T @ _dz1_of(y, c, p) / len(y)),
                altered(two_layer_backward, W1=lambda y, c, p: c["X"].T @ _dz1_of(y, c, p) / y.size),
            ),
            "layer 1 is divided by the mean's count once more.",
            "Where did the 1/n already enter?",
        ),
        Mistake(
            "sigmoid-slope-again",
            _backward(dz2=lambda y, c, p: (c["a2"] - y) * c["a2"] * (1 - c["a2"]) / y.size),
            "a2 - y is multiplied by a2(1 - a2) once more.",
            "Is the sigmoid's slope still missing from a2 - y?",
        ),
        Mistake(
            "squared-error-slope",
            _backward(dz2=lambda y, c, p: 2 * (c["a2"] - y) * c["a2"] * (1 - c["a2"]) / y.size),
            "this starts from the mean squared error.",
            "Which loss are you differentiating?",
        ),
        Mistake(
            "activations-sent-back",
            (
                _backward(da1=lambda y, c, p, e: c["a2"] @ p["W2"].T),
                _backward(da1=lambda y, c, p, e: c["a2"] @ p["W2"].T / y.size),
                _backward(da1=lambda y, c, p, e: c["z2"] @ p["W2"].T),
            ),
            "the outputs are sent back, not the errors.",
            "What flows backwards: outputs or errors? Does dW1 change when y changes?",
        ),
        Mistake(
            "sigmoid-slope-hidden",
            _backward(dz1=lambda y, c, p, e: e * c["a1"] * (1 - c["a1"])),
            "the hidden layer uses the sigmoid's slope.",
            "Which activation did the hidden layer have?",
        ),
        Mistake(
            "tanh-slope-hidden",
            (
                _backward(dz1=lambda y, c, p, e: e * (1 - c["a1"] ** 2)),
                _backward(dz1=lambda y, c, p, e: e * (1 - c["z1"] ** 2)),
            ),
            "the hidden layer uses the slope of tanh.",
            "Which activation did the hidden layer have?",
        ),
        Mistake(
            "relu-for-its-slope",
            (_backward(dz1=lambda y, c, p, e: e * c["a1"]),),
            "the gradient is multiplied by ReLU's value, not by its slope.",
            "How steep is ReLU at z = 3? And at z = 5?",
        ),
        Mistake(
            "gradient-clipped",
            (
                _backward(dz1=lambda y, c, p, e: np.maximum(e, 0)),
                _backward(dz1=lambda y, c, p, e: np.maximum(e, 0) * (c["z1"] > 0)),
            ),
            "negative gradients are cut off at the hidden layer.",
            "Mask by the input z1, not by the gradient: which array decides?",
        ),
        Mistake(
            "wrong-input-to-dW1",
            altered(two_layer_backward, W1=lambda y, c, p: c["a1"].T @ _dz1_of(y, c, p)),
            "dW1 is computed from a1.",
            "What did W1 multiply?",
        ),
        Mistake(
            "wrong-input-to-dW2",
            (
                altered(two_layer_backward, W2=lambda y, c, p: c["z1"].T @ ((c["a2"] - y) / y.size)),
                altered(two_layer_backward, W2=lambda y, c, p: c["X"].T @ ((c["a2"] - y) / y.size)),
            ),
            "dW2 is computed from the wrong array.",
            "What did W2 multiply?",
        ),
        Mistake(
            "bias-not-summed",
            (
                altered(two_layer_backward, b2=lambda y, c, p: (c["a2"] - y) / y.size),
                altered(two_layer_backward, b1=_dz1_of),
                altered(two_layer_backward, b1=_dz1_of, b2=lambda y, c, p: (c["a2"] - y) / y.size),
            ),
            "a bias gradient has one row for each example.",
            "Every example used the same bias: what happens to their contributions?",
        ),
        Mistake(
            "bias-summed-over-outputs",
            (
                altered(two_layer_backward, b2=lambda y, c, p: ((c["a2"] - y) / y.size).sum(axis=1)),
                altered(
                    two_layer_backward,
                    b1=lambda y, c, p: _dz1_of(y, c, p).sum(axis=1),
                    b2=lambda y, c, p: ((c["a2"] - y) / y.size).sum(axis=1),
                ),
            ),
            "a bias gradient sums over the outputs.",
            "Sum over the examples only: which axis is that?",
        ),
        Mistake(
            "bias-averaged",
            (
                altered(
                    two_layer_backward,
                    b1=lambda y, c, p: _dz1_of(y, c, p).mean(axis=0),
                    b2=lambda y, c, p: ((c["a2"] - y) / y.size).mean(axis=0),
                ),
                altered(two_layer_backward, b2=lambda y, c, p: ((c["a2"] - y) / y.size).mean(axis=0)),
                altered(two_layer_backward, b1=lambda y, c, p: _dz1_of(y, c, p).mean(axis=0)),
            ),
            "a bias gradient is averaged where it should be summed.",
            "The mean's division is already in dz2: does the bias sum or average?",
        ),
        Mistake(
            "keys-named-after-gradients",
            _renamed,
            "the keys are named dW1, db1 and so on.",
            "A grads dict has the keys of its params, so that a step can pair them: what are they called?",
        ),
        sign_flipped(two_layer_backward, "all four have the opposite sign."),
        Mistake(
            "second-term-sign",
            _backward(dz2=lambda y, c, p: -(y / c["a2"] + (1 - y) / (1 - c["a2"])) / y.size * c["a2"] * (1 - c["a2"])),
            "the loss's slope has the wrong sign where y = 0.",
            "What is the derivative of log(1 - a) with respect to a? Mind the inner derivative.",
        ),
        Mistake(
            "sigmoid-slope-missing",
            _backward(dz2=lambda y, c, p: (-y / c["a2"] + (1 - y) / (1 - c["a2"])) / y.size),
            "the output's sigmoid slope is missing from the chain.",
            "What lies between a2 and z2?",
        ),
        *sigmoid_slope_mistakes(
            lambda slope: _backward(
                dz2=lambda y, c, p: (-y / c["a2"] + (1 - y) / (1 - c["a2"])) / y.size * slope(c["a2"])
            ),
            "the output's slope",
        ),
        Mistake(
            "W2-updated-too-early",
            tuple(
                _backward(da1=lambda y, c, p, e, lr=lr: e @ (p["W2"] - lr * c["a1"].T @ e).T)
                for lr in (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01, 0.001)
            ),
            "W2 was updated before it was used to send the gradient back.",
            "Which W2 made this output?",
        ),
        Mistake(
            "cast-for-question",
            _backward(dz1=lambda y, c, p, e: e * np.int64(c["z1"])),
            "the mask holds numbers other than 0 and 1.",
            "A question (z1 > 0) gives 0 and 1; a cast of z1 does not. Which one do you want?",
        ),
        Mistake(
            "one-minus-a1",
            (_backward(dz1=lambda y, c, p, e: e * (1 - c["a1"])),),
            "the hidden slope is 1 - a1.",
            "Which activation did the hidden layer have, and how steep is it?",
        ),
        Mistake(
            "mask-inverted",
            _backward(dz1=lambda y, c, p, e: e * (c["z1"] < 0)),
            "the gradient passes where z1 was negative.",
            "Which hidden units were on?",
        ),
    ),
    hints=(
        "dz2 arrives at the second dense layer. What was that layer's input, and what are its weights?",
        "da1, dW2, db2 = dense_backward(dz2, cache['a1'], params['W2']). Then relu_backward turns da1 into dz1: with which array of the cache?",
        "dz1 = relu_backward(da1, cache['z1']), then dense_backward(dz1, cache['X'], params['W1']) gives dX, dW1, db1. Return {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}.",
    ),
    why="The backward pass is the forward list read from its end; each step uses what the cache kept for it.",
)


def _cheatsheet_inputs(rng: Rng, sizes: Sizes) -> Inputs:
    n, d, h, k = sizes
    return {
        "X": normal(rng, n, d),
        "y_true": rng.uniform(0.05, 0.95, (n, k)),
        "W1": normal(rng, d, h),
        "b1": away(rng, h, least=0.3),
        "W2": normal(rng, h, k),
        "b2": away(rng, k, least=0.3),
    }


def _program(*, loss_slope: Any = None, out_slope: Any = None, hidden_slope: Any = None, back: Any = None) -> Any:
    """The cheatsheet's program with single lines changed."""

    def wrong(X: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        z1 = X @ W1 + b1
        a1 = sigmoid(z1)
        z2 = a1 @ W2 + b2
        a2 = sigmoid(z2)
        e2 = (loss_slope(a2, y) if loss_slope else 2 * (a2 - y) / y.size) * (
            out_slope(a2, z2) if out_slope else a2 * (1 - a2)
        )
        e1 = (back(e2, a2, W2) if back else e2 @ W2.T) * (hidden_slope(a1, z1) if hidden_slope else a1 * (1 - a1))
        return {"W1": X.T @ e1, "b1": e1.sum(axis=0), "W2": a1.T @ e2, "b2": e2.sum(axis=0)}

    return wrong


CHEATSHEET_GRADIENTS = Exercise(
    reference=cheatsheet_gradients,
    lesson=LESSON,
    asks="Mend the program: return the gradients of the mean squared error that it prints.",
    returns="grads",
    draw=_cheatsheet_inputs,
    edges={"small output weights": with_inputs(_cheatsheet_inputs, W2=lambda rng, W: 0.2 * W)},
    mistakes=(
        Mistake(
            "sum-for-mean",
            _program(loss_slope=lambda a, y: 2 * (a - y)),
            "it is the gradient of the sum of squares, as in the printed program.",
            "The program prints np.mean(...). The mean has a 1/size: where is it?",
        ),
        Mistake(
            "halved",
            _program(loss_slope=lambda a, y: (a - y) / y.size),
            "the factor 2 of the square is missing.",
            "What does the derivative of (a - y)² bring down?",
        ),
        Mistake(
            "divided-by-rows-only",
            _program(loss_slope=lambda a, y: 2 * (a - y) / len(y)),
            "it is divided by the number of rows only.",
            "How many numbers are averaged?",
        ),
        Mistake(
            "output-slope-missing",
            _program(out_slope=lambda a, z: 1.0),
            "the output's sigmoid slope is missing.",
            "What lies between a2 and z2? Only with cross-entropy does it cancel.",
        ),
        Mistake(
            "hidden-slope-missing",
            _program(hidden_slope=lambda a, z: 1.0),
            "the hidden layer's sigmoid slope is missing.",
            "What lies between a1 and z1?",
        ),
        Mistake(
            "slope-of-z",
            (
                _program(out_slope=lambda a, z: z * (1 - z), hidden_slope=lambda a, z: z * (1 - z)),
                _program(hidden_slope=lambda a, z: z * (1 - z)),
                _program(out_slope=lambda a, z: z * (1 - z)),
            ),
            "z(1 - z) stands where a(1 - a) belongs.",
            "Is the argument of your derivative z or sigmoid(z)?",
        ),
        Mistake(
            "sigmoid-twice",
            (
                _program(
                    out_slope=lambda a, z: sigmoid(a) * (1 - sigmoid(a)),
                    hidden_slope=lambda a, z: sigmoid(a) * (1 - sigmoid(a)),
                ),
                _program(out_slope=lambda a, z: sigmoid(a) * (1 - sigmoid(a))),
                _program(hidden_slope=lambda a, z: sigmoid(a) * (1 - sigmoid(a))),
            ),
            "the sigmoid is applied to an activation once more.",
            "a went through the sigmoid already: do you need it again?",
        ),
        Mistake(
            "activations-sent-back",
            (_program(back=lambda e2, a2, W2: a2 @ W2.T),),
            "the outputs are sent back, not the errors.",
            "What flows backwards: outputs or errors?",
        ),
        Mistake(
            "weights-not-transposed",
            (_program(back=lambda e2, a2, W2: e2 @ W2), _program(back=lambda e2, a2, W2: np.dot(e2, W2))),
            "W2 is not transposed on the way back.",
            "Which shape does dz2 need on its right to become da1?",
        ),
        Mistake(
            "relu-hidden",
            (_program(hidden_slope=lambda a, z: (z > 0) * 1.0),),
            "the hidden layer uses ReLU's slope.",
            "Which activation does this program have?",
        ),
        sign_flipped(cheatsheet_gradients, "all four have the opposite sign."),
        Mistake(
            "keys-named-after-gradients",
            lambda *args: {f"d{key}": value for key, value in cheatsheet_gradients(*args).items()},
            "the keys are named dW1, db1 and so on.",
            "A grads dict has the keys of its params: what are they called?",
        ),
        Mistake(
            "cross-entropy-start",
            (_program(loss_slope=lambda a, y: (a - y) / y.size, out_slope=lambda a, z: 1.0),),
            "it starts from a2 - y, the error of cross-entropy.",
            "Which loss does the program print?",
        ),
        *(
            mistake
            for mistake in sigmoid_slope_mistakes(
                lambda slope: (
                    _program(out_slope=lambda a, z: slope(a), hidden_slope=lambda a, z: slope(a)),
                    _program(out_slope=lambda a, z: slope(a)),
                    _program(hidden_slope=lambda a, z: slope(a)),
                ),
                "a slope",
            )
            if mistake.id in ("difference-for-product", "plus-for-minus", "tanh-slope")
        ),
        Mistake(
            "tanh-slope-of-z",
            _program(hidden_slope=lambda a, z: 1 - z * z),
            "the hidden slope is 1 - z².",
            "Which activation does this program have?",
        ),
        Mistake(
            "slope-twice",
            (
                _program(out_slope=lambda a, z: (a * (1 - a)) ** 2),
                _program(hidden_slope=lambda a, z: (a * (1 - a)) ** 2),
            ),
            "a sigmoid's slope is multiplied in twice.",
            "How often does the gradient pass each sigmoid?",
        ),
        Mistake(
            "W2-updated-too-early",
            tuple(
                lambda X, y, W1, b1, W2, b2, lr=lr: _program(
                    back=lambda e2, a2, W: e2 @ (W - lr * sigmoid(X @ W1 + b1).T @ e2).T
                )(X, y, W1, b1, W2, b2)
                for lr in (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01)
            ),
            "W2 was updated before it was used to send the gradient back.",
            "Which W2 made this output?",
            slight=True,  # a short step moves W2 by little, as the published example shows
        ),
    ),
    hints=(
        "a1 and a2 are there. Which line of as_printed lacks the 1/size, and how many numbers does np.mean average?",
        "dz2 = 2 * (a2 - y_true) / a2.size * a2 * (1 - a2). Every later line inherits the division.",
        "dz1 = dz2 @ W2.T * a1 * (1 - a1). Then dW1 = X.T @ dz1, dW2 = a1.T @ dz2, and each bias is a sum over axis 0. The keys are W1, b1, W2, b2.",
    ),
    why="A gradient too large by A2.size still points downhill, so the loss fell and nobody noticed: only comparing with a measured slope finds such a bug.",
)

EXERCISES = (DENSE, RELU, TWO_LAYER_FORWARD, DENSE_BACKWARD, RELU_BACKWARD, TWO_LAYER_BACKWARD, CHEATSHEET_GRADIENTS)
