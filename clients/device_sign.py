"""A device of docs/protocols/device.md that says whatever a test wants: P-256 keys and ES256 in plain Python.

Slow (some milliseconds a signature) and not constant in time: for tests only.
"""
import base64
import hashlib
import json
import secrets
import struct
import time

import raw_http

# FIPS 186-5 and SP 800-186 §3.2.1.3.
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k, point):
    out = None
    while k:
        if k & 1:
            out = add(out, point)
        point, k = add(point, point), k >> 1
    return out


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self):
        self.secret = secrets.randbelow(N - 1) + 1
        self.point = multiply(self.secret, G)

    def public(self):
        return b"\x04" + self.point[0].to_bytes(32, "big") + self.point[1].to_bytes(32, "big")

    def sign(self, message):
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        while True:
            k = secrets.randbelow(N - 1) + 1
            r = multiply(k, G)[0] % N
            s = pow(k, -1, N) * (digest + r * self.secret) % N
            if r and s:
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def answer_message(request_id, number, decision):
    fields = [b"countersign device answer v1", request_id.encode(), number.encode(), decision.encode()]
    return b"".join(struct.pack(">H", len(field)) + field for field in fields)


class Device:
    """One account on one phone."""

    def __init__(self, server, device_id="", key=None):
        self.server, self.id, self.key = server, device_id, key or Key()

    def activate(self, code, **other):
        body = {"code": code, "public_key": base64url(self.key.public()), "platform": "Test", **other}
        reply = raw_http.once(self.server, self.plain("POST", "/device/v1/activate", json.dumps(body).encode()))
        if reply.status == 200:
            self.id = reply.json["device_id"]
        return reply

    def plain(self, method, target, body=b""):
        headers = [("Host", self.server.host)]
        if method in ("POST", "PUT"):
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        return raw_http.Request(method, target, headers, body)

    def authorization(self, method, target, body=b"", ts=None):
        path, _, query = target.partition("?")
        ts = str(int(time.time())) if ts is None else ts
        lines = ["countersign-device/1", method, self.server.host.lower(), path, query, ts,
                 hashlib.sha256(body).hexdigest()]
        signature = base64url(self.key.sign("\n".join(lines).encode()))
        return f'Countersign-Device id="{self.id}", ts="{ts}", signature="{signature}"'

    def request(self, method, target, body=b"", ts=None):
        return self.plain(method, target, body).also("Authorization", self.authorization(method, target, body, ts))

    def pending(self, wait=0):
        return raw_http.once(self.server, self.request("GET", f"/device/v1/requests?wait={wait}"), limit_s=40)

    def answer_body(self, request_id, decision, number=""):
        signature = base64url(self.key.sign(answer_message(request_id, number, decision)))
        return json.dumps({"decision": decision, "number": number, "signature": signature}).encode()

    def answer(self, request_id, decision, number=""):
        body = self.answer_body(request_id, decision, number)
        return raw_http.once(self.server, self.request("POST", f"/device/v1/requests/{request_id}/answer", body))
