#!/usr/bin/env bash
# Runs a command with moto's server beside it, whose address it finds in RIACHO_MOTO_ENDPOINT:
#   tests/tools/moto.sh cargo test -p embedded --test s3_conformance
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/tests/tools/venv.sh"

log=$(mktemp)
# Port 0 lets the system choose; the server then says which it got.
AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 \
  "$root/.tools/venv/bin/moto_server" -H 127.0.0.1 -p 0 >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT

for _ in $(seq 150); do
  address=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$log" | head -1 || true)
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.2
done
[ -n "${address:-}" ] || { echo "moto's server did not say its address" >&2; cat "$log" >&2; exit 1; }

RIACHO_MOTO_ENDPOINT=$address "$@"
