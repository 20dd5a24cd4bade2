"""Plots: each returns the axes it drew on, labels them, and tells its lines apart without colour."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bpkit
from bpkit import plots

EDGES = [("x", "square", 3.0, 6.0), ("y", "sum", 1.0, 1.0), ("square", "sum", 9.0, 1.0), ("sum", "loss", 10.0, 1.0)]
DRAW = {
    "training_curves": lambda ax: plots.training_curves({"a": [3, 2, 1], "b": [3, 1, 0.5]}, ax, log=True),
    "one_curve": lambda ax: plots.training_curves([3.0, 2.0], ax),
    "bands": lambda ax: plots.bands({"a": [[3, 2, 1], [3, 1, 0.5]], "b": [[2, 2, 2], [1, 1, 1]]}, ax, log=True),
    "saturation": lambda ax: plots.saturation(bpkit.tanh, lambda z: 1 - np.tanh(z) ** 2, ax=ax),
    "decision_boundary": lambda ax: plots.decision_boundary(
        lambda X: bpkit.sigmoid(X[:, 0]), [[-1.0, 0.0], [1.0, 1.0]], [0, 1], ax
    ),
    "gradient_flow": lambda ax: plots.gradient_flow({"relu": [1e-3, 1e-1, 1], "tanh": [1, 1, 1]}, ax),
    "contour_path": lambda ax: plots.contour_path(
        lambda x, y: x**2 + 3 * y**2, {"descent": [[1, 1], [0.5, 0.2], [0, 0]]}, ((-2, 2), (-2, 2)), ax
    ),
    "computation_graph": lambda ax: plots.computation_graph(EDGES, ax),
    "springs": lambda ax: plots.springs([1.0, 1.0], [2.0, 1.0], [1.0, 2.0], ax),
    "confusion_matrix": lambda ax: plots.confusion_matrix([[5, 1], [0, 4]], ax, names=["cat", "dog"]),
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", DRAW)
def test_it_draws_on_the_axes_it_was_given_or_on_new_ones(name):
    _, ax = plt.subplots()
    assert DRAW[name](ax) is ax
    alone = DRAW[name](None)
    assert alone is not ax
    alone.figure.canvas.draw()


@pytest.mark.parametrize("name", sorted(set(DRAW) - {"computation_graph"}))
def test_both_axes_say_what_they_show(name):
    ax = DRAW[name](None)
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_lines_differ_in_more_than_colour():
    ax = plots.training_curves({str(i): [1, 2, i] for i in range(7)})
    dashes = {(str(line.get_linestyle()), str(line._dash_pattern)) for line in ax.get_lines()}
    assert len(dashes) == 7
    assert len({line.get_color() for line in ax.get_lines()}) == 7


def test_the_graph_shows_every_value_and_gradient():
    ax = plots.computation_graph(EDGES)
    words = " ".join(text.get_text() for text in ax.texts)
    for piece in ("square", "loss", "3 →", "← 6", "10 →"):
        assert piece in words


def test_the_matrix_shows_its_counts():
    ax = plots.confusion_matrix([[5, 1], [0, 4]])
    assert {text.get_text() for text in ax.texts} == {"5", "1", "0", "4"}


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="must not form a circle"):
        plots.computation_graph([("a", "b", 1, 1), ("b", "a", 1, 1)])
    with pytest.raises(ValueError, match=r"matrix must have shape \(k, k\)"):
        plots.confusion_matrix([1, 2])


def test_a_loss_and_its_slope_have_a_panel_each():
    above, below = plots.loss_and_slope(lambda p: p**2, lambda p: 2 * p, (-1, 1), tangent=0.5, xlabel="p")
    assert (above.get_ylabel(), below.get_ylabel(), below.get_xlabel()) == ("loss", "slope", "p")
    tangent = next(line for line in above.lines if "tangent" in line.get_label())
    x, height = tangent.get_data()
    assert np.diff(height) / np.diff(x) == pytest.approx([1.0])
    assert [line.get_data() for line in below.lines if line.get_label() == "at 0.5: 1"] == [([0.5], [1.0])]


def test_each_side_of_a_boundary_has_the_colour_of_its_class():
    ax = plots.decision_boundary(lambda X: (X[:, 0] > 0).astype(float), [[-1.0, 0.0], [1.0, 1.0]], [0, 1])
    lowest, highest = (ax.collections[0].cmap(share) for share in (0.0, 1.0))
    points = [path for path in ax.collections if path.get_label() in "01"]
    np.testing.assert_allclose([lowest[:3], highest[:3]], [path.get_facecolor()[0][:3] for path in points])


def test_a_band_reaches_from_the_lowest_seed_to_the_highest():
    ax = plots.bands({"run": [[3.0, 1.0], [5.0, 2.0], [4.0, 9.0]]})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4.0, 2.0])
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (1.0, 9.0)


def test_a_path_shows_each_step_until_there_are_too_many():
    steps = np.linspace([1.0, 1.0], [0.0, 0.0], 1000)
    paths = {"short": steps[:40], "long": steps}
    ax = plots.contour_path(lambda x, y: x**2 + y**2, paths, ((-2, 2), (-2, 2)))
    assert [line.get_markevery() for line in ax.lines] == [1, 16]


class TestShow:
    def test_the_picture_carries_its_words(self, monkeypatch):
        shown = []
        monkeypatch.setattr("IPython.get_ipython", lambda: object())
        monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
        plots.training_curves([2.0, 1.0])
        plots.show('a "line"\n that <falls>')
        assert shown[0]["text/html"].startswith(
            '<img alt="a &quot;line&quot; that &lt;falls&gt;" src="data:image/png;base64,'
        )
        assert shown[0]["text/plain"] == '[Figure: a "line" that <falls>]'
        assert plt.get_fignums() == []

    def test_without_words_or_without_a_figure_it_says_so(self):
        with pytest.raises(ValueError, match="nothing has been drawn"):
            plots.show("words")
        plots.training_curves([2.0, 1.0])
        with pytest.raises(ValueError, match="alt must describe"):
            plots.show(" ")
