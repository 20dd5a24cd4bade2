"""Lesson 07: mini-batches, schedules, momentum and Adam."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpkit.checking.compare import Misfit, kind_of
from bpkit.checking.exercise import Exercise, Inputs, Mistake, Sizes
from bpkit.checking.given import LinearModel, Seeded, linear_loss_and_grads
from bpkit.checking.observe import Observation
from bpkit.exercises._common import Rng, away, normal
from bpkit.optimizers import (
    adam_step,
    cosine_decay,
    exponential_decay,
    minibatches,
    momentum_step,
    sgd_epoch,
    step_decay,
)

LESSON = "07_gradient_descent"


def _rows(rng: Rng, sizes: Sizes) -> Inputs:
    """More rows than a batch holds, with a short last batch; every row and target occurs once."""
    size = sizes.d + 2
    n = 4 * size + 2
    X = normal(rng, n, sizes.d)
    return {
        "X": X,
        "y": X @ normal(rng, sizes.d) + 0.3 * normal(rng, n),
        "batch_size": size,
        "rng": Seeded(int(rng.integers(1 << 30))),
    }


def _batches_seen(X: Any, y: Any, batches: list[tuple[Any, Any]]) -> dict[str, Any]:
    """What can be said of a list of batches whatever the order of the rows."""
    rows = [_index(X, row) for batch, _ in batches for row in batch]
    targets = [_index(y, target) for _, batch in batches for target in batch]
    return {
        "batch sizes": [float(len(batch)) for batch, _ in batches],
        "rows shown": float(len(set(rows) - {-1})),
        "rows repeated": float(len(rows) - len(set(rows))),
        "unknown rows": float(rows.count(-1)),
        "broken pairs": float(any(a != b for a, b in zip(rows, targets, strict=True))),
        "in the old order": float(rows == sorted(rows)),
    }


def _index(table: Any, row: Any) -> int:
    same = np.flatnonzero((table == row).all(axis=1) if table.ndim == 2 else table == row)
    return int(same[0]) if len(same) else -1


_FREE = ("rows shown", "rows repeated", "unknown rows", "broken pairs", "in the old order")


def _listed(inputs: Inputs, seen: Observation) -> dict[str, Any]:
    value, X, y = seen.value, inputs["X"], inputs["y"]
    if not isinstance(value, (list, tuple)):
        raise Misfit(f"The result should be a list of (X, y) batches; it is {kind_of(value)}.")
    for i, pair in enumerate(value):
        if (
            not isinstance(pair, (list, tuple))
            or len(pair) != 2
            or not all(isinstance(part, np.ndarray) for part in pair)
        ):
            raise Misfit(f"Batch {i} should be a pair of arrays (X, y); it is {kind_of(pair)}.")
        if pair[0].ndim != 2 or pair[0].shape[1] != X.shape[1] or pair[1].shape != (len(pair[0]),):
            raise Misfit(
                f"Batch {i} should hold X (m, {X.shape[1]}) and y (m,); it holds {pair[0].shape} and {pair[1].shape}.",
                "wrong_shape",
            )
    return _batches_seen(X, y, list(value))


def _cut(X: Any, y: Any, order: Any, size: int, starts: Any = None) -> list[tuple[Any, Any]]:
    return [(X[rows], y[rows]) for rows in (order[i : i + size] for i in (starts or range(0, len(order), size)))]


def _shuffled_apart(X: Any, y: Any, size: int, rng: Any) -> Any:
    a, b = rng.permutation(len(X)), rng.permutation(len(X))
    return [(X[a[i : i + size]], y[b[i : i + size]]) for i in range(0, len(X), size)]


def _only_one_shuffled(X: Any, y: Any, size: int, rng: Any) -> Any:
    order = rng.permutation(len(X))
    return [(X[order[i : i + size]], y[i : i + size]) for i in range(0, len(X), size)]


def _in_place(X: Any, y: Any, size: int, rng: Any) -> Any:
    order = rng.permutation(len(X))
    X[:] = X[order]
    y[:] = y[order]
    return [(X[i : i + size].copy(), y[i : i + size].copy()) for i in range(0, len(X), size)]


def _drawn_again(X: Any, y: Any, size: int, rng: Any) -> Any:
    picks = [rng.integers(0, len(X), min(size, len(X) - i)) for i in range(0, len(X), size)]
    return [(X[rows], y[rows]) for rows in picks]


def _filled_up(X: Any, y: Any, size: int, rng: Any) -> Any:
    order = rng.permutation(len(X))
    order = np.concatenate([order, order[: -len(order) % size]])
    return _cut(X, y, order, size)


MINIBATCHES = Exercise(
    reference=minibatches,
    lesson=LESSON,
    asks="Shuffle the rows once and return a list of (X, y) batches; the last one may be shorter.",
    returns="batches",
    draw=_rows,
    one_row=False,
    edges={
        "one batch for all": lambda rng, s: _rows(rng, s) | {"batch_size": 50},
        "batches of one": lambda rng, s: _rows(rng, s) | {"batch_size": 1},
    },
    free=_FREE,
    view=_listed,
    mistakes=(
        Mistake(
            "shuffled-apart",
            (_shuffled_apart, _only_one_shuffled),
            "rows and targets no longer belong together.",
            "One permutation, two uses: which array was shuffled how?",
        ),
        Mistake(
            "tail-dropped",
            (lambda X, y, size, rng: _cut(X, y, rng.permutation(len(X)), size, range(0, len(X) - size + 1, size)),),
            "the last, shorter batch is missing.",
            "How many rows did an epoch show?",
        ),
        Mistake(
            "not-shuffled",
            lambda X, y, size, rng: _cut(X, y, np.arange(len(X)), size),
            "the rows come in their old order.",
            "If the data are sorted by class, what does the first batch look like?",
        ),
        Mistake(
            "changes-the-data",
            _in_place,
            "the caller's arrays were shuffled as well.",
            "Did you change what you were given? Indexing with a permutation makes new arrays.",
        ),
        Mistake(
            "drawn-with-replacement",
            (_drawn_again,),
            "rows are drawn with replacement: some come twice, some never.",
            "How often should an epoch show each row?",
        ),
        Mistake(
            "count-for-size",
            (
                lambda X, y, size, rng: [
                    (X[rows], y[rows]) for rows in np.array_split(rng.permutation(len(X)), min(size, len(X)))
                ],
            ),
            "batch_size is taken as the number of batches.",
            "Is batch_size the number of rows in a batch, or of batches?",
        ),
        Mistake(
            "last-batch-filled-up",
            (_filled_up,),
            "the last batch is filled up with rows that were shown already.",
            "May the last batch be shorter?",
        ),
        Mistake(
            "overlapping",
            (lambda X, y, size, rng: _cut(X, y, rng.permutation(len(X)), size, range(len(X))),),
            "the batches overlap: each starts one row after the one before.",
            "By how much should the start move from batch to batch?",
        ),
        Mistake(
            "only-first-batch",
            lambda X, y, size, rng: _cut(X, y, rng.permutation(len(X)), size)[:1],
            "only the first batch comes back.",
            "How many rows did an epoch show?",
        ),
        Mistake(
            "new-permutation-each-time",
            (
                lambda X, y, size, rng: [
                    (X[rows], y[rows])
                    for rows in (rng.permutation(len(X))[i : i + size] for i in range(0, len(X), size))
                ],
                lambda X, y, size, rng: [
                    (X[rows], y[rows])
                    for rows in (rng.permutation(len(X))[: min(size, len(X) - i)] for i in range(0, len(X), size))
                ],
                lambda X, y, size, rng: [
                    (X[rows], y[rows]) for rows in (rng.permutation(len(X))[:size] for i in range(0, len(X), size))
                ],
            ),
            "every batch is cut from a new permutation: rows repeat and are missed.",
            "How many permutations does one epoch need?",
        ),
    ),
    hints=(
        "One permutation of the row numbers serves X and y alike.",
        "order = rng.permutation(len(X)); then cut it into pieces of batch_size.",
        "[(X[order[i:i + batch_size]], y[order[i:i + batch_size]]) for i in range(0, len(X), batch_size)]",
    ),
    why="Every row is shown once an epoch, in an order that no pattern of the data can follow.",
)


def _epoch(rng: Rng, sizes: Sizes) -> Inputs:
    rows = _rows(rng, sizes)
    params = {"w": 0.5 * normal(rng, sizes.d), "b": 0.3}
    return {
        "params": params,
        "X": rows["X"],
        "y": rows["y"],
        "lr": float(rng.uniform(0.05, 0.1)),
        "batch_size": rows["batch_size"],
        "rng": rows["rng"],
        "loss_and_grads": LinearModel(),
    }


def _trained(inputs: Inputs, seen: Observation) -> dict[str, Any]:
    """Follow the batches that the function really showed, and compare with what descent along them gives."""
    value = seen.value
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise Misfit(f"Return two things, (params, losses); you returned {kind_of(value)}.")
    params, losses = value
    if not isinstance(params, dict) or not {"w", "b"} <= set(params):
        raise Misfit(f"`params` should be a dict with the keys of the given params; it is {kind_of(params)}.")
    if not isinstance(losses, (list, tuple, np.ndarray)):
        raise Misfit(f"`losses` should be a list with one loss for each batch; it is {kind_of(losses)}.")
    calls = seen.after["loss_and_grads"]["calls"]
    here, expected = dict(inputs["params"]), []
    for call in calls:
        loss, grads = linear_loss_and_grads(here, call["X"], call["y"])
        expected.append(loss)
        here = {key: here[key] - inputs["lr"] * grads[key] for key in here}
    same = np.shape(losses) == np.shape(expected) and all(type(loss) is not str for loss in losses)
    return {
        "params['w']": _off(params["w"], here["w"]),
        "params['b']": _off(params["b"], here["b"]),
        "losses": _off(losses, expected) if same else [float(len(losses))],
        **_batches_seen(inputs["X"], inputs["y"], [(call["X"], call["y"]) for call in calls]),
    }


def _off(got: Any, expected: Any) -> Any:
    """The difference, or the value itself where it cannot be taken."""
    if np.shape(got) != np.shape(expected) or np.asarray(got).dtype.kind not in "fiu":
        return got
    return np.asarray(got, float) - np.asarray(expected, float)


def _loop(
    *,
    move: float = 1.0,
    loss_after: bool = False,
    batches: Any = minibatches,
    stale: bool = False,
    late: bool = False,
    one: bool = False,
) -> Any:
    """One epoch with a single thing changed."""

    def wrong(params: Any, X: Any, y: Any, lr: float, size: int, rng: Any, loss_and_grads: Any) -> Any:
        start, now, losses = dict(params), dict(params), []
        total = {key: 0.0 * np.asarray(value) for key, value in params.items()}
        for X_batch, y_batch in batches(X, y, size, rng):
            loss, grads = loss_and_grads(start if stale or late else now, X_batch, y_batch)
            if late:
                total = {key: total[key] + grads[key] for key in total}
            else:
                now = {key: now[key] - move * lr * grads[key] for key in now}
            losses.append(linear_loss_and_grads(now, X_batch, y_batch)[0] if loss_after else loss)
            if one:
                break
        if late:
            now = {key: now[key] - lr * total[key] for key in now}
        return now, losses

    return wrong


def _epoch_in_place(params: Any, X: Any, y: Any, lr: float, size: int, rng: Any, loss_and_grads: Any) -> Any:
    losses = []
    for X_batch, y_batch in minibatches(X, y, size, rng):
        loss, grads = loss_and_grads(params, X_batch, y_batch)
        losses.append(loss)
        for key in params:
            params[key] = params[key] - lr * grads[key]
    return params, losses


def _cut_by(make: Any) -> Any:
    return _loop(batches=make)


def _restarting(stale: bool) -> Any:
    """Every step leads from the first params; the gradients are taken there too if stale."""

    def wrong(params: Any, X: Any, y: Any, lr: float, size: int, rng: Any, loss_and_grads: Any) -> Any:
        now, losses = dict(params), []
        for X_batch, y_batch in minibatches(X, y, size, rng):
            loss, grads = loss_and_grads(params if stale else now, X_batch, y_batch)
            losses.append(loss)
            now = {key: params[key] - lr * grads[key] for key in params}
        return now, losses

    return wrong


def _gathering(params: Any, X: Any, y: Any, lr: float, size: int, rng: Any, loss_and_grads: Any) -> Any:
    now, losses, total = dict(params), [], {key: 0.0 * np.asarray(value) for key, value in params.items()}
    for X_batch, y_batch in minibatches(X, y, size, rng):
        loss, grads = loss_and_grads(now, X_batch, y_batch)
        losses.append(loss)
        total = {key: total[key] + grads[key] for key in total}
        now = {key: now[key] - lr * total[key] for key in now}
    return now, losses


def _scaled_moves(scale: Any) -> Any:
    """An epoch whose moves are scaled by a function of (key, rows in the batch, batch_size, rows in all)."""

    def wrong(params: Any, X: Any, y: Any, lr: float, size: int, rng: Any, loss_and_grads: Any) -> Any:
        now, losses = dict(params), []
        for X_batch, y_batch in minibatches(X, y, size, rng):
            loss, grads = loss_and_grads(now, X_batch, y_batch)
            losses.append(loss)
            now = {key: now[key] - lr * scale(key, len(X_batch), size, len(X)) * grads[key] for key in now}
        return now, losses

    return wrong


SGD_EPOCH = Exercise(
    reference=sgd_epoch,
    lesson=LESSON,
    asks="Show every batch once, step after each, and return (params, losses) with each loss taken before its update.",
    returns=("params", "losses"),
    draw=_epoch,
    one_row=False,
    edges={
        "one batch for all": lambda rng, s: _epoch(rng, s) | {"batch_size": 50},
        "batches of one": lambda rng, s: _epoch(rng, s) | {"batch_size": 1},
    },
    free=("batch sizes", *_FREE),
    view=_trained,
    mistakes=(
        Mistake(
            "uphill",
            _loop(move=-1.0),
            "it steps with the gradient.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "loss-after-update",
            _loop(loss_after=True),
            "each loss is taken after its update.",
            "Which params made the loss that loss_and_grads returned?",
        ),
        Mistake(
            "gradients-at-the-start",
            (_loop(stale=True), _loop(late=True)),
            "every gradient is taken at the params of the beginning.",
            "After the first batch, where are you standing when you ask for the next gradient? How many updates does an epoch make?",
        ),
        Mistake(
            "only-first-batch", _loop(one=True), "only the first batch is used.", "How many rows did the epoch show?"
        ),
        Mistake(
            "tail-dropped",
            _cut_by(
                lambda X, y, size, rng: _cut(X, y, rng.permutation(len(X)), size, range(0, len(X) - size + 1, size))
            ),
            "the last, shorter batch is never shown.",
            "How many rows did the epoch show?",
        ),
        Mistake(
            "not-shuffled",
            _cut_by(lambda X, y, size, rng: _cut(X, y, np.arange(len(X)), size)),
            "the rows come in their old order.",
            "If the data are sorted by class, what does the first batch look like?",
        ),
        Mistake(
            "shuffled-apart",
            (_cut_by(_shuffled_apart), _cut_by(_only_one_shuffled)),
            "rows and targets no longer belong together.",
            "One permutation, two uses: which array was shuffled how?",
        ),
        Mistake(
            "changes-its-params",
            _epoch_in_place,
            "the caller's params were changed as well.",
            "Call it twice with the same arguments: same answer? Build a new dict.",
        ),
        Mistake(
            "all-rows-each-time",
            lambda params, X, y, lr, size, rng, f: _loop()(params, X, y, lr, size, rng, lambda p, *_: f(p, X, y)),
            "every step uses all rows, not its batch.",
            "Which rows should loss_and_grads see in this round?",
        ),
        Mistake("never-moves", _loop(move=0.0), "the params never move.", "Who receives the new params?"),
        Mistake(
            "learning-rate-squared",
            (_loop(move=0.5),),
            "the steps are half as long as they should be.",
            "How long is a step?",
        ),
        Mistake(
            "last-loss-only",
            lambda params, X, y, lr, size, rng, f: (lambda r: (r[0], r[1][-1:]))(
                _loop()(params, X, y, lr, size, rng, f)
            ),
            "only the last loss is kept.",
            "One loss for each batch: where does the list begin?",
        ),
        Mistake(
            "starts-again-each-time",
            (_restarting(False), _restarting(True)),
            "every batch steps from the params of the beginning.",
            "After the first step, where are you standing when you make the next one?",
        ),
        Mistake(
            "biases-frozen",
            (_scaled_moves(lambda key, m, size, n: 0.0 if key == "b" else 1.0),),
            "only w moves.",
            "Which parameters does the gradient have entries for?",
        ),
        Mistake(
            "step-scaled-by-batch",
            (
                _scaled_moves(lambda key, m, size, n: m / size),
                _scaled_moves(lambda key, m, size, n: m / n),
                _scaled_moves(lambda key, m, size, n: m),
                _scaled_moves(lambda key, m, size, n: 1 / m),
            ),
            "the step is scaled with the number of rows in the batch.",
            "The loss is a mean over the batch already: does anything have to be divided again?",
        ),
        Mistake(
            "gradients-gathered",
            (_gathering,),
            "the gradients of earlier batches are added to the next one.",
            "Whose gradient should a batch's step follow?",
        ),
    ),
    hints=(
        "You have minibatches and gradient_step. What happens between two batches?",
        "For each batch: loss and grads at the params of now, note the loss, then step.",
        "loss, grads = loss_and_grads(params, Xb, yb); losses.append(loss); params = gradient_step(params, grads, lr)",
    ),
    why="One loop, three methods: batch_size n is batch gradient descent, 1 is stochastic, anything between is mini-batch.",
)


def _stairs(rng: Rng, sizes: Sizes) -> Inputs:
    every = {7: 3, 11: 5, 5: 7}[sizes.n]
    return {
        "lr0": float(rng.uniform(0.3, 0.9)),
        "step": 2 * every if sizes.n == 11 else 2 * every + every // 2,
        "drop": 0.7,
        "every": every,
    }


STEP_DECAY = Exercise(
    reference=step_decay,
    lesson=LESSON,
    asks="Return lr0 · drop^⌊step / every⌋: after every `every` steps only the share `drop` is kept.",
    returns="lr",
    draw=_stairs,
    one_row=False,
    edges={
        "step 0": lambda rng, s: _stairs(rng, s) | {"step": 0},
        "the middle of a stair": lambda rng, s: _stairs(rng, s) | {"step": 8, "every": 5},
        "the last step of a stair": lambda rng, s: _stairs(rng, s) | {"step": 5, "every": 3},
        "the first step of a stair": lambda rng, s: _stairs(rng, s) | {"step": 6, "every": 3},
    },
    mistakes=(
        Mistake(
            "without-stairs",
            lambda lr0, step, drop, every: lr0 * drop ** (step / every),
            "it falls at every step: there are no stairs.",
            "Which step does the rate stay the same until? Which rounding gives whole stairs?",
        ),
        Mistake(
            "share-lost-for-share-kept",
            lambda lr0, step, drop, every: lr0 * (1 - drop) ** (step // every),
            "drop is taken as the share that is lost.",
            "With drop = 0.7, is the rate after one stair 0.7 or 0.3 of what it was?",
        ),
        Mistake(
            "multiplied-for-power",
            lambda lr0, step, drop, every: lr0 * drop * (step // every),
            "the number of stairs multiplies instead of being a power.",
            "What should the rate be before the first stair?",
        ),
        Mistake(
            "one-stair-early",
            (lambda lr0, step, drop, every: lr0 * drop ** (step // every + 1),),
            "it is one stair too low.",
            "What should the rate be at step 0?",
        ),
        Mistake(
            "step-off-by-one",
            (
                lambda lr0, step, drop, every: lr0 * drop ** ((step + 1) // every),
                lambda lr0, step, drop, every: lr0 * drop ** ((step - 1) // every),
            ),
            "the stairs begin one step too early or too late.",
            "At step = every, how many stairs have been taken?",
        ),
        Mistake(
            "every-and-step-swapped",
            lambda lr0, step, drop, every: lr0 * drop ** (every // max(step, 1)),
            "every and step have changed places.",
            "How many stairs of length every fit into step?",
        ),
        Mistake(
            "remainder-for-quotient",
            lambda lr0, step, drop, every: lr0 * drop ** (step % every),
            "the remainder is taken, not the quotient.",
            "Which operator counts whole stairs, and which what is left over?",
        ),
        Mistake(
            "only-one-drop",
            (lambda lr0, step, drop, every: lr0 * drop if step >= every else lr0,),
            "it falls once and never again.",
            "What happens after the second stair?",
        ),
        Mistake(
            "subtracted",
            lambda lr0, step, drop, every: lr0 - drop * (step // every),
            "the drop is subtracted.",
            "Is drop a share of the rate, or an amount?",
        ),
        Mistake(
            "rounded-to-nearest",
            (
                lambda lr0, step, drop, every: lr0 * drop ** math.ceil(step / every),
                lambda lr0, step, drop, every: lr0 * drop ** round(step / every),
            ),
            "a stair that has only begun counts already.",
            "At step 5 with every = 3, how many whole stairs have been taken?",
        ),
        Mistake(
            "brackets",
            (
                lambda lr0, step, drop, every: lr0 * drop**step // every,
                lambda lr0, step, drop, every: lr0 * drop**step / every,
                lambda lr0, step, drop, every: (lr0 * drop) ** (step // every),
            ),
            "a power binds more strongly than a product or a division: brackets are missing or misplaced.",
            "What exactly should be raised to which power?",
        ),
    ),
    hints=(
        "How many whole stairs have been taken at this step?",
        "step // every counts whole stairs; each keeps the share drop.",
        "lr0 * drop ** (step // every)",
    ),
    why="Long steps first, then shorter ones: within a stair the rate is constant, so its effect can be seen.",
)


def _smooth(rng: Rng, sizes: Sizes) -> Inputs:
    return {
        "lr0": float(rng.uniform(0.3, 0.9)),
        "step": {7: 3, 11: 5, 5: 8}[sizes.n],
        "rate": float(rng.uniform(0.1, 0.2)),
    }


EXPONENTIAL_DECAY = Exercise(
    reference=exponential_decay,
    lesson=LESSON,
    asks="Return lr0 · exp(-rate · step).",
    returns="lr",
    draw=_smooth,
    one_row=False,
    edges={
        "step 0": lambda rng, s: _smooth(rng, s) | {"step": 0},
        "no decay": lambda rng, s: _smooth(rng, s) | {"rate": 0.0},
    },
    mistakes=(
        Mistake(
            "inverse-time",
            lambda lr0, step, rate: lr0 / (1 + rate * step),
            "this is inverse-time decay.",
            "Is the ratio of successive rates constant?",
        ),
        Mistake(
            "brackets-missing",
            lambda lr0, step, rate: 1 / 1 + rate * step * lr0,
            "1/1 + … has no brackets, so the rate grows.",
            "Where do the brackets go? And is this exponential decay at all?",
        ),
        Mistake(
            "sign-of-exponent",
            lambda lr0, step, rate: lr0 * math.exp(rate * step),
            "the rate grows.",
            "Should the exponent be positive or negative?",
        ),
        Mistake(
            "straight-line",
            lambda lr0, step, rate: lr0 * (1 - rate * step),
            "it falls along a straight line, and becomes negative.",
            "Is the ratio of successive rates constant?",
        ),
        Mistake(
            "power-of-rate",
            lambda lr0, step, rate: lr0 * rate**step,
            "the rate is the base of a power, not the speed in the exponent of e.",
            "What should come out for rate = 0?",
        ),
        Mistake(
            "share-kept",
            lambda lr0, step, rate: lr0 * (1 - rate) ** step,
            "each step keeps the share 1 - rate.",
            "One step should keep e to the power -rate. For rate = 0.5, is that 0.5 or 0.607?",
        ),
        Mistake(
            "start-forgotten",
            lambda lr0, step, rate: math.exp(-rate * step),
            "lr0 is missing.",
            "What should come out at step 0?",
        ),
        Mistake(
            "step-forgotten",
            lambda lr0, step, rate: lr0 * math.exp(-rate),
            "the step is missing from the exponent.",
            "Does your rate change from step to step?",
        ),
        Mistake(
            "divided-by-rate",
            lambda lr0, step, rate: lr0 * math.exp(-step / rate) if rate else lr0,
            "it divides by the rate.",
            "Should a larger rate make it fall faster or slower?",
        ),
        Mistake(
            "subtracted",
            lambda lr0, step, rate: lr0 - math.exp(-rate * step),
            "the exponential is subtracted.",
            "What should come out at step 0?",
        ),
        Mistake(
            "base-2",
            lambda lr0, step, rate: lr0 * 2 ** (-rate * step),
            "the base is 2, not e.",
            "Which function raises e to a power?",
        ),
        Mistake(
            "step-outside",
            (lambda lr0, step, rate: lr0 * math.exp(-rate) * step,),
            "the step stands outside the exponent.",
            "What should come out at step 0?",
        ),
    ),
    hints=(
        "One step keeps the share e to the power -rate. Which share do two steps keep, and `step` of them?",
        "The exponent is minus rate times step.",
        "lr0 * math.exp(-rate * step)",
    ),
    why="The ratio of two successive rates is always exp(-rate): on a logarithmic axis it is a straight line.",
)


def _half_wave(rng: Rng, sizes: Sizes) -> Inputs:
    return {"lr0": float(rng.uniform(0.3, 0.9)), "step": {7: 3, 11: 5, 5: 11}[sizes.n], "total": 13}


COSINE_DECAY = Exercise(
    reference=cosine_decay,
    lesson=LESSON,
    asks="Return lr0 · (1 + cos(π · step / total)) / 2: from lr0 down to 0 along half a cosine.",
    returns="lr",
    draw=_half_wave,
    one_row=False,
    edges={
        "step 0": lambda rng, s: _half_wave(rng, s) | {"step": 0},
        "the last step": lambda rng, s: _half_wave(rng, s) | {"step": 13},
    },
    mistakes=(
        Mistake(
            "not-halved",
            lambda lr0, step, total: lr0 * (1 + math.cos(math.pi * step / total)),
            "it starts at twice lr0.",
            "What is 1 + cos 0?",
        ),
        Mistake(
            "whole-wave",
            lambda lr0, step, total: lr0 * (1 + math.cos(2 * math.pi * step / total)) / 2,
            "it comes up again: that is a whole wave.",
            "Where on the cosine should the last step be, at its bottom or back at the top?",
        ),
        Mistake(
            "rising",
            lambda lr0, step, total: lr0 * (1 - math.cos(math.pi * step / total)) / 2,
            "it rises from 0 to lr0.",
            "What should come out at step 0?",
        ),
        Mistake(
            "quarter-wave",
            lambda lr0, step, total: lr0 * math.cos(math.pi / 2 * step / total),
            "this is a quarter of a wave.",
            "How flat should the curve be at its end?",
        ),
        Mistake(
            "one-not-added",
            (lambda lr0, step, total: lr0 * math.cos(math.pi * step / total),),
            "it becomes negative: the 1 is missing.",
            "What is the lowest value of a cosine?",
        ),
        Mistake(
            "half-only-on-cosine",
            lambda lr0, step, total: lr0 * (1 + math.cos(math.pi * step / total) / 2),
            "only the cosine is halved.",
            "What should come out at step 0?",
        ),
        Mistake(
            "pi-forgotten",
            lambda lr0, step, total: lr0 * (1 + math.cos(step / total)) / 2,
            "the angle does not reach π.",
            "Which angle has cosine -1?",
        ),
        Mistake(
            "sine-for-cosine",
            lambda lr0, step, total: lr0 * (1 + math.sin(math.pi * step / total)) / 2,
            "it is a sine.",
            "What is the cosine of 0, and the sine?",
        ),
        Mistake(
            "straight-line",
            lambda lr0, step, total: lr0 * (1 - step / total),
            "it falls along a straight line.",
            "Where should the curve be steepest?",
        ),
        Mistake(
            "degrees",
            lambda lr0, step, total: lr0 * (1 + math.cos(180 * step / total)) / 2,
            "the angle is in degrees.",
            "Which unit do math.cos and np.cos take?",
        ),
        Mistake(
            "brackets",
            (
                lambda lr0, step, total: lr0 * 0.5 * 1 + math.cos(math.pi * step / total),
                lambda lr0, step, total: lr0 * 1 + math.cos(math.pi * step / total) / 2,
                lambda lr0, step, total: lr0 / 2 * 1 + math.cos(math.pi * step / total),
            ),
            "the sum 1 + cos(…) has no brackets.",
            "What should lr0 multiply: the 1, or the whole sum?",
        ),
    ),
    hints=(
        "Which angle belongs to `step`, if 0 belongs to step 0 and π to step `total`?",
        "(1 + cos(angle)) / 2 runs from 1 to 0 as the angle runs from 0 to π.",
        "lr0 * (1 + math.cos(math.pi * step / total)) / 2",
    ),
    why="Slow at both ends: time to explore at first, time to settle at last.",
)


def _like(rng: Rng, shapes: dict[str, tuple[int, ...]], **how: float) -> Any:
    return {key: away(rng, *shape, **how) for key, shape in shapes.items()}


def _moving(rng: Rng, sizes: Sizes) -> Inputs:
    shapes = {"W": (sizes.d, sizes.h), "b": (sizes.h,)}
    return {
        "params": _like(rng, shapes),
        "grads": _like(rng, shapes),
        "velocity": _like(rng, shapes),
        "lr": float(rng.uniform(0.1, 0.3)),
        "beta": float(rng.uniform(0.55, 0.8)),
    }


def _at_rest(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = {name: value for name, value in _moving(rng, sizes).items() if name != "beta"}
    return inputs | {"velocity": {key: 0.0 * value for key, value in inputs["velocity"].items()}}


def _momentum(new_v: Any, move: Any = None) -> Any:
    def wrong(params: Any, grads: Any, velocity: Any, lr: float, beta: float = 0.9) -> Any:
        v = {k: new_v(velocity[k], grads[k], lr, beta) for k in params}
        return {
            k: move(params[k], v[k], grads[k], lr, beta, velocity[k]) if move else params[k] - lr * v[k] for k in params
        }, v

    return wrong


def _plain_v(v: Any, g: Any, lr: float, beta: float) -> Any:
    return beta * v + g


def _momentum_in_place(params: Any, grads: Any, velocity: Any, lr: float, beta: float = 0.9) -> Any:
    for k in params:
        velocity[k] = beta * velocity[k] + grads[k]
        params[k] = params[k] - lr * velocity[k]
    return params, velocity


def _through_parameters(params: Any, grads: Any, velocity: Any, lr: float, beta: float = 0.9) -> Any:
    v, new, after = 0.0, {}, {}
    for k in params:
        v = beta * np.mean(v) + grads[k]
        new[k], after[k] = params[k] - lr * v, v
    return new, after


MOMENTUM_STEP = Exercise(
    reference=momentum_step,
    lesson=LESSON,
    asks="Return (params, velocity), two new dicts: v = beta v + g and p = p - lr v.",
    returns=("params", "velocity"),
    draw=_moving,
    one_row=False,
    edges={"the first step, with the default beta": _at_rest},
    mistakes=(
        Mistake(
            "velocity-not-kept",
            _momentum(lambda v, g, lr, beta: g),
            "the old velocity is forgotten.",
            "Where is v remembered from one step to the next?",
        ),
        Mistake(
            "running-mean",
            _momentum(lambda v, g, lr, beta: beta * v + (1 - beta) * g),
            "the gradient is weighted with 1 - beta.",
            "Both conventions exist. Which one does the formula above use?",
        ),
        Mistake(
            "beta-on-gradient",
            _momentum(lambda v, g, lr, beta: v + beta * g),
            "beta multiplies the gradient, not the velocity.",
            "What should lose speed: the old velocity or the new gradient?",
        ),
        Mistake(
            "learning-rate-in-velocity",
            (
                _momentum(lambda v, g, lr, beta: beta * v + lr * g, lambda p, v, g, lr, beta, old: p - v),
                _momentum(lambda v, g, lr, beta: beta * v + lr * g),
            ),
            "the learning rate is inside the velocity.",
            "Where does lr stand in the formula above: in v, or in the step?",
        ),
        Mistake(
            "uphill",
            _momentum(_plain_v, lambda p, v, g, lr, beta, old: p + lr * v),
            "it steps with the velocity.",
            "The gradients point uphill. Which way do you want to go?",
        ),
        Mistake(
            "old-velocity-used",
            _momentum(_plain_v, lambda p, v, g, lr, beta, old: p - lr * old),
            "the step uses the velocity of before.",
            "Which velocity should the step use: the old or the new one?",
        ),
        Mistake(
            "gradient-step",
            _momentum(_plain_v, lambda p, v, g, lr, beta, old: p - lr * g),
            "the step ignores the velocity.",
            "What is the velocity for?",
        ),
        Mistake(
            "velocity-subtracts-gradient",
            _momentum(lambda v, g, lr, beta: beta * v - g),
            "the gradient is subtracted from the velocity.",
            "v gathers gradients: with which sign?",
        ),
        Mistake(
            "nesterov",
            _momentum(_plain_v, lambda p, v, g, lr, beta, old: p - lr * (g + beta * v)),
            "this is Nesterov's step.",
            "Which velocity does plain momentum step along?",
        ),
        Mistake(
            "changes-its-arguments",
            _momentum_in_place,
            "the caller's dicts were changed as well.",
            "Call it twice with the same arguments: same answer? Build new dicts.",
        ),
        Mistake(
            "old-velocity-returned",
            lambda params, grads, velocity, lr, beta=0.9: (
                momentum_step(params, grads, velocity, lr, beta)[0],
                dict(velocity),
            ),
            "the velocity that comes back is the old one.",
            "Who remembers the new velocity for the next step?",
        ),
        Mistake(
            "params-not-moved",
            (
                lambda params, grads, velocity, lr, beta=0.9: (
                    dict(params),
                    momentum_step(params, grads, velocity, lr, beta)[1],
                ),
            ),
            "the params that come back are the old ones.",
            "Who receives the new values?",
        ),
        Mistake(
            "biases-frozen",
            (
                lambda params, grads, velocity, lr, beta=0.9: (
                    momentum_step(params, grads, velocity, lr, beta)[0] | {"b": params["b"]},
                    momentum_step(params, grads, velocity, lr, beta)[1],
                ),
            ),
            "only the weights move.",
            "Which parameters does the gradient have entries for?",
        ),
        Mistake(
            "velocity-not-kept-and-weighted",
            _momentum(lambda v, g, lr, beta: (1 - beta) * g),
            "the velocity is (1 - beta) g: the old one is forgotten.",
            "Where is v remembered from one step to the next?",
        ),
        Mistake(
            "velocity-runs-through-parameters",
            (_through_parameters,),
            "the velocity of one parameter is carried on to the next one.",
            "Does each parameter have a velocity of its own? Over what does it carry on: parameters or time?",
        ),
    ),
    hints=(
        "Every key has a velocity of its own: one new dict for the velocities comes first.",
        "Then a new dict for the params: each steps along its new velocity, not along the gradient.",
        "v = {k: beta * velocity[k] + grads[k] for k in params}; params = {k: params[k] - lr * v[k] for k in params}",
    ),
    why="Gradients that agree add up, gradients that turn cancel: it runs along valleys and stops swinging across them.",
)


def _in_flight(rng: Rng, sizes: Sizes) -> Inputs:
    shapes = {"W": (sizes.d, sizes.h), "b": (sizes.h,)}
    squares = {key: value**2 for key, value in _like(rng, shapes).items()}
    state = {"t": {7: 3, 11: 1, 5: 6}[sizes.n], "m": _like(rng, shapes), "v": squares}
    # Shares far from 1 and a large eps: then each of them shows in the numbers.
    return {
        "params": _like(rng, shapes),
        "grads": _like(rng, shapes),
        "state": state,
        "lr": float(rng.uniform(0.1, 0.3)),
        "beta1": 0.6,
        "beta2": 0.8,
        "eps": 0.05,
    }


def _first_step(rng: Rng, sizes: Sizes) -> Inputs:
    inputs = {name: value for name, value in _in_flight(rng, sizes).items() if name not in ("beta1", "beta2", "eps")}
    zeros = {key: 0.0 * value for key, value in inputs["params"].items()}
    return inputs | {"state": {"t": 0, "m": zeros, "v": {key: value.copy() for key, value in zeros.items()}}}


def _adam(
    *,
    m: Any = None,
    v: Any = None,
    t: Any = None,
    m_hat: Any = None,
    v_hat: Any = None,
    step: Any = None,
    keep_t: bool = False,
) -> Any:
    """Adam with one formula changed."""

    def wrong(
        params: Any, grads: Any, state: Any, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> Any:
        now = t(state["t"]) if t else state["t"] + 1
        ms = {
            k: m(state["m"][k], grads[k], beta1, beta2) if m else beta1 * state["m"][k] + (1 - beta1) * grads[k]
            for k in params
        }
        vs = {
            k: v(state["v"][k], grads[k], beta1, beta2) if v else beta2 * state["v"][k] + (1 - beta2) * grads[k] ** 2
            for k in params
        }
        new = {}
        for k in params:
            mean = m_hat(ms[k], beta1, now) if m_hat else ms[k] / (1 - beta1**now)
            square = v_hat(vs[k], beta2, now) if v_hat else vs[k] / (1 - beta2**now)
            move = step(mean, square, eps) if step else mean / (np.sqrt(square) + eps)
            new[k] = params[k] - lr * move
        return new, {"t": state["t"] if keep_t else state["t"] + 1, "m": ms, "v": vs}

    return wrong


def _adam_in_place(
    params: Any, grads: Any, state: Any, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Any:
    new, after = adam_step(params, grads, state, lr, beta1, beta2, eps)
    state["t"] += 1
    state["m"], state["v"] = after["m"], after["v"]
    return new, state


def _adam_keeping_corrected(
    params: Any, grads: Any, state: Any, lr: float, beta1: float = 0.9, beta2: float = 0.999, *rest: Any
) -> Any:
    new, after = adam_step(params, grads, state, lr, beta1, beta2, *rest)
    for mean, beta in (("m", beta1), ("v", beta2)):
        after[mean] = {key: value / (1 - beta ** after["t"]) for key, value in after[mean].items()}
    return new, after


def _adam_counting(params: Any, grads: Any, state: Any, lr: float, *rest: Any) -> Any:
    new, t, m, v = {}, state["t"], {}, {}
    for k in params:
        one = {"t": t, "m": {k: state["m"][k]}, "v": {k: state["v"][k]}}
        moved, after = adam_step({k: params[k]}, {k: grads[k]}, one, lr, *rest)
        new[k], m[k], v[k], t = moved[k], after["m"][k], after["v"][k], t + 1
    return new, {"t": t, "m": m, "v": v}


ADAM_STEP = Exercise(
    reference=adam_step,
    lesson=LESSON,
    asks="Return (params, state): running means m of g and v of g², both corrected for their start, and the step they give.",
    returns=("params", "state"),
    draw=_in_flight,
    one_row=False,
    edges={"the first step, with the defaults": _first_step},
    mistakes=(
        Mistake(
            "not-corrected",
            _adam(m_hat=lambda m, b, t: m, v_hat=lambda v, b, t: v),
            "the running means are not corrected for having started at 0.",
            "After one step m is only (1 - beta1) g: by what do you divide to get g back?",
        ),
        Mistake(
            "only-m-corrected",
            _adam(v_hat=lambda v, b, t: v),
            "v is not corrected for having started at 0.",
            "Which of the two running means started at 0?",
        ),
        Mistake(
            "only-v-corrected",
            _adam(m_hat=lambda m, b, t: m),
            "m is not corrected for having started at 0.",
            "Which of the two running means started at 0?",
        ),
        Mistake(
            "old-t-in-correction",
            (_adam(t=lambda t: t), _adam(t=lambda t: max(t, 1))),
            "the correction uses t of before this step.",
            "At the first step, 1 - beta**0 is what?",
        ),
        Mistake(
            "t-not-counted",
            _adam(keep_t=True),
            "t in the new state is the old one.",
            "How does the next step know that this one was made?",
        ),
        Mistake(
            "eps-inside-the-root",
            _adam(step=lambda m, v, e: m / np.sqrt(v + e)),
            "eps stands under the root.",
            "Is it sqrt(v) + eps or sqrt(v + eps)?",
        ),
        Mistake(
            "root-forgotten",
            _adam(step=lambda m, v, e: m / (v + e)),
            "the root is missing.",
            "v has the unit of g². Which unit should m be divided by?",
        ),
        Mistake(
            "eps-forgotten",
            _adam(step=lambda m, v, e: m / np.sqrt(v)),
            "eps is missing.",
            "What happens where a gradient has always been 0?",
        ),
        Mistake(
            "gradient-not-squared",
            _adam(v=lambda v, g, b1, b2: b2 * v + (1 - b2) * np.abs(g)),
            "v gathers |g|, not g².",
            "v is the running mean of what?",
        ),
        Mistake(
            "new-gradient-not-weighted",
            (
                _adam(m=lambda m, g, b1, b2: b1 * m + g),
                _adam(v=lambda v, g, b1, b2: b2 * v + g**2),
                _adam(m=lambda m, g, b1, b2: b1 * m + g, v=lambda v, g, b1, b2: b2 * v + g**2),
            ),
            "the new gradient is not weighted with 1 - beta.",
            "A mean needs weights that add up to 1: which is the other one?",
        ),
        Mistake(
            "betas-swapped",
            _adam(m=lambda m, g, b1, b2: b2 * m + (1 - b2) * g, v=lambda v, g, b1, b2: b1 * v + (1 - b1) * g**2),
            "beta1 and beta2 have changed places in the running means.",
            "Which beta belongs to which mean?",
        ),
        Mistake(
            "weights-swapped",
            (
                _adam(m=lambda m, g, b1, b2: (1 - b1) * m + b1 * g),
                _adam(m=lambda m, g, b1, b2: (1 - b1) * m + b1 * g, v=lambda v, g, b1, b2: (1 - b2) * v + b2 * g**2),
            ),
            "the old mean gets the small weight and the new gradient the large one.",
            "With beta1 = 0.9, how much of the old mean is kept?",
        ),
        Mistake(
            "uphill",
            _adam(step=lambda m, v, e: -m / (np.sqrt(v) + e)),
            "it steps with the gradient.",
            "The gradient points uphill. Which way do you want to go?",
        ),
        Mistake(
            "changes-its-state",
            (_adam_in_place,),
            "the caller's state was changed as well.",
            "Call it twice with the same arguments: same answer? Build a new state.",
        ),
        Mistake(
            "gradient-for-mean",
            _adam(m_hat=lambda m, b, t: m, m=lambda m, g, b1, b2: g),
            "the step uses the bare gradient, not its running mean.",
            "What is m for?",
        ),
        Mistake(
            "params-not-moved",
            (lambda params, grads, state, lr, *rest: (dict(params), adam_step(params, grads, state, lr, *rest)[1]),),
            "the params that come back are the old ones.",
            "Who receives the new values?",
        ),
        Mistake(
            "biases-frozen",
            (
                lambda params, grads, state, lr, *rest: (
                    adam_step(params, grads, state, lr, *rest)[0] | {"b": params["b"]},
                    adam_step(params, grads, state, lr, *rest)[1],
                ),
            ),
            "only the weights move.",
            "Which parameters does the gradient have entries for?",
        ),
        Mistake(
            "means-not-kept",
            (
                _adam(m=lambda m, g, b1, b2: (1 - b1) * g),
                _adam(v=lambda v, g, b1, b2: (1 - b2) * g**2),
                _adam(m=lambda m, g, b1, b2: (1 - b1) * g, v=lambda v, g, b1, b2: (1 - b2) * g**2),
            ),
            "an old running mean is forgotten.",
            "Where are m and v remembered from one step to the next?",
        ),
        Mistake(
            "corrected-means-kept",
            (_adam_keeping_corrected,),
            "the corrected means are kept, so they will be corrected again in the next step.",
            "Which m does the next step need: with its hat or without?",
        ),
        Mistake(
            "t-counts-parameters",
            (_adam_counting,),
            "t is raised once for each parameter.",
            "How many steps does one call make?",
        ),
    ),
    hints=(
        "The old means stand in state['m'] and state['v']; m keeps the share beta1 of its own, v keeps beta2.",
        "v began at 0 as m did, so it is corrected likewise: divide by 1 - beta2**t, with t already raised by one.",
        "params[key] - lr * m_hat / (np.sqrt(v_hat) + eps), and the new state holds the raised t, m and v",
    ),
    why="Each entry's step is scaled by the size of its own gradients: the first step is lr long for every parameter.",
)

EXERCISES = (MINIBATCHES, SGD_EPOCH, STEP_DECAY, EXPONENTIAL_DECAY, COSINE_DECAY, MOMENTUM_STEP, ADAM_STEP)
