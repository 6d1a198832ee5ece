#!/usr/bin/env bash
# Puts real GitHub payloads, and older editions of the same events, where the corpus test reads them:
# .tools/npm/node_modules/webhooks-examples-<major>.
set -euo pipefail
cd "$(dirname "$0")/../.."

editions="4.18.0 5.8.0 6.11.0 7.6.1"
home=.tools/npm

packages=()
missing=0
for edition in $editions; do
  name="webhooks-examples-${edition%%.*}"
  packages+=("$name@npm:@octokit/webhooks-examples@$edition")
  grep -qs "\"version\": \"$edition\"" "$home/node_modules/$name/package.json" || missing=1
done
[ "$missing" = 1 ] || exit 0

if ! command -v npm >/dev/null; then
  echo "npm is missing; install it: the GitHub payloads of the corpus test are an npm package" >&2
  exit 1
fi
echo "fetching @octokit/webhooks-examples $editions"
mkdir -p "$home"
npm install --prefix "$home" --silent --no-audit --no-fund --ignore-scripts --no-save "${packages[@]}"
