"""What an attacker with the right password has: HTTP without a browser, addresses to call from, patience. And what the
tests need beside him: an application that signs its requests, a push service that counts, a passkey in software.

    application = Application(server, tenant)
    visitor = Visitor(server, source="127.3.1.9")      # a browser of its own, seen from that address
    page = visitor.open(application.request("ada"))
    page = page.push()                                 # asks the first phone that is offered
    page.number                                        # what is to be typed there
"""
import base64
import hashlib
import hmac
import html
import http.server
import itertools
import json
import re
import secrets
import struct
import threading
import time
import urllib.parse

import device_sign
import raw_http
from harness import Failed, expect, expect_equal

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OLD_AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
CALLBACK = "https://app.example/callback"
HOPS_MAX = 6

_networks = itertools.count()


def new_network():
    """The first three bytes of a /24 of loopback that no caller has had."""
    number = next(_networks)
    return f"127.{1 + number // 250}.{1 + number % 250}"


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unurl64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwt(claims, secret):
    """HS512 (RFC 7518 §3.2), as the clients of the Universal Prompt sign."""
    text = ".".join(url64(json.dumps(part).encode()) for part in ({"alg": "HS512", "typ": "JWT"}, claims))
    return text + "." + url64(hmac.new(secret.encode(), text.encode(), hashlib.sha512).digest())


class Application:
    """A websdk application; its requests say that the password was right."""

    def __init__(self, server, tenant, name="Payroll"):
        self.server = server
        made = server.app(tenant, "websdk", name)
        self.id, self.secret = made["integration_key"], made["secret_key"]

    def request(self, username):
        claims = {"response_type": "code", "scope": "openid", "client_id": self.id, "iss": self.id,
                  "aud": f"https://{self.server.host}", "redirect_uri": CALLBACK, "state": secrets.token_hex(16),
                  "exp": int(time.time()) + 300, "duo_uname": username, "use_duo_code_attribute": True}
        query = {"response_type": "code", "client_id": self.id, "request": jwt(claims, self.secret)}
        return "/oauth/v1/authorize?" + urllib.parse.urlencode(query)

    def redeem(self, code):
        """Status and answer of the token endpoint."""
        now, url = int(time.time()), f"https://{self.server.host}/oauth/v1/token"
        assertion = jwt({"iss": self.id, "sub": self.id, "aud": url, "exp": now + 300, "iat": now,
                         "jti": secrets.token_hex(16)}, self.secret)
        body = urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": self.id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion}).encode()
        reply = raw_http.once(self.server, raw_http.Request("POST", "/oauth/v1/token", [
            ("Host", self.server.host), ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body)))], body))
        return reply.status, reply.json


class Page:
    """What a browser would show, read by what it can do."""

    def __init__(self, visitor, path, reply):
        self.visitor, self.path, self.status = visitor, path.partition("?")[0], reply.status
        self.text = reply.body.decode()
        self.base = re.match(r"/prompt/[^/]+", self.path)[0] if self.path.startswith("/prompt/") else self.path
        self.location = None

    def _find(self, pattern):
        match = re.search(pattern, self.text, re.S)
        return html.unescape(match[1]).strip() if match else ""

    @property
    def heading(self):
        return re.sub(r"<[^>]+>", "", self._find(r"<h1[^>]*>(.*?)</h1>"))

    @property
    def number(self):
        return re.sub(r"\D", "", self._find(r'<p class="number[^"]*"[^>]*>(.*?)</p>'))

    @property
    def phone(self):
        return self._find(r'name="phone" value="([^"]+)"')

    @property
    def options(self):
        text = self._find(r'data-options="([^"]+)"')
        return json.loads(text) if text else None

    @property
    def prove(self):
        return self._find(r'data-prove="([^"]+)"')

    def offers(self, action):
        return f'action="{self.base}/{action}"' in self.text

    def links_to(self, action):
        return f'href="{self.base}/{action}"' in self.text

    def submit(self, action, **fields):
        return self.visitor.submit(f"{self.base}/{action}", fields)

    def push(self):
        phone = self.phone
        if not phone:  # behind "other ways"
            return self.visitor.open(self.base + "/other").push_here()
        return self.push_here()

    def push_here(self):
        expect(self.phone, f"a phone on {self!r}")
        return self.submit("push", phone=self.phone)

    def again(self):
        return self.visitor.open(self.base)

    def __repr__(self):
        return f"<page {self.status} {self.path} {self.heading!r}>"


class Landing:
    """The browser was sent back to the application."""

    def __init__(self, url):
        self.url = url
        self.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))

    def __repr__(self):
        return f"<sent to the application with {sorted(self.query)}>"


class Visitor:
    """One browser at one address. `key` is its own (docs/protocols/prompt.md); None: it has no script."""

    def __init__(self, server, source=None, agent=AGENT, key=None):
        self.server, self.source, self.agent, self.key = server, source, agent, key
        self.cookies, self.connection = {}, None

    def _ask(self, request):
        for last in (False, True):
            if self.connection is None:
                self.connection = raw_http.Connection(self.server, source=self.source)
            try:
                return self.connection.ask(request)
            except raw_http.Closed:  # idle for too long
                self.close()
                if last:
                    raise

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def request(self, method, path, body=b"", kind="application/x-www-form-urlencoded"):
        headers = [("Host", self.server.host), ("User-Agent", self.agent), ("Accept", "text/html"),
                   ("Accept-Language", "en"), ("X-Forwarded-For", "203.0.113.77")]
        if self.cookies:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        if method == "POST":
            headers += [("Content-Type", kind), ("Origin", f"https://{self.server.host}"),
                        ("Sec-Fetch-Site", "same-origin"), ("Content-Length", str(len(body)))]
        reply = self._ask(raw_http.Request(method, path, headers, body))
        for name, value in reply.headers:
            if name == "set-cookie":
                cookie, _, text = value.partition(";")[0].partition("=")
                self.cookies[cookie] = text
        return reply

    def _arrive(self, path, reply):
        for _ in range(HOPS_MAX):
            if reply.status not in (302, 303):
                return self._proved(Page(self, path, reply))
            place = reply.header("location")
            if place.startswith(CALLBACK):
                return Landing(place)
            path = place.removeprefix(f"https://{self.server.host}")
            expect(path.startswith("/"), f"sent to {place}")
            reply = self.request("GET", path)
        raise Failed(f"more than {HOPS_MAX} redirects, the last to {path}")

    def _proved(self, page):
        """What the page's script does with the browser's key."""
        if not self.key or not page.prove:
            return page
        shown = page._find(r'data-shown="([^"]*)"')
        body = json.dumps({"key": url64(self.key.public()), "signature": url64(self.key.sign(page.prove.encode())),
                           "shown": shown}).encode()
        reply = self.request("POST", page.base + "/browser", body, "application/json")
        expect_equal(reply.status, 200, f"the browser's proof: {reply}")
        return self.open(page.path) if reply.json["changed"] else page

    def open(self, path):
        return self._arrive(path, self.request("GET", path))

    def submit(self, path, fields):
        return self._arrive(path, self.request("POST", path, urllib.parse.urlencode(fields).encode()))


# ---- the push service ----

class PushService:
    """Counts what it is sent, by subscription; reads nothing."""

    def __init__(self):
        self.lock, self.counts = threading.Lock(), {}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with service.lock:
                    service.counts[self.path] = service.counts.get(self.path, 0) + 1
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.web.server_address[1]}"

    def subscription(self, name):
        key = device_sign.Key().public()
        return {"endpoint": f"{self.origin}/{name}",
                "keys": {"p256dh": url64(key), "auth": url64(secrets.token_bytes(16))}}

    def sent(self, name=None):
        with self.lock:
            return sum(self.counts.values()) if name is None else self.counts.get(f"/{name}", 0)


class Owner:
    """A user with a phone that has subscribed."""

    def __init__(self, server, tenant, name, service):
        self.server, self.name, self.service = server, name, service
        self.user = server.user(tenant, name)
        self.device = device_sign.Device(server)
        link = server.run("phone", "activate", server.run("phone", "create", "--user", self.user)["phone_id"])
        expect_equal(self.device.activate(link["activation_code"]).status, 200, "activation")
        reply = self.call("PUT", "subscription", service.subscription(name))
        expect_equal(reply.status, 200, f"subscribing: {reply}")

    def call(self, method, path, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        return raw_http.once(self.server, self.device.request(method, f"/device/v1/{path}", data))

    def pending(self):
        return self.device.pending().json["requests"]

    def notices(self):
        return [notice["kind"] for notice in self.call("GET", "notices").json["notices"]]

    def notified(self):
        return self.service.sent(self.name)

    def approve(self, request_id, number):
        return self.device.answer(request_id, "approve", number).json


# ---- a passkey in software ----

def cbor(value):
    """RFC 8949, as far as attestation objects need it."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        for more, form in ((24, ">B"), (25, ">H"), (26, ">I")):
            if number < 1 << 8 * struct.calcsize(form):
                return bytes([major << 5 | more]) + struct.pack(form, number)
        raise ValueError(number)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


class Passkey:
    """One credential, attestation "none". It signs whatever it is told for whatever origin it is told."""

    def __init__(self, origin):
        self.origin, self.key, self.id = origin, device_sign.Key(), secrets.token_bytes(32)

    def _client_data(self, kind, challenge, origin):
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()

    def create(self, options):
        self.rp_id, self.handle = options["rp"]["id"], options["user"]["id"]
        client = self._client_data("webauthn.create", options["challenge"], self.origin)
        x, y = self.key.public()[1:33], self.key.public()[33:]
        cose = cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        data = hashlib.sha256(self.rp_id.encode()).digest() + b"\x45" + bytes(4)  # UP, UV, AT
        data += bytes(16) + struct.pack(">H", len(self.id)) + self.id + cose
        return self._answer({"clientDataJSON": url64(client), "transports": ["internal"],
                             "attestationObject": url64(cbor({"fmt": "none", "attStmt": {}, "authData": data}))})

    def get(self, options, origin=None):
        client = self._client_data("webauthn.get", options["challenge"], origin or self.origin)
        data = hashlib.sha256(self.rp_id.encode()).digest() + b"\x05" + bytes(4)
        raw = self.key.sign(data + hashlib.sha256(client).digest())
        return self._answer({"clientDataJSON": url64(client), "authenticatorData": url64(data),
                             "signature": url64(_der(raw)), "userHandle": self.handle})

    def _answer(self, response):
        return json.dumps({"id": url64(self.id), "rawId": url64(self.id), "type": "public-key", "response": response,
                           "clientExtensionResults": {}, "authenticatorAttachment": "platform"})


def _der(raw):
    """r and s as two ASN.1 integers."""
    def integer(part):
        part = part.lstrip(b"\0") or b"\0"
        part = b"\0" + part if part[0] & 0x80 else part
        return b"\x02" + bytes([len(part)]) + part
    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body
