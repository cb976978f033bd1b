# make serve    start the server on the sample shares; ARGS='--port 445 --log json' is passed on
# make test     everything: format, lint, types, tests, real clients; COVERAGE=1 measures branches on the way, as make coverage does
# make coverage  branches that the tests in this process take, held to a floor (twice the time of the tests alone)
# make conformance  all that smbtorture has to say of the server, the slow ones too (minutes)
# make bench    fakesmb beside Samba and impacket in one run, then what testers wait for, how fast show reads, and what captures and those cost who look by HTTP (minutes, as root); ARGS='--rounds 5' is for the first
# make fuzz     requests that no client sends, ten minutes, in process and over TCP; ARGS='--seconds 3600 --seed 7' is passed on
# make soak     1,000 clients at work who come and go, ten minutes; ARGS='--clients 200 --seconds 60' is passed on
# make image    the container image fakesmb, by docker build; PYTHON_IMAGE=python:3.12-slim-bookworm is another base
# make image-test  build it and try it: containers, compose, clients; skipped where no engine answers
# make docs     make docs/coverage.md, docs/profiles.md, docs/keys.md, docs/fakesmb.toml and the lists of docs/testing.md, docs/journal.md and docs/captures.md from the tables of the code, docs/command.md and man/ from the commands
# make site     the documentation as a site, in build/site; a warning ends it
# make dist     sdist and wheel in dist/, checked: installed into empty environments, served from, listed
# make lean     requirements/lean.txt and docker/requirements.txt with the newest version of each
# make lint     format, rules, types and spelling alone
# make format   has ruff write what make lint wants
# make clients  the programs that tests of clients run, by apt-get
# make clean    remove the environment and all caches
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

CLIENTS := smbclient=smbclient smbspool=smbclient net=samba-common-bin hydra=hydra rpcclient=smbclient curl=curl node=nodejs tshark=tshark nmap=nmap javac=default-jdk-headless \
	/usr/share/java/jcifs.jar=libjcifs-java smbtorture=samba-testsuite \
	/usr/lib/python3/dist-packages/smbc=python3-smbc chromium=chromium \
	nmblookup=samba-common-bin nbtscan=nbtscan ip=iproute2 unshare=util-linux \
	groff=groff-base /usr/sbin/krb5kdc=krb5-kdc /usr/sbin/kadmin.local=krb5-admin-server kinit=krb5-user

INSTALL = .ci/pip-install $(VENV) -e
# Without its bytecode (PYTHONDONTWRITEBYTECODE) a server takes twice as long to start.
COMPILE = @$(BIN)/python -m compileall -q fakesmb
# What pytest compiles is kept for the runs that follow, and for its own workers.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest
# A worker has a run of neighbours, which share servers and a browser; one that has nothing left takes half of another's rest.
PARALLEL := -n auto --dist worksteal
NOT_INSTALLED = { echo "pip could not install what fakesmb needs from PyPI (without a network?); next time it tries again" >&2; exit 1; }

# Of the image. On the network of the machine a build reaches what the machine does, behind whatever that lies.
PYTHON_IMAGE ?= python:3.13-slim-bookworm
BUILD_NETWORK ?= host
VERSION = sed -n 's/^__version__: Final = "\(.*\)"$$/\1/p' fakesmb/version.py

# What the tests of clients and of smbtorture reach is not measured: their servers are processes of their own.
COVERAGE_FLOOR := 94
MEASURED = --cov=fakesmb --cov-branch --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_FLOOR)

.PHONY: serve test coverage conformance image image-test bench fuzz soak lint format docs site dist lean clients clean help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

serve: $(VENV)/.installed
	@$(BIN)/fakesmb serve $(ARGS)

test: clients lint
	$(PYTEST) $(PARALLEL) $(if $(COVERAGE),$(MEASURED))
	$(PYTEST) $(PARALLEL) --slow-disk tests/core
	$(PYTEST) tests/docker

coverage: $(VENV)/.dev
	$(PYTEST) $(PARALLEL) --ignore tests/clients --ignore tests/conformance $(MEASURED)

conformance: clients $(VENV)/.dev
	$(PYTEST) $(PARALLEL) --slow tests/conformance

image:
	docker build --network $(BUILD_NETWORK) -f docker/Dockerfile -t fakesmb --build-arg PYTHON_IMAGE=$(PYTHON_IMAGE) \
		--build-arg VERSION=$$($(VERSION)) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null) .

image-test: $(VENV)/.dev
	PYTHON_IMAGE=$(PYTHON_IMAGE) $(PYTEST) tests/docker

bench: $(VENV)/.installed
	@.ci/packages smbd=samba smbpasswd=samba-common-bin || echo "going on without Samba" >&2
	$(COMPILE)
	@$(BIN)/python -m bench.bench $(ARGS)
	@$(BIN)/python -m bench.tester
	@$(BIN)/python -m bench.show
	@$(BIN)/python -m bench.watchers
	@$(BIN)/python -m bench.captured

fuzz: $(VENV)/.installed
	@$(BIN)/python -m fuzz $(ARGS)
	@$(BIN)/python -m fuzz.names --seconds 20

soak: $(VENV)/.installed
	$(COMPILE)
	@$(BIN)/python -m bench.soak $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.installed
	$(BIN)/fakesmb coverage --markdown > docs/coverage.md
	$(BIN)/fakesmb profiles --markdown > docs/profiles.md
	$(BIN)/python -m tests.docslists
	$(BIN)/python docs/_ext/keytables.py
	$(BIN)/python docs/_ext/commandpages.py
	$(BIN)/python -m fakesmb.record.reference docs/journal.md
	$(BIN)/python -m fakesmb.replay.reference docs/captures.md

# Read without a network, and by no server: build/site/index.html.
site: $(VENV)/.dev
	@$(BIN)/python -m sphinx -q -W --keep-going -b html -d build/site-read docs build/site
	@echo "build/site/index.html" >&2

# The same tree gives the same bytes: hatchling dates files by SOURCE_DATE_EPOCH, or all of them alike.
dist: $(VENV)/.dev
	@rm -rf dist && mkdir -p build
	@$(BIN)/python -m build --no-isolation --outdir dist . >build/dist.log 2>&1 || { cat build/dist.log >&2; exit 1; }
	@$(BIN)/twine check --strict dist/*
	@$(BIN)/python -m tests.installed dist

lean: $(VENV)/.dev
	@$(BIN)/python -m tests.lean

clients:
	@.ci/packages $(CLIENTS) || echo "going on: tests of the clients that are missing are skipped" >&2

$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || .ci/packages python3=python3 venv=python3-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fakesmb needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/packages venv=python3-venv || \
		{ echo "this Python cannot make virtual environments (Debian: python3-venv)" >&2; exit 1; }
	@echo "making a Python environment in $(VENV) (once; nothing of the machine's Python is changed)" >&2
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	@echo "installing fakesmb and what it needs from PyPI into $(VENV) (once)" >&2
	@$(INSTALL) . || $(NOT_INSTALLED)
	$(COMPILE)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/pip
	@echo "installing fakesmb and what its tests need from PyPI into $(VENV) (once; some minutes)" >&2
	@$(INSTALL) '.[dev]' || $(NOT_INSTALLED)
	$(COMPILE)
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
