"""Settings for all tests: one BLAS thread, and as many hypothesis examples as there is time for."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hypothesis import HealthCheck, settings  # noqa: E402 - NumPy must not start before the lines above

settings.register_profile("course", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


def pytest_terminal_summary(terminalreporter):
    """Print what became of the machine-made wrong functions, from whichever process judged them."""
    reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, [])]
    tallies = [value for report in reports for key, value in report.user_properties if key == "mutants"]
    if tallies:
        from tests.checking.mutants import summary

        terminalreporter.write_line(summary(*map(sum, zip(*tallies, strict=True))))
