"""One function for each verdict that `check` can give, as a learner might write it; docs/learner.md shows what is said."""

import linecache
from typing import NamedTuple

import numpy as np

from bpkit.checking import Verdict, evaluate
from bpkit.checking.show import as_text


class Example(NamedTuple):
    """What the page says about a verdict, the outcome it stands for, and the code that gets it."""

    outcome: str
    means: str
    code: str


EXAMPLES = (
    Example(
        "right",
        "Every number agrees. The line below says why it works. Go on.",
        "def relu(z):\n    return z * (z > 0)",
    ),
    Example(
        "not_attempted",
        "The `raise` line is still there, or the cell was not run again. Fill the blank, run it, then run the check.",
        "def relu(z):\n    raise NotImplementedError",
    ),
    Example(
        "raised",
        "Python stopped inside your function. Read the line that is shown. If it is about shapes, print them.",
        "def dense(X, W, b):\n    return X @ W + bias",
    ),
    Example(
        "mutated",
        "The numbers may be right, but an argument was changed. Make a new array instead.",
        "def relu(z):\n    z[z < 0] = 0\n    return z",
    ),
    Example(
        "wrong_type",
        "Something else came back than was asked for. The commonest cause is a missing `return`.",
        "def sigmoid(z):\n    a = 1 / (1 + np.exp(-z))",
    ),
    Example(
        "wrong_shape",
        "An array has another shape than it should have. Write the shape beside each array, on paper.",
        "def dense_backward(dZ, X, W):\n    return dZ @ W.T, X.T @ dZ, dZ.sum()",
    ),
    Example(
        "wrong_dtype",
        "The result holds another kind of number than was asked for.",
        "def mse(y_true, y_pred):\n    return np.mean((y_pred - y_true) ** 2, dtype=np.float32)",
    ),
    Example(
        "not_finite",
        "Somewhere `inf` or `nan` came out: an overflow, a division by 0, or the logarithm of 0.",
        "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum(axis=-1, keepdims=True)",
    ),
    Example(
        "looks_like",
        "The numbers are those of a mistake that is known. Its name is given, and a question. What is right already is listed.",
        "def dense_backward(dZ, X, W):\n    return dZ @ W.T, X.T @ dZ, dZ.mean(axis=0)",
    ),
    Example(
        "wrong",
        "The numbers are wrong, and no known mistake makes them. Work the docstring's example by hand.",
        "def relu_backward(da, z):\n    return 0.37 * da * (z > 0) + 0.1",
    ),
)

MORE = (
    Example(
        "right",
        "**Right, with a remark.** A remark costs nothing.",
        "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))",
    ),
    Example(
        "raised",
        "**An earlier blank is missing.** Fill that one first.",
        "def relu(z):\n    raise NotImplementedError\n\n\ndef two_layer_forward(X, params):\n    return relu(X), {}",
    ),
    Example(
        "looks_like",
        "**A question of lesson 12.** Each wrong letter has an answer of its own.",
        'def two_routes_to_the_loss():\n    return "a"',
    ),
    Example(
        "wrong_type",
        "**The name is not one of the course.** The check finds the exercise by the function's name.",
        "def sigmod(z):\n    return 1 / (1 + np.exp(-z))",
    ),
)


def verdict_on(example: Example) -> Verdict:
    """Define the last function of an example as a notebook cell would, and judge it."""
    space: dict[str, object] = {"np": np}
    file = f"<cell of {example.outcome} {hash(example.code)}>"
    linecache.cache[file] = (len(example.code), None, example.code.splitlines(keepends=True), file)
    exec(compile(example.code, file, "exec"), space)
    name = example.code.rpartition("def ")[2].partition("(")[0]
    return evaluate(space[name])  # type: ignore[arg-type]


def shown(example: Example) -> str:
    """The code and what the check says to it, in Markdown."""
    said = "\n".join(f"> {line}  " for line in as_text(verdict_on(example)).splitlines() if line.strip())
    return f"```python\n{example.code}\n```\n\n{said.rstrip()}"
