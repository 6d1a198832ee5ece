# What people and machines type. How it is done stands in tests/tools/, one script a matter.

.PHONY: demo dev test faults mutants build lint fmt infra-lint cargo-lambda tools bench bench-page flame help
.DEFAULT_GOAL := help

# Where OpenSSL's headers are missing and may not be installed, it is compiled along.
TLS = $$(pkg-config --exists openssl 2>/dev/null || echo --features vendored-tls)

# Set to --quiet where nobody watches the compiler.
QUIET ?=

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## See the whole pipe run, from a sample API to tables and back from failure
	@tests/tools/system.sh demo
	@cargo build --locked -p riacho $(TLS)
	@cargo run --locked --quiet -p riacho $(TLS) -- demo

dev: ## Start the bucket, the database and the sample API, and leave them running
	@tests/tools/system.sh demo
	@cargo run --locked -p riacho $(TLS) -- dev

test: tools ## Test everything; installs or finds what it needs
	cargo build --locked $(QUIET) --workspace --bins
	cargo test --locked $(QUIET) --workspace --no-run
	tests/tools/moto.sh cargo test --locked --workspace
	tests/tools/cargo-lambda.sh

faults: ## Let everything go wrong: FAULTS="--seeds 1000", "--from 42 --seeds 1 --tell"
	@tests/tools/system.sh demo
	@cargo build --locked -p load -p tests --bins $(TLS)
	@target/debug/simulate $(FAULTS)

mutants: ## Break key lines one by one, and see whether `faults` notices
	@tests/tools/system.sh demo
	@tests/tools/mutants.sh

bench: ## Measure load against COPY: BENCH="--only m,xs", "--help", …
	@tests/tools/system.sh demo
	@cargo build --locked --release -p riacho -p load -p fetch -p bench $(TLS)
	@target/release/bench $(BENCH)

bench-page: ## Put the last results into docs/performance.md
	@crates/bench/page.sh

flame: ## Draw where the CPU of a load goes; needs perf
	@RUSTFLAGS="-C force-frame-pointers=yes" cargo build --locked --profile profiling -p riacho -p bench $(TLS)
	@target/profiling/bench --only flame $(BENCH)

build: ## Compile everything
	cargo build --locked --workspace

lint: ## Formatting, clippy, sizes and directions of dependency
	cargo fmt --all --check
	cargo clippy --locked $(QUIET) --workspace --all-targets -- -D warnings
	tests/tools/purity.sh
	tests/tools/sizes.sh

fmt: ## Format
	cargo fmt --all

infra-lint: ## Check the SAM template and what SAM makes of it
	@tests/tools/infra-lint.sh

cargo-lambda: ## Send every file in events/ through cargo-lambda's emulator
	tests/tools/cargo-lambda.sh

tools: ## Install what the tests use into .tools/
	@tests/tools/system.sh test
	@tests/tools/venv.sh
	@tests/tools/octokit.sh
