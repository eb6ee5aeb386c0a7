# The only entry for people and CI: make run · test · lint · bench · build · contract.

SHELL := /bin/bash
# Where everything is built; a folder outside of the checkout is reused between clones.
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
DATA ?= tessera-data
# Recorded HTTP traffic to replay (make contract), and a PostgreSQL with its demo database.
CONTRACT ?= ../shared/contract/redash

.PHONY: run build test unit e2e security defects lint deny bench contract setup clean help

help:
	@echo "make run       build and serve the demo on http://127.0.0.1:5000"
	@echo "make build     build target/release/tessera"
	@echo "make test      set up what tests need, then lint and run all tests"
	@echo "make security  the fifteen suites of docs/security.md alone"
	@echo "make lint      formatting, clippy, rustdoc, licences and advisories"
	@echo "make bench     measure against peers in the same run (bench/README.md)"
	@echo "make contract  replay recorded traffic (CONTRACT=folder)"

# The quick profile: optimised where it pays, a fraction of the time of a release build.
run:
	cargo build --profile quick --package tessera-app
	$(CARGO_TARGET_DIR)/quick/tessera serve --demo --data $(DATA)

build:
	cargo build --release --package tessera-app

test: setup lint unit e2e

setup:
	./dev/setup

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	./dev/mutate --check
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	$(MAKE) deny

deny:
	./dev/deny

unit:
	cargo test --workspace --exclude tessera-e2e

# Through the real binary; it is built first, so that its time is not a test's.
e2e:
	cargo build --package tessera-app
	cargo test --package tessera-e2e

# Part of e2e; each suite is a target of its own: cargo test --package tessera-e2e --test security_leaks
security:
	cargo build --package tessera-app
	cargo test --package tessera-e2e --test 'security_*'

# Shows that every suite notices the defects that it guards against.
defects:
	./dev/mutate

bench:
	cargo build --release --package tessera-app
	./bench/run

contract:
	cargo build --package tessera-app
	./tests/contract/run $(CONTRACT)

clean:
	rm -rf $(DATA)
