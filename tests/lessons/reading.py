"""A lesson as its reader meets it: words, sentences, formulas and numbers, taken from the notebook's text cells."""

import importlib
import re
from functools import cache
from pathlib import Path

from tests.notebooks import LESSONS, read, source

CONVERSATION = "12_interview"  # not a lesson in this mould
HERE = Path(__file__).parent
# Lessons that are held to their word: those with a list of their claims.
HELD = [lesson for lesson in LESSONS if (HERE / f"lesson_{lesson[:2]}.py").exists()]
TEACHING = [lesson for lesson in HELD if lesson != CONVERSATION]

_FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)
_DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$])\$([^$]+)\$(?!\$)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\([^)]*\)|https?://\S+")
_TAG = re.compile(r"<[^<>\n]{1,60}>")
_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d+(?:\.\d+)?(?:[eE][+\-−]?\d+)?")


@cache
def claims(lesson):
    """The module that lists what a lesson claims: FORMULAS, NUMBERS, TRANSCRIPTIONS, MAXIMS."""
    return importlib.import_module(f"tests.lessons.lesson_{lesson[:2]}")


def cells(lesson, kind=None):
    """The cells of a solution, all or those of one kind."""
    return [cell for cell in read("solutions", lesson)["cells"] if kind in (None, cell["cell_type"])]


def text(lesson):
    """All text cells, one after the other."""
    return "\n\n".join(source(cell) for cell in cells(lesson, "markdown"))


def without_dessert(words):
    """The text without the sections whose headings say that they are dessert."""
    parts = re.split(r"(?m)^(?=## )", words)
    return "".join(part for part in parts if "dessert" not in part.partition("\n")[0].lower())


def visible(words):
    """The text without what is folded away."""
    return _FOLD.sub("", words)


def prose(words):
    """The text without formulas, code, link targets and HTML; a formula counts as one word."""
    for pattern, by in ((_FENCE, " "), (_DISPLAY, " x "), (_INLINE, " x "), (_CODE, " x "), (_LINK, "]"), (_TAG, " ")):
        words = pattern.sub(by, words)
    return words


def word_count(words):
    """How many words somebody reads, those of tables and headings included."""
    return len(re.findall(r"[^\W_][\w'’\-]*", prose(words)))


def sentences(words):
    """The sentences of running text: no tables, headings or list marks."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=[-*|#\d])", prose(words)):
        if not block.strip().startswith(("|", "#")):
            found += re.split(r"(?<=[.!?:])\*{0,2}[\"”)]?\s+(?=[\"“(*]*[A-Z0-9])", " ".join(block.split()))
    return [sentence for sentence in found if sentence]


def formulas(lesson):
    """Every displayed formula, and every formula in code in the cell tagged `summary`, white space folded."""
    found = [" ".join(formula.split()) for formula in _DISPLAY.findall(text(lesson))]
    for cell in tagged(lesson, "summary"):
        found += [code.strip("`") for code in _CODE.findall(source(cell)) if "=" in code]
    return list(dict.fromkeys(found))


def tagged(lesson, tag):
    """The cells of a solution that carry a tag."""
    return [cell for cell in cells(lesson) if tag in cell["metadata"].get("tags", ())]


def numbers(words):
    """The numbers of a text as they are written, code and link targets left out."""
    for pattern in (_FENCE, _CODE, _LINK, _TAG):
        words = pattern.sub(" ", words)
    words = words.replace("{,}", ",").replace("\\,", "")
    return list(dict.fromkeys(_NUMBER.findall(words)))


def value(number):
    """What a number as written is worth."""
    return float(number.replace(",", "").replace("−", "-"))


def printed(lesson):
    """The text that a solution's code cells hold and print, pictures left out."""
    found = []
    for cell in cells(lesson, "code"):
        found.append(source(cell))
        for output in cell["outputs"]:
            data = output.get("data", {})
            found.append("".join(output.get("text", ())) + "".join(data.get("text/plain", ())))
    return "\n".join(found)
