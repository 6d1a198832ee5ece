#!/usr/bin/env bash
# Puts real GitHub payloads, and older editions of the same events, where the tests read them:
# .tools/npm/node_modules/webhooks-examples-<edition>.
set -euo pipefail
cd "$(dirname "$0")/../.."

editions="4.0=4.0.2 4=4.18.0 5=5.8.0 6=6.11.0 7=7.6.1" # edition=version
home=.tools/npm

packages=()
missing=0
for edition in $editions; do
  name="webhooks-examples-${edition%%=*}" version=${edition#*=}
  packages+=("$name@npm:@octokit/webhooks-examples@$version")
  grep -qs "\"version\": \"$version\"" "$home/node_modules/$name/package.json" || missing=1
done
[ "$missing" = 1 ] || exit 0

if ! command -v npm >/dev/null; then
  echo "npm is missing; install it: the GitHub payloads of the corpus test are an npm package" >&2
  exit 1
fi
echo "fetching ${packages[*]}"
mkdir -p "$home"
npm install --prefix "$home" --silent --no-audit --no-fund --ignore-scripts --no-save "${packages[@]}"
