# Two commands matter: `make lab` to learn, `make test` to check everything. Each sets up what it needs, once.
# Another Python: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One BLAS thread a process: two of each on two cores wait for one another.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# -n 2: the tests share two processes, as tests/conftest.py deals them out; nbgrader needs alembic on the PATH from the first command on.
export PATH := $(abspath $(BIN)):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help lab test lint unit notebooks lessons grade bench bench-grading crash scale lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

lab: $(VENV)/lab.stamp ## set up once, then open JupyterLab on your own copy of the lessons
	@$(BIN)/python -m bpkit.lab $(ARGS)

test: lint unit notebooks ## set up once, then run every test

lint: $(VENV)/all.stamp ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/all.stamp ## tests and doctests
	$(BIN)/python -m pytest -n 2 --doctest-modules bpkit grading/bpgrade tests

notebooks: $(VENV)/all.stamp ## the solutions' stored outputs are what the code gives
	$(BIN)/python -m pytest --nbval -n 2 --dist loadscope solutions

lessons: $(VENV)/all.stamp ## run the solutions, store their outputs, generate lessons/ from them
	$(BIN)/bpgrade lessons

SAMPLE := grading/sample
grade: $(VENV)/all.stamp ## see grading at work: a sample class of 24, graded, with a report
	@rm -rf $(SAMPLE)
	@$(BIN)/bpgrade sample $(SAMPLE)/submitted --lesson 02_two_layer_network
	@$(BIN)/bpgrade grade $(SAMPLE)/submitted --out $(SAMPLE) --roster $(SAMPLE)/roster.csv --cell-seconds 5 --seconds 30
	@$(BIN)/bpgrade report --out $(SAMPLE)
	@echo "Open $(SAMPLE)/report.html in a browser; the students' pages are in $(SAMPLE)/feedback/."

bench: $(VENV)/all.stamp ## how fast it is, as ratios: to bare matrix products, to NumPy, to PyTorch if installed
	$(BIN)/python -m benchmarks.bench

bench-grading: $(VENV)/all.stamp ## how fast a class is graded, beside stock nbgrader: a quarter of an hour
	$(BIN)/python -m benchmarks.bench_grading $(ARGS)

crash: $(VENV)/all.stamp ## kill the grader at 100 random moments; every grade has to come out the same
	$(BIN)/python -m benchmarks.crash $(ARGS)

scale: $(VENV)/all.stamp ## what a hostile class takes in memory, then five minutes of forged frames
	$(BIN)/python -m benchmarks.scale $(ARGS)

lock: $(VENV)/all.stamp ## choose newer versions of all dependencies and write them down with their hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK) --extra tests --output-file requirements/all.txt
	$(BIN)/uv pip compile $(LOCK) --extra notebooks --constraint requirements/all.txt --output-file requirements/lab.txt
LOCK := --quiet --upgrade --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header \
	--no-annotate pyproject.toml requirements/build.in

clean: ## remove the environment and what tests leave behind; never your lessons
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/%.stamp: requirements/%.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "bpkit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned dependencies into $(VENV) (once, a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
