#!/usr/bin/env python3
"""House rules that a machine can read: include direction, purity of core/, sizes, coroutine traps, naming of tests."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, FILE_LINES, TEST_LINES, HEADER_LINES = 120, 500, 800, 150

may, third = {}, {}
for line in (ROOT / "tools/layers.txt").read_text().splitlines():
    if words := line.split():
        may[words[0]] = [w for w in words[1:] if w[0] != "+"] + [words[0]]
        third[words[0]] = tuple(w[1:] for w in words[1:] if w[0] == "+")
guarded = tuple(sorted({h for hs in third.values() for h in hs}))

IMPURE = re.compile(
    r"\b(std::(thread|mutex|jthread|random_device|cout|cerr|ofstream|ifstream|getenv)|co_await|co_return"
    r"|(system|steady)_clock::now|std::time|::time|fopen|getenv|rand)\b")
TRAP = re.compile(r"co_await\b[^;]*?(\b[A-Z]\w*\s*\{|\(\s*\{|\[[^\]&]*[\w=]+[^\]]*\]\s*[({])")
COROUTINE = re.compile(r"\bco_(await|return|yield)\b")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w_])sleep\(")
SQL = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b', re.I)


def layer_of(path):
    return max((l for l in may if path == l or path.startswith(l + "/")), key=len, default=None)


def check(path, say):
    rel = path.relative_to(ROOT / "src").as_posix()
    layer, text, test = layer_of(rel), path.read_text(), "_test." in rel
    if not layer:
        return say(1, "folder is not in tools/layers.txt")
    lines = text.splitlines()
    if len(lines) > (TEST_LINES if test else FILE_LINES):
        say(len(lines), "file is longer than a sitting")
    if rel.endswith(".h") and len(lines) > HEADER_LINES:
        say(len(lines), "header is longer than a contract")
    if rel.endswith(".h") and "#pragma once" not in text:
        say(1, "header without #pragma once")
    for n, line in enumerate(lines, 1):
        if len(line) > WIDTH:
            say(n, f"line is wider than {WIDTH} columns")
        code = line.split("//")[0]
        if m := re.match(r'\s*#\s*include\s+(["<])([^">]+)', line):
            name = m[2]
            if m[1] == '"' and not (test and name.startswith("testing/")) and not name.startswith("embedded/"):
                if not any(name.startswith(l + "/") for l in may[layer]):
                    say(n, f"{layer}/ may not include {name}")
                elif layer in ("faces", "delivery") and name.startswith(layer) and name.split("/")[1] != rel.split("/")[1]:
                    say(n, f"siblings in {layer}/ do not know each other")
            elif m[1] == "<" and name.startswith(guarded) and not name.startswith(third[layer] or ("\0",)):
                say(n, f"{layer}/ may not include <{name}>")
            continue
        if layer.startswith("core") and not test and (m := IMPURE.search(code)):
            say(n, f"core/ is pure: {m[0]}")
        if TRAP.search(code):
            say(n, "temporary aggregate or capturing lambda inside co_await (g++ 12 double free): name it first")
        if layer not in ("net", "delivery") and COROUTINE.search(code):
            say(n, "coroutines live in net/ and delivery/ only")
        if SLEEP.search(code):
            say(n, "time never sleeps: wait for a condition, or take a clock")
        if SQL.search(code) and layer == "store" and not test:
            say(n, "SQL stands in queries/*.sql")


def main():
    bad = []
    for path in sorted((ROOT / "src").rglob("*.[hc]*")):
        if path.suffix in (".h", ".cc"):
            rel = path.relative_to(ROOT)
            check(path, lambda n, what: bad.append(f"{rel}:{n}: {what}"))
    print("\n".join(bad + [f"{len(bad)} untidy"]))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
