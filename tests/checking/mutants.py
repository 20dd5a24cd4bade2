"""Wrong functions made by machine: small changes to the source of right ones, one at a time."""

import ast
import copy
import inspect
import textwrap

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
    elif isinstance(node, ast.Call) and node.keywords:
        for dropped in node.keywords:
            yield ast.Call(node.func, node.args, [keyword for keyword in node.keywords if keyword is not dropped])


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
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list):
                for k, entry in enumerate(value):
                    if entry is old:
                        value[k] = new
                        return
