# What CI runs is what you run. Every target installs what it needs into .venv first.
PYTHON ?= python3
BIN = .venv/bin
INSTALLED = .venv/installed-$(shell cat requirements*.txt | cksum | cut -d' ' -f1)
CODE = __main__.py definitions components stacks app rehearsal ops handbook benchmarks tests

.PHONY: install rehearse test check prove format-check format lint types workflows bench docs generate

rehearse: $(INSTALLED)          ## deploy to an embedded AWS and live through some hours of it
	@$(BIN)/python -m rehearsal run dev

test: $(INSTALLED)              ## the whole test suite
	$(BIN)/pytest -n 2 --dist worksteal

check: format-check lint types workflows test

prove: $(INSTALLED)             ## play every fault, and prove that every permission is needed
	@for stack in dev prod examples/everything.yaml examples/access.yaml; do \
		$(BIN)/python -m rehearsal prove $$stack || exit 1; done

install: $(INSTALLED)

format-check: $(INSTALLED)
	$(BIN)/ruff format --check $(CODE)

lint: $(INSTALLED)
	$(BIN)/ruff check $(CODE)

types: $(INSTALLED)
	$(BIN)/pyright

workflows: $(INSTALLED)         ## schema and security of what GitHub runs
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --no-progress --pedantic .github

format: $(INSTALLED)            ## write what format-check wants to see
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: $(INSTALLED)             ## seconds, memory and sizes of the program and its rehearsal
	@$(BIN)/python -m benchmarks

docs: $(INSTALLED)              ## build the documentation site into .site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

generate: $(INSTALLED)          ## write what is made from the code: parts of the documentation, JSON Schemas
	$(BIN)/python -m handbook
	$(BIN)/python -m stacks.settings_schema

$(INSTALLED): $(wildcard requirements*.txt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f .venv/installed-* && touch $@
