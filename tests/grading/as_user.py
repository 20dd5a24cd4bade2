"""Run a command as an ordinary user, for whom Python may lie behind a folder that only root may enter.

    python -m tests.grading.as_user 12345 FOLDER … -- COMMAND …

In a mount namespace of its own, every folder on the way to Python, this repository and the FOLDERs that others may
not pass is replaced by one that holds nothing else.
"""

import os
import sys
from pathlib import Path

from bpgrade.wall import sandbox


def closed(path: Path) -> Path | None:
    """The outermost folder on the way to `path` that others may not pass."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 1), None)


def open_up(paths: list[Path]) -> None:
    """Make all paths reachable for others, in this mount namespace only."""
    held = {path: os.open(path, os.O_PATH) for path in paths}
    covered = set()
    for path in paths:
        while path not in covered and (folder := closed(path)) is not None:
            inside = sorted((other for other in paths if folder in other.parents), key=lambda other: len(other.parts))
            sandbox.mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
            for other in inside:
                other.mkdir(parents=True, exist_ok=True)
                sandbox.mount(f"/proc/self/fd/{held[other]}", str(other), None, sandbox.MS_BIND | sandbox.MS_REC)
            covered |= set(inside)


def main() -> None:
    uid, rest = int(sys.argv[1]), sys.argv[2:]
    folders, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    root = Path(__file__).resolve().parents[2]
    sandbox.unshare(sandbox.CLONE_NEWNS)
    sandbox.mount("none", "/", None, sandbox.MS_REC | sandbox.MS_PRIVATE)
    open_up([Path(sys.base_prefix).resolve(), Path(sys.prefix), root, *map(Path, folders)])
    os.chdir(root)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execvpe(command[0], command, os.environ | {"HOME": "/nonexistent", "USER": "somebody"})


if __name__ == "__main__":
    main()
