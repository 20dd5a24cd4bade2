"""What holds for the whole library: cheap to import, documented, and every docstring's example true."""

import inspect
import re
import subprocess
import sys

import pytest

import bpkit

FUNCTIONS = sorted(name for name in bpkit.__all__ if inspect.isfunction(getattr(bpkit, name)))
REFERENCES = sorted(set(FUNCTIONS) - {"check", "evaluate", "hint"})


def test_importing_bpkit_needs_numpy_alone():
    code = (
        "import sys, numpy; before = set(sys.modules); import bpkit; new = set(sys.modules) - before;"
        "print(sorted(name for name in new if not name.startswith('bpkit')))"
    )
    added = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = ("matplotlib", "sklearn", "scipy", "IPython", "numpy.random", "bpkit.checking", "dataclasses")
    assert not [name for name in heavy if f"'{name}" in added], added


@pytest.mark.parametrize("name", REFERENCES)
def test_every_reference_says_what_a_caller_must_know(name):
    text = inspect.getdoc(getattr(bpkit, name))
    assert text, name
    first, *_ = text.splitlines()
    assert first.endswith("."), "one sentence first"
    for section in ("Args:", "Returns:", "Formula:", "Raises:", "Source:", "Example:"):
        assert section in text, f"{name} lacks {section}"
    assert ">>>" in text
    assert "NaN" in text, "what becomes of NaN"
    for argument in inspect.signature(getattr(bpkit, name)).parameters:
        assert re.search(rf"\b{argument}\b", text.split("Args:")[1]), f"{name}: {argument} is not described"


def test_unknown_names_give_an_ordinary_error():
    with pytest.raises(AttributeError, match="no attribute 'sigmod'"):
        _ = bpkit.sigmod
