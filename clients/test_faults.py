#!/usr/bin/env python3
"""The disk is full, the database is locked, the file is gone: 503 quickly, nothing half-written, recovery by itself.

SQLite; test_faults_postgres.py does the same to PostgreSQL.
"""
import contextlib
import os
import shutil
import sqlite3
import subprocess

import faults
import ledger
from harness import Server, check, expect, expect_equal, main, program

PEOPLE = 6
DISK_MIB = 12


def made(server):
    tenant = server.tenant("Acme")
    app = server.app(tenant)
    return tenant, app, faults.People(server, tenant, app, PEOPLE)


def expect_whole(server, tenant, people, away_left_nothing=True):
    """The log agrees with what everybody was told, and the file is sound."""
    people.book.check(server.history(tenant), away_left_nothing)
    expect_equal(server.stop(), 0, "exit code")
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/countersign.db?mode=ro", uri=True)) as database:
        expect_equal(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")


@check("full disk without a reserve: 503 while it lasts, and the same codes work once there is room again")
def _():
    with faults.small_disk(DISK_MIB) as folder:
        filler = folder / "data" / "filler"
        server = Server(folder=folder, config="[store]\nreserve_mib = 0\n")
        try:
            tenant, app, people = made(server)
            expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "before")
            for round_number in (1, 2):
                faults.fill(filler)
                # The database's own log has room for a while.
                took = people.until(ledger.AWAY, limit_s=30)
                print(f"      round {round_number}: full after {took:.1f} s of sign-ins, "
                      f"the slowest answer took {people.slowest:.2f} s", flush=True)
                expect(people.slowest < faults.AWAY_MAX_S, f"an answer took {people.slowest:.1f} s")
                faults.expect_away(server, app, "user0", reads=True)
                filler.unlink()
                took = people.until("allow")
                faults.until_room(server)
                print(f"      round {round_number}: recovered {took:.2f} s after room was made", flush=True)
                faults.expect_nothing_left(server, app, round_number)
            expect_whole(server, tenant, people)
        finally:
            server.stop()


@check("locked: while another program holds the write lock writes are 503, reads go on, then everything goes on")
def _():
    server = Server()
    try:
        tenant, app, people = made(server)
        expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "before")
        other = sqlite3.connect(server.data / "countersign.db", isolation_level=None)
        for lock in ("EXCLUSIVE", "IMMEDIATE"):
            people.slowest = 0.0
            other.execute(f"BEGIN {lock}")
            expect_equal(people.all_at_once(), [ledger.AWAY] * PEOPLE, f"while locked ({lock})")
            print(f"      {lock}: the slowest 503 took {people.slowest:.2f} s", flush=True)
            expect(people.slowest < faults.AWAY_MAX_S, f"a 503 took {people.slowest:.1f} s")
            faults.expect_away(server, app, "user0", reads=True)
            expect_equal(faults.readyz(server).status in (200, 503), True, "/readyz answers")
            other.execute("ROLLBACK")
            took = people.until("allow")
            print(f"      {lock}: recovered within {took:.2f} s", flush=True)
            faults.expect_nothing_left(server, app, lock)
        other.close()
        expect_whole(server, tenant, people)
    finally:
        server.stop()


@check("gone: while the database file is elsewhere nothing is lost, and it comes back with the file")
def _():
    server = Server()
    try:
        tenant, app, people = made(server)
        expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "before")
        aside = server.folder / "aside"
        aside.mkdir()
        names = [file.name for file in server.data.glob("countersign.db*")]
        for name in names:
            os.rename(server.data / name, aside / name)
        # Answering from the file that is still open would be right too; answering wrongly would not.
        seen = people.all_at_once()
        expect(set(seen) <= {"allow", ledger.AWAY}, f"without its file: {seen}")
        print(f"      without its file: {seen.count(ledger.AWAY)} of {PEOPLE} are 503", flush=True)
        expect_equal(faults.ping(server).status, 200, "ping")
        expect(not (server.data / "countersign.db").exists(), "a new, empty database must not be made in its place")
        for name in names:
            os.rename(aside / name, server.data / name)
        people.until("allow")
        expect_whole(server, tenant, people)
        server.start()
        expect_equal(people.all_at_once(), ["allow"] * PEOPLE, "after a restart")
        people.book.check(server.history(tenant), True)
    finally:
        server.stop()


@check("a root key that is missing or another's: the server does not start, and says which file")
def _():
    server = Server()
    made(server)
    expect_equal(server.stop(), 0, "exit code")
    key = server.data / "root.key"
    other = Server()
    other.stop()
    for what in ("missing", "another"):
        kept = key.read_bytes()
        key.unlink()
        if what == "another":
            shutil.copy(other.data / "root.key", key)
        done = subprocess.run([program(), "serve", "--data", str(server.data), "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=20)
        expect(done.returncode in (1, 3) and "root.key" in done.stderr, f"{what}: {done.returncode} {done.stderr!r}")
        expect_equal(done.stdout, "", "it must not say that it is ready")
        key.unlink(missing_ok=True)
        key.write_bytes(kept)
        key.chmod(0o600)
    server.start()
    expect_equal(server.stop(), 0, "with its own key again")


main()
