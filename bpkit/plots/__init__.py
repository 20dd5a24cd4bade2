"""Pictures for the lessons. Each function draws on the axes it is given (or on new ones) and returns them; `show` displays them.

Colours come from the palette of Okabe and Ito, which readers with any colour vision can tell apart, and every line
also has its own dash pattern or marker. matplotlib is imported on first use.
"""

from __future__ import annotations

from bpkit.plots.curves import bands, gradient_flow, loss_and_slope, saturation, training_curves
from bpkit.plots.drawing import COLOURS, DASHES, MARKERS, panels, show, style
from bpkit.plots.graphs import computation_graph
from bpkit.plots.images import confusion_matrix
from bpkit.plots.planes import contour_path, decision_boundary
from bpkit.plots.runs import faulty_run
from bpkit.plots.springs import springs

__all__ = [
    "COLOURS",
    "DASHES",
    "MARKERS",
    "bands",
    "computation_graph",
    "confusion_matrix",
    "contour_path",
    "decision_boundary",
    "faulty_run",
    "gradient_flow",
    "loss_and_slope",
    "panels",
    "saturation",
    "show",
    "springs",
    "style",
    "training_curves",
]
