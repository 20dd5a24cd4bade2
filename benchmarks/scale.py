"""What a hostile class may cost the machine: `make scale`.

First the memory of every process that stays, for an honest class and for one of hand-ins that flood what comes back
from behind the wall: at most 400 MB more. Then five minutes of frames that no kernel sends, through customs, judge and
book.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSON = "02_two_layer_network"
MORE = 400.0  # MB that a process may hold above what it holds for an honest class
KINDS = ("main", "worker", "judge")


def honest(into: Path, count: int = 6) -> None:
    """A class of hand-ins as they usually are."""
    from bpgrade.sample import write_honest

    write_honest(ROOT, into, LESSON, count)


def hostile(into: Path, names: list[str] | None = None) -> None:
    """A class in which every hand-in floods what comes back; all of them by default."""
    from tests.grading import hostile as catalogue

    floods = [name for name, kind in catalogue.KINDS.items() if kind.group in ("flood", "smuggled")]
    catalogue.write_class(into, LESSON, floods if names is None else names)


def peaks(source: Path, out: Path, seconds: float) -> dict[str, float]:
    """The most memory that each kind of process held at a time while a class was graded, in MB, in this process."""
    from bpgrade.grade import Options, Pool, grade_class
    from bpgrade.run import Limits

    from benchmarks.processes import below, kind, peak

    options, found = Options(workers=2, limits=Limits(seconds, 5 * seconds)), dict.fromkeys(KINDS, 0.0)

    def look(*_: object) -> None:
        tree = below(os.getpid())
        found["main"] = peak(os.getpid())
        for process in tree.values():
            what = kind(process, tree)
            if what in found:
                found[what] = max(found[what], peak(process.pid))

    with Pool(options) as pool:
        summary = grade_class(source, out, ROOT, options, progress=look, pool=pool)
        look()
    if summary.faults:
        raise SystemExit(f"the grader itself failed: {summary.faults}")
    found["autograded"] = sum(path.stat().st_size for path in out.rglob("*.ipynb")) / (1 << 20)
    return found


def measured(source: Path, out: Path, seconds: float = 8.0) -> dict[str, float]:
    """The same in a process of its own.

    Raises:
        RuntimeError: the class was not graded.
    """
    command = [sys.executable, "-m", "benchmarks.scale", "--peaks", str(source), str(out), "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(usual: Mapping[str, float], most: Mapping[str, float]) -> str:
    """Both classes side by side."""
    rows = [f"{what:12} {usual[what]:8.0f} {most[what]:8.0f} {most[what] - usual[what]:+8.0f}" for what in most]
    return "\n".join(["MB             honest  hostile    more", *rows])


def main() -> None:
    """Measure and fuzz; exits with 1 if a bound does not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peaks", nargs=2, type=Path, metavar=("SOURCE", "OUT"), help="grade one class, print MB")
    options.add_argument("--seconds", type=float, default=8.0, help="time limit of a cell")
    options.add_argument("--fuzz", type=float, default=300.0, help="seconds of forged frames")
    given = options.parse_args()
    if given.peaks:
        print(json.dumps(peaks(*given.peaks, given.seconds)))
        return
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        honest(here / "honest")
        hostile(here / "hostile")
        usual, most = (measured(here / name, here / f"{name}-out") for name in ("honest", "hostile"))
    print(table(usual, most), flush=True)
    words = [sys.executable, "-m", "pytest", "-q", "tests/grading/test_fuzz_frames.py"]
    fuzzed = subprocess.run(words, cwd=ROOT, env=os.environ | {"BPKIT_FUZZ_SECONDS": str(given.fuzz)})
    raise SystemExit(fuzzed.returncode or any(most[what] - usual[what] > MORE for what in KINDS))


if __name__ == "__main__":
    main()
