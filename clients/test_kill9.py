#!/usr/bin/env python3
"""kill -9 at random moments under load: what was acknowledged stays, what was used up stays used up.

Several clients sign in at once with HOTP, TOTP and bypass codes, and one with pushes that a phone approves; others read
the log, list and make users. Every request carries an address, a case or a name of its own, so that each answer that was
seen is found again, one to one: sign-ins in the log, reads and changes in the ledger, which is watched from the first leaf
to the last. Some kills hit the server while it is still starting.

COUNTERSIGN_KILLS says how often (100; a long run takes 1,000), COUNTERSIGN_SEED repeats a run.
"""
# limit: 600 s
import itertools
import json
import os
import random
import re
import subprocess
import threading
import time

import device_sign
import duo_sign
import ledger
import stored
from control_line import Answered, Control
from harness import Server, become, check, expect, expect_equal, main, program, skip_all, temporary_folder

try:
    import ledger_watch
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "100"))
SEED = int(os.environ.get("COUNTERSIGN_SEED", str(random.SystemRandom().randrange(2 ** 32))))
HOTP_USERS, TOTP_USERS, BYPASS_USERS = 3, 12, 2
LONG = 8                # digits: in a long run two counters would share a code of six
WORK_S = 0.02, 0.25     # how long the clients work before the server is killed
LOCK_MARGIN = 6         # failures in a row after which we unlock; ten would lock
RESTART_USUAL_S = 1.0   # half of the restarts stay below it
RESTART_MAX_S = 5.0     # on a machine that is busy with other things

print(f"      COUNTERSIGN_SEED={SEED} COUNTERSIGN_KILLS={KILLS} repeats this run", flush=True)
chance = random.Random(SEED)
server = Server()
tenant = server.tenant()
app = server.app(tenant, "authapi", "load")
quiet = server.tenant("Quiet")  # of whose few rows much is read: a day with an epoch for each restart takes longer than a kill
book = ledger.Ledger()
pushes = {}  # txid: allowed, as far as anyone was told
server.run("group", "create", "--tenant", quiet, "of-those-who-are-listed")
watch = ledger_watch.Watch(server)
watch.look()
kept = ledger_watch.verified(server, tenant, temporary_folder() / "first")


class Gone(Exception):
    """The server is away; this client's round is over."""


class Person:
    def __init__(self, name):
        self.name, self.failures, self.used = name, 0, []

    def offer(self, client, code):
        try:
            seen = book.offer(client, self.name, code)
        except ConnectionError:
            raise Gone from None
        if seen == ledger.AWAY:
            raise Gone
        self.failures = 0 if seen == "allow" else self.failures + 1
        if seen == "allow":
            self.used.append(code)
        return seen

    def unlock_in_time(self):
        if self.failures >= LOCK_MARGIN:
            server.run("user", "unlock", self.name, "--tenant", tenant)
            self.failures = 0


class WithCounter(Person):
    def __init__(self, name):
        super().__init__(name)
        self.token = server.hotp(server.user(tenant, name), LONG)

    def work(self, client):
        expect_equal(self.offer(client, self.token.next()), "allow", f"{self.name}: a fresh code")


class WithClock(Person):
    def __init__(self, name):
        super().__init__(name)
        self.token, self.last = server.totp(server.user(tenant, name)), 0

    def work(self, client):
        now = int(time.time()) // 30
        step = max(now, self.last + 1)
        if step > now + 1:
            return
        self.last = step
        expect_equal(self.offer(client, self.token.at(step)), "allow", f"{self.name}: a fresh code")


class WithBypass(Person):
    def __init__(self, name):
        super().__init__(name)
        self.id, self.fresh = server.user(tenant, name), []

    def refill(self, control):
        self.fresh = control.ask("bypass create", user=self.id, count="10")[0]["codes"]

    def work(self, client):
        if self.fresh:
            expect_equal(self.offer(client, self.fresh.pop()), "allow", f"{self.name}: a fresh code")


class WithPhone:
    def __init__(self, name):
        self.name = name
        phone = server.run("phone", "create", "--user", server.user(tenant, name))["phone_id"]
        code = server.run("phone", "activate", phone)["activation_code"]
        self.device = device_sign.Device(server)
        expect_equal(self.device.activate(re.sub(r"^duo://", "", code).split("-")[0]).status, 200, "activation")

    def status(self, client, txid):
        reply = client.get("/auth/v2/auth_status", txid=txid)
        expect(reply.status in (200, 503), f"status: {reply}")
        return reply.response if reply.status == 200 else None

    def work(self, client):
        try:
            begun = client.post("/auth/v2/auth", username=self.name, factor="push", device="auto", ipaddr="192.0.2.1",
                                **{"async": "1"})
            expect(begun.status in (200, 503), f"a push: {begun}")
            if begun.status == 503:
                raise Gone
            txid = begun.response["txid"]
            pushes[txid] = False
            standing = self.status(client, txid)
            if not standing:
                raise Gone
            number = re.search(r"\b\d{3}\b", standing["status_msg"])
            expect(number, f"no number in {standing}")
            answer = self.device.answer(txid, "approve", number[0])
            expect(answer.status in (200, 503), f"an answer: {answer}")
            pushes[txid] = answer.status == 200
            expect_equal(answer.json.get("state"), "allowed" if answer.status == 200 else None, "the phone is told")
            standing = self.status(client, txid)
            expect(not standing or standing["result"] == "allow" or answer.status == 503, f"after approval: {standing}")
        except (ConnectionError, OSError, device_sign.raw_http.Closed):
            raise Gone from None


class AtTheControls:
    """Somebody at the control socket."""

    def __init__(self):
        self.control = None

    def stream(self, command, **args):
        try:
            self.control = self.control or Control(server)
            yield from self.control.stream(command, **args)
        except ConnectionError:
            self.control = None
            raise Gone from None
        except Answered as error:
            expect_equal(error.code, "unavailable", f"why {command} was not done")
            raise Gone from None


class Reader(AtTheControls):
    """Reads logs and lists groups, in turns; counts the rows that it was given."""

    def __init__(self):
        super().__init__()
        self.number = self.answered = self.lists = self.listed = 0
        self.seen, self.told = {}, {}  # rows by case, since the last check

    def work(self, _):
        self.number += 1
        case = f"read-{self.number}"
        self.seen[case] = 0
        of, log = (quiet, "log activity") if self.number % 4 else (tenant, "log auth")
        for _ in self.stream(log, tenant=of, case=case):
            self.seen[case] += 1
        for number, _ in enumerate(self.stream("group list", tenant=quiet)):
            self.lists += number == 0

    def check(self, news):
        """No response without its event."""
        for event in news:
            if event["type"] == "read" and event["outcome"] == "ok":
                case = event["why"].get("case", "")
                self.told[case] = self.told.get(case, 0) + event["what"]["n"]
            self.listed += event["type"] == "list" and event["what"]["object"] == "group list"
        for case, rows in self.seen.items():
            told = self.told.get(case, 0)
            expect(told >= rows, f"{rows} rows of {case} were given out, the ledger has {told}")
            self.answered += rows > 0
        expect(self.listed >= self.lists, f"{self.lists} lists were given out, the ledger has {self.listed}")
        self.seen, self.told = {}, {}


class Administrator(AtTheControls):
    """Makes groups, one after the other."""

    def __init__(self):
        super().__init__()
        self.tried, self.made, self.noted = 0, [], 0

    def work(self, _):
        self.tried += 1
        name = f"made-{self.tried}"
        for _ in self.stream("group create", tenant=tenant, name=name):
            pass
        self.made.append(name)

    def check(self, news):
        """No acknowledged change is missing, and none stands without its event."""
        with stored.database(server) as rows:
            there = {name for name, in rows.execute("SELECT name FROM user_groups WHERE tenant_id = ?", (tenant,))}
        expect(set(self.made) <= there, f"groups that were made are gone: {set(self.made) - there}")
        self.noted += sum(event["type"] == "config_change" and event["what"]["object"] == "group_create" for event in news)
        expect_equal(self.noted, len(there), "changes of the kind in the ledger")


class Load:
    """One thread with a client of its own and people who take turns, until the server is gone."""

    def __init__(self, people):
        self.people, self.error, self.thread = people, None, None

    def start(self, stop):
        self.error = None
        self.thread = threading.Thread(target=self._run, args=(stop,), daemon=True)
        self.thread.start()

    def _run(self, stop):
        client = duo_sign.Client(server, app)
        try:
            for person in itertools.cycle(self.people):
                if stop.is_set():
                    return
                person.work(client)
        except Gone:
            pass
        except Exception as error:
            self.error = error
        finally:
            client.close()

    def join(self):
        self.thread.join(30)
        expect(not self.thread.is_alive(), "a client hangs although its server is gone")
        if self.error:
            raise self.error


counters = [WithCounter(f"hotp{i}") for i in range(HOTP_USERS)]
clocks = [WithClock(f"totp{i}") for i in range(TOTP_USERS)]
bypassers = [WithBypass(f"bypass{i}") for i in range(BYPASS_USERS)]
phone = WithPhone("push0")
reader, administrator = Reader(), Administrator()
loads = [*[Load([person]) for person in counters], Load(clocks), Load(bypassers), Load([phone]),
         Load([reader]), Load([administrator])]
restarts = []


def kill():
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    server.log.close()
    server.process = None


def kill_while_starting():
    """Starts the server and kills it within a tenth of a second, wherever it then is."""
    with open(server.folder / "serve.log", "ab") as log:
        early = subprocess.Popen([program(), "serve", "--data", str(server.data), "--listen", "127.0.0.1:0"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        time.sleep(chance.uniform(0.0, 0.1))
        early.kill()
        early.wait()


def restart():
    since = time.monotonic()
    server.start()
    restarts.append(time.monotonic() - since)


def replay_used_codes():
    """The newest codes that were taken are refused now, whatever the killed server had in memory."""
    client = duo_sign.Client(server, app)
    for person in [*counters, *clocks, *bypassers]:
        for code in person.used[-2:]:
            expect_equal(person.offer(client, code), "deny", f"{person.name}: a used code after {len(restarts)} kills")
        del person.used[:]
        person.unlock_in_time()
    for txid in [txid for txid, allowed in pushes.items() if allowed][-3:]:
        expect_equal(phone.status(client, txid)["result"], "allow", "an approved push, asked for after the kill")
    client.close()


def check_ledger():
    """The ledger goes on from what was seen of it, and has every answer that anybody got."""
    news = [event for _, event in watch.look()]
    for someone in (reader, administrator):
        someone.check(news)


@check(f"{KILLS} kills under load: the server comes back each time, no code or counter works twice, "
       "no answer is without its event, and the ledger never forks")
def _():
    for _ in range(KILLS):
        with Control(server) as control:
            for person in bypassers:
                person.refill(control)
        stop = threading.Event()
        for load in loads:
            load.start(stop)
        time.sleep(chance.uniform(*WORK_S))  # the moment of the kill is what is random here
        kill()
        stop.set()
        for load in loads:
            load.join()
        if chance.random() < 0.25:
            kill_while_starting()
        restart()
        replay_used_codes()
        check_ledger()


@check("every answer a client saw is in the log, once; every success in the log was somebody's try")
def _():
    others = book.check(server.history(tenant), away_left_nothing=False)
    pushed = {event["txid"]: event["result"] for event in others.pop("192.0.2.1", [])}
    for txid, allowed in pushes.items():
        expect(not allowed or pushed.get(txid) == "success", f"approved push {txid} is {pushed.get(txid)!r} in the log")
    expect_equal(list(others), [], "addresses in the log that nobody came from")


@check("the load was a load: every factor was used, and kills hit requests in flight")
def _():
    for kind in ("hotp", "totp", "bypass"):
        count = book.count("allow", kind)
        print(f"      {kind}: {count} sign-ins acknowledged", flush=True)
        expect(count >= min(KILLS, 20) // 2, f"only {count} sign-ins by {kind}")  # TOTP: two a user and half minute
    print(f"      push: {sum(pushes.values())} approvals acknowledged, {len(pushes)} begun", flush=True)
    expect(sum(pushes.values()) >= KILLS // 8, "hardly any push was approved")
    print(f"      {reader.answered} reads, {reader.lists} lists, {len(administrator.made)} changes answered", flush=True)
    expect(reader.answered >= KILLS // 4, "hardly any read was answered")
    expect(len(administrator.made) >= KILLS // 4, "hardly any change was acknowledged")
    open_ended = book.count(None)
    print(f"      {open_ended} tries were cut off by a kill", flush=True)
    expect(open_ended >= KILLS // 4, "hardly any kill hit a request")


@check("restarts: ready again within a second")
def _():
    ordered = sorted(restarts)
    print(f"      half of them in {ordered[len(ordered) // 2]:.3f} s, all in {ordered[-1]:.3f} s", flush=True)
    expect(ordered[len(ordered) // 2] < RESTART_USUAL_S, f"half of the restarts took over {RESTART_USUAL_S} s")
    expect(ordered[-1] < RESTART_MAX_S, f"a restart took {ordered[-1]:.1f} s")


@check("the tenant's tree as it is handed out continues the one from before the first kill; no leaf has changed")
def _():
    ledger_watch.verified(server, tenant, temporary_folder() / "last", kept)
    print(f"      {watch.again()} leaves in {len(watch.trees)} trees, {len(stored.places(server))} rows of history, "
          f"{len(stored.epochs(server))} epochs", flush=True)


@check("the database is whole, and the log has nothing of a failure")
def _():
    expect_equal(server.stop(), 0, "the exit code of the last server")
    with stored.database(server) as database:
        expect_equal(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")
        expect_equal(database.execute("PRAGMA foreign_key_check").fetchall(), [], "foreign_key_check")
    for line in (server.folder / "serve.log").read_text().splitlines():
        expect(json.loads(line).get("level") != "error", f"the operator's log: {line}")


main([server])
