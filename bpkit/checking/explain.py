"""NumPy's and Python's error messages, put into the words of someone who writes a backward pass."""

from __future__ import annotations

import re

from bpkit.checking.observe import Failure

_RULES: tuple[tuple[str, str], ...] = (
    (
        r"shapes? \([\d, ]+\) and \([\d, ]+\) not aligned|matmul: .* mismatch|matmul: .* core dimension",
        "A matrix product met two shapes that do not fit. Print both: which axis do the two arrays share, "
        "and would a transpose (`.T`) bring it to the inside? Or should this product be elementwise (`*`)?",
    ),
    (
        r"could not be broadcast together|non-broadcastable|cannot broadcast",
        "An elementwise operation met two shapes that do not fit. Print both: should they be equal, or is this "
        "a matrix product (`@`)?",
    ),
    (
        r"axis \d+ is out of bounds|AxisError",
        "That axis does not exist. `np.max(a, axis)` looks inside one array; `np.maximum(a, b)` compares two.",
    ),
    (
        r"matmul: .*scalar|matmul: Input operand \d does not have enough dimensions",
        "`@` needs arrays with axes; for plain numbers use `*`.",
    ),
    (
        r"truth value of an array",
        "An `if` looks at one number, and this is an array. Which NumPy function decides entry by entry?",
    ),
    (
        r"takes \d+ positional arguments? but \d+ (was|were) given|missing \d+ required positional",
        "The arguments should be the ones in the docstring, in that order.",
    ),
    (
        r"only .*arrays? can be converted|only length-1",
        "An array stands where one number is needed. Does a sum or mean have to come first?",
    ),
    (r"cannot reshape", "The entries do not fill the new shape. What is the shape before?"),
    (r"setting an array element with a sequence", "A whole array was put into one entry. Which index is missing?"),
    (r"Cannot cast ufunc", "An integer array cannot hold fractions. Which dtype did the result inherit?"),
    (
        r"object is not subscriptable|not iterable",
        "Something is indexed or unpacked that has nothing inside. Did a function you call forget its `return`?",
    ),
)

_BY_KIND = {
    "NameError": "This name is not known here. Is it spelled as in the cell above, and has that cell been run?",
    "UnboundLocalError": "This variable is used before it gets a value inside the function.",
    "KeyError": "The dict has no such key. Print `.keys()`: which names does it use?",
    "ZeroDivisionError": "Something divides by 0. Can that happen for legal inputs?",
    "RecursionError": "The function calls itself without end. Does it have the same name as something it means to use?",
    "SystemExit": "The function ended the program. It should return instead.",
    "AttributeError": "The object has no such attribute. Is it the type you think it is? `print(type(...))` tells.",
    "IndexError": "An index lies outside the array. Print the array's shape and the index.",
}


def explain(failure: Failure) -> str:
    """One sentence or two on what an exception means and what to look at."""
    for pattern, advice in _RULES:
        if re.search(pattern, failure.text):
            return advice
    return _BY_KIND.get(failure.kind, "Read the message from the end: which line raised it, and what did it receive?")
