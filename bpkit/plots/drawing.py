"""What all pictures share: colours and dashes, panels of one width, and `show`, which gives a figure its words."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
WIDTH = 7.2  # inches; at DPI dots an inch as wide as a column of text
DPI = 100


def style(i: int) -> dict[str, Any]:
    """Colour and dash pattern of the i-th line of a plot."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 2}


def panels(across: int = 1, down: int = 1, *, height: float = 3.2, **options: Any) -> Any:
    """New axes side by side or one above the other, together as wide as a column of text.

    Args:
        across, down: how many panels in a row, and how many rows.
        height: of one row, in inches.
        options: what `matplotlib.pyplot.subplots` takes as well, such as sharex=True.
    Returns:
        One Axes, or an array of them where there are several.
    """
    import matplotlib.pyplot as plt

    size = (WIDTH, height * down)
    return plt.subplots(down, across, figsize=size, gridspec_kw={"wspace": 0.32, "hspace": 0.35}, **options)[1]


def show(alt: str) -> None:
    """Show the figure drawn last as a picture that carries its own description, and close it.

    In a notebook the output is `<img alt="…">`, so that a screen reader and every converter finds the words.
    Outside of IPython it is `matplotlib.pyplot.show()`.

    Args:
        alt: what the picture shows, for somebody who cannot see it.
    Raises:
        ValueError: `alt` is empty, or nothing has been drawn.
    """
    import matplotlib.pyplot as plt

    if not alt.strip():
        raise ValueError("alt must describe the figure in words")
    if not plt.get_fignums():
        raise ValueError("alt describes a figure, but nothing has been drawn in this cell")
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if shell is None:
        plt.show()
        return
    figure, words = plt.gcf(), " ".join(alt.split())
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    data = base64.b64encode(picture.getvalue()).decode()
    display(
        {
            "text/html": f'<img alt="{html.escape(words)}" src="data:image/png;base64,{data}">',
            "text/plain": f"[Figure: {words}]",
        },
        raw=True,
    )


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes to draw on: those given, or the only ones of a new figure."""
    return ax if ax is not None else panels()


def legend(ax: Axes, wanted: bool = True) -> Axes:
    """Add a legend if the lines have names, and return the axes."""
    if wanted:
        # A pale frame: curves, points and hatching behind the words must not cross them.
        ax.legend(framealpha=0.85, edgecolor="none")
    return ax


def logarithmic(ax: Axes) -> None:
    """A logarithmic vertical axis labelled 0.1, 0.2, 0.3, 0.5: easier to read than powers of ten, and quicker to draw."""
    from matplotlib.ticker import LogLocator, NullLocator

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
