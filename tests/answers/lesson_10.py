# ruff: noqa: F811
"""Right answers to lesson 10 (a reverse-mode engine), in several styles."""

import numpy as np

from tests.answers import answer


def _ancestors(node):
    """All nodes reachable through parents, each once, children after their parents."""
    order, seen, stack = [], set(), [(node, False)]
    while stack:
        current, done = stack.pop()
        if done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack.extend((parent, False) for parent in current.parents)
    return order


def _shrink(grad, shape):
    """Sum grad back to shape."""
    grad = np.asarray(grad, dtype=float)
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


def _spread(g, a, b):
    """The upstream gradient at the full broadcast shape."""
    return np.broadcast_to(np.asarray(g, dtype=float), np.broadcast_shapes(np.shape(a), np.shape(b)))


def _gather(grad, shape):
    """Sum grad back to shape by counting into the flat position every entry came from."""
    source = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), np.shape(grad))
    flat = np.zeros(int(np.prod(shape)))
    np.add.at(flat, source.ravel(), np.ravel(grad))
    return flat.reshape(shape)


def _place(index, shape):
    """Index into an array of this shape that was broadcast to where index points."""
    trailing = index[len(index) - len(shape) :]
    return tuple(0 if size == 1 else i for i, size in zip(trailing, shape, strict=True))


# ---------------------------------------------------------------- topological_order


@answer("recursion")
def topological_order(node):
    order = []
    seen = set()

    def visit(current):
        if id(current) in seen:
            return
        seen.add(id(current))
        for parent in current.parents:
            visit(parent)
        order.append(current)

    visit(node)
    return order


@answer("explicit stack")
def topological_order(node):
    order = []
    started = {id(node)}
    stack = [(node, iter(node.parents))]
    while stack:
        current, parents = stack[-1]
        for parent in parents:
            if id(parent) not in started:
                started.add(id(parent))
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(current)
            stack.pop()
    return order


@answer("count the children, peel from the end")
def topological_order(node):
    children = {id(node): 0}
    frontier = [node]
    while frontier:
        current = frontier.pop()
        for parent in current.parents:
            if id(parent) not in children:
                children[id(parent)] = 0
                frontier.append(parent)
            children[id(parent)] += 1
    backwards = []
    ready = [node]
    while ready:
        current = ready.pop()
        backwards.append(current)
        for parent in current.parents:
            children[id(parent)] -= 1
            if children[id(parent)] == 0:
                ready.append(parent)
    return backwards[::-1]


@answer("repeated passes")
def topological_order(node):
    found = [node]
    known = {id(node)}
    for current in found:  # grows while we walk it
        for parent in current.parents:
            if id(parent) not in known:
                known.add(id(parent))
                found.append(parent)
    order, placed = [], set()
    waiting = found[::-1]
    while waiting:
        later = []
        for current in waiting:
            if all(id(parent) in placed for parent in current.parents):
                placed.add(id(current))
                order.append(current)
            else:
                later.append(current)
        waiting = later
    return order


# ---------------------------------------------------------------- backward


@answer("push to the parents")
def backward(node):
    order = _ancestors(node)
    for n in order:
        n.grad = np.zeros_like(n.value)
    node.grad = np.ones_like(node.value)
    for n in reversed(order):
        if n.vjp is None:
            continue
        for parent, g in zip(n.parents, n.vjp(n.grad), strict=True):
            parent.grad = parent.grad + g


@answer("table of gradients")
def backward(node):
    order = _ancestors(node)
    table = {id(node): np.ones(np.shape(node.value))}
    for n in order[::-1]:
        upstream = table[id(n)]
        if not n.parents:
            continue
        for parent, contribution in zip(n.parents, n.vjp(upstream), strict=True):
            if id(parent) in table:
                table[id(parent)] = table[id(parent)] + contribution
            else:
                table[id(parent)] = np.array(contribution, dtype=float)
    for n in order:
        n.grad = table[id(n)]


@answer("pull from the children")
def backward(node):
    order = _ancestors(node)
    children = {id(n): [] for n in order}
    for child in order:
        for slot, parent in enumerate(child.parents):
            children[id(parent)].append((child, slot))
    sent = {}
    for n in reversed(order):
        if n is node:
            n.grad = np.ones_like(n.value)
        else:
            n.grad = sum((sent[id(child)][slot] for child, slot in children[id(n)]), np.zeros(n.value.shape))
        sent[id(n)] = n.vjp(n.grad) if n.vjp is not None else ()


@answer("worklist with pending children")
def backward(node):
    pending, todo = {id(node): 0}, [node]
    while todo:
        n = todo.pop()
        n.grad = None
        for parent in n.parents:
            if id(parent) not in pending:
                pending[id(parent)] = 0
                todo.append(parent)
            pending[id(parent)] += 1
    node.grad = np.full(np.shape(node.value), 1.0)
    ready = [node]
    while ready:
        n = ready.pop()
        contributions = n.vjp(n.grad) if n.parents else ()
        for i, parent in enumerate(n.parents):
            g = np.asarray(contributions[i])
            parent.grad = g.copy() if parent.grad is None else np.add(parent.grad, g)
            pending[id(parent)] -= 1
            if pending[id(parent)] == 0:
                ready.append(parent)


# ---------------------------------------------------------------- unbroadcast


@answer("sum axis after axis")
def unbroadcast(grad, shape):
    grad = np.asarray(grad, dtype=float)
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


@answer("one sum over all the broadcast axes")
def unbroadcast(grad, shape):
    grad = np.asarray(grad)
    extra = grad.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(extra + i for i, size in enumerate(shape) if size == 1)
    return np.sum(grad, axis=axes, dtype=float).reshape(shape)


@answer("loops")
def unbroadcast(grad, shape):
    grad = np.asarray(grad)
    shape = tuple(shape)
    out = np.zeros(shape)
    for index in np.ndindex(grad.shape):
        trailing = index[len(index) - len(shape) :]
        place = tuple(0 if size == 1 else i for i, size in zip(trailing, shape, strict=True))
        out[place] += grad[index]
    return out


@answer("bincount of the source positions")
def unbroadcast(grad, shape):
    size = int(np.prod(shape))
    source = np.broadcast_to(np.arange(size).reshape(shape), np.shape(grad))
    return np.bincount(source.ravel(), weights=np.ravel(grad), minlength=size).reshape(shape)


@answer("einsum")
def unbroadcast(grad, shape):
    grad = np.asarray(grad, dtype=float)
    extra = grad.ndim - len(shape)
    kept = [extra + i for i, size in enumerate(shape) if size != 1]
    return np.array(np.einsum(grad, list(range(grad.ndim)), kept)).reshape(shape)


# ---------------------------------------------------------------- add_vjp


@answer("sum axis after axis")
def add_vjp(g, a, b):
    return _shrink(g, np.shape(a)), _shrink(g, np.shape(b))


@answer("loops")
def add_vjp(g, a, b):
    g = _spread(g, a, b)
    ga, gb = np.zeros(np.shape(a)), np.zeros(np.shape(b))
    for index in np.ndindex(g.shape):
        ga[_place(index, ga.shape)] += g[index]
        gb[_place(index, gb.shape)] += g[index]
    return ga, gb


@answer("gather by source position")
def add_vjp(g, a, b):
    g = _spread(g, a, b)
    return tuple(_gather(g, np.shape(x)) for x in (a, b))


# ---------------------------------------------------------------- mul_vjp


@answer("sum axis after axis")
def mul_vjp(g, a, b):
    return _shrink(g * b, np.shape(a)), _shrink(g * a, np.shape(b))


@answer("loops")
def mul_vjp(g, a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    g = _spread(g, a, b)
    ga, gb = np.zeros(a.shape), np.zeros(b.shape)
    for index in np.ndindex(g.shape):
        i, j = _place(index, a.shape), _place(index, b.shape)
        ga[i] += g[index] * b[j]
        gb[j] += g[index] * a[i]
    return ga, gb


@answer("gather by source position")
def mul_vjp(g, a, b):
    A, B = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    return _gather(np.multiply(g, B), np.shape(a)), _gather(np.multiply(g, A), np.shape(b))


# ---------------------------------------------------------------- matmul_vjp


@answer("transposes")
def matmul_vjp(g, A, B):
    return g @ B.T, A.T @ g


@answer("einsum")
def matmul_vjp(g, A, B):
    return np.einsum("ik,jk->ij", g, B), np.einsum("ij,ik->jk", A, g)


@answer("loops")
def matmul_vjp(g, A, B):
    n, d = A.shape
    k = B.shape[1]
    gA, gB = np.zeros((n, d)), np.zeros((d, k))
    for i in range(n):
        for j in range(k):
            for m in range(d):  # C[i, j] += A[i, m] * B[m, j]
                gA[i, m] += g[i, j] * B[m, j]
                gB[m, j] += g[i, j] * A[i, m]
    return gA, gB


@answer("outer products")
def matmul_vjp(g, A, B):
    gA = sum(np.outer(g[:, j], B[:, j]) for j in range(B.shape[1]))
    gB = sum(np.outer(A[i], g[i]) for i in range(A.shape[0]))
    return gA, gB


# ---------------------------------------------------------------- sum_vjp


@answer("times ones")
def sum_vjp(g, x):
    return (g * np.ones(np.shape(x)),)


@answer("full")
def sum_vjp(g, x):
    return (np.full(np.shape(x), float(g)),)


@answer("loops")
def sum_vjp(g, x):
    gx = np.zeros(np.shape(x))
    for i in np.ndindex(gx.shape):
        gx[i] = g
    return (gx,)


@answer("broadcast copy")
def sum_vjp(g, x):
    return (np.broadcast_to(np.asarray(g, dtype=float), np.shape(x)).copy(),)


# ---------------------------------------------------------------- exp_vjp


@answer("vectorised")
def exp_vjp(g, x):
    return (g * np.exp(x),)


@answer("loops")
def exp_vjp(g, x):
    g, x = np.asarray(g, dtype=float), np.asarray(x, dtype=float)
    gx = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        gx[i] = g[i] * np.exp(x[i])
    return (gx,)


@answer("diagonal Jacobian")
def exp_vjp(g, x):
    jacobian = np.diag(np.exp(np.ravel(x)))
    return ((np.ravel(g) @ jacobian).reshape(np.shape(x)),)


# ---------------------------------------------------------------- log_vjp


@answer("vectorised")
def log_vjp(g, x):
    return (g / x,)


@answer("loops")
def log_vjp(g, x):
    g, x = np.asarray(g, dtype=float), np.asarray(x, dtype=float)
    gx = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        gx[i] = g[i] / x[i]
    return (gx,)


@answer("diagonal Jacobian")
def log_vjp(g, x):
    jacobian = np.diag(1.0 / np.ravel(x))
    return (np.reshape(jacobian.T @ np.ravel(g), np.shape(x)),)


@answer("reciprocal")
def log_vjp(g, x):
    return (np.multiply(g, np.reciprocal(np.asarray(x, dtype=float))),)
