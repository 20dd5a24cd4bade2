"""`bpgrade formgrader`: JupyterLab on this machine only, with nbgrader's formgrader for one output folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bpkit.lab import settings_for_quiet_start


class FormgraderError(RuntimeError):
    """There is nothing that formgrader could show."""


def environment(course: Path, out: Path) -> dict[str, str]:
    """What nbgrader's settings and the programs that it calls need.

    Args:
        course: the folder with lessons/ and grading/.
        out: where the gradebook is; below `course`.
    """
    config = os.pathsep.join(filter(None, [str(course / "grading"), os.environ.get("JUPYTER_CONFIG_PATH")]))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    own = {"JUPYTER_CONFIG_PATH": config, "PATH": path, "BPKIT_COURSE": str(course), "BPGRADE_OUT": str(out)}
    return os.environ | own


def command(course: Path, extra: list[str]) -> list[str]:
    """The command line: formgrader wants the course below the server's root, and only this machine may connect."""
    words = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={course}"]
    words += ["--LabApp.default_url=/formgrader/gradebook"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--ServerApp.allow_root=True")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        words.append("--no-browser")  # then the address to open is printed
    return words + extra


def run(course: Path, out: Path, extra: list[str]) -> int:
    """Serve formgrader until it is stopped.

    Raises:
        FormgraderError: there is no gradebook in `out`, or it lies where formgrader cannot look.
    """
    course, out = course.resolve(), out.resolve()
    if not (out / "gradebook.db").exists():
        raise FormgraderError(f"{out} holds no gradebook.db: grade something into it first")
    if not out.is_relative_to(course):
        raise FormgraderError(f"formgrader sees only what lies in {course}, and {out} does not")
    settings_for_quiet_start()
    try:
        return subprocess.call(command(course, extra), env=environment(course, out), cwd=course)
    except KeyboardInterrupt:
        return 0
