"""The process that kernels are forked from: it has imported everything and does nothing but fork.

It starts in three steps. `launch` runs outside, makes the namespaces and forks; the fork, first process of the new
pid namespace, takes itself into the bare file tree and executes Python anew, so that nothing of the outside is left
in its memory; that Python runs `serve`.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from . import sandbox

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
MOST_DESCRIPTORS = 6  # a channel, and for Jupyter its five sockets
RAN = "import sys; sys.path.insert(0, {course!r}); from bpwall import zygote; zygote.{what}"


def launch(options: dict[str, Any]) -> None:
    """Make the namespaces, go in, and become the zygote; without isolation, become it right here.

    Args:
        options: control (a file descriptor), course, root, folders and hidden (as in `sandbox.enter`), walled,
            bare (as in `serve`).
    """
    if not options["walled"]:
        _execute(options, options["course"])
    if os.getuid() != 0:
        sandbox.enter_user_namespace()
    everything = sandbox.CLONE_NEWPID | sandbox.CLONE_NEWNS | sandbox.CLONE_NEWNET
    try:
        sandbox.unshare(everything | sandbox.CLONE_NEWIPC | sandbox.CLONE_NEWUTS)
    except PermissionError:  # root in a container that has lost the right to do this
        sandbox.enter_user_namespace()
        sandbox.unshare(everything | sandbox.CLONE_NEWIPC | sandbox.CLONE_NEWUTS)
    child = os.fork()
    if child == 0:
        sandbox.prctl(sandbox.PR_SET_PDEATHSIG, signal.SIGKILL)
        sandbox.enter(Path(options["course"]), Path(options["root"]), options["folders"], options["hidden"])
        _execute(options, "/course")
    os.close(options["control"])
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) != 0)


def _execute(options: dict[str, Any], course: str) -> None:
    os.set_inheritable(options["control"], True)
    what = f"serve({options['control']}, {options['walled']}, {options['bare']})"
    # OPENBLAS_CORETYPE and its like describe the machine, and are needed where they are set.
    machine = {key: value for key, value in os.environ.items() if key.startswith("OPENBLAS_")}
    # The course's folder says to somebody looking for strays which run a process belongs to.
    environment = machine | ENVIRONMENT | {"BPGRADE_COURSE": options["course"]}
    if not options["walled"]:
        environment |= {"PATH": os.environ.get("PATH", ""), "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", "")}
    os.execve(sys.executable, [sys.executable, "-I", "-c", RAN.format(course=course, what=what)], environment)


def serve(control: int, walled: bool, bare: bool) -> None:
    """Import everything (or, bare, next to nothing), say so, then fork a kernel for every request until the other side
    closes.
    """
    from . import kernel

    channel = socket.socket(fileno=control)
    shell = kernel.Shell.instance() if bare else kernel.prepare()
    if sys.platform == "linux" and len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("a thread was started before the first fork")
    own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY) if walled else -1
    gc.collect()
    gc.freeze()
    _say(channel, {"ready": os.getpid()})
    while True:
        request, descriptors = _hear(channel)
        if request is None:
            os._exit(0)
        if request["op"] == "fork":
            pid = _fork(request, descriptors, channel, own_namespace, shell)
            _say(channel, {"pid": pid})
        elif request["op"] == "interrupt":
            with contextlib.suppress(ProcessLookupError):
                os.kill(request["pid"], signal.SIGINT)
        else:
            _say(channel, {"status": _end(request["pid"], walled)})


def _fork(
    request: dict[str, Any], descriptors: array.array[int], control: socket.socket, own_namespace: int, shell: Any
) -> int:
    walled = own_namespace >= 0
    if walled:
        sandbox.unshare(sandbox.CLONE_NEWPID)
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        if walled:
            sandbox.call("setns", own_namespace, sandbox.CLONE_NEWPID)
        return pid
    try:
        control.close()
        kept, *listeners = _keep_only(descriptors)
        os.setsid()
        if walled:
            sandbox.confine(request["slot"], request["seconds"])
        else:
            sandbox.limit(request["seconds"]) if sys.platform == "linux" else None
        work, folder = socket.socket(fileno=kept), "/tmp" if walled else request["folder"]
        if "connection" in request:
            from . import jupyter

            jupyter.run(shell, work, folder, request["connection"], listeners)
        else:
            from . import kernel

            kernel.run(shell, work, folder)
    finally:
        os._exit(70)


def _keep_only(descriptors: array.array[int]) -> list[int]:
    """Close every other file, give these the numbers from 3 on, and the standard streams to nobody."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for descriptor in descriptors]
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    kept = [os.dup2(descriptor, number, inheritable=False) for number, descriptor in enumerate(high, start=3)]
    os.closerange(3 + len(kept), 1 << 16)
    return kept


def _end(pid: int, walled: bool) -> int:
    """Kill a kernel, and with it everything in its namespace; returns how it ended."""
    with contextlib.suppress(ProcessLookupError):
        if not walled:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return status


def _say(channel: socket.socket, message: dict[str, Any]) -> None:
    channel.send(json.dumps(message).encode())


def _hear(channel: socket.socket) -> tuple[dict[str, Any] | None, array.array[int]]:
    """One request of the trusted side and the descriptors that came with it."""
    descriptors = array.array("i")
    try:
        data, ancillary, _, _ = channel.recvmsg(1 << 16, socket.CMSG_SPACE(MOST_DESCRIPTORS * descriptors.itemsize))
    except ConnectionResetError:
        return None, descriptors
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content)
    return (json.loads(data) if data else None), descriptors
