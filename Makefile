# make run   starts a living demo on 127.0.0.1:8080        make test   runs every check that CI runs
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# most tests wait for a server, a browser or a disk: twice as many at once as there are processors
TESTERS ?= $(shell $(PYTHON) -c "import os; print(2 * len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())")
WEB := $(shell find fleetline/web/static/src -type f 2>/dev/null) fleetline/web/build.mjs package-lock.json

.PHONY: run test lint bench browser format clean

run: .venv/run.stamp .venv/web.stamp
	@$(BIN)/fleetline demo

test: .venv/test.stamp .venv/web.stamp browser lint
	@$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal

lint: .venv/test.stamp .venv/web.stamp
	@$(BIN)/ruff format --check --quiet . || { echo "some files are not formatted; run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@test ! -f node_modules/typescript/bin/tsc || $(BIN)/python -m fleetline.web.build --types

format: .venv/test.stamp
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: .venv/test.stamp
	@$(BIN)/fleetline bench

# the browser tests skip themselves where no Chromium can be had
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
		|| echo "no Chromium here: the browser tests will be skipped"; }

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fleetline needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --require-hashes -r requirements-build.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Node comes from the PATH or from the package in requirements-build.lock; without either the pages stay without a map
.venv/web.stamp: $(WEB) | .venv/run.stamp
	@$(BIN)/python -m fleetline.web.build || echo "the map, replay and charts are not built; everything else works"
	@touch $@

.venv/test.stamp: requirements-dev.lock .venv/run.stamp
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv build dist fleetline/web/static/dist
