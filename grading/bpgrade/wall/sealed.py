"""The sealed edition of bpkit: the library as students' code meets it while it is graded.

What a lesson asks for, and what later lessons ask for, is not in it: the bodies are gone from the source, and so is
every helper that only they use. The exercises, their mistakes and the judge are not in it at all. What earlier
lessons asked for stays, for the notebooks build on it.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import bpkit
from bpkit.exercises import LESSONS, of_lesson

Name = tuple[str, str]  # module, top-level name

LATEST = "12_interview"
# Public names that no lesson asks for, and the lessons whose answers they would give away.
EXTRAS: dict[str, tuple[str, ...]] = {
    "check_gradients": ("00_slopes",),
    "GradientReport": ("00_slopes",),
    "MLP": ("02_two_layer_network", "11_digits"),
}
ALWAYS = ("datasets", "plots")
# What lesson 10 hands out: it stays even there, and calls what the student has not written in vain.
GIVEN = (("autodiff", "Node"), ("autodiff", "as_node"))
LEFT_OUT = ("exercises", "checking", "lab")

_CHECKING = '''"""Stand-ins for the checks: while a hand-in is graded, the verdicts are made elsewhere."""


class CheckFailed(AssertionError):
    """Never raised here."""


def check(fn, exercise=None):
    """Do nothing: the grader looks at the function by itself."""


def hint(fn):
    """Do nothing."""


def evaluate(fn, seed=0, exercise=None):
    """Do nothing."""
'''


def seal(lesson: str, into: Path, given: Iterable[str] = ()) -> Path:
    """Write the edition of bpkit for grading one lesson to `into`/bpkit and return that folder.

    Args:
        lesson: id of the lesson, such as "02_two_layer_network".
        into: an existing folder.
        given: names of later lessons that this lesson's own notebook imports.
    """
    source, target = Path(bpkit.__file__).parent, into / "bpkit"
    kept = kept_names(lesson, given)
    target.mkdir()
    for module, tree in _modules().items():
        statements = [replacement for node in tree.body for replacement in _sealed(module, node, kept)]
        text = ast.unparse(tree) if _is_list(module) else ast.unparse(ast.Module(statements, []))
        place = target / f"{module.replace('.', '/')}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text + "\n", encoding="utf-8")
    (target / "checking").mkdir()
    (target / "checking" / "__init__.py").write_text(_CHECKING, encoding="utf-8")
    for module in ("observe", "given"):
        shutil.copyfile(source / "checking" / f"{module}.py", target / "checking" / f"{module}.py")
    return target


def kept_names(lesson: str, given: Iterable[str] = ()) -> set[Name]:
    """The top-level names whose definitions stay: earlier exercises, what they need, and what belongs to no lesson."""
    known = {_home(exercise.reference) for each in LESSONS if each < lesson for exercise in of_lesson(each)}
    later = [exercise for each in LESSONS if each > lesson for exercise in of_lesson(each)]
    known |= {_home(exercise.reference) for exercise in later if exercise.name in set(given)}
    tainted = _reaching({_home(exercise.reference) for each in LESSONS for exercise in of_lesson(each)} - known)
    roots = set(known)
    roots |= {_home(getattr(bpkit, name)) for name, gives_away in EXTRAS.items() if lesson not in gives_away}
    roots |= {name for name in _needs() if name[0].partition(".")[0] in ALWAYS}
    return (_closure(roots - tainted) - tainted) | set(GIVEN)


def imported_names(notebook: dict[str, Any]) -> set[str]:
    """The names that the cells of an official notebook import from bpkit."""
    found: set[str] = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "bpkit" in (source := "".join(cell["source"])):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "bpkit":
                    found |= {alias.name for alias in node.names}
    return found


@cache
def _modules() -> dict[str, ast.Module]:
    """Every module of the library by its dotted name below bpkit; a package's list of names is `package.__init__`."""
    folder = Path(bpkit.__file__).parent
    names = {path: ".".join(path.relative_to(folder).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))}
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for path, name in names.items()
        if name.partition(".")[0] not in LEFT_OUT
    }


def _is_list(module: str) -> bool:
    """Whether a module only lists what the modules beside it define."""
    return module.rpartition(".")[2] == "__init__"


def _sealed(module: str, node: ast.stmt, kept: set[Name]) -> Iterator[ast.stmt]:
    """What stands in the sealed source in place of one top-level statement."""
    names = _defined(node)
    if not names or any((module, name) in kept for name in names):
        yield node
    elif isinstance(node, ast.FunctionDef):
        yield _parsed(
            f"def {node.name}(*args, **kwargs):\n    raise NotImplementedError('{node.name} is yours to write')"
        )
    elif isinstance(node, ast.ClassDef):
        yield _parsed(
            f"class {node.name}:\n    def __init__(self, *args, **kwargs):\n        raise NotImplementedError"
        )
    else:
        yield from (_parsed(f"{name} = {{}}") for name in names)


def _parsed(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


@cache
def _needs() -> dict[Name, set[Name]]:
    """For each top-level name of bpkit, the names that its definition mentions."""
    everything = {
        (module, name): node
        for module, tree in _modules().items()
        if not _is_list(module)
        for node in tree.body
        for name in _defined(node)
    }
    aliases = {module: _aliases(tree) for module, tree in _modules().items()}
    return {name: set(_mentioned(name[0], node, aliases, everything)) for name, node in everything.items()}


def _aliases(tree: ast.Module) -> dict[str, Name]:
    """What a module imports from bpkit, at the top or inside functions: local name -> (module, name or "*")."""
    found: dict[str, Name] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "bpkit":
            found |= {alias.asname or alias.name: (alias.name, "*") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bpkit."):
            module = (node.module or "").removeprefix("bpkit.")
            found |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
    return found


def _mentioned(
    module: str, node: ast.stmt, aliases: dict[str, dict[str, Name]], everything: dict[Name, ast.stmt]
) -> Iterator[Name]:
    named: set[int] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            home = aliases[module].get(inner.value.id)
            if home is not None and home[1] == "*":
                named.add(id(inner.value))
                yield from ((home[0], inner.attr),) if (home[0], inner.attr) in everything else ()
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Name) or id(inner) in named:
            continue
        home = aliases[module].get(inner.id, (module, inner.id))
        if home[1] == "*":  # a whole module is handed to something: all its names may be used
            yield from (name for name in everything if f"{name[0]}.".startswith(f"{home[0]}."))
        elif home in everything:
            yield home


def _home(thing: Any) -> Name:
    return thing.__module__.removeprefix("bpkit."), thing.__name__


def _closure(roots: set[Name]) -> set[Name]:
    seen, waiting = set(roots), list(roots)
    while waiting:
        fresh = _needs()[waiting.pop()] - seen
        seen |= fresh
        waiting.extend(fresh)
    return seen


def _reaching(targets: set[Name]) -> set[Name]:
    """The targets, and every name whose definition leads to one of them."""
    return {name for name in _needs() if _closure({name}) & targets}
