"""A forked kernel: an IPython shell that runs cells and calls functions for the other side of one socket.

Its outputs are those that ipykernel gives, without Jupyter's protocol in between. Whatever runs here is the
student's: nothing that it says is believed, and nothing is in its memory that a student should not read.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
from typing import Any

import numpy as np
from IPython.core.compilerop import CachingCompiler, code_name
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import CBool

from . import wire

# What is kept of a cell. Limits that a student can lift: the other side has its own.
MOST_TEXT = 200_000  # characters of printed text
MOST_MESSAGE = 100_000  # characters of an error, and of each part of its traceback
MOST_DATA = 8 << 20  # characters of displayed data that are turned into JSON at all
NO_INPUT = "raw_input was called, but this frontend does not support input requests."


class Outputs:
    """The outputs of the running cell, as a notebook stores them; what goes beyond the limits is dropped."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.text = self.data = 0
        self.clear_next = self.cut = False

    def stream(self, name: str, text: str) -> None:
        room = MOST_TEXT - self.text
        if room <= 0:
            return
        self.text += len(text)
        text = text[:room] + ("\n[the rest of the output is left out]\n" if len(text) > room else "")
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name and not self.clear_next:
            last["text"] += text
        else:
            self.add({"output_type": "stream", "name": name, "text": text})

    def add(self, output: dict[str, Any]) -> None:
        if self.clear_next:
            self.items, self.clear_next = [], False
        self.data += sum(len(str(value)) for value in output.get("data", {}).values())
        if len(self.items) < wire.MOST_OUTPUTS and self.data <= MOST_DATA:
            self.items.append(output)
        else:
            self.cut = True

    def packed(self) -> tuple[list[int], bytes]:
        """The outputs as JSON texts, one behind the other, with the length of each; what is too much is left out."""
        parts: list[bytes] = []
        for item in self.items:
            plain = {key: value for key, value in item.items() if key != "transient"}
            try:
                part = json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")
            except (TypeError, ValueError, RecursionError):
                part = b"{}"
            if sum(map(len, parts)) + len(part) > wire.MOST_SHOWN:
                self.cut = True
                break
            parts.append(part)
        return [len(part) for part in parts], b"".join(parts)


outputs = Outputs()


class Stream(io.TextIOBase):
    """Standard output or error of the cells."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name = name

    def close(self) -> None:
        """Stay open: a closed stream would break whatever is run after it."""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if text:
            outputs.stream(self.name, text)
        return len(text)

    def writable(self) -> bool:
        return True


class Publisher(DisplayPublisher):
    """Keeps what is displayed."""

    def publish(
        self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **ignored: Any
    ) -> None:
        label = (transient or {}).get("display_id")
        if update:
            for item in outputs.items:
                if item.get("transient") == label:
                    item["data"], item["metadata"] = _plain(data), _plain(metadata or {})
            return
        output = {"output_type": "display_data", "data": _plain(data), "metadata": _plain(metadata or {})}
        outputs.add(output | ({"transient": label} if label else {}))

    def clear_output(self, wait: bool = False) -> None:
        if wait:
            outputs.clear_next = True
        else:
            outputs.items = []


class ResultHook(DisplayHook):
    """Keeps a cell's result."""

    def start_displayhook(self) -> None:
        pass

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        result = {"output_type": "execute_result", "data": _plain(format_dict), "metadata": _plain(md_dict or {})}
        outputs.add(result | {"execution_count": self.prompt_count})

    def finish_displayhook(self) -> None:
        pass

    def log_output(self, format_dict: Any) -> None:
        pass


class Compiler(CachingCompiler):
    """Names cells as ipykernel does, so that warnings and tracebacks read the same."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"/tmp/ipykernel_1/{code_name(raw_code, number).split('-')[-1].rstrip('>')}.py"


class Shell(InteractiveShell):
    """IPython's shell, made to collect outputs and to ask for nothing."""

    colors_force = CBool(True)
    compiler_class = Compiler

    def __init__(self, **settings: Any) -> None:
        super().__init__(display_pub_class=Publisher, displayhook_class=ResultHook, **settings)

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        error = {"output_type": "error", "ename": str(etype.__name__)}
        try:
            text = str(evalue)
        except Exception:
            text = "(the exception could not be shown)"
        lines = [line[:MOST_MESSAGE] for line in stb[:200]]
        while len(lines) > 3 and sum(map(len, lines)) > 3 * MOST_MESSAGE:
            del lines[-2]  # the first say where it was, the last says what it was
        outputs.add(error | {"evalue": text[:MOST_MESSAGE], "traceback": lines})

    def enable_gui(self, gui: Any = None) -> None:
        pass

    def ask_exit(self) -> None:
        pass

    def system(self, cmd: str) -> None:
        """Run a command of the system and print what it prints; there are no terminals here."""
        done = subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout, end="")
        self.user_ns["_exit_code"] = done.returncode

    def init_history(self) -> None:
        self.history_manager = HistoryManager(shell=self, parent=self, enabled=False)


def _plain(value: Any) -> Any:
    """What JSON can hold; bytes become base64 as in a notebook, and what is neither becomes its text."""
    import base64

    if isinstance(value, bytes):
        return base64.b64encode(value).decode() + "\n" * value.startswith(b"\x89PNG")
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


# What the cells of lessons import, and what is imported only when a figure is drawn or a traceback is shown.
WARM = (
    "bpkit", "bpkit.datasets", "bpkit.plots", "bpkit.checking.observe", "bpkit.checking.given", "matplotlib.pyplot",
    "matplotlib_inline.backend_inline", "matplotlib.backends.backend_agg", "sklearn.datasets",
    "sklearn.linear_model", "sklearn.model_selection", "IPython.display", "asyncio",
)  # fmt: skip
LATE = (
    "IPython.core.logger", "bdb", "contourpy", "importlib.readers", "sklearn.datasets.data", "sklearn.datasets.descr",
    "PIL.PngImagePlugin", "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin",
    "executing", "asttokens", "pure_eval", "stack_data", "pygments.formatters.terminal256", "pygments.plugin",
)  # fmt: skip


def prepare() -> Shell:
    """Import everything a lesson needs and make the shell, before the first fork."""
    shell: Shell = Shell.instance()
    for name in WARM:
        importlib.import_module(name)
    for name in LATE:  # other versions of these libraries may arrange themselves differently: then it is only slower
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.modules["matplotlib_inline.backend_inline"]._enable_matplotlib_integration()
    _draw_once()
    return shell


def _draw_once() -> None:
    """Fill matplotlib's caches of fonts and glyphs."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 10], [1, 100], label="a")
    axes.legend()
    axes.set_yscale("log")
    figure.savefig(io.BytesIO(), bbox_inches="tight")
    plt.close("all")


def _take_over(shell: Shell) -> None:
    """Give the cells their streams; nobody answers questions."""
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    shell.builtin_trap.activate()
    builtins.input = _no_input
    # The legacy state is inherited by every fork: the same for all, so that a rerun repeats.
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)


def _no_input(prompt: object = "") -> str:
    from IPython.core.error import StdinNotImplementedError

    raise StdinNotImplementedError(NO_INPUT)


def run(shell: Shell, channel: socket.socket, folder: str) -> None:
    """Serve requests until the other side closes."""
    os.chdir(folder)
    _take_over(shell)
    while True:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            request, raw = wire.receive(channel)
        except EOFError:
            return
        outputs.clear()
        for name in ("stdout", "stderr"):
            if getattr(getattr(sys, name, None), "closed", True):  # a cell has closed it, or put nothing in its place
                setattr(sys, name, Stream(name))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            reply, data = _cell(shell, request) if request["op"] == "cell" else _call(shell, request, raw)
        except KeyboardInterrupt:
            reply, data = {"status": "interrupted"}, b""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            frame = wire.pack(reply | {"id": request["id"]}, data)
        except wire.WireError:
            frame = wire.pack({"id": request["id"], "status": "too large"})
        channel.settimeout(None)
        channel.sendall(frame)


def _cell(shell: Shell, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Run one cell as ipykernel would, under the number that it has in the notebook: tracebacks quote it."""
    shell.execution_count = request.get("count", shell.execution_count)
    result = shell.run_cell(request["source"], store_history=True)
    sizes, data = outputs.packed()
    return {"status": "ok" if result.success else "error", "sizes": sizes, "cut": outputs.cut}, data


def _call(shell: Shell, request: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes]:
    """Call a function of the student's on every case and return what was observed."""
    from bpkit.checking.observe import observe

    if request["name"] not in shell.user_ns:
        return {"status": "missing"}, b""
    fn, seen = shell.user_ns[request["name"]], []
    for case in wire.decode(request["cases"], raw):
        first = observe(fn, case["before"]) if case["before"] is not None else None
        seen.append((first, observe(fn, case["inputs"])))
    message, data = _packed(seen)
    return {"status": "ok", "seen": len(message)}, message + data


def _packed(seen: list[tuple[Any, Any]]) -> tuple[bytes, bytes]:
    """What `wire.encode` makes of all observations, as JSON; one that is too large is said to be so."""
    from dataclasses import replace

    from bpkit.checking.observe import Failure, Observation

    messages, arrays = [], []
    for first, observation in seen:
        try:
            message, data = wire.encode(replace(observation, before=first))
            text = json.dumps(message)
            if len(text) > wire.MOST_SEEN // 16 or len(data) > wire.MOST_ARRAYS // 16:
                raise wire.WireError("too large")
        except wire.WireError:
            message, data = wire.encode(
                Observation(failure=Failure("ValueError", "the result is too large to be looked at"))
            )
            text = json.dumps(message)
        messages.append(text)
        arrays.append(data)
    return f'["l", {", ".join(messages)}]'.encode(), b"".join(arrays)
