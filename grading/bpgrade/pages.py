"""What the pages for students and for instructors share: one stylesheet, one way to escape, small charts.

Templates are compiled once. Whatever a template prints is escaped by Jinja2 and cleaned by `clean` before, so no
template can forget it; and every page forbids scripts and all outside content by its Content-Security-Policy.
Charts need no script and no fixed width: bars are measured in per cent, text stays at its size on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from bpgrade.records import BY_HAND, UNREADABLE
from bpkit.checking.show import TITLES

# Mark and words of every verdict; the marks tell them apart without colour.
VERDICTS = TITLES | {UNREADABLE: ("✗", "The notebook could not be read"), BY_HAND: ("✎", "Read by a person")}
ISOLATED = "isolated"

_ANSI = re.compile(
    r"\x1b(?:\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[PX^_][^\x1b\n]*(?:\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]*[0-~]?)"
    r"|\x9b[0-?]*[ -/]*[@-~]?"
)
# Control characters but tab and newline, marks that reverse the reading direction, halves of characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Take out what is not for reading: ANSI escape sequences, control characters, reversed directions."""
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    return _HALF.sub("\ufffd", _CONTROL.sub("", text.replace("\r", "\n")))


def shorten(text: str, limit: int) -> str:
    """The text, cut after `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def code(line: str) -> Markup:
    """Escape a line and set what stands between backticks as code."""
    pieces = clean(line).split("`")
    if len(pieces) % 2 == 0:
        return escape(clean(line))
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


def breakable(name: str) -> Markup:
    """A name that may wrap after its underscores."""
    return Markup("_<wbr>").join(clean(name).split("_"))


def number(value: float) -> str:
    """A score as people write it: 3, 2.5, 0.33."""
    return f"{round(value, 2) + 0.0:.10g}"  # + 0.0 turns -0 into 0


def percent(share: float) -> str:
    """A share as a whole number of per cent."""
    return f"{100 * share:.0f} %"


def duration(seconds: float) -> str:
    """A time span in its two largest units: 2 d 3 h, 5 min."""
    minutes = max(1, round(seconds / 60))
    units = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join([f"{count} {unit}" for count, unit in units if count][:2])


def not_isolated(level: str) -> str:
    """What it means that hand-ins ran without the wall, in one sentence; empty if they ran behind it."""
    if level == ISOLATED:
        return ""
    known = f"“{level}”" if level else "not recorded"
    return (
        f"Not isolated (level: {known}): the submitted code ran without the wall between it and the grader, "
        "so the scores and messages shown here could have been influenced by the hand-in itself."
    )


def bar(share: float, kind: str = "good") -> Markup:
    """A horizontal bar of a share from 0 to 1; the number itself stands beside it in the table."""
    return Markup(
        '<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="14"/><rect class="{}" width="{:.1f}%" height="14"/></svg>'
    ).format(kind, 100 * min(max(share, 0.0), 1.0))


def stacked(shares: Sequence[tuple[str, float]]) -> Markup:
    """One bar made of several kinds, each with a colour and a pattern of its own."""
    pieces, start = [], 0.0
    for kind, share in shares:
        piece = Markup('<rect x="{:.2f}%" class="{}" width="{:.2f}%" height="14"/>')
        pieces.append(piece.format(100 * start, kind, 100 * share))
        start += share
    head = Markup('<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">')
    return head + Markup("").join(pieces) + Markup("</svg>")


def swatch(kind: str) -> Markup:
    """A small sample of a kind's colour and pattern, for a legend."""
    return Markup(
        '<svg class="swatch" width="14" height="14" aria-hidden="true" focusable="false">'
        '<rect class="{}" width="14" height="14"/></svg>'
    ).format(kind)


def histogram(counts: Sequence[int], ticks: Sequence[str], id: str, title: str, description: str) -> Markup:
    """Columns of counts with the number above each; `ticks` are the edges between them, one more than columns."""
    width, top = 100 / len(counts), max(*counts, 1)
    pieces = []
    for i, count in enumerate(counts):
        height = 120 * count / top
        pieces.append(_COLUMN.format(i * width + 0.4, 140 - height, width - 0.8, height))
        if count:
            pieces.append(_LABEL.format(f"{(i + 0.5) * width:.2f}", f"{134 - height:.1f}", "middle", count))
    for i, tick in enumerate(ticks):
        anchor = "start" if i == 0 else "end" if i == len(counts) else "middle"
        pieces.append(_LABEL.format(f"{i * width:.2f}", "156", anchor, tick))
    return _HISTOGRAM.format(id=id, title=title, description=description, pieces=Markup("").join(pieces))


_COLUMN = Markup('<rect class="good" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>')
_LABEL = Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>')
_HISTOGRAM = Markup(
    '<svg class="histogram" width="100%" height="162" role="img" aria-labelledby="{id}-t {id}-d">'
    '<title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>{pieces}'
    '<line class="axis" x1="0" x2="100%" y1="140" y2="140"/></svg>'
)


def template(source: str) -> jinja2.Template:
    """Compile a template that extends "base"; compile it once and keep it."""
    return _environment().from_string(source)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        loader=jinja2.DictLoader({"base": _BASE}),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": breakable,
        "code": code,
        "number": number,
        "percent": percent,
        "shorten": shorten,
    }
    environment.globals |= {"bar": bar, "stacked": stacked, "swatch": swatch}
    return environment


def _finalize(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def save(path: Path, data: bytes) -> Path:
    """Write a file as a whole or not at all: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")  # always the same name: what a kill leaves, the next run takes away
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return path


CSS = """
:root { --bg: #fff; --card: #f6f8fa; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --link: #0550ae;
  --good: #0072b2; --slip: #d55e00; --wrong: #a04000; --none: #8c959f; --stop: #7a3e9d; --track: #e6eaef; }
@media (prefers-color-scheme: dark) { :root { --bg: #11151a; --card: #1a2027; --text: #e6edf3; --soft: #a3adb8;
  --line: #38424d; --link: #79b8ff; --good: #56b4e9; --slip: #f0883e; --wrong: #ffb380; --none: #7d8793;
  --stop: #cc9be8; --track: #28313a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, header, footer, nav { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; } footer { padding: 1.5rem 1rem; color: var(--soft); font-size: .9rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.05rem; line-height: 1.35; margin: 1.5rem 0 .4rem; }
p { margin: .4rem 0; max-width: 44rem; } a { color: var(--link); } .soft { color: var(--soft); }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.note { border: 1px solid var(--line); border-left: .35rem solid var(--soft); border-radius: .3rem;
  background: var(--card); padding: .5rem .9rem; margin: 1rem 0; }
.note.alert { border-left-color: var(--slip); border-left-style: double; }
.total { font-size: 1.15rem; } .total b { font-size: 1.6rem; }
.exercise { border: 1px solid var(--line); border-left: .35rem solid var(--wrong); border-radius: .3rem;
  padding: .6rem .9rem; margin: 1rem 0; break-inside: avoid; }
.exercise.right, .exercise.by_hand { border-left-color: var(--good); } .exercise.not_attempted { border-left-color: var(--none); }
.exercise h3 { margin: 0; } .exercise h3 code { font-size: 1em; } .verdict { font-weight: 600; }
.verdict .soft { font-weight: 400; } .exercise p, .note p { max-width: none; } .note ul { margin: .3rem 0; }
.ask { border-left: 2px solid var(--line); padding-left: .8rem; margin-top: .6rem; }
.ask b { display: block; font-size: .85rem; color: var(--soft); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums; }
.cap { color: var(--soft); font-size: .9rem; margin-bottom: 0; }
th, td { text-align: left; overflow-wrap: break-word; vertical-align: top; padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; font-size: .85rem; color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; } .n { text-align: right; white-space: nowrap; } .chart { min-width: 7rem; width: 32%; }
.words, .name { overflow-wrap: anywhere; } .words { min-width: 13rem; } .name { min-width: 8rem; }
.wrap { white-space: normal; }
@media (max-width: 32rem) { .chart { min-width: 4rem; } .words { min-width: 9.5rem; } .name { min-width: 7rem; } }
.bar { display: block; margin-top: .35rem; } .track { fill: var(--track); } .swatch { vertical-align: -2px; }
.good { fill: var(--good); } .slip { fill: url(#slip); } .wrong { fill: url(#wrong); }
.raised { fill: url(#raised); } .none { fill: url(#none); } .stop { fill: url(#stop); } .hand { fill: url(#hand); }
.histogram { display: block; margin: .5rem 0; overflow: visible; } .axis { stroke: var(--soft); }
.histogram text { fill: var(--text); font-size: 12px; }
.defs { position: absolute; width: 0; height: 0; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; margin: .8rem 0; }
nav a { display: inline-block; padding: .25rem 0; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: .8rem 0; padding: 0; }
.tiles div { min-width: 5.5rem; } .tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
@media print { :root { --bg: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999; --link: #000; }
  body { font-size: 10.5pt; } nav { display: none; } h2, h3 { break-after: avoid; } tr { break-inside: avoid; }
  svg, .exercise { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .scroll { overflow: visible; } }
"""

_BASE = (
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{% block title %}{% endblock %}</title>
<style>"""
    + CSS
    + """</style>
</head>
<body>
{% block body %}{% endblock %}
</body>
</html>
"""
)

# The patterns of the stacked bars, once a page: slanted, crossed, dotted, empty, fine dots, upright.
PATTERNS = Markup("""<svg class="defs" aria-hidden="true" focusable="false"><defs>
<pattern id="slip" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" style="fill:var(--bg)"/><rect width="4" height="6" style="fill:var(--slip)"/></pattern>
<pattern id="wrong" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" style="fill:var(--bg)"/>
<path d="M0 0H6M0 0V6" style="stroke:var(--wrong);stroke-width:3"/></pattern>
<pattern id="raised" width="5" height="5" patternUnits="userSpaceOnUse">
<rect width="5" height="5" style="fill:var(--bg)"/><circle cx="2.5" cy="2.5" r="1.7" style="fill:var(--wrong)"/></pattern>
<pattern id="none" width="14" height="14" patternUnits="userSpaceOnUse">
<rect width="14" height="14" style="fill:var(--track)"/><path d="M0 13.5H14" style="stroke:var(--none)"/></pattern>
<pattern id="hand" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" style="fill:var(--bg)"/><circle cx="3" cy="3" r="1.5" style="fill:var(--good)"/></pattern>
<pattern id="stop" width="4" height="4" patternUnits="userSpaceOnUse">
<rect width="4" height="4" style="fill:var(--bg)"/><rect width="2" height="4" style="fill:var(--stop)"/></pattern>
</defs></svg>""")
