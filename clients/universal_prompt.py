"""What every client of the Universal Prompt must be able to do, whatever language it is written in.

The checks are the same; a test file hands in `connect(app, **changes)`, which gives a client with
    state()   health()   url(user, state, nonce=None)   exchange(code, user, nonce=None)
each of which raises `Declined` with the client's own message. Changes are redirect, secret and code_attribute.
"""
import re
import secrets

from harness import Phone, check, expect, expect_equal
from visitor import Landing, Page, Visitor

REDIRECT = "https://app.example/callback"
REFERENCE = re.compile(r" \(reference [0-9A-Z]{8}\)")


class Declined(Exception):
    """The client gave up; the text is its message."""


def declined(wanted, call, *arguments, **named):
    """Calls, and expects the client to say exactly this, but for the reference."""
    try:
        result = call(*arguments, **named)
    except Declined as error:
        expect_equal(REFERENCE.sub("", str(error)), wanted, "the client's message")
        return
    raise AssertionError(f"wanted {wanted!r}, got {result!r}")


class SignIn:
    """One sign-in of one user, from the application's side."""

    def __init__(self, client, user, nonce=None):
        self.client, self.user, self.nonce = client, user, nonce
        self.state = client.state()
        self.url = client.url(user, self.state, nonce)

    def opened(self, visitor):
        page = visitor.open(self.url)
        expect(isinstance(page, Page) and page.status == 200, f"the prompt, got {page!r}")
        return page

    def landed(self, landing, code_name="duo_code", redirect=REDIRECT):
        """The browser is back with this sign-in's state and a code, and nothing else; gives the code."""
        expect(isinstance(landing, Landing), f"the way back, got {landing!r}")
        expect_equal(landing.address, redirect, "where the browser was sent")
        expect_equal(sorted(landing.query), sorted(["state", code_name]), "what it brings")
        expect_equal(landing.query["state"], self.state, "state")
        return landing.query[code_name]

    def redeemed(self, code):
        return self.client.exchange(code, self.user, self.nonce)


class Site:
    """One server with one tenant, its application and a client for it."""

    def __init__(self, server, connect, name):
        self.server, self.connect, self.name = server, connect, name
        self.tenant = server.tenant()
        self.app = server.app(self.tenant, "websdk", name)
        self.client = connect(self.app)
        self.users = 0
        self.used_code = "invalid_grant: code: it was used before."
        self.unknown_code = "invalid_grant: code: unknown, or of another application."

    def user(self, *flags):
        """A new user: (name, id)."""
        self.users += 1
        name = f"{self.name}{self.users}"
        return name, self.server.user(self.tenant, name, *flags)

    def with_totp(self):
        name, user = self.user()
        return name, self.server.totp(user)

    def with_phone(self):
        name, user = self.user()
        return name, self.server.phone(user)

    def visitor(self):
        return Visitor(self.server)

    def asked_for_push(self, sign_in, visitor=None):
        """At the page that shows the number."""
        page = sign_in.opened(visitor or self.visitor()).submit("push")
        expect(page.number.isdigit(), f"a number on {page!r}: {page.words}")
        return page

    def code(self, client=None, **changes):
        """A sign-in by passcode as far as its code: (sign_in, code)."""
        name, totp = self.with_totp()
        sign_in = SignIn(client or self.connect(self.app, **changes), name)
        landing = sign_in.opened(self.visitor()).submit("passcode", passcode=totp.now())
        return sign_in, sign_in.landed(landing)


def expect_success(site, token, user, factor):
    event = token["auth_context"]
    expect_equal(token["preferred_username"], user, "preferred_username")
    expect_equal(token["auth_result"]["result"], "allow", "auth_result")
    expect_equal((event["result"], event["factor"], event["user"]["name"]), ("success", factor, user), "auth_context")
    logged = site.server.history(site.tenant)[-1]
    expect_equal(event, logged, "auth_context and the line of the log")


def define(site):
    @check("the health check tells the time")
    def _():
        answer = site.client.health()
        expect_equal(answer["stat"], "OK", "stat")
        expect(isinstance(answer["response"]["timestamp"], int), f"a whole number in {answer}")

    @check("a passcode lets the user in, and the token tells what the log has")
    def _():
        name, totp = site.with_totp()
        sign_in = SignIn(site.client, name)
        page = sign_in.opened(site.visitor())
        again = page.submit("passcode", passcode=totp.wrong())
        expect(again.notice.startswith("This passcode does not work"), f"the reason: {again.words}")
        code = sign_in.landed(again.submit("passcode", passcode=totp.now()))
        expect_success(site, sign_in.redeemed(code), name, "hardware_token")

    @check("a push lets the user in whose number is typed on the phone")
    def _():
        name, phone = site.with_phone()
        sign_in = SignIn(site.client, name)
        page = site.asked_for_push(sign_in)
        answer = phone.soon("approve", page.number)
        landing = page.wait()
        answer.join()
        expect_success(site, sign_in.redeemed(sign_in.landed(landing)), name, "verified_duo_push")

    @check("a user whom nobody knows binds an authenticator on the way in")
    def _():
        name = f"{site.name}new"
        sign_in = SignIn(site.client, name)
        visitor = site.visitor()
        page = sign_in.opened(visitor)
        expect_equal(page.heading, "Set up a second step", "heading")
        page = page.submit("bind-phone")
        phone = Phone(site.server, re.search(r"https://\S+/activate/\S+", page.words)[0])
        page = page.wait().submit("push")
        answer = phone.soon("approve", page.number)
        landing = page.wait()
        answer.join()
        expect_success(site, sign_in.redeemed(sign_in.landed(landing)), name, "verified_duo_push")

    @check("a denial on the phone is said, and another way leads in")
    def _():
        name, user = site.user()
        phone, totp = site.server.phone(user), site.server.totp(user)
        sign_in = SignIn(site.client, name)
        page = site.asked_for_push(sign_in)
        answer = phone.soon("deny")
        page = page.wait()
        answer.join()
        expect("declined on the phone" in page.notice, f"the reason on {page!r}: {page.words}")
        page = page.follow("/other").follow("way=passcode")
        expect_success(site, sign_in.redeemed(sign_in.landed(page.submit("passcode", passcode=totp.now()))), name,
                       "hardware_token")

    @check("a report of fraud ends the sign-in; the way back says access_denied and brings no code")
    def _():
        name, phone = site.with_phone()
        sign_in = SignIn(site.client, name)
        page = site.asked_for_push(sign_in)
        answer = phone.soon("fraud")
        page = page.wait()
        answer.join()
        expect_equal(page.heading, "You have not been signed in", "heading")
        landing = page.follow(REDIRECT)
        expect_equal(sorted(landing.query), ["error", "error_description", "state"], "what it brings")
        expect_equal((landing.query["error"], landing.query["state"]), ("access_denied", sign_in.state), "error, state")
        expect_equal(site.server.history(site.tenant)[-1]["result"], "fraud", "the log's result")

    @check("a code counts once, and only for whom it was given")
    def _():
        sign_in, code = site.code()
        declined(site.unknown_code, sign_in.client.exchange, "x" * 40, sign_in.user)
        sign_in.redeemed(code)
        declined(site.used_code, sign_in.redeemed, code)

    @check("a code that says another user than the application expects is no sign-in")
    def _():
        sign_in, code = site.code()
        declined(site.wrong_user, sign_in.client.exchange, code, "somebody-else")

    @check("the code comes back as `code` where the application asks for that")
    def _():
        client = site.connect(site.app, code_attribute=False)
        name, totp = site.with_totp()
        sign_in = SignIn(client, name)
        code = sign_in.landed(sign_in.opened(site.visitor()).submit("passcode", passcode=totp.now()), "code")
        expect_equal(sign_in.redeemed(code)["preferred_username"], name, "preferred_username")

    @check("the nonce is echoed, and another one is noticed")
    def _():
        nonce = secrets.token_hex(18)
        for expected in (nonce, secrets.token_hex(18)):
            name, totp = site.with_totp()
            sign_in = SignIn(site.client, name, nonce)
            code = sign_in.landed(sign_in.opened(site.visitor()).submit("passcode", passcode=totp.now()))
            if expected == nonce:
                expect_equal(sign_in.redeemed(code)["nonce"], nonce, "nonce")
            else:
                declined(site.wrong_nonce, sign_in.client.exchange, code, name, expected)

    @check("a wrong client secret is refused at every door, with its cause")
    def _():
        client = site.connect(site.app, secret="x" * 40)
        declined("invalid_client: The signature is not right; check the client_secret.", client.health)
        declined("invalid_client: The signature is not right; check the client_secret.", client.exchange, "x", "ada")
        page = site.visitor().open(client.url("ada", client.state()))
        expect_equal(page.status, 400, "HTTP status")
        expect("check the client_secret" in page.words, f"the cause on {page!r}: {page.words}")
