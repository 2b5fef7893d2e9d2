#!/usr/bin/env bash
# tools/fuzz.sh SECONDS [NAME…]: builds the fuzz targets (all, or those named) and runs each for that time, starting
# from fuzz/corpus/NAME. New inputs go to build/fuzz/corpus/NAME, an input that crashes to build/fuzz/crash-NAME-….
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds}
shift
names=("$@")
if [ ${#names[@]} = 0 ]; then
  for source in fuzz/*_fuzz.cc; do
    [ -e "$source" ] || { echo "no fuzz targets"; exit 0; }
    name=${source##*/}
    names+=("${name%_fuzz.cc}")
  done
fi
cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "$(nproc)" --target "${names[@]/%/_fuzz}"
passed=0 failed=0
for name in "${names[@]}"; do
  mkdir -p "build/fuzz/corpus/$name"
  seeds=()
  [ ! -d "fuzz/corpus/$name" ] || seeds=("fuzz/corpus/$name")
  printf '%-24s ' "$name"
  if "build/fuzz/fuzz/${name}_fuzz" "build/fuzz/corpus/$name" "${seeds[@]}" -max_total_time="$seconds" -timeout=10 \
      -rss_limit_mb=2048 -artifact_prefix="build/fuzz/crash-$name-" -print_final_stats=1 >"build/fuzz/$name.log" 2>&1; then
    sed -nE 's/^stat::number_of_executed_units: *([0-9]+)/\1 inputs, content/p' "build/fuzz/$name.log"
    passed=$((passed + 1))
  else
    echo "FAILED"
    tail -n 30 "build/fuzz/$name.log"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
