#!/usr/bin/env python3
"""Runs clients/test_*.py, each with a time limit, and closes with the sum: `N passed, N failed, N skipped`.

    clients/run.py                  all
    clients/run.py login_duo perl   only test_login_duo.py and test_perl.py
    clients/run.py -j 1 …           one at a time (otherwise two run beside each other; most of them wait)

A test file may say in its first lines `# runs: alone` (it measures times or memory; it goes after the others, by itself)
and `# limit: 600 s` (it needs longer than the usual limit).
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_S = 240
HEAD_LINES = 20
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


def said(path, pattern):
    """What the first lines of a test file say to this program."""
    head = "\n".join(path.read_text().splitlines()[:HEAD_LINES])
    return re.search(pattern, head, re.M)


def run(path):
    """One test file; gives its name, its lines, its counts and its time."""
    limit_s = int(match[1]) if (match := said(path, r"^# limit: (\d+) s$")) else LIMIT_S
    since = time.monotonic()
    process = subprocess.Popen([sys.executable, str(path)], cwd=HERE, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        text, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the group of its own, with the server it started
        text, _ = process.communicate()
        text += f"FAIL  {path.stem}: did not end within {limit_s} s\n"
    lines = text.splitlines()
    counts = [0, 0, 0]
    if lines and (match := CLOSING.match(lines[-1])):
        counts = [int(n) for n in match.groups()]
        lines.pop()
    elif process.returncode == 0:
        lines.append(f"FAIL  {path.stem}: ended without its closing line")
    if process.returncode != 0 and counts[1] == 0:
        counts[1] = 1
    return path.stem.removeprefix("test_"), lines, counts, time.monotonic() - since


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    files = sorted(HERE.glob("test_*.py"))
    unknown = [name for name in options.names if not (HERE / f"test_{name}.py").exists()]
    if unknown:
        parser.error(f"no test named {', '.join(unknown)}; there are: "
                     + " ".join(file.stem.removeprefix("test_") for file in files))
    if options.names:
        files = [file for file in files if file.stem.removeprefix("test_") in options.names]
    alone = [file for file in files if said(file, r"^# runs: alone$")]
    total = [0, 0, 0]
    for batch, jobs in ([file for file in files if file not in alone], max(1, options.jobs)), (alone, 1):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in concurrent.futures.as_completed([pool.submit(run, file) for file in batch]):
                name, lines, counts, took = done.result()
                print(f"-- {name} ({took:.0f} s)")
                print("\n".join("  " + line for line in lines), flush=True)
                total = [a + b for a, b in zip(total, counts)]
    print("{} passed, {} failed, {} skipped".format(*total))
    return int(total[1] > 0)


if __name__ == "__main__":
    sys.exit(main())
