"""Collect what a class handed in: from nbgrader's submitted/ tree, a folder of notebooks, or an LMS's download.

Nothing in a download is trusted. A notebook is copied under a name that is made here, never one from an archive;
symbolic links, devices, oversized and encrypted members are not opened; and every file gets an outcome.

Names, as the programs that make them write them: Canvas (lib/content_zipper.rb) joins name, LATE, user id, file id
and the file's own name by "_", and "-1" before the ending is the first re-submission. Moodle (mod/assign/classes/
downloader.php) joins full name, a number of this assignment, "assignsubmission_file" and the file, by "_" or as a
folder. Both date the members of the zip with the time of the download, so the time of a hand-in is known only from
nbgrader's timestamp.txt.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

MAX_FILE = 64 << 20  # of one notebook, unpacked
MAX_MEMBERS = 200_000  # of a class's archive
MAX_INNER = 1_000  # members of one student's archive
MAX_NOTEBOOKS = 50  # among them: each may have to be looked into
MAX_UNPACKED = 256 << 20  # of one student's archive
MAX_NAME = 1_000  # characters of a member's name: no LMS writes longer ones
MAX_ID = 128  # nbgrader's column

# What operating systems and Jupyter leave in folders.
_JUNK = re.compile(r"^(__MACOSX|\.ipynb_checkpoints|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.git|__pycache__|~\$.*)$")
# Windows hides endings and browsers add them, so single_neuron.ipynb.txt is a notebook.
_NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
_CANVAS = re.compile(r"^(?P<name>\w+?)_(?:(?P<late>late)_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)$", re.IGNORECASE)
_CANVAS_ANONYMOUS = re.compile(
    r"^(?:(?P<late>late)_)?(?P<name>anon)_(?P<id>[a-z0-9]+)_(?P<file>\d+)_(?P<rest>.+)$", re.I
)
_CANVAS_TEXT = re.compile(
    r"^(?P<name>\w+?)_(?:(?P<late>late)_)?(?P<id>\d+)_(?P<rest>(?:text|link)\.html)$", re.IGNORECASE
)
_MOODLE = re.compile(r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)$")
_ATTEMPT = re.compile(r"-(\d{1,3})$")
# single_neuron (1), single_neuron-Copy1, single_neuron copy 2, Copy of single_neuron, single_neuron (edition 2)
_COPY = re.compile(r"( ?\((edition )?\d+\)|-Copy\d*| copy( \d+)?)$", re.IGNORECASE)


class CollectError(ValueError):
    """The source as a whole cannot be read; nothing has been collected from it, and nothing in it was changed."""


@dataclass(frozen=True)
class HandIn:
    """What one student handed in for one lesson.

    Attributes:
        student: a safe id, never a path: printable, at most 128 characters, no leading "-" or ".".
        assignment: id of the lesson, such as "02_two_layer_network".
        notebook: the official notebook's name without ending, such as "two_layer_network".
        path: file with the submitted bytes, or None if there was nothing to read.
        submitted: when, in UTC without time zone, if nbgrader's timestamp.txt says so.
        source: its name in the download or folder, for returning feedback under the LMS's names.
        problem: "" or why no notebook can be read: a sentence that its author can read.
        notes: sentences on what was chosen or set aside.
        others: names of the other files that were handed in; they are not used.
    """

    student: str
    assignment: str
    notebook: str
    path: Path | None
    submitted: datetime | None
    source: str
    problem: str = ""
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collected:
    """All hand-ins, and (file name, reason) for every file that is not one."""

    hand_ins: tuple[HandIn, ...]
    ignored: tuple[tuple[str, str], ...]


class _Unreadable(Exception):
    """One file cannot be read; the text is a sentence for its author."""


@dataclass(frozen=True)
class _Entry:
    """One file of the source, not yet opened. `parts` is its path; `inside` the part of it inside an inner zip."""

    parts: tuple[str, ...]
    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    size: int = 0
    problem: str = ""
    inside: tuple[str, ...] = ()
    folder: bool = False
    disk: Path | None = None

    @property
    def file(self) -> str:
        return (self.inside or self.parts)[-1]


@dataclass(frozen=True)
class _Guess:
    """What names tell of a file: whose it is (`key` says for sure, `name` is readable), and of which lesson."""

    entry: _Entry
    key: tuple[str, ...]
    name: str
    number: str = ""
    file: str = ""
    lesson: str | None = None
    attempt: int = 0
    late: bool = False
    tree: bool = False


@dataclass
class _Group:
    """What one student handed in for one lesson."""

    owner: _Guess
    candidates: list[_Guess] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    timestamp: _Entry | None = None


Recognise = Callable[[bytes], str | None]


def collect(
    source: Path,
    into: Path,
    lessons: Mapping[str, str],
    assignment: str | None = None,
    recognise: Recognise | None = None,
) -> Collected:
    """Find every student's notebook for every lesson and copy it to `into`/<student>/<lesson>/<notebook>.ipynb.

    Which lesson a notebook belongs to is told by a folder named like a lesson, by its own name, by its content, or
    else by `assignment`. A file that has not changed is not written again.

    Args:
        source: nbgrader's submitted/ tree, a folder of notebooks, or a zip of either or from Canvas or Moodle.
        into: nbgrader's submitted/ directory; made if missing. If it is `source` itself, nothing is copied.
        lessons: id of each lesson -> name of its notebook, without ending.
        assignment: the lesson of files that do not tell.
        recognise: takes a notebook's bytes, returns the id of its lesson or None.
    Raises:
        CollectError: the source does not exist, or is no folder and no readable zip.
    """
    if assignment is not None and assignment not in lessons:
        raise CollectError(f"There is no lesson {assignment}; there are {', '.join(lessons)}.")
    in_place = source.exists() and into.exists() and source.resolve() == into.resolve()
    ignored: list[tuple[str, str]] = []
    with _opened(source, into, ignored) as entries:
        guesses = _guesses(_without_wrapper(entries, lessons), lessons)
        groups = _grouped(guesses, lessons, assignment, recognise, ignored)
        ids = _ids(groups, verbatim=in_place)
        hand_ins = []
        for (key, lesson), group in sorted(groups.items(), key=lambda item: (item[0][1], ids[item[0][0]][0])):
            hand_in, chosen = _chosen(ids[key], lesson, lessons[lesson], group, ignored)
            hand_ins.append(hand_in if chosen is None else _kept(hand_in, chosen, group, into, in_place))
    return Collected(tuple(hand_ins), tuple(ignored))


# ------------------------------------------------------------------------------------------------ what there is


@contextmanager
def _opened(source: Path, into: Path, ignored: list[tuple[str, str]]) -> Iterator[list[_Entry]]:
    """All files of the source; an archive stays open as long as they may be read."""
    if source.is_dir():
        yield list(_inner(_of_folder(source, into), ignored))
        return
    if not source.exists():
        raise CollectError(f"{source} does not exist.")
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CollectError(f"{source} cannot be read as a zip archive ({error}). Download it again.") from None
    with archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise CollectError(f"{source} holds {len(archive.infolist())} files, more than {MAX_MEMBERS}.")
        yield list(_inner(_of_zip(archive), ignored))


def _of_folder(source: Path, into: Path) -> Iterator[_Entry]:
    """Files and folders below a folder. Links are reported and not followed, devices and pipes not opened."""
    for where, folders, files in os.walk(source):
        folders.sort()
        for name in sorted(folders):
            path = Path(where, name)
            if path.resolve() == into.resolve():
                folders.remove(name)
            elif _JUNK.match(name):
                folders.remove(name)
                yield _on_disk(path, source, folder=True)
            elif path.is_symlink():
                folders.remove(name)
                yield _on_disk(path, source, problem="is a symbolic link, which is not followed")
            else:
                yield _on_disk(path, source, folder=True)
        for name in sorted(files):
            path = Path(where, name)
            yield _on_disk(path, source, problem=_not_plain(path.lstat().st_mode))


def _not_plain(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which is not followed"
    return "" if stat.S_ISREG(mode) else "is not an ordinary file"


def _on_disk(path: Path, source: Path, folder: bool = False, problem: str = "") -> _Entry:
    parts = path.relative_to(source).parts
    name = os.fsencode("/".join(parts)).decode("utf-8", "replace")
    size = 0 if folder or problem else path.lstat().st_size
    problem = problem or _too_large(size)
    return _Entry(parts, name, partial(_plain, path), size, problem, folder=folder, disk=path)


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes]]:
    # The file may have been exchanged for a link or a pipe since it was listed.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise _Unreadable(f"The file cannot be opened: {error.strerror}.") from None
    with os.fdopen(handle, "rb") as stream:
        yield stream


def _too_large(size: int) -> str:
    return f"is larger than {MAX_FILE >> 20} MB; clear its outputs and hand it in again" if size > MAX_FILE else ""


def _of_zip(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    latest = {info.filename: info for info in archive.infolist()}
    for info in archive.infolist():
        name = _decoded(info)
        parts, unsafe = _safe_parts(name)
        if not parts:
            continue
        mode = info.external_attr >> 16
        problem = unsafe or _not_readable(info, mode)
        if latest[info.filename] is not info:
            problem = problem or "is in the archive twice; the later one counts"
        reading = partial(_member, archive, info)
        yield _Entry(parts, name[:MAX_NAME], reading, info.file_size, problem, folder=info.is_dir())


def _decoded(info: zipfile.ZipInfo) -> str:
    """A member's name. Many programs write UTF-8 without saying so, and it is then read as code page 437."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _safe_parts(name: str) -> tuple[tuple[str, ...], str]:
    """The parts of a member's name that may tell whose it is, and what is wrong with the name as a path."""
    steps = name.replace("\\", "/").split("/")
    parts = tuple(step for step in steps if step not in ("", ".", "..") and not re.fullmatch(r"[A-Za-z]:", step))
    if len(name) > MAX_NAME:
        return (parts[0][:100],) if parts else (), f"has a name of {len(name)} characters"
    outside = ".." in steps or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name)
    return parts, "has a name that points outside the archive" if outside or "\0" in name else ""


def _not_readable(info: zipfile.ZipInfo, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which is not followed"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "is not an ordinary file"
    if info.flag_bits & 0x1:
        return "is protected by a password"
    return _too_large(info.file_size)


@contextmanager
def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    try:
        with archive.open(info) as stream:
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk, not the archive
        raise _Unreadable("The file is damaged in the archive.") from None


def _inner(entries: Iterator[_Entry], ignored: list[tuple[str, str]]) -> Iterator[_Entry]:
    """Open the archives that students handed in, one level deep, and leave out what no person put there."""
    for entry in entries:
        is_archive = entry.file.lower().endswith(".zip") and not entry.folder and _may_open(entry)
        for one in _of_inner(entry) if is_archive else [entry]:
            if any(_JUNK.match(part) for part in one.parts + one.inside):
                ignored.append((one.name, "made by the system, not by a student"))
            else:
                yield one


def _may_open(entry: _Entry) -> bool:
    return not entry.problem


def _of_inner(entry: _Entry) -> Iterator[_Entry]:
    """The files of one student's archive; it is opened again for each that is read, so that memory stays flat."""
    try:
        with _unpacked(entry) as archive:
            members = list(_of_zip(archive))
    except _Unreadable as error:
        yield replace(entry, problem=f"cannot be read: {_lower(str(error))}")
        return
    if problem := _too_much(members):
        yield replace(entry, problem=problem)
        return
    if not members:
        yield replace(entry, problem="is an empty archive")
    for number, member in enumerate(members):
        name, reading = f"{entry.name}/{member.name}", partial(_inner_member, entry, number)
        yield replace(member, parts=entry.parts, name=name, inside=member.parts, open=reading)


def _too_much(members: list[_Entry]) -> str:
    """Declared sizes may be trusted here: zipfile reads no more than them."""
    notebooks = sum(bool(_NOTEBOOK.search(member.file)) for member in members)
    if len(members) > MAX_INNER:
        return f"holds {len(members)} files, more than {MAX_INNER}"
    if notebooks > MAX_NOTEBOOKS:
        return f"holds {notebooks} notebooks, more than {MAX_NOTEBOOKS}"
    unpacked = sum(member.size for member in members)
    return f"unpacks to more than {MAX_UNPACKED >> 20} MB" if unpacked > MAX_UNPACKED else ""


@contextmanager
def _unpacked(entry: _Entry) -> Iterator[zipfile.ZipFile]:
    with tempfile.SpooledTemporaryFile(max_size=8 << 20) as copy:
        with entry.open() as stream:
            _copy(stream, copy, MAX_FILE)
        try:
            archive = zipfile.ZipFile(copy)
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise _Unreadable("The zip archive is damaged.") from None
        with archive:
            yield archive


@contextmanager
def _inner_member(entry: _Entry, number: int) -> Iterator[IO[bytes]]:
    with _unpacked(entry) as archive:
        members = [info for info in archive.infolist() if _safe_parts(_decoded(info))[0]]
        with _member(archive, members[number]) as stream:
            yield stream


def _copy(stream: IO[bytes], to: IO[bytes], limit: int) -> None:
    """Copy in pieces, and believe no declared size."""
    total = 0
    while piece := stream.read(1 << 20):
        total += len(piece)
        if total > limit:
            raise _Unreadable(f"The file is larger than {limit >> 20} MB. Clear its outputs and hand it in again.")
        to.write(piece)


# ------------------------------------------------------------------------------------------------ what names tell


def _without_wrapper(entries: list[_Entry], lessons: Mapping[str, str]) -> list[_Entry]:
    """Leave out a folder that holds everything, such as submissions/, but not one that is a student's or lesson's."""
    tops = {entry.parts[0] for entry in entries}
    inner = [replace(entry, parts=entry.parts[1:]) for entry in entries if len(entry.parts) > 1]
    if len(tops) != 1 or not inner or any(len(entry.parts) == 1 and not entry.folder for entry in entries):
        return entries
    if tops & lessons.keys() or _MOODLE.match(min(tops)):
        return entries
    files = [entry for entry in inner if len(entry.parts) == 1 and not entry.folder]
    folders = {entry.parts[0] for entry in inner if len(entry.parts) > 1 or entry.folder}
    owners = [_split_name(_stem(e.parts[0]), lessons)[0] for e in files if e.inside or _NOTEBOOK.search(e.file)]
    if folders & lessons.keys() or "" in owners or not (folders or len(set(owners)) > 1):
        return entries
    return _without_wrapper(inner, lessons)


def _guesses(entries: list[_Entry], lessons: Mapping[str, str]) -> Iterator[_Guess]:
    for entry in entries:
        guess = _of_tree(entry, lessons) or _of_moodle(entry) or _of_canvas(entry) or _of_plain(entry, lessons)
        file = guess.file or entry.file
        stem, attempt = _without_attempt(_stem(file))
        lesson = guess.lesson or _split_name(stem, lessons)[1]
        yield replace(guess, file=file, attempt=attempt, lesson=lesson)


def _of_tree(entry: _Entry, lessons: Mapping[str, str]) -> _Guess | None:
    """nbgrader's own <student>/<lesson>/…, at any depth."""
    for i, part in enumerate(entry.parts[1:], 1):
        if part in lessons:
            return _Guess(entry, ("plain", entry.parts[i - 1]), entry.parts[i - 1], lesson=part, tree=True)
    return None


def _of_moodle(entry: _Entry) -> _Guess | None:
    for i, part in enumerate(entry.parts):
        if found := _MOODLE.match(part):
            last = i == len(entry.parts) - 1
            file = found["rest"] if last and not entry.inside and not entry.folder else ""
            return _Guess(entry, ("moodle", found["name"], found["id"]), found["name"], found["id"], file)
    return None


def _of_canvas(entry: _Entry) -> _Guess | None:
    file = entry.parts[-1]
    found = _CANVAS_ANONYMOUS.match(file) or _CANVAS.match(file) or _CANVAS_TEXT.match(file)
    if not found or entry.folder:
        return None
    key = ("canvas", found["id"])
    # Two students may have one name, and Canvas wants its own number back with the grade.
    name = f"{found['name']}_{found['id']}"
    return _Guess(entry, key, name, file="" if entry.inside else found["rest"], late=bool(found["late"]))


def _of_plain(entry: _Entry, lessons: Mapping[str, str]) -> _Guess:
    """A folder for each student, or a student's name before or after that of the lesson."""
    if len(entry.parts) > 1 and entry.parts[0] not in lessons:
        return _Guess(entry, ("plain", entry.parts[0]), entry.parts[0])
    lesson = entry.parts[0] if len(entry.parts) > 1 else None
    if len(entry.parts) > 2:
        return _Guess(entry, ("plain", entry.parts[1]), entry.parts[1], lesson=lesson)
    if entry.folder:
        name = "" if entry.file in lessons else entry.file
        return _Guess(entry, ("plain", name), name, lesson=lesson)
    student, told = _split_name(_stem(entry.parts[-1]), lessons)
    file = _rest_of(entry.parts[-1], student) if told and not entry.inside else ""
    return _Guess(entry, ("plain", student), student, file=file, lesson=lesson or told)


def _rest_of(file: str, student: str) -> str:
    """A file's name without the student's in it."""
    stem = _stem(file)
    return stem.replace(student, "", 1).strip("_-. ") + file[len(stem) :] if student else file


def _stem(file: str) -> str:
    found = _NOTEBOOK.search(file)
    return file[: found.start()] if found else file.rpartition(".")[0] or file


def _without_attempt(stem: str) -> tuple[str, int]:
    found = _ATTEMPT.search(stem)
    return (stem[: found.start()], int(found[1])) if found else (stem, 0)


def _split_name(stem: str, lessons: Mapping[str, str]) -> tuple[str, str | None]:
    """(student, lesson) from a name such as "jane_single_neuron", "01_single_neuron-jane" or "jane"."""
    stem = unicodedata.normalize("NFC", stem)
    stem = re.sub(r"^copy of ", "", stem, flags=re.IGNORECASE)
    while found := _COPY.search(stem):
        stem = stem[: found.start()]
    words = sorted(((word, id) for id, name in lessons.items() for word in (id, name)), key=lambda w: -len(w[0]))
    for word, id in words:
        pattern = r"[_\- .]".join(map(re.escape, re.split(r"[_\- .]", word)))
        # "-2" is an attempt after a lesson's name only: elsewhere it may be part of the student's, as in group-2.
        found = re.search(rf"(?:^|(?<=[_\- .])){pattern}(?:-\d{{1,3}}$|(?=$|[_\- .]))", stem, re.IGNORECASE)
        if found:
            parts = (stem[: found.start()].strip("_-. "), stem[found.end() :].strip("_-. "))
            return "_".join(part for part in parts if part), id
    return stem.strip(), None


# ------------------------------------------------------------------------------------------------ who, and which lesson

_Groups = dict[tuple[tuple[str, ...], str], _Group]


def _grouped(
    guesses: Iterator[_Guess],
    lessons: Mapping[str, str],
    assignment: str | None,
    recognise: Recognise | None,
    ignored: list[tuple[str, str]],
) -> _Groups:
    """Everything that one student handed in for one lesson, together."""
    told: list[_Guess] = []
    for guess in guesses:
        if not guess.name and not guess.entry.folder:
            ignored.append((guess.entry.name, "its name does not say whose it is"))
        elif guess.name:
            told.append(_with_lesson(guess, recognise, lessons))
    found = {guess.lesson for guess in told if guess.lesson is not None and _is_candidate(guess)}
    # A download is of one lesson as a rule: then a file that does not tell is of that one.
    usual = assignment or (next(iter(found)) if len(found) == 1 else next(iter(lessons)) if len(lessons) == 1 else None)
    groups: _Groups = {}
    for guess in told:
        if _is_candidate(guess):
            _add_candidate(groups, guess, guess.lesson or usual, ignored)
    for guess in told:
        if not _is_candidate(guess):
            _add_other(groups, guess, lessons, usual, ignored)
    return groups


def _is_candidate(guess: _Guess) -> bool:
    """A notebook, or what would have been one: an archive that cannot be opened."""
    if guess.entry.folder:
        return False
    return bool(_NOTEBOOK.search(guess.file)) or bool(guess.entry.problem and guess.file.lower().endswith(".zip"))


def _with_lesson(guess: _Guess, recognise: Recognise | None, lessons: Mapping[str, str]) -> _Guess:
    """Look inside if the name does not tell."""
    if guess.lesson or recognise is None or guess.entry.problem or not _is_candidate(guess):
        return guess
    try:
        with guess.entry.open() as stream:
            content = stream.read(MAX_FILE + 1)
    except _Unreadable:
        return guess
    lesson = recognise(content) if len(content) <= MAX_FILE else None
    return replace(guess, lesson=lesson) if lesson in lessons else guess


def _add_candidate(groups: _Groups, guess: _Guess, lesson: str | None, ignored: list[tuple[str, str]]) -> None:
    if lesson is None:
        problem = f"; it {guess.entry.problem}" if guess.entry.problem else ""
        ignored.append((guess.entry.name, f"neither its name nor its content says which lesson it is of{problem}"))
        return
    group = groups.setdefault((guess.key, lesson), _Group(guess))
    group.candidates.append(guess)


def _add_other(
    groups: _Groups, guess: _Guess, lessons: Iterable[str], usual: str | None, ignored: list[tuple[str, str]]
) -> None:
    """A folder or a file that is no notebook: it says that somebody handed in something."""
    entry = guess.entry
    stamp = entry.file == "timestamp.txt" and guess.tree
    if not entry.folder and not stamp:
        problem = f", and it {entry.problem}" if entry.problem else ""
        ignored.append((entry.name, f"not a notebook; only notebooks are graded{problem}"))
    lesson = guess.lesson if guess.tree else None
    own = [groups[guess.key, of] for of in ([lesson] if lesson else lessons) if (guess.key, of) in groups]
    if not own and (lesson or usual):
        own = [groups.setdefault((guess.key, lesson or usual or ""), _Group(guess))]
    for group in own:
        if stamp:
            group.timestamp = entry
        elif not entry.folder:
            group.others.append(guess.file)


def _ids(groups: _Groups, verbatim: bool) -> dict[tuple[str, ...], tuple[str, tuple[str, ...]]]:
    """A safe id for each student, and a note if another one has the same name."""
    owners = {key: group.owner for (key, _), group in groups.items()}
    wanted = {key: safe_id(owner.name) for key, owner in owners.items()}
    alike: dict[str, list[tuple[str, ...]]] = {}
    for key in sorted(wanted, key=lambda key: (wanted[key], key)):
        alike.setdefault(wanted[key].casefold(), []).append(key)
    ids: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}
    taken = set(alike)
    for keys in alike.values():
        for place, key in enumerate(keys):
            name, number = wanted[key], owners[key].number
            if len(keys) == 1 or (place == 0 and not number) or (verbatim and owners[key].name == name):
                renamed = verbatim and owners[key].name != name
                ids[key] = (name, (f"The folder's name is no safe id; this is {name}.",) if renamed else ())
                continue
            id = _another(name, number or str(place + 1), taken)
            taken.add(id.casefold())
            ids[key] = (id, (f"Several students are called {name}; this one has the id {id}.",))
    return ids


def _another(name: str, number: str, taken: set[str]) -> str:
    wanted = f"{name[: MAX_ID - 24]}_{number[-20:]}"
    return (
        wanted
        if wanted.casefold() not in taken
        else next(n for i in range(2, 10**6) if (n := f"{wanted}-{i}").casefold() not in taken)
    )


def safe_id(name: str) -> str:
    """A student's name as an id that is safe as a folder's name on every system, in a shell and in nbgrader.

    Example:
        >>> safe_id("../Jane  Doe?"), safe_id("-rf"), safe_id("CON"), safe_id("")
        ('__Jane Doe_', '_rf', '_CON', '_')
    """
    name = unicodedata.normalize("NFC", name)
    name = "".join(c if c.isprintable() and c not in '/\\:*?"<>|[]\N{REPLACEMENT CHARACTER}' else "_" for c in name)
    name = re.sub(r" +", " ", name).strip(" ")
    name = re.sub(r"^[.\-~]+", "_", name).rstrip(". ") or "_"
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    # 128 characters may be 512 bytes, and file systems take 255.
    return name[:MAX_ID].encode()[:200].decode("utf-8", "ignore").rstrip(". ")


def _has_surrogates(name: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in name)


# ------------------------------------------------------------------------------------------------ one of several


def _chosen(
    id: tuple[str, tuple[str, ...]], lesson: str, notebook: str, group: _Group, ignored: list[tuple[str, str]]
) -> tuple[HandIn, _Guess | None]:
    """The notebook that counts, or why there is none; every other one is set aside with a reason."""
    student, notes = id
    chosen, why, note = _best(group.candidates, notebook)
    first = chosen or (group.candidates or [group.owner])[0]
    for guess in group.candidates:
        if guess is not chosen:
            reason = (
                f"it {guess.entry.problem}" if guess.entry.problem else "another notebook of the same student counts"
            )
            ignored.append((guess.entry.name, reason if chosen else why.rstrip(".")))
    if not group.candidates:
        only = f", only {_listed(group.others)}" if group.others else ""
        why = f"No notebook was handed in{only}."
    extra = list(notes) + ([note] if note else [])
    if chosen is not None:
        extra += _about(chosen, lesson, notebook)
    if group.others and group.candidates:
        extra.append(f"Also handed in, not used: {_listed(group.others)}.")
    others = tuple(group.others)
    return HandIn(student, lesson, notebook, None, None, first.entry.name, why, tuple(extra), others), chosen


def _best(candidates: list[_Guess], notebook: str) -> tuple[_Guess | None, str, str]:
    """(the one that counts or None, why none counts, a note on the choice)."""
    sound = [guess for guess in candidates if not guess.entry.problem]
    if not sound:
        return None, f"{_shown(candidates[0].file)} {candidates[0].entry.problem}." if candidates else "", ""
    if len(sound) == 1:
        return sound[0], "", ""
    last = max(guess.attempt for guess in sound)
    latest = [guess for guess in sound if guess.attempt == last]
    if len(latest) > 1 and len({guess.file for guess in latest}) == 1 and all(map(_file_id, latest)):
        latest = [max(latest, key=_file_id)]
    if len(latest) == 1:
        return latest[0], "", f"Attempt {len(sound)} of {len(sound)} was graded: {_shown(latest[0].file)}."
    named = [guess for guess in latest if guess.file == f"{notebook}.ipynb"]
    if len(named) == 1 or _same_content(latest):
        best = (named or latest)[0]
        return best, "", f"Of {len(sound)} notebooks, {_shown(best.file)} was graded."
    return (
        None,
        f"Several notebooks were handed in and none is called {notebook}.ipynb: {_listed([g.file for g in latest])}.",
        "",
    )


def _file_id(guess: _Guess) -> int:
    """Canvas numbers files in the order in which they were uploaded; 0 for others."""
    found = _CANVAS.match(guess.entry.parts[-1]) or _CANVAS_ANONYMOUS.match(guess.entry.parts[-1])
    return int(found["file"]) if found and guess.key[0] == "canvas" else 0


def _same_content(guesses: list[_Guess]) -> bool:
    try:
        return len({_digest(guess.entry) for guess in guesses}) == 1
    except _Unreadable:
        return False


def _digest(entry: _Entry) -> bytes:
    digest = hashlib.sha256()
    with entry.open() as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.digest()


def _about(guess: _Guess, lesson: str, notebook: str) -> list[str]:
    plain = _without_attempt(_stem(guess.file))[0]
    renamed = plain not in (notebook, lesson) or not guess.file.endswith(".ipynb")
    whose = guess.key == ("plain", guess.name) and _stem(guess.file) == guess.name
    notes = [f"The notebook was named {_shown(guess.file)}."] if renamed and not whose else []
    return notes + (["Canvas marked it as late."] if guess.late else [])


def _listed(names: list[str]) -> str:
    shown = [_shown(name) for name in names[:5]]
    return ", ".join(shown) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _shown(name: str) -> str:
    """A file's name for a sentence."""
    text = "".join(c if c.isprintable() and not _has_surrogates(c) else "?" for c in name)
    return text if len(text) <= 60 else text[:59] + "…"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


# ------------------------------------------------------------------------------------------------ keeping it


def _kept(hand_in: HandIn, guess: _Guess, group: _Group, into: Path, in_place: bool) -> HandIn:
    """Copy the notebook, and the time of the hand-in where it is known."""
    submitted, notes = _submitted(group.timestamp)
    hand_in = replace(hand_in, submitted=submitted, notes=hand_in.notes + notes)
    if in_place and guess.entry.disk is not None:
        return replace(hand_in, path=guess.entry.disk)
    folder = into / hand_in.student / hand_in.assignment
    path = folder / f"{hand_in.notebook}.ipynb"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _replacing(path) as target, guess.entry.open() as stream:
            _copy(stream, target, MAX_FILE)
    except _Unreadable as error:
        return replace(hand_in, problem=str(error))
    if submitted is not None:
        stamp = folder / "timestamp.txt"
        with _replacing(stamp) as target:
            target.write(f"{submitted.strftime('%Y-%m-%d %H:%M:%S.%f')} UTC\n".encode())
    return replace(hand_in, path=path)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in, which takes the place of `path` at the end if it differs: whole or not at all."""
    scratch = path.with_name(f".{path.name}.part")  # always the same name: what a kill leaves, the next run takes away
    scratch.unlink(missing_ok=True)
    try:
        with scratch.open("xb") as stream:
            yield stream
        if not (path.is_file() and not path.is_symlink() and filecmp.cmp(scratch, path, shallow=False)):
            scratch.chmod(0o644)
            scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _submitted(stamp: _Entry | None) -> tuple[datetime | None, tuple[str, ...]]:
    """The time in nbgrader's timestamp.txt, read as nbgrader does."""
    if stamp is None:
        return None, ()
    from nbgrader.utils import parse_utc  # a second, and only for trees that have such files

    try:
        if stamp.problem:
            raise _Unreadable(stamp.problem)
        with stamp.open() as stream:
            text = stream.read(200).decode("utf-8").strip()
        return (parse_utc(text) if text else None), ()
    except (_Unreadable, ValueError, OverflowError, TypeError):
        return None, ("The time of the hand-in could not be read from timestamp.txt.",)
