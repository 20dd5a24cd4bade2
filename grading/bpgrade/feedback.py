"""The page that a student gets back: for each exercise the verdict, the question it asks, and the points.

It never shows what a grader tried or expected, nor what a person should look at (`Record.flags`): those are
for the instructor alone.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from bpgrade import pages
from bpgrade.records import BY_HAND, Outcome, Record

LONGEST_MESSAGE = 4000  # an error's text can be as long as its author likes
LONGEST_NAME = 190  # bytes of a file name before digest and ending; file systems allow 255


def page(record: Record, name: str = "") -> str:
    """One self-contained HTML page for the author of a hand-in.

    Args:
        record: the graded hand-in.
        name: the student's name; the id is shown if there is none.
    """
    return _template().render(
        record=record,
        by_hand=BY_HAND,
        who=name or record.student,
        when=_when(record),
        # A broken hand-in of which nothing ran has no level to speak of.
        warning="" if _never_ran(record) else pages.not_isolated(record.isolation),
        exercises=[_exercise(outcome) for outcome in record.outcomes] if record.status != "broken" else [],
    )


def write(record: Record, folder: Path, name: str = "") -> Path:
    """Write the page to its place below `folder`, as a whole or not at all; returns that place.

    Raises:
        OSError: the file cannot be written.
    """
    return pages.save(place(record, folder), page(record, name).encode())


def place(record: Record, folder: Path) -> Path:
    """Where the page belongs: `folder`/student/assignment/notebook.html, as in nbgrader."""
    student, assignment, notebook = map(safe, (record.student, record.assignment, record.notebook))
    return folder / student / assignment / f"{notebook}.html"


def safe(name: str) -> str:
    """A name that is one plain part of a path on any system; an ordinary name stays as it is.

    A name that has to change gets a digest of the old one, so that two never become the same.

    Example:
        >>> safe("single_neuron"), safe("../../etc/passwd")
        ('single_neuron', '.._.._etc_passwd-3754d6cb')
    """
    plain = re.sub(r'[\\/:*?"<>|\n\t]', "_", pages.clean(name)).rstrip(". ").lstrip(" ")
    plain = plain.encode()[:LONGEST_NAME].decode(errors="ignore")
    if plain == name and name.strip("."):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}"


def _never_ran(record: Record) -> bool:
    return record.status == "broken" and not record.isolation


def _when(record: Record) -> str:
    said = f"Handed in {record.submitted}" if record.submitted else ""
    if record.late > 0:
        said = f"{said or 'Handed in'}{', ' if said else ' '}{pages.duration(record.late)} late"
    return f"{said}." if said else ""


def _exercise(outcome: Outcome) -> dict[str, Any]:
    """What the template shows of one exercise."""
    mark, words = pages.VERDICTS.get(outcome.verdict, ("✗", outcome.verdict.replace("_", " ")))
    lines = [line for line in pages.shorten(outcome.message, LONGEST_MESSAGE).splitlines() if line.strip()]
    asks = lines.pop() if len(lines) > 1 and outcome.verdict != "right" else ""
    if outcome.verdict == BY_HAND:
        words, lines = (words, []) if outcome.manual is not None else ("Not read yet", lines)
    return {
        "outcome": outcome,
        "kind": outcome.verdict if outcome.verdict in ("right", "not_attempted", BY_HAND) else "wrong",
        "mark": mark,
        "words": words,
        "lines": lines,
        "asks": asks,
        "label": "What it should do" if outcome.verdict == "not_attempted" else "To think about",
        "comment": outcome.comment.splitlines(),
    }


@cache
def _template() -> jinja2.Template:
    return pages.template(_PAGE)


_PAGE = """
{% extends "base" %}
{% block title %}Feedback: {{ record.notebook }}, {{ who }}{% endblock %}
{% block body %}
<header>
<h1>{{ record.notebook }}</h1>
<p class="soft">Feedback for {{ who }} · lesson {{ record.assignment }}</p>
{% if when %}<p class="soft">{{ when }}</p>
{% endif %}
</header>
<main>
{% if warning %}
<div class="note alert" role="note"><strong>⚠ Careful:</strong> {{ warning }}</div>
{% endif %}
<p class="total"><b>{{ record.score|number }}</b> of {{ record.max_score|number }} points</p>
{% if record.status == "broken" %}
<h2>✗ This hand-in could not be graded</h2>
{% for line in record.reason.splitlines() %}
<p>{{ line|shorten(2000)|code }}</p>
{% endfor %}
<h2>What to do next</h2>
<ol>
<li>Open the notebook in JupyterLab, restart the kernel, run all cells, and save it.</li>
<li>If it does not open, start from a fresh copy of lesson {{ record.assignment }} and copy your functions into it,
 one cell after the other.</li>
<li>Hand in the saved <code>.ipynb</code> file itself: not a PDF, a link or a screenshot.</li>
<li>If you cannot do this any more, show this page to your instructor.</li>
</ol>
{% endif %}
{% if record.repairs %}
<div class="note" role="note"><p>Before grading, this was put back in your notebook. It cost no points:</p>
<ul>
{% for repair in record.repairs %}
<li>{{ repair|code }}</li>
{% endfor %}
</ul></div>
{% endif %}
{% if exercises %}
<h2>Exercises</h2>
{% for item in exercises %}
<section class="exercise {{ item.kind }}">
<h3><code>{{ item.outcome.exercise }}</code></h3>
<p class="verdict"><span aria-hidden="true">{{ item.mark }}</span> {{ item.words }}.
 {{ item.outcome.score|number }} of {{ item.outcome.max_points|number }}
 {{- " point" if item.outcome.max_points == 1 else " points" }}
{% if item.outcome.manual is not none and item.kind != by_hand %}
<span class="soft">(given by a person; the automatic result was {{ item.outcome.points|number }})</span>
{% endif %}
</p>
{% for line in item["lines"] %}
<p>{{ line|code }}</p>
{% endfor %}
{% if item.asks %}
<p class="ask"><b>{{ item.label }}</b>{{ item.asks|code }}</p>
{% endif %}
{% if item.comment %}
<div class="ask"><b>Your instructor writes</b>
{% for line in item.comment %}
<p>{{ line }}</p>
{% endfor %}
</div>
{% endif %}
</section>
{% endfor %}
{% elif record.status != "broken" %}
<p>This lesson has no graded exercises.</p>
{% endif %}
</main>
{% endblock %}
"""
