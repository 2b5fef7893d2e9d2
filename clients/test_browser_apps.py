#!/usr/bin/env python3
"""How the authenticator and the portal look and speak: every screen in every language and both themes."""
# limit: 400 s
import json

from browser import SCREENSHOTS, Application, Chromium, need_browser
from browser_survey import survey
from harness import Server, Skip, check, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

server = Server()
chromium = Chromium(server)
tenant = server.tenant("Zucker & Söhne <GmbH>")
application = Application(server, tenant, "Payroll")


def user(name):
    return server.user(tenant, name)


class Pocket:
    """The authenticator; speak() changes its language in its settings and comes back."""

    def __init__(self, person):
        self.tab = person.tab()

    def open(self, place):
        self.tab.evaluate(script=f"location.hash = {json.dumps(place)}")

    def speak(self, language, place):
        self.open("#/settings")
        self.tab.choose(selector="#language", value=language)
        self.open(place)

    def survey(self, name, place):
        survey(self.tab, name, "authenticator", lambda language: self.speak(language, place))

    def bind(self, username):
        made = server.run("phone", "create", "--user", user(username))
        code = server.run("phone", "activate", made["phone_id"])["activation_url"].rsplit("/", 1)[-1]
        self.tab.go(f"/authenticator/#activate={code}")


@check("authenticator: welcome, adding, a link to confirm, settings, codes, account, notices, a new phone")
def _():
    with chromium.person(axe=True) as person:
        pocket = Pocket(person)
        pocket.tab.go("/authenticator/")
        pocket.survey("welcome", "#/")
        pocket.survey("add", "#/add")
        pocket.bind("lena")
        pocket.tab.sees("Set up this device?")
        pocket.tab.button("Set up")
        pocket.tab.sees("This device is set up")
        server.hotp(server.run("user", "show", "lena", "--tenant", tenant)["user_id"])
        pocket.open("#/settings")
        account = pocket.tab.attribute(selector="a[href^='#/account/']", name="href")
        for name, place in (("codes", "#/"), ("settings", "#/settings"), ("account", account),
                            ("notices", "#/notices"), ("new-phone", "#/new-phone")):
            pocket.survey(name, place)


@check("authenticator: a request, the question behind 'not me', and what became of it")
def _():
    with chromium.person(axe=True) as person, chromium.person() as other:
        pocket, tab = Pocket(person), other.tab()
        pocket.bind("mara")
        pocket.tab.button("Set up")
        pocket.tab.sees("This device is set up")
        tab.go(application.request("mara"))
        tab.button("Show the number")
        tab.number()
        pocket.open("#/")
        pocket.tab.sees("Are you signing in to Payroll?")
        pocket.survey("request", "#/")
        pocket.tab.button("Not me")
        pocket.tab.await_text(selector="h3", text="Report that this was not you?")
        expect_equal(pocket.tab.axe(), [], "the question")
        pocket.tab.screenshot(path=str(SCREENSHOTS / "authenticator-not-me.png"))
        pocket.tab.button("Yes, it was not me")
        pocket.tab.sees("Reported and stopped")
        expect_equal(pocket.tab.axe(), [], "the outcome")
        pocket.tab.screenshot(path=str(SCREENSHOTS / "authenticator-fraud.png"))


# ---- The portal -------------------------------------------------------------------------------------------------

@check("portal: the list, a question, new codes, a new name, the door, and where one comes from no application")
def _():
    with chromium.person(axe=True) as person:
        tab = person.tab()
        key = tab.authenticator()
        tab.go(application.request("nora"))
        tab.button("Create a passkey")
        application.signed_in(tab, "nora")
        key.away()
        tab.go("/portal/")
        tab.await_visible(selector="h1")
        tab.go(f"/portal/{tenant}")
        tab.sees("Your sign-in methods")
        survey(tab, "portal-door")
        key.back()
        speak_english(tab)  # and the door, read again, finds the passkey among its field's suggestions
        tab.await_text(selector=".who", text="Signed in as nora")
        survey(tab, "portal-list")
        speak_english(tab)
        tab.click(selector="a[href*='/rename']")
        survey(tab, "portal-rename")
        tab.go(f"/portal/{tenant}")
        tab.click(selector="a[href*='/not-me']")
        survey(tab, "portal-not-me")
        tab.go(f"/portal/{tenant}/no-such-page")
        survey(tab, "portal-no-such-page")


def speak_english(tab):
    tab.person.take_cookies([{"name": "lang", "value": "en", "url": chromium.origin}])
    tab.reload()


main([server, chromium])
