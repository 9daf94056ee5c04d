# Two words for a newcomer: `make run` and `make test`. Each sets up its own environment first.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test setup check format lint

# The job ends with 3 where the gate holds or withholds: that is an answer, not a failure of make.
run: $(READY)
	$(BIN)/colonnade run examples/assistant || test $$? -eq 3

test: $(READY) check
	$(BIN)/python -m pytest

# What CI holds every commit to, besides the tests.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(READY)

$(READY): pyproject.toml scripts/setup.sh
	@VENV=$(VENV) PYTHON=$(PYTHON) sh scripts/setup.sh
	@touch $(READY)
