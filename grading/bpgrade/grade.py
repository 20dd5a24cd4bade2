"""A class graded: collect, decide what is new, hand the work out, record what comes back."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from types import TracebackType

from bpgrade import work
from bpgrade.book import Book, clearly
from bpgrade.collect import Collected, HandIn, collect
from bpgrade.records import Flag, Record
from bpgrade.restore import Official, official, recogniser
from bpgrade.run import Limits
from bpgrade.wall.host import WallError, sweep
from bpgrade.work import Done, Job, Rules

POOLS = 20  # how often a pool whose worker was killed is replaced, with nothing graded in between, before giving up
MOST_KILLS = 2  # how many workers a hand-in may kill that was alone at work, and so is known to have done it


@dataclass(frozen=True)
class Options:
    """How a class is graded.

    Attributes:
        workers: how many hand-ins are graded at a time; 0 for one more than there are cores.
        force: grade again what has been graded and not changed.
        assignment: the lesson of files that do not tell.
        isolation: refuse to run without it.
        limits: how long things may take.
        dask: address of a Dask scheduler, or "".
        roster: CSV of everybody in the class, or None.
    """

    workers: int = 0
    force: bool = False
    assignment: str | None = None
    isolation: bool = True
    limits: Limits = field(default_factory=Limits)
    dask: str = ""
    roster: Path | None = None


@dataclass
class Summary:
    """What a run did.

    Attributes:
        done: how many hand-ins were graded or found broken in this run.
        broken: the records of those that could not be read.
        suspicious: the records of those with flags.
        unchanged: how many hand-ins were graded before and have not changed.
        ignored: files that are no hand-in, and why.
        level: the isolation that was used.
        seconds: of work, all processes together.
        faults: hand-ins on which the grader itself failed, and how.
    """

    done: int = 0
    broken: list[Record] = field(default_factory=list)
    suspicious: list[Record] = field(default_factory=list)
    unchanged: int = 0
    ignored: tuple[tuple[str, str], ...] = ()
    level: str = ""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


Progress = Callable[[int, int, Record | None], None]


def lessons_of(repository: Path) -> dict[str, Path]:
    """Id of each released lesson -> its notebook."""
    return {path.parent.name: path for path in sorted(repository.glob("lessons/*/*.ipynb"))}


def grade_class(
    source: Path,
    out: Path,
    repository: Path,
    options: Options,
    progress: Progress = lambda done, of, last: None,
    pool: Pool | None = None,
) -> Summary:
    """Grade everything in `source` that is new or has changed, into `out`.

    Args:
        source: nbgrader's submitted/ tree, a folder of notebooks, or a zip from an LMS.
        out: folder for gradebook.db, submitted/, autograded/ and feedback/.
        repository: where lessons/ are.
        options: how.
        progress: called with (done, of how many, the last record) as the work goes on.
        pool: where the work is done; by default one that is made from the options and closed at the end.
    Raises:
        CollectError: the source cannot be read.
        BookError: `out` cannot be written.
        ValueError: the roster cannot be read.
        Refusal: this machine cannot isolate.
        WallError: there are no kernels, or no cluster, to be had.
    """
    releases = lessons_of(repository)
    known = [official(path) for path in releases.values()]
    with Book(out) as book, contextlib.ExitStack() as closing:
        pool = pool or closing.enter_context(Pool(options))
        names = {id: path.stem for id, path in releases.items()}
        with clearly(out):
            found = collect(source, out / "submitted", names, options.assignment, recogniser(known))
        summary = Summary(ignored=found.ignored)
        wanted = list(_changed(found, book, releases, options.force, summary))
        if not wanted:
            return summary
        summary.level = pool.level(known[0])
        for lesson in sorted({hand_in.assignment for hand_in in wanted}):
            book.enter_lesson(releases[lesson])
        run, seed = book.run(fresh=options.force)
        rules = Rules(seed, summary.level, options.limits)
        _grade_all(wanted, book, run, rules, releases, pool, summary, progress)
        book.finish(run)
    return summary


def _changed(
    found: Collected, book: Book, releases: Mapping[str, Path], force: bool, summary: Summary
) -> Iterator[HandIn]:
    """The hand-ins that are new or not what was graded, lesson by lesson."""
    before = {} if force else book.digests()
    texts = {lesson: path.read_text(encoding="utf-8") for lesson, path in releases.items()}
    for hand_in in found.hand_ins:
        was = before.get((hand_in.student, hand_in.assignment))
        if was is not None and was == work.digest(_content(hand_in), texts[hand_in.assignment]):
            summary.unchanged += 1
        else:
            yield hand_in


def _content(hand_in: HandIn) -> bytes:
    """The bytes handed in; a problem counts as content, so that one that is mended is graded again."""
    if hand_in.path is None or hand_in.problem:
        return hand_in.problem.encode()
    return hand_in.path.read_bytes()


def _job(hand_in: HandIn, release: str, rules: Rules) -> Job:
    content = _content(hand_in)
    record = Record(
        hand_in.student,
        hand_in.assignment,
        hand_in.notebook,
        flags=_beside(hand_in),
        repairs=tuple(map(_whole_characters, hand_in.notes)),
        isolation=rules.level,
        digest=work.digest(content, release),
        submitted=hand_in.submitted.isoformat() if hand_in.submitted else None,
        source=_whole_characters(hand_in.source),
    )
    return Job(record, content, release, rules, hand_in.problem)


def _whole_characters(text: str) -> str:
    """The text with a question mark for each half character that a file's name may hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _beside(hand_in: HandIn) -> tuple[Flag, ...]:
    """A flag if files were handed in that Python would have imported in place of its own."""
    code = [name for name in hand_in.others if name.lower().endswith((".py", ".pyc", ".so", ".pth", ".ipy"))]
    names = ", ".join(name[:40] for name in code[:5])
    return (
        (Flag("code-beside-the-notebook", _whole_characters(f"Handed in beside the notebook, and not used: {names}.")),)
        if code
        else ()
    )


def _grade_all(
    wanted: list[HandIn],
    book: Book,
    run: str,
    rules: Rules,
    releases: Mapping[str, Path],
    pool: Pool,
    summary: Summary,
    progress: Progress,
) -> None:
    texts = {lesson: path.read_text(encoding="utf-8") for lesson, path in releases.items()}
    jobs = (partial(_job, hand_in, texts[hand_in.assignment], rules) for hand_in in wanted)
    for done in pool.graded(jobs):
        stamp = book.out / "submitted" / done.record.student / done.record.assignment / "timestamp.txt"
        try:
            book.write(done.record, run, done.notebook, stamp)
        except ValueError as error:
            done = work.failed(done.record, texts[done.record.assignment], error)
            book.write(done.record, run)
        summary.faults += [f"{done.record.student}: {done.fault}"] if done.fault else []
        # Only what has to be looked at is kept, so that a class of thousands takes hardly more memory than one of 20.
        summary.done += 1
        summary.broken += [done.record] if done.record.status == "broken" else []
        summary.suspicious += [done.record] if done.record.flags else []
        summary.seconds += done.seconds
        progress(summary.done, len(wanted), done.record)


class _Queue:
    """The jobs of a class: those to come, those at work, and those that were at work when a worker was killed.

    Args:
        jobs: each makes its job when it is called.
    """

    def __init__(self, jobs: Iterator[Callable[[], Job]]) -> None:
        self.jobs = jobs
        self.running: dict[Future[Done], Callable[[], Job]] = {}
        self.suspects: list[tuple[Callable[[], Job], int]] = []

    def fill(self, executor: Executor, ahead: int) -> int:
        """Hand out jobs until so many are at work; returns how many are."""
        while len(self.running) < ahead and (make := next(self.jobs, None)) is not None:
            try:
                self.running[executor.submit(work.grade, make())] = make
            except BrokenProcessPool:
                self.suspects.append((make, 0))
                self._suspect()
                raise
        return len(self.running)

    def results(self, finished: Iterable[Future[Done]]) -> Iterator[Done]:
        """What came back; where a worker was killed, all that is at work becomes suspect."""
        for future in finished:
            try:
                done = future.result()
            except BrokenProcessPool:
                self._suspect()
                raise
            except Exception as error:
                if type(error).__name__ != "KilledWorker":  # Dask has tried it on several workers, and lost them
                    raise
                done = work.killer(self.running[future]())
            del self.running[future]
            yield done

    def _suspect(self) -> None:
        self.suspects += [(make, 0) for make in self.running.values()]
        self.running.clear()


class Pool:
    """Where hand-ins are graded: processes of this machine, or a Dask cluster.

    Processes are started when they are first needed and stay warm until the pool is closed, for one class or several.

    Args:
        options: how many processes, or the address of the cluster; and whether isolation is a must.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.workers = options.workers or (os.cpu_count() or 1) + 1
        self._executor: Executor | None = None
        self._level = ""
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._executor is not None:
            self._executor.shutdown()
        self._drop()
        sweep()

    def level(self, lesson: Official) -> str:
        """The isolation that this machine gives, found out once.

        Raises:
            Refusal: this machine cannot isolate.
        """
        if not self._level:
            if not self.options.dask:
                _context()
            self._level = work.choose_level(lesson, allow_any=not self.options.isolation)
        return self._level

    def graded(self, jobs: Iterator[Callable[[], Job]]) -> Iterator[Done]:
        """Hand the jobs out, a few ahead, and yield what comes back; processes are replaced if one was killed.

        Raises:
            WallError: there are no kernels, or no cluster, to be had.
        """
        queue = _Queue(jobs)
        breaks = 0
        while breaks < POOLS:
            try:
                for done in self._drained(queue):
                    breaks = 0
                    yield done
                return
            except BrokenProcessPool:
                self._drop()
                breaks += 1
            except CancelledError:
                raise WallError(f"the Dask cluster at {self.options.dask} was lost") from None
        raise WallError("the processes that grade keep being killed")

    def _drained(self, queue: _Queue) -> Iterator[Done]:
        yield from self._alone(queue)
        executor = self._started()
        while queue.fill(executor, 2 * self.workers):
            finished, _ = wait(queue.running, return_when=FIRST_COMPLETED)
            yield from queue.results(finished)

    def _alone(self, queue: _Queue) -> Iterator[Done]:
        """Grade those one by one that were at work when a worker was killed: then it is clear whose doing it is."""
        while queue.suspects:
            make, kills = queue.suspects[-1]
            if kills >= MOST_KILLS:
                queue.suspects.pop()
                yield work.killer(make())
                continue
            executor = self._started()
            executor.submit(int).result()  # a worker that does not even come up is no hand-in's doing
            queue.suspects[-1] = (make, kills + 1)
            done = executor.submit(work.grade, make()).result()
            queue.suspects.pop()
            yield done

    def _started(self) -> Executor:
        if self._executor is None:
            self._executor = _cluster(self.options.dask, self._closing) if self.options.dask else self._local()
        return self._executor

    def _local(self) -> Executor:
        context = _context()
        theirs, ours = context.Pipe(duplex=False)
        self._closing.callback(theirs.close)
        self._closing.callback(ours.close)
        executor = ProcessPoolExecutor(self.workers, context, initializer=_ready, initargs=(theirs,))
        self._closing.callback(executor.shutdown, wait=False, cancel_futures=True)
        return executor

    def _drop(self) -> None:
        """End the processes at once, in the middle of whatever they do."""
        self._executor = None
        self._closing.close()


def _context() -> BaseContext:
    """How this machine starts processes. A fork server begins with its imports when this is called first."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload(["bpgrade.work", "nbgrader.preprocessors", "nbformat.v4"])
    forkserver.ensure_running()
    return multiprocessing.get_context("forkserver")


def _cluster(address: str, closing: contextlib.ExitStack) -> Executor:
    from distributed import Client

    try:
        client = Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WallError(f"no Dask scheduler answers at {address}: {error}") from error
    closing.callback(client.close)
    executor: Executor = client.get_executor(pure=False, retries=2)
    return executor


def _ready(runner: Connection) -> None:
    """In a worker: Ctrl-C is for the process that records; once that has ended or hangs up, so does this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        sys.stdin.close()
    threading.Thread(target=_leave_with, args=(runner,), daemon=True).start()


def _leave_with(runner: Connection) -> None:
    # Without this the workers of a killed runner would wait for work for ever, with zygotes and judges beside them.
    with contextlib.suppress(EOFError, OSError):
        runner.recv_bytes()
    with contextlib.suppress(Exception):
        work.workshop.close()
    os._exit(1)
