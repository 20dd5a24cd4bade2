"""Put a handed-in notebook back into shape: read what can be read, and restore the official cells in it.

Plain functions on plain data. What a student wrote is kept; what the lesson fixes (setup, tests, points, kernel)
comes from the released notebook, so that grading is always of the official test cells, once each.
"""

from __future__ import annotations

import ast
import codecs
import copy
import json
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from bpgrade import customs
from bpgrade.records import Flag

Cell = dict[str, Any]
Notebook = dict[str, Any]

MAX_BYTES = 64 << 20  # a notebook that printed 40 MB and saved it is still read
MAX_BRACKETS = 8_000_000  # each costs about 60 bytes in memory, so half a gigabyte at most
MAX_CELLS = 2_000
MAX_TEXT = 8 << 20  # of all cells together, outputs not counted

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_OTHER_FILES = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"<", "a web page"),
)


class Broken(Exception):
    """No notebook can be read; `reason` is a sentence that its author can read."""

    def __init__(self, reason: str) -> None:
        self.reason = reason.encode("utf-8", "replace").decode("utf-8")
        super().__init__(self.reason)


# ------------------------------------------------------------------------------------------------ reading


def read(content: bytes) -> tuple[Notebook, tuple[str, ...]]:
    """A handed-in file as an nbformat 4.5 notebook, with each source one text, without outputs.

    Only what grading needs is kept: cells, their text, nbgrader's metadata and attached pictures. Tags go too, since
    some (skip-execution, raises-exception) change how a cell is run.

    Args:
        content: the bytes of the file.
    Returns:
        (notebook, repairs): the notebook, and a sentence for everything that had to be mended.
    Raises:
        Broken: it is not a notebook, or not one that can be read.
    """
    repairs: list[str] = []
    data = _upgraded(_parsed(content, repairs), repairs)
    raw = data.get("cells")
    if not isinstance(raw, list):
        raise Broken("The file is not a notebook: it has no list of cells.")
    if len(raw) > MAX_CELLS:
        raise Broken(f"The notebook has {len(raw)} cells; at most {MAX_CELLS} are read.")
    cells = [_cell(number, cell) for number, cell in enumerate(raw, 1)]
    _attach(cells, raw, repairs)
    if sum(len(cell["source"]) for cell in cells) > MAX_TEXT:
        raise Broken(f"The notebook's cells hold more than {MAX_TEXT >> 20} MB of text.")
    _mend_text(cells, repairs)
    _mend_ids(cells, repairs)
    return {"cells": cells, "metadata": _metadata(data), "nbformat": 4, "nbformat_minor": 5}, tuple(repairs)


def _parsed(content: bytes, repairs: list[str]) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise Broken(f"The file is larger than {MAX_BYTES >> 20} MB. Clear its outputs, save it and hand it in again.")
    if not content.strip(b" \t\r\n\0"):
        raise Broken("The file is empty.")
    if content.count(b"[") + content.count(b"{") > MAX_BRACKETS:
        raise Broken("The file has too many parts to be a notebook. Clear its outputs, save it and hand it in again.")
    text = _decoded(content, repairs)
    try:
        data = json.loads(text)
    except RecursionError:
        raise Broken("The file is nested too deeply to be a notebook.") from None
    except ValueError as error:
        raise Broken(_why_no_json(content, text, error)) from None
    if not isinstance(data, dict):
        raise Broken("The file is not a notebook: it has no cells.")
    return data


def _decoded(content: bytes, repairs: list[str]) -> str:
    for mark, encoding, name in _BOMS:
        if content.startswith(mark):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                break
            repairs.append(f"The file was saved as {name} and was read as such.")
            return text
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Latin-1 last: it decodes anything.
        encoding = "cp1252" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", content) else "latin-1"
        text = content.decode(encoding)
        repairs.append("The file was not saved as UTF-8; special characters may have come out wrong.")
        return text


def _why_no_json(content: bytes, text: str, error: ValueError) -> str:
    kind = next((kind for start, kind in _OTHER_FILES if content.lstrip().startswith(start)), "")
    if text.startswith("<<<<<<<") or "\n<<<<<<< " in text:
        return "The file holds the marks of an unfinished git merge (<<<<<<<) and cannot be read as a notebook."
    if kind:
        return f"The file is {kind}, not a notebook. Hand in the .ipynb file itself."
    at = getattr(error, "pos", 0)
    if text.lstrip().startswith("{") and (at >= len(text.rstrip()) or "Unterminated string" in str(error)):
        return f"The file is cut off after {len(text)} characters: its end is missing. Save and hand it in again."
    where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    return f"The file cannot be read as a notebook: it is not valid JSON{where}."


def _upgraded(data: dict[str, Any], repairs: list[str]) -> dict[str, Any]:
    major = data.get("nbformat", 3 if "worksheets" in data else 4)
    if isinstance(major, float) and major.is_integer():
        major = int(major)
    if not isinstance(major, int) or isinstance(major, bool) or major < 1:
        raise Broken(f"The notebook's format, {_short(str(major))}, is unknown.")
    if major > 4:
        raise Broken(f"The notebook's format, {_short(str(major))}, is newer than what can be read (4).")
    if "nbformat" not in data:
        if "cells" not in data and "worksheets" not in data:
            raise Broken("The file is not a notebook: it has no cells.")
        repairs.append("The notebook did not say its format; it was read as the usual one.")
    return data if major == 4 else _converted(data, major, repairs)


def _converted(data: dict[str, Any], major: int, repairs: list[str]) -> dict[str, Any]:
    import nbformat  # half a second, and hardly ever needed

    try:
        notebook = nbformat.convert(nbformat.from_dict(data | {"nbformat": major}), 4)
        converted: dict[str, Any] = json.loads(json.dumps(notebook))
    except Exception:  # the converter trusts its input; whatever it trips over, the file is broken
        raise Broken(f"The notebook is of the old format {major} and cannot be converted.") from None
    repairs.append(f"The notebook was of the old format {major} and was converted.")
    return converted


def _cell(number: int, cell: Any) -> Cell:
    if not isinstance(cell, dict):
        raise Broken(f"Cell {number} of the notebook is not a cell.")
    kind, text = cell.get("cell_type"), cell.get("source")
    if kind not in ("code", "markdown", "raw"):
        raise Broken(f"Cell {number} of the notebook is of the unknown type {_short(str(kind))}.")
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        raise Broken(f"Cell {number} of the notebook has no text.")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    read = {"cell_type": kind, "id": cell.get("id"), "metadata": {}, "source": text}
    if isinstance(nbgrader, dict) and len(nbgrader) < 50:
        read["metadata"] = {"nbgrader": {k: v for k, v in nbgrader.items() if isinstance(v, str | int | float)}}
    if kind == "code":
        read |= {"execution_count": None, "outputs": []}
    return read


def _attach(cells: list[Cell], given: list[Any], repairs: list[str]) -> None:
    """Keep the pictures attached to cells of text, as far as they are some."""
    room = customs.Room()
    for number, (cell, raw) in enumerate(zip(cells, given, strict=True), 1):
        kept, dropped = customs.attachments(raw.get("attachments"), room) if cell["cell_type"] != "code" else ({}, 0)
        if kept:
            cell["attachments"] = kept
        if dropped and len(repairs) < 50:
            what = "A file" if dropped == 1 else f"{dropped} files"
            repairs.append(
                f"{what} attached to cell {number} cannot be shown: only PNG pictures of less than 1 MB can."
            )


def _metadata(data: dict[str, Any]) -> dict[str, Any]:
    metadata = data.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(spec, dict) or not all(isinstance(spec.get(key), str) for key in ("name", "display_name")):
        return {}
    return {"kernelspec": {"name": spec["name"], "display_name": spec["display_name"]}}


def _mend_text(cells: list[Cell], repairs: list[str]) -> None:
    """Half a surrogate pair is legal in JSON and cannot be written to any file."""
    mended = False
    for cell in cells:
        sound = cell["source"].encode("utf-8", "replace").decode("utf-8")
        mended |= sound != cell["source"]
        cell["source"] = sound
        cell["metadata"] = json.loads(re.sub(r"\\ud[89a-f][0-9a-f]{2}", "?", json.dumps(cell["metadata"])))
    if mended:
        repairs.append("Some characters were broken and became question marks.")


def _mend_ids(cells: list[Cell], repairs: list[str]) -> None:
    taken: set[str] = set()
    twice = False
    unnamed = []
    for number, cell in enumerate(cells, 1):
        given = cell["id"]
        sound = isinstance(given, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", given) is not None
        if sound and given not in taken:
            taken.add(given)
        else:
            twice |= sound
            unnamed.append((number, cell))
    for number, cell in unnamed:
        cell["id"] = _free(f"cell-{number}", taken)
        taken.add(cell["id"])
    if twice:
        repairs.append("Several cells had the same id; each has its own now.")


def _free(wanted: str, taken: Iterable[str]) -> str:
    known, wanted = set(taken), wanted[:56]
    return wanted if wanted not in known else next(n for i in range(2, 10**6) if (n := f"{wanted}-{i}") not in known)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


# ------------------------------------------------------------------------------------------------ the official side


@dataclass(frozen=True)
class Official:
    """A released lesson.

    Attributes:
        assignment: id of the lesson, such as "02_two_layer_network".
        notebook: its name without ending.
        cells: all its cells as plain data, each source one text.
        metadata: the notebook's own, with the kernel.
    """

    assignment: str
    notebook: str
    cells: tuple[Cell, ...] = field(repr=False)
    metadata: dict[str, Any] = field(repr=False)

    @cached_property
    def fixed(self) -> dict[str, Cell]:
        """The cells that nbgrader knows, by grade id, in their order."""
        return {_grade_id(cell): cell for cell in self.cells if _grade_id(cell)}

    @cached_property
    def functions(self) -> dict[str, str]:
        """Grade id of each blank that asks for a function -> the function's name."""
        found = {}
        for name, cell in self.fixed.items():
            defined = re.findall(r"^def[ \t]+(\w+)", cell["source"], re.M) if _facts(cell).get("solution") else []
            if defined:
                found[name] = name if name in defined else defined[-1]
        return found

    @cached_property
    def asked_by(self) -> dict[str, str]:
        """Grade id of each test or blank -> grade id of the blank it belongs to, or ""."""
        found, latest = {}, ""
        for name, cell in self.fixed.items():
            if _facts(cell).get("solution"):
                latest = name
            named = [b for b, f in self.functions.items() if re.search(rf"\b{f}\b", cell["source"])]
            found[name] = latest if latest in named or not named or _facts(cell).get("solution") else named[-1]
        return found

    def exercise(self, grade_id: str) -> str:
        """Name of the function that a cell is about, or ""."""
        return self.functions.get(self.asked_by.get(grade_id, ""), "")


def official(release: Path) -> Official:
    """The released lesson in `lessons/<id>/<name>.ipynb`."""
    data = json.loads(release.read_text(encoding="utf-8"))
    cells = tuple(cell | {"source": "".join(cell["source"])} for cell in data["cells"])
    return Official(release.parent.name, release.stem, cells, data["metadata"])


def recogniser(officials: Iterable[Official]) -> Callable[[bytes], str | None]:
    """A function that says which lesson a file is, by the cells in it, or None.

    A notebook belongs to the lesson with which it shares most: cells named alike, cells of the same text, functions.
    """
    known = tuple(officials)

    def recognise(content: bytes) -> str | None:
        try:
            notebook, _ = read(content)
        except Broken:
            return None
        ranked = sorted(((_shared(notebook["cells"], one), one.assignment) for one in known), reverse=True)
        if not ranked or ranked[0][0] == 0 or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]

    return recognise


def _shared(cells: list[Cell], lesson: Official) -> int:
    names = {_grade_id(cell) for cell in cells} & (lesson.fixed.keys() - {"setup"})
    texts = {cell["source"].strip() for cell in cells} & {cell["source"].strip() for cell in lesson.cells}
    functions = [f for f in lesson.functions.values() if any(_defines(cell, f) for cell in cells)]
    return len(names) + len(texts) + len(functions)


def _facts(cell: Cell) -> dict[str, Any]:
    facts: dict[str, Any] = cell["metadata"].get("nbgrader", {})
    return facts


def _grade_id(cell: Cell) -> str:
    name = _facts(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def _is_test(cell: Cell) -> bool:
    return bool(_facts(cell).get("grade")) and not _facts(cell).get("solution")


def _is_locked(cell: Cell) -> bool:
    return not _facts(cell).get("solution") and bool(_facts(cell).get("locked") or _facts(cell).get("grade"))


def _defines(cell: Cell, function: str) -> bool:
    return (
        cell["cell_type"] == "code"
        and function in cell["source"]
        and bool(re.search(rf"^(?:async[ \t]+)?def[ \t]+{function}\b|^{function}[ \t]*=[^=]", cell["source"], re.M))
    )


def same_substance(one: str, other: str) -> bool:
    """Whether two cells differ in spaces, quotes and comments at most."""
    if one.strip() == other.strip():
        return True
    if max(len(one), len(other)) > 10 * min(len(one), len(other)) + 1000:
        return False  # comments are not that long, and parsing takes time
    return _substance(one) == _substance(other)


@lru_cache(maxsize=2 * MAX_CELLS)
def _substance(source: str) -> str:
    """What is left of a cell without spaces, quotes and comments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return " ".join(source.split())


# ------------------------------------------------------------------------------------------------ restoring


@dataclass
class _Work:
    """What is known while one notebook is being restored; a cell is found by identity, not by equality."""

    official: Official
    cells: list[Cell]
    claims: dict[str, list[tuple[Cell, dict[str, Any]]]] = field(default_factory=dict)
    hosts: dict[str, Cell] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    unmarked: int = 0

    def at(self, cell: Cell) -> int:
        return next(i for i, one in enumerate(self.cells) if one is cell)

    def move(self, cell: Cell, to: int) -> None:
        """Put a cell in front of the one that stands at `to` now."""
        here = self.at(cell)
        del self.cells[here]
        self.cells.insert(to - (here < to), cell)

    def free(self) -> list[Cell]:
        """Cells that no official cell has claimed."""
        claimed = {id(cell) for cells in self.claims.values() for cell, _ in cells}
        claimed |= {id(cell) for cell in self.hosts.values()}
        return [cell for cell in self.cells if id(cell) not in claimed]

    def new(self, name: str) -> Cell:
        """A fresh copy of an official cell, not yet placed."""
        cell = copy.deepcopy(self.official.fixed[name])
        cell["id"] = _free(cell["id"], (one["id"] for one in self.cells))
        self.hosts[name] = cell
        return cell

    def flag(self, name: str, text: str) -> None:
        self.flags.append(Flag("edited-test", text, self.official.exercise(name)))


def restore(nb: Notebook, official: Official) -> tuple[Notebook, tuple[str, ...], tuple[Flag, ...]]:
    """The notebook with every official cell in it exactly once, as the lesson has it; all else is the student's.

    Locked cells get their official text. Cells without nbgrader's marks are recognised by their text, blanks by the
    function that they define. A test stands after the function it is about. Text that a student wrote into a
    locked cell is kept in an ordinary cell beside it.

    Args:
        nb: a notebook from `read`; left as it is.
        official: the released lesson.
    Returns:
        (notebook, repairs, flags): a sentence for everything put back, and a flag for every test edited in substance.
    Raises:
        Broken: nothing of the lesson is in it.
    """
    # Only marks are changed below the first level of a cell.
    work = _Work(official, [cell | {"metadata": dict(cell["metadata"])} for cell in nb["cells"]])
    _collect_claims(work)
    for name, cell in official.fixed.items():
        (_adopt_locked if _is_locked(cell) else _adopt_blank)(work, name)
    if not _is_of(official, nb, work.hosts):
        raise Broken(f"This is not the notebook of {official.assignment}: none of its cells is in it.")
    if work.unmarked:
        work.repairs.append(f"{work.unmarked} cells had lost nbgrader's marks and were recognised by their text.")
    _place(work)
    for name, host in work.hosts.items():
        _make_official(host, official.fixed[name])
    return _finished(work, nb), tuple(work.repairs), tuple(work.flags)


def _is_of(official: Official, nb: Notebook, hosts: Iterable[str]) -> bool:
    """Whether a notebook is of this lesson at all. Every lesson has a setup, so that says nothing.

    A function of this lesson's may also be a helper in another lesson, whose marks the notebook then carries.
    """
    marks = {_grade_id(cell) for cell in nb["cells"]} - {"", "setup"}
    elsewhere = bool(marks) and not marks & official.fixed.keys()
    own = not elsewhere and any(
        _is_test(official.fixed[name]) or not _is_locked(official.fixed[name]) for name in hosts
    )
    texts = {cell["source"].strip() for cell in official.cells if _grade_id(cell) != "setup"}
    return own or any(cell["source"].strip() in texts for cell in nb["cells"])


def _place(work: _Work) -> None:
    """Blanks first, then what stands before all of them, then the tests, which come after functions."""
    fixed = work.official.fixed
    for name in (name for name, cell in fixed.items() if not _is_locked(cell)):
        _place_blank(work, name)
    for name in (name for name, cell in fixed.items() if _is_locked(cell) and not _is_test(cell)):
        _place_setup(work, name)
    for name in (name for name, cell in fixed.items() if _is_test(cell)):
        _place_test(work, name)


def _finished(work: _Work, nb: Notebook) -> Notebook:
    spec, usual = nb["metadata"].get("kernelspec", {}), work.official.metadata.get("kernelspec", {})
    if spec and spec["name"] != usual.get("name"):
        sentence = f"The notebook asked for the kernel {_short(spec['name'])}; it was run with Python 3."
        work.repairs.append(sentence)
        work.flags.append(Flag("other-kernel", sentence))
    return {"cells": work.cells, "metadata": copy.deepcopy(work.official.metadata), "nbformat": 4, "nbformat_minor": 5}


def _collect_claims(work: _Work) -> None:
    """Take all of nbgrader's marks off, and remember which cell claimed to be which."""
    strangers = []
    for cell in work.cells:
        facts = cell["metadata"].pop("nbgrader", {})
        name = facts.get("grade_id")
        if isinstance(name, str) and name in work.official.fixed:
            work.claims.setdefault(name, []).append((cell, facts))
        elif name or any(facts.get(key) for key in ("grade", "solution", "locked", "task")):
            strangers.append(_short(str(name or "without a name")))
    if strangers:
        names = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
        sentence = f"Cells that the lesson does not have were marked for grading: {names}. They do not count."
        work.repairs.append(sentence)
        work.flags.append(Flag("edited-test", sentence))


def _label(work: _Work, name: str) -> str:
    """What a cell is called in a sentence."""
    if _is_test(work.official.fixed[name]):
        return f"the test of {work.official.exercise(name) or name}"
    return f"the cell {name}"


def _say(work: _Work, name: str, what: str, innocent: bool = False) -> None:
    """Note a repair; a person should look at whatever happened to a test, unless it cannot have changed anything."""
    label = _label(work, name)
    sentence = f"{label[0].upper()}{label[1:]} {what}"
    work.repairs.append(sentence)
    if not innocent and _is_test(work.official.fixed[name]):
        work.flags.append(Flag("edited-test", sentence, work.official.exercise(name)))


# ---- which cell is which


def _adopt_locked(work: _Work, name: str) -> None:
    """Choose the cell that stands for a locked one; keep what a student wrote into it or into copies of it."""
    fixed = work.official.fixed[name]
    claims = work.claims.get(name) or _unmarked(work, name)
    if not claims:
        return
    claims = _joined(work, name, claims)
    sound = [claim for claim in claims if same_substance(claim[0]["source"], fixed["source"])]
    host, facts = (sound or claims)[-1]  # the last one tests what the student ended up with
    work.hosts[name] = host
    if len(claims) > 1:
        _say(work, name, f"was there {len(claims)} times; one of them counts.")
    _compare_facts(work, name, facts)
    _compare_type(work, name, host)
    for cell, _ in claims:
        edited = not same_substance(cell["source"], fixed["source"]) and cell["source"].strip() != ""
        if edited and _is_test(fixed):
            work.flag(name, f"The test of {work.official.exercise(name) or name} was edited: {_short(cell['source'])}")
        if cell is host and edited:
            _keep_text(work, name, host)
        elif cell is host and host["source"].strip() != fixed["source"].strip():
            _say(work, name, "was changed in spaces or comments; the official one was put back.", innocent=True)


def _unmarked(work: _Work, name: str) -> list[tuple[Cell, dict[str, Any]]]:
    """Cells without marks that are a locked cell all the same, by their text or else by their id."""
    fixed = work.official.fixed[name]
    free = work.free()
    alike = [cell for cell in free if same_substance(cell["source"], fixed["source"])]
    named = [cell for cell in free if cell["id"] == fixed["id"]]
    found = alike[-1:] or named[:1]
    work.unmarked += len(found)
    return [(cell, {}) for cell in found]


def _joined(work: _Work, name: str, claims: list[tuple[Cell, dict[str, Any]]]) -> list[tuple[Cell, dict[str, Any]]]:
    """If a locked cell was split in pieces that still stand in a row, make them one again."""
    cells = [cell for cell, _ in claims]
    text = "\n".join(cell["source"] for cell in cells)
    places = [work.at(cell) for cell in cells]
    in_a_row = places == list(range(places[0], places[0] + len(places)))
    whole = work.official.fixed[name]["source"]
    if len(cells) < 2 or not in_a_row or any(same_substance(cell["source"], whole) for cell in cells):
        return claims
    if not same_substance(text, whole):
        return claims
    cells[0]["source"] = whole
    del work.cells[places[1] : places[-1] + 1]
    _say(work, name, f"was split in {len(cells)} cells; they were joined again.")
    return claims[:1]


def _keep_text(work: _Work, name: str, host: Cell) -> None:
    """Move what a student wrote into a locked cell to an ordinary cell: their work may depend on it."""
    fixed = work.official.fixed[name]
    kept = {"cell_type": host["cell_type"], "metadata": {}, "source": host["source"]}
    kept["id"] = _free(f"{host['id'][:48]}-edited", (cell["id"] for cell in work.cells))
    if host["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": []}
    # Before a test, so that a function defined in it is there; after the setup, so that its imports are.
    work.cells.insert(work.at(host) + (0 if _is_test(fixed) else 1), kept)
    host["source"] = fixed["source"]
    kept_where = "was edited; the official one was put back, and the edited text was kept in a cell beside it."
    _say(work, name, kept_where, innocent=True)  # flagged already


def _compare_facts(work: _Work, name: str, facts: dict[str, Any]) -> None:
    right = _facts(work.official.fixed[name])
    if not facts:
        return
    wrong = [
        key for key in ("grade", "solution", "locked", "points", "schema_version") if facts.get(key) != right.get(key)
    ]
    if "points" in wrong:
        given = _short(str(facts.get("points")))
        work.flag(name, f"The points of {_label(work, name)} were changed to {given}.")
    if wrong:
        changed = f"had its marks changed ({', '.join(wrong)}); the official ones were put back."
        _say(work, name, changed, innocent="points" in wrong)  # points are flagged already


def _compare_type(work: _Work, name: str, host: Cell) -> None:
    kind = work.official.fixed[name]["cell_type"]
    if host["cell_type"] != kind:
        _say(work, name, f"was of type {host['cell_type']}; it was made {kind} again.")


def _adopt_blank(work: _Work, name: str) -> None:
    """Choose the cell that stands for a blank: the one that defines its function."""
    claims = work.claims.get(name, [])
    cells = [cell for cell, _ in claims] or _unmarked_blank(work, name)
    if not cells:
        return
    function = work.official.functions.get(name, "")
    solved = [cell for cell in cells if _attempted(work, name, cell)]
    defining = [cell for cell in cells if function and _defines(cell, function)]
    host = (solved or defining or cells[:1])[-1]
    work.hosts[name] = host
    work.unmarked += not claims
    if len(cells) > 1:
        _say(work, name, f"was there {len(cells)} times; the others count as ordinary cells.")
    if claims:
        _compare_facts(work, name, next(facts for cell, facts in claims if cell is host))
    _compare_type(work, name, host)


def _unmarked_blank(work: _Work, name: str) -> list[Cell]:
    fixed, function = work.official.fixed[name], work.official.functions.get(name)
    free = work.free()
    if function:
        solved = [cell for cell in free if _attempted(work, name, cell)]
        return (solved or [cell for cell in free if _defines(cell, function)])[-1:]
    same = [cell for cell in free if cell["id"] == fixed["id"] or cell["source"].strip() == fixed["source"].strip()]
    return same[:1]


def _attempted(work: _Work, name: str, cell: Cell) -> bool:
    """Whether a cell defines the function of a blank and not just repeats the blank."""
    function = work.official.functions.get(name)
    if not function or not _defines(cell, function):
        return False
    blank = _body(work.official.fixed[name]["source"], function)
    stub = next((line.strip() for line in blank.splitlines() if "raise NotImplementedError" in line), None)
    text = _body(cell["source"], function)
    return stub is None or stub not in text or _returns(text, stub) > _returns(blank, stub)


def _body(source: str, function: str) -> str:
    """The text of the last definition of a function, or all if it is defined in another way."""
    found = re.findall(rf"^(?:async[ \t]+)?def[ \t]+{function}\b.*?(?=^[^\s)\]}}#]|\Z)", source, re.M | re.S)
    return found[-1] if found else source


def _returns(text: str, stub: str) -> int:
    """How many return statements stand before the stub of a blank: after one of them it does not matter."""
    return len(re.findall(r"^[ \t]*return\b", text.partition(stub)[0], re.M))


# ---- where it stands


def _home(work: _Work, name: str, least: int = 0) -> int:
    """Where an official cell belongs: after the nearest official cell before it that is still there."""
    cells = work.official.cells
    here = next(i for i, cell in enumerate(cells) if _grade_id(cell) == name)
    for before in reversed(cells[:here]):
        if (place := _place_of(work, before)) is not None:
            return max(least, place + 1)
    return least


def _place_of(work: _Work, cell: Cell) -> int | None:
    """Where the student has an official cell, if at all."""
    name = _grade_id(cell)
    if name:
        return work.at(work.hosts[name]) if any(one is work.hosts.get(name) for one in work.cells) else None
    same = (
        i
        for i, one in enumerate(work.cells)
        if one["cell_type"] == cell["cell_type"] and (one["id"] == cell["id"] or one["source"] == cell["source"])
    )
    return next(same, None)


def _place_setup(work: _Work, name: str) -> None:
    """What a lesson sets up stands before everything that builds on it."""
    names = list(work.official.fixed)
    later = [work.at(work.hosts[n]) for n in names[names.index(name) + 1 :] if n in work.hosts]
    limit = min(later, default=len(work.cells))
    if name not in work.hosts:
        place = min(_home(work, name), limit)
        work.cells.insert(place, work.new(name))
        _say(work, name, "was missing; it was put back.")
    elif work.at(work.hosts[name]) > limit:
        work.move(work.hosts[name], limit)
        _say(work, name, "stood below cells that need it; it was moved up.")


def _place_blank(work: _Work, name: str) -> None:
    """A blank must not come after the student's own definition and undo it."""
    solved = [i for i, cell in enumerate(work.cells) if _attempted(work, name, cell)]
    if name not in work.hosts:
        function = work.official.functions.get(name, name)
        text = f"# This cell was missing; {function} is defined in another one." if solved else None
        place = solved[0] if solved else _home(work, name)
        work.cells.insert(place, work.new(name))
        if text is not None:
            work.hosts[name]["source"] = text
        _say(work, name, "was missing; it was put back.")
        return
    host = work.hosts[name]
    left_blank = name in work.official.functions and _defines(host, work.official.functions[name])
    if left_blank and solved and solved[0] < work.at(host) and not _attempted(work, name, host):
        work.move(host, solved[0])
        _say(work, name, "was left blank below another definition; it was moved above it.")


def _place_test(work: _Work, name: str) -> None:
    """A test stands after the function it is about."""
    blank = work.official.asked_by.get(name, "")
    solved = [i for i, cell in enumerate(work.cells) if _attempted(work, blank, cell)] if blank else []
    host = work.hosts.get(blank)
    own = work.at(host) if host is not None else -1
    after = own if own in solved or not solved else solved[0]
    if name not in work.hosts:
        place = _before_next(work, name, after + 1)
        work.cells.insert(place, work.new(name))
        _say(work, name, "was missing; it was put back.")
        return
    first = solved[0] if solved else own
    if work.at(work.hosts[name]) < first:
        work.move(work.hosts[name], first + 1)
        _say(work, name, "stood above the function; it was moved below it.", innocent=True)


def _before_next(work: _Work, name: str, least: int) -> int:
    """Where a deleted test goes: before the next official cell, so that helper cells have been run by then."""
    cells = work.official.cells
    here = next(i for i, cell in enumerate(cells) if _grade_id(cell) == name)
    places = (_place_of(work, cell) for cell in cells[here + 1 :])
    return next((place for place in places if place is not None and place >= least), least)


def _make_official(host: Cell, fixed: Cell) -> None:
    host["metadata"] = copy.deepcopy(fixed["metadata"])
    if _is_locked(fixed):
        host["source"] = fixed["source"]
    if host["cell_type"] != fixed["cell_type"]:
        host["cell_type"] = fixed["cell_type"]
        if host["cell_type"] == "code":
            host |= {"execution_count": None, "outputs": []}
        else:
            host.pop("execution_count", None)
            host.pop("outputs", None)
    if host["cell_type"] == "code" or _is_locked(fixed):
        host.pop("attachments", None)
