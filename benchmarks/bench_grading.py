"""How fast a class is graded, as ratios to stock nbgrader: `make bench-grading`.

The same honest hand-ins, chunk by chunk, stock nbgrader and `bpgrade grade` taking turns, so that whatever else the
machine does hits both alike. Start-up is counted apart: for nbgrader it is what the same command takes when there is
nothing left to grade, for bpgrade what passes until its processes are warm. CPU is that of all processes together.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

from bpgrade import customs, restore, work  # noqa: E402
from bpgrade.grade import Options, Pool, grade_class, lessons_of  # noqa: E402
from bpgrade.sample import honest, place, stem_of, write_honest  # noqa: E402

from benchmarks.bench import Row  # noqa: E402
from benchmarks.processes import below, cpu, kind, peak  # noqa: E402
from tests.notebooks import ROOT, nbgrader, stock_course  # noqa: E402


class Cost(NamedTuple):
    """Seconds by the clock on the wall, and CPU seconds of all processes."""

    wall: float
    cpu: float

    def less(self, other: Cost, count: int) -> Cost:
        """What is left without `other`, for each of `count` hand-ins."""
        return Cost((self.wall - other.wall) / count, (self.cpu - other.cpu) / count)


class Class(NamedTuple):
    """A lesson, how much faster than stock its class has to be, and which of its cells are kept."""

    lesson: str
    target: float
    figures: bool

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return self.lesson[:2] + " without figures" * (not self.figures)


CLASSES = (Class("02_two_layer_network", 1 / 8, True), Class("00_slopes", 1 / 11, False))


def write_chunks(which: Class, into: Path, chunks: int, size: int) -> list[Path]:
    """The same hand-ins as submitted/ trees of `size` students each."""
    stem, folders = stem_of(ROOT, which.lesson), [into / f"chunk{number:02d}" for number in range(chunks)]
    for number, (student, content) in enumerate(honest(ROOT, which.lesson, chunks * size, figures=which.figures)):
        place(folders[number // size], student, which.lesson, {f"{stem}.ipynb": content})
    return folders


class Stock:
    """nbgrader as it comes, in a course of its own.

    Args:
        root: a folder that does not exist yet.
        lesson: id of the lesson.
    """

    def __init__(self, root: Path, lesson: str) -> None:
        self.course, self.lesson = stock_course(root, [lesson]), lesson

    def grade(self, chunk: Path) -> Cost:
        """Hand one chunk in and autograde it; or, with a chunk that is graded already, find nothing to do."""
        submitted = self.course / "grading/submitted"
        if submitted.is_symlink():
            submitted.unlink()
        submitted.symlink_to(chunk)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = nbgrader(self.course, "autograde", self.lesson)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(done.stderr)
        return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class Ours:
    """`bpgrade grade` with processes that stay warm from chunk to chunk.

    Args:
        out: where its gradebook is.
        workers: hand-ins at a time, 0 for its default.
    """

    def __init__(self, out: Path, workers: int = 0) -> None:
        self.out, self.options = out, Options(workers=workers)
        self.pool = Pool(self.options)

    def grade(self, source: Path) -> Cost:
        """Grade a class, beginning to end, in the processes there are."""
        before, begun = cpu(os.getpid()), time.perf_counter()
        grade_class(source, self.out, ROOT, self.options, pool=self.pool)
        return Cost(time.perf_counter() - begun, cpu(os.getpid()) - before)

    def peaks(self) -> dict[str, float]:
        """The most memory held at a time by this process, and by any worker, zygote and judge."""
        tree, found = below(os.getpid()), {"main": peak(os.getpid())}
        for process in tree.values():
            what = kind(process, tree)
            found[what] = max(found.get(what, 0.0), peak(process.pid))
        return found


def floor(which: Class, count: int) -> Cost:
    """What the students' cells alone cost: in a warm kernel, one fork for each hand-in, the checks left out."""
    (name, release) = next(item for item in lessons_of(ROOT).items() if item[0] == which.lesson)
    lesson, wall, spent = restore.official(release), [], []
    zygote = work.workshop.zygote(lesson, work.Rules(0))
    for _, content in honest(ROOT, name, count, figures=which.figures):
        notebook, _, _ = restore.restore(restore.read(content)[0], lesson)
        cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
        with zygote.kernel() as kernel:
            begun, start = time.perf_counter(), _clock(kernel)
            for source in cells:
                if not source.strip().startswith("check("):
                    kernel.request({"op": "cell", "source": source}, b"", 60.0)
            spent.append(_clock(kernel) - start)
            wall.append(time.perf_counter() - begun)
    work.workshop.close()
    return Cost(sum(wall) / count, sum(spent) / count)


def _clock(kernel: Any) -> float:
    """The CPU seconds that a kernel has used."""
    reply, data = kernel.request({"op": "cell", "source": "print(__import__('time').process_time())"}, b"", 60.0)
    return float(customs.outputs(reply, data, customs.Room())[0]["text"])


def turns(which: Class, chunks: int, size: int, workers: int = 0) -> Iterator[Row]:
    """Stock nbgrader and bpgrade taking turns over the same hand-ins."""
    with tempfile.TemporaryDirectory() as folder:
        warm, *parts = write_chunks(which, Path(folder), chunks + 1, size)
        stock, ours = Stock(Path(folder) / "course", which.lesson), Ours(Path(folder) / "out", workers)
        with ours.pool:
            first = ours.grade(warm)  # off the clock: processes start here
            pairs = [(stock.grade(chunk), ours.grade(chunk)) for chunk in parts]
            idle = [stock.grade(parts[-1]) for _ in range(min(chunks, 3))]  # all graded: start-up is left
        start = Cost(median(each.wall for each in idle), median(each.cpu for each in idle))
        theirs = [cost.less(start, size) for cost, _ in pairs]
        mine = [cost.less(Cost(0, 0), size) for _, cost in pairs]
        begin = Cost(first.wall - size * _mean(mine).wall, first.cpu - size * _mean(mine).cpu)
        yield from _turn_rows(which, theirs, mine, (start, begin), chunks * size)


def _mean(costs: list[Cost]) -> Cost:
    return Cost(*(sum(column) / len(costs) for column in zip(*costs, strict=True)))


def _turn_rows(
    which: Class, theirs: list[Cost], mine: list[Cost], begin: tuple[Cost, Cost], count: int
) -> Iterator[Row]:
    stock, ours, name = _mean(theirs), _mean(mine), which.name
    ratios = sorted(a.wall / b.wall for a, b in zip(mine, theirs, strict=True))
    detail = f"{1e3 * ours.wall:.0f} : {1e3 * stock.wall:.0f} ms, chunks {ratios[0]:.3f} to {ratios[-1]:.3f}"
    yield Row(f"{name}: wall : stock", ours.wall / stock.wall, "x", round(which.target, 3), detail)
    whole = [cost.wall * count + extra.wall for cost, extra in ((ours, begin[1]), (stock, begin[0]))]
    detail = f"{whole[0]:.0f} : {whole[1]:.0f} s for {count}; start-up {begin[1].wall:.1f} and {begin[0].wall:.1f} s"
    yield Row(f"{name}: the same with start-up", whole[0] / whole[1], "x", None, detail)
    yield Row(
        f"{name}: CPU : stock", ours.cpu / stock.cpu, "x", None, f"{1e3 * ours.cpu:.0f} : {1e3 * stock.cpu:.0f} ms"
    )
    alone = floor(which, min(count, 20))
    detail = f"students' cells alone {1e3 * alone.cpu:.0f} ms CPU, {1e3 * alone.wall:.0f} ms wall"
    yield Row(f"{name}: CPU : floor", ours.cpu / alone.cpu, "x", None, detail)


def size_rows(which: Class, sizes: list[int], workers: int = 0) -> Iterator[Row]:
    """The cost of a hand-in in classes of several sizes, and how much memory they take."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(Path(folder) / "warm", workers)
        with ours.pool:
            _write(which, Path(folder) / "first", 2 * ours.pool.workers, seed=1)
            ours.grade(Path(folder) / "first")
            found: dict[int, tuple[Cost, dict[str, float]]] = {}
            for size in sizes:
                _write(which, Path(folder) / f"{size}", size)
                ours.out = Path(folder) / f"out{size}"
                ours.grade(_write(which, Path(folder) / f"one{size}", 1, seed=2))  # the gradebook is made off the clock
                found[size] = ours.grade(Path(folder) / f"{size}").less(Cost(0, 0), size), ours.peaks()
        smallest, name = found[sizes[0]], which.name
        for size, (cost, peaks) in found.items():
            against = cost.cpu / smallest[0].cpu
            detail = f"{1e3 * cost.wall:.0f} ms wall, {1e3 * cost.cpu:.0f} ms CPU a hand-in"
            yield Row(f"{name}: class of {size}: CPU : class of {sizes[0]}", against, "x", 1.1, detail)
            held = ", ".join(f"{what} {most:.0f}" for what, most in sorted(peaks.items()) if what != "other")
            growth = max(peaks[what] / smallest[1][what] for what in ("main", "worker", "judge", "zygote"))
            yield Row(f"{name}: class of {size}: peak memory", growth, "x", 1.1, f"MB: {held}")


def _write(which: Class, into: Path, count: int, seed: int = 0) -> Path:
    write_honest(ROOT, into, which.lesson, count, seed, figures=which.figures)
    return into


def rows(chunks: int, size: int, sizes: list[int]) -> Iterator[Row]:
    """All lines of the table; memory first, while this process has held nothing else."""
    for which in CLASSES[: 2 if max(sizes) > 1000 else 1]:  # the cheap lesson shows what a run costs by itself
        yield from size_rows(which, sizes)
    for which in CLASSES:
        yield from turns(which, chunks, size)


def quick() -> Iterator[Row]:
    """The lines of the cheap lesson, from a hand-in or two."""
    yield from size_rows(CLASSES[-1], [1, 2], workers=1)
    yield from turns(CLASSES[-1], chunks=1, size=1, workers=1)


def main(arguments: list[str] | None = None) -> None:
    """Print the table; the exit code does not depend on it, since a busy machine is no mistake in the code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="a few hand-ins of one lesson and one worker, to see that it runs"
    )
    parser.add_argument("--large", action="store_true", help="classes of 2,000 as well: an hour")
    options = parser.parse_args(arguments)
    load = f"{os.getloadavg()[0]:.1f}"
    print(f"{os.cpu_count()} cores, load {load} before; wall clock, the judge and {work.ISOLATED} kernels", flush=True)
    for row in quick() if options.quick else rows(10, 10, [20, 200] + [2000] * options.large):
        print(row, flush=True)


if __name__ == "__main__":
    main()
