# Two commands: `make demo` shows the whole chain, `make test` runs the tests. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
DEMO := demo

PAGE := src/serenade/service/page

.PHONY: install page demo test test-slow check docs bench bench-accuracy clean

install: $(VENV)/dev.stamp  ## everything, for working on serenade

$(VENV)/train.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt torch --editable '.[train]'
	touch $@

$(VENV)/dev.stamp: $(VENV)/train.stamp
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/page.stamp: $(PAGE)/package-lock.json
	npm ci --prefix $(PAGE) --ignore-scripts --no-audit --no-fund
	touch $@

page: $(VENV)/page.stamp  ## the built files of both pages, from their TypeScript
	npm run --prefix $(PAGE) check
	npm run --prefix $(PAGE) build

demo: $(VENV)/train.stamp  ## every step on a synthetic corpus, under 3 minutes
	$(BIN)/serenade demo --out $(DEMO)

# Without npm, the tests of the page's build are skipped.
test: install $(if $(shell command -v npm),$(VENV)/page.stamp)  ## all tests but the slow ones
	$(BIN)/pytest -m 'not slow' -n auto --dist loadgroup

test-slow: install
	$(BIN)/pytest -m slow

check: install  ## format, lint, types, floors
	scripts/check

docs: install  ## site/, to be opened in a browser
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: install  ## DATA=DIR adds real corpora
	$(BIN)/python benchmarks/speed.py --write docs/benchmarks.md $(if $(DATA),--data $(DATA))

bench-accuracy: install  ## DATA=DIR has the folders ravdess, emodb, emovo, nemo; into docs/results.md
	$(BIN)/python benchmarks/encoder.py --data $(DATA) --write

clean:
	rm -rf $(VENV) $(DEMO) site
