#!/usr/bin/env python3
"""kill -9 at random under load: what a client saw allowed is in the log afterwards, and no code works twice.

KILL_ROUNDS says how often (20; the nightly run uses 200). The only stranger here is the kernel; requests are signed with
version 2 and SHA-512 by these few lines.
"""
import base64
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import random
import ssl
import threading
import time
import urllib.parse

from harness import Server, check, expect, expect_equal, main

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
USERS = 6


class Client:
    """One user's client: signs in with one code after the other over one connection."""

    def __init__(self, server, app, name, token):
        self.server, self.app, self.name, self.token = server, app, name, token
        self.acknowledged, self.unknown, self.refused = [], 0, 0
        self.connection = None

    def post(self, path, **parameters):
        if not self.connection:
            self.connection = http.client.HTTPSConnection(
                "localhost", self.server.port, timeout=15, context=ssl.create_default_context(cafile=self.server.ca))
        date = email.utils.formatdate()
        encoded = "&".join(f"{key}={urllib.parse.quote(str(parameters[key]), safe='~')}" for key in sorted(parameters))
        text = "\n".join([date, "POST", self.server.host, path, encoded])
        mac = hmac.new(self.app["secret_key"].encode(), text.encode(), hashlib.sha512).hexdigest()
        login = base64.b64encode(f"{self.app['integration_key']}:{mac}".encode()).decode()
        try:
            self.connection.request("POST", path, encoded, {
                "Authorization": f"Basic {login}", "Date": date, "Host": self.server.host,
                "Content-Type": "application/x-www-form-urlencoded"})
            reply = self.connection.getresponse()
            return reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.connection.close()
            self.connection = None
            raise ConnectionError from None

    def sign_in(self, code, address):
        return self.post("/auth/v2/auth", username=self.name, factor="passcode", passcode=code, ipaddr=address)

    def work(self, stop):
        while not stop.is_set():
            code = self.token.next()
            try:
                status, answer = self.sign_in(code, "192.0.2.1")
            except ConnectionError:
                self.unknown += 1  # killed in between: it may count or not
                return
            if status == 200 and answer["response"]["result"] == "allow":
                self.acknowledged.append(code)
            elif status == 503:
                self.token.counter -= 1
                return
            else:
                self.refused += 1


def fixed_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


server = Server(listen=[f"127.0.0.1:{fixed_port()}"])
tenant = server.tenant()
app = server.app(tenant, "authapi", "load")


def kill():
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    server.log.close()
    server.process = None


@check(f"{ROUNDS} times kill -9 under load: nothing acknowledged is lost, no code works twice")
def _():
    clients = []
    for i in range(USERS):
        name = f"user{i}"
        clients.append(Client(server, app, name, server.hotp(server.user(tenant, name))))
    chance = random.Random(20240401)
    for round_number in range(ROUNDS):
        stop = threading.Event()
        threads = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.05, 0.4))  # the moment of the kill is what is random here
        kill()
        stop.set()
        for thread in threads:
            thread.join(30)
            expect(not thread.is_alive(), "a client hangs although its server is gone")
        server.start()
        for client in clients:
            for code in client.acknowledged[-2:]:
                status, answer = client.sign_in(code, f"198.51.100.{round_number % 250 + 1}")
                expect_equal((status, answer.get("response", {}).get("result")), (200, "deny"),
                             f"{client.name}: an old code after kill {round_number + 1}")
    logged = {}
    for event in server.history(tenant):
        if event["result"] == "success":
            logged[event["user"]["name"]] = logged.get(event["user"]["name"], 0) + 1
    for client in clients:
        known, found = len(client.acknowledged), logged.get(client.name, 0)
        expect(known <= found <= known + client.unknown,
               f"{client.name}: {known} acknowledged, {client.unknown} unknown, but {found} in the log")
        expect_equal(client.refused, 0, f"{client.name}: good codes refused")
    expect(sum(len(client.acknowledged) for client in clients) >= ROUNDS, "the load must have been a load")


main([server])
