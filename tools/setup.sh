#!/usr/bin/env bash
# Installs what is missing to build and run Countersign, or, with `test`, also what its tests drive.
#   tools/setup.sh run     compiler, libraries and node (the default)
#   tools/setup.sh test    the above, other people's clients, PostgreSQL, tools for tidy and sanitizers
#   tools/setup.sh …  -n   only say what is missing (exit 1 when something is)
# It looks for commands and files, not for packages, so what was installed in another way counts too. Packages come
# with apt, as root or through sudo, and no service is started by their installation.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin:/sbin"

wanted=run only_say=
for word in "$@"; do
  case $word in
    run|test) wanted=$word ;;
    -n) only_say=1 ;;
    *) echo "usage: tools/setup.sh [run|test] [-n]" >&2; exit 2 ;;
  esac
done

say() { printf '%s\n' "setup: $*"; }
missing=()

# need PACKAGE KIND NAME: notes PACKAGE when NAME is not there. A kind is cmd, header (below /usr/include, one folder
# for the architecture or postgresql/ may stand between) or file (a pattern).
need() {
  local found=
  case $2 in
    cmd) command -v "$3" >/dev/null && found=1 ;;
    header) compgen -G "/usr/include/$3" >/dev/null || compgen -G "/usr/include/*/$3" >/dev/null ||
            compgen -G "/usr/local/include/$3" >/dev/null && found=1 ;;
    file) compgen -G "$3" >/dev/null && found=1 ;;
  esac
  [ -n "$found" ] || missing+=("$1")
}

need_to_run() {
  need clang-19 cmd clang++-19
  need lld-19 cmd ld.lld-19
  need ccache cmd ccache
  need ninja-build cmd ninja
  need cmake cmd cmake
  need make cmd make
  need pkg-config cmd pkg-config
  need git cmd git
  need python3 cmd python3
  need libboost1.81-dev header boost/beast.hpp
  need libssl-dev header openssl/ssl.h
  need libsodium-dev header sodium.h
  need libsqlite3-dev header sqlite3.h
  need libpq-dev header libpq-fe.h
  need libfmt-dev header fmt/core.h
  need libspdlog-dev header spdlog/spdlog.h
  need libsimdjson-dev header simdjson.h
  need libcbor-dev header cbor.h
  need libcli11-dev header CLI/CLI.hpp
  need libtomlplusplus-dev header toml++/toml.h
  need libqrencode-dev header qrencode.h
  need libpng-dev header png.h
  need libjemalloc-dev header jemalloc/jemalloc.h
  need libgtest-dev header gtest/gtest.h
  need nlohmann-json3-dev header nlohmann/json.hpp
  need libbenchmark-dev header benchmark/benchmark.h
  need prometheus-cpp-dev header prometheus/registry.h
  need libsystemd-dev header systemd/sd-daemon.h
  need libp11-dev header libp11.h
  need libtss2-dev header tss2/tss2_esys.h
  need libseccomp-dev header seccomp.h
  need libcurl4-openssl-dev header curl/curl.h
  need npm cmd npm
}

need_to_test() {
  need libclang-rt-19-dev file '/usr/lib/llvm-19/lib/clang/19/lib/*/libclang_rt.fuzzer*.a'
  need clang-tidy-19 cmd clang-tidy-19
  need clang-format-19 cmd clang-format-19
  need softhsm2 cmd softhsm2-util
  need opensc cmd pkcs11-tool
  need swtpm cmd swtpm
  need postgresql file '/usr/lib/postgresql/*/bin/initdb'
  need login-duo cmd login_duo
  need libpam-duo file '/lib/*/security/pam_duo.so'
  need pamtester cmd pamtester
  need openssh-server cmd sshd
  need openssh-client cmd ssh
  need libnet-duo-perl file /usr/share/perl5/Net/Duo.pm
  need liblwp-protocol-https-perl file /usr/share/perl5/LWP/Protocol/https.pm
  need python3-duo-client file /usr/lib/python3/dist-packages/duo_client/auth.py
  need python3-cryptography file /usr/lib/python3/dist-packages/cryptography/__init__.py
  need firefox-esr cmd firefox-esr
  need chromium cmd chromium
  need fonts-ipafont-gothic file '/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf'
  need golang-go cmd go
  need golang-golang-x-mod-dev file /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go
  need openssl cmd openssl
  need python3-venv file '/usr/lib/python3*/ensurepip/__init__.py'
  need python3-aiosmtpd file /usr/lib/python3/dist-packages/aiosmtpd/smtp.py
  need exim4-daemon-light file /usr/sbin/exim4
  need libfaketime file '/usr/lib/*/faketime/libfaketimeMT.so.1'
  need ca-certificates file /etc/ssl/certs/ca-certificates.crt
}

# Packages of services start them when they are installed, unless /usr/sbin/policy-rc.d says 101. Ours stands there
# only while apt runs; one that was there before comes back.
policy=/usr/sbin/policy-rc.d
kept=$policy.before-countersign
as_root=()
restore_policy() {
  if [ -e "$kept" ]; then "${as_root[@]}" mv "$kept" "$policy"; else "${as_root[@]}" rm -f "$policy"; fi
}

install_packages() {
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      say "these packages are missing; install them as root: ${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  if [ -e "$policy" ]; then "${as_root[@]}" mv "$policy" "$kept"; fi
  trap restore_policy EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0
             -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends "${missing[@]}"
  restore_policy
  trap - EXIT INT TERM
}

# What npm and pip bring is wanted, not needed: without it the tests that use it are skipped, and `make run` has no web
# application to sign in to. A failure is remembered for a day under build/setup, so that a machine without a package
# index does not wait for it each time.
want() {
  local what=$1 mark=build/setup/unavailable-$2
  shift 2
  [ -z "$(find "$mark" -mtime -1 2>/dev/null)" ] || return 0
  say "installing $what"
  mkdir -p build/setup
  if "$@"; then
    rm -f "$mark"
  else
    touch "$mark"
    say "$what could not be installed; what uses it is left out (delete $mark to try again)"
  fi
}

node_is_new_enough() {
  local said
  said=$(node -p 'const [a, b] = process.versions.node.split("."); a > 20 || (a == 20 && b >= 19)' 2>/dev/null) &&
    [ "$said" = true ]
}

npm_quietly() { npm --no-fund --no-audit --fetch-retries=1 "$@"; }

# The pages in web/ are built by node. Where the system's is missing or too old (Debian 12 has 18), npm's own package
# of it goes to build/tools.
need_node() {
  export PATH="$PWD/build/tools/node_modules/.bin:$PATH"
  node_is_new_enough && return
  say "installing node 20 under build/tools"
  mkdir -p build/tools
  npm_quietly install --prefix build/tools --no-save node@20 && node_is_new_enough && return
  say "node 20.19 or newer is needed to build the pages in web/, and npm could not bring it; install it" >&2
  exit 1
}

install_modules() { npm_quietly ci --prefix "$1" && touch "$1/node_modules/.package-lock.json"; }

# want_modules FOLDER MARK: the npm packages that a folder's lock names.
want_modules() {
  local lock=$1/package-lock.json laid=$1/node_modules/.package-lock.json
  [ -e "$laid" ] && [ ! "$lock" -nt "$laid" ] || want "npm packages of $1" "$2" install_modules "$1"
}

python_home=build/clients/python

install_for_python() {
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  if [ ! -x "$python_home/bin/pip" ] && ! "$python" -m venv "$python_home"; then
    rm -rf "$python_home"
    return 1
  fi
  "$python_home/bin/pip" --disable-pip-version-check -q install --retries 1 "$1"
}

prepare_clients() {
  want_modules clients/node modules
  local package
  for package in duo_client duo_universal fido2; do
    compgen -G "$python_home/lib/python3*/site-packages/$package/__init__.py" >/dev/null ||
      want "the newest $package for Python under $python_home" "$package" install_for_python "$package"
  done
}

need_to_run
[ "$wanted" = run ] || need_to_test
if [ -n "$only_say" ]; then
  [ ${#missing[@]} = 0 ] || { printf '%s\n' "${missing[@]}"; exit 1; }
  exit 0
fi
[ ${#missing[@]} = 0 ] || install_packages
need_node
want_modules clients/demo demo
[ "$wanted" = run ] || prepare_clients
