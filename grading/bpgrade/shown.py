"""How nbconvert shows a student's notebook to whoever grades it, and nbgrader in its own feedback.

Twice: `Clean` takes out of the notebook what no template should have to think about, and `Page` looks at the page
that the templates made of it. Each tag of a template is marked with a secret of that one page; what carries no mark
came out of the notebook, whichever hole in a template it came through, and has to pass the sieve.
"""

from __future__ import annotations

import copy
import html
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jinja2
from bs4 import BeautifulSoup, Doctype, Tag
from bs4.element import PreformattedString
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from bpgrade import customs, pages, sieve

LONGEST, MOST_TAGS_IN_ONE = 100_000, 5_000  # of one text; a picture inside it does not count
MOST_CHARACTERS, MOST_TAGS = 1_000_000, 20_000  # of a notebook
MOST_COLOURS = 5_000  # of one text
TOO_LONG = "[{} of {} characters, more than a page can show]"
MARK = "data-own"
PLUGINS = ("strikethrough", "table", "url", "def_list")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")

# A page that is a file of its own: it shows text and the pictures inside it, and that is all.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

# In place of MathJax, which would come from the internet and may evaluate text: formulas stay LaTeX. nbgrader's script
# waits until MathJax is done, and goes on at once.
NO_MATHJAX = """{% macro mathjax(url="") %}<script>
var MathJax = {Hub: {Startup: {signal: {Interest: (ready) => setTimeout(ready, 0, "End")}}}};
</script>{% endmacro %}"""


class Clean(Preprocessor):
    """Take out of a notebook whatever a template could stumble over: metadata, attachments, kinds of output."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Clean a whole notebook."""
        nb.metadata = _node(nb, {"language_info": {"name": "python"}})
        room = Room()
        for cell in nb.cells:
            clean_cell(cell, room)
        return nb, resources


@dataclass
class Room:
    """How much HTML and Markdown of one notebook is rendered: a parser needs a second for some 10,000 nested tags."""

    characters: int = MOST_CHARACTERS
    tags: int = MOST_TAGS

    def holds(self, text: str) -> bool:
        """Whether there is room for a text; if so, it is taken."""
        bare = _BASE64.sub("", text)
        tags = len(re.findall(r"[<>*_`~|\[$]", bare))
        if len(bare) > min(self.characters, LONGEST) or tags > min(self.tags, MOST_TAGS_IN_ONE):
            return False
        self.characters, self.tags = self.characters - len(bare), self.tags - tags
        return True


def _node(like: Any, value: dict[str, Any]) -> Any:
    """A dictionary of the kind that notebooks are made of."""
    return type(like)({key: _node(like, v) if isinstance(v, dict) else v for key, v in value.items()})


def clean_cell(cell: Any, room: Room) -> None:
    """Clean one cell in place."""
    marks = cell.metadata.get("nbgrader")
    keep = isinstance(marks, dict) and re.fullmatch(r"[\w.-]{1,100}", str(marks.get("grade_id", "")))
    cell.metadata = _node(cell, {"nbgrader": marks} if keep else {})
    if not re.fullmatch(r"[\w-]{1,64}", str(cell.get("id", "")), re.ASCII):
        cell.id = secrets.token_hex(4)
    cell.source = str(cell.source)
    if "attachments" in cell:
        cell.attachments = _node(cell, _attachments(cell.attachments))
    if cell.cell_type == "markdown" and not room.holds(cell.source):
        cell.source = TOO_LONG.format("Markdown", len(cell.source))
    if cell.cell_type == "raw":
        cell.source = html.escape(cell.source)  # a template would take it for HTML
    if cell.cell_type == "code":
        count = cell.get("execution_count")
        cell.execution_count = count if type(count) is int else None
        cell.outputs = [output(item, room) for item in cell.outputs if isinstance(item, dict)]


def _attachments(found: Any) -> dict[str, Any]:
    """Attached pictures that are PNGs."""
    kinds = found.items() if isinstance(found, dict) else ()
    pictures = ((name, kind.get("image/png")) for name, kind in kinds if isinstance(kind, dict))
    return {name: {"image/png": text} for name, text in pictures if isinstance(text, str) and customs.is_png(text)}


def output(item: Any, room: Room) -> Any:
    """One output with nothing in it but what is shown."""
    kind = item.get("output_type")
    if kind == "stream":
        name = "stderr" if item.get("name") == "stderr" else "stdout"
        return _node(item, {"output_type": kind, "name": name, "text": _plain(item.get("text", ""))})
    if kind == "error":
        lines = [_plain(line) for line in item.get("traceback") or ()]
        facts = {"ename": str(item.get("ename", "")), "evalue": str(item.get("evalue", ""))}
        return _node(item, {"output_type": kind, **facts, "traceback": lines})
    data, sizes = item.get("data"), item.get("metadata")
    data = data if isinstance(data, dict) else {}
    new: dict[str, Any] = {"output_type": "display_data", "data": _data(data, room), "metadata": _sizes(sizes)}
    if kind == "execute_result":
        new |= {"output_type": kind, "execution_count": None}
    return _node(item, new)


def _plain(text: Any) -> str:
    """Text for a terminal; nbconvert would need hours for a great many colours."""
    return pages.clean(str(text)) if str(text).count("\x1b") > MOST_COLOURS else str(text)


def _data(data: dict[str, Any], room: Room) -> dict[str, str]:
    """The kinds of an output that may be shown; a word if none may."""
    texts = {kind: text for kind, text in data.items() if isinstance(text, str)}
    kept: dict[str, str] = {kind: _plain(texts[kind]) for kind in ("text/plain", "text/latex") if kind in texts}
    if customs.is_png(texts.get("image/png", "")):
        kept["image/png"] = texts["image/png"]
    for kind, change in (("text/html", sieve.markup), ("text/markdown", str)):
        if kind in texts and room.holds(texts[kind]):
            kept[kind] = change(texts[kind])
        elif kind in texts:
            kept.setdefault("text/plain", TOO_LONG.format(kind, len(texts[kind])))
    return kept or {"text/plain": f"[not shown: {', '.join(sorted(map(str, data)))[:200] or 'nothing'}]"}


def _sizes(found: Any) -> dict[str, Any]:
    """Width and height of a picture, if they are whole numbers."""
    sizes = found.get("image/png") if isinstance(found, dict) else None
    sizes = sizes if isinstance(sizes, dict) else {}
    kept = {name: sizes[name] for name in ("width", "height") if type(sizes.get(name)) is int}
    return {"image/png": kept} if kept else {}


class _Attached(dict[str, Any]):
    """Attachments of a cell; one that is missing is an empty picture, and no reason to show no page at all."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> dict[str, str]:
        return {"image/png": ""}


@jinja2.pass_context
def markdown2html(context: Any, source: str) -> str:
    """Markdown of a student as HTML: rendered first, sieved then."""
    return markdown(source, context.get("cell", {}).get("attachments", {}))


def markdown(source: str, attachments: Any = None) -> str:
    """Markdown as HTML that has passed the sieve; what cannot be rendered is shown as it was typed.

    Example:
        >>> markdown("[a](java&#115;cript:x())").strip()
        '<p><a>a</a></p>'
    """
    if Room().holds(source):
        try:
            renderer = IPythonRenderer(escape=False, attachments=_Attached(_attachments(attachments)))
            plugins = [_plugin(name) for name in PLUGINS]
            return sieve.markup(MarkdownWithMath(renderer=renderer, plugins=plugins).render(source))
        except Exception:
            pass  # a student chose this text: whatever it does to the renderer, the page comes out
    return f"<pre>{html.escape(source)}</pre>"


def _plugin(name: str) -> Any:
    from mistune.plugins import import_plugin

    return import_plugin(name)


class Templates(jinja2.BaseLoader):
    """Templates of nbgrader and nbconvert, with a mark on each of their tags and no `on…`.

    Args:
        inner: where they come from.
    """

    def __init__(self, inner: jinja2.BaseLoader) -> None:
        self.inner = inner

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        source, file, fresh = self.inner.get_source(environment, template)
        if str(file or template).endswith("mathjax.html.j2"):
            source = NO_MATHJAX
        return (marked(source) if str(file or template).endswith((".j2", ".tpl")) else source), file, fresh


def marked(source: str) -> str:
    """A template's text with a mark on each tag, handlers as scripts, and names quoted as scripts need them."""
    source = re.sub(r'<([^<>]*?) on[cC]lick="([^"]*)"([^<>]*)>', _handler, source)
    source = re.sub(r"(<script\b[^>]*>)(.*?)(</script>)", _quoted, source, flags=re.DOTALL)
    source = source.replace("resources.include_css(", "include_css(resources, ")
    source = source.replace(
        "Open live notebook", "To run it: bpgrade open {{ resources.student }} {{ resources.assignment_id }}"
    )
    return re.sub(r"<([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])", rf'<\1 {MARK}="{{{{ mark() }}}}"', source)


def _handler(found: re.Match[str]) -> str:
    code = "const me = document.currentScript, on = me.parentElement; me.remove();"
    return f'<{found[1]}{found[3]}><script>{{{code} on.addEventListener("click", () => {{ {found[2]} }})}}</script>'


def _quoted(found: re.Match[str]) -> str:
    """In a script, a name becomes a string of JavaScript, whatever is in it."""
    return found[1] + re.sub(r'"\{\{ *([\w.]+) *\}\}([^"{]*)"', r'{{ (\1 ~ "\2") | tojson }}', found[2]) + found[3]


class Mark:
    """The secret of the page that is being made; a new one for each."""

    def __init__(self) -> None:
        self.value = ""

    def __call__(self) -> str:
        return self.value

    def renew(self) -> str:
        """Begin a new page."""
        self.value = secrets.token_hex(16)
        return self.value


def environment(inner: jinja2.Environment, mark: Mark) -> jinja2.Environment:
    """Let an environment's templates carry marks."""
    assert inner.loader is not None
    inner.loader = Templates(inner.loader)
    inner.globals |= {"mark": mark, "include_css": lambda resources, name: _css(resources, name, mark)}
    return inner


def _css(resources: Any, name: str, mark: Mark) -> str:
    return str(resources["include_css"](name)).replace("<style", f'<style {MARK}="{mark()}"', 1)


class Page(HTMLExporter):
    """nbconvert's page of a notebook, sieved as a whole; with no script unless it is served with a nonce."""

    nonce = ""
    base_url = ""

    def _create_environment(self) -> Any:
        self.mark = Mark()
        return environment(super()._create_environment(), self.mark)

    def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> Any:
        """The page, and nbconvert's resources."""
        if resources is not None:
            for name in ("student", "first_name", "last_name", "notebook_id", "assignment_id", "submission_id"):
                if isinstance(resources.get(name), str):
                    resources[name] = html.escape(resources[name])
        nb, resources = Clean().preprocess(
            copy.deepcopy(nb), resources
        )  # before nbconvert looks whether it is a sound notebook
        self.environment  # noqa: B018 - made at the first use, with the mark
        mark = self.mark.renew()
        text, resources = super().from_notebook_node(nb, resources, **more)
        return whole(text, mark, self.nonce, self.base_url), resources


def whole(text: str, mark: str, nonce: str = "", base_url: str = "") -> str:
    """A whole page, sieved: what carries the mark is the template's, all else has to pass.

    Args:
        text: the page as it was made.
        mark: what tags of its template carry.
        nonce: under which its scripts may run; without one they are taken out.
        base_url: where the server's own addresses begin.
    """
    soup = BeautifulSoup(text, "html.parser")
    for string in soup.find_all(string=lambda string: isinstance(string, PreformattedString)):
        if not (isinstance(string, Doctype) and string.parent is soup):
            string.extract()  # comments and the like
    for tag in soup.find_all(True):
        if tag.attrs.pop(MARK, None) == mark:
            _own(tag, nonce, base_url)
        else:
            _foreign(tag)
    if not nonce and soup.head is not None:
        policy = soup.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy", "content": FILE_POLICY})
        soup.head.insert(0, policy)
    return str(soup)


def _foreign(tag: Tag) -> None:
    """A tag out of the notebook."""
    if tag.name in ("script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math"):
        tag.extract()
    elif tag.name not in sieve.TAGS:
        tag.unwrap()
    else:
        values = ((name, sieve.attribute(tag.name, name, _value(tag, name))) for name in list(tag.attrs))
        tag.attrs = {name: value for name, value in values if value is not None}


def _value(tag: Tag, name: str) -> str:
    value = tag.attrs[name]
    return " ".join(value) if isinstance(value, list) else str(value)


_ADDRESSES = ("href", "src", "action", "formaction", "data", "poster", "background", "ping", "xlink:href", "srcdoc")


def _own(tag: Tag, nonce: str, base_url: str) -> None:
    """A tag of the template; into its attributes a notebook's text may have got nevertheless."""
    for name in list(tag.attrs):
        rule = _ADDRESS.get((tag.name, name))
        value = _value(tag, name)
        if (
            name.startswith("on")
            or name == "data-link"
            or (name in _ADDRESSES and not (rule and rule(value, base_url)))
            or (tag.name == "img" and name not in ("src", "alt", "class") and not sieve.attribute("img", name, value))
            or (name == "style" and "url" in value.lower())
        ):
            del tag.attrs[name]
    if tag.name in ("script", "style"):
        if (tag.name == "script" and not nonce) or tag.get("type", "text/javascript") not in (
            "text/javascript",
            "text/css",
        ):
            tag.extract()
        elif nonce:
            tag["nonce"] = nonce


def _static(value: str, base_url: str) -> bool:
    return re.fullmatch(re.escape(base_url) + r"/formgrader/static/[\w./-]+", value) is not None and ".." not in value


def _goes(value: str, base_url: str) -> bool:
    inside = value.startswith((f"{base_url}/formgrader/", "#"))
    return inside or sieve.link(value) is not None


_ADDRESS: dict[tuple[str, str], Callable[[str, str], bool]] = {
    ("a", "href"): _goes,
    ("img", "src"): lambda value, base_url: sieve.picture(value) is not None,
    ("link", "href"): _static,
    ("script", "src"): _static,
}
