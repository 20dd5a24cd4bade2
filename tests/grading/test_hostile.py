"""A class full of hostile, broken and odd hand-ins: nobody gains a point, nobody honest loses one, nothing is left."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from bpgrade import feedback
from bpgrade.collect import safe_id
from bpgrade.records import load

from tests.grading import hostile
from tests.notebooks import ROOT

CELL, WHOLE = "8", "40"  # seconds: also on a busy machine honest work takes less
SECRET = "the canary sings of 8571"
ORDINARY = 12345  # the id of a user that nobody is


class Listener:
    """A canary on loopback: counts who comes by."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port, self.visits = self.server.getsockname()[1], 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                self.server.accept()[0].close()
            except OSError:
                return
            self.visits += 1


def left_running(folder: Path) -> list[str]:
    """Processes of a run: they have its folder in their command line or environment."""
    mark, found = os.fsencode(folder), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
                if mark in line + (entry / "environ").read_bytes():
                    found.append(line.replace(b"\0", b" ").decode(errors="replace")[:200])
            except OSError:
                continue
    return found


def problems(record, kind, page) -> list[str]:
    """In what a record differs from what is expected of its kind."""
    expected, found = kind.expected, []
    if record.status not in expected.status:
        found.append(f"status {record.status} ({record.reason}), not {expected.status}")
    if record.status == "broken":
        if not record.reason or record.score:
            found.append("broken without a reason, or with points")
    else:
        for outcome in record.outcomes:
            least, most = expected.least[outcome.exercise], expected.most[outcome.exercise]
            if not least <= outcome.points <= most:
                found.append(f"{outcome.exercise}: {outcome.points} points ({outcome.verdict}), not {least} to {most}")
            allowed = expected.verdicts.get(outcome.exercise)
            if allowed and outcome.verdict not in allowed:
                found.append(f"{outcome.exercise}: {outcome.verdict}, not {allowed}")
    flags = {flag.kind for flag in record.flags}
    if expected.flagged == "yes" and not flags and record.status != "broken":
        found.append("not flagged")
    if expected.flagged == "no" and flags:
        found.append(f"flagged: {[(flag.kind, flag.text) for flag in record.flags]}")
    if not set(expected.flags) <= flags:
        found.append(f"flags {flags}, not {expected.flags}")
    found += [f"{text!r} stands unescaped on its page" for text in kind.never_raw if text in page]
    return found


def grade_hostile(folder: Path, names: list[str] | None, as_user: bool = False) -> list[str]:
    """Grade some kinds in `folder` with the real command; returns every expectation that does not hold."""
    canary, listener = folder / "canary", Listener()
    canary.write_text(SECRET)
    written = hostile.write_class(folder / "submitted", kinds=names, canary=str(canary), port=listener.port)
    kinds = {safe_id(id): kind for id, kind in written.items()}
    (folder / "tmp").mkdir()
    os.utime(canary, (1e9, 1e9))
    prefix = [sys.executable, "-m", "tests.grading.as_user", str(ORDINARY), str(folder), "--"] if as_user else []
    if as_user:
        subprocess.run(["chown", "-hR", str(ORDINARY), str(folder)], check=True)
    words = ("grade", folder / "submitted", "--out", folder / "out", "--json", folder / "rows.json")
    limits = ("--cell-seconds", CELL, "--seconds", WHOLE)
    command = [*prefix, sys.executable, "-m", "bpgrade.cli", *map(str, words), *limits]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TMPDIR": str(folder / "tmp")}, capture_output=True, text=True
    )
    listener.server.close()
    found = [] if done.returncode == 0 else [f"exit code {done.returncode}: {done.stderr[-2000:]}"]
    records = {record.student: record for record in load(folder / "out").records}
    found += [f"{id!r} has no record" for id in kinds.keys() - records.keys()]
    for id, record in records.items():
        page = feedback.place(record, folder / "out/feedback").read_text()
        why = kinds[id].expected.why
        found += [f"{kinds[id].name}: {problem} - {why}" for problem in problems(record, kinds[id], page)]
    return found + outside(folder, canary, listener, {record.isolation for record in records.values()})


def outside(folder: Path, canary: Path, listener: Listener, levels: set[str]) -> list[str]:
    """What the class did to the world outside the wall."""
    found = [] if levels <= {"isolated"} else [f"levels {levels}"]
    if canary.read_text() != SECRET or canary.stat().st_mtime != 1e9:
        found.append("the canary was touched")
    if listener.visits:
        found.append(f"{listener.visits} connections arrived")
    for _ in range(50):
        if not left_running(folder):
            break
        time.sleep(0.1)
    found += [f"left running: {line}" for line in left_running(folder)]
    found += [f"left in the temporary folder: {path}" for path in (folder / "tmp").glob("*/*")]
    files = [path for path in (folder / "out").rglob("*") if path.is_file() and "submitted" not in path.parts]
    found += [f"the canary was read: {path}" for path in files if SECRET.encode() in path.read_bytes()]
    return found + [f"left behind: {path}" for path in folder.rglob("left_behind*")]


@pytest.fixture
def folder():
    """A folder that an ordinary user may pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_class_is_graded_and_nobody_gains_a_point(folder):
    names = hostile.representative()
    assert len(names) >= 60
    assert len([name for name in names if name in hostile.HONEST]) >= 10
    assert grade_hostile(folder, names) == []


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="already an ordinary user")
def test_an_ordinary_user_has_the_same_wall(folder):
    """Every second kind, honest ones first: the wall is another one without root, the judge is the same."""
    assert grade_hostile(folder, hostile.representative()[::2], as_user=True) == []
