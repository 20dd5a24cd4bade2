"""Steps, schedules and batches against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpkit


def test_momentum_with_a_constant_gradient_is_a_geometric_series():
    params, velocity = {"w": np.array([0.0])}, {"w": np.array([0.0])}
    for _ in range(10):
        params, velocity = bpkit.momentum_step(params, {"w": np.array([1.0])}, velocity, lr=0.1, beta=0.5)
    assert velocity["w"][0] == pytest.approx(2 * (1 - 0.5**10))
    assert params["w"][0] == pytest.approx(-0.1 * sum(2 * (1 - 0.5**t) for t in range(1, 11)))


def test_momentum_without_memory_is_a_gradient_step():
    params, grads = {"w": np.array([1.0, 2.0])}, {"w": np.array([3.0, -1.0])}
    new, _ = bpkit.momentum_step(params, grads, {"w": np.zeros(2)}, lr=0.1, beta=0.0)
    np.testing.assert_array_equal(new["w"], bpkit.gradient_step(params, grads, 0.1)["w"])


@given(g=st.floats(1e-3, 1e3), sign=st.sampled_from([-1.0, 1.0]))
def test_adams_first_step_is_the_learning_rate_whatever_the_gradient(g, sign):
    state = {"t": 0, "m": {"w": 0.0}, "v": {"w": 0.0}}
    params, state = bpkit.adam_step({"w": 0.0}, {"w": sign * g}, state, lr=0.1)
    assert float(params["w"]) == pytest.approx(-0.1 * sign, rel=1e-4)
    assert state["t"] == 1


def test_adam_with_a_constant_gradient_keeps_stepping_by_the_learning_rate():
    params, state = {"w": 0.0}, {"t": 0, "m": {"w": 0.0}, "v": {"w": 0.0}}
    for _ in range(50):
        params, state = bpkit.adam_step(params, {"w": 7.0}, state, lr=0.1)
    assert float(params["w"]) == pytest.approx(-5.0, rel=1e-6)
    assert float(state["m"]["w"]) == pytest.approx(7.0 * (1 - 0.9**50))
    assert float(state["v"]["w"]) == pytest.approx(49.0 * (1 - 0.999**50))


def test_schedules():
    assert [bpkit.step_decay(1.0, step, 0.7, 3) for step in (0, 2, 3, 6)] == pytest.approx([1, 1, 0.7, 0.49])
    rates = [bpkit.exponential_decay(0.5, step, 0.1) for step in range(20)]
    ratios = np.divide(rates[1:], rates[:-1])
    np.testing.assert_allclose(ratios, math.exp(-0.1), rtol=1e-12)
    assert bpkit.cosine_decay(2.0, 0, 10) == 2.0
    assert bpkit.cosine_decay(2.0, 5, 10) == pytest.approx(1.0)
    assert bpkit.cosine_decay(2.0, 10, 10) == pytest.approx(0.0, abs=1e-15)
    assert bpkit.cosine_decay(2.0, 30, 10) == 0.0


def test_inverse_time_decay_is_not_exponential():
    inverse = [1 / (1 + 0.1 * step) for step in range(20)]
    assert np.ptp(np.divide(inverse[1:], inverse[:-1])) > 0.05


@given(n=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 1000))
def test_minibatches_show_every_pair_once(n, size, seed):
    X, y = np.arange(n, dtype=float)[:, None], 10 * np.arange(n)
    batches = bpkit.minibatches(X, y, size, np.random.default_rng(seed))
    assert [len(batch) for batch, _ in batches] == [size] * (n // size) + [n % size] * (n % size > 0)
    rows, targets = np.concatenate([b[:, 0] for b, _ in batches]), np.concatenate([t for _, t in batches])
    np.testing.assert_array_equal(np.sort(rows), np.arange(n))
    np.testing.assert_array_equal(targets, 10 * rows)
    assert targets.dtype == y.dtype


def squared_error(params, X, y):
    error = X @ params["w"] - y
    return float(np.mean(error**2)), {"w": 2 * X.T @ error / len(y)}


def test_one_batch_of_all_rows_is_batch_gradient_descent():
    rng = np.random.default_rng(0)
    X, y, params = rng.standard_normal((8, 3)), rng.standard_normal(8), {"w": np.zeros(3)}
    new, losses = bpkit.sgd_epoch(params, X, y, 0.1, 8, np.random.default_rng(1), squared_error)
    loss, grads = squared_error(params, X, y)
    np.testing.assert_allclose(new["w"], bpkit.gradient_step(params, grads, 0.1)["w"], rtol=1e-12)
    assert losses == pytest.approx([loss])
    np.testing.assert_array_equal(params["w"], 0.0)


def test_batches_of_one_step_once_for_each_row():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((8, 3)), rng.standard_normal(8)
    _, losses = bpkit.sgd_epoch({"w": np.zeros(3)}, X, y, 0.1, 1, np.random.default_rng(1), squared_error)
    assert len(losses) == 8


@given(scale=st.floats(0.01, 100))
def test_only_the_global_norm_keeps_the_direction(scale):
    grads = {"W": scale * np.array([[3.0, 0.0], [0.0, 4.0]]), "b": scale * np.array([12.0])}
    clipped, norm = bpkit.clip_by_global_norm(grads, 1.0)
    assert norm == pytest.approx(13 * scale)
    flat = np.concatenate([g.ravel() for g in grads.values()])
    new = np.concatenate([g.ravel() for g in clipped.values()])
    assert np.linalg.norm(new) == pytest.approx(min(1.0, 13 * scale))
    assert flat @ new == pytest.approx(np.linalg.norm(flat) * np.linalg.norm(new))
    by_value = np.clip(flat, -1, 1)
    if scale > 1:
        assert flat @ by_value < 0.99 * np.linalg.norm(flat) * np.linalg.norm(by_value)


def test_zero_gradients_and_nan_pass_clipping():
    clipped, norm = bpkit.clip_by_global_norm({"w": np.zeros(3)}, 1.0)
    assert norm == 0.0
    assert not clipped["w"].any()
    clipped, norm = bpkit.clip_by_global_norm({"w": np.array([np.nan, 1.0])}, 1.0)
    assert np.isnan(norm)
    assert np.isnan(clipped["w"]).all()


STATE = {"t": 0, "m": {"w": 0.0}, "v": {"w": 0.0}}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.minibatches(np.ones((3, 1)), np.ones(2), 1, np.random.default_rng(0)), "same number of rows"),
        (lambda: bpkit.minibatches(np.ones((0, 1)), np.ones(0), 1, np.random.default_rng(0)), "at least 1"),
        (
            lambda: bpkit.minibatches(np.ones((3, 1)), np.ones(3), 0, np.random.default_rng(0)),
            "batch_size must be at least",
        ),
        (
            lambda: bpkit.minibatches(np.ones((3, 1)), np.ones(3), 1.5, np.random.default_rng(0)),
            "batch_size must be a whole",
        ),
        (lambda: bpkit.step_decay(1.0, 1, 1.5, 10), "drop is the share that is kept"),
        (lambda: bpkit.step_decay(1.0, -1, 0.5, 10), "step must be at least 0"),
        (lambda: bpkit.step_decay(1.0, 1, 0.5, 0), "every must be at least 1"),
        (lambda: bpkit.exponential_decay(1.0, 1, -0.1), "rate must be at least 0"),
        (lambda: bpkit.cosine_decay(1.0, 1, 0), "total must be at least 1"),
        (lambda: bpkit.momentum_step({"w": 1.0}, {"w": 1.0}, {}, 0.1), "velocity must have the keys of params"),
        (lambda: bpkit.momentum_step({"w": 1.0}, {"w": 1.0}, {"w": 1.0}, 0.1, beta=1.0), r"beta must lie in \[0, 1\)"),
        (lambda: bpkit.adam_step({"w": 1.0}, {"w": 1.0}, {"t": 0}, 0.1), r"state must hold t, m and v; it lacks"),
        (lambda: bpkit.adam_step({"w": 1.0}, {"w": 1.0}, STATE | {"t": -1}, 0.1), r"state\['t'\] must be at least 0"),
        (lambda: bpkit.adam_step({"w": 1.0}, {"w": np.ones(2)}, STATE, 0.1), r"grads\['w'\] has shape \(2,\)"),
        (lambda: bpkit.clip_by_global_norm({}, 1.0), "grads is empty"),
        (lambda: bpkit.clip_by_global_norm({"w": 1.0}, 0.0), "max_norm must be above 0"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
