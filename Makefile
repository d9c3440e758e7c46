# Two commands matter: `make demo` and `make test`. Both set up everything they need from a fresh clone
# with only Python 3.11+, make and the package registries.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CALL   ?=
PORT   ?= 8765
MODEL  ?= tiny.en

.PHONY: demo test check fmt web samples image-steps clean help

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# One stamp a set of inputs: a second run does nothing here.
$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("callcue needs Python 3.11 or newer, found " + sys.version.split()[0] + "; set PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]'
	touch $@

$(VENV)/.weights-%: $(VENV)/.ready
	$(BIN)/callcue models fetch $*
	touch $@

WEB_SOURCES := $(shell find console -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
service/web/index.html: $(VENV)/.ready $(WEB_SOURCES)
	$(BIN)/python console/build.py
	touch $@

web: service/web/index.html ## build the console page

demo: $(VENV)/.ready $(VENV)/.weights-$(MODEL) service/web/index.html ## play a sample call live (CALL=my.wav plays yours)
	$(BIN)/callcue demo --port $(PORT) --model $(MODEL) $(if $(CALL),"$(CALL)")

test: $(VENV)/.ready $(VENV)/.weights-tiny.en service/web/index.html ## all tests, with real servers
	$(BIN)/python -m pytest

check: $(VENV)/.ready service/web/index.html ## ruff, mypy --strict, import-linter, the console's own checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python console/build.py --check

fmt: $(VENV)/.ready ## format the code
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

samples: $(VENV)/.ready ## render the sample calls again (fetches voices)
	$(BIN)/python -m samples.render

clean: ## forget what was set up here (weights stay in the user's cache)
	rm -rf $(VENV) service/web console/node_modules
