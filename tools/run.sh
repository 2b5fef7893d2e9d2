#!/usr/bin/env bash
# Starts Countersign with its demo and, once it is up, the demo's web application (clients/demo). Ends when the server does;
# SIGINT and SIGTERM end both. Without node or the application's packages the server runs alone and says so.
#   tools/run.sh [DATA [serve arguments…]]
# COUNTERSIGN_PROGRAM names another program than the release build.
set -uo pipefail
cd "${0%/*}/.."
export PATH="$PWD/build/tools/node_modules/.bin:$PATH"

program=${COUNTERSIGN_PROGRAM:-build/release/countersign}
data=${1:-var}
shift || true
server='' demo=''

end_both() { kill -TERM $server $demo 2>/dev/null; }
trap end_both INT TERM

coproc SERVER { exec "$program" serve --demo --data "$data" "$@"; }
server=$SERVER_PID
# Kept open to the end: a server whose pipe is gone would be killed by its next line.
exec {said}<&"${SERVER[0]}"

start_demo() {
  if ! command -v node >/dev/null || [ ! -e clients/demo/node_modules/@duosecurity/duo_universal/package.json ]; then
    echo "run: node or the packages of clients/demo are missing, so nothing is on http://localhost:8444;" \
      "all else works (tools/setup.sh run tries again)" >&2
    return
  fi
  node clients/demo/server.js "$data/demo-app.json" &
  demo=$!
}

# The first line says that the server is ready; credentials are written by then.
if read -r line <&"$said"; then
  printf '%s\n' "$line"
  start_demo
fi

# A signal ends the wait, not the server, which has requests to answer.
wait "$server"
code=$?
while kill -0 "$server" 2>/dev/null; do
  wait "$server"
  code=$?
done
server=''
if [ -n "$demo" ]; then
  end_both
  wait "$demo" 2>/dev/null
fi
exit "$code"
