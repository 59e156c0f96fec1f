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
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/pages --ignore tests/r
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --nbval --nbval-current-env --override-ini addopts= notebooks

test-pages: .venv/ready-test tests/html/node_modules  ## prove the pages, in Chromium and Firefox: for everyone, on paper, as they looked
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --ignore tests/pages/test_lighthouse.py tests/pages
	$(BIN)/python -m pytest tests/pages/test_lighthouse.py

test-r: .venv/ready-test  ## prove that R reads the export; R must be installed
	$(BIN)/python -m pytest tests/r

looks: .venv/ready-test  ## take anew the pictures, and what a screen reader tells, that test-pages compares the pages with; look at them before they are committed
	LOOKS=new $(BIN)/python -m pytest --quiet tests/pages/test_looks.py tests/pages/test_aloud.py

lab: .venv/ready  ## open JupyterLab on the notebooks; git then shows and keeps of them what a person changed
	@test ! -d .git || { git config filter.notebook.clean "$(BIN)/python tools/lab/clean.py" && git config diff.jupyternotebook.command "$(BIN)/git-nbdiffdriver diff --ignore-details"; }
	JUPYTER_CONFIG_PATH="$(CURDIR)/tools/lab" $(BIN)/jupyter lab notebooks/00-start-here.ipynb

notebooks: .venv/ready  ## run all notebooks for the latest quarter, whatever QUARTER is, and write them back to notebooks/
	@$(BIN)/htanalysis report --quarter latest
	cp reports/$$($(BIN)/htanalysis quarters | grep '^[0-9]' | tail -n 1 | cut -d ' ' -f 1)/notebooks/*.ipynb notebooks/
	@$(BIN)/python tools/run_explore.py

docs: .venv/ready-test  ## build the documentation into site/; it opens without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	@echo "Written: site/index.html"

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
	$(BIN)/uv pip compile pyproject.toml --group build --extra report --extra lab --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group build --extra report --extra lab --extra docs --extra test --universal --python-version 3.11 --generate-hashes --no-header --quiet --constraint requirements.lock --output-file requirements-test.lock
	$(BIN)/uv pip compile pyproject.toml --group build --extra report --extra lab --extra cluster --universal --python-version 3.11 --generate-hashes --no-header --quiet --constraint requirements-test.lock --output-file requirements-cluster.lock

descriptor: .venv/ready  ## write the hashes of the data files into their descriptor, after a change that is meant
	@$(BIN)/python -c "from htanalysis.data import write_hashes; write_hashes()"

sbom: .venv/ready-test  ## write the bill of materials of what is installed and what reports carry (CycloneDX) to sbom.json
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible | $(BIN)/python tools/sbom.py sbom.json
	@echo "Written: sbom.json"

benchmark: .venv/ready-test  ## compare the report with the same computation in one process; time the pages in Chromium
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/functions.py
	$(BIN)/python benchmarks/growth.py

elsewhere:
	@rm -rf .venv

.venv/ready: requirements.lock pyproject.toml $(ELSEWHERE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q htanalysis  # Else each command would, where Python is told to write no bytecode.
	@mkdir -p htanalysis/templates/__pycache__  # The first report puts there what templates are as bytecode.
	@pwd -P > $@

.venv/ready-test: .venv/ready requirements-test.lock
	@echo "Setting up the tests (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

# What checks the pages' HTML comes from npm, which the tests' environment holds.
tests/html/node_modules: tests/html/package-lock.json .venv/ready-test
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix tests/html --silent --no-audit --no-fund
	@touch $@

.PHONY: help report test test-pages docs test-r looks lab notebooks cluster format check lock descriptor sbom benchmark elsewhere
.DEFAULT_GOAL := help
