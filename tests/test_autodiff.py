"""The engine against HIPS autograd."""

import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpkit
from bpkit import Node
from tests import outsiders

BROADCASTS = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (3, 4)), ((), (3, 4)), ((2, 1, 4), (3, 1)), ((1,), ())]


@pytest.mark.parametrize(("a_shape", "b_shape"), BROADCASTS)
@pytest.mark.parametrize("name", ["add", "mul"])
def test_elementwise_vjps_against_autograd(name, a_shape, b_shape):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(a_shape), rng.standard_normal(b_shape)
    g = rng.standard_normal(np.broadcast_shapes(a_shape, b_shape))
    combine = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b}[name]
    expected = outsiders.gradients(lambda a, b: anp.sum(g * combine(a, b)), a, b)
    for ours, theirs in zip(getattr(bpkit, f"{name}_vjp")(g, a, b), expected, strict=True):
        assert outsiders.same(ours, theirs)


def test_other_vjps_against_autograd():
    rng = np.random.default_rng(1)
    A, B, g = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), rng.standard_normal((3, 2))
    expected = outsiders.gradients(lambda A, B: anp.sum(g * (A @ B)), A, B)
    assert all(map(outsiders.same, bpkit.matmul_vjp(g, A, B), expected))
    x, g = rng.uniform(0.5, 2.0, (3, 4)), rng.standard_normal((3, 4))
    assert outsiders.same(bpkit.exp_vjp(g, x)[0], outsiders.gradients(lambda x: anp.sum(g * anp.exp(x)), x)[0])
    assert outsiders.same(bpkit.log_vjp(g, x)[0], outsiders.gradients(lambda x: anp.sum(g * anp.log(x)), x)[0])
    assert outsiders.same(bpkit.sum_vjp(2.5, x)[0], outsiders.gradients(lambda x: 2.5 * anp.sum(x), x)[0])


@given(shape=st.sampled_from([(2, 3), (3,), (1, 3), (2, 1), (1, 1), (), (1,)]))
def test_unbroadcast_sums_what_broadcasting_copied(shape):
    grad = np.arange(6.0).reshape(2, 3)
    x = np.zeros(shape)
    (expected,) = outsiders.gradients(lambda x: anp.sum(grad * (x + anp.zeros((2, 3)))), x)
    assert outsiders.same(bpkit.unbroadcast(grad, shape), expected)


def softmax_cross_entropy(exp, log, total, X, W1, W2, T):
    """A two-layer network written with the engine's own operations; tanh as (e^z - e^-z) / (e^z + e^-z)."""
    z = X @ W1
    up, down = exp(z), exp(z * -1.0)
    a = (up - down) * exp(log(up + down) * -1.0)
    scores = a @ W2
    return total(log(exp(scores) @ np.ones((W2.shape[1], 1))) * (1.0 / len(T))) - total(scores * (T / len(T)))


def test_a_whole_network_against_autograd():
    rng = np.random.default_rng(2)
    X, W1, W2 = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal((4, 3))
    T = np.eye(3)[[0, 2, 1, 1, 0]]
    nodes = [Node(X), Node(W1), Node(W2)]
    for node in nodes:
        node.shape = node.value.shape
    loss = softmax_cross_entropy(lambda n: n.exp(), lambda n: n.log(), lambda n: n.sum(), *nodes, T)
    bpkit.backward(loss)
    expected = outsiders.gradients(
        lambda X, W1, W2: softmax_cross_entropy(anp.exp, anp.log, anp.sum, X, W1, W2, T), X, W1, W2
    )
    for node, theirs in zip(nodes, expected, strict=True):
        assert outsiders.same(node.grad, theirs)


def test_operators_accept_numbers_and_arrays_on_either_side():
    x = Node([1.0, 2.0])
    y = (2.0 * x + np.array([1.0, 1.0]) - x * 3.0 + (5.0 - x)).sum()
    bpkit.backward(y)
    assert float(y.value) == pytest.approx(6.0)
    np.testing.assert_array_equal(x.grad, [-2.0, -2.0])
    z = (np.ones((1, 2)) @ Node(np.eye(2))).sum()
    assert float(z.value) == 2.0


def test_shared_nodes_collect_from_every_use_and_a_second_call_gives_the_same():
    x = Node(3.0)
    y = x * x
    z = y * x + y + x
    for _ in range(2):
        bpkit.backward(z)
        assert float(x.grad) == pytest.approx(3 * 9 + 2 * 3 + 1)
        assert float(y.grad) == pytest.approx(4.0)


def test_long_chains_need_no_recursion():
    node = start = Node(1.0)
    for _ in range(5_000):
        node = node + 1.0
    assert len(bpkit.topological_order(node)) == 10_001
    bpkit.backward(node)
    assert float(start.grad) == 1.0


def test_order_puts_parents_first_and_the_result_last():
    a, b = Node(1.0), Node(2.0)
    c = a * b
    d = c + a
    order = bpkit.topological_order(d)
    place = {id(node): i for i, node in enumerate(order)}
    assert len(order) == 4
    assert order[-1] is d
    assert all(place[id(parent)] < place[id(node)] for node in order for parent in node.parents)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bpkit.backward(3.0), "node must be a bpkit.Node, got float"),
        (lambda: bpkit.unbroadcast(np.ones((2, 3)), (2,)), r"shape \(2,\) cannot be broadcast to grad's shape"),
        (lambda: bpkit.add_vjp(np.ones(3), np.ones(2), np.ones(3)), "cannot be broadcast against each other"),
        (lambda: bpkit.mul_vjp(np.ones(2), np.ones(3), np.ones(3)), r"g must have the shape of the result \(3,\)"),
        (lambda: bpkit.matmul_vjp(np.ones((2, 2)), np.ones((2, 3)), np.ones((2, 2))), "do not fit"),
        (lambda: bpkit.sum_vjp(np.ones(2), np.ones(2)), "g must be one number"),
        (lambda: bpkit.exp_vjp(np.ones(2), np.ones(3)), r"g and x must have the same shape, got g \(2,\), x \(3,\)"),
    ],
)
def test_bad_input_names_the_argument(call, says):
    with pytest.raises(ValueError, match=says):
        call()
