"""Pictures for the lessons. Each function draws on `ax` (or on new axes) and returns the axes.

Colours come from the palette of Okabe and Ito, which readers with any colour vision can tell apart, and
every line also has its own dash pattern or marker. matplotlib is imported on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import floats, with_ndim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X")


def style(i: int) -> dict[str, Any]:
    """Colour and dash pattern of the i-th line of a plot."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 2}


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
    ax = _axes(ax)
    runs: dict[str, ArrayLike] = dict(losses) if isinstance(losses, Mapping) else {"": losses}
    for i, (name, run) in enumerate(runs.items()):
        ax.plot(floats(f"losses[{name!r}]", run), label=name or None, **style(i))
    ax.set(xlabel="step", ylabel=what)
    if log:
        _logarithmic(ax)
    return _legend(ax, any(runs))


def _logarithmic(ax: Axes) -> None:
    """A logarithmic vertical axis labelled 0.1, 0.2, 0.3, 0.5: easier to read than powers of ten, and quicker to draw."""
    from matplotlib.ticker import LogLocator, NullLocator

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())


def loss_and_slope(
    loss: Callable[[float], float],
    slope: Callable[[float], float],
    span: tuple[float, float],
    ax: Axes | None = None,
    *,
    xlabel: str = "prediction",
) -> Axes:
    """A loss as a function of one prediction, and its slope in the same axes.

    Args:
        loss, slope: functions of one number.
        span: first and last prediction.
        ax: where to draw.
        xlabel: label of the horizontal axis.
    """
    ax = _axes(ax)
    points = np.linspace(*span, 400)
    ax.plot(points, [loss(x) for x in points], label="loss", **style(0))
    ax.plot(points, [slope(x) for x in points], label="slope of the loss", **style(1))
    ax.axhline(0.0, color="0.7", linewidth=1)
    ax.set(xlabel=xlabel, ylabel="value")
    return _legend(ax)


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
    ax = _axes(ax)
    z = np.linspace(*span, 600)
    steepness = floats("slope(z)", slope(z))
    ax.plot(z, activation(z), label="activation", **style(0))
    ax.plot(z, steepness, label="slope", **style(1))
    low, high = ax.get_ylim()
    ax.fill_between(
        z, low, high, where=steepness < weak, facecolor="none", edgecolor="0.75", hatch="//", label=f"slope < {weak:g}"
    )
    ax.set(xlabel="input z", ylabel="value", ylim=(low, high))
    return _legend(ax)


def decision_boundary(
    predict: Callable[[Any], Any],
    X: ArrayLike,
    y: ArrayLike,
    ax: Axes | None = None,
    *,
    names: Sequence[str] = ("0", "1"),
    features: Sequence[str] = ("x1", "x2"),
) -> Axes:
    """Points of two classes in the plane, and the line along which the prediction is 1/2.

    Args:
        predict: takes points (m, 2), returns the probability of class 1 (m,) or (m, 1).
        X: points (n, 2).
        y: labels 0 or 1 (n,) or (n, 1).
        ax: where to draw.
        names: what the two classes are called.
        features: labels of the two axes.
    """
    ax, X, labels = _axes(ax), with_ndim("X", X, "n 2"), floats("y", y).ravel()
    pad = 0.1 * np.ptp(X, axis=0)
    (left, bottom), (right, top) = X.min(axis=0) - pad, X.max(axis=0) + pad
    across, up = np.meshgrid(np.linspace(left, right, 120), np.linspace(bottom, top, 120))
    p = floats("predict(X)", predict(np.column_stack([across.ravel(), up.ravel()]))).reshape(across.shape)
    ax.contourf(across, up, p, levels=np.linspace(0, 1, 11), cmap="cividis", alpha=0.35, antialiased=True)
    ax.contour(across, up, p, levels=[0.5], colors="black", linewidths=2)
    for i, name in enumerate(names):
        chosen = X[labels == i]
        ax.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=24,
            marker=MARKERS[i],
            color=COLOURS[1 - i],
            edgecolor="white",
            linewidth=0.5,
            label=name,
        )
    ax.set(xlabel=features[0], ylabel=features[1])
    return _legend(ax)


def gradient_flow(norms: Mapping[str, ArrayLike], ax: Axes | None = None) -> Axes:
    """Size of the gradient at every layer of a deep network, on a logarithmic axis.

    Args:
        norms: from a network's name to the gradient norms of its layers, first layer first.
        ax: where to draw.
    """
    ax = _axes(ax)
    for i, (name, sizes) in enumerate(norms.items()):
        sizes = floats(f"norms[{name!r}]", sizes)
        ax.plot(sizes, label=name, marker=MARKERS[i % len(MARKERS)], markevery=max(len(sizes) // 8, 1), **style(i))
    ax.set(xlabel="layer (0 is the input)", ylabel="norm of the gradient", yscale="log")
    return _legend(ax)


def contour_path(
    f: Callable[[float, float], float],
    paths: Mapping[str, ArrayLike],
    span: tuple[tuple[float, float], tuple[float, float]],
    ax: Axes | None = None,
) -> Axes:
    """Contour lines of a function of two parameters, and the paths that optimisers took across it.

    Args:
        f: takes two numbers, returns the loss.
        paths: from an optimiser's name to its positions (steps, 2).
        span: ((first, last), (first, last)) of the two parameters.
        ax: where to draw.
    """
    ax = _axes(ax)
    across, up = np.meshgrid(np.linspace(*span[0], 100), np.linspace(*span[1], 100))
    height = np.vectorize(f)(across, up)
    levels = np.quantile(height, np.linspace(0.02, 0.98, 14))
    ax.contour(across, up, height, levels=np.unique(levels), cmap="cividis", linewidths=1)
    for i, (name, path) in enumerate(paths.items()):
        path = with_ndim(f"paths[{name!r}]", path, "steps 2")
        ax.plot(*path.T, label=name, marker=MARKERS[i % len(MARKERS)], markersize=4, **style(i))
    ax.set(xlabel="first parameter", ylabel="second parameter", xlim=span[0], ylim=span[1])
    return _legend(ax)


def computation_graph(edges: Sequence[tuple[str, str, Any, Any]], ax: Axes | None = None) -> Axes:
    """A computation as boxes and arrows, with the value above each arrow and the gradient below it.

    Args:
        edges: (source, target, value that flows forward, gradient that flows back); numbers or text,
            None for nothing.
        ax: where to draw.
    """
    names = list(dict.fromkeys(name for edge in edges for name in edge[:2]))
    column = _columns(names, [(source, target) for source, target, *_ in edges])
    place = _positions(names, column, {edge[1] for edge in edges})
    if ax is None:
        import matplotlib.pyplot as plt

        rows = max(sum(c == i for c in column.values()) for i in range(max(column.values()) + 1))
        fig = plt.figure(figsize=(1.9 * (max(column.values()) + 1), 0.4 + 0.9 * rows))
        ax = fig.add_axes((0, 0, 1, 1))
    for name in names:
        look = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "black"}
        ax.text(*place[name], name, ha="center", va="center", bbox=look, zorder=3)
    for source, target, value, gradient in edges:
        # A line from middle to middle, under the boxes, with its head halfway: to find where it meets the edges of
        # boxes takes as long as all the rest of the picture.
        ends_at = start, end = place[source], place[target]
        ax.plot(*np.transpose(ends_at), color="0.4", linewidth=1, zorder=1)
        head = tuple(np.add(start, 0.53 * np.subtract(end, start)))
        arrow = {"arrowstyle": "-|>", "color": "0.4", "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", head, start, arrowprops=arrow, zorder=2)
        if value is not None:
            _beside_arrow(ax, *ends_at, f"{_short(value)} →", 1, COLOURS[0])
        if gradient is not None:
            _beside_arrow(ax, *ends_at, f"← {_short(gradient)}", -1, COLOURS[1])
    across, up = np.array(list(place.values())).T
    ax.set(xlim=(across.min() - 0.5, across.max() + 0.5), ylim=(up.min() - 0.6, up.max() + 0.6))
    ax.set_axis_off()
    return ax


def confusion_matrix(matrix: ArrayLike, ax: Axes | None = None, *, names: Sequence[str] | None = None) -> Axes:
    """How often each true class (rows) was taken for each predicted class (columns), with the counts written in.

    Args:
        matrix: counts (k, k).
        ax: where to draw.
        names: what the classes are called, in order.
    """
    ax, counts = _axes(ax), with_ndim("matrix", matrix, "k k")
    names = [str(i) for i in range(len(counts))] if names is None else names
    ax.imshow(np.sqrt(counts), cmap="cividis")
    dark = np.sqrt(counts) < np.sqrt(counts).max() / 2
    for (i, j), count in np.ndenumerate(counts):
        ax.text(j, i, f"{count:g}", ha="center", va="center", color="white" if dark[i, j] else "black", fontsize=8)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_xticks(range(len(counts)), names)
    ax.set_yticks(range(len(counts)), names)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(6.0, 3.6))[1]


def _legend(ax: Axes, wanted: bool = True) -> Axes:
    if wanted:
        # A pale frame: curves, points and hatching behind the words must not cross them.
        ax.legend(framealpha=0.85, edgecolor="none")
    return ax


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _beside_arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], text: str, side: int, colour: str
) -> None:
    """Write above the middle of an arrow (side 1) or below it (side -1), on the side where a slanted one leaves room."""
    rise = side * int(np.sign(end[1] - start[1]))
    ax.annotate(
        text,
        ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2),
        xytext=(-4 * rise, (10 if rise == 0 else 8) * side),
        textcoords="offset points",
        ha={1: "right", 0: "center", -1: "left"}[rise],
        va="center",
        color=colour,
        fontsize=9,
    )


def _columns(names: list[str], arrows: list[tuple[str, str]]) -> dict[str, int]:
    """Column of each box: one to the right of the rightmost box that points to it."""
    column = dict.fromkeys(names, 0)
    for _ in names:
        for source, target in arrows:
            column[target] = max(column[target], column[source] + 1)
    if max(column.values()) >= len(names):
        raise ValueError("edges must not form a circle: a computation runs from inputs to outputs")
    # An input stands right before the box it feeds, not far to the left of it.
    for source in dict.fromkeys(source for source, _ in arrows):
        if all(target != source for _, target in arrows):
            column[source] = min(column[target] for start, target in arrows if start == source) - 1
    return column


def _positions(names: list[str], column: dict[str, int], fed: set[str]) -> dict[str, tuple[float, float]]:
    """Where each box stands: what is computed on a straight line if it can, the inputs around it."""
    place = {}
    for c in set(column.values()):
        here = [name for name in names if column[name] == c]
        top = sum(name in fed for name in here) or len(here)
        # Inputs that share a column with a computed box go below it, so that the main line stays level.
        for i, name in enumerate(sorted(here, key=lambda name: name not in fed)):
            place[name] = (2.0 * c, (top - 1) / 2 - i)
    return place
