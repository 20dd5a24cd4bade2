"""Lesson 11: a classifier for real images."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpkit.activations import softmax
from bpkit.checking.compare import Misfit, kind_of
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.checking.given import Seeded
from bpkit.checking.observe import Observation
from bpkit.exercises._common import Rng, class_numbers, normal
from bpkit.losses import EACH, sparse_cce_with_logits
from bpkit.metrics import accuracy, confusion_matrix, one_hot
from bpkit.networks import MLP, train_classifier

LESSON = "11_digits"


def _numbers(rng: Rng, sizes: Sizes) -> Inputs:
    k = sizes.k + 1  # the last class does not occur: k cannot be guessed from the labels
    return {"labels": class_numbers(rng, sizes.n, sizes.k), "k": k}


ONE_HOT = Exercise(
    reference=one_hot,
    lesson=LESSON,
    asks="Return float64 (n, k): a row for each label, with a 1 at the label's place and 0 elsewhere.",
    returns="T",
    draw=_numbers,
    exact_dtype=True,
    mistakes=(
        Mistake(
            "classes-in-rows",
            (lambda labels, k: np.eye(k)[labels].T, lambda labels, k: np.eye(k)[:, labels]),
            "classes lie in the rows.",
            "What should one row belong to: an example or a class?",
        ),
        Mistake(
            "whole-numbers",
            (
                lambda labels, k: np.eye(k, dtype=int)[labels],
                lambda labels, k: (labels[:, None] == np.arange(k)).astype(int),
            ),
            "the result holds whole numbers.",
            "Which dtype do gradients need? What does np.zeros give, and what does dtype=int?",
        ),
        Mistake(
            "answers-for-numbers",
            lambda labels, k: labels[:, None] == np.arange(k),
            "the result holds True and False.",
            "Which dtype do gradients need?",
        ),
        Mistake(
            "one-class-off",
            (lambda labels, k: np.eye(k)[labels - 1], lambda labels, k: np.eye(k + 1)[labels + 1][:, :k]),
            "the 1 stands one place off.",
            "Is the first class number 0 or 1?",
        ),
        Mistake(
            "classes-counted-from-labels",
            (
                lambda labels, k: np.eye(labels.max() + 1)[labels],
                lambda labels, k: np.eye(len(np.unique(labels)))[np.unique(labels, return_inverse=True)[1]],
            ),
            "k is not used: the number of classes is taken from the labels.",
            "Must every class occur in every batch?",
        ),
        Mistake(
            "every-label-in-every-row",
            (lambda labels, k: _every(labels, k),),
            "each label's column is filled in every row.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "label-for-one",
            (lambda labels, k: np.eye(k)[labels] * labels[:, None],),
            "the label itself stands in the row, not a 1.",
            "What should a row add up to?",
        ),
        Mistake(
            "inverted",
            lambda labels, k: 1 - np.eye(k)[labels],
            "ones and zeros have changed places.",
            "What should a row add up to?",
        ),
        Mistake(
            "too-wide",
            lambda labels, k: np.eye(k + 1)[labels],
            "there is one column too many.",
            "Classes 0 … k - 1: how many are that?",
        ),
    ),
    hints=(
        "np.eye(k) holds the row of every class. Which rows do you need?",
        "An array of labels can be used as an index.",
        "np.eye(k)[labels]",
    ),
    why="Indexing the identity with the labels picks each example's row.",
)


def _every(labels: Any, k: int) -> Any:
    T = np.zeros((len(labels), k))
    T[:, labels] = 1
    return T


def _guesses(rng: Rng, sizes: Sizes) -> Inputs:
    """Scores of which about two thirds are right; each way to misread them gives another share.

    Label 0 occurs twice, the last class is right once, the highest score of all stands in row 0, and in one row the true class has the lowest score.
    """
    n, k = sizes.n, sizes.k
    labels = rng.integers(1, k, n)
    labels[[0, min(2, n - 1)]] = 0
    labels[3:4] = k - 1
    z = normal(rng, n, k)
    z[np.arange(n), labels] += 5.0
    top = np.where(np.arange(n) % 3 != 1, labels, (labels + 1) % k)
    z[np.arange(n), top] = z.max(axis=1) + rng.uniform(0.5, 1.0, n)
    z[0, 0] += 10.0
    if n > 1:
        z[1, labels[1]] = -10.0
    return {"labels": labels, "z": z}


ACCURACY = Exercise(
    reference=accuracy,
    lesson=LESSON,
    asks="Return the share of rows of z whose highest score is at the true class.",
    returns="share",
    draw=_guesses,
    edges={
        "everything wrong": lambda rng, s: {
            "labels": np.array([1, 0, 1]),
            "z": np.array([[2.0, 1.0], [0.0, 1.0], [0.3, 0.2]]),
        },
        "negative scores": lambda rng, s: (lambda g: g | {"z": g["z"] - 50.0})(_guesses(rng, s)),
    },
    mistakes=(
        Mistake(
            "count-for-share",
            lambda labels, z: np.sum(z.argmax(axis=1) == labels),
            "this is a count, not a share.",
            "What should come out if all are right, however many there are?",
        ),
        Mistake(
            "errors-for-hits",
            lambda labels, z: np.mean(z.argmax(axis=1) != labels),
            "this is the share of errors.",
            "What should come out if all are right?",
        ),
        Mistake(
            "over-examples",
            (lambda labels, z: np.mean(z.argmax(axis=0) == labels),),
            "the highest score is sought down the rows.",
            "Which direction are the classes in?",
        ),
        Mistake(
            "percent-for-share",
            lambda labels, z: 100 * np.mean(z.argmax(axis=1) == labels),
            "this is in percent.",
            "Between which two numbers does a share lie?",
        ),
        Mistake(
            "score-for-class",
            (
                lambda labels, z: np.mean(z.max(axis=1) == labels),
                lambda labels, z: np.mean(np.round(z.max(axis=1)) == labels),
            ),
            "the highest score is compared with the label, not its place.",
            "max gives the score: what gives its index?",
        ),
        Mistake(
            "lowest-for-highest",
            (lambda labels, z: np.mean(z.argmin(axis=1) == labels),),
            "the lowest score is taken.",
            "Which score does the network give to the class it believes in?",
        ),
        Mistake(
            "one-place-for-all",
            (lambda labels, z: np.mean(z.argmax() == labels),),
            "one highest place is sought in the whole table.",
            "One guess for each row: which argument does argmax need?",
        ),
        Mistake(
            "threshold",
            (
                lambda labels, z: np.mean(z[np.arange(len(z)), labels] > 0.5),
                lambda labels, z: np.mean(z[np.arange(len(z)), labels] > 0),
            ),
            "the true class's score is compared with a fixed number.",
            "The scores are no probabilities: what makes a class the network's choice?",
        ),
        Mistake(
            "not-averaged",
            lambda labels, z: z.argmax(axis=1) == labels,
            "one answer for each row comes back.",
            "A share is one number: how do the rows become one?",
        ),
        Mistake(
            "divided-by-classes",
            (
                lambda labels, z: np.sum(z.argmax(axis=1) == labels) / z.shape[1],
                lambda labels, z: np.sum(z.argmax(axis=1) == labels) / z.size,
            ),
            "it is divided by the wrong count.",
            "A share of what: of the rows, of the classes, or of all entries?",
        ),
        Mistake(
            "every-guess-with-every-label",
            (
                lambda labels, z: np.mean(z.argmax(axis=1) == np.reshape(labels, (-1, 1))),
                lambda labels, z: np.mean(z.argmax(axis=1)[:, None] == labels),
            ),
            "every guess is compared with every label.",
            "Print the shapes of the two arrays that meet: is one of them (n, 1)?",
        ),
    ),
    hints=(
        "Which class does the network choose in each row?",
        "argmax(axis=1) gives its number; compare with the labels; take the mean.",
        "np.mean(z.argmax(axis=1) == labels)",
    ),
    why="Softmax would not change the order of a row, so the scores are enough.",
)


def _decided(rng: Rng, sizes: Sizes) -> Inputs:
    k = sizes.k + 1  # the last class never occurs
    n = 4 * sizes.n
    labels = class_numbers(rng, n, sizes.k)
    predicted = np.where(rng.random(n) < 0.6, labels, class_numbers(rng, n, sizes.k))
    predicted[:2] = labels[1], labels[1]
    return {"labels": labels, "predicted": predicted, "k": k}


def _counted(labels: Any, predicted: Any, k: int) -> Any:
    return confusion_matrix(labels, predicted, k)


def _every_pair(labels: Any, predicted: Any, k: int) -> Any:
    return np.outer(np.bincount(labels, minlength=k), np.bincount(predicted, minlength=k))


CONFUSION_MATRIX = Exercise(
    reference=confusion_matrix,
    lesson=LESSON,
    asks="Return counts (k, k): row i, column j says how often class i was taken for class j.",
    returns="counts",
    draw=_decided,
    one_row=False,
    edges={"a single example": lambda rng, s: {"labels": np.array([1]), "predicted": np.array([0]), "k": 3}},
    mistakes=(
        Mistake(
            "predictions-in-rows",
            lambda labels, predicted, k: _counted(labels, predicted, k).T,
            "rows are the predictions.",
            "Which of the two should the rows be: the truth or the prediction?",
        ),
        Mistake(
            "counted-once",
            (
                lambda labels, predicted, k: np.minimum(_counted(labels, predicted, k), 1),
                lambda labels, predicted, k: _added_once(labels, predicted, k),
            ),
            "a pair that occurs several times is counted once.",
            "C[i, j] += 1 with index arrays adds once for each distinct place: which function, or loop, adds every time?",
        ),
        Mistake(
            "shares-for-counts",
            (lambda labels, predicted, k: _counted(labels, predicted, k) / len(labels),),
            "these are shares, not counts.",
            "What should all entries add up to?",
        ),
        Mistake(
            "rows-normalised",
            (
                lambda labels, predicted, k: (
                    _counted(labels, predicted, k)
                    / np.maximum(_counted(labels, predicted, k).sum(axis=1, keepdims=True), 1)
                ),
            ),
            "every row is divided by its sum.",
            "Counts or shares: which is asked for?",
        ),
        Mistake(
            "only-hits",
            lambda labels, predicted, k: np.diag(np.diag(_counted(labels, predicted, k))),
            "only the right predictions are counted.",
            "Where do the confusions stand?",
        ),
        Mistake(
            "only-errors",
            lambda labels, predicted, k: (
                _counted(labels, predicted, k) - np.diag(np.diag(_counted(labels, predicted, k)))
            ),
            "the right predictions are not counted.",
            "What should the diagonal hold?",
        ),
        Mistake(
            "classes-counted-from-labels",
            (lambda labels, predicted, k: _counted(labels, predicted, int(max(labels.max(), predicted.max())) + 1),),
            "k is not used: the number of classes is taken from the labels.",
            "Must every class occur in every test set?",
        ),
        Mistake(
            "totals-per-class",
            (
                lambda labels, predicted, k: np.bincount(labels, minlength=k),
                lambda labels, predicted, k: np.diag(np.bincount(labels, minlength=k)),
            ),
            "only the true classes are counted.",
            "Where does the prediction enter?",
        ),
        Mistake(
            "all-pairs",
            (
                lambda labels, predicted, k: _every_pair(labels, predicted, k),
                lambda labels, predicted, k: np.minimum(_every_pair(labels, predicted, k), 1),
                lambda labels, predicted, k: np.zeros((k, k)),
            ),
            "every label is paired with every prediction, or nothing is counted at all.",
            "Each example has one label and one prediction: M[labels][:, predicted] pairs them all, in a copy. Which index pairs one with one?",
        ),
        Mistake(
            "whole-rows",
            (lambda labels, predicted, k: np.tile(np.bincount(labels, minlength=k)[:, None], (1, k)),),
            "whole rows are counted up.",
            "Which two indices does one example have?",
        ),
    ),
    hints=(
        "Each example adds 1 in one place. In which row, in which column?",
        "A loop over zip(labels, predicted) will do; np.add.at does it without one.",
        "for t, p in zip(labels, predicted): C[t, p] += 1",
    ),
    why="The diagonal holds what was right; everything off it is a question to ask the data.",
)


def _added_once(labels: Any, predicted: Any, k: int) -> Any:
    counts = np.zeros((k, k))
    counts[labels, predicted] += 1
    return counts


def _clouds(rng: Rng) -> Inputs:
    """Four well separated clouds of points in the plane: two of them belong to one class, so a line is not enough."""
    centres = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    which = np.repeat(np.arange(4), 7)
    X = centres[which] + 0.15 * normal(rng, 28, 2)
    order = rng.permutation(28)
    labels = np.array([0, 0, 1, 2])[which]
    return {
        "X": X[order],
        "labels": labels[order],
        "hidden": 16,
        "lr": 0.1,
        "epochs": 5,
        "batch_size": 10,
        "rng": _seed(rng),
    }


def _seed(rng: Rng) -> Seeded:
    return Seeded(int(rng.integers(1 << 30)))


def _still(rng: Rng, n: int = 45, batch_size: int = 15) -> Inputs:
    """One epoch with a learning rate so small that nothing moves: the parameters that come back are the first ones."""
    X = normal(rng, n, 12)
    labels = rng.integers(0, 5, n)
    labels[:5] = np.arange(5)
    return {
        "X": X,
        "labels": labels,
        "hidden": 80,
        "lr": 1e-14,
        "epochs": 1,
        "batch_size": batch_size,
        "rng": _seed(rng),
    }


def _training(rng: Rng, sizes: Sizes) -> Inputs:
    """Three ordinary cases, told apart in `_learned`: no movement, whole batches, and real training."""
    if sizes.n == 7:
        return _still(rng)
    if sizes.n == 11:
        inputs = _still(rng)
        inputs |= {"batch_size": 45, "hidden": 12}
        return inputs | {"lr": 0.05, "epochs": 3, "before": inputs}
    inputs = _clouds(rng)
    return inputs | {"before": inputs | {"epochs": 1}}  # with the same rng, the first epoch is the same


def _pair(inputs: Inputs, value: Any) -> tuple[dict[str, Any], Any]:
    """(params, losses) if they have the shapes asked for."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise Misfit(f"Return two things, (params, losses); you returned {kind_of(value)}.")
    params, losses = value
    d, h, k = inputs["X"].shape[1], inputs["hidden"], int(inputs["labels"].max()) + 1
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, k), "b2": (k,)}
    if not isinstance(params, dict) or not set(shapes) <= set(params):
        raise Misfit(f"`params` should be a dict with the keys W1, b1, W2, b2; it is {kind_of(params)}.")
    for key, shape in shapes.items():
        if np.shape(params[key]) != shape or np.asarray(params[key]).dtype.kind != "f":
            raise Misfit(f"`params[{key!r}]` should have shape {shape}; it has {np.shape(params[key])}.", "wrong_shape")
    if np.shape(losses) != (inputs["epochs"],) or np.asarray(losses).dtype.kind not in "fi":
        text = f"`losses` should hold one number for each of the {inputs['epochs']} epochs; its shape is {np.shape(losses)}."
        raise Misfit(text, "wrong_shape")
    if not all(np.isfinite(params[key]).all() for key in shapes) or not np.isfinite(losses).all():
        raise Misfit("Parameters or losses are nan or inf.", "not_finite")
    return {key: params[key] for key in shapes}, np.asarray(losses, float)


def _learned(inputs: Inputs, seen: Observation) -> dict[str, Any]:
    """What must hold whatever random numbers were drawn, and in which order."""
    params, losses = _pair(inputs, seen.value)
    if inputs["lr"] < 1e-9:
        return _first_params(inputs, params, losses)
    if seen.before is None:
        return {"params": 0.0, "losses": 0.0}
    first, first_losses = _pair(inputs | {"epochs": 1}, seen.before.value)
    if inputs["batch_size"] < 45:
        return _trained(inputs, params, losses) | {"the same for the same rng": float(losses[0] == first_losses[0])}
    wanted, wanted_losses = _replayed(inputs, first)
    parts = {f"params[{key!r}]": _beyond_rounding(params[key] - wanted[key]) for key in params}
    return parts | {"losses": _beyond_rounding(losses - wanted_losses)}


def _beyond_rounding(difference: Any) -> Any:
    """Adam divides small gradients by themselves, so rounding grows; what is left of it here is no mistake."""
    return np.where(np.abs(difference) < 1e-8, 0.0, difference)


def _first_params(inputs: Inputs, params: dict[str, Any], losses: Any) -> dict[str, Any]:
    """He's spread, zero biases, and a first loss that is the mean over all rows."""
    n, (d, h), k = len(inputs["X"]), params["W1"].shape, params["W2"].shape[1]
    # Five standard errors of a sample of this size: the next plausible spread, sqrt(3 / fan_in), lies outside.
    spread = [np.std(params["W1"]) / np.sqrt(2 / d), np.std(params["W2"]) / np.sqrt(2 / h)]
    centre = [np.mean(params["W1"]) * np.sqrt(d * d * h / 2), np.mean(params["W2"]) * np.sqrt(h * h * k / 2)]
    z = np.maximum(inputs["X"] @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    each = EACH["sparse_cce_with_logits"](inputs["labels"], z)
    possible = [float(each.mean())]
    if n % inputs["batch_size"] == 1:  # the mean of the batches' means, with any row alone in the last batch
        possible += [float(((each.sum() - alone) / (n - 1) + alone) / 2) for alone in each]
    return {
        "params": 0.0,
        "spread of W1": 1.0 if 0.88 < spread[0] < 1.12 else float(spread[0]),
        "spread of W2": 1.0 if 0.83 < spread[1] < 1.17 else float(spread[1]),
        "mean 0": float(abs(centre[0]) < 5.0 and abs(centre[1]) < 5.0),
        "biases that start at 0": float(np.abs(params["b1"]).max() < 1e-6 and np.abs(params["b2"]).max() < 1e-6),
        "losses": _loss_ratio(possible, losses[0]),
    }


def _loss_ratio(possible: list[float], loss: float) -> float:
    """0 for a loss that is possible; else about how many times too large it is, which tells sums from other slips."""
    if min(abs(right - loss) for right in possible) <= 1e-6 * abs(loss):
        return 0.0
    return 0.5 + float(np.round(loss / possible[0]))


def _trained(inputs: Inputs, params: dict[str, Any], losses: Any) -> dict[str, Any]:
    """Training that works: most labels right, losses that fall and that belong to the parameters."""
    z = np.maximum(inputs["X"] @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    now, last = sparse_cce_with_logits(inputs["labels"], z), float(losses[-1])
    return {
        "params": float(accuracy(inputs["labels"], z) < 0.9),
        # The last epoch's mean loss is 0.9 to 3.6 times the loss of the params that came out of it.
        "losses": float(not (last < 0.6 * losses[0] and 0.3 * now < last < 10.0 * now + 1e-9)),
        "different hidden units": float(np.ptp(params["W1"], axis=1).max() > 1e-9),
        "trained biases": float(bool(params["b1"].any()) and bool(params["b2"].any())),
    }


def _replayed(inputs: Inputs, params: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Adam on whole batches from the same first parameters: the order of the rows does not matter."""
    net, state, losses = _Net(dict(params)), _first_state(params), []
    for _ in range(inputs["epochs"]):
        loss, grads = net.loss_and_grads(inputs["X"], inputs["labels"])
        losses.append(loss)
        net.parameters, state = _adam(net.parameters, grads, state, inputs["lr"])
    return net.parameters, np.array(losses)


class _Net:
    """`MLP` without its care for arguments: every check trains this network a dozen times over."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters

    def forward(self, X: Any) -> Any:
        p = self.parameters
        return np.maximum(X @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]

    def loss(self, X: Any, y: Any) -> float:
        return self.loss_and_grads(X, y)[0]

    def loss_and_grads(self, X: Any, y: Any) -> tuple[float, dict[str, Any]]:
        p, rows = self.parameters, np.arange(len(X))
        a1 = np.maximum(X @ p["W1"] + p["b1"], 0)
        z2 = a1 @ p["W2"] + p["b2"]
        z2 -= z2.max(axis=1, keepdims=True)
        e = np.exp(z2)
        total = e.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - z2[rows, y]))
        dz2 = e / total
        dz2[rows, y] -= 1.0
        dz2 /= len(X)
        dz1 = dz2 @ p["W2"].T
        dz1 *= a1 > 0
        return loss, {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}


def _first_state(params: Any) -> dict[str, Any]:
    zeros = {key: np.zeros_like(value) for key, value in params.items()}
    return {"t": 0, "m": zeros, "v": zeros}


def _adam(params: Any, grads: Any, state: Any, lr: float) -> Any:
    """`adam_step` without its care for arguments."""
    t, new, m, v = state["t"] + 1, {}, {}, {}
    for key, g in grads.items():
        m[key] = 0.9 * state["m"][key] + 0.1 * g
        v[key] = 0.999 * state["v"][key] + 0.001 * g * g
        new[key] = params[key] - lr / (1 - 0.9**t) * m[key] / (np.sqrt(v[key] / (1 - 0.999**t)) + 1e-8)
    return new, {"t": t, "m": m, "v": v}


def _batches(X: Any, y: Any, size: int, rng: Any) -> list[Any]:
    """`minibatches` without its care for arguments."""
    order = rng.permutation(len(X))
    return [(X[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(X), size)]


def _train(
    *,
    grads_by: Any = None,
    start: Any = None,
    loss: Any = None,
    rounds: Any = None,
    step: Any = _adam,
    batches: Any = _batches,
    fresh: bool = False,
    loss_by: Any = None,
    seed: Any = None,
) -> Any:
    """The training loop with one thing changed."""

    def wrong(X: Any, labels: Any, hidden: int, lr: float, epochs: int, batch_size: int, rng: Any) -> Any:
        rng = seed() if seed else rng
        net = _Net(MLP([X.shape[1], hidden, int(labels.max()) + 1], seed=rng).parameters)
        if start:
            net.parameters = {key: start(key, value, rng) for key, value in net.parameters.items()}
        state, losses = _first_state(net.parameters), []
        for _ in range(rounds(epochs) if rounds else epochs):
            noted = []
            if fresh:
                state = state | {"t": 0}
            for X_batch, y_batch in batches(X, labels, batch_size, rng):
                value, grads = net.loss_and_grads(X_batch, y_batch)
                grads = grads_by(net, X_batch, y_batch, grads) if grads_by else grads
                noted.append((loss_by(net, X_batch, y_batch, batch_size) if loss_by else value, len(X_batch)))
                if step:
                    net.parameters, state = step(net.parameters, grads, state, lr)
            losses.extend(loss(noted) if loss else [sum(v * m for v, m in noted) / max(sum(m for _, m in noted), 1)])
        return net.parameters, losses

    return wrong


def _hidden(change: Any = None, output: Any = None, W2: Any = None, kept: Any = None, back: Any = None) -> Any:
    """Gradients with another error at the output, another slope, or another W2 on the way back."""

    def grads_by(net: Any, X: Any, y: Any, right: Any) -> Any:
        p = net.parameters
        z1 = X @ p["W1"] + p["b1"]
        a1 = np.maximum(z1, 0)
        z2 = a1 @ p["W2"] + p["b2"]
        probs, T = softmax(z2), np.eye(p["W2"].shape[1])[y]
        dz2 = (output(probs, T, z2) if output else probs - T) / len(X)
        da1 = (back(probs, dz2) if back else dz2) @ (W2(p, right) if W2 else p["W2"]).T
        dz1 = change(da1, z1) if change else da1 * (z1 > 0)
        a1 = kept(z1) if kept else a1
        return {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": a1.T @ dz2, "b2": dz2.sum(axis=0)}

    return _train(grads_by=grads_by)


def _plain_descent(params: Any, grads: Any, state: Any, lr: float) -> Any:
    return {key: params[key] - lr * grads[key] for key in params}, state


def _uncorrected(params: Any, grads: Any, state: Any, lr: float) -> Any:
    _, after = _adam(params, grads, state, lr)
    return {key: params[key] - lr * after["m"][key] / (np.sqrt(after["v"][key]) + 1e-8) for key in params}, after


def _forgetful(params: Any, grads: Any, state: Any, lr: float) -> Any:
    zeros = {key: np.zeros_like(value) for key, value in params.items()}
    new, after = _adam(params, grads, {"t": state["t"], "m": zeros, "v": zeros}, lr)
    return new, {"t": after["t"], "m": zeros, "v": zeros}


def _counting_parameters(params: Any, grads: Any, state: Any, lr: float) -> Any:
    new, t, m, v = {}, state["t"], {}, {}
    for key in params:
        moved, after = _adam(
            {key: params[key]},
            {key: grads[key]},
            {"t": t, "m": {key: state["m"][key]}, "v": {key: state["v"][key]}},
            lr,
        )
        new[key], m[key], v[key], t = moved[key], after["m"][key], after["v"][key], t + 1
    return new, {"t": t, "m": m, "v": v}


def _by_hand(probabilities: Any) -> Any:
    """The loss as the logarithm of probabilities, which is nan or inf for large scores."""

    def loss_by(net: Any, X: Any, y: Any, batch_size: int) -> float:
        p = probabilities(net.forward(X))
        return -float(np.mean(np.log(p[np.arange(len(y)), y])))

    return loss_by


def _naive(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _one_max(z: Any) -> Any:
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum(axis=1, keepdims=True)


def _spread(of: Any) -> Any:
    """Weights drawn with another spread; `of` takes fan_in and fan_out."""
    return _train(
        start=lambda key, value, rng: (
            value * (of(*value.shape) / np.sqrt(2 / value.shape[0])) if key[0] == "W" else value
        )
    )


_UNSTABLE = ("large scores make the loss nan or inf.", "Which function of lesson 4 takes scores and not probabilities?")


def _apart(X: Any, y: Any, size: int, rng: Any) -> Any:
    a, b = rng.permutation(len(X)), rng.permutation(len(X))
    return [(X[a[i : i + size]], y[b[i : i + size]]) for i in range(0, len(X), size)]


def _half_shuffled(X: Any, y: Any, size: int, rng: Any) -> Any:
    order = rng.permutation(len(X))
    return [(X[order[i : i + size]], y[i : i + size]) for i in range(0, len(X), size)]


TRAIN_CLASSIFIER = Exercise(
    reference=train_classifier,
    lesson=LESSON,
    asks="Train ReLU, softmax and cross-entropy with He initialisation, Adam and mini-batches; return (params, losses).",
    returns=("params", "losses"),
    draw=_training,
    one_row=False,
    edges={
        "a last batch of one row": lambda rng, s: _still(rng, 9, 8),
        "batches larger than the data": lambda rng, s: _still(rng, 9, 50),
    },
    finite={"very large inputs": lambda rng, s: _still(rng) | {"X": 2000.0 * normal(rng, 45, 12)}},
    free=(
        "spread of W1",
        "spread of W2",
        "mean 0",
        "biases that start at 0",
        "different hidden units",
        "trained biases",
        "the same for the same rng",
    ),
    view=_learned,
    mistakes=(
        Mistake(
            "equal-start",
            (
                _train(start=lambda key, p, rng: 0.1 * np.ones_like(p)),
                _train(start=lambda key, p, rng: 0.01 * np.ones_like(p)),
                _train(start=lambda key, p, rng: np.ones_like(p) if key[0] == "W" else p),
            ),
            "all hidden units start equal, so they stay equal.",
            "How could two units come to differ that start equal and get equal gradients?",
        ),
        Mistake(
            "zero-start",
            _train(start=lambda key, p, rng: np.zeros_like(p)),
            "the weights start at 0.",
            "With W1 = 0 and W2 = 0, which gradients are not 0?",
        ),
        Mistake(
            "fixed-start",
            (_spread(lambda i, o: 0.01), _spread(lambda i, o: 0.1), _spread(lambda i, o: 0.001)),
            "the weights start with a fixed small spread, not with He's.",
            "Which spread keeps a signal's size through a ReLU layer?",
        ),
        Mistake(
            "variance-for-std",
            _spread(lambda i, o: 2 / i),
            "the weights are scaled with 2 / fan_in, its root is missing.",
            "Is 2 / fan_in the variance or the standard deviation?",
        ),
        Mistake(
            "fan-out-for-fan-in",
            _spread(lambda i, o: np.sqrt(2 / o)),
            "the spread is taken from the outputs, not from the inputs.",
            "How many terms does each weighted sum have?",
        ),
        Mistake(
            "xavier-for-he",
            (_spread(lambda i, o: np.sqrt(1 / i)), _spread(lambda i, o: np.sqrt(2 / (i + o)))),
            "the spread is that for tanh, not for ReLU.",
            "ReLU switches half of the units off: what makes up for it?",
        ),
        Mistake(
            "unscaled-start",
            _spread(lambda i, o: 1.0),
            "the weights start as plain normal numbers.",
            "How large is a sum of 64 such numbers? What keeps its size?",
        ),
        Mistake(
            "all-positive-start",
            (
                _train(start=lambda key, p, rng: np.abs(p)),
                _train(start=lambda key, p, rng: rng.random(p.shape) * np.sqrt(2 / len(p)) if key[0] == "W" else p),
                _train(start=lambda key, p, rng: rng.random(p.shape) if key[0] == "W" else p),
            ),
            "the weights are all positive.",
            "Which function draws from a distribution with mean 0?",
        ),
        Mistake(
            "random-biases",
            _train(start=lambda key, p, rng: p if key[0] == "W" else 0.1 * rng.standard_normal(p.shape)),
            "the biases start at random numbers.",
            "Do biases need random numbers for the units to differ?",
        ),
        Mistake(
            "uphill",
            _train(grads_by=lambda net, X, y, g: {k: -v for k, v in g.items()}),
            "the loss climbs.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "hidden-slope-missing",
            _hidden(lambda da, z: da),
            "the gradient passes the hidden layer unmasked.",
            "What lies between a1 and z1?",
        ),
        Mistake(
            "hidden-slope-wrong",
            (
                _hidden(lambda da, z: da * np.int64(z)),
                _hidden(lambda da, z: da * np.maximum(z, 0)),
                _hidden(lambda da, z: da * (1 - z**2)),
                _hidden(lambda da, z: da * (1 - np.maximum(z, 0) ** 2)),
                _hidden(lambda da, z: np.maximum(da, 0) * (z > 0)),
                _hidden(lambda da, z: np.maximum(da, 0)),
                _hidden(lambda da, z: da * (z < 0)),
            ),
            "the hidden layer's slope is not that of ReLU.",
            "How steep is ReLU at z = 3, and at z = -3?",
        ),
        Mistake(
            "softmax-slope-again",
            (_hidden(output=lambda p, T, z: (p - T) * p * (1 - p)),),
            "p - y is multiplied by p(1 - p) once more.",
            "Did p - y already contain the slope of softmax?",
        ),
        Mistake(
            "softmax-diagonal-only",
            (_hidden(output=lambda p, T, z: -T * (1 - p)),),
            "only the diagonal of softmax's Jacobian is used.",
            "Raise one score: do the other probabilities stay as they are?",
        ),
        Mistake(
            "W2-updated-too-early",
            (
                *tuple(_hidden(W2=lambda p, g, lr=lr: p["W2"] - lr * g["W2"]) for lr in (0.05, 0.1, 0.5, 1.0)),
                _hidden(W2=lambda p, g: p["W2"] - 0.05 * np.sign(g["W2"])),
                _hidden(W2=lambda p, g: p["W2"] - 0.05 * g["W2"] / (np.abs(g["W2"]) + 1e-08)),
            ),
            "W2 is updated before it is used to send the gradient back.",
            "Which W2 made this output?",
        ),
        Mistake(
            "biases-frozen",
            _train(grads_by=lambda net, X, y, g: {k: v if k[0] == "W" else 0.0 * v for k, v in g.items()}),
            "the biases stay at 0.",
            "Which parameters does the step move?",
        ),
        Mistake(
            "biases-get-one-number",
            (
                _train(
                    grads_by=lambda net, X, y, g: {
                        k: v if k[0] == "W" else np.full_like(v, v.sum()) for k, v in g.items()
                    }
                ),
                _train(
                    grads_by=lambda net, X, y, g: {
                        k: v if k[0] == "W" else np.full_like(v, v.mean()) for k, v in g.items()
                    }
                ),
            ),
            "all biases of a layer get the same gradient.",
            "Sum over the examples only: which axis is that?",
        ),
        Mistake(
            "plain-descent",
            _train(step=_plain_descent),
            "the steps are those of plain gradient descent, not of Adam.",
            "Which function of lesson 7 makes the step?",
        ),
        Mistake(
            "not-corrected",
            _train(step=_uncorrected),
            "Adam's running means are not corrected for having started at 0.",
            "After one step m is only (1 - beta1) g: by what do you divide to get g back?",
        ),
        Mistake(
            "t-restarts",
            _train(fresh=True),
            "t starts again in every epoch.",
            "How many steps has Adam made when the second epoch begins?",
        ),
        Mistake(
            "state-forgotten",
            _train(step=_forgetful),
            "m and v are zero again before every step.",
            "Where is Adam's state remembered from one step to the next?",
        ),
        Mistake(
            "t-counts-parameters",
            _train(step=_counting_parameters),
            "t is raised once for each parameter array.",
            "How many steps does one batch make?",
        ),
        Mistake(
            "never-trained",
            _train(step=None),
            "the params are those of the start.",
            "Who receives the new params after a step?",
        ),
        Mistake(
            "summed-losses",
            (
                _train(loss=lambda noted: [sum(v * m for v, m in noted)]),
                _train(loss=lambda noted: [sum(v for v, _ in noted)]),
            ),
            "the losses of an epoch are summed, not averaged.",
            "A mean over what? Should it depend on the number of batches?",
        ),
        Mistake(
            "a-loss-for-each-batch",
            _train(loss=lambda noted: [v for v, _ in noted]),
            "there is one loss for each batch.",
            "One number for each epoch: how do its batches become one?",
        ),
        Mistake(
            "last-batch-miscounted",
            (
                _train(loss_by=lambda net, X, y, size: net.loss(X, y) * len(y) / size),
                _train(
                    loss_by=lambda net, X, y, size: net.loss(X, y) * len(y) / size,
                    loss=lambda noted: [float(np.mean([v for v, _ in noted]))],
                ),
                _train(batches=lambda X, y, size, rng: [b for b in _batches(X, y, size, rng) if len(b[0]) == size]),
            ),
            "the short last batch is left out, or divided by batch_size.",
            "How many rows does an epoch show? Divide by the rows you have: how many are in the last batch?",
        ),
        Mistake(
            "only-first-batch",
            _train(batches=lambda X, y, size, rng: _batches(X, y, size, rng)[:1]),
            "only the first batch of each epoch is used.",
            "How many rows does an epoch show?",
        ),
        Mistake(
            "one-epoch-short",
            (_train(rounds=lambda e: e - 1), _train(rounds=lambda e: 1 if e > 1 else 0)),
            "there are too few epochs.",
            "How often does your outer loop go round?",
        ),
        Mistake(
            "no-max-subtracted",
            (_train(loss_by=_by_hand(_naive)), _train(loss_by=_by_hand(_one_max)), _train(loss_by=_by_hand(softmax))),
            *_UNSTABLE,
        ),
        Mistake(
            "negative-losses",
            (_train(loss_by=lambda net, X, y, size: -net.loss(X, y)),),
            "the losses it notes are negative.",
            "What is the sign of log p for p below 1?",
        ),
        Mistake(
            "losses-divided-by-classes",
            (_train(loss_by=lambda net, X, y, size: net.loss(X, y) / len(net.parameters["b2"])),),
            "the losses it notes are divided by the number of classes as well.",
            "The loss sums over the classes: over what is the mean taken?",
        ),
        Mistake(
            "mask-for-activation",
            (_hidden(kept=lambda z: (z > 0) * 1.0),),
            "W2's gradient is computed from the mask, not from the hidden activations.",
            "Did building the mask overwrite an array that is still needed?",
        ),
        Mistake(
            "softmax-over-examples",
            (_hidden(output=lambda p, T, z: np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0) - T),),
            "softmax sums over the examples.",
            "Which direction are the classes in: down the rows or along them?",
        ),
        Mistake(
            "every-row-with-every-label",
            (
                _hidden(output=lambda p, T, z: p - T.sum(axis=0)),
                _hidden(output=lambda p, T, z: p - (T.sum(axis=0) > 0)),
                _train(loss_by=lambda net, X, y, size: -float(np.mean(np.log(softmax(net.forward(X)))[:, y]))),
            ),
            "[:, labels] picks every label in every row.",
            "You want row i with label i: which two index lists pair them?",
        ),
        Mistake(
            "shuffled-apart",
            (_train(batches=_apart), _train(batches=_half_shuffled)),
            "rows and labels no longer belong together.",
            "One permutation, two uses: which array was shuffled how?",
        ),
        Mistake(
            "outputs-sent-back",
            (_hidden(back=lambda p, dz: p), _hidden(back=lambda p, dz: p / len(p))),
            "the probabilities are sent back, not the errors.",
            "What flows backwards: outputs or errors?",
        ),
    ),
    hints=(
        "You have built every piece in lessons 4, 7 and 8. In which order does one step use them?",
        "He initialisation; then for each epoch the minibatches; for each batch forward, loss, backward, adam_step; note the mean loss of the epoch.",
        "state = {'t': 0, 'm': zeros, 'v': zeros} before the first epoch; losses.append(total / n) after each one.",
    ),
    why="Every piece of the course at work: this is how networks are trained, with larger numbers.",
)

EXERCISES = (ONE_HOT, ACCURACY, CONFUSION_MATRIX, TRAIN_CLASSIFIER)
