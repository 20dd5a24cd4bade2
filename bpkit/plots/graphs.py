"""A computation as boxes and arrows, with values going forward and gradients coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bpkit.plots.drawing import COLOURS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.axes import Axes

SIZE = 11  # of the letters, in points
LINE = 0.19  # height of a line of text, in inches
ROW = 1.1  # from one row of boxes to the next
HANG = 0.95  # from a box to an input that hangs below it


class Box(NamedTuple):
    """A box with its middle and its size, in inches."""

    x: float
    y: float
    width: float
    height: float


def computation_graph(
    edges: Sequence[tuple[str, str, Any, Any]], ax: Axes | None = None, *, below: Collection[str] = ()
) -> Axes:
    """A computation as boxes and arrows, with the value above each arrow and the gradient below it.

    An input that joins on the way, such as a label, hangs below the box it feeds; the value is then left of its arrow.

    Args:
        edges: (source, target, value that flows forward, gradient that flows back); numbers or text,
            None for nothing.
        ax: where to draw.
        below: further inputs that hang below their box, such as the weights of the first layer.
    """
    boxes = _place(edges, frozenset(below))
    left, right = (pick(b.x + side * b.width / 2 for b in boxes.values()) for pick, side in ((min, -1), (max, 1)))
    low, high = (pick(b.y + side * b.height / 2 for b in boxes.values()) for pick, side in ((min, -1), (max, 1)))
    low, high = min(low, -2 * LINE) - 0.1, max(high, 2 * LINE) + 0.1
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(right - left + 0.2, high - low)).add_axes((0, 0, 1, 1))
    ax.set(xlim=(left - 0.1, right + 0.1), ylim=(low, high))
    ax.set_axis_off()
    for name, box in boxes.items():
        _draw_box(ax, name, box)
    for source, target, value, gradient in edges:
        _draw_arrow(ax, boxes[source], boxes[target], value, gradient)
    return ax


def _draw_box(ax: Axes, name: str, box: Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.x - box.width / 2, box.y - box.height / 2)
    look: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "white", "edgecolor": "black"}
    ax.add_patch(FancyBboxPatch(corner, box.width, box.height, zorder=3, **look))
    ax.text(box.x, box.y, name, ha="center", va="center", fontsize=SIZE, zorder=4)


def _draw_arrow(ax: Axes, source: Box, target: Box, value: Any, gradient: Any) -> None:
    """An arrow from edge to edge, with what flows forward on one side of it and what flows back on the other."""
    start, end = _leaving(source, target), _leaving(target, source)
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": "0.35", "mutation_scale": 13, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=arrow, zorder=2)
    upright = abs(end[0] - start[0]) < 0.01
    back, forth = ("↓", "↑") if upright and end[1] > start[1] else ("↑", "↓") if upright else ("←", "→")
    if value is not None:
        first, *rest = _short(value).split("\n")
        _beside_arrow(ax, start, end, "\n".join([f"{first} {forth}", *rest]), 1, COLOURS[0])
    if gradient is not None:
        _beside_arrow(ax, start, end, f"{back} {_short(gradient)}", -1, COLOURS[1])


def _short(value: Any) -> str:
    return (f"{value:.4g}" if isinstance(value, float) else str(value)).replace("-", "−")


def _beside_arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], text: str, side: int, colour: str
) -> None:
    """Write above the middle of an arrow (side 1) or below it (side -1); left or right of an upright one."""
    across, up = (end[0] - start[0], end[1] - start[1])
    rise = 0 if abs(up) < 0.02 else side * int(np.sign(up))
    if abs(across) < 0.01:
        offset, ha, va = (-6 * side, 0), {1: "right", -1: "left"}[side], "center"
    elif rise:
        offset, ha, va = (-3 * rise, 3 * side), {1: "right", -1: "left"}[rise], {1: "bottom", -1: "top"}[side]
    else:
        offset, ha, va = (0, 4 * side), "center", {1: "bottom", -1: "top"}[side]
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    look: dict[str, Any] = {"color": colour, "fontsize": SIZE, "linespacing": 1.15, "zorder": 5}
    ax.annotate(text, middle, xytext=offset, textcoords="offset points", ha=ha, va=va, **look)


def _leaving(box: Box, towards: Box) -> tuple[float, float]:
    """Where the line from the middle of a box to the middle of another one leaves it."""
    across, up = towards.x - box.x, towards.y - box.y
    share = min(half / abs(way) for half, way in ((box.width / 2, across), (box.height / 2, up)) if way)
    return box.x + share * across, box.y + share * up


def _place(edges: Sequence[tuple[str, str, Any, Any]], below: frozenset[str]) -> dict[str, Box]:
    """Middle and size of each box, wide enough apart for what is written between them."""
    names = list(dict.fromkeys(name for edge in edges for name in edge[:2]))
    arrows = [(source, target) for source, target, *_ in edges]
    hanging = _hanging(names, arrows, below)
    column = _columns([name for name in names if name not in hanging], [a for a in arrows if a[0] not in hanging])
    width = {name: _width(name) + 0.2 for name in names}
    room = dict.fromkeys(range(max(column.values()) + 1), 0.3)
    for source, _, value, gradient in edges:
        if source not in hanging:
            words = max(_width(f"{_short(text)} →") for text in (value, gradient, "") if text is not None)
            room[column[source]] = max(room[column[source]], words + 0.14)
        else:
            width[source] = max(width[source], 0.3)
    middle, right_edge = {}, 0.0
    for c in range(max(column.values()) + 1):
        widest = max(width[name] for name in column if column[name] == c)
        middle[c] = right_edge + widest / 2
        right_edge += widest + room[c]
    height = {name: 0.22 + LINE * (name.count("\n") + 1) for name in names}
    rows = _rows(column, {target for _, target in arrows})
    place = {name: Box(middle[column[name]], rows[name], width[name], height[name]) for name in column}
    for source, (target, side) in hanging.items():
        place[source] = Box(place[target].x, place[target].y - side * HANG, width[source], height[source])
    return place


def _width(text: str) -> float:
    """How wide a text is in inches: its longest line."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=SIZE)
    return max(text_to_path.get_text_width_height_descent(line, font, False)[0] for line in text.split("\n")) / 72


def _hanging(names: list[str], arrows: list[tuple[str, str]], below: frozenset[str]) -> Mapping[str, tuple[str, int]]:
    """The inputs that join on the way: from each to its box, and whether it hangs below it (1) or stands above it (-1)."""
    found: dict[str, tuple[str, int]] = {}
    fed = {target for _, target in arrows}
    for name in names:
        targets = [target for source, target in arrows if source == name]
        if name in fed or len(targets) != 1:
            continue
        joins = any(source in fed for source, target in arrows if target == targets[0])
        if joins or name in below:
            taken = [target for target, _ in found.values()].count(targets[0])
            found[name] = (targets[0], 1 if taken % 2 == 0 else -1)
    return found


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


def _rows(column: Mapping[str, int], fed: set[str]) -> dict[str, float]:
    """Height of each box: what is computed around the line y = 0, inputs that share a column with it below."""
    height = {}
    for c in set(column.values()):
        here = sorted((name for name in column if column[name] == c), key=lambda name: name not in fed)
        top = sum(name in fed for name in here) or len(here)
        for i, name in enumerate(here):
            height[name] = ROW * ((top - 1) / 2 - i)
    return height
