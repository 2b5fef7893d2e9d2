#!/usr/bin/env python3
"""The device portal in a real Chromium: in from an application or by a passkey, and what can be changed there."""
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
PORTAL = f"/portal/{tenant}"
TITLE = "Your sign-in methods"


def enrol(tab, username):
    key = tab.authenticator()
    tab.go(application.request(username))
    tab.sees("Set up a second step")
    tab.button("Create a passkey")
    application.signed_in(tab, username)
    return key


def enter(tab, username):
    """By the passkey in the tab's authenticator, which the door offers among the suggestions of its field: chosen at once
    by an authenticator that is always there."""
    tab.go(PORTAL)
    tab.await_text(selector=".who", text=f"Signed in as {username}")


@check("a passkey signs in, another one is added with it, and both then sign in to applications")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "ada")
        enter(tab, "ada")
        tab.button("Add a passkey")
        key.gone()
        second = tab.authenticator(transport="usb")
        tab.fill(selector="input[name=name]", value="Blue key")
        tab.button("Create a passkey")
        tab.await_text(selector="main", text="The passkey was added")
        expect("Blue key" in tab.says("main"), tab.says("main"))
        expect_equal(len(second.credentials()), 1, "credentials of the second one")
        tab.go(application.request("ada"))
        application.signed_in(tab, "ada")
        expect_equal(tab.complaints(), [], "what the browser complained of")


@check("the door's button signs in too, where nothing was chosen among the suggestions")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "abel")
        key.away()
        tab.go(PORTAL)
        tab.await_visible(selector="form[action$='/sign-in'] button")
        key.back()
        tab.button("Sign in with a passkey")
        tab.await_text(selector=".who", text="Signed in as abel")


@check("from an application: who confirms there comes into the portal, and the application gets no code")
def _():
    token = server.hotp(server.user(tenant, "ben"))
    with chromium.person() as person:
        tab = person.tab()
        tab.go(application.request("ben"))
        tab.sees("Enter a passcode")
        tab.button("Manage your sign-in methods")
        tab.sees("Enter a passcode")
        tab.type_code(token.next())
        tab.await_text(selector=".who", text="Signed in as ben")
        expect(tab.at().startswith(f"{chromium.origin}{PORTAL}"), tab.at())
        expect("code=" not in tab.at(), f"the code must not stay in the address: {tab.at()}")


@check("recovery codes are shown once, and one of them signs in")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "cleo")
        enter(tab, "cleo")
        tab.button("Make new codes")
        tab.sees("Your new recovery codes")
        codes = [line for line in tab.says("ol.codes").splitlines() if line.strip()]
        expect_equal(len(codes), 10, "codes")
        tab.link("I have kept them")
        tab.sees(TITLE)
        expect(not any(code in tab.says() for code in codes), "a code is shown again")
        key.away()
        tab.go(application.request("cleo"))
        tab.link("Other ways")
        tab.click(selector="a.way[href*=passcode]")
        tab.type_code(codes[0])
        application.signed_in(tab, "cleo")


@check("an authenticator is added in the portal and is ready once its link was opened")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        tab, phone = person.tab(), pocket.tab()
        enrol(tab, "dora")
        enter(tab, "dora")
        tab.button("Set up an authenticator on a phone")
        tab.await_visible(selector="code.link")
        phone.go(f"/authenticator/#activate={tab.says('code.link').rsplit('/', 1)[-1]}")
        phone.button("Set up")
        phone.sees("This device is set up")
        tab.sees(TITLE)
        expect_equal(tab.count(selector="section:first-of-type .thing"), 2, f"ways: {tab.says('main')}")


@check("the last way to sign in cannot be removed; a stale form in a second tab changes nothing")
def _():
    with chromium.person() as person:
        tab = person.tab()
        enrol(tab, "eve")
        enter(tab, "eve")
        expect_equal(tab.count(selector="a[href*='/remove']"), 0, "ways to remove the only passkey")
        other = person.tab()
        other.go(PORTAL)
        other.await_text(selector=".who", text="Signed in as eve")
        tab.button("Make new codes")
        tab.sees("Your new recovery codes")
        other.button("Make new codes")
        other.await_text(selector="main", text="Nothing was done, because something had changed meanwhile")


@check("signing out ends the session, and the back button does not bring it back")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "finn")
        enter(tab, "finn")
        key.away()
        tab.button("Sign out")
        tab.await_text(selector="main", text="You are signed out")
        tab.back()
        tab.go(PORTAL)
        expect(tab.visible(selector="form[action$='/sign-in']"), tab.says())


@check("'this was not me' protects the account: the portal signs out, and applications say why they let nobody in")
def _():
    token = server.hotp(server.user(tenant, "gina"))
    with chromium.person() as person:
        tab = person.tab()
        tab.go(application.request("gina"))
        tab.type_code(token.next())
        application.signed_in(tab, "gina")
        tab.go(application.request("gina"))
        tab.button("Manage your sign-in methods")
        tab.type_code(token.next())
        tab.await_text(selector=".who", text="Signed in as gina")
        tab.click(selector="a[href*='/not-me']")
        tab.button("Protect my account")
        tab.sees("Your account is protected")
        tab.go(application.request("gina"))
        tab.sees("You have not been signed in")


main([server, chromium])
