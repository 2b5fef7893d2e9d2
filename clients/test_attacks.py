#!/usr/bin/env python3
"""Attacks on sign-ins by somebody who has the right password (docs/operating/protection.md), over HTTP, no browser.

The password being right is what a signed request of the application says. X-Forwarded-For is sent; it must mean nothing.
"""
# limit: 420 s
import concurrent.futures
import http.client
import http.server
import json
import random
import threading
import time

import device_sign
import raw_http
from attacker import (OLD_AGENT, Application, Landing, Owner, Page, Passkey, PushService, Visitor, new_network)
from harness import WAIT_LIMIT_S, Refused, Server, check, expect, expect_equal, main

ATTACKS = 1000
AT_ONCE = 6

service = PushService()
server = Server(config=f'''
[push]
services = ["{service.origin}"]
contact = "mailto:ops@example.org"
''')
tenant = server.tenant()
server.policy("tenant", tenant, "remembered_devices_days=30")
application = Application(server, tenant)


def owner(name):
    return Owner(server, tenant, name, service)


def stranger(**more):
    """A browser that nobody knows, in a network of its own."""
    return Visitor(server, source=f"{new_network()}.9", **more)


def soon(what, ask):
    end = time.monotonic() + WAIT_LIMIT_S
    while not (answer := ask()):
        expect(time.monotonic() < end, f"{what} did not come about within {WAIT_LIMIT_S} s")
        threading.Event().wait(0.02)
    return answer


def sign_in(person, visitor, remember=False):
    """By push, as its owner: pulls, types the number, approves."""
    page = visitor.open(application.request(person.name))
    if isinstance(page, Landing):
        return page
    phone = page.phone or visitor.open(page.base + "/other").phone
    page = page.submit("push", phone=phone, **({"remember": "yes"} if remember else {}))
    expect(page.number, f"a number on {page!r}")
    answer = person.approve(person.pending()[0]["id"], page.number)
    expect_equal(answer["state"], "allowed", "the owner's approval")
    back = page.again()
    expect(isinstance(back, Landing), f"the owner is sent back, not shown {back!r}")
    return back


def known(person, **more):
    visitor = stranger(**more)
    sign_in(person, visitor)
    return visitor


control = owner("control")
control_browser = known(control)


def settled():
    """Everything queued so far has been sent: a notification asked for now has come, and none is behind it."""
    before = control.notified()
    page = control_browser.open(application.request("control")).push()
    expect(len(page.number) == 3, f"a number of 3 digits on {page!r}")
    soon("a notification to somebody whose browser is known", lambda: control.notified() > before)
    expect_equal(control.approve(control.pending()[0]["id"], page.number)["state"], "allowed", "the control's approval")
    expect(isinstance(page.again(), Landing), "the control is sent back")


def offers_nothing(page):
    expect(isinstance(page, Page) and not page.offers("passcode") and not page.offers("push"), f"nothing on {page!r}")


def told(kind):
    rows = server.run("incident", "list", "--tenant", tenant)
    return [row for row in (rows if isinstance(rows, list) else [rows]) if row["kind"] == kind]


@check("of 1,000 sign-ins from unknown places, each asking for a push, not one notification leaves")
def _():
    people = [owner(f"target{n}") for n in range(25)]
    settled()
    before = service.sent() - control.notified()

    def attack(number):
        visitor = stranger()
        page = visitor.open(application.request(people[number % len(people)].name)).push()
        if isinstance(page, Page) and page.number and number < ATTACKS - len(people):
            expect_equal(len(page.number), 6, "digits for a stranger")
            page.submit("other-way", way="passcode")  # makes room for the next one, who asks again
            return "asked and left"
        visitor.close()
        if isinstance(page, Landing):
            return "in"
        if page.number:
            expect_equal(len(page.number), 6, "digits for a stranger")
            return "waits in the authenticator"
        expect(page.offers("push") or page.links_to("other"), f"another request waits, said on {page!r}")
        return "another waits"

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(attack, range(ATTACKS)))
    settled()
    counts = {end: ends.count(end) for end in set(ends)}
    print(f"      {counts}")
    expect_equal(counts.get("in", 0), 0, "attackers let in")
    expect_equal(sum(counts.values()), ATTACKS, "attacks made")
    expect(counts["asked and left"] + counts.get("waits in the authenticator", 0) > 0.8 * ATTACKS,
           f"most attacks reached a request: {counts}")
    expect_equal(service.sent() - control.notified(), before, "notifications to the people attacked")
    for person in people:
        expect(len(person.pending()) <= 1, f"{person.name} finds one request at most")
    expect_equal(told("campaign"), [], "campaigns, where each came from a network of its own")


@check("where policy lets strangers notify, they do: the counting above can see it")
def _():
    lax = server.tenant("Lax")
    server.policy("tenant", lax, "push_unknown_device=allow")
    person = Owner(server, lax, "amy", service)
    stranger().open(Application(server, lax).request("amy")).push()
    soon("a stranger's notification", lambda: person.notified() == 1)


@check("from a browser that is known at most 3 notifications leave in 10 minutes; then the owner pulls")
def _():
    ada = owner("ada")
    browser = known(ada)
    quiet = 0
    for _ in range(20):
        before = ada.notified()
        page = browser.open(application.request("ada")).push()
        if len(page.number) == 3:  # one that is announced; a later one would take its place on the way
            soon("a notification", lambda: ada.notified() > before)
        quiet += len(page.number) == 6
    settled()
    expect_equal((ada.notified(), quiet), (3, 17), "notifications, and requests that only wait")
    expect_equal(len(ada.pending()), 1, "requests to be found by pulling")
    expect_equal(ada.approve(ada.pending()[0]["id"], page.number)["state"], "allowed", "pulling still works")


@check("a bot on the phone that approves whatever it sees approves nothing")
def _():
    ben = owner("ben")
    guesses = random.Random(7)
    ends, visits = [], []
    for attempt in range(60):
        page = stranger().open(application.request("ben")).push()
        visits.append(page)
        for request in ben.pending():
            number = ["", "0", "000", page.number[:-1] + "x", str(guesses.randrange(10**6)).zfill(6)][attempt % 5]
            if number == page.number:
                continue  # the one in a million
            answer = ben.approve(request["id"], number)
            ends.append((answer.get("state"), answer.get("reason")))
    expect(len(ends) >= 30, f"the bot saw requests: {len(ends)}")
    expect(not [end for end in ends if end[0] == "allowed"], f"nothing approved in {set(ends)}")
    expect(not [page for page in visits if isinstance(page.again(), Landing)], "no attacker is let in")
    expect_equal(ben.notified(), 0, "notifications")


@check("a number of another request approves nothing")
def _():
    carl, cora = owner("carl"), owner("cora")
    carls = stranger().open(application.request("carl")).push()
    coras = stranger().open(application.request("cora")).push()
    answer = carl.approve(carl.pending()[0]["id"], coras.number)
    expect(answer["state"] == "denied" or carls.number == coras.number, f"{answer}")
    expect_equal(carl.device.answer(cora.pending()[0]["id"], "approve", coras.number).status, 404, "another's request")
    expect(not isinstance(coras.again(), Landing), "cora's attacker is not let in")


@check("'not me' protects within 2 s: the attacker's sign-ins are dead, his codes useless, his browser unknown")
def _():
    dora = owner("dora")
    token = server.hotp(dora.user)
    attacker = known(dora)  # he once had the phone in his hands
    waiting = attacker.open(application.request("dora")).push()
    other = stranger().open(application.request("dora"))  # a second sign-in, about to type a stolen code
    source = attacker.source
    since = time.monotonic()
    answer = dora.device.answer(dora.pending()[0]["id"], "fraud")
    expect_equal(answer.json["state"], "fraud", "the answer")
    show = server.run("user", "show", "--tenant", tenant, "dora")
    took = time.monotonic() - since
    expect(show["protected_since"], f"protected: {show}")
    expect(took < 2, f"protected after {took:.2f} s")
    dead = waiting.again()
    offers_nothing(dead)
    for page in (other.submit("passcode", passcode=token.next()),
                 stranger().open(application.request("dora")), attacker.open(application.request("dora"))):
        offers_nothing(page)
    incident = told("not_me")[0]
    evidence = server.run("incident", "show", incident["incident_id"], "--tenant", tenant)["evidence"]
    expect_equal((evidence["user"], evidence["address"]), ("dora", source), "evidence, the address not the one claimed")
    expect("attack_stopped" in dora.notices(), "dora reads what happened")


@check("an account is lifted for a reason that stands in the log, or after a passkey")
def _():
    try:
        server.run("user", "unprotect", "dora", "--tenant", tenant)
        raise AssertionError("lifted without a passkey")
    except Refused as why:
        expect("--without-passkey" in why.text, why.text)
    server.run("user", "unprotect", "dora", "--tenant", tenant, "--without-passkey", "has none, met in person")
    expect(not server.run("user", "show", "--tenant", tenant, "dora")["protected_since"], "lifted")
    logged = [event for event in server.history(tenant, "activity")
              if event["action"]["name"] == "user_unprotect_without_passkey"]
    expect("met in person" in json.dumps(logged), f"the reason in {logged}")
    for incident in told("not_me"):
        server.run("incident", "close", incident["incident_id"], "--tenant", tenant)
    expect(all(row["closed"] for row in told("not_me")), "closed")


@check("an attacker seconds after the user displaces nothing, and the user's number is not his")
def _():
    eve = owner("eve")
    browser, attacker = known(eve), stranger()
    mine = browser.open(application.request("eve")).push()
    his = attacker.open(application.request("eve")).push()
    expect(not his.number, f"no number for the second on {his!r}")
    expect_equal(len(eve.pending()), 1, "requests on the phone")
    expect_equal(eve.approve(eve.pending()[0]["id"], mine.number)["state"], "allowed", "the user's approval")
    expect(isinstance(mine.again(), Landing), "the user is in")
    expect(not isinstance(his.again(), Landing), "the attacker is not")


@check("an attacker seconds before the user gives way, and the user's number does not approve him")
def _():
    finn = owner("finn")
    browser, attacker = known(finn), stranger()
    his = attacker.open(application.request("finn")).push()
    expect_equal(len(his.number), 6, "digits for a stranger")
    first = finn.pending()[0]["id"]
    mine = browser.open(application.request("finn")).push()
    expect_equal(len(mine.number), 3, "digits for the user")
    now = finn.pending()
    expect(len(now) == 1 and now[0]["id"] != first, "the phone shows the user's request alone")
    expect_equal(finn.device.answer(first, "approve", mine.number).status, 409, "the attacker's request is over")
    expect_equal(finn.approve(now[0]["id"], mine.number)["state"], "allowed", "the user's approval")
    expect(isinstance(mine.again(), Landing) and not isinstance(his.again(), Landing), "the user alone is in")


@check("twenty people asked from one network are a campaign: blocked, an incident, everybody warned")
def _():
    people = [owner(f"many{n}") for n in range(22)]
    network, pages = new_network(), []
    for number, person in enumerate(people):
        pages.append(Visitor(server, source=f"{network}.{number + 1}").open(application.request(person.name)).push())
    expect_equal([bool(page.number) for page in pages], [True] * 20 + [False] * 2, "who could be asked")
    campaigns = told("campaign")
    expect_equal(len(campaigns), 1, "incidents")
    evidence = server.run("incident", "show", campaigns[0]["incident_id"], "--tenant", tenant)["evidence"]
    expect_equal(evidence["address"].rpartition(".")[0], network, "where from")
    warned = [person.notices().count("attack_stopped") for person in people]
    expect_equal(warned, [1] * 20 + [0] * 2, "who was warned")
    soon("the warnings' notifications", lambda: all(person.notified() == 1 for person in people[:20]))
    elsewhere = stranger().open(application.request(people[21].name)).push()
    expect_equal(len(elsewhere.number), 6, "another network is not blocked")


def with_passkey(name):
    """A user whose passkey was bound in a first sign-in, and who was then given a token and a phone."""
    first = stranger()
    page = first.open(application.request(name))
    passkey = Passkey(f"https://{server.host}")
    page = page.submit("bind-passkey", response=passkey.create(page.options))
    back = page.submit("passkey", response=passkey.get(page.options))
    expect(isinstance(back, Landing), f"the passkey signs in: {back!r}")
    user = server.run("user", "show", "--tenant", tenant, name)["user_id"]
    phone = device_sign.Device(server)
    link = server.run("phone", "activate", server.run("phone", "create", "--user", user)["phone_id"])
    phone.activate(link["activation_code"])
    return first, passkey, server.hotp(user), phone


@check("a passkey is not got round by a browser that claims to be too old for it")
def _():
    browser, passkey, token, phone = with_passkey("gina")
    attacker = stranger(agent=OLD_AGENT)
    page = attacker.open(application.request("gina"))
    for _ in range(2):
        expect(page.options and not page.offers("push") and not page.phone, f"a passkey and nothing else on {page!r}")
        expect(not page.links_to("other"), f"no other ways on {page!r}")
        for action, fields in (("passcode", {"passcode": token.next()}), ("push", {"phone": phone.id})):
            got = page.submit(action, **fields)
            expect(isinstance(got, Page) and not got.number, f"{action} leads to {got!r}")
        for place in ("/other?way=passcode", "/other?way=push", "/other"):
            got = attacker.open(page.base + place)
            expect(not got.offers("push") and not got.number, f"{place} leads to {got!r}")
        page = page.submit("passkey-failed")
    expect_equal(phone.pending().json["requests"], [], "requests on the phone")
    # Nor by the browser she is known from, once the passkey has failed there.
    page = browser.open(application.request("gina"))
    expect(page.links_to("other"), f"other ways for her own browser on {page!r}")
    page = page.submit("passkey-failed")
    expect(not page.links_to("other") and not page.offers("push"), f"nothing weaker on {page!r}")


@check("who signs in without his passkey is told on his phone")
def _():
    browser, _, token, phone = with_passkey("hugo")
    page = browser.open(application.request("hugo"))
    got = browser.open(page.base + "/other?way=passcode").submit("passcode", passcode=token.next())
    expect(isinstance(got, Landing), f"in by a code: {got!r}")
    notices = raw_http.once(server, phone.request("GET", "/device/v1/notices")).json["notices"]
    expect("weaker_method" in [notice["kind"] for notice in notices], f"told in {notices}")


class Relay:
    """A reverse proxy in front of the login, as phishing kits are: it passes everything on and keeps what it sees."""

    def __init__(self, name):
        self.seen, relay = [], self
        self.as_browser = stranger()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                relay.seen.append((self.command, self.path, body))
                reply = relay.as_browser.request(self.command, self.path, body)  # the real Origin and Host, its cookies
                self.send_response(reply.status)
                for header, value in reply.headers:
                    if header in ("content-type", "location"):
                        self.send_header(header, value.replace(f"https://{server.host}", relay.origin))
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.port = self.web.server_address[1]
        self.origin = f"http://{name}:{self.port}"


class Victim(Visitor):
    """Somebody who was led to the relay."""

    def __init__(self, relay):
        super().__init__(server)
        self.relay = relay

    def request(self, method, path, body=b"", kind="application/x-www-form-urlencoded"):
        connection = http.client.HTTPConnection("127.0.0.1", self.relay.port, timeout=WAIT_LIMIT_S)
        host = self.relay.origin.removeprefix("http://")
        connection.request(method, path, body, {"Content-Type": kind, "Host": host})
        got = connection.getresponse()
        reply = raw_http.Reply(got.status, [(name.lower(), value) for name, value in got.getheaders()], got.read())
        connection.close()
        place = reply.header("location")
        if place and place.startswith(self.relay.origin):
            reply.headers = [("location", place.removeprefix(self.relay.origin))]
        return reply


@check("a proxy in front of the login gets a passkey's answer for its own origin, which is worth nothing")
def _():
    _, passkey, token, _ = with_passkey("ida")
    relay = Relay("login.localhost")
    victim = Victim(relay)
    page = victim.open(application.request("ida"))
    answer = passkey.get(page.options, origin=relay.origin)  # what a browser there would have signed
    page = page.submit("passkey", response=answer)
    expect(isinstance(page, Page) and page.options, f"refused, and asked again: {page!r}")
    expect(any(b"clientDataJSON" in body for _, _, body in relay.seen), "the proxy has seen the answer")
    forged = json.loads(passkey.get(page.options, origin=relay.origin))
    true_origin = json.loads(passkey.get(page.options))
    forged["response"]["clientDataJSON"] = true_origin["response"]["clientDataJSON"]  # signed for another origin
    page = page.submit("passkey", response=json.dumps(forged))
    expect(isinstance(page, Page) and page.options, f"refused as well: {page!r}")
    got = page.submit("passcode", passcode=token.next())
    expect(isinstance(got, Page), f"nor does a code help the proxy: {got!r}")
    expect(not relay.as_browser.open(page.base + "/other").offers("push"), "nor a push")
    honest = stranger()
    page = honest.open(application.request("ida"))
    expect(isinstance(page.submit("passkey", response=passkey.get(page.options)), Landing), "directly, she is in")


@check("a browser's cookie without its key opens nothing, tells nothing, and asks no phone")
def _():
    jack = owner("jack")
    browser = stranger(key=device_sign.Key())
    sign_in(jack, browser, remember=True)
    expect(isinstance(browser.open(application.request("jack")), Landing), "remembered, with its key")
    for key in (None, device_sign.Key()):
        thief = stranger(key=key)
        thief.cookies = dict(browser.cookies)
        page = thief.open(application.request("jack"))
        expect(isinstance(page, Page), f"not remembered: {page!r}")
        page = page.push()
        expect_equal(len(page.number), 6, "digits, as for a stranger")
        expect("XXX" not in page.text and jack.user not in page.text, "nothing is told of him")
        expect_equal(jack.device.answer(jack.pending()[0]["id"], "deny").status, 200, "put away")
    settled()
    expect_equal(jack.notified(), 0, "notifications")


@check("a code that the browser brought back is worth nothing to another application, and nothing twice")
def _():
    kim = owner("kim")
    code = sign_in(kim, stranger()).query["duo_code"]
    other = Application(server, tenant, "Other")
    expect_equal(other.redeem(code)[0], 400, "another application's try")
    status, told_of = application.redeem(code)
    expect_equal(status, 200, f"its own: {told_of}")
    expect_equal(application.redeem(code)[0], 400, "a second time")


main([server])
