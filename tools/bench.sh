#!/usr/bin/env bash
# tools/bench.sh BUILD: runs every program BUILD/bench/*_bench, one promise each, and says which command measured what.
set -euo pipefail
found=
for program in "$1"/bench/*_bench; do
  [ -x "$program" ] || continue
  found=1
  printf '\n== %s\n' "$program"
  "$program"
done
[ -n "$found" ] || echo "no benchmarks are built in $1/bench"
