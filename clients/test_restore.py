#!/usr/bin/env python3
"""Last week's backup is restored after a month was destroyed: nothing of that month opens, everything else does."""
import time

import shifted
import stored
from harness import Refused, check, expect, expect_equal, main, skip_all, temporary_folder
from shifted import DAY_S, Shifted, until

if not shifted.available():
    skip_all("libfaketime or the dev build is not here")

AGO_S = -62 * DAY_S  # its month has been over for a month, whatever day today is
KEPT_DAYS = 10
TENDED_S = 30


@check("of the destroyed month no row opens after the restore, of the other month each does, and people go on signing in")
def _():
    clock = Shifted(config="[history]\nretention_days = 365\n")
    server = clock.server
    try:
        clock.jump_to(AGO_S)
        tenant = server.tenant()
        app = server.app(tenant)
        counter = server.hotp(server.user(tenant, "counter"))
        for _ in range(3):
            expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "two months ago")
        month = time.strftime("%Y-%m", time.gmtime(clock.now()))
        clock.jump_to(0)
        since = str(int(clock.now()) - DAY_S)
        for _ in range(2):
            expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "today")
        expect_equal(len(server.history(tenant)), 5, "rows that open before")
        backup = temporary_folder() / "last-week.db"
        server.run("backup", backup, json_output=False)
        old = {place for place, day in days_of(server) if day < clock.day()}
        expect(len(old) >= 3, "rows of the old month")

        server.stop()
        config = server.folder / "countersign.toml"
        config.write_text(config.read_text().replace("365", str(KEPT_DAYS)))
        server.start()  # a starting server looks at its months, and waits for a day where the time is new to it
        until(lambda: "history.shredded_tomorrow" in server.log_tail(), TENDED_S, f"the month {month} is not announced")
        server.stop()
        clock.jump_ahead_of_start(DAY_S + 3_600)
        server.start()
        until(lambda: not old & set(stored.places(server)), TENDED_S, f"the month {month} does not go")
        events = [row["event"] for row in server.run("ledger", "show", "--tenant", tenant)]
        expect_equal([event["detail"] for event in events if event["type"] == "shred"], [month], "months destroyed")
        server.stop()

        server.run("restore", backup, json_output=False)
        server.start()
        expect(old <= set(stored.places(server)), "the restored database has no rows of the old month")
        try:
            rows = server.history(tenant)
            expect(False, f"{len(rows)} rows were given out, of a month whose key is destroyed")
        except Refused as refused:
            expect("no key of that tenant and month" in refused.text, refused.text)
        expect_equal(len(server.run("log", "auth", "--tenant", tenant, "--from", since)), 2, "rows of this month that open")
        expect_equal(clock.passcode(app, "counter", counter.next()), "allow", "a sign-in after the restore")
        expect_equal(len(server.run("log", "auth", "--tenant", tenant, "--from", since)), 3, "rows of this month")
    finally:
        server.stop()


def days_of(server):
    with stored.database(server) as rows:
        return [(sealed[:stored.PLACE], day) for sealed, day in rows.execute("SELECT sealed, day FROM history")]


main()
