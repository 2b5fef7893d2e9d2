#!/usr/bin/env python3
"""npm's @duosecurity/duo_universal, from the health check to the token, and what people and thieves do in between."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

from harness import ROOT, Server, Skip, check, expect, expect_equal, main, program, skip_all
from universal_prompt import REDIRECT, Declined, SignIn, Site, declined, define, expect_success
from visitor import Page

try:
    path = f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}"
    node = shutil.which("node", path=path)
    if not node:
        raise Skip("node is not here")
    if not (ROOT / "clients/demo/node_modules/@duosecurity/duo_universal").exists():
        raise Skip("@duosecurity/duo_universal is not here; tools/setup.sh installs it in clients/demo where npm can")
except Skip as why:
    skip_all(why)


class Driver:
    """The package in a process of its own that takes one call a line."""

    def __init__(self):
        self.process = subprocess.Popen([node, str(ROOT / "clients/node/duo_universal.mjs"), server.host, server.ca],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, **asked):
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        if "refused" in said:
            raise Declined(said["refused"])
        return said["answer"]


class Node:
    def __init__(self, app, redirect=REDIRECT, secret=None, code_attribute=True):
        self.client = {"id": app["integration_key"], "secret": secret or app["secret_key"], "redirect": redirect,
                       "code_attribute": code_attribute}

    def call(self, word, **more):
        return drive(word=word, client=self.client, **more)

    def state(self):
        return self.call("state")

    def health(self):
        return self.call("health")

    def url(self, user, state, nonce=None):
        # The package has no parameter for a nonce here, though it checks the one that comes back.
        return self.call("url", user=user, state=state) + (f"&nonce={nonce}" if nonce else "")

    def exchange(self, code, user, nonce=None):
        return self.call("exchange", code=code, user=user, nonce=nonce)


server = Server()
drive = Driver()
site = Site(server, Node, "node")
site.wrong_user, site.wrong_nonce = "The username is invalid", "The nonce is invalid"
define(site)


def kill_and_start(later_s=0, between=lambda: None):
    """kill -9, and the same server again on the same port and data, its clock so many seconds ahead."""
    server.listen_wanted = [f"127.0.0.1:{server.port}"]
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    server.log.close()
    between()
    usual, usual_program = server.environment, os.environ.get("COUNTERSIGN_PROGRAM")
    if later_s:
        library, os.environ["COUNTERSIGN_PROGRAM"] = clock_mover()
        server.environment = dict(usual, LD_PRELOAD=library, FAKETIME=f"+{later_s}s")
    try:
        server.start()
    finally:
        server.environment = usual
        if usual_program:
            os.environ["COUNTERSIGN_PROGRAM"] = usual_program
        else:
            os.environ.pop("COUNTERSIGN_PROGRAM", None)


def clock_mover():
    """The library that moves a program's clock, and a build it can be loaded into: with jemalloc it cannot."""
    for library in pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        for build in [program(), str(ROOT / "build/dev/countersign")]:
            if os.path.exists(build) and b"jemalloc" not in subprocess.run(["ldd", build], capture_output=True).stdout:
                return str(library), build
        raise Skip("needs a build without jemalloc (build/dev/countersign, which `make check` makes)")
    raise Skip("libfaketime is not here (Debian package libfaketime)")


@check("an assertion counts once, for a health check and for an exchange")
def _():
    used = "client_assertion: its jti was used before."
    declined(f"invalid_client: {used}", site.client.call, "health_twice")
    (one, first), (other, second) = site.code(), site.code()
    declined("invalid_grant: jti: this assertion was used before.", site.client.call, "exchange_both",
             codes=[first, second], users=[one.user, other.user])
    other.redeemed(second)  # the code was not lost with it


@check("a code is good for its application and its redirect_uri alone")
def _():
    sign_in, code = site.code()
    other = Node(server.app(site.tenant, "websdk", "other"))
    declined(site.unknown_code, other.exchange, code, sign_in.user)
    elsewhere = Node(site.app, redirect="https://app.example/elsewhere")
    declined("invalid_grant: redirect_uri: not the one of the sign-in.", elsewhere.exchange, code, sign_in.user)
    expect_success(site, sign_in.redeemed(code), sign_in.user, "hardware_token")


@check("a redirect_uri of 256 characters is taken, one of 300 is named on a page with its length")
def _():
    name, totp = site.with_totp()
    longest = REDIRECT + "?" + "x" * (256 - len(REDIRECT) - 1)
    sign_in = SignIn(Node(site.app, redirect=longest), name)
    landing = sign_in.opened(site.visitor()).submit("passcode", passcode=totp.now())
    expect(landing.url.startswith(longest + "&state="), f"back to all of it: {landing.url}")
    page = site.visitor().open(Node(site.app, redirect=REDIRECT + "/" + "x" * (299 - len(REDIRECT))).url(name, sign_in.state))
    expect(isinstance(page, Page) and page.status == 400, f"a page, got {page!r}")
    expect("its length must be from 1 to 256, it is 300" in page.words, f"the cause on {page!r}: {page.words}")


@check("an application that lists its redirect_uris is sent back to no other")
def _():
    listed = server.app(site.tenant, "websdk", "listed", "--redirect-uri", REDIRECT)
    name, totp = site.with_totp()
    sign_in = SignIn(Node(listed), name)
    sign_in.landed(sign_in.opened(site.visitor()).submit("passcode", passcode=totp.now()))
    for other in (REDIRECT + "/", REDIRECT + "?x=1", "https://APP.example/callback"):
        page = site.visitor().open(Node(listed, redirect=other).url(name, sign_in.state))
        expect(isinstance(page, Page) and page.status == 400, f"a page for {other}, got {page!r}")
        expect("none of those that this application lists" in page.words, f"the cause on {page!r}: {page.words}")


@check("a code that is older than a minute is refused with its age as the cause")
def _():
    clock_mover()
    sign_in, code = site.code()
    kill_and_start(later_s=61)
    try:
        declined("invalid_grant: code: it is older than 60 s.", sign_in.redeemed, code)
    finally:
        kill_and_start()


@check("a request that is too old goes back with the clocks as the cause")
def _():
    clock_mover()
    name, _ = site.with_totp()
    sign_in = SignIn(site.client, name)
    kill_and_start(later_s=400)
    try:
        landing = site.visitor().open(sign_in.url)
        expect_equal((landing.query["error"], landing.query["state"]), ("invalid_request_object", sign_in.state), "error")
        expect("check the clocks" in landing.query["error_description"], f"the cause: {landing.query}")
    finally:
        kill_and_start()


@check("an application whose key cannot be opened is told that it is not its fault")
def _():
    broken = server.app(site.tenant, "websdk", "broken")

    def break_it():
        database = sqlite3.connect(server.data / "countersign.db")
        database.execute("UPDATE apps SET sealed_secret = ? WHERE id = ?", (b"x" * 80, broken["integration_key"]))
        database.commit()
        database.close()

    kill_and_start(between=break_it)
    cause = "server_error: The application's keys could not be used."
    declined(cause, Node(broken).health)
    declined(cause, Node(broken).exchange, "x", "ada")
    site.client.health()  # the others are well


# ---- The browser's side ----

@check("kill -9 between the request and the code loses nothing: the page goes on")
def _():
    name, user = site.user()
    phone, totp = server.phone(user), server.totp(user)
    sign_in, visitor = SignIn(site.client, name), site.visitor()
    page = sign_in.opened(visitor)
    kill_and_start()
    page = page.submit("push")
    kill_and_start()
    again = page.reload()
    expect_equal(again.number, page.number, "the number after the restart")
    answer = phone.soon("approve", again.number)
    landing = again.wait()
    answer.join()
    kill_and_start()
    expect_success(site, sign_in.redeemed(sign_in.landed(landing)), name, "verified_duo_push")
    kill_and_start()
    declined(site.used_code, sign_in.redeemed, landing.query["duo_code"])


@check("two tabs with one visit end in one code")
def _():
    name, totp = site.with_totp()
    sign_in, visitor = SignIn(site.client, name), site.visitor()
    first = sign_in.opened(visitor)
    second = visitor.open(first.url)
    code = sign_in.landed(first.submit("passcode", passcode=totp.now()))
    expect_equal(sign_in.landed(second.submit("passcode", passcode=totp.now(1))), code, "the second tab's code")
    sign_in.redeemed(code)
    expect_equal(len([event for event in server.history(site.tenant) if event["user"]["name"] == name]), 1, "events")


@check("two tabs with a sign-in each: one passcode ends one of them, the other goes on")
def _():
    name, totp = site.with_totp()
    visitor = site.visitor()
    one, other = SignIn(site.client, name), SignIn(site.client, name)
    page, waiting = one.opened(visitor), other.opened(visitor)
    passcode = totp.now()
    one.redeemed(one.landed(page.submit("passcode", passcode=passcode)))
    again = waiting.submit("passcode", passcode=passcode)
    expect("used already" in again.notice, f"the same passcode again: {again.words}")
    other.redeemed(other.landed(again.submit("passcode", passcode=totp.now(1))))


@check("the back button after the end says that the user is signed in, and repeats nothing")
def _():
    name, totp = site.with_totp()
    sign_in, visitor = SignIn(site.client, name), site.visitor()
    page = sign_in.opened(visitor)
    code = sign_in.landed(page.submit("passcode", passcode=totp.now()))
    expect_equal(sign_in.landed(page.reload()), code, "before the code is used, the page leads on")
    sign_in.redeemed(code)
    for seen in (page.reload(), page.submit("passcode", passcode=totp.now(1))):
        expect_equal(seen.heading, "You are signed in already", "heading")
        expect(not seen.forms and not any(REDIRECT in link for link in seen.links), f"nothing to do on {seen!r}")


@check("another browser that has the visit's address sees nothing of it and can do nothing")
def _():
    name, totp = site.with_totp()
    sign_in, mine, theirs = SignIn(site.client, name), site.visitor(), site.visitor()
    page = sign_in.opened(mine)
    seen = theirs.open(page.url)
    expect_equal((seen.status, seen.heading), (404, "This sign-in is over"), "what they see")
    expect(name not in seen.text, "not the name")
    typed = theirs.send("POST", page.url + "/passcode", {"passcode": totp.now()})
    expect_equal((typed.status, typed.words), (seen.status, seen.words), "what they see after typing a right passcode")
    sign_in.redeemed(sign_in.landed(page.submit("passcode", passcode=totp.now())))


@check("another browser's own code, put into the first one's way back, is noticed by the user's name")
def _():
    victim, _ = site.with_totp()
    thief, code = site.code()
    declined(site.wrong_user, SignIn(site.client, victim).redeemed, code)
    declined(site.used_code, thief.redeemed, code)


@check("a locked user is told why, and the application hears access_denied")
def _():
    name, totp = site.with_totp()
    sign_in = SignIn(site.client, name)
    page = sign_in.opened(site.visitor())
    for _ in range(10):
        page = page.submit("passcode", passcode=totp.wrong())
    expect_equal(page.heading, "You have not been signed in", "heading")
    landing = page.follow(REDIRECT)
    expect_equal((landing.query["error"], landing.query["state"]), ("access_denied", sign_in.state), "error, state")
    expect("duo_code" not in landing.query, "no code")


main([server])
