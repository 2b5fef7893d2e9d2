#!/usr/bin/env python3
"""The promises of speed about signing in, measured end to end: TLS keep-alive, signed requests, durable answers.

    bench/promises.py [--users 10000,5000000] [--stores sqlite,postgresql] [--seconds 5] [--runs 3]

For each population it fills a database, starts build/release/countersign on it and drives it with
build/release/bench/load; server and load share this machine. Codes to exchange are made by build/release/bench/codes.
Prints one line a figure: the median of the runs, the target, the ratio, the command.
Databases are kept in build/bench and used again.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "clients"))
import harness  # noqa: E402
import postgres_cluster  # noqa: E402

BENCH = ROOT / "build/release/bench"
CONNECTIONS = 256
WEB_APPLICATIONS = 100
EXCHANGES_A_SECOND_MAX = 20_000  # codes are made for so many
CODES_GOOD_FROM_S = 20           # the server starts, and warms up, before the codes' minute begins


def population(users):
    """100,000 tenants for the large world, a hundred for the small one; TOTP where each user signs in once."""
    return (100_000, "totp") if users >= 1_000_000 else (100, "hotp")


def seed(folder, database, users):
    tenants, codes = population(users)
    mark = folder / f"seeded-{tenants}-{users}-{codes}"
    if mark.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.time()
    subprocess.run([BENCH / "seed", folder / "data", database, str(tenants), str(users), codes], check=True)
    print(f"seeded {users} users in {time.time() - started:.0f} s", flush=True)
    mark.touch()


def load(server, mode, users, seconds, rate=0, connections=CONNECTIONS):
    tenants, codes = population(users)
    counters = server.data / ("codes" if mode == "exchange" else "counters")
    command = [BENCH / "load", mode, "localhost", str(server.port), server.ca, str(tenants), str(users), codes,
               str(connections), str(seconds), str(rate), counters]
    before = cpu_s(server.process.pid)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    if done.stderr:
        print(done.stderr.strip(), flush=True)
    figure = json.loads(done.stdout)
    figure["server_us"] = round((cpu_s(server.process.pid) - before) * 1e6 / figure["answers"], 1)
    if figure["expected"] < 0.99 * figure["answers"]:
        raise SystemExit(f"only {figure['expected']} of {figure['answers']} answers were as expected")
    return figure


def say(what, figure, unit, target=None, more="", higher_is_better=True):
    ratio = ""
    if target:
        ratio = f"  target {target:g} {unit}  ratio {figure / target if higher_is_better else target / figure:.2f}"
    print(f"{what}: {figure:g} {unit}{ratio}{more}", flush=True)


def cpu_s(pid):
    """Seconds of processor that a process and its keys' process have used, in all their threads."""
    children = [one for thread in pathlib.Path(f"/proc/{pid}/task").iterdir() for one in (thread / "children").read_text().split()]
    ticks = 0
    for process in [str(pid), *children]:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def median_of(runs, call):
    figures = [call() for _ in range(runs)]
    return sorted(figures, key=lambda f: f["per_s"])[len(figures) // 2]


def measure(name, database, folder, users, options):
    seed(folder, database, users)
    server = harness.Server(arguments=["--database", database], folder=folder)
    try:
        say(f"{name}: ready after start", server.ready["took_ms"], "ms", 300, higher_is_better=False)
        say(f"{name}: resident memory idle", round(resident_mib(server.process.pid), 1), "MiB", 64, higher_is_better=False)
        load(server, "auth", users, 1)
        auth = median_of(options.runs, lambda: load(server, "auth", users, options.seconds))
        say(f"{name}: durable passcode authentications", auth["per_s"], "/s", 15_000,
            f"  p50 {auth['p50_ms']} ms p99 {auth['p99_ms']} ms, {auth['server_us']} µs of processor each")
        half = load(server, "auth", users, options.seconds, rate=auth["per_s"] / 2)
        say(f"{name}: p99 at half load", half["p99_ms"], "ms", 10, f"  p50 {half['p50_ms']} ms at {half['per_s']}/s",
            higher_is_better=False)
        pre = median_of(options.runs, lambda: load(server, "preauth", users, options.seconds))
        say(f"{name}: preauth", pre["per_s"], "/s", 40_000, f"  p50 {pre['p50_ms']} ms p99 {pre['p99_ms']} ms, {pre['server_us']} µs of processor each")
        steps = {"ping": load(server, "ping", users, options.seconds), "check": load(server, "check", users, options.seconds),
                 "preauth": pre, "auth": auth}
        break_down(name, steps)
        say(f"{name}: resident memory after load", round(resident_mib(server.process.pid), 1), "MiB")
    finally:
        server.stop()


def measure_wall(name, database, folder, users, options):
    """What keys behind a process wall cost an authentication, each way in turn so that both see the same machine."""
    figures = {"own": [], "inside": []}
    for _ in range(options.runs):
        for where, seen in figures.items():
            server = harness.Server(config=f"[keys]\nprocess = \"{where}\"\n", arguments=["--database", database], folder=folder)
            try:
                load(server, "auth", users, 1)
                seen.append(load(server, "auth", users, options.seconds))
            finally:
                server.stop()
    own, inside = (sorted(f["server_us"] for f in seen)[len(seen) // 2] for seen in figures.values())
    rates = [sorted(f["per_s"] for f in seen)[len(seen) // 2] for seen in figures.values()]
    say(f"{name}: the keys' process, of an authentication", round(100 * (own / inside - 1), 1), "%", 25,
        f"  {own} µs of processor each, {inside} with the keys inside; {rates[0]} and {rates[1]}/s", higher_is_better=False)


def exchange(database, folder, users, seconds):
    """One run: new codes while the server is down, for they live a minute; then each is exchanged once."""
    count = int(seconds * EXCHANGES_A_SECOND_MAX)
    subprocess.run([BENCH / "codes", folder / "data", database, str(WEB_APPLICATIONS), str(count),
                    str(CODES_GOOD_FROM_S), folder / "data/codes"], check=True)
    server = harness.Server(arguments=["--database", database], folder=folder)
    try:
        load(server, "preauth", users, 1)
        return load(server, "exchange", users, seconds)
    finally:
        server.stop()


def measure_exchanges(name, database, folder, users, options):
    figure = median_of(options.runs, lambda: exchange(database, folder, users, options.seconds))
    say(f"{name}: code exchanges (assertion, its jti, the code, durable)", figure["per_s"], "/s", 5_000,
        f"  p50 {figure['p50_ms']} ms p99 {figure['p99_ms']} ms, {figure['server_us']} µs of processor each")


def break_down(name, steps):
    """What each further step of a request costs the server's processor: each mode does what the one before does, and more."""
    what = {"ping": "TLS, HTTP, a reply", "check": "application, signature", "preauth": "parameters, user, policy, devices",
            "auth": "code, sealed event, commit"}
    before = 0
    for mode, text in what.items():
        cost = steps[mode]["server_us"]
        print(f"{name}: cost of {text}: {cost - before:.1f} µs ({mode}: {cost} µs, {steps[mode]['per_s']}/s)", flush=True)
        before = cost


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", default="10000,5000000")
    arguments.add_argument("--stores", default="sqlite,postgresql")
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    print("command: bench/promises.py " + " ".join(sys.argv[1:]), flush=True)
    for store in options.stores.split(","):
        for users in map(int, options.users.split(",")):
            name = f"{store}, {users} users"
            folder = ROOT / "build/bench" / f"{store}-{users}"
            if store == "sqlite":
                measure(name, "sqlite", folder, users, options)
                measure_wall(name, "sqlite", folder, users, options)
                measure_exchanges(name, "sqlite", folder, users, options)
            else:
                with postgres_cluster.running(ROOT / "build/bench" / f"cluster-{users}") as url:
                    measure(name, url, folder, users, options)
                    measure_exchanges(name, url, folder, users, options)


if __name__ == "__main__":
    main()
