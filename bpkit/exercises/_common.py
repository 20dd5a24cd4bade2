"""What the lessons' exercises share: draws away from kinks, and ways to spoil a reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpkit.checking.exercise import Draw, Inputs, Mistake, Sizes

Rng = np.random.Generator


def normal(rng: Rng, *shape: int) -> Any:
    """Standard normal numbers."""
    return rng.standard_normal(shape)


def away(rng: Rng, *shape: int, least: float = 0.2, most: float = 2.0) -> Any:
    """Numbers of both signs with least <= |x| <= most: never near 0, where ReLU and others have a kink.

    Both signs are sure to occur as soon as there are two entries.
    """
    sign = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    flat = sign.reshape(-1)
    if flat.size > 1:
        first, second = rng.choice(flat.size, 2, replace=False)
        flat[first], flat[second] = 1.0, -1.0
    return sign * rng.uniform(least, most, shape)


def probabilities(rng: Rng, *shape: int) -> Any:
    """Numbers between 0.05 and 0.95, none near 1/2, where p and 1 - p look alike."""
    return 0.5 + away(rng, *shape, least=0.08, most=0.45)


def coins(rng: Rng, *shape: int) -> Any:
    """Labels 0.0 and 1.0; both occur as soon as there are two entries."""
    return (away(rng, *shape) > 0).astype(float)


def with_inputs(draw: Draw, **replaced: Callable[[Rng, Any], Any]) -> Draw:
    """The same draw with some inputs made anew from the rng and the drawn value."""

    def drawn(rng: Rng, sizes: Sizes) -> Inputs:
        inputs = draw(rng, sizes)
        return {name: replaced[name](rng, value) if name in replaced else value for name, value in inputs.items()}

    return drawn


def whole_numbers(rng: Rng, value: Any) -> Any:
    """Integers of the shape of `value`, of both signs and never 0."""
    return np.where(away(rng, *np.shape(value)) > 0, 1, -1) * rng.integers(1, 5, np.shape(value))


def altered(reference: Callable[..., Any], **parts: Callable[..., Any]) -> Callable[..., Any]:
    """The reference with some parts of its dict result computed by other functions of the same arguments."""

    def wrong(*args: Any) -> Any:
        result = dict(reference(*args))
        result.update({key: part(*args) for key, part in parts.items()})
        return result

    return wrong


def altered_tuple(reference: Callable[..., Any], **parts: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a tuple result; the keywords are _0, _1, …"""

    def wrong(*args: Any) -> Any:
        result = list(reference(*args))
        for key, part in parts.items():
            result[int(key[1:])] = part(*args)
        return tuple(result)

    return wrong


def scaled(reference: Callable[..., Any], factor: Callable[..., float]) -> Callable[..., Any]:
    """The reference times a factor computed from the arguments; every array of a tuple or dict alike."""

    def times(value: Any, by: float) -> Any:
        if isinstance(value, dict):
            return {key: times(entry, by) for key, entry in value.items()}
        return tuple(times(entry, by) for entry in value) if isinstance(value, tuple) else by * value

    return lambda *args: times(reference(*args), factor(*args))


def sign_flipped(reference: Callable[..., Any], says: str = "the sign is the wrong way round.") -> Mistake:
    """The whole gradient with the opposite sign."""
    return Mistake(
        "sign-flipped",
        scaled(reference, lambda *args: -1.0),
        says,
        "Increase the prediction a little: does the loss rise or fall? The gradient has that sign.",
    )


def both_shapes(rng: Rng, sizes: Sizes) -> tuple[int, ...]:
    """Shape of targets and predictions: a table for most sizes, a row for one, so that len(y) is not y.size."""
    return (sizes.n,) if sizes.n == 11 else (sizes.n, sizes.k)


def share_of(reference: Callable[..., Any], *, by: Callable[..., float]) -> Callable[..., Any]:
    """The reference divided by something computed from the arguments."""
    return scaled(reference, lambda *args: 1.0 / by(*args))


def probability_rows(rng: Rng, n: int, k: int) -> Any:
    """Rows of probabilities (n, k), none tiny, each summing to 1."""
    e = np.exp(rng.uniform(-1.2, 1.2, (n, k)))
    return e / e.sum(axis=1, keepdims=True)


def class_numbers(rng: Rng, n: int, k: int) -> Any:
    """Class numbers (n,) below k; more than one class occurs where there is room."""
    labels = rng.integers(0, k, n)
    if n > 1 and k > 1:
        labels[0], labels[1] = 0, k - 1
    return labels


def one_hot_rows(rng: Rng, n: int, k: int) -> Any:
    """One-hot targets (n, k)."""
    return np.eye(k)[class_numbers(rng, n, k)]


def sigmoid_slope_mistakes(make: Callable[[Any], Any], where: str = "the sigmoid's slope") -> tuple[Mistake, ...]:
    """What goes wrong with a (1 - a); `make` turns a wrong slope, a function of a, into one or more wrong functions."""

    def logit(a: Any) -> Any:
        return np.log(a) - np.log1p(-a)

    def again(a: Any) -> Any:
        return 1 / (1 + np.exp(-a))

    return (
        Mistake(
            "slope-of-z",
            make(lambda a: logit(a) * (1 - logit(a))),
            f"z(1 - z) stands for {where}, where a(1 - a) belongs.",
            "Can the slope of a rising curve be negative? Is the argument of your derivative z or sigmoid(z)?",
        ),
        Mistake(
            "sigmoid-twice",
            make(lambda a: again(a) * (1 - again(a))),
            f"in {where} the sigmoid is applied to a once more.",
            "a went through the sigmoid already: do you need it again?",
        ),
        Mistake(
            "difference-for-product",
            make(lambda a: a - (1 - a)),
            f"in {where} the two factors are subtracted.",
            "What should the slope be where a is nearly 1?",
        ),
        Mistake(
            "plus-for-minus",
            make(lambda a: a * (1 + a)),
            f"{where} is a (1 + a).",
            "What should the slope be where a is nearly 1?",
        ),
        Mistake(
            "tanh-slope",
            make(lambda a: 1 - a * a),
            f"1 - a², the slope of tanh, stands for {where}.",
            "At z = 0 the sigmoid has slope 1/4: what does yours give?",
        ),
    )


def relu_slope_mistakes(make: Callable[[Any], Any]) -> tuple[Mistake, ...]:
    """What goes wrong with ReLU's mask; `make` takes a function of (gradient, z) that gives the gradient at z."""
    return (
        Mistake(
            "cast-for-question",
            make(lambda da, z: da * np.int64(z)),
            "the mask holds numbers other than 0 and 1.",
            "A question (z > 0) gives 0 and 1; a cast of z does not. Which one do you want?",
        ),
        Mistake(
            "relu-for-its-slope",
            (make(lambda da, z: da * np.maximum(z, 0)), make(lambda da, z: da * z)),
            "the gradient is multiplied by ReLU's value or input, not by its slope.",
            "How steep is ReLU at z = 3? And at z = 5?",
        ),
        Mistake(
            "gradient-clipped",
            (make(lambda da, z: np.maximum(da, 0)), make(lambda da, z: np.maximum(da, 0) * (z > 0))),
            "negative gradients are cut off.",
            "Mask by the input, not by the gradient: which array decides?",
        ),
        Mistake(
            "mask-inverted",
            make(lambda da, z: da * (z < 0)),
            "it passes where z was negative.",
            "Which units were on?",
        ),
    )


def spoilt_softmax() -> dict[str, tuple[Callable[[Any], Any], ...]]:
    """Softmax with the sum or the maximum taken over the wrong axis, in all the combinations that students write."""
    shifts: dict[str, Callable[[Any], Any]] = {
        "none": lambda z: 0.0,
        "all": lambda z: np.max(z),
        "rows": lambda z: np.max(z, axis=-1, keepdims=True),
        "columns": lambda z: np.max(z, axis=0, keepdims=True),
    }

    def over(shift: str, **axis: Any) -> Callable[[Any], Any]:
        return lambda z: np.exp(z - shifts[shift](z)) / np.sum(np.exp(z - shifts[shift](z)), **axis)

    rows = {"axis": -1, "keepdims": True}
    return {
        "sum-over-examples": tuple(over(shift, axis=0) for shift in shifts),
        "sum-over-everything": tuple(over(shift) for shift in shifts),
        "no-max-subtracted": (
            over("none", **rows),
            lambda z: over("none", **rows)(z - np.min(z, axis=-1, keepdims=True)),
            lambda z: over("none", **rows)(z - np.mean(z, axis=-1, keepdims=True)),
        ),
        "one-max-for-all-rows": (over("all", **rows), over("columns", **rows)),
    }
