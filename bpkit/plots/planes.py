"""Two axes that are two inputs or two parameters: decision boundaries and the paths of descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit._arrays import floats, with_ndim
from bpkit.plots.drawing import COLOURS, MARKERS, axes_or_new, legend, style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

MOST_MARKERS = 64  # on one path; more of them would hide the path


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

    Each side is tinted in the colour of the class that is predicted there: the deeper, the surer.

    Args:
        predict: takes points (m, 2), returns the probability of class 1 (m,) or (m, 1).
        X: points (n, 2).
        y: labels 0 or 1 (n,) or (n, 1).
        ax: where to draw.
        names: what the two classes are called.
        features: labels of the two axes.
    """
    ax, X, labels = axes_or_new(ax), with_ndim("X", X, "n 2"), floats("y", y).ravel()
    pad = 0.1 * np.ptp(X, axis=0)
    (left, bottom), (right, top) = X.min(axis=0) - pad, X.max(axis=0) + pad
    across, up = np.meshgrid(np.linspace(left, right, 120), np.linspace(bottom, top, 120))
    p = floats("predict(X)", predict(np.column_stack([across.ravel(), up.ravel()]))).reshape(across.shape)
    ax.contourf(across, up, p, levels=np.linspace(0, 1, 11), cmap=_from_class_0_to_1(), alpha=0.45, antialiased=True)
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
    return legend(ax)


def _from_class_0_to_1() -> Any:
    """A colour map from the colour of class 0 over white to that of class 1."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("classes", [COLOURS[1], "white", COLOURS[0]])


def contour_path(
    f: Callable[[float, float], float],
    paths: Mapping[str, ArrayLike],
    span: tuple[tuple[float, float], tuple[float, float]],
    ax: Axes | None = None,
) -> Axes:
    """Contour lines of a function of two parameters, and the paths that optimisers took across it.

    Args:
        f: takes two numbers, returns the loss.
        paths: from an optimiser's name to its positions (steps, 2); long paths carry fewer markers than steps.
        span: ((first, last), (first, last)) of the two parameters.
        ax: where to draw.
    """
    ax = axes_or_new(ax)
    across, up = np.meshgrid(np.linspace(*span[0], 100), np.linspace(*span[1], 100))
    height = np.vectorize(f)(across, up)
    levels = np.quantile(height, np.linspace(0.02, 0.98, 14))
    ax.contour(across, up, height, levels=np.unique(levels), cmap="cividis", linewidths=1)
    for i, (name, path) in enumerate(paths.items()):
        path = with_ndim(f"paths[{name!r}]", path, "steps 2")
        every = -(-len(path) // MOST_MARKERS)
        ax.plot(*path.T, label=name, marker=MARKERS[i % len(MARKERS)], markersize=4, markevery=every, **style(i))
    ax.set(xlabel="first parameter", ylabel="second parameter", xlim=span[0], ylim=span[1])
    return legend(ax)
