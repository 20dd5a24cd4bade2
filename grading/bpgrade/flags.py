"""What a person should look at in a hand-in, found by reading it. A flag never costs a point by itself.

The code is parsed, never run. A rule is here only if honest work does not meet it: it is better to miss something
than to accuse somebody, and what earns points is decided by the judge.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from bpgrade.records import Flag
from bpgrade.restore import Official

MOST = 50  # flags of one hand-in: nobody reads more
MAX_CODE = 200_000  # characters of a student's own code
MAX_DEPTH = 100  # levels of nesting that are followed

AUTODIFF = frozenset(
    [
        "autograd",
        "torch",
        "torchvision",
        "lightning",
        "pytorch_lightning",
        "jax",
        "jaxlib",
        "flax",
        "optax",
        "equinox",
        "haiku",
        "tensorflow",
        "keras",
        "tinygrad",
        "theano",
        "pytensor",
        "aesara",
        "mxnet",
        "chainer",
        "paddle",
        "mindspore",
        "sympy",
        "casadi",
        "numdifftools",
        "algopy",
        "adolc",
        "tangent",
        "micrograd",
        "minitorch",
        "needle",
    ]
)
_PROCESSES = frozenset(["subprocess", "multiprocessing", "threading", "_thread", "signal", "atexit", "pty"])
_NETWORK = frozenset(
    ["socket", "socketserver", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "paramiko"]
)
_INTERNALS = frozenset(["ctypes", "cffi", "gc", "nbgrader", "bpgrade", "sqlite3", "pickle", "marshal"])
_GUARDED = frozenset(["numpy", "builtins", "bpkit", "bpgrade", "nbgrader", "IPython", "inspect", "importlib", "gc"])
_OPEN = frozenset(f"bpkit.checking.{name}" for name in ("check", "hint", "evaluate", "CheckFailed"))
_SYS = frozenset(["displayhook", "excepthook", "modules", "meta_path", "path_hooks", "settrace", "setprofile"])
_SHELL = frozenset(
    [
        "input_transformers_post",
        "input_transformers_cleanup",
        "input_transformer_manager",
        "ast_transformers",
        "ast_node_interactivity",
        "displayhook",
        "display_pub",
        "history_manager",
        "events",
        "user_ns",
    ]
)
_CALLS = {
    "gc.get_objects": "searches the memory for objects",
    "gc.get_referrers": "searches the memory for objects",
    "sys._getframe": "looks into the calling function",
    "sys.settrace": "traces the program that runs it",
    "sys.setprofile": "traces the program that runs it",
    "inspect.currentframe": "looks into the calling function",
    "inspect.stack": "looks into the calling function",
    "os.system": "starts another program",
    "os.popen": "starts another program",
    "os.fork": "starts another process",
    "os.kill": "sends signals to processes",
    "os._exit": "ends the process without a trace",
    "os.abort": "ends the process without a trace",
    "builtins.exec": "runs code from a text",
    "importlib.reload": "loads a library anew",
    "os.write": "writes past Python's own files",
    "os.dup": "copies open files",
    "os.dup2": "copies open files",
    **dict.fromkeys(
        (f"os.exec{how}" for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")), "becomes another program"
    ),
}
_INSIDE = frozenset(["__subclasses__", "__globals__", "__builtins__", "f_globals", "f_locals", "f_back"])
# The shell itself, for anything but a magic.
_SHELL_ITSELF = re.compile(r"get_ipython\(\)(?!\s*\.\s*(?:run_line_magic|run_cell_magic|magic)\b)")
_MEASURE = frozenset(
    [
        "numerical_gradient",
        "central_difference",
        "check_gradients",
        "approx_fprime",
        "approx_derivative",
        "check_grad",
        "derivative",
    ]
)
_FILES = re.compile(r"(^|/)proc/|gradebook\.db|(^|/)solutions(/|$)|nbgrader_config|(^|/)autograded(/|$)")
_ALIKE = frozenset(["array_equal", "allclose", "array_equiv", "isclose"])
_CHECKERS = frozenset(
    ["floats", "scalar", "whole", "at_least", "within", "with_ndim", "same_shape", "same_length", "labels_of"]
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class _Look:
    """What is known about one notebook while it is looked at."""

    official: Official
    names: dict[str, str] = field(
        default_factory=dict
    )  # name in the notebook -> dotted name of what it was imported as
    functions: dict[str, list[Function]] = field(default_factory=dict)  # the student's, at top level
    found: dict[Flag, None] = field(default_factory=dict)
    walked: dict[Function, list[ast.AST]] = field(default_factory=dict)

    def nodes(self, function: Function) -> list[ast.AST]:
        """All nodes of a function; walking is most of the work, so it is done once."""
        if function not in self.walked:
            self.walked[function] = list(ast.walk(function))
        return self.walked[function]

    def flag(self, kind: str, says: str, node: ast.AST | str, exercise: str = "") -> None:
        self.found[Flag(kind, f"{says}: {quoted(node)}", exercise)] = None

    def learn(self, cell: _Known) -> None:
        self.names |= cell.names
        for function in cell.functions:
            self.functions.setdefault(function.name, []).append(function)

    def dotted(self, node: ast.AST) -> str:
        """What an expression such as np.testing.assert_allclose names, with imports resolved, or ""."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, f"builtins.{node.id}" if node.id in ("exec", "open") else node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        if isinstance(node, ast.Call) and self.dotted(node.func) in ("importlib.import_module", "__import__"):
            return _text(node.args[0]) if node.args else ""
        return ""


def flags(nb: dict[str, Any], official: Official) -> tuple[Flag, ...]:
    """What in a restored notebook a person should look at.

    Cells that are as the lesson has them are passed over, and so are cells that Python cannot parse: they do nothing.

    Args:
        nb: a notebook from `restore`.
        official: the released lesson.
    Returns:
        At most 50 flags; each text is one sentence that ends with a piece of the student's code.
    """
    own = {cell["source"] for cell in official.cells}
    look, size = _Look(official), 0
    cells: list[_Known] = []
    for cell in nb["cells"]:
        if cell["cell_type"] != "code":
            continue
        theirs = cell["source"] not in own
        size += len(cell["source"]) * theirs
        known = (_known if theirs else _lesson_cell)(cell["source"] if size <= MAX_CODE else "")
        if size > MAX_CODE or (known.tree is not None and not known.nodes):
            look.flag("not-looked-at", "Code is too long or nested too deeply to be looked at", cell["source"][:200])
        elif known.tree is not None:
            look.learn(known)
            cells += [known] if theirs else []
        if theirs and size <= MAX_CODE and (found := _SHELL_ITSELF.search(cell["source"])):
            look.flag("touches-the-grader", "Uses the shell that runs the cells", cell["source"][found.start() :][:200])
    for known in cells:
        _look_anywhere(known, look)
        _look_at_top(known, look)
    for exercise in dict.fromkeys(official.functions.values()):
        for function in look.functions.get(exercise, []):
            _look_at_answer(function, exercise, look)
    return tuple(look.found)[:MOST]


def parsed(source: str) -> ast.Module | None:
    """A cell as a tree, with IPython's magics and shell lines taken out; None if it is no Python."""
    for text in (source, _without_magics(source)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\alpha" in a title is no concern of the grader
            try:
                return ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


def _without_magics(source: str) -> str:
    if re.match(r"\s*%%(time|timeit|capture|prun)\b", source):
        source = source.lstrip().partition("\n")[2]
    elif re.match(r"\s*%%", source):
        return ""
    # "files = !ls", "%timeit f(x)", "!pip install x", "f?"
    # Nothing gives back what it has matched (++), or a long line would take its length squared.
    source = re.sub(r"^([ \t]*+)(?:[\w, \t]++=[ \t]*+)?[%!].*$", r"\1pass", source, flags=re.M)
    return re.sub(r"^([ \t]*+)(?:\?++[\w. \t]++|[\w.]++\?++[ \t]*+)$", r"\1pass", source, flags=re.M)


def quoted(node: ast.AST | str) -> str:
    """At most 80 characters of code, on one line."""
    text = node if isinstance(node, str) else ast.unparse(node)
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _all_nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node, layer by layer; none if there are too many layers: the functions here could not follow."""
    layer: list[ast.AST] = [tree]
    found: list[ast.AST] = []
    for _ in range(MAX_DEPTH):
        found += layer
        layer = [child for node in layer for child in ast.iter_child_nodes(node)]
        if not layer:
            return tuple(found)
    return ()


@dataclass(frozen=True)
class _Known:
    """What one cell tells: what its imports mean, and the functions it defines at top level."""

    tree: ast.Module | None
    nodes: tuple[ast.AST, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()


def _known(source: str) -> _Known:
    tree = parsed(source)
    nodes = _all_nodes(tree) if tree is not None else ()
    if tree is None or not nodes:
        return _Known(tree)
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names |= {alias.asname: alias.name} if alias.asname else {root: root}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return _Known(tree, nodes, names, tuple(node for node in tree.body if isinstance(node, Function)))


# Most cells of a class are the lesson's own, over and over.
_lesson_cell = lru_cache(maxsize=512)(_known)


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# ------------------------------------------------------------------------------------------------ anywhere


def _look_anywhere(cell: _Known, look: _Look) -> None:
    for node in cell.nodes:
        for rule in _RULES.get(type(node), ()):
            rule(node, look)


def _imports(node: ast.AST, look: _Look) -> None:
    """Libraries that differentiate, and modules that reach out of the notebook."""
    for name in _imported(node, look):
        root = name.partition(".")[0]
        if root in AUTODIFF:
            look.flag("autodiff-library", f"Imports {root}, a library that differentiates by itself", node)
        elif root in _NETWORK:
            look.flag("touches-the-grader", f"Imports {root}, which reaches the network", node)
        elif root in _PROCESSES:
            look.flag("touches-the-grader", f"Imports {root}, which reaches other processes or outlives a cell", node)
        elif root in _INTERNALS:
            look.flag("touches-the-grader", f"Imports {root}, which no exercise needs", node)
        elif name.startswith(("bpkit.exercises", "bpkit.checking", "unittest.mock")) and name not in _OPEN:
            look.flag("touches-the-grader", f"Imports {name}, which no exercise needs", node)
        elif root == "bpkit" and name.endswith(".*"):
            look.flag("calls-the-reference", "Imports everything from bpkit, the blanks' names among them", node)


def _imported(node: ast.AST, look: _Look) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and look.dotted(node.func) in ("importlib.import_module", "__import__"):
        return [_text(node.args[0])] if node.args else []
    return []


def _replaces(node: ast.AST, look: _Look) -> None:
    """Assigning to, or deleting, what belongs to NumPy, Python or the checks."""
    for target in _targets(node):
        name = look.dotted(target.value if isinstance(target, ast.Subscript) else target)
        root, _, rest = name.partition(".")
        if isinstance(target, ast.Attribute) and target.attr == "__class__":
            look.flag("touches-the-grader", "Changes the class of an object", node)
        elif isinstance(target, ast.Attribute) and (target.attr in _SHELL or target.attr == "__builtins__"):
            look.flag("touches-the-grader", f"Changes how cells are run or shown ({target.attr})", node)
        elif rest and (root in _GUARDED or (root == "sys" and rest.partition(".")[0] in _SYS)):
            look.flag("touches-the-grader", f"Replaces a part of {root}", node)
        elif isinstance(target, ast.Subscript) and _is_namespace(target.value, look):
            look.flag("touches-the-grader", "Changes a namespace from outside", node)


def _targets(node: ast.AST) -> Iterator[ast.AST]:
    given: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        given = list(node.targets)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        given = [node.target]
    for target in given:
        for part in ast.walk(target):
            if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del):
                yield part


def _is_namespace(node: ast.AST, look: _Look) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return look.dotted(node.value).partition(".")[0] in _GUARDED | {"sys"}
    if isinstance(node, ast.Call) and look.dotted(node.func) == "vars" and node.args:
        return look.dotted(node.args[0]).partition(".")[0] in _GUARDED | {"sys"}
    return look.dotted(node) in ("__builtins__", "sys.modules")


def _calls(node: ast.Call, look: _Look) -> None:
    """Calls that look into, or act on, what runs the notebook."""
    name = look.dotted(node.func)
    if name in _CALLS:
        look.flag("touches-the-grader", f"Calls {name.removeprefix('builtins.')}, which {_CALLS[name]}", node)
    elif name in ("setattr", "delattr") and node.args:
        root = look.dotted(node.args[0]).partition(".")[0]
        if root != "self":
            look.flag("touches-the-grader", "Replaces a part of something", node)
    elif re.fullmatch(r"sys\.modules\.(pop|update|setdefault|clear|items|values|copy|__setitem__|__delitem__)", name):
        look.flag("touches-the-grader", "Looks through loaded modules, or replaces them", node)
    elif (shell := name.rpartition(".")[0].rpartition(".")[2] or _attribute_of(node.func)) in _SHELL:
        look.flag("touches-the-grader", f"Changes how cells are run or shown ({shell})", node)
    if name not in ("print", "display") and any(_FILES.search(_text(argument)) for argument in node.args):
        look.flag("touches-the-grader", "Names a file that belongs to the grader or the system", node)
    elif name in ("builtins.open", "io.open", "os.open", "pathlib.Path") and _outside(node):
        look.flag("touches-the-grader", "Names a file outside its own folder", node)


def _outside(node: ast.Call) -> bool:
    text = _text(node.args[0]) if node.args else ""
    return text.startswith(("/", "~", "..")) and text != "/dev/null"


def _attributes(node: ast.Attribute, look: _Look) -> None:
    """What only somebody looks at who wants to know who is calling."""
    if node.attr in _INSIDE:
        look.flag("touches-the-grader", f"Looks into Python itself ({node.attr})", node)


def _attribute_of(node: ast.AST) -> str:
    """x in get_ipython().x.append, which has no dotted name."""
    owner = node.value if isinstance(node, ast.Attribute) else None
    return owner.attr if isinstance(owner, ast.Attribute) else ""


def _objects(node: ast.ClassDef, look: _Look) -> None:
    """Classes made to be equal to everything, or to take NumPy's functions over."""
    for part in node.body:
        if isinstance(part, Function):
            if part.name in ("__eq__", "__ne__", "__le__", "__lt__", "__ge__", "__gt__") and _answers_always(part):
                look.flag("touches-the-grader", f"Class {node.name} compares without looking", part)
            elif part.name in ("__reduce__", "__reduce_ex__", "__setstate__"):
                look.flag("touches-the-grader", f"Class {node.name} says how it is to be pickled", part)
            elif part.name in ("__array_function__", "__array_ufunc__"):
                look.flag("touches-the-grader", f"Class {node.name} takes over NumPy's functions", part)
        elif isinstance(part, ast.Assign) and isinstance(part.value, ast.Lambda):
            named = any(isinstance(target, ast.Name) and target.id == "__eq__" for target in part.targets)
            if named and _is_true(part.value.body):
                look.flag("touches-the-grader", f"Class {node.name} compares without looking", part)
        if isinstance(part, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__class__" for t in part.targets):
            look.flag("touches-the-grader", f"Class {node.name} says that it is another", part)


def _answers_always(function: Function) -> bool:
    body = _without_docstring(function.body)
    return len(body) == 1 and isinstance(body[0], ast.Return) and _is_true(body[0].value)


def _is_true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


_RULES: dict[type[ast.AST], tuple[Callable[[Any, _Look], None], ...]] = {
    ast.Import: (_imports,),
    ast.ImportFrom: (_imports,),
    ast.Call: (_imports, _calls),
    ast.ClassDef: (_objects,),
    ast.Attribute: (_attributes,),
    **dict.fromkeys((ast.Assign, ast.Delete, ast.AugAssign, ast.AnnAssign, ast.For), (_replaces,)),
}


def _look_at_top(cell: _Known, look: _Look) -> None:
    """Names of the lesson that a cell gives another meaning."""
    ours = set(look.official.functions.values())
    for statement in cell.tree.body if cell.tree is not None else ():
        for name, value in _bound(statement):
            meaning = look.dotted(value) if value is not None else ""
            if name in ("check", "hint") and not meaning.startswith("bpkit"):
                look.flag("touches-the-grader", f"Gives the name {name} another meaning", statement)
            elif name in ours and meaning.startswith("bpkit.") and meaning.endswith(f".{name}"):
                look.flag("calls-the-reference", f"Uses bpkit's own {name} in place of an answer", statement, name)


def _bound(statement: ast.stmt) -> Iterator[tuple[str, ast.AST | None]]:
    """Names that a statement binds at top level, with the expression they come from where it is a plain one."""
    if isinstance(statement, Function | ast.ClassDef):
        yield statement.name, None
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
    elif isinstance(statement, ast.ImportFrom) and (statement.module or "").partition(".")[0] != "bpkit":
        for alias in statement.names:
            yield alias.asname or alias.name, None


# ------------------------------------------------------------------------------------------------ in an answer


def _look_at_answer(function: Function, exercise: str, look: _Look) -> None:
    reference = _reference(look.official.assignment, exercise)
    bodies = [function, *_helpers(function, look)]
    if reference is None or not reference.module.startswith("bpkit.gradients"):
        for body in bodies:
            _finite_differences(body, exercise, look)
    for body in bodies:
        _calls_reference(body, exercise, look)
    _hard_coded(function, exercise, look)
    if reference is not None and _is_copy(function, reference):
        look.flag(
            "copied-reference",
            f"The code of {exercise} is, word for word, that of bpkit",
            _first_line(function),
            exercise,
        )


def _first_line(function: Function) -> ast.AST:
    return _without_docstring(function.body)[0] if _without_docstring(function.body) else function


def _helpers(function: Function, look: _Look) -> list[Function]:
    """The student's own functions that an answer calls, directly or not; other answers are looked at by themselves."""
    answers = set(look.official.functions.values())
    found: dict[str, Function] = {}
    waiting = [function]
    while waiting:
        for node in look.nodes(waiting.pop()):
            name = node.id if isinstance(node, ast.Name) else ""
            if name in look.functions and name not in answers and name not in found:
                found[name] = look.functions[name][-1]
                waiting.append(found[name])
    return list(found.values())


def _finite_differences(function: Function, exercise: str, look: _Look) -> None:
    """A slope measured where a derivative was to be derived."""
    says = f"{exercise} may measure a slope where it should derive one"
    for node in look.nodes(function):
        if (
            (isinstance(node, ast.Call) and look.dotted(node.func).rpartition(".")[2] in _MEASURE)
            or _is_quotient(node, function)
            or _is_complex_step(node, function)
        ):
            look.flag("finite-differences", says, node, exercise)


def _is_quotient(node: ast.AST, function: Function) -> bool:
    """Whether this is (f(x + h) - f(x - h)) / (2 h): two values of one function over the step between their places."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    for part in _factors(node.left):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            one, other = _called(part.left, function), _called(part.right, function)
            if one and other and ast.dump(one.func) == ast.dump(other.func):
                here, there = _steps(one, function), _steps(other, function)
                # A one-sided difference steps in one of the two calls.
                return bool(_divisors(node.right) & (here & there if here and there else here | there))
    return False


def _is_complex_step(node: ast.AST, function: Function) -> bool:
    """Whether this is f(x + 1j h).imag / h."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    imaginary = any(
        isinstance(part, ast.Attribute) and part.attr == "imag"
        for whole in _factors(node.left)
        for part in (whole, getattr(whole, "func", None))
    )
    return imaginary and any(
        isinstance(part, ast.Constant) and isinstance(part.value, complex) for part in ast.walk(function)
    )


def _factors(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        yield from _factors(node.left)
        yield from _factors(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _factors(node.operand)


def _called(node: ast.AST, function: Function) -> ast.Call | None:
    """The call that a value comes from, through at most one name."""
    if isinstance(node, ast.Name):
        return next((v for v in _values(node.id, function) if isinstance(v, ast.Call)), None)
    return node if isinstance(node, ast.Call) else None


def _values(name: str, function: Function) -> Iterator[ast.AST]:
    """What a function assigns to a name, tuples taken apart."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    yield from (value for part, value in pairs if isinstance(part, ast.Name) and part.id == name)


def _steps(call: ast.Call, function: Function) -> set[str]:
    """What is added to the arguments of a call: in place, in a copy with a name of its own, or in one entry."""
    found: set[str] = set()
    for argument in call.args:
        names = {node.id for node in ast.walk(argument) if isinstance(node, ast.Name)}
        found |= _added(argument)
        for name in names:
            for value in _values(name, function):
                found |= _added(value)
        for node in ast.walk(function):
            if isinstance(node, ast.AugAssign) and _entry_of(node.target) in names:
                found |= _terms(node.value)
            elif isinstance(node, ast.Assign) and _entry_of(node.targets[0]) in names:
                found |= _added(node.value) | (_terms(node.value) if isinstance(node.value, ast.Name) else set())
    return found


def _entry_of(target: ast.AST) -> str:
    """x in x[i] = …, or ""."""
    owner = target.value if isinstance(target, ast.Subscript) else None
    return owner.id if isinstance(owner, ast.Name) else ""


def _added(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            found |= _terms(part.right)
    return found


def _divisors(node: ast.AST) -> set[str]:
    """Terms of a product; the z of z.size or len(z) is none."""
    if isinstance(node, ast.BinOp):
        return _divisors(node.left) | _divisors(node.right)
    return _terms(node) if isinstance(node, ast.Name | ast.Constant) else set()


def _terms(node: ast.AST) -> set[str]:
    """Names and small constants in an expression; 1, 2 and the like are in too many formulas to mean a step."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        repr(part.value)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, float) and 0 < abs(part.value) < 0.1
    }


def _calls_reference(function: Function, exercise: str, look: _Look) -> None:
    """bpkit's own function for an exercise of this lesson, in an answer."""
    ours = set(look.official.functions.values())
    for node in look.nodes(function):
        name = ""
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            name = look.dotted(node)
        elif isinstance(node, ast.Call) and look.dotted(node.func) == "getattr" and len(node.args) > 1:
            name = f"{look.dotted(node.args[0])}.{_text(node.args[1])}"
        last = name.rpartition(".")[2]
        shadowed = isinstance(node, ast.Name) and node.id in look.functions and not _imports_inside(function, node.id)
        whole = look.official.assignment < "10" and re.match(r"bpkit\.(MLP|Node|networks\.MLP|autodiff)\b", name)
        if name.startswith("bpkit.") and (last in ours or whole) and not shadowed:
            look.flag("calls-the-reference", f"{exercise} calls bpkit's own {last}", node, exercise)


def _imports_inside(function: Function, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names)
        for node in ast.walk(function)
    )


def _hard_coded(function: Function, exercise: str, look: _Look) -> None:
    """If the input is this array, then return that one."""
    for node in look.nodes(function):
        if not isinstance(node, ast.If) or not _compares_with_literal(node.test):
            continue
        if any(isinstance(part, ast.Return) and _is_literal(part.value) for part in node.body):
            look.flag("hard-coded", f"{exercise} returns a fixed answer for a fixed input", node.test, exercise)


def _compares_with_literal(test: ast.AST) -> bool:
    for node in ast.walk(test):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            parts = node.args if name in _ALIKE else []
        elif isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        if any(_is_array_literal(part) for part in parts):
            return True
    return False


def _is_array_literal(node: ast.AST) -> bool:
    """Two numbers or more, written out. A shape is a tuple, and may be compared with."""
    if isinstance(node, ast.Call):
        return len(node.args) > 0 and _is_array_literal(node.args[0])
    if not isinstance(node, ast.List) or not _is_literal(node):
        return False
    return sum(isinstance(part, ast.Constant) for part in ast.walk(node)) > 1


def _is_literal(node: ast.AST | None) -> bool:
    """A number, or numbers written out in a list, a tuple, a dict or an array."""
    if isinstance(node, ast.Call):
        return bool(node.args) and isinstance(node.args[0], ast.List) and _is_literal(node.args[0])
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(_is_literal, node.elts))
    if isinstance(node, ast.Dict):
        return all(map(_is_literal, node.values))
    if isinstance(node, ast.UnaryOp):
        return _is_literal(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


# ------------------------------------------------------------------------------------------------ copies


@dataclass(frozen=True)
class _Reference:
    module: str
    whole: tuple[str, ...]  # dumps of its statements, docstring and annotations left out
    core: tuple[str, ...]  # the same without the checks of arguments


@cache
def _reference(lesson: str, exercise: str) -> _Reference | None:
    from bpkit.exercises import LESSONS, of_lesson

    found = next((one for one in of_lesson(lesson) if one.name == exercise), None) if lesson in LESSONS else None
    if found is None:
        return None
    tree = ast.parse(textwrap.dedent(inspect.getsource(found.reference)))
    function = tree.body[0]
    assert isinstance(function, Function)
    return _Reference(
        found.reference.__module__, _statements(function, checks=True), _statements(function, checks=False)
    )


def _is_copy(function: Function, reference: _Reference) -> bool:
    """Equal to bpkit's text. A short formula has one natural form, so that says nothing about who wrote it."""
    has_checks = reference.whole != reference.core
    if has_checks and _statements(function, checks=True) == reference.whole:
        return True  # nobody invents these checks anew
    return len(reference.core) >= _TELLING and _statements(function, checks=False) == reference.core


_TELLING = 8  # statements; with the names of a lesson's text, shorter answers do come out equal by themselves


def _statements(function: Function, checks: bool) -> tuple[str, ...]:
    """Every statement of a function by itself, compound ones by their heads."""
    found = []
    for node in _in_order(_without_docstring(function.body)):
        if checks or not _is_check(node):
            shallow = {
                name: value for name, value in ast.iter_fields(node) if name not in ("body", "orelse", "annotation")
            }
            found.append(f"{type(node).__name__}{[_dumped(value) for value in shallow.values()]}")
    return tuple(found)


def _in_order(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        for name in ("body", "orelse"):
            yield from _in_order(getattr(node, name, []))


def _dumped(value: Any) -> str:
    if isinstance(value, list):
        return str([_dumped(part) for part in value])
    return ast.dump(value) if isinstance(value, ast.AST) else repr(value)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    return body[1:] if isinstance(first, ast.Expr) and _text(first.value) else body


def _is_check(node: ast.stmt) -> bool:
    """Whether a statement of a reference only looks at its arguments."""
    if isinstance(node, ast.Raise) or (
        isinstance(node, ast.If) and all(isinstance(part, ast.Raise) for part in node.body)
    ):
        return True
    if not isinstance(node, ast.Expr | ast.Assign):
        return False
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return all(
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and (value.func.id in _CHECKERS or value.func.id[:1] == "_")
        for value in values
    )
