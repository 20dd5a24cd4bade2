"""A class graded: collect, decide what is new, hand the work out, record what comes back."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bpgrade import work
from bpgrade.book import Book
from bpgrade.collect import Collected, HandIn, collect
from bpgrade.records import Record
from bpgrade.restore import official, recogniser
from bpgrade.run import Limits
from bpgrade.work import Done, Job, Rules

POOLS = 20  # how often a pool whose worker was killed is replaced before giving up


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
    """

    workers: int = 0
    force: bool = False
    assignment: str | None = None
    isolation: bool = True
    limits: Limits = field(default_factory=Limits)
    dask: str = ""


@dataclass
class Summary:
    """What a run did.

    Attributes:
        records: what was graded or found broken in this run.
        unchanged: how many hand-ins were graded before and have not changed.
        ignored: files that are no hand-in, and why.
        level: the isolation that was used.
        seconds: of work, all processes together.
    """

    records: list[Record] = field(default_factory=list)
    unchanged: int = 0
    ignored: tuple[tuple[str, str], ...] = ()
    level: str = ""
    seconds: float = 0.0


Progress = Callable[[int, int, Record | None], None]


def lessons_of(repository: Path) -> dict[str, Path]:
    """Id of each released lesson -> its notebook."""
    return {path.parent.name: path for path in sorted(repository.glob("lessons/*/*.ipynb"))}


def grade_class(
    source: Path, out: Path, repository: Path, options: Options, progress: Progress = lambda done, of, last: None
) -> Summary:
    """Grade everything in `source` that is new or has changed, into `out`.

    Args:
        source: nbgrader's submitted/ tree, a folder of notebooks, or a zip from an LMS.
        out: folder for gradebook.db, submitted/, autograded/ and feedback/.
        repository: where lessons/ are.
        options: how.
        progress: called with (done, of how many, the last record) as the work goes on.
    Raises:
        CollectError: the source cannot be read.
        BookError: `out` cannot be written.
        Refusal: this machine cannot isolate.
    """
    releases = lessons_of(repository)
    known = [official(path) for path in releases.values()]
    with Book(out) as book:
        names = {id: path.stem for id, path in releases.items()}
        found = collect(source, out / "submitted", names, options.assignment, recogniser(known))
        summary = Summary(ignored=found.ignored)
        wanted = list(_changed(found, book, releases, options.force, summary))
        if not wanted:
            return summary
        summary.level = work.choose_level(known[0], allow_any=not options.isolation)
        work.workshop.close()
        for lesson in sorted({hand_in.assignment for hand_in in wanted}):
            book.enter_lesson(releases[lesson])
        run, seed = book.run(fresh=options.force)
        rules = Rules(seed, summary.level, options.limits)
        _grade_all(wanted, book, run, rules, releases, options, summary, progress)
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
        repairs=hand_in.notes,
        isolation=rules.level,
        digest=work.digest(content, release),
        submitted=hand_in.submitted.isoformat() if hand_in.submitted else None,
        source=hand_in.source,
    )
    return Job(record, content, release, rules, hand_in.problem)


def _grade_all(
    wanted: list[HandIn],
    book: Book,
    run: str,
    rules: Rules,
    releases: Mapping[str, Path],
    options: Options,
    summary: Summary,
    progress: Progress,
) -> None:
    texts = {lesson: path.read_text(encoding="utf-8") for lesson, path in releases.items()}
    jobs = (partial(_job, hand_in, texts[hand_in.assignment], rules) for hand_in in wanted)
    for done in _worked_off(jobs, options):
        stamp = book.out / "submitted" / done.record.student / done.record.assignment / "timestamp.txt"
        book.write(done.record, run, done.notebook, stamp)
        summary.records.append(done.record)
        summary.seconds += done.seconds
        progress(len(summary.records), len(wanted), done.record)


def _worked_off(jobs: Iterator[Callable[[], Job]], options: Options) -> Iterator[Done]:
    """Hand the jobs out, a few ahead, and yield what comes back; replace a pool one of whose workers was killed."""
    workers = options.workers or (os.cpu_count() or 1) + 1
    waiting: list[Callable[[], Job]] = []
    for left in reversed(range(POOLS)):
        running: dict[Future[Done], Callable[[], Job]] = {}
        executor = _executor(options, workers)
        try:
            yield from _drained(executor, jobs, waiting, running, 2 * workers)
            executor.shutdown()
            return
        except BrokenProcessPool:
            if not left:
                raise
            waiting = list(running.values()) + waiting
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _drained(
    executor: Executor,
    jobs: Iterator[Callable[[], Job]],
    waiting: list[Callable[[], Job]],
    running: dict[Future[Done], Callable[[], Job]],
    ahead: int,
) -> Iterator[Done]:
    while True:
        while len(running) < ahead:
            make = waiting.pop() if waiting else next(jobs, None)
            if make is None:
                break
            try:
                running[executor.submit(work.grade, make())] = make
            except BrokenProcessPool:
                waiting.append(make)
                raise
        if not running:
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            done = future.result()  # a killed worker raises here, with its job still in `running`
            del running[future]
            yield done


def _executor(options: Options, workers: int) -> Executor:
    if options.dask:
        from distributed import Client

        client = Client(options.dask)
        executor: Executor = client.get_executor(pure=False)
        return executor
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["bpgrade.work", "nbgrader.preprocessors", "nbformat.v4"])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet)


def _quiet() -> None:
    """In a worker: Ctrl-C is for the process that records, which ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        sys.stdin.close()
