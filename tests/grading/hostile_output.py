"""Hand-ins that aim at what comes back from behind the wall: floods, bombs, forged frames, kinds that run elsewhere.

`hostile` collects them. Their functions are right unless said otherwise, so that most of them keep their points: what a
cell shows is cut or left out, and costs nothing. Where a kernel had to be ended for what it sent, points may be lost.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

from bpgrade import sample

# Takes away every limit on the student's side of the wall.
LIFT = """
import sys
for _name in ("bpwall.kernel", "bpwall.wire"):
    for _key in [key for key in vars(sys.modules[_name]) if key.startswith("MOST_")]:
        setattr(sys.modules[_name], _key, 1 << 40)
"""
FLOOD = "display({'text/html': 'x' * (23 << 20)}, raw=True)"
BRACKETS = """
_wire = sys.modules["bpwall.wire"]
def _pack(message, raw=b""):
    text = b'{"id": "%s", "status": "ok", "outputs": [' % message["id"].encode() + b"[]," * (7 << 20) + b"[]]}"
    return _wire.HEADER.pack(len(text), 0) + text
_wire.pack = _pack
"""
# Answers every cell with what PARTS makes, as if it were its outputs, and every call with SEEN and RAW.
ANSWER = """
import json, sys
_wire, _kernel = sys.modules["bpwall.wire"], sys.modules["bpwall.kernel"]
_parts = lambda: PARTS
def _cell(shell, request):
    parts = _parts()
    return {"status": "ok", "sizes": [len(part) for part in parts], "cut": False}, b"".join(parts)
_kernel._cell = _cell
"""
CALL = """
import sys
_kernel = sys.modules["bpwall.kernel"]
def _call(shell, request, raw):
    seen = SEEN
    return {"status": "ok", "seen": len(seen)}, seen + RAW
_kernel._call = _call
"""
STALE = """
import sys
_wire = sys.modules["bpwall.wire"]
_real = _wire.pack
_wire.pack = lambda message, raw=b"": _real(message | {"id": "stale"}, b"x" * (4 << 20)) * 99 + _real(message, raw)
"""


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 1, height: int = 1, extra: bytes = b"") -> bytes:
    """A grey PNG picture that claims to be so large."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"")


def _cells(text: str, count: int, first: str = "") -> Callable[[sample.Notebook], None]:
    """Put so many cells of one text at the beginning."""

    def change(nb: sample.Notebook) -> None:
        for _ in range(count):
            sample.insert(nb, 2, sample.code(text))
        sample.insert(nb, 2, sample.code(first.strip("\n") or "pass"))

    return change


def _attached(bundles: dict[str, Any]) -> Callable[[sample.Notebook], None]:
    def change(nb: sample.Notebook) -> None:
        name = next(iter(bundles), "")
        cell = {"cell_type": "markdown", "id": "pictures", "metadata": {}, "source": f"![x](attachment:{name})"}
        sample.insert(nb, 2, cell | {"attachments": bundles})

    return change


# Kind -> how a cell shows it. Each is dropped or kept as text; none costs a point.
SHOWN = {
    "svg": "display({'image/svg+xml': '<svg onload=\"alert(1)\"/>'}, raw=True)",
    "script": "display({'application/javascript': 'alert(1)'}, raw=True)",
    "widget": "display({'application/vnd.jupyter.widget-view+json': {'model_id': 'a'}}, raw=True)",
    "pdf": "display({'application/pdf': 'JVBERi0='}, raw=True)",
    "jpeg": "display({'image/jpeg': '/9j/4AAQ'}, raw=True)",
    "unknown": "display({'x/\"><script>alert(1)</script>': 'a', 'text/x-\\x1b]8;;': 'b'}, raw=True)",
    "no_png": "display({'image/png': 'AAAA'}, metadata={'image/png': {'width': '1 onerror=alert(1)'}}, raw=True)",
    "isolated": "display({'text/html': '<b>a</b>'}, metadata={'text/html': {'isolated': True}}, raw=True)",
    "not_text": "display({'text/plain': ['a', {'b': 1}], 'text/html': 3, 'text/latex': None}, raw=True)",
    "osc_8": "print('\\x1b]8;;javascript:alert(1)\\x07click\\x1b]8;;\\x07')",
    "error_name": (
        "raise type('A\\x1b]8;;javascript:alert(1)\\x07<script>' + 'B' * 10**6, (Exception,), {})('\\x1b]0;t\\x07')"
    ),
    "long_error": "raise ValueError('x' * (30 << 20))",
    "half_characters": "display({'text/plain': '\\ud800', 'text/html': '\\udfff'}, raw=True); print('\\ud83d')",
}
BOMBS = {
    "pixels": png(60_000, 60_000),
    "two_heads": png(1, 1, _chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0))),
    "behind_the_end": png() + b"<script>alert(1)</script>",
    "other_chunk": png(1, 1, _chunk(b"EVIL", b"x")),
}


def register(add: Callable[..., None], careless: Callable[..., None], full: dict) -> None:
    """Add all kinds.

    Args:
        add: `hostile.changed`.
        careless: `hostile.careless`.
        full: points of every exercise, for kinds that may lose any of them.
    """
    some = {name: (0, most) for name, most in full.items()}
    _floods(add, careless, some)
    _forged(add, careless, some)
    for name, text in SHOWN.items():
        careless(f"shows_{name}", "smuggled", "what may not be shown is left out with a word", text)
    for name, data in BOMBS.items():
        picture = base64.b64encode(data).decode()
        show = f"display({{'image/png': {picture!r}}}, raw=True)"
        careless(
            f"shows_png_{name}", "smuggled", "a PNG picture is one, of sane size, and nothing more", show, flagged="yes"
        )
        add(
            f"attached_png_{name}",
            "smuggled",
            "the same attached to a cell",
            _attached({"a.png": {"image/png": picture}}),
        )
    others = {
        "a.svg": {"image/svg+xml": "PHN2Zy8+"},
        '" onerror="x.png': {"image/png": base64.b64encode(png()).decode()},
    }
    add("attached_others", "smuggled", "what is no PNG picture, or has such a name", _attached(others))
    add(
        "attached_nonsense",
        "smuggled",
        "attachments that are none",
        _attached({"a": 3, "b": {}, "c": {"image/png": [1]}}),
    )


def _floods(add: Callable[..., None], careless: Callable[..., None], some: dict) -> None:
    why = "memory stays bounded, and the class goes on"
    add("flood_30_cells", "flood", why, _cells(FLOOD, 30, LIFT), points=some, flagged="yes")
    add("flood_brackets", "flood", why, _cells("1", 30, LIFT + BRACKETS), points=some, flagged="yes")
    add("flood_without_lifting", "flood", why, _cells(FLOOD, 5))
    lines = "display({'text/plain': 'a\\n' * 600_000}, raw=True)"
    add("flood_of_lines", "flood", why, _cells(lines, 30, LIFT), flagged="yes")
    add("flood_of_pages", "flood", why, _cells("display({'text/html': 'a\\n' * 500_000}, raw=True)", 30, LIFT))
    add("flood_of_outputs", "flood", why, _cells("for i in range(1000): display(i)", 40, LIFT), flagged="yes")
    add("flood_of_wide_text", "flood", why, _cells("print('\U0001f600' + 'x' * 1_000_000)", 30, LIFT))
    nested = "import sys\nsys.setrecursionlimit(20_000)\nx = 1\nfor i in range(900): x = [x]\n"
    nested += "display({'application/json': x}, raw=True)"
    careless("nested_900", "flood", "a display nested 900 deep is no fault of the grader", nested, flagged="yes")
    pictures = {
        f"{i}.png": {"image/png": base64.b64encode(png(1, 1, _chunk(b"teXt", b"x" * 700_000))).decode()}
        for i in range(40)
    }
    add("flood_attached", "flood", why, _attached(pictures))


def _forged(add: Callable[..., None], careless: Callable[..., None], some: dict) -> None:
    why = "a frame that no kernel of ours sends"
    parts = {
        "brackets": "[b'[' + b'[],' * 600_000 + b'[]]']",
        "texts": "[b'[' + b'\"ab\",' * 350_000 + b'1]']",
        "depth": "[b'[' * 1_000_000]",
        "digits": "[b'{\"output_type\": ' + b'9' * 1_000_000 + b'}']",
        "no_utf8": "[b'\\xff\\xfe' * 1000, '{}'.encode('utf-16')]",
        "many": "[b'{}'] * 10_000",
        "metadata": (
            """[json.dumps({"output_type": "display_data", "data": {"text/html": "a"}, "metadata":"""
            """ {"image/png": {"width": "1 onerror=x", "height": [1] * 1000}, "isolated": True}}).encode()]"""
        ),
    }
    for name, text in parts.items():
        flagged = "any" if name == "metadata" else "yes"
        careless(f"parts_{name}", "smuggled", why, ANSWER.replace("PARTS", text), points=some, flagged=flagged)
    sizes = "_kernel._cell = lambda shell, request: ({'status': 'ok', 'sizes': [-1, 1 << 70, 'a', None, True]}, b'x')"
    careless("sizes_of_nonsense", "smuggled", why, ANSWER.replace("PARTS", "[]") + sizes, points=some, flagged="yes")
    careless("answers_stale", "flood", "99 large answers to questions that were not asked", STALE, points=some)
    answers = {
        "brackets": ("b'[' + b'[],' * (2 << 20) + b'[]]'", "b''"),
        "arrays": (
            "b'[\"l\"' + b',[\"a\",\"<f8\",[0],0]' * 300_000 + b']'",
            "b'x' * (31 << 20)",
        ),
        "too_large": ("b'[' * (30 << 20)", "b'x' * (30 << 20)"),
        "depth": ("b'[\"l\",' * 1_000_000", "b''"),
        "claims": ('b\'["l",["a","<f8",[1099511627776],8]]\'', "b'x' * 8"),
    }
    for name, (seen, raw) in answers.items():
        text = CALL.replace("SEEN", seen).replace("RAW", raw)
        nothing = dict.fromkeys(some, 0)
        careless(f"seen_{name}", "flood", "an answer that is none earns nothing", text, points=nothing, flagged="yes")
