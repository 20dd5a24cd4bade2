"""`python -m bpkit.lab`: open JupyterLab on your own copy of the lessons.

The copy is never overwritten. A lesson that is new, or that has changed since you were given it, is added beside
what you have, so your work survives every update.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
EDITIONS = ".editions.json"
# A learner's first screen should be the lesson, not a question about news.
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def hand_out(lessons: Path, folder: Path) -> list[Path]:
    """Copy into `folder` every lesson, and every new edition of a lesson, that it has not been given yet.

    Args:
        lessons: the released lessons, `<id>/<name>.ipynb`.
        folder: the learner's folder; made if missing. Which editions it was given stands in `.editions.json`.
    Returns:
        The files added, never one that was there before.
    """
    record = folder / EDITIONS
    given = editions_given(record)
    added = []
    for source in sorted(lessons.glob("*/*.ipynb")):
        name = source.relative_to(lessons).as_posix()
        content = source.read_bytes()
        edition = hashlib.sha256(content).hexdigest()[:16]
        target = folder / name
        if target.exists():
            if edition in given.setdefault(name, []):
                continue
            if given[name] or target.read_bytes() != content:
                target = beside(target)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            added.append(target)
        given.setdefault(name, []).append(edition)
    folder.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(given, indent=1), encoding="utf-8")
    return added


def editions_given(record: Path) -> dict[str, list[str]]:
    """Which editions of which lesson a learner was given; nothing if the record is missing or damaged.

    Without it a lesson may be handed out twice, beside the first; nobody's work is at risk.
    """
    try:
        given = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): list(editions) for name, editions in given.items()} if isinstance(given, dict) else {}


def beside(target: Path) -> Path:
    """The first free name next to `target` for a new edition of it."""
    number = 2
    while (free := target.with_name(f"{target.stem} (edition {number}){target.suffix}")).exists():
        number += 1
    return free


def settings_for_quiet_start() -> None:
    """Switch JupyterLab's news question off, in this environment only and only if nobody has set anything."""
    overrides = Path(sys.prefix) / "share/jupyter/lab/settings/overrides.json"
    if sys.prefix != sys.base_prefix and not overrides.exists():
        overrides.parent.mkdir(parents=True, exist_ok=True)
        overrides.write_text(json.dumps(QUIET), encoding="utf-8")


def command(folder: Path, extra: list[str]) -> list[str]:
    """The command line that serves `folder` on this machine only and opens the first lesson."""
    first = min((path.relative_to(folder).as_posix() for path in folder.glob("*/*.ipynb")), default="")
    words = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder}"]
    words.append(f"--LabApp.default_url=/lab/tree/{first}" if first else "--LabApp.default_url=/lab")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--ServerApp.allow_root=True")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        words.append("--no-browser")  # then JupyterLab prints the address to open
    return words + extra


def main(arguments: list[str]) -> int:
    """Hand out the lessons and run JupyterLab until it is stopped; arguments are passed on to it."""
    if not LESSONS.is_dir():
        print(f"There are no lessons at {LESSONS}. Run this from a clone of the repository.", file=sys.stderr)
        return 1
    folder = Path(os.environ.get("BPKIT_FOLDER", LESSONS.parent / "my-lessons")).resolve()
    for path in hand_out(LESSONS, folder):
        print(f"added {path.relative_to(folder)}")
    print(f"Your copy of the lessons is in {folder}. It is yours: updates never overwrite it.", flush=True)
    settings_for_quiet_start()
    try:
        return subprocess.call(command(folder, arguments))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
