"""Kernels behind the wall for any Jupyter client: what runs in them, what they cannot reach, and that nothing is left."""

import asyncio
import os
import re
import time
from pathlib import Path

import nbformat
import pytest
from bpgrade import customs, provisioner
from bpgrade.wall.host import Zygote
from bpgrade.work import Refusal
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tests.notebooks import ROOT

LESSON = "02_two_layer_network"
FIGURE = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots(figsize=(3, 2))
axes.semilogy([1, 2, 3], [1, 10, 100])
plt.show()
"""


@pytest.fixture(scope="module", autouse=True)
def kernels(tmp_path_factory):
    """The kernelspec, where only these tests find it; what was started is ended at the end."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("jupyter")
        patch.setenv("JUPYTER_DATA_DIR", str(folder))
        placed = provisioner.install(user=True)
        assert placed.parent.parent == folder
        yield
        provisioner.close()


def ran(sources: list[str], kernel: str = provisioner.NAME, lesson: str = LESSON) -> list[list[dict]]:
    """The outputs of some cells, run by nbclient in a lesson's folder."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    place = {"metadata": {"path": str(ROOT / "lessons" / lesson)}}
    NotebookClient(nb, kernel_name=kernel, allow_errors=True, timeout=120, resources=place).execute()
    return [cell.outputs for cell in nb.cells]


def test_outputs_are_those_of_an_ordinary_kernel():
    first = "import matplotlib.pyplot"  # which on a new machine says that it collects fonts
    cells = [first, FIGURE, "print('a'); 1 + 1", "import sys; print('b', file=sys.stderr)", "1 / 0"]
    walled, plain = ran(cells)[1:], ran(cells, "python3")[1:]
    for ours, theirs in zip(walled, plain, strict=True):
        for output in (*ours, *theirs):
            output.pop("traceback", None)  # it names a temporary file
        assert ours == theirs
    assert "image/png" in walled[0][0]["data"]


def test_nothing_outside_is_in_reach():
    cells = [
        f"open({str(ROOT / 'README.md')!r})",
        "import os; assert [p for p in os.listdir('/proc') if p.isdigit()] == ['1']; os.getpid()",
        "import socket; socket.create_connection(('127.0.0.1', 8888), 1)",
        "import bpgrade",
        "import bpkit; bpkit.relu(1.0)",
        "import bpkit; float(bpkit.sigmoid(0.0))",
        f"open('/course/bpkit/{'x' * 9}', 'w')",
    ]
    found = [output.get("ename") or output["data"]["text/plain"] for (output,) in ran(cells)]
    errors = ["FileNotFoundError", "1", "OSError", "ModuleNotFoundError", "NotImplementedError", "0.5", "OSError"]
    assert found == errors


@pytest.mark.parametrize(
    ("places", "lesson"),
    [
        (("/a/02_two_layer_network/x.ipynb", ""), "02_two_layer_network"),
        (("", "/grading/submitted/ada/00_slopes"), "00_slopes"),
        (("notes.ipynb", "/home/me"), "12_interview"),
    ],
)
def test_the_edition_is_that_of_the_folder(places, lesson):
    assert provisioner.lesson_of(*places) == lesson


def test_what_a_cell_shows_passes_customs():
    sizes = {"image/png": {"width": "1 onerror=alert(1)"}, "isolated": True}
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    cells = [
        f"display({{'image/png': 'AAAA', 'image/svg+xml': '<svg/>'}}, metadata={sizes!r}, raw=True)",
        f"display({{'image/png': {picture!r}}}, metadata={sizes!r}, raw=True)",
        "import sys\nsys.setrecursionlimit(9000)\nx = 1\nfor i in range(900): x = [x]\ndisplay({'text/html': x}, raw=True)",
        "raise type('A\\x1b]8;;javascript:alert(1)\\x07', (Exception,), {})('b')",
        "for i in range(9): display({'text/html': 'x' * 700_000}, raw=True)",
        "for i in range(9): print('y' * 700_000)",
        "get_ipython().kernel.session.send(get_ipython().kernel.iopub_socket, 'comm_open', {'comm_id': 'a'});",
        "print('on')",
    ]
    other, png, nested, error, shown, printed, comm, last = ran(cells)
    assert other[0]["data"] == {"text/plain": "[left out: image/png, image/svg+xml]"}
    assert png[0]["data"] == {"image/png": picture}
    assert [output["metadata"] for output in (*other, *png)] == [{}, {}]
    assert nested == []
    assert error[0]["ename"] == "A"
    assert "\x1b]" not in str(error)
    assert [len(output["data"].get("text/html", "")) for output in shown[:3]] == [700_000, 700_000, 0]
    assert customs.CELL_CUT.strip() in str(shown)
    assert sum(len(output["text"]) for output in printed) <= customs.MOST_CELL
    assert comm == []
    assert last[0]["text"] == "on\n"


def test_messages_of_any_size_and_shape_are_survived():
    session = "_kernel = get_ipython().kernel; _session = _kernel.session\n"
    send = session + "_session.send(_kernel.iopub_socket, {kind!r}, {content}, parent=_kernel.get_parent())"
    cells = [
        "print('x' * (30 << 20))",
        send.format(kind="display_data", content="{'data': 3}"),
        send.format(kind="stream", content="[1]"),
        send.format(kind="x" * 100_000, content="{}"),
        session + "_kernel.iopub_socket.send_multipart([b'a', b'<IDS|MSG>', b'', b'', b'', b'', b''])",
        session + "_kernel.iopub_socket.send_multipart([b'<IDS|MSG>'] + [b'[' * 60_000] * 5)",
        "print('on')",
    ]
    assert ran(cells)[-1][0]["text"] == "on\n"


def below(pid: int) -> dict[int, str]:
    """The processes that descend from one: id -> command line."""
    parents, lines = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int(re.search(r"PPid:\t(\d+)", (folder / "status").read_text())[1])
                lines[int(folder.name)] = (folder / "cmdline").read_text()
            except (OSError, TypeError):
                continue
    found, more = set(), {pid}
    while more := {child for child, parent in parents.items() if parent in more} - found:
        found |= more
    return {child: lines[child] for child in found}


async def until(holds, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


async def reply(client, code: str, seconds: float = 60.0) -> dict:
    return (await client.execute_interactive(code, timeout=seconds, output_hook=lambda message: None))["content"]


async def life() -> None:
    """Start, interrupt, crash, restart and shut down a kernel."""
    manager = AsyncKernelManager(kernel_name=provisioner.NAME)
    await manager.start_kernel(cwd=str(ROOT / "lessons" / LESSON))
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    before = set(below(os.getpid()))
    assert (await reply(client, "import subprocess; x = 1; subprocess.Popen(['sleep', '99'])"))["status"] == "ok"
    (sleeper,) = set(below(os.getpid())) - before

    waiting = asyncio.ensure_future(reply(client, "while True: pass"))
    await asyncio.sleep(2)
    await manager.interrupt_kernel()
    assert (await waiting)["ename"] == "KeyboardInterrupt"

    await manager.restart_kernel(now=True)
    await client.wait_for_ready(timeout=60)
    assert (await reply(client, "x"))["ename"] == "NameError"
    assert sleeper not in below(os.getpid())

    client.execute("import os; os._exit(3)")
    await until(lambda: manager.provisioner.kernel.hung_up())
    assert not await manager.is_alive()
    await manager.restart_kernel(now=True)
    await client.wait_for_ready(timeout=60)
    folder = manager.provisioner.folder
    client.stop_channels()
    await manager.shutdown_kernel()
    assert not folder.exists()


def test_the_life_of_a_kernel():
    ran(["1"])
    before = set(below(os.getpid()))
    asyncio.run(life())
    assert set(below(os.getpid())) == before, "only what all kernels are forked from"
    provisioner.close()
    assert not any("bpwall" in line for line in below(os.getpid()).values())


def test_it_refuses_where_it_cannot_isolate(monkeypatch):
    monkeypatch.setattr(
        Zygote, "_start", lambda self, walled, bare: (_ for _ in ()).throw(OSError("no namespaces here"))
    )
    with pytest.raises(Refusal, match="no namespaces here"):
        provisioner.zygote("00_slopes", isolation=True)
