"""The page for a class: scores, misconceptions, and the hand-ins that want a person's eye.

Means and misconceptions are taken over the hand-ins that could be read; broken ones are listed by themselves.
Every bar stands in the row of its number, and under the one free-standing plot is its table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from statistics import mean, median
from typing import Any

import jinja2

from bpgrade import pages
from bpgrade.records import BY_HAND, CRASHED, TIME_LIMIT, Class, Outcome, Record
from bpkit.exercises import find

# The columns of "how each exercise went": pattern, mark, words, verdicts. A verdict in none of them is "wrong".
KINDS = (
    ("good", "✓", "right", ("right",)),
    ("slip", "✗", "known misconception", ("looks_like",)),
    ("wrong", "✗", "otherwise wrong", ()),
    ("raised", "✗", "raised an error", ("raised",)),
    ("stop", "✗", "stopped or crashed", (TIME_LIMIT, CRASHED)),
    ("hand", "✎", "graded by hand", (BY_HAND,)),
    ("none", "○", "not attempted", ("not_attempted",)),
)
BINS = 10
FOLD = 25  # a table with more rows than this starts folded


@dataclass(frozen=True)
class Tally:
    """How one exercise went: one entry of `outcomes` for each hand-in that could be read."""

    name: str
    outcomes: list[Outcome]

    @property
    def share(self) -> float:
        """Mean share of the points."""
        return mean(outcome.score / outcome.max_points if outcome.max_points else 0.0 for outcome in self.outcomes)

    @property
    def right(self) -> int:
        return sum(outcome.verdict == "right" for outcome in self.outcomes)

    @property
    def points(self) -> float:
        return max(outcome.max_points for outcome in self.outcomes)

    @property
    def kinds(self) -> dict[str, int]:
        """How many hand-ins of each of `KINDS`."""
        of = {verdict: kind for kind, _, _, verdicts in KINDS for verdict in verdicts}
        counts = Counter(of.get(outcome.verdict, "wrong") for outcome in self.outcomes)
        return {kind: counts[kind] for kind, *_ in KINDS}

    @property
    def shares(self) -> list[tuple[str, float]]:
        return [(kind, count / len(self.outcomes)) for kind, count in self.kinds.items() if count]


def page(cls: Class, assignment: str | None = None) -> str:
    """One self-contained HTML page for a class.

    Args:
        cls: the class, as `records.load` gives it.
        assignment: id of the lesson to show; all if None.

    Raises:
        ValueError: the class has no such assignment.
    """
    known = sorted({*cls.assignments, *(record.assignment for record in cls.records)})
    if assignment is not None and assignment not in known:
        raise ValueError(f"assignment must be one of {', '.join(known) or '(none yet)'}, got {assignment!r}")
    chosen = [assignment] if assignment else known
    by_lesson = {name: [record for record in cls.records if record.assignment == name] for name in chosen}
    lessons = [_lesson(cls, name, i, records) for i, (name, records) in enumerate(by_lesson.items()) if records]
    return _template().render(
        lessons=lessons,
        waiting=[name for name, records in by_lesson.items() if not records],
        warnings=_warnings(record for records in by_lesson.values() for record in records),
        everyone=_everyone(cls, [name for name, records in by_lesson.items() if records]),
        students=len(_students(cls)),
        kinds=KINDS,
        fold=FOLD,
        patterns=pages.PATTERNS,
    )


def _lesson(cls: Class, name: str, index: int, records: list[Record]) -> dict[str, Any]:
    """All that one lesson's section shows."""
    readable = [record for record in records if record.status != "broken"]
    shares = sorted(record.score / record.max_score for record in readable if record.max_score)
    tallies = _tallies(readable)
    present = {kind for tally in tallies for kind, count in tally.kinds.items() if count}
    return {
        "name": name,
        "id": f"lesson-{index}",
        "records": records,
        "readable": readable,
        "mean": mean(shares) if shares else None,
        "median": median(shares) if shares else None,
        "tallies": tallies,
        "kinds": [kind for kind in KINDS if kind[0] in present],
        "distribution": _distribution(shares, f"lesson-{index}-scores"),
        "misconceptions": _misconceptions(tallies),
        "broken": [(_who(cls, record.student), record.reason) for record in records if record.status == "broken"],
        "flags": [(_who(cls, record.student), flag) for record in records for flag in record.flags],
        "flagged": sum(bool(record.flags) for record in records),
        "missing": [_who(cls, student) for student in cls.missing(name)],
    }


def _tallies(records: list[Record]) -> list[Tally]:
    """One tally for each exercise, in the order of the lesson."""
    found: dict[str, list[Outcome]] = {}
    for record in records:
        for outcome in record.outcomes:
            found.setdefault(outcome.exercise, []).append(outcome)
    return [Tally(name, outcomes) for name, outcomes in found.items()]


def _distribution(shares: list[float], id: str) -> dict[str, Any] | None:
    """The histogram of shares (sorted), its table and its description; None without a score."""
    if not shares:
        return None
    # The tiny number keeps 0.3, which floats make of 3 tenths in several ways, in its own bin.
    counts = Counter(min(max(int(share * BINS + 1e-9), 0), BINS - 1) for share in shares)
    bins = [counts[i] for i in range(BINS)]
    edges = [str(100 * i // BINS) for i in range(BINS)] + ["100"]
    top = max(range(BINS), key=lambda i: bins[i])
    ranges = [f"{100 * i // BINS} to {100 * (i + 1) // BINS} %" for i in range(BINS)]
    words = (
        f"{len(shares)} scores, from {pages.percent(shares[0])} to {pages.percent(shares[-1])} of the points, "
        f"median {pages.percent(median(shares))}. The most frequent range is {ranges[top]}, with {bins[top]}."
    )
    svg = pages.histogram(bins, edges, id, "How many hand-ins have which share of the points", words)
    return {"svg": svg, "words": words, "rows": list(zip(ranges, bins, strict=True))}


def _misconceptions(tallies: list[Tally]) -> list[dict[str, Any]]:
    """The recognised mistakes of each exercise, the most common first; exercises by how many share one."""
    groups = []
    for tally in tallies:
        messages: dict[str, list[str]] = {}
        for outcome in tally.outcomes:
            if outcome.mistake:
                messages.setdefault(outcome.mistake, []).append(outcome.message)
        rows = [
            {"id": id, "says": _says(tally.name, id, of), "count": len(of), "share": len(of) / len(tally.outcomes)}
            for id, of in sorted(messages.items(), key=lambda item: (-len(item[1]), item[0]))
        ]
        if rows:
            groups.append({"name": tally.name, "rows": rows, "count": sum(map(len, messages.values()))})
    return sorted(groups, key=lambda group: -group["count"])


def _says(exercise: str, mistake: str, messages: list[str]) -> str:
    """A mistake in words: the exercise's own; or, of those that any function can suffer, what a message said."""
    record = find(exercise)
    own = {entry.id: entry.says for entry in record.mistakes} if record else {}
    said = re.search(r"known slip: (.+?)(?= \(Tried with| Already right:|\n|$)", messages[0])
    return own.get(mistake) or (said[1] if said else mistake.replace("-", " "))


def _warnings(records: Iterable[Record]) -> list[tuple[str, int]]:
    """What a level below isolated means, and how many hand-ins ran at it; those that never ran do not count."""
    levels = Counter(record.isolation for record in records if record.isolation or record.status != "broken")
    return [(pages.not_isolated(level), levels[level]) for level in sorted(levels) if level != pages.ISOLATED]


def _students(cls: Class) -> list[str]:
    return sorted({*cls.students, *(record.student for record in cls.records)})


def _who(cls: Class, student: str) -> str:
    name = cls.names.get(student, "")
    return f"{name} ({student})" if name and name != student else student


def _everyone(cls: Class, lessons: list[str]) -> dict[str, Any]:
    """One row for each student, one cell for each lesson: the score, "broken" or a dash."""
    by_student = {student: list(of) for student, of in groupby(_by_student(cls), key=lambda record: record.student)}
    rows = []
    for student in _students(cls):
        cells = dict.fromkeys(lessons, "–")
        for record in by_student.get(student, []):
            if record.assignment in cells:
                cells[record.assignment] = "broken" if record.status == "broken" else pages.number(record.score)
        rows.append((_who(cls, student), list(cells.values())))
    tops = {
        lesson: max((r.max_score for r in cls.records if r.assignment == lesson), default=0.0) for lesson in lessons
    }
    return {"lessons": [(lesson, pages.number(top)) for lesson, top in tops.items()], "rows": rows}


def _by_student(cls: Class) -> list[Record]:
    return sorted(cls.records, key=lambda record: record.student)


@cache
def _template() -> jinja2.Template:
    return pages.template(_PAGE)


_PAGE = """
{% extends "base" %}
{% macro folded(count, summary) %}
{% if count > fold %}
<details><summary>{{ summary }}</summary>
{{ caller() }}
</details>
{% else %}
{{ caller() }}
{% endif %}
{% endmacro %}
{% macro table(caption) %}
<p class="cap">{{ caption }}</p>
<div class="scroll" role="region" aria-label="{{ caption }}" tabindex="0"><table>
{{ caller() }}
</table></div>
{% endmacro %}
{% block title %}Class report{% if lessons|length == 1 %}: {{ lessons[0].name }}{% endif %}{% endblock %}
{% block body %}
{{ patterns }}
<header>
<h1>Class report</h1>
<p class="soft">{{ students }} student{{ "" if students == 1 else "s" }} ·
 {{ lessons|length }} lesson{{ "" if lessons|length == 1 else "s" }} with hand-ins. Scores of a lesson are taken over
 the hand-ins that could be read; broken ones count 0 points and are listed by themselves.</p>
{% for words, count in warnings %}
<div class="note alert" role="note"><strong>⚠ Careful, {{ count }} hand-in{{ "" if count == 1 else "s" }}:</strong>
 {{ words }}</div>
{% endfor %}
</header>
<nav aria-label="Sections"><ul>
{% for lesson in lessons %}
<li><a href="#{{ lesson.id }}">{{ lesson.name }}</a></li>
{% endfor %}
<li><a href="#everyone">Everyone’s scores</a></li>
</ul></nav>
<main>
{% if lessons|length > 1 %}
<h2>All lessons</h2>
{% call table("Hand-ins and mean score of each lesson") %}
<thead><tr><th scope="col">Lesson</th><th scope="col" class="chart" colspan="2">Mean score</th>
<th scope="col" class="n">Handed in</th><th scope="col" class="n">Broken</th>
<th scope="col" class="n">To look at</th></tr></thead>
<tbody>
{% for lesson in lessons %}
<tr><th scope="row" class="name"><a href="#{{ lesson.id }}">{{ lesson.name|breakable }}</a></th>
<td class="chart">{{ bar(lesson.mean or 0) }}</td>
<td class="n">{% if lesson.mean is none %}–{% else %}{{ lesson.mean|percent }}{% endif %}</td>
<td class="n">{{ lesson.records|length }}</td><td class="n">{{ lesson.broken|length }}</td>
<td class="n">{{ lesson.flagged }}</td></tr>
{% endfor %}
</tbody>
{% endcall %}
{% endif %}
{% if waiting %}
<p class="soft">No hand-ins yet: {{ waiting|join(", ") }}.</p>
{% endif %}
{% for lesson in lessons %}
<section aria-labelledby="{{ lesson.id }}">
<h2 id="{{ lesson.id }}">{{ lesson.name }}</h2>
<dl class="tiles">
<div><dt>Handed in</dt><dd>{{ lesson.records|length }} of {{ lesson.records|length + lesson.missing|length }}</dd></div>
{% if lesson.mean is not none %}
<div><dt>Mean score</dt><dd>{{ lesson.mean|percent }}</dd></div>
<div><dt>Median score</dt><dd>{{ lesson.median|percent }}</dd></div>
{% endif %}
<div><dt>Broken</dt><dd>{{ lesson.broken|length }}</dd></div>
<div><dt>To look at</dt><dd>{{ lesson.flagged }}</dd></div>
</dl>
{% if lesson.tallies %}
<h3>Scores by exercise</h3>
{% call table("Mean share of the points, and how many hand-ins are right") %}
<thead><tr><th scope="col">Exercise</th><th scope="col" class="chart" colspan="2">Mean share</th>
<th scope="col" class="n">Right</th><th scope="col" class="n">Points</th></tr></thead>
<tbody>
{% for tally in lesson.tallies %}
<tr><th scope="row" class="name"><code>{{ tally.name|breakable }}</code></th><td class="chart">{{ bar(tally.share) }}</td>
<td class="n">{{ tally.share|percent }}</td><td class="n">{{ tally.right }} of {{ tally.outcomes|length }}</td>
<td class="n">{{ tally.points|number }}</td></tr>
{% endfor %}
</tbody>
{% endcall %}
{% endif %}
{% if lesson.distribution %}
<h3>Distribution of scores, in % of the points</h3>
{{ lesson.distribution.svg }}
<p class="soft">{{ lesson.distribution.words }}</p>
<details><summary>The same as a table</summary>
{% call table("Hand-ins by share of the points: the lower end included, the upper one only at 100 %") %}
<thead><tr><th scope="col">Share of the points</th><th scope="col" class="n">Hand-ins</th></tr></thead>
<tbody>
{% for range, count in lesson.distribution.rows %}
<tr><th scope="row">{{ range }}</th><td class="n">{{ count }}</td></tr>
{% endfor %}
</tbody>
{% endcall %}
</details>
{% endif %}
{% if lesson.tallies %}
<h3>Misconceptions</h3>
{% for group in lesson.misconceptions %}
{% call table("In " ~ group.name ~ ": " ~ group.count ~ " with a known misconception") %}
<thead><tr><th scope="col" class="words">What it looks like</th><th scope="col" class="chart">Share</th>
<th scope="col" class="n">Students</th></tr></thead>
<tbody>
{% for row in group.rows %}
<tr><th scope="row" class="words">{{ row.says|shorten(400)|code }} <span class="soft">({{ row.id }})</span></th>
<td class="chart">{{ bar(row.share, "slip") }}</td><td class="n">{{ row.count }} ({{ row.share|percent }})</td></tr>
{% endfor %}
</tbody>
{% endcall %}
{% else %}
<p class="soft">None was recognised.</p>
{% endfor %}
<h3>How each exercise went</h3>
{% call table("Hand-ins by verdict; the bar shows the same numbers as shares, in the order of the columns") %}
<thead><tr><th scope="col">Exercise</th><th scope="col" class="chart">Shares</th>
{% for kind, mark, words, _ in lesson.kinds %}
<th scope="col" class="n wrap">{{ swatch(kind) }} {{ mark }} {{ words }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for tally in lesson.tallies %}
<tr><th scope="row" class="name"><code>{{ tally.name|breakable }}</code></th><td class="chart">{{ stacked(tally.shares) }}</td>
{% for kind in lesson.kinds %}
<td class="n">{{ tally.kinds[kind[0]] }}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
{% endcall %}
{% endif %}
<h3>Broken hand-ins</h3>
{% if lesson.broken %}
{% call folded(lesson.broken|length, lesson.broken|length ~ " broken hand-ins") %}
{% call table("Could not be read, so they count 0 points") %}
<thead><tr><th scope="col">Student</th><th scope="col" class="words">Why</th></tr></thead>
<tbody>
{% for who, reason in lesson.broken %}
<tr><th scope="row" class="name">{{ who }}</th><td class="words">{{ reason|shorten(400) }}</td></tr>
{% endfor %}
</tbody>
{% endcall %}
{% endcall %}
{% else %}
<p class="soft">None.</p>
{% endif %}
<h3>For a person to look at</h3>
{% if lesson.flags %}
<p class="soft">A flag costs no point by itself, and students do not see it.</p>
{% call folded(lesson.flags|length, lesson.flags|length ~ " flags on " ~ lesson.flagged ~ " hand-ins") %}
{% call table("Flags") %}
<thead><tr><th scope="col">Student</th><th scope="col">Flag</th><th scope="col" class="words">What was seen</th></tr></thead>
<tbody>
{% for who, flag in lesson.flags %}
<tr><th scope="row" class="name">{{ who }}</th><td>{{ flag.kind|replace("-", " ") }}</td>
<td class="words">{% if flag.exercise %}<code>{{ flag.exercise|breakable }}</code>: {% endif %}{{ flag.text|shorten(400) }}</td></tr>
{% endfor %}
</tbody>
{% endcall %}
{% endcall %}
{% else %}
<p class="soft">Nothing was flagged.</p>
{% endif %}
<h3>Not handed in</h3>
{% if lesson.missing %}
{% call folded(lesson.missing|length, lesson.missing|length ~ " students") %}
<ul>
{% for who in lesson.missing %}
<li>{{ who }}</li>
{% endfor %}
</ul>
{% endcall %}
{% else %}
<p class="soft">Everyone on the list has handed in.</p>
{% endif %}
</section>
{% endfor %}
<section aria-labelledby="everyone">
<h2 id="everyone">Everyone’s scores</h2>
{% call folded(everyone.rows|length, everyone.rows|length ~ " students") %}
{% call table("Points by lesson; – means not handed in") %}
<thead><tr><th scope="col">Student</th>
{% for lesson, top in everyone.lessons %}
<th scope="col" class="n wrap">{{ lesson|breakable }} (of {{ top }})</th>
{% endfor %}
</tr></thead>
<tbody>
{% for who, cells in everyone.rows %}
<tr><th scope="row">{{ who }}</th>{% for cell in cells %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
{% endcall %}
{% endcall %}
</section>
</main>
{% endblock %}
"""
