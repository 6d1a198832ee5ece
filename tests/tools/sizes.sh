#!/usr/bin/env bash
# A file that has grown past what one reads at a sitting has more than one idea in it; a main.rs that
# has grown decides things instead of wiring them.
set -euo pipefail
cd "$(dirname "$0")/../.."

find crates tests -name '*.rs' -not -path '*/target/*' -print0 | sort -z | xargs -0 wc -l | awk '
  $2 == "total" { next }
  { limit = $2 ~ /\/src\/main\.rs$/ ? 60 : 400 }
  $1 > limit { printf "%s has %d lines; the limit is %d\n", $2, $1, limit; failed = 1 }
  END { exit failed }'
