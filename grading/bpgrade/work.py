"""One hand-in graded, from bytes to a record; and what a process needs at hand to grade many.

A `Job` and its `Done` are plain data, so that the work may be done in this process, in another, or on another
machine. Whoever does it writes nothing: the gradebook has one writer.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from multiprocessing import util
from pathlib import Path
from typing import Any

from bpgrade import byhand, customs, flags, restore
from bpgrade.judge import Judge
from bpgrade.records import UNREADABLE, Flag, Outcome, Record
from bpgrade.run import Limits, Runner, exercise_of
from bpgrade.wall import sealed
from bpgrade.wall.host import ISOLATED, LEVELS, Died, Kernel, WallError, Zygote

TRIES = 3
REFUSAL = (
    "This machine cannot keep students' code apart from your files ({why}); "
    "nothing was graded. On Linux with namespaces it can; --no-isolation grades all the same, at your risk."
)


class Refusal(RuntimeError):
    """Grading others' work without isolation was not asked for."""


@dataclass(frozen=True)
class Rules:
    """What holds for every hand-in of a run.

    Attributes:
        seed: of the hidden inputs.
        level: which isolation to use, one of `wall.host.LEVELS`.
        limits: how long things may take.
    """

    seed: int
    level: str = ISOLATED
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Job:
    """One hand-in to grade.

    Attributes:
        record: whose it is, with nothing found yet.
        content: the bytes handed in.
        release: the released notebook, as text.
        rules: what holds for the run.
        problem: "" or why there are no bytes to read.
    """

    record: Record
    content: bytes = field(repr=False)
    release: str = field(repr=False)
    rules: Rules
    problem: str = ""


@dataclass(frozen=True)
class Done:
    """A record, the graded notebook as text (None for a broken hand-in), and what it cost.

    `fault` says that the grader itself failed, and how; such a record is made anew by the next run.
    """

    record: Record
    notebook: str | None
    seconds: float
    fault: str = ""


def digest(content: bytes, release: str) -> str:
    """A fingerprint of a hand-in together with the lesson it is graded by."""
    return hashlib.sha256(content + hashlib.sha256(release.encode()).digest()).hexdigest()


@lru_cache(maxsize=16)
def official(assignment: str, name: str, release: str) -> restore.Official:
    """A released lesson, from its text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / assignment / f"{name}.ipynb"
        path.parent.mkdir()
        path.write_text(release, encoding="utf-8")
        return restore.official(path)


def grade(job: Job) -> Done:
    """Grade one hand-in. Whatever is in it, a record comes back.

    Raises:
        WallError: no kernel can be had.
    """
    with _one_at_a_time:
        try:
            return _grade(job)
        except WallError:
            raise
        except Exception as error:  # one hand-in must not stop the class, whatever we did not think of
            return failed(job.record, job.release, error)


def failed(record: Record, release: str, error: Exception) -> Done:
    """What stands in the book where the grader itself failed: no points, and who is to blame."""
    lesson, what = official(record.assignment, record.notebook, release), f"{type(error).__name__}: {error}"
    reason = "The grader itself failed on this hand-in, and its author is not to blame: it has to be graded again."
    kept = replace(record, digest="", flags=(Flag("grader-fault", ascii(what)[:300]),))
    return Done(broken_record(kept, lesson, reason), None, 0.0, ascii(what)[:300])


KILLED = (
    "This notebook could not be graded: whenever it was run, the program that grades came to its end, twice in a row. "
    "Does a cell use up the memory, or show or return something very large? Mend that and hand it in again."
)


def killer(job: Job) -> Done:
    """What stands in the book for a hand-in that has killed its worker again and again: no points, and why."""
    lesson = official(job.record.assignment, job.record.notebook, job.release)
    found = Flag(
        "killed-the-grader", "The process that graded this hand-in was killed twice, with nothing else at work."
    )
    kept = replace(job.record, flags=(*job.record.flags, found))
    return Done(broken_record(kept, lesson, KILLED), None, 0.0)


def _grade(job: Job) -> Done:
    start, lesson = time.perf_counter(), official(job.record.assignment, job.record.notebook, job.release)
    try:
        if job.problem:
            raise restore.Broken(job.problem)
        notebook, repairs = restore.read(job.content)
        notebook, restored, found = restore.restore(notebook, lesson)
    except restore.Broken as broken:
        return Done(broken_record(job.record, lesson, broken.reason), None, time.perf_counter() - start)
    found += flags.flags(notebook, lesson)
    outcomes, odd = run(notebook, lesson, job.rules)
    record = replace(
        job.record,
        outcomes=outcomes,
        flags=job.record.flags + found + odd,
        repairs=job.record.repairs + repairs + restored,
        isolation=job.rules.level,
    )
    return Done(record, as_text(notebook), time.perf_counter() - start)


def broken_record(record: Record, lesson: restore.Official, reason: str) -> Record:
    """The record of a hand-in that cannot be read: 0 for everything, with the reason."""
    cells = [(exercise_of(cell), cell["metadata"].get("nbgrader", {})) for cell in lesson.cells]
    outcomes = tuple(
        Outcome(exercise, marks["grade_id"], 0.0, float(marks["points"]), UNREADABLE, None, reason)
        for exercise, marks in cells
        if exercise is not None
    ) + byhand.unreadable(lesson, reason)
    return replace(record, status="broken", reason=reason, outcomes=outcomes)


def _odd(outcomes: tuple[Outcome, ...], room: customs.Room) -> tuple[Flag, ...]:
    """Flags for what no honest notebook brings about."""
    says = "No answer that can be judged came out of the notebook: was Python itself changed in it?"
    unanswered = tuple(Flag("no-record", says, o.exercise) for o in outcomes if o.verdict == "no_record")
    return unanswered + tuple(Flag("strange-output", sentence) for sentence in room.odd)


def run(
    notebook: dict[str, Any], lesson: restore.Official, rules: Rules
) -> tuple[tuple[Outcome, ...], tuple[Flag, ...]]:
    """Run a hand-in, write outputs into its cells, and return the outcomes and what was odd about it.

    A zygote that was killed from outside is replaced and the hand-in begun again.
    """
    why = WallError("the process that kernels are forked from keeps ending")
    for _ in range(TRIES):
        try:
            zygote = workshop.zygote(lesson, rules)
            runner = Runner(zygote, workshop.judge, rules.seed, rules.limits, customs.room(notebook))
            outcomes = runner.run(notebook)
            if zygote.alive:
                return outcomes + byhand.outcomes(notebook, lesson), _odd(outcomes, runner.room)
        except WallError as error:
            why = error
        workshop.close()
    raise why


def as_text(notebook: dict[str, Any]) -> str:
    """The graded notebook as nbgrader writes it, long outputs cut."""
    import nbformat
    from nbgrader.preprocessors import LimitOutput

    node, _ = LimitOutput().preprocess(nbformat.from_dict(notebook), {})
    return str(nbformat.v4.writes(node))


class Workshop:
    """What one process keeps between hand-ins: a judge, and the zygotes of the last lessons."""

    def __init__(self) -> None:
        self.judge = Judge()
        self._zygotes: dict[tuple[str, str], Zygote] = {}

    def zygote(self, lesson: restore.Official, rules: Rules) -> Zygote:
        """The zygote for a lesson, started if it is not there."""
        key = (lesson.assignment, rules.level)
        if key not in self._zygotes or not self._zygotes[key].alive:
            while len(self._zygotes) >= 2:
                self._zygotes.pop(next(iter(self._zygotes))).close()
            given = sealed.imported_names({"cells": list(lesson.cells)})
            seconds = int(2 * rules.limits.whole) + 60
            self._zygotes[key] = Zygote(lesson.assignment, given, rules.level, seconds)
        return self._zygotes[key]

    def close(self) -> None:
        """End everything that was started."""
        self.judge.close()
        while self._zygotes:
            self._zygotes.popitem()[1].close()


workshop = Workshop()
_one_at_a_time = threading.Lock()  # Dask's workers call from several threads, and there is one workshop
atexit.register(workshop.close)
util.Finalize(None, workshop.close, exitpriority=10)  # worker processes of a pool end without atexit


def choose_level(lesson: restore.Official, allow_any: bool) -> str:
    """The best isolation that this machine gives, found out by trying to escape from it.

    Args:
        lesson: any released lesson.
        allow_any: whether to go on without isolation.
    Raises:
        Refusal: the machine cannot isolate, and that was not allowed.
    """
    why = "it is not Linux"
    for level in LEVELS if allow_any else (ISOLATED,):
        try:
            with contextlib.closing(Zygote(lesson.assignment, set(), level, bare=True)) as zygote:
                holes = probe(zygote) if level == ISOLATED else []
        except (WallError, Died, OSError, AttributeError) as error:
            why = str(error) or "the process that tried it was killed"
            continue
        if not holes:
            return level
        why = "from inside one can reach " + ", ".join(holes)
    raise Refusal(REFUSAL.format(why=why))


# Each takes back what it did if it should succeed: the machine is then one without a wall.
MOUNT = """
import ctypes, os, tempfile
libc, folder = ctypes.CDLL(None), tempfile.mkdtemp()
done = libc.mount(b"none", folder.encode(), b"tmpfs", 0, None)
done or libc.umount2(folder.encode(), 2)
os.rmdir(folder)
assert done == 0
"""
ESCAPES: dict[str, str] = {
    "files": "open({canary!r}).read()",
    "the home folder": "assert not __import__('os').path.exists({home!r})",
    "the network": "__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
    "local sockets": "s = __import__('socket').socket(1); s.connect('\\0' + {word!r})",
    "other processes": "assert [p for p in __import__('os').listdir('/proc') if p.isdigit()] == ['1']",
    "the system": "import os; open('/usr/' + {word!r}, 'w').close(); os.remove('/usr/' + {word!r})",
    "Python": "import os, sys; p = sys.prefix + '/' + {word!r}; open(p, 'w').close(); os.remove(p)",
    "mounts": MOUNT,
    "new namespaces": "assert __import__('ctypes').CDLL(None).unshare(0x10000000) == 0",
    "the exercises": "import bpkit.exercises",
    "the grader": "import bpgrade",
}
# These have to succeed where all others must fail: they say that nothing is to be seen.
_MUST_HOLD = ("the home folder", "other processes")


def probe(zygote: Zygote) -> list[str]:
    """Try to escape from a fresh kernel; returns what was reached."""
    word = f"bpgrade-{time.time_ns()}"
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as canary, socket.create_server(("127.0.0.1", 0)) as server:
        canary.write(word)
        canary.flush()
        Path(canary.name).chmod(0o644)
        solutions = Path(__file__).resolve().parents[2] / "solutions"
        facts = {"canary": canary.name, "home": str(solutions), "port": server.getsockname()[1], "word": word}
        with _abstract(word), zygote.kernel() as kernel:
            return [
                what
                for what, code in ESCAPES.items()
                if _succeeds(kernel, code.format(**facts)) != (what in _MUST_HOLD)
            ]


@contextlib.contextmanager
def _abstract(word: str) -> Iterator[None]:
    """A listener that has a name and no file."""
    if not hasattr(socket, "AF_UNIX"):
        yield
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + word)
        listener.listen()
        yield


def _succeeds(kernel: Kernel, code: str) -> bool:
    reply, _ = kernel.request({"op": "cell", "source": code}, b"", 20.0)
    return bool(reply.get("status") == "ok")
