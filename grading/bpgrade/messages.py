"""Customs for Jupyter's protocol: the client through which nbclient and nbgrader's own `Execute` hear a walled kernel.

The kernel holds the key that signs its messages, so a signature says nothing. Each message is counted before any of it
is decoded; of what a cell shows the same passes as when `bpgrade grade` runs it.
"""

from __future__ import annotations

from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from traitlets import Type

from bpgrade import customs
from bpgrade.wall.wire import WireError

# libzmq counts messages and not bytes: what waits to be read is at most the product of these two. It hangs up for good
# on who sends more in one part, and ipykernel sends in one part all that is printed within 0.2 s.
MOST_PART = 48 << 20
MOST_WAITING = 6
MOST_HEADER = 1 << 16
SHOWN = {"stream": "stream", "error": "error", "display_data": "display_data", "execute_result": "execute_result"}
SHOWN |= {"update_display_data": "display_data"}
# Takes the place of a message that cannot be read; it answers nobody, so that a client waits on.
NOTHING: dict[str, Any] = {"header": {}, "msg_id": "", "msg_type": "status", "parent_header": {}, "metadata": {}}
NOTHING |= {"content": {"execution_state": "busy"}, "buffers": []}


class Desk:
    """What one client has let through.

    Attributes:
        room: of the whole notebook.
        cell: the request that is being answered.
        left: bytes that may still be kept of what it shows.
    """

    def __init__(self) -> None:
        self.room, self.cell, self.left = customs.Room(), "", customs.MOST_CELL

    def checked(self, parts: list[bytes], session: Any) -> dict[str, Any]:
        """One message as it may be believed to be: no buffers, no metadata, of its content what may be shown.

        Args:
            parts: signature, header, parent's header, metadata, content and whatever comes behind.
            session: of the client, which knows the key.
        """
        try:
            if len(parts) < 5 or sum(map(len, parts[:4])) > MOST_HEADER:
                raise WireError("no message")
            for part in parts[1:4]:
                customs.load(part)
            message: dict[str, Any] = session.deserialize(parts[:5], content=False)
            whose = message["parent_header"].get("msg_id", "")
            message["content"] = self._content(message["msg_type"], whose, parts[4])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self.room.note(f"A message could not be read: {type(error).__name__}.")
            return dict(NOTHING)
        return message | {"metadata": {}, "buffers": []}

    def _content(self, kind: str, whose: str, data: bytes) -> dict[str, Any]:
        if kind.startswith("comm_"):
            raise WireError("widgets do not cross the wall")
        if kind not in SHOWN:
            content = customs.load(data)
            if type(content) is not dict:
                raise WireError("no content")
            return content | (_said_plainly(content, self.room) if "ename" in content else {})
        if whose != self.cell:
            self.cell, self.left = whose, customs.MOST_CELL
        if self.left < 0:
            raise WireError("more than may be shown")
        self.left -= len(data)
        if self.left < 0 or not self.room.take(len(data)):
            self.left = -1
            return {"name": "stdout", "text": customs.CELL_CUT} if kind == "stream" else _words(kind, customs.CELL_CUT)
        return self._shown(kind, customs.load(data))

    def _shown(self, kind: str, content: Any) -> dict[str, Any]:
        if type(content) is not dict:
            raise WireError("no content")
        found = customs.output(content | {"output_type": SHOWN[kind]}, self.room)
        if found is None:
            return _words(kind, customs.UNREADABLE)
        found.pop("output_type")
        count, label = content.get("execution_count"), content.get("transient")
        label = label.get("display_id") if type(label) is dict else None
        if kind == "execute_result":
            found["execution_count"] = count if type(count) is int and 0 <= count < 1 << 31 else None
        if type(label) is str and len(label) < 200:
            found["transient"] = {"display_id": label}
        return found


def _words(kind: str, text: str) -> dict[str, Any]:
    """A sentence in place of what a message of some kind would have shown."""
    if kind == "error":
        return {"ename": "Error", "evalue": text.strip(), "traceback": [text.strip()]}
    if kind == "stream":
        return {"name": "stdout", "text": text}
    return {"data": {"text/plain": text.strip()}, "metadata": {}, "execution_count": None}


def _said_plainly(content: dict[str, Any], room: customs.Room) -> dict[str, Any]:
    """The error in an answer, as text."""
    found = customs.output({"traceback": [], "evalue": "", **content, "output_type": "error"}, room)
    return _words("error", customs.UNREADABLE) if found is None else found


class Channel(AsyncZMQSocketChannel):
    """A channel whose messages pass customs."""

    desk: Desk

    async def _recv(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        assert self.socket is not None
        parts = await self.socket.recv_multipart(**kwargs)
        _, rest = self.session.feed_identities(parts)
        return self.desk.checked([part for part in rest[:5] if isinstance(part, bytes)], self.session)


class Client(AsyncKernelClient):
    """A client that believes nothing a kernel says."""

    shell_channel_class = Type(Channel)
    iopub_channel_class = Type(Channel)
    stdin_channel_class = Type(Channel)
    control_channel_class = Type(Channel)

    def _context_default(self) -> zmq.asyncio.Context:
        self._created_context = True
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MOST_PART)
        context.setsockopt(zmq.RCVHWM, MOST_WAITING)
        return context

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """As every client does, with one desk for all channels."""
        desk = Desk()
        for channel in (self.shell_channel, self.iopub_channel, self.stdin_channel, self.control_channel):
            channel.desk = desk
        super().start_channels(*args, **kwargs)
