#!/usr/bin/env python3
"""Passkeys at the prompt, in a real Chromium with virtual authenticators: what a person does, and what a thief tries."""
import json

from browser import Application, Chromium, need_browser
from harness import Server, Skip, check, expect, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

# A second port is a second origin with the same relying party id: where a phishing page would stand.
server = Server(listen=["127.0.0.1:0", "127.0.0.1:0"])
other_origin = "https://localhost:" + server.ready["listen"][1].rstrip("/").rsplit(":", 1)[1]
chromium = Chromium(server)
tenant = server.tenant()
application = Application(server, tenant)
lenient = Application(server, tenant, "Canteen")
server.policy("app", lenient.app_id, "user_verification=preferred")

# What pages ask the browser for, done by hand: so a test can change the question.
ASK = """async change => {
  const form = document.querySelector('form[data-passkey]')
  const bytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0))
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  const options = { ...(change.options ?? JSON.parse(form.dataset.options)), ...change.instead }
  const publicKey = { ...options, challenge: bytes(options.challenge),
    allowCredentials: options.allowCredentials.map(one => ({ ...one, id: bytes(one.id) })) }
  const got = await navigator.credentials.get({ publicKey })
  return JSON.stringify({ id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: {},
    response: { clientDataJSON: text(got.response.clientDataJSON), signature: text(got.response.signature),
      authenticatorData: text(got.response.authenticatorData),
      userHandle: got.response.userHandle ? text(got.response.userHandle) : undefined } })
}"""
SEND = """answer => {
  const form = document.querySelector('form[data-passkey]')
  form.querySelector('input[name=response]').value = answer
  form.submit()
}"""


def ask(tab, **change):
    return tab.evaluate(script=f"({ASK})({json.dumps(change)})")


def send(tab, answer):
    tab.evaluate(script=f"({SEND})({json.dumps(answer)})")


def enrol(tab, username, at=application, **options):
    """Signs an unknown user in, who makes a passkey on the way."""
    key = tab.authenticator(**options)
    tab.go(at.request(username))
    tab.sees("Set up a second step")
    tab.button("Create a passkey")
    at.signed_in(tab, username)
    return key


def user_id(username):
    return server.run("user", "show", username, "--tenant", tenant)["user_id"]


def factors(username):
    """The results and factors of a user's sign-ins, oldest first."""
    events = [event for event in server.history(tenant) if event["user"]["name"] == username]
    return [(event["result"], event["factor"], event["reason"]) for event in events]


@check("who is unknown makes a passkey, is let in, and signs in with it from then on")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "ada")
        (credential,) = key.credentials()
        expect_equal((credential["rpId"], credential["isResidentCredential"]), ("localhost", True), "the passkey")
        tab.go(application.request("ada"))  # its window opens by itself
        claims = application.signed_in(tab, "ada")
        expect_equal(claims["auth_context"]["factor"], "webauthn", "what the application is told")
        expect_equal(len(key.credentials()), 1, "passkeys after the second sign-in")
        expect_equal(tab.complaints(), [], "what the browser complained of")


def define(name, **options):
    @check(f"{name} is bound and signs in")
    def _():
        with chromium.person() as person:
            tab = person.tab()
            who = name.replace(" ", "-").replace(",", "")
            at = lenient if options.get("protocol") == "u2f" else application
            key = enrol(tab, who, at, **options)
            expect_equal(len(key.credentials()), 1, "credentials")
            tab.go(at.request(who))
            at.signed_in(tab, who)


define("a security key with resident keys", transport="usb")
define("a security key without resident keys", transport="usb", hasResidentKey=False)
define("an NFC key", transport="nfc")
define("a phone over hybrid transport", transport="hybrid")
define("an older U2F key, where policy prefers to recognise its user", protocol="u2f", transport="usb",
       hasResidentKey=False, hasUserVerification=False, isUserVerified=False)


@check("a key that cannot recognise its user is not bound where that is required, and the page says what to do")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = tab.authenticator(transport="usb", hasUserVerification=False, isUserVerified=False)
        tab.go(application.request("ben"))
        tab.sees("Set up a second step")
        tab.button("Create a passkey")
        tab.await_visible(selector="[data-not-done]", limit_ms=30_000)
        expect("No passkey was created" in tab.says("[data-not-done]"), tab.says("[data-not-done]"))
        expect(tab.visible(selector="form[action$=bind-phone] button"), "a phone is still offered")
        expect_equal(key.credentials(), [], "credentials")


@check("an answer without user verification is refused by the server too, and taken where policy only prefers it")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "cleo", lenient, transport="usb", hasResidentKey=False, hasUserVerification=False,
                    isUserVerified=False)
        tab.go(lenient.request("cleo"))
        lenient.signed_in(tab, "cleo")
        key.away()
        tab.go(application.request("cleo"))
        tab.sees("Confirm with your passkey")
        tab.reload()  # whatever asked by itself is gone
        key.back()
        send(tab, ask(tab, instead={"userVerification": "discouraged"}))
        tab.await_text(selector="#again", text="The passkey did not work")
        expect_equal(factors("cleo")[-1], ("denied", "webauthn", "invalid_device"), "the log")


@check("another user's passkey is nobody's key here, also when it answers the right challenge")
def _():
    with chromium.person() as person:
        tab = person.tab()
        enrol(tab, "dora")
        dora = tab.person.tab()  # keeps the page of her own
        key = enrol(dora, "eve")
        (stolen,) = key.credentials()
        key.away()
        dora.go(application.request("dora"))
        dora.sees("Confirm with your passkey")
        dora.reload()
        key.back()
        her_own = stolen["credentialId"].replace("+", "-").replace("/", "_").rstrip("=")
        send(dora, ask(dora, instead={"allowCredentials": [{"type": "public-key", "id": her_own}]}))
        dora.await_text(selector="#again", text="The passkey did not work")


@check("an answer that another origin got out of the right passkey is refused")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "finn")
        (credential,) = key.credentials()
        key.away()
        tab.go(application.request("finn"))
        tab.sees("Confirm with your passkey")
        tab.reload()
        options = json.loads(tab.attribute(selector="form[data-passkey]", name="data-options"))
        phishing = person.tab()
        phishing.go(f"{other_origin}/authenticator/")
        copy = phishing.authenticator()
        copy.put(credential)
        answer = ask(phishing, options=options)  # the browser gives it: the relying party id has no port
        send(tab, answer)
        tab.await_text(selector="#again", text="The passkey did not work")
        expect_equal(factors("finn")[-1], ("denied", "webauthn", "invalid_device"), "the log")
        key.back()
        tab.button("Use passkey")  # the same visit, from where it should be
        application.signed_in(tab, "finn")


@check("an answer is worth something once: sent again in another visit it is refused")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "gina")
        key.away()
        tab.go(application.request("gina"))
        tab.sees("Confirm with your passkey")
        tab.reload()
        key.back()
        answer = ask(tab)
        send(tab, answer)
        application.signed_in(tab, "gina")
        key.away()
        tab.go(application.request("gina"))
        tab.sees("Confirm with your passkey")
        send(tab, answer)
        tab.await_text(selector="#again", text="The passkey did not work")


@check("where a passkey failed, this visit offers nothing weaker and takes nothing weaker; a bypass code still helps")
def _():
    with chromium.person() as person:
        tab = person.tab()
        enrol(tab, "hugo")
    user = user_id("hugo")
    token = server.hotp(user)
    server.phone(user)
    with chromium.person() as thief:  # nobody knows this browser; it has no passkey
        tab = thief.tab()
        tab.authenticator()
        tab.go(application.request("hugo"))
        tab.sees("Confirm with your passkey")
        expect_equal(tab.count(selector="a[href$='/other']"), 0, "other ways offered before")
        visit = tab.at()
        tab.button("Use passkey")
        tab.await_visible(selector="[data-not-done] button", limit_ms=30_000)
        tab.button("It does not work")
        tab.await_text(selector="#again", text="no other way is open to you here")
        for way in "passcode", "push":
            tab.go(f"{visit}/other?way={way}")
            expect_equal(tab.count(selector=f"form[action$='/{way}']"), 0, f"a form for a {way}")
        code = token.next()
        tab.evaluate(script=f"""(() => {{
            const form = document.createElement('form')
            form.method = 'post'; form.action = '{visit}/passcode'
            const field = document.createElement('input')
            field.name = 'passcode'; field.value = '{code}'
            form.append(field); document.body.append(form); form.submit() }})()""")
        tab.await_visible(selector="h1")
        tab.go(visit)
        expect(tab.at().startswith(visit), f"a valid code of a weaker method let the thief in: {tab.at()}")
        (bypass,) = server.bypass_codes(user)
        tab.go(visit)
        tab.link("Other ways")
        tab.sees("How do you want to confirm?")
        tab.click(selector="a.way[href*=passcode]")
        tab.type_code(bypass)
        application.signed_in(tab, "hugo")


@check("in a browser that the user has signed in with, other ways stand behind a link and work")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "iris")
        token = server.hotp(user_id("iris"))
        key.away()
        tab.go(application.request("iris"))
        tab.sees("Confirm with your passkey")
        tab.await_visible(selector="a[href$='/other']")
        tab.link("Other ways")
        tab.sees("How do you want to confirm?")
        expect_equal(tab.count(selector=".way"), 2, "ways")
        tab.click(selector="a.way[href*=passcode]")
        tab.type_code(token.next())
        application.signed_in(tab, "iris")


@check("without JavaScript a passkey page says so and offers a way out")
def _():
    with chromium.person() as person:
        tab = person.tab()
        enrol(tab, "jill")
    with chromium.person(javaScriptEnabled=False) as person:
        tab = person.tab()
        tab.go(application.request("jill"))
        tab.sees("Confirm with your passkey")
        expect("Passkeys need JavaScript" in tab.says("main"), tab.says("main"))
        tab.button("It does not work")
        tab.await_text(selector="#again", text="ask your help desk")


@check("a passkey that its user gives up can be tried again with the button")
def _():
    with chromium.person() as person:
        tab = person.tab()
        key = enrol(tab, "kim")
        key.not_recognised()
        tab.go(application.request("kim"))
        tab.sees("Confirm with your passkey")
        tab.button("Use passkey")
        tab.await_visible(selector="[data-not-done]", limit_ms=30_000)
        key.tab.recognised(id=key.id, isUserVerified=True)
        tab.button("Use passkey")
        application.signed_in(tab, "kim")


main([server, chromium])
