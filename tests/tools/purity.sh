#!/usr/bin/env bash
# The vocabulary and the core do no I/O, and one adapter each knows S3 and Postgres. Cargo knows.
set -euo pipefail
cd "$(dirname "$0")/../.."

failed=0
forbid() { # CRATE PATTERN
  local found
  found=$(cargo tree --locked --quiet -p "$1" -e "$2" --prefix none --format '{p}' |
    grep -E "^($3) " | sort -u || true)
  if [ -n "$found" ]; then
    echo "$1 depends on what it must not: $found"
    failed=1
  fi
}

io='tokio|tokio-postgres|aws-[a-z0-9-]+|aws_lambda_events|lambda_runtime|reqwest|hyper|axum|native-tls'
for crate in landing configuration normalise infer; do forbid "$crate" normal "$io"; done
forbid objects normal 'tokio-postgres'
forbid warehouse normal 'aws-sdk-[a-z0-9]+'

# Named in a manifest only by the adapter; tests and benchmark look from outside and may.
for name in aws-sdk-s3:objects tokio-postgres:warehouse; do
  dependency=${name%%:*}
  owner=${name##*:}
  users=$(awk -v name="$dependency" '
    /^\[/ { table = $0 }
    table == "[dependencies]" && index($0, name ".") == 1 { print FILENAME }' crates/*/Cargo.toml |
    grep -v -e "crates/$owner/" -e crates/embedded/ -e crates/bench/ || true)
  if [ -n "$users" ]; then
    echo "only crates/$owner may name $dependency, but so does: $users"
    failed=1
  fi
done
exit $failed
