# Two commands are all a new clone needs: `make refresh` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# make variables become the settings' environment variables; unset ones leave the environment as it is.
ifdef SOURCES
export JOURNEYLINE_SOURCES := $(SOURCES)
endif
ifdef DATA
export JOURNEYLINE_DATA := $(DATA)
endif
ifdef AS_OF
export JOURNEYLINE_AS_OF := $(AS_OF)
endif

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
# Containers often forbid Python to keep what it compiled: every command would spend ten seconds on compiling packages anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install refresh showroom test dev generate lint format docs bench bench-identity bench-events clean

help: ## list what a person can do here
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo
	@echo "  variables: SOURCES=a,b  DATA=folder  AS_OF=2026-10-31  CUSTOMERS=3000  EVENTS=1000000  WORKERS=2  ARGS='--full'"
	@echo "  example:   make refresh SOURCES=adventureworks DATA=~/exports/adventureworks"

install: $(STAMP) ## fill .venv from the locked requirements

$(STAMP): requirements.lock requirements-bootstrap.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Name one: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 2; }
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); } || \
		{ echo "the venv module is missing: install it (on Debian: apt-get install python3-venv) and run again"; exit 2; }
	@echo "installing the locked requirements"
	@$(BIN)/python -I pipelines/cli/bootstrap.py
	@touch $@

refresh: $(STAMP) ## land, build, check and publish (generates the demo company where no data is configured)
	@$(BIN)/journeyline generate --if-needed $(if $(CUSTOMERS),--customers $(CUSTOMERS))
	@$(BIN)/journeyline refresh $(ARGS)

showroom: $(STAMP) ## open the journey maps of the published version
	@$(BIN)/journeyline showroom open $(ARGS)

# Two workers by file, so that what a file's tests share is built once; the longest files first (tests/conftest.py).
test: $(STAMP) ## all test tiers, on two workers (WORKERS=0: one process)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

dev: $(STAMP) ## the Dagster UI, offline, on port 3000
	@$(BIN)/journeyline dev $(ARGS)

generate: $(STAMP) ## write the demo company's exports (CUSTOMERS=3000)
	@$(BIN)/journeyline generate $(if $(CUSTOMERS),--customers $(CUSTOMERS)) $(ARGS)

lint: $(STAMP) ## what CI checks before the tests: style of Python and SQL, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 0 dbt_project/models dbt_project/tests

format: $(STAMP) ## rewrite the Python files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## write docs/data_dictionary.md from the definitions
	@$(BIN)/journeyline docs

bench: $(STAMP) ## time the refresh beside a bare DuckDB load (CUSTOMERS=3000)
	$(BIN)/python -m benchmarks.scale $(if $(CUSTOMERS),--customers $(CUSTOMERS)) $(ARGS)

bench-identity: $(STAMP) ## accuracy and speed of identity beside stock Splink (CUSTOMERS=3000)
	$(BIN)/python -m benchmarks.identity $(if $(CUSTOMERS),--customers $(CUSTOMERS)) $(ARGS)

bench-events: $(STAMP) ## sessions, carts and funnels on millions of events (EVENTS=1000000), beside chdb where it is installed
	$(BIN)/python -m benchmarks.events $(if $(EVENTS),--events $(EVENTS)) $(ARGS)

clean: ## delete caches, never data
	rm -rf .pytest_cache .mypy_cache .ruff_cache dbt_project/target dbt_project/logs
