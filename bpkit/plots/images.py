"""Pictures made of cells: a confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpkit._arrays import with_ndim
from bpkit.plots.drawing import axes_or_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def confusion_matrix(matrix: ArrayLike, ax: Axes | None = None, *, names: Sequence[str] | None = None) -> Axes:
    """How often each true class (rows) was taken for each predicted class (columns), with the counts written in.

    Args:
        matrix: counts (k, k).
        ax: where to draw.
        names: what the classes are called, in order.
    """
    ax, counts = axes_or_new(ax), with_ndim("matrix", matrix, "k k")
    names = [str(i) for i in range(len(counts))] if names is None else names
    ax.imshow(np.sqrt(counts), cmap="cividis")
    dark = np.sqrt(counts) < np.sqrt(counts).max() / 2
    for (i, j), count in np.ndenumerate(counts):
        ax.text(j, i, f"{count:g}", ha="center", va="center", color="white" if dark[i, j] else "black", fontsize=8)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_xticks(range(len(counts)), names)
    ax.set_yticks(range(len(counts)), names)
    return ax
