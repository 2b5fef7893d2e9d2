# The few commands a day needs; the work is done by cmake, tools/ and clients/. On a bare Debian 12: apt install make git.
SHELL := /bin/bash
export PATH := $(CURDIR)/build/tools/node_modules/.bin:$(PATH)
# A clone in another folder finds what was compiled before.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
JOBS ?= $(shell nproc)
DATA ?= var
FUZZ_SECONDS ?= 30

.DEFAULT_GOAL := build
.PHONY: build run test check clients bench tidy fuzz docs setup help clean

build: ## build the release preset: build/release/countersign (the default)
	@tools/setup.sh run
	@tools/web.sh
	@mkdir -p build && cmake --preset release >build/release.log 2>&1 || { cat build/release.log; exit 1; }
	@cmake --build build/release -j $(JOBS) --target countersign

run: build ## set up, build and start on https://localhost:8443 with data in ./var (DATA=DIR for another folder)
	@exec tools/run.sh $(DATA)

test: ## set up and run everything: unit tests, house rules, sanitizers, other people's clients
	@tools/setup.sh test
	@python3 tools/test.py

check: ## unit tests, pages and house rules only, for every few minutes
	@tools/setup.sh run
	@python3 tools/test.py tidy docs web unit

clients: build ## only other people's clients against the release build (CLIENTS="login_duo perl" for some)
	@tools/setup.sh test
	@python3 clients/run.py $(CLIENTS)

bench: build ## measure the promises about speed (BENCH="--users 10000 --stores sqlite" for some)
	@tools/setup.sh test
	@cmake --build build/release -j $(JOBS) --target benches
	@tools/bench.sh $(BENCH)

tidy: ## the house rules that a machine can read
	@python3 tools/tidy.py

fuzz: ## run every fuzz target for FUZZ_SECONDS (30) on its corpus
	@tools/setup.sh test
	@tools/web.sh
	@tools/fuzz.sh $(FUZZ_SECONDS) $(TARGETS)

docs: ## check that what the documents point to is there
	@python3 tools/docs.py

setup: ## install what is missing to build, run and test, and do nothing else
	@tools/setup.sh test

clean: ## remove what was built (not ./var)
	@rm -rf build/dev build/release build/asan build/tsan build/fuzz

help: ## these lines
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
