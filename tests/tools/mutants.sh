#!/usr/bin/env bash
# Whether the fault simulator would notice: breaks one key line of the product after the other
# (tests/mutants/), runs seeds until one fails, and puts the line back. docs/faults.md has the results.
#
# usage: mutants.sh [NAME…]; SEEDS=200 seeds at most, from FROM=0
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${SEEDS:-200} from=${FROM:-0} missed=0
target=${CARGO_TARGET_DIR:-target}
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in tests/mutants/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
log=$(mktemp)
for name in "${names[@]}"; do
  patch=tests/mutants/$name.patch
  git apply "$patch"
  trap 'git apply -R "$patch"' EXIT
  if ! cargo build --quiet -p load -p tests --bins 2>"$log"; then
    tail -20 "$log"
    exit 1
  fi
  if "$target/debug/simulate" --from "$from" --seeds "$seeds" --stop >"$log" 2>&1; then
    echo "$name: NOT FOUND in $seeds runs"
    missed=1
  else
    echo "$name: $(tail -1 "$log")"
    sed -n '/^violations:/,/^$/p' "$log" | sed -n '2,3p' | cut -c1-200 | sed 's/^/    /'
  fi
  git apply -R "$patch"
  trap - EXIT
done
exit $missed
