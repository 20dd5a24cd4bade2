"""Automatic differentiation in reverse mode, small enough to read in one sitting.

A `Node` holds a value and remembers the nodes it was computed from, its parents, together with a function, the
vector-Jacobian product (vjp), that turns the gradient at the node into one gradient for each parent.
`backward` walks from the result to the inputs and adds up what arrives. Each `x_vjp` is the derivative of one
operation; the operators of `Node` use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import floats, with_ndim

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from bpkit._arrays import Array

    Vjp = Callable[[Array], tuple[Array, ...]]


class Node:
    """One array in a computation.

    Attributes:
        value: the array, float64.
        parents: the nodes it was computed from; empty for an input.
        vjp: takes the gradient at this node, returns one gradient for each parent; None for an input.
        grad: filled by `backward`; zeros before that, always with the shape of value.
    Example:
        >>> x = Node([1.0, 2.0])
        >>> loss = (x * x).sum()
        >>> backward(loss)
        >>> x.grad
        array([2., 4.])
    """

    __array_ufunc__ = None  # so that array + node asks the node and does not look inside it

    def __init__(self, value: ArrayLike, parents: tuple[Node, ...] = (), vjp: Vjp | None = None) -> None:
        self.value = floats("value", value)
        self.parents = parents
        self.vjp = vjp
        self.grad: Array = np.zeros_like(self.value)

    def __repr__(self) -> str:
        return f"Node(shape={self.value.shape}, parents={len(self.parents)})"

    def __add__(self, other: Node | ArrayLike) -> Node:
        other = as_node(other)
        return Node(self.value + other.value, (self, other), lambda g: add_vjp(g, self.value, other.value))

    def __mul__(self, other: Node | ArrayLike) -> Node:
        other = as_node(other)
        return Node(self.value * other.value, (self, other), lambda g: mul_vjp(g, self.value, other.value))

    def __matmul__(self, other: Node | ArrayLike) -> Node:
        other = as_node(other)
        return Node(self.value @ other.value, (self, other), lambda g: matmul_vjp(g, self.value, other.value))

    def __rmatmul__(self, other: ArrayLike) -> Node:
        return as_node(other) @ self

    def __neg__(self) -> Node:
        return self * -1.0

    def __sub__(self, other: Node | ArrayLike) -> Node:
        return self + -as_node(other)

    def __rsub__(self, other: ArrayLike) -> Node:
        return as_node(other) + -self

    __radd__ = __add__
    __rmul__ = __mul__

    def sum(self) -> Node:
        """Sum of all entries."""
        return Node(self.value.sum(), (self,), lambda g: sum_vjp(g, self.value))

    def exp(self) -> Node:
        """e to the power of every entry."""
        return Node(np.exp(self.value), (self,), lambda g: exp_vjp(g, self.value))

    def log(self) -> Node:
        """Natural logarithm of every entry."""
        return Node(np.log(self.value), (self,), lambda g: log_vjp(g, self.value))


def as_node(value: Node | ArrayLike) -> Node:
    """The value itself if it is a node, else a new input node."""
    return value if isinstance(value, Node) else Node(value)


def topological_order(node: Node) -> list[Node]:
    """All nodes that `node` was computed from, parents always before children, each once.

    Args:
        node: the result of a computation.
    Returns:
        A list that ends with `node`. Long chains are no problem: nothing is recursive.
    Formula:
        depth-first, a node is appended when all its parents have been. Values are not looked at, NaN included.
    Raises:
        ValueError: node is not a Node.
    Source:
        Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms" (2009), section 22.4.
    Example:
        >>> x = Node(1.0)
        >>> y = x + x
        >>> [n is x for n in topological_order(y)]
        [True, False]
    """
    if not isinstance(node, Node):
        raise ValueError(f"node must be a bpkit.Node, got {type(node).__name__}")
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        current, parents_done = stack.pop()
        if parents_done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack.extend((parent, False) for parent in current.parents)
    return order


def backward(node: Node) -> None:
    """Fill `.grad` of every node with the gradient of `node`'s entries, summed, with respect to it.

    Args:
        node: the result, usually a single number; for an array the gradient is that of its sum.
    Returns:
        Nothing; afterwards each node's grad has the shape of its value. A second call gives the same.
    Formula:
        the result's grad is 1; then, children before parents, each node's vjp(grad) is added to its
        parents' grads, because a node used twice influences the result in two ways. NaN stays NaN.
    Raises:
        ValueError: node is not a Node.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018), section 3.2.
    Example:
        >>> x = Node(3.0)
        >>> backward(x * x + x)
        >>> float(x.grad)
        7.0
    """
    order = topological_order(node)
    for visited in order:
        visited.grad = np.zeros_like(visited.value)
    node.grad = np.ones_like(node.value)
    for child in reversed(order):
        if child.vjp is not None:
            for parent, gradient in zip(child.parents, child.vjp(child.grad), strict=True):
                parent.grad = parent.grad + gradient


def unbroadcast(grad: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which an array of `shape` was stretched by broadcasting.

    Args:
        grad: gradient of the stretched array.
        shape: shape of the array before it was stretched.
    Returns:
        The gradient with that shape.
    Formula:
        an entry used in many places collects the sum of their gradients. NaN stays NaN.
    Raises:
        ValueError: an array of `shape` cannot be broadcast to the shape of grad.
    Source:
        Harris et al., "Array programming with NumPy" (2020), for broadcasting.
    Example:
        >>> unbroadcast([[1.0, 2.0], [3.0, 4.0]], (2,))
        array([4., 6.])
    """
    grad, shape = floats("grad", grad), tuple(shape)
    try:
        fits = np.broadcast_shapes(shape, grad.shape) == grad.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"an array of shape {shape} cannot be broadcast to grad's shape {grad.shape}")
    extra = grad.ndim - len(shape)
    stretched = tuple(range(extra)) + tuple(extra + i for i, size in enumerate(shape) if size == 1)
    return grad.sum(axis=stretched, keepdims=True).reshape(shape) if stretched else grad


def add_vjp(g: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Gradients of a sum for both summands.

    Args:
        g: gradient at a + b.
        a, b: the summands; one may have been broadcast against the other.
    Returns:
        (da, db) with the shapes of a and b.
    Formula:
        da = g and db = g, each summed back to its shape. NaN stays NaN.
    Raises:
        ValueError: g does not have the shape of a + b.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018).
    Example:
        >>> add_vjp([1.0, 2.0], [0.0, 0.0], 5.0)
        (array([1., 2.]), array(3.))
    """
    g, a, b = _operands(g, a, b)
    return unbroadcast(g, a.shape), unbroadcast(g, b.shape)


def mul_vjp(g: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Gradients of an elementwise product for both factors.

    Args:
        g: gradient at a * b.
        a, b: the factors; one may have been broadcast against the other.
    Returns:
        (da, db) with the shapes of a and b.
    Formula:
        da = g b and db = g a, each summed back to its shape. NaN stays NaN.
    Raises:
        ValueError: g does not have the shape of a * b.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018).
    Example:
        >>> mul_vjp([1.0, 1.0], [2.0, 3.0], 10.0)
        (array([10., 10.]), array(5.))
    """
    g, a, b = _operands(g, a, b)
    return unbroadcast(g * b, a.shape), unbroadcast(g * a, b.shape)


def matmul_vjp(g: ArrayLike, A: ArrayLike, B: ArrayLike) -> tuple[Array, Array]:
    """Gradients of a matrix product for both factors.

    Args:
        g: gradient at A @ B, (n, k).
        A, B: the factors (n, m) and (m, k).
    Returns:
        (dA, dB) with the shapes of A and B.
    Formula:
        dA = g @ Bᵀ, dB = Aᵀ @ g. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit.
    Source:
        Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008).
    Example:
        >>> matmul_vjp([[1.0]], [[2.0, 3.0]], [[4.0], [5.0]])
        (array([[4., 5.]]), array([[2.],
               [3.]]))
    """
    g, A, B = with_ndim("g", g, "n k"), with_ndim("A", A, "n m"), with_ndim("B", B, "m k")
    if A.shape[1] != B.shape[0] or g.shape != (len(A), B.shape[1]):
        raise ValueError(f"g {g.shape}, A {A.shape} and B {B.shape} do not fit: g must have the shape of A @ B")
    return g @ B.T, A.T @ g


def sum_vjp(g: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """Gradient of the sum of all entries.

    Args:
        g: gradient at the sum, one number.
        x: what was summed, any shape.
    Returns:
        (dx,) with the shape of x.
    Formula:
        dx = g in every entry. NaN stays NaN.
    Raises:
        ValueError: g is not one number.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018).
    Example:
        >>> sum_vjp(2.0, [1.0, 5.0])
        (array([2., 2.]),)
    """
    g, x = floats("g", g), floats("x", x)
    if g.shape != ():
        raise ValueError(f"g must be one number, the gradient at the sum, got shape {g.shape}")
    return (np.full(x.shape, g),)


def exp_vjp(g: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """Gradient of the exponential.

    Args:
        g: gradient at exp(x), the shape of x.
        x: the input.
    Returns:
        (dx,) with the shape of x.
    Formula:
        dx = g exp(x). NaN stays NaN.
    Raises:
        ValueError: g and x differ in shape.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018).
    Example:
        >>> exp_vjp([2.0], [0.0])
        (array([2.]),)
    """
    g, x = _unary(g, x)
    return (g * np.exp(x),)


def log_vjp(g: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """Gradient of the natural logarithm.

    Args:
        g: gradient at log(x), the shape of x.
        x: the input.
    Returns:
        (dx,) with the shape of x.
    Formula:
        dx = g / x. NaN stays NaN.
    Raises:
        ValueError: g and x differ in shape.
    Source:
        Baydin, Pearlmutter, Radul and Siskind, "Automatic differentiation in machine learning" (2018).
    Example:
        >>> log_vjp([2.0], [4.0])
        (array([0.5]),)
    """
    g, x = _unary(g, x)
    return (g / x,)


def _operands(g: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array, Array]:
    g, a, b = floats("g", g), floats("a", a), floats("b", b)
    try:
        together: Any = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(f"a {a.shape} and b {b.shape} cannot be broadcast against each other") from None
    if g.shape != together:
        raise ValueError(f"g must have the shape of the result {together}, got {g.shape}")
    return g, a, b


def _unary(g: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    g, x = floats("g", g), floats("x", x)
    if g.shape != x.shape:
        raise ValueError(f"g and x must have the same shape, got g {g.shape}, x {x.shape}")
    return g, x
