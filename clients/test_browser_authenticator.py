#!/usr/bin/env python3
"""The authenticator as people have it: the web app in one Chromium profile, the prompt in another, numbers between them."""
import contextlib
import time

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


class Phone:
    """The web app, opened from an activation link."""

    def __init__(self, person, link):
        self.tab = person.tab()
        self.tab.go(f"/authenticator/#activate={link.rsplit('/', 1)[-1]}")
        self.tab.button("Set up")
        self.tab.sees("This device is set up")
        self.tab.button("Show my codes")

    def asks(self, app="Payroll"):
        self.tab.sees(f"Are you signing in to {app}?")

    def types(self, number):
        self.tab.fill(selector="article input", value=number)
        self.tab.button("Approve")


def user_with_phone(person, name):
    user = server.user(tenant, name)
    made = server.run("phone", "create", "--user", user, "--number", "+12025550100")
    return Phone(person, server.run("phone", "activate", made["phone_id"])["activation_url"])


def other(number):
    return str((int(number) + 1) % 10 ** len(number)).zfill(len(number))


def show_number(tab, name, at=application):
    tab.go(at.request(name))
    tab.sees("Confirm on your phone")
    tab.button("Show the number")
    tab.sees("Type this number on your phone")
    return tab.number()


def approve(tab, phone, name, at=application):
    number = show_number(tab, name, at)
    phone.asks(at.name)
    phone.types(number)
    at.signed_in(tab, name)


def last_event(name):
    event = [event for event in server.history(tenant) if event["user"]["name"] == name][-1]
    return event["result"], event["factor"], event["reason"]


@check("who is unknown sets up the authenticator from the prompt and signs in with it")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        tab = person.tab()
        tab.go(application.request("ada"))
        tab.sees("Set up a second step")
        tab.button("Set up a phone")
        tab.sees("Scan this code with your phone")
        phone = Phone(pocket, tab.says("code.link"))
        # The prompt has waited, and goes on by itself.
        tab.sees("Confirm on your phone")
        tab.button("Show the number")
        number = tab.number()
        phone.asks()
        expect(number not in phone.tab.says(), "the number must not stand on the phone")
        phone.types(number)
        phone.tab.sees("Approved")
        application.signed_in(tab, "ada")
        expect_equal(last_event("ada"), ("success", "verified_duo_push", "user_approved"), "the log")
        expect_equal(tab.complaints() + phone.tab.complaints(), [], "what the browsers complained of")


@check("an activation link is worth something once, and the app says what to do with one that was used")
def _():
    with chromium.person() as pocket, chromium.person() as thief:
        user = server.user(tenant, "abel")
        made = server.run("phone", "create", "--user", user)
        link = server.run("phone", "activate", made["phone_id"])["activation_url"]
        Phone(pocket, link)
        tab = thief.tab()
        tab.go(f"/authenticator/#activate={link.rsplit('/', 1)[-1]}")
        tab.button("Set up")
        tab.await_text(selector="[role=alert]", text="Ask for a new one")


@check("one wrong number ends the request; both pages say so, and the next request works")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "ben")
        tab = person.tab()
        number = show_number(tab, "ben")
        phone.asks()
        phone.types(other(number))
        phone.tab.sees("That was not the number")
        tab.await_text(selector="#again", text="Another number was typed on the phone")
        tab.button("Show the number")
        again = tab.number()
        phone.asks()
        phone.types(again)
        application.signed_in(tab, "ben")


@check("a denied request ends, and the prompt offers to try again")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "cleo")
        tab = person.tab()
        show_number(tab, "cleo")
        phone.asks()
        phone.tab.button("Deny")
        phone.tab.sees("Denied")
        tab.await_text(selector="#again", text="The request was declined on the phone")
        expect(tab.visible(selector="form[action$='/push'] button"), "the way to try again")


@check("'not me' ends the sign-in, is said in both places, and protects the account from the next one")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "dora")
        tab = person.tab()
        show_number(tab, "dora")
        phone.asks()
        phone.tab.button("Not me")
        phone.tab.sees("Are you signing in to Payroll?")
        phone.tab.button("Yes, it was not me")
        phone.tab.sees("Reported and stopped")
        expect("change it now" in phone.tab.says(), phone.tab.says())
        tab.sees("You have not been signed in")
        expect("reported as “not me”" in tab.says("main"), tab.says("main"))
        expect(tab.says(".quote"), "a reference to quote")
        tab.link("Back to Payroll")
        expect_equal(application.came_back(tab).get("error"), "access_denied", "what the application is told")
        expect_equal(last_event("dora"), ("fraud", "verified_duo_push", "user_marked_fraud"), "the log")
        tab.go(application.request("dora"))
        tab.sees("You have not been signed in")
        expect("Your account is protected" in tab.says("main"), tab.says("main"))


@check("a notification is sent only for a browser that the user has signed in with; else the page says: open the app")
def _():
    with chromium.person() as person, chromium.person() as pocket, chromium.person() as stranger:
        phone = user_with_phone(pocket, "eve")
        tab = person.tab()
        number = show_number(tab, "eve")
        expect("Open your authenticator" in tab.says("main"), tab.says("main"))
        expect("No notification was sent" in tab.says("main"), tab.says("main"))
        expect_equal(len(number), 6, "digits where nobody knows the browser")
        phone.asks()
        phone.types(number)
        application.signed_in(tab, "eve")
        number = show_number(tab, "eve")
        tab.await_text(selector="main", text="is asking for it")
        expect_equal(len(number), 3, "digits where the browser is known")
        phone.asks()
        phone.types(number)
        application.signed_in(tab, "eve")
        elsewhere = stranger.tab()
        show_number(elsewhere, "eve")
        expect("No notification was sent" in elsewhere.says("main"), elsewhere.says("main"))


@check("on a notified phone that does not answer, other ways open by themselves within 5 s; one of them works")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "finn")
        token = server.hotp(server.run("user", "show", "finn", "--tenant", tenant)["user_id"])
        tab = person.tab()
        tab.go(application.request("finn"))
        tab.link("Other ways")
        tab.click(selector="a.way[href*=passcode]")
        tab.type_code(token.next())
        application.signed_in(tab, "finn")
        show_number(tab, "finn")
        since = time.monotonic()
        expect(not tab.visible(selector="details .way"), "at first the number stands alone")
        tab.await_visible(selector="details .way", limit_ms=6000)
        expect(time.monotonic() - since < 6, "it took too long")
        tab.click(selector="details .way[value=passcode]")
        tab.type_code(token.next())
        application.signed_in(tab, "finn")
        phone.tab.await_text(selector="main", text="No sign-in is waiting")


@check("the time left counts down, and more time adds to it, more than once")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        user_with_phone(pocket, "gina")
        tab = person.tab()
        show_number(tab, "gina")
        first = int(tab.attribute(selector=".clock", name="data-left"))
        expect(50 <= first <= 60, f"{first} s at the beginning")
        tab.await_text(selector=".time", text="0:54")
        tab.button("More time")
        tab.await_visible(selector=".clock[data-left^='11']")  # 110 to 119 s
        tab.button("More time")
        tab.await_visible(selector=".clock[data-left^='17']")
        expect(tab.number(), "the number is still there")


@check("the number is read digit by digit, and what matters has a name for those who hear the page")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "hugo")
        tab = person.tab()
        number = show_number(tab, "hugo")
        digits = " ".join(number)
        heard = tab.heard()
        expect(f"The number is {digits}." in heard, heard)
        expect(number not in heard, f"the number must not be heard as one: {heard}")
        tab.await_text(selector="[data-say]", text=f"The number is {digits}.")
        expect_equal(tab.focused()["text"], "Type this number on your phone", "the focus")
        phone.asks()
        expect("Type the 6 digits shown where you are signing in" in phone.tab.heard(), phone.tab.heard())


@check("a waiting request can be approved with the keyboard alone, in both places")
def _():
    with chromium.person() as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "iris")
        tab = person.tab()
        tab.go(application.request("iris"))
        tab.sees("Confirm on your phone")
        expect_equal(tab.focused()["tag"], "h1", "where the focus lands")
        tab.key(key="Tab")
        expect_equal(tab.focused()["text"], "Show the number", "the first stop")
        tab.key(key="Enter")
        number = tab.number()
        phone.asks()
        for _ in range(12):
            if phone.tab.focused()["tag"] == "input":
                break
            phone.tab.key(key="Tab")
        phone.tab.type(text=number)
        phone.tab.key(key="Enter")
        phone.tab.sees("Approved")
        application.signed_in(tab, "iris")


@check("without JavaScript a push waits by loading the page again, and goes on once it is approved")
def _():
    with chromium.person(javaScriptEnabled=False) as person, chromium.person() as pocket:
        phone = user_with_phone(pocket, "jill")
        tab = person.tab()
        number = show_number(tab, "jill")
        phone.asks()
        phone.types(number)
        application.signed_in(tab, "jill", limit_s=12)


@check("a request that nobody answers ends; the prompt says so by itself and offers to try again")
def _():
    tab = expiring_tab
    tab.await_text(selector="#again", text="Nobody answered on the phone in time", limit_ms=70_000)
    expect(tab.visible(selector="form[action$='/push'] button"), "the way to try again")
    # Gone, or said to be over: whichever of the two clocks was first.
    expiring_phone.tab.await_hidden(selector="input[id^='number-']")
    waiting.close()


# Runs out beside the other checks.
waiting = contextlib.ExitStack()
expiring_phone = user_with_phone(waiting.enter_context(chromium.person()), "kim")
expiring_tab = waiting.enter_context(chromium.person()).tab()
show_number(expiring_tab, "kim")

main([server, chromium])
