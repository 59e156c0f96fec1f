# One word per task. Everything is installed into .venv, from locks with hashes.
PYTHON ?= python3
BIN := .venv/bin
QUARTER ?= latest
# pip would refuse to install for the user in an environment.
export PIP_USER := 0
# A collection that was copied or moved has an environment that works on the old place: it is set up anew.
ELSEWHERE := $(shell test ! -e .venv/ready || test "$$(cat .venv/ready)" = "$$(pwd -P)" || echo elsewhere)

help:  ## list the tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

report: .venv/ready  ## run all notebooks for the latest quarter and write the pages (QUARTER=2012Q2 for another)
	@$(BIN)/htanalysis report --quarter $(QUARTER)

test: .venv/ready-test tests/html/node_modules  ## prove the numbers: linters, tests, notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/pages
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --nbval --nbval-current-env --override-ini addopts= notebooks

test-pages: .venv/ready-test tests/html/node_modules  ## prove the pages, in Chromium: for everyone, on paper, as they looked
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope tests/pages

looks: .venv/ready-test  ## take the pictures anew that test-pages compares the pages with; look at them before they are committed
	LOOKS=new $(BIN)/python -m pytest --quiet tests/pages/test_looks.py

lab: .venv/ready  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

notebooks: .venv/ready  ## run all notebooks for the latest quarter, whatever QUARTER is, and write them back to notebooks/
	@$(BIN)/htanalysis report --quarter latest
	cp reports/$$($(BIN)/htanalysis quarters | grep '^[0-9]' | tail -n 1 | cut -d ' ' -f 1)/notebooks/*.ipynb notebooks/

cluster: .venv/ready requirements-cluster.lock  ## install what a machine of a cluster needs as well (docs/cluster.md)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-cluster.lock

format: .venv/ready-test  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: .venv/ready-test  ## linters only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: .venv/ready-test  ## write the locks anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group build --extra test --universal --python-version 3.11 --generate-hashes --no-header --quiet --constraint requirements.lock --output-file requirements-test.lock
	$(BIN)/uv pip compile pyproject.toml --group build --extra cluster --universal --python-version 3.11 --generate-hashes --no-header --quiet --constraint requirements-test.lock --output-file requirements-cluster.lock

benchmark: .venv/ready-test  ## compare the report with the same computation in one process; time the pages in Chromium
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/pages.py

elsewhere:
	@rm -rf .venv

.venv/ready: requirements.lock pyproject.toml $(ELSEWHERE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@pwd -P > $@

.venv/ready-test: .venv/ready requirements-test.lock
	@echo "Setting up the tests (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

# What checks the pages' HTML comes from npm, which the tests' environment holds.
tests/html/node_modules: tests/html/package-lock.json .venv/ready-test
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix tests/html --silent --no-audit --no-fund
	@touch $@

.PHONY: help report test test-pages looks lab notebooks cluster format check lock benchmark elsewhere
.DEFAULT_GOAL := help
