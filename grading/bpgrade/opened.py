"""`bpgrade open`: one student's notebook in JupyterLab, on a server that has nothing else.

Whoever runs a student's notebook also shows what it displays, in a browser. So the kernel is behind the wall, and the
page is on a server of its own, under a name of its own: the only file is a copy in a temporary folder, the only kernel
the walled one. What the kernel sends is sieved before it reaches the page; a policy lets no script run but
JupyterLab's; and one that ran nevertheless could do there what the student can do in his own notebook, and no more.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.session import DELIM
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyterlab.commands import get_app_dir
from jupyterlab_server import LabServerApp
from tornado import web
from traitlets import Unicode
from traitlets.config import Config

from bpgrade import provisioner, shown, sieve
from bpgrade.door import NoFiles, Server

LARGEST = 32 << 20  # bytes of a notebook
MOST_KERNELS = 4
# JupyterLab's own scripts come from one folder. It compiles its settings' schemas (hence eval; what would pass a
# notebook's text to it is switched off below), and its editor writes styles into the page.
POLICY = (
    "default-src 'none'; script-src {origin}/static/lab/ 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self' {socket}; object-src 'none'; frame-src 'none'; worker-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Parts of JupyterLab that run scripts of a notebook, or call on what is not here.
WITHOUT = (
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/fileeditor-extension:language-server",
    "@jupyterlab/javascript-extension",
    "@jupyterlab/lsp-extension",
    "@jupyterlab/mermaid-extension",
    "@jupyterlab/notebook-extension:export",
    "@jupyterlab/notebook-extension:language-server",
    "@jupyterlab/pluginmanager-extension",
    "@jupyterlab/terminal-extension",
    "@jupyterlab/vega5-extension",
)


class OpenError(RuntimeError):
    """There is no such notebook."""


def find(out: Path, student: str, lesson: str) -> Path:
    """A student's notebook of a lesson: as it was graded, or as it was handed in if it was not.

    Raises:
        OpenError: there is none.
    """
    if not all(re.fullmatch(r"[^/\\\x00]+", name) and name.strip(".") for name in (student, lesson)):
        raise OpenError(f"{student!r} and {lesson!r} are no names of a student and a lesson")
    for place in ("autograded", "submitted"):
        for found in sorted((out / place / student / lesson).glob("*.ipynb")):
            if found.is_file() and not found.is_symlink() and found.stat().st_size <= LARGEST:
                return found
    raise OpenError(f"{out} holds no notebook of {student} for {lesson}: grade it first")


class OneNotebook(NoFiles):
    """One notebook, which can be read and saved, in one folder; nothing can be added, moved or taken away."""

    only = Unicode(config=True)

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        """Save the notebook."""
        if path.strip("/") != self.only or model.get("type") != "notebook":
            raise web.HTTPError(403, f"Only {self.only} can be saved here")
        if len(json.dumps(model.get("content"))) > LARGEST:
            raise web.HTTPError(413, "This notebook has become too large")
        manager: Any = super()
        return await manager.save(model, path)

    async def delete_file(self, path: str) -> None:
        """Nothing."""
        raise web.HTTPError(403, "Nothing can be deleted here")

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Nothing."""
        raise web.HTTPError(403, "Nothing can be renamed here")

    async def new(self, model: Any = None, path: str = "") -> Any:
        """Nothing."""
        raise web.HTTPError(403, "Nothing can be added here")

    async def new_untitled(self, path: str = "", type: str = "", ext: str = "") -> Any:
        """Nothing."""
        raise web.HTTPError(403, "Nothing can be added here")

    async def copy(self, from_path: str, to_path: str | None = None) -> Any:
        """Nothing."""
        raise web.HTTPError(403, "Nothing can be copied here")


class OneKernel(KernelSpecManager):
    """The kernel behind the wall, whatever else is installed."""

    def find_kernel_specs(self) -> dict[str, str]:
        return {provisioner.NAME: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name != provisioner.NAME:
            raise NoSuchKernel(kernel_name)
        return KernelSpec(**provisioner.SPEC)

    def get_all_specs(self) -> dict[str, Any]:
        spec = self.get_kernel_spec(provisioner.NAME)
        return {provisioner.NAME: {"resource_dir": "", "spec": spec.to_dict()}}


class FewKernels(AsyncMappingKernelManager):
    """A handful of kernels, so that no script can fill the machine with them."""

    async def start_kernel(self, **more: Any) -> str:  # type: ignore[override]
        """Start one more."""
        if len(self) >= MOST_KERNELS:
            raise web.HTTPError(503, f"There are {MOST_KERNELS} kernels already")
        return str(await super().start_kernel(**more))


class Sieved(ZMQChannelsWebsocketConnection):
    """What a kernel sends to the page, with displays sieved and answers that would open something left out."""

    def handle_outgoing_message(self, stream: str, outgoing_msg: list[Any]) -> None:
        identities, parts = self.session.feed_identities(outgoing_msg)
        kind, content = self.session.unpack(parts[1]).get("msg_type"), self.session.unpack(parts[4])
        if sieved(kind, content):
            parts[4] = self.session.pack(content)
            parts[0] = self.session.sign(parts[1:5])
            outgoing_msg = [*identities, DELIM, *parts]
        super().handle_outgoing_message(stream, outgoing_msg)


def sieved(kind: Any, content: dict[str, Any]) -> bool:
    """Sieve the content of a message in place; returns whether it is of a kind that has to be."""
    if kind in ("display_data", "update_display_data", "execute_result", "inspect_reply"):
        found = {"output_type": "display_data", "data": content.get("data"), "metadata": content.get("metadata")}
        kept = shown.output(found, shown.Room())
        content |= {"data": rendered(kept["data"]) if content.get("data") else {}, "metadata": kept["metadata"]}
    elif kind == "execute_reply":
        content["payload"] = [item for item in content.get("payload") or [] if item.get("source") == "set_next_input"]
    else:
        return False
    return True


def rendered(data: dict[str, str]) -> dict[str, str]:
    """The kinds of an output, with Markdown as HTML that has passed the sieve: JupyterLab trusts what cells display."""
    text = data.pop("text/markdown", None)
    return {"text/html": shown.markdown(text), **data} if text is not None else data


def calm(source: str) -> str:
    """Markdown as it is; as code, if it holds an address that acts."""
    bare = "".join(c for c in sieve.resolved(source) if unicodedata.category(c)[0] not in "CZ").lower()
    if not re.search("javascript:|vbscript:|data:(?!image/png;)", bare):
        return source
    fence = "`" * (max(map(len, re.findall("`+", source)), default=0) + 3)
    return f"{fence}\n{source}\n{fence}"


class NoFormats(APIHandler):
    """What a notebook can be turned into: nothing."""

    @web.authenticated
    def get(self) -> None:
        self.finish({})


class Lab(LabServerApp):
    """JupyterLab's page and what it asks for, without whatever installs, builds or fetches."""

    name = "lab"
    app_name = "JupyterLab"
    app_namespace = "jupyterlab"
    app_url = "/lab"
    load_other_extensions = False

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Nothing, as for the server."""

    def initialize_settings(self) -> None:
        """What the page is told."""
        super().initialize_settings()
        told = {"buildAvailable": False, "buildCheck": False, "token": "", "notebookVersion": "[2, 0]"}
        self.settings |= {"page_config_data": told, "page_config_hook": without}


def without(handler: Any, told: dict[str, Any]) -> dict[str, Any]:
    """What the page is told, with the parts of JupyterLab that are not wanted switched off."""
    return told | {"disabledExtensions": list(WITHOUT), "federated_extensions": []}


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "bpgrade.opened", "app": Lab}]


class OpenServer(Server):
    """Serves one notebook."""

    kind = "notebook"
    default_services: Any = ("api", "contents", "kernels", "kernelspecs", "sessions", "events")


def server(notebook: Path, lesson: str, folder: Path, extra: list[str]) -> Server:
    """The server for a copy of a notebook, not yet started.

    Args:
        notebook: what to copy.
        lesson: its id; what the kernel holds of bpkit depends on it.
        folder: an empty one, for the copy and for what JupyterLab keeps.
        extra: words of the command line, for Jupyter.
    Raises:
        OpenError: the file is no notebook.
    """
    place, root = f"{lesson}/{notebook.name}", folder / "files"
    (root / lesson).mkdir(parents=True)
    copy(notebook, root / place)
    options = {
        "config": Config({"Lab": lab_folders(folder), "OneNotebook": {"only": place}}),
        "contents_manager_class": OneNotebook,
        "default_url": f"/lab/tree/{quote(place)}",
        "jpserver_extensions": {"bpgrade.opened": True},
        "kernel_manager_class": FewKernels,
        "kernel_spec_manager_class": OneKernel,
        "kernel_websocket_connection_class": Sieved,
        "max_body_size": 2 * LARGEST,
        "root_dir": str(root),
        "websocket_ping_interval": 30_000,
        "websocket_ping_timeout": 30_000,
    }
    made = OpenServer.made(options, extra)
    application: Any = made.web_app
    application.add_handlers(".*$", [("/api/nbconvert", NoFormats)])
    host = f"{made.host}:{made.port}"
    policy = POLICY.format(origin=f"http://{host}", socket=f"ws://{host}")
    made.web_app.settings["headers"]["Content-Security-Policy"] = policy
    return made


def lab_folders(own: Path) -> dict[str, Any]:
    """Where JupyterLab's page lies, and where it keeps what it is told: in a folder of its own, not in yours."""
    app = Path(get_app_dir())
    return {
        "app_settings_dir": str(app / "settings"),
        "extra_labextensions_path": [],
        "labextensions_path": [],
        "schemas_dir": str(app / "schemas"),
        "static_dir": str(app / "static"),
        "templates_dir": str(app / "static"),
        "themes_dir": str(app / "themes"),
        "user_settings_dir": str(own / "settings"),
        "workspaces_dir": str(own / "workspaces"),
    }


def copy(notebook: Path, to: Path) -> None:
    """Copy a notebook, cleaned, with the kernel behind the wall.

    Raises:
        OpenError: it cannot be read.
    """
    try:
        nb = nbformat.read(notebook, as_version=4)
        nb, _ = shown.Clean().preprocess(nb, {})
        for cell in nb.cells:
            cell.source = calm(cell.source) if cell.cell_type == "markdown" else cell.source
            for output in cell.get("outputs", ()):
                output |= {"data": rendered(output.data)} if "data" in output else {}
    except Exception as error:
        raise OpenError(f"{notebook} cannot be read: {error}") from error
    spec = {"name": provisioner.NAME, "display_name": provisioner.SPEC["display_name"]}
    nb.metadata = nbformat.from_dict({"kernelspec": spec})
    nbformat.write(nb, to)


def run(out: Path, student: str, lesson: str, extra: list[str]) -> int:
    """Serve a student's notebook until it is stopped; what was changed in it is forgotten then.

    Raises:
        OpenError: there is no such notebook.
        Refusal: this machine cannot keep it apart.
    """
    notebook = find(out, student, lesson)
    folder = Path(tempfile.mkdtemp(prefix="bpgrade-open-"))
    # Nothing of yours: no settings, no extensions, and no record that this notebook's outputs can be trusted.
    os.environ |= {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    try:
        made = server(notebook, lesson, folder, extra)
        provisioner.zygote(provisioner.lesson_of(lesson), isolation=True)
        made.start()
    finally:
        provisioner.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0
