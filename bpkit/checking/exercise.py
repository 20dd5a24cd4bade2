"""The exercise as data: one record carries what is asked, the inputs to try, the known mistakes and the hints.

Everything else is derived from it: the check in the notebook, the grader's hidden inputs, the class report, and
the wrong functions that the tests feed to every check.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from bpkit.checking.observe import Observation, observe

Inputs = dict[str, Any]


class Sizes(NamedTuple):
    """Rows n, inputs d, hidden units h, outputs k: distinct primes, so that a wrong factor names its cause."""

    n: int
    d: int
    h: int
    k: int


SIZES = (Sizes(7, 3, 5, 11), Sizes(11, 5, 3, 7), Sizes(5, 7, 11, 3))
ONE_ROW = Sizes(1, 3, 5, 7)

Draw = Callable[[np.random.Generator, Sizes], Inputs]


@dataclass(frozen=True)
class Mistake:
    """A misconception: what it looks like, the question that leads out of it, and functions that make it.

    `wrong` takes the exercise's arguments and makes the mistake; more than one function may be given
    where students write the same mistake in ways that give different numbers or errors. `slight` marks a
    mistake that moves its results by less than a thousandth by nature, such as an epsilon or rounding.
    """

    id: str
    says: str
    hint: str
    wrong: tuple[Callable[..., Any], ...]
    slight: bool

    def __init__(
        self,
        id: str,
        wrong: Callable[..., Any] | tuple[Callable[..., Any], ...],
        says: str,
        hint: str,
        slight: bool = False,
    ) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "says", says)
        object.__setattr__(self, "hint", hint)
        object.__setattr__(self, "wrong", wrong if isinstance(wrong, tuple) else (wrong,))
        object.__setattr__(self, "slight", slight)


@dataclass(frozen=True)
class Case:
    """One set of inputs. `kind` is ordinary, edge (must be right too), finite (must only be finite) or tip
    (earns a remark, never costs a mark); `name` says in words what is special about it. `before` are the
    inputs of a call that is made first, where a result can only be judged beside another one.
    """

    kind: str
    name: str
    inputs: Inputs
    sizes: Sizes
    before: Inputs | None = None


def make_case(kind: str, name: str, inputs: Inputs, sizes: Sizes) -> Case:
    """A case from what a draw returned."""
    return Case(
        kind, name, {key: value for key, value in inputs.items() if key != "before"}, sizes, inputs.get("before")
    )


def run(fn: Callable[..., Any], case: Case) -> Observation:
    """Try a function on one case."""
    if case.before is None:
        return observe(fn, case.inputs)
    first = observe(fn, case.before)
    return replace(observe(fn, case.inputs), before=first)


@dataclass(frozen=True)
class Exercise:
    """One function that a lesson asks for.

    Attributes:
        reference: the right function; its name is the exercise's name.
        lesson: id of the lesson, such as "01_single_neuron".
        asks: one sentence, what the function should do.
        returns: name of the result, or a tuple of names where it returns several.
        draw: makes legal inputs, in the order of the arguments, away from kinks. The entry "before", if
            there is one, holds the inputs of a call to make first.
        mistakes: what students get wrong here.
        hints: questions and pointers, the first one gentle, the last one nearly the answer.
        why: one line shown with a right answer.
        edges: further inputs that must come out right: a name in words for each draw.
        finite: inputs for which the result need only be finite.
        tips: inputs that are worth a remark if they go wrong, but no mark.
        one_row: also try a batch of one example.
        free: results that earn nothing by themselves but must be right for a point.
        exact_dtype: whether whole numbers in place of floats are wrong even where their values agree.
        moves_inputs: whether arguments may be moved and put back, so that rounding is left in them.
        view: what is compared, if not the returned value: takes (inputs, Observation), returns a dict of parts.
    """

    reference: Callable[..., Any]
    lesson: str
    asks: str
    returns: str | tuple[str, ...]
    draw: Draw
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    why: str
    edges: dict[str, Draw] = field(default_factory=dict)
    finite: dict[str, Draw] = field(default_factory=dict)
    tips: dict[str, Draw] = field(default_factory=dict)
    one_row: bool = True
    free: tuple[str, ...] = ()
    exact_dtype: bool = False
    moves_inputs: bool = False
    view: Callable[[Inputs, Observation], dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def points(self) -> int:
        """Points of its check: one for each result that can be right or wrong by itself."""
        return len(self.graded)

    @property
    def graded(self) -> tuple[str, ...]:
        """Names of the results that earn marks: the entries of a tuple, the keys of a dict, or the one result."""
        names = _GRADED.get(self.name)
        if names is None:
            case = self.cases(0)[0]
            labels = self.parts(case, run(self.reference, case))
            names = _GRADED[self.name] = tuple(dict.fromkeys(map(result_of, labels)))
        return tuple(name for name in names if name not in self.free)

    @property
    def signature(self) -> str:
        """The call as a learner writes it, such as `huber(y_true, y_pred, delta=1.0)`."""
        parameters = inspect.signature(self.reference).parameters.values()
        bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
        return f"{self.name}({', '.join(map(str, bare))})"

    def cases(self, seed: int) -> list[Case]:
        """Inputs for one check: three ordinary ones of different sizes, the first again, then the edges."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        cases = [make_case("ordinary", "", self.draw(rng, sizes), sizes) for sizes in SIZES]
        cases.append(replace(cases[0], kind="edge", name="called again with the same inputs"))
        if self.one_row:
            cases.append(make_case("edge", "a batch of one example", self.draw(rng, ONE_ROW), ONE_ROW))
        for kind, draws in (("edge", self.edges), ("finite", self.finite), ("tip", self.tips)):
            cases.extend(make_case(kind, name, draw(rng, SIZES[0]), SIZES[0]) for name, draw in draws.items())
        return cases

    def parts(self, case: Case, seen: Observation) -> dict[str, Any]:
        """The labelled pieces of a well-formed result, such as {"dX": …, "dW": …, "db": …}."""
        if self.view is not None:
            return self.view(case.inputs, seen)
        return label_parts(self.returns, seen.value)


_GRADED: dict[str, tuple[str, ...]] = {}


def result_of(label: str) -> str:
    """The result that a part belongs to: "cache['z1']" is part of "cache"."""
    return label.partition("[")[0]


def label_parts(returns: str | tuple[str, ...], value: Any) -> dict[str, Any]:
    """Flatten a result into labelled leaves: arrays, numbers, and lists of numbers."""
    if isinstance(returns, tuple):
        pieces: dict[str, Any] = {}
        for name, entry in zip(returns, value, strict=True):
            pieces.update(_leaves(name, entry))
        return pieces
    if isinstance(value, dict):
        return {key: leaf for name, entry in value.items() for key, leaf in _leaves(name, entry).items()}
    return _leaves(returns, value)


def _leaves(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            label: leaf for key, entry in value.items() for label, leaf in _leaves(f"{name}[{key!r}]", entry).items()
        }
    if is_nested_list(value):
        return {label: leaf for i, entry in enumerate(value) for label, leaf in _leaves(f"{name}[{i}]", entry).items()}
    return {name: value}


def is_nested_list(value: Any) -> bool:
    """True for a list of arrays; a list of plain numbers is one leaf, as good as a 1-D array."""
    return isinstance(value, (list, tuple)) and any(
        isinstance(entry, (np.ndarray, list, tuple, dict)) for entry in value
    )
