#!/usr/bin/env python3
"""The disk is full: sign-ins go on out of the reserve, whatever the ledger would have to record is refused, and when there is
room again everything is there (docs/operating/faults.md).
"""
# limit: 300 s
import itertools
import json
import time
import urllib.request

import exports
import faults
import ledger
import stored
from control_line import Answered, Control
from harness import Refused, Server, become, check, expect, expect_equal, main, skip_all, temporary_folder

try:
    import ledger_watch
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

PEOPLE = 6
DISK_MIB, RESERVE_MIB = 64, 16
MIB = 1 << 20
SIGN_INS = 600      # out of the reserve
STATE_S = 10        # the disk is looked at each second; the rest is for a busy machine
CONFIG = f"[store]\nreserve_mib = {RESERVE_MIB}\n[metrics]\nlisten = \"127.0.0.1:0\"\n"
FULL = "disk is full"
NO_SPACE = "No space left on device"  # the keyring's word, in the second before the database knows


class World:
    """A server on a small disk, people who sign in, and what is to be found afterwards."""

    def __init__(self, folder):
        self.server = Server(folder=folder, config=CONFIG + exports.NO_VETO)
        self.tenant = self.server.tenant("Acme")
        signer = exports.Signer(self.server, self.tenant)
        self.export = exports.ask(self.server, self.tenant, signer, [time.strftime("%Y-%m-%d", time.gmtime())])
        exports.sign(self.server, self.tenant, signer, self.export)
        self.proof = signer.sign(exports.text(self.server, self.tenant, "challenge", self.export))
        self.app = self.server.app(self.tenant)
        self.people = faults.People(self.server, self.tenant, self.app, PEOPLE)
        self.watch = ledger_watch.Watch(self.server)
        self.filler = self.server.data / "filler"
        self.numbers = itertools.count(1)
        self.until(lambda: self.reserve() == RESERVE_MIB * MIB, "the reserve is made")

    def reserve(self):
        file = self.server.data / "reserve"
        return file.stat().st_size if file.exists() else 0

    def until(self, holds, what):
        end = time.monotonic() + STATE_S
        while not holds():
            expect(time.monotonic() < end, f"within {STATE_S} s {what}")
            time.sleep(0.05)

    def read(self, case=None):
        """Rows of the log; None where the answer is that the disk is full."""
        try:
            with Control(self.server) as control:
                return control.ask("log auth", tenant=self.tenant, case=case or f"read-{next(self.numbers)}")
        except Answered as error:
            expect(error.code == "unavailable" and any(why in error.what for why in (FULL, NO_SPACE)), str(error))
            return None

    def metric(self, name):
        for line in self.metrics().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"there is no metric {name}")

    def metrics(self):
        with urllib.request.urlopen(self.server.ready["metrics"], timeout=10) as reply:
            return reply.read().decode()

    def events(self, name):
        lines = (self.server.folder / "serve.log").read_text().splitlines()
        return sum(json.loads(line)["event"] == name for line in lines)

    def sign_ins(self, count):
        """So many, all of them allowed."""
        for _ in range(count // PEOPLE):
            expect_equal(self.people.all_at_once(), ["allow"] * PEOPLE, "sign-ins out of the reserve")

    def expect_refusals(self):
        """Everything that the ledger would have to know is refused, and says why."""
        target = temporary_folder()
        for words in (("log", "auth", "--tenant", self.tenant), ("log", "activity", "--tenant", self.tenant),
                      ("user", "list", "--tenant", self.tenant), ("ledger", "show", "--tenant", self.tenant),
                      ("ledger", "export", "--tenant", self.tenant, "--out", target / "tree"),
                      ("export", "fetch", self.export, "--tenant", self.tenant, "--proof", self.proof),
                      ("user", "create", "--tenant", self.tenant, "nobody-in-particular"),
                      ("policy", "set", "--tenant", self.tenant, "new_user=deny")):
            try:
                self.server.run(*words, json_output=False)
                expect(False, f"answered although its event cannot be recorded: {words}")
            except Refused as refused:
                expect_equal((refused.code, FULL in refused.text, refused.text.count("\n")), (3, True, 1),
                             f"{words}: {refused.text}")

    def expect_whole(self):
        """Everybody was told the truth, nothing of the ledger is lost, the file is sound."""
        self.people.book.check(self.read("last"), True)
        self.watch.look()
        self.watch.again()
        ledger_watch.verified(self.server, self.tenant, temporary_folder() / "tree")
        print(f"      {self.people.book.count('allow')} sign-ins acknowledged, {len(stored.places(self.server))} rows",
              flush=True)
        expect_equal(self.server.stop(), 0, "exit code")
        with stored.database(self.server) as rows:
            expect_equal(rows.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")


@check("full disk: reads refuse, sign-ins go on, also through a kill; with room again nothing is missing")
def _():
    with faults.small_disk(DISK_MIB) as folder:
        world = World(folder)
        try:
            world.sign_ins(PEOPLE)
            expect_equal(len(world.read()), PEOPLE, "rows before")
            for round_number in (1, 2):
                faults.fill(world.filler)
                world.until(lambda: world.read() is None, "reads are refused")
                world.sign_ins(SIGN_INS)
                expect_equal(world.read(), None, "a read while the disk is full")
                print(f"      round {round_number}: {SIGN_INS} sign-ins on a full disk, the reserve has "
                      f"{world.reserve() // MIB} of {RESERVE_MIB} MiB left", flush=True)
                world.expect_refusals()
                expect_equal(faults.readyz(world.server).json["store"], "short of room", "/readyz")
                expect_equal(world.metric("countersign_store_room_short"), 1, "the metric")
                expect_equal(world.events("store.short_of_room"), round_number, "how often the log tells it")
                if round_number == 2:
                    world.server.process.kill()
                    world.server.stop()
                    world.server.start()
                    world.sign_ins(PEOPLE)
                world.filler.unlink()
                world.until(lambda: world.read() is not None, "reads go on")
                world.until(lambda: world.reserve() == RESERVE_MIB * MIB, "the reserve is made again")
                expect_equal(world.metric("countersign_store_room_short"), 0, "the metric")
            world.expect_whole()
        finally:
            world.server.stop()


@check("the reserve is used up as well: sign-ins are 503 and none is let in unrecorded; room brings everything back")
def _():
    with faults.small_disk(DISK_MIB) as folder:
        world = World(folder)
        try:
            faults.fill(world.filler)
            others = 0
            while world.people.all_at_once() != [ledger.AWAY] * PEOPLE:  # somebody takes what is given back
                others += 1
                faults.fill(world.filler.with_name(f"filler-{others}"))
                expect(others < 400, "the reserve does not end")
            expect_equal(world.reserve(), 0, "what is left of the reserve")
            expect(world.people.slowest < faults.AWAY_MAX_S, f"an answer took {world.people.slowest:.1f} s")
            expect_equal(world.events("store.has_no_room"), 1, "how often the log tells it")
            world.expect_refusals()
            faults.expect_away(world.server, world.app, "user0", reads=True)
            for file in world.server.data.glob("filler*"):
                file.unlink()
            world.people.until("allow")
            world.until(lambda: world.read() is not None, "reads go on")
            expect_equal(world.reserve(), RESERVE_MIB * MIB, "the reserve")
            world.expect_whole()
        finally:
            world.server.stop()


main()
