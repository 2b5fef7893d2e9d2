#!/usr/bin/env python3
"""PostgreSQL loses its power or stands still, under load: 503 within 2 s, recovery by itself, and the log agrees.

COUNTERSIGN_PG_KILLS says how often the power goes (4).
"""
import json
import os
import random
import subprocess
import threading
import time

import faults
import ledger
import own_postgres
from harness import (Refused, Server, check, expect, expect_equal, main, need_command, program,
                     temporary_folder)

KILLS = int(os.environ.get("COUNTERSIGN_PG_KILLS", "4"))
PEOPLE = 5

database = own_postgres.start()
server = Server(arguments=["--database", database.url])
tenant = server.tenant("Acme")
app = server.app(tenant)
people = faults.People(server, tenant, app, PEOPLE)
chance = random.Random(15)


@check(f"power cut, {KILLS} times under load: 503 within 2 s, recovery without a restart, no code works twice")
def _():
    expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "before")
    used = {}
    for round_number in range(KILLS):
        stop, errors = threading.Event(), []
        people.slowest = 0.0

        def work(name):
            client = people.client()
            token = people.tokens[name]
            while not stop.is_set():
                counter = token.counter
                try:
                    seen = people.sign_in(client, name)
                except Exception as error:
                    errors.append(f"{name}: {error}")
                    return
                if seen == "allow":
                    used[name] = token.at(counter)
                elif seen == ledger.AWAY:
                    token.counter += 1  # the code may have been taken before the power went; the next one is fresh
                    return
                else:
                    errors.append(f"{name}: a fresh code was told {seen}")
                    return

        threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in people.tokens]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.1, 0.4))
        database.cut_power()
        stop.set()
        for thread in threads:
            thread.join(30)
            expect(not thread.is_alive(), "a client hangs")
        expect_equal(errors, [], "what went wrong under load")
        expect(people.slowest < faults.AWAY_MAX_S, f"an answer took {people.slowest:.1f} s")
        faults.expect_away(server, app, "user0", reads=False)
        expect_equal(faults.readyz(server).status, 503, "/readyz")
        slowest = people.slowest
        database.start()
        print(f"      cut {round_number + 1}: the slowest answer took {slowest:.2f} s, recovered "
              f"{people.until('allow'):.2f} s after PostgreSQL", flush=True)
        client = people.client()
        for name, code in used.items():
            expect_equal(people.book.offer(client, name, code), "deny", f"{name}: a used code after the cut")
        client.close()
        faults.expect_nothing_left(server, app, round_number)
    people.book.check(server.history(tenant), away_left_nothing=False)


@check("a database that stands still: 503 within 2 s, also on the command line, and it goes on by itself")
def _():
    people.until("allow")
    people.slowest = 0.0
    database.stand_still()
    try:
        expect_equal(people.all_at_once(), [ledger.AWAY] * PEOPLE, "while it stands still")
        print(f"      the slowest 503 took {people.slowest:.2f} s", flush=True)
        expect(people.slowest < faults.AWAY_MAX_S, f"a 503 took {people.slowest:.1f} s")
        faults.expect_away(server, app, "user0", reads=False)
        expect_equal(faults.readyz(server).status, 503, "/readyz")
    finally:
        database.go_on()
    for token in people.tokens.values():
        token.counter += 1  # the commit may have been on its way; the next code is fresh
    print(f"      recovered {people.until('allow'):.2f} s after it went on", flush=True)
    people.book.check(server.history(tenant), away_left_nothing=False)


def sql(text):
    done = subprocess.run([need_command("psql", "postgresql-client"), "--quiet", "--no-psqlrc", "--command", text,
                           database.url], capture_output=True, text=True, timeout=20)
    expect_equal(done.returncode, 0, done.stderr)


@check("its disk is full (53100): what the ledger must record is refused, sign-ins are tried, and all goes on by itself")
def _():
    people.until("allow")
    sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'No space left on device' "
        "USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON history EXECUTE FUNCTION full_disk()")
    expect_equal(people.all_at_once(), [ledger.AWAY] * PEOPLE, "where nothing fits")
    sql("DROP TRIGGER full_disk ON history")  # from here on there is room for sign-ins
    try:
        server.run("user", "list", "--tenant", "Acme")
        expect(False, "a list was given out although its event may not fit")
    except Refused as refused:
        expect_equal((refused.code, "disk is full" in refused.text), (3, True), refused.text)
    expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "where a row fits")
    expect_equal(faults.readyz(server).json["store"], "short of room", "/readyz")
    faults.until_room(server)
    people.book.check(server.history(tenant), away_left_nothing=False)


@check("a server started while the database is away says so and exits 3")
def _():
    database.stop()
    try:
        words = ["--data", str(temporary_folder() / "data"), "--listen", "127.0.0.1:0", "--database", database.url]
        done = subprocess.run([program(), "serve", *words], capture_output=True, text=True, timeout=20)
        expect_equal((done.returncode, done.stdout), (3, ""), f"it said {done.stderr!r}")
        expect_equal(done.stderr.count("\n"), 1, f"lines on stderr: {done.stderr!r}")
    finally:
        database.start()
    people.until("allow")


@check("the operator's log says that the database was away, and nothing of a failure inside")
def _():
    for line in (server.folder / "serve.log").read_text().splitlines():
        event = json.loads(line)
        expect("password" not in line and database.url not in line, f"the database's URL in the log: {line}")
        expect(not str(event.get("detail")).startswith("http.handler"), line)


main([server, database])
