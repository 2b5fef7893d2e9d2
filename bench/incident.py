#!/usr/bin/env python3
"""The incident of April 2024 replayed: a month of many tenants, a credential that reads some of them day after day and
makes an API key on the way; what `incident scope` and `incident bundle` say of it, held against what is true.

    bench/incident.py                      5,000 tenants: what `make bench` runs, in two minutes
    bench/incident.py --full               100,000 tenants, 40 million messages, 5 million reads, 1,000 of them stolen:
                                           20 minutes and 21 GB for the first time; the database is used again
    bench/incident.py --tenants N --messages N --reads N --stolen N [--every N] [--folder DIR]

Of so many messages (--every) one went through the supplier, and half of these are on its list of what was stolen.

build/release/bench/incident_seed fills a database and writes the truth aside; then build/release/countersign answers.
Prints a line for each figure with its promise; ends with 1 where an answer differs from the truth or a promise is missed.
"""
import argparse
import base64
import calendar
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "clients"))
import harness  # noqa: E402

SEED = pathlib.Path(os.environ.get("INCIDENT_SEED", ROOT / "build/release/bench/incident_seed"))
WHOLE = SEED.parent / "ledger_whole"
VERIFIER = ROOT / "clients/ledger/verify.py"
MONTH = ("--from", "2026-03-01T00:00:00Z", "--to", "2026-04-01T00:00:00Z")
UNGUARDED = "[guards]\noperator_tenants_an_hour = 0\noperator_tenants_a_month = 0\n"
SAMPLE = 20       # bundles that the independent verifier looks at too
LIMIT_S = 3_600   # of one command
TRIES_MAX = 200   # tenants that the thief tries to read

failures = []


def say(what, figure, unit, promise=None):
    text = f"{what}: {figure:g} {unit}"
    if promise is not None:
        text += f"  promise {promise:g} {unit}"
        if figure > promise:
            failures.append(text)
    print(text, flush=True)


def same(what, is_true, said):
    if is_true == said:
        print(f"{what}: exactly the truth", flush=True)
        return
    wrong = [key for key in is_true.keys() | said.keys() if is_true.get(key) != said.get(key)]
    failures.append(f"{what}: {len(wrong)} of {len(is_true)} differ, {wrong[0]}: true {is_true.get(wrong[0])}, "
                    f"said {said.get(wrong[0])}")
    print(failures[-1], flush=True)


def seed(folder, sizes):
    mark = folder / "-".join(["seeded", *map(str, sizes)])
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        started = time.monotonic()
        with open(folder / "seed.log", "w") as log:
            subprocess.run([SEED, folder / "data", *map(str, sizes)], check=True, stderr=log,
                           env=dict(os.environ, SQLITE_TMPDIR=str(folder)))
        print(f"seeded in {time.monotonic() - started:.0f} s", flush=True)
        mark.touch()
    with sqlite3.connect(folder / "data/countersign.db") as database:  # what an earlier run has used up
        database.execute("DELETE FROM tenant_reads")
        database.execute("DELETE FROM budgets")
    return json.loads((folder / "truth.json").read_text())


def ask(server, *words, json_output=True):
    """The rows of an answer, and how long it took."""
    started = time.monotonic()
    command = [harness.program(), *map(str, words), "--data", str(server.data)] + (["--json"] if json_output else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    took = time.monotonic() - started
    if done.returncode:
        raise harness.Refused(words, done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()] if json_output else done.stdout, took


def ms(text):
    """Milliseconds since 1970 of a time as the command line prints it, or of seconds."""
    if isinstance(text, (int, float)):
        return int(text * 1000)
    whole = re.fullmatch(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?Z", text)
    return calendar.timegm(tuple(map(int, whole.groups()[:6]))) * 1000 + int((whole[7] or "0").ljust(3, "0")[:3])


# ---- The theft against the default budgets --------------------------------------------------------------------------

def theft(folder, tenants):
    """Tenant after tenant by the command line, until it is refused for good."""
    server = harness.Server(folder=folder)
    got, refused = [], 0
    for tenant in (f"DABENCH{number:013}" for number in range(min(TRIES_MAX, tenants))):
        try:
            rows, _ = ask(server, "log", "auth", "--tenant", tenant, *MONTH)
            got.append(tenant)
        except harness.Refused as why:
            refused += 1
            if refused >= 5:
                print(f"  refused: {why.text.strip()}", flush=True)
                break
    server.stop()
    say("tenants that a stolen operator's login reads in its first hour", len(got), "tenants", 0.001 * max(tenants, 100_000))
    if not refused:
        failures.append("the thief was never refused")


# ---- Scope ------------------------------------------------------------------------------------------------------------

def true_rows(truth, users):
    keys = ["returned", "released", "viewed", "events"] + (["users", "numbers"] if users else [])
    return {tenant: {key: one[key] for key in keys} | {"first": one["first_ms"], "last": one["last_ms"]}
            for tenant, one in truth["stolen"].items()}


def said_rows(rows, users):
    keys = ["returned", "released", "viewed", "events"] + (["users", "numbers"] if users else [])
    return {row["tenant_id"]: {key: row[key] for key in keys} | {"first": ms(row["first_read"]), "last": ms(row["last_read"])}
            for row in rows[:-1]}


def scopes(server, truth):
    by = ("--credential", truth["credential"], *MONTH)
    rows, took = ask(server, "incident", "scope", *by)
    say(f"scope of a credential: {len(rows) - 1} tenants, {rows[-1]['returned']} rows, {rows[-1]['events']} events",
        round(took, 2), "s", 5)
    same("tenants, rows, events, first and last read", true_rows(truth, False), said_rows(rows, False))
    same("what descends from it", {one: 1 for one in truth["descendants"]}, {one: 1 for one in rows[-1]["descendants"]})
    same("changes by it", {"changes": 1}, {"changes": rows[-1]["changes"]})
    return rows[-1]["scope_id"]


def users(server, truth):
    rows, took = ask(server, "incident", "scope", "--credential", truth["credential"], *MONTH, "--users")
    say("scope with users and numbers counted in the opened rows", round(took, 1), "s")
    if {row["counted_by"] for row in rows[:-1]} != {"opened rows"}:
        failures.append("users were not counted in the opened rows")
    same("users and numbers", true_rows(truth, True), said_rows(rows, True))


def suppliers(server, truth, folder):
    def compare(what, is_true, rows, took, promise=None):
        say(f"{what}: {len(rows) - 1} tenants, {rows[-1]['returned']} messages", round(took, 2), "s", promise)
        said = {row["tenant_id"]: {"returned": row["returned"], "first_ms": ms(row["first_read"]),
                                   "last_ms": ms(row["last_read"])} for row in rows[:-1]}
        same("what went through the supplier", is_true, said)

    by = ("--supplier", truth["supplier"], *MONTH)
    compare("scope of a supplier without a list", truth["sent"], *ask(server, "incident", "scope", *by))
    rows, took = ask(server, "incident", "scope", *by, "--refs", folder / "stolen.csv")
    compare("scope of a supplier with its list", truth["listed"], rows, took, 5)
    tenant, out = max(truth["listed"], key=lambda one: truth["listed"][one]["returned"]), folder / "supplier"
    shutil.rmtree(out, ignore_errors=True)
    _, took = ask(server, "incident", "bundle", "--scope", rows[-1]["scope_id"], "--tenant", tenant, "--out", out)
    say("the bundle of one tenant of it", round(took, 2), "s")
    same("its rows", {tenant: truth["listed"][tenant]["returned"]}, {tenant: len(rows_in(out / tenant))})
    shutil.rmtree(out)
    say("the list", round((folder / "stolen.csv").stat().st_size / 1e6, 2), "MB")


# ---- Bundles ------------------------------------------------------------------------------------------------------------

def rows_in(folder):
    """The rows of a bundle's files, by epoch: as a set of (epoch, number)."""
    out = set()
    for path in folder.glob("exposed*.mfae"):
        for line in path.read_text().splitlines():
            row = json.loads(line).get("row")
            if isinstance(row, str):
                data = base64.b64decode(row + "=" * (-len(row) % 4), altchars=b"-_" if "-" in row or "_" in row else None)
                out.add((data[:16].hex(), int.from_bytes(data[16:24], "big")))
    return out


def true_set(one):
    out = set()
    for epoch, ranges in one["rows"].items():
        for part in ranges.split(","):
            first, _, last = part.partition("-")
            out |= {(epoch, number) for number in range(int(first), int(last or first) + 1)}
    return out


def bundles(server, truth, scope, folder):
    out = folder / "bundles"
    shutil.rmtree(out, ignore_errors=True)
    _, took = ask(server, "incident", "bundle", "--scope", scope, "--out", out)
    made = sorted(path for path in out.iterdir() if path.is_dir())
    say(f"bundles for {len(made)} tenants", round(took, 1), "s", 300)
    same("tenants with a bundle", {one: 1 for one in truth["stolen"]}, {path.name: 1 for path in made})
    policy = folder / "policy"
    policy.write_text(ask(server, "ledger", "policy", json_output=False)[0])
    started, verified = time.monotonic(), 0
    for path in made:
        done = subprocess.run([harness.program(), "verify", path, "--policy", policy], capture_output=True, text=True)
        verified += done.returncode == 0
        if done.returncode:
            failures.append(f"{path.name}: {done.stderr.strip()}")
    say(f"of them `countersign verify` verifies, in {time.monotonic() - started:.0f} s", verified, "bundles")
    sample = random.Random(4).sample(made, min(SAMPLE, len(made)))
    good = exact = 0
    for path in sample:
        done = subprocess.run(["/usr/bin/python3", VERIFIER, "bundle", path, "--policy", policy], capture_output=True, text=True)
        good += done.returncode == 0
        exact += rows_in(path) == true_set(truth["stolen"][path.name])
        if done.returncode:
            failures.append(f"{path.name}: {done.stdout.strip()}{done.stderr.strip()}")
    say("of a sample clients/ledger/verify.py verifies", good, f"of {len(sample)} bundles")
    same("the sample's rows", {"exact": len(sample)}, {"exact": exact})
    shutil.rmtree(out)


# ---- The ledger ---------------------------------------------------------------------------------------------------------

def tenants_tree(server, truth, folder):
    """One tenant's export, verified by both verifiers; and refused once a leaf is flipped."""
    tenant = max(truth["stolen"], key=lambda one: truth["stolen"][one]["events"])
    out, policy = folder / "tree", folder / "policy"
    shutil.rmtree(out, ignore_errors=True)
    ask(server, "ledger", "export", "--tenant", tenant, "--out", out)
    policy.write_text(ask(server, "ledger", "policy", json_output=False)[0])
    for what, command in (("countersign verify", [harness.program(), "verify"]),
                          ("clients/ledger/verify.py tree", ["/usr/bin/python3", VERIFIER, "tree"])):
        before = os.times()
        done = subprocess.run([*command, out, "--policy", policy], capture_output=True, text=True)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        say(f"{what} of one tenant's tree, CPU", round(cpu, 2), "s", 2)
        if done.returncode:
            failures.append(f"{what}: {done.stdout}{done.stderr}")
    entries = sorted(path for path in (out / "tile/entries").rglob("*") if path.is_file())
    data = bytearray(entries[0].read_bytes())
    data[len(data) // 2] ^= 1
    entries[0].write_bytes(data)
    done = subprocess.run([harness.program(), "verify", out, "--policy", policy], capture_output=True, text=True)
    same("a flipped leaf", {"refused": True}, {"refused": done.returncode == 1 and "REFUSED" in done.stderr})
    shutil.rmtree(out)


def whole_ledger(folder):
    started = time.monotonic()
    done = subprocess.run([WHOLE, folder / "data", folder / "policy", "100"], capture_output=True, text=True)
    print(done.stdout.rstrip(), flush=True)
    say("the whole ledger verified, with 100 leaves flipped or dropped", round(time.monotonic() - started, 1), "s")
    if done.returncode:
        failures.append(f"ledger_whole: {done.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tenants", 5_000), ("messages", 2_000_000), ("reads", 250_000), ("stolen", 100),
                          ("every", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    sizes = [arguments.tenants, arguments.messages, arguments.reads, arguments.stolen, arguments.every]
    if arguments.full:
        sizes = [100_000, 40_000_000, 5_000_000, 1_000, arguments.every]
    folder = arguments.folder or ROOT / "build/bench" / ("incident" if arguments.full else "incident-small")
    truth = seed(folder, sizes)
    print(f"{sizes[0]} tenants, {truth['messages']} messages, {truth['reads']} reads among {truth['entries']} events, "
          f"{truth['epochs']} epochs, {truth['dispatches']} messages through the supplier", flush=True)
    theft(folder, sizes[0])
    server = harness.Server(folder=folder, config=UNGUARDED)
    scope = scopes(server, truth)
    suppliers(server, truth, folder)
    tenants_tree(server, truth, folder)
    bundles(server, truth, scope, folder)
    users(server, truth)
    server.stop()
    whole_ledger(folder)
    for failure in failures:
        print(f"FAILED: {failure}", flush=True)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
