# make demo: the whole system on this machine. make test: everything that CI runs. make help: the rest.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Stands for "the packages of the lock are installed"; remade when a lock changes.
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev
PIP := $(BIN)/pip --disable-pip-version-check --no-input
# Unset: the port that the stack runs on, else 8000.
PORT ?=
IMAGES ?=
# Processes that run the tests; one more than processors, since many tests wait for servers.
WORKERS ?= 3
CHECKED := config imagesearch telemetry serve_app jobs cli benchmarks tests

export PORT IMAGES
# Modules are compiled when they are first imported, and kept: pip would compile them all, most of which nobody imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo down test servers pytest bench lint format lock clean

help:
	@echo 'make demo [IMAGES=folder] [PORT=8000]   embedded stack, pictures, bulk load, one search; the service stays up'
	@echo 'make down                               stops what `make demo` started'
	@echo 'make test                               lint, types and all tests, on servers of its own'
	@echo 'make bench                              every benchmark, half an hour: docs/performance.md'
	@echo 'make format | lint | lock | clean       source format; checks only; remake the locks; remove .venv and build files'

# The locks are complete, so nothing is resolved: quick, in any order, and the same everywhere.
$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	grep -v '^#' requirements.lock | xargs -P 2 -n 38 $(PIP) install --quiet --no-compile --no-deps
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEV_READY): $(READY) requirements-dev.lock
	$(PIP) install --quiet --no-compile --no-deps -r requirements-dev.lock
	touch $@

demo: $(READY)
	IMAGESEARCH_PROFILE=local $(BIN)/python -m cli.demo

# Works before and without an installed .venv, too: then nothing of ours can be running.
down:
	@if test -x $(BIN)/imagesearch; then IMAGESEARCH_PROFILE=local $(BIN)/imagesearch down; else echo 'nothing runs: there is no $(VENV)'; fi

test:
	@$(MAKE) --no-print-directory -j2 servers $(DEV_READY)
	@$(MAKE) --no-print-directory -j2 lint pytest

servers:
	sh tests/servers.sh

pytest: $(DEV_READY)
	$(BIN)/python -m pytest -n $(WORKERS)

# Not for a machine that does other things meanwhile.
bench: $(DEV_READY) servers
	$(BIN)/python -m benchmarks

lint: $(DEV_READY)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy

format: $(DEV_READY)
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

# Resolves pyproject.toml anew in a venv of its own. The packages named here come without what they would bring along.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet '.[local]' setuptools
	.venv-lock/bin/pip install --quiet --no-deps arcade scikit-image
	sh requirements.sh .venv-lock > requirements.lock
	.venv-lock/bin/pip install --quiet '.[local,clip,dev]'
	.venv-lock/bin/pip install --quiet --no-deps milvus==2.3.5
	sh requirements.sh .venv-lock requirements.lock > requirements-dev.lock
	rm -rf .venv-lock build ray_imagesearch.egg-info

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
