"""Whole networks: one neuron, two layers, deep stacks. Each is a few calls to the functions of the other files."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit import losses
from bpkit._arrays import a_dict, at_least, floats, labels_of, same_length, same_shape, scalar, whole, with_ndim, within
from bpkit.activations import relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward
from bpkit.gradients import GradientReport
from bpkit.initializers import he_std, xavier_std
from bpkit.layers import dense, dense_backward
from bpkit.losses import bce, mse_backward
from bpkit.optimizers import adam_step, minibatches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from bpkit._arrays import Array


def neuron_forward(X: ArrayLike, w: ArrayLike, b: ArrayLike) -> Array:
    """Answer of one sigmoid neuron for each example.

    Args:
        X: examples (n, d).
        w: weights (d,).
        b: bias, one number.
    Returns:
        a (n,): the predicted probability of label 1.
    Formula:
        a = sigmoid(X @ w + b). NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or X is empty.
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.2.
    Example:
        >>> neuron_forward([[1.0, 2.0], [0.0, 0.0]], [2.0, -1.0], 0.0)
        array([0.5, 0.5])
    """
    X, w = with_ndim("X", X, "n d"), with_ndim("w", w, "d")
    same_length("w", w, 0, f"X {X.shape}", X.shape[1], "columns")
    return sigmoid(X @ w + scalar("b", b))


def neuron_backward(X: ArrayLike, y_true: ArrayLike, a: ArrayLike) -> tuple[Array, float]:
    """Gradients of one sigmoid neuron under binary cross-entropy.

    Args:
        X: examples (n, d).
        y_true: labels in [0, 1], (n,).
        a: the neuron's answers (n,), from `neuron_forward`.
    Returns:
        (dw, db): dw (d,), db one number.
    Formula:
        dz = (a - y) / n, dw = Xᵀ @ dz, db = Σ dz. It is bce_backward and sigmoid_backward multiplied
        out: a (1 - a) cancels. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, X is empty, or y_true or a leaves [0, 1].
    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), equation 4.91.
    Example:
        >>> dw, db = neuron_backward([[1.0, 2.0], [3.0, 4.0]], [1.0, 0.0], [0.5, 0.5])
        >>> dw, db
        (array([0.5, 0.5]), 0.0)
    """
    X, y_true, a = with_ndim("X", X, "n d"), with_ndim("y_true", y_true, "n"), with_ndim("a", a, "n")
    same_shape(y_true=y_true, a=a)
    same_length("y_true", y_true, 0, f"X {X.shape}", len(X), "rows")
    within("y_true", y_true, 0.0, 1.0)
    within("a", a, 0.0, 1.0)
    dz = (a - y_true) / len(X)
    return X.T @ dz, float(dz.sum())


def train_neuron(X: ArrayLike, y_true: ArrayLike, lr: float, steps: int) -> tuple[Array, float, list[float]]:
    """Train one sigmoid neuron by gradient descent on the whole batch, starting from zeros.

    Args:
        X: examples (n, d).
        y_true: labels in [0, 1], (n,).
        lr: learning rate, above 0.
        steps: how many updates, 0 or more.
    Returns:
        (w, b, losses): w (d,), b one number, losses a list of `steps` floats, each taken before its update.
    Formula:
        steps times: a = forward, losses.append(bce), w -= lr dw, b -= lr db. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, X is empty, y_true leaves [0, 1], lr <= 0 or steps < 0.
    Source:
        Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées" (1847).
    Example:
        >>> w, b, losses = train_neuron([[-1.0], [1.0]], [0.0, 1.0], lr=1.0, steps=2)
        >>> w.round(4), [round(loss, 4) for loss in losses]
        (array([0.8775]), [0.6931, 0.4741])
    """
    X, lr = with_ndim("X", X, "n d"), at_least("lr", lr, 0.0, strict=True)
    y_true = with_ndim("y_true", y_true, "n")
    same_length("y_true", y_true, 0, f"X {X.shape}", len(X), "rows")
    w, b, history = np.zeros(X.shape[1]), 0.0, []
    for _ in range(whole("steps", steps, 0)):
        a = neuron_forward(X, w, b)
        history.append(bce(y_true, a))
        dw, db = neuron_backward(X, y_true, a)
        w, b = w - lr * dw, b - lr * db
    return w, b, history


def two_layer_forward(X: ArrayLike, params: Mapping[str, ArrayLike]) -> tuple[Array, dict[str, Array]]:
    """Run a network with one hidden ReLU layer and sigmoid outputs, and keep what backward needs.

    Args:
        X: examples (n, d).
        params: dict of W1 (d, h), b1 (h,), W2 (h, k), b2 (k,).
    Returns:
        (a2, cache): a2 (n, k) probabilities; cache is a dict of X, z1, a1, z2, a2.
    Formula:
        z1 = X @ W1 + b1, a1 = relu(z1), z2 = a1 @ W2 + b2, a2 = sigmoid(z2). NaN stays NaN.
    Raises:
        ValueError: params lacks a key, or the shapes do not fit.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> params = {"W1": [[1.0, -1.0]], "b1": [0.0, 0.0], "W2": [[2.0], [2.0]], "b2": [-2.0]}
        >>> a2, cache = two_layer_forward([[1.0]], params)
        >>> a2, cache["a1"]
        (array([[0.5]]), array([[1., 0.]]))
    """
    X, W1, b1, W2, b2 = _two_layers(X, params)
    z1 = dense(X, W1, b1)
    a1 = relu(z1)
    z2 = dense(a1, W2, b2)
    a2 = sigmoid(z2)
    return a2, {"X": X, "z1": z1, "a1": a1, "z2": z2, "a2": a2}


def two_layer_backward(
    y_true: ArrayLike, cache: Mapping[str, ArrayLike], params: Mapping[str, ArrayLike]
) -> dict[str, Array]:
    """Gradients of the two-layer network under binary cross-entropy.

    Args:
        y_true: labels in [0, 1], (n, k).
        cache: the dict that `two_layer_forward` returned.
        params: dict of W1, b1, W2, b2 as in the forward pass.
    Returns:
        grads: a dict with the keys and shapes of params.
    Formula:
        dz2 = (a2 - y) / (n k), dW2 = a1ᵀ @ dz2, db2 = Σ dz2, da1 = dz2 @ W2ᵀ, dz1 = da1 where z1 > 0,
        dW1 = Xᵀ @ dz1, db1 = Σ dz1. NaN stays NaN.
    Raises:
        ValueError: a key is missing, the shapes do not fit, or y_true leaves [0, 1].
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> params = {"W1": [[1.0, -1.0]], "b1": [0.0, 0.0], "W2": [[2.0], [2.0]], "b2": [-2.0]}
        >>> _, cache = two_layer_forward([[1.0]], params)
        >>> two_layer_backward([[1.0]], cache, params)["W1"]
        array([[-1.,  0.]])
    """
    a_dict("cache", cache)
    missing = {"X", "z1", "a1", "a2"} - set(cache)
    if missing:
        raise ValueError(f"cache must be the dict of two_layer_forward; it lacks {sorted(missing)}")
    X, W1, _, W2, _ = _two_layers(cache["X"], params)
    y_true, a2 = with_ndim("y_true", y_true, "n k"), with_ndim("cache['a2']", cache["a2"], "n k")
    same_shape(y_true=y_true, a2=a2)
    within("y_true", y_true, 0.0, 1.0)
    dz2 = (a2 - y_true) / y_true.size
    da1, dW2, db2 = dense_backward(dz2, cache["a1"], W2)
    dz1 = relu_backward(da1, cache["z1"])
    _, dW1, db1 = dense_backward(dz1, X, W1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def cheatsheet_gradients(
    X: ArrayLike, y_true: ArrayLike, W1: ArrayLike, b1: ArrayLike, W2: ArrayLike, b2: ArrayLike
) -> dict[str, Array]:
    """Gradients of a sigmoid-sigmoid network under mean squared error, with the missing 1/size put back.

    Args:
        X: examples (n, d).
        y_true: targets (n, k).
        W1, b1, W2, b2: weights and biases (d, h), (h,), (h, k), (k,).
    Returns:
        grads: a dict of W1, b1, W2, b2 with their shapes.
    Formula:
        dz2 = 2 (a2 - y) / size * a2 (1 - a2), then as in any dense network. The program this mends
        left out 1/size, so it followed the sum of squares while it printed the mean. NaN stays NaN.
    Raises:
        ValueError: the shapes do not fit, or one is empty.
    Source:
        Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    Example:
        >>> grads = cheatsheet_gradients([[1.0]], [[1.0]], [[0.0]], [0.0], [[0.0]], [0.0])
        >>> grads["W2"]
        array([[-0.125]])
    """
    X, W1, b1, W2, b2 = _two_layers(X, {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, "{}")
    y_true = with_ndim("y_true", y_true, "n k")
    a1 = sigmoid(dense(X, W1, b1))
    a2 = sigmoid(dense(a1, W2, b2))
    same_shape(y_true=y_true, a2=a2)
    dz2 = sigmoid_backward(mse_backward(y_true, a2), a2)
    da1, dW2, db2 = dense_backward(dz2, a1, W2)
    _, dW1, db1 = dense_backward(sigmoid_backward(da1, a1), X, W1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def deep_forward(X: ArrayLike, weights: Sequence[ArrayLike], activation: str) -> list[Array]:
    """Run examples through a deep stack of layers without biases, and keep every activation.

    Args:
        X: examples (n, d).
        weights: one matrix for each layer; the rows of each fit the columns of the one before.
        activation: "sigmoid", "tanh" or "relu", the same in every layer.
    Returns:
        [X, a1, …, aL].
    Formula:
        a_l = activation(a_{l-1} @ W_l) with a_0 = X. NaN stays NaN.
    Raises:
        ValueError: activation is unknown, or the shapes do not fit.
    Source:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    Example:
        >>> [a.tolist() for a in deep_forward([[1.0, -1.0]], [[[2.0], [1.0]], [[-3.0]]], "relu")]
        [[[1.0, -1.0]], [[1.0]], [[0.0]]]
    """
    forward, _ = _activation(activation)
    activations = [with_ndim("X", X, "n d")]
    for layer, W in enumerate(weights, start=1):
        activations.append(forward(_product(activations[-1], with_ndim(f"weights[{layer - 1}]", W, "d h"), layer)))
    return activations


def gradient_norms(
    dA_last: ArrayLike, activations: Sequence[ArrayLike], weights: Sequence[ArrayLike], activation: str
) -> list[float]:
    """How long the gradient is at every layer of a deep stack, from the input to the last activation.

    Args:
        dA_last: dLoss/da_L, the shape of the last activation.
        activations: the list that `deep_forward` returned.
        weights: the same matrices as in the forward pass.
        activation: the same name as in the forward pass.
    Returns:
        [‖dLoss/da_0‖, …, ‖dLoss/da_L‖], Frobenius norms; a_0 is X.
    Formula:
        dz_l = da_l · activation'(z_l), da_{l-1} = dz_l @ W_lᵀ. NaN stays NaN.
    Raises:
        ValueError: activation is unknown, or the shapes or lengths do not fit.
    Source:
        Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen" (1991).
    Example:
        >>> activations = deep_forward([[1.0, 2.0]], [[[3.0], [0.0]]], "relu")
        >>> gradient_norms([[2.0]], activations, [[[3.0], [0.0]]], "relu")
        [6.0, 2.0]
    """
    _, backward = _activation(activation)
    if len(activations) != len(weights) + 1:
        raise ValueError(
            f"activations must hold one array more than weights, got {len(activations)} and {len(weights)}"
        )
    dA = with_ndim("dA_last", dA_last, "n h")
    norms = [float(np.linalg.norm(dA))]
    for layer in range(len(weights), 0, -1):
        a, W = floats(f"activations[{layer}]", activations[layer]), floats(f"weights[{layer - 1}]", weights[layer - 1])
        same_shape(**{"dA": dA, f"activations[{layer}]": a})
        dA = backward(dA, a) @ W.T
        norms.append(float(np.linalg.norm(dA)))
    return norms[::-1]


def train_classifier(
    X: ArrayLike,
    labels: ArrayLike,
    hidden: int,
    lr: float,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[dict[str, Array], list[float]]:
    """Train a classifier with one hidden layer: ReLU, softmax, cross-entropy, He initialisation, Adam.

    Args:
        X: examples (n, d).
        labels: class numbers (n,); the classes are 0 … labels.max().
        hidden: number of hidden units, at least 1.
        lr: Adam's learning rate, above 0.
        epochs: how often every example is shown, 0 or more.
        batch_size: rows in a mini-batch, at least 1.
        rng: a `numpy.random.Generator` for the weights and the shuffling.
    Returns:
        (params, losses): a dict of W1 (d, hidden), b1, W2 (hidden, k), b2, and the mean training loss of
        each epoch, taken while training.
    Formula:
        for each mini-batch: forward, softmax and cross-entropy, backward, one step of Adam. NaN stays NaN.
    Raises:
        ValueError: the lengths differ, labels are not whole numbers from 0 up, or a number is out of range.
    Source:
        Kingma and Ba, "Adam: a method for stochastic optimization" (2015); He et al. (2015).
    Example:
        >>> X, labels = [[-1.0], [1.0], [-2.0], [2.0]], [0, 1, 0, 1]
        >>> params, losses = train_classifier(X, labels, 8, 0.05, 30, 2, np.random.default_rng(0))
        >>> losses[-1] < 0.1 * losses[0]
        True
    """
    X, indices = with_ndim("X", X, "n d"), labels_of("labels", labels)
    classes = int(indices.max()) + 1
    same_length("labels", indices, 0, "X", len(X), "rows")
    net = MLP([X.shape[1], whole("hidden", hidden, 1), classes], seed=rng)
    state: dict[str, Any] = {"t": 0}
    state |= {key: {name: np.zeros_like(p) for name, p in net.parameters.items()} for key in ("m", "v")}
    epoch_losses = []
    for _ in range(whole("epochs", epochs, 0)):
        total = 0.0
        for X_batch, labels_batch in minibatches(X, indices, batch_size, rng):
            loss, grads = net.loss_and_grads(X_batch, labels_batch)
            net.parameters, state = adam_step(net.parameters, grads, state, lr)
            total += loss * len(X_batch)
        epoch_losses.append(total / len(X))
    return net.parameters, epoch_losses


class MLP:
    """A stack of dense layers: the network of the lessons, for any depth and at full speed.

    Args:
        sizes: number of inputs, of the units of each hidden layer, and of outputs, such as [64, 32, 10].
        activation: "relu", "tanh" or "sigmoid", for the hidden layers; the last layer has none.
        loss: a loss of `bpkit.losses` that takes raw outputs: "sparse_cce_with_logits", "cce_with_logits",
            "bce_with_logits", "mse", "mae", "huber" or "hinge".
        seed: a whole number or a `numpy.random.Generator`; He initialisation for relu, Xavier for the others.
    Attributes:
        parameters: dict of W1, b1, W2, b2, …; yours to read and to replace.
    Raises:
        ValueError: sizes has fewer than two entries, or a name is unknown.
    Example:
        >>> net = MLP([2, 8, 3], seed=0)
        >>> X, labels = np.eye(2), [0, 2]
        >>> before = net.loss(X, labels)
        >>> for _ in range(20):
        ...     z = net.forward(X)
        ...     net.step(net.backward(labels), lr=0.5)
        >>> net.loss(X, labels) < before
        True
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        loss: str = "sparse_cce_with_logits",
        seed: int | np.random.Generator = 0,
    ) -> None:
        if len(sizes) < 2:
            raise ValueError(f"sizes must name at least inputs and outputs, got {list(sizes)}")
        for size in sizes:
            whole("sizes", size, 1)
        if loss not in losses.EACH:
            raise ValueError(f"loss must be one of {', '.join(losses.EACH)}, got {loss!r}")
        _activation(activation)
        self.activation, self._loss = activation, loss
        self._squash, self._times_slope = _IN_PLACE[activation]
        self._activations: list[Array] = []
        self.depth = len(sizes) - 1
        self.parameters: dict[str, Array] = {}
        rng = np.random.default_rng(seed)
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
            std = he_std(fan_in) if activation == "relu" else xavier_std(fan_in, fan_out)
            self.parameters[f"W{layer}"] = rng.normal(0.0, std, (fan_in, fan_out))
            self.parameters[f"b{layer}"] = np.zeros(fan_out)

    def forward(self, X: ArrayLike) -> Array:
        """Outputs (n, k) of the last layer for the examples X (n, d); keeps what `backward` needs."""
        a = with_ndim("X", X, "n d")
        self._activations = [a]
        for layer in range(1, self.depth + 1):
            # In place: each operation below works on memory that the product has just filled.
            a = _product(a, self.parameters[f"W{layer}"], layer)
            a += self.parameters[f"b{layer}"]
            if layer < self.depth:
                self._squash(a)
            self._activations.append(a)
        return a

    def backward(self, y_true: ArrayLike) -> dict[str, Array]:
        """Gradients of the loss for every parameter, for the examples of the last `forward`."""
        if not self._activations:
            raise ValueError("backward needs the activations of a forward pass: call forward first")
        grads = {}
        dz = getattr(losses, f"{self._loss}_backward")(y_true, self._activations[-1])
        for layer in range(self.depth, 0, -1):
            grads[f"W{layer}"] = self._activations[layer - 1].T @ dz
            grads[f"b{layer}"] = dz.sum(axis=0)
            if layer > 1:  # nobody asks for the gradient of the examples
                dz = dz @ self.parameters[f"W{layer}"].T
                self._times_slope(dz, self._activations[layer - 1])
        return grads

    def step(self, grads: Mapping[str, Array], lr: float) -> None:
        """One step of gradient descent, in place; uses up the arrays of `grads`."""
        for key, gradient in grads.items():
            gradient *= lr
            self.parameters[key] -= gradient

    def loss(self, X: ArrayLike, y_true: ArrayLike) -> float:
        """The loss on some examples."""
        return float(getattr(losses, self._loss)(y_true, self.forward(X)))

    def loss_and_grads(self, X: ArrayLike, y_true: ArrayLike) -> tuple[float, dict[str, Array]]:
        """The loss on some examples, and its gradients for every parameter."""
        return self.loss(X, y_true), self.backward(y_true)

    def check_gradients(self, X: ArrayLike, y_true: ArrayLike, h: float = 1e-5) -> GradientReport:
        """Compare `backward` with measured slopes of every single parameter.

        Moving W[i, j] by h moves column j of z by h times input i, and nothing else of that layer: so a whole
        layer is measured at once, from its z on, and not by one forward pass for each weight.

        Args:
            X, y_true: a few examples; with relu, none whose z lies within h of the kink.
            h: how far to move each parameter to each side.
        Returns:
            A report with one row for each parameter array.
        """
        loss, grads = self.loss_and_grads(X, y_true)
        report, targets = GradientReport(loss, at_least("h", h, 0.0, strict=True)), np.asarray(y_true)
        for layer in range(1, self.depth + 1):
            inputs = self._activations[layer - 1]
            for key, moved_by in ((f"W{layer}", inputs), (f"b{layer}", np.ones((len(inputs), 1)))):
                slopes = self._measured(layer, moved_by, targets, h).reshape(self.parameters[key].shape)
                report.compare(key, grads[key], slopes, self.parameters[key])
        return report

    def _measured(self, layer: int, inputs: Array, y_true: NDArray[Any], h: float) -> Array:
        """Slopes (d, fan_out) of the loss along z_j += h inputs_i, for every input i and unit j of a layer."""
        each, fan_out = losses.EACH[self._loss], len(self.parameters[f"b{layer}"])
        slopes = np.empty((inputs.shape[1], fan_out))
        block = max(1, 100_000 // (fan_out * self._activations[-1].size))  # of inputs at once: what fits the cache
        for start in range(0, inputs.shape[1], block):
            shift = h * inputs.T[start : start + block]
            rise = each(y_true, self._outputs(layer, shift)) - each(y_true, self._outputs(layer, -shift))
            slopes[start : start + block] = rise.reshape(*rise.shape[:2], -1).mean(axis=-1) / (2.0 * h)
        return slopes

    def _outputs(self, layer: int, shift: Array) -> Array:
        """Outputs (m, fan_out, n, k) with column j of the layer's z raised by row i of shift (m, n), for all i, j."""
        z = self._z(layer)
        if layer == self.depth:
            raised = np.eye(z.shape[1])[:, :, np.newaxis, np.newaxis] * shift  # by (k, fan_out, m, n)
            return (z.T[:, np.newaxis, np.newaxis] + raised).transpose(2, 1, 3, 0)
        moved = z + shift[:, :, np.newaxis]
        self._squash(moved)
        moved -= self._activations[layer]
        # Only column j of the activations has changed, so z of the next layer changes by that column times row j.
        # Its units come first in memory: a loss sums over them, and long rows add up faster than short ones.
        z = moved * self.parameters[f"W{layer + 1}"].T[:, np.newaxis, np.newaxis]
        z += self._z(layer + 1).T[:, np.newaxis, :, np.newaxis]
        z = z.transpose(1, 3, 2, 0)
        for after in range(layer + 2, self.depth + 1):
            self._squash(z)
            z = z @ self.parameters[f"W{after}"] + self.parameters[f"b{after}"]
        return z

    def _z(self, layer: int) -> Array:
        return self._activations[layer - 1] @ self.parameters[f"W{layer}"] + self.parameters[f"b{layer}"]


def _two_layers(X: ArrayLike, params: Mapping[str, ArrayLike], called: str = "params[{!r}]") -> list[Array]:
    """X, W1, b1, W2, b2 as float64 if they fit; an error calls each what the caller calls it."""
    a_dict("params", params)
    missing = {"W1", "b1", "W2", "b2"} - set(params)
    if missing:
        raise ValueError(f"params must hold W1, b1, W2 and b2; it lacks {sorted(missing)}")
    before, name = with_ndim("X", X, "n d"), "X"
    arrays = [before]
    for W_key, b_key in (("W1", "b1"), ("W2", "b2")):
        W_name, b_name = called.format(W_key), called.format(b_key)
        W, b = with_ndim(W_name, params[W_key], "rows columns"), with_ndim(b_name, params[b_key], "columns")
        if len(W) != before.shape[1]:
            raise ValueError(
                f"{W_name} has {len(W)} rows {W.shape}, but {name} has {before.shape[1]} columns {before.shape}"
            )
        same_length(b_name, b, 0, f"{W_name} {W.shape}", W.shape[1], "columns")
        before, name = W, W_name
        arrays += [W, b]
    return arrays


def _product(a: Array, W: Array, layer: int) -> Array:
    if a.shape[1] != W.shape[0]:
        raise ValueError(f"layer {layer} has {W.shape[0]} inputs (its weights have shape {W.shape}), got {a.shape}")
    return a @ W


def _activation(name: str) -> tuple[Callable[..., Array], Callable[..., Array]]:
    if name not in _PAIRS:
        raise ValueError(f"activation must be one of {', '.join(_PAIRS)}, got {name!r}")
    return _PAIRS[name]


def _relu_in_place(z: Array) -> None:
    np.maximum(z, 0.0, out=z)


def _tanh_in_place(z: Array) -> None:
    np.tanh(z, out=z)


def _sigmoid_in_place(z: Array) -> None:
    z[...] = sigmoid(z)


def _times_relu_slope(da: Array, a: Array) -> None:
    da *= a > 0


def _times_tanh_slope(da: Array, a: Array) -> None:
    da *= 1.0 - a * a


def _times_sigmoid_slope(da: Array, a: Array) -> None:
    da *= a * (1.0 - a)


# Each activation by its name: forward and backward. relu(z) is positive just where z is, so its output serves
# relu_backward as well as its input. The second pair works in place, for `MLP`.
_PAIRS = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
}
_IN_PLACE = {
    "sigmoid": (_sigmoid_in_place, _times_sigmoid_slope),
    "tanh": (_tanh_in_place, _times_tanh_slope),
    "relu": (_relu_in_place, _times_relu_slope),
}
