"""A server whose clock is not ours, and may jump while it runs.

Time is libfaketime's, with the dev build: the release build's allocator asks for the time before the library is there.
"""
import os
import pathlib
import time

import duo_sign
import raw_http
import stored
from harness import ROOT, Server, expect, expect_equal, temporary_folder

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
PROGRAM = os.environ.get("COUNTERSIGN_DEV_PROGRAM", str(ROOT / "build/dev/countersign"))
DAY_S = 86_400
CLOSED_S = 100
SEEN_S = 10  # within which the server must see another time


def available():
    """Also makes the dev build the program under test."""
    there = FAKETIME is not None and os.access(PROGRAM, os.X_OK)
    if there:
        os.environ["COUNTERSIGN_PROGRAM"] = PROGRAM
    return there


def until(done, limit_s, otherwise):
    """Looks until `done()`, at most for so long."""
    end = time.monotonic() + limit_s
    while not done():
        expect(time.monotonic() < end, f"{otherwise} within {limit_s} s")
        time.sleep(0.1)


class Shifted:
    """A server whose clock is `offset` seconds off ours, and a client that goes along."""

    def __init__(self, config="", folder=None):
        self.stamp = temporary_folder() / "time"
        self.offset = self.asked = 0
        self.stamp.write_text("+0\n")
        self.server = Server(config=config, folder=folder, environment={
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.stamp), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})

    def now(self):
        return time.time() + self.offset

    def day(self):
        return int(self.now()) // DAY_S

    def jump_to(self, offset):
        """Seconds off ours. Renamed into place, so that no thread reads half of it."""
        self.offset = offset
        following = self.stamp.with_suffix(".new")
        following.write_text(f"{offset:+d}\n")
        following.rename(self.stamp)
        end = time.monotonic() + SEEN_S
        while abs(self.served_time() - self.now()) > 5:
            expect(time.monotonic() < end, f"the server does not see the time {offset} s from now")
            time.sleep(0.02)

    def jump_ahead_of_start(self, offset):
        """For a server that does not run."""
        self.offset = offset
        self.stamp.write_text(f"{offset:+d}\n")

    def until_closed(self):
        """Until every epoch of a day that is over is closed, which a server does when it starts and each minute."""
        def closed():
            with stored.database(self.server) as rows:
                return rows.execute("SELECT count(*) FROM epochs WHERE row_count IS NULL AND day < ?",
                                    (self.day(),)).fetchone() == (0,)
        until(closed, CLOSED_S, "days that are over are not closed")

    def served_time(self):
        reply = raw_http.once(self.server, f"GET /auth/v2/ping HTTP/1.1\r\nHost: {self.server.host}\r\n\r\n".encode())
        return reply.response["time"]

    def passcode(self, app, name, code):
        """What is answered to a request that carries the server's idea of now."""
        self.asked += 1  # two requests that are alike are one
        client = duo_sign.Client(self.server, app)
        reply = client.send(duo_sign.signed(app, self.server.host, "POST", "/auth/v2/auth", [
            ("username", name), ("factor", "passcode"), ("passcode", code),
            ("ipaddr", f"10.0.{self.asked >> 8}.{self.asked & 255}")], date=duo_sign.now(self.offset)))
        client.close()
        expect_equal(reply.status, 200, f"{name}: {reply}")
        return reply.response["result"]
