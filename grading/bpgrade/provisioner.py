"""The wall for any Jupyter client: a kernelspec whose kernels are forked behind it.

JupyterLab, nbclient and nbgrader find `Provisioner` by its entry point, which `install` names in a kernelspec. It
opens the kernel's five sockets in a folder outside and hands them in; from inside there is no network and no path.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool

from bpgrade import messages, work
from bpgrade.cli import REPOSITORY
from bpgrade.wall import sealed
from bpgrade.wall.host import ISOLATED, WARM, Kernel, WallError, Zygote, runtime_folder
from bpgrade.wall.jupyter import READY
from bpkit.exercises import LESSONS

NAME = "bpkit-wall"
SPEC = {
    "argv": ["false", "{connection_file}"],  # only the provisioner can start these kernels
    "display_name": "bpkit, behind the wall",
    "language": "python",
    "metadata": {"kernel_provisioner": {"provisioner_name": NAME}},
}
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
START_SECONDS = 60.0
PROCESSOR_SECONDS = 24 * 3600  # a person may work in such a kernel all day
FIRST_SLOT = 1 << 23  # above every process id, the slots of the grader's own kernels

_zygotes: dict[tuple[str, str], Zygote] = {}
_lock = threading.Lock()
_slots = itertools.count()


def install(user: bool = False) -> Path:
    """Make the kernel known to Jupyter: in this environment, or for this user in all of them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel.json").write_text(json.dumps(SPEC, indent=1), encoding="utf-8")
        prefix = None if user else sys.prefix
        return Path(KernelSpecManager().install_kernel_spec(folder, NAME, user=user, prefix=prefix))


def lesson_of(*places: str) -> str:
    """The lesson in whose folder a notebook lies; the last one, which hides least, for a notebook of no lesson."""
    parts = {part for place in places for part in Path(place).parts}
    return next((lesson for lesson in sorted(LESSONS) if lesson in parts), sealed.LATEST)


def zygote(lesson: str, isolation: bool) -> Zygote:
    """The zygote of a lesson, kept as long as this process lives; the first one is tried for holes.

    Raises:
        Refusal: this machine cannot isolate, and that is asked for.
    """
    level = ISOLATED if isolation else WARM
    with _lock:
        found = _zygotes.get((lesson, level))
        if found is None or not found.alive:
            try:
                found = Zygote(lesson, _imported(lesson), level, PROCESSOR_SECONDS)
                holes = work.probe(found) if isolation and not _zygotes else []
            except (WallError, OSError, AttributeError) as error:
                raise work.Refusal(work.REFUSAL.format(why=str(error) or type(error).__name__)) from error
            if holes:
                found.close()
                raise work.Refusal(work.REFUSAL.format(why="from inside one can reach " + ", ".join(holes)))
            _zygotes[lesson, level] = found
        return found


def _imported(lesson: str) -> set[str]:
    """What the released notebook of a lesson is given from later ones."""
    for path in REPOSITORY.glob(f"lessons/{lesson}/*.ipynb"):
        return sealed.imported_names(json.loads(path.read_text(encoding="utf-8")))
    return set()


@atexit.register
def close() -> None:
    """End all kernels and what they are forked from."""
    while _zygotes:
        _zygotes.popitem()[1].close()


class Provisioner(KernelProvisionerBase):
    """One kernel behind the wall."""

    isolation = Bool(True, help="Refuse to start where students' code cannot be kept apart.").tag(config=True)
    kernel: Kernel | None = None
    folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    async def poll(self) -> int | None:
        return None if self.kernel is not None and not self.kernel.hung_up() else 0

    async def wait(self) -> int | None:
        while await self.poll() is None:
            await asyncio.sleep(0.05)
        await self.kill()
        return 0

    async def send_signal(self, signum: int) -> None:
        if self.kernel is not None and signum == signal.SIGINT:
            self.kernel.interrupt()
        elif signum != 0:
            await self.kill()

    async def kill(self, restart: bool = False) -> None:
        if self.kernel is not None:
            kernel, self.kernel = self.kernel, None
            await asyncio.to_thread(kernel.kill)

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def shutdown_requested(self, restart: bool = False) -> None:
        await self.kill(restart)  # nothing in there is worth a wait

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose where the sockets are, and write the connection file for the client."""
        manager = self.parent
        if self.folder is None:
            self.folder = runtime_folder()
            manager.transport, manager.ip = "ipc", str(self.folder / "k")
            for number, name in enumerate(PORTS, start=1):
                setattr(manager, name, number)
        if manager.client_factory is AsyncKernelClient:  # nbclient's; JupyterLab reads the sockets itself
            manager.client_factory = messages.Client
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=manager.format_kernel_cmd(), **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        environment = kwargs.get("env") or {}
        lesson = lesson_of(environment.get("JPY_SESSION_NAME", ""), str(kwargs.get("cwd") or ""))
        self.kernel = await asyncio.to_thread(self._fork, lesson)
        return self.connection_info

    def _fork(self, lesson: str) -> Kernel:
        connection = {**self.connection_info, "key": self.parent.session.key.decode()}
        listeners = [_listener(f"{self.connection_info['ip']}-{number}") for number in range(1, 6)]
        try:
            order = {"connection": connection, "slot": FIRST_SLOT + (os.getpid() << 8) + next(_slots) % 256}
            kernel = zygote(lesson, self.isolation).kernel(order, [listener.fileno() for listener in listeners])
        finally:
            for listener in listeners:
                listener.close()
        if not kernel.hears(READY, START_SECONDS):
            kernel.kill()
            raise WallError("a kernel did not start behind the wall")
        return kernel

    async def cleanup(self, restart: bool = False) -> None:
        if self.folder is not None and not restart:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def _listener(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(32)
    listener.setblocking(False)
    return listener
