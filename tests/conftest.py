"""Settings for all tests: one BLAS thread, as many hypothesis examples as there is time for, and who runs what."""

import os
import re
from pathlib import PurePosixPath

import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hypothesis import HealthCheck, settings  # noqa: E402 - NumPy must not start before the lines above

settings.register_profile("course", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


# What takes minutes begins first, so that no process is left alone with it at the end.
SLOW = ("bench_grading", "crash", "hostile", "customs", "same_as_stock", "browser")
# Tests of these files share a graded class, or a server, that takes a while to make.
TOGETHER = ("browser_attacks", "nbgrader", "formgrader", "interview", "provisioner", "stock", "wall")


def _file(nodeid):
    return PurePosixPath(nodeid.partition("::")[0]).stem.removeprefix("test_")


def dealt(nodeid):
    """What of a test's name it has in common with those that one process runs one after another.

    A whole file if it shares what is costly, in test_same_as_stock.py all of a lesson, else a function with its cases.
    """
    if _file(nodeid) == "same_as_stock" and (lesson := re.search(r"\d\d_\w+", nodeid)):
        return lesson[0]
    return nodeid.partition("::" if _file(nodeid) in TOGETHER else "[")[0]


def pytest_collection_modifyitems(items):
    """Slow files first."""
    items.sort(key=lambda item: _file(item.nodeid) not in SLOW + TOGETHER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal the tests out by `dealt`; with another --dist than that of `pytest -n 2`, as it says."""
    from xdist.scheduler import LoadScopeScheduling

    class Dealing(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return dealt(nodeid)

    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return Dealing(config, log)


def pytest_terminal_summary(terminalreporter):
    """Print what became of the machine-made wrong functions, from whichever process judged them."""
    reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, [])]
    tallies = [value for report in reports for key, value in report.user_properties if key == "mutants"]
    if tallies:
        from tests.checking.mutants import summary

        terminalreporter.write_line(summary(*map(sum, zip(*tallies, strict=True))))
