"""Lesson 10: a small engine for automatic differentiation."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.autodiff import (
    add_vjp,
    backward,
    exp_vjp,
    log_vjp,
    matmul_vjp,
    mul_vjp,
    sum_vjp,
    topological_order,
    unbroadcast,
)
from bpkit.checking.compare import Misfit, kind_of
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.checking.given import Graph
from bpkit.checking.observe import Observation
from bpkit.exercises._common import Rng, altered_tuple, away, normal

LESSON = "10_autodiff"

# Parents of each node. Node 1 is used three times, by nodes at different depths, and node 6 twice at once: whoever
# hands a gradient on before all of it has arrived, or forgets to add, gets a wrong answer.
_PARENTS = ((), (), (), (0, 1), (1, 3), (3, 2), (4, 5), (6, 6, 1), (7, 4))


def _graph(rng: Rng, sizes: Sizes, *, plain: bool = False, stale: bool = False) -> Graph:
    """A computation with shared nodes; some parents receive the gradient itself, as from a sum."""
    shapes = [(sizes.d,), (2, 2), (sizes.d,), (sizes.d,), (2, 2), (sizes.d,), (2, 2), (2, 2), (2, 2)]
    matrices: list[tuple[Any, ...]] = []
    for child, parents in enumerate(_PARENTS):
        rows = []
        for parent in parents:
            same = shapes[parent] == shapes[child] and not plain
            size = int(np.prod(shapes[parent])), int(np.prod(shapes[child]))
            rows.append(None if same else normal(rng, *size))
        matrices.append(tuple(rows))
    return Graph(tuple(normal(rng, *shape) for shape in shapes), _PARENTS, tuple(matrices), stale)


def _chain(rng: Rng, length: int) -> Graph:
    parents = ((), *((i,) for i in range(length)))
    return Graph(tuple(np.ones(1) for _ in parents), parents, tuple(tuple(None for _ in p) for p in parents))


def _result(rng: Rng, sizes: Sizes) -> Inputs:
    return {"node": _graph(rng, sizes)}


def _one_input(rng: Rng, sizes: Sizes) -> Inputs:
    return {"node": Graph((normal(rng, 3),), ((),), ((),))}


def _ordered(inputs: Inputs, seen: Observation) -> dict[str, Any]:
    graph, value = inputs["node"], seen.value
    if not isinstance(value, (list, tuple)):
        raise Misfit(f"The result should be a list of nodes; it is {kind_of(value)}.")
    if not all(isinstance(entry, dict) and "node" in entry for entry in value):
        raise Misfit("Every entry of the list should be a node of the computation, the object itself.")
    order = [entry["node"] for entry in value]
    place = {number: i for i, number in enumerate(order)}
    early = [child for child in place for parent in graph.parents[child] if place.get(parent, -1) > place[child]]
    return {
        "nodes": float(len(set(order))),
        "repeated nodes": float(len(order) - len(set(order))),
        "children before a parent": float(bool(early)),
        "right if read backwards": float(all(place.get(p, 0) >= place[c] for c in place for p in graph.parents[c])),
        "node in the last place": float(bool(order) and order[-1] == len(graph.values) - 1),
    }


def _depth_first(node: Any, seen: Any = None, after: bool = True, again: bool = False) -> Any:
    """A recursive walk: a node after its parents or before them, with or without remembering where it has been."""
    seen = [] if seen is None else seen
    if not again and any(node is other for other in seen):
        return seen
    if not after:
        seen.append(node)
    for parent in node.parents:
        _depth_first(parent, seen, after, again)
    if after and (again or not any(node is other for other in seen)):
        seen.append(node)
    return seen


def _breadth_first(node: Any) -> Any:
    order, queue = [], [node]
    while queue:
        current = queue.pop(0)
        if not any(current is other for other in order):
            order.append(current)
            queue.extend(current.parents)
    return order[::-1]


TOPOLOGICAL_ORDER = Exercise(
    reference=topological_order,
    lesson=LESSON,
    asks="Return a list of all nodes that `node` was computed from, parents before children, `node` last.",
    returns="order",
    draw=_result,
    one_row=False,
    edges={"a single input": _one_input, "a chain of 60 nodes": lambda rng, s: {"node": _chain(rng, 60)}},
    free=("repeated nodes", "children before a parent", "right if read backwards", "node in the last place"),
    view=_ordered,
    mistakes=(
        Mistake(
            "children-first",
            (lambda node: _depth_first(node)[::-1],),
            "the list begins with the result.",
            "Which comes first: what a node was computed from, or the node?",
        ),
        Mistake(
            "on-the-way-down",
            (lambda node: _depth_first(node, after=False),),
            "a node is appended before its parents have been visited.",
            "When may a node be appended: when you meet it, or when all its parents are done?",
        ),
        Mistake(
            "on-the-way-down-and-reversed",
            (lambda node: _depth_first(node, after=False)[::-1], _breadth_first),
            "turning the list of first meetings round does not put every parent before its child.",
            "A node that is met early through one child may still be waited for by another: when is it safe to append it?",
        ),
        Mistake(
            "visited-again",
            (lambda node: _depth_first(node, again=True),),
            "shared nodes stand in the list more than once.",
            "How do you remember where you have been?",
        ),
        Mistake(
            "result-left-out",
            lambda node: topological_order(node)[:-1],
            "the node itself is missing.",
            "What should stand last?",
        ),
        Mistake(
            "inputs-left-out",
            lambda node: [n for n in topological_order(node) if n.parents],
            "the inputs are missing.",
            "Nodes without parents need a gradient as well: are they in the list?",
        ),
        Mistake(
            "only-direct-parents",
            lambda node: [*dict.fromkeys(node.parents), node],
            "only the direct parents are visited.",
            "And the parents of the parents?",
        ),
        Mistake(
            "only-first-parent",
            (lambda node: _first_line(node),),
            "only the first parent of each node is followed.",
            "How many parents does a product have?",
        ),
    ),
    hints=(
        "A node may be appended as soon as all of its parents have been. Which walk does that?",
        "If node is not yet in order: first the parents, each by a call of the function itself; then append node.",
        "if node not in order: for parent in node.parents: topological_order(parent, order); then order.append(node)",
    ),
    why="Read backwards, it meets every node only after everything that used it: just what backward needs.",
)


def _first_line(node: Any) -> Any:
    line = [node]
    while line[-1].parents:
        line.append(line[-1].parents[0])
    return line[::-1]


def _gradients(inputs: Inputs, seen: Observation) -> dict[str, Any]:
    grads = seen.after.get("node", {}).get("grads")
    if grads is None:
        raise Misfit("The nodes were replaced. Fill `.grad` of the nodes you were given.")
    return {f"grads[{i}]": grad for i, grad in enumerate(grads)}


def _backward(
    *,
    overwrite: bool = False,
    seed: Any = np.ones_like,
    order: Any = None,
    in_place: bool = False,
    reset: bool = True,
    leaves: bool = True,
    start: Any = None,
) -> Any:
    """Backward with one thing changed."""

    def wrong(node: Any) -> None:
        nodes = topological_order(node)
        for n in nodes:
            n.grad = np.zeros_like(n.value) if not in_place else None
        node.grad = seed(node.value)
        for child in order(nodes) if order else nodes[::-1]:
            if child.vjp is None or child.grad is None:
                continue
            for parent, gradient in zip(child.parents, child.vjp(child.grad), strict=True):
                if not leaves and not parent.parents:
                    continue
                if in_place and parent.grad is not None:
                    parent.grad += gradient
                else:
                    parent.grad = gradient if overwrite or in_place else parent.grad + gradient

    return wrong


def _at_once(node: Any) -> None:
    """Hands on what has arrived so far, again and again from the start."""
    for n in topological_order(node):
        n.grad = np.zeros_like(n.value)
    node.grad = np.ones_like(node.value)

    def visit(n: Any) -> None:
        if n.vjp is None:
            return
        for parent, gradient in zip(n.parents, n.vjp(n.grad), strict=True):
            parent.grad = parent.grad + gradient
            visit(parent)

    visit(node)


BACKWARD = Exercise(
    reference=backward,
    lesson=LESSON,
    asks="Fill .grad of every node: 1 at the result, then add up what each child's vjp hands to its parents.",
    returns="grads",
    draw=_result,
    one_row=False,
    edges={"a single input": _one_input, "a chain of 60 nodes": lambda rng, s: {"node": _chain(rng, 60)}},
    tips={"nodes whose grad is left over from an earlier call": lambda rng, s: {"node": _graph(rng, s, stale=True)}},
    view=_gradients,
    mistakes=(
        Mistake(
            "overwritten",
            (_backward(overwrite=True),),
            "a node that is used twice keeps only the last of its gradients.",
            "If x is used in two places, what is its whole influence?",
        ),
        Mistake(
            "handed-on-too-early",
            (_at_once,),
            "gradients are handed on before all of them have arrived, and then once more.",
            "When may a node hand its gradient on? Which order makes sure of that?",
        ),
        Mistake(
            "parents-first",
            (_backward(order=lambda nodes: nodes), _backward(order=lambda nodes: nodes[-1:])),
            "only the result hands its gradient on: the walk starts at the inputs, or it stops after one step.",
            "Which node's gradient is known first?",
        ),
        Mistake(
            "not-seeded",
            (_backward(seed=np.zeros_like),),
            "the result's own gradient is 0, so everything is.",
            "How much does the result change when the result changes by 1?",
        ),
        Mistake(
            "seeded-with-value",
            (_backward(seed=lambda v: v.copy()),),
            "the result's gradient is its value.",
            "How much does the result change when the result changes by 1?",
        ),
        Mistake(
            "shared-array-changed",
            (_backward(in_place=True),),
            "adding in place changed an array that belongs to another node.",
            "vjp may hand the very same array to two parents: what does += do to it?",
        ),
        Mistake(
            "inputs-left-out",
            (_backward(leaves=False),),
            "the inputs get no gradient.",
            "Whose gradient did you want in the first place?",
        ),
        Mistake(
            "doubled-seed",
            (_backward(seed=lambda v: 2 * np.ones_like(v)),),
            "everything is twice as large: the result's own gradient is not 1.",
            "How much does the result change when the result changes by 1?",
        ),
    ),
    hints=(
        "Only the result's gradient is known at first. In which direction must topological_order(node) be read?",
        "Go through the order from the end; a node n that has a vjp gives n.vjp(n.grad) to its parents, one entry each.",
        "for parent, gradient in zip(n.parents, n.vjp(n.grad)): parent.grad = parent.grad + gradient",
    ),
    why="Each node waits until everybody who used it has answered, then passes the sum on: one visit each, whatever the size.",
)


def _stretched(rng: Rng, sizes: Sizes) -> Inputs:
    n, d, h = sizes.n, sizes.d, sizes.h
    grad, shape = {7: ((n, d), (d,)), 11: ((n, d), (n, 1)), 5: ((h, n, d), (n, 1))}[n]
    return {"grad": normal(rng, *grad), "shape": shape}


def _case(grad: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    return lambda rng, s: {"grad": normal(rng, *grad), "shape": shape}


def _leading_only(grad: Any, shape: Any) -> Any:
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    return grad


def _ones_only(grad: Any, shape: Any) -> Any:
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def _partly(grad: Any, shape: Any, front: Any, ones: Any) -> Any:
    while grad.ndim > len(shape):
        grad = front(grad, axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = ones(grad, axis=axis, keepdims=True)
    return grad


UNBROADCAST = Exercise(
    reference=unbroadcast,
    lesson=LESSON,
    asks="Sum a gradient back to `shape`, over every axis along which an array of that shape was stretched.",
    returns="grad",
    draw=_stretched,
    one_row=False,
    edges={
        "nothing was stretched": _case((3, 5), (3, 5)),
        "a plain number": _case((3, 5), ()),
        "one entry": _case((3, 5), (1, 1)),
        "a row kept as a row": _case((3, 5), (1, 5)),
        "both kinds at once": _case((2, 3, 5), (3, 1)),
    },
    mistakes=(
        Mistake(
            "only-leading-axes",
            _leading_only,
            "axes of length 1 are not summed.",
            "A column (n, 1) was repeated along its second axis: what happens to the copies' gradients?",
        ),
        Mistake(
            "only-axes-of-length-1",
            _ones_only,
            "axes that were added in front are not summed.",
            "A row (d,) was repeated for every example: what happens to the copies' gradients?",
        ),
        Mistake(
            "mean-for-sum",
            (lambda grad, shape: unbroadcast(grad, shape) * np.prod(shape) / grad.size if grad.size else grad,),
            "the copies' gradients are averaged.",
            "An entry used in ten places influences the loss in ten ways: do these add or average?",
        ),
        Mistake(
            "first-copy-only",
            (lambda grad, shape: _first_copy(grad, shape),),
            "only one of the copies counts.",
            "An entry used in ten places influences the loss in ten ways: where are the others?",
        ),
        Mistake(
            "nothing-summed",
            lambda grad, shape: grad,
            "nothing is summed.",
            "Which shape must the gradient of an array have?",
        ),
        Mistake(
            "everything-summed",
            (lambda grad, shape: np.full(shape, grad.sum()), lambda grad, shape: grad.sum()),
            "everything is summed.",
            "Which axes were stretched, and which were not?",
        ),
        Mistake(
            "only-reshaped",
            (lambda grad, shape: grad.reshape(shape), lambda grad, shape: np.resize(grad, shape)),
            "the gradient is only reshaped.",
            "The stretched array has more entries than the old one: where should the surplus go?",
        ),
        Mistake(
            "axes-from-the-front",
            (lambda grad, shape: _from_front(grad, shape),),
            "the axes are matched from the front.",
            "NumPy lines shapes up at their ends: which axes of grad are new?",
        ),
        Mistake(
            "averaged-in-front",
            (lambda grad, shape: _partly(grad, shape, np.mean, np.sum),),
            "the axes in front are averaged.",
            "An entry used in ten places influences the loss in ten ways: do these add or average?",
        ),
        Mistake(
            "averaged-where-length-is-1",
            (lambda grad, shape: _partly(grad, shape, np.sum, np.mean),),
            "the axes of length 1 are averaged.",
            "An entry used in ten places influences the loss in ten ways: do these add or average?",
        ),
        Mistake(
            "wrong-axis-in-front",
            (
                lambda grad, shape: grad.sum(axis=1) if grad.ndim > len(shape) else unbroadcast(grad, shape),
                lambda grad, shape: grad.sum(axis=-1) if grad.ndim > len(shape) else unbroadcast(grad, shape),
            ),
            "the surplus axes are taken from the wrong end.",
            "NumPy lines shapes up at their ends: which axes of grad are new?",
        ),
    ),
    hints=(
        "The new axes in front are gone: grad has as many axes as shape. Along which of them was one entry repeated?",
        "Sum, with keepdims, over every axis where shape has 1.",
        "for axis, size in enumerate(shape): if size == 1: grad = grad.sum(axis=axis, keepdims=True)",
    ),
    why="Stretching uses one entry in many places, and an entry collects the gradients of all its uses.",
)


def _first_copy(grad: Any, shape: Any) -> Any:
    grad = grad[(0,) * (grad.ndim - len(shape))]
    return grad[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


def _from_front(grad: Any, shape: Any) -> Any:
    axes = tuple(i for i in range(grad.ndim) if i >= len(shape) or (shape[i] == 1 and grad.shape[i] != 1))
    return grad.sum(axis=axes, keepdims=True).reshape(shape)


def _two(rng: Rng, sizes: Sizes) -> Inputs:
    n, d = sizes.n, sizes.d
    a, b = {7: ((n, d), (d,)), 11: ((n, d), (n, d)), 5: ((n, 1), (n, d))}[n]
    return {"g": away(rng, n, d), "a": away(rng, *a), "b": away(rng, *b)}


def _number(rng: Rng, sizes: Sizes) -> Inputs:
    return {"g": away(rng, sizes.n, sizes.d), "a": away(rng, sizes.n, sizes.d), "b": np.array(1.7)}


_TWO_EDGES = {
    "whole numbers in both": lambda rng, s: {
        "g": away(rng, 3, 2),
        "a": np.array([[1, 2], [3, -4], [5, 6]]),
        "b": np.array([2, -3]),
    },
    "a number and a table": _number,
    "two plain numbers": lambda rng, s: {"g": np.array(2.0), "a": np.array(3.0), "b": np.array(-1.5)},
}

_NOT_SUMMED = (
    "a gradient keeps the shape of the result, though its input was stretched.",
    "Which shape must the gradient of an input have? You have a function for that.",
)

ADD_VJP = Exercise(
    reference=add_vjp,
    lesson=LESSON,
    asks="Return (da, db), the gradients of a + b, each with the shape of its input.",
    returns=("da", "db"),
    draw=_two,
    one_row=False,
    edges=_TWO_EDGES,
    mistakes=(
        Mistake("not-summed-back", lambda g, a, b: (g, g), *_NOT_SUMMED),
        Mistake(
            "times-the-other",
            (lambda g, a, b: (unbroadcast(g * b, a.shape), unbroadcast(g * a, b.shape)),),
            "these are the gradients of a product.",
            "If a rises by 1, by how much does a + b rise?",
        ),
        Mistake(
            "times-itself",
            (lambda g, a, b: (unbroadcast(g * a, a.shape), unbroadcast(g * b, b.shape)),),
            "the summands are multiplied in.",
            "If a rises by 1, by how much does a + b rise?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda g, a, b: (unbroadcast(np.ones_like(g), a.shape), unbroadcast(np.ones_like(g), b.shape)),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "sign-of-second",
            (lambda g, a, b: (unbroadcast(g, a.shape), unbroadcast(-g, b.shape)),),
            "the second gradient has the wrong sign.",
            "Is it a sum or a difference?",
        ),
        Mistake(
            "halved",
            lambda g, a, b: (unbroadcast(g / 2, a.shape), unbroadcast(g / 2, b.shape)),
            "the gradient is shared out between the two.",
            "If both rise by 1, by how much does the sum rise?",
        ),
        Mistake(
            "averaged-back",
            tuple(
                lambda g, a, b, how=how: (_partly(g, a.shape, *how), _partly(g, b.shape, *how))
                for how in ((np.mean, np.mean), (np.mean, np.sum), (np.sum, np.mean))
            ),
            "the copies' gradients are averaged.",
            "An entry used in ten places: do its gradients add or average?",
        ),
        Mistake(
            "only-first-summed-back",
            (lambda g, a, b: (unbroadcast(g, a.shape), g),),
            "only the first gradient is summed back to its input's shape.",
            "Which of the two inputs may have been stretched?",
        ),
        Mistake(
            "only-second-summed-back",
            (lambda g, a, b: (g, unbroadcast(g, b.shape)),),
            "only the second gradient is summed back to its input's shape.",
            "Which of the two inputs may have been stretched?",
        ),
        Mistake(
            "always-summed-over-rows",
            (lambda g, a, b: (g, g.sum(axis=0)), lambda g, a, b: (unbroadcast(g, a.shape), g.sum(axis=0))),
            "the second gradient is always summed over the rows.",
            "What if b was not stretched, or along another axis?",
        ),
        Mistake(
            "values-sent-back",
            (lambda g, a, b: (a + 0.0, b + 0.0), lambda g, a, b: (b + 0.0, a + 0.0)),
            "values are sent back, not gradients.",
            "What flows backwards? Does your result change when g changes?",
        ),
    ),
    hints=(
        "If a rises by 1, by how much does a + b rise?",
        "Both get g. But which shape must each have?",
        "return unbroadcast(g, a.shape), unbroadcast(g, b.shape)",
    ),
    why="A sum hands the gradient to both, unchanged; what was stretched is summed back.",
)

MUL_VJP = Exercise(
    reference=mul_vjp,
    lesson=LESSON,
    asks="Return (da, db), the gradients of a * b, each with the shape of its input.",
    returns=("da", "db"),
    draw=_two,
    one_row=False,
    edges=_TWO_EDGES,
    mistakes=(
        Mistake("not-summed-back", lambda g, a, b: (g * b, g * a), *_NOT_SUMMED),
        Mistake(
            "times-itself",
            (lambda g, a, b: (unbroadcast(g * a, a.shape), unbroadcast(g * b, b.shape)),),
            "each factor is multiplied with itself.",
            "If a rises by 1, by how much does a · b rise?",
        ),
        Mistake(
            "results-swapped",
            (lambda g, a, b: mul_vjp(g, a, b)[::-1],),
            "da and db have changed places.",
            "In which order are the two returned?",
        ),
        Mistake(
            "summed-like-a-sum",
            lambda g, a, b: (unbroadcast(g, a.shape), unbroadcast(g, b.shape)),
            "these are the gradients of a sum.",
            "If a rises by 1, by how much does a · b rise?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda g, a, b: (unbroadcast(b + 0 * g, a.shape), unbroadcast(a + 0 * g, b.shape)),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "summed-before-multiplying",
            (
                lambda g, a, b: (
                    unbroadcast(g, a.shape) * b if a.shape == g.shape else unbroadcast(g, a.shape) * np.mean(b),
                    unbroadcast(g, b.shape) * np.mean(a) if b.shape != g.shape else g * a,
                ),
            ),
            "the gradient is summed before it is multiplied.",
            "Each copy was multiplied with another number: multiply first, or sum first?",
        ),
        Mistake(
            "both-factors",
            (lambda g, a, b: (unbroadcast(g * a * b, a.shape), unbroadcast(g * a * b, b.shape)),),
            "both factors are multiplied in.",
            "The slope of a · b along a is what?",
        ),
        Mistake(
            "divided",
            (lambda g, a, b: (unbroadcast(g / b, a.shape), unbroadcast(g / a, b.shape)),),
            "it divides by the other factor.",
            "If a rises by 1, by how much does a · b rise?",
        ),
        Mistake(
            "only-first-summed-back",
            (lambda g, a, b: (unbroadcast(g * b, a.shape), g * a),),
            "only the first gradient is summed back to its input's shape.",
            "Which of the two inputs may have been stretched?",
        ),
        Mistake(
            "only-second-summed-back",
            (lambda g, a, b: (g * b, unbroadcast(g * a, b.shape)),),
            "only the second gradient is summed back to its input's shape.",
            "Which of the two inputs may have been stretched?",
        ),
        Mistake(
            "averaged-back",
            tuple(
                lambda g, a, b, how=how: (_partly(g * b, a.shape, *how), _partly(g * a, b.shape, *how))
                for how in ((np.mean, np.mean), (np.mean, np.sum), (np.sum, np.mean))
            ),
            "the copies' gradients are averaged.",
            "An entry used in ten places: do its gradients add or average?",
        ),
    ),
    hints=(
        "If a rises by 1, by how much does a * b rise?",
        "da comes from g * b, db from g * a; mind the shapes.",
        "return unbroadcast(g * b, a.shape), unbroadcast(g * a, b.shape)",
    ),
    why="Each factor is scaled by the other one: that is why both values have to be kept.",
)


def _product(rng: Rng, sizes: Sizes) -> Inputs:
    n, d, h, _ = sizes
    return {"g": normal(rng, n, h), "A": normal(rng, n, d), "B": normal(rng, d, h)}


MATMUL_VJP = Exercise(
    reference=matmul_vjp,
    lesson=LESSON,
    asks="Return (dA, dB), the gradients of A @ B, with the shapes of A and B.",
    returns=("dA", "dB"),
    draw=_product,
    mistakes=(
        Mistake(
            "second-not-transposed",
            (
                altered_tuple(matmul_vjp, _0=lambda g, A, B: g @ B),
                altered_tuple(matmul_vjp, _0=lambda g, A, B: np.dot(g, B)),
            ),
            "dA is computed as g @ B.",
            "dA must look like A: which shape does g need on its right?",
        ),
        Mistake(
            "first-not-transposed",
            (
                altered_tuple(matmul_vjp, _1=lambda g, A, B: A @ g),
                altered_tuple(matmul_vjp, _1=lambda g, A, B: np.dot(A, g)),
            ),
            "dB is computed as A @ g.",
            "dB must look like B: which shape does g need on its left?",
        ),
        Mistake(
            "results-swapped",
            lambda g, A, B: matmul_vjp(g, A, B)[::-1],
            "dA and dB have changed places.",
            "In which order are the two returned?",
        ),
        Mistake(
            "dA-transposed",
            altered_tuple(matmul_vjp, _0=lambda g, A, B: B @ g.T),
            "dA is transposed.",
            "What are the rows of A?",
        ),
        Mistake(
            "dB-transposed",
            altered_tuple(matmul_vjp, _1=lambda g, A, B: g.T @ A),
            "dB is transposed.",
            "What are the rows of B?",
        ),
        Mistake(
            "averaged",
            (
                altered_tuple(matmul_vjp, _1=lambda g, A, B: A.T @ g / len(A)),
                lambda g, A, B: tuple(x / len(A) for x in matmul_vjp(g, A, B)),
            ),
            "it is divided by the number of rows.",
            "The 1/n of a mean is already in g. Where did it enter?",
        ),
        Mistake(
            "elementwise",
            (lambda g, A, B: (g * B, g * A),),
            "the product is taken entry by entry.",
            "A @ B sums over an axis: which product undoes that?",
        ),
        Mistake(
            "upstream-forgotten",
            (lambda g, A, B: (np.ones_like(g) @ B.T, A.T @ np.ones_like(g)),),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "sign-flipped",
            lambda g, A, B: tuple(-x for x in matmul_vjp(g, A, B)),
            "both have the opposite sign.",
            "If an entry of A rises, does A @ B rise with B's sign or against it?",
        ),
        Mistake(
            "output-for-input",
            (
                altered_tuple(matmul_vjp, _1=lambda g, A, B: (A @ B).T @ g),
                altered_tuple(matmul_vjp, _0=lambda g, A, B: g @ (A @ B).T),
            ),
            "the product A @ B stands where one of its factors belongs.",
            "What did B multiply on the way there?",
        ),
        Mistake(
            "values-sent-back",
            (
                altered_tuple(matmul_vjp, _0=lambda g, A, B: (A @ B) @ B.T),
                altered_tuple(matmul_vjp, _1=lambda g, A, B: A.T @ (A @ B)),
                lambda g, A, B: ((A @ B) @ B.T, A.T @ (A @ B)),
            ),
            "values are sent back, not gradients.",
            "What flows backwards? Does your result change when g changes?",
        ),
    ),
    hints=(
        "Let the shapes lead: g (n, k), A (n, m), B (m, k).",
        "Which product of g and B has the shape of A? Which of A and g that of B?",
        "return g @ B.T, A.T @ g",
    ),
    why="The same two lines as in a dense layer: dX = dZ @ Wᵀ and dW = Xᵀ @ dZ.",
)


def _summed(rng: Rng, sizes: Sizes) -> Inputs:
    return {"g": float(away(rng)), "x": away(rng, *((sizes.n,) if sizes.n == 11 else (sizes.n, sizes.d)))}


_TUPLE = (
    "the gradient comes back bare, not in a tuple.",
    "One gradient per input, in a tuple: how is a tuple of one written?",
)

SUM_VJP = Exercise(
    reference=sum_vjp,
    lesson=LESSON,
    asks="Return (dx,), the gradient of x.sum(): a tuple with one array of x's shape.",
    returns=("dx",),
    draw=_summed,
    one_row=False,
    edges={
        "g as an array of no axes": lambda rng, s: {"g": np.array(1.5), "x": away(rng, s.d)},
        "whole numbers in x": lambda rng, s: {"g": 1.5, "x": np.array([1, 2, 3])},
    },
    mistakes=(
        Mistake(
            "not-spread-out",
            lambda g, x: (g,),
            "the gradient is one number.",
            "Which shape must the gradient of x have?",
        ),
        Mistake(
            "averaged",
            (lambda g, x: (np.full(x.shape, g / x.size),),),
            "it is divided by the number of entries.",
            "Is it a sum or a mean?",
        ),
        Mistake(
            "times-x",
            lambda g, x: (g * x,),
            "x is multiplied in.",
            "If an entry rises by 1, by how much does the sum rise?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda g, x: (np.ones(x.shape),),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "summed-again",
            (lambda g, x: (np.full(x.shape, g * x.size),), lambda g, x: (np.full(x.shape, g * x.sum()),)),
            "something is summed once more.",
            "If an entry rises by 1, by how much does the sum rise?",
        ),
        Mistake("no-tuple", lambda g, x: np.full(x.shape, g), *_TUPLE),
        Mistake(
            "sign-flipped",
            lambda g, x: (np.full(x.shape, -g),),
            "the sign is the wrong way round.",
            "If an entry rises, does the sum rise or fall?",
        ),
    ),
    hints=(
        "If one entry rises by 1, by how much does the sum rise?",
        "Every entry gets g.",
        "return (np.full(x.shape, g),)",
    ),
    why="Every entry has the same say in a sum, so every entry gets the same gradient.",
)


def _unary(low: float, high: float) -> Any:
    def draw(rng: Rng, sizes: Sizes) -> Inputs:
        shape = (sizes.n,) if sizes.n == 11 else (sizes.n, sizes.d)
        return {"g": away(rng, *shape), "x": rng.uniform(low, high, shape)}

    return draw


EXP_VJP = Exercise(
    reference=exp_vjp,
    lesson=LESSON,
    asks="Return (dx,), the gradient of exp(x).",
    returns=("dx",),
    draw=_unary(-1.5, 1.5),
    one_row=False,
    edges={"whole numbers in x": lambda rng, s: {"g": np.array([0.5, 1.5, -2.5]), "x": np.array([1, -2, 0])}},
    mistakes=(
        Mistake(
            "power-rule",
            (lambda g, x: (g * x * np.exp(x - 1),), lambda g, x: (g * x,)),
            "the power rule is used.",
            "Here x is the exponent, not the base: what is the slope of e^x?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda g, x: (np.exp(x),),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "exp-of-gradient",
            (lambda g, x: (np.exp(g),), lambda g, x: (x * np.exp(g),)),
            "the exponential is taken of g.",
            "Which of the two went through the exponential on the way there?",
        ),
        Mistake(
            "logarithm-slope",
            lambda g, x: (g / x,),
            "this is the slope of the logarithm.",
            "Which function is its own slope?",
        ),
        Mistake("passed-through", lambda g, x: (g,), "the gradient passes unchanged.", "How steep is e^x at x = 1?"),
        Mistake(
            "exp-twice",
            (lambda g, x: (g * np.exp(np.exp(x)),),),
            "the exponential is taken twice.",
            "Is your argument x or exp(x)?",
        ),
        Mistake("no-tuple", lambda g, x: g * np.exp(x), *_TUPLE),
        Mistake(
            "sign-flipped", lambda g, x: (-g * np.exp(x),), "the sign is the wrong way round.", "Does e^x rise or fall?"
        ),
        Mistake(
            "inverted",
            lambda g, x: (g * np.exp(-x),),
            "the exponent has the wrong sign.",
            "How steep is e^x for a large x?",
        ),
    ),
    hints=("Which function is its own slope?", "g times exp(x), in a tuple.", "return (g * np.exp(x),)"),
    why="The exponential is its own slope, so the value of the forward pass could be used again.",
)

LOG_VJP = Exercise(
    reference=log_vjp,
    lesson=LESSON,
    asks="Return (dx,), the gradient of log(x).",
    returns=("dx",),
    draw=_unary(0.3, 3.0),
    one_row=False,
    edges={
        "whole numbers in x": lambda rng, s: {"g": np.array([0.5, 1.5, -2.5]), "x": np.array([1, 2, 5])},
        "small numbers in x": lambda rng, s: {"g": away(rng, s.n), "x": rng.uniform(3e-5, 1e-4, s.n)},
    },
    mistakes=(
        Mistake(
            "multiplied-for-divided",
            lambda g, x: (g * x,),
            "it multiplies by x.",
            "How steep is the logarithm at 10, compared with 1?",
        ),
        Mistake(
            "upstream-forgotten",
            lambda g, x: (1 / x,),
            "the incoming gradient g is not used.",
            "The chain rule multiplies by what arrives from above: where is it?",
        ),
        Mistake(
            "value-for-slope",
            (lambda g, x: (g * np.log(x),),),
            "it multiplies by the logarithm itself.",
            "Is the slope of log x again a logarithm?",
        ),
        Mistake(
            "slope-of-reciprocal",
            (lambda g, x: (g / x**2,), lambda g, x: (-g / x**2,)),
            "it divides by x².",
            "That is the slope of 1/x. And of log x?",
        ),
        Mistake(
            "slope-of-exp",
            lambda g, x: (g * np.exp(x),),
            "this is the slope of the exponential.",
            "Which of the two is flat for large x?",
        ),
        Mistake(
            "x-over-g",
            lambda g, x: (x / g,),
            "the fraction is upside down.",
            "If g doubles, should the gradient double or halve?",
        ),
        Mistake(
            "divided-by-log",
            lambda g, x: (g / np.where(np.abs(np.log(x)) < 0.05, 0.05, np.log(x)),),
            "it divides by log x.",
            "The slope of log x is 1 over what?",
        ),
        Mistake("passed-through", lambda g, x: (g,), "the gradient passes unchanged.", "How steep is log x at x = 2?"),
        Mistake("no-tuple", lambda g, x: g / x, *_TUPLE),
        Mistake("sign-flipped", lambda g, x: (-g / x,), "the sign is the wrong way round.", "Does log x rise or fall?"),
        Mistake(
            "other-base",
            (lambda g, x: (g / (x * np.log(2)),), lambda g, x: (g / (x * np.log(10)),)),
            "this is the slope of a logarithm with another base.",
            "Which base does np.log have?",
        ),
        Mistake(
            "x-taken-for-log-x",
            (lambda g, x: (g / np.exp(x),),),
            "x is taken for log x.",
            "Does your function receive x or log x?",
        ),
        Mistake(
            "eps-in-the-denominator",
            tuple(lambda g, x, e=e: (g / (x + e),) for e in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)),
            "an epsilon in the denominator shifts every slope.",
            "x is positive here: what is the epsilon for?",
            slight=True,
        ),
    ),
    hints=("The slope of log x is a simple fraction.", "g divided by x, in a tuple.", "return (g / x,)"),
    why="The smaller x, the steeper the logarithm: that is why a probability near 0 gets such a push.",
)

EXERCISES = (
    TOPOLOGICAL_ORDER,
    BACKWARD,
    UNBROADCAST,
    ADD_VJP,
    MUL_VJP,
    MATMUL_VJP,
    SUM_VJP,
    EXP_VJP,
    LOG_VJP,
)
