"""A class graded while the grader is killed: `make crash`. Every grade has to be that of an undisturbed run.

At each moment a small class is graded into a fresh folder; after a random time the runner, a worker, a zygote or a
judge is killed, or Ctrl-C pressed; the same command is run again until it ends well. Then everything that is
recorded is compared, and nothing of the dead may be left: no process, no run folder, no half-written file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from bpgrade.records import load
from bpgrade.sample import place, stem_of, write_honest
from bpgrade.wall.sandbox import prctl

from benchmarks.processes import Process, below, kind

ROOT = Path(__file__).resolve().parents[1]
LESSON = "00_slopes"
VICTIMS = ("runner", "worker", "zygote", "judge", "Ctrl-C")
RUNS = 6  # how often a command that died is given
HANGS = 600.0  # seconds after which a run counts as hung
PR_SET_CHILD_SUBREAPER = 36


def write_class(into: Path, honest: int = 10) -> None:
    """A small class: honest hand-ins without figures, one cut off, one empty."""
    write_honest(ROOT, into, LESSON, honest, figures=False)
    whole = (into / "h0000" / LESSON / f"{stem_of(ROOT, LESSON)}.ipynb").read_bytes()
    for student, content in {"truncated": whole[:9000], "empty": b""}.items():
        place(into, student, LESSON, {f"{stem_of(ROOT, LESSON)}.ipynb": content})


def start(source: Path, out: Path, scratch: Path) -> subprocess.Popen[bytes]:
    """`bpgrade grade` in a session of its own, its run folders below `scratch`."""
    command = [sys.executable, "-c", "from bpgrade.cli import app; app()", "grade", str(source), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--workers", "2"],
        env=os.environ | {"TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(runner: subprocess.Popen[bytes]) -> str:
    """Wait for a run; returns "" if it ended well, and otherwise its last words.

    Raises:
        subprocess.TimeoutExpired: it hangs.
    """
    _, errors = runner.communicate(timeout=HANGS)
    lines = errors.decode(errors="replace").strip().splitlines()
    return f"exit code {runner.returncode}: {lines[-1] if lines else ''}" if runner.returncode else ""


def strike(runner: subprocess.Popen[bytes], rng: random.Random, victims: tuple[str, ...] = VICTIMS) -> str:
    """Kill one process of a run, or press Ctrl-C; returns what it was, or "" if the run has ended before."""
    if runner.poll() is not None:
        return ""
    tree = below(runner.pid)
    alive: dict[str, list[Process]] = {}
    for process in tree.values():
        alive.setdefault(kind(process, tree), []).append(process)
    what = rng.choice([name for name in victims if name in ("runner", "Ctrl-C") or name in alive] or ["runner"])
    with contextlib.suppress(ProcessLookupError):
        if what == "runner":
            runner.kill()
        elif what == "Ctrl-C":  # a terminal sends it to all in the foreground
            os.killpg(runner.pid, signal.SIGINT)
        else:
            os.kill(rng.choice(sorted(alive[what])).pid, signal.SIGKILL)
    return what


def facts(out: Path) -> dict[str, Any]:
    """Everything recorded about a class that does not depend on the hidden inputs."""
    with closing(sqlite3.connect(out / "gradebook.db")) as db:
        rows = sorted(map(repr, db.execute(_ROWS)))
        health = db.execute("PRAGMA integrity_check").fetchall()
    records = {}
    for record in load(out).records:
        outcomes = [(o.exercise, o.points, o.max_points, o.verdict, o.mistake) for o in record.outcomes]
        records[record.student] = (record.status, record.reason, record.digest, outcomes, record.flags, record.repairs)
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    return {"integrity": health, "records": records, "rows": rows, "files": files, "cells": _cells(out)}


_ROWS = """
SELECT sa.student_id, a.name, sn.id IS NOT NULL, bc.name, g.auto_score, g.manual_score, g.needs_manual_grade,
    (SELECT count(*) FROM comment c WHERE c.notebook_id = sn.id), (SELECT count(*) FROM bpgrade_record)
FROM submitted_assignment sa
JOIN assignment a ON a.id = sa.assignment_id
LEFT JOIN submitted_notebook sn ON sn.assignment_id = sa.id
LEFT JOIN grade g ON g.notebook_id = sn.id
LEFT JOIN base_cell bc ON bc.id = g.cell_id
"""


def _cells(out: Path) -> dict[str, list[Any]]:
    found = {}
    for path in sorted(out.glob("autograded/*/*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[path.parts[-3]] = [(cell["source"], cell.get("execution_count")) for cell in cells]
    return found


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """In what two sets of facts differ, a line each."""
    lines = []
    for key, value in expected.items():
        if found[key] != value:
            lines.append(f"{key}: {_first_difference(found[key], value)}")
    return lines


def _first_difference(found: Any, expected: Any) -> str:
    if isinstance(expected, dict):
        found, expected = sorted(found.items()), sorted(expected.items())
    more = [item for item in found if item not in expected]
    less = [item for item in expected if item not in found]
    return f"{str(more[:1])[:600]} in place of {str(less[:1])[:600]} ({len(found)} : {len(expected)})"


def left_behind(scratch: Path, seconds: float = 20.0) -> list[str]:
    """Processes and run folders that are still there some time after the last run has ended."""
    ends = time.monotonic() + seconds
    while True:
        with contextlib.suppress(ChildProcessError):  # what was orphaned is ours to reap
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        found = [f"process left: {process.command[:100]}" for process in below(os.getpid()).values()]
        found += [f"run folder left: {path.name}" for path in scratch.glob("bpgrade-*/*")]
        if not found or time.monotonic() > ends:
            return found
        time.sleep(0.1)


def moment(source: Path, expected: dict[str, Any], seconds: float, rng: random.Random) -> tuple[str, list[str]]:
    """One class, disturbed once: what was struck, and everything that is wrong afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        out, scratch = Path(folder) / "out", Path(folder) / "scratch"
        scratch.mkdir()
        runner = start(source, out, scratch)
        time.sleep(rng.uniform(0.0, seconds))
        struck = strike(runner, rng)
        said = finish(runner)
        for _ in range(RUNS):
            if not said:
                break
            said = finish(start(source, out, scratch))
        if said:
            return struck, [f"it does not end well: {said}"]
        return struck, differences(facts(out), expected) + left_behind(scratch)


def undisturbed(source: Path) -> tuple[dict[str, Any], float]:
    """The facts of a run that nobody disturbs, and how long it takes."""
    with tempfile.TemporaryDirectory() as folder:
        out, scratch, begun = Path(folder) / "out", Path(folder) / "scratch", time.monotonic()
        scratch.mkdir()
        said = finish(start(source, out, scratch))
        seconds = time.monotonic() - begun
        left = left_behind(scratch)
        if said or left:
            raise SystemExit(f"The undisturbed run is not well: {said} {left}")
        return facts(out), seconds


def main() -> None:
    """Strike at random moments; exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="repeats the choices, as far as clocks allow")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    rng, tally, failed = random.Random(seed), Counter[str](), 0
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # whatever a killed runner leaves becomes a child of this process, and is seen
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "submitted"
        write_class(source)
        expected, seconds = undisturbed(source)
        print(f"seed {seed}; {len(expected['records'])} hand-ins, {seconds:.1f} s undisturbed", flush=True)
        while sum(tally.values()) < options.moments:
            struck, wrong = moment(source, expected, seconds, rng)
            if not struck:  # the run had ended before: now the machine is quieter than it was for the undisturbed one
                seconds *= 0.9
            else:
                tally[struck] += 1
            failed += bool(wrong)
            print(f"{sum(tally.values()):>4} {struck or '-':<8} {'; '.join(wrong) or 'every grade equal'}", flush=True)
    struck = ", ".join(f"{what} {count}" for what, count in sorted(tally.items()))
    print(f"{options.moments - failed} of {options.moments} moments without a trace ({struck})")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
