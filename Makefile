# Two commands do everything: `make demo` and `make test`. Both make the environment first where it is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-stop test lint types format constraints clean

help:  ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED)  ## Make .venv with everything in it

demo: $(INSTALLED)  ## Start the shop, run five drills, print the table, open the chat
	@$(BIN)/firedrill demo

demo-stop: $(INSTALLED)  ## Stop everything that a demo started
	@$(BIN)/firedrill demo --stop

test: $(INSTALLED) browser lint types  ## Run all tests, lint and types
	$(BIN)/pytest

lint: $(INSTALLED)  ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)  ## Check types
	$(BIN)/mypy

format: $(INSTALLED)  ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: browser
browser:
	@bin/need-browser

constraints: $(INSTALLED)  ## Write constraints.txt anew from what is installed
	@(sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --exclude-editable | sed -E 's/ @ .*//; s/\+cpu$$//') > constraints.new
	@mv constraints.new constraints.txt

clean:  ## Remove the environment and what tools left; workspaces stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@bin/need-python $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[shop,dev]'
	@touch $@
