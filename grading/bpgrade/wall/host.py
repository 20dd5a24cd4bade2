"""The trusted side of the wall: starting zygotes, forking kernels, talking to them with a clock in hand."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import bpkit
from bpgrade.wall import sandbox, sealed, wire

ISOLATED, WARM, COLD = "isolated", "warm, not isolated", "stock, not isolated"
LEVELS = (ISOLATED, WARM, COLD)
START_SECONDS = 90.0
GRACE_SECONDS = 1.5
INSIDE = ("__init__.py", "cold.py", "jupyter.py", "kernel.py", "sandbox.py", "wire.py", "zygote.py")


class WallError(RuntimeError):
    """The wall cannot be built on this machine."""


class Died(Exception):
    """The kernel has ended, or said something that it cannot have meant; `why` is "" or says what."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class Late(Exception):
    """No answer in time.

    Attributes:
        alive: whether the kernel could be interrupted and goes on.
        reply, data: what it left then.
    """

    def __init__(self, alive: bool, reply: dict[str, Any] | None = None, data: bytes = b"") -> None:
        super().__init__("no answer in time")
        self.alive, self.reply, self.data = alive, reply or {}, data


class Kernel:
    """One fork, for one hand-in."""

    def __init__(self, channel: socket.socket, end: Any, interrupt: Any) -> None:
        self._channel, self._end, self._interrupt = channel, end, interrupt
        self.ended = False

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the kernel and everything it has started."""
        if not self.ended:
            self.ended = True
            self._channel.close()
            self._end()

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self._interrupt()

    def hears(self, word: bytes, seconds: float) -> bool:
        """Whether the kernel says this one word in time; for a kernel that is not asked with `request`."""
        with contextlib.suppress(OSError):
            self._channel.settimeout(seconds)
            return self._channel.recv(len(word), socket.MSG_WAITALL) == word
        return False

    def hung_up(self) -> bool:
        """Whether a kernel that has nothing more to say has ended."""
        if not self.ended:
            self._channel.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                return not self._channel.recv(1)
        return self.ended

    def request(self, message: dict[str, Any], raw: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Ask for one thing and wait for its answer.

        Raises:
            Died: the kernel has ended.
            Late: it took more than `seconds`.
        """
        number, deadline = secrets.token_hex(8), time.monotonic() + seconds
        try:
            self._channel.settimeout(max(seconds, 1.0))
            wire.send(self._channel, message | {"id": number}, raw)
            return self._answer(number, deadline, wire.ANSWERS[message["op"]])
        except wire.Silence:
            return self._too_late(number, wire.ANSWERS[message["op"]])
        except (EOFError, OSError, wire.WireError) as error:
            self.kill()
            raise Died(str(error) if isinstance(error, wire.WireError) else "") from error

    def _answer(self, number: str, deadline: float, most: int) -> tuple[dict[str, Any], bytes]:
        for _ in range(100):
            reply, data = wire.receive(self._channel, deadline, wire.ENVELOPE, most)
            if type(reply) is dict and reply.get("id") == number:
                return reply, data
        raise wire.WireError("answers to questions that were not asked")

    def _too_late(self, number: str, most: int) -> tuple[dict[str, Any], bytes]:
        self._interrupt()
        try:
            reply, data = self._answer(number, time.monotonic() + GRACE_SECONDS, most)
        except (wire.Silence, EOFError, OSError, wire.WireError):
            self.kill()
            raise Late(alive=False) from None
        raise Late(True, reply, data)


class Zygote:
    """The kernels of one lesson, at one level of isolation.

    Args:
        lesson: id of the lesson.
        given: names of later lessons that its official notebook imports from bpkit.
        level: one of `LEVELS`.
        seconds: processor time after which a kernel is killed.
        bare: import only what a kernel needs to run at all: enough to try out the wall, and there four times as soon.
    Raises:
        WallError: this machine cannot do it.
    """

    def __init__(
        self, lesson: str, given: set[str], level: str = ISOLATED, seconds: int = 600, *, bare: bool = False
    ) -> None:
        self.lesson, self.level, self.seconds = lesson, level, seconds
        self._lock = threading.Lock()
        self.folder = runtime_folder()
        self._process: subprocess.Popen[bytes] | None = None
        self._lost = False
        try:
            self.course, root = self.folder / "course", self.folder / "root"
            self.course.mkdir()
            root.mkdir()
            sealed.seal(lesson, self.course, given)
            inner = self.course / "bpwall"
            inner.mkdir()
            for name in INSIDE:
                shutil.copyfile(Path(__file__).parent / name, inner / name)
            self.folder.chmod(0o755)
            if level != COLD:
                self._start(walled=level == ISOLATED, bare=bare)
        except BaseException:
            self.close()
            raise

    def _start(self, walled: bool, bare: bool) -> None:
        if walled and not sandbox.supported_machine():
            raise WallError("no list of system calls for this kind of machine")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = {"control": theirs.fileno(), "course": str(self.course), "walled": walled, "bare": bare}
        options |= {"root": str(self.folder / "root"), "folders": _python(), "hidden": _hidden()}
        code = f"import sys; sys.path.insert(0, {str(self.course)!r}); from bpwall import zygote; zygote.launch({options!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        self._control.settimeout(START_SECONDS)
        if not self._control.recv(4096):
            assert self._process.stderr is not None
            lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
            raise WallError(lines[-1] if lines else "the zygote ended without a word")

    @property
    def alive(self) -> bool:
        """Whether it can fork. A zygote that did not answer is no longer, even if its process has yet to be reaped."""
        return self.level == COLD or (self._process is not None and not self._lost and self._process.poll() is None)

    def kernel(self, more: dict[str, Any] | None = None, descriptors: Sequence[int] = ()) -> Kernel:
        """Fork a kernel.

        Args:
            more: what else to order: `connection` for a kernel that speaks Jupyter's protocol, or another `slot`.
            descriptors: the sockets that it is to listen on.
        Raises:
            WallError: the zygote has ended.
        """
        if self.level == COLD:
            return self._cold_kernel()
        ours, theirs = socket.socketpair()
        scratch = tempfile.mkdtemp(dir=self.folder) if self.level == WARM else ""
        order = {"op": "fork", "slot": os.getpid(), "seconds": self.seconds, "folder": scratch} | (more or {})
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(order).encode()], [theirs.fileno(), *descriptors])
                answer = self._heard()
        except OSError as error:
            self._lost = True
            ours.close()
            raise WallError("the zygote has ended") from error
        finally:
            theirs.close()
        pid = answer["pid"]
        return Kernel(ours, lambda: self._ended(pid, scratch), lambda: self._tell({"op": "interrupt", "pid": pid}))

    def _heard(self) -> dict[str, Any]:
        data = self._control.recv(4096)
        if not data:
            raise OSError("closed")
        answer: dict[str, Any] = json.loads(data)
        return answer

    def _tell(self, order: dict[str, Any]) -> None:
        with contextlib.suppress(OSError), self._lock:
            self._control.send(json.dumps(order).encode())

    def _ended(self, pid: int, scratch: str) -> None:
        try:
            with self._lock:
                self._control.send(json.dumps({"op": "end", "pid": pid}).encode())
                self._heard()
        except OSError:
            self._lost = True
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)

    def _cold_kernel(self) -> Kernel:
        """A kernel in a process of its own, started from nothing, for machines that cannot fork."""
        scratch, word = tempfile.mkdtemp(dir=self.folder), secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            code = f"import sys; sys.path.insert(0, {str(self.course)!r}); from bpwall import cold; cold.main({port}, {word!r}, {scratch!r})"
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
            )  # fmt: skip
            server.settimeout(START_SECONDS)
            try:
                channel, _ = server.accept()
            except TimeoutError as error:
                process.kill()
                raise WallError("a kernel did not start in time") from error
        channel.settimeout(START_SECONDS)
        if channel.recv(len(word), socket.MSG_WAITALL) != word.encode():
            process.kill()
            raise WallError("somebody else answered")

        def end() -> None:
            process.kill()
            process.wait()
            shutil.rmtree(scratch, ignore_errors=True)

        return Kernel(channel, end, lambda: process.send_signal(signal.SIGINT) if os.name == "posix" else None)

    def close(self) -> None:
        """End the zygote, all its kernels, and its folder."""
        if getattr(self, "_control", None) is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _python() -> list[str]:
    """Where this environment and the Python that it was made from lie, symbolic links on the way included."""
    folders = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    folders |= {str(Path(sys.executable).resolve().parents[1])}
    return sorted({os.path.abspath(folder) for folder in folders} | {os.path.realpath(folder) for folder in folders})


def _hidden() -> list[str]:
    """Where this package and the library lie: never to be seen from inside, even if in a folder that is bound."""
    package, library = Path(__file__).resolve().parents[1], Path(bpkit.__file__).resolve().parent
    repository = library.parent
    whole = (repository / "solutions").is_dir() and [str(repository)]
    return whole or [str(package), str(library)]


def runtime_folder() -> Path:
    """A new folder for one zygote; those of processes that were killed are swept away first."""
    sweep()
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=_base()))


def _base() -> Path:
    return Path(tempfile.gettempdir()) / f"bpgrade-{os.getuid() if hasattr(os, 'getuid') else 0}"


def sweep() -> None:
    """Remove the folders that processes of this machine left when they were killed."""
    _base().mkdir(mode=0o711, exist_ok=True)
    for old in _base().iterdir():
        owner = old.name.partition("-")[0]
        if owner.isdigit() and not _running(int(owner)):
            shutil.rmtree(old, ignore_errors=True)


def _running(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):  # an orphan that nobody reaps still has its number
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] != "Z"
    return True
