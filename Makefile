# Everything needs only Python >= 3.11 and make; as root on Debian also apt. ARGS hands options on: make powercut ARGS="--short"
.PHONY: help demo test check bench powercut corpus fuzz oncall-year venv packages lock clean
.DEFAULT_GOAL := help

BIN := .venv/bin
ARGS ?=
FOLDERS := gateway adapters config tests

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: venv ## fresh machine to running gateway: the whole product on loopback with stand-ins
	@$(BIN)/centralino demo $(ARGS)

test: venv packages ## fresh machine to a passed test suite
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: venv ## format, lint, types, import rules
	@$(BIN)/ruff format --check $(FOLDERS)
	@$(BIN)/ruff check $(FOLDERS)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: venv packages ## how fast, beside what the libraries can do
	@$(BIN)/python -m tests.bench $(ARGS)

powercut: venv packages ## kill and power cuts: nothing lost, nothing doubled
	@$(BIN)/python -m tests.powercut $(ARGS)

corpus: venv packages ## every mail of CENTRALINO_CORPUS through the real intake
	@$(BIN)/python -m tests.corpus $(ARGS)

fuzz: venv ## hostile bytes against every parser
	@$(BIN)/python -m tests.fuzz $(ARGS)

oncall-year: venv ## a year of on-call on the virtual clock: everybody was reached or alarmed
	@$(BIN)/python -m tests.oncall_year $(ARGS)

venv: ## the virtual environment in .venv
	@sh .ci/venv

packages: ## the Debian packages that tests use
	@sh .ci/packages

# The locks name versions and hashes, and nothing of the machine that made them.
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra postgres --extra oauth pyproject.toml
lock: venv ## newest versions within the ranges of pyproject.toml
	@$(LOCK) --upgrade -o requirements.lock
	@$(LOCK) --upgrade --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what make made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis demo-data
