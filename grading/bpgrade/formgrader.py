"""`bpgrade formgrader`: nbgrader's formgrader for one output folder, on a server that can do nothing else.

Its pages show what students wrote, and what runs in them may set grades. So the sieve looks at each page as a whole,
and a policy lets no script run that does not carry the page's own nonce: a hole in one of the two gains nothing. And
if both had one, there would be no kernel here, no terminal and no file to write.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

import jinja2
from jupyter_server.base.handlers import AuthenticatedFileHandler, JupyterHandler
from nbgrader.server_extensions.formgrader import apihandlers, base, handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from bpgrade import shown
from bpgrade.door import CLOSED, Server

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; frame-src 'none'; "
    "worker-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Not served. `path` of the first reads settings, which are a program, from any folder. The second serves whatever lies
# beside a graded notebook. The others belong to nbgrader's exchange, which is not set up, or write lessons.
LEFT_OUT = (
    handlers.FormgraderHandler,
    handlers.SubmissionFilesHandler,
    apihandlers.AssignHandler,
    apihandlers.ReleaseHandler,
    apihandlers.UnReleaseHandler,
    apihandlers.CollectHandler,
    apihandlers.ReleaseAllFeedbackHandler,
    apihandlers.ReleaseFeedbackHandler,
)
FIRST = "/formgrader/gradebook"


class FormgraderError(RuntimeError):
    """There is nothing that formgrader could show."""


class Guarded(JupyterHandler):
    """What each of nbgrader's handlers is mixed with: a nonce, a policy, the sieve, and plain names only."""

    _nonce = ""

    @property
    def nonce(self) -> str:
        """The nonce of this one answer."""
        self._nonce = self._nonce or secrets.token_urlsafe(18)
        return self._nonce

    @property
    def content_security_policy(self) -> str:
        return POLICY.format(nonce=self.nonce)

    async def prepare(self, **more: Any) -> None:
        names = [*self.path_args, *self.path_kwargs.values()]
        if any(re.search(r'[\x00-\x1f"<>\\/]|^\.*$', name or "-") for name in names):
            raise web.HTTPError(404)
        await super().prepare(**more)

    def render(self, template_name: str, **kwargs: Any) -> Any:
        """A page of nbgrader's, sieved as a whole."""
        mark = self.settings["bpgrade_mark"].renew()
        text = self.settings["nbgrader_jinja2_env"].get_template(template_name).render(**kwargs)
        return shown.whole(text, mark, self.nonce)

    @property
    def exporter(self) -> shown.Page:
        """What makes the page of a hand-in."""
        found: shown.Page = self.settings["nbgrader_exporter"]
        found.nonce = self.nonce
        return found


class Static(AuthenticatedFileHandler):
    """nbgrader's scripts and styles."""

    @property
    def content_security_policy(self) -> str:
        return CLOSED


class Lesson(apihandlers.AssignmentHandler):
    """A lesson's date; only of a lesson that there is, for nbgrader would make a folder for any other."""

    @web.authenticated
    @base.check_xsrf  # type: ignore[untyped-decorator]
    def put(self, assignment_id: str) -> None:
        self.gradebook.find_assignment(assignment_id.strip())
        super().put(assignment_id)


class Formgrader(FormgradeExtension):
    """nbgrader's extension, with its handlers guarded and its templates marked."""

    def init_tornado_settings(self, webapp: Any) -> None:
        super().init_tornado_settings(webapp)
        mark = shown.Mark()
        templates = jinja2.FileSystemLoader([handlers.template_path])
        webapp.settings |= {
            "bpgrade_mark": mark,
            "nbgrader_jinja2_env": shown.environment(jinja2.Environment(loader=templates, autoescape=True), mark),
            "nbgrader_exporter": shown.Page(config=self.config),
        }

    def init_handlers(self, webapp: Any) -> None:
        found = [*handlers.default_handlers, *apihandlers.default_handlers]
        kept = [(rule[0], rule[1]) for rule in found if issubclass(rule[1], base.BaseHandler)]
        rules: list[Any] = [(path, guarded(kind)) for path, kind in kept if kind not in LEFT_OUT]
        rules += [(r"/formgrader/static/(.*)", Static, {"path": handlers.static_path})]
        webapp.add_handlers(".*$", rules)


def guarded(kind: type[Any]) -> type[Any]:
    """One of nbgrader's handlers, mixed with the guard."""
    kind = Lesson if kind is apihandlers.AssignmentHandler else kind
    return type(kind.__name__, (Guarded, kind), {})


class FormgraderServer(Server):
    """Serves formgrader."""

    kind = "formgrader"


def environment(course: Path, out: Path) -> dict[str, str]:
    """What nbgrader's settings and the programs that it calls need.

    Args:
        course: the folder with lessons/ and grading/.
        out: where the gradebook is; below `course`.
    """
    config = os.pathsep.join(filter(None, [str(course / "grading"), os.environ.get("JUPYTER_CONFIG_PATH")]))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {"JUPYTER_CONFIG_PATH": config, "PATH": path, "BPKIT_COURSE": str(course), "BPGRADE_OUT": str(out)}


def server(course: Path, out: Path, extra: list[str]) -> Server:
    """The server for a course and an output folder, not yet started.

    Raises:
        FormgraderError: there is no gradebook in `out`, or it lies where formgrader cannot look.
    """
    course, out = course.resolve(), out.resolve()
    if not (out / "gradebook.db").exists():
        raise FormgraderError(f"{out} holds no gradebook.db: grade something into it first")
    if not out.is_relative_to(course):
        raise FormgraderError(f"formgrader sees only what lies in {course}, and {out} does not")
    os.environ |= environment(course, out)
    os.chdir(course)
    made = FormgraderServer.made({"root_dir": str(course), "default_url": FIRST}, extra)
    extension = Formgrader(parent=made)
    extension.root_dir, extension.log = str(course), made.log
    extension.initialize([])
    extension.init_tornado_settings(made.web_app)
    extension.init_handlers(made.web_app)
    return made


def run(course: Path, out: Path, extra: list[str]) -> int:
    """Serve formgrader until it is stopped.

    Raises:
        FormgraderError: there is nothing to show.
    """
    server(course, out, extra).start()
    return 0
