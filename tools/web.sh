#!/usr/bin/env bash
# Builds what people see in a browser, from web/ to build/web/, when a source is newer than what stands there.
#   tools/web.sh           build/web/{authenticator,prompt,reader}: every folder with a vite.config.ts
#   tools/web.sh test      the above, then types and unit tests; build/web/tests.json has the counts
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/build/tools/node_modules/.bin:$PATH"

out=build/web
stamp=$out/.built
laid=web/node_modules/.package-lock.json
members=()
for config in web/*/vite.config.ts; do members+=("$(basename "$(dirname "$config")")"); done

mkdir -p "$out"
# Two builds at once would take each other's files away.
exec 9>"$out/.lock"
flock 9

sources() {
  find web tools/web.sh \( -name node_modules -o -name paraglide -o -path '*.inlang/README.md' \) -prune -o -type f "$@"
}

# The stamp lists the sources, so that one taken away counts too.
newer_than_built() {
  [ -e "$stamp" ] || return 0
  [ -z "$(sources -newer "$stamp" -print -quit)" ] || return 0
  ! sources -print | sort | cmp -s - "$stamp"
}

install_modules() {
  [ -e "$laid" ] && [ ! web/package-lock.json -nt "$laid" ] && return
  echo "web: installing npm packages"
  npm ci --prefix web --no-fund --no-audit --fetch-retries=2 --loglevel=error
  touch "$laid"
}

# Beside what is there, then in its place: whoever reads build/web never sees half of it.
build() {
  rm -rf "$out/.next"
  mkdir -p "$out/.next"
  for member in "${members[@]}"; do
    WEB_OUT="$PWD/$out/.next" npm run --silent --prefix "web/$member" build >"$out/$member.log" 2>&1 ||
      { cat "$out/$member.log" >&2; echo "web: $member does not build" >&2; exit 1; }
    rm -rf "${out:?}/$member"
    mv "$out/.next/$member" "$out/$member"
  done
  rmdir "$out/.next"
}

if newer_than_built; then
  # Taken before, so that what changes meanwhile is built the next time.
  sources -print | sort >"$out/.begun"
  install_modules
  echo "web: building ${members[*]}"
  build
  mv "$out/.begun" "$stamp"
fi

if [ "${1:-}" = test ]; then
  install_modules
  failed=
  npm run --silent --prefix web check || failed=1
  web/node_modules/.bin/vitest run --root web --reporter=default --reporter=json --outputFile="$PWD/$out/tests.json" ||
    failed=1
  [ -z "$failed" ]
fi
