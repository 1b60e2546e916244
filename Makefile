# One command for each thing a person does here; `make` lists them. Needs Python 3.11+ and nothing else.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; `make PYTHON=…` names another.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for one in python3 python3.11 python3.12 python3.13 python3.14; do $$one $(NEW_ENOUGH) && echo $$one && break; done)
PACKAGES := spiderduck schedulers fetchers snowflake imagepipe groundwork
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
# Bytecode is kept, whatever the shell says: the tests start the product two hundred times, in 1.5 s instead of 2.5, and
# pytest finds them in 9 s instead of 25.
unexport PYTHONDONTWRITEBYTECODE
QUICK := tests/unit tests/architecture --ignore=tests/unit/complexity --ignore=tests/unit/helm

.DEFAULT_GOAL := help
.PHONY: help run demo up-cluster test simulate check quick unit coverage docs diagrams wheel try-wheel format bench chaos chaos-cluster quality lock sbom audit clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(RUNTIME) ## make the environment and start the product
	$(BIN)/spiderduck up

demo: $(RUNTIME) ## the whole flow on a small web of its own, without a network
	$(BIN)/spiderduck demo

up-cluster: $(DEVELOPMENT) ## all engines and every process of the product on this machine, until Ctrl-C
	$(BIN)/python -m tests.engines start cassandra rabbitmq zookeeper memcached -- $(BIN)/python -m tests.cluster $(ARGS)

test: $(DEVELOPMENT) ## make the environment, install and start the engines that the tests need, and pass them
	$(BIN)/python -m tests.run $(ARGS)

chaos: $(DEVELOPMENT) ## kill and pause engines and processes for minutes
	$(BIN)/python -m pytest --start-engines -m chaos $(ARGS)

simulate: $(DEVELOPMENT) ## a large simulation in virtual time; ARGS="--shape embedded --hosts 100000 --seed 5 …"
	$(BIN)/python -m tests.simulation --hosts 100000 --events 5000 --seconds 300 $(ARGS)

# A network of its own, where the nodes stand on machines of their own; of somebody who is not root, a user's as well.
ALONE := unshare $(if $(filter-out 0,$(shell id -u)),--user --map-root-user) --net

chaos-cluster: $(DEVELOPMENT) ## three nodes of each engine, of which one at a time is killed or cut off (Linux)
	$(BIN)/python -m tests.engines install cassandra rabbitmq zookeeper memcached
	$(ALONE) sh -c 'ip link set lo up && exec $(BIN)/python -m pytest -s -m chaos tests/chaos/cluster/test_three_of_each.py $(ARGS)'

check: $(DEVELOPMENT) ## format, lint, types, import contracts
	$(BIN)/ruff format --check $(PACKAGES) tests benchmarks docs
	$(BIN)/ruff check $(PACKAGES) tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

quick: $(DEVELOPMENT) ## what to run before each commit: check, and beside it the unit tests that need no engine
	@$(MAKE) --no-print-directory -j2 check unit

unit: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q -n auto $(QUICK) $(ARGS)

coverage: $(DEVELOPMENT) ## which lines and branches the unit and contract tests reach, without engines
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=term --cov-report=xml $(QUICK) tests/contract $(ARGS)

docs: $(DEVELOPMENT) ## build the documentation, which servers give at /docs; a warning or a broken internal link fails
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet -d docs/_build -b html docs spiderduck/documentation

diagrams: ## draw the documentation's diagrams, where one was changed: needs npm and Chromium
	npm install --prefix docs/_build/drawing --silent --no-audit --no-fund --ignore-scripts mermaid@11.12.1 playwright-core@1.64.0
	node docs/_extensions/draw_diagrams.mjs docs/_build/drawing "$$(command -v chromium || command -v google-chrome)" docs/diagrams ARCHITECTURE.md SECURITY.md

wheel: docs ## build the wheel with the documentation in it, into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

try-wheel: ## install the built wheel into an environment of its own and run it outside the checkout
	PYTHON=$(PYTHON) scripts/try-wheel

format: $(DEVELOPMENT) ## format the code and mend what can be mended
	$(BIN)/ruff format $(PACKAGES) tests benchmarks docs
	$(BIN)/ruff check --fix $(PACKAGES) tests benchmarks docs

bench: $(DEVELOPMENT) ## print the figures of benchmarks/README.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	$(BIN)/python -m benchmarks

quality: $(DEVELOPMENT) ## the table of extracted fields beside a plain OpenGraph rule, trafilatura and metascraper
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@command -v npm >/dev/null && npm install --prefix benchmarks/metascraper --silent --no-audit --no-fund --no-package-lock --ignore-scripts || true
	$(BIN)/python -m benchmarks.quality

lock: $(DEVELOPMENT) ## renew the locked requirements
	for name in runtime:"--group build" cluster:"--extra cluster --extra traces --group build" development:"--extra cluster --extra text --extra mcp --extra analytics --extra traces --group build --group dev" \
	  docs:"--extra cluster --extra text --extra mcp --extra analytics --extra traces --group build --group dev --group docs" \
	  bench:"--extra cluster --extra text --extra mcp --extra analytics --extra traces --group build --group dev --group bench"; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	    --no-annotate $${name#*:} $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/$${name%%:*}.txt; \
	done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --no-annotate --group clients $(if $(UPGRADE),--upgrade) -o requirements/clients.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --no-annotate --group audit $(if $(UPGRADE),--upgrade) -o requirements/audit.txt

# Its tools stand in an environment of their own, for they want other versions than the product.
AUDIT := $(VENV)/.audit

sbom: $(AUDIT)/ready ## list the packages of the image, by version and hash, as CycloneDX, into dist/sbom.json
	@mkdir -p dist
	$(AUDIT)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.json requirements/cluster.txt

audit: $(AUDIT)/ready ## look the locked packages up in databases of known vulnerabilities; says so where none can be reached
	$(AUDIT)/bin/python scripts/audit.py requirements/development.txt

$(AUDIT)/ready: requirements/audit.txt
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

# uv installs in seconds what pip takes minutes for; where it cannot (a mirror that only pip is told of), pip does it.
define install
	@$(or $(PYTHON),false) $(NEW_ENOUGH) || { \
	  echo "SpiderDuck needs Python 3.11 or newer; $(or $(PYTHON),python3) is $$($(or $(PYTHON),python3) --version 2>&1 || true)."; \
	  echo "Install one (https://www.python.org/downloads/), or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/installer.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/$(1).txt || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q $(PACKAGES)
endef

$(RUNTIME): requirements/runtime.txt pyproject.toml
	$(call install,runtime)
	@touch $@

$(DEVELOPMENT): requirements/development.txt pyproject.toml
	$(call install,development)
	@touch $@ $(RUNTIME)

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
