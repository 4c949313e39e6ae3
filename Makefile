# What people and CI do here. Each target sets up what it needs; a second call is quick.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
PORT ?= 8080
SEEDS ?= 10000
WORKERS ?= 2

.PHONY: run ui check test services-up services-down schemas bench bench-search bench-page simulate conformance-server conformance lock clean

run: $(INSTALLED) ## start everything in one process, run an example, go on serving (ONCE=1: end after the run)
	@$(if $(ONCE),:,$(BIN)/python ui/build.py --if-needed --if-possible)
	@$(BIN)/runfold standalone --flows examples --run company.team/each_switch $(if $(ONCE),--once)

ui: $(INSTALLED) ## build the web page into the webserver's package
	$(BIN)/python ui/build.py

check: $(INSTALLED) ## format, lint, types, layers, printed schemas; types, lint and unit tests of the page
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/runfold schemas check --in schemas
	$(BIN)/python ui/build.py --check

test: $(INSTALLED) ## all tests; fixtures start a real Kafka, a real Elasticsearch and a browser
	$(BIN)/python ui/build.py --if-needed --if-possible
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

services-up: $(INSTALLED) ## a Kafka on 127.0.0.1:19092 and an Elasticsearch on 127.0.0.1:19200, left running
	$(BIN)/python deploy/local/services.py up

services-down: $(INSTALLED)
	$(BIN)/python deploy/local/services.py down

schemas: $(INSTALLED) ## print the JSON Schemas of all public records and index documents
	$(BIN)/runfold schemas print --to schemas

bench: $(INSTALLED)
	$(BIN)/python -m tests.bench $(ARGS)

bench-search: $(INSTALLED) ## what people ask of the search, of 1,000,000 task runs in a real Elasticsearch (ARGS="--count 100000": of fewer)
	$(BIN)/python -m tests.bench.search $(ARGS)

bench-page: $(INSTALLED) ## how long the page's frames take, with 1,000,000 task runs behind it (ARGS="--count 20000 --embedded": quicker)
	$(BIN)/python ui/build.py --if-needed --if-possible
	$(BIN)/python -m tests.bench.page $(ARGS)

simulate: $(INSTALLED) ## more seeds than the tests try
	RUNFOLD_SEEDS=$(SEEDS) $(BIN)/pytest -n $(WORKERS) -q tests/simulation

conformance-server: $(INSTALLED) ## a server for the conformance runner, in the foreground, on a folder that is thrown away
	$(BIN)/python tests/conformance/run.py serve --port $(PORT)

conformance: $(INSTALLED) ## CONFORMANCE=folder with the cases: run them; fewer passing than the floor is an error
	$(if $(CONFORMANCE),,$(error Say where the cases are: make conformance CONFORMANCE=folder))
	$(BIN)/python tests/conformance/run.py check $(CONFORMANCE) -- $(ARGS)

lock: $(INSTALLED) ## pin anew what pyproject.toml asks for
	(echo "# Made from pyproject.toml by \`make lock\`; every version and file is fixed."; \
	$(BIN)/pip-compile -q --extra dev --build-deps-for editable --strip-extras --generate-hashes --allow-unsafe \
		--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--output-file - pyproject.toml) > .venv/requirements.lock
	mv .venv/requirements.lock requirements.lock

clean: ## everything that was made here, the servers of services-up stay
	rm -rf .venv data dist ui/node_modules ui/.generated services/runfold/webserver/page .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3))
	@echo "Setting up .venv, once: about a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
