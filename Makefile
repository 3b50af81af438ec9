# Two commands on a fresh machine: `make demo` and `make test`. They need make and Python 3.11 to 3.14; the rest
# is fetched into .venv, each file checked against its hash in requirements.txt or requirements-dev.txt.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop

# To tune: make test WORKERS=8 DIST=loadfile ARGS="-k undo". EXAMPLES=5000: so many new ones wherever Hypothesis invents.
WORKERS ?= 4
DIST ?= worksteal
ARGS ?=
export EXAMPLES

# Where CI is set, a skipped test is a failure.
NO_SKIPS := $(if $(filter-out 0 false no,$(CI)),-p tests.no_skips)

# What is tested of the project itself is for `make check`, unless ARGS names files.
PRODUCT = $(if $(findstring tests/,$(ARGS)),,--ignore tests/project)

.PHONY: help demo test browser soak check guards crashes format lock pictures screenshots bench clean
.DEFAULT_GOAL := help

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(RUN_READY) ## the whole product on this machine, with a simulated Slack and a simulated carrier
	@$(PY) -m bot sandbox $(ARGS)

# Tests start many processes: each would compile every library anew where the environment says not to keep bytecode.
test: export PYTHONDONTWRITEBYTECODE =
test: export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
test: $(DEV_READY) browser ## the tests of the product on SQLite and PostgreSQL, and of the sandbox's page in Chromium
	@$(PY) -m pytest -n $(WORKERS) --dist $(DIST) $(NO_SKIPS) $(PRODUCT) $(ARGS)

# The page's tests need a browser. Whoever may, gets it here; anybody else is told how, and those tests are skipped.
browser:
	@for name in chromium chromium-browser google-chrome-stable google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Fetching Chromium, for the tests of the sandbox's page (once; about a minute) ..."; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
	    chromium fonts-dejavu-core fonts-noto-color-emoji; } >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "No Chromium here, so the tests of the sandbox's page are skipped. To run them: apt-get install chromium" \
	  "(Debian, as root), or Chrome from google.com/chrome." >&2

# To tune: make soak COUNT=20000, or make soak MINUTES=60 FIRST=1000000 (the first seed; by default a new one each time).
MINUTES ?= $(if $(COUNT),,10)
FIRST ?= $(shell date +%s)00000

soak: $(DEV_READY) ## the simulation for ten minutes, or COUNT=… schedules, or MINUTES=…
	@$(PY) -m tests.simulation --first $(FIRST) $(if $(COUNT),--count $(COUNT)) $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

check: $(DEV_READY) ## style, types, who may import whom, migrations as the models, all documented
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet . || { echo "Some files are not formatted: run 'make format'."; exit 1; }
	@$(PY) -m mypy --no-error-summary
	@$(PY) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())' >$(VENV)/imports.log 2>&1 \
	  || { cat $(VENV)/imports.log; exit 1; }
	@$(PY) -m pytest $(NO_SKIPS) tests/project tests/test_database.py
	@echo "Style, types, imports, migrations and documents are in order."

guards: export PYTHONDONTWRITEBYTECODE =
guards: export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
guards: $(DEV_READY) ## take out each guard in turn: the test that it has must go red
	@$(PY) -W ignore -m tests.guards $(ARGS)

crashes: export PYTHONDONTWRITEBYTECODE =
crashes: export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
crashes: $(DEV_READY) ## real processes, killed at each point and COUNT times over at random, on both databases
	@$(PY) -W ignore -m tests.processes $(or $(COUNT),1) $(ARGS)

format: $(DEV_READY) ## write the code in the house's format
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

LOCK := -m uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock: $(DEV_READY) ## pin every library anew from pyproject.toml (UPGRADE=1: take the newest of each)
	@$(PY) $(LOCK) --output-file requirements.txt
	@$(PY) $(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

pictures: $(RUN_READY) ## draw the guides' pictures anew, from what the product shows
	@$(PY) -m tests.pictures docs/pictures

screenshots: $(DEV_READY) browser ## take the pictures of the sandbox's page anew, in Chromium
	@$(PY) -m tests.page.screenshots docs/pictures

bench: $(DEV_READY) ## the measurements behind the figures in README.md
	@for file in benchmarks/[!_]*.py; do \
	  echo "== $$file"; $(PY) -m "benchmarks.$$(basename "$$file" .py)" $(ARGS) || exit 1; \
	done

clean: ## remove .venv and the caches; databases stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The libraries. A stamp says that .venv holds what a requirements file asks for; the tools for developing include
# everything that running needs, so the second stamp stands for both.

INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes

$(RUN_READY): requirements.txt | $(PY)
	@echo "Fetching the libraries into $(VENV) (once; about half a minute) ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt requirements.txt | $(PY)
	@echo "Fetching the libraries and the tools for developing into $(VENV) (once; about a minute) ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $(RUN_READY) $@

# Exit codes of the probe: 0 fit, 3 another version, 4 without venv.
define CHOOSE_PYTHON
import importlib.util as i, sys
v = sys.version_info[:2]
if not (3, 11) <= v <= (3, $(if $(PYTHON),99,14)): sys.exit(3)
sys.exit(0 if i.find_spec("venv") and i.find_spec("ensurepip") else 4)
endef
export CHOOSE_PYTHON

$(PY):
	@bare=; \
	for python in $(or $(PYTHON),python3 python3.12 python3.13 python3.11 python3.14); do \
	  "$$python" -c "$$CHOOSE_PYTHON" 2>/dev/null; \
	  case $$? in \
	    0) echo "Making $(VENV) with $$("$$python" --version) ..."; \
	       exec "$$python" -m venv --clear $(VENV) ;; \
	    4) bare="$$bare $$python" ;; \
	  esac; \
	done; \
	if [ -n "$$bare" ]; then \
	  echo "Python is here ($${bare# }), but without its module venv. On Debian and Ubuntu:" \
	    "sudo apt-get install python3-venv (or python3.12-venv, by your version). Then run make again." >&2; \
	else \
	  echo "Textbank needs Python 3.11 to 3.14, and found none of them$(if $(PYTHON), in PYTHON=$(PYTHON))." \
	    "Install one from python.org or your system's packages, or name it: make PYTHON=/path/to/python3.12" >&2; \
	fi; \
	exit 1
