"""What crosses the wall: frames of JSON and raw array bytes, never pickle.

A frame is two lengths, a JSON text and bytes beside it. What a kernel answers stands in these bytes: its JSON text is
an envelope of a few numbers, so that the trusted side knows how much there is before it decodes any of it. `decode`
accepts what `encode` can make and nothing else, within limits, so that the judge may read what a student's process
wrote.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bpkit.checking.given import Curve, Graph, LinearModel, Seeded
from bpkit.checking.observe import Failure, Foreign, Observation

HEADER = struct.Struct(">II")
MOST_JSON = 24 << 20
MOST_SHOWN = 2 << 20  # bytes of a cell's outputs
MOST_OUTPUTS = 400  # of a cell
MOST_SEEN = 8 << 20  # bytes of JSON that say what a function made of all cases
MOST_ARRAYS = 32 << 20  # bytes of the arrays beside it
MOST_BYTES = MOST_SEEN + MOST_ARRAYS
# What a kernel may answer, in bytes: the envelope, and by request what is in it. It keeps to half of that by itself
# for a cell, so a frame that is larger comes from a kernel that is no longer ours.
ENVELOPE = 1 << 16
ANSWERS = {"cell": 2 * MOST_SHOWN, "call": MOST_BYTES}
MOST_NESTING = 12
MOST_ENTRIES = 200_000
MOST_TEXT = 4_000


class WireError(ValueError):
    """What arrived is no frame of this protocol, or is too large."""


class Silence(TimeoutError):
    """Nothing complete arrived in time."""


def pack(message: Any, raw: bytes = b"") -> bytes:
    """One frame: a message that JSON can hold, and raw bytes beside it.

    Raises:
        WireError: it cannot, or the frame is too large.
    """
    try:
        text = json.dumps(message).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("a frame that JSON cannot hold") from error
    if len(text) > MOST_JSON or len(raw) > MOST_BYTES:
        raise WireError(f"a frame of {len(text)} and {len(raw)} bytes is too large")
    return HEADER.pack(len(text), len(raw)) + text + raw


def send(channel: socket.socket, message: Any, raw: bytes = b"") -> None:
    """Write one frame."""
    channel.sendall(pack(message, raw))


def receive(
    channel: socket.socket, deadline: float | None = None, most_json: int = MOST_JSON, most_raw: int = MOST_BYTES
) -> tuple[Any, bytes]:
    """Read one frame.

    Args:
        channel: where from.
        deadline: a time of `time.monotonic`, or None to wait for ever.
        most_json, most_raw: bytes of its two parts.
    Raises:
        EOFError: the other side has closed.
        Silence: the deadline has passed.
        WireError: what arrived is no frame, or too large; nothing of a frame that is too large is read.
    """
    json_size, raw_size = HEADER.unpack(_exactly(channel, HEADER.size, deadline))
    if json_size > most_json or raw_size > most_raw:
        raise WireError(f"a frame of {json_size} and {raw_size} bytes is too large")
    text = _exactly(channel, json_size, deadline)
    raw = _exactly(channel, raw_size, deadline)
    return loads(text), raw


_HALF = re.compile(rb"\\u[dD]")


def loads(text: bytes, mend: bool = True) -> Any:
    """Decode JSON in UTF-8; half a character, which no file could hold, becomes a question mark.

    Args:
        text: the JSON.
        mend: look for half characters; there can be none where nothing is written as \\u….
    Raises:
        WireError: it is something else.
    """
    try:
        message = json.loads(text.decode("utf-8", "replace"))
        if mend and _HALF.search(text):
            message = json.loads(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))
        return message
    except (ValueError, RecursionError) as error:
        raise WireError("a frame does not hold JSON") from error


def _exactly(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    data, place = bytearray(), 0
    while place < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silence
            channel.settimeout(left)
        if place == len(data):  # room is made as it is filled: who announces much and sends little costs little
            data.extend(bytes(min(size - place, 1 << 20)))
        try:
            read = channel.recv_into(memoryview(data)[place:])
        except TimeoutError as error:
            raise Silence from error
        except OSError as error:
            raise EOFError from error
        if not read:
            raise EOFError
        place += read
    return bytes(data)


def encode(value: Any) -> tuple[Any, bytes]:
    """Turn plain values, what a check hands out, and observations into JSON and bytes.

    Raises:
        WireError: the value is too large, too deep, or of a type that does not cross the wall.
    Example:
        >>> encode((1.5, None))
        (['t', 1.5, None], b'')
    """
    raw: list[bytes] = []
    message = _encode(value, raw, 0)
    return message, b"".join(raw)


def _encode(value: Any, raw: list[bytes], depth: int) -> Any:
    if depth > MOST_NESTING:
        raise WireError("nested too deeply")
    if value is None or type(value) in (bool, int, float):
        return value
    if type(value) is str:
        return ["s", value]
    if isinstance(value, (np.ndarray, np.generic)):
        data = np.ascontiguousarray(value).tobytes()
        raw.append(data)
        return ["a" if isinstance(value, np.ndarray) else "g", value.dtype.str, list(value.shape), len(data)]
    if isinstance(value, dict):
        return ["d", *([["s", key], _encode(value[key], raw, depth + 1)] for key in value)]
    for tag, kind, fields in _RECORDS:
        if type(value) is kind:
            return [tag, *(_encode(getattr(value, name), raw, depth + 1) for name in fields)]
    if type(value) in (list, tuple):
        return ["l" if type(value) is list else "t", *(_encode(entry, raw, depth + 1) for entry in value)]
    if type(value) is complex:
        return ["c", value.real, value.imag]
    raise WireError(f"{type(value).__name__} does not cross the wall")


_RECORDS: tuple[tuple[str, type, tuple[str, ...]], ...] = (
    ("x", Foreign, ("kind",)),
    ("F", Failure, ("kind", "text", "function", "line")),
    ("O", Observation, ("value", "failure", "after", "warned", "printed", "before")),
    ("C", Curve, ("kind", "numbers")),
    ("R", Seeded, ("seed",)),
    ("M", LinearModel, ()),
    ("G", Graph, ("values", "parents", "matrices", "stale")),
)


def decode(message: Any, raw: bytes) -> Any:
    """Undo `encode`; what cannot have come from it is refused.

    Raises:
        WireError: the message is not what `encode` makes, or beyond a limit.
    Example:
        >>> decode(*encode({"W1": np.eye(2)}))
        {'W1': array([[1., 0.],
               [0., 1.]])}
    """
    try:
        return _Reader(raw).read(message, 0)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, MemoryError) as error:
        raise error if isinstance(error, WireError) else WireError(str(error)) from error


_DTYPE = re.compile(r"[<>|][biufc][0-9]{1,2}", re.ASCII)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.place, self.entries = memoryview(raw), 0, 0

    def read(self, message: Any, depth: int) -> Any:
        self.entries += 1
        if depth > 2 * MOST_NESTING or self.entries > MOST_ENTRIES:
            raise WireError("too deep or too many entries")
        if message is None or type(message) in (bool, float):
            return message
        if type(message) is int:
            return message if abs(message) < 1 << 63 else float(message)
        if type(message) is not list or not message or type(message[0]) is not str:
            raise WireError("not a value")
        tag, *rest = message
        reader = _READERS.get(tag)
        if reader is None:
            raise WireError(f"no value has the tag {tag[:10]!r}")
        return reader(self, rest, depth + 1)

    def read_text(self, rest: list[Any], depth: int) -> str:
        (text,) = rest
        if type(text) is not str:
            raise WireError("not a text")
        return text[:MOST_TEXT]

    def read_array(self, rest: list[Any], depth: int) -> Any:
        name, shape, size = rest
        # NumPy reads more than names in a name, and what it raises then is not only TypeError.
        if type(name) is not str or not _DTYPE.fullmatch(name):
            raise WireError("not an array")
        dtype = np.dtype(name)
        if type(shape) is not list or len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("not an array")
        if type(size) is not int or size < 0 or self.place + size > len(self.raw):
            raise WireError("an array without its bytes")
        data = self.raw[self.place : self.place + size]
        self.place += size
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def read_scalar(self, rest: list[Any], depth: int) -> Any:
        return self.read_array([rest[0], [], rest[2]], depth)[()]

    def read_dict(self, rest: list[Any], depth: int) -> dict[str, Any]:
        return {self.read(key, depth): self.read(value, depth) for key, value in rest}

    def read_list(self, rest: list[Any], depth: int) -> list[Any]:
        return [self.read(entry, depth) for entry in rest]

    def read_tuple(self, rest: list[Any], depth: int) -> tuple[Any, ...]:
        return tuple(self.read(entry, depth) for entry in rest)

    def read_complex(self, rest: list[Any], depth: int) -> complex:
        real, imag = rest
        return complex(real, imag)


def _record(kind: type, fields: tuple[str, ...]) -> Callable[[_Reader, list[Any], int], Any]:
    def read(reader: _Reader, rest: list[Any], depth: int) -> Any:
        values = [reader.read(entry, depth) for entry in rest]
        return kind(**dict(zip(fields, values, strict=True)))

    return read


_READERS: dict[str, Callable[[_Reader, list[Any], int], Any]] = {
    "s": _Reader.read_text,
    "a": _Reader.read_array,
    "g": _Reader.read_scalar,
    "d": _Reader.read_dict,
    "l": _Reader.read_list,
    "t": _Reader.read_tuple,
    "c": _Reader.read_complex,
    **{tag: _record(kind, fields) for tag, kind, fields in _RECORDS},
}


def observations(message: Any, raw: bytes, count: int) -> list[Observation]:
    """Read what a student's process says it observed: `count` observations, every field of the type it should have.

    Raises:
        WireError: it is anything else.
    """
    seen = decode(message, raw)
    if type(seen) is not list or len(seen) != count:
        raise WireError(f"{count} observations were to come")
    return [_observation(entry) for entry in seen]


def _observation(entry: Any, nested: bool = True) -> Observation:
    if type(entry) is not Observation or type(entry.after) is not dict or type(entry.printed) is not str:
        raise WireError("not an observation")
    failure = entry.failure
    if failure is not None and (
        type(failure) is not Failure or any(type(text) is not str for text in vars(failure).values())
    ):
        raise WireError("not a failure")
    if type(entry.warned) is not tuple or any(type(text) is not str for text in entry.warned):
        raise WireError("not warnings")
    if any(type(key) is not str for key in entry.after):
        raise WireError("not arguments")
    before = None if entry.before is None or not nested else _observation(entry.before, nested=False)
    if failure is not None:
        failure = Failure(failure.kind[:100], failure.text[:500], failure.function[:100], failure.line[:200])
    warned = tuple(text[:200] for text in entry.warned[:20])
    return Observation(_checked(entry.value), failure, entry.after, warned, entry.printed[:2_000], before)


def _checked(value: Any) -> Any:
    """Refuse records where a plain value belongs; a `Foreign` with a strange name gets an ordinary one."""
    if isinstance(value, dict):
        return {key: _checked(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_checked(entry) for entry in value)
    if isinstance(value, Foreign):
        return Foreign(value.kind[:60] if type(value.kind) is str else "object")
    if isinstance(value, (Observation, Failure, Curve, Seeded, LinearModel, Graph)):
        raise WireError("not a plain value")
    return value
