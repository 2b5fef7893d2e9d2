#!/usr/bin/env python3
"""Web Push, from this server into the push event of a service worker in a real Firefox, over loopback alone."""
# runs: alone
import json
import os
import shutil
import subprocess
import threading
import time

import raw_http
from device_sign import Device
from harness import ROOT, WAIT_LIMIT_S, Server, Skip, check, expect, expect_equal, main, need_command, skip_all

NODE = ROOT / "clients/node"

try:
    node = shutil.which("node", path=f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}")
    if not node:
        raise Skip("node is not here")
    if not (NODE / "node_modules/puppeteer-core").exists() or not (NODE / "node_modules/ws").exists():
        raise Skip("puppeteer-core is not here; tools/setup.sh test installs it where npm can")
    firefox = need_command("firefox-esr", "firefox-esr")
except Skip as why:
    skip_all(why)


class Browser:
    """firefox_push.js: a word, one answer. stop() closes the browser."""

    def __init__(self):
        self.process = subprocess.Popen([node, str(NODE / "firefox_push.js"), firefox], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, cwd=NODE)
        self.about = json.loads(self.process.stdout.readline() or "{}")

    def __call__(self, word, **parameters):
        self.process.stdin.write(json.dumps({"word": word, **parameters}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """As a server of harness.main() ends: the code."""
        if self.process.poll() is None:
            self.process.stdin.close()
        return self.process.wait(30)

    def log_tail(self):
        return f"    | {self.about}"


browser = Browser()
server = Server(config=f'[push]\nservices = ["http://127.0.0.1:{browser.about.get("service", 1)}"]\n')


def call(device, method, path, body=None):
    data = b"" if body is None else json.dumps(body).encode()
    return raw_http.once(server, device.request(method, f"/device/v1/{path}", data))


@check("a notice arrives in the service worker's push event and says nothing but 'look'")
def _():
    expect("service" in browser.about, "Firefox did not start")
    user = server.user(server.tenant(), "ada")
    device = Device(server)
    link = server.run("phone", "activate", server.run("phone", "create", "--user", user)["phone_id"])
    expect_equal(device.activate(link["activation_code"]).status, 200, "activation")
    subscription = browser("subscribe", key=call(device, "GET", "push-key").json["key"])
    expect("endpoint" in subscription, f"a subscription, not {subscription}")
    reply = call(device, "PUT", "subscription", subscription)
    expect_equal(reply.status, 200, f"subscribing: {reply}")
    server.bypass_codes(user)
    end = time.monotonic() + WAIT_LIMIT_S
    while not (state := browser("state"))["got"] and time.monotonic() < end:
        threading.Event().wait(0.05)
    expect_equal(state["got"], ['{"look":true}'], "what the service worker got")
    expect_equal(state["headers"][0]["urgency"], "high", "urgency")
    expect_equal(state["acknowledged"], [100], "how the browser acknowledged (100: the worker took it)")


main([server, browser])
