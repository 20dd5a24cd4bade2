"""The processes below one, as /proc shows them: which they are, what they have cost, how much they held. Linux only."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """One process: its CPU seconds include those of children that have ended."""

    pid: int
    parent: int
    command: str
    cpu: float


def look(pid: int) -> Process | None:
    """A process, or None if it has ended; one that only waits to be reaped has no command."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return Process(pid, int(fields[1]), command, sum(map(int, fields[11:15])) / TICK)
    return None


def below(root: int) -> dict[int, Process]:
    """All processes that descend from one, by pid."""
    everything = [look(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children: dict[int, list[Process]] = {}
    for process in filter(None, everything):
        children.setdefault(process.parent, []).append(process)
    found: dict[int, Process] = {}
    ahead = list(children.get(root, ()))
    while ahead:
        process = ahead.pop()
        found[process.pid] = process
        ahead += children.get(process.pid, ())
    return found


def kind(process: Process, others: dict[int, Process]) -> str:
    """What a process is to `bpgrade grade`: worker, zygote, kernel, judge, or something else."""
    parent = others[process.parent].command if process.parent in others else ""
    for what, own, above in (
        ("judge", "bpgrade.judge", ""),
        ("kernel", "zygote.serve", "zygote.serve"),
        ("zygote", "bpwall import zygote", ""),
        ("worker", "multiprocessing.forkserver", "multiprocessing.forkserver"),
    ):
        if own in process.command and above in parent:
            return what
    return "other"


def cpu(root: int) -> float:
    """CPU seconds of a process and of everything it has started, ended ones included."""
    own = look(root)
    return (own.cpu if own else 0.0) + sum(process.cpu for process in below(root).values())


def peak(pid: int) -> float:
    """The most memory that a process has held at a time, in MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
