"""A real Chromium led by clients/node/browser/driver.mjs, and an application that sends people to the prompt.

    server = Server()
    chromium = Chromium(server)
    application = Application(server, tenant)

    with chromium.person() as person:              # a browser of its own: cookies, storage, language
        tab = person.tab()
        tab.go(application.request("ada"))
        tab.sees("Enter a passcode")
        ...
        application.signed_in(tab, "ada")          # the code came back and is worth an id_token

The application signs its requests itself (HS512 under the client secret): no client library is needed here.
"""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import uuid

from harness import ROOT, Failed, Skip, expect, expect_equal, need_command

NODE = ROOT / "clients/node"
SCREENSHOTS = ROOT / "build/screenshots"
STOP_LIMIT_S = 20
REQUEST_LIFE_S = 300
LANGUAGES = {"en": "ltr", "fr": "ltr", "de": "ltr", "es": "ltr", "ja": "ltr", "ar": "rtl"}


def need_browser():
    """node and Chromium, or a skip that names what is missing."""
    node = shutil.which("node", path=f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}")
    if not node:
        raise Skip("node is not here")
    for module in "playwright-core", "axe-core":
        if not (NODE / "node_modules" / module).exists():
            raise Skip(f"{module} is not here; tools/setup.sh test installs it where npm can")
    return node, need_command("chromium", "chromium")


def messages(face, language):
    """What a face says in a language, as its people wrote it."""
    return json.loads((ROOT / f"web/{face}/messages/{language}.json").read_text())


def _digest_of_key(server):
    """SHA-256 of the SubjectPublicKeyInfo of the server's certificate, base64."""
    openssl = need_command("openssl", "openssl")
    pem = ssl.get_server_certificate(("127.0.0.1", server.port)).encode()
    key = subprocess.run([openssl, "x509", "-pubkey", "-noout"], input=pem, capture_output=True, check=True).stdout
    der = ssl.PEM_cert_to_DER_cert(key.decode().replace("PUBLIC KEY", "CERTIFICATE"))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


class Chromium:
    """The browser of one server. stop() is as a server's, so that main() can end it."""

    def __init__(self, server):
        node, chromium = need_browser()
        self.process = subprocess.Popen([node, str(NODE / "browser/driver.mjs"), chromium, _digest_of_key(server)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=NODE)
        self.origin = f"https://{server.host}"

    def call(self, word, on=None, **given):
        self.process.stdin.write(json.dumps({"do": word, "on": on, "with": given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{word}: the browser is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["gives"]

    @contextlib.contextmanager
    def person(self, axe=False, **options):
        """A browser of its own; options are Playwright's: locale, javaScriptEnabled, colorScheme, viewport, …"""
        person = Person(self, self.call("context", options=options, axe=axe))
        try:
            yield person
        finally:
            self.call("leave", context=person.id)

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
        return self.process.wait(STOP_LIMIT_S)

    def log_tail(self):
        return "    | (the browser's own words stand above)"


class Person:
    def __init__(self, chromium, id_):
        self.chromium, self.id = chromium, id_

    def tab(self):
        return Tab(self, self.chromium.call("tab", context=self.id))

    def cookies(self):
        return self.chromium.call("cookies", context=self.id)

    def take_cookies(self, cookies):
        self.chromium.call("give_cookies", context=self.id, cookies=cookies)

    def allow(self, *permissions):
        self.chromium.call("grant", context=self.id, permissions=permissions)


class Tab:
    def __init__(self, person, id_):
        self.person, self.id = person, id_

    def __getattr__(self, word):
        """Any other word of the driver: tab.click(selector="…"), tab.count(selector="…"), …"""
        return lambda **given: self.person.chromium.call(word, self.id, **given)

    def go(self, url):
        return self.goto(url=url if "://" in url else self.person.chromium.origin + url)

    def at(self):
        return self.person.chromium.call("url", self.id)

    def sees(self, heading, limit_s=30):
        """Waits for the page with this heading."""
        try:
            return self.await_text(selector="h1, h2", text=heading, limit_ms=int(limit_s * 1000))
        except Failed as error:
            raise Failed(f"{heading!r} did not come: {error}; the page says {self.says()!r}") from None

    def says(self, selector="body"):
        return self.person.chromium.call("text", self.id, selector=selector)

    def button(self, name):
        self.press(role="button", name=name)

    def link(self, name):
        self.press(role="link", name=name)

    def number(self):
        """The number of a waiting page, from its large print."""
        self.await_visible(selector="p.number")
        return self.says("p.number")

    def authenticator(self, **options):
        return Authenticator(self, options)

    def type_code(self, code):
        self.fill(selector="#passcode", value=code)
        self.button("Confirm")


class Authenticator:
    """One of Chromium's virtual authenticators: platform, with resident keys and its owner recognised, unless told."""

    def __init__(self, tab, options):
        self.tab = tab
        self.id = tab.add_authenticator(options=options)

    def credentials(self):
        return self.tab.credentials(id=self.id)

    def put(self, credential):
        self.tab.put_credential(id=self.id, credential=credential)

    def away(self):
        self.tab.present(id=self.id, enabled=False)

    def back(self):
        self.tab.present(id=self.id, enabled=True)

    def not_recognised(self):
        self.tab.recognised(id=self.id, isUserVerified=False)

    def gone(self):
        self.tab.remove_authenticator(id=self.id)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims, secret):
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS512", "typ": "JWT"}, claims))
    return signed + "." + base64url(hmac.new(secret.encode(), signed.encode(), hashlib.sha512).digest())


class _Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = b"<!doctype html><html lang=en><title>Application</title><h1>Application</h1>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the browser has gone on already
            self.wfile.write(page)

    def log_message(self, *_):
        pass


class Application:
    """An application of type websdk whose people come back to http://localhost on a port of its own."""

    def __init__(self, server, tenant, name="Payroll"):
        self.server = server
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Callback)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.callback = f"http://localhost:{self.web.server_address[1]}/callback"
        made = server.app(tenant, "websdk", name)
        self.id, self.secret, self.name = made["integration_key"], made["secret_key"], name
        self.app_id = made["app_id"]
        self.states = {}

    def request(self, username):
        """Where the application sends a browser to have `username` sign in."""
        state = uuid.uuid4().hex
        self.states[state] = username
        claims = {"response_type": "code", "scope": "openid", "client_id": self.id, "redirect_uri": self.callback,
                  "state": state, "exp": int(time.time()) + REQUEST_LIFE_S, "duo_uname": username,
                  "iss": self.id, "aud": f"https://{self.server.host}", "use_duo_code_attribute": True}
        query = {"response_type": "code", "client_id": self.id, "request": jwt(claims, self.secret)}
        return f"https://{self.server.host}/oauth/v1/authorize?{urllib.parse.urlencode(query)}"

    def came_back(self, tab, limit_s=30):
        """What the browser brought back, once it is there."""
        try:
            url = tab.await_url(starts=self.callback, limit_ms=int(limit_s * 1000))
        except Failed as error:
            raise Failed(f"the browser did not come back: {error}; the page says {tab.says()!r}") from None
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))

    def signed_in(self, tab, username, limit_s=30):
        """The id_token's claims, for a browser that came back with a code of this user's."""
        back = self.came_back(tab, limit_s)
        expect("duo_code" in back, f"a code in {back}")
        expect_equal(self.states.get(back.get("state")), username, "whose state came back")
        claims = self.redeem(back["duo_code"])
        expect_equal(claims["preferred_username"], username, "who signed in")
        return claims

    def redeem(self, code):
        token = f"https://{self.server.host}/oauth/v1/token"
        now = int(time.time())
        assertion = jwt({"iss": self.id, "sub": self.id, "aud": token, "exp": now + REQUEST_LIFE_S, "iat": now,
                         "jti": uuid.uuid4().hex}, self.secret)
        form = urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.callback, "client_id": self.id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion}).encode()
        trust = ssl.create_default_context(cafile=self.server.ca)
        with urllib.request.urlopen(token, form, timeout=STOP_LIMIT_S, context=trust) as reply:
            payload = json.loads(reply.read())["id_token"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
