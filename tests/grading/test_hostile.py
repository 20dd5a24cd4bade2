"""A class full of hostile, broken and odd hand-ins: nobody gains a point, nobody honest loses one, nothing is left."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest
from bpgrade import book, grade
from bpgrade.records import load
from bpgrade.run import Limits

from tests.grading import hostile
from tests.notebooks import ROOT

LIMITS = Limits(cell=4.0, whole=25.0)
SECRET = "the canary sings of 8571"


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


def processes() -> dict[int, str]:
    """Every process of this machine, by id, with its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
    return found


def kernels() -> list[str]:
    """What is left of walls and judges."""
    return [line for line in processes().values() if "bpwall" in line or "bpgrade.judge" in line]


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


def grade_hostile(folder: Path, names: list[str] | None) -> list[str]:
    """Grade some kinds in `folder`; returns every expectation that does not hold."""
    canary, listener = folder / "canary", Listener()
    canary.write_text(SECRET)
    os.utime(canary, (1e9, 1e9))
    kinds = hostile.write_class(folder / "submitted", kinds=names, canary=str(canary), port=listener.port)
    summary = grade.grade_class(folder / "submitted", folder / "out", ROOT, grade.Options(limits=LIMITS))
    listener.server.close()
    found = [] if summary.level == "isolated" else [f"level {summary.level}"]
    records = {record.student: record for record in load(folder / "out").records}
    found += [f"{id!r} has no record" for id in kinds.keys() - records.keys()]
    for id, record in records.items():
        page = (
            folder
            / "out/feedback"
            / book.feedback.place(record, folder / "out/feedback").relative_to(folder / "out/feedback")
        ).read_text()
        found += [
            f"{kinds[id].name}: {problem} - {kinds[id].expected.why}" for problem in problems(record, kinds[id], page)
        ]
    found += outside(folder, canary, listener)
    return found


def outside(folder: Path, canary: Path, listener: Listener) -> list[str]:
    """What the class did to the world outside the wall."""
    found = []
    if canary.read_text() != SECRET or canary.stat().st_mtime != 1e9:
        found.append("the canary was touched")
    if listener.visits:
        found.append(f"{listener.visits} connections arrived")
    for _ in range(20):
        if not kernels():
            break
        time.sleep(0.1)
    found += [f"left running: {line[:200]}" for line in kernels()]
    secret = SECRET.encode()
    found += [
        f"the canary was read: {path}"
        for path in (folder / "out").rglob("*")
        if path.is_file() and secret in path.read_bytes()
    ]
    found += [f"left behind: {path}" for path in folder.rglob("left_behind*")]
    return found


@pytest.fixture(scope="module")
def names():
    return hostile.representative()


def test_the_class_is_graded_and_nobody_gains_a_point(tmp_path, names):
    assert len(names) >= 60
    assert len([name for name in names if name in hostile.HONEST]) >= 10
    assert grade_hostile(tmp_path, names) == []
