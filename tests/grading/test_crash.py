"""Killed at any moment, graded again: nothing is lost, nothing counts twice, nothing is left behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from bpgrade.wall import host

from benchmarks import crash
from tests.notebooks import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


def test_every_grade_is_that_of_the_undisturbed_run():
    command = [sys.executable, "-m", "benchmarks.crash", "--moments", "2", "--seed", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 moments without a trace" in done.stdout


def rows(out):
    """The records in a gradebook as they stand, by student; none while there is no such table."""
    if not (out / "gradebook.db").exists():
        return {}
    with closing(sqlite3.connect(out / "gradebook.db")) as db:
        if not list(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'bpgrade_record'")):
            return {}
        return {row[0]: row for row in db.execute("SELECT * FROM bpgrade_record")}


def test_ctrl_c_keeps_what_is_recorded_and_the_same_command_goes_on(tmp_path):
    source, out = tmp_path / "submitted", tmp_path / "out"
    crash.write_class(source)
    runner = crash.start(source, out, tmp_path)
    while not rows(out):
        assert runner.poll() is None, runner.communicate()
        time.sleep(0.01)
    os.killpg(runner.pid, signal.SIGINT)
    said = crash.finish(runner)
    assert said.startswith("exit code 130: Stopped."), said
    kept = rows(out)
    assert 1 <= len(kept) < 12, "this test pressed Ctrl-C too late"
    assert crash.finish(crash.start(source, out, tmp_path)) == ""
    after = rows(out)
    assert len(after) == 12
    assert {student: after[student] for student in kept} == kept


def test_the_folder_of_a_dead_process_is_swept_even_if_nobody_reaped_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["true"], stdout=subprocess.PIPE) as dead:
        assert dead.stdout.read() == b""  # it has ended, and is waited for only at the end of this block
        while "Z" not in Path(f"/proc/{dead.pid}/stat").read_text():
            time.sleep(0.01)
        host.sweep()
        (base,) = tmp_path.iterdir()
        for owner in (dead.pid, os.getpid()):
            (base / f"{owner}-left").mkdir()
        host.sweep()
        assert [path.name for path in base.iterdir()] == [f"{os.getpid()}-left"]


def test_a_difference_is_seen(tmp_path):
    """What compares can tell: a lost record, a changed grade, a file too many."""
    expected = {"records": {"a": (1.0,), "b": (2.0,)}, "files": ["x"]}
    assert crash.differences(expected, expected) == []
    assert crash.differences({"records": {"a": (1.0,)}, "files": ["x"]}, expected) != []
    assert crash.differences({"records": {"a": (1.0,), "b": (0.0,)}, "files": ["x"]}, expected) != []
    assert crash.differences({"records": expected["records"], "files": ["x", ".x.part"]}, expected) != []
