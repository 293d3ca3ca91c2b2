# Loquat's commands. `make` alone lists them; docs/development.md says how they fit together.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Where the one process of `make run` keeps its data. Other settings (LOQUAT_LISTEN, LOQUAT_LOG, …) pass through:
# `target/release/loquat --help` lists them.
export LOQUAT_DATA_DIR ?= ./data

# What `make test` adds to `cargo xtask test`, such as `make test TESTS="--only web,contract"`.
TESTS ?=

# Everything is built by these words, here and by `cargo xtask test`, so that nothing is ever built twice.
RELEASE := --release --workspace --exclude xtask

.PHONY: help run build page python test faults lint clean-data \
        lint-format lint-clippy lint-contract lint-generated lint-layout lint-web

help: ## Lists these commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1@\2/' | awk -F@ '{ printf "%-18s %s\n", $$1, $$2 }'

run: build ## Starts Loquat on http://localhost:3000 with its data in ./data, building what changed.
	@exec target/release/loquat

build: page ## Builds the page, then all binaries, in release mode, into target/release.
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust 1.95 or newer (rustup, or your distribution)' >&2; exit 1; }
	@cargo build $(RELEASE) --bins

test: ## Runs every test; the last line is `N passed, N failed, N skipped`.
	@cargo xtask test $(TESTS)

# What `make faults` is to be; all of it may be set on the command line. Without SEED, another one each time.
OPS ?= 20000
FAULTS ?= 20
SHAPE ?= embedded
STORE ?=
SEED ?=
TIME ?= 150
# Other words for the harness: `target/release/loquat-faults --help` lists them. SIGINT or SIGTERM, once, stops a run in good
# order; the same command with FAULTS_FLAGS=--resume goes on with it. tests/faults/breakages/run shows what the harness notices.
FAULTS_FLAGS ?=

faults: build ## Breaks the system while it is used, and judges what clients saw. OPS, FAULTS, SEED, SHAPE, STORE, TIME choose.
	@target/release/loquat-faults --ops $(OPS) --faults $(FAULTS) --shape $(SHAPE) --seconds $(TIME) \
	    $(if $(STORE),--store $(STORE)) $(if $(SEED),--seed $(SEED)) $(FAULTS_FLAGS)

lint: lint-format lint-clippy lint-contract lint-generated lint-layout lint-web ## Runs every check that runs no test.

clean-data: ## Forgets what `make run` has stored.
	rm -rf -- '$(LOQUAT_DATA_DIR)'

# --- The page ---------------------------------------------------------------------------------------------------------

page: web/dist/index.html

# Folders are sources too: their time changes when a file in them goes away.
WEB_SOURCES := $(shell find web/src web/public web/scripts -type f -o -type d) \
               $(wildcard web/*.html web/*.ts web/*.js web/*.json)

web/dist/index.html: $(WEB_SOURCES) web/node_modules/.package-lock.json
	npm --prefix web run build
	@touch $@

# npm leaves this file in every folder of packages that it filled; it is as new as the packages are.
%/node_modules/.package-lock.json: %/package-lock.json
	@command -v npm >/dev/null || { echo 'node is missing: install Node 20.19 or newer with npm' >&2; exit 1; }
	npm --prefix $* ci
	@touch $@

# --- Python's protovalidate, the reference that the field checks are compared with -----------------------------------

python: target/python/installed

target/python/installed: tests/contract/requirements.txt
	@command -v python3 >/dev/null || { echo 'python3 is missing: install Python 3.11 or newer with its venv module' >&2; exit 1; }
	rm -rf target/python
	python3 -m venv target/python
	target/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# --- Checks that run no test ------------------------------------------------------------------------------------------

lint-format:
	cargo fmt --all --check

# In the release profile: it takes over the build scripts and macros that `make build` has run, C libraries included.
lint-clippy:
	cargo clippy --release --workspace --all-targets -- --deny warnings

lint-contract: web/node_modules/.package-lock.json
	web/node_modules/.bin/buf lint
	web/node_modules/.bin/buf format proto --diff --exit-code

lint-generated: web/node_modules/.package-lock.json
	cargo xtask generate --check
	npm --prefix web run generate:check

lint-layout:
	cargo xtask tidy

lint-web: web/node_modules/.package-lock.json
	npm --prefix web run check
	npm --prefix web run lint
