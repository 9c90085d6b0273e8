# The names that the README and CI use. Each sets up what it needs on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo app test check bench builtin builtin-texts browser clean

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: $(READY)   ## read a whole novel and ask it questions
	$(BIN)/python -m beacon_qa.demo

app: $(READY)    ## the page, on this machine only
	$(BIN)/python app.py --open

test: $(READY) browser   ## run the tests: two processes of one thread each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: $(READY)  ## style, types, known vulnerabilities of what is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pip-audit --skip-editable

bench: $(READY)  ## speed and memory, side by side, as ratios
	$(BIN)/python -m benchmarks.run --out docs/benchmarks

# TEXTS and NOVELS are folders; BUILTIN is where weights, checkpoints and tables are written.
# The same command carries on after Ctrl-C. TRAIN and EVALUATE take more options of the two.
BUILTIN ?= build/builtin

builtin: builtin-texts $(READY)   ## retrain the built-in model, novels held out, and measure it
	$(BIN)/python -m beacon_qa train --builtin --texts "$(TEXTS)" --held-out "$(NOVELS)" --out "$(BUILTIN)" $(TRAIN)
	$(BIN)/python -m beacon_qa evaluate --model "$(BUILTIN)" --texts "$(NOVELS)" --out "$(BUILTIN)/evaluation" $(EVALUATE)

builtin-texts:
	@test -d "$(TEXTS)" && test -d "$(NOVELS)" \
	|| { echo "Say where the texts are: make builtin TEXTS=folder NOVELS=folder"; exit 2; }

# The tests open the page in a real browser.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y chromium chromium-driver >/dev/null; } \
	|| { command -v sudo >/dev/null && sudo apt-get update -qq && sudo apt-get install -qq -y chromium chromium-driver; } \
	|| { echo "The tests need Chromium: install chromium and chromium-driver."; exit 1; }

clean:
	rm -rf .venv build
