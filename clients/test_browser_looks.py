#!/usr/bin/env python3
"""How the prompt looks and speaks: every screen in every language and both themes, what it weighs, what it may do."""
# limit: 400 s
import json

from browser import SCREENSHOTS, Application, Chromium, need_browser
from browser_survey import survey
from harness import Server, Skip, check, expect, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

server = Server()
chromium = Chromium(server)
tenant = server.tenant("Zucker & Söhne <GmbH>")
application = Application(server, tenant, "Payroll")
server.policy("tenant", tenant, "remembered_devices_days=30")
PAGE_MAX = 60 * 1024


def screen(name):
    """A check of one screen of the prompt; the function leads a tab to it."""
    def register(lead):
        @check(f"{name}: in all languages, both themes, narrow")
        def _():
            with chromium.person(axe=True, colorScheme="light") as person:
                tab = person.tab()
                lead(tab)
                survey(tab, name.replace(" ", "-"))
    return register


def user(name, *more):
    return server.user(tenant, name, *more)


def known(tab, name, token):
    """A first sign-in from this tab's browser, with a code."""
    tab.go(application.request(name))
    if tab.count(selector="a[href$='/other']"):
        tab.link("Other ways")
        tab.click(selector="a.way[href*=passcode]")
    tab.type_code(token.next())
    application.signed_in(tab, name)


def bind_passkey(tab, name):
    key = tab.authenticator()
    tab.go(application.request(name))
    tab.button("Create a passkey")
    application.signed_in(tab, name)
    key.away()
    return key


@screen("first factor")
def _(tab):
    tab.go(application.request("newcomer"))


@screen("phone to bind")
def _(tab):
    tab.go(application.request("newcomer-with-phone"))
    tab.button("Set up a phone")
    tab.await_visible(selector="svg.qr path")


@screen("passkey")
def _(tab):
    bind_passkey(tab, "ada")
    tab.go(application.request("ada"))
    tab.sees("Confirm with your passkey")


@screen("passkey that failed")
def _(tab):
    bind_passkey(tab, "ben")
    tab.go(application.request("ben"))
    tab.sees("Confirm with your passkey")
    tab.evaluate(script="document.querySelector('form[action$=passkey-failed]').submit()")
    tab.await_visible(selector="#again")


@screen("passcode")
def _(tab):
    server.hotp(user("cleo"))
    tab.go(application.request("cleo"))


@screen("wrong passcode")
def _(tab):
    token = server.hotp(user("dora"))
    tab.go(application.request("dora"))
    tab.type_code(token.wrong())
    tab.await_visible(selector="#error")


@screen("push")
def _(tab):
    server.phone(user("eve"))
    tab.go(application.request("eve"))
    tab.sees("Confirm on your phone")


@screen("ways")
def _(tab):
    finn = user("finn")
    server.hotp(finn)
    server.phone(finn)
    server.phone(finn, "+12025550101")
    tab.go(application.request("finn"))
    tab.link("Other ways")
    tab.sees("How do you want to confirm?")


@screen("waiting unnotified")
def _(tab):
    server.phone(user("gina"))
    tab.go(application.request("gina"))
    tab.button("Show the number")
    tab.number()


@screen("waiting notified")
def _(tab):
    hugo = user("hugo")
    token = server.hotp(hugo)
    server.phone(hugo)
    known(tab, "hugo", token)
    tab.go(application.request("hugo"))
    tab.button("Show the number")
    expect_equal(len(tab.number()), 3, "digits")


@screen("refused")
def _(tab):
    server.run("user", "update", user("iris"), "--status", "disabled")
    tab.go(application.request("iris"))
    tab.sees("You have not been signed in")


@screen("done")
def _(tab):
    token = server.hotp(user("jill"))
    tab.go(application.request("jill"))
    visit = tab.at()
    tab.type_code(token.next())
    application.signed_in(tab, "jill")
    tab.go(visit)
    tab.sees("You are signed in already")


@screen("over")
def _(tab):
    tab.go("/prompt/DV000000000000000000")
    tab.sees("This sign-in is over")


@screen("bad request of the application")
def _(tab):
    tab.go(application.request("kim")[:-8] + "AAAAAAAA")
    tab.sees("Something went wrong")


@check("the browser holds the pages to their policy: no inline script, no text as HTML, no frame")
def _():
    server.hotp(user("nina"))
    with chromium.person() as person:
        for address in application.request("nina"), "/authenticator/":
            tab = person.tab()
            tab.go(address)
            tab.await_visible(selector="h1")
            tab.await_idle()
            expect_equal(tab.complaints(), [], "complaints of the page itself")
            said = tab.evaluate(script="""(() => {
                try { document.body.innerHTML = '<b>x</b>' } catch (error) { return error.name }
                return 'taken' })()""")
            expect_equal(said, "TypeError", "text as HTML")
            ran = tab.evaluate(script="""(() => {
                const script = document.createElement('script')
                try { script.text = 'window.ran = 1' } catch (error) { return error.name }
                document.body.append(script)
                return window.ran ?? 'not run' })()""")
            expect_equal(ran, "TypeError", "a script made of text")
            tab.evaluate(script="document.body.setAttribute('style', 'color: red')")
            expect(any("style-src" in line for line in tab.complaints()), "an inline style must be stopped")


@check("the prompt's page with all it loads weighs at most 60 KiB, and its first paint is recorded")
def _():
    server.hotp(user("olga"))
    with chromium.person() as person:
        tab = person.tab()
        tab.go(application.request("olga"))
        tab.sees("Enter a passcode")
        tab.await_idle()
        loaded = {one["url"]: one["bytes"] for one in tab.loaded() if "/oauth/" not in one["url"]}
        kinds = {kind for kind in ("prompt-", ".css", ".js", "/prompt/") if any(kind in url for url in loaded)}
        expect_equal(len(kinds), 4, f"what was loaded: {sorted(loaded)}")
        total = sum(loaded.values())
        expect(total <= PAGE_MAX, f"{total} bytes: {loaded}")
        paint = tab.paint()
        expect("first-contentful-paint" in paint, f"paint: {paint}")
        measured = {"page_bytes": total, "first_contentful_paint_ms": round(paint["first-contentful-paint"], 1)}
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / "measured.json").write_text(json.dumps(measured) + "\n")
        print(f"      {measured}")


main([server, chromium])
