"""A triplet as three points: what pulls together, what pushes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import with_ndim
from bpkit.plots.drawing import COLOURS, MARKERS, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from bpkit._arrays import Array


def springs(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, ax: Axes | None = None) -> Axes:
    """One triplet in the plane; arrows show where a step of gradient descent moves each point.

    Args:
        anchor, positive, negative: points (2,).
        ax: where to draw.
    """
    ax = axes_or_new(ax)
    a, p, n = (with_ndim(name, point, "2") for name, point in zip(_NAMES, (anchor, positive, negative), strict=True))
    _spring(ax, a, p)
    ax.plot(*np.transpose([a, n]), color="0.6", linestyle=":", linewidth=2)
    ends = [a, p, n]
    for start, move in ((a, p - a), (p, a - p), (a, a - n), (n, n - a)):
        ends.append(start + 0.45 * move)
        ax.annotate("", tuple(ends[-1]), tuple(start), arrowprops={"arrowstyle": "-|>", "linewidth": 2, "shrinkA": 6})
    for i, (name, point) in enumerate(zip(_NAMES, (a, p, n), strict=True)):
        ax.plot(*point, MARKERS[i], color=COLOURS[i], markersize=11, zorder=3)
        ax.annotate(name, tuple(point), xytext=(10, 8), textcoords="offset points")
    ax.annotate("pull", tuple((a + p) / 2), xytext=(0, -18), textcoords="offset points", ha="center")
    ax.annotate("push", tuple((a + n) / 2), xytext=(8, 0), textcoords="offset points", va="center")
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    room = 0.15 * np.max(high - low)
    ax.set(xlim=(low[0] - 3 * room, high[0] + 4 * room), ylim=(low[1] - room, high[1] + 2 * room))
    ax.set(xlabel="first coordinate", ylabel="second coordinate", aspect="equal")
    return ax


_NAMES = ("anchor", "positive", "negative")


def _spring(ax: Axes, start: Array, end: Array, turns: int = 9) -> None:
    """A zigzag from one point to another."""
    along = np.linspace(0.15, 0.85, 2 * turns + 1)
    aside = 0.06 * np.array([0.0, *([1.0, -1.0] * turns)[: 2 * turns - 1], 0.0])
    across = np.array([start[1] - end[1], end[0] - start[0]])
    coil = start + along[:, None] * (end - start) + aside[:, None] * across
    ax.plot(*np.vstack([start, coil, end]).T, color="0.6", linewidth=1.2, zorder=1)
