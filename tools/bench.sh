#!/usr/bin/env bash
# tools/bench.sh [WORDS FOR bench/promises.py]: runs what build/release/bench has: first what single steps cost, then the
# promises end to end. Each line of the latter names the command that measured it.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in build/release/bench/*_bench; do
  printf '\n== %s\n' "$program"
  "$program"
done
printf '\n== bench/incident.py\n'
python3 bench/incident.py
printf '\n== bench/promises.py %s\n' "$*"
exec python3 bench/promises.py "$@"
