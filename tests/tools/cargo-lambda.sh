#!/usr/bin/env bash
# Sends every file in events/ through `cargo lambda watch` and `cargo lambda invoke`, which compile
# into the same target directory as everything else.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/venv.sh

RIACHO_CARGO_LAMBDA=$PWD/.tools/venv/bin/cargo-lambda \
  cargo test --locked --workspace --test cargo_lambda -- --ignored
