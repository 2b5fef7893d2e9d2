"""What clients tried and what they were told, to be matched one to one with the server's log afterwards.

Every try carries an address of its own (`ipaddr`), which the log shows as access_device.ip.
"""
import itertools
import threading

from harness import expect, expect_equal

AWAY = "away"  # 503: the server said that it cannot


class Try:
    """`seen`: allow, deny or AWAY; None when the connection ended first. `logged`: the log has it as a success."""

    def __init__(self, name, code, address):
        self.name, self.code, self.address, self.seen, self.logged = name, code, address, None, False


class Ledger:
    def __init__(self):
        self.tries, self.lock, self.numbers = [], threading.Lock(), itertools.count(1)

    def offer(self, client, name, code):
        """One code, offered once. ConnectionError: the server went away before it had answered."""
        with self.lock:
            n = next(self.numbers)
            attempt = Try(name, code, f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}")
            self.tries.append(attempt)
        reply = client.passcode(name, code, ipaddr=attempt.address)
        if reply.status == 503:
            expect_equal(reply.code, 50301, f"{name}: {reply}")
            attempt.seen = AWAY
        else:
            expect_equal(reply.status, 200, f"{name}: {reply}")
            attempt.seen = reply.response["result"]
        return attempt.seen

    def check(self, events, away_left_nothing):
        """Against the whole log. `away_left_nothing`: what was answered 503 must not be in it; otherwise it may be, as
        when the database died between its commit and its answer. Gives the events of other addresses."""
        txids = [event["txid"] for event in events]
        expect_equal(len(set(txids)), len(txids), "a txid stands twice in the log: the number of different ones")
        by_address = {}
        for event in events:
            by_address.setdefault(event["access_device"]["ip"], []).append(event)
        wanted = {"allow": [["success"]], "deny": [["denied"]]}
        for attempt in self.tries:
            rows = by_address.pop(attempt.address, [])
            results = [row["result"] for row in rows]
            nothing = [[]] if attempt.seen == AWAY and away_left_nothing else [[], ["success"], ["denied"]]
            expect(results in wanted.get(attempt.seen, nothing),
                   f"{attempt.name} was told {attempt.seen} at {attempt.address}, the log says {results}")
            for row in rows:
                expect_equal(row["user"]["name"], attempt.name, f"whose try it was ({attempt.address})")
            attempt.logged = results == ["success"]
        taken = {}
        for attempt in self.tries:
            if attempt.logged:
                taken.setdefault((attempt.name, attempt.code), []).append(attempt.address)
        expect_equal({key: where for key, where in taken.items() if len(where) > 1}, {},
                     "codes that the log shows as taken twice")
        return by_address

    def count(self, seen, name=""):
        return sum(attempt.seen == seen and attempt.name.startswith(name) for attempt in self.tries)
