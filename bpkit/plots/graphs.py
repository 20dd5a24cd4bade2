"""A computation as boxes and arrows, with values going forward and gradients coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.plots.drawing import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


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
