# make demo   crawl the bundled demo site into collections/demo, list its articles, search them; again: a recrawl
# make test   everything that CI checks: format, lint, types, import contracts, tests; make quick   the short tests, under a minute
# Needs Python 3.11 or later, make and git; installs the rest into .uv and .venv here.
# Another Python, in an environment of its own: make test PYTHON=python3.13 VENV=build/3.13

PYTHON ?= python3
UV := .uv/bin/uv
UV_NEEDED := uv>=0.9,<1
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS := --extra web --extra parquet --extra plot --extra mcp
PORT ?= 8321
IN_BROWSER := tests/archive/web/test_browser.py tests/crawler/test_rendering.py
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo dist supply soak hour site hostile fuzz test lint types imports tests quick simulation bench-quick timing browser-test powercut cluster-test conformance crash mutants docs messages format clean clean-demo

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "warraq needs Python 3.11 or later; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@mkdir -p .uv/bin
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		$(PYTHON) -m venv .uv && .uv/bin/pip --quiet --disable-pip-version-check install '$(UV_NEEDED)'; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m pip --quiet --disable-pip-version-check install --target .uv/lib '$(UV_NEEDED)' && ln -sf ../lib/bin/uv $(UV); \
	elif command -v uv >/dev/null; then ln -sf "$$(command -v uv)" $(UV); \
	else echo "$(PYTHON) has neither venv nor pip: install one of them (Debian, Ubuntu: apt-get install python3-venv), or uv; then run make again" >&2; exit 1; fi

$(VENV)/.synced: uv.lock pyproject.toml | $(UV)
	UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --quiet --frozen $(EXTRAS) --python $(PYTHON)
	@touch $@

demo: $(VENV)/.synced ## crawl the demo site into collections/demo; run it again to see a recrawl
	@$(BIN)/python -m demo --port $(PORT)

test: $(VENV)/.synced ## all that CI checks (and make timing)
	@$(MAKE) --no-print-directory --jobs=3 $(TOGETHER) lint types imports
	@$(MAKE) --no-print-directory tests

lint: $(VENV)/.synced ## format and lint
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(VENV)/.synced ## types, strictly
	$(BIN)/mypy

imports: $(VENV)/.synced ## who may import whom
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.synced ## the tests, but for those of time and the simulations
	$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m "not timing and not simulation"

simulation: $(VENV)/.synced ## what takes minutes: years of unreliable newspapers, power cuts, kills, the hostile site, each documented command
	$(BIN)/python -m pytest -q -n 2 --dist loadscope -m simulation

quick: $(VENV)/.synced ## the tests that start no process: under a minute
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not timing and not simulation"

bench-quick: $(VENV)/.synced ## compare extraction, crawl, search and room with the kept baseline (under five minutes)
	@$(BIN)/python bench/quick.py

timing: $(VENV)/.synced ## the tests that assert how long something takes; failures once again, for other work on the machine is no fault
	$(BIN)/python -m pytest -q -m timing || $(BIN)/python -m pytest -q -m timing --last-failed

conformance: $(VENV)/.synced ## let warcio, FastWARC, cdxj-indexer, wacz, pywb and replayweb.page judge an archive (needs chromium, npm)
	$(BIN)/python -m tests.conformance.peers

powercut: $(VENV)/.synced ## cut the power at many moments of a crawl, an import, a merge, a redaction, an upload, a backup, a seal (needs strace)
	@command -v strace >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends strace; }
	$(BIN)/python -m tests.powercut

crash: $(VENV)/.synced powercut ## kill crawls, fill disks, flip bits, and print what was lost (as root, for the small disks)
	$(BIN)/python -m tests.crash

browser-test: $(VENV)/.synced ## the reading room and rendered pages in Debian's chromium (installs it, playwright and axe-core, where they are missing)
	@command -v chromium >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; }
	UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --quiet --frozen $(EXTRAS) --extra browser --group browser --python $(PYTHON)
	$(BIN)/python -m pytest -q $(IN_BROWSER) || $(BIN)/python -m pytest -q --last-failed $(IN_BROWSER)

.cluster/scrapyd/.synced: deploy/cluster/requirements.txt | $(UV)
	$(UV) venv --quiet --clear --python $(PYTHON) .cluster/scrapyd
	$(UV) pip install --quiet --python .cluster/scrapyd/bin/python -r deploy/cluster/requirements.txt
	@touch $@

.cluster/venv/.synced: uv.lock pyproject.toml | $(UV)
	UV_PROJECT_ENVIRONMENT=.cluster/venv $(UV) sync --quiet --frozen --all-extras --group cluster --python $(PYTHON)
	@touch $@

cluster-test: .cluster/scrapyd/.synced .cluster/venv/.synced ## what goes beyond one machine: two scrapyd nodes, batches, an S3 server (some minutes)
	.cluster/venv/bin/python -m pytest -q tests/cluster || .cluster/venv/bin/python -m pytest -q --last-failed tests/cluster

.supply/.synced: uv.lock pyproject.toml | $(UV)
	UV_PROJECT_ENVIRONMENT=.supply $(UV) sync --quiet --frozen --all-extras --no-default-groups --no-install-project --python $(PYTHON)
	@touch $@

supply: .supply/.synced ## licences of all dependencies, known vulnerabilities (those where pip-audit reaches its source)
	@$(BIN)/python deploy/supply.py .supply/bin/python

dist: $(VENV)/.synced ## build the release twice, compare, and list what it is made of: dist/
	@$(BIN)/python deploy/dist.py

soak: $(VENV)/.synced ## crawl 100,000 pages with faults mixed in for an hour at most, with everything beside it (PAGES=2000: some minutes)
	@PYTHONPATH=. $(BIN)/python bench/soak.py --pages $(or $(PAGES),100000)

hour: $(VENV)/.synced ## a newcomer's first hour by the tutorial's commands, on bare Debian stable in a chroot (as root, with debootstrap)
	@$(BIN)/python -m tests.hour $(HOUR_ROOT)

hostile: $(VENV)/.synced ## crawl the hostile site: what became of each route, in what time and memory; fails when a bar fails
	@PYTHONPATH=. $(BIN)/python -m tests.hostile.run

fuzz: $(VENV)/.synced ## feed made-up bytes to each parser, FUZZ_SECONDS each (20)
	@fuzz/run.sh $(BIN)/python

mutants: $(VENV)/.synced ## break the code in many small places; each break must fail its test (SAMPLE=N takes N of them, PART=2/6 a sixth)
	@$(BIN)/python -m tests.mutants --sample $(or $(SAMPLE),0) --part $(or $(PART),1/1)

docs: $(VENV)/.synced ## write what README and docs take from the code
	$(BIN)/python docs/generate.py

messages: $(VENV)/.synced ## write and compile the catalogues of what commands say; names what has no translation
	PYTHONPATH=. $(BIN)/python docs/messages.py

site: $(VENV)/.synced ## the documentation as a site in build/site; fails for a link that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "Open build/site/index.html"

format: $(VENV)/.synced ## format the code, mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean-demo: ## forget the demo archive
	rm -rf collections/demo

clean: ## forget what was installed
	rm -rf $(VENV) .uv .cluster build
