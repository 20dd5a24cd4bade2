"""The door of a small server for one person: an address that works once, a name of its own, no token.

A page can read its own address and the history of its tab, so a secret must never stay in one. The address that is
printed is exchanged for a cookie that no script can read and no other page can use, and is worth nothing after that.
The name, new for each start, keeps cookies apart: browsers give a cookie to every port of the same host.
"""

from __future__ import annotations

import atexit
import hmac
import html
import logging
import os
import secrets
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.filemanager import AsyncFileContentsManager
from tornado import web
from traitlets import Dict, Unicode

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ENTER = "/enter/"


class Once(IdentityProvider):
    """Who has come in through the door holds a cookie; there is no token and no password."""

    token = Unicode("")
    cookie_options = Dict({"samesite": "Strict", "httponly": True, "expires_days": None})

    @property
    def login_available(self) -> bool:
        return False

    @property
    def logout_available(self) -> bool:
        return False

    async def get_user_token(self, handler: web.RequestHandler) -> User | None:
        return None


class NoFiles(AsyncFileContentsManager):
    """Files of which no address is served."""

    def get_extra_handlers(self) -> list[Any]:
        return []


class Enter(JupyterHandler):
    """The address that works once."""

    @property
    def content_security_policy(self) -> str:
        return CLOSED

    @allow_unauthenticated
    def get(self, ticket: str) -> None:
        app: Any = self.serverapp
        if not app.ticket or not hmac.compare_digest(ticket.encode(), app.ticket.encode()):
            raise web.HTTPError(403, "This address was used already: stop the server and start it again.")
        app.ticket = ""
        self.identity_provider.set_login_cookie(self, User(secrets.token_hex(8), "you"))
        self.set_header("Cache-Control", "no-store")
        # Not a redirect: a browser that came here from a file would send no strict cookie along.
        self.finish(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(app.default_url)}">')


class NoLogin(JupyterHandler):
    """Where Jupyter sends whoever has no cookie."""

    @property
    def content_security_policy(self) -> str:
        return CLOSED

    @allow_unauthenticated
    def get(self) -> None:
        raise web.HTTPError(403, "Come in by the address that bpgrade printed. It works once: start again for another.")


class Server(ServerApp):
    """A Jupyter server that serves only what a subclass lists, to whoever holds its ticket."""

    default_services: Any = ()
    kind = "server"
    ticket = ""

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Nothing: what this server can do is not for a file in somebody's home folder to widen."""

    @classmethod
    def made(cls, options: dict[str, Any], extra: list[str]) -> Server:
        """A server, ready to start.

        Args:
            options: traits of this class that depend on the call.
            extra: words of the command line, for Jupyter; they count more than `options`.
        """
        host = f"{cls.kind}-{secrets.token_hex(6)}.localhost"
        fixed = {
            "allow_root": True,
            "allow_unauthenticated_access": False,
            "answer_yes": True,
            "contents_manager_class": NoFiles,
            "cookie_secret": secrets.token_bytes(32),
            "identity_provider_class": Once,
            "ip": "localhost",  # on 127.0.0.1 and on ::1, so that nobody else's program can sit on either
            "local_hostnames": [host],
            "log_level": logging.ERROR,
            "no_browser_open_file": True,
            "open_browser": has_display(),
            "tornado_settings": {
                "headers": dict(HEADERS),
                "xsrf_cookie_kwargs": {"path": "/", "samesite": "Strict"},
            },
        }
        server = cls(**(fixed | options))
        server.host, server.ticket = host, secrets.token_urlsafe(24)
        server.initialize(extra, find_extensions=False)
        application: Any = server.web_app
        application.add_handlers(".*$", [(ENTER + "([A-Za-z0-9_-]+)", Enter), ("/login", NoLogin)])
        return server

    @property
    def address(self) -> str:
        """The address that works once."""
        return f"http://{self.host}:{self.port}{ENTER}{self.ticket}"

    def start_app(self) -> None:
        print(
            f"Open this address. It works once, and only on this machine; Ctrl-C ends it.\n    {self.address}",
            flush=True,
        )
        super().start_app()

    def write_server_info_file(self) -> None:
        """Nothing: other programs have no business here."""

    def launch_browser(self) -> None:
        """Open the address by way of a file: other people on this machine see what programs are called with."""
        with tempfile.NamedTemporaryFile("w", suffix=".html", prefix="bpgrade-", delete=False) as file:
            file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(self.address)}">')
        atexit.register(Path(file.name).unlink, missing_ok=True)
        threading.Thread(target=webbrowser.open, args=[Path(file.name).as_uri()], daemon=True).start()


def has_display() -> bool:
    """Whether a browser can open on this machine; if not, the address alone has to do."""
    return not sys.platform.startswith("linux") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
