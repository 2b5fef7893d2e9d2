"""Duo's request signatures, versions 1, 2, 4 and 5, in a few lines of our own; and a client for one application.

Only for tests that must send what no real client would send. What real clients send is tested with them.
"""
import base64
import email.utils
import hashlib
import hmac
import json
import threading
import time
import urllib.parse

import raw_http


def encode(text):
    return urllib.parse.quote(text, safe="~")  # letters, digits, "_.-" and "~" stay


def form(pairs):
    return "&".join(f"{encode(str(name))}={encode(str(value))}" for name, value in pairs)


def canonical_parameters(text):
    """The line of a query or form as it is on the wire, broken ones too: decoded, encoded again, sorted by name, then
    by value."""
    decoded = lambda piece: urllib.parse.unquote_to_bytes(piece.replace("+", " ").encode("latin-1"))
    pieces = [piece.partition("=") for piece in text.split("&") if piece]
    return "&".join(f"{n}={v}" for n, v in sorted((encode(decoded(n)), encode(decoded(v))) for n, _, v in pieces))


def headers_line(headers):
    ours = sorted((name.lower(), value) for name, value in headers if name.lower().startswith("x-duo-"))
    return hashlib.sha512("\0".join("\0".join(pair) for pair in ours).encode()).hexdigest()


def canonical(version, date, method, host, path, parameters="", body=b"", headers=()):
    lines = [date] if version != 1 else []
    lines += [method.upper(), host.lower(), path, parameters]
    if version >= 4:
        lines.append(hashlib.sha512(body).hexdigest())
    if version >= 5:
        lines.append(headers_line(headers))
    return "\n".join(lines)


def mac(secret_key, text, hash_name="sha512"):
    return hmac.new(secret_key.encode(), text.encode(), hash_name).hexdigest()


def basic(integration_key, signature):
    return "Basic " + base64.b64encode(f"{integration_key}:{signature}".encode()).decode()


def now(offset_s=0):
    return email.utils.formatdate(time.time() + offset_s)


def signed(app, host, method, path, pairs=(), *, version=2, hash_name="sha512", date=None, date_header="Date",
           body=None, content_type=None):
    """A signed raw_http.Request. `body`: the exact bytes; otherwise a form (1, 2) or JSON (4, 5) is made of `pairs`."""
    date = now() if date is None else date
    posts = method in ("POST", "PUT", "PATCH")
    target = path
    if version >= 4 and posts:
        body = json.dumps(dict(pairs)).encode() if body is None else body
        parameters, kind = "", "application/json"
    elif posts:
        body = form(pairs).encode() if body is None else body
        parameters, kind = canonical_parameters(body.decode("latin-1")), "application/x-www-form-urlencoded"
    else:  # `body` stands in the query
        query = form(pairs) if body is None else body.decode("latin-1")
        body, parameters, kind = b"", canonical_parameters(query), None
        target += "?" + query if query else ""
    headers = [("Host", host)] + ([] if version == 1 else [(date_header, date)])
    text = canonical(version, date, method, host, path, parameters, body, headers)
    headers.append(("Authorization", basic(app["integration_key"], mac(app["secret_key"], text, hash_name))))
    if posts:
        headers += [("Content-Type", content_type or kind), ("Content-Length", str(len(body)))]
    return raw_http.Request(method, target, headers, body)


class Client:
    """Signed calls of one application over one kept connection. For one thread."""

    def __init__(self, server, app, **connection):
        self.server, self.app, self.options, self.connection = server, app, connection, None
        self.sequence = 0

    def call(self, method, path, **parameters):
        """ConnectionError: the server went away before a whole reply was there."""
        # The sequence keeps two calls with the same words from being one replay.
        self.sequence += 1
        pairs = [*parameters.items(), ("sequence", f"{threading.get_ident()}.{id(self)}.{self.sequence}")]
        return self.send(signed(self.app, self.server.host, method, path, pairs))

    def send(self, request):
        try:
            if not self.connection:
                self.connection = raw_http.Connection(self.server, **self.options)
            reply = self.connection.ask(request)
        except (OSError, raw_http.Closed) as error:
            self.close()
            raise ConnectionError(str(error)) from None
        if reply.header("connection") == "close":
            self.close()
        return reply

    def get(self, path, **parameters):
        return self.call("GET", path, **parameters)

    def post(self, path, **parameters):
        return self.call("POST", path, **parameters)

    def passcode(self, username, code, **more):
        return self.post("/auth/v2/auth", username=username, factor="passcode", passcode=code, **more)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None
