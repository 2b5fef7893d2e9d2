#!/usr/bin/env python3
"""The clock jumps by a day and by a month, forward and back, under the running server; and a snapshot of its disk is
restored: no epoch, number or nonce comes twice, codes and budgets stay used, the ledger goes on (docs/operating/faults.md).
"""
# limit: 400 s
import collections
import shutil

import shifted
import stored
from control_line import Answered, Control
from harness import become, check, expect, expect_equal, main, skip_all, temporary_folder
from shifted import DAY_S, Shifted, until

try:
    import ledger_watch
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

if not shifted.available():
    skip_all("libfaketime or the dev build is not here")

MONTH_S = 31 * DAY_S
JUMPS = (0, DAY_S, 0, MONTH_S, 0, -DAY_S, 0, -MONTH_S, 0)
LONG_S = 62 * DAY_S  # a whole month lies between, whatever day today is
TENDED_S = 30        # within which a starting server looks at its months
BUDGET = 10
STEP_S = 30


def expect_sound(server):
    """No epoch id, header or number of a row stands twice; rows are where their epoch is; closed epochs stay closed."""
    places, epochs = stored.places(server), stored.epochs(server)
    headers = collections.Counter(header for _, header in epochs.values())
    expect_equal(max(headers.values()), 1, "how often a header stands")
    with stored.database(server) as rows:
        stray = rows.execute("SELECT count(*) FROM history h WHERE NOT EXISTS (SELECT 1 FROM epochs e WHERE "
                             "e.tenant_id = h.tenant_id AND e.day = h.day AND e.id = substr(h.sealed, 1, 16))").fetchone()
        closed = rows.execute("SELECT id, row_count FROM epochs WHERE row_count IS NOT NULL").fetchall()
    expect_equal(stray, (0,), "rows that are not of their epoch's day and tenant")
    counts = collections.Counter(place[:stored.EPOCH] for place in places)
    for epoch, count in closed:
        expect_equal(counts[epoch], count, f"rows of the closed epoch {epoch.hex()}")
    return places, epochs, len(closed)


@check("a day and a month, forward and back: sign-ins go on at once, no code works twice, no epoch or number comes again")
def _():
    clock = Shifted()
    server = clock.server
    try:
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        watch = ledger_watch.Watch(server)
        used, signed_in = [], 0
        for number, offset in enumerate(JUMPS):
            clock.jump_to(offset)
            watch.look()
            expect_equal(clock.passcode(app, "counter", counter.next()), "allow", f"a counter's code at {offset:+d} s")
            fresh = f"clock{number}"
            token = server.totp(server.user(tenant, fresh))
            step = int(clock.now()) // STEP_S
            expect_equal(clock.passcode(app, fresh, token.at(step)), "allow", f"a clock's code at {offset:+d} s")
            used.append((offset, fresh, token, step))
            signed_in += 2
            for before, name, token, step in used:
                if before == offset:  # the same time once more: what was used there stays used
                    expect_equal(clock.passcode(app, name, token.at(step)), "deny", f"{name} again at {offset:+d} s")
                elif before == offset + DAY_S:  # and every step before it
                    code = token.at(int(clock.now()) // STEP_S)
                    expect_equal(clock.passcode(app, name, code), "deny", f"{name}, who was ahead, at {offset:+d} s")
            rows = server.run("log", "auth", "--tenant", tenant)
            expect_equal(sum(row["result"] == "success" for row in rows), signed_in, f"successes at {offset:+d} s")
            with stored.database(server) as database:
                there = database.execute("SELECT count(*) FROM history WHERE tenant_id = ? AND day = ?",
                                         (tenant, clock.day())).fetchone()[0]
            expect(there > 0, f"no row is of the day that it is at {offset:+d} s")
        watch.look()
        watch.again()
        ledger_watch.verified(server, tenant, temporary_folder() / "tree")
        places, epochs, _ = expect_sound(server)
        print(f"      {len(JUMPS)} times, {signed_in} sign-ins, {len(places)} rows in {len(epochs)} epochs of "
              f"{len({day for day, _ in epochs.values()})} days", flush=True)
    finally:
        server.stop()


@check("an epoch that was closed because its day is over takes no row when the clock is set back to that day")
def _():
    clock = Shifted()
    server = clock.server
    try:
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "today")
        of_today = set(stored.epochs(server))
        clock.jump_to(DAY_S)
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "tomorrow")
        clock.until_closed()
        expect(expect_sound(server)[2] > 0, "no epoch is closed")
        clock.jump_to(0)
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "today again")
        _, epochs, _ = expect_sound(server)
        again = [epoch for epoch, (day, _) in epochs.items() if day == clock.day() and epoch not in of_today]
        expect_equal(len(again), 1, "new epochs of today")
    finally:
        server.stop()


@check("a budget that is used up stays so when the clock is set back")
def _():
    clock = Shifted(config=f"[guards]\noperator_rows_a_day = {BUDGET}\n")
    server = clock.server

    def read():
        """How many of the rows are given out, which are more than the budget."""
        rows = 0
        try:
            with Control(server) as control:
                for _ in control.stream("log auth", tenant=tenant):
                    rows += 1
            expect(False, "all rows were given out")
        except Answered as refused:
            expect("used up" in refused.what, refused.what)
        return rows

    try:
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        for _ in range(BUDGET + 2):
            expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "a sign-in")
        expect_equal(read(), BUDGET, "rows of the first day")
        for offset in (-DAY_S, -MONTH_S, 0):
            clock.jump_to(offset)
            expect_equal(read(), 0, f"rows at {offset:+d} s")
        clock.jump_to(MONTH_S)
        expect_equal(read(), BUDGET, "rows a month later")
        clock.jump_to(0)
        expect_equal(read(), 0, "rows when the clock was ahead and is set back")
    finally:
        server.stop()


@check("a clock two months ahead destroys, a day later, what is kept for a day, and nothing that is kept for a year")
def _():
    clock = Shifted(config="[history]\nretention_days = 365\n")
    server = clock.server
    try:
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "today")
        rows = set(stored.places(server))
        server.stop()
        clock.jump_ahead_of_start(LONG_S)  # a server looks at its months when it starts, and each hour
        server.start()
        clock.until_closed()
        expect_equal(len(server.history(tenant)), 1, "rows that open")
        server.stop()  # after it has looked at its months
        expect(rows <= set(stored.places(server)), "rows of history are gone")
        config = server.folder / "countersign.toml"
        config.write_text(config.read_text().replace("365", "1"))
        server.start()
        until(lambda: "history.shredded_tomorrow" in server.log_tail(), TENDED_S, "what is due is not announced")
        expect(rows <= set(stored.places(server)), "rows are gone by a clock that has been known for less than a day")
        server.stop()
        clock.jump_ahead_of_start(LONG_S + DAY_S + 3_600)
        server.start()
        until(lambda: not rows & set(stored.places(server)), TENDED_S, "what is to be kept for a day does not go")
    finally:
        server.stop()


@check("a snapshot of the disk, restored: both worlds go on, and share no epoch and no number beyond it")
def _():
    clock = Shifted()
    server = clock.server
    copies = {}
    try:
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        for _ in range(5):
            expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "before")
        watch = ledger_watch.Watch(server)
        watch.look()
        server.process.kill()  # as it stands on disk at one moment, its log beside it
        server.stop()
        at = counter.counter
        copies["running"] = temporary_folder()
        shutil.copytree(server.data, copies["running"] / "data", ignore=shutil.ignore_patterns("*.sock"))
        server.start()
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "the first world goes on")
        server.stop()
        copies["stopped"] = temporary_folder()
        shutil.copytree(server.data, copies["stopped"] / "data", ignore=shutil.ignore_patterns("*.sock"))
        before = set(stored.places(server))
        server.start()
        worlds = [continued(clock, app, counter, watch)]
        server.stop()
        for name, folder in copies.items():
            counter.counter = at + (name == "stopped")  # the codes are what they were: it is the past
            other = Shifted(folder=folder)
            worlds.append(continued(other, app, counter, None))
            other.server.stop()
        for number, (places, epochs) in enumerate(worlds):
            for others, their_epochs in worlds[number + 1:]:
                both = set(places) & set(others)
                expect(both <= before, f"{len(both - before)} numbers of epochs were used in two worlds")
                for place in both:
                    expect_equal(places[place], others[place], "a row of before")
                common = set(epochs) & set(their_epochs)
                expect({place[:stored.EPOCH] for place in set(places) - set(others)}.isdisjoint(
                    {place[:stored.EPOCH] for place in set(others) - set(places)}), "an epoch was continued in two worlds")
                expect(common, "the worlds have no past in common")
        print(f"      {[len(places) for places, _ in worlds]} rows in the worlds, {len(before)} before", flush=True)
    finally:
        server.stop()


def continued(clock, app, counter, watch):
    for _ in range(5):
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "a world goes on")
    if watch:
        watch.look()
    places, epochs, _ = expect_sound(clock.server)
    return places, epochs


main()
