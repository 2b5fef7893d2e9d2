#!/usr/bin/env python3
"""What people and browsers do with a visit to the prompt: codes, reloads, tabs, copied cookies, a server that dies."""
import signal

from browser import Application, Chromium, need_browser
from harness import Server, Skip, check, expect, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

server = Server()
server.listen_wanted = [f"127.0.0.1:{server.port}"]  # where it comes back after it was killed
chromium = Chromium(server)
tenant = server.tenant()
application = Application(server, tenant)
remembering = Application(server, tenant, "Wiki")
server.policy("app", remembering.app_id, "remembered_devices_days=30")
UNKNOWN = "DV" + "0" * 18
OVER = "This sign-in is over"


def user_with_token(name):
    return server.hotp(server.user(tenant, name))


def sign_in(tab, token, name, at=application):
    tab.go(at.request(name))
    tab.sees("Enter a passcode")
    tab.type_code(token.next())
    return at.signed_in(tab, name)


def browser_cookies(person):
    return [cookie for cookie in person.cookies() if cookie["name"].startswith("__Host-browser-")]


def activities(action):
    return [event for event in server.history(tenant, "activity") if event["action"]["name"] == action]


@check("without JavaScript a TOTP code signs in; a wrong one is said at its field, and the next right one still works")
def _():
    token = server.totp(server.user(tenant, "ada"))
    with chromium.person(javaScriptEnabled=False) as person:
        tab = person.tab()
        tab.go(application.request("ada"))
        tab.sees("Enter a passcode")
        tab.type_code("000000" if token.now() != "000000" else "000001")
        tab.await_text(selector="#error", text="This passcode does not work")
        expect_equal(tab.attribute(selector="#passcode", name="aria-invalid"), "true", "how the field is marked")
        expect("error" in tab.attribute(selector="#passcode", name="aria-describedby"), "the error belongs to the field")
        tab.type_code("")
        tab.await_text(selector="#error", text="Enter the passcode first")
        tab.type_code(f"{token.now()[:3]} {token.now()[3:]}")  # as authenticators show it
        claims = application.signed_in(tab, "ada")
        expect_equal(claims["auth_context"]["result"], "success", "the event")


@check("a code is typed and sent with the keyboard alone: the field has the focus")
def _():
    token = user_with_token("ben")
    with chromium.person() as person:
        tab = person.tab()
        tab.go(application.request("ben"))
        tab.sees("Enter a passcode")
        expect_equal(tab.focused()["id"], "passcode", "the focus")
        tab.type(text=token.next())
        tab.key(key="Enter")
        application.signed_in(tab, "ben")


@check("a remembered browser passes without a factor; the box must be ticked, and it holds for that application alone")
def _():
    token = user_with_token("cleo")
    with chromium.person() as person:
        tab = person.tab()
        sign_in(tab, token, "cleo", remembering)  # not ticked
        tab.go(remembering.request("cleo"))
        tab.sees("Enter a passcode")
        tab.click(selector="input[name=remember]")
        tab.type_code(token.next())
        remembering.signed_in(tab, "cleo")
        tab.go(remembering.request("cleo"))
        claims = remembering.signed_in(tab, "cleo")
        expect_equal(claims["auth_context"]["factor"], "remembered_device", "what let her in")
        tab.go(application.request("cleo"))
        tab.sees("Enter a passcode")


@check("a copied cookie without the browser's key does not pass, and once both have used it the browser is forgotten")
def _():
    token = user_with_token("dora")
    with chromium.person() as owner, chromium.person() as thief:
        tab, stolen = owner.tab(), thief.tab()
        tab.go(remembering.request("dora"))
        tab.sees("Enter a passcode")
        tab.click(selector="input[name=remember]")
        tab.type_code(token.next())
        remembering.signed_in(tab, "dora")
        jar = browser_cookies(owner)
        expect_equal(len(jar), 1, "cookies of a browser")
        expect(all(c["httpOnly"] and c["secure"] and c["sameSite"] == "Lax" for c in jar), f"how it is kept: {jar}")
        thief.take_cookies(jar)
        stolen.go(remembering.request("dora"))
        stolen.sees("Enter a passcode")
        stolen.await_idle()
        expect(stolen.at().startswith(chromium.origin), "the thief must not come back with a code")
        # The thief finds out a code as well: now two browsers have descendants of one cookie.
        stolen.type_code(token.next())
        remembering.signed_in(stolen, "dora")
        for _ in range(2):
            tab.go(remembering.request("dora"))
            remembering.signed_in(tab, "dora")
        expect_equal(activities("browser_cookie_reused"), [], "reuse noted so far")
        stolen.go(remembering.request("dora"))
        stolen.sees("Enter a passcode")
        expect_equal(len(activities("browser_cookie_reused")), 1, "reuse noted")
        tab.go(remembering.request("dora"))
        tab.sees("Enter a passcode")


@check("reload and back lead to what is, never to an error, and send nothing twice")
def _():
    token = user_with_token("eve")
    with chromium.person() as person:
        tab = person.tab()
        tab.go(application.request("eve"))
        tab.sees("Enter a passcode")
        visit = tab.at()
        expect_equal(tab.reload(), 200, "a reload")
        tab.sees("Enter a passcode")
        tab.type_code(token.wrong())
        tab.await_text(selector="#error", text="does not work")
        failures = len(server.history(tenant))
        expect_equal(tab.reload(), 200, "a reload after a form")
        tab.await_text(selector="#error", text="does not work")
        expect_equal(len(server.history(tenant)), failures, "events after the reload")
        tab.type_code(token.next())
        application.signed_in(tab, "eve")
        tab.back()
        tab.sees("You are signed in already")
        tab.go(visit)
        tab.sees("You are signed in already")
        expect_equal(tab.count(selector="form"), 0, "forms on a page that is over")


@check("two tabs: what one has finished, the other shows as finished, whatever is pressed there")
def _():
    token = user_with_token("finn")
    with chromium.person() as person:
        one, other = person.tab(), person.tab()
        one.go(application.request("finn"))
        one.sees("Enter a passcode")
        other.go(one.at())
        other.sees("Enter a passcode")
        one.type_code(token.next())
        application.signed_in(one, "finn")
        other.type_code(token.next())
        other.sees("You are signed in already")


@check("two sign-ins beside each other in two tabs both end well")
def _():
    token = user_with_token("gina")
    with chromium.person() as person:
        one, other = person.tab(), person.tab()
        one.go(application.request("gina"))
        other.go(application.request("gina"))
        one.sees("Enter a passcode")
        other.sees("Enter a passcode")
        one.type_code(token.next())
        application.signed_in(one, "gina")
        other.type_code(token.next())
        application.signed_in(other, "gina")


@check("a visit that never was, one of another browser and one cut short are one and the same page with status 404")
def _():
    user_with_token("hugo")
    with chromium.person() as person, chromium.person() as stranger:
        tab, elsewhere = person.tab(), stranger.tab()
        tab.go(application.request("hugo"))
        tab.sees("Enter a passcode")
        seen = []
        for place in tab.at(), f"/prompt/{UNKNOWN}", "/prompt/nothing":
            expect_equal(elsewhere.go(place), 404, place)
            elsewhere.sees(OVER)
            seen.append(elsewhere.says())
        expect_equal(len(set(seen)), 1, f"pages: {seen}")
        expect("Go back to the application" in seen[0], seen[0])
        tab.reload()
        tab.sees("Enter a passcode")


@check("a server that is killed in the middle comes back to the same page, and the sign-in goes on")
def _():
    token = user_with_token("iris")
    phone = server.phone(server.user(tenant, "jill"))
    with chromium.person() as person, chromium.person() as other:
        typing, waiting = person.tab(), other.tab()
        typing.go(application.request("iris"))
        typing.sees("Enter a passcode")
        waiting.go(application.request("jill"))
        waiting.button("Show the number")
        number = waiting.number()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.start()
        typing.type_code(token.next())
        application.signed_in(typing, "iris")
        expect_equal(waiting.number(), number, "the number after the restart")
        phone.approve(number)
        application.signed_in(waiting, "jill", limit_s=20)


main([server, chromium])
