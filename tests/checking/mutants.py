"""Wrong functions made by machine: small changes to the source of right ones, one at a time.

`python -m tests.checking.mutants` feeds all of them to their checks and prints the count.
"""

import ast
import copy
import inspect
import signal
import sys
import textwrap
from dataclasses import dataclass, field

import numpy as np

from bpkit.checking import run
from bpkit.checking.compare import Misfit, changed, structure
from tests import answers
from tests.checking.rounds import FUNCTIONS, Round

WITNESSES = range(1000, 1012)  # seeds of the inputs that decide whether a mutant computes something else
PATIENCE = 0.5  # seconds of work, not of waiting; a change to a loop can make it endless

SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLS = {
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "sum": "mean",
    "mean": "sum",
    "exp": "expm1",
    "log": "log1p",
    "sqrt": "square",
    "abs": "negative",
    "argmax": "argmin",
    "zeros": "ones",
    "ones": "zeros",
    "any": "all",
    "all": "any",
}


def variants(node):
    """Nodes to put in place of one node."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPS:
            yield ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)
        yield node.left
        yield node.right
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPS:
        yield ast.Compare(node.left, [SWAPS[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert, ast.Not)):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from map(ast.Constant, {0, 1, -node.value, node.value + 1, 2 * node.value} - {node.value})
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.ctx, ast.Load):
        yield ast.Attribute(node.value, CALLS[node.attr], ast.Load())
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Call):
        for dropped in node.keywords:
            yield ast.Call(node.func, node.args, [keyword for keyword in node.keywords if keyword is not dropped])
        yield from node.args[:1]
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield ast.Tuple([*node.elts[1:], node.elts[0]], ast.Load())


def mutants(fn):
    """All single changes to a function: pairs (what was changed, wrong function)."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(fn)))
    function = tree.body[0]
    function.decorator_list = []
    function.args.defaults = []  # those of the original are put back below
    function.returns = None
    for argument in function.args.args:
        argument.annotation = None
    if isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant):
        function.body = function.body[1:] or [ast.Pass()]
    places = [(i, node) for i, node in enumerate(ast.walk(tree))]
    for i, node in places:
        for replacement in variants(node):
            changed = copy.deepcopy(tree)
            target = next(n for k, n in enumerate(ast.walk(changed)) if k == i)
            _replace(changed, target, copy.deepcopy(replacement))
            code = compile(ast.fix_missing_locations(changed), f"<mutant of {fn.__name__}>", "exec")
            space = dict(fn.__globals__)
            exec(code, space)
            mutant = space[fn.__name__]
            mutant.__defaults__ = fn.__defaults__
            yield f"{ast.unparse(node)} -> {ast.unparse(replacement)}", mutant


def _replace(tree, old, new):
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list):
                for k, entry in enumerate(value):
                    if entry is old:
                        value[k] = new
                        return


@dataclass
class Tally:
    """What became of the mutants of one exercise; those that compute the same as before are not counted."""

    made: int = 0
    rejected: int = 0
    named: int = 0
    same: int = 0
    accepted: list[str] = field(default_factory=list)


def survey(name):
    """Feed every mutant of the reference and of two other right answers to the check of an exercise."""
    exercise, tally = FUNCTIONS[name], Tally()
    at, witnesses = Round(exercise, 0), [Round(exercise, seed) for seed in WITNESSES]
    right = [("the reference", exercise.reference), *answers.load()[name][:2]]
    for style, fn in right:
        for change, mutant in mutants(fn):
            verdict = at.verdict(mutant, [tried(mutant, case) for case in at.cases])
            if verdict.outcome == "right":
                if any(computes_something_else(witness, mutant) for witness in witnesses):
                    tally.accepted.append(f"{style}: {change}")
                else:
                    tally.same += 1
                    continue
            tally.made += 1
            tally.rejected += verdict.outcome != "right"
            tally.named += verdict.mistake is not None
    return tally


def computes_something_else(witness, mutant):
    """Compare with the reference, without the judge: errors, arguments left changed, shapes, kinds and numbers."""
    exercise = witness.exercise
    for case in witness.cases:
        if case.kind not in ("ordinary", "edge"):
            continue
        truth = witness.run(exercise.reference, case)
        seen = tried(mutant, case)
        if seen.failure or any(changed(before, seen.after.get(key), True) for key, before in case.inputs.items()):
            return True
        try:
            if exercise.view is None:
                structure(truth.value, seen.value, exercise.returns)
            wanted, got = exercise.parts(case, truth), exercise.parts(case, seen)
        except Misfit:
            return True
        if any(_other(wanted[label], got[label]) for label in wanted):
            return True
    return False


def _other(wanted, got):
    wanted, got = np.asarray(wanted), np.asarray(got)
    if wanted.shape != got.shape or (wanted.dtype.kind == "b") != (got.dtype.kind == "b"):
        return True
    return not np.allclose(got, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max(initial=1e-6), equal_nan=True)


def tried(fn, case):
    """Run a function on one case; what runs too long raises TimeoutError."""

    def give_up(*_):
        raise TimeoutError("this takes too long")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        return run(fn, case)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def summary(made, rejected, named, same):
    """The line that CI prints."""
    return f"{made} mutants, {rejected} rejected, {named} named ({same} more compute the same as before)"


def main():
    total = np.zeros(4, int)
    for name in sys.argv[1:] or FUNCTIONS:
        tally = survey(name)
        total += [tally.made, tally.rejected, tally.named, tally.same]
        for change in tally.accepted:
            print(f"{name} accepted: {change}")
    print(summary(*total))
    return int(total[0] != total[1])


if __name__ == "__main__":
    sys.exit(main())
