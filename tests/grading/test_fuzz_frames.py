"""Frames that no kernel sends, through customs, judge and book: no exception, no point, no end of time or memory.

`BPKIT_FUZZ_SECONDS` says how long all of it may take: 20 s by default, five minutes in `make scale`. Frames are made in
two ways: by hypothesis, and from real ones whose bytes are changed.
"""

import itertools
import json
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bpgrade import customs, judge, restore, work
from bpgrade.book import Book
from bpgrade.records import Outcome, Record, load
from bpgrade.run import test_outputs as outputs_of_check
from bpgrade.wall import wire
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from bpkit.checking import Verdict, run
from bpkit.exercises import find
from tests.grading.hostile_output import png
from tests.notebooks import ROOT

SECONDS = float(os.environ.get("BPKIT_FUZZ_SECONDS", "20"))
FIRST = int(os.environ.get("BPKIT_FUZZ_SEED", "0")) or (time.time_ns() % 10**9 if SECONDS > 60 else 0)
LESSON, NOTEBOOK = "02_two_layer_network", "two_layer_network"
EXERCISES = ("relu", "dense_backward", "two_layer_forward", "cheatsheet_gradients")
SLOWEST, MORE = 10.0, 400 << 10  # seconds for one frame on a busy machine; KB of memory above that at the beginning
CELLS = (
    "print('a' * 300); import sys; print('é \\x1b[31mred', file=sys.stderr)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
    "1 / 0",
    "display({'text/html': '<b>a</b>', 'image/svg+xml': '<svg/>', 'application/json': [{'a': [1]}]}, raw=True)\n'x' * 50",
    "from IPython.display import Markdown, Math\ndisplay(Markdown('# a'), Math('x^2'))",
)


@pytest.fixture(scope="module", autouse=True)
def memory():
    """The whole file keeps within its memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MORE


@pytest.fixture(scope="module")
def frames():
    """What a real kernel answers: its frames as they cross the wall, by kind of question."""
    lesson = restore.official(ROOT / "lessons" / LESSON / f"{NOTEBOOK}.ipynb")
    found: dict[str, list[bytes]] = {"cell": []}
    with pytest.MonkeyPatch.context() as patch:
        parts = bytearray()
        real = wire._exactly

        def noted(channel, size, deadline):
            data = real(channel, size, deadline)
            parts.extend(data)
            return data

        zygote = work.workshop.zygote(lesson, work.Rules(0))
        solved = [find(name) for name in EXERCISES]
        with zygote.kernel() as kernel:
            patch.setattr(wire, "_exactly", noted)
            for source in CELLS:
                parts.clear()
                kernel.request({"op": "cell", "source": source}, b"", 60.0)
                found["cell"].append(bytes(parts))
    work.workshop.close()
    for exercise in solved:
        seen = [run(exercise.reference, case) for case in judge._cases(exercise.name, 1)]
        message, arrays = wire.encode(seen)
        text = json.dumps(message).encode()
        reply = {"id": "0" * 16, "status": "ok", "seen": len(text)}
        found[exercise.name] = [wire.pack(reply, text + arrays)]
    return found


def rounds(share):
    """Numbers for as long as this part of the time lasts."""
    ends = time.monotonic() + SECONDS * share
    for number in itertools.count(FIRST):
        if time.monotonic() > ends:
            print(f"{number - FIRST} rounds from {FIRST}")
            assert number > FIRST
            return
        yield number


# ---------------------------------------------------------------- what has to hold


def received(frame, most):
    """A frame as the trusted side reads it, or None if the protocol refuses it."""
    ours, theirs = socket.socketpair()
    with ours:
        sender = threading.Thread(target=_sent, args=(theirs, frame))
        sender.start()
        try:
            return wire.receive(ours, time.monotonic() + SLOWEST, wire.ENVELOPE, most)
        except (wire.WireError, EOFError):
            return None
        finally:
            ours.close()
            sender.join()


def _sent(channel, frame):
    with channel:
        try:
            channel.sendall(frame)
        except OSError:
            return


def cleared(reply, data):
    """The outputs that customs makes of an answer; whatever it was, a notebook can hold them."""
    begun, room = time.monotonic(), customs.Room()
    found = customs.outputs(reply, data, room) if type(reply) is dict else []
    assert time.monotonic() - begun < SLOWEST
    assert len(found) <= customs.MOST_OUTPUTS + 1
    for output in found:
        text = json.dumps(output, ensure_ascii=False)
        text.encode()
        assert "\x1b]" not in "".join(map(str, output.values()))
        assert set(output.get("data", {})) <= {*customs.TEXTS, "text/html", "image/png"}
        sizes = output.get("metadata", {}).get("image/png", {})
        assert set(output.get("metadata", {})) <= {"image/png"}
        assert all(type(size) is int for size in sizes.values())
        assert "image/png" not in output.get("data", {}) or customs.is_png(output["data"]["image/png"])
    assert sum(len(json.dumps(output, ensure_ascii=False).encode()) for output in found) < 2 * customs.MOST_CELL
    return found


def decided(name, reply, data):
    """The verdict on an answer, None if it is none; *right* only if it holds the numbers that are right."""
    if type(reply) is not dict or reply.get("status") != "ok":
        return None
    begun = time.monotonic()
    try:
        verdict = judge.decide(name, 1, reply.get("seen"), data)
    except wire.WireError:
        return None
    finally:
        assert time.monotonic() - begun < SLOWEST
    if verdict.outcome == "right":
        exercise, size = find(name), reply["seen"]
        cases = judge._cases(name, 1)
        seen = wire.observations(wire.loads(data[:size]), data[size:], len(cases))
        for case, one in zip(cases, seen, strict=True):
            assert one.failure is None
            expected = numbers(run(exercise.reference, case).value)
            assert np.allclose(numbers(one.value), expected, rtol=1e-2, atol=1e-6), "right without being right"
    return verdict


def numbers(value):
    """All numbers in a value, one after the other."""
    if isinstance(value, dict):
        return np.concatenate([numbers(value[key]) for key in sorted(value)])
    if isinstance(value, (list, tuple)):
        return np.concatenate([numbers(entry) for entry in value])
    return np.ravel(np.asarray(value, float))


class Shelf:
    """A gradebook that everything is written into, and that can still be read."""

    def __init__(self, out: Path) -> None:
        self.out, release = out, ROOT / "lessons" / LESSON / f"{NOTEBOOK}.ipynb"
        self.lesson = restore.official(release)
        with Book(out) as book:
            book.enter_lesson(release)

    def write(self, outputs, verdict):
        """One hand-in with these outputs and this verdict, written and read again."""
        cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "execution_count": 1, "outputs": outputs}
        cells = [cell]
        if verdict is not None:
            shown = outputs_of_check(verdict, verdict.score, 1.0)
            cells.append({**cell, "id": "b", "outputs": shown})
        text = work.as_text({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        nbformat.validate(nbformat.reads(text, as_version=4))
        outcomes = ()
        if verdict is not None:
            mark = f"check_{verdict.exercise}"
            outcomes = (
                Outcome(verdict.exercise, mark, verdict.score, 1.0, verdict.outcome, verdict.mistake, verdict.message),
            )
        record = Record("fuzz", LESSON, NOTEBOOK, outcomes=outcomes, isolation="isolated", digest="x")
        with Book(self.out) as book:
            book.enter_lesson(ROOT / "lessons" / LESSON / f"{NOTEBOOK}.ipynb")
            book.write(record, "run", text)
        (kept,) = load(self.out).records
        assert [outcome.verdict for outcome in kept.outcomes] == [outcome.verdict for outcome in outcomes]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return Shelf(tmp_path_factory.mktemp("fuzz") / "out")


# ---------------------------------------------------------------- real frames, changed

TOKENS = (
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\u0000", b"null", b"true", b"NaN", b"1e999",
    b"-1", b"9" * 400, b"9" * 5000, b"1" * 20, b"\xff", b"\0", b"\x1b]8;;", b"[[[[[[[[", b'"l"', b'"O"', b'"x"', b'"C"',
    b'"G"', b'"R"', b'"M"', b'"a"', b'"F"', b'"<f8"', b'"|O"', b'"image/png"', b'"metadata"', b'"width"', b"sizes",
    b"[" * 1000, b'{"a":' * 100, b"\xf0\x9f\x98\x80",
)  # fmt: skip


def changed(frame, rng):
    """Some bytes of a frame changed; in three cases of four its lengths say what is there."""
    size, _ = wire.HEADER.unpack(frame[: wire.HEADER.size])
    parts = [bytearray(frame[wire.HEADER.size : wire.HEADER.size + size]), bytearray(frame[wire.HEADER.size + size :])]
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        part = parts[rng.random() < 0.7]
        at, to = sorted((rng.randrange(len(part) + 1), rng.randrange(len(part) + 1)))
        to = min(to, at + rng.choice((1, 3, 10, 1000)))
        what = rng.randrange(6)
        if what == 0 and part:
            part[min(at, len(part) - 1)] ^= 1 << rng.randrange(8)
        elif what == 1:
            del part[at:to]
        elif what == 2:
            part[at:at] = part[at:to] * rng.choice((1, 2, 50))
        elif what == 3:
            part[at:to] = rng.choice(TOKENS)
        elif what == 4:
            part[at:at] = rng.choice(TOKENS)
        else:
            part[at:to] = rng.randbytes(min(to - at, 16))
    head = [len(parts[0]), len(parts[1])]
    if rng.random() < 0.25:
        head[rng.random() < 0.5] = rng.choice((0, 1, 1 << 20, (1 << 32) - 1, len(parts[0]) + 1))
    return wire.HEADER.pack(*head) + bytes(parts[0]) + bytes(parts[1])


def refitted(frame, rng):
    """Only the answer's content changed, and the envelope made to fit: so that it is read to the end."""
    size, _ = wire.HEADER.unpack(frame[: wire.HEADER.size])
    envelope = json.loads(frame[wire.HEADER.size : wire.HEADER.size + size])
    data = frame[wire.HEADER.size + size :]
    inner = wire.HEADER.pack(0, len(data)) + data
    new = changed(inner, rng)[wire.HEADER.size :]
    grown = len(new) - len(data)
    if envelope.get("sizes"):
        envelope["sizes"][-1] += grown
    elif "seen" in envelope and rng.random() < 0.8:
        envelope["seen"] += grown
    return wire.pack(envelope, new)


def test_real_frames_with_changed_bytes(frames, shelf):
    names = [name for name in frames for _ in range(2 if name == "cell" else 1)]
    count = outputs_kept = answers = 0
    for number in rounds(0.55):
        rng = random.Random(number)
        outputs, verdict = [], None
        for _ in range(40):
            name = rng.choice(names)
            frame = rng.choice((changed, refitted))(rng.choice(frames[name]), rng)
            heard = received(frame, wire.ANSWERS["cell" if name == "cell" else "call"])
            count += 1
            if heard is not None and name == "cell":
                outputs += cleared(*heard)
            elif heard is not None:
                verdict = (found := decided(name, *heard)) or verdict
                answers += found is not None
        outputs_kept += len(outputs)
        for entry in outputs:
            if entry["output_type"] == "execute_result":
                entry["execution_count"] = 1
        shelf.write(outputs, verdict)
    print(f"{count} frames, {outputs_kept} outputs kept, {answers} answers judged")
    assert outputs_kept
    assert answers


def test_who_asks_may_go_before_the_answer():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"op": "ask", "exercise": EXERCISES[0], "seed": "1"})
        ours.close()
        code = f"from bpgrade.judge import serve; serve({theirs.fileno()})"
        done = subprocess.run(
            [sys.executable, "-c", code], pass_fds=[theirs.fileno()], capture_output=True, check=False
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_real_frames_as_they_are(frames):
    """The corpus is what it is said to be: everything passes, and references are right."""
    for frame in frames["cell"]:
        reply, data = received(frame, wire.ANSWERS["cell"])
        assert len(cleared(reply, data)) == len(reply["sizes"]) > 0
    for name in EXERCISES:
        verdict = decided(name, *received(frames[name][0], wire.ANSWERS["call"]))
        assert isinstance(verdict, Verdict)
        assert verdict.outcome == "right"


# ---------------------------------------------------------------- frames that hypothesis thinks of

WORDS = st.sampled_from(
    ("output_type", "stream", "name", "stdout", "text", "error", "ename", "evalue", "traceback", "display_data", "data",
     "metadata", "execute_result", "text/plain", "text/html", "image/png", "image/svg+xml", "text/latex", "width", "height",
     "isolated", "\x1b]8;;a\x07", "<script>", "\ud800", png().decode("latin-1"))
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)
BUNDLE = st.dictionaries(WORDS, JSON, max_size=6)
OUTPUT = st.one_of(
    JSON,
    st.fixed_dictionaries({"output_type": st.just("stream"), "name": WORDS | st.just("stderr"), "text": JSON}),
    st.fixed_dictionaries({"output_type": st.just("error"), "ename": LEAVES, "evalue": LEAVES, "traceback": JSON}),
    st.fixed_dictionaries({"output_type": st.just("display_data"), "data": BUNDLE, "metadata": BUNDLE | JSON}),
    st.fixed_dictionaries({"output_type": st.just("execute_result"), "data": BUNDLE}),
)
TAGS = st.sampled_from("sagdltcxFOCRMG").map(str)
VALUE = st.recursive(
    LEAVES | TAGS | st.sampled_from(("<f8", "|O", "<c16", ">i2", "cubic")),
    lambda inner: (
        st.lists(inner, max_size=5) | st.tuples(TAGS, inner).map(list) | st.tuples(TAGS, inner, inner).map(list)
    ),
    max_leaves=40,
)


def observation(value):
    """An observation around some value, as JSON."""
    return st.tuples(
        st.just("O"), value, value, st.just(["d"]) | value, st.just(["t"]) | value, st.just(["s", ""]), value
    )


def one_round_of_outputs(number, shelf):
    @seed(number)
    @settings(max_examples=60, database=None, deadline=None)
    @given(items=st.lists(OUTPUT, max_size=5), noise=st.binary(max_size=30), sizes=JSON, fits=st.booleans())
    def outputs(items, noise, sizes, fits):
        parts = [json.dumps(item).encode() for item in items]
        reply = {"sizes": [len(part) for part in parts] if fits else sizes, "cut": fits}
        kept.extend(cleared(reply, b"".join(parts) + noise))

    kept: list = []
    outputs()
    for entry in kept:
        if entry["output_type"] == "execute_result":
            entry["execution_count"] = 1
    shelf.write(kept[:500], None)


def one_round_of_answers(number):
    @seed(number)
    @settings(max_examples=60, database=None, deadline=None)
    @given(
        name=st.sampled_from(EXERCISES),
        value=VALUE,
        more=st.lists(observation(VALUE), max_size=2),
        raw=st.binary(max_size=64),
        size=st.none() | st.integers() | JSON,
    )
    def answers(name, value, more, raw, size):
        count = len(judge._cases(name, 1))
        whole = ["l", *(list(entry) for entry in more), *[["O", value, None, ["d"], ["t"], ["s", ""], None]] * count]
        text = json.dumps(whole[: count + 1]).encode()
        reply = {"status": "ok", "seen": len(text) if size is None else size}
        verdict = decided(name, reply, text + raw)
        assert verdict is None or verdict.outcome != "right"

    answers()


def test_frames_that_hypothesis_thinks_of(shelf):
    for number in rounds(0.35):
        one_round_of_outputs(number, shelf)
        one_round_of_answers(number)
