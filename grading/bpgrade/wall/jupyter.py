"""A whole Jupyter kernel in a fork: ipykernel's own, speaking through sockets that were opened outside the wall.

The listening sockets come in as descriptors, for no path of the outside is to be seen from here.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

READY = b"ready"


def run(shell: Any, channel: socket.socket, folder: str, connection: dict[str, Any], listeners: list[int]) -> None:
    """Serve a Jupyter client until it is killed.

    Args:
        shell: the zygote's shell, which makes room for ipykernel's.
        channel: where to say that the kernel is ready; its end tells the other side that the kernel has ended.
        folder: where cells run.
        connection: content of a connection file with the transport ipc and ports from 1 on.
        listeners: descriptors of listening sockets, that of port 1 first.
    """
    os.chdir(folder)
    sys.modules["debugpy"] = None  # type: ignore[assignment] # slow to import, and there is nobody to attach
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    _bind_to(listeners, zmq)
    type(shell).clear_instance()
    Path("connection.json").write_text(json.dumps(connection))
    app = IPKernelApp.instance(connection_file=str(Path("connection.json").resolve()))
    app.config.HistoryManager.enabled = False
    app.initialize([])
    backend = sys.modules["matplotlib_inline.backend_inline"]
    # It has done this for the zygote's shell, and would think that this one shows figures too.
    vars(backend.configure_inline_support).pop("current_backend", None)
    backend._enable_matplotlib_integration()
    channel.sendall(READY)
    app.start()


def _bind_to(listeners: list[int], zmq: Any) -> None:
    """Let every socket of the kernel listen on the descriptor of its port in place of a path."""
    bind = zmq.Socket.bind

    def bind_descriptor(self: Any, address: str) -> Any:
        if address.startswith("tcp://"):  # there is no network; ipykernel can do without this one, libzmq would abort
            raise zmq.ZMQError(errno.EADDRNOTAVAIL)
        if address.startswith("ipc://"):
            self.setsockopt(zmq.USE_FD, listeners[int(address.rpartition("-")[2]) - 1])
        return bind(self, address)

    zmq.Socket.bind = bind_descriptor
