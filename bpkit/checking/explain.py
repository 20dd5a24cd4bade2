"""NumPy's and Python's error messages, put into the words of someone who writes a backward pass."""

from __future__ import annotations

import re

from bpkit.checking.observe import Failure

# For each kind of error message an id, by which reports count it, and what to look at.
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"shapes? \([\d, ]+\) and \([\d, ]+\) not aligned|matmul: .* mismatch|matmul: .* core dimension",
        "product-of-shapes-that-do-not-fit",
        "A matrix product met two shapes that do not fit. Print both: which axis do the two arrays share, "
        "and would a transpose (`.T`) bring it to the inside? Or should this product be elementwise (`*`)?",
    ),
    (
        r"could not be broadcast together|non-broadcastable|cannot broadcast|could not broadcast",
        "shapes-that-do-not-broadcast",
        "An elementwise operation met two shapes that do not fit. Print both: should they be equal, or is this "
        "a matrix product (`@`)?",
    ),
    (
        r"axis \d+ is out of bounds|AxisError",
        "axis-that-does-not-exist",
        "That axis does not exist. `np.max(a, axis)` looks inside one array; `np.maximum(a, b)` compares two. Which do you want?",
    ),
    (
        r"only integer scalar arrays can be converted|only length-1 arrays|integer argument expected|cannot be interpreted as an integer",
        "array-for-a-number",
        "An array stands where one whole number is needed, such as an axis. `np.max(a, axis)` looks inside one array; "
        "`np.maximum(a, b)` compares two. Which do you want?",
    ),
    (
        r"matmul: .*scalar|does not have enough dimensions",
        "product-of-numbers",
        "`@` needs arrays with axes. What multiplies plain numbers?",
    ),
    (
        r"truth value of an array",
        "if-on-an-array",
        "`if`, and Python's `max` and `min`, look at one number, and this is an array. "
        "Which NumPy function decides entry by entry?",
    ),
    (
        r"takes (from )?\d+ .*positional arguments? but \d+ (was|were) given|missing \d+ required positional",
        "other-arguments",
        "The arguments should be those of the docstring, in that order. Which one is missing or too many?",
    ),
    (
        r"only .*arrays? can be converted",
        "array-for-a-number",
        "An array stands where one number is needed. Does a sum or mean have to come first?",
    ),
    (r"cannot reshape", "shape-that-does-not-fill", "The entries do not fill the new shape. What is the shape before?"),
    (
        r"setting an array element with a sequence",
        "array-for-an-entry",
        "A whole array was put into one entry. Which index is missing?",
    ),
    (
        r"Cannot cast ufunc|cannot cast",
        "integer-array",
        "An integer array cannot hold fractions. Which dtype did the result inherit?",
    ),
    (
        r"shape mismatch: indexing arrays|boolean index did not match",
        "index-of-another-shape",
        "The index has another shape than the array. Print both: for which axis was the index made?",
    ),
    (
        r"is out of bounds for axis|index \d+ is out of bounds",
        "index-out-of-range",
        "An index lies outside the array: is it used on the axis that it counts?",
    ),
    (
        r"object is not subscriptable|not iterable|cannot unpack|not enough values|too many values",
        "nothing-to-unpack",
        "Something is indexed or unpacked that has another number of things inside. Did a function you call return what you think?",
    ),
)

_BY_KIND = {
    "NameError": (
        "undefined-name",
        "This name is not known here. Is it spelled as in the cell above, and has that cell been run?",
    ),
    "UnboundLocalError": (
        "unset-variable",
        "This variable is used before it gets a value inside the function. On which path?",
    ),
    "KeyError": ("missing-key", "The dict has no such key. Print `.keys()`: which names does it use?"),
    "ZeroDivisionError": ("division-by-zero", "Something divides by 0. Can that happen for legal inputs?"),
    "RecursionError": (
        "endless-recursion",
        "The function calls itself without end. Does it have the same name as something it means to use?",
    ),
    "SystemExit": ("ends-the-program", "The function ended the program. What should it do in place of that?"),
    "AttributeError": (
        "missing-attribute",
        "The object has no such attribute. Is it the type you think it is? `print(type(...))` tells.",
    ),
    "IndexError": (
        "index-out-of-range",
        "An index lies outside the array. Print the array's shape and the index: which axis was meant?",
    ),
}


def explain(failure: Failure) -> str:
    """One sentence or two on what an exception means and what to look at."""
    return classify(failure)[1]


def classify(failure: Failure) -> tuple[str | None, str]:
    """The id of a kind of error, or None, and what it means."""
    for pattern, id, advice in _RULES:
        if re.search(pattern, failure.text):
            return id, advice
    return _BY_KIND.get(
        failure.kind, (None, "Read the message from the end: which line raised it, and what did it receive?")
    )
