.DEFAULT_GOAL := help
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed

$(INSTALLED): constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Installing into .venv, which takes a minute or two, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	@touch $@

.PHONY: help install run test soak bench check format migrate backfill demo grant audit constraints

help: ## this table
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv with every dependency, pinned and hashed

run: install ## migrate, then serve on http://127.0.0.1:8000 (PORT)
	@$(BIN)/python -m scripts.migrate
	@exec $(BIN)/python -m app

test: install ## the whole suite on all cores (ARGS="-k name")
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

soak: install ## everything that takes longer: kills, pairs of faults (ARGS=…, KILLS=…)
	$(BIN)/python -m pytest -s -m soak $(ARGS)

bench: install ## measure everything beside its baselines (20 minutes; ARGS="polls submits")
	$(BIN)/python -m scripts.bench $(ARGS)

check: install ## lint, formatting, types, import layers, and advisories about pinned packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m scripts.support.advisories

format: install ## fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migrate: install ## bring the database's schema up to date (ARGS="--dry-run", "--check")
	@$(BIN)/python -m scripts.migrate $(ARGS)

backfill: install ## fill in what legacy rows lack (ARGS="--dry-run --default-model MODEL")
	@$(BIN)/python -m scripts.backfill $(ARGS)

demo: install ## one video from a sample canvas to a file on disk
	@$(BIN)/python -m scripts.demo $(ARGS)

grant: install ## add credits: make grant USER=… CREDITS=…
	@[ "$(origin USER)" = "command line" ] || { echo "usage: make grant USER=… CREDITS=…" >&2; exit 2; }
	@$(BIN)/python -m scripts.grant "$(USER)" "$(CREDITS)"

audit: install ## check every invariant over database and storage (ARGS="--deep", "--repair")
	@$(BIN)/python -m scripts.audit $(ARGS)

constraints: install ## pin the newest allowed versions, with hashes
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --quiet --output-file constraints.txt
