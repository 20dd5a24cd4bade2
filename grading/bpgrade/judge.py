"""The judge: a process of its own, the only one that holds references and seeds while hand-ins are graded.

It draws inputs for an exercise, reads what a student's function is said to have made of them, and answers with a
verdict. It never learns whose hand-in it is, and nothing it says reaches the kernel but the inputs.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from bpgrade import customs
from bpgrade.wall import wire
from bpgrade.wall.host import WallError
from bpkit.checking import Case, Verdict, judge
from bpkit.exercises import find

SECONDS = 60.0
MEMORY = 6 << 30
TRIES = 3
MOST_NESTING = 100  # of brackets: a value takes three or so


@lru_cache(maxsize=256)
def _cases(exercise: str, seed: int) -> list[Case]:
    record = find(exercise)
    if record is None:
        raise wire.WireError(f"no exercise is called {exercise!r}")
    return record.cases(seed)


def ask(exercise: str, seed: int) -> tuple[Any, bytes]:
    """The inputs of an exercise, ready to cross the wall."""
    return wire.encode([{"inputs": case.inputs, "before": case.before} for case in _cases(exercise, seed)])


def decide(exercise: str, seed: int, seen: int, raw: bytes) -> Verdict:
    """The verdict on what a kernel says it observed.

    Args:
        exercise, seed: which cases.
        seen: how many bytes of `raw` are JSON; the arrays stand behind them.
        raw: what the kernel sent, as it came.
    Raises:
        wire.WireError: it is not what an observation of these cases can look like.
    """
    record, cases = find(exercise), _cases(exercise, seed)
    assert record is not None
    if type(seen) is not int or not 0 <= seen <= min(len(raw), wire.MOST_SEEN):
        raise wire.WireError("not an answer")
    message = customs.load(raw[:seen], 4 * wire.MOST_ENTRIES, MOST_NESTING)
    observed = wire.observations(message, raw[seen:], len(cases))
    try:
        return judge(record, cases, observed)
    except Exception as error:  # whatever strange thing came back, its author gets a verdict
        raise wire.WireError(f"the result could not be read ({type(error).__name__})") from error


def serve(descriptor: int) -> None:
    """Answer until the other side closes; that it may do at any moment, also while an answer is on its way."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    channel = socket.socket(fileno=descriptor)
    while True:
        try:
            request, raw = wire.receive(channel)
        except EOFError:
            return
        try:
            if request["op"] == "ask":
                message, data = ask(request["exercise"], int(request["seed"]))
            else:
                verdict = decide(request["exercise"], int(request["seed"]), request["seen"], raw)
                message, data = asdict(verdict), b""
        except (wire.WireError, MemoryError, RecursionError) as error:
            message, data = {"refused": str(error)[:200]}, b""
        try:
            wire.send(channel, message, data)
        except ConnectionError:
            return


class Judge:
    """The trusted side's line to a judge, which is started when it is first needed and again if it should end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: dict[tuple[str, int], tuple[Any, bytes]] = {}

    def inputs(self, exercise: str, seed: int) -> tuple[Any, bytes]:
        """What a kernel is to call the function of an exercise with.

        Raises:
            WallError: no judge can be had.
        """
        if (exercise, seed) not in self._asked:
            if len(self._asked) > 100:
                self._asked.clear()
            self._asked[exercise, seed] = self._talk({"op": "ask", "exercise": exercise, "seed": str(seed)}, b"")
        return self._asked[exercise, seed]

    def verdict(self, exercise: str, seed: int, seen: Any, raw: bytes) -> Verdict | None:
        """The verdict on what a kernel answered, or None if that is no answer; `seen` and `raw` as in `decide`."""
        request = {"op": "decide", "exercise": exercise, "seed": str(seed), "seen": seen}
        try:
            message, _ = self._talk(request, raw)
        except (TimeoutError, wire.WireError, WallError):
            self.close()
            return None
        return None if "refused" in message else Verdict(**message)

    def _talk(self, request: dict[str, Any], raw: bytes) -> tuple[Any, bytes]:
        """One question and its answer; a judge that was killed is replaced and asked again."""
        for _ in range(TRIES):
            if self._process is None or self._process.poll() is not None:
                self._start()
            self._channel.settimeout(SECONDS)
            try:
                wire.send(self._channel, request, raw)
                return wire.receive(self._channel, time.monotonic() + SECONDS)
            except TimeoutError:
                raise
            except (OSError, EOFError):
                self.close()
        raise WallError("the judge keeps ending")

    def _start(self) -> None:
        self.close()
        self._channel, theirs = socket.socketpair()
        code = f"from bpgrade.judge import serve; serve({theirs.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()

    def close(self) -> None:
        """End the judge."""
        if self._process is not None:
            self._channel.close()
            self._process.kill()
            self._process.wait()
            self._process = None
