# `make` lists what there is to do.
SHELL := bash
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
CARGO ?= cargo

# A build reads .sqlx, whatever DATABASE_URL happens to be set to.
export SQLX_OFFLINE ?= true

# Properties are tested with the same cases each time, so that a failure belongs to the change at hand.
# Unset it (PROPTEST_RNG_SEED= make test) to search with others.
export PROPTEST_RNG_SEED ?= 1

# A failed test says what was wrong; a hundred lines of frames below it bury that.
export RUST_LIB_BACKTRACE ?= 0

.DEFAULT_GOAL := help
.PHONY: help tools demo dev test fuzz check format chaos bench sqlx

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

tools: ## install the pinned PostgreSQL and Temporal into .tools/
	@$(PYTHON) tools/install.py

demo: tools ## play a clinic's morning and week on the real engine (EXIT=1: end by itself)
	@$(CARGO) run --bin bellhop -- demo $(if $(filter-out 0,$(EXIT)),--exit)

dev: tools ## run the whole stack for daily use, data in .bellhop/
	@$(CARGO) run --bin bellhop -- dev

test: tools ## run every test, on servers of their own
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --workspace && $(CARGO) test --workspace --doc; \
	else \
	  $(CARGO) test --workspace; \
	fi

fuzz: ## feed damaged input to every parser and verifier at the door (FOR=60 seconds each)
	@tools/fuzz.sh $(or $(FOR),60)

check: tools ## format, lints, .sqlx up to date
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	tools/sqlx.sh check

format: ## format the code
	$(CARGO) fmt --all

# A large one is worth a release build, which the processes take several times as many webhooks with.
chaos: tools ## a campaign of every fault (N=100000 webhooks, SEED=7, RATE=60 a second, SPOOL=1)
	@BELLHOP_CHAOS_EVENTS=$(N) BELLHOP_CHAOS_SEED=$(SEED) BELLHOP_CHAOS_RATE=$(RATE) BELLHOP_CHAOS_SPOOL=$(SPOOL) \
	  $(CARGO) test $(if $(N),--release) --workspace --test system -- --exact --nocapture \
	  chaos::a_campaign_of_every_fault_loses_nothing_and_does_nothing_twice

bench: tools ## measure speed, each figure beside its baseline
	@$(CARGO) build --release -p bench -p bellhop --bin bench --bin bellhop
	@$(CARGO) run --release -p bench

sqlx: tools ## describe the store's queries anew in .sqlx
	@tools/sqlx.sh prepare
