"""Lines over steps, predictions and layers: training, losses and their slopes, saturation, gradient norms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import floats, with_ndim
from bpkit.plots.drawing import COLOURS, MARKERS, axes_or_new, legend, logarithmic, panels, style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def training_curves(
    losses: Mapping[str, ArrayLike] | Sequence[float], ax: Axes | None = None, *, log: bool = False, what: str = "loss"
) -> Axes:
    """Loss after loss, one line for each training run.

    Args:
        losses: one list of losses, or a dict from a run's name to its losses.
        ax: where to draw.
        log: draw the losses on a logarithmic axis.
        what: label of the vertical axis.
    """
    ax = axes_or_new(ax)
    runs: dict[str, ArrayLike] = dict(losses) if isinstance(losses, Mapping) else {"": losses}
    for i, (name, run) in enumerate(runs.items()):
        ax.plot(floats(f"losses[{name!r}]", run), label=name or None, **style(i))
    ax.set(xlabel="step", ylabel=what)
    if log:
        logarithmic(ax)
    return legend(ax, any(runs))


def bands(runs: Mapping[str, ArrayLike], ax: Axes | None = None, *, log: bool = False, what: str = "loss") -> Axes:
    """Several seeds of each kind of run: the median as a line, from the lowest to the highest seed as a band.

    Args:
        runs: from a name to its losses, one row a seed (seeds, steps).
        ax: where to draw.
        log: draw on a logarithmic axis.
        what: label of the vertical axis.
    """
    ax = axes_or_new(ax)
    for i, (name, run) in enumerate(runs.items()):
        table = with_ndim(f"runs[{name!r}]", run, "seeds steps")
        steps = np.arange(table.shape[1])
        ax.fill_between(
            steps, table.min(axis=0), table.max(axis=0), color=COLOURS[i % len(COLOURS)], alpha=0.2, linewidth=0
        )
        ax.plot(steps, np.median(table, axis=0), label=name, **style(i))
    ax.set(xlabel="step", ylabel=what)
    if log:
        logarithmic(ax)
    return legend(ax)


def loss_and_slope(
    loss: Callable[[float], float],
    slope: Callable[[float], float],
    span: tuple[float, float],
    axes: Any = None,
    *,
    xlabel: str = "prediction",
    tangent: float | None = None,
) -> Any:
    """A loss as a function of one prediction, and below it, on a scale of its own, the slope of the loss.

    Args:
        loss, slope: functions of one number.
        span: first and last prediction.
        axes: two axes, one above the other, to draw on.
        xlabel: label of the horizontal axis.
        tangent: a prediction at which the tangent is drawn in both panels.
    Returns:
        The two axes.
    """
    above, below = axes = panels(down=2, height=2.2, sharex=True) if axes is None else axes
    points = np.linspace(*span, 400)
    above.plot(points, [loss(x) for x in points], label="loss", **style(0))
    below.plot(points, [slope(x) for x in points], label="slope of the loss", **style(1))
    below.axhline(0.0, color="0.7", linewidth=1)
    if tangent is not None:
        _tangent(above, below, tangent, loss(tangent), slope(tangent), np.ptp(points) / 8)
    above.set(ylabel="loss")
    below.set(xlabel=xlabel, ylabel="slope")
    return axes


def _tangent(above: Axes, below: Axes, x: float, height: float, slope: float, reach: float) -> None:
    """Draw the tangent at x, and the same slope as a point in the panel below."""
    ends = np.array([x - reach, x + reach])
    above.plot(ends, height + slope * (ends - x), color="black", linewidth=1.5, label=f"tangent, slope {slope:.3g}")
    above.plot(x, height, "o", color="black")
    below.plot(x, slope, "o", color="black", label=f"at {x:g}: {slope:.3g}")
    legend(above)
    legend(below)


def saturation(
    activation: Callable[[Any], Any],
    slope: Callable[[Any], Any],
    span: tuple[float, float] = (-6.0, 6.0),
    ax: Axes | None = None,
    *,
    weak: float = 0.05,
) -> Axes:
    """An activation and its slope; where the slope is nearly 0 the background is hatched.

    Args:
        activation, slope: functions of an array of inputs.
        span: first and last input.
        ax: where to draw.
        weak: a slope below this counts as nearly 0.
    """
    ax = axes_or_new(ax)
    z = np.linspace(*span, 600)
    steepness = floats("slope(z)", slope(z))
    ax.plot(z, activation(z), label="activation", **style(0))
    ax.plot(z, steepness, label="slope", **style(1))
    low, high = ax.get_ylim()
    ax.fill_between(
        z, low, high, where=steepness < weak, facecolor="none", edgecolor="0.75", hatch="//", label=f"slope < {weak:g}"
    )
    ax.set(xlabel="input z", ylabel="value", ylim=(low, high))
    return legend(ax)


def gradient_flow(norms: Mapping[str, ArrayLike], ax: Axes | None = None) -> Axes:
    """Size of the gradient at every layer of a deep network, on a logarithmic axis.

    Args:
        norms: from a network's name to the gradient norms of its layers, first layer first.
        ax: where to draw.
    """
    ax = axes_or_new(ax)
    for i, (name, sizes) in enumerate(norms.items()):
        sizes = floats(f"norms[{name!r}]", sizes)
        ax.plot(sizes, label=name, marker=MARKERS[i % len(MARKERS)], markevery=max(len(sizes) // 8, 1), **style(i))
    ax.set(xlabel="layer (0 is the input)", ylabel="norm of the gradient", yscale="log")
    return legend(ax)
