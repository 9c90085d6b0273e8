# The names that the README and CI use. Each sets up what it needs on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check bench clean

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: $(READY)   ## read a whole novel and ask it questions
	$(BIN)/python -m beacon_qa.demo

test: $(READY)   ## run the tests: two processes of one thread each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2

check: $(READY)  ## style, types, known vulnerabilities of what is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pip-audit --skip-editable

bench: $(READY)  ## speed and memory, side by side, as ratios
	$(BIN)/python -m benchmarks.run --out docs/benchmarks

clean:
	rm -rf .venv build
