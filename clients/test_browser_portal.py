#!/usr/bin/env python3
"""The device portal in a real browser: in by a visit and by a passkey, factors added and removed, "this was not me"."""
from browser import Application, Chromium, need_browser
from harness import Server, Skip, check, expect, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

server = Server()
chromium = Chromium(server)
tenant = server.tenant()
application = Application(server, tenant)
HOME = f"/portal/{tenant}"
METHODS = "Your sign-in methods"


def enters_by_visit(tab, name, confirm):
    tab.go(application.request(name))
    confirm(tab, "Manage your sign-in methods")
    tab.sees(METHODS)
    expect_equal(tab.at().removeprefix(chromium.origin), HOME, "where it led")


def by_code(token):
    def confirm(tab, manage):
        tab.sees("Enter a passcode")
        tab.button(manage)
        tab.sees("Enter a passcode")
        tab.type_code(token.next())

    return confirm


@check("a visit leads to the portal in place of the application, and the session's cookie is strict; nothing needs script")
def _():
    token = server.hotp(server.user(tenant, "ada"))
    with chromium.person(javaScriptEnabled=False) as person:
        tab = person.tab()
        enters_by_visit(tab, "ada", by_code(token))
        expect("Signed in as ada" in tab.says(), tab.says())
        expect("Your only way to sign in" in tab.says(), tab.says())
        jar = [cookie for cookie in person.cookies() if cookie["name"].startswith("__Host-portal-")]
        expect(jar and all(c["httpOnly"] and c["secure"] and c["sameSite"] == "Strict" for c in jar), f"{jar}")
        tab.button("Make new codes")
        tab.sees("Your new recovery codes")
        expect_equal(tab.count(selector=".codes li"), 10, "codes")
        tab.link("I have kept them")
        tab.sees(METHODS)
        expect("10 codes left." in tab.says(), tab.says())
        tab.button("Sign out")
        tab.sees(METHODS)
        expect("You are signed out." in tab.says(), tab.says())


@check("a passkey made in the portal signs in there, and what it signs in can be reported: then the account is protected")
def _():
    token = server.hotp(server.user(tenant, "ben"))
    with chromium.person(axe=True) as person:
        tab = person.tab()
        tab.authenticator()
        enters_by_visit(tab, "ben", by_code(token))
        tab.button("Add a passkey")
        tab.sees("Add a passkey")
        tab.button("Create a passkey")
        tab.await_text(selector="main", text="The passkey was added.")
        tab.button("Sign out")
        # Its field offers the passkey by itself, and the authenticator of this test takes what is offered.
        tab.await_text(selector="main", text="Signed in as ben")
        expect_equal(tab.count(selector=".thing-hint .result"), 2, "sign-ins shown")
        tab.click(selector="a[href*='/not-me']")
        tab.sees("Was this not you?")
        tab.button("Protect my account")
        tab.sees("Your account is protected")
        kinds = [event["action"]["name"] for event in server.history(tenant, "activity")]
        expect("user_protect" in kinds and "webauthncredential_create" in kinds, f"activity: {kinds}")
        tab.go(HOME)
        tab.await_text(selector="main", text="Your account is protected because")
        expect_equal(tab.count(selector="form[action$='/begin-passkey']"), 0, "ways to change anything")


main([server, chromium])
