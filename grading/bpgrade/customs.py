"""The customs office: what came back from behind the wall, or was attached to a cell, before anything is kept of it.

Everything is counted as bytes before it is decoded, decoded within limits, and then only known kinds go on, each in
its plainest form: text, a PNG picture that is one, HTML, Markdown and LaTeX as the text they are, errors. HTML and
Markdown stay as they were written: the pages that show them pass them through a sieve. Pure functions; what they leave
out is said in its place, and noted in a `Room` if no kernel of ours would have sent it.
"""

from __future__ import annotations

import binascii
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from bpgrade.wall import wire

MOST_TEXT = 1 << 20  # bytes of one text
MOST_CELL = wire.MOST_SHOWN  # bytes of one cell's outputs, or of the pictures attached to it
MOST_HAND_IN = 16 << 20
MOST_OUTPUTS = wire.MOST_OUTPUTS  # of a cell
MOST_OUTPUTS_HAND_IN = 5_000
MOST_LINES = 200_000  # of a hand-in: each costs some 200 bytes while the notebook is written
MOST_NESTING = 20
MOST_ENTRIES = 100_000
MOST_KINDS = 20
MOST_SIDE, MOST_PIXELS = 16_384, 25_000_000
MOST_WIDTH = 10_000  # pixels on the page
MOST_NAME, MOST_MESSAGE = 200, 1 << 18

PICTURE = "image/png"
TEXTS = ("text/plain", "text/markdown", "text/latex")  # cut where they are too long; others are dropped as a whole
CUT = "\n[the rest of the output is left out]\n"
CELL_CUT = "[more output than is kept of one cell: the rest is left out]\n"
HAND_IN_CUT = "[more output than is kept of one notebook: the rest is left out]\n"
UNREADABLE = "[an output that could not be read is left out]\n"


@dataclass
class Room:
    """How much of a hand-in may still be kept, and what was not as a kernel of ours sends it.

    Attributes:
        left: bytes.
        lines: lines of text.
        outputs: how many outputs.
        odd: sentences for the instructor.
    """

    left: int = MOST_HAND_IN
    lines: int = MOST_LINES
    outputs: int = MOST_OUTPUTS_HAND_IN
    odd: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Keep a sentence, once."""
        if sentence not in self.odd and len(self.odd) < 20:
            self.odd.append(sentence)

    def take(self, size: int) -> bool:
        """Make use of some bytes for one output; False if there is no room for it."""
        if size > self.left or self.outputs <= 0:
            self.note(f"It put out more than {MOST_HAND_IN >> 20} MB, or {MOST_OUTPUTS_HAND_IN} outputs.")
            return False
        self.left, self.outputs = self.left - size, self.outputs - 1
        return True


# ------------------------------------------------------------------------------------------------ JSON


def load(data: bytes, most_entries: int = MOST_ENTRIES, most_nesting: int = MOST_NESTING) -> Any:
    """Decode JSON whose entries and depth have been counted before.

    Raises:
        WireError: it is no JSON, or has more entries, or is nested deeper.
    Example:
        >>> load(b'{"a": [1, "[[[["]}')
        {'a': [1, '[[[[']}
    """
    marks = data.translate(None, _LETTERS)
    if marks.count(b'"') > 4 * most_entries:
        raise wire.WireError("too many texts")
    bare = b"".join(marks.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    opened = bare.count(b"[") + bare.count(b"{")
    if opened + bare.count(b",") > most_entries:
        raise wire.WireError("too many entries")
    if opened > most_nesting and _depth(bare) > most_nesting:
        raise wire.WireError("nested too deeply")
    return wire.loads(data, mend=rb"\u" in marks)


# What a picture is made of, but for what may follow a backslash: without it there is little left to look through.
_LETTERS = bytes(set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=") - set(b"bfnrtu"))


def _depth(bare: bytes) -> int:
    """How deep the brackets of a JSON text without its strings go."""
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", bare):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


# ------------------------------------------------------------------------------------------------ outputs


def outputs(reply: dict[str, Any], data: bytes, room: Room) -> list[dict[str, Any]]:
    """The outputs of a cell as a notebook may hold them.

    Args:
        reply: what a kernel answered: `sizes`, the bytes of each output, and whether it has `cut` some off itself.
        data: the outputs, each a JSON text, one behind the other.
        room: of the hand-in; it gets smaller.
    """
    found: list[dict[str, Any]] = []
    sizes, place, left = reply.get("sizes"), 0, MOST_CELL
    for size in sizes if type(sizes) is list else []:
        if type(size) is not int or not 0 < size <= len(data) - place:
            room.note("It did not say how long its outputs are.")
            break
        if len(found) >= MOST_OUTPUTS or size > left:
            room.note("A cell sent more output than its kernel lets through.")
            return [*found, _stream(CELL_CUT)]
        if not room.take(size):
            return [*found, _stream(HAND_IN_CUT)]
        found.append(_read(data[place : place + size], room))
        place, left = place + size, left - size
    return [*found, _stream(CELL_CUT)] if reply.get("cut") is True else found


def _read(part: bytes, room: Room) -> dict[str, Any]:
    try:
        item = load(part)
    except wire.WireError as error:
        room.note(f"An output could not be read: {error}.")
        return _stream(UNREADABLE)
    if (found := output(item, room)) is None:
        room.note("An output was none that a notebook could hold.")
        return _stream(UNREADABLE)
    return found


def output(item: Any, room: Room) -> dict[str, Any] | None:
    """What may be kept of one output, already decoded, or None if no notebook could hold it."""
    if type(item) is not dict:
        return None
    kind = item.get("output_type")
    if kind == "stream" and item.get("name") in ("stdout", "stderr") and type(item.get("text")) is str:
        return _stream(_cut(printable(item["text"]), MOST_TEXT, room), item["name"])
    if kind == "error" and type(item.get("ename")) is str and type(item.get("evalue")) is str:
        return _error(item, room)
    if kind in ("display_data", "execute_result") and type(item.get("data")) is dict:
        count = {"execution_count": None} if kind == "execute_result" else {}
        data = _bundle(item["data"], room)
        return {"output_type": kind, "data": data, "metadata": _sizes(data, item.get("metadata")), **count}
    return None


def _stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def _error(item: dict[str, Any], room: Room) -> dict[str, Any] | None:
    lines = item.get("traceback")
    if type(lines) is not list or any(type(line) is not str for line in lines):
        return None
    name = " ".join(_cut(coloured(item["ename"]), MOST_NAME, room).split())
    return {
        "output_type": "error",
        "ename": name,
        "evalue": _cut(coloured(item["evalue"]), MOST_MESSAGE, room),
        "traceback": [_cut(coloured(line), MOST_MESSAGE, room) for line in lines[: max(room.lines, 0)]],
    }


def _bundle(data: dict[str, Any], room: Room) -> dict[str, str]:
    """What may be shown of a display, by kind, and a word in place of the rest."""
    kept, dropped = {}, []
    for kind, value in list(data.items())[:MOST_KINDS]:
        if (text := _shown(kind, value, room)) is None:
            dropped.append(kind if re.fullmatch(r"[\w.+-]{1,40}/[\w.+-]{1,60}", kind) else "something unknown")
        else:
            kept[kind] = text
    if dropped or len(data) > MOST_KINDS:
        word = f"[left out: {', '.join(dropped)}]"
        kept["text/plain"] = f"{kept['text/plain']}\n{word}" if kept.get("text/plain") else word
    return kept


def _shown(kind: str, value: Any, room: Room) -> str | None:
    if type(value) is not str:
        return None
    if kind in TEXTS:
        return _cut(printable(value), MOST_TEXT, room)
    if kind == "text/html":
        lines, size = value.count("\n"), len(value.encode())
        room.lines -= lines
        return printable(value) if size <= MOST_TEXT and room.lines >= 0 else None
    if kind == PICTURE and is_png(value):
        return value
    if kind == PICTURE:
        room.note("It called something a PNG picture that is none, or too large.")
    return None


def _sizes(data: dict[str, str], metadata: Any) -> dict[str, Any]:
    """Of all that a display says beside its data: how wide and high a picture is to be shown."""
    said = metadata.get(PICTURE) if type(metadata) is dict and PICTURE in data else None
    if type(said) is not dict:
        return {}
    sizes = {side: said[side] for side in ("width", "height") if side in said}
    sizes = {side: size for side, size in sizes.items() if type(size) is int and 0 < size <= MOST_WIDTH}
    return {PICTURE: sizes} if sizes else {}


# ------------------------------------------------------------------------------------------------ text

_COMMAND = re.compile(r"\x1b[\]PX^_][^\x07\x1b\n]*+(?:\x07|\x1b\\)?")  # such as OSC 8, a link with any address
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Text without what only commands a terminal: links, titles, other control characters; it may move the cursor."""
    return _plain(text, _SEQUENCE)


def coloured(text: str) -> str:
    """Text with colours as the only sequences for a terminal.

    Example:
        >>> coloured("\\x1b[31mred\\x1b[0m \\x1b]8;;https://example.org\\x07link\\x1b]8;;\\x07 \\x1b[2J")
        '\\x1b[31mred\\x1b[0m link '
    """
    return _plain(text, _COLOUR)


def _plain(text: str, allowed: re.Pattern[str]) -> str:
    if not _CONTROL.search(text) and "\x1b" not in text:
        return text
    text = _CONTROL.sub("", _COMMAND.sub("", text))
    if "\x1b" not in text:
        return text
    kept = allowed.findall(text)
    parts = [_SEQUENCE.sub("", part).replace("\x1b", "") for part in allowed.split(text)]
    return "".join(part for pair in zip(parts, [*kept, ""], strict=True) for part in pair)


def _cut(text: str, most: int, room: Room) -> str:
    """A text within its limits, the rest cut with a sentence."""
    lines = text.count("\n")
    if lines > room.lines:
        room.note(f"It put out more than {MOST_LINES} lines.")
        text = "".join(text.splitlines(keepends=True)[: max(room.lines, 0)]) + CUT
    room.lines -= lines + 1
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore") + CUT


# ------------------------------------------------------------------------------------------------ pictures

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by type of colour


def is_png(text: str) -> bool:
    """Whether a text is base64 of a PNG picture of sane size, chunk after chunk to its end, and nothing else.

    Only the chunks' heads are decoded. What stands in them is left to the browser, which shows no broken picture.

    Source: the order of chunks and the allowed depths are those of the PNG specification, third edition, W3C 2025.
    """
    code = text.replace("\n", "")
    if len(text) > MOST_TEXT or len(code) % 4 or not code.isascii():
        return False
    padding = len(code) - len(code.rstrip("="))
    if padding > 2 or code.encode().translate(None, _BASE64) != b"=" * padding:
        return False
    return _decoded(code, 0, 8) == SIGNATURE and _chunks_are_sound(code, len(code) // 4 * 3 - padding)


def _decoded(code: str, start: int, size: int) -> bytes:
    """Some of the bytes that a base64 text stands for."""
    first = start // 3
    return binascii.a2b_base64(code[4 * first : 4 * ((start + size + 2) // 3)])[start - 3 * first :][:size]


def _chunks_are_sound(code: str, end: int) -> bool:
    """Whether chunks follow each other: a header first, a palette at most, picture data, an end and nothing more."""
    names: list[bytes] = []
    place = len(SIGNATURE)
    while place + 12 <= end and names[-1:] != [b"IEND"]:
        size, name = struct.unpack(">I4s", _decoded(code, place, 8))
        if size > end - place - 12 or not name.isalpha() or len(names) > 10_000:
            return False
        if not names and not _header_is_sound(name, _decoded(code, place + 8, min(size, 14))):
            return False
        names.append(name)
        place += 12 + size
    critical = [name for name in names if name[:1].isupper() and name != b"IDAT"]
    once = critical in ([b"IHDR", b"IEND"], [b"IHDR", b"PLTE", b"IEND"])
    return place == end and once and b"IDAT" in names


def _header_is_sound(name: bytes, data: bytes) -> bool:
    if name != b"IHDR" or len(data) != 13:
        return False
    width, height, depth, colour, compression, filters, interlace = struct.unpack(">IIBBBBB", data)
    sane = 0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS
    return sane and depth in _DEPTHS.get(colour, ()) and (compression, filters) == (0, 0) and interlace in (0, 1)


def attachments(given: Any, room: Room) -> tuple[dict[str, dict[str, str]], int]:
    """The pictures attached to a Markdown cell that may stay, and how many may not.

    Args:
        given: the cell's `attachments`, whatever it is.
        room: of the hand-in; it gets smaller.
    """
    if type(given) is not dict or not given:
        return {}, 0
    kept: dict[str, dict[str, str]] = {}
    left = MOST_CELL
    for name, bundle in given.items():
        data = bundle.get(PICTURE) if type(bundle) is dict else None
        size = len(data) if type(data) is str else 0
        if not re.fullmatch(r"[\w .,()+@-]{1,200}", name) or type(data) is not str or size > min(left, room.left):
            continue
        if is_png(data):
            kept[name] = {PICTURE: data}
            left, room.left = left - size, room.left - size
    return kept, len(given) - len(kept)


def room(notebook: dict[str, Any]) -> Room:
    """The room that is left for the outputs of a notebook with its attachments."""
    taken = (
        data
        for cell in notebook["cells"]
        for bundle in cell.get("attachments", {}).values()
        for data in bundle.values()
    )
    return Room(MOST_HAND_IN - sum(map(len, taken)))
