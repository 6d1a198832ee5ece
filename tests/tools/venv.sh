#!/usr/bin/env bash
# Puts the Python packages that the tests use into .tools/venv: SAM, cfn-lint, moto's server, cargo-lambda.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=.tools/venv
wanted=tests/tools/requirements.txt
cmp -s "$wanted" "$home/installed.txt" && exit 0

if ! command -v python3 >/dev/null; then
  echo "python3 is missing; install it: moto, cfn-lint, SAM and cargo-lambda are Python packages" >&2
  exit 1
fi
echo "installing $(tr '\n' ' ' <"$wanted")"
[ -x "$home/bin/pip" ] || python3 -m venv "$home"
"$home/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
cp "$wanted" "$home/installed.txt"
