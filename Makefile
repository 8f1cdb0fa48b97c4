# What people and CI call. Everything runs in .venv, from pinned requirements.
PYTHON ?= python3
VENV := .venv
# OpenStack Swift, an S3 service for the tests, apart from what the site needs.
SWIFT := .venv-swift
# The tests of rows, queue and files: once on SQLite and disk, once on PostgreSQL, Redis and S3.
ON_SERVERS := $(patsubst %,tests/test_%.py,album_pages api_filters api_status api_timeline constraints custom images lifecycle live_pages pages photo_page probes property races reconcile storage storage_trouble sweep throttles thumbnails uploads workspace_pages)
# Most tests with processes of their own wait more than they work.
# In the order of their names, which has the long ones first.
SIDE_BY_SIDE := --numprocesses=4 --dist=loadscope --no-loadscope-reorder
BIN := $(VENV)/bin

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: run test coverage faults check lock screenshots clean

run: $(VENV)/.runtime  ## Prepare the site, run web server and worker until Ctrl-C
	@$(BIN)/python manage.py runlocal

test: $(VENV)/.development $(SWIFT)/.installed  ## All tests
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(COVERAGE)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -p tests.on_servers $(COVERAGE) $(ON_SERVERS)

coverage:  ## All tests, and which branches they take; slower
	@rm -f .coverage
	@$(MAKE) --no-print-directory test COVERAGE='--cov --cov-append --cov-report=term'

faults: $(VENV)/.development $(SWIFT)/.installed  ## Fault runs with the times of service, each FAULTS_TURNS times; writes the table of docs/reliability.md
	@rm -f var/faults.jsonl && mkdir -p var
	@FAULTS=thorough FAULTS_SEEN=$(CURDIR)/var/faults.jsonl \
		$(BIN)/python -m pytest $(SIDE_BY_SIDE) --timeout=1800 tests/faults
	@$(BIN)/python -m tests.faults.table var/faults.jsonl

check: $(VENV)/.development  ## All that needs no test: format, lint, types, migrations, schema, deployment settings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		PUBLIC_BASE_URL=https://photos.example.org $(BIN)/python manage.py check --deploy --fail-level WARNING

lock: $(VENV)/.development  ## Pin the newest versions that requirements*.in admit, with hashes
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) requirements.in requirements-dev.in --output-file requirements-dev.txt
	@$(LOCK) requirements-swift.in --output-file requirements-swift.txt

screenshots: $(VENV)/.development  ## Draw the README's pictures anew, with Debian's chromium
	@$(BIN)/python -m tests.browser.screenshots

clean:  ## Forget the environment; keeps the data in var/
	rm -rf $(VENV) $(SWIFT) .mypy_cache .pytest_cache .ruff_cache .coverage

$(VENV)/bin/python:
	@test -w . || { echo "$(CURDIR) can't be written: clone thumbsite to a folder of yours."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "thumbsite needs Python 3.11 or newer: set PYTHON=python3.11, say."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Install Python's venv module (on Debian: python3-venv)."; exit 1; }

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing the requirements …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing the requirements …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

# Without it the tests that need it are skipped (in CI they fail), so that a machine that can't have it can test the rest.
$(SWIFT)/.installed: requirements-swift.txt | $(VENV)/bin/python
	@echo "Installing an S3 service for the tests …"
	@$(BIN)/python -m venv $(SWIFT) \
		&& $(SWIFT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-swift.txt \
		&& touch $@ || echo "It could not be installed: the tests on servers will be skipped."
