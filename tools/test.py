#!/usr/bin/env python3
"""Runs the test suites and closes with one line, `N passed, N failed, N skipped`, their sum.

    tools/test.py                 every suite, in the order below
    tools/test.py tidy unit       only these

A suite that cannot run (its build fails) counts as one failure; the others go on, so that one run says all there is.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
JOBS = str(os.cpu_count() or 2)
PROGRAM_LIMIT_S = 600


class Tally:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __add__(self, other):
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, **options):
    return subprocess.run(command, cwd=ROOT, **options).returncode == 0


def verdict(ok):
    return Tally(passed=int(ok), failed=int(not ok))


def configure(preset):
    """The pages come first: the program has them inside."""
    log = ROOT / "build" / f"{preset}.log"
    log.parent.mkdir(exist_ok=True)
    if not run(["tools/web.sh"]):
        return False
    with open(log, "w") as out:
        if not run(["cmake", "--preset", preset], stdout=out, stderr=subprocess.STDOUT):
            print(log.read_text())
            return False
    return True


def build(preset, targets=()):
    """Configures and builds a preset; every tenth of the way is shown, and whatever the compiler says."""
    if not configure(preset):
        return False
    command = ["cmake", "--build", f"build/{preset}", "-j", JOBS]
    if targets:
        command += ["--target", *targets]
    if sys.stdout.isatty():
        return run(command)
    shown = -1
    ninja = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in ninja.stdout:
        if step := re.match(r"\[(\d+)/(\d+)\]", line):
            tenth = int(step[1]) * 10 // int(step[2])
            if tenth == shown:
                continue
            shown = tenth
        print("  " + line.rstrip(), flush=True)
    return ninja.wait() == 0


ADD_TEST = re.compile(r'add_test\((?:\[=\[)?(.+?)(?:\]=\])? "([^"]+)"')


def test_programs(preset, keep):
    """The tests of a configured preset, built or not, as {name: program}, those for which keep(program) holds."""
    listed = "\n".join(path.read_text() for path in (ROOT / "build" / preset).rglob("CTestTestfile.cmake"))
    programs = {name: pathlib.Path(command).name for name, command in ADD_TEST.findall(listed)}
    return {name: program for name, program in programs.items() if keep(program)}


def googletest_tally(result_file):
    """Counts the single tests in a GoogleTest report; None where the program did not live to write one."""
    try:
        report = json.loads(result_file.read_text())
    except (OSError, ValueError):
        return None
    tally = Tally()
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            if test.get("failures"):
                tally.failed += 1
            elif test.get("result") == "SKIPPED" or test.get("status") == "NOTRUN":
                tally.skipped += 1
            else:
                tally.passed += 1
    return tally


def run_programs(preset, programs):
    if not programs:
        print("  there is nothing to run")
        return verdict(False)
    results = ROOT / "build" / preset / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    names = "^(" + "|".join(re.escape(name) for name in programs) + ")$"
    environment = dict(os.environ, GTEST_OUTPUT=f"json:{results}/", GTEST_BRIEF="1",
                       ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1",
                       UBSAN_OPTIONS="print_stacktrace=1", TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
    run(["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--timeout", str(PROGRAM_LIMIT_S), "-j", JOBS,
         "--tests-regex", names, "--output-junit", str(results / "ctest.xml")], env=environment)
    total = Tally()
    reported = {case.get("name"): case.find("failure") is None and case.get("status") == "run"
                for case in xml.parse(results / "ctest.xml").getroot().iter("testcase")}
    for name, program in programs.items():
        ok = reported.get(name, False)
        tally = googletest_tally(results / f"{program}.json") or verdict(ok)
        if not ok and tally.failed == 0:  # it crashed, ran too long or a sanitizer spoke up at the end
            tally.failed += 1
            print(f"  {name}: the program failed as a whole")
        total += tally
    return total


def sanitized(preset, keep):
    """Builds only the test programs of a preset and runs them."""
    if not configure(preset):
        return verdict(False)
    programs = test_programs(preset, keep)
    return run_programs(preset, programs) if build(preset, sorted(set(programs.values()))) else verdict(False)


def tidy():
    return verdict(run([sys.executable, "tools/tidy.py"]))


def docs():
    return verdict(run([sys.executable, "tools/docs.py"]))


def web():
    """Builds the pages, checks their types, runs their unit tests. Suites after this one find what it built."""
    counts = ROOT / "build" / "web" / "tests.json"
    counts.unlink(missing_ok=True)
    ok = run(["tools/web.sh", "test"])
    try:
        report = json.loads(counts.read_text())
        tally = Tally(report["numPassedTests"], report["numFailedTests"], report["numPendingTests"])
    except (OSError, ValueError, KeyError):
        return verdict(False)
    if tally.passed == 0 or (not ok and tally.failed == 0):  # types do not fit, or a file did not load
        tally.failed += 1
    return tally


def release():
    return verdict(build("release", ["countersign", "incident_seed", "ledger_whole"]))


def unit():
    return run_programs("dev", test_programs("dev", lambda program: True)) if build("dev") else verdict(False)


def asan():
    return sanitized("asan", lambda program: True)


def tsan():
    return sanitized("tsan", lambda program: program.endswith("_test"))


def clients():
    process = subprocess.Popen([sys.executable, "clients/run.py"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    last = None
    for line in process.stdout:
        if match := CLOSING.match(line.rstrip()):
            last = match
        else:
            print(line, end="", flush=True)
    code = process.wait()
    tally = Tally(*(int(n or 0) for n in last.groups())) if last else Tally()
    if code != 0 and tally.failed == 0:
        tally.failed += 1
    return tally


SUITES = {
    "tidy": ("house rules", tidy),
    "docs": ("documents", docs),
    "web": ("pages", web),
    "release": ("release build", release),
    "unit": ("unit tests", unit),
    "clients": ("other people's clients", clients),
    "asan": ("address and undefined behaviour sanitizers", asan),
    "tsan": ("thread sanitizer", tsan),
}


def main(names):
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"no suite named {', '.join(unknown)}; there are: {' '.join(SUITES)}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    lines, total = [], Tally()
    for name in names or SUITES:
        title, suite = SUITES[name]
        print(f"\n=== {title} " + "=" * (70 - len(title)), flush=True)
        since = time.monotonic()
        tally = suite()
        lines.append(f"  {title:<44} {tally}  ({time.monotonic() - since:.0f} s)")
        print(lines[-1], flush=True)
        total += tally
    print("\n=== summary " + "=" * 63)
    print("\n".join(lines))
    print(f"  total time {time.monotonic() - begun:.0f} s")
    print(total, flush=True)
    return int(total.failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
