"""The sieve: of HTML and Markdown that somebody else wrote, what a page may show.

What passes is on a list; everything else comes out as text. The list holds nothing that runs, loads, covers other
parts of a page or answers to nbgrader's scripts: no `on…`, no address but http, https, mailto and places in the same
text, no picture but a PNG inside the page itself, no `id` or `class` that a script of the page could look for.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner

from bpgrade.customs import is_png

_ALLOWED = """a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span
strong sub summary sup table tbody td th thead tr ul"""
TAGS = frozenset(_ALLOWED.split())
SCHEMES = ("http", "https", "mailto")
PLACE = "note-"  # before the name of a place, so that no script of the page takes it for one of its own
LONGEST_LINK = 2000

_PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/\s]+={0,2})\s*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_LENGTH = r"[0-9]{0,3}(?:\.[0-9]{1,3})?(?:px|em|rem|%)"
_COLOUR = r"(?:#[0-9a-fA-F]{3,8}|rgb\([0-9]{1,3}(?:, ?[0-9]{1,3}){2}\))"
_STYLES = {
    "background-color": re.compile(_COLOUR),
    "border-left": re.compile(rf"[0-9]{{1,2}}px (?:solid|double|dashed) {_COLOUR}"),
    "color": re.compile(_COLOUR),
    "height": re.compile("auto"),
    "margin-top": re.compile(r"[01]?(?:\.[0-9]{1,2})?em|0"),
    "max-width": re.compile(_LENGTH),
    "overflow-wrap": re.compile("anywhere|break-word"),
    "padding": re.compile(r"(?:[012]?(?:\.[0-9]{1,2})?em|0)(?: (?:[012]?(?:\.[0-9]{1,2})?em|0)){0,3}"),
    "text-align": re.compile("left|center|right"),
}
# What nbconvert gives to code and to colours of a terminal; none of these is a name that a script asks for.
_CLASSES = {
    "a": re.compile("anchor-link"),
    "div": re.compile("highlight|hl-[a-z0-9]{1,20}"),
    "span": re.compile(r"ansi-[a-z-]{1,30}|[a-z][a-z0-9]?|linenos"),
    "table": re.compile("dataframe"),
}
_VERBATIM = re.compile(
    r'<img alt="([^"<>\x00]*)" (?:title="[^"<>\x00]*" )?src="(data:image/png;base64,[A-Za-z0-9+/=]+)"'
    r'((?: (?:width|height)="[0-9]{1,4}")*)((?: style="[^"]*")?) ?/?>\s*',
    re.ASCII,
)


def markup(text: str) -> str:
    """HTML of a student as it may stand in a page; it comes out balanced, and its own sieving changes nothing.

    Example:
        >>> markup('<b onclick="x()">so</b><script>y()</script>')
        '<b>so</b>&lt;script&gt;y()&lt;/script&gt;'
    """
    figure = _VERBATIM.fullmatch(text)
    if figure and picture(figure[2]) and (not figure[4] or style(figure[4][8:-1]) == figure[4][8:-1]):
        return text  # a figure of a lesson stays as it is, to the byte
    cleaner = Cleaner(
        tags=TAGS,
        attributes=lambda tag, name, value: attribute(tag, name, value) is not None,
        protocols={*SCHEMES, "data"},
        css_sanitizer=_Styles(),
        filters=[_Values],
    )
    return str(cleaner.clean(text))


class _Styles:
    """How bleach asks for a style."""

    def sanitize_css(self, text: str) -> str:
        return style(text) or ""


class _Values(Filter):
    """Attributes whose value changes, and does not just stay or go."""

    def __iter__(self) -> Any:
        for token in Filter.__iter__(self):
            if token["type"] in ("StartTag", "EmptyTag"):
                values = {
                    name: html.escape(attribute(token["name"], name[1], value) or "", quote=False)
                    for name, value in token["data"].items()
                    if name[1] in ("href", "id", "class")
                }
                token["data"] |= values
            yield token


def attribute(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as it may stand, with its entities resolved, or None if the attribute has to go.

    Example:
        >>> attribute("a", "href", "java&#115;cript:x()"), attribute("a", "href", "#part")
        (None, '#note-part')
    """
    rule = _RULES.get((tag, name)) or _RULES.get(("", name))
    return rule(resolved(value)) if rule else None


def link(address: str) -> str | None:
    """An address with a whole `http://`, `https://` or `mailto:`, or a place in the same text; None for any other.

    Example:
        >>> link("Java\\tScript:x()"), link("//elsewhere"), link("https://numpy.org")
        (None, None, 'https://numpy.org')
    """
    bare = "".join(c for c in resolved(address) if unicodedata.category(c)[0] not in "CZ")
    if len(bare) > LONGEST_LINK:
        return None
    if bare.startswith("#"):
        return "#" + _place(bare[1:])
    bare = re.sub("[\"'<>`\\\\^{|}]", lambda odd: f"%{ord(odd[0]):02X}", bare)
    # A slash or two less, and a browser reads it as a path on the page's own server.
    return bare if re.match("https?://[^/?#@:%]|mailto:[^/]", bare, re.IGNORECASE) else None


def resolved(text: str) -> str:
    """Text in which every entity has become its character, also one that was spelt with entities itself."""
    for _ in range(5):
        text, before = html.unescape(text), text
        if text == before:
            return text
    return ""


def picture(address: str) -> str | None:
    """The address of a picture, if it is a PNG that the address itself holds."""
    found = _PICTURE.fullmatch(address)
    return address if found and is_png(found[1]) else None


def style(text: str) -> str | None:
    """What of a style may stay, or None if nothing may."""
    parts = [part for part in text.split(";") if part.strip()]
    kept = [part for part in parts if _is_style(*part.partition(":")[::2])]
    if not kept:
        return None
    return text if len(kept) == len(parts) else ";".join(kept).strip()


def _is_style(name: str, value: str) -> bool:
    rule = _STYLES.get(name.strip().lower())
    return rule is not None and rule.fullmatch(value.strip()) is not None


def _classes(tag: str) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        return " ".join(name for name in value.split() if _CLASSES[tag].fullmatch(name)) or None

    return rule


def _place(name: str) -> str:
    safe = re.sub(r"[^\w.~%-]", "-", name)[:200]
    return safe if safe.startswith(PLACE) else PLACE + safe


def _matches(pattern: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)
    return lambda value: value if compiled.fullmatch(value) else None


def _text(value: str) -> str:
    return value


_WHOLE = _matches(_NUMBER.pattern)
_RULES: dict[tuple[str, str], Callable[[str], str | None]] = {
    ("", "style"): style,
    ("", "title"): _text,
    ("a", "href"): link,
    ("div", "role"): _matches("status"),
    ("img", "alt"): _text,
    ("img", "src"): picture,
    ("img", "width"): _WHOLE,
    ("img", "height"): _WHOLE,
    ("table", "border"): _WHOLE,
    ("td", "colspan"): _WHOLE,
    ("td", "rowspan"): _WHOLE,
    ("th", "colspan"): _WHOLE,
    ("th", "rowspan"): _WHOLE,
    **{(tag, "class"): _classes(tag) for tag in _CLASSES},
    **{(f"h{level}", "id"): _place for level in range(1, 7)},
}
