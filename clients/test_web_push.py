#!/usr/bin/env python3
"""Web Push, read by other people's software: npm's web-push-testing and http_ece, both on loopback."""
import atexit
import json
import os
import re
import shutil
import subprocess
import threading
import time

import raw_http
from device_sign import Device
from duo_sign import Client
from harness import ROOT, WAIT_LIMIT_S, Server, Skip, check, expect, expect_equal, main, skip_all

NODE = ROOT / "clients/node"

try:
    node = shutil.which("node", path=f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}")
    if not node:
        raise Skip("node is not here")
    if not (NODE / "node_modules/web-push-testing").exists():
        raise Skip("web-push-testing is not here; tools/setup.sh test installs it where npm can")
except Skip as why:
    skip_all(why)


class Services:
    """push_service.js: a word with its parameters, one answer."""

    def __init__(self):
        self.process = subprocess.Popen([node, str(NODE / "push_service.js")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, cwd=NODE)
        atexit.register(self.process.stdin.close)  # it ends with its input
        self.ports = json.loads(self.process.stdout.readline())

    def __call__(self, word, **parameters):
        self.process.stdin.write(json.dumps({"word": word, **parameters}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def soon(what, ask, limit_s=WAIT_LIMIT_S):
    """Asks until the answer is true, and gives it."""
    end = time.monotonic() + limit_s
    while not (answer := ask()):
        expect(time.monotonic() < end, f"{what} did not come about within {limit_s} s")
        threading.Event().wait(0.05)
    return answer


services = Services()
server = Server(config=f'''
[push]
services = ["http://localhost:{services.ports["testing"]}", "http://127.0.0.1:{services.ports["own"]}"]
contact = "mailto:ops@example.org"
[metrics]
listen = "127.0.0.1:0"
''')
tenant = server.tenant()
app = server.app(tenant)


def pushes(result):
    port = int(re.search(r":(\d+)/", server.ready["metrics"])[1])
    text = raw_http.once(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", tls=False, port=port).body.decode()
    return int(re.search(rf'countersign_push_messages_total{{result="{result}"}} (\d+)', text)[1])


def call(device, method, path, body=None):
    data = b"" if body is None else json.dumps(body).encode()
    return raw_http.once(server, device.request(method, f"/device/v1/{path}", data))


def bound(name):
    """A user with one phone, and how to have it told to look: a change of factors, which the console makes."""
    user = server.user(tenant, name)
    device = Device(server)
    link = server.run("phone", "activate", server.run("phone", "create", "--user", user)["phone_id"])
    expect_equal(device.activate(link["activation_code"]).status, 200, "activation")
    return user, device, lambda: server.bypass_codes(user)


def subscribed(name, service, **parameters):
    user, device, change = bound(name)
    subscription = services(f"subscribe_{service}", **parameters)
    reply = call(device, "PUT", "subscription", {"endpoint": subscription["endpoint"], "keys": subscription["keys"]})
    expect_equal(reply.status, 200, f"subscribing: {reply}")
    return user, device, change, subscription


@check("a notice reaches web-push-testing, which checks the token and reads nothing but 'look'")
def _():
    _, device, _ = bound("probe")
    key = call(device, "GET", "push-key").json["key"]
    _, device, change, subscription = subscribed("ann", "testing", key=key)
    change()
    got = soon("a message", lambda: services("messages", client=subscription["clientHash"]))
    expect_equal(got, ['{"look":true}'], "messages")
    kinds = [notice["kind"] for notice in call(device, "GET", "notices").json["notices"]]
    expect_equal(kinds, ["factor_added", "factor_added"], "what the phone finds when it looks")


@check("http_ece reads the same; life, topic and urgency are headers")
def _():
    _, _, change, subscription = subscribed("ben", "own")
    change()
    message = soon("a message", lambda: services("received", client=subscription["client"]))[0]
    expect_equal(message["text"], '{"look":true}', "message")
    headers = message["headers"]
    expect_equal((message["method"], headers["urgency"], headers["content-encoding"]), ("POST", "high", "aes128gcm"),
                 "request")
    expect(86000 < int(headers["ttl"]) <= 86400, f"a notice is worth a day, not {headers['ttl']} s")
    expect(re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers["topic"]), f"topic {headers['topic']}")
    expect("user-agent" not in headers and "cookie" not in headers, f"needless headers in {headers}")


@check("a phone that another one joins is told; the new one is not")
def _():
    user, device, _, subscription = subscribed("cleo", "own")
    server.phone(user)
    soon("a message", lambda: services("received", client=subscription["client"]))
    notices = call(device, "GET", "notices").json["notices"]
    expect_equal([notice["kind"] for notice in notices], ["factor_added"] * 2, "notices")
    expect("XXX-XXX-0100" in notices[0]["text"], f"the masked number of the new phone in {notices[0]}")


@check("after 410 the subscription is dropped and the service left alone")
def _():
    _, device, _ = bound("probe2")
    key = call(device, "GET", "push-key").json["key"]
    _, _, change, subscription = subscribed("dora", "testing", key=key)
    gone, failed = pushes("gone"), pushes("failed")
    services("expire", client=subscription["clientHash"])
    change()
    soon("the end of the subscription", lambda: pushes("gone") == gone + 1)
    change()
    _, _, other_change, other = subscribed("dora2", "own")
    other_change()
    soon("a later message to somebody else", lambda: services("received", client=other["client"]))
    expect_equal((pushes("gone"), pushes("failed")), (gone + 1, failed), "messages gone and failed")


@check("429 with Retry-After is obeyed, and the message comes then")
def _():
    _, _, change, subscription = subscribed("eve", "own")
    services("answer", status=429, headers={"Retry-After": "3"})
    change()
    soon("a first try", lambda: services("received", client=subscription["client"]))
    services("answer", status=201)
    change()
    tries = soon("a second try", lambda: (got := services("received", client=subscription["client"]))[1:] and got)
    waited = (tries[1]["at"] - tries[0]["at"]) / 1000
    expect(2.9 <= waited < 10, f"the second try came after {waited} s")


@check("a service that never answers delays no sign-in")
def _():
    sent = pushes("failed")
    services("answer", status=0)
    changes = [subscribed(f"finn{n}", "own")[2] for n in range(8)]
    token = server.hotp(server.user(tenant, "gina"))
    client = Client(server, app)
    for change in changes:
        change()
    slowest = 0
    while pushes("failed") == sent:
        since = time.monotonic()
        reply = client.passcode("gina", token.next())
        slowest = max(slowest, time.monotonic() - since)
        expect_equal(reply.response["result"], "allow", "sign-in")
    expect(slowest < 1, f"a sign-in took {slowest:.2f} s")
    services("answer", status=201)


@check("an endpoint elsewhere is refused, and so is one that is no address")
def _():
    _, device, _ = bound("hugo")
    keys = services("subscribe_own")["keys"]
    for endpoint, status, error in (("https://169.254.169.254/latest", 403, "refused"),
                                    (f"http://127.0.0.1:{server.port}/x", 403, "refused"),
                                    (f"http://u@127.0.0.1:{services.ports['own']}/x", 400, "malformed"),
                                    ("file:///etc/passwd", 400, "malformed")):
        reply = call(device, "PUT", "subscription", {"endpoint": endpoint, "keys": keys})
        expect_equal((reply.status, reply.json["error"]), (status, error), endpoint)


main([server])
