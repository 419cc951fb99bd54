.DEFAULT_GOAL := help
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
PRODUCTION := .venv/.installed-production
# What operators run needs no tools of development, and does not add them to a release.
SERVICE := $(if $(wildcard $(PRODUCTION)),$(PRODUCTION),install)

$(INSTALLED): constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Installing into .venv. This is done once and takes a minute or two."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	@touch $@

# uv reads hashes from a constraints file, which pip does not; only the installation needs it.
$(PRODUCTION): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv .venv .venv/uv
	@awk '/^[^ #]/ {found = /^uv==/} found' constraints.txt > .venv/uv/pins.txt
	@.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv/pins.txt
	@.venv/uv/bin/uv pip install --quiet --python .venv --compile-bytecode --require-hashes --constraint constraints.txt --extra otel --requirement pyproject.toml
	@rm -r .venv/uv
	@touch $@

.PHONY: help install install-production run test soak bench check format bundle migrate backfill demo grant audit constraints

help: ## show this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## create .venv with every dependency, pinned and checked by hash

install-production: $(PRODUCTION) ## create .venv with what the service needs, and no tools of development

run: $(SERVICE) ## migrate, then serve on http://127.0.0.1:8000 (PORT)
	@$(BIN)/python -m scripts.migrate
	@exec $(BIN)/python -m app

test: install ## run the tests on all cores (ARGS="-k name")
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

soak: install ## run the long tests: kills, pairs of faults (ARGS=…, KILLS=…)
	$(BIN)/python -m pytest -s -m soak $(ARGS)

bench: install ## run every measurement with its baseline (an hour; ARGS="polls submits")
	$(BIN)/python -m scripts.bench $(ARGS)

check: install ## check lint, formatting, types, import layers, and advisories about pinned packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m scripts.support.advisories

format: install ## fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bundle: install ## write the page's scripts and styles in one file each (needs Node.js)
	@$(BIN)/python -m scripts.bundle

migrate: $(SERVICE) ## bring the database's schema up to date (ARGS="--dry-run", "--check")
	@$(BIN)/python -m scripts.migrate $(ARGS)

backfill: $(SERVICE) ## fill in what legacy rows lack (ARGS="--dry-run --default-model MODEL")
	@$(BIN)/python -m scripts.backfill $(ARGS)

demo: install ## make one video from a sample canvas and save it to a file
	@$(BIN)/python -m scripts.demo $(ARGS)

grant: $(SERVICE) ## add credits: make grant USER=… CREDITS=… [REFERENCE=…]
	@[ "$(origin USER)" = "command line" ] && [ -n "$(CREDITS)" ] || { echo "usage: make grant USER=… CREDITS=… [REFERENCE=…]" >&2; exit 2; }
	@$(BIN)/python -m scripts.grant $(if $(findstring command,$(origin REFERENCE)),--reference="$(REFERENCE)") -- "$(USER)" "$(CREDITS)"

audit: $(SERVICE) ## check every invariant over database and storage (ARGS="--deep", "--repair")
	@$(BIN)/python -m scripts.audit $(ARGS)

constraints: install ## pin the newest allowed versions, with hashes
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra otel --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --quiet --output-file constraints.txt
