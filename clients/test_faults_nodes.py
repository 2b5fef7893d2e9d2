#!/usr/bin/env python3
"""Two nodes on one PostgreSQL database: what happened on one holds on the other, and a node may die at any time."""
import os
import random
import re
import shutil
import subprocess
import threading
import time

import device_sign
import duo_sign
import ledger
import own_postgres
import raw_http
from duo_sign import signed
from harness import Server, check, expect, expect_equal, main, program, temporary_folder

KILLS = int(os.environ.get("COUNTERSIGN_PG_KILLS", "4"))
AT_ONCE = 100
HEARD_MAX_S = 1.5  # nodes hear of each other within 200 ms; the rest is for a busy machine

database = own_postgres.start()
first = Server(arguments=["--database", database.url])


def another_node():
    folder = temporary_folder()
    (folder / "data").mkdir(mode=0o700)
    shutil.copy(first.data / "root.key", folder / "data/root.key")
    return Server(folder=folder, arguments=["--database", database.url])


second = another_node()
nodes = (first, second)
tenant = first.tenant("Acme")
app = first.app(tenant)
book = ledger.Ledger()


def both():
    return [duo_sign.Client(node, app) for node in nodes]


def result(reply):
    expect_equal(reply.status, 200, str(reply))
    return reply.response["result"]


@check("both nodes show certificates of one CA")
def _():
    expect_equal((first.data / "ca.pem").read_bytes(), (second.data / "ca.pem").read_bytes(), "ca.pem")
    second_ca, second.ca = second.ca, first.ca
    raw_http.Connection(second).close()
    second.ca = second_ca


@check("a code accepted on one node is refused on the other: HOTP, TOTP, bypass, and the same bytes again")
def _():
    user = first.user(tenant, "ann")
    hotp, totp, bypass = first.hotp(user), second.totp(user), second.bypass_codes(user, 2)
    one, two = both()
    for code in [hotp.next(), totp.now(), bypass[0]]:
        expect_equal(result(one.passcode("ann", code)), "allow", "on the first node")
        expect_equal(result(two.passcode("ann", code)), "deny", "on the second node")
        expect_equal(result(one.passcode("ann", code)), "deny", "on the first node again")
    request = signed(app, first.host, "POST", "/auth/v2/auth", [("username", "ann"), ("factor", "passcode"),
                                                                ("passcode", hotp.next())]).bytes()
    expect_equal(result(raw_http.once(first, request)), "allow", "on the first node")
    expect_equal(result(raw_http.once(second, request)), "deny", "the same bytes on the second node")
    expect_equal(result(two.passcode("ann", bypass[1])), "allow", "the second bypass code")


@check(f"{AT_ONCE} requests at the same time over both nodes with one code: exactly one success")
def _():
    for kind in ("hotp", "totp", "bypass"):
        user = first.user(tenant, f"many-{kind}")
        code = {"hotp": lambda: first.hotp(user).next(), "totp": lambda: first.totp(user).now(),
                "bypass": lambda: first.bypass_codes(user, 1)[0]}[kind]()
        clients = [duo_sign.Client(nodes[i % 2], app) for i in range(AT_ONCE)]
        for client in clients:
            client.get("/auth/v2/check")  # so that every connection stands
        gate, seen = threading.Barrier(AT_ONCE), []

        def work(client):
            try:
                gate.wait(30)
                seen.append(book.offer(client, f"many-{kind}", code))
            except Exception as error:
                seen.append(str(error))

        threads = [threading.Thread(target=work, args=(client,), daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        told = {what: seen.count(what) for what in set(seen)}
        print(f"      {kind}: {told}", flush=True)
        expect_equal(told.get("allow"), 1, f"successes by {kind} ({told})")
        expect(set(told) <= {"allow", "deny"}, f"{kind}: {told}")
        for client in clients:
            client.close()


def phone_of(user, node):
    phone = first.run("phone", "create", "--user", user)["phone_id"]
    code = first.run("phone", "activate", phone)["activation_code"]
    device = device_sign.Device(node)
    expect_equal(device.activate(code).status, 200, "activation on the second node")
    return device


@check("a push begun on one node is seen and answered on the other, and the waiting poll hears of it")
def _():
    device = phone_of(first.user(tenant, "pat"), second)
    client = duo_sign.Client(first, app)
    waiting = {}

    def wait_for_request():
        waiting["reply"], waiting["at"] = device.pending(wait=20), time.monotonic()

    for decision, result in (("approve", "allow"), ("deny", "deny"), ("fraud", "deny")):
        phone = threading.Thread(target=wait_for_request, daemon=True)
        phone.start()
        time.sleep(0.5)  # the phone's long-poll on the second node is under way
        since = time.monotonic()
        begun = client.post("/auth/v2/auth", username="pat", factor="push", device="auto", **{"async": "1"})
        txid = begun.response["txid"]
        phone.join(25)
        expect_equal([request["id"] for request in waiting["reply"].json["requests"]], [txid], "requests on the phone")
        heard = waiting["at"] - since
        status = client.get("/auth/v2/auth_status", txid=txid)
        number = re.search(r"\b\d{3}\b", status.response["status_msg"])[0]
        poll = {}

        def wait_for_answer():
            poll["reply"], poll["at"] = client.get("/auth/v2/auth_status", txid=txid), time.monotonic()

        poller = threading.Thread(target=wait_for_answer, daemon=True)
        poller.start()
        time.sleep(0.5)  # the client's long-poll on the first node is under way
        answer = device.answer(txid, decision, number if decision == "approve" else "")
        expect_equal(answer.status, 200, f"{decision} on the second node: {answer}")
        answered = time.monotonic()
        poller.join(20)
        expect_equal(poll["reply"].response["result"], result, decision)
        print(f"      {decision}: the phone heard after {heard:.2f} s, the poll after {poll['at'] - answered:.2f} s",
              flush=True)
        expect(heard < HEARD_MAX_S, f"the phone heard after {heard:.1f} s")
        expect(poll["at"] - answered < HEARD_MAX_S, f"the poll was answered after {poll['at'] - answered:.1f} s")


@check("what an administrator changes through one node holds on the other")
def _():
    user = first.user(tenant, "eva")
    token = first.hotp(user)
    one, two = both()
    expect_equal(result(two.passcode("eva", token.next())), "allow", "before")
    first.run("user", "update", user, "--status", "disabled")
    expect_equal(result(two.passcode("eva", token.next())), "deny", "a user disabled through the first node")
    second.run("user", "update", user, "--status", "active")
    expect_equal(result(one.passcode("eva", token.next())), "allow", "enabled through the second")
    for _ in range(10):
        one.passcode("eva", token.wrong())
    expect_equal(two.passcode("eva", token.next()).response["status"], "locked_out", "locked on the first node")
    second.run("user", "unlock", user)
    expect_equal(result(one.passcode("eva", token.next())), "allow", "unlocked through the second node")

    other = first.app(tenant, "authapi", "short-lived")
    client = duo_sign.Client(second, other)
    expect_equal(client.get("/auth/v2/check").status, 200, "an application made through the first node")
    made = first.run("app", "update", other["app_id"], "--new-secret-key")
    expect_equal(client.get("/auth/v2/check").status, 401, "its old key on the second node, at once")
    client.app = {**other, "secret_key": made["secret_key"]}
    expect_equal(client.get("/auth/v2/check").status, 200, "its new key")
    first.run("app", "disable", other["app_id"])
    expect_equal(client.get("/auth/v2/check").code, 40102, "disabled through the first node")


@check(f"kill -9 of one node, {KILLS} times under load: the other goes on, nothing acknowledged is lost")
def _():
    chance = random.Random(386)
    tokens = {f"load{i}": first.hotp(first.user(tenant, f"load{i}"), 8) for i in range(4)}
    for round_number in range(KILLS):
        stop, errors, used = threading.Event(), [], {}

        def work(name, node):
            client, token = duo_sign.Client(node, app), tokens[name]
            while not stop.is_set():
                code = token.next()
                try:
                    seen = book.offer(client, name, code)
                except ConnectionError:
                    if node is first:
                        errors.append(f"{name}: the first node is gone")
                    return  # the second one was killed
                if seen == "allow":
                    used[name] = code
                elif seen != ledger.AWAY or node is first:
                    errors.append(f"{name}: a fresh code was told {seen} by node {nodes.index(node)}")
                    return

        threads = [threading.Thread(target=work, args=(name, nodes[i % 2]), daemon=True)
                   for i, name in enumerate(tokens)]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.1, 0.5))
        second.process.kill()
        second.process.wait()
        time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join(30)
            expect(not thread.is_alive(), "a client hangs")
        expect_equal(errors, [], "what went wrong under load")
        expect({"load0", "load2"} <= set(used), f"only {sorted(used)} signed in")  # those of the node that lives
        one = duo_sign.Client(first, app)
        for name, code in used.items():
            expect_equal(book.offer(one, name, code), "deny", f"{name}: a used code after kill {round_number + 1}")
        second.process.stdout.close()
        second.log.close()
        second.process = None
        second.start()
    log = first.history(tenant)
    expect_equal(log, second.history(tenant), "the log through the second node")
    book.check(log, away_left_nothing=False)


@check("a node with another root key does not start, and says why")
def _():
    done = subprocess.run([program(), "serve", "--data", str(temporary_folder() / "data"), "--listen", "127.0.0.1:0",
                           "--database", database.url], capture_output=True, text=True, timeout=20)
    expect(done.returncode in (1, 3), f"exit {done.returncode}")
    expect("root.key" in done.stderr and not done.stdout, f"it said {done.stderr!r} and {done.stdout!r}")


main([*nodes, database])
