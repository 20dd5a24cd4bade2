"""Showing a verdict: rich in Jupyter, plain text anywhere, the words always beside the colour."""

from __future__ import annotations

import html
import sys
from typing import Any

from bpkit.checking.judge import Verdict

TITLES = {
    "right": ("✓", "Right"),
    "not_attempted": ("○", "Not attempted yet"),
    "raised": ("✗", "It raised an error"),
    "mutated": ("✗", "It changed its input"),
    "wrong_type": ("✗", "Wrong type"),
    "wrong_shape": ("✗", "Wrong shape"),
    "wrong_dtype": ("✗", "Wrong dtype"),
    "not_finite": ("✗", "Not finite"),
    "looks_like": ("✗", "Not yet"),
    "wrong": ("✗", "Not yet"),
    # only where a hand-in is graded behind a wall
    "time_limit": ("✗", "Stopped: it took too long"),
    "crashed": ("✗", "It ended the whole process"),
    "no_record": ("✗", "Nothing could be judged"),
}
_EDGE = {"right": "#1a7f37", "not_attempted": "#6e7781"}


class CheckFailed(AssertionError):
    """Raised by `check` unless the answer is right; `.verdict` holds the whole story."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.exercise}: {title(verdict)}")
        self.verdict = verdict

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback through this library."""
        return [f"CheckFailed: {self}. See above, or call hint({self.verdict.exercise})."]


class Marks:
    """Partial marks in the form nbgrader reads from a test cell: an output whose text is a number."""

    def __init__(self, earned: float, of: float) -> None:
        self.earned, self.of = earned, of

    def __repr__(self) -> str:
        return f"{self.earned:g}"

    def _repr_html_(self) -> str:
        return f"{self.earned:g} of {self.of:g} points so far"


class Shown:
    """A verdict as something that displays itself."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def __repr__(self) -> str:
        return as_text(self.verdict)

    def _repr_html_(self) -> str:
        return as_html(self.verdict)


def title(verdict: Verdict) -> str:
    """The outcome in two or three words."""
    return TITLES[verdict.outcome][1]


def as_text(verdict: Verdict) -> str:
    """The verdict as plain text, one thought a line."""
    mark, words = TITLES[verdict.outcome]
    lines = [f"{mark} {verdict.exercise}: {words}.", *verdict.message.splitlines()]
    if verdict.printed and verdict.outcome != "right":
        lines += ["Your function printed:", *(f"  {line}" for line in verdict.printed.splitlines()[:20])]
    return "\n".join(lines)


def as_html(verdict: Verdict) -> str:
    """The verdict as a small box that follows the reader's theme; all text from the student is escaped."""
    mark, words = TITLES[verdict.outcome]
    edge = _EDGE.get(verdict.outcome, "#bc4c00")
    body = "".join(f'<div style="margin-top:.3em">{_code(line)}</div>' for line in verdict.message.splitlines())
    if verdict.printed and verdict.outcome != "right":
        body += f'<details style="margin-top:.3em"><summary>What your function printed</summary><pre>{html.escape(verdict.printed)}</pre></details>'
    return (
        f'<div role="status" style="border-left:4px solid {edge};padding:.4em .8em;overflow-wrap:anywhere">'
        f"<strong>{mark} {html.escape(verdict.exercise)}: {html.escape(words)}.</strong>{body}</div>"
    )


def show(verdict: Verdict) -> None:
    """Display a verdict in a notebook, print it anywhere else."""
    if _in_ipython():
        from IPython.display import display

        display(Shown(verdict))
    else:
        print(as_text(verdict))


def publish_marks(marks: Marks) -> None:
    """Leave partial marks as the cell's result, where nbgrader looks for them; outside IPython do nothing."""
    if _in_ipython():
        sys.displayhook(marks)


def _in_ipython() -> bool:
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _code(line: str) -> str:
    """Escape a line and set what stands between backticks as code."""
    pieces = html.escape(line).split("`")
    if len(pieces) % 2 == 0:
        return html.escape(line)
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))
