# Every target brings its own tools; all it takes is make, python3 and pip.
# Arguments pass through:  make test ARGS='-k session -x'   make lock ARGS=--upgrade

# The first python3 that answers and is new enough to fetch all else: pyenv's shims fail where a
# version is named but not installed.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 8))
PYTHON ?= $(shell for each in python3 /usr/bin/python3 /usr/local/bin/python3 python3.13 python3.14 \
	python3.12; do "$$each" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo "$$each"; break; }; done)
NO_PYTHON = $(error Doorward needs python3, 3.8 or newer, and none answers on PATH)
BOOTSTRAP = $(or $(PYTHON),$(NO_PYTHON)) tools/bootstrap.py
BIN = .venv/bin
CODE = domain application adapters entrypoints migrations

.DEFAULT_GOAL := help
.PHONY: help run test lint static check bench format lock migration clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start the service on this machine, with a database under var/
	@$(BOOTSTRAP) run
	@$(BIN)/python -m compileall -q $(CODE)
	@$(BIN)/doorward serve $(ARGS)

# A process of tests for each core, with a PostgreSQL of its own: half of them wait for others most
# of the time. ARGS=-n0 runs them in one process, for a debugger.
PYTEST = pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test: ## run the tests, on SQLite and on a PostgreSQL of their own (COVERAGE=on: and measure)
	@$(BOOTSTRAP) test
ifneq ($(COVERAGE),on)
	@$(BIN)/python -m $(PYTEST) $(ARGS)
else
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m $(PYTEST) $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='domain/*,application/*' --fail-under=95
	@$(BIN)/coverage report --fail-under=90
endif

# The tests' packages are needed as well: their code is looked at too.
lint: ## look at style, types and import contracts: seconds, after the first time
	@$(BOOTSTRAP) test check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

static: lint ## all that can be told without running anything: lint, dependencies, dead code, security
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(CODE)

# One after the other even with `make -j`: both would use all of the machine.
check: ## all that a change has to pass: static, and the tests with their coverage
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory test COVERAGE=on

bench: ## measure against the floor and against peers, and print the ratios
	@$(BOOTSTRAP) test bench
	@$(BIN)/python -m benchmarks $(ARGS)

format: ## put the code in shape
	@$(BOOTSTRAP) check
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: ## pin what pyproject.toml asks for (ARGS=--upgrade: the newest of everything)
	@$(or $(PYTHON),$(NO_PYTHON)) tools/lock.py $(ARGS)

# The branch of a team that builds on Doorward: make migration m='…' branch=documents
migration: ## write a migration for what changed in the tables: make migration m='add a column'
	@test -n "$(m)" || { echo "say what it does: make migration m='…'" >&2; exit 2; }
	@$(BOOTSTRAP) run
	@$(BIN)/python tools/migration.py "$(m)" $(branch)

clean: ## remove all that the tools made; var/ stays
	rm -rf .venv .venv-bench .tooling build dist htmlcov .coverage .coverage.* *.egg-info \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find $(CODE) tests tools benchmarks examples -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
