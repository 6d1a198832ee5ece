#!/usr/bin/env bash
# Puts the results of the last run into docs/performance.md, between its markers, and the pictures
# beside it. Numbers are never typed.
set -euo pipefail
cd "$(dirname "$0")/../.."
results=${1:-target/bench}

awk -v results="$results/results.md" '
  /<!-- measured: begin -->/ {
    print
    # The page has a heading of its own.
    while ((getline line < results) > 0) if (line !~ /^# /) print line
    print ""
    skipping = 1
  }
  /<!-- measured: end -->/ { skipping = 0 }
  !skipping { if ($0 !~ /<!-- measured: begin -->/) print }
' docs/performance.md >docs/performance.md.new
mv docs/performance.md.new docs/performance.md

mkdir -p docs/performance
for picture in growth flame; do
  [ ! -f "$results/$picture.svg" ] || cp "$results/$picture.svg" docs/performance/
done
